"""Access lists for paths: sections of http.conf with `type=restriction`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute
from starlette.websockets import WebSocket

from offhook.config.values import permits

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import Receive, Scope, Send

    from offhook.api.node import Node

__all__ = ["Restricted"]


class Restricted:
    """An application whose paths are not for everybody: those who may not get 403."""

    def __init__(self, app: Starlette, node: Node) -> None:
        self._app = app
        self._node = node

    @property
    def routes(self) -> list[BaseRoute]:
        """Those of the application."""
        return self._app.routes

    def _allows(self, path: str, host: str) -> bool:
        snapshot = self._node.snapshot
        for one in snapshot.http.restrictions:
            if not path.startswith(one.name):
                continue
            named = [snapshot.acls[name].rules for name in one.acl if name in snapshot.acls]
            if not all(permits(rules, host) for rules in (one.rules, *named) if rules):
                return False
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or WebSocket."""
        if scope["type"] in ("http", "websocket"):
            client = HTTPConnection(scope).client
            if not self._allows(scope["path"], client.host if client is not None else ""):
                refused = PlainTextResponse("Forbidden", 403)
                if scope["type"] == "websocket":
                    await WebSocket(scope, receive, send).send_denial_response(refused)
                else:
                    await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)
