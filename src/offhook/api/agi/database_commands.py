"""AGI commands about Asterisk's database.  What is set or removed is on disk when it is answered."""

from __future__ import annotations

from offhook.api.agi.commands import command
from offhook.api.agi.protocol import Reply
from offhook.api.agi.session import Session
from offhook.features.astdb import AstDbError, database_of

__all__: list[str] = []


@command("DATABASE GET", dead=True)
def database_get(session: Session, family: str, key: str) -> Reply:
    """Read an entry of the database.  The result is 1 with the value in parentheses, 0 without an entry."""
    value = database_of(session.call).get(family, key)
    return Reply(0) if value is None else Reply(1, value)


@command("DATABASE PUT", dead=True)
async def database_put(session: Session, family: str, key: str, value: str) -> Reply:
    """Set an entry of the database.  The result is 1, or 0 when that is no key."""
    try:
        durable = database_of(session.call).put(family, key, value)
    except AstDbError as error:
        session.call.complain(f"AGI: DATABASE PUT: {error}")
        return Reply(0)
    if durable is not None:
        await durable
    return Reply(1)


@command("DATABASE DEL", dead=True)
async def database_del(session: Session, family: str, key: str) -> Reply:
    """Remove an entry of the database.  The result is 1, or 0 when there is none."""
    there, durable = database_of(session.call).delete(family, key)
    if durable is not None:
        await durable
    return Reply(1 if there else 0)


@command("DATABASE DELTREE", dead=True)
async def database_deltree(session: Session, family: str, keytree: str = "") -> Reply:
    """Remove a family of the database, or a part of it.  The result is 1, or 0 when nothing was there."""
    # the database takes no family for all families, which is not what a script's empty variable means
    count, durable = database_of(session.call).delete_tree(family, keytree) if family else (0, None)
    if durable is not None:
        await durable
    return Reply(1 if count else 0)
