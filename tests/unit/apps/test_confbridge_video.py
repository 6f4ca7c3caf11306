"""ConfBridge: whom its participants see (video_mode), with ports that say whom they see."""

from __future__ import annotations

import pytest

from offhook.config.errors import Problems
from offhook.config.files.confbridge import VideoMode, read_confbridge_conf
from offhook.config.reader import read_text
from offhook.features.conferences import ConferenceError
from offhook.pbx import events
from unit.apps.test_confbridge import settings
from unit.pbx.fake import FakeChannel, Office

PLAN = """
[default]
exten => s,1,ConfBridge(1,,,keys)
exten => marked,1,ConfBridge(1,,marked,keys)
"""
USERS = """
[default_user]
type=user
quiet=yes
[marked]
type=user
quiet=yes
marked=yes
[keys]
type=menu
1=set_as_single_video_src
2=release_as_single_video_src
"""


def room_with(office, mode: str) -> Office:
    o = office(PLAN)
    o.conferences.settings = settings(f"[default_bridge]\ntype=bridge\nvideo_mode={mode}\n{USERS}")
    return o


async def come(o: Office, exten: str = "s", *, video: bool = True) -> FakeChannel:
    leg = o.call(exten=exten)
    if video:
        leg.video = o.pbx.media.open_port("192.0.2.1")
    await o.settle(1)
    return leg


def seen(*legs: FakeChannel) -> list[FakeChannel | None]:
    """Whom each of them sees."""
    owner = {id(leg.video.core): leg for leg in legs if leg.video is not None}
    return [owner.get(id(leg.video.core.sees)) if leg.video is not None else None for leg in legs]


async def test_the_first_marked_one_is_seen(office) -> None:
    o = room_with(office, "first_marked")
    alice, bob = await come(o), await come(o, "marked")
    carol, dave = await come(o, "marked"), await come(o, video=False)
    bridge = o.conferences.rooms["1"].bridge
    assert (bridge.video_mode, bridge.video_source) == ("single", bob)
    assert seen(alice, bob, carol, dave) == [bob, None, bob, None]
    told: list[tuple[FakeChannel | None, str]] = []
    o.pbx.bus.listen(
        events.BridgeVideoSourceChanged, lambda event: told.append((event.bridge.video_source, event.old))
    )
    bob.far_end_hung_up(16)
    await o.settle(1)
    assert seen(alice, carol) == [carol, None]
    assert told == [(None, bob.uniqueid), (carol, "")]


async def test_the_last_marked_one_is_seen(office) -> None:
    o = room_with(office, "last_marked")
    alice, bob, carol = await come(o), await come(o, "marked"), await come(o, "marked")
    assert seen(alice, bob, carol) == [carol, carol, None]
    carol.far_end_hung_up(16)
    await o.settle(1)
    assert seen(alice, bob) == [bob, None]


async def test_who_talks_is_seen_and_sees_who_talked_before(office) -> None:
    o = room_with(office, "follow_talker")
    alice, bob, carol = await come(o), await come(o), await come(o, video=False)
    bridge = o.conferences.rooms["1"].bridge
    assert (bridge.video_mode, seen(alice, bob)) == ("talker", [None, None])
    for leg, whom in (
        (alice, [None, alice]),
        (bob, [bob, alice]),
        (carol, [bob, alice]),
        (alice, [bob, alice]),
    ):
        leg.on_talking(leg.media, True)
        await o.settle(0.1)
        leg.on_talking(leg.media, False)
        await o.settle(0.1)
        assert seen(alice, bob) == whom, leg.name
    assert bridge.video_source is alice
    bob.far_end_hung_up(16)
    await o.settle(1)
    assert seen(alice) == [None]


async def test_nobody_is_seen_unless_somebody_is_chosen_by_a_key(office) -> None:
    o = room_with(office, "none")
    alice, bob, carol = await come(o), await come(o, "marked"), await come(o, video=False)
    room = o.conferences.rooms["1"]
    assert seen(alice, bob) == [None, None]
    alice.digit_received("1", 100)
    await o.settle(1)
    assert (seen(alice, bob), room.bridge.video_mode) == ([None, alice], "single")
    carol.digit_received("1", 100)  # she has no video
    bob.digit_received("2", 100)  # it is not he who is seen
    await o.settle(1)
    assert seen(alice, bob) == [None, alice]
    alice.digit_received("2", 100)
    await o.settle(1)
    assert (seen(alice, bob), room.bridge.video_mode) == ([None, None], "none")
    with pytest.raises(ConferenceError, match="sends no video"):
        room.show_video_of(room.participants[-1])


def test_modes_that_are_none() -> None:
    problems = Problems()
    text = "[a]\ntype=bridge\nvideo_mode=sfu\n[b]\ntype=bridge\nvideo_mode=all\n"
    found = read_confbridge_conf(read_text(text, file="confbridge.conf", problems=problems), problems)
    assert [(one.line, one.severity.name) for one in problems] == [(3, "UNSUPPORTED"), (6, "ERROR")]
    assert found.bridges["a"].video_mode is VideoMode.NONE
