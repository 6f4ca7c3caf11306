from __future__ import annotations

import time
from pathlib import Path

import pytest

import offhook.apps.control
import offhook.functions  # noqa: F401 - both declare what the dialplan calls
from offhook.config.errors import Problems, Severity
from offhook.dialplan.lint import lint
from offhook.dialplan.reader import read_dialplan_text


def found(text: str) -> list[str]:
    problems = Problems()
    dialplan = read_dialplan_text(text, file="x.conf", problems=problems)
    lint(dialplan, problems)
    return [str(problem).removeprefix("x.conf:") for problem in problems]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("GotoIff(1?x)", "2: there is no application GotoIff (did you mean GotoIf?)"),
        ("Queue(x)", "2: not supported yet: the application Queue"),
        ("NoOp(${CALERID(num)})", "2: there is no function CALERID (did you mean CALLERID?)"),
        ("NoOp($[${LENN(a)} + 1])", "2: there is no function LENN (did you mean LEN?)"),
        ("NoOp(${X:${LENN(a)}})", "2: there is no function LENN (did you mean LEN?)"),
        ("NoOp(${AGENT(1)})", "2: not supported yet: the function AGENT"),
        ("NoOp(${CUT(a)})", "2: CUT: it needs argument 3 (fields)"),
        ("Set(CALERID(num)=1)", "2: there is no function CALERID (did you mean CALLERID?)"),
        ("Set(LEN(a)=1)", "2: LEN cannot be written"),
        ("NoOp(${ARRAY(a)})", "2: ARRAY cannot be read"),
        ("Log(NOTICE)", "2: Log: it needs argument 2 (message)"),
        ("EndWhile(x)", "2: EndWhile: it takes no arguments"),
        ("Goto(nowhere,s,1)", "2: Goto: there is no context nowhere (did you mean other?)"),
        ("Goto(othr,s,1)", "2: Goto: there is no context othr (did you mean other?)"),
        ("Goto(7,1)", "2: Goto: there is no extension 7@a"),
        ("Goto(other,8,1)", "2: Goto: there is no extension 8@other"),
        ("Goto(other,9,lable)", "2: Goto: there is no label 'lable' in 9 (did you mean label?)"),
        ("Goto(other,9,5)", "2: Goto: 9 has no priority 5"),
        ("Goto(labl)", "2: Goto: there is no label 'labl' in 1"),
        ("GotoIf($[${X} ? 1 :: 0]?nolabel)", "2: GotoIf: there is no label 'nolabel' in 1"),
        ('GotoIf($["${X}" = "a"]?other,9,label:nolabel)', "2: GotoIf: there is no label 'nolabel' in 1"),
        ("GosubIf(1?nowhere,s,1(a:b))", "2: GosubIf: there is no context nowhere (did you mean other?)"),
        ("Gosub(other,9,nolabel(x))", "2: Gosub: there is no label 'nolabel' in 9 (did you mean label?)"),
        ("Goto,other", "2: arguments belong in parentheses: Goto(other)"),
        ("ExecIf(${X}?Goto(nowhere,s,1))", "2: ExecIf: there is no context nowhere (did you mean other?)"),
        ("ExecIf(${X}?NoOp(a):Gosub(other,8,1))", "2: ExecIf: there is no extension 8@other"),
        ("Exec(GotoIf(1?nolabel))", "2: Exec: there is no label 'nolabel' in 1"),
        ("Set(CHANNEL(hangup_handler_push)=other,8,1)", "2: Set: there is no extension 8@other"),
        ("Log(NOTICE${X})", "2: Log: it needs argument 2 (message)"),
    ],
)
def test_mistakes(line: str, expected: str) -> None:
    assert found(f"[a]\nexten => 1,1,{line}\n[other]\nexten => 9,1(label),NoOp()\n") == [expected]


