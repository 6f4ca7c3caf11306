"""Tables of databases that take records: what they have columns for is written, under the column's type.

`adaptive` tables get each field of a record whose column exists, and each value of the dialplan's own
(`Set(CDR(route)=27)`) likewise; `master.db` gets the columns that its mapping names.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from offhook.features.cdr import CDR_DISPOSITIONS
from offhook.features.records.outbox import Outbox
from offhook.features.records.values import CDR_FIELDS, CEL_FIELDS, cdr_value, cel_value, stamp
from offhook.storage.sql import SqlColumn, SqlDatabase

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from offhook.config.files.records import Filter, SqliteTable
    from offhook.features.cdr import Cdr, CdrSettings
    from offhook.features.cel import CelRecord
    from offhook.features.records.files import RenderCdr, RenderCel

__all__ = [
    "CDR_ALIASES",
    "CEL_ALIASES",
    "AdaptiveCdr",
    "AdaptiveCel",
    "MasterDb",
    "SqlTable",
    "SqliteCdr",
    "SqliteCel",
]

Record = Mapping[str, Any]

_FLAGS = {"OMIT": 1, "BILLING": 2, "DOCUMENTATION": 3}
# Names that Asterisk's own tables have for fields.
CDR_ALIASES = {"calldate": "start"}
CEL_ALIASES = {
    "cid_name": "cidname",
    "cid_num": "cidnum",
    "cid_ani": "cidani",
    "cid_rdnis": "cidrdnis",
    "cid_dnid": "ciddnid",
    "uniqueid": "uniqueid",
    "userdeftype": "usereventname",
}


class SqlTable:
    """A table of a database; a target of the outbox."""

    def __init__(
        self,
        name: str,
        database: SqlDatabase,
        table: str,
        *,
        schema: str = "",
        gmt: bool = False,
        columns: Mapping[str, str],
        static: Sequence[tuple[str, str]] = (),
    ) -> None:
        """`columns`: the field of each column that has another name; `static`: column and value."""
        self.name = name
        self._database = database
        self._table = table
        self._schema = schema
        self._gmt = gmt
        self._fields = {column.lower(): field for column, field in columns.items()}
        self._static = {column.lower(): value for column, value in static}

    async def take(self, records: Sequence[Record]) -> None:
        """Write all of them in one transaction.  Raises SqlError."""
        await self._database.run(lambda connection: self._write(connection, records))

    def refuses(self, error: Exception) -> bool:
        """Whether the database answers, and does not want these records."""
        from sqlalchemy.exc import DataError, IntegrityError

        return isinstance(error.__cause__, DataError | IntegrityError)

    def _write(self, connection: Connection, records: Sequence[Record]) -> None:
        database = self._database
        columns = database.columns(connection, self._table, self._schema)
        name = database.quote(f"{self._schema}.{self._table}" if self._schema else self._table)
        for record in records:
            values: list[object] = []
            names: list[str] = []
            for column in columns:
                value = self._value(column, record)
                if value is not None:
                    names.append(database.quote(column.name))
                    values.append(value)
            if names:
                holes = ", ".join(f":v{i}" for i in range(len(values)))
                statement = f"INSERT INTO {name} ({', '.join(names)}) VALUES ({holes})"
                database.execute(connection, statement, values)

    def _value(self, column: SqlColumn, record: Record) -> object:
        key = column.name.lower()
        if key in self._static:
            return self._static[key]
        field = self._fields.get(key, key)
        value = record.get(field)
        if value is None:
            return None
        if field in ("start", "answer", "end", "eventtime") and isinstance(value, int | float):
            if not value:
                return None
            return value if column.is_number else stamp(value, self._gmt)
        if column.is_number and isinstance(value, str):
            if field == "disposition":
                return CDR_DISPOSITIONS.get(value, 0)
            if field == "amaflags":
                return _FLAGS.get(value, 3)
            if not value.strip():
                return None
        return value


def _passes(filters: Sequence[Filter], record: Record) -> bool:
    return all((str(record.get(one.name, "")) == one.value) != one.differs for one in filters)


class AdaptiveCdr:
    """Call records for a table that gets what it has columns for."""

    def __init__(self, outbox: Outbox, name: str, filters: Sequence[Filter] = ()) -> None:
        self.name = name
        self._outbox = outbox
        self._filters = filters

    def write(self, cdr: Cdr, settings: CdrSettings) -> None:
        """Keep one record for the table; durable with the store's next commit."""
        record: dict[str, Any] = dict(cdr.variables or {})
        for field, value_of in CDR_FIELDS.items():
            record[field] = value_of(cdr)
        record["billsec"] = cdr.billsec(settings.initiated_seconds)
        if not _passes(self._filters, record):
            return
        self._outbox.put(self.name, record)


