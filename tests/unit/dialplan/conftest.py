"""A channel without technology, and a runner for a dialplan given as text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

import offhook.apps.control
import offhook.functions  # noqa: F401 - both declare what the dialplan calls
from offhook.config.errors import Problems
from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, application, applications
from offhook.dialplan.errors import Hangup
from offhook.dialplan.model import Dialplan
from offhook.dialplan.reader import read_dialplan_text
from offhook.dialplan.runner import Runner
from offhook.pbx.channel import Channel
from offhook.pbx.party import PartyId
from offhook.pbx.pbx import Pbx

NOW = 1_767_225_600.0  # Thursday, 1 January 2026, 00:00 UTC


class TestChannel(Channel):
    """Goes up when it is answered; nothing else."""

    __test__ = False
    technology = "Test"
    __slots__ = ("released",)

    def _place(self) -> None:
        pass

    def _answer(self) -> None:
        pass

    def _release(self, cause: int) -> None:
        self.released = cause


class Desk:
    """A switch with one dialplan, to run calls on."""

    def __init__(self, text: str, *, loop: asyncio.AbstractEventLoop) -> None:
        self.problems = Problems()
        self.dialplan: Dialplan = read_dialplan_text(text, problems=self.problems, clock=lambda: NOW)
        self.runner = Runner(self.dialplan, paths={"astetcdir": "/etc/asterisk"})
        self.pbx = Pbx(loop=loop, dialplan=self.runner, wall_clock=lambda: NOW, system_name="")
        self.said: list[str] = []

    def channel(self, number: str = "6001", name: str = "Alice") -> TestChannel:
        channel = TestChannel(self.pbx, f"Test/{number}-{len(self.pbx.channels)}", outgoing=False)
        channel.caller = PartyId(number, name)
        return channel

    def call(self, number: str = "6001", name: str = "Alice") -> Call:
        """A call that does not run, to evaluate things with."""
        return Call(self.channel(number, name), self.runner, self.dialplan)

    async def run(self, exten: str = "s", context: str = "default", number: str = "6001") -> TestChannel:
        """Run a call to its end; what it said is in `said`."""
        channel = self.channel(number)
        channel.start_dialplan(context, exten)
        assert channel.task is not None
        await asyncio.wait_for(asyncio.shield(channel.task), 5)
        return channel


said: list[str] = []


def _declare() -> None:
    @application("TestSay")
    def say(call: Call, text: Raw = "") -> None:
        """Remember what was said."""
        said.append(text)

    @application("TestWait")
    async def wait(call: Call, seconds: float = 1000.0) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    @application("TestHangup")
    def hangup(call: Call, cause: int = 0) -> None:
        """Hang up."""
        raise Hangup(cause)


if "TestSay" not in applications:
    _declare()


@pytest.fixture
async def desk() -> Callable[[str], Desk]:
    loop = asyncio.get_running_loop()
    return lambda text: Desk(text, loop=loop)


@pytest.fixture(autouse=True)
def spoken() -> Iterator[list[str]]:
    """What TestSay() said in this test."""
    said.clear()
    yield said
    said.clear()
