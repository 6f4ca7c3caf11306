"""VOLUME, AGC, MUTEAUDIO: how loud a channel's audio is, each way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Options, flag, function, write_only_function
from offhook.dialplan.errors import FunctionError
from offhook.media.taps import Direction, Effects
from offhook.pbx import events
from offhook.pbx.audio import when_audible
from offhook.pbx.channel import Channel

__all__: list[str] = []

_DIRECTIONS = {"rx": Direction.HEARD, "tx": Direction.SAID}
_MOST_GAIN = 64.0
_OFF = ("off", "no", "false", "0", "")


@dataclass(slots=True)
class _Audio:
    """What is asked for on one channel."""

    volume: dict[Direction, float]
    effects: dict[Direction, Effects]
    stop_keys: Callable[[], None] | None = None
    keys: Direction | None = None


_asked: WeakKeyDictionary[Channel, _Audio] = WeakKeyDictionary()


def _direction(name: str, text: str) -> Direction:
    found = _DIRECTIONS.get(text.strip().lower())
    if found is None:
        raise FunctionError(f"{name}: the direction is TX or RX, not {text!r}")
    return found


def _audio(channel: Channel) -> _Audio:
    found = _asked.get(channel)
    if found is None:
        found = _asked[channel] = _Audio({}, {})
    return found


def _apply(channel: Channel, direction: Direction, effects: Effects) -> None:
    audio = _audio(channel)
    audio.effects[direction] = effects
    when_audible(channel, lambda media: media.set_effects(direction, audio.effects[direction]))


def _factor(volume: float) -> float:
    """Multiplied by what is above 0, divided by what is below; 0 and 1 change nothing."""
    if volume > 0:
        return min(volume, _MOST_GAIN)
    return 1.0 if volume == 0 else max(1 / -volume, 1 / _MOST_GAIN)


@dataclass(frozen=True, slots=True)
class VolumeOptions(Options):
    """Option letters of VOLUME()."""

    keys: bool = flag("p", "The far end changes it: `*` makes it quieter, `#` louder.")


_NO_OPTIONS = VolumeOptions()


@function("VOLUME")
def volume(call: Call, direction: str, options: VolumeOptions = _NO_OPTIONS) -> str:
    """How loud the channel is: a factor from 1 on, or a divisor below 0; 0 is as it is.

    Args:
        direction: RX, what it says, or TX, what it hears.
        options: p lets the far end change it, with `*` and `#`.
    """
    value = _audio(call.channel).volume.get(_direction("VOLUME", direction), 0.0)
    return f"{value:g}"


@volume.writer
def set_volume(call: Call, value: str, direction: str, options: VolumeOptions = _NO_OPTIONS) -> None:
    """Make the channel louder or quieter."""
    way = _direction("VOLUME", direction)
    try:
        wanted = float(value or 0)
    except ValueError:
        raise FunctionError(f"VOLUME: {value!r} is not a number") from None
    _set_volume(call.channel, way, wanted)
    audio = _audio(call.channel)
    if options.keys and audio.stop_keys is None:
        _let_keys_change(call.channel, audio)
    if options.keys:
        audio.keys = way


def _set_volume(channel: Channel, direction: Direction, wanted: float) -> None:
    audio = _audio(channel)
    audio.volume[direction] = wanted
    effects = audio.effects.get(direction, Effects())
    _apply(channel, direction, replace(effects, gain=_factor(wanted)))


def _let_keys_change(channel: Channel, audio: _Audio) -> None:
    def pressed(event: events.ChannelDigit) -> None:
        if event.channel is channel and not event.sent and audio.keys is not None and event.digit in "*#":
            step = 1.0 if event.digit == "#" else -1.0
            _set_volume(channel, audio.keys, audio.volume.get(audio.keys, 0.0) + step)

    audio.stop_keys = channel.pbx.bus.listen(events.ChannelDigit, pressed)
    channel.when_ended(audio.stop_keys)


@function("AGC")
def agc(call: Call, channeldirection: str) -> str:
    """The level that speech is brought to, or off: Set(AGC(rx)=8000).

    It is the mean magnitude of samples (1 to 32768) while somebody talks.

    Args:
        channeldirection: rx, what the channel says, or tx, what it hears.
    """
    effects = _audio(call.channel).effects.get(_direction("AGC", channeldirection), Effects())
    return str(effects.level) if effects.level else "off"


@agc.writer
def set_agc(call: Call, value: str, channeldirection: str) -> None:
    """Bring speech to a level, or leave it as it is."""
    direction = _direction("AGC", channeldirection)
    level = 0
    if value.strip().lower() not in _OFF:
        try:
            level = int(value)
        except ValueError:
            level = -1
        if not 1 <= level <= 32768:
            raise FunctionError(f"AGC: a level is off or 1 to 32768, not {value!r}")
    effects = _audio(call.channel).effects.get(direction, Effects())
    _apply(call.channel, direction, replace(effects, level=min(level, 32767)))


@write_only_function("MUTEAUDIO")
def mute_audio(call: Call, value: str, direction: str) -> None:
    """Silence in place of what the channel says or hears: Set(MUTEAUDIO(in)=on).

    Args:
        direction: in (what it says), out (what it hears) or all.
    """
    which = direction.strip().lower()
    if which not in ("in", "out", "all"):
        raise FunctionError(f"MUTEAUDIO: there are in, out and all, not {direction!r}")
    on = value.strip().lower() not in _OFF
    receive, send = call.channel.muted
    call.channel.mute(receive=on if which != "out" else receive, send=on if which != "in" else send)
