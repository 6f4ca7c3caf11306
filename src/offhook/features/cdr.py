"""Call detail records: who called whom, from when to when, and how it ended.

The engine listens to the bus and keeps, for each channel that may be the A party of a record, a chain
of records: one for the channel itself, to which the first dialled channel becomes the B party, and one
more for each further channel dialled at the same time (Asterisk's rules since version 12).  A record is
finished when its legs leave their bridge, when its dial attempt fails, or when the channel hangs up;
the whole chain is written when the channel hangs up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from offhook.pbx import events

if TYPE_CHECKING:
    from offhook.pbx.bus import Bus
    from offhook.pbx.channel import Channel

__all__ = ["AMA_FLAGS", "Cdr", "CdrBackend", "CdrEngine", "CdrSettings"]

log = logging.getLogger(__name__)

AMA_FLAGS = {1: "OMIT", 2: "BILLING", 3: "DOCUMENTATION"}

_DISPOSITION_OF_DIAL = {
    "ANSWER": "ANSWERED",
    "BUSY": "BUSY",
    "NOANSWER": "NO ANSWER",
    "CANCEL": "NO ANSWER",
    "CONGESTION": "FAILED",
    "CHANUNAVAIL": "FAILED",
}


@dataclass(frozen=True, slots=True)
class CdrSettings:
    """cdr.conf [general]."""

    enable: bool = True
    unanswered: bool = False  # also write records without answer and without B party
    congestion: bool = False  # disposition CONGESTION of its own, else FAILED
    cancel_disposition: bool = False  # canceldispositionenabled: CANCEL of its own, else NO ANSWER
    end_before_h_exten: bool = True
    initiated_seconds: bool = False  # round billsec up
    channel_default_enabled: bool = True
    ignore_dial_changes: bool = False
    ignore_state_changes: bool = False


class Cdr:
    """One record.  Times are seconds since the epoch; `answer` is 0 when there was none."""

    __slots__ = (
        "account_code",
        "ama_flags",
        "answer",
        "channel",
        "clid",
        "context",
        "disabled",
        "disposition",
        "dst",
        "dst_channel",
        "end",
        "last_app",
        "last_data",
        "linkedid",
        "peer_account",
        "sequence",
        "src",
        "start",
        "uniqueid",
        "user_field",
        "variables",
    )

    def __init__(self, channel: Channel, start: float, sequence: int) -> None:
        self.start = start
        self.sequence = sequence
        self.answer = 0.0
        self.end = 0.0
        self.disposition = "NO ANSWER"
        self.dst_channel = ""
        self.disabled = False
        self.peer_account = ""
        self.channel = channel.name
        self.uniqueid = channel.uniqueid
        self.last_app = ""
        self.last_data = ""
        self.dst = channel.exten
        self.context = channel.context
        self.variables: dict[str, str] | None = None
        self.take(channel)

    def take(self, channel: Channel) -> None:
        """Take what may have changed in the A party since the record began."""
        self.src = channel.caller.number
        self.clid = str(channel.caller)
        self.account_code = channel.account_code
        self.ama_flags = channel.ama_flags
        self.linkedid = channel.linkedid
        self.user_field = channel.user_field

    @property
    def duration(self) -> int:
        """Whole seconds from start to end."""
        return max(int(self.end - self.start), 0)

    def billsec(self, round_up: bool = False) -> int:
        """Whole seconds from answer to end; `round_up` counts a begun half (Asterisk: initiatedseconds)."""
        if not self.answer:
            return 0
        seconds = max(self.end - self.answer, 0.0)
        return int(seconds) + (1 if round_up and seconds > int(seconds) else 0)


class CdrBackend(Protocol):
    """Where finished records go.  `write` must not wait."""

    def write(self, cdr: Cdr, settings: CdrSettings) -> None:
        """Take one finished record."""
        ...


class _Chain:
    """The records of one channel."""

    __slots__ = ("peers", "records")

    def __init__(self, first: Cdr) -> None:
        self.records: list[Cdr] = [first]
        self.peers: dict[Channel, Cdr] | None = None  # dialled channels whose attempt is open


class CdrEngine:
    """Makes records from bus events and gives the finished ones to the backends."""

    def __init__(self, bus: Bus, clock: Callable[[], float], settings: CdrSettings) -> None:
        self.settings = settings
        self.backends: list[CdrBackend] = []
        self.written = 0
        self._clock = clock
        self._chains: dict[Channel, _Chain] = {}
        self._sequence = 0
        self._stops: list[Callable[[], None]] = []
        if settings.enable:
            self._stops = [
                bus.listen(events.ChannelCreated, self._created),
                bus.listen(events.NewExtension, self._new_extension),
                bus.listen(events.ChannelAnswered, self._answered),
                bus.listen(events.DialBegan, self._dial_began),
                bus.listen(events.DialEnded, self._dial_ended),
                bus.listen(events.BridgeEntered, self._entered),
                bus.listen(events.BridgeLeft, self._left),
                bus.listen(events.ChannelHangupRequested, self._hangup_requested),
                bus.listen(events.ChannelHungUp, self._hung_up),
            ]

    def close(self) -> None:
        """Stop listening.  What is open is written as it stands."""
        for stop in self._stops:
            stop()
        self._stops = []
        for channel in list(self._chains):
            self._finish(channel)

    def records_of(self, channel: Channel) -> Sequence[Cdr]:
        """The channel's open records, the current one last; empty when it has none."""
        chain = self._chains.get(channel)
        return chain.records if chain else ()

    # ---------------------------------------------------------------- bus events

    def _new(self, channel: Channel, start: float) -> Cdr:
        self._sequence += 1
        return Cdr(channel, start, self._sequence)

    def _created(self, event: events.ChannelCreated) -> None:
        channel = event.channel
        cdr = self._new(channel, channel.created_at)
        cdr.disabled = not self.settings.channel_default_enabled
        self._chains[channel] = _Chain(cdr)

    def _new_extension(self, event: events.NewExtension) -> None:
        channel = event.channel
        chain = self._chains.get(channel)
        if chain is None or channel.hangup_requested:
            return
        cdr = chain.records[-1]
        if cdr.end:  # the channel goes on after its last record was finished
            cdr = self._new(channel, self._clock())
            if channel.answered_at:
                cdr.answer, cdr.disposition = cdr.start, "ANSWERED"
            chain.records.append(cdr)
            chain.peers = None
        cdr.dst, cdr.context = channel.exten, channel.context
        cdr.last_app, cdr.last_data = event.application, event.data

    def _answered(self, event: events.ChannelAnswered) -> None:
        chain = self._chains.get(event.channel)
        if chain is None:
            return
        for cdr in chain.records:
            if not cdr.end and not cdr.answer and not (cdr.dst_channel and len(chain.records) > 1):
                cdr.answer, cdr.disposition = self._clock(), "ANSWERED"

    def _dial_began(self, event: events.DialBegan) -> None:
        caller, peer = event.caller, event.peer
        if caller is None:
            chain = self._chains.get(peer)
            if chain is not None:
                chain.records[-1].last_app, chain.records[-1].last_data = "Dial", event.destination
            return
        self._chains.pop(peer, None)  # a dialled channel is a B party, its own record is not written
        chain = self._chains.get(caller)
        if chain is None:
            return
        first = chain.records[-1]
        if first.dst_channel or first.end:
            cdr = self._new(caller, self._clock() if first.end else first.start)
            cdr.dst, cdr.context = first.dst, first.context
            cdr.last_app, cdr.last_data = first.last_app, first.last_data
            chain.records.append(cdr)
        else:
            cdr = first
        cdr.dst_channel = peer.name
        cdr.peer_account = peer.account_code
        if chain.peers is None:
            chain.peers = {}
        chain.peers[peer] = cdr

    def _dial_ended(self, event: events.DialEnded) -> None:
        caller, peer, status = event.caller, event.peer, event.status
        if caller is None:
            chain = self._chains.get(peer)
            cdr = chain.records[-1] if chain else None
        else:
            chain = self._chains.get(caller)
            cdr = chain.peers.pop(peer, None) if chain and chain.peers else None
        if cdr is None or cdr.end:
            return
        cdr.disposition = self._disposition(status)
        if status == "ANSWER":
            if not cdr.answer:
                cdr.answer = self._clock()
        elif caller is not None:
            cdr.answer = 0.0
            cdr.end = self._clock()

    def _disposition(self, status: str) -> str:
        if status == "CONGESTION" and self.settings.congestion:
            return "CONGESTION"
        if status == "CANCEL" and self.settings.cancel_disposition:
            return "CANCEL"
        return _DISPOSITION_OF_DIAL.get(status, "FAILED")

    def _entered(self, event: events.BridgeEntered) -> None:
        """Two channels that meet without one having dialled the other: the older is the A party."""
        channels = event.bridge.channels
        if len(channels) != 2:
            return
        one, two = sorted(channels, key=lambda channel: channel.created_at)
        chain = self._chains.get(one)
        if chain is None:
            return
        cdr = chain.records[-1]
        if not cdr.end and not cdr.dst_channel:
            cdr.dst_channel, cdr.peer_account = two.name, two.account_code

    def _left(self, event: events.BridgeLeft) -> None:
        now = 0.0
        for channel in (event.channel, *event.bridge.channels):
            chain = self._chains.get(channel)
            if chain is not None and not channel.ended:
                for cdr in chain.records:
                    if not cdr.end and cdr.dst_channel:
                        now = now or self._clock()
                        cdr.take(channel)
                        cdr.end = now

    def _hangup_requested(self, event: events.ChannelHangupRequested) -> None:
        if self.settings.end_before_h_exten:
            self._finish(event.channel)

    def _hung_up(self, event: events.ChannelHungUp) -> None:
        self._finish(event.channel)

    # ---------------------------------------------------------------- the end of a chain

    def _finish(self, channel: Channel) -> None:
        chain = self._chains.pop(channel, None)
        if chain is None:
            return
        now = self._clock()
        for cdr in chain.records:
            if not cdr.end:
                cdr.take(channel)
                cdr.end = now
                if chain.peers and cdr in chain.peers.values() and not cdr.answer:
                    cdr.disposition = self._disposition("CANCEL")
            if cdr.disabled:
                continue
            if not cdr.answer and not cdr.dst_channel and not self.settings.unanswered:
                continue
            self.written += 1
            for backend in self.backends:
                try:
                    backend.write(cdr, self.settings)
                except Exception:
                    log.exception("%s: a CDR backend refused the record", cdr.channel)
