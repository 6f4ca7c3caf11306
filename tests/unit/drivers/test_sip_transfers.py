"""REFER and Replaces: blind and attended transfers, by either side, with what is told about them."""

from __future__ import annotations

import pytest

from offhook._core import Uri
from offhook.drivers.sip.channel import SipChannel
from offhook.drivers.sip.uri_headers import headers_of
from offhook.pbx import events
from unit.drivers.node import Audio, Dialog, Peer, Switch, connect, eventually, hang_up, phone

DIALPLAN = """
[default]
exten => alice,1,Dial(PJSIP/alice)
exten => bob,1,Dial(PJSIP/bob)
exten => carol,1,Set(SEEN=${BLINDTRANSFER}/${SIPTRANSFER}/${SIPREFERREDBYHDR})
 same => n,Dial(PJSIP/carol)
exten => echo,1,Answer()
 same => n,Echo()
exten => busy,1,Dial(PJSIP/busy)
exten => shy,1,Dial(PJSIP/carol,2)
 same => n,Set(STATUS=${DIALSTATUS})
 same => n,Wait(30)
exten => other,1,Dial(${IF($["${ATTENDEDTRANSFER}" = ""]?PJSIP/carol:Local/echo@default)})
exten => external_replaces,1,Set(SEEN=${SIPREPLACESHDR})
 same => n,Echo()
[elsewhere]
exten => only,1,Echo()
"""


async def start(switch: Switch, bob: str = "", carol: str = "") -> dict[str, Peer]:
    """alice, bob and carol, registered."""
    await switch.start(phone("alice") + phone("bob", bob) + phone("carol", carol), DIALPLAN)
    peers: dict[str, Peer] = {}
    for name in ("alice", "bob", "carol"):
        peers[name] = await switch.peer(name=name)
        await peers[name].register()
    return peers


async def told(peer: Peer) -> tuple[str, str]:
    """The next NOTIFY, answered: its fragment's status and the subscription's state."""
    notify = await peer.expect("NOTIFY")
    peer.answer(notify, 200)
    assert (notify.get("Event") or "").startswith("refer")
    assert (notify.get("Content-Type") or "").startswith("message/sipfrag")
    return notify.body.decode().split()[1], (notify.get("Subscription-State") or "").partition(";")[0]


async def talk(one: Audio, two: Audio) -> None:
    """They hear each other."""
    one.talk(octet=0x31)
    two.talk(octet=0x42)
    await two.hears(0, b"\x31" * 160)
    await one.hears(0, b"\x42" * 160)
    one.hush()
    two.hush()


async def refer(peer: Peer, dialog: Dialog, to: str, *headers: str, status: int = 202) -> None:
    peer.within(dialog, "REFER", headers=[f"Refer-To: <{to}>", f"Referred-By: <{peer.contact}>", *headers])
    await peer.expect(status, where=lambda message: message.method == "REFER")


@pytest.mark.parametrize("by", ["called", "calling"])
async def test_blind(switch: Switch, by: str) -> None:
    """Either side of a call transfers the other; it hears of the ringing and the answer, and hangs up."""
    peers = await start(switch)
    alice, bob, carol = peers.values()
    audios = await switch.audio(), await switch.audio(), await switch.audio()
    if by == "called":
        ours, theirs = await connect(alice, bob, "bob", audios[:2])
    else:
        theirs, ours = await connect(bob, alice, "alice", (audios[1], audios[0]))
    await refer(bob, theirs, f"sip:carol@{bob.server}")
    assert await told(bob) == ("100", "active")
    invite = await carol.expect("INVITE")
    assert invite.get("Referred-By") == f"<{bob.contact}>"
    carol.answer(invite, 180)
    assert await told(bob) == ("180", "active")
    carol.accept(invite, audios[2].sdp())
    await carol.expect("ACK")
    audios[2].aim(invite)
    assert await told(bob) == ("200", "terminated")
    bob.within(theirs, "BYE")
    await bob.expect(200)
    await talk(audios[0], audios[2])
    (transferee,) = [c for c in switch.node.pbx.channels.values() if "alice" in c.name]
    seen = transferee.get_variable("SEEN")
    assert seen is not None
    assert seen.startswith("PJSIP/bob-")
    assert seen.endswith(f"/yes/<{bob.contact}>")
    await hang_up(switch, alice, ours, carol)


