"""Two channels are brought together by a third party, and go on with what they did when the talk is over."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from offhook.pbx.causes import Cause
from offhook.pbx.conversation import Conversation, Outcome
from offhook.pbx.listening import PlaybackError, find_sounds, start_playing
from offhook.pbx.loan import Loan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.pbx.channel import Channel
    from offhook.pbx.channel_control import Location

__all__ = ["join_two"]


def join_two(one: Channel, two: Channel, beeping: Sequence[Channel] = ()) -> None:
    """Let both leave what they do and talk; those of `beeping` hear a beep first (AMI Bridge).

    When one hangs up, the other goes on in its dialplan with the step that it was taken from; who had none
    is hung up.
    """
    owner, other = (two, one) if one.task is None and two.task is not None else (one, two)
    place: Location | None = None
    if owner.task is not None:
        place = (owner.context, owner.exten, owner.priority)
    loan = Loan(owner, other)
    owner.do_instead(lambda channel: _talk(channel, loan, place, beeping))


async def _talk(channel: Channel, loan: Loan, place: Location | None, beeping: Sequence[Channel]) -> None:
    outcome, other = None, loan.leg
    conversation = Conversation()
    try:
        await loan.ready()
        if not other.ended and not other.hangup_requested:
            for leg in (channel, other):
                leg.answer()
            for leg in beeping:
                files, _ = await find_sounds(leg, ["beep"])
                with contextlib.suppress(PlaybackError):
                    start_playing(leg, files)
            channel.set_connected(other.caller)
            other.set_connected(channel.caller)
            try:
                outcome = await conversation.run(channel, other, channel.inbox)
            finally:
                other = conversation.peer
    finally:
        if other is loan.leg:
            if outcome is not Outcome.PEER_TAKEN:
                loan.give_back()
        elif not other.ended and other.inbox is channel.inbox:
            other.request_hangup(Cause.NORMAL_CLEARING)
    if place is not None and not channel.hangup_requested:
        channel.redirect(*place)
        await asyncio.sleep(0)  # the redirection arrives as a cancellation
