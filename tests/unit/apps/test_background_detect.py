"""BackgroundDetect and WaitForTone, in virtual time; and PERIODIC_HOOK, which needs applications."""

from __future__ import annotations

import pytest

from offhook.media.taps import Effects
from offhook.testing.media import CLIP_SECONDS


def plan(line: str, rest: str = "") -> str:
    return f"[default]\nexten => s,1,Answer()\n same => n,{line}\n same => n,Set(GLOBAL(after)=1)\n{rest}"


TALK = "exten => talk,1,Set(GLOBAL(talked)=${TALK_DETECTED})\n"


async def test_talking_ends_the_sound_and_goes_on_at_talk(office) -> None:
    o = office(plan("BackgroundDetect(welcome,500,100,3000)", TALK))
    alice = o.call()
    await o.settle(0.2)
    core = alice.core
    assert list(core.watched.values()) == [("talking", {"said": False, "threshold": 256, "silence_ms": 500})]
    alice.core.find("talking")
    alice.core.find("silent", 50)  # too short
    alice.core.find("silent", 5000)  # too long
    await o.settle(0.1)
    assert alice.core.playing
    alice.core.find("silent", 800)
    await o.ended(alice)
    assert o.runner.globals["talked"] == "800"
    assert "after" not in o.runner.globals
    assert o.now < CLIP_SECONDS
    assert core.watched == {}


async def test_talking_ends_the_sound_also_where_there_is_no_extension_for_it(office) -> None:
    o = office(plan("BackgroundDetect(welcome,100,10)", "exten => 9,1,NoOp()\n"))
    alice = o.call()
    await o.settle(0.2)
    alice.core.find("talking")
    alice.core.find("silent", 30)
    await o.ended(alice)
    assert o.runner.globals["after"] == "1"
    assert alice.get_variable("TALK_DETECTED") == "30"
    assert o.now < CLIP_SECONDS


async def test_without_talking_it_plays_to_its_end(office) -> None:
    o = office(plan("BackgroundDetect(welcome)", TALK))
    alice = o.call()
    await o.settle(0.1)
    core = alice.core
    await o.ended(alice)
    assert o.runner.globals["after"] == "1"
    assert core.said == ["welcome"]


async def test_a_digit_that_is_an_extension_ends_it_and_another_does_not(office) -> None:
    o = office(plan("BackgroundDetect(welcome)", "exten => 42,1,Set(GLOBAL(dialed)=${EXTEN})\n"))
    alice = o.call()
    await o.settle(0.2)
    alice.press("7")
    await o.settle(0.1)
    assert alice.core.playing
    alice.press("4")
    alice.press("2")
    await o.ended(alice)
    assert o.runner.globals["dialed"] == "42"


@pytest.mark.parametrize(
    ("times", "found", "status"), [(1, 1, "SUCCESS"), (2, 1, "TIMEOUT"), (2, 2, "SUCCESS")]
)
async def test_waiting_for_a_tone(office, times: int, found: int, status: str) -> None:
    o = office(
        plan(f"WaitForTone(1100,400,5,{times})", " same => n,Set(GLOBAL(status)=${WAITFORTONESTATUS})\n")
    )
    alice = o.call()
    await o.settle(1)
    asked = {"said": False, "frequency": 1100.0, "ms": 400, "second": 0.0, "decibels": None}
    assert list(alice.core.watched.values()) == [("tone", asked)]
    for _ in range(found):
        alice.core.find("tone")
        alice.core.find("tone_end", 500)
    await o.ended(alice)
    assert o.runner.globals["status"] == status
    assert o.now == pytest.approx(5 if status == "TIMEOUT" else 1, abs=0.1)


async def test_waiting_for_a_tone_that_nobody_else_hears(office) -> None:
    o = office(plan("WaitForTone(1100,400,5,1,d(8)s)", " same => n,Wait(1)\n"))
    alice = o.call()
    await o.settle(1)
    assert alice.core.effects == {False: Effects(notch=1100.0)}
    assert [what["decibels"] for _, what in alice.core.watched.values()] == [8]
    alice.core.find("tone")
    await o.settle(0.1)
    assert alice.core.effects == {False: Effects()}
    await o.ended(alice)


async def test_a_periodic_hook_runs_beside_the_call_until_it_is_off(office) -> None:
    o = office(
        "[default]\nexten => s,1,Answer()\n same => n,Set(HOOK=${PERIODIC_HOOK(hooks,note,10)})\n"
        " same => n,Wait(25)\n same => n,Set(PERIODIC_HOOK(${HOOK})=off)\n same => n,Wait(25)\n"
        "[hooks]\nexten => note,1,Answer()\n same => n,Set(GLOBAL(channel)=${HOOK_CHANNEL})\n"
        " same => n,Set(GLOBAL(count)=x${GLOBAL(count)})\n same => n,Playback(beep)\n"
    )
    alice = o.call()
    await o.settle(9)
    assert "channel" not in o.runner.globals
    await o.ended(alice)
    assert o.runner.globals["channel"] == alice.name
    assert o.runner.globals["count"] == "xx"
    assert o.left_over() == []
