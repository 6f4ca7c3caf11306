"""Whole dialplans, as people have them: each loads, has only the problems that it says, and runs as it says.

What is expected stands in the file, in comments that begin with two comment signs (`;;`, `//;`, `--;`):

    needs APPLICATION        without it the plan is skipped; what is said of it does not count
    problem LINE: TEXT       what the linter says of a line; nothing else is said
    clock 2026-03-02 10:00   the local time at which what follows happens
    phone NAME key=value     a phone Fake/NAME and what it does (answers=2, refuses=1:17 ...)
    device NAME STATE        the state of Custom:NAME
    call EXTEN@CONTEXT from=NUMBER
    wait SECONDS             press DIGITS            hangup            ends
    hears NAME ...           the prompts so far      dials NAME ...    the phones called so far, in order
    cause NUMBER             var NAME=VALUE          global NAME=VALUE         at EXTEN@CONTEXT
    hint EXTEN@CONTEXT STATE                         can DIGITS@CONTEXT yes|more|no
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from offhook.config.errors import Problems
from offhook.dialplan.declare import applications
from offhook.dialplan.lint import lint
from offhook.dialplan.load import load_dialplan
from unit.pbx.fake import FakeChannel, FakeCore, Office, Phone

PLANS = sorted(Path(__file__).with_name("plans").iterdir())
_DIRECTIVE = re.compile(r"\s*(?:;;|//;|--;) ?(.*)")
_VALUES: dict[str, Any] = {
    "refuses": lambda text: tuple(map(int, text.split(":"))),
    "forwards": lambda text: (float(text.split(":")[0]), tuple(text.split(":")[1].split("&"))),
}


class Scenario:
    """One dialplan and the calls of its comments."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        text = path.read_text()
        self.lines = [
            (number, found[1].strip())
            for number, line in enumerate(text.split("\n"), 1)
            if (found := _DIRECTIVE.fullmatch(line)) and found[1].strip()
        ]
        self.offset = 0.0
        self.office = Office()
        name = f"extensions{path.suffix}"
        (folder / name).write_text(text)
        self.problems = Problems()
        dialplan = load_dialplan(folder, self.problems, clock=self.clock)
        assert dialplan is not None
        self.office.began -= self.offset
        lint(dialplan, self.problems)
        self.said = [
            f"{one.line}: {str(one).partition(': ')[2]}".partition(" (there are")[0]
            for one in sorted(self.problems, key=lambda p: p.line)
        ]
        self.office.runner.install(dialplan)
        self.channel: FakeChannel | None = None
        self.core: FakeCore | None = None
        self.called: list[Phone] = []

    def clock(self) -> float:
        return self.office.wall() + self.offset

    async def run(self) -> None:
        needed = [text.partition(" ")[2] for _, text in self.lines if text.startswith("needs ")]
        for name in needed:
            if name not in applications:
                pytest.skip(f"there is no {name}()")
        expected = [text.partition(" ")[2] for _, text in self.lines if text.startswith("problem ")]
        assert [one for one in self.said if not any(name in one for name in needed)] == expected
        for number, text in self.lines:
            word, _, rest = text.partition(" ")
            if word in ("problem", "needs"):
                continue
            try:
                await getattr(self, f"do_{word}")(rest.strip())
            except AssertionError as error:
                raise AssertionError(f"{self.path.name}:{number}: {text}\n{error}") from error

    @property
    def leg(self) -> FakeChannel:
        assert self.channel is not None
        return self.channel

    async def do_clock(self, text: str) -> None:
        self.offset = datetime.strptime(text, "%Y-%m-%d %H:%M").timestamp() - self.office.wall()

    async def do_phone(self, text: str) -> None:
        name, *pairs = text.split()
        behaviour: dict[str, Any] = {}
        for pair in pairs:
            key, _, value = pair.partition("=")
            behaviour[key] = _VALUES.get(key, float)(value)
        phone = self.office.phone(name, **behaviour)
        was_called = phone.called

        def called(leg: FakeChannel) -> None:
            self.called.append(phone)
            was_called(leg)

        phone.called = called  # type: ignore[method-assign]
        self.office.devices.review()

    async def do_device(self, text: str) -> None:
        from offhook.features.device_states import DeviceState

        name, state = text.split()
        self.office.devices.set_custom(name, DeviceState[state])

    async def do_call(self, text: str) -> None:
        place, *pairs = text.split()
        options = dict(pair.split("=", 1) for pair in pairs)
        exten, _, context = place.partition("@")
        self.called.clear()
        self.core = None
        self.channel = self.office.incoming(options.get("from", "6001"), options.get("name", "Alice"))
        self.channel.dialed = exten
        self.channel.start_dialplan(context or "default", exten)
        await self.office.settle()

    async def go_on(self, seconds: float) -> None:
        """Let time go by; what the leg hears is kept, as its port is closed when it ends."""
        end = self.office.loop.time() + seconds
        await self.office.settle()
        while not self.leg.ended and self.office.loop.time() < end:
            if self.leg.media is not None:
                self.core = self.leg.core
            await self.office.settle(0.05)
        await self.office.settle(max(0.0, end - self.office.loop.time()) if seconds < 3600 else 0.0)

    async def do_wait(self, text: str) -> None:
        await self.go_on(float(text))

    async def do_press(self, text: str) -> None:
        for digit in text.replace(" ", ""):
            self.leg.press(digit)
            await self.go_on(0.2)

    async def do_hangup(self, text: str) -> None:
        self.leg.request_hangup()
        await self.go_on(2)

    async def do_ends(self, text: str) -> None:
        await self.go_on(100_000)
        assert self.leg.ended

    async def do_hears(self, text: str) -> None:
        assert (self.core.said if self.core is not None else []) == text.split()

    async def do_dials(self, text: str) -> None:
        assert [phone.name for phone in self.called] == text.split()

    async def do_cause(self, text: str) -> None:
        assert self.leg.hangup_cause == int(text)

    async def do_var(self, text: str) -> None:
        name, _, value = text.partition("=")
        assert self.office.runner.call_on(self.leg).get(name) == value

    async def do_global(self, text: str) -> None:
        name, _, value = text.partition("=")
        assert self.office.runner.globals.get(name, "") == value

    async def do_at(self, text: str) -> None:
        assert f"{self.leg.exten}@{self.leg.context}" == text

    async def do_hint(self, text: str) -> None:
        place, state = text.split()
        exten, _, context = place.partition("@")
        found = self.office.hints.state(exten, context)
        assert found is not None
        assert found.text == state

    async def do_can(self, text: str) -> None:
        place, answer = text.split()
        digits, _, context = place.partition("@")
        dialplan = self.office.runner.dialplan
        more = dialplan.match_more(context, digits)
        found = "more" if more else "yes" if dialplan.can_match(context, digits) else "no"
        assert found == answer


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.name)
async def test_plan(path: Path, tmp_path: Path) -> None:
    if path.suffix == ".lua":
        pytest.importorskip("lupa")
    scenario = Scenario(path, tmp_path)
    try:
        await scenario.run()
    finally:
        office = scenario.office
        for channel in list(office.pbx.channels.values()):
            channel.request_hangup()
        await office.settle(1)
    assert office.left_over() == []


def test_there_are_enough() -> None:
    assert len(PLANS) >= 40
