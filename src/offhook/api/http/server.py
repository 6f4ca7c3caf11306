"""HttpServer: listens where http.conf says, TLS beside plain, and stops with the node."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Generator
from typing import TYPE_CHECKING

import uvicorn
from starlette.routing import Mount, Route

from offhook.api.http.application import build
from offhook.api.http.frames import FramesWebSocket

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from offhook.api.node import Node
    from offhook.config.files.http import HttpGeneral

__all__ = ["HttpServer", "HttpServerError"]

log = logging.getLogger(__name__)


class HttpServerError(Exception):
    """The server cannot listen; the text says where and why."""


class _Uvicorn(uvicorn.Server):
    """uvicorn as a guest: signals are the node's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the process's signal handlers alone."""
        yield


class HttpServer:
    """The servers of one node, plain and TLS."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._running: list[tuple[_Uvicorn, asyncio.Task[None]]] = []
        self.addresses: list[tuple[str, int]] = []
        """Where it listens: host and port, plain first."""
        self.paths: list[str] = []
        """What is served, by path."""

    async def start(self, conf: HttpGeneral) -> None:
        """Listen.

        Raises:
            HttpServerError: the port is taken, or the certificate cannot be read.
        """
        app = build(self._node, conf)
        ari = self._node.ari
        if ari is not None and ari.outbound is not None:
            ari.outbound.start()
        self.paths = [f"{route.path}" for route in app.routes if isinstance(route, Route | Mount)]
        await self._listen(app, conf, conf.bindaddr, conf.bindport, tls=False)
        if conf.tlsenable:
            await self._listen(app, conf, *conf.tls_address, tls=True)

    async def _listen(self, app: ASGIApp, conf: HttpGeneral, host: str, port: int, *, tls: bool) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            sock = socket.create_server((host, port), family=family, backlog=256)
        except OSError as error:
            raise HttpServerError(f"http.conf: cannot listen on {host}:{port}: {error.strerror}") from None
        most, idle_s = conf.sessionlimit, max(1, conf.session_keep_alive // 1000)
        settings = uvicorn.Config(
            app,
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            ws=FramesWebSocket,
            ws_per_message_deflate=False,  # Asterisk has none either, and frames are written for many at once
            ws_max_size=1 << 20,
            limit_concurrency=most,
            timeout_keep_alive=idle_s,
            timeout_graceful_shutdown=2,
            headers=[("Server", conf.servername)] if conf.servername else [],
            ssl_certfile=conf.tlscertfile if tls else None,
            ssl_keyfile=(conf.tlsprivatekey or None) if tls else None,
            ssl_ciphers=conf.tlscipher or "TLSv1.2+HIGH:!aNULL",
        )
        try:
            settings.load()
        except (OSError, ssl.SSLError) as error:
            sock.close()
            raise HttpServerError(f"http.conf: {conf.tlscertfile}: {error}") from None
        server = _Uvicorn(settings)
        task = asyncio.create_task(server.serve(sockets=[sock]), name=f"HTTP server {host}:{port}")
        self._running.append((server, task))
        self.addresses.append(sock.getsockname()[:2])
        log.info("HTTP%s on %s:%d", "S" if tls else "", host, self.addresses[-1][1])

    async def stop(self) -> None:
        """Close every connection."""
        ari = self._node.ari
        if ari is not None and ari.outbound is not None:
            await ari.outbound.shut()
        for server, _ in self._running:
            server.should_exit = True
        tasks = [task for _, task in self._running]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=5.0)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._running.clear()
        self.addresses.clear()
