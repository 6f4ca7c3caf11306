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

__all__ = ["Done", "Store", "StoreError", "json_insert", "may_succeed_later"]

log = logging.getLogger(__name__)

Value = str | int | float | None
Row = Sequence[Value]
Done = Callable[[Exception | None], None]

# Rows of callers that must not lose them (CDR) wait in memory while the disk refuses; beyond this many
# the oldest go, counted and logged: a full disk must not become a full memory.  So many others may wait for
# a disk that does not answer at all.
_MOST_RETRIED: Final = 100_000
_MOST_PENDING: Final = 200_000
_RETRY_AFTER: Final = 1.0  # seconds
# What says nothing of the disk but of the row: trying again would not help.
_FAULTS_OF_ROWS: Final = frozenset(
    (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG)
)
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

    __slots__ = ("done", "error", "keep", "row", "target")

    def __init__(self, target: str | Path, row: Row | str, done: Done | None, keep: bool) -> None:
        self.target = target
        self.row = row
        self.done = done
        self.keep = keep
        self.error: Exception | None = None  # set by the writer


class _Batch:
    """What is written together."""

    __slots__ = ("barriers", "items", "settled")

    def __init__(self) -> None:
        self.items: list[_Item] = []
        self.barriers: list[Callable[[], None]] = []
        self.settled = False


