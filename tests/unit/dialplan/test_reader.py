from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.config.errors import ConfigError, Problems, Severity
from offhook.dialplan.reader import read_dialplan, read_dialplan_text


def read(text: str):
    problems = Problems()
    return read_dialplan_text(text, problems=problems), [str(problem) for problem in problems]


def steps(dialplan, context: str, name: str, caller: str | None = None) -> list[tuple[int, str, str, str]]:
    extension = dialplan.contexts[context].extensions[name, caller]
    return [
        (number, step.label, step.application, step.arguments)
        for number, step in sorted(extension.steps.items())
    ]


def test_priorities_and_labels() -> None:
    dialplan, problems = read("""
[a]
exten => 100,1,Answer
exten => 100,n(first),NoOp( x , y )
 same => n+2,NoOp(a(b)c)
 same => s(again)+1,NoOp()
 same => first+8,NoOp(eight)
 same => 20(late),NoOp
exten = _2XX,1,NoOp(with = sign)
same = n,Hangup()
""")
    assert problems == []
    assert steps(dialplan, "a", "100") == [
        (1, "", "Answer", ""),
        (2, "first", "NoOp", " x , y "),
        (5, "", "NoOp", "a(b)c"),
        (6, "again", "NoOp", ""),
        (10, "", "NoOp", "eight"),
        (20, "late", "NoOp", ""),
    ]
    assert steps(dialplan, "a", "_2XX") == [(1, "", "NoOp", "with = sign"), (2, "", "Hangup", "")]
    assert dialplan.find_label("a", "100", "again") == 6


def test_settings_globals_and_their_use_at_load() -> None:
    dialplan, problems = read("""
[general]
static=yes
autofallthrough=no
clearglobalvars=yes
[globals]
A = one
B=${A}-two
N=$[40 + 2]
P=${B:0:3}
[ctx]
exten => ${N},1,NoOp(${EXTEN})
include => ctx-${A}
[ctx-one]
exten => s,1,NoOp
""")
    assert problems == []
    assert not dialplan.settings.autofallthrough
    assert dialplan.settings.clear_globals
    assert dialplan.global_variables == {"A": "one", "B": "one-two", "N": "42", "P": "one"}
    assert dialplan.find("ctx", "42") is not None
    assert dialplan.find("ctx", "s") is not None


def test_contexts_are_merged_and_templates_work() -> None:
    dialplan, problems = read("""
[base](!)
exten => h,1,NoOp(bye)
[a](base)
exten => 1,1,NoOp
[a]
exten => 2,1,NoOp
[a](+)
exten => 3,1,NoOp
""")
    assert problems == []
    assert [name for name, _ in dialplan.contexts["a"].extensions] == ["h", "1", "3", "2"]
    assert list(dialplan.contexts) == ["a"]


def test_hints_ignore_patterns_callers() -> None:
    dialplan, problems = read("""
[a]
exten => 100,hint,PJSIP/100&PJSIP/101,Alice
exten => 100,1,NoOp(all)
exten => 100/555-1212,1,NoOp(one)
exten => 100/_77X,1,NoOp(some)
exten => 100/,1,NoOp(nobody)
exten => _1XX,hint,Custom:x
ignorepat => 9
""")
    assert problems == []

    def reached(caller: str) -> str:
        return dialplan.find("a", "100", 1, caller).arguments

    assert dialplan.hint("a", "100") == "PJSIP/100&PJSIP/101,Alice"
    assert dialplan.hint("a", "101") == "Custom:x"
    assert dialplan.find("a", "101") is None
    assert dialplan.ignores("a", "9")
    assert not dialplan.ignores("a", "8")
    assert [reached(caller) for caller in ("1", "5551212", "771", "")] == ["all", "one", "some", "nobody"]


