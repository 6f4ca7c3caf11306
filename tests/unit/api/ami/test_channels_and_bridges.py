"""Actions on channels and bridges of a call between two phones: what they list, take out, flash."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from unit.api.ami.test_sessions import Client
from unit.drivers.node import Peer, Switch, connect, eventually, phone

MANAGER = "[general]\nenabled=yes\nbindaddr=127.0.0.1\nport=0\n[boss]\nsecret=s\nread=all\nwrite=all\n"
ALICE, BOB = "PJSIP/alice-00000000", "PJSIP/bob-00000001"


class Talk:
    """A call from alice to bob, and a manager client that sees all."""

    client: Client
    alice: Peer
    bob: Peer

    async def start(self, switch: Switch) -> None:
        await switch.start(
            phone("alice") + phone("bob"),
            "[default]\nexten => bob,1,Dial(PJSIP/bob,,g)\n same => n,Set(GLOBAL(after)=${DIALSTATUS})\n"
            " same => n,Wait(30)\n",
            manager=MANAGER,
        )
        assert switch.node.manager is not None
        self.client = await Client.connect(switch.node.manager.ports()[0])
        await self.client.ask("Login", Username="boss", Secret="s")
        self.alice, self.bob = await switch.peer(name="alice"), await switch.peer(name="bob")
        await self.bob.register()
        self.dialogs = await connect(
            self.alice, self.bob, "bob", (await switch.audio(), await switch.audio())
        )

    async def listing(self, action: str, **headers: str) -> tuple[list[dict[str, str]], dict[str, str]]:
        """The items of a list, and the event that ends it."""
        self.client.got.clear()
        answer = await self.client.ask(action, **headers)
        assert (answer["Response"], answer["EventList"]) == ("Success", "start")
        end = await self.client.find(EventList="Complete")
        number = end["ActionID"]
        items = [m for m in self.client.got if "Event" in m and m.get("ActionID") == number and m is not end]
        assert end["ListItems"] == str(len(items))
        return items, end

    async def refused(self, action: str, **headers: str) -> str:
        answer = await self.client.ask(action, **headers)
        assert answer["Response"] == "Error"
        return answer["Message"]


@pytest_asyncio.fixture
async def talk(switch: Switch) -> AsyncIterator[Talk]:
    made = Talk()
    await made.start(switch)
    yield made
    await made.client.close()


async def test_a_bridge_and_who_is_in_it(talk: Talk) -> None:
    (bridge,), _ = await talk.listing("BridgeList")
    assert (bridge["Event"], bridge["BridgeNumChannels"]) == ("BridgeListItem", "2")
    items, end = await talk.listing("BridgeInfo", BridgeUniqueid=bridge["BridgeUniqueid"])
    assert {item["Channel"] for item in items} == {ALICE, BOB}
    assert {item["Event"] for item in items} == {"BridgeInfoChannel"}
    assert {item["Linkedid"] for item in items} == {items[0]["Linkedid"]}
    assert (end["Event"], end["BridgeUniqueid"]) == ("BridgeInfoComplete", bridge["BridgeUniqueid"])
    assert await talk.refused("BridgeInfo", BridgeUniqueid="none") == "Bridge not found"


async def test_whom_a_channel_is_in_a_call_with(talk: Talk) -> None:
    items, end = await talk.listing("CoreShowChannelMap", Channel=ALICE)
    assert [item["ConnectedChannel"] for item in items] == [BOB]
    assert end["Event"] == "CoreShowChannelMapComplete"
    assert await talk.refused("CoreShowChannelMap", Channel="PJSIP/none") == "No such channel"


async def test_a_channel_is_taken_out_of_its_bridge(talk: Talk, switch: Switch) -> None:
    assert (
        await talk.refused("BridgeKick", Channel=BOB, BridgeUniqueid="another")
        == "Channel is not in this bridge"
    )
    assert await talk.refused("BridgeKick", Channel="PJSIP/none") == "Channel not found"
    answer = await talk.client.ask("BridgeKick", Channel=BOB)
    assert answer["Response"] == "Success"
    talk.bob.answer(await talk.bob.expect("BYE"), 200)
    await eventually("the caller's dialplan", lambda: switch.node.runner.globals.get("after") == "ANSWER")
    assert await talk.refused("BridgeKick", Channel=ALICE) != ""


async def test_a_hook_flash(talk: Talk) -> None:
    answer = await talk.client.ask("SendFlash", Channel=BOB)
    assert answer["Message"] == "Flash successfully queued"
    info = await talk.bob.expect("INFO")
    assert info.content_type == "application/hook-flash"
    talk.bob.answer(info, 200)
    talk.client.got.clear()
    await talk.client.ask("SendFlash", Channel=ALICE, Receive="yes")
    event = await talk.client.find(Event="Flash")
    assert (event["Channel"], event["ConnectedLineNum"]) == (ALICE, "bob")
    info = await talk.bob.expect("INFO")  # where it was flashed to
    talk.bob.answer(info, 200)
    assert not {"DTMFBegin", "DTMFEnd", "Hangup"} & set(talk.client.events())
    assert await talk.refused("SendFlash", Channel="PJSIP/none") == "Channel not found"


async def test_a_local_channel_is_let_go(talk: Talk, switch: Switch) -> None:
    plan = "[default]\nexten => l,1,Dial(Local/bob@default/n)\nexten => bob,1,Dial(PJSIP/bob)\n"
    (switch.config / "extensions.conf").write_text(plan)
    await switch.node.reload()
    await connect(talk.alice, talk.bob, "l", (await switch.audio(), await switch.audio()))
    bridge = await talk.client.find(Event="LocalBridge")
    assert bridge["LocalOptimization"] == "No"
    half = bridge["LocalOneChannel"]
    await talk.client.find(Event="BridgeEnter", Channel=half)
    assert "optimize" in await talk.refused("LocalOptimizeAway", Channel=ALICE)
    assert "exist" in await talk.refused("LocalOptimizeAway", Channel="Local/none")
    answer = await talk.client.ask("LocalOptimizeAway", Channel=half)
    assert answer["Response"] == "Success"
    began = await talk.client.find(Event="LocalOptimizationBegin")
    ended = await talk.client.find(Event="LocalOptimizationEnd", Id=began["Id"])
    assert began["LocalOneChannel"] == ended["LocalOneChannel"] == half
    assert began["SourceChannel"].startswith("PJSIP/bob-")
    assert began["DestUniqueId"]
    assert ended["Success"] == "Yes"
    await talk.client.find(Event="Hangup", Channel=half)


async def test_events_of_a_call_from_beginning_to_end(talk: Talk) -> None:
    """Those that a client which draws the call needs, in their order."""
    talk.alice.within(talk.dialogs[0], "BYE")
    await talk.alice.expect(200)
    talk.bob.answer(await talk.bob.expect("BYE"), 200)
    await eventually("both ends", lambda: talk.client.events().count("Hangup") == 2)
    seen = talk.client.events()
    for one in (
        ["Newchannel", "Newexten", "DialBegin", "Newstate", "DialEnd", "BridgeCreate", "BridgeEnter"],
        ["BridgeEnter", "HangupRequest", "BridgeLeave", "BridgeDestroy"],
        ["BridgeLeave", "SoftHangupRequest", "Hangup"],
    ):
        places = [seen.index(name) for name in one]
        assert places == sorted(places), one
    state = await talk.client.find(Event="Newstate", Channel=ALICE)
    assert state["ChannelStateDesc"] in ("Ringing", "Up")
    request = await talk.client.find(Event="HangupRequest")
    assert (request["Channel"], request["Cause"]) == (ALICE, "16")


async def test_digits_are_told_at_both_ends(talk: Talk) -> None:
    talk.client.got.clear()
    await talk.client.ask("PlayDTMF", Channel=ALICE, Digit="7", Receive="true", Duration="120")
    await talk.client.find(Event="DTMFEnd", Channel=BOB)
    told = [(m["Event"], m["Channel"], m["Direction"], m["Digit"]) for m in talk.client.got if "Digit" in m]
    assert told == [
        ("DTMFBegin", ALICE, "Received", "7"),
        ("DTMFEnd", ALICE, "Received", "7"),
        ("DTMFBegin", BOB, "Sent", "7"),
        ("DTMFEnd", BOB, "Sent", "7"),
    ]
