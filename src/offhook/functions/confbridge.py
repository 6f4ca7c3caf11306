"""Conference rooms from the dialplan: CONFBRIDGE, CONFBRIDGE_INFO, CONFBRIDGE_CHANNELS."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function, write_only_function
from offhook.dialplan.errors import FunctionError
from offhook.features.conference_profiles import set_option
from offhook.features.conferences import Conference, ConferenceError, Conferences

__all__: list[str] = []


def _room(call: Call, name: str) -> Conference | None:
    found = call.channel.pbx.service(Conferences)
    return found.room(name.strip()) if found is not None else None


@write_only_function("CONFBRIDGE")
def confbridge(call: Call, value: str, type: str, option: str) -> None:
    """Set an option of the profiles and menus that ConfBridge() without names takes for this call.

    `type` is bridge, user or menu; `option` one of confbridge.conf, keys for a menu.  `template`: begin with
    a profile of confbridge.conf.  `clear`: forget what was set.
    """
    try:
        set_option(call, type.strip().lower(), option.strip().lower(), value)
    except ConferenceError as error:
        raise FunctionError(f"CONFBRIDGE: {error}") from error


@function("CONFBRIDGE_INFO")
def confbridge_info(call: Call, type: str, conf: Raw) -> str:
    """A number of a conference room: parties, admins, marked; locked and muted are 1 or 0.

    A room that does not exist has 0 of everything.
    """
    room = _room(call, conf)
    kind = type.strip().lower()
    if kind not in ("parties", "admins", "marked", "locked", "muted"):
        raise FunctionError(f"CONFBRIDGE_INFO: {type!r} is none of parties, admins, marked, locked, muted")
    if room is None:
        return "0"
    match kind:
        case "parties":
            return str(len(room.participants))
        case "admins":
            return str(len(room.admins))
        case "marked":
            return str(len(room.marked))
        case "locked":
            return str(int(room.locked))
        case _:
            return str(int(room.muted))


@function("CONFBRIDGE_CHANNELS")
def confbridge_channels(call: Call, type: str, conf: Raw) -> str:
    """The channels of a conference room, separated by commas: parties, admins, marked, active or waiting."""
    room = _room(call, conf)
    kind = type.strip().lower()
    if kind not in ("parties", "admins", "marked", "active", "waiting"):
        raise FunctionError(
            f"CONFBRIDGE_CHANNELS: {type!r} is none of parties, admins, marked, active, waiting"
        )
    if room is None:
        return ""
    chosen = {
        "parties": room.participants,
        "admins": room.admins,
        "marked": room.marked,
        "active": room.active,
        "waiting": room.waiting,
    }[kind]
    return ",".join(one.channel.name for one in chosen)
