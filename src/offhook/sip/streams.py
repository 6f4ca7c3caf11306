"""SIP over TCP and TLS: listeners and connections, with the limits that keep strangers harmless.

A connection frames what it reads (`_core.StreamFramer`), answers RFC 5626 pings, and is closed when it
stays half open, idle, or does not read what is sent to it.  `offhook.sip.transport` owns them all.
"""

import asyncio
import errno
import logging
import re
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from offhook._core import SipParseError, StreamFramer
from offhook.sip.network import Flow
from offhook.sip.tls import TlsContexts, certificate_matches

if TYPE_CHECKING:
    from offhook.sip.transport import AsyncioNetwork, TransportConfig

__all__ = ["Connection", "StreamLimits", "StreamListener"]

log = logging.getLogger(__name__)

_PING = b"\r\n\r\n"
_PONG = b"\r\n"
# The sent-by port of a Via that offers its connection for requests back (RFC 5923 section 5).
_ALIAS_VIA = re.compile(rb"(?im)^(?:Via|v)[ \t]*:[ \t]*SIP/2\.0/\w+[ \t]+([^;,\s]+)[^,\r\n]*;[ \t]*alias\b")
_ACCEPT_BUDGET = 64  # connections accepted at one go, so that a flood of them does not hold up the loop


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Bounds on connections; times in seconds, sizes in bytes."""

    max_connections: int = 4096
    max_per_address: int = 512  # a whole office can be behind one address
    half_open_timeout: float = 10.0  # for a TLS handshake, and for the rest of a message that has begun
    first_message_timeout: float = (
        32.0  # for the first whole message; keep-alives are none (Asterisk: timer B)
    )
    idle_timeout: float = 7500.0  # above pjsip's longest registration (7200): phones keep theirs
    connect_timeout: float = 5.0
    max_write_buffer: int = 256 * 1024
    max_message: int = 65536
    keep_alive_interval: float = 90.0  # Asterisk's keep_alive_interval; 0 sends none


class Connection(asyncio.Protocol):
    """One TCP or TLS connection: the asyncio protocol, and the sending side of its flow."""

    def __init__(
        self, network: "AsyncioNetwork", config: "TransportConfig", *, domain: str = "", accepted: str = ""
    ) -> None:
        """`accepted`: the address it comes from; "" for one that we open, to `domain`."""
        self.config = config
        self.outgoing = not accepted
        self.domain = domain
        self.made = False  # past the handshake
        self._accepted = accepted
        self.flow: Flow | None = None
        self.opened_at = network.now()
        self.last_used = self.opened_at
        self.partial_since: float | None = None  # when the message that is not whole yet began
        self.aliases: list[tuple[str, str, int]] = []
        self._network = network
        self._framer = StreamFramer(max_message=network.limits.max_message)
        self._transport: asyncio.Transport | None = None
        self._heard = False
        self._why = "closed by the peer"

    # ------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol: register the flow, unless the certificate is for somebody else."""
        self._transport = cast(asyncio.Transport, transport)
        self.made = True
        if self._accepted:
            self._network.connection_taken(self._accepted)
        problem = self._certificate_problem()
        if problem:
            self.abort(problem)
            return
        peer = cast("tuple[Any, ...] | None", transport.get_extra_info("peername"))
        local = cast("tuple[Any, ...] | None", transport.get_extra_info("sockname"))
        if not peer or not local:  # reset before it began
            self.abort("reset")
            return
        self._transport.set_write_buffer_limits(high=self._network.limits.max_write_buffer)
        self.flow = self._network.register(self, (local[0], local[1]), (peer[0], peer[1]))

    def overdue(self, now: float) -> bool:
        """Whether whoever connected here keeps us waiting for a message for too long."""
        limits = self._network.limits
        if self.outgoing:
            return False
        if self.partial_since is not None:
            return now - self.partial_since > limits.half_open_timeout
        return not self._heard and now - self.opened_at > limits.first_message_timeout

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        flow = self.flow
        if flow is None or self._transport is None:
            return
        try:
            messages = self._framer.feed(data)
        except SipParseError as error:
            self._network.counters.stream_errors += 1
            self.abort(f"not SIP: {error}")
            return
        now = self._network.now()
        if not messages:
            if self.partial_since is None:
                self.partial_since = now
            return
        self.partial_since = None
        receiver = self._network.receiver
        for message in messages:
            if message == _PING:
                self._transport.write(_PONG)
            elif message != _PONG:
                self.last_used = now
                if not self._heard:
                    self._heard = True
                    self._learn_alias(message, flow)
                if receiver is not None:
                    receiver.received(flow.id, flow.remote_host, flow.remote_port, message)
        if receiver is not None:
            receiver.read_done()

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of asyncio.Protocol."""
        if exc is not None:
            self._why = str(exc) or type(exc).__name__
        self._transport = None
        self._network.unregister(self, self._why)

    # ------------------------------------------------------------ for the network

    def send(self, data: bytes) -> bool:
        """Write one message.  A peer that does not read is cut off rather than buffered for without end."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        if transport.get_write_buffer_size() + len(data) > self._network.limits.max_write_buffer:
            self._network.counters.slow_readers += 1
            self.abort("slow reader")
            return False
        transport.write(data)
        self.last_used = self._network.now()
        return True

    def ping(self) -> None:
        """Send a keep-alive (RFC 5626 4.4.1); a dead peer shows as an error of TCP."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_PING)

    def close(self) -> None:
        """Close when what is buffered has been written."""
        self._why = "closed"
        # asyncio's TLS transport forgets its protocol at a second close(), and cannot be aborted then.
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()

    def abort(self, why: str) -> None:
        """Close at once."""
        self._why = why
        if self._transport is not None:
            self._transport.abort()

    @property
    def why(self) -> str:
        """Why it ended, or would end now."""
        return self._why

    def _certificate_problem(self) -> str:
        tls = self.config.tls
        if self._transport is None or tls is None or not self.outgoing or not tls.verify_server:
            return ""
        certificate = cast("dict[str, Any] | None", self._transport.get_extra_info("peercert"))
        if certificate and certificate_matches(certificate, self.domain, wildcards=tls.allow_wildcard_certs):
            return ""
        return f"tls: the certificate is not for {self.domain}"

    def _learn_alias(self, message: bytes, flow: Flow) -> None:
        if self.outgoing or b";alias" not in message[:2048]:
            return
        match = _ALIAS_VIA.search(message, 0, 2048)
        if match is None:
            return
        host, _, port = match.group(1).decode("latin-1").rpartition(":")
        # Only for the address that it really comes from: else it could draw others' calls to itself.
        if port.isdigit() and host.strip("[]") == flow.remote_host:
            self._network.add_alias(self, flow.remote_host, int(port))


class StreamListener:
    """A listening TCP socket, plain or TLS.  Accepts by itself so that limits hold before any handshake."""

    def __init__(
        self,
        network: "AsyncioNetwork",
        config: "TransportConfig",
        sock: socket.socket,
        contexts: TlsContexts | None,
    ) -> None:
        self.config = config
        self.contexts = contexts
        self.host, self.port = cast("tuple[str, int]", sock.getsockname()[:2])
        self._network = network
        self._sock = sock
        self._taking: dict[asyncio.Task[None], Connection] = {}
        network.loop.add_reader(sock.fileno(), self._accept)

    def _accept(self) -> None:
        network = self._network
        for _ in range(_ACCEPT_BUDGET):
            try:
                sock, address = self._sock.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    # Nothing to accept with: look again later instead of spinning on a readable socket.
                    log.error("no connection can be accepted on %s: %s", self.config.name, error)
                    network.loop.remove_reader(self._sock.fileno())
                    network.loop.call_later(1.0, self._resume)
                    return
                continue  # that one connection was reset
            host = cast(str, address[0])
            if not network.admit_connection(host):
                network.counters.connections_refused += 1
                sock.close()
                continue
            sock.setblocking(False)
            connection = Connection(network, self.config, accepted=host)
            task = network.loop.create_task(self._take(sock, host, connection))
            self._taking[task] = connection
            task.add_done_callback(self._taken)

    def _resume(self) -> None:
        if self._sock.fileno() >= 0:
            self._network.loop.add_reader(self._sock.fileno(), self._accept)

    def _taken(self, task: asyncio.Task[None]) -> None:
        del self._taking[task]

    async def _take(self, sock: socket.socket, host: str, connection: Connection) -> None:
        network = self._network
        context = self.contexts.server if self.contexts is not None else None
        try:
            network.tune_stream(sock, self.config)
            await network.loop.connect_accepted_socket(
                lambda: connection,
                sock,
                ssl=context,
                ssl_handshake_timeout=network.limits.half_open_timeout if context is not None else None,
            )
        except (OSError, ssl.SSLError, TimeoutError) as error:
            network.counters.handshake_errors += 1
            log.debug("%s: connection from %s not taken: %s", self.config.name, host, error)
            sock.close()
        finally:
            if not connection.made:
                network.connection_taken(host)

    def close(self) -> None:
        """Stop listening.  Connections that were accepted stay."""
        for task, connection in self._taking.items():
            if not connection.made:
                task.cancel()
        if self._sock.fileno() >= 0:
            self._network.loop.remove_reader(self._sock.fileno())
            self._sock.close()
