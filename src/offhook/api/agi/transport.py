"""Where AGI commands come from: a program's standard output, a FastAGI server, or a queue that AMI fills.

A transport reads lines and writes lines; the session in between knows what they mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from offhook.api.agi.protocol import HANGUP, MOST_LINE

__all__ = ["FAST_AGI_PORT", "AgiTransport", "FastAgi", "NotFoundError", "Script", "TransportFailedError"]

log = logging.getLogger(__name__)

FAST_AGI_PORT = 4573
_CONNECT_S = 2.0
_WRITE_S = 10.0
# A script is promised its audio as descriptor 3, and no shell is sure to move one that has two digits.
_AS_DESCRIPTOR_3 = (
    "import os, sys; number = int(sys.argv[1]); os.dup2(number, 3); "
    "number == 3 or os.close(number); os.execv(sys.argv[2], sys.argv[2:])"
)
_MOST_COMPLAINTS = 100
"""Lines of a script's standard error that go to the log; what it says beyond is counted."""


class TransportFailedError(Exception):
    """The script or server cannot be reached, or has sent what no line is; the text says which and why."""


class NotFoundError(TransportFailedError):
    """There is no such script (AGISTATUS NOTFOUND)."""


class AgiTransport(ABC):
    """One script or server that drives a call."""

    @abstractmethod
    async def read(self) -> str | None:
        """The next line without its end; None when there will be none.  May be cancelled without loss.

        Raises:
            TransportFailedError: the line is too long.
        """

    @abstractmethod
    async def write(self, text: str) -> None:
        """Send lines (the last one without its end).  Whoever has gone away gets none, which is no error.

        Raises:
            TransportFailedError: they are not taken in time.
        """

    @abstractmethod
    async def caller_hung_up(self) -> None:
        """Tell the other end that the caller is gone."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of it.  Never raises."""

    @property
    def preamble(self) -> Sequence[str]:
        """Lines before the environment's."""
        return ()


async def _read(reader: asyncio.StreamReader, what: str) -> str | None:
    try:
        line = await reader.readline()
    except ValueError:
        raise TransportFailedError(f"{what} sent a line of more than {MOST_LINE} bytes") from None
    except OSError:
        return None
    if not line:
        return None
    return line.decode("utf-8", "replace").rstrip("\r\n")


async def _write(writer: asyncio.StreamWriter, text: str, what: str) -> None:
    writer.write(text.encode("utf-8", "surrogateescape") + b"\n")
    try:
        async with asyncio.timeout(_WRITE_S):
            await writer.drain()
    except TimeoutError:
        raise TransportFailedError(f"{what} did not read for {_WRITE_S:.0f} s") from None
    except OSError:
        log.debug(
            "%s does not read any more", what
        )  # what it wrote before still counts: reading tells the end


# ---------------------------------------------------------------- programs


