"""Recordings of calls: what a channel hears and says, written while the call goes on (MixMonitor).

A recording is a tap: it does not matter what the channel does or whom it is bridged with.  Its files are
valid at any moment, also when the process is killed.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from asyncio.subprocess import DEVNULL
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from offhook._core import MediaError
from offhook.media.formats import RECORDABLE_EXTENSIONS, recorded_as
from offhook.media.taps import Direction
from offhook.pbx import events
from offhook.pbx.audio import when_audible

if TYPE_CHECKING:
    from offhook.media.activity import Recording, RecordingResult
    from offhook.media.port import MediaPort
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = [
    "CallRecording",
    "CallRecordingError",
    "CallRecordings",
    "Part",
    "RecordingMuted",
    "RecordingPlan",
    "RecordingStarted",
    "RecordingStopped",
    "call_recordings_of",
]

log = logging.getLogger(__name__)

BEEP = "beep"
DEFAULT_BEEP_INTERVAL = 15.0  # seconds, Asterisk's


class CallRecordingError(Exception):
    """The call cannot be recorded so; the text says why."""


@dataclass(frozen=True, slots=True, eq=False)
class RecordingStarted:
    """A call is recorded (MixMonitorStart)."""

    recording: CallRecording


@dataclass(frozen=True, slots=True, eq=False)
class RecordingStopped:
    """A call is recorded no more (MixMonitorStop)."""

    recording: CallRecording


@dataclass(frozen=True, slots=True, eq=False)
class RecordingMuted:
    """Recordings of a channel have, or no longer have, silence in place of a direction (MixMonitorMute)."""

    channel: Channel
    direction: str  # read, write, both
    on: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a recording."""

    path: Path
    direction: Direction
    stereo: bool = False
    fill: bool = True

    @staticmethod
    def named(
        pbx: Pbx,
        name: str,
        direction: Direction,
        *,
        stereo: bool = False,
        fill: bool = True,
        default: str = "raw",
    ) -> Part:
        """The part for a file name, in the recordings folder unless it is absolute.

        Raises CallRecordingError for a format that cannot be written.
        """
        path = Path(name)
        extension = path.suffix[1:]
        if not extension:
            extension = default
            path = path.with_name(f"{path.name}.{extension}")
        if extension == "wav49":  # what the file is called, whatever it was asked for by
            path = path.with_suffix(".WAV")
        if recorded_as(extension) is None:
            known = ", ".join(sorted(RECORDABLE_EXTENSIONS))
            raise CallRecordingError(f"cannot write {extension!r} files (there are: {known})")
        if stereo and extension not in ("raw", "sln", "slin"):
            raise CallRecordingError(f"two directions side by side (D) need a .raw file, not {path.name}")
        return Part(path if path.is_absolute() else pbx.recordings / path, direction, stereo, fill)


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """What is to be recorded, and how."""

    parts: Sequence[Part]
    append: bool = False
    only_bridged: bool = False
    delay_s: float = 0.0  # so long nothing is written
    gains: tuple[float, float] = (1.0, 1.0)  # of what is heard and said
    beep_interval_s: float = 0.0  # 0: no beeps
    beep_at_start: bool = False
    beep_at_stop: bool = False
    delete: bool = False  # the files, when all is over
    command: str = ""  # for the shell, when the files are complete


