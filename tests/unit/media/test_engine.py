"""The media engine through its bindings: loopback sockets on one side, real audio measured on the other."""

from __future__ import annotations

import contextlib
import itertools
import math
import select
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from offhook._core import MediaEngine, MediaError, Port

RATE = 8000
FRAME = 160
PCMU_PEAK = 8031 * 4


def ulaw_encode(sample: int) -> int:
    magnitude = min(abs(sample), 32635) + 132
    exponent = magnitude.bit_length() - 8
    code = exponent << 4 | magnitude >> exponent + 3 & 15
    return ~(code | (0x80 if sample < 0 else 0)) & 0xFF


def ulaw_decode(octet: int) -> int:
    code = ~octet & 0xFF
    magnitude = ((code & 15) * 8 + 132 << (code >> 4 & 7)) - 132
    return -magnitude if code & 0x80 else magnitude


ULAW = [ulaw_decode(octet) for octet in range(256)]


def tone(frequency: float, seconds: float, peak: float = 8000.0) -> list[int]:
    step = 2 * math.pi * frequency / RATE
    return [round(peak * math.sin(step * n)) for n in range(int(RATE * seconds))]


def level(samples: list[int], frequency: float) -> float:
    """Peak amplitude of one frequency."""
    step = 2 * math.pi * frequency / RATE
    real = sum(s * math.cos(step * n) for n, s in enumerate(samples))
    imaginary = sum(s * math.sin(step * n) for n, s in enumerate(samples))
    return 2 * math.hypot(real, imaginary) / max(len(samples), 1)


class Packet:
    def __init__(self, data: bytes, at: float) -> None:
        flags, kind, self.sequence, self.timestamp, self.ssrc = struct.unpack("!BBHII", data[:12])
        assert flags == 0x80
        self.marker, self.pt, self.payload, self.at = bool(kind >> 7), kind & 127, data[12:], at


