"""How a channel's audio is treated on its way, also before it has any."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.media.jitter import JitterBuffer
    from offhook.media.port import MediaPort

__all__ = ["ChannelAudio"]


class ChannelAudio:
    """Part of Channel; attach_media() applies what was set before."""

    __slots__ = ()

    media: MediaPort | None
    jitter_buffer: JitterBuffer | None
    muted: tuple[bool, bool]
    ended: bool

    def set_jitter_buffer(self, buffer: JitterBuffer | None) -> None:
        """What the leg hears goes through this from now on; None: no longer."""
        self.jitter_buffer = buffer
        if self.media is not None and not self.ended:
            self.media.set_jitter_buffer(buffer)

    def mute(self, *, receive: bool, send: bool) -> None:
        """Silence in place of what comes from the far end, or goes there."""
        self.muted = (receive, send)
        if self.media is not None and not self.ended:
            self.media.mute(receive=receive, send=send)
