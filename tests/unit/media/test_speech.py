import asyncio
import logging
import sys

import pytest

from offhook.media.speech import Speech

WAV = """#!{python}
import struct, sys, time
text = sys.stdin.read()
with open({log!r}, "a") as log:
    log.write(" ".join(sys.argv[1:]) + "|" + text + "\\n")
if "slow" in text:
    time.sleep(60)
if "broken" in text or "xx" in sys.argv[2]:
    sys.exit(3)
if "text" in text:
    sys.stdout.write("no sound")
    sys.exit(0)
samples = b"".join(struct.pack("<h", 1000) for _ in range(2205))
head = b"RIFF" + b"\\xff" * 4 + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 22050, 44100, 2, 16)
sys.stdout.buffer.write(head + b"data" + b"\\xff" * 4 + samples)
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "speaker"
    path.write_text(WAV.format(python=sys.executable, log=str(tmp_path / "log")))
    path.chmod(0o755)
    return path


def calls(tmp_path):
    log = tmp_path / "log"
    return log.read_text().splitlines() if log.exists() else []


def thirds(samples, from_rate, to_rate):
    assert (from_rate, to_rate) == (22050, 8000)
    return samples[: len(samples) // 6 * 2]


async def test_spoken_once_and_kept(tmp_path, program):
    speech = Speech(tmp_path / "cache", program=str(program), resample=thirds)
    one, two = await asyncio.gather(speech.speak("hello", "en_GB"), speech.speak("hello", "en_GB"))
    assert one == two
    assert await speech.speak("hello", "en_GB") == one
    assert len(calls(tmp_path)) == 1
    assert calls(tmp_path)[0].startswith("-v en-gb ")
    data = one.read_bytes()
    assert data[:4] == b"RIFF"
    assert int.from_bytes(data[24:28], "little") == 8000
    assert int.from_bytes(data[40:44], "little") == len(data) - 44 == 1470
    assert [path.name for path in one.parent.iterdir()] == [one.name]
    assert await speech.speak("hello", "en") != one


@pytest.mark.parametrize("text", ["slow", "broken", "text"])
async def test_failures_are_silence_and_one_line(tmp_path, program, caplog, text):
    speech = Speech(tmp_path / "cache", program=str(program), limit_s=0.5, resample=thirds)
    with caplog.at_level(logging.WARNING):
        assert await speech.speak(text) is None
        assert await speech.speak(text) is None
    assert len(caplog.records) == 1
    assert not list((tmp_path / "cache").rglob("*.*"))


async def test_without_the_program(tmp_path, caplog):
    speech = Speech(tmp_path / "cache", program=str(tmp_path / "missing"), resample=thirds)
    assert not speech.available
    with caplog.at_level(logging.WARNING):
        assert await speech.speak("hello") is None
        assert await speech.speak("other") is None
    assert len(caplog.records) == 1


async def test_who_hangs_up_does_not_stop_the_others(tmp_path, program):
    speech = Speech(tmp_path / "cache", program=str(program), resample=thirds)
    first = asyncio.create_task(speech.speak("hello"))
    second = asyncio.create_task(speech.speak("hello"))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (await second).is_file()


async def test_close_stops_what_runs(tmp_path, program):
    speech = Speech(tmp_path / "cache", program=str(program), resample=thirds)
    waiting = asyncio.create_task(speech.speak("slow"))
    await asyncio.sleep(0.2)
    await speech.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_voice_that_is_missing_is_replaced(tmp_path, program, caplog):
    speech = Speech(tmp_path / "cache", program=str(program), resample=thirds)
    assert (await speech.speak("hello", "xx_YY")).is_file()
    assert [call.split()[1] for call in calls(tmp_path)] == ["xx-yy", "xx", "en-us"]
    assert not caplog.records


async def test_a_language_is_no_option(tmp_path, program):
    speech = Speech(tmp_path / "cache", program=str(program), resample=thirds)
    path = await speech.speak("hello", "../../x -f /etc/passwd")
    assert path.parent.parent == tmp_path / "cache"
    assert calls(tmp_path)[0].startswith("-v en-us ")
