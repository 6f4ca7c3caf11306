from __future__ import annotations

import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offhook.dialplan.errors import DialplanError, ExpressionError, TemplateError
from offhook.dialplan.templates import compile_template, truth

PLAN = """
[globals]
OFFICE=Berlin
TRUNK=PJSIP/${OFFICE}-trunk
HALF=${OFFICE:0:3}
SUM=$[2 * 21]
[default]
exten => 6001,hint,PJSIP/6001,Alice
exten => 6001,1,NoOp()
"""


@pytest.fixture
def call(desk):
    call = desk(PLAN).call()
    call.channel.exten = "6001"
    call.channel.priority = 3
    for name, value in {
        "X": "5",
        "NAME": "X",
        "TEXT": "abcdefgh",
        "EMPTY": "",
        "PART": "TEXT:2:3",
        "FUNC": "LEN(abcd)",
        "ARRAY_1": "one",
        "BRACES": "${X}",
        "PAREN": "a)b",
    }.items():
        call.set_variable(name, value)
    return call


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("$5 for {you}", "$5 for {you}"),
        ("${X}", "5"),
        ("a${X}b${X}c", "a5b5c"),
        ("${NOSUCH}", ""),
        ("${EMPTY}", ""),
        ("${}", ""),
        ("${OFFICE}", "Berlin"),
        ("${TRUNK}", "PJSIP/Berlin-trunk"),
        ("${HALF}", "Ber"),
        ("${SUM}", "42"),
        # parts
        ("${TEXT:1}", "bcdefgh"),
        ("${TEXT:0:3}", "abc"),
        ("${TEXT:2:3}", "cde"),
        ("${TEXT:-3}", "fgh"),
        ("${TEXT:-3:2}", "fg"),
        ("${TEXT:-20}", "abcdefgh"),
        ("${TEXT:20}", ""),
        ("${TEXT:1:-2}", "bcdef"),
        ("${TEXT:0:0}", ""),
        ("${TEXT:5:-5}", ""),
        ("${TEXT:}", "abcdefgh"),
        ("${TEXT:${X}}", "fgh"),
        ("${TEXT:${X}:1}", "f"),
        ("${TEXT:$[1 + 1]:$[${X} - 4]}", "c"),
        # nested names
        ("${${NAME}}", "5"),
        ("${ARRAY_${EMPTY}1}", "one"),
        ("${${PART}}", "cde"),
        ("${${FUNC}}", "4"),
        ("${${EMPTY}}", ""),
        # what comes out of a variable is not looked at again
        ("${BRACES}", "${X}"),
        ("${EVAL(${BRACES})}", "5"),
        # computed
        ("${EXTEN}@${CONTEXT}:${PRIORITY}", "6001@default:3"),
        ("${EXTEN:1}", "001"),
        ("${CALLERID(num)}", "6001"),
        ("${EPOCH}", "1767225600"),
        ("${ASTETCDIR}", "/etc/asterisk"),
        ("${HINT}", "PJSIP/6001"),
        ("${HINTNAME}", "Alice"),
        ("${HANGUPCAUSE}", "0"),
        # functions
        ("${LEN(abc)}", "3"),
        ("${LEN(${TEXT})}", "8"),
        ("${LEN(a(b)c)}", "5"),
        ("${LEN(${PAREN})}", "3"),
        ("${LEN()}", "0"),
        ("${TOUPPER(${TEXT}):1:2}", "BC"),
        ("${IF($[${X} > 3]?yes:no)}", "yes"),
        ("${CUT(CALLERID(name),i,1)}", "Al"),
        # expressions
        ("$[1 + 1]", "2"),
        ("$[${X} + 1]x", "6x"),
        ("$[${X} + $[2 * 2]]", "9"),
        ('$["${X}" = "5"]', "1"),
        ('$["6001" : "[0-9]+"]', "4"),
        ("$[${LEN(${TEXT})} > 3]", "1"),
        ("$[]", ""),
    ],
)
def test_table(call, text: str, expected: str) -> None:
    assert call.evaluate(text) == expected


@pytest.mark.parametrize("text", ["${X", "a $[1 + 1", "${X${Y}", "${LEN(${X)}", "${" * 100])
def test_what_never_ends(text: str) -> None:
    with pytest.raises(TemplateError):
        compile_template(text)


def test_constant_expressions_are_checked_when_they_are_compiled() -> None:
    with pytest.raises(ExpressionError):
        compile_template("$[1 + ]")


@pytest.mark.parametrize("text", ["${NOSUCH(1)}", "${CUT(a)}", "${ARRAY(a)}", "${REGEX(x)}", "${MATH(a+b)}"])
def test_a_function_that_fails_is_empty_and_one_log_line(call, caplog, text: str) -> None:
    with caplog.at_level(logging.WARNING):
        assert call.evaluate(f"a{text}b") == "ab"
    assert len(caplog.records) == 1


def test_computed_variables_cannot_be_set(call) -> None:
    call.set_variable("EXTEN", "other")
    assert call.evaluate("${EXTEN}") == "6001"


def test_channel_variables_hide_global_ones(call) -> None:
    call.set_variable("OFFICE", "Bonn")
    assert call.evaluate("${OFFICE} ${GLOBAL(OFFICE)}") == "Bonn Berlin"


def test_inheritance(call) -> None:
    for name in ("PLAIN", "_ONCE", "__ALWAYS"):
        call.set_variable(name, "v")
    assert call.evaluate("${ONCE}${ALWAYS}") == "vv"
    other = call.channel.__class__(call.channel.pbx, "Test/other", outgoing=True)
    other.inherit_from(call.channel)
    assert sorted(name for name in other.variables if name in ("PLAIN", "ONCE", "ALWAYS")) == [
        "ALWAYS",
        "ONCE",
    ]
    third = call.channel.__class__(call.channel.pbx, "Test/third", outgoing=True)
    third.inherit_from(other)
    assert [name for name in third.variables if name in ("PLAIN", "ONCE", "ALWAYS")] == ["ALWAYS"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("", False),
        ("0", False),
        ("1", True),
        ("00", False),
        (" 0", False),
        ("-1", True),
        ("+0", False),
        ("abc", True),
        ("0abc", False),
        ("1abc", True),
        ('""', True),
        ("0.5", False),
    ],
)
def test_truth(condition: str, expected: bool) -> None:
    assert truth(condition) is expected


pieces = st.sampled_from(
    [
        "${",
        "$[",
        "}",
        "]",
        "(",
        ")",
        ":",
        "X",
        "TEXT",
        "LEN",
        "CUT",
        "IF",
        "?",
        "1",
        "-2",
        ",",
        '"',
        "+",
        "=",
        " ",
        "$",
        "CALLERID",
        "EVAL",
        "\\",
        "\x00",
        "é",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(parts=st.lists(pieces, max_size=20))
def test_any_text_evaluates_or_is_an_error(call, parts: list[str]) -> None:
    logging.disable(logging.CRITICAL)
    try:
        call.evaluate("".join(parts))
    except DialplanError:
        pass
    finally:
        logging.disable(logging.NOTSET)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(max_size=20), offset=st.integers(-25, 25), length=st.integers(-25, 25))
def test_parts_of_any_text(call, value: str, offset: int, length: int) -> None:
    call.variables["V"] = value
    start = offset if offset >= 0 else max(0, len(value) + offset)
    expected = value[start:]
    expected = expected[:length] if length >= 0 else expected[: max(0, len(expected) + length)]
    assert call.evaluate(f"${{V:{offset}:{length}}}") == expected
