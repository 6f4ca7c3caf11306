"""What belongs to the functions of func_odbc.conf: ODBC_FETCH."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import function
from offhook.features.odbc import results_of, row_text

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
