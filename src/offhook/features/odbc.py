"""Functions that are SQL: a section of func_odbc.conf makes ODBC_NAME() of the dialplan.

The statement is a template: `${ARG1}` ... are the function's arguments, `${VAL1}` ... and `${VALUE}` what is
set.  Each runs in a thread of its database, as one transaction; what fails is in the log, sets ODBCSTATUS and
gives nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, cast

from offhook.config.files.realtime import OdbcFunction
from offhook.dialplan.arguments import join_arguments, split_arguments
from offhook.dialplan.call import Call
from offhook.dialplan.declare import Function, functions
from offhook.dialplan.errors import FunctionError
from offhook.dialplan.waiting import render_waiting
from offhook.features.databases import Databases
from offhook.features.odbc_transactions import Open, Transactions, finish, first_of, transactions_of
from offhook.storage.sql import SqlError
from offhook.storage.sql_transaction import SqlTransaction

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["OdbcFunctions", "Result", "declare", "results_of"]

log = logging.getLogger(__name__)

_SERVICE = "odbc results"
_MOST_ROWS = 100_000  # of one result, whatever rowlimit says
_declared: set[str] = set()


Row = tuple[object, ...]


class Result:
    """What a query gave: the names of its columns, and the rows that were not fetched yet."""

    def __init__(self, names: Sequence[str], rows: Iterator[Sequence[object]], escape: bool) -> None:
        self.names = names
        self.rows = rows
        self.escape = escape


def results_of(call: Call) -> dict[str, Result]:
    """The results that a channel has kept, by their ids."""
    found = call.services.get(_SERVICE)
    if not isinstance(found, dict):
        call.services[_SERVICE] = found = dict[str, Result]()
    return cast("dict[str, Result]", found)


def row_text(call: Call, result: Result, row: Sequence[object]) -> str:
    """A row as the functions give it, and the names of its columns for HASH()."""
    call.set_variable("~ODBCFIELDS~", join_arguments(list(result.names)))
    values = ["" if value is None else str(value) for value in row]
    return join_arguments(values) if result.escape else ",".join(values)


class OdbcFunctions:
    """A service of the Pbx: the statements of func_odbc.conf."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._ids = count(1)
        self._ending: set[asyncio.Task[None]] = set()
        self.known: Mapping[str, OdbcFunction] = {}

    def begin(self, call: Call, name: str, database: str) -> None:
        """A transaction of the call, which is the active one from now on.

        Raises SqlError for a database that is not configured.
        """
        conf = self._databases.conf(database)
        sql = SqlTransaction(self._databases.get(database), conf.isolation)
        found = transactions_of(call)
        if found is None:
            mine = found = first_of(call)
            channel = call.channel.name
            call.channel.when_ended(lambda: self._end(channel, mine))
        found.add(name, Open(database, sql, conf.forcecommit))

    def _end(self, channel: str, transactions: Transactions) -> None:
        """A channel is gone: end what it has left open."""
        for name in list(transactions.known):
            left = transactions.take(name)
            if left is not None:
                work = finish(channel, name, left)
                task = asyncio.get_running_loop().create_task(work, name=f"odbc {name}")
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)

    async def settle(self) -> None:
        """Wait for the transactions of calls that have ended."""
        await asyncio.gather(*self._ending)

    async def read(self, call: Call, name: str, arguments: Sequence[str]) -> str:
        """Run readsql."""
        conf = self._conf(name)
        call.set_variable("ODBCROWS", "0")
        call.set_variable("ODBCSTATUS", "FAILURE")
        if not conf.readsql:
            raise FunctionError(f"{conf.function} has no readsql")
        if len(arguments) < conf.minargs:
            raise FunctionError(f"{conf.function} needs {conf.minargs} arguments")
        statement = await _statement(call, conf.readsql, _arguments(arguments))
        limit = min(conf.rowlimit or (_MOST_ROWS if conf.multirow else 1), _MOST_ROWS)
        found = await self._run(call, conf.function, conf.read_from, statement, limit)
        if found is None:
            return ""
        names, rows, _ = found
        call.set_variable("ODBCROWS", str(len(rows)))
        call.set_variable("ODBCSTATUS", "SUCCESS" if rows else "NODATA")
        if not rows:
            return ""
        result = Result(names, iter(rows), conf.escapecommas)
        if conf.multirow:
            number = str(next(self._ids))
            results_of(call)[number] = result
            return number
        first = next(result.rows)
        if conf.rowlimit > 1:
            results_of(call)[conf.function] = result
        return row_text(call, result, first)

    async def write(self, call: Call, value: str, name: str, arguments: Sequence[str]) -> None:
        """Run writesql, and insertsql when that changed nothing."""
        conf = self._conf(name)
        call.set_variable("ODBCROWS", "0")
        call.set_variable("ODBCSTATUS", "FAILURE")
        if not conf.writesql:
            raise FunctionError(f"{conf.function} has no writesql")
        given = {f"VAL{i}": one for i, one in enumerate(split_arguments(value), 1)}
        given |= {"VALUE": value, **_arguments(arguments)}
        for sql in (conf.writesql, conf.insertsql):
            if not sql:
                break
            statement = await _statement(call, sql, given)
            found = await self._run(call, conf.function, conf.write_to, statement, 0)
            if found is None:
                return
            call.set_variable("ODBCROWS", str(found[2]))
            call.set_variable("ODBCSTATUS", "SUCCESS" if found[2] else "NODATA")
            if found[2]:
                break

    async def statements(
        self, call: Call, name: str, arguments: Sequence[str], value: str | None = None
    ) -> list[str]:
        """The SQL that reading it would run; with a value, what setting it would.  Raises DialplanError."""
        conf = self._conf(name)
        given = _arguments(arguments)
        if value is None:
            found = [conf.readsql]
        else:
            found = [conf.writesql, conf.insertsql]
            given |= {f"VAL{i}": one for i, one in enumerate(split_arguments(value), 1)}
            given["VALUE"] = value
        if not found[0]:
            raise FunctionError(f"{conf.function} has no {'readsql' if value is None else 'writesql'}")
        return [await _statement(call, sql, given) for sql in found if sql]

    async def rows(
        self, call: Call, name: str, arguments: Sequence[str]
    ) -> tuple[list[str], list[Row]] | None:
        """The columns and rows that readsql gives; None when no database answers.  Raises DialplanError."""
        (statement,) = await self.statements(call, name, arguments)
        conf = self._conf(name)
        found = await self._run(call, conf.function, conf.read_from, statement, conf.rowlimit or _MOST_ROWS)
        return None if found is None else found[:2]

    def _conf(self, name: str) -> OdbcFunction:
        conf = self.known.get(name.lower())
        if conf is None:
            raise FunctionError(f"func_odbc.conf of this node has no {name}")
        return conf

    async def _run(
        self, call: Call, name: str, databases: Sequence[str], statement: str, limit: int
    ) -> tuple[list[str], list[tuple[object, ...]], int] | None:
        """What the first of the databases that answers gives; None when none does."""
        transactions = transactions_of(call)
        for each in databases[:5]:
            try:
                open_ = transactions.of_database(each) if transactions is not None else None
                place = open_.sql if open_ is not None else self._databases.get(each)
                return await place.run(lambda connection: _execute(connection, statement, limit))
            except SqlError as error:
                log.error("%s: %s: %s", name, error, statement)
        return None


