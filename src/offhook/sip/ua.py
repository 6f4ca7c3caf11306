"""The user agent core: between the transaction layer (`_core.SipStack`) and everything above it.

    network --received()--> SipStack --events--> UserAgent --+--> dialog usages, by (Call-ID, local tag)
                                                             +--> on_request: requests outside of dialogs
                                                             +--> the callback given to request()

All of it is synchronous: no task, future or event object per message.  Addresses (RFC 3263),
failover and digest retries of outgoing requests are in `offhook.sip.outgoing`.
"""

import contextlib
import logging
import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from offhook._core import (
    AckMissing,
    AckReceived,
    CancelReceived,
    Message,
    Rejected,
    RequestReceived,
    ResponseReceived,
    SipStack,
    TransactionFailed,
    Uri,
    new_tag,
)
from offhook.sip.incoming import IncomingRequest
from offhook.sip.network import Flow, Hop, Network, Timer
from offhook.sip.outgoing import AckSending, Authorizer, OnResponse, OutgoingRequest
from offhook.sip.resolver import Lookup

if TYPE_CHECKING:
    from offhook._core import SipEvent

__all__ = [
    "DialogUsage",
    "Gate",
    "IncomingRequest",
    "InviteWatcher",
    "MessageLog",
    "UserAgent",
    "UserAgentConfig",
]

log = logging.getLogger(__name__)

_SCHEMES = ("sip:", "sips:", "tel:", "SIP:", "SIPS:", "TEL:")
# RFC 3261 18.1.1: above 1300 bytes, when the path's MTU is not known, a congestion-controlled transport.
_DATAGRAM_LIMIT = 1300
# Deadlines of the stack may be late by this (seconds): far below T1, and one wake-up serves many.
_TIMER_GRAIN = 0.005


@dataclass(frozen=True, slots=True)
class UserAgentConfig:
    """How the user agent presents itself, and its timers."""

    user_agent: str = "Offhook"  # User-Agent and Server; "" leaves both out
    allow: tuple[str, ...] = (
        "OPTIONS",
        "REGISTER",
        "INVITE",
        "ACK",
        "BYE",
        "CANCEL",
        "UPDATE",
        "PRACK",
        "INFO",
        "REFER",
        "NOTIFY",
        "MESSAGE",
    )
    supported: tuple[str, ...] = ("100rel", "timer", "replaces", "norefersub", "path")
    accept: tuple[str, ...] = ("application/sdp",)
    max_forwards: int = 70
    compact_headers: bool = False
    t1_ms: int = 500
    timer_b_ms: int = 32000
    failover_ms: int = 4000  # how long a silent address is waited for while there is another one to try
    max_transactions: int = 200_000
    disable_tcp_switch: bool = True  # Asterisk's default: stay with UDP above 1300 bytes
    disable_rport: bool = False


class DialogUsage(Protocol):
    """Who owns a dialog (RFC 5057's word): gets what arrives inside it."""

    def on_request(self, request: "IncomingRequest") -> None:
        """A request inside the dialog, other than ACK and CANCEL.  Must be answered, now or later."""
        ...

    def on_ack(self, message: Message, hop: Hop) -> None:
        """The ACK for a 2xx."""
        ...


class InviteWatcher(Protocol):
    """Who answers an INVITE: is told what happens to its server transaction (`UserAgent.watch`)."""

    def on_cancel(self, message: Message) -> None:
        """The peer cancelled (the CANCEL itself has been answered); answer the INVITE with 487."""
        ...

    def on_ack_missing(self, reliable_provisional: bool) -> None:
        """No ACK for the 2xx (or no PRACK) in 64*T1: end the dialog (RFC 3261 13.3.1.4, RFC 3262 3)."""
        ...


class Gate(Protocol):
    """Admission control before parsing: see `offhook.sip.overload`.  Hands on to UserAgent.process."""

    def offer(self, flow: int, host: str, port: int, data: bytes) -> None:
        """A message came."""
        ...

    def drain(self) -> None:
        """The network has no more for now: process what is queued."""
        ...

    def vouch(self, host: str) -> None:
        """Somebody we know is at this address: authenticated, identified, or called by us."""
        ...


Headers = Iterable[tuple[str, str]]

