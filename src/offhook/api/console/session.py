"""One interactive console: `offhook -r` at the other end of the console's socket.

Both sides send JSON objects, one a line.  The client's first line is HELLO and the number up to which it
wants VERBOSE lines; then it asks:

    {"do": "run", "line": "core show channels"}         answered {"is": "answer", "text": "..."}
    {"do": "complete", "line": "core sh", "id": 7}      answered {"is": "words", "id": 7, "words": [...]}
    {"do": "cancel"}                                    ends the command that is being carried out

Unasked come {"is": "hello", ...} once, {"is": "log", "kind": "notice", "text": "..."} for each line of the
log, and {"is": "bye", "restarts": false} when the node stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
from typing import TYPE_CHECKING, Any

from offhook import __version__
from offhook.api.console.commands import current_session
from offhook.api.console.completion import complete
from offhook.levels import verbose
from offhook.pbx.events import StopBegan

if TYPE_CHECKING:
    from offhook.api.console.commands import Commands
    from offhook.features.logs import SinkDestination

__all__ = ["HELLO", "ConsoleSession"]

HELLO = "\x01console "
"""What a client's first line begins with that wants more than one command carried out."""

log = logging.getLogger(__name__)

_MOST_WAITING = 1000  # log lines on their way to the client
_MOST_BUFFERED = 1 << 20  # octets that a client may leave unread before log lines are left out
_MOST_VERBOSE = 100


class ConsoleSession:
    """Part of the console's socket; an implementation of `commands.Session`."""

    def __init__(self, node: Any, commands: Commands, writer: asyncio.StreamWriter) -> None:
        self.muted = False
        self._node = node
        self._commands = commands
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._waiting = 0
        self._lost = 0
        self._running: asyncio.Task[None] | None = None
        self._sink: SinkDestination | None = None

    async def serve(self, reader: asyncio.StreamReader, hello: str) -> None:
        """Until the client leaves or the node stops."""
        wanted = hello.removeprefix(HELLO).strip()
        depth = min(int(wanted[:4]), _MOST_VERBOSE) if wanted.isascii() and wanted.isdigit() else -1
        node = self._node
        options = node.snapshot.asterisk.options
        if not options.hideconnect:
            log.log(verbose(3), "Remote UNIX connection")
        self._send({
            "is": "hello",
            "version": __version__,
            "host": socket.gethostname(),
            "system": node.pbx.system_name,
            "pid": os.getpid(),
            "verbose": max(depth, 0),
            "debug": node.logs.debug,
            "color": not options.nocolor,
            "shell": not options.disable_remote_console_shell,
        })  # fmt: skip
        if depth >= 0:
            self._sink = node.logs.attach(self._from_log, depth, stamped=options.timestamp)
        stop_listening = node.pbx.bus.listen(StopBegan, self._stops)
        try:
            while line := await reader.readline():
                await self._do(line)
                await self._writer.drain()
        finally:
            stop_listening()
            if self._sink is not None:
                node.logs.detach(self._sink)
            await self._cancel()
            if not options.hideconnect:
                log.log(verbose(3), "Remote UNIX connection disconnected")

    # ------------------------------------------------------------ what commands may change

    @property
    def verbose(self) -> int:
        """Part of commands.Session."""
        return (self._sink.depth or 0) if self._sink is not None else 0

    def set_verbose(self, depth: int) -> None:
        """Part of commands.Session."""
        if self._sink is not None:
            self._sink.depth = depth
            self._node.logs.review()

    def set_kind(self, kind: str, on: bool) -> None:
        """Part of commands.Session."""
        if self._sink is not None:
            kinds = self._sink.kinds
            self._sink.kinds = kinds | {kind} if on else kinds - {kind}
            self._node.logs.review()

    # ------------------------------------------------------------ requests

    async def _do(self, line: bytes) -> None:
        try:
            asked: Any = json.loads(line)
            what, text = asked["do"], asked.get("line", "")
            if not isinstance(text, str):
                raise TypeError("line is no text")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            self._send({"is": "answer", "text": f"this is no request: {error}\n"})
            return
        match what:
            case "run":
                await self._finish()
                self._running = self._loop.create_task(self._run(text), name="console")
            case "complete":
                words = complete(self._commands, self._node, text[:4096])
                self._send({"is": "words", "id": asked.get("id"), "words": words})
            case "cancel":
                await self._cancel()
            case _:
                self._send({"is": "answer", "text": f"nothing is done for {what!r}\n"})

    async def _run(self, line: str) -> None:
        current_session.set(self)
        text = "cancelled\n"
        try:
            text = await self._commands.run(self._node, line)
        finally:
            self._send({"is": "answer", "text": text})

    async def _finish(self) -> None:
        """Wait for the command before: their order is the order of the lines."""
        if self._running is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(self._running)

    async def _cancel(self) -> None:
        running, self._running = self._running, None
        if running is not None and not running.done():
            running.cancel()
            await asyncio.wait([running])

    def _stops(self, event: StopBegan) -> None:
        self._send({"is": "bye", "restarts": event.restart})

    def _send(self, message: dict[str, Any]) -> None:
        if not self._writer.is_closing():
            self._writer.write(json.dumps(message).encode() + b"\n")

    # ------------------------------------------------------------ the log

    def _from_log(self, kind: str, text: str) -> None:
        """A line, from the log's thread."""
        if self._waiting >= _MOST_WAITING:
            self._lost += 1
            return
        self._waiting += 1
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody reads it
            self._loop.call_soon_threadsafe(self._show, kind, text)

    def _show(self, kind: str, text: str) -> None:
        self._waiting -= 1
        if self.muted:
            return
        if self._writer.transport.get_write_buffer_size() > _MOST_BUFFERED:
            self._lost += 1
            return
        if self._lost:
            lost, self._lost = self._lost, 0
            missing = f"{lost} lines are missing here: they came faster than this console reads"
            self._send({"is": "log", "kind": "warning", "text": missing})
        self._send({"is": "log", "kind": kind, "text": text})
