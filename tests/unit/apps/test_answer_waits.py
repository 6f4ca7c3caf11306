"""Answer(): when the dialplan goes on."""

from __future__ import annotations

import pytest

from unit.pbx.fake import FakeChannel, Office

pytestmark = pytest.mark.asyncio


async def answered(office, arguments: str, *, silent: bool = True, heard_after: float | None = None) -> float:
    """Seconds that pass from the call to the priority after Answer."""
    o: Office = office(
        f"[default]\nexten => s,1,Answer({arguments})\n same => n,Set(WENT_ON=yes)\n same => n,Wait(9)\n"
    )
    began = o.pbx.loop.time()
    channel: FakeChannel = o.call()
    channel.silent = silent
    for _ in range(400):
        await o.settle(0.01)
        if heard_after is not None and o.pbx.loop.time() - began >= heard_after:
            channel.core.set_remote("192.0.2.99", 4000)
            heard_after = None
        if "WENT_ON" in channel.variables:
            return o.pbx.loop.time() - began
    raise AssertionError("the dialplan never went on")


async def test_the_first_audio_lets_the_dialplan_go_on(office):
    assert await answered(office, "", silent=False) < 0.05
    assert 0.19 < await answered(office, "", heard_after=0.2) < 0.25


async def test_a_silent_caller_is_waited_for_half_a_second(office):
    assert 0.49 < await answered(office, "") < 0.55


async def test_a_delay_passes_in_any_case(office):
    assert 1.99 < await answered(office, "2000", silent=False) < 2.05
    assert 1.99 < await answered(office, "2000") < 2.05
    assert 0.49 < await answered(office, "100") < 0.55
    assert 0.29 < await answered(office, "100", heard_after=0.3) < 0.35


async def test_nothing_is_waited_for_with_i(office):
    assert await answered(office, ",i") < 0.05
    assert await answered(office, "2000,i") < 0.05


async def test_keys_that_are_pressed_meanwhile_are_kept(office):
    o: Office = office("[default]\nexten => s,1,Answer(1000)\n same => n,Read(KEYS,,2)\n same => n,Wait(9)\n")
    channel: FakeChannel = o.call()
    await o.settle(0.5)
    channel.press("12")
    await o.settle(1)
    assert channel.variables["KEYS"] == "12"


async def test_a_hangup_ends_the_wait(office):
    o: Office = office("[default]\nexten => s,1,Answer(5000)\n same => n,Set(WENT_ON=yes)\n")
    channel: FakeChannel = o.call()
    await o.settle(0.5)
    channel.far_end_hung_up(16)
    await o.settle(6)
    assert channel.ended
    assert "WENT_ON" not in channel.variables
