"""Snoop channels: a channel that hears what another one says or hears, and may whisper (ARI's snoopChannel).

Its far end is the other channel, so that it can be recorded, bridged, or sent elsewhere like any channel.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from offhook.features.spying import Spying
from offhook.media.formats import CODECS, linear_of
from offhook.media.room import Taking
from offhook.media.taps import Direction
from offhook.pbx.channel import Channel, ChannelState

if TYPE_CHECKING:
    from offhook.media.port import MediaPort
    from offhook.pbx import events

__all__ = ["SnoopChannel", "Way"]


class Way(Enum):
    """Which audio of the other channel: what it says, what it hears."""

    NONE = "none"
    IN = "in"  # what comes in from it
    OUT = "out"  # what goes out to it
    BOTH = "both"


_TAPPED = {Way.IN: Direction.HEARD, Way.OUT: Direction.SAID, Way.BOTH: Direction.BOTH}


class SnoopChannel(Channel):
    """A channel whose far end is what another channel says and hears; it ends with that one."""

    technology = "Snoop"
    __slots__ = ("_rate", "_snooping")

    def __init__(self, channel: Channel, spy: Way, whisper: Way, number: int) -> None:
        """`number` makes its name unique.  Raises MediaError."""
        super().__init__(channel.pbx, f"Snoop/{channel.uniqueid}-{number:08x}", outgoing=True)
        self.state = ChannelState.UP
        self.language = channel.language
        spied = CODECS.get(channel.audio_codec)
        self._rate = spied.rate if spied is not None else 8000
        self._snooping: _Snooping | None = None
        try:
            inside, outside = channel.pbx.media.open_pipe(rate=self._rate)
            self.attach_media(outside)
            self._snooping = _Snooping(self, channel, inside, spy, whisper)
            self._snooping.start()
        except BaseException:
            self.hangup()
            raise
        channel.when_ended(self._far_end_has_gone)

    @property
    def audio_codec(self) -> str:
        """Part of Channel: what it is mixed from."""
        return linear_of(self._rate).name

    def _far_end_has_gone(self) -> None:
        self.request_hangup(by_far_end=True)

    def _place(self) -> None:
        pass

    def _answer(self) -> None:
        pass

    def _release(self, cause: int) -> None:
        snooping, self._snooping = self._snooping, None
        if snooping is not None:
            snooping.stop()


class _Snooping(Spying):
    """As spying, through a pipe, each way by itself.

    With more than two in a bridge what one of them hears cannot be had without what it says: then both are
    heard, and a whisper to all others is heard by it as well.
    """

    def __init__(
        self, snoop: SnoopChannel, channel: Channel, inside: MediaPort, spy: Way, whisper: Way
    ) -> None:
        super().__init__(snoop, channel)
        self._inside = inside
        self._spy, self._whisper = spy, whisper

    def start(self) -> None:
        """Part of Spying; nobody is told, as this is no ChanSpy."""
        self._attach()

    def stop(self) -> None:
        """Part of Spying."""
        self.let_go()
        self._inside.close()

    def _ear(self) -> MediaPort | None:
        return None if self._inside.closed else self._inside

    def _taking(self) -> Taking:
        mine, other = self.channel.media, self._other()
        ids = {Way.IN: mine.id if mine is not None else 0, Way.OUT: other.id if other is not None else 0}
        towards = {Way.IN: ids[Way.OUT], Way.OUT: ids[Way.IN]}
        return Taking(
            muted=self._whisper is Way.NONE,
            deaf=self._spy is Way.NONE,
            only_from=ids.get(self._spy, 0),
            only_to=towards.get(self._whisper, 0),
        )

    def _unbridged(self) -> tuple[Direction | None, bool]:
        # What is whispered as if the channel said it, nobody hears.
        return _TAPPED.get(self._spy), self._whisper in (Way.OUT, Way.BOTH)

    def _other(self) -> MediaPort | None:
        """The one whom the channel talks to, when there is one alone."""
        bridge = self.channel.bridge
        if bridge is None or len(bridge.channels) != 2:
            return None
        other = bridge.other(self.channel)
        return other.media if other is not None else None

    def _entered(self, event: events.BridgeEntered) -> None:
        if event.bridge is self.channel.bridge:
            self._attach()

    def _left(self, event: events.BridgeLeft) -> None:
        if event.channel is not self.channel and event.bridge is self.channel.bridge:
            self._attach()  # it may be two now, or two no more
        super()._left(event)
