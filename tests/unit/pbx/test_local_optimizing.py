"""Local channels leave a call whose parties can talk to each other without them."""

from __future__ import annotations

from typing import Any

import pytest

from offhook.drivers.local import LocalChannel, LocalOptimizer
from offhook.features.call_recording import call_recordings_of
from offhook.pbx import events
from offhook.pbx.originate import originate

PLAN = """
[default]
exten => s,1,Dial(Local/in@other{way})
 same => n,Set(GLOBAL(after)=${{DIALSTATUS}})
exten => go,1,Dial(Local/in@other,,g)
 same => n,Set(GLOBAL(after)=${{DIALSTATUS}})
 same => n,Wait(1)
exten => carol,1,Dial(Fake/carol)
[other]
exten => in,1,Dial(Fake/bob,,{inner})
exten => h,1,Set(GLOBAL(h)=${{CHANNEL}})
"""


def plan(way: str = "", inner: str = "") -> str:
    return PLAN.format(way=way, inner=inner)


def locals_of(o: Any) -> list[str]:
    return [name for name in o.pbx.channels if name.startswith("Local/")]


async def test_the_parties_talk_without_it(office) -> None:
    o = office(plan())
    bob = o.phone("bob", rings=1, answers=2, hangs_up=10)
    alice = o.call()
    await o.settle(3)
    assert locals_of(o) == []
    assert alice.bridge.other(alice) is bob.leg
    assert alice.core.peer is bob.leg.core
    assert alice.get_variable("BRIDGEPEER") == bob.leg.name
    assert o.runner.globals["h"].endswith(";2")  # the dialplan behind it has come to its end
    bob.leg.press("5")
    await o.settle(1)
    assert "5" in alice.core.digits
    await o.ended(alice)
    assert bob.leg.ended


@pytest.mark.parametrize("first", ["alice", "bob"])
async def test_one_s_end_is_the_other_s(office, first: str) -> None:
    o = office(plan())
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    assert locals_of(o) == []
    {"alice": alice, "bob": bob.leg}[first].far_end_hung_up(16)
    await o.ended(alice)
    assert bob.leg.ended
    assert "after" not in o.runner.globals


async def test_the_caller_s_dialplan_goes_on_when_it_may(office) -> None:
    o = office(plan())
    bob = o.phone("bob", answers=1)
    alice = o.call("go")
    await o.settle(2)
    bob.leg.far_end_hung_up(16)
    await o.settle(0.5)
    assert o.runner.globals["after"] == "ANSWER"
    assert not alice.ended
    await o.ended(alice)


async def test_several_in_a_row(office) -> None:
    o = office(
        "[default]\nexten => s,1,Dial(Local/a@default)\nexten => a,1,Dial(Local/b@default)\n"
        "exten => b,1,Dial(Fake/bob)\n"
    )
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(3)
    assert locals_of(o) == []
    assert alice.bridge.other(alice) is bob.leg
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert bob.leg.ended


@pytest.mark.parametrize(("way", "inner"), [("/n", ""), ("", "L(60000)")])
async def test_it_stays(office, way: str, inner: str) -> None:
    """Where it was asked to, and where its dialplan limits the call."""
    o = office(plan(way, inner))
    o.phone("bob", answers=1, hangs_up=5)
    alice = o.call()
    await o.settle(3)
    assert len(locals_of(o)) == 2
    await o.ended(alice)


async def test_it_stays_while_somebody_needs_its_audio(office) -> None:
    o = office(plan().replace("exten => in,1,", "exten => in,1,MixMonitor(one.wav)\n same => n,"))
    o.phone("bob", answers=1, hangs_up=5)
    alice = o.call()
    await o.settle(3)
    assert len(locals_of(o)) == 2
    await o.ended(alice)


async def test_it_goes_when_nobody_needs_its_audio_any_more(office) -> None:
    o = office(plan().replace("exten => in,1,", "exten => in,1,MixMonitor(one.wav)\n same => n,"))
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(3)
    half = o.pbx.channel(next(name for name in locals_of(o) if name.endswith(";2")))
    assert half is not None
    assert call_recordings_of(o.pbx).stop(half)
    await o.settle(1)
    assert locals_of(o) == []
    assert alice.bridge.other(alice) is bob.leg
    bob.leg.far_end_hung_up(16)
    await o.ended(alice)


async def test_it_goes_when_hold_is_over(office) -> None:
    o = office(plan())
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(1.05)
    assert len(locals_of(o)) == 2
    bob.leg.far_end_held(True)
    await o.settle(3)
    assert len(locals_of(o)) == 2
    bob.leg.far_end_held(False)
    await o.settle(1)
    assert locals_of(o) == []
    assert alice.bridge.other(alice) is bob.leg
    bob.leg.far_end_hung_up(16)
    await o.ended(alice)


async def test_what_was_to_stay_is_allowed_to_go(office) -> None:
    o = office(plan("/n"))
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    half = o.pbx.channel(locals_of(o)[0])
    assert isinstance(half, LocalChannel)
    optimizer = o.pbx.service(LocalOptimizer)
    assert optimizer is not None
    optimizer.allow(half)
    await o.settle(0.1)
    assert locals_of(o) == []
    assert alice.bridge.other(alice) is bob.leg
    alice.far_end_hung_up(16)
    await o.ended(alice)


async def test_two_who_were_called(office) -> None:
    """Each half has a dialplan: the phones go on in a conversation of their own."""
    o = office(plan())
    bob, carol = o.phone("bob", answers=1), o.phone("carol", answers=1)
    await originate(o.pbx, "Local/in@other", context="default", exten="carol")
    await o.settle(3)
    assert locals_of(o) == []
    assert bob.leg.bridge.other(bob.leg) is carol.leg
    carol.leg.far_end_hung_up(16)
    await o.settle(1)
    assert bob.leg.ended
    assert carol.leg.ended


async def test_what_is_told(office) -> None:
    o = office(plan())
    told: list[Any] = []
    for kind in (events.LocalOptimizationBegan, events.LocalOptimizationEnded):
        o.pbx.bus.listen(kind, told.append)
    bob = o.phone("bob", answers=1, hangs_up=2)
    alice = o.call()
    await o.settle(2)
    began, ended = told
    assert (began.one.name[-2:], began.two.name[-2:]) == (";1", ";2")
    assert began.source is bob.leg
    assert began.destination is alice.bridge
    assert (ended.one, ended.two, ended.number) == (began.one, began.two, began.number)
    await o.ended(alice)
