"""What happens to chosen channels, for an operator who looks: `core set debug channel`.

Nothing is listened to while no channel is chosen.  What is shown is what a channel's task is told (digits,
hold, indications), not its audio: `rtp set debug` shows that.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from offhook.levels import verbose
from offhook.pbx import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["ChannelDebug", "channel_debug_of"]

_log = logging.getLogger(__name__)

_SHOWN: tuple[type[Any], ...] = (
    events.ChannelStateChanged,
    events.ChannelAnswered,
    events.ChannelDigitBegan,
    events.ChannelDigit,
    events.ChannelHeld,
    events.ChannelIndicated,
    events.ConnectedLineChanged,
    events.ChannelHangupRequested,
    events.ChannelHungUp,
)


class ChannelDebug:
    """The channels of one node that are looked at."""

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self._all = False
        self._channels: set[Channel] = set()
        self._stops: list[Callable[[], None]] = []

    def look_at_all(self, on: bool) -> None:
        """Look at every channel, those to come included; or at none any more."""
        self._all = on
        if not on:
            self._channels.clear()
        self._choose()

    def look_at(self, channel: Channel, on: bool) -> None:
        """Look at a channel until it ends, or no more."""
        if on:
            self._channels.add(channel)
        else:
            self._channels.discard(channel)
        self._choose()

    def _choose(self) -> None:
        wanted = self._all or bool(self._channels)
        if wanted and not self._stops:
            self._stops = [self._pbx.bus.listen(kind, self._happened) for kind in _SHOWN]
        elif not wanted:
            for stop in self._stops:
                stop()
            self._stops = []

    def _happened(self, event: Any) -> None:
        channel: Channel = event.channel
        if not self._all and channel not in self._channels:
            return
        said = {name: getattr(event, name) for name in event.__slots__ if name != "channel"}
        words = " ".join(f"{name}={value}" for name, value in said.items())
        _log.log(
            verbose(0), "<< [ %s %s] [%s]", type(event).__name__, f"{words} " if words else "", channel.name
        )
        if isinstance(event, events.ChannelHungUp):
            self._channels.discard(channel)
            self._choose()


def channel_debug_of(pbx: Pbx) -> ChannelDebug:
    """The channels of a node that are looked at."""
    found = pbx.service(ChannelDebug)
    if found is None:
        found = ChannelDebug(pbx)
        pbx.add_service(found)
    return found
