"""The media engine through its bindings, on loopback: echo, playing and recording."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from rtp_phone import RATE, Phone, assert_continuous, audio, bridged, level, tone, ulaw_encode, wait_for

from offhook._core import MediaEngine, MediaError


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
