"""Two legs that talk: bridging, hold, digits that the engine does not carry, connected line."""

from __future__ import annotations

import asyncio

import pytest

from offhook.pbx import events
from offhook.pbx.bridge import Bridge, BridgeError
from offhook.pbx.conversation import Conversation, Outcome, TimeLimit, converse
from offhook.pbx.party import PartyId


def pair(o):
    """Two legs that are up, with one inbox."""
    caller, peer = o.incoming("6001"), o.incoming("6002")
    caller.answer()
    peer.answer()
    peer.inbox = caller.inbox
    return caller, peer


async def begun(o, conversation: Conversation | None = None):
    caller, peer = pair(o)
    work = (conversation or Conversation()).run(caller, peer, caller.inbox)
    talk = asyncio.create_task(work)
    await o.settle()
    return caller, peer, talk


# ---------------------------------------------------------------- bridges


async def test_a_leg_that_somebody_else_has_leaves_no_bridge_behind(office) -> None:
    o = office()
    caller, peer = pair(o)
    theirs = Bridge(o.pbx)
    theirs.join(peer)
    with pytest.raises(BridgeError):
        await Conversation().run(caller, peer, caller.inbox)
    assert list(o.pbx.bridges) == [theirs]


async def test_two_channels_hear_each_other(office) -> None:
    o = office()
    caller, peer = pair(o)
    bridge = Bridge(o.pbx)
    bridge.join(caller)
    bridge.join(peer)
    assert caller.hears is peer
    assert bridge.other(caller) is peer
    assert bridge.other(peer) is caller
    bridge.leave(caller)
    assert peer.core.peer is None
    assert peer.bridge is bridge
    bridge.leave(caller)
    bridge.dissolve()
    assert peer.bridge is None
    assert bridge.destroyed
    assert o.pbx.bridges == set()


async def test_who_cannot_join(office) -> None:
    o = office()
    caller, peer = pair(o)
    third, gone = o.incoming("3"), o.incoming("4")
    gone.hangup()
    bridge = Bridge(o.pbx)
    bridge.join(caller)
    for channel in (caller, gone):
        with pytest.raises(BridgeError):
            bridge.join(channel)
    bridge.join(peer)
    bridge.dissolve()
    with pytest.raises(BridgeError, match="has ended"):
        bridge.join(third)


async def test_three_are_mixed_and_two_again_joined(office) -> None:
    o = office()
    caller, peer = pair(o)
    third = o.incoming("3")
    third.answer()
    bridge = Bridge(o.pbx)
    for channel in (caller, peer):
        bridge.join(channel)
    assert (caller.hears, bridge.technology) == (peer, "simple_bridge")
    bridge.join(third)
    (room,) = o.media.rooms
    assert (len(room.members), bridge.technology) == (3, "softmix")
    assert caller.hears is None
    bridge.leave(peer)
    assert (caller.hears, bridge.technology) == (third, "simple_bridge")
    assert room.closed
    assert peer.core.room is None
    bridge.join(peer)
    assert len(o.media.rooms[-1].members) == 3
    bridge.dissolve()
    assert o.media.rooms[-1].closed


async def test_a_channel_that_gets_its_audio_late_is_heard(office) -> None:
    o = office()
    caller, peer = pair(o)
    late = o.incoming("3")
    bridge = Bridge(o.pbx)
    bridge.join(caller)
    bridge.join(late)
    assert caller.core.peer is None
    late.progress()
    assert caller.hears is late
    bridge.dissolve()
    assert peer.core.peer is None


async def test_hanging_up_leaves_the_bridge(office) -> None:
    o = office()
    caller, peer = pair(o)
    seen: list[str] = []
    for kind in (events.BridgeCreated, events.BridgeEntered, events.BridgeLeft, events.BridgeDestroyed):
        o.pbx.bus.listen(kind, lambda event: seen.append(type(event).__name__))
    bridge = Bridge(o.pbx)
    bridge.join(caller)
    bridge.join(peer)
    caller.hangup()
    assert peer.core.peer is None
    peer.hangup()
    assert seen == [
        "BridgeCreated",
        "BridgeEntered",
        "BridgeEntered",
        "BridgeLeft",
        "BridgeLeft",
        "BridgeDestroyed",
    ]
    assert len(bridge.uniqueid) == 36
    assert bridge.technology == "simple_bridge"