async def test_a_blind_transfer_that_fails(switch: Switch) -> None:
    """Busy: the transferor is told so."""
    alice, bob, carol = (await start(switch)).values()
    _, theirs = await connect(alice, bob, "bob", (await switch.audio(), await switch.audio()))
    await refer(bob, theirs, f"sip:carol@{bob.server}")
    assert await told(bob) == ("100", "active")
    carol.answer(await carol.expect("INVITE"), 486)
    assert await told(bob) == ("486", "terminated")
    bob.within(theirs, "BYE")
    await bob.expect(200)
    alice.answer(await alice.expect("BYE"), 200)
    await eventually("no channel", lambda: not switch.channels())


async def test_a_blind_transfer_into_an_application(switch: Switch) -> None:
    """Nobody is called: after a second that is a success.  A phone that does not hang up is hung up on."""
    alice, bob, _ = (await start(switch)).values()
    audios = await switch.audio(), await switch.audio()
    ours, theirs = await connect(alice, bob, "bob", audios)
    await refer(bob, theirs, f"sip:echo@{bob.server}")
    assert await told(bob) == ("100", "active")
    audios[0].talk(octet=0x55)
    await audios[0].hears(0, b"\x55" * 160)
    assert await told(bob) == ("200", "terminated")
    assert len(switch.channels()) == 1
    await hang_up(switch, alice, ours)
    bob.answer(await bob.expect("BYE", timeout=15), 200)


@pytest.mark.parametrize(
    ("options", "headers", "expected"),
    [("refer_blind_progress=no", [], [("200", "terminated")]), ("", ["Refer-Sub: false"], [])],
)
async def test_less_is_told(switch: Switch, options: str, headers: list[str], expected: list[object]) -> None:
    alice, bob, _ = (await start(switch, options)).values()
    ours, theirs = await connect(alice, bob, "bob", (await switch.audio(), await switch.audio()))
    await refer(bob, theirs, f"sip:echo@{bob.server}", *headers)
    assert [await told(bob) for _ in expected] == expected
    bob.within(theirs, "BYE")
    assert (await bob.expect(200)).method == "BYE"
    await hang_up(switch, alice, ours)


@pytest.mark.parametrize(
    ("options", "headers", "status"),
    [
        ("", ["Refer-To: <sip:nobody@x>"], 404),
        ("", ["Refer-To: <sip:only@x>"], 404),
        ("", [], 400),
        ("", ["Refer-To: <sip:bob@x?Replaces=nothing>"], 400),
        ("", ["Refer-To: <tel:123>"], 416),
        ("allow_transfer=no", ["Refer-To: <sip:echo@x>"], 603),
    ],
)
async def test_refused(switch: Switch, options: str, headers: list[str], status: int) -> None:
    """The call goes on."""
    alice, bob, _ = (await start(switch, options)).values()
    audios = await switch.audio(), await switch.audio()
    ours, theirs = await connect(alice, bob, "bob", audios)
    bob.within(theirs, "REFER", headers=headers)
    await bob.expect(status)
    await talk(*audios)
    await hang_up(switch, alice, ours, bob)


async def test_transfer_context(switch: Switch) -> None:
    """TRANSFER_CONTEXT says where the number is looked up."""
    alice, bob, _ = (await start(switch, "set_var=TRANSFER_CONTEXT=elsewhere")).values()
    ours, theirs = await connect(alice, bob, "bob", (await switch.audio(), await switch.audio()))
    await refer(bob, theirs, f"sip:echo@{bob.server}", status=404)
    await refer(bob, theirs, f"sip:only@{bob.server}")
    assert await told(bob) == ("100", "active")
    bob.within(theirs, "BYE")
    await bob.expect(200)
    await hang_up(switch, alice, ours)


