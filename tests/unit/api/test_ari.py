"""ARI over real HTTP and WebSocket: a node in this process, a phone, and a client."""

from __future__ import annotations

import asyncio
import json

import pytest
import websockets

from offhook.api.ari.operations import OPERATIONS
from offhook.api.ari.resources import load_resources
from offhook.pbx import events
from unit.api.ari_client import ARI, DIALPLAN, HTTP, Client, answer, ari, in_stasis
from unit.drivers.node import Switch, connect, eventually, phone

__all__ = ["ari"]


async def test_who_may(ari: Client) -> None:
    await ari("GET", "channels", user="me:wrong", status=401)
    assert 'www-authenticate: Basic realm="Asterisk REST Interface"' in ari.headers
    await ari("GET", "channels", user="nobody:x", status=401)
    assert await ari("GET", "channels", user="looker:look") == []
    await ari("POST", "bridges", user="looker:look", status=403)
    host, port = ari.address
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(f"ws://{host}:{port}/ari/events?app=x&api_key=me:wrong")
    assert refused.value.response.status_code == 401
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(f"ws://{host}:{port}/ari/events?api_key=me:secret")
    assert refused.value.response.status_code == 400


async def test_what_is_not_there(ari: Client) -> None:
    assert await ari("GET", "nothing", status=404) == {"message": "Resource not found"}
    await ari("PUT", "channels", status=405)
    assert await ari("GET", "channels/none", status=404) == {"message": "Channel not found"}
    assert await ari("POST", "channels", status=400) == {"message": "Missing parameter endpoint"}
    await ari("POST", "channels", b"{not json", status=400)
    await ari("POST", "channels", [1, 2], status=400)
    await ari("POST", "channels?endpoint=Nowhere/x&app=test", status=500)
    await ari("POST", "channels?endpoint=PJSIP/alice&app=test&timeout=soon", status=400)


async def test_the_node(ari: Client) -> None:
    assert (await ari("GET", "asterisk/ping"))["ping"] == "pong"
    info = await ari("GET", "asterisk/info?only=status,config")
    assert sorted(info) == ["config", "status"]
    await ari("POST", "asterisk/variable?variable=COLOUR&value=red", status=204)
    assert await ari("GET", "asterisk/variable?variable=COLOUR") == {"value": "red"}
    await ari("GET", "asterisk/info?only=nothing", status=400)


async def test_other_pages(ari: Client) -> None:
    assert await ari("GET", "/health") == {"status": "alive"}
    assert await ari("GET", "/ready") == {"status": "ready"}
    metrics = (await ari("GET", "/metrics")).decode()
    assert 'offhook_channels{technology="PJSIP"} 0' in metrics
    assert b"HTTP server status" in await ari("GET", "/httpstatus")
    await ari("GET", "/static/x", status=404)


async def test_the_documents_name_every_operation(ari: Client) -> None:
    resources = await ari("GET", "api-docs/resources.json")
    found = set()
    for api in resources["apis"]:
        page = await ari("GET", "/ari" + api["path"].replace("{format}", "json"))
        found |= {(one["httpMethod"], api["path"]) for api in page["apis"] for one in api["operations"]}
        assert page["basePath"].endswith("/ari")
        for model in page["models"].values():
            assert all("type" in one for one in model["properties"].values())
    assert {(one.method, one.path) for one in OPERATIONS} < found
    events = (await ari("GET", "api-docs/events.json"))["models"]["Event"]["subTypes"]
    assert {"StasisStart", "BridgeAttendedTransfer", "ApplicationRegistered"} < set(events)
    openapi = await ari("GET", "api-docs/openapi.json")
    assert "/channels/{channelId}/answer" in openapi["paths"]


async def test_origins(switch: Switch) -> None:
    allowed = ARI.replace("pretty=no", "pretty=yes\nallowed_origins=http://a.example")
    await switch.start(phone("alice"), DIALPLAN, ari=allowed, http=HTTP)
    client = Client(switch)
    await client("OPTIONS", "channels", status=204)
    assert "allow: GET,OPTIONS,POST" in client.headers


# ---------------------------------------------------------------- a call in an application


