"""Applications that say digits, numbers, letters, dates and times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from offhook.dialplan.declare import Options, application, flag
from offhook.dialplan.errors import TimingError
from offhook.dialplan.say_rules import say_moment
from offhook.dialplan.timing import time_zone
from offhook.features.saying import sounds_by_rules
from offhook.media.say import NumberTooLargeError, say_alpha, say_digits, say_number, say_phonetic
from offhook.media.say_time import default_format, say_time
from offhook.pbx import events
from offhook.pbx.channel import ChannelState
from offhook.pbx.listening import PlaybackError, find_sounds, play_files

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = [
    "say_alpha_application",
    "say_digits_application",
    "say_number_application",
    "say_phonetic_application",
]


async def _say(call: Call, names: list[str]) -> None:
    channel = call.channel
    if channel.state is not ChannelState.UP:
        channel.answer()
    try:
        files, missing = await find_sounds(channel, names)
        for name in dict.fromkeys(missing):
            call.complain(f"there is no sound {name!r} in language {channel.language!r}")
        await play_files(channel, files)
    except PlaybackError as error:
        call.complain(str(error))
    finally:
        channel.inbox.discard(lambda event: isinstance(event, events.Digit))


@application("SayDigits")
async def say_digits_application(call: Call, digits: str) -> None:
    """Say digits one by one in the channel's language.

    Args:
        digits: what to say: 0-9, *, #, -.
    """
    await _say(call, say_digits(digits))


@application("SayNumber")
async def say_number_application(call: Call, number: str, gender: str = "") -> None:
    """Say a number in the channel's language.

    Args:
        number: a whole number.
        gender: m, f or n, where the language has genders.
    """
    try:
        value = int(number.strip())
        names = sounds_by_rules(call, "num", str(value)) or say_number(value, call.channel.language, gender)
    except NumberTooLargeError as error:
        call.complain(f"SayNumber: {error}")
        return
    except ValueError:
        call.complain(f"SayNumber: {number!r} is not a whole number")
        return
    await _say(call, names)


@application("SayAlpha")
async def say_alpha_application(call: Call, string: str) -> None:
    """Spell a text: letters, digits and signs by their names.

    Args:
        string: what to spell.
    """
    await _say(call, say_alpha(string))


@application("SayPhonetic")
async def say_phonetic_application(call: Call, string: str) -> None:
    """Spell a text in the spelling alphabet: alfa, bravo, charlie.

    Args:
        string: what to spell.
    """
    await _say(call, say_phonetic(string))


# Names of capital and small letters (SayAlphaCase) that a prompt set has beside the letters themselves.
_CASES = {"a": (True, True), "l": (False, True), "u": (True, False), "n": (False, False)}


@application("SayAlphaCase")
async def say_alpha_case(call: Call, casetype: Literal["a", "l", "n", "u"], string: str) -> None:
    """Spell a text, and say of letters whether they are capital or small.

    Args:
        casetype: a for all letters, l for small ones only, u for capital ones only, n for none.
        string: what to spell.
    """
    capital, small = _CASES[casetype]
    names: list[str] = []
    for char in string:
        if char.isupper() and capital:
            names.append("uppercase")
        elif char.islower() and small:
            names.append("lowercase")
        names += say_alpha(char)
    await _say(call, names)


@dataclass(frozen=True, slots=True)
class SayTimeOptions(Options):
    """The option letters of SayUnixTime()."""

    interruptible: bool = flag(
        "j", "A key of the caller ends it and leads to that extension, if there is one."
    )


_SAY_TIME = SayTimeOptions()


async def _say_moment(
    call: Call, unixtime: str, timezone: str, format: str, options: SayTimeOptions, name: str
) -> None:
    channel = call.channel
    try:
        zone = time_zone(timezone.strip())
        now = datetime.fromtimestamp(channel.pbx.wall_clock(), zone).astimezone(zone)
        moment = datetime.fromtimestamp(float(unixtime), zone).astimezone(zone) if unixtime.strip() else now
    except (ValueError, OverflowError, OSError, TimingError) as error:
        call.complain(f"{name}: {unixtime!r} in {timezone!r} is no moment: {error}")
        return
    names = sounds_by_rules(call, "date", f"{format}:{say_moment(moment)}") or say_time(
        moment, format or default_format(channel.language), channel.language, now
    )
    if not options.interruptible:
        await _say(call, names)
        return
    if channel.state is not ChannelState.UP:
        channel.answer()
    try:
        files, missing = await find_sounds(channel, names)
        for sound in dict.fromkeys(missing):
            call.complain(f"there is no sound {sound!r} in language {channel.language!r}")
        digit = await play_files(channel, files, stop="0123456789*#ABCD")
    except PlaybackError as error:
        call.complain(str(error))
        return
    if digit and call.exists(call.context, digit):
        call.goto(None, digit, 1)


@application("SayUnixTime")
async def say_unix_time(
    call: Call,
    unixtime: str = "",
    timezone: str = "",
    format: str = "",
    options: SayTimeOptions = _SAY_TIME,
) -> None:
    """Say a date and time in the channel's language.

    The letters of the format: A day of the week, B month, m month as a number, d day, Y year, I hour of
    twelve, H and k hour of 24, M minute, S second, p a.m. or p.m., Q today, yesterday or the date, q the same
    or the day of the week, R for HM, T for HMS; 'file' plays a sound file.

    Args:
        unixtime: seconds since 1970; now if not given.
        timezone: as in the tz database; the machine's if not given.
        format: what is said; the language's own form if not given.
        options: j.
    """
    await _say_moment(call, unixtime, timezone, format, options, "SayUnixTime")


@application("DateTime")
async def date_time(call: Call, unixtime: str = "", timezone: str = "", format: str = "") -> None:
    """Say a date and time: SayUnixTime() by its older name.

    Args:
        unixtime: seconds since 1970; now if not given.
        timezone: as in the tz database; the machine's if not given.
        format: what is said; the language's own form if not given.
    """
    await _say_moment(call, unixtime, timezone, format, _SAY_TIME, "DateTime")


@application("SayCountedNoun")
async def say_counted_noun(call: Call, number: str, filename: str) -> None:
    """Say a number and what is counted, in the form that the number asks for (one message, two messages).

    Args:
        number: how many.
        filename: the sound of one; with an s behind its name that of several.
    """
    await _counted(call, number, filename, "s", "SayCountedNoun")


@application("SayCountedAdj")
async def say_counted_adj(call: Call, number: str, filename: str, gender: str = "") -> None:
    """Say an adjective in the form that a number asks for (without the number).

    Args:
        number: how many.
        filename: the sound; English adjectives have one form.
        gender: m, f, n or c, where the language has genders.
    """
    if not number.strip().lstrip("-").isdecimal():
        call.complain(f"SayCountedAdj: {number!r} is not a whole number")
        return
    await _say(call, [filename])


async def _counted(call: Call, number: str, filename: str, plural: str, name: str) -> None:
    try:
        count = int(number.strip())
        names = say_number(count, call.channel.language)
    except NumberTooLargeError as error:
        call.complain(f"{name}: {error}")
        return
    except ValueError:
        call.complain(f"{name}: {number!r} is not a whole number")
        return
    await _say(call, [*names, filename if count == 1 else f"{filename}{plural}"])
