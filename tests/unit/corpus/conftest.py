"""The corpus runs in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest

from unit.pbx.fixtures import virtual_loop_factories

__all__: list[str] = []


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """No test waits."""
    return virtual_loop_factories()
