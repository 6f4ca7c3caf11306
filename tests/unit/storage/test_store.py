"""The store: group commit, refusals of the disk, rotated files, the end, and kill -9."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

import offhook.storage.store as store_module
from offhook.storage.store import Store, StoreError, json_insert

SCHEMA = ("CREATE TABLE t (name TEXT NOT NULL, number INTEGER);",)
INSERT = json_insert("t", ("name", "number"), replace=False)


@pytest_asyncio.fixture
async def open_store(tmp_path: Path) -> AsyncIterator[Callable[[], Store]]:
    opened: list[Store] = []

    def make(schema: tuple[str, ...] = SCHEMA) -> Store:
        opened.append(Store(tmp_path / "s.sqlite", loop=asyncio.get_running_loop(), schema=schema))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


def rows(store: Store) -> list[tuple[object, ...]]:
    return store.query("SELECT name, number FROM t ORDER BY number")


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        await asyncio.sleep(0.01)


# ---------------------------------------------------------------- writing


async def test_rows_are_there_when_done_says_so(open_store) -> None:
    store = open_store()
    told: list[tuple[Exception | None, int]] = []
    for number in range(3):
        store.submit(INSERT, ("a", number), lambda error: told.append((error, len(rows(store)))))
    assert told == []
    await store.flush()
    assert told == [(None, 3)] * 3
    assert rows(store) == [("a", 0), ("a", 1), ("a", 2)]


async def test_what_is_submitted_together_shares_a_commit(open_store, monkeypatch) -> None:
    store = open_store()
    batches: list[int] = []
    commit = store._commit
    monkeypatch.setattr(store, "_commit", lambda items: (batches.append(len(items)), commit(items)))
    for number in range(500):
        store.submit(INSERT, ("a", number))
    await store.flush()
    assert batches == [500]
    assert len(rows(store)) == 500


async def test_what_comes_while_one_commit_runs_goes_with_the_next(open_store) -> None:
    store = open_store()
    order: list[int] = []
    store.submit(INSERT, ("a", 1), lambda error: order.append(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    store.submit(INSERT, ("a", 2), lambda error: order.append(2))
    store.after_commit(lambda: order.append(3))
    await store.flush()
    assert order == [1, 2, 3]


async def test_several_statements_keep_their_order(open_store) -> None:
    store = open_store()
    delete = "DELETE FROM t WHERE name IN (SELECT value ->> 0 FROM json_each(?))"
    store.submit(INSERT, ("a", 1))
    store.submit(delete, ("a",))
    store.submit(INSERT, ("a", 2))
    await store.flush()
    assert rows(store) == [("a", 2)]


async def test_after_commit_with_nothing_to_wait_for_is_at_once(open_store) -> None:
    store = open_store()
    told: list[int] = []
    store.after_commit(lambda: told.append(1))
    assert told == [1]


async def test_lines_are_appended(open_store, tmp_path) -> None:
    store = open_store()
    path = tmp_path / "csv" / "Master.csv"
    for number in range(3):
        store.append(path, f"line {number}\n")
    await store.flush()
    store.append(path, "line 3\n")
    await store.flush()
    assert path.read_text() == "line 0\nline 1\nline 2\nline 3\n"
    assert path.stat().st_mode & 0o777 == 0o640


async def test_a_rotated_file_is_opened_anew(open_store, tmp_path) -> None:
    store = open_store()
    path = tmp_path / "Master.csv"
    store.append(path, "1\n")
    await store.flush()
    path.rename(tmp_path / "Master.csv.1")
    store.append(path, "2\n")
    await store.flush()
    path.unlink()
    store.append(path, "3\n")
    await store.flush()
    assert (tmp_path / "Master.csv.1").read_text() == "1\n"
    assert path.read_text() == "3\n"


async def test_text_that_is_no_unicode(open_store, tmp_path) -> None:
    """Names from SIP headers can have anything in them; the writer must not die of it."""
    store = open_store()
    store.append(tmp_path / "x.csv", "a\udc80b\n")
    store.submit(INSERT, ("ok", 1))
    await store.flush()
    assert (tmp_path / "x.csv").read_bytes() == b"a\\udc80b\n"
    assert rows(store) == [("ok", 1)]


async def test_a_callback_that_fails_does_not_hurt_the_others(open_store, caplog) -> None:
    store = open_store()
    told: list[int] = []

    def fail(error: Exception | None) -> None:
        raise RuntimeError("no")

    store.submit(INSERT, ("a", 1), fail)
    store.submit(INSERT, ("a", 2), lambda error: told.append(2))
    await store.flush()
    assert told == [2]
    assert "what waited for the disk failed" in caplog.text


# ---------------------------------------------------------------- refusals


class FullDisk:
    """Makes os.write fail as long as it is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = True
        self.room = 0  # octets that still fit
        real = os.write

        def write(descriptor: int, data: bytes) -> int:
            if not self.full:
                return real(descriptor, data)
            if self.room:
                written = real(descriptor, data[: self.room])
                self.room = 0
                return written
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "write", write)


