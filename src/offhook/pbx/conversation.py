"""Two legs that talk to each other, seen from the task that joined them.

`converse` bridges the legs and waits until one of them is gone, passing on what the media engine
does not carry: hold, connected line, digits sent by signalling, time limits, DTMF features.

Which features a leg has is asked of `pbx.features` when it joins.  One that takes time (a transfer, an
application) is awaited here, so it has the conversation and both legs for itself.
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
    from offhook.pbx.party import PartyId

__all__ = ["Act", "Conversation", "Feature", "Outcome", "TimeLimit", "converse"]


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


Act = Callable[["Conversation", "Channel"], "Outcome | Coroutine[Any, Any, Outcome | None] | None"]


@dataclass(frozen=True, slots=True)
class Feature:
    """Digits that a leg may press.  `act(conversation, leg)` does it; an Outcome ends the conversation."""

    name: str
    code: str
    act: Act


@dataclass(slots=True)
class Conversation:
    """Two legs that talk, and what is observed meanwhile."""

    limit: TimeLimit | None = None
    pass_connected_line: bool = True
    # Tells a leg whom it is connected with now; else that is done at once.
    tell_connected: Callable[[Channel, PartyId], Coroutine[Any, Any, None]] | None = None
    on_begin: Callable[[Channel, Channel], None] | None = None  # both are joined now
    newcomer: Channel | None = None  # who comes to the other, and joins last
    _caller: Channel | None = None
    _peer: Channel | None = None
    _bridge: Bridge | None = None
    _features: dict[Channel, Sequence[Feature]] = field(
        default_factory=lambda: dict["Channel", Sequence[Feature]]()
    )
    _pressed: dict[Channel, str] = field(default_factory=lambda: dict["Channel", str]())
    _not_relayed: set[Channel] = field(default_factory=lambda: set["Channel"]())

    @property
    def caller(self) -> Channel:
        """The leg whose task runs the conversation."""
        assert self._caller is not None
        return self._caller

    @property
    def peer(self) -> Channel:
        """The other one; a transfer may have put somebody else in its place."""
        assert self._peer is not None
        return self._peer

    @property
    def bridge(self) -> Bridge:
        """The bridge of both."""
        assert self._bridge is not None
        return self._bridge

    def other(self, leg: Channel) -> Channel:
        """Whom a leg talks to."""
        return self.peer if leg is self.caller else self.caller

    async def run(self, caller: Channel, peer: Channel, inbox: Inbox[events.LegEvent]) -> Outcome:
        """Bridge `caller` and `peer`, whose events both arrive in `inbox`, until one is gone.

        Both have left the bridge when this returns or is cancelled; nobody is hung up.
        """
        self._caller, self._peer = caller, peer
        if caller.ended or peer.ended:
            return Outcome.CALLER_GONE if caller.ended else Outcome.PEER_GONE
        caller.stop_ringing()
        bridge = self._bridge = Bridge(caller.pbx)
        bridge.inbox = inbox
        try:
            for leg in (caller, peer) if self.newcomer is peer else (peer, caller):
                bridge.join(leg)
            self._settle_in()
            if self.on_begin is not None:
                self.on_begin(caller, peer)
            return await self._watch(inbox)
        finally:
            bridge.destroy()  # also one that nobody could join
            for leg in (self.caller, self.peer):
                self._let_go(leg)
            self._pressed.clear()

    def replace_peer(self, leg: Channel) -> None:
        """Put another leg in the place of the one the caller talks to, which has left or is gone.

        Its events have to come to the conversation's inbox.
        """
        self._let_go(self.peer)
        self._peer = leg
        if leg.bridge is not self.bridge:
            if leg.bridge is not None:
                leg.bridge.leave(leg)
            self.bridge.join(leg)
        self._settle_in()

    def resume(self, *back: Channel) -> None:
        """Both talk again: those of `back` join the bridge, and the audio is as it was."""
        for leg in back:
            if not leg.ended and leg.bridge is None:
                self.bridge.join(leg)
        self.bridge.join_media()
        self._settle_in()

    def _settle_in(self) -> None:
        pbx = self.caller.pbx
        for leg, other in ((self.caller, self.peer), (self.peer, self.caller)):
            if leg.get_variable("BRIDGEPEER") != other.name:
                leg.set_variable("BRIDGEPEER", other.name)
            self._features[leg] = features = pbx.features.of(leg)
            self.relay_digits(leg, not features and other.digits_in_media)
            if leg.held:
                self._start_hold_music(leg, other)

    def _let_go(self, leg: Channel) -> None:
        self.relay_digits(leg, True)
        if self._features.pop(leg, None) is not None and leg.held:
            self._stop_hold_music(self.other(leg))

    def relay_digits(self, leg: Channel, on: bool) -> None:
        """Whether the engine passes a leg's digits on, as it does by itself."""
        if on == (leg in self._not_relayed):
            (self._not_relayed.discard if on else self._not_relayed.add)(leg)
            leg.relay_digits(on)

    async def _watch(self, inbox: Inbox[events.LegEvent]) -> Outcome:
        caller = self.caller
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
                    self._flush()
                    flush_at = None
                if moments and now() >= start + moments[0][0]:
                    _, left = moments.pop(0)
                    if left == 0:
                        _tell_limit(self.limit, caller)
                        return Outcome.TIME_LIMIT
                    if self.limit and self.limit.on_warning:
                        self.limit.on_warning(left)
                continue
            outcome = self._handle(event)
            if outcome is not None and not isinstance(outcome, Outcome):
                outcome = await outcome
            if outcome is not None:
                return outcome
            if self._pressed:
                settings = caller.pbx.features.settings(event.channel)
                flush_at = now() + settings.featuredigittimeout / 1000
            else:
                flush_at = None

    def _handle(self, event: events.LegEvent) -> Outcome | Coroutine[Any, Any, Outcome | None] | None:
        leg = event.channel
        if leg is not self.caller and leg is not self.peer:
            return None  # the end of an attempt that lost the race
        other = self.other(leg)
        match event:
            case events.HungUp():
                return Outcome.CALLER_GONE if leg is self.caller else Outcome.PEER_GONE
            case events.Detached():
                return Outcome.PEER_TAKEN
            case events.Kicked():
                return Outcome.FEATURE
            case events.Digit():
                return self._digit(event, other)
            case events.Flash(in_media=in_media):
                if not (in_media and other.digits_in_media and not self._features.get(leg)):
                    with contextlib.suppress(NotSupportedByChannelError):
                        other.send_flash()
            case events.Held(on=on):
                if on:
                    self._start_hold_music(leg, other)
                else:
                    self._stop_hold_music(other)
            case events.TextReceived(text=text):
                with contextlib.suppress(NotSupportedByChannelError):
                    other.send_text(text)
            case events.NewConnectedLine(party=party) if self.pass_connected_line:
                if self.tell_connected is not None:
                    return self.tell_connected(other, party)
                other.set_connected(party)
            case events.FeatureAsked(act=act):
                return act(self, leg)
            case _:
                pass
        return None

    # ---- hold

    @staticmethod
    def _start_hold_music(holder: Channel, held: Channel) -> None:
        held.put_on_hold(True)
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
        held.put_on_hold(False)
        stop, held.hold_music = held.hold_music, None
        if stop is not None:
            stop()

    # ---- digits

    def _digit(
        self, event: events.Digit, other: Channel
    ) -> Outcome | Coroutine[Any, Any, Outcome | None] | None:
        leg, digit, duration = event.channel, event.digit, event.duration_ms
        features = self._features.get(leg, ())
        if not features:
            _tell_detection(leg, "")
            if not (event.in_media and other.digits_in_media):  # the engine has relayed those already
                _pass_on(other, digit, duration)
            return None
        pressed = self._pressed.pop(leg, "") + digit
        for feature in features:
            if feature.code == pressed:
                _tell_detection(leg, feature.name)
                return feature.act(self, leg)
        if any(feature.code.startswith(pressed) for feature in features):
            self._pressed[leg] = pressed
            return None
        _tell_detection(leg, "")
        for each in pressed:
            _pass_on(other, each, duration)
        return None

    def _flush(self) -> None:
        for leg, pressed in self._pressed.items():
            _tell_detection(leg, "")
            for digit in pressed:
                _pass_on(self.other(leg), digit, 100)
        self._pressed.clear()


def _tell_detection(leg: Channel, feature: str) -> None:
    """What became of digits, for tests: the feature, or none."""
    bus = leg.pbx.bus
    if bus.wanted(events.TestEvent):
        said = (("Result", "success"), ("Feature", feature)) if feature else (("Result", "fail"),)
        bus.emit(events.TestEvent, "FEATURE_DETECTION", (*said, ("Channel", leg.name)))


def _tell_limit(limit: TimeLimit | None, caller: Channel) -> None:
    """The time is up, for tests; what Asterisk calls it depends on whether anybody was warned."""
    state = "BRIDGE_TIMELIMIT" if limit is not None and limit.warn_ms else "HANGUP_TIME"
    caller.pbx.bus.emit(events.TestEvent, state, (("Channel", caller.name),))


def _pass_on(leg: Channel, digit: str, duration_ms: int) -> None:
    with contextlib.suppress(NotSupportedByChannelError):  # it has no audio, and no other way to take a digit
        leg.send_digit(digit, duration_ms)


async def converse(caller: Channel, peer: Channel, inbox: Inbox[events.LegEvent]) -> Outcome:
    """A plain conversation; see Conversation.run."""
    return await Conversation().run(caller, peer, inbox)