def replaces(dialog: Dialog) -> str:
    """Of a dialog as its owner has it, escaped for a URI: our to-tag is the node's, from-tag the owner's."""
    node, own = dialog.remote.partition(";tag=")[2], dialog.local.partition(";tag=")[2]
    return f"{dialog.call_id}%3Bto-tag%3D{node}%3Bfrom-tag%3D{own}"


@pytest.mark.parametrize("first", ["called", "calling"])
@pytest.mark.parametrize("second", ["called", "calling"])
async def test_attended(switch: Switch, first: str, second: str) -> None:
    """bob talks to alice and to carol, whoever called whom, and connects them."""
    alice, bob, carol = (await start(switch)).values()
    a, b1, b2, c = [await switch.audio() for _ in range(4)]
    if first == "called":
        ours, one = await connect(alice, bob, "bob", (a, b1))
    else:
        one, ours = await connect(bob, alice, "alice", (b1, a))
    if second == "called":
        _, two = await connect(carol, bob, "bob", (c, b2))
    else:
        two, _ = await connect(bob, carol, "carol", (b2, c))
    await refer(bob, one, f"sip:carol@{bob.server}?Replaces={replaces(two)}")
    # on the first call it is told and hangs up, the second one is hung up on
    assert await told(bob) == ("100", "active")
    assert await told(bob) == ("200", "terminated")
    bob.answer(await bob.expect("BYE"), 200)
    bob.within(one, "BYE")
    await bob.expect(200)
    await eventually("two channels", lambda: len(switch.channels()) == 2)
    await talk(a, c)
    await hang_up(switch, alice, ours, carol)


async def test_attended_while_the_second_still_rings(switch: Switch) -> None:
    """The transferee calls in the transferor's place: carol's phone rings on, and is told who it is then."""
    alice, bob, carol = (await start(switch, carol="send_pai=yes")).values()
    a, b1, b2, c = [await switch.audio() for _ in range(4)]
    ours, one = await connect(alice, bob, "bob", (a, b1))
    invite = bob.request("INVITE", f"sip:carol@{bob.server}", body=b2.sdp())
    ringing = await carol.expect("INVITE")
    carol.answer(ringing, 180)
    two = Dialog(invite, await bob.expect(180))
    await refer(bob, one, f"sip:carol@{bob.server}?Replaces={replaces(two)}")
    await eventually("bob is out of it", lambda: not any("bob" in name for name in switch.channels()))
    assert (await bob.expect(603)).call_id == invite.call_id
    carol.accept(ringing, c.sdp())
    await carol.expect("ACK")
    c.aim(ringing)
    await talk(a, c)
    update = await carol.expect("INVITE", where=lambda message: message.cseq > ringing.cseq)
    carol.accept(update, c.sdp(version=2))
    assert "alice" in (update.get("P-Asserted-Identity") or "")
    bob.within(one, "BYE")
    await hang_up(switch, alice, ours, carol)


@pytest.mark.parametrize("dials", [True, False])
async def test_nobody_answers_after_a_transfer_to_a_phone_that_rings(switch: Switch, dials: bool) -> None:
    """The dialplan goes on as if the transferee had dialled; a phone that it does not dial stops ringing."""
    alice, bob, carol = (await start(switch)).values()
    a, b1, b2 = [await switch.audio() for _ in range(3)]
    ours, one = await connect(alice, bob, "bob", (a, b1))
    invite = bob.request("INVITE", f"sip:{'shy' if dials else 'other'}@{bob.server}", body=b2.sdp())
    ringing = await carol.expect("INVITE")
    carol.answer(ringing, 180)
    two = Dialog(invite, await bob.expect(180))
    await refer(bob, one, f"sip:carol@{bob.server}?Replaces={replaces(two)}")
    assert (await carol.expect("CANCEL", 12)).call_id == ringing.call_id
    assert not [message for message in carol.got if message.method == "INVITE"]
    (channel,) = [each for each in switch.node.pbx.channels.values() if "alice" in each.name]
    if dials:
        await eventually("the next step", lambda: channel.get_variable("STATUS") == "NOANSWER")
    bob.within(one, "BYE")
    await hang_up(switch, alice, ours)


