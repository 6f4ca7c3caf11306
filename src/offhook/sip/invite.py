"""InviteSession: one call leg, from INVITE to BYE, whichever side called.

This file has what both roles share: requests inside the dialog, hanging up, the session timer, and
how a session ends.  Beside it:

    session_listener.py  what the owner of a session is told
    invite_client.py     the caller: INVITE, early dialogs, PRACK, CANCEL, redirects
    invite_attempt.py    forks that answer and are not the call
    invite_server.py     the called: ringing, reliable provisionals, answering, CANCEL
    invite_state.py      the states as a table
    renegotiation.py     re-INVITE and UPDATE, both ways: hold, codecs, target, glare
    session_timer.py, offer_answer.py, dialog.py, reason.py, identity.py

Everything is synchronous and sends at once.  Time is `ua.network`'s.  Sessions know nothing of
channels; what is in a session description is the owner's (`_core.OfferAnswer`), who may send one
when is theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from offhook._core import SipParseError
from offhook.sip.identity import connected_identity
from offhook.sip.invite_state import Event, SessionStateError, State, advance
from offhook.sip.offer_answer import sdp_of
from offhook.sip.reason import EndedBy, EndReason, Reason
from offhook.sip.renegotiation import Headers, OfferMaker, Renegotiation
from offhook.sip.session_listener import SessionListener
from offhook.sip.session_timer import SessionTimer, TimerMode, TimerPolicy

if TYPE_CHECKING:
    from offhook._core import Message, Sdp
    from offhook.sip.dialog import Dialog
    from offhook.sip.incoming import IncomingRequest
    from offhook.sip.network import Hop, Timer
    from offhook.sip.outgoing import Authorizer, OnResponse, OutgoingRequest
    from offhook.sip.ua import UserAgent, UserAgentConfig

__all__ = [
    "EndReason",
    "EndedBy",
    "InviteOptions",
    "InviteSession",
    "OfferMaker",
    "Reason",
    "Reliable",
    "SessionListener",
    "SessionStateError",
    "State",
]

_DEFAULT_TIMERS = TimerPolicy()
_LONGEST_CHANGE = 2.0  # seconds that a BYE waits for the answer to a re-INVITE


class Reliable(Enum):
    """What is done with reliable provisional responses (RFC 3262; pjsip.conf: 100rel)."""

    NO = "no"  # not understood: an INVITE that requires them gets 420
    SUPPORTED = "yes"  # used when the peer requires them
    PREFERRED = "peer_supported"  # used when the peer supports them
    REQUIRED = "required"  # an INVITE of a peer that does not support them gets 421


def _no_lines() -> list[tuple[UserAgentConfig, str, str]]:
    return []


@dataclass(frozen=True, slots=True)
class InviteOptions:
    """How sessions with one endpoint behave.  Make one for each endpoint, not for each call."""

    contact_user: str = ""  # user part of our Contact, as it stands in a URI
    contact: str | None = None  # our Contact URI, when it is not to be made from the flow
    reliable: Reliable = Reliable.SUPPORTED
    timers: TimerPolicy = _DEFAULT_TIMERS
    rewrite_contact: bool = False  # the source of the peer's messages instead of its Contact's host and port
    to_source: bool = False  # answer to the port that requests come from, whatever Via says
    transport: str | None = None  # name of the configured transport to send through
    routes: tuple[str, ...] = ()  # outbound proxies: preloaded Route values, `<sip:proxy;lr>`
    supported: tuple[str, ...] = ()  # option tags beside those of the user agent
    headers: tuple[tuple[str, str], ...] = ()  # in every INVITE and in the answers to one
    max_redirects: int = 8  # contacts that are tried when on_redirect() says so

    _lines: list[tuple[UserAgentConfig, str, str]] = field(
        init=False, repr=False, compare=False, default_factory=_no_lines
    )

    def capabilities(self, config: UserAgentConfig) -> tuple[str, str]:
        """The values of Allow and Supported: the user agent's, without what is switched off here."""
        lines = self._lines
        if not lines or lines[0][0] is not config:
            supported = ", ".join(
                tag
                for tag in (*config.supported, *self.supported)
                if not (tag == "100rel" and self.reliable is Reliable.NO)
                and not (tag == "timer" and self.timers.mode is TimerMode.NO)
            )
            lines[:] = [(config, ", ".join(config.allow), supported)]  # made once, not for each call
        return lines[0][1:]


