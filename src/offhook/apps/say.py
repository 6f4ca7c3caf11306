"""Applications that say digits, numbers and letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.declare import application
from offhook.media.say import NumberTooLargeError, say_alpha, say_digits, say_number, say_phonetic
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
        names = say_number(int(number.strip()), call.channel.language, gender)
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
