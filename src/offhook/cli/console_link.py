"""The client's side of an interactive console: its connection (see offhook.api.console.session)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from offhook.api.console.server import ConsoleUnreachableError

__all__ = ["ConsoleLink"]

_HELLO = "\x01console "
_LIMIT = 64 << 20  # octets of one answer: `dialplan show` of 100,000 extensions
_WORDS_S = 2.0  # seconds for candidates; a node that is busy completes nothing


class ConsoleLink:
    """A connection with a node's console."""

    def __init__(self, on_log: Callable[[str, str], None]) -> None:
        """`on_log` gets kind and text of each line of the node's log."""
        self.hello: dict[str, Any] = {}
        """What the node said of itself: version, host, pid, verbose, debug, color, shell."""
        self.restarts = False
        self.ended = asyncio.Event()
        self._on_log = on_log
        self._answer: asyncio.Future[str] | None = None
        self._words: dict[int, asyncio.Future[list[str]]] = {}
        self._number = 0
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None

    async def connect(self, path: Path, verbose: int) -> None:
        """Connect; `verbose` under 0 for a console without the log.  Raises ConsoleUnreachableError."""
        try:
            reader, self._writer = await asyncio.open_unix_connection(path, limit=_LIMIT)
            self._writer.write(f"{_HELLO}{verbose}\n".encode())
            self.hello = json.loads(await reader.readline())
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "the node ended"
            raise ConsoleUnreachableError(
                f"no running Offhook answers on {path} ({reason}); is it started?"
            ) from error
        self._task = asyncio.get_running_loop().create_task(self._read(reader), name="console link")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._take(json.loads(line))
        except (OSError, ValueError):
            pass  # it was cut off: as if it had ended
        finally:
            self.ended.set()
            for waiting in (self._answer, *self._words.values()):
                if waiting is not None and not waiting.done():
                    waiting.cancel()

    def _take(self, message: dict[str, Any]) -> None:
        match message["is"]:
            case "log":
                self._on_log(message["kind"], message["text"])
            case "answer":
                if self._answer is not None and not self._answer.done():
                    self._answer.set_result(message["text"])
            case "words":
                waiting = self._words.pop(message["id"], None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(message["words"])
            case "bye":
                self.restarts = bool(message["restarts"])
            case _:
                pass  # of a newer node

    def _send(self, message: dict[str, Any]) -> None:
        if self._writer is not None and not self.ended.is_set():
            self._writer.write(json.dumps(message).encode() + b"\n")

    async def run(self, line: str) -> str | None:
        """Have a line carried out; its answer, None when the node ended meanwhile.

        When it is interrupted the command is cancelled, too.
        """
        if self.ended.is_set():
            return None
        self._answer = asyncio.get_running_loop().create_future()
        self._send({"do": "run", "line": line})
        try:
            return await self._answer
        except asyncio.CancelledError:
            if self.ended.is_set():
                return None
            self._send({"do": "cancel"})
            raise

    async def complete(self, line: str) -> list[str]:
        """The words that may stand at the end of a line."""
        self._number += 1
        number = self._number
        waiting = self._words[number] = asyncio.get_running_loop().create_future()
        self._send({"do": "complete", "line": line, "id": number})
        try:
            return await asyncio.wait_for(waiting, _WORDS_S)
        except (TimeoutError, asyncio.CancelledError):
            return []
        finally:
            self._words.pop(number, None)

    async def close(self) -> None:
        """Leave."""
        if self._writer is not None:
            self._writer.close()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
