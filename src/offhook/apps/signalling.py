"""Applications that tell the far end something: Answer, Hangup, Ringing, Progress, Busy, Congestion."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from offhook.apps.durations import seconds_of
from offhook.dialplan.declare import Options, application, flag
from offhook.dialplan.errors import Hangup
from offhook.pbx.causes import Cause, cause_by_name
from offhook.pbx.channel import ChannelState
from offhook.pbx.listening import PlaybackError, listen_for, play_indication

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = ["answer", "busy", "congestion", "hangup", "proceeding", "progress", "ringing", "wait"]


@dataclass(frozen=True, slots=True)
class AnswerOptions(Options):
    """Options of Answer."""

    immediately: bool = flag("i", "Go on at once; do not wait for the caller's audio.")


_ANSWER: Final = AnswerOptions()
_AUDIO_COMES_IN: Final = 500
"""ms within which the caller's first audio is expected: Asterisk's number."""


@application("Answer")
async def answer(call: Call, delay: int = 0, options: AnswerOptions = _ANSWER) -> None:
    """Answer the call.

    No effect on a channel that is up.  The dialplan goes on when the caller's audio comes, so that the
    beginning of a prompt is not lost; after 500 ms at the latest, or after the delay when that is longer.

    Args:
        delay: ms that pass after the answer in any case before the dialplan goes on.
        options: i.
    """
    channel = call.channel
    if channel.state is ChannelState.UP:
        return
    channel.answer()
    if options.immediately:
        return
    began = channel.pbx.loop.time()
    await channel.wait_for_audio(max(delay, _AUDIO_COMES_IN) / 1000)
    left = began + delay / 1000 - channel.pbx.loop.time()
    if left > 0:
        await asyncio.sleep(left)


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
