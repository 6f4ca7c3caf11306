"""A phone of loopback sockets, and what it takes to measure what it hears."""

from __future__ import annotations

import itertools
import math
import select
import socket
import struct
import time
from collections.abc import Iterator

from offhook._core import MediaEngine, Port

RATE = 8000
FRAME = 160


def ulaw_encode(sample: int) -> int:
    magnitude = min(abs(sample), 32635) + 132
    exponent = magnitude.bit_length() - 8
    code = exponent << 4 | magnitude >> exponent + 3 & 15
    return ~(code | (0x80 if sample < 0 else 0)) & 0xFF


def ulaw_decode(octet: int) -> int:
    code = ~octet & 0xFF
    magnitude = ((code & 15) * 8 + 132 << (code >> 4 & 7)) - 132
    return -magnitude if code & 0x80 else magnitude


ULAW = [ulaw_decode(octet) for octet in range(256)]


def tone(frequency: float, seconds: float, peak: float = 8000.0) -> list[int]:
    step = 2 * math.pi * frequency / RATE
    return [round(peak * math.sin(step * n)) for n in range(int(RATE * seconds))]


def level(samples: list[int], frequency: float) -> float:
    """Peak amplitude of one frequency."""
    step = 2 * math.pi * frequency / RATE
    real = sum(s * math.cos(step * n) for n, s in enumerate(samples))
    imaginary = sum(s * math.sin(step * n) for n, s in enumerate(samples))
    return 2 * math.hypot(real, imaginary) / max(len(samples), 1)


class Packet:
    def __init__(self, data: bytes, at: float) -> None:
        flags, kind, self.sequence, self.timestamp, self.ssrc = struct.unpack("!BBHII", data[:12])
        assert flags == 0x80
        self.marker, self.pt, self.payload, self.at = bool(kind >> 7), kind & 127, data[12:], at


class Phone:
    """A socket that speaks RTP; its port plus one takes RTCP."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        for _ in range(50):
            self.rtp = socket.socket(family, socket.SOCK_DGRAM)
            self.rtp.bind((host, 0))
            self.port = self.rtp.getsockname()[1]
            self.rtcp = socket.socket(family, socket.SOCK_DGRAM)
            try:
                self.rtcp.bind((host, self.port + 1))
                break
            except (OSError, OverflowError):
                self.rtp.close()
                self.rtcp.close()
        self.host = host
        self.sequence, self.timestamp, self.ssrc = 65530, 4294967000, 0x1234
        self.to = (host, 0)

    def connect(self, port: Port) -> None:
        port.set_remote(self.host, self.port)
        self.to = (self.host, port.rtp_port)

    def send(self, payload: bytes, pt: int = 0, marker: bool = False, advance: int = FRAME) -> None:
        header = struct.pack("!BBHII", 0x80, pt | marker << 7, self.sequence, self.timestamp, self.ssrc)
        self.rtp.sendto(header + payload, self.to)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + advance) & 0xFFFFFFFF

    def speak(self, samples: list[int], *, paced: bool = True) -> None:
        start = time.monotonic()
        for n in range(0, len(samples), FRAME):
            self.send(bytes(ulaw_encode(s) for s in samples[n : n + FRAME]))
            if paced:
                time.sleep(max(0.0, start + (n / FRAME + 1) * 0.02 - time.monotonic()))

    def digit(self, code: int, pt: int = 101, packets: int = 5, lose: tuple[int, ...] = ()) -> None:
        """A press of 20 ms a packet, with three end packets; `lose` counts from 0 over all."""
        start = self.timestamp
        for n in range(packets + 2):
            end = n >= packets - 1
            payload = struct.pack("!BBH", code, end << 7 | 10, FRAME * min(n + 1, packets))
            if n in lose:
                self.sequence = (self.sequence + 1) & 0xFFFF
            else:
                self.send(payload, pt, n == 0, 0)
        self.timestamp = (start + FRAME * packets) & 0xFFFFFFFF

    def hear(self, count: int = 10_000, timeout: float = 1.0, quiet: float = 0.15) -> list[Packet]:
        """What comes until `count` packets, or until nothing came for `quiet` (first: `timeout`)."""
        packets: list[Packet] = []
        wait = timeout
        while len(packets) < count and select.select([self.rtp], [], [], wait)[0]:
            packets.append(Packet(self.rtp.recv(2048), time.monotonic()))
            wait = quiet if count == 10_000 else timeout
        return packets

    def close(self) -> None:
        self.rtp.close()
        self.rtcp.close()


def audio(packets: list[Packet]) -> list[int]:
    return [ULAW[octet] for p in packets for octet in p.payload]


def assert_continuous(packets: list[Packet]) -> None:
    assert len({p.ssrc for p in packets}) == 1
    for before, after in itertools.pairwise(packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        assert 0 <= (after.timestamp - before.timestamp) & 0xFFFFFFFF < 80_000


def wait_for(engine: MediaEngine, kind: str, timeout: float = 3.0) -> tuple[str, int, int, str, int]:
    """The next event of this kind; others before it are let go."""
    end = time.monotonic() + timeout
    while (left := end - time.monotonic()) > 0:
        for event in _pending(engine, left):
            if event[0] == kind:
                return event
    raise AssertionError(f"no {kind}")


queued: dict[int, list[tuple[str, int, int, str, int]]] = {}


def _pending(engine: MediaEngine, timeout: float) -> Iterator[tuple[str, int, int, str, int]]:
    queue = queued.setdefault(id(engine), [])
    if not queue and select.select([engine.event_fd], [], [], timeout)[0]:
        queue.extend(engine.events())
    while queue:
        yield queue.pop(0)


def bridged(engine: MediaEngine, phones: tuple[Phone, Phone]) -> tuple[Port, Port]:
    a, b = engine.open_port("127.0.0.1"), engine.open_port("127.0.0.1")
    for phone, port in zip(phones, (a, b), strict=True):
        port.set_codecs(
            (0, "PCMU", 8000, 20),
            [(0, "PCMU", 8000), (8, "PCMA", 8000)],
            telephone_event_send=101,
            telephone_event_receive=[101],
        )
        phone.connect(port)
    a.bridge(b)
    settle(engine)
    return a, b


def settle(engine: MediaEngine) -> None:
    """Until ports that were bridged are with one worker; packets that come earlier may be lost."""
    before = -1
    while (now := engine.stats()["commands"]) != before:
        before = now
        time.sleep(0.015)
