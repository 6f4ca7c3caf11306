"""MixMonitor and StopMixMonitor: record a call while it goes on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.dialplan.declare import Options, Raw, application, flag, option
from offhook.dialplan.errors import ApplicationError
from offhook.features.call_recording import (
    DEFAULT_BEEP_INTERVAL,
    CallRecording,
    CallRecordingError,
    Part,
    RecordingPlan,
    call_recordings_of,
)
from offhook.media.taps import Direction

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = ["MixMonitorOptions", "start"]

_LATER = re.compile(r"\^\{([^{}]*)\}")
_LOUDEST = 4


@dataclass(frozen=True, slots=True)
class MixMonitorOptions(Options):
    """Option letters of MixMonitor()."""

    append: bool = flag("a", "Add to a file that exists.")
    bridged: bool = flag("b", "Write only while the channel is bridged.")
    beep: float | None = option("B", "Beep each so many seconds, 15 when none are given.")
    real_caller: bool = flag("c", "The voicemail shows the channel's own caller id.", supported=False)
    delete: bool = flag("d", "Remove the file when all is over, the command included.")
    heard: int | None = option("v", "How loud what the channel says is, from -4 to 4.", required=True)
    spoken: int | None = option("V", "How loud what it hears is, from -4 to 4.", required=True)
    both: int | None = option("W", "How loud both are, from -4 to 4.", required=True)
    receive: str | None = option("r", "A file for what the channel says alone.")
    transmit: str | None = option("t", "A file for what it hears alone.")
    stereo: bool = flag("D", "Both side by side in a .raw file of two channels, in place of mixing them.")
    no_filling: bool = flag("n", "No silence in the files of r and t where nothing comes.")
    id_variable: str | None = option("i", "The variable that gets the recording's id.", required=True)
    beep_start: bool = flag("p", "Beep when it begins.")
    beep_stop: bool = flag("P", "Beep when it ends.")
    mailbox: str | None = option("m", "Copy it to mailboxes.", supported=False)
    delay: float | None = option("s", "Write nothing for so many seconds.", required=True)


_NO_OPTIONS = MixMonitorOptions()


@application("MixMonitor")
def mixmonitor(call: Call, file: str, options: MixMonitorOptions = _NO_OPTIONS, command: Raw = "") -> None:
    """Record what the channel hears and says, mixed, while the call goes on.

    The recording ends with the call or by StopMixMonitor().  It does not answer.

    Args:
        file: `name.format`; a relative name lies in the recordings folder.
        options: see the letters.
        command: for the system's shell when the file is complete; `^{NAME}` stands for a variable, with the
            value that it has now.

    Sets:
        MIXMONITOR_FILENAME: the file.
    """
    start(call, file, options, command)


def start(call: Call, file: str, options: MixMonitorOptions, command: str = "") -> CallRecording:
    """Record the channel of a call; see MixMonitor().  Raises ApplicationError."""
    pbx = call.channel.pbx
    fill = not options.no_filling
    try:
        parts: list[Part] = []
        if file:
            parts.append(Part.named(pbx, file, Direction.BOTH, stereo=options.stereo))
        for name, direction in ((options.receive, Direction.HEARD), (options.transmit, Direction.SAID)):
            if name:
                parts.append(Part.named(pbx, name, direction, fill=fill))
            elif name is not None:
                letter = "r" if direction is Direction.HEARD else "t"
                call.complain(f"MixMonitor: the option {letter} needs a file")
        if not parts:
            raise CallRecordingError("a file is needed")
        if file:  # the command may name it
            call.set_variable("MIXMONITOR_FILENAME", str(parts[0].path))
        if options.delay is not None and options.delay < 0:
            raise CallRecordingError("the seconds of s cannot be below 0")
        beep = options.beep
        recording = call_recordings_of(pbx).start(
            call.channel,
            RecordingPlan(
                parts,
                append=options.append,
                only_bridged=options.bridged,
                delay_s=options.delay or 0.0,
                gains=(_gain(options.heard, options.both), _gain(options.spoken, options.both)),
                beep_interval_s=0.0 if beep is None else beep if beep > 0 else DEFAULT_BEEP_INTERVAL,
                beep_at_start=options.beep_start,
                beep_at_stop=options.beep_stop,
                delete=options.delete,
                command=call.evaluate(_LATER.sub(r"${\1}", command)) if command.strip() else "",
            ),
        )
    except CallRecordingError as error:
        raise ApplicationError(f"MixMonitor: {error}") from error
    if options.id_variable:
        call.set_variable(options.id_variable, recording.id)
    return recording


def _gain(one: int | None, both: int | None) -> float:
    """The factor of a volume from -4 to 4, each step twice as loud."""
    volume = one if one is not None else both or 0
    if abs(volume) > _LOUDEST:
        raise CallRecordingError(f"a volume is from -{_LOUDEST} to {_LOUDEST}, not {volume}")
    return float(2**volume)


@application("StopMixMonitor")
def stop_mixmonitor(call: Call, mixmonitorid: str = "") -> None:
    """End a recording of MixMonitor(), so that its file can be used.

    Args:
        mixmonitorid: the id that option i of MixMonitor() gave; without it all of the channel's end.
    """
    if not call_recordings_of(call.channel.pbx).stop(call.channel, mixmonitorid) and mixmonitorid:
        call.complain(f"StopMixMonitor: the channel has no recording {mixmonitorid!r}")
