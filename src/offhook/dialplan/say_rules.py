"""say.conf: how numbers, digits, dates and times are spoken, by rules of each language.

A rule is a pattern as extensions have it, of a kind and what is to be said, and what that is in parts:

    _[n]um:[2-9][1-9] => digits/${SAY:0:1}0, num:${SAY:1}
    _date:Y:. => num:${SAY:0:4}

`${SAY}` is what stands behind the last colon.  A part with a colon is said by the rules again, one without is
a sound.  (`n` alone would be a digit, as in extensions.)  Of a date or time each letter of the format is said
by itself; what stands in quotes is a sound.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from offhook.dialplan.expressions import evaluate_text
from offhook.dialplan.patterns import Index, Pattern, compile_pattern

__all__ = ["SayRule", "SayRuleError", "SayRules", "say_moment"]

_MOST_PARTS = 500  # of what one text becomes: rules may lead in circles
_DEEPEST = 60
_VARIABLE = re.compile(r"\$\{SAY(?::(-?\d+)(?::(-?\d+))?)?\}")
_EXPRESSION = re.compile(r"\$\[([^\[\]]*)\]")
_FORMATTED = ("date", "time", "datetime")


class SayRuleError(ValueError):
    """Something cannot be said by the rules; the text says why."""


@dataclass(frozen=True, slots=True)
class SayRule:
    """One rule; an entry of an index of patterns."""

    name: str
    parts: tuple[str, ...]
    pattern: Pattern | None


class _Plain:
    """What an expression may ask for: nothing."""

    def call_function(self, name: str, arguments: str) -> str:
        raise SayRuleError(f"say.conf: {name}() has no place in a rule")

    def complain(self, what: str) -> None:
        raise SayRuleError(f"say.conf: {what}")


class SayRules:
    """The rules of all languages."""

    def __init__(self, languages: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        """Each language's rules in the order of the file.  Raises PatternError for a wrong pattern."""
        self._languages: dict[str, Index[SayRule]] = {}
        for language, rules in languages.items():
            self._languages[language] = Index([_rule(name, text) for name, text in rules])

    @property
    def languages(self) -> list[str]:
        """The languages that have rules."""
        return sorted(self._languages)

    def speaks(self, language: str) -> bool:
        """Whether there are rules for a language, with or without its variants."""
        return self._index(language) is not None

    def sounds(self, kind: str, text: str, language: str) -> list[str]:
        """The sounds of `num`, `digit`, `date`, `time`, `datetime`, or a kind of your own.

        Raises SayRuleError.
        """
        index = self._index(language)
        if index is None:
            raise SayRuleError(f"say.conf has no rules for the language {language!r}")
        found: list[str] = []
        self._say(index, f"{kind}:{text}", found, 0)
        return found

    def _index(self, language: str) -> Index[SayRule] | None:
        while language:
            if language in self._languages:
                return self._languages[language]
            language = language.rpartition("_")[0]
        return None

    def _say(self, index: Index[SayRule], what: str, found: list[str], depth: int) -> None:
        if depth > _DEEPEST or len(found) > _MOST_PARTS:
            raise SayRuleError(f"say.conf: {what[:60]!r} has no end")
        kind, _, rest = what.partition(":")
        form, colon, value = rest.rpartition(":")
        if kind in _FORMATTED and colon and form and (len(form) > 1 or form == "'"):
            for letter in _letters(form):
                if len(letter) > 1:
                    found.append(letter[1:])
                else:
                    self._say(index, f"{kind}:{letter}:{value}", found, depth + 1)
            return
        rule = index.find(what)
        if rule is None:
            raise SayRuleError(f"say.conf has no rule for {what[:60]!r}")
        said = what.rpartition(":")[2]
        for part in rule.parts:
            text = _filled(part, said)
            if ":" in text:
                self._say(index, text, found, depth + 1)
            elif text:
                found.append(text)


def _rule(name: str, text: str) -> SayRule:
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    return SayRule(name, parts, compile_pattern(name) if name.startswith("_") else None)


def _letters(form: str) -> list[str]:
    """The letters of a format; a quoted sound as `'` and its name."""
    found: list[str] = []
    at = 0
    while at < len(form):
        if form[at] == "'":
            end = form.find("'", at + 1)
            end = len(form) if end < 0 else end
            found.append(f"'{form[at + 1 : end]}")
            at = end + 1
        else:
            if not form[at].isspace():
                found.append(form[at])
            at += 1
    return found


def _filled(part: str, said: str) -> str:
    def cut(match: re.Match[str]) -> str:
        offset, length = int(match[1] or 0), match[2]
        text = said[offset:] if offset >= 0 else said[max(len(said) + offset, 0) :]
        if length is None:
            return text
        return text[: int(length)] if int(length) >= 0 else text[: max(len(text) + int(length), 0)]

    def calculated(match: re.Match[str]) -> str:
        return evaluate_text(match[1], _Plain())

    return _EXPRESSION.sub(calculated, _VARIABLE.sub(cut, part))


def say_moment(moment: datetime) -> str:
    """A moment as rules get it: YYYYMMDDHHmm.ss-dow-doy, the day of the week from 0 (Sunday)."""
    return f"{moment:%Y%m%d%H%M.%S-%w-%j}"
