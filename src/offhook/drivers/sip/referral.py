"""REFER: a phone transfers the one whom it talks to (RFC 3515, RFC 3891, RFC 5589).

Without Replaces in Refer-To the number goes through the dialplan (blind); with it, those whom the phone
talks to on its two calls are connected (attended).  How it goes on is told by NOTIFY with a fragment of a
SIP message, unless the phone said `Refer-Sub: false` (RFC 4488).

The phone's own leg is over for the switch as soon as it has been transferred.  Its dialog stays until the
last NOTIFY has been sent and the phone has hung up, or has not for ten seconds.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offhook._core import NameAddr, SipParseError
from offhook.drivers.sip.replaces import Replaces, find_replaced
from offhook.drivers.sip.voicemail import send_to_voicemail
from offhook.pbx import events
from offhook.pbx.causes import status_of_cause
from offhook.pbx.transfer import Refusal, TransferError, attended_transfer, blind_transfer, transfer_context

if TYPE_CHECKING:
    from asyncio import TimerHandle
    from collections.abc import Callable

    from offhook._core import Message, Sdp, Uri
    from offhook.drivers.sip.channel import SipChannel
    from offhook.pbx.channel import Channel
    from offhook.sip.identity import PartyIdentity
    from offhook.sip.incoming import IncomingRequest
    from offhook.sip.invite import InviteSession
    from offhook.sip.outgoing import OutgoingRequest
    from offhook.sip.reason import EndReason

__all__ = ["Referral", "refer"]

log = logging.getLogger(__name__)

SIPFRAG = "message/sipfrag;version=2.0"
_EXTERNAL = "external_replaces"  # Asterisk's extension for a Replaces of a dialog that is not ours
_REFUSALS = {Refusal.NOT_PERMITTED: 403, Refusal.INVALID: 400, Refusal.NO_SUCH_EXTENSION: 404}
_WAIT_FOR_BYE = 10.0  # seconds after the last NOTIFY
_TAKEN = 1.0  # seconds without a call in which the dialplan has taken the transferee itself
_IDLE = frozenset(("Wait", "Progress", "Ringing", "NoOp", ""))  # applications that take nobody
_LONGEST = 180.0  # seconds until the subscription is over whatever happens: that of a long ringing
_FRAGMENTS = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    486: "Busy Here",
    480: "Temporarily Unavailable",
    503: "Service Unavailable",
    603: "Decline",
}
_REFUSED_BY = {"Busy": 486, "Congestion": 503}  # what these applications tell a transferee
_STATUS_OF_DIAL = {"BUSY": 486, "NOANSWER": 480, "CANCEL": 480}


def refer(channel: SipChannel, session: InviteSession, request: IncomingRequest) -> None:
    """Do what a REFER inside a call asks for, and answer it."""
    message = request.message
    if not channel.endpoint.allow_transfer:
        request.respond(603)
        return
    values = message.get_all("Refer-To")
    try:
        if len(values) != 1:
            raise ValueError("one Refer-To is needed")
        target = NameAddr.parse(values[0]).uri
        wanted = next((value for name, value in target.headers() if name.lower() == "replaces"), None)
        replaces = Replaces.parse(wanted) if wanted is not None else None
    except (SipParseError, ValueError) as error:
        request.respond(400)
        log.info("%s: a REFER is refused: %s", channel.name, error)
        return
    if target.scheme not in ("sip", "sips"):
        request.respond(416)
        return
    subscribes = (message.get("Refer-Sub") or "").partition(";")[0].strip().lower() != "false"
    referral = Referral(channel, session, message, subscribes=subscribes)
    if channel.asks_program:
        _ask(channel, request, target, replaces, referral)
        return
    channel.referral = referral
    watched: Channel | None = None
    in_detail = True
    try:
        if replaces is not None:
            watched = _attended(channel, message, target, replaces)
        else:
            watched = _blind(channel, message, target)
            in_detail = channel.endpoint.refer_blind_progress
    except TransferError as error:
        channel.referral = None
        log.info("%s: a transfer is refused: %s", channel.name, error)
        request.respond(_REFUSALS[error.refusal])
        return
    request.respond(202, headers=() if subscribes else (("Refer-Sub", "false"),))
    if in_detail:
        referral.begin(watched)
    else:
        referral.tell(200)


def _ask(
    channel: SipChannel, request: IncomingRequest, target: Uri, replaces: Replaces | None, referral: Referral
) -> None:
    """Leave the transfer to a program; the phone hears how it goes from there."""
    if not channel.pbx.bus.wanted(events.TransferAsked):
        log.warning(
            "%s: no program is there for a transfer (PJSIP_TRANSFER_HANDLING is ari-only)", channel.name
        )
        request.respond(503)
        return
    request.respond(202)
    channel.asked_transfer = referral
    referral.ask()
    other = find_replaced(channel.calls, replaces) if replaces is not None else None
    parameters = (
        {"to-tag": replaces.local_tag, "from-tag": replaces.remote_tag} if replaces is not None else {}
    )
    channel.pbx.bus.emit(
        events.TransferAsked,
        channel,
        channel.calls.number_of(target),
        replaces.call_id if replaces is not None else "",
        other,
        tuple(parameters.items()),
    )


def _variables(channel: SipChannel, message: Message, target: Uri) -> dict[str, str]:
    """What the dialplan of the transferee can ask for, with Asterisk's names."""
    variables = {
        "SIPTRANSFER": "yes",
        "SIPREFERTOHDR": str(target),
        "SIPREFERRINGCONTEXT": transfer_context(channel, channel.endpoint.context),
    }
    referred_by = message.get("Referred-By")
    if referred_by is not None:
        variables["__SIPREFERREDBYHDR"] = referred_by
    return variables


