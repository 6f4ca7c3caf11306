"""MixMonitor and what belongs to it, in virtual time."""

from __future__ import annotations

from pathlib import Path

import pytest

from offhook.apps.mixmonitor import MixMonitorOptions, start
from offhook.features.call_recording import (
    RecordingMuted,
    RecordingStarted,
    RecordingStopped,
    call_recordings_of,
)
from offhook.pbx.events import TestEvent


def plan(*lines: str) -> str:
    return "[default]\nexten => s,1,Answer()\n" + "".join(f" same => n,{line}\n" for line in lines)


@pytest.fixture
def recorded(office, tmp_path):
    """An office whose recordings go to a folder of the test's."""

    def make(*lines: str):
        o = office(plan(*lines))
        o.pbx.recordings = tmp_path
        return o

    return make


async def test_both_directions_into_one_file_until_the_call_ends(recorded, tmp_path: Path) -> None:
    o = recorded(
        "MixMonitor(calls/one.wav,i(ID))", "Set(GLOBAL(file)=${MIXMONITOR(${ID},filename)})", "Wait(5)"
    )
    seen: list[str] = []
    for kind in (RecordingStarted, RecordingStopped, TestEvent):
        o.pbx.bus.listen(kind, lambda event: seen.append(type(event).__name__))
    alice = o.call()
    await o.settle(1)
    file = f"{tmp_path}/calls/one.wav"
    path, form, options = o.media.recorded[0]
    assert (path, form) == (file, "wav")
    assert (options["heard"], options["said"], options["stereo"]) == (True, True, False)
    assert (tmp_path / "calls").is_dir()
    assert o.runner.globals["file"] == file
    assert alice.get_variable("MIXMONITOR_FILENAME") == file
    assert seen == ["RecordingStarted"]
    await o.ended(alice)
    assert seen == ["RecordingStarted", "RecordingStopped", "TestEvent"]
    assert call_recordings_of(o.pbx).of(alice) == []


async def test_stopping_one_of_two(recorded) -> None:
    o = recorded(
        "MixMonitor(one.wav,i(A))",
        "MixMonitor(two.wav,i(B))",
        "StopMixMonitor(${A})",
        "Wait(2)",
        "StopMixMonitor()",
        "Wait(2)",
    )
    alice = o.call()
    await o.settle(1)
    left = call_recordings_of(o.pbx).of(alice)
    assert [Path(one.files[0]).name for one in left] == ["two.wav"]
    await o.settle(2)
    assert call_recordings_of(o.pbx).of(alice) == []
    assert not alice.ended


async def test_files_for_each_direction_volumes_and_two_channels(recorded, tmp_path: Path) -> None:
    o = recorded("MixMonitor(all.raw,Dv(1)V(-2)r(in.gsm)t(out.wav49)n)", "Wait(1)")
    alice = o.call()
    await o.settle(0.5)
    names = [Path(path).name for path, _, _ in o.media.recorded]
    assert names == ["all.raw", "in.gsm", "out.WAV"]
    both, heard, said = (options for _, _, options in o.media.recorded)
    assert (both["stereo"], both["fill"]) == (True, True)
    assert (heard["heard"], heard["said"], heard["fill"]) == (True, False, False)
    assert (said["heard"], said["said"]) == (False, True)
    assert (both["heard_gain"], both["said_gain"]) == (2.0, 0.25)
    await o.ended(alice)


@pytest.mark.parametrize(
    "line",
    [
        "MixMonitor(one.nonsense)",
        "MixMonitor(one.wav,D)",
        "MixMonitor(one.wav,v(9))",
        "MixMonitor(,i(X))",
        "MixMonitor(one.wav,s(-1))",
    ],
)
async def test_what_cannot_be_recorded_ends_the_call(recorded, line: str) -> None:
    o = recorded(line, "Set(GLOBAL(on)=1)")
    await o.ended(o.call())
    assert "on" not in o.runner.globals
    assert o.media.recorded == []


async def test_only_what_is_bridged_is_written(office, tmp_path: Path) -> None:
    o = office(
        "[default]\nexten => s,1,Answer()\n same => n,MixMonitor(one.wav,b)\n same => n,Wait(1)\n"
        " same => n,Dial(Fake/bob,,g)\n same => n,Wait(5)\n"
    )
    o.pbx.recordings = tmp_path
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(0.5)
    paused = alice.core.paused
    number = next(iter(paused))
    assert paused[number]
    await o.settle(3)
    assert alice.hears is bob.leg
    assert not paused[number]
    bob.leg.far_end_hung_up(16)
    await o.settle(0.5)
    assert paused[number]
    await o.ended(alice)


async def test_delay_and_mute(recorded) -> None:
    o = recorded("MixMonitor(one.wav,s(2))", "Wait(9)")
    seen: list[RecordingMuted] = []
    o.pbx.bus.listen(RecordingMuted, seen.append)
    alice = o.call()
    await o.settle(1)
    number = next(iter(alice.core.paused))
    assert alice.core.paused[number]
    await o.settle(1.5)
    assert not alice.core.paused[number]
    recordings = call_recordings_of(o.pbx)
    assert recordings.mute(alice, "read", True) == 1
    assert alice.core.gains[number] == (0.0, 1.0)
    assert recordings.mute(alice, "both", True) == 1
    assert alice.core.gains[number] == (0.0, 0.0)
    assert recordings.mute(alice, "both", False) == 1
    assert alice.core.gains[number] == (1.0, 1.0)
    assert recordings.mute(alice, "both", True, "0xdead") == 0
    assert [(event.direction, event.on) for event in seen] == [
        ("read", True),
        ("both", True),
        ("both", False),
    ]
    await o.ended(alice)


async def test_beeps_over_the_call_at_its_beginning_its_end_and_each_ten_seconds(recorded) -> None:
    o = recorded("MixMonitor(one.wav,pPB(10))", "Wait(25)", "StopMixMonitor()", "Wait(20)")
    alice = o.call()
    await o.settle(1)
    assert alice.core.overlaid == ["beep"]
    await o.settle(23)
    assert alice.core.overlaid == ["beep"] * 3
    await o.settle(15)
    assert alice.core.overlaid == ["beep"] * 4
    await o.ended(alice)


async def test_before_the_answer_it_waits_for_audio(office, tmp_path: Path) -> None:
    o = office("[default]\nexten => s,1,Wait(1)\n same => n,Answer()\n same => n,Wait(3)\n")
    o.pbx.recordings = tmp_path
    alice = o.call()
    await o.settle(0.2)
    media, alice.media = alice.media, None
    start(o.runner.call_on(alice), "early.wav", MixMonitorOptions())
    assert o.media.recorded == []
    alice.media = media
    await o.settle(2)
    assert len(o.media.recorded) == 1
    await o.ended(alice)
