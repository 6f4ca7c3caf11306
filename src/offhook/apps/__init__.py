"""Dialplan applications, one file a family; importing a module declares its applications.

May import offhook.features, dialplan, drivers, pbx and everything below.
"""

import importlib
import pkgutil

__all__ = ["load_applications"]


def load_applications() -> None:
    """Declare all applications."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
