"""The fields of records by the names that configuration files have for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from offhook.features.cdr import AMA_FLAGS, CDR_DISPOSITIONS

if TYPE_CHECKING:
    from offhook.features.cdr import Cdr, CdrSettings
    from offhook.features.cel import CelRecord

__all__ = ["CDR_FIELDS", "CEL_FIELDS", "Value", "cdr_value", "cel_value", "stamp"]

Value = str | int | float

CDR_FIELDS: Mapping[str, Callable[[Cdr], Value]] = {
    "clid": lambda cdr: cdr.clid,
    "src": lambda cdr: cdr.src,
    "dst": lambda cdr: cdr.dst,
    "dcontext": lambda cdr: cdr.context,
    "channel": lambda cdr: cdr.channel,
    "dstchannel": lambda cdr: cdr.dst_channel,
    "lastapp": lambda cdr: cdr.last_app,
    "lastdata": lambda cdr: cdr.last_data,
    "start": lambda cdr: cdr.start,
    "answer": lambda cdr: cdr.answer,
    "end": lambda cdr: cdr.end,
    "duration": lambda cdr: cdr.duration,
    "billsec": lambda cdr: cdr.billsec(),
    "disposition": lambda cdr: cdr.disposition,
    "amaflags": lambda cdr: AMA_FLAGS.get(cdr.ama_flags, "DOCUMENTATION"),
    "accountcode": lambda cdr: cdr.account_code,
    "peeraccount": lambda cdr: cdr.peer_account,
    "uniqueid": lambda cdr: cdr.uniqueid,
    "linkedid": lambda cdr: cdr.linkedid,
    "userfield": lambda cdr: cdr.user_field,
    "sequence": lambda cdr: cdr.sequence,
}
"""start, answer and end are seconds since 1970, 0 when it was never."""

CEL_FIELDS: Mapping[str, Callable[[CelRecord], Value]] = {
    "eventtype": lambda record: record.user_event or record.event,
    "eventenum": lambda record: record.event,
    "eventtime": lambda record: record.time_text,
    "usereventname": lambda record: record.user_event,
    "userdeftype": lambda record: record.user_event,
    "cidname": lambda record: record.caller_name,
    "cidnum": lambda record: record.caller_number,
    "cidani": lambda record: record.ani,
    "cidrdnis": lambda record: record.rdnis,
    "ciddnid": lambda record: record.dnid,
    "exten": lambda record: record.exten,
    "context": lambda record: record.context,
    "channame": lambda record: record.channel,
    "appname": lambda record: record.application,
    "appdata": lambda record: record.data,
    "amaflags": lambda record: record.ama_flags,
    "acctcode": lambda record: record.account_code,
    "accountcode": lambda record: record.account_code,
    "uniqueid": lambda record: record.uniqueid,
    "linkedid": lambda record: record.linkedid,
    "userfield": lambda record: record.user_field,
    "peer": lambda record: record.peer,
    "peeracct": lambda record: record.peer_account,
    "peeraccount": lambda record: record.peer_account,
    "extra": lambda record: record.extra,
    "eventextra": lambda record: record.extra,
    "tenantid": lambda record: "",
}

_TIMES = frozenset(("start", "answer", "end"))


def stamp(when: float, gmt: bool = False, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A time as text, local or in UTC; "" for never."""
    if not when:
        return ""
    return time.strftime(form, time.gmtime(when) if gmt else time.localtime(when))


def cdr_value(cdr: Cdr, settings: CdrSettings, name: str, qualifiers: tuple[str, ...] = ()) -> Value:
    """A field of a record, as its qualifiers want it; a value of the dialplan's own for an unknown name."""
    find = None if "uservar" in qualifiers else CDR_FIELDS.get(name)
    if find is None:
        return (cdr.variables or {}).get(name, "")
    if name == "billsec" and "double" not in qualifiers:
        return cdr.billsec(settings.initiated_seconds)
    if name in _TIMES:
        return _moment(float(find(cdr)), qualifiers)
    if "double" in qualifiers and name in ("duration", "billsec"):
        begin = cdr.start if name == "duration" else cdr.answer
        return max(cdr.end - begin, 0.0) if begin else 0.0
    if "int64" in qualifiers:
        if name == "disposition":
            return CDR_DISPOSITIONS.get(cdr.disposition, 0)
        if name == "amaflags":
            return cdr.ama_flags
    return find(cdr)


def _moment(when: float, qualifiers: tuple[str, ...]) -> Value:
    if "int64" in qualifiers:
        return int(when)
    if "double" in qualifiers:
        return when
    form = next((one for one in qualifiers if "%" in one), "%Y-%m-%d %H:%M:%S")
    return stamp(when, form=form)


def cel_value(record: CelRecord, name: str, qualifiers: tuple[str, ...] = ()) -> Value:
    """A field of a channel event; the name itself for one that is unknown."""
    find = CEL_FIELDS.get(name)
    return name if find is None else find(record)
