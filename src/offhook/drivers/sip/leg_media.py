"""The media of one SIP leg: which streams and codecs it may use, its SDP, and the ports that carry them.

Offer and answer are the core's (`_core.OfferAnswer`); this says what we are ready for, line by line.  The
first audio stream is the leg's voice, which applications work on; further audio and video is only passed on
between bridged legs.  While a fax is sent there is an image in the place of it all (`LegFax`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from offhook._core import Codec, LocalMedia, NegotiationError, OfferAnswer, Sdp
from offhook.config.pjsip.endpoint import CallOfferPref, DtmfMode
from offhook.drivers.sip.leg_binding import LegBinding
from offhook.drivers.sip.leg_fax import LegFax
from offhook.drivers.sip.leg_security import Theirs
from offhook.drivers.sip.leg_stream import LegStream
from offhook.drivers.sip.trickle import Fragment, Part
from offhook.media.formats import codec_of
from offhook.media.sdp import TELEPHONE_EVENT, audio_codecs, video_codecs

if TYPE_CHECKING:
    from offhook._core import AgreedMedia
    from offhook.config.codecs import Codec as AllowedCodec
    from offhook.config.files.rtp import RtpConf
    from offhook.config.pjsip import Endpoint
    from offhook.drivers.sip.leg_ice import LegIce
    from offhook.drivers.sip.leg_security import LegSecurity
    from offhook.media.port import MediaPort
    from offhook.media.service import MediaService

__all__ = ["LegMedia", "codecs_of"]


@lru_cache(maxsize=1024)
def codecs_of(
    allowed: tuple[AllowedCodec, ...], events: bool, opus_fmtp: str = "useinbandfec=1"
) -> tuple[Codec, ...]:
    """An endpoint's audio codecs as SDP has them, in order; telephone-event last when `events`."""
    return audio_codecs((one.name for one in allowed), events=events, opus_fmtp=opus_fmtp)


@lru_cache(maxsize=1024)
def video_codecs_of(allowed: tuple[AllowedCodec, ...]) -> tuple[Codec, ...]:
    """An endpoint's video codecs as SDP has them, in order."""
    return video_codecs(one.name for one in allowed)


