"""RetryDial: dial again and again until somebody answers; Incomplete: ask for more digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.apps.durations import seconds_of
from offhook.dialplan.declare import Options, Raw, application, applications, flag
from offhook.dialplan.errors import ApplicationError, Hangup
from offhook.pbx.causes import Cause
from offhook.pbx.channel import ChannelState
from offhook.pbx.listening import PlaybackError, find_sounds, play_files, wait_digit

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__: list[str] = []

_KEYS = "0123456789*#ABCD"
_AGAIN = ("CHANUNAVAIL", "CONGESTION", "BUSY", "NOANSWER")


@application("RetryDial")
async def retry_dial(call: Call, announce: str, sleep: str, retries: int, dialargs: Raw) -> None:
    """Dial, and dial again after a pause until somebody answers.

    While it waits the caller may press the digit of an extension of the context ${EXITCONTEXT} (or of the
    call's), with option d of Dial.

    Args:
        announce: a sound that is played before each pause.
        sleep: seconds of each pause.
        retries: how often to dial again; -1 without end.
        dialargs: as Dial() takes them.

    Sets:
        DIALSTATUS: of the last attempt.
    """
    dial = applications.get("Dial")
    if dial is None:
        raise ApplicationError("RetryDial: there is no Dial")
    pause = seconds_of(sleep)
    if pause is None:
        raise ApplicationError(f"RetryDial: {sleep!r} is no length of time")
    leaves = "d" in (dialargs.split(",")[2] if dialargs.count(",") >= 2 else "").partition("(")[0]
    attempts = 0
    while True:
        await call.execute("Dial", dialargs)
        if call.jumped or call.variables.get("DIALSTATUS", "") not in _AGAIN:
            return
        if 0 <= retries <= attempts:
            return
        attempts += 1
        digit = await _pause(call, announce, pause)
        if digit and leaves:
            context = call.variables.get("EXITCONTEXT") or call.context
            if call.exists(context, digit):
                call.goto(context, digit, 1)
                return


async def _pause(call: Call, announce: str, seconds: float) -> str | None:
    channel = call.channel
    try:
        files, missing = await find_sounds(channel, [one for one in announce.split("&") if one.strip()])
        for name in missing:
            call.complain(f"RetryDial: there is no sound {name!r}")
        digit = await play_files(channel, files, stop=_KEYS)
    except PlaybackError as error:
        call.complain(f"RetryDial: {error}")
        digit = ""
    if digit:
        return digit
    stop_music = channel.pbx.start_music(channel) if channel.state is ChannelState.UP else None
    try:
        return await wait_digit(channel, seconds)
    finally:
        if stop_music is not None:
            stop_music()


@dataclass(frozen=True, slots=True)
class IncompleteOptions(Options):
    """The option letters of Incomplete()."""

    as_it_is: bool = flag("n", "Do not wait for digits of a call that is not answered; refuse it.")


_INCOMPLETE = IncompleteOptions()


@application("Incomplete")
async def incomplete(call: Call, options: IncompleteOptions = _INCOMPLETE) -> None:
    """Say that the number that was dialled is not complete.

    A caller who has been answered may dial more digits, which are added to the extension; another is told by
    the refusal of the call (SIP 484).

    Args:
        options: n.
    """
    channel = call.channel
    if channel.state is not ChannelState.UP:
        raise Hangup(Cause.INVALID_NUMBER_FORMAT)
    digits = call.exten
    digit = await wait_digit(channel, call.timeouts.digit)
    if digit is None:
        raise Hangup(Cause.INVALID_NUMBER_FORMAT)
    while digit is not None:
        digits += digit
        if call.exists(call.context, digits) and not call.match_more(call.context, digits):
            break
        digit = await wait_digit(channel, call.timeouts.digit)
    call.goto_dialed(digits)
