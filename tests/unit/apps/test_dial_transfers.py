"""Dial's options t and T: a party presses # and a number, and the other one goes there."""

from __future__ import annotations

import pytest

from unit.apps.dialling import talking

MORE = (
    "exten => 700,1,Set(GLOBAL(who)=${CHANNEL(name):5:3} ${BLINDTRANSFER:5:3})\n same => n,Wait(100)\n"
    "exten => 7001,1,Set(GLOBAL(who)=longer)\n same => n,Wait(100)\n"
    "exten => 71,1,Set(GLOBAL(who)=short)\n same => n,Wait(100)\n"
)


async def press(o, leg, digits: str) -> None:
    for digit in digits:
        leg.digit_received(digit, 100)
        await o.settle(0.2)


async def test_the_called_party_transfers(office) -> None:
    """Music to the caller meanwhile; then it goes on in the dialplan, and the called party is gone."""
    o, alice, bob = await talking(office, "t", MORE)
    await press(o, bob.leg, "#")
    assert bob.leg.said == ["pbx-transfer"]
    assert alice.hold_music is not None
    await press(o, bob.leg, "7")
    await o.settle(2.5)
    assert not bob.leg.ended
    await press(o, bob.leg, "1")
    await o.settle(0.5)
    assert o.runner.globals["who"] == "short"
    assert bob.leg.ended
    assert not alice.ended
    assert alice.hold_music is None


async def test_the_caller_transfers(office) -> None:
    """A number that could go on is complete after a pause, or with #."""
    o, alice, bob = await talking(office, "T", MORE)
    await press(o, alice, "#700#")
    await o.settle(0.5)
    assert o.runner.globals["who"] == "bob 600"
    assert alice.ended
    assert not bob.leg.ended
    assert o.runner.globals["h"].startswith("600 ANSWER/")


async def test_a_pause_ends_the_number(office) -> None:
    o, _, bob = await talking(office, "t", MORE)
    await press(o, bob.leg, "#700")
    assert "who" not in o.runner.globals
    await o.settle(3.1)
    assert o.runner.globals["who"] == "600 bob"


@pytest.mark.parametrize("digits", ["", "9", "#"])
async def test_a_number_that_is_none(office, digits: str) -> None:
    """The call goes on, after as many tries as there are."""
    o, alice, bob = await talking(office, "t", MORE)
    await press(o, bob.leg, "#" + digits)
    await o.settle(15)
    assert bob.leg.said[0] == "pbx-transfer"
    assert bob.leg.said[-1] == "privacy-incorrect"
    assert alice.bridge is not None
    assert alice.hold_music is None
    bob.leg.far_end_hung_up(16)
    await o.ended(alice)


@pytest.mark.parametrize("gone", ["alice", "bob"])
async def test_somebody_hangs_up_meanwhile(office, gone: str) -> None:
    o, alice, bob = await talking(office, "tT", MORE)
    await press(o, bob.leg, "#7")
    (alice if gone == "alice" else bob.leg).far_end_hung_up(16)
    await o.ended(alice)
    assert bob.leg.ended
    assert "who" not in o.runner.globals


async def test_not_without_the_option(office) -> None:
    """The code is a digit like any other for who may not transfer."""
    o, alice, bob = await talking(office, "t", MORE)
    await press(o, alice, "#71")
    await o.settle(2)
    assert alice.bridge is not None
    assert bob.leg.said == []
