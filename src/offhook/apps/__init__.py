"""Dialplan applications, one file a family; importing a module declares its applications.

May import offhook.features, dialplan, drivers, pbx and everything below.
"""

import importlib

__all__ = ["load_applications"]

_MODULES = (
    "announcing",
    "confbridge",
    "control",
    "database",
    "dial",
    "menus",
    "playback",
    "record",
    "say",
    "signalling",
)


def load_applications() -> None:
    """Declare all applications."""
    for name in _MODULES:
        importlib.import_module(f"offhook.apps.{name}")
