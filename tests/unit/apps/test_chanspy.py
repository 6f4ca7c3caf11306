"""ChanSpy, ExtenSpy, BridgeAdd and BridgeWait, in virtual time."""

from __future__ import annotations

from offhook.features.groups import groups_of
from offhook.features.spying import SpyStarted, SpyStopped
from unit.pbx.fake import FakeChannel

PLAN = """
[default]
exten => bob,1,Dial(Fake/bob)
exten => spy,1,ChanSpy(Fake/bob,qdx(9)v(1))
 same => n,Set(GLOBAL(over)=1)
exten => one,1,ChanSpy(Fake/bob,qowE)
exten => barge,1,ChanSpy(,qBb)
exten => exten,1,ExtenSpy(music,qS)
 same => n,Set(GLOBAL(over)=1)
exten => music,1,Answer()
 same => n,Wait(60)
exten => add,1,BridgeAdd(Fake/bob)
 same => n,Set(GLOBAL(result)=${BRIDGERESULT})
exten => addnone,1,BridgeAdd(Fake/nobody)
 same => n,Set(GLOBAL(result)=${BRIDGERESULT})
exten => wait,1,BridgeWait(lobby,,S(30)m(jazz))
exten => tell,1,BridgeWait(lobby,announcer)
"""


def takings(o):
    """How everybody takes part in the last room, by the name of the phone."""
    return {core.face.listener.name[5:-5]: taking for core, taking in o.media.rooms[-1].members.items()}


async def test_spying_on_a_call_and_changing_by_keys(office) -> None:
    o = office(PLAN)
    seen: list[str] = []
    for kind in (SpyStarted, SpyStopped):
        o.pbx.bus.listen(kind, lambda event: seen.append(type(event).__name__))
    bob = o.phone("bob", answers=1)
    alice = o.call("bob", number="alice")
    await o.settle(2)
    assert alice.hears is bob.leg
    spy = o.call("spy", number="spy")
    await o.settle(1)
    found = takings(o)
    assert set(found) == {"alice", "bob", "spy"}
    assert found["spy"].muted
    assert found["spy"].gain_out == 2.0
    spy.press("5")
    await o.settle(1)
    assert takings(o)["spy"].only_to == bob.leg.media.id
    spy.press("6")
    await o.settle(1)
    assert (takings(o)["spy"].muted, takings(o)["spy"].only_to) == (False, 0)
    spy.press("9")
    await o.settle(1)
    assert alice.hears is bob.leg
    assert o.runner.globals["over"] == "1"
    assert seen == ["SpyStarted", "SpyStopped"]


async def test_a_spy_follows_the_channel_into_a_bridge_and_ends_with_it(office) -> None:
    o = office(PLAN)
    bob = o.phone("bob", answers=1)
    first = o.call("bob", number="alice")
    await o.settle(2)
    spy = o.call("one", number="spy")
    await o.settle(1)
    taking = takings(o)["spy"]
    assert taking.only_from == taking.only_to == bob.leg.media.id
    first.far_end_hung_up(16)
    await o.settle(1)
    assert spy.ended
    assert bob.leg.ended


async def test_barging_into_whatever_is_bridged(office) -> None:
    o = office(PLAN)
    o.phone("bob", answers=1)
    o.call("music", number="lonely")
    spy = o.call("barge", number="spy")
    await o.settle(3)
    assert o.media.rooms == []
    o.call("bob", number="alice")
    await o.settle(4)
    assert not takings(o)["spy"].muted
    spy.far_end_hung_up(16)
    await o.settle(1)
    assert all(room.closed for room in o.media.rooms)


async def test_a_channel_by_its_extension_without_a_bridge(office) -> None:
    o = office(PLAN)
    lonely = o.call("music", number="lonely")
    spy = o.call("exten", number="spy")
    await o.settle(2)
    (tap,) = lonely.core.taps.values()
    assert tap == {"heard": True, "said": True, "heard_gain": 1.0, "said_gain": 1.0}
    assert spy.core.playing
    assert o.media.rooms == []
    lonely.far_end_hung_up(16)
    await o.ended(spy)
    assert o.runner.globals["over"] == "1"


