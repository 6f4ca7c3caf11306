'''Declare once: an application or dialplan function is one typed Python function.

    @dataclass(frozen=True, slots=True)
    class PlaybackOptions(Options):
        skip: bool = flag("skip", "Do nothing unless the channel is answered.")

    @application("Playback")
    async def playback(
        call: Call, files: Annotated[list[str], separated("&")], options: PlaybackOptions = PlaybackOptions()
    ) -> None:
        """Play sound files.

        What it does, at length.  Sections named Args and Sets document parameters and variables.
        """

    @function("CALLERID")
    def callerid(call: Call, datatype: str) -> str: ...

    @callerid.writer
    def set_callerid(call: Call, value: str, datatype: str) -> None: ...

A function that has to wait (for a program, a web server, a lock) is an `async def` declared with
`waiting_function`; it can stand in the arguments of a priority, whose evaluation waits for it.  A writer
does its work at once; what it returns, if anything, is awaited by Set() (until a row is on disk, say).

The argument parser, the option letters, the documentation and the linter's rules come from the
signature and the docstring (see offhook.dialplan.signature for the types).  An application that never
waits is a plain `def`; it costs the runner no coroutine.

How an application tells what follows: it returns (the next priority), it calls `call.goto(...)` and
returns, it raises `Hangup` (the call ends) or `ApplicationError` (it could not; `e` or the end).
'''

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Concatenate, Generic, ParamSpec, TypeVar

from offhook.dialplan.errors import ApplicationError, ArgumentError, FunctionError
from offhook.dialplan.registry import Registry
from offhook.dialplan.signature import Options, Raw, Signature, flag, option, separated

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = [
    "Application",
    "Documentation",
    "Function",
    "Options",
    "Raw",
    "application",
    "applications",
    "flag",
    "function",
    "functions",
    "option",
    "separated",
    "waiting_function",
    "write_only_function",
]

P = ParamSpec("P")
A = TypeVar("A", bound="Callable[Concatenate[Call, ...], Awaitable[None] | None]")


class Documentation:
    """What a docstring says: synopsis, description, and the texts of its Args and Sets."""

    __slots__ = ("arguments", "description", "synopsis", "variables")

    def __init__(self, text: str | None) -> None:
        self.arguments: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        lines = inspect.cleandoc(text or "").splitlines()
        self.synopsis = lines[0].strip() if lines else ""
        described: list[str] = []
        into: dict[str, str] | None = None
        name = ""
        for line in lines[1:]:
            if not line.startswith(" ") and line.rstrip() in ("Args:", "Sets:"):
                into = self.arguments if line.startswith("Args") else self.variables
            elif into is None or (line and not line.startswith(" ")):
                into = None
                described.append(line)
            elif line.startswith("     ") and name:
                into[name] += " " + line.strip()
            elif line.strip():
                name, _, value = line.strip().partition(":")
                into[name] = value.strip()
        self.description = "\n".join(described).strip()


class Application:
    """A declared application."""

    __slots__ = ("_documentation", "_signature", "func", "name")

    def __init__(self, name: str, func: Callable[..., Awaitable[None] | None]) -> None:
        self.name = name
        self.func = func
        self._signature: Signature | None = None
        self._documentation: Documentation | None = None

    @property
    def signature(self) -> Signature:
        """What it takes; worked out at first use, which keeps start-up short."""
        if self._signature is None:
            self._signature = Signature.of(self.func, 1)
        return self._signature

    @property
    def documentation(self) -> Documentation:
        """What its docstring says."""
        if self._documentation is None:
            self._documentation = Documentation(self.func.__doc__)
        return self._documentation

    def bind(self, text: str, complaints: list[str] | None = None) -> tuple[object, ...]:
        """The arguments for the text between the parentheses.

        Raises:
            ApplicationError: it does not take these.
        """
        try:
            return self.signature.bind(text, complaints)
        except ArgumentError as error:
            raise ApplicationError(f"{self.name}: {error}") from None

    def __repr__(self) -> str:
        return f"<application {self.name}>"


