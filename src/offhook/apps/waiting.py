"""Applications that wait for something: WaitUntil, WaitForRing, WaitForCondition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.declare import Raw, application
from offhook.dialplan.errors import ApplicationError
from offhook.dialplan.waiting import render_waiting
from offhook.pbx import events
from offhook.pbx.listening import listen_for

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__: list[str] = []


@application("WaitUntil")
async def wait_until(call: Call, epoch: str = "") -> None:
    """Wait until a moment.

    Args:
        epoch: the moment, in seconds since 1970; fractions allowed.

    Sets:
        WAITUNTILSTATUS: OK, PAST when the moment has passed, FAILURE for what is no moment, HANGUP.
    """
    try:
        moment = float(epoch.strip())
        seconds = moment - call.channel.pbx.wall_clock()
    except ValueError:
        call.complain(f"WaitUntil: {epoch!r} is no number of seconds since 1970")
        call.set_variable("WAITUNTILSTATUS", "FAILURE")
        return
    if not seconds < 1e9:
        call.set_variable("WAITUNTILSTATUS", "FAILURE")
        return
    if seconds < 0:
        call.set_variable("WAITUNTILSTATUS", "PAST")
        return
    call.set_variable("WAITUNTILSTATUS", "HANGUP")
    await listen_for(call.channel, seconds)
    call.set_variable("WAITUNTILSTATUS", "OK")


@application("WaitForRing")
async def wait_for_ring(call: Call, timeout: float) -> None:
    """Wait until the far end says that it rings (a channel that was originated), or for so many seconds.

    Args:
        timeout: seconds.
    """
    if not timeout > 0:
        raise ApplicationError("WaitForRing: a number of seconds above 0 is needed")
    channel = call.channel
    loop = channel.pbx.loop
    deadline = loop.time() + timeout
    while True:
        event = await channel.inbox.get(deadline - loop.time())
        if event is None or isinstance(event, events.Ringing):
            return


@application("WaitForCondition")
async def wait_for_condition(
    call: Call, replacementchar: str, expression: str, timeout: float = 0.0, interval: Raw = "0.05"
) -> None:
    """Wait until a condition holds, which is looked at again and again.

    Args:
        replacementchar: what stands in the expression for `$`, which would be replaced once and for all.
        expression: the condition: `#["#{done}"="1"]` with # for the character.
        timeout: seconds after which to give up; 0 for never.
        interval: seconds between two looks, 0.05 if not given.

    Sets:
        WAITFORCONDITIONSTATUS: TRUE, TIMEOUT, HANGUP or FAILURE.
    """
    character = replacementchar.strip()
    try:
        pause = float(interval or 0.05)
    except ValueError:
        pause = 0.0
    if len(character) != 1 or not pause > 0:
        call.set_variable("WAITFORCONDITIONSTATUS", "FAILURE")
        call.complain("WaitForCondition: one character, an expression and an interval above 0 are needed")
        return
    text = expression.replace(character, "$")
    loop = call.channel.pbx.loop
    deadline = loop.time() + timeout if timeout > 0 else None
    call.set_variable("WAITFORCONDITIONSTATUS", "HANGUP")
    while not call.is_true((await render_waiting(call, text)).strip()):
        if deadline is not None and loop.time() >= deadline:
            call.set_variable("WAITFORCONDITIONSTATUS", "TIMEOUT")
            return
        await listen_for(call.channel, pause)
    call.set_variable("WAITFORCONDITIONSTATUS", "TRUE")
