"""Hostile traffic: datagrams that are nearly SIP or nothing like it, and connections that never become SIP.

Everything follows from a seed, so that a run can be repeated.
"""

from __future__ import annotations

import random
import re
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["HalfOpen", "Sender", "datagrams", "torture"]

_TORTURE = Path(__file__).parents[2] / "rust" / "sip" / "tests" / "fixtures" / "rfc4475"
_LARGEST = 65_507  # what a UDP datagram can hold on IPv4
_METHODS = ("INVITE", "REGISTER", "OPTIONS", "MESSAGE", "SUBSCRIBE", "NOTIFY", "REFER", "UPDATE", "INFO")
_METHODS += ("PRACK", "PUBLISH", "BYE", "CANCEL", "ACK", "X")
_TOKENS = (
    b"\0",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"%n%s%x",
    b"%00",
    b"\xff\xfe",
    b"\xc0\x80",
    b"<",
    b">",
    b'"',
    b"\\",
    b";",
    b",",
    b":",
    b"@",
    b"4294967296",
    b"-1",
    b"99999999999999999999",
    b"sip:",
    b"[::",
    b"A" * 300,
    b"<" * 64,
    b'"' * 33,
    b"(" * 50,
)
_SDP = (
    "v=0\r\no=x 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
)


def torture() -> list[bytes]:
    """The messages of RFC 4475."""
    return [path.read_bytes() for path in sorted(_TORTURE.glob("*.dat"))]


