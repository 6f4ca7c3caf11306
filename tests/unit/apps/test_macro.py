"""Macro, MacroExclusive, MacroIf, MacroExit."""

from __future__ import annotations

import pytest

PLAN = """
[default]
exten => s,1,Set(ARG1=mine)
 same => n,Macro(greet,a,b)
 same => n,Set(GLOBAL(after)=${ARG1}|${ARG2}|${MACRO_EXTEN}|${EXTEN}|${PRIORITY})
 same => n,Wait(1)
exten => h,1,Set(GLOBAL(h)=default ${ARG1})
"""


async def run(office, macro: str, plan: str = PLAN, seconds: float = 10.0) -> dict[str, str]:
    o = office(plan + macro)
    alice = o.call()
    await o.settle(seconds)
    assert alice.ended
    return o.runner.globals


async def test_arguments_and_the_way_back(office) -> None:
    found = await run(
        office,
        "[macro-greet]\nexten => s,1,Set(GLOBAL(in)=${ARG1},${ARG2},${ARG3},${MACRO_EXTEN},${MACRO_CONTEXT},"
        "${MACRO_PRIORITY},${EXTEN},${CONTEXT},${MACRO_DEPTH})\n",
    )
    assert found["in"] == "a,b,,s,default,2,s,macro-greet,1"
    assert found["after"] == "mine|||s|3"
    assert found["h"] == "default mine"


async def test_goto_within_the_macro_stays_in_it(office) -> None:
    found = await run(
        office,
        "[macro-greet]\nexten => s,1,Goto(s-BUSY,1)\nexten => s-BUSY,1,Set(GLOBAL(in)=${EXTEN})\n"
        "exten => _s-.,1,Set(GLOBAL(wrong)=1)\n",
    )
    assert found["in"] == "s-BUSY"
    assert found["after"].endswith("|s|3")
    assert "wrong" not in found


async def test_goto_out_of_the_macro_ends_it(office) -> None:
    found = await run(
        office,
        "[macro-greet]\nexten => s,1,Goto(other,9,1)\n same => n,Set(GLOBAL(wrong)=1)\n"
        "[other]\nexten => 9,1,Set(GLOBAL(other)=${ARG1}${MACRO_EXTEN})\n",
    )
    assert found["other"] == "mine"
    assert "after" not in found
    assert "wrong" not in found


async def test_offset_skips_priorities_when_there_are_such(office) -> None:
    plan = (
        "[default]\nexten => s,1,Macro(greet)\nexten => s,2,Set(GLOBAL(next)=1)\n"
        "exten => s,102,Set(GLOBAL(far)=1)\n"
    )
    found = await run(office, "[macro-greet]\nexten => s,1,Set(MACRO_OFFSET=100)\n", plan)
    assert "far" in found
    assert "next" not in found
    found = await run(office, "[macro-greet]\nexten => s,1,Set(MACRO_OFFSET=7)\n", plan)
    assert "next" in found


async def test_macros_within_macros_and_subroutines(office) -> None:
    found = await run(
        office,
        "[macro-greet]\nexten => s,1,Macro(inner,x)\n same => n,Gosub(sub,s,1(y))\n"
        " same => n,Set(GLOBAL(greet)=${ARG1} ${MACRO_CONTEXT} ${MACRO_DEPTH} ${MACRO_PRIORITY})\n"
        "[macro-inner]\nexten => s,1,Set(GLOBAL(inner)=${ARG1}${ARG2} ${MACRO_CONTEXT} ${MACRO_DEPTH})\n"
        "[sub]\nexten => s,1,Set(GLOBAL(sub)=${ARG1})\n same => n,Macro(inner,z)\n same => n,Return()\n",
    )
    assert found["inner"] == "z sub 2"
    assert found["sub"] == "y"
    assert found["greet"] == "a default 1 2"
    assert found["after"].startswith("mine||")


async def test_exit(office) -> None:
    found = await run(
        office,
        "[macro-greet]\nexten => s,1,MacroExit()\n same => n,Set(GLOBAL(wrong)=1)\n",
    )
    assert found["after"].endswith("|s|3")
    assert "wrong" not in found


async def test_a_macro_that_is_not_there_is_complained_of(office, caplog) -> None:
    found = await run(office, "")
    assert found["after"]
    assert "macro-greet does not exist" in caplog.text
    found = await run(office, "[macro-greet]\nexten => 5,1,NoOp()\n")
    assert found["after"]
    assert "lacks extension s" in caplog.text


@pytest.mark.parametrize("how", ["Hangup()", "Wait(60)"])
async def test_hangup_runs_h_of_the_macro_if_it_has_one(office, how: str) -> None:
    o = office(PLAN + f"[macro-greet]\nexten => s,1,{how}\nexten => h,1,Set(GLOBAL(h)=macro ${{ARG1}})\n")
    alice = o.call()
    await o.settle(2)
    alice.far_end_hung_up(16)
    await o.settle(1)
    assert o.runner.globals["h"] == "macro a"


@pytest.mark.parametrize("how", ["Hangup()", "Wait(60)"])
async def test_hangup_runs_h_of_the_caller_else(office, how: str) -> None:
    o = office(PLAN + f"[macro-greet]\nexten => s,1,Macro(inner)\n[macro-inner]\nexten => s,1,{how}\n")
    alice = o.call()
    await o.settle(2)
    alice.far_end_hung_up(16)
    await o.settle(1)
    assert o.runner.globals["h"] == "default mine"


