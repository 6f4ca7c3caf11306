"""Values: what each type accepts and what it says of the rest."""

from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.config import values
from offhook.config.codecs import ALL_CODECS, Codec, allow, disallow
from offhook.config.known import same_value
from offhook.config.values import Address, CallerId, InvalidValueError, UnsupportedValueError, Variable


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


colour = values.choice(Colour, aliases={"crimson": Colour.RED}, later=("green",))


@pytest.mark.parametrize(
    ("parse", "text", "expected"),
    [
        *[(values.boolean, word, True) for word in ("yes", "TRUE", "y", "t", "1", "On")],
        *[(values.boolean, word, False) for word in ("no", "False", "n", "f", "0", "off")],
        (values.integer(), "0", 0),
        (values.integer(-1, 5), "-1", -1),
        (values.integer(), "007", 7),
        (values.number(), "3.5", 3.5),
        (colour, "RED", Colour.RED),
        (colour, "crimson", Colour.RED),
        (values.words, "a, b,,c ", ("a", "b", "c")),
        (values.words, "", ()),
        (values.words_of(("a", "b"), aliases={"x": "b"}), "A,x,b", ("a", "b")),
        (values.address, "0.0.0.0", Address("0.0.0.0", 0)),
        (values.address, "pbx.example.org:5061", Address("pbx.example.org", 5061)),
        (values.address, "[2001:db8::1]:5060", Address("2001:db8::1", 5060)),
        (values.address, "[::]", Address("::", 0)),
        (values.address, "::1", Address("::1", 0)),
        (values.callerid, '"Jo Do" <100>', CallerId("Jo Do", "100")),
        (values.callerid, "Jo <+49 30>", CallerId("Jo", "+49 30")),
        (values.callerid, "<100>", CallerId("", "100")),
        (values.callerid, "100", CallerId("", "100")),
        (values.callerid, "+49-30(1)", CallerId("", "+49-30(1)")),
        (values.callerid, "Anna", CallerId("Anna", "")),
        (values.callerid, r'"a \"b\"" <1>', CallerId('a "b"', "1")),
        (values.variable, "A=b=c", Variable("A", "b=c")),
        (values.variable, "CHANNEL(language) = de", Variable("CHANNEL(language)", "de")),
        (values.tos, "ef", 0xB8),
        (values.tos, "cs3", 0x60),
        (values.tos, "AF41", 0x88),
        (values.tos, "0x18", 24),
        (values.tos, "184", 184),
        (values.tos, "false", 0),
    ],
)
def test_good_values(parse: Callable[[str], object], text: str, expected: object) -> None:
    result = parse(text)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("parse", "text", "suggestion"),
    [
        (values.boolean, "yess", "yes"),
        (values.boolean, "", ""),
        (values.integer(), "-1", ""),
        (values.integer(), "1.5", ""),
        (values.integer(), "", ""),
        (values.integer(), "٣", ""),
        (values.integer(), "9" * 5000, ""),
        (values.integer(1, 5), "6", ""),
        (values.number(), "nan", ""),
        (values.number(), "1e400", ""),
        (colour, "bleu", "blue"),
        (values.words_of(("user", "ip")), "usr", "user"),
        (values.address, "a:b", ""),
        (values.address, ":5060", ""),
        (values.address, "a:70000", ""),
        (values.address, "[1.2.3.4]:5", ""),
        (values.address, "[::1", ""),
        (values.address, "1:2:3", ""),
        (values.network, "1.2.3", ""),
        (values.network, "1.2.3.4/33", ""),
        (values.network, "::/255.0.0.0", ""),
        (values.rules(permit=True), "", ""),
        (values.variable, "=x", ""),
        (values.variable, "x", ""),
        (values.tos, "lowdely", "lowdelay"),
        (values.tos, "256", ""),
        (lambda text: allow((), text), "ulav", "ulaw"),
        (lambda text: allow((), text), "ulaw:x", ""),
    ],
)
def test_wrong_values(parse: Callable[[str], object], text: str, suggestion: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        parse(text)
    assert caught.value.suggestion == suggestion
    assert len(caught.value.what) < 200


def test_a_value_that_does_not_work_yet_is_told_from_a_mistake() -> None:
    with pytest.raises(UnsupportedValueError, match="green"):
        colour("green")


PARSERS = (
    values.boolean,
    values.integer(),
    values.number(),
    colour,
    values.words,
    values.address,
    values.network,
    values.callerid,
    values.rules(permit=False),
    values.variable,
    values.tos,
    lambda text: allow((), text),
)


@given(st.sampled_from(PARSERS), st.text(max_size=30) | st.text('0123456789.:/[]!,<>"x-', max_size=30))
def test_no_value_does_anything_else(parse: Callable[[str], object], text: str) -> None:
    with suppress(InvalidValueError):
        parse(text)


def codecs(*lines: str) -> str:
    current: tuple[Codec, ...] = ()
    for line in lines:
        key, _, value = line.partition("=")
        current = (allow if key == "allow" else disallow)(current, value)
    return " ".join(f"{codec.name}:{codec.ptime}" if codec.ptime else codec.name for codec in current)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["disallow=all", "allow=ulaw", "allow=alaw"], "ulaw alaw"),
        (["allow=!all,ulaw,alaw"], "ulaw alaw"),
        (["allow=ulaw, G722"], "ulaw g722"),
        (["allow=ulaw:30,alaw"], "ulaw:30 alaw"),
        (["allow=ulaw,alaw,ulaw"], "ulaw alaw"),
        (["allow=ulaw,alaw", "disallow=ulaw"], "alaw"),
        (["allow=ulaw,alaw,!ulaw"], "alaw"),
        (["disallow=!ulaw"], "ulaw"),
        (["allow=all", "disallow=all"], ""),
        ([], ""),
    ],
)
def test_codec_lists(lines: list[str], expected: str) -> None:
    assert codecs(*lines) == expected


