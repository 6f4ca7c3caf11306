"""Event filters: which events a session gets (manager.conf `eventfilter`, action Filter).

    eventfilter = Event: Newchannel                                a regular expression over the whole event
    eventfilter = !Channel: Local/                                 leaves out what matches
    eventfilter(name(Newchannel),header(Channel),method(starts_with)) = PJSIP/
    eventfilter(action(exclude),name(Newexten)) =

Without filters everything passes.  With including ones an event has to match one of them; of the rest those
that match an excluding one are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from offhook.dialplan.ere import compile_ere
from offhook.dialplan.errors import RegexError

__all__ = ["Filter", "FilterError", "Filters", "parse_filter"]


class FilterError(ValueError):
    """A filter cannot be understood."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter."""

    excludes: bool
    matches: Callable[[str], bool] | None  # None: everything does
    name: str = ""  # the only event it is for
    header: str = ""  # the only header whose value is looked at

    def hits(self, name: str, text: str) -> bool:
        """Whether an event, its name and whole text, matches."""
        if self.name and self.name != name:
            return False
        if not self.header:
            return self.matches is None or self.matches(text)
        start = f"\r\n{self.header}: "
        at = text.find(start)
        if at < 0:
            return False
        at += len(start)
        return self.matches is None or self.matches(text[at : text.index("\r\n", at)])


@dataclass(slots=True)
class Filters:
    """The filters of a session."""

    including: list[Filter] = field(default_factory=list["Filter"])
    excluding: list[Filter] = field(default_factory=list["Filter"])

    def add(self, found: Filter) -> None:
        """Add one."""
        (self.excluding if found.excludes else self.including).append(found)

    def __bool__(self) -> bool:
        return bool(self.including or self.excluding)

    def passes(self, name: str, text: str) -> bool:
        """Whether an event is wanted."""
        if self.including and not any(one.hits(name, text) for one in self.including):
            return False
        return not any(one.hits(name, text) for one in self.excluding)


_PART = re.compile(r"\s*(action|name|header|method)\s*\(\s*([^()]*?)\s*\)\s*", re.IGNORECASE)


def parse_filter(expression: str, criteria: str | None = None) -> Filter:
    """Read a filter: without `criteria` a regular expression, `!` in front to leave out.

    Raises:
        FilterError: it cannot be understood; the text says why.
    """
    if criteria is None:
        excludes = expression.startswith("!")
        return Filter(excludes, _regex(expression[1:] if excludes else expression))
    said: dict[str, str] = {}
    at = 0
    while at < len(criteria):
        part = _PART.match(criteria, at)
        if part is None:
            raise FilterError(f"{criteria!r} is not action(), name(), header() and method()")
        key = part[1].lower()
        if key in said:
            raise FilterError(f"{key}() is there twice")
        said[key] = part[2]
        at = part.end()
        if at < len(criteria):
            if criteria[at] != ",":
                raise FilterError(f"a comma is missing before {criteria[at:]!r}")
            at += 1
    action = said.get("action", "include").lower()
    if action not in ("include", "exclude"):
        raise FilterError(f"action({action}) is neither include nor exclude")
    return Filter(
        action == "exclude", _matcher(said, expression), said.get("name", ""), said.get("header", "")
    )


def _matcher(said: dict[str, str], expression: str) -> Callable[[str], bool] | None:
    method = said.get("method", "none").lower()
    if method == "none":
        if expression:
            raise FilterError("an expression needs a method()")
        if not said.get("name") and not said.get("header"):
            raise FilterError("neither a name, a header nor an expression to look for")
        return None
    if not expression:
        raise FilterError(f"method({method}) needs an expression")
    match method:
        case "regex":
            return _regex(expression)
        case "exact":
            return lambda text: text == expression
        case "starts_with":
            return lambda text: text.startswith(expression)
        case "ends_with":
            return lambda text: text.endswith(expression)
        case "contains":
            return lambda text: expression in text
        case _:
            raise FilterError(f"method({method}) is none of regex, exact, starts_with, ends_with, contains")


def _regex(expression: str) -> Callable[[str], bool]:
    if not expression:
        raise FilterError("the expression is empty")
    try:
        compiled = compile_ere(expression)
    except RegexError as error:
        raise FilterError(f"{expression!r} is no regular expression: {error}") from None
    return lambda text: compiled.search(text) is not None
