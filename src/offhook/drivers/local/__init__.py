"""Local channels: a call leg that leads into the dialplan of this node."""

from offhook.drivers.local.channel import LocalChannel, LocalTechnology

__all__ = ["LocalChannel", "LocalTechnology"]
