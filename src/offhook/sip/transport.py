"""The network of asyncio (or uvloop): UDP, TCP and TLS on IPv4 and IPv6 (RFC 3261 section 18).

Owns all sockets and connections, finds the flow for an address, reuses connections both ways
(RFC 5923), and knows this node's addresses as others see them.  `offhook.sip.udp` and
`offhook.sip.streams` have the sockets themselves.  A WebSocket listener joins with `register()`.
"""

import asyncio
import logging
import os
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from offhook.sip.addresses import BeyondNat, IpNetwork, SourceAddresses, mark
from offhook.sip.network import ConnectDone, Flow, Receiver, Timer, format_host_port
from offhook.sip.streams import Connection, StreamLimits, StreamListener
from offhook.sip.tls import TlsConfig, TlsContexts, TlsError
from offhook.sip.udp import UdpSocket

__all__ = ["AsyncioNetwork", "StreamLimits", "TlsConfig", "TransportConfig", "TransportError"]

log = logging.getLogger(__name__)

_SWEEP_INTERVAL = 1.0  # seconds between looks at half-open and idle connections, while there are any
_LISTEN_BACKLOG = 1024


class TransportError(Exception):
    """A transport that cannot be opened: the address is taken, not ours, or its options are wrong."""


@dataclass(frozen=True, slots=True)
class TransportConfig:
    """One transport, after Asterisk's type=transport."""

    name: str
    protocol: Literal["udp", "tcp", "tls"] = "udp"
    host: str = "0.0.0.0"  # a literal address; "::" is IPv6 only, so that both can be bound
    port: int = 5060  # 0: the kernel chooses
    external_address: str = ""  # external_signaling_address
    external_port: int = 0  # external_signaling_port; 0: the bound one
    local_nets: tuple[IpNetwork, ...] = ()  # what is not beyond the NAT
    tos: int = 0  # the whole byte: DSCP << 2
    cos: int = 0  # 802.1p priority
    tcp_keepalive: tuple[int, int, int] | None = None  # idle s, interval s, probes
    tls: TlsConfig | None = None


class StreamLike(Protocol):
    """The sending side of one connection."""

    flow: Flow | None
    last_used: float

    def overdue(self, now: float) -> bool:
        """Whether it keeps us waiting for a message, or for the rest of one, for too long."""
        ...

    def send(self, data: bytes) -> bool:
        """Write one whole message."""
        ...

    def ping(self) -> None:
        """Send a keep-alive."""
        ...

    def close(self) -> None:
        """Close after what is buffered."""
        ...

    def abort(self, why: str) -> None:
        """Close at once."""
        ...


class TransportCounters:
    """What the transports count."""

    __slots__ = (
        "connections_accepted",
        "connections_failed",
        "connections_made",
        "connections_refused",
        "datagrams_dropped",
        "datagrams_received",
        "datagrams_undeliverable",
        "half_open_closed",
        "handshake_errors",
        "idle_closed",
        "slow_readers",
        "stream_errors",
    )

    def __init__(self) -> None:
        for name in self.__slots__:
            setattr(self, name, 0)

    def as_dict(self) -> dict[str, int]:
        """By name."""
        return {name: getattr(self, name) for name in self.__slots__}


