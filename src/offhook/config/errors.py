"""What can be wrong with a configuration, and where: one type for a mistake, one exception, one list.

A reader or a check given a `Problems` list reports every mistake and goes on with what is left; without
one it raises `ConfigError` at the first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

__all__ = ["ConfigError", "Problem", "Problems", "Severity", "Where", "nearest"]


MAX_COMPARISONS = 100_000  # for all suggestions of one reading: two seconds at most


class Severity(StrEnum):
    """How much a problem matters: an error keeps a configuration from being used."""

    ERROR = "error"
    WARNING = "warning"
    UNSUPPORTED = "not supported yet"


class Where(NamedTuple):
    """A line of a file; line 0 is the file as a whole."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Problem(NamedTuple):
    """One mistake, warning or use of something that does not work yet."""

    severity: Severity
    file: str
    line: int
    what: str
    suggestion: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        hint = f" (did you mean {self.suggestion}?)" if self.suggestion else ""
        label = "" if self.severity is Severity.ERROR else f"{self.severity.value}: "
        return f"{place}: {label}{self.what}{hint}"


class ConfigError(Exception):
    """A configuration cannot be used; says the file, the line, what is wrong and the nearest valid name."""

    def __init__(self, file: str, line: int, what: str, suggestion: str = "") -> None:
        super().__init__(str(Problem(Severity.ERROR, file, line, what, suggestion)))
        self.file = file
        self.line = line
        self.what = what
        self.suggestion = suggestion


class Problems:
    """Collects problems in the order they were found; `strict` raises errors instead."""

    __slots__ = ("_comparisons", "_list", "strict")

    def __init__(self, *, strict: bool = False) -> None:
        self._list: list[Problem] = []
        self._comparisons = MAX_COMPARISONS
        self.strict = strict

    def error(self, file: str, line: int, what: str, suggestion: str = "") -> None:
        """Record an error.

        Raises:
            ConfigError: when this list is strict.
        """
        if self.strict:
            raise ConfigError(file, line, what, suggestion)
        self._list.append(Problem(Severity.ERROR, file, line, what, suggestion))

    def warning(self, file: str, line: int, what: str, suggestion: str = "") -> None:
        """Record something odd that does no harm."""
        self._list.append(Problem(Severity.WARNING, file, line, what, suggestion))

    def unsupported(self, file: str, line: int, what: str) -> None:
        """Record the use of something that is known and does not work yet."""
        self._list.append(Problem(Severity.UNSUPPORTED, file, line, what))

    def nearest(self, word: str, known: Collection[str]) -> str:
        """As the function `nearest`, until the time that this list may take for suggestions is used up.

        A template with one wrong name makes as many mistakes as there are phones, and each suggestion
        compares the name with that of every phone.
        """
        if len(known) > self._comparisons:
            return ""
        self._comparisons -= len(known)
        return nearest(word, known)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Add problems found elsewhere."""
        self._list.extend(problems)

    def of(self, severity: Severity) -> list[Problem]:
        """The problems of one severity."""
        return [problem for problem in self._list if problem.severity is severity]

    @property
    def errors(self) -> list[Problem]:
        """The problems that keep the configuration from being used."""
        return self.of(Severity.ERROR)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._list)

    def __len__(self) -> int:
        return len(self._list)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known name that looks most like `word`, or "" when none does."""
    # Imported here: only a configuration with a mistake pays for difflib.
    import difflib

    by_lower = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else ""
