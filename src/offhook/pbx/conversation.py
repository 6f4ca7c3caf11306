"""Two legs that talk to each other, seen from the task that joined them.

`converse` bridges the legs and waits until one of them is gone, passing on what the media engine
does not carry: hold, connected line, digits sent by signalling, time limits, DTMF features.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from offhook.pbx import events
from offhook.pbx.bridge import Bridge
from offhook.pbx.channel import NotSupportedByChannelError

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel
    from offhook.pbx.inbox import Inbox

__all__ = ["Conversation", "Outcome", "TimeLimit", "converse"]


class Outcome(Enum):
    """Why a conversation ended."""

    CALLER_GONE = "caller"
    PEER_GONE = "peer"
    PEER_TAKEN = "taken"
    TIME_LIMIT = "limit"
    FEATURE = "feature"


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """Dial's L(x[:y[:z]]): end after `limit_ms`; warn `warn_ms` before and each `repeat_ms` from then on."""

    limit_ms: int
    warn_ms: int = 0
    repeat_ms: int = 0
    on_warning: Callable[[int], None] | None = None  # called with the ms that are left

    def moments(self) -> list[tuple[float, int]]:
        """(seconds from the start, ms left) of each warning, the end last."""
        found: list[tuple[float, int]] = []
        left = min(self.warn_ms, self.limit_ms)
        while left > 0:
            found.append(((self.limit_ms - left) / 1000, left))
            if self.repeat_ms <= 0:
                break
            left -= self.repeat_ms
        found.append((self.limit_ms / 1000, 0))
        return found


# A feature is a digit string that one side may press; the function is told who pressed it and returns
# an Outcome to end the conversation, None, or what is to be awaited (nothing else happens meanwhile).
Feature = tuple[str, Callable[["Channel"], "Outcome | Coroutine[Any, Any, None] | None"]]


