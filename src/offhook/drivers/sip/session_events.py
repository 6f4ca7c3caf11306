"""What the peer of a SIP leg does: the channel as the listener of its INVITE session.

`SipChannel` is this and what the switch does to the leg.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

from offhook._core import MediaError, NegotiationError, SipParseError
from offhook.drivers.sip import trickle
from offhook.drivers.sip.diversion import redirecting_of
from offhook.drivers.sip.fax import begin_fax
from offhook.drivers.sip.identity import party_of, shown_party
from offhook.drivers.sip.info_digits import FLASH, FLASH_TYPE, digit_of_info
from offhook.drivers.sip.leg_fax import is_fax_offer
from offhook.drivers.sip.messaging import text_of
from offhook.drivers.sip.stream_channel import StreamChannel
from offhook.pbx import events
from offhook.pbx.causes import Cause, cause_of_status
from offhook.pbx.party import PartyId, Redirecting
from offhook.sip.invite_state import State
from offhook.sip.reason import EndedBy, Reason

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from weakref import ref

    from offhook._core import Message, NameAddr, Sdp
    from offhook.drivers.sip.calls import Calls
    from offhook.drivers.sip.channel import SipChannel
    from offhook.drivers.sip.charges import ToldCharges
    from offhook.drivers.sip.leg_media import LegMedia
    from offhook.media.port import MediaPort
    from offhook.sip.identity import PartyIdentity
    from offhook.sip.incoming import IncomingRequest
    from offhook.sip.invite import InviteSession
    from offhook.sip.invite_client import InviteClient
    from offhook.sip.reason import EndReason

__all__ = ["SessionEvents"]

log = logging.getLogger(__name__)

# How long (seconds) the answer to a BYE may wait for what the dialplan still does: less than timer E's second
# repetition, so that a patient phone notices nothing.
_LONGEST_BYE = 1.0
_AGAIN = 5.0  # seconds until new keys are tried for again, when something else was going on
_MEDIA_CONTROL = "application/media_control+xml"  # RFC 5168
_HANDLED_INFO = frozenset(("application/dtmf-relay", "application/dtmf", FLASH_TYPE))


class SessionEvents(StreamChannel):
    """The part of a SIP channel that is told what its peer does (offhook.sip.session_listener)."""

    __slots__ = ()
    calls: Calls
    client: InviteClient | None
    response: Message | None
    asked: Callable[[IncomingRequest], None] | None
    renewing: asyncio.TimerHandle | None
    caller_leg: ref[SipChannel] | None
    goodbye: Callable[[], None] | None
    _charges: ToldCharges | None

    @abstractmethod
    def _adopt_port(self) -> None:
        """Take the port of the media as the channel's own, once there is one."""

    @abstractmethod
    def _refer(self, session: InviteSession, request: IncomingRequest) -> None:
        """The peer wants to transfer whom it talks to."""

    @abstractmethod
    def _let_go(self) -> None:
        """The session is over and the channel has ended."""

    # ------------------------------------------------------------ SessionListener: calls of ours

    def on_progress(self, session: InviteSession, response: Message, sdp: Sdp | None) -> None:
        """A provisional response."""
        self._learn_hop()
        self._was_told(response.status, response.reason)
        early_media = sdp is not None and self._take_answer(sdp)
        match response.status:
            case 180:
                self.ringing()
                if early_media:
                    self.progressing(early_media=True)
            case 181:
                redirecting = self._diverted_by(response)
                if redirecting is not None:
                    self.deliver(events.NewRedirecting(self, redirecting))
            case 183 if sdp is None and self.endpoint.ignore_183_without_sdp:
                pass
            case _:
                self.progressing(early_media=early_media)

    def on_answered(self, session: InviteSession, response: Message, sdp: Sdp | None) -> None:
        """The 2xx."""
        self._learn_hop()
        self._was_told(response.status, response.reason)
        if sdp is not None and not self._take_answer(sdp):
            session.hangup(Reason.q850(Cause.BEARERCAPABILITY_NOTAVAIL), status=488)
            self.far_end_hung_up(Cause.BEARERCAPABILITY_NOTAVAIL)
            return
        self._adopt_port()
        self.send_candidates()
        self.response = response
        if self._charges is not None:
            self._charges.answered(session)
        self.answered()

    def _learn_hop(self) -> None:
        """Where the INVITE went, when only the DNS knew that before."""
        if self.hop is None and self.client is not None:
            self.hop = self.client.hop

    def _take_answer(self, sdp: Sdp) -> bool:
        """The answer to our offer; a later one of the same INVITE (another fork) takes its place."""
        media = self.leg_media
        if media.exchange.state == "stable":
            remote = media.exchange.remote
            if remote is not None and remote.to_bytes() == sdp.to_bytes():
                return True
            media.offer(self.media_address())  # another fork answers: the same offer is in force again
        try:
            media.accept_answer(sdp)
        except NegotiationError as error:
            log.info("%s: the answer's SDP does not fit: %s", self.name, error)
            return False
        caller = self.caller_leg() if self.caller_leg is not None else None
        if caller is not None and caller.leg_media.exchange.local is None:
            caller.leg_media.narrow_video(media.video)
        self._adopt_port()
        return True

    def on_redirect(self, session: InviteSession, response: Message, contacts: list[NameAddr]) -> bool:
        """3xx: the dialplan decides where to (redirect_method=user), or the URI is called."""
        targets = self.calls.redirect_targets(self.endpoint, contacts)
        if not targets:
            return False
        self.redirecting = self._diverted_by(response) or Redirecting(reason="unconditional", count=1)
        self.deliver(events.Redirected(self, tuple(targets)))
        return False

    def _diverted_by(self, response: Message) -> Redirecting | None:
        """What a 181 or 3xx says of the diversion; who was dialled is who was called first."""
        found = redirecting_of(response)
        if found is None:
            return None
        before = self.redirecting
        orig = before.orig or before.by or PartyId(self.dialed)
        return replace(found, orig=orig, count=before.count + max(found.count, 1))

    # ------------------------------------------------------------ SessionListener: both

    def on_answer(self, session: InviteSession, sdp: Sdp) -> None:
        """The answer to the offer that we made in a response."""
        media = self.leg_media
        was_held = media.held
        if not self._take_answer(sdp):
            self.request_hangup(Cause.BEARERCAPABILITY_NOTAVAIL)
        elif media.held != was_held:
            self.far_end_held(media.held)

    def on_offer(self, session: InviteSession, sdp: Sdp | None, message: Message) -> None:
        """The peer's re-INVITE or UPDATE: hold, resume, another codec or address."""
        media = self.leg_media
        if sdp is not None and is_fax_offer(sdp) and not media.fax.on:
            begin_fax(self, session, sdp, self.media_address())
            return
        was_held = media.held
        was_fax, videos = media.fax.on, len(media.video)
        if media.elsewhere is not None and not self._stays_elsewhere(sdp):
            media.send_elsewhere(None, ())
        try:
            if sdp is None:
                answer = media.offer(self.media_address())
            elif is_fax_offer(sdp):
                answer = media.answer_fax(sdp, self.media_address())
            else:
                answer = media.answer(sdp, self.media_address())
        except (NegotiationError, MediaError, OSError) as error:
            log.info("%s: an offer is refused: %s", self.name, error)
            session.reject_offer(getattr(error, "status", 488))
            return
        self._adopt_port()
        session.answer_offer(answer)
        if media.held != was_held:
            self.far_end_held(media.held)
        if was_fax and not media.fax.on:
            other = self.bridge.other(self) if self.bridge is not None else None
            if isinstance(other, StreamChannel):
                other.end_fax()
        else:
            self.let_partner_follow(videos)
        bridge = self.bridge
        if bridge is not None and bridge.direct:
            other = bridge.other(self)
            if media.elsewhere is None:
                bridge.reconsider_from(self)
            elif other is not None:
                other.move_audio(self)  # its address may be another one now

    @staticmethod
    def _stays_elsewhere(sdp: Sdp | None) -> bool:
        """Whether a peer's offer leaves its audio where it goes: it has an address and does not hold."""
        line = sdp.first("audio") if sdp is not None else None
        return line is not None and line.direction == "sendrecv" and line.port != 0

    def on_offer_withdrawn(self, session: InviteSession) -> None:
        """All offers but that of a fax are answered at once, so there is none to withdraw."""
        if self.fax_offer is not None:
            self.fax_offer.withdrawn()
        else:
            self.leg_media.exchange.rollback()

    def on_reinvite_result(self, session: InviteSession, status: int, sdp: Sdp | None) -> None:
        """A re-INVITE of ours was answered."""
        media = self.leg_media
        media.returning = False
        if self.ended:
            media.exchange.rollback()
            if self.goodbye is not None:
                self.goodbye()
            return
        pending = media.exchange.pending
        if pending is not None and pending.first("image") is not None:
            self.on_fax_result(session, status, sdp)
            return
        if 200 <= status < 300:
            if sdp is not None:
                self._take_answer(sdp)
        else:
            media.exchange.rollback()
            if media.elsewhere is not None and status not in (491, 500):  # those are tried again
                self._refused_direct_media(media)

    def _refused_direct_media(self, media: LegMedia) -> None:
        """The peer's audio still comes to us, and the other's has to come, too."""
        log.info("%s: direct media is refused", self.name)
        self.direct_media_refused = True
        media.send_elsewhere(None, ())
        if self.bridge is not None and self.bridge.direct:
            self.bridge.reconsider_from(self)

    def on_refresh(self, session: InviteSession) -> Sdp | None:
        """The session timer's re-INVITE: the same again."""
        return self.same_offer()

    def same_offer(self) -> Sdp | None:
        """An offer that changes nothing; None while another one is under way."""
        media = self.leg_media
        if media.exchange.state != "stable":
            return None
        if media.fax.on:
            return media.offer_fax(self.media_address())
        return media.offer(self.media_address())

    def on_info(self, session: InviteSession, request: IncomingRequest) -> None:
        """INFO: digits, or a key of the phone that records the call."""
        message = request.message
        record = message.get("Record")
        if record is not None:
            self._record(record.strip().lower(), request)
            return
        if message.content_type in _HANDLED_INFO:
            pressed = digit_of_info(message)
            if pressed is None:
                request.respond(400)
                return
            request.respond(200)
            if pressed[0] == FLASH:
                self.flash_received()
            else:
                self.digit_received(*pressed)
        elif not message.body:
            request.respond(200)
        elif message.content_type == trickle.CONTENT_TYPE and self.leg_media.ice.trickle:
            self._take_candidates(request)
        elif message.content_type == _MEDIA_CONTROL:
            request.respond(200)
            if b"picture_fast_update" in message.body:
                self.ask_picture()
        else:
            request.respond(415, headers=[("Accept", ", ".join(sorted(_HANDLED_INFO)))])

    def on_dtls(self, port: MediaPort, suite: str, why: str) -> None:
        """Part of PortListener; new keys are due after dtls_rekey seconds."""
        super().on_dtls(port, suite, why)
        seconds = self.endpoint.dtls_rekey
        if suite and seconds and self._media is not None and port is self._media.port:
            self.stop_renewing()
            self.renewing = self.pbx.loop.call_later(seconds, self._renew_keys)

    def _renew_keys(self) -> None:
        session, media = self.session, self._media
        self.renewing = None
        if session is None or media is None or not session.answered or self.ended:
            return
        if media.exchange.state != "stable" or media.fax.on:  # after what goes on now
            self.renewing = self.pbx.loop.call_later(_AGAIN, self._renew_keys)
        elif media.security.renew():
            session.reinvite(self.same_offer)

    def stop_renewing(self) -> None:
        """No more new keys."""
        if self.renewing is not None:
            self.renewing.cancel()
            self.renewing = None

    def _take_candidates(self, request: IncomingRequest) -> None:
        """Candidates of the far end after its SDP."""
        try:
            fragment = trickle.parse_fragment(request.message.body)
        except ValueError as error:
            log.info("%s: an INFO with candidates is refused: %s", self.name, error)
            request.respond(400)
            return
        request.respond(200)
        self.leg_media.take_candidates(fragment)

    def on_candidates(self, port: MediaPort) -> None:
        """Part of PortListener."""
        self.send_candidates()

    def send_candidates(self) -> None:
        """Send what servers have told after our SDP, if the far end takes it."""
        session = self.session
        if self._media is None or not self._media.ice.trickle or session is None or session.ended:
            return
        dialog = session.dialog
        if session.state not in (State.EARLY, State.ANSWERED, State.CONFIRMED):
            return
        if dialog is None or not dialog.peer_supports(trickle.OPTION):
            return
        fragment = self._media.new_candidates()
        if fragment is not None:
            body = trickle.write_fragment(fragment)
            session.send_info(trickle.CONTENT_TYPE, body, package=trickle.PACKAGE)

    def _record(self, what: str, request: IncomingRequest) -> None:
        """`Record: on` or `off`: as if the code of the endpoint's recording feature were pressed."""
        endpoint = self.endpoint
        if what not in ("on", "off"):
            request.respond(400)
            return
        feature = endpoint.record_on_feature if what == "on" else endpoint.record_off_feature
        code = self.pbx.features.code(self, feature) if endpoint.one_touch_recording else ""
        if not code:
            request.respond(403)
            return
        request.respond(200)
        for digit in code:
            self.digit_received(digit, 100)

    def on_request(self, session: InviteSession, request: IncomingRequest) -> bool:
        """REFER: a transfer; MESSAGE: text for the one it talks to; NOTIFY is of no subscription here."""
        if request.message.method == "MESSAGE":
            text = text_of(request.message)
            if text is None:
                request.respond(415, headers=[("Accept", "text/plain")])
            else:
                request.respond(202)
                self.deliver(events.TextReceived(self, text))
            return True
        if request.message.method == "NOTIFY" and self.asked is not None:
            self.asked(request)
            return True
        if request.message.method == "REFER":
            self._refer(session, request)
            return True
        return False

    def on_identity_changed(self, session: InviteSession, identity: PartyIdentity) -> None:
        """The peer named itself anew."""
        endpoint = self.endpoint
        if not (endpoint.trust_id_inbound and endpoint.trust_connected_line):
            return
        party = party_of(identity)
        if party != self.caller:
            self.caller = party
            self.deliver(events.NewConnectedLine(self, shown_party(party, trusted=True)))

    def on_ended(self, session: InviteSession, reason: EndReason) -> None:
        """The session is over."""
        self.stop_renewing()
        answer_bye = session.delay_bye_answer()
        if reason.by is not EndedBy.LOCAL:
            if reason.status and not reason.answered:
                self._was_told(reason.status, reason.text)
            self.far_end_hung_up(self._cause_of(reason))
        if self.ended:
            self._let_go()
        # The task that controls the leg ends in the loop's next turn, and its records with it; then the BYE
        # is answered when they are on the disk.
        self.pbx.loop.call_soon(self._answer_bye, answer_bye)

    def _answer_bye(self, answer: Callable[[], None]) -> None:
        pbx = self.pbx
        if self.ended:
            pbx.after_commit(answer)
            return
        # `h` takes its time: the record waits for it, the peer does not wait for ever.
        pending = [answer]

        def once() -> None:
            if pending:
                pending.pop()()

        timer = pbx.loop.call_later(_LONGEST_BYE, once)

        def ended() -> None:
            timer.cancel()
            pbx.after_commit(once)

        self.when_ended(ended)

    def _was_told(self, status: int, text: str) -> None:
        """Keep the last answer to the INVITE for HANGUPCAUSE()."""
        self.tech_cause = f"SIP {status} {text}".rstrip()
        self.tech_cause_code = Cause.NORMAL_CLEARING if status < 300 else _cause_of_status(status)

    def _cause_of(self, reason: EndReason) -> int:
        cause = reason.q850
        if cause is not None:
            return cause
        if reason.answered:
            return Cause.NORMAL_CLEARING
        if reason.by is EndedBy.NETWORK and reason.status in (408, 503):
            return Cause.NO_USER_RESPONSE if reason.status == 408 else Cause.NETWORK_OUT_OF_ORDER
        if reason.status == 487:
            return Cause.NORMAL_CLEARING
        return _cause_of_status(reason.status)


def _cause_of_status(status: int) -> int:
    try:
        return cause_of_status(status)
    except (ValueError, SipParseError):
        return Cause.NORMAL_TEMPORARY_FAILURE
