"""The sockets of the manager interface: TCP and TLS, how much may wait for a client, and when it is dropped.

Reading stops while an action runs, so that a client which sends faster than it is answered is held up by its
own connection.  Of what a slow reader has not taken 1 MiB waits here; when it then takes nothing for
`writetimeout`, or more than 8 MiB are waiting, it is disconnected.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections import deque
from typing import TYPE_CHECKING, cast

from offhook.api.ami.protocol import BANNER, Message, MessageError, Reader
from offhook.api.ami.session import Session

if TYPE_CHECKING:
    from offhook.api.ami.server import ManagerServer
    from offhook.config.files.manager import ManagerGeneral

__all__ = ["Connection", "tls_context"]

log = logging.getLogger(__name__)

_HIGH_WATER = 1 << 20
_MOST_UNSENT = 8 << 20
_MOST_QUEUED = 100  # actions that wait; above it nothing more is read


class Connection(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, server: ManagerServer, transport_name: str) -> None:
        self._server = server
        self._transport_name = transport_name
        self._transport: asyncio.Transport | None = None
        self._reader = Reader()
        self._queue: deque[Message | MessageError] = deque()
        self._task: asyncio.Task[None] | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._login_timer: asyncio.TimerHandle | None = None
        self._written = 0  # octets so far
        self.session: Session | None = None

    # ------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, unless there are too many that have not logged in."""
        transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass of it
        self._transport = transport
        peer = _address(transport.get_extra_info("peername"))
        local = _address(transport.get_extra_info("sockname"))
        server = self._server
        if server.is_crowded():
            log.warning(
                "manager: %s is turned away: %d connections have not logged in", peer[0], server.authlimit
            )
            server.security.session_limit(peer, local, self._transport_name)
            transport.close()
            return
        transport.set_write_buffer_limits(high=_HIGH_WATER)
        self.session = Session(
            server,
            peer,
            self._write,
            self._close,
            local=local,
            transport=self._transport_name,
            descriptor=transport.get_extra_info("socket").fileno(),
        )
        server.add(self.session)
        self._login_timer = server.loop.call_later(server.authtimeout, self._too_late)
        transport.write(BANNER)

    def data_received(self, data: bytes) -> None:
        """Octets of the client."""
        if self.session is None or self.session.closed:
            return
        self._queue.extend(self._reader.receive(data))
        if self._queue and self._task is None:
            self._task = self._server.loop.create_task(self._act(), name="manager")
        if len(self._queue) > _MOST_QUEUED and self._transport is not None:
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        for timer in (self._stalled, self._login_timer):
            if timer is not None:
                timer.cancel()
        if self.session is not None:
            self.session.closed = True
            self._server.remove(self.session)
        if self._task is not None:
            self._task.cancel()
        self._queue.clear()
        self._transport = None

    def pause_writing(self) -> None:
        """It reads slowly."""
        session = self.session
        user = session.user if session is not None else None
        patience = (user.writetimeout if user is not None else 100) / 1000
        self._stalled = self._server.loop.call_later(patience, self._check_stalled, patience, self._taken())

    def resume_writing(self) -> None:
        """It has caught up."""
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    # ------------------------------------------------------------ inside

    async def _act(self) -> None:
        queue, session = self._queue, self.session
        try:
            while queue and session is not None and not session.closed:
                await session.act(queue.popleft())
                if session.user is not None and self._login_timer is not None:
                    self._login_timer.cancel()
                    self._login_timer = None
        finally:
            self._task = None
            if self._transport is not None and not self._transport.is_closing():
                with contextlib.suppress(RuntimeError):
                    self._transport.resume_reading()

    def _write(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self._written += len(data)
        transport.write(data)
        if self._unsent() > _MOST_UNSENT:
            self._drop(f"more than {_MOST_UNSENT >> 20} MiB wait for it")

    def _unsent(self) -> int:
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def _taken(self) -> int:
        return self._written - self._unsent()

    def _check_stalled(self, patience: float, before: int) -> None:
        self._stalled = None
        taken = self._taken()
        if taken != before:
            self._stalled = self._server.loop.call_later(patience, self._check_stalled, patience, taken)
            return
        self._drop(f"it has read nothing for {patience:g} s")

    def _drop(self, why: str) -> None:
        session, transport = self.session, self._transport
        if session is not None and not session.closed:
            log.warning(
                "manager: %s at %s is disconnected: %s", session.name or "a client", session.peer[0], why
            )
            session.closed = True
        if transport is not None:
            transport.abort()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _too_late(self) -> None:
        self._login_timer = None
        session = self.session
        if session is not None and session.user is None and not session.closed:
            log.info("manager: %s did not log in within %d s", session.peer[0], self._server.authtimeout)
            session.close()


def _address(found: object) -> tuple[str, int]:
    if isinstance(found, tuple) and len(found) >= 2:  # pyright: ignore[reportUnknownArgumentType]
        return str(found[0]), int(found[1])  # pyright: ignore[reportUnknownArgumentType]
    return "", 0


def tls_context(general: ManagerGeneral) -> ssl.SSLContext:
    """The server's TLS: certificate, key and ciphers of [general].

    Raises:
        OSError: the certificate or key cannot be read or do not fit (ssl.SSLError is one).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(general.tlscertfile, general.tlsprivatekey or None)
    if general.tlscipher:
        context.set_ciphers(general.tlscipher)
    return context
