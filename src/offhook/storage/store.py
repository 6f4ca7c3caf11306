"""Store: durable writes with group commit, off the event loop.

The loop submits rows and lines; a single writer thread puts everything submitted meanwhile into one
transaction, syncs it to disk and reports back.  So a REGISTER waits for one commit of a few
milliseconds that it shares with all the others, and the loop never waits for a disk.

Rows go to SQLite as one JSON array per statement: the interpreter lock is then given up once per
batch and not once per row, which keeps the writer from disturbing the signalling thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

__all__ = ["Done", "Store", "StoreError", "json_insert"]

log = logging.getLogger(__name__)

Value = str | int | float | None
Row = Sequence[Value]
Done = Callable[[Exception | None], None]

# Rows of callers that must not lose them (CDR) wait in memory while the disk refuses; beyond this many
# the oldest go, counted and logged: a full disk must not become a full memory.
_MOST_RETRIED: Final = 100_000
_RETRY_AFTER: Final = 1.0  # seconds
# With this pause between commits a burst shares fewer syncs; it bounds the added latency as well.
_COMMIT_INTERVAL: Final = 0.004


class StoreError(Exception):
    """The state cannot be opened or read; the text says which file and why."""


def json_insert(table: str, columns: Sequence[str], *, replace: bool = True) -> str:
    """The statement that inserts a JSON array of rows into `table`."""
    picked = ", ".join(f"value ->> {i}" for i in range(len(columns)))
    verb = "INSERT OR REPLACE" if replace else "INSERT"
    names = ", ".join(f'"{column}"' for column in columns)
    return f"{verb} INTO {table} ({names}) SELECT {picked} FROM json_each(?)"


class _Item:
    """One submitted write: a row for a statement, or a line for a file."""

    __slots__ = ("done", "keep", "row", "target")

    def __init__(self, target: str | Path, row: Row | str, done: Done | None, keep: bool) -> None:
        self.target = target
        self.row = row
        self.done = done
        self.keep = keep


class Store:
    """A SQLite file below the state folder, and append-only files, written by one thread.

    Raises StoreError when the file cannot be opened, belongs to a later version, or another process has it.
    """

    def __init__(self, path: Path, *, loop: asyncio.AbstractEventLoop, schema: Sequence[str]) -> None:
        """`schema`: statements of each version, the first creates version 1."""
        self.path = path
        self.lost = 0
        self._loop = loop
        self._pending: list[_Item] = []
        self._barriers: list[Callable[[], None]] = []
        self._in_flight: list[_Item] | None = None
        self._waiting: list[Callable[[], None]] = []  # barriers of the batch in flight
        self._scheduled = False
        self._retry: list[_Item] = []
        self._last_commit = 0.0
        self._closed = False
        self._files: dict[Path, int] = {}
        try:
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=2.0)
            self._prepare(schema)
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}") from error
        self._queue: queue.SimpleQueue[list[_Item] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="store", daemon=True)
        self._thread.start()

    def _prepare(self, schema: Sequence[str]) -> None:
        db = self._db
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA wal_autocheckpoint=2000")
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
        if version > len(schema):
            raise StoreError(
                f"{self.path}: written by a later version of Offhook "
                f"(schema {version}, this one knows {len(schema)})"
            )
        for number in range(version, len(schema)):
            db.executescript(f"BEGIN;{schema[number]};PRAGMA user_version={number + 1};COMMIT;")

    # ------------------------------------------------------------ reading

    def query(self, statement: str, parameters: Sequence[Value] = ()) -> list[tuple[Value, ...]]:
        """Read rows, waiting for them.  For start-up and commands, not for the path of a call."""
        try:
            with contextlib.closing(sqlite3.connect(self.path, timeout=2.0)) as db:
                return db.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from error

    # ------------------------------------------------------------ writing

    def submit(self, statement: str, row: Row, done: Done | None = None, *, keep: bool = False) -> None:
        """Write one row with a statement of `json_insert` (or any that takes a JSON array of rows).

        `done(None)` is called when it is durable, `done(error)` when it is not.  With `keep` the row is tried
        again each second until the disk takes it.
        """
        self._add(_Item(statement, row, done, keep))

    def append(self, path: Path, line: str, done: Done | None = None, *, keep: bool = True) -> None:
        """Append one line to a file, made when it does not exist; durable like a row."""
        self._add(_Item(path, line, done, keep))

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back when what was submitted so far is durable, or was refused by the disk.

        At once when nothing waits.
        """
        if not self._pending and self._in_flight is None:
            callback()
        elif self._pending:
            self._barriers.append(callback)
        else:
            self._waiting.append(callback)

    def _add(self, item: _Item) -> None:
        if self._closed:
            raise StoreError(f"{self.path}: closed")
        self._pending.append(item)
        if self._in_flight is None and not self._scheduled:
            self._scheduled = True
            wait = self._last_commit + _COMMIT_INTERVAL - self._loop.time()
            if wait > 0:
                self._loop.call_later(wait, self._start_batch)
            else:
                self._loop.call_soon(self._start_batch)

    def _start_batch(self) -> None:
        self._scheduled = False
        if self._in_flight is not None or not self._pending:
            return
        self._in_flight, self._pending = self._pending, []
        self._waiting, self._barriers = self._barriers, []
        self._last_commit = self._loop.time()
        self._queue.put(self._in_flight)

    def _finished(self, error: Exception | None) -> None:
        batch, self._in_flight = self._in_flight or [], None
        waiting, self._waiting = self._waiting, []
        kept: list[_Item] = []
        for item in batch:
            if error is not None and item.keep:
                kept.append(_Item(item.target, item.row, None, True))
            if item.done is not None:
                item.done(error)
        for callback in waiting:
            callback()
        if kept:
            self._try_again(kept)
        if self._pending and not self._scheduled:
            self._scheduled = True
            wait = self._last_commit + _COMMIT_INTERVAL - self._loop.time()
            self._loop.call_later(max(wait, 0), self._start_batch)

    def _try_again(self, kept: list[_Item]) -> None:
        first = not self._retry
        self._retry.extend(kept)
        excess = len(self._retry) - _MOST_RETRIED
        if excess > 0:
            del self._retry[:excess]
            self.lost += excess
            log.error("%s: %d records lost: the disk has refused for too long", self.path, self.lost)
        if first:
            self._loop.call_later(_RETRY_AFTER, self._resubmit)

    def _resubmit(self) -> None:
        items, self._retry = self._retry, []
        if self._closed:
            return
        for item in items:
            self._add(item)

    async def flush(self) -> None:
        """Wait until what was submitted so far has been written or refused."""
        done = asyncio.Event()
        self.after_commit(done.set)
        await done.wait()

    def close(self) -> None:
        """Write what is pending, wait for it, close the files.  Idempotent."""
        if self._closed:
            return
        self._closed = True
        if self._pending or self._retry:
            self._queue.put(self._retry + self._pending)
            self._pending, self._retry = [], []
        self._queue.put(None)
        self._thread.join(10)
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files.clear()
        self._db.close()

    # ------------------------------------------------------------ the writer thread

    def _write(self) -> None:
        while (batch := self._queue.get()) is not None:
            error: Exception | None = None
            try:
                self._commit(batch)
            except (sqlite3.Error, OSError) as problem:
                error = problem
                log.error("%s: %d records not written: %s", self.path, len(batch), problem)
            if not self._loop.is_closed():
                try:
                    self._loop.call_soon_threadsafe(self._finished, error)
                except RuntimeError:  # the loop was closed meanwhile: nobody is left to tell
                    return

    def _commit(self, batch: list[_Item]) -> None:
        lines: dict[Path, list[str]] = {}
        runs: list[tuple[str, list[Row]]] = []
        for item in batch:
            target = item.target
            if isinstance(target, str):
                if not runs or runs[-1][0] is not target:
                    runs.append((target, []))
                runs[-1][1].append(item.row)
            else:
                lines.setdefault(target, []).append(str(item.row))
        # Files first: a crash in between leaves a line that nobody was told of, never one too few.
        for path, texts in lines.items():
            self._append(path, "".join(texts))
        if not runs:
            return
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            for statement, rows in runs:
                db.execute(statement, (json.dumps(rows),))
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise

    def _append(self, path: Path, text: str) -> None:
        descriptor = self._files.get(path)
        if descriptor is not None:
            try:  # a rotated or removed file is opened anew
                here, there = os.fstat(descriptor), os.stat(path)
                moved = (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino)
            except FileNotFoundError:
                moved = True
            if moved:
                os.close(self._files.pop(path))
                descriptor = None
        if descriptor is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
            self._files[path] = descriptor
        data = text.encode()
        size = os.fstat(descriptor).st_size
        written = 0
        try:
            while written < len(data):
                written += os.write(descriptor, data[written:])
            os.fdatasync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)  # no half line is left for the next try
            raise
