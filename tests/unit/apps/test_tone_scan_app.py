"""ToneScan: which of what is heard ends it, in virtual time."""

from __future__ import annotations

import pytest

from offhook.pbx.causes import Cause

PLAN = """
[default]
exten => s,1,ToneScan(us,5,,v)
 same => n,Set(GLOBAL(status)=${TONESCANSTATUS})
exten => h,1,Set(GLOBAL(status)=${TONESCANSTATUS})
"""


async def test_bursts_and_what_goes_on(office) -> None:
    for ms, status in ((2000, "RINGING"), (900, "TIMEOUT")):
        o = office(PLAN)
        alice = o.call()
        await o.settle(1)
        assert all(what["said"] is False for _, what in alice.core.watched.values())
        alice.core.find("tone", frequency=440.0, second=480.0, ms=60)
        await o.settle(ms / 1000)
        for number, (_, what) in list(alice.core.watched.items()):
            if what.get("second") == 480.0 and what["ms"] == 60:
                alice.core.face.dispatch("found", number, "tone_end", ms)
        await o.ended(alice)
        assert o.runner.globals["status"] == status


async def test_a_voice_is_what_talks_without_a_tone(office) -> None:
    o = office(PLAN)
    alice = o.call()
    await o.settle(1)
    alice.core.find("talking")
    await o.settle(0.2)
    alice.core.find("silent", 200)
    await o.settle(1)
    assert "status" not in o.runner.globals, "too short"
    alice.core.find("talking")
    await o.ended(alice)
    assert o.runner.globals["status"] == "VOICE"
    assert o.now == pytest.approx(2.7, abs=0.2)


async def test_a_digit_and_nothing(office) -> None:
    o = office(PLAN)
    alice = o.call()
    await o.settle(1)
    alice.press("5")
    await o.ended(alice)
    assert o.runner.globals["status"] == "DTMF"
    o = office(PLAN)
    alice = o.call()
    await o.ended(alice)
    assert o.runner.globals["status"] == "TIMEOUT"
    assert o.left_over() == []


async def test_who_hangs_up(office) -> None:
    o = office(PLAN)
    alice = o.call()
    await o.settle(1)
    alice.far_end_hung_up(Cause.NORMAL_CLEARING)
    await o.ended(alice)
    assert o.runner.globals["status"] == "HANGUP"
