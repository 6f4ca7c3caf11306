"""Pickup and PickupChan: take a call that rings elsewhere.

The channel that picks up takes the place of the leg that rings: Dial() of the calling side goes on with
it as if it had been called and had answered.  Its own dialplan waits meanwhile, and ends with the talk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from offhook.dialplan.declare import Options, application, flag, separated
from offhook.dialplan.errors import ApplicationError
from offhook.features.ringing import ringing_of
from offhook.pbx import events

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.pbx.channel import Channel

__all__: list[str] = []

_MARK = "PICKUPMARK"
# The calling side answers in the same turn of the event loop, or is not a Dial() that could.
_PATIENCE = 0.5


async def _take(call: Call, leg: Channel) -> None:
    """Take the place of a leg, and stay there until the end; returns when it cannot be taken."""
    me = call.channel
    mine, taken = me.inbox, me.pbx.loop.create_future()

    def accept(caller: Channel) -> bool:
        """Part of events.PickedUp: whether we still want it."""
        if taken.done():
            return False
        taken.set_result(caller)
        return True

    leg.deliver(events.PickedUp(leg, me, accept))
    try:
        caller: Channel = await asyncio.wait_for(taken, _PATIENCE)
    except TimeoutError:
        return
    try:
        me.set_connected(caller.caller)
        # From here on the calling side's task speaks for us: only our end, or its, comes here.
        await me.pbx.loop.create_future()
    finally:
        shared, me.inbox = me.inbox, mine
        if shared is not mine:
            shared.put(events.Detached(me) if me.redirect_to is not None else events.HungUp(me))


async def _take_first(call: Call, wanted: Callable[[Channel, Channel], bool]) -> None:
    me = call.channel
    for leg, caller in ringing_of(me.pbx):
        if leg is not me and caller is not me and wanted(leg, caller):
            me.answer()
            await _take(call, leg)  # it comes back only when that leg could not be taken


@application("Pickup")
async def pickup(call: Call, targets: Annotated[list[str], separated("&")] | None = None) -> None:
    """Take a call that rings at another extension; the next priority follows when there is none.

    Args:
        targets: extension[@context], several joined by &: the first that rings is taken.  With @PICKUPMARK
            it is a call whose channel has the variable PICKUPMARK with this value.
    """
    if not targets:
        raise ApplicationError("Pickup: extension[@context] is needed: there are no pickup groups yet")
    for target in targets:
        exten, _, context = target.partition("@")
        context = context or call.context

        def rings_there(leg: Channel, caller: Channel, exten: str = exten, context: str = context) -> bool:
            if context == _MARK:
                return exten in (leg.variables.get(_MARK), caller.variables.get(_MARK))
            return caller.exten == exten and caller.context == context

        await _take_first(call, rings_there)
    call.complain(f"Pickup: nothing rings at {'&'.join(targets)}")


@dataclass(frozen=True, slots=True)
class PickupChanOptions(Options):
    """The option letters of PickupChan()."""

    partial: bool = flag("p", "The names are beginnings of names.")


_PICKUP_CHAN = PickupChanOptions()


@application("PickupChan")
async def pickup_chan(
    call: Call, channels: Annotated[list[str], separated("&")], options: PickupChanOptions = _PICKUP_CHAN
) -> None:
    """Take a call that rings at a channel; the next priority follows when there is none.

    Args:
        channels: names of channels (PJSIP/6001-00000001) or devices (PJSIP/6001), joined by &.
        options: p.
    """
    pbx = call.channel.pbx
    for name in channels:
        wanted = pbx.canonical(name).lower()

        def is_it(leg: Channel, caller: Channel, wanted: str = wanted) -> bool:
            known = leg.name.lower()
            return known.startswith(wanted) if options.partial else wanted in (known, leg.device.lower())

        await _take_first(call, is_it)
    call.complain(f"PickupChan: nothing rings at {'&'.join(channels)}")
