"""Dates and times in words."""

from __future__ import annotations

from datetime import datetime

import pytest

from offhook.media.say_time import default_format, say_time

NOW = datetime(2026, 3, 12, 10, 0)  # a Thursday


def said(format: str, *when: int, language: str = "en") -> str:
    names = say_time(datetime(*when), format, language, NOW)
    return " ".join(name.removeprefix("digits/") for name in names)


@pytest.mark.parametrize(
    ("format", "when", "expected"),
    [
        ("A", (2026, 3, 15), "day-0"),
        ("a", (2026, 3, 12), "day-4"),
        ("B", (2026, 1, 1), "mon-0"),
        ("b", (2026, 12, 1), "mon-11"),
        ("m", (2026, 12, 1), "h-12"),
        ("d", (2026, 3, 1), "h-1"),
        ("d", (2026, 3, 20), "h-20"),
        ("e", (2026, 3, 21), "20 h-1"),
        ("d", (2026, 3, 30), "h-30"),
        ("d", (2026, 3, 31), "30 h-1"),
        ("Y", (2026, 1, 1), "2 thousand 20 6"),
        ("Y", (2000, 1, 1), "2 thousand"),
        ("Y", (1984, 1, 1), "19 80 4"),
        ("Y", (1901, 1, 1), "19 oh 1"),
        ("Y", (1900, 1, 1), "19 hundred"),
        ("IMp", (2026, 1, 1, 0, 0), "12 oclock a-m"),
        ("IMp", (2026, 1, 1, 12, 5), "12 oh 5 p-m"),
        ("lMP", (2026, 1, 1, 23, 59), "11 50 9 p-m"),
        ("HM", (2026, 1, 1, 9, 30), "oh 9 30"),
        ("kM", (2026, 1, 1, 9, 30), "9 30"),
        ("R", (2026, 1, 1, 14, 7), "14 oh 7"),
        ("T", (2026, 1, 1, 14, 7, 8), "14 oh 7 8"),
        ("F", (2026, 2, 3), "2 thousand 20 6 h-2 h-3"),
        ("Q", (2026, 3, 12, 8), "today"),
        ("Q", (2026, 3, 11, 23), "yesterday"),
        ("Q", (2026, 3, 13, 1), "tomorrow"),
        ("Q", (2026, 3, 9), "day-1 mon-2 h-9 2 thousand 20 6"),
        ("q", (2026, 3, 12, 8), ""),
        ("q", (2026, 3, 11, 23), "yesterday"),
        ("q", (2026, 3, 9), "day-1"),
        ("q", (2026, 3, 1), "day-0 mon-2 h-1 2 thousand 20 6"),
        ("A'digits/at' 'x'", (2026, 3, 12), "day-4 at x"),
        ("!?z", (2026, 3, 12), ""),
        ("'never closed", (2026, 3, 12), "never closed"),
    ],
)
def test_letters(format: str, when: tuple[int, ...], expected: str) -> None:
    assert said(format, *when) == expected


def test_other_languages_say_numbers_their_way() -> None:
    assert said("H M", 2026, 1, 1, 9, 21, language="de") == "9 1-and 20"
    assert said("Y", 1984, 1, 1, language="de") == "1N thousand 9 hundred 4-and 80"


def test_default_formats() -> None:
    assert default_format("en_GB") == default_format("en") == default_format("xx")
    assert default_format("de_AT") == default_format("de") != default_format("en")
