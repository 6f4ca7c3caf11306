"""CallCompletionRequest, CallCompletionCancel: the caller is to be called when the called party is free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.declare import application
from offhook.features.call_completion.machine import Refusal
from offhook.features.call_completion.service import CallCompletion

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__: list[str] = []


def _tell(call: Call, what: str, refusal: Refusal | None) -> None:
    call.set_variable(f"CC_{what}_RESULT", "SUCCESS" if refusal is None else "FAIL")
    if refusal is None:
        call.channel.unset_variable(f"CC_{what}_REASON")
    else:
        call.set_variable(f"CC_{what}_REASON", refusal.value)


@application("CallCompletionRequest")
def request(call: Call) -> None:
    """Request completion of the caller's latest call, which was busy or not answered.

    The called party is watched from now on, and the caller is called when that one is free.  It may be
    requested in the call itself, behind Dial(), or in another one from the same device within
    `cc_offer_timer` seconds.

    Sets:
        CC_REQUEST_RESULT: SUCCESS or FAIL.
        CC_REQUEST_REASON: why it failed: NO_CORE_INSTANCE when there is no such call, TOO_MANY_REQUESTS
            (`cc_max_requests` of ccss.conf, `cc_max_monitors`), UNSPECIFIED when it was requested before.
    """
    service = call.channel.pbx.service(CallCompletion)
    _tell(call, "REQUEST", Refusal.NO_CORE_INSTANCE if service is None else service.request(call.channel))


@application("CallCompletionCancel")
def cancel(call: Call) -> None:
    """Take back a request for the completion of a call.

    Sets:
        CC_CANCEL_RESULT: SUCCESS or FAIL.
        CC_CANCEL_REASON: why it failed: NO_CORE_INSTANCE when there is none.
    """
    service = call.channel.pbx.service(CallCompletion)
    _tell(call, "CANCEL", Refusal.NO_CORE_INSTANCE if service is None else service.cancel(call.channel))
