"""Listening in on a channel: to it and whom it talks to, whispering to it, or barging in.

A bridge that is spied on is mixed instead of relayed, and the spy is in the room without being in the bridge.
A channel without a bridge is tapped: the spy hears what it says and what it hears, a prompt for instance, and
what the spy whispers is laid over that.  The spy follows the channel from the one to the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from offhook.media.room import Taking
from offhook.media.taps import Direction
from offhook.pbx import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.media.port import MediaPort
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel

__all__ = ["SpyMode", "SpyStarted", "SpyStopped", "Spying"]


class SpyMode(Enum):
    """What a spy does."""

    SPY = "spy"
    WHISPER = "whisper"  # the spied channel alone hears it
    PRIVATE_WHISPER = "private whisper"  # likewise, and it hears nothing
    BARGE = "barge"  # both sides hear it


@dataclass(frozen=True, slots=True, eq=False)
class SpyStarted:
    """A channel began to spy on another (ChanSpyStart)."""

    spy: Channel
    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class SpyStopped:
    """A channel spies on another no more (ChanSpyStop)."""

    spy: Channel
    channel: Channel


class Spying:
    """One channel that spies on another, from start() to stop()."""

    def __init__(
        self, spy: Channel, channel: Channel, *, only_channel: bool = False, gain: float = 1.0
    ) -> None:
        """`only_channel`: it hears the channel alone, not whom that talks to.  `gain`: of what it hears."""
        self.spy = spy
        self.channel = channel
        self.mode = SpyMode.SPY
        self.gain = gain
        self._only = only_channel
        self._bridge: Bridge | None = None
        self._port: MediaPort | None = None  # of the spy, in the bridge
        self._taps: list[Callable[[], None]] = []
        self._stops: list[Callable[[], None]] = [
            spy.pbx.bus.listen(events.BridgeEntered, self._entered),
            spy.pbx.bus.listen(events.BridgeLeft, self._left),
        ]

    def start(self) -> None:
        """Begin.  Raises MediaError."""
        self._attach()
        self.spy.pbx.bus.emit(SpyStarted, self.spy, self.channel)

    def change(self, *, mode: SpyMode | None = None, gain: float | None = None) -> None:
        """Do something else, or hear it louder."""
        self.mode = mode or self.mode
        self.gain = self.gain if gain is None else gain
        self._attach()

    def stop(self) -> None:
        """Leave the channel alone."""
        self.let_go()
        self.spy.pbx.bus.emit(SpyStopped, self.spy, self.channel)

    def let_go(self) -> None:
        """Leave it alone without telling anybody."""
        for stop in self._stops:
            stop()
        self._stops = []
        self._detach()

    def _taking(self) -> Taking:
        media = self.channel.media
        target = media.id if media is not None else 0
        return Taking(
            muted=self.mode is SpyMode.SPY,
            deaf=self.mode is SpyMode.PRIVATE_WHISPER,
            gain_out=self.gain,
            only_from=target if self._only and self.mode is not SpyMode.BARGE else 0,
            only_to=target if self.mode in (SpyMode.WHISPER, SpyMode.PRIVATE_WHISPER) else 0,
        )

    def _unbridged(self) -> tuple[Direction | None, bool]:
        """What the spy hears of a channel without a bridge, and whether it whispers to it."""
        hears = Direction.HEARD if self._only else Direction.BOTH
        return (None if self.mode is SpyMode.PRIVATE_WHISPER else hears), self.mode is not SpyMode.SPY

    def _ear(self) -> MediaPort | None:
        """What is in the room for the spy."""
        return self.spy.media

    def _attach(self) -> None:
        channel, spy = self.channel, self.spy
        port = self._ear()
        if channel.ended or spy.ended or port is None:
            return
        if channel.bridge is not None:
            self._end_taps()
            self._bridge, self._port = channel.bridge, port
            self._bridge.add_port(port, self._taking())
        elif channel.media is not None:
            self._end_taps()
            hears, whispers = self._unbridged()
            if hears is not None:
                self._taps.append(port.hear_port(channel.media, direction=hears, gain=self.gain))
            if whispers:
                self._taps.append(channel.media.whisper_from(port))

    def _detach(self) -> None:
        bridge, self._bridge = self._bridge, None
        port, self._port = self._port, None
        if bridge is not None and port is not None:
            bridge.remove_port(port)
        self._end_taps()

    def _end_taps(self) -> None:
        taps, self._taps = self._taps, []
        for stop in taps:
            stop()

    def _entered(self, event: events.BridgeEntered) -> None:
        if event.channel is self.channel:
            self._attach()

    def _left(self, event: events.BridgeLeft) -> None:
        if event.channel is self.channel:
            self._detach()
            self._attach()
