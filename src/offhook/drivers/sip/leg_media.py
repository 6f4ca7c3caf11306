"""The audio of one SIP leg: which codecs it may use, its SDP, and the engine port that carries it.

Offer and answer are the core's (`_core.OfferAnswer`); this says what we are ready for, opens the
port when a description of ours first needs one, and sets the port to what was agreed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from offhook._core import LocalMedia, NegotiationError, OfferAnswer, Sdp
from offhook.config.pjsip.endpoint import CallOfferPref, DtmfMode
from offhook.drivers.sip.leg_ice import LegIce
from offhook.drivers.sip.leg_security import LegSecurity, Theirs
from offhook.media.formats import codec_of
from offhook.media.sdp import TELEPHONE_EVENT, audio_codecs, set_up_port

if TYPE_CHECKING:
    from offhook._core import AgreedMedia, Codec, Media
    from offhook.config.codecs import Codec as AllowedCodec
    from offhook.config.files.rtp import RtpConf
    from offhook.config.pjsip import Endpoint
    from offhook.media.port import MediaPort
    from offhook.media.service import MediaService

__all__ = ["LegMedia", "codecs_of"]


@lru_cache(maxsize=1024)
def codecs_of(
    allowed: tuple[AllowedCodec, ...], events: bool, opus_fmtp: str = "useinbandfec=1"
) -> tuple[Codec, ...]:
    """An endpoint's audio codecs as SDP has them, in order; telephone-event last when `events`."""
    return audio_codecs((one.name for one in allowed), events=events, opus_fmtp=opus_fmtp)


