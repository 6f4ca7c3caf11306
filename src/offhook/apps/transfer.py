"""Transfer: send the caller elsewhere."""

from __future__ import annotations

import asyncio

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, application
from offhook.pbx.channel import NotSupportedByChannelError

__all__: list[str] = []

_LONGEST = 60.0  # seconds until the caller's phone has said how it went


@application("Transfer")
async def transfer(call: Call, destination: Raw) -> None:
    """Send the caller to somebody outside of this node: before the answer by 302, afterwards by REFER.

    Args:
        destination: a number or a SIP URI; with Technology/ before it only its callers are sent.

    Sets:
        TRANSFERSTATUS: SUCCESS, FAILURE or UNSUPPORTED.
        TRANSFERSTATUSPROTOCOL: 0, or the SIP status of a failure.
    """
    channel = call.channel
    technology, slash, target = destination.strip().partition("/")
    if not slash or ":" in technology:
        target = destination.strip()
    elif technology.upper() != channel.technology.upper():
        target = ""
    call.set_variable("TRANSFERSTATUSPROTOCOL", "0")
    if not target:
        call.set_variable("TRANSFERSTATUS", "FAILURE")
        return
    ended: asyncio.Future[int] = channel.pbx.loop.create_future()

    def done(status: int) -> None:
        if not ended.done():
            ended.set_result(status)

    try:
        channel.redirect_call(target, done)
        async with asyncio.timeout(_LONGEST):
            status = await ended
    except NotSupportedByChannelError:
        call.set_variable("TRANSFERSTATUS", "UNSUPPORTED")
        return
    except TimeoutError:
        status = 408
    call.set_variable("TRANSFERSTATUS", "FAILURE" if status else "SUCCESS")
    call.set_variable("TRANSFERSTATUSPROTOCOL", str(status))
