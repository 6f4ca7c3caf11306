"""Applications that tell the far end something: Answer, Hangup, Ringing, Progress, Busy, Congestion."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from offhook.apps.durations import seconds_of
from offhook.dialplan.declare import application
from offhook.dialplan.errors import Hangup
from offhook.pbx.causes import Cause, cause_by_name
from offhook.pbx.channel import ChannelState
from offhook.pbx.listening import PlaybackError, listen_for, play_indication

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
    channel = call.channel
    if channel.state is ChannelState.UP:
        return
    channel.answer()
    if delay > 0:
        await listen_for(channel, delay / 1000)


@application("Hangup")
def hangup(call: Call, causecode: str = "") -> None:
    """End the call.

    Args:
        causecode: a Q.850 cause, as number or name; the channel's own cause, or 16, if not given.
    """
    cause = cause_by_name(causecode) if causecode.strip() else 0
    if cause is None:
        call.complain(f"Hangup: {causecode!r} is no Q.850 cause (17, USER_BUSY ...)")
    raise Hangup(cause or 0)


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
        try:
            play_indication(channel, tone)
        except PlaybackError as error:
            call.complain(str(error))
        await listen_for(channel, timeout)
        raise Hangup
    raise Hangup(cause)


@application("Wait")
async def wait(call: Call, seconds: str = "") -> None:
    """Wait.

    Args:
        seconds: how long, fractions allowed; or with a unit: 500ms, 2s, 1m, 1h.
    """
    length = seconds_of(seconds)
    if length is None:
        call.complain(f"Wait: {seconds!r} is no length of time")
    if not length:
        await asyncio.sleep(0)
        return
    await listen_for(call.channel, length)
