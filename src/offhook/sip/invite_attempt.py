"""One INVITE transaction of a call that goes out, and the forks of it that are not the call.

Every fork may answer, also when the call has been answered by another, or has ended: each such 2xx
gets an ACK and a BYE (RFC 3261 section 13.2.2.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook._core import Message, SipParseError
from offhook.sip.dialog import Dialog
from offhook.sip.outgoing import AckSending

if TYPE_CHECKING:
    from offhook.sip.invite_client import InviteClient
    from offhook.sip.network import Hop
    from offhook.sip.outgoing import OutgoingRequest
    from offhook.sip.ua import UserAgent

__all__ = ["InviteAttempt", "refuse_late_fork", "unreadable_dialog"]


class InviteAttempt:
    """One INVITE transaction; outlives its session, for the forks that answer late."""

    __slots__ = ("auth", "forks", "session", "ua")

    def __init__(self, session: InviteClient) -> None:
        self.session: InviteClient | None = session
        self.ua = session.ua
        self.auth = session.auth
        self.forks: dict[str, Dialog] | None = None  # early dialogs that did not become the call

    def on_response(self, outgoing: OutgoingRequest, response: Message) -> None:
        """For UserAgent.request."""
        session = self.session
        if session is not None:
            session.on_invite_response(outgoing, response)
        elif 200 <= response.status < 300:
            self.refuse_fork(outgoing, response)

    def refuse_fork(self, outgoing: OutgoingRequest, response: Message) -> None:
        """A 2xx that nobody wants any more: ACK and BYE (section 13.2.2.4)."""
        hop = outgoing.hop
        if hop is None:
            return
        # One that has had a PRACK from us expects higher numbers than a new dialog would begin with.
        dialog = self.forks.pop(response.to_tag or "", None) if self.forks is not None else None
        try:
            if dialog is None:
                contact = outgoing.message.get("Contact") or ""
                dialog = Dialog.from_response(outgoing.message, response, hop, contact)
            else:
                dialog.take_route_set(response, hop)
                dialog.refresh_target(response, hop)
        except SipParseError:
            if dialog is None:
                dialog = unreadable_dialog(outgoing, response, hop)
        ua = self.ua
        ua.ack(outgoing, dialog.new_ack(ua, outgoing.message), target=dialog.next_hop)
        ua.request(
            dialog.new_request(ua, "BYE"),
            _ignore,
            target=dialog.next_hop,
            auth=self.auth,
            next_cseq=dialog.next_cseq,
        )


def refuse_late_fork(ua: UserAgent, txn: int, response: Message, hop: Hop) -> None:
    """A 2xx for an INVITE `txn` of which nothing is remembered but its transaction: ACK and BYE.

    All that these need stands in the response itself.
    """
    invite = Message.request("INVITE", "sip:unknown.invalid")
    for name in ("From", "To", "Call-ID", "CSeq"):
        invite.set(name, response.get(name) or "")
    try:
        dialog = Dialog.from_response(invite, response, hop, "")
    except SipParseError:
        return  # whoever sent that ends it himself, for want of an ACK
    AckSending(ua, txn, dialog.new_ack(ua, invite)).start(dialog.next_hop, None)
    ua.request(dialog.new_request(ua, "BYE"), _ignore, target=dialog.next_hop, next_cseq=dialog.next_cseq)


def unreadable_dialog(outgoing: OutgoingRequest, response: Message, hop: Hop) -> Dialog:
    """The dialog of a 2xx whose Contact or Record-Route cannot be read: good enough to end it."""
    response = response.copy()
    response.remove("Contact")
    response.remove("Record-Route")
    return Dialog.from_response(outgoing.message, response, hop, outgoing.message.get("Contact") or "")


def _ignore(outgoing: OutgoingRequest, response: Message) -> None:
    """The BYE of a fork: whatever is answered, nothing follows."""
