"""The demo office as a whole, on a simulated network and a virtual clock, and random days in it.

`play(seed)` starts the switch with examples/office, three phones and the telephone company's trunk,
lets one to three calls happen at the same time on lines that lose, repeat and reorder packets, and
waits until everybody has hung up.  `Office.check()` then says what is left over and what is wrong.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from calls.fake_media import FakeMediaService
from calls.network import Link, SimulatedNetwork
from calls.parties import Call, Party
from calls.virtual_loop import VirtualLoop
from offhook.apps import load_applications
from offhook.config.files.rtp import RtpConf
from offhook.config.snapshot import read_config
from offhook.dialplan.reader import read_dialplan
from offhook.dialplan.runner import Runner
from offhook.drivers.local import LocalTechnology
from offhook.drivers.sip.driver import SipDriver
from offhook.features.cdr import Cdr, CdrEngine, CdrSettings
from offhook.features.music import MusicOnHold
from offhook.media.music import MusicClass
from offhook.media.sounds import SoundFile
from offhook.pbx.pbx import Pbx
from offhook.sip.auth_client import ClientAuth, ClientCredential
from offhook.sip.digest import Secrets
from offhook.sip.invite_client import InviteClient
from offhook.sip.registration import Registration, RegistrationConfig, RegistrationState
from offhook.sip.resolver import Resolver

__all__ = ["Office", "play"]

OFFICE = Path(__file__).resolve().parents[2] / "examples" / "office"
PHONES = ("6001", "6002", "6003")
SERVER = "192.0.2.100"
_WEATHER = (
    Link(delay=0.01),
    Link(delay=0.02, jitter=0.01, loss=0.05, duplicate=0.03, reorder=0.05),
    Link(delay=0.03, jitter=0.03, loss=0.05, duplicate=0.05, reorder=0.10, late=0.2),
)
_DAY = 40_000.0


class _Sounds:
    """Every prompt exists."""

    def find(self, name: str, language: str = "", codec: str = "ulaw", **_: Any) -> SoundFile:
        return SoundFile(f"/sounds/{name}.wav", "en")

    async def resolve(self, name: str, language: str = "", codec: str = "ulaw", **_: Any) -> SoundFile:
        return self.find(name)


@cache
def _configuration() -> Any:
    load_applications()
    importlib.import_module("offhook.functions")
    return read_config(OFFICE)


def _direct(pjsip: Any) -> Any:
    """The same with direct media."""
    endpoints = {name: replace(one, direct_media=True) for name, one in pjsip.endpoints.items()}
    return replace(pjsip, endpoints=endpoints)


class _Records:
    def __init__(self) -> None:
        self.all: list[Cdr] = []

    def write(self, cdr: Cdr, settings: CdrSettings) -> None:
        self.all.append(cdr)


class Office:
    """Switch, phones and trunk."""

    def __init__(self, loop: VirtualLoop, seed: int) -> None:
        self.loop = loop
        self.random = Random(seed)
        self.seen: Counter[str] = Counter()
        self.network = SimulatedNetwork(loop, seed, Link(delay=0.01))
        snapshot = _configuration()
        self.runner = Runner(read_dialplan(OFFICE / "extensions.conf"))
        self.media = FakeMediaService(loop)
        self.pbx = Pbx(loop=loop, dialplan=self.runner, media=self.media, wall_clock=loop.time)  # type: ignore[arg-type]
        self.pbx.provide_sounds(_Sounds())  # type: ignore[arg-type]
        self.pbx.provide_music(MusicOnHold({"default": MusicClass("default", [])}).start)
        self.records = _Records()
        self.cdr = CdrEngine(self.pbx.bus, loop.time, CdrSettings(unanswered=True))
        self.cdr.backends.append(self.records)
        self.pbx.add_technology(LocalTechnology(self.pbx))
        self.direct = self.random.random() < 0.5  # phones send their audio to each other
        pjsip = _direct(snapshot.pjsip) if self.direct else snapshot.pjsip
        node = self.network.node("office", SERVER)
        secrets = {name: f"secret-{name}" for name in (*PHONES, "trunk")}
        self.sip = SipDriver(
            self.pbx,
            pjsip,
            network=node,
            resolver=Resolver(node.now, dns=None),
            acls={},
            secrets_of_auths=secrets,
            nonce_secret=bytes(32),
            rtp=RtpConf(),
        )
        self.pbx.add_technology(self.sip)
        self.phones: dict[str, Party] = {}
        self.registrations: list[Registration] = []
        for number, name in enumerate(PHONES, 1):
            phone = Party(self.network, name, f"192.0.2.{number}")
            phone.on_call = self._rings
            self.phones[name] = phone
            self._register(phone)

    def _auth(self, name: str) -> ClientAuth:
        return ClientAuth([ClientCredential(name, Secrets(f"secret-{name}"))])

    def _register(self, phone: Party) -> None:
        registration = Registration(
            phone.ua,
            RegistrationConfig(
                client_uri=f"sip:{phone.name}@{SERVER}",
                server_uri=f"sip:{SERVER}",
                contact_user=phone.name,
                max_random_initial_delay=0,
                expiration=7200,
            ),
            auth=self._auth(phone.name),
        )
        self.registrations.append(registration)
        registration.start()

    # ------------------------------------------------------------ what people do

    def _rings(self, call: Call) -> None:
        """A phone rings: somebody answers, or not."""
        random = self.random
        call.at(random.uniform(120, 180), call.hangup)  # also who was transferred to an application goes home
        call.think = lambda: random.choice((0.0, 0.0, 0.05))
        manner = random.random()
        if manner < 0.08:
            call.at(random.uniform(0, 0.2), lambda: call.reject(486))
        elif manner < 0.12:
            call.at(random.uniform(0, 3), lambda: call.reject(random.choice((480, 603, 404, 500))))
        elif manner < 0.16:
            pass  # not even a 180: the network times out, or the caller
        elif manner < 0.26:
            call.ring()  # nobody is there
        else:
            if random.random() < 0.8:
                call.ring(early_media=random.random() < 0.2)
            answer_at = random.choice((0.0, 0.02, random.uniform(0, 5), random.uniform(0, 24.5)))
            call.at(answer_at, call.accept)
            self._in_the_call(call, answer_at)

    def _in_the_call(self, call: Call, answered_at: float) -> None:
        """Hold, resume and hang up at random moments."""
        random = self.random
        at = answered_at + random.uniform(0, 3)
        while random.random() < 0.4:
            call.at(at, lambda: call.reinvite("sendonly"))
            call.at(at + random.uniform(0.01, 4), lambda: call.reinvite("sendrecv"))
            at += random.uniform(0.01, 8)
        if random.random() < 0.25:
            call.at(at + random.uniform(0, 5), lambda: self._transfers(call))
        if random.random() < 0.5:
            call.at(at + random.uniform(0, 20), call.hangup)

    def _transfers(self, call: Call) -> None:
        """Somebody transfers the other party: to a number, or to whom the phone has on its other line."""
        random = self.random
        others = [one for one in call.party.calls if one is not call and one.session.answered]
        if random.random() < 0.5:
            call.when["transferred"] = call.hangup
        if others and random.random() < 0.6:
            self.seen["attended transfers"] += 1
            call.refer(f"sip:somebody@{SERVER}", random.choice(others))
        else:
            self.seen["blind transfers"] += 1
            number = random.choice((*PHONES, *PHONES, "600", "500", "601", "6009"))
            call.refer(f"sip:{number}@{SERVER}")

    def place(self, phone: Party) -> None:
        """Somebody dials."""
        random = self.random
        others = [name for name in PHONES if name != phone.name]
        number = random.choice(
            (
                *others,
                *others,
                *others,
                phone.name,
                "500",
                "500",
                "500",
                "600",
                "812",
                "601",
                "94711",
                "77",
                "6009",
            )
        )
        self.seen[f"dialled {number[:1]}xx" if number not in PHONES else "dialled a phone"] += 1
        call = Call(phone)
        call.session = InviteClient(
            phone.ua,
            f"sip:{number}@{SERVER}",
            call,
            phone.options,
            from_=f"<sip:{phone.name}@{SERVER}>",
            offer=call.describe() if random.random() < 0.9 else None,
            auth=self._auth(phone.name),
        )
        phone.calls.append(call)
        call.session.start()
        call.when["answered"] = lambda: self._in_the_call(call, 0.0)
        if random.random() < 0.25:
            call.at(random.choice((0.01, random.uniform(0, 1), random.uniform(0, 30))), call.hangup)
        if number in ("500", "600"):
            self._types(
                call, "4123#" if random.random() < 0.3 else random.choice(("1", "2", "9", "6002", "##", ""))
            )
        # In the end everybody goes home.
        call.at(random.uniform(30, 90), call.hangup)

    def _types(self, call: Call, digits: str) -> None:
        at = self.random.choice((0.5, 2.5, 6.0, 12.0))
        for digit in digits:
            at += self.random.uniform(0.05, 1.5)
            call.at(at, lambda digit=digit: self._press(call, digit))

    def _press(self, call: Call, digit: str) -> None:
        for channel in list(self.pbx.channels.values()):
            session = getattr(channel, "session", None)
            if session is not None and session.call_id == call.session.call_id and channel.media is not None:
                channel.media.press(digit)  # type: ignore[attr-defined]

    # ------------------------------------------------------------ the day

    async def day(self) -> None:
        """Register, then let calls happen."""
        await asyncio.sleep(1)
        assert all(one.state is RegistrationState.REGISTERED for one in self.registrations)
        self.network.link = self.random.choice(_WEATHER)
        phones = list(self.phones.values())
        for _ in range(self.random.choice((1, 1, 2, 3, 4))):
            self.loop.call_later(self.random.uniform(0, 10), self.place, self.random.choice(phones))
        await asyncio.sleep(400)
        for registration in self.registrations:
            registration.stop()
        self.network.calm()
        await asyncio.sleep(40)
        self.sip.stop(lambda: None)

    def check(self) -> list[str]:
        """What is left over or wrong; nothing when all is well."""
        left: list[str] = []
        pbx = self.pbx
        left += [f"channel {name}" for name in pbx.channels]
        left += [f"bridge {bridge.uniqueid}" for bridge in pbx.bridges]
        left += [f"port {port.id}" for port in self.media.ports]
        ua = self.sip.ua
        counts = {
            "dialogs": ua.dialogs,
            "transactions": ua.stack.transactions(),
            "client records": len(ua._clients),
            "watchers": len(ua._watchers),
            "defects": ua.counters.defects,
        }
        left += [f"office: {count} {what}" for what, count in counts.items() if count]
        for phone in self.phones.values():
            left += phone.leftovers()
        left += [f"loop: {error}" for error in self.loop.errors]
        answered = sum(call.answered for phone in self.phones.values() for call in phone.calls)
        # One whose caller was answered by the menu and then not by a phone is NO ANSWER, with an answer time.
        recorded = sum(1 for cdr in self.records.all if cdr.answer)
        if answered and not recorded:
            left.append("an answered call has no record")
        for cdr in self.records.all:
            if not cdr.end or cdr.end < cdr.start or (cdr.answer and cdr.answer < cdr.start - 1e-6):
                left.append(f"the record of {cdr.channel} has times that cannot be")
        self.seen.update(cdr.disposition for cdr in self.records.all)
        calls = [call for phone in self.phones.values() for call in phone.calls]
        self.seen["transferred"] += sum(call.referrals.count(202) for call in calls)
        self.seen["went direct"] += sum(bool(call.addresses - {SERVER, ""}) for call in calls)
        self.seen["told of a transfer"] += sum("200" in call.fragments for call in calls)
        return left


def play(seed: int) -> tuple[list[str], Office]:
    """One random day; what was wrong with it."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        office = Office(loop, seed)
        loop.run_until_complete(office.day())
        idle = loop.settle(_DAY)
        problems = office.check()
        if not idle:
            problems.append(f"{len(loop.timers())} timers are still armed: {loop.timers()[:3]}")
        problems += [f"task {task.get_name()}" for task in asyncio.all_tasks(loop)]
        return problems, office
    finally:
        asyncio.set_event_loop(None)
        loop.close()
        gc.collect(0)