async def test_a_call_goes_to_an_application_and_on(ari: Client) -> None:
    await ari.listen()
    alice, audio = await ari.switch.peer(name="alice"), await ari.switch.audio()
    calling = asyncio.create_task(alice.call("stasis", body=audio.sdp(), status=200))
    start = await ari.event("StasisStart")
    assert start["args"] == ["one", "two"]
    assert start["application"] == "test"
    channel = start["channel"]
    assert channel["state"] == "Ring"
    assert channel["dialplan"]["app_name"] == "Stasis"
    await ari("POST", f"channels/{channel['id']}/ring", status=204)
    await ari("POST", f"channels/{channel['id']}/answer", status=204)
    await calling
    changed = await ari.event("ChannelStateChange", lambda event: event["channel"]["state"] == "Up")
    assert changed["channel"]["id"] == channel["id"]
    await ari(
        "POST", f"channels/{channel['id']}/continue?context=default&extension=200&label=label", status=204
    )
    assert (await ari.event("StasisEnd"))["channel"]["id"] == channel["id"]
    await alice.expect("BYE")
    assert ari.switch.node.runner.globals["went"] == "label"


async def test_without_a_client_the_dialplan_goes_on(ari: Client) -> None:
    alice, audio = await ari.switch.peer(name="alice"), await ari.switch.audio()
    await alice.call("nobody", body=audio.sdp(), status=603)
    assert ari.switch.node.runner.globals["status"] == "FAILED"


async def test_the_caller_hangs_up(ari: Client) -> None:
    alice, dialog, channel = await in_stasis(ari)
    alice.within(dialog, "BYE")
    assert (await ari.event("ChannelHangupRequest"))["channel"]["id"] == channel
    await ari.event("StasisEnd")
    assert (await ari.event("ChannelDestroyed"))["cause"] == 16
    await ari("GET", f"channels/{channel}", status=404)


async def test_the_client_hangs_up(ari: Client) -> None:
    alice, _, channel = await in_stasis(ari)
    await ari("DELETE", f"channels/{channel}?reason=what", status=400)
    await ari("DELETE", f"channels/{channel}?reason=busy", status=204)
    await alice.expect("BYE")
    await ari.event("StasisEnd")


async def test_variables(ari: Client) -> None:
    _, _, channel = await in_stasis(ari)
    await ari("GET", f"channels/{channel}/variable?variable=A", status=404)
    await ari("POST", f"channels/{channel}/variable?variable=A&value=1", status=204)
    assert await ari("GET", f"channels/{channel}/variable?variable=A") == {"value": "1"}
    assert await ari.event("ChannelVarset", lambda event: event["variable"] == "A")
    await ari("POST", f"channels/{channel}/variables", {"variables": {"B": "2", "A": None}}, status=204)
    found = await ari("GET", f"channels/{channel}/variables?variables=A,B,CALLERID(num)")
    assert found == {"variables": {"A": "", "B": "2", "CALLERID(num)": "alice"}}


async def test_digits(ari: Client) -> None:
    _, _, channel = await in_stasis(ari)
    audio = ari.switch.audios[-1]
    await audio.digit("5")
    digit = await ari.event("ChannelDtmfReceived")
    assert (digit["digit"], digit["channel"]["id"]) == ("5", channel)
    await ari("POST", f"channels/{channel}/dtmf?dtmf=x", status=400)
    await ari("POST", f"channels/{channel}/dtmf?dtmf=12&duration=60&between=40", status=204)
    await audio.hears(101)


async def test_talking(ari: Client) -> None:
    _, _, channel = await in_stasis(ari)
    await ari("POST", f"channels/{channel}/variable?variable=TALK_DETECT(set)&value=200", status=204)
    audio = ari.switch.audios[-1]
    audio.talk()
    started = await ari.event("ChannelTalkingStarted")
    assert started["channel"]["id"] == channel
    audio.hush()
    finished = await ari.event("ChannelTalkingFinished")
    assert finished["channel"]["id"] == channel
    assert finished["duration"] >= 20


async def test_playing(ari: Client) -> None:
    _, _, channel = await in_stasis(ari)
    await ari("POST", f"channels/{channel}/play?media=nonsense", status=400)
    playback = await ari("POST", f"channels/{channel}/play/p1?media=sound:beep,digits:1", status=201)
    assert (playback["id"], playback["state"], playback["target_uri"]) == (
        "p1",
        "queued",
        f"channel:{channel}",
    )
    assert playback["next_media_uri"] == "digits:1"
    await ari("POST", f"channels/{channel}/play/p1?media=sound:beep", status=409)
    await ari.event("PlaybackStarted")
    assert (await ari.event("PlaybackContinuing"))["playback"]["next_media_uri"] == "digits:1"
    assert (await ari.event("PlaybackStarted"))["playback"]["media_uri"] == "digits:1"
    assert (await ari.event("PlaybackFinished"))["playback"]["state"] == "done"
    await ari("GET", "playbacks/p1", status=404)


