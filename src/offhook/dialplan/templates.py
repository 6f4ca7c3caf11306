"""Text with `${...}` and `$[...]` in it, taken apart once and compiled to a closure.

    ${NAME}                     a variable: computed, else of the channel, else global, else ""
    ${${X}_NAME}                the name is itself text with variables
    ${NAME:offset:length}       a part; a negative offset counts from the end, a negative length leaves
                                that many characters off the end
    ${FUNCTION(args)}           a dialplan function; `:offset:length` works as well
    $[expression]               see offhook.dialplan.expressions

As in Asterisk, what comes out of a variable is text and is not looked at again; only a name that is
put together from variables may itself turn out to be `FUNCTION(args)` or to have `:offset:length`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.dialplan.computed import COMPUTED
from offhook.dialplan.errors import DialplanError, TemplateError
from offhook.dialplan.expressions import Expression, compile_expression

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = [
    "ExpressionPart",
    "FunctionPart",
    "Part",
    "Template",
    "VariablePart",
    "compile_parts",
    "compile_template",
    "parse_slice",
    "read_by_name",
    "substring",
    "truth",
]

Render = Callable[["Call"], str]

_SLICE = re.compile(r"\s*([+-]?\d{1,9})\d*(?::\s*([+-]?\d{1,9})\d*)?")
_CONDITION = re.compile(r"\s*[+-]?(\d+)")
_MAX_DEPTH = 50  # of ${ within ${: far below Python's own limit


def truth(condition: str) -> bool:
    """The truth of a condition: "" is false, text that begins with a number is false if that is 0."""
    if condition == "1":
        return True
    found = _CONDITION.match(condition)
    return bool(found[1].strip("0")) if found else bool(condition)


def substring(value: str, offset: int, length: int | None) -> str:
    """A part of a value by the rules of `${NAME:offset:length}`."""
    size = len(value)
    if offset < 0:
        offset = max(0, size + offset)
    end = size if length is None else offset + length if length >= 0 else size + length
    return value[offset:end] if end > offset else ""


def parse_slice(text: str, value: str) -> str:
    """The part of a value that `offset[:length]` names; all of it when the text is no such thing."""
    found = _SLICE.match(text)
    if found is None:
        return value
    return substring(value, int(found[1]), int(found[2]) if found[2] else None)


# ---------------------------------------------------------------- what a template consists of


@dataclass(frozen=True, slots=True)
class VariablePart:
    """`${name:slice}`; the name and the slice may have parts of their own."""

    name: Sequence[Part]
    slice: Sequence[Part]


@dataclass(frozen=True, slots=True)
class FunctionPart:
    """`${name(arguments):slice}`."""

    name: Sequence[Part]
    arguments: Sequence[Part]
    slice: Sequence[Part]


@dataclass(frozen=True, slots=True)
class ExpressionPart:
    """`$[...]`."""

    parts: Sequence[Part]


Part = str | VariablePart | FunctionPart | ExpressionPart


class Template:
    """Compiled text."""

    __slots__ = ("constant", "parts", "render", "text")

    def __init__(self, text: str, parts: Sequence[Part], render: Render) -> None:
        self.text = text
        self.parts = parts
        self.render = render
        """`render(call)`: the text with everything replaced."""
        self.constant = all(isinstance(part, str) for part in parts)
        """Whether there is nothing to replace."""

    def __repr__(self) -> str:
        return f"<template {self.text!r}>"


_compiled: dict[str, Template] = {}
# Texts of a dialplan repeat (${EXTEN} in every second line); those made at run time must not fill memory.
_MAX_COMPILED = 50_000


def compile_template(text: str) -> Template:
    """Compile text.

    Raises:
        TemplateError: a `${` or `$[` that never ends.
        ExpressionError: a constant `$[...]` that is no expression.
    """
    found = _compiled.get(text)
    if found is None:
        has_parts = "${" in text or "$[" in text
        parts: Sequence[Part] = _Parser(text).parse(0) if has_parts else (text,)
        found = Template(text, parts, compile_parts(parts))
        if len(_compiled) >= _MAX_COMPILED:
            _compiled.clear()
        _compiled[text] = found
    return found


# ---------------------------------------------------------------- parsing


class _Parser:
    """One pass over the text, from each opening bracket to its closing one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.depth = 0

    def parse(self, at: int) -> list[Part]:
        parts, _ = self.until(at, "")
        return parts

    def until(self, at: int, stop: str) -> tuple[list[Part], int]:
        """Parts up to the bracket that closes (`}` or `]`), or to the end when `stop` is empty."""
        text, end = self.text, len(self.text)
        start = at
        parts: list[Part] = []
        literal: list[str] = []
        opening = {"}": "{", "]": "["}.get(stop, "")
        level = 0
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise TemplateError(f"it nests deeper than {_MAX_DEPTH} levels")
        while at < end:
            char = text[at]
            if char == "$" and text[at + 1 : at + 2] in ("{", "["):
                bracket = text[at + 1]
                inner, after = self.until(at + 2, "}" if bracket == "{" else "]")
                if literal:
                    parts.append("".join(literal))
                    literal.clear()
                parts.append(_variable(inner) if bracket == "{" else ExpressionPart(tuple(inner)))
                at = after
                continue
            if stop and char == opening:
                level += 1
            elif char == stop:
                if not level:
                    if literal:
                        parts.append("".join(literal))
                    self.depth -= 1
                    return parts, at + 1
                level -= 1
            literal.append(char)
            at += 1
        if stop:
            opened = text[start - 2 : start + 20]
            raise TemplateError(f"{opened!r} has no closing {stop!r}")
        if literal or not parts:
            parts.append("".join(literal))
        self.depth -= 1
        return parts, at


