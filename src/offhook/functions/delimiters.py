"""Characters written with escapes, as functions take delimiters and sets of characters."""

from __future__ import annotations

import re

__all__ = ["delimiter_of", "unescape"]

_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|0([0-7]{1,3})|(.))|(.)", re.DOTALL)
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unescape(text: str) -> list[tuple[str, bool]]:
    """The characters of `text`, each with whether a backslash stood before it."""
    found: list[tuple[str, bool]] = []
    for match in _ESCAPE.finditer(text):
        code, octal, escaped, plain = match.groups()
        if plain is not None:
            found.append((plain, False))
        elif code is not None:
            found.append((chr(int(code, 16)), True))
        elif octal is not None:
            found.append((chr(int(octal, 8)), True))
        else:
            found.append((_LETTERS.get(escaped, escaped), True))
    return found


def delimiter_of(text: str, default: str = "-") -> str:
    """The one character that a delimiter argument stands for."""
    found = unescape(text)
    return found[0][0] if found else default
