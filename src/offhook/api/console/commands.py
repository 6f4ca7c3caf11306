"""Console commands are declared once: words, help and code.

    @commands.add("core show channels [concise|verbose|count]")
    def show_channels(node, words): ...

    @commands.add("pjsip show endpoint", "ENDPOINT")
    def show_endpoint(node, words): ...

The pattern is written as Asterisk's `core show help` writes it: words, `{a|b}` for one of several words,
`[a|b]` for words that may be there.  What follows it is the usage: words in capitals stand for something,
those that `completion.SOURCES` knows are completed.  The code gets the words behind the pattern's plain
words, so `["concise"]` for the first; choices that stand between plain words come first.

A command is found by its longest matching words, each of which may be shortened as far as it stays
unique, as in Asterisk's console.
"""

from __future__ import annotations

import inspect
import itertools
import logging
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

from offhook.api.console.callers import current_caller
from offhook.config.files.cli import CliPermissions

__all__ = ["Command", "CommandError", "Commands", "Session", "current_session", "split_line"]

log = logging.getLogger(__name__)

# A command gets the node and the words behind its own; it gives the text to print.
Body = Callable[[Any, list[str]], "str | Awaitable[str]"]

_CHOICE = re.compile(r"[\[{](.*)[\]}]$")


class CommandError(Exception):
    """A command was used wrongly; the text is what the operator sees."""


class Session(Protocol):
    """An interactive console: what commands may change of it."""

    muted: bool
    """Whether log lines are kept from it."""

    @property
    def verbose(self) -> int:
        """Up to which number VERBOSE lines are shown."""
        ...

    def set_verbose(self, depth: int) -> None:
        """Change it."""
        ...

    def set_kind(self, kind: str, on: bool) -> None:
        """Show the log's lines of a kind, or no more."""
        ...


current_session: ContextVar[Session | None] = ContextVar("current_session", default=None)
"""The interactive console whose line is being carried out, None for a single command (-rx, AMI)."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its words, what follows them, and its help (first line: synopsis)."""

    words: tuple[str, ...]
    """The words that name it; of choices between them the first."""
    pattern: str
    """As it is listed: with choices."""
    usage: str
    help: str
    body: Body

    @property
    def name(self) -> str:
        """The command as it is typed."""
        return " ".join(self.words)

    @property
    def whole(self) -> str:
        """The pattern, and what follows it."""
        return f"{self.pattern} {self.usage}".rstrip()

    @property
    def synopsis(self) -> str:
        """What it does, in a line."""
        return self.help.partition("\n")[0]


class _Key:
    """The words that find a command, and those of them that its code is told."""

    __slots__ = ("command", "told")

    def __init__(self, command: Command, told: list[str]) -> None:
        self.command = command
        self.told = told


