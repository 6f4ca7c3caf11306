"""Dialplan functions, one file a family; importing this package declares all of them.

May import offhook.features, dialplan, drivers, pbx and everything below.
"""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
