"""Testing call flows: a switch on virtual time, without a socket, and phones that a test works.

May import everything below; nothing but the command line imports it.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.testing.office import Office, Phone

__all__ = ["Office", "Phone"]


def __getattr__(name: str) -> object:
    # pytest loads the plugin for every project: it must not import the switch.
    if name not in __all__:
        raise AttributeError(f"module 'offhook.testing' has no attribute {name!r}")
    return getattr(importlib.import_module("offhook.testing.office"), name)
