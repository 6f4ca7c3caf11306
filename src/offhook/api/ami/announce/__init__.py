"""Events: how what happens on the bus is shown to clients; one file a family.

    @shows(events.ChannelHungUp, "Hangup", classes="call")
    def hangup(shape: Shape, event: events.ChannelHungUp) -> str:
        \"\"\"A channel is gone.\"\"\"
        return shape.channel(event.channel) + field("Cause", ...)

The function gives the header lines behind Event and Privilege; None shows nothing.  One that is declared with
several names gives the name and the lines.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from offhook.api.ami.privileges import mask_of

if TYPE_CHECKING:
    from offhook.api.ami.shape import Shape

__all__ = ["SHOWN", "Shown", "load", "shows"]

_FILES = (
    "calls",
    "bridges",
    "call_completion",
    "conferences",
    "recordings",
    "reports",
    "transfers",
    "node",
    "devices",
    "records",
    "programs",
)

E = TypeVar("E")
Show = Callable[["Shape", E], "str | tuple[str, str] | None"]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """How one type of bus event is shown."""

    event_type: type[Any]
    names: tuple[str, ...]
    mask: int
    func: Show[Any]

    @property
    def synopsis(self) -> str:
        """What the event says, the docstring's first line."""
        return (self.func.__doc__ or "").strip().partition("\n")[0]


SHOWN: list[Shown] = []


def shows(event_type: type[E], *names: str, classes: str) -> Callable[[Show[E]], Show[E]]:
    """Declare how events of a type are shown, to members of which classes (`call`, `call,reporting`)."""

    def declare(func: Show[E]) -> Show[E]:
        SHOWN.append(Shown(event_type, names, mask_of(classes.split(",")), func))
        return func

    return declare


def load() -> None:
    """Have all events declared."""
    for name in _FILES:
        importlib.import_module(f"{__name__}.{name}")
