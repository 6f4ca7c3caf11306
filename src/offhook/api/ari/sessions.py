"""Event sessions: what an ARI client and we say to each other over a WebSocket, whoever has made it."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import parse_qs, unquote

from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed

from offhook.api.ari.operations import AriError, Content
from offhook.api.ari.schema import sends

if TYPE_CHECKING:
    from offhook.api.ari.asgi import AriApp
    from offhook.api.ari.models import Json
    from offhook.api.ari.subscriptions import News
    from offhook.config.files.ari import AriUser

__all__ = ["EventSession", "Socket", "json_object"]

log = logging.getLogger(__name__)

sends("RESTResponse", "MissingParams")

_MOST_WAITING = 5000
"""Events that wait for a client; one that is further behind is disconnected."""
_GONE = (WebSocketDisconnect, ConnectionClosed, RuntimeError, OSError)


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


class EventSession:
    """One event WebSocket: events go out in order, requests come in (REST over WebSocket)."""

    def __init__(self, app: AriApp, websocket: Socket, user: AriUser, *, is_ours: bool = False) -> None:
        """`is_ours`: we have made the connection."""
        self.is_ours = is_ours
        self._app = app
        self._websocket = websocket
        self._user = user
        self._pretty = 2 if app.ari.conf.general.pretty else None
        self._queue: asyncio.Queue[Json | str | None] = asyncio.Queue()
        self._requests: set[asyncio.Task[None]] = set()

    def send(self, message: Json) -> None:
        """Part of EventSink."""
        self._put(message)

    def tell(self, news: News, application: str) -> None:
        """Part of EventSink."""
        self._put({**news.message, "application": application} if self._pretty else news.text(application))

    def _put(self, message: Json | str) -> None:
        if self._queue.qsize() >= _MOST_WAITING:
            log.warning("ARI: a client is %d events behind and is disconnected", _MOST_WAITING)
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(None)
            return
        self._queue.put_nowait(message)

    def end(self) -> None:
        """Close the connection."""
        self._queue.put_nowait(None)

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
        # Asterisk's limit is for one write; here a client may fall behind by a burst, not for good.
        patience = max(self._app.ari.conf.general.websocket_write_timeout / 1000, 5.0)
        queue, loop = self._queue, asyncio.get_running_loop()
        while (message := await queue.get()) is not None:
            try:
                async with asyncio.timeout(patience) as limit:
                    await self._write_one(message)
                    while not queue.empty():  # a timer for each would cost as much as the message
                        message = queue.get_nowait()
                        if message is None:
                            break
                        limit.reschedule(loop.time() + patience)
                        await self._write_one(message)
            except (TimeoutError, *_GONE):
                return
            if message is None:
                break
        await self._websocket.close(1008)

    async def _write_one(self, message: Json | str) -> None:
        text = self._text(message)
        self._app.ari.trace(self, f"to {self._user.name}:", text)
        await self._websocket.send_text(text)

    def _text(self, message: Json | str) -> str:
        if isinstance(message, str):
            return message
        return json.dumps(message, indent=self._pretty, ensure_ascii=False)

    async def _read(self) -> None:
        while True:
            try:
                text = await self._websocket.receive_text()
            except (KeyError, *_GONE):
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

    async def finish(self) -> None:
        """Say what still waits to be said, and close the connection."""
        try:
            async with asyncio.timeout(1.0):
                while not self._queue.empty():
                    message = self._queue.get_nowait()
                    if message is not None:
                        await self._websocket.send_text(self._text(message))
                await self._websocket.close()
        except (TimeoutError, *_GONE):
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
