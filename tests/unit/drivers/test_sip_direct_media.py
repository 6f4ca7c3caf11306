"""Direct media: phones exchange their audio without the node, and come back when it is needed."""

from __future__ import annotations

import pytest

from unit.drivers.node import Audio, Dialog, Peer, Switch, connect, eventually, hang_up, phone

DIALPLAN = "[default]\nexten => bob,1,Dial(PJSIP/bob)\nexten => feature,1,Dial(PJSIP/bob,,H)\n"
YES = "direct_media=yes"


async def start(
    switch: Switch, alice: str = YES, bob: str = YES, *, number: str = "bob", formats: tuple[str, ...] = ()
) -> tuple[Peer, Peer, Dialog, Dialog, Audio, Audio]:
    """alice has called bob."""
    await switch.start(phone("alice", alice) + phone("bob", bob), DIALPLAN)
    peers = await switch.peer(name="alice"), await switch.peer(name="bob")
    await peers[1].register()
    audios = await switch.audio(), await switch.audio()
    allow = ["Allow: INVITE, ACK, BYE, CANCEL, UPDATE"]
    dialogs = await connect(
        *peers, number, audios, formats=((), formats), caller_headers=allow, called_headers=allow
    )
    return *peers, *dialogs, *audios


def place(message: object) -> tuple[str, int]:
    """Where a description sends audio to."""
    text = message.body.decode()  # type: ignore[attr-defined]
    address = text.split("c=IN IP4 ")[-1].split("\r\n")[0]
    return address, int(text.split("m=audio ")[1].split()[0])


async def told(peer: Peer, audio: Audio, version: int, method: str = "INVITE") -> tuple[str, int]:
    """Where the next re-INVITE sends this one's audio; it is agreed to."""
    request = await peer.expect(method)
    peer.answer(request, 200, body=audio.sdp(version=version))
    if method == "INVITE":
        await peer.expect("ACK")
    return place(request)


@pytest.mark.parametrize(("options", "method"), [("", "INVITE"), ("\ndirect_media_method=update", "UPDATE")])
async def test_there_and_back(switch: Switch, options: str, method: str) -> None:
    """Each phone gets the other's address; a tone of ours brings them back, its end sends them off."""
    alice, bob, ours, _, a, b = await start(switch, YES + options, YES + options)
    assert await told(alice, a, 2, method) == ("127.0.0.1", b.port)
    assert await told(bob, b, 2, method) == ("127.0.0.1", a.port)
    (bridge,) = switch.node.pbx.bridges
    assert bridge.technology == "native_rtp"
    (channel,) = [c for c in bridge.channels if "bob" in c.name]
    assert channel.media is not None
    tone = channel.media.start_tones(switch.node.pbx.indications.resolve("busy", None))
    own = {c.name: c.media.rtp_port for c in bridge.channels if c.media is not None}
    assert (await told(alice, a, 3, method))[1] in own.values()
    assert (await told(bob, b, 3, method))[1] == own[channel.name]
    assert bridge.technology == "simple_bridge"
    b.talk(octet=0x42)
    await a.hears(0, b"\x42" * 160)
    b.hush()
    tone.stop()
    assert await told(alice, a, 4, method) == ("127.0.0.1", b.port)
    assert await told(bob, b, 4, method) == ("127.0.0.1", a.port)
    # who is left has its audio with us again before it is hung up
    alice.within(ours, "BYE")
    await alice.expect(200, where=lambda message: message.method == "BYE")
    assert (await told(bob, b, 5, method))[1] == own[channel.name]
    bob.answer(await bob.expect("BYE"), 200)
    await eventually("no channel", lambda: not switch.channels())


