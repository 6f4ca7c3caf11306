"""What a SIP leg has beside its voice: further audio and video, and faxes in the place of it all.

Nothing of it is mixed or recorded: it is passed on between two bridged legs, and one leg follows when the
other's peer adds a stream or takes one away.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from typing import TYPE_CHECKING

from offhook._core import NegotiationError
from offhook.drivers.sip.direct_media import can_send_to, move_audio
from offhook.drivers.sip.fax import end_fax
from offhook.pbx.channel import Channel

if TYPE_CHECKING:
    from offhook._core import Sdp
    from offhook.config.pjsip import Endpoint
    from offhook.drivers.sip.fax import FaxOffer
    from offhook.drivers.sip.leg_fax import LegFax
    from offhook.drivers.sip.leg_media import LegMedia
    from offhook.media.port import MediaPort
    from offhook.pbx.pbx import Pbx
    from offhook.sip.invite import InviteSession
    from offhook.sip.network import Hop

__all__ = ["StreamChannel"]

log = logging.getLogger(__name__)


class StreamChannel(Channel):
    """A leg with several streams; `SipChannel` is the rest of it."""

    __slots__ = (
        "_media",
        "direct_media_refused",
        "endpoint",
        "fax_asked",
        "fax_offer",
        "glare_avoided",
        "hop",
        "session",
    )

    def __init__(
        self, pbx: Pbx, endpoint: Endpoint, name: str, *, outgoing: bool, linkedid: str | None = None
    ) -> None:
        self.endpoint = endpoint
        self.session: InviteSession | None = None
        self.hop: Hop | None = None  # how the peer is reached, once that is known
        self._media: LegMedia | None = None
        self.direct_media_refused = False  # by the peer
        self.glare_avoided = False  # direct_media_glare_mitigation has had its turn
        self.fax_offer: FaxOffer | None = None  # of the peer, not answered yet
        self.fax_asked: FaxOffer | None = None  # of the other leg's peer, which ours is asked for
        super().__init__(pbx, name, outgoing=outgoing, linkedid=linkedid)

    @property
    @abstractmethod
    def leg_media(self) -> LegMedia:
        """SDP and ports; made when first needed."""

    @abstractmethod
    def next_offer(self) -> Sdp | None:
        """What we want of the streams now, for a re-INVITE of ours."""

    @abstractmethod
    def media_address(self) -> str:
        """Our address in descriptions."""

    def known_address(self, port: MediaPort) -> str:
        """Part of FurtherMedia: the one in our descriptions."""
        return self.media_address()

    # ------------------------------------------------------------ direct media

    @property
    def allows_direct_media(self) -> bool:
        """Part of Channel."""
        return self.endpoint.direct_media and not self.direct_media_refused

    def may_send_to(self, other: Channel) -> bool:
        """Part of Channel."""
        return isinstance(other, StreamChannel) and can_send_to(self, other)

    def move_audio(self, other: Channel | None) -> None:
        """Part of Channel."""
        if self._media is not None and (other is None or isinstance(other, StreamChannel)):
            move_audio(self, other)

    # ------------------------------------------------------------ streams

    def streams_changed(self) -> None:
        """There are other streams than before beside the audio."""
        further = self.further_media()
        for _, port in further:
            port.listener = self
        if further and self.bridge is not None:
            self.bridge.join_streams()

    def further_media(self) -> list[tuple[str, MediaPort]]:
        """Part of Channel."""
        media = self._media
        if media is None or self.ended:
            return []
        if media.fax.on and media.fax.port is not None:
            return [("image", media.fax.port)]
        return [(stream.kind, stream.port) for stream in media.further if stream.port is not None]

    def partner_gone(self) -> None:
        """Part of Channel: a fax has nobody to go to."""
        if self._media is None or not self._media.fax.on:
            return
        if self.task is not None:
            end_fax(self)  # its dialplan goes on, with audio
        else:
            self.pbx.loop.call_soon(self._end_fax_unless_over)

    def _end_fax_unless_over(self) -> None:
        if not self.hangup_requested and self._media is not None:
            end_fax(self)

    def ask_picture(self) -> None:
        """The peer wants a picture that stands alone (RFC 5168): whoever it sees is asked for one."""
        other = self.bridge.other(self) if self.bridge is not None else None
        for kind, port in other.further_media() if other is not None else ():
            if kind == "video":
                port.request_picture()

    def set_streams(self, kind: str, count: int) -> None:
        """Have so many "audio" or "video" streams with the peer."""
        session, media = self.session, self._media
        if session is None or media is None or not session.answered:
            return
        if media.set_count(kind, count):
            session.reinvite(self.next_offer)

    def fax_partner(self) -> StreamChannel | None:
        """The other leg, if a fax may go to it."""
        bridge = self.bridge
        other = (
            bridge.other(self) if bridge is not None and not bridge.is_mixed and not bridge.holding else None
        )
        if not isinstance(other, StreamChannel) or not other.leg_media.fax.allowed:
            return None
        return other if other.session is not None and other.session.answered else None

    def ask_fax(self, offer: FaxOffer, theirs: LegFax) -> None:
        """The other leg's peer offers an image: `offer` is told what ours says to it."""
        session, media = self.session, self._media
        if media is not None and media.fax.on:
            offer.answered(True)
        elif session is not None and media is not None:
            self.fax_asked = offer
            media.fax.show(theirs)
            session.reinvite(self._fax_to_offer)
        else:
            offer.answered(False)

    def _fax_to_offer(self) -> Sdp | None:
        return self.leg_media.offer_fax(self.media_address()) if self.fax_asked is not None else None

    def end_fax(self) -> None:
        """The other leg has gone back to audio."""
        end_fax(self)

    def on_fax_result(self, session: InviteSession, status: int, sdp: Sdp | None) -> None:
        """Our re-INVITE with an image was answered."""
        media = self.leg_media
        if status in (491, 500):  # it is tried again
            media.exchange.rollback()
            return
        asked, self.fax_asked = self.fax_asked, None
        refreshed = media.fax.on
        accepted = False
        if 200 <= status < 300 and sdp is not None:
            try:
                media.accept_fax(sdp)
                accepted = True
            except NegotiationError as error:
                log.info("%s: the answer to a fax does not fit: %s", self.name, error)
                session.reinvite(self.next_offer)
        if not accepted:
            media.fax.refused()
            if media.exchange.state != "stable":
                media.exchange.rollback()
        elif asked is None and not refreshed:
            end_fax(self)  # nobody waits for it any more
        if accepted:
            self.streams_changed()
        if asked is not None:
            asked.answered(accepted)

    def let_partner_follow(self, videos: int) -> None:
        """The peer has another number of video streams than before: the other leg's is asked for as many."""
        media, bridge = self.leg_media, self.bridge
        now = len(media.video)
        other = bridge.other(self) if bridge is not None and not bridge.is_mixed else None
        if now != videos and isinstance(other, StreamChannel):
            other.set_streams("video", now)
