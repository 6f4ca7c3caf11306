"""If, ElseIf, Else, EndIf, ExitIf; WaitUntil, WaitForCondition; ClearHash."""

from __future__ import annotations

import pytest

from unit.functions.saying import spoken
from unit.pbx.fake import EPOCH

BLOCK = (
    "If($[${X}=1])", "Set(GLOBAL(r)=${GLOBAL(r)}one)",
    "ElseIf($[${X}=2])", "Set(GLOBAL(r)=${GLOBAL(r)}two)",
    "If(${Y})", "Set(GLOBAL(r)=${GLOBAL(r)}-y)", "Else()", "Set(GLOBAL(r)=${GLOBAL(r)}-n)", "EndIf()",
    "ElseIf($[${X}=3])", "ExitIf()", "Set(GLOBAL(r)=never)",
    "Else()", "Set(GLOBAL(r)=${GLOBAL(r)}else)",
    "EndIf()", "Set(GLOBAL(r)=${GLOBAL(r)}.)",
)  # fmt: skip


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [(1, 1, "one."), (2, 1, "two-y."), (2, 0, "two-n."), (3, 0, "."), (4, 1, "else.")],
)
async def test_blocks(office, x: int, y: int, expected: str) -> None:
    found = await spoken(office(), f"Set(X={x})", f"Set(Y={y})", *BLOCK)
    assert found["r"] == expected


async def test_in_a_loop(office) -> None:
    found = await spoken(
        office(), "Set(I=0)", "While($[${I}<3])", "Set(I=$[${I}+1])", "If($[${I}=2])",
        "Set(GLOBAL(r)=${GLOBAL(r)}two)", "ElseIf($[${I}=3])", "Set(GLOBAL(r)=${GLOBAL(r)}three)", "Else()",
        "Set(GLOBAL(r)=${GLOBAL(r)}one)", "EndIf()", "EndWhile()",
    )  # fmt: skip
    assert found["r"] == "onetwothree"


@pytest.mark.parametrize("line", ["If(0)", "Else()", "ExitIf()", "ElseIf(1)"])
async def test_without_an_end(office, line: str, caplog) -> None:
    assert "after" not in await spoken(office(), line, "Set(GLOBAL(after)=1)")
    assert "there is no EndIf" in caplog.text


@pytest.mark.parametrize(
    ("moment", "status", "seconds"),
    [(EPOCH + 10, "OK", 10), (EPOCH - 10, "PAST", 0), ("soon", "FAILURE", 0), ("", "FAILURE", 0)],
)
async def test_wait_until(office, moment: object, status: str, seconds: int) -> None:
    found = await spoken(
        office(), f"WaitUntil({moment})", "Set(GLOBAL(s)=${WAITUNTILSTATUS})", "Set(GLOBAL(t)=${EPOCH})"
    )
    assert found["s"] == status
    assert int(found["t"]) - EPOCH == pytest.approx(seconds, abs=1)


async def test_wait_for_condition(office) -> None:
    o = office(
        '[default]\nexten => s,1,WaitForCondition(#,#["#{GLOBAL(done)}"="1"],30,1)\n'
        " same => n,Set(GLOBAL(s)=${WAITFORCONDITIONSTATUS})\n"
    )
    alice = o.call()
    await o.settle(5)
    assert not alice.ended
    o.runner.globals["done"] = "1"
    await o.settle(2)
    assert o.runner.globals["s"] == "TRUE"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [("#,#[1=2],2,0.5", "TIMEOUT"), ("##,1,2", "FAILURE"), ("#,1,2,soon", "FAILURE"), ("#,1", "TRUE")],
)
async def test_wait_for_condition_ends(office, arguments: str, status: str) -> None:
    found = await spoken(
        office(), f"WaitForCondition({arguments})", "Set(GLOBAL(s)=${WAITFORCONDITIONSTATUS})"
    )
    assert found["s"] == status


async def test_clear_hash(office) -> None:
    found = await spoken(
        office(), "Set(HASH(h,a)=1)", "Set(HASH(other,a)=2)", "ClearHash(h)",
        "Set(GLOBAL(r)=<${HASHKEYS(h)}>${HASH(other,a)})",
    )  # fmt: skip
    assert found["r"] == "<>2"
