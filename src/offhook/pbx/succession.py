"""One channel takes another's place: its partner, its step of the dialplan, or what keeps it.

`connect` lets two channels talk to each other that did not before; `take_place` gives a channel what
another one has, which ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.pbx.causes import Cause
from offhook.pbx.channel_state import ChannelState
from offhook.pbx.conversation import Conversation, Outcome
from offhook.pbx.loan import Loan

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel

__all__ = ["connect", "partner_of", "take_place"]


def partner_of(channel: Channel) -> Channel | None:
    """The one whom a channel talks to."""
    return channel.bridge.other(channel) if channel.bridge is not None and not channel.ended else None


def take_place(new: Channel, replaced: Channel) -> bool:
    """Answer `new` and give it what `replaced` has: its keeper, its partner, or its step in the dialplan.

    False when there is nothing to take.  `replaced` ends.
    """
    partner = partner_of(replaced)
    keeper = replaced.hands_over
    in_dialplan = replaced.task is not None and replaced.state is ChannelState.UP
    if keeper is None and partner is None and not in_dialplan:
        return False
    place = replaced.context, replaced.exten, replaced.priority
    if keeper is None and partner is None:
        new.variables.update(replaced.variables)
    new.answer()
    if new.hangup_requested:
        return True
    if keeper is not None:
        keeper(new)
        return True
    if partner is not None:
        connect(partner, new, newcomer=new)
    else:
        new.start_dialplan(*place)
    replaced.request_hangup(Cause.NORMAL_CLEARING)
    return True


def connect(one: Channel, two: Channel, *, newcomer: Channel | None = None) -> None:
    """Let two channels talk to each other, each leaving what it does now; both end with the conversation.

    `newcomer` takes the place of somebody whom the other one talked to.
    """
    owner, other = (two, one) if one.task is None and two.task is not None else (one, two)
    loan = Loan(owner, other)
    owner.do_instead(lambda channel: _talk(channel, loan, newcomer))


async def _talk(channel: Channel, loan: Loan, newcomer: Channel | None) -> None:
    """The conversation of two that a transfer has brought together, in `channel`'s task."""
    outcome, other = None, loan.leg
    try:
        await loan.ready()
        if other.ended or other.hangup_requested:
            return
        if other.bridge is not None:  # another transfer was faster, and has it
            outcome = Outcome.PEER_TAKEN
            return
        channel.answer()
        channel.set_connected(other.caller)
        other.set_connected(channel.caller)
        conversation = Conversation(newcomer=newcomer)
        try:
            outcome = await conversation.run(channel, other, channel.inbox)
        finally:
            other = conversation.peer
    finally:
        mine = other is not loan.leg or other.task is not None or other.inbox is channel.inbox
        if outcome is not Outcome.PEER_TAKEN and not other.ended and mine:
            other.request_hangup(Cause.NORMAL_CLEARING)
