"""Record: what the caller says goes into a file."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.dialplan.declare import Options, application, flag
from offhook.dialplan.errors import ApplicationError
from offhook.features.last_recording import recorded
from offhook.media.activity import RecordingEnd
from offhook.media.formats import RECORDABLE_EXTENSIONS, recorded_as
from offhook.pbx import events
from offhook.pbx.channel import ChannelState
from offhook.pbx.listening import PlaybackError, play

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.media.activity import RecordingResult

__all__ = ["RecordOptions", "record", "record_call"]


@dataclass(frozen=True, slots=True)
class RecordOptions(Options):
    """Option letters of Record()."""

    append: bool = flag("a", "Add to a recording that exists.")
    noanswer: bool = flag("n", "Record without answering.")
    operator: bool = flag("o", "0 ends the recording; RECORD_STATUS is OPERATOR.")
    quiet: bool = flag("q", "No beep before the recording.")
    skip: bool = flag("s", "Do nothing unless the channel is answered.")
    star: bool = flag("t", "* ends the recording instead of #.")
    no_terminator: bool = flag("x", "No key ends the recording.")
    any_key: bool = flag("y", "Any key ends the recording.")
    keep: bool = flag("k", "Keep the recording when the caller hangs up; else it is removed.")
    whole: bool = flag("u", "Do not cut the silence that ended the recording; it is never cut.")


_NO_OPTIONS = RecordOptions()


def _path(call: Call, filename: str) -> tuple[Path, str]:
    """The file and its format; `%d` becomes the first number that is free."""
    name, dot, extension = filename.rpartition(".")
    if not dot:
        name, colon, extension = filename.rpartition(":")
        if not colon:
            raise ApplicationError(f"Record: {filename!r} has no extension that says the format")
    path = Path(name) if name.startswith("/") else call.channel.pbx.recordings / name
    if "%d" in path.name:
        for number in range(1_000_000):
            candidate = path.with_name(path.name.replace("%d", str(number), 1))
            if not candidate.with_name(f"{candidate.name}.{extension}").exists():
                path = candidate
                break
    return path, extension


@application("Record")
async def record(
    call: Call,
    filename: str,
    silence: int = 0,
    maxduration: int = 0,
    options: RecordOptions = _NO_OPTIONS,
) -> None:
    """Record what the caller says until `#`, silence, the time limit or the hang-up.

    Args:
        filename: `name.format`; a relative name lies in the recordings folder; %d is numbered on.
        silence: end after so many seconds of silence; 0 never.
        maxduration: end after so many seconds; 0 never.
        options: see the letters.

    Sets:
        RECORDED_FILE: the file without extension.
        RECORD_STATUS: DTMF, SILENCE, SKIP, TIMEOUT, HANGUP, OPERATOR or ERROR.
    """
    channel = call.channel
    call.set_variable("RECORD_STATUS", "ERROR")
    path, extension = _path(call, filename)
    call.set_variable("RECORDED_FILE", str(path))
    if recorded_as(extension) is None:
        known = ", ".join(sorted(RECORDABLE_EXTENSIONS))
        call.complain(f"Record: cannot write {extension!r} files (there are: {known})")
        return
    if channel.state is not ChannelState.UP:
        if options.skip:
            call.set_variable("RECORD_STATUS", "SKIP")
            return
        if options.noanswer:
            channel.progress()
        else:
            channel.answer()
    if channel.media is None:
        raise ApplicationError("Record: the channel has no audio")
    if not options.quiet:
        try:
            await play(channel, ["beep"])
        except PlaybackError as error:
            call.complain(f"Record: {error}")
    # What `h` sees when the caller hangs up while recording.
    call.set_variable("RECORD_STATUS", "HANGUP")
    call.set_variable(
        "RECORD_STATUS", await record_call(call, path, extension, silence, maxduration, options)
    )


async def record_call(
    call: Call, path: Path, extension: str, silence: int, maxduration: int, options: RecordOptions
) -> str:
    """Record the caller into `path.extension`; the RECORD_STATUS.  `silence` and `maxduration` in seconds."""
    channel = call.channel
    media = channel.media
    if media is None:
        return "ERROR"
    full = f"{path}.{extension}"
    try:
        os.makedirs(path.parent, exist_ok=True)
    except OSError as error:
        call.complain(f"Record: {path.parent}: {error.strerror}")
        return "ERROR"

    def ended(result: RecordingResult) -> None:
        if channel.hangup_requested and not options.keep:
            with contextlib.suppress(OSError):
                os.unlink(full)
        if result.end is not RecordingEnd.FAILED:
            recorded(channel, result.recorded_ms)
        if not channel.ended:
            channel.deliver(
                events.RecordingEnded(channel, recording.id, result.end.value, result.recorded_ms)
            )

    recording = media.start_recording(
        full,
        recorded_as(extension) or extension,
        max_ms=maxduration * 1000,
        silence_ms=silence * 1000,
        append=options.append,
        on_end=ended,
    )
    terminators = "" if options.no_terminator else "*" if options.star else "#"
    status = ""
    try:
        while True:
            event = await channel.inbox.get()
            match event:
                case events.RecordingEnded(recording=number, why=why) if number == recording.id:
                    if status:
                        return status
                    return {
                        RecordingEnd.LENGTH.value: "TIMEOUT",
                        RecordingEnd.SILENCE.value: "SILENCE",
                        RecordingEnd.STOPPED.value: "DTMF",
                    }.get(why, "ERROR")
                case events.Digit(digit=digit) if not status:
                    if digit == "0" and options.operator:
                        status = "OPERATOR"
                    elif digit in terminators or options.any_key:
                        status = "DTMF"
                    if status:
                        recording.stop()
                case _:
                    pass
    finally:
        if recording.running:
            recording.stop()