class Script(AgiTransport):
    """A program on this machine: commands on its standard output, replies on its standard input."""

    def __init__(self, process: asyncio.subprocess.Process, path: str) -> None:
        self._process = process
        self._path = path
        self._complaints = asyncio.create_task(self._log_complaints(), name=f"standard error of {path}")

    @staticmethod
    async def start(
        path: Path, arguments: Sequence[str], environment: dict[str, str], *, audio: int | None = None
    ) -> Script:
        """Start a program.  `audio` is the reading end of a pipe that it gets as descriptor 3 (EAGI).

        Raises:
            NotFoundError: there is no such file.
            TransportFailedError: it cannot be started.
        """
        if not await asyncio.to_thread(path.exists):
            raise NotFoundError(f"there is no {path}")
        if not await asyncio.to_thread(os.access, path, os.X_OK):
            raise TransportFailedError(f"{path} is not executable")
        command = [os.fspath(path), *arguments]
        if audio is not None:
            command = [sys.executable, "-ISc", _AS_DESCRIPTOR_3, str(audio), *command]
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, **environment},
                limit=MOST_LINE,
                start_new_session=True,
                pass_fds=(audio,) if audio is not None else (),
            )
        except (OSError, ValueError) as error:
            raise TransportFailedError(f"{path} cannot be started: {error}") from None
        return Script(process, os.fspath(path))

    async def read(self) -> str | None:
        """See AgiTransport."""
        assert self._process.stdout is not None
        return await _read(self._process.stdout, self._path)

    async def write(self, text: str) -> None:
        """See AgiTransport."""
        assert self._process.stdin is not None
        await _write(self._process.stdin, text, self._path)

    async def caller_hung_up(self) -> None:
        """A program is told by SIGHUP."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGHUP)

    async def close(self) -> None:
        """Close its pipes; it may finish its work, and is collected then."""
        process = self._process
        if process.stdin is not None:
            process.stdin.close()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGHUP)
        collected = asyncio.create_task(self._collect(), name=f"end of {self._path}")
        _ENDING.add(collected)
        collected.add_done_callback(_ENDING.discard)

    async def _collect(self) -> None:
        stdout = self._process.stdout
        # A script that writes on must not block on a full pipe: what it says is thrown away.
        with contextlib.suppress(OSError, ValueError):
            while stdout is not None and await stdout.read(MOST_LINE):
                pass
        await self._process.wait()
        await self._complaints

    async def _log_complaints(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        said = 0
        while True:
            try:
                line = await stderr.readline()
            except ValueError:
                continue
            except OSError:
                return
            if not line:
                break
            said += 1
            if said <= _MOST_COMPLAINTS:
                log.warning("%s: %s", self._path, line.decode("utf-8", "replace").rstrip())
        if said > _MOST_COMPLAINTS:
            log.warning("%s: %d more lines on standard error", self._path, said - _MOST_COMPLAINTS)


# Programs that may still work after their call; the event loop itself keeps no task alive.
_ENDING: set[asyncio.Task[None]] = set()


# ---------------------------------------------------------------- FastAGI


class FastAgi(AgiTransport):
    """A server that speaks AGI over TCP: `agi://host[:port][/script]`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, url: str) -> None:
        self._reader = reader
        self._writer = writer
        self._url = url
        self._script = urlsplit(url).path.removeprefix("/")
        query = urlsplit(url).query
        if query:
            self._script += f"?{query}"

    @staticmethod
    async def connect(url: str) -> FastAgi:
        """Connect to the server of an `agi://` URL, or to the first that answers of an `hagi://` one (SRV).

        Raises:
            TransportFailedError: the URL is none, or nobody answers.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise TransportFailedError(f"{url}: {error}") from None
        if not host:
            raise TransportFailedError(f"{url} names no host: agi://host[:port][/script]")
        servers = [(host, port or FAST_AGI_PORT)]
        if parts.scheme.lower() == "hagi":
            servers = await _servers(host, port)
        problem = "no server"
        for name, number in servers:
            try:
                async with asyncio.timeout(_CONNECT_S):
                    reader, writer = await asyncio.open_connection(name, number, limit=MOST_LINE)
                return FastAgi(reader, writer, url)
            except TimeoutError:
                problem = f"{name}:{number} did not answer within {_CONNECT_S:.0f} s"
            except OSError as error:
                problem = f"{name}:{number}: {error.strerror or error}"
        raise TransportFailedError(f"{url}: {problem}")

    @property
    def preamble(self) -> Sequence[str]:
        """A server is told first that it is one, and which script it shall play."""
        lines = ["agi_network: yes"]
        if self._script:
            lines.append(f"agi_network_script: {self._script}")
        return lines

    async def read(self) -> str | None:
        """See AgiTransport."""
        return await _read(self._reader, self._url)

    async def write(self, text: str) -> None:
        """See AgiTransport."""
        await _write(self._writer, text, self._url)

    async def caller_hung_up(self) -> None:
        """A server is told by a line of its own."""
        with contextlib.suppress(TransportFailedError):
            await self.write(HANGUP)

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()


async def _servers(host: str, port: int | None) -> list[tuple[str, int]]:
    """Who serves `hagi://host`: SRV records of _agi._tcp, by priority; the host when there are none."""
    import dns.asyncresolver
    import dns.exception

    try:
        answer = await dns.asyncresolver.resolve(f"_agi._tcp.{host}", "SRV", lifetime=_CONNECT_S)
    except (dns.exception.DNSException, OSError):
        return [(host, port or FAST_AGI_PORT)]
    records = sorted(answer, key=lambda record: (record.priority, -record.weight))
    return [(str(record.target).rstrip("."), int(record.port)) for record in records]
