"""SipChannel: a SIP call leg as a channel (Asterisk: chan_pjsip).

What the switch does to the channel becomes SIP here; what the peer does becomes a channel's events in
`session_events`.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from offhook._core import MediaError, NameAddr, NegotiationError
from offhook.config.pjsip.endpoint import DtmfMode
from offhook.drivers.sip.channel_settings import groups_of, read_setting, status_named, write_setting
from offhook.drivers.sip.charges import ToldCharges
from offhook.drivers.sip.diversion import diversion_headers
from offhook.drivers.sip.fax_tone import watch_for_fax
from offhook.drivers.sip.identity import identity_headers
from offhook.drivers.sip.info_digits import FLASH_BODY, FLASH_TYPE, digit_body
from offhook.drivers.sip.leg_media import LegMedia
from offhook.drivers.sip.referral import Referral, ask_to_refer, refer
from offhook.drivers.sip.session_events import SessionEvents
from offhook.pbx.causes import Cause, cause_text, status_of_cause
from offhook.pbx.channel import ChannelState
from offhook.pbx.events import TestEvent
from offhook.sip.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from weakref import ref

    from offhook._core import Message, Sdp
    from offhook.config.pjsip import Endpoint
    from offhook.drivers.sip.calls import Calls
    from offhook.media.port import MediaPort
    from offhook.pbx.charges import Advice
    from offhook.pbx.text import TextDetails
    from offhook.sip.incoming import IncomingRequest
    from offhook.sip.invite import InviteSession
    from offhook.sip.invite_client import InviteClient
    from offhook.sip.invite_server import InviteServer

__all__ = ["SipChannel"]

log = logging.getLogger(__name__)


class SipChannel(SessionEvents):
    """One SIP leg."""

    technology = "PJSIP"
    text_details = True
    __slots__ = (
        "_charges",
        "_relays_digits",
        "_told",
        "asked",
        "asks_program",
        "caller_leg",
        "calls",
        "client",
        "extra_headers",
        "from_params",
        "goodbye",
        "invite",
        "music_passes",
        "referral",
        "refers",
        "refusal",
        "remote",
        "renewing",
        "request",
        "response",
        "server",
        "transport",
    )

    def __init__(
        self, calls: Calls, endpoint: Endpoint, name: str, *, outgoing: bool, linkedid: str | None = None
    ) -> None:
        self.calls = calls
        self.server: InviteServer | None = None
        self.client: InviteClient | None = None
        self.request: Message | None = None  # the INVITE that came in
        self.response: Message | None = None  # the 2xx of the INVITE that went out
        self.from_params: dict[tuple[str, str], str] = {}  # PJSIP_HEADER_PARAM(), for the INVITE
        self.renewing: asyncio.TimerHandle | None = None  # until new keys are agreed on (dtls_rekey)
        self.invite: Callable[[], None] | None = None  # sends the INVITE of an outgoing leg
        self.transport = ""  # the one that the called contact names (symmetric_transport)
        self.remote = ""  # before that: the literal address that will be tried first
        self.extra_headers: list[tuple[str, str]] = []  # PJSIP_HEADER(add, ...), for the INVITE
        self.caller_leg: ref[SipChannel] | None = None  # of the one who has this leg called
        self.goodbye: Callable[[], None] | None = None  # ends the session, once it is in audio again
        self.referral: Referral | None = None  # a transfer that the peer has asked for
        self.refers = 0  # how many
        self.asked: Callable[[IncomingRequest], None] | None = None  # takes the NOTIFY of a REFER of ours
        self.refusal = 0  # the status of a refusal, when the dialplan has chosen one
        self.music_passes = endpoint.moh_passthrough
        self.asks_program = False  # its transfers are carried out by a program (PJSIP_TRANSFER_HANDLING)
        super().__init__(calls.pbx, endpoint, name, outgoing=outgoing, linkedid=linkedid)
        self.account_code, self.tenant_id = endpoint.accountcode, endpoint.tenantid
        self.context = endpoint.context
        self.groups = groups_of(endpoint)
        if endpoint.language:
            self.language = endpoint.language
        self.tone_zone = endpoint.tone_zone
        self.music_suggested = endpoint.moh_suggest
        self.digits_in_media = endpoint.dtmf_mode is not DtmfMode.INFO
        self._charges: ToldCharges | None = None  # what the call costs
        self._relays_digits = True
        self._told: list[tuple[str, str]] | None = None  # the identity that the peer was shown last
        for variable in endpoint.set_var:
            if variable.name.endswith(")"):
                self.pbx.dialplan.assign(self, variable.name, variable.value)
            else:
                self.set_variable(variable.name, variable.value)

    @property
    def leg_media(self) -> LegMedia:
        """SDP and port; made when first needed."""
        media = self._media
        if media is None:
            media = LegMedia(self.pbx.media, self.endpoint, self.calls.rtp)
            self.use_media(media)
        return media

    def use_media(self, media: LegMedia) -> None:
        """Use this one (an outgoing leg follows the codecs of the one that calls)."""
        self._media = media
        self.bind_media()

    def bind_media(self) -> None:
        """Have the ports where the transport is, as far as it is known how the peer is reached."""
        if self._media is not None:
            self._media.binding.transport = self.calls.own_address.bound(self.endpoint, self.hop, self.remote)

    @property
    def audio_port(self) -> MediaPort | None:
        """The port of the audio, also when it is closed: for its figures."""
        return self._media.port if self._media is not None else None

    @property
    def audio_codec(self) -> str:
        """The codec that goes out."""
        return self._media.codec if self._media is not None else "ulaw"

    @property
    def native_formats(self) -> tuple[str, ...]:
        """Part of Channel."""
        return self._media.agreed_names if self._media is not None else ("ulaw",)

    # ------------------------------------------------------------ what the switch does

    def _place(self) -> None:
        if self.codecs and self._media is not None:
            self._media.offer_only(self.codecs)
        if self.invite is not None:
            self.invite()

    def _ring(self) -> None:
        server = self.server
        if server is None:
            return
        if self.endpoint.inband_progress:
            self._progress()
            self.start_ring_tone()
        else:
            server.ring(180, headers=self._headers_of_answer())

    def _progress(self) -> None:
        server = self.server
        if server is None:
            return
        sdp = self._answer_of_invite()
        if sdp is not None:
            server.progress(sdp, headers=self._headers_of_answer())

    def _answer(self) -> None:
        server = self.server
        if server is None:
            return
        sdp = self._answer_of_invite()
        if sdp is not None:
            if self._charges is not None:
                server.attachment = self._charges.with_the_answer()
            server.accept(sdp, headers=self._headers_of_answer())

    def _identity(self) -> list[tuple[str, str]]:
        """Headers that name the party that this leg is connected with, where the peer wants them."""
        endpoint = self.endpoint
        if not (endpoint.send_pai or endpoint.send_rpid):
            return []
        if self._told is not None and not endpoint.send_connected_line:
            return self._told  # later changes are not the peer's business
        own = self.calls.own_address.signalling(endpoint, self.hop, self.remote)
        headers = identity_headers(endpoint, self.connected, own, calling=False)
        if headers:
            self._told = headers
        return headers

    def _headers_of_answer(self) -> list[tuple[str, str]]:
        """What a response to the INVITE carries besides the session's own headers."""
        return [*self._identity(), *self.extra_headers]

    def _answer_of_invite(self) -> Sdp | None:
        """Our description for the INVITE's answer, always the same; None when the call had to be refused."""
        server = self.server
        media = self.leg_media
        if server is None:
            return None
        if media.exchange.local is not None:
            return media.exchange.local
        if media.exchange.state == "local-offer":
            return media.exchange.pending
        try:
            offer = server.offer
            address = self.media_address()
            sdp = media.answer(offer, address) if offer is not None else media.offer(address)
        except (NegotiationError, MediaError, OSError) as error:
            log.warning("%s: no audio: %s", self.name, error)
            self.hangup_cause = Cause.BEARERCAPABILITY_NOTAVAIL
            self.request_hangup(Cause.BEARERCAPABILITY_NOTAVAIL)
            return None
        self._adopt_port()
        return sdp

    def media_address(self) -> str:
        """Part of StreamChannel."""
        return self.calls.own_address.media(self.endpoint, self.hop, self.remote)

    def _adopt_port(self) -> None:
        media = self._media
        if media is not None and media.port is not None and self.media is None and not self.ended:
            self.attach_media(media.port)
            if self.endpoint.fax_detect:
                watch_for_fax(self, media.port)
        self.streams_changed()
        self.choose_digits()

    def choose_digits(self) -> None:
        """How digits come and go, as far as that depends on what was agreed (auto, auto_info)."""
        mode, media = self.endpoint.dtmf_mode, self._media
        if mode is DtmfMode.RFC4733 or media is None or media.agreed is None:
            return
        inband = mode is DtmfMode.INBAND or (mode is DtmfMode.AUTO and not media.has_events)
        self.digits_in_media = mode is not DtmfMode.INFO and (
            mode is not DtmfMode.AUTO_INFO or media.has_events
        )
        if inband != self.inband_digits:
            self.inband_digits = inband
            self.relay_digits(self._relays_digits)

    def relay_digits(self, on: bool) -> None:
        """Part of Channel."""
        self._relays_digits = on
        super().relay_digits(on)
        if self.bridge is not None:
            self.bridge.reconsider()

    def _release(self, cause: int) -> None:
        if self.fax_offer is not None:
            self.fax_offer.withdrawn()
        session = self.session
        if session is None or session.ended:
            self._drop_port()
            return
        if self.referral is not None and self.referral.take_over():
            self._drop_port()
            self._let_go()
            return
        reasons = None
        if cause == Cause.ANSWERED_ELSEWHERE:
            reasons = Reason.sip(200, "Call completed elsewhere")
        elif not self.endpoint.suppress_q850_reason_headers:
            reasons = Reason.q850(cause, cause_text(cause))
        status = self.refusal or status_of_cause(cause)
        media = self._media
        if media is not None and media.returning and media.exchange.state == "local-offer":
            # Its answer first: who is sent a BYE meanwhile may take that for an answer that is lost.
            self.goodbye = partial(session.hangup, reasons, status=status)
        else:
            session.hangup(reasons, status=status)
        self._drop_port()

    def _forget(self) -> None:
        # The session may still wait for its BYE's answer; it tells us by on_ended(), which we outlive then.
        self.invite = None
        self.request = self.response = None
        if self.session is None or self.session.ended:
            self._let_go()

    def _refer(self, session: InviteSession, request: IncomingRequest) -> None:
        refer(self, session, request)

    def _let_go(self) -> None:
        if self.session is not None or (self.outgoing and not self.placed):  # asked for, and not called
            self.calls.session_ended(self)
        self.session = self.client = self.server = None
        self._media = None
        self.referral = self.asked = None
        self.fax_offer = self.fax_asked = None
        self.goodbye = None

    def _drop_port(self) -> None:
        """A port that was opened for an offer nobody answered is nobody's yet."""
        media = self._media
        if media is None:
            return
        media.close()
        if media.port is not None and self.media is None:
            media.port.close()

    def _send_digit(self, digit: str, duration_ms: int) -> None:
        if not self.digits_in_media:
            session = self.session
            if session is not None and session.answered:
                session.send_info("application/dtmf-relay", digit_body(digit, duration_ms))
            return
        super()._send_digit(digit, duration_ms)
        event = self._media.agreed.send_event if self._media is not None and self._media.agreed else None
        if event is not None and self.pbx.bus.wanted(TestEvent):
            said = (("Digit", digit), ("Payload", str(event.payload_type)), ("Rate", str(event.clock_rate)))
            self.pbx.bus.emit(TestEvent, "DTMF_BEGIN", said)

    def _send_flash(self) -> None:
        session = self.session
        if session is not None and session.answered:
            session.send_info(FLASH_TYPE, FLASH_BODY)

    def _redirecting_changed(self) -> None:
        server = self.server
        if server is None or self.state is ChannelState.UP or server.answered:
            return
        own = self.calls.own_address.signalling(self.endpoint, self.hop, self.remote)
        headers = diversion_headers(self.endpoint, self.redirecting, own, None)
        server.ring(181, headers=[*self._headers_of_answer(), *headers])

    def _connected_line_changed(self) -> None:
        """Tell the peer whom it is connected with, where it wants to know (send_pai, send_rpid)."""
        session, endpoint = self.session, self.endpoint
        if session is None or not endpoint.send_connected_line:
            return
        headers = self._identity()
        if not headers or self.state is not ChannelState.UP or not session.answered:
            return
        self.calls.send_identity(self, session, headers)

    def advise_of_charge(self, advice: Advice) -> bool:
        """Part of Channel."""
        session = self.session
        if session is None or session.ended or not self.endpoint.send_aoc:
            return False
        if self._charges is None:
            self._charges = ToldCharges()
        self._charges.tell(session, advice)
        return True

    def _hold(self, on: bool) -> None:
        session, media = self.session, self._media
        if session is None or media is None or not session.answered or media.on_hold == on:
            return
        media.on_hold = on
        if self.bridge is not None and self.bridge.direct:
            media.send_elsewhere(None, ())
            self.bridge.reconsider_from(self)
        session.reinvite(lambda: media.offer(self.media_address()))

    def _send_text(self, text: str, details: TextDetails) -> None:
        session = self.session
        if session is None or session.dialog is None or not session.answered:
            super()._send_text(text, details)
            return
        message = session.dialog.new_request(session.ua, "MESSAGE")
        for header, name in (("From", details.sender), ("To", details.receiver)):
            if name:
                message.set(header, _named(message.addresses(header)[0], name))
        message.set_body(_one_line(details.content_type) or "text/plain", text.encode())
        session.send(message, lambda outgoing, response: None)

    def redirect_call(self, target: str, done: Callable[[int], None] | None = None) -> None:
        """302 to a caller who has not been answered, else REFER."""
        server, session = self.server, self.session
        uri = (
            target if target.startswith(("sip:", "sips:", "tel:")) else f"sip:{target}@{self.media_address()}"
        )
        if self.state is ChannelState.UP and session is not None and session.answered:
            self.asked = ask_to_refer(session, uri, done)
        elif server is not None:
            server.redirect([f"<{uri}>"])
            if done is not None:
                done(0)
        else:
            super().redirect_call(target, done)

    def info(self, item: str) -> str | None:
        """CHANNEL(pjsip,...) and rtp items."""
        return self.calls.channel_info(self, item)

    # ------------------------------------------------------------ for the dialplan

    def setting(self, name: str) -> str:
        """What PJSIP_DTMF_MODE() and its like read."""
        return read_setting(self, name)

    def set_setting(self, name: str, value: str) -> None:
        """What they set.  ValueError for what it cannot be."""
        write_setting(self, name, value)

    def refuse_with(self, status: str) -> None:
        """End an unanswered call with this status, by number or name.  ValueError for what is none."""
        self.refusal = status_named(status)

    def refresh_session(self, method: str) -> None:
        """Send the session's description again, by `invite` or `update`."""
        session = self.session
        if session is not None and session.answered:
            change = session.update if method == "update" else session.reinvite
            change(self.next_offer)

    def music_on_hold_passes(self, on: bool) -> bool:
        """Part of Channel: moh_passthrough puts the phone on hold in place of music."""
        if not self.music_passes:
            return False
        self._hold(on)
        return True

    # ------------------------------------------------------------ what is offered

    @property
    def needs_audio(self) -> bool:
        """Part of Channel: also while digits end here."""
        return super().needs_audio or not self._relays_digits

    def next_offer(self) -> Sdp | None:
        """What we want of the audio now, for a re-INVITE of ours; nothing of a leg that has ended."""
        if self._media is None or self.ended:  # a change that waits for its turn may outlive the leg's port
            return None
        return self.leg_media.offer(self.media_address())


def _one_line(text: str) -> str:
    """What a header takes of a text from the dialplan."""
    return "".join(char for char in text if char.isprintable())


def _named(address: NameAddr, name: str) -> str:
    """An address with another name; its tag stays."""
    return str(NameAddr(address.uri, display_name=_one_line(name) or None, params=address.params()))
