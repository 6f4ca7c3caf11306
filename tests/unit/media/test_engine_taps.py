"""Taps, effects and watches of the real engine, measured at phones on loopback and in files."""

from __future__ import annotations

import asyncio
import struct
import wave
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rtp_phone import Phone, audio, level, tone

from offhook._core import MediaEngine, MediaError
from offhook.media.activity import RecordingEnd
from offhook.media.port import MediaPort
from offhook.media.service import MediaService
from offhook.media.taps import Direction, Effects


def samples_of(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // 2}h", data))


def read(path: Path) -> list[int]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate()) == (1, 8000)
        return samples_of(file.readframes(file.getnframes()))


@asynccontextmanager
async def call(
    engine: MediaEngine, phones: tuple[Phone, Phone]
) -> AsyncGenerator[tuple[MediaPort, MediaPort]]:
    """Two phones that are bridged."""
    service = MediaService(engine)
    try:
        ports = (service.open_port("127.0.0.1"), service.open_port("127.0.0.1"))
        for phone, port in zip(phones, ports, strict=True):
            phone.connect(port.core)
        ports[0].bridge(ports[1])
        await settled(engine)
        yield ports
    finally:
        service.close()


async def settled(engine: MediaEngine) -> None:
    before = -1
    while (now := engine.stats()["commands"]) != before:
        before = now
        await asyncio.sleep(0.02)


async def both_speak(phones: tuple[Phone, Phone], seconds: float = 1.0) -> None:
    await asyncio.gather(
        asyncio.to_thread(phones[0].speak, tone(500, seconds)),
        asyncio.to_thread(phones[1].speak, tone(900, seconds)),
    )


async def test_a_bridged_call_is_recorded_mixed_and_each_way(
    engine: MediaEngine, phones: tuple[Phone, Phone], tmp_path: Path
) -> None:
    async with call(engine, phones) as (port, _), asyncio.timeout(30):
        names = {direction: tmp_path / f"{direction.value}.wav" for direction in Direction}
        recordings = [
            port.start_recording(str(path), "wav", direction=direction) for direction, path in names.items()
        ]
        stereo = port.start_recording(str(tmp_path / "two.sln"), "sln", direction=Direction.BOTH, stereo=True)
        await settled(engine)
        await both_speak(phones)
        for recording in (*recordings, stereo):
            recording.stop()
            result = await recording.wait()
            assert result.end is RecordingEnd.STOPPED
            assert 900 <= result.recorded_ms <= 2500
        for direction, path in names.items():
            samples = read(path)[2400:6400]
            expected = (8000 if direction.heard else 0, 8000 if direction.said else 0)
            found = (level(samples, 500), level(samples, 900))
            assert found == pytest.approx(expected, abs=900), direction
        two = samples_of((tmp_path / "two.sln").read_bytes())
        assert level(two[4800:12800:2], 500) == pytest.approx(8000, abs=900)
        assert level(two[4801:12800:2], 900) == pytest.approx(8000, abs=900)
        assert level(two[4800:12800:2], 900) < 400


async def test_a_program_hears_what_a_caller_without_partner_hears(
    engine: MediaEngine, phones: tuple[Phone, Phone], tmp_path: Path
) -> None:
    path = tmp_path / "prompt.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(struct.pack("<8000h", *tone(700, 1.0)))
    service = MediaService(engine)
    try:
        async with asyncio.timeout(20):
            port = service.open_port("127.0.0.1")
            phones[0].connect(port.core)
            async with port.listen(rate=16000, direction=Direction.SAID) as said:
                port.start_playing(str(path))
                got = b""
                async for frame in said:
                    got += frame
                    if len(got) > 16000 * 2:
                        break
        samples = samples_of(got)
        # 700 Hz at 16 kHz is 350 to the measure, which knows 8 kHz
        assert max(level(samples[at : at + 4000], 350) for at in range(0, 12000, 1000)) > 7000
    finally:
        service.close()


async def test_a_spy_hears_a_port_and_whispers_to_it(
    engine: MediaEngine, phones: tuple[Phone, Phone]
) -> None:
    service = MediaService(engine)
    try:
        async with asyncio.timeout(20):
            target, spy = service.open_port("127.0.0.1"), service.open_port("127.0.0.1")
            phones[0].connect(target.core)
            phones[1].connect(spy.core)
            stops = [spy.hear_port(target), target.whisper_from(spy)]
            await settled(engine)
            hearing = [
                asyncio.create_task(asyncio.to_thread(phone.hear, 10_000, 3.0, 0.5)) for phone in phones
            ]
            await both_speak(phones)
            for stop in stops:
                stop()
            at_target, at_spy = [audio(await task) for task in hearing]
            assert max(level(at_spy[n : n + 2400], 500) for n in range(0, 6000, 800)) > 6500
            # what is whispered is also said to the target, so the spy hears himself there
            assert max(level(at_target[n : n + 2400], 900) for n in range(0, 6000, 800)) > 6500
    finally:
        service.close()


