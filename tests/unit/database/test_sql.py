"""SqlDatabase: what runs late, what is too much, and closing while somebody waits."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection

from offhook.storage.sql import SqlDatabase, SqlError, without_password


async def test_a_late_answer_is_an_error_and_the_next_is_answered(tmp_path: Path) -> None:
    database = SqlDatabase("slow", f"sqlite:///{tmp_path}/x.db", connections=2, timeout=0.2)
    go = threading.Event()

    def hang(connection: Connection) -> None:
        go.wait(30)

    with pytest.raises(SqlError, match=r"no answer within 0\.2 s"):
        await database.run(hang)
    database.timeout = 30
    rows = await database.run(lambda connection: database.execute(connection, "SELECT 1 + :v0", [1])[1])
    assert rows == [(2,)]
    go.set()
    database.close()


async def test_so_many_may_wait_and_closing_tells_them(tmp_path: Path) -> None:
    database = SqlDatabase("busy", f"sqlite:///{tmp_path}/x.db", connections=1, timeout=30)
    go = threading.Event()

    def hang(connection: Connection) -> None:
        go.wait(30)

    waiting = [asyncio.create_task(database.run(hang)) for _ in range(50)]
    await asyncio.sleep(0)
    with pytest.raises(SqlError, match="50 statements wait already"):
        await database.run(hang)
    database.close()
    go.set()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(one) for one in done} <= {SqlError, type(None)}
    assert sum(isinstance(one, SqlError) for one in done) >= 48
    with pytest.raises(SqlError):
        await database.run(hang)


async def test_cancelling_who_waits_is_a_cancellation(tmp_path: Path) -> None:
    database = SqlDatabase("x", f"sqlite:///{tmp_path}/x.db", timeout=30)
    go = threading.Event()
    task = asyncio.create_task(database.run(lambda connection: go.wait(30)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go.set()
    database.close()


def test_passwords_are_not_shown() -> None:
    assert without_password("postgresql+psycopg://a:b@h/d") == "postgresql+psycopg://a:***@h/d"