class InviteSession:
    """One call leg.  Made as `InviteClient` or `InviteServer`."""

    __slots__ = (
        "_answer_waiting",
        "_bye",
        "_end",
        "_identity_seen",
        "_renegotiation",
        "_timer",
        "auth",
        "call_id",
        "dialog",
        "farewell",
        "listener",
        "local_tag",
        "options",
        "owner",
        "refresh_due",
        "session_timer",
        "state",
        "ua",
    )

    is_caller: bool

    def __init__(
        self,
        ua: UserAgent,
        listener: SessionListener,
        options: InviteOptions,
        auth: Authorizer | None,
        call_id: str,
        local_tag: str,
    ) -> None:
        self.ua = ua
        self.listener = listener
        self.options = options
        self.auth = auth
        self.call_id = call_id
        self.local_tag = local_tag
        self.state = State.IDLE
        self.dialog: Dialog | None = None  # of several early ones: the last heard of
        self.session_timer = SessionTimer(options.timers)
        self.farewell: tuple[str, bytes] | None = None  # type and body of our BYE, or of our answer to theirs
        self.owner: object = None  # for whoever has the session: not looked at here
        self._answer_waiting: Callable[[Sdp | None, int], None] | None = None
        self._bye: IncomingRequest | None = None
        self._end: EndReason | None = None  # what on_ended() will be told
        self._identity_seen: str | None = None
        self.refresh_due = False  # by the session timer, not done yet
        self._renegotiation: Renegotiation | None = None
        self._timer: Timer | None = None

    # ------------------------------------------------------------ for the owner

    @property
    def ended(self) -> bool:
        """Whether on_ended() has been called."""
        return self.state is State.TERMINATED

    @property
    def answered(self) -> bool:
        """Whether there has been a 2xx and the session is not about to end."""
        return self.state is State.ANSWERED or self.state is State.CONFIRMED

    @property
    def local_sdp(self) -> Sdp | None:
        """Our description in force."""
        return self.dialog.exchange.local if self.dialog is not None else None

    @property
    def remote_sdp(self) -> Sdp | None:
        """The peer's description in force."""
        return self.dialog.exchange.remote if self.dialog is not None else None

    def hangup(self, reason: Reason | None = None, *, status: int = 480) -> None:
        """End the session, whatever its state; `reason` goes into CANCEL, BYE or the final response.

        Caller before the answer: CANCEL; should the 2xx be faster, ACK and BYE.  Called before the answer:
        `status`.  Answered: BYE, after the ACK if that is still to come, and after the answer to a re-INVITE
        of ours, if that is soon.  Does nothing when the session is about to end or has ended.
        """
        state = self.state
        if state is State.CONFIRMED:
            self._end_confirmed(_local_end(200, reason, answered=True))
        elif state is State.ANSWERED:
            self._close(_local_end(200, reason, answered=True))
        elif state is State.CALLING or state is State.EARLY:
            self._give_up(reason, status)
        elif state is State.IDLE:
            self.state = advance(state, Event.OVER)

    def reinvite(self, make_offer: OfferMaker | None, *, headers: Headers = ()) -> None:
        """Send a re-INVITE, as soon as the session allows it; on_reinvite_result() follows.

        `make_offer` is called when it is sent (again after glare) and gives our offer; None from it: not
        wanted any more, nothing is sent.  None in its place: an INVITE that asks the peer for an offer, which
        comes with on_offer().  A reinvite() or update() that has not been sent yet is replaced.
        SessionStateError when the call has not been answered or has ended.
        """
        if not self.answered:
            raise SessionStateError(self.state, "reinvite")
        self.renegotiation.reinvite(make_offer, headers)

    def update(self, make_offer: OfferMaker | None = None, *, headers: Headers = ()) -> None:
        """Send an UPDATE (RFC 3311), as reinvite(); None: without an offer (identity, session timer).

        Also before the answer, once offer and answer have been exchanged reliably.
        """
        if self.dialog is None or self.state not in (State.EARLY, State.ANSWERED, State.CONFIRMED):
            raise SessionStateError(self.state, "update")
        self.renegotiation.update(make_offer, headers)

    def answer_offer(self, sdp: Sdp) -> None:
        """Our answer to on_offer(), or our offer where it asked for one."""
        self._take_waiting("answer_offer")(sdp, 0)

    def reject_offer(self, status: int = 488) -> None:
        """Refuse the offer of on_offer().  One in a response cannot be refused: the session ends."""
        self._take_waiting("reject_offer")(None, status)

    def send_info(
        self,
        content_type: str,
        body: bytes,
        on_result: Callable[[int], None] | None = None,
        *,
        package: str = "",
    ) -> None:
        """Send an INFO (RFC 6086, RFC 2976); `on_result` gets the status of its answer.

        `package`: the Info Package that it belongs to.
        """
        dialog = self.dialog
        if dialog is None or self.state not in (State.EARLY, State.ANSWERED, State.CONFIRMED):
            raise SessionStateError(self.state, "send_info")
        message = dialog.new_request(self.ua, "INFO")
        if package:
            message.set("Info-Package", package)
            message.set("Content-Disposition", "Info-Package")
        message.set_body(content_type, body)

        def answered(outgoing: OutgoingRequest, response: Message) -> None:
            if response.status >= 200:
                if on_result is not None:
                    on_result(response.status)
                self.check_gone(response.status)

        self.send(message, answered)

    def delay_bye_answer(self) -> Callable[[], None]:
        """Within on_ended(): the peer's BYE is answered when the returned function is called, not before.

        So that what has to survive a crash (the call's record) is on the disk first.  Nothing happens when
        the session was not ended by a BYE.
        """
        request, self._bye = self._bye, None
        farewell = self.farewell
        return _nothing if request is None else lambda: _answer_bye(request, farewell)

    # ------------------------------------------------------------ DialogUsage

    def on_request(self, request: IncomingRequest) -> None:
        """A request inside one of the session's dialogs."""
        message = request.message
        request.to_source = self.options.to_source
        dialog = self._dialog_with(message.from_tag)
        if dialog is None:
            self._refuse_unknown_dialog(request)
            return
        if not dialog.in_order(message):
            request.respond(500, "CSeq Out of Order")
            return
        method = message.method
        if method == "BYE":
            self._on_bye(request, dialog)
            return
        if self.state is State.TERMINATING or self.state is State.CLOSING or self.state is State.CANCELLING:
            request.respond(481)
            return
        try:
            if method == "INVITE":
                self._on_reinvite(request, dialog)
            elif method == "UPDATE":
                self.renegotiation.on_update(request, dialog)
            elif method == "PRACK":
                self._on_prack(request, dialog)
            elif method == "INFO":
                self.listener.on_info(self, request)
            elif method == "OPTIONS":
                request.respond(200)
            elif not self.listener.on_request(self, request):
                request.reject_method()
        except SipParseError as error:
            request.respond(error.status, error.reason)

    def on_ack(self, message: Message, hop: Hop) -> None:
        """The ACK for a 2xx of ours."""
        if self._renegotiation is not None:
            self._renegotiation.on_ack(message)

    # ------------------------------------------------------------ what the roles do differently

    def _dialog_with(self, remote_tag: str | None) -> Dialog | None:
        dialog = self.dialog
        return dialog if dialog is not None and dialog.remote_tag == (remote_tag or "") else None

    def _refuse_unknown_dialog(self, request: IncomingRequest) -> None:
        request.respond(481)

    def _give_up(self, reason: Reason | None, status: int) -> None:
        """hangup() before the answer."""
        raise NotImplementedError

    def _close(self, end: EndReason) -> None:
        """To be ended while the ACK of the initial INVITE is outstanding."""
        raise NotImplementedError

    def _on_early_bye(self, request: IncomingRequest, dialog: Dialog) -> None:
        """A BYE before the answer."""
        raise NotImplementedError

    def _on_prack(self, request: IncomingRequest, dialog: Dialog) -> None:
        request.respond(481)  # of a provisional that is not ours

    def _on_reinvite(self, request: IncomingRequest, dialog: Dialog) -> None:
        self.renegotiation.on_reinvite(request, dialog)

    def _release(self) -> None:
        """The session has ended: let go of what is still under way."""

    # ------------------------------------------------------------ for the other files of the session

    @property
    def renegotiation(self) -> Renegotiation:
        """re-INVITE and UPDATE; made when first needed."""
        if self._renegotiation is None:
            self._renegotiation = Renegotiation(self)
        return self._renegotiation

    def resume_renegotiation(self) -> None:
        """What a change had to wait for has happened."""
        if self._renegotiation is not None:
            self._renegotiation.resume()

    def move(self, event: Event) -> None:
        """Change the state by the table."""
        self.state = advance(self.state, event)

    def send(
        self, message: Message, on_response: OnResponse, *, dialog: Dialog | None = None
    ) -> OutgoingRequest:
        """Send a request inside the dialog."""
        dialog = dialog or self.dialog
        assert dialog is not None
        return self.ua.request(
            message,
            on_response,
            target=dialog.next_hop,
            auth=self.auth,
            next_cseq=dialog.next_cseq,
            transport=self.options.transport,
        )

    def add_capabilities(self, message: Message) -> None:
        """Allow and Supported."""
        allow, supported = self.options.capabilities(self.ua.config)
        message.set("Allow", allow)
        message.set("Supported", supported)

    def ask_for_answer(
        self, sdp: Sdp | None, message: Message, answer: Callable[[Sdp | None, int], None]
    ) -> None:
        """Give an offer to the owner; `answer` gets its description, or None and a status."""
        self._answer_waiting = answer
        self.listener.on_offer(self, sdp, message)

    @property
    def offer_waits(self) -> bool:
        """Whether the owner has an offer that it has not answered."""
        return self._answer_waiting is not None

    def take_answer(self, dialog: Dialog, message: Message) -> bool:
        """The answer to an offer of ours in a response, from the ACK.  False: the call cannot go on."""
        try:
            sdp = sdp_of(message)
        except SipParseError:
            sdp = None
        if sdp is None:
            dialog.exchange.rollback()
            self.fail(488, "the offer was not answered")
            return False
        dialog.exchange.receive_answer(sdp)
        self.listener.on_answer(self, sdp)
        return True

    def withdraw_offer(self) -> None:
        """The offer that the owner has is void."""
        if self._answer_waiting is not None:
            self._answer_waiting = None
            self.listener.on_offer_withdrawn(self)

    def note_identity(self, message: Message) -> None:
        """Tell the owner when the peer says something new about who it is."""
        line = message.get("P-Asserted-Identity")
        if line is None:
            line = message.get("Remote-Party-ID")
            if line is None:
                return
        if line != self._identity_seen:
            self._identity_seen = line
            identity = connected_identity(message)
            if identity is not None:
                self.listener.on_identity_changed(self, identity)

    def check_gone(self, status: int) -> bool:
        """A request inside the dialog was answered: 408 and 481 mean that the peer is gone (12.2.1.2)."""
        if status not in (408, 481):
            return False
        if self.answered:
            text = "the dialog is unknown to the peer" if status == 481 else "the peer does not answer"
            end = EndReason(EndedBy.NETWORK, status, text, answered=True)
            if self.state is State.CONFIRMED:
                self.send_bye(end)
            else:
                self._close(end)
        return True

    def _end_confirmed(self, end: EndReason) -> None:
        """BYE, but not into a re-INVITE of ours: that would be cancelled, and its late 2xx be a nuisance."""
        renegotiation = self._renegotiation
        if renegotiation is None or not renegotiation.finish(self._finished_change):
            self.send_bye(end)
            return
        self.move(Event.HANG_UP)
        self._end = end
        if self._timer is not None:
            self._timer.cancel()
        network = self.ua.network
        self._timer = network.call_at(network.now() + _LONGEST_CHANGE, self._finished_change)

    def _finished_change(self) -> None:
        if self.state is State.CLOSING:
            assert self._end is not None
            self.send_bye(self._end)

    def send_bye(self, end: EndReason) -> None:
        """End the confirmed dialog."""
        dialog = self.dialog
        assert dialog is not None
        self.move(Event.BYE_SENT)
        self._end = end
        self._stop()
        bye = dialog.new_request(self.ua, "BYE")
        if end.by is not EndedBy.REMOTE:
            for reason in end.reasons:
                bye.add("Reason", str(reason))
        if self.farewell is not None:
            bye.set_body(*self.farewell)
        self.send(bye, self._on_bye_response)

    def fail(self, status: int, text: str) -> None:
        """The peer broke the protocol in a way that leaves no call: end it."""
        end = EndReason(EndedBy.PROTOCOL, status, text, (Reason.sip(status, text),), answered=True)
        if self.state is State.CONFIRMED:
            self.send_bye(end)
        elif self.state is State.ANSWERED:
            self._close(end)

    def finish(self, event: Event, end: EndReason) -> None:
        """The last transition: leave nothing behind and tell the owner."""
        self.move(event)
        self.ua.remove_dialog(self.call_id, self.local_tag)
        self._stop()
        self._release()
        self.listener.on_ended(self, end)

    # ------------------------------------------------------------ ending

    def _on_bye(self, request: IncomingRequest, dialog: Dialog) -> None:
        message = request.message
        if self.state in (State.CALLING, State.EARLY, State.CANCELLING):
            self._on_early_bye(request, dialog)
            return
        end = self._end
        if end is None or end.by is EndedBy.NETWORK:  # a BYE slower than its sender's 481 knows better
            reasons = Reason.of(message)
            text = reasons[0].text if reasons else ""
            end = EndReason(EndedBy.REMOTE, 200, text, reasons, answered=True, message=message)
        self._bye = request
        self.finish(Event.BYE_RECEIVED, end)
        self.delay_bye_answer()()  # unless the owner has asked for it

    def _on_bye_response(self, outgoing: OutgoingRequest, response: Message) -> None:
        if response.status >= 200 and self.state is State.TERMINATING:
            assert self._end is not None
            self.finish(Event.OVER, self._end)

    def _stop(self) -> None:
        """No refresh, no change, no answer to an offer from now on."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.state is State.TERMINATED:
            self._answer_waiting = None  # on_ended() says it all
        else:
            self.withdraw_offer()
        if self._renegotiation is not None:
            self._renegotiation.close()

    def _take_waiting(self, what: str) -> Callable[[Sdp | None, int], None]:
        waiting, self._answer_waiting = self._answer_waiting, None
        if waiting is None:
            raise SessionStateError(self.state, f"{what} without an offer")
        return waiting

    # ------------------------------------------------------------ the session timer (RFC 4028)

    def restart_session_timer(self) -> None:
        """A 2xx agreed on the session timer: count from now."""
        self.refresh_due = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        agreed = self.session_timer
        if agreed.interval and self.answered:
            after = agreed.refresh_after if agreed.we_refresh else agreed.expire_after
            network = self.ua.network
            self._timer = network.call_at(network.now() + after, self._on_session_timer)

    def _on_session_timer(self) -> None:
        self._timer = None
        agreed = self.session_timer
        if agreed.we_refresh and not self.refresh_due:
            self.refresh_due = True
            network = self.ua.network
            left = agreed.expire_after - agreed.refresh_after
            self._timer = network.call_at(network.now() + left, self._on_session_timer)
            self.renegotiation.refresh()
            return
        text = "the session was not refreshed"
        end = EndReason(EndedBy.EXPIRED, 408, text, (Reason.sip(408, "Session Expired"),), answered=True)
        if self.state is State.CONFIRMED:
            self.send_bye(end)
        elif self.state is State.ANSWERED:
            self._close(end)


def _local_end(status: int, reason: Reason | None, *, answered: bool) -> EndReason:
    return EndReason(
        EndedBy.LOCAL,
        status,
        reason.text if reason is not None else "",
        (reason,) if reason is not None else (),
        answered,
    )


def _answer_bye(request: IncomingRequest, farewell: tuple[str, bytes] | None) -> None:
    if farewell is None:
        request.respond(200)
    else:
        request.respond(200, content_type=farewell[0], body=farewell[1])


def _nothing() -> None:
    """The session was not ended by a BYE: nothing to answer."""
