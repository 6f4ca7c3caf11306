"""Direct media, the channel's part: the far ends of two bridged channels exchange their audio without us.

The bridge decides (`Bridge.reconsider`); a technology that can do it overrides what is here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.pbx.channel_state import ChannelState

if TYPE_CHECKING:
    from offhook.media.port import MediaPort
    from offhook.pbx.channel import Channel

__all__ = ["DirectMedia"]


class DirectMedia:
    """Part of Channel."""

    __slots__ = ()

    state: ChannelState
    held: bool
    hold_music: Any
    media: MediaPort | None

    @property
    def allows_direct_media(self) -> bool:
        """Whether the far end may be told to send its audio elsewhere at all."""
        return False

    @property
    def watches_audio(self) -> bool:
        """Whether it matters to the leg when its audio is needed here no longer."""
        return self.allows_direct_media

    def audio_changed(self) -> None:
        """Its audio in a bridge of two is needed here no longer, or again, and it has not gone elsewhere."""

    @property
    def needs_audio(self) -> bool:
        """Whether its audio is needed here now: it waits, or hears, says or presses something for us."""
        if self.state is not ChannelState.UP or self.held or self.hold_music is not None:
            return True
        return self.media is None or self.media.in_use

    def may_send_to(self, other: Channel) -> bool:
        """Whether the far end can exchange audio with that of `other`."""
        return False

    def move_audio(self, other: Channel | None) -> None:
        """Have the far end exchange its audio with that of `other`; None: with us again."""
