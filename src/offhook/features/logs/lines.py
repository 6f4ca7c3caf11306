"""Log lines and how they are written: Asterisk's formats default, plain and json, and Offhook's own.

default   [Nov 24 10:00:00] WARNING[4711][C-00000001] drivers.sip.calls: text
plain     the same with file, line and function
json      one object a line
console   as default; VERBOSE lines without more than an indentation, `    -- text`
own       2026-11-24 10:00:00,123 WARNING drivers.sip.calls: text
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from typing import NamedTuple

__all__ = ["DateFormat", "Form", "Line"]

OWN_DATE = "%Y-%m-%d %H:%M:%S,%3q"
_FRACTION = re.compile(r"%%|%([1-6]?)q")
_MARK = "\x1f"


class Line(NamedTuple):
    """One message on its way to the destinations."""

    created: float  # seconds since the epoch
    kind: str
    depth: int  # of kind verbose
    logger: str
    file: str
    number: int
    function: str
    text: str
    call: str  # the call whose task said it, C-00000001; "" for nobody's


class DateFormat:
    """strftime(3), and `%q` for thousandths of a second (`%1q` to `%6q` for other digits)."""

    def __init__(self, text: str) -> None:
        self._digits: list[int] = []

        def mark(found: re.Match[str]) -> str:
            if found.group() == "%%":
                return "%%"
            self._digits.append(int(found.group(1) or 3))
            return _MARK

        # What is left is the same for a whole second.
        self._text = _FRACTION.sub(mark, text.replace(_MARK, "").replace("\0", ""))
        self._second = -1
        self._made = ""

    def __call__(self, created: float) -> str:
        """A moment as text, in local time."""
        second = int(created)
        if second != self._second:
            self._made = time.strftime(self._text, time.localtime(second))
            self._second = second
        if not self._digits:
            return self._made
        fraction = f"{int((created - second) * 1_000_000):06d}"
        first, *rest = self._made.split(_MARK)
        pieces = [first]
        for digits, after in zip(self._digits, rest, strict=False):
            pieces += [fraction[:digits], after]
        return "".join(pieces)


_PREFIXES = ("", " ", "  == ", "    -- ", "       > ")
"""What stands before VERBOSE lines of a console, by their number; more are as the last."""


class Form:
    """How one destination writes lines."""

    def __init__(self, name: str, date: DateFormat, *, calls: bool = True, stamped: bool = False) -> None:
        """`name`: default, plain, json, own or console.  `calls`: whose call a line is about is said.

        `stamped`: VERBOSE lines of a console have their time.
        """
        self._stamped = stamped
        self.name = name
        self._date = date
        self._calls = calls
        forms = {"plain": self._plain, "json": self._json, "own": self._own, "console": self._console}
        self._write = forms.get(name, self._default)
        self._host = socket.gethostname()

    def __call__(self, line: Line) -> str:
        """The line's text, with its end."""
        return self._write(line) + "\n"

    def _head(self, line: Line) -> str:
        call = f"[{line.call}]" if line.call and self._calls else ""
        return f"[{self._date(line.created)}] {line.kind.upper()}[{os.getpid()}]{call}"

    def _default(self, line: Line) -> str:
        return f"{self._head(line)} {_short(line.logger)}: {line.text}"

    def _plain(self, line: Line) -> str:
        return f"{self._head(line)}: {line.file}:{line.number} in {line.function}: {line.text}"

    def _own(self, line: Line) -> str:
        return f"{self._date(line.created)} {line.kind.upper()} {_short(line.logger)}: {line.text}"

    def _console(self, line: Line) -> str:
        if line.kind != "verbose":
            return self._default(line)
        prefix = _PREFIXES[min(line.depth, len(_PREFIXES) - 1)]
        time_of = f"[{self._date(line.created)}] " if self._stamped else ""
        return "\n".join(f"{time_of}{prefix}{text}" for text in line.text.splitlines() or [""])

    def _json(self, line: Line) -> str:
        identifiers: dict[str, object] = {"lwp": os.getpid()}
        if line.call and self._calls:
            identifiers["callid"] = line.call
        return json.dumps(
            {
                "hostname": self._host,
                "timestamp": self._date(line.created),
                "identifiers": identifiers,
                "logmsg": {
                    "location": {"filename": line.file, "function": line.function, "line": line.number},
                    "level": line.kind.upper(),
                    "message": line.text,
                },
            },
            separators=(",", ":"),
        )


def _short(logger: str) -> str:
    return logger.removeprefix("offhook.")
