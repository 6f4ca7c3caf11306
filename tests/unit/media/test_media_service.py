"""Ports and the engine together: what one end of a pipe plays the other hears, measured.  No sockets."""

import asyncio

import pytest

import audio
from offhook._core import MediaEngine, MediaError, g711_encode
from offhook.media.activity import DigitsEnd, PlaybackEnd, RecordingEnd
from offhook.media.indications import Indications, parse_tone_list
from offhook.media.port import PortListener
from offhook.media.service import MediaService


@pytest.fixture
async def media():
    service = MediaService(MediaEngine(workers=1))
    yield service
    service.close()
    assert service.ports() == 0


class Digits(PortListener):
    def __init__(self):
        self.heard = ""
        self.four = asyncio.Event()

    def on_dtmf_end(self, port, digit, duration_ms):
        self.heard += digit
        if len(self.heard) == 4:
            self.four.set()


async def heard_by(other, path, playing):
    """Record what a port hears while something is played to it."""
    recording = other.start_recording(str(path), "wav")
    result = await playing
    await asyncio.sleep(0.1)
    recording.stop()
    ended = await recording.wait()
    assert ended.end is RecordingEnd.STOPPED
    return result, audio.read(path)[0]


@pytest.mark.parametrize("extension", ["wav", "ulaw", "alaw", "sln"])
async def test_a_file_is_heard_whole(media, tmp_path, extension):
    one, other = media.open_pipe()
    tone = audio.sine(1004, 500, -16)
    path = tmp_path / f"tone.{extension}"
    if extension == "wav":
        audio.write_wav(path, tone)
    elif extension == "sln":
        path.write_bytes(tone.tobytes())
    else:
        path.write_bytes(g711_encode(tone.tobytes(), extension))
    result, samples = await heard_by(other, tmp_path / "heard.wav", one.play(str(path)))
    assert result.complete
    assert result.played_ms == 500
    report = audio.measure_tone(samples, 1004)
    assert report.found
    assert report.frequency == pytest.approx(1004, abs=0.3)
    assert report.level_dbm0 == pytest.approx(-16, abs=0.1)
    assert report.length_ms == pytest.approx(500, abs=3)
    assert (report.gaps, report.jumps) == ([], [])
    one.close()
    other.close()


async def test_two_files_without_a_gap(media, tmp_path):
    one, other = media.open_pipe()
    tone = audio.sine(1000, 305, -16)
    audio.write_wav(tmp_path / "a.wav", tone)
    audio.write_wav(tmp_path / "b.wav", tone)
    files = [str(tmp_path / "a.wav"), str(tmp_path / "b.wav")]
    result, samples = await heard_by(other, tmp_path / "heard.wav", one.play(files))
    assert result.complete
    report = audio.measure_tone(samples, 1000)
    assert report.length_ms == pytest.approx(610, abs=3)
    assert (report.gaps, report.jumps) == ([], [])


async def test_a_missing_file_is_a_result(media, tmp_path):
    one, _other = media.open_pipe()
    result = await one.play(str(tmp_path / "none.wav"))
    assert result.end is PlaybackEnd.FAILED
    assert "none.wav" in result.error


async def test_cancelling_stops_the_sound(media, tmp_path):
    one, other = media.open_pipe()
    audio.write_wav(tmp_path / "long.wav", audio.sine(1000, 5000))

    async def for_a_moment():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await one.play(str(tmp_path / "long.wav"))

    _, samples = await heard_by(other, tmp_path / "heard.wav", for_a_moment())
    start, end = audio.active(samples)
    assert end - start == pytest.approx(300, abs=60)


async def test_tones_of_a_country(media, tmp_path):
    one, other = media.open_pipe()
    tones = Indications.builtin().resolve("busy", "de")
    playing = one.start_tones(tones)

    async def a_while():
        await asyncio.sleep(1.5)
        playing.stop()
        return await playing.wait()

    result, samples = await heard_by(other, tmp_path / "heard.wav", a_while())
    assert result.end is PlaybackEnd.STOPPED
    holes = audio.gaps(samples)
    assert holes
    assert holes[0].length_ms == pytest.approx(480, abs=10)
    first = samples[1600:3200]
    assert audio.tone_dbm0(first, 425) == pytest.approx(-13, abs=0.3)
    assert audio.frequency_of(first) == pytest.approx(425, abs=1)


async def test_tones_that_end(media, tmp_path):
    one, other = media.open_pipe()
    tones = parse_tone_list("!950/330,!1400/330,!1800/330")
    result, samples = await heard_by(other, tmp_path / "heard.wav", one.play_tones(tones))
    assert result.complete
    start, end = audio.active(samples)
    assert end - start == pytest.approx(990, abs=10)
    for index, frequency in enumerate((950, 1400, 1800)):
        at = round((start + 330 * index + 60) * 8)
        assert audio.frequency_of(samples[at : at + 1600]) == pytest.approx(frequency, abs=1)


@pytest.mark.parametrize("inband", [False, True])
async def test_digits_arrive_in_order(media, inband):
    one, other = media.open_pipe()
    if inband:
        other.set_dtmf(inband=True)
        # a stream that goes on, as a phone's does: the last digit ends when something else is heard
        one.start_tones([(0.0, 0.0, False, 0, False)])
    else:
        for port in (one, other):
            port.set_codecs(
                (0, "PCMU", 8000, 20),
                [(0, "PCMU", 8000)],
                telephone_event_send=101,
                telephone_event_receive=[101],
            )
    other.listener = listener = Digits()
    assert await one.send_dtmf("159#", duration_ms=60, gap_ms=40) is DigitsEnd.SENT
    await asyncio.wait_for(listener.four.wait(), 3)
    assert listener.heard == "159#"


async def test_hanging_up_completes_the_recording(media, tmp_path):
    one, other = media.open_pipe()
    audio.write_wav(tmp_path / "long.wav", audio.sine(1000, 3000))
    play = asyncio.create_task(one.play(str(tmp_path / "long.wav")))
    record = asyncio.create_task(other.record(str(tmp_path / "heard.wav"), "wav"))
    await asyncio.sleep(0.3)
    one.close()
    other.close()
    assert (await play).end is PlaybackEnd.CLOSED
    result = await record
    assert result.end is RecordingEnd.HANGUP
    samples, _ = audio.read(tmp_path / "heard.wav")
    assert len(samples) / 8 == pytest.approx(result.recorded_ms, abs=1)
    assert result.recorded_ms > 150
    with pytest.raises(MediaError):
        one.start_playing("/x.wav")


async def test_echo(media, tmp_path):
    one, other = media.open_pipe()
    other.echo()
    pattern = audio.chirp()
    audio.write_wav(tmp_path / "chirp.wav", audio.join(pattern, audio.silence(100)))
    _, samples = await heard_by(one, tmp_path / "heard.wav", one.play(str(tmp_path / "chirp.wav")))
    delay, likeness = audio.delay_ms(pattern, samples)
    assert likeness > 0.98
    assert delay < 150
