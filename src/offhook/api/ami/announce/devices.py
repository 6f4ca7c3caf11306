"""Events of devices, extensions and presence."""

from __future__ import annotations

from offhook.api.ami.announce import shows
from offhook.api.ami.protocol import escape, field
from offhook.api.ami.shape import Shape
from offhook.pbx import events

__all__: list[str] = []


@shows(events.DeviceStateChanged, "DeviceStateChange", classes="call")
def device_state_change(shape: Shape, event: events.DeviceStateChanged) -> str:
    """A device is in another state."""
    return field("Device", event.device) + field("State", event.state)


@shows(events.ExtensionStateChanged, "ExtensionStatus", classes="call")
def extension_status(shape: Shape, event: events.ExtensionStateChanged) -> str:
    """An extension with a hint is in another state."""
    return (
        field("Exten", event.exten)
        + field("Context", event.context)
        + field("Hint", event.hint)
        + field("Status", event.state)
        + field("StatusText", event.text)
    )


@shows(events.PresenceChanged, "PresenceStateChange", classes="call")
def presence_state_change(shape: Shape, event: events.PresenceChanged) -> str:
    """A presence is in another state."""
    lines = field("Presentity", event.provider) + field("Status", event.state)
    return lines + field("Subtype", escape(event.subtype)) + field("Message", escape(event.message))
