"""Media without audio: ports that keep books of what they were told, and report ends in virtual time.

Everything above the media engine's core object is the real thing: `MediaPort` and what is made of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from offhook._core import AudioQueue, resample
from offhook.media.port import MediaPort
from offhook.media.sounds import SoundFile
from offhook.media.taps import Effects

__all__ = ["CLIP_SECONDS", "FakeCore", "FakeMedia", "FakeRoom", "FakeSounds"]

CLIP_SECONDS = 1.0  # how long each file plays

_RATE = 8000
_FRAME_S = 0.02
_FRAME = 320  # octets


class FakeCore:
    """What `_core.Port` is, without audio: it remembers what it was told and reports ends in virtual time."""

    def __init__(self, service: FakeMedia, number: int) -> None:
        self.service = service
        self.id = number
        self.address = "192.0.2.1"
        self.rtp_port = 10_000 + 2 * number
        self.rtcp_port = self.rtp_port + 1
        self.closed = False
        self.peer: FakeCore | None = None  # bridged with
        self.sees: FakeCore | None = None  # of video: whom it shows its far end
        self.viewers: list[FakeCore] = []  # who shows this one
        self.room: FakeRoom | None = None  # a member of
        self.far: FakeCore | None = None  # the other end of a pipe
        self.echoes = False
        self.relay = True
        self.inband = False
        self.said: list[str] = []  # names of the files played, in order
        self.playing: tuple[int, tuple[str, ...], bool] | None = None
        self.tones: Sequence[Any] | None = None
        self.digits = ""
        self.recordings: dict[int, tuple[str, asyncio.TimerHandle | None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._left = 0.0  # seconds of what is played, while it is halted
        self.hears = b""  # what the far end says next: 16-bit samples at 8 kHz; silence when it is empty
        self._listeners: dict[int, AudioQueue] = {}
        self.gains: dict[int, tuple[float, float]] = {}  # of recordings: what is heard, what is said
        self.paused: dict[int, bool] = {}  # recordings
        self.effects: dict[bool, Effects] = {}  # by whether they are of what is said
        self.watched: dict[int, tuple[str, dict[str, Any]]] = {}
        self.taps: dict[int, dict[str, Any]] = {}  # what of it is listened to
        self.whispers: set[int] = set()  # what is laid over what is sent, from a queue
        self.overlaid: list[str] = []  # names of the files laid over what is sent, in order
        self._numbers = 0

    # ---- events

    @property
    def face(self) -> MediaPort | None:
        """The MediaPort around this."""
        return self.service.ports.get(self.id)

    def _tell(self, kind: str, ref: int, text: str, value: int = 0) -> None:
        face = self.face
        if face is not None:
            self.service.loop.call_soon(face.dispatch, kind, ref, text, value)

    def press(self, digit: str, duration_ms: int = 100) -> None:
        """The far end presses a key."""
        assert self.face is not None
        self.face.dispatch("dtmf_begin", 0, digit, 0)
        self.face.dispatch("dtmf_end", 0, digit, duration_ms)
        if self.relay and self.peer is not None:
            self.peer.digits += digit
            self.peer.arrive(digit, duration_ms)

    def arrive(self, digit: str, duration_ms: int) -> None:
        """What is sent on a pipe comes out of its other end."""
        if self.far is not None and not self.far.closed:
            self.far.press(digit, duration_ms)

    # ---- commands

    def bridge(self, peer: FakeCore) -> None:
        self._alive()
        peer._alive()
        for one in (self, peer):
            one.unbridge()
        self.peer, peer.peer = peer, self
        self.echoes = peer.echoes = False

    def view(self, source: FakeCore) -> None:
        self._alive()
        source._alive()
        self._look_away()
        self.sees = source
        source.viewers.append(self)

    def _look_away(self) -> None:
        if self.sees is not None:
            self.sees.viewers.remove(self)
            self.sees = None

    def unbridge(self) -> None:
        self._alive()
        if self.room is not None:
            self.room.members.pop(self, None)
            self.room = None
        self._look_away()
        for viewer in self.viewers:
            viewer.sees = None
        self.viewers.clear()
        if self.peer is not None:
            self.peer.peer = None
            self.peer = None

    def echo(self, on: bool) -> None:
        self._alive()
        self.echoes = on

    def play(self, files: Sequence[str], *, loop: bool = False, offset_ms: int = 0) -> int:
        self._alive()
        self._end_playing("replaced")
        number = self._number()
        self.playing = (number, tuple(files), loop)
        self.said += [_bare(file) for file in files]
        unreadable = next((file for file in files if "unreadable" in file), "")
        if unreadable:
            self._timer = self.service.loop.call_later(0, self._end_playing, f"error: {unreadable}")
        elif not loop:
            seconds = max(CLIP_SECONDS * len(files) - offset_ms / 1000, 0.0)
            self._timer = self.service.loop.call_later(seconds, self._end_playing, "finished")
        return number

    def play_tones(self, tones: Sequence[Any], *, repeat: bool = True, level_dbm0: float = -13.0) -> int:
        self._alive()
        self._end_playing("replaced")
        number = self._number()
        self.playing = (number, (), repeat)
        self.tones = tones
        if not repeat:
            self._timer = self.service.loop.call_later(CLIP_SECONDS, self._end_playing, "finished")
        return number

    def stop(self, play: int = 0) -> None:
        self._alive()
        if self.playing is not None and play in (0, self.playing[0]):
            self._end_playing("stopped")
        elif play in self.whispers:
            self.whispers.discard(play)
            self._tell("play_end", play, "stopped")

    def pause(self, play: int, on: bool) -> None:
        """Halt a file; it goes on where it was."""
        if self.playing is None or self.playing[0] != play or self.playing[2]:
            return
        loop = self.service.loop
        if on and self._timer is not None:
            self._left = self._timer.when() - loop.time()
            self._timer.cancel()
            self._timer = None
            self._tell_position()
        elif not on and self._timer is None:
            self._timer = loop.call_later(self._left, self._end_playing, "finished")

    def seek(self, play: int, offset_ms: int) -> None:
        """Wind a file; past the end finishes it."""
        if self.playing is None or self.playing[0] != play or self.playing[2]:
            return
        loop = self.service.loop
        whole = CLIP_SECONDS * len(self.playing[1])
        left = self._left if self._timer is None else self._timer.when() - loop.time()
        left = min(max(left - offset_ms / 1000, 0.0), whole)
        if self._timer is None:
            self._left = left
        else:
            self._timer.cancel()
            self._timer = loop.call_later(left, self._end_playing, "finished")
        self._tell_position()

    def _tell_position(self) -> None:
        if self.playing is None or not self.playing[1] or self.playing[2]:
            return
        left = self._left if self._timer is None else self._timer.when() - self.service.loop.time()
        whole = CLIP_SECONDS * len(self.playing[1])
        self._tell("position", self.playing[0], "", round((whole - max(left, 0.0)) * 1000))

    def listen(self, queue: AudioQueue, **options: Any) -> int:
        """A program hears `hears`, a frame each 20 ms."""
        self._alive()
        number = self._number()
        self._listeners[number] = queue
        self.taps[number] = options
        self.service.loop.call_later(_FRAME_S, self._say, number)
        return number

    def _say(self, number: int) -> None:
        queue = self._listeners.get(number)
        if queue is None:
            return
        frame, self.hears = self.hears[:_FRAME], self.hears[_FRAME:]
        frame += bytes(_FRAME - len(frame))
        queue.write(frame if queue.rate == _RATE else resample(frame, _RATE, queue.rate))
        self._tell("audio", number, "")
        self.service.loop.call_later(_FRAME_S, self._say, number)

    def _end_playing(self, why: str) -> None:
        self._tell_position()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        playing, self.playing, self.tones = self.playing, None, None
        if playing is not None:
            self._tell("play_end", playing[0], why)

    def record(self, path: str, format: str, *, max_ms: int = 0, **options: Any) -> int:
        self._alive()
        number = self._number()
        timer = None
        if "unwritable" in path:
            timer = self.service.loop.call_later(0, self._end_record, number, "error: unwritable")
        elif options.get("silence_ms"):
            timer = self.service.loop.call_later(
                options["silence_ms"] / 1000, self._end_record, number, "silence"
            )
        elif max_ms:
            timer = self.service.loop.call_later(max_ms / 1000, self._end_record, number, "max")
        self.recordings[number] = (path, timer)
        self.paused[number] = bool(options.get("paused"))
        self.gains[number] = (options.get("heard_gain", 1.0), options.get("said_gain", 1.0))
        self.service.recorded.append((path, format, {"max_ms": max_ms, **options}))
        return number

    def stop_record(self, record: int) -> None:
        self._end_record(record, "stopped")

    def hold_record(self, record: int, *, paused: bool = False, muted: bool = False) -> None:
        self._alive()
        self.paused[record] = paused

    def set_record_gains(self, record: int, *, heard: float, said: float) -> None:
        self._alive()
        self.gains[record] = (heard, said)

    def set_effects(self, *, said: bool, **effects: Any) -> None:
        self._alive()
        self.effects[said] = Effects(**effects)

    def watch_talking(self, **what: Any) -> int:
        self._alive()
        number = self._number()
        self.watched[number] = ("talking", what)
        return number

    def watch_tone(self, **what: Any) -> int:
        self._alive()
        number = self._number()
        self.watched[number] = ("tone", what)
        return number

    def unwatch(self, watch: int) -> None:
        self._alive()
        del self.watched[watch]

    def find(self, what: str, ms: int = 0, **where: Any) -> None:
        """All that watch for talking (`talking`, `silent`) or a tone (`tone`, `tone_end`) find it.

        `where` names what of their arguments must be so: find("tone", said=False, frequency=425.0).
        """
        assert self.face is not None
        kind = "tone" if what.startswith("tone") else "talking"
        for number, (watched, asked) in list(self.watched.items()):
            if watched == kind and where.items() <= asked.items():
                self.face.dispatch("found", number, what, ms)

    def overlay(self, files: Sequence[str]) -> int:
        self._alive()
        number = self._number()
        self.overlaid += [_bare(file) for file in files]
        self.service.loop.call_later(CLIP_SECONDS, self._tell, "play_end", number, "finished")
        return number

    def overlay_queue(self, queue: AudioQueue) -> int:
        self._alive()
        number = self._number()
        self.whispers.add(number)
        return number

    def speak(self, queue: AudioQueue) -> int:
        self._alive()
        self._end_playing("replaced")
        number = self._number()
        self.playing = (number, (), False)
        return number

    def _end_record(self, number: int, why: str) -> None:
        queue = self._listeners.pop(number, None)
        self.taps.pop(number, None)
        if queue is not None:
            queue.end()
            self._tell("record_end", number, why, queue.passed_ms)
        path, timer = self.recordings.pop(number, ("", None))
        if timer is not None:
            timer.cancel()
        if path:
            self._tell("record_end", number, why, 1000)

    def send_dtmf(self, digits: str, *, duration_ms: int = 100, gap_ms: int = 50) -> int:
        self._alive()
        assert all(digit in "0123456789*#ABCDw" for digit in digits), digits
        self.digits += digits
        for digit in digits:
            self.arrive(digit, duration_ms)
        number = self._number()
        self._tell("dtmf_sent", number, "")
        return number

    def set_dtmf(self, *, relay: bool = True, inband: bool = False) -> None:
        self._alive()
        self.relay, self.inband = relay, inband

    def set_remote(self, host: str, port: int, rtcp_port: int = 0) -> None:
        """The far end is heard from there at once."""
        self._alive()
        if port:
            self._tell("source", 0, f"{host}:{port}")

    def mute(self, *, receive: bool = False, send: bool = False) -> None:
        self._alive()

    def stats(self) -> dict[str, int | float | str]:
        return {"rx_packets": 5, "tx_packets": 7}

    def close(self) -> None:
        if self.room is not None:
            self.room.members.pop(self, None)
            self.room = None
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self.peer is not None:
            self.peer.peer = None
            self.peer = None
        self.playing = None
        for number in (*self.recordings, *self._listeners):
            self._end_record(number, "hangup")

    def _alive(self) -> None:
        assert not self.closed, "a command for a closed port"

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers


def _bare(path: str) -> str:
    return path.removeprefix("/sounds/").rpartition(".")[0]


class FakeRoom:
    """What MediaRoom is: who is in it, and how."""

    def __init__(self, rate: int, interval_ms: int) -> None:
        self.rate, self.interval_ms = rate, interval_ms
        self.members: dict[FakeCore, Any] = {}
        self.closed = False

    def set_rate(self, rate: int) -> None:
        """Mix at another rate."""
        self.rate = rate

    def join(self, port: MediaPort, taking: Any = None) -> None:
        """Take a port in."""
        core: Any = port.core
        if core.room is not self:
            core.unbridge()
        core.room = self
        self.members[core] = taking

    def close(self) -> None:
        """Let all go."""
        self.closed = True
        for core in list(self.members):
            core.room = None
        self.members.clear()


class FakeMedia:
    """What MediaService is."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.ports: dict[int, MediaPort] = {}
        self.recorded: list[tuple[str, str, dict[str, Any]]] = []
        self.rooms: list[FakeRoom] = []
        self.full = False  # no more ports
        self._numbers = 0

    @staticmethod
    def core(port: MediaPort) -> FakeCore:
        """What is behind a port."""
        return cast("FakeCore", port.core)

    def open_port(self, address: str = "", **options: Any) -> MediaPort:
        if self.full:
            from offhook._core import MediaError

            raise MediaError("no_ports")
        self._numbers += 1
        core = FakeCore(self, self._numbers)
        port = MediaPort(core, lambda number: self.ports.pop(number, None) and None)  # type: ignore[arg-type]
        self.ports[port.id] = port
        return port

    def open_room(self, *, rate: int = 8000, interval_ms: int = 20) -> Any:
        """As MediaService.open_room()."""
        room = FakeRoom(rate, interval_ms)
        self.rooms.append(room)
        return room

    def open_pipe(self, *, near: MediaPort | None = None, rate: int = 8000) -> tuple[MediaPort, MediaPort]:
        one, two = self.open_port(), self.open_port()
        one.rate = two.rate = rate
        one.core.far, two.core.far = two.core, one.core  # type: ignore[attr-defined]
        return one, two


class FakeSounds:
    """Has every sound, except those whose names begin with `missing`."""

    default_language = "en"
    folders: tuple[str, ...] = ()

    def find(self, name: str, language: str = "", codec: str = "ulaw", **options: Any) -> SoundFile | None:
        if name.startswith("missing"):
            return None
        folder = "" if language in ("", "en") else f"{language}/"
        return SoundFile(f"/sounds/{folder}{name}.{codec}", language)

    async def resolve(self, name: str, language: str = "", codec: str = "ulaw", **options: Any) -> None:
        return None

    def name_of(self, path: str) -> str:
        """What a file is called in a dialplan."""
        return _bare(path)
