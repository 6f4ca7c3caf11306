"""A channel takes a call that rings at another one: by extension, channel, or group.

The channel that picks up takes the place of the leg that rings: Dial() of the calling side goes on with
it as if it had been called and had answered.  Its own task waits meanwhile, and ends with the talk.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.listening import PlaybackError, find_sounds, play, start_playing
from offhook.pbx.ringing import ringing_of

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel

__all__ = ["in_group_of", "pick_up", "pick_up_in_group"]

# The calling side answers in the same turn of the event loop, or is not a Dial() that could.
_PATIENCE = 0.5


def in_group_of(channel: Channel) -> Callable[[Channel, Channel], bool]:
    """For pick_up(): the calls that ring at those whose groups a channel may take calls of."""
    return lambda leg, caller: channel.groups.may_take(leg.groups)


async def pick_up(me: Channel, wanted: Callable[[Channel, Channel], bool]) -> None:
    """Take the first call that `wanted(leg, caller)`, and stay in it; returns when there is none to take."""
    for leg, caller in ringing_of(me.pbx):
        if leg is not me and caller is not me and wanted(leg, caller):
            me.answer()
            await _take(me, leg)  # it comes back only when that leg could not be taken


async def pick_up_in_group(me: Channel) -> None:
    """What a channel does that has dialled features.conf's pickupexten."""
    await pick_up(me, in_group_of(me))
    settings = me.pbx.features.settings(me)
    sound = settings.pickupfailsound
    if sound and not me.ended:
        me.answer()
        with contextlib.suppress(PlaybackError):
            await play(me, [sound])
    me.request_hangup(Cause.CALL_REJECTED)
    await asyncio.sleep(0)


async def _take(me: Channel, leg: Channel) -> None:
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
        settings = me.pbx.features.settings(me)
        if settings.pickupsound:
            files, _ = await find_sounds(me, [settings.pickupsound])
            with contextlib.suppress(PlaybackError):
                start_playing(me, files)
        # From here on the calling side's task speaks for us: only our end, or its, comes here.
        await me.pbx.loop.create_future()
    finally:
        shared, me.inbox = me.inbox, mine
        if shared is not mine:
            shared.put(events.Detached(me) if me.redirect_to is not None else events.HungUp(me))
