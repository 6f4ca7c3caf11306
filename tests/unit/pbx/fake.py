"""A switch without sockets, threads or waiting: channels of a technology `Fake`, media that only keeps books.

Everything above the media engine's core object is the real thing: Pbx, Runner, applications, MediaPort.
The loop is that of calls/virtual_loop.py, so an hour of call costs nothing.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Sequence
from typing import Any

from offhook.apps import load_applications
from offhook.config.errors import Problems
from offhook.dialplan.reader import read_dialplan_text
from offhook.dialplan.runner import Runner
from offhook.drivers.local import LocalTechnology
from offhook.features.device_states import DeviceStates
from offhook.features.hints import Hints
from offhook.media.port import MediaPort
from offhook.media.sounds import SoundFile
from offhook.pbx.causes import Cause
from offhook.pbx.channel import Channel, ChannelState
from offhook.pbx.party import PartyId
from offhook.pbx.pbx import CannotDialError, Pbx

load_applications()
importlib.import_module("offhook.functions")

EPOCH = 1_767_225_600.0  # Thursday, 1 January 2026, 00:00 UTC, at the beginning of each test
CLIP_SECONDS = 1.0  # how long each file plays


# ---------------------------------------------------------------- media


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
            if one.peer is not None:
                one.peer.peer = None
        self.peer, peer.peer = peer, self
        self.echoes = peer.echoes = False

    def unbridge(self) -> None:
        self._alive()
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
            seconds = CLIP_SECONDS * len(files)
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

    def _end_playing(self, why: str) -> None:
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
        self.service.recorded.append((path, format, {"max_ms": max_ms, **options}))
        return number

    def stop_record(self, record: int) -> None:
        self._end_record(record, "stopped")

    def _end_record(self, number: int, why: str) -> None:
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
        self._alive()

    def mute(self, *, receive: bool = False, send: bool = False) -> None:
        self._alive()

    def stats(self) -> dict[str, int | float | str]:
        return {"rx_packets": 5, "tx_packets": 7}

    def close(self) -> None:
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self.peer is not None:
            self.peer.peer = None
            self.peer = None
        self.playing = None
        for number in list(self.recordings):
            self._end_record(number, "hangup")

    def _alive(self) -> None:
        assert not self.closed, "a command for a closed port"

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers


def _bare(path: str) -> str:
    return path.removeprefix("/sounds/").rpartition(".")[0]


class FakeMedia:
    """What MediaService is."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.ports: dict[int, MediaPort] = {}
        self.recorded: list[tuple[str, str, dict[str, Any]]] = []
        self.full = False  # no more ports
        self._numbers = 0

    def open_port(self, address: str = "", **options: Any) -> MediaPort:
        if self.full:
            from offhook._core import MediaError

            raise MediaError("no_ports")
        self._numbers += 1
        core = FakeCore(self, self._numbers)
        port = MediaPort(core, lambda number: self.ports.pop(number, None) and None)  # type: ignore[arg-type]
        self.ports[port.id] = port
        return port

    def open_pipe(self, *, near: MediaPort | None = None) -> tuple[MediaPort, MediaPort]:
        one, two = self.open_port(), self.open_port()
        one.core.far, two.core.far = two.core, one.core  # type: ignore[attr-defined]
        return one, two


class FakeSounds:
    """Has every sound, except those whose names begin with `missing`."""

    default_language = "en"

    def find(self, name: str, language: str = "", codec: str = "ulaw", **options: Any) -> SoundFile | None:
        if name.startswith("missing"):
            return None
        folder = "" if language in ("", "en") else f"{language}/"
        return SoundFile(f"/sounds/{folder}{name}.{codec}", language)

    async def resolve(self, name: str, language: str = "", codec: str = "ulaw", **options: Any) -> None:
        return None


# ---------------------------------------------------------------- channels


