"""The state of devices and extensions: DEVICE_STATE, EXTENSION_STATE, HINT, PRESENCE_STATE."""

from __future__ import annotations

import base64

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function
from offhook.dialplan.errors import FunctionError
from offhook.features.device_states import DeviceState, DeviceStates
from offhook.features.hints import Hints, Presence

__all__: list[str] = []

_PRESENCES = ("not_set", "unavailable", "available", "away", "xa", "chat", "dnd")
# An extension's state in the words of EXTENSION_STATE(), by its number.
_EXTENSION_STATES = {
    0: "NOT_INUSE",
    1: "INUSE",
    2: "BUSY",
    4: "UNAVAILABLE",
    8: "RINGING",
    9: "RINGINUSE",
    16: "ONHOLD",
    17: "HOLDINUSE",
}


def _devices(call: Call) -> DeviceStates:
    found = call.channel.pbx.service(DeviceStates)
    if found is None:
        raise FunctionError("this node follows no device states")
    return found


def _hints(call: Call) -> Hints:
    found = call.channel.pbx.service(Hints)
    if found is None:
        raise FunctionError("this node follows no hints")
    return found


@function("DEVICE_STATE")
def device_state(call: Call, device: Raw) -> str:
    """What a device does: NOT_INUSE, INUSE, BUSY, INVALID, UNAVAILABLE, RINGING, RINGINUSE, ONHOLD, UNKNOWN.

    A device is written as it is dialled, Technology/Resource, or as Custom:name, whose state is what was set.
    """
    device = device.strip()
    if "/" not in device and ":" not in device:
        raise FunctionError(f"DEVICE_STATE: {device!r} is no Technology/Resource")
    return _devices(call).state(device).name


@device_state.writer
def set_device_state(call: Call, value: str, device: Raw) -> None:
    """Set the state of a device of our own: Set(DEVICE_STATE(Custom:lamp)=INUSE)."""
    kind, colon, name = device.strip().partition(":")
    if not colon or kind.lower() != "custom" or not name:
        raise FunctionError(f"DEVICE_STATE: only Custom:name can be set, not {device!r}")
    state = value.strip().upper()
    if state not in DeviceState.__members__:
        raise FunctionError(f"DEVICE_STATE: {value!r} is none of {', '.join(DeviceState.__members__)}")
    _devices(call).set_custom(name, DeviceState[state])


@function("EXTENSION_STATE")
def state_of_extension(call: Call, extension: Raw) -> str:
    """What the devices of an extension's hint do, as one: EXTENSION_STATE(6001@internal).

    The words are those of DEVICE_STATE(), and HOLDINUSE; UNKNOWN without a hint.  Without @ it is the
    context `default`.
    """
    exten, _, context = extension.strip().partition("@")
    if not exten:
        raise FunctionError("EXTENSION_STATE: extension[@context] is needed")
    state = _hints(call).state(exten, context or "default")
    return "UNKNOWN" if state is None else _EXTENSION_STATES.get(int(state), "UNKNOWN")


@function("HINT")
def hint(call: Call, extension: str, options: str = "") -> str:
    """The devices that the hint of an extension (6001@internal) names; with option n, what follows them."""
    exten, _, context = extension.strip().partition("@")
    devices, _, name = call.dialplan.hint(context or "default", exten).partition(",")
    return name if "n" in options else devices


@function("PRESENCE_STATE")
def presence_state(call: Call, provider: str, field: str, options: str = "") -> str:
    """A presence, by field: value (not_set, available, away, xa, chat, dnd, unavailable), subtype or message.

    Args:
        provider: who tells it: CustomPresence:name.
        field: value, subtype or message.
        options: e gives subtype and message in base64.
    """
    found = _hints(call).presence(provider)
    encoded = "e" in options
    match field.strip().lower():
        case "value":
            return found.state
        case "subtype":
            return _base64(found.subtype) if encoded else found.subtype
        case "message":
            return _base64(found.message) if encoded else found.message
        case _:
            raise FunctionError(f"PRESENCE_STATE: {field!r} is none of value, subtype, message")


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@presence_state.writer
def set_presence_state(call: Call, value: str, provider: Raw) -> None:
    """Set a presence: Set(PRESENCE_STATE(CustomPresence:bob)=away,lunch,back at one)."""
    kind, colon, name = provider.strip().partition(":")
    if not colon or kind.lower() != "custompresence" or not name:
        raise FunctionError(f"PRESENCE_STATE: only CustomPresence:name can be set, not {provider!r}")
    parts = [*value.split(","), "", "", ""]  # as they stand: backslashes and quotes are text
    state = parts[0].strip().lower()
    if state not in _PRESENCES:
        raise FunctionError(f"PRESENCE_STATE: {parts[0]!r} is none of {', '.join(_PRESENCES)}")
    subtype, message = parts[1].strip(), parts[2].strip()
    encoded = "e" in parts[3]
    if encoded:
        try:
            subtype = base64.b64decode(subtype, validate=True).decode()
            message = base64.b64decode(message, validate=True).decode()
        except ValueError:
            raise FunctionError("PRESENCE_STATE: with option e subtype and message are base64") from None
    _hints(call).set_custom_presence(name, Presence(state, subtype, message), encoded=encoded)
