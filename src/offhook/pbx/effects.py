"""What is done to a channel's audio, each way: asked for now or before there is any, by whoever it may be.

VOLUME, AGC, DENOISE, TONE_DETECT and conferences each change one part and leave the others as they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from offhook.media.taps import Direction, Effects
from offhook.pbx.audio import when_audible

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel

__all__ = ["effects_of", "set_denoise", "set_gain", "set_level", "set_notch"]

_asked: WeakKeyDictionary[Channel, dict[Direction, Effects]] = WeakKeyDictionary()
_AS_IT_IS = Effects()


def effects_of(channel: Channel, direction: Direction) -> Effects:
    """What is asked for, in effect or not yet."""
    return _asked.get(channel, {}).get(direction, _AS_IT_IS)


def set_gain(channel: Channel, direction: Direction, gain: float) -> None:
    """A factor, 0 to 64."""
    _set(channel, direction, replace(effects_of(channel, direction), gain=gain))


def set_level(channel: Channel, direction: Direction, level: int) -> None:
    """The mean magnitude (1 to 32767) that speech is brought to; 0: as it is."""
    _set(channel, direction, replace(effects_of(channel, direction), level=level))


def set_denoise(channel: Channel, direction: Direction, on: bool) -> None:
    """Whether noise that goes on is taken out of speech."""
    _set(channel, direction, replace(effects_of(channel, direction), denoise=on))


def set_notch(channel: Channel, direction: Direction, frequency: float) -> None:
    """A frequency that is taken out, Hz; 0: none."""
    _set(channel, direction, replace(effects_of(channel, direction), notch=frequency))


def _set(channel: Channel, direction: Direction, effects: Effects) -> None:
    asked = _asked.setdefault(channel, {})
    asked[direction] = effects
    when_audible(channel, lambda media: media.set_effects(direction, asked[direction]))
