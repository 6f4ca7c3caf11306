"""Which side has an offer waiting, for one dialog (RFC 3264, RFC 6337).

This is the exchange as the messages show it: who may offer now, what an offer in the wrong moment is
answered with (491, 500), and the descriptions in force.  What is in the descriptions (codecs,
directions, payload types) is negotiated above, with `_core.OfferAnswer`.

The six ways of RFC 6337 section 2:

    offer in                answer in
    1  INVITE               2xx
    2  2xx to INVITE        ACK
    3  INVITE               reliable 1xx
    4  reliable 1xx         PRACK
    5  PRACK                2xx to PRACK
    6  UPDATE               2xx to UPDATE
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from offhook._core import Sdp
from offhook.sip.multipart import required_types

if TYPE_CHECKING:
    from offhook._core import Message

__all__ = [
    "SDP_TYPE",
    "Exchange",
    "ExchangeState",
    "OfferAnswerError",
    "has_foreign_body",
    "sdp_of",
    "without_hold",
]

SDP_TYPE = "application/sdp"
_DIRECTIONS = (b"a=inactive", b"a=sendonly", b"a=recvonly", b"a=sendrecv")


class ExchangeState(IntEnum):
    """Whose turn it is."""

    NONE = 0  # nothing was offered yet
    LOCAL_OFFER = 1  # ours waits for its answer
    REMOTE_OFFER = 2  # theirs waits for ours
    STABLE = 3


class _Event(IntEnum):
    SEND_OFFER = 0
    RECEIVE_OFFER = 1
    SEND_ANSWER = 2
    RECEIVE_ANSWER = 3


_TRANSITIONS: dict[tuple[ExchangeState, _Event], ExchangeState] = {
    (ExchangeState.NONE, _Event.SEND_OFFER): ExchangeState.LOCAL_OFFER,
    (ExchangeState.NONE, _Event.RECEIVE_OFFER): ExchangeState.REMOTE_OFFER,
    (ExchangeState.STABLE, _Event.SEND_OFFER): ExchangeState.LOCAL_OFFER,
    (ExchangeState.STABLE, _Event.RECEIVE_OFFER): ExchangeState.REMOTE_OFFER,
    (ExchangeState.LOCAL_OFFER, _Event.RECEIVE_ANSWER): ExchangeState.STABLE,
    (ExchangeState.REMOTE_OFFER, _Event.SEND_ANSWER): ExchangeState.STABLE,
}


class OfferAnswerError(RuntimeError):
    """An offer or answer in the wrong moment.  `status`: what the peer's request is refused with."""

    def __init__(self, state: ExchangeState, event: str) -> None:
        super().__init__(f"{event} in state {state.name}")
        # RFC 3311 5.2, RFC 3261 14.2: 491 while ours waits, 500 with Retry-After while theirs does.
        self.status = 491 if state is ExchangeState.LOCAL_OFFER else 500


class Exchange:
    """The offer/answer state of one dialog.  `local` and `remote` are the descriptions in force."""

    __slots__ = ("_before", "local", "pending", "remote", "state")

    def __init__(self) -> None:
        self.state = ExchangeState.NONE
        self.local: Sdp | None = None
        self.remote: Sdp | None = None
        self.pending: Sdp | None = None  # the offer that waits
        self._before = ExchangeState.NONE  # what rollback() returns to

    @property
    def established(self) -> bool:
        """Whether there has been an answer (also while a later offer waits)."""
        return self.local is not None

    @property
    def idle(self) -> bool:
        """Whether either side may make an offer now."""
        return self.state is ExchangeState.STABLE or self.state is ExchangeState.NONE

    def send_offer(self, sdp: Sdp) -> None:
        """We offer.  OfferAnswerError while an offer waits."""
        self._offer(_Event.SEND_OFFER, sdp)

    def receive_offer(self, sdp: Sdp) -> None:
        """The peer offers.  OfferAnswerError while an offer waits."""
        self._offer(_Event.RECEIVE_OFFER, sdp)

    def send_answer(self, sdp: Sdp) -> None:
        """We answer the peer's offer.  OfferAnswerError when there is none."""
        self._move(_Event.SEND_ANSWER)
        self.local, self.remote, self.pending = sdp, self.pending, None

    def receive_answer(self, sdp: Sdp) -> None:
        """The peer answers our offer.  OfferAnswerError when there is none."""
        self._move(_Event.RECEIVE_ANSWER)
        self.local, self.remote, self.pending = self.pending, sdp, None

    def rollback(self) -> None:
        """The waiting offer came to nothing: what was in force before still is."""
        if self.pending is not None:
            self.state = self._before
            self.pending = None

    def fork(self) -> Exchange:
        """A copy for another early dialog of the same INVITE."""
        other = Exchange()
        other.state, other._before = self.state, self._before
        other.local, other.remote, other.pending = self.local, self.remote, self.pending
        return other

    def _offer(self, event: _Event, sdp: Sdp) -> None:
        before = self.state
        self._move(event)
        self._before = before
        self.pending = sdp

    def _move(self, event: _Event) -> None:
        after = _TRANSITIONS.get((self.state, event))
        if after is None:
            raise OfferAnswerError(self.state, event.name)
        self.state = after


def sdp_of(message: Message) -> Sdp | None:
    """The session description in a message, also inside multipart; None when it carries none.

    SipParseError for one that cannot be read.
    """
    body = message.body
    if not body:
        return None
    kind = message.content_type
    if kind == SDP_TYPE:
        return Sdp.parse(body)
    if kind is not None and kind.startswith("multipart/"):
        for part, content in message.parts():
            if part == SDP_TYPE:
                return Sdp.parse(content)
    return None


def without_hold(sdp: Sdp) -> Sdp:
    """A description as before, with audio both ways."""
    lines = sdp.to_bytes().splitlines(keepends=True)
    return Sdp.parse(b"".join(line for line in lines if line.strip() not in _DIRECTIONS))


def has_foreign_body(message: Message) -> bool:
    """Whether there is a body that is not understood and that its sender insists on (RFC 3261 8.2.3)."""
    kind = message.content_type
    if not message.body or kind is None or kind == SDP_TYPE:
        return False
    if kind.startswith("multipart/"):
        return any(part != SDP_TYPE for part in required_types(message))
    disposition = message.get("Content-Disposition")
    return disposition is None or "handling=optional" not in disposition.replace(" ", "").lower()
