"""What a channel's task does with its caller: play prompts and tones, wait, listen for keys.

The functions await the channel's inbox and are for the task that controls the channel; a hang-up
cancels that task, so none of them returns when the caller is gone.  For a leg without a task of its
own (a called party that hears an announcement) they return when it has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from offhook.pbx import events
from offhook.pbx.controlled import Keys, play_controlled, tell_playing
from offhook.pbx.errors import PlaybackError

if TYPE_CHECKING:
    from offhook.media.activity import PlaybackResult
    from offhook.pbx.channel import Channel

__all__ = [
    "PlaybackError",
    "find_sounds",
    "listen_for",
    "play",
    "play_files",
    "play_indication",
    "start_playing",
    "stop_indication",
    "wait_digit",
]


async def find_sounds(
    channel: Channel, names: Sequence[str], language: str = "", *, until_missing: bool = False
) -> tuple[list[str], list[str]]:
    """The files of sounds in a channel's language (or another), and the names for which there is none.

    With `until_missing` only those before the first that is missing.
    """
    sounds = channel.pbx.sounds
    language = language or channel.language
    codec = channel.audio_codec
    found: list[str] = []
    missing: list[str] = []
    for name in names:
        try:
            sound = sounds.find(name, language, codec) or await sounds.resolve(name, language, codec)
        except ValueError:  # no name of a sound at all
            sound = None
        if sound is not None:
            found.append(sound.path)
            continue
        missing.append(name)
        if until_missing:
            break
    return found, missing


def start_playing(channel: Channel, files: Sequence[str], *, loop: bool = False) -> int:
    """Play files in place of what plays; PlaybackEnded with the returned id follows in the inbox.

    Raises PlaybackError when the channel has no audio.
    """
    media = channel.media
    if media is None:
        raise PlaybackError(f"{channel.name} has no audio")
    number = 0

    def ended(result: PlaybackResult) -> None:
        channel.deliver(events.PlaybackEnded(channel, number, result.error))

    number = media.start_playing(files, loop=loop, on_end=ended).id
    tell_playing(channel, files)
    return number


async def play(channel: Channel, names: Sequence[str], *, stop: str = "", language: str = "") -> str:
    """Play prompts one after the other; a key of `stop` ends them.

    Returns that key, or "" when all was played or the leg ended.  Cancelling ends the playback.  Raises
    PlaybackError when there is no such prompt, no audio, or a file that cannot be read.
    """
    files, missing = await find_sounds(channel, names, language)
    if missing:
        raise PlaybackError(f"there is no sound {missing[0]!r} in language {language or channel.language!r}")
    return await play_files(channel, files, stop=stop)


async def play_files(channel: Channel, files: Sequence[str], *, stop: str = "") -> str:
    """Play files one after the other; see play()."""
    if not files or channel.ended:
        return ""
    return (await play_controlled(channel, files, Keys(forward="", rewind="", stop=stop))).key


async def wait_digit(channel: Channel, timeout: float | None) -> str | None:
    """The next key within `timeout` seconds, pressed already or still to come; None when none came."""
    loop = channel.pbx.loop
    deadline = None if timeout is None else loop.time() + timeout
    while True:
        event = await channel.inbox.get(None if deadline is None else deadline - loop.time())
        match event:
            case None:
                return None
            case events.Digit(digit=digit):
                return digit
            case events.HungUp(channel=leg) | events.Detached(channel=leg) if leg is channel:
                return None
            case _:
                pass


async def listen_for(channel: Channel, seconds: float | None) -> None:
    """Let time pass (for ever with None); keys that are pressed meanwhile are not kept."""
    loop = channel.pbx.loop
    deadline = None if seconds is None else loop.time() + seconds
    while True:
        event = await channel.inbox.get(None if deadline is None else deadline - loop.time())
        match event:
            case None:
                return
            case events.HungUp(channel=leg) | events.Detached(channel=leg) if leg is channel:
                return
            case _:
                pass


def play_indication(channel: Channel, tone: str) -> None:
    """Play a tone of the channel's zone, or a tone list, until stopped.

    Raises PlaybackError when the channel has no audio, ValueError for what is neither tone nor list.
    """
    media = channel.media
    if media is None:
        raise PlaybackError(f"{channel.name} has no audio")
    try:
        tones = channel.pbx.indications.resolve(tone, channel.tone_zone or None)
    except LookupError as error:
        raise ValueError(str(error)) from error
    media.start_tones(tones)


def stop_indication(channel: Channel) -> None:
    """Stop the tone that plays."""
    if channel.media is not None and not channel.ended:
        channel.media.stop_playing()
