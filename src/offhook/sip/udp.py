"""One UDP socket for SIP: bounded batches in; out at once, or by a short backlog when the kernel is full."""

import errno
import logging
import select
import socket
import struct
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
# Linux: ICMP errors of what was sent are queued with the datagram that they are about.
_IP_RECVERR = 11
_IPV6_RECVERR = 25
_MSG_ERRQUEUE = 0x2000
_QUOTED = 1500  # bytes of a datagram that an ICMP error brings back: at most what fits into 576 or 1280
_ERROR_BUDGET = 64
_NOBODY_THERE = frozenset((errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN))


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
        self._epoll = self._ask_for_errors()

    def _ask_for_errors(self) -> "select.epoll | None":
        """Have ICMP errors queued; the loop then watches an epoll of our own.

        Errors make a socket ready as "error", and libuv ends the watching of what is so; an epoll with the
        socket in it is readable for errors and datagrams alike.
        """
        if not hasattr(select, "epoll"):  # not Linux: timers find out that nobody is there
            return None
        level, option = socket.IPPROTO_IP, _IP_RECVERR
        if self.family == socket.AF_INET6:
            level, option = socket.IPPROTO_IPV6, _IPV6_RECVERR
        try:
            self._sock.setsockopt(level, option, 1)
        except OSError as error:
            log.debug("%s: ICMP errors are not told: %s", self.config.name, error)
            return None
        epoll = select.epoll()
        epoll.register(self._sock.fileno(), select.EPOLLIN)
        return epoll

    def start(self, flow: Flow) -> None:
        """Begin to read for `flow`."""
        self.flow = flow
        watched = self._sock if self._epoll is None else self._epoll
        self._network.loop.add_reader(watched.fileno(), self._readable)

    def _watch_writing(self, on: bool) -> None:
        """Whether the loop is to tell when the kernel takes datagrams again."""
        loop, number = self._network.loop, self._sock.fileno()
        if self._epoll is not None:
            self._epoll.modify(number, select.EPOLLIN | select.EPOLLOUT if on else select.EPOLLIN)
        elif on:
            loop.add_writer(number, self._writable)
        else:
            loop.remove_writer(number)

    def _readable(self) -> None:
        network = self._network
        receiver = network.receiver
        flow = self.flow
        if receiver is None or flow is None:
            return
        if self._backlog and self._epoll is not None:
            self._writable()
        number = flow.id
        recvfrom = self._sock.recvfrom
        received = receiver.received
        count = 0
        failed = False
        for _ in range(_READ_BUDGET):
            try:
                data, address = recvfrom(_LARGEST_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                failed = True  # an ICMP error of an earlier sending
                continue
            count += 1
            received(number, address[0], address[1], data)
        if failed or not count:  # nothing to read: woken for an error that a sending has met already
            self._take_errors()
        network.counters.datagrams_received += count
        receiver.read_done()

    def _take_errors(self) -> None:
        """Tell the receiver which datagrams have met an ICMP error (RFC 3261 18.4)."""
        receiver = self._network.receiver
        for _ in range(_ERROR_BUDGET):
            try:
                data, extra, _, _ = self._sock.recvmsg(_QUOTED, 256, _MSG_ERRQUEUE)
            except OSError:
                return
            self._network.counters.datagrams_undeliverable += 1
            why = struct.unpack_from("I", extra[0][2])[0] if extra and len(extra[0][2]) >= 4 else 0
            if receiver is not None and data and why in _NOBODY_THERE:
                receiver.undeliverable(data)

    def send(self, host: str, port: int, data: bytes) -> bool:
        """Send one datagram.  False when the address cannot be reached or the message does not fit."""
        if self._backlog:
            return self._keep(data, (host, port))
        try:
            try:
                self._sock.sendto(data, (host, port))
            except ConnectionRefusedError:  # an earlier datagram's error; now it has been told
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
            self._watch_writing(True)
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
            except ConnectionRefusedError:
                continue  # an earlier datagram's error
            except (OSError, OverflowError, ValueError):
                self._network.counters.datagrams_dropped += 1
            backlog.popleft()
        self._watch_writing(False)

    def close(self) -> None:
        """Close the socket."""
        if self._sock.fileno() < 0:
            return
        if self._epoll is None:
            self._network.loop.remove_reader(self._sock.fileno())
            self._network.loop.remove_writer(self._sock.fileno())
        else:
            self._network.loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
        self._sock.close()


def _grow(sock: socket.socket, option: int, forced: int, size: int) -> None:
    """Ask for a large buffer; the kernel gives what it allows."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, forced, size)
    except OSError:
        sock.setsockopt(socket.SOL_SOCKET, option, size)
