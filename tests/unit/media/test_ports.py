"""Ports and their service against an engine that does what it is told."""

import asyncio
import logging
import os

import pytest

from offhook.media.activity import DigitsEnd, PlaybackEnd, PlaybackResult, RecordingEnd
from offhook.media.port import PortListener
from offhook.media.service import MediaService


class Core:
    """An engine's port that writes down its commands."""

    def __init__(self, engine, number):
        self.engine = engine
        self.id = number
        self.address = "127.0.0.1"
        self.rtp_port = 10000 + 2 * number
        self.rtcp_port = self.rtp_port + 1
        self.closed = False
        self.commands = []
        self.next = 0

    def _command(self, name, *values):
        if self.closed:
            raise RuntimeError("closed")
        self.commands.append((name, *values))

    def _number(self):
        self.next += 1
        return self.next

    def play(self, files, *, loop, offset_ms):
        self._command("play", tuple(files), loop, offset_ms)
        return self._number()

    def play_tones(self, tones, *, repeat, level_dbm0):
        self._command("tones", tuple(tones), repeat, level_dbm0)
        return self._number()

    def record(self, path, format, **limits):
        self._command("record", path, format, limits)
        return self._number()

    def send_dtmf(self, digits, *, duration_ms, gap_ms):
        self._command("dtmf", digits, duration_ms, gap_ms)
        return self._number()

    def stop(self, play=0):
        self._command("stop", play)

    def pause(self, play, on):
        self._command("pause", play, on)

    def seek(self, play, offset_ms):
        self._command("seek", play, offset_ms)

    def stop_record(self, record):
        self._command("stop_record", record)

    def bridge(self, peer):
        self._command("bridge", peer)

    def close(self):
        self.closed = True


class Engine:
    """The engine's face: ports and a descriptor that becomes readable."""

    def __init__(self):
        self.event_fd, self._write = os.pipe()
        self.queue = []
        self.cores = []
        self.closed = 0

    def open_port(self, address, **options):
        self.options = options
        core = Core(self, len(self.cores) + 1)
        self.cores.append(core)
        return core

    def open_pipe(self, *, near=None):
        return self.open_port(""), self.open_port("")

    def happen(self, *event):
        self.queue.append(event)
        os.write(self._write, b"x")

    def events(self):
        if self.queue:
            os.read(self.event_fd, 4096)
        batch, self.queue = self.queue, []
        return batch

    def stats(self):
        return {"ports": len(self.cores)}

    def close(self):
        self.closed += 1

    def free(self):
        os.close(self.event_fd)
        os.close(self._write)


@pytest.fixture
async def engine():
    engine = Engine()
    yield engine
    engine.free()


@pytest.fixture
async def service(engine):
    service = MediaService(engine)
    yield service
    service.close()


class Listener(PortListener):
    def __init__(self):
        self.heard = []

    def on_dtmf_begin(self, port, digit, inband):
        self.heard.append(("begin", port.id, digit, inband))

    def on_dtmf_end(self, port, digit, duration_ms):
        self.heard.append(("end", port.id, digit, duration_ms))

    def on_source(self, port, address, differs):
        self.heard.append(("source", address, differs))

    def on_timeout(self, port, seconds, held):
        self.heard.append(("timeout", seconds, held))

    def on_bye(self, port):
        self.heard.append(("bye",))


async def turn():
    """Let the loop look at its descriptors."""
    for _ in range(3):
        await asyncio.sleep(0)
    await asyncio.sleep(0.001)


async def test_a_playback_ends(engine, service):
    port = service.open_port("127.0.0.1")
    task = asyncio.create_task(port.play("/a.wav"))
    await turn()
    engine.happen("play_end", port.id, 1, "finished", 1234)
    result = await task
    assert result == PlaybackResult(PlaybackEnd.FINISHED, 1234)
    assert result.complete
    assert engine.cores[0].commands == [("play", ("/a.wav",), False, 0)]


@pytest.mark.parametrize(
    ("text", "end", "error"),
    [
        ("stopped", PlaybackEnd.STOPPED, None),
        ("replaced", PlaybackEnd.REPLACED, None),
        ("closed", PlaybackEnd.CLOSED, None),
        ("error: no such file", PlaybackEnd.FAILED, "no such file"),
    ],
)
async def test_how_playbacks_end(engine, service, text, end, error):
    port = service.open_port("127.0.0.1")
    results = []
    playback = port.start_playing(["/a.wav", "/b.wav"], loop=True, offset_ms=5, on_end=results.append)
    assert playback.running
    engine.happen("play_end", port.id, playback.id, text, 7)
    assert await playback.wait() == PlaybackResult(end, 7, error)
    assert results == [PlaybackResult(end, 7, error)]
    # once more changes nothing
    engine.happen("play_end", port.id, playback.id, "finished", 9)
    await turn()
    assert len(results) == 1
    assert await playback.wait() == results[0]


async def test_cancelling_stops_the_playback(engine, service):
    port = service.open_port("127.0.0.1")
    task = asyncio.create_task(port.play("/a.wav"))
    await turn()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.cores[0].commands[-1] == ("stop", 1)
    engine.happen("play_end", port.id, 1, "stopped", 20)
    await turn()
    port.close()
    assert service.ports() == 0


async def test_cancelling_after_the_hangup_is_quiet(engine, service):
    port = service.open_port("127.0.0.1")
    task = asyncio.create_task(port.play("/a.wav"))
    await turn()
    port.close()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_pause_seek_and_stop(engine, service):
    port = service.open_port("127.0.0.1")
    playback = port.start_playing("/a.wav")
    playback.pause()
    playback.pause(False)
    playback.seek(-3000)
    playback.stop()
    assert engine.cores[0].commands[1:] == [
        ("pause", 1, True),
        ("pause", 1, False),
        ("seek", 1, -3000),
        ("stop", 1),
    ]
    engine.happen("play_end", port.id, 1, "stopped", 0)
    await playback.wait()
    playback.stop()
    playback.seek(1)
    assert len(engine.cores[0].commands) == 5


