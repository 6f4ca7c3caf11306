"""Who calls and who is connected: CALLERID, CONNECTEDLINE."""

from __future__ import annotations

from dataclasses import replace

from offhook.dialplan.call import Call
from offhook.dialplan.declare import function
from offhook.dialplan.errors import FunctionError
from offhook.pbx.party import PartyId, Presentation, parse_caller_id

__all__ = ["parse_caller_id", "read_party", "write_party"]

_ANI = "callerid.ani"


def read_party(party: PartyId, item: str) -> str | None:
    """An item of a party id; None when there is no such item."""
    match item:
        case "all":
            return f'"{party.name}" <{party.number}>'
        case "name":
            return party.name
        case "num" | "number":
            return party.number
        case "name-valid":
            return "1" if party.name else "0"
        case "num-valid":
            return "1" if party.number else "0"
        case "pres" | "num-pres" | "name-pres":
            return party.presentation.value
        case "name-charset":
            return "utf8"
        case "num-plan":
            return "0"
        case "tag":
            return party.tag
        case "subaddr" | "subaddr-type" | "subaddr-odd":
            return ""
        case "subaddr-valid":
            return "0"
        case _:
            return None


def write_party(party: PartyId, item: str, value: str, function_name: str) -> PartyId:
    """A party id with one item changed."""
    match item:
        case "all":
            name, number = parse_caller_id(value)
            return replace(party, name=name, number=number)
        case "name":
            return replace(party, name=value)
        case "num" | "number":
            return replace(party, number=value.strip())
        case "pres" | "num-pres" | "name-pres":
            try:
                return replace(party, presentation=Presentation(value.strip().lower()))
            except ValueError:
                words = ", ".join(Presentation)
                raise FunctionError(f"{function_name}: {value!r} is none of {words}") from None
        case "tag":
            return replace(party, tag=value)
        case _:
            raise FunctionError(f"{function_name}: {item!r} cannot be set")


def _ani(call: Call) -> PartyId:
    found = call.services.get(_ANI)
    return found if isinstance(found, PartyId) else call.channel.caller


@function("CALLERID")
def callerid(call: Call, datatype: str, cid: str = "") -> str:
    """The caller id: num, name, all, pres, ANI, DNID, RDNIS, tag and their parts.

    With a second argument, a caller id written in one piece is taken apart instead of the channel's.
    """
    item = datatype.strip().lower()
    channel = call.channel
    if cid:
        name, number = parse_caller_id(cid)
        found = read_party(PartyId(number, name), item)
    elif item in ("dnid", "dnid-num"):
        found = channel.dialed
    elif item == "rdnis":
        found = channel.redirecting.by.number
    elif item == "ani":
        found = _ani(call).number
    elif item == "ani2":
        found = str(channel.ani2)
    elif item.startswith("ani-"):
        found = read_party(_ani(call), item[4:])
    elif item.startswith("priv-"):
        found = read_party(PartyId(), item[5:])
    elif item.startswith("dnid-"):
        found = read_party(PartyId(channel.dialed), item[5:])
    else:
        found = read_party(channel.caller, item)
    if found is None:
        raise FunctionError(f"CALLERID: there is no {datatype.strip()!r} in a caller id")
    return found


@callerid.writer
def set_callerid(call: Call, value: str, datatype: str, cid: str = "") -> None:
    """Set a part of the caller id."""
    item = datatype.strip().lower()
    channel = call.channel
    if item in ("dnid", "dnid-num"):
        channel.dialed = value.strip()
    elif item == "rdnis":
        by = replace(channel.redirecting.by, number=value.strip())
        channel.redirecting = replace(channel.redirecting, by=by)
    elif item == "ani2":
        if not value.strip().isdecimal():
            raise FunctionError(f"CALLERID(ani2): {value!r} is no number")
        channel.ani2 = int(value.strip()[:6])
    elif item == "ani":
        call.services[_ANI] = replace(_ani(call), number=value.strip())
    elif item.startswith("ani-"):
        call.services[_ANI] = write_party(_ani(call), item[4:], value, "CALLERID")
    else:
        channel.set_caller(write_party(channel.caller, item, value, "CALLERID"))


@function("CONNECTEDLINE")
def connected_line(call: Call, datatype: str, inhibit: str = "") -> str:
    """Whom the channel is connected with: num, name, all, pres, tag."""
    found = read_party(call.channel.connected, datatype.strip().lower())
    if found is None:
        raise FunctionError(f"CONNECTEDLINE: there is no {datatype.strip()!r} in a party id")
    return found


@connected_line.writer
def set_connected_line(call: Call, value: str, datatype: str, inhibit: str = "") -> None:
    """Set whom the channel is connected with; with `i` the far end is not told yet."""
    channel = call.channel
    party = write_party(channel.connected, datatype.strip().lower(), value, "CONNECTEDLINE")
    if inhibit.strip() == "i":
        channel.connected = party
    else:
        channel.set_connected(party, again=True)  # what was set with i before is told now
