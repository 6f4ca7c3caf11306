"""Notifications: what an administrator tells a phone, `check-sync` for instance (pjsip_notify.conf).

The technology that can send them registers itself; the application, the AMI action and the console command
find this service in the switch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel

__all__ = ["Notification", "Notifications", "Notifier", "NotifyError"]


class NotifyError(Exception):
    """A notification that cannot be sent: nobody of that name, nothing to say."""


@dataclass(frozen=True, slots=True)
class Notification:
    """Headers, and a body."""

    headers: tuple[tuple[str, str], ...]
    content_type: str = ""
    body: str = ""

    @staticmethod
    def of(items: Iterable[tuple[str, str]]) -> Notification:
        """From names and values: `Content` is a line of the body, the rest headers.  Raises NotifyError."""
        headers: list[tuple[str, str]] = []
        lines: list[str] = []
        content_type = ""
        for name, value in items:
            match name.lower():
                case "content":
                    lines.append(value)
                case "content-type":
                    content_type = value
                case _:
                    headers.append((name, value))
        if lines and "/" not in content_type:
            raise NotifyError(f"Content needs a Content-Type, and {content_type!r} is none")
        return Notification(tuple(headers), content_type, "\r\n".join(lines))


class Notifier(Protocol):
    """What sends notifications.  Each raises NotifyError."""

    def notify_endpoint(self, name: str, what: Notification) -> int:
        """To every contact of an endpoint; to how many."""
        ...

    def notify_uri(self, uri: str, what: Notification) -> None:
        """To a URI, through the default outbound endpoint."""
        ...

    def notify_channel(self, channel: Channel, what: Notification) -> None:
        """Within the dialog of a channel."""
        ...


class Notifications:
    """Those that pjsip_notify.conf has, and who sends; a service of the switch."""

    def __init__(self, sender: Notifier) -> None:
        self.sender = sender
        self.configured: Mapping[str, Sequence[tuple[str, str]]] = {}

    def named(self, name: str) -> Notification:
        """One of pjsip_notify.conf.  Raises NotifyError when there is none of that name."""
        found = self.configured.get(name)
        if found is None:
            raise NotifyError(f"pjsip_notify.conf has no section [{name}]")
        return Notification.of(found)
