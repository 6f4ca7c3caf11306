"""Transfers: a party of a conversation is connected with somebody else (SIP REFER, DTMF, AMI, ARI).

The words are those of RFC 5589: the *transferor* wants the *transferee* (whom it talks to) to talk to the
*target*.  Blind: the transferee goes on in the dialplan at the number that was named.  Attended: the
transferor talks to both already, on two channels of its own, and drops out of both.

Nobody is hung up here but by the end of what they did: the task that joined a leg with the transferor
finds it gone and ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.conversation import Conversation, Outcome
from offhook.pbx.loan import Loan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offhook.pbx.channel import Channel

__all__ = ["Refusal", "TransferError", "attended_transfer", "blind_transfer", "connect", "transfer_context"]


class Refusal(Enum):
    """Why a transfer is not done; the words of AMI's transfer events."""

    NOT_PERMITTED = "Not Permitted"
    INVALID = "Invalid"  # the transferor is not in a conversation
    NO_SUCH_EXTENSION = "No such extension"


class TransferError(Exception):
    """A transfer that cannot be done."""

    def __init__(self, refusal: Refusal, text: str) -> None:
        super().__init__(text)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class _Place:
    context: str
    exten: str
    priority: int


def transfer_context(transferor: Channel, default: str = "") -> str:
    """In which context a transferor's number is looked up: TRANSFER_CONTEXT, `default`, its own."""
    return transferor.get_variable("TRANSFER_CONTEXT") or default or transferor.context


def blind_transfer(
    transferor: Channel, context: str, exten: str, *, variables: Mapping[str, str] | None = None
) -> Channel:
    """Send the one whom `transferor` talks to to a number; returns that one, the transferee.

    `variables` are set on the transferee.  Raises TransferError.
    """
    transferee = _partner(transferor)
    if transferee is None:
        raise TransferError(Refusal.INVALID, f"{transferor.name} talks to nobody")
    pbx = transferor.pbx
    if not pbx.dialplan.exists(context, exten, 1, transferee.caller.number):
        raise TransferError(Refusal.NO_SUCH_EXTENSION, f"there is no {exten}@{context}")
    transferee.set_variable("BLINDTRANSFER", transferor.name)
    transferor.set_variable("BLINDTRANSFER", transferee.name)
    for name, value in (variables or {}).items():
        transferee.set_variable(name, value)
    pbx.bus.emit(events.BlindTransferred, transferor, transferee, transferor.bridge, context, exten)
    transferee.redirect(context, exten, 1)
    return transferee


def attended_transfer(
    first: Channel, second: Channel, *, variables: Mapping[str, str] | None = None
) -> Channel:
    """Connect those whom a transferor talks to on two channels of its own; the transferee is returned.

    When one of the two is in no conversation (an application, a call that still rings), the other's party
    takes its place: it goes on with the same step of the dialplan.  Raises TransferError.
    """
    one, two = _partner(first), _partner(second)
    party, place = (one, _place_of(second)) if two is None else (two, _place_of(first))
    if party is None:
        raise TransferError(Refusal.INVALID, f"neither {first.name} nor {second.name} talks to anybody")
    if one is not None and one is two:
        raise TransferError(Refusal.INVALID, f"{first.name} and {second.name} talk to the same party")
    if (one is None or two is None) and place is None:
        raise TransferError(Refusal.INVALID, f"{first.name} and {second.name} have no conversations to join")
    first.set_variable("ATTENDEDTRANSFER", second.name)
    second.set_variable("ATTENDEDTRANSFER", first.name)
    for leg in (one, two):
        if leg is not None:
            leg.set_variable("ATTENDEDTRANSFER", first.name)
            for name, value in (variables or {}).items():
                leg.set_variable(name, value)
    first.pbx.bus.emit(events.AttendedTransferred, first, second, one, two)
    if one is not None and two is not None:
        connect(one, two)
        return one
    assert place is not None
    party.redirect(place.context, place.exten, place.priority)
    # whoever was in no conversation leaves it to the other
    (second if two is None else first).request_hangup(Cause.NORMAL_CLEARING)
    return party


def connect(one: Channel, two: Channel) -> None:
    """Let two channels talk to each other, each leaving what it does now; both end with the conversation."""
    owner, other = (two, one) if one.task is None and two.task is not None else (one, two)
    loan = Loan(owner, other)
    owner.do_instead(lambda channel: _talk(channel, loan))


async def _talk(channel: Channel, loan: Loan) -> None:
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
        conversation = Conversation()
        try:
            outcome = await conversation.run(channel, other, channel.inbox)
        finally:
            other = conversation.peer
    finally:
        mine = other is not loan.leg or other.task is not None or other.inbox is channel.inbox
        if outcome is not Outcome.PEER_TAKEN and not other.ended and mine:
            other.request_hangup(Cause.NORMAL_CLEARING)


def _partner(channel: Channel) -> Channel | None:
    """The one whom a channel talks to."""
    return channel.bridge.other(channel) if channel.bridge is not None and not channel.ended else None


def _place_of(channel: Channel) -> _Place | None:
    """Where a channel is in the dialplan, None for one that runs none."""
    if channel.ended or channel.task is None:
        return None
    return _Place(channel.context, channel.exten, channel.priority)
