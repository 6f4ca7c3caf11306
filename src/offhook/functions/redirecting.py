"""REDIRECTING(): who has diverted the call, why, and how often."""

from __future__ import annotations

from dataclasses import replace

from offhook.dialplan.call import Call
from offhook.dialplan.declare import function
from offhook.dialplan.errors import FunctionError
from offhook.functions.callerid import read_party, write_party
from offhook.pbx.party import PartyId

__all__: list[str] = []

# Asterisk's words, with SIP's (RFC 5806 and the draft before it), which is what a channel keeps.
_REASONS = {
    "away": "away",
    "cf_dte": "cf-dte",
    "cfb": "user-busy",
    "cfnr": "no-answer",
    "cfu": "unconditional",
    "deflection": "deflection",
    "dnd": "do-not-disturb",
    "follow_me": "follow-me",
    "out_of_order": "out-of-service",
    "send_to_vm": "send-to-vm",
    "time_of_day": "time-of-day",
    "unavailable": "unavailable",
    "unknown": "unknown",
}
_WORDS = {sip: word for word, sip in _REASONS.items()}
_SERVICE = "redirecting."  # of what only the dialplan knows: the private parties
_FIELDS = {"from": "by", "to": "to", "orig": "orig"}


def _party(call: Call, whose: str) -> PartyId:
    redirecting = call.channel.redirecting
    match whose:
        case "from":
            return redirecting.by
        case "to":
            return redirecting.to
        case "orig":
            return redirecting.orig
        case _:
            found = call.services.get(_SERVICE + whose)
            return found if isinstance(found, PartyId) else PartyId()


def _word(reason: str) -> str:
    return _WORDS.get(reason, reason or "unknown")


def _split(datatype: str) -> tuple[str, str]:
    """`orig-num` as whose and what; ("", datatype) for what is of the call as a whole."""
    item = datatype.strip().lower()
    if item.startswith("priv-"):
        whose, _, what = item[5:].partition("-")
        whose = f"priv-{whose}"
    else:
        whose, dash, what = item.partition("-")
        if not dash:
            return "", item
    if whose.removeprefix("priv-") not in ("orig", "from", "to"):
        raise FunctionError(f"REDIRECTING: there is no {datatype.strip()!r}")
    return whose, what


@function("REDIRECTING")
def redirecting(call: Call, datatype: str, inhibit: str = "") -> str:
    """What is known of the call's diversion.

    Args:
        datatype: reason (cfu, cfb, cfnr, dnd, deflection, away ...), count, or a part of a party: orig-num,
            from-name, to-all, from-pres, from-tag ..., priv-from-num ...
        inhibit: i, when it is set: the far end is not told.
    """
    whose, what = _split(datatype)
    if not whose:
        match what:
            case "reason":
                return _word(call.channel.redirecting.reason)
            case "count":
                return str(call.channel.redirecting.count)
            case _:
                raise FunctionError(f"REDIRECTING: there is no {datatype.strip()!r}")
    if (whose, what) == ("orig", "reason"):
        return _word(call.channel.redirecting.orig_reason)
    found = read_party(_party(call, whose), what)
    if found is None:
        raise FunctionError(f"REDIRECTING: there is no {datatype.strip()!r}")
    return found


@redirecting.writer
def set_redirecting(call: Call, value: str, datatype: str, inhibit: str = "") -> None:
    """Set who has diverted the call or why; calls that this channel dials show it (Diversion)."""
    whose, what = _split(datatype)
    before = call.channel.redirecting
    after = before
    if (whose, what) in (("", "reason"), ("orig", "reason")):
        word = value.strip().lower()
        if word not in _REASONS:
            raise FunctionError(f"REDIRECTING: {value!r} is none of {', '.join(_REASONS)}")
        reason = _REASONS[word]
        after = replace(before, orig_reason=reason) if whose else replace(before, reason=reason)
    elif not whose and what == "count":
        if not value.strip().isdecimal():
            raise FunctionError(f"REDIRECTING(count): {value!r} is no number")
        after = replace(before, count=int(value.strip()[:6]))
    elif not whose:
        raise FunctionError(f"REDIRECTING: {datatype.strip()!r} cannot be set")
    else:
        party = write_party(_party(call, whose), what, value, "REDIRECTING")
        field = _FIELDS.get(whose)
        if field is None:
            call.services[_SERVICE + whose] = party
        else:
            after = replace(before, **{field: party})
    call.channel.set_redirecting(after, tell="i" not in inhibit.lower())
