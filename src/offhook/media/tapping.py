"""The part of a port that hears, watches and changes its audio, whatever it is bridged with.

A tap does not take part in a bridge and needs none: it hears what the port receives, sends, or both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from offhook._core import AudioQueue
from offhook.media.activity import Activity, Playback, PlaybackResult, Recording
from offhook.media.taps import Direction, Effects, Watch

if TYPE_CHECKING:
    from offhook._core import Port
    from offhook.media.port import MediaPort

__all__ = ["PortTaps"]

_AS_IT_IS = Effects()
_HIGHEST_RATE = 48_000  # of what is played from a queue, Hz


class PortTaps:
    """Part of MediaPort; the attributes are the port's."""

    __slots__ = ()

    core: Port
    rate: int
    _effects: dict[bool, Effects] | None
    _watches: dict[int, Watch]

    def _begin(self, kind: str, activity: Activity[Any]) -> None:
        raise NotImplementedError

    def _used(self) -> None:
        raise NotImplementedError

    def effects(self, direction: Direction) -> Effects:
        """What is done to the audio of one direction."""
        return (self._effects or {}).get(direction.said, _AS_IT_IS)

    def set_effects(self, direction: Direction, effects: Effects) -> None:
        """Change the audio of a direction (or both) before anybody hears it.  Raises ValueError."""
        for said in (False, True):
            if not (direction.said if said else direction.heard):
                continue
            self.core.set_effects(
                said=said,
                gain=effects.gain,
                level=effects.level,
                denoise=effects.denoise,
                notch=effects.notch,
            )
            kept = self._effects or {}
            if effects == _AS_IT_IS:
                kept.pop(said, None)
            else:
                kept[said] = effects
            self._effects = kept or None
        self._used()

    def hear_port(
        self,
        other: MediaPort,
        *,
        direction: Direction = Direction.BOTH,
        gain: float = 1.0,
        limit_ms: int = 400,
    ) -> Callable[[], None]:
        """Play what another port hears or says (a spy); the engine does the work.  Gives what ends it."""
        queue = _queue_between(other, self, limit_ms)
        tapping = other.tap_into(queue, direction=direction, gain=gain)
        playing = Playback(self.core, self.core.speak(queue), None)
        self._begin("play_end", playing)
        return _both(tapping.stop, playing.stop)

    def whisper_from(self, other: MediaPort, *, limit_ms: int = 400) -> Callable[[], None]:
        """Lay what another port hears over what this one sends.  Gives what ends it."""
        queue = _queue_between(other, self, limit_ms)
        tapping = other.tap_into(queue, direction=Direction.HEARD, gain=1.0)
        playing = Playback(self.core, self.core.overlay_queue(queue), None)
        self._begin("play_end", playing)
        return _both(tapping.stop, playing.stop)

    def tap_into(self, queue: AudioQueue, *, direction: Direction, gain: float) -> Recording:
        """Put a direction, or both mixed, into a queue for whoever reads it."""
        number = self.core.listen(
            queue, heard=direction.heard, said=direction.said, heard_gain=gain, said_gain=gain
        )
        recording = Recording(self.core, number, None)
        self._begin("record_end", recording)
        return recording

    def start_overlay(
        self, files: str | Sequence[str], *, on_end: Callable[[PlaybackResult], None] | None = None
    ) -> Playback:
        """Play files over what the port sends, in place of what is laid over it now; the call goes on."""
        paths = (files,) if isinstance(files, str) else files
        playback = Playback(self.core, self.core.overlay(paths), on_end)
        self._begin("play_end", playback)
        return playback

    def watch_talking(
        self,
        on_found: Callable[[str, int], None],
        *,
        direction: Direction = Direction.HEARD,
        threshold: int = 256,
        silence_ms: int = 2500,
    ) -> Watch:
        """Tell `talking` when somebody talks and `silent`, with the ms that he talked, when he has stopped.

        Talking is 20 ms of a mean magnitude of `threshold` (of 32767) at least; it is over when `silence_ms`
        were below.
        """
        number = self.core.watch_talking(said=direction.said, threshold=threshold, silence_ms=silence_ms)
        return self._watch(number, on_found)

    def watch_tone(
        self,
        on_found: Callable[[str, int], None],
        *,
        frequency: float,
        ms: int,
        direction: Direction = Direction.HEARD,
        second: float = 0.0,
        decibels: float | None = None,
    ) -> Watch:
        """Tell `tone` when there is a tone for `ms`, and `tone_end`, with its length, when it is over.

        `second` is a frequency that sounds with it, `decibels` (10 at most) how far it must stand out;
        without, it is half of what sounds.  Effects do not keep a tone that comes in from being found.

        Raises ValueError (50 to 3900 Hz).
        """
        number = self.core.watch_tone(
            said=direction.said, frequency=frequency, ms=ms, second=second, decibels=decibels
        )
        return self._watch(number, on_found)

    def _watch(self, number: int, on_found: Callable[[str, int], None]) -> Watch:
        watch = Watch(self.core, number, on_found, self._watches)
        self._used()
        return watch


def _queue_between(one: PortTaps, other: PortTaps, limit_ms: int) -> AudioQueue:
    rate = max(8000, min(one.rate, other.rate, _HIGHEST_RATE))
    return AudioQueue(rate, limit_ms, engine_rate=rate)


def _both(one: Callable[[], None], other: Callable[[], None]) -> Callable[[], None]:
    def stop() -> None:
        one()
        other()

    return stop