@pytest.mark.parametrize(
    "line",
    [
        "Goto(other,9,label)",
        "Goto(other,9,1)",
        "Goto(other,912,1)",
        "Goto(${X})",
        "Goto(${X},s,1)",
        "Goto(other,${EXTEN},1)",
        "Goto(other,9,${X})",
        "GotoIf(${X}?${Y}:2)",
        "Gosub(other,9,label(a,b))",
        "Set(${X}=1)",
        "Set(HASH(a,${b})=1)",
        "Set(GLOBAL(x)=1)",
        "NoOp(${${X}(1)})",
        'NoOp($["${X}" : "[0-9]+"])',
        "Goto(included,1)",
    ],
)
def test_what_is_right_or_cannot_be_known(line: str) -> None:
    text = (
        f"[a]\ninclude => inc\nexten => 1,1,{line}\n same => n,NoOp()\n"
        "[other]\nexten => 9,1(label),NoOp()\nexten => _9XX,1,NoOp()\n[inc]\nexten => included,1,NoOp()\n"
    )
    assert [one for one in found(text) if "nothing leads" not in one] == []


def test_an_included_context_may_jump_to_what_includes_it() -> None:
    assert found("[a]\ninclude => b\nexten => 5,1,NoOp()\n[b]\nexten => 6,1,Goto(5,1)\n") == []


def test_includes_of_nothing() -> None:
    assert found("[a]\ninclude => b\ninclude => a\ninclude => ab\n[abc]\nexten => 1,1,NoOp()\n") == [
        "2: warning: [a] includes [b], which does not exist",
        "3: warning: [a] includes itself",
        "4: warning: [a] includes [ab], which does not exist (did you mean abc?)",
    ]
    assert found("[a]\ninclude => b\n[b]\n") == ["2: warning: [a] includes [b], in which there is nothing"]


def test_priorities_that_nothing_reaches() -> None:
    assert found("""[a]
exten => 1,1,Goto(5)
exten => 1,2,NoOp()
exten => 1,5,NoOp()
exten => 1,7,NoOp()
exten => 1,9(label),Goto(2,3)
exten => 2,1,Goto(1,label)
exten => 2,2,NoOp()
exten => 2,3,NoOp()
exten => _X,16,NoOp()
exten => _3X,1,NoOp()
exten => _3X,3,NoOp()
exten => 31,2,NoOp()
""") == [
        "3: warning: nothing leads to this priority: Goto() comes before it",
        "5: warning: 1 has priority 7 but no 6: nothing leads here",
        "8: warning: nothing leads to this priority: Goto() comes before it",
        "10: warning: _X has priority 16 but no 15: nothing leads here",
    ]


def test_severities() -> None:
    problems = Problems()
    lint(read_dialplan_text("[a]\nexten => 1,1,Nop()\nexten => 2,1,Queue(x)\n", problems=problems), problems)
    assert [one.severity for one in problems] == [Severity.ERROR, Severity.UNSUPPORTED]


def test_a_large_dialplan_is_checked_in_reasonable_time() -> None:
    lines = "\n".join(
        f"exten => {number},1,NoOp(${{EXTEN}})\n same => n,GotoIf(1?end)\n same => n(end),Goto(a,{number},1)"
        for number in range(5000)
    )
    begun = time.process_time()
    assert found(f"[a]\n{lines}\n") == []
    assert time.process_time() - begun < 5


def test_options_that_do_nothing_yet_are_told_once() -> None:
    import offhook.apps.dial
    import offhook.apps.page  # noqa: F401 - they declare what is called here

    text = (
        "[a]\nexten => 1,1,Dial(PJSIP/x,20,kKg)\nexten => 2,1,Dial(PJSIP/${EXTEN},20,kC)\n"
        "exten => 3,1,Dial(PJSIP/x,,${OPTIONS})\nexten => 4,1,Page(PJSIP/x,n)\n"
        "exten => 5,1,Dial(PJSIP/x,,gr)\n"
    )
    assert found(text) == [
        "2: not supported yet: Dial: option k (The called party may park the call by DTMF)",
        "2: not supported yet: Dial: option K (The caller may park the call by DTMF)",
        "3: not supported yet: Dial: option C (Begin the CDR anew)",
        "5: not supported yet: Page: option n (The caller does not hear it)",
    ]


