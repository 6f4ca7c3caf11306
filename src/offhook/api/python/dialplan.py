'''A dialplan in Python: contexts whose extensions are coroutines.

    from offhook import Call, Dialplan

    dialplan = Dialplan()
    office = dialplan.context("office", includes=["services"])

    @office.extension("_9{number:X.}")
    async def outside(call: Call, number: str) -> None:
        """Out through the trunk."""
        await call.dial(f"PJSIP/{number}@trunk", timeout=60)

What is declared here becomes contexts and extensions like those of extensions.conf; each can include
the other's, and go there.
'''

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from offhook.api.python.parts import Part, split_parts
from offhook.dialplan.errors import DialplanError
from offhook.dialplan.timing import TimeCondition, parse_time_condition

if TYPE_CHECKING:
    from offhook.api.python.call import Call

__all__ = ["Context", "Declared", "DeclaredInclude", "DefinitionError", "Dialplan"]

P = ParamSpec("P")
F = TypeVar("F", bound="Callable[Concatenate[Call, ...], Coroutine[Any, Any, Any]]")


class DefinitionError(DialplanError):
    """An extension that cannot be: a wrong pattern, or a function that does not fit it.

    `file` and `line` say where it is declared.
    """

    def __init__(self, what: str, file: str, line: int) -> None:
        super().__init__(what)
        self.file = file
        self.line = line


@dataclass(frozen=True, slots=True)
class Declared:
    """One extension: its name or pattern, and the function with where its arguments come from."""

    name: str
    caller: str | None
    function: Callable[..., Coroutine[Any, Any, Any]]
    arguments: tuple[tuple[str, Part | None, type[int] | type[str]], ...]
    """Parameter name, the part of the number (None: all of it), and its type."""
    is_subroutine: bool
    hint: str
    file: str
    line: int

    @property
    def title(self) -> str:
        """The function's name with its module, as `dialplan show` and call records have it."""
        function = self.function
        return f"{function.__module__.rpartition('.')[2]}.{function.__qualname__.rpartition('<locals>.')[2]}"


@dataclass(frozen=True, slots=True)
class DeclaredInclude:
    """`include`: a context and when it counts."""

    context: str
    times: str
    condition: TimeCondition | None
    file: str
    line: int


@dataclass(slots=True)
class Context:
    """A context: extensions that calls in it can reach.  Made by `Dialplan.context`."""

    name: str
    file: str
    line: int
    extensions: dict[tuple[str, str | None], Declared] = field(
        default_factory=dict[tuple[str, "str | None"], Declared]
    )
    hints: dict[str, tuple[str, str, int]] = field(default_factory=dict[str, tuple[str, str, int]])
    includes: list[DeclaredInclude] = field(default_factory=list[DeclaredInclude])
    ignored: list[str] = field(default_factory=list[str])

    def extension(self, *names: str, caller: str | None = None, hint: str = "") -> Callable[[F], F]:
        """Declare what a call does at these names or patterns.

        A pattern may have named parts, `_9{number:X.}`; the function's parameters have their names.  One
        parameter that is no part gets the whole number that was dialled.  Types are `str` and `int`.

        Args:
            names: names (`500`, `s`, `h`) or patterns (`_6XXX`).
            caller: only for callers with this number or pattern.
            hint: devices whose state phones may watch at these names.

        Raises:
            DefinitionError: a wrong pattern, a name that is there already, a function that does not fit.
        """
        return self._declare(names, caller, hint, is_subroutine=False)

    def subroutine(self, name: str) -> Callable[[F], F]:
        """Declare what `Gosub(context,name,1(args))` and `call.gosub` run; its result is GOSUB_RETVAL.

        The function's parameters are filled as an application's are: `str`, `int`, `float`, with defaults.

        Raises:
            DefinitionError: a name that is there already, or a function that is no coroutine.
        """
        return self._declare((name,), None, "", is_subroutine=True)

    def include(self, context: Context | str, when: str = "") -> None:
        """Have what another context has, here or in extensions.conf, after one's own.

        Args:
            context: the context or its name.
            when: `times,weekdays,days,months`, as in extensions.conf; always if not given.

        Raises:
            DefinitionError: `when` is no time condition.
        """
        file, line = _caller_of_us()
        name = context.name if isinstance(context, Context) else context
        try:
            condition = parse_time_condition(when) if when else None
        except DialplanError as error:
            raise DefinitionError(str(error), file, line) from error
        self.includes.append(DeclaredInclude(name, when, condition, file, line))

    def hint(self, exten: str, devices: str) -> None:
        """Let phones watch the state of devices (`PJSIP/6001`) at this extension."""
        file, line = _caller_of_us()
        self.hints[exten] = (devices, file, line)

    def ignore(self, pattern: str) -> None:
        """Let the dial tone go on after these digits (`ignorepat`)."""
        self.ignored.append(pattern)

    def _declare(
        self, names: tuple[str, ...], caller: str | None, hint: str, *, is_subroutine: bool
    ) -> Callable[[F], F]:
        if not names:
            file, line = _caller_of_us()
            raise DefinitionError("an extension needs a name or pattern", file, line)

        def declare(function: F) -> F:
            code = getattr(function, "__code__", None)
            file = code.co_filename if code is not None else self.file
            line = code.co_firstlineno if code is not None else self.line
            if not inspect.iscoroutinefunction(function):
                raise DefinitionError(f"{function!r} is no coroutine: write `async def`", file, line)
            for text in names:
                try:
                    name, parts = split_parts(text)
                    arguments = () if is_subroutine else _arguments(function, text, parts)
                except (DialplanError, TypeError, NameError) as error:
                    raise DefinitionError(str(error), file, line) from error
                known = self.extensions.get((name, caller))
                if known is not None:
                    what = f"{name}@{self.name} is declared already, at {known.file}:{known.line}"
                    raise DefinitionError(what, file, line)
                self.extensions[name, caller] = Declared(
                    name, caller, function, arguments, is_subroutine, hint, file, line
                )
            return function

        return declare


