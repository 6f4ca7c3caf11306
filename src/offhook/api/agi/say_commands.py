"""AGI commands that say digits, numbers, letters, dates and times."""

from __future__ import annotations

from datetime import datetime

from offhook.api.agi.audio_commands import code_of
from offhook.api.agi.commands import AgiSyntaxError, command
from offhook.api.agi.protocol import Reply
from offhook.api.agi.session import Session
from offhook.dialplan.errors import TimingError
from offhook.dialplan.say_rules import say_moment
from offhook.dialplan.timing import time_zone
from offhook.features.saying import sounds_by_rules
from offhook.media.say import NumberTooLargeError, say_alpha, say_digits, say_number, say_phonetic
from offhook.media.say_time import date_format, default_format, say_time, time_format
from offhook.pbx.listening import find_sounds, play_files

__all__: list[str] = []


async def say(session: Session, names: list[str], escape_digits: str) -> Reply:
    """Play prompts one after the other; a key of `escape_digits` ends them and is the result."""
    channel = session.channel
    files, missing = await find_sounds(channel, names)
    for name in dict.fromkeys(missing):
        session.call.complain(f"AGI: there is no sound {name!r} in language {channel.language!r}")
    return Reply(code_of(await play_files(channel, files, stop=escape_digits)))


@command("SAY DIGITS")
async def say_digits_command(session: Session, number: str, escape_digits: str) -> Reply:
    """Say digits one by one.  The result is 0, or the ASCII code of the key that ended it."""
    return await say(session, say_digits(number), escape_digits)


@command("SAY NUMBER")
async def say_number_command(session: Session, number: int, escape_digits: str, gender: str = "") -> Reply:
    """Say a number.  The result is 0, or the ASCII code of the key that ended it."""
    try:
        names = sounds_by_rules(session.call, "num", str(number)) or say_number(
            number, session.channel.language, gender
        )
    except NumberTooLargeError as error:
        raise AgiSyntaxError(str(error)) from None
    return await say(session, names, escape_digits)


@command("SAY ALPHA")
async def say_alpha_command(session: Session, number: str, escape_digits: str) -> Reply:
    """Spell a text.  The result is 0, or the ASCII code of the key that ended it."""
    return await say(session, say_alpha(number), escape_digits)


@command("SAY PHONETIC")
async def say_phonetic_command(session: Session, string: str, escape_digits: str) -> Reply:
    """Spell a text in the spelling alphabet.  The result is 0, or the ASCII code of the key that ended it."""
    return await say(session, say_phonetic(string), escape_digits)


async def _say_moment(
    session: Session, seconds: int, escape_digits: str, format: str, by_rules: tuple[str, str], zone: str = ""
) -> Reply:
    """`by_rules`: what say.conf is asked for, and the format that the script gave."""
    channel = session.channel
    try:
        place = time_zone(zone.strip())
        now = datetime.fromtimestamp(channel.pbx.wall_clock(), place).astimezone(place)
        moment = datetime.fromtimestamp(seconds, place).astimezone(place)
    except (ValueError, OverflowError, OSError, TimingError) as error:
        raise AgiSyntaxError(f"{seconds} in {zone!r} is no moment: {error}") from None
    kind, given = by_rules
    names = sounds_by_rules(session.call, kind, f"{given}:{say_moment(moment)}")
    return await say(session, names or say_time(moment, format, channel.language, now), escape_digits)


@command("SAY DATE")
async def say_date_command(session: Session, date: int, escape_digits: str) -> Reply:
    """Say a date (seconds since 1970).  The result is 0, or the ASCII code of the key that ended it."""
    return await _say_moment(
        session, date, escape_digits, date_format(session.channel.language), ("date", "")
    )


@command("SAY TIME")
async def say_time_command(session: Session, time: int, escape_digits: str) -> Reply:
    """Say a time of day (seconds since 1970).  The result is 0, or the code of the key that ended it."""
    return await _say_moment(
        session, time, escape_digits, time_format(session.channel.language), ("time", "")
    )


@command("SAY DATETIME")
async def say_datetime_command(
    session: Session, time: int, escape_digits: str, format: str = "", timezone: str = ""
) -> Reply:
    """Say date and time by a format, as SayUnixTime() has it.

    The time is given as seconds since 1970; without a format it is that of the channel's language.  The
    result is 0, or the ASCII code of the key that ended it.
    """
    wanted = format or default_format(session.channel.language)
    asked = ("date", format) if format else ("datetime", "")
    return await _say_moment(session, time, escape_digits, wanted, asked, timezone)
