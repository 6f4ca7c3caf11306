"""The media engine through its bindings, on loopback: digits in and out."""

from __future__ import annotations

import struct
import time

import pytest
from rtp_phone import FRAME, Packet, Phone, assert_continuous, audio, bridged, level, tone, wait_for

from offhook._core import MediaEngine, MediaError


def test_dtmf_in_with_loss_and_on_to_the_peer(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    a, b = bridged(engine, phones)
    b.set_codecs(
        (0, "PCMU", 8000, 20), [(0, "PCMU", 8000)], telephone_event_send=96, telephone_event_receive=[96]
    )
    phones[0].speak(tone(440, 0.1), paced=False)
    phones[0].digit(5, lose=(0, 1, 4))
    phones[0].digit(11, lose=(4, 5, 6))
    phones[0].speak(tone(440, 0.1), paced=False)
    assert wait_for(engine, "dtmf_begin")[1:4] == (a.id, 0, "5")
    assert wait_for(engine, "dtmf_end")[3:] == ("5", 100)
    assert wait_for(engine, "dtmf_begin")[3] == "#"
    assert wait_for(engine, "dtmf_end")[3:] == ("#", 80)
    heard = phones[1].hear()
    assert [p.pt for p in heard] == [0] * 5 + [96] * 8 + [0] * 5
    events = [p for p in heard if p.pt == 96]
    assert [p.payload[0] for p in events] == [5] * 4 + [11] * 4
    assert len({p.timestamp for p in events}) == 2
    # What was lost before us shows as loss behind us, and nothing else does.
    assert (heard[-1].sequence - heard[0].sequence) & 0xFFFF == 23


def test_dtmf_can_end_here_without_a_gap(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    a, _b = bridged(engine, phones)
    a.set_dtmf(relay=False)
    phones[0].speak(tone(440, 0.06), paced=False)
    phones[0].digit(1)
    phones[0].speak(tone(440, 0.06), paced=False)
    heard = phones[1].hear()
    assert [p.pt for p in heard] == [0] * 6
    assert_continuous(heard)
    assert wait_for(engine, "dtmf_end")[3] == "1"


def test_send_dtmf_as_events(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    a, _b = bridged(engine, phones)
    sent = a.send_dtmf("1#", duration_ms=100, gap_ms=60)
    packets = phones[0].hear()
    assert wait_for(engine, "dtmf_sent")[2] == sent
    assert_continuous(packets)
    assert {p.pt for p in packets} == {101}
    digits: dict[int, list[Packet]] = {}
    for p in packets:
        digits.setdefault(p.timestamp, []).append(p)
    assert [group[0].payload[0] for group in digits.values()] == [1, 11]
    for group in digits.values():
        assert group[0].marker
        assert [struct.unpack("!BBH", p.payload)[2] for p in group] == [160, 320, 480, 640, 800, 800, 800]
        assert [p.payload[1] >> 7 for p in group] == [0, 0, 0, 0, 1, 1, 1]
    with pytest.raises(MediaError):
        a.send_dtmf("12x")


def test_send_dtmf_as_tones_and_hear_them(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    a, b = bridged(engine, phones)
    a.set_codecs((0, "PCMU", 8000, 20), [(0, "PCMU", 8000)])
    b.set_dtmf(inband=True)
    a.send_dtmf("5", duration_ms=120)
    packets = phones[0].hear()
    samples = audio(packets)
    active = [n for n, sample in enumerate(samples) if abs(sample) > 500]
    assert (active[-1] - active[0]) / 8 == pytest.approx(120, abs=6)
    assert level(samples, 770) > 3000
    assert level(samples, 1336) > 3000
    phones[1].speak(samples, paced=False)
    phones[1].speak([0] * 1600, paced=False)
    assert wait_for(engine, "dtmf_begin")[1:] == (b.id, 0, "5", 1)
    assert wait_for(engine, "dtmf_end")[4] == pytest.approx(120, abs=40)


def test_an_event_becomes_a_tone_for_a_peer_without_events(
    engine: MediaEngine, phones: tuple[Phone, Phone]
) -> None:
    _a, b = bridged(engine, phones)
    b.set_codecs((0, "PCMU", 8000, 20), [(0, "PCMU", 8000)])
    for n in range(7):
        payload = struct.pack("!BBH", 9, (n >= 4) << 7 | 10, FRAME * min(n + 1, 5))
        phones[0].send(payload, 101, n == 0, 0)
        time.sleep(0.02)
    packets = phones[1].hear()
    assert {p.pt for p in packets} == {0}
    assert 4 <= len(packets) <= 7
    assert level(audio(packets), 852) > 3000
    assert level(audio(packets), 1477) > 3000