def _blind(channel: SipChannel, message: Message, target: Uri) -> Channel:
    context = transfer_context(channel, channel.endpoint.context)
    number = channel.calls.number_of(target)
    transferee = blind_transfer(channel, context, number, variables=_variables(channel, message, target))
    send_to_voicemail(channel, message, transferee, number)
    return transferee


def _attended(channel: SipChannel, message: Message, target: Uri, replaces: Replaces) -> Channel | None:
    """Connect the two; a dialog that is not ours is a matter for the dialplan: the one who goes there."""
    other = find_replaced(channel.calls, replaces)
    variables = _variables(channel, message, target)
    if other is not None:
        attended_transfer(channel, other, variables=variables)
        return None
    context = transfer_context(channel, channel.endpoint.context)
    variables["SIPREPLACESHDR"] = str(replaces)
    return blind_transfer(channel, context, _EXTERNAL, variables=variables)


def ask_to_refer(
    session: InviteSession, uri: str, done: Callable[[int], None] | None
) -> Callable[[IncomingRequest], None]:
    """Send our peer elsewhere by REFER; what is returned takes the NOTIFY about it.

    `done` is told 0 when the peer has reached `uri`, else the status with which it did not.
    """
    dialog = session.dialog
    assert dialog is not None
    message = dialog.new_request(session.ua, "REFER")
    message.add("Contact", dialog.contact)
    message.add("Refer-To", f"<{uri}>")
    message.add("Referred-By", dialog.contact)
    waiting = [done] if done is not None else []

    def finish(status: int) -> None:
        if waiting:
            waiting.pop()(0 if 200 <= status < 300 else status)

    def answered(outgoing: OutgoingRequest, response: Message) -> None:
        if response.status >= 300:
            finish(response.status)

    def notified(request: IncomingRequest) -> None:
        request.respond(200)
        words = request.message.body[:200].split(None, 2)
        status = int(words[1]) if len(words) > 1 and words[1].isdigit() and len(words[1]) == 3 else 0
        if status >= 200:
            finish(status)
        elif (request.message.get("Subscription-State") or "").lower().startswith("terminated"):
            finish(status or 200)

    session.send(message, answered)
    return notified


