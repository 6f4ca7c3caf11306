"""Monitor and its kind, which Asterisk has dropped for MixMonitor: the two directions in two files.

Each channel has at most one such recording.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from offhook.dialplan.declare import Options, application, flag, option
from offhook.dialplan.errors import ApplicationError
from offhook.features.call_recording import (
    DEFAULT_BEEP_INTERVAL,
    CallRecording,
    CallRecordingError,
    Part,
    RecordingPlan,
    call_recordings_of,
)
from offhook.media.formats import recorded_as
from offhook.media.taps import Direction
from offhook.pbx.channel import Channel

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__: list[str] = []


@dataclass(frozen=True, slots=True)
class MonitorOptions(Options):
    """Option letters of Monitor()."""

    mix: bool = flag("m", "One file of both directions instead of two.")
    bridged: bool = flag("b", "Write only while the channel is bridged.")
    beep: float | None = option("B", "Beep each so many seconds, 15 when none are given.")
    no_input: bool = flag("i", "Do not record what the channel says.")
    no_output: bool = flag("o", "Do not record what it hears.")


_NO_OPTIONS = MonitorOptions()
_SUFFIXES = {Direction.HEARD: "-in", Direction.SAID: "-out", Direction.BOTH: ""}


_monitors: WeakKeyDictionary[Channel, CallRecording] = WeakKeyDictionary()


def _file(call: Call, base: str, direction: Direction, form: str) -> Part:
    return Part.named(call.channel.pbx, f"{base}{_SUFFIXES[direction]}.{form}", direction)


@application("Monitor")
def monitor(
    call: Call, file_format: str = "wav", fname_base: str = "", options: MonitorOptions = _NO_OPTIONS
) -> None:
    """Record what the channel says and hears into two files.  Today it is MixMonitor().

    Args:
        file_format: the format and, after a colon, a URL that the call record gets.
        fname_base: the files' name without `-in` and `-out`; the channel's name without.
        options: see the letters.
    """
    channel = call.channel
    if channel in _monitors and not _monitors[channel].ended:
        call.complain("Monitor: the channel is recorded already")
        return
    form, _, url = file_format.partition(":")
    form = form or "wav"
    if recorded_as(form) is None:
        raise ApplicationError(f"Monitor: cannot write {form!r} files")
    base = fname_base or channel.name.replace("/", "-")
    if url:
        name = Path(base).name
        call.assign("CDR(userfield)", f"{url}{'' if url.endswith('/') else '/'}{name}.{form}")
    directions = [Direction.BOTH] if options.mix else []
    if not options.mix:
        directions += [] if options.no_input else [Direction.HEARD]
        directions += [] if options.no_output else [Direction.SAID]
    beep = options.beep
    try:
        if not directions:
            raise CallRecordingError("nothing is left to record with i and o")
        recording = call_recordings_of(channel.pbx).start(
            channel,
            RecordingPlan(
                [_file(call, base, direction, form) for direction in directions],
                only_bridged=options.bridged,
                beep_interval_s=0.0 if beep is None else beep or DEFAULT_BEEP_INTERVAL,
            ),
        )
    except CallRecordingError as error:
        raise ApplicationError(f"Monitor: {error}") from error
    _monitors[channel] = recording
    call.set_variable("__MONITORED", "true")


def _running(call: Call, name: str) -> CallRecording | None:
    found = _monitors.get(call.channel)
    if found is None or found.ended:
        call.complain(f"{name}: the channel is not recorded by Monitor()")
        return None
    return found


@application("StopMonitor")
def stop_monitor(call: Call) -> None:
    """End what Monitor() began.  Today it is StopMixMonitor()."""
    found = _running(call, "StopMonitor")
    if found is not None:
        found.stop()


@application("ChangeMonitor")
def change_monitor(call: Call, filename_base: str) -> None:
    """Give the files of Monitor() another name.

    Args:
        filename_base: their name without `-in` and `-out`.
    """
    found = _running(call, "ChangeMonitor")
    if found is None:
        return
    for wrong in found.rename(lambda part: _file(call, filename_base, part.direction, part.path.suffix[1:])):
        call.complain(f"ChangeMonitor: {wrong}")


@application("PauseMonitor")
def pause_monitor(call: Call) -> None:
    """Write nothing into the files of Monitor() for a while."""
    found = _running(call, "PauseMonitor")
    if found is not None:
        found.hold(True)


@application("UnpauseMonitor")
def unpause_monitor(call: Call) -> None:
    """Go on after PauseMonitor()."""
    found = _running(call, "UnpauseMonitor")
    if found is not None:
        found.hold(False)
