"""A channel with a task of its own in a conversation that another channel's task runs.

Its own task does nothing meanwhile; its events go to the one who runs the conversation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.pbx import events

if TYPE_CHECKING:
    from asyncio import Future

    from offhook.pbx.channel import Channel
    from offhook.pbx.channel_control import Location

__all__ = ["Loan", "borrow"]


class Loan:
    """`leg` leaves what it does now and is at the disposal of `owner`'s task, once `ready()` is over."""

    def __init__(self, owner: Channel, leg: Channel) -> None:
        self.leg = leg
        self._owner = owner
        self._place: Location | None = None
        self._ready: Future[None] = leg.pbx.loop.create_future()
        if leg.task is None:
            leg.detach()
            self._left()
        else:
            self._place = (leg.context, leg.exten, leg.priority)
            leg.do_instead(self._wait)
            leg.when_ended(self._left)

    async def ready(self) -> None:
        """Wait until it has left what it did, or has ended."""
        await self._ready
        if self.leg.task is None and not self.leg.ended:
            self.leg.inbox = self._owner.inbox

    def give_back(self, place: Location | None = None) -> None:
        """Let it go on in the dialplan at a place, else with the step that it was taken from.

        One that ran no dialplan, and is sent to none, is hung up.
        """
        leg, place = self.leg, place or self._place
        if leg.ended or leg.hangup_requested:
            return
        if leg.redirect_to is not None or (leg.task is None and leg.inbox is not self._owner.inbox):
            return  # somebody else has sent it elsewhere meanwhile
        if place is None:
            leg.request_hangup()
        else:
            leg.redirect(*place)

    async def _wait(self, leg: Channel) -> None:
        """What it does meanwhile."""
        mine, leg.inbox = leg.inbox, self._owner.inbox
        self._left()
        try:
            await leg.pbx.loop.create_future()  # until it is hung up or goes elsewhere
        finally:
            leg.inbox = mine
            gone = events.HungUp if leg.hangup_requested else events.Detached
            self._owner.inbox.put(gone(leg))

    def _left(self) -> None:
        if not self._ready.done():
            self._ready.set_result(None)


async def borrow(owner: Channel, leg: Channel) -> Loan:
    """Have a leg at the disposal of `owner`'s task; it may have ended when this returns."""
    loan = Loan(owner, leg)
    await loan.ready()
    return loan