# Called with (sent by us, hop, data); see UserAgent.message_log.
MessageLog = Callable[[bool, Hop, bytes], None]


class UserAgent:
    """Transactions, flows, dialogs and dispatch of one SIP node."""

    def __init__(
        self,
        network: Network,
        resolver: Lookup,
        config: UserAgentConfig | None = None,
        *,
        stack: SipStack | None = None,
        random_source: random.Random | None = None,
    ) -> None:
        self.network = network
        self.random = random_source or random.Random()  # delays and numbers of the sessions
        self.resolver = resolver
        self.config = config or UserAgentConfig()
        self.stack = stack or SipStack(
            t1_ms=self.config.t1_ms,
            timer_b_ms=self.config.timer_b_ms,
            max_transactions=self.config.max_transactions,
            compact=self.config.compact_headers,
        )
        # Set by the owner: requests outside of dialogs other than ACK and CANCEL.
        self.on_request: Callable[[IncomingRequest], None] = _answer_nothing
        # Set by the owner when it wants to know of connections that are gone (registrar, outbound).
        self.on_flow_closed: Callable[[Flow, str], None] | None = None
        # What could not be taken up: (status answered or 0, why, hop).
        self.on_rejected: Callable[[int, str, Hop], None] | None = None
        # Sees every whole message when set (pjsip set logger on).
        self.message_log: MessageLog | None = None
        # Set by those who send INVITEs: a 2xx of a fork came whose INVITE nobody remembers any more.
        self.on_late_answer: Callable[[UserAgent, int, Message, Hop], None] | None = None
        self.gate: Gate | None = None
        # Whether requests are answered to their source port even without rport in Via, as long as nobody
        # says otherwise (IncomingRequest.to_source).
        self.answer_to_source = False
        self.datagram_limit = 0 if self.config.disable_tcp_switch else _DATAGRAM_LIMIT
        # "UDP", "TCP" ... of configured transports by name: a request through one goes over nothing else.
        self.named_transports: Mapping[str, str] = {}
        self.counters = Counters()
        self._flows: dict[int, Flow] = {}
        self._dialogs: dict[tuple[str, str], DialogUsage] = {}
        self._watchers: dict[int, InviteWatcher] = {}
        self._clients: dict[int, OutgoingRequest] = {}
        self._forking: deque[tuple[float, int]] = deque()
        self._busy = False
        self._timer: Timer | None = None
        self._timer_at = 0.0
        self._closed = False
        self._allow = ", ".join(self.config.allow)
        self._supported = ", ".join(self.config.supported)
        self._understood = frozenset(self.config.supported)
        network.attach(self)

    # ------------------------------------------------------------ dialogs

    def add_dialog(self, call_id: str, local_tag: str, usage: DialogUsage) -> None:
        """From now on, requests and ACKs of this dialog go to `usage`."""
        self._dialogs[call_id, local_tag] = usage

    def remove_dialog(self, call_id: str, local_tag: str) -> None:
        """Requests of this dialog are answered with 481 from now on."""
        self._dialogs.pop((call_id, local_tag), None)

    def find_dialog(self, call_id: str, local_tag: str) -> DialogUsage | None:
        """The owner of a dialog (for Replaces, Join and Target-Dialog too)."""
        return self._dialogs.get((call_id, local_tag))

    @property
    def allow(self) -> str:
        """The value of Allow."""
        return self._allow

    @property
    def supported(self) -> str:
        """The value of Supported."""
        return self._supported

    @property
    def dialogs(self) -> int:
        """How many dialogs there are."""
        return len(self._dialogs)

    def watch(self, txn: int, watcher: InviteWatcher) -> None:
        """Tell `watcher` of CANCEL and missing ACKs of an INVITE's server transaction.

        Ends by itself: with a final response other than 2xx, with the ACK, with on_ack_missing for a 2xx.
        """
        self._watchers[txn] = watcher

    def unwatch(self, txn: int) -> None:
        """Tell nobody any more."""
        self._watchers.pop(txn, None)

    # ------------------------------------------------------------ sending

    def flows(self) -> list[Flow]:
        """The sockets and connections that there are, by number."""
        return sorted({flow.id: flow for flow in self._flows.values()}.values(), key=lambda flow: flow.id)

    def flow(self, number: int) -> Flow | None:
        """The flow of this number (either of its two), None when it is gone."""
        return self._flows.get(number)

    def contact_address(self, hop: Hop) -> tuple[str, int]:
        """Host and port for the Contact that `hop` is to see.  LookupError when the flow is gone."""
        flow = self._flows[hop.flow]
        return self.network.public_address(flow, hop.host)

    def new_request(self, method: str, uri: str) -> Message:
        """A request with Max-Forwards and User-Agent; the caller adds From, To, Call-ID, CSeq, Contact."""
        message = Message.request(method, uri)
        message.set("Max-Forwards", str(self.config.max_forwards))
        if self.config.user_agent:
            message.set("User-Agent", self.config.user_agent)
        return message

    def request(
        self,
        message: Message,
        on_response: OnResponse,
        *,
        target: Uri | None = None,
        hop: Hop | None = None,
        auth: Authorizer | None = None,
        next_cseq: Callable[[], int] | None = None,
        transport: str | None = None,
        at_hop: Callable[[Message, Hop], None] | None = None,
    ) -> OutgoingRequest:
        """Send a request other than ACK and CANCEL; Via is added.  Never calls back before it returns.

        Where to: `hop` as it is, else `target` (the first Route or outbound proxy; RFC 3261 8.1.2),
        else the request URI, by RFC 3263.  `transport` names the configured transport to use.
        `at_hop` is called before each sending, when it is known where to: to set Contact (contact_address).
        `auth` answers challenges; the repeated request takes its CSeq from `next_cseq` (a dialog's counter)
        or counts up its own: see OutgoingRequest.message.
        """
        outgoing = OutgoingRequest(
            self, message, on_response, auth=auth, next_cseq=next_cseq, name=transport, at_hop=at_hop
        )
        outgoing.start(target, hop)
        return outgoing

    def ack(
        self,
        invite: OutgoingRequest,
        message: Message,
        *,
        target: Uri | None = None,
        hop: Hop | None = None,
    ) -> None:
        """Send the ACK for a 2xx of `invite` and keep it for repeated 2xx.

        Goes to `hop`, else to `target` (first Route or remote target).  A name that has to be looked up
        first delays it; a connection that has to be opened too.
        """
        AckSending(self, invite.txn, message, invite.name).start(target, hop)

    def send_ack(self, txn: int, message: Message, hop: Hop) -> None:
        """For AckSending: the hop is known."""
        if hop.flow in self._flows:
            self.stack.send_ack(txn, message, hop.flow, hop.host, hop.port, self.network.now())
            self.flush()

    def dress(self, response: Message, method: str) -> None:
        """Add Server, and Allow and Supported where RFC 3261 (8.2.1, 11.2, 13.3.1.4, 21.4.6) wants them."""
        if self.config.user_agent:
            response.set("Server", self.config.user_agent)
        status = response.status
        if (200 <= status < 300 and method in ("INVITE", "OPTIONS")) or status in (405, 501):
            response.set("Allow", self._allow)
            response.set("Supported", self._supported)

    def respond(
        self,
        txn: int,
        response: Message,
        *,
        reliable_provisional: bool = False,
        forget: bool = False,
        to_source: bool = False,
    ) -> None:
        """Send a response as it is; IncomingRequest.respond builds one."""
        if response.status >= 300:
            self._watchers.pop(txn, None)
        self.stack.respond(
            txn,
            response,
            self.network.now(),
            forget=forget,
            reliable_provisional=reliable_provisional,
            to_source=to_source,
        )
        if not self._busy:
            self.flush()

    def flush(self) -> "list[Hop] | None":
        """Send what the stack wants sent and set its timer.  The hops that could not be sent to, or None."""
        failed: list[Hop] | None = None
        transmits = self.stack.take_transmits()
        if transmits:
            send = self.network.send
            message_log = self.message_log
            for flow, host, port, data in transmits:
                if message_log is not None:
                    message_log(True, Hop(flow, host, port), data)
                if not send(flow, host, port, data):
                    self.counters.send_failures += 1
                    if failed is None:
                        failed = []
                    failed.append(Hop(flow, host, port))
        at = self.stack.next_timeout()
        if at is not None and (self._timer is None or at < self._timer_at - _TIMER_GRAIN):
            self._arm(at)
        return failed

    # ------------------------------------------------------------ for OutgoingRequest

    def start_transaction(self, outgoing: OutgoingRequest, hop: Hop) -> bool:
        """Hand a request to the stack and send it.  False when it could not even be sent."""
        if hop.flow not in self._flows:
            return False
        if self.gate is not None:
            self.gate.vouch(hop.host)
        txn = self.stack.request(outgoing.message, hop.flow, hop.host, hop.port, self.network.now())
        outgoing.txn = txn
        self._clients[txn] = outgoing
        failed = self.flush()
        if failed is not None and hop in failed:
            del self._clients[txn]
            return False
        return True

    def cancel_transaction(self, txn: int, reason: str | None) -> None:
        """CANCEL a pending INVITE."""
        self.stack.cancel(txn, self.network.now(), reason=reason)
        if not self._busy:
            self.flush()

    def forget(self, txn: int) -> None:
        """Events of this client transaction go nowhere from now on."""
        self._clients.pop(txn, None)

    def expect_forks(self, txn: int) -> None:
        """An INVITE was answered: more 2xx can come for 64*T1 (RFC 3261 13.2.2.4)."""
        now = self.network.now()
        forking = self._forking
        forking.append((now + 64 * self.config.t1_ms / 1000, txn))
        while forking and forking[0][0] <= now:
            self._clients.pop(forking.popleft()[1], None)

    # ------------------------------------------------------------ Receiver

    def flow_opened(self, flow: Flow) -> None:
        """Part of `Receiver`."""
        rport = not self.config.disable_rport
        self._flows[flow.id] = flow
        self.stack.add_flow(flow.id, flow.transport, flow.sent_by, reliable=flow.reliable, rport=rport)
        if flow.external_id:
            self._flows[flow.external_id] = flow
            self.stack.add_flow(
                flow.external_id, flow.transport, flow.external_sent_by, reliable=flow.reliable, rport=rport
            )

    def flow_closed(self, flow: Flow, why: str) -> None:
        """Part of `Receiver`."""
        for number in (flow.id, flow.external_id):
            if self._flows.pop(number, None) is not None:
                self._dispatch(self.stack.remove_flow(number, self.network.now()))
        self.flush()
        if self.on_flow_closed is not None:
            self.on_flow_closed(flow, why)

    def received(self, flow: int, host: str, port: int, data: bytes) -> None:
        """Part of `Receiver`."""
        gate = self.gate
        if gate is None:
            self.process(flow, host, port, data)
        else:
            gate.offer(flow, host, port, data)

    def undeliverable(self, data: bytes) -> None:
        """Part of `Receiver`."""
        events = self.stack.undeliverable(data, self.network.now())
        if events:
            self._dispatch(events)
            self.flush()

    def read_done(self) -> None:
        """Part of `Receiver`."""
        if self.gate is not None:
            self.gate.drain()

    def process(self, flow: int, host: str, port: int, data: bytes) -> None:
        """Take up one whole message: parse, match, dispatch, send what results."""
        if self.message_log is not None:
            self.message_log(False, Hop(flow, host, port), data)
        events = self.stack.receive(data, flow, host, port, self.network.now())
        if events:
            self._dispatch(events)
        self.flush()

    def refuse(self, flow: int, host: str, port: int, data: bytes, status: int, headers: Headers) -> None:
        """Answer a new request statelessly, without anybody above hearing of it (admission control).

        What turns out to be a repeated request or a response is processed as usual.
        """
        for event in self.stack.receive(data, flow, host, port, self.network.now()):
            if isinstance(event, RequestReceived):
                IncomingRequest(self, event).respond(status, headers=headers, forget=True)
            else:
                self._dispatch([event])
        self.flush()

    # ------------------------------------------------------------ events

    def _dispatch(self, events: "list[SipEvent]") -> None:
        was_busy = self._busy
        self._busy = True
        try:
            for event in events:
                try:
                    kind = type(event)
                    if kind is ResponseReceived:
                        self._on_response(cast(ResponseReceived, event))
                    elif kind is RequestReceived:
                        self._on_request(cast(RequestReceived, event))
                    else:
                        self._on_other(event)
                except Exception:
                    # One call's defect must not take the others with it.
                    self.counters.defects += 1
                    log.exception("a SIP event could not be handled: %r", event)
                    if isinstance(event, RequestReceived):
                        self._answer_defect(event)
        finally:
            self._busy = was_busy

    def _on_response(self, event: ResponseReceived) -> None:
        outgoing = self._clients.get(event.txn)
        if outgoing is not None:
            outgoing.on_message(event.message)
            return
        self.counters.stray_responses += 1
        message = event.message
        late = self.on_late_answer
        if late is not None and message.method == "INVITE" and 200 <= message.status < 300:
            late(self, event.txn, message, Hop(event.flow, event.host, event.port))

    def _on_request(self, event: RequestReceived) -> None:
        self.counters.requests += 1
        message = event.message
        request = IncomingRequest(self, event)
        method = message.method
        required = message.get("Require")
        if required is not None:
            unknown = [tag for tag in message.values("Require") if tag.lower() not in self._understood]
            if unknown:
                request.reject_unsupported(unknown)
                return
        tag = message.to_tag
        if tag is not None:
            usage = self._dialogs.get((message.call_id, tag))
            if usage is not None:
                usage.on_request(request)
            else:
                self.counters.stray_requests += 1
                request.respond(481)
            return
        if method not in self.config.allow:
            request.reject_method()
            return
        if not message.uri.startswith(_SCHEMES):
            request.respond(416)
            return
        self.on_request(request)

    def _on_other(self, event: "SipEvent") -> None:
        if isinstance(event, AckReceived):
            self._watchers.pop(event.txn, None)
            message = event.message
            usage = self._dialogs.get((message.call_id, message.to_tag or ""))
            if usage is not None:
                usage.on_ack(message, Hop(event.flow, event.host, event.port))
        elif isinstance(event, CancelReceived):
            watcher = self._watchers.get(event.txn)
            if watcher is not None:
                watcher.on_cancel(event.message)
        elif isinstance(event, TransactionFailed):
            outgoing = self._clients.get(event.txn)
            if outgoing is not None:
                outgoing.on_failure(event.why)
        elif isinstance(event, AckMissing):
            watcher = self._watchers.get(event.txn)
            if watcher is not None:
                if not event.reliable_provisional:
                    del self._watchers[event.txn]
                watcher.on_ack_missing(event.reliable_provisional)
        elif isinstance(event, Rejected):
            self.counters.rejected += 1
            if self.on_rejected is not None:
                self.on_rejected(event.status, event.why, Hop(event.flow, event.host, event.port))

    def _answer_defect(self, event: RequestReceived) -> None:
        """500, so that the peer does not wait; nothing when an answer had already been sent."""
        with contextlib.suppress(ValueError, LookupError):
            self.respond(
                event.txn, Message.response(event.message, 500, None, event.message.to_tag or new_tag())
            )

    # ------------------------------------------------------------ time

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        # Rounded up: timers that are due within the same grain share one wake-up.
        at += _TIMER_GRAIN
        self._timer_at = at
        self._timer = self.network.call_at(at, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._closed:
            return
        now = self.network.now()
        forking = self._forking
        while forking and forking[0][0] <= now:
            self._clients.pop(forking.popleft()[1], None)
        events = self.stack.handle_timeout(now)
        if events:
            self._dispatch(events)
        self.flush()

    def stats(self) -> dict[str, int]:
        """Counters of the stack and of the user agent, for metrics."""
        stats = self.stack.stats()
        stats |= {f"ua_{name}": getattr(self.counters, name) for name in Counters.__slots__}
        stats |= {"dialogs": len(self._dialogs), "transactions": self.stack.transactions()}
        return stats | {"flows": len(self._flows)}

    def close(self) -> None:
        """Stop the timer.  The network is the owner's to close."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Counters:
    """What the user agent counts."""

    __slots__ = ("defects", "rejected", "requests", "send_failures", "stray_requests", "stray_responses")

    def __init__(self) -> None:
        self.defects = 0
        self.rejected = 0
        self.requests = 0
        self.send_failures = 0
        self.stray_requests = 0
        self.stray_responses = 0


def _answer_nothing(request: IncomingRequest) -> None:
    """Until the owner has set on_request."""
    request.respond(480)
