"""Local channels: a call leg that leads into the dialplan of this node."""

from offhook.drivers.local.channel import LocalChannel, LocalTechnology
from offhook.drivers.local.optimizing import LocalOptimizer

__all__ = ["LocalChannel", "LocalOptimizer", "LocalTechnology"]