async def test_hold_and_resume(switch: Switch) -> None:
    """Who is on hold hears us; afterwards they are together again."""
    alice, bob, ours, _, a, b = await start(switch)
    await told(alice, a, 2)
    await told(bob, b, 2)
    alice.within(ours, "INVITE", body=a.sdp(version=3, direction="sendonly"))
    answer = await alice.expect(200)
    alice.within(ours, "ACK")
    assert place(answer)[1] != b.port
    assert (await told(bob, b, 3))[1] != a.port
    alice.within(ours, "INVITE", body=a.sdp(version=4))
    await alice.expect(200)
    alice.within(ours, "ACK")
    assert await told(alice, a, 5) == ("127.0.0.1", b.port)
    assert await told(bob, b, 4) == ("127.0.0.1", a.port)
    await hang_up(switch, alice, ours, bob)


async def test_a_new_address_is_passed_on(switch: Switch) -> None:
    """A phone that moves its audio: the other one is told, and it is not asked anything."""
    alice, bob, ours, _, a, b = await start(switch)
    await told(alice, a, 2)
    await told(bob, b, 2)
    new = await switch.audio()
    alice.within(ours, "INVITE", body=new.sdp(version=3))
    answer = await alice.expect(200)
    alice.within(ours, "ACK")
    assert place(answer) == ("127.0.0.1", b.port)
    assert await told(bob, b, 3) == ("127.0.0.1", new.port)
    await hang_up(switch, alice, ours, bob)


@pytest.mark.parametrize(
    ("alice_has", "bob_has", "number"),
    [
        (YES, "", "bob"),
        ("", YES, "bob"),
        (YES, YES, "feature"),
        (YES, YES + "\ndtmf_mode=inband", "bob"),
        (YES, YES + "\nallow=!all,alaw", "bob"),
    ],
)
async def test_not_where_the_audio_is_needed(
    switch: Switch, alice_has: str, bob_has: str, number: str
) -> None:
    """One side does not want it, digits are features, tones are digits, it is transcoded."""
    formats = ("8",) if "alaw" in bob_has else ()
    alice, bob, ours, _, _, _ = await start(switch, alice_has, bob_has, number=number, formats=formats)
    await alice.silent()
    await bob.silent()
    await hang_up(switch, alice, ours, bob)


@pytest.mark.parametrize("on", [True, False])
async def test_behind_nat(switch: Switch, on: bool) -> None:
    """An address in SDP that is not the one that signals: disable_direct_media_on_nat decides."""
    options = YES + ("\ndisable_direct_media_on_nat=yes" if on else "")
    await switch.start(phone("alice", options) + phone("bob", options), DIALPLAN)
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    a, b = await switch.audio("127.0.0.1"), await switch.audio("127.0.0.2")
    ours, _ = await connect(alice, bob, "bob", (a, b))
    if on:
        await alice.silent()
    else:
        assert await told(alice, a, 2) == ("127.0.0.2", b.port)
        assert await told(bob, b, 2) == ("127.0.0.1", a.port)
    await hang_up(switch, alice, ours, bob)


async def test_a_phone_that_refuses_stays_with_us(switch: Switch) -> None:
    """And the other one comes back."""
    alice, bob, ours, _, a, b = await start(switch)
    request = await alice.expect("INVITE")
    assert await told(bob, b, 2) == ("127.0.0.1", a.port)
    alice.answer(request, 488)
    await alice.expect("ACK")
    assert (await told(bob, b, 3))[1] != a.port
    await alice.silent()
    a.talk(octet=0x31)
    await b.hears(0, b"\x31" * 160)
    await hang_up(switch, alice, ours, bob)


@pytest.mark.parametrize(("mitigation", "asked"), [("outgoing", "alice"), ("incoming", "bob")])
async def test_glare_mitigation(switch: Switch, mitigation: str, asked: str) -> None:
    """The first request is left out on one side: the other node sends it."""
    options = f"{YES}\ndirect_media_glare_mitigation={mitigation}"
    alice, bob, ours, _, a, b = await start(switch, options, options)
    one, other = (alice, bob) if asked == "alice" else (bob, alice)
    assert await told(one, a if one is alice else b, 2) == (
        "127.0.0.1",
        b.port if one is alice else a.port,
    )
    await other.silent()
    await hang_up(switch, alice, ours, bob)
