"""Text messages outside of calls: one comes in and the dialplan decides; one is sent (MessageSend).

Each message that comes in runs dialplan on a channel of its own, without audio and in no list; MESSAGE() is
what it says.  Technologies that can send register themselves by the scheme of their addresses.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from offhook.pbx.unlisted import MessageChannel

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["MessageError", "MessageSender", "Messages", "TextMessage"]

log = logging.getLogger(__name__)

_MOST = 100  # messages whose dialplan runs at once: a flood of them waits for nobody


class MessageError(Exception):
    """A message that cannot be sent; `status` is what MESSAGE_SEND_STATUS says."""

    def __init__(self, status: str, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(slots=True)
class TextMessage:
    """One message: addresses, text, and further headers by name."""

    to: str = ""
    from_: str = ""
    body: str = ""
    content_type: str = "text/plain"
    data: dict[str, str] = field(default_factory=dict[str, str])
    outbound: set[str] = field(default_factory=set[str])
    """Which of `data` go along when it is sent."""


class MessageSender(Protocol):
    """What a technology that sends messages offers."""

    def send_message(self, message: TextMessage, destination: str) -> None:
        """Send it to what follows the scheme in `destination`.  Raises MessageError."""
        ...


class Messages:
    """The messages of one node; a service of its Pbx."""

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self._senders: dict[str, MessageSender] = {}
        self._of: WeakKeyDictionary[Channel, TextMessage] = WeakKeyDictionary()
        self._running = 0
        self._takers: list[Callable[[TextMessage, str], bool]] = []

    def add_taker(self, taker: Callable[[TextMessage, str], bool]) -> Callable[[], None]:
        """Be shown messages that come in, and the endpoint (`PJSIP/6001`) that each is from.

        The taker says whether it wanted it: then it was not in vain, also without an extension in the
        dialplan that takes it.  Returns what ends that.
        """
        self._takers.append(taker)
        return lambda: self._takers.remove(taker)

    def show(self, message: TextMessage, endpoint: str) -> bool:
        """Show a message that came in to the takers; whether one of them wanted it."""
        wanted = [taker(message, endpoint) for taker in self._takers]
        return any(wanted)

    def add_sender(self, scheme: str, sender: MessageSender) -> None:
        """Send messages to `scheme:...` through `sender`."""
        self._senders[scheme.lower()] = sender

    def of(self, channel: Channel) -> TextMessage:
        """The message that a channel has: the one that came in, or one that it composes."""
        message = self._of.get(channel)
        if message is None:
            message = self._of[channel] = TextMessage()
        return message

    def receive(self, message: TextMessage, context: str, exten: str) -> bool:
        """Run the dialplan for a message that came in; False when there are too many."""
        if self._running >= _MOST:
            return False
        channel = MessageChannel(self._pbx)
        self._of[channel] = message
        channel.dialed = exten
        self._running += 1
        channel.when_ended(self._ended)
        channel.start_dialplan(context, exten)
        return True

    def _ended(self) -> None:
        self._running -= 1

    def send(self, message: TextMessage, destination: str) -> None:
        """Send a message, on its way when this returns.  Raises MessageError."""
        scheme, colon, rest = destination.partition(":")
        sender = self._senders.get(scheme.strip().lower()) if colon else None
        if sender is None:
            raise MessageError("INVALID_PROTOCOL", f"nobody sends messages to {destination!r}")
        sender.send_message(message, rest.strip())
