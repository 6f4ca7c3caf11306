"""SqlTransaction: several statements of one connection, committed or rolled back as one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from offhook.storage.sql import SqlDatabase, SqlError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

__all__ = ["ISOLATIONS", "SqlTransaction"]

T = TypeVar("T")

ISOLATIONS = ("read_committed", "read_uncommitted", "repeatable_read", "serializable")


class SqlTransaction:
    """Begins with its first statement.  It holds one of the database's connections until it ends."""

    def __init__(self, database: SqlDatabase, isolation: str = "") -> None:
        self.database = database
        self.isolation = isolation
        """One of ISOLATIONS, "" for the database's own; counts until the first statement."""
        self._connection: Connection | None = None
        self._busy = threading.Lock()  # who waited for a statement may be gone while it still runs
        self._over = False

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in a thread, as a part of the transaction.  Raises SqlError."""

        def part(engine: Engine) -> T:
            with self._busy:
                if self._over:
                    raise SqlError(f"{self.database.name}: the transaction is over")
                if self._connection is None:
                    connection = engine.connect()
                    if self.isolation:
                        level = self.isolation.replace("_", " ").upper()
                        connection = connection.execution_options(isolation_level=level)
                    connection.begin()
                    self._connection = connection
                return work(self._connection)

        return await self.database.in_thread(lambda: self.database.guarded(part))

    async def end(self, *, commit: bool) -> None:
        """Commit what was done, or undo it, and give the connection back.  Raises SqlError."""

        def close(engine: Engine) -> None:
            with self._busy:
                connection, self._connection, self._over = self._connection, None, True
                if connection is None:
                    return
                with connection:
                    if commit:
                        connection.commit()
                    else:
                        connection.rollback()

        await self.database.in_thread(lambda: self.database.guarded(close))
