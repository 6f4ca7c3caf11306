"""InviteClient: a call that goes out (RFC 3261 section 13.2).

Forks: every To tag in a provisional response is an early dialog of its own; the first 2xx is the call,
a later one of another fork is acknowledged and ended with BYE (section 13.2.2.4), also when the
session itself has ended long before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from offhook._core import NameAddr, SipParseError, new_call_id, new_tag
from offhook.sip.dialog import Dialog, contact_uri, plan_route
from offhook.sip.invite import InviteOptions, InviteSession, Reliable, SessionListener
from offhook.sip.invite_attempt import InviteAttempt, refuse_late_fork, unreadable_dialog
from offhook.sip.invite_state import Event, State
from offhook.sip.offer_answer import SDP_TYPE, Exchange, ExchangeState, sdp_of
from offhook.sip.reason import EndedBy, EndReason, Reason

if TYPE_CHECKING:
    from offhook._core import Message, Sdp, Uri
    from offhook.sip.incoming import IncomingRequest
    from offhook.sip.network import Hop
    from offhook.sip.outgoing import Authorizer, OutgoingRequest
    from offhook.sip.renegotiation import Headers
    from offhook.sip.ua import UserAgent

__all__ = ["InviteClient"]

_MAX_EARLY = 32  # early dialogs of one INVITE; more come by mistake or malice only
_MAX_INTERVAL_TRIES = 4  # 422s that are answered with a longer interval


class InviteClient(InviteSession):
    """The calling side of one call leg."""

    __slots__ = (
        "_ack_due",
        "_attempt",
        "_contact",
        "_cseq",
        "_early",
        "_ended_tags",
        "_exchange",
        "_from",
        "_headers",
        "_hop",
        "_interval_tries",
        "_invite",
        "_offer",
        "_routes",
        "_targets",
        "_to",
        "_tried",
        "target",
    )

    is_caller = True

    def __init__(
        self,
        ua: UserAgent,
        target: Uri | str,
        listener: SessionListener,
        options: InviteOptions,
        *,
        from_: NameAddr | str,
        to: NameAddr | str | None = None,
        offer: Sdp | None = None,
        headers: Headers = (),
        auth: Authorizer | None = None,
        routes: Sequence[str] | None = None,
        hop: Hop | None = None,
        call_id: str | None = None,
    ) -> None:
        """`from_` and `to` without tag; `to` None is the target.  `offer` None: the peer is to offer.

        `routes` in place of those of the options (a contact's Path).  `hop`: send the INVITE there, whatever
        the target says (a contact behind NAT).  Nothing is sent before start().
        """
        super().__init__(
            ua, listener, options, auth, call_id if call_id is not None else new_call_id(""), new_tag()
        )
        self.target = str(target)
        self._from = f"{from_};tag={self.local_tag}"
        self._to = str(to) if to is not None else f"<{self.target}>"
        self._offer = offer
        self._headers = headers
        self._routes = tuple(routes) if routes is not None else options.routes
        self._hop = hop
        self._cseq = 0
        self._contact = ""
        self._invite: OutgoingRequest | None = None
        self._attempt: InviteAttempt | None = None
        self._exchange = Exchange()  # what each fork's own begins with
        self._early: dict[str, Dialog] = {}
        self._ended_tags: set[str] | None = None  # forks that said BYE before we had their 2xx
        self._ack_due = False  # a 2xx came and has not been acknowledged
        self._interval_tries = 0
        self._targets: list[str] = []  # of redirections, the next one last
        self._tried: set[str] | None = None

    # ------------------------------------------------------------ for the owner

    @property
    def early_dialogs(self) -> int:
        """How many forks are ringing."""
        return len(self._early)

    @property
    def hop(self) -> Hop | None:
        """Where the INVITE went; None before it was sent."""
        return self._invite.hop if self._invite is not None else None

    def start(self) -> None:
        """Send the INVITE.  SipParseError when target or routes cannot be read; then nothing has begun."""
        plan_route(self.target, self._routes)
        if self._offer is not None:
            self._exchange.send_offer(self._offer)
        self.move(Event.START)
        self.ua.add_dialog(self.call_id, self.local_tag, self)
        self._send_invite()

    # ------------------------------------------------------------ INVITE

    def _send_invite(self) -> None:
        ua = self.ua
        options = self.options
        request_uri, routes, next_hop = plan_route(self.target, self._routes)
        invite = ua.new_request("INVITE", request_uri)
        add = invite.add
        for route in routes:
            add("Route", route)
        add("From", self._from)
        add("To", self._to)
        add("Call-ID", self.call_id)
        add("CSeq", f"{self._next_cseq()} INVITE")
        self.add_capabilities(invite)
        if options.reliable is Reliable.REQUIRED:
            add("Require", "100rel")
        self.session_timer.add_to_request(invite)
        for name, value in options.headers:
            add(name, value)
        for name, value in self._headers:
            add(name, value)
        if self._offer is not None:
            invite.set_body(SDP_TYPE, self._offer.to_bytes())
        self._early.clear()
        self._attempt = attempt = InviteAttempt(self)
        ua.on_late_answer = refuse_late_fork
        self._invite = ua.request(
            invite,
            attempt.on_response,
            target=next_hop,
            hop=self._hop,
            auth=self.auth,
            next_cseq=self._next_cseq,
            transport=options.transport,
            at_hop=self._at_hop,
        )

    def _next_cseq(self) -> int:
        self._cseq += 1
        return self._cseq

    def _at_hop(self, message: Message, hop: Hop) -> None:
        options = self.options
        first = self._routes[0].lstrip(" <") if self._routes else self.target
        secure = first[:5].lower() == "sips:"
        contact = options.contact or contact_uri(self.ua, hop, options.contact_user, secure=secure)
        self._contact = f"<{contact}>"
        message.set("Contact", self._contact)

    def on_invite_response(self, outgoing: OutgoingRequest, response: Message) -> None:
        """A response to the INVITE; of the attempt that is under way."""
        status = response.status
        if status < 200:
            if status > 100 and (self.state is State.CALLING or self.state is State.EARLY):
                self._on_provisional(outgoing, response)
        elif status < 300:
            if self.state in (State.CALLING, State.EARLY, State.CANCELLING):
                self._on_success(outgoing, response)
            else:
                assert self._attempt is not None
                self._attempt.refuse_fork(outgoing, response)
        else:
            self._on_failure(outgoing, response)

    # ------------------------------------------------------------ provisional responses

    def _on_provisional(self, outgoing: OutgoingRequest, response: Message) -> None:
        tag = response.to_tag
        sdp: Sdp | None = None
        if tag is not None:
            dialog = self._early.get(tag)
            try:
                if dialog is None:
                    if len(self._early) >= _MAX_EARLY:
                        return
                    dialog = self._early[tag] = self._new_dialog(outgoing, response)
                else:
                    dialog.learn(response)
                sdp = sdp_of(response)
            except SipParseError:
                sdp = None
            if dialog is not None:
                reliable = self._rseq_of(response)
                if reliable:
                    if not self._in_order(dialog, reliable) or (
                        sdp is not None and dialog.exchange.state is ExchangeState.NONE and self.offer_waits
                    ):
                        return  # it will be repeated until its PRACK comes
                    dialog.rseq = reliable
                self.dialog = dialog
                self.move(Event.PROVISIONAL)
                sdp = self._take_provisional_sdp(dialog, outgoing, response, sdp, reliable)
                if self.state is not State.EARLY:
                    return
        self.note_identity(response)
        if self.state is State.CALLING or self.state is State.EARLY:
            self.listener.on_progress(self, response, sdp)

    def _new_dialog(self, outgoing: OutgoingRequest, response: Message) -> Dialog:
        hop = outgoing.hop
        assert hop is not None
        return Dialog.from_response(
            outgoing.message,
            response,
            hop,
            self._contact,
            exchange=self._exchange.fork(),
            rewrite_contact=self.options.rewrite_contact,
        )

    def _rseq_of(self, response: Message) -> int:
        """RSeq of a reliable provisional response, 0 of another."""
        if self.options.reliable is Reliable.NO or response.get("Require") is None:
            return 0
        if not response.has_token("Require", "100rel"):
            return 0
        rseq = (response.get("RSeq") or "").strip()
        return int(rseq) if rseq.isascii() and rseq.isdigit() and len(rseq) <= 10 else 0

    @staticmethod
    def _in_order(dialog: Dialog, rseq: int) -> bool:
        """RFC 3262 section 4: repetitions, and what comes before its turn, are dropped."""
        return dialog.rseq == 0 or rseq == dialog.rseq + 1

    def _take_provisional_sdp(
        self, dialog: Dialog, outgoing: OutgoingRequest, response: Message, sdp: Sdp | None, rseq: int
    ) -> Sdp | None:
        """Put the description where it belongs, send the PRACK; what the owner is to see of it."""
        exchange = dialog.exchange
        if not rseq:
            if sdp is None or exchange.state is not ExchangeState.LOCAL_OFFER:
                return None
            dialog.preview = sdp
            return sdp
        cseq = outgoing.message.cseq
        if sdp is not None and exchange.state is ExchangeState.NONE:
            exchange.receive_offer(sdp)

            def answer(answer: Sdp | None, status: int) -> None:
                if answer is not None:
                    exchange.send_answer(answer)
                    self._send_prack(dialog, cseq, rseq, answer)
                    self.resume_renegotiation()
                else:
                    self._cancel(
                        EndReason(EndedBy.LOCAL, status, "the offer in a provisional cannot be answered")
                    )

            self.ask_for_answer(sdp, response, answer)
            return None
        if sdp is not None and exchange.state is ExchangeState.LOCAL_OFFER and not exchange.established:
            exchange.receive_answer(sdp)
            dialog.preview = None
        else:
            sdp = None
        self._send_prack(dialog, cseq, rseq, None)
        return sdp

    def _send_prack(self, dialog: Dialog, cseq: int, rseq: int, sdp: Sdp | None, tries: int = 3) -> None:
        def answered(outgoing: OutgoingRequest, response: Message) -> None:
            # Another request overtook it: without the PRACK the call ends in 32 seconds.
            if response.status == 500 and tries > 1 and self.state is State.EARLY:
                self._send_prack(dialog, cseq, rseq, sdp, tries - 1)

        prack = dialog.new_request(self.ua, "PRACK")
        prack.add("RAck", f"{rseq} {cseq} INVITE")
        if sdp is not None:
            prack.set_body(SDP_TYPE, sdp.to_bytes())
        self.send(prack, answered, dialog=dialog)

    # ------------------------------------------------------------ the answer

    def _on_success(self, outgoing: OutgoingRequest, response: Message) -> None:
        problem = ""
        tag = response.to_tag or ""
        dialog = self._early.get(tag)
        hop = outgoing.hop
        assert hop is not None
        sdp: Sdp | None = None
        try:
            if dialog is None:
                dialog = self._new_dialog(outgoing, response)
            else:
                dialog.take_route_set(response, hop)
                dialog.refresh_target(response, hop)
                dialog.learn(response)
            sdp = sdp_of(response)
        except SipParseError as error:
            problem = f"the 2xx cannot be read: {error}"
            if dialog is None:
                dialog = unreadable_dialog(outgoing, response, hop)
        self._choose(tag, dialog)
        self._ack_due = True
        self.move(Event.ANSWER)
        if self.state is State.CLOSING:  # it crossed our CANCEL
            self._send_ack(None)
            assert self._end is not None
            if self._ended_tags is not None and tag in self._ended_tags:
                self.finish(Event.BYE_RECEIVED, self._end)
            else:
                self.send_bye(self._end)
            return
        exchange = dialog.exchange
        if not problem and exchange.state is ExchangeState.NONE:
            if sdp is not None:
                self._answer_in_ack(dialog, response, sdp)
                return
            problem = "a 2xx without an offer"
        if exchange.state is ExchangeState.LOCAL_OFFER and not exchange.established:
            sdp = sdp or dialog.preview  # there are those who leave it out of the 2xx after a 183
            if sdp is not None:
                exchange.receive_answer(sdp)
            else:
                exchange.rollback()
                problem = problem or "a 2xx without an answer"
        else:
            sdp = None
        self._confirm(None)
        if problem:
            self.fail(488, problem)
        else:
            self._report_answer(response, sdp)

    def _choose(self, tag: str, dialog: Dialog) -> None:
        """Make one fork the call; what was going on with the others is void."""
        early = self._early
        early.pop(tag, None)
        if self.offer_waits:  # that of a reliable provisional, which was of another fork
            for one in (dialog, *early.values()):
                if one.exchange.state is ExchangeState.REMOTE_OFFER:
                    one.exchange.rollback()
            self.withdraw_offer()
        if self._renegotiation is not None and dialog is not self.dialog:
            self._renegotiation.change_dialog()
        if early and self._attempt is not None:
            self._attempt.forks = early
            self._early = {}
        self.dialog = dialog

    def _answer_in_ack(self, dialog: Dialog, response: Message, offer: Sdp) -> None:
        """The INVITE had no offer, the 2xx has: the ACK answers (RFC 6337 pattern 2)."""
        dialog.exchange.receive_offer(offer)

        def answer(sdp: Sdp | None, status: int) -> None:
            if sdp is not None:
                dialog.exchange.send_answer(sdp)
                self._confirm(sdp)
                self._report_answer(response, None)
            else:
                dialog.exchange.rollback()
                self._confirm(None)
                self.fail(status, "the offer in the 2xx cannot be answered")

        self.ask_for_answer(offer, response, answer)

    def _confirm(self, sdp: Sdp | None) -> None:
        self._send_ack(sdp)
        self.move(Event.ACK)

    def _report_answer(self, response: Message, sdp: Sdp | None) -> None:
        self.session_timer.agreed_by_response(response)
        self.restart_session_timer()
        self.note_identity(response)
        if self.answered:
            self.listener.on_answered(self, response, sdp)
            self.resume_renegotiation()

    def _send_ack(self, sdp: Sdp | None) -> None:
        dialog = self.dialog
        invite = self._invite
        assert dialog is not None
        assert invite is not None
        self._ack_due = False
        ack = dialog.new_ack(self.ua, invite.message)
        if sdp is not None:
            ack.set_body(SDP_TYPE, sdp.to_bytes())
        self.ua.ack(invite, ack, target=dialog.next_hop)

    # ------------------------------------------------------------ failure and redirection

    def _on_failure(self, outgoing: OutgoingRequest, response: Message) -> None:
        status = response.status
        if self.state is State.CANCELLING:
            assert self._end is not None
            self.finish(Event.FAILURE, self._end)
            return
        if self.state is not State.CALLING and self.state is not State.EARLY:
            return
        if status == 422 and self._interval_tries < _MAX_INTERVAL_TRIES:
            self._interval_tries += 1
            if self.session_timer.raise_to(response):
                self._send_invite()
                return
        if 300 <= status < 400:
            self._on_redirection(response)
            if self._end is not None:  # hung up by the owner meanwhile; no response will follow
                self.finish(Event.FAILURE, self._end)
                return
        if status < 600 and self._try_next_target():
            return
        by = EndedBy.REMOTE if outgoing.failure is None else EndedBy.NETWORK
        text = response.reason if outgoing.failure is None else outgoing.failure
        self.finish(Event.FAILURE, EndReason(by, status, text, Reason.of(response), message=response))

    def _on_redirection(self, response: Message) -> None:
        try:
            contacts = response.addresses("Contact")
        except SipParseError:
            contacts = []
        if not contacts or not self.listener.on_redirect(self, response, contacts):
            return
        if self._tried is None:
            self._tried = {self.target}
        # The best first, those of equal weight as given; the list is used up from its end.
        ordered = sorted(contacts, key=_weight, reverse=True)
        self._targets.extend(str(contact.uri.without_headers()) for contact in reversed(ordered))

    def _try_next_target(self) -> bool:
        tried = self._tried
        while self._targets and tried is not None and len(tried) <= self.options.max_redirects:
            target = self._targets.pop()
            if target in tried:
                continue
            tried.add(target)
            try:
                plan_route(target, self._routes)
            except SipParseError:
                continue
            self.target = target
            self._hop = None
            self.dialog = None
            self._send_invite()
            return True
        return False

    # ------------------------------------------------------------ giving up

    def _give_up(self, reason: Reason | None, status: int) -> None:
        reasons = (reason,) if reason is not None else ()
        self._cancel(EndReason(EndedBy.LOCAL, 487, reason.text if reason is not None else "", reasons))

    def _cancel(self, end: EndReason) -> None:
        """CANCEL; the final response, whichever it is, ends the session."""
        invite = self._invite
        assert invite is not None
        self._end = end
        self.move(Event.CANCEL)
        self._stop()
        self._targets.clear()
        own = end.reasons if end.by is not EndedBy.REMOTE else ()
        invite.cancel(", ".join(str(reason) for reason in own) or None)

    def _close(self, end: EndReason) -> None:
        """The 2xx had an offer that the owner has not answered: an ACK without answer, and BYE."""
        self.withdraw_offer()
        self._confirm(None)
        self.send_bye(end)

    # ------------------------------------------------------------ requests inside early dialogs

    def _dialog_with(self, remote_tag: str | None) -> Dialog | None:
        if self._early:
            return self._early.get(remote_tag or "")
        return super()._dialog_with(remote_tag)

    def _refuse_unknown_dialog(self, request: IncomingRequest) -> None:
        if request.message.method == "BYE" and self.state in (
            State.CALLING,
            State.EARLY,
            State.CANCELLING,
        ):
            self._take_hasty_bye(request)  # it overtook the 2xx
        else:
            request.respond(481)

    def _on_early_bye(self, request: IncomingRequest, dialog: Dialog) -> None:
        """The called side may not (section 15), except that its 2xx was lost or overtaken."""
        if len(self._early) > 1:
            del self._early[dialog.remote_tag]
            self._remember_ended(dialog.remote_tag)
            request.respond(200)
        else:
            self._take_hasty_bye(request)

    def _take_hasty_bye(self, request: IncomingRequest) -> None:
        message = request.message
        self._remember_ended(message.from_tag or "")
        request.respond(200)
        if self.state is not State.CANCELLING:
            reasons = Reason.of(message)
            text = reasons[0].text if reasons else ""
            self._cancel(EndReason(EndedBy.REMOTE, 487, text, reasons, message=message))

    def _remember_ended(self, tag: str) -> None:
        if self._ended_tags is None:
            self._ended_tags = set()
        self._ended_tags.add(tag)

    def _on_reinvite(self, request: IncomingRequest, dialog: Dialog) -> None:
        if self.state is State.CALLING or self.state is State.EARLY:
            request.respond(491)  # ours is under way (section 14.2)
        else:
            super()._on_reinvite(request, dialog)

    def _release(self) -> None:
        if self._attempt is not None:
            self._attempt.session = None
            if self._early:
                self._attempt.forks = self._early
                self._early = {}
        if self._ack_due:  # their BYE came while the owner was thinking about the offer in their 2xx
            self._send_ack(None)
        invite, attempt = self._invite, self._attempt
        if (
            invite is not None
            and invite.done
            and attempt is not None
            and not attempt.forks
            and not attempt.auth
        ):
            # What a late fork is told needs no memory of the call; thousands of calls a minute notice.
            invite.release()


def _weight(contact: NameAddr) -> float:
    """The q value of a redirection's contact (section 20.10), in thousandths."""
    try:
        return min(max(float(contact.param("q") or "1"), 0.0), 1.0)
    except ValueError:
        return 1.0
