"""Conferences in the manager interface."""

from __future__ import annotations

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