class AdaptiveCel:
    """Channel events for a table that gets what it has columns for."""

    def __init__(self, outbox: Outbox, name: str, filters: Sequence[Filter] = ()) -> None:
        self.name = name
        self._outbox = outbox
        self._filters = filters

    def write(self, record: CelRecord) -> None:
        """Keep one event for the table; durable with the store's next commit."""
        kept = {field: value_of(record) for field, value_of in CEL_FIELDS.items()}
        if not _passes(self._filters, kept):
            return
        self._outbox.put(self.name, {**kept, "eventtime": record.time})


class MasterDb:
    """A table of `master.db`, made when it is not there; a target of the outbox."""

    def __init__(self, name: str, path: Path, table: SqliteTable) -> None:
        self.name = name
        self._path = path
        self._table = table

    async def take(self, records: Sequence[Record]) -> None:
        """Write all of them in one transaction.  Raises sqlite3.Error."""
        await asyncio.to_thread(self._write, records)

    def refuses(self, error: Exception) -> bool:
        """Whether the records are at fault and not the disk."""
        return isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.DataError)

    def _write(self, records: Sequence[Record]) -> None:
        table, columns = _name(self._table.table), self._table.columns
        names = ", ".join(_name(column) for column in columns)
        with closing(sqlite3.connect(self._path, timeout=self._table.busy_timeout / 1000)) as db, db:
            db.execute(f"CREATE TABLE IF NOT EXISTS {table} (AcctId INTEGER PRIMARY KEY, {names})")
            there = {str(row[1]).lower() for row in db.execute(f"PRAGMA table_info({table})")}
            for column in columns:
                if column.strip('"').lower() not in there:
                    db.execute(f"ALTER TABLE {table} ADD COLUMN {_name(column)}")
            holes = ", ".join("?" for _ in columns)
            rows = [[record["values"][i] for i in range(len(columns))] for record in records]
            db.executemany(f"INSERT INTO {table} ({names}) VALUES ({holes})", rows)


def _name(text: str) -> str:
    return '"' + text.strip('"').replace('"', '""') + '"'


class SqliteCdr:
    """Call records for master.db."""

    def __init__(self, outbox: Outbox, name: str, table: SqliteTable, render: RenderCdr) -> None:
        self.name = name
        self._outbox = outbox
        self._table = table
        self._render = render

    def write(self, cdr: Cdr, settings: CdrSettings) -> None:
        """Keep one row; durable with the store's next commit."""
        table = self._table
        if table.fields:
            values = [
                field.name if field.literal else cdr_value(cdr, settings, field.name, field.qualifiers)
                for field in table.fields
            ]
        else:
            values = [self._render(cdr, template) for template in table.values]
        self._outbox.put(self.name, {"values": values})


class SqliteCel:
    """Channel events for master.db."""

    def __init__(self, outbox: Outbox, name: str, table: SqliteTable, render: RenderCel) -> None:
        self.name = name
        self._outbox = outbox
        self._table = table
        self._render = render

    def write(self, record: CelRecord) -> None:
        """Keep one row; durable with the store's next commit."""
        table = self._table
        if table.fields:
            values = [
                field.name if field.literal else cel_value(record, field.name, field.qualifiers)
                for field in table.fields
            ]
        else:
            values = [self._render(record, template) for template in table.values]
        self._outbox.put(self.name, {"values": values})
