"""Transfers: a party of a conversation is connected with somebody else (SIP REFER, DTMF, AMI, ARI).

The words are those of RFC 5589: the *transferor* wants the *transferee* (whom it talks to) to talk to the
*target*.  Blind: the transferee goes on in the dialplan at the number that was named.  Attended: the
transferor talks to both already, on two channels of its own, and drops out of both.

Nobody is hung up here but by the end of what they did: the task that joined a leg with the transferor
finds it gone and ends.

Some channels are *kept*: an ARI application has put them where they are, and expects to find them there.
What such a transferor talks to stays as it is; somebody else takes the transferor's place.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.errors import CannotDialError
from offhook.pbx.ringing import ringing_of
from offhook.pbx.succession import connect, partner_of, take_place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offhook.pbx.channel import Channel

__all__ = ["Refusal", "TransferError", "attended_transfer", "blind_transfer", "transfer_context"]


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

    Where the transferor is kept, the transferee is what represents at the number those who talked to it.
    `variables` are set on the transferee.  Raises TransferError.
    """
    transferee = partner_of(transferor)
    if transferee is None:
        raise TransferError(Refusal.INVALID, f"{transferor.name} talks to nobody")
    pbx = transferor.pbx
    if not pbx.dialplan.exists(context, exten, 1, transferee.caller.number):
        raise TransferError(Refusal.NO_SUCH_EXTENSION, f"there is no {exten}@{context}")
    if transferor.hands_over is not None:
        return _transfer_kept(transferor, context, exten, variables or {})
    transferee.set_variable("BLINDTRANSFER", transferor.name)
    transferor.set_variable("BLINDTRANSFER", transferee.name)
    for name, value in (variables or {}).items():
        transferee.set_variable(name, value)
    pbx.bus.emit(events.BlindTransferred, transferor, transferee, transferor.bridge, context, exten)
    transferee.redirect(context, exten, 1)
    return transferee


def _transfer_kept(transferor: Channel, context: str, exten: str, variables: Mapping[str, str]) -> Channel:
    """Put a leg in a kept transferor's place whose other half goes to the number; that half."""
    pbx, bridge, hand_over = transferor.pbx, transferor.bridge, transferor.hands_over
    assert bridge is not None
    assert hand_over is not None
    one, two = _pair(f"{exten}@{context}", transferor)
    others = [channel for channel in bridge.channels if channel is not transferor]
    one.inherit_from(transferor)
    one.set_connected(others[0].caller if len(others) == 1 else transferor.connected)
    one.set_variable("BLINDTRANSFER", transferor.name)
    transferor.set_variable("BLINDTRANSFER", one.name)
    for name, value in variables.items():
        one.set_variable(name, value)
    transferee = others[0] if len(others) == 1 else None
    pbx.bus.emit(events.BlindTransferred, transferor, transferee, bridge, context, exten, one)
    one.place(f"{exten}@{context}", told=False)
    # A number that answers at once has answered then.
    pbx.loop.call_soon(hand_over, one)
    return two


def attended_transfer(
    first: Channel, second: Channel, *, variables: Mapping[str, str] | None = None
) -> Channel:
    """Connect those whom a transferor talks to on two channels of its own; the transferee is returned.

    When one of the two is in no conversation (an application, a call that still rings), the other's party
    takes its place: it goes on with the same step of the dialplan, and a phone that rings goes on ringing.
    Raises TransferError.
    """
    one, two = partner_of(first), partner_of(second)
    if (one, two) != (None, None) and (first.hands_over or second.hands_over):
        return _connect_kept(first, second, one, two, variables or {})
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
    idle = second if two is None else first
    ringing_of(first.pbx).leave(idle, party)
    party.redirect(place.context, place.exten, place.priority)
    # whoever was in no conversation leaves it to the other
    idle.request_hangup(Cause.NORMAL_CLEARING)
    return party


def _connect_kept(
    first: Channel,
    second: Channel,
    one: Channel | None,
    two: Channel | None,
    variables: Mapping[str, str],
) -> Channel:
    """Connect what a transferor has on two channels, of which at least one is kept; `one` and `two` are in
    conversation with them.  The transferee is returned."""
    party = one or two
    assert party is not None
    if first.bridge is second.bridge:
        raise TransferError(Refusal.INVALID, f"{first.name} and {second.name} talk to the same party")
    busy, idle = (first, second) if one is not None else (second, first)
    bridges = first.bridge, second.bridge
    both = one is not None and two is not None
    if not both and idle.hands_over is None and idle.task is None:
        raise TransferError(Refusal.INVALID, f"{idle.name} has nothing to connect with")
    link: tuple[Channel, Channel] | None = None
    if both or busy.hands_over is not None:
        link = _pair("_attended@transfer", first)
    first.set_variable("ATTENDEDTRANSFER", second.name)
    second.set_variable("ATTENDEDTRANSFER", first.name)
    for leg in link or (party,):
        leg.set_variable("ATTENDEDTRANSFER", first.name)
        for name, value in variables.items():
            leg.set_variable(name, value)
    replacement = party
    if link is not None:
        link[1].answer()
        for new, replaced in zip(link, (first, second), strict=True):
            new.set_connected(replaced.connected)
            take_place(new, replaced)
        replacement = link[0] if busy is first else link[1]
        link = link if both else None
    elif idle.hands_over is not None:
        idle.hands_over(party)
    first.pbx.bus.emit(
        events.AttendedTransferred, first, second, one, two, bridges, link=link, replacement=replacement
    )
    return party


def _pair(name: str, of: Channel) -> tuple[Channel, Channel]:
    try:
        return of.pbx.pair(name, of)
    except CannotDialError as error:
        raise TransferError(Refusal.INVALID, str(error)) from error


def _place_of(channel: Channel) -> _Place | None:
    """Where a channel is in the dialplan, None for one that runs none."""
    if channel.ended or channel.task is None:
        return None
    return _Place(channel.context, channel.exten, channel.priority)
