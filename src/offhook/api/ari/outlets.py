"""How messages leave for the clients: in order, never blocking whoever has something to say.

Applications that hear everything share their events: the text of one is made and encoded once, and what has
come together is joined for each client by one call.  (AMI does alike: `api/ami/streams.py`.)

A message after a pause goes out in this turn of the loop.  What follows waits for company, 20 ms at least
and 100 ms at most, so that all clients together take no more than 200 writes a second: each write wakes a
client, which costs more than making the event.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed

from offhook.api.http.frames import text_head

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.api.http.frames import FramesWebSocket

__all__ = ["GONE", "FrameOutlet", "Outlet", "QueueOutlet", "Socket", "Streams"]

log = logging.getLogger(__name__)

_SHORTEST, _LONGEST = 0.02, 0.1  # seconds between two writes to a client
_WRITES = 200  # a second, to all of them
_MOST_MESSAGES = 5000
_MOST_OCTETS = 8 << 20
"""What may wait for a client; one that is further behind is disconnected."""

GONE = (WebSocketDisconnect, ConnectionClosed, RuntimeError, OSError)
"""What a socket raises whose far end is gone."""


class Socket(Protocol):
    """A WebSocket connection."""

    async def send_text(self, data: str) -> None:
        """Send a message."""
        ...

    async def receive_text(self) -> str:
        """The next message."""
        ...

    async def close(self, code: int = 1000) -> None:
        """End the connection."""
        ...


class Outlet(Protocol):
    """The way out to one client."""

    def put(self, text: str) -> None:
        """Send a message, after those before; it never blocks."""
        ...

    def flush(self) -> None:
        """Send at once what waits for company."""
        ...

    def end(self) -> None:
        """Send nothing more: run() is to end."""
        ...

    async def run(self) -> None:
        """Until end(), or until the client is gone or too far behind."""
        ...

    async def drain(self) -> None:
        """Send what still waits, after run()."""
        ...

    def abandon(self) -> None:
        """Give up a client that does not even let itself be told so."""
        ...


class QueueOutlet:
    """Messages through a socket's own send(): of connections that we have made."""

    def __init__(self, socket: Socket, patience_s: float) -> None:
        self._socket = socket
        self._patience_s = patience_s
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()

    def put(self, text: str) -> None:
        """Part of Outlet."""
        if self._queue.qsize() >= _MOST_MESSAGES:
            log.warning("ARI: a client is %d events behind and is disconnected", _MOST_MESSAGES)
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(None)
            return
        self._queue.put_nowait(text)

    def flush(self) -> None:
        """Part of Outlet: nothing waits for company here."""

    def end(self) -> None:
        """Part of Outlet."""
        self._queue.put_nowait(None)

    async def run(self) -> None:
        """Part of Outlet."""
        queue, loop = self._queue, asyncio.get_running_loop()
        while (text := await queue.get()) is not None:
            try:
                async with asyncio.timeout(self._patience_s) as limit:
                    await self._socket.send_text(text)
                    while not queue.empty():  # a timer for each would cost as much as the message
                        text = queue.get_nowait()
                        if text is None:
                            return
                        limit.reschedule(loop.time() + self._patience_s)
                        await self._socket.send_text(text)
            except (TimeoutError, *GONE):
                return

    async def drain(self) -> None:
        """Part of Outlet."""
        while not self._queue.empty():
            text = self._queue.get_nowait()
            if text is not None:
                await self._socket.send_text(text)

    def abandon(self) -> None:
        """Part of Outlet: close() of these sockets does not wait for long."""


class FrameOutlet:
    """Messages as frames of our own, written together with others."""

    def __init__(self, streams: Streams, frames: FramesWebSocket, patience_s: float) -> None:
        self._streams = streams
        self._frames = frames
        self._patience_s = patience_s
        self._ended = asyncio.Event()
        self.pieces: list[bytes] = []
        """What waits for company."""

    def put(self, text: str) -> None:
        """Part of Outlet."""
        self._streams.settle()  # what others have been told, too, comes before
        data = text.encode("utf-8", "replace")
        self.pieces += (text_head(len(data)), data)
        self._streams.flush_soon()

    def flush(self) -> None:
        """Part of Outlet."""
        self._streams.settle()
        self.write()

    def write(self) -> None:
        """Hand over what has come; a client that does not take it is given up."""
        pieces = self.pieces
        if not pieces or self._ended.is_set():
            pieces.clear()
            return
        self._frames.write_frames(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        pieces.clear()
        if self._frames.waiting > _MOST_OCTETS or self._frames.stuck_s > self._patience_s:
            log.warning("ARI: a client is %d octets behind and is disconnected", self._frames.waiting)
            self.abandon()
            self._ended.set()

    def end(self) -> None:
        """Part of Outlet."""
        self.flush()
        self._ended.set()

    async def run(self) -> None:
        """Part of Outlet."""
        self._streams.open(self)
        try:
            await self._ended.wait()
        finally:
            self._streams.close(self)

    async def drain(self) -> None:
        """Part of Outlet."""
        self.flush()

    def abandon(self) -> None:
        """Part of Outlet."""
        self._frames.abandon()


class Streams:
    """The outlets of one node that write frames, and the events that some of them share."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._outlets: list[FrameOutlet] = []
        self._sharing: list[tuple[FrameOutlet, bytes]] = []
        self._shared: list[bytes] = []
        self._timer: asyncio.Handle | None = None
        self._not_before = 0.0

    def open(self, outlet: FrameOutlet) -> None:
        """A client is there; what it has been told so far is not kept waiting."""
        self._outlets.append(outlet)
        if outlet.pieces:
            self.flush_soon()

    def close(self, outlet: FrameOutlet) -> None:
        """It is gone."""
        self._outlets.remove(outlet)
        self._sharing = [one for one in self._sharing if one[0] is not outlet]

    @property
    def is_shared(self) -> bool:
        """Whether anybody hears what share() is given."""
        return bool(self._sharing)

    def place(self, sharing: Sequence[tuple[FrameOutlet, str]]) -> None:
        """Who hears what share() is given from now on, and what each one's messages end with."""
        self.settle()
        self._sharing = [(outlet, end.encode("utf-8", "replace")) for outlet, end in sharing]

    def share(self, text: str) -> None:
        """A message for all who share, but for its end."""
        self._shared.append(text.encode("utf-8", "replace"))
        if self._timer is None:
            self.flush_soon()

    def settle(self) -> None:
        """Give everyone its own of what is shared: other messages come after it."""
        shared = self._shared
        if not shared:
            return
        begun: dict[int, list[bytes]] = {}  # by the length of the end, on which the heads depend
        for outlet, end in self._sharing:
            size = len(end)
            pieces = begun.get(size)
            if pieces is None:
                pieces = begun[size] = [text_head(len(text) + size) + text for text in shared]
                pieces.append(b"")
            outlet.pieces.append(end.join(pieces))
        shared.clear()

    def flush_soon(self) -> None:
        """Write what waits: now, or when the pause is over."""
        if self._timer is None:
            loop, due, flush = self._loop, self._not_before, self._flush
            self._timer = loop.call_soon(flush) if loop.time() >= due else loop.call_at(due, flush)

    def _flush(self) -> None:
        self._timer = None
        self._not_before = self._loop.time() + min(max(_SHORTEST, len(self._outlets) / _WRITES), _LONGEST)
        self.settle()
        for outlet in self._outlets:
            outlet.write()