class LegMedia:
    """SDP and ports of one leg."""

    __slots__ = (
        "_address",
        "_answered",
        "_endpoint",
        "_rtp",
        "_service",
        "_video",
        "_voice",
        "_wanted",
        "binding",
        "exchange",
        "fax",
        "held",
        "objection",
        "on_hold",
        "returning",
        "streams",
    )

    def __init__(
        self,
        service: MediaService,
        endpoint: Endpoint,
        rtp: RtpConf,
        prefer: Sequence[Codec] = (),
        video: Sequence[Sequence[Codec]] | None = None,
    ) -> None:
        """`prefer`: the codecs of the leg that calls; an offer follows their order where that is allowed.

        `video`: the video streams of the leg that calls, by their codecs; None: nobody calls, and an offer
        has one stream if the endpoint has a codec for it.
        """
        self._service = service
        self._endpoint = endpoint
        self._rtp = rtp
        self.binding = LegBinding(endpoint)
        self._voice = LegStream(service, endpoint, rtp, self.binding, "audio", self._ordered(prefer))
        self._video = video_codecs_of(endpoint.codecs)
        self._wanted = video
        self._address = ""  # of our last offer
        self._answered = False  # the last description in force was our answer
        self.streams: list[LegStream | None] = []  # by m-line; None: switched off, or not for us
        self.fax = LegFax(service, endpoint, self.binding)
        self.exchange = OfferAnswer(
            username=endpoint.sdp_owner, session_name=endpoint.sdp_session, bundle=endpoint.bundle
        )
        self.objection = ""  # why the last offer could not be answered
        self.held = False  # the far end holds us
        self.on_hold = False  # we hold the far end
        self.returning = False  # from a fax to audio, the answer is awaited

    def _ordered(self, theirs: Sequence[Codec]) -> Sequence[Codec]:
        """What an offer has, by outgoing_call_offer_pref; `theirs`: the codecs of the leg that calls."""
        endpoint = self._endpoint
        preference = endpoint.outgoing_call_offer_pref
        own = codecs_of(endpoint.codecs, endpoint.dtmf_mode in _EVENT_MODES, self._service.codecs.opus.fmtp)
        if not theirs and preference is not CallOfferPref.LOCAL_FIRST:
            return own
        audio = [codec for codec in own if not codec.is_auxiliary]
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
        return [*chosen, *(codec for codec in own if codec.is_auxiliary)]

    # ------------------------------------------------------------ the voice

    @property
    def port(self) -> MediaPort | None:
        """The port of the voice."""
        return self._voice.port

    @property
    def codec(self) -> str:
        """Asterisk's name of the codec that the voice is sent in."""
        return self._voice.codec

    @property
    def security(self) -> LegSecurity:
        """The protection of the voice."""
        return self._voice.security

    @property
    def ice(self) -> LegIce:
        """The candidates of the voice."""
        return self._voice.ice

    @property
    def elsewhere(self) -> tuple[str, int] | None:
        """Where the peer's voice goes in place of our port."""
        return self._voice.elsewhere

    @property
    def offered_names(self) -> list[str]:
        """The codecs that are offered for the voice, by their names in SDP in lower case."""
        return [codec.name.lower() for codec in self._voice.offered if not codec.is_auxiliary]

    @property
    def agreed_names(self) -> tuple[str, ...]:
        """The codecs that may be sent (before an agreement: offered), by Asterisk's names, in our order."""
        agreed = self.agreed
        found: list[str] = []
        for codec in agreed.send if agreed is not None else self._voice.offered:
            facts = codec_of(codec.name, codec.clock_rate)
            if not codec.is_auxiliary:
                found.append(facts.name if facts is not None else codec.name.lower())
        order = [one.name for one in self._endpoint.codecs]
        return tuple(sorted(found, key=lambda name: order.index(name) if name in order else len(order)))

    def offer_only(self, names: Sequence[str]) -> None:
        """Offer these codecs, by Asterisk's names, whatever the endpoint has; a kind without one stays."""
        events = self._endpoint.dtmf_mode in _EVENT_MODES
        audio = audio_codecs(names, events=events, opus_fmtp=self._service.codecs.opus.fmtp)
        if audio:
            self._voice.offered = audio
        video = video_codecs(names)
        if video:
            self._video, self._wanted = video, None

    def send_elsewhere(self, place: tuple[str, int] | None, codecs: Sequence[Codec]) -> None:
        """From the next description on the peer's audio goes there, in these codecs; None: to us."""
        voice = self._voice
        voice.elsewhere = place
        voice.codecs_elsewhere = [
            mine
            for mine in voice.offered
            if mine is TELEPHONE_EVENT or any(mine.matches(codec) for codec in codecs)
        ]
        if voice.port is not None:
            self._set_timeouts(voice.port)

    @property
    def codecs(self) -> Sequence[Codec]:
        """What this leg may use for its voice, for the leg that it calls."""
        agreed = self.agreed
        if agreed is not None:
            return agreed.send
        if self._voice.common:
            return self._voice.common
        pending = self.exchange.pending
        line = pending.first("audio") if pending is not None else None
        return line.codecs if line is not None else self._voice.offered

    @property
    def agreed(self) -> AgreedMedia | None:
        """The line of the voice as it was agreed."""
        return self._agreed_of(self._voice)

    # ------------------------------------------------------------ further streams

    @property
    def further(self) -> list[LegStream]:
        """The streams beside the voice that have a port, in the order of their lines."""
        return [
            stream
            for stream in self.streams
            if stream is not None and stream is not self._voice and stream.port is not None
        ]

    def stream(self, kind: str) -> LegStream | None:
        """The first stream of a kind."""
        return next((stream for stream in self.streams if stream is not None and stream.kind == kind), None)

    @property
    def video(self) -> list[Sequence[Codec]]:
        """The codecs of each video stream, for the leg that it calls: as agreed, else in common."""
        found: list[Sequence[Codec]] = []
        for stream in self.streams:
            if stream is not None and stream.kind == "video":
                line = self._agreed_of(stream)
                found.append(line.send if line is not None else stream.common or stream.offered)
        return found

    def narrow_video(self, agreed: Sequence[Sequence[Codec]]) -> None:
        """The leg that was called has answered with these, and video is passed on as it is."""
        mine = [stream for stream in self.streams if stream is not None and stream.kind == "video"]
        for stream, codecs in zip(mine, agreed, strict=False):
            if codecs and any(one.matches(two) for one in codecs for two in stream.common):
                stream.offered = [_unnumbered(codec) for codec in codecs]

    def set_count(self, kind: str, count: int) -> bool:
        """Have so many streams of a kind from the next offer on; whether that changes anything.

        What is beyond is switched off, last ones first; what is missing is added, if the endpoint allows.
        """
        endpoint = self._endpoint
        places = [index for index, each in enumerate(self.streams) if each is not None and each.kind == kind]
        most = endpoint.max_video_streams if kind == "video" else endpoint.max_audio_streams
        for index in reversed(places[count:]):
            self._switch_off(index)
        added = 0
        while len(places) + added < min(count, most):
            stream = self._new_stream(kind)
            if stream is None:
                break
            # A line that was switched off may be used anew (RFC 3264 section 8.1).
            free = next((i for i, each in enumerate(self.streams) if each is None and i > 0), None)
            if free is None:
                self.streams.append(stream)
            else:
                self.streams[free] = stream
            added += 1
        return bool(places[count:]) or added > 0

    def _new_stream(self, kind: str) -> LegStream | None:
        if kind == "audio":
            if not any(each is self._voice for each in self.streams):
                return self._voice
            return LegStream(
                self._service, self._endpoint, self._rtp, self.binding, kind, self._voice.offered
            )
        if not self._video:
            return None
        stream = LegStream(self._service, self._endpoint, self._rtp, self.binding, kind, self._video)
        if self._endpoint.webrtc:
            stream.carrier = next((each for each in self.streams if each is not None), None)
        return stream

    def _switch_off(self, index: int) -> None:
        stream, self.streams[index] = self.streams[index], None
        if stream is self._voice:
            self._voice.rest()
        elif stream is not None:
            stream.close()

    def _agreed_of(self, stream: LegStream) -> AgreedMedia | None:
        if not any(each is stream for each in self.streams):
            return None
        index = next(i for i, each in enumerate(self.streams) if each is stream)
        lines = self.exchange.agreed
        if index >= len(lines) or lines[index].rejected or lines[index].kind != stream.kind:
            return None
        return lines[index]

    def close(self) -> None:
        """Free all ports but that of the voice, which belongs to the channel."""
        for stream in self.further:
            stream.close()
        self.fax.close()

    # ------------------------------------------------------------ descriptions

    def _plan(self, offer: Sdp) -> list[LegStream | None]:
        """What answers each line of an offer; `objection` says why there is none, if there is a reason."""
        endpoint = self._endpoint
        most = {"audio": endpoint.max_audio_streams, "video": endpoint.max_video_streams}
        plan: list[LegStream | None] = []
        self.objection = "it has no audio"
        for index, line in enumerate(offer.media):
            chosen: LegStream | None = None
            kind = line.kind
            if line.port and kind in most:
                before = self.streams[index] if index < len(self.streams) else None
                if before is not None and before.kind == kind:
                    chosen = before
                elif kind == "audio" and all(
                    each is not self._voice for each in (*plan, *self.streams[index + 1 :])
                ):
                    chosen = self._voice
                elif most[kind] > 0 and (kind == "audio" or self._video):
                    offered = self._voice.offered if kind == "audio" else self._video
                    chosen = LegStream(self._service, endpoint, self._rtp, self.binding, kind, offered)
            if chosen is not None:
                why = chosen.objection(offer, line) if most[kind] > 0 else "there are too many streams"
                if why:
                    if self.objection == "it has no audio":
                        self.objection = why
                    chosen = None
                else:
                    most[kind] -= 1
            plan.append(chosen)
        self._bundle(offer, plan)
        return plan

    def _bundle(self, offer: Sdp, plan: Sequence[LegStream | None]) -> None:
        """Have the streams that the far end sends over one port share the first one's."""
        if not self._endpoint.bundle:
            return
        groups = [value or "" for name, value in offer.attributes if name == "group"]
        mids = {mid for group in groups if group.startswith("BUNDLE ") for mid in group.split()[1:]}
        carrier: LegStream | None = None
        for stream, line in zip(plan, offer.media, strict=True):
            if stream is None or not line.rtcp_mux or line.attribute("mid") not in mids:
                continue
            if carrier is None:
                carrier = stream if stream.carrier is None else stream.carrier
            elif stream.port is None and stream is not carrier:
                stream.carrier = carrier

    def has_codec_for(self, offer: Sdp) -> bool:
        """Whether an offer has a line that we could answer; `codecs` and `video` are then what is in common.

        Otherwise `objection` says what is wrong with it.
        """
        self.streams = self._plan(offer)
        return any(self.streams)

    def offer(self, address: str) -> Sdp:
        """Our offer; opens the ports.  Raises NegotiationError while another one waits."""
        if not self.streams:
            self._first_streams()
        self._address = address
        direction = "sendonly" if self.on_hold else "sendrecv"
        lines = [each.offer(address, direction) if each is not None else None for each in self.streams]
        return self._described(self.exchange.offer(lines, address))

    def _described(self, sdp: Sdp) -> Sdp:
        """A description of ours with what stands at its session level."""
        ice = next((each.ice for each in self.streams if each is not None and each.carrier is None), None)
        if ice is None or not (ice.lite and ice.agreed):
            return sdp
        return Sdp(
            sdp.address or self._address,
            sdp.media,
            session_id=sdp.session_id,
            session_version=sdp.session_version,
            username=sdp.username,
            session_name=sdp.session_name,
            attributes=[*sdp.attributes, ("ice-lite", None)],
        )

    def _first_streams(self) -> None:
        """The streams of a leg that was not offered any."""
        endpoint = self._endpoint
        if any(not codec.is_auxiliary for codec in self._voice.offered):
            self.streams.append(self._voice)
        wanted = [self._video] if self._wanted is None or not self.streams else self._wanted
        for codecs in wanted[: endpoint.max_video_streams]:
            common = [_unnumbered(one) for one in codecs if any(mine.matches(one) for mine in self._video)]
            if common:
                stream = LegStream(self._service, endpoint, self._rtp, self.binding, "video", common)
                if endpoint.webrtc and self.streams:  # a browser has all on one port
                    stream.carrier = self.streams[0]
                self.streams.append(stream)
        if not self.streams:
            raise NegotiationError("there is no codec to offer")

    def answer(self, offer: Sdp, address: str) -> Sdp:
        """Our answer; opens the ports.  Raises NegotiationError when no codec fits."""
        if self.exchange.state != "remote-offer":
            self.exchange.remote_offer(offer)
        direction = "sendonly" if self.on_hold else "sendrecv"
        try:
            plan = self._plan(offer)
            if not any(plan):
                raise NegotiationError(self.objection)
            lines: list[LocalMedia | None] = []
            for stream, line in zip(plan, offer.media, strict=True):
                lines.append(stream.answer(offer, line, address, direction) if stream is not None else None)
            answer = self.exchange.answer_lines(lines, address)
        except NegotiationError:
            self.exchange.rollback()
            raise
        self._settle(plan)
        self._answered = True
        self._apply()
        return self._described(answer)

    def _settle(self, plan: Sequence[LegStream | None]) -> None:
        """These are the streams now; what is no longer there is switched off."""
        for index, stream in enumerate(self.streams):
            if stream is not None and not any(each is stream for each in plan):
                self._switch_off(index)
        self.streams = list(plan)
        self.fax.close()

    def accept_answer(self, answer: Sdp) -> None:
        """The answer to our offer.  Raises NegotiationError when it does not fit."""
        for stream, line in zip(self.streams, answer.media, strict=False):
            if stream is not None and line.port and stream.kind == line.kind:
                stream.check_answer(answer, line)
        try:
            self.exchange.remote_answer(answer)
        except NegotiationError:
            if not self._widen(answer):
                raise
            self.exchange.remote_answer(answer)
        self._answered = False
        for index, line in enumerate(self.exchange.agreed):
            if index < len(self.streams) and line.rejected:
                self._switch_off(index)
        self.fax.close()
        self._apply()

    def _widen(self, answer: Sdp) -> bool:
        """Whether an answer that has nothing of our offer has what the endpoint may use all the same.

        Then it is as if that had been offered: some devices answer with what they like best.
        """
        line = answer.first("audio")
        voice, exchange = self._voice, self.exchange
        if line is None or exchange.state != "local-offer":
            return False
        own = codecs_of(self._endpoint.codecs, False, self._service.codecs.opus.fmtp)
        known = [mine for mine in own if any(mine.matches(one) for one in line.codecs)]
        known = [mine for mine in known if not any(mine.matches(one) for one in voice.offered)]
        if not known:
            return False
        voice.offered = [*known, *voice.offered]
        exchange.rollback()
        self.offer(self._address)
        return True

    # ------------------------------------------------------------ what was agreed

    def _apply(self) -> None:
        """Set the ports to what was agreed."""
        remote = self.exchange.remote
        held: bool | None = None
        for stream, line in zip(self.streams, self.exchange.agreed, strict=False):
            if stream is None or line.rejected or stream.port is None:
                continue
            stream.apply(line, remote, answered=self._answered)
            if stream is self._voice or held is None:
                held = line.remote_held
        if held is not None:
            self.held = held
        voice = self._voice
        if voice.port is not None and self.agreed is not None:
            self._set_timeouts(voice.port)

    def _set_timeouts(self, port: MediaPort) -> None:
        """Nothing comes here while the audio goes elsewhere; who holds us may send its music, or nothing."""
        endpoint = self._endpoint
        if endpoint.rtp_timeout or endpoint.rtp_timeout_hold:
            here = self.elsewhere is None
            on_hold = float(endpoint.rtp_timeout_hold) * here
            port.set_timeouts(
                rtp_s=on_hold if self.held else float(endpoint.rtp_timeout) * here, hold_s=on_hold
            )

    @property
    def has_events(self) -> bool:
        """Whether the far end takes telephone-events."""
        line = self.agreed
        return line is not None and line.send_event is not None

    # ------------------------------------------------------------ candidates by INFO

    def take_candidates(self, fragment: Fragment) -> None:
        """What the far end adds to its description; what is of an earlier session is passed over."""
        theirs = fragment.ufrag, fragment.password
        for index, part in enumerate(fragment.parts):
            stream = self._stream_of(part, index)
            if stream is not None and stream.port is not None and stream.carrier is None:
                stream.ice.add(stream.port, theirs, part.candidates)

    def _stream_of(self, part: Part, index: int) -> LegStream | None:
        """The stream that a part of a fragment names, by a=mid, else by its place."""
        for stream, line in zip(self.streams, self.exchange.agreed, strict=False):
            if part.mid is not None and line.remote.mid == part.mid:
                return stream
        if part.mid is not None or index >= len(self.streams):
            return None
        return self.streams[index]

    def new_candidates(self) -> Fragment | None:
        """What servers have told since our description, for a far end that takes it; None for nothing."""
        remote = self.exchange.remote
        if remote is None:
            return None
        fragment = Fragment()
        for stream, line in zip(self.streams, self.exchange.agreed, strict=False):
            if stream is None or stream.port is None or stream.carrier is not None or line.rejected:
                continue
            options = Theirs(remote, line.remote).attribute_values("ice-options")
            if not any("trickle" in value.split() for value in options):
                continue
            values = stream.ice.more(stream.port)
            credentials = stream.ice.credentials
            if values and credentials is not None:
                fragment.ufrag, fragment.password = credentials
                fragment.parts.append(Part(stream.kind, line.remote.mid, values))
        return fragment if fragment.parts else None

    # ------------------------------------------------------------ fax

    def offer_fax(self, address: str) -> Sdp:
        """An offer of an image (T.38) in the place of all that there is."""
        return self.exchange.offer([self.fax.local(address)], address)

    def answer_fax(self, offer: Sdp, address: str) -> Sdp:
        """Our answer to an offer of an image.  Raises NegotiationError."""
        if self.exchange.state != "remote-offer":
            self.exchange.remote_offer(offer)
        taken = False
        lines: list[LocalMedia | None] = []
        for line in offer.media:
            usable = not taken and line.kind == "image" and line.port != 0
            lines.append(self.fax.local(address) if usable else None)
            taken = taken or usable
        try:
            answer = self.exchange.answer_lines(lines, address)
        except NegotiationError:
            self.exchange.rollback()
            raise
        self._begin_fax()
        return answer

    def accept_fax(self, answer: Sdp) -> None:
        """The answer to an offer of an image.  Raises NegotiationError when it is refused."""
        self.exchange.remote_answer(answer)
        self._begin_fax()

    def _begin_fax(self) -> None:
        line = next(
            (each for each in self.exchange.agreed if each.kind == "image" and not each.rejected), None
        )
        if line is None:
            raise NegotiationError("the image is refused")
        for stream in self.further:
            stream.close()
        self.streams = [self._voice]  # what comes back afterwards
        self._voice.rest()
        self.fax.apply(line)


def _unnumbered(codec: Codec) -> Codec:
    """The same format, whose payload type is chosen anew."""
    return Codec(codec.name, codec.clock_rate, channels=codec.channels, fmtp=codec.fmtp)


_EVENT_MODES = (DtmfMode.RFC4733, DtmfMode.AUTO, DtmfMode.AUTO_INFO)
