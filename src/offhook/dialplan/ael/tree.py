"""What an AEL file consists of, as the parser gives it and the compiler takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = [
    "Application",
    "Assign",
    "Block",
    "Case",
    "Catch",
    "ContextNode",
    "ExtensionNode",
    "File",
    "For",
    "Goto",
    "If",
    "IncludeNode",
    "Jump",
    "Keyword",
    "Label",
    "MacroCall",
    "MacroNode",
    "SetGlobal",
    "Statement",
    "SwitchLine",
    "SwitchNode",
    "While",
]

Place = tuple[str, int]
"""File and line."""


@dataclass(slots=True)
class Block:
    """`{ ... }`."""

    place: Place
    body: list[Statement]


@dataclass(slots=True)
class Application:
    """`Name(arguments);`."""

    place: Place
    name: str
    arguments: str


@dataclass(slots=True)
class MacroCall:
    """`&name(arguments);`."""

    place: Place
    name: str
    arguments: str


@dataclass(slots=True)
class Assign:
    """`NAME=expression;`, also `local NAME=expression;`."""

    place: Place
    name: str
    value: str
    is_local: bool = False


@dataclass(slots=True)
class Goto:
    """`goto [[context|]extension|]label;`."""

    place: Place
    target: tuple[str, ...]


@dataclass(slots=True)
class Jump:
    """`jump extension[@context];`."""

    place: Place
    exten: str
    context: str


@dataclass(slots=True)
class Label:
    """`name:`."""

    place: Place
    name: str


@dataclass(slots=True)
class Keyword:
    """`break;`, `continue;` or `return;`."""

    place: Place
    word: str


@dataclass(slots=True)
class If:
    """`if (...)`, `ifTime (...)` and `random (...)`: `kind` says which."""

    place: Place
    kind: str
    condition: str
    then: Statement
    otherwise: Statement | None


@dataclass(slots=True)
class While:
    """`while (condition) statement`."""

    place: Place
    condition: str
    body: Statement


@dataclass(slots=True)
class For:
    """`for (first; condition; next) statement`."""

    place: Place
    first: Statement | None
    condition: str
    following: Statement | None
    body: Statement


@dataclass(slots=True)
class Case:
    """`case value:`, `pattern value:`, `default:` and what follows it."""

    place: Place
    kind: str
    value: str
    body: list[Statement]


@dataclass(slots=True)
class SwitchNode:
    """`switch (expression) { ... }`."""

    place: Place
    subject: str
    cases: list[Case]


@dataclass(slots=True)
class Catch:
    """`catch extension { ... }`: an extension of the same context."""

    place: Place
    exten: str
    body: Statement


Statement = (
    Block
    | Application
    | MacroCall
    | Assign
    | Goto
    | Jump
    | Label
    | Keyword
    | If
    | While
    | For
    | SwitchNode
    | Catch
)


@dataclass(slots=True)
class ExtensionNode:
    """`[regexten] [hint(devices)] name[/caller] => statement`."""

    place: Place
    name: str
    caller: str | None
    hint: str
    body: Statement


@dataclass(slots=True)
class IncludeNode:
    """A line of `includes { ... }`."""

    place: Place
    context: str
    times: str


@dataclass(slots=True)
class SwitchLine:
    """A line of `switches { ... }` or `eswitches { ... }`."""

    place: Place
    kind: str
    text: str


@dataclass(slots=True)
class ContextNode:
    """`[abstract] [extend] context name { ... }`."""

    place: Place
    name: str
    is_abstract: bool
    extends: bool
    extensions: list[ExtensionNode] = field(default_factory=list[ExtensionNode])
    includes: list[IncludeNode] = field(default_factory=list[IncludeNode])
    switches: list[SwitchLine] = field(default_factory=list[SwitchLine])
    ignore: list[tuple[Place, str]] = field(default_factory=list[tuple[Place, str]])


@dataclass(slots=True)
class MacroNode:
    """`macro name(parameters) { ... }`."""

    place: Place
    name: str
    parameters: Sequence[str]
    body: Block


@dataclass(slots=True)
class SetGlobal:
    """A line of `globals { ... }`."""

    place: Place
    name: str
    value: str


@dataclass(slots=True)
class File:
    """All of it."""

    contexts: list[ContextNode] = field(default_factory=list[ContextNode])
    macros: list[MacroNode] = field(default_factory=list[MacroNode])
    variables: list[SetGlobal] = field(default_factory=list[SetGlobal])
