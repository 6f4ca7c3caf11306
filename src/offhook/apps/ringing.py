"""The race of Dial: several legs ring, the first to answer wins, the others are cancelled."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.originate import dial_status
from offhook.pbx.party import PartyId
from offhook.pbx.pbx import CannotDialError

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel
    from offhook.pbx.inbox import Inbox

__all__ = ["Race", "RaceResult", "Tunes"]

log = logging.getLogger(__name__)

# A chain of diversions (302 to a number that diverts ...) ends somewhere.
_MOST_FORWARDS = 20


@dataclass(slots=True)
class Tunes:
    """What the caller hears while the legs ring: nothing of ours, ringing at once, or music."""

    ring_at_once: bool = False  # r
    ring_until_media: bool = False  # R
    start_music: Callable[[], Callable[[], None] | None] | None = None  # m

    @property
    def passes_progress(self) -> bool:
        """Whether ringing and early media of the legs reach the caller."""
        return not self.ring_at_once and self.start_music is None


@dataclass(slots=True)
class RaceResult:
    """How the race ended: the winner, or the DIALSTATUS without one."""

    status: str
    winner: Channel | None = None
    cause: int = 0
    digit: str = ""  # the caller pressed it to leave (d)
    ring_ms: int = 0
    progress_ms: int = 0


@dataclass(slots=True)
class Race:
    """Calls `destinations` at once for `caller`.

    All legs are gone when `run` returns without a winner, raises or is cancelled; with a winner, all
    others.
    """

    caller: Channel
    destinations: Sequence[str]
    inbox: Inbox[events.LegEvent]
    tunes: Tunes
    caller_id: PartyId
    prepare: Callable[[Channel], Awaitable[None]] | None = None  # done with each new leg before it is called
    ignore_forwards: bool = False  # i
    ignore_connected_line: bool = False  # I
    cancel_as_answered_elsewhere: bool = False  # c
    hangup_digit: str = ""  # H
    digit_leaves: Callable[[str], bool] | None = None  # d
    legs: dict[Channel, str] = field(default_factory=dict["Channel", str])  # -> destination
    causes: list[int] = field(default_factory=list[int])
    forwards: int = 0

    async def run(self, timeout: float | None) -> RaceResult:
        """Wait for a winner, at most `timeout` seconds."""
        caller = self.caller
        loop = caller.pbx.loop
        began = loop.time()
        result = RaceResult("NOANSWER")
        stop_music: Callable[[], None] | None = None
        try:
            for destination in self.destinations:
                await self._call(destination, caller)
            if not self.legs:
                return self._lost(result)
            if self.tunes.ring_at_once or self.tunes.ring_until_media:
                caller.ring()
            elif self.tunes.start_music is not None:
                stop_music = self.tunes.start_music()
            single = len(self.legs) == 1
            deadline = None if timeout is None else began + timeout
            while True:
                event = await self.inbox.get(None if deadline is None else deadline - loop.time())
                if event is None:
                    result.status, result.cause = "NOANSWER", Cause.NO_ANSWER
                    return result
                leg = event.channel
                if leg is caller:
                    if isinstance(event, events.Digit) and self._caller_pressed(event.digit, result):
                        return result
                    continue
                if leg not in self.legs:
                    continue
                match event:
                    case events.Answered():
                        result.winner, result.status = leg, "ANSWER"
                        caller.pbx.bus.emit(events.DialEnded, caller, leg, "ANSWER")
                        del self.legs[leg]
                        return result
                    case events.Ringing():
                        result.ring_ms = result.ring_ms or int((loop.time() - began) * 1000)
                        caller.pbx.bus.emit(events.DialStateChanged, caller, leg, "RINGING")
                        if self.tunes.passes_progress:
                            caller.ring()
                    case events.Progressing(early_media=early_media):
                        result.progress_ms = result.progress_ms or int((loop.time() - began) * 1000)
                        caller.pbx.bus.emit(events.DialStateChanged, caller, leg, "PROGRESS")
                        if early_media and single and self.tunes.passes_progress:
                            self._early_media(leg)
                    case events.NewConnectedLine(party=party):
                        if single and not self.ignore_connected_line:
                            caller.set_connected(party)
                    case events.Redirected(targets=targets):
                        await self._forward(leg, targets)
                    case events.HungUp():
                        self._leg_failed(leg)
                    case events.Detached():
                        del self.legs[leg]
                    case _:
                        pass
                if not self.legs:
                    return self._lost(result)
        finally:
            self._cancel_rest(result)
            if stop_music is not None:
                stop_music()

    # ------------------------------------------------------------ legs

    async def _call(self, destination: str, caller: Channel) -> None:
        try:
            legs = caller.pbx.request(destination, caller=caller)
        except CannotDialError as error:
            self.causes.append(error.cause)
            log.info("%s: cannot dial %s: %s", caller.name, destination, error)
            return
        for leg in legs:
            leg.inbox = self.inbox
            leg.inherit_from(caller)
            leg.connected = self.caller_id
            if not leg.caller:
                leg.caller = PartyId(number=caller.exten)
            leg.context, leg.exten = caller.context, caller.exten
            self.legs[leg] = destination
            if self.prepare is not None:
                await self.prepare(leg)
            if not leg.ended:
                leg.place(destination.partition("/")[2], caller=caller)

    def _early_media(self, leg: Channel) -> None:
        caller = self.caller
        caller.progress()
        if caller.media is not None and leg.media is not None and not caller.ended:
            caller.media.bridge(leg.media)

    def _leg_failed(self, leg: Channel) -> None:
        del self.legs[leg]
        cause = leg.hangup_cause
        self.causes.append(cause)
        self.caller.pbx.bus.emit(events.DialEnded, self.caller, leg, dial_status(cause))

    async def _forward(self, leg: Channel, targets: Sequence[str]) -> None:
        """The called party diverts (302): call the new number in its place, through the dialplan."""
        self.forwards += 1
        del self.legs[leg]
        self.caller.pbx.bus.emit(events.DialEnded, self.caller, leg, "FORWARD")
        leg.hangup(Cause.REDIRECTED_TO_NEW_DESTINATION)
        if self.ignore_forwards or self.forwards > _MOST_FORWARDS or not targets:
            self.causes.append(Cause.NO_ANSWER)
            return
        context = self.caller.get_variable("FORWARD_CONTEXT") or leg.context
        target = targets[0]
        await self._call(target if "/" in target else f"Local/{target}@{context}", self.caller)

    def _caller_pressed(self, digit: str, result: RaceResult) -> bool:
        if digit == self.hangup_digit:
            result.status, result.cause = "CANCEL", Cause.NORMAL_CLEARING
            return True
        if self.digit_leaves is not None and self.digit_leaves(digit):
            result.status, result.digit, result.cause = "CANCEL", digit, Cause.NORMAL_CLEARING
            return True
        return False

    def _lost(self, result: RaceResult) -> RaceResult:
        """No leg is left: busy counts before congestion before no answer, as in Asterisk."""
        statuses = {dial_status(cause): cause for cause in self.causes}
        for status in ("BUSY", "CONGESTION", "CHANUNAVAIL", "NOANSWER"):
            if status in statuses:
                result.status, result.cause = status, statuses[status]
                return result
        result.status, result.cause = "CHANUNAVAIL", Cause.NO_ROUTE_DESTINATION
        return result

    def _cancel_rest(self, result: RaceResult) -> None:
        caller = self.caller
        if result.winner is not None or self.cancel_as_answered_elsewhere:
            cause = Cause.ANSWERED_ELSEWHERE
        else:
            cause = Cause.NORMAL_CLEARING
        status = "NOANSWER" if result.status == "NOANSWER" and not caller.hangup_requested else "CANCEL"
        for leg in list(self.legs):
            caller.pbx.bus.emit(events.DialEnded, caller, leg, status)
            leg.hangup(cause)
        self.legs.clear()