# ---------------------------------------------------------------- the end


@pytest.mark.parametrize(("who", "outcome"), [(0, Outcome.CALLER_GONE), (1, Outcome.PEER_GONE)])
async def test_one_hangs_up(office, who: int, outcome: Outcome) -> None:
    o = office()
    caller, peer, talk = await begun(o)
    assert caller.hears is peer
    legs = (caller, peer)
    legs[who].far_end_hung_up(16)
    assert await talk is outcome
    assert not legs[1 - who].ended
    assert legs[1 - who].bridge is None


@pytest.mark.parametrize(("who", "outcome"), [(0, Outcome.CALLER_GONE), (1, Outcome.PEER_GONE)])
async def test_one_is_gone_already(office, who: int, outcome: Outcome) -> None:
    o = office()
    legs = pair(o)
    legs[who].hangup()
    assert await converse(*legs, legs[0].inbox) is outcome
    assert o.pbx.bridges == set()


async def test_one_is_taken_away(office) -> None:
    o = office("[default]\nexten => s,1,Wait(5)\n")
    caller, peer, talk = await begun(o)
    peer.redirect("default", "s")
    assert await talk is Outcome.PEER_TAKEN
    assert not peer.ended
    assert caller.core.peer is None


async def test_cancelling_separates_and_hangs_nobody_up(office) -> None:
    o = office()
    caller, peer, talk = await begun(o)
    talk.cancel()
    with pytest.raises(asyncio.CancelledError):
        await talk
    assert caller.core.peer is None
    assert not caller.ended
    assert not peer.ended
    assert o.pbx.bridges == set()


async def test_what_another_leg_still_reports_is_ignored(office) -> None:
    o = office()
    caller, peer, talk = await begun(o)
    loser = o.incoming("7")
    caller.inbox.put(events.HungUp(loser))
    await o.settle()
    assert not talk.done()
    assert caller.hears is peer
    talk.cancel()


@pytest.mark.parametrize(
    ("limit", "moments"),
    [
        (TimeLimit(60_000), [(60, 0)]),
        (TimeLimit(60_000, 10_000), [(50, 10_000), (60, 0)]),
        (TimeLimit(60_000, 30_000, 20_000), [(30, 30_000), (50, 10_000), (60, 0)]),
        (TimeLimit(60_000, 90_000, 0), [(0, 60_000), (60, 0)]),
    ],
)
def test_moments_of_a_limit(limit: TimeLimit, moments: list[tuple[float, int]]) -> None:
    assert limit.moments() == moments


async def test_a_limit(office) -> None:
    o = office()
    warned: list[tuple[float, int]] = []
    limit = TimeLimit(10_000, 4000, 1500, lambda left: warned.append((o.now, left)))
    *_, talk = await begun(o, Conversation(limit=limit))
    assert await talk is Outcome.TIME_LIMIT
    assert o.now == pytest.approx(10)
    assert warned == [(6.0, 4000), (7.5, 2500), (9.0, 1000)]


# ---------------------------------------------------------------- hold


@pytest.mark.parametrize("who", [0, 1])
async def test_the_held_party_hears_music(office, who: int) -> None:
    o = office()
    caller, peer, talk = await begun(o)
    holder, held = (caller, peer) if who == 0 else (peer, caller)
    holder.music_suggested = "jazz"
    holder.far_end_held(True)
    holder.far_end_held(True)
    await o.settle()
    assert o.music == [(held.name, "jazz")]
    assert holder.held
    holder.far_end_held(False)
    await o.settle()
    assert o.music == []
    assert caller.hears is peer
    talk.cancel()


