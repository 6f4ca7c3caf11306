"""Music that a program makes: a radio, a sound card, a player.  All who are held hear the same place of it.

One program runs for a class, from the first who hears it until some time after the last one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from asyncio import StreamReader, StreamReaderProtocol
from asyncio.subprocess import DEVNULL
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from offhook._core import g711_decode

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from offhook.media.port import MediaPort
    from offhook.media.streams import AudioOut

__all__ = ["COMMAND_FORMATS", "CommandMusic", "MusicCommand", "MusicPrograms"]

log = logging.getLogger(__name__)

COMMAND_FORMATS: Final = {
    "slin": (8000, ""), "slin12": (12000, ""), "slin16": (16000, ""), "slin24": (24000, ""),
    "slin32": (32000, ""), "slin44": (44100, ""), "slin48": (48000, ""),
    "ulaw": (8000, "ulaw"), "alaw": (8000, "alaw"),
}  # fmt: skip
"""What a program may write, by Asterisk's name: samples a second, and the law of what is not linear."""

_CHUNK_S: Final = 0.1
_LEAD_S: Final = 0.2  # who comes hears so much that has been, so that a late chunk is no gap
_LINGER_S: Final = 5.0  # that a program runs on without anybody who hears it
_AGAIN_S: Final = 2.0  # between two starts of a program that ends by itself


@dataclass(frozen=True, slots=True)
class MusicCommand:
    """How the program of a class is started and ended (musiconhold.conf, mode custom)."""

    name: str
    arguments: tuple[str, ...]
    folder: str = ""
    """Where it runs; the files in it are further arguments."""
    format: str = "slin"
    kill_delay_s: float = 0.1
    """Between SIGHUP, SIGTERM and SIGKILL."""
    kill_group: bool = True
    """Its children are sent the signals, too."""
    answered_only: bool = False


class MusicPrograms:
    """The programs of a node: the same settings are the same program, also after a reload."""

    def __init__(self) -> None:
        self._all: dict[MusicCommand, CommandMusic] = {}

    def music(self, command: MusicCommand) -> CommandMusic:
        """The music of these settings."""
        return self._all.setdefault(command, CommandMusic(command))

    async def close(self) -> None:
        """End all programs."""
        await asyncio.gather(*(music.close() for music in self._all.values()))
        self._all.clear()


class _Listener:
    """One port that hears it."""

    __slots__ = ("_music", "out")

    def __init__(self, music: CommandMusic, out: AudioOut) -> None:
        self._music = music
        self.out = out

    def stop(self) -> None:
        """Fall silent.  Idempotent."""
        self.out.close()
        self._music.leave(self)


class CommandMusic:
    """The music of one program, as a class of music on hold."""

    def __init__(self, command: MusicCommand) -> None:
        self.command = command
        self.name = command.name
        self.answered_only = command.answered_only
        self._rate, self._law = COMMAND_FORMATS[command.format]
        self._listeners: dict[_Listener, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._linger: asyncio.TimerHandle | None = None
        self._lead = b""

    def files(self, codec: str = "ulaw") -> list[str]:
        """Part of Music: it has none."""
        return []

    def start(self, port: MediaPort, codec: str = "ulaw") -> _Listener:
        """Play to this port until it is stopped.  Raises MediaError: the port is closed."""
        listener = _Listener(self, port.speak(rate=self._rate, limit_ms=2000))
        self._listeners[listener] = None
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._keep(), name=f"music class {self.name}")
        elif self._lead:
            listener.out.queue.write(self._lead)
        return listener

    def leave(self, listener: _Listener) -> None:
        """One hears it no longer."""
        self._listeners.pop(listener, None)
        if not self._listeners and self._task is not None and self._linger is None:
            self._linger = asyncio.get_running_loop().call_later(_LINGER_S, self._end)

    def _end(self) -> None:
        self._linger = None
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._lead = b""

    async def close(self) -> None:
        """End the program."""
        task = self._task
        if self._linger is not None:
            self._linger.cancel()
        self._end()
        if task is not None:
            await asyncio.gather(task, return_exceptions=True)

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                why = await self._run()
            except OSError as error:
                why = f"it cannot be started: {error}"
            log.warning("music class %s: %s: %s", self.name, self.command.arguments[0], why)
            await asyncio.sleep(max(0.1, began + _AGAIN_S - loop.time()))

    async def _run(self) -> str:
        """The program once; how it ended."""
        command = self.command
        files = await asyncio.to_thread(_files_in, command.folder) if command.folder else []
        # A pipe of our own: one that a child of the program keeps open would never be closed by asyncio.
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as source:
            try:
                process = await asyncio.create_subprocess_exec(
                    *command.arguments, *files, cwd=command.folder or None,
                    stdin=DEVNULL, stdout=writing, stderr=DEVNULL, start_new_session=True,
                )  # fmt: skip
            finally:
                os.close(writing)
            try:
                await self._pass_on(source)
            finally:
                await self._kill(process)
        return f"it has ended with {process.returncode}"

    async def _pass_on(self, source: BinaryIO) -> None:
        """Give everybody what it writes, no faster than it is heard, until it ends."""
        loop = asyncio.get_running_loop()
        stdout = StreamReader()
        transport, _ = await loop.connect_read_pipe(lambda: StreamReaderProtocol(stdout), source)
        try:
            await self._share(stdout)
        finally:
            transport.close()

    async def _share(self, stdout: StreamReader) -> None:
        loop = asyncio.get_running_loop()
        chunk = int(self._rate * _CHUNK_S) * (1 if self._law else 2)
        keep = int(self._rate * _LEAD_S) * 2
        due = loop.time()
        while True:
            try:
                data = await stdout.readexactly(chunk)
            except asyncio.IncompleteReadError as error:
                data = error.partial[: len(error.partial) // 2 * 2]
                if not data:
                    return
            samples = g711_decode(data, self._law) if self._law else data
            first = not self._lead
            self._lead = (self._lead + samples)[-keep:]
            for listener in list(self._listeners):
                if listener.out.queue.ended:
                    self.leave(listener)
                else:
                    listener.out.queue.write(samples)
            due += _CHUNK_S
            late = loop.time() - due
            if first or late > _LEAD_S:
                due = loop.time()  # it could not keep up, or has just begun: the lead comes at once
            elif late < 0:
                await asyncio.sleep(-late)

    async def _kill(self, process: Process) -> None:
        """End it, and what it has started when that is wanted, more roughly each time."""
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGKILL):
            self._signal(process, number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), self.command.kill_delay_s)
                break
        if self.command.kill_group:
            self._signal(process, signal.SIGKILL)  # children that it has left behind
        await process.wait()

    def _signal(self, process: Process, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self.command.kill_group:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)


def _files_in(folder: str) -> list[str]:
    """The names of the files in a folder, in order, without hidden ones."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_file() and not entry.name.startswith("."))
    return []
