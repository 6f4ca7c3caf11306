"""ODBCFinish, ODBC_Commit, ODBC_Rollback: the ends of results and transactions of func_odbc.conf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.declare import application
from offhook.features.odbc import results_of
from offhook.features.odbc_transactions import transactions_of
from offhook.storage.sql import SqlError

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__: list[str] = []


@application("ODBCFinish")
def odbc_finish(call: Call, result_id: str) -> None:
    """Forget the rows that a function with mode=multirow has kept and nobody has fetched.

    Args:
        result_id: what the function has given.
    """
    results_of(call).pop(result_id, None)


@application("ODBC_Commit")
async def odbc_commit(call: Call, transaction_id: str = "") -> None:
    """Keep what the statements of a transaction have done, and end it.

    Args:
        transaction_id: the name given to ODBC(transaction), without it the active one.

    Sets:
        COMMIT_RESULT: OK, or FAIL when there is no such transaction or the database refuses.
    """
    call.set_variable("COMMIT_RESULT", await _end(call, "ODBC_Commit", transaction_id, commit=True))


@application("ODBC_Rollback")
async def odbc_rollback(call: Call, transaction_id: str = "") -> None:
    """Undo what the statements of a transaction have done, and end it.

    Args:
        transaction_id: the name given to ODBC(transaction), without it the active one.

    Sets:
        ROLLBACK_RESULT: OK, or FAIL when there is no such transaction or the database cannot be asked.
    """
    call.set_variable("ROLLBACK_RESULT", await _end(call, "ODBC_Rollback", transaction_id, commit=False))


async def _end(call: Call, name: str, transaction_id: str, *, commit: bool) -> str:
    transactions = transactions_of(call)
    found = transactions.take(transaction_id) if transactions is not None else None
    if found is None:
        call.complain(f"{name}: there is no transaction {transaction_id or 'that is active'}")
        return "FAIL"
    try:
        await found.sql.end(commit=commit)
    except SqlError as error:
        call.complain(f"{name}: {error}")
        return "FAIL"
    return "OK"
