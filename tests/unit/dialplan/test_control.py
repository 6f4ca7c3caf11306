"""The applications that only steer, run as a call would run them."""

from __future__ import annotations

import pytest


async def test_a_call_from_start_to_end(desk, spoken) -> None:
    d = desk("""
[globals]
PLACE=office
[default]
exten => s,1,Set(X=1)
 same => n(again),TestSay(${EXTEN}@${CONTEXT}:${PRIORITY} ${PLACE} $[${X} + 1])
 same => n,Set(X=$[${X} + 1])
 same => n,GotoIf($[${X} < 3]?again)
 same => n,Gosub(sub,s,1(a,"b,c"))
 same => n,TestSay(back ${GOSUB_RETVAL} ${ARG1})
[sub]
exten => s,1,TestSay(${ARGC} ${ARG1} ${ARG2})
 same => n,Return(done)
""")
    channel = await d.run()
    assert spoken == ["s@default:2 office 2", "s@default:2 office 3", '2 a "b,c"', "back done "]
    assert channel.ended
    assert list(d.problems) == []


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Goto(end)", ["end"]),
        ("Goto(other,1)", ["other"]),
        ("Goto(second,100,here)", ["second"]),
        ("Goto(+2)\n same => n,TestSay(skipped)", ["end"]),
        ("GotoIf(1?end)\n same => n,TestSay(skipped)", ["end"]),
        ("GotoIf(0?end)\n same => n,TestSay(on)", ["on", "end"]),
        ("GotoIf(0?other,1:end)", ["end"]),
        ("GotoIf(1?second,100,here:end)", ["second"]),
        ('GotoIf($["a" = "a"]?:other,1)', ["end"]),
        ("GotoIfTime(*,thu,*,jan,UTC?other,1)", ["other"]),
        ("GotoIfTime(*,fri,*,*,UTC?other,1)", ["end"]),
        ("Set(T=end)\n same => n,Goto(${T})", ["end"]),
        ("ExecIf(1?TestSay(yes):TestSay(no))", ["yes", "end"]),
        ("ExecIf(0?TestSay(yes):TestSay(no))", ["no", "end"]),
        ("ExecIf(0?TestSay(yes))", ["end"]),
        ("ExecIf(1?TestSay(a:b,c))", ["a:b,c", "end"]),
        ("ExecIfTime(*,thu,*,*,UTC?TestSay(x))", ["x", "end"]),
        ("Exec(TestSay(hello))", ["hello", "end"]),
        ("Set(APP=TestSay)\n same => n,Exec(${APP}(a,b))", ["a,b", "end"]),
        ("TryExec(NoSuch())\n same => n,TestSay(${TRYSTATUS})", ["NOAPP", "end"]),
        ("TryExec(Goto(nolabel))\n same => n,TestSay(${TRYSTATUS})", ["FAILED", "end"]),
        ("TryExec(TestSay(x))\n same => n,TestSay(${TRYSTATUS})", ["x", "SUCCESS", "end"]),
        ('MSet(A=1,B="2,3",C=4)\n same => n,TestSay(${A}|${B}|${C})', ["1|2,3|4", "end"]),
        ("Set(A=b=c)\n same => n,TestSay(${A})", ["b=c", "end"]),
        ("Set(CALLERID(num)=7)\n same => n,TestSay(${CALLERID(num)})", ["7", "end"]),
        ("Set(NOSUCH(x)=1)", ["end"]),
        ("Set(nothing)", ["end"]),
        ("MSet(NOSUCH(x)=1,A=2)\n same => n,TestSay(${A})", ["2", "end"]),
        ("Verbose(1,hello)\n same => n,Verbose(hello, you)\n same => n,Log(NOTICE,hello)", ["end"]),
        ("Gosub(sub,s,1)\n same => n,TestSay(${GOSUB_RETVAL})", ["sub 0 ", "r", "end"]),
        ("GosubIf(1?sub,s,1(a:b,c):other,1)", ["sub 2 a:b", "end"]),
        ("GosubIf(0?sub,s,1(a):sub,s,1(no))", ["sub 1 no", "end"]),
        ("GosubIf(0?sub,s,1(a))", ["end"]),
        ("Gosub(local(x,y))", ["local x", "end"]),
        ("Gosub(popped)\n same => n,TestSay(never)", ["popped", "end"]),
        ("Gosub(nested,s,1(one,two,three))\n same => n,TestSay(${ARG1}.)",
         ["inner 1 deep //", "outer 3 one two", "local outer", ".", "end"]),
    ],
)  # fmt: skip
async def test_steering(desk, spoken, lines: str, expected: list[str]) -> None:
    d = desk(f"""
[default]
exten => s,1,NoOp()
 same => n,{lines}
 same => n(end),TestSay(end)
 same => n,TestHangup()
 same => n(local),TestSay(local ${{ARG1}})
 same => n,Return()
 same => n(popped),TestSay(popped)
 same => n,StackPop()
 same => n,Goto(end)
exten => other,1,TestSay(other)
[second]
exten => _1XX,1,TestSay(no)
 same => n(here),TestSay(second)
[sub]
exten => s,1,TestSay(sub ${{ARGC}} ${{ARG1}})
 same => n,Return(r)
[nested]
exten => s,1,Set(LOCAL(V)=outer)
 same => n,Gosub(inner,s,1(deep))
 same => n,TestSay(outer ${{ARGC}} ${{ARG1}} ${{ARG2}})
 same => n,TestSay(local ${{V}})
 same => n,Return()
[inner]
exten => s,1,Set(LOCAL(V)=inner)
 same => n,TestSay(inner ${{ARGC}} ${{ARG1}} ${{ARG2}}/${{ARG3}}/${{LOCAL_PEEK(9,NOSUCH)}})
 same => n,Return()
""")
    channel = await d.run()
    assert spoken == expected
    assert channel.ended


