"""BackgroundDetect and WaitForTone: what the caller does while he hears something, or the dialplan waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.apps.menus import dial_extension
from offhook.dialplan.declare import Options, application, flag, option
from offhook.dialplan.errors import ApplicationError
from offhook.media.taps import Direction
from offhook.pbx import events
from offhook.pbx.channel import ChannelState
from offhook.pbx.effects import set_notch
from offhook.pbx.listening import find_sounds, start_playing

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.media.port import MediaPort

__all__ = ["audible_port", "background_detect", "wait_for_tone"]

_HEARD = "heard something"
_THRESHOLD = 256
_INFINITE = 2**31


def audible_port(call: Call, name: str) -> MediaPort:
    """The audio of a call, which is answered for it.  Raises ApplicationError."""
    channel = call.channel
    if channel.state is not ChannelState.UP:
        channel.answer()
    if channel.media is None:
        raise ApplicationError(f"{name}: the channel has no audio")
    return channel.media


@application("BackgroundDetect")
async def background_detect(
    call: Call,
    filename: str,
    sil: int = 1000,
    min: int = 100,
    max: int = _INFINITE,
    analysistime: int = _INFINITE,
) -> None:
    """Play a sound; who talks meanwhile, and then is silent, ends it and goes to the extension `talk`.

    Where there is none the dialplan goes on with the next priority.
    A digit that is the beginning of an extension ends the sound, too, and goes there.

    Args:
        filename: the sound.
        sil: so many ms of silence end talking.
        min: less than so many ms are no talking.
        max: nor are more than so many ms.
        analysistime: what begins later than after so many ms does not count.

    Sets:
        TALK_DETECTED: how many ms the caller talked.
    """
    channel = call.channel
    port = audible_port(call, "BackgroundDetect")
    files, missing = await find_sounds(channel, [filename])
    if missing:
        call.complain(f"BackgroundDetect: there is no sound {filename!r}")
        return
    began = channel.pbx.loop.time()

    def found(what: str, ms: int) -> None:
        if what == "silent":
            channel.deliver(events.Notice(channel, _HEARD, ms))

    watch = port.watch_talking(found, threshold=_THRESHOLD, silence_ms=sil)
    playback = start_playing(channel, files)
    running = True
    try:
        while True:
            event = await channel.inbox.get()
            match event:
                case events.PlaybackEnded(playback=ended, error=error) if ended == playback:
                    running = False
                    if error:
                        call.complain(f"BackgroundDetect: {error}")
                    return
                case events.Notice(what=what, data=int(ms)) if what == _HEARD:
                    started = (channel.pbx.loop.time() - began) * 1000 - ms - sil
                    if min <= ms <= max and started <= analysistime:
                        call.set_variable("TALK_DETECTED", str(ms))
                        if call.exists(call.context, "talk"):
                            call.goto(None, "talk", 1)
                        return
                case events.Digit(digit=digit) if call.can_match(call.context, digit):
                    break
                case _:
                    pass
    finally:
        watch.close()
        if running and channel.media is not None and not channel.ended:
            channel.media.core.stop(playback)
    await dial_extension(call, digit, call.context)


@dataclass(frozen=True, slots=True)
class WaitForToneOptions(Options):
    """Option letters of WaitForTone()."""

    decibels: int | None = option("d", "How far it stands out, in dB; 10 at most.", required=True)
    squelch: bool = flag("s", "Take the tone out of what the channel says, meanwhile.")


@application("WaitForTone")
async def wait_for_tone(
    call: Call,
    freq: float,
    duration_ms: int = 500,
    timeout: float = 0,
    times: int = 1,
    options: WaitForToneOptions = WaitForToneOptions(),
) -> None:
    """Wait until a single tone is heard for so long, so many times.

    Args:
        freq: its frequency, in Hz.
        duration_ms: how long it lasts at least.
        timeout: seconds after which the dialplan goes on without; 0: never.
        times: how often it is to be heard.
        options: see the letters.

    Sets:
        WAITFORTONESTATUS: SUCCESS, TIMEOUT, HANGUP or ERROR.
    """
    call.set_variable("WAITFORTONESTATUS", "ERROR")
    if duration_ms <= 0 or times <= 0 or timeout < 0:
        call.complain("WaitForTone: the lengths and the number of times must be above 0")
        return
    channel = call.channel
    port = audible_port(call, "WaitForTone")

    def found(what: str, _: int) -> None:
        if what == "tone":
            channel.deliver(events.Notice(channel, _HEARD))

    try:
        watch = port.watch_tone(
            found, frequency=freq, ms=duration_ms, direction=Direction.HEARD, decibels=options.decibels
        )
    except ValueError as error:
        call.complain(f"WaitForTone: {error}")
        return
    call.set_variable("WAITFORTONESTATUS", "HANGUP")
    if options.squelch:
        set_notch(channel, Direction.HEARD, freq)
    loop = channel.pbx.loop
    deadline = loop.time() + timeout
    heard = 0
    try:
        while heard < times:
            event = await channel.inbox.get(deadline - loop.time() if timeout else None)
            if event is None:
                call.set_variable("WAITFORTONESTATUS", "TIMEOUT")
                return
            if isinstance(event, events.Notice) and event.what == _HEARD:
                heard += 1
    finally:
        watch.close()
        if options.squelch and not channel.ended:
            set_notch(channel, Direction.HEARD, 0.0)
    call.set_variable("WAITFORTONESTATUS", "SUCCESS")