class AsyncioNetwork:
    """`offhook.sip.network.Network` on the running event loop.  close() it at the end."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop | None = None, limits: StreamLimits | None = None
    ) -> None:
        import time  # the only clock of the SIP library

        self.loop = loop or asyncio.get_running_loop()
        self.limits = limits or StreamLimits()
        self.receiver: Receiver | None = None
        self.counters = TransportCounters()
        self._wall = time.time
        self._next_id = 1
        self._sockets: list[UdpSocket] = []
        self._listeners: list[StreamListener] = []
        self._contexts: dict[str, TlsContexts] = {}
        self._configs: dict[str, TransportConfig] = {}
        self._datagrams: dict[int, UdpSocket] = {}  # by either flow number
        self._streams: dict[int, StreamLike] = {}
        self._by_remote: dict[tuple[str, str, int], StreamLike] = {}
        self._aliases: dict[int, list[tuple[str, str, int]]] = {}
        self._opening: dict[tuple[str, str, int, str, str | None], list[ConnectDone]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._taking: Counter[str] = Counter()  # accepted, handshake not finished
        self._per_address: Counter[str] = Counter()
        self._sources = SourceAddresses()
        self._beyond_nat: dict[str, BeyondNat] = {}
        self._sweeper: asyncio.TimerHandle | None = None
        self._next_ping = 0.0
        self._closed = False

    # ------------------------------------------------------------ clock

    def now(self) -> float:
        """Part of Network."""
        return self.loop.time()

    def wall(self) -> float:
        """Part of Network."""
        return self._wall()

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Part of Network."""
        return self.loop.call_at(when, callback)

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Part of Network."""
        self.loop.call_soon(callback)

    # ------------------------------------------------------------ transports

    def attach(self, receiver: Receiver) -> None:
        """Part of Network."""
        self.receiver = receiver
        for udp in self._sockets:
            if udp.flow is not None:
                receiver.flow_opened(udp.flow)
        for stream in self._streams.values():
            if stream.flow is not None:
                receiver.flow_opened(stream.flow)

    def listen(self, config: TransportConfig) -> int:
        """Open a transport and return its port.  Raises TransportError, with the address in its text."""
        if config.name in self._configs:
            raise TransportError(f"transport {config.name} is open already")
        contexts = None
        if config.protocol == "tls":
            try:
                contexts = TlsContexts(config.tls or TlsConfig())
            except TlsError as error:
                raise TransportError(f"transport {config.name}: {error}") from error
            if contexts.server is None:
                raise TransportError(f"transport {config.name}: TLS needs a certificate (cert_file)")
        sock = self._bind(config)
        self._configs[config.name] = config
        self._beyond_nat[config.name] = BeyondNat(config.local_nets)
        if contexts is not None:
            self._contexts[config.name] = contexts
        if config.protocol == "udp":
            return self._open_udp(config, sock)
        listener = StreamListener(self, config, sock, contexts)
        self._listeners.append(listener)
        return listener.port

    def add_outgoing(self, config: TransportConfig) -> None:
        """Add a TCP or TLS transport that connections out use and that binds nothing.

        A phone needs no certificate of its own.  Raises TransportError.
        """
        if config.name in self._configs:
            raise TransportError(f"transport {config.name} is open already")
        if config.protocol == "tls":
            try:
                self._contexts[config.name] = TlsContexts(config.tls or TlsConfig())
            except TlsError as error:
                raise TransportError(f"transport {config.name}: {error}") from error
        self._configs[config.name] = config
        self._beyond_nat[config.name] = BeyondNat(config.local_nets)

    def _bind(self, config: TransportConfig) -> socket.socket:
        datagram = config.protocol == "udp"
        where = f"{config.protocol} {format_host_port(config.host, config.port)}"
        try:
            family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_DGRAM if datagram else socket.SOCK_STREAM)
        except OSError as error:
            raise TransportError(f"transport {config.name}: {where}: {error.strerror}") from error
        try:
            sock.setblocking(False)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if not datagram:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            mark(sock, config.tos, config.cos)
            sock.bind((config.host, config.port))
            if not datagram:
                sock.listen(_LISTEN_BACKLOG)
        except OSError as error:
            sock.close()
            raise TransportError(f"transport {config.name}: {where}: {error.strerror or error}") from error
        return sock

    def _open_udp(self, config: TransportConfig, sock: socket.socket) -> int:
        udp = UdpSocket(self, config, sock)
        local = self._sources.instead_of(udp.host)
        flow = Flow(
            id=self._number(),
            transport="UDP",
            reliable=False,
            secure=False,
            local_host=local,
            local_port=udp.port,
            sent_by=format_host_port(local, udp.port),
            name=config.name,
        )
        self._datagrams[flow.id] = udp
        if config.external_address:
            flow.external_id = self._number()
            flow.external_sent_by = format_host_port(
                config.external_address, config.external_port or udp.port
            )
            flow.beyond_nat = self._beyond_nat[config.name]
            self._datagrams[flow.external_id] = udp
        self._sockets.append(udp)
        udp.start(flow)
        if self.receiver is not None:
            self.receiver.flow_opened(flow)
        return udp.port

    def close_transport(self, name: str) -> None:
        """Stop a transport: its socket or listener.  Connections that it accepted stay until they end."""
        self._configs.pop(name, None)
        self._contexts.pop(name, None)
        for udp in [u for u in self._sockets if u.config.name == name]:
            self._sockets.remove(udp)
            udp.close()
            if udp.flow is not None:
                self._datagrams.pop(udp.flow.id, None)
                self._datagrams.pop(udp.flow.external_id, None)
                if self.receiver is not None:
                    self.receiver.flow_closed(udp.flow, "transport closed")
        for listener in [li for li in self._listeners if li.config.name == name]:
            self._listeners.remove(listener)
            listener.close()

    def reload_certificates(self, name: str) -> None:
        """Use the files' present content for new handshakes.  Raises TransportError, changing nothing."""
        contexts = self._contexts.get(name)
        if contexts is None:
            raise TransportError(f"there is no TLS transport {name}")
        try:
            contexts.reload()
        except TlsError as error:
            raise TransportError(f"transport {name}: {error}") from error

    async def close(self) -> None:
        """Close everything; what is buffered for connections is written first where it goes at once."""
        self._closed = True
        for name in list(self._configs):
            self.close_transport(name)
        for task in self._tasks:
            task.cancel()
        for stream in list(self._streams.values()):
            stream.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)
        for stream in list(self._streams.values()):
            stream.abort("closed")
        await asyncio.sleep(0)

    # ------------------------------------------------------------ sending and finding flows

    def send(self, flow: int, host: str, port: int, data: bytes) -> bool:
        """Part of Network."""
        udp = self._datagrams.get(flow)
        if udp is not None:
            return udp.send(host, port, data)
        stream = self._streams.get(flow)
        return stream is not None and stream.send(data)

    def datagram_flow(self, host: str, name: str | None = None) -> Flow | None:
        """Part of Network."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        for udp in self._sockets:
            if udp.family == family and (name is None or udp.config.name == name):
                return udp.flow
        return None

    def stream_flow(self, transport: str, host: str, port: int, name: str | None = None) -> Flow | None:
        """Part of Network."""
        stream = self._by_remote.get((transport, host, port))
        if stream is None or stream.flow is None or (name is not None and stream.flow.name != name):
            return None
        return stream.flow

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
        """Part of Network."""
        key = (transport, host, port, server_name, name)
        waiting = self._opening.get(key)
        if waiting is not None:
            waiting.append(done)
            return
        self._opening[key] = [done]
        task = self.loop.create_task(self._connect(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, key: tuple[str, str, int, str, str | None]) -> None:
        transport, host, port, server_name, name = key
        flow: Flow | None = None
        why = ""
        sock: socket.socket | None = None
        try:
            config = self._stream_config(transport, host, name)
            context: ssl.SSLContext | None = None
            if transport == "TLS":
                contexts = self._contexts.get(config.name) or TlsContexts(config.tls or TlsConfig())
                context = contexts.client
            if len(self._streams) >= self.limits.max_connections:
                raise TransportError("too many connections")
            sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
            sock.setblocking(False)
            self.tune_stream(sock, config)
            if config.host not in ("0.0.0.0", "::"):
                sock.bind((config.host, 0))
            async with asyncio.timeout(self.limits.connect_timeout):
                await self.loop.sock_connect(sock, (host, port))
                _, connection = await self.loop.create_connection(
                    lambda: Connection(self, config, domain=server_name or host),
                    sock=sock,
                    ssl=context,
                    server_hostname=(server_name or host) if context is not None else None,
                )
            sock = None  # the connection's now
            flow = connection.flow
            why = "" if flow is not None else connection.why
        except TimeoutError:
            why = "timeout"
        except ssl.SSLError as error:
            why = f"tls: {error}"
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
        except (TransportError, TlsError, ValueError) as error:
            why = str(error)
        finally:
            if sock is not None:
                sock.close()
            waiting = self._opening.pop(key, [])
        if flow is None:
            self.counters.connections_failed += 1
            log.debug("no %s connection to %s: %s", transport, format_host_port(host, port), why)
        for done in waiting:
            done(flow, why)

    def _stream_config(self, transport: str, host: str, name: str | None) -> TransportConfig:
        """The configured transport that a connection out belongs to; one of defaults when there is none."""
        protocol = transport.lower()
        if protocol not in ("tcp", "tls"):
            raise TransportError(f"connections out over {transport} are not possible")
        ipv6 = ":" in host
        if name is not None:
            config = self._configs.get(name)
            if config is None or config.protocol != protocol:
                raise TransportError(f"transport {name} is not an open {transport} transport")
            return config
        for config in self._configs.values():
            if config.protocol == protocol and (":" in config.host) == ipv6:
                return config
        return TransportConfig(
            name="", protocol="tls" if protocol == "tls" else "tcp", host="::" if ipv6 else "0.0.0.0"
        )

    def close_flow(self, flow: int) -> None:
        """Part of Network."""
        stream = self._streams.get(flow)
        if stream is not None:
            stream.close()

    # ------------------------------------------------------------ addresses

    def public_address(self, flow: Flow, remote: str) -> tuple[str, int]:
        """Part of Network."""
        config = self._configs.get(flow.name)
        port = flow.local_port
        if config is None:
            return flow.local_host, port
        for listener in self._listeners:
            if listener.config.name == flow.name:
                port = listener.port  # not the connection's own port: nobody listens there
        if config.external_address and self._beyond_nat[config.name](remote):
            return config.external_address, config.external_port or port
        if config.host in ("0.0.0.0", "::") and not flow.reliable:
            return self._sources.towards(remote) or flow.local_host, port
        return flow.local_host, port

    def forget_routes(self) -> None:
        """Ask the routing table again: this node's addresses may have changed."""
        self._sources.clear()

    # ------------------------------------------------------------ for listeners and connections

    def tune_stream(self, sock: socket.socket, config: TransportConfig) -> None:
        """Set what every SIP connection has: no Nagle, TOS, keep-alive.  Raises OSError."""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        mark(sock, config.tos, config.cos)
        if config.tcp_keepalive is not None:
            idle, interval, probes = config.tcp_keepalive
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in (
                ("TCP_KEEPIDLE", idle),
                ("TCP_KEEPINTVL", interval),
                ("TCP_KEEPCNT", probes),
            ):
                if hasattr(socket, option):
                    sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def admit_connection(self, host: str) -> bool:
        """Whether one more connection from this address is within the limits.  Counts it as being taken."""
        limits = self.limits
        if len(self._streams) + self._taking.total() >= limits.max_connections:
            return False
        if self._per_address[host] + self._taking[host] >= limits.max_per_address:
            return False
        self._taking[host] += 1
        return True

    def connection_taken(self, host: str) -> None:
        """The handshake of an accepted connection is over, well (it is registered next) or not."""
        self._taking[host] -= 1
        if self._taking[host] <= 0:
            del self._taking[host]

    def register(self, connection: Connection, local: tuple[str, int], remote: tuple[str, int]) -> Flow:
        """A connection is open: give it a flow and announce it."""
        config = connection.config
        transport = "TLS" if config.protocol == "tls" else "TCP"
        flow = Flow(
            id=self._number(),
            transport=transport,
            reliable=True,
            secure=transport == "TLS",
            local_host=local[0],
            local_port=local[1],
            sent_by="",
            name=config.name,
            remote_host=remote[0],
            remote_port=remote[1],
            outgoing=connection.outgoing,
        )
        flow.sent_by = format_host_port(*self.public_address(flow, remote[0]))
        self._streams[flow.id] = connection
        self._by_remote[transport, remote[0], remote[1]] = connection
        self._per_address[remote[0]] += 1
        if connection.outgoing:
            self.counters.connections_made += 1
        else:
            self.counters.connections_accepted += 1
        if self._sweeper is None and not self._closed:
            self._next_ping = self.now() + self.limits.keep_alive_interval
            self._sweeper = self.loop.call_later(_SWEEP_INTERVAL, self._sweep)
        if self.receiver is not None:
            self.receiver.flow_opened(flow)
        return flow

    @property
    def connections(self) -> list[Flow]:
        """The connections that are open."""
        return [one.flow for one in self._streams.values() if one.flow is not None]

    def add_alias(self, connection: Connection, host: str, port: int) -> None:
        """Requests to this address use the connection too, unless another one is there (RFC 5923)."""
        flow = connection.flow
        if flow is None:
            return
        key = (flow.transport, host, port)
        if self._by_remote.setdefault(key, connection) is connection:
            self._aliases.setdefault(flow.id, []).append(key)

    def unregister(self, connection: Connection, why: str) -> None:
        """A connection is gone."""
        flow = connection.flow
        if flow is None or self._streams.pop(flow.id, None) is None:
            return
        keys = [(flow.transport, flow.remote_host, flow.remote_port), *self._aliases.pop(flow.id, ())]
        for key in keys:
            if self._by_remote.get(key) is connection:
                del self._by_remote[key]
        self._per_address[flow.remote_host] -= 1
        if self._per_address[flow.remote_host] <= 0:
            del self._per_address[flow.remote_host]
        if self.receiver is not None:
            self.receiver.flow_closed(flow, why)

    def _sweep(self) -> None:
        """Close what is half open or idle, send keep-alives; again while there are connections."""
        self._sweeper = None
        now = self.now()
        limits = self.limits
        ping = bool(limits.keep_alive_interval) and now >= self._next_ping
        if ping:
            self._next_ping = now + limits.keep_alive_interval
        for stream in list(self._streams.values()):
            if stream.overdue(now):
                self.counters.half_open_closed += 1
                stream.abort("no whole message in time")
            elif now - stream.last_used > limits.idle_timeout:
                self.counters.idle_closed += 1
                stream.close()
            elif ping:
                stream.ping()
        if self._streams and not self._closed:
            self._sweeper = self.loop.call_later(_SWEEP_INTERVAL, self._sweep)

    def _number(self) -> int:
        number = self._next_id
        self._next_id += 1
        return number
