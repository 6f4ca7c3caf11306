"""What tones of a line mean: cadences of countries, in bursts that are a little off."""

from __future__ import annotations

import pytest

from offhook.features.call_progress import Progress, Signal, patterns_of
from offhook.media.indications import Indications

ZONES = Indications.builtin()


def heard(country: str, bursts: list[tuple[int, int]], name: str, threshold: int = 1) -> Signal | None:
    """What is found when the frequencies of a tone sound for so long, after so long a silence."""
    progress = Progress(patterns_of(ZONES, country, set(Signal)), sit=True, threshold=threshold)
    tones = ZONES.tone(name, country)
    assert tones
    first, second, modulated, _, _ = tones[0]
    pair = (first, 0.0 if modulated else second)
    now, found = 100.0, None
    for silence, sound in bursts:
        now += (silence + sound) / 1000
        found = found or progress.ended(pair, sound, now)
    return found


@pytest.mark.parametrize(
    ("country", "name", "bursts", "signal"),
    [
        ("us", "busy", [(0, 500), (500, 500)], Signal.BUSY),
        ("us", "busy", [(0, 530), (470, 470)], Signal.BUSY),
        ("us", "busy", [(0, 500)], None),
        ("us", "busy", [(0, 500), (2500, 500)], None),
        ("us", "busy", [(0, 250), (250, 250)], Signal.BUSY),
        ("us", "ring", [(0, 2000)], Signal.RINGING),
        ("us", "ring", [(0, 900)], None),
        ("de", "busy", [(0, 480), (480, 480)], Signal.BUSY),
        ("de", "ring", [(0, 1000)], Signal.RINGING),
        ("uk", "ring", [(0, 400)], Signal.RINGING),
        ("uk", "busy", [(0, 375), (375, 375)], Signal.BUSY),
    ],
)
def test_bursts(country: str, name: str, bursts: list[tuple[int, int]], signal: Signal | None) -> None:
    assert heard(country, bursts, name) is signal


def test_more_bursts_make_it_surer() -> None:
    assert heard("us", [(0, 2000), (4000, 2000)], "ring", threshold=3) is None
    assert heard("us", [(0, 2000), (4000, 2000), (4000, 2000)], "ring", threshold=3) is Signal.RINGING


def test_what_goes_on_and_on_lasts_longer_than_any_burst() -> None:
    for country, least in (("us", 2500), ("de", 1500), ("uk", 1000)):
        progress = Progress(patterns_of(ZONES, country, set(Signal)), sit=True)
        dial = ZONES.tone("dial", country)
        assert dial
        pair = (dial[0][0], dial[0][1])
        assert progress.pairs[pair] >= least
        assert progress.lasts(pair) is Signal.DIALTONE
        assert progress.lasts((2100.0, 0.0)) is Signal.FAX
        assert progress.lasts((2225.0, 0.0)) is Signal.MODEM
    assert Progress(patterns_of(ZONES, "uk", {Signal.NUT})).lasts((400.0, 0.0)) is Signal.NUT


def test_special_information_is_three_tones_in_order() -> None:
    def told(*places: tuple[int, int, int]) -> Signal | None:
        progress, now, found = Progress((), sit=True), 5.0, None
        for place, silence, sound in places:
            now += (silence + sound) / 1000
            found = found or progress.ended(((950.0, 0.0), (1400.0, 0.0), (1800.0, 0.0))[place], sound, now)
        return found

    assert told((0, 0, 330), (1, 10, 330), (2, 0, 380)) is Signal.SIT
    assert told((0, 0, 330), (2, 0, 330), (1, 0, 330)) is None
    assert told((0, 0, 330), (1, 900, 330), (2, 0, 330)) is None
    assert told((0, 0, 1330), (1, 0, 330), (2, 0, 330)) is None
    assert told((1, 0, 330), (0, 0, 330), (1, 0, 330), (2, 0, 330)) is Signal.SIT
