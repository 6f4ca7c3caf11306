"""ControlPlayback: a sound that the caller, or somebody else, winds and halts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from offhook.dialplan.declare import Options, application, option, separated
from offhook.pbx.channel import ChannelState
from offhook.pbx.controlled import Keys, play_controlled
from offhook.pbx.listening import PlaybackError, find_sounds

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = ["ControlPlaybackOptions", "control_playback"]


@dataclass(frozen=True, slots=True)
class ControlPlaybackOptions(Options):
    """Option letters of ControlPlayback()."""

    offset: int | None = option("o", "Begin so many ms after the beginning.", required=True)


_NO_OPTIONS = ControlPlaybackOptions()


@application("ControlPlayback")
async def control_playback(
    call: Call,
    filename: Annotated[list[str], separated("&")],
    skipms: int = 3000,
    ff: str = "#",
    rew: str = "*",
    stop: str = "",
    pause: str = "",
    restart: str = "",
    options: ControlPlaybackOptions = _NO_OPTIONS,
) -> None:
    """Play sounds while the caller winds, halts and ends them with keys.

    The channel is answered first.

    Args:
        filename: sounds without extension, joined by `&`.
        skipms: by how much a key winds, in ms.
        ff: the key that winds forward; past the end is the end.
        rew: the key that winds back.
        stop: the keys that end it.
        pause: the key that halts it, and lets it go on.
        restart: the key that goes back to the beginning.
        options: see the letters.

    Sets:
        CPLAYBACKSTATUS: SUCCESS, USERSTOPPED, REMOTESTOPPED (by the manager's ControlPlayback) or ERROR.
        CPLAYBACKOFFSET: where it ended, in ms; -1 when it was played to the end.
        CPLAYBACKSTOPKEY: the key that ended it.
    """
    channel = call.channel
    call.set_variable("CPLAYBACKSTATUS", "ERROR")
    call.set_variable("CPLAYBACKSTOPKEY", "")
    call.set_variable("CPLAYBACKOFFSET", "")
    if channel.state is not ChannelState.UP:
        channel.answer()
    files, missing = await find_sounds(channel, filename)
    if missing:
        call.complain(f"ControlPlayback: there is no sound {missing[0]!r} in language {channel.language!r}")
        return
    keys = Keys(forward=ff or "#", rewind=rew or "*", stop=stop, pause=pause, restart=restart)
    try:
        done = await play_controlled(
            channel, files, keys, skip_ms=max(skipms, 0) or 3000, offset_ms=max(options.offset or 0, 0)
        )
    except PlaybackError as error:
        call.complain(f"ControlPlayback: {error}")
        return
    status = "REMOTESTOPPED" if done.remote else "USERSTOPPED" if done.key else "SUCCESS"
    call.set_variable("CPLAYBACKSTATUS", status)
    call.set_variable("CPLAYBACKOFFSET", str(-1 if done.complete else done.offset_ms))
    call.set_variable("CPLAYBACKSTOPKEY", done.key)