class LegMedia:
    """SDP and port of one leg."""

    __slots__ = (
        "_answered",
        "_codecs_elsewhere",
        "_common",
        "_endpoint",
        "_offered",
        "_ptime",
        "_rtp",
        "_service",
        "codec",
        "elsewhere",
        "exchange",
        "held",
        "ice",
        "objection",
        "on_hold",
        "port",
        "security",
    )

    def __init__(
        self, service: MediaService, endpoint: Endpoint, rtp: RtpConf, prefer: Sequence[Codec] = ()
    ) -> None:
        """`prefer`: the codecs of the leg that calls; an offer follows their order where that is allowed."""
        self._service = service
        self._endpoint = endpoint
        self._rtp = rtp
        self._offered: Sequence[Codec] = self._ordered(prefer)
        self._common: Sequence[Codec] = ()  # with the offer of a call that came in
        self._answered = False  # the last description in force was our answer
        self._ptime = next((codec.ptime for codec in endpoint.codecs if codec.ptime), 0) or None
        self.exchange = OfferAnswer(
            username=endpoint.sdp_owner, session_name=endpoint.sdp_session, bundle=endpoint.bundle
        )
        self.elsewhere: tuple[str, int] | None = None  # where the peer's audio goes in place of our port
        self._codecs_elsewhere: Sequence[Codec] = ()
        self.port: MediaPort | None = None
        self.security = LegSecurity(endpoint, rtp, available=service.encryption)
        self.ice = LegIce(endpoint, rtp)
        self.objection = ""  # why the last offer could not be answered
        self.codec = "ulaw"  # Asterisk's name of what is sent
        self.held = False  # the far end holds us
        self.on_hold = False  # we hold the far end

    def _ordered(self, theirs: Sequence[Codec]) -> Sequence[Codec]:
        """What an offer has, by outgoing_call_offer_pref; `theirs`: the codecs of the leg that calls."""
        endpoint = self._endpoint
        preference = endpoint.outgoing_call_offer_pref
        own = codecs_of(endpoint.codecs, endpoint.dtmf_mode in _EVENT_MODES, self._service.codecs.opus.fmtp)
        if not theirs and preference is not CallOfferPref.LOCAL_FIRST:
            return own
        audio = [codec for codec in own if codec is not TELEPHONE_EVENT]
        # Where nothing is common the audio is transcoded, and the call goes on with what is ours.
        match preference:
            case CallOfferPref.LOCAL:
                chosen = [mine for mine in audio if any(mine.matches(one) for one in theirs)] or audio
            case CallOfferPref.LOCAL_FIRST:
                chosen = audio[:1]
            case CallOfferPref.LOCAL_MERGE:
                chosen = audio
            case _:
                common = [mine for one in theirs for mine in audio if mine.matches(one)]
                if preference is CallOfferPref.REMOTE_MERGE:
                    chosen = [*common, *(mine for mine in audio if mine not in common)]
                else:
                    chosen = common or audio
                    if preference is CallOfferPref.REMOTE_FIRST:
                        chosen = chosen[:1]
        return [*chosen, TELEPHONE_EVENT] if TELEPHONE_EVENT in own else chosen

    @property
    def offered_names(self) -> list[str]:
        """The codecs that are offered, by their names in SDP in lower case."""
        return [codec.name.lower() for codec in self._offered if not codec.is_telephone_event]

    @property
    def agreed_names(self) -> tuple[str, ...]:
        """The codecs that may be sent (before an agreement: offered), by Asterisk's names, in our order."""
        agreed = self.agreed
        found: list[str] = []
        for codec in agreed.send if agreed is not None else self._offered:
            facts = codec_of(codec.name, codec.clock_rate)
            if not codec.is_telephone_event:
                found.append(facts.name if facts is not None else codec.name.lower())
        order = [one.name for one in self._endpoint.codecs]
        return tuple(sorted(found, key=lambda name: order.index(name) if name in order else len(order)))

    def offer_only(self, names: Sequence[str]) -> None:
        """Offer these codecs, by Asterisk's names, whatever the endpoint has."""
        self._offered = audio_codecs(
            names,
            events=self._endpoint.dtmf_mode in _EVENT_MODES,
            opus_fmtp=self._service.codecs.opus.fmtp,
        )

    def send_elsewhere(self, place: tuple[str, int] | None, codecs: Sequence[Codec]) -> None:
        """From the next description on the peer's audio goes there, in these codecs; None: to us."""
        self.elsewhere = place
        self._codecs_elsewhere = [
            mine
            for mine in self._offered
            if mine is TELEPHONE_EVENT or any(mine.matches(codec) for codec in codecs)
        ]
        if self.port is not None:
            self._set_timeouts(self.port)

    # ------------------------------------------------------------ descriptions

    @property
    def codecs(self) -> Sequence[Codec]:
        """What this leg may use, for the leg that it calls."""
        agreed = self.agreed
        if agreed is not None:
            return agreed.send
        if self._common:
            return self._common
        pending = self.exchange.pending
        line = pending.first("audio") if pending is not None else None
        return line.codecs if line is not None else self._offered

    @property
    def agreed(self) -> AgreedMedia | None:
        """The audio line as it was agreed."""
        for line in self.exchange.agreed:
            if line.kind == "audio" and not line.rejected:
                return line
        return None

    def _audio_of(self, offer: Sdp) -> Media | None:
        """The audio line of an offer that is to be answered; `objection` says why there is none."""
        self.objection = "it has no audio"
        for line in offer.media:
            if line.kind == "audio" and line.port:
                self.objection = self.security.objection(Theirs(offer, line))
                if not self.objection:
                    return line
        return None

    def has_codec_for(self, offer: Sdp) -> bool:
        """Whether an offer has an audio line that we could answer; `codecs` is then what is in common.

        Otherwise `objection` says what is wrong with it.
        """
        line = self._audio_of(offer)
        if line is None:
            return False
        preference = self._endpoint.incoming_call_offer_pref
        ours, theirs = self._offered, line.codecs
        if preference in _LOCAL_PREFERENCES:
            common = [mine for mine in ours if any(mine.matches(one) for one in theirs)]
        else:
            common = [mine for one in theirs for mine in ours if mine.matches(one)]
        common = [codec for codec in common if not codec.is_telephone_event]
        self._common = common[:1] if preference in _ONE_ALONE else common
        if not common:
            self.objection = "no codec in common"
        return bool(common)

    def offer(self, address: str) -> Sdp:
        """Our offer; opens the port.  Raises NegotiationError while another one waits."""
        security = self.security
        lines = [*security.offer(), *self.ice.offer(self._open(address), address)]
        return self.exchange.offer([self._local(address, security.profile, lines)], address)

    def answer(self, offer: Sdp, address: str) -> Sdp:
        """Our answer; opens the port.  Raises NegotiationError when no codec fits."""
        if self.exchange.state != "remote-offer":
            self.exchange.remote_offer(offer)
        try:
            line = self._audio_of(offer)
            if line is None:
                raise NegotiationError(self.objection)
            theirs = Theirs(offer, line)
            lines = [*self.security.answer(theirs), *self.ice.answer(self._open(address), address, theirs)]
            local = self._local(address, line.proto, lines)
            answer = self.exchange.answer([local], address)
        except NegotiationError:
            self.exchange.rollback()
            raise
        self._answered = True
        self._apply()
        return answer

    def accept_answer(self, answer: Sdp) -> None:
        """The answer to our offer.  Raises NegotiationError when it does not fit."""
        line = answer.first("audio")
        if line is not None:
            self.security.check_answer(Theirs(answer, line))
        try:
            self.exchange.remote_answer(answer)
        except NegotiationError:
            if line is None or not self._take_other_codecs(answer, line):
                raise
        self._answered = False
        self._apply()

    def _take_other_codecs(self, answer: Sdp, line: Media) -> bool:
        """Whether an answer with none of the codecs that were offered has others that the endpoint may use.

        Against RFC 3264 6.1, but it is clear what its sender does, and it will be understood.
        """
        before = self.exchange.pending
        offered = before.first("audio") if before is not None else None
        if before is None or offered is None or line.proto != "RTP/AVP" or not line.port:
            return False
        address = before.address or offered.address or ""
        self.exchange.rollback()
        allowed, self._offered = self._offered, self._ordered(())
        try:
            self.exchange.remote_offer(answer)
            self.exchange.answer([self._local(address, line.proto, ())], address)
        except NegotiationError:
            self.exchange.rollback()
            self._offered = allowed
            return False
        return True

    def _local(self, address: str, profile: str, attributes: Sequence[tuple[str, str | None]]) -> LocalMedia:
        endpoint = self._endpoint
        port = self._open(address)
        host, number = self.elsewhere or (None, port.rtp_port)
        return LocalMedia(
            "audio",
            number,
            self._codecs_elsewhere if self.elsewhere is not None else self._offered,
            address=host,
            protos=(profile,),
            rtcp_mux=endpoint.rtcp_mux,
            attributes=attributes,
            direction="sendonly" if self.on_hold else "sendrecv",
            ptime=self._ptime or 20,
            order="local" if endpoint.incoming_call_offer_pref in _LOCAL_PREFERENCES else "remote",
            keep_first=endpoint.preferred_codec_only or endpoint.incoming_call_offer_pref in _ONE_ALONE,
        )

    def _open(self, address: str) -> MediaPort:
        if self.port is None:
            endpoint = self._endpoint
            bind = "::" if ":" in address else "0.0.0.0"
            if endpoint.bind_rtp_to_media_address and endpoint.media_address:
                bind = endpoint.media_address
            self.port = self._service.open_port(
                bind,
                tos=endpoint.tos_audio,
                symmetric=endpoint.rtp_symmetric,
                strict=self._rtp.strictrtp.value != "no",
                probation=self._rtp.probation,
            )
            self.security.prepare(self.port)
        return self.port

    # ------------------------------------------------------------ what was agreed

    def _apply(self) -> None:
        """Set the port to what was agreed."""
        port, line = self.port, self.agreed
        if port is None or line is None or not line.send:
            return
        endpoint = self._endpoint
        if endpoint.rtcp_mux:
            port.set_rtcp_mux(line.rtcp_mux)
        remote = self.exchange.remote
        if remote is not None:
            theirs = Theirs(remote, line.remote)
            self.ice.apply(port, theirs)
            self.security.apply(port, theirs, offered=self._answered)
        self.codec = set_up_port(
            port, line, None if endpoint.use_ptime else self._packet_ms, self._service.codecs
        )
        self._set_timeouts(port)
        self.held = line.remote_held

    def _set_timeouts(self, port: MediaPort) -> None:
        """Nothing comes here while the audio goes elsewhere."""
        endpoint = self._endpoint
        if endpoint.rtp_timeout or endpoint.rtp_timeout_hold:
            here = self.elsewhere is None
            port.set_timeouts(
                rtp_s=float(endpoint.rtp_timeout) * here, hold_s=float(endpoint.rtp_timeout_hold) * here
            )

    def _packet_ms(self, name: str) -> int:
        """What `allow=ulaw:30` says of a codec, else the usual 20 ms: without use_ptime nobody is asked."""
        return next((codec.ptime for codec in self._endpoint.codecs if codec.name == name), 0) or 20

    @property
    def has_events(self) -> bool:
        """Whether the far end takes telephone-events."""
        line = self.agreed
        return line is not None and line.send_event is not None


_EVENT_MODES = (DtmfMode.RFC4733, DtmfMode.AUTO, DtmfMode.AUTO_INFO)
_LOCAL_PREFERENCES = (CallOfferPref.LOCAL, CallOfferPref.LOCAL_FIRST)
_ONE_ALONE = (CallOfferPref.LOCAL_FIRST, CallOfferPref.REMOTE_FIRST)
