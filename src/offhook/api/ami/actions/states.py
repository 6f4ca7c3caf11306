"""Actions that show states: of devices, extensions, presence."""

from __future__ import annotations

from collections.abc import Iterable

from offhook.api.ami.declare import ActionError, Listing, Reply, Request, action
from offhook.api.ami.protocol import escape, field
from offhook.features.device_states import DeviceStates
from offhook.features.hints import Hint, Hints

__all__: list[str] = []


@action("DeviceStateList", "call", "reporting", sends=("DeviceStateChange", "DeviceStateListComplete"))
def device_state_list(request: Request) -> Listing:
    """List the devices whose state is known."""
    states = request.pbx.service(DeviceStates)
    devices: dict[str, None] = {}
    if states is not None:
        devices |= dict.fromkeys(f"Custom:{name}" for name in states.custom)
        devices |= dict.fromkeys(states.followed)
        devices |= dict.fromkeys(f"PJSIP/{name}" for name in request.node.sip.directory.endpoints)

    def items() -> Iterable[tuple[str, str]]:
        for device in devices:
            if states is not None:
                yield "DeviceStateChange", field("Device", device) + field("State", states.state(device).name)

    return Listing("Device State Changes will follow", "DeviceStateListComplete", items())


def _extension(hint: Hint) -> str:
    return (
        field("Exten", hint.exten)
        + field("Context", hint.context)
        + field("Hint", hint.text)
        + field("Status", int(hint.state))
        + field("StatusText", hint.state.text)
    )


@action("ExtensionState", "call", "reporting", missing="Extension not specified")
def extension_state(request: Request, exten: str, context: str = "default") -> Reply:
    """Show the state of an extension: what the devices of its hint do.

    Args:
        exten: the extension.
        context: its context.
    """
    hints = request.pbx.service(Hints)
    hint = hints.find(exten, context) if hints is not None else None
    if hint is None:
        lines = field("Exten", exten) + field("Context", context) + field("Hint", "")
        return Reply("Extension Status", f"{lines}Status: -1\r\nStatusText: Unknown\r\n")
    return Reply("Extension Status", _extension(hint))


@action("ExtensionStateList", "call", "reporting", sends=("ExtensionStatus", "ExtensionStateListComplete"))
def extension_state_list(request: Request) -> Listing:
    """List the extensions with a hint, and their states."""
    hints = request.pbx.service(Hints)
    found = [hint for hint in hints if not hint.is_pattern] if hints is not None else []
    items = (("ExtensionStatus", _extension(hint)) for hint in found)
    return Listing("Extension Statuses will follow", "ExtensionStateListComplete", items)


def _presence(state: str, subtype: str, message: str, name: str = "State") -> str:
    lines = field(name, state)
    if subtype:
        lines += field("Subtype", escape(subtype))
    return lines + (field("Message", escape(message)) if message else "")


@action("PresenceState", "call", "reporting", missing="No provider specified")
def presence_state(request: Request, provider: str) -> Reply:
    """Show a presence.

    Args:
        provider: whose: `CustomPresence:bob`.
    """
    hints = request.pbx.service(Hints)
    if hints is None:
        raise ActionError("Invalid provider")
    found = hints.presence(provider)
    return Reply("Presence State", _presence(*found))


@action("PresenceStateList", "call", "reporting", sends=("PresenceStateChange", "PresenceStateListComplete"))
def presence_state_list(request: Request) -> Listing:
    """List the presences that were set."""
    hints = request.pbx.service(Hints)

    def items() -> Iterable[tuple[str, str]]:
        for name, found in sorted(hints.custom_presence.items()) if hints is not None else ():
            presentity = field("Presentity", f"CustomPresence:{name}")
            yield "PresenceStateChange", presentity + _presence(*found, name="Status")

    return Listing("Presence State Changes will follow", "PresenceStateListComplete", items())