async def test_attended_to_an_application(switch: Switch) -> None:
    alice, bob, _ = (await start(switch)).values()
    a, b1, b2 = [await switch.audio() for _ in range(3)]
    ours, one = await connect(alice, bob, "bob", (a, b1))
    two = await bob.call("echo", body=b2.sdp())
    await refer(bob, one, f"sip:echo@{bob.server}?Replaces={replaces(two)}")
    assert await told(bob) == ("100", "active")
    assert await told(bob) == ("200", "terminated")
    bob.answer(await bob.expect("BYE"), 200)
    a.talk(octet=0x77)
    await a.hears(0, b"\x77" * 160)
    bob.within(one, "BYE")
    await hang_up(switch, alice, ours)


async def test_replaces_of_another_node_goes_there_with_the_call(switch: Switch) -> None:
    """Header fields of the URI that is dialled are the INVITE's (RFC 3261 19.1.5)."""
    dial = " same => n,Dial(PJSIP/carol/${SIPREFERTOHDR})\n[else"
    dialplan = DIALPLAN.replace(" same => n,Echo()\n[else", dial)
    await switch.start(phone("alice") + phone("bob") + phone("carol"), dialplan)
    alice, bob, carol = [await switch.peer(name=name) for name in ("alice", "bob", "carol")]
    await bob.register()
    ours, one = await connect(alice, bob, "bob", (await switch.audio(), await switch.audio()))
    await refer(bob, one, f"sip:c@{carol.address}?Replaces=abc%3Bto-tag%3D1%3Bfrom-tag%3D2")
    invite = await carol.expect("INVITE")
    assert invite.uri == f"sip:c@{carol.address}"
    assert invite.get_all("Replaces") == ["abc;to-tag=1;from-tag=2"]
    carol.accept(invite, (await switch.audio()).sdp())
    await carol.expect("ACK")
    bob.within(one, "BYE")
    await hang_up(switch, alice, ours, carol)


def test_what_a_dialled_uri_may_ask_for() -> None:
    """Not who calls, where it goes or what it carries; nor what would not be one line."""
    asked = "Replaces=a%3Bb&X-Case=7&From=%3Csip:king@x%3E&route=%3Csip:x%3E&Subject=a%0d%0aVia:%20x&body=x"
    assert headers_of(Uri.parse(f"sip:c@example.com?{asked}")) == [("Replaces", "a;b"), ("X-Case", "7")]


async def test_replaces_of_another_node_is_for_the_dialplan(switch: Switch) -> None:
    alice, bob, _ = (await start(switch)).values()
    ours, one = await connect(alice, bob, "bob", (await switch.audio(), await switch.audio()))
    await refer(bob, one, "sip:carol@x?Replaces=abc%3Bto-tag%3D1%3Bfrom-tag%3D2")
    assert await told(bob) == ("100", "active")
    assert await told(bob) == ("200", "terminated")
    (channel,) = switch.node.pbx.channels.values()
    await eventually("it is there", lambda: channel.get_variable("SEEN") == "abc;to-tag=1;from-tag=2")
    bob.within(one, "BYE")
    await hang_up(switch, alice, ours)


