"""Where log lines go: a stream, a file, syslog.  Used by the writing thread alone once they are made."""

from __future__ import annotations

import contextlib
import os
import sys
import syslog
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from offhook.features.logs.lines import Form, Line

__all__ = ["Destination", "FileDestination", "SinkDestination", "StreamDestination", "SyslogDestination"]

_FILE_MODE = 0o640  # security lines name accounts
_PRIORITIES = {
    "error": syslog.LOG_ERR,
    "warning": syslog.LOG_WARNING,
    "security": syslog.LOG_WARNING,
    "debug": syslog.LOG_DEBUG,
    "trace": syslog.LOG_DEBUG,
    "verbose": syslog.LOG_INFO,
}


class Destination:
    """One line of [logfiles]: what is wanted, and how it is written."""

    type = "?"
    """As `logger show channels` has it."""

    def __init__(self, name: str, form: Form, kinds: Collection[str], depth: int | None) -> None:
        """`depth`: up to which number VERBOSE lines are wanted; None: as `core set verbose` says."""
        self.name = name
        self.form = form
        self.kinds = frozenset(kinds)
        self.depth = depth
        self.written = 0
        self.failures = 0

    def wants(self, line: Line, common_depth: int) -> bool:
        """Whether this line belongs here."""
        if line.kind not in self.kinds:
            return False
        return line.kind != "verbose" or line.depth <= (common_depth if self.depth is None else self.depth)

    def is_called(self, name: str) -> bool:
        """Whether this is its name; of a file its path or what that ends with."""
        return name in (self.name, os.path.basename(self.name))

    def put(self, line: Line) -> None:
        """Write a line; a destination that fails is told of once, on standard error."""
        try:
            self._put(line, self.form(line))
            self.written += 1
        except (OSError, ValueError) as error:
            self._failed(error)

    def flush(self) -> None:
        """Hand on what is buffered."""
        try:
            self._flush()
        except (OSError, ValueError) as error:
            self._failed(error)

    def close(self) -> None:
        """There will be no more lines."""
        self.flush()

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        if self.failures == 1 and sys.__stderr__ is not None:
            with contextlib.suppress(OSError, ValueError):  # else nobody is left to be told
                print(f"offhook: the log {self.name} cannot be written: {error}", file=sys.__stderr__)

    def _put(self, line: Line, text: str) -> None:
        raise NotImplementedError

    def _flush(self) -> None: ...


class StreamDestination(Destination):
    """The console."""

    type = "Console"

    def __init__(
        self, stream: TextIO, name: str, form: Form, kinds: Collection[str], depth: int | None
    ) -> None:
        super().__init__(name, form, kinds, depth)
        self._stream = stream

    def _put(self, line: Line, text: str) -> None:
        self._stream.write(text)

    def _flush(self) -> None:
        self._stream.flush()


class SinkDestination(Destination):
    """An interactive console: gets kind and text, in the writing thread."""

    type = "Console"

    def __init__(
        self,
        sink: Callable[[str, str], None],
        name: str,
        form: Form,
        kinds: Collection[str],
        depth: int | None,
    ) -> None:
        super().__init__(name, form, kinds, depth)
        self._sink = sink

    def _put(self, line: Line, text: str) -> None:
        self._sink(line.kind, text.removesuffix("\n"))


class FileDestination(Destination):
    """A file, added to at its end; its folder is made."""

    type = "File"

    def __init__(self, path: Path, form: Form, kinds: Collection[str], depth: int | None) -> None:
        """OSError when it cannot be opened."""
        super().__init__(str(path), form, kinds, depth)
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
        self._file = os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace")

    def opened_anew(self) -> FileDestination:
        """The same, on the file that has the name now.  Raises OSError."""
        return FileDestination(Path(self.name), self.form, self.kinds, self.depth)

    def _put(self, line: Line, text: str) -> None:
        self._file.write(text)

    def _flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """Part of Destination."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            self._failed(error)


class SyslogDestination(Destination):
    """The system's log, with one of its facilities."""

    type = "Syslog"

    def __init__(self, facility: str, form: Form, kinds: Collection[str], depth: int | None) -> None:
        """ValueError for a facility that there is not."""
        super().__init__(f"syslog.{facility}", form, kinds, depth)
        number = getattr(syslog, f"LOG_{facility.upper()}", None)
        if not isinstance(number, int):
            raise ValueError(f"syslog has no facility {facility}")
        self._facility = number
        syslog.openlog("offhook", syslog.LOG_PID)

    def _put(self, line: Line, text: str) -> None:
        # It adds date, name and process itself.
        priority = _PRIORITIES.get(line.kind, syslog.LOG_NOTICE)
        syslog.syslog(priority | self._facility, f"{line.kind.upper()}: {line.text}")
