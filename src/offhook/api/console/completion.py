"""What may stand where the cursor is: words of commands, then what their usage names.

A usage is words, each `literal`, `KIND` or several of them with `|`, in brackets where they are optional.
KIND is looked up in `SOURCES`, which ask the running node.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from offhook.api import modules
from offhook.api.ami.announce import SHOWN
from offhook.api.ami.declare import ACTIONS
from offhook.api.console.commands import Command, Commands, split_line
from offhook.dialplan.declare import applications, functions
from offhook.media.formats import CODECS

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["MOST", "SOURCES", "complete"]

MOST = 200
"""Candidates that are shown at once."""

_WORD = re.compile(r"[^\s\[\]{}|]+")


def _contexts(node: Node) -> Iterable[str]:
    return node.runner.dialplan.contexts


def _extensions(node: Node) -> Iterable[str]:
    for name, context in node.runner.dialplan.contexts.items():
        for exten, _ in context.extensions:
            yield f"{exten}@{name}"


SOURCES: Mapping[str, Callable[[Any], Iterable[str]]] = {
    "ACTION": lambda node: (one.name for one in ACTIONS.all()),
    "AOR": lambda node: node.sip.config.aors,
    "APPLICATION": lambda node: (one.name for one in applications),
    "AUTH": lambda node: node.sip.config.auths,
    "BRIDGE": lambda node: (one.uniqueid for one in node.pbx.bridges),
    "CHANNEL": lambda node: node.pbx.channels,
    "CLASS": lambda node: node.music.classes,
    "CODEC": lambda node: CODECS,
    "COMMAND": lambda node: (),
    "CONFERENCE": lambda node: node.conferences.rooms,
    "CONTEXT": _contexts,
    "COUNTRY": lambda node: node.pbx.indications.countries(),
    "ENDPOINT": lambda node: node.sip.directory.endpoints,
    "EVENT": lambda node: (name for one in SHOWN for name in one.names),
    "EXTEN@CONTEXT": _extensions,
    "FUNCTION": lambda node: (one.name for one in functions),
    "IDENTIFY": lambda node: node.sip.config.identifies,
    "MODULE": lambda node: (f"{one.name}.so" for one in modules.provided()),
    "REGISTRATION": lambda node: node.sip.config.registrations,
    "TRANSPORT": lambda node: node.sip.config.transports,
    "USER": lambda node: node.snapshot.manager.users,
}
"""What the words in capitals of a usage stand for."""


def complete(commands: Commands, node: Any, line: str) -> list[str]:
    """The words that may stand at the end of a line, in place of its last one; sorted, at most MOST."""
    words = split_line(line)
    last = words.pop() if words and not line[-1:].isspace() else ""
    found = set(commands.next_words(words))
    at = commands.find_words(words)
    if at is not None:
        found.update(_arguments(at[0], node, words[len(at[0].words) :]))
    folded = last.lower()
    return sorted(word for word in found if word.lower().startswith(folded))[:MOST]


def _arguments(command: Command, node: Any, given: Sequence[str]) -> Iterable[str]:
    """What the place behind `given` may hold, as pattern and usage say."""
    places = command.whole.split()[len(command.words) :]
    if len(given) >= len(places):
        return
    for word in _WORD.findall(places[len(given)]):
        source = SOURCES.get(word)
        if source is not None:
            yield from source(node)
        elif word == word.lower() or word.startswith("Custom:"):
            yield word
