"""Blind transfers by DTMF: a party of a call presses a code, then the number (Dial's t and T).

While the number is asked for the other one hears music, as on hold.  What is pressed then belongs to nobody
else: the transferor has an inbox of its own meanwhile.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offhook.pbx.aside import aside
from offhook.pbx.listening import PlaybackError, play, wait_digit
from offhook.pbx.transfer import TransferError, blind_transfer, transfer_context

if TYPE_CHECKING:
    from offhook.config.files.features import FeaturesGeneral
    from offhook.pbx.channel import Channel
    from offhook.pbx.conversation import Conversation, Outcome

__all__ = ["ask_number", "say", "transfer_by_digits"]

log = logging.getLogger(__name__)

_KEYS = "0123456789*#ABCD"


async def transfer_by_digits(conversation: Conversation, leg: Channel) -> Outcome | None:
    """Ask `leg` for a number and send the one whom it talks to there; without one the call goes on."""
    other = conversation.other(leg)
    context = transfer_context(leg)
    with aside(conversation, leg):
        exten = await ask_number(leg, context, leg.pbx.features.settings(leg))
    if leg.ended or other.ended:
        return None  # the inbox says so
    if exten:
        try:
            blind_transfer(leg, context, exten)
            return None
        except TransferError as error:
            log.info("%s: a transfer is not done: %s", leg.name, error)
    conversation.resume()
    return None


async def ask_number(leg: Channel, context: str, settings: FeaturesGeneral) -> str:
    """The number to transfer to, "" when none was dialled that there is."""
    prompt = settings.transferannouncesound
    for _ in range(settings.transferdialattempts):
        digits = await say(leg, prompt)
        number = await _number(leg, context, digits, settings.transferdigittimeout)
        if leg.ended:
            return ""
        if number and leg.pbx.dialplan.exists(context, number, 1, leg.caller.number):
            return number
        if not number:
            break
        prompt = settings.transferretrysound
    await say(leg, settings.transferinvalidsound)
    return ""


async def say(leg: Channel, sound: str) -> str:
    """Play a prompt until a key is pressed; the key."""
    try:
        return await play(leg, [sound], stop=_KEYS) if sound and not leg.ended else ""
    except PlaybackError as error:
        log.warning("%s: %s", leg.name, error)
        return ""


async def _number(leg: Channel, context: str, digits: str, timeout: float) -> str:
    """The digits until the number is complete, `#`, or a pause."""
    dialplan, caller = leg.pbx.dialplan, leg.caller.number
    while not digits.endswith("#"):
        known = digits and dialplan.exists(context, digits, 1, caller)
        if known and not dialplan.match_more(context, digits, caller):
            return digits
        digit = await wait_digit(leg, timeout)
        if digit is None:
            return digits
        digits += digit
    return digits[:-1]
