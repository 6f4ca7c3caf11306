"""Conferences at each mixing interval and rate: a tone goes through whole, and nobody hears himself."""

from __future__ import annotations

import threading

import pytest
from rtp_phone import FRAME, Phone, assert_continuous, audio, level, tone

from offhook._core import MediaEngine


@pytest.mark.parametrize(
    ("interval_ms", "rate"),
    [(10, 8000), (20, 12_000), (40, 16_000), (80, 24_000), (20, 32_000), (10, 48_000), (80, 48_000)],
)
def test_a_tone_goes_through(
    engine: MediaEngine, phones: tuple[Phone, Phone], interval_ms: int, rate: int
) -> None:
    ports = [engine.open_port("127.0.0.1") for _ in phones]
    room = engine.open_room(rate=rate, interval_ms=interval_ms)
    for phone, port in zip(phones, ports, strict=True):
        phone.connect(port)
        room.join(port)
    speakers = [
        threading.Thread(target=phone.speak, args=(tone(frequency, 1.6),))
        for phone, frequency in zip(phones, (440, 1200), strict=True)
    ]
    for speaker in speakers:
        speaker.start()
    for speaker in speakers:
        speaker.join()
    room.close()
    for phone, own, other in ((phones[0], 440, 1200), (phones[1], 1200, 440)):
        heard = phone.hear()
        assert_continuous(heard)
        sound = audio(heard)
        assert level(sound, own) < 100
        # a busy machine may be late and leave gaps: somewhere there are 200 ms without any
        parts = [level(sound[at : at + FRAME], other) for at in range(0, len(sound), FRAME)]
        stretches = [parts[at : at + 10] for at in range(len(parts) - 10)]
        assert any(stretch == pytest.approx([8000] * 10, rel=0.1) for stretch in stretches)
