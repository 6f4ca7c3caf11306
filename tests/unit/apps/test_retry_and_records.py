"""RetryDial, Incomplete, ForkCDR, ResetCDR."""

from __future__ import annotations

import pytest

from offhook.pbx.causes import Cause
from unit.apps.test_functions_of_calls import recording

PLAN = (
    "[default]\nexten => s,1,Answer()\n same => n,RetryDial({arguments})\n"
    " same => n,Set(GLOBAL(s)=${{DIALSTATUS}})\n"
    "exten => 7,1,Set(GLOBAL(seven)=1)\n"
)


async def retrying(office, arguments: str, **phone):
    o = office(PLAN.format(arguments=arguments))
    bob = o.phone("bob", **phone)
    alice = o.call()
    await o.settle(0.5)
    return o, alice, bob


async def test_tries_again_as_often_as_told(office) -> None:
    o, alice, bob = await retrying(office, "again,5,2,Fake/bob", refuses=(1, Cause.USER_BUSY))
    await o.settle(60)
    assert alice.ended
    assert len(bob.legs) == 3
    assert o.runner.globals["s"] == "BUSY"


async def test_stops_when_somebody_answers(office) -> None:
    o, alice, bob = await retrying(office, "again,5,-1,Fake/bob,,g", refuses=(1, Cause.USER_BUSY))
    await o.settle(3)
    bob.refuses, bob.answers, bob.hangs_up = None, 1, 2
    await o.settle(30)
    assert len(bob.legs) == 2
    assert o.runner.globals["s"] == "ANSWER"
    assert alice.ended


async def test_a_digit_leads_out(office) -> None:
    o, alice, bob = await retrying(office, "again,50,5,Fake/bob,10,d", refuses=(1, Cause.USER_BUSY))
    await o.settle(3)
    alice.press("7")
    await o.settle(1)
    assert o.runner.globals["seven"] == "1"
    assert len(bob.legs) == 1


@pytest.mark.parametrize("arguments", ["again", "again,soon,3,Fake/bob", "again,5,often,Fake/bob"])
async def test_wrong_arguments(office, arguments: str, caplog) -> None:
    o, alice, _ = await retrying(office, arguments)
    await o.settle(5)
    assert alice.ended
    assert "s" not in o.runner.globals
    assert "RetryDial: " in caplog.text


# ---------------------------------------------------------------- Incomplete

DIGITS = (
    "[default]\nexten => 12,1,{answer}\n same => n,Incomplete()\nexten => 123,1,Set(GLOBAL(to)=${{EXTEN}})\n"
    "exten => i,1,Set(GLOBAL(wrong)=${{INVALID_EXTEN}})\n"
)


async def test_incomplete_refuses_who_is_not_answered(office) -> None:
    o = office(DIGITS.format(answer="NoOp()"))
    alice = o.call("12")
    await o.ended(alice)
    assert alice.released == Cause.INVALID_NUMBER_FORMAT


@pytest.mark.parametrize(("pressed", "name", "value"), [("3", "to", "123"), ("9", "wrong", "129")])
async def test_incomplete_takes_more_digits(office, pressed: str, name: str, value: str) -> None:
    o = office(DIGITS.format(answer="Answer()"))
    alice = o.call("12")
    await o.settle(1)
    alice.press(pressed)
    await o.settle(20)
    assert o.runner.globals[name] == value


async def test_incomplete_without_more_digits(office) -> None:
    o = office(DIGITS.format(answer="Answer()"))
    alice = o.call("12")
    await o.settle(20)
    assert alice.ended
    assert "to" not in o.runner.globals


# ---------------------------------------------------------------- records


async def test_fork(office) -> None:
    o, records = recording(
        office, "[default]\nexten => s,1,Answer()\n same => n,Set(CDR(x)=1)\n same => n,Wait(10)\n"
        " same => n,ForkCDR(erv)\n same => n,Wait(5)\n",
    )  # fmt: skip
    await o.ended(o.call())
    assert [(cdr.duration, cdr.billsec()) for cdr in records] == [(10, 10), (5, 5)]
    assert [cdr.variables for cdr in records] == [{"x": "1"}, {"x": "1"}]
    assert records[0].sequence != records[1].sequence


async def test_fork_beside(office) -> None:
    o, records = recording(
        office, "[default]\nexten => s,1,Answer()\n same => n,Set(CDR(x)=1)\n same => n,Wait(10)\n"
        " same => n,ForkCDR(a)\n same => n,Wait(5)\n",
    )  # fmt: skip
    await o.ended(o.call())
    assert [(cdr.duration, cdr.billsec(), cdr.variables) for cdr in records] == [
        (15, 15, {"x": "1"}),
        (15, 15, None),
    ]


@pytest.mark.parametrize(("options", "variables"), [("", None), ("v", {"x": "1"})])
async def test_reset(office, options: str, variables: object) -> None:
    o, records = recording(
        office, "[default]\nexten => s,1,Answer()\n same => n,Set(CDR(x)=1)\n same => n,Wait(10)\n"
        f" same => n,ResetCDR({options})\n same => n,Wait(5)\n",
    )  # fmt: skip
    await o.ended(o.call())
    assert [(cdr.duration, cdr.billsec(), cdr.variables) for cdr in records] == [(5, 5, variables)]
