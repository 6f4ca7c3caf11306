"""What Dial plays and sends into a call that is connected: the time that is left, DTMF."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from offhook.media.say import say_number
from offhook.pbx.listening import PlaybackError, play, start_playing

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.pbx.channel import Channel

__all__ = ["LimitSounds", "send_digits"]

_PAUSES = {"w": 0.5, "W": 1.0}
_GAP = 0.25  # seconds between digits, as Asterisk's Dial has it
_TRUE = ("yes", "true", "1", "on", "y", "t")


async def send_digits(leg: Channel, digits: str) -> None:
    """Send DTMF one digit after the other; w waits half a second, W a whole one; anything else is skipped."""
    for position, char in enumerate(digits):
        if leg.ended:
            return
        pause = _PAUSES.get(char)
        if pause is not None:
            await asyncio.sleep(pause)
        elif char.upper() in "0123456789ABCD*#":
            leg.send_digit(char.upper(), 100)
            await asyncio.sleep(0.1 + (_GAP if position + 1 < len(digits) else 0))


class LimitSounds:
    """The announcements of option L, by the variables LIMIT_... of the caller."""

    def __init__(self, call: Call) -> None:
        self._call = call
        variables = call.variables
        self._to_caller = variables.get("LIMIT_PLAYAUDIO_CALLER", "yes").strip().lower() in _TRUE
        self._to_callee = variables.get("LIMIT_PLAYAUDIO_CALLEE", "no").strip().lower() in _TRUE
        self._warning = variables.get("LIMIT_WARNING_FILE", "").strip() or "timeleft"
        self._connect = variables.get("LIMIT_CONNECT_FILE", "").strip()
        self._timeout = variables.get("LIMIT_TIMEOUT_FILE", "").strip()

    def _hearers(self, peer: Channel | None) -> list[Channel]:
        both = ((self._call.channel, self._to_caller), (peer, self._to_callee))
        return [leg for leg, wanted in both if wanted and leg is not None and not leg.ended]

    def begin(self, caller: Channel, peer: Channel) -> None:
        """The parties are connected: LIMIT_CONNECT_FILE."""
        if self._connect:
            for leg in self._hearers(peer):
                self._start(leg, [self._connect])

    def warn(self, peer: Channel | None, left_ms: int) -> None:
        """So much time is left: LIMIT_WARNING_FILE, or the time itself in words."""
        for leg in self._hearers(peer):
            names = _time_left(left_ms, leg.language) if self._warning == "timeleft" else [self._warning]
            if not self._start(leg, names):
                self._start(leg, ["beep"])

    async def end(self, peer: Channel) -> None:
        """The time is up: LIMIT_TIMEOUT_FILE, played to its end to the caller."""
        if not self._timeout:
            return
        hearers = self._hearers(peer)
        if peer in hearers:
            self._start(peer, [self._timeout])
        if self._call.channel in hearers:
            with contextlib.suppress(PlaybackError):
                await play(self._call.channel, [self._timeout])

    @staticmethod
    def _start(leg: Channel, names: list[str]) -> bool:
        """Play sounds to a leg without waiting; False when one is not there."""
        sounds = leg.pbx.sounds
        found = [sounds.find(name, leg.language, leg.audio_codec) for name in names]
        files = [file.path for file in found if file is not None]
        if len(files) < len(names):
            return False
        with contextlib.suppress(PlaybackError):  # a leg without audio cannot be told
            start_playing(leg, files)
        return True


def _time_left(left_ms: int, language: str) -> list[str]:
    minutes, seconds = divmod(left_ms // 1000, 60)
    names = ["vm-youhave"]
    if minutes:
        names += [*say_number(minutes, language), "queue-minutes"]
    if seconds or not minutes:
        names += [*say_number(seconds, language), "queue-seconds"]
    return names
