"""Who takes part in simulated calls: user agents whose sessions do as they are told.

A `Party` has a `UserAgent` on a node of the simulated network; a `Call` is one session of it and the
session's listener.  A `Call` checks what a listener is promised (one on_ended, nothing after it, one
on_answered ...): breaches are collected in `Party.faults`, not raised, as a user agent survives its
owner's errors.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from random import Random

from calls.network import Node, SimulatedNetwork
from offhook._core import Codec, Media, Message, NameAddr, Sdp, SipStack
from offhook.sip.auth_client import ClientAuth, ClientCredential
from offhook.sip.digest import Secrets
from offhook.sip.identity import PartyIdentity
from offhook.sip.incoming import IncomingRequest
from offhook.sip.invite import EndReason, InviteOptions, InviteSession, State
from offhook.sip.invite_client import InviteClient
from offhook.sip.invite_server import InviteServer
from offhook.sip.network import Timer
from offhook.sip.resolver import Resolver
from offhook.sip.ua import UserAgent, UserAgentConfig

__all__ = ["Call", "Party", "key_of"]

_PCMU = Codec("PCMU")


def key_of(sdp: Sdp | None) -> tuple[str, int, int, str] | None:
    """What tells one description of a test from another."""
    if sdp is None:
        return None
    return sdp.origin_address, sdp.session_id, sdp.session_version, sdp.media[0].direction


class Party:
    """One node with a user agent."""

    def __init__(
        self,
        network: SimulatedNetwork,
        name: str,
        host: str,
        *,
        streams: bool = False,
        config: UserAgentConfig | None = None,
    ) -> None:
        self.name = name
        self.host = host
        self.network = network
        self.node: Node = network.node(name, host, streams=streams)
        config = config or UserAgentConfig(user_agent="")
        stack = SipStack(
            t1_ms=config.t1_ms,
            timer_b_ms=config.timer_b_ms,
            seed=zlib.crc32(f"{network.seed} {name}".encode()),
        )
        self.ua = UserAgent(
            self.node,
            Resolver(self.node.now, dns=None),
            config,
            stack=stack,
            random_source=Random(f"{network.seed} {name}"),
        )
        self.ua.on_request = self._on_request
        self.options = InviteOptions(contact_user=name)
        self.calls: list[Call] = []
        self.faults: list[str] = []
        self.refused = 0  # INVITEs that start() refused
        # What to do with a call that comes in, once it has been taken up.
        self.on_call: Callable[[Call], None] = lambda call: None

    @property
    def uri(self) -> str:
        return f"sip:{self.name}@{self.host}"

    def _on_request(self, request: IncomingRequest) -> None:
        if request.message.method != "INVITE":
            request.respond(200)
            return
        call = Call(self)
        session = InviteServer(self.ua, request, call, self.options)
        call.session = session
        if session.start():
            self.calls.append(call)
            call.note("offered" if session.offer is not None else "offered, without an offer")
            self.on_call(call)
        else:
            self.refused += 1

    def call(
        self,
        target: str,
        *,
        offer: bool = True,
        options: InviteOptions | None = None,
        start: bool = True,
        **more: object,
    ) -> Call:
        """Place a call."""
        call = Call(self)
        call.session = InviteClient(
            self.ua,
            target,
            call,
            options or self.options,
            from_=f"<{self.uri}>",
            offer=call.describe() if offer else None,
            auth=ClientAuth([ClientCredential(self.name, Secrets(self.name))]),
            **more,  # type: ignore[arg-type]
        )
        self.calls.append(call)
        if start:
            call.session.start()
        return call

    def leftovers(self) -> list[str]:
        """What there still is, as text; nothing when all is well."""
        ua = self.ua
        left = [f"{self.name}: {call.session.state.name}" for call in self.calls if not call.session.ended]
        counts = {
            "dialogs": ua.dialogs,
            "transactions": ua.stack.transactions(),
            "client records": len(ua._clients),
            "watchers": len(ua._watchers),
            "defects": ua.counters.defects,
        }
        left += [f"{self.name}: {count} {what}" for what, count in counts.items() if count]
        left += [
            f"{self.name}: a session's timer is armed"
            for call in self.calls
            if call.session._timer is not None
        ]
        left += [f"{self.name}: {fault}" for fault in self.faults]
        return left


class Call:
    """One session and its owner."""

    def __init__(self, party: Party) -> None:
        self.party = party
        self.session: InviteClient | InviteServer = None  # type: ignore[assignment]
        self.log: list[str] = []
        self.ended: EndReason | None = None
        self.answered = 0
        self.progress: list[tuple[int, bool]] = []  # (status, with SDP)
        self.results: list[int] = []  # of reinvite() and update()
        self.infos: list[int] = []
        self.referrals: list[int] = []  # how REFERs of ours were answered
        self.fragments: list[str] = []  # the statuses that NOTIFYs told of them
        self.identities: list[PartyIdentity] = []
        self.addresses: set[str] = set()  # where offers of the other side want audio
        self.direction = "sendrecv"
        # How offers are met: seconds until the answer (0: at once), or a status to refuse with.
        self.think: Callable[[], float] = lambda: 0.0
        self.refuse: Callable[[], int] = lambda: 0
        self.redirect = True
        # Called when something happens, by its name: "answered", "progress", "ended", "result", "offer".
        self.when: dict[str, Callable[[], None]] = {}
        self._version = 0
        self._thinking: Timer | None = None
        self._timers: list[Timer] = []

    # ------------------------------------------------------------ doing

    def describe(self, direction: str | None = None) -> Sdp:
        """A new session description."""
        if direction is not None:
            self.direction = direction
        self._version += 1
        return Sdp(
            self.party.host,
            [Media("audio", 4000, codecs=[_PCMU], direction=self.direction)],
            session_id=len(self.party.calls) + 1,
            session_version=self._version,
        )

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something later, unless the session has ended by then."""

        def act() -> None:
            if not self.session.ended:
                action()

        self._timers.append(self.party.node.call_at(self.party.node.now() + seconds, act))

    def reinvite(self, direction: str | None = None) -> None:
        """A re-INVITE with an offer; ignored when there is no call to change."""
        if self.session.answered:
            self.note(f"reinvite {direction or ''}")
            self.session.reinvite(lambda: self.describe(direction))

    def ask(self) -> None:
        """A re-INVITE without an offer."""
        if self.session.answered:
            self.note("reinvite without an offer")
            self.session.reinvite(None)

    def update(self, direction: str | None = None, *, offer: bool = True) -> None:
        """An UPDATE."""
        if self.session.answered:
            self.note(f"update {direction or ''}")
            self.session.update((lambda: self.describe(direction)) if offer else None)

    def info(self) -> None:
        """An INFO."""
        if self.session.state in (State.EARLY, State.ANSWERED, State.CONFIRMED) and self.session.dialog:
            self.session.send_info("application/dtmf-relay", b"Signal=5\r\n", self.infos.append)

    def refer(self, target: str, replaced: Call | None = None) -> None:
        """Transfer the other party: blind to `target`, or to whom `replaced` is talking with."""
        session, dialog = self.session, self.session.dialog
        if not session.answered or dialog is None:
            return
        replaces = ""
        if replaced is not None:
            other = replaced.session.dialog
            if not replaced.session.answered or other is None:
                return
            replaces = (
                f"?Replaces={replaced.session.call_id}%3Bto-tag%3D{other.remote_tag}"
                f"%3Bfrom-tag%3D{replaced.session.local_tag}"
            )
        self.note(f"refers to {target}{' (attended)' if replaces else ''}")
        message = dialog.new_request(session.ua, "REFER")
        message.add("Contact", dialog.contact)
        message.add("Refer-To", f"<{target}{replaces}>")
        session.send(message, lambda outgoing, response: self._referred(response.status))

    def _referred(self, status: int) -> None:
        if status >= 200:
            self.referrals.append(status)

    def hangup(self, **more: object) -> None:
        """Hang up, whatever the state."""
        self.note("hangs up")
        self.session.hangup(**more)  # type: ignore[arg-type]

    def ring(self, status: int = 180, *, early_media: bool = False) -> None:
        """A provisional response, if it is still time."""
        if self._waits():
            self.session.ring(status, self.describe() if early_media else None)

    def accept(self) -> None:
        """200, if it is still time."""
        if self._waits():
            self.note("accepts")
            self.session.accept(self.describe())

    def reject(self, status: int) -> None:
        """A final failure, if it is still time."""
        if self._waits():
            self.note(f"rejects with {status}")
            self.session.reject(status)

    def _waits(self) -> bool:
        session = self.session
        assert isinstance(session, InviteServer)
        return session.state in (State.CALLING, State.EARLY) and session._final is None

    def note(self, text: str) -> None:
        """Into the log and the ladder."""
        self.log.append(text)
        self.party.network.note(self.party.name, text)

    # ------------------------------------------------------------ SessionListener

    def _told(self, what: str, session: InviteSession) -> None:
        self.note(what)
        if self.ended is not None:
            self.party.faults.append(f"{what} after on_ended")
        if session is not self.session:
            self.party.faults.append(f"{what} of a foreign session")

    def _then(self, what: str) -> None:
        action = self.when.get(what)
        if action is not None:
            action()

    def on_progress(self, session: InviteSession, response: Message, sdp: Sdp | None) -> None:
        self._told(f"sees {response.status}{' sdp' if sdp else ''}", session)
        if self.answered:
            self.party.faults.append("on_progress after on_answered")
        self.progress.append((response.status, sdp is not None))
        self._then("progress")

    def on_answered(self, session: InviteSession, response: Message, sdp: Sdp | None) -> None:
        self._told(f"is answered{' sdp' if sdp else ''}", session)
        self.answered += 1
        if self.answered > 1:
            self.party.faults.append("on_answered twice")
        if session.remote_sdp is None or session.local_sdp is None:
            self.party.faults.append("answered without descriptions")
        self._then("answered")

    def on_answer(self, session: InviteSession, sdp: Sdp) -> None:
        self._told("gets the answer to its offer", session)
        self._then("answer")

    def on_offer(self, session: InviteSession, sdp: Sdp | None, message: Message) -> None:
        self._told(f"gets an offer ({message.method})" if sdp else "is asked for an offer", session)
        if sdp is not None:
            self.addresses.add(sdp.media[0].address or sdp.address or "")
        if self._thinking is not None:
            self.party.faults.append("on_offer while another waits")
        self._then("offer")
        status, seconds = self.refuse(), self.think()
        if key_of(sdp) == key_of(session.remote_sdp):
            status = 0  # a refresh, which changes nothing
        if self.session.ended or not self.session.offer_waits:
            return  # the test has done something about it
        answer = (lambda: session.reject_offer(status)) if status else lambda: self._answer(sdp)
        if seconds <= 0:
            answer()
            return

        def later() -> None:
            self._thinking = None
            answer()

        node = self.party.node
        self._thinking = node.call_at(node.now() + seconds, later)

    def _answer(self, offer: Sdp | None) -> None:
        direction = None
        if offer is not None:
            theirs = offer.media[0].direction
            direction = {"sendonly": "recvonly", "inactive": "inactive"}.get(theirs, "sendrecv")
        self.session.answer_offer(self.describe(direction))

    def on_offer_withdrawn(self, session: InviteSession) -> None:
        self._told("has its offer withdrawn", session)
        self._stop_thinking()
        self._then("withdrawn")

    def _stop_thinking(self) -> None:
        if self._thinking is not None:
            self._thinking.cancel()
            self._thinking = None

    def on_reinvite_result(self, session: InviteSession, status: int, sdp: Sdp | None) -> None:
        self._told(f"result {status}", session)
        self.results.append(status)
        self._then("result")

    def on_refresh(self, session: InviteSession) -> Sdp | None:
        self._told("refreshes", session)
        return session.local_sdp

    def on_info(self, session: InviteSession, request: IncomingRequest) -> None:
        self._told("gets INFO", session)
        request.respond(200)

    def on_request(self, session: InviteSession, request: IncomingRequest) -> bool:
        self._told(f"gets {request.message.method}", session)
        if request.message.method != "NOTIFY":
            return False
        request.respond(200)
        self.fragments.append(request.message.body.decode().split()[1])
        if (request.message.get("Subscription-State") or "").startswith("terminated"):
            self._then("transferred")
        return True

    def on_redirect(self, session: InviteSession, response: Message, contacts: list[NameAddr]) -> bool:
        self._told(f"redirected to {len(contacts)}", session)
        return self.redirect

    def on_identity_changed(self, session: InviteSession, identity: PartyIdentity) -> None:
        self._told("hears of an identity", session)
        self.identities.append(identity)

    def on_ended(self, session: InviteSession, reason: EndReason) -> None:
        answered = " answered" if reason.answered else ""
        self._told(f"ended by {reason.by.value} {reason.status}{answered} {reason.text}", session)
        self.ended = reason
        self._stop_thinking()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._then("ended")
