"""Hangup causes, by Asterisk's own tables (chan_pjsip, Q.850 names of Hangup())."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.pbx.causes import Cause, cause_by_name, cause_of_status, cause_text, status_of_cause

TO_SIP = {
    1: 404, 2: 404, 3: 404, 17: 486, 18: 408, 19: 480, 20: 480, 21: 403, 22: 410, 23: 302, 27: 502, 28: 484,
    29: 501, 31: 480, 34: 503, 38: 500, 42: 503, 58: 488, 66: 503, 127: 500,
}  # fmt: skip
TO_CAUSE = {
    200: 16, 302: 23, 400: 127, 401: 21, 403: 21, 404: 1, 405: 127, 407: 21, 408: 18, 409: 41, 410: 22,
    411: 127, 413: 127, 414: 127, 415: 127, 420: 3, 480: 19, 481: 127, 482: 127, 483: 19, 484: 28, 485: 1,
    486: 17, 487: 127, 488: 58, 491: 127, 493: 127, 499: 127, 500: 38, 501: 29, 502: 27, 503: 34, 504: 102,
    505: 127, 580: 34, 600: 17, 603: 21, 604: 1, 606: 58, 607: 127,
}  # fmt: skip


@pytest.mark.parametrize("cause", range(128))
def test_the_status_of_a_cause(cause: int) -> None:
    assert status_of_cause(cause) == TO_SIP.get(cause, 603)


@pytest.mark.parametrize("status", TO_CAUSE)
def test_the_cause_of_a_status(status: int) -> None:
    assert cause_of_status(status) == TO_CAUSE[status]


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("17", 17),
        (" 17 ", 17),
        ("USER_BUSY", 17),
        ("user_busy", 17),
        ("AST_CAUSE_USER_BUSY", 17),
        ("BUSY", 17),
        ("CONGESTION", 34),
        ("NORMAL", 16),
        ("UNREGISTERED", 20),
        ("0", 0),
        ("15", 15),  # no name in Q.850, and a number all the same
        ("128", None),
        ("-1", None),
        ("²", None),
        ("9" * 5000, None),
        ("", None),
        ("NONSENSE", None),
    ],
)
def test_causes_by_name(name: str, cause: int | None) -> None:
    assert cause_by_name(name) == cause


@given(st.text(max_size=30))
def test_no_text_is_too_strange_for_a_cause(text: str) -> None:
    found = cause_by_name(text)
    assert found is None or 0 <= found <= 127


def test_every_cause_has_words() -> None:
    assert all(cause_text(cause) != "Unknown" for cause in Cause if cause)
    assert cause_text(17) == "User busy"
    assert cause_text(77) == "Unknown"
