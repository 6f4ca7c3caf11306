"""Attended transfers by DTMF: Dial's options t and T with `atxfer` of features.conf."""

from __future__ import annotations

import pytest

from offhook.config.files.features import FeatureMap, FeaturesGeneral
from offhook.pbx import events
from unit.apps.dialling import dialling

MORE = "exten => 7,1,Dial(Fake/carol,60)\n same => n,Congestion()\n"


async def press(o, leg, digits: str) -> None:
    for digit in digits:
        leg.digit_received(digit, 100)
        await o.settle(0.2)


async def asking(office, options: str, who: str, **carol):
    """Alice and Bob talk, and one of them presses the code and Carol's number."""
    o = dialling(office, options, MORE)
    o.pbx.features.codes = FeatureMap(atxfer="*2")
    o.bob, o.carol = o.phone("bob", answers=1), o.phone("carol", **(carol or {"answers": 2}))
    alice = o.call()
    await o.settle(2)
    o.told = []
    o.pbx.bus.listen(events.AttendedTransferred, o.told.append)
    await press(o, alice if who == "alice" else o.bob.leg, "*27")
    await o.settle(0.5)
    return o, alice, o.bob.leg


def together(*legs) -> bool:
    """Whether the legs, of phones or halves of Local channels, are in one bridge."""
    return len({leg.bridge for leg in legs} - {None}) == 1 and all(leg.bridge is not None for leg in legs)


def consulted(o):
    """The half of the Local channel to Carol that is bridged."""
    return next(
        leg for name, leg in o.pbx.channels.items() if name.startswith("Local/7@") and name.endswith(";1")
    )


@pytest.mark.parametrize("who", ["alice", "bob"])
async def test_the_target_is_asked_first(office, who: str) -> None:
    o, alice, bob = await asking(office, "tT", who)
    transferor, other = (alice, bob) if who == "alice" else (bob, alice)
    assert transferor.said[0] == "pbx-transfer"
    assert other.hold_music is not None
    await o.settle(3)
    assert together(transferor, consulted(o))
    assert not together(transferor, other)
    assert other.hold_music is not None
    assert o.told == []


@pytest.mark.parametrize("who", ["alice", "bob"])
async def test_hanging_up_connects_the_others(office, who: str) -> None:
    o, alice, bob = await asking(office, "tT", who)
    await o.settle(3)
    transferor, other = (alice, bob) if who == "alice" else (bob, alice)
    transferor.far_end_hung_up(16)
    await o.settle(1)
    assert together(other, consulted(o))
    assert other.hold_music is None
    assert not o.carol.leg.ended
    assert transferor.ended
    [told] = o.told
    assert (told.first, told.transferee, told.target) == (transferor, other, consulted(o))
    assert other.get_variable("ATTENDEDTRANSFER") == transferor.name
    assert other.connected.number == "carol"
    o.carol.leg.far_end_hung_up(16)
    await o.ended(other)


async def test_the_caller_goes_on_behind_dial(office) -> None:
    """The caller was transferred; with option g its dialplan goes on after the talk with the target."""
    o, alice, bob = await asking(office, "tg", "bob")
    await o.settle(3)
    bob.far_end_hung_up(16)
    await o.settle(1)
    o.carol.leg.far_end_hung_up(16)
    await o.ended(alice)
    assert o.runner.globals["after"] == "ANSWER"


@pytest.mark.parametrize("who", ["alice", "bob"])
async def test_the_code_to_complete(office, who: str) -> None:
    o, alice, bob = await asking(office, "tT", who)
    await o.settle(3)
    transferor, other = (alice, bob) if who == "alice" else (bob, alice)
    await press(o, transferor, "*2")
    await o.settle(1)
    assert transferor.ended
    assert together(other, consulted(o))


@pytest.mark.parametrize("who", ["alice", "bob"])
@pytest.mark.parametrize("wait", [0, 3])
async def test_the_code_to_go_back(office, who: str, wait: float) -> None:
    """While it rings, and while they talk."""
    o, alice, bob = await asking(office, "tT", who)
    await o.settle(wait)
    await press(o, alice if who == "alice" else bob, "*1")
    await o.settle(1)
    assert together(alice, bob)
    assert o.carol.leg.ended
    assert (alice.hold_music, bob.hold_music) == (None, None)
    bob.far_end_hung_up(16)
    await o.ended(alice)


