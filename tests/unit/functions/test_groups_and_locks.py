"""GROUP and its kind; LOCK, TRYLOCK, UNLOCK."""

from __future__ import annotations

import pytest

from offhook.features.groups import groups_of
from offhook.features.locks import locks_of
from unit.functions.saying import evaluated, spoken


async def test_groups_by_category(office) -> None:
    found = await evaluated(
        office(),
        "${GROUP()}|${GROUP(kind)}",
        "${GROUP_COUNT()}|${GROUP_COUNT(out)}|${GROUP_COUNT(out@kind)}|${GROUP_COUNT(@kind)}",
        "${GROUP_LIST()}",
        "${GROUP_MATCH_COUNT(o.t)}|${GROUP_MATCH_COUNT(x)}|${GROUP_MATCH_COUNT(.*@ki)}",
        before=("Set(GROUP()=out)", "Set(GROUP(kind)=sip)"),
    )
    assert found == ["out|sip", "1|1|0|1", "sip@kind out", "1|0|1"]


async def test_another_group_of_the_category_replaces_it(office) -> None:
    found = await evaluated(
        office(), "${GROUP_COUNT(a)}${GROUP_COUNT(b)}", before=("Set(GROUP()=a)", "Set(GROUP()=b)")
    )
    assert found == ["01"]


async def test_category_in_the_value(office) -> None:
    assert await evaluated(office(), "${GROUP(x)}", before=("Set(GROUP()=a@x)",)) == ["a"]


async def test_counts_other_calls_while_they_last(office) -> None:
    o = office("[default]\nexten => s,1,Set(GROUP()=line)\n same => n,Wait(60)\n")
    first, second = o.call(), o.call()
    await o.settle(1)
    groups = groups_of(o.pbx)
    assert groups.count("line") == 2
    assert len(list(groups)) == 2
    first.far_end_hung_up(16)
    await o.settle(1)
    assert groups.count("line") == 1
    second.far_end_hung_up(16)
    await o.settle(1)
    assert groups.count("line") == 0
    assert list(groups) == []


async def test_dropped_group_applications(office) -> None:
    found = await spoken(
        office(), "SetGroup(a@x)", "SetGroup(b)", "GetGroupCount(b)", "CheckGroup(1)",
        "Set(GLOBAL(r)=${GROUPCOUNT} ${CHECKGROUPSTATUS} ${GROUP(x)})",
    )  # fmt: skip
    assert found["r"] == "1 OK a"


# ---------------------------------------------------------------- locks


async def test_taken_twice_and_given_back(office) -> None:
    o = office()
    found = await evaluated(
        o,
        "${LOCK(door)}${LOCK(door)}${TRYLOCK(door)}",
        "${UNLOCK(door)}${UNLOCK(door)}${UNLOCK(door)}${UNLOCK(door)}",
    )
    assert found == ["111", "1110"]
    assert len(locks_of(o.pbx)) == 0


async def test_waits_three_seconds(office) -> None:
    o = office(
        "[default]\nexten => s,1,Set(GLOBAL(a)=${LOCK(door)})\n same => n,Wait(60)\n"
        "exten => 2,1,Set(GLOBAL(try)=${TRYLOCK(door)})\n same => n,Set(GLOBAL(b)=${LOCK(door)})\n"
        " same => n,Set(GLOBAL(other)=${LOCK(window)})\n"
    )
    first = o.call()
    await o.settle(1)
    second = o.call("2")
    began = o.now
    await o.ended(second)
    assert o.now - began == pytest.approx(3, abs=0.01)
    assert [o.runner.globals[name] for name in ("a", "try", "b", "other")] == ["1", "0", "0", "1"]
    first.far_end_hung_up(16)
    await o.settle(1)
    assert len(locks_of(o.pbx)) == 0


async def test_the_end_of_the_channel_gives_it_back(office) -> None:
    o = office("[default]\nexten => s,1,Set(GLOBAL(got)=${GLOBAL(got)}${LOCK(door)})\n same => n,Wait(60)\n")
    first, second = o.call(), o.call()
    await o.settle(1)
    assert o.runner.globals["got"] == "1"
    first.far_end_hung_up(16)
    await o.settle(0.1)
    assert o.runner.globals["got"] == "11"
    assert locks_of(o.pbx).owner("door") is second


async def test_in_the_order_of_asking_and_without_those_who_left(office) -> None:
    o = office("[default]\nexten => s,1,Set(GLOBAL(got)=${GLOBAL(got)}${LOCK(door)})\n same => n,Wait(60)\n")
    legs = [o.call() for _ in range(3)]
    await o.settle(1)
    legs[1].far_end_hung_up(16)
    await o.settle(0.1)
    legs[0].far_end_hung_up(16)
    await o.settle(0.1)
    assert locks_of(o.pbx).owner("door") is legs[2]


async def test_a_lock_within_an_expression_and_another_function(office) -> None:
    found = await evaluated(
        office(),
        "$[${LOCK(a)} + 1]",
        "${LEN(x${LOCK(b)}y)}",
        "${IF($[${LOCK(c)}]?yes:no)}:${LOCK(d):0:1}",
        "${${LOCK(e)}X}",
    )
    assert found == ["2", "3", "yes:1", ""]


async def test_from_outside_of_a_priority_it_cannot_wait(office, caplog) -> None:
    o = office()
    assert o.runner.call_without_channel(o.pbx).get("LOCK(x)") == ""
    assert "only the arguments of a priority" in caplog.text
