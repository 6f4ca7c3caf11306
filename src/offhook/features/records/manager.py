"""Records as events of the manager interface: Cdr (cdr_manager.conf) and CEL (cel.conf)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from offhook.features.records.values import cdr_value, stamp
from offhook.pbx import events

if TYPE_CHECKING:
    from offhook.features.cdr import Cdr, CdrSettings
    from offhook.features.cel import CelRecord
    from offhook.pbx.bus import Bus

__all__ = ["CdrManager", "CelManager"]

_HEADERS = (
    ("AccountCode", "accountcode"),
    ("Source", "src"),
    ("Destination", "dst"),
    ("DestinationContext", "dcontext"),
    ("CallerID", "clid"),
    ("Channel", "channel"),
    ("DestinationChannel", "dstchannel"),
    ("LastApplication", "lastapp"),
    ("LastData", "lastdata"),
    ("StartTime", "start"),
    ("AnswerTime", "answer"),
    ("EndTime", "end"),
    ("Duration", "duration"),
    ("BillableSeconds", "billsec"),
    ("Disposition", "disposition"),
    ("AMAFlags", "amaflags"),
    ("UniqueID", "uniqueid"),
    ("UserField", "userfield"),
)


class CdrManager:
    """Announces finished call records."""

    name = "cdr_manager"

    def __init__(self, bus: Bus, mappings: Sequence[tuple[str, str]] = ()) -> None:
        """`mappings`: further fields or values of the dialplan's own, and the headers that show them."""
        self._bus = bus
        self._headers = (*_HEADERS, *((header, name.lower()) for name, header in mappings))

    def write(self, cdr: Cdr, settings: CdrSettings) -> None:
        """Announce one record."""
        shown = [(header, str(cdr_value(cdr, settings, name))) for header, name in self._headers]
        self._bus.emit(events.CdrReported, shown)


class CelManager:
    """Announces channel events."""

    name = "Manager Event Logging"

    def __init__(self, bus: Bus, *, show_user_defined: bool) -> None:
        """`show_user_defined`: the name of a user-defined event has a header of its own."""
        self._bus = bus
        self._show_user_defined = show_user_defined

    def write(self, record: CelRecord) -> None:
        """Announce one event."""
        is_user, shows = record.event == "USER_DEFINED", self._show_user_defined
        shown = [
            ("EventName", record.event if shows or not is_user else record.user_event),
            ("AccountCode", record.account_code),
            ("CallerIDnum", record.caller_number),
            ("CallerIDname", record.caller_name),
            ("CallerIDani", record.ani),
            ("CallerIDrdnis", record.rdnis),
            ("CallerIDdnid", record.dnid),
            ("Exten", record.exten),
            ("Context", record.context),
            ("Channel", record.channel),
            ("Application", record.application),
            ("AppData", record.data),
            ("EventTime", stamp(record.time)),
            ("AMAFlags", record.ama_flags),
            ("UniqueID", record.uniqueid),
            ("LinkedID", record.linkedid),
            ("Userfield", record.user_field),
            ("Peer", record.peer),
            ("PeerAccount", record.peer_account),
            ("Extra", record.extra),
        ]
        if is_user and shows:
            shown.append(("UserDefType", record.user_event))
        self._bus.emit(events.CelReported, shown)
