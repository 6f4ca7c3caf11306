"""Call detail records: who called whom, from when to when, and how it ended.

The engine listens to the bus and keeps, for each channel that may be the A party of a record, a chain
of records, by Asterisk's rules since version 12.  A record begins single.  Dialling gives it a B party;
each further party dialled at the same time, and each that is dialled later, makes one more record.  An
attempt that fails ends its record; one that is answered is pending until the two are bridged; leaving
the bridge ends it.  What the channel does afterwards in the dialplan is a new record.  The chain is
written when the channel is gone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from offhook.levels import verbose
from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.channel import ChannelState

if TYPE_CHECKING:
    from offhook.pbx.bus import Bus
    from offhook.pbx.channel import Channel

__all__ = ["AMA_FLAGS", "CDR_DISPOSITIONS", "Cdr", "CdrBackend", "CdrEngine", "CdrSettings", "CdrState"]

log = logging.getLogger(__name__)

AMA_FLAGS = {1: "OMIT", 2: "BILLING", 3: "DOCUMENTATION"}
CDR_DISPOSITIONS = {"NO ANSWER": 0, "FAILED": 2, "BUSY": 4, "ANSWERED": 8, "CONGESTION": 16, "CANCEL": 32}
"""The numbers that Asterisk has for them."""

_DISPOSITION_OF_DIAL = {
    "ANSWER": "ANSWERED",
    "BUSY": "BUSY",
    "NOANSWER": "NO ANSWER",
    "CANCEL": "NO ANSWER",
    "CONGESTION": "FAILED",
}
_DISPOSITION_OF_CAUSE: dict[int, str] = {
    Cause.USER_BUSY: "BUSY",
    Cause.NORMAL_CIRCUIT_CONGESTION: "FAILED",
    Cause.NO_ROUTE_DESTINATION: "FAILED",
    Cause.SUBSCRIBER_ABSENT: "FAILED",
}
# Without a B party such records are written with `unanswered` only.
_UNANSWERED = frozenset(("NO ANSWER", "FAILED", "BUSY"))


@dataclass(frozen=True, slots=True)
class CdrSettings:
    """cdr.conf [general]."""

    enable: bool = True
    unanswered: bool = False  # also write records without answer and without B party
    congestion: bool = False  # disposition CONGESTION of its own, else FAILED
    cancel_disposition: bool = False  # canceldispositionenabled: CANCEL of its own, else NO ANSWER
    end_before_h_exten: bool = True
    initiated_seconds: bool = False  # half a second and more counts as one in billsec
    channel_default_enabled: bool = True
    ignore_dial_changes: bool = False
    ignore_state_changes: bool = False


class CdrState(Enum):
    """Where a record is on its way."""

    SINGLE = "single"
    DIAL = "dial"
    PENDING = "pending"  # the B party has answered
    BRIDGE = "bridge"
    FINAL = "final"


class Cdr:
    """One record.  Times are seconds since the epoch; `answer` is 0 when there was none."""

    __slots__ = (
        "account_code",
        "ama_flags",
        "answer",
        "app_locked",
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
        "party_b",
        "peer_account",
        "sequence",
        "src",
        "start",
        "state",
        "uniqueid",
        "user_field",
        "variables",
    )

    def __init__(self, channel: Channel, start: float, sequence: int) -> None:
        self.start = start
        self.sequence = sequence
        self.state = CdrState.SINGLE
        self.answer = 0.0
        self.end = 0.0
        self.disposition = ""  # not known yet
        self.party_b: Channel | None = None
        self.dst_channel = ""
        self.disabled = False
        self.app_locked = False
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
        """Take what may have changed in the parties since the record began."""
        caller = channel.caller
        self.src = caller.number
        self.clid = f'"{caller.name}" <{caller.number}>'
        self.account_code = channel.account_code
        self.ama_flags = channel.ama_flags
        self.linkedid = channel.linkedid
        self.user_field = channel.user_field
        party_b = self.party_b
        if party_b is not None:
            self.dst_channel = party_b.name
            self.peer_account = party_b.account_code
            if party_b.user_field:
                self.user_field = f"{channel.user_field};{party_b.user_field}"

    @property
    def duration(self) -> int:
        """Whole seconds from start to end."""
        return max(_ms(self.end - self.start), 0) // 1000

    def billsec(self, round_up: bool = False) -> int:
        """Whole seconds from answer to end; `round_up` counts half a second and more (initiatedseconds)."""
        if not self.answer:
            return 0
        ms = max(_ms(self.end - self.answer), 0)
        return ms // 1000 + (1 if round_up and ms % 1000 >= 500 else 0)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


class CdrBackend(Protocol):
    """Where finished records go.  `write` must not wait."""

    name: str

    def write(self, cdr: Cdr, settings: CdrSettings) -> None:
        """Take one finished record."""
        ...


class _Chain:
    """The records of one channel."""

    __slots__ = ("disabled", "hung_up_at", "prefers_party_a", "records")

    def __init__(self, disabled: bool) -> None:
        self.records: list[Cdr] = []
        self.disabled = disabled
        self.prefers_party_a = False  # CDR_PROP(party_a)
        self.hung_up_at = 0.0


class CdrEngine:
    """Makes records from bus events and gives the finished ones to the backends."""

    def __init__(self, bus: Bus, clock: Callable[[], float], settings: CdrSettings) -> None:
        self.settings = settings
        self.backends: list[CdrBackend] = []
        self.written = 0
        self.debug = False  # cdr set debug
        self._clock = clock
        self._chains: dict[Channel, _Chain] = {}
        self._sequence = 0
        self._stops: list[Callable[[], None]] = []
        if settings.enable:
            self._stops = [
                bus.listen(events.ChannelCreated, self._created),
                bus.listen(events.NewExtension, self._new_extension),
                bus.listen(events.ChannelAnswered, self._answered),
                bus.listen(events.ChannelHangupRequested, self._hangup_requested),
                bus.listen(events.ChannelHungUp, self._hung_up),
                bus.listen(events.DialEnded, self._dial_ended),
            ]
            if not settings.ignore_dial_changes:
                self._stops.append(bus.listen(events.DialBegan, self._dial_began))
            if not settings.ignore_state_changes:
                self._stops.append(bus.listen(events.BridgeEntered, self._entered))
                self._stops.append(bus.listen(events.BridgeLeft, self._left))
                self._stops.append(bus.listen(events.LocalOptimizationBegan, self._optimized))

    def close(self) -> None:
        """Stop listening.  What is open is written as it stands."""
        for stop in self._stops:
            stop()
        self._stops = []
        for channel in list(self._chains):
            self._finish(channel)

    @property
    def active(self) -> int:
        """Channels that have records."""
        return len(self._chains)

    @contextmanager
    def lend(self, channel: Channel, cdr: Cdr) -> Generator[None, None, None]:
        """Let CDR() of a channel, which is none of a call, give the fields of a finished record."""
        chain = self._chains[channel] = _Chain(disabled=True)
        chain.records.append(cdr)
        try:
            yield
        finally:
            del self._chains[channel]

    # ---------------------------------------------------------------- for CDR() and CDR_PROP()

    def records_of(self, channel: Channel) -> Sequence[Cdr]:
        """The channel's records so far, the current one last; empty when it has none."""
        chain = self._chains.get(channel)
        if chain is None:
            return ()
        for cdr in chain.records:
            if cdr.state is not CdrState.FINAL:
                cdr.take(channel)
        return chain.records

    def set_variable(self, channel: Channel, name: str, value: str) -> None:
        """Keep a value of the dialplan's own with the records that are open."""
        chain = self._chains.get(channel)
        if chain is not None:
            last = chain.records[-1]
            for cdr in chain.records:
                if cdr.state is not CdrState.FINAL or cdr is last:
                    cdr.variables = {**(cdr.variables or {}), name.lower(): value}

    def disable(self, channel: Channel, on: bool) -> None:
        """Write none of the channel's records, or write them after all."""
        chain = self._chains.get(channel)
        if chain is not None:
            chain.disabled = on
            for cdr in chain.records:
                if cdr.state is not CdrState.FINAL:
                    cdr.disabled = on

    def prefer_as_party_a(self, channel: Channel, on: bool) -> None:
        """Make the channel the A party when it is bridged with one that nobody dialled."""
        chain = self._chains.get(channel)
        if chain is not None:
            chain.prefers_party_a = on

    def fork(
        self, channel: Channel, *, keep_variables: bool, finish_first: bool, restart: bool, take_answer: bool
    ) -> None:
        """Begin another record of the channel, beside or in place of the one before (ForkCDR)."""
        chain = self._chains.get(channel)
        if chain is None:
            return
        last = chain.records[-1]
        now = self._clock()
        if finish_first:
            self._end(channel, last, now)
        cdr = self._append(channel, chain, last.start)
        cdr.state = last.state if last.state is not CdrState.FINAL else CdrState.SINGLE
        cdr.answer = last.answer if take_answer else 0.0
        if restart or finish_first:
            cdr.start = now
            cdr.answer = now if last.answer and not take_answer else cdr.answer
        if not keep_variables:
            cdr.variables = None

    def reset(self, channel: Channel, *, keep_variables: bool) -> None:
        """Let the channel's open records begin now (ResetCDR)."""
        chain = self._chains.get(channel)
        now = self._clock()
        for cdr in chain.records if chain is not None else ():
            if cdr.state is not CdrState.FINAL:
                cdr.start = now
                cdr.answer = now if cdr.answer else 0.0
                if not keep_variables:
                    cdr.variables = None

    # ---------------------------------------------------------------- chains

    def _begin(self, channel: Channel, start: float) -> _Chain:
        chain = self._chains[channel] = _Chain(not self.settings.channel_default_enabled)
        self._append(channel, chain, start)
        return chain

    def _append(self, channel: Channel, chain: _Chain, start: float) -> Cdr:
        self._sequence += 1
        cdr = Cdr(channel, start, self._sequence)
        cdr.disabled = chain.disabled
        if chain.records:
            last = chain.records[-1]
            cdr.dst, cdr.context = last.dst, last.context
            cdr.last_app, cdr.last_data = last.last_app, last.last_data
            cdr.variables = last.variables
        if channel.state is ChannelState.UP:
            cdr.answer = start
        chain.records.append(cdr)
        if self.debug:
            self._say("begins", cdr)
        return cdr

    @staticmethod
    def _say(what: str, cdr: Cdr) -> None:
        log.log(
            verbose(0),
            "CDR of %s %s: %s -> %s, %s@%s, %s %s",
            *(cdr.channel, what, cdr.src, cdr.dst_channel or "nobody", cdr.dst, cdr.context),
            *(cdr.state.name, cdr.disposition),
        )

    def _end(self, channel: Channel, cdr: Cdr, when: float) -> None:
        cdr.take(channel)
        cdr.state = CdrState.FINAL
        cdr.end = when
        cdr.party_b = None
        if not cdr.disposition:
            cdr.disposition = "ANSWERED" if cdr.answer else self._disposition_of_cause(channel.hangup_cause)
        if self.debug:
            self._say("ends", cdr)

    def _disposition_of_cause(self, cause: int) -> str:
        if cause == Cause.NORMAL_CIRCUIT_CONGESTION and self.settings.congestion:
            return "CONGESTION"
        return _DISPOSITION_OF_CAUSE.get(cause, "NO ANSWER")

    def _disposition_of_dial(self, status: str) -> str:
        if status == "CONGESTION" and self.settings.congestion:
            return "CONGESTION"
        if status == "CANCEL" and self.settings.cancel_disposition:
            return "CANCEL"
        return _DISPOSITION_OF_DIAL.get(status, "FAILED")

    # ---------------------------------------------------------------- bus events

    def _created(self, event: events.ChannelCreated) -> None:
        # What is dialled is a B party; it has records of its own when it comes into the dialplan.
        if not event.channel.outgoing:
            self._begin(event.channel, event.channel.created_at)

    def _new_extension(self, event: events.NewExtension) -> None:
        channel = event.channel
        if channel.hangup_requested and self.settings.end_before_h_exten:
            return
        chain = self._chains.get(channel)
        if chain is None:
            if channel.ended or channel.in_subroutine:  # `h` of Dial's option e, or its options b and U
                return
            chain = self._begin(channel, self._clock())
        handled = False
        for cdr in chain.records:
            if cdr.state is CdrState.PENDING:
                if cdr.party_b is not None:
                    self._end(channel, cdr, self._clock())
                else:
                    cdr.state = CdrState.SINGLE
            if cdr.state is not CdrState.FINAL:
                self._goes_on(channel, cdr, event)
                handled = True
        if not handled:
            self._goes_on(channel, self._append(channel, chain, self._clock()), event)

    @staticmethod
    def _goes_on(channel: Channel, cdr: Cdr, event: events.NewExtension) -> None:
        """The A party executes a priority."""
        if not channel.in_subroutine or channel.hangup_requested:
            cdr.dst, cdr.context = channel.exten, channel.context
        if not cdr.app_locked:
            cdr.last_app, cdr.last_data = event.application, event.data
            # Subroutines that Dial() runs are not what the record is about.
            cdr.app_locked = event.application == "Dial"

    def _answered(self, event: events.ChannelAnswered) -> None:
        chain = self._chains.get(event.channel)
        if chain is not None:
            for cdr in chain.records:
                if cdr.state is not CdrState.FINAL and not cdr.answer:
                    cdr.answer = self._clock()

    def _dial_began(self, event: events.DialBegan) -> None:
        caller, peer = event.caller, event.peer
        if caller is None:  # originated: it is the A party
            chain = self._chains.get(peer) or self._begin(peer, peer.created_at)
            chain.records[-1].state = CdrState.DIAL
            return
        chain = self._chains.get(caller)
        if chain is None:
            return
        taker: Cdr | None = None
        for cdr in chain.records:
            if cdr.state is CdrState.SINGLE:
                taker = cdr
            elif cdr.state is CdrState.PENDING:
                self._end(caller, cdr, self._clock())
        if taker is None:
            taker = self._append(caller, chain, self._clock())
        taker.party_b = peer
        taker.dst_channel = peer.name
        taker.state = CdrState.DIAL
        taker.app_locked = True

    def _dial_ended(self, event: events.DialEnded) -> None:
        caller, peer, status = event.caller, event.peer, event.status
        party_a = caller if caller is not None else peer
        chain = self._chains.get(party_a)
        if chain is None:
            return
        disposition = self._disposition_of_dial(status)
        if self.settings.ignore_dial_changes:
            for cdr in chain.records:
                cdr.disposition = disposition
            return
        for cdr in chain.records:
            if cdr.state is not CdrState.DIAL or (caller is not None and cdr.party_b is not peer):
                continue
            cdr.disposition = disposition
            if status == "ANSWER":
                cdr.state = CdrState.PENDING
            else:
                self._end(party_a, cdr, self._clock())

    def _entered(self, event: events.BridgeEntered) -> None:
        channel = event.channel
        chain = self._chains.get(channel)
        if chain is not None:
            for cdr in chain.records:
                if cdr.state is CdrState.SINGLE:
                    self._meet(channel, chain, cdr, event.bridge.channels)
                if cdr.state is not CdrState.FINAL:
                    cdr.state = CdrState.BRIDGE

    def _meet(self, channel: Channel, chain: _Chain, cdr: Cdr, present: Sequence[Channel]) -> None:
        """Nobody dialled: the older of the two is the A party, unless one prefers to be it."""
        for other in present:
            theirs = self._chains.get(other)
            if other is channel or theirs is None:
                continue
            record = next((one for one in theirs.records if one.state is CdrState.BRIDGE), None)
            if record is None:
                continue
            mine_first = channel.created_at < other.created_at
            if chain.prefers_party_a != theirs.prefers_party_a:
                mine_first = chain.prefers_party_a
            if mine_first:
                cdr.party_b = other
                if record.party_b is None:
                    self._end(other, record, self._clock())
            elif record.party_b is None:
                record.party_b = channel
                self._end(channel, cdr, self._clock())
            return

    def _optimized(self, event: events.LocalOptimizationBegan) -> None:
        """A Local channel makes room for the one behind it: the record goes on with that one."""
        for channel in event.destination.channels:
            chain = self._chains.get(channel)
            for cdr in chain.records if chain is not None else ():
                if cdr.state is CdrState.BRIDGE and cdr.party_b is event.one:
                    cdr.party_b = event.source

    def _left(self, event: events.BridgeLeft) -> None:
        channel = event.channel
        for party_a in (channel, *event.bridge.channels):
            chain = self._chains.get(party_a)
            if chain is None:
                continue
            for cdr in chain.records:
                if cdr.state is CdrState.BRIDGE and (party_a is channel or cdr.party_b is channel):
                    self._end(party_a, cdr, self._clock())

    def _hangup_requested(self, event: events.ChannelHangupRequested) -> None:
        chain = self._chains.get(event.channel)
        if chain is not None and not chain.hung_up_at:
            chain.hung_up_at = self._clock()

    def _hung_up(self, event: events.ChannelHungUp) -> None:
        self._finish(event.channel)

    # ---------------------------------------------------------------- the end of a chain

    def _finish(self, channel: Channel) -> None:
        chain = self._chains.pop(channel, None)
        if chain is None:
            return
        now = self._clock()
        if self.settings.end_before_h_exten and chain.hung_up_at:
            now = chain.hung_up_at
        for cdr in chain.records:
            if cdr.state is not CdrState.FINAL:
                self._end(channel, cdr, now)
            if cdr.disabled:
                continue
            if cdr.disposition in _UNANSWERED and not cdr.dst_channel and not self.settings.unanswered:
                continue
            self.written += 1
            if self.debug:
                self._say("is written", cdr)
            for backend in self.backends:
                try:
                    backend.write(cdr, self.settings)
                except Exception:
                    log.exception("%s: a CDR backend refused the record", cdr.channel)