async def test_h_may_call_a_macro(office) -> None:
    o = office(
        "[default]\nexten => s,1,Wait(60)\nexten => h,1,Macro(bye)\n same => n,Set(GLOBAL(h)=done)\n"
        "[macro-bye]\nexten => s,1,Set(GLOBAL(bye)=${MACRO_EXTEN})\n"
    )
    alice = o.call()
    await o.settle(1)
    alice.far_end_hung_up(16)
    await o.settle(1)
    assert (o.runner.globals["bye"], o.runner.globals["h"]) == ("h", "done")


async def test_endless_macros_end(office, caplog) -> None:
    o = office("[default]\nexten => s,1,Macro(greet)\n[macro-greet]\nexten => s,1,Macro(greet)\n")
    alice = o.call()
    await o.settle(1)
    assert alice.ended
    assert "nest deeper" in caplog.text


async def test_macro_if(office) -> None:
    lines = ("MacroIf(1?one,x:two,y)", "MacroIf(0?one,x:two,y)", "MacroIf(0?one)")
    plan = "[default]\n" + "".join(f"exten => s,{at},{line}\n" for at, line in enumerate(lines, 1))
    found = await run(
        office,
        "[macro-one]\nexten => s,1,Set(GLOBAL(did)=${GLOBAL(did)}one${ARG1})\n"
        "[macro-two]\nexten => s,1,Set(GLOBAL(did)=${GLOBAL(did)}two${ARG1})\n",
        plan,
    )
    assert found["did"] == "onextwoy"


async def test_exclusive(office) -> None:
    o = office(
        "[default]\nexten => s,1,MacroExclusive(slow)\n same => n,Set(GLOBAL(end)=${GLOBAL(end)}${EPOCH} )\n"
        "[macro-slow]\nexten => s,1,Wait(10)\n"
    )
    legs = [o.call() for _ in range(3)]
    await o.settle(60)
    assert all(leg.ended for leg in legs)
    times = [int(time) for time in o.runner.globals["end"].split()]
    assert [time - times[0] for time in times] == [0, 10, 20]


async def test_exclusive_when_one_hangs_up(office) -> None:
    o = office(
        "[default]\nexten => s,1,MacroExclusive(slow)\n same => n,Set(GLOBAL(end)=${EPOCH})\n"
        "[macro-slow]\nexten => s,1,Wait(100)\n"
    )
    first, second, third = (o.call() for _ in range(3))
    await o.settle(1)
    second.far_end_hung_up(16)
    first.far_end_hung_up(16)
    await o.settle(101)
    assert third.ended
    assert "end" in o.runner.globals


async def test_the_record_is_of_the_extension_that_was_dialled(office) -> None:
    o = office(PLAN + "[macro-greet]\nexten => s,1,Set(GLOBAL(depth)=1)\n same => n,Wait(1)\n")
    alice = o.call()
    await o.settle(0.5)
    assert alice.in_subroutine == 1
    await o.settle(1)
    assert alice.in_subroutine == 0
    await o.ended(alice)


async def test_a_redirect_out_of_a_macro(office) -> None:
    o = office(
        PLAN
        + "[macro-greet]\nexten => s,1,Wait(60)\n[other]\n"
        + "exten => 9,1,Set(GLOBAL(at)=${ARG1})\n same => n,Wait(1)\n"
    )
    alice = o.call()
    await o.settle(1)
    alice.redirect("other", "9")
    await o.settle(3)
    assert o.runner.globals["at"] == "mine"


# ---------------------------------------------------------------- Dial's option M


async def dialled(office, macro: str, options: str = "M(check^5^six)g"):
    o = office(
        f"[default]\nexten => s,1,Dial(Fake/bob,,{options})\n"
        " same => n,Set(GLOBAL(after)=${DIALSTATUS})\n same => n,Wait(1)\n"
        f"exten => 7,1,Set(GLOBAL(seven)=1)\n same => n,Wait(1)\n[macro-check]\n{macro}"
    )
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    return o, alice, bob


async def test_dial_runs_a_macro_on_the_called_channel(office) -> None:
    o, alice, bob = await dialled(
        office, "exten => s,1,Set(GLOBAL(in)=${ARG1}${ARG2} ${CHANNEL(name):5:3})\n"
    )
    assert o.runner.globals["in"] == "5six bob"
    assert alice.bridge is bob.leg.bridge is not None
    bob.leg.far_end_hung_up(16)
    await o.settle(3)


@pytest.mark.parametrize(
    ("result", "seen"),
    [
        ("ABORT", {"after": "ANSWER"}),
        ("BUSY", {"after": "BUSY"}),
        ("CONGESTION", {"after": "CONGESTION"}),
        ("CONTINUE", {"after": "ANSWER"}),
        ("GOTO:default^7^1", {"seven": "1"}),
    ],
)
async def test_the_macro_decides(office, result: str, seen: dict[str, str]) -> None:
    o, _, bob = await dialled(office, f"exten => s,1,Set(MACRO_RESULT={result})\n")
    await o.settle(5)
    assert bob.leg.ended
    for name, value in seen.items():
        assert o.runner.globals.get(name) == value


async def test_the_called_party_hangs_up_within_the_macro(office) -> None:
    o, alice, bob = await dialled(office, "exten => s,1,Wait(20)\n")
    bob.leg.far_end_hung_up(16)
    await o.settle(3)
    assert alice.ended
    assert o.runner.globals["after"] == "ANSWER"
