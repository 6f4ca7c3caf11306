"""Whom those see whose audio is mixed: one of them, whose video goes to all others.

Nothing is decoded or mixed: the media engine sends the packets of one to many, and what these ask for (a
picture that stands alone, lost packets, a lower bit rate) to the one who is seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.pbx import events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.media.port import MediaPort
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel

__all__ = ["BridgeVideo", "video_of"]


def video_of(channel: Channel) -> MediaPort | None:
    """The first video of a channel, which is the one that is shown; None for one without."""
    return next((port for kind, port in channel.further_media() if kind == "video"), None)


class BridgeVideo:
    """The source of a bridge's video."""

    __slots__ = ("_before", "_views", "mode", "source")

    def __init__(self) -> None:
        self.mode = "none"
        """With Asterisk's words: none, single (one that was set), talker (who talked last)."""
        self.source: Channel | None = None
        self._before: Channel | None = None
        self._views: dict[MediaPort, MediaPort] = {}  # who sees whom

    def show(self, bridge: Bridge, source: Channel | None, mode: str = "single") -> None:
        """Show a channel of the bridge to all others from now on, or (None) nobody.

        One that is shown because it talks sees the one who talked before it.
        """
        old = self.source
        self.mode = mode
        if source is old:
            return
        self._before = old if mode == "talker" and source is not None else None
        self.source = source
        bridge.join_streams()
        self._tell(bridge, old)

    def join(self, channels: Sequence[Channel]) -> None:
        """Have all who have video see who is shown; again when somebody comes or gets its video late."""
        source, before = (video_of(one) if one is not None else None for one in (self.source, self._before))
        wanted: dict[MediaPort, MediaPort | None] = {}
        for channel in channels:
            first = video_of(channel)
            for _, port in channel.further_media():
                wanted[port] = None
                if port is first:
                    wanted[port] = source if port is not source else before
        changed = [port for port, seen in wanted.items() if self._views.get(port) is not seen]
        for port in changed:
            if wanted[port] is None:
                port.unbridge()  # which hides it as well
                changed += [each for each, seen in wanted.items() if seen is port and each not in changed]
        for port in changed:
            seen = wanted[port]
            if seen is not None:
                port.view(seen)
        self._views = {port: seen for port, seen in wanted.items() if seen is not None}

    def end(self) -> None:
        """The channels are joined in another way now."""
        self._views.clear()

    def left(self, bridge: Bridge, channel: Channel) -> None:
        """A channel has left, and what it had is joined with nothing any more."""
        gone = {port for _, port in channel.further_media()}
        self._views = {
            port: seen for port, seen in self._views.items() if port not in gone and seen not in gone
        }
        if self._before is channel:
            self._before = None
        if self.source is channel:
            self.source = None
            self._tell(bridge, channel)

    @staticmethod
    def _tell(bridge: Bridge, old: Channel | None) -> None:
        bridge.pbx.bus.emit(events.BridgeVideoSourceChanged, bridge, old.uniqueid if old is not None else "")
