"""Calls between two phones: audio, hold, codec changes, causes, reliable provisionals, session timers."""

from __future__ import annotations

import asyncio

import pytest

from unit.drivers.node import Audio, Dialog, Peer, Switch, connect, eventually, hang_up, phone

TO_BOB = "[default]\nexten => bob,1,Dial(PJSIP/bob)\n"
OURS, THEIRS = b"\x10" * 160, b"\x33" * 160


async def start(
    switch: Switch, alice: str = "", bob: str = "", extensions: str = TO_BOB
) -> tuple[Peer, Peer, Audio, Audio]:
    await switch.start(phone("alice", alice) + phone("bob", bob), extensions)
    peers = await switch.peer(name="alice"), await switch.peer(name="bob")
    await peers[1].register()
    return *peers, await switch.audio(), await switch.audio()


async def test_two_phones_talk(switch: Switch) -> None:
    alice, bob, a, b = await start(switch)
    _, theirs = await connect(alice, bob, "bob", (a, b))
    a.talk()
    b.talk(0, 0x33)
    await b.hears(0, OURS)
    await a.hears(0, THEIRS)
    await hang_up(switch, bob, theirs, alice)


async def test_a_codec_change_within_the_call_keeps_the_audio(switch: Switch) -> None:
    """One leg goes from mu-law to A-law by re-INVITE, then the other by UPDATE."""
    alice, bob, a, b = await start(switch)
    ours, theirs = await connect(alice, bob, "bob", (a, b))
    a.talk()
    b.talk()
    await b.hears(0)
    await a.hears(0)
    bob.within(theirs, "INVITE", body=b.sdp("8", "101", version=2))
    answer = await bob.expect(200)
    bob.within(theirs, "ACK")
    assert "RTP/AVP 8 101" in answer.body.decode()
    b.talk(8, 0x55)
    await b.hears(8)
    await asyncio.sleep(0.1)
    before = len(a.packets)
    await a.hears(0)
    assert {kind for kind, _ in a.packets[before:]} == {0}
    alice.within(ours, "UPDATE", body=a.sdp("8", "101", version=2))
    await alice.expect(200)
    a.talk(8, 0x2A)
    await b.hears(8, b"\x2a" * 160)
    await a.hears(8, b"\x55" * 160)
    await hang_up(switch, bob, theirs, alice)


@pytest.mark.parametrize("old_style", [False, True])
async def test_hold_and_resume(switch: Switch, old_style: bool) -> None:
    alice, bob, a, b = await start(switch)
    _, theirs = await connect(alice, bob, "bob", (a, b))
    a.talk()
    b.talk(0, 0x33)
    await b.hears(0, OURS)
    await a.hears(0, THEIRS)
    assert switch.node.sip.device_state("bob") == "INUSE"
    held = b.sdp(version=2, host="0.0.0.0") if old_style else b.sdp(version=2, direction="sendonly")
    bob.within(theirs, "INVITE", body=held)
    answer = await bob.expect(200)
    bob.within(theirs, "ACK")
    assert "a=recvonly" in answer.body.decode()
    await eventually("the device is on hold", lambda: switch.node.sip.device_state("bob") == "ONHOLD")
    assert switch.node.sip.device_state("alice") == "ONHOLD"  # who waits, too, as in Asterisk
    await asyncio.sleep(0.1)
    count = len(b.packets)
    await asyncio.sleep(0.2)
    assert len(b.packets) == count  # who holds gets nothing
    bob.within(theirs, "INVITE", body=b.sdp(version=3))
    answer = await bob.expect(200)
    bob.within(theirs, "ACK")
    assert "a=sendrecv" in answer.body.decode()
    await b.hears(0, OURS)
    await a.hears(0, THEIRS)
    assert switch.node.sip.device_state("bob") == "INUSE"
    await hang_up(switch, bob, theirs, alice)


async def test_inband_ringing_ends_with_the_answer(switch: Switch) -> None:
    alice, bob, a, b = await start(switch, "inband_progress=yes")
    request = alice.request("INVITE", f"sip:bob@{alice.server}", body=a.sdp())
    invite = await bob.expect("INVITE")
    bob.answer(invite, 180)
    a.aim(await alice.expect(183))
    a.talk()
    assert len(set(await a.hears(0))) > 20  # a tone
    theirs = bob.accept(invite, b.sdp())
    alice.within(Dialog(request, await alice.expect(200)), "ACK")
    b.aim(invite)
    b.talk(0, 0x33)
    await a.hears(0, THEIRS)
    await asyncio.sleep(0.05)
    before = len(a.packets)
    await asyncio.sleep(0.3)
    assert {payload for _, payload in a.packets[before:]} == {THEIRS}
    await hang_up(switch, bob, theirs, alice)