def _variable(inner: Sequence[Part]) -> Part:
    """Tell name, arguments and slice of what stands between `${` and `}`."""
    name: list[Part] = []
    arguments: list[Part] = []
    sliced: list[Part] = []
    into = name
    parens = 0
    is_function = False
    for part in inner:
        if not isinstance(part, str):
            into.append(part)
            continue
        start = 0
        for index, char in enumerate(part):
            if into is sliced:
                break
            if char == "(":
                parens += 1
                if parens == 1 and not is_function:
                    _add(into, part[start:index])
                    is_function, into, start = True, arguments, index + 1
            elif char == ")":
                parens -= 1
            elif char == ":" and parens <= 0:
                _add(into, part[start:index])
                into, start = sliced, index + 1
        _add(into, part[start:])
    if not is_function:
        return VariablePart(tuple(name), tuple(sliced))
    return FunctionPart(tuple(name), tuple(_without_closing(arguments)), tuple(sliced))


def _add(into: list[Part], text: str) -> None:
    if text:
        into.append(text)


def _without_closing(arguments: list[Part]) -> list[Part]:
    """Arguments without the last `)` and what follows it."""
    for index in range(len(arguments) - 1, -1, -1):
        part = arguments[index]
        if isinstance(part, str) and ")" in part:
            kept = part[: part.rindex(")")]
            return [*arguments[:index], kept] if kept else arguments[:index]
    return arguments


# ---------------------------------------------------------------- compiling


def compile_parts(parts: Sequence[Part]) -> Render:
    """A closure for a sequence of parts, the common short ones without a loop."""
    if not parts:
        return lambda call: ""
    if len(parts) == 1:
        only = parts[0]
        return _literal(only) if isinstance(only, str) else _compile_part(only)
    if len(parts) == 2:
        first, second = parts
        if isinstance(first, str) and not isinstance(second, str):
            tail = _compile_part(second)
            return lambda call: first + tail(call)
        if isinstance(second, str) and not isinstance(first, str):
            head = _compile_part(first)
            return lambda call: head(call) + second
    renders = [_literal(part) if isinstance(part, str) else _compile_part(part) for part in parts]
    return lambda call: "".join([render(call) for render in renders])


def _literal(text: str) -> Render:
    return lambda call: text


def _compile_part(part: VariablePart | FunctionPart | ExpressionPart) -> Render:
    if isinstance(part, ExpressionPart):
        pieces = [one if isinstance(one, str) else _compile_part(one) for one in part.parts]
        expression: Expression[Call] = compile_expression(pieces)
        return expression.evaluate
    if isinstance(part, FunctionPart):
        return _sliced(_compile_function(part), part.slice)
    if len(part.name) <= 1 and all(isinstance(one, str) for one in part.name):
        name = part.name[0] if part.name else ""
        assert isinstance(name, str)
        return _sliced(_read_variable(name), part.slice)
    return _sliced(_read_by_name(compile_parts(part.name)), part.slice)


def _read_variable(name: str) -> Render:
    computed = COMPUTED.get(name)
    if computed is not None:
        return computed

    def read(call: Call) -> str:
        value = call.variables.get(name)
        return call.globals.get(name, "") if value is None else value

    return read


def _read_by_name(render_name: Render) -> Render:
    """`${${X}}`: only when it is run is the name known, and whether it is a variable at all."""
    return lambda call: read_by_name(call, render_name(call))


def read_by_name(call: Call, name: str) -> str:
    """The value of a variable, or of what else stands between `${` and `}`, by its final name."""
    if "(" in name or ":" in name:
        part = _variable([name])
        return _compile_part(part)(call) if not isinstance(part, str) else part
    computed = COMPUTED.get(name)
    if computed is not None:
        return computed(call)
    value = call.variables.get(name)
    return call.globals.get(name, "") if value is None else value


def _sliced(read: Render, parts: Sequence[Part]) -> Render:
    if not parts:
        return read
    if all(isinstance(part, str) for part in parts):
        found = _SLICE.match("".join(str(part) for part in parts))
        if found is None:
            return read
        offset, length = int(found[1]), int(found[2]) if found[2] else None
        if length is None and offset >= 0:
            return lambda call: read(call)[offset:]
        return lambda call: substring(read(call), offset, length)
    render = compile_parts(parts)

    return lambda call: parse_slice(render(call), read(call))


def _compile_function(part: FunctionPart) -> Render:
    name = part.name[0] if len(part.name) == 1 else None
    arguments = compile_parts(part.arguments)
    if not isinstance(name, str):
        render_name = compile_parts(part.name)
        return lambda call: call.call_function(render_name(call), arguments(call))
    function_name = name.strip()
    known = ""  # the arguments that `bound` was made from
    bound: tuple[object, ...] | None = None
    reader: Callable[..., str] | None = None

    def read(call: Call) -> str:
        nonlocal known, bound, reader
        text = arguments(call)
        if bound is None or reader is None or text != known:
            try:
                function = call.find_function(function_name)
                bound = function.bind_read(text)
                reader = function.read
            except DialplanError as error:
                bound = None
                call.complain(str(error))
                return ""
            known = text
            if reader is None:
                return ""
        try:
            return reader(call, *bound)
        except DialplanError as error:
            call.complain(f"{function_name}: {error}")
            return ""

    return read
