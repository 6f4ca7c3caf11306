"""Console commands are declared once: words, help and code.

    @command("core show channels", "core show channels concise")
    def show_channels(node, words): ...

A command is found by its longest matching words, each of which may be shortened as far as it stays
unique, as in Asterisk's console.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Command", "CommandError", "Commands"]

log = logging.getLogger(__name__)

# A command gets the node and the words behind its own; it gives the text to print.
Body = Callable[[Any, list[str]], "str | Awaitable[str]"]


class CommandError(Exception):
    """A command was used wrongly; the text is what the operator sees."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its words, what follows them, and its help (first line: synopsis)."""

    words: tuple[str, ...]
    usage: str
    help: str
    body: Body

    @property
    def name(self) -> str:
        """The command as it is typed."""
        return " ".join(self.words)


class Commands:
    """The commands of a console."""

    def __init__(self) -> None:
        self._commands: dict[tuple[str, ...], Command] = {}

    def add(self, words: str, usage: str = "") -> Callable[[Body], Body]:
        """Declare a command; the help is the function's docstring."""
        key = tuple(words.split())

        def declare(body: Body) -> Body:
            self._commands[key] = Command(key, usage, inspect.getdoc(body) or "", body)
            return body

        return declare

    def all(self) -> Sequence[Command]:
        """Every command, sorted by name."""
        return sorted(self._commands.values(), key=lambda command: command.words)

    def find(self, line: str) -> tuple[Command, list[str]] | None:
        """The command that a line means and the words behind it; None when there is none or several."""
        words = line.split()
        for length in range(len(words), 0, -1):
            given = words[:length]
            exact = self._commands.get(tuple(given))
            if exact is not None:
                return exact, words[length:]
            near = [
                command
                for key, command in self._commands.items()
                if len(key) == length
                and all(full.startswith(short) for full, short in zip(key, given, strict=True))
            ]
            if len(near) == 1:
                return near[0], words[length:]
        return None

    async def run(self, node: Any, line: str) -> str:
        """Carry out a line and give what to print.  Never raises for what is in the line."""
        if not line.strip():
            return ""
        found = self.find(line)
        if found is None:
            return f"No such command '{line}' (type 'core show help {line}' for other possible commands)\n"
        command, rest = found
        try:
            answer = command.body(node, rest)
            return answer if isinstance(answer, str) else await answer
        except CommandError as error:
            return f"{error}\n"
        except Exception as error:
            log.exception("console: %r failed", line)
            return f"the command failed: {error or type(error).__name__}\n"
