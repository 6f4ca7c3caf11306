"""One UDP socket for SIP: bounded batches in; out at once, or by a short backlog when the kernel is full."""

import logging
import socket
from collections import deque
from typing import TYPE_CHECKING, cast

from offhook.sip.network import Flow

if TYPE_CHECKING:
    from offhook.sip.transport import AsyncioNetwork, TransportConfig

__all__ = ["UdpSocket"]

log = logging.getLogger(__name__)

# Datagrams read before others get their turn in the loop.  Level-triggered: the rest comes next time.
# Large, because reading is cheap and what waits in the kernel cannot be told important from unimportant.
_READ_BUDGET = 256
_BACKLOG = 256
_LARGEST_DATAGRAM = 65535
# A burst of phones registering after a power cut must fit: some 2,000 messages as the kernel counts them.
_RECEIVE_BUFFER = 4 * 1024 * 1024
_SEND_BUFFER = 1024 * 1024
_SO_SNDBUFFORCE = 32  # Linux, with CAP_NET_ADMIN: beyond net.core.[rw]mem_max
_SO_RCVBUFFORCE = 33


class UdpSocket:
    """A bound, non-blocking UDP socket and its flow."""

    def __init__(self, network: "AsyncioNetwork", config: "TransportConfig", sock: socket.socket) -> None:
        self.config = config
        self.flow: Flow | None = None
        self.host, self.port = cast("tuple[str, int]", sock.getsockname()[:2])
        self.family = sock.family
        self._network = network
        self._sock = sock
        self._backlog: deque[tuple[bytes, tuple[str, int]]] = deque()
        _grow(sock, socket.SO_RCVBUF, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
        _grow(sock, socket.SO_SNDBUF, _SO_SNDBUFFORCE, _SEND_BUFFER)

    def start(self, flow: Flow) -> None:
        """Begin to read for `flow`."""
        self.flow = flow
        self._network.loop.add_reader(self._sock.fileno(), self._readable)

    def _readable(self) -> None:
        network = self._network
        receiver = network.receiver
        flow = self.flow
        if receiver is None or flow is None:
            return
        number = flow.id
        recvfrom = self._sock.recvfrom
        received = receiver.received
        count = 0
        for _ in range(_READ_BUDGET):
            try:
                data, address = recvfrom(_LARGEST_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                continue  # an ICMP error of an earlier sending
            count += 1
            received(number, address[0], address[1], data)
        network.counters.datagrams_received += count
        receiver.read_done()

    def send(self, host: str, port: int, data: bytes) -> bool:
        """Send one datagram.  False when the address cannot be reached or the message does not fit."""
        if self._backlog:
            return self._keep(data, (host, port))
        try:
            self._sock.sendto(data, (host, port))
        except (BlockingIOError, InterruptedError):
            return self._keep(data, (host, port))
        except (OSError, OverflowError, UnicodeError, ValueError) as error:
            log.debug(
                "%s: %d bytes cannot be sent to %s:%s: %s", self.config.name, len(data), host, port, error
            )
            return False
        return True

    def _keep(self, data: bytes, address: tuple[str, int]) -> bool:
        if len(self._backlog) >= _BACKLOG:
            self._network.counters.datagrams_dropped += 1
            return True  # lost as on a wire: timers A, E and G repeat it
        if not self._backlog:
            self._network.loop.add_writer(self._sock.fileno(), self._writable)
        self._backlog.append((data, address))
        return True

    def _writable(self) -> None:
        backlog = self._backlog
        while backlog:
            data, address = backlog[0]
            try:
                self._sock.sendto(data, address)
            except (BlockingIOError, InterruptedError):
                return
            except (OSError, OverflowError, ValueError):
                self._network.counters.datagrams_dropped += 1
            backlog.popleft()
        self._network.loop.remove_writer(self._sock.fileno())

    def close(self) -> None:
        """Close the socket."""
        if self._sock.fileno() >= 0:
            self._network.loop.remove_reader(self._sock.fileno())
            self._network.loop.remove_writer(self._sock.fileno())
            self._sock.close()


def _grow(sock: socket.socket, option: int, forced: int, size: int) -> None:
    """Ask for a large buffer; the kernel gives what it allows."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, forced, size)
    except OSError:
        sock.setsockopt(socket.SOL_SOCKET, option, size)
