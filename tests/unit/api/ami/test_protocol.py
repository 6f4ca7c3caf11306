"""The manager protocol's wire format and event filters: any octets, any cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.api.ami.filters import FilterError, Filters, parse_filter
from offhook.api.ami.privileges import ALL, CLASSES, mask_of, read_mask, words_of
from offhook.api.ami.protocol import MAX_LINE, MAX_LINES, Message, MessageError, Reader, clean, field


def read(*pieces: bytes) -> list[Message | MessageError]:
    reader = Reader()
    return [found for piece in pieces for found in reader.receive(piece)]


def test_messages_end_at_an_empty_line_whatever_ends_lines() -> None:
    found = read(b"Action: Ping\r\nActionID: 1\r\n\r\naction:ping\nACTIONID:  2 \n\n\r\n\r\n")
    assert [(one.action, one.action_id) for one in found] == [("Ping", "1"), ("ping", "2")]


def test_headers_keep_their_order_and_are_found_in_any_case() -> None:
    (found,) = read(b"Action: Originate\nVariable: a=1\nvariable: b=2\n\n")
    assert found.all("VARIABLE") == ["a=1", "b=2"]
    assert found.get("variable") == "a=1"
    assert found.get("nothing", "x") == "x"


@given(st.lists(st.binary(max_size=60)))
def test_however_octets_are_cut_the_messages_are_the_same(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    as_text = [str(getattr(one, "headers", one)) for one in read(whole)]
    assert [str(getattr(one, "headers", one)) for one in read(*pieces)] == as_text


def test_a_line_too_long_and_too_many_lines_are_one_error_each() -> None:
    (found,) = read(b"Action: " + b"x" * (MAX_LINE + 1) + b"\r\nActionID: 7\r\n\r\n")
    assert isinstance(found, MessageError)
    assert found.action_id == "7"
    many, after = read(b"A: b\r\n" * (MAX_LINES + 1) + b"\r\nAction: Ping\r\n\r\n")
    assert isinstance(many, MessageError)
    assert isinstance(after, Message)


def test_a_line_without_an_end_takes_no_memory() -> None:
    reader = Reader()
    for _ in range(100):
        assert list(reader.receive(b"x" * 65536)) == []
    assert len(reader._buffer) <= MAX_LINE
    (found,) = reader.receive(b"\r\n\r\n")
    assert isinstance(found, MessageError)


@given(st.text())
def test_no_value_ends_its_line(value: str) -> None:
    line = field("Name", value)
    assert line.endswith("\r\n")
    assert "\r" not in line[:-2]
    assert "\n" not in line[:-2]


def test_escapes_are_those_of_c() -> None:
    assert clean("a\r\nb\tc") == "a\\r\\nb\\tc"
    assert clean("grüße") == "grüße"


def test_privileges() -> None:
    assert words_of(mask_of(["call"])) == "call,all"
    assert words_of(mask_of(["reporting", "system"])) == "system,reporting,all"
    assert words_of(0) == "<none>"
    assert mask_of(["all"]) == ALL
    assert read_mask("on") == ALL
    assert read_mask("off") == 0
    assert read_mask("call, dtmf") == CLASSES["call"] | CLASSES["dtmf"]
    assert read_mask("nonsense") is None


EVENT = "Event: Newchannel\r\nPrivilege: call,all\r\nChannel: Local/1@a-0;1\r\nUniqueid: 1.2\r\n\r\n"


@pytest.mark.parametrize(
    ("expression", "criteria", "passes"),
    [
        ("Event: Newchannel", None, True),
        ("Event: Hangup", None, False),
        ("!Channel: Local/", None, False),
        ("!Channel: SIP/", None, True),
        ("Channel: (Local|SIP)/[0-9]@", None, True),
        ("", "name(Newchannel)", True),
        ("", "name(Hangup)", False),
        ("", "action(exclude),name(Newchannel)", False),
        ("Local/", "header(Channel),method(starts_with)", True),
        ("Local/", "header(Uniqueid),method(starts_with)", False),
        (";1", "name(Newchannel), header(Channel), method(ends_with)", True),
        ("1.2", "header(Uniqueid),method(exact)", True),
        ("1@a", "method(contains)", True),
        ("x", "header(Nothing),method(contains)", False),
        ("^1", "header(Uniqueid),method(regex)", True),
    ],
)
def test_filters(expression: str, criteria: str | None, passes: bool) -> None:
    filters = Filters()
    filters.add(parse_filter(expression, criteria))
    assert filters.passes("Newchannel", EVENT) is passes


@pytest.mark.parametrize(
    ("expression", "criteria"),
    [
        ("", None),
        ("(", None),
        ("x", "name(A)"),
        ("", "method(regex)"),
        ("", "bogus(A)"),
        ("", "name(A)name(B)"),
        ("", "name(A),name(B)"),
        ("", "action(maybe),name(A)"),
        ("x", "method(like)"),
        ("", ""),
    ],
)
def test_filters_that_mean_nothing_are_refused(expression: str, criteria: str | None) -> None:
    with pytest.raises(FilterError):
        parse_filter(expression, criteria)
