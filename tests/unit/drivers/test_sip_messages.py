"""MESSAGE: to the dialplan and from it, and within calls."""

from __future__ import annotations

import pytest

from unit.drivers.node import Message, Peer, Switch, connect, eventually, hang_up, phone

DIALPLAN = """
[default]
exten => bob,1,Dial(PJSIP/bob)
exten => relay,1,Set(MESSAGE(body)=${MESSAGE(body)}!)
 same => n,Set(MESSAGE_DATA(X-Seen)=${MESSAGE_DATA(x-from)}|${MESSAGE(to)}|${MESSAGE(from)})
 same => n,MessageSend(pjsip:bob)
 same => n,Set(GLOBAL(STATUS)=${MESSAGE_SEND_STATUS})
exten => to,1,MessageSend(pjsip:${MESSAGE_DATA(X-To)},"Desk" <sip:desk@example.org>)
 same => n,Set(GLOBAL(STATUS)=${MESSAGE_SEND_STATUS})
exten => text,1,Answer()
 same => n,SendText(hello)
 same => n,Set(GLOBAL(STATUS)=${SENDTEXTSTATUS})
 same => n,Set(SENDTEXT_CONTENT_TYPE=application/json)
 same => n,Set(SENDTEXT_FROM_DISPLAYNAME=Front Desk)
 same => n,Set(SENDTEXT_TO_DISPLAYNAME=You)
 same => n,SendText({1})
 same => n,Set(GLOBAL(TYPE)=${SENDTEXTTYPE})
 same => n,Echo()
[inbox]
exten => only,1,Set(GLOBAL(STATUS)=came)
"""


async def start(switch: Switch, alice: str = "", more: str = "") -> tuple[Peer, Peer]:
    await switch.start(phone("alice", alice) + phone("bob") + more, DIALPLAN)
    peers = await switch.peer(name="alice"), await switch.peer(name="bob")
    await peers[1].register()
    return peers


def send(
    peer: Peer, to: str, text: str, *headers: str, content_type: str = "text/plain;charset=UTF-8"
) -> Message:
    return peer.request(
        "MESSAGE", f"sip:{to}@{peer.server}", body=text, content_type=content_type, headers=headers
    )


async def status(switch: Switch, expected: str) -> None:
    await eventually("STATUS", lambda: switch.node.runner.globals.get("STATUS", "") == expected)


async def test_a_message_runs_the_dialplan_which_sends_one(switch: Switch) -> None:
    alice, bob = await start(switch)
    send(alice, "relay", "hallo", "X-From: me")
    await alice.expect(202)
    message = await bob.expect("MESSAGE")
    assert message.body.decode() == "hallo!"
    assert message.content_type == "text/plain"
    assert str(message.from_.uri) == f"sip:alice@{alice.server}"
    assert message.get("X-From") is None  # what came does not go on by itself
    seen = (message.get("X-Seen") or "").split("|")
    assert seen[:2] == ["me", f"pjsip:relay@{alice.server}"]
    assert f"<sip:alice@{alice.server}>" in seen[2]
    bob.answer(message, 200)
    await status(switch, "SUCCESS")
    assert not switch.channels()


async def test_a_diversion_is_not_followed(switch: Switch) -> None:
    alice, bob = await start(switch)
    other = await switch.peer(name="other")
    send(alice, "relay", "x")
    bob.answer(await bob.expect("MESSAGE"), 305, headers=[f"Contact: <{other.contact}>"])
    await other.silent()


@pytest.mark.parametrize(
    ("to", "reached"),
    [
        ("bob", "bob"),
        ("bob@anywhere", "bob"),
        ("bob@anywhere:5060", "bob"),
        ("bob/sip:x@{}", "other"),
        ("PJSIP/77@bob", "bob"),
        ("sip:y@{}", "other"),
        ("{}", "other"),
    ],
)
async def test_where_to(switch: Switch, to: str, reached: str) -> None:
    """An endpoint, one with a URI, a number of one, a bare URI through default_outbound_endpoint."""
    alice, bob = await start(
        switch, more=phone("out") + "[global]\ntype=global\ndefault_outbound_endpoint=out\n"
    )
    other = await switch.peer(name="other")
    send(alice, "to", "x", f"X-To: {to.format(f'127.0.0.1:{other.port}')}")
    message = await (bob if reached == "bob" else other).expect("MESSAGE")
    assert (message.get("From") or "").startswith('"Desk" <sip:desk@example.org>;tag=')
    assert message.uri.startswith("sip:77@") is ("77" in to)
    (bob if reached == "bob" else other).answer(message, 200)
    await status(switch, "SUCCESS")


@pytest.mark.parametrize(
    ("to", "expected"), [("nobody", "INVALID_URI"), ("carol", "FAILURE"), ("bob/sip:", "INVALID_URI")]
)
async def test_nowhere(switch: Switch, to: str, expected: str) -> None:
    alice, _ = await start(switch, more=phone("carol"))
    send(alice, "to", "x", f"X-To: {to}")
    await status(switch, expected)


@pytest.mark.parametrize(
    ("to", "content_type", "expected"),
    [("77", "text/plain", 404), ("relay", "application/json", 415), ("only", "text/plain", 404)],
)
async def test_refused(switch: Switch, to: str, content_type: str, expected: int) -> None:
    alice, _ = await start(switch)
    send(alice, to, "{}", content_type=content_type)
    await alice.expect(expected)


async def test_message_context(switch: Switch) -> None:
    alice, _ = await start(switch, "message_context=inbox")
    send(alice, "relay", "x")
    await alice.expect(404)
    send(alice, "only", "x")
    await alice.expect(202)
    await status(switch, "came")


async def test_a_stranger_is_challenged(switch: Switch) -> None:
    await start(switch)
    stranger = await switch.peer(name="stranger")
    send(stranger, "relay", "x")
    await stranger.expect(401)


async def test_within_a_call(switch: Switch) -> None:
    """What one says in text the other one reads."""
    alice, bob = await start(switch)
    ours, theirs = await connect(alice, bob, "bob", (await switch.audio(), await switch.audio()))
    alice.within(ours, "MESSAGE", body="one", content_type="text/plain")
    await alice.expect(202)
    message = await bob.expect("MESSAGE")
    assert message.body == b"one"
    bob.answer(message, 200)
    bob.within(theirs, "MESSAGE", body="<p/>", content_type="application/xml")
    await bob.expect(415)
    await hang_up(switch, alice, ours, bob)


async def test_send_text(switch: Switch) -> None:
    alice, _ = await start(switch)
    dialog = await alice.call("text", body=(await switch.audio()).sdp())
    message = await alice.expect("MESSAGE")
    assert message.body == b"hello"
    assert message.get("Content-Type") == "text/plain"
    alice.answer(message, 200)
    message = await alice.expect("MESSAGE")
    assert message.body == b"{1}"
    assert message.get("Content-Type") == "application/json"
    assert message.from_.display_name == "Front Desk"
    assert message.to.display_name == "You"
    assert message.from_.uri.user == "text"
    alice.answer(message, 200)
    await status(switch, "SUCCESS")
    assert switch.node.runner.globals["TYPE"] == "ENHANCED"
    await hang_up(switch, alice, dialog)
