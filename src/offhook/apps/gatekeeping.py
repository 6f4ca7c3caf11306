"""Applications that ask the caller who he is: Authenticate, DISA, PrivacyManager, Zapateller, ReadExten."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from offhook.dialplan.declare import Options, application, flag, separated
from offhook.dialplan.errors import ApplicationError, Hangup
from offhook.features.astdb import database_of
from offhook.pbx.causes import Cause
from offhook.pbx.channel import ChannelState
from offhook.pbx.listening import (
    PlaybackError,
    find_sounds,
    listen_for,
    play_files,
    play_indication,
    stop_indication,
    wait_digit,
)
from offhook.pbx.party import Presentation, parse_caller_id

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__: list[str] = []

_KEYS = "0123456789*#ABCD"
_ATTEMPTS = 3


async def _prompt(call: Call, name: str, *, stop: str = "") -> str:
    """Play a sound; the key that ended it."""
    try:
        files, missing = await find_sounds(call.channel, [one for one in name.split("&") if one])
        for one in missing:
            call.complain(f"there is no sound {one!r}")
        return await play_files(call.channel, files, stop=stop)
    except PlaybackError as error:
        call.complain(str(error))
        return ""


async def _ask(call: Call, prompt: str, most: int, *, first: float = 10.0, next_digit: float = 3.0) -> str:
    """What the caller types after a prompt, up to # or so many digits."""
    digit: str | None = await _prompt(call, prompt, stop=_KEYS)
    digit = digit or await wait_digit(call.channel, first)
    typed = ""
    while digit is not None and digit != "#":
        typed += digit
        if most and len(typed) >= most:
            break
        digit = await wait_digit(call.channel, next_digit)
    return typed


# ---------------------------------------------------------------- Authenticate


@dataclass(frozen=True, slots=True)
class AuthenticateOptions(Options):
    """The option letters of Authenticate()."""

    set_account: bool = flag("a", "The password becomes the channel's account code.")
    database: bool = flag("d", "The password is a family/key of the database; keys below it are passwords.")
    accounts: bool = flag("m", "The file has lines account:MD5-of-the-password; with a the account is set.")
    remove: bool = flag("r", "With d: a password can be used once.")


_AUTHENTICATE = AuthenticateOptions()


@application("Authenticate")
async def authenticate(
    call: Call,
    password: str,
    options: AuthenticateOptions = _AUTHENTICATE,
    maxdigits: int = 0,
    prompt: Annotated[list[str], separated("&")] | None = None,
) -> None:
    """Ask for a password, three times at most; the call ends when none was right.

    Args:
        password: the password, or, when it begins with /, a file with one in each line, or with option d
            a family of the database whose keys are passwords.
        options: see the letters.
        maxdigits: how long a password is at most; # ends a shorter one.
        prompt: sounds to ask with, agent-pass if not given; a second one for further attempts.
    """
    channel = call.channel
    channel.answer()
    prompts = prompt or ["agent-pass"]
    for attempt in range(_ATTEMPTS):
        ask = prompts[min(attempt, len(prompts) - 1)] if len(prompts) > 1 or not attempt else "auth-incorrect"
        typed = await _ask(call, ask, maxdigits)
        account = await _accepted(call, password.strip(), typed, options)
        if account is not None:
            if options.set_account:
                channel.set_account_code(account)
            await _prompt(call, "auth-thankyou")
            return
    await _prompt(call, "vm-goodbye")
    raise Hangup


async def _accepted(call: Call, password: str, typed: str, options: AuthenticateOptions) -> str | None:
    """The account that a password opens (itself unless a file says), None for a wrong one."""
    if not typed:
        return None
    if options.database and password.startswith("/"):
        database = database_of(call)
        family = password.strip("/")
        if database.get(family, typed) is None:
            return None
        if options.remove:
            database.delete(family, typed)
        return typed
    if password.startswith("/"):
        return await _in_file(call, Path(password), typed, options)
    return typed if typed == password else None


async def _in_file(call: Call, path: Path, typed: str, options: AuthenticateOptions) -> str | None:
    try:
        text = await asyncio.to_thread(path.read_text, "utf-8", "replace")
    except OSError as error:
        call.complain(f"Authenticate: {path}: {error.strerror}")
        return None
    digest = hashlib.md5(typed.encode(), usedforsecurity=False).hexdigest()
    for line in text.splitlines():
        if options.accounts:
            account, colon, md5 = line.strip().partition(":")
            if colon and md5.strip().lower() == digest:
                return account
        elif line.strip() == typed:
            return typed
    return None


# ---------------------------------------------------------------- DISA


@dataclass(frozen=True, slots=True)
class DisaOptions(Options):
    """The option letters of DISA()."""

    no_answer: bool = flag("n", "Do not answer the call.")
    pound_ends: bool = flag("p", "# ends the number that is dialled.")


