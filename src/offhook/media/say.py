"""Saying digits, numbers and letters: texts become lists of sound names, in the grammar of a language.

Pure functions.  The names are those of Asterisk's prompt sets (`digits/1`, `letters/a`, `phonetic/a_p`);
which file a name stands for is offhook.media.sounds' to find.  A language without a grammar of its own
speaks English, whose prompts are the ones that exist in all sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Final

__all__ = [
    "LARGEST_NUMBER",
    "NUMBER_GRAMMARS",
    "NumberTooLargeError",
    "say_alpha",
    "say_digits",
    "say_number",
    "say_phonetic",
]

LARGEST_NUMBER: Final = 999_999_999_999
"""The prompts end at billions (milliards)."""


class NumberTooLargeError(ValueError):
    """There are no prompts for such a number."""


_DIGITS = {digit: f"digits/{digit}" for digit in "0123456789"}
_DIGIT_STRING = {**_DIGITS, "*": "digits/star", "#": "digits/pound", "-": "digits/minus"}
_SYMBOLS = {
    "*": "digits/star",
    "#": "digits/pound",
    "!": "letters/exclaimation-point",  # so spelt in the prompt sets
    "@": "letters/at",
    "$": "letters/dollar",
    "-": "letters/dash",
    ".": "letters/dot",
    "=": "letters/equals",
    "+": "letters/plus",
    "/": "letters/slash",
    " ": "letters/space",
    # the remaining printable ones are named by their number
    **{character: f"letters/ascii{ord(character)}" for character in "\"%&'(),:;<>?[\\]^_`{|}~"},
}
_LETTERS = {letter: f"letters/{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"}
_PHONETIC = {letter: f"phonetic/{letter}_p" for letter in "abcdefghijklmnopqrstuvwxyz"}


def say_digits(text: str) -> list[str]:
    """SayDigits(): each digit, `*`, `#` and `-`; everything else is left out."""
    return [_DIGIT_STRING[character] for character in text if character in _DIGIT_STRING]


def say_alpha(text: str) -> list[str]:
    """SayAlpha(): letters, digits and signs by name; what has no prompt is left out."""
    return _spell(text, _LETTERS)


def say_phonetic(text: str) -> list[str]:
    """SayPhonetic(): letters in the spelling alphabet (alfa, bravo ...), all else as say_alpha()."""
    return _spell(text, _PHONETIC)


def _spell(text: str, letters: dict[str, str]) -> list[str]:
    names: list[str] = []
    for character in text.lower():
        name = letters.get(character) or _DIGITS.get(character) or _SYMBOLS.get(character)
        if name is not None:
            names.append(name)
    return names


def say_number(number: int, language: str = "en", gender: str = "") -> list[str]:
    """SayNumber(): a cardinal number in the language's grammar.

    `gender` is what Asterisk takes: "m", "f", "n" or "" where a language does not care.
    Raises NumberTooLargeError beyond LARGEST_NUMBER.
    """
    if abs(number) > LARGEST_NUMBER:
        raise NumberTooLargeError(f"{number} has no prompts")
    grammar = _grammar(language)
    names = ["digits/minus"] if number < 0 else []
    names.extend(grammar(abs(number), gender[:1].lower()))
    return names


def _grammar(language: str) -> Callable[[int, str], Iterator[str]]:
    # "de_AT" speaks as "de" unless it has a grammar of its own
    while language:
        grammar = NUMBER_GRAMMARS.get(language)
        if grammar is not None:
            return grammar
        language = language.rpartition("_")[0]
    return _english


def _digit(number: int) -> str:
    return f"digits/{number}"


def _english(number: int, gender: str) -> Iterator[str]:
    return _english_with(number, gender, "")


def _british(number: int, gender: str) -> Iterator[str]:
    """As American English, with "and" after the hundreds."""
    return _english_with(number, gender, "vm-and")


def _english_with(number: int, gender: str, joint: str) -> Iterator[str]:
    for size, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand")):
        if number >= size:
            yield from _english_with(number // size, gender, joint)
            yield f"digits/{name}"
            number %= size
            if number == 0:
                return
            if number < 100 and joint:
                yield joint
    if number >= 100:
        yield _digit(number // 100)
        yield "digits/hundred"
        number %= 100
        if number == 0:
            return
        if joint:
            yield joint
    if number > 20 and number % 10:
        yield _digit(number - number % 10)
        number %= 10
    yield _digit(number)


def _german(number: int, gender: str) -> Iterator[str]:
    """Ones before tens ("3-and", "20"); one is "1N" before hundred and thousand, "1F" before million."""
    whole = number
    for size, one, many in ((10**9, "milliard", "milliards"), (10**6, "million", "millions")):
        count = number // size
        if count:
            yield from ("digits/1F",) if count == 1 else _german(count, "n")
            yield f"digits/{one if count == 1 else many}"
            number %= size
            if number == 0:
                return
    for size, name in ((1000, "thousand"), (100, "hundred")):
        count = number // size
        if count:
            # "hundert", "tausend", but "zweitausendeinhundert"
            if whole != size:
                yield from ("digits/1N",) if count == 1 else _german(count, "n")
            yield f"digits/{name}"
            number %= size
            if number == 0:
                return
    if number > 20 and number % 10:
        yield f"digits/{number % 10}-and"
        number -= number % 10
    yield f"digits/1{gender.upper()}" if number == 1 and gender in ("f", "n") else _digit(number)


def _french(number: int, gender: str) -> Iterator[str]:
    """Sixty-ten, four-twenties; "et" before one in twenty to seventy; no "one" before hundred, thousand."""
    for size, name in ((10**9, "milliard"), (10**6, "million"), (1000, "thousand"), (100, "hundred")):
        count = number // size
        if count:
            if count > 1 or size > 1000:
                yield from _french(count, "m")
            yield f"digits/{name}"
            number %= size
            if number == 0:
                return
    if number >= 80:
        yield "digits/80"
        number -= 80
        if number == 0:
            return
    elif number > 60:
        yield "digits/60"
        number -= 60
        if number in (1, 11):
            yield "digits/et"
    elif number > 20 and number % 10:
        yield _digit(number - number % 10)
        number %= 10
        if number == 1:
            yield "digits/et"
    yield "digits/1F" if number == 1 and gender == "f" else _digit(number)


def _spanish(number: int, gender: str) -> Iterator[str]:
    """One prompt up to thirty and for each hundred; "and" between tens and ones; no "one" before thousand."""
    # a thousand millions, not a billion
    count = number // 10**6
    if count:
        yield from ("digits/1",) if count == 1 else _spanish(count, "m")
        yield "digits/million" if count == 1 else "digits/millions"
        number %= 10**6
        if number == 0:
            return
    count = number // 1000
    if count:
        if count > 1:
            yield from _spanish(count, "m")
        yield "digits/thousand"
        number %= 1000
        if number == 0:
            return
    if number > 100:
        yield "digits/100-and" if number < 200 else _digit(number - number % 100)
        number %= 100
        if number == 0:
            return
    if number > 30 and number % 10 and number < 100:
        yield _digit(number - number % 10)
        yield "digits/and"
        number %= 10
    yield f"digits/1{gender.upper()}" if number == 1 and gender in ("f", "m") else _digit(number)


NUMBER_GRAMMARS: Final = MappingProxyType(
    {
        "en": _english,
        "en_GB": _british,
        "de": _german,
        "fr": _french,
        "es": _spanish,
    }
)
"""Languages with a grammar for numbers; all others speak as English."""
