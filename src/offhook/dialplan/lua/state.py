"""One Lua state with a script in it.  A state is used by one thread at a time.

lupa gives up the interpreter lock while Lua runs, so a script in a thread does not keep the event loop
from its turn, however long it calculates; the hook of the prelude ends one that has to end.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from offhook.dialplan.errors import ApplicationError, DialplanError
from offhook.dialplan.lua.prelude import HOOK_PERIOD, PRELUDE

__all__ = ["Entry", "LuaError", "LuaState", "decode"]

# What one script may hold; a runaway table ends its call, not the node.
MAX_MEMORY = 64 * 1024 * 1024

Entry = tuple[str, str, str, str, int]
"""kind (context, exten, include, hint, error), context, name, value, line."""


class LuaError(DialplanError):
    """A script is wrong, or failed; the text has its own file and line."""


def decode(text: object) -> str:
    """A string of Lua's (bytes) as text."""
    return text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else str(text)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _given(function: Callable[..., None]) -> Callable[..., None]:
    """A function of texts as Lua calls it."""

    def call(*arguments: object) -> None:
        function(*map(decode, arguments))

    return call


class LuaState:
    """A Lua state, and what its script calls."""

    def __init__(
        self,
        source: bytes,
        path: str,
        *,
        run: Callable[[str, str], None],
        get: Callable[[str], str],
        set_value: Callable[[str, str], None],
        log: Callable[[str], None],
        must_end: Callable[[], str],
    ) -> None:
        """Run the script itself.

        Raises:
            LuaError: it is no Lua, fails, or has to end.
        """
        try:
            # Imported here, because few have scripts; 5.1 is what scripts for Asterisk are written for.
            import lupa.lua51 as lupa  # pyright: ignore
        except ImportError:
            raise LuaError(
                "extensions.lua needs the Python package lupa (pip install 'offhook[lua]')"
            ) from None
        module: Any = lupa
        self._errors: tuple[type[BaseException], ...] = (
            module.LuaError,
            module.LuaSyntaxError,
            module.LuaMemoryError,
        )
        runtime: Any = module.LuaRuntime(
            encoding=None,
            register_eval=False,
            register_builtins=False,
            unpack_returned_tuples=True,
            max_memory=MAX_MEMORY,
        )
        self._runtime = runtime
        prelude: Any = runtime.compile(PRELUDE)

        def lua_get(name: object) -> bytes:
            return _encode(get(decode(name)))

        def lua_must_end() -> bytes | None:
            why = must_end()
            return _encode(why) if why else None

        self._load: Any
        self._contents: Any
        self._execute: Any
        self._load, self._contents, self._execute = prelude(
            _given(run),
            lua_get,
            _given(set_value),
            _given(log),
            lua_must_end,
            HOOK_PERIOD,
        )
        self._call(self._load, source, _encode("@" + os.path.basename(path)))

    def contents(self) -> list[Entry]:
        """What `extensions` and `hints` say."""
        found: Any = self._call(self._contents)
        entries: list[Entry] = []
        for entry in found.values():
            kind, context, name, value, line = (entry[number] for number in range(1, 6))
            entries.append((decode(kind), decode(context), decode(name), decode(value), int(line)))
        return entries

    def execute(self, context: str, name: str, exten: str) -> None:
        """Call the function of an extension.

        Raises:
            LuaError: it failed.
        """
        self._call(self._execute, _encode(context), _encode(name), _encode(exten))

    def _call(self, function: Any, *arguments: object) -> Any:
        try:
            return function(*arguments)
        except self._errors as error:
            if isinstance(error, MemoryError):
                raise LuaError(f"it takes more than {MAX_MEMORY >> 20} MiB of memory") from None
            raise LuaError(str(error).partition("\nstack traceback")[0]) from None
        except ApplicationError as error:
            raise LuaError(str(error)) from error
