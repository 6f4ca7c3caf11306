"""A call that turns into a fax: one leg's offer of an image (T.38) is made to the other leg.

The peer of one leg offers m=image in a re-INVITE.  The other leg gets a re-INVITE with the same; when its
peer accepts, both exchange UDPTL through the engine, else the first one is refused with 488 and the call goes
on as it was.  When either goes back to audio, or the legs part, so does the other.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offhook._core import MediaError, NegotiationError
from offhook.drivers.sip.leg_fax import FaxState

if TYPE_CHECKING:
    from offhook._core import Sdp
    from offhook.drivers.sip.stream_channel import StreamChannel
    from offhook.sip.invite import InviteSession

__all__ = ["FaxOffer", "begin_fax", "end_fax"]

log = logging.getLogger(__name__)

_PATIENCE = 5.0  # seconds until an offer that the other leg does not answer is refused


class FaxOffer:
    """An image that the peer of one leg has offered, until the other leg's peer has answered."""

    __slots__ = ("_address", "_caller", "_offer", "_other", "_timer")

    def __init__(self, caller: StreamChannel, other: StreamChannel, offer: Sdp, address: str) -> None:
        self._caller: StreamChannel | None = caller
        self._other: StreamChannel | None = other
        self._offer = offer
        self._address = address
        self._timer = caller.pbx.loop.call_later(_PATIENCE, self.give_up)

    def answered(self, accepted: bool) -> None:
        """The other leg's peer has said yes or no."""
        caller, other = self._part()
        if caller is None or other is None or caller.session is None:
            return
        media = caller.leg_media
        if not accepted:
            media.fax.refused()
            media.exchange.rollback()
            caller.session.reject_offer(488)
            return
        media.fax.show(other.leg_media.fax)
        try:
            answer = media.answer_fax(self._offer, self._address)
        except (NegotiationError, MediaError, OSError) as error:
            log.warning("%s: the fax cannot be taken: %s", caller.name, error)
            media.fax.refused()
            caller.session.reject_offer(488)
            other.end_fax()
            return
        caller.session.answer_offer(answer)
        caller.streams_changed()

    def give_up(self) -> None:
        """The other leg does not answer in time."""
        caller = self._caller
        other = self._other
        self.answered(False)
        if caller is not None and other is not None:
            log.info("%s: the fax is refused: %s does not answer in time", caller.name, other.name)
            other.end_fax()

    def withdrawn(self) -> None:
        """The peer does not want it any more, or the call ends."""
        caller, other = self._part()
        if caller is not None:
            caller.leg_media.fax.refused()
            caller.leg_media.exchange.rollback()
        if other is not None:
            other.end_fax()

    def _part(self) -> tuple[StreamChannel | None, StreamChannel | None]:
        self._timer.cancel()
        caller, other = self._caller, self._other
        self._caller = self._other = None
        if caller is not None:
            caller.fax_offer = None
        if other is not None and other.fax_asked is self:
            other.fax_asked = None
        return caller, other


def begin_fax(channel: StreamChannel, session: InviteSession, offer: Sdp, address: str) -> None:
    """The peer of `channel` offers an image."""
    media = channel.leg_media
    if media.exchange.state == "stable":
        media.exchange.remote_offer(offer)
    other = channel.fax_partner()
    if not media.fax.allowed or other is None:
        why = "t38_udptl is no" if not media.fax.allowed else "nobody is there who could take it"
        log.info("%s: a fax is refused: %s", channel.name, why)
        media.exchange.rollback()
        media.fax.refused()
        session.reject_offer(488)
        return
    media.fax.offered(offer)
    channel.fax_offer = FaxOffer(channel, other, offer, address)
    other.ask_fax(channel.fax_offer, media.fax)


def end_fax(channel: StreamChannel) -> None:
    """The peer of `channel` is to go back to audio."""
    session, media = channel.session, channel.leg_media
    if media.fax.state is FaxState.ENABLED and session is not None and session.answered and not session.ended:
        media.fax.close()
        media.returning = True
        session.reinvite(channel.next_offer)
