from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.dialplan.arguments import join_arguments, split_arguments, split_options
from offhook.dialplan.declare import Documentation, Options, Raw, flag, option, separated
from offhook.dialplan.errors import ArgumentError
from offhook.dialplan.signature import Signature


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a", ["a"]),
        ("a,b", ["a", "b"]),
        ("a,", ["a", ""]),
        (",", ["", ""]),
        (" a , b ", [" a ", " b "]),
        ("f(a,b),c", ["f(a,b)", "c"]),
        ('"a,b",c', ["a,b", "c"]),
        ("a\\,b,c", ["a,b", "c"]),
        ("[a,b],c", ["[a,b]", "c"]),
        ("a),b", ["a)", "b"]),
        ("a\\", ["a\\"]),
    ],
)
def test_arguments(text: str, expected: list[str]) -> None:
    assert split_arguments(text) == expected


def test_the_last_of_so_many_arguments_takes_the_rest_as_it_stands() -> None:
    assert split_arguments('a,"b",c,"d"', limit=3) == ["a", "b", 'c,"d"']
    assert split_arguments('"a",b', limit=1) == ['"a",b']


@given(st.lists(st.text('ab,()[]"\\ ', min_size=1, max_size=5), min_size=1, max_size=4))
def test_joined_arguments_come_apart_again(arguments: list[str]) -> None:
    assert split_arguments(join_arguments(arguments)) == arguments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tT", [("t", None), ("T", None)]),
        ("m(class)r", [("m", "class"), ("r", None)]),
        ("U(sub^a(b)^c)g", [("U", "sub^a(b)^c"), ("g", None)]),
        ("A()", [("A", "")]),
        ('A("x)y")', [("A", "x)y")]),
        ("L(1:2:3)", [("L", "1:2:3")]),
    ],
)
def test_options(text: str, expected: list[tuple[str, str | None]]) -> None:
    assert split_options(text) == expected


@dataclass(frozen=True, slots=True)
class Letters(Options):
    go_on: bool = flag("g", "Go on.")
    music: str | None = option("m", "Music.")
    limit: tuple[str, ...] | None = option("L", "Limit.", required=True, separator=":")
    seconds: float | None = option("S", "Seconds.", required=True)
    count: int | None = option("n", "Count.")


@dataclass(frozen=True, slots=True)
class Words(Options):
    skip: bool = flag("skip", "Skip.")
    noanswer: bool = flag("noanswer", "Do not answer.")


NONE = Letters()


def app(
    call: object,
    names: Annotated[list[str], separated("&")],
    timeout: float | None = None,
    options: Letters = NONE,
    url: str = "",
) -> None:
    """Call somebody.

    At length.

    Args:
        names: who,
            and who else.
        timeout: seconds.

    Sets:
        STATUS: how it went.
    """


def bind(text: str) -> tuple[tuple[object, ...], list[str]]:
    complaints: list[str] = []
    return Signature.of(app, 1).bind(text, complaints), complaints


def test_bind() -> None:
    assert bind("a") == ((["a"], None, NONE, ""), [])
    assert bind("a&b, 20 ,gm(x)L(1:2)S(1.5),http://x") == (
        (["a", "b"], 20.0, Letters(go_on=True, music="x", limit=("1", "2"), seconds=1.5), "http://x"),
        [],
    )
    assert bind("a,,m")[0][2] == Letters(music="")
    assert bind("a,,n")[0][2] == Letters(count=0)


def test_what_can_be_ignored_is_a_complaint() -> None:
    values, complaints = bind("a,soon,gz")
    assert values == (["a"], None, Letters(go_on=True), "")
    assert complaints == [
        "argument 2 (timeout): 'soon' is not a number",
        "there is no option 'z' (there are: g m L S n)",
    ]


@pytest.mark.parametrize("text", ["", ",20", " ", "a,,S", "a,,L", "a,,S(x)", "a,,m(x"])
def test_what_cannot_be_ignored_is_an_error(text: str) -> None:
    with pytest.raises(ArgumentError):
        bind(text)


def test_check_finds_too_many_arguments() -> None:
    def two(call: object, a: str, b: int = 0) -> None: ...

    assert Signature.of(two, 1).check("a,1,2") == [
        "argument 2 (b): '1,2' is not a whole number",
        "it takes at most 2 arguments, here are 3",
    ]
    assert Signature.of(two, 1).check("") == ["it needs argument 1 (a)"]
    assert Signature.of(two, 1).check("a,1") == []


def test_other_parameter_types() -> None:
    def several(call: object, *args: str) -> None: ...

    def raw(call: object, first: str, rest: Raw = "") -> None: ...

    def chosen(call: object, kind: Literal["left", "right"] = "left") -> None: ...

    def nothing(call: object) -> None: ...

    assert Signature.of(several, 1).bind('a,"b,c",d') == ("a", "b,c", "d")
    assert Signature.of(raw, 1).bind('a,"b",c') == ("a", '"b",c')
    assert Signature.of(chosen, 1).bind("RIGHT") == ("right",)
    assert Signature.of(chosen, 1).check("rihgt") == [
        "argument 1 (kind): 'rihgt' is none of left, right; did you mean right?"
    ]
    assert Signature.of(nothing, 1).check("x") == ["it takes no arguments"]


def test_words_as_options() -> None:
    assert Words.parse("skip,noanswer") == Words(skip=True, noanswer=True)
    assert Words.parse("NoAnswer") == Words(noanswer=True)


def test_usage_and_documentation() -> None:
    assert Signature.of(app, 1).usage() == "names&...[,timeout[,options[,url]]]"
    found = Documentation(app.__doc__)
    assert found.synopsis == "Call somebody."
    assert found.description == "At length."
    assert found.arguments == {"names": "who, and who else.", "timeout": "seconds."}
    assert found.variables == {"STATUS": "how it went."}


def test_a_type_that_text_cannot_be_is_refused() -> None:
    def wrong(call: object, a: dict[str, str]) -> None: ...

    with pytest.raises(TypeError):
        Signature.of(wrong, 1)


@given(st.text('ab,()[]"\\gmLSn:1 .', max_size=20))
def test_any_text_binds_or_is_an_error(text: str) -> None:
    with suppress(ArgumentError):
        bind(text)
