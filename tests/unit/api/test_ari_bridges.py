"""ARI: what is played to bridges, and recorded of them."""

from __future__ import annotations

import asyncio

from offhook.pbx.events import BridgesMerged
from unit.api.ari_client import Client, answer, ari, in_stasis
from unit.drivers.node import Audio, Peer, eventually

__all__ = ["ari"]

_SILENCE = {0x7F, 0xFF, 0x7E, 0xFE}


async def two_in_a_bridge(ari: Client) -> tuple[str, Peer]:
    """Alice and Bob in the bridge `room`: her channel's id (his is `b`), and he."""
    _, _, alice = await in_stasis(ari)
    bob, answered = await answer(ari.switch)
    await ari("POST", "channels/create?endpoint=PJSIP/bob&app=test&channelId=b", status=200)
    await ari.event("StasisStart", lambda event: event["channel"]["id"] == "b")
    await ari("POST", "channels/b/dial", status=204)
    await answered
    await ari.event("Dial", lambda event: event["dialstatus"] == "ANSWER")
    await ari("POST", "bridges?type=mixing&bridgeId=room")
    await ari("POST", f"bridges/room/addChannel?channel={alice},b", status=204)
    await ari.event("ChannelEnteredBridge", lambda event: event["channel"]["id"] == "b")
    return alice, bob


async def sounds(audio: Audio) -> None:
    """Wait until something is heard."""
    start = len(audio.packets)

    def heard() -> bool:
        return any(set(payload) - _SILENCE for kind, payload in audio.packets[start:] if kind == 0)

    await eventually("something that is no silence", heard)


async def test_a_bridge_hears_an_announcement_and_goes_on_talking(ari: Client) -> None:
    await two_in_a_bridge(ari)
    assert (await ari("GET", "bridges/room"))["technology"] == "simple_bridge"
    made = await ari("POST", "bridges/room/play/p?media=tone:ring", status=201)
    assert made["target_uri"] == "bridge:room"
    await ari.event("PlaybackStarted")
    assert (await ari("GET", "bridges/room"))["technology"] == "softmix"
    alice, bob = ari.switch.audios
    await asyncio.gather(sounds(alice), sounds(bob))
    await ari("DELETE", "playbacks/p", status=204)
    assert (await ari.event("PlaybackFinished"))["playback"]["state"] == "done"
    bridge = ari.switch.node.ari.bridges["room"] if ari.switch.node.ari else None
    await eventually("the two to be joined", lambda: bridge and bridge.technology == "simple_bridge")
    await ari("POST", "bridges/room/play?media=tone:ring&announcer_format=nonsense", status=422)


async def test_music_for_a_bridge(ari: Client) -> None:
    await two_in_a_bridge(ari)
    await ari("POST", "bridges/room/moh", status=204)
    await asyncio.gather(*(sounds(audio) for audio in ari.switch.audios))
    await ari("DELETE", "bridges/room/moh", status=204)
    assert (await ari("GET", "bridges/room"))["technology"] == "simple_bridge"


async def test_a_bridge_is_recorded(ari: Client) -> None:
    await two_in_a_bridge(ari)
    alice, bob = ari.switch.audios
    alice.talk(octet=0x10)
    await sounds(bob)
    made = await ari("POST", "bridges/room/record?name=talk&format=wav&terminateOn=any", status=201)
    assert (made["state"], made["target_uri"]) == ("recording", "bridge:room")
    await ari("POST", "bridges/room/record?name=talk&format=wav", status=409)
    await ari.event("RecordingStarted")
    await ari("POST", "recordings/live/talk/pause", status=204)
    assert (await ari("GET", "recordings/live/talk"))["state"] == "paused"
    await ari("POST", "recordings/live/talk/mute", status=204)
    await ari("DELETE", "recordings/live/talk/pause", status=204)
    await ari("DELETE", "recordings/live/talk/mute", status=204)
    await asyncio.sleep(0.3)
    await bob.digit("5")
    await ari.event("RecordingFinished")
    found = await ari("GET", "recordings/stored/talk/file")
    assert len(set(found[44:])) > 2
    await ari("POST", "recordings/live/talk/pause", status=404)
    assert (await ari("GET", "bridges/room"))["technology"] == "simple_bridge"


async def test_a_bridge_that_ends_completes_its_recordings(ari: Client) -> None:
    await ari.listen()
    await ari("POST", "bridges/empty?name=x")
    await ari("POST", "bridges/empty/record?name=nothing&format=wav", status=201)
    await ari("POST", "bridges/empty/play/p?media=tone:ring", status=201)
    await ari("POST", "applications/test/subscription?eventSource=bridge:empty")
    await ari("DELETE", "bridges/empty", status=204)
    await ari.event("BridgeDestroyed")
    await eventually("the file", lambda: not ari.switch.node.pbx.media.ports())
    assert await ari("GET", "recordings/stored") == [{"name": "nothing", "format": "wav"}]


async def test_bridges_that_become_one(ari: Client) -> None:
    await two_in_a_bridge(ari)
    await ari("POST", "bridges?type=mixing&bridgeId=other")
    service = ari.switch.node.ari
    assert service is not None
    ari.switch.node.pbx.bus.emit(BridgesMerged, service.bridges["room"], service.bridges["other"])
    event = await ari.event("BridgeMerged")
    assert (event["bridge"]["id"], event["bridge_from"]["id"]) == ("room", "other")
