"""The log of SIP messages as they go over the wire (`pjsip set logger`, [global] debug), and captures."""

from __future__ import annotations

import logging
import re
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.levels import verbose

if TYPE_CHECKING:
    from offhook.sip.network import Flow, Hop

__all__ = ["CaptureFile", "MessageLog", "message_log"]

log = logging.getLogger("offhook.sip.messages")

_CSEQ = re.compile(rb"^CSeq[ \t]*:[ \t]*\d+[ \t]+([A-Za-z]+)", re.IGNORECASE | re.MULTILINE)
_RAW_IP = 101  # the link type of packets that begin with their IP header
_LONGEST = 65_000  # a message longer than a UDP packet is cut


class MessageLog:
    """Logs messages; `offhook.sip.ua.UserAgent.message_log`."""

    def __init__(self, host: str = "") -> None:
        """`host`: the address whose messages are logged, "" for everybody's."""
        self.hosts = {host} if host else set[str]()
        """Addresses, with or without a port; none of them: everybody's."""
        self.methods: set[bytes] = set()
        """Methods; none of them: all."""
        self.writes = True
        """Whether messages go to the log; a capture file gets them anyway."""
        self.capture: CaptureFile | None = None

    def __call__(self, sent: bool, hop: Hop, data: bytes) -> None:
        """Write one."""
        if self.hosts and hop.host not in self.hosts and f"{hop.host}:{hop.port}" not in self.hosts:
            return
        if self.methods:
            method = _CSEQ.search(data)
            if method is None or method[1].upper() not in self.methods:
                return
        if self.capture is not None:
            self.capture.write(sent, hop, data)
        if self.writes:
            arrow = "to" if sent else "from"
            text = data.decode("utf-8", "replace")
            log.log(verbose(0), "SIP message %s %s:%d\n%s", arrow, hop.host, hop.port, text)


class CaptureFile:
    """A file that Wireshark and tcpdump read (pcap); messages of TCP and TLS stand there as UDP packets."""

    def __init__(self, path: Path, flow_of: Callable[[int], Flow | None]) -> None:
        """Begin a new file.  `flow_of` tells our end of a flow.  Raises OSError."""
        self.path = path
        self._flow_of = flow_of
        self._file = path.open("wb", buffering=0)
        self._file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, _RAW_IP))

    def write(self, sent: bool, hop: Hop, data: bytes) -> None:
        """Add a message; the file is given up when that fails."""
        flow = self._flow_of(hop.flow)
        local = (flow.local_host, flow.local_port) if flow is not None else ("0.0.0.0", 0)
        remote = (hop.host, hop.port)
        try:
            packet = _packet(*((local, remote) if sent else (remote, local)), data[:_LONGEST])
            now = time.time()
            size = len(packet)
            head = struct.pack("<IIII", int(now), int(now % 1 * 1e6), size, size)
            self._file.write(head + packet)
        except OSError as error:
            log.error("the capture %s ends: %s", self.path, error)
            self.close()

    def close(self) -> None:
        """No more messages.  Idempotent."""
        self._file.close()


def _packet(source: tuple[str, int], target: tuple[str, int], data: bytes) -> bytes:
    """An IP packet with a UDP datagram; OSError for what is no address.  Checksums are left out."""
    udp = struct.pack("!HHHH", source[1], target[1], 8 + len(data), 0) + data
    if ":" in source[0] + target[0]:
        ends = b"".join(socket.inet_pton(socket.AF_INET6, _as_v6(host)) for host in (source[0], target[0]))
        return struct.pack("!IHBB", 6 << 28, len(udp), 17, 64) + ends + udp
    ends = b"".join(socket.inet_aton(host) for host in (source[0], target[0]))
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + ends + udp


def _as_v6(host: str) -> str:
    return host.partition("%")[0] if ":" in host else f"::ffff:{host}"


def message_log(debug: str) -> MessageLog | None:
    """What [global] debug asks for: yes, no, or the address of one peer."""
    word = debug.lower()
    if word in ("no", "false", "off", "n", "f", "0", ""):
        return None
    return MessageLog("" if word in ("yes", "true", "on", "y", "t", "1") else debug)
