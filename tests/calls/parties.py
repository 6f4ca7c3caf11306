"""Who takes part in simulated calls: user agents whose sessions do as they are told, and a forking proxy.

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
from offhook._core import Codec, Media, Message, NameAddr, Sdp, SipStack, Uri, new_branch
from offhook.sip.auth import Authenticator, Credential, Outcome
from offhook.sip.auth_client import ClientAuth, ClientCredential
from offhook.sip.digest import Secrets
from offhook.sip.identity import PartyIdentity
from offhook.sip.incoming import IncomingRequest
from offhook.sip.invite import EndReason, InviteOptions, InviteSession, State
from offhook.sip.invite_client import InviteClient
from offhook.sip.invite_server import InviteServer
from offhook.sip.network import Flow, Timer
from offhook.sip.resolver import Resolver
from offhook.sip.ua import UserAgent, UserAgentConfig

__all__ = ["Call", "ForkingProxy", "Party", "key_of"]

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
        self.identities: list[PartyIdentity] = []
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
        return False

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


class ForkingProxy:
    """A proxy that sends each INVITE to several places at once (RFC 3261 section 16), as carriers do."""

    def __init__(
        self,
        network: SimulatedNetwork,
        name: str,
        host: str,
        targets: list[str],
        *,
        record_route: bool = True,
        wants_all: bool = False,
        password_of: str = "",
    ) -> None:
        """`wants_all`: other branches are not cancelled when one answers, so that several may.

        `password_of`: requests of this user, also inside dialogs, need credentials (407): his own name.
        """
        self.name = name
        self.host = host
        self.node = network.node(name, host)
        self.targets = targets
        self.record_route = record_route
        self.wants_all = wants_all
        self._challenged = password_of
        self._credential = Credential(password_of, Secrets(password_of))
        self._authenticator = Authenticator(self.node.wall, realm=host, secret=bytes(32))
        self.stack = SipStack(seed=zlib.crc32(f"{network.seed} {name}".encode()))
        self._branches: dict[int, _Branch] = {}
        self._forks: dict[int, _Fork] = {}
        self._relays: dict[int, tuple[int, Message]] = {}
        self._timer: Timer | None = None
        self._own = f"SIP/2.0/UDP {host}:5060"
        self.node.attach(self)

    def flow_opened(self, flow: Flow) -> None:
        self.stack.add_flow(flow.id, flow.transport, flow.sent_by, reliable=flow.reliable)

    def flow_closed(self, flow: Flow, why: str) -> None: ...

    def read_done(self) -> None: ...

    def received(self, flow: int, host: str, port: int, data: bytes) -> None:
        if not self._pass_on_late_answer(data):
            self._handle(self.stack.receive(data, flow, host, port, self.node.now()))
        self._flush()

    def _pass_on_late_answer(self, data: bytes) -> bool:
        """A 2xx of a second fork: stateless, each time, as the server transaction has its answer."""
        if not data.startswith(b"SIP/2.0 2"):
            return False
        response = Message.parse(data)
        if response.method != "INVITE":
            return False
        for fork in self._forks.values():
            request = fork.request
            if (
                request.call_id == response.call_id
                and request.from_tag == response.from_tag
                and request.cseq == response.cseq
                and fork.winner not in (None, response.to_tag)
            ):
                self._handle(self.stack.receive(data, 1, "0.0.0.0", 5060, self.node.now()))
                via = request.get("Via") or ""
                address = via.split()[1].partition(";")[0]
                where, _, port = address.partition(":")
                self.node.send(1, where, int(port), _back(request, response).to_bytes())
                return True
        return False

    def _handle(self, events: list[object]) -> None:
        for event in events:
            match type(event).__name__:
                case "RequestReceived":
                    self._on_request(event.txn, event.message)  # type: ignore[attr-defined]
                case "ResponseReceived":
                    self._on_response(event.txn, event.message)  # type: ignore[attr-defined]
                case "CancelReceived":
                    fork = self._forks.get(event.txn)  # type: ignore[attr-defined]
                    if fork is not None:
                        self._cancel(fork)
                case "TransactionFailed":
                    branch = self._branches.get(event.txn)  # type: ignore[attr-defined]
                    if branch is not None:
                        self._branch_failed(branch, Message.response(branch.fork.request, 408, None, "px"))
                    elif event.txn in self._relays:  # type: ignore[attr-defined]
                        txn, request = self._relays.pop(event.txn)  # type: ignore[attr-defined]
                        self.stack.respond(txn, Message.response(request, 408), self.node.now())
                case "AckReceived":
                    self._on_ack(event.message)  # type: ignore[attr-defined]

    def credential(self, username: str, realm: str) -> Credential | None:
        """For the authenticator."""
        return self._credential if username == self._challenged else None

    def _refuses(self, txn: int, message: Message) -> bool:
        if not self._challenged or message.from_.uri.user != self._challenged:
            return False
        result = self._authenticator.authenticate(message, self, proxy=True)
        if result.outcome is Outcome.ACCEPTED:
            return False
        answer = Message.response(message, 407, None, "px")
        stale = result.outcome is Outcome.STALE
        for name, value in self._authenticator.challenge(proxy=True, stale=stale):
            answer.add(name, value)
        self.stack.respond(txn, answer, self.node.now())
        return True

    def _on_request(self, txn: int, message: Message) -> None:
        if self._refuses(txn, message):
            return
        if message.to_tag is not None or message.method != "INVITE":
            self._relay(txn, message)
            return
        fork = self._forks[txn] = _Fork(txn, message)
        self.stack.respond(txn, Message.response(message, 100), self.node.now())
        for target in self.targets:
            copy = message.copy()
            copy.uri = target
            if self.record_route:
                copy.prepend("Record-Route", f"<sip:{self.host};lr>")
            number = self._send(copy, target)
            branch = self._branches[number] = _Branch(fork, number)
            fork.branches.append(branch)

    def _relay(self, txn: int, message: Message) -> None:
        copy = self._routed(message)
        if copy is None:
            self.stack.respond(txn, Message.response(message, 404), self.node.now())
            return
        self._relays[self._send(copy, copy.uri)] = txn, message

    def _routed(self, message: Message) -> Message | None:
        """A request inside a dialog, without the Route that led here."""
        routes = message.values("Route")
        if not routes:
            return None
        copy = message.copy()
        copy.remove("Route")
        for route in routes[1:]:
            copy.add("Route", route)
        return copy

    def _send(self, message: Message, target: str) -> int:
        uri = Uri.parse(target)
        message.remove("Via")
        return self.stack.request(message, 1, uri.host, uri.port or 5060, self.node.now())

    def _on_ack(self, message: Message) -> None:
        copy = self._routed(message)
        if copy is None:
            return
        uri = Uri.parse(copy.uri)
        branch = next(
            (
                one
                for one in self._branches.values()
                if one.fork.request.call_id == message.call_id
                and one.fork.request.from_tag == message.from_tag
                and message.to_tag in one.tags
            ),
            None,
        )
        now = self.node.now()
        if branch is not None and branch.fork.request.cseq == message.cseq:
            self.stack.send_ack(branch.txn, copy, 1, uri.host, uri.port or 5060, now)
        else:  # of a re-INVITE
            relay = next(
                (
                    number
                    for number, (_, request) in self._relays.items()
                    if request.call_id == message.call_id
                    and request.from_tag == message.from_tag
                    and request.cseq == message.cseq
                    and request.method == "INVITE"
                ),
                None,
            )
            if relay is not None:
                self.stack.send_ack(relay, copy, 1, uri.host, uri.port or 5060, now)
            else:
                copy.prepend("Via", f"{self._own};branch={new_branch()}")
                self.node.send(1, uri.host, uri.port or 5060, copy.to_bytes())

    def _on_response(self, txn: int, response: Message) -> None:
        branch = self._branches.get(txn)
        if branch is not None:
            self._on_branch_response(branch, response)
            return
        relay = self._relays.get(txn)
        if relay is not None and response.status > 100:
            self.stack.respond(relay[0], _back(relay[1], response), self.node.now())

    def _on_branch_response(self, branch: _Branch, response: Message) -> None:
        fork = branch.fork
        status = response.status
        if status == 100:
            return
        if status >= 300:
            self._branch_failed(branch, response)
            return
        branch.tags.add(response.to_tag)
        if status < 200:
            if fork.winner is None and not fork.failed:
                # Repeating a reliable one is the called party's business, and the PRACK goes by the route.
                self.stack.respond(fork.txn, _back(fork.request, response), self.node.now())
            return
        branch.done = True
        if fork.winner is None:
            fork.winner = response.to_tag
            self.stack.respond(fork.txn, _back(fork.request, response), self.node.now())
            if not self.wants_all:
                self._cancel(fork)

    def _branch_failed(self, branch: _Branch, response: Message) -> None:
        fork = branch.fork
        branch.done = True
        if fork.best is None or response.status < fork.best.status:
            fork.best = response
        if fork.winner is None and all(one.done for one in fork.branches) and not fork.failed:
            fork.failed = True
            best = fork.best
            answer = Message.response(fork.request, best.status, best.reason, best.to_tag)
            self.stack.respond(fork.txn, answer, self.node.now())

    def _cancel(self, fork: _Fork) -> None:
        for branch in fork.branches:
            if not branch.done:
                self.stack.cancel(branch.txn, self.node.now())

    def _flush(self) -> None:
        for flow, host, port, data in self.stack.take_transmits():
            self.node.send(flow, host, port, data)
        at = self.stack.next_timeout()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if at is not None:
            self._timer = self.node.call_at(at, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._handle(self.stack.handle_timeout(self.node.now()))
        self._flush()


class _Fork:
    """One INVITE at the proxy."""

    def __init__(self, txn: int, request: Message) -> None:
        self.txn = txn
        self.request = request
        self.branches: list[_Branch] = []
        self.best: Message | None = None
        self.winner: str | None = None  # To tag of the first 2xx
        self.failed = False


class _Branch:
    """One of the places that it was sent to."""

    def __init__(self, fork: _Fork, txn: int) -> None:
        self.fork = fork
        self.txn = txn
        self.tags: set[str | None] = set()
        self.done = False


def _back(request: Message, response: Message) -> Message:
    """The response of a branch for the one who sent the request.

    A user agent's stack refuses responses with two Vias, so the proxy's requests go out with its own alone.
    """
    copy = response.copy()
    copy.remove("Via")
    for via in reversed(request.values("Via")):
        copy.prepend("Via", via)
    return copy