async def test_a_call_to_the_other_node_replaces_the_dialog_there(switch: Switch) -> None:
    """The header comes from the URI of the transfer, or from the variable that the dialplan has it in."""
    await switch.start(
        phone("alice") + phone("bob") + phone("carol"),
        DIALPLAN.replace(
            "external_replaces,1,Set(SEEN=${SIPREPLACESHDR})\n same => n,Echo()",
            "external_replaces,1,Dial(PJSIP/carol/${SIPREFERTOHDR})\n"
            "exten => again,1,Set(__SIPREPLACESHDR=x\\;to-tag=3\\;from-tag=4)\n same => n,Dial(PJSIP/carol)",
        ),
    )
    alice, bob, carol = [await switch.peer(name=name) for name in ("alice", "bob", "carol")]
    await carol.register()
    await bob.register()
    a, c = await switch.audio(), await switch.audio()
    ours, one = await connect(alice, bob, "bob", (a, await switch.audio()))
    await refer(bob, one, f"sip:7@{carol.address}?Replaces=abc%3Bto-tag%3D1%3Bfrom-tag%3D2")
    invite = await carol.expect("INVITE")
    assert invite.uri == f"sip:7@{carol.address}"
    assert invite.get_all("Replaces") == ["abc;to-tag=1;from-tag=2"]
    assert await told(bob) == ("100", "active")
    carol.accept(invite, c.sdp())
    await carol.expect("ACK")
    assert await told(bob) == ("200", "terminated")
    c.aim(invite)
    await talk(a, c)
    bob.within(one, "BYE")
    await hang_up(switch, alice, ours, carol)
    other = await switch.peer(name="bob")
    other.request("INVITE", f"sip:again@{other.server}", body=(await switch.audio()).sdp())
    assert (await carol.expect("INVITE")).get_all("Replaces") == ["x;to-tag=3;from-tag=4"]


async def test_an_invite_with_replaces_takes_over_a_call(switch: Switch) -> None:
    """carol takes bob's place with alice, as when another switch has sent it a REFER."""
    alice, bob, carol = (await start(switch)).values()
    a, b, c = [await switch.audio() for _ in range(3)]
    ours, one = await connect(alice, bob, "bob", (a, b))
    value = replaces(one).replace("%3B", ";").replace("%3D", "=")
    entered: list[str] = []
    switch.node.pbx.bus.listen(events.BridgeEntered, lambda event: entered.append(event.channel.device))
    invite = carol.request(
        "INVITE", f"sip:bob@{carol.server}", body=c.sdp(), headers=[f"Replaces: {value}", "Require: replaces"]
    )
    answer = await carol.expect(200)
    dialog = Dialog(invite, answer)
    carol.within(dialog, "ACK")
    c.aim(answer)
    bob.answer(await bob.expect("BYE"), 200)
    await talk(a, c)
    assert entered[-1] == "PJSIP/carol"  # who comes to the other
    await hang_up(switch, carol, dialog, alice)
    assert ours


@pytest.mark.parametrize(
    ("value", "status"), [("abc;to-tag=1;from-tag=2", 481), ("nothing", 400), ("a;to-tag=;from-tag=2", 400)]
)
async def test_an_invite_with_a_replaces_that_replaces_nothing(
    switch: Switch, value: str, status: int
) -> None:
    peers = await start(switch)
    alice = peers["alice"]
    audio = await switch.audio()
    await alice.call("echo", body=audio.sdp(), headers=[f"Replaces: {value}"], status=status)
    assert not switch.channels()


async def test_progress_in_the_dialplan_is_told(switch: Switch) -> None:
    """The transferee's dialplan waits, makes progress, rings, and then calls: all of it is heard of."""
    dialplan = (
        "[default]\nexten => bob,1,Dial(PJSIP/bob)\nexten => carol,1,Wait(1.2)\n same => n,Progress()\n"
        " same => n,Ringing()\n same => n,Dial(PJSIP/carol)\n"
    )
    await switch.start(phone("alice") + phone("bob") + phone("carol"), dialplan)
    alice, bob, carol = [await switch.peer(name=name) for name in ("alice", "bob", "carol")]
    for peer in (bob, carol):
        await peer.register()
    audios = await switch.audio(), await switch.audio()
    _, theirs = await connect(alice, bob, "bob", audios)
    await refer(bob, theirs, f"sip:carol@{bob.server}")
    assert [await told(bob) for _ in range(3)] == [("100", "active"), ("183", "active"), ("180", "active")]
    carol.accept(await carol.expect("INVITE"), (await switch.audio()).sdp())
    assert await told(bob) == ("200", "terminated")


