"""AEL: what it compiles to, what it does, and what is told of its mistakes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.config.errors import Problems
from offhook.dialplan.ael.compiler import _regex, read_ael_text
from offhook.dialplan.ere import compile_ere
from offhook.dialplan.errors import PatternError
from offhook.dialplan.model import Context, Dialplan
from offhook.dialplan.patterns import compile_pattern
from offhook.dialplan.runner import Runner
from unit.dialplan.conftest import NOW, Desk


def compile_ael(text: str, folder: Path = Path()) -> tuple[Dialplan, list[str]]:
    contexts: dict[str, Context] = {}
    variables: dict[str, str] = {}
    problems = Problems()
    read_ael_text(text, contexts, variables, problems, file="x.ael", config_dir=folder)
    dialplan = Dialplan(contexts, global_variables=variables, clock=lambda: NOW)
    return dialplan, [str(problem).removeprefix("x.ael:") for problem in problems]


async def run(text: str, exten: str = "1", context: str = "a") -> None:
    dialplan, problems = compile_ael(text)
    assert problems == []
    d = Desk("[default]\n", loop=asyncio.get_running_loop())
    d.runner = Runner(dialplan)
    d.pbx.dialplan = d.runner
    await d.run(exten, context)


def lines(text: str, exten: str = "1", context: str = "a") -> list[str]:
    dialplan, problems = compile_ael(text)
    assert problems == []
    extension = dialplan.contexts[context].extensions[exten, None]
    return [f"{step.application}({step.arguments})" for _, step in sorted(extension.steps.items())]


def test_what_it_compiles_to() -> None:
    assert lines("context a { 1 => Dial(SIP/100, 20, t); }") == ["Dial(SIP/100, 20, t)"]
    assert lines("context a { 1 => { x=${y}+1; local z=2; CALLERID(num)=5; } }") == [
        "Set(x=$[${y}+1])", "Set(LOCAL(z)=$[2])", "Set(CALLERID(num)=$[5])",
    ]  # fmt: skip
    assert lines("context a { 1 => { if (${x}=1) TestSay(a); else { TestSay(b); } TestSay(c); } }") == [
        "GotoIf($[${x}=1]?2:4)", "TestSay(a)", "Goto(5)", "TestSay(b)", "TestSay(c)",
    ]  # fmt: skip
    assert lines("context a { 1 => { if (${x}=1) { TestSay(a); } } }") == [
        "GotoIf($[${x}=1]?2:3)", "TestSay(a)", "NoOp(End of Extension 1)",
    ]  # fmt: skip
    assert lines("context a { 1 => { goto b|2|l; jump 5@c; jump 6; goto x; x: NoOp; } }") == [
        "Goto(b,2,l)", "Goto(c,5,1)", "Goto(6,1)", "Goto(x)", "NoOp()",
    ]  # fmt: skip
    assert lines("context a { 1 => goto x|${HASH(a,b)}|1; }") == ["Goto(x,${HASH(a,b)},1)"]
    assert lines("context a { 1 => {}; }") == ["NoOp(End of Extension 1)"]
    assert lines("context a { 1 => { ifTime(9:00-17:00|mon-fri|*|*) NoOp(); random(25) NoOp(); } }") == [
        "GotoIfTime(9:00-17:00,mon-fri,*,*?2:3)", "NoOp()",
        "GotoIf($[${RAND(1,100)} <= (25)]?4:5)", "NoOp()", "NoOp(End of Extension 1)",
    ]  # fmt: skip
    assert lines("macro m(a,b) { NoOp(${a}); return; } context a { 1 => &m(1,2); }", "~~s~~", "m") == [
        "Set(LOCAL(a)=${ARG1})", "Set(LOCAL(b)=${ARG2})", "NoOp(${a})", "Return()",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("for (i=0; ${i} < 3; i=${i}+1) { TestSay(${i}); }", ["0", "1", "2"]),
        ("for (i=0; ${i} < 9; i=${i}+1) { if (${i}=1) continue; if (${i}=3) break; TestSay(${i}); }",
         ["0", "2"]),
        ("i=3; while (${i} > 0) { i=${i}-1; if (${i}=1) { continue; } TestSay(${i}); }", ["2", "0"]),
        ("while (1) { TestSay(in); break; } TestSay(out);", ["in", "out"]),
        ("x=2; switch (${x}) { case 1: TestSay(1); break; case 2: TestSay(2); case 3: TestSay(3); break; "
         "default: TestSay(d); } TestSay(end);", ["2", "3", "end"]),
        ("x=9; switch (${x}) { case 1: TestSay(1); break; default: TestSay(d); } TestSay(end);",
         ["d", "end"]),
        ("x=9; switch (${x}) { case 1: TestSay(1); } TestSay(end);", ["end"]),
        ("x=1234; switch (${x}) { pattern _X.: TestSay(any); break; pattern 12XX: TestSay(12); break; "
         "case 1235: TestSay(no); break; }", ["12"]),
        ("x=4711; switch (${x}) { pattern 4[5-9]!: TestSay(yes); break; default: TestSay(no); }", ["yes"]),
        ("switch (${LEN(abc)}) { case 3: TestSay(three ${EXTEN}); }", ["three 1"]),
        ("for (i=0; ${i} < 2; i=${i}+1) { switch (${i}) { case 0: continue; default: break; } "
         "TestSay(${i}); }",
         ["1"]),
        ("if (0) TestSay(a); else if (1) TestSay(b); else TestSay(c);", ["b"]),
        ("if (1) { if (0) TestSay(a); } else TestSay(b); TestSay(c);", ["c"]),
        ("goto two; one: TestSay(one); goto end; two: TestSay(two); goto one; end: TestSay(end);",
         ["two", "one", "end"]),
        ("TestSay(a); return; TestSay(b);", ["a"]),
        ('TestSay("a;b // no comment", c); // a comment\n /* another; */ TestSay(d);',
         ['"a;b // no comment", c', "d"]),
        ("TestSay(one\n   two);", ["onetwo"]),
        ("TestSay(a;b=c;d); TestSay({EXTEN});", ["a;b=c;d", "{EXTEN}"]),
        ('x=2; switch ("${x}") { case "2": TestSay(two); break; default: TestSay(other); };', ["two"]),
        ('switch ("${TOUPPER(sip)}") { case "SIP": TestSay(sip); break; };', ["sip"]),
        ("&greet(bob,5); TestSay(${who}.);", ["bob 5", "."]),
        ("&rec(3);", ["3", "2", "1", "0"]),
        ("x=5; &early(${x}); &early(1);", ["big", "small"]),
        ("ifTime(*|thu|1|jan) TestSay(new year); else TestSay(other day);", ["new year"]),
        ("jump 2;", ["two", "caught h"]),
        ("random(100) TestSay(always); random(0) TestSay(never);", ["always"]),
        ("${NAME}=7; TestSay(${DYN});", ["7"]),
        ("TestSay(${G});", ["glob al"]),
    ],
)  # fmt: skip
async def test_what_it_does(spoken: list[str], body: str, expected: list[str]) -> None:
    text = f"""
    globals {{ G=glob al; NAME=DYN; }}
    macro greet(who, times) {{ TestSay(${{who}} ${{times}}); }}
    macro rec(n) {{ TestSay(${{n}}); if (${{n}} > 0) {{ &rec($[${{n}}-1]); }} }}
    macro early(n) {{ if (${{n}} > 3) {{ TestSay(big); return; }} TestSay(small); }}
    context a {{
        1 => {{ {body} }}
        2 => {{ TestSay(two); catch h {{ TestSay(caught ${{EXTEN}}); }} }}
    }}
    """
    await run(text)
    assert [one for one in spoken if one != "caught h" or "caught h" in expected] == expected


def test_contexts() -> None:
    dialplan, problems = compile_ael("""
    // everything that a context can hold
    abstract context shared { _9[2-9]XX/6001 => NoOp(); }
    context a {
        includes { shared; day|9:00-17:00|mon-fri|*|*; night,*,sat-sun,*,*; }
        switches { Loopback/@b; }
        eswitches { Loopback/${X}@b; }
        ignorepat => 9;
        ignorepat => "_8X";
        hint(SIP/1&SIP/2) 100 => NoOp();
        regexten 200 => { NoOp(); };
        regexten hint(SIP/3) 300 => NoOp();
    }
    extend context a { 400 => NoOp(); }
    context day {} context night {} context b {}
    """)
    assert problems == []
    a = dialplan.contexts["a"]
    assert [include.text for include in a.includes] == [
        "shared", "day,9:00-17:00,mon-fri,*,*", "night,*,sat-sun,*,*",
    ]  # fmt: skip
    assert [(one.kind, one.name, one.data) for one in a.switches] == [
        ("switch", "Loopback", "@b"), ("eswitch", "Loopback", "${X}@b"),
    ]  # fmt: skip
    assert a.ignore == ["9", "_8X"]
    assert dialplan.hint("a", "100") == "SIP/1&SIP/2"
    assert dialplan.hint("a", "300") == "SIP/3"
    assert set(a.extensions) == {("100", None), ("200", None), ("300", None), ("400", None)}
    assert ("_9[2-9]XX", "6001") in dialplan.contexts["shared"].extensions
    assert a.registrar == "pbx_ael"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("contxt a { }", ["1: 'contxt' is none of context, macro, globals (did you mean context?)"]),
        ("context a {\n 1 => NoOp()\n 2 => NoOp();\n}", ["3: ';' is missing after NoOp(...)"]),
        ("context a {\n 1 => { NoOp(;\n }\n 2 => NoOp();\n}",
         ["2: NoOp does not end: ) is missing", ]),
        ("context a {\n 1 => { NoOp();", ["2: a '{' is never closed", ]),
        ("context a {\n 1 => { break; }\n}", ["2: break outside of a loop or switch"]),
        ("context a { 1 => { &nomac(1); } }\nmacro nomacro() {}",
         ["1: there is no macro nomac (did you mean nomacro?)"]),
        ("context a { 1 => { &m(1); } } macro m(a,b) {}",
         ["1: warning: macro m takes 2 arguments, here are 1"]),
        ("context a { 1 => NoOp(); 1 => NoOp(); }",
         ["1: extension 1 of a is already defined at x.ael:1"]),
        ("context a { }\ncontext a { }",
         ["2: warning: context a is already defined at x.ael:1: 'extend context' adds to it"]),
        ("context a { 1 => { x=$[1+]; } }",
         ["1: Set: unexpected end of the expression, where a value should stand"]),
        ("context a { 1 => { if (${X} { NoOp(); } } }", ["1: if does not end: ) is missing"]),
        ("context a { 1 => { switch (1) { NoOp(); } } }",
         ["1: a switch begins with case, pattern or default"]),
        ("context a { 1 => { switch (1) { case 1: NoOp(); case 1: NoOp(); } } }",
         ["1: case 1 is there twice"]),
        ("context a { _[1 => NoOp(); }", None),
        ("context a { includes { b|25:00-26:00; } }",
         ["1: includes b: '25:00' is not a time of day (hh:mm)"]),
        ("context a { 1 => { else NoOp(); } }", ["1: else without an if"]),
        ("context a { switches { DUNDi/x; } }", ["1: not supported yet: switch DUNDi/x"]),
        ('#include "none.ael"\ncontext a { }', ["1: cannot read none.ael: No such file or directory"]),
        ("macro m() {}\nmacro m() {}", ["2: macro m is already defined at x.ael:1"]),
        ("context a { 1 => { case 1: NoOp(); } }", ["1: case outside of a switch"]),
        ("}", ["1: '}' is none of context, macro, globals"]),
        ("context a { x=5; }", None),
    ],
)  # fmt: skip
def test_mistakes(text: str, expected: list[str] | None) -> None:
    _, problems = compile_ael(text)
    if expected is None:
        assert problems
        assert all(problem.startswith("1: ") for problem in problems)
    else:
        assert problems[: len(expected)] == expected


def test_what_is_right_stays_after_a_mistake() -> None:
    text = "context a {\n 1 => { NoOp(a); x y z; NoOp(b); }\n 2 => Dial(x;\n 3 => NoOp();\n}\n"
    dialplan, problems = compile_ael(text + "context b { 4 => NoOp(); }")
    assert problems
    steps = dialplan.contexts["a"].extensions["1", None].steps
    assert [steps[number].arguments for number in (1, 2)] == ["a", "b"]
    assert ("4", None) in dialplan.contexts["b"].extensions


def test_includes_of_files(tmp_path: Path) -> None:
    (tmp_path / "more.ael").write_text("context more {\n  1 => { NoOp(; }\n}\n")
    (tmp_path / "self.ael").write_text(f'#include "{tmp_path}/self.ael"\n')
    (tmp_path / "d1.ael").write_text("context d1 { }\n")
    (tmp_path / "d2.ael").write_text("context d2 { }\n")
    dialplan, problems = compile_ael(
        '#include "more.ael"\n#include "d*.ael"\n#include <self.ael>\n/*\n#include "no"\n*/\n'
        "context a { 1 => x y; }",
        tmp_path,
    )
    assert set(dialplan.contexts) == {"more", "d1", "d2", "a"}
    assert [problem.replace(str(tmp_path), "") for problem in problems] == [
        "/self.ael:1: /self.ael includes itself",
        "/more.ael:2: NoOp does not end: ) is missing",
        "7: 'x y' is no statement",
    ]


def test_nothing_makes_it_crash_or_hang() -> None:
    text = (
        "context a { includes { b; } 1/2 => { if (1) { &m(${X}); } else { switch (1) { case 1: x=1; } } } }"
    )
    for end in range(len(text)):
        compile_ael(text[:end])
        compile_ael(text[:end] + text[end + 1 :])
    compile_ael("context a { 1 => " + "{" * 5000)
    compile_ael("context a { 1 => " + "if (1) " * 5000)
    compile_ael("&" * 1000 + "{(" * 1000)


_elements = st.sampled_from(
    ["X", "Z", "N", "1", "5", "*", "#", "a", "[1-3]", "[^5]", "[a-c9]", "[*#]", "[]x-]"]
)
_pattern_texts = st.lists(_elements, min_size=1, max_size=5).flatmap(
    lambda parts: st.sampled_from(["", ".", "!"]).map(lambda tail: "".join(parts) + tail)
)


@given(_pattern_texts, st.text("0123456789*#abc^x", max_size=7))
def test_a_pattern_in_a_switch_matches_what_it_matches_in_a_context(text: str, number: str) -> None:
    try:
        pattern = compile_pattern("_" + text)
    except PatternError:
        return
    found = compile_ere(_regex(text)).search(number) is not None
    assert found == pattern.matches(number)
