"""ARI: a party whom an application has put into a bridge transfers: somebody takes its place there."""

from __future__ import annotations

import asyncio
from typing import Any

from unit.api.ari_client import ARI, HTTP, Client, ari
from unit.drivers.node import Audio, Dialog, Peer, Switch, connect, eventually, phone
from unit.drivers.test_sip_transfers import refer, replaces, talk, told

__all__ = ["ari"]

DIALPLAN = """
[default]
exten => stasis,1,Answer()
 same => n,Stasis(test,in)
exten => waiting,1,Answer()
 same => n,Stasis(test,waiting)
exten => echo,1,Answer(,i)
 same => n,Echo()
exten => bob,1,Dial(PJSIP/bob)
exten => carol,1,Dial(PJSIP/carol)
exten => after,1,Set(GLOBAL(went)=${CHANNEL}/${BLINDTRANSFER}/${SIPTRANSFER}/${CALLERID(num)})
 same => n,Answer()
 same => n,Echo()
"""


async def start(ari: Client) -> tuple[dict[str, Peer], dict[str, Audio]]:
    """Phones alice, bob and carol, and an application that listens."""
    switch = ari.switch
    phones = "".join(phone(name, f"callerid=<{name}>") for name in ("alice", "bob", "carol"))
    switch.write(phones, DIALPLAN, ari=ARI, http=HTTP)
    assert not [one for one in await switch.node.reload() if one.severity.name == "ERROR"]
    peers, audios = {}, {}
    for name in ("alice", "bob", "carol"):
        peers[name], audios[name] = await switch.peer(name=name), await switch.audio()
        await peers[name].register()
    await ari.listen()
    return peers, audios


async def into(ari: Client, peer: Peer, audio: Audio, bridge: str) -> tuple[Dialog, str]:
    """A phone calls the application, which puts it into a bridge: its dialog, its channel's id."""
    dialog = await peer.call("stasis", body=audio.sdp())
    audio.aim(dialog.response)
    channel = (await ari.event("StasisStart"))["channel"]["id"]
    await ari("POST", f"bridges/{bridge}")
    await ari("POST", f"bridges/{bridge}/addChannel?channel={channel}", status=204)
    await ari.event("ChannelEnteredBridge", lambda event: event["channel"]["id"] == channel)
    return dialog, channel


async def inside(ari: Client, bridge: str) -> list[str]:
    """Names of those in a bridge, without their numbers."""
    found: list[str] = []
    for channel in (await ari("GET", f"bridges/{bridge}"))["channels"]:
        name = (await ari("GET", f"channels/{channel}"))["name"]
        head, _, tail = name.rpartition("-")
        found.append(head + tail[8:])
    return sorted(found)


def since(ari: Client, *kinds: str) -> list[dict[str, Any]]:
    return [event for event in ari.events if event["type"] in kinds]