def test_all_is_every_codec_that_there_is() -> None:
    assert codecs("allow=all") == " ".join(ALL_CODECS)
    assert ALL_CODECS[:2] == ["opus", "g722"]


@pytest.mark.parametrize(
    ("lines", "host", "expected"),
    [
        ([], "1.2.3.4", True),
        (["deny=0.0.0.0/0"], "1.2.3.4", False),
        (["deny=0.0.0.0/0"], "::1", True),
        (["deny=all"], "::1", False),
        (["deny=0.0.0.0/0.0.0.0", "permit=10.0.0.0/255.0.0.0"], "10.9.8.7", True),
        (["permit=10.0.0.0/8", "deny=0.0.0.0/0"], "10.9.8.7", False),
        (["deny=all", "permit=10.0.0.0/8,!10.1.0.0/16"], "10.1.2.3", False),
        (["deny=all", "permit=10.0.0.0/8,!10.1.0.0/16"], "10.2.2.3", True),
        (["deny=all", "permit=2001:db8::/32"], "2001:db8::7", True),
        (["deny=all", "permit=10.0.0.1"], "::ffff:10.0.0.1", True),
        (["deny=all", "permit=10.0.0.1"], "::ffff:10.0.0.2", False),
        (["deny=all", "permit=fe80::/10"], "fe80::1%eth0", True),
        (["permit=all"], "not an address", False),
    ],
)
def test_access_lists(lines: list[str], host: str, expected: bool) -> None:
    rules: tuple[values.Rule, ...] = ()
    for line in lines:
        key, _, value = line.partition("=")
        rules += values.rules(permit=key == "permit")(value)
    assert values.permits(rules, host) is expected


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("yes", "1", True),
        ("Ulaw", "ulaw", True),
        ("username, ip", "username,ip", True),
        ("3", "3.0", True),
        ("no", "yes", False),
        ("a", "b", False),
        ("", "no", False),
    ],
)
def test_same_value(left: str, right: str, same: bool) -> None:
    assert same_value(left, right) is same
