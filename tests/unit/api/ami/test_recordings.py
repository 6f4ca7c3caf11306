"""Recordings of calls and talk detection in the manager interface and on the console."""

from __future__ import annotations

from offhook.pbx.events import ChannelTalkingStopped
from unit.api.ami.test_sessions import Office, eventually, office
from unit.drivers.node import Switch

__all__ = ["Switch", "office"]


async def test_recordings_are_begun_muted_listed_and_ended(office: Office) -> None:
    await office.start()
    boss = await office.boss()
    await boss.ask("Originate", Channel="Local/200@default", Application="Wait", Data="60", Async="true")
    channel = (await boss.find(Event="Newchannel"))["Channel"]
    await eventually("its audio", lambda: office.node.pbx.channels[channel].media is not None)
    file = str(office.node.pbx.recordings / "one.wav")

    started = await boss.ask("MixMonitor", Channel=channel, File="one.wav", Options="i(ID)")
    assert started["Response"] == "Success"
    assert started["MixMonitorID"].startswith("0x")
    assert (await boss.find(Event="MixMonitorStart"))["Channel"] == channel
    second = await boss.ask("MixMonitor", Channel=channel, File="two.sln", Options="D")
    for options, file_name in (("v", "three.wav"), ("", "three.nonsense"), ("", ""), ("D", "three.wav")):
        refused = await boss.ask("MixMonitor", Channel=channel, File=file_name, Options=options)
        assert refused["Response"] == "Error", (options, file_name)
    listed = await boss.ask("Command", Command=f"mixmonitor list {channel}")
    assert file in listed["Output"] or file in str(listed)

    identity = started["MixMonitorID"]
    muted = await boss.ask(
        "MixMonitorMute", Channel=channel, Direction="read", State="1", MixMonitorID=identity
    )
    assert muted["Response"] == "Success"
    told = await boss.find(Event="MixMonitorMute")
    assert (told["Direction"], told["State"]) == ("read", "1")
    for wrong in ({"Direction": "left", "State": "1"}, {"Direction": "both"}):
        assert (await boss.ask("MixMonitorMute", Channel=channel, **wrong))["Response"] == "Error"

    stopped = await boss.ask("StopMixMonitor", Channel=channel, MixMonitorID=second["MixMonitorID"])
    assert stopped["Response"] == "Success"
    await boss.find(Event="MixMonitorStop")
    again = await boss.ask("StopMixMonitor", Channel=channel, MixMonitorID=second["MixMonitorID"])
    assert again["Response"] == "Error"
    assert (await boss.ask("StopMixMonitor", Channel="nobody"))["Response"] == "Error"
    assert (await boss.ask("StopMixMonitor", Channel=channel))["Response"] == "Success"
    office.node.pbx.bus.emit(ChannelTalkingStopped, office.node.pbx.channels[channel], 750)
    assert (await boss.find(Event="ChannelTalkingStop"))["Duration"] == "750"
    await boss.ask("Hangup", Channel=channel)
    await eventually("the file", lambda: (office.node.pbx.recordings / "one.wav").exists())
