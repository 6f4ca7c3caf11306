"""ARI: channels for other programs' audio, snooping, and calls that are offered to all applications."""

from __future__ import annotations

import asyncio

from unit.api.ari_client import ARI, HTTP, Client, answer, ari, in_stasis
from unit.api.test_ari_bridges import two_in_a_bridge
from unit.drivers.node import Switch, eventually, phone

__all__ = ["ari"]


async def test_external_media_is_a_channel_like_any(ari: Client) -> None:
    _, _, alice = await in_stasis(ari)
    program = await ari.switch.audio()
    where = f"external_host=localhost:{program.port}"
    await ari("POST", f"channels/externalMedia?app=test&{where}&format=nonsense", status=400)
    await ari("POST", f"channels/externalMedia?app=test&{where}&format=ulaw&transport=tcp", status=400)
    await ari("POST", "channels/externalMedia?app=test&external_host=x&format=ulaw", status=400)
    made = await ari("POST", f"channels/externalMedia?app=test&{where}&format=ulaw&channelId=ext")
    assert made["name"].startswith("UnicastRTP/127.0.0.1:")
    variables = made["channelvars"]
    program.target = variables["UNICASTRTP_LOCAL_ADDRESS"], int(variables["UNICASTRTP_LOCAL_PORT"])
    start = await ari.event("StasisStart", lambda event: event["channel"]["id"] == "ext")
    assert start["channel"]["state"] == "Up"
    await ari("POST", "bridges?bridgeId=room")
    await ari("POST", f"bridges/room/addChannel?channel={alice},ext", status=204)
    phone_audio = ari.switch.audios[0]
    phone_audio.talk(octet=0x21)
    await program.hears(0, b"\x21" * 160)
    program.talk(octet=0x35)
    await phone_audio.hears(0, b"\x35" * 160)
    await ari("DELETE", "channels/ext", status=204)
    await ari.event("ChannelDestroyed", lambda event: event["channel"]["id"] == "ext")


async def test_unicast_rtp_is_dialled(switch: Switch) -> None:
    program = await switch.audio()
    plan = f"[default]\nexten => ext,1,Dial(UnicastRTP/127.0.0.1:{program.port}/c(alaw))\n"
    await switch.start(phone("alice"), plan)
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call("ext", body=audio.sdp(), status=200)
    audio.aim(dialog.response)
    audio.talk()
    assert len(await program.hears(8)) == 160


async def test_snooping(ari: Client) -> None:
    alice, _ = await two_in_a_bridge(ari)
    await ari("POST", f"channels/{alice}/snoop?app=test", status=400)
    await ari("POST", f"channels/{alice}/snoop?spy=sideways&app=test", status=400)
    await ari("POST", "channels/nobody/snoop?spy=in&app=test", status=404)
    made = await ari("POST", f"channels/{alice}/snoop/s?spy=in&whisper=out&app=test&appArgs=a,b")
    assert made["name"].startswith(f"Snoop/{alice}-")
    await ari("POST", f"channels/{alice}/snoop/s?spy=in&app=test", status=409)
    start = await ari.event("StasisStart", lambda event: event["channel"]["id"] == "s")
    assert start["args"] == ["a", "b"]
    # What it hears is Alice alone, and can be handed to a program.
    program = await ari.switch.audio()
    where = f"external_host=127.0.0.1:{program.port}"
    made = await ari("POST", f"channels/externalMedia?app=test&{where}&format=ulaw&channelId=ext")
    program.target = "127.0.0.1", int(made["channelvars"]["UNICASTRTP_LOCAL_PORT"])
    await ari.event("StasisStart", lambda event: event["channel"]["id"] == "ext")
    await ari("POST", "bridges?bridgeId=listeners")
    await ari("POST", "bridges/listeners/addChannel?channel=s,ext", status=204)
    her, him = ari.switch.audios[:2]
    her.talk(octet=0x21)
    await program.hears(0, b"\x21" * 160)
    her.hush()
    him.talk(octet=0x35)
    await her.hears(0, b"\x35" * 160)
    await program.hears(0, b"\xff" * 160)
    him.hush()
    # What it whispers only Alice hears.
    program.talk(octet=0x44)
    await her.hears(0, b"\x44" * 160)
    await him.hears(0, b"\xff" * 160)
    await ari("DELETE", f"channels/{alice}", status=204)
    await ari.event("ChannelDestroyed", lambda event: event["channel"]["id"] == "s")


