"""The database on disk: durable when awaited, the last value counts, taken over from Asterisk's file."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from offhook.features.astdb import AstDb, AstDbError
from offhook.storage import store as store_module
from offhook.storage.schema import SCHEMA
from offhook.storage.store import Store


@pytest_asyncio.fixture
async def open_store(tmp_path: Path) -> AsyncIterator[Callable[[], Store]]:
    opened: list[Store] = []

    def make() -> Store:
        opened.append(Store(tmp_path / "s.sqlite", loop=asyncio.get_running_loop(), schema=SCHEMA))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


async def test_on_disk_when_awaited(open_store) -> None:
    store = open_store()
    db = AstDb(store)
    durable = db.put("cf", "6001", "1")
    assert durable is not None
    await durable
    assert store.query("SELECT key, value FROM astdb") == [("/cf/6001", "1")]
    existed, gone = db.delete("cf", "6001")
    assert existed
    assert gone is not None
    await gone
    assert store.query("SELECT key, value FROM astdb") == []


async def test_read_again_by_the_next_start(open_store) -> None:
    store = open_store()
    db = AstDb(store)
    for number in range(50):
        db.put("cf", f"{number}", f"v{number}")
    db.delete_tree("cf", "7")
    db.put("cf", "3", "changed")
    store.close()
    again = AstDb(open_store())
    assert len(again) == 49
    assert again.get("cf", "3") == "changed"
    assert again.get("cf", "7") is None
    assert [key for key, _ in again.entries("cf")] == sorted(f"/cf/{n}" for n in range(50) if n != 7)


async def test_the_disk_refuses_for_a_while_and_the_last_value_counts(open_store, monkeypatch) -> None:
    store = open_store()
    db = AstDb(store)
    monkeypatch.setattr("offhook.features.astdb._TRY_AGAIN", 0.05)
    refused: list[int] = []
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL

    def refuse(self: Store, rows: list[object]) -> None:
        refused.append(len(rows))
        raise error

    monkeypatch.setattr(store_module.Store, "_insert", refuse)
    first = db.put("a", "b", "old")
    assert first is not None
    await first  # the call goes on although the disk is full
    assert refused
    monkeypatch.undo()
    second = db.put("a", "b", "new")
    assert second is not None
    await second
    await asyncio.sleep(0.2)  # what was refused comes again by now
    await store.flush()
    assert store.query("SELECT value FROM astdb") == [("new",)]


async def test_taken_over_from_asterisk_once(open_store, tmp_path) -> None:
    theirs = tmp_path / "astdb.sqlite3"
    with sqlite3.connect(theirs) as there:
        there.execute("CREATE TABLE astdb (key VARCHAR(256), value VARCHAR(256), PRIMARY KEY(key))")
        there.executemany(
            "INSERT INTO astdb VALUES (?, ?)",
            [("/cidname/100", "Bob"), ("/DND/6001", "YES"), ("/a/b/c", ""), ("/odd", "x")],
        )
    there.close()
    store = open_store()
    db = AstDb(store)
    db.put("DND", "6001", "ours")
    await db.import_once(theirs)
    assert dict(db.entries()) == {"/cidname/100": "Bob", "/DND/6001": "ours", "/a/b/c": ""}
    db.delete("cidname", "100")
    await db.import_once(theirs)
    assert db.get("cidname", "100") is None


async def test_a_file_that_is_no_database(open_store, tmp_path) -> None:
    bad = tmp_path / "astdb.sqlite3"
    bad.write_text("not a database at all, but some text that is long enough to be looked at")
    db = AstDb(open_store())
    with pytest.raises(AstDbError, match="cannot be read"):
        await db.import_file(bad)
    await db.import_once(bad)  # a start goes on without it
    assert len(db) == 0


async def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path) -> None:
    program = textwrap.dedent(
        f"""
        import asyncio
        from pathlib import Path
        from offhook.features.astdb import AstDb
        from offhook.storage.schema import SCHEMA
        from offhook.storage.store import Store

        async def main():
            loop = asyncio.get_running_loop()
            store = Store(Path({str(tmp_path / "s.sqlite")!r}), loop=loop, schema=SCHEMA)
            db = AstDb(store)
            for number in range(10**6):
                await db.put("n", str(number), "v")
                print(number, flush=True)

        asyncio.run(main())
        """
    )
    acknowledged = await asyncio.to_thread(_killed_after, 20, program)
    assert acknowledged >= 20
    store = Store(tmp_path / "s.sqlite", loop=asyncio.get_running_loop(), schema=SCHEMA)
    try:
        db = AstDb(store)
        assert all(db.get("n", str(number)) == "v" for number in range(acknowledged + 1))
    finally:
        store.close()


def _killed_after(count: int, program: str) -> int:
    """Run a program that prints numbers, kill it after some; the last that it printed."""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        last = -1
        for line in process.stdout:
            last = int(line)
            if last == count:
                os.kill(process.pid, signal.SIGKILL)
        return last
