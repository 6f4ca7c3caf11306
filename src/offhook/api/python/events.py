"""What a PBX announces, for `pbx.events()` and `pbx.on()`: these are `offhook.events`."""

from __future__ import annotations

from offhook.pbx.events import (
    BridgeCreated,
    BridgeDestroyed,
    BridgeEntered,
    BridgeLeft,
    ChannelAnswered,
    ChannelCreated,
    ChannelDigit,
    ChannelDigitBegan,
    ChannelFlash,
    ChannelHangupRequested,
    ChannelHungUp,
    ChannelStateChanged,
    ChannelVariableSet,
    ConnectedLineChanged,
    DialBegan,
    DialEnded,
    DialStateChanged,
    NewExtension,
)

__all__ = [
    "BridgeCreated",
    "BridgeDestroyed",
    "BridgeEntered",
    "BridgeLeft",
    "ChannelAnswered",
    "ChannelCreated",
    "ChannelDigit",
    "ChannelDigitBegan",
    "ChannelFlash",
    "ChannelHangupRequested",
    "ChannelHungUp",
    "ChannelStateChanged",
    "ChannelVariableSet",
    "ConnectedLineChanged",
    "DialBegan",
    "DialEnded",
    "DialStateChanged",
    "NewExtension",
]
