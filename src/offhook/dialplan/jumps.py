"""Where a priority can jump to, as far as its text tells: for the linter, and for drawing call flows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from offhook.dialplan.call import Target, parse_target
from offhook.dialplan.errors import DialplanError
from offhook.dialplan.templates import compile_template

if TYPE_CHECKING:
    from offhook.dialplan.model import Step

__all__ = ["DYNAMIC", "Jump", "jumps_of"]

DYNAMIC = "\0"
"""Stands in a target for what comes out of a variable."""

_JUMPS = frozenset(("goto", "gotoif", "gotoiftime", "gosub", "gosubif", "macro", "macroexclusive", "macroif"))


class Jump(NamedTuple):
    """One possible jump."""

    target: Target
    is_call: bool
    """Whether it comes back (Gosub)."""


def jumps_of(step: Step) -> Iterator[Jump]:
    """The jumps of Goto, GotoIf, GotoIfTime, Gosub, GosubIf, Macro, MacroExclusive and MacroIf."""
    name = step.application.lower()
    if step.is_native or name not in _JUMPS:
        return
    try:
        parts = compile_template(step.arguments).parts
    except DialplanError:
        return
    text = "".join(part if isinstance(part, str) else DYNAMIC for part in parts)
    is_macro = name.startswith("macro")
    is_call = name.startswith("gosub") or is_macro
    if name in ("goto", "gosub", "macro", "macroexclusive"):
        texts = [text]
    else:
        _, question, choices = text.partition("?")
        if not question:
            return
        texts = _choices(choices)
    for one in texts:
        place = one.partition("(")[0] if is_call else one
        if not place.strip():
            continue
        if is_macro:
            macro = one.partition(",")[0].strip()
            if DYNAMIC not in macro:
                yield Jump(Target(f"macro-{macro}", "s", "1"), True)
            continue
        try:
            target = parse_target(place)
        except DialplanError:
            continue
        # A variable that is the whole target may be `context,exten,1`, not only a priority.
        if target.exten is None and DYNAMIC in target.priority:
            continue
        yield Jump(target, is_call)


def _choices(text: str) -> list[str]:
    """`this:that`, at the first colon that is not within parentheses."""
    depth = 0
    for index, char in enumerate(text):
        if char == "(":
            depth += 1
        elif char == ")":
            depth -= depth > 0
        elif char == ":" and not depth:
            return [text[:index], text[index + 1 :]]
    return [text]
