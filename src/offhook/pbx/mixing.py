"""How a bridge of many mixes: the engine's room of one bridge, and how each channel takes part in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.media.formats import CODECS
from offhook.media.room import Taking

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offhook.media.port import MediaPort
    from offhook.media.room import MediaRoom
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["HIGHEST_RATE", "Mix", "Mixing"]

_LISTENS = Taking()
HIGHEST_RATE = 48_000
"""Hz; nothing that is said on a telephone needs more."""


@dataclass(frozen=True, slots=True)
class Mixing:
    """What a conference says of its mixing."""

    rate: int = 0  # Hz; 0: the highest of its members
    highest_rate: int = HIGHEST_RATE  # of those chosen by members
    interval_ms: int = 20


class Mix:
    """The room of one bridge."""

    __slots__ = ("_mixing", "_pbx", "_ports", "_takings", "room")

    def __init__(self, pbx: Pbx, mixing: Mixing) -> None:
        self._pbx = pbx
        self._mixing = mixing
        self._takings: dict[Channel, Taking] = {}
        self._ports: dict[MediaPort, Taking] = {}  # in the room without being a channel of the bridge
        self.room: MediaRoom | None = None

    @property
    def has_ports(self) -> bool:
        """Whether there is anybody but channels: who listens in, plays to all of them, or records them."""
        return bool(self._ports)

    @property
    def rate(self) -> int:
        """The rate that is mixed at, Hz; 8000 before anything is."""
        return self.room.rate if self.room is not None else 8000

    def rate_for(self, channels: Iterable[Channel]) -> int:
        """The rate to mix these at."""
        if self._mixing.rate:
            return self._mixing.rate
        facts = (CODECS.get(channel.audio_codec) for channel in channels)
        most = max((codec.rate for codec in facts if codec is not None), default=8000)
        return max(8000, min(most, self._mixing.highest_rate))

    def taking(self, channel: Channel) -> Taking:
        """How a channel takes part."""
        return self._takings.get(channel, _LISTENS)

    def set_taking(self, channel: Channel, taking: Taking) -> None:
        """Change how a channel takes part, now or when it joins."""
        self._takings[channel] = taking
        if self.room is not None and channel.media is not None and channel.bridge is not None:
            self.room.join(channel.media, taking)

    def add_port(self, port: MediaPort, taking: Taking) -> None:
        """Take in a port that is no channel of the bridge, at the next join(); again to change its part."""
        self._ports[port] = taking

    def remove_port(self, port: MediaPort) -> bool:
        """Let it go; False when it is not here."""
        if self._ports.pop(port, None) is None:
            return False
        if not port.closed:
            port.unbridge()
        return True

    def forget(self, channel: Channel) -> None:
        """The channel has left the bridge."""
        self._takings.pop(channel, None)

    def join(self, channels: Iterable[Channel]) -> None:
        """Have all of these that have audio in one room, and the ports."""
        members = [(channel, channel.media) for channel in channels if channel.media is not None]
        rate = self.rate_for(channel for channel, _ in members)
        if self.room is None:
            self.room = self._pbx.media.open_room(rate=rate, interval_ms=self._mixing.interval_ms)
        self.room.set_rate(rate)
        for channel, media in members:
            self.room.join(media, self.taking(channel))
        for port, taking in self._ports.items():
            if not port.closed:
                self.room.join(port, taking)

    def close(self) -> None:
        """Nobody is mixed any more."""
        if self.room is not None:
            self.room.close()
            self.room = None
