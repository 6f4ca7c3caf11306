"""Calls of a whole node that are recorded, and fax machines that are recognized, with audio on the wire."""

from __future__ import annotations

import asyncio
import math
import wave
from array import array
from pathlib import Path

import pytest

from offhook._core import g711_encode
from offhook.features.cdr import CdrEngine
from offhook.pbx import events
from unit.drivers.node import Audio, Switch, connect, eventually, hang_up, phone


async def say(audio: Audio, frequency: float, seconds: float) -> None:
    """A tone of half of full scale, in time."""
    wave_ = [int(8000 * math.sin(math.tau * frequency * n / 8000)) for n in range(int(8000 * seconds))]
    for start in range(0, len(wave_), 160):
        audio.packet(0, bytes(g711_encode(array("h", wave_[start : start + 160]).tobytes(), "ulaw")))
        await asyncio.sleep(0.02)


def level(samples: array[int], frequency: float) -> float:
    step = math.tau * frequency / 8000
    real = sum(s * math.cos(step * n) for n, s in enumerate(samples))
    imaginary = sum(s * math.sin(step * n) for n, s in enumerate(samples))
    return 2 * math.hypot(real, imaginary) / max(len(samples), 1)


def loudest(path: Path, frequency: float) -> float:
    """The level of a frequency in the quarter of a second that has most of it."""
    with wave.open(str(path)) as file:
        samples = array("h", file.readframes(file.getnframes()))
    return max(level(samples[at : at + 2000], frequency) for at in range(0, len(samples) - 2000, 1000))


async def test_a_call_is_recorded_and_a_command_gets_the_file(switch: Switch, tmp_path: Path) -> None:
    done = tmp_path / "done"
    await switch.start(
        phone("alice") + phone("bob"),
        "[default]\nexten => bob,1,MixMonitor(both.wav,r(in.wav)t(out.wav),"
        f"cp ^{{MIXMONITOR_FILENAME}} {done})\n same => n,Dial(PJSIP/bob)\n",
    )
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    a, b = await switch.audio(), await switch.audio()
    ours, _ = await connect(alice, bob, "bob", (a, b))
    await asyncio.gather(say(a, 500, 1.2), say(b, 900, 1.2))
    await hang_up(switch, alice, ours, bob)
    await eventually("the command", done.exists)
    folder = switch.node.pbx.recordings
    for name, one, other in (("both", 8000, 8000), ("in", 8000, 0), ("out", 0, 8000)):
        assert loudest(folder / f"{name}.wav", 500) == pytest.approx(one, abs=1500), name
        assert loudest(folder / f"{name}.wav", 900) == pytest.approx(other, abs=1500), name


async def test_a_fax_machine_goes_to_the_extension_fax(switch: Switch) -> None:
    await switch.start(
        phone("alice", "fax_detect=yes"),
        "[default]\nexten => 1,1,Answer()\n same => n,Wait(20)\n same => n,Hangup(21)\n"
        "exten => fax,1,Hangup(${IF($[${FAXEXTEN}=1]?17:21)})\n",
    )
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call("1", body=audio.sdp("0"))
    assert dialog.response is not None
    audio.aim(dialog.response)
    await say(audio, 1100, 0.6)
    assert "cause=17" in ((await alice.expect("BYE")).get("Reason") or "")


async def test_after_its_time_out_a_tone_is_no_fax(switch: Switch) -> None:
    await switch.start(
        phone("alice", "fax_detect=yes\nfax_detect_timeout=1"),
        "[default]\nexten => 1,1,Answer()\n same => n,Wait(2)\n same => n,Hangup(21)\n"
        "exten => fax,1,Hangup(17)\n",
    )
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call("1", body=audio.sdp("0"))
    assert dialog.response is not None
    audio.aim(dialog.response)
    channel = next(iter(switch.node.pbx.channels.values()))
    await eventually("the end of listening", lambda: channel.media is not None and not channel.media.in_use)
    await say(audio, 1100, 0.6)
    assert "cause=21" in ((await alice.expect("BYE")).get("Reason") or "")


@pytest.mark.parametrize("option", ["x", "X"])
async def test_recording_by_digit_is_no_step_of_the_dialplan(switch: Switch, option: str) -> None:
    """Neither event nor call record tells of an application: the parties talk all the while."""
    await switch.start(
        phone("alice") + phone("bob"),
        f"[default]\nexten => bob,1,Dial(PJSIP/bob,,{option})\n",
        features="[featuremap]\nautomixmon=3\n",
        cdr="[general]\nenable=yes\n",
    )
    pbx = switch.node.pbx
    seen: list[str] = []
    pbx.bus.listen(events.NewExtension, lambda event: seen.append(event.application))
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    a, b = await switch.audio(), await switch.audio()
    ours, _ = await connect(alice, bob, "bob", (a, b))
    await (b if option == "x" else a).digit("3")
    await eventually("a file", lambda: list(pbx.recordings.glob("auto-*.wav")))
    assert [channel.application for channel in pbx.channels.values() if not channel.outgoing] == ["Dial"]
    engine = pbx.service(CdrEngine)
    assert engine is not None
    assert engine.active == 1
    await hang_up(switch, alice, ours, bob)
    assert seen == ["Dial"]
    assert engine.written == 1


@pytest.mark.parametrize(
    ("option", "features", "status"),
    [
        ("yes", "[featuremap]\nautomixmon=*3\n", 200),
        ("no", "[featuremap]\nautomixmon=*3\n", 403),
        ("yes", "", 403),
    ],
)
async def test_the_record_key_of_a_phone(switch: Switch, option: str, features: str, status: int) -> None:
    await switch.start(
        phone("alice", f"one_touch_recording={option}") + phone("bob"),
        "[default]\nexten => bob,1,Dial(PJSIP/bob,,X)\n",
        features=features,
    )
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    a, b = await switch.audio(), await switch.audio()
    ours, _ = await connect(alice, bob, "bob", (a, b))
    alice.within(ours, "INFO", headers=["Record: on"])
    await alice.expect(status)
    if status == 200:
        await eventually("a file", lambda: list(switch.node.pbx.recordings.glob("auto-*.wav")))
    await hang_up(switch, alice, ours, bob)
