"""AGI commands that play, record and read digits.  Offsets are samples of 8 kHz."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import NamedTuple

from offhook.api.agi.commands import AgiSyntaxError, command
from offhook.api.agi.protocol import Reply
from offhook.api.agi.session import Session
from offhook.media.activity import PlaybackResult, RecordingEnd, RecordingResult
from offhook.media.formats import recorded_as
from offhook.pbx import events
from offhook.pbx.controlled import Keys, play_controlled
from offhook.pbx.listening import PlaybackError, find_sounds, play, play_files, wait_digit

__all__: list[str] = []

_SAMPLES_PER_MS = 8
_FIRST_DIGIT_S = 6.0
_NEXT_DIGIT_S = 2.0
_ALL_DIGITS = "0123456789*#ABCD"


def code_of(digit: str) -> int:
    """A key as results tell it: its ASCII code, 0 for none."""
    return ord(digit) if digit else 0


class Heard(NamedTuple):
    """How a prompt ended."""

    digit: str
    played_ms: int


async def stream(session: Session, name: str, stop: str, offset_ms: int = 0) -> Heard | None:
    """Play a sound from an offset; a key of `stop` ends it.  None when there is no such sound.

    Raises:
        PlaybackError: the channel has no audio, or the file cannot be read.
    """
    channel = session.channel
    files, missing = await find_sounds(channel, [name])
    if missing:
        session.call.complain(f"AGI: there is no sound {name!r} in language {channel.language!r}")
        return None
    media = channel.media
    if media is None:
        raise PlaybackError(f"{channel.name} has no audio")
    number = 0

    def ended(result: PlaybackResult) -> None:
        channel.deliver(events.PlaybackEnded(channel, number, result.error))

    playback = media.start_playing(files, offset_ms=offset_ms, on_end=ended)
    number, digit = playback.id, ""
    try:
        while playback.running or not digit:
            event = await channel.inbox.get()
            match event:
                case events.PlaybackEnded(playback=other, error=error) if other == number:
                    if error:
                        raise PlaybackError(error)
                    break
                case events.Digit(digit=key) if key in stop and not digit:
                    digit = key
                    playback.stop()
                case _:
                    pass
    finally:
        if not channel.ended:
            playback.stop()
    played = playback.result.played_ms if playback.result is not None else 0
    return Heard(digit, offset_ms + played)


@command("STREAM FILE")
async def stream_file(session: Session, filename: str, escape_digits: str, sample_offset: int = 0) -> Reply:
    """Play a sound; a key of `escape_digits` interrupts it.

    The result is 0, or the ASCII code of that key, with endpos the sample at which it ended; -1 when
    the caller hung up.

    PLAYBACKSTATUS is SUCCESS or FAILED.
    """
    start = max(sample_offset, 0)
    status, heard = "FAILED", None
    try:
        heard = await stream(session, filename, escape_digits, start // _SAMPLES_PER_MS)
        status = "FAILED" if heard is None else "SUCCESS"
    finally:
        session.call.set_variable("PLAYBACKSTATUS", status)
    if heard is None:
        return Reply(0, endpos=start)
    return Reply(code_of(heard.digit), endpos=heard.played_ms * _SAMPLES_PER_MS)


@command("CONTROL STREAM FILE")
async def control_stream_file(
    session: Session,
    filename: str,
    escape_digits: str,
    skipms: int = 3000,
    ffchar: str = "#",
    rewchr: str = "*",
    pausechr: str = "",
    offsetms: int = 0,
) -> Reply:
    """Play a sound that the caller winds by `skipms` and halts; a key of `escape_digits` ends it.

    The result is 0, or the ASCII code of that key, with endpos in samples; -1 when it could not be played.

    CPLAYBACKSTATUS is SUCCESS, USERSTOPPED or ERROR, CPLAYBACKOFFSET where it ended in ms.
    """
    call = session.call
    call.set_variable("CPLAYBACKSTATUS", "ERROR")
    files, missing = await find_sounds(session.channel, [filename])
    if missing:
        call.complain(f"AGI: there is no sound {filename!r} in language {session.channel.language!r}")
        return Reply(-1)
    keys = Keys(forward=ffchar, rewind=rewchr, stop=escape_digits, pause=pausechr)
    done = await play_controlled(
        session.channel, files, keys, skip_ms=max(skipms, 0) or 3000, offset_ms=max(offsetms, 0)
    )
    call.set_variable("CPLAYBACKSTATUS", "USERSTOPPED" if done.key else "SUCCESS")
    call.set_variable("CPLAYBACKOFFSET", str(done.offset_ms))
    return Reply(code_of(done.key), endpos=done.offset_ms * _SAMPLES_PER_MS)


@command("GET OPTION")
async def get_option(session: Session, filename: str, escape_digits: str, timeout: int = -1) -> Reply:
    """Play a sound and wait for one key of `escape_digits`, `timeout` ms long when it has been played.

    The result is 0, or the ASCII code of the key, with endpos the sample at which the sound ended.
    """
    heard = await stream(session, filename, escape_digits)
    if heard is None:
        return Reply(0, endpos=0)
    digit, seconds = heard.digit, timeout / 1000 if timeout >= 0 else session.call.timeouts.digit
    loop = session.channel.pbx.loop
    deadline = loop.time() + seconds
    while not digit:
        found = await wait_digit(session.channel, deadline - loop.time())
        if found is None:
            break
        digit = found if found in escape_digits else ""
    return Reply(code_of(digit), endpos=heard.played_ms * _SAMPLES_PER_MS)


@command("GET DATA")
async def get_data(session: Session, file: str, timeout: int = 0, maxdigits: int = 1024) -> Reply:
    """Play a sound and read digits, which may be typed while it plays; `#` ends them.

    `timeout` is in ms, for each digit.  The result are the digits, with `(timeout)` when that ended them.
    """
    channel = session.channel
    first = timeout / 1000 if timeout > 0 else _FIRST_DIGIT_S
    following = timeout / 1000 if timeout > 0 else _NEXT_DIGIT_S
    if timeout < 0:
        first = following = 1e6  # Asterisk: about as long as the call may last
    digit: str | None = ""
    if file:
        files, missing = await find_sounds(channel, [file])
        if missing:
            session.call.complain(f"AGI: there is no sound {file!r} in language {channel.language!r}")
        digit = await play_files(channel, files, stop=_ALL_DIGITS)
    digits = ""
    while True:
        if not digit:
            digit = await wait_digit(channel, following if digits else first)
        if digit is None:
            return Reply(digits, "timeout")
        if digit == "#":
            return Reply(digits)
        digits += digit
        if len(digits) >= max(maxdigits, 1):
            return Reply(digits)
        digit = ""


@command("WAIT FOR DIGIT")
async def wait_for_digit(session: Session, timeout: int) -> Reply:
    """Wait for a key, `timeout` ms at most, without end when it is negative.

    The result is the ASCII code of the key, 0 when none was pressed.
    """
    digit = await wait_digit(session.channel, timeout / 1000 if timeout >= 0 else None)
    return Reply(code_of(digit or ""))


# ---------------------------------------------------------------- recording


@command("RECORD FILE")
async def record_file(
    session: Session, filename: str, format: str, escape_digits: str, timeout: int, *more: str
) -> Reply:
    """Record the caller.

    What may follow: `[offset] [BEEP] [s=seconds]`.  `timeout` is in ms, -1 for none; `offset` is where in an
    existing file to go on, in samples; `s=` ends it after so many seconds of silence.

    The result is 0 with `(timeout)`, the ASCII code of the key with `(dtmf)`, -1 with `(writefile)` or
    `(hangup)`; endpos is the length in samples.
    """
    channel, media = session.channel, session.channel.media
    offset, beep, silence_s = _record_options(more)
    kind = recorded_as(format)
    if kind is None or media is None:
        session.call.complain(
            f"AGI: RECORD FILE: {format!r} files cannot be written"
            if kind is None
            else "AGI: there is no audio"
        )
        return Reply(-1, "writefile")
    if beep:
        with contextlib.suppress(PlaybackError):  # without the prompt, record all the same
            await play(channel, ["beep"])
    path = Path(filename) if filename.startswith("/") else channel.pbx.recordings / filename
    full = f"{path}.{format}"
    try:
        await asyncio.to_thread(os.makedirs, path.parent, exist_ok=True)
    except OSError as error:
        session.call.complain(f"AGI: RECORD FILE: {path.parent}: {error.strerror}")
        return Reply(-1, "writefile")
    done: asyncio.Future[RecordingResult] = channel.pbx.loop.create_future()
    number = 0

    def ended(result: RecordingResult) -> None:
        if not done.done():
            done.set_result(result)
        if not channel.ended:
            channel.deliver(events.RecordingEnded(channel, number, result.end.value, result.recorded_ms))

    recording = media.start_recording(
        full,
        kind,
        max_ms=max(timeout, 0),
        silence_ms=silence_s * 1000,
        append=offset > 0,
        on_end=ended,
    )
    number, digit = recording.id, ""
    try:
        while not done.done():
            event = await channel.inbox.get()
            match event:
                case events.Digit(digit=key) if key in escape_digits and not digit:
                    digit = key
                    recording.stop()
                case _:
                    pass
    except asyncio.CancelledError:
        recording.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5.0):
                await done
        if done.done():
            session.interrupted = Reply(-1, "hangup", done.result().recorded_ms * _SAMPLES_PER_MS)
        raise
    result = done.result()
    endpos = result.recorded_ms * _SAMPLES_PER_MS
    match result.end:
        case RecordingEnd.FAILED:
            session.call.complain(f"AGI: RECORD FILE: {result.error}")
            return Reply(-1, "writefile")
        case _ if digit:
            return Reply(code_of(digit), "dtmf", endpos)
        case RecordingEnd.HANGUP:
            return Reply(-1, "hangup", endpos)
        case _:
            return Reply(0, "timeout", endpos)


def _record_options(words: tuple[str, ...]) -> tuple[int, bool, int]:
    """Offset in samples, whether to beep, seconds of silence."""
    offset, beep, silence = 0, False, 0
    for word in words:
        if word.isdecimal():
            offset = int(word)
        elif word.lower().startswith("s=") and word[2:].isdecimal():
            silence = int(word[2:])
        elif word.upper() == "BEEP":
            beep = True
        else:
            raise AgiSyntaxError(
                "RECORD FILE <filename> <format> <escape_digits> <timeout> [offset] [BEEP] [s=silence]"
            )
    return offset, beep, silence
