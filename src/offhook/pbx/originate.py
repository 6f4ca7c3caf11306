"""Originate: the switch calls somebody and connects them with the dialplan or an application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.inbox import Inbox
from offhook.pbx.party import NOBODY, PartyId

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["OriginateError", "dial_status", "originate"]


class OriginateError(Exception):
    """Nobody answered; `cause` is the Q.850 cause, `status` the DIALSTATUS."""

    def __init__(self, what: str, cause: int, status: str) -> None:
        super().__init__(what)
        self.cause = cause
        self.status = status


async def originate(
    pbx: Pbx,
    destination: str,
    *,
    context: str,
    exten: str,
    priority: int = 1,
    timeout: float = 30.0,
    caller: PartyId = NOBODY,
    variables: Mapping[str, str] | None = None,
    account_code: str = "",
) -> Channel:
    """Call `destination` (a dial string); when somebody answers, start the dialplan on that channel.

    `timeout` is in seconds, `caller` is the caller id that the called party sees.  Returns the answered
    channel, which is its dialplan's from then on.  Raises OriginateError when nobody answers and
    CannotDialError when the destination cannot be dialled.  All legs are gone when this raises or is
    cancelled.
    """
    inbox: Inbox[events.LegEvent] = Inbox()
    legs = pbx.request(destination, caller=None)
    waiting = list(legs)
    winner: Channel | None = None
    status, cause = "NOANSWER", int(Cause.NO_ANSWER)
    try:
        for leg in legs:
            leg.inbox = inbox
            leg.connected = caller
            leg.account_code = account_code or leg.account_code
            for name, value in (variables or {}).items():
                leg.set_variable(name, value)
            leg.place(destination)
        deadline = pbx.loop.time() + timeout
        while waiting:
            event = await inbox.get(deadline - pbx.loop.time())
            if event is None:
                break
            match event:
                case events.Answered(channel=leg):
                    winner = leg
                    pbx.bus.emit(events.DialEnded, None, leg, "ANSWER")
                    leg.inbox = Inbox()
                    leg.start_dialplan(context, exten, priority)
                    return leg
                case events.HungUp(channel=leg) if leg in waiting:
                    waiting.remove(leg)
                    cause = leg.hangup_cause
                    status = dial_status(cause)
                    pbx.bus.emit(events.DialEnded, None, leg, status)
                case _:
                    pass
    finally:
        for leg in waiting:
            if leg is not winner:
                pbx.bus.emit(events.DialEnded, None, leg, "NOANSWER")
                leg.hangup(Cause.NO_ANSWER)
    raise OriginateError(f"{destination} did not answer", cause, status)


def dial_status(cause: int) -> str:
    """The DIALSTATUS that a leg's hangup cause stands for."""
    match cause:
        case Cause.USER_BUSY:
            return "BUSY"
        case Cause.NO_ANSWER | Cause.NO_USER_RESPONSE | Cause.NORMAL_CLEARING | Cause.NORMAL_UNSPECIFIED:
            return "NOANSWER"
        case Cause.NORMAL_CIRCUIT_CONGESTION | Cause.SWITCH_CONGESTION | Cause.CALL_REJECTED:
            return "CONGESTION"
        case Cause.UNALLOCATED | Cause.SUBSCRIBER_ABSENT | Cause.NO_ROUTE_DESTINATION:
            return "CHANUNAVAIL"
        case _:
            return "CONGESTION"
