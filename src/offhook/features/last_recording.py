"""How long the last recording of a channel by Record() is, for RECORDING_INFO()."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel

__all__ = ["last_recording_ms", "recorded"]

_LAST: WeakKeyDictionary[Channel, int] = WeakKeyDictionary()


def recorded(channel: Channel, duration_ms: int) -> None:
    """A recording of the channel is complete."""
    _LAST[channel] = duration_ms


def last_recording_ms(channel: Channel) -> int | None:
    """What recorded() was told last; None when nothing has been recorded."""
    return _LAST.get(channel)