def test_options_beside_variables() -> None:
    import offhook.apps.dial
    import offhook.apps.menus  # noqa: F401 - they declare what is called here

    text = (
        "[a]\nexten => 1,1,Dial(PJSIP/${EXTEN},20,gÜ)\nexten => 2,1,Dial(PJSIP/${EXTEN},20,${X}g)\n"
        "exten => 3,1,Dial(${ALL})\nexten => 4,1,Read(x,a${Y},4,q)\n"
        "exten => 5,1,Dial(PJSIP/${EXTEN},20,b(nowhere^s^1))\n"
        "exten => 6,1,Dial(PJSIP/x,20,b(a^1^1(x))U(sub^${X}))\n[sub]\nexten => s,1,NoOp()\n"
    )
    problems = found(text)
    assert [one.partition(" (there are")[0] for one in problems] == [
        "2: Dial: there is no option 'Ü'",
        "5: Read: there is no option 'q'",
        "6: Dial: there is no context nowhere",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exten => 1,1,Goto(1)\n", ["2: Goto(1) leads to itself"]),
        ("exten => 1,1(top),NoOp()\n same => n,Set(X=1)\n same => n,Goto(top)\n",
         ["4: Goto(top) leads back to x.conf:2"]),
        ("exten => 1,1,Goto(b,5,1)\n[b]\nexten => _X,1,NoOp()\n same => n,Goto(a,1,1)\n",
         ["5: Goto(a,1,1) leads back to x.conf:2"]),
        ("exten => 1,1,NoOp()\nexten => 1,2,Goto(2,1)\nexten => 2,1,Goto(1,1)\n",
         ["4: Goto(1,1) leads back to x.conf:2"]),
        ("exten => 1,1,Wait(1)\n same => n,Goto(1)\n", []),
        ("exten => 1,1,GotoIf(${X}?3)\n same => n,Goto(1)\n same => n,NoOp()\n", []),
        ("exten => 1,1,Goto(${X},1)\n", []),
        ("exten => 1,1,Goto(3)\n same => 3,NoOp()\n", []),
        ("exten => 1,1,NoOp()\n same => n,Hangup()\n same => n,Goto(1)\n", []),
    ],
)  # fmt: skip
def test_loops_that_never_end(text: str, expected: list[str]) -> None:
    loops = [one for one in found(f"[a]\n{text}") if "this loop" in one]
    assert [one.replace("warning: this loop never ends and never waits: ", "") for one in loops] == expected


def test_prompts_that_do_not_exist() -> None:
    import offhook.apps.playback  # noqa: F401 - it declares what is called here
    from offhook.dialplan.lint_prompts import check_prompts

    text = (
        "[a]\nexten => 1,1,Playback(here&gone&${X}&also-${X}&http://x/y.wav,skip)\n"
        "exten => 2,1,Playback(gone)\nexten => 3,1,NoOp(gone2)\nexten => 4,1,BackGround(here)\n"
    )
    problems = Problems()
    check_prompts(read_dialplan_text(text, file="x.conf"), problems, lambda name: name == "here")
    assert [str(one) for one in problems] == ["x.conf:2: warning: Playback: there is no prompt gone"]


def test_other_languages_are_checked_like_this_one(tmp_path: Path) -> None:
    from offhook.dialplan.load import load_dialplan

    (tmp_path / "extensions.ael").write_text(
        "context a {\n 1 => {\n  NoOpp();\n  x=${LENN(a)};\n  goto nowhere|s|1;\n }\n}\n"
    )
    problems = Problems()
    dialplan = load_dialplan(tmp_path, problems)
    assert dialplan is not None
    lint(dialplan, problems)
    assert [str(one).rpartition("/")[2] for one in problems] == [
        "extensions.ael:3: there is no application NoOpp (did you mean NoOp?)",
        "extensions.ael:4: there is no function LENN (did you mean LEN?)",
        "extensions.ael:5: Goto: there is no context nowhere",
    ]