def _execute(
    connection: Connection, statement: str, limit: int
) -> tuple[list[str], list[tuple[object, ...]], int]:
    # As it stands: a colon is no parameter, and a percent sign is none of the driver's.
    if connection.dialect.paramstyle in ("format", "pyformat"):
        statement = statement.replace("%", "%%")
    result = connection.exec_driver_sql(statement)
    if not result.returns_rows:
        return [], [], max(result.rowcount, 0)
    rows = [tuple(row) for row in result.fetchmany(limit)]
    return list(result.keys()), rows, len(rows)


def _arguments(arguments: Sequence[str]) -> dict[str, str]:
    return {f"ARG{i}": one for i, one in enumerate(arguments, 1)}


async def _statement(call: Call, template: str, given: Mapping[str, str]) -> str:
    """The template with the arguments in it, which hide the channel's own variables of these names."""
    before = {name: call.variables.get(name) for name in given}
    # Arguments of an enclosing Gosub are not those of the function.
    before |= {f"ARG{i}": call.variables.get(f"ARG{i}") for i in range(1, 10) if f"ARG{i}" not in given}
    for name in before:
        call.variables.pop(name, None)
    call.variables.update(given)
    try:
        return await render_waiting(call, template)
    finally:
        for name, value in before.items():
            if value is None:
                call.variables.pop(name, None)
            else:
                call.variables[name] = value


def declare(known: Mapping[str, OdbcFunction]) -> None:
    """Make the names of func_odbc.conf functions of the dialplan, in place of those before.

    What each does is the business of the call's node: its `OdbcFunctions`.
    """
    for name in _declared - known.keys():
        functions.remove(name)
    for name in known.keys() - _declared:
        if name not in functions:
            functions.add(_function(known[name]))
    _declared.clear()
    _declared.update(name for name in known if name in functions)


def _function(conf: OdbcFunction) -> Function[...]:
    name = conf.function

    def read(call: Call, *arguments: str) -> str:
        raise FunctionError("it asks a database: only the arguments of a priority can wait for that")

    async def wait(call: Call, *arguments: str) -> str:
        return await _service(call).read(call, name, arguments)

    async def write(call: Call, value: str, *arguments: str) -> None:
        await _service(call).write(call, value, name, arguments)

    read.__doc__ = conf.synopsis or f"A statement of func_odbc.conf [{conf.name}]."
    made: Function[...] = Function(name, read)
    made.wait = wait
    if conf.writesql:
        made.write = write
    made.dangerous = "both"
    return made


def _service(call: Call) -> OdbcFunctions:
    found = call.channel.pbx.service(OdbcFunctions)
    if found is None:
        raise FunctionError("this node has no databases")
    return found
