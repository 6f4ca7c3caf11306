"""InviteServer: a call that came in (RFC 3261 section 13.3), with reliable provisionals (RFC 3262).

session = InviteServer(ua, request, listener, options)
if session.start():                  # False: refused and answered already
    session.ring()
    session.accept(sdp)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from offhook._core import Message, SipParseError
from offhook.sip.dialog import Dialog, contact_uri, needs_sips
from offhook.sip.invite import InviteOptions, InviteSession, Reliable, SessionListener
from offhook.sip.invite_state import Event, SessionStateError, State
from offhook.sip.multipart import multipart
from offhook.sip.offer_answer import SDP_TYPE, ExchangeState, has_foreign_body, sdp_of
from offhook.sip.reason import EndedBy, EndReason, Reason
from offhook.sip.session_timer import TimerMode

if TYPE_CHECKING:
    from offhook._core import NameAddr, Sdp
    from offhook.sip.incoming import IncomingRequest
    from offhook.sip.network import Hop
    from offhook.sip.outgoing import Authorizer
    from offhook.sip.renegotiation import Headers
    from offhook.sip.ua import UserAgent

__all__ = ["InviteServer"]


class _Provisional:
    """A reliable provisional response: waits to be sent, or for its PRACK."""

    __slots__ = ("headers", "rseq", "sdp", "status")

    def __init__(self, status: int, sdp: Sdp | None, headers: Headers) -> None:
        self.status = status
        self.sdp = sdp
        self.headers = tuple(headers)
        self.rseq = 0  # when sent


class InviteServer(InviteSession):
    """The called side of one call leg."""

    __slots__ = (
        "_answer_due",
        "_final",
        "_preview",
        "_provisionals",
        "_requires_reliable",
        "_rseq",
        "_supports_reliable",
        "_unacked",
        "attachment",
        "request",
    )

    is_caller = False

    def __init__(
        self,
        ua: UserAgent,
        request: IncomingRequest,
        listener: SessionListener,
        options: InviteOptions,
        *,
        auth: Authorizer | None = None,
    ) -> None:
        super().__init__(ua, listener, options, auth, request.message.call_id, request.to_tag)
        self.request = request  # the INVITE
        self.attachment: tuple[str, bytes] | None = None  # type and body of what goes with the 2xx
        self._preview: Sdp | None = None  # our answer, as an unreliable provisional had it
        self._provisionals: deque[_Provisional] | None = None  # reliable ones that wait for the PRACK before
        self._unacked: _Provisional | None = None  # sent, its PRACK is outstanding
        self._rseq = 0
        self._answer_due = False  # the 2xx had our offer: the ACK must have the answer
        self._supports_reliable = False
        self._requires_reliable = False
        self._final: tuple[Sdp | None, Headers] | None = None  # accept() that waits for a PRACK

    # ------------------------------------------------------------ for the owner

    @property
    def offer(self) -> Sdp | None:
        """The offer in the INVITE; None when it had none, or when it has been answered."""
        assert self.dialog is not None
        return (
            self.dialog.exchange.pending if self.dialog.exchange.state is ExchangeState.REMOTE_OFFER else None
        )

    def start(self) -> bool:
        """Take the INVITE up.  False when it had to be refused: it is answered, on_ended() does not come."""
        request = self.request
        message = request.message
        status, headers = self._refusal(message)
        if not status:
            try:
                offer = sdp_of(message)
                self.dialog = dialog = Dialog.from_request(
                    message,
                    self.local_tag,
                    request.hop,
                    self._contact(request.hop),
                    rewrite_contact=self.options.rewrite_contact,
                )
            except SipParseError as error:
                status = error.status
            except LookupError:  # the connection is gone, and nobody is there to be answered
                status = 503
            else:
                if dialog.remote_target:
                    if offer is not None:
                        dialog.exchange.receive_offer(offer)
                    self.move(Event.START)
                    self._identity_seen = message.get("P-Asserted-Identity") or message.get("Remote-Party-ID")
                    self.ua.add_dialog(self.call_id, self.local_tag, self)
                    self.ua.watch(request.txn, self)
                    return True
                status = 400  # no Contact (section 8.1.1.8)
        if status == 415:
            request.reject_media_type()
        else:
            request.respond(status, headers=headers)
        self.move(Event.OVER)
        return False

    def ring(
        self,
        status: int = 180,
        sdp: Sdp | None = None,
        *,
        reliable: bool | None = None,
        headers: Headers = (),
    ) -> None:
        """Send a provisional response, 101-199.

        `sdp`: our answer for early media (sent again in the 2xx unless it went reliably), or our offer
        when the INVITE had none; the latter is possible in a reliable one only and is left out else.
        `reliable`: None is what the options and the peer say.  A reliable one waits for the PRACK of the
        one before.  SessionStateError after the answer or the end.
        """
        if (self.state is not State.CALLING and self.state is not State.EARLY) or self._final is not None:
            raise SessionStateError(self.state, "ring")
        if reliable is None:
            reliable = self._requires_reliable or (
                self._supports_reliable and self.options.reliable in (Reliable.PREFERRED, Reliable.REQUIRED)
            )
        if reliable and self._supports_reliable:
            provisional = _Provisional(status, sdp, headers)
            if self._unacked is None:
                self._send_reliable(provisional)
            else:
                if self._provisionals is None:
                    self._provisionals = deque()
                self._provisionals.append(provisional)
            return
        assert self.dialog is not None
        if sdp is not None:
            if self.dialog.exchange.state is ExchangeState.REMOTE_OFFER:
                self._preview = sdp
            else:
                sdp = None
        self._respond(status, sdp, headers)
        self.move(Event.PROVISIONAL)

    def progress(self, sdp: Sdp | None, *, headers: Headers = ()) -> None:
        """183 Session Progress, with early media."""
        self.ring(183, sdp, headers=headers)

    def accept(self, sdp: Sdp | None = None, *, headers: Headers = ()) -> None:
        """Answer with 200.

        `sdp`: our answer, or our offer when the INVITE had none; None where a provisional had it already.
        Waits for the PRACK of a provisional that carried a description (RFC 3262 section 3).
        SessionStateError after the answer or the end; ValueError without a description where one is needed.
        """
        if (self.state is not State.CALLING and self.state is not State.EARLY) or self._final is not None:
            raise SessionStateError(self.state, "accept")
        assert self.dialog is not None
        if sdp is None and self._preview is None and not self.dialog.exchange.established:
            waiting = self._unacked is not None or self._provisionals
            if not waiting:
                raise ValueError("accept() needs a session description")
        if self._must_wait():
            self._final = (sdp, headers)
        else:
            self._accept(sdp, headers)

    def reject(self, status: int, reason: str | None = None, *, headers: Headers = ()) -> None:
        """Refuse with a final status from 300 up.  SessionStateError after the answer or the end."""
        if self.state is not State.CALLING and self.state is not State.EARLY:
            raise SessionStateError(self.state, "reject")
        response = self.request.respond(status, reason, headers=headers)
        self.finish(Event.FAILURE, EndReason(EndedBy.LOCAL, status, response.reason, Reason.of(response)))

    def redirect(
        self, contacts: Sequence[str | NameAddr], status: int = 302, *, headers: Headers = ()
    ) -> None:
        """Refuse with 3xx and other places to try."""
        lines = [("Contact", str(contact)) for contact in contacts]
        self.reject(status, headers=[*lines, *headers])

    # ------------------------------------------------------------ InviteWatcher

    def on_cancel(self, message: Message) -> None:
        """The caller gave up."""
        if self.state is State.CALLING or self.state is State.EARLY:
            self.request.respond(487)
            reasons = Reason.of(message)
            text = reasons[0].text if reasons else ""
            self.finish(Event.FAILURE, EndReason(EndedBy.REMOTE, 487, text, reasons, message=message))

    def on_ack_missing(self, reliable_provisional: bool) -> None:
        """No ACK, or no PRACK, for 64*T1."""
        if reliable_provisional:
            if self.state is State.EARLY:
                self.request.respond(504)  # RFC 3262 section 3 wants a 5xx
                self.finish(Event.FAILURE, EndReason(EndedBy.NETWORK, 504, "no PRACK"))
        elif self.state is State.ANSWERED:
            end = EndReason(EndedBy.NETWORK, 408, "no ACK", answered=True)
            self._end = end
            self.move(Event.HANG_UP)
            self.send_bye(end)
        elif self.state is State.CLOSING:
            assert self._end is not None
            self.send_bye(self._end)

    # ------------------------------------------------------------ InviteSession

    def on_ack(self, message: Message, hop: Hop) -> None:
        """The ACK for a 2xx of ours."""
        if message.cseq != self.request.message.cseq:
            super().on_ack(message, hop)
            return
        if self.state is State.CLOSING:
            assert self._end is not None
            self.send_bye(self._end)
        elif self.state is State.ANSWERED:
            self.move(Event.ACK)
            dialog = self.dialog
            assert dialog is not None
            if not self._answer_due or self.take_answer(dialog, message):
                self.resume_renegotiation()

    def _give_up(self, reason: Reason | None, status: int) -> None:
        if self._final is not None:  # answered, as far as the owner is concerned: 2xx and BYE, not a refusal
            text = reason.text if reason is not None else ""
            reasons = (reason,) if reason is not None else ()
            self._end = EndReason(EndedBy.LOCAL, 200, text, reasons, answered=True)
            return
        if reason is not None and reason.protocol == "SIP" and 300 <= reason.cause < 700:
            status = reason.cause
        self.reject(status, headers=[("Reason", str(reason))] if reason is not None else ())

    def _close(self, end: EndReason) -> None:
        self._end = end
        self.move(Event.HANG_UP)
        self._stop()

    def _on_early_bye(self, request: IncomingRequest, dialog: Dialog) -> None:
        request.respond(200)
        self.request.respond(487)
        reasons = Reason.of(request.message)
        text = reasons[0].text if reasons else ""
        if self.state is State.CALLING:  # it can know the dialog from nowhere, but knows it
            self.move(Event.PROVISIONAL)
        self.finish(
            Event.BYE_RECEIVED, EndReason(EndedBy.REMOTE, 487, text, reasons, message=request.message)
        )

    def _on_reinvite(self, request: IncomingRequest, dialog: Dialog) -> None:
        if self.state is State.CALLING or self.state is State.EARLY:
            # RFC 3261 14.2: an INVITE before the answer to the first.
            request.respond(500, headers=[("Retry-After", str(self.ua.random.randint(0, 10)))])
        else:
            super()._on_reinvite(request, dialog)

    def _release(self) -> None:
        self.ua.unwatch(self.request.txn)
        self._provisionals = None
        self._final = None

    # ------------------------------------------------------------ PRACK

    def _on_prack(self, request: IncomingRequest, dialog: Dialog) -> None:
        message = request.message
        invite = self.request.message
        unacked = self._unacked
        rack = (message.get("RAck") or "").split()
        if unacked is None or rack != [str(unacked.rseq), str(invite.cseq), "INVITE"]:
            request.respond(481)
            return
        exchange = dialog.exchange
        # After the 2xx (one that did not have to wait) nothing depends on a PRACK, but it may have an offer.
        if exchange.state is ExchangeState.LOCAL_OFFER and unacked.sdp is not None:
            sdp = sdp_of(message)
            if sdp is None:
                request.respond(400, "Answer Missing")
                return
            self._prack_taken()
            request.respond(200)
            exchange.receive_answer(sdp)
            self.listener.on_answer(self, sdp)
        else:
            offer = sdp_of(message)
            self._prack_taken()
            if offer is None:
                request.respond(200)
            elif exchange.state is not ExchangeState.STABLE or self.offer_waits:
                request.respond(500)  # the offer of the INVITE still waits for its answer
            else:
                self._answer_prack(request, dialog, offer)
                return
        self._after_prack()

    def _answer_prack(self, request: IncomingRequest, dialog: Dialog, offer: Sdp) -> None:
        """An offer in PRACK (RFC 6337 pattern 5)."""
        dialog.exchange.receive_offer(offer)

        def answer(sdp: Sdp | None, status: int) -> None:
            if sdp is None:
                dialog.exchange.rollback()
                request.respond(status)
            else:
                dialog.exchange.send_answer(sdp)
                request.respond(200, content_type=SDP_TYPE, body=sdp.to_bytes())
            self._after_prack()

        self.ask_for_answer(offer, request.message, answer)

    def _prack_taken(self) -> None:
        self._unacked = None
        self.ua.stack.provisional_acked(self.request.txn)

    def _after_prack(self) -> None:
        """Send what waited for the PRACK."""
        if self.state is not State.EARLY:
            return
        while self._provisionals and self._unacked is None:
            self._send_reliable(self._provisionals.popleft())
        if self._final is not None and not self._must_wait():
            (sdp, headers), self._final = self._final, None
            self._accept(sdp, headers)
            if self._end is not None:  # hung up meanwhile
                self._close(self._end)
        else:
            self.resume_renegotiation()

    def _send_reliable(self, provisional: _Provisional) -> None:
        assert self.dialog is not None
        exchange = self.dialog.exchange
        sdp = provisional.sdp
        if sdp is not None:
            if exchange.state is ExchangeState.REMOTE_OFFER:
                exchange.send_answer(sdp)
            elif exchange.state is ExchangeState.NONE:
                exchange.send_offer(sdp)
            else:
                sdp = provisional.sdp = None  # answered already; a later change is an UPDATE's job
        self._rseq = self._rseq + 1 if self._rseq else self.ua.random.randint(1, 2**31 - 2**16)
        provisional.rseq = self._rseq
        self._unacked = provisional
        self._respond(
            provisional.status,
            sdp,
            [("Require", "100rel"), ("RSeq", str(self._rseq)), *provisional.headers],
            reliable=True,
        )
        self.move(Event.PROVISIONAL)

    # ------------------------------------------------------------

    def _refusal(self, message: Message) -> tuple[int, list[tuple[str, str]]]:
        """Why the INVITE cannot be taken up: status and headers; status 0 when it can."""
        options = self.options
        if has_foreign_body(message):
            return 415, []
        self._supports_reliable = message.has_token("Supported", "100rel")
        if message.get("Require") is not None and message.has_token("Require", "100rel"):
            if options.reliable is Reliable.NO:
                return 420, [("Unsupported", "100rel")]
            self._supports_reliable = self._requires_reliable = True
        if not self._supports_reliable and options.reliable is Reliable.REQUIRED:
            return 421, [("Require", "100rel")]
        if options.reliable is Reliable.NO:
            self._supports_reliable = False
        if options.timers.mode is TimerMode.NO and message.get("Require") is None:
            return 0, []
        return self.session_timer.refuse(message, message.has_token("Supported", "timer"))

    def _contact(self, hop: Hop) -> str:
        options = self.options
        if options.contact:
            return f"<{options.contact}>"
        secure = needs_sips(self.request.message)
        return f"<{contact_uri(self.ua, hop, options.contact_user, secure=secure)}>"

    def _must_wait(self) -> bool:
        """Whether the 2xx has to wait: for a PRACK that settles offer and answer, or for our answer."""
        unacked = self._unacked
        return (
            (unacked is not None and unacked.sdp is not None)
            or bool(self._provisionals and any(one.sdp is not None for one in self._provisionals))
            or self.offer_waits
        )

    def _accept(self, sdp: Sdp | None, headers: Headers) -> None:
        dialog = self.dialog
        assert dialog is not None
        exchange = dialog.exchange
        if exchange.state is ExchangeState.REMOTE_OFFER:
            sdp = sdp or self._preview
            if sdp is None:
                raise ValueError("accept() needs a session description")
            exchange.send_answer(sdp)
        elif exchange.state is ExchangeState.NONE:
            if sdp is None:
                raise ValueError("accept() needs a session description")
            exchange.send_offer(sdp)
            self._answer_due = True
        else:
            sdp = None  # settled in a provisional
        self._provisionals = None
        timer = self.session_timer.agree_to_request(self.request.message, dialog.peer_supports("timer"))
        self._respond(200, sdp, [*timer, *headers])
        self.move(Event.ANSWER)
        self.restart_session_timer()

    def _respond(self, status: int, sdp: Sdp | None, headers: Headers, *, reliable: bool = False) -> None:
        """A provisional response or the 2xx: both make a dialog (section 12.1.1)."""
        assert self.dialog is not None
        ua = self.ua
        request = self.request
        response = Message.response(request.message, status, None, self.local_tag)
        ua.dress(response, "INVITE")
        response.add("Contact", self.dialog.contact)
        if status >= 200 or reliable:
            self.add_capabilities(response)  # RFC 3311 section 4: so the caller knows that it may UPDATE
        for name, value in self.options.headers:
            response.add(name, value)
        for name, value in headers:
            response.add(name, value)
        parts = [(SDP_TYPE, sdp.to_bytes())] if sdp is not None else []
        if self.attachment is not None and status >= 200:
            parts.append(self.attachment)
        if len(parts) == 1:
            response.set_body(*parts[0])
        elif parts:
            response.set_body(*multipart(parts))
        ua.respond(request.txn, response, reliable_provisional=reliable)