async def test_lines_that_a_full_disk_refuses_are_tried_again(open_store, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(store_module, "_RETRY_AFTER", 0.05)
    store = open_store()
    path = tmp_path / "Master.csv"
    store.append(path, "before\n")
    await store.flush()
    disk = FullDisk(monkeypatch)
    disk.room = 3
    told: list[Exception | None] = []
    store.append(path, "after\n", told.append)
    await store.flush()
    assert isinstance(told[0], OSError)
    assert path.read_text() == "before\n"  # no half line
    disk.full = False
    await until(lambda: path.read_text() == "before\nafter\n")
    assert store.lost == 0


async def test_a_row_that_fails_does_not_write_the_lines_twice(open_store, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(store_module, "_RETRY_AFTER", 0.02)
    store = open_store()
    path = tmp_path / "Master.csv"
    blocker = sqlite3.connect(store.path, isolation_level=None, timeout=0)
    monkeypatch.setattr(store, "_db", sqlite3.connect(
        store.path, check_same_thread=False, isolation_level=None, timeout=0
    ))  # fmt: skip
    blocker.execute("BEGIN IMMEDIATE")
    try:
        store.append(path, "line\n", keep=True)
        store.submit(INSERT, ("a", 1), keep=True)
        await store.flush()
        await asyncio.sleep(0.1)
        assert path.read_text() == "line\n"
    finally:
        blocker.execute("ROLLBACK")
        blocker.close()
    await until(lambda: rows(store) == [("a", 1)])
    assert path.read_text() == "line\n"


async def test_a_full_file_does_not_keep_the_rows_away(open_store, tmp_path, monkeypatch) -> None:
    store = open_store()
    told: list[Exception | None] = []
    FullDisk(monkeypatch)
    store.append(tmp_path / "x", "line\n", keep=False)
    store.submit(INSERT, ("a", 1), told.append)
    await store.flush()
    assert told == [None]
    assert rows(store) == [("a", 1)]


@pytest.mark.parametrize("bad", [(None, 2), (float("nan"), 2), (object(), 2)])
async def test_a_bad_row_hurts_only_itself(open_store, bad: tuple[object, ...]) -> None:
    store = open_store()
    told: dict[int, Exception | None] = {}
    for number, row in ((1, ("a", 1)), (2, bad), (3, ("a", 3))):
        store.submit(INSERT, row, lambda error, number=number: told.update({number: error}), keep=True)
    await store.flush()
    assert told[1] is None
    assert told[3] is None
    assert told[2] is not None
    assert rows(store) == [("a", 1), ("a", 3)]
    await asyncio.sleep(0)
    assert store.lost == 1  # trying again would not help


async def test_a_statement_that_is_wrong_hurts_only_itself(open_store) -> None:
    store = open_store()
    told: list[Exception | None] = []
    store.submit(INSERT, ("a", 1))
    store.submit(json_insert("nothere", ("x",)), ("x",), told.append)
    store.submit(INSERT, ("a", 2))
    await store.flush()
    assert isinstance(told[0], sqlite3.OperationalError)
    assert len(rows(store)) == 2


async def test_without_keep_a_refused_row_is_forgotten(open_store, monkeypatch) -> None:
    monkeypatch.setattr(store_module, "_RETRY_AFTER", 0.02)
    store = open_store()
    told: list[Exception | None] = []

    def refuse(rows: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    real = store._insert
    store._insert = refuse
    store.submit(INSERT, ("a", 1), told.append)
    store.submit(INSERT, ("a", 2), keep=True)
    await store.flush()
    assert told[0] is not None
    store._insert = real
    await until(lambda: rows(store) == [("a", 2)])


async def test_a_disk_that_refuses_for_ever_costs_a_bounded_memory(open_store, monkeypatch, caplog) -> None:
    monkeypatch.setattr(store_module, "_RETRY_AFTER", 60)
    monkeypatch.setattr(store_module, "_MOST_RETRIED", 5)
    store = open_store()
    FullDisk(monkeypatch)
    for number in range(8):
        store.append(store.path.with_name("x"), f"{number}\n")
    await store.flush()
    assert store.lost == 3
    assert "lost" in caplog.text


async def test_a_disk_that_does_not_answer_costs_a_bounded_memory(open_store, monkeypatch) -> None:
    monkeypatch.setattr(store_module, "_MOST_PENDING", 5)
    store = open_store()
    told: list[Exception | None] = []
    for number in range(8):
        store.submit(INSERT, ("a", number), told.append)
    await asyncio.sleep(0)
    assert [type(error) for error in told] == [StoreError] * 3
    await store.flush()
    assert len(rows(store)) == 5
    assert store.lost == 3


# ---------------------------------------------------------------- opening and closing


async def test_close_writes_what_waits_and_tells(open_store, tmp_path) -> None:
    store = open_store()
    told: list[object] = []
    store.submit(INSERT, ("a", 1), told.append)
    await asyncio.sleep(0)
    store.submit(INSERT, ("a", 2), told.append)
    store.append(tmp_path / "x", "line\n", told.append)
    store.after_commit(lambda: told.append("all"))
    store.close()
    assert told == [None, None, None, "all"]
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.submit(INSERT, ("a", 3))
    await asyncio.sleep(0.02)
    assert told == [None, None, None, "all"]
    assert rows(store) == [("a", 1), ("a", 2)]
    assert (tmp_path / "x").read_text() == "line\n"


async def test_close_tries_what_was_refused_once_more(open_store, tmp_path, monkeypatch, caplog) -> None:
    store = open_store()
    disk = FullDisk(monkeypatch)
    store.append(tmp_path / "x", "line\n")
    await store.flush()
    disk.full = False
    store.close()
    assert (tmp_path / "x").read_text() == "line\n"
    assert store.lost == 0


async def test_close_counts_what_it_cannot_write(open_store, tmp_path, monkeypatch, caplog) -> None:
    store = open_store()
    FullDisk(monkeypatch)
    store.append(tmp_path / "x", "line\n")
    store.close()
    assert store.lost == 1


async def test_nothing_is_left_open(open_store, tmp_path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    store = open_store()
    store.append(tmp_path / "x", "line\n")
    store.submit(INSERT, ("a", 1))
    await store.flush()
    store.close()
    assert len(os.listdir("/proc/self/fd")) == before


async def test_the_schema_grows_by_versions(open_store, tmp_path) -> None:
    store = open_store()
    store.submit(INSERT, ("a", 1))
    store.close()
    later = open_store((*SCHEMA, "ALTER TABLE t ADD COLUMN extra TEXT DEFAULT 'x';"))
    assert later.query("SELECT * FROM t") == [("a", 1, "x")]
    later.close()
    with pytest.raises(StoreError, match="later version"):
        open_store()


async def test_a_failed_opening_leaves_nothing_open(open_store, tmp_path) -> None:
    (tmp_path / "s.sqlite").write_bytes(b"this is no database" * 100)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(StoreError):
        open_store()
    assert len(os.listdir("/proc/self/fd")) == before


async def test_a_folder_that_is_not_there(tmp_path) -> None:
    with pytest.raises(StoreError):
        Store(tmp_path / "no" / "s.sqlite", loop=asyncio.get_running_loop(), schema=SCHEMA)


async def test_the_file_is_not_for_everybody(open_store) -> None:
    assert open_store().path.stat().st_mode & 0o007 == 0


async def test_a_query_that_is_wrong(open_store) -> None:
    with pytest.raises(StoreError):
        open_store().query("SELECT * FROM nothere")


# ---------------------------------------------------------------- kill -9


def test_what_was_reported_done_survives_kill_9(tmp_path) -> None:
    program = textwrap.dedent(f"""
        import asyncio, sys
        from pathlib import Path
        from offhook.storage.store import Store, json_insert

        async def main():
            loop = asyncio.get_running_loop()
            store = Store(Path({str(tmp_path / "s.sqlite")!r}), loop=loop, schema={SCHEMA!r})
            insert = json_insert("t", ("name", "number"), replace=False)
            number = 0
            def done(error, number):
                print(number, flush=True)
            while True:
                number += 1
                store.submit(insert, ("a", number), lambda error, n=number: done(error, n))
                store.append(Path({str(tmp_path / "x.csv")!r}), f"{{number}}\\n")
                await asyncio.sleep(0.0005)

        asyncio.run(main())
    """)
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        acknowledged = [int(child.stdout.readline()) for _ in range(200)]
    finally:
        child.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in child.stdout.read().split()]
        child.wait()
    with sqlite3.connect(tmp_path / "s.sqlite") as db:
        there = {number for (number,) in db.execute("SELECT number FROM t")}
    assert set(acknowledged) <= there
    lines = {int(line) for line in (tmp_path / "x.csv").read_text().split()}
    assert set(acknowledged) <= lines
