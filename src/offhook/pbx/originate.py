"""Originate: the switch calls somebody and connects them with the dialplan."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.inbox import Inbox
from offhook.pbx.party import NOBODY, PartyId
from offhook.pbx.unlisted import FailedCallChannel

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["OriginateError", "attempt_status", "dial_status", "originate"]


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
    context: str = "default",
    exten: str = "s",
    priority: int = 1,
    start: Callable[[Channel], None] | None = None,
    timeout: float = 30.0,
    caller: PartyId = NOBODY,
    variables: Mapping[str, str] | None = None,
    account_code: str = "",
    early_media: bool = False,
    codecs: tuple[str, ...] = (),
    ids: tuple[str, ...] = (),
    prepare: Callable[[Channel], Awaitable[None]] | None = None,
    created: Callable[[Channel], None] | None = None,
) -> Channel:
    """Call `destination` (a dial string); when somebody answers, start the dialplan on that channel.

    `start` takes the answered channel in place of the dialplan.  `timeout` is in seconds, `caller` is the
    caller id that the called party sees, and that the dialplan finds on its channel.  With `early_media` the
    dialplan begins when the far end sends audio, not only when it answers.  `codecs` are offered in place of
    the endpoint's own; `ids` are unique ids for the channels that are made.  `prepare` is done with each leg
    before it is called, `created` told of it.

    Returns the answered channel, which is its dialplan's from then on.  Raises OriginateError when nobody
    answers and CannotDialError when the destination cannot be dialled.  All legs are gone when this raises
    or is cancelled.
    """
    inbox: Inbox[events.LegEvent] = Inbox()
    with pbx.assigned_ids(ids):
        waiting = pbx.request(destination, caller=None)
    status, cause = "NOANSWER", int(Cause.NO_ANSWER)
    end_cause, end_status = Cause.NORMAL_CLEARING, "CANCEL"  # of the legs that are left
    try:
        for leg in waiting:
            leg.inbox = inbox
            leg.codecs = codecs
            if caller:
                leg.set_caller(caller)
                leg.set_connected(caller)
            if account_code:
                leg.set_account_code(account_code)
            for name, value in (variables or {}).items():
                leg.set_variable(name, value)
            if created is not None:
                created(leg)
            if prepare is not None:
                await prepare(leg)
        for leg in tuple(waiting):
            if leg.ended:
                waiting.remove(leg)
                cause = leg.hangup_cause
                status = dial_status(cause)
            else:
                leg.place(destination.partition("/")[2])
        deadline = pbx.loop.time() + timeout
        while waiting:
            event = await inbox.get(deadline - pbx.loop.time())
            if event is None:
                end_status = "NOANSWER"
                break
            leg = event.channel
            if leg not in waiting:
                continue
            match event:
                case events.Ringing():
                    pbx.bus.emit(events.DialStateChanged, None, leg, "RINGING")
                case events.Progressing(early_media=True) if early_media:
                    waiting.remove(leg)
                    pbx.bus.emit(events.DialStateChanged, None, leg, "PROGRESS")
                    leg.inbox = Inbox()
                    if start is not None:
                        start(leg)
                    else:
                        leg.start_dialplan(context, exten, priority)
                    return leg
                case events.Progressing():
                    pbx.bus.emit(events.DialStateChanged, None, leg, "PROGRESS")
                case events.Answered():
                    waiting.remove(leg)
                    end_cause = Cause.ANSWERED_ELSEWHERE
                    pbx.bus.emit(events.DialEnded, None, leg, "ANSWER")
                    if leg.ended:  # hung up as soon as it had answered
                        return leg
                    if leg.is_ending and start is None:  # as well: a dialplan would find nobody
                        leg.hangup()
                        return leg
                    leg.inbox = Inbox()
                    if start is not None:
                        start(leg)
                    else:
                        leg.start_dialplan(context, exten, priority)
                    return leg
                case events.HungUp():
                    waiting.remove(leg)
                    cause = leg.hangup_cause
                    status = dial_status(cause)
                    pbx.bus.emit(events.DialEnded, None, leg, attempt_status(cause))
                case events.Detached():
                    waiting.remove(leg)
                case _:
                    pass
    finally:
        for leg in waiting:
            pbx.bus.emit(events.DialEnded, None, leg, end_status)
            leg.hangup(end_cause)
    if start is None:
        _run_failed(pbx, context, status, variables or {})
    raise OriginateError(f"{destination} did not answer", cause, status)


# ${REASON} of the extension `failed`.
_REASONS = {"ANSWER": 1, "CANCEL": 1, "NOANSWER": 3, "BUSY": 5, "CONGESTION": 8}


def _run_failed(pbx: Pbx, context: str, status: str, variables: Mapping[str, str]) -> None:
    """Run the extension `failed` of a context, if it has one, on a channel of its own."""
    if not pbx.dialplan.exists(context, "failed"):
        return
    channel = FailedCallChannel(pbx)
    for name, value in variables.items():
        channel.set_variable(name, value)
    channel.set_variable("REASON", str(_REASONS.get(status, 0)))
    channel.start_dialplan(context, "failed")


def dial_status(cause: int) -> str:
    """The DIALSTATUS that a leg's hangup cause counts for, by Asterisk's rule."""
    match cause:
        case Cause.USER_BUSY:
            return "BUSY"
        case Cause.NORMAL_CIRCUIT_CONGESTION:
            return "CONGESTION"
        case Cause.NO_ANSWER | Cause.NORMAL_CLEARING:
            return "NOANSWER"
        case _:
            return "CHANUNAVAIL"


def attempt_status(cause: int) -> str:
    """How one attempt is announced (DialEnded) that ended with this cause; it makes the CDR's disposition."""
    match cause:
        case Cause.USER_BUSY:
            return "BUSY"
        case Cause.NORMAL_CIRCUIT_CONGESTION:
            return "CONGESTION"
        case Cause.NO_ROUTE_DESTINATION | Cause.SUBSCRIBER_ABSENT:
            return "CHANUNAVAIL"
        case _:
            return "NOANSWER"
