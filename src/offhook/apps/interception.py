"""Interception: subroutines that see, and may change, what one party of a call tells about itself.

Where they are is in channel variables, with their arguments beside: `REDIRECTING_SEND_SUB=context,exten,1`,
`REDIRECTING_SEND_SUB_ARGS=a,b`.  The names are REDIRECTING_RECV_SUB, REDIRECTING_SEND_SUB and
CONNECTED_LINE_SEND_SUB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.arguments import split_arguments
from offhook.dialplan.errors import ApplicationError

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.pbx.channel import Channel
    from offhook.pbx.party import PartyId, Redirecting

__all__ = ["ConnectedLine", "pass_redirecting"]


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


class ConnectedLine:
    """Tells the parties of a call whom they are connected with.

    CONNECTED_LINE_SEND_SUB runs on the party that is told: CONNECTEDLINE() has what it will be told, and what
    the subroutine sets there (with option i) it is told.
    """

    __slots__ = ("_call", "_heard")

    def __init__(self, call: Call) -> None:
        self._call = call
        self._heard: dict[Channel, PartyId] = {}  # before a subroutine changed it

    async def tell(self, channel: Channel, party: PartyId) -> None:
        """Tell a party, unless it knows already."""
        if not channel.get_variable("CONNECTED_LINE_SEND_SUB"):
            channel.set_connected(party)
            return
        if self._heard.get(channel) == party:
            return
        self._heard[channel] = party
        before = channel.connected
        channel.connected = party
        await _run(self._call, channel, "CONNECTED_LINE_SEND_SUB")
        party, channel.connected = channel.connected, before
        channel.set_connected(party)


async def _run(call: Call, channel: Channel, variable: str) -> None:
    place = channel.get_variable(variable)
    if not place:
        return
    arguments = split_arguments(channel.get_variable(f"{variable}_ARGS") or "")
    try:
        await call.runner.run_subroutine_on(channel, place, arguments)
    except ApplicationError as error:
        call.complain(f"{variable}: {error}")