class Function(Generic[P]):
    """A declared dialplan function: `reader(call, *args) -> str`, `writer(call, value, *args)`, or both."""

    __slots__ = (
        "_documentation",
        "_read_signature",
        "_write_signature",
        "dangerous",
        "name",
        "read",
        "wait",
        "write",
    )

    def __init__(self, name: str, read: Callable[Concatenate[Call, P], str] | None) -> None:
        self.name = name
        self.read = read
        self.wait: Callable[..., Awaitable[str]] | None = None
        """How it is read when it has to wait; `read` then only says that it cannot be done at once."""
        self.write: Callable[..., Awaitable[None] | None] | None = None
        self.dangerous = ""
        """`read`, `write` or `both`: what only the dialplan may do with it (live_dangerously)."""
        self._read_signature: Signature | None = None
        self._write_signature: Signature | None = None
        self._documentation: Documentation | None = None

    def writer(self, func: W) -> W:
        """Declare how it is written: `func(call, value, *args)`."""
        self.write = _guarded(func, self.name) if self.dangerous in ("write", "both") else func
        return func

    def __call__(self, call: Call, *args: P.args, **kwargs: P.kwargs) -> str:
        """Read it from Python."""
        if self.read is None:
            raise FunctionError(f"{self.name} cannot be read")
        return self.read(call, *args, **kwargs)

    @property
    def read_signature(self) -> Signature:
        """What reading takes."""
        if self._read_signature is None:
            if self.read is None:
                raise FunctionError(f"{self.name} cannot be read")
            self._read_signature = Signature.of(self.read, 1)
        return self._read_signature

    @property
    def write_signature(self) -> Signature:
        """What writing takes, besides the value."""
        if self._write_signature is None:
            if self.write is None:
                raise FunctionError(f"{self.name} cannot be written")
            self._write_signature = Signature.of(self.write, 2)
        return self._write_signature

    @property
    def documentation(self) -> Documentation:
        """What its docstring says."""
        if self._documentation is None:
            self._documentation = Documentation((self.read or self.write).__doc__)
        return self._documentation

    def bind_read(self, text: str) -> tuple[object, ...]:
        """The arguments for reading it.

        Raises:
            FunctionError: it does not take these, or cannot be read.
        """
        try:
            return self.read_signature.bind(text)
        except ArgumentError as error:
            raise FunctionError(f"{self.name}: {error}") from None

    def bind_write(self, text: str) -> tuple[object, ...]:
        """The arguments for writing it.

        Raises:
            FunctionError: it does not take these, or cannot be written.
        """
        try:
            return self.write_signature.bind(text)
        except ArgumentError as error:
            raise FunctionError(f"{self.name}: {error}") from None

    def __repr__(self) -> str:
        return f"<function {self.name}>"


W = TypeVar("W", bound="Callable[Concatenate[Call, str, ...], Awaitable[None] | None]")

applications: Registry[Application] = Registry("application")
functions: Registry[Function[...]] = Registry("function")


def application(name: str, *, registry: Registry[Application] = applications) -> Callable[[A], A]:
    """Declare an application.  The Python function stays as it is and can be called from Python."""

    def declare(func: A) -> A:
        registry.add(Application(name, func))
        return func

    return declare


def function(
    name: str, *, dangerous: str = "", registry: Registry[Function[...]] = functions
) -> Callable[[Callable[Concatenate[Call, P], str]], Function[P]]:
    """Declare how a dialplan function is read; `.writer` of the result declares how it is written.

    `dangerous` is `read`, `write` or `both`: what somebody outside the dialplan (AMI, ARI) may not do with it
    unless asterisk.conf says live_dangerously.
    """

    def declare(func: Callable[Concatenate[Call, P], str]) -> Function[P]:
        found = Function(name, _guarded(func, name) if dangerous in ("read", "both") else func)
        found.dangerous = dangerous
        registry.add(found)
        return found

    return declare


def waiting_function(
    name: str, *, dangerous: str = "", registry: Registry[Function[...]] = functions
) -> Callable[[Callable[Concatenate[Call, P], Awaitable[str]]], Function[P]]:
    """Declare a dialplan function that waits for something: an `async def`."""

    def declare(func: Callable[Concatenate[Call, P], Awaitable[str]]) -> Function[P]:
        @functools.wraps(func)
        def read(call: Call, *args: P.args, **kwargs: P.kwargs) -> str:
            raise FunctionError("it waits for something: only the arguments of a priority can do that")

        found = Function(name, read)
        found.wait = _guarded(func, name) if dangerous in ("read", "both") else func
        found.dangerous = dangerous
        registry.add(found)
        return found

    return declare


R = TypeVar("R")


def _guarded(func: Callable[Concatenate[Call, P], R], name: str) -> Callable[Concatenate[Call, P], R]:
    """`func`, refused to those outside the dialplan who may not do what reaches out of it."""

    @functools.wraps(func)
    def guarded(call: Call, *args: P.args, **kwargs: P.kwargs) -> R:
        if not call.may_live_dangerously:
            raise FunctionError(
                f"{name}: from outside the dialplan only with live_dangerously in asterisk.conf"
            )
        return func(call, *args, **kwargs)

    return guarded


def write_only_function(name: str, *, registry: Registry[Function[...]] = functions) -> Callable[[W], W]:
    """Declare a dialplan function that can only be written: `func(call, value, *args)`."""

    def declare(func: W) -> W:
        found: Function[...] = Function(name, None)
        found.write = func
        registry.add(found)
        return func

    return declare
