"""Offhook: a telephony platform in Python.

    from offhook import Call, Dialplan      a dialplan in Python: docs/python.md
    from offhook import PBX                 a PBX inside a program: docs/embedding.md
    from offhook import application         what packages add: docs/extending.md

The floors, from the top: cli, testing, api, apps, functions, features, dialplan, drivers, pbx, sip, media,
config, storage.  A floor imports only from floors below it; see docs/architecture.md.
"""

import importlib

from offhook._core import __version__

# What is public, and where it is (`module:name` when it has another name there).
# Imported when asked for: `offhook -rx` needs none of it.
_PUBLIC = {
    "AudioCodec": "offhook.media.codecs",
    "Call": "offhook.api.python.call",
    "CallerId": "offhook.pbx.party:PartyId",
    "Context": "offhook.api.python.dialplan",
    "DialResult": "offhook.api.python.results",
    "DialStatus": "offhook.api.python.results",
    "Dialplan": "offhook.api.python.dialplan",
    "RecordResult": "offhook.api.python.results",
    "RecordStatus": "offhook.api.python.results",
    "PBX": "offhook.api.python.pbx",
    "application": "offhook.api.python.declared",
    "errors": "offhook.errors",
    "events": "offhook.events",
    "function": "offhook.api.python.declared",
}

__all__ = ["__version__", *_PUBLIC]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    module = _PUBLIC.get(name)
    if module is None:
        raise AttributeError(f"module 'offhook' has no attribute {name!r}")
    module, _, other = module.partition(":")
    found = importlib.import_module(module)
    value = globals()[name] = found if name in ("errors", "events") else getattr(found, other or name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
