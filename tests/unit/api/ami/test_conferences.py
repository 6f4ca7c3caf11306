"""Conferences in the manager interface."""

from __future__ import annotations

from offhook.drivers.local.channel import LocalChannel
from unit.api.ami.test_sessions import Office, eventually, office
from unit.drivers.node import Switch

__all__ = ["Switch", "office"]


async def test_a_conference_is_announced_listed_and_changed(office: Office) -> None:
    await office.start()
    boss = await office.boss()
    assert (await boss.ask("ConfbridgeListRooms"))["Message"] == "No active conferences."
    answer = await boss.ask(
        "Originate", Channel="Local/200@default", Application="ConfBridge", Data="7", Async="true"
    )
    assert answer["Response"] == "Success"
    joined = await boss.find(Event="ConfbridgeJoin", Conference="7")
    assert (joined["Admin"], joined["Muted"], joined["BridgeType"]) == ("No", "No", "base")
    assert "ConfbridgeStart" in boss.events()
    channel = joined["Channel"]

    await boss.ask("ConfbridgeListRooms")
    assert (await boss.find(Event="ConfbridgeListRooms"))["Parties"] == "1"
    assert (await boss.ask("ConfbridgeList", Conference="8"))["Response"] == "Error"
    await boss.ask("ConfbridgeMute", Conference="7", Channel=channel)
    assert (await boss.find(Event="ConfbridgeMute"))["Channel"] == channel
    await boss.ask("ConfbridgeList", Conference="7")
    listed = await boss.find(Event="ConfbridgeList")
    assert (listed["Muted"], listed["Talking"], listed["Channel"]) == ("Yes", "No", channel)
    assert (await boss.find(Event="ConfbridgeListComplete"))["ListItems"] == "1"
    await boss.ask("ConfbridgeUnmute", Conference="7", Channel="all")
    await boss.find(Event="ConfbridgeUnmute")
    for action in ("ConfbridgeLock", "ConfbridgeUnlock", "ConfbridgeStartRecord", "ConfbridgeStopRecord"):
        assert (await boss.ask(action, Conference="7"))["Response"] == "Success", action
    await boss.find(Event="ConfbridgeStopRecord")
    assert (await boss.ask("ConfbridgeKick", Conference="7", Channel="nobody"))["Response"] == "Error"
    assert (await boss.ask("ConfbridgeKick", Conference="7", Channel="all"))["Message"] == "User kicked"
    assert (await boss.find(Event="ConfbridgeLeave"))["Channel"] == channel
    await boss.find(Event="ConfbridgeEnd")
    await eventually("no channel", lambda: not office.node.pbx.channels)


async def test_whose_video_the_others_see(office: Office, monkeypatch) -> None:
    await office.start()
    boss = await office.boss()
    await boss.ask("Originate", Channel="Local/200@default", Application="ConfBridge", Data="7", Async="true")
    joined = await boss.find(Event="ConfbridgeJoin", Conference="7")

    async def show(channel: str = joined["Channel"], conference: str = "7") -> dict[str, str]:
        return await boss.ask("ConfbridgeSetSingleVideoSrc", Conference=conference, Channel=channel)

    assert (await show())["Response"] == "Error"  # it sends none
    port = office.node.pbx.media.open_port("127.0.0.1", carries="video")
    monkeypatch.setattr(LocalChannel, "further_media", lambda channel: [("video", port)])
    assert (await show("nobody"))["Response"] == "Error"
    assert (await show(conference="8"))["Response"] == "Error"
    assert (await show())["Message"] == "Conference single video source set."
    told = await boss.find(Event="BridgeVideoSourceUpdate")
    assert told["BridgeUniqueid"] == joined["BridgeUniqueid"]
    assert (told["BridgeVideoSourceMode"], told["BridgePreviousVideoSource"]) == ("single", "")
    assert told["BridgeVideoSource"] == joined["Uniqueid"]
    monkeypatch.undo()
    await boss.ask("ConfbridgeKick", Conference="7", Channel="all")
    await eventually("no channel", lambda: not office.node.pbx.channels)
    port.close()
