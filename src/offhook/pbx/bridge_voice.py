"""BridgeVoice: what is in a bridge for somebody who is no caller: it plays to all, or hears all.

One end of a pipe is in the bridge's room, the other is the voice's audio.  So an announcement is played once,
whatever the number of channels, and these hear each other meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.media.room import Taking
from offhook.pbx.channel import ChannelState
from offhook.pbx.unlisted import UnlistedChannel

if TYPE_CHECKING:
    from offhook.pbx.bridge import Bridge

__all__ = ["BridgeVoice"]


class BridgeVoice(UnlistedChannel):
    """A channel in no list, whose audio is what a bridge hears and says.  Closed by close()."""

    __slots__ = ("_bridge", "_inside")

    def __init__(self, bridge: Bridge, name: str, taking: Taking) -> None:
        """`name` is for the log.  Raises MediaError."""
        super().__init__(bridge.pbx)
        self.name = name
        self.state = ChannelState.UP
        self._bridge = bridge
        self._inside, outside = bridge.pbx.media.open_pipe(rate=bridge.mix.rate_for(bridge.channels))
        self.attach_media(outside)
        bridge.add_port(self._inside, taking)

    @property
    def of(self) -> Bridge:
        """The bridge."""
        return self._bridge

    def close(self) -> None:
        """Leave: what is played ends, what is recorded is complete.  Idempotent."""
        media, self.media = self.media, None
        if media is None:
            return
        self.ended = True
        self._bridge.remove_port(self._inside)
        media.close()
        self._inside.close()