async def test_blind_a_leg_takes_the_place_of_the_transferor(ari: Client) -> None:
    """The whole bridge goes to the number: bob stays where he is and hears who is there."""
    peers, audios = await start(ari)
    alice, bob = peers["alice"], peers["bob"]
    hers, first = await into(ari, alice, audios["alice"], "room")
    _, second = await into(ari, bob, audios["bob"], "room")
    await refer(alice, hers, f"sip:after@{alice.server}")
    assert await told(alice) == ("100", "active")
    assert await told(alice) == ("200", "terminated")
    ended = await eventually("the end of alice", lambda: since(ari, "StasisEnd"))
    assert isinstance(ended, list)
    assert [event["channel"]["id"] for event in ended] == [first]
    (told_of,) = since(ari, "BridgeBlindTransfer")
    assert (told_of["context"], told_of["exten"], told_of["result"]) == ("default", "after", "Success")
    assert told_of["channel"]["id"] == first
    assert told_of["transferee"]["id"] == second
    assert told_of["bridge"]["id"] == "room"
    (began,) = since(ari, "StasisStart")
    name = began["channel"]["name"]
    assert name.startswith("Local/after@default-")
    assert name.endswith(";1")
    assert began["channel"]["state"] == "Up"
    assert began["channel"]["connected"]["number"] == "bob"
    assert began["args"] == []
    assert began["replace_channel"]["id"] == first
    assert told_of["replace_channel"]["name"] == name
    moved = [event["channel"]["name"] for event in since(ari, "ChannelLeftBridge", "ChannelEnteredBridge")]
    assert [one.partition("-")[0] for one in moved] == ["PJSIP/alice", "Local/after@default"]
    assert await inside(ari, "room") == ["Local/after@default;1", "PJSIP/bob"]
    went = ari.switch.node.runner.globals["went"].split("/")
    assert went[1].startswith("after@default-")
    assert went[2:] == ["PJSIP", went[3], "yes", "bob"]
    assert went[3].startswith("alice-")
    audios["bob"].talk(octet=0x5A)  # Echo()
    await audios["bob"].hears(0, b"\x5a" * 160)
    alice.within(hers, "BYE")
    await alice.expect(200)
    # the leg is the application's: what ends it ends what represents it at the number
    await ari("DELETE", f"channels/{began['channel']['id']}", status=204)
    await ari.event("StasisEnd", lambda event: event["channel"]["id"] == began["channel"]["id"])
    await eventually("bob alone", lambda: [c.split("-")[0] for c in ari.switch.channels()] == ["PJSIP/bob"])
    assert second in (await ari("GET", "bridges/room"))["channels"]
    await ari("DELETE", f"channels/{second}", status=204)
    await bob.expect("BYE")


async def test_blind_out_of_a_bridge_of_three_and_to_nowhere(ari: Client) -> None:
    peers, audios = await start(ari)
    dialogs = [(await into(ari, peers[name], audios[name], "room"))[0] for name in peers]
    alice = peers["alice"]
    await refer(alice, dialogs[0], f"sip:nowhere@{alice.server}", status=404)
    assert await inside(ari, "room") == ["PJSIP/alice", "PJSIP/bob", "PJSIP/carol"]
    await refer(alice, dialogs[0], f"sip:echo@{alice.server}")
    found = await ari.event("BridgeBlindTransfer")
    assert "transferee" not in found
    await ari.event("StasisEnd")
    assert await inside(ari, "room") == ["Local/echo@default;1", "PJSIP/bob", "PJSIP/carol"]


async def test_blind_to_a_phone_that_rings(ari: Client) -> None:
    """Those in the bridge hear the ringing; when the phone answers they talk."""
    peers, audios = await start(ari)
    alice, carol = peers["alice"], peers["carol"]
    hers, _ = await into(ari, alice, audios["alice"], "room")
    await into(ari, peers["bob"], audios["bob"], "room")
    await refer(alice, hers, f"sip:carol@{alice.server}")
    assert await told(alice) == ("100", "active")
    invite = await carol.expect("INVITE")
    carol.answer(invite, 180)
    await ari.event("ChannelEnteredBridge")
    silence = {0x7F, 0xFF}
    before = len(audios["bob"].packets)
    await eventually(
        "a ringing tone", lambda: any(set(p) - silence for k, p in audios["bob"].packets[before:] if k == 0)
    )
    carol.accept(invite, audios["carol"].sdp())
    await carol.expect("ACK")
    audios["carol"].aim(invite)
    await talk(audios["bob"], audios["carol"])


async def test_the_leg_that_came_is_sent_on_by_the_application(ari: Client) -> None:
    """As any channel of an application it goes on in the dialplan, or to another application."""
    peers, audios = await start(ari)
    alice = peers["alice"]
    hers, _ = await into(ari, alice, audios["alice"], "room")
    await into(ari, peers["bob"], audios["bob"], "room")
    await refer(alice, hers, f"sip:echo@{alice.server}")
    leg = (await ari.event("StasisStart"))["channel"]["id"]
    await ari.event("StasisEnd")
    await ari("POST", f"channels/{leg}/continue?context=default&extension=after&priority=1", status=204)
    await ari.event("StasisEnd", lambda event: event["channel"]["id"] == leg)
    went = await eventually("the extension", lambda: ari.switch.node.runner.globals.get("went"))
    assert str(went).startswith("Local/echo@default-")
    assert await inside(ari, "room") == ["PJSIP/bob"]


