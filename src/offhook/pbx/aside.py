"""A leg of a conversation steps aside: it is asked or told something, while the other one waits."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from offhook.pbx import events
from offhook.pbx.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Generator

    from offhook.pbx.channel import Channel
    from offhook.pbx.conversation import Conversation

__all__ = ["aside", "waiting_music"]


@contextlib.contextmanager
def aside(conversation: Conversation, leg: Channel, *, music: str | None = "") -> Generator[None, None, None]:
    """Give `leg` an inbox of its own, and the other one this music class ("" its usual one, None nothing).

    The bridge stays as it is.  When it is over, the audio is not joined again: see Conversation.resume().
    """
    other = conversation.other(leg)
    if leg.media is not None:
        leg.media.unbridge()
    shared, leg.inbox = leg.inbox, Inbox()
    try:
        with waiting_music(other, leg, music):
            yield
    finally:
        if leg.ended:
            shared.put(events.HungUp(leg))  # it was told in the inbox that it had meanwhile
        else:
            leg.inbox = shared


@contextlib.contextmanager
def waiting_music(
    channel: Channel, because_of: Channel, music: str | None = ""
) -> Generator[None, None, None]:
    """Play music to a channel that waits, unless it hears some already because it is held."""
    stop = None
    if music is not None and channel.hold_music is None and not channel.ended:
        stop = channel.pbx.start_music(channel, music or because_of.music_suggested)
        channel.hold_music = stop
    try:
        yield
    finally:
        if stop is not None and channel.hold_music is stop:
            channel.hold_music = None
            stop()