def test_includes_in_order_and_only_at_their_time() -> None:
    text = """
[a]
include => night,22:00-6:00,*,*,*,UTC
include => day,6:01-21:59,mon-sun,1-31,jan-dec,UTC
include => rest
exten => _1XX,1,NoOp(own)
[night]
exten => 5,1,NoOp(night)
[day]
exten => 5,1,NoOp(day)
exten => 100,1,NoOp(not reached)
[rest]
include => a
exten => 5,1,NoOp(rest)
exten => 6,1,NoOp(rest)
"""
    midnight = read_dialplan_text(text, clock=lambda: 1_767_225_600.0)
    noon = read_dialplan_text(text, clock=lambda: 1_767_268_800.0)
    assert midnight.find("a", "5").arguments == "night"
    assert noon.find("a", "5").arguments == "day"
    assert noon.find("a", "6").arguments == "rest"
    assert noon.find("a", "100").arguments == "own"
    assert noon.find("rest", "6").arguments == "rest"
    assert noon.find("nosuch", "6") is None


def test_a_priority_that_the_best_match_lacks_is_the_next_best_s() -> None:
    dialplan, _ = read("""
[a]
include => b
exten => 100,1,NoOp(literal 1)
exten => 100,3,NoOp(literal 3)
exten => _1XX,1,NoOp(pattern 1)
exten => _1XX,2(lab),NoOp(pattern 2)
exten => _1XX,3,NoOp(pattern 3)
[b]
exten => 100,4,NoOp(included 4)
""")
    found = [dialplan.find("a", "100", number).arguments for number in (1, 2, 3, 4)]
    assert found == ["literal 1", "pattern 2", "literal 3", "included 4"]
    assert dialplan.find("a", "100", 5) is None
    assert dialplan.find_label("a", "100", "lab") == 2


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("exten => 1", "x.conf:3: exten => name,priority,application(arguments) is needed"),
        ("exten => 1,1", "x.conf:3: the application is missing: priority,application(arguments)"),
        ("exten => 1,1,", "x.conf:3: there is no application"),
        ("exten => 1,x,NoOp", "x.conf:3: 'x' is no priority and no label of 1"),
        ("exten => 1,0,NoOp", "x.conf:3: 0 is not a priority: they begin with 1"),
        ("exten => 1,same,NoOp", "x.conf:3: 'same': there is no priority before it"),
        (
            "exten => _[1,1,NoOp",
            "x.conf:3: exten => name,priority,application(arguments) is needed; is a [ never closed?",
        ),
        ("exten => _[5-1],1,NoOp", "x.conf:3: _[5-1]: the range 5-1 is the wrong way round"),
        ("same => n,NoOp", "x.conf:3: same => without an extension before it"),
        ("exten => 1,1,NoOp(${X)", "x.conf:3: NoOp: '${X' has no closing '}'"),
        (
            "exten => 1,1,NoOp($[1 + ])",
            "x.conf:3: NoOp: unexpected end of the expression, where a value should stand",
        ),
        ("xten => 1,1,NoOp", "x.conf:3: there is no 'xten' in a context (did you mean exten?)"),
        ("include => b,25:00-3:00", "x.conf:3: include => b: '25:00' is not a time of day (hh:mm)"),
        ("include => b,*,monday-foo", "x.conf:3: include => b: 'foo' is not a weekday"),
        ("include =>", "x.conf:3: include names no context"),
        ("switch => DUNDi/x", "x.conf:3: not supported yet: switch => DUNDi/x"),
        ("exten => 1,1,NoOp(x", "x.conf:3: warning: NoOp(: the closing parenthesis is missing"),
        ("exten => 1,1,NoOp(x) y", "x.conf:3: warning: text after the ')' is ignored: y"),
        (
            "exten => _.,1,NoOp",
            "x.conf:3: warning: _. matches everything, h, i and t too; _X. is mostly what is meant",
        ),
        ("exten => _X.5,1,NoOp", "x.conf:3: warning: _X.5: what follows the . is never looked at"),
        ("exten => ${LEN(x)},1,NoOp", "x.conf:3: LEN() cannot be used here: there is no channel yet"),
    ],
)
def test_mistakes_have_file_and_line(line: str, expected: str) -> None:
    problems = Problems()
    dialplan = read_dialplan_text(
        f"[a]\n\n{line}\nexten => 2,1,NoOp(still there)\n", file="x.conf", problems=problems
    )
    assert expected in [str(problem) for problem in problems]
    assert len(list(problems)) <= 2
    assert dialplan.find("a", "2") is not None


