"""A playback that the caller winds, halts and ends with keys: ControlPlayback() and its likes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from offhook.pbx import events
from offhook.pbx.listening import PlaybackError

if TYPE_CHECKING:
    from offhook.media.activity import PlaybackResult
    from offhook.pbx.channel import Channel

__all__ = ["Controlled", "Keys", "play_controlled"]

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
    """The key that stopped it, "" when it was played to the end."""
    offset_ms: int
    """Where in the sound that was, as far as the clock tells."""


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
    loop = channel.pbx.loop
    since, position, paused = loop.time(), float(offset_ms), False

    def now() -> float:
        return position if paused else position + (loop.time() - since) * 1000

    try:
        while True:
            event = await channel.inbox.get()
            match event:
                case events.PlaybackEnded(playback=other, error=error) if other == number:
                    if error:
                        raise PlaybackError(error)
                    return Controlled("", int(now()))
                case events.HungUp(channel=leg) | events.Detached(channel=leg) if leg is channel:
                    return Controlled("", int(now()))
                case events.Digit(digit=key) if key in keys.stop:
                    return Controlled(key, int(now()))
                case events.Digit(digit=key) if key in keys.pause:
                    position, since, paused = now(), loop.time(), not paused
                    playback.pause(paused)
                case events.Digit(digit=key):
                    step = _step(key, keys, skip_ms)
                    if step:
                        position, since = max(now() + step, 0.0), loop.time()
                        playback.seek(step)
                        if paused:
                            paused = False
                            playback.pause(False)
                case _:
                    pass
    finally:
        if not channel.ended:
            playback.stop()


def _step(key: str, keys: Keys, skip_ms: int) -> int:
    if key in keys.forward:
        return skip_ms
    if key in keys.rewind:
        return -skip_ms
    return _TO_THE_BEGINNING if key in keys.restart else 0
