"""Declare once: an AMI action is one typed function.

    @action("Hangup", "system", "call")
    def hangup(request: Request, channel: str, cause: int | None = None) -> str:
        \"\"\"Hang up a channel.

Args:
            channel: its name, or a regular expression between slashes.
            cause: the Q.850 cause, a number.
        \"\"\"
        return "Channel Hungup"

The parameters are the headers: `caller_id` reads `CallerId`, whatever its case.  One without default is
required.  `str`, `int`, `float`, `bool` and `tuple[str, ...]` (every header of that name) are read from their
text; a value that cannot be read is answered with an error.  From the same declaration come ListCommands,
`manager show command`, and docs/ami.md.

What the function returns becomes the answer: None, a text (its Message), a `Reply` with headers, or a
`Listing` of events.  ActionError is the error answer.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar

from offhook.api.ami.privileges import mask_of, words_of
from offhook.config.values import InvalidValueError, boolean
from offhook.dialplan.declare import Documentation

if TYPE_CHECKING:
    from offhook.api.ami.protocol import Message
    from offhook.api.ami.session import Session
    from offhook.api.node import Node
    from offhook.pbx.pbx import Pbx

__all__ = ["ACTIONS", "Action", "ActionError", "Listing", "Reply", "Request", "action"]


class ActionError(Exception):
    """The action cannot be done; the text is the Message of the error answer.

    `fields` are header lines that Asterisk gives with this error.
    """

    def __init__(self, what: str, fields: str = "") -> None:
        super().__init__(what)
        self.fields = fields


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `Response`, `Message`, and header lines of the action's own (made with `field()`)."""

    message: str = ""
    fields: str = ""
    response: str = "Success"
    closes: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """An answer by events: a Response that announces them, an event for each item, and a last one.

    `items` are (event name, header lines); what produces them lazily is asked while they are sent.
    """

    message: str
    complete: str
    items: Iterable[tuple[str, str]]
    fields: str = ""  # header lines of the last event
    count: int | None = None  # ListItems, when it is not the number of items
    counted: bool = True  # whether the last event has EventList and ListItems
    announced: bool = True  # whether the Response has EventList: start


@dataclass(frozen=True, slots=True)
class Request:
    """One action that a client asks for."""

    message: Message
    session: Session
    node: Node

    @property
    def pbx(self) -> Pbx:
        """The switch."""
        return self.node.pbx


Answer = None | str | Reply | Listing
Body = Callable[..., "Answer | Awaitable[Answer]"]
F = TypeVar("F", bound=Body)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One header of an action."""

    name: str  # of the Python parameter
    header: str
    kind: type
    required: bool
    default: Any
    many: bool = False


@dataclass(slots=True)
class Action:
    """A declared action."""

    name: str
    mask: int
    func: Body
    headers: dict[str, str] = field(default_factory=dict[str, str])
    missing: str = ""
    sends: tuple[str, ...] = ()
    """The events that it answers with, its own and others'."""
    _parameters: tuple[Parameter, ...] | None = None

    @property
    def privilege(self) -> str:
        """The classes that may use it, `call,all`; `<none>`: everybody."""
        return words_of(self.mask)

    @property
    def documentation(self) -> Documentation:
        """The docstring, taken apart."""
        return Documentation(self.func.__doc__)

    @property
    def synopsis(self) -> str:
        """Its first line."""
        return (inspect.getdoc(self.func) or "").partition("\n")[0].rstrip(".")

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The headers it takes, ActionID left out."""
        if self._parameters is None:
            self._parameters = tuple(self._declared())
        return self._parameters

    def _declared(self) -> Iterable[Parameter]:
        hints = typing.get_type_hints(self.func)
        for name, parameter in list(inspect.signature(self.func).parameters.items())[1:]:
            hint = hints[name]
            if isinstance(hint, UnionType):
                hint = next(one for one in typing.get_args(hint) if one is not NoneType)
            many = typing.get_origin(hint) is tuple
            header = self.headers.get(name) or "".join(word.title() for word in name.split("_"))
            required = parameter.default is inspect.Parameter.empty
            default = None if required else parameter.default
            yield Parameter(name, header, str if many else hint, required, default, many)

    def bind(self, message: Message) -> dict[str, Any]:
        """The function's arguments from a message.

        Raises:
            ActionError: a required header is missing or empty, or a value is not of its type.
        """
        found: dict[str, Any] = {}
        for parameter in self.parameters:
            if parameter.many:
                found[parameter.name] = tuple(message.all(parameter.header))
                continue
            text = message.get(parameter.header)
            if not text:
                if parameter.required:
                    raise ActionError(self.missing or f"{parameter.header} not specified")
                continue
            found[parameter.name] = _read(parameter, text)
        return found


def _read(parameter: Parameter, text: str) -> object:
    kind = parameter.kind
    if kind is str:
        return text
    try:
        if kind is bool:
            try:
                return boolean(text)
            except InvalidValueError:
                return False  # ast_true(): any other word is no
        return kind(text)
    except ValueError:
        raise ActionError(f"{parameter.header} is not a number: {text}") from None


class Actions:
    """The declared actions."""

    def __init__(self) -> None:
        self._by_name: dict[str, Action] = {}
        self._hidden: dict[str, Action] = {}  # of modules that are not loaded

    def add(self, found: Action) -> None:
        """Declare an action; a name is declared once."""
        key = found.name.lower()
        if key in self._by_name or key in self._hidden:
            raise ValueError(f"action {found.name} is declared twice")
        self._by_name[key] = found

    def hide(self, names: Iterable[str]) -> None:
        """Have these names not be there, and all others again."""
        self._by_name.update(self._hidden)
        self._hidden = {
            key: found
            for name in names
            if (found := self._by_name.pop(key := name.lower(), None)) is not None
        }

    def get(self, name: str) -> Action | None:
        """An action by its name, in any case."""
        return self._by_name.get(name.lower())

    def all(self) -> list[Action]:
        """Every action, sorted by name."""
        return sorted(self._by_name.values(), key=lambda one: one.name)

    def sent(self) -> dict[str, list[Action]]:
        """The events that answers consist of, and the actions whose answers these are."""
        found: dict[str, list[Action]] = {}
        for one in self.all():
            for name in one.sends:
                found.setdefault(name, []).append(one)
        return found


ACTIONS = Actions()


def action(
    name: str,
    *classes: str,
    missing: str = "",
    headers: dict[str, str] | None = None,
    sends: tuple[str, ...] = (),
) -> Callable[[F], F]:
    """Declare an action that members of any of `classes` may use; without classes everybody may.

    `missing` is the error when a required header is not there; `headers` names those of parameters
    whose name does not follow from the parameter's.  `sends` are the events of its answer.
    """

    def declare(func: F) -> F:
        ACTIONS.add(Action(name, mask_of(classes), func, headers or {}, missing, sends))
        return func

    return declare