async def test_loops(desk, spoken) -> None:
    d = desk("""
[default]
exten => s,1,Set(I=0)
 same => n,While($[${I} < 5])
 same => n,Set(I=$[${I} + 1])
 same => n,ExecIf($[${I} = 4]?ExitWhile())
 same => n,Set(J=0)
 same => n,While($[${J} < 2])
 same => n,Set(J=$[${J} + 1])
 same => n,TestSay(${I}.${J})
 same => n,EndWhile()
 same => n,EndWhile()
 same => n,TestSay(after ${I})
 same => n,While(0)
 same => n,TestSay(never)
 same => n,EndWhile()
""")
    await d.run()
    assert spoken == ["1.1", "1.2", "2.1", "2.2", "3.1", "3.2", "after 4"]


async def test_continue_while(desk, spoken) -> None:
    d = desk("""
[default]
exten => s,1,Set(I=0)
 same => n,While($[${INC(I)} <= 5])
 same => n,ExecIf($[${I} = 2]?ContinueWhile())
 same => n,ExecIf($[${I} = 4]?ExitWhile())
 same => n,TestSay(${I})
 same => n,EndWhile()
 same => n,TestSay(after)
""")
    await d.run()
    assert spoken == ["1", "3", "after"]


@pytest.mark.parametrize(
    "line",
    [
        "NoSuch()",
        "Goto(nolabel)",
        "Goto()",
        "Gosub(nowhere,s,1)",
        "Return()",
        "ExecIf(1?NoSuch())",
        "EndWhile()",
        "Log(LOUD,x)",
        "Verbose()",
    ],
)
async def test_what_cannot_be_done_goes_to_e_or_ends_the_call(desk, spoken, caplog, line: str) -> None:
    lines = f"[default]\nexten => s,1,{line}\n same => n,TestSay(on)\nexten => h,1,TestSay(h)\n"
    channel = await desk(lines).run()
    assert spoken == ["h"]
    assert channel.ended
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert caplog.records[0].getMessage().startswith("extensions.conf:2: Test/6001-0: ")
    spoken.clear()
    await desk(lines + "exten => e,1,TestSay(${EXCEPTION(reason)} ${EXCEPTION(exten)})\n").run()
    assert spoken == ["ERROR s", "h"]


async def test_an_exception_of_the_dialplan_s_own(desk, spoken) -> None:
    lines = (
        "[default]\nexten => s,1,RaiseException(too late)\n same => n,TestSay(on)\nexten => h,1,TestSay(h)\n"
    )
    assert (await desk(lines).run()).ended
    assert spoken == ["h"]
    spoken.clear()
    says = "${EXCEPTION(reason)} ${EXCEPTION(exten)} ${EXCEPTION(priority)}"
    await desk(lines + f"exten => e,1,TestSay({says})\n").run()
    assert spoken == ["too late s 1", "h"]


async def test_a_global_variable_is_forgotten(desk, spoken) -> None:
    await desk(
        "[default]\nexten => s,1,Set(GLOBAL(A)=1)\n same => n,TestSay(${A} ${GLOBAL_EXISTS(A)})\n"
        " same => n,Set(GLOBAL_DELETE(A)=)\n same => n,TestSay(${A}. ${GLOBAL_EXISTS(A)})\n"
        " same => n,Set(GLOBAL_DELETE(A)=)\n"
    ).run()
    assert spoken == ["1 1", ". 0"]


async def test_subroutines_that_never_return_end_the_call(desk, spoken) -> None:
    channel = await desk("[default]\nexten => s,1,Gosub(s,1)\nexten => h,1,TestSay(h)\n").run()
    assert channel.ended
    assert spoken == ["h"]


@pytest.mark.parametrize("line", ["Set(x)", "Set(NOSUCH(x)=1)", "Set(LEN(x)=1)", "MSet(x,NOSUCH(y)=1)"])
async def test_what_cannot_be_set_is_told_and_the_call_goes_on(desk, spoken, caplog, line: str) -> None:
    await desk(f"[default]\nexten => s,1,{line}\n same => n,TestSay(on)\n").run()
    assert spoken == ["on"]
    assert "extensions.conf:2: Test/6001-0" in caplog.text


async def test_gotoif_without_a_place_takes_no_branch(desk, spoken, caplog) -> None:
    await desk(
        "[default]\nexten => s,1,GotoIf(1)\n same => n,TryExec(GotoIf(x))\n same => n,TestSay(${TRYSTATUS})\n"
    ).run()
    assert spoken == ["SUCCESS"]
    assert "not taking any branch" in caplog.text