@dataclass(slots=True)
class Conversation:
    """What to observe while two legs talk."""

    limit: TimeLimit | None = None
    caller_features: Sequence[Feature] = ()
    peer_features: Sequence[Feature] = ()
    pass_connected_line: bool = True
    feature_digit_timeout: float = 1.0  # seconds; features.conf featuredigittimeout
    on_begin: Callable[[Channel, Channel], None] | None = None  # both are joined now
    _pressed: dict[Channel, str] = field(default_factory=lambda: dict["Channel", str]())

    async def run(self, caller: Channel, peer: Channel, inbox: Inbox[events.LegEvent]) -> Outcome:
        """Bridge `caller` and `peer`, whose events both arrive in `inbox`, until one is gone.

        Both have left the bridge when this returns or is cancelled; nobody is hung up.
        """
        if caller.ended or peer.ended:
            return Outcome.CALLER_GONE if caller.ended else Outcome.PEER_GONE
        caller.stop_ringing()
        caller.set_variable("BRIDGEPEER", peer.name)
        peer.set_variable("BRIDGEPEER", caller.name)
        bridge = Bridge(caller.pbx)
        try:
            bridge.join(peer)
            bridge.join(caller)
            for leg, other, features in self._sides(caller, peer):
                if features or not other.digits_in_media:
                    leg.relay_digits(False)
                if leg.held:
                    self._start_hold_music(leg, other)
            if self.on_begin is not None:
                self.on_begin(caller, peer)
            return await self._watch(caller, peer, inbox)
        finally:
            bridge.dissolve()
            for leg, other, features in self._sides(caller, peer):
                if features or not other.digits_in_media:
                    leg.relay_digits(True)
                if leg.held:
                    self._stop_hold_music(other)
            self._pressed.clear()

    def _sides(
        self, caller: Channel, peer: Channel
    ) -> tuple[tuple[Channel, Channel, Sequence[Feature]], tuple[Channel, Channel, Sequence[Feature]]]:
        return (caller, peer, self.caller_features), (peer, caller, self.peer_features)

    async def _watch(self, caller: Channel, peer: Channel, inbox: Inbox[events.LegEvent]) -> Outcome:
        if self.limit is None and not self.caller_features and not self.peer_features:
            while True:  # the usual case: no deadline to compute
                outcome = self._handle(await inbox.get(), caller, peer)
                if isinstance(outcome, Outcome):
                    return outcome
        now = caller.pbx.loop.time
        start = now()
        moments = self.limit.moments() if self.limit else []
        flush_at: float | None = None
        while True:
            due = start + moments[0][0] if moments else None
            if flush_at is not None and (due is None or flush_at < due):
                due = flush_at
            event = await inbox.get(None if due is None else due - now())
            if event is None:
                if flush_at is not None and now() >= flush_at:
                    self._flush(caller, peer)
                    flush_at = None
                if moments and now() >= start + moments[0][0]:
                    _, left = moments.pop(0)
                    if left == 0:
                        return Outcome.TIME_LIMIT
                    if self.limit and self.limit.on_warning:
                        self.limit.on_warning(left)
                continue
            outcome = self._handle(event, caller, peer)
            if isinstance(outcome, Outcome):
                return outcome
            if outcome is not None:
                await outcome
            flush_at = now() + self.feature_digit_timeout if any(self._pressed.values()) else None

    def _handle(
        self, event: events.LegEvent | None, caller: Channel, peer: Channel
    ) -> Outcome | Coroutine[Any, Any, None] | None:
        if event is None:
            return None
        leg = event.channel
        if leg is not caller and leg is not peer:
            return None  # the end of an attempt that lost the race
        other = peer if leg is caller else caller
        match event:
            case events.HungUp():
                return Outcome.CALLER_GONE if leg is caller else Outcome.PEER_GONE
            case events.Detached():
                return Outcome.PEER_TAKEN
            case events.Digit():
                return self._digit(event, other, leg is caller)
            case events.Held(on=on):
                if on:
                    self._start_hold_music(leg, other)
                else:
                    self._stop_hold_music(other)
            case events.TextReceived(text=text):
                with contextlib.suppress(NotSupportedByChannelError):
                    other.send_text(text)
            case events.NewConnectedLine(party=party) if self.pass_connected_line:
                other.set_connected(party)
            case _:
                pass
        return None

    # ---- hold

    @staticmethod
    def _start_hold_music(holder: Channel, held: Channel) -> None:
        if held.hold_music is not None:
            return
        if held.music_on_hold_passes(True):

            def resume() -> None:
                held.music_on_hold_passes(False)

            held.hold_music = resume
            return
        held.hold_music = held.pbx.start_music(held, holder.music_suggested)

    @staticmethod
    def _stop_hold_music(held: Channel) -> None:
        stop, held.hold_music = held.hold_music, None
        if stop is not None:
            stop()

    # ---- digits

    def _digit(
        self, event: events.Digit, other: Channel, by_caller: bool
    ) -> Outcome | Coroutine[Any, Any, None] | None:
        leg, digit, duration = event.channel, event.digit, event.duration_ms
        features = self.caller_features if by_caller else self.peer_features
        if not features:
            if not (event.in_media and other.digits_in_media):  # the engine has relayed those already
                _pass_on(other, digit, duration)
            return None
        pressed = self._pressed.get(leg, "") + digit
        for code, act in features:
            if code == pressed:
                self._pressed[leg] = ""
                return act(leg)
        if any(code.startswith(pressed) for code, _ in features):
            self._pressed[leg] = pressed
            return None
        self._pressed[leg] = ""
        for each in pressed:
            _pass_on(other, each, duration)
        return None

    def _flush(self, caller: Channel, peer: Channel) -> None:
        for leg, other in ((caller, peer), (peer, caller)):
            pressed = self._pressed.pop(leg, "")
            for digit in pressed:
                _pass_on(other, digit, 100)


def _pass_on(leg: Channel, digit: str, duration_ms: int) -> None:
    with contextlib.suppress(NotSupportedByChannelError):  # it has no audio, and no other way to take a digit
        leg.send_digit(digit, duration_ms)


async def converse(caller: Channel, peer: Channel, inbox: Inbox[events.LegEvent]) -> Outcome:
    """A plain conversation; see Conversation.run."""
    return await Conversation().run(caller, peer, inbox)
