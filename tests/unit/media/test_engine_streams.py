"""Audio between a port of the real engine and a program, measured at a phone on loopback."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from rtp_phone import Phone, assert_continuous, audio, level, tone

from offhook._core import AudioQueue, MediaEngine
from offhook.media.activity import PlaybackEnd
from offhook.media.port import MediaPort
from offhook.media.service import MediaService


def octets(samples: list[int]) -> bytes:
    return struct.pack(f"<{len(samples)}h", *samples)


def samples_of(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // 2}h", data))


def tone_at(frequency: float, seconds: float, rate: int) -> bytes:
    """A tone at any rate: the same tone of the phone's, told faster."""
    return octets(tone(frequency * 8000 / rate, seconds * rate / 8000))


@asynccontextmanager
async def talking(engine: MediaEngine, phone: Phone) -> AsyncGenerator[MediaPort]:
    service = MediaService(engine)
    try:
        port = service.open_port("127.0.0.1")
        phone.connect(port.core)
        yield port
    finally:
        service.close()


async def test_a_program_hears_frames_at_its_rate(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    async with talking(engine, phones[0]) as port, asyncio.timeout(20):
        heard = port.listen(rate=16000, frame_ms=20)
        speaking = asyncio.create_task(asyncio.to_thread(phones[0].speak, tone(700, 1.0)))
        got = b""
        async for frame in heard:
            assert len(frame) == 640
            got += frame
            if len(got) >= 16000 * 2:
                heard.close()
        await speaking
    samples = samples_of(got)[4000:14000]
    # as the measure knows 8 kHz only, 700 Hz at 16 kHz is 350 to it
    assert level(samples, 350) == pytest.approx(8000, rel=0.1)
    assert heard.lost_ms == 0
    assert heard.end is not None


async def test_what_nobody_fetches_is_lost_and_counted(
    engine: MediaEngine, phones: tuple[Phone, Phone]
) -> None:
    async with talking(engine, phones[0]) as port, asyncio.timeout(20):
        heard = port.listen(limit_ms=100)
        await asyncio.to_thread(phones[0].speak, tone(700, 0.5))
        for _ in range(100):
            if heard.lost_ms:
                break
            await asyncio.sleep(0.05)
        assert heard.lost_ms > 0
        assert heard.queue.held_ms <= 100


async def test_the_engine_paces_what_a_program_says(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    async with talking(engine, phones[0]) as port, asyncio.timeout(20):
        hearing = asyncio.create_task(asyncio.to_thread(phones[0].hear, 10_000, 3.0, 0.5))
        out = port.speak(rate=16000, limit_ms=200)
        data = tone_at(700, 1.0, 16000)
        await out.play([data[at : at + 3200] for at in range(0, len(data), 3200)])
        assert out.pending_ms <= 200
        assert out.played_ms >= 500  # the rest had to wait for room
        result = await out.finish()
        assert result.end is PlaybackEnd.FINISHED
        assert result.played_ms == pytest.approx(1000, abs=20)
        packets = await hearing
        assert_continuous(packets)
        assert level(audio(packets)[1600:6400], 700) == pytest.approx(8000, rel=0.1)
        with pytest.raises(BrokenPipeError):
            await out.write(b"\0\0")


async def test_barge_in(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    async with talking(engine, phones[0]) as port, asyncio.timeout(20):
        out = port.speak(limit_ms=5000)
        await out.write(octets(tone(700, 3.0)))
        for _ in range(1000):
            if out.played_ms >= 100:
                break
            await asyncio.sleep(0.01)
        flushed = out.flush()
        assert flushed > 500
        assert out.played_ms + flushed == pytest.approx(3000, abs=2)
        assert out.underruns == 0
        await out.write(octets(tone(900, 0.2)))
        result = await out.finish()
        assert result.end is PlaybackEnd.FINISHED
        assert result.played_ms < 3000


async def test_a_hang_up_ends_both_directions(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    async with talking(engine, phones[0]) as port, asyncio.timeout(20):
        heard = port.listen()
        out = port.speak(limit_ms=100)

        async def hear() -> int:
            return len([frame async for frame in heard])

        async def say() -> None:
            while True:
                await out.write(b"\0" * 1600)

        hearing, saying = asyncio.create_task(hear()), asyncio.create_task(say())
        await asyncio.sleep(0.1)
        port.close()
        assert await hearing >= 0
        with pytest.raises(BrokenPipeError):
            await saying


def test_limits_of_a_queue() -> None:
    for rate, limit in ((7999, 100), (48_001, 100), (8000, 0), (8000, 60_001)):
        with pytest.raises(ValueError, match="Hz"):
            AudioQueue(rate, limit)
    queue = AudioQueue(8000, 100)
    assert queue.write(bytes(4000)) < 1600
    assert queue.read() != b""
    queue.end()
    assert queue.ended
