"""How the text between an application's or function's parentheses is taken apart.

These are the rules of Asterisk's standard arguments: commas separate; a comma within parentheses,
square brackets or double quotes does not; quotes go away; a backslash keeps the next character as it
is; the last argument that an application has takes all that is left, as it stands.
"""

from __future__ import annotations

from offhook.dialplan.errors import ArgumentError

__all__ = ["join_arguments", "split_arguments", "split_options", "split_plain"]

_SPECIAL = frozenset('()[]"\\')


def split_plain(text: str, delimiter: str = ",") -> list[str]:
    """Split where no parentheses, brackets, quotes or backslashes protect, and change nothing else."""
    return _split(text, delimiter, 0, keep=True)


def split_arguments(text: str, delimiter: str = ",", limit: int = 0) -> list[str]:
    """The arguments in `text`; with `limit`, at most so many, the last one with all that is left.

    Text without content has no arguments; a delimiter at the end makes an empty last one.
    """
    if not text:
        return []
    if _SPECIAL.isdisjoint(text):
        return text.split(delimiter, limit - 1) if limit else text.split(delimiter)
    return _split(text, delimiter, limit, keep=False)


def _split(text: str, delimiter: str, limit: int, *, keep: bool) -> list[str]:
    found: list[str] = []
    current: list[str] = []
    parens = brackets = 0
    quoted = False
    at, end = 0, len(text)
    if limit == 1:
        return [text]
    while at < end:
        char = text[at]
        at += 1
        if char == delimiter and not (parens or brackets or quoted):
            found.append("".join(current))
            current.clear()
            if limit and len(found) == limit - 1:
                found.append(text[at:])
                return found
            continue
        if char == "(":
            parens += 1
        elif char == ")":
            parens -= parens > 0
        elif char == "[":
            brackets += 1
        elif char == "]":
            brackets -= brackets > 0
        elif char == '"':
            quoted = not quoted
            if not keep:
                continue
        elif char == "\\" and at < end:
            if keep:
                current.append(char)
            char = text[at]
            at += 1
        current.append(char)
    found.append("".join(current))
    return found


def split_options(text: str) -> list[tuple[str, str | None]]:
    """The letters of an options argument with what stands in parentheses after each; None without them.

    `rm(class)S(10)` is r, m with "class", S with "10".  Parentheses nest; quotes protect them.

    Raises:
        ArgumentError: a parenthesis that is never closed.
    """
    found: list[tuple[str, str | None]] = []
    at, end = 0, len(text)
    while at < end:
        letter = text[at]
        at += 1
        if letter in " \t":
            continue
        if at >= end or text[at] != "(":
            found.append((letter, None))
            continue
        start = at + 1
        depth = 0
        quoted = False
        while at < end:
            char = text[at]
            if char == '"':
                quoted = not quoted
            elif char == "\\":
                at += 1
            elif not quoted:
                if char == "(":
                    depth += 1
                elif char == ")":
                    depth -= 1
                    if not depth:
                        break
            at += 1
        if at >= end:
            raise ArgumentError(f"option {letter} has a parenthesis that is never closed")
        argument = text[start:at]
        if len(argument) > 1 and argument[0] == '"' == argument[-1]:
            argument = argument[1:-1]
        found.append((letter, argument))
        at += 1
    return found


def join_arguments(arguments: list[str]) -> str:
    """Arguments as one text that `split_arguments` takes apart into the same arguments."""
    return ",".join(_protect(argument) for argument in arguments)


def _protect(argument: str) -> str:
    if _SPECIAL.isdisjoint(argument) and "," not in argument:
        return argument
    return "".join("\\" + char if char in _SPECIAL or char == "," else char for char in argument)
