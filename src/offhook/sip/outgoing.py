"""One outgoing request (or ACK), from target URI to final response.

Resolves the target (RFC 3263), opens connections where needed, tries the next address after a
transport failure, a time-out or 503 (RFC 3263 4.3, each time with a new branch), and repeats the
request with credentials when challenged (RFC 3261 22.2).  `UserAgent.request` makes these.

RFC 3263 lets a silent address cost timer B or F, 32 s: nobody waits for a call that long.  While there is
another address to try, one that has not said anything within `UserAgentConfig.failover_ms` (the first
four sendings of T1 = 500 ms) is given up; should it speak later, an INVITE to it is cancelled.

A datagram that comes back (ICMP) ends an address at once, too, but for the last one: a phone that starts just
now, or a server between two of its processes, is asked again.  A caller waits two seconds, a REGISTER
or OPTIONS as long as for an answer that does not come.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from offhook._core import Message, Uri
from offhook.sip.network import Flow, Hop, Timer
from offhook.sip.resolver import ResolveError, Target

if TYPE_CHECKING:
    from offhook.sip.ua import UserAgent

__all__ = ["AckSending", "Authorizer", "OnResponse", "OutgoingRequest"]

log = logging.getLogger(__name__)

# Called for each provisional and the final response; for INVITE also for the 2xx of each fork.
# When there is no response from the network, the final one is made locally (RFC 3261 8.1.3.1: 408, 503)
# and OutgoingRequest.failure says why.
OnResponse = Callable[["OutgoingRequest", Message], None]

# A server that challenges what we answered to may ask once more (stale nonce); beyond that it is a loop.
_MAX_AUTH_TRIES = 2
# Seconds before the only address is asked once more after it refused a datagram: an INVITE, another request.
_INVITE_AGAIN = (0.25, 0.5, 1.0)
_AGAIN = (0.25, 0.5, 1.0, 2.0, *[4.0] * 7)


class Authorizer(Protocol):
    """Client credentials: see `offhook.sip.auth.ClientAuth`."""

    def prepare(self, message: Message) -> None:
        """Add Authorization ahead of any challenge, when an earlier nonce can still be used."""
        ...

    def authorize(self, message: Message, response: Message) -> bool:
        """Answer the challenge of a 401/407 in `message`.  False when it cannot be answered."""
        ...

    def accepted(self, response: Message) -> None:
        """A response that was no challenge came: learn nextnonce (Authentication-Info)."""
        ...


class OutgoingRequest:
    """A request on its way.  Made by `UserAgent.request`; all times are the network's clock."""

    __slots__ = (
        "_addresses",
        "_again",
        "_answered",
        "_at_hop",
        "_auth",
        "_auth_tries",
        "_cancel_reason",
        "_cancelled",
        "_done",
        "_last",
        "_next_cseq",
        "_on_response",
        "_provisional",
        "_refusals",
        "_sent",
        "_silence",
        "_ua",
        "failure",
        "hop",
        "message",
        "name",
        "txn",
    )

    def __init__(
        self,
        ua: "UserAgent",
        message: Message,
        on_response: OnResponse,
        *,
        auth: Authorizer | None,
        next_cseq: Callable[[], int] | None,
        name: str | None,
        at_hop: Callable[[Message, Hop], None] | None,
    ) -> None:
        self.message = message  # as last sent; its CSeq grows when a challenge was answered
        self.hop: Hop | None = None  # where it was last sent
        self.txn = 0  # the stack's client transaction, 0 before the first sending
        self.failure: str | None = (
            None  # "timeout", "transport", "resolve: ...", "cancelled": answered locally
        )
        self._ua = ua
        self._on_response: OnResponse | None = on_response
        self._auth = auth
        self._auth_tries = 0
        self._next_cseq = next_cseq
        self.name = name  # of the transport that it must go by, None: any
        self._at_hop = at_hop
        self._addresses: list[Target] = []
        self._sent = False
        self._provisional = False
        self._answered = False
        self._done = False
        self._cancelled = False
        self._cancel_reason: str | None = None
        self._last = "transport"
        self._silence: Timer | None = None
        self._again: Timer | None = None
        self._refusals = 0

    # ------------------------------------------------------------ for the caller

    @property
    def done(self) -> bool:
        """Whether the final response has been given to the callback."""
        return self._done

    def cancel(self, reason: str | None = None) -> None:
        """Give up a pending INVITE: CANCEL with this Reason header.

        The callback still gets the final response: 487 from the network, a 2xx that was faster, or a
        local 487 when nothing had been sent.
        """
        if self._done or self._cancelled:
            return
        self._cancelled = True
        self._cancel_reason = reason
        if self._again is not None:
            self._ua.network.call_soon(lambda: self._finish_locally(487, "cancelled"))
        elif self._sent and self.txn:
            self._ua.cancel_transaction(self.txn, reason)
        else:
            self._ua.network.call_soon(self._cancelled_unsent)

    @property
    def ua(self) -> "UserAgent":
        """Whose request this is."""
        return self._ua

    def hand_over(self, on_response: OnResponse) -> None:
        """Give what is still to come (the 2xx of other forks) to somebody else."""
        if self._on_response is not None:
            self._on_response = on_response

    def release(self) -> None:
        """Forget the callback: nothing more is told.  For an INVITE whose dialogs have all ended."""
        self._on_response = None
        self._done = True
        self._heard()
        if self.txn:
            self._ua.forget(self.txn)

    # ------------------------------------------------------------ sending

    def start(self, target: Uri | None, hop: Hop | None) -> None:
        """Send to `hop`, or find out where `target` is and send there.  Called by UserAgent.request."""
        if self._auth is not None:
            self._auth.prepare(self.message)
        if hop is not None:
            if not self._send(hop):
                self._ua.network.call_soon(self._try_next)
            return
        if target is None:
            target = Uri.parse(self.message.uri)
        named = self._ua.named_transports.get(self.name or "")
        if named is not None and target.param("transport") is None and target.scheme != "sips":
            target = target.with_param("transport", named.lower())
        found = self._ua.resolver.lookup(target, self._resolved)
        if found is not None:
            self._addresses = self._ordered(found)
            self._try_next(inside_request=True)

    def _resolved(self, found: "list[Target] | ResolveError") -> None:
        if self._done or self._sent:
            return
        if isinstance(found, ResolveError):
            self._finish_locally(503, f"resolve: {found}")
            return
        self._addresses = self._ordered(found)
        self._try_next()

    def _ordered(self, found: "list[Target]") -> "list[Target]":
        """Reversed for pop(); with TCP before UDP for what is too big (RFC 3261 18.1.1), if so configured."""
        limit = self._ua.datagram_limit
        if limit and len(self.message.to_bytes()) > limit:
            streams = [t._replace(transport="TCP") for t in found if t.transport == "UDP" and not t.explicit]
            found = streams + found
        return found[::-1]

    def _try_next(self, inside_request: bool = False) -> None:
        ua = self._ua
        network = ua.network
        while not self._done:
            if self._cancelled:
                self._finish_locally(487, "cancelled")
                return
            if not self._addresses:
                if inside_request:  # never call back before request() has returned
                    network.call_soon(self._exhausted)
                else:
                    self._exhausted()
                return
            target = self._addresses.pop()
            if target.transport == "UDP":
                flow = network.datagram_flow(target.host, self.name)
            else:
                flow = network.stream_flow(target.transport, target.host, target.port, self.name)
                if flow is None:
                    self._connect(target)
                    return
            if flow is not None and self._send(
                Hop(flow.number_towards(target.host), target.host, target.port)
            ):
                return

    def _connect(self, target: Target) -> None:
        def done(flow: Flow | None, why: str) -> None:
            if self._done:
                return
            if flow is None:
                self._last = "transport"
            elif not self._cancelled and self._send(Hop(flow.id, target.host, target.port)):
                return
            self._try_next()

        self._ua.network.open_stream(
            target.transport, target.host, target.port, done, server_name=target.domain, name=self.name
        )

    def _send(self, hop: Hop) -> bool:
        """Start a client transaction to `hop`.  False when the very first sending failed."""
        self.hop = hop
        self._sent = True
        self._provisional = False
        if self._at_hop is not None:
            try:
                self._at_hop(self.message, hop)
            except LookupError:  # the flow went between finding and using it
                self._last = "transport"
                return False
        ua = self._ua
        if ua.start_transaction(self, hop):
            if self._addresses:
                self._listen_for_life()
            return True
        self._last = "transport"
        return False

    def _listen_for_life(self) -> None:
        """There is another address: do not wait for this one until the transaction times out."""
        network = self._ua.network
        txn = self.txn

        def silent() -> None:
            self._silence = None
            if self._done or self._provisional or self._cancelled or self.txn != txn or not self._addresses:
                return
            self._ua.forget(txn)
            if self.message.method == "INVITE":
                # sent as soon as a provisional response comes after all; a 2xx is hung up (on_late_answer)
                self._ua.cancel_transaction(txn, None)
            self._last = "timeout"
            self._try_next()

        if self._silence is not None:
            self._silence.cancel()
        self._silence = network.call_at(network.now() + self._ua.config.failover_ms / 1000, silent)

    def _heard(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        if self._again is not None:
            self._again.cancel()
            self._again = None

    # ------------------------------------------------------------ what came back

    def on_message(self, response: Message) -> None:
        """A response of the current transaction.  Called by the UserAgent."""
        status = response.status
        if self._silence is not None:
            self._heard()
        if status < 200:
            self._provisional = True
            if self._on_response is not None:
                self._on_response(self, response)
            return
        if self._answered:  # the 2xx of another fork
            if self._on_response is not None:
                self._on_response(self, response)
            return
        if not self._cancelled:
            if status == 503 and self._addresses:
                self._ua.forget(self.txn)
                self._try_next()
                return
            if status in (401, 407) and self._answer_challenge(response):
                return
        if self._auth is not None and status < 300:
            self._auth.accepted(response)
        if status < 300 and self.message.method == "INVITE":
            self._answered = True
            self._ua.expect_forks(self.txn)
        else:
            self._ua.forget(self.txn)
        self._done = True
        # An INVITE's record waits for forks for 32 s more: it must not hold on to the call meanwhile.
        self._at_hop = self._next_cseq = None
        if self._on_response is not None:
            self._on_response(self, response)

    def on_failure(self, why: str) -> None:
        """The transaction ended without a final response: "timeout" or "transport"."""
        if self._done:
            return
        self._ua.forget(self.txn)
        self._heard()
        self._last = why
        if self._provisional:  # somebody is there: the next address would ring a second phone
            self._addresses.clear()
        elif why == "transport" and not self._addresses and self._ask_again():
            return
        self._try_next()

    def _ask_again(self) -> bool:
        """Whether the address that a datagram came back from is asked once more, a little later."""
        hop, network = self.hop, self._ua.network
        flow = self._ua.flow(hop.flow) if hop is not None else None
        if hop is None or flow is None or flow.reliable or self._cancelled:
            return False
        pauses = _INVITE_AGAIN if self.message.method == "INVITE" else _AGAIN
        if self._refusals >= len(pauses):
            return False

        def again() -> None:
            self._again = None
            if not self._done and not self._send(hop):
                self._try_next()

        self._again = network.call_at(network.now() + pauses[self._refusals], again)
        self._refusals += 1
        return True

    def _answer_challenge(self, response: Message) -> bool:
        auth = self._auth
        hop = self.hop
        if auth is None or hop is None or self._auth_tries >= _MAX_AUTH_TRIES:
            return False
        message = self.message.copy()
        if not auth.authorize(message, response):
            return False
        self._auth_tries += 1
        self._ua.forget(self.txn)
        cseq = self._next_cseq() if self._next_cseq is not None else message.cseq + 1
        message.set("CSeq", f"{cseq} {message.method}")
        self.message = message
        if not self._send(hop):
            self._try_next()
        return True

    def _exhausted(self) -> None:
        self._finish_locally(408 if self._last == "timeout" else 503, self._last)

    def _cancelled_unsent(self) -> None:
        if not self._done and not self._sent:
            self._finish_locally(487, "cancelled")
        elif not self._done and self.txn:
            self._ua.cancel_transaction(self.txn, self._cancel_reason)

    def _finish_locally(self, status: int, why: str) -> None:
        if self._done:
            return
        self._done = True
        self._heard()
        self.failure = why
        if self.txn:
            self._ua.forget(self.txn)
        if self._on_response is not None:
            self._on_response(self, Message.response(self.message, status))


class AckSending:
    """The ACK for a 2xx on its way: found out where to, then given to the stack.  See UserAgent.ack."""

    __slots__ = ("_message", "_name", "_txn", "_ua")

    def __init__(self, ua: "UserAgent", txn: int, message: Message, name: str | None = None) -> None:
        self._ua = ua
        self._name = name
        self._txn = txn
        self._message = message

    def start(self, target: Uri | None, hop: Hop | None) -> None:
        """Send to `hop`, else to where `target` or the request URI resolves to."""
        if hop is not None:
            self._ua.send_ack(self._txn, self._message, hop)
            return
        found = self._ua.resolver.lookup(target or Uri.parse(self._message.uri), self._resolved)
        if found is not None:
            self._resolved(found)

    def _resolved(self, found: "list[Target] | ResolveError") -> None:
        if isinstance(found, ResolveError) or not found:
            log.info("the ACK of %s cannot be sent: %s", self._message.call_id, found)
            return
        target = found[0]
        network = self._ua.network
        if target.transport == "UDP":
            flow = network.datagram_flow(target.host, self._name)
        else:
            flow = network.stream_flow(target.transport, target.host, target.port, self._name)
            if flow is None:
                network.open_stream(
                    target.transport,
                    target.host,
                    target.port,
                    lambda flow, why: self._connected(target, flow),
                    server_name=target.domain,
                    name=self._name,
                )
                return
        self._connected(target, flow)

    def _connected(self, target: Target, flow: Flow | None) -> None:
        if flow is None:
            log.info("the ACK of %s cannot be sent: no way to %s", self._message.call_id, target.host)
            return
        number = flow.number_towards(target.host)
        self._ua.send_ack(self._txn, self._message, Hop(number, target.host, target.port))
