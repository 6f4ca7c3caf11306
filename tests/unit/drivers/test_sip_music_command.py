"""A caller on hold hears what a program plays, with the real engine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from offhook._core import g711_decode, tone_level
from unit.drivers.node import Switch, eventually, phone

TONE = """
import math, os, struct, sys
open(sys.argv[1], "a").write(f"{os.getpid()}\\n")
turn = 2 * math.pi * 700 / 16000
wave = b"".join(struct.pack("<h", int(8000 * math.sin(turn * at))) for at in range(16000))
while True:
    sys.stdout.buffer.write(wave)
"""
PLAN = "[default]\nexten => 1,1,Answer(,i)\n same => n,MusicOnHold(radio,20)\n"


def runs(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")


async def test_it_is_heard_and_ends_with_the_node(switch: Switch, tmp_path: Path) -> None:
    script, pids = tmp_path / "tone.py", tmp_path / "pids"
    script.write_text(TONE)
    music = f"[radio]\nmode=custom\napplication={sys.executable} {script} {pids}\nformat=slin16\n"
    await switch.start(phone("alice", "allow=!all,ulaw"), PLAN, musiconhold=music)
    alice = await switch.peer(name="alice")
    heard = []
    for _ in range(2):
        audio = await switch.audio()
        dialog = await alice.call("1", body=audio.sdp("0"))
        audio.aim(dialog.response)
        heard.append(audio)
    await eventually("music", lambda: all(len(audio.packets) > 60 for audio in heard))
    for audio in heard:
        samples = b"".join(g711_decode(payload, "ulaw") for _, payload in audio.packets[-40:])
        assert tone_level(samples, 700.0) > tone_level(samples, 1100.0) + 25
    (pid,) = map(int, pids.read_text().split())  # one for both
    await switch.node.reload()
    assert runs(pid)
    await switch.node.stop()
    assert not runs(pid)
