"""Bridge: talk to a channel that is there already."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.apps.dial_announcements import LimitSounds
from offhook.apps.dial_options import place_of, read_limits
from offhook.dialplan.declare import Options, application, flag, option
from offhook.dialplan.errors import ApplicationError, Hangup
from offhook.pbx.call_features import allow
from offhook.pbx.conversation import Conversation, Outcome, TimeLimit
from offhook.pbx.listening import PlaybackError, find_sounds, start_playing
from offhook.pbx.loan import Loan, borrow

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.pbx.channel import Channel
    from offhook.pbx.channel_control import Location
    from offhook.pbx.pbx import Pbx

__all__ = ["BridgeOptions", "bridge", "find_bridgee"]


@dataclass(frozen=True, slots=True)
class BridgeOptions(Options):
    """The option letters of Bridge()."""

    tone: bool = flag("p", "Play a beep to the other channel.")
    goes_on: str | None = option(
        "F", "When this channel hangs up, the other one goes to that place, or to the priority behind this."
    )
    callee_may_hang_up: bool = flag("h", "The other channel may hang up by pressing *.")
    caller_may_hang_up: bool = flag("H", "This channel may hang up by pressing *.")
    callee_transfers: bool = flag("t", "The other channel may transfer by DTMF.")
    caller_transfers: bool = flag("T", "This channel may transfer by DTMF.")
    limit: str | None = option("L", "x[:y[:z]]: end after x ms, warn y before, each z.", required=True)
    stop_after: float | None = option("S", "End so many seconds later.", required=True)
    no_answer: bool = flag("n", "Do not answer this channel first.")
    hang_up: bool = flag("x", "The other channel is hung up afterwards; else it goes on in its dialplan.")
    # The features behind these come with parking and Monitor.
    callee_parks: bool = flag("k", "The other channel may park the call by DTMF.", supported=False)
    caller_parks: bool = flag("K", "This channel may park the call by DTMF.", supported=False)
    callee_records: bool = flag("w", "The other channel may record by DTMF.", supported=False)
    caller_records: bool = flag("W", "This channel may record by DTMF.", supported=False)

    @property
    def feature_letters(self) -> str:
        """The letters that say who may do what by DTMF."""
        return (
            "H" * self.caller_may_hang_up
            + "h" * self.callee_may_hang_up
            + "T" * self.caller_transfers
            + "t" * self.callee_transfers
        )


_NO_OPTIONS = BridgeOptions()


def find_bridgee(pbx: Pbx, name: str) -> Channel | None:
    """A channel by its name, its unique id, or the beginning of its name."""
    found = pbx.channel(name)
    if found is None and name:
        found = next((one for known, one in pbx.channels.items() if known.startswith(name)), None)
    return found


@application("Bridge")
async def bridge(call: Call, channel: str, options: BridgeOptions = _NO_OPTIONS) -> None:
    """Talk to another channel, which leaves what it does; this one then goes on with the next priority.

    Afterwards the other channel goes on in its dialplan with the step that it was taken from.

    Args:
        channel: its name, its unique id, or the beginning of its name.
        options: see the letters.

    Sets:
        BRIDGERESULT: SUCCESS, FAILURE, LOOP for the caller's own channel, NONEXISTENT.
        BRIDGEPEER: the name of the other channel, on both.
    """
    me = call.channel
    call.set_variable("BRIDGERESULT", "FAILURE")
    sounds, limit = _limit(call, options)
    target = find_bridgee(me.pbx, channel)
    if target is None:
        call.set_variable("BRIDGERESULT", "NONEXISTENT")
        return
    if target is me:
        call.set_variable("BRIDGERESULT", "LOOP")
        return
    if not options.no_answer:
        me.answer()
    elsewhere = _place_of(call, options)
    loan = await borrow(me, target)
    if target.ended or target.hangup_requested:
        return
    allow(me, target, options.feature_letters)
    conversation = Conversation(limit=limit, on_begin=sounds.begin if sounds is not None else None)
    outcome = None
    try:
        if options.tone:
            await _beep(target)
        target.answer()
        me.set_connected(target.caller)
        target.set_connected(me.caller)
        outcome = await conversation.run(me, target, me.inbox)
        if outcome is Outcome.TIME_LIMIT and sounds is not None:
            await sounds.end(target)
        call.set_variable("BRIDGERESULT", "SUCCESS")
        if outcome is Outcome.CALLER_GONE:
            raise Hangup
    finally:
        if outcome is not Outcome.PEER_TAKEN:
            _let_go(conversation, loan, options, elsewhere if me.hangup_requested else None)


def _let_go(
    conversation: Conversation, loan: Loan, options: BridgeOptions, elsewhere: Location | None
) -> None:
    """What becomes of the one we talked to."""
    other = conversation.peer
    if other is not loan.leg:  # a transfer has put it there
        if not other.ended and other.inbox is conversation.caller.inbox:
            other.request_hangup()
    elif options.hang_up and elsewhere is None:
        other.request_hangup()
    else:
        loan.give_back(elsewhere)


def _limit(call: Call, options: BridgeOptions) -> tuple[LimitSounds | None, TimeLimit | None]:
    if options.limit is None:
        seconds = options.stop_after
        if seconds is not None and seconds <= 0:
            raise ApplicationError(f"S({seconds:g}): more than 0 seconds are needed")
        return None, None if seconds is None else TimeLimit(int(seconds * 1000))
    ends, warn, repeat = read_limits(options.limit)
    sounds = LimitSounds(call)
    me = call.channel

    def warning(left_ms: int) -> None:
        other = me.bridge.other(me) if me.bridge is not None else None
        sounds.warn(other, left_ms)

    return sounds, TimeLimit(ends, warn, repeat, warning)


def _place_of(call: Call, options: BridgeOptions) -> Location | None:
    """Where option F sends the other channel."""
    if options.goes_on is None:
        return None
    context, exten, priority = call.context, call.exten, call.priority + 1
    if options.goes_on:
        target = place_of(options.goes_on)
        context, exten = target.context or context, target.exten or exten
        priority = call.resolve_priority(context, exten, target.priority)
    return context, exten, priority


async def _beep(channel: Channel) -> None:
    files, _ = await find_sounds(channel, ["beep"])
    with contextlib.suppress(PlaybackError):  # it has no audio to hear it on
        start_playing(channel, files)
