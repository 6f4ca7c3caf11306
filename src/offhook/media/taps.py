"""What of a port is listened to, what is watched for on it, and what is done to its audio.

A port has two directions, whatever it is bridged with: what it receives from its far end (HEARD) and what it
sends there (SAID).  Asterisk's words for them are read or RX, and write or TX.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from offhook._core import Port

__all__ = ["Direction", "Effects", "Watch"]


class Direction(Enum):
    """Which direction of a port."""

    HEARD = "heard"
    SAID = "said"
    BOTH = "both"

    @property
    def heard(self) -> bool:
        """Whether what comes in belongs to it."""
        return self is not Direction.SAID

    @property
    def said(self) -> bool:
        """Whether what goes out belongs to it."""
        return self is not Direction.HEARD


@dataclass(frozen=True, slots=True)
class Effects:
    """What is done to the audio of one direction before anybody hears it."""

    gain: float = 1.0  # factor, 0 to 64
    level: int = 0  # mean magnitude (0 to 32767) that speech is brought to; 0: as it is
    denoise: bool = False  # noise that goes on is taken out of speech, which is 10 ms later for it
    notch: float = 0.0  # a frequency that is taken out, Hz; 0: none


class Watch:
    """One thing that a port watches for; close() ends that."""

    __slots__ = ("_core", "_watches", "id", "on_found")

    def __init__(
        self, core: Port, number: int, on_found: Callable[[str, int], None], watches: dict[int, Watch]
    ) -> None:
        self.id: Final = number
        self.on_found = on_found
        """Told what was found (`talking`, `silent`, `tone`, `tone_end`) and for how many ms it lasted."""
        self._core = core
        self._watches = watches
        watches[number] = self

    def close(self) -> None:
        """Watch no more.  Idempotent, also when the port is closed."""
        if self._watches.pop(self.id, None) is not None and not self._core.closed:
            self._core.unwatch(self.id)