async def test_a_playback_is_controlled_and_stopped(ari: Client) -> None:
    _, _, channel = await in_stasis(ari)
    await ari("POST", f"channels/{channel}/play/p1?media=tone:ring", status=201)
    await ari.event("PlaybackStarted")
    await ari("POST", "playbacks/p1/control?operation=pause", status=204)
    assert (await ari("GET", "playbacks/p1"))["state"] == "paused"
    await ari("POST", "playbacks/p1/control?operation=unpause", status=204)
    await ari("POST", "playbacks/p1/control?operation=dance", status=400)
    await ari("DELETE", "playbacks/p1", status=204)
    assert (await ari.event("PlaybackFinished"))["playback"]["id"] == "p1"


async def test_recording(ari: Client) -> None:
    _, _, channel = await in_stasis(ari)
    await ari("POST", f"channels/{channel}/record?name=../x&format=wav", status=403)
    await ari("POST", f"channels/{channel}/record?name=x&format=doc", status=422)
    made = await ari("POST", f"channels/{channel}/record?name=a/x&format=wav&terminateOn=%23", status=201)
    assert made["state"] == "recording"
    await ari("POST", f"channels/{channel}/record?name=a/x&format=wav", status=409)
    assert (await ari("GET", "recordings/live/a%2Fx"))["name"] == "a/x"
    await ari.switch.audios[-1].digit("#")
    assert (await ari.event("RecordingFinished"))["recording"]["state"] == "done"
    assert await ari("GET", "recordings/stored") == [{"name": "a/x", "format": "wav"}]
    await ari("POST", "recordings/stored/a%2Fx/copy?destinationRecordingName=y", status=201)
    assert (await ari("GET", "recordings/stored/y/file")).startswith(b"RIFF")
    await ari("DELETE", "recordings/stored/y", status=204)
    await ari("GET", "recordings/stored/y", status=404)
    await ari("POST", f"channels/{channel}/record?name=a/x&format=wav", status=409)
    await ari("POST", f"channels/{channel}/record?name=z&format=wav", status=201)
    await ari("DELETE", "recordings/live/z", status=204)
    assert (await ari.event("RecordingFinished"))["recording"]["state"] == "canceled"


async def test_moving_to_another_application(ari: Client) -> None:
    _, _, channel = await in_stasis(ari)
    await ari("POST", f"channels/{channel}/move?app=other", status=404)
    other = await Client(ari.switch).listen("other")
    await ari("POST", f"channels/{channel}/move?app=other&appArgs=a,b", status=204)
    await ari.event("StasisEnd")
    start = await other.event("StasisStart")
    assert (start["application"], start["args"]) == ("other", ["a", "b"])
    await ari("DELETE", f"channels/{channel}", status=204)
    await other.event("StasisEnd")
    await other.close()


# ---------------------------------------------------------------- calling


async def test_originate_to_an_application(ari: Client) -> None:
    await ari.listen()
    bob, answered = await answer(ari.switch)
    body = {
        "endpoint": "PJSIP/bob",
        "app": "test",
        "appArgs": "x",
        "callerId": '"Me" <100>',
        "variables": {"V": "1"},
    }
    channel = await ari("POST", "channels/my-id", body)
    assert channel["id"] == "my-id"
    await ari("POST", "channels/my-id", body, status=409)
    await answered
    start = await ari.event("StasisStart")
    assert (start["args"], start["channel"]["id"], start["channel"]["state"]) == (["x"], "my-id", "Up")
    assert await ari("GET", "channels/my-id/variable?variable=V") == {"value": "1"}
    await ari("DELETE", "channels/my-id", status=204)
    await bob.expect("BYE")


