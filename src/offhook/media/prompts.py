"""What well-known prompts say, so that they can be spoken where no recorded one is installed.

Names are Asterisk's; the sentences are Offhook's own.  A name that is not listed is read out with its
dashes as spaces.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["is_listed", "prompt_text"]

_FOLDER: Final = Path(__file__).with_name("data")

_ALPHABET = """
alfa bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa quebec romeo
sierra tango uniform victor whiskey x-ray yankee zulu
"""
_SPELLING: Final = {word[0]: word for word in _ALPHABET.split()}


def prompt_text(name: str, language: str = "en") -> str:
    """The sentence of a prompt; "" for silence/1 and its like.

    Listed are English prompts; in another language what is a number or a letter is the same, and other
    names are read as they are.
    """
    name = name.strip().lstrip("/")
    if language.partition("_")[0] == "en":
        text = _english().get(name)
        if text is not None:
            return text
    folder, _, last = name.rpartition("/")
    match folder:
        case "silence":
            return ""
        case "digits":
            return _number(last)
        case "letters" if last.startswith("ascii") and last[5:].isdecimal():
            return chr(int(last[5:]) % 128)
        case "phonetic" if last.endswith("_p") and last[:-2] in _SPELLING:
            return _SPELLING[last[:-2]]
        case _:
            return last.replace("-", " ").replace("_", " ")


def _number(name: str) -> str:
    # "h-12" is an ordinal: the speech program reads "12th"
    if name.startswith("h-") and name[2:].isdecimal():
        number = int(name[2:])
        ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 not in (11, 12, 13) else 0, "th")
        return f"{number}{ending}"
    if name.startswith("mon-") and name[4:].isdecimal() and int(name[4:]) < 12:
        return _MONTHS[int(name[4:])]
    return name.replace("-", " ")


_YEAR = "January February March April May June July August September October November December"
_MONTHS: Final = tuple(_YEAR.split())


def is_listed(name: str) -> bool:
    """Whether a prompt's text is known, rather than made of its name."""
    name = name.strip().lstrip("/")
    if name in _english():
        return True
    folder, _, last = name.rpartition("/")
    match folder:
        case "silence" | "digits" | "letters":
            return True
        case "phonetic":
            return last.endswith("_p") and last[:-2] in _SPELLING
        case _:
            return False


@cache
def _english() -> dict[str, str]:
    lines = (_FOLDER / "prompts_en.tsv").read_text("utf-8").splitlines()[1:]
    return dict(line.split("\t", 1) for line in lines)
