"""What is detected on channels while they do something else: talking, and tones.

Each channel has at most one talk detector; tone detectors are apart by frequency and direction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from offhook.features.call_progress import Progress, ProgressWatch, Signal, patterns_of
from offhook.media.taps import Direction
from offhook.pbx import events
from offhook.pbx.audio import when_audible
from offhook.pbx.effects import set_notch

if TYPE_CHECKING:
    from offhook.media.port import MediaPort
    from offhook.media.taps import Watch
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["DEFAULT_SILENCE_MS", "DEFAULT_THRESHOLD", "Detection", "ToneDetector", "detection_of"]

DEFAULT_SILENCE_MS = 2500
DEFAULT_THRESHOLD = 256
"""Mean magnitude of samples (of 32767) that counts as talking: dsp.conf's silencethreshold."""


class _Watching:
    """A watch on a channel that may get its audio later."""

    __slots__ = ("_forget", "_watch")

    def __init__(self, channel: Channel, begin: Callable[[MediaPort], Watch | ProgressWatch]) -> None:
        self._watch: Watch | ProgressWatch | None = None

        def act(media: MediaPort) -> None:
            self._watch = begin(media)

        self._forget = when_audible(channel, act)

    def close(self) -> None:
        """Watch no more."""
        self._forget()
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()


class ToneDetector:
    """Counts a tone, and signals of call progress, on a channel, and tells each time that there is one."""

    __slots__ = ("_channel", "_squelch", "_watchings", "count", "direction", "frequency", "sounding")

    def __init__(
        self,
        channel: Channel,
        *,
        frequency: float,
        ms: int,
        direction: Direction,
        on_tone: Callable[[int], None] | None = None,
        decibels: float | None = None,
        signals: Collection[Signal] = (),
        squelch: bool = False,
    ) -> None:
        """`frequency` may be 0 with `signals`; `squelch` takes the frequency out.  Raises ValueError."""
        self.frequency = frequency
        self.direction = direction
        self._channel = channel
        self._squelch = squelch and frequency > 0
        self.count = 0
        """How often it was there."""
        self.sounding = False

        def heard() -> None:
            self.count += 1
            if on_tone is not None:
                on_tone(self.count)

        def found(what: str, _: int) -> None:
            self.sounding = what == "tone"
            if self.sounding:
                heard()

        self._watchings: list[_Watching] = []
        if frequency:
            self._watchings.append(
                _Watching(
                    channel,
                    lambda media: media.watch_tone(
                        found, frequency=frequency, ms=ms, direction=direction, decibels=decibels
                    ),
                )
            )
        if signals:
            patterns = patterns_of(channel.pbx.indications, channel.tone_zone or None, signals)
            progress = Progress(patterns, sit=Signal.SIT in signals)
            self._watchings.append(
                _Watching(
                    channel,
                    lambda media: ProgressWatch(
                        media, progress, channel.pbx.loop.time, lambda _: heard(), direction=direction
                    ),
                )
            )
        if self._squelch:
            set_notch(channel, direction, frequency)

    def close(self) -> None:
        """Detect it no more."""
        for watching in self._watchings:
            watching.close()
        if self._squelch and not self._channel.ended:
            set_notch(self._channel, self.direction, 0.0)


class Detection:
    """All detectors of a node's channels; a service of the Pbx."""

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self._talking: dict[Channel, _Watching] = {}
        self._tones: dict[Channel, list[ToneDetector]] = {}

    # ------------------------------------------------------------ talking

    def detect_talking(
        self, channel: Channel, *, silence_ms: int = DEFAULT_SILENCE_MS, threshold: int = DEFAULT_THRESHOLD
    ) -> None:
        """Announce when the far end talks, in place of what was asked for before."""
        self.ignore_talking(channel)
        bus = self._pbx.bus

        def found(what: str, ms: int) -> None:
            if what == "talking":
                bus.emit(events.ChannelTalkingStarted, channel)
            else:
                bus.emit(events.ChannelTalkingStopped, channel, ms)

        self._keep(channel)
        self._talking[channel] = _Watching(
            channel,
            lambda media: media.watch_talking(found, threshold=threshold, silence_ms=silence_ms),
        )

    def ignore_talking(self, channel: Channel) -> bool:
        """Announce it no more; whether it was."""
        watching = self._talking.pop(channel, None)
        if watching is not None:
            watching.close()
        return watching is not None

    # ------------------------------------------------------------ tones

    def add_tone(self, channel: Channel, detector: ToneDetector) -> None:
        """Keep a detector until the channel ends, in place of one for the same tone."""
        self.remove_tones(channel, detector.frequency, detector.direction)
        self._keep(channel)
        self._tones.setdefault(channel, []).append(detector)

    def tones(self, channel: Channel) -> list[ToneDetector]:
        """The tone detectors of a channel."""
        return list(self._tones.get(channel, ()))

    def remove_tones(
        self, channel: Channel, frequency: float | None = None, direction: Direction | None = None
    ) -> None:
        """End those for a frequency and direction, or all."""
        kept: list[ToneDetector] = []
        for detector in self._tones.pop(channel, ()):
            if (frequency is None or detector.frequency == frequency) and direction in (
                None,
                detector.direction,
            ):
                detector.close()
            else:
                kept.append(detector)
        if kept:
            self._tones[channel] = kept

    # ------------------------------------------------------------ the end

    def _keep(self, channel: Channel) -> None:
        if channel not in self._talking and channel not in self._tones:
            channel.when_ended(lambda: self._ended(channel))

    def _ended(self, channel: Channel) -> None:
        self.ignore_talking(channel)
        self.remove_tones(channel)


def detection_of(pbx: Pbx) -> Detection:
    """A node's detectors."""
    found = pbx.service(Detection)
    if found is None:
        found = Detection(pbx)
        pbx.add_service(found)
    return found