class Phone:
    """A socket that speaks RTP; its port plus one takes RTCP."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        for _ in range(50):
            self.rtp = socket.socket(family, socket.SOCK_DGRAM)
            self.rtp.bind((host, 0))
            self.port = self.rtp.getsockname()[1]
            self.rtcp = socket.socket(family, socket.SOCK_DGRAM)
            try:
                self.rtcp.bind((host, self.port + 1))
                break
            except (OSError, OverflowError):
                self.rtp.close()
                self.rtcp.close()
        self.host = host
        self.sequence, self.timestamp, self.ssrc = 65530, 4294967000, 0x1234
        self.to = (host, 0)

    def connect(self, port: Port) -> None:
        port.set_remote(self.host, self.port)
        self.to = (self.host, port.rtp_port)

    def send(self, payload: bytes, pt: int = 0, marker: bool = False, advance: int = FRAME) -> None:
        header = struct.pack("!BBHII", 0x80, pt | marker << 7, self.sequence, self.timestamp, self.ssrc)
        self.rtp.sendto(header + payload, self.to)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + advance) & 0xFFFFFFFF

    def speak(self, samples: list[int], *, paced: bool = True) -> None:
        start = time.monotonic()
        for n in range(0, len(samples), FRAME):
            self.send(bytes(ulaw_encode(s) for s in samples[n : n + FRAME]))
            if paced:
                time.sleep(max(0.0, start + (n / FRAME + 1) * 0.02 - time.monotonic()))

    def digit(self, code: int, pt: int = 101, packets: int = 5, lose: tuple[int, ...] = ()) -> None:
        """A press of 20 ms a packet, with three end packets; `lose` counts from 0 over all."""
        start = self.timestamp
        for n in range(packets + 2):
            end = n >= packets - 1
            payload = struct.pack("!BBH", code, end << 7 | 10, FRAME * min(n + 1, packets))
            if n in lose:
                self.sequence = (self.sequence + 1) & 0xFFFF
            else:
                self.send(payload, pt, n == 0, 0)
        self.timestamp = (start + FRAME * packets) & 0xFFFFFFFF

    def hear(self, count: int = 10_000, timeout: float = 1.0, quiet: float = 0.15) -> list[Packet]:
        """What comes until `count` packets, or until nothing came for `quiet` (first: `timeout`)."""
        packets: list[Packet] = []
        wait = timeout
        while len(packets) < count and select.select([self.rtp], [], [], wait)[0]:
            packets.append(Packet(self.rtp.recv(2048), time.monotonic()))
            wait = quiet if count == 10_000 else timeout
        return packets

    def close(self) -> None:
        self.rtp.close()
        self.rtcp.close()


def audio(packets: list[Packet]) -> list[int]:
    return [ULAW[octet] for p in packets for octet in p.payload]


def assert_continuous(packets: list[Packet]) -> None:
    assert len({p.ssrc for p in packets}) == 1
    for before, after in itertools.pairwise(packets):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        assert 0 <= (after.timestamp - before.timestamp) & 0xFFFFFFFF < 80_000


def wait_for(engine: MediaEngine, kind: str, timeout: float = 3.0) -> tuple[str, int, int, str, int]:
    """The next event of this kind; others before it are let go."""
    end = time.monotonic() + timeout
    while (left := end - time.monotonic()) > 0:
        for event in _pending(engine, left):
            if event[0] == kind:
                return event
    raise AssertionError(f"no {kind}")


_queued: dict[int, list[tuple[str, int, int, str, int]]] = {}


def _pending(engine: MediaEngine, timeout: float) -> Iterator[tuple[str, int, int, str, int]]:
    queue = _queued.setdefault(id(engine), [])
    if not queue and select.select([engine.event_fd], [], [], timeout)[0]:
        queue.extend(engine.events())
    while queue:
        yield queue.pop(0)


@pytest.fixture
def engine() -> Iterator[MediaEngine]:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        start = min(probe.getsockname()[1], 60_000)
    engine = MediaEngine(workers=2, rtp_start=start, rtp_end=start + 2000)
    yield engine
    engine.close()
    _queued.pop(id(engine), None)


@pytest.fixture
def phones() -> Iterator[tuple[Phone, Phone]]:
    pair = (Phone(), Phone())
    yield pair
    for phone in pair:
        phone.close()


def bridged(engine: MediaEngine, phones: tuple[Phone, Phone]) -> tuple[Port, Port]:
    a, b = engine.open_port("127.0.0.1"), engine.open_port("127.0.0.1")
    for phone, port in zip(phones, (a, b), strict=True):
        port.set_codecs(
            (0, "PCMU", 8000, 20),
            [(0, "PCMU", 8000), (8, "PCMA", 8000)],
            telephone_event_send=101,
            telephone_event_receive=[101],
        )
        phone.connect(port)
    a.bridge(b)
    settle(engine)
    return a, b


def settle(engine: MediaEngine) -> None:
    """Until ports that were bridged are with one worker; packets that come earlier may be lost."""
    before = -1
    while (now := engine.stats()["commands"]) != before:
        before = now
        time.sleep(0.015)


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
    a.set_codecs((9, "G722", 8000, 20), [(9, "G722", 8000)])
    b.set_codecs((109, "g722", 8000, 20), [(109, "g722", 8000)])
    phones[0].send(b"abc", pt=9)
    (packet,) = phones[1].hear(1)
    assert (packet.pt, packet.payload) == (109, b"abc")
    b.set_codecs((0, "PCMU", 8000, 20), [(0, "PCMU", 8000)])
    phones[0].send(b"abc", pt=9)
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
    gaps = [after.at - before.at for before, after in itertools.pairwise(packets)]
    assert sum(gaps) / len(gaps) == pytest.approx(0.02, abs=0.002)


def test_echo(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    a = engine.open_port("127.0.0.1")
    phones[0].connect(a)
    a.echo(True)
    phones[0].speak(tone(700, 0.2), paced=False)
    packets = phones[0].hear(10)
    assert level(audio(packets), 700) == pytest.approx(8000, rel=0.02)
    a.echo(False)
    phones[0].speak(tone(700, 0.02), paced=False)
    assert phones[0].hear(1, timeout=0.1) == []


@pytest.mark.parametrize("extension", ["sln", "ulaw"])
def test_play_files_in_a_row(
    engine: MediaEngine, phones: tuple[Phone, Phone], tmp_path: Path, extension: str
) -> None:
    names: list[str] = []
    for frequency in (500, 900):
        samples = tone(frequency, 0.3)
        path = tmp_path / f"{frequency}.{extension}"
        path.write_bytes(
            struct.pack(f"<{len(samples)}h", *samples)
            if extension == "sln"
            else bytes(map(ulaw_encode, samples))
        )
        names.append(str(path))
    a = engine.open_port("127.0.0.1")
    phones[0].connect(a)
    play = a.play(names)
    packets = phones[0].hear()
    assert len(packets) == 30
    assert_continuous(packets)
    assert level(audio(packets[:15]), 500) == pytest.approx(8000, rel=0.02)
    assert level(audio(packets[15:]), 900) == pytest.approx(8000, rel=0.02)
    assert wait_for(engine, "play_end") == ("play_end", a.id, play, "finished", 600)


def test_a_missing_file_is_an_event(engine: MediaEngine, phones: tuple[Phone, Phone], tmp_path: Path) -> None:
    a = engine.open_port("127.0.0.1")
    phones[0].connect(a)
    play = a.play([str(tmp_path / "nothing.wav")])
    event = wait_for(engine, "play_end")
    assert event[2] == play
    assert event[3].startswith("error: ")
    assert "nothing.wav" in event[3]


def test_stop_and_replace_before_the_file_is_read(
    engine: MediaEngine, phones: tuple[Phone, Phone], tmp_path: Path
) -> None:
    path = tmp_path / "x.ulaw"
    path.write_bytes(b"\x01" * 8000)
    a = engine.open_port("127.0.0.1")
    phones[0].connect(a)
    one = a.play([str(path)])
    two = a.play([str(path)])
    a.stop(two)
    assert wait_for(engine, "play_end")[2:4] == (one, "replaced")
    assert wait_for(engine, "play_end")[2:4] == (two, "stopped")
    assert phones[0].hear(1, timeout=0.2) == []


def test_loop_pause_and_seek(engine: MediaEngine, phones: tuple[Phone, Phone], tmp_path: Path) -> None:
    path = tmp_path / "x.ulaw"
    path.write_bytes(b"\x01" * 800 + b"\x02" * 800)
    a = engine.open_port("127.0.0.1")
    phones[0].connect(a)
    play = a.play([str(path)], loop=True, offset_ms=100)
    payloads = [p.payload[0] for p in phones[0].hear(11)]
    assert payloads == [2] * 5 + [1] * 5 + [2]
    a.pause(play, True)
    assert len(phones[0].hear()) <= 2
    a.seek(play, -10_000)
    a.pause(play, False)
    packets = phones[0].hear(2)
    assert packets[0].payload[0] == 1
    assert packets[0].marker
    a.stop()


def test_record_what_comes_in(engine: MediaEngine, phones: tuple[Phone, Phone], tmp_path: Path) -> None:
    path = tmp_path / "r.wav"
    a, _b = bridged(engine, phones)
    record = a.record(str(path), "wav")
    phones[0].speak(tone(800, 0.6))
    a.stop_record(record)
    event = wait_for(engine, "record_end")
    assert event[:4] == ("record_end", a.id, record, "stopped")
    data = path.read_bytes()
    assert data[:4] == b"RIFF"
    assert data[8:12] == b"WAVE"
    length = struct.unpack("<I", data[40:44])[0]
    assert length == len(data) - 44
    samples = list(struct.unpack(f"<{length // 2}h", data[44:]))
    assert len(samples) / 8 == event[4]
    assert 0.55 < len(samples) / RATE < 0.7
    assert level(samples[400:4400], 800) == pytest.approx(8000, rel=0.02)


def test_recording_limits(engine: MediaEngine, phones: tuple[Phone, Phone], tmp_path: Path) -> None:
    a, b = bridged(engine, phones)
    one = a.record(str(tmp_path / "max.sln"), "sln", max_ms=300)
    two = b.record(str(tmp_path / "silence.ulaw"), "ulaw", silence_ms=400)
    ends = {event[2]: event for event in (wait_for(engine, "record_end"), wait_for(engine, "record_end"))}
    assert ends[one][3:] == ("max", 300)
    assert (tmp_path / "max.sln").stat().st_size == 300 * 16
    assert ends[two][3] == "silence"
    three = a.record(str(tmp_path / "h.alaw"), "alaw")
    a.close()
    assert wait_for(engine, "record_end")[2:4] == (three, "hangup")
    with pytest.raises(MediaError) as caught:
        b.record(str(tmp_path / "x"), "mp9")
    assert caught.value.why == "argument"
    b.record(str(tmp_path / "no" / "such" / "folder.wav"), "wav")
    assert wait_for(engine, "record_end")[3].startswith("error: ")


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
