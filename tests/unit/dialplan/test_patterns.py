from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.dialplan.errors import PatternError
from offhook.dialplan.patterns import Index, Pattern, compile_pattern, normalize


@dataclass
class Ext:
    name: str

    def __post_init__(self) -> None:
        self.pattern: Pattern | None = compile_pattern(self.name) if self.name.startswith("_") else None


def index(*names: str) -> Index[Ext]:
    return Index([Ext(name) for name in names])


def found(names: str, number: str) -> str | None:
    result = index(*names.split()).find(normalize(number))
    return result.name if result else None


@pytest.mark.parametrize(
    ("names", "number", "expected"),
    [
        ("100", "100", "100"),
        ("100", "1000", None),
        ("_X", "0", "_X"),
        ("_X", "9", "_X"),
        ("_X", "a", None),
        ("_x", "5", "_x"),
        ("_Z", "0", None),
        ("_Z", "1", "_Z"),
        ("_N", "1", None),
        ("_N", "2", "_N"),
        ("_[13-5]", "4", "_[13-5]"),
        ("_[13-5]", "2", None),
        ("_[a-c]x", "b1", "_[a-c]x"),
        (r"_[\-1]", "1", r"_[\-1]"),
        ("_5.", "5", None),
        ("_5.", "51", "_5."),
        ("_5.", "51234", "_5."),
        ("_5!", "5", "_5!"),
        ("_5!", "512", "_5!"),
        ("_+49X.", "+4930", "_+49X."),
        ("_X.", "h", None),
        ("_.", "h", "_."),
        # dashes mean nothing
        ("555-1234", "5551234", "555-1234"),
        ("5551234", "555-1234", "5551234"),
        ("_XXX-XXXX", "5551234", "_XXX-XXXX"),
        # literal before pattern, then the fewer possible characters, from the left
        ("_1XX 100", "100", "100"),
        ("_XXX _1XX _NXX", "123", "_1XX"),
        ("_XXX _NXX", "234", "_NXX"),
        ("_XXX _ZXX _NXX", "123", "_ZXX"),
        ("_1XX _XX0", "110", "_1XX"),
        ("_[12]XX _[1-3]XX", "123", "_[12]XX"),
        ("_X. _XX _X!", "12", "_XX"),
        ("_X. _X!", "12", "_X."),
        ("_X! _X.", "1", "_X!"),
        ("_1! _1", "1", "_1!"),
        # of two sets of one size the one with the lowest character of its own
        ("_[34] _[24]", "4", "_[24]"),
        # the better start that leads nowhere is left for the next
        ("_12X5 _1XX6", "1236", "_1XX6"),
        ("_6XXX _60XX _600X 6001", "6002", "_600X"),
        # a pattern is reached by its own text
        ("_X. 5", "_X.", "_X."),
        ("_NXXNXXXXXX _1NXXNXXXXXX", "12125551234", "_1NXXNXXXXXX"),
    ],
)
def test_best_match(names: str, number: str, expected: str | None) -> None:
    assert found(names, number) == expected


@pytest.mark.parametrize(
    ("names", "digits", "can", "more"),
    [
        ("100", "", True, True),
        ("100", "1", True, True),
        ("100", "100", True, False),
        ("100", "2", False, False),
        ("100", "1000", False, False),
        ("100 1000", "100", True, True),
        ("_XXX", "12", True, True),
        ("_XXX", "123", True, False),
        ("_X.", "1", True, True),
        ("_X.", "12", True, True),  # more digits still match
        ("_X!", "1", True, False),  # settled
        ("_X!", "", True, True),
        ("_1! _12X", "1", True, True),  # something more specific may come
        ("_1! _12X", "12", True, True),
        ("_1! _12X", "13", True, False),
        ("5 _5XX", "5", True, True),
        ("s h i", "1", False, False),
    ],
)
def test_overlap_dialling(names: str, digits: str, can: bool, more: bool) -> None:
    found = index(*names.split())
    assert found.can_match(digits, lambda one: True) is can
    assert found.match_more(digits, lambda one: True) is more


@pytest.mark.parametrize("text", ["_", "_[12", "_[5-1]", "_1]", "_[1\\", "_" + "X" * 300])
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(text)


