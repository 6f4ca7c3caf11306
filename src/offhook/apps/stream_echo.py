"""StreamEcho: each stream of the caller back to where it comes from, after having so many of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.declare import application
from offhook.dialplan.errors import ApplicationError
from offhook.pbx import events

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = ["stream_echo"]

_KINDS = ("video", "audio")


@application("StreamEcho")
async def stream_echo(call: Call, num: int | None = None, type: str = "video") -> None:
    """Send the caller's streams back until `#` is pressed, video as well as audio.

    Args:
        num: so many streams of the type are asked for first, by a re-INVITE; what is too many is taken away.
            Without it the streams stay as they are.
        type: `audio` or `video`.
    """
    channel = call.channel
    if type not in _KINDS:
        raise ApplicationError(f"StreamEcho: {type!r} is neither audio nor video")
    channel.answer()
    if num is not None:
        channel.set_streams(type, max(num, 0))
    ports = [port for _, port in channel.further_media()]
    if channel.media is not None:
        ports.append(channel.media)
    for port in ports:
        port.echo()
    try:
        while True:
            event = await channel.inbox.get()
            if isinstance(event, events.Digit) and event.digit == "#":
                return
    finally:
        for port in ports:
            if not port.closed:
                port.echo(False)