async def test_attended_between_two_bridges(ari: Client) -> None:
    """Two halves of a leg link the bridges."""
    peers, audios = await start(ari)
    alice, second = peers["alice"], await ari.switch.audio()
    hers, first_leg = await into(ari, alice, audios["alice"], "one")
    _, bob = await into(ari, peers["bob"], audios["bob"], "one")
    other, second_leg = await into(ari, alice, second, "two")
    _, carol = await into(ari, peers["carol"], audios["carol"], "two")
    await refer(alice, hers, f"sip:stasis@{alice.server}?Replaces={replaces(other)}")
    assert await told(alice) == ("100", "active")
    assert await told(alice) == ("200", "terminated")
    alice.answer(await alice.expect("BYE"), 200)
    await eventually("both ends", lambda: len(since(ari, "StasisEnd")) == 2)
    (found,) = since(ari, "BridgeAttendedTransfer")
    assert found["destination_type"] == "link"
    assert found["transferer_first_leg"]["id"] == first_leg
    assert found["transferer_first_leg_bridge"]["id"] == "one"
    assert found["transferer_second_leg"]["id"] == second_leg
    assert found["transferer_second_leg_bridge"]["id"] == "two"
    assert (found["transferee"]["id"], found["transfer_target"]["id"]) == (bob, carol)
    began = since(ari, "StasisStart")
    assert [event["replace_channel"]["id"] for event in began] == [first_leg, second_leg]
    assert [event["channel"]["name"] for event in began] == [
        found["destination_link_first_leg"]["name"],
        found["destination_link_second_leg"]["name"],
    ]
    assert await inside(ari, "one") == ["Local/_attended@transfer;1", "PJSIP/bob"]
    assert await inside(ari, "two") == ["Local/_attended@transfer;2", "PJSIP/carol"]
    await talk(audios["bob"], audios["carol"])
    await ari("DELETE", f"channels/{began[0]['channel']['id']}", status=204)
    await ari.event("StasisEnd", lambda event: event["channel"]["id"] == began[1]["channel"]["id"])


async def test_attended_from_a_bridge_to_the_dialplan(ari: Client) -> None:
    """What the second call was with (Echo) goes on with the other half of the link."""
    peers, audios = await start(ari)
    alice, second = peers["alice"], await ari.switch.audio()
    hers, _ = await into(ari, alice, audios["alice"], "one")
    await into(ari, peers["bob"], audios["bob"], "one")
    other = await alice.call("echo", body=second.sdp())
    await refer(alice, hers, f"sip:echo@{alice.server}?Replaces={replaces(other)}")
    found = await ari.event("BridgeAttendedTransfer")
    assert (found["destination_type"], found["destination_application"]) == ("application", "Echo")
    assert found["replace_channel"]["name"].startswith("Local/_attended@transfer-")
    assert "transfer_target" not in found
    await eventually("three channels", lambda: len(ari.switch.channels()) == 3)
    audios["bob"].talk(octet=0x5A)
    await audios["bob"].hears(0, b"\x5a" * 160)


async def test_attended_from_a_bridge_to_a_conversation(ari: Client) -> None:
    """Alice has called carol through Dial(): carol talks to the bridge."""
    peers, audios = await start(ari)
    alice, second = peers["alice"], await ari.switch.audio()
    hers, _ = await into(ari, alice, audios["alice"], "one")
    await into(ari, peers["bob"], audios["bob"], "one")
    other, _ = await connect(alice, peers["carol"], "carol", (second, audios["carol"]))
    await refer(alice, hers, f"sip:carol@{alice.server}?Replaces={replaces(other)}")
    assert (await ari.event("BridgeAttendedTransfer"))["destination_type"] == "link"
    assert await inside(ari, "one") == ["Local/_attended@transfer;1", "PJSIP/bob"]
    await eventually("four channels", lambda: len(ari.switch.channels()) == 4)
    await talk(audios["bob"], audios["carol"])