def test_what_is_there_already_stays() -> None:
    dialplan, problems = read("""
[a]
exten => 1,1(x),NoOp(first)
exten => 1,1,NoOp(second)
exten => 1,n(x),NoOp(third)
""")
    assert dialplan.find("a", "1").arguments == "first"
    assert dialplan.find_label("a", "1", "x") == 1
    assert [problem.split(": ")[1] for problem in problems] == ["warning", "warning"]


def test_without_a_list_the_first_mistake_is_raised() -> None:
    with pytest.raises(ConfigError, match=r"extensions.conf:2"):
        read_dialplan_text("[a]\nexten => 1\n")


def test_included_files_keep_their_name_and_line(tmp_path: Path) -> None:
    (tmp_path / "extensions.conf").write_text('[a]\n#include "more.conf"\n#tryinclude "none.conf"\n')
    (tmp_path / "more.conf").write_text("; a comment\nexten => 1,1,NoOp(a\\;b) ; comment\nexten => 2\n")
    problems = Problems()
    dialplan = read_dialplan(tmp_path / "extensions.conf", problems=problems)
    step = dialplan.find("a", "1")
    assert step.arguments == "a;b"
    assert (Path(step.where.file).name, step.where.line) == ("more.conf", 2)
    assert [(Path(one.file).name, one.line, one.severity) for one in problems] == [
        ("more.conf", 3, Severity.ERROR)
    ]


def test_an_n_goes_on_from_the_line_before_as_in_asterisk() -> None:
    dialplan, _ = read("[a]\nexten => 1,5,NoOp\nexten => 2,n,NoOp\nexten => 3,hint,X/1\n same => n,NoOp\n")
    assert list(dialplan.contexts["a"].extensions["2", None].steps) == [6]
    assert list(dialplan.contexts["a"].extensions["3", None].steps) == [7]


words = st.sampled_from(
    [
        "exten",
        "same",
        "include",
        "=>",
        "=",
        " ",
        "\n",
        "[",
        "]",
        "a",
        "general",
        "globals",
        ",",
        "1",
        "n",
        "hint",
        "(",
        ")",
        "${",
        "}",
        "$[",
        "_X.",
        "_[1-3]",
        "/",
        "+",
        "NoOp",
        "Set(X=1)",
        ";",
        "\\",
        "#include",
        "!",
        "\x00",
        "é",
        "s",
        "*",
    ]
)


@given(st.lists(words, max_size=60))
def test_any_text_is_read_with_its_mistakes_collected(parts: list[str]) -> None:
    problems = Problems()
    text = "[a]\nexten => " + "".join(parts)
    try:
        dialplan = read_dialplan_text(text, problems=problems)
    except ConfigError:
        return
    dialplan.find("a", "1")
    dialplan.match_more("a", "1")
    dialplan.hint("a", "1")


@given(
    st.lists(
        st.sampled_from(
            ["9", "10", ":", "00", "-", "*", ",", "mon", "fri", "&", "jan", "1", "31", "|", "UTC", " "]
        ),
        max_size=14,
    )
)
def test_any_time_condition_is_one_or_an_error(parts: list[str]) -> None:
    from offhook.dialplan.errors import TimingError
    from offhook.dialplan.timing import parse_time_condition

    with suppress(TimingError):
        parse_time_condition("".join(parts)).holds(1_767_225_600.0)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("*,*,*,*,UTC", True),
        ("0:00-0:00,*,*,*,UTC", True),
        ("00:01-23:59,*,*,*,UTC", False),
        ("22:00-6:00,*,*,*,UTC", True),
        ("*,thu,*,*,UTC", True),
        ("*,wed-fri,*,*,UTC", True),
        ("*,fri-wed,*,*,UTC", False),
        ("*,mon&thu,*,*,UTC", True),
        ("*,*,1,*,UTC", True),
        ("*,*,30-2,*,UTC", True),
        ("*,*,*,dec-jan,UTC", True),
        ("*,*,*,feb,UTC", False),
        ("*|thu|1|jan|UTC", True),
        ("1:00,*,*,*,Europe/Berlin", True),
    ],
)
def test_time_conditions(condition: str, expected: bool) -> None:
    from offhook.dialplan.timing import parse_time_condition

    assert parse_time_condition(condition).holds(1_767_225_600.0) is expected
