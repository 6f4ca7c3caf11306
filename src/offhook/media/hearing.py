"""Speech and silence in frames of samples; and who answers like this, a person or a machine."""

from __future__ import annotations

from array import array
from typing import NamedTuple

__all__ = ["AmdLimits", "AnsweringMachine", "Verdict", "loudness"]


def loudness(frame: bytes) -> int:
    """Mean magnitude of 16-bit samples, 0 to 32768: what Asterisk's silence thresholds count in."""
    samples = array("h", frame)
    return sum(map(abs, samples)) // len(samples) if samples else 0


class AmdLimits(NamedTuple):
    """What AMD() is told, under the names of amd.conf; all but the words and the threshold in ms."""

    initial_silence: int = 2500
    greeting: int = 1500
    after_greeting_silence: int = 800
    total_analysis_time: int = 5000
    min_word_length: int = 100
    between_words_silence: int = 50
    maximum_number_of_words: int = 2
    maximum_word_length: int = 5000
    silence_threshold: int = 256


class Verdict(NamedTuple):
    """What was found."""

    status: str
    """HUMAN, MACHINE or NOTSURE."""
    cause: str
    """Which limit decided, with the value reached and the limit."""


class AnsweringMachine:
    """Listens to a greeting until it knows whose it is."""

    __slots__ = ("_limits", "_parted", "_silence", "_speech", "_total", "_word", "_words")

    def __init__(self, limits: AmdLimits) -> None:
        self._limits = limits
        self._total = 0
        self._silence = 0
        # sound of the word that is being spoken, of all words, and their number
        self._word = 0
        self._speech = 0
        self._words = 0
        self._parted = True

    def hear(self, loud: int, ms: int) -> Verdict | None:
        """One more frame, by its loudness and length; a verdict ends it."""
        limits = self._limits
        self._total += ms
        verdict = self._sound(ms) if loud >= limits.silence_threshold else self._quiet(ms)
        if verdict is None and self._total >= limits.total_analysis_time:
            return Verdict("NOTSURE", f"TOOLONG-{self._total}")
        return verdict

    def _sound(self, ms: int) -> Verdict | None:
        limits = self._limits
        self._silence = 0
        self._word += ms
        if self._word < limits.min_word_length:
            return None
        if self._parted:
            self._parted = False
            self._words += 1
            self._speech += self._word
        else:
            self._speech += ms
        if self._words > limits.maximum_number_of_words:
            return _machine("MAXWORDS", self._words, limits.maximum_number_of_words)
        if self._word > limits.maximum_word_length:
            return _machine("MAXWORDLENGTH", self._word, limits.maximum_word_length)
        if self._speech > limits.greeting:
            return _machine("LONGGREETING", self._speech, limits.greeting)
        return None

    def _quiet(self, ms: int) -> Verdict | None:
        limits = self._limits
        self._silence += ms
        if self._silence >= limits.between_words_silence:
            self._word, self._parted = 0, True
        if self._words == 0:
            if self._total >= limits.initial_silence:
                return _machine("INITIALSILENCE", self._total, limits.initial_silence)
        elif self._silence >= limits.after_greeting_silence:
            return Verdict("HUMAN", f"HUMAN-{self._silence}-{limits.after_greeting_silence}")
        return None


def _machine(cause: str, reached: int, limit: int) -> Verdict:
    return Verdict("MACHINE", f"{cause}-{reached}-{limit}")
