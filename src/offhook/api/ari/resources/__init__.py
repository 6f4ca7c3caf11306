"""The operations, a file a resource; importing one declares its operations."""

import importlib

__all__ = ["load_resources"]

_MODULES = (
    "applications",
    "asterisk",
    "asterisk_config",
    "asterisk_logging",
    "asterisk_modules",
    "bridges",
    "bridge_audio",
    "channels",
    "channel_audio",
    "channel_calls",
    "device_states",
    "endpoints",
    "events",
    "external_media",
    "mailboxes",
    "playbacks",
    "recordings",
    "snooping",
    "sounds",
    "variables",
)


def load_resources() -> None:
    """Declare all operations."""
    for name in _MODULES:
        importlib.import_module(f"offhook.api.ari.resources.{name}")