async def test_without_a_bridge_a_spy_whispers_over_what_plays_and_follows_into_a_bridge(office) -> None:
    o = office(
        PLAN.replace(
            "exten => music,1",
            "exten => bot,1,Answer()\n same => n,Wait(5)\n"
            " same => n,Dial(Fake/bob)\nexten => listen,1,ChanSpy(Fake/lonely,qd)\nexten => music,1",
        )
    )
    bob = o.phone("bob", answers=1)
    lonely = o.call("bot", number="lonely")
    spy = o.call("listen", number="spy")
    await o.settle(1)
    assert len(lonely.core.taps) == 1
    assert lonely.core.whispers == set()
    spy.press("5")
    await o.settle(1)
    assert (len(lonely.core.taps), len(spy.core.taps), len(lonely.core.whispers)) == (1, 1, 1)
    spy.press("4")
    await o.settle(1)
    assert (len(spy.core.taps), len(lonely.core.whispers)) == (0, 0)
    await o.settle(5)
    assert lonely.core.taps == {}
    assert set(takings(o)) == {"lonely", "bob", "spy"}
    bob.leg.far_end_hung_up(16)
    await o.settle(1)


async def test_a_third_one_joins_a_call(office) -> None:
    o = office(PLAN)
    bob = o.phone("bob", answers=1)
    alice = o.call("bob", number="alice")
    await o.settle(2)
    await o.ended(o.call("addnone"))
    assert o.runner.globals["result"] == "NONEXISTENT"
    carol = o.call("add", number="carol")
    await o.settle(1)
    assert set(takings(o)) == {"alice", "bob", "carol"}
    carol.far_end_hung_up(16)
    await o.settle(1)
    assert alice.hears is bob.leg
    carol = o.call("add", number="carol")
    await o.settle(1)
    alice.far_end_hung_up(16)
    await o.ended(carol)
    assert o.runner.globals["result"] == "SUCCESS"


async def test_waiting_for_an_announcer(office) -> None:
    o = office(PLAN)
    one, two = o.call("wait", number="one"), o.call("wait", number="two")
    await o.settle(1)
    assert sorted(o.music) == [(one.name, "jazz"), (two.name, "jazz")]
    assert all(taking.muted for taking in takings(o).values())
    teller = o.call("tell", number="teller")
    await o.settle(1)
    assert o.music == []
    assert takings(o)["teller"].deaf
    teller.far_end_hung_up(16)
    await o.settle(1)
    assert len(o.music) == 2
    await o.ended(two)
    assert o.now >= 30


async def test_paging(office) -> None:
    o = office("[default]\nexten => all,1,Page(Fake/one&Fake/two&Fake/none&Fake/never,A(hello))\n")
    one, two = o.phone("one", answers=1), o.phone("two", answers=2)
    never = o.phone("never")
    boss = o.call("all", number="boss")
    await o.settle(6)
    assert one.leg.said == two.leg.said == ["hello"]
    found = takings(o)
    assert {name: taking.muted for name, taking in found.items()} == {"boss": False, "one": True, "two": True}
    boss.far_end_hung_up(16)
    await o.settle(1)
    assert one.leg.ended
    assert two.leg.ended
    assert never.leg.ended
    assert o.conferences.rooms == {}


async def test_scanning_dahdi_channels_goes_on_by_pound_and_ends_by_star(office) -> None:
    o = office(
        "[default]\nexten => talk,1,Answer()\n same => n,Wait(60)\n"
        "exten => scan,1,DAHDIScan(desk)\n same => n,Set(GLOBAL(over)=1)\n"
    )
    line = type("DahdiChannel", (FakeChannel,), {"technology": "DAHDI", "__slots__": ()})
    found = []
    for number, group in (("1", "desk"), ("2", "other"), ("3", "desk")):
        leg = line(o, f"DAHDI/{number}-1", outgoing=False, phone=None)
        groups_of(o.pbx).put(leg, group)
        leg.start_dialplan("default", "talk")
        found.append(leg)
    o.call("talk", number="alice")
    seen: list[object] = []
    o.pbx.bus.listen(SpyStarted, lambda event: seen.append(event.channel))
    spy = o.call("scan", number="spy")
    for _ in range(3):
        await o.settle(1)
        spy.press("#")
    await o.settle(1)
    assert seen == [found[0], found[2], found[0], found[2]]
    spy.press("*")
    await o.settle(1)
    assert o.runner.globals["over"] == "1"
