"""Who answers: greetings as frames of sound and silence."""

import struct

import pytest

from offhook.media.hearing import AmdLimits, AnsweringMachine, loudness

LOUD, QUIET = 2000, 20


def heard(*spans: int, limits: AmdLimits = AmdLimits()) -> tuple[str, str] | None:  # noqa: B008
    """What comes of ms of silence, of sound, of silence and so on."""
    machine = AnsweringMachine(limits)
    for n, span in enumerate(spans):
        for _ in range(span // 20):
            verdict = machine.hear(LOUD if n % 2 else QUIET, 20)
            if verdict is not None:
                return verdict
    return None


@pytest.mark.parametrize(
    ("spans", "status", "cause"),
    [
        ((300, 400, 3000), "HUMAN", "HUMAN-800-800"),
        ((300, 300, 200, 300, 3000), "HUMAN", "HUMAN-800-800"),
        ((5000,), "MACHINE", "INITIALSILENCE-2500-2500"),
        ((300, 3000), "MACHINE", "LONGGREETING-1520-1500"),
        ((300, 200, 100, 200, 100, 200), "MACHINE", "MAXWORDS-3-2"),
        # a click is no word
        ((300, 60, 5000), "MACHINE", "INITIALSILENCE-2500-2500"),
    ],
)
def test_by_the_greeting(spans: tuple[int, ...], status: str, cause: str) -> None:
    assert heard(*spans) == (status, cause)


def test_by_the_limits() -> None:
    patient = AmdLimits(greeting=10_000, maximum_word_length=2000)
    assert heard(100, 4000, limits=patient) == ("MACHINE", "MAXWORDLENGTH-2020-2000")
    never = AmdLimits(initial_silence=10_000)
    assert heard(9000, limits=never) == ("NOTSURE", "TOOLONG-5000")
    assert heard(200, limits=never) is None
    deaf = AmdLimits(silence_threshold=3000)
    assert heard(300, 3000, limits=deaf) == ("MACHINE", "INITIALSILENCE-2500-2500")


def test_loudness_is_the_mean_magnitude() -> None:
    assert loudness(struct.pack("<4h", 100, -100, 300, -300)) == 200
    assert loudness(struct.pack("<2h", -32768, -32768)) == 32768
    assert loudness(b"") == 0