async def test_attended_to_a_channel_that_waits_in_the_application(ari: Client) -> None:
    """Both halves are the application's then, in place of alice's channels."""
    peers, audios = await start(ari)
    alice, second = peers["alice"], await ari.switch.audio()
    hers, first_leg = await into(ari, alice, audios["alice"], "one")
    await into(ari, peers["bob"], audios["bob"], "one")
    other = await alice.call("waiting", body=second.sdp())
    second_leg = (await ari.event("StasisStart"))["channel"]["id"]
    await refer(alice, hers, f"sip:waiting@{alice.server}?Replaces={replaces(other)}")
    await eventually("the transfer", lambda: since(ari, "BridgeAttendedTransfer"))
    began = since(ari, "StasisStart")
    assert [event["replace_channel"]["id"] for event in began] == [first_leg, second_leg]
    assert [event["args"] for event in began] == [[], []]
    (found,) = since(ari, "BridgeAttendedTransfer")
    assert (found["destination_type"], found["destination_application"]) == ("application", "Stasis")
    assert found["replace_channel"]["id"] == began[0]["channel"]["id"]


async def test_attended_from_a_conversation_to_the_application(ari: Client) -> None:
    """No bridge of an application is concerned: bob himself takes the place of the channel that waits."""
    peers, audios = await start(ari)
    alice, second = peers["alice"], await ari.switch.audio()
    hers, _ = await connect(alice, peers["bob"], "bob", (audios["alice"], audios["bob"]))
    other = await alice.call("waiting", body=second.sdp())
    second_leg = (await ari.event("StasisStart"))["channel"]["id"]
    await refer(alice, hers, f"sip:waiting@{alice.server}?Replaces={replaces(other)}")
    began = await ari.event("StasisStart")
    assert began["channel"]["name"].startswith("PJSIP/bob-")
    assert began["replace_channel"]["id"] == second_leg
    await ari.event("StasisEnd", lambda event: event["channel"]["id"] == second_leg)
    await ari("DELETE", f"channels/{began['channel']['id']}", status=204)
    await peers["bob"].expect("BYE")


async def test_an_invite_with_replaces_takes_a_place_in_a_bridge(ari: Client) -> None:
    peers, audios = await start(ari)
    hers, first_leg = await into(ari, peers["alice"], audios["alice"], "room")
    await into(ari, peers["bob"], audios["bob"], "room")
    node, own = hers.remote.partition(";tag=")[2], hers.local.partition(";tag=")[2]
    header = f"Replaces: {hers.call_id};to-tag={node};from-tag={own}"
    taken = await peers["carol"].call("x", body=audios["carol"].sdp(), headers=[header])
    audios["carol"].aim(taken.response)
    began = await ari.event("StasisStart")
    assert began["replace_channel"]["id"] == first_leg
    assert began["channel"]["name"].startswith("PJSIP/carol-")
    await peers["alice"].expect("BYE")
    assert await inside(ari, "room") == ["PJSIP/bob", "PJSIP/carol"]
    await talk(audios["bob"], audios["carol"])


async def test_a_leg_that_ends_before_it_is_there_leaves_nothing(ari: Client) -> None:
    """The number hangs up at once: the application hears of the coming and of the going."""
    switch: Switch = ari.switch
    peers, audios = await start(ari)
    (switch.config / "extensions.conf").write_text(DIALPLAN + "exten => no,1,Hangup()\n")
    await switch.node.reload("dialplan")
    alice = peers["alice"]
    hers, _ = await into(ari, alice, audios["alice"], "room")
    _, bob = await into(ari, peers["bob"], audios["bob"], "room")
    await refer(alice, hers, f"sip:no@{alice.server}")
    await ari.event("BridgeBlindTransfer")
    service = switch.node.ari
    assert service is not None
    await eventually("bob alone", lambda: list(service.controls) == [bob])
    await asyncio.sleep(0)
    assert await inside(ari, "room") == ["PJSIP/bob"]
