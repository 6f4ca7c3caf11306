"""Where a priority can jump to, as far as its text tells: for the linter, and for drawing call flows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from offhook.dialplan.arguments import split_arguments, split_options
from offhook.dialplan.call import Target, parse_target
from offhook.dialplan.errors import DialplanError
from offhook.dialplan.templates import compile_template

if TYPE_CHECKING:
    from offhook.dialplan.model import Step

__all__ = ["DYNAMIC", "Jump", "jumps_of"]

DYNAMIC = "\0"
"""Stands in a target for what comes out of a variable."""


_JUMPING = frozenset((
    "goto", "gotoif", "gotoiftime", "gosub", "gosubif",
    "execif", "execiftime", "exec", "tryexec", "set", "dial",
    "macro", "macroexclusive", "macroif",
))  # fmt: skip
_HANDLER = re.compile(r"\s*CHANNEL\(hangup_handler_(?:push|pop|wipe)\)=", re.IGNORECASE)
_MAX_DEPTH = 20


class Jump(NamedTuple):
    """One possible jump."""

    target: Target
    is_call: bool
    """Whether it comes back (Gosub)."""


def jumps_of(step: Step) -> Iterator[Jump]:
    """The jumps of Goto, GotoIf, GotoIfTime, Gosub, GosubIf, Macro, MacroExclusive and MacroIf, also within
    ExecIf, Exec and TryExec; the subroutines of Dial's options and of hangup handlers.
    """
    name = step.application.lower()
    if step.is_native or name not in _JUMPING:
        return
    try:
        parts = compile_template(step.arguments).parts
    except DialplanError:
        return
    yield from _jumps(name, "".join(part if isinstance(part, str) else DYNAMIC for part in parts))


def _jumps(name: str, text: str, depth: int = 0) -> Iterator[Jump]:
    is_call = name.startswith("gosub")
    match name:
        case "goto" | "gosub":
            texts = [text]
        case "gotoif" | "gotoiftime" | "gosubif":
            _, question, choices = text.partition("?")
            texts = _choices(choices) if question else []
        case "macro" | "macroexclusive":
            yield from _macro(text)
            return
        case "macroif":
            _, question, choices = text.partition("?")
            for one in _choices(choices) if question else ():
                yield from _macro(one)
            return
        case "execif" | "execiftime" | "exec" | "tryexec" if depth < _MAX_DEPTH:
            _, question, choices = text.partition("?")
            for one in _choices(choices) if name.startswith("execif") and question else [text]:
                inner, _, arguments = one.strip().partition("(")
                if inner.lower() in _JUMPING:
                    yield from _jumps(inner.lower(), arguments.rpartition(")")[0], depth + 1)
            return
        case "set":
            found = _HANDLER.match(text)
            texts, is_call = ([text[found.end() :]] if found else []), True
        case "dial":
            texts, is_call = _of_options(text), True
        case _:
            return
    for one in texts:
        place = one.partition("(")[0] if is_call else one
        if not place.strip():
            continue
        try:
            target = parse_target(place)
        except DialplanError:
            continue
        # A variable that is the whole target may be `context,exten,1`, not only a priority.
        if target.exten is None and DYNAMIC in target.priority:
            continue
        yield Jump(target, is_call)


def _macro(text: str) -> Iterator[Jump]:
    name = text.partition(",")[0].strip()
    if name and DYNAMIC not in name:
        yield Jump(Target(f"macro-{name}", "s", "1"), True)


def _of_options(text: str) -> list[str]:
    """The subroutines that the options b, B and U of Dial() name."""
    arguments = split_arguments(text)
    if len(arguments) < 3:
        return []
    try:
        options = split_options(arguments[2])
    except DialplanError:
        return []
    found = [argument.replace("^", ",") for letter, argument in options if letter in ("b", "B") and argument]
    # U(x) is the subroutine [s@]x, or context^extension^priority.
    for letter, argument in options:
        if letter == "U" and argument and DYNAMIC not in argument:
            name = argument.split("^")[0]
            found.append(f"{name},s,1")
    return found


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
