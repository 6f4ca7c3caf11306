"""A STUN server that sees everybody at 203.0.113.77."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import cast

__all__ = ["StunServer"]

COOKIE = 0x2112A442


class StunServer(asyncio.DatagramProtocol):
    """Sees everybody at 203.0.113.77, and counts who asks; `deaf` for the first so many requests."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.software: list[bytes] = []
        self.deaf = 0
        self.error = False
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        kind, length, cookie = struct.unpack_from(">HHI", data)
        assert (kind, cookie) == (1, COOKIE)
        assert length == len(data) - 20
        self.software.append(data[24:])
        if self.deaf:
            self.deaf -= 1
            return
        self.asked.append(addr)
        if self.error:
            attributes = struct.pack(">HHHBB", 9, 7, 0, 4, 20) + b"no!\0"
        else:
            host = struct.unpack(">I", socket.inet_aton("203.0.113.77"))[0] ^ COOKIE
            attributes = struct.pack(">HHBBHI", 0x20, 8, 0, 1, addr[1] ^ (COOKIE >> 16), host)
        head = struct.pack(">HHI", 0x111 if self.error else 0x101, len(attributes), COOKIE) + data[8:20]
        assert self._transport is not None
        self._transport.sendto(head + attributes, addr)
