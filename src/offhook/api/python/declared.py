"""Declaring applications and functions in Python, for packages: `offhook.application`, `.function`."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Concatenate, TypeVar, cast

from offhook.api.python.call import Call
from offhook.api.python.steps import run_flow
from offhook.dialplan.declare import Application, Function, applications, functions

if TYPE_CHECKING:
    from offhook.dialplan.call import Call as DialplanCall

__all__ = ["DeclaredFunction", "application", "function"]

A = TypeVar("A", bound="Callable[Concatenate[Call, ...], Awaitable[None] | None]")
W = TypeVar("W", bound="Callable[Concatenate[Call, str, ...], None]")


def application(name: str) -> Callable[[A], A]:
    """Declare an application of the dialplan: `exten => 1,1,Greet(Bob,3)`, `call.apps.Greet("Bob", 3)`.

    Its arguments, option letters and documentation follow from the function's signature and docstring:
    parameters are str, int, float, lists (`Annotated[list[str], separated("&")]`) and Options.

    Raises:
        ValueError: there is an application of this name.
    """

    def declare(func: A) -> A:
        @functools.wraps(func)
        async def run(call: DialplanCall, *args: object) -> None:
            async def work(public: Call) -> None:
                waits = func(public, *args)
                if waits is not None:
                    await waits

            await run_flow(call, name, work)

        applications.add(Application(name, run))
        return func

    return declare


class DeclaredFunction:
    """A function of the dialplan; `writer` declares how it is set."""

    def __init__(self, found: Function[...]) -> None:
        self._found = found

    def writer(self, func: W) -> W:
        """Declare how it is written: `func(call, value, ...)`."""

        @functools.wraps(func)
        def write(call: DialplanCall, value: str, *args: object) -> None:
            func(Call(call), value, *args)

        self._found.write = write
        return func


def function(name: str) -> Callable[[Callable[Concatenate[Call, ...], str]], DeclaredFunction]:
    """Declare how a function of the dialplan is read: `${GREETING(Bob)}`, `call.functions.GREETING("Bob")`.

    It must not wait: it is called while a text is replaced.

    Raises:
        ValueError: there is a function of this name.
    """

    def declare(func: Callable[Concatenate[Call, ...], str]) -> DeclaredFunction:
        @functools.wraps(func)
        def read(call: DialplanCall, *args: Any) -> str:
            return func(Call(call), *args)

        found: Function[...] = Function(name, cast("Callable[..., str]", read))
        functions.add(found)
        return DeclaredFunction(found)

    return declare
