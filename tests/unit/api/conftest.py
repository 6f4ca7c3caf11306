"""Fixtures of tests of the running node."""

from unit.drivers.conftest import switch

__all__ = ["switch"]
