"""Asterisk's database in the dialplan: DB, DB_EXISTS, DB_DELETE, DB_KEYS, DB_KEYCOUNT, BLACKLIST."""

from __future__ import annotations

from collections.abc import Awaitable

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function
from offhook.dialplan.errors import FunctionError
from offhook.features.astdb import AstDbError, database_of

__all__: list[str] = []


def _entry(text: str, name: str) -> tuple[str, str]:
    family, slash, key = text.partition("/")
    if not slash or not family or not key:
        raise FunctionError(f"{name}: family/key is needed, not {text!r}")
    return family, key


@function("DB")
def db(call: Call, entry: Raw) -> str:
    """An entry of the database: DB(family/key).

    Sets:
        DB_RESULT: the value, when there is such an entry.
    """
    found = database_of(call).get(*_entry(entry, "DB"))
    if found is None:
        return ""
    call.set_variable("DB_RESULT", found)
    return found


@db.writer
def set_db(call: Call, value: str, entry: Raw) -> Awaitable[None] | None:
    """Set an entry of the database; the next priority runs when it is on disk."""
    try:
        return database_of(call).put(*_entry(entry, "DB"), value)
    except AstDbError as error:
        raise FunctionError(f"DB: {error}") from None


@function("DB_EXISTS")
def db_exists(call: Call, entry: Raw) -> str:
    """Whether there is such an entry in the database, 1 or 0: DB_EXISTS(family/key).

    Sets:
        DB_RESULT: the value, when there is such an entry.
    """
    found = database_of(call).get(*_entry(entry, "DB_EXISTS"))
    if found is None:
        return "0"
    call.set_variable("DB_RESULT", found)
    return "1"


@function("DB_DELETE", dangerous="read")
def db_delete(call: Call, entry: Raw) -> str:
    """Remove an entry from the database, and give the value that it had: DB_DELETE(family/key).

    Sets:
        DB_RESULT: the value, when there was such an entry.
    """
    database, (family, key) = database_of(call), _entry(entry, "DB_DELETE")
    found = database.get(family, key)
    if found is None:
        return ""
    database.delete(family, key)
    call.set_variable("DB_RESULT", found)
    return found


@db_delete.writer
def remove_db(call: Call, value: str, entry: Raw) -> Awaitable[None] | None:
    """Remove an entry from the database: Set(DB_DELETE(family/key)=)."""
    _, durable = database_of(call).delete(*_entry(entry, "DB_DELETE"))
    return durable


@function("DB_KEYS")
def db_keys(call: Call, prefix: Raw = "") -> str:
    """The keys below a prefix, separated by commas; the families without one."""
    return ",".join(database_of(call).names_below(prefix.strip()))


@function("DB_KEYCOUNT")
def db_keycount(call: Call, prefix: Raw = "") -> str:
    """How many keys there are below a prefix; how many families without one."""
    return str(len(database_of(call).names_below(prefix.strip())))


@function("BLACKLIST")
def blacklist(call: Call) -> str:
    """Whether the caller's number or name is a key of the database's family `blacklist`: 1 or 0."""
    database, caller = database_of(call), call.channel.caller
    names = (caller.number, caller.name)
    return "1" if any(name and database.get("blacklist", name) is not None for name in names) else "0"