class Dialplan:
    """Contexts, for one file or one part of a program."""

    __slots__ = ("contexts", "globals")

    def __init__(self, *, globals: Mapping[str, str] | None = None) -> None:
        self.contexts: dict[str, Context] = {}
        self.globals: dict[str, str] = dict(globals or {})
        """Global variables."""

    def context(
        self, name: str, *, includes: Iterable[Context | str] = (), ignore: Iterable[str] = ()
    ) -> Context:
        """The context of this name, made when it is new."""
        found = self.contexts.get(name)
        if found is None:
            found = self.contexts[name] = Context(name, *_caller_of_us())
        for one in includes:
            found.include(one)
        for pattern in ignore:
            found.ignore(pattern)
        return found

    def include(self, other: Dialplan) -> None:
        """Add all contexts of another dialplan, of another file for example.

        Raises:
            DefinitionError: an extension is declared in both.
        """
        self.globals.update(other.globals)
        for name, context in other.contexts.items():
            mine = self.contexts.setdefault(name, Context(name, context.file, context.line))
            for key, declared in context.extensions.items():
                known = mine.extensions.get(key)
                if known is not None and known is not declared:
                    what = f"{declared.name}@{name} is declared already, at {known.file}:{known.line}"
                    raise DefinitionError(what, declared.file, declared.line)
                mine.extensions[key] = declared
            mine.hints.update(context.hints)
            mine.includes += (one for one in context.includes if one not in mine.includes)
            mine.ignored += (one for one in context.ignored if one not in mine.ignored)


def _caller_of_us() -> tuple[str, int]:
    """File and line of the first frame that is not this module's."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame.f_back is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def _arguments(
    function: Callable[..., object], text: str, parts: tuple[Part, ...]
) -> tuple[tuple[str, Part | None, type[int] | type[str]], ...]:
    """Where each parameter after the call comes from.  TypeError for what does not fit."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    by_name: dict[str, Part | None] = {part.name: part for part in parts}
    whole = [one.name for one in parameters if one.name not in by_name]
    if len(whole) > 1:
        raise TypeError(
            f"{text}: {' and '.join(whole)} are no parts of the pattern: write {{{whole[0]}:...}}"
        )
    names = {one.name for one in parameters}
    for part in parts:
        if part.name not in names:
            raise TypeError(f"{text}: the function has no parameter {part.name}")
    found: list[tuple[str, Part | None, type[int] | type[str]]] = []
    for one in parameters:
        if one.kind not in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY):
            raise TypeError(f"{text}: *{one.name} cannot be filled from a number")
        annotation = one.annotation
        if annotation in (int, "int"):
            kind: type[int] | type[str] = int
        elif annotation in (str, "str", one.empty):
            kind = str
        else:
            raise TypeError(f"{text}: the parameter {one.name} can be str or int, not {annotation}")
        found.append((one.name, by_name.get(one.name), kind))
    return tuple(found)
