"""The race of Dial: several legs ring, the first to answer wins, the others are cancelled."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.channel import MAX_FORWARDS, ChannelState
from offhook.pbx.inbox import Inbox
from offhook.pbx.originate import attempt_status, dial_status
from offhook.pbx.party import PartyId, Redirecting
from offhook.pbx.pbx import CannotDialError
from offhook.pbx.ringing import ringing_of

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel

__all__ = ["Race", "RaceObserver", "RaceResult", "Tunes"]

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tunes:
    """What the caller hears while the legs ring: nothing of ours, ringing at once, a tone, or music."""

    ring_at_once: bool = False  # r
    tone: str = ""  # r(tone): a tone of the zone in place of ringing
    ring_until_media: bool = False  # R
    start_music: Callable[[], Callable[[], None] | None] | None = None  # m

    @property
    def passes_progress(self) -> bool:
        """Whether ringing and early media of the legs reach the caller."""
        return not self.ring_at_once and self.start_music is None


class RaceObserver(Protocol):
    """Is told what becomes of the legs of a race, but for those that diversions lead to."""

    def requested(self, destination: str, legs: Sequence[Channel], cause: int) -> None:
        """A destination has these legs, which are not placed yet; without any it was refused for `cause`."""
        ...

    def prepared(self) -> None:
        """What is done with each leg before any is called has been done."""
        ...

    def rings(self, leg: Channel) -> None:
        """A leg rings."""
        ...

    def failed(self, leg: Channel) -> None:
        """A leg has ended by itself."""
        ...

    def forwarded(self, leg: Channel) -> None:
        """A called party diverts the call."""
        ...


@dataclass(slots=True)
class RaceResult:
    """How the race ended: the winner, or the DIALSTATUS without one."""

    status: str
    winner: Channel | None = None
    digit: str = ""  # the caller pressed it to leave (d)
    ring_ms: int | None = None  # from the beginning until it rang first
    progress_ms: int | None = None


@dataclass(slots=True)
class Race:
    """Calls `destinations` at once for `caller`.

    All legs are gone when `run` returns without a winner, raises or is cancelled; with a winner, all
    others.  The ends of all attempts but the winner's are announced (DialEnded); what becomes of the winner
    is said by who runs the race.  The caller's hangup cause is that of the leg that failed last.
    """

    caller: Channel
    destinations: Sequence[str]
    inbox: Inbox[events.LegEvent]
    tunes: Tunes
    caller_id: PartyId  # shown to the called parties
    forward_caller_id: PartyId | None = None  # shown to those whom a diversion leads to
    stored_caller_id: PartyId | None = None  # o: each leg's own caller id
    prepare: Callable[[Channel], Awaitable[None]] | None = None  # done with each leg before any is called
    on_progress: Callable[[Channel], None] | None = None  # told of the first progress
    # Passes on what a leg says of a diversion; else the caller is told at once.
    on_redirecting: Callable[[Channel, Redirecting], Awaitable[None]] | None = None
    # Tells the caller whom it is connected with; else that is done at once.
    on_connected: Callable[[Channel, PartyId], Awaitable[None]] | None = None
    on_failed: Callable[[Channel], None] | None = None  # told of each leg that has ended by itself
    observer: RaceObserver | None = None
    ignore_forwards: bool = False  # i
    ignore_connected_line: bool = False  # I
    forward_ends_timeout: bool = False  # z
    cancel_as_answered_elsewhere: bool = False  # c
    losers_cause: int = Cause.ANSWERED_ELSEWHERE  # Q
    hangup_code: str = ""  # H
    digit_leaves: Callable[[str], bool] | None = None  # d
    legs: dict[Channel, str] = field(default_factory=dict["Channel", str])  # -> destination
    # Legs that ring already -> whom they are to be connected with.
    _adopted: dict[Channel, PartyId] = field(default_factory=dict["Channel", PartyId])
    _failed: list[str] = field(default_factory=list[str])  # the DIALSTATUS of each lost attempt
    _forwards: int = 0
    _typed: str = ""
    _deadline: float | None = None
    _progress_deadline: float | None = None

    async def run(self, timeout: float | None, progress_timeout: float | None = None) -> RaceResult:
        """Wait for a winner, at most `timeout` seconds, and `progress_timeout` for the first sign of life."""
        loop = self.caller.pbx.loop
        began = loop.time()
        result = RaceResult("CANCEL")  # until something else happens: the caller hangs up
        stop_tunes: Callable[[], None] | None = None
        try:
            for destination in self.destinations:
                legs = self._request(destination, self.caller_id)
                if self.observer is not None:
                    self.observer.requested(destination, legs, self.caller.hangup_cause)
            await self._prepare()
            for leg, destination in list(self.legs.items()):
                if leg in self._adopted:
                    self._go_on_ringing(leg, destination)
                elif leg in self.legs:
                    leg.place(destination.partition("/")[2], caller=self.caller)
            if not self.legs:
                result.status = self._lost()
                return result
            self._deadline = None if timeout is None else began + timeout
            self._progress_deadline = None if progress_timeout is None else began + progress_timeout
            stop_tunes = self._start_tunes()
            single = len(self.legs) == 1
            while True:
                event = await self.inbox.get(self._left(loop.time()))
                if event is None:
                    result.status = "NOANSWER"
                    return result
                leg = event.channel
                if leg is self.caller:
                    if isinstance(event, events.Digit) and self._caller_pressed(event.digit, result):
                        return result
                    continue
                if leg not in self.legs:
                    continue
                match event:
                    case events.Answered():
                        await self._name_party(leg)
                        if leg in self._adopted:
                            leg.set_connected(self._adopted[leg])
                        result.winner, result.status = leg, "ANSWER"
                        del self.legs[leg]
                        return result
                    case events.PickedUp(by=by, accept=accept):
                        if self._give_to(leg, by, accept):
                            result.winner, result.status = by, "ANSWER"
                            return result
                    case events.Ringing():
                        self._progress_deadline = None
                        if result.ring_ms is None:
                            result.ring_ms = int((loop.time() - began) * 1000)
                        if single:
                            await self._name_party(leg)
                        self._rings(leg)
                    case events.Progressing(early_media=early_media):
                        self._progress_deadline = None
                        if result.progress_ms is None:
                            result.progress_ms = int((loop.time() - began) * 1000)
                            if self.on_progress is not None:
                                self.on_progress(leg)
                        if single:
                            await self._name_party(leg)
                        self._progresses(leg, early_media, single)
                    case events.NewConnectedLine(party=party):
                        if single and not self.ignore_connected_line:
                            await self._tell_connected(party)
                    case events.NewRedirecting(redirecting=redirecting):
                        await self._tell_redirecting(leg, redirecting)
                    case events.Redirected(targets=targets):
                        redirecting = self._forward(leg, targets)
                        if redirecting is not None:
                            await self._tell_redirecting(leg, redirecting)
                    case events.HungUp():
                        self._leg_failed(leg)
                    case events.Detached():
                        del self.legs[leg]
                    case _:
                        pass
                if not self.legs:
                    result.status = self._lost()
                    return result
        finally:
            self._cancel_rest(result)
            self.caller.stop_ringing()
            if stop_tunes is not None:
                stop_tunes()

    def _left(self, now: float) -> float | None:
        """Seconds until the next deadline."""
        deadline = self._deadline
        progress = self._progress_deadline
        if progress is not None and (deadline is None or progress < deadline):
            deadline = progress
        return None if deadline is None else deadline - now

    # ------------------------------------------------------------ legs

    def _request(self, destination: str, shown: PartyId) -> list[Channel]:
        caller = self.caller
        ringing = ringing_of(caller.pbx)
        adopted = ringing.take(caller, destination)
        if adopted:
            for leg in adopted:
                self._adopted[leg] = shown
                self.legs[leg] = destination
                ringing.add(leg, caller, destination)
            return adopted
        try:
            legs = caller.pbx.request(destination, caller=caller)
        except CannotDialError as error:
            caller.hangup_cause = error.cause
            self._failed.append(dial_status(error.cause))
            log.info("%s: cannot dial %s: %s", caller.name, destination, error)
            return []
        number = destination.partition("/")[2]
        for leg in legs:
            leg.inbox = self.inbox
            leg.inherit_from(caller)
            leg.set_connected(shown)
            if self.stored_caller_id is not None:
                leg.set_caller(self.stored_caller_id)
            elif not leg.caller:
                leg.set_caller(PartyId(number=caller.exten))
                leg.caller_is_guess = leg.leads_on
            leg.exten = caller.exten
            leg.variables["DIALEDPEERNUMBER"] = number
            self.legs[leg] = destination
            ringing.add(leg, caller, destination)
        return legs

    def _go_on_ringing(self, leg: Channel, destination: str) -> None:
        """A leg rings already, of somebody whose place the caller has taken."""
        caller = self.caller
        caller.pbx.bus.emit(events.DialBegan, caller, leg, destination.partition("/")[2])
        if leg.state is ChannelState.RINGING:
            self.inbox.put(events.Ringing(leg))
        for event in leg.inbox.take_all():
            self.inbox.put(event)
        leg.inbox = self.inbox

    async def _prepare(self) -> None:
        if self.prepare is None:
            return
        for leg in list(self.legs):
            if leg in self._adopted:
                continue
            if not leg.ended:
                await self.prepare(leg)
            if leg.ended:
                self.legs.pop(leg, None)
                self.caller.hangup_cause = leg.hangup_cause
                self._failed.append(dial_status(leg.hangup_cause))
        if self.observer is not None:
            self.observer.prepared()

    def _leg_failed(self, leg: Channel) -> None:
        del self.legs[leg]
        cause = leg.hangup_cause
        self.caller.hangup_cause = cause
        self._failed.append(dial_status(cause))
        if self.on_failed is not None:
            self.on_failed(leg)
        if self.observer is not None:
            self.observer.failed(leg)
        self.caller.pbx.bus.emit(events.DialEnded, self.caller, leg, attempt_status(cause))

    def _give_to(self, leg: Channel, by: Channel, accept: Callable[[Channel], bool]) -> bool:
        """Another channel takes the place of a leg that rings (Pickup); whether it did."""
        caller, bus = self.caller, self.caller.pbx.bus
        if by.ended or by.hangup_requested or not accept(caller):
            return False
        destination = self.legs.pop(leg)
        bus.emit(events.CallPickedUp, by, leg)
        bus.emit(events.DialEnded, caller, leg, "CANCEL")
        leg.inbox = Inbox()
        leg.hangup(Cause.ANSWERED_ELSEWHERE)
        by.inbox = self.inbox
        by.variables["DIALEDPEERNUMBER"] = destination.partition("/")[2]
        bus.emit(events.DialBegan, caller, by, destination)
        return True

    async def _tell_redirecting(self, leg: Channel, redirecting: Redirecting) -> None:
        if self.on_redirecting is not None:
            await self.on_redirecting(leg, redirecting)
        else:
            self.caller.set_redirecting(redirecting)

    def _forward(self, leg: Channel, targets: Sequence[str]) -> Redirecting | None:
        """The called party diverts (302): call the new number in its place, through the dialplan.

        How it was diverted, for the caller; None when nobody is called.
        """
        caller, bus = self.caller, self.caller.pbx.bus
        self._forwards += 1
        del self.legs[leg]
        if self.observer is not None:
            self.observer.forwarded(leg)
        legs: list[Channel] = []
        if self.ignore_forwards or not targets:
            self._failed.append("BUSY")
        elif self._forwards > MAX_FORWARDS:
            log.warning("%s: %s diverts for ever: no further", caller.name, leg.name)
            self._failed.append("BUSY")
        else:
            target = targets[0]
            context = leg.get_variable("FORWARD_CONTEXT") or leg.context
            destination = target if "/" in target else f"Local/{target}@{context}"
            log.info("%s: %s diverts to %s", caller.name, leg.name, destination)
            legs = self._request(destination, self.forward_caller_id or self.caller_id)
        forward = targets[0] if legs else ""
        bus.emit(events.DialEnded, caller, leg, "CANCEL" if legs else "BUSY", forward)
        said = leg.redirecting
        number = targets[0].partition("/")[2].partition("@")[0] if targets else ""
        dialled = PartyId(number=caller.exten)
        redirecting = replace(
            said,
            by=said.by or dialled,
            orig=said.orig or caller.redirecting.orig or dialled,
            to=said.to or PartyId(number=number or (targets[0] if targets else "")),
        )
        for new in legs:
            new.redirecting = redirecting
            new.max_forwards -= self._forwards
            new.variables["FORWARDERNAME"] = leg.name
            new.place(self.legs[new].partition("/")[2], caller=caller)
        leg.inbox = Inbox()
        leg.hangup(Cause.REDIRECTED_TO_NEW_DESTINATION)
        if self.forward_ends_timeout:
            self._deadline = self._progress_deadline = None
        return redirecting if legs else None

    # ------------------------------------------------------------ what the caller hears and presses

    def _start_tunes(self) -> Callable[[], None] | None:
        tunes, caller = self.tunes, self.caller
        if tunes.start_music is not None:
            stop = tunes.start_music()
            caller.progress()
            return stop
        if tunes.tone:
            caller.progress()
            try:
                caller.start_ring_tone(tunes.tone)
            except (LookupError, ValueError) as error:
                log.warning("%s: %s; it rings instead", caller.name, error)
                caller.ring()
        elif tunes.ring_at_once or tunes.ring_until_media:
            caller.ring()
        return None

    async def _name_party(self, leg: Channel) -> None:
        """One phone rings, or one has answered: the caller's 180, 183 or 200 says whose it is."""
        known = not self.ignore_connected_line and not leg.caller_is_guess
        if known and leg.caller != self.caller.connected:
            await self._tell_connected(leg.caller)

    async def _tell_connected(self, party: PartyId) -> None:
        if self.on_connected is not None:
            await self.on_connected(self.caller, party)
        else:
            self.caller.set_connected(party)

    def _rings(self, leg: Channel) -> None:
        if self.observer is not None:
            self.observer.rings(leg)
        self.caller.pbx.bus.emit(events.DialStateChanged, self.caller, leg, "RINGING")
        if self.tunes.passes_progress:
            self.caller.ring()

    def _progresses(self, leg: Channel, early_media: bool, single: bool) -> None:
        caller = self.caller
        caller.pbx.bus.emit(events.DialStateChanged, caller, leg, "PROGRESS")
        if not single or not self.tunes.passes_progress:
            return
        if early_media:
            caller.stop_ringing()
        caller.progress()
        if not early_media:  # told, as it was to us: what there is to be heard stays
            return
        if caller.media is not None and leg.media is not None and not caller.ended:
            caller.media.bridge(leg.media)

    def _caller_pressed(self, digit: str, result: RaceResult) -> bool:
        if self.digit_leaves is not None and self.digit_leaves(digit):
            result.status, result.digit = "CANCEL", digit
            return True
        code = self.hangup_code
        if code:
            typed = self._typed + digit
            if typed == code:
                result.status = "CANCEL"
                return True
            self._typed = typed if code.startswith(typed) else digit if code.startswith(digit) else ""
        return False

    # ------------------------------------------------------------ the end

    def _lost(self) -> str:
        """No leg is left.  Busy counts before congestion before the rest, unless somebody let it ring."""
        failed = self._failed
        if not failed:
            return "CHANUNAVAIL"
        for status in ("NOANSWER", "BUSY", "CONGESTION"):
            if status in failed:
                return status
        return "CHANUNAVAIL"

    def _cancel_rest(self, result: RaceResult) -> None:
        caller = self.caller
        cause: int = Cause.NORMAL_CLEARING
        if result.winner is not None:
            cause = self.losers_cause
        elif self.cancel_as_answered_elsewhere or caller.hangup_cause == Cause.ANSWERED_ELSEWHERE:
            cause = Cause.ANSWERED_ELSEWHERE
        status = "NOANSWER" if result.status == "NOANSWER" else "CANCEL"
        for leg in list(self.legs):
            if leg.inbox is not self.inbox and not leg.ended:
                continue  # somebody else has it by now
            if leg.placed:
                caller.pbx.bus.emit(events.DialEnded, caller, leg, status)
            leg.inbox = Inbox()  # nobody needs to be told
            leg.hangup(cause)
        self.legs.clear()
