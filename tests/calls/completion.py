"""An office whose phones ask for call completion, on a simulated network and a virtual clock.

The configuration is the example of docs/call-completion.md, with more phones of the same kind.  A phone has
one line: while it is in use others are refused as busy, which is what the switch sees of it, too.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random

from calls.fake_media import FakeMediaService
from calls.network import Link, SimulatedNetwork
from calls.office import SERVER, _Sounds
from calls.parties import Call, Party
from calls.virtual_loop import VirtualLoop
from offhook.apps import load_applications
from offhook.config.files.rtp import RtpConf
from offhook.config.snapshot import ConfigSnapshot, read_config
from offhook.dialplan.reader import read_dialplan_text
from offhook.dialplan.runner import Runner
from offhook.drivers.local import LocalTechnology
from offhook.drivers.sip.driver import SipDriver
from offhook.features.call_completion import events
from offhook.features.call_completion.service import CallCompletion
from offhook.features.device_states import DeviceStates
from offhook.pbx.pbx import Pbx
from offhook.sip.registration import Registration, RegistrationConfig
from offhook.sip.resolver import Resolver
from unit.docs.doc_blocks import ROOT, blocks_of

__all__ = ["CompletionOffice", "Phone", "play", "tell"]

NUMBERS = ("6001", "6002", "6003", "6004")
_MORE = "".join(
    f"\n[{number}](phone)\naors={number}\n\n[{number}]\ntype=aor\nmax_contacts=1\n" for number in NUMBERS[2:]
)
_DIALPLAN = """
exten => 700,1,Answer()
 same => n,Wait(1000)
