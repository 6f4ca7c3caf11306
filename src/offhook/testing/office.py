"""An office for tests: a configuration on a switch without sockets and without waiting, and phones to work.

    async def test_the_menu(office):
        phone, reception = office.phone("6001"), office.phone("6002")
        await phone.dial("500")
        phone.hears("welcome")
        await phone.presses("1")
        reception.rings()
        await reception.answers()
        phone.talks_to(reception)

Time is virtual.  What a test awaits goes on until nothing more happens by itself: no prompt is played and
nothing is due within a second.  So a test sees a menu after its prompts, a phone while it rings, and not the
end of a time-out; `await phone.waits(30)` lets that come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.api.extensions import load_extensions
from offhook.api.packages import declare_codecs
from offhook.api.python.dialplan import Dialplan
from offhook.api.python.steps import add_to
from offhook.config.errors import Problems, nearest
from offhook.config.snapshot import ConfigSnapshot, read_config
from offhook.dialplan.reader import read_dialplan_text
from offhook.pbx.causes import Cause
from offhook.pbx.channel import ChannelState
from offhook.pbx.party import PartyId
from offhook.testing.switch import FakeChannel, FakePhone, FakeSwitch, FakeTechnology
from offhook.testing.virtual_loop import VirtualLoop

if TYPE_CHECKING:
    from offhook.dialplan.model import Dialplan as ContextTree

__all__ = ["Office", "Phone"]

QUIET = 1.0  # seconds: what is due later does not happen "by itself"
_PATIENCE = 3600.0  # seconds of a call without a quiet second
_TECHNOLOGIES = ("PJSIP", "SIP", "IAX2", "DAHDI", "Phone")


class Phone:
    """A phone or line of the office: it calls, it is called, and it knows what it hears.

    Until it is told otherwise it rings when it is called, and nobody answers.
    """

    def __init__(self, office: Office, name: str, context: str, caller: PartyId) -> None:
        self.office = office
        self.name = name
        self.context = context
        """Where what it dials is looked up."""
        self.caller = caller
        """Its own caller id."""
        self.line = FakePhone(office.switch, name, caller=caller, context=context, rings=0.0)
        office.switch.phones[name] = self.line
        self._call: FakeChannel | None = None
        self._matched: dict[FakeChannel, int] = {}

    def __repr__(self) -> str:
        return f"<phone {self.name}>"

    # ---------------------------------------------------------- what it does when it is called

    def will_answer(self, after: float = 2.0, *, hang_up_after: float | None = None) -> None:
        """Answer every call after so many seconds, and hang up so many seconds later."""
        self._will(rings=0.0, answers=after, hangs_up=hang_up_after)

    def will_ring(self) -> None:
        """Ring, and never answer by itself."""
        self._will(rings=0.0)

    def will_be_busy(self) -> None:
        """Be busy."""
        self._will(refuses=(0.0, Cause.USER_BUSY))

    def will_reject(self, after: float = 2.0, cause: int = Cause.CALL_REJECTED) -> None:
        """Ring, and reject the call with this Q.850 cause."""
        self._will(rings=0.0, refuses=(after, cause))

    def will_forward(self, *targets: str, after: float = 0.0) -> None:
        """Send the caller to other dial strings or numbers."""
        self._will(forwards=(after, targets))

    def will_be_unreachable(self) -> None:
        """Be registered nowhere: it cannot be called at all."""
        self._will(cannot=Cause.SUBSCRIBER_ABSENT)

    def _will(self, **behaviour: object) -> None:
        fresh = FakePhone(
            self.office.switch, self.name, caller=self.caller, context=self.context, **behaviour
        )
        fresh.legs = self.line.legs
        self.line = self.office.switch.phones[self.name] = fresh

    # ---------------------------------------------------------- what its user does

    async def dial(self, number: str, *, until: str = "") -> None:
        """Call a number.  `until`: stop the clock as soon as this prompt begins, to interrupt it."""
        assert self._call is None or self._call.ended, f"{self.name} is in a call: let it hang up first"
        switch = self.office.switch
        self._call = channel = self.office.channel(self, outgoing=False)
        channel.caller = self.caller
        channel.set_state(ChannelState.RING)
        channel.dialed = number
        if not switch.runner.exists(self.context, number, caller=self.caller.number):
            channel.context, channel.exten = self.context, number
            channel.hangup(Cause.UNALLOCATED)
            return
        channel.start_dialplan(self.context, number)
        await self._quiet(until)

    async def presses(self, keys: str, *, until: str = "") -> None:
        """Press keys, one after the other."""
        channel = self._talking()
        for key in keys:
            channel.press(key)
            await self.office.settle()
        await self._quiet(until)

    async def answers(self) -> None:
        """Take the call that rings."""
        leg = self.call
        is_ringing = leg.outgoing and leg.state is not ChannelState.UP and not leg.ended
        assert is_ringing, f"{self.name} is not ringing; {self.situation()}"
        leg.answered()
        await self._quiet()

    async def rejects(self, cause: int = Cause.CALL_REJECTED) -> None:
        """Reject the call that rings."""
        self._alive().far_end_hung_up(cause)
        await self._quiet()

    async def hangs_up(self) -> None:
        """End the call."""
        self._alive().far_end_hung_up(Cause.NORMAL_CLEARING)
        await self._quiet()

    async def holds(self) -> None:
        """Put the other party on hold."""
        self._talking().far_end_held(True)
        await self._quiet()

    async def resumes(self) -> None:
        """Take the other party back."""
        self._talking().far_end_held(False)
        await self._quiet()

    async def waits(self, seconds: float, *, until: str = "") -> None:
        """Let so many seconds go by, or fewer when the prompt `until` begins before."""
        loop = self.office.switch.loop
        end = loop.time() + seconds
        reached = self._began(until)
        await self.office.advance(lambda: loop.time() >= end or reached(), end)
        await self.office.settle()

    # ---------------------------------------------------------- what it can tell

    @property
    def call(self) -> FakeChannel:
        """Its latest call, made or received.  AssertionError when there was none."""
        legs = self.line.legs
        if self._call is not None and (not legs or self._call.created_at >= legs[-1].created_at):
            return self._call
        assert legs, f"{self.name} has made no call and got none"
        return legs[-1]

    @property
    def heard(self) -> list[str]:
        """The prompts of its latest call, in order."""
        core = self.call.last_core
        return list(core.said) if core is not None else []

    @property
    def calls(self) -> list[str]:
        """What was dialled each time that it was called: of a trunk, the numbers."""
        return [leg.dialed.partition("@")[0] for leg in self.line.legs]

    @property
    def is_in_call(self) -> bool:
        """Whether its latest call is up."""
        legs = self.line.legs
        return (
            (self._call is not None or bool(legs))
            and self.call.state is ChannelState.UP
            and not self.call.ended
        )

    def hears(self, *sounds: str) -> None:
        """Check that it has heard these prompts, one behind the other, after those of the last check."""
        heard = self.heard
        start = self._matched.get(self.call, 0)
        for begin in range(start, len(heard) - len(sounds) + 1):
            if tuple(heard[begin : begin + len(sounds)]) == sounds:
                self._matched[self.call] = begin + len(sounds)
                return
        behind = f" (after {', '.join(heard[:start])})" if start else ""
        got = ", ".join(heard[start:]) or "nothing"
        raise AssertionError(
            f"{self.name} should hear {', '.join(sounds)} and has heard {got}{behind}; {self.situation()}"
        )

    def hears_nothing_more(self) -> None:
        """Check that no prompt came after those of the last check."""
        more = self.heard[self._matched.get(self.call, 0) :]
        assert not more, f"{self.name} has also heard {', '.join(more)}"

    def hears_music(self, music_class: str = "") -> None:
        """Check that it hears music on hold, of this class."""
        classes = [found for name, found in self.office.switch.music if name == self.call.name]
        assert classes, f"{self.name} hears no music; {self.situation()}"
        assert not music_class or music_class in classes, f"{self.name} hears the music of {classes}"

    def hears_tone(self) -> None:
        """Check that it hears a tone: ringing, busy, dial tone."""
        assert self.call.tone, f"{self.name} hears no tone; {self.situation()}"

    def rings(self, caller: str = "") -> None:
        """Check that it rings, and shows this number."""
        legs = self.line.legs
        assert legs, f"nobody has called {self.name}"
        leg = legs[-1]
        is_ringing = leg.state is ChannelState.RINGING and not leg.ended
        assert is_ringing, f"{self.name} does not ring; {self.situation()}"
        shown = leg.connected.number
        assert not caller or shown == caller, f"{self.name} shows {shown!r}, not {caller!r}"

    def does_not_ring(self) -> None:
        """Check that nobody calls it now."""
        ringing = [leg for leg in self.line.legs if not leg.ended and leg.state is not ChannelState.UP]
        assert not ringing, f"{self.name} rings"

    def talks_to(self, other: Phone) -> None:
        """Check that both hear each other."""
        mine, theirs = self.call, other.call
        joined = mine.bridge is not None and mine.bridge is theirs.bridge
        assert joined, (
            f"{self.name} and {other.name} do not hear each other; {self.situation()}; {other.situation()}"
        )

    def was_hung_up(self, cause: int = 0) -> None:
        """Check that its call is over, for this Q.850 cause."""
        call = self.call
        assert call.ended, f"{self.name} has not been hung up; {self.situation()}"
        assert not cause or call.hangup_cause == cause, (
            f"{self.name} was hung up with cause {call.hangup_cause}, not {int(cause)}"
        )

    def situation(self) -> str:
        """Where its call is: for messages."""
        legs = self.line.legs
        if self._call is None and not legs:
            return f"{self.name} is in no call"
        call = self.call
        if call.ended:
            return f"its call has ended with cause {call.hangup_cause}"
        if call.task is None:
            return f"its call is {call.state.name.lower()}"
        doing = f", {call.application}({call.application_data})" if call.application else ""
        return f"its call is at {call.exten}@{call.context}:{call.priority}{doing}"

    # ---------------------------------------------------------- inside

    def _alive(self) -> FakeChannel:
        call = self.call
        assert not call.ended, f"{self.name} has no call any more: {self.situation()}"
        return call

    def _talking(self) -> FakeChannel:
        call = self._alive()
        assert call.media is not None, f"{self.name} has no audio yet; {self.situation()}"
        return call

    def _began(self, sound: str) -> Callable[[], bool]:
        before = self.heard.count(sound) if sound and (self._call is not None or self.line.legs) else 0
        return lambda: bool(sound) and self.heard.count(sound) > before

    async def _quiet(self, until: str = "") -> None:
        await self.office.quiet(self._began(until) if until else None)


class Office:
    """A switch with phones.  Made inside a running VirtualLoop (the fixtures do that)."""

    def __init__(
        self,
        config: str | Path | None = None,
        *,
        extensions: str = "",
        scripts: Iterable[Dialplan] = (),
    ) -> None:
        """Take a configuration folder, or the text of an extensions.conf, or dialplans in Python, or all.

        Raises AssertionError with every mistake when the configuration has one.
        """
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop), (
            "an Office needs a VirtualLoop: use the fixtures `office` or `make_office`"
        )
        self.loop = loop
        problems = Problems()
        snapshot = ConfigSnapshot(Path()) if config is None else read_config(config, declare=declare_codecs)
        problems.extend(snapshot.problems)
        self.switch = FakeSwitch(_dialplan(snapshot, config is not None, extensions, scripts, problems))
        assert not problems.errors, "\n".join(str(error) for error in problems.errors)
        self._technologies = {name: FakeTechnology(self.switch, name) for name in _TECHNOLOGIES}
        for technology in self._technologies.values():
            self.switch.pbx.add_technology(technology)
        self.phones: dict[str, Phone] = {}
        self.has_config = bool(snapshot.pjsip.endpoints)
        for name, endpoint in snapshot.pjsip.endpoints.items():
            said = endpoint.callerid
            caller = PartyId(said.number, said.name) if said is not None else PartyId(name)
            self.phones[name] = Phone(self, name, endpoint.context, caller)

    # ---------------------------------------------------------- phones

    def phone(self, name: str, *, context: str = "", number: str = "") -> Phone:
        """The phone or line of this name (an endpoint of pjsip.conf; without that file, any).

        Args:
            name: as it stands behind `PJSIP/` in dial strings.
            context: where what it dials is looked up; what pjsip.conf says, or `default`.
            number: its caller id's number.
        """
        found = self.phones.get(name)
        if found is None:
            if self.has_config and not context:
                hint = nearest(name, self.phones)
                meant = f" (did you mean {hint}?)" if hint else ""
                raise AssertionError(f"pjsip.conf has no endpoint {name}{meant}")
            found = self.phones[name] = Phone(self, name, context or "default", PartyId(number or name))
        elif context:
            found.context = context
        if number:
            found.caller = PartyId(number, found.caller.name)
        return found

    def channel(self, phone: Phone, *, outgoing: bool) -> FakeChannel:
        """A channel of a phone, without dialplan."""
        technology = self._technologies["PJSIP"]
        name = f"PJSIP/{phone.name}-{self.switch.count():04x}"
        return technology.channel(
            self.switch, name, outgoing=outgoing, phone=phone.line if outgoing else None
        )

    # ---------------------------------------------------------- state

    @property
    def now(self) -> float:
        """Seconds since the office was made."""
        return self.switch.now

    @property
    def variables(self) -> dict[str, str]:
        """Global variables."""
        return self.switch.runner.globals

    async def waits(self, seconds: float) -> None:
        """Let so many seconds go by."""
        end = self.loop.time() + seconds
        await self.advance(lambda: self.loop.time() >= end, end)
        await self.settle()

    async def everybody_hangs_up(self) -> None:
        """End all calls, and check that nothing is left of them."""
        for channel in list(self.switch.pbx.channels.values()):
            channel.request_hangup()
        await self.waits(2.0)
        left = self.switch.left_over()
        assert not left, f"left when everybody has hung up: {', '.join(left)}"
        errors, self.loop.errors[:] = list(self.loop.errors), []
        for context in errors:
            error = context.get("exception")
            raise AssertionError(
                f"an error that nobody handled: {context.get('message')}: {error!r}"
            ) from error

    # ---------------------------------------------------------- time

    async def settle(self) -> None:
        """Let what is ready happen; no time goes by."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def quiet(self, until: Callable[[], bool] | None = None) -> None:
        """Let time go by until nothing more happens by itself, or until `until()`."""
        await self.advance(lambda: self._is_quiet() or (until is not None and until()), None)

    def _is_quiet(self) -> bool:
        for port in self.switch.media.ports.values():
            playing = self.switch.media.core(port).playing
            if playing is not None and playing[1] and not playing[2]:
                return False
        timers = self.loop.timers()
        return not timers or timers[0].when() - self.loop.time() > QUIET

    async def advance(self, done: Callable[[], bool], end: float | None) -> None:
        """From event to event until `done()`; not beyond `end`."""
        latest = self.loop.time() + _PATIENCE
        while True:
            await self.settle()
            if done():
                return
            timers = self.loop.timers()
            until = timers[0].when() if timers else end
            if until is None:
                return
            if end is not None:
                until = min(until, end)
            assert until <= latest, "the office has not become quiet within an hour: does a dialplan loop?"
            await asyncio.sleep(max(0.0, until - self.loop.time()))


def _dialplan(
    snapshot: ConfigSnapshot,
    has_folder: bool,
    extensions: str,
    scripts: Iterable[Dialplan],
    problems: Problems,
) -> ContextTree:
    dialplan = load_extensions(snapshot, problems) if has_folder else None
    if dialplan is None or extensions:
        assert dialplan is None, "give a folder with a dialplan, or the text of one"
        dialplan = read_dialplan_text(extensions or "", problems=problems)
    return add_to(dialplan, scripts, problems)
