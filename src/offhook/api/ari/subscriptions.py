"""StasisApp: an application that clients have registered: what it wants to hear, and who listens for it."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from offhook.api.ari.models import Json

__all__ = ["Audience", "EventSink", "News", "Sources", "StasisApp", "audience_of"]

log = logging.getLogger(__name__)


_ENCODE = json.JSONEncoder(ensure_ascii=False).encode


class News:
    """An event for several applications: its text is made once, and only for somebody."""

    __slots__ = ("_text", "message")

    def __init__(self, message: Json) -> None:
        self.message = message
        self._text = ""

    def text(self, application: str) -> str:
        """The event as an application is given it."""
        if not self._text:
            self._text = _ENCODE(self.message)[:-1]
        return f'{self._text}, "application": {_ENCODE(application)}}}'


class EventSink(Protocol):
    """A WebSocket session."""

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

    __slots__ = ("_counts", "all")

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self.all = False

    def __contains__(self, name: str) -> bool:
        return self.all or name in self._counts

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

    def __init__(self, name: str) -> None:
        self.name = name
        self.sink: EventSink | None = None
        self.channels = Sources()
        self.bridges = Sources()
        self.endpoints = Sources()
        self.devices = Sources()
        self.allowed: list[Json] = []
        self.disallowed: list[Json] = []

    @property
    def active(self) -> bool:
        """Whether a client is connected for it."""
        return self.sink is not None

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
        if self.sink is not None and self.passes(message):
            self.sink.send({**message, "application": self.name})

    def tell(self, news: News) -> None:
        """Give an event that is others', too, to the client, if its filter lets it through."""
        if self.sink is not None and self.passes(news.message):
            self.sink.tell(news, self.name)

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
