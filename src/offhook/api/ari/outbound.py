"""Outbound WebSockets: connections that we make to programs which are ARI applications.

A persistent one is made at the start and again whenever it is lost.  One that is per call is made when
Stasis() names an application of its, serves that call alone, and ends with it.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from offhook.api.ari.schema import sends
from offhook.api.ari.sessions import EventSession
from offhook.config.files.websocket_client import Connection, WebsocketClient

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from offhook.api.ari.asgi import AriApp
    from offhook.api.ari.subscriptions import StasisApp
    from offhook.config.files.ari import AriOutbound, AriUser

__all__ = ["Outbound"]

log = logging.getLogger(__name__)

sends("ApplicationRegistered", "ApplicationUnregistered")


class _Socket:
    """A client's connection as a session needs it."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send_text(self, data: str) -> None:
        await self._connection.send(data)

    async def receive_text(self) -> str:
        found = await self._connection.recv()
        return found if isinstance(found, str) else found.decode("utf-8", "replace")

    async def close(self, code: int = 1000) -> None:
        await self._connection.close(code)


class Outbound:
    """All outbound connections of a node's ARI."""

    def __init__(self, app: AriApp) -> None:
        self._app = app
        self._ari = app.ari
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._per_call: dict[str, tuple[AriOutbound, WebsocketClient]] = {}

    def start(self) -> None:
        """Connect what is persistent; a section whose connection or user is missing is reported."""
        for conf in self._ari.conf.outbound.values():
            client = self._client(conf)
            if client is None:
                continue
            if client.connection_type is Connection.PERSISTENT:
                self.begin(conf.name)
            else:
                for name in conf.apps:
                    self._per_call[name] = (conf, client)

    def _client(self, conf: AriOutbound) -> WebsocketClient | None:
        client = self._ari.node.snapshot.websocket_clients.get(conf.websocket_client_id)
        if client is None:
            log.error("%s: [%s]: there is no connection %r", conf.where, conf.name, conf.websocket_client_id)
        elif conf.local_ari_user not in self._ari.conf.users:
            log.error("%s: [%s]: there is no user %r", conf.where, conf.name, conf.local_ari_user)
            return None
        return client

    def begin(self, name: str) -> bool:
        """Make a persistent connection; False when there is none of this name, or it runs."""
        conf = self._ari.conf.outbound.get(name)
        client = self._client(conf) if conf is not None else None
        if conf is None or client is None or client.connection_type is not Connection.PERSISTENT:
            return False
        if name in self._tasks:
            return False
        user = self._ari.conf.users[conf.local_ari_user]
        self._tasks[name] = asyncio.create_task(self._keep(conf, client, user), name=f"ARI connection {name}")
        return True

    async def shut(self, name: str = "") -> None:
        """Close one connection, or all, after telling the far end that its applications are gone."""
        tasks = [self._tasks.pop(one) for one in list(self._tasks) if not name or one == name]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def serves(self, app: str) -> bool:
        """Whether a connection would be made for a call to this application."""
        return app in self._per_call

    # ------------------------------------------------------------ persistent

    async def _keep(self, conf: AriOutbound, client: WebsocketClient, user: AriUser) -> None:
        told = False
        while True:
            try:
                async with self._connected(client) as socket:
                    log.info("outbound WebSocket %s: connected to %s", conf.name, client.uri)
                    told = False
                    await self._serve(conf.name, socket, user, list(conf.apps), everything=conf.subscribe_all)
            except (OSError, TimeoutError, WebSocketException, ssl.SSLError) as error:
                if not told:
                    log.warning("outbound WebSocket %s: %s: %s", conf.name, client.uri, error)
                told = True
            await asyncio.sleep(client.reconnect_interval / 1000)

    @asynccontextmanager
    async def _connected(self, client: WebsocketClient) -> AsyncGenerator[_Socket]:
        headers: dict[str, str] = {}
        if client.username:
            login = base64.b64encode(f"{client.username}:{client.password}".encode()).decode()
            headers["Authorization"] = f"Basic {login}"
        secure = urlsplit(client.uri).scheme == "wss"
        more: dict[str, Any] = {"ssl": await asyncio.to_thread(_tls, client)} if secure else {}
        async with connect(
            client.uri,
            subprotocols=[Subprotocol(name) for name in client.protocols] or None,
            additional_headers=headers,
            open_timeout=client.connection_timeout / 1000,
            max_size=1 << 20,
            proxy=None,
            **more,
        ) as connection:
            yield _Socket(connection)

    async def _serve(
        self, name: str, socket: _Socket, user: AriUser, apps: list[str], *, everything: bool
    ) -> None:
        """Until either side closes the connection."""
        session = EventSession(self._app, socket, user, is_ours=True)
        self._ari.sessions[name] = session
        for app in apps:
            self._ari.register(app, session, everything=everything)
            session.send({"type": "ApplicationRegistered", "application": app, **self._ari.stamp()})
        try:
            await session.run()
        except asyncio.CancelledError:
            for app in apps:
                session.send({"type": "ApplicationUnregistered", "application": app, **self._ari.stamp()})
            await session.finish()
            raise
        finally:
            del self._ari.sessions[name]
            for app in apps:
                self._ari.unregister(app, session)

    # ------------------------------------------------------------ per call

    @asynccontextmanager
    async def for_call(self, app: str, channel_id: str) -> AsyncGenerator[StasisApp | None]:
        """An application of the call's own, `app-channel`, meanwhile; None when nobody is reached."""
        conf, client = self._per_call[app]
        user = self._ari.conf.users[conf.local_ari_user]
        name = f"{app}-{channel_id}"
        ready: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._once(name, conf, client, user, ready), name=f"ARI connection {name}")
        try:
            yield self._ari.apps.get(name) if await ready else None
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _once(
        self,
        name: str,
        conf: AriOutbound,
        client: WebsocketClient,
        user: AriUser,
        ready: asyncio.Future[bool],
    ) -> None:
        left = client.reconnect_attempts
        try:
            while True:
                try:
                    async with self._connected(client) as socket:
                        serving = asyncio.ensure_future(
                            self._serve(name, socket, user, [name], everything=conf.subscribe_all)
                        )
                        try:
                            await asyncio.sleep(0)  # it has registered its application then
                            if not ready.done():
                                ready.set_result(True)
                            await serving
                        finally:
                            if not serving.done():
                                serving.cancel()
                                await asyncio.gather(serving, return_exceptions=True)
                except (OSError, TimeoutError, WebSocketException, ssl.SSLError) as error:
                    log.warning("outbound WebSocket %s: %s: %s", conf.name, client.uri, error)
                if left <= 0:
                    return
                left -= 1
                await asyncio.sleep(client.reconnect_interval / 1000)
        finally:
            if not ready.done():
                ready.set_result(False)


def _tls(client: WebsocketClient) -> ssl.SSLContext:
    """What a connection by TLS trusts and shows.  Raises OSError and ssl.SSLError for its files."""
    context = ssl.create_default_context(
        cafile=client.ca_list_file or None, capath=client.ca_list_path or None
    )
    context.check_hostname = client.verify_server_hostname and client.verify_server_cert
    if not client.verify_server_cert:
        context.verify_mode = ssl.CERT_NONE
    if client.cert_file:
        context.load_cert_chain(client.cert_file, client.priv_key_file or None)
    return context