async def test_create_dial_and_bridge(ari: Client) -> None:
    _, _, alice_channel = await in_stasis(ari)
    bob, answered = await answer(ari.switch)
    made = await ari("POST", "channels/create?endpoint=PJSIP/bob&app=test&channelId=b", status=200)
    assert made["state"] == "Down"
    await ari.event("StasisStart", lambda event: event["channel"]["id"] == "b")
    await ari("POST", f"channels/b/dial?caller={alice_channel}&timeout=20", status=204)
    await ari("POST", "channels/b/dial", status=409)
    await ari.event("Dial", lambda event: event["dialstatus"] == "RINGING")
    await ari.event("Dial", lambda event: event["dialstatus"] == "ANSWER")
    await answered
    bridge = await ari("POST", "bridges?type=mixing&name=ours&bridgeId=room")
    assert (bridge["id"], bridge["name"], bridge["channels"]) == ("room", "ours", [])
    await ari("POST", f"bridges/room/addChannel?channel={alice_channel},b", status=204)
    assert sorted((await ari("GET", "bridges/room"))["channels"]) == sorted([alice_channel, "b"])
    entered = await ari.event("ChannelEnteredBridge", lambda event: event["channel"]["id"] == "b")
    assert entered["bridge"]["technology"] == "simple_bridge"
    await ari("POST", "bridges/room/removeChannel?channel=b", status=204)
    await ari("POST", "bridges/room/removeChannel?channel=b", status=422)
    await ari.event("ChannelLeftBridge", lambda event: event["channel"]["id"] == "b")
    await ari("DELETE", "bridges/room", status=204)
    await ari("GET", "bridges/room", status=404)
    await ari("DELETE", "channels/b", status=204)
    await bob.expect("BYE")


async def test_nobody_answers(ari: Client) -> None:
    await ari.listen()
    bob = await ari.switch.peer(name="bob")
    await bob.register()
    await ari("POST", "channels/create?endpoint=PJSIP/bob&app=test&channelId=b")
    await ari.event("StasisStart")
    await ari("POST", "channels/b/dial", status=204)
    bob.answer(await bob.expect("INVITE"), 486)
    assert (await ari.event("Dial", lambda event: event["dialstatus"] == "BUSY"))["peer"]["id"] == "b"
    await ari.event("StasisEnd")


async def test_bridges_have_variables(ari: Client) -> None:
    await ari("POST", "bridges/room?type=holding", status=200)
    assert (await ari("GET", "bridges/room"))["bridge_type"] == "holding"
    await ari("POST", "bridges/room/variable?variable=A&value=1", status=204)
    assert await ari("GET", "bridges/room/variable?variable=A") == {"value": "1"}
    await ari("GET", "bridges/room/variable?variable=B", status=404)
    await ari("POST", "bridges?type=round", status=400)
    assert [bridge["id"] for bridge in await ari("GET", "bridges")] == ["room"]
    await ari("DELETE", "bridges/room", status=204)


# ---------------------------------------------------------------- applications and their subscriptions


async def test_subscriptions(ari: Client) -> None:
    await ari.listen("watcher")
    await ari("POST", "applications/none/subscription?eventSource=channel:", status=404)
    await ari("POST", "applications/watcher/subscription?eventSource=channel:none", status=422)
    await ari("POST", "applications/watcher/subscription?eventSource=planet:mars", status=400)
    app = await ari("POST", "applications/watcher/subscription?eventSource=endpoint:PJSIP/alice")
    assert app["endpoint_ids"] == ["PJSIP/alice"]
    await ari("POST", "applications/watcher/subscription?eventSource=deviceState:Stasis:lamp")
    await ari("PUT", "deviceStates/Stasis:lamp?deviceState=RINGING", status=204)
    changed = await ari.event("DeviceStateChanged")
    assert changed["device_state"] == {"name": "Stasis:lamp", "state": "RINGING"}
    alice, audio = await ari.switch.peer(name="alice"), await ari.switch.audio()
    await alice.call("user", body=audio.sdp(), status=603)
    assert (await ari.event("ChannelCreated"))["channel"]["name"].startswith("PJSIP/alice-")
    user = await ari.event("ChannelUserevent")
    assert user["userevent"] == {"eventname": "Hello", "Colour": "red"}
    await ari("DELETE", "applications/watcher/subscription?eventSource=endpoint:PJSIP/alice")
    await ari("DELETE", "applications/watcher/subscription?eventSource=endpoint:PJSIP/alice", status=409)