async def test_snooping_follows_the_channel(ari: Client) -> None:
    _, _, alice = await in_stasis(ari)
    await ari("POST", f"channels/{alice}/snoop/s?spy=both&app=test")
    await ari.event("StasisStart", lambda event: event["channel"]["id"] == "s")
    await ari("POST", "channels/s/record?name=alone&format=wav", status=201)
    ari.switch.audios[0].talk(octet=0x21)
    await asyncio.sleep(0.3)
    _, answered = await answer(ari.switch)
    await ari("POST", "channels/create?endpoint=PJSIP/bob&app=test&channelId=b")
    await ari.event("StasisStart", lambda event: event["channel"]["id"] == "b")
    await ari("POST", "channels/b/dial", status=204)
    await answered
    await ari("POST", "bridges?bridgeId=room")
    await ari("POST", f"bridges/room/addChannel?channel={alice},b", status=204)
    assert (await ari("GET", "bridges/room"))["technology"] == "softmix"
    await ari("DELETE", "channels/s", status=204)
    await asyncio.sleep(1)
    await ari.event("RecordingFinished")
    assert len(set((await ari("GET", "recordings/stored/alone/file"))[44:])) > 1
    await eventually(
        "the bridge of two", lambda: [b.technology for b in ari.switch.node.pbx.bridges] == ["simple_bridge"]
    )


BROADCAST = """
[default]
exten => all,1,StasisBroadcast(5000,^t,x:y,yes)
 same => n,Set(GLOBAL(status)=${STASISSTATUS})
exten => short,1,StasisBroadcast(50)
 same => n,Set(GLOBAL(status)=${STASISSTATUS})
"""


async def test_a_call_is_offered_to_all(switch: Switch) -> None:
    await switch.start(phone("alice"), BROADCAST, ari=ARI, http=HTTP)
    one, two, three = (Client(switch) for _ in range(3))
    await one.listen("test")
    await two.listen("tother")
    await three.listen("other")
    alice = await switch.peer(name="alice")
    calling = asyncio.create_task(alice.call("all", body=(await switch.audio()).sdp(), status=200))
    offered = await one.event("CallBroadcast")
    channel = offered["channel"]["id"]
    assert offered["called"] == "all"
    await two.event("CallBroadcast")
    await one("POST", f"events/claim?channelId={channel}&application=other", status=409)
    await one("POST", f"events/claim?channelId={channel}&application=nobody", status=404)
    await one("POST", "events/claim?channelId=nobody&application=test", status=404)
    await one("POST", f"events/claim?channelId={channel}&application=tother", status=204)
    await one("POST", f"events/claim?channelId={channel}&application=test", status=409)
    assert (await one.event("CallClaimed"))["winner_app"] == "tother"
    assert (await two.event("StasisStart"))["args"] == ["x", "y"]
    assert not three.events
    await one("POST", f"channels/{channel}/answer", status=204)
    await calling
    await one("POST", f"channels/{channel}/continue", status=204)
    await eventually("the end", lambda: switch.node.runner.globals.get("status") == "SUCCESS")
    await one("POST", f"events/claim?channelId={channel}&application=test", status=404)
    alice = await switch.peer(name="alice")
    asyncio.get_running_loop().create_task(alice.call("short", body=(await switch.audio()).sdp()))
    await eventually("the end", lambda: switch.node.runner.globals.get("status") == "TIMEOUT")
    for client in (one, two, three):
        await client.close()
