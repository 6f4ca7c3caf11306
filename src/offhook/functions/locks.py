"""Locks between calls: LOCK, TRYLOCK, UNLOCK."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function, waiting_function
from offhook.features.locks import locks_of

__all__: list[str] = []

_PATIENCE = 3.0  # seconds, as in Asterisk


@waiting_function("LOCK")
async def lock(call: Call, lockname: Raw) -> str:
    """Take a lock that other calls may want: 1, or 0 when it did not come free within three seconds.

    It is given back by UNLOCK() or by the end of the channel; a channel may take it several times.
    """
    taken = await locks_of(call.channel.pbx).acquire(lockname.strip(), call.channel, _PATIENCE)
    return "1" if taken else "0"


@function("TRYLOCK")
def try_lock(call: Call, lockname: Raw) -> str:
    """Take a lock if no other call has it: 1 or 0, without waiting."""
    return "1" if locks_of(call.channel.pbx).try_acquire(lockname.strip(), call.channel) else "0"


@function("UNLOCK")
def unlock(call: Call, lockname: Raw) -> str:
    """Give a lock back: 1, or 0 when this channel does not have it."""
    return "1" if locks_of(call.channel.pbx).release(lockname.strip(), call.channel) else "0"
