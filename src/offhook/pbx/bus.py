"""The event bus: state changes are announced once, in order, to whoever listens.

Call logic emits and never asks who is there.  An event object is built only when its type has a
listener, so an announcement costs one dictionary look-up when nobody cares.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

__all__ = ["Bus"]

log = logging.getLogger(__name__)

E = TypeVar("E")
P = ParamSpec("P")


class Bus:
    """Typed, synchronous publish and subscribe inside one process.

    Listeners are called at once, in the order in which they subscribed.  A listener that raises is
    logged and does not disturb the others nor the call that emitted.
    """

    __slots__ = ("_listeners", "_watchers")

    def __init__(self) -> None:
        self._watchers: dict[type[Any], Callable[[], None]] = {}
        self._listeners: dict[type[Any], tuple[Callable[[Any], None], ...]] = {}

    def listen(self, event_type: type[E], listener: Callable[[E], None]) -> Callable[[], None]:
        """Call `listener` with every event of exactly this type.  Returns a function that ends it."""
        self._listeners[event_type] = (*self._listeners.get(event_type, ()), listener)
        self._tell_watcher(event_type)

        def stop() -> None:
            left = tuple(other for other in self._listeners.get(event_type, ()) if other is not listener)
            if left:
                self._listeners[event_type] = left
            else:
                self._listeners.pop(event_type, None)
            self._tell_watcher(event_type)

        return stop

    def watch(self, event_type: type[Any], changed: Callable[[], None]) -> None:
        """Call `changed` whenever a listener of `event_type` comes or goes.

        For emitters that have to ask somebody else to report.
        """
        self._watchers[event_type] = changed
        if event_type in self._listeners:
            changed()

    def _tell_watcher(self, event_type: type[Any]) -> None:
        changed = self._watchers.get(event_type)
        if changed is not None:
            changed()

    def listeners(self) -> dict[str, int]:
        """How many listen to each kind of event that somebody listens to."""
        return {kind.__name__: len(those) for kind, those in self._listeners.items()}

    def who_listens(self, name: str) -> list[str]:
        """Who listens to a kind of event, as code names them."""
        return [
            f"{getattr(one, '__module__', '')}.{getattr(one, '__qualname__', repr(one))}"
            for kind, those in self._listeners.items()
            if kind.__name__ == name
            for one in those
        ]

    def wanted(self, event_type: type[Any]) -> bool:
        """Whether anybody listens: for emitters whose arguments cost something to make."""
        return event_type in self._listeners

    def emit(self, event_type: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Build `event_type(*args, **kwargs)` and give it to its listeners, if there are any."""
        listeners = self._listeners.get(event_type)  # type: ignore[arg-type]
        if listeners is None:
            return
        event = event_type(*args, **kwargs)
        for listener in listeners:
            try:
                listener(event)
            except Exception:
                log.exception("a listener of %s failed", type(event).__name__)
