"""Applications that tell the far end something: Answer, Hangup, Ringing, Progress, Busy, Congestion."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from offhook.dialplan.declare import application
from offhook.dialplan.errors import ApplicationError, Hangup
from offhook.pbx.causes import Cause, cause_by_name
from offhook.pbx.channel import ChannelState
from offhook.pbx.listening import listen_for, play_indication

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = ["answer", "busy", "congestion", "hangup", "proceeding", "progress", "ringing", "wait"]


@application("Answer")
async def answer(call: Call, delay: int = 0) -> None:
    """Answer the call.

    No effect on a channel that is up.

    Args:
        delay: ms to wait after the answer before the dialplan goes on.
    """
    call.channel.answer()
    if delay > 0:
        await listen_for(call.channel, delay / 1000)


@application("Hangup")
def hangup(call: Call, causecode: str = "") -> None:
    """End the call.

    Args:
        causecode: a Q.850 cause, as number or name; the channel's own cause, or 16, if not given.
    """
    cause = 0
    if causecode:
        found = cause_by_name(causecode)
        if found is None:
            raise ApplicationError(f"Hangup: {causecode!r} is no Q.850 cause (17, USER_BUSY ...)")
        cause = int(found)
        call.channel.hangup_cause = cause
    raise Hangup(cause)


@application("Ringing")
def ringing(call: Call) -> None:
    """Tell the caller that it rings."""
    call.channel.ring()


@application("Progress")
def progress(call: Call) -> None:
    """Open the audio path to the caller without answering (early media)."""
    call.channel.progress()


@application("Proceeding")
def proceeding(call: Call) -> None:
    """Tell the caller that the call is proceeding.

    SIP says so with 100 Trying, which has been sent by then; there is nothing more to tell.
    """


@application("Busy")
async def busy(call: Call, timeout: float | None = None) -> None:
    """Tell the caller that the called party is busy, and wait for the hang-up.

    A channel that is up hears the busy tone of its zone; another is refused with cause 17.

    Args:
        timeout: seconds after which the call is ended.
    """
    await _refuse(call, "busy", Cause.USER_BUSY, timeout)


@application("Congestion")
async def congestion(call: Call, timeout: float | None = None) -> None:
    """Tell the caller that the network is congested, and wait for the hang-up.

    A channel that is up hears the congestion tone of its zone; another is refused with cause 34.

    Args:
        timeout: seconds after which the call is ended.
    """
    await _refuse(call, "congestion", Cause.NORMAL_CIRCUIT_CONGESTION, timeout)


async def _refuse(call: Call, tone: str, cause: Cause, timeout: float | None) -> None:
    channel = call.channel
    if channel.state is ChannelState.UP:
        play_indication(channel, tone)
        await listen_for(channel, timeout)
        raise Hangup(channel.hangup_cause or Cause.NORMAL_CLEARING)
    channel.hangup_cause = cause
    raise Hangup(cause)


@application("Wait")
async def wait(call: Call, seconds: float) -> None:
    """Wait.

    Args:
        seconds: how long, fractions allowed.
    """
    if seconds <= 0:
        await asyncio.sleep(0)
        return
    await listen_for(call.channel, seconds)
