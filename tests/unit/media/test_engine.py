"""The media engine through its bindings, on loopback: relay, sources, hold, pipes, RTCP, limits."""

from __future__ import annotations

import itertools
import struct
import time
from pathlib import Path

import pytest
from rtp_phone import FRAME, Phone, assert_continuous, audio, bridged, level, settle, tone, wait_for

from offhook._core import MediaEngine, MediaError


def test_ports_are_even_with_rtcp_above(engine: MediaEngine) -> None:
    ports = [engine.open_port("127.0.0.1") for _ in range(20)]
    assert all(p.rtp_port % 2 == 0 and p.rtcp_port == p.rtp_port + 1 for p in ports)
    assert len({p.id for p in ports}) == 20
    mux = engine.open_port("127.0.0.1", rtcp_mux=True)
    assert mux.rtcp_port == mux.rtp_port
    assert engine.open_port("127.0.0.1", rtcp=False).rtcp_port == 0
    assert engine.open_port("::1", tos=184).rtp_port > 0


def test_relay_both_ways_with_one_stream_each(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    a, b = bridged(engine, phones)
    phones[0].speak(tone(440, 0.4), paced=False)
    phones[1].speak(tone(1000, 0.4), paced=False)
    at_b, at_a = phones[1].hear(20), phones[0].hear(20)
    assert len(at_a) == len(at_b) == 20
    assert at_a[0].ssrc == a.ssrc
    assert at_b[0].ssrc == b.ssrc
    assert_continuous(at_a)
    assert_continuous(at_b)
    assert at_b[0].marker
    assert not any(p.marker for p in at_b[1:])
    assert level(audio(at_b), 440) == pytest.approx(8000, rel=0.02)
    assert level(audio(at_a), 1000) == pytest.approx(8000, rel=0.02)
    assert b.stats()["tx_packets"] == a.stats()["rx_packets"] == 20


def test_alaw_and_mulaw_are_converted(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    _a, b = bridged(engine, phones)
    b.set_codecs((8, "PCMA", 8000, 20), [(8, "PCMA", 8000)])
    phones[0].speak([0] * FRAME, paced=False)
    (packet,) = phones[1].hear(1)
    assert packet.pt == 8
    assert packet.payload == b"\xd5" * FRAME


def test_other_codecs_pass_when_equal_and_only_then(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    a, b = bridged(engine, phones)
    a.set_codecs((18, "G729", 8000, 20), [(18, "G729", 8000)])
    b.set_codecs((109, "g729", 8000, 20), [(109, "g729", 8000)])
    phones[0].send(b"abc", pt=18)
    (packet,) = phones[1].hear(1)
    assert (packet.pt, packet.payload) == (109, b"abc")
    b.set_codecs((0, "PCMU", 8000, 20), [(0, "PCMU", 8000)])
    phones[0].send(b"abc", pt=18)
    assert phones[1].hear(1, timeout=0.1) == []
    assert engine.stats()["drop_format"] == 1


def test_an_attacker_neither_hears_nor_disturbs(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    a, _b = bridged(engine, phones)
    attacker = Phone("127.0.0.66")
    attacker.to = ("127.0.0.1", a.rtp_port)
    for _ in range(30):
        phones[0].send(b"\x01" * FRAME)
        attacker.send(b"\x02" * FRAME)
    heard = phones[1].hear()
    assert len(heard) == 30
    assert {p.payload[0] for p in heard} == {1}
    phones[1].speak([0] * FRAME * 5, paced=False)
    assert len(phones[0].hear(5)) == 5
    assert attacker.hear(1, timeout=0.1) == []
    assert a.stats()["drop_source"] == 30
    attacker.close()


def test_a_remote_behind_nat_is_learned(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    a, _b = bridged(engine, phones)
    a.set_remote("127.0.0.200", 4000)  # what the SDP says
    for _ in range(13):
        phones[0].send(b"\x01" * FRAME)
    event = wait_for(engine, "source")
    assert event[1:] == (a.id, 0, f"127.0.0.1:{phones[0].port}", 1)
    phones[1].speak([0] * FRAME * 3, paced=False)
    assert len(phones[0].hear(3)) == 3
    assert a.stats()["source"] == f"127.0.0.1:{phones[0].port}"


def test_hold_and_switch_keep_the_stream(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    a, b = bridged(engine, phones)
    phones[0].speak(tone(440, 0.1), paced=False)
    heard = phones[1].hear(5)
    a.set_direction(send=False, receive=False)
    phones[0].speak(tone(440, 0.1), paced=False)
    assert phones[1].hear(1, timeout=0.1) == []
    play = b.play_tones([(600.0, 0.0, False, 0, False)])
    heard += phones[1].hear(10)
    b.stop(play)
    assert wait_for(engine, "play_end")[2:4] == (play, "stopped")
    a.set_direction(send=True, receive=True)
    heard += phones[1].hear()
    before = len(heard)
    phones[0].speak(tone(440, 0.1), paced=False)
    heard += phones[1].hear(5)
    assert_continuous(heard)
    assert [n for n, p in enumerate(heard) if p.marker] == [0, 5, before]


def test_tones_are_paced_and_right(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    a = engine.open_port("127.0.0.1")
    phones[0].connect(a)
    a.play_tones([(440.0, 480.0, False, 0, False)], level_dbm0=-19.0)
    packets = phones[0].hear(40)
    a.stop()
    assert_continuous(packets)
    samples = audio(packets[2:])
    peak = 22_656.6 * 10 ** (-19 / 20)
    assert level(samples, 440) == pytest.approx(peak, rel=0.05)
    assert level(samples, 480) == pytest.approx(peak, rel=0.05)
    assert level(samples, 1000) < peak / 100


@pytest.mark.parametrize(("second", "most"), [(0.0, 0), (1209.0, -3)])
def test_the_loudest_tone_is_a_milliwatt(
    engine: MediaEngine, phones: tuple[Phone, Phone], second: float, most: int
) -> None:
    a = engine.open_port("127.0.0.1")
    phones[0].connect(a)
    a.play_tones([(697.0, second, False, 0, False)], level_dbm0=6.0)
    packets = phones[0].hear(20)
    a.stop()
    assert level(audio(packets[2:]), 697) == pytest.approx(22_656.6 * 10 ** (most / 20), rel=0.05)
    gaps = [after.at - before.at for before, after in itertools.pairwise(packets)]
    assert sum(gaps) / len(gaps) == pytest.approx(0.02, abs=0.002)


def test_pipe_carries_audio_and_digits(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    one, two = engine.open_pipe()
    a, b = engine.open_port("127.0.0.1"), engine.open_port("127.0.0.1")
    for phone, port in zip(phones, (a, b), strict=True):
        phone.connect(port)
    a.bridge(one)
    b.bridge(two)
    settle(engine)
    phones[0].speak(tone(440, 0.2), paced=False)
    heard = phones[1].hear(10)
    assert_continuous(heard)
    assert level(audio(heard), 440) == pytest.approx(8000, rel=0.02)
    b.unbridge()
    two.play_tones([(1000.0, 0.0, False, 200, False)], repeat=False)
    heard = phones[0].hear()
    assert level(audio(heard), 1000) > 3000
    two.echo(True)
    phones[0].speak(tone(600, 0.2), paced=False)
    assert level(audio(phones[0].hear(10)), 600) == pytest.approx(8000, rel=0.02)
    # A ring of pipes must not spin.
    one.bridge(two)
    play = one.play_tones([(1000.0, 0.0, False, 100, False)], repeat=False)
    while wait_for(engine, "play_end")[2] != play:
        pass
    assert engine.stats()["drop_loop"] > 0


def test_mute(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    a, b = bridged(engine, phones)
    a.mute(receive=True)
    phones[0].speak(tone(440, 0.06), paced=False)
    assert {o for p in phones[1].hear(3) for o in p.payload} == {0xFF}
    a.mute()
    b.mute(send=True)
    phones[0].speak(tone(440, 0.06), paced=False)
    assert {o for p in phones[1].hear(3) for o in p.payload} == {0xFF}


def test_timeout_is_told_once(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    a, _b = bridged(engine, phones)
    a.set_timeouts(rtp_s=0.5)
    event = wait_for(engine, "timeout")
    assert event[1] == a.id
    assert event[3] == ""
    with pytest.raises(AssertionError):
        wait_for(engine, "timeout", 1.3)


@pytest.mark.slow
def test_rtcp_reports_loss_and_round_trip(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    a, _b = bridged(engine, phones)
    for n in range(20):
        if n % 4 == 3:
            phones[0].sequence = (phones[0].sequence + 1) & 0xFFFF
        phones[0].send(b"\xff" * FRAME)
        phones[1].send(b"\xff" * FRAME)
    phones[0].hear(20)
    phones[0].rtcp.settimeout(8)
    data, where = phones[0].rtcp.recvfrom(2048)
    now = time.monotonic()
    assert where == ("127.0.0.1", a.rtcp_port)
    flags, kind, _, ssrc, ntp_high, ntp_low, _, packets, octets = struct.unpack("!BBHIIIIII", data[:28])
    assert (flags, kind, ssrc, packets, octets) == (0x81, 200, a.ssrc, 20, 20 * FRAME)
    who, loss = struct.unpack("!II", data[28:36])
    assert who == phones[0].ssrc
    assert loss & 0xFFFFFF == 5
    assert loss >> 24 == 5 * 256 // 25
    # Answer with a report that says: received 100 ms after it was sent, sent back 50 ms later.
    middle = (ntp_high & 0xFFFF) << 16 | ntp_low >> 16
    block = struct.pack("!IIIIII", a.ssrc, 7, 0, 80, middle, int(0.05 * 65536))
    time.sleep(max(0.0, now + 0.15 - time.monotonic()))
    phones[0].rtcp.sendto(struct.pack("!BBHI", 0x81, 201, 7, phones[0].ssrc) + block, where)
    phones[0].rtcp.sendto(struct.pack("!BBHIBBHI", 0x80, 201, 1, 5, 0x81, 203, 1, 5), where)
    assert wait_for(engine, "bye")[1] == a.id
    stats = a.stats()
    assert stats["rx_lost"] == 5
    assert stats["remote_lost"] == 7
    assert stats["remote_jitter_ms"] == 10
    assert stats["rtt_ms"] == pytest.approx(100, abs=30)
    a.close()
    data = phones[0].rtcp.recv(2048)
    assert struct.pack("!BBHI", 0x81, 203, 1, a.ssrc) in data


def test_ports_of_different_workers_meet(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    ports = [engine.open_port("127.0.0.1") for _ in range(2)]
    for phone, port in zip(phones, ports, strict=True):
        phone.connect(port)
    for _ in range(20):
        # Alone again, then together: whoever is on the other worker moves, and loses nothing.
        ports[0].bridge(ports[1])
        settle(engine)
        phones[0].speak([0] * FRAME, paced=False)
        assert len(phones[1].hear(1)) == 1
        extra = engine.open_port("127.0.0.1")
        extra.bridge(ports[0])
        ports[0].unbridge()
        extra.close()


def test_closed_ports_refuse_and_are_used_again(engine: MediaEngine) -> None:
    start, _ = engine.rtp_range
    engine.rtp_range = (start, start + 4)
    a, b = engine.open_port("127.0.0.1"), engine.open_port("127.0.0.1")
    with pytest.raises(MediaError) as caught:
        engine.open_port("127.0.0.1")
    assert caught.value.why == "no_ports"
    assert engine.stats()["ports"] == 2
    a.close()
    a.close()
    assert a.closed
    with pytest.raises(MediaError) as caught:
        a.echo(True)
    assert caught.value.why == "closed"
    with pytest.raises(MediaError):
        b.bridge(a)
    number = a.rtp_port
    time.sleep(0.1)
    assert engine.open_port("127.0.0.1").rtp_port == number
    with pytest.raises(ValueError, match="not an IP address"):
        engine.open_port("localhost")
    engine.rtp_range = (start, start + 100)
    with pytest.raises(OSError, match="assign"):
        engine.open_port("192.0.2.1")


def test_idle_engine_does_not_wake_up(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    engine.open_port("127.0.0.1")
    time.sleep(0.1)
    before = engine.stats()["wakeups"]
    time.sleep(0.5)
    assert engine.stats()["wakeups"] == before


def test_engine_close_ends_everything(phones: tuple[Phone, Phone], tmp_path: Path) -> None:
    engine = MediaEngine(workers=1, rtp_start=phones[0].port, rtp_end=min(phones[0].port + 100, 65535))
    a = engine.open_port("127.0.0.1")
    phones[0].connect(a)
    a.record(str(tmp_path / "r.wav"), "wav")
    a.play_tones([(440.0, 0.0, False, 0, False)])
    phones[0].hear(20)
    engine.close()
    engine.close()
    kinds = [event[0] for event in engine.events()]
    assert kinds.count("record_end") == 1
    assert kinds.count("play_end") == 1
    assert (tmp_path / "r.wav").stat().st_size > 44
    with pytest.raises(MediaError):
        engine.open_port("127.0.0.1")
    with pytest.raises(MediaError):
        a.stop()
