"""A recording whose process is killed is a valid file that lacks half a second at most."""

import asyncio
import signal
import sys
import time

import audio

PROGRAM = """
import sys, time
from offhook._core import MediaEngine
engine = MediaEngine(workers=1)
one, other = engine.open_pipe()
one.play_tones([(1000.0, 0.0, False, 0, False)])
other.record(sys.argv[1], "wav")
print("recording", flush=True)
time.sleep(60)
"""


async def test_kill_9_leaves_a_whole_wav(tmp_path):
    path = tmp_path / "killed.wav"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(path), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        begun = time.monotonic()
        await asyncio.sleep(1.8)
    finally:
        recorded = time.monotonic() - begun
        process.send_signal(signal.SIGKILL)
        await process.wait()
    data = path.read_bytes()
    riff, size = (int.from_bytes(data[at : at + 4], "little") for at in (4, 40))
    assert riff == size + 36
    assert 44 + size <= len(data)
    assert size / 16000 > recorded - 0.75
    samples, rate = audio.read(path)
    assert (len(samples) * 2, rate) == (size, 8000)
    report = audio.measure_tone(samples, 1000)
    assert report.found
    assert (report.gaps, report.jumps) == ([], [])
