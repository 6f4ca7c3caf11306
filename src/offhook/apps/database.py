"""Applications that change the database: DBdel, DBdeltree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.declare import Raw, application
from offhook.dialplan.errors import ApplicationError
from offhook.features.astdb import database_of

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = ["db_del", "db_deltree"]


@application("DBdel")
async def db_del(call: Call, entry: Raw) -> None:
    """Remove an entry from the database: DBdel(family/key).  Asterisk's name today is DB_DELETE()."""
    family, slash, key = entry.strip().partition("/")
    if not slash or not family or not key:
        raise ApplicationError(f"DBdel: family/key is needed, not {entry!r}")
    existed, durable = database_of(call).delete(family, key)
    if not existed:
        call.complain(f"DBdel: there is no {entry.strip()} in the database")
    if durable is not None:
        await durable


@application("DBdeltree")
async def db_deltree(call: Call, entry: Raw) -> None:
    """Remove a family of the database, or what is below a part of one: DBdeltree(family[/keytree])."""
    family, _, tree = entry.strip().partition("/")
    if not family:
        raise ApplicationError("DBdeltree: family[/keytree] is needed")
    count, durable = database_of(call).delete_tree(family, tree)
    if not count:
        call.complain(f"DBdeltree: there is nothing below {entry.strip()} in the database")
    if durable is not None:
        await durable
