"""The manager interface over HTTP: `rawman` (text), `mxml` (XML), `manager` (a page).

A request is one action, its headers as query parameters or form fields; events are kept for the session until
WaitEvent fetches them.  A cookie names the session; each answer renews it for `httptimeout` seconds.
"""

from __future__ import annotations

import html
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from starlette.responses import Response
from starlette.routing import Route

from offhook.api.ami.protocol import MAX_LINE, MAX_LINES, Message
from offhook.api.ami.session import Session

if TYPE_CHECKING:
    import asyncio

    from starlette.requests import Request

    from offhook.api.ami.server import ManagerServer

__all__ = ["WebManager", "html_page", "xml_page"]

log = logging.getLogger(__name__)

_COOKIE = re.compile(r'mansession_id="?([0-9a-f]{32})"?')
_MOST_SESSIONS = 1000
_NAME = re.compile(r"[^a-z0-9]")


class _WebSession:
    """A session, what the action under way has written, and when it ends."""

    def __init__(self, server: ManagerServer, peer: tuple[str, int]) -> None:
        self.id = secrets.token_hex(16)
        self.written: list[bytes] = []
        self.session = Session(
            server, peer, self.written.append, lambda: None, transport="HTTP", keeps_events=True
        )
        self.timer: asyncio.TimerHandle | None = None
        self.is_busy = False


class WebManager:
    """The sessions over HTTP of one node."""

    def __init__(self, server: ManagerServer) -> None:
        self._server = server
        self._sessions: dict[str, _WebSession] = {}

    def routes(self, prefix: str) -> list[Route]:
        """What the HTTP server is to serve."""
        forms = {"rawman": _raw, "mxml": xml_page, "manager": html_page}
        return [
            Route(f"{prefix}/{name}", self._endpoint(show), methods=["GET", "POST"])
            for name, show in forms.items()
        ]

    def _endpoint(self, show: Callable[[str], tuple[str, str]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await self._answer(request, show)

        return endpoint

    async def _answer(self, request: Request, show: Callable[[str], tuple[str, str]]) -> Response:
        server = self._server
        if not server.conf.general.webenabled:
            return Response("Not found", 404, media_type="text/plain")
        headers = list(request.query_params.multi_items())
        if request.method == "POST":
            headers += [(name, str(value)) for name, value in (await request.form()).multi_items()]
        if len(headers) > MAX_LINES or any(len(name) + len(value) > MAX_LINE for name, value in headers):
            return Response("Too many or too long parameters", 413, media_type="text/plain")
        # A value that holds line ends would be several headers of one message.
        headers = [(name, value.replace("\r", " ").replace("\n", " ")) for name, value in headers]
        found = self._find(request)
        if found is None:
            return Response("Too many sessions", 503, media_type="text/plain")
        if found.is_busy:  # WaitEvent in another tab; its answer must not take ours
            return Response("This session is busy", 409, media_type="text/plain")
        found.is_busy = True
        try:
            await found.session.act(Message(headers))
        finally:
            found.is_busy = False
        text = b"".join(found.written).decode("utf-8", "replace")
        found.written.clear()
        self._renew(found)
        body, kind = show(text)
        age = server.conf.general.httptimeout
        cookie = f'mansession_id="{found.id}"; Version=1; Max-Age={age}; HttpOnly; SameSite=Strict'
        return Response(
            body, media_type=kind, headers={"Set-Cookie": cookie, "Cache-Control": "no-cache, no-store"}
        )

    def _find(self, request: Request) -> _WebSession | None:
        said = _COOKIE.search(request.headers.get("cookie", ""))
        found = self._sessions.get(said[1]) if said is not None else None
        if found is not None:
            return found
        if len(self._sessions) >= _MOST_SESSIONS or self._server.is_crowded():
            return None
        client = request.client
        found = _WebSession(self._server, (client.host, client.port) if client is not None else ("", 0))
        self._sessions[found.id] = found
        self._server.add(found.session)
        return found

    def _renew(self, found: _WebSession) -> None:
        if found.timer is not None:
            found.timer.cancel()
        if found.session.closed or found.session.user is None:
            # Who did not log in has nothing to come back to.
            self._end(found)
        else:
            age = self._server.conf.general.httptimeout
            found.timer = self._server.loop.call_later(age, self._end, found)

    def _end(self, found: _WebSession) -> None:
        if found.is_busy:
            found.timer = self._server.loop.call_later(10.0, self._end, found)
            return
        if found.timer is not None:
            found.timer.cancel()
        self._sessions.pop(found.id, None)
        found.session.close()
        self._server.remove(found.session)

    def close(self) -> None:
        """End every session."""
        for found in list(self._sessions.values()):
            found.is_busy = False
            self._end(found)


def _messages(text: str) -> list[list[tuple[str, str]]]:
    """The messages of what was written: header lines; what is no header has no name."""
    found: list[list[tuple[str, str]]] = []
    for block in text.split("\r\n\r\n"):
        lines = [line for line in block.split("\r\n") if line]
        if lines:
            found.append(
                [
                    (name, value) if colon else ("", name)
                    for name, colon, value in (_split(line) for line in lines)
                ]
            )
    return found


def _split(line: str) -> tuple[str, str, str]:
    name, colon, value = line.partition(":")
    return name, colon, value.strip()


def _raw(text: str) -> tuple[str, str]:
    return text, "text/plain"


def xml_page(text: str) -> tuple[str, str]:
    """Answers as Asterisk's `ajax-response`: an element for each message, an attribute for each header."""
    lines = ["<ajax-response>"]
    for message in _messages(text):
        seen: dict[str, int] = {}
        attributes: list[str] = []
        for name, value in message:
            key = _NAME.sub("_", name.lower()) if name else "opaque_data"
            if not key[0].isalpha():
                key = f"_{key}"
            seen[key] = seen.get(key, 0) + 1
            key = f"{key}-{seen[key] - 1}" if seen[key] > 1 else key
            attributes.append(f"{key}={quoteattr(''.join(filter(str.isprintable, value)))}")
        lines.append(f"<response type='object' id='unknown'><generic {' '.join(attributes)} /></response>")
    return "\n".join([*lines, "</ajax-response>", ""]), "text/xml"


def html_page(text: str) -> tuple[str, str]:
    """Answers as a page with a form to send another action."""
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>"
        for message in _messages(text)
        for name, value in [*message, ("", "")]
    )
    form = '<form action="manager" method="post">Action: <input name="action"> <input type="submit"></form>'
    return (
        f"<title>Manager interface</title><h1>Manager interface</h1>{form}<table>{rows}</table>",
        "text/html",
    )
