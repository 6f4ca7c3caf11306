"""Applications that make voice menus: Background, WaitExten, Read, WaitDigit, SendDTMF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from offhook.dialplan.declare import Options, application, flag, option, separated
from offhook.dialplan.errors import ApplicationError
from offhook.pbx.channel import ChannelState
from offhook.pbx.listening import (
    PlaybackError,
    listen_for,
    play,
    play_indication,
    stop_indication,
    wait_digit,
)

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = ["background", "read", "send_dtmf", "wait_digit_application", "wait_exten"]

_ALL_DIGITS = "0123456789*#ABCD"


@dataclass(frozen=True, slots=True)
class BackgroundOptions(Options):
    """Option letters of Background()."""

    skip: bool = flag("s", "Do nothing unless the channel is answered.")
    noanswer: bool = flag("n", "Play without answering.")
    only_extensions: bool = flag("m", "Only digits that are an extension of one digit interrupt.")
    keep_playing: bool = flag("p", "Do not allow playback to be interrupted with digits.")


_BACKGROUND = BackgroundOptions()


@application("BackGround")
async def background(
    call: Call,
    filenames: Annotated[list[str], separated("&")],
    options: BackgroundOptions = _BACKGROUND,
    langoverride: str = "",
    context: str = "",
) -> None:
    """Play sound files while the caller may dial an extension.

    The first digit ends the sound; more are awaited as long as they could make a longer extension.
    Then the call goes on at that extension, or at `i` when there is none.

    Args:
        filenames: sounds without extension, in this order.
        options: see the letters.
        langoverride: the language to play in.
        context: where the digits are dialled; the call's context if not given.

    Sets:
        BACKGROUNDSTATUS: SUCCESS or FAILED.
    """
    channel = call.channel
    if channel.state is not ChannelState.UP:
        if options.skip:
            return
        if not options.noanswer:
            channel.answer()
        else:
            channel.progress()
    call.set_variable("BACKGROUNDSTATUS", "SUCCESS")
    where = context or call.context
    stop = _ALL_DIGITS
    if options.keep_playing:
        stop = ""
    elif options.only_extensions:
        stop = "".join(digit for digit in _ALL_DIGITS if call.exists(where, digit))
    try:
        digit = await play(channel, filenames, stop=stop, language=langoverride)
    except PlaybackError as error:
        call.set_variable("BACKGROUNDSTATUS", "FAILED")
        call.complain(f"Background: {error}")
        return
    if digit:
        await _dial_extension(call, digit, where)


@dataclass(frozen=True, slots=True)
class WaitExtenOptions(Options):
    """Option letters of WaitExten()."""

    music: str | None = option("m", "Play music on hold meanwhile.")
    dialtone: str | None = option("d", "Play a tone until the first digit; the dial tone if not given.")


_WAIT_EXTEN = WaitExtenOptions()


@application("WaitExten")
async def wait_exten(
    call: Call, seconds: float | None = None, options: WaitExtenOptions = _WAIT_EXTEN
) -> None:
    """Wait for the caller to dial an extension; `t` follows when nothing was dialled.

    Args:
        seconds: how long to wait for the first digit; TIMEOUT(response) if not given.
        options: m, d.
    """
    channel = call.channel
    stop_music = channel.pbx.start_music(channel, options.music) if options.music is not None else None
    if options.dialtone is not None:
        play_indication(channel, options.dialtone or "dial")
    try:
        digit = await wait_digit(channel, call.timeouts.response if seconds is None else seconds)
    finally:
        if stop_music is not None:
            stop_music()
        if options.dialtone is not None:
            stop_indication(channel)
    if digit:
        await _dial_extension(call, digit, call.context)
    else:
        call.goto_dialed("")


async def _dial_extension(call: Call, digits: str, context: str) -> None:
    """Collect the rest of an extension and go there."""
    while call.match_more(context, digits):
        digit = await wait_digit(call.channel, call.timeouts.digit)
        if digit is None:
            break
        digits += digit
    if context != call.context:
        call.channel.context = context
    call.goto_dialed(digits)


@dataclass(frozen=True, slots=True)
class ReadOptions(Options):
    """Option letters of Read()."""

    skip: bool = flag("s", "Return at once when the channel is not up.")
    indication: bool = flag("i", "The filename is the name of a tone.")
    noanswer: bool = flag("n", "Read digits even if the channel is not answered.")
    terminator: str | None = option("t", "Digits that end the input; # if not given.")
    keep_terminator: bool = flag("e", "Read the terminator alone as input.")


_READ = ReadOptions()


@application("Read")
async def read(
    call: Call,
    variable: str,
    filenames: Annotated[list[str], separated("&")] | None = None,
    maxdigits: int = 0,
    options: ReadOptions = _READ,
    attempts: int = 1,
    timeout: float = 0.0,
) -> None:
    """Read digits from the caller into a variable; `#` ends them.

    Args:
        variable: the variable that gets the digits.
        filenames: sounds to play first.
        maxdigits: after so many digits the input is complete; 0 means at most 255.
        options: see the letters.
        attempts: how often to ask when nothing is dialled.
        timeout: seconds to wait for each digit; TIMEOUT(response) and TIMEOUT(digit) if not given.

    Sets:
        READSTATUS: OK, ERROR, HANGUP, INTERRUPTED, SKIPPED or TIMEOUT.
    """
    channel = call.channel
    if channel.state is not ChannelState.UP:
        if options.skip:
            call.set_variable(variable, "")
            call.set_variable("READSTATUS", "SKIPPED")
            return
        if not options.noanswer:
            channel.answer()
    most = maxdigits if 0 < maxdigits <= 255 else 255
    end = options.terminator if options.terminator is not None else "#"
    first_timeout = timeout or call.timeouts.response
    next_timeout = timeout or call.timeouts.digit
    # What `h` sees when the caller hangs up while typing.
    call.set_variable(variable, "")
    call.set_variable("READSTATUS", "HANGUP")
    digits, status = "", "TIMEOUT"
    for _ in range(max(attempts, 1)):
        digit = await _prompt(call, filenames or [], options.indication, first_timeout)
        while digit is not None:
            if digit in end:
                status = "OK"
                if options.keep_terminator and not digits:
                    digits = digit
                break
            digits += digit
            status = "OK"
            if len(digits) >= most:
                break
            digit = await wait_digit(channel, next_timeout)
        if status == "OK":
            break
    call.set_variable(variable, digits)
    call.set_variable("READSTATUS", status)


async def _prompt(call: Call, files: list[str], as_tone: bool, timeout: float) -> str | None:
    """Play what asks for digits; the first digit."""
    channel = call.channel
    if as_tone and files:
        play_indication(channel, files[0])
        try:
            return await wait_digit(channel, timeout)
        finally:
            stop_indication(channel)
    if files:
        try:
            digit = await play(channel, files, stop=_ALL_DIGITS)
        except PlaybackError as error:
            call.complain(f"Read: {error}")
            digit = ""
        if digit:
            return digit
    return await wait_digit(channel, timeout)


@application("WaitDigit")
async def wait_digit_application(call: Call, seconds: float | None = None, digits: str = "") -> None:
    """Wait for the caller to press a key.

    Args:
        seconds: how long; without end if not given.
        digits: which keys count; all if not given.

    Sets:
        WAITDIGITSTATUS: DTMF, TIMEOUT, ERROR or CANCEL.
        WAITDIGITRESULT: the key.
    """
    loop = call.channel.pbx.loop
    deadline = None if seconds is None else loop.time() + seconds
    call.set_variable("WAITDIGITRESULT", "")
    call.set_variable("WAITDIGITSTATUS", "CANCEL")
    while True:
        digit = await wait_digit(call.channel, None if deadline is None else deadline - loop.time())
        if digit is None:
            call.set_variable("WAITDIGITSTATUS", "TIMEOUT")
            return
        if not digits or digit in digits:
            call.set_variable("WAITDIGITSTATUS", "DTMF")
            call.set_variable("WAITDIGITRESULT", digit)
            return


@application("SendDTMF")
async def send_dtmf(
    call: Call, digits: str, timeout_ms: int = 250, duration_ms: int = 100, channel: str = ""
) -> None:
    """Send DTMF digits.

    Args:
        digits: 0-9 * # A-D; w waits half a second, W a whole one.
        timeout_ms: pause between digits.
        duration_ms: length of each digit.
        channel: the channel to send on; this one if not given.
    """
    target = call.channel.pbx.channel(channel) if channel else call.channel
    if target is None:
        raise ApplicationError(f"SendDTMF: there is no channel {channel}")
    wrong = next((digit for digit in digits if digit not in "0123456789*#ABCDabcdwWfF"), "")
    if wrong:
        raise ApplicationError(f"SendDTMF: {wrong!r} is no DTMF digit")
    for digit in digits:
        if digit in "wW":
            await listen_for(call.channel, 0.5 if digit == "w" else 1.0)
            continue
        target.send_digit(digit.upper(), duration_ms)
        await listen_for(call.channel, (duration_ms + timeout_ms) / 1000)
