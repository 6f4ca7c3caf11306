"""A switch without sockets, threads or waiting: channels of a technology `Fake`, media that only keeps books.

Everything above the media engine's core object is the real thing: Pbx, Runner, applications, MediaPort.
The loop is a VirtualLoop, so an hour of call costs nothing.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from offhook.apps import load_applications
from offhook.apps.menus import collect_digits
from offhook.config.errors import Problems
from offhook.dialplan.model import Dialplan
from offhook.dialplan.reader import read_dialplan_text
from offhook.dialplan.runner import Runner
from offhook.drivers.local import LocalOptimizer, LocalTechnology
from offhook.features.call_completion.service import CallCompletion
from offhook.features.conferences import Conferences
from offhook.features.device_states import DeviceStates
from offhook.features.dynamic_features import DynamicFeatures
from offhook.features.hints import Hints
from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.channel import Channel, ChannelState
from offhook.pbx.party import PartyId
from offhook.pbx.pbx import CannotDialError, Pbx
from offhook.testing.media import FakeCore, FakeMedia, FakeSounds

if TYPE_CHECKING:
    from offhook.media.port import MediaPort

# What a dialplan calls.
load_applications()
for _name in ("offhook.functions", "offhook.api.agi"):
    importlib.import_module(_name)

__all__ = ["EPOCH", "FakeChannel", "FakePhone", "FakeSwitch", "FakeTechnology"]

EPOCH = 1_767_225_600.0  # Thursday, 1 January 2026, 00:00 UTC, at the beginning of each test


class FakeChannel(Channel):
    """Remembers what the switch does to it.  It has audio once it is placed, progresses or is answered."""

    technology = "Fake"
    __slots__ = ("did", "last_core", "no_audio", "phone", "released", "shown", "silent", "video")

    def __init__(
        self,
        office: FakeSwitch,
        name: str,
        *,
        outgoing: bool,
        phone: FakePhone | None,
        linkedid: str | None = None,
    ) -> None:
        self.did: list[str] = []
        self.released: int | None = None
        self.shown: list[PartyId] = []
        self.phone = phone
        self.no_audio = False
        self.silent = False  # nothing is heard of the far end
        self.last_core: FakeCore | None = None  # also when the leg has ended
        self.video: MediaPort | None = None
        super().__init__(office.pbx, name, outgoing=outgoing, linkedid=linkedid)

    def further_media(self) -> list[tuple[str, MediaPort]]:
        return [("video", self.video)] if self.video is not None else []

    # ---- what the switch does

    def _audio(self) -> None:
        if self.media is None and not self.ended and not self.no_audio:
            self.attach_media(self.pbx.media.open_port("192.0.2.1"))
            self.last_core = self.core
            if not self.silent:
                self.core.set_remote("192.0.2.99", 4000)

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
        if self.video is not None:
            self.video.close()
        self.released = cause

    def _connected_line_changed(self) -> None:
        self.shown.append(self.connected)

    def _hold(self, on: bool) -> None:
        self.did.append("hold" if on else "unhold")

    def redirect_call(self, target: str, done: Callable[[int], None] | None = None) -> None:
        self.did.append(f"redirect {target}")
        if done is not None:
            done(0)

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


class FakePhone:
    """A destination of the technology `Fake`, and what it does when it is called."""

    def __init__(self, office: FakeSwitch, name: str, **behaviour: Any) -> None:
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
        leg.deliver(events.Redirected(leg, targets))
        leg.far_end_hung_up(Cause.REDIRECTED_TO_NEW_DESTINATION)

    def _later(self, seconds: float | None, leg: FakeChannel, act: Callable[[], None]) -> None:
        if seconds is None:
            return
        timer = self.office.loop.call_later(seconds, act)
        leg.when_ended(timer.cancel)


class FakeTechnology:
    """Makes legs to the office's phones."""

    def __init__(self, office: FakeSwitch, name: str = "Fake") -> None:
        self.name = name
        self._office = office
        self.channel: type[FakeChannel] = FakeChannel
        if name != "Fake":
            self.channel = type(f"{name}Channel", (FakeChannel,), {"technology": name, "__slots__": ()})

    def find(self, destination: str) -> FakePhone | None:
        """The phone that a destination means; of `number@line` and `line/address` the line."""
        phones = self._office.phones
        line = destination.rpartition("@")[2].partition("/")[0]
        return phones.get(destination) or phones.get(line)

    def request(self, destination: str, *, caller: Channel | None) -> list[Channel]:
        phone = self.find(destination)
        if phone is None:
            raise CannotDialError(f"there is no phone {destination}", Cause.UNALLOCATED)
        if phone.cannot is not None:
            raise CannotDialError(f"{destination} cannot be called", phone.cannot)
        legs: list[Channel] = []
        for _ in range(phone.contacts):
            name = f"{self.name}/{phone.name}-{self._office.count():04x}"
            linkedid = caller.linkedid if caller is not None else None
            leg = self.channel(self._office, name, outgoing=True, phone=phone, linkedid=linkedid)
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
        return "INUSE" if self._office.pbx.by_device.get(f"{self.name}/{device}") else "NOT_INUSE"


class FakeSwitch:
    """A whole switch with phones, for one test.  Made inside the running loop."""

    def __init__(self, dialplan: str | Dialplan = "[default]\n") -> None:
        self.loop = asyncio.get_running_loop()
        self.problems = Problems()
        self.began = self.loop.time()
        if isinstance(dialplan, str):
            dialplan = read_dialplan_text(dialplan, problems=self.problems, clock=self.wall)
            assert not self.problems.errors, self.problems.errors
        dialplan.clock = self.wall
        self.runner = Runner(dialplan)
        self.runner.collect_digits = collect_digits
        self.media = FakeMedia(self.loop)
        self.pbx = Pbx(loop=self.loop, dialplan=self.runner, media=self.media, wall_clock=self.wall)  # type: ignore[arg-type]
        self.pbx.provide_sounds(FakeSounds())  # type: ignore[arg-type]
        self.music: list[tuple[str, str]] = []  # (channel, class) that hears music now
        self.pbx.provide_music(self._start_music)
        self.phones: dict[str, FakePhone] = {}
        self.pbx.add_technology(FakeTechnology(self))
        self.pbx.add_technology(LocalTechnology(self.pbx))
        self.pbx.add_service(LocalOptimizer(self.pbx))
        self.devices = DeviceStates(self.pbx)
        self.pbx.add_service(self.devices)
        self.completion = CallCompletion(self.pbx, self.runner, self.devices)
        self.pbx.add_service(self.completion)
        self.hints = Hints(self.pbx, self.devices, self.runner)
        self.pbx.add_service(self.hints)
        self.dynamic_features = DynamicFeatures(self.pbx, self.runner)
        self.conferences = Conferences(self.pbx)
        self.pbx.add_service(self.conferences)
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

    def phone(self, name: str, **behaviour: Any) -> FakePhone:
        """A phone `Fake/name`; see FakePhone for what it can do by itself."""
        self.phones[name] = phone = FakePhone(self, name, **behaviour)
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
        left += [f"call of {channel.name}" for channel in self.runner._calls]  # pyright: ignore[reportPrivateUsage]
        left += [f"music for {name}" for name, _ in self.music]
        return left