@pytest.mark.parametrize("carol", [{"rings": 1.0}, {"answers": 2}])
async def test_without_the_target_the_first_call_goes_on(office, carol) -> None:
    """It is busy, or hangs up after a word."""
    o, alice, bob = await asking(
        office, "t", "bob", **({"answers": 2} if "answers" in carol else {"rings": 1})
    )
    await o.settle(3)
    o.carol.leg.far_end_hung_up(17)
    await o.settle(1)
    assert together(alice, bob)
    assert o.told == []


@pytest.mark.parametrize("who", ["alice", "bob"])
async def test_all_three_talk(office, who: str) -> None:
    o, alice, bob = await asking(office, "tT", who)
    await o.settle(3)
    transferor, other = (alice, bob) if who == "alice" else (bob, alice)
    await press(o, transferor, "*3")
    assert together(alice, bob, consulted(o))
    assert o.told[0].stays
    assert other.hold_music is None
    transferor.far_end_hung_up(16)
    await o.settle(1)
    assert together(other, consulted(o))


async def test_of_three_the_target_leaves(office) -> None:
    o, alice, bob = await asking(office, "t", "bob")
    await o.settle(3)
    await press(o, bob, "*3")
    o.carol.leg.far_end_hung_up(16)
    await o.settle(1)
    assert together(alice, bob)


@pytest.mark.parametrize("who", ["alice", "bob"])
async def test_to_and_fro(office, who: str) -> None:
    o, alice, bob = await asking(office, "tT", who)
    await o.settle(3)
    transferor, other = (alice, bob) if who == "alice" else (bob, alice)
    leg = consulted(o)
    await press(o, transferor, "*4")
    assert together(alice, bob)
    assert leg.hold_music is not None
    await press(o, transferor, "*4")
    assert together(transferor, leg)
    assert (leg.hold_music is None, other.hold_music is None) == (True, False)
    await press(o, transferor, "*4")
    transferor.far_end_hung_up(16)  # also while it talks to the first one
    await o.settle(1)
    assert together(other, leg)


@pytest.mark.parametrize("who", ["alice", "bob"])
async def test_the_one_who_waits_hangs_up(office, who: str) -> None:
    """The transferor goes on with the target."""
    o, alice, bob = await asking(office, "tT", who)
    await o.settle(3)
    transferor, other = (alice, bob) if who == "alice" else (bob, alice)
    other.far_end_hung_up(16)
    await o.settle(1)
    assert together(transferor, consulted(o))
    transferor.far_end_hung_up(16)
    await o.settle(1)
    assert o.carol.leg.ended


# ---------------------------------------------------------------- hanging up before the answer


@pytest.mark.parametrize("who", ["alice", "bob"])
async def test_hanging_up_while_it_rings(office, who: str) -> None:
    o, alice, bob = await asking(office, "tT", who, answers=5)
    transferor, other = (alice, bob) if who == "alice" else (bob, alice)
    transferor.far_end_hung_up(16)
    await o.settle(1)
    assert len(o.told) == 1
    assert other.hold_music is None
    assert other.bridge is None or other.bridge.other(other) is None
    await o.settle(5)
    assert together(other, consulted(o))


@pytest.mark.parametrize("who", ["alice", "bob"])
async def test_the_transferor_is_called_back(office, who: str) -> None:
    o, alice, bob = await asking(office, "tT", who, rings=1)
    back = o.phone("6001", answers=1) if who == "alice" else o.bob
    transferor, other = (alice, bob) if who == "alice" else (bob, alice)
    transferor.far_end_hung_up(16)
    await o.settle(16.5)
    assert o.carol.legs[0].ended
    assert together(other, back.leg)
    assert back.leg is not transferor


@pytest.mark.parametrize("who", ["alice", "bob"])
async def test_or_the_call_is_over(office, who: str) -> None:
    o, alice, bob = await asking(office, "tT", who, rings=1)
    o.pbx.features.general = FeaturesGeneral(atxferdropcall=True)
    transferor, other = (alice, bob) if who == "alice" else (bob, alice)
    await press(o, transferor, "*1")
    await press(o, transferor, "*27")
    transferor.far_end_hung_up(16)
    await o.ended(other)
    assert o.carol.leg.ended
    assert len(o.carol.legs) == 2


async def test_nobody_answers_at_last(office) -> None:
    """The transferor is called back twice, the target called again in between; then it is over."""
    o, alice, bob = await asking(office, "t", "bob", rings=1)
    o.pbx.features.settings(bob)
    o.bob.answers = None
    o.bob.rings = 1
    bob.far_end_hung_up(16)
    await o.ended(alice)
    assert len(o.bob.legs) == 3
    assert len(o.carol.legs) == 2
