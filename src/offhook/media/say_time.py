"""Saying dates and times by a format, as SayUnixTime() has it: a moment becomes a list of sound names.

Pure functions.  Letters of the format (others are left out):

    A a  day of the week        B b h  month                  m  month, as an ordinal number
    d e  day of the month       Y  year                       I l  hour, twelve of them
    H  hour, 24, with "oh"      k  hour, 24                   M  minute       S  second
    P p  a.m. or p.m.           R  HM                         T  HMS          F  Ymd
    Q  today, yesterday, tomorrow or the date                 q  the same, or the day of the week
    'name'  a sound file        anything else that is no letter: nothing
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from offhook.media.say import say_number

__all__ = ["DEFAULT_FORMATS", "date_format", "default_format", "say_time", "time_format"]

DEFAULT_FORMATS: Final = {
    "en": "ABdY 'digits/at' IMp",
    "de": "A dBY HMS",
    "es": "AdBY 'digits/at' IMp",
    "fr": "AdBY 'digits/at' kM",
    "it": "AdBY 'digits/at' kM",
    "nl": "AdBY 'digits/at' kM",
    "pt": "AdBY 'digits/at' kM",
}
"""What is said when no format is given, by language."""


def default_format(language: str) -> str:
    """The format of a language; English's where it has none of its own."""
    return DEFAULT_FORMATS.get(language) or DEFAULT_FORMATS.get(
        language.partition("_")[0], DEFAULT_FORMATS["en"]
    )


def date_format(language: str) -> str:
    """The part of a language's format that is the date."""
    return _part(language, "AaBbdeYm")


def time_format(language: str) -> str:
    """The part of a language's format that is the time of day."""
    return _part(language, "IlHkMSPp")


def _part(language: str, letters: str) -> str:
    without_names = "".join(default_format(language).split("'")[::2])
    return "".join(letter for letter in without_names if letter in letters)


def say_time(moment: datetime, format: str, language: str, today: datetime) -> list[str]:
    """The sounds that say a moment; `today` is now, for what is said relative to it."""
    return list(_say(moment, format, language, today, 0))


def _say(moment: datetime, format: str, language: str, today: datetime, depth: int) -> Iterator[str]:
    at = 0
    while at < len(format):
        letter = format[at]
        at += 1
        if letter == "'":
            end = format.find("'", at)
            end = len(format) if end < 0 else end
            yield format[at:end]
            at = end + 1
        else:
            yield from _letter(moment, letter, language, today, depth)


def _letter(moment: datetime, letter: str, language: str, today: datetime, depth: int) -> Iterator[str]:
    match letter:
        case "A" | "a":
            yield f"digits/day-{(moment.weekday() + 1) % 7}"
        case "B" | "b" | "h":
            yield f"digits/mon-{moment.month - 1}"
        case "m":
            yield f"digits/h-{moment.month}"
        case "d" | "e":
            yield from _ordinal_day(moment.day)
        case "Y":
            yield from _year(moment.year, language)
        case "I" | "l":
            yield f"digits/{moment.hour % 12 or 12}"
        case "H" | "k":
            if letter == "H" and moment.hour < 10 and _is_english(language):
                yield "digits/oh"
            yield from say_number(moment.hour, language)
        case "M":
            yield from _minute(moment.minute, language)
        case "S":
            yield from say_number(moment.second, language)
        case "P" | "p":
            yield "digits/p-m" if moment.hour >= 12 else "digits/a-m"
        case "R" if not depth:
            yield from _say(moment, "HM", language, today, 1)
        case "T" if not depth:
            yield from _say(moment, "HMS", language, today, 1)
        case "F" if not depth:
            yield from _say(moment, "Ymd", language, today, 1)
        case "Q" | "q" if not depth:
            yield from _day(moment, letter, language, today)
        case _:
            return


def _is_english(language: str) -> bool:
    return language.partition("_")[0] not in ("de", "es", "fr", "it", "nl", "pt")


def _ordinal_day(day: int) -> Iterator[str]:
    """First to twentieth have sounds of their own, as have twentieth and thirtieth."""
    if day <= 20 or day == 30:
        yield f"digits/h-{day}"
    else:
        yield f"digits/{day - day % 10}"
        yield f"digits/h-{day % 10}"


def _year(year: int, language: str) -> Iterator[str]:
    """Nineteen eighty-four, nineteen oh one, two thousand five; a number where years are said as such."""
    if not _is_english(language) or 2000 <= year < 2100 or not 1000 <= year < 3000:
        yield from say_number(year, language)
        return
    century, rest = divmod(year, 100)
    yield from say_number(century, language)
    if rest == 0:
        yield "digits/hundred"
        return
    if rest < 10:
        yield "digits/oh"
    yield from say_number(rest, language)


def _minute(minute: int, language: str) -> Iterator[str]:
    if _is_english(language):
        if minute == 0:
            yield "digits/oclock"
            return
        if minute < 10:
            yield "digits/oh"
    yield from say_number(minute, language)


def _day(moment: datetime, letter: str, language: str, today: datetime) -> Iterator[str]:
    days = (moment.date() - today.date()).days
    relative = {0: "digits/today", -1: "digits/yesterday", 1: "digits/tomorrow"}.get(days)
    if relative is not None and (letter == "Q" or days <= 0):
        if letter == "q" and days == 0:
            return  # it goes without saying
        yield relative
    elif letter == "q" and -7 < days < 0:
        yield from _say(moment, "A", language, today, 1)
    else:
        yield from _say(moment, "ABdY", language, today, 1)
