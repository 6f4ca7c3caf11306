"""Applications that make voice menus: Background, WaitExten, Read, WaitDigit, SendDTMF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from offhook._core import MediaError
from offhook.apps.durations import seconds_of
from offhook.dialplan.declare import Options, application, flag, option, separated
from offhook.pbx.channel import ChannelState, NotSupportedByChannelError
from offhook.pbx.listening import (
    PlaybackError,
    find_sounds,
    listen_for,
    play_files,
    play_indication,
    stop_indication,
    wait_digit,
)

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = [
    "background",
    "collect_digits",
    "dial_extension",
    "read",
    "send_dtmf",
    "wait_digit_application",
    "wait_exten",
]

_ALL_DIGITS = "0123456789*#ABCD"


@dataclass(frozen=True, slots=True)
class BackgroundOptions(Options):
    """Option letters of Background(); Asterisk also takes one of the words `skip` and `noanswer`."""

    skip: bool = flag("s", "Do nothing unless the channel is answered.")
    noanswer: bool = flag("n", "Play without answering.")
    only_extensions: bool = flag("m", "Only digits that are an extension of one digit interrupt.")
    keep_playing: bool = flag("p", "Do not allow playback to be interrupted with digits.")

    @classmethod
    def parse(cls, text: str, complaints: list[str] | None = None) -> BackgroundOptions:
        """Read an options argument."""
        word = text.strip().lower()
        if word in ("skip", "noanswer"):
            return cls(skip=word == "skip", noanswer=word == "noanswer")
        return super(BackgroundOptions, cls).parse(text, complaints)


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
    Then the call goes on at that extension, or at `i` when there is none.  A file that is missing ends the
    playing.

    Args:
        filenames: sounds without extension, in this order.
        options: see the letters.
        langoverride: the language to play in.
        context: where the digits are dialled; the call's context if not given.

    Sets:
        BACKGROUNDSTATUS: SUCCESS or FAILED.
    """
    channel = call.channel
    call.set_variable("BACKGROUNDSTATUS", "SUCCESS")
    if channel.state is not ChannelState.UP:
        if options.skip:
            return
        if not options.noanswer:
            channel.answer()
        else:
            channel.progress()
    where = context or call.context
    stop = _ALL_DIGITS
    if options.keep_playing:
        stop = ""
    elif options.only_extensions:
        stop = "".join(digit for digit in _ALL_DIGITS if call.exists(where, digit))
    digit = ""
    try:
        files, missing = await find_sounds(channel, filenames, langoverride, until_missing=True)
        for name in missing:
            call.set_variable("BACKGROUNDSTATUS", "FAILED")
            call.complain(f"Background: there is no sound {name!r}")
        digit = await play_files(channel, files, stop=stop)
    except PlaybackError as error:
        call.set_variable("BACKGROUNDSTATUS", "FAILED")
        call.complain(f"Background: {error}")
    if digit:
        await dial_extension(call, digit, where)


@dataclass(frozen=True, slots=True)
class WaitExtenOptions(Options):
    """Option letters of WaitExten()."""

    music: str | None = option("m", "Play music on hold meanwhile.")
    dialtone: str | None = option("d", "Play a tone until the first digit; the dial tone if not given.")


_WAIT_EXTEN = WaitExtenOptions()


@application("WaitExten")
async def wait_exten(call: Call, seconds: str = "", options: WaitExtenOptions = _WAIT_EXTEN) -> None:
    """Wait for the caller to dial an extension.

    When nothing is dialled the call goes on with the next priority, if there is one; else at `t`.

    Args:
        seconds: how long to wait for the first digit; TIMEOUT(response) if not given.
        options: m, d.
    """
    channel = call.channel
    stop_music = channel.pbx.start_music(channel, options.music) if options.music is not None else None
    if options.dialtone is not None:
        _play_tone(call, options.dialtone or "dial", "WaitExten")
    try:
        digit = await wait_digit(channel, seconds_of(seconds) or call.timeouts.response)
    finally:
        if stop_music is not None:
            stop_music()
        if options.dialtone is not None:
            stop_indication(channel)
    if digit:
        await dial_extension(call, digit, call.context)
    elif not call.exists(call.context, call.exten, call.priority + 1):
        call.goto_dialed("")


async def collect_digits(call: Call, seconds: float) -> str:
    """What the caller dials at the end of an extension where `autofallthrough` is off; "" for nothing."""
    digits = await wait_digit(call.channel, seconds) or ""
    return await _rest_of(call, digits, call.context) if digits else ""


async def _rest_of(call: Call, digits: str, context: str) -> str:
    """The whole extension that begins with these digits."""
    while call.match_more(context, digits):
        digit = await wait_digit(call.channel, call.timeouts.digit)
        if digit is None:
            break
        digits += digit
    return digits


async def dial_extension(call: Call, digits: str, context: str) -> None:
    """Collect the rest of an extension and go there."""
    digits = await _rest_of(call, digits, context)
    if context != call.context:
        call.channel.context = context
    call.goto_dialed(digits)


