"""Applications and functions by their names: `call.apps.Playback(["hello"])`, `call.functions.LEN("abc")`.

Their types and docstrings are in `named.pyi`, which scripts/named_stub.py makes from the declarations.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from offhook.dialplan.declare import applications, functions
from offhook.dialplan.errors import ApplicationError, ArgumentError, FunctionError
from offhook.dialplan.steps import find_application

if TYPE_CHECKING:
    from offhook.api.python.call import Call
    from offhook.dialplan.call import Call as DialplanCall
    from offhook.dialplan.signature import Parameter, Signature

__all__ = ["Applications", "Functions"]


def _value(parameter: Parameter, index: int, value: Any) -> object:
    """What a parameter gets for a Python value: text is read as the dialplan's would be."""
    if isinstance(value, str):
        return parameter.read(value, index + 1, None)
    if parameter.options is not None or value is None:
        return value
    if parameter.separator:
        return [str(one) for one in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return parameter.convert(str(value))
    return value


def bind(signature: Signature, args: tuple[object, ...], named: dict[str, object]) -> tuple[object, ...]:
    """Positional values for Python arguments.

    Raises:
        TypeError: there are too many, one is missing or has a name that it does not know.
        ArgumentError: a text is not what the parameter takes.
    """
    variadic = signature.variadic
    fixed = [one for one in signature.parameters if one is not variadic]
    if len(args) > len(fixed) and variadic is None:
        raise TypeError(f"it takes at most {len(fixed)} arguments, here are {len(args)}")
    values: list[object] = []
    for index, parameter in enumerate(fixed):
        if index < len(args):
            if parameter.name in named:
                raise TypeError(f"{parameter.name} is given twice")
            values.append(_value(parameter, index, args[index]))
        elif parameter.name in named:
            values.append(_value(parameter, index, named.pop(parameter.name)))
        elif parameter.required:
            raise TypeError(f"it needs {parameter.name}")
        else:
            values.append(parameter.default)
    if named:
        raise TypeError(f"it has no parameter {next(iter(named))}")
    if variadic is not None:
        values += (_value(variadic, number, args[number]) for number in range(len(fixed), len(args)))
    return tuple(values)


def as_text(signature: Signature, args: tuple[object, ...], named: dict[str, object]) -> str:
    """Python arguments as the dialplan would write them, for call records and `core show channels`."""
    parts: list[str] = []
    given = dict(named)
    for index, parameter in enumerate(signature.parameters):
        if parameter is signature.variadic:
            parts += (str(one) for one in args[index:])
            break
        value = args[index] if index < len(args) else given.get(parameter.name)
        if value is None:
            parts.append("")
        elif isinstance(value, str | int | float):
            parts.append(str(value))
        elif parameter.separator and not isinstance(value, bytes):
            parts.append(parameter.separator.join(str(one) for one in value))  # pyright: ignore
        elif parameter.options is not None:
            parts.append(value.letters())  # pyright: ignore
        else:
            parts.append(str(value))
    return ",".join(parts).rstrip(",")


class Applications:
    """Every application as a method; see the module's text."""

    __slots__ = ("_call",)

    def __init__(self, call: Call) -> None:
        self._call = call

    def __getattr__(self, name: str) -> Callable[..., Awaitable[None]]:
        if name.startswith("_"):
            raise AttributeError(name)
        application = find_application(name)
        call = self._call

        async def run(*args: object, **named: object) -> None:
            signature = application.signature
            try:
                text = as_text(signature, args, named)
                bound = bind(signature, args, dict(named))
            except TypeError as error:
                raise TypeError(f"{application.name}: {error}") from None
            except ArgumentError as error:
                raise ApplicationError(f"{application.name}: {error}") from None
            await call.perform(application, bound, text)

        run.__name__ = run.__qualname__ = application.name
        run.__doc__ = application.func.__doc__
        return run

    def __dir__(self) -> list[str]:
        return applications.names()


class BoundFunction:
    """A function of the dialplan on a call: calling reads it, `set` writes it."""

    __slots__ = ("_call", "_function")

    def __init__(self, call: DialplanCall, name: str) -> None:
        self._call = call
        self._function = call.find_function(name)

    def __call__(self, *args: object, **named: object) -> str:
        """Read it.  Raises FunctionError when it cannot be read so."""
        function = self._function
        if function.read is None:
            raise FunctionError(f"{function.name} cannot be read")
        return function.read(self._call, *self._bound(function.read_signature, args, named))

    def set(self, value: object, *args: object, **named: object) -> None:
        """Write it.  Raises FunctionError when it cannot be written so."""
        function = self._function
        if function.write is None:
            raise FunctionError(f"{function.name} cannot be written")
        function.write(self._call, str(value), *self._bound(function.write_signature, args, named))

    def _bound(
        self, signature: Signature, args: tuple[object, ...], named: dict[str, object]
    ) -> tuple[object, ...]:
        try:
            return bind(signature, args, dict(named))
        except TypeError as error:
            raise TypeError(f"{self._function.name}: {error}") from None
        except ArgumentError as error:
            raise FunctionError(f"{self._function.name}: {error}") from None


class Functions:
    """Every dialplan function as a member; see the module's text."""

    __slots__ = ("_call",)

    def __init__(self, call: DialplanCall) -> None:
        self._call = call

    def __getattr__(self, name: str) -> BoundFunction:
        if name.startswith("_"):
            raise AttributeError(name)
        return BoundFunction(self._call, name)

    def __dir__(self) -> list[str]:
        return functions.names()
