"""Transfers by DTMF: a party of a call presses a code, then the number (Dial's t and T).

While the number is asked for the other one hears music, as on hold.  What is pressed then belongs to nobody
else: the transferor has an inbox of its own meanwhile.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.pbx import events
from offhook.pbx.inbox import Inbox
from offhook.pbx.listening import PlaybackError, play, wait_digit
from offhook.pbx.transfer import TransferError, blind_transfer, transfer_context

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel

__all__ = ["TransferSettings", "transfer_by_digits"]

log = logging.getLogger(__name__)

_KEYS = "0123456789*#ABCD"


@dataclass(frozen=True, slots=True)
class TransferSettings:
    """features.conf: [featuremap] and [general]."""

    blind_code: str = "#"
    digit_timeout: float = 3.0  # seconds for each digit of the number
    attempts: int = 3
    announcement: str = "pbx-transfer"
    retry_sound: str = "pbx-invalid"
    invalid_sound: str = "privacy-incorrect"


async def transfer_by_digits(leg: Channel, settings: TransferSettings) -> None:
    """Ask `leg` for a number and send the one whom it talks to there; without one the call goes on."""
    bridge = leg.bridge
    other = bridge.other(leg) if bridge is not None else None
    if bridge is None or other is None:
        return
    if leg.media is not None:
        leg.media.unbridge()
    music = other.hold_music is None
    if music:
        other.hold_music = leg.pbx.start_music(other, leg.music_suggested)
    shared, leg.inbox = leg.inbox, Inbox()
    context = transfer_context(leg)
    exten = ""
    try:
        exten = await _ask(leg, context, settings)
    finally:
        if not leg.ended:
            leg.inbox = shared
        stop, other.hold_music = (other.hold_music, None) if music else (None, other.hold_music)
        if stop is not None:
            stop()
    if leg.ended:
        shared.put(events.HungUp(leg))  # it was told in the inbox that it had meanwhile
        return
    if exten and not other.ended:
        try:
            blind_transfer(leg, context, exten)
            return
        except TransferError as error:
            log.info("%s: a transfer is not done: %s", leg.name, error)
    bridge.join_media()


async def _ask(leg: Channel, context: str, settings: TransferSettings) -> str:
    """The number, "" when none was dialled that there is."""
    prompt = settings.announcement
    for _ in range(settings.attempts):
        digits = await _say(leg, prompt)
        number = await _number(leg, context, digits, settings.digit_timeout)
        if leg.ended:
            return ""
        if number and leg.pbx.dialplan.exists(context, number, 1, leg.caller.number):
            return number
        if not number:
            break
        prompt = settings.retry_sound
    await _say(leg, settings.invalid_sound)
    return ""


async def _say(leg: Channel, sound: str) -> str:
    """Play a prompt until a key is pressed; the key."""
    try:
        return await play(leg, [sound], stop=_KEYS) if sound else ""
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
