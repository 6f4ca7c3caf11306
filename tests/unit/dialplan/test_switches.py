"""`switch =>` and its kin: Loopback, and sources that others provide."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest

from offhook.config.errors import Problems
from offhook.dialplan.model import Extension, Step
from offhook.dialplan.reader import read_dialplan_text
from unit.dialplan.conftest import Desk

TARGET = """
[target]
exten => 100,1,TestSay(hundred ${EXTEN})
exten => _0049X.,1,TestSay(abroad ${EXTEN})
 same => n,TestSay(on)
exten => 7,1,TestSay(one)
exten => 7,2,TestSay(two)
exten => early,1,NoOp()
"""


@pytest.mark.parametrize(
    ("line", "number", "said"),
    [
        ("switch => Loopback/@target", "100", ["hundred 100"]),
        ("switch => Loopback/0049${EXTEN:1}@target", "0301", ["abroad 0301", "on"]),
        ("switch => Loopback/100@target/_X", "5", ["hundred 5"]),
        ("switch => Loopback/100@target/_4X", "41", ["hundred 41"]),
        ("switch => Loopback/100@target/_4X", "51", []),
        ("switch => Loopback/7@target:2/_X", "5", ["two"]),
        ("lswitch => Loopback/${WHERE}@target/_X", "5", ["hundred 5"]),
        ("eswitch => Loopback/${HERE}@target", "5", []),
        ("switch => Loopback/${EXTEN}@a", "5", []),
        ("switch => Loopback/1${EXTEN}@a", "5", []),  # for ever deeper: it ends
        ("include => b", "100", ["hundred 100"]),
    ],
)
async def test_loopback(
    desk: Callable[[str], Desk], spoken: list[str], line: str, number: str, said: list[str]
) -> None:
    d = desk(
        f"[globals]\nWHERE=100\n[a]\n{line}\nexten => 1,1,TestSay(own)\n"
        f"[b]\nswitch => Loopback/@target\n{TARGET}"
    )
    assert [str(problem) for problem in d.problems] == []
    await d.run(number, "a")
    assert spoken == said


async def test_own_extensions_come_first_then_the_switch_then_includes(
    desk: Callable[[str], Desk], spoken: list[str]
) -> None:
    d = desk(
        "[a]\nswitch => Loopback/@target\ninclude => c\nexten => 7,1,TestSay(own)\n"
        f"[c]\nexten => 100,1,TestSay(included)\nexten => 8,1,TestSay(included)\n{TARGET}"
    )
    for number in ("7", "100", "8"):
        await d.run(number, "a")
    # As in Asterisk, a priority that an extension lacks may be in the switch.
    assert spoken == ["own", "two", "hundred 100", "included"]


async def test_eswitch_knows_the_variables_of_the_call(
    desk: Callable[[str], Desk], spoken: list[str]
) -> None:
    lines = "eswitch => Loopback/${GO}@target/_XX\nexten => 1,1,Set(GO=100)\n same => n,Goto(55,1)\n"
    d = desk(f"[a]\n{lines}{TARGET}")
    await d.run("1", "a")
    assert spoken == ["hundred 55"]


async def test_override_switch_is_asked_first(desk: Callable[[str], Desk], spoken: list[str]) -> None:
    d = desk(f"[general]\noverrideswitch=Loopback/@target\n[a]\nexten => 100,1,TestSay(own)\n{TARGET}")
    await d.run("100", "a")
    assert spoken == ["hundred 100"]


def test_digits_of_a_switch() -> None:
    dialplan = read_dialplan_text(f"[a]\nswitch => Loopback/@target\n{TARGET}")
    assert dialplan.can_match("a", "0049")
    assert dialplan.match_more("a", "10")
    assert not dialplan.can_match("a", "5")
    assert not dialplan.match_more("a", "100")


class Numbers:
    """A source that has fetched numbers only."""

    def __init__(self) -> None:
        self.fetched: list[tuple[str, str, str]] = []
        self.known: dict[str, Extension] = {}

    def find(self, data: str, context: str, exten: str, caller: str) -> Extension | None:
        return self.known.get(exten)

    def can_match(self, data: str, context: str, digits: str) -> bool:
        return digits == "4"

    def match_more(self, data: str, context: str, digits: str) -> bool:
        return digits == "4"

    async def fetch(self, data: str, context: str, extens: Collection[str]) -> None:
        wanted = next(iter(extens))
        self.fetched.append((data, context, wanted))
        if wanted == "44":
            extension = Extension("44", None, "db", 0)
            extension.add(Step(1, "", "TestSay", "from afar ${EXTEN}", "db", 0))
            self.known["44"] = extension


async def test_a_source_is_asked_before_the_number_is_looked_for(
    desk: Callable[[str], Desk], spoken: list[str]
) -> None:
    d = desk("[a]\neswitch => Realtime/${FAMILY}@\nexten => 1,1,Set(FAMILY=x)\n same => n,Goto(44,1)\n")
    source = Numbers()
    d.runner.switches["realtime"] = source
    await d.run("1", "a")
    assert spoken == ["from afar 44"]
    assert ("x@", "a", "44") in source.fetched
    assert d.dialplan.can_match("a", "4")
    assert d.dialplan.match_more("a", "4")


def test_names_of_switches() -> None:
    problems = Problems()
    read_dialplan_text("[a]\nswitch => Lopback/@b\nswitch => DUNDi/e164\n", file="x.conf", problems=problems)
    assert [str(problem) for problem in problems] == [
        "x.conf:2: there is no switch 'Lopback' (did you mean Loopback?)",
        "x.conf:3: not supported yet: switch => DUNDi/e164",
    ]
