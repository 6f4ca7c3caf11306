"""Console commands of Asterisk's database: `database show`, `put`, `get`, `del`, `deltree`, `query` ..."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands
from offhook.features.astdb import AstDbError

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]


def _usage(ok: bool, usage: str) -> None:
    if not ok:
        raise CommandError(f"Usage: {usage}")


def _listed(entries: Iterable[tuple[str, str]]) -> str:
    lines = [f"{key:<50}: {value:<25}" for key, value in entries]
    return "".join(f"{line}\n" for line in lines) + f"{len(lines)} results found.\n"


def _query(entries: list[tuple[str, str]], statement: str) -> str:
    """Run SQL on a copy of the entries: what it changes there changes nothing here."""
    lines: list[str] = []
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE astdb (key TEXT PRIMARY KEY, value TEXT)")
        db.executemany("INSERT INTO astdb VALUES (?, ?)", entries)
        db.execute("PRAGMA query_only = ON")
        cursor = db.execute(statement)
        for row in cursor:
            for column, value in zip(cursor.description, row, strict=True):
                lines.append(f"{column[0]:<6}: {'' if value is None else value}")
            lines.append("")
    return "".join(f"{line}\n" for line in lines)


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("database show", "[FAMILY [KEYTREE]]")
    def show(node: Node, words: list[str]) -> str:
        """Show the entries of the database, of a family, or below a part of one."""
        _usage(len(words) <= 2, "database show [family [keytree]]")
        family, tree = [*words, "", ""][:2]
        if family and not tree:
            family, _, tree = family.strip("/").partition("/")
        return _listed(node.astdb.entries(family, tree))

    @commands.add("database showkey", "KEY")
    def showkey(node: Node, words: list[str]) -> str:
        """Show the entries of all families that have this key."""
        _usage(len(words) == 1, "database showkey key")
        return _listed(node.astdb.with_key(words[0]))

    @commands.add("database get", "FAMILY KEY")
    def get(node: Node, words: list[str]) -> str:
        """Show the value of an entry."""
        _usage(len(words) == 2, "database get family key")
        found = node.astdb.get(*words)
        return "Database entry not found.\n" if found is None else f"Value: {found}\n"

    @commands.add("database put", "FAMILY KEY VALUE")
    async def put(node: Node, words: list[str]) -> str:
        """Set an entry; it is on disk when this is answered."""
        _usage(len(words) >= 3, "database put family key value")
        try:
            durable = node.astdb.put(words[0], words[1], " ".join(words[2:]))
        except AstDbError as error:
            raise CommandError(f"Failed to update entry: {error}") from None
        if durable is not None:
            await durable
        return "Updated database successfully\n"

    @commands.add("database del", "FAMILY KEY")
    async def delete(node: Node, words: list[str]) -> str:
        """Remove an entry."""
        _usage(len(words) == 2, "database del family key")
        existed, durable = node.astdb.delete(*words)
        if durable is not None:
            await durable
        return (
            "Database entry removed.\n" if existed else "Database entry could not be removed (not found).\n"
        )

    @commands.add("database deltree", "FAMILY [KEYTREE]")
    async def deltree(node: Node, words: list[str]) -> str:
        """Remove a family, or what is below a part of one; `*` for everything."""
        _usage(1 <= len(words) <= 2, "database deltree family [keytree]")
        family, tree = [*words, ""][:2]
        if not tree:
            family, _, tree = family.strip("/").partition("/")
        count, durable = node.astdb.delete_tree("" if family == "*" else family, tree)
        if durable is not None:
            await durable
        return f"{count} database entries removed.\n" if count else "Database entries do not exist.\n"

    @commands.add("database query", "SQL")
    async def query(node: Node, words: list[str]) -> str:
        """Answer an SQL query about the table astdb (key, value); it cannot change anything."""
        _usage(bool(words), 'database query "SELECT ..."')
        statement = " ".join(words)
        if len(statement) > 1 and statement[0] == '"' == statement[-1]:
            statement = statement[1:-1].replace('\\"', '"')
        try:
            return await asyncio.to_thread(_query, list(node.astdb.entries()), statement)
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise CommandError(f"SQL error: {error}") from None

    @commands.add("database import", "FILE")
    async def import_file(node: Node, words: list[str]) -> str:
        """Take over the entries of an Asterisk's astdb.sqlite3 that do not exist here yet."""
        _usage(len(words) == 1, "database import /var/lib/asterisk/astdb.sqlite3")
        try:
            count = await node.astdb.import_file(Path(words[0]))
        except AstDbError as error:
            raise CommandError(str(error)) from None
        return f"{count} database entries imported.\n"
