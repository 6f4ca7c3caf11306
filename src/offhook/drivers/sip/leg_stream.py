"""One stream of a SIP leg: an m-line of audio or video with its port, keys and candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook._core import LocalMedia
from offhook.config.pjsip.endpoint import CallOfferPref
from offhook.drivers.sip.leg_ice import LegIce
from offhook.drivers.sip.leg_security import LegSecurity, Theirs
from offhook.media.gathering import PortOptions
from offhook.media.sdp import set_up_port

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook._core import AgreedMedia, Codec, Media, Sdp
    from offhook.config.files.rtp import RtpConf
    from offhook.config.pjsip import Endpoint
    from offhook.drivers.sip.leg_binding import LegBinding
    from offhook.media.port import MediaPort
    from offhook.media.service import MediaService

__all__ = ["LegStream", "port_options"]

LOCAL_PREFERENCES = (CallOfferPref.LOCAL, CallOfferPref.LOCAL_FIRST)
ONE_ALONE = (CallOfferPref.LOCAL_FIRST, CallOfferPref.REMOTE_FIRST)
# What receivers of video may ask of its sender (RFC 4585, 5104), where the profile has feedback.
_FEEDBACK = ("ccm fir", "nack", "nack pli", "goog-remb")


def port_options(endpoint: Endpoint, rtp: RtpConf, kind: str, bind: str) -> PortOptions:
    """How a port of an endpoint's "audio" or "video" is opened at an address."""
    audio = kind == "audio"
    return PortOptions(
        bind,
        carries=kind,
        fixed=endpoint.bundle,
        tos=endpoint.tos_audio if audio else endpoint.tos_video,
        cos=endpoint.cos_audio if audio else endpoint.cos_video,
        symmetric=endpoint.rtp_symmetric,
        strict=rtp.strictrtp.value != "no",
        probation=rtp.probation,
    )