class CallRecording:
    """One recording of a channel, from start() to stop() or the end of the call."""

    def __init__(
        self, recordings: CallRecordings, channel: Channel, number: int, plan: RecordingPlan
    ) -> None:
        self.channel = channel
        self.id = f"0x{number:08x}"
        self.plan = plan
        self.ended = False
        self.on_complete: list[Callable[[], None]] = []
        """Told when the files are complete."""
        self._recordings = recordings
        self._pbx = channel.pbx
        self._running: list[Recording] = []
        self._open = 0  # files that are not complete yet
        self._muted = [False, False]
        self._delayed = plan.delay_s > 0
        self._held = False  # PauseMonitor
        self._timers: list[asyncio.TimerHandle] = []
        self._stops: list[Callable[[], None]] = []

    @property
    def files(self) -> list[str]:
        """All files, the main one first."""
        return [str(part.path) for part in self.plan.parts]

    @property
    def muted(self) -> tuple[bool, bool]:
        """Whether there is silence in place of what is heard, of what is said."""
        return (self._muted[0], self._muted[1])

    def file_of(self, direction: Direction) -> str:
        """The file of a direction, "" when there is none."""
        found = [part for part in self.plan.parts if part.direction is direction]
        return str(found[0].path) if found else ""

    def rename(self, named: Callable[[Part], Part]) -> list[str]:
        """Give each file another name, under which it is written on; what went wrong, a line each."""
        parts: list[Part] = []
        wrong: list[str] = []
        for part in self.plan.parts:
            there = named(part)
            try:
                os.makedirs(there.path.parent, exist_ok=True)
                if self._running:
                    os.replace(part.path, there.path)
            except OSError as error:
                wrong.append(f"{part.path} is not called {there.path}: {error.strerror}")
                there = part
            parts.append(there)
        self.plan = replace(self.plan, parts=parts)
        return wrong

    # ------------------------------------------------------------ its life

    def start(self) -> None:
        """Begin.  Raises CallRecordingError when nothing can be written."""
        for part in self.plan.parts:
            try:
                os.makedirs(part.path.parent, exist_ok=True)
            except OSError as error:
                raise CallRecordingError(f"{part.path.parent}: {error.strerror}") from error
        bus, loop = self._pbx.bus, self._pbx.loop
        if self.plan.only_bridged:
            self._stops += [
                bus.listen(events.BridgeEntered, self._bridge_changed),
                bus.listen(events.BridgeLeft, self._bridge_changed),
            ]
        if self.channel.media is not None:
            self._begin(self.channel.media)
        else:
            self._stops.append(when_audible(self.channel, self._begin_late))
        if self._delayed:
            self._timers.append(loop.call_later(self.plan.delay_s, self._begin_writing))
        self.channel.when_ended(self._channel_ended)
        bus.emit(RecordingStarted, self)
        if self.plan.beep_at_start:
            self._beep()
        if self.plan.beep_interval_s > 0:
            self._timers.append(loop.call_later(self.plan.beep_interval_s, self._beep_again))

    def _begin(self, media: MediaPort) -> None:
        try:
            for part in self.plan.parts:
                recording = media.start_recording(
                    str(part.path),
                    recorded_as(part.path.suffix[1:]) or "wav",
                    append=self.plan.append and part.path.exists(),
                    direction=part.direction,
                    stereo=part.stereo,
                    fill=part.fill,
                    gains=self.plan.gains,
                    paused=self._paused,
                    on_end=self._file_complete,
                )
                self._open += 1
                self._running.append(recording)
        except (MediaError, ValueError) as error:
            for recording in self._running:
                recording.stop()
            raise CallRecordingError(str(error)) from error
        self._set_gains()

    def _begin_late(self, media: MediaPort) -> None:
        try:
            self._begin(media)
        except CallRecordingError as error:
            log.error("%s is not recorded: %s", self.channel.name, error)

    def stop(self) -> None:
        """End it; the files are complete a moment later.  Idempotent."""
        if self.ended:
            return
        if self.plan.beep_at_stop:
            self._beep()
        self._close()
        for recording in self._running:
            recording.stop()
        if not self._open:
            self._complete()

    def _channel_ended(self) -> None:
        if not self.ended:
            self._close()
            if not self._open:
                self._complete()

    def _close(self) -> None:
        self.ended = True
        for timer in self._timers:
            timer.cancel()
        for stop in self._stops:
            stop()
        self._timers, self._stops = [], []
        self._recordings.remove(self)
        self._pbx.bus.emit(RecordingStopped, self)

    def _file_complete(self, result: RecordingResult) -> None:
        self._open -= 1
        if result.error:
            log.error("%s is not recorded: %s", self.channel.name, result.error)
        if not self._open:
            if not self.ended:  # no file could be written
                self._close()
            self._complete()

    def _complete(self) -> None:
        file = self.files[0] if self.plan.parts else ""
        self._pbx.bus.emit(events.TestEvent, "MIXMONITOR_END", (("File", file.rpartition(".")[0]),))
        if self.plan.command:
            self._recordings.run(self.plan.command, self._forget_files)
        else:
            self._forget_files()
        told, self.on_complete = self.on_complete, []
        for tell in told:
            tell()

    def _forget_files(self) -> None:
        if self.plan.delete:
            for part in self.plan.parts:
                try:
                    part.path.unlink(missing_ok=True)
                except OSError as error:
                    log.warning("%s cannot be removed: %s", part.path, error.strerror)

    # ------------------------------------------------------------ what is written of it

    @property
    def _paused(self) -> bool:
        apart = self.plan.only_bridged and self.channel.bridge is None
        return self._delayed or self._held or apart

    def hold(self, on: bool) -> None:
        """Write nothing for a while (PauseMonitor), or go on."""
        self._held = on
        self._reconsider()

    def mute(self, direction: str, on: bool) -> None:
        """Write silence in place of what is heard (`read`), said (`write`), or both."""
        if direction in ("read", "both"):
            self._muted[0] = on
        if direction in ("write", "both"):
            self._muted[1] = on
        self._set_gains()

    def _set_gains(self) -> None:
        heard, said = self.plan.gains
        for recording in self._running:
            recording.set_gains(heard=0.0 if self._muted[0] else heard, said=0.0 if self._muted[1] else said)

    def _reconsider(self) -> None:
        for recording in self._running:
            recording.hold(paused=self._paused)

    def _begin_writing(self) -> None:
        self._delayed = False
        self._reconsider()

    def _bridge_changed(self, event: events.BridgeEntered | events.BridgeLeft) -> None:
        if event.channel is self.channel:
            self._reconsider()

    # ------------------------------------------------------------ beeps

    def _beep_again(self) -> None:
        self._timers = [self._pbx.loop.call_later(self.plan.beep_interval_s, self._beep_again)]
        if not self._paused:
            self._beep()

    def _beep(self) -> None:
        """Over what the channel hears, and whoever talks to it."""
        bridge = self.channel.bridge
        other = bridge.other(self.channel) if bridge is not None and len(bridge.channels) == 2 else None
        for channel in (self.channel, other):
            if channel is None or channel.media is None or channel.ended:
                continue
            sound = self._pbx.sounds.find(BEEP, channel.language, channel.audio_codec)
            if sound is None:
                log.warning("%s: there is no sound %r", channel.name, BEEP)
            else:
                channel.media.start_overlay(sound.path)


