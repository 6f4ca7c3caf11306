"""TESTTIME and HOLD_INTERCEPT."""

from __future__ import annotations

import pytest

from offhook.pbx import events
from unit.functions.saying import evaluated, spoken

CHRISTMAS = "2026-12-25 11:30:00 Europe/Berlin"


@pytest.mark.parametrize(
    "line", [f"Set(TESTTIME()={CHRISTMAS})", "Set(TESTTIME(2026-12-25,11:30:00,Europe/Berlin)=)"]
)
async def test_time_conditions_are_tried_at_another_time(office, line: str) -> None:
    found = await evaluated(
        office(),
        "${IFTIME(*,*,25,dec,Europe/Berlin?closed:open)}",
        "${IFTIME(11:00-12:00,fri,*,*,Europe/Berlin?yes:no)}",
        "${TESTTIME}",
        before=(line,),
    )
    assert found == ["closed", "yes", "1798194600"]


async def test_applications_see_it_and_the_clock_comes_back(office) -> None:
    o = office()  # Thursday, 1 January 2026
    found = await spoken(
        o,
        f"Set(TESTTIME()={CHRISTMAS})",
        "ExecIfTime(*,*,25,dec,Europe/Berlin?Set(GLOBAL(one)=closed))",
        "GotoIfTime(*,*,1,jan,UTC?9)",
        "Set(TESTTIME()=)",
        "ExecIfTime(*,*,25,dec,UTC?Set(GLOBAL(two)=closed))",
        "Set(GLOBAL(three)=${IFTIME(*,*,1,jan,UTC?new year:no)})",
    )
    assert (found.get("one"), found.get("two"), found.get("three")) == ("closed", None, "new year")


@pytest.mark.parametrize(
    "value", ["tomorrow", "2026-12-25", "2026-13-25 11:00:00", "2026-12-25 11:00:00 Nowhere"]
)
async def test_what_is_no_time(office, value: str, caplog) -> None:
    found = await spoken(office(), f"Set(TESTTIME()={value})", "Set(GLOBAL(one)=${TESTTIME}.)")
    assert "is no time" in caplog.text
    assert found.get("one", ".") == "."


async def test_a_variable_that_is_no_time(office, caplog) -> None:
    found = await evaluated(office(), "${IFTIME(*,*,1,jan,UTC?yes:no)}", before=("Set(TESTTIME=soon)",))
    assert found == ["yes"]
    assert "no number of seconds" in caplog.text


async def test_hold_is_announced_and_not_done(office) -> None:
    o = office("[default]\nexten => s,1,Set(HOLD_INTERCEPT(set)=)\n same => n,Dial(Fake/bob)\n")
    bob = o.phone("bob", answers=1)
    held: list[bool] = []
    o.pbx.bus.listen(events.ChannelHeld, lambda event: held.append(event.on))
    alice = o.call()
    await o.settle(2)
    assert alice.bridge is not None
    alice.far_end_held(True)
    await o.settle(0.1)
    assert (held, alice.held, o.music) == ([True], False, [])
    alice.far_end_held(False)
    assert held == [True, False]
    o.runner.call_on(alice).assign("HOLD_INTERCEPT(remove)", "")
    alice.far_end_held(True)
    await o.settle(0.1)
    assert (held[-1], alice.held) == (True, True)
    assert [name for name, _ in o.music] == [bob.leg.name]
    with pytest.raises(Exception, match="none of set, remove"):
        o.runner.call_on(alice).assign("HOLD_INTERCEPT(maybe)", "")
    alice.far_end_hung_up(16)
    await o.ended(alice)