async def test_everything_and_a_filter(ari: Client) -> None:
    await ari.listen("all", "&subscribeAll=true")
    await ari("PUT", "applications/all/eventFilter", {"filter": {"allowed": [{"type": "ChannelCreated"}]}})
    alice, audio = await ari.switch.peer(name="alice"), await ari.switch.audio()
    await alice.call("nobody", body=audio.sdp(), status=603)
    await ari.event("ChannelCreated")
    assert [event["type"] for event in ari.events] == []
    await ari("PUT", "applications/all/eventFilter", {"filter": {}})
    await alice.call("nobody", body=audio.sdp(), status=603)
    assert (await ari.event("ChannelDestroyed"))["application"] == "all"


async def test_an_application_is_taken_over(ari: Client) -> None:
    await ari.listen()
    other = await Client(ari.switch).listen()
    await ari.event("ApplicationReplaced")
    assert [app["name"] for app in await ari("GET", "applications")] == ["test"]
    await ari.close()
    assert (await ari("GET", "applications/test"))["name"] == "test"
    await other.close()
    await eventually("gone", lambda: not ari.switch.node.ari.apps)
    await ari("GET", "applications/test", status=404)


async def test_user_events(ari: Client) -> None:
    _, _, channel = await in_stasis(ari)
    await ari("POST", "events/user/Ping?application=none", status=404)
    await ari("POST", "events/user/Ping?application=test&source=channel:none", status=422)
    body = {"variables": {"a": "b"}}
    await ari("POST", f"events/user/Ping?application=test&source=channel:{channel}", body, status=204)
    event = await ari.event("ChannelUserevent")
    assert (event["userevent"], event["channel"]["id"]) == ({"eventname": "Ping", "a": "b"}, channel)


async def test_rest_over_websocket(ari: Client) -> None:
    await ari.listen()
    assert ari.socket is not None
    request = {"type": "RESTRequest", "request_id": "1", "method": "GET", "uri": "asterisk/ping"}
    await ari.socket.send(json.dumps(request))
    answer = await ari.event("RESTResponse")
    assert (answer["request_id"], answer["status_code"]) == ("1", 200)
    assert json.loads(answer["message_body"])["ping"] == "pong"
    await ari.socket.send("what?")
    await ari.socket.send(json.dumps({**request, "uri": "channels/none", "request_id": "2"}))
    assert (await ari.event("RESTResponse"))["status_code"] == 404


# ---------------------------------------------------------------- the rest


async def test_device_states_last(ari: Client, switch: Switch) -> None:
    await ari("PUT", "deviceStates/PJSIP%2Falice?deviceState=BUSY", status=409)
    await ari("PUT", "deviceStates/Stasis:lamp?deviceState=SHINY", status=400)
    await ari("PUT", "deviceStates/Stasis:lamp?deviceState=INUSE", status=204)
    assert await ari("GET", "deviceStates") == [{"name": "Stasis:lamp", "state": "INUSE"}]
    assert (await ari("GET", "deviceStates/PJSIP%2Falice"))["state"] == "UNAVAILABLE"
    await switch.node.stop()
    await switch.run()
    assert await ari("GET", "deviceStates/Stasis:lamp") == {"name": "Stasis:lamp", "state": "INUSE"}
    await ari("DELETE", "deviceStates/Stasis:lamp", status=204)
    await ari("DELETE", "deviceStates/Stasis:lamp", status=404)


async def test_mailboxes(ari: Client, switch: Switch) -> None:
    await ari("PUT", "mailboxes/100@default?oldMessages=1&newMessages=2", status=204)
    expected = {"name": "100@default", "old_messages": 1, "new_messages": 2}
    assert await ari("GET", "mailboxes") == [expected]
    await switch.node.stop()
    await switch.run()
    assert await ari("GET", "mailboxes/100@default") == expected
    await ari("DELETE", "mailboxes/100@default", status=204)
    await ari("GET", "mailboxes/100@default", status=404)


async def test_names_that_cannot_be_kept(ari: Client) -> None:
    await ari("PUT", "mailboxes/%2F?oldMessages=1&newMessages=1", status=400)
    await ari("GET", f"recordings/stored/{'x' * 300}", status=400)
    await ari("POST", "asterisk/variable", {"variable": None}, status=400)
    await ari("GET", "asterisk/variable?variable=%7B", status=400)