_DISA = DisaOptions()


class _Pass(NamedTuple):
    """What a right passcode opens."""

    context: str
    caller_id: str = ""


@application("DISA")
async def disa(
    call: Call,
    passcode: str,
    context: str = "disa",
    cid: str = "",
    mailbox: str = "",
    options: DisaOptions = _DISA,
) -> None:
    """Give the caller a dial tone of our own, after a passcode: he dials as if he sat inside.

    Args:
        passcode: digits that he has to type first, followed by #; no-password; or a file whose lines are
            passcode[,context[,cid[,mailbox]]].
        context: where he dials.
        cid: the caller id of what he dials.
        mailbox: a mailbox whose waiting messages change the dial tone; there is none that would.
        options: see the letters.
    """
    channel = call.channel
    if not options.no_answer:
        channel.answer()
    opened = _Pass(context.strip() or "disa", cid)
    if passcode.strip() != "no-password":
        typed = await _with_tone(call, lambda digits: digits.endswith("#"))
        checked = await _passed(call, passcode.strip(), typed.rstrip("#"), opened)
        if checked is None:
            call.complain("DISA: a wrong passcode")
            await _congestion(call)
            return
        opened = checked
    digits = await _with_tone(
        call,
        lambda typed: (
            (options.pound_ends and typed.endswith("#")) or not call.match_more(opened.context, typed)
        ),
    )
    number = digits.rstrip("#") if options.pound_ends else digits
    if opened.caller_id:
        name, caller = parse_caller_id(opened.caller_id)
        channel.set_caller(replace(channel.caller, name=name, number=caller))
    if number and call.exists(opened.context, number):
        call.goto(opened.context, number, 1)
    elif number and call.exists(opened.context, "i"):
        call.set_variable("INVALID_EXTEN", number)
        call.goto(opened.context, "i", 1)
    else:
        await _congestion(call)


async def _with_tone(call: Call, complete: Callable[[str], bool]) -> str:
    """Digits until they are complete or time is up; the dial tone sounds until the first."""
    channel = call.channel
    try:
        play_indication(channel, "dial")
    except (PlaybackError, ValueError) as error:
        call.complain(f"DISA: {error}")
    typed = ""
    try:
        digit = await wait_digit(channel, max(call.timeouts.response, 20.0))
    finally:
        stop_indication(channel)
    while digit is not None:
        typed += digit
        if complete(typed):
            break
        digit = await wait_digit(channel, call.timeouts.digit if call.timeouts.digit > 0 else 10.0)
    return typed


async def _passed(call: Call, passcode: str, typed: str, opened: _Pass) -> _Pass | None:
    if passcode.isdecimal():
        return opened if typed == passcode else None
    try:
        text = await asyncio.to_thread(Path(passcode).read_text, "utf-8", "replace")
    except OSError as error:
        call.complain(f"DISA: {passcode}: {error.strerror}")
        return None
    for line in text.splitlines():
        parts = [part.strip() for part in line.partition(";")[0].split(",", 3)]
        if typed and parts[0] == typed:
            context = parts[1] if len(parts) > 1 and parts[1] else opened.context
            return _Pass(context, parts[2] if len(parts) > 2 and parts[2] else opened.caller_id)
    return None


async def _congestion(call: Call) -> None:
    try:
        play_indication(call.channel, "congestion")
    except (PlaybackError, ValueError) as error:
        call.complain(f"DISA: {error}")
    await listen_for(call.channel, 10)
    raise Hangup(Cause.NORMAL_CIRCUIT_CONGESTION)


# ---------------------------------------------------------------- callers without a number


@application("PrivacyManager")
async def privacy_manager(
    call: Call, maxretries: int = 3, minlength: int = 10, options: str = "", context: str = ""
) -> None:
    """Ask a caller who shows no number for it.

    Args:
        maxretries: how often to ask.
        minlength: how many digits a number has at least.
        options: without a meaning, as in Asterisk.
        context: where the number has to be an extension; anywhere if not given.

    Sets:
        PRIVACYMGRSTATUS: SUCCESS when there is a number now, or FAILED.
    """
    channel = call.channel
    if channel.caller.number and channel.caller.presentation.allowed:
        call.set_variable("PRIVACYMGRSTATUS", "SUCCESS")
        return
    if maxretries < 1 or minlength < 1:
        raise ApplicationError("PrivacyManager: both numbers are at least 1")
    if channel.state is not ChannelState.UP:
        channel.answer()
        await listen_for(channel, 1)
    call.set_variable("PRIVACYMGRSTATUS", "FAILED")
    await _prompt(call, "privacy-unident")
    for _ in range(maxretries):
        number = await _ask(call, "privacy-prompt", 29, first=3.2, next_digit=5.0)
        if len(number) >= minlength and (not context or call.exists(context, number)):
            channel.set_caller(replace(channel.caller, number=number, name="Privacy Manager",
                                       presentation=Presentation.ALLOWED))  # fmt: skip
            call.set_variable("PRIVACYMGRSTATUS", "SUCCESS")
            await _prompt(call, "privacy-thankyou")
            return
        await _prompt(call, "privacy-incorrect")