def _message(source: random.Random) -> bytes:
    """A whole request or response, of a stranger's call."""
    unique = f"{source.getrandbits(48):x}"
    method = source.choice(_METHODS)
    body = _SDP if source.random() < 0.3 else ""
    tag = f";tag={unique}" if source.random() < 0.2 else ""
    head = (
        f"{method} sip:{source.randrange(1000)}@127.0.0.1 SIP/2.0"
        if source.random() < 0.85
        else f"SIP/2.0 {source.choice((100, 180, 200, 302, 401, 404, 486, 500, 603, 700))} Answer"
    )
    return (
        f"{head}\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{unique};rport\r\n"
        f"Max-Forwards: {source.choice((70, 70, 70, 1, 0))}\r\n"
        f'From: "x" <sip:x{source.randrange(100)}@127.0.0.1>;tag={unique}\r\n'
        f"To: <sip:600@127.0.0.1>{tag}\r\n"
        f"Call-ID: {unique}@hostile\r\n"
        f"CSeq: {source.randrange(1, 100)} {method}\r\n"
        f"Contact: <sip:x@127.0.0.1:9>\r\n"
        f"Expires: 60\r\n"
        f"Content-Type: application/sdp\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def _spoiled(source: random.Random, message: bytes) -> bytes:
    """The message with a few things wrong."""
    data = bytearray(message)
    for _ in range(source.choice((1, 1, 1, 2, 3, 8))):
        at = source.randrange(len(data)) if data else 0
        match source.randrange(7):
            case 0:
                data[at : at + 1] = bytes((source.getrandbits(8),))
            case 1:
                data[at : at + source.randrange(1, 40)] = b""
            case 2:
                data[at:at] = source.choice(_TOKENS)
            case 3:
                lines = bytes(data).split(b"\r\n")
                lines.insert(source.randrange(len(lines)), source.choice(lines))
                data = bytearray(b"\r\n".join(lines))
            case 4:
                lines = bytes(data).split(b"\r\n")
                del lines[source.randrange(len(lines))]
                data = bytearray(b"\r\n".join(lines))
            case 5:
                found = re.search(rb"\d+", data[at:])
                if found:
                    data[at + found.start() : at + found.end()] = source.choice(_TOKENS)
            case _:
                data[at : at + 8] = data[at : at + 8].swapcase()
    return bytes(data)


def datagrams(count: int, seed: int) -> Iterator[bytes]:
    """So many datagrams: torture messages; spoiled, cut, oversize, random ones; whole ones of strangers."""
    source = random.Random(seed)
    known = torture()
    yield from known[:count]
    padding = random.Random(seed + 1).randbytes(_LARGEST)
    for _ in range(count - len(known)):
        kind = source.random()
        if kind < 0.55:
            made = _spoiled(source, source.choice(known) if source.random() < 0.1 else _message(source))
        elif kind < 0.75:
            whole = _message(source)
            made = whole[: source.randrange(len(whole))]
        elif kind < 0.90:
            size = source.randrange(1400)
            start = source.randrange(_LARGEST - size)
            made = padding[start : start + size]
        elif kind < 0.99:
            made = _message(source)
        else:
            whole = _message(source)
            size = source.randrange(2000, _LARGEST)
            filler = b"X: " + b"y" * 70 + b"\r\n" if source.random() < 0.5 else padding[:73]
            made = whole.replace(b"Expires", filler * (size // len(filler)) + b"Expires", 1)
        yield made[:_LARGEST] or b"\0"


class Sender:
    """Sends datagrams to the program no faster than it reads them: each must be its to count."""

    def __init__(self, port: int, sources: list[str], pending: Callable[[], int]) -> None:
        """`pending`: how many bytes wait in the program's socket."""
        self._to = ("127.0.0.1", port)
        self._pending = pending
        self._sockets: list[socket.socket] = []
        for host in sources:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((host, 0))
            sock.setblocking(False)
            self._sockets.append(sock)

    def send(self, made: Iterator[bytes]) -> int:
        """All of them, from the sources in turn; how many."""
        count = room = 0
        for count, data in enumerate(made, 1):
            if room <= 0:
                while self._pending() > 16_384:
                    time.sleep(0.0005)
                room = 24
            room -= 1 + len(data) // 2048
            sock = self._sockets[count % len(self._sockets)]
            sock.sendto(data, self._to)
            if count % 5000 == 0:
                self._drain()
        return count

    def _drain(self) -> None:
        """Throw away what was answered."""
        for sock in self._sockets:
            try:
                while True:
                    sock.recv(65536)
            except BlockingIOError:
                continue

    def close(self) -> None:
        """Close the sockets."""
        for sock in self._sockets:
            sock.close()


class HalfOpen:
    """Connections that say nothing, a part of a message, or a byte now and then."""

    def __init__(self, port: int, count: int, seed: int, per_source: int = 250) -> None:
        source = random.Random(seed)
        self._selector = selectors.DefaultSelector()
        self._dripping: list[tuple[socket.socket, bytes]] = []
        self.open = 0
        for number in range(count):
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            sock.bind((f"127.0.2.{1 + number // per_source}", 0))
            sock.connect(("127.0.0.1", port))
            sock.setblocking(False)
            self._selector.register(sock, selectors.EVENT_READ)
            self.open += 1
            whole = _message(source)
            match number % 4:
                case 0:
                    pass
                case 1:
                    sock.send(whole[: source.randrange(1, len(whole) - 2)])
                case 2:
                    sock.send(b"\r\n\r\n")
                case _:
                    self._dripping.append((sock, whole[:100]))

    def watch(self, until: float) -> None:
        """Drip, and see connections closed, until all are or a moment of time.monotonic()."""
        step = 0
        while self.open and time.monotonic() < until:
            for sock, data in self._dripping:
                if sock.fileno() >= 0 and step < len(data):
                    try:
                        sock.send(data[step : step + 1])
                    except OSError:
                        continue
            step += 1
            again = time.monotonic() + 1.0
            while self.open and (left := min(again, until) - time.monotonic()) > 0:
                for key, _ in self._selector.select(left):
                    self._look(key.fileobj)  # type: ignore[arg-type]

    def _look(self, sock: socket.socket) -> None:
        try:
            if sock.recv(4096):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._selector.unregister(sock)
        sock.close()
        self.open -= 1

    def close(self) -> None:
        """Close what is still open."""
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()
