"""ARI over HTTP and WebSocket: who may, which operation, and the event sessions."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.websockets import WebSocket

from offhook.api.ari.documents import document
from offhook.api.ari.operations import AriError, Content, find_operation, methods_of
from offhook.api.ari.resources import load_resources
from offhook.api.ari.sessions import EventSession, json_object
from offhook.api.http.frames import EXTENSION
from offhook.features.astdb import AstDbError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari
    from offhook.config.files.ari import AriUser

__all__ = ["AriApp"]

log = logging.getLogger(__name__)

_MOST_BODY = 1 << 20


class AriApp:
    """The ASGI application below `/ari`."""

    def __init__(self, ari: Ari) -> None:
        load_resources()
        self.ari = ari

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or WebSocket."""
        if scope["type"] == "websocket":
            await self._websocket(WebSocket(scope, receive, send))
            return
        request = Request(scope, receive)
        try:
            response = await self._respond(request, scope)
        except AriError as error:
            response = self._json({"message": error.message}, error.status)
        except Exception:
            log.exception("ARI: %s %s failed", request.method, request.url.path)
            response = self._json({"message": "Internal server error"}, 500)
        client = f"{request.client.host}:{request.client.port}" if request.client is not None else ""
        self.ari.trace(
            None, f"HTTP from {client}:", f"{request.method} {request.url.path}: {response.status_code}"
        )
        self._allow_origin(request.headers.get("origin", ""), response)
        await response(scope, receive, send)

    # ------------------------------------------------------------ HTTP

    async def _respond(self, request: Request, scope: Scope) -> Response:
        segments = _segments(scope)
        if request.method == "OPTIONS":
            return self._options(request, segments)
        user = await self._authenticate(
            request.headers, request.query_params.get("api_key", ""), request.client
        )
        if user is None:
            challenge = {"WWW-Authenticate": f'Basic realm="{self.ari.conf.general.auth_realm}"'}
            return self._json({"error": "Authentication required"}, 401, challenge)
        if segments[:1] == ["api-docs"]:
            return self._json(document(segments[1:], _base(request)), 200)
        if user.read_only and request.method not in ("GET", "HEAD"):
            raise AriError(403, "Write access denied")
        body = await self._body(request)
        query = parse_qs(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        content: Json = {}
        if form:
            query = {**parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True), **query}
        elif body.strip():
            content = json_object(body)
        return self._answer(*await self.perform(request.method, segments, query, content))

    async def perform(
        self, method: str, segments: list[str], query: Mapping[str, list[str]], content: Json
    ) -> tuple[int, Any]:
        """Carry out a request: its status and what to answer, Content for a file.  Raises AriError."""
        operation, path = find_operation("GET" if method == "HEAD" else method, segments)
        try:
            answer = await operation.run(self.ari, operation.bind(path, query, content))
        except AstDbError as error:  # a name that cannot be kept
            raise AriError(400, str(error)) from None
        return operation.status, answer

    def _answer(self, status: int, answer: Any) -> Response:
        if isinstance(answer, Content):
            return FileResponse(answer.path, media_type=answer.media_type)
        if answer is None:
            return Response(status_code=status)
        return self._json(answer, status)

    async def _body(self, request: Request) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > _MOST_BODY:
                raise AriError(413, f"A body has at most {_MOST_BODY} bytes")
            parts.append(chunk)
        return b"".join(parts)

    def _json(self, model: Any, status: int, headers: Mapping[str, str] | None = None) -> Response:
        if self.ari.conf.general.pretty:
            text = json.dumps(model, indent=2, ensure_ascii=False)
            return Response(text, status, headers, media_type="application/json")
        return JSONResponse(model, status, headers)

    def _allow_origin(self, origin: str, response: Response) -> None:
        allowed = self.ari.conf.general.allowed_origins
        if origin and (origin in allowed or "*" in allowed):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Vary"] = "Origin"

    def _options(self, request: Request, segments: list[str]) -> Response:
        methods = methods_of(segments)
        if not methods:
            raise AriError(404, "Resource not found")
        listed = ",".join(sorted({*methods, "OPTIONS"}))
        headers = {"Allow": listed}
        if request.headers.get("access-control-request-method"):
            headers["Access-Control-Allow-Methods"] = listed
            wanted = request.headers.get("access-control-request-headers")
            if wanted:
                headers["Access-Control-Allow-Headers"] = wanted
        return Response(status_code=204, headers=headers)

    async def _authenticate(self, headers: Mapping[str, str], api_key: str, client: Any) -> AriUser | None:
        """Whose request it is; None without a password or, after a while, with a wrong one.

        Raises AriError 403 for a user who may not come from there, 429 while too many wrong ones wait.
        """
        name = password = ""
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                name, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return None
        elif api_key:
            name, _, password = api_key.partition(":")
        if not name:
            return None
        host, port = (client.host, client.port) if client is not None else ("", 0)
        failed = self.ari.failed_logins
        if failed.is_pestered_by(host):
            raise AriError(429, "Too many wrong passwords from this address")
        user = self.ari.user_of(name, password, host)
        if user is None:
            known = name in self.ari.conf.users
            self.ari.security.event(
                "InvalidPassword" if known else "InvalidAccountID",
                "ARI",
                name,
                "",
                ("", 0),
                (host, port),
                "TCP",
            )
            await failed.delay(host)
        return user

    # ------------------------------------------------------------ WebSocket

    async def _websocket(self, websocket: WebSocket) -> None:
        query = websocket.query_params
        refused: tuple[int, str] | None = None
        user: AriUser | None = None
        try:
            user = await self._authenticate(websocket.headers, query.get("api_key", ""), websocket.client)
        except AriError as error:
            refused = (error.status, error.message)
        apps = [name for value in query.getlist("app") for name in value.split(",") if name]
        if refused is not None:
            pass
        elif user is None:
            refused = (401, "Authentication required")
        elif _segments(websocket.scope) != ["events"]:
            refused = (404, "Resource not found")
        elif not apps:
            refused = (400, "Missing parameter app")
        if refused is not None or user is None:
            status, message = refused or (401, "")
            await websocket.send_denial_response(self._json({"message": message}, status))
            return
        wanted = websocket.scope.get("subprotocols", [])
        await websocket.accept(subprotocol="ari" if "ari" in wanted else None)
        everything = query.get("subscribeAll", "").lower() in ("yes", "true", "1", "on")
        frames = websocket.scope["extensions"].get(EXTENSION)
        session = EventSession(self, websocket, user, frames=frames)
        key = str(uuid.uuid4())
        self.ari.sessions[key] = session
        for name in apps:
            self.ari.register(name, session, everything=everything)
        try:
            await session.run()
        finally:
            del self.ari.sessions[key]
            for name in apps:
                self.ari.unregister(name, session)


def _base(request: Request) -> str:
    """Where ARI is, as the client has named it: `http://host:8088/ari`."""
    url = request.url
    return f"{url.scheme}://{url.netloc}{url.path.partition('/api-docs')[0]}"


def _segments(scope: Scope) -> list[str]:
    """The parts of the path below /ari, each decoded by itself."""
    raw = scope.get("raw_path") or scope["path"].encode()
    path = raw.decode("latin-1").partition("?")[0]
    below = path.partition("/ari/")[2] if "/ari/" in path else ""
    return [unquote(part) for part in below.strip("/").split("/")] if below.strip("/") else []
