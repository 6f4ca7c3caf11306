"""Conferences of the engine through its bindings, on loopback: who hears whom, without gaps."""

from __future__ import annotations

import itertools
import threading
import time

import pytest
from rtp_phone import FRAME, Phone, assert_continuous, audio, bridged, level, tone, wait_for

from offhook._core import MediaEngine, MediaError

TONES = (440, 750, 1200)


def all_speak(phones: list[Phone], seconds: float, tones: tuple[float, ...] = TONES) -> None:
    speakers = [
        threading.Thread(target=phone.speak, args=(tone(frequency, seconds),))
        for phone, frequency in zip(phones, tones, strict=True)
    ]
    for speaker in speakers:
        speaker.start()
    for speaker in speakers:
        speaker.join()


def test_three_hear_the_two_others(engine: MediaEngine) -> None:
    phones = [Phone() for _ in TONES]
    ports = [engine.open_port("127.0.0.1") for _ in TONES]
    room = engine.open_room()
    for phone, port in zip(phones, ports, strict=True):
        phone.connect(port)
        room.join(port)
    all_speak(phones, 1.2)
    room.close()
    for n, phone in enumerate(phones):
        heard = phone.hear()
        assert_continuous(heard)
        assert len(heard) >= 50
        sound = audio(heard)[25 * FRAME : 50 * FRAME]
        for k, frequency in enumerate(TONES):
            loud = level(sound, frequency)
            assert loud < 100 if k == n else loud == pytest.approx(8000, rel=0.1)
        phone.close()


def test_from_a_bridge_into_a_room_and_back(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    a, b = bridged(engine, phones)
    room = engine.open_room()

    def switch() -> None:
        time.sleep(0.5)
        room.join(a)
        room.join(b)
        time.sleep(0.5)
        a.bridge(b)

    switching = threading.Thread(target=switch)
    switching.start()
    phones[0].speak(tone(440, 1.6))
    switching.join()
    heard = phones[1].hear()
    sequences = [p.sequence for p in heard]
    assert all((y - x) % 65536 == 1 for x, y in itertools.pairwise(sequences))
    # A room delays by a frame or two; nothing but that is missing or doubled.
    steps = [(y.timestamp - x.timestamp) % 2**32 for x, y in itertools.pairwise(heard)]
    assert all(80 <= step <= 480 for step in steps)
    quiet = [p for p in heard[2:] if level(audio([p]), 440) < 4000]
    assert len(quiet) <= 4
    assert len(heard) >= 76


def test_mute_and_talking_events(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    a, b = engine.open_port("127.0.0.1"), engine.open_port("127.0.0.1")
    for phone, port in zip(phones, (a, b), strict=True):
        phone.connect(port)
    room = engine.open_room(rate=16000, interval_ms=10)
    room.join(a, muted=True, report_talking=True)
    room.join(b)
    phones[0].speak(tone(440, 0.4))
    assert level(audio(phones[1].hear(15)), 440) < 10
    room.join(a, report_talking=True, silence_ms=200, gain_in=0.5)
    phones[0].speak(tone(440, 0.5))
    for value in (1, 0):
        assert wait_for(engine, "talking")[1:] == (a.id, 0, "", value)
    room.close()
    heard = audio(phones[1].hear())
    assert max(level(heard[n : n + 800], 440) for n in range(0, len(heard) - 800, 400)) == pytest.approx(
        4000, rel=0.1
    )


def test_what_cannot_be(engine: MediaEngine) -> None:
    for rate, interval in ((7999, 20), (8000, 15), (0, 20), (400_000, 20)):
        with pytest.raises(MediaError):
            engine.open_room(rate=rate, interval_ms=interval)
    port = engine.open_port("127.0.0.1")
    room = engine.open_room()
    with pytest.raises(ValueError, match="gain"):
        room.join(port, gain_in=17.0)
    with pytest.raises(ValueError, match="gain"):
        room.join(port, gain_out=float("nan"))
    other = MediaEngine(workers=1)
    try:
        with pytest.raises(MediaError):
            other.open_room().join(port)
    finally:
        other.close()
    room.join(port)
    port.close()
    with pytest.raises(MediaError):
        room.join(port)
    room.close()
    room.close()
    with pytest.raises(MediaError):
        room.join(engine.open_port("127.0.0.1"))
