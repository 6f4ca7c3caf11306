"""The target of an attended transfer by DTMF, and what happens when the transferor hangs up while it rings.

The one who is transferred hears ringing then.  When the target does not answer, the transferor is called
back, then the target again, as often as features.conf says; or the call is over (atxferdropcall).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.conversation import Conversation, Outcome
from offhook.pbx.errors import CannotDialError
from offhook.pbx.inbox import Inbox
from offhook.pbx.originate import attempt_status
from offhook.pbx.party import PartyId

if TYPE_CHECKING:
    from offhook.config.files.features import FeaturesGeneral
    from offhook.pbx.channel import Channel

__all__ = ["Abandoned", "Target", "go_on_alone", "wait_for_target"]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call is transferred to."""

    context: str
    exten: str

    @property
    def destination(self) -> str:
        """What is dialled, behind `Local/`."""
        return f"{self.exten}@{self.context}/n"

    def call(self, transferor: Channel, inbox: Inbox[events.LegEvent]) -> Channel:
        """Call it for the transferor.  Raises CannotDialError."""
        return _call(f"Local/{self.destination}", transferor, self.exten, inbox)


def _call(
    destination: str,
    caller: Channel,
    number: str,
    inbox: Inbox[events.LegEvent],
) -> Channel:
    """Call one leg, whose events come to `inbox`.  Raises CannotDialError."""
    legs = caller.pbx.request(destination, caller=None if caller.ended else caller)
    leg = legs[0]
    for superfluous in legs[1:]:
        superfluous.hangup(Cause.NORMAL_CLEARING)
    leg.inbox = inbox
    leg.inherit_from(caller)
    leg.set_connected(caller.caller)
    if not leg.caller:
        leg.set_caller(PartyId(number=number))
        leg.caller_is_guess = True
    leg.place(destination.partition("/")[2], caller=caller)
    return leg


@dataclass(slots=True)
class Abandoned:
    """A transfer whose transferor has hung up before the target answered."""

    transferor: Channel
    leg: Channel
    """Of the target: it rings, or is about to."""
    target: Target
    settings: FeaturesGeneral


async def wait_for_target(party: Channel, transfer: Abandoned) -> Channel | None:
    """Let `party` hear ringing until somebody answers, the target or the transferor; None when nobody does.

    In the task that controls `party`; the leg that answers has the same inbox.
    """
    settings, transferor = transfer.settings, transfer.transferor
    party.start_ring_tone()
    try:
        found = await _answer(party, transfer.leg, transferor, settings.atxfernoanswertimeout)
        if found is not None or settings.atxferdropcall:
            return found
        for attempt in range(settings.atxfercallbackretries):
            found = await _try(party, transferor.device, transfer, back=True)
            if found is not None:
                found.allowed_features = transferor.allowed_features
                return found
            if attempt + 1 < settings.atxfercallbackretries:
                await asyncio.sleep(settings.atxferloopdelay)
                found = await _try(party, f"Local/{transfer.target.destination}", transfer)
                if found is not None:
                    return found
        return None
    finally:
        party.stop_ringing()


async def _try(
    party: Channel, destination: str, transfer: Abandoned, *, back: bool = False
) -> Channel | None:
    number = transfer.transferor.caller.number if back else transfer.target.exten
    try:
        leg = _call(destination, party, number, party.inbox)
    except CannotDialError:
        return None
    return await _answer(party, leg, party, transfer.settings.atxfernoanswertimeout)


async def _answer(party: Channel, leg: Channel, caller: Channel, timeout: float) -> Channel | None:
    """The leg once it has answered; it is gone when this returns None or is cancelled."""
    pbx = party.pbx
    end = pbx.loop.time() + timeout
    status = "CANCEL"
    leg.inbox = inbox = party.inbox
    try:
        while not leg.ended:
            event = await inbox.get(end - pbx.loop.time())
            match event:
                case None:
                    status = "NOANSWER"
                    break
                case events.Answered() if event.channel is leg:
                    status = "ANSWER"
                    return leg
                case events.HungUp() if event.channel is leg:
                    break
                case events.HungUp() | events.Detached() if event.channel is party:
                    return None
                case _:
                    pass
        return None
    finally:
        if leg.ended:
            status = attempt_status(leg.hangup_cause)
        pbx.bus.emit(events.DialEnded, caller, leg, status)
        if status != "ANSWER":
            leg.inbox = Inbox()
            leg.hangup(Cause.NORMAL_CLEARING)


def go_on_alone(party: Channel, transfer: Abandoned) -> None:
    """The same in a task of `party`'s own, and then the talk; the call ends with it."""
    transfer.leg.detach()

    async def wait_and_talk(channel: Channel) -> None:
        leg = await wait_for_target(channel, transfer)
        if leg is None or channel.ended:
            return
        outcome = None
        try:
            channel.set_connected(leg.caller)
            leg.set_connected(channel.caller)
            outcome = await Conversation().run(channel, leg, channel.inbox)
        finally:
            if outcome is not Outcome.PEER_TAKEN and not leg.ended:
                leg.request_hangup(Cause.NORMAL_CLEARING)

    party.do_instead(wait_and_talk)
    # A leg whose party ends before it has begun to wait has nobody else.
    party.when_ended(lambda: None if transfer.leg.bridge is not None else transfer.leg.request_hangup())
