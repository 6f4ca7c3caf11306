"""Two baresip phones at the demo office: their calls, and what they hear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import audio
from baresip import Baresip, tone_file
from program import Program, wait_for

MakePhone = Callable[..., Baresip]


def test_two_phones_hear_each_other(office: Program, make_phone: MakePhone, folder: Path) -> None:
    """Tone in = tone out: pitch, level, no gap, no lost sample, little delay, both ways at once."""
    lead = audio.join(audio.silence(600), audio.chirp(), audio.silence(300))
    reception = make_phone(
        office, "6001", source=tone_file(folder / "a.wav", lead, audio.sine(1000, 3000, -13.0))
    )
    sales = make_phone(office, "6002", source=tone_file(folder / "b.wav", lead, audio.sine(620, 3000, -20.0)))
    reception.watch()
    sales.watch()
    reception.dial("6002")
    reception.expect("CALL_RINGING")
    sales.expect("CALL_INCOMING")
    sales.accept()
    sales.expect("CALL_ESTABLISHED")
    reception.expect("CALL_ESTABLISHED")
    assert office.channels() == 2
    wait_for("4.8 s of audio", lambda: min(len(reception.heard()), len(sales.heard())) > 4.8 * audio.RATE, 10)
    reception.hangup()
    sales.expect("CALL_CLOSED")
    tracks = {"6001": reception.stop_watching(), "6002": sales.stop_watching()}
    for talker, listener, frequency, level in (
        ("6001", "6002", 1000, -13.0),
        ("6002", "6001", 620, -20.0),
    ):
        sent, heard = tracks[talker]["enc"], tracks[listener]["dec"]
        place_sent, likeness = audio.delay_ms(audio.chirp(), sent.samples)
        assert likeness > 0.9
        place_heard, likeness = audio.delay_ms(audio.chirp(), heard.samples)
        assert likeness > 0.9, f"{listener} does not hear {talker}'s chirp"
        delay = heard.time_of(round(place_heard * 8)) - sent.time_of(round(place_sent * 8))
        report = audio.measure_tone(heard.samples[round((place_heard + 700) * 8) :], frequency)
        print(f"{talker} -> {listener}: {report}; delay {delay * 1000:.1f} ms")
        assert report.found
        assert abs(report.frequency - frequency) < 1
        assert abs(report.level_dbm0 - level) < 1
        assert report.noise_dbm0 < level - 30
        assert report.length_ms > 2900
        assert not report.gaps
        assert not report.jumps
        assert delay < 0.1
