"""The measuring tools measure: what they find is what was put in."""

import math
import random

import pytest

import audio
from offhook._core import g711_encode, resample, tone_level


def test_levels():
    tone = audio.sine(1000, 500, -13)
    assert audio.level_dbm0(tone) == pytest.approx(-13, abs=0.02)
    assert audio.tone_dbm0(tone, 1000) == pytest.approx(-13, abs=0.02)
    assert audio.tone_dbm0(tone, 1100) < -60
    assert audio.level_dbfs(tone) == pytest.approx(-13 - 3.2, abs=0.05)
    assert audio.level_dbm0([]) == audio.level_dbm0([0, 0]) == -math.inf
    assert tone_level(b"", 1000) == -math.inf


@pytest.mark.parametrize("frequency", [50.5, 440, 1004.3, 2713.7])
def test_frequencies(frequency):
    assert audio.frequency_of(audio.sine(frequency, 1000)) == pytest.approx(frequency, abs=0.1)


def test_a_whole_tone(tmp_path):
    samples = audio.join(audio.silence(120), audio.sine(1004, 2000, -16), audio.silence(300))
    path = tmp_path / "a.ulaw"
    path.write_bytes(g711_encode(samples.tobytes(), "ulaw"))
    report = audio.measure_tone(audio.read(path)[0], 1004)
    assert report.found
    assert report.start_ms == pytest.approx(120, abs=2)
    assert report.length_ms == pytest.approx(2000, abs=4)
    assert report.frequency == pytest.approx(1004, abs=0.2)
    assert report.level_dbm0 == pytest.approx(-16, abs=0.1)
    assert report.noise_dbm0 < -45
    assert (report.gaps, report.jumps) == ([], [])
    assert "1004.0 Hz" in str(report)


def test_holes_and_lost_samples():
    tone = audio.sine(1000, 1000)
    for at in range(4000, 4160):
        tone[at] = 0
    (gap,) = audio.measure_tone(tone, 1000).gaps
    assert gap.start_ms == pytest.approx(500, abs=2)
    assert gap.length_ms == pytest.approx(20, abs=2)
    shorter = audio.sine(1000, 1000)
    del shorter[3000:3003]
    (jump, *more) = audio.measure_tone(shorter, 1000).jumps
    assert not [place for place in more if place > jump + 20]
    assert jump == pytest.approx(375 - 20, abs=15)


def test_another_tone_is_not_found():
    assert not audio.measure_tone(audio.sine(1100, 500), 1000).found
    assert not audio.measure_tone(audio.silence(500), 1000).found
    assert str(audio.measure_tone(audio.silence(500), 1000)) == "no tone"


def test_delay_through_a_codec_and_noise(tmp_path):
    noise = random.Random(5)
    pattern = audio.chirp()
    sent = audio.join(audio.silence(100), pattern, audio.silence(500))
    received = audio.join(audio.silence(163.25), pattern, audio.silence(700))
    for index, sample in enumerate(received):
        received[index] = round(sample * 0.5 + noise.gauss(0, 200))
    audio.write_wav(tmp_path / "sent.wav", sent)
    (tmp_path / "received.alaw").write_bytes(g711_encode(received.tobytes(), "alaw"))
    assert audio.one_way_delay_ms(tmp_path / "sent.wav", tmp_path / "received.alaw", pattern) == 63.25
    audio.write_wav(tmp_path / "tone.wav", audio.sine(700, 1500))
    with pytest.raises(ValueError, match="not in it"):
        audio.one_way_delay_ms(tmp_path / "sent.wav", tmp_path / "tone.wav", pattern)


def test_files(tmp_path):
    tone = audio.sine(440, 50)
    audio.write_wav(tmp_path / "a.wav", tone)
    assert audio.read(tmp_path / "a.wav") == (tone, 8000)
    (tmp_path / "a.sln").write_bytes(tone.tobytes())
    assert audio.read(tmp_path / "a.sln")[0] == tone
    (tmp_path / "b.wav").write_bytes(b"nothing")
    (tmp_path / "a.gsm").write_bytes(b"")
    for name in ("b.wav", "a.gsm"):
        with pytest.raises(ValueError, match=name):
            audio.read(tmp_path / name)


def test_digits():
    rows, columns = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
    samples = audio.silence(100)
    for digit in "159D":
        place = "123A456B789C*0#D".index(digit)
        low = audio.sine(rows[place // 4], 80)
        high = audio.sine(columns[place % 4], 80)
        samples.extend(a + b for a, b in zip(low, high, strict=True))
        samples.extend(audio.silence(80))
    assert audio.digits(samples) == "159D"
    for index, (_, start, duration) in enumerate(audio.dtmf(samples)):
        assert start == pytest.approx(100 + 160 * index, abs=15)
        assert duration == pytest.approx(80, abs=12)


def test_bindings_refuse_nonsense():
    for call in (
        lambda: resample(b"\0", 8000, 16000),
        lambda: resample(b"\0\0", 0, 8000),
        lambda: resample(b"\0\0", 8000, 2**31),
        lambda: g711_encode(b"\0\0", "blaw"),
    ):
        with pytest.raises(ValueError):  # noqa: PT011 - that it is one is all that matters
            call()
    tone = audio.sine(1000, 200, rate=22050)
    assert len(resample(tone.tobytes(), 22050, 8000)) == 2 * 1600
