"""ARI: whose video the channels of a bridge see."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass

from offhook._core import Sdp
from unit.api.ari_client import ARI, HTTP, Client, ari
from unit.drivers.node import Audio, Dialog, Peer, eventually, phone
from unit.drivers.test_sip_video import VIDEO, camera, lines

__all__ = ["ari"]

DIALPLAN = "[default]\nexten => stasis,1,Answer()\n same => n,Stasis(test)\n"


@dataclass
class Viewer:
    """A phone with a camera in the bridge `room`."""

    peer: Peer
    dialog: Dialog
    video: Audio
    channel: str
    shown: int = 0

    def show(self, payload: bytes) -> None:
        self.shown += 90
        self.video.packet(96, payload, timestamp=self.shown)

    def sees(self, payload: bytes) -> bool:
        return (96, payload) in self.video.packets


async def in_the_room(ari: Client, names: tuple[str, ...]) -> list[Viewer]:
    switch = ari.switch
    switch.write("".join(phone(name, VIDEO) for name in names), DIALPLAN, ari=ARI, http=HTTP)
    await switch.node.reload()
    await ari.listen()
    await ari("POST", "bridges/room")
    await ari("POST", "applications/test/subscription?eventSource=bridge:room")
    found: list[Viewer] = []
    for name in names:
        peer, video = await switch.peer(name=name), await switch.audio()
        body = lines(("audio", 4000, "0", ()), camera(video.port))
        dialog = await peer.call("stasis", body=body)
        assert dialog.response is not None
        video.target = ("127.0.0.1", Sdp.parse(dialog.response.body).media[1].port)
        channel = (await ari.event("StasisStart"))["channel"]["id"]
        await ari("POST", f"bridges/room/addChannel?channel={channel}", status=204)
        found.append(Viewer(peer, dialog, video, channel))
    return found


async def seen_by(source: Viewer, others: list[Viewer], payload: bytes) -> None:
    def arrives() -> bool:
        source.show(payload)
        return all(other.sees(payload) for other in others)

    await eventually(f"{payload!r} at all others", arrives)
    assert not source.sees(payload)


async def test_one_is_seen_by_all_others(ari: Client) -> None:
    alice, bob, carol = await in_the_room(ari, ("alice", "bob", "carol"))
    assert (await ari("GET", "bridges/room"))["video_mode"] == "none"
    await ari("POST", f"bridges/room/videoSource/{carol.channel}", status=204)
    event = await ari.event("BridgeVideoSourceChanged")
    assert "old_video_source_id" not in event
    room = await ari("GET", "bridges/room")
    assert event["bridge"]["video_source_id"] == room["video_source_id"] == carol.channel
    assert (room["video_mode"], room["technology"]) == ("single", "softmix")
    await seen_by(carol, [alice, bob], b"carol")
    alice.show(b"alice")
    # Another one: what was seen before is seen no more.
    await ari("POST", f"bridges/room/videoSource/{bob.channel}", status=204)
    event = await ari.event("BridgeVideoSourceChanged")
    assert event["old_video_source_id"] == carol.channel
    await seen_by(bob, [alice, carol], b"bob")
    carol.show(b"carol unseen")
    await seen_by(bob, [alice, carol], b"bob again")
    assert not alice.sees(b"carol unseen")
    assert not bob.sees(b"alice")
    await ari("DELETE", "bridges/room/videoSource", status=204)
    event = await ari.event("BridgeVideoSourceChanged")
    assert event["old_video_source_id"] == bob.channel
    assert event["bridge"]["video_mode"] == "none"
    assert "video_source_id" not in event["bridge"]


async def test_the_source_is_asked_for_pictures_and_leaves(ari: Client) -> None:
    alice, bob, carol = await in_the_room(ari, ("alice", "bob", "carol"))
    channel = ari.switch.node.pbx.by_uniqueid[carol.channel]
    ((_, port),) = channel.further_media()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtcp:
        rtcp.bind(("127.0.0.1", 0))
        rtcp.setblocking(False)
        port.set_remote("127.0.0.1", carol.video.port, rtcp.getsockname()[1])
        carol.show(b"begins")
        await eventually("her stream", lambda: int(str(port.stats()["rx_packets"])) > 0)
        await ari("POST", f"bridges/room/videoSource/{carol.channel}", status=204)
        asked: list[bytes] = []

        def got() -> bool:
            with contextlib.suppress(BlockingIOError):
                asked.append(rtcp.recv(1500))
            return any(b"\x81\xce" in data for data in asked)

        await eventually("a request for a picture", got)
    await ari.event("BridgeVideoSourceChanged")
    await ari("POST", f"bridges/room/removeChannel?channel={carol.channel}", status=204)
    event = await ari.event("BridgeVideoSourceChanged")
    assert event["old_video_source_id"] == carol.channel
    # The two who are left are joined as any two are.
    await seen_by(alice, [bob], b"alice")
    await seen_by(bob, [alice], b"bob")


async def test_what_cannot_be_the_source(ari: Client) -> None:
    (alice,) = await in_the_room(ari, ("alice",))
    await ari("POST", "bridges/none/videoSource/none", status=404)
    await ari("POST", "bridges/room/videoSource/none", status=404)
    await ari("DELETE", "bridges/none/videoSource", status=404)
    await ari("POST", "bridges/other")
    await ari("POST", f"bridges/other/videoSource/{alice.channel}", status=422)
    await ari("DELETE", "bridges/other/videoSource", status=204)
    assert not [event for event in ari.events if event["type"] == "BridgeVideoSourceChanged"]
