"""What the owner of an INVITE session is told: see `offhook.sip.invite`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from offhook._core import Message, NameAddr, Sdp
    from offhook.sip.identity import PartyIdentity
    from offhook.sip.incoming import IncomingRequest
    from offhook.sip.invite import InviteSession
    from offhook.sip.reason import EndReason

__all__ = ["SessionListener"]


class SessionListener(Protocol):
    """The owner of a session.  Called synchronously; may call any method of the session from inside.

    on_ended() comes exactly once for every session whose start() was true, and is the last call.  It can
    come from inside hangup(), reject() and redirect(), when nothing of the peer has to be waited for.
    """

    def on_progress(self, session: InviteSession, response: Message, sdp: Sdp | None) -> None:
        """Caller: a provisional response above 100.

        `sdp`: the answer to our offer, or a preview of it when the response is not reliable (then the 2xx
        has it again).  Each fork has a To tag of its own: `response.to_tag`.
        """
        ...

    def on_answered(self, session: InviteSession, response: Message, sdp: Sdp | None) -> None:
        """Caller: the 2xx came and the ACK was sent.

        `sdp`: the answer, None when it came before in a reliable provisional, or when the offer was theirs.
        `session.remote_sdp` has it either way.
        """
        ...

    def on_answer(self, session: InviteSession, sdp: Sdp) -> None:
        """The answer to an offer that we made in a response came, in PRACK or ACK."""
        ...

    def on_offer(self, session: InviteSession, sdp: Sdp | None, message: Message) -> None:
        """An offer came (or, with None, an INVITE that asks for ours): call answer_offer() or reject_offer().

        `message`: re-INVITE, UPDATE, PRACK, or a response of the peer when our INVITE had no offer.
        Not called for the initial INVITE of InviteServer: see `InviteServer.offer` and accept().
        """
        ...

    def on_offer_withdrawn(self, session: InviteSession) -> None:
        """The offer of on_offer(), not answered yet, is void.

        Its request was cancelled, another fork answered, or the session is about to end (hangup() included).
        """
        ...

    def on_reinvite_result(self, session: InviteSession, status: int, sdp: Sdp | None) -> None:
        """A reinvite() or update() of ours was answered.

        2xx: `sdp` is the answer.  Else nothing has changed: roll the offer back.  491 (glare): it will be
        tried again by itself and the offer be asked for again; so for 500, with Retry-After or once.
        """
        ...

    def on_refresh(self, session: InviteSession) -> Sdp | None:
        """The session timer wants a re-INVITE: an offer that changes nothing; on_reinvite_result() follows.

        None: without an offer.  Only called when the peer does not allow UPDATE.
        """
        ...

    def on_info(self, session: InviteSession, request: IncomingRequest) -> None:
        """An INFO inside the dialog.  Must be answered: request.respond(200)."""
        ...

    def on_request(self, session: InviteSession, request: IncomingRequest) -> bool:
        """Any other request inside the dialog (REFER, NOTIFY ...).  False: it is refused with 405 or 501."""
        ...

    def on_redirect(self, session: InviteSession, response: Message, contacts: list[NameAddr]) -> bool:
        """Caller: 3xx.  True: the session tries the contacts itself; False: it ends."""
        ...

    def on_identity_changed(self, session: InviteSession, identity: PartyIdentity) -> None:
        """The peer said who it is (P-Asserted-Identity, Remote-Party-ID), in a response, re-INVITE or UPDATE.

        Whether to believe it is the owner's decision.
        """
        ...

    def on_ended(self, session: InviteSession, reason: EndReason) -> None:
        """The session is over and leaves nothing behind."""
        ...
