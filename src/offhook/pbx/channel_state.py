"""The states of a channel, with Asterisk's numbers and words."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["STATE_WORDS", "ChannelState"]


class ChannelState(IntEnum):
    """Asterisk's channel states, with its numbers (CHANNEL(state), AMI ChannelState)."""

    DOWN = 0
    RESERVED = 1
    OFFHOOK = 2
    DIALING = 3
    RING = 4  # an incoming call that has not been answered
    RINGING = 5  # an outgoing call whose far end rings
    UP = 6
    BUSY = 7


STATE_WORDS = {
    ChannelState.DOWN: "Down",
    ChannelState.RESERVED: "Rsrvd",
    ChannelState.OFFHOOK: "OffHook",
    ChannelState.DIALING: "Dialing",
    ChannelState.RING: "Ring",
    ChannelState.RINGING: "Ringing",
    ChannelState.UP: "Up",
    ChannelState.BUSY: "Busy",
}
