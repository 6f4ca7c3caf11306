"""VOLUME, AGC, DENOISE, MUTEAUDIO: how loud and how clear a channel's audio is, each way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Options, flag, function, write_only_function
from offhook.dialplan.errors import FunctionError
from offhook.media.taps import Direction
from offhook.pbx import events
from offhook.pbx.channel import Channel
from offhook.pbx.effects import effects_of, set_denoise, set_gain, set_level

__all__: list[str] = []

_DIRECTIONS = {"rx": Direction.HEARD, "tx": Direction.SAID}
_MOST_GAIN = 64.0
_OFF = ("off", "no", "false", "0", "")
_ON = ("on", "yes", "true", "1")


@dataclass(slots=True)
class _Volume:
    """What was asked for on one channel."""

    of: dict[Direction, float] = field(default_factory=dict[Direction, float])
    stop_keys: Callable[[], None] | None = None
    keys: Direction | None = None


_volumes: WeakKeyDictionary[Channel, _Volume] = WeakKeyDictionary()


def _direction(name: str, text: str) -> Direction:
    found = _DIRECTIONS.get(text.strip().lower())
    if found is None:
        raise FunctionError(f"{name}: the direction is TX or RX, not {text!r}")
    return found


def _volume_of(channel: Channel) -> _Volume:
    return _volumes.setdefault(channel, _Volume())


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
    value = _volume_of(call.channel).of.get(_direction("VOLUME", direction), 0.0)
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
    asked = _volume_of(call.channel)
    if options.keys and asked.stop_keys is None:
        _let_keys_change(call.channel, asked)
    if options.keys:
        asked.keys = way


def _set_volume(channel: Channel, direction: Direction, wanted: float) -> None:
    _volume_of(channel).of[direction] = wanted
    set_gain(channel, direction, _factor(wanted))


def _let_keys_change(channel: Channel, asked: _Volume) -> None:
    def pressed(event: events.ChannelDigit) -> None:
        if event.channel is channel and not event.sent and asked.keys is not None and event.digit in "*#":
            step = 1.0 if event.digit == "#" else -1.0
            _set_volume(channel, asked.keys, asked.of.get(asked.keys, 0.0) + step)

    asked.stop_keys = channel.pbx.bus.listen(events.ChannelDigit, pressed)
    channel.when_ended(asked.stop_keys)


@function("AGC")
def agc(call: Call, channeldirection: str) -> str:
    """The level that speech is brought to, or off: Set(AGC(rx)=8000).

    It is the mean magnitude of samples (1 to 32768) while somebody talks.

    Args:
        channeldirection: rx, what the channel says, or tx, what it hears.
    """
    level = effects_of(call.channel, _direction("AGC", channeldirection)).level
    return str(level) if level else "off"


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
    set_level(call.channel, direction, min(level, 32767))


@function("DENOISE")
def denoise(call: Call, channeldirection: str) -> str:
    """Whether noise is taken out of speech, on or off: Set(DENOISE(rx)=on).

    What goes on and on (fans, streets, hum, hiss) is brought down by up to 18 dB; it takes a second or two to
    be learned.  The audio is 10 ms later for it.  Music and modems suffer: it is for speech.

    Args:
        channeldirection: rx, what the channel says, or tx, what it hears.
    """
    return "on" if effects_of(call.channel, _direction("DENOISE", channeldirection)).denoise else "off"


@denoise.writer
def set_denoise_of(call: Call, value: str, channeldirection: str) -> None:
    """Take noise out of speech, or leave it in."""
    direction = _direction("DENOISE", channeldirection)
    wanted = value.strip().lower()
    if wanted not in _OFF and wanted not in _ON:
        raise FunctionError(f"DENOISE: there are on and off, not {value!r}")
    set_denoise(call.channel, direction, wanted in _ON)


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
