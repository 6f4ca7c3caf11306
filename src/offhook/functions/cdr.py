"""Call records from the dialplan: CDR, CDR_PROP."""

from __future__ import annotations

import time
from dataclasses import dataclass

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Options, flag, function, write_only_function
from offhook.dialplan.errors import FunctionError
from offhook.features.cdr import AMA_FLAGS, CDR_DISPOSITIONS, Cdr, CdrEngine

__all__: list[str] = []

_AMA_FLAGS = {"omit": 1, "billing": 2, "documentation": 3}
_TEXTS = {
    "clid": "clid",
    "src": "src",
    "dst": "dst",
    "dcontext": "context",
    "channel": "channel",
    "dstchannel": "dst_channel",
    "lastapp": "last_app",
    "lastdata": "last_data",
    "accountcode": "account_code",
    "peeraccount": "peer_account",
    "uniqueid": "uniqueid",
    "linkedid": "linkedid",
    "userfield": "user_field",
}
_WRITABLE = ("accountcode", "userfield", "amaflags")
_READ_ONLY = frozenset((*_TEXTS, "start", "answer", "end", "duration", "billsec", "disposition", "sequence"))


@dataclass(frozen=True, slots=True)
class CdrOptions(Options):
    """Option letters of CDR()."""

    fraction: bool = flag("f", "Durations with fractions of a second.")
    raw: bool = flag("u", "Times as seconds since 1970; disposition and amaflags as numbers.")


_NO_OPTIONS = CdrOptions()


@function("CDR")
def cdr_item(call: Call, name: str, options: CdrOptions = _NO_OPTIONS) -> str:
    """A field of the channel's call record, or a value that Set(CDR(name)=...) has put there.

    Fields: clid, src, dst, dcontext, channel, dstchannel, lastapp, lastdata, start, answer, end, duration,
    billsec, disposition, amaflags, accountcode, peeraccount, uniqueid, linkedid, userfield, sequence.
    What is not over yet counts up to now.
    """
    engine = call.channel.pbx.service(CdrEngine)
    records = engine.records_of(call.channel) if engine is not None else ()
    if engine is None or not records:
        return ""
    cdr = records[-1]
    item = name.strip().lower()
    attribute = _TEXTS.get(item)
    if attribute is not None:
        return str(getattr(cdr, attribute))
    match item:
        case "start" | "answer" | "end":
            return _time(float(getattr(cdr, item)), raw=options.raw)
        case "duration":
            return _length(cdr.start, _until(call, cdr), options)
        case "billsec":
            return _length(cdr.answer, _until(call, cdr), options)
        case "disposition":
            disposition = cdr.disposition or ("ANSWERED" if cdr.answer else "NO ANSWER")
            return str(CDR_DISPOSITIONS.get(disposition, 0)) if options.raw else disposition
        case "amaflags":
            # Of a finished record, in a file's mapping, the name; of a channel Asterisk gives the number.
            finished = not call.channel.is_listed and not options.raw
            return AMA_FLAGS.get(cdr.ama_flags, "") if finished else str(cdr.ama_flags)
        case "sequence":
            return str(cdr.sequence)
        case _:
            return (cdr.variables or {}).get(item, "")


def _until(call: Call, cdr: Cdr) -> float:
    return cdr.end or call.channel.pbx.wall_clock()


def _time(when: float, *, raw: bool) -> str:
    if raw:
        return f"{when:.6f}"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when)) if when else ""


def _length(begin: float, end: float, options: CdrOptions) -> str:
    seconds = max(end - begin, 0.0) if begin else 0.0
    return f"{seconds:.6f}" if options.fraction else str(int(seconds + 1e-6))


@cdr_item.writer
def set_cdr_item(call: Call, value: str, name: str, options: CdrOptions = _NO_OPTIONS) -> None:
    """Set the account code, the user field or the AMA flags, or keep a value of one's own with the record."""
    channel = call.channel
    match name.strip().lower():
        case "accountcode":
            channel.set_account_code(value)
        case "userfield":
            channel.user_field = value
        case "amaflags":
            number = _AMA_FLAGS.get(value.strip().lower()) or (
                int(value) if value.strip() in ("1", "2", "3") else None
            )
            if number is None:
                raise FunctionError(f"CDR(amaflags): {value!r} is none of omit, billing, documentation")
            channel.ama_flags = number
        case item if item in _READ_ONLY:
            can = ", ".join(_WRITABLE)
            raise FunctionError(f"CDR({item}) cannot be set; {can} and names of your own can")
        case item:
            engine = channel.pbx.service(CdrEngine)
            if engine is not None:
                engine.set_variable(channel, item, value)


@write_only_function("CDR_PROP")
def set_property(call: Call, value: str, name: str) -> None:
    """How call records treat the channel: `disable` (1: write none), `party_a` (1: it is the calling one)."""
    engine = call.channel.pbx.service(CdrEngine)
    on = value.strip().lower() in ("1", "yes", "true", "on", "y", "t")
    match name.strip().lower():
        case "disable":
            if engine is not None:
                engine.disable(call.channel, on)
        case "party_a":
            if engine is not None:
                engine.prefer_as_party_a(call.channel, on)
        case _:
            raise FunctionError(f"CDR_PROP: {name!r} is none of disable, party_a")