class FakeChannel(Channel):
    """Remembers what the switch does to it.  It has audio once it is placed, progresses or is answered."""

    technology = "Fake"
    __slots__ = ("did", "no_audio", "phone", "released", "shown")

    def __init__(
        self, office: Office, name: str, *, outgoing: bool, phone: Phone | None, linkedid: str | None = None
    ) -> None:
        self.did: list[str] = []
        self.released: int | None = None
        self.shown: list[PartyId] = []
        self.phone = phone
        self.no_audio = False
        super().__init__(office.pbx, name, outgoing=outgoing, linkedid=linkedid)

    # ---- what the switch does

    def _audio(self) -> None:
        if self.media is None and not self.ended and not self.no_audio:
            self.attach_media(self.pbx.media.open_port("192.0.2.1"))

    def _place(self) -> None:
        self.did.append("place")
        self._audio()
        if self.phone is not None:
            self.phone.called(self)

    def _ring(self) -> None:
        self.did.append("ring")

    def _progress(self) -> None:
        self.did.append("progress")
        self._audio()

    def _answer(self) -> None:
        self.did.append("answer")
        self._audio()

    def _release(self, cause: int) -> None:
        assert self.released is None
        self.did.append("release")
        self.released = cause

    def _connected_line_changed(self) -> None:
        self.shown.append(self.connected)

    def _hold(self, on: bool) -> None:
        self.did.append("hold" if on else "unhold")

    def redirect_call(self, target: str) -> None:
        self.did.append(f"redirect {target}")

    def info(self, item: str) -> str | None:
        return "yes" if item == "fake" else None

    # ---- what the far end does

    @property
    def core(self) -> FakeCore:
        assert self.media is not None, f"{self.name} has no audio"
        return self.media.core  # type: ignore[return-value]

    def press(self, digits: str, duration_ms: int = 100) -> None:
        """Keys, one after the other at once."""
        for digit in digits:
            self.core.press(digit, duration_ms)

    @property
    def said(self) -> list[str]:
        """Prompts that this leg heard so far."""
        return self.core.said

    @property
    def hears(self) -> FakeChannel | None:
        """Whom its port is joined with."""
        peer = self.core.peer
        return peer.face.listener if peer is not None and peer.face is not None else None  # type: ignore[return-value]

    @property
    def tone(self) -> bool:
        """Whether it hears a tone."""
        return self.media is not None and self.core.tones is not None


class Phone:
    """A destination of the technology `Fake`, and what it does when it is called."""

    def __init__(self, office: Office, name: str, **behaviour: Any) -> None:
        self.office = office
        self.name = name
        self.contacts: int = behaviour.pop("contacts", 1)
        self.cannot: Cause | None = behaviour.pop("cannot", None)
        self.rings: float | None = behaviour.pop("rings", None)
        self.early_media: float | None = behaviour.pop("early_media", None)
        self.answers: float | None = behaviour.pop("answers", None)
        self.refuses: tuple[float, int] | None = behaviour.pop("refuses", None)
        self.forwards: tuple[float, tuple[str, ...]] | None = behaviour.pop("forwards", None)
        self.hangs_up: float | None = behaviour.pop("hangs_up", None)  # after the answer
        self.caller: PartyId = behaviour.pop("caller", PartyId(name))
        self.context: str = behaviour.pop("context", "default")
        self.no_audio: bool = behaviour.pop("no_audio", False)
        assert not behaviour, behaviour
        self.legs: list[FakeChannel] = []

    @property
    def leg(self) -> FakeChannel:
        """The latest leg to this phone."""
        assert self.legs, f"nobody has called {self.name}"
        return self.legs[-1]

    def called(self, leg: FakeChannel) -> None:
        """It was placed: do what was set up."""
        self._later(self.rings, leg, leg.ringing)
        self._later(self.early_media, leg, lambda: leg.progressing(early_media=True))
        self._later(self.answers, leg, leg.answered)
        if self.answers is not None and self.hangs_up is not None:
            self._later(self.answers + self.hangs_up, leg, lambda: leg.far_end_hung_up(16))
        if self.refuses is not None:
            cause = self.refuses[1]
            self._later(self.refuses[0], leg, lambda: leg.far_end_hung_up(cause))
        if self.forwards is not None:
            targets = self.forwards[1]
            self._later(self.forwards[0], leg, lambda: self._forward(leg, targets))

    def _forward(self, leg: FakeChannel, targets: tuple[str, ...]) -> None:
        from offhook.pbx import events

        leg.deliver(events.Redirected(leg, targets))
        leg.far_end_hung_up(Cause.REDIRECTED_TO_NEW_DESTINATION)

    def _later(self, seconds: float | None, leg: FakeChannel, act: Callable[[], None]) -> None:
        if seconds is None:
            return
        timer = self.office.loop.call_later(seconds, act)
        leg.when_ended(timer.cancel)


