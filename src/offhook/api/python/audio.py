"""The part of Call that hands audio to a program and takes audio from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.errors import ApplicationError

if TYPE_CHECKING:
    from offhook.dialplan.call import Call as DialplanCall
    from offhook.media.port import MediaPort
    from offhook.media.streams import AudioIn, AudioOut

__all__ = ["CallAudio"]


class CallAudio:
    """Audio of a call as samples: 16-bit linear, little endian, mono."""

    __slots__ = ()

    _call: DialplanCall

    def audio(self, *, rate: int = 8000, frame_ms: int = 20, limit_ms: int = 2000) -> AudioIn:
        """What the caller says: `async for frame in call.audio(rate=16000)`, until he hangs up.

        Args:
            rate: samples a second, 8000 to 48000.
            frame_ms: length of each frame.
            limit_ms: so much may wait to be fetched; more is lost and counted (`lost_ms`).

        Raises:
            ApplicationError: no audio.
            ValueError: a rate or length out of range.
        """
        return self._port().listen(rate=rate, frame_ms=frame_ms, limit_ms=limit_ms)

    def speaker(self, *, rate: int = 8000, limit_ms: int = 2000) -> AudioOut:
        """What the caller hears: `async with call.speaker(rate=24000) as out: await out.play(samples)`.

        The engine paces it: `write()` and `play()` wait while `limit_ms` are ahead.  `flush()` forgets what
        is ahead (barge-in), `played_ms` says how far he has heard, `finish()` waits for the end.

        Raises:
            ApplicationError: no audio.
            ValueError: a rate or length out of range.
        """
        return self._port().speak(rate=rate, limit_ms=limit_ms)

    def _port(self) -> MediaPort:
        media = self._call.channel.media
        if media is None:
            raise ApplicationError("the channel has no audio")
        return media