async def test_volume_and_level_of_a_bridged_call(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    async with call(engine, phones) as (port, other), asyncio.timeout(20):
        port.set_effects(Direction.HEARD, Effects(gain=0.25))
        assert port.effects(Direction.HEARD).gain == 0.25
        assert port.in_use
        await settled(engine)
        hearing = asyncio.create_task(asyncio.to_thread(phones[1].hear, 10_000, 3.0, 0.5))
        await asyncio.to_thread(phones[0].speak, tone(500, 0.6))
        assert level(audio(await hearing)[800:4000], 500) == pytest.approx(2000, rel=0.1)
        port.set_effects(Direction.BOTH, Effects())
        assert not port.in_use
        assert not other.in_use


async def test_talking_and_a_tone_are_told(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    async with call(engine, phones) as (port, _), asyncio.timeout(20):
        seen: asyncio.Queue[tuple[str, int]] = asyncio.Queue()

        def found(what: str, ms: int) -> None:
            seen.put_nowait((what, ms))

        talk = port.watch_talking(found, silence_ms=300)
        fax = port.watch_tone(found, frequency=1100, ms=400, direction=Direction.SAID)
        await settled(engine)
        speaking = asyncio.gather(
            asyncio.to_thread(phones[0].speak, tone(500, 0.6)),
            asyncio.to_thread(phones[1].speak, tone(1100, 0.6)),
        )
        told = dict([await seen.get() for _ in range(4)])
        await speaking
        assert set(told) == {"talking", "silent", "tone", "tone_end"}
        assert told["silent"] == pytest.approx(600, abs=150)
        assert told["tone_end"] == pytest.approx(600, abs=150)
        talk.close()
        talk.close()
        fax.close()
        assert not port.in_use


async def test_a_wide_prompt_keeps_its_band_on_a_wide_codec(
    engine: MediaEngine, phones: tuple[Phone, Phone], tmp_path: Path
) -> None:
    path = tmp_path / "wide.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        # 3 kHz of the measure, which knows 8 kHz, is 6 kHz at 16 kHz
        file.writeframes(struct.pack("<16000h", *tone(3000, 2.0)))
    service = MediaService(engine)
    try:
        async with asyncio.timeout(20):
            port, wide = service.open_port("127.0.0.1"), service.open_port("127.0.0.1")
            for one, phone in ((port, phones[0]), (wide, phones[1])):
                phone.connect(one.core)
            wide.set_codecs((9, "G722", 8000, 20), [(9, "G722", 8000)])
            await settled(engine)
            async with wide.listen(rate=16000, direction=Direction.SAID) as said:
                wide.start_playing(str(path))
                got = b""
                async for frame in said:
                    got += frame
                    if len(got) > 16000 * 2:
                        break
            samples = samples_of(got)
            assert max(level(samples[at : at + 4000], 3000) for at in range(0, 12000, 1000)) > 6000
            result = await port.play(str(path))
            assert (result.complete, result.played_ms) == (True, pytest.approx(1000, abs=20))
    finally:
        service.close()


async def test_where_a_file_is_and_when_a_program_is_late(
    engine: MediaEngine, phones: tuple[Phone, Phone], tmp_path: Path
) -> None:
    path = tmp_path / "prompt.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(struct.pack("<32000h", *tone(700, 4.0)))
    service = MediaService(engine)
    try:
        async with asyncio.timeout(20):
            port = service.open_port("127.0.0.1")
            phones[0].connect(port.core)
            playback = port.start_playing(str(path), offset_ms=1000)
            await asyncio.sleep(0.3)
            playback.seek(2000)
            playback.stop()
            result = await playback.wait()
            assert 3000 <= playback.position_ms <= 4000
            assert playback.position_ms - 3000 == pytest.approx(result.played_ms, abs=20)
            late: asyncio.Queue[int] = asyncio.Queue()
            async with port.speak(rate=16000) as out:
                out.on_underrun = late.put_nowait
                await out.write(struct.pack("<4800h", *tone(350, 0.6)))
                assert await late.get() == pytest.approx(300, abs=20)
    finally:
        service.close()


async def test_what_cannot_be_done_is_refused(
    engine: MediaEngine, phones: tuple[Phone, Phone], tmp_path: Path
) -> None:
    async with call(engine, phones) as (port, _):
        with pytest.raises(MediaError, match="side by side"):
            port.start_recording(str(tmp_path / "x.wav"), "wav", direction=Direction.BOTH, stereo=True)
        with pytest.raises(ValueError, match="gain"):
            port.set_effects(Direction.HEARD, Effects(gain=-1))
        with pytest.raises(ValueError, match="Hz"):
            port.watch_tone(lambda what, ms: None, frequency=5000, ms=100)
