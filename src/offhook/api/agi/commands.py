'''AGI commands are declared once: words, arguments, help and code.

    @command("GET DATA")
    async def get_data(session: Session, file: str, timeout: int = 0, maxdigits: int = 1024) -> Reply:
        """Play a prompt and read digits."""

Which arguments there may be, and the usage that a wrong call is answered with, follow from the signature:
`str`, `int`, defaults for what may be left out, `*words` for any number more.  A command that makes sense
without a caller is declared with `dead=True` (Asterisk's "runs dead").
'''

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Concatenate, TypeVar, get_type_hints

from offhook.api.agi.protocol import Reply

if TYPE_CHECKING:
    from offhook.api.agi.session import Session

__all__ = ["COMMANDS", "AgiCommand", "AgiSyntaxError", "command", "find_command"]

Body = Callable[..., "Reply | Awaitable[Reply]"]
F = TypeVar("F", bound="Callable[Concatenate[Session, ...], Reply | Awaitable[Reply]]")


class AgiSyntaxError(Exception):
    """A command was given arguments that it does not take."""


class AgiCommand:
    """One declared command."""

    __slots__ = ("_most", "_types", "body", "dead", "fewest", "help", "names", "words")

    def __init__(self, words: str, body: Body, *, dead: bool) -> None:
        self.words = tuple(words.upper().split())
        self.body = body
        self.dead = dead
        self.help = inspect.getdoc(body) or ""
        parameters = list(inspect.signature(body).parameters.values())[1:]
        hints = get_type_hints(body, localns={"Session": object})
        self.names: list[str] = []
        self._types: list[type] = []
        self.fewest = 0
        self._most: int | None = len(parameters)
        for parameter in parameters:
            kind = hints[parameter.name]
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                self._most = None
                self.names.append(f"[{parameter.name}...]")
            elif parameter.default is inspect.Parameter.empty:
                self.fewest += 1
                self.names.append(f"<{parameter.name}>")
            else:
                self.names.append(f"[{parameter.name}]")
            self._types.append(kind)

    @property
    def name(self) -> str:
        """The command as it is written."""
        return " ".join(self.words)

    @property
    def usage(self) -> str:
        """The command and its arguments."""
        return " ".join((self.name, *self.names))

    @property
    def synopsis(self) -> str:
        """The first line of its help."""
        return self.help.partition("\n")[0]

    def bind(self, words: Sequence[str]) -> list[str | int]:
        """The arguments for these words.

        Raises:
            AgiSyntaxError: too few, too many, or no number where one is needed.
        """
        if len(words) < self.fewest or (self._most is not None and len(words) > self._most):
            raise AgiSyntaxError(self.usage)
        bound: list[str | int] = []
        for index, word in enumerate(words):
            kind = self._types[min(index, len(self._types) - 1)]
            if kind is not int:
                bound.append(word)
                continue
            try:
                bound.append(max(-_LARGEST, min(int(word), _LARGEST)))
            except ValueError:
                raise AgiSyntaxError(self.usage) from None
        return bound


_LARGEST = 2**31 - 1  # what is beyond is taken for this: scripts say so for "without end"

COMMANDS: dict[tuple[str, ...], AgiCommand] = {}
"""All commands by their words, in capitals."""


def command(words: str, *, dead: bool = False) -> Callable[[F], F]:
    """Declare a command."""

    def declare(body: F) -> F:
        found = AgiCommand(words, body, dead=dead)
        COMMANDS[found.words] = found
        return body

    return declare


_MOST_WORDS = 3


def find_command(words: Sequence[str]) -> tuple[AgiCommand, Sequence[str]] | None:
    """The command that a line begins with, and the words behind it; letters may be small."""
    for length in range(min(_MOST_WORDS, len(words)), 0, -1):
        found = COMMANDS.get(tuple(word.upper() for word in words[:length]))
        if found is not None:
            return found, words[length:]
    return None