@dataclass(frozen=True, slots=True)
class ZapatellerOptions(Options):
    """The option words of Zapateller()."""

    answer: bool = flag("answer", "Answer the call first.")
    no_caller_id: bool = flag("nocallerid", "Only when the caller shows no number.")


_ZAPATELLER = ZapatellerOptions()


@application("Zapateller")
async def zapateller(call: Call, options: ZapatellerOptions = _ZAPATELLER) -> None:
    """Play the tones of a number that is out of service, at which diallers of telemarketers hang up.

    Args:
        options: answer, nocallerid.

    Sets:
        ZAPATELLERSTATUS: NOTHING, ANSWERED when the channel was up already, or ZAPPED.
    """
    channel = call.channel
    call.set_variable("ZAPATELLERSTATUS", "NOTHING")
    if options.no_caller_id and channel.caller.number:
        return
    if channel.state is not ChannelState.UP:
        if options.answer:
            channel.answer()
            await listen_for(channel, 0.5)
        else:
            channel.progress()
    else:
        call.set_variable("ZAPATELLERSTATUS", "ANSWERED")
        await listen_for(channel, 0.5)
    try:
        # The special information tone of ITU-T E.180: three tones, each a third of a second.
        play_indication(channel, "!950/330,!1400/330,!1800/330,!0/1000")
    except (PlaybackError, ValueError) as error:
        call.complain(f"Zapateller: {error}")
        return
    await listen_for(channel, 2)
    stop_indication(channel)
    call.set_variable("ZAPATELLERSTATUS", "ZAPPED")


# ---------------------------------------------------------------- an extension as input


@dataclass(frozen=True, slots=True)
class ReadExtenOptions(Options):
    """The option letters of ReadExten()."""

    skip: bool = flag("s", "Return at once when the channel is not up.")
    indication: bool = flag("i", "The filename is the name of a tone.")
    noanswer: bool = flag("n", "Read digits even if the channel is not answered.")
    pound_ends: bool = flag("p", "# ends the number.")


_READ_EXTEN = ReadExtenOptions()


@application("ReadExten")
async def read_exten(
    call: Call,
    variable: str,
    filename: str = "",
    context: str = "",
    option: ReadExtenOptions = _READ_EXTEN,
    timeout: float = 0.0,
) -> None:
    """Read an extension from the caller into a variable, without going there.

    Args:
        variable: gets what was dialled.
        filename: a sound (or a tone) that asks for it.
        context: where it is an extension; the call's context if not given.
        option: see the letters.
        timeout: seconds to wait for each digit; TIMEOUT(response) and TIMEOUT(digit) if not given.

    Sets:
        READEXTENSTATUS: OK, TIMEOUT, INVALID, SKIP or ERROR.
    """
    channel = call.channel
    where = context.strip() or call.context
    call.assign(variable, "")
    call.set_variable("READEXTENSTATUS", "ERROR")
    if channel.state is not ChannelState.UP:
        if option.skip:
            call.set_variable("READEXTENSTATUS", "SKIP")
            return
        if not option.noanswer:
            channel.answer()
    digit: str | None = ""
    if option.indication and filename:
        try:
            play_indication(channel, filename)
        except (PlaybackError, ValueError) as error:
            call.complain(f"ReadExten: {error}")
    elif filename:
        digit = await _prompt(call, filename, stop=_KEYS)
    try:
        digit = digit or await wait_digit(channel, timeout if timeout > 0 else call.timeouts.response)
    finally:
        if option.indication:
            stop_indication(channel)
    typed = ""
    while digit is not None and not (option.pound_ends and digit == "#"):
        typed += digit
        if not call.match_more(where, typed):
            break
        digit = await wait_digit(channel, timeout if timeout > 0 else call.timeouts.digit)
    if not typed:
        if call.exists(where, "t"):
            call.assign(variable, "t")
        call.set_variable("READEXTENSTATUS", "TIMEOUT")
    elif call.exists(where, typed):
        call.assign(variable, typed)
        call.set_variable("READEXTENSTATUS", "OK")
    else:
        if call.exists(where, "i"):
            call.assign(variable, "i")
        call.set_variable("INVALID_EXTEN", typed)
        call.set_variable("READEXTENSTATUS", "INVALID")
