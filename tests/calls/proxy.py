"""A forking proxy on the simulated network, as carriers have them (RFC 3261 section 16)."""

from __future__ import annotations

import zlib

from calls.network import SimulatedNetwork
from offhook._core import Message, SipStack, Uri, new_branch
from offhook.sip.auth import Authenticator, Credential, Outcome
from offhook.sip.digest import Secrets
from offhook.sip.network import Flow, Timer

__all__ = ["ForkingProxy"]


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

    def undeliverable(self, data: bytes) -> None: ...

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
