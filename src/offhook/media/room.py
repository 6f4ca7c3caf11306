"""A conference of the engine: its members hear all but themselves.

Announcements to everybody and recordings of everybody use a pipe (MediaService.open_pipe()): one end
joins the room, the other plays or records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook._core import Room
    from offhook.media.port import MediaPort

__all__ = ["MediaRoom", "Taking"]


@dataclass(frozen=True, slots=True)
class Taking:
    """How a member takes part."""

    muted: bool = False  # nobody hears it
    deaf: bool = False  # it hears nobody
    gain_in: float = 1.0  # factor of what it says, 0 to 16
    gain_out: float = 1.0  # factor of what it hears
    talking_threshold: int = 160  # mean magnitude of a frame's 16-bit samples
    silence_ms: int = 2500  # so long below the threshold is silence
    drop_silence: bool = False  # it is mixed only while it talks
    report_talking: bool = False  # PortListener.on_talking()
    only_from: int = 0  # it hears only the member with this port's id
    only_to: int = 0  # only the member with this port's id hears it


_AS_ALL = Taking()


class MediaRoom:
    """One conference.  Closed by close(), or when nobody holds it any more."""

    __slots__ = ("_rate", "core")

    def __init__(self, core: Room, rate: int = 8000) -> None:
        self.core = core
        self._rate = rate

    @property
    def rate(self) -> int:
        """The sample rate that it mixes at, Hz."""
        return self._rate

    def set_rate(self, rate: int) -> None:
        """Mix at another rate from now on; a frame of what was said is left out.  Raises MediaError."""
        if rate != self._rate:
            self.core.set_rate(rate)
            self._rate = rate

    def join(self, port: MediaPort, taking: Taking = _AS_ALL) -> None:
        """Take a port in, out of whatever it was bridged with, or change how it takes part.

        It leaves by MediaPort.unbridge(), bridge() or close().  Raises MediaError, ValueError for a gain.
        """
        self.core.join(
            port.core,
            muted=taking.muted,
            deaf=taking.deaf,
            gain_in=taking.gain_in,
            gain_out=taking.gain_out,
            talking_threshold=taking.talking_threshold,
            silence_ms=taking.silence_ms,
            drop_silence=taking.drop_silence,
            report_talking=taking.report_talking,
            only_from=taking.only_from,
            only_to=taking.only_to,
        )

    def close(self) -> None:
        """Let all go.  Idempotent."""
        self.core.close()
