"""Recording by DTMF (Dial's x and X, `automixmon` of features.conf): a press begins, the next one ends it."""

from __future__ import annotations

import contextlib
import re
import weakref
from typing import TYPE_CHECKING

from offhook.dialplan.errors import DialplanError
from offhook.pbx.listening import PlaybackError, find_sounds, start_playing

if TYPE_CHECKING:
    from offhook.dialplan.runner import Runner
    from offhook.pbx.channel import Channel
    from offhook.pbx.conversation import Conversation, Outcome

__all__ = ["TouchRecording"]

_NOT_IN_NAMES = re.compile(r"[^\w.@+=-]+")


class TouchRecording:
    """Which channels are being recorded since a press, on one node."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._recorded: weakref.WeakSet[Channel] = weakref.WeakSet()

    async def toggle(self, conversation: Conversation, leg: Channel) -> Outcome | None:
        """Begin to record what `leg` and the other one say, or stop."""
        other = conversation.other(leg)
        call, settings = self._runner.call_on(leg), leg.pbx.features.settings(leg)
        try:
            if leg in self._recorded:
                self._recorded.discard(leg)
                await call.execute("StopMixMonitor", announced=False)
                message = "STOP"
            else:
                name = self._file_name(leg, other)
                options = _variable(leg, other, "TOUCH_MIXMONITOR_OPTIONS")
                await call.execute("MixMonitor", f"{name},b{options}", announced=False)
                for channel in (leg, other):
                    channel.set_variable("TOUCH_MIXMONITOR_OUTPUT", name)
                self._recorded.add(leg)
                message = "START"
        except DialplanError as error:
            call.complain(f"automixmon: {error}")
            await _sound(leg, settings.recordingfailsound)
            return None
        for channel in (leg, other):
            await _sound(channel, settings.courtesytone)
        said = _variable(leg, other, f"TOUCH_MIXMONITOR_MESSAGE_{message}")
        for channel in (leg, other) if said else ():
            await _sound(channel, said)
        return None

    @staticmethod
    def _file_name(leg: Channel, other: Channel) -> str:
        """TOUCH_MIXMONITOR names the file; without it it is told by time and parties."""
        form = _variable(leg, other, "TOUCH_MIXMONITOR_FORMAT") or "wav"
        prefix = _variable(leg, other, "TOUCH_MIXMONITOR_PREFIX") or "auto"
        name = _variable(leg, other, "TOUCH_MIXMONITOR")
        if not name:
            one, two = (_id(channel) for channel in (leg, other))
            name = f"{int(leg.pbx.wall_clock())}-{one}-{two}"
        return f"{prefix}-{_NOT_IN_NAMES.sub('_', name)}.{form}"


def _variable(leg: Channel, other: Channel, name: str) -> str:
    """Of the one who pressed, else of the other."""
    return leg.get_variable(name) or other.get_variable(name) or ""


def _id(channel: Channel) -> str:
    return channel.caller.number or channel.name.partition("/")[2]


async def _sound(channel: Channel, name: str) -> None:
    if name and not channel.ended:
        files, _ = await find_sounds(channel, [name])
        with contextlib.suppress(PlaybackError):
            start_playing(channel, files)
