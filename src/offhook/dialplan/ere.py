"""POSIX extended regular expressions (IEEE 1003.1, section 9.4), as Asterisk's REGEX(), `:` and `=~` use.

They are translated into Python's `re`.  What differs: of several alternatives that match, the first
counts instead of the longest.
"""

from __future__ import annotations

import functools
import re

from offhook.dialplan.errors import RegexError

__all__ = ["compile_ere"]

_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\t-\\r ",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_INTERVAL = re.compile(r"\{(\d{1,5})?(,(\d{1,5})?)?\}")
# GNU's additions that people use; any other escaped letter stands for itself.
_ESCAPES = {
    "w": r"[A-Za-z0-9_]",
    "W": r"[^A-Za-z0-9_]",
    "s": r"[\t-\r ]",
    "S": r"[^\t-\r ]",
    "b": r"\b",
    "B": r"\B",
    "<": r"\b(?=\w)",
    ">": r"\b(?<=\w)",
    "`": r"\A",
    "'": r"\Z",
}
_MAX_LENGTH = 4000


@functools.lru_cache(maxsize=512)
def compile_ere(pattern: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    """Translate and compile a pattern.

    Raises:
        RegexError: it is not a regular expression.
    """
    if len(pattern) > _MAX_LENGTH:
        raise RegexError(f"a regular expression of more than {_MAX_LENGTH} characters")
    translated = _translate(pattern)
    try:
        return re.compile(translated, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
    except (re.error, OverflowError, RecursionError) as error:
        raise RegexError(f"{pattern!r} is not a regular expression: {error}") from None


def _translate(pattern: str) -> str:
    out: list[str] = []
    at, end = 0, len(pattern)
    repeatable = False  # whether what is before can be repeated
    while at < end:
        char = pattern[at]
        at += 1
        if char == "[":
            piece, at = _bracket(pattern, at)
            out.append(piece)
            repeatable = True
        elif char == "\\":
            if at >= end:
                raise RegexError(f"{pattern!r} ends with a backslash")
            char = pattern[at]
            at += 1
            out.append(f"\\{char}" if char in "123456789" else _ESCAPES.get(char) or re.escape(char))
            repeatable = True
        elif char in "*+?" or (char == "{" and _INTERVAL.match(pattern, at - 1)):
            if not repeatable:
                if char != "*":
                    raise RegexError(f"{pattern!r}: there is nothing before {char} to repeat")
                out.append(r"\*")
                repeatable = True
                continue
            at = _repetition(pattern, at - 1, out)
        elif char in "(|":
            out.append(char)
            repeatable = False
        elif char == ")":
            out.append(char)
            repeatable = True
        elif char == "^":
            out.append(r"\A")
            repeatable = False
        elif char == "$":
            out.append(r"\Z")
            repeatable = False
        elif char == ".":
            out.append(".")
            repeatable = True
        else:
            out.append(re.escape(char))
            repeatable = True
    return "".join(out)


def _repetition(pattern: str, at: int, out: list[str]) -> int:
    """One or more repetition signs in a row: in Python `a*?` and `a*+` would mean something else."""
    signs: list[str] = []
    while at < len(pattern):
        if pattern[at] in "*+?":
            signs.append(pattern[at])
            at += 1
        elif (found := _INTERVAL.match(pattern, at)) is not None:
            if not found[1] and not found[2]:
                raise RegexError(f"{pattern!r}: {{}} has no number")
            signs.append(found[0])
            at = found.end()
        else:
            break
    if len(signs) == 1:
        out.append(signs[0])
    elif any(len(sign) > 1 for sign in signs):
        raise RegexError(f"{pattern!r}: two repetitions in a row")
    elif set(signs) == {"+"}:
        out.append("+")
    elif set(signs) == {"?"}:
        out.append("?")
    else:
        out.append("*")
    return at


def _bracket(pattern: str, at: int) -> tuple[str, int]:
    """A bracket expression from after its `[`; backslashes in it are ordinary characters."""
    out = ["["]
    if pattern.startswith("^", at):
        out.append("^")
        at += 1
    first = True
    while True:
        if at >= len(pattern):
            raise RegexError(f"{pattern!r}: a [ is never closed")
        char = pattern[at]
        if char == "]" and not first:
            out.append("]")
            return "".join(out), at + 1
        first = False
        kind = pattern[at + 1 : at + 2]
        if char == "[" and kind in (":", ".", "="):
            close = pattern.find(kind + "]", at + 2)
            if close < 0:
                raise RegexError(f"{pattern!r}: [{kind} is never closed")
            name = pattern[at + 2 : close]
            if kind == ":":
                if name not in _CLASSES:
                    raise RegexError(f"{pattern!r}: there is no character class [:{name}:]")
                out.append(_CLASSES[name])
            elif len(name) == 1:
                out.append(re.escape(name))
            else:
                raise RegexError(f"{pattern!r}: [{kind}{name}{kind}] is not one character")
            at = close + 2
            continue
        if char == "-" and len(out) > 1 and out[-1] != "^" and not pattern.startswith("]", at + 1):
            out.append("-")
        else:
            out.append("\\" + char if char in "\\^-[]&|~" else char)
        at += 1