async def test_silence_ends_the_call(switch: Switch) -> None:
    await switch.start(
        phone("alice", "rtp_timeout=1"), "[default]\nexten => 1,1,Answer()\n same => n,Wait(20)\n"
    )
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call("1", body=audio.sdp())
    assert dialog.response is not None
    audio.aim(dialog.response)
    audio.talk()
    await asyncio.sleep(0.1)
    audio.hush()
    assert "cause=44" in ((await alice.expect("BYE", 4)).get("Reason") or "")


async def test_silence_of_who_holds_us_has_a_time_of_its_own(switch: Switch) -> None:
    await switch.start(
        phone("alice", "rtp_timeout=30\nrtp_timeout_hold=1"),
        "[default]\nexten => 1,1,Answer()\n same => n,Wait(20)\n",
    )
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call("1", body=audio.sdp())
    alice.within(dialog, "INVITE", body=audio.sdp(version=2, direction="sendonly"))
    await alice.expect(200)
    alice.within(dialog, "ACK")
    assert "cause=44" in ((await alice.expect("BYE", 5)).get("Reason") or "")


@pytest.mark.parametrize(
    ("theirs", "ours", "cause"), [(486, 486, 17), (480, 480, 19), (503, 503, 34), (404, 503, 34)]
)
async def test_refusals_come_through(switch: Switch, theirs: int, ours: int, cause: int) -> None:
    """As the status and as the Q.850 cause; what is no BUSY and no NOANSWER ends as congestion."""
    alice, bob, a, _ = await start(switch)
    alice.request("INVITE", f"sip:bob@{alice.server}", body=a.sdp())
    bob.answer(await bob.expect("INVITE"), theirs)
    assert f"cause={cause};" in ((await alice.expect(ours)).get("Reason") or "")


async def test_the_cause_of_a_bye_comes_through(switch: Switch) -> None:
    alice, bob, a, b = await start(switch)
    _, theirs = await connect(alice, bob, "bob", (a, b))
    bob.within(theirs, "BYE", headers=["Reason: Q.850;cause=38"])
    assert "Q.850;cause=38" in ((await alice.expect("BYE")).get("Reason") or "")