async def test_options_of_a_user_part_are_left_out_if_so_configured(switch: Switch) -> None:
    general = "[global]\ntype=global\nignore_uri_user_options=yes\n"
    await switch.start(general + phone("alice") + phone("bob") + phone("carol"), DIALPLAN)
    alice, bob, carol = [await switch.peer(name=name) for name in ("alice", "bob", "carol")]
    for peer in (bob, carol):
        await peer.register()
    audios = await switch.audio(), await switch.audio()
    _, theirs = await connect(alice, bob, "bob", audios)
    await refer(bob, theirs, f"sip:carol;phone-context=national@{bob.server}")
    await carol.expect("INVITE")


@pytest.mark.parametrize(
    ("headers", "seen"),
    [
        (["X-Digium-Call-Feature: feature_send_to_vm"], "send_to_vm feature_send_to_vm"),
        (['Diversion: <sip:bob@x>;reason="send_to_vm"'], "send_to_vm "),
        (["Diversion: <sip:bob@x>;reason=no-answer"], "unknown "),
    ],
)
async def test_sent_to_voicemail(switch: Switch, headers: list[str], seen: str) -> None:
    dialplan = (
        "[default]\nexten => bob,1,Dial(PJSIP/bob)\n"
        "exten => vm,1,Set(GLOBAL(seen)=${REDIRECTING(reason)} ${PJSIP_HEADER(read,X-Digium-Call-Feature)})\n"
        " same => n,Wait(5)\n"
    )
    await switch.start(phone("alice") + phone("bob"), dialplan)
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    audios = await switch.audio(), await switch.audio()
    _, theirs = await connect(alice, bob, "bob", audios)
    await refer(bob, theirs, f"sip:vm@{bob.server}", *headers)
    known = switch.node.runner.globals
    await eventually("the dialplan has run", lambda: "seen" in known)
    assert known["seen"] == seen


async def test_a_program_carries_it_out(switch: Switch) -> None:
    """PJSIP_TRANSFER_HANDLING()=ari-only: the phone is told what the program says, the call is left alone."""
    alice, bob, carol = (await start(switch)).values()
    a, b, b2, c = [await switch.audio() for _ in range(4)]
    ours, one = await connect(alice, bob, "bob", (a, b))
    hers, two = await connect(carol, bob, "bob", (c, b2))
    channels = switch.node.pbx.channels.values()
    legs = [leg for leg in channels if leg.name.startswith("PJSIP/bob")]
    for leg in legs:
        assert isinstance(leg, SipChannel)
        leg.set_setting("transfer_handling", "ari-only")
        assert leg.setting("transfer_handling") == "ari-only"
    with pytest.raises(ValueError, match="core or ari-only"):
        legs[0].set_setting("transfer_handling", "nobody")
    await refer(bob, one, f"sip:500@{bob.server}", status=503)  # no program is there
    asked: list[events.TransferAsked] = []
    switch.node.pbx.bus.listen(events.TransferAsked, asked.append)
    await refer(bob, one, f"sip:500@{bob.server}")
    assert await told(bob) == ("100", "active")
    event = asked.pop()
    assert (event.channel, event.destination, event.protocol_id, event.other) == (legs[0], "500", "", None)
    transfer = event.channel.asked_transfer
    assert transfer is not None
    transfer.tell(180)
    assert await told(bob) == ("180", "active")
    transfer.tell(603)
    assert await told(bob) == ("603", "terminated")
    await talk(a, b)
    await refer(bob, one, f"sip:carol@{bob.server}?Replaces={replaces(two)}")
    assert await told(bob) == ("100", "active")
    event = asked.pop()
    assert (event.other, event.protocol_id) == (legs[1], two.call_id)
    assert {name for name, _ in event.parameters} == {"to-tag", "from-tag"}
    assert event.channel.asked_transfer is not None
    event.channel.asked_transfer.tell(200)
    assert await told(bob) == ("200", "terminated")
    await talk(c, b2)
    alice.within(ours, "BYE")
    await alice.expect(200, where=lambda message: message.method == "BYE")
    bob.answer(await bob.expect("BYE"), 200)
    await hang_up(switch, carol, hers, bob)