"""
_BAD_LINES = (
    Link(delay=0.01),
    Link(delay=0.02, jitter=0.01, loss=0.03, duplicate=0.03, reorder=0.05),
    Link(delay=0.03, jitter=0.03, loss=0.05, duplicate=0.05, reorder=0.10, late=0.2),
)


@cache
def _configuration() -> tuple[ConfigSnapshot, str]:
    """What the page says."""
    load_applications()
    importlib.import_module("offhook.functions")
    page = (ROOT / "docs" / "call-completion.md").read_text("utf-8")
    files = {
        block.argument: block.text
        for block in blocks_of(page, "call-completion.md")
        if block.marker == "check"
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pjsip.conf").write_text(files["pjsip.conf"] + _MORE)
        (folder / "ccss.conf").write_text(files["ccss.conf"])
        snapshot = read_config(folder)
    return snapshot, files["extensions.conf"] + _DIALPLAN


class Phone:
    """A phone with one line, and how it meets a call."""

    def __init__(self, office: CompletionOffice, number: str, host: str) -> None:
        self.office = office
        self.number = number
        self.party = Party(office.network, number, host)
        self.party.on_call = self._rings
        self.answers: Callable[[], float | None] = lambda: 1.0
        """Seconds until somebody answers; None: nobody does."""
        self.talks: Callable[[], float] = lambda: 10_000.0
        self.registration = Registration(
            self.party.ua,
            RegistrationConfig(
                client_uri=f"sip:{number}@{SERVER}",
                server_uri=f"sip:{SERVER}",
                contact_user=number,
                max_random_initial_delay=0,
                expiration=7200,
            ),
        )

    @property
    def line(self) -> Call | None:
        """The call that it is on."""
        return next((one for one in self.party.calls if not one.session.ended), None)

    @property
    def calls(self) -> list[Call]:
        """All calls so far."""
        return self.party.calls

    def _rings(self, call: Call) -> None:
        if any(one is not call and not one.session.ended for one in self.party.calls):
            call.reject(486)
            return
        call.ring()
        call.at(self.talks(), call.hangup)
        seconds = self.answers()
        if seconds is not None:
            call.at(seconds, call.accept)

    def dial(self, number: str) -> Call:
        """Somebody lifts the receiver and dials."""
        call = self.party.call(f"sip:{number}@{SERVER}")
        call.at(self.talks(), call.hangup)
        return call

    def hang_up(self) -> None:
        """Whatever call it is on."""
        if self.line is not None:
            self.line.hangup()

    @property
    def talks_with_somebody(self) -> bool:
        """Whether it is on a call that was answered."""
        line = self.line
        return line is not None and bool(line.session.answered)


class CompletionOffice:
    """The switch and its phones."""

    def __init__(self, loop: VirtualLoop, seed: int, link: Link, dialplan: str = "") -> None:
        self.loop = loop
        self.random = Random(seed)
        self.seen: Counter[str] = Counter()
        self.told: list[str] = []
        self.network = SimulatedNetwork(loop, seed, Link(delay=0.01))
        self._link = link
        snapshot, plan = _configuration()
        self.runner = Runner(read_dialplan_text(plan + dialplan))
        self.media = FakeMediaService(loop)
        self.pbx = Pbx(loop=loop, dialplan=self.runner, media=self.media, wall_clock=loop.time)  # type: ignore[arg-type]
        self.pbx.provide_sounds(_Sounds())  # type: ignore[arg-type]
        self.devices = DeviceStates(self.pbx)
        self.pbx.add_service(self.devices)
        self.completion = CallCompletion(self.pbx, self.runner, self.devices, snapshot.ccss)
        self.pbx.add_service(self.completion)
        self.pbx.add_technology(LocalTechnology(self.pbx))
        node = self.network.node("office", SERVER)
        self.sip = SipDriver(
            self.pbx,
            snapshot.pjsip,
            network=node,
            resolver=Resolver(node.now, dns=None),
            acls={},
            secrets_of_auths={},
            nonce_secret=bytes(32),
            rtp=RtpConf(),
        )
        self.pbx.add_technology(self.sip)
        for name in events.__all__:
            self.pbx.bus.listen(getattr(events, name), self._tell)
        self.phones = {
            number: Phone(self, number, f"192.0.2.{count}") for count, number in enumerate(NUMBERS, 1)
        }

    def _tell(self, event: object) -> None:
        name = type(event).__name__
        self.seen[name] += 1
        self.told.append(name)
        self.network.note("office", name)

    def state(self, number: str = "6001") -> str:
        """The state of a caller's completion."""
        return next((one.state.value for one in self.completion if one.caller == f"PJSIP/{number}"), "")

    async def begin(self) -> None:
        """Register all phones."""
        for phone in self.phones.values():
            phone.registration.start()
        await asyncio.sleep(1)
        self.network.link = self._link

    async def end(self) -> list[str]:
        """Everybody goes home; what is left over or wrong."""
        self.network.calm()
        await self.completion.close()
        for phone in self.phones.values():
            phone.hang_up()
        await asyncio.sleep(60)
        for channel in list(self.pbx.channels.values()):  # whose end got lost on a bad line
            channel.request_hangup()
        for phone in self.phones.values():
            phone.registration.stop()
        await asyncio.sleep(60)
        self.sip.stop(lambda: None)
        left = [f"channel {name}" for name in self.pbx.channels]
        left += [f"bridge {bridge.uniqueid}" for bridge in self.pbx.bridges]
        left += [f"port {port.id}" for port in self.media.ports]
        left += [f"watched {device}" for device in self.devices.followed]
        left += [f"completion {one.core_id}" for one in self.completion]
        for phone in self.phones.values():
            left += phone.party.leftovers()
        left += [f"loop: {error}" for error in self.loop.errors]
        return left

    # ------------------------------------------------------------ a random day

    async def day(self) -> None:
        """People call each other, ask for completion, and hang up at random moments."""
        random = self.random
        for phone in self.phones.values():
            phone.talks = lambda: random.uniform(1, 60)
            phone.answers = lambda: random.choice((None, 0.1, random.uniform(0.1, 10)))
        for _ in range(60):
            await asyncio.sleep(random.uniform(0.1, 15))
            phone = random.choice(list(self.phones.values()))
            if random.random() < 0.2:
                phone.hang_up()
            elif phone.line is None:
                number = random.choice((*NUMBERS, "*30", "*30", "*30", "*30", "*31", "700"))
                if number != phone.number:
                    phone.dial(number)
            self._check()

    def _check(self) -> None:
        """One recall at a time for each called party, one completion for each caller."""
        callers = [one.caller for one in self.completion]
        assert len(callers) == len(set(callers))
        called = [
            monitor.device for one in self.completion if one.state == "recalling" for monitor in one.monitors
        ]
        assert len(called) == len(set(called))


Story = Callable[[CompletionOffice], Awaitable[object]]


def _run(seed: int, link: Link, story: Story, dialplan: str = "") -> CompletionOffice:
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        office = CompletionOffice(loop, seed, link, dialplan)

        async def all_of_it() -> list[str]:
            await office.begin()
            await story(office)
            return await office.end()

        with office.network.explained():
            left = loop.run_until_complete(all_of_it())
            if not loop.settle(40_000.0):
                left.append(f"{len(loop.timers())} timers are still armed: {loop.timers()[:3]}")
            left += [f"task {task.get_name()}" for task in asyncio.all_tasks(loop)]
            assert not left, left
        return office
    finally:
        asyncio.set_event_loop(None)
        loop.close()
        gc.collect(0)


def tell(story: Story, dialplan: str = "") -> CompletionOffice:
    """One story on good lines."""
    return _run(0, Link(delay=0.01), story, dialplan)


def play(seed: int) -> CompletionOffice:
    """One random day, on lines that may be bad."""
    return _run(seed, replace(Random(seed).choice(_BAD_LINES)), CompletionOffice.day)
