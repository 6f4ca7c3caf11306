"""ODBCFinish: forget a result of a function of func_odbc.conf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.declare import application
from offhook.features.odbc import results_of

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
