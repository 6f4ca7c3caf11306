"""Dial's options L and S: how long a call may last, and what is said about it."""

from __future__ import annotations

import pytest

from unit.apps.dialling import dialling, talking


async def test_s_ends_the_call(office) -> None:
    o, alice, bob = await talking(office, "S(10)")
    await o.ended(alice)
    assert o.now == pytest.approx(11, abs=0.01)
    assert bob.leg.ended


async def test_l_warns_and_ends(office) -> None:
    o, alice, bob = await talking(office, "gL(130000:70000:30000)")
    await o.settle(59.5)
    assert alice.said == ["vm-youhave", "digits/1", "queue-minutes", "digits/10", "queue-seconds"]
    assert bob.leg.said == []
    await o.settle(30)
    assert alice.said[5:] == ["vm-youhave", "digits/40", "queue-seconds"]
    await o.ended(alice)
    assert o.runner.globals["after"] == "ANSWER"
    assert o.now == pytest.approx(132, abs=0.01)


async def test_l_with_its_files(office) -> None:
    o, alice, bob = await talking(
        office,
        "L(10000:5000)",
        before="MSet(LIMIT_PLAYAUDIO_CALLER=no,LIMIT_PLAYAUDIO_CALLEE=yes,LIMIT_WARNING_FILE=soon,"
        "LIMIT_CONNECT_FILE=now,LIMIT_TIMEOUT_FILE=over)",
    )
    assert bob.leg.said == ["now"]
    await o.settle(5)
    assert bob.leg.said == ["now", "soon"]
    await o.ended(alice)
    assert alice.media is None or alice.said == []


async def test_l_plays_its_last_words_to_the_caller(office) -> None:
    o, alice, _ = await talking(office, "L(5000)", before="Set(LIMIT_TIMEOUT_FILE=over)")
    await o.settle(4.2)
    assert alice.said == ["over"]
    assert not alice.ended
    await o.ended(alice)


@pytest.mark.parametrize(
    ("options", "seconds"), [("L(5000)S(10)", 5), ("L(20000)S(10)", 10), ("S(2.5)", 2.5)]
)
async def test_the_shorter_limit_counts(office, options: str, seconds: float) -> None:
    o, alice, _ = await talking(office, options)
    await o.ended(alice)
    assert o.now == pytest.approx(1 + seconds, abs=0.01)


@pytest.mark.parametrize("options", ["L(x)", "L(0)", "L(-5)", "S(0)", "S(x)", "L()", "S"])
async def test_limits_that_are_none_ring_nobody(office, options: str) -> None:
    o = dialling(office, options)
    bob = o.phone("bob", answers=1)
    await o.ended(o.call())
    assert bob.legs == []


async def test_warnings_with_a_feature_code(office) -> None:
    o, alice, _ = await talking(office, "HL(10000:5000)", before="Set(LIMIT_WARNING_FILE=soon)")
    alice.press("1")
    await o.settle(5)
    assert alice.said == ["soon"]
    alice.press("*")
    await o.ended(alice)
    assert o.now < 8
