"""Backends that write text: files that a mapping describes, and syslog."""

from __future__ import annotations

import logging
import os
import socket
import syslog
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.features.records.layout import make_line
from offhook.features.records.values import cdr_value, cel_value

if TYPE_CHECKING:
    from offhook.config.files.records import RecordFile, SyslogLine
    from offhook.features.cdr import Cdr, CdrSettings
    from offhook.features.cel import CelRecord
    from offhook.storage.store import Store

log = logging.getLogger(__name__)

__all__ = ["CdrFile", "CdrSyslog", "CelFile", "RenderCdr", "RenderCel"]

RenderCdr = Callable[["Cdr", str], str]
"""A template of the dialplan's, with CDR() giving this record."""
RenderCel = Callable[["CelRecord", str], str]


class CdrFile:
    """A file of cdr_custom.conf."""

    name = "cdr-custom"

    def __init__(self, store: Store, path: Path, file: RecordFile, render: RenderCdr) -> None:
        self._store = store
        self._path = path
        self._file = file
        self._render = render

    def write(self, cdr: Cdr, settings: CdrSettings) -> None:
        """Submit one line; durable with the store's next commit."""
        if self._file.template:
            line = _one_line(self._render(cdr, self._file.template))
        else:
            line = make_line(self._file, lambda name, how: cdr_value(cdr, settings, name, how))
        self._store.append(self._path, line)


class CelFile:
    """A file of cel_custom.conf."""

    name = "Custom CSV backend"

    def __init__(self, store: Store, path: Path, file: RecordFile, render: RenderCel) -> None:
        self._store = store
        self._path = path
        self._file = file
        self._render = render

    def write(self, record: CelRecord) -> None:
        """Submit one line; durable with the store's next commit."""
        if self._file.template:
            line = _one_line(self._render(record, self._file.template))
        else:
            line = make_line(self._file, lambda name, how: cel_value(record, name, how))
        self._store.append(self._path, line)


class CdrSyslog:
    """A section of cdr_syslog.conf: a datagram to the system's log for each record.

    A log that does not take it loses it, counted and told once: the call does not wait for it.
    """

    name = "cdr_syslog"

    def __init__(self, line: SyslogLine, render: RenderCdr, socket_path: str = "/dev/log") -> None:
        level = {"error": "err", "warn": "warning"}.get(line.priority, line.priority)
        priority = _number(f"LOG_{line.facility.upper()}") | _number(f"LOG_{level.upper()}")
        self._head = f"<{priority}>offhook[{os.getpid()}]: "
        self._template = line.template
        self._render = render
        self._path = socket_path
        self._socket: socket.socket | None = None
        self.lost = 0

    def write(self, cdr: Cdr, settings: CdrSettings) -> None:
        """Send one line."""
        data = (self._head + _one_line(self._render(cdr, self._template)).rstrip("\n")).encode()
        try:
            if self._socket is None:
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
                self._socket.connect(self._path)
            self._socket.send(data)
        except OSError as error:
            self.lost += 1
            if self.lost == 1:
                log.error("cdr_syslog: %s does not take records: %s", self._path, error)
            if self._socket is not None:
                self._socket.close()
                self._socket = None


def _number(name: str) -> int:
    return int(getattr(syslog, name))


def _one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ").replace("\x00", " ") + "\n"
