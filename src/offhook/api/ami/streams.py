"""How events reach the sessions: who sees the same gets the same octets.

Sessions that want the same classes and have no filters share a stream: an event is encoded once, kept once,
and all that has come together is joined once for all of them.

An event after a pause goes out at once.  What follows waits for company, 20 ms at least and 100 ms at most,
so that all clients together take no more than 200 writes a second: on a busy node it is not the events that
cost but the system calls, each of which wakes a client.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.api.ami.session import Session

__all__ = ["Stream", "Streams"]

_SHORTEST, _LONGEST = 0.02, 0.1  # seconds between two writes to a client
_WRITES = 200  # a second, to all of them


class Stream:
    """Events for all sessions that want these classes."""

    __slots__ = ("mask", "pending", "sessions")

    def __init__(self, mask: int) -> None:
        self.mask = mask
        self.sessions: list[Session] = []
        self.pending: list[bytes] = []

    def flush(self) -> None:
        """Write what waits."""
        pending = self.pending
        if pending:
            data = pending[0] if len(pending) == 1 else b"".join(pending)
            pending.clear()
            for session in self.sessions:
                session.write_events(data)


class Streams:
    """The sessions of one node that get events."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._streams: dict[int, Stream] = {}
        self._alone: list[Session] = []  # with filters, or over HTTP
        self._clients = 0
        self._timer: asyncio.Handle | None = None
        self._flushed_at = 0.0
        self.pause = _SHORTEST

    def place(self, session: Session) -> None:
        """What a session wants, or how it gets it, has changed."""
        self.remove(session)
        if session.closed or not session.wanted:
            return
        self._count(1)
        if session.filters or session.waiting is not None:
            self._alone.append(session)
            session.stream = Stream(session.wanted)
            session.stream.sessions.append(session)
            return
        stream = self._streams.get(session.wanted)
        if stream is None:
            stream = self._streams[session.wanted] = Stream(session.wanted)
        stream.flush()  # what came before is not for the new one
        stream.sessions.append(session)
        session.stream = stream

    def remove(self, session: Session) -> None:
        """It gets no events any more."""
        stream, session.stream = session.stream, None
        if stream is None:
            return
        self._count(-1)
        stream.flush()
        stream.sessions.remove(session)
        if session in self._alone:
            self._alone.remove(session)
        elif not stream.sessions:
            del self._streams[stream.mask]

    def _count(self, more: int) -> None:
        self._clients += more
        self.pause = min(max(_SHORTEST, self._clients / _WRITES), _LONGEST)

    def give(self, name: str, mask: int, head: str, lines: str) -> None:
        """An event, for every session that wants one of the classes of `mask`."""
        text, encoded = "", b""
        for stream in self._streams.values():
            if stream.mask & mask:
                if not encoded:
                    text = f"{head}{lines}\r\n"
                    encoded = text.encode("utf-8", "replace")
                stream.pending.append(encoded)
        if self._alone:
            for session in self._alone:
                if session.wanted & mask:
                    text = text or f"{head}{lines}\r\n"
                    session.deliver(name, text)
        if self._timer is None and text:
            self._flush_soon()

    def _flush_soon(self) -> None:
        due = self._flushed_at + self.pause
        loop = self._loop
        self._timer = loop.call_soon(self._flush) if loop.time() >= due else loop.call_at(due, self._flush)

    def _flush(self) -> None:
        self._timer = None
        self._flushed_at = self._loop.time()
        for stream in self._streams.values():
            stream.flush()
        for session in self._alone:
            session.flush()

    def close(self) -> None:
        """The node stops."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
