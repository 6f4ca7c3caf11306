"""Changes of a session inside its dialog: re-INVITE (RFC 3261 section 14) and UPDATE (RFC 3311).

One change at a time in each direction.  Ours wait until they may be sent, and are repeated after
glare:

    ours is out, theirs comes       491, and theirs is repeated by the peer
    theirs waits, another comes     500 with Retry-After
    ours gets 491                   again after 2.1-4 s (we made the Call-ID) or 0-2 s (section 14.1)

An offer is asked for when it is sent, so that it says what is wanted then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from offhook._core import SipParseError
from offhook.sip.invite_state import State
from offhook.sip.offer_answer import (
    SDP_TYPE,
    ExchangeState,
    has_foreign_body,
    sdp_of,
    without_hold,
)
from offhook.sip.reason import EndedBy, EndReason

if TYPE_CHECKING:
    from offhook._core import Message, Sdp
    from offhook.sip.dialog import Dialog
    from offhook.sip.incoming import IncomingRequest
    from offhook.sip.invite import InviteSession
    from offhook.sip.network import Timer
    from offhook.sip.outgoing import OutgoingRequest
    from offhook.sip.ua import UserAgent

__all__ = ["Headers", "OfferMaker", "Renegotiation"]

OfferMaker = Callable[[], "Sdp | None"]
"""Gives the offer at the moment when it is sent; None when it is not wanted any more."""

Headers = Iterable[tuple[str, str]]

_MAX_TRIES = 8  # glare that often is no glare
_REFRESH_AGAIN = 5.0  # seconds after a refresh was refused for whatever reason, until the session expires
_MAX_RETRY_AFTER = 32.0  # seconds; a peer that wants us to wait longer is told of no change


class _Change:
    """A re-INVITE or UPDATE that is wanted."""

    __slots__ = ("headers", "is_refresh", "make_offer", "method", "offered", "tries")

    def __init__(
        self, method: str, make_offer: OfferMaker | None, headers: Headers = (), *, is_refresh: bool = False
    ) -> None:
        self.method = method
        self.make_offer = make_offer
        self.headers = tuple(headers)
        self.is_refresh = is_refresh  # by the session timer: the owner knows nothing of it
        self.offered = False  # as sent last
        self.tries = 0


class Renegotiation:
    """re-INVITE and UPDATE of one session, both ways.  Part of `InviteSession`."""

    __slots__ = (
        "_ack_for",
        "_ack_txn",
        "_change",
        "_incoming",
        "_incoming_dialog",
        "_on_finished",
        "_outgoing",
        "_retry",
        "_session",
        "_unacked",
        "_waiting",
    )

    def __init__(self, session: InviteSession) -> None:
        self._session = session
        self._waiting: _Change | None = None  # wanted, not sent
        self._change: _Change | None = None  # sent, not answered
        self._outgoing: OutgoingRequest | None = None
        self._retry: Timer | None = None
        self._incoming: IncomingRequest | None = None  # theirs, not answered
        self._incoming_dialog: Dialog | None = None
        self._ack_for = -1  # CSeq of their re-INVITE whose 2xx waits for its ACK
        self._ack_txn = 0
        # The 2xx to our re-INVITE had an offer; its ACK waits for the owner's answer.
        self._unacked: tuple[Dialog, OutgoingRequest] | None = None
        self._on_finished: Callable[[], None] | None = None

    # ------------------------------------------------------------ ours

    def reinvite(self, make_offer: OfferMaker | None, headers: Headers = ()) -> None:
        """Want a re-INVITE; None: without an offer."""
        self._want(_Change("INVITE", make_offer, headers))

    def update(self, make_offer: OfferMaker | None, headers: Headers) -> None:
        """Want an UPDATE; None: without an offer."""
        self._want(_Change("UPDATE", make_offer, headers))

    def refresh(self) -> None:
        """The session timer wants either; any change that is on its way does as well."""
        if self._waiting is None and self._outgoing is None:
            self._want(_Change("UPDATE", None, is_refresh=True))

    def finish(self, done: Callable[[], None]) -> bool:
        """Want nothing more.  True: `done` is called when our re-INVITE, which is under way, is answered."""
        outgoing = self._outgoing
        if outgoing is None or outgoing.message.method != "INVITE":
            return False
        self._waiting = None
        self._on_finished = done
        return True

    def resume(self) -> None:
        """Send what is wanted, if it may be sent now."""
        change = self._waiting
        if change is None or self._retry is not None or self._outgoing is not None:
            return
        if self._may_send(change):
            self._waiting = None
            self._send(change)

    def _want(self, change: _Change) -> None:
        waiting = self._waiting
        if waiting is not None and waiting.make_offer is not None and change.make_offer is None:
            # What is only to be said goes along with what is to be changed, and does not replace it.
            waiting.headers = change.headers or waiting.headers
            return
        self._waiting = change
        self.resume()

    def _may_send(self, change: _Change) -> bool:
        session = self._session
        dialog = session.dialog
        if dialog is None or self._incoming is not None or session.offer_waits:
            return False
        if change.method == "UPDATE" and change.make_offer is None and not change.is_refresh:
            return True
        if dialog.exchange.state is not ExchangeState.STABLE or self._ack_for >= 0:
            return False
        # An INVITE has to wait for the end of the one before (14.1); an UPDATE is there not to.
        return session.state is State.CONFIRMED or (
            session.state is State.EARLY and change.method == "UPDATE"
        )

    def _send(self, change: _Change) -> None:
        session = self._session
        dialog = session.dialog
        assert dialog is not None
        method = change.method
        make_offer = change.make_offer
        if change.is_refresh and not dialog.peer_allows("UPDATE"):
            method = "INVITE"
            make_offer = self._offer_of_refresh
        offer = None
        if make_offer is not None:
            offer = make_offer()
            if offer is None and not change.is_refresh:
                if session.refresh_due:
                    self.refresh()
                return
        change.offered = offer is not None
        message = dialog.new_request(session.ua, method)
        message.add("Contact", dialog.contact)
        session.add_capabilities(message)
        session.session_timer.add_to_request(message)
        for name, value in change.headers:
            message.add(name, value)
        if offer is not None:
            dialog.exchange.send_offer(offer)
            message.set_body(SDP_TYPE, offer.to_bytes())
        self._change = change
        self._outgoing = session.send(
            message, lambda outgoing, response: self._on_response(dialog, outgoing, response)
        )

    def _offer_of_refresh(self) -> Sdp | None:
        return self._session.listener.on_refresh(self._session)

    def _on_response(self, dialog: Dialog, outgoing: OutgoingRequest, response: Message) -> None:
        status = response.status
        if status < 200:
            return
        change = self._change
        if outgoing is not self._outgoing or change is None:
            if status < 300 and outgoing.message.method == "INVITE":
                # The session ended meanwhile; this 2xx must not be repeated for 32 seconds.
                self._send_ack(dialog, outgoing, None)
            return
        self._outgoing = None
        self._change = None
        if status < 300:
            self._on_accepted(dialog, change, outgoing, response)
        else:
            if change.offered:
                dialog.exchange.rollback()
            self._on_refused(dialog, change, response)
        self.resume()
        finished, self._on_finished = self._on_finished, None
        if finished is not None:
            finished()

    def _on_accepted(
        self, dialog: Dialog, change: _Change, outgoing: OutgoingRequest, response: Message
    ) -> None:
        session = self._session
        dialog.learn(response)
        sdp: Sdp | None = None
        try:
            if outgoing.hop is not None:
                dialog.refresh_target(response, outgoing.hop)
            sdp = sdp_of(response)
        except SipParseError:
            pass  # an answer that cannot be read is none
        session.session_timer.agreed_by_response(response)
        session.restart_session_timer()
        is_invite = outgoing.message.method == "INVITE"
        if is_invite and not change.offered and sdp is not None:
            self._answer_in_ack(dialog, outgoing, response, sdp)
            return
        if is_invite:
            self._send_ack(dialog, outgoing, None)
        status = response.status
        if change.offered:
            if sdp is not None:
                dialog.exchange.receive_answer(sdp)
            else:
                dialog.exchange.rollback()
                status = 488
        session.note_identity(response)
        if change.offered or not change.is_refresh:
            session.listener.on_reinvite_result(session, status, sdp)

    def _answer_in_ack(
        self, dialog: Dialog, outgoing: OutgoingRequest, response: Message, offer: Sdp
    ) -> None:
        """We asked for an offer; the ACK has the answer (RFC 6337 pattern 2)."""
        session = self._session
        dialog.exchange.receive_offer(offer)
        self._unacked = dialog, outgoing

        def answer(sdp: Sdp | None, status: int) -> None:
            self._unacked = None
            if sdp is not None:
                dialog.exchange.send_answer(sdp)
                self._send_ack(dialog, outgoing, sdp)
                self.resume()
            else:
                dialog.exchange.rollback()
                self._send_ack(dialog, outgoing, None)
                session.fail(status, "the offer in the 2xx cannot be answered")

        session.ask_for_answer(offer, response, answer)

    def _send_ack(self, dialog: Dialog, outgoing: OutgoingRequest, sdp: Sdp | None) -> None:
        ack = dialog.new_ack(self._session.ua, outgoing.message)
        if sdp is not None:
            ack.set_body(SDP_TYPE, sdp.to_bytes())
        self._session.ua.ack(outgoing, ack, target=dialog.next_hop)

    def _on_refused(self, dialog: Dialog, change: _Change, response: Message) -> None:
        session = self._session
        status = response.status
        if change.offered or not change.is_refresh:
            session.listener.on_reinvite_result(session, status, None)
        if session.check_gone(status) or session.state not in (State.EARLY, State.ANSWERED, State.CONFIRMED):
            return
        if change.is_refresh and status in (405, 501):
            dialog.peer_allow = ""  # it said so and did not mean it: refresh by INVITE
            delay: float | None = 0.0
        else:
            delay = self._retry_after(status, response, change)
            if delay is None and change.is_refresh:
                delay = _REFRESH_AGAIN
        if self._waiting is not None:
            return
        change.tries += 1
        if delay is None or change.tries >= _MAX_TRIES:
            if session.refresh_due and not change.is_refresh:
                self.refresh()  # this change was to do as well
            return
        self._waiting = change
        if delay > 0:
            network = session.ua.network
            self._retry = network.call_at(network.now() + delay, self._on_retry)

    def _retry_after(self, status: int, response: Message, change: _Change) -> float | None:
        """Seconds until the change is tried again; None: not at all."""
        if status == 491:
            if self._session.is_caller:
                return self._session.ua.random.randint(210, 400) / 100
            return self._session.ua.random.randint(1, 200) / 100
        if status == 422:
            return 0.0 if self._session.session_timer.raise_to(response) else None
        if status == 500:
            value = response.get("Retry-After")
            if value is None:  # it was overtaken by a later request (12.2.2)
                return 1.0 if change.tries == 0 else None
            value = value.partition(";")[0].partition("(")[0].strip()
            if value.isascii() and value.isdigit() and len(value) < 4:
                return max(0.1, float(value)) if float(value) <= _MAX_RETRY_AFTER else None
        return None

    def _on_retry(self) -> None:
        self._retry = None
        self.resume()

    # ------------------------------------------------------------ theirs

    def on_reinvite(self, request: IncomingRequest, dialog: Dialog) -> None:
        """An INVITE inside the dialog."""
        outgoing = self._outgoing
        if outgoing is not None and outgoing.message.method == "INVITE":
            request.respond(491)
        elif self._incoming is not None or self._session.offer_waits:
            _ask_to_wait(self._session.ua, request)
        elif self._admit(request, dialog):
            self._take_up(request, dialog, sdp_of(request.message))

    def on_update(self, request: IncomingRequest, dialog: Dialog) -> None:
        """An UPDATE."""
        if self._incoming is not None or self._session.offer_waits:
            _ask_to_wait(self._session.ua, request)
        elif self._admit(request, dialog):
            sdp = sdp_of(request.message)
            if sdp is None:
                self._accept(request, dialog, None)
                self._session.note_identity(request.message)
            elif dialog.exchange.state is ExchangeState.NONE:
                _ask_to_wait(self._session.ua, request)  # the INVITE's own offer has not been made
            else:
                self._take_up(request, dialog, sdp)

    def _admit(self, request: IncomingRequest, dialog: Dialog) -> bool:
        message = request.message
        if has_foreign_body(message):
            request.reject_media_type()
            return False
        dialog.learn(message)
        status, headers = self._session.session_timer.refuse(message, dialog.peer_supports("timer"))
        if status:
            request.respond(status, headers=headers)
            return False
        return True

    def _take_up(self, request: IncomingRequest, dialog: Dialog, sdp: Sdp | None) -> None:
        """Ask the owner for the answer, or without `sdp` for an offer."""
        session = self._session
        exchange = dialog.exchange
        if not exchange.idle:
            if exchange.state is ExchangeState.LOCAL_OFFER:
                request.respond(491)
            else:
                _ask_to_wait(self._session.ua, request)
            return
        if sdp is not None:
            exchange.receive_offer(sdp)
        self._incoming = request
        self._incoming_dialog = dialog
        if request.message.method == "INVITE":
            session.ua.watch(request.txn, self)
        session.note_identity(request.message)

        def answer(answer: Sdp | None, status: int) -> None:
            self._incoming = None
            self._incoming_dialog = None
            if answer is None:
                exchange.rollback()
                request.respond(status)
            else:
                if sdp is not None:
                    exchange.send_answer(answer)
                else:
                    exchange.send_offer(answer)
                self._accept(request, dialog, answer)
            self.resume()

        session.ask_for_answer(sdp, request.message, answer)

    def _accept(self, request: IncomingRequest, dialog: Dialog, sdp: Sdp | None) -> None:
        session = self._session
        message = request.message
        dialog.refresh_target(message, request.hop)
        headers = [
            ("Contact", dialog.contact),
            *session.session_timer.agree_to_request(message, dialog.peer_supports("timer")),
        ]
        session.restart_session_timer()
        if message.method == "INVITE":
            self._ack_for = message.cseq
            self._ack_txn = request.txn
        if sdp is not None:
            request.respond(200, headers=headers, content_type=SDP_TYPE, body=sdp.to_bytes())
        else:
            request.respond(200, headers=headers)

    def on_ack(self, message: Message) -> None:
        """The ACK for our 2xx to their re-INVITE; with their answer when the offer was ours."""
        if message.cseq != self._ack_for:
            return
        self._ack_for = -1
        session = self._session
        dialog = session.dialog
        # While the ACK was outstanding, nobody else could offer: a waiting one is that of our 2xx.
        if dialog is not None and dialog.exchange.state is ExchangeState.LOCAL_OFFER:
            remote = dialog.exchange.remote
            if message.body or remote is None:
                session.take_answer(dialog, message)
            else:  # there are phones that resume so: an INVITE without an offer, an ACK without an answer
                answer = without_hold(remote)
                dialog.exchange.receive_answer(answer)
                session.listener.on_answer(session, answer)
        self.resume()

    # ------------------------------------------------------------ InviteWatcher, of their re-INVITE

    def on_cancel(self, message: Message) -> None:
        """Their re-INVITE was cancelled."""
        request, dialog = self._incoming, self._incoming_dialog
        if request is not None and dialog is not None:
            self._incoming = None
            self._incoming_dialog = None
            dialog.exchange.rollback()
            request.respond(487)
            self._session.withdraw_offer()
            self.resume()

    def on_ack_missing(self, reliable_provisional: bool) -> None:
        """No ACK for our 2xx: the peer is gone (13.3.1.4)."""
        session = self._session
        if session.state is State.CONFIRMED:
            session.send_bye(EndReason(EndedBy.NETWORK, 408, "no ACK for a re-INVITE", answered=True))

    # ------------------------------------------------------------ the end

    def change_dialog(self) -> None:
        """Another fork became the call: an UPDATE that went to, or came from, an early dialog is void."""
        self._give_up_theirs()
        change, self._change = self._change, None
        outgoing, self._outgoing = self._outgoing, None
        if outgoing is not None:
            outgoing.release()
            if self._waiting is None:
                self._waiting = change  # it was meant for the call

    def close(self) -> None:
        """The session ends: nothing is wanted any more, what is under way is given up."""
        self._waiting = None
        self._change = None
        self._on_finished = None
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        if self._ack_for >= 0:
            self._session.ua.unwatch(self._ack_txn)
            self._ack_for = -1
        self._give_up_theirs()
        unacked, self._unacked = self._unacked, None
        if unacked is not None:
            self._send_ack(*unacked, None)
        outgoing, self._outgoing = self._outgoing, None
        if outgoing is not None:
            if outgoing.message.method == "INVITE":
                outgoing.cancel()
            else:
                outgoing.release()

    def _give_up_theirs(self) -> None:
        request, self._incoming = self._incoming, None
        self._incoming_dialog = None
        if request is not None:
            request.respond(487)  # RFC 3261 15.1.2


def _ask_to_wait(ua: UserAgent, request: IncomingRequest) -> None:
    """500 with a Retry-After of 0-10 seconds (RFC 3261 14.2, RFC 3311 5.2)."""
    request.respond(500, headers=[("Retry-After", str(ua.random.randint(0, 10)))])
