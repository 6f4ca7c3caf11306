"""Audio between a call and a program: frames of what the far end says, and samples that it hears.

Samples are 16-bit linear, little endian, mono, at the rate that the program asks for.  The engine paces both
directions; the queues between have bounds, and what they cost is counted: `lost_ms` of audio nobody fetched
in time, `underruns` of a program that did not write in time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable
from typing import TYPE_CHECKING, Final, Self

from offhook._core import AudioQueue
from offhook.media.activity import (
    Playback,
    PlaybackEnd,
    PlaybackResult,
    Recording,
    RecordingEnd,
    RecordingResult,
)

if TYPE_CHECKING:
    from offhook._core import Port

__all__ = ["AudioIn", "AudioOut"]

_MAX_FRAME_MS = 1000


class _Stream:
    """What both directions have: a queue, and one program that waits for it."""

    __slots__ = ("_over", "_streams", "_waiter", "core", "number", "queue")

    queue: Final[AudioQueue]
    number: int
    """The engine's number."""

    def __init__(self, core: Port, rate: int, limit_ms: int, engine_rate: int) -> None:
        self.core = core
        self.queue = AudioQueue(rate, limit_ms, engine_rate=engine_rate)
        self.number = 0
        self._over = False
        self._waiter: asyncio.Future[None] | None = None
        self._streams: dict[int, AudioIn | AudioOut] = {}

    def wake(self) -> None:
        """The queue has changed.  Called by the port only."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _finished(self, _: object) -> None:
        self._over = True
        self._streams.pop(self.number, None)
        self.wake()

    async def _changed(self, ready: int) -> None:
        """Wait for the engine's word, unless there is `ready` something already; queue.wait() came before."""
        if ready or self._over:
            return
        if self._waiter is not None:
            raise RuntimeError("somebody waits for this audio already")
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None


class AudioIn(_Stream):
    """What comes in, frame by frame; made by MediaPort.listen().  It ends with the call, or by close()."""

    __slots__ = ("_octets", "_recording", "_rest")

    def __init__(self, core: Port, rate: int, frame_ms: int, limit_ms: int) -> None:
        if not 1 <= frame_ms <= _MAX_FRAME_MS:
            raise ValueError(f"a frame is 1 to {_MAX_FRAME_MS} ms long, not {frame_ms}")
        super().__init__(core, rate, limit_ms, rate)
        self._octets = rate * frame_ms // 1000 * 2
        self._rest = bytearray()
        self._recording: Recording | None = None

    def started(self, number: int, streams: dict[int, AudioIn | AudioOut]) -> Recording:
        """It has the engine's number.  Called by the port only."""
        self.number = number
        self._streams = streams
        self._recording = Recording(self.core, number, self._finished)
        return self._recording

    @property
    def lost_ms(self) -> int:
        """Audio that was not fetched in time."""
        return self.queue.lost_ms

    @property
    def result(self) -> RecordingResult | None:
        """Why it ended; None while it goes on."""
        return self._recording.result if self._recording is not None else None

    @property
    def end(self) -> RecordingEnd | None:
        """As `result`, without its length."""
        return self.result.end if self.result is not None else None

    def close(self) -> None:
        """Hear no more.  Idempotent."""
        if self._recording is not None:
            self._recording.stop()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while len(self._rest) < self._octets:
            new = self.queue.read()
            if new:
                self._rest += new
            elif self._over:
                raise StopAsyncIteration
            else:
                self.queue.wait()
                await self._changed(self.queue.held_ms)
        frame = bytes(self._rest[: self._octets])
        del self._rest[: self._octets]
        return frame

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


class AudioOut(_Stream):
    """What a program says; made by MediaPort.speak().  It ends by finish(), by close(), or with the call."""

    __slots__ = ("_playback", "on_underrun")

    def __init__(self, core: Port, rate: int, limit_ms: int) -> None:
        super().__init__(core, rate, limit_ms, rate)
        self._playback: Playback | None = None
        self.on_underrun: Callable[[int], None] | None = None
        """Told each time that there is nothing to play in the middle of sound, with the ms played so far."""

    def started(self, number: int, streams: dict[int, AudioIn | AudioOut]) -> Playback:
        """It has the engine's number.  Called by the port only."""
        self.number = number
        self._streams = streams
        self._playback = Playback(self.core, number, self._finished)
        return self._playback

    @property
    def played_ms(self) -> int:
        """How much of what was written has been played."""
        return self.queue.passed_ms

    @property
    def pending_ms(self) -> int:
        """How much waits to be played."""
        return self.queue.held_ms

    @property
    def underruns(self) -> int:
        """How often there was nothing to play in the middle of sound: the far end heard silence."""
        return self.queue.gaps

    async def write(self, samples: bytes) -> None:
        """Add samples; waits while the queue is full.  Raises BrokenPipeError once it has ended."""
        view = memoryview(samples)
        if len(view) % 2:
            raise ValueError("16-bit samples need an even number of octets")
        while view:
            if self._over or self.queue.ended:
                raise BrokenPipeError("nobody hears this any more")
            view = view[self.queue.write(bytes(view)) :]
            if view:
                self.queue.wait()
                await self._changed(self.queue.room_ms > self.queue.held_ms)

    async def play(self, samples: AsyncIterable[bytes] | Iterable[bytes]) -> None:
        """Write all that an iterator gives.  Ends early, without an error, when nobody hears it any more."""
        try:
            if isinstance(samples, AsyncIterable):
                async for some in samples:
                    await self.write(some)
            else:
                for some in samples:
                    await self.write(some)
        except BrokenPipeError:
            pass

    def flush(self) -> int:
        """Forget what waits to be played (the caller has begun to talk); how many ms that were."""
        flushed = self.queue.flush()
        self.wake()
        return flushed

    async def finish(self) -> PlaybackResult:
        """Nothing more is written; waits until all is played.  Cancelling stops it."""
        self.queue.end()
        if self._playback is None:
            return PlaybackResult(PlaybackEnd.CLOSED, 0)
        return await self._playback.wait()

    def close(self) -> None:
        """Fall silent at once.  Idempotent."""
        self.queue.end()
        if self._playback is not None:
            self._playback.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
