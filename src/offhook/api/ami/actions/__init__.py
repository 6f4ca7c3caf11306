"""Actions: what a client may ask for; one file a family.  See `offhook.api.ami.declare`."""

from __future__ import annotations

import importlib

__all__ = ["load"]

_FILES = (
    "sessions",
    "calls",
    "channels",
    "charges",
    "originate",
    "node",
    "modules",
    "states",
    "bridges",
    "conferences",
    "recordings",
    "database",
    "mailboxes",
    "pjsip",
    "configuration",
    "dialplan",
    "transfers",
    "programs",
    "bridge_technologies",
    "queue_log",
)


def load() -> None:
    """Have all actions declared."""
    for name in _FILES:
        importlib.import_module(f"{__name__}.{name}")
