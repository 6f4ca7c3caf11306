"""WaitForSilence, WaitForNoise and AMD, in virtual time."""

from __future__ import annotations

import struct

import pytest

from offhook.config.files.amd import AmdConf


def sound(ms: int, peak: int = 3000) -> bytes:
    return struct.pack("<2h", peak, -peak) * (4 * ms)


def silence(ms: int) -> bytes:
    return bytes(16 * ms)


def plan(line: str, *variables: str) -> str:
    kept = "".join(f" same => n,Set(GLOBAL({name})=${{{name}}})\n" for name in variables)
    return f"[default]\nexten => s,1,Answer()\n same => n,{line}\n{kept}"


async def run(office, line: str, heard: bytes, *variables: str) -> tuple[float, list[str]]:
    o = office(plan(line, *variables))
    alice = o.call()
    await o.settle(0.01)
    alice.core.hears = heard
    await o.ended(alice)
    return o.now, [o.runner.globals.get(name, "") for name in variables]


async def test_silence_after_speech(office) -> None:
    now, found = await run(office, "WaitForSilence(500)", sound(1000) + silence(5000), "WAITSTATUS")
    assert found == ["SILENCE"]
    assert now == pytest.approx(1.5, abs=0.1)


async def test_silence_several_times(office) -> None:
    now, found = await run(office, "WaitForSilence(500,3)", sound(1000), "WAITSTATUS")
    assert found == ["SILENCE"]
    assert now == pytest.approx(2.5, abs=0.1)


async def test_speech_that_does_not_end(office) -> None:
    now, found = await run(office, "WaitForSilence(500,1,2)", sound(9000), "WAITSTATUS")
    assert found == ["TIMEOUT"]
    assert now == pytest.approx(2, abs=0.1)


async def test_noise(office) -> None:
    now, found = await run(office, "WaitForNoise(300)", silence(1000) + sound(2000), "WAITSTATUS")
    assert found == ["NOISE"]
    assert now == pytest.approx(1.3, abs=0.1)
    _, found = await run(office, "WaitForNoise(300,1,3)", b"", "WAITSTATUS")
    assert found == ["TIMEOUT"]


@pytest.mark.parametrize(
    ("heard", "status", "cause"),
    [
        (silence(500) + sound(400), "HUMAN", "HUMAN"),
        (silence(500) + sound(4000), "MACHINE", "LONGGREETING"),
        (b"", "MACHINE", "INITIALSILENCE"),
    ],
)
async def test_who_has_answered(office, heard: bytes, status: str, cause: str) -> None:
    _, found = await run(office, "AMD()", heard, "AMDSTATUS", "AMDCAUSE")
    assert found[0] == status
    assert found[1].startswith(f"{cause}-")


async def test_amd_conf_has_the_defaults_and_arguments_count_more(office) -> None:
    for line, status in (("AMD()", "MACHINE"), ("AMD(,9000)", "HUMAN")):
        o = office(plan(line, "AMDSTATUS"))
        o.pbx.add_service(AmdConf(greeting=300, playback_file="please-wait"))
        alice = o.call()
        await o.settle(0.01)
        core = alice.core
        core.hears = silence(200) + sound(600)
        await o.ended(alice)
        assert o.runner.globals["AMDSTATUS"] == status
        assert core.said == ["please-wait"]


async def test_a_sound_is_played_and_its_end_does_not_matter(office) -> None:
    o = office(plan("AMD(,,,,,,,,,beep)", "AMDSTATUS"))
    alice = o.call()
    await o.settle(0.01)
    core = alice.core
    core.hears = sound(300)
    await o.ended(alice)
    assert core.said == ["beep"]
    assert o.runner.globals["AMDSTATUS"] == "HUMAN"
