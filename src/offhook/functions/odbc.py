"""What belongs to the functions of func_odbc.conf: ODBC_FETCH, ODBC."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import function
from offhook.dialplan.errors import FunctionError
from offhook.features.odbc import OdbcFunctions, results_of, row_text
from offhook.features.odbc_transactions import Open, transactions_of
from offhook.storage.sql import SqlError
from offhook.storage.sql_transaction import ISOLATIONS

__all__: list[str] = []


@function("ODBC_FETCH")
def odbc_fetch(call: Call, result_id: str) -> str:
    """The next row of a result that a function with mode=multirow has kept; empty after the last.

    Sets:
        ODBC_FETCH_STATUS: SUCCESS, or FAILURE when there is no such result or no further row.
    """
    result = results_of(call).get(result_id)
    row = next(result.rows, None) if result is not None else None
    call.set_variable("ODBC_FETCH_STATUS", "FAILURE" if row is None else "SUCCESS")
    return "" if row is None or result is None else row_text(call, result, row)


_PROPERTIES = ("transaction", "forcecommit", "isolation")


@function("ODBC")
def odbc(call: Call, property: str, argument: str = "") -> str:
    """A property of a transaction: transaction, forcecommit or isolation.

    ODBC(transaction) is the name of the active one; Set(ODBC(transaction,database)=name) begins one and makes
    it the active one, Set(ODBC(transaction)=name) goes back to one that there is.  forcecommit says whether
    it is committed when the call ends before ODBC_Commit() or ODBC_Rollback(), isolation is read_committed,
    read_uncommitted, repeatable_read or serializable; both are of the active one, or of the one that is
    named.  It takes the statements of func_odbc.conf for its database from its beginning to its end.
    """
    transactions = transactions_of(call)
    if property == "transaction":
        return transactions.active if transactions is not None else ""
    found = _named(call, property, argument)
    if property == "forcecommit":
        return "1" if found.force_commit else "0"
    return found.sql.isolation or ISOLATIONS[0]


@odbc.writer
def set_odbc(call: Call, value: str, property: str, argument: str = "") -> None:
    """Set it."""
    value = value.strip()
    if property == "transaction":
        transactions = transactions_of(call)
        if transactions is not None and value in transactions.known:
            transactions.active = value
            return
        service = call.channel.pbx.service(OdbcFunctions)
        if not value or not argument or service is None:
            raise FunctionError(
                f"ODBC(transaction): there is no transaction {value!r}, and no database is named"
            )
        try:
            service.begin(call, value, argument)
        except SqlError as error:
            raise FunctionError(f"ODBC(transaction,{argument}): {error}") from error
        return
    found = _named(call, property, argument)
    if property == "forcecommit":
        found.force_commit = value.lower() in ("1", "yes", "true", "on")
    elif value.lower() in ISOLATIONS:
        found.sql.isolation = value.lower()
    else:
        raise FunctionError(f"ODBC(isolation): {value!r} is none of {', '.join(ISOLATIONS)}")


def _named(call: Call, property: str, name: str) -> Open:
    if property not in _PROPERTIES:
        raise FunctionError(f"ODBC: {property!r} is none of {', '.join(_PROPERTIES)}")
    transactions = transactions_of(call)
    found = transactions.find(name) if transactions is not None else None
    if found is None:
        raise FunctionError(f"ODBC({property}): there is no transaction {name or 'that is active'}")
    return found
