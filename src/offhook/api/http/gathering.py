"""WebSockets whose messages go out together: one write for what is said within some milliseconds.

What comes behind a pause goes out in this turn of the loop.  What follows waits for company, 20 ms at
least and 100 ms at most, so that all connections together take no more than 200 writes a second: each write
wakes a client, which costs more than making the event.  (So does AMI: `api/ami/streams.py`.)
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

__all__ = ["GatheredWrites", "GatheringWebSocket"]

_SHORTEST, _LONGEST = 0.02, 0.1  # seconds between two writes to a client
_WRITES = 200  # a second, to all of them


class GatheredWrites:
    """A transport that hands several writes to another one at once."""

    open = 0
    """How many there are."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []
        self._not_before = 0.0
        GatheredWrites.open += 1

    def write(self, data: bytes) -> None:
        """Part of asyncio.Transport."""
        self._pieces.append(data)
        if len(self._pieces) == 1:
            loop, due = self._loop, self._not_before
            loop.call_soon(self.flush) if loop.time() >= due else loop.call_at(due, self.flush)

    def flush(self) -> None:
        """Hand over what there is."""
        pieces, self._pieces = self._pieces, []
        if pieces and not self._transport.is_closing():
            pause = min(max(_SHORTEST, GatheredWrites.open / _WRITES), _LONGEST)
            self._not_before = self._loop.time() + pause
            self._transport.write(b"".join(pieces))

    def close(self) -> None:
        """Part of asyncio.Transport."""
        self.flush()
        self._transport.close()

    def lost(self) -> None:
        """The connection is gone."""
        GatheredWrites.open -= 1

    def __getattr__(self, name: str) -> Any:
        """All else is the other one's."""
        return getattr(self._transport, name)


class GatheringWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket connection, on gathered writes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        self._gathered = GatheredWrites(cast("asyncio.Transport", transport), asyncio.get_running_loop())
        super().connection_made(cast("asyncio.Transport", self._gathered))

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of asyncio.Protocol."""
        self._gathered.lost()
        super().connection_lost(exc)
