"""A playback that the caller winds, halts and ends with keys (ControlPlayback()), or somebody from outside.

The latter is for whatever a channel's task plays: events.PlaybackControl, AMI's ControlPlayback.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from offhook.pbx import events
from offhook.pbx.errors import PlaybackError

if TYPE_CHECKING:
    from offhook.media.activity import Playback, PlaybackResult
    from offhook.pbx.channel import Channel

__all__ = ["Controlled", "Keys", "play_controlled", "tell_playing"]

_TO_THE_BEGINNING = -(10**9)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of each function; each may be several, or "" for none."""

    forward: str = "#"
    rewind: str = "*"
    stop: str = ""
    pause: str = ""
    restart: str = ""


class Controlled(NamedTuple):
    """How it ended."""

    key: str
    """The key that stopped it, "" when it was played to the end or stopped by somebody from outside."""
    offset_ms: int
    """Where in the sound that was: counted by the media engine."""
    complete: bool = False
    """It was played to its end."""
    remote: bool = False
    """Somebody from outside stopped it."""


async def play_controlled(
    channel: Channel, files: Sequence[str], keys: Keys, *, skip_ms: int = 3000, offset_ms: int = 0
) -> Controlled:
    """Play files one after the other while keys wind by `skip_ms`; a key of `keys.stop` ends it.

    Raises PlaybackError: no audio, or a file that cannot be read.  Cancelling ends the playback.
    """
    media = channel.media
    if media is None:
        raise PlaybackError(f"{channel.name} has no audio")
    if not files:
        return Controlled("", offset_ms)
    number = 0

    def ended(result: PlaybackResult) -> None:
        channel.deliver(events.PlaybackEnded(channel, number, result.error))

    playback = media.start_playing(files, offset_ms=offset_ms, on_end=ended)
    number = playback.id
    tell_playing(channel, files)
    paused = False
    try:
        while True:
            event = await channel.inbox.get()
            match event:
                case events.PlaybackEnded(playback=other, error=error) if other == number:
                    if error:
                        raise PlaybackError(error)
                    return Controlled("", playback.position_ms, complete=True)
                case events.HungUp(channel=leg) | events.Detached(channel=leg) if leg is channel:
                    return Controlled("", playback.position_ms)
                case events.Digit(digit=key) if key in keys.stop:
                    _tell(channel, "Break")
                    return Controlled(key, await _stop(playback))
                case events.PlaybackControl(what="stop"):
                    _tell(channel, "Break")
                    return Controlled("", await _stop(playback), remote=True)
                case events.Digit(digit=_) | events.PlaybackControl(what=_):
                    what = _wanted(event, keys)
                    if what == "pause":
                        paused = not paused
                        playback.pause(paused)
                        _tell(channel, "Pause" if paused else "Unpause")
                    elif what:
                        step = {"forward": skip_ms, "reverse": -skip_ms}.get(what, _TO_THE_BEGINNING)
                        playback.seek(step)
                        if paused:
                            paused = False
                            playback.pause(False)
                        _tell(channel, _TOLD[what], skip_ms if what != "restart" else None)
                case _:
                    pass
    finally:
        if not channel.ended:
            playback.stop()


async def _stop(playback: Playback) -> int:
    """End it; where it was, which the engine tells.  Keys pressed meanwhile stay in the inbox."""
    playback.stop()
    await playback.wait()
    return playback.position_ms


_TOLD = {"forward": "FastForward", "reverse": "Rewind", "restart": "Restart"}


def _wanted(event: events.Digit | events.PlaybackControl, keys: Keys) -> str:
    """What a key, or somebody from outside, asks for; "" when it is nothing."""
    if isinstance(event, events.PlaybackControl):
        return event.what
    key = event.digit
    if key in keys.pause:
        return "pause"
    if key in keys.forward:
        return "forward"
    if key in keys.rewind:
        return "reverse"
    return "restart" if key in keys.restart else ""


def tell_playing(channel: Channel, files: Sequence[str]) -> None:
    """Tell tests what is being played."""
    if channel.pbx.bus.wanted(events.TestEvent):
        for file in files:
            message = channel.pbx.sounds.name_of(file)
            said = (("Message", message), ("Channel", channel.name))
            channel.pbx.bus.emit(events.TestEvent, "PLAYBACK", said)


def _tell(channel: Channel, control: str, skip_ms: int | None = None) -> None:
    """Tell tests what was done to a playback."""
    said = [("Control", control), ("Channel", channel.name)]
    if skip_ms is not None:
        said.append(("SkipMs", str(skip_ms)))
    channel.pbx.bus.emit(events.TestEvent, "PLAYBACK", said)
