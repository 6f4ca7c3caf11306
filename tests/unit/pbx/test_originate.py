"""Originate: the switch calls somebody."""

from __future__ import annotations

import asyncio

import pytest

from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.originate import OriginateError, originate
from offhook.pbx.party import PartyId
from offhook.pbx.pbx import CannotDialError

TEXT = (
    "[default]\nexten => s,1,Set(GLOBAL(x)=${X} ${CALLERID(num)} ${CHANNEL(accountcode)})\n"
    " same => n,Wait(5)\n"
)


async def test_an_answer_starts_the_dialplan(office) -> None:
    o = office(TEXT)
    o.phone("bob", rings=1, answers=2)
    ended: list[str] = []
    o.pbx.bus.listen(events.DialEnded, lambda event: ended.append(event.status))
    channel = await originate(
        o.pbx,
        "Fake/bob",
        context="default",
        exten="s",
        caller=PartyId("100"),
        variables={"X": "1"},
        account_code="acc",
    )
    assert o.now == pytest.approx(2)
    assert channel.connected == PartyId("100")
    await o.settle(1)
    assert o.runner.globals["x"] == "1 100 acc"  # as if the called party called from that number
    assert ended == ["ANSWER"]
    await o.ended(channel)


@pytest.mark.parametrize(
    ("cause", "status"), [(17, "BUSY"), (34, "CONGESTION"), (19, "NOANSWER"), (20, "CHANUNAVAIL")]
)
async def test_a_refusal(office, cause: int, status: str) -> None:
    o = office(TEXT)
    o.phone("bob", refuses=(1, cause))
    with pytest.raises(OriginateError) as caught:
        await originate(o.pbx, "Fake/bob", context="default", exten="s")
    assert (caught.value.cause, caught.value.status) == (cause, status)
    assert o.left_over() == []


async def test_no_answer_in_time(office) -> None:
    o = office(TEXT)
    bob = o.phone("bob", rings=1)
    with pytest.raises(OriginateError) as caught:
        await originate(o.pbx, "Fake/bob", context="default", exten="s", timeout=7)
    assert caught.value.status == "NOANSWER"
    assert o.now == pytest.approx(7)
    assert bob.leg.ended


async def test_one_of_several_contacts(office) -> None:
    o = office(TEXT)
    bob = o.phone("bob", contacts=3)
    calling = asyncio.create_task(originate(o.pbx, "Fake/bob", context="default", exten="s"))
    await o.settle(1)
    bob.legs[0].far_end_hung_up(17)
    bob.legs[2].answered()
    channel = await calling
    assert channel is bob.legs[2]
    assert bob.legs[1].released == Cause.ANSWERED_ELSEWHERE
    channel.request_hangup()
    await o.ended(channel)


async def test_cancelling(office) -> None:
    o = office(TEXT)
    bob = o.phone("bob", contacts=2)
    calling = asyncio.create_task(originate(o.pbx, "Fake/bob", context="default", exten="s"))
    await o.settle(1)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert all(leg.ended for leg in bob.legs)
    assert o.left_over() == []


async def test_answering_and_hanging_up_at_once(office) -> None:
    o = office(TEXT)
    bob = o.phone("bob")
    calling = asyncio.create_task(originate(o.pbx, "Fake/bob", context="default", exten="s"))
    await o.settle(1)
    bob.leg.answered()
    bob.leg.far_end_hung_up(16)
    assert (await calling).ended  # the call was answered; there is nobody left to go on with
    assert "x" not in o.runner.globals
    assert o.left_over() == []


async def test_a_ringing_leg_that_is_taken_away_lives_on(office) -> None:
    o = office(TEXT)
    bob = o.phone("bob")
    calling = asyncio.create_task(originate(o.pbx, "Fake/bob", context="default", exten="s"))
    await o.settle(1)
    bob.leg.redirect("default", "s")
    with pytest.raises(OriginateError):
        await calling
    assert not bob.leg.ended
    await o.ended(bob.leg)


async def test_what_cannot_be_dialled(office) -> None:
    with pytest.raises(CannotDialError):
        await originate(office(TEXT).pbx, "Fake/nobody", context="default", exten="s")


async def test_nobody_is_left_in_memory(office) -> None:
    o = office(TEXT)
    o.phone("bob", refuses=(1, 17), contacts=2)
    with pytest.raises(OriginateError):
        await originate(o.pbx, "Fake/bob", context="default", exten="s")
    assert o.pbx.channels == {}


@pytest.mark.parametrize(
    ("behaviour", "reason"), [({"refuses": (1, 17)}, "5"), ({}, "3"), ({"refuses": (1, 1)}, "0")]
)
async def test_the_extension_failed_runs_when_nobody_answers(office, behaviour, reason: str) -> None:
    o = office(TEXT + "exten => failed,1,Set(GLOBAL(F)=${REASON} ${X} ${CHANNEL(name)})\n")
    o.phone("bob", **behaviour)
    with pytest.raises(OriginateError):
        await originate(o.pbx, "Fake/bob", context="default", exten="s", timeout=5, variables={"X": "1"})
    await o.settle(1)
    assert o.runner.globals["F"] == f"{reason} 1 OutgoingSpoolFailed"
    assert o.left_over() == []