async def test_who_lost_the_race_is_told_that_somebody_else_answered(switch: Switch) -> None:
    await switch.start(
        phone("alice") + phone("bob") + phone("carol"),
        "[default]\nexten => 1,1,Dial(PJSIP/bob&PJSIP/carol)\n",
    )
    alice, bob, carol = [await switch.peer(name=name) for name in ("alice", "bob", "carol")]
    await bob.register()
    await carol.register()
    audio = await switch.audio()
    alice.request("INVITE", f"sip:1@{alice.server}", body=audio.sdp())
    bob.answer(await bob.expect("INVITE"), 180)
    carol.accept(await carol.expect("INVITE"), audio.sdp())
    cancel = await bob.expect("CANCEL")
    assert cancel.get("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'


async def test_100rel_required(switch: Switch) -> None:
    await switch.start(
        phone("alice", "100rel=required"), "[default]\nexten => 1,1,Progress()\n same => n,Wait(5)\n"
    )
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    await alice.call("1", body=audio.sdp(), status=421)
    invite = alice.request("INVITE", f"sip:1@{alice.server}", body=audio.sdp(), headers=["Supported: 100rel"])
    progress = await alice.expect(183)
    assert progress.get("Require") == "100rel"
    rack = f"RAck: {progress.get('RSeq')} {invite.cseq} INVITE"
    alice.within(Dialog(invite, progress), "PRACK", headers=[rack])
    await alice.expect(200)


async def test_session_timers_are_each_endpoints_own(switch: Switch) -> None:
    alice, bob, a, b = await start(
        switch, "timers=required\ntimers_sess_expires=100", "timers=always\ntimers_sess_expires=120"
    )
    await alice.call("bob", body=a.sdp(), status=421)
    headers = ["Supported: timer", "Session-Expires: 100"]
    alice.request("INVITE", f"sip:bob@{alice.server}", body=a.sdp(), headers=headers)
    invite = await bob.expect("INVITE")
    assert (invite.get("Session-Expires"), invite.get("Min-SE")) == ("120", "90")
    bob.accept(invite, b.sdp())
    assert ((await alice.expect(200)).get("Session-Expires") or "").startswith("100;refresher=")


async def test_variables_account_and_language_of_the_endpoint(switch: Switch) -> None:
    await switch.start(
        phone("alice", "set_var=X=5\nset_var=Y=a b\naccountcode=acc1\nlanguage=de\ntone_zone=us"),
        "[default]\nexten => 1,1,Answer()\n"
        " same => n,Set(Z=${X}-${Y}-${CHANNEL(language)}-${CHANNEL(tonezone)}-${CHANNEL(accountcode)})\n"
        " same => n,Wait(5)\n",
    )
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call("1", body=audio.sdp())
    channel = switch.node.pbx.channels[switch.channels()[0]]
    await eventually("the variable is set", lambda: channel.get_variable("Z") == "5-a b-de-us-acc1")
    await hang_up(switch, alice, dialog)
    rows = switch.node.store.query("SELECT accountcode FROM cdr")
    assert rows == [("acc1",)]


async def test_an_invite_without_an_offer(switch: Switch) -> None:
    alice, bob, a, b = await start(switch)
    request = alice.request("INVITE", f"sip:bob@{alice.server}")
    invite = await bob.expect("INVITE")
    theirs = bob.accept(invite, b.sdp())
    offer = await alice.expect(200)
    alice.within(Dialog(request, offer), "ACK", body=a.sdp())
    a.aim(offer)
    b.aim(invite)
    a.talk()
    b.talk(0, 0x33)
    await b.hears(0, OURS)
    await a.hears(0, THEIRS)
    await hang_up(switch, bob, theirs, alice)


async def test_early_media_of_two_forks(switch: Switch) -> None:
    """The caller hears the one that spoke last; the second answers, with another codec."""
    alice, bob, a, b = await start(switch)
    other = await switch.audio()
    request = alice.request("INVITE", f"sip:bob@{alice.server}", body=a.sdp())
    invite = await bob.expect("INVITE")
    bob.answer(invite, 183, body=b.sdp(), tag="one")
    a.aim(await alice.expect(183))
    b.aim(invite)
    other.aim(invite)
    a.talk()
    b.talk(0, 0x33)
    await a.hears(0, THEIRS)
    await b.hears(0, OURS)
    b.hush()
    bob.answer(invite, 183, body=other.sdp("8", "101"), tag="two")
    await asyncio.sleep(0.1)
    other.talk(8, 0x44)
    await other.hears(8)
    await a.hears(0)
    bob.answer(invite, 200, body=other.sdp("8", "101"), tag="two")
    ours = Dialog(request, await alice.expect(200))
    alice.within(ours, "ACK")
    await bob.expect("ACK")
    await other.hears(8)
    alice.within(ours, "BYE")
    bye = await bob.expect("BYE")
    assert bye.to_tag == "two"
    bob.answer(bye, 200)
    await eventually("no channel", lambda: not switch.channels())


async def test_a_cancel_that_crosses_the_answer(switch: Switch) -> None:
    alice, bob, a, b = await start(switch)
    request = alice.request("INVITE", f"sip:bob@{alice.server}", body=a.sdp())
    invite = await bob.expect("INVITE")
    bob.answer(invite, 180)
    await alice.expect(180)
    lines = [f"{name}: {request.get(name)}" for name in ("Via", "From", "To", "Call-ID")]
    head = [f"CANCEL {request.uri} SIP/2.0", *lines, f"CSeq: {request.cseq} CANCEL", "Content-Length: 0"]
    alice.send("\r\n".join(head) + "\r\n\r\n")
    await alice.expect(487)
    await bob.expect("CANCEL")
    bob.answer(invite, 200, body=b.sdp())
    await bob.expect("ACK")
    bob.answer(await bob.expect("BYE"), 200)
    await eventually("no channel", lambda: not switch.channels())


async def test_a_reload_leaves_calls_alone(switch: Switch) -> None:
    alice, bob, a, b = await start(switch)
    ours, _ = await connect(alice, bob, "bob", (a, b))
    switch.write(phone("carol"), "[default]\nexten => 9,1,Hangup(17)\n")
    await switch.node.reload()
    a.talk()
    await b.hears(0, OURS)
    await hang_up(switch, alice, ours, bob)
    alice.request("OPTIONS", f"sip:{alice.server}")
    await alice.expect(401)


async def test_requests_follow_record_route(switch: Switch) -> None:
    await switch.start(phone("alice"), "[default]\nexten => 1,1,Answer()\n same => n,Wait(0.2)\n")
    alice, proxy = await switch.peer(name="alice"), await switch.peer(name="proxy")
    route = f"<sip:{proxy.address};lr>"
    dialog = await alice.call("1", body=(await switch.audio()).sdp(), headers=[f"Record-Route: {route}"])
    assert dialog.response is not None
    assert dialog.response.get("Record-Route") == route
    bye = await proxy.expect("BYE")
    assert (bye.get("Route"), bye.uri) == (route, alice.contact)


@pytest.mark.parametrize("offer", ["RTP/SAVP 0", "RTP/AVP 18"])
async def test_offers_that_cannot_be_taken(switch: Switch, offer: str) -> None:
    await switch.start(phone("alice"), "[default]\nexten => 1,1,Answer()\n same => n,Wait(5)\n")
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    await alice.call("1", body=audio.sdp("0").replace("RTP/AVP 0", offer), status=488)


async def test_video_is_declined_and_audio_taken(switch: Switch) -> None:
    await switch.start(phone("alice"), "[default]\nexten => 1,1,Answer()\n same => n,Wait(5)\n")
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    video = "m=video 9998 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n"
    dialog = await alice.call("1", body=audio.sdp() + video)
    assert dialog.response is not None
    text = dialog.response.body.decode()
    assert "m=video 0 " in text
    assert "m=audio 0 " not in text


async def test_glare_is_overcome(switch: Switch) -> None:
    """Our re-INVITE (the new connected line) crosses theirs: 491 both ways, and ours comes again."""
    alice, bob, a, b = await start(switch, "send_pai=yes", "trust_id_inbound=yes")
    ours, theirs = await connect(alice, bob, "bob", (a, b))
    bob.within(theirs, "UPDATE", headers=['P-Asserted-Identity: "Boss" <sip:999@x>'])
    first = await alice.expect("INVITE")
    alice.within(ours, "INVITE", body=a.sdp(version=2))
    await alice.expect(491)
    alice.answer(first, 491)
    again = await alice.expect("INVITE", 5, where=lambda message: message.cseq != first.cseq)
    assert "999" in (again.get("P-Asserted-Identity") or "")
    alice.answer(again, 200, body=a.sdp(version=3))
    await alice.expect("ACK")


async def test_symmetric_rtp_goes_where_audio_comes_from(switch: Switch) -> None:
    await switch.start(phone("alice", "rtp_symmetric=yes"), "[default]\nexten => 1,1,Echo()\n")
    alice, said, real = await switch.peer(name="alice"), await switch.audio(), await switch.audio()
    dialog = await alice.call("1", body=said.sdp())
    assert dialog.response is not None
    real.aim(dialog.response)
    real.talk(0, 0x22)
    await real.hears(0, b"\x22" * 160)


async def test_what_is_asked_inside_a_call(switch: Switch) -> None:
    """Methods that are not taken, bodies that cannot be read, offers that do not fit: the call goes on."""
    await switch.start(phone("alice"), "[default]\nexten => 1,1,Echo()\n")
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call("1", body=audio.sdp())
    for method, status in (("SUBSCRIBE", 405), ("MESSAGE", 202), ("FOO", 501), ("OPTIONS", 200)):
        alice.within(dialog, method)
        await alice.expect(status)
    alice.within(dialog, "INFO", body="x", content_type="application/foo")
    await alice.expect(415)
    for body, status in ((audio.sdp("18", version=2), 488), ("garbage", 400)):
        alice.within(dialog, "INVITE", body=body)
        await alice.expect(status)
        alice.within(dialog, "ACK")
    assert dialog.response is not None
    audio.aim(dialog.response)
    audio.talk()
    await audio.hears(0, OURS)
    await hang_up(switch, alice, dialog)
