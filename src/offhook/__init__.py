"""Offhook: a telephony platform in Python.

The floors, from the top: cli, api, apps, functions, features, dialplan, drivers, pbx, sip, media,
config, storage.  A floor imports only from floors below it; see docs/architecture.md.
"""

from offhook._core import __version__

__all__ = ["__version__"]
