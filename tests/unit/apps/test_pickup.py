"""Pickup and PickupChan: somebody else takes a call that rings."""

from __future__ import annotations

import pytest

from offhook.pbx import events
from offhook.pbx.causes import Cause

PLAN = (
    "[default]\nexten => 200,1,Dial(Fake/bob&Fake/eve)\n same => n,Set(GLOBAL(after)=${{DIALSTATUS}})\n"
    "exten => h,1,Set(GLOBAL(h)=${{GLOBAL(h)}}${{CHANNEL(name):5:4}}/)\n"
    "exten => 8,1,{line}\n same => n,Set(GLOBAL(none)=1)\n"
)


async def ringing(office, line: str):
    o = office(PLAN.format(line=line))
    bob, eve = o.phone("bob", rings=1), o.phone("eve", rings=1)
    alice = o.call("200", number="6001")
    await o.settle(2)
    carol = o.call("8", number="6003")
    await o.settle(1)
    return o, alice, bob, eve, carol


@pytest.mark.parametrize(
    "line",
    [
        "Pickup(200)",
        "Pickup(200@default)",
        "Pickup(5&200@default)",
        "PickupChan(Fake/bob)",
        "PickupChan(fake/b,p)",
        "PickupChan(Fake/none&Fake/eve)",
    ],
)
async def test_takes_the_call(office, line: str) -> None:
    o, alice, bob, eve, carol = await ringing(office, line)
    assert alice.hears is carol
    assert carol.hears is alice
    assert bob.leg.ended
    assert eve.leg.ended
    assert bob.leg.released == Cause.ANSWERED_ELSEWHERE or eve.leg.released == Cause.ANSWERED_ELSEWHERE
    assert alice.get_variable("DIALEDPEERNAME") == carol.name
    assert carol.connected.number == "6001"
    alice.far_end_hung_up(16)
    await o.settle(1)
    assert carol.ended
    assert alice.ended
    assert "none" not in o.runner.globals


async def test_who_picked_up_hangs_up(office) -> None:
    o, alice, _, _, carol = await ringing(office, "Pickup(200)")
    carol.far_end_hung_up(16)
    await o.settle(1)
    assert carol.ended
    assert alice.ended
    assert set(o.runner.globals["h"].strip("/").split("/")) == {"6001", "6003"}


async def test_who_picked_up_is_redirected(office) -> None:
    o, alice, _, _, carol = await ringing(office, "Pickup(200)")
    carol.redirect("default", "8", 2)
    await o.settle(1)
    assert o.runner.globals["none"] == "1"
    assert alice.ended


async def test_nothing_rings_there(office, caplog) -> None:
    o, alice, bob, _, carol = await ringing(office, "Pickup(201)")
    assert carol.ended
    assert o.runner.globals["none"] == "1"
    assert not bob.leg.ended
    assert "nothing rings at 201" in caplog.text
    alice.far_end_hung_up(16)
    await o.settle(1)


async def test_by_mark(office) -> None:
    o = office(
        "[default]\nexten => 200,1,Set(PICKUPMARK=sales)\n same => n,Dial(Fake/bob)\n"
        "exten => 8,1,Pickup(sales@PICKUPMARK)\n"
    )
    o.phone("bob", rings=1)
    alice = o.call("200")
    await o.settle(2)
    carol = o.call("8", number="6003")
    await o.settle(1)
    assert alice.hears is carol
    alice.far_end_hung_up(16)
    await o.settle(1)


async def test_two_want_it_and_one_gets_it(office) -> None:
    o, alice, _, _, carol = await ringing(office, "Pickup(200)")
    dave = o.call("8", number="6004")
    await o.settle(3)
    assert dave.ended
    assert alice.hears is carol
    alice.far_end_hung_up(16)
    await o.settle(1)


async def test_without_a_target(office, caplog) -> None:
    o, alice, _, _, carol = await ringing(office, "Pickup()")
    assert carol.ended
    assert "in the channel's pickup groups" in caplog.text
    alice.far_end_hung_up(16)
    await o.settle(1)


# ---------------------------------------------------------------- groups


@pytest.mark.parametrize(
    ("mine", "theirs", "taken"),
    [
        ("CHANNEL(pickupgroup)=1,7-9", "CHANNEL(callgroup)=8", True),
        ("CHANNEL(namedpickupgroup)=sales,other", "CHANNEL(namedcallgroup)=sales", True),
        ("CHANNEL(pickupgroup)=2", "CHANNEL(callgroup)=8", False),
        ("CHANNEL(namedpickupgroup)=2", "CHANNEL(callgroup)=2", False),
    ],
)
async def test_a_call_of_ones_groups(office, mine: str, theirs: str, taken: bool) -> None:
    o = office(
        "[default]\nexten => 200,1,Dial(Fake/bob,,b(set^s^1))\n"
        f"exten => 8,1,Set({mine})\n same => n,Pickup()\n same => n,Set(GLOBAL(none)=1)\n"
        f"[set]\nexten => s,1,Set({theirs})\n same => n,Return()\n"
    )
    bob = o.phone("bob", rings=1)
    told = []
    o.pbx.bus.listen(events.CallPickedUp, told.append)
    alice = o.call("200")
    await o.settle(2)
    carol = o.call("8", number="6003")
    await o.settle(1)
    assert (alice.bridge is not None and alice.bridge.other(alice) is carol) == taken
    assert ("none" in o.runner.globals) == (not taken)
    assert [(event.by, event.target) for event in told] == [(carol, bob.leg)] * taken
    alice.far_end_hung_up(16)
    await o.settle(1)


async def test_groups_can_be_read(office, caplog) -> None:
    o = office(
        "[default]\nexten => s,1,Set(CHANNEL(callgroup)=3,1-2)\n"
        " same => n,Set(CHANNEL(namedcallgroup)=b,a)\n same => n,Set(CHANNEL(callgroup)=64)\n"
        " same => n,Set(GLOBAL(found)=${CHANNEL(callgroup)}/${CHANNEL(pickupgroup)}/"
        "${CHANNEL(namedcallgroup)})\n"
    )
    await o.ended(o.call())
    assert o.runner.globals["found"] == "1, 2, 3//a,b"
    assert "groups have numbers from 0 to 63" in caplog.text
