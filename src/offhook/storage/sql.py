"""SqlDatabase: a database of somebody else's, asked in threads, with limits.

SQLAlchemy speaks to it, and is imported when the first statement is run: a node without databases pays
nothing.  A statement has `timeout` seconds for all of it; at most `connections` run at once and fifty times
as many wait.  When the database cannot be reached the next statements fail at once for two seconds, so that
calls do not each wait for the same failure.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

__all__ = ["SqlColumn", "SqlDatabase", "SqlError", "without_password"]

log = logging.getLogger(__name__)

T = TypeVar("T")

_REST: Final = 2.0  # seconds without a try after a failure to connect
_MOST_WAITING: Final = 50  # statements for each connection
_PASSWORD = re.compile(r"(://[^:/@]*:)[^@]*@")


class SqlError(Exception):
    """A statement that was not run, or failed; the text says which database and why."""


def without_password(url: str) -> str:
    """A URL that may be shown."""
    return _PASSWORD.sub(r"\1***@", url)


class SqlColumn:
    """A column of a table: its name, and whether numbers or times are kept in it."""

    __slots__ = ("is_number", "is_time", "name")

    def __init__(self, name: str, *, is_number: bool, is_time: bool) -> None:
        self.name = name
        self.is_number = is_number
        self.is_time = is_time


class SqlDatabase:
    """One database, by its URL (`postgresql+psycopg://user:password@host/name`, `sqlite:////path`)."""

    def __init__(self, name: str, url: str, *, connections: int = 5, timeout: float = 10.0) -> None:
        self.name = name
        self.url = url
        self.timeout = timeout
        self.connections = connections
        self._engine: Engine | None = None
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix=f"sql-{name}")
        self._waiting = 0
        self._down_until = 0.0
        self._down_why = ""
        self._is_down = False
        self._columns: dict[str, list[SqlColumn]] = {}
        self._closed = False

    @property
    def shown_url(self) -> str:
        """The URL without a password."""
        return without_password(self.url)

    @property
    def active(self) -> int:
        """Statements that run now."""
        return min(self._waiting, self.connections)

    @property
    def is_down(self) -> bool:
        """Whether it could not be reached when it was last tried."""
        return self._is_down

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in a thread, as one transaction.  Raises SqlError; what is late goes on unheeded."""
        return await self.in_thread(lambda: self.run_here(work))

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do `work` in one of the database's threads.  Raises SqlError; what is late goes on unheeded."""
        if self._waiting >= self.connections * _MOST_WAITING:
            raise SqlError(f"{self.name}: {self._waiting} statements wait already")
        self._waiting += 1
        loop = asyncio.get_running_loop()
        try:
            future = loop.run_in_executor(self._threads, work)
        except RuntimeError as error:
            self._waiting -= 1
            raise SqlError(f"{self.name}: {error}") from None
        future.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.shield(future), self.timeout)
        except TimeoutError:
            raise SqlError(f"{self.name}: no answer within {self.timeout:g} s") from None
        except asyncio.CancelledError:
            if future.cancelled():  # by close(): to whoever waits that is no hang-up
                raise SqlError(f"{self.name}: closed") from None
            raise

    def _done(self, future: asyncio.Future[Any]) -> None:
        self._waiting -= 1
        if not future.cancelled():
            future.exception()  # nobody may be waiting for it any more

    def run_here(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in this thread, as one transaction.  Raises SqlError."""

        def whole(engine: Engine) -> T:
            with engine.connect() as connection:
                self._reached()
                with connection.begin():
                    return work(connection)

        return self.guarded(whole)

    def guarded(self, work: Callable[[Engine], T]) -> T:
        """Do `work` in this thread; what SQLAlchemy raises becomes SqlError."""
        if time.monotonic() < self._down_until:
            raise SqlError(f"{self.name}: {self._down_why}")
        from sqlalchemy.exc import SQLAlchemyError

        try:
            return work(self._engine or self._connect())
        except SQLAlchemyError as error:
            if getattr(error, "connection_invalidated", False) or _is_unreachable(error):
                self._failed(error)
            raise SqlError(f"{self.name}: {_first_line(error)}") from error
        except ImportError as error:
            raise SqlError(f"{self.name}: {error}") from error

    def _connect(self) -> Engine:
        from sqlalchemy import create_engine
        from sqlalchemy.engine import make_url

        url = make_url(self.url)
        arguments: dict[str, Any] = {}
        if url.get_backend_name() == "sqlite":
            arguments = {"timeout": self.timeout, "check_same_thread": False}
        elif url.get_backend_name() == "postgresql":
            arguments = {
                "connect_timeout": max(int(self.timeout), 1),
                "options": f"-c statement_timeout={int(self.timeout * 1000)}",
            }
        self._engine = create_engine(
            url,
            pool_size=self.connections,
            max_overflow=0,
            pool_timeout=self.timeout,
            pool_pre_ping=True,
            connect_args=arguments,
        )
        return self._engine

    def _failed(self, error: Exception) -> None:
        self._down_why = _first_line(error)
        self._down_until = time.monotonic() + _REST
        if not self._is_down:
            log.error("database %s (%s) cannot be reached: %s", self.name, self.shown_url, self._down_why)
        self._is_down = True

    def _reached(self) -> None:
        if self._is_down:
            log.warning("database %s can be reached again", self.name)
        self._is_down = False

    # ------------------------------------------------------------ for `work`

    def columns(self, connection: Connection, table: str, schema: str = "") -> list[SqlColumn]:
        """The columns of a table; looked at once.  Raises SqlError when there is no such table."""
        key = f"{schema}.{table}"
        found = self._columns.get(key)
        if found is None:
            found = self._columns[key] = _columns(self.name, connection, table, schema)
        return found

    def forget_columns(self) -> None:
        """Look at tables anew."""
        self._columns.clear()

    def quote(self, name: str) -> str:
        """An identifier as this database wants it; `schema.table` has two."""
        engine = self._engine
        if engine is None:
            raise SqlError(f"{self.name}: not connected")
        quote = engine.dialect.identifier_preparer.quote_identifier
        return ".".join(quote(part) for part in name.split(".", 1))

    def execute(
        self, connection: Connection, statement: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> tuple[list[str], list[tuple[object, ...]], int]:
        """Run a statement with `:v0`, `:v1` ... for `values`: names of columns, rows, rows changed.

        Texts are given without a type, so the database makes of them what the column wants.
        """
        from sqlalchemy import bindparam, text
        from sqlalchemy.types import NullType

        named = values if isinstance(values, Mapping) else {f"v{i}": value for i, value in enumerate(values)}
        clause = text(statement)
        if named:
            clause = clause.bindparams(*(bindparam(name, type_=NullType()) for name in named))
        result = connection.execute(clause, dict(named))
        if not result.returns_rows:
            return [], [], max(result.rowcount, 0)
        names = list(result.keys())
        rows = [tuple(row) for row in result.fetchall()]
        return names, rows, len(rows)

    def close(self) -> None:
        """Give the connections back; statements that run end as they end."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._engine is not None:
            self._engine.dispose()


def _columns(name: str, connection: Connection, table: str, schema: str) -> list[SqlColumn]:
    from sqlalchemy import Date, DateTime, Integer, Numeric, inspect
    from sqlalchemy.exc import NoSuchTableError

    try:
        found = inspect(connection).get_columns(table, schema=schema or None)
    except NoSuchTableError:
        found = []
    if not found:
        raise SqlError(f"{name}: there is no table {table}")
    return [
        SqlColumn(
            column["name"],
            is_number=isinstance(column["type"], Integer | Numeric),
            is_time=isinstance(column["type"], Date | DateTime),
        )
        for column in found
    ]


def _is_unreachable(error: Exception) -> bool:
    from sqlalchemy.exc import InterfaceError, OperationalError
    from sqlalchemy.exc import TimeoutError as PoolTimeoutError

    if isinstance(error, PoolTimeoutError):
        return True
    # A statement that is wrong is an OperationalError of SQLite's, too; it has the statement with it.
    return isinstance(error, InterfaceError | OperationalError) and error.statement is None


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())[:300] or type(cause).__name__
