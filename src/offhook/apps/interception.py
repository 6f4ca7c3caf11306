"""Interception: subroutines that see, and may change, what one party of a call tells about itself.

Where they are is in channel variables, with their arguments beside: `REDIRECTING_SEND_SUB=context,exten,1`,
`REDIRECTING_SEND_SUB_ARGS=a,b`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.arguments import split_arguments
from offhook.dialplan.errors import ApplicationError

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.pbx.channel import Channel
    from offhook.pbx.party import Redirecting

__all__ = ["pass_redirecting"]


async def pass_redirecting(call: Call, leg: Channel, redirecting: Redirecting) -> None:
    """Tell the caller what a called leg says of a diversion.

    REDIRECTING_RECV_SUB runs on the leg first, then REDIRECTING_SEND_SUB on the caller.  REDIRECTING() has
    what is to be told, and what they set there is told.
    """
    leg.redirecting = redirecting
    await _run(call, leg, "REDIRECTING_RECV_SUB")
    caller = call.channel
    caller.redirecting = leg.redirecting
    await _run(call, caller, "REDIRECTING_SEND_SUB")
    caller.set_redirecting(caller.redirecting)


async def _run(call: Call, channel: Channel, variable: str) -> None:
    place = channel.get_variable(variable)
    if not place:
        return
    arguments = split_arguments(channel.get_variable(f"{variable}_ARGS") or "")
    try:
        await call.runner.run_subroutine_on(channel, place, arguments)
    except ApplicationError as error:
        call.complain(f"{variable}: {error}")