class Commands:
    """The commands of a console."""

    def __init__(self) -> None:
        self._commands: dict[str, Command] = {}  # by pattern
        self._keys: dict[tuple[str, ...], _Key] = {}
        self._longest = 0

    def add(self, pattern: str, usage: str = "") -> Callable[[Body], Body]:
        """Declare a command; the help is the function's docstring."""

        def declare(body: Body) -> Body:
            before, told = _plain(pattern)
            keys = [tuple(words) for words in itertools.product(*before)]
            command = Command(keys[0], pattern, usage, inspect.getdoc(body) or "", body)
            self._commands[pattern] = command
            for key in keys:
                self._keys[key] = _Key(command, [key[place] for place in told])
                self._longest = max(self._longest, len(key))
            return body

        return declare

    def all(self) -> Sequence[Command]:
        """Every command, sorted by name."""
        return sorted(self._commands.values(), key=lambda command: command.words)

    def find(self, line: str) -> tuple[Command, list[str]] | None:
        """The command that a line means and the words behind it; None when there is none or several."""
        return self.find_words(split_line(line))

    def find_words(self, words: list[str]) -> tuple[Command, list[str]] | None:
        """As find(), of a line that has been split."""
        for length in range(min(len(words), self._longest), 0, -1):
            given = tuple(words[:length])
            found = self._keys.get(given)
            if found is None:
                near = list(self._near(given))
                if len(near) != 1:
                    continue
                found = near[0]
            return found.command, [*found.told, *words[length:]]
        return None

    def _near(self, given: tuple[str, ...]) -> Iterator[_Key]:
        for key, found in self._keys.items():
            if len(key) == len(given) and _begins(key, given):
                yield found

    def next_words(self, words: Sequence[str]) -> list[str]:
        """The words of commands that may follow these, sorted."""
        given = tuple(words)
        keys = [key for key in self._keys if len(key) > len(given) and _begins(key[: len(given)], given)]
        return sorted({key[len(given)] for key in keys})

    def matching(self, words: Sequence[str]) -> list[Command]:
        """The commands that begin with these words, which may be shortened."""
        given = tuple(words)
        found = {
            key.command.pattern
            for full, key in self._keys.items()
            if len(full) >= len(given) and _begins(full[: len(given)], given)
        }
        return [command for command in self.all() if command.pattern in found]

    def expand(self, node: Any, words: list[str]) -> list[str]:
        """The words with the alias that they begin with replaced (cli_aliases.conf); commands come first."""
        aliases: Mapping[str, str] = _told(node, "cli_aliases") or {}
        for length in range(len(words), 0, -1):
            if tuple(words[:length]) in self._keys:
                return words
            meant = aliases.get(" ".join(words[:length]))
            if meant is not None:
                return [*split_line(meant), *words[length:]]
        return words

    async def run(self, node: Any, line: str) -> str:
        """Carry out a line and give what to print.  Never raises for what is in the line."""
        line = line.encode("utf-8", "replace").decode()  # half a surrogate pair is no text
        words = self.expand(node, split_line(line))
        if not words:
            return ""
        found = self.find_words(words)
        if found is None:
            shown = line.strip()
            return f"No such command '{shown}' (type 'core show help {shown}' for other possible commands)\n"
        command, rest = found
        caller = current_caller.get()
        rules: CliPermissions | None = _told(node, "cli_permissions")
        if caller is not None and rules is not None and not rules.permits(*caller, command.name):
            return f"You don't have permissions to run '{command.name}' command\n"
        try:
            answer = command.body(node, rest)
            return answer if isinstance(answer, str) else await answer
        except CommandError as error:
            return f"{error}\n"
        except Exception as error:
            log.exception("console: %r failed", line)
            return f"the command failed: {error or type(error).__name__}\n"


def _told(node: Any, name: str) -> Any:
    """What a node's configuration says; None for commands that are used without a node."""
    return getattr(getattr(node, "snapshot", None), name, None)


def _begins(full: tuple[str, ...], given: tuple[str, ...]) -> bool:
    return all(word.startswith(short) for word, short in zip(full, given, strict=True))


def _plain(pattern: str) -> tuple[list[list[str]], list[int]]:
    """The alternatives at each place up to the last plain word, and the places that have a choice."""
    places = pattern.split()
    while places and _CHOICE.match(places[-1]):
        places.pop()
    choices = [_CHOICE.match(place) for place in places]
    alternatives = [
        choice[1].split("|") if choice else [place] for choice, place in zip(choices, places, strict=True)
    ]
    return alternatives, [number for number, choice in enumerate(choices) if choice]


def split_line(line: str) -> list[str]:
    r"""The words of a line: spaces within "quotes" and after a \ belong to a word."""
    words: list[str] = []
    word: list[str] = []
    begun = quoted = escaped = False
    for char in line:
        if not escaped:
            if char == "\\":
                escaped = begun = True
                continue
            if char == '"':
                quoted = not quoted
                begun = True
                continue
            if char.isspace() and not quoted:
                if begun:
                    words.append("".join(word))
                    word.clear()
                    begun = False
                continue
        word.append(char)
        begun, escaped = True, False
    if begun:
        words.append("".join(word))
    return words
