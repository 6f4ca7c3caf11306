"""Events of devices, extensions and presence."""

from __future__ import annotations

from offhook.api.ami.announce import shows
from offhook.api.ami.protocol import escape, field
from offhook.api.ami.shape import Shape
from offhook.pbx import events

__all__: list[str] = []


@shows(events.DeviceStateChanged, "DeviceStateChange", classes="call")
def device_state_change(shape: Shape, event: events.DeviceStateChanged) -> str | None:
    """A device is in another state."""
    if event.repeated:
        return None
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


@shows(events.ContactChanged, "ContactStatus", classes="system")
def contact_status(shape: Shape, event: events.ContactChanged) -> str:
    """A contact came, went, or answers now or no more."""
    lines = field("URI", event.uri) + field("ContactStatus", event.status) + field("AOR", event.aor)
    lines += field("EndpointName", event.endpoint)
    return lines + (field("RoundtripUsec", event.round_trip_us) if event.round_trip_us else "")


@shows(events.PeerStatusChanged, "PeerStatus", classes="system")
def peer_status(shape: Shape, event: events.PeerStatusChanged) -> str:
    """An endpoint can be reached now, or no more."""
    lines = field("ChannelType", event.technology) + field("Peer", f"{event.technology}/{event.peer}")
    lines += field("PeerStatus", event.status)
    lines += field("Cause", event.cause) if event.cause else ""
    return lines + (field("Address", event.address) if event.address else "")


@shows(events.MaintenanceChanged, "PJSIPMaintenanceStatus", classes="system")
def maintenance_status(shape: Shape, event: events.MaintenanceChanged) -> str:
    """An endpoint is in maintenance now, or no more."""
    return field("Endpoint", event.endpoint) + field("Status", "enabled" if event.on else "disabled")


@shows(events.RegistrationChanged, "Registry", classes="system")
def registry(shape: Shape, event: events.RegistrationChanged) -> str:
    """Our registration with another server changed."""
    lines = field("ChannelType", event.technology) + field("Username", event.username)
    lines += field("Domain", event.domain) + field("Status", event.status)
    return lines + (field("Cause", event.cause) if event.cause else "")


@shows(events.PresenceChanged, "PresenceStateChange", classes="call")
def presence_state_change(shape: Shape, event: events.PresenceChanged) -> str:
    """A presence is in another state."""
    lines = field("Presentity", event.provider) + field("Status", event.state)
    return lines + field("Subtype", escape(event.subtype)) + field("Message", escape(event.message))
