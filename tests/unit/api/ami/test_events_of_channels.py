"""Events of what a dialplan does with a channel, and of who logs in: their headers, as Asterisk has them."""

from __future__ import annotations

from pathlib import Path

from unit.api.ami.test_sessions import Client
from unit.drivers.node import Switch, eventually, phone

MANAGER = """
[general]
enabled=yes
bindaddr=127.0.0.1
port=0
[boss]
secret=s
read=all
write=all
"""
DIALPLAN = """
[default]
exten => 1,1,Answer()
 same => n,Set(CALLERID(name)=Zed)
 same => n,Set(CHANNEL(accountcode)=acc)
 same => n,Set(CHANNEL(hangup_handler_push)=hh,s,1(a))
 same => n,Set(CHANNEL(hangup_handler_pop)=hh,s,1(b))
 same => n,Set(CHANNEL(hangup_handler_push)=hh,s,1(c))
 same => n,StartMusicOnHold(tunes)
 same => n,StopMusicOnHold()
 same => n,Set(DEVICE_STATE(Custom:lamp)=INUSE)
 same => n,Set(PRESENCE_STATE(CustomPresence:alice)=away,lunch,back)
 same => n,Set(TALK_DETECT(set)=)
 same => n,MusicOnHold(tunes)
exten => 2,1,Answer()
 same => n,ChanSpy(PJSIP/alice,q)
[hh]
exten => s,1,Return()
"""
SNAPSHOT = [
    *("Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName", "ConnectedLineNum"),
    *("ConnectedLineName", "Language", "AccountCode", "Context", "Exten", "Priority", "Uniqueid", "Linkedid"),
]
SECURITY = [
    *("EventTV", "Severity", "Service", "EventVersion", "AccountID", "SessionID"),
    *("LocalAddress", "RemoteAddress"),
]


def headers(client: Client, event: str) -> list[str]:
    """What the first event of this name has behind Event, Privilege and the time."""
    found = next(message for message in client.got if message.get("Event") == event)
    return [name for name in found if name not in ("Event", "Privilege", "Timestamp")]


async def boss(switch: Switch) -> Client:
    assert switch.node.manager is not None
    client = await Client.connect(switch.node.manager.ports()[0])
    return await client.log_in(secret="s")


async def test_what_the_dialplan_does_with_a_channel(switch: Switch, tmp_path: Path) -> None:
    (tmp_path / "tune.sln").write_bytes(bytes(16_000))
    music = f"[tunes]\nmode=files\ndirectory={tmp_path}\n"
    await switch.start(phone("alice") + phone("bob"), DIALPLAN, manager=MANAGER, musiconhold=music)
    client = await boss(switch)
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    audio = await switch.audio()
    dialog = await alice.call("1", body=audio.sdp())
    assert dialog.response is not None
    audio.aim(dialog.response)
    audio.talk()
    await client.find(Event="ChannelTalkingStart")
    spy = await bob.call("2", body=(await switch.audio()).sdp())
    await client.find(Event="ChanSpyStart")
    bob.within(spy, "BYE")
    await client.find(Event="ChanSpyStop")
    alice.within(dialog, "BYE")
    await eventually("both ends", lambda: client.events().count("Hangup") == 2)
    for event, beside in {
        "NewCallerid": ["CID-CallingPres"],
        "NewAccountCode": ["OldAccountCode"],
        "HangupHandlerPush": ["Handler"],
        "HangupHandlerPop": ["Handler"],
        "HangupHandlerRun": ["Handler"],
        "MusicOnHoldStart": ["Class"],
        "MusicOnHoldStop": [],
        "ChannelTalkingStart": [],
        "HangupRequest": ["Cause"],
        "Hangup": ["Cause", "Cause-txt", "TechCause"],
    }.items():
        assert headers(client, event)[: len(SNAPSHOT)] == SNAPSHOT, event
        assert set(headers(client, event)[len(SNAPSHOT) :]) <= set(beside), event
    assert headers(client, "DeviceStateChange") == ["Device", "State"]
    assert headers(client, "PresenceStateChange") == ["Presentity", "Status", "Subtype", "Message"]
    spied = [f"{whose}{name}" for whose in ("Spyer", "Spyee") for name in SNAPSHOT]
    assert headers(client, "ChanSpyStart") == spied
    first = {
        name: await client.find(Event=name) for name in ("NewCallerid", "NewAccountCode", "MusicOnHoldStart")
    }
    assert first["NewCallerid"]["CallerIDName"] == "Zed"
    assert (first["NewAccountCode"]["AccountCode"], first["NewAccountCode"]["OldAccountCode"]) == ("acc", "")
    assert first["MusicOnHoldStart"]["Class"] == "tunes"
    handlers = [
        (m["Event"], m["Handler"]) for m in client.got if m.get("Event", "").startswith("HangupHandler")
    ]
    assert (
        handlers
        == [
            ("HangupHandlerPush", "hh,s,1(a)"),
            ("HangupHandlerPop", "hh,s,1(a)"),
            ("HangupHandlerPush", "hh,s,1(b)"),
            ("HangupHandlerPush", "hh,s,1(c)"),
            ("HangupHandlerRun", "hh,s,1(c)"),
            ("HangupHandlerRun", "hh,s,1(b)"),
        ]
        or handlers
    )
    await client.close()


async def test_who_logs_in_and_who_may_not(switch: Switch) -> None:
    await switch.start("", DIALPLAN, manager=MANAGER)
    client = await boss(switch)
    assert switch.node.manager is not None
    port = switch.node.manager.ports()[0]
    tries: dict[str, dict[str, str]] = {
        "InvalidPassword": {"Username": "boss", "Secret": "wrong"},
        "InvalidAccountID": {"Username": "nobody", "Secret": "s"},
        "ChallengeResponseFailed": {"Username": "boss", "AuthType": "MD5", "Key": "00"},
        "SuccessfulAuth": {"Username": "boss", "Secret": "s"},
    }
    for event, login in tries.items():
        other = await Client.connect(port)
        if "Key" in login:
            await other.ask("Challenge", AuthType="MD5")
        other.send("Login", **login)
        told = await client.find(Event=event, AccountID=login["Username"])
        assert headers(client, event)[: len(SECURITY)] == SECURITY
        assert told["Privilege"] == "security,all"
        assert told["Service"] == "AMI"
        assert told["Severity"] == ("Informational" if event == "SuccessfulAuth" else "Error")
        assert told["LocalAddress"].startswith("IPV4/TCP/127.0.0.1/")
        assert told["RemoteAddress"].startswith("IPV4/TCP/127.0.0.1/")
        await other.close()
    await client.close()
