"""Rows of databases in the dialplan: REALTIME and its kin."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from offhook.dialplan.arguments import join_arguments, split_arguments
from offhook.dialplan.call import Call
from offhook.dialplan.declare import waiting_function, write_only_function
from offhook.dialplan.errors import FunctionError
from offhook.features.realtime import Realtime, RealtimeError, Row

__all__: list[str] = []

T = TypeVar("T")


def _realtime(call: Call) -> Realtime:
    found = call.channel.pbx.service(Realtime)
    if found is None:
        raise FunctionError("this node has no databases")
    return found


async def _answer(work: Awaitable[T], nothing: T) -> T:
    """What comes of a look-up; one that fails, which is in the log, finds nothing."""
    try:
        return await work
    except RealtimeError:
        return nothing


def _listed(row: Row, delimiter: str, equals: str) -> str:
    return "".join(f"{name}{equals}{value}{delimiter}" for name, value in row)


@waiting_function("REALTIME")
async def realtime(
    call: Call, family: str, fieldmatch: str, matchvalue: str = "", delim1: str = ",", delim2: str = "="
) -> str:
    """A row of a family as `name=value,name=value,`; empty when there is none.

    Args:
        family: a line of extconfig.conf.
        fieldmatch: the column to look in.
        matchvalue: the value to look for.
        delim1: what ends each pair.
        delim2: what stands between name and value.
    """
    row = await _answer(_realtime(call).find(family, [(fieldmatch, matchvalue)]), None)
    return _listed(row or [], delim1 or ",", delim2 or "=")


def _set_field(
    call: Call, value: str, family: str, fieldmatch: str, matchvalue: str, field: str
) -> Awaitable[None]:
    async def update() -> None:
        await _answer(_realtime(call).update(family, [(fieldmatch, matchvalue)], [(field, value)]), 0)

    return update()


@realtime.writer
def set_realtime(
    call: Call, value: str, family: str, fieldmatch: str, matchvalue: str, field: str
) -> Awaitable[None]:
    """Set a column of the rows that match."""
    return _set_field(call, value, family, fieldmatch, matchvalue, field)


@waiting_function("REALTIME_FIELD")
async def realtime_field(call: Call, family: str, fieldmatch: str, matchvalue: str, fieldname: str) -> str:
    """One column of a row of a family; empty when there is none.

    Args:
        family: a line of extconfig.conf.
        fieldmatch: the column to look in.
        matchvalue: the value to look for.
        fieldname: the column to give.
    """
    row = await _answer(_realtime(call).find(family, [(fieldmatch, matchvalue)]), None)
    wanted = fieldname.lower()
    return next((value for name, value in row or () if name.lower() == wanted), "")


@realtime_field.writer
def set_realtime_field(
    call: Call, value: str, family: str, fieldmatch: str, matchvalue: str, fieldname: str
) -> Awaitable[None]:
    """Set a column of the rows that match."""
    return _set_field(call, value, family, fieldmatch, matchvalue, fieldname)


@waiting_function("REALTIME_HASH")
async def realtime_hash(call: Call, family: str, fieldmatch: str, matchvalue: str) -> str:
    """The values of a row, for Set(HASH(name)=${REALTIME_HASH(...)}), which finds their names.

    Args:
        family: a line of extconfig.conf.
        fieldmatch: the column to look in.
        matchvalue: the value to look for.
    """
    row = await _answer(_realtime(call).find(family, [(fieldmatch, matchvalue)]), None) or []
    call.set_variable("~ODBCFIELDS~", join_arguments([name for name, _ in row]))
    return join_arguments([value for _, value in row])


@write_only_function("REALTIME_STORE")
def realtime_store(call: Call, value: str, family: str, *fields: str) -> Awaitable[None]:
    """Add a row: Set(REALTIME_STORE(family,column,column)=value,value).

    Sets:
        REALTIMESTOREID: 1 when the row was added, -1 when not.
    """

    async def store() -> None:
        pairs = list(zip(fields, split_arguments(value), strict=False))
        count = await _answer(_realtime(call).store(family, pairs), -1)
        call.set_variable("REALTIMESTOREID", str(count))

    return store()


@waiting_function("REALTIME_DESTROY", dangerous="read")
async def realtime_destroy(
    call: Call, family: str, fieldmatch: str, matchvalue: str = "", delim1: str = ",", delim2: str = "="
) -> str:
    """Remove the rows that match, and give the first of them as REALTIME() does.

    Args:
        family: a line of extconfig.conf.
        fieldmatch: the column to look in.
        matchvalue: the value to look for.
        delim1: what ends each pair.
        delim2: what stands between name and value.
    """
    engine, wanted = _realtime(call), [(fieldmatch, matchvalue)]
    row = await _answer(engine.find(family, wanted), None)
    if row is None:
        return ""
    await _answer(engine.destroy(family, wanted), 0)
    return _listed(row, delim1 or ",", delim2 or "=")


@realtime_destroy.writer
def remove_realtime(
    call: Call, value: str, family: str, fieldmatch: str, matchvalue: str = ""
) -> Awaitable[None]:
    """Remove the rows that match: Set(REALTIME_DESTROY(family,column,value)=)."""

    async def destroy() -> None:
        await _answer(_realtime(call).destroy(family, [(fieldmatch, matchvalue)]), 0)

    return destroy()
