"""What the SIP library needs from the world outside: a clock, timers, and flows to send through.

`Network` is implemented by `offhook.sip.transport` (sockets on asyncio) and by the simulated
network of the tests (virtual clock, loss, reordering).  Nothing else in `offhook.sip` reads a clock,
sleeps or opens a socket.

A *flow* (RFC 5626's word) is one way out of this node: a UDP socket, or one TCP, TLS or WebSocket
connection.  Flows are named by an int that is never used again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

__all__ = [
    "ConnectDone",
    "Flow",
    "Hop",
    "Network",
    "Receiver",
    "Timer",
    "format_host_port",
]


class Hop(NamedTuple):
    """Where one message goes, or came from: a flow and the far address.  IPv6 without brackets."""

    flow: int
    host: str
    port: int


@dataclass(slots=True, eq=False)
class Flow:
    """One UDP socket or one connection, as the network announces it to its receiver.

    `id` is the flow's number.  A flow behind NAT has a second number, `external_id`: what is sent
    through that one carries `external_sent_by` in Via (Asterisk: external_signaling_address).
    """

    id: int
    transport: str  # as Via says it: "UDP", "TCP", "TLS", "WS", "WSS"
    reliable: bool
    secure: bool
    local_host: str  # never a wildcard
    local_port: int
    sent_by: str  # for Via: "192.0.2.1:5060"
    name: str = ""  # the transport's name in the configuration, e.g. "transport-udp"
    remote_host: str = ""  # connections only
    remote_port: int = 0
    outgoing: bool = False  # opened by this side
    external_id: int = 0
    external_sent_by: str = ""
    beyond_nat: Callable[[str], bool] | None = None  # whether an address is outside local_net

    def number_towards(self, remote: str) -> int:
        """The number to send through when the far side is `remote`."""
        if self.external_id and self.beyond_nat is not None and self.beyond_nat(remote):
            return self.external_id
        return self.id


class Timer(Protocol):
    """A pending call; what `Network.call_at` gives."""

    def cancel(self) -> None:
        """Forget the call.  Cancelling twice, or after it ran, does nothing."""
        ...


class Receiver(Protocol):
    """Who gets what arrives: the UserAgent."""

    def flow_opened(self, flow: Flow) -> None:
        """A flow exists now: a socket was bound, a connection accepted or made."""
        ...

    def flow_closed(self, flow: Flow, why: str) -> None:
        """A flow is gone; nothing can be sent through it any more."""
        ...

    def received(self, flow: int, host: str, port: int, data: bytes) -> None:
        """One whole message (a datagram, or what a StreamFramer cut out).  Never raises."""
        ...

    def undeliverable(self, data: bytes) -> None:
        """A datagram of ours, or its beginning, came back with an ICMP error: nobody is there."""
        ...

    def read_done(self) -> None:
        """What was there to read has been handed over; a receiver that collects works now."""
        ...


# Called with the new flow, or with None and why there is none ("refused", "timeout", "tls: ...").
ConnectDone = Callable[["Flow | None", str], None]


class Network(Protocol):
    """Clock, timers and flows.  All methods return at once; all callbacks come from the event loop."""

    def now(self) -> float:
        """Seconds of a monotonic clock."""
        ...

    def wall(self) -> float:
        """Seconds since 1970 (for what is stored or signed; never for intervals)."""
        ...

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call back at `when` of now()'s clock, or soon when that is past."""
        ...

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call back after what is running now."""
        ...

    def attach(self, receiver: Receiver) -> None:
        """Set the one receiver; it is told of every flow there already is."""
        ...

    def send(self, flow: int, host: str, port: int, data: bytes) -> bool:
        """Send one message.  False when it cannot be (no such flow, unreachable, buffer over its limit)."""
        ...

    def datagram_flow(self, host: str, name: str | None = None) -> Flow | None:
        """The UDP flow for this literal address; `name` asks for one configured transport."""
        ...

    def stream_flow(self, transport: str, host: str, port: int, name: str | None = None) -> Flow | None:
        """An open connection to this literal address that can be used again ("TCP", "TLS", "WS", "WSS")."""
        ...

    def open_stream(
        self,
        transport: str,
        host: str,
        port: int,
        done: ConnectDone,
        *,
        server_name: str = "",
        name: str | None = None,
    ) -> None:
        """Connect to a literal address.  `server_name`: the domain that the certificate must carry.

        `done` is called once, later.  Calls for the same place while it is being opened share one connection.
        """
        ...

    def close_flow(self, flow: int) -> None:
        """Close a connection after what is buffered has been sent.  UDP sockets stay."""
        ...

    def public_address(self, flow: Flow, remote: str) -> tuple[str, int]:
        """Host and port of `flow` as `remote` can reach it: for Contact (NAT, several interfaces)."""
        ...


def format_host_port(host: str, port: int) -> str:
    """`host:port` as SIP writes it: an IPv6 literal goes into brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