class LegStream:
    """Audio or video of one leg."""

    __slots__ = (
        "_binding",
        "_endpoint",
        "_rtp",
        "_service",
        "carrier",
        "codec",
        "codecs_elsewhere",
        "common",
        "elsewhere",
        "ice",
        "kind",
        "offered",
        "port",
        "security",
    )

    def __init__(
        self,
        service: MediaService,
        endpoint: Endpoint,
        rtp: RtpConf,
        binding: LegBinding,
        kind: str,
        offered: Sequence[Codec],
    ) -> None:
        """`kind`: "audio" or "video"; `offered`: what it may carry, in order."""
        self._service = service
        self._endpoint = endpoint
        self._rtp = rtp
        self._binding = binding
        self.kind = kind
        self.offered = offered
        self.common: Sequence[Codec] = ()  # with an offer of the far end
        self.codec = "ulaw" if kind == "audio" else ""  # Asterisk's name of what is sent
        self.elsewhere: tuple[str, int] | None = None  # where the peer's packets go in place of our port
        self.codecs_elsewhere: Sequence[Codec] = ()
        self.carrier: LegStream | None = None  # whose port, keys and candidates it uses (BUNDLE)
        self.port: MediaPort | None = None
        self.security = LegSecurity(endpoint, rtp, available=service.encryption)
        self.ice = LegIce(endpoint, rtp, binding)

    # ------------------------------------------------------------ descriptions

    def objection(self, offer: Sdp, line: Media) -> str:
        """Why an offered line cannot be answered, "" when it can; `common` is what is in common then."""
        why = self.security.objection(Theirs(offer, line))
        if why:
            return why
        preference = self._endpoint.incoming_call_offer_pref
        if preference in LOCAL_PREFERENCES:
            common = [mine for mine in self.offered if any(mine.matches(one) for one in line.codecs)]
        else:
            common = [mine for one in line.codecs for mine in self.offered if mine.matches(one)]
        common = [codec for codec in common if not codec.is_auxiliary]
        if self.kind == "video":  # passed on as it is: with the far end's parameters
            common = [one for mine in common for one in line.codecs if mine.matches(one)]
        self.common = common[:1] if preference in ONE_ALONE else common
        return "" if common else "no codec in common"

    def offer(self, address: str, direction: str) -> LocalMedia:
        """Our line of an offer; opens the port."""
        security = self.security
        lines: list[tuple[str, str | None]] = []
        if self.carrier is None:
            lines += [*security.offer(), *self.ice.offer(self._open(address), address)]
        if self.kind == "video" and self._endpoint.use_avpf:
            lines += [("rtcp-fb", f"* {what}") for what in _FEEDBACK]
        return self._local(address, security.profile, lines, direction)

    def answer(self, offer: Sdp, line: Media, address: str, direction: str) -> LocalMedia:
        """Our line of an answer to one without objection; opens the port."""
        theirs = Theirs(offer, line)
        lines: list[tuple[str, str | None]] = []
        if self.carrier is None:
            lines += self.security.answer(theirs)
            lines += self.ice.answer(self._open(address), address, theirs)
        if self.kind == "video":
            asked = {value.partition(" ")[2].strip() for value in line.attribute_values("rtcp-fb")}
            lines += [("rtcp-fb", f"* {what}") for what in _FEEDBACK if what in asked]
        return self._local(address, line.proto, lines, direction)

    def check_answer(self, answer: Sdp, line: Media) -> None:
        """Raises NegotiationError for an answer that is not protected as it must be."""
        if self.carrier is None:
            self.security.check_answer(Theirs(answer, line))

    def _local(
        self, address: str, profile: str, attributes: Sequence[tuple[str, str | None]], direction: str
    ) -> LocalMedia:
        endpoint = self._endpoint
        port = self._open(address)
        host, number = self.elsewhere or (None, port.rtp_port)
        ptime = next((codec.ptime for codec in endpoint.codecs if codec.ptime), 0) or 20
        return LocalMedia(
            self.kind,
            number,
            self.codecs_elsewhere if self.elsewhere is not None else self.offered,
            address=host,
            protos=(profile,),
            rtcp_mux=endpoint.rtcp_mux or endpoint.bundle,
            attributes=attributes,
            direction=direction,
            ptime=ptime if self.kind == "audio" else None,
            order="local" if endpoint.incoming_call_offer_pref in LOCAL_PREFERENCES else "remote",
            keep_first=endpoint.preferred_codec_only or endpoint.incoming_call_offer_pref in ONE_ALONE,
        )

    def _open(self, address: str) -> MediaPort:
        if self.port is None and self.carrier is not None and self.carrier.port is not None:
            self.port = self._service.open_rider(self.carrier.port, self.kind)
        if self.port is None:
            endpoint = self._endpoint
            options = port_options(endpoint, self._rtp, self.kind, self._binding.rtp(address))
            if self.ice.enabled:
                self.port = self._service.take_port(options)
            else:
                self.port = self._service.open_as(options)
            if endpoint.rtp_keepalive and self.kind == "audio":
                self.port.set_keepalive(float(endpoint.rtp_keepalive))
            self.security.prepare(self.port)
        return self.port

    # ------------------------------------------------------------ what was agreed

    def apply(self, line: AgreedMedia, remote: Sdp | None, *, answered: bool) -> None:
        """Set the port to what was agreed; `answered`: the description in force was our answer."""
        port, endpoint = self.port, self._endpoint
        if port is None or not line.send:
            return
        if self.carrier is not None:
            port.set_sources(_sources_of(line.remote))
        elif endpoint.rtcp_mux or endpoint.bundle:
            port.set_rtcp_mux(line.rtcp_mux)
        if remote is not None and self.carrier is None:
            theirs = Theirs(remote, line.remote)
            self.ice.apply(port, theirs)
            self.security.apply(port, theirs, offered=answered)
        self.codec = set_up_port(
            port,
            line,
            None if endpoint.use_ptime else self._packet_ms,
            self._service.codecs,
            rides=self.carrier is not None,
        )

    def rest(self) -> None:
        """Nothing is sent or awaited: the line is switched off."""
        if self.port is not None:
            self.port.set_timeouts()
            self.port.set_direction(send=False, receive=False)

    def close(self) -> None:
        """Free the port."""
        if self.port is not None:
            self.port.close()
            self.port = None

    def _packet_ms(self, name: str) -> int:
        """What `allow=ulaw:30` says of a codec, else the usual 20 ms: without use_ptime nobody is asked."""
        return next((codec.ptime for codec in self._endpoint.codecs if codec.name == name), 0) or 20


def _sources_of(line: Media) -> list[int]:
    """The SSRCs that an m-line names (RFC 5576)."""
    found: list[int] = []
    for value in line.attribute_values("ssrc"):
        word = value.partition(" ")[0]
        if word.isascii() and word.isdigit() and int(word) < 1 << 32 and int(word) not in found:
            found.append(int(word))
    return found[:_MOST_SOURCES]


_MOST_SOURCES = 16
