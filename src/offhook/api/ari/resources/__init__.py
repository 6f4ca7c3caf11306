"""The operations, a file a resource; importing one declares its operations."""

import importlib

__all__ = ["load_resources"]

_MODULES = (
    "applications",
    "asterisk",
    "bridges",
    "channels",
    "channel_audio",
    "channel_calls",
    "device_states",
    "endpoints",
    "events",
    "mailboxes",
    "playbacks",
    "recordings",
    "sounds",
)


def load_resources() -> None:
    """Declare all operations."""
    for name in _MODULES:
        importlib.import_module(f"offhook.api.ari.resources.{name}")
