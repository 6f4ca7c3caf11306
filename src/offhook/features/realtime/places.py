"""Where a family's rows are: a table of a database, or a web server that speaks res_config_curl's protocol.

A condition is a column and a value; behind the column may stand an operator: `exten LIKE`, `cost >=`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from offhook.storage.sql import SqlDatabase, SqlError

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Condition", "CurlPlace", "Pair", "Place", "PlaceError", "SqlPlace"]

T = TypeVar("T")

Pair = tuple[str, str]
Condition = tuple[str, str]

_OPERATORS: Final = frozenset(("=", "!=", "<>", "<", ">", "<=", ">=", "LIKE", "NOT LIKE"))
_ESCAPED = re.compile(r"\^([0-9A-Fa-f]{2})")
_MOST: Final = 8 << 20  # octets of an answer
_TIMEOUT: Final = 10.0  # seconds


class PlaceError(Exception):
    """A look-up or change that failed; the text says where and why."""


class Place(Protocol):
    """Where rows are."""

    async def find(self, conditions: Sequence[Condition], *, one: bool) -> list[list[Pair]]:
        """The rows that meet all conditions, the first alone with `one`."""
        ...

    async def update(self, conditions: Sequence[Condition], changes: Sequence[Pair]) -> int:
        """Change the rows that meet all conditions; how many they were."""
        ...

    async def store(self, fields: Sequence[Pair]) -> int:
        """Add a row; 1."""
        ...

    async def destroy(self, conditions: Sequence[Condition]) -> int:
        """Remove the rows that meet all conditions; how many they were."""
        ...


class SqlPlace:
    """A table of a database."""

    def __init__(self, database: SqlDatabase, table: str) -> None:
        self._database = database
        self._table = table

    async def find(self, conditions: Sequence[Condition], *, one: bool) -> list[list[Pair]]:
        """The rows that meet all conditions, the first alone with `one`.  Raises PlaceError."""

        def work(connection: Connection) -> list[list[Pair]]:
            where, values = self._where(conditions)
            # Of several the order is that of the first condition's column, as Asterisk has it.
            order = "" if one or not conditions else f" ORDER BY {self._column(conditions[0][0])[0]}"
            limit = " LIMIT 1" if one else ""
            statement = f"SELECT * FROM {self._database.quote(self._table)}{where}{order}{limit}"
            names, rows, _ = self._database.execute(connection, statement, values)
            return [_pairs(names, row) for row in rows]

        return await self._run(work)

    async def update(self, conditions: Sequence[Condition], changes: Sequence[Pair]) -> int:
        """Change the rows that meet all conditions; how many they were.  Raises PlaceError."""

        def work(connection: Connection) -> int:
            quote = self._database.quote
            sets = ", ".join(f"{quote(name)} = :v{i}" for i, (name, _) in enumerate(changes))
            where, values = self._where(conditions, len(changes))
            statement = f"UPDATE {quote(self._table)} SET {sets}{where}"
            every = [*(value for _, value in changes), *values]
            return self._database.execute(connection, statement, every)[2]

        return await self._run(work)

    async def store(self, fields: Sequence[Pair]) -> int:
        """Add a row; 1.  Raises PlaceError."""

        def work(connection: Connection) -> int:
            quote = self._database.quote
            names = ", ".join(quote(name) for name, _ in fields)
            holes = ", ".join(f":v{i}" for i in range(len(fields)))
            statement = f"INSERT INTO {quote(self._table)} ({names}) VALUES ({holes})"
            return self._database.execute(connection, statement, [value for _, value in fields])[2]

        return await self._run(work)

    async def destroy(self, conditions: Sequence[Condition]) -> int:
        """Remove the rows that meet all conditions; how many they were.  Raises PlaceError."""

        def work(connection: Connection) -> int:
            where, values = self._where(conditions)
            statement = f"DELETE FROM {self._database.quote(self._table)}{where}"
            return self._database.execute(connection, statement, values)[2]

        return await self._run(work)

    async def _run(self, work: Callable[[Connection], T]) -> T:
        try:
            return await self._database.run(work)
        except SqlError as error:
            raise PlaceError(str(error)) from error

    def _column(self, condition: str) -> tuple[str, str]:
        """The quoted column of a condition, and its operator."""
        name, _, operator = condition.strip().partition(" ")
        operator = " ".join(operator.upper().split()) or "="
        if operator not in _OPERATORS:
            raise SqlError(f"{self._database.name}: {condition!r} has no operator that is known")
        return self._database.quote(name), operator

    def _where(self, conditions: Sequence[Condition], first: int = 0) -> tuple[str, list[object]]:
        if not conditions:
            return "", []
        parts: list[str] = []
        for i, (condition, _) in enumerate(conditions, first):
            column, operator = self._column(condition)
            escape = " ESCAPE '\\'" if operator.endswith("LIKE") else ""
            parts.append(f"{column} {operator} :v{i}{escape}")
        return " WHERE " + " AND ".join(parts), [value for _, value in conditions]


def _pairs(names: Sequence[str], row: Sequence[object]) -> list[Pair]:
    """A row as Asterisk gives it: no empty values; one with `;` in it is several (`^3B` is a semicolon)."""
    found: list[Pair] = []
    for name, value in zip(names, row, strict=True):
        if value is None:
            continue
        text = ("1" if value else "0") if isinstance(value, bool) else str(value)
        for part in text.split(";"):
            part = part.strip()
            if part:
                found.append((name, _ESCAPED.sub(lambda code: chr(int(code[1], 16)), part)))
    return found


class CurlPlace:
    """A web server: `URL/single`, `/multi`, `/update`, `/store`, `/destroy`, with fields in form encoding."""

    _threads: ThreadPoolExecutor | None = None

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    async def find(self, conditions: Sequence[Condition], *, one: bool) -> list[list[Pair]]:
        """The rows that meet all conditions, the first alone with `one`.  Raises PlaceError."""
        from urllib.parse import parse_qsl  # most nodes ask no web server

        text = await self._ask("single" if one else "multi", [], conditions)
        rows = [
            [pair for pair in parse_qsl(line.strip(), keep_blank_values=True) if pair[1]]
            for line in text.splitlines()
            if line.strip()
        ]
        return rows[:1] if one else rows

    async def update(self, conditions: Sequence[Condition], changes: Sequence[Pair]) -> int:
        """Change the rows that meet all conditions; how many they were.  Raises PlaceError."""
        return self._count(await self._ask("update", conditions, changes))

    async def store(self, fields: Sequence[Pair]) -> int:
        """Add a row; 1.  Raises PlaceError."""
        return self._count(await self._ask("store", [], fields))

    async def destroy(self, conditions: Sequence[Condition]) -> int:
        """Remove the rows that meet all conditions; how many they were.  Raises PlaceError."""
        return self._count(await self._ask("destroy", conditions[:1], conditions[1:]))

    def _count(self, text: str) -> int:
        try:
            return int(text.strip())
        except ValueError:
            raise PlaceError(f"{self._url}: a number was expected, not {text.strip()[:40]!r}") from None

    async def _ask(self, what: str, query: Sequence[Pair], data: Sequence[Pair]) -> str:
        from urllib.parse import quote, urlencode

        url = f"{self._url}/{what}"
        if query:
            url += "?" + urlencode(query, quote_via=quote)
        body = urlencode(data, quote_via=quote).encode()
        if CurlPlace._threads is None:
            CurlPlace._threads = ThreadPoolExecutor(8, thread_name_prefix="realtime-curl")
        work = asyncio.get_running_loop().run_in_executor(CurlPlace._threads, _fetch, url, body)
        try:
            return await asyncio.wait_for(work, _TIMEOUT)
        except TimeoutError:
            raise PlaceError(f"{url}: no answer within {_TIMEOUT:g} s") from None
        except (OSError, ValueError) as error:
            raise PlaceError(f"{url}: {error}") from None


def _fetch(url: str, body: bytes) -> str:
    import http.client
    import urllib.request

    if not url.startswith(("http://", "https://")):
        raise ValueError("only http and https are asked")
    request = urllib.request.Request(url, body)
    request.add_header("Content-Type", "application/x-www-form-urlencoded")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
            return answer.read(_MOST).decode("utf-8", "replace")
    except http.client.HTTPException as error:
        raise OSError(f"it answers something else than HTTP: {error}") from None
