"""Music that a program makes."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from offhook._core import AudioQueue, g711_encode
from offhook.media import music_command
from offhook.media.music_command import CommandMusic, MusicCommand, MusicPrograms
from unit.drivers.node import eventually

COUNTS = """
import itertools, os, struct, sys, time
open(os.environ.get("PIDS", sys.argv[1]), "a").write(f"{os.getpid()}\\n")
for second in itertools.count(1):
    sys.stdout.buffer.write(struct.pack("<h", second % 30000) * 8000)
    sys.stdout.buffer.flush()
"""


class Out:
    """What speak() gives: keeps what is written."""

    def __init__(self, rate: int, limit_ms: int) -> None:
        self.queue = AudioQueue(rate, limit_ms)
        self.closed = False

    def close(self) -> None:
        self.queue.end()
        self.closed = True


class Port:
    def __init__(self) -> None:
        self.outs: list[Out] = []

    def speak(self, *, rate: int, limit_ms: int) -> Out:
        self.outs.append(Out(rate, limit_ms))
        return self.outs[-1]

    def hears(self, place: int = -1) -> bytes:
        return self.outs[place].queue.read()


def pids(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
async def programs():
    found = MusicPrograms()
    yield found
    await found.close()


@pytest.fixture
def started(tmp_path: Path) -> Path:
    return tmp_path / "pids"


def counting(started: Path, **more: Any) -> MusicCommand:
    return MusicCommand("radio", (sys.executable, "-c", COUNTS, str(started)), **more)


async def heard(port: Port, octets: int = 1600, place: int = -1) -> bytes:
    found = bytearray()

    def enough() -> bool:
        found.extend(port.hears(place))
        return len(found) >= octets

    await eventually("music", enough)
    return bytes(found)


async def test_one_program_for_all_and_no_faster_than_it_is_heard(
    programs: MusicPrograms, started: Path
) -> None:
    music = programs.music(counting(started))
    one, two = Port(), Port()
    loop = asyncio.get_running_loop()
    first = music.start(one)  # type: ignore[arg-type]
    assert (await heard(one))[:2] == b"\x01\x00"
    began = loop.time()
    mine = await heard(one, 16000)  # a second
    assert loop.time() - began > 0.6
    second = music.start(two)  # type: ignore[arg-type]
    its = await heard(two, 3200)
    assert its[:2] in (mine[-2:], b"\x01\x00", b"\x02\x00")  # what the first has just heard
    assert len(pids(started)) == 1
    first.stop()
    first.stop()
    assert one.outs[0].closed
    await heard(two)
    second.stop()


async def test_it_ends_some_time_after_the_last(
    programs: MusicPrograms, started: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(music_command, "_LINGER_S", 0.3)
    music = programs.music(counting(started))
    port = Port()
    listener = music.start(port)  # type: ignore[arg-type]
    await heard(port)
    listener.stop()
    listener = music.start(port)  # type: ignore[arg-type]
    await asyncio.sleep(0.5)
    (pid,) = pids(started)
    assert runs(pid)  # somebody came in time
    port.outs[-1].queue.end()  # his call ended
    await eventually("the end of the program", lambda: not runs(pid))
    listener = music.start(port)  # type: ignore[arg-type]
    await heard(port)
    assert len(pids(started)) == 2
    listener.stop()


async def test_laws_folders_and_rates(programs: MusicPrograms, tmp_path: Path) -> None:
    loud = b"\x00\x20" * 800
    (tmp_path / "a.ulaw").write_bytes(g711_encode(loud, "ulaw"))
    (tmp_path / "b.ulaw").write_bytes(g711_encode(loud, "ulaw"))
    (tmp_path / ".hidden").write_bytes(b"x")
    command = MusicCommand("files", ("/bin/cat",), str(tmp_path), "ulaw")
    music = programs.music(command)
    assert programs.music(command) is music
    assert programs.music(MusicCommand("files", ("/bin/cat",), str(tmp_path), "alaw")) is not music
    port = Port()
    music.start(port)  # type: ignore[arg-type]
    samples = await heard(port, 3200)
    levels = {int.from_bytes(samples[at : at + 2], "little", signed=True) for at in range(0, 3200, 2)}
    assert all(abs(level - 0x2000) < 400 for level in levels)
    wide = programs.music(MusicCommand("wide", ("/bin/cat", "/dev/zero"), format="slin48"))
    wide.start(port)  # type: ignore[arg-type]
    assert port.outs[-1].queue.rate == 48000
    await heard(port, 9600)


async def test_one_that_ends_is_started_again_and_one_that_is_not_there_is_told(
    programs: MusicPrograms, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(music_command, "_AGAIN_S", 0.2)
    port, nothing = Port(), Port()
    script = "printf '%1600s'; exit 3"
    programs.music(MusicCommand("short", ("/bin/sh", "-c", script))).start(port)  # type: ignore[arg-type]
    programs.music(MusicCommand("none", ("/no/such/program",))).start(nothing)  # type: ignore[arg-type]
    await heard(port, 4800)
    assert "music class short: /bin/sh: it has ended with 3" in caplog.text
    await eventually("the error", lambda: "music class none: /no/such/program: it cannot" in caplog.text)


@pytest.mark.parametrize("group", [True, False])
async def test_who_does_not_hear_signals(tmp_path: Path, group: bool) -> None:
    """A program that ignores the gentle ones is killed, and its children, when these are meant as well."""
    path = tmp_path / "pids"
    script = f"trap '' HUP TERM; sleep 60 & echo $! >> {path}; echo $$ >> {path}; cat /dev/zero"
    music = CommandMusic(MusicCommand("deaf", ("/bin/sh", "-c", script), kill_delay_s=0.05, kill_group=group))
    port = Port()
    music.start(port)  # type: ignore[arg-type]
    await heard(port)
    child, parent = pids(path)
    await music.close()
    assert not runs(parent)
    if group:
        await eventually("the end of the child", lambda: not runs(child))
    else:
        assert runs(child)
        os.killpg(parent, 9)