async def test_endpoints(ari: Client) -> None:
    found = await ari("GET", "endpoints")
    assert [(one["resource"], one["state"]) for one in found] == [("alice", "offline"), ("bob", "offline")]
    bob = await ari.switch.peer(name="bob")
    await bob.register()
    assert (await ari("GET", "endpoints/PJSIP/bob"))["state"] == "online"
    await ari("GET", "endpoints/PJSIP/carol", status=404)
    await ari("GET", "endpoints/SCCP", status=404)


async def test_sounds(ari: Client) -> None:
    found = await ari("GET", "sounds?lang=en")
    if found:  # where prompts are installed
        assert {"id", "formats"} <= set(found[0])
        assert (await ari("GET", f"sounds/{found[0]['id'].replace('/', '%2F')}"))["id"] == found[0]["id"]
    await ari("GET", "sounds/none", status=404)


async def test_two_phones_are_seen(ari: Client) -> None:
    await ari.listen("all", "&subscribeAll=true")
    alice, bob = await ari.switch.peer(name="alice"), await ari.switch.peer(name="bob")
    a, b = await ari.switch.audio(), await ari.switch.audio()
    await bob.register()
    await connect(alice, bob, "bob", (a, b))
    entered = await ari.event("ChannelEnteredBridge", lambda event: len(event["bridge"]["channels"]) == 2)
    await ari("DELETE", f"bridges/{entered['bridge']['id']}", status=409)
    channel = entered["channel"]["id"]
    await ari("POST", f"channels/{channel}/answer", status=409)
    stats = await ari("GET", f"channels/{channel}/rtp_statistics")
    assert stats["channel_uniqueid"] == channel


async def test_a_transfer_that_the_application_carries_out(ari: Client) -> None:
    alice, dialog, channel = await in_stasis(ari)
    progress = f"channels/{channel}/transfer_progress?states="
    await ari("POST", f"{progress}channel_answered", status=409)  # nobody has asked for one
    await ari(
        "POST", f"channels/{channel}/variable?variable=PJSIP_TRANSFER_HANDLING()&value=ari-only", status=204
    )
    alice.within(dialog, "REFER", headers=[f"Refer-To: <sip:777@{alice.server}>"])
    await alice.expect(202)
    event = await ari.event("ChannelTransfer")
    assert event["refer_to"] == {"requested_destination": {"destination": "777"}}
    assert event["referred_by"]["source_channel"]["id"] == channel
    await ari("POST", f"{progress}well", status=400)
    seen: list[str] = []
    for state in ("", "channel_progress", "channel_declined"):
        if state:
            await ari("POST", f"{progress}{state}", status=204)
        notify = await alice.expect("NOTIFY")
        alice.answer(notify, 200)
        seen.append(notify.body.decode().split()[1])
    assert seen == ["100", "180", "603"]
    await ari("POST", f"{progress}channel_answered", status=409)  # it is over
    await ari("DELETE", f"channels/{channel}", status=204)
    await alice.expect("BYE")


async def test_a_channel_that_hangs_up_in_its_application_was_there(ari: Client) -> None:
    """STASISSTATUS tells hangup handlers, and those who watch variables, that it was."""
    seen: list[tuple[str, str]] = []
    bus = ari.switch.node.pbx.bus
    bus.listen(events.ChannelVariableSet, lambda event: seen.append((event.name, event.value)))
    _, _, channel = await in_stasis(ari)
    await ari("DELETE", f"channels/{channel}", status=204)
    await ari.event("ChannelDestroyed")
    assert [value for name, value in seen if name == "STASISSTATUS"] == ["", "SUCCESS"]


def test_what_may_be_named_by_the_path_is_declared_once() -> None:
    """Both operations have one function; in the path its parameter is required."""
    load_resources()
    names = ("play", "originate", "create", "snoopChannel")
    pairs = 0
    for one in OPERATIONS:
        twins = [other for other in OPERATIONS if other.body is one.body and other is not one]
        if one.nickname not in names or not twins:
            continue
        (twin,) = twins
        pairs += 1
        assert twin.nickname == f"{one.nickname}WithId"
        added = twin.segments[-1].strip("{}")
        assert twin.segments[:-1] == one.segments
        of = {operation: {p.name: p for p in operation.parameters}[added] for operation in (one, twin)}
        assert (of[one].in_path, of[one].required) == (False, False)
        assert (of[twin].in_path, of[twin].required) == (True, True)
    assert pairs == 5, "of channels and bridges"
