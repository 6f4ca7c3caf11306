"""ARI over HTTP and WebSocket: who may, which operation, and the event sessions."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, unquote

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from offhook.api.ari.documents import document
from offhook.api.ari.operations import AriError, Content, find_operation, methods_of
from offhook.api.ari.resources import load_resources
from offhook.api.ari.schema import sends

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari
    from offhook.config.files.ari import AriUser

__all__ = ["AriApp"]

log = logging.getLogger(__name__)

sends("RESTResponse", "MissingParams")

_MOST_BODY = 1 << 20
_MOST_WAITING = 5000
"""Events that wait for a client; one that is further behind is disconnected."""


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
        self._allow_origin(request.headers.get("origin", ""), response)
        await response(scope, receive, send)

    # ------------------------------------------------------------ HTTP

    async def _respond(self, request: Request, scope: Scope) -> Response:
        segments = _segments(scope)
        if request.method == "OPTIONS":
            return self._options(request, segments)
        user = self._authenticate(request.headers, request.query_params.get("api_key", ""), request.client)
        if user is None:
            challenge = {"WWW-Authenticate": f'Basic realm="{self.ari.conf.general.auth_realm}"'}
            return self._json({"error": "Authentication required"}, 401, challenge)
        if segments[:1] == ["api-docs"]:
            return self._json(document(segments[1:], str(request.base_url).rstrip("/")), 200)
        if user.read_only and request.method not in ("GET", "HEAD"):
            raise AriError(403, "Write access denied")
        body = await self._body(request)
        query = parse_qs(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        content: Json = {}
        if form:
            query = {**parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True), **query}
        elif body.strip():
            content = _object(body)
        return self._answer(*await self.perform(request.method, segments, query, content))

    async def perform(
        self, method: str, segments: list[str], query: Mapping[str, list[str]], content: Json
    ) -> tuple[int, Any]:
        """Carry out a request: its status and what to answer, Content for a file.  Raises AriError."""
        operation, path = find_operation("GET" if method == "HEAD" else method, segments)
        answer = await operation.run(self.ari, operation.bind(path, query, content))
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

    def _authenticate(self, headers: Mapping[str, str], api_key: str, client: Any) -> AriUser | None:
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
        return user

    # ------------------------------------------------------------ WebSocket

    async def _websocket(self, websocket: WebSocket) -> None:
        query = websocket.query_params
        refused: tuple[int, str] | None = None
        user = self._authenticate(websocket.headers, query.get("api_key", ""), websocket.client)
        apps = [name for value in query.getlist("app") for name in value.split(",") if name]
        if user is None:
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
        session = _EventSession(self, websocket, user)
        for name in apps:
            self.ari.register(name, session, everything=everything)
        try:
            await session.run()
        finally:
            for name in apps:
                self.ari.unregister(name, session)


class _EventSession:
    """One event WebSocket: events go out in order, requests come in (REST over WebSocket)."""

    def __init__(self, app: AriApp, websocket: WebSocket, user: AriUser) -> None:
        self._app = app
        self._websocket = websocket
        self._user = user
        self._queue: asyncio.Queue[Json | None] = asyncio.Queue()
        self._requests: set[asyncio.Task[None]] = set()

    def send(self, message: Json) -> None:
        """Part of EventSink."""
        if self._queue.qsize() >= _MOST_WAITING:
            log.warning("ARI: a client is %d events behind and is disconnected", _MOST_WAITING)
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(None)
            return
        self._queue.put_nowait(message)

    async def run(self) -> None:
        """Until either side closes."""
        reader = asyncio.create_task(self._read(), name="ARI requests")
        writer = asyncio.create_task(self._write(), name="ARI events")
        try:
            await asyncio.wait((reader, writer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reader, writer, *self._requests):
                task.cancel()
            await asyncio.gather(reader, writer, *self._requests, return_exceptions=True)

    async def _write(self) -> None:
        pretty = 2 if self._app.ari.conf.general.pretty else None
        # Asterisk's limit is for one write; here a client may fall behind by a burst, not for good.
        patience = max(self._app.ari.conf.general.websocket_write_timeout / 1000, 5.0)
        while True:
            message = await self._queue.get()
            if message is None:
                await self._websocket.close(1008)
                return
            try:
                async with asyncio.timeout(patience):
                    await self._websocket.send_text(json.dumps(message, indent=pretty, ensure_ascii=False))
            except (TimeoutError, WebSocketDisconnect, RuntimeError, OSError):
                return

    async def _read(self) -> None:
        while True:
            try:
                text = await self._websocket.receive_text()
            except (WebSocketDisconnect, KeyError, RuntimeError):
                return
            task = asyncio.create_task(self._request(text), name="ARI request")
            self._requests.add(task)
            task.add_done_callback(self._requests.discard)

    async def _request(self, text: str) -> None:
        """A RESTRequest message: the same operations as over HTTP."""
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        request = cast("Json", message) if isinstance(message, dict) else {}
        if "type" not in request:
            self.send({"type": "MissingParams", "params": ["type"], "asterisk_id": self._app.ari.entity_id})
            return
        if request.get("type") != "RESTRequest":
            log.warning("ARI: a client sent what is no RESTRequest: %.100r", text)
            return
        uri = str(request.get("uri", ""))
        status, model = 200, None
        try:
            path, _, query_text = uri.partition("?")
            query = parse_qs(query_text, keep_blank_values=True)
            for one in request.get("query_strings") or ():
                query.setdefault(str(one.get("name", "")), []).append(str(one.get("value", "")))
            method = str(request.get("method", "GET")).upper()
            if self._user.read_only and method != "GET":
                raise AriError(403, "Write access denied")
            body = str(request.get("message_body") or "")
            content: Json = {}
            if str(request.get("content_type", "")).startswith("application/x-www-form-urlencoded"):
                query = {**parse_qs(body, keep_blank_values=True), **query}
            elif body.strip():
                content = _object(body.encode())
            segments = [unquote(part) for part in path.strip("/").split("/")]
            if segments[:1] == ["ari"]:
                segments = segments[1:]
            status, model = await self._app.perform(method, segments, query, content)
        except AriError as error:
            status, model = error.status, {"message": error.message}
        except Exception:
            log.exception("ARI: %s over WebSocket failed", uri)
            status, model = 500, {"message": "Internal server error"}
        answer: Json = {
            "type": "RESTResponse",
            "transaction_id": request.get("transaction_id", ""),
            "request_id": request.get("request_id", ""),
            "status_code": status,
            "reason_phrase": _REASONS.get(status, "OK"),
            "uri": uri,
        }
        if isinstance(model, Content):
            answer |= {"status_code": 400, "reason_phrase": "Bad Request"}
            model = {"message": "Files cannot be sent over WebSocket"}
        if model is not None:
            answer |= {
                "content_type": "application/json",
                "message_body": json.dumps(model, ensure_ascii=False),
            }
        self.send({**answer, "application": "", **self._app.ari.stamp()})


_REASONS = {
    200: "OK",
    201: "Created",
    204: "No Content",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    412: "Precondition Failed",
    422: "Unprocessable Entity",
    500: "Internal Server Error",
}


def _segments(scope: Scope) -> list[str]:
    """The parts of the path below /ari, each decoded by itself."""
    raw = scope.get("raw_path") or scope["path"].encode()
    path = raw.decode("latin-1").partition("?")[0]
    below = path.partition("/ari/")[2] if "/ari/" in path else ""
    return [unquote(part) for part in below.strip("/").split("/")] if below.strip("/") else []


def _object(body: bytes) -> Json:
    try:
        found = json.loads(body)
    except ValueError:
        raise AriError(400, "Failed to parse request body") from None
    if not isinstance(found, dict):
        raise AriError(400, "The request body must be a JSON object")
    return cast("Json", found)
