"""How a channel's audio is treated on its way, also before it has any."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from offhook.media.jitter import JitterBuffer
    from offhook.media.port import MediaPort

__all__ = ["ChannelAudio"]

_LOOK_EVERY: Final = 0.02  # seconds, whether something came through a pipe


class ChannelAudio:
    """Part of Channel; attach_media() applies what was set before."""

    __slots__ = ()

    media: MediaPort | None
    jitter_buffer: JitterBuffer | None
    muted: tuple[bool, bool]
    ended: bool
    audio_known: bool
    """Whether the far end was heard, or ICE has found the way to it."""
    _audio_awaited: asyncio.Future[None] | None

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

    def on_source(self, port: MediaPort, address: str, differs: bool) -> None:
        """Part of PortListener: the first audio has come."""
        self.audio_came(port)

    def audio_came(self, port: MediaPort) -> None:
        """The far end can be heard on `port`, and is reached there."""
        if port is self.media and not self.audio_known:
            self.audio_known = True
            awaited = self._audio_awaited
            if awaited is not None and not awaited.done():
                awaited.set_result(None)

    async def wait_for_audio(self, seconds: float) -> bool:
        """Wait until audio comes from the far end, at most `seconds`; whether it came.

        Until then a far end behind NAT may not hear what it is sent, and the far half of a Local channel
        may not have got to where it listens.  A leg without audio is not waited for.  Nothing in the inbox
        is touched.  For one task.
        """
        media = self.media
        if self.audio_known or media is None:
            return True
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not media.rtp_port:  # a pipe, of which nothing is told
            if media.closed or int(media.stats()["rx_packets"]):
                self.audio_known = True
                return True
            left = deadline - loop.time()
            if left <= 0:
                return False
            await asyncio.sleep(min(left, _LOOK_EVERY))
        self._audio_awaited = awaited = loop.create_future()
        try:
            done, _ = await asyncio.wait((awaited,), timeout=seconds)
        finally:
            self._audio_awaited = None
        return bool(done)
