"""Call completion as phones see it: the office of docs/call-completion.md, message by message.

pytest tests/calls/test_call_completions.py --seed 4711      plays a random day again and prints its ladder
"""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from calls.completion import CompletionOffice, play, tell

DAYS = 150
BLOCK = 25

_seen: Counter[str] = Counter()
_played = 0


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "days" in metafunc.fixturenames:
        one = metafunc.config.getoption("--seed", None)
        count = metafunc.config.getoption("--seeds", None) or DAYS
        blocks = (
            [range(one, one + 1)]
            if one is not None
            else [range(first, min(first + BLOCK, count)) for first in range(0, count, BLOCK)]
        )
        metafunc.parametrize("days", blocks, ids=lambda block: f"{block[0]}-{block[-1]}")


async def failed(office: CompletionOffice, caller: str = "6001", called: str = "6002") -> None:
    """A call to a phone that is busy."""
    call = office.phones[caller].dial(called)
    await asyncio.sleep(1)
    assert call.ended is not None
    assert call.ended.status == 486


async def requested(office: CompletionOffice, caller: str = "6001") -> None:
    """The caller dials *30 and hears the beep."""
    call = office.phones[caller].dial("*30")
    await asyncio.sleep(4)
    assert call.ended is not None
    assert office.state(caller) in ("active", "caller_busy", "recalling")


def test_busy_requested_and_called_back() -> None:
    async def story(office: CompletionOffice) -> None:
        alice, bob = office.phones["6001"], office.phones["6002"]
        bob.dial("700")
        await asyncio.sleep(1)
        await failed(office)
        await requested(office)
        await asyncio.sleep(600)
        assert alice.line is None
        bob.hang_up()
        await asyncio.sleep(0.5)
        assert alice.line is not None  # it rings
        await asyncio.sleep(5)
        assert alice.talks_with_somebody
        assert bob.talks_with_somebody
        assert len(office.pbx.bridges) == 1
        alice.hang_up()
        await asyncio.sleep(1)
        assert bob.line is None

    office = tell(story)
    assert office.told == [
        "CompletionAvailable",
        "CompletionOffered",
        "CompletionRequested",
        "CompletionAcknowledged",
        "CompletionRecalling",
        "CompletionEnded",
        "CompletionAvailable",
        "CompletionOffered",
    ]


def test_not_answered_requested_and_called_back_when_somebody_is_there() -> None:
    async def story(office: CompletionOffice) -> None:
        alice, bob = office.phones["6001"], office.phones["6002"]
        bob.answers = lambda: None
        alice.dial("6002")
        await asyncio.sleep(25)
        assert alice.line is None
        await requested(office)
        await asyncio.sleep(100)
        assert office.state() == "active"
        bob.dial("700")
        await asyncio.sleep(10)
        bob.answers = lambda: 2.0
        bob.hang_up()
        await asyncio.sleep(6)
        assert bob.talks_with_somebody
        assert alice.talks_with_somebody

    assert tell(story).seen["CompletionEnded"] == 1


def test_cancelled() -> None:
    async def story(office: CompletionOffice) -> None:
        bob = office.phones["6002"]
        bob.dial("700")
        await asyncio.sleep(1)
        await failed(office)
        await requested(office)
        office.phones["6001"].dial("*31")
        await asyncio.sleep(5)
        bob.hang_up()
        await asyncio.sleep(5)
        assert office.phones["6001"].line is None

    assert tell(story).told[-1] == "CompletionFailed"


def test_too_late_to_request() -> None:
    async def story(office: CompletionOffice) -> None:
        bob = office.phones["6002"]
        bob.dial("700")
        await asyncio.sleep(1)
        await failed(office)
        assert office.state() == "offered"
        await asyncio.sleep(20)
        assert office.state() == ""
        office.phones["6001"].dial("*30")
        await asyncio.sleep(5)
        bob.hang_up()
        await asyncio.sleep(5)
        assert office.phones["6001"].line is None

    assert tell(story).told == ["CompletionAvailable", "CompletionOffered", "CompletionFailed"]


def test_never_free() -> None:
    async def story(office: CompletionOffice) -> None:
        office.phones["6002"].dial("700")
        await asyncio.sleep(1)
        await failed(office)
        await requested(office)
        for _ in range(7):  # one call after the other, without a pause
            await asyncio.sleep(700)
            office.pbx.by_device["PJSIP/6002"][0].redirect("office", "700")
        assert office.state() == ""

    assert tell(story).told[-2:] == ["MonitorFailed", "CompletionFailed"]