async def test_one_waiter(engine, service):
    port = service.open_port("127.0.0.1")
    playback = port.start_playing("/a.wav")
    task = asyncio.create_task(playback.wait())
    await turn()
    with pytest.raises(RuntimeError):
        await playback.wait()
    engine.happen("play_end", port.id, 1, "finished", 0)
    await task


async def test_the_same_number_for_different_things(engine, service):
    port = service.open_port("127.0.0.1")
    tones = port.start_tones([(440.0, 0.0, False, 0, False)])
    engine.cores[0].next = 0
    recording = port.start_recording("/r.wav", "wav", max_ms=10)
    assert tones.id == recording.id
    engine.happen("record_end", port.id, 1, "max", 10)
    assert (await recording.wait()).end is RecordingEnd.LENGTH
    assert tones.running


async def test_recordings(engine, service):
    port = service.open_port("127.0.0.1")
    task = asyncio.create_task(port.record("/r.wav", "wav", silence_ms=2000))
    await turn()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.cores[0].commands[-1] == ("stop_record", 1)
    recording = port.start_recording("/r.wav", "wav")
    engine.happen("record_end", port.id, recording.id, "error: disk full", 0)
    result = await recording.wait()
    assert (result.end, result.error) == (RecordingEnd.FAILED, "disk full")


async def test_close_tells_those_who_wait_and_keeps_the_port_for_its_recordings(engine, service):
    port = service.open_port("127.0.0.1")
    play = asyncio.create_task(port.play("/a.wav"))
    digits = asyncio.create_task(port.send_dtmf("123"))
    record = asyncio.create_task(port.record("/r.wav", "wav"))
    await turn()
    port.close()
    port.close()
    assert (await play).end is PlaybackEnd.CLOSED
    assert await digits is DigitsEnd.CLOSED
    assert service.ports() == 1
    assert not record.done()
    engine.happen("play_end", port.id, 1, "closed", 100)
    engine.happen("record_end", port.id, 3, "hangup", 4000)
    result = await record
    assert (result.end, result.recorded_ms) == (RecordingEnd.HANGUP, 4000)
    assert service.ports() == 0


async def test_digits_are_sent(engine, service):
    port = service.open_port("127.0.0.1")
    task = asyncio.create_task(port.send_dtmf("12w#", duration_ms=80))
    await turn()
    assert engine.cores[0].commands == [("dtmf", "12w#", 80, 50)]
    engine.happen("dtmf_sent", port.id, 1, "", 0)
    assert await task is DigitsEnd.SENT


async def test_the_listener_hears_in_order(engine, service):
    one, two = service.open_port("127.0.0.1"), service.open_port("127.0.0.1")
    one.listener = two.listener = listener = Listener()
    engine.happen("dtmf_begin", one.id, 0, "5", 0)
    engine.happen("dtmf_begin", two.id, 0, "#", 1)
    engine.happen("dtmf_end", one.id, 0, "5", 120)
    engine.happen("source", one.id, 0, "192.0.2.1:4000", 1)
    engine.happen("timeout", one.id, 0, "hold", 30)
    engine.happen("bye", one.id, 0, "", 0)
    engine.happen("something new", one.id, 0, "", 0)
    await turn()
    assert listener.heard == [
        ("begin", 1, "5", False),
        ("begin", 2, "#", True),
        ("end", 1, "5", 120),
        ("source", "192.0.2.1:4000", True),
        ("timeout", 30, True),
        ("bye",),
    ]
    one.close()
    engine.happen("dtmf_begin", one.id, 0, "6", 0)
    await turn()
    assert len(listener.heard) == 6


async def test_a_listener_that_fails_hurts_nobody(engine, service, caplog):
    one, two = service.open_port("127.0.0.1"), service.open_port("127.0.0.1")

    class Broken(PortListener):
        def on_bye(self, port):
            raise ValueError("broken")

    one.listener = Broken()
    two.listener = listener = Listener()
    engine.happen("bye", one.id, 0, "", 0)
    engine.happen("bye", two.id, 0, "", 0)
    with caplog.at_level(logging.ERROR):
        await turn()
    assert listener.heard == [("bye",)]
    assert "broken" in caplog.text
    assert service.stats()["events_failed"] == 1


async def test_lost_events_are_counted(engine, service, caplog):
    engine.happen("overrun", 0, 0, "", 12)
    await turn()
    assert service.stats()["events_lost"] == 12
    assert "12 media events" in caplog.text


async def test_closing_the_service_tells_everybody(engine):
    service = MediaService(engine)
    port = service.open_port("127.0.0.1")
    play = asyncio.create_task(port.play("/a.wav"))
    record = asyncio.create_task(port.record("/r.wav", "wav"))
    await turn()
    service.close()
    service.close()
    assert engine.closed == 1
    assert (await play).end is PlaybackEnd.CLOSED
    assert (await record).end is RecordingEnd.HANGUP
    assert service.ports() == 0
    assert not asyncio.get_running_loop().remove_reader(engine.event_fd)


async def test_pipes_and_bridges(engine, service):
    one, two = service.open_pipe()
    one.bridge(two)
    assert engine.cores[0].commands == [("bridge", engine.cores[1])]
    service.open_port("::1", tos=184, near=one)
    assert engine.options["near"] is engine.cores[0]
    assert engine.options["tos"] == 184
