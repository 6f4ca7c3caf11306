"""Things that need the audio of a channel, which may not have any yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from offhook.pbx import events

if TYPE_CHECKING:
    from offhook.media.port import MediaPort
    from offhook.pbx.channel import Channel

__all__ = ["when_audible"]


def when_audible(channel: Channel, act: Callable[[MediaPort], None]) -> Callable[[], None]:
    """Do something with the channel's audio, now or when it is answered; gives what takes that back."""
    if channel.ended:
        return _nothing
    if channel.media is not None:
        act(channel.media)
        return _nothing
    stops: list[Callable[[], None]] = []

    def forget() -> None:
        while stops:
            stops.pop()()

    def answered(event: events.ChannelAnswered) -> None:
        if event.channel is channel:
            forget()
            if channel.media is not None:
                act(channel.media)

    stops.append(channel.pbx.bus.listen(events.ChannelAnswered, answered))
    channel.when_ended(forget)
    return forget


def _nothing() -> None:
    pass
