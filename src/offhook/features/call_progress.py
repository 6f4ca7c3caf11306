"""Call progress by ear: which of a country's tones a far end without signalling plays.

`Progress` is told of single and double tones that begin and end, and says what they mean; `ProgressWatch`
has a port listen for them.  Cadences are those of the zone (indications.conf).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from offhook.media.taps import Direction

if TYPE_CHECKING:
    from offhook.media.indications import Indications
    from offhook.media.port import MediaPort
    from offhook.media.taps import Watch

__all__ = ["Pattern", "Progress", "ProgressWatch", "Signal", "patterns_of"]

Pair: TypeAlias = tuple[float, float]


class Signal(Enum):
    """What is heard, with the values of TONESCANSTATUS."""

    RINGING = "RINGING"
    BUSY = "BUSY"  # or congestion
    SIT = "SIT"
    DIALTONE = "DIALTONE"
    NUT = "NUT"  # number unobtainable, in the United Kingdom
    FAX = "FAX"
    MODEM = "MODEM"


_BEGINS_MS = 60  # what lasts so long is a tone
_LEAST_LASTING_MS = 1000  # what lasts so long, and longer than any burst, goes on and on
_SLACK = 0.15  # of a length
_LEAST_SLACK_MS = 70
_SIT = ((950.0, 0.0), (1400.0, 0.0), (1800.0, 0.0))  # ITU-T E.180
_SIT_MS = (200, 480)
_SIT_GAP_S = 0.12
_CALLING, _ANSWERING, _BELL_ANSWERING = 1100.0, 2100.0, 2225.0  # T.30, V.25, Bell 103


@dataclass(frozen=True, slots=True)
class Pattern:
    """A tone: its frequencies in Hz (the second may be 0), ms of sound (0: for ever) and of silence."""

    signal: Signal
    pair: Pair
    on_ms: int = 0
    off_ms: int = 0


def patterns_of(
    indications: Indications, country: str | None, wanted: Collection[Signal]
) -> tuple[Pattern, ...]:
    """What a country plays for these signals."""
    found: list[Pattern] = []
    zone = indications.zone(country)
    names = [
        (Signal.RINGING, "ring"),
        (Signal.BUSY, "busy"),
        (Signal.BUSY, "congestion"),
        (Signal.DIALTONE, "dial"),
    ]
    if "unobtainable" in zone.tones:
        names.append((Signal.NUT, "unobtainable"))
    for signal, name in names:
        tones = indications.tone(name, country) if signal in wanted else None
        if not tones:
            continue
        first, second, modulated, on, _ = tones[0]
        off = tones[1][3] if len(tones) > 1 and tones[1][0] == 0 else 0
        found.append(Pattern(signal, (first, 0.0 if modulated else second), on, off))
    if Signal.FAX in wanted:
        found += [Pattern(Signal.FAX, (_CALLING, 0.0), 500, 3000), Pattern(Signal.FAX, (_ANSWERING, 0.0))]
    if Signal.MODEM in wanted:
        found.append(Pattern(Signal.MODEM, (_BELL_ANSWERING, 0.0)))
    return tuple(found)


@dataclass(slots=True)
class Progress:
    """What tones mean.  Times are in seconds of any clock."""

    patterns: tuple[Pattern, ...]
    sit: bool = False
    threshold: int = 1
    """How often a burst must be heard; that of a busy tone once more."""
    _bursts: dict[Pattern, tuple[int, float]] = field(default_factory=dict[Pattern, tuple[int, float]])
    _sit: tuple[int, float] = (0, 0.0)

    @property
    def pairs(self) -> dict[Pair, int]:
        """The tones to be listened for, and after how many ms one of them lasts; 0: it need not be told."""
        longest = max((pattern.on_ms for pattern in self.patterns), default=0)
        lasting = max(_LEAST_LASTING_MS, longest + 500)
        found = dict.fromkeys(_SIT, 0) if self.sit else {}
        for pattern in self.patterns:
            found[pattern.pair] = found.get(pattern.pair, 0) if pattern.on_ms else lasting
        return found

    def lasts(self, pair: Pair) -> Signal | None:
        """A tone goes on and on."""
        for pattern in self.patterns:
            if pattern.pair == pair and not pattern.on_ms:
                return pattern.signal
        return None

    def ended(self, pair: Pair, lasted_ms: int, now: float) -> Signal | None:
        """A tone has ended."""
        began = now - lasted_ms / 1000
        for pattern in self.patterns:
            if pattern.pair != pair or not pattern.on_ms or not _near(lasted_ms, pattern.on_ms):
                continue
            times, last = self._bursts.get(pattern, (0, 0.0))
            follows = times > 0 and _near((began - last) * 1000, pattern.off_ms)
            times = times + 1 if follows else 1
            self._bursts[pattern] = (times, now)
            if times >= self.threshold + (pattern.signal is Signal.BUSY):
                return pattern.signal
        if self.sit and pair in _SIT:
            return self._special(_SIT.index(pair), lasted_ms, began, now)
        return None

    def _special(self, place: int, lasted_ms: int, began: float, now: float) -> Signal | None:
        expected, last = self._sit
        follows = place == 0 or (place == expected and abs(began - last) <= _SIT_GAP_S)
        if not follows or not _SIT_MS[0] <= lasted_ms <= _SIT_MS[1]:
            self._sit = (0, 0.0)
            return None
        self._sit = (place + 1, now)
        return Signal.SIT if place + 1 == len(_SIT) else None


def _near(ms: float, wanted: int) -> bool:
    return abs(ms - wanted) <= max(_LEAST_SLACK_MS, wanted * _SLACK)


class ProgressWatch:
    """Has a port listen for call progress, and tells each signal that it hears."""

    __slots__ = ("_clock", "_on_signal", "_progress", "_watches", "sounding")

    def __init__(
        self,
        media: MediaPort,
        progress: Progress,
        clock: Callable[[], float],
        on_signal: Callable[[Signal], None],
        *,
        direction: Direction = Direction.HEARD,
    ) -> None:
        self._progress = progress
        self._clock = clock
        self._on_signal = on_signal
        self._watches: list[Watch] = []
        self.sounding: set[Pair] = set()
        """The tones that sound now."""
        for pair, lasting_ms in progress.pairs.items():
            self._listen(media, pair, _BEGINS_MS, direction)
            if lasting_ms:
                self._listen(media, pair, lasting_ms, direction)

    def _listen(self, media: MediaPort, pair: Pair, ms: int, direction: Direction) -> None:
        def found(what: str, lasted_ms: int) -> None:
            signal = None
            if ms > _BEGINS_MS:
                signal = self._progress.lasts(pair) if what == "tone" else None
            elif what == "tone":
                self.sounding.add(pair)
            else:
                self.sounding.discard(pair)
                signal = self._progress.ended(pair, lasted_ms, self._clock())
            if signal is not None:
                self._on_signal(signal)

        first, second = pair
        self._watches.append(
            media.watch_tone(found, frequency=first, second=second, ms=ms, direction=direction)
        )

    def close(self) -> None:
        """Listen no more."""
        while self._watches:
            self._watches.pop().close()
