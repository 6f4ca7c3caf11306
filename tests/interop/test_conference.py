"""A conference of the real program: three phones with tones, in three codecs, recorded and measured."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from program import Program, wait_for
from test_dial_phones import MakeDial, start  # noqa: F401 - a fixture

import audio

PJSIP = """
[udp]
type=transport
protocol=udp
bind=127.0.0.1:{port}

[anonymous]
type=endpoint
context=meet
disallow=all
allow=g722,ulaw,alaw
"""

EXTENSIONS = """
[meet]
exten => 800,1,ConfBridge(800)
"""

CONFBRIDGE = """
[default_bridge]
type=bridge
record_conference=yes
record_file=meeting.wav
record_file_timestamp=no

[default_user]
type=user
quiet=yes
talk_detection_events=yes
"""


@pytest.fixture
def room(folder: Path, ports, make_program: Callable[..., Program]) -> tuple[Program, int]:
    """The program with a conference for anybody who calls 800."""
    config = folder / "etc"
    config.mkdir()
    port = ports.take()
    first, last = ports.range(100)
    (config / "pjsip.conf").write_text(PJSIP.format(port=port))
    (config / "extensions.conf").write_text(EXTENSIONS)
    (config / "confbridge.conf").write_text(CONFBRIDGE)
    (config / "rtp.conf").write_text(f"[general]\nrtpstart={first}\nrtpend={last}\n")
    return make_program("meet", config, port), port


def test_three_tones_each_hears_the_two_others(
    room: tuple[Program, int],
    start: MakeDial,  # noqa: F811
    folder: Path,
) -> None:
    program, port = room
    tones = {"ulaw": 440, "alaw": 750, "g722": 1250}
    phones = {
        codec: start(
            *("--bind", "127.0.0.1", "--codec", codec, "--tone", str(tone), "--level", "-15"),
            *("--record", f"{codec}.wav", "--duration", "6", f"sip:800@127.0.0.1:{port}"),
        )
        for codec, tone in tones.items()
    }
    wait_for("three in the room", lambda: "     3 " in program.ask("confbridge list"), timeout=15)
    assert len(re.findall("127.0.0.1|anonymous", program.ask("confbridge list 800"))) >= 3
    for phone in phones.values():
        assert phone.finish(20) == 0
    for codec in tones:
        heard, rate = audio.read(folder / f"{codec}.wav")
        # all three were there in the middle
        middle = heard[len(heard) // 2 - rate // 2 : len(heard) // 2 + rate // 2]
        for other, tone in tones.items():
            loud = audio.tone_dbm0(middle, tone, rate)
            if other == codec:
                assert loud < -45, f"{codec} hears itself at {loud} dBm0"
            else:
                assert loud == pytest.approx(-15, abs=1.0), f"{codec} hears {other} at {loud} dBm0"
        assert not audio.gaps(middle), codec
    wait_for("the end of the room", lambda: "800" not in program.ask("confbridge list"))
    recorded, rate = audio.read(next(folder.rglob("meeting.wav")))
    middle = recorded[len(recorded) // 2 - rate // 2 : len(recorded) // 2 + rate // 2]
    for tone in tones.values():
        assert audio.tone_dbm0(middle, tone, rate) == pytest.approx(-15, abs=1.0)
