"""WebSockets on which an application may write whole frames itself, past ASGI.

A message through ASGI costs a task that wakes, a dictionary and a copy, which is more than making the event
that it tells of.  Frames that go to many clients are built once instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from websockets.http11 import Request

__all__ = ["EXTENSION", "FramesWebSocket", "text_head"]

EXTENSION = "offhook.frames"
"""Under this name the connection is among the extensions of the scope."""


def text_head(length: int) -> bytes:
    """What stands before an unmasked text message of so many octets (RFC 6455, section 5.2)."""
    if length < 126:
        return bytes((0x81, length))
    if length < 1 << 16:
        return b"\x81\x7e" + length.to_bytes(2, "big")
    return b"\x81\x7f" + length.to_bytes(8, "big")


class FramesWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket connection, for frames as well.  Compression must be off."""

    _full_since = 0.0

    def handle_connect(self, event: Request) -> None:
        """Part of uvicorn's protocol: the task that serves the connection begins after this."""
        super().handle_connect(event)
        if self.handshake_initiated and not self.handshake_complete:
            cast("dict[str, Any]", self.scope)["extensions"][EXTENSION] = self

    def write_frames(self, frames: bytes) -> None:
        """Send whole frames, after what was sent before; nothing once the connection is being closed."""
        if self.handshake_complete and not (
            self.close_sent or self.disconnected or self.transport.is_closing()
        ):
            self.transport.write(frames)

    def abandon(self) -> None:
        """End the connection without a word, and without what the client has not taken."""
        self.transport.abort()

    @property
    def waiting(self) -> int:
        """Octets that the client has not taken yet, beyond what the kernel keeps for it."""
        return self.transport.get_write_buffer_size()

    @property
    def stuck_s(self) -> float:
        """For how long the client has taken nothing; 0 while it takes what comes."""
        return 0.0 if self.writable.is_set() else self.loop.time() - self._full_since

    def pause_writing(self) -> None:
        """Part of asyncio.Protocol."""
        self._full_since = self.loop.time()
        super().pause_writing()
