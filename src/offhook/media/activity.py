"""What runs on a port for a while: playbacks, recordings, digits being sent; and how each of them ended.

An activity costs no task, and a future only while somebody waits.  Its result is set once, by the
engine's event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from offhook._core import Port

__all__ = [
    "Activity",
    "DigitsEnd",
    "DigitsSending",
    "Playback",
    "PlaybackEnd",
    "PlaybackResult",
    "Recording",
    "RecordingEnd",
    "RecordingResult",
]


class PlaybackEnd(Enum):
    """Why a playback has ended."""

    FINISHED = "finished"
    """All of it was played."""
    STOPPED = "stopped"
    """Playback.stop() or the cancellation of who waited for it."""
    REPLACED = "replaced"
    """Something else was played on the port."""
    CLOSED = "closed"
    """The port was closed: usually the caller hung up."""
    FAILED = "failed"
    """A file could not be read; see the result's `error`."""


class RecordingEnd(Enum):
    """Why a recording has ended."""

    STOPPED = "stopped"
    """Recording.stop() or the cancellation of who waited for it."""
    LENGTH = "max"
    """`max_ms` was reached."""
    SILENCE = "silence"
    """Nothing was heard for `silence_ms`."""
    HANGUP = "hangup"
    """The port was closed."""
    FAILED = "failed"
    """The file could not be written; see the result's `error`."""


class DigitsEnd(Enum):
    """Whether digits went out."""

    SENT = "sent"
    CLOSED = "closed"


class PlaybackResult(NamedTuple):
    """How a playback ended."""

    end: PlaybackEnd
    played_ms: int
    error: str | None = None

    @property
    def complete(self) -> bool:
        """Whether everything was heard."""
        return self.end is PlaybackEnd.FINISHED


class RecordingResult(NamedTuple):
    """How a recording ended; the file is complete when this is there."""

    end: RecordingEnd
    recorded_ms: int
    error: str | None = None


_R = TypeVar("_R")


class Activity(Generic[_R]):
    """Something that runs until the engine says how it ended."""

    __slots__ = ("_core", "_on_end", "_waiter", "id", "result")

    id: Final[int]
    """The engine's number."""
    result: _R | None
    """None while it runs."""

    def __init__(self, core: Port, number: int, on_end: Callable[[_R], None] | None) -> None:
        self._core = core
        self._on_end = on_end
        self._waiter: asyncio.Future[_R] | None = None
        self.id = number
        self.result = None

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.result is None

    async def wait(self) -> _R:
        """How it ended.  One waiter at a time; whoever is cancelled while waiting stops it."""
        if self.result is not None:
            return self.result
        if self._waiter is not None:
            raise RuntimeError("somebody waits for this already")
        waiter: asyncio.Future[_R] = asyncio.get_running_loop().create_future()
        self._waiter = waiter
        try:
            return await waiter
        except asyncio.CancelledError:
            if self.result is None:
                self.stop()
            raise
        finally:
            self._waiter = None

    def stop(self) -> None:
        """End it; the result follows from the engine.  Does nothing when it has ended."""
        raise NotImplementedError

    def ended(self, text: str, value: int) -> None:
        """The engine's event.  For the port only."""
        raise NotImplementedError

    def _settle(self, result: _R) -> None:
        if self.result is not None:
            return
        self.result = result
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(result)
        if self._on_end is not None:
            self._on_end(result)


_PLAYBACK_ENDS = {end.value: end for end in PlaybackEnd}
_RECORDING_ENDS = {end.value: end for end in RecordingEnd}


def _problem(text: str) -> str:
    return text.removeprefix("error:").strip()


class Playback(Activity[PlaybackResult]):
    """Files or tones being played on a port."""

    __slots__ = ("position_ms",)

    def __init__(self, core: Port, number: int, on_end: Callable[[PlaybackResult], None] | None) -> None:
        super().__init__(core, number, on_end)
        self.position_ms = 0
        """Where in the files it was when it was last paused, wound or ended: counted by the engine."""

    def stop(self) -> None:
        """Fall silent at once."""
        if self.result is None and not self._core.closed:
            self._core.stop(self.id)

    def pause(self, on: bool = True) -> None:
        """Hold the position, or go on with on=False."""
        if self.result is None and not self._core.closed:
            self._core.pause(self.id, on)

    def seek(self, offset_ms: int) -> None:
        """Move by this much, back when negative; past the end finishes it."""
        if self.result is None and not self._core.closed:
            self._core.seek(self.id, offset_ms)

    def ended(self, text: str, value: int) -> None:
        """The engine's `play_end`."""
        end = _PLAYBACK_ENDS.get(text, PlaybackEnd.FAILED)
        error = _problem(text) if end is PlaybackEnd.FAILED else None
        self._settle(PlaybackResult(end, value, error))


class Recording(Activity[RecordingResult]):
    """What comes in on a port being written to a file."""

    __slots__ = ()

    def hold(self, *, paused: bool = False, muted: bool = False) -> None:
        """Leave out what comes in while `paused`, write silence in its place while `muted`."""
        if self.result is None and not self._core.closed:
            self._core.hold_record(self.id, paused=paused, muted=muted)

    def stop(self) -> None:
        """Complete the file; the result follows."""
        if self.result is None and not self._core.closed:
            self._core.stop_record(self.id)

    def set_gains(self, *, heard: float, said: float) -> None:
        """How loud it has what is heard and what is said from now on (factors up to 64); 0 is silent."""
        if self.result is None and not self._core.closed:
            self._core.set_record_gains(self.id, heard=heard, said=said)

    def ended(self, text: str, value: int) -> None:
        """The engine's `record_end`."""
        end = _RECORDING_ENDS.get(text, RecordingEnd.FAILED)
        error = _problem(text) if end is RecordingEnd.FAILED else None
        self._settle(RecordingResult(end, value, error))


class DigitsSending(Activity[DigitsEnd]):
    """DTMF digits on their way out."""

    __slots__ = ()

    def stop(self) -> None:
        """Digits that have been handed over are sent; nothing to stop."""

    def ended(self, text: str, value: int) -> None:
        """The engine's `dtmf_sent`, or that the port is closed."""
        self._settle(DigitsEnd.CLOSED if text == "closed" else DigitsEnd.SENT)
