"""Variables in what a dialplan needs at load: values of [globals], names of extensions and includes.

There is no channel then: global variables, ENV(), GLOBAL(), parts of them and expressions work.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from offhook.dialplan.errors import FunctionError, TemplateError
from offhook.dialplan.expressions import evaluate_text
from offhook.dialplan.templates import FunctionPart, Part, VariablePart, compile_template, parse_slice

__all__ = ["substitute_globals"]


class _LoadTime:
    """The environment of an expression at load: a mistake in it is an error there and then."""

    def call_function(self, name: str, arguments: str) -> str:
        raise FunctionError(f"{name}() cannot be used here")

    def complain(self, what: str) -> None:
        raise TemplateError(what)


def substitute_globals(text: str, variables: Mapping[str, str]) -> str:
    """Replace what can be replaced without a channel.

    Raises:
        TemplateError, ExpressionError: the text is wrong.
        FunctionError: it has a function that needs a channel.
    """
    return _render(compile_template(text).parts, variables)


def _render(parts: Sequence[Part], variables: Mapping[str, str]) -> str:
    return "".join(part if isinstance(part, str) else _part(part, variables) for part in parts)


def _part(part: Part, variables: Mapping[str, str]) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, VariablePart):
        value = variables.get(_render(part.name, variables), "")
    elif isinstance(part, FunctionPart):
        name = _render(part.name, variables).strip().upper()
        argument = _render(part.arguments, variables)
        if name == "ENV":
            value = os.environ.get(argument, "")
        elif name == "GLOBAL":
            value = variables.get(argument, "")
        else:
            raise FunctionError(f"{name}() cannot be used here: there is no channel yet")
    else:
        return evaluate_text(_render(part.parts, variables), _LoadTime())
    return parse_slice(_render(part.slice, variables), value)