async def test_what_the_holder_suggests_is_passed_on_whatever_the_held_party_s_own_class(office) -> None:
    o = office()
    caller, peer, talk = await begun(o)
    caller.music_class = "rock"
    peer.music_suggested = "jazz"
    peer.far_end_held(True)
    await o.settle()
    assert o.music == [(caller.name, "jazz")]  # preferchannelclass is the music's to know
    talk.cancel()


async def test_both_hold(office) -> None:
    o = office()
    caller, peer, talk = await begun(o)
    caller.far_end_held(True)
    peer.far_end_held(True)
    await o.settle()
    assert sorted(name for name, _ in o.music) == sorted([caller.name, peer.name])
    caller.far_end_held(False)
    await o.settle()
    assert [name for name, _ in o.music] == [caller.name]
    peer.far_end_held(False)
    await o.settle()
    assert o.music == []
    talk.cancel()


async def test_music_ends_with_the_conversation(office) -> None:
    o = office()
    caller, peer, talk = await begun(o)
    caller.far_end_held(True)
    await o.settle()
    caller.far_end_hung_up(16)
    await talk
    assert o.music == []
    assert not peer.ended


async def test_music_ends_when_the_held_party_hangs_up(office) -> None:
    o = office()
    caller, peer, talk = await begun(o)
    caller.far_end_held(True)
    await o.settle()
    peer.far_end_hung_up(16)
    await talk
    assert o.music == []


async def test_a_leg_that_held_before_they_were_joined(office) -> None:
    o = office()
    caller, peer = pair(o)
    peer.far_end_held(True)
    caller.inbox.take_all()
    talk = asyncio.create_task(converse(caller, peer, caller.inbox))
    await o.settle()
    assert o.music == [(caller.name, "")]
    peer.far_end_held(False)
    await o.settle()
    assert o.music == []
    talk.cancel()


# ---------------------------------------------------------------- digits


async def test_digits_in_the_media_are_the_engine_s_business(office) -> None:
    o = office()
    caller, peer, talk = await begun(o)
    caller.press("1")
    await o.settle()
    assert peer.core.digits == "1"  # once
    talk.cancel()


async def test_digits_by_signalling_are_passed_on(office) -> None:
    o = office()
    caller, peer, talk = await begun(o)
    caller.digit_received("5", 120)
    await o.settle()
    assert peer.core.digits == "5"
    talk.cancel()


async def test_digits_for_a_leg_without_audio_are_lost_and_nothing_else(office) -> None:
    o = office()
    caller, peer = o.incoming("6001"), o.incoming("6002")
    peer.no_audio = True
    caller.answer()
    peer.answer()
    peer.inbox = caller.inbox
    talk = asyncio.create_task(converse(caller, peer, caller.inbox))
    await o.settle()
    caller.digit_received("5", 120)
    await o.settle()
    assert not talk.done()
    talk.cancel()


async def test_digits_towards_a_leg_that_takes_them_by_signalling(office) -> None:
    o = office()
    caller, peer = pair(o)
    peer.digits_in_media = False
    talk = asyncio.create_task(converse(caller, peer, caller.inbox))
    await o.settle()
    assert not caller.core.relay
    caller.press("5")
    await o.settle()
    assert peer.core.digits == "5"
    talk.cancel()
    await o.settle()
    assert caller.core.relay


# ---------------------------------------------------------------- connected line


async def test_a_new_identity_is_passed_on(office) -> None:
    o = office()
    caller, peer, talk = await begun(o)
    peer.deliver(events.NewConnectedLine(peer, PartyId("6099")))
    await o.settle()
    assert caller.connected == PartyId("6099")
    talk.cancel()


async def test_a_new_identity_is_not_passed_on(office) -> None:
    o = office()
    caller, peer, talk = await begun(o, Conversation(pass_connected_line=False))
    peer.deliver(events.NewConnectedLine(peer, PartyId("6099")))
    await o.settle()
    assert caller.connected != PartyId("6099")
    talk.cancel()