def test_the_caller_is_busy_at_the_recall() -> None:
    async def story(office: CompletionOffice) -> None:
        alice, bob = office.phones["6001"], office.phones["6002"]
        bob.dial("700")
        await asyncio.sleep(1)
        await failed(office)
        await requested(office)
        alice.dial("700")
        await asyncio.sleep(5)
        bob.hang_up()
        await asyncio.sleep(50)
        assert office.state() == "caller_busy"
        alice.hang_up()
        await asyncio.sleep(5)
        assert alice.talks_with_somebody
        assert bob.talks_with_somebody

    told = tell(story).told
    assert told[4:7] == ["MonitoringCallerBegan", "MonitoringCallerEnded", "CompletionRecalling"]


def test_the_caller_does_not_answer_the_recall() -> None:
    async def story(office: CompletionOffice) -> None:
        alice, bob = office.phones["6001"], office.phones["6002"]
        alice.answers = lambda: None
        bob.dial("700")
        await asyncio.sleep(1)
        await failed(office)
        await requested(office)
        bob.hang_up()
        await asyncio.sleep(19)
        assert alice.line is not None
        await asyncio.sleep(2)
        assert alice.line is None
        assert len(bob.calls) == 2  # his own, and the one that he refused

    assert tell(story).told[-1] == "CompletionFailed"


def test_three_callers_wait_for_one() -> None:
    async def story(office: CompletionOffice) -> None:
        bob = office.phones["6002"]
        bob.dial("700")
        await asyncio.sleep(1)
        callers = ["6003", "6001", "6004"]
        for caller in callers:
            await failed(office, caller)
            await requested(office, caller)
        order: list[str] = []
        for _ in callers:
            bob.hang_up()
            await asyncio.sleep(6)
            talking = [name for name in callers if office.phones[name].talks_with_somebody]
            assert bob.talks_with_somebody
            order += talking
            assert len(talking) == 1
        assert order == callers

    assert tell(story).seen["CompletionEnded"] == 3


def test_limits() -> None:
    async def story(office: CompletionOffice) -> None:
        office.completion.use(type(office.completion.conf)(cc_max_requests=1))
        bob = office.phones["6002"]
        bob.dial("700")
        await asyncio.sleep(1)
        for caller in ("6001", "6003"):
            await failed(office, caller)
            office.phones[caller].dial("*30")
            await asyncio.sleep(4)
        assert (office.state("6001"), office.state("6003")) == ("active", "offered")
        bob.hang_up()
        await asyncio.sleep(10)
        assert office.phones["6001"].talks_with_somebody

    tell(story)


def test_the_phone_of_the_caller_is_gone() -> None:
    async def story(office: CompletionOffice) -> None:
        alice, bob = office.phones["6001"], office.phones["6002"]
        bob.dial("700")
        await asyncio.sleep(1)
        await failed(office)
        await requested(office)
        alice.registration.stop()
        await asyncio.sleep(1)
        bob.hang_up()
        await asyncio.sleep(30)
        assert office.state() == "caller_busy"
        alice.registration.start()
        await asyncio.sleep(5)
        assert alice.talks_with_somebody

    assert tell(story).seen["CompletionEnded"] == 1


def test_the_node_stops_while_the_caller_is_called() -> None:
    async def story(office: CompletionOffice) -> None:
        office.phones["6001"].answers = lambda: None
        bob = office.phones["6002"]
        bob.dial("700")
        await asyncio.sleep(1)
        await failed(office)
        await requested(office)
        bob.hang_up()
        await asyncio.sleep(1)
        assert office.state() == "recalling"

    tell(story)  # which closes it, and sees that nothing is left


def test_random_days(days) -> None:
    global _played
    for seed in days:
        _seen.update(play(seed).seen)
        _played += 1


def test_the_days_are_full() -> None:
    """A generator that no longer produces a situation would make the test above say nothing about it."""
    if _played < 100:
        pytest.skip("too few were played in this process to tell")
    for what, often in {
        "CompletionOffered": 200,
        "CompletionRequested": 100,
        "CompletionRecalling": 50,
        "CompletionEnded": 20,
        "MonitoringCallerBegan": 20,
        "MonitoringCallerEnded": 10,
        "CompletionFailed": 50,
    }.items():
        assert _seen[what] > often, dict(_seen)
