"""Event sessions: what an ARI client and we say to each other over a WebSocket, whoever has made it."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs, unquote

from offhook.api.ari.operations import AriError, Content
from offhook.api.ari.outlets import GONE, FrameOutlet, QueueOutlet
from offhook.api.ari.schema import sends
from offhook.api.ari.subscriptions import application_end

if TYPE_CHECKING:
    from offhook.api.ari.asgi import AriApp
    from offhook.api.ari.models import Json
    from offhook.api.ari.outlets import Outlet, Socket
    from offhook.api.ari.subscriptions import News
    from offhook.api.http.frames import FramesWebSocket
    from offhook.config.files.ari import AriUser

__all__ = ["EventSession", "json_object"]

log = logging.getLogger(__name__)

sends("RESTResponse", "MissingParams")


_LAST_WORD_S = 1.0
"""How long a client may take to be told that the connection ends."""


class EventSession:
    """One event WebSocket: events go out in order, requests come in (REST over WebSocket)."""

    def __init__(
        self,
        app: AriApp,
        websocket: Socket,
        user: AriUser,
        *,
        frames: FramesWebSocket | None = None,
        is_ours: bool = False,
    ) -> None:
        """`frames`: below the socket, where it takes frames; `is_ours`: we have made the connection."""
        self.is_ours = is_ours
        self._app = app
        self._websocket = websocket
        self._user = user
        self._pretty = 2 if app.ari.conf.general.pretty else None
        # Asterisk's limit is for one write; here a client may fall behind by a burst, not for good.
        patience_s = max(app.ari.conf.general.websocket_write_timeout / 1000, 5.0)
        self._outlet: Outlet = (
            QueueOutlet(websocket, patience_s)
            if frames is None
            else FrameOutlet(app.ari.streams, frames, patience_s)
        )
        self._requests: set[asyncio.Task[None]] = set()

    @property
    def shared(self) -> FrameOutlet | None:
        """Where events that are others', too, can be written as they are."""
        plain = not (self._pretty or self._app.ari.debugged)
        return self._outlet if plain and isinstance(self._outlet, FrameOutlet) else None

    def send(self, message: Json) -> None:
        """Part of EventSink."""
        self._put(json.dumps(message, indent=self._pretty, ensure_ascii=False))

    def tell(self, news: News, application: str) -> None:
        """Part of EventSink."""
        if self._pretty:
            self.send({**news.message, "application": application})
        else:
            self._put(news.text + application_end(application))

    def _put(self, text: str) -> None:
        self._app.ari.trace(self, f"to {self._user.name}:", text)
        self._outlet.put(text)

    def end(self) -> None:
        """Close the connection."""
        self._outlet.end()

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
        await self._outlet.run()
        try:
            async with asyncio.timeout(_LAST_WORD_S):
                await self._websocket.close(1008)
        except (TimeoutError, *GONE):
            self._outlet.abandon()

    async def _read(self) -> None:
        while True:
            try:
                text = await self._websocket.receive_text()
            except (KeyError, *GONE):
                return
            task = asyncio.create_task(self._request(text), name="ARI request")
            self._requests.add(task)
            task.add_done_callback(self._requests.discard)

    async def _request(self, text: str) -> None:
        """A RESTRequest message: the same operations as over HTTP."""
        self._app.ari.trace(self, f"from {self._user.name}:", text)
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
                content = json_object(body.encode())
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
        self._outlet.flush()  # somebody waits for it

    async def finish(self) -> None:
        """Say what still waits to be said, and close the connection."""
        try:
            async with asyncio.timeout(_LAST_WORD_S):
                await self._outlet.drain()
                await self._websocket.close()
        except (TimeoutError, *GONE):
            pass


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


def json_object(body: bytes) -> Json:
    """The JSON object of a request's body.  Raises AriError 400."""
    try:
        found = json.loads(body)
    except ValueError:
        raise AriError(400, "Failed to parse request body") from None
    if not isinstance(found, dict):
        raise AriError(400, "The request body must be a JSON object")
    return cast("Json", found)
