"""Asterisk's database: families and keys that outlive calls, reloads and crashes.

All of it is in memory, so a dialplan reads without waiting; what is set goes to the store at once and is
durable a few milliseconds later, together with whatever else was set meanwhile (group commit).  Keys
are written as in Asterisk, `/family/key`, and are told apart by case.  Families and keys may have slashes
in them: `put("a/b", "c", v)` and `put("a", "b/c", v)` are one entry.

What Asterisk left in `astdb.sqlite3` is taken over at the first start (`import_file`).
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from bisect import bisect_left, insort
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.dialplan.errors import FunctionError
from offhook.storage.store import json_insert, may_succeed_later

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.storage.store import Store

__all__ = ["AstDb", "AstDbError", "database_of"]

log = logging.getLogger(__name__)

_PUT = json_insert("astdb", ("key", "value"))
_DELETE = "DELETE FROM astdb WHERE key IN (SELECT value ->> 0 FROM json_each(?))"
# Asterisk's limit is 256 for a key; a value may be of any length.
_LONGEST_KEY = 1024
# So long a dialplan waits for a disk that does not answer; the entry is kept and tried again.
_PATIENCE = 5.0
_TRY_AGAIN = 1.0
_IMPORTED = "astdb imported"


class AstDbError(Exception):
    """A key that is none, or a file that cannot be read; the text says which and why."""


class AstDb:
    """The entries; a service of the Pbx."""

    def __init__(self, store: Store | None = None) -> None:
        """Without a store they last as long as the process.  Raises StoreError."""
        self._store = store
        self._values: dict[str, str] = {}
        self._keys: list[str] = []  # sorted
        if store is not None:
            for key, value in store.query("SELECT key, value FROM astdb"):
                self._values[str(key)] = "" if value is None else str(value)
            self._keys = sorted(self._values)

    # ------------------------------------------------------------ reading

    def get(self, family: str, key: str) -> str | None:
        """A value, None when there is no such entry."""
        return self._values.get(_path(family, key))

    def __len__(self) -> int:
        return len(self._values)

    def entries(self, family: str = "", keytree: str = "") -> Iterator[tuple[str, str]]:
        """(`/family/key`, value) of everything below a family, or below a part of one; sorted by key."""
        if not family:
            yield from ((key, self._values[key]) for key in list(self._keys))
            return
        below = _path(family, keytree) if keytree else f"/{family.strip('/')}"
        if below in self._values:
            yield below, self._values[below]
        yield from ((key, self._values[key]) for key in self._range(f"{below}/"))

    def with_key(self, key: str) -> Iterator[tuple[str, str]]:
        """The entries of all families that end with this key."""
        ending = f"/{key.strip('/')}"
        yield from ((path, self._values[path]) for path in list(self._keys) if path.endswith(ending))

    def names_below(self, prefix: str = "") -> list[str]:
        """The names that follow a prefix, each once: families without a prefix, else (parts of) keys."""
        start = f"/{prefix.strip('/')}/" if prefix.strip("/") else "/"
        names = (key[len(start) :].partition("/")[0] for key in self._range(start))
        return list(dict.fromkeys(names))

    def _range(self, start: str) -> list[str]:
        first = bisect_left(self._keys, start)
        last = first
        while last < len(self._keys) and self._keys[last].startswith(start):
            last += 1
        return self._keys[first:last]

    # ------------------------------------------------------------ writing

    def put(self, family: str, key: str, value: str) -> Awaitable[None] | None:
        """Set an entry; what comes back is done when it is on disk (None: nothing is to be waited for).

        Raises AstDbError for what is no key.
        """
        path = _path(family, key)
        if len(path) > _LONGEST_KEY or path.endswith("/") or path.count("/") < 2:
            raise AstDbError(f"{family}/{key} is no family/key of at most {_LONGEST_KEY} characters")
        if path not in self._values:
            insort(self._keys, path)
        self._values[path] = value
        return self._keep([path])

    def delete(self, family: str, key: str) -> tuple[bool, Awaitable[None] | None]:
        """Remove an entry: whether there was one, and what to wait for."""
        path = _path(family, key)
        if path not in self._values:
            return False, None
        return True, self._remove([path])

    def delete_tree(self, family: str = "", keytree: str = "") -> tuple[int, Awaitable[None] | None]:
        """Remove everything below a family or a part of one (everything without one): how many, and what to
        wait for."""
        paths = [path for path, _ in self.entries(family, keytree)]
        return len(paths), self._remove(paths) if paths else None

    def _remove(self, paths: list[str]) -> Awaitable[None] | None:
        for path in paths:
            del self._values[path]
        if len(paths) == 1:
            del self._keys[bisect_left(self._keys, paths[0])]
        else:
            self._keys = sorted(self._values)
        return self._keep(paths)

    def _keep(self, paths: list[str]) -> Awaitable[None] | None:
        """Have the present state of these entries written."""
        if self._store is None:
            return None
        loop = asyncio.get_running_loop()
        durable: asyncio.Future[None] = loop.create_future()

        def enough() -> None:
            if not durable.done():
                durable.set_result(None)  # what the disk refuses now is tried again

        patience = loop.call_later(_PATIENCE, enough)
        durable.add_done_callback(lambda _: patience.cancel())
        for path in paths[:-1]:
            self._write(path)
        self._write(paths[-1], enough)
        return durable

    def _write(self, path: str, enough: Callable[[], None] | None = None) -> None:
        store = self._store
        if store is None or store.closed:
            return

        def done(error: Exception | None) -> None:
            if error is not None and may_succeed_later(error):
                # Not the row of then but the entry of then: it may have been set again meanwhile.
                asyncio.get_running_loop().call_later(_TRY_AGAIN, self._write, path)
            if enough is not None:
                enough()

        value = self._values.get(path)
        if value is None:
            store.submit(_DELETE, (path,), done)
        else:
            store.submit(_PUT, (path, value), done)

    # ------------------------------------------------------------ from Asterisk

    async def import_file(self, path: Path) -> int:
        """Take over the entries of an `astdb.sqlite3`; those that exist here already stay.  How many came.

        Raises AstDbError when the file cannot be read.
        """
        rows = await asyncio.to_thread(_read, path)
        last: Awaitable[None] | None = None
        count = 0
        for key, value in rows:
            family, _, name = key.strip("/").partition("/")
            if not name or _path(family, name) in self._values:
                continue
            try:
                last = self.put(family, name, value)
            except AstDbError as error:
                log.warning("%s: not taken over: %s", path, error)
                continue
            count += 1
        if last is not None:
            await last
        return count

    async def import_once(self, path: Path) -> None:
        """Take over Asterisk's file the first time that it is found; later only what was set here counts."""
        if self._store is None or not await asyncio.to_thread(path.is_file):
            return
        if self._store.query("SELECT value FROM secret WHERE name = ?", (_IMPORTED,)):
            return
        try:
            count = await self.import_file(path)
        except AstDbError as error:
            log.error("%s", error)
            return
        self._store.submit(json_insert("secret", ("name", "value")), (_IMPORTED, str(path)), keep=True)
        await self._store.flush()
        log.info("%s: %d entries of Asterisk's database taken over", path, count)


def database_of(call: Call) -> AstDb:
    """The database of a call's node.  FunctionError when it has none."""
    found = call.channel.pbx.service(AstDb)
    if found is None:
        raise FunctionError("this node has no database")
    return found


def _path(family: str, key: str) -> str:
    return f"/{family.strip('/')}/{key.lstrip('/')}"


def _read(path: Path) -> list[tuple[str, str]]:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2.0)) as db:
            rows = db.execute("SELECT key, value FROM astdb").fetchall()
    except sqlite3.Error as error:
        raise AstDbError(f"{path} cannot be read: {error}") from error
    return [(str(key), "" if value is None else str(value)) for key, value in rows]
