"""ARI: endpoints, what becomes of them, and messages to and from them."""

from __future__ import annotations

from unit.api.ari_client import ARI, DIALPLAN, HTTP, Client, ari
from unit.drivers.node import eventually, phone

__all__ = ["ari"]


async def test_an_endpoint_comes_and_goes(ari: Client) -> None:
    await ari.listen()
    await ari("POST", "applications/test/subscription?eventSource=endpoint:PJSIP/alice")
    alice = await ari.switch.peer(name="alice")
    await alice.register()
    contact = await ari.event("ContactStatusChange")
    assert (contact["contact_info"]["aor"], contact["endpoint"]["resource"]) == ("alice", "alice")
    peer = await ari.event("PeerStatusChange")
    assert (peer["peer"]["peer_status"], peer["endpoint"]["state"]) == ("Reachable", "online")
    assert (await ari.event("EndpointStateChange"))["endpoint"]["state"] == "online"
    await alice.register(expires=0)
    assert (await ari.event("PeerStatusChange"))["endpoint"]["state"] == "offline"


async def test_an_endpoint_that_is_asked_can_be_reached_when_it_answers(ari: Client) -> None:
    """Told once: not when its contact comes, but when that has answered OPTIONS."""
    switch = ari.switch
    switch.write(phone("alice", aor="qualify_frequency=1"), DIALPLAN, ari=ARI, http=HTTP)
    await switch.node.reload()
    await ari.listen()
    await ari("POST", "applications/test/subscription?eventSource=endpoint:PJSIP/alice")
    alice = await switch.peer(name="alice")
    await alice.register()
    options = await alice.expect("OPTIONS")
    assert [event["type"] for event in ari.events if event["type"] == "PeerStatusChange"] == []
    alice.answer(options, 200)
    assert (await ari.event("PeerStatusChange"))["peer"]["peer_status"] == "Reachable"
    alice.answer(await alice.expect("OPTIONS"), 200)
    await alice.register(expires=0)
    assert (await ari.event("PeerStatusChange"))["peer"]["peer_status"] == "Unreachable"


async def test_states_of_local_channels_are_told_each_time(ari: Client) -> None:
    """Nobody remembers them: each half tells that it is in use, and that it is not."""
    await ari.listen()
    await ari("POST", "applications/test/subscription?eventSource=deviceState:Local/stasis@default")
    made = await ari("POST", "channels?endpoint=Local/stasis@default&app=test", status=200)
    behind = (await ari.event("StasisStart"))["channel"]["id"]
    await ari("POST", f"channels/{behind}/answer", status=204)
    await ari("DELETE", f"channels/{made['id']}", status=204)

    def states() -> list[str]:
        return [event["device_state"]["state"] for event in ari.events if "device_state" in event]

    await eventually("both halves to be gone", lambda: not ari.switch.channels())
    await eventually("their states", lambda: len(states()) == 4)
    assert states() == ["INUSE", "INUSE", "NOT_INUSE", "NOT_INUSE"]


async def test_messages_go_to_endpoints(ari: Client) -> None:
    alice = await ari.switch.peer(name="alice")
    await ari("PUT", "endpoints/sendMessage?to=pjsip:alice&from=sip:me@home&body=Hi", status=404)
    await alice.register()
    await ari("PUT", "endpoints/sendMessage?to=pjsip:alice&from=sip:me@home&body=Hello", status=202)
    message = await alice.expect("MESSAGE")
    assert (message.body, message.from_.uri.user) == (b"Hello", "me")
    alice.answer(message, 200)
    body = {"body": "Two", "variables": {"X-Colour": "red"}}
    await ari("PUT", "endpoints/PJSIP/alice/sendMessage?from=sip:me@home", body, status=202)
    message = await alice.expect("MESSAGE")
    assert (message.body, message.get("X-Colour")) == (b"Two", "red")
    alice.answer(message, 200)
    await ari("PUT", "endpoints/sendMessage?to=mailto:x&from=a&body=b", status=400)
    await ari("PUT", "endpoints/PJSIP/nobody/sendMessage?from=a&body=b", status=404)
    await ari("PUT", "endpoints/Rocket/alice/sendMessage?from=a&body=b", status=404)


async def test_endpoints_are_referred(ari: Client) -> None:
    alice = await ari.switch.peer(name="alice")
    await alice.register()
    query = "from=sip:me@home&refer_to=sip:bob@127.0.0.1"
    await ari("POST", f"endpoints/PJSIP/alice/refer?{query}", {"variables": {"X-Why": "tea"}}, status=202)
    refer = await alice.expect("REFER")
    assert (refer.get("Refer-To"), refer.get("X-Why")) == ("<sip:bob@127.0.0.1>", "tea")
    assert refer.get("Refer-Sub") == "false"
    assert refer.get("Contact")
    alice.answer(refer, 202)
    await ari("POST", "endpoints/refer?to=pjsip:alice&from=me&refer_to=bob", status=202)
    alice.answer(await alice.expect("REFER"), 202)
    await ari("POST", "endpoints/refer?to=pjsip:nobody&from=me&refer_to=bob", status=400)


async def test_a_message_comes_in(ari: Client) -> None:
    await ari.listen()
    await ari("POST", "applications/test/subscription?eventSource=endpoint:PJSIP/alice")
    alice = await ari.switch.peer(name="alice")
    uri = f"sip:nobody@{alice.server}"
    sent = alice.request("MESSAGE", uri, body="Hello", content_type="text/plain")
    told = await ari.event("TextMessageReceived")
    assert told["message"]["body"] == "Hello"
    assert told["endpoint"]["resource"] == "alice"
    assert (await alice.expect_final(sent)).status == 202
