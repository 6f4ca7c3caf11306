"""What is above 4 kHz stays: in recordings of Opus, in conferences recorded and announced to, in spies."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from array import array
from pathlib import Path

import pytest

import audio
from offhook._core import MediaEngine
from offhook.media.room import Taking
from offhook.media.service import MediaService
from offhook.media.taps import Direction

HIGH = 5500.0  # Hz, beyond what 8 kHz have
PROGRAM = """
import sys, time
from offhook._core import MediaEngine
engine = MediaEngine(workers=1)
one, other = engine.open_pipe()
one.play_tones([(1000.0, 0.0, False, 0, False)])
other.record(sys.argv[1], "opus")
print("recording", flush=True)
time.sleep(60)
"""


def write_linear(path: Path, ms: int) -> str:
    samples = audio.sine(HIGH, ms, -10.0, 16_000)
    if sys.byteorder == "big":
        samples.byteswap()
    path.write_bytes(samples.tobytes())
    return str(path)


def high(path: Path) -> float:
    """How loud the tone is in the middle of a file of 16 kHz, dBm0."""
    samples = array("h", path.read_bytes())
    middle = samples[len(samples) // 3 : 2 * len(samples) // 3]
    return audio.tone_dbm0(middle, HIGH, 16_000)


@pytest.fixture
async def service(engine: MediaEngine):
    service = MediaService(engine)
    yield service
    service.close()


async def test_a_conference_is_announced_to_and_recorded_in_its_band(service: MediaService, tmp_path) -> None:
    room = service.open_room(rate=16_000)
    said, saying = service.open_pipe(rate=16_000)
    heard, hearing = service.open_pipe(rate=16_000)
    room.join(said, Taking(deaf=True))
    room.join(heard, Taking(muted=True))
    path = tmp_path / "room.sln16"
    recording = hearing.start_recording(str(path), "sln16")
    await saying.play([write_linear(tmp_path / "high.sln16", 900)])
    recording.stop()
    await recording.wait()
    assert high(path) > -14.0
    room.close()


async def test_a_spy_hears_the_band_of_both(service: MediaService, tmp_path) -> None:
    for rate, there in ((16_000, True), (8000, False)):
        one, other = service.open_pipe(rate=16_000)
        inside, outside = service.open_pipe(rate=rate)
        path = tmp_path / f"spy{rate}.sln16"
        recording = outside.start_recording(str(path), "sln16")
        stop = inside.hear_port(other, direction=Direction.HEARD)
        await one.play([write_linear(tmp_path / "high.sln16", 900)])
        stop()
        recording.stop()
        await recording.wait()
        assert (high(path) > -16.0) is there, rate
        for port in (one, other, inside, outside):
            port.close()


async def test_opus_is_recorded_and_played_in_its_band(service: MediaService, tmp_path) -> None:
    path, again = tmp_path / "a.opus", tmp_path / "again.sln16"
    one, other = service.open_pipe(rate=16_000)
    recording = other.start_recording(str(path), "opus")
    await one.play([write_linear(tmp_path / "high.sln16", 900)])
    recording.stop()
    result = await recording.wait()
    assert 800 <= result.recorded_ms <= 1300
    assert path.read_bytes()[:4] == b"OggS"
    recording = other.start_recording(str(again), "sln16")
    await one.play([str(path)])
    recording.stop()
    await recording.wait()
    assert high(again) > -16.0


async def test_kill_9_leaves_a_whole_opus_file(service: MediaService, tmp_path) -> None:
    path = tmp_path / "killed.opus"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(path), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        await asyncio.sleep(1.8)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    one, other = service.open_pipe()
    heard = tmp_path / "heard.wav"
    recording = other.start_recording(str(heard), "wav")
    played = await one.play([str(path)])
    recording.stop()
    await recording.wait()
    assert 900 <= played.played_ms <= 2200
    samples, _ = audio.read(heard)
    assert audio.tone_dbm0(samples[2000:6000], 1000) > -20.0


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="another program's opinion, where it is there")
async def test_other_programs_read_it(service: MediaService, tmp_path) -> None:
    path = tmp_path / "a.opus"
    one, other = service.open_pipe(rate=16_000)
    recording = other.start_recording(str(path), "opus")
    await one.play([write_linear(tmp_path / "high.sln16", 900)])
    recording.stop()
    result = await recording.wait()
    asked = ["ffprobe", "-v", "warning", "-of", "json", "-show_format", "-show_streams", str(path)]
    done = await asyncio.to_thread(subprocess.run, asked, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert told["streams"][0]["codec_name"] == "opus"
    assert float(told["format"]["duration"]) == pytest.approx(result.recorded_ms / 1000, abs=0.05)