def test_an_extension_that_is_not_accepted_leaves_it_to_the_next() -> None:
    both = index("100", "_1XX", "_XXX")
    assert [one.name for one in both.matches("100")] == ["100", "_1XX", "_XXX"]
    assert both.find("100", lambda one: one.name != "100").name == "_1XX"


# ---------------------------------------------------------------- against a slow and simple matcher


def slow_order(name: str) -> tuple:
    """Asterisk's order, written down as it is documented."""
    places = []
    rest = name[1:]
    while rest:
        char, rest = rest[0], rest[1:]
        if char == "-":
            continue
        if char == "[":
            chars, _, rest = rest.partition("]")
            members = set()
            while chars:
                if len(chars) > 2 and chars[1] == "-":
                    members |= {chr(code) for code in range(ord(chars[0]), ord(chars[2]) + 1)}
                    chars = chars[3:]
                else:
                    members.add(chars[0])
                    chars = chars[1:]
        elif char == "X":
            members = set("0123456789")
        elif char == "Z":
            members = set("123456789")
        elif char == "N":
            members = set("23456789")
        elif char in ".!":
            places.append((1000 if char == "." else 2000, ""))
            break
        else:
            members = {char}
        bitmap = "".join("0" if chr(code) in members else "1" for code in range(128))
        places.append((len(members), min(members), bitmap))
    else:
        places.append((3000, ""))
    return tuple(places)


def slow_matches(name: str, number: str) -> bool:
    import re

    if not name.startswith("_"):
        return name == number
    body = name[1:].replace("X", "[0-9]").replace("Z", "[1-9]").replace("N", "[2-9]").replace("*", "[*]")
    body = body.replace(".", "(?:@+)").replace("!", "(?:@*)").replace("@", "[0-9*#a-z]")
    return re.fullmatch(body, number) is not None


element = st.sampled_from(["X", "Z", "N", "0", "1", "2", "5", "*", "[12]", "[2-5]", "[15]", "[0-9]"])
patterns = st.builds(
    lambda parts, tail: "_" + "".join(parts) + tail,
    st.lists(element, min_size=1, max_size=4),
    st.sampled_from(["", "", "", ".", "!"]),
)
literals = st.text("0125*", min_size=1, max_size=4)
numbers = st.text("0125*", min_size=0, max_size=6)


@given(st.lists(st.one_of(patterns, literals), max_size=12, unique=True), numbers)
def test_agrees_with_a_slow_matcher(names: list[str], number: str) -> None:
    matching = [name for name in names if slow_matches(name, number)]
    literal = [name for name in matching if not name.startswith("_")]
    ordered = literal + sorted((name for name in matching if name.startswith("_")), key=slow_order)
    result = index(*names).find(number)
    assert (result.name if result else None) in (
        {name for name in ordered if not literal and slow_order(name) == slow_order(ordered[0])} or literal
        if ordered
        else {None}
    )
    assert sorted(one.name for one in index(*names).matches(number)) == sorted(matching)


@given(st.lists(st.one_of(patterns.filter(lambda name: "!" not in name), literals), max_size=10), numbers)
def test_overlap_agrees_with_trying_what_could_follow(names: list[str], digits: str) -> None:
    one = index(*names)
    # Patterns here have at most five places: four more characters decide.
    could = ["", *(a for a in "0125*"), *(a + b for a in "0125*" for b in "0125*")]
    could += [a + b for a in could[-25:] for b in ("0", "1", "2", "5", "*", "00", "15", "22", "5*", "**")]
    completions = [tail for tail in could if any(slow_matches(name, digits + tail) for name in names)]
    if completions:
        assert one.can_match(digits, lambda ext: True)
        if any(completions):
            assert one.match_more(digits, lambda ext: True)
    if one.match_more(digits, lambda ext: True):
        assert one.can_match(digits, lambda ext: True)


@given(st.text("_XZN[]-!.\\0159abc", max_size=12))
def test_any_text_is_a_pattern_or_an_error(text: str) -> None:
    try:
        pattern = compile_pattern("_" + text)
    except PatternError:
        return
    pattern.matches("123")
    assert pattern.order == pattern.order
