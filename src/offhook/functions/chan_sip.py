"""What dialplans for chan_sip ask: SIP_HEADER, SIPPEER, SIPCHANINFO, answered from what PJSIP knows."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import function
from offhook.dialplan.errors import FunctionError

__all__: list[str] = []

# Item of SIPPEER() -> option of the endpoint.
_OF_ENDPOINT = {
    "mailbox": "mailboxes",
    "context": "context",
    "limit": "device_state_busy_at",
    "busylevel": "device_state_busy_at",
    "language": "language",
    "accountcode": "accountcode",
    "codecs": "allow",
    "callgroup": "call_group",
    "pickupgroup": "pickup_group",
}
# Item of SIPPEER() -> field of the first contact.
_OF_CONTACT = {
    "ip": "via_addr",
    "port": "via_port",
    "expire": "expiration_time",
    "useragent": "user_agent",
}
_OF_CHANNEL = ("peerip", "recvip", "from", "uri", "useragent", "peername", "t38passthrough")


@function("SIP_HEADER")
def sip_header(call: Call, name: str, number: str = "1") -> str:
    """A header line of the INVITE that came in.  Today it is PJSIP_HEADER(read,name,number)."""
    return call.get(f"PJSIP_HEADER(read,{name},{number or '1'})")


@function("SIPPEER")
def sip_peer(call: Call, peername: str, item: str = "ip") -> str:
    """What is known of a phone.  Today it is PJSIP_ENDPOINT() and PJSIP_CONTACT().

    Args:
        peername: the endpoint.
        item: ip, port, status, expire, useragent, dynamic, context, mailbox, language, accountcode, limit,
            codecs, callgroup, pickupgroup, callerid_name, callerid_num, curcalls.
    """
    name, what = peername.strip(), item.strip().lower()
    option = _OF_ENDPOINT.get(what)
    if option is not None:
        return call.get(f"PJSIP_ENDPOINT({name},{option})")
    if what == "dynamic":
        aor = _aor(call, name)
        return "no" if aor and call.get(f"PJSIP_AOR({aor},max_contacts)") in ("", "0") else "yes"
    if what in ("callerid_name", "callerid_num"):
        caller = call.get(f"PJSIP_ENDPOINT({name},callerid)")
        return call.get(f"CALLERID({what[9:]},{caller})") if caller else ""
    if what == "curcalls":
        return str(len(call.channel.pbx.by_device.get(f"PJSIP/{name}", ())))
    contact = call.get(f"PJSIP_AOR({_aor(call, name)},contact)").partition(",")[0]
    field = _OF_CONTACT.get(what)
    if field is not None:
        return call.get(f"PJSIP_CONTACT({contact},{field})") if contact else ""
    if what == "status":
        return _status(call, contact)
    raise FunctionError(f"SIPPEER: {item!r} is not known here")


def _aor(call: Call, endpoint: str) -> str:
    return call.get(f"PJSIP_ENDPOINT({endpoint},aors)").partition(",")[0]


def _status(call: Call, contact: str) -> str:
    """As `sip show peers` had it."""
    if not contact:
        return "UNKNOWN"
    match call.get(f"PJSIP_CONTACT({contact},status)"):
        case "Reachable":
            return f"OK ({int(call.get(f'PJSIP_CONTACT({contact},rtt)') or 0) // 1000} ms)"
        case "Unreachable":
            return "UNREACHABLE"
        case _:
            return "Unmonitored"


@function("SIPCHANINFO")
def sip_channel_info(call: Call, item: str) -> str:
    """An item of the SIP channel: peerip, recvip, from, uri, useragent, peername.  Today it is CHANNEL()."""
    what = item.strip().lower()
    if what not in _OF_CHANNEL:
        raise FunctionError(f"SIPCHANINFO: {item!r} is none of {', '.join(_OF_CHANNEL)}")
    return call.get(f"CHANNEL({what})")