class CallRecordings:
    """All recordings of calls of a node; a service of the Pbx."""

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self._by_channel: dict[Channel, list[CallRecording]] = {}
        self._numbers = itertools.count(1)
        self._programs: set[asyncio.Task[None]] = set()

    def start(self, channel: Channel, plan: RecordingPlan) -> CallRecording:
        """Record a channel.  Raises CallRecordingError."""
        if channel.ended:
            raise CallRecordingError(f"{channel.name} has ended")
        recording = CallRecording(self, channel, next(self._numbers), plan)
        recording.start()
        self._by_channel.setdefault(channel, []).append(recording)
        return recording

    def of(self, channel: Channel) -> list[CallRecording]:
        """The recordings of a channel that go on, oldest first."""
        return list(self._by_channel.get(channel, ()))

    def find(self, channel: Channel, recording_id: str) -> CallRecording | None:
        """One of a channel's by its id."""
        return next((one for one in self.of(channel) if one.id == recording_id), None)

    def stop(self, channel: Channel, recording_id: str = "") -> bool:
        """End one recording of a channel, or with "" all; whether there was any."""
        chosen = [one for one in self.of(channel) if not recording_id or one.id == recording_id]
        for one in chosen:
            one.stop()
        return bool(chosen)

    def mute(self, channel: Channel, direction: str, on: bool, recording_id: str = "") -> int:
        """Write silence in place of a direction, or no longer, in one recording or all; how many."""
        chosen = [one for one in self.of(channel) if not recording_id or one.id == recording_id]
        for one in chosen:
            one.mute(direction, on)
        if chosen:
            self._pbx.bus.emit(RecordingMuted, channel, direction, on)
        return len(chosen)

    def remove(self, recording: CallRecording) -> None:
        """It has ended.  Called by itself only."""
        mine = self._by_channel.get(recording.channel)
        if mine is not None and recording in mine:
            mine.remove(recording)
            if not mine:
                del self._by_channel[recording.channel]

    def run(self, command: str, then: Callable[[], None]) -> None:
        """Run a command of the shell, for which nobody waits."""
        task = self._pbx.loop.create_task(_run(command), name="after a recording")
        self._programs.add(task)

        def done(task: asyncio.Task[None]) -> None:
            self._programs.discard(task)
            then()

        task.add_done_callback(done)


async def _run(command: str) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
        )
        status = await process.wait()
    except OSError as error:
        log.error("%r cannot be run: %s", command, error.strerror or error)
        return
    if status:
        log.warning("%r ended with status %d", command, status)


def call_recordings_of(pbx: Pbx) -> CallRecordings:
    """A node's recordings of calls."""
    found = pbx.service(CallRecordings)
    if found is None:
        found = CallRecordings(pbx)
        pbx.add_service(found)
    return found