class Store:
    """A SQLite file below the state folder, and append-only files, written by one thread.

    Raises StoreError when the file cannot be opened or belongs to a later version.
    """

    def __init__(self, path: Path, *, loop: asyncio.AbstractEventLoop, schema: Sequence[str]) -> None:
        """`schema`: statements of each version, the first creates version 1."""
        self.path = path
        self.lost = 0
        """Writes that had to be kept and could not be."""
        self.written = 0
        """Writes that the writer is done with, since forget()."""
        self.deepest = 0
        """The most that have waited at once."""
        self.limit = _MOST_PENDING
        self._loop = loop
        self._pending = _Batch()
        self._in_flight: _Batch | None = None
        self._scheduled = False
        self._retry: list[_Item] = []
        self._last_commit = 0.0
        self._closed = False
        self._files: dict[Path, int] = {}
        try:
            # Not for everybody's eyes: who called whom, and the secret that nonces are signed with.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640))
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=2.0)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{path}: {error}") from error
        try:
            self._prepare(schema)
        except BaseException as error:
            self._db.close()
            if isinstance(error, sqlite3.Error):
                raise StoreError(f"{path}: {error}") from error
            raise
        self._queue: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
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

    @property
    def closed(self) -> bool:
        """Whether nothing can be submitted any more."""
        return self._closed

    @property
    def waiting(self) -> int:
        """Writes that are not durable yet."""
        in_flight = self._in_flight
        return len(self._pending.items) + (len(in_flight.items) if in_flight is not None else 0)

    def forget(self) -> None:
        """Count anew."""
        self.written = self.deepest = 0

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
        again each second until the disk takes it; `done(error)` then only says that it is not there yet.
        """
        self._add(_Item(statement, row, done, keep))

    def append(self, path: Path, line: str, done: Done | None = None, *, keep: bool = True) -> None:
        """Append one line to a file, made when it does not exist; durable like a row."""
        self._add(_Item(path, line, done, keep))

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back when what was submitted so far is durable, or was refused by the disk.

        At once when nothing waits.
        """
        if self._pending.items:
            self._pending.barriers.append(callback)
        elif self._in_flight is not None:
            self._in_flight.barriers.append(callback)
        else:
            callback()

    def _add(self, item: _Item) -> None:
        if self._closed:
            raise StoreError(f"{self.path}: closed")
        items = self._pending.items
        if len(items) >= _MOST_PENDING:
            self._lose(1, "the disk does not answer")
            if item.done is not None:
                self._loop.call_soon(item.done, StoreError(f"{self.path}: too much waits for the disk"))
            return
        items.append(item)
        if self._in_flight is None and not self._scheduled:
            self._schedule()

    def _schedule(self) -> None:
        self._scheduled = True
        wait = self._last_commit + _COMMIT_INTERVAL - self._loop.time()
        if wait > 0:
            self._loop.call_later(wait, self._start_batch)
        else:
            self._loop.call_soon(self._start_batch)

    def _start_batch(self) -> None:
        self._scheduled = False
        if self._in_flight is not None or not self._pending.items or self._closed:
            return
        self._in_flight, self._pending = self._pending, _Batch()
        self._last_commit = self._loop.time()
        self.deepest = max(self.deepest, len(self._in_flight.items))
        self._queue.put(self._in_flight)

    def _finished(self, batch: _Batch) -> None:
        """The writer is done with a batch: tell everybody, and start the next."""
        if batch.settled:
            return
        batch.settled = True
        self.written += len(batch.items)
        if self._in_flight is batch:
            self._in_flight = None
        kept: list[_Item] = []
        for item in batch.items:
            error = item.error
            if error is not None and item.keep:
                if may_succeed_later(error):
                    kept.append(_Item(item.target, item.row, None, True))
                else:
                    self._lose(1, str(error))
            if item.done is not None:
                self._call(item.done, error)
        for callback in batch.barriers:
            self._call(callback)
        if kept:
            self._try_again(kept)
        if self._pending.items and not self._scheduled and not self._closed:
            self._schedule()

    @staticmethod
    def _call(callback: Callable[..., None], *arguments: object) -> None:
        try:
            callback(*arguments)
        except Exception:
            log.exception("what waited for the disk failed")

    def _lose(self, count: int, why: str) -> None:
        self.lost += count
        log.error("%s: %d records lost in all: %s", self.path, self.lost, why)

    def _try_again(self, kept: list[_Item]) -> None:
        if self._closed:
            self._lose(len(kept), "the node stopped before the disk took them")
            return
        first = not self._retry
        self._retry.extend(kept)
        excess = len(self._retry) - _MOST_RETRIED
        if excess > 0:
            del self._retry[:excess]
            self._lose(excess, "the disk has refused for too long")
        if first:
            self._loop.call_later(_RETRY_AFTER, self._resubmit)

    def _resubmit(self) -> None:
        items, self._retry = self._retry, []
        if not self._closed:
            for item in items:
                self._add(item)

    async def flush(self) -> None:
        """Wait until what was submitted so far has been written or refused."""
        done = asyncio.Event()
        self.after_commit(done.set)
        await done.wait()

    def close(self) -> None:
        """Write what is pending, wait for it, tell who waits, close the files.  Idempotent."""
        if self._closed:
            return
        self._closed = True
        batches = [batch for batch in (self._in_flight, self._pending) if batch is not None]
        self._pending.items[:0] = self._retry
        self._retry = []
        if self._pending.items:
            self._queue.put(self._pending)
        self._queue.put(None)
        self._thread.join(10)
        if self._thread.is_alive():
            log.error("%s: the disk does not answer; what waits for it is left", self.path)
            return
        for batch in batches:
            self._finished(batch)
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files.clear()
        self._db.close()

    # ------------------------------------------------------------ the writer thread

    def _write(self) -> None:
        while (batch := self._queue.get()) is not None:
            try:
                self._commit(batch.items)
            except Exception as problem:  # the thread must live, whatever was submitted
                log.exception("%s: writing failed", self.path)
                for item in batch.items:
                    item.error = item.error or problem
            # The loop may be closed meanwhile: then nobody is left to tell.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._finished, batch)

    def _commit(self, items: list[_Item]) -> None:
        lines: dict[Path, list[_Item]] = {}
        rows: list[_Item] = []
        for item in items:
            if isinstance(item.target, Path):
                lines.setdefault(item.target, []).append(item)
            else:
                rows.append(item)
        # Files first: a crash in between leaves a line that nobody was told of, never one too few.
        for path, written in lines.items():
            try:
                self._append(path, "".join(str(item.row) for item in written))
            except OSError as problem:
                _refused(written, problem)
                log.error("%s: %d lines not written: %s", path, len(written), problem)
        if not rows:
            return
        try:
            self._insert(rows)
        except (sqlite3.Error, ValueError, TypeError) as problem:
            if len(rows) == 1 or may_succeed_later(problem):
                _refused(rows, problem)
                log.error("%s: %d records not written: %s", self.path, len(rows), problem)
            else:
                self._insert_one_by_one(rows)

    def _insert_one_by_one(self, rows: list[_Item]) -> None:
        """One row is at fault: the others shall not suffer from it."""
        for row in rows:
            try:
                self._insert([row])
            except (sqlite3.Error, ValueError, TypeError) as problem:
                row.error = problem
                log.error("%s: a record cannot be written: %s", self.path, problem)

    def _insert(self, rows: list[_Item]) -> None:
        runs: list[tuple[str, list[Row | str]]] = []
        for item in rows:
            statement = str(item.target)
            if not runs or runs[-1][0] != statement:
                runs.append((statement, []))
            runs[-1][1].append(item.row)
        texts = [(statement, json.dumps(values, allow_nan=False)) for statement, values in runs]
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            for statement, text in texts:
                db.execute(statement, (text,))
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
            descriptor = self._files[path] = _open(path)
        data = text.encode("utf-8", "backslashreplace")
        size = os.fstat(descriptor).st_size
        written = 0
        try:
            while written < len(data):
                written += os.write(descriptor, data[written:])
            os.fdatasync(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, size)  # no half line is left for the next try
            raise


def _refused(items: list[_Item], problem: Exception) -> None:
    for item in items:
        item.error = problem


def may_succeed_later(problem: Exception) -> bool:
    """Whether the disk is at fault and not what was to be written."""
    if isinstance(problem, sqlite3.Error):
        # Extended codes have the primary one in their low octet.
        return getattr(problem, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF not in _FAULTS_OF_ROWS
    return isinstance(problem, OSError)


def _open(path: Path) -> int:
    """Open a file to append to; the name of a new one is made durable too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    existed = path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    if not existed:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return descriptor
