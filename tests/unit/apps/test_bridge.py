"""Bridge(): to talk to a channel that is there already; and what AMI does to bridges."""

from __future__ import annotations

import pytest

from offhook.pbx.joining import join_two

PLAN = """[default]
exten => bob,1,Answer()
 same => n,Set(GLOBAL(was)=${GLOBAL(was)}w)
 same => n,Set(GLOBAL(was)=${GLOBAL(was)}e)
 same => n,Echo()
exten => place,1,Set(GLOBAL(went)=${CHANNEL(name):5:4})
 same => n,Wait(60)
exten => h,1,NoOp()
exten => s,1,Bridge({0})
 same => n,Set(GLOBAL(after)=${BRIDGERESULT})
 same => n,Wait(1)
"""


async def bridging(office, arguments: str):
    """Bob is in an application, then Alice comes."""
    o = office(PLAN.replace("{0}", arguments))
    bob = o.call("bob", number="6002")
    await o.settle(1)
    alice = o.call()
    await o.settle(1)
    return o, alice, bob


async def test_both_talk_and_then_both_go_on(office) -> None:
    """The one who comes with the next priority, the other with the step that it was taken from."""
    o, alice, bob = await bridging(office, "Fake/6002")
    assert alice.hears is bob
    assert alice.get_variable("BRIDGEPEER") == bob.name
    assert bob.get_variable("BRIDGEPEER") == alice.name
    bob.far_end_hung_up(16)
    await o.ended(alice)
    assert o.runner.globals["after"] == "SUCCESS"


async def test_the_other_goes_back_to_what_it_did(office) -> None:
    o, alice, bob = await bridging(office, "Fake/6002")
    alice.far_end_hung_up(16)
    await o.settle(1)
    assert (bob.context, bob.exten, bob.priority, bob.application) == ("default", "bob", 4, "Echo")
    assert o.runner.globals["was"] == "we"
    bob.far_end_hung_up(16)
    await o.ended(bob)


@pytest.mark.parametrize(
    ("options", "where"),
    [("F", ("s", 2)), ("F(place^2)", ("place", 2)), ("F(default^place^2)", ("place", 2)), ("x", None)],
)
async def test_or_elsewhere(office, options: str, where: tuple[str, int] | None) -> None:
    o, alice, bob = await bridging(office, f"Fake/6002,{options}")
    assert alice.hears is bob
    alice.far_end_hung_up(16)
    if where == ("s", 2):
        await o.ended(bob)
        assert o.runner.globals["after"] == ""  # it is Bob who executes that
        return
    await o.settle(1)
    assert bob.ended == (where is None)
    if where is not None:
        assert (bob.exten, bob.priority) == where
        bob.far_end_hung_up(16)
        await o.ended(bob)


@pytest.mark.parametrize(("name", "result"), [("Fake/7000", "NONEXISTENT"), ("${CHANNEL}", "LOOP")])
async def test_there_is_nobody(office, name: str, result: str) -> None:
    o, alice, bob = await bridging(office, name)
    await o.settle(1)
    assert o.runner.globals["after"] == result
    assert alice.ended
    assert bob.application == "Echo"
    bob.far_end_hung_up(16)
    await o.ended(bob)


async def test_a_limit_and_a_beep(office) -> None:
    o, alice, bob = await bridging(office, "Fake/6002,pS(5)")
    assert bob.said == ["beep"]
    await o.settle(5)
    assert alice.bridge is None
    assert o.runner.globals["after"] == "SUCCESS"
    assert bob.application == "Echo"
    bob.far_end_hung_up(16)
    await o.ended(bob)


async def test_features_of_either(office) -> None:
    o, alice, bob = await bridging(office, "Fake/6002,hH")
    bob.digit_received("*", 100)
    await o.settle(2)
    assert alice.ended
    assert bob.application == "Echo"
    bob.far_end_hung_up(16)
    await o.ended(bob)


async def test_a_called_party_leaves_its_call(office) -> None:
    """It has no dialplan of its own, so nothing is left for it afterwards."""
    o = office(PLAN.replace("{0}", "Fake/carol") + "exten => d,1,Dial(Fake/carol)\n")
    carol = o.phone("carol", answers=1)
    dialer = o.call("d", number="6003")
    await o.settle(2)
    alice = o.call()
    await o.settle(1)
    assert alice.hears is carol.leg
    assert dialer.ended
    alice.far_end_hung_up(16)
    await o.settle(1)
    assert carol.leg.ended


# ---------------------------------------------------------------- by a third party


async def test_two_are_joined_and_go_on(office) -> None:
    o = office(PLAN)
    bob, carol = o.call("bob", number="6002"), o.call("bob", number="6003")
    await o.settle(1)
    join_two(bob, carol, [carol])
    await o.settle(1)
    assert bob.hears is carol
    assert (bob.said, carol.said) == ([], ["beep"])
    assert bob.connected.number == "6003"
    bob.bridge.kick(bob)
    await o.settle(1)
    assert [leg.application for leg in (bob, carol)] == ["Echo", "Echo"]
    assert o.runner.globals["was"] == "wewe"
    for leg in (bob, carol):
        leg.far_end_hung_up(16)
        await o.ended(leg)


async def test_one_of_two_hangs_up(office) -> None:
    o = office(PLAN)
    bob, carol = o.call("bob", number="6002"), o.call("bob", number="6003")
    await o.settle(1)
    join_two(bob, carol)
    await o.settle(1)
    carol.far_end_hung_up(16)
    await o.settle(1)
    assert bob.application == "Echo"
    join_two(bob, o.call("bob", number="6004"))
    await o.settle(1)
    bob.far_end_hung_up(16)
    await o.settle(1)
    [left] = o.pbx.channels.values()
    assert left.application == "Echo"
    left.far_end_hung_up(16)
    await o.ended(left)


async def test_kicked_out_of_a_call(office) -> None:
    """With g the caller's dialplan goes on."""
    o = office(PLAN + "exten => d,1,Dial(Fake/carol,,g)\n same => n,Set(GLOBAL(after)=${DIALSTATUS})\n")
    carol = o.phone("carol", answers=1)
    dialer = o.call("d")
    await o.settle(2)
    dialer.bridge.kick(carol.leg)
    await o.ended(dialer)
    assert o.runner.globals["after"] == "ANSWER"
    assert carol.leg.ended
