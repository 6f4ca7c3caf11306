"""The console's socket: one line in, text out, end.

A Unix socket below the run folder, for its owner only (mode 0600).  The protocol is Offhook's own:
the client sends one command line and closes its side; the answer is everything until the server
closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import socket
import stat
from pathlib import Path
from typing import Any

from offhook.api.console.callers import caller_of, current_caller
from offhook.api.console.commands import Commands
from offhook.api.console.session import HELLO, ConsoleSession
from offhook.config.files.asterisk import ControlSocket

__all__ = ["ConsoleServer", "ConsoleUnreachableError", "ask"]

log = logging.getLogger(__name__)

_LONGEST_LINE = 64 * 1024
_LAST_WORDS = 0.2  # seconds for answers under way when the node stops
_READ_TIMEOUT = 10.0  # seconds for a client to say its line


class ConsoleUnreachableError(Exception):
    """No node answers on this socket."""


class ConsoleServer:
    """Listens on the console socket."""

    def __init__(
        self, path: Path, commands: Commands, node: Any, rights: ControlSocket | None = None
    ) -> None:
        """`rights`: whose the socket is and who may use it (asterisk.conf [files])."""
        self._path = path
        self._rights = rights or ControlSocket()
        self._commands = commands
        self._node = node
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Make the socket; one left by a node that died is replaced.  OSError when it cannot be made."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISSOCK(os.stat(self._path).st_mode):
                os.unlink(self._path)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=_LONGEST_LINE)
        finally:
            os.umask(before)
        self._hand_over()

    def _hand_over(self) -> None:
        """Give the socket its owner, group and mode; what cannot be is logged, and leaves it closed."""
        files = self._rights
        try:
            if files.astctlowner:
                shutil.chown(self._path, user=files.astctlowner)
            if files.astctlgroup:
                shutil.chown(self._path, group=files.astctlgroup)
            os.chmod(self._path, files.astctlpermissions)
        except (OSError, LookupError) as error:
            log.error("the console's socket %s stays for its owner only: %s", self._path, error)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        try:
            async with asyncio.timeout(_READ_TIMEOUT):
                line = (await reader.readline()).decode("utf-8", "replace")
            current_caller.set(caller_of(writer.get_extra_info("socket")))
            if line.startswith(HELLO):
                await ConsoleSession(self._node, self._commands, writer).serve(reader, line)
            else:
                text = await self._commands.run(self._node, line.strip())
                writer.write(text.encode("utf-8", "replace"))
                await writer.drain()
        except (TimeoutError, ValueError, OSError) as error:
            log.info("console: a client was dropped: %s", error or type(error).__name__)
        except asyncio.CancelledError:
            pass  # the node stops, and this task is at its end
        finally:
            if task is not None:
                self._tasks.discard(task)
            writer.close()

    async def close(self) -> None:
        """Remove the socket; answers under way are still sent."""
        if self._server is not None:
            self._server.close()
        current = asyncio.current_task()
        others = [task for task in self._tasks if task is not current]
        if others:
            _, late = await asyncio.wait(others, timeout=_LAST_WORDS)
            for task in late:  # consoles that stay for as long as they are let
                task.cancel()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)


def ask(path: Path, line: str, *, timeout: float = 60.0) -> str:
    """Have a node carry out a line; the client's side.

    Raises ConsoleUnreachableError when no node listens there.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            # A stop may wait for calls, and whoever asks for it with it.
            stops = not {"stop", "restart"}.isdisjoint(line.split()[:2])
            client.settimeout(None if stops else timeout)
            client.connect(str(path))
            client.sendall(line.encode() + b"\n")
            client.shutdown(socket.SHUT_WR)
            pieces: list[bytes] = []
            while piece := client.recv(65536):
                pieces.append(piece)
    except OSError as error:
        raise ConsoleUnreachableError(
            f"no running Offhook answers on {path} ({error.strerror or error}); is it started? "
            "Another folder than this one is named by --state, another socket by -s"
        ) from error
    return b"".join(pieces).decode("utf-8", "replace")
