"""StasisApp: an application that clients have registered: what it wants to hear, and who listens for it."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol, cast

from offhook.api.ari.writing import quote

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.outlets import FrameOutlet

__all__ = ["Audience", "EventSink", "News", "Sources", "StasisApp", "application_end", "audience_of"]

log = logging.getLogger(__name__)


class News:
    """An event for several applications: its text is made once."""

    __slots__ = ("_message", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        """The event as JSON, but for its end (`application_end`)."""
        self._message: Json | None = None

    @property
    def message(self) -> Json:
        """The event, without an application's name: for filters, and to write it otherwise."""
        if self._message is None:
            self._message = cast("Json", json.loads(self.text + "}"))
        return self._message


def application_end(application: str) -> str:
    """What the text of an event ends with, as an application is given it."""
    return f', "application": {quote(application)}}}'


class EventSink(Protocol):
    """A WebSocket session."""

    @property
    def shared(self) -> FrameOutlet | None:
        """Where events that are others', too, can be written as they are."""
        ...

    def send(self, message: Json) -> None:
        """Give it an event; it never blocks."""
        ...

    def tell(self, news: News, application: str) -> None:
        """Give it an event that others are given, too; it never blocks."""
        ...


class Audience:
    """Whom an event concerns: those who are subscribed to one of these."""

    __slots__ = ("bridges", "channels", "device", "endpoints")

    def __init__(
        self,
        channels: Iterable[str] = (),
        bridges: Iterable[str] = (),
        endpoints: Iterable[str] = (),
        device: str = "",
    ) -> None:
        self.channels = tuple(channels)
        self.bridges = tuple(bridges)
        self.endpoints = tuple(endpoints)
        self.device = device


def audience_of(target_uri: str) -> Audience:
    """Whom something about `channel:ID` or `bridge:ID` concerns."""
    kind, _, identity = target_uri.partition(":")
    return Audience(channels=(identity,)) if kind == "channel" else Audience(bridges=(identity,))


class Sources:
    """Subscriptions to one kind of thing; several reasons for the same one are counted."""

    __slots__ = ("_all", "_changed", "_counts")

    def __init__(self, changed: Callable[[], None]) -> None:
        self._counts: Counter[str] = Counter()
        self._all = False
        self._changed = changed

    def __contains__(self, name: str) -> bool:
        return self._all or name in self._counts

    @property
    def all(self) -> bool:
        """Whether everything of this kind is subscribed to; who hears everything is kept elsewhere, too."""
        return self._all

    @all.setter
    def all(self, value: bool) -> None:
        self._all = value
        self._changed()

    def names(self) -> list[str]:
        """What is subscribed to by name."""
        return sorted(self._counts)

    def add(self, name: str) -> None:
        """One reason more."""
        if name:
            self._counts[name] += 1
        else:
            self.all = True

    def remove(self, name: str) -> bool:
        """One reason fewer; False when there was none."""
        if not name:
            was, self.all = self.all, False
            return was
        if name not in self._counts:
            return False
        self._counts[name] -= 1
        if self._counts[name] <= 0:
            del self._counts[name]
        return True

    def forget(self, name: str) -> None:
        """All reasons at once: it is gone."""
        self._counts.pop(name, None)


class StasisApp:
    """One application by its name."""

    def __init__(self, name: str, changed: Callable[[], None]) -> None:
        """`changed` is called when it may have begun or ceased to hear everything."""
        self.name = name
        self.channels = Sources(changed)
        self.bridges = Sources(changed)
        self.endpoints = Sources(changed)
        self.devices = Sources(changed)
        self.allowed: list[Json] = []
        self.disallowed: list[Json] = []
        self._sink: EventSink | None = None
        self._changed = changed

    @property
    def sink(self) -> EventSink | None:
        """The client that is connected for it."""
        return self._sink

    @sink.setter
    def sink(self, value: EventSink | None) -> None:
        self._sink = value
        self._changed()

    @property
    def active(self) -> bool:
        """Whether a client is connected for it."""
        return self._sink is not None

    @property
    def hears_everything(self) -> bool:
        """Whether it is subscribed to all there is, and nothing is filtered."""
        return not (self.allowed or self.disallowed) and all(
            sources.all for sources in (self.channels, self.bridges, self.endpoints, self.devices)
        )

    def filter(self, allowed: list[Json], disallowed: list[Json]) -> None:
        """What it wants of what it is subscribed to."""
        self.allowed, self.disallowed = allowed, disallowed
        self._changed()

    def subscribe_all(self) -> None:
        """Hear of everything."""
        for sources in (self.channels, self.bridges, self.endpoints, self.devices):
            sources.all = True

    def hears(self, audience: Audience) -> bool:
        """Whether it is subscribed to something that an event is about."""
        return (
            any(name in self.channels for name in audience.channels)
            or any(name in self.bridges for name in audience.bridges)
            or any(
                name in self.endpoints or name.partition("/")[0] in self.endpoints
                for name in audience.endpoints
            )
            or bool(audience.device and audience.device in self.devices)
        )

    def send(self, message: Json) -> None:
        """Give a message to the client, if its filter lets it through."""
        if self._sink is not None and self.passes(message):
            self._sink.send({**message, "application": self.name})

    def tell(self, news: News) -> None:
        """Give an event that is others', too, to the client, if its filter lets it through."""
        filtered = self.allowed or self.disallowed
        if self._sink is not None and (not filtered or self.passes(news.message)):
            self._sink.tell(news, self.name)

    def passes(self, message: Json) -> bool:
        """Whether the event filter lets a message through."""
        if any(_matches(rule, message) for rule in self.disallowed):
            return False
        return not self.allowed or any(_matches(rule, message) for rule in self.allowed)

    def json(self) -> Json:
        """The model Application."""
        return {
            "name": self.name,
            "channel_ids": _shown(self.channels, "__AST_CHANNEL_ALL_TOPIC"),
            "bridge_ids": _shown(self.bridges, "__AST_BRIDGE_ALL_TOPIC"),
            "endpoint_ids": _shown(self.endpoints, "__AST_ENDPOINT_ALL_TOPIC"),
            "device_names": _shown(self.devices, "__AST_DEVICE_STATE_ALL_TOPIC"),
            "events_allowed": self.allowed,
            "events_disallowed": self.disallowed,
        }


def _shown(sources: Sources, everything: str) -> list[str]:
    return [*([everything] if sources.all else []), *sources.names()]


def _matches(rule: Json, message: Json) -> bool:
    return bool(rule) and all(_value_matches(value, message.get(key)) for key, value in rule.items())


def _value_matches(wanted: Any, found: Any) -> bool:
    return bool(wanted == found)
