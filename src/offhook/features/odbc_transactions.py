"""Transactions of calls: what the statements of func_odbc.conf do between ODBC(transaction) and ODBC_Commit.

A channel may have several, by names of its own; the active one takes the statements for its database.  What
is open when the channel ends is undone, or committed where forcecommit says so.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from offhook.storage.sql import SqlError
from offhook.storage.sql_transaction import SqlTransaction

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.features.databases import Databases

__all__ = ["Open", "Transactions", "transactions_of"]

log = logging.getLogger(__name__)

_SERVICE = "odbc transactions"


@dataclass(slots=True, eq=False)
class Open:
    """One transaction of a channel."""

    database: str
    sql: SqlTransaction
    force_commit: bool = False


@dataclass(slots=True, eq=False)
class Transactions:
    """Those of one channel."""

    known: dict[str, Open] = field(default_factory=lambda: dict[str, Open]())
    active: str = ""

    def find(self, name: str = "") -> Open | None:
        """One by its name, "" for the active one."""
        return self.known.get(name or self.active)

    def of_database(self, database: str) -> Open | None:
        """The active one, if it is of this database."""
        found = self.find()
        return found if found is not None and found.database == database else None

    def take(self, name: str) -> Open | None:
        """Take one out, which is to end."""
        name = name or self.active
        found = self.known.pop(name, None)
        if name == self.active:
            self.active = next(iter(self.known), "")
        return found


def transactions_of(call: Call) -> Transactions | None:
    """Those of the call's channel, if it has had any."""
    found = call.services.get(_SERVICE)
    return found if isinstance(found, Transactions) else None


def begin(
    call: Call, databases: Databases, name: str, database: str, running: set[asyncio.Task[None]]
) -> Open:
    """Make a transaction known and the active one.  Raises SqlError for a database that is not configured."""
    conf = databases.conf(database)
    made = Open(database, SqlTransaction(databases.get(database), conf.isolation), conf.forcecommit)
    found = call.services.get(_SERVICE)
    if found is None:
        call.services[_SERVICE] = found = Transactions()
        mine = found
        call.channel.when_ended(lambda: _ended(call.channel.name, mine, running))
    transactions = cast("Transactions", found)
    transactions.known[name] = made
    transactions.active = name
    return made


def _ended(channel: str, transactions: Transactions, running: set[asyncio.Task[None]]) -> None:
    """The channel is gone: end what it has left open."""
    for name in list(transactions.known):
        left = transactions.take(name)
        if left is not None:
            task = asyncio.get_running_loop().create_task(_finish(channel, name, left), name=f"odbc {name}")
            running.add(task)
            task.add_done_callback(running.discard)


async def _finish(channel: str, name: str, left: Open) -> None:
    try:
        await left.sql.end(commit=left.force_commit)
    except SqlError as error:
        log.error("%s: transaction %s at the end of the call: %s", channel, name, error)