class FakeTechnology:
    """Makes legs to the office's phones."""

    name = "Fake"

    def __init__(self, office: Office) -> None:
        self._office = office

    def request(self, destination: str, *, caller: Channel | None) -> list[Channel]:
        phone = self._office.phones.get(destination)
        if phone is None:
            raise CannotDialError(f"there is no phone {destination}", Cause.UNALLOCATED)
        if phone.cannot is not None:
            raise CannotDialError(f"{destination} cannot be called", phone.cannot)
        legs: list[Channel] = []
        for _ in range(phone.contacts):
            name = f"Fake/{destination}-{self._office.count():04x}"
            linkedid = caller.linkedid if caller is not None else None
            leg = FakeChannel(self._office, name, outgoing=True, phone=phone, linkedid=linkedid)
            leg.dialed = destination
            leg.caller = phone.caller
            leg.context = phone.context
            leg.no_audio = phone.no_audio
            phone.legs.append(leg)
            legs.append(leg)
        return legs

    def device_state(self, device: str) -> str:
        phone = self._office.phones.get(device)
        if phone is None:
            return "INVALID"
        return "INUSE" if any(not leg.ended for leg in phone.legs) else "NOT_INUSE"


# ---------------------------------------------------------------- the office


class Office:
    """A whole switch with phones, for one test.  Made inside the running loop."""

    def __init__(self, dialplan: str = "[default]\n") -> None:
        self.loop = asyncio.get_running_loop()
        self.problems = Problems()
        self.began = self.loop.time()
        parsed = read_dialplan_text(dialplan, problems=self.problems, clock=self.wall)
        assert not self.problems.errors, self.problems.errors
        self.runner = Runner(parsed)
        self.media = FakeMedia(self.loop)
        self.pbx = Pbx(loop=self.loop, dialplan=self.runner, media=self.media, wall_clock=self.wall)  # type: ignore[arg-type]
        self.pbx.provide_sounds(FakeSounds())  # type: ignore[arg-type]
        self.music: list[tuple[str, str]] = []  # (channel, class) that hears music now
        self.pbx.provide_music(self._start_music)
        self.phones: dict[str, Phone] = {}
        self.pbx.add_technology(FakeTechnology(self))
        self.pbx.add_technology(LocalTechnology(self.pbx))
        self.devices = DeviceStates(self.pbx)
        self.pbx.add_service(self.devices)
        self.hints = Hints(self.pbx, self.devices, self.runner)
        self.pbx.add_service(self.hints)
        self._count = 0

    def wall(self) -> float:
        """The wall clock: as virtual as the loop's."""
        return EPOCH + self.loop.time() - self.began

    @property
    def now(self) -> float:
        """Seconds since the office was made."""
        return round(self.loop.time() - self.began, 6)

    def count(self) -> int:
        self._count += 1
        return self._count

    def _start_music(self, channel: Channel, name: str) -> Callable[[], None]:
        entry = (channel.name, name)
        self.music.append(entry)

        def stop() -> None:
            self.music.remove(entry)

        return stop

    def phone(self, name: str, **behaviour: Any) -> Phone:
        """A phone `Fake/name`; see Phone for what it can do by itself."""
        self.phones[name] = phone = Phone(self, name, **behaviour)
        return phone

    def incoming(self, number: str = "6001", name: str = "Alice") -> FakeChannel:
        """A call that came in and has no dialplan yet."""
        channel = FakeChannel(self, f"Fake/{number}-{self.count():04x}", outgoing=False, phone=None)
        channel.caller = PartyId(number, name)
        channel.set_state(ChannelState.RING)
        return channel

    def call(self, exten: str = "s", *, context: str = "default", number: str = "6001") -> FakeChannel:
        """A call that came in, in the dialplan."""
        channel = self.incoming(number)
        channel.dialed = exten
        channel.start_dialplan(context, exten)
        return channel

    async def settle(self, seconds: float = 0.0) -> None:
        """Let what is ready happen, then so many seconds go by."""
        for _ in range(10):
            await asyncio.sleep(0)
        if seconds:
            await asyncio.sleep(seconds)
            for _ in range(10):
                await asyncio.sleep(0)

    async def ended(self, channel: Channel) -> None:
        """Wait for a channel's end."""
        done = asyncio.Event()
        channel.when_ended(done.set)
        await done.wait()
        await self.settle()

    def left_over(self) -> list[str]:
        """What a finished test must not leave."""
        left = [f"channel {name}" for name in self.pbx.channels]
        left += [f"id {name}" for name in self.pbx.by_uniqueid if name not in self.pbx.channels]
        left += [f"bridge {bridge.uniqueid}" for bridge in self.pbx.bridges]
        left += [f"port {port!r}" for port in self.media.ports.values()]
        left += [f"call of {channel.name}" for channel in self.runner._calls]
        left += [f"music for {name}" for name, _ in self.music]
        return left
