"""Applications that play to the caller: Playback, Echo, tones and music."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from offhook.dialplan.declare import Options, Raw, application, flag, separated
from offhook.dialplan.say_rules import SayRuleError
from offhook.features.saying import Saying
from offhook.pbx import events
from offhook.pbx.channel import ChannelState
from offhook.pbx.listening import (
    PlaybackError,
    find_sounds,
    listen_for,
    play_files,
    play_indication,
    stop_indication,
)

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = ["echo", "music_on_hold", "playback", "playtones", "start_music", "stop_music", "stop_playtones"]


@dataclass(frozen=True, slots=True)
class PlaybackOptions(Options):
    """Option words of Playback()."""

    skip: bool = flag("skip", "Do nothing unless the channel is answered.")
    noanswer: bool = flag("noanswer", "Play without answering (early media).")
    say: bool = flag("say", "Say texts by the rules of say.conf: `num:42`, `date:AdBY:...`.")
    mix: bool = flag("mix", "Sounds, and texts (with a colon) by the rules of say.conf.")


_PLAYBACK = PlaybackOptions()


def _said(call: Call, texts: list[str], options: PlaybackOptions) -> list[str]:
    """The sounds of texts; of options.mix those without a colon are sounds themselves."""
    saying = call.channel.pbx.service(Saying) or Saying()
    names: list[str] = []
    for text in texts:
        kind, colon, rest = text.partition(":")
        if (not colon and options.mix) or "://" in text:
            names.append(text)
            continue
        try:
            names += saying.rules.sounds(kind, rest, call.channel.language)
        except SayRuleError as error:
            call.set_variable("PLAYBACKSTATUS", "FAILED")
            call.complain(f"Playback: {error}")
    return names


@application("Playback")
async def playback(
    call: Call, filenames: Annotated[list[str], separated("&")], options: PlaybackOptions = _PLAYBACK
) -> None:
    """Play sound files; the caller cannot interrupt them.

    The channel is answered first unless `noanswer` is given.  Files that are missing are left out.

    Args:
        filenames: sounds without extension, in this order.
        options: skip, noanswer, say, mix.

    Sets:
        PLAYBACKSTATUS: SUCCESS, or FAILED when something could not be played.
    """
    channel = call.channel
    call.set_variable("PLAYBACKSTATUS", "SUCCESS")
    if channel.state is not ChannelState.UP:
        if options.skip:
            return
        if options.noanswer:
            channel.progress()
        else:
            channel.answer()
    try:
        names = _said(call, filenames, options) if options.say or options.mix else filenames
        files, missing = await find_sounds(channel, names)
        for name in missing:
            call.set_variable("PLAYBACKSTATUS", "FAILED")
            call.complain(f"Playback: there is no sound {name!r} in language {channel.language!r}")
        await play_files(channel, files)
    except PlaybackError as error:
        call.set_variable("PLAYBACKSTATUS", "FAILED")
        call.complain(f"Playback: {error}")
    finally:
        channel.inbox.discard(lambda event: isinstance(event, events.Digit))


@application("Echo")
async def echo(call: Call) -> None:
    """Send the caller's own audio, video and digits back until `#` is pressed."""
    channel = call.channel
    channel.answer()
    ports = [port for _, port in channel.further_media()]
    if channel.media is not None:
        ports.append(channel.media)
    for port in ports:
        port.echo(True)
    try:
        while True:
            event = await channel.inbox.get()
            if isinstance(event, events.Digit) and event.digit == "#":
                return
    finally:
        for port in ports:
            if not port.closed:
                port.echo(False)


@application("PlayTones")
def playtones(call: Call, tonelist: Raw) -> None:
    """Play tones until StopPlaytones, without waiting.

    Args:
        tonelist: the name of a tone of the channel's zone (busy, dial ...) or tones as in indications.conf.
    """
    try:
        play_indication(call.channel, tonelist)
    except (PlaybackError, ValueError) as error:
        call.complain(f"PlayTones: {error}")


@application("StopPlayTones")
def stop_playtones(call: Call) -> None:
    """Stop what Playtones plays."""
    stop_indication(call.channel)


@application("MusicOnHold")
async def music_on_hold(call: Call, musicclass: str = "", duration: float | None = None) -> None:
    """Play music on hold.

    Args:
        musicclass: the class of musiconhold.conf; the channel's own if not given.
        duration: seconds; until the caller hangs up if not given.
    """
    channel = call.channel
    if channel.state is not ChannelState.UP:
        channel.progress()
    stop = channel.pbx.start_music(channel, musicclass)
    if stop is None:
        call.complain("MusicOnHold: there is no music on this node")
    try:
        await listen_for(channel, duration)
    finally:
        if stop is not None:
            stop()


@application("StartMusicOnHold")
def start_music(call: Call, musicclass: str = "") -> None:
    """Play music on hold while the dialplan goes on.

    Args:
        musicclass: the class of musiconhold.conf; the channel's own if not given.
    """
    stop_music(call)
    call.channel.hold_music = call.channel.pbx.start_music(call.channel, musicclass)
    if call.channel.hold_music is None:
        call.complain("StartMusicOnHold: there is no music on this node")


@application("StopMusicOnHold")
def stop_music(call: Call) -> None:
    """Stop what StartMusicOnHold plays."""
    stop, call.channel.hold_music = call.channel.hold_music, None
    if stop is not None:
        stop()
