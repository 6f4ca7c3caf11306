"""The state of devices: DEVICE_STATE."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function
from offhook.dialplan.errors import FunctionError

__all__: list[str] = []


@function("DEVICE_STATE")
def device_state(call: Call, device: Raw) -> str:
    """What a device does: NOT_INUSE, INUSE, BUSY, INVALID, UNAVAILABLE, RINGING, RINGINUSE, ONHOLD, UNKNOWN.

    A device is written as it is dialled: Technology/Resource.
    """
    name, slash, resource = device.strip().partition("/")
    technology = call.channel.pbx.technologies.get(name.upper())
    if not slash or not resource:
        raise FunctionError(f"DEVICE_STATE: {device!r} is no Technology/Resource")
    return "INVALID" if technology is None else technology.device_state(resource)