class Referral:
    """One REFER that was accepted: its subscription, and the dialog when the channel is gone.

    It is the session's listener from then on.
    """

    def __init__(
        self, channel: SipChannel, session: InviteSession, message: Message, *, subscribes: bool
    ) -> None:
        self._name = channel.name
        self._pbx = channel.pbx
        self._session = session
        self._event = "refer" if channel.refers == 0 else f"refer;id={message.cseq}"
        channel.refers += 1
        self._subscribed = subscribes
        self._last = 0  # the status to tell
        self._told = 0  # the one that was told last
        self._outstanding = False  # a NOTIFY has no answer yet
        self._alone = False  # the channel is gone, the dialog is ours
        self._stops: list[Callable[[], None]] = []
        self._timer: TimerHandle | None = None
        self._taken: TimerHandle | None = None
        self._failed = 0

    def begin(self, transferee: Channel | None) -> None:
        """Tell the transferor how `transferee` fares until it is with somebody; None: that it is done."""
        self._tell(100)  # at once, whatever is to follow (RFC 3515 2.4.4)
        if transferee is not None and self._subscribed:
            self._watch(transferee)
            self._timer = self._pbx.loop.call_later(_LONGEST, lambda: self._finish(200))
            return
        self._finish(200)

    def ask(self) -> None:
        """Wait for a program to say how it goes."""
        self._tell(100)
        self._timer = self._pbx.loop.call_later(_LONGEST, lambda: self._finish(503))

    def tell(self, status: int) -> None:
        """How it goes, of one who knows: a program (it is part of AskedTransfer)."""
        if status < 200:
            self._tell(status)
        else:
            self._finish(status)

    # ------------------------------------------------------------ how the transferee fares

    def _watch(self, transferee: Channel) -> None:
        bus = self._pbx.bus

        def dialled(event: events.DialBegan) -> None:
            if event.caller is transferee:
                self._expect_taken(None)

        def progressed(event: events.ChannelIndicated) -> None:
            if event.channel is transferee and self._last < 200:
                self._tell(180 if event.state == "RINGING" else 183)

        def ended(event: events.DialEnded) -> None:
            if event.caller is not transferee:
                return
            if event.status == "ANSWER":
                self._finish(200)
                return
            self._failed = _STATUS_OF_DIAL.get(event.status, 503)
            self._expect_taken(transferee)

        def answered(event: events.ChannelAnswered) -> None:
            if event.channel is transferee:  # what represents at the number those who were transferred
                self._finish(200)

        def entered(event: events.BridgeEntered) -> None:
            if event.channel is transferee:
                self._finish(200)

        def hung_up() -> None:
            self._finish(self._failed or _failure(transferee.hangup_cause))

        self._stops = [
            bus.listen(events.DialBegan, dialled),
            bus.listen(events.ChannelIndicated, progressed),
            bus.listen(events.DialEnded, ended),
            bus.listen(events.BridgeEntered, entered),
            bus.listen(events.ChannelAnswered, answered),
        ]
        transferee.when_ended(hung_up)
        self._expect_taken(transferee)

    def _expect_taken(self, transferee: Channel | None) -> None:
        """When nobody is called, an application has the transferee: a success, unless it refuses it."""
        if self._taken is not None:
            self._taken.cancel()
            self._taken = None
        if transferee is not None and self._last < 200:
            self._taken = self._pbx.loop.call_later(_TAKEN, self._is_taken, transferee)

    def _is_taken(self, transferee: Channel) -> None:
        if transferee.application in _IDLE:
            self._expect_taken(transferee)
        else:
            self._finish(_REFUSED_BY.get(transferee.application, 200))

    # ------------------------------------------------------------ NOTIFY

    def _tell(self, status: int) -> None:
        if status == self._last or self._last >= 200:
            return
        self._last = status
        if not self._outstanding:
            self._notify(status)

    def _notify(self, status: int) -> None:
        session = self._session
        dialog = session.dialog
        if not self._subscribed or dialog is None or not session.answered or session.ended:
            return
        self._told, self._outstanding = status, True
        notify = dialog.new_request(session.ua, "NOTIFY")
        notify.add("Contact", dialog.contact)
        notify.add("Event", self._event)
        state = "terminated;reason=noresource" if status >= 200 else f"active;expires={int(_LONGEST)}"
        notify.add("Subscription-State", state)
        notify.set_body(SIPFRAG, f"SIP/2.0 {status} {_FRAGMENTS.get(status, 'Failed')}\r\n".encode())
        session.send(notify, self._notified)

    def _notified(self, outgoing: OutgoingRequest, response: Message) -> None:
        if response.status < 200:
            return
        self._outstanding = False
        if response.status >= 300:  # it does not want to know
            self._subscribed = False
        elif self._told != self._last:  # one after the other, so that none overtakes another
            self._notify(self._last)
        self._expect_bye()

    def _finish(self, status: int) -> None:
        if self._last >= 200:
            return
        for stop in self._stops:
            stop()
        self._stops = []
        for timer in (self._timer, self._taken):
            if timer is not None:
                timer.cancel()
        self._timer = self._taken = None
        self._tell(status)
        self._expect_bye()

    def _expect_bye(self) -> None:
        if self._outstanding:
            return
        if self._alone and self._last >= 200 and self._timer is None and not self._session.ended:
            self._timer = self._pbx.loop.call_later(_WAIT_FOR_BYE, self._hang_up)

    def _hang_up(self) -> None:
        self._timer = None
        self._session.hangup()

    # ------------------------------------------------------------ SessionListener, when the channel is gone

    def take_over(self) -> bool:
        """The channel ends; True: the dialog stays, and is ours."""
        session = self._session
        if not session.answered:
            return False
        self._alone = True
        session.listener = self
        self._expect_bye()
        return True

    def on_progress(self, session: InviteSession, response: Message, sdp: Sdp | None) -> None:
        """Part of SessionListener; not in this state."""

    def on_answered(self, session: InviteSession, response: Message, sdp: Sdp | None) -> None:
        """Part of SessionListener; not in this state."""

    def on_answer(self, session: InviteSession, sdp: Sdp) -> None:
        """Part of SessionListener; there is no audio any more."""

    def on_offer(self, session: InviteSession, sdp: Sdp | None, message: Message) -> None:
        """Part of SessionListener: a phone that resumes has come too late."""
        session.reject_offer(488)

    def on_offer_withdrawn(self, session: InviteSession) -> None:
        """Part of SessionListener; refused at once, so there is none."""

    def on_reinvite_result(self, session: InviteSession, status: int, sdp: Sdp | None) -> None:
        """Part of SessionListener; none is sent."""

    def on_refresh(self, session: InviteSession) -> Sdp | None:
        """Part of SessionListener."""
        return None

    def on_info(self, session: InviteSession, request: IncomingRequest) -> None:
        """Part of SessionListener: digits of somebody who has been transferred away."""
        request.respond(200)

    def on_request(self, session: InviteSession, request: IncomingRequest) -> bool:
        """Part of SessionListener: a second REFER has nobody to transfer."""
        return False

    def on_redirect(self, session: InviteSession, response: Message, contacts: list[NameAddr]) -> bool:
        """Part of SessionListener; not in this state."""
        return False

    def on_identity_changed(self, session: InviteSession, identity: PartyIdentity) -> None:
        """Part of SessionListener; nobody is connected with it."""

    def on_ended(self, session: InviteSession, reason: EndReason) -> None:
        """Part of SessionListener: it has hung up; nobody is told any more."""
        self._subscribed = False
        self._finish(200)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _failure(cause: int) -> int:
    """How a transferee that was hung up on fared, as a status of a refusal."""
    status = status_of_cause(cause)
    return status if status in _FRAGMENTS and status >= 300 else 503
