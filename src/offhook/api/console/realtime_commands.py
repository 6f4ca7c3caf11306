"""Console commands of databases: `realtime load`, `update`, `update2`, `store`, `destroy`, `odbc ...`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

from offhook.api.console.commands import CommandError, Commands
from offhook.dialplan.arguments import split_arguments
from offhook.dialplan.errors import DialplanError
from offhook.features.odbc import OdbcFunctions
from offhook.features.realtime import Realtime, RealtimeError
from offhook.storage.sql import SqlError

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]

T = TypeVar("T")


async def _done(work: Awaitable[T]) -> T:
    try:
        return await work
    except RealtimeError as error:
        raise CommandError(str(error)) from None


def _engine(node: Node) -> Realtime:
    return node.records.realtime


def _need(ok: bool, usage: str) -> None:
    if not ok:
        raise CommandError(f"Usage: {usage}")


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("realtime load", "FAMILY COLUMN VALUE")
    async def load(node: Node, words: list[str]) -> str:
        """Show the rows of a family that have a value in a column."""
        _need(len(words) == 3, "realtime load <family> <colmatch> <value>")
        rows = await _done(_engine(node).find_all(words[0], [(words[1], words[2])]))
        if not rows:
            return f"No rows found matching search criteria in {words[0]}.\n"
        lines = [f"{'Column':>30}  {'Value':<30}", f"{'-' * 20:>30}  {'-' * 20:<30}"]
        for row in rows:
            lines += [f"{name:>30}  {value:<30}" for name, value in row]
            lines.append("")
        return "\n".join(lines) + "\n"

    @commands.add("realtime update", "FAMILY COLUMN VALUE NEWCOLUMN NEWVALUE")
    async def update(node: Node, words: list[str]) -> str:
        """Set a column of the rows of a family that have a value in another."""
        _need(len(words) == 5, "realtime update <family> <colmatch> <valuematch> <colupdate> <newvalue>")
        family, column, value, changed, new = words
        count = await _done(_engine(node).update(family, [(column, value)], [(changed, new)]))
        return f"Updated {count} RealTime record{'s' if count != 1 else ''}.\n"

    @commands.add("realtime update2", "FAMILY COLUMN VALUE ... { COLUMN VALUE ...")
    async def update2(node: Node, words: list[str]) -> str:
        """Set columns of the rows that meet several conditions; `{` stands between conditions and changes."""
        conditions, changes = words[1:], list[str]()
        if "{" in words:
            at = words.index("{")
            conditions, changes = words[1:at], words[at + 1 :]
        ok = bool(conditions and changes) and len(conditions) % 2 == 0 == len(changes) % 2
        _need(ok, "realtime update2 <family> <colmatch> <valuematch> [...] { <colupdate> <newvalue> [...]")
        count = await _done(_engine(node).update(words[0], _pairs(conditions), _pairs(changes)))
        return f"Updated {count} RealTime record{'s' if count != 1 else ''}.\n"

    @commands.add("realtime store", "FAMILY COLUMN VALUE ...")
    async def store(node: Node, words: list[str]) -> str:
        """Add a row to a family."""
        _need(len(words) >= 3 and len(words) % 2 == 1, "realtime store <family> <column> <value> [...]")
        await _done(_engine(node).store(words[0], _pairs(words[1:])))
        return "Stored RealTime record.\n"

    @commands.add("realtime destroy", "FAMILY COLUMN VALUE ...")
    async def destroy(node: Node, words: list[str]) -> str:
        """Remove the rows of a family that have these values."""
        _need(
            len(words) >= 3 and len(words) % 2 == 1, "realtime destroy <family> <colmatch> <valuematch> [...]"
        )
        count = await _done(_engine(node).destroy(words[0], _pairs(words[1:])))
        return f"Removed {count} RealTime record{'s' if count != 1 else ''}.\n"

    @commands.add("realtime show families")
    def families(node: Node, words: list[str]) -> str:
        """Show where the rows of each family are."""
        lines = [f"{'Family':<24} {'Driver':<8} {'Database':<32} Table"]
        lines += [
            f"{one.family:<24} {one.driver:<8} {one.database:<32} {one.table}"
            for places in _engine(node).families.values()
            for one in places
        ]
        return "\n".join(lines) + "\n"

    @commands.add("odbc show", "[NAME|all]")
    def odbc_show(node: Node, words: list[str]) -> str:
        """Show the databases, and whether they can be reached."""
        databases = node.records.databases
        names = [name for name in databases.names if not words or words[0] in ("all", name)]
        lines = ["", "ODBC DSN Settings", "-----------------", ""]
        for name in names:
            conf, opened = node.snapshot.databases.get(name), databases.opened(name)
            if conf is None:
                continue
            state = "not used yet" if opened is None else "not reachable" if opened.is_down else "connected"
            active = opened.active if opened is not None else 0
            lines += [
                f"  Name:   {name}",
                f"  DSN:    {databases.shown_url(name)}",
                f"    Number of active connections: {active} (out of {conf.connections})",
                f"    State: {state}",
                "",
            ]
        return "\n".join(lines) + "\n"

    @commands.add("realtime show pgsql status")
    def pgsql_status(node: Node, words: list[str]) -> str:
        """Show whether the database of res_pgsql.conf can be reached."""
        return _status(node, "pgsql")

    @commands.add("cdr show pgsql status")
    def cdr_status(node: Node, words: list[str]) -> str:
        """Show whether the database of cdr_pgsql.conf can be reached."""
        return _status(node, "cdr_pgsql")

    @commands.add("realtime show pgsql cache", "[TABLE]")
    async def pgsql_cache(node: Node, words: list[str]) -> str:
        """Show the tables of families that are in PostgreSQL, or the columns of one."""
        tables = {
            one.table for each in _engine(node).families.values() for one in each if one.driver == "pgsql"
        }
        if not words:
            return "".join(f"{name}\n" for name in sorted(tables))
        if words[0] not in tables:
            raise CommandError(f"No such table '{words[0]}'")
        try:
            database = node.records.databases.get("pgsql")
            columns = await database.run(lambda connection: database.columns(connection, words[0]))
        except SqlError as error:
            raise CommandError(str(error)) from None
        lines = [f"Columns for Table Cache '{words[0]}':", f"{'Name':<20} Type", f"{'-' * 20} {'-' * 20}"]
        for one in columns:
            kind = "number" if one.is_number else "time" if one.is_time else "text"
            lines.append(f"{one.name:<20} {kind}")
        return "\n".join([*lines, ""])

    @commands.add("odbc read", "FUNCTION [ARGUMENTS [exec]]")
    async def odbc_read(node: Node, words: list[str]) -> str:
        """Show the SQL that a function of func_odbc.conf reads with; with `exec` what it gives."""
        execute, words = _executes(words)
        _need(1 <= len(words) <= 2, "odbc read <name> [<args> [exec]]")
        call = node.runner.call_without_channel(node.pbx)
        arguments = split_arguments(words[1]) if len(words) > 1 else []
        try:
            if not execute:
                return "\n".join(await _functions(node).statements(call, words[0], arguments)) + "\n"
            found = await _functions(node).rows(call, words[0], arguments)
        except DialplanError as error:
            raise CommandError(str(error)) from None
        if found is None:
            raise CommandError("No database has answered (see the log).")
        names, rows = found
        lines: list[str] = []
        for row in rows:
            lines += [
                f"{name:>20.20}  {'' if value is None else value}"
                for name, value in zip(names, row, strict=True)
            ]
            lines.append("")
        return "\n".join([*lines, f"Returned {len(rows)} row{'' if len(rows) == 1 else 's'}.", ""])

    @commands.add("odbc write", "FUNCTION ARGUMENTS VALUE [exec]")
    async def odbc_write(node: Node, words: list[str]) -> str:
        """Show the SQL that setting a function of func_odbc.conf runs; with `exec` run it."""
        execute, words = _executes(words)
        _need(len(words) == 3, "odbc write <name> <args> <value> [exec]")
        call = node.runner.call_without_channel(node.pbx)
        name, arguments, value = words[0], split_arguments(words[1]), words[2]
        try:
            if not execute:
                return "\n".join(await _functions(node).statements(call, name, arguments, value)) + "\n"
            await _functions(node).write(call, value, name, arguments)
        except DialplanError as error:
            raise CommandError(str(error)) from None
        if call.get("ODBCSTATUS") == "FAILURE":
            raise CommandError("No database has answered (see the log).")
        return f"Affected {call.get('ODBCROWS')} rows.\n"


def _executes(words: list[str]) -> tuple[bool, list[str]]:
    return (True, words[:-1]) if words[-1:] == ["exec"] else (False, words)


def _functions(node: Node) -> OdbcFunctions:
    found = node.pbx.service(OdbcFunctions)
    if found is None:
        raise CommandError("There is no func_odbc.conf.")
    return found


def _status(node: Node, name: str) -> str:
    databases = node.records.databases
    if name not in databases.names:
        raise CommandError(f"There is no {'res_pgsql' if name == 'pgsql' else name}.conf.")
    opened = databases.opened(name)
    state = "Not used yet:" if opened is None else "Not connected to" if opened.is_down else "Connected to"
    return f"{state} {databases.shown_url(name)}\n"


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    return list(zip(words[::2], words[1::2], strict=True))
