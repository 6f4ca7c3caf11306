"""Templates with functions that have to wait: `${CURL(...)}`, `${SHELL(...)}`, `${LOCK(...)}`.

Everything else of the language is synchronous, which is what makes it fast.  Only where a text names such a
function is it evaluated by what is here: the same parts, from left to right, with an `await` where one is
due.  A function whose name comes out of a variable is not known before and cannot wait.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from offhook.dialplan.declare import functions
from offhook.dialplan.errors import DialplanError
from offhook.dialplan.expressions import Expression, compile_expression
from offhook.dialplan.templates import (
    ExpressionPart,
    FunctionPart,
    Part,
    VariablePart,
    compile_parts,
    compile_template,
    parse_slice,
    read_by_name,
)

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = ["RenderLater", "compile_waiting", "render_waiting", "waits"]

RenderLater = Callable[["Call"], Awaitable[str]]


def waits(parts: Sequence[Part]) -> bool:
    """Whether one of the parts, or a part within it, is a function that has to wait."""
    for part in parts:
        match part:
            case str():
                continue
            case ExpressionPart(parts=inner):
                found = waits(inner)
            case VariablePart(name=name, slice=sliced):
                found = waits(name) or waits(sliced)
            case FunctionPart(name=name, arguments=arguments, slice=sliced):
                found = _is_waiting(name) or waits(name) or waits(arguments) or waits(sliced)
        if found:
            return True
    return False


def _is_waiting(name: Sequence[Part]) -> bool:
    if len(name) != 1 or not isinstance(name[0], str):
        return False
    found = functions.get(name[0].strip())
    return found is not None and found.wait is not None


async def render_waiting(call: Call, text: str) -> str:
    """Replace everything in `text`, waiting where that is needed.

    Raises:
        TemplateError: a `${` or `$[` that never ends.
    """
    template = compile_template(text)
    return await compile_waiting(template.parts)(call) if waits(template.parts) else template.render(call)


def compile_waiting(parts: Sequence[Part]) -> RenderLater:
    """A closure that gives the text of the parts."""
    renders = [_compile_one(part) for part in parts]
    if len(renders) == 1:
        return renders[0]

    async def render(call: Call) -> str:
        return "".join([await one(call) for one in renders])

    return render


def _compile_one(part: Part) -> RenderLater:
    if not waits((part,)):
        at_once = compile_parts((part,))

        async def render_at_once(call: Call) -> str:
            return at_once(call)

        return render_at_once
    if isinstance(part, ExpressionPart):
        return _expression(part)
    if isinstance(part, VariablePart):
        return _variable(part)
    assert isinstance(part, FunctionPart)  # text does not wait
    return _function(part)


def _expression(part: ExpressionPart) -> RenderLater:
    holes = [one if isinstance(one, str) else _compile_one(one) for one in part.parts]

    async def render(call: Call) -> str:
        pieces = [one if isinstance(one, str) else _always(await one(call)) for one in holes]
        expression: Expression[Call] = compile_expression(pieces)
        return expression.evaluate(call)

    return render


def _always(value: str) -> Callable[[Call], str]:
    return lambda call: value


def _variable(part: VariablePart) -> RenderLater:
    name, sliced = compile_waiting(part.name), _slice(part.slice)

    async def render(call: Call) -> str:
        value = read_by_name(call, await name(call))
        return parse_slice(await sliced(call), value) if sliced else value

    return render


def _function(part: FunctionPart) -> RenderLater:
    name, arguments, sliced = compile_waiting(part.name), compile_waiting(part.arguments), _slice(part.slice)

    async def render(call: Call) -> str:
        function_name = (await name(call)).strip()
        text = await arguments(call)
        try:
            function = call.find_function(function_name)
            bound = function.bind_read(text)
            if function.wait is not None:
                value = await function.wait(call, *bound)
            else:
                value = function.read(call, *bound) if function.read is not None else ""
        except DialplanError as error:
            call.complain(str(error) if function_name in str(error) else f"{function_name}: {error}")
            return ""
        return parse_slice(await sliced(call), value) if sliced else value

    return render


def _slice(parts: Sequence[Part]) -> RenderLater | None:
    return compile_waiting(parts) if parts else None
