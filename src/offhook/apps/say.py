"""Applications that say digits, numbers and letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.declare import application
from offhook.dialplan.errors import ApplicationError
from offhook.media.say import NumberTooLargeError, say_alpha, say_digits, say_number, say_phonetic
from offhook.pbx import events
from offhook.pbx.channel import ChannelState
from offhook.pbx.listening import PlaybackError, play

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
        await play(channel, names)
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
        raise ApplicationError(f"SayNumber: {error}") from None
    except ValueError:
        raise ApplicationError(f"SayNumber: {number!r} is not a whole number") from None
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
