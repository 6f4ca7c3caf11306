"""Transactions of calls: what the statements of func_odbc.conf do between ODBC(transaction) and ODBC_Commit.

A channel may have several, by names of its own; the active one takes the statements for its database.  What
is open when the channel ends is undone, or committed where forcecommit says so.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from offhook.storage.sql import SqlError

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.storage.sql_transaction import SqlTransaction

__all__ = ["Open", "Transactions", "finish", "first_of", "transactions_of"]

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

    def add(self, name: str, made: Open) -> None:
        """One more, which is the active one from now on."""
        self.known[name] = made
        self.active = name

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


def first_of(call: Call) -> Transactions:
    """A place for those of a call that has had none."""
    call.services[_SERVICE] = made = Transactions()
    return made


async def finish(channel: str, name: str, left: Open) -> None:
    """End what a channel has left open."""
    try:
        await left.sql.end(commit=left.force_commit)
    except SqlError as error:
        log.error("%s: transaction %s at the end of the call: %s", channel, name, error)
