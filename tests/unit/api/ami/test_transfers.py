"""Transfers, bridges, AGI and messages by actions of the manager interface."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from unit.api.ami.test_sessions import Client, Office, eventually, office
from unit.drivers.node import Switch

__all__ = ["Switch", "office"]

PLAN = """
exten => call,1,Dial(Local/bob@default/n,,{options})
 same => n,Set(GLOBAL(after)=${{DIALSTATUS}})
 same => n,Wait(60)
exten => bob,1,Answer()
 same => n,Wait(60)
exten => carol,1,Answer()
 same => n,Set(GLOBAL(carol)=${{CHANNEL}})
 same => n,Wait(60)
exten => agi,1,AGI(agi:async)
 same => n,Set(GLOBAL(after)=${{AGISTATUS}})
exten => late,1,Set(CHANNEL(hangup_handler_push)=handler,s,1(x))
 same => n,Answer()
 same => n,Hangup()
[handler]
exten => s,1,Return()
"""


async def started(office: Office, options: str = "") -> Client:
    await office.start()
    path = office.switch.config / "extensions.conf"
    path.write_text(path.read_text() + "\n[default]\n" + PLAN.format(options=options))
    await office.node.reload()
    return await office.boss()


async def calling(office: Office, options: str = "") -> tuple[Client, str, str]:
    """A call from one Local channel to another: the names of the two that are bridged."""
    boss = await started(office, options)
    answer = await boss.ask(
        "Originate",
        Channel="Local/200@default/n",
        Exten="call",
        Context="default",
        Priority="1",
        Async="true",
    )
    assert answer["Response"] == "Success"
    await boss.find(Event="BridgeEnter", BridgeNumChannels="2")
    names = [one["Channel"] for one in boss.got if one.get("Event") == "BridgeEnter"]
    caller = next(name for name in names if name.startswith("Local/200@"))
    return boss, caller, next(name for name in names if name.startswith("Local/bob@"))


async def test_the_other_goes_to_an_extension(office: Office) -> None:
    boss, caller, peer = await calling(office)
    assert (await boss.ask("BlindTransfer", Channel=peer))["Message"] == "No extension specified"
    assert (await boss.ask("BlindTransfer", Channel=peer, Exten="nowhere"))["Response"] == "Error"
    assert (await boss.ask("BlindTransfer", Channel="x", Exten="carol"))["Response"] == "Error"
    answer = await boss.ask("BlindTransfer", Channel=peer, Exten="carol", Context="default")
    assert answer["Response"] == "Success"
    told = await boss.find(Event="BlindTransfer")
    assert (told["TransfererChannel"], told["TransfereeChannel"]) == (peer, caller)
    assert (told["Extension"], told["Context"]) == ("carol", "default")
    await eventually("it is there", lambda: office.node.runner.globals.get("carol") == caller)


@pytest.mark.parametrize("who", ["caller", "peer"])
async def test_an_attended_transfer(office: Office, who: str) -> None:
    boss, caller, peer = await calling(office)
    transferor, other = (caller, peer) if who == "caller" else (peer, caller)
    assert (await boss.ask("Atxfer", Channel=transferor, Exten="nowhere"))["Response"] == "Error"
    answer = await boss.ask("Atxfer", Channel=transferor, Exten="carol", Context="default")
    assert answer["Message"] == "Atxfer successfully queued"
    await eventually("Carol answers", lambda: office.node.runner.globals.get("carol"))
    pbx = office.node.pbx

    def consults() -> bool:
        bridge = pbx.channels[transferor].bridge
        return bridge is not None and any(leg.name.startswith("Local/carol@") for leg in bridge.channels)

    await eventually("they talk", consults)
    await boss.ask("Hangup", Channel=transferor)
    told = await boss.find(Event="AttendedTransfer")
    assert told["OrigTransfererChannel"] == told["SecondTransfererChannel"] == transferor
    assert told["TransfereeChannel"] == other
    assert told["TransferTargetChannel"].startswith("Local/carol@default-")
    assert (told["DestType"], told["Result"]) == ("Bridge", "Success")
    assert told["OrigBridgeUniqueid"] != told["SecondBridgeUniqueid"]

    def connected() -> bool:
        bridge = pbx.channels[other].bridge
        return bridge is not None and len(bridge.channels) == 2

    await eventually("the two talk", connected)


async def test_an_attended_transfer_that_is_called_off(office: Office) -> None:
    boss, caller, peer = await calling(office)
    assert (await boss.ask("CancelAtxfer", Channel="x"))["Response"] == "Error"
    await boss.ask("Atxfer", Channel=peer, Exten="carol", Context="default")
    await eventually("Carol answers", lambda: office.node.runner.globals.get("carol"))
    carol = office.node.runner.globals["carol"]
    assert (await boss.ask("CancelAtxfer", Channel=peer))["Response"] == "Success"
    pbx = office.node.pbx
    await eventually("Carol is gone", lambda: carol not in pbx.channels)
    assert pbx.channels[peer].bridge is pbx.channels[caller].bridge is not None


async def test_two_channels_are_bridged(office: Office) -> None:
    boss = await started(office)
    for exten in ("100", "200"):
        await boss.ask("Originate", Channel=f"Local/{exten}@default/n", Exten="bob", Context="default",
                       Priority="1", Async="true")  # fmt: skip
    names = office.node.pbx.channels
    await eventually("both are there", lambda: sum(leg.application == "Wait" for leg in names.values()) == 4)
    one, two = (next(name for name in names if name.startswith(f"Local/{exten}") and name.endswith("1"))
                for exten in ("100", "200"))  # fmt: skip
    assert (await boss.ask("Bridge", Channel1=one))["Response"] == "Error"
    assert (await boss.ask("Bridge", Channel1=one, Channel2="x"))["Response"] == "Error"
    answer = await boss.ask("Bridge", Channel1=one, Channel2=two, Tone="Both")
    assert answer["Message"] == "Channels have been bridged"
    entered = await boss.find(Event="BridgeEnter", BridgeNumChannels="2")
    answer = await boss.ask("BridgeDestroy", BridgeUniqueid=entered["BridgeUniqueid"])
    assert answer["Response"] == "Success"
    await eventually("both go on", lambda: [names[name].application for name in (one, two)] == ["Wait"] * 2)


async def test_agi_by_actions(office: Office) -> None:
    boss = await started(office)
    await boss.ask("Originate", Channel="Local/agi@default/n", Application="Wait", Data="60", Async="true")
    began = await boss.find(Event="AsyncAGIStart")
    assert "agi_request: async\n" in unquote(began["Env"])
    channel = began["Channel"]
    assert (await boss.ask("AGI", Channel="x", Command="ANSWER"))["Response"] == "Error"
    other = next(name for name in office.node.pbx.channels if name != channel)
    assert (await boss.ask("AGI", Channel=other, Command="ANSWER"))["Response"] == "Error"
    answer = await boss.ask("AGI", Channel=channel, Command="SET VARIABLE X y", CommandID="17")
    assert answer["Message"] == "Added AGI command to queue"
    done = await boss.find(Event="AsyncAGIExec", CommandID="17")
    assert unquote(done["Result"]) == "200 result=1\n"
    executed = await boss.find(Event="AGIExecEnd")
    assert (executed["Command"], executed["ResultCode"], executed["Result"]) == (
        "SET VARIABLE X y", "200", "Success"
    )  # fmt: skip
    assert "AGIExecStart" in boss.events()
    await boss.ask("AGI", Channel=channel, Command="ASYNCAGI BREAK")
    await boss.find(Event="AsyncAGIEnd")
    await eventually("it goes on", lambda: office.node.runner.globals.get("after") == "SUCCESS")


async def test_messages(office: Office) -> None:
    """Nobody is registered, so none goes out; what is wrong is told."""
    boss = await started(office)
    assert "To" in (await boss.ask("MessageSend", Body="x"))["Message"]
    assert (await boss.ask("MessageSend", To="xmpp:x", Body="x"))[
        "Message"
    ] == "Message technology not found."
    assert (await boss.ask("MessageSend", To="pjsip:nobody", Base64Body="*"))["Response"] == "Error"
    assert (await boss.ask("MessageSend", To="pjsip:nobody", Body="x"))[
        "Message"
    ] == "Message failed to send."


async def test_hangup_handlers_are_told(office: Office) -> None:
    boss = await started(office)
    await boss.ask("Originate", Channel="Local/late@default/n", Application="Wait", Data="60", Async="true")
    assert (await boss.find(Event="HangupHandlerPush"))["Handler"] == "handler,s,1(x)"
    ran = await boss.find(Event="HangupHandlerRun")
    assert ran["Channel"].startswith("Local/late@")


async def test_a_digit_is_out_when_the_answer_comes(office: Office) -> None:
    boss, caller, _ = await calling(office)
    loop = office.node.pbx.loop
    began = loop.time()
    assert (await boss.ask("PlayDTMF", Channel=caller, Digit="5", Duration="120"))["Response"] == "Success"
    assert loop.time() - began >= 0.11


async def test_a_channel_is_shown_as_it_is(office: Office) -> None:
    """Also when only its place in the dialplan has changed; nothing that people write ends a line."""
    boss = await started(office)
    await boss.ask("Originate", Channel="Local/200@default/n", Application="Wait", Data="60", Async="true",
                   CallerID="x")  # fmt: skip
    await eventually("it is there", lambda: office.node.runner.globals.get("there"))
    channel = office.node.pbx.channels[office.node.runner.globals["there"]]
    shape = office.node.manager.shape
    before = shape.channel(channel)
    channel.exten, channel.priority = "o\r\nther", 9
    place = shape.channel(channel)
    assert "\r\nExten: o\\r\\nther\r\nPriority: 9\r\n" in place
    assert place.count("\r\n") == before.count("\r\n")
    channel.account_code = "Context: \r\nx"
    assert "AccountCode: Context: \\r\\nx\r\nContext: default\r\n" in shape.channel(channel)
    channel.tenant_id = "ten"
    assert shape.channel(channel).endswith("TenantID: ten\r\n")
    assert "DestTenantID: ten\r\n" in shape.channel(channel, "Dest")
