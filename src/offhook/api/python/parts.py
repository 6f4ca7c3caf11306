"""Named parts of extension patterns: `_9{number:X.}` is `_9X.`, and `number` what is behind the 9.

Places of a pattern have a fixed length up to the `.` or `!` at its end, so that a part is a slice of what was
dialled; nothing is matched twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from offhook.dialplan.errors import PatternError
from offhook.dialplan.patterns import compile_pattern

__all__ = ["Part", "split_parts"]


@dataclass(frozen=True, slots=True)
class Part:
    """One named part: from which digit to which; `end` is None for all that is left."""

    name: str
    start: int
    end: int | None

    def of(self, number: str) -> str:
        """The part of a dialled number (without dashes)."""
        return number[self.start : self.end]


def split_parts(text: str) -> tuple[str, tuple[Part, ...]]:
    """The bare pattern or name, and its parts.

    Raises:
        PatternError: a brace left open, a part without name or places, or what is no pattern.
    """
    if text[:1] != "_":
        if "{" in text:
            raise PatternError(f"{text}: only patterns (with a leading _) have named parts")
        return text, ()
    bare = "_"
    parts: list[Part] = []
    rest = text[1:]
    while True:
        before, brace, rest = rest.partition("{")
        bare += before
        if not brace:
            break
        inner, closed, rest = rest.partition("}")
        name, colon, places = inner.partition(":")
        if not closed or not colon or not name.isidentifier() or not places:
            raise PatternError(f"{text}: a named part is written {{name:places}}, as in _9{{number:X.}}")
        if any(part.name == name for part in parts):
            raise PatternError(f"{text}: two parts are named {name}")
        start = len(compile_pattern(bare).elements) if len(bare) > 1 else 0
        bare += places
        pattern = compile_pattern(bare)
        parts.append(Part(name, start, None if pattern.tail else len(pattern.elements)))
    compile_pattern(bare)
    return bare, tuple(parts)