def _play_tone(call: Call, tone: str, application_name: str) -> None:
    try:
        play_indication(call.channel, tone)
    except (PlaybackError, ValueError) as error:
        call.complain(f"{application_name}: {error}")


@dataclass(frozen=True, slots=True)
class ReadOptions(Options):
    """Option letters of Read()."""

    skip: bool = flag("s", "Return at once when the channel is not up.")
    indication: bool = flag("i", "The filename is the name of a tone.")
    noanswer: bool = flag("n", "Read digits even if the channel is not answered.")
    terminator: str | None = option("t", "Digits that end the input instead of #; none if not given.")
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
        variable: the variable that gets the digits, also those that were typed before a time-out.
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
            call.assign(variable, "")
            call.set_variable("READSTATUS", "SKIPPED")
            return
        if not options.noanswer:
            channel.answer()
    most = maxdigits if 0 < maxdigits <= 255 else 255
    end = options.terminator if options.terminator is not None else "#"
    first_timeout = timeout if timeout > 0 else call.timeouts.response
    next_timeout = timeout if timeout > 0 else call.timeouts.digit
    digits, status = "", "HANGUP"
    try:
        for _ in range(max(attempts, 1)):
            digit = await _prompt(call, filenames or [], options.indication, first_timeout)
            status = "TIMEOUT"
            while digit is not None:
                if digit in end:
                    status = "OK"
                    if options.keep_terminator and not digits:
                        digits = digit
                    break
                digits += digit
                if len(digits) >= most:
                    status = "OK"
                    break
                status = "HANGUP"
                digit = await wait_digit(channel, next_timeout)
                status = "TIMEOUT"
            if digits:
                break
    finally:
        # Also for `h`, when the caller hangs up while typing.
        call.assign(variable, digits)
        call.set_variable("READSTATUS", status)


async def _prompt(call: Call, files: list[str], as_tone: bool, timeout: float) -> str | None:
    """Play what asks for digits; the first digit."""
    channel = call.channel
    if as_tone and files:
        _play_tone(call, files[0], "Read")
        try:
            return await wait_digit(channel, timeout)
        finally:
            stop_indication(channel)
    if files:
        try:
            found, missing = await find_sounds(channel, files)
            for name in missing:
                call.complain(f"Read: there is no sound {name!r}")
            digit = await play_files(channel, found, stop=_ALL_DIGITS)
        except PlaybackError as error:
            call.complain(f"Read: {error}")
            digit = ""
        if digit:
            return digit
    return await wait_digit(channel, timeout)


@application("WaitDigit")
async def wait_digit_application(call: Call, seconds: str = "", digits: str = "") -> None:
    """Wait for the caller to press a key.

    Args:
        seconds: how long; without end if not given.
        digits: which keys count; all if not given.

    Sets:
        WAITDIGITSTATUS: DTMF, TIMEOUT, ERROR or CANCEL.
        WAITDIGITRESULT: the key.
    """
    loop = call.channel.pbx.loop
    length = seconds_of(seconds)
    call.set_variable("WAITDIGITRESULT", "")
    if length is None and seconds.strip():
        call.complain(f"WaitDigit: {seconds!r} is no length of time (2, 2s, 500ms)")
        call.set_variable("WAITDIGITSTATUS", "ERROR")
        return
    deadline = None if length is None else loop.time() + length
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


@dataclass(frozen=True, slots=True)
class SendDtmfOptions(Options):
    """Option letters of SendDTMF()."""

    answer: bool = flag("a", "Answer the channel first.")


_SEND_DTMF = SendDtmfOptions()


@application("SendDTMF")
async def send_dtmf(
    call: Call,
    digits: str,
    timeout_ms: int = 250,
    duration_ms: int = 100,
    channel: str = "",
    options: SendDtmfOptions = _SEND_DTMF,
) -> None:
    """Send DTMF digits.

    Args:
        digits: 0-9 * # A-D; w waits half a second, W a whole one; f flashes the hook.
        timeout_ms: pause between digits.
        duration_ms: length of each digit.
        channel: the channel to send on; this one if not given.
        options: a.
    """
    target = call.channel.pbx.channel(channel) if channel else call.channel
    if target is None:
        call.complain(f"SendDTMF: there is no channel {channel}")
        return
    if options.answer:
        call.channel.answer()
    gap = max(timeout_ms, 0) / 1000
    length = duration_ms if 0 < duration_ms < 60_000 else 100
    for digit in digits:
        if digit in "wW":
            await listen_for(call.channel, 0.5 if digit == "w" else 1.0)
        elif digit.upper() in _ALL_DIGITS:
            try:
                target.send_digit(digit.upper(), length)
            except (NotSupportedByChannelError, MediaError) as error:
                call.complain(f"SendDTMF: {error}")
                return
            await listen_for(call.channel, length / 1000 + gap)
        elif digit in "fF":
            try:
                target.send_flash()
            except NotSupportedByChannelError as error:
                call.complain(f"SendDTMF: {error}")
        else:
            call.complain(f"SendDTMF: {digit!r} is no DTMF digit")
