"""Calls that the console places and moves: channel originate, channel redirect."""

from __future__ import annotations

import asyncio

import pytest

from offhook.api.console.server import ask
from unit.drivers.node import Audio, Dialog, Peer, Switch, hang_up, phone

ECHO = "[default]\nexten => 1,1,Echo()\nexten => 2,1,Hangup(17)\n"
OURS = b"\x21" * 160


async def console(switch: Switch, line: str) -> str:
    """Type a line."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, lambda: ask(switch.node.paths.socket, line, timeout=5))


async def answered(switch: Switch, line: str) -> tuple[Peer, Audio, Dialog]:
    """A phone that has been called by this line, and hears itself."""
    await switch.start(phone("alice"), ECHO)
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    await alice.register()
    assert await console(switch, f"channel originate PJSIP/alice {line}") == ""
    invite = await alice.expect("INVITE")
    dialog = alice.accept(invite, audio.sdp())
    await alice.expect("ACK")
    audio.aim(invite)
    audio.talk(0, 0x21)
    await audio.hears(0, OURS)
    return alice, audio, dialog


@pytest.mark.parametrize("line", ["extension 1@default", "application Echo"])
async def test_originate(switch: Switch, line: str) -> None:
    alice, _, dialog = await answered(switch, line)
    await hang_up(switch, alice, dialog)


async def test_an_application_that_ends_ends_the_call(switch: Switch) -> None:
    await switch.start(phone("alice"), ECHO)
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    await alice.register()
    await console(switch, "channel originate PJSIP/alice application Wait 0.1")
    alice.accept(await alice.expect("INVITE"), audio.sdp())
    alice.answer(await alice.expect("BYE"), 200)


@pytest.mark.parametrize("line", ["extension 1", "application Echo"])
async def test_redirect(switch: Switch, line: str) -> None:
    alice, _, _ = await answered(switch, line)
    (name,) = switch.channels()
    assert "redirected to default,2,1" in await console(switch, f"channel redirect {name} default,2,1")
    assert "cause=17" in ((await alice.expect("BYE")).get("Reason") or "")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("channel originate PJSIP/alice extension 9@default", "no extension '9'"),
        ("channel originate PJSIP/alice application Ecco", "did you mean Echo"),
        ("channel originate PJSIP/alice", "usage:"),
        ("channel originate PJSIP/alice somewhere 1", "neither extension nor application"),
        ("channel redirect nobody default,1,1", "no channel"),
    ],
)
async def test_mistakes_are_said(switch: Switch, line: str, why: str) -> None:
    await switch.start(phone("alice"), ECHO)
    assert why in await console(switch, line)
