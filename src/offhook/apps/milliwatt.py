"""Milliwatt: the test tone of telephone lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.dialplan.declare import Options, application, flag
from offhook.dialplan.errors import ApplicationError

if TYPE_CHECKING:
    from offhook._core import Tone
    from offhook.dialplan.call import Call

__all__: list[str] = []

_SILENCE: Tone = (0, 0, False, 1000, False)


@dataclass(frozen=True, slots=True)
class MilliwattOptions(Options):
    """The option letters of Milliwatt()."""

    interrupted: bool = flag("m", "One second of silence every ten seconds, as a milliwatt test line has it.")
    old: bool = flag("o", "1000 Hz in place of 1004 Hz.")


_NO_OPTIONS = MilliwattOptions()


@application("Milliwatt")
async def milliwatt(call: Call, options: MilliwattOptions = _NO_OPTIONS) -> None:
    """Play a tone of 1004 Hz at 0 dBm0, to measure a line with, until the caller hangs up.

    Args:
        options: see the letters.
    """
    channel = call.channel
    channel.answer()
    if channel.media is None:
        raise ApplicationError(f"Milliwatt: {channel.name} has no audio")
    frequency = 1000 if options.old else 1004
    if options.interrupted:
        tones: list[Tone] = [(frequency, 0, False, 9000, False), _SILENCE]
    else:
        tones = [(frequency, 0, False, 0, False)]
    playing = channel.media.start_tones(tones, level_dbm0=0.0)
    try:
        while True:
            await channel.inbox.get()
    finally:
        if not channel.ended:
            playing.stop()
