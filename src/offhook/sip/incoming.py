"""A request that came in and waits for its answer."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from offhook._core import Message, RequestReceived, new_tag
from offhook.sip.network import Flow, Hop

if TYPE_CHECKING:
    from offhook.sip.ua import UserAgent

__all__ = ["KNOWN_METHODS", "IncomingRequest"]

# The methods of the IANA registry: one of these that is not allowed gets 405, anything else 501.
KNOWN_METHODS = frozenset(
    (
        "ACK",
        "BYE",
        "CANCEL",
        "INFO",
        "INVITE",
        "MESSAGE",
        "NOTIFY",
        "OPTIONS",
        "PRACK",
        "PUBLISH",
        "REFER",
        "REGISTER",
        "SUBSCRIBE",
        "UPDATE",
    )
)


class IncomingRequest:
    """A request that waits for its answer: its message, where it came from, and respond()."""

    __slots__ = ("_to_tag", "_ua", "flow", "host", "message", "port", "to_source", "txn")

    def __init__(self, ua: "UserAgent", event: RequestReceived) -> None:
        self._ua = ua
        self._to_tag: str | None = None
        self.txn = event.txn
        self.message: Message = event.message
        self.flow = event.flow
        self.host = event.host  # the packet's source, whatever Via says
        self.port = event.port
        # Answer to the source port even without rport in Via (Asterisk: force_rport).
        self.to_source = ua.answer_to_source

    @property
    def hop(self) -> Hop:
        """Where it came from: requests back along the same flow go there."""
        return Hop(self.flow, self.host, self.port)

    @property
    def arrived_by(self) -> Flow | None:
        """The socket or connection that it came through, None when that is gone."""
        return self._ua.flow(self.flow)

    @property
    def to_tag(self) -> str:
        """The tag that this side puts into To of every response: the request's own, or a new one."""
        tag = self._to_tag
        if tag is None:
            tag = self._to_tag = self.message.to_tag or new_tag()
        return tag

    def respond(
        self,
        status: int,
        reason: str | None = None,
        *,
        headers: Iterable[tuple[str, str]] = (),
        content_type: str = "",
        body: bytes = b"",
        reliable_provisional: bool = False,
        forget: bool = False,
    ) -> Message:
        """Send a response and return it.

        `headers` are added in order.  Server is added, Allow and Supported where RFC 3261 wants them.
        `reliable_provisional`: RFC 3262, the caller has put RSeq and Require into `headers`.
        `forget` drops the transaction at once (a stateless answer).
        """
        ua = self._ua
        response = Message.response(self.message, status, reason, self.to_tag if status > 100 else None)
        ua.dress(response, self.message.method)
        for name, value in headers:
            response.add(name, value)
        if body:
            response.set_body(content_type, body)
        ua.respond(
            self.txn,
            response,
            reliable_provisional=reliable_provisional,
            forget=forget,
            to_source=self.to_source,
        )
        return response

    def reject_unsupported(self, options: Iterable[str]) -> None:
        """420 with the option tags of Require that are not understood (RFC 3261 8.2.2.3)."""
        self.respond(420, headers=[("Unsupported", ", ".join(options))])

    def reject_method(self) -> None:
        """405 for a known method that is not allowed, 501 for an unknown one; both name what is."""
        self.respond(405 if self.message.method in KNOWN_METHODS else 501)

    def reject_media_type(self) -> None:
        """415 with what is accepted, 406's counterpart for what came (RFC 3261 8.2.3)."""
        self.respond(415, headers=[("Accept", ", ".join(self._ua.config.accept))])
