"""Who calls, who answers, who diverted: the headers of outgoing calls and of answers."""

from __future__ import annotations

import pytest

from unit.drivers.node import Dialog, Peer, Switch, connect, eventually, phone

TO_BOB = "[default]\nexten => bob,1,Dial(PJSIP/bob)\n"
ASSERTED = ['P-Asserted-Identity: "Bo" <sip:555@x>', "Privacy: id"]


async def start(
    switch: Switch, alice: str, bob: str, extensions: str = "", more: str = ""
) -> tuple[Peer, Peer]:
    await switch.start(phone("alice", alice) + phone("bob", bob) + more, TO_BOB + extensions)
    peers = await switch.peer(name="alice"), await switch.peer(name="bob")
    await peers[1].register()
    return peers


async def test_pai_and_rpid_carry_our_address(switch: Switch) -> None:
    alice, bob = await start(switch, 'callerid="Al" <100>', "send_pai=yes\nsend_rpid=yes")
    alice.request("INVITE", f"sip:bob@{alice.server}", body=(await switch.audio()).sdp())
    invite = await bob.expect("INVITE")
    assert invite.get("P-Asserted-Identity") == '"Al" <sip:100@127.0.0.1>'
    assert (invite.get("Remote-Party-ID") or "").startswith(
        '"Al" <sip:100@127.0.0.1>;party=calling;privacy=off'
    )
    assert (invite.get("From") or "").startswith('"Al" <sip:100@127.0.0.1>')


async def test_from_domain_and_from_user(switch: Switch) -> None:
    trunk = await switch.peer(name="trunk")
    await switch.start(
        phone("alice")
        + phone(
            "trunk",
            "user_eq_phone=yes\nfrom_user=acct\nfrom_domain=ex.org\ncontact_user=me\nsend_pai=yes\n"
            f"outbound_proxy=sip:127.0.0.1:{trunk.port}\\;lr",
            "contact=sip:carrier.invalid",
        ),
        "[default]\nexten => _X.,1,Dial(PJSIP/${EXTEN}@trunk)\n",
    )
    alice = await switch.peer(name="alice")
    alice.request("INVITE", f"sip:123@{alice.server}", body=(await switch.audio()).sdp())
    invite = await trunk.expect("INVITE")
    assert invite.uri == "sip:123@carrier.invalid;user=phone"
    assert str(invite.from_.uri) == "sip:acct@ex.org"
    assert str(invite.to.uri) == "sip:123@carrier.invalid;user=phone"
    assert invite.get("Route") == f"<sip:127.0.0.1:{trunk.port};lr>"
    assert invite.get("Contact") == f"<sip:me@127.0.0.1:{switch.port}>"
    assert invite.get("P-Asserted-Identity") == "<sip:alice@ex.org>"


async def test_privacy_passes_to_the_trusted_only(switch: Switch) -> None:
    alice, bob = await start(switch, "trust_id_inbound=yes", "send_pai=yes\ntrust_id_outbound=yes")
    alice.request("INVITE", f"sip:bob@{alice.server}", body=(await switch.audio()).sdp(), headers=ASSERTED)
    invite = await bob.expect("INVITE")
    assert (invite.get("P-Asserted-Identity"), invite.get("Privacy")) == ('"Bo" <sip:555@127.0.0.1>', "id")


async def test_privacy_hides_the_caller_from_others(switch: Switch) -> None:
    alice, bob = await start(switch, "trust_id_inbound=yes", "send_pai=yes\nsend_rpid=yes")
    alice.request("INVITE", f"sip:bob@{alice.server}", body=(await switch.audio()).sdp(), headers=ASSERTED)
    invite = await bob.expect("INVITE")
    assert b"555" not in invite.to_bytes()
    assert invite.from_.uri.host == "anonymous.invalid"


async def test_untrusted_assertions_count_for_nothing(switch: Switch) -> None:
    alice, bob = await start(switch, "", "send_pai=yes")
    alice.request(
        "INVITE", f"sip:bob@{alice.server}", body=(await switch.audio()).sdp(), headers=ASSERTED[:1]
    )
    assert (await bob.expect("INVITE")).from_.uri.user == "alice"


async def test_diversion_goes_through(switch: Switch) -> None:
    alice, bob = await start(switch, "", "")
    alice.request(
        "INVITE",
        f"sip:bob@{alice.server}",
        body=(await switch.audio()).sdp(),
        headers=['Diversion: "Bo" <sip:555@x>;reason=no-answer'],
    )
    line = (await bob.expect("INVITE")).get("Diversion") or ""
    assert line.startswith('"Bo" <sip:555@127.0.0.1>;reason=no-answer')


async def test_302_leads_through_the_dialplan_and_says_who_diverted(switch: Switch) -> None:
    alice, bob = await start(
        switch, "", "", "exten => 77,1,Dial(PJSIP/carol)\n", phone("carol", "send_diversion=yes")
    )
    carol = await switch.peer(name="carol")
    await carol.register()
    audio = await switch.audio()
    alice.request("INVITE", f"sip:bob@{alice.server}", body=audio.sdp())
    bob.answer(
        await bob.expect("INVITE"),
        302,
        headers=["Contact: <sip:77@somewhere>", "Diversion: <sip:bob@x>;reason=unconditional"],
    )
    await bob.expect("ACK")
    invite = await carol.expect("INVITE")
    assert (invite.get("Diversion") or "").startswith("<sip:bob@127.0.0.1>;reason=unconditional")
    carol.accept(invite, audio.sdp())
    await alice.expect(200)


async def test_181_reaches_the_caller_with_who_diverted(switch: Switch) -> None:
    alice, bob = await start(switch, "send_history_info=yes", "")
    audio = await switch.audio()
    alice.request("INVITE", f"sip:bob@{alice.server}", body=audio.sdp())
    invite = await bob.expect("INVITE")
    bob.answer(invite, 181, headers=['Diversion: "Am" <sip:555@x>;reason=no-answer'])
    forwarded = await alice.expect(181)
    assert (forwarded.get("Diversion") or "").startswith('"Am" <sip:555@127.0.0.1>;reason=no-answer')
    lines = forwarded.get_all("History-Info")
    assert [line.partition("@")[0] for line in lines] == ["<sip:bob", '"Am" <sip:555']
    assert lines[1].endswith(";index=1.1")
    bob.accept(invite, audio.sdp())
    await alice.expect(200)


async def test_a_302_is_told_to_the_caller_by_181(switch: Switch) -> None:
    alice, bob = await start(switch, "", "", "exten => 77,1,Ringing()\n same => n,Wait(5)\n")
    alice.request("INVITE", f"sip:bob@{alice.server}", body=(await switch.audio()).sdp())
    bob.answer(await bob.expect("INVITE"), 302, headers=["Contact: <sip:77@somewhere>"])
    forwarded = await alice.expect(181)
    assert (forwarded.get("Diversion") or "").startswith("<sip:bob@127.0.0.1>;reason=unconditional")


async def test_history_info_is_understood_and_sent(switch: Switch) -> None:
    alice, bob = await start(switch, "", "send_diversion=no\nsend_history_info=yes")
    alice.request(
        "INVITE",
        f"sip:bob@{alice.server}",
        body=(await switch.audio()).sdp(),
        headers=[
            "History-Info: <sip:555@x?Reason=SIP%3Bcause%3D486>;index=1",
            "History-Info: <sip:bob@x>;index=1.1",
        ],
    )
    invite = await bob.expect("INVITE")
    assert invite.get("Diversion") is None
    lines = invite.get_all("History-Info")
    assert lines[0] == "<sip:555@127.0.0.1?Reason=SIP%3Bcause%3D486>;index=1"
    assert len(lines) == 2
    assert "sip:bob@" in lines[1]
    assert lines[1].endswith(";index=1.1")


async def test_redirecting_without_i_is_told_to_the_caller(switch: Switch) -> None:
    extensions = (
        "exten => 5,1,Set(REDIRECTING(from-num,i)=300)\n same => n,Set(REDIRECTING(reason)=cfb)\n"
        " same => n,Wait(5)\n"
    )
    alice, _ = await start(switch, "", "", extensions)
    alice.request("INVITE", f"sip:5@{alice.server}", body=(await switch.audio()).sdp())
    forwarded = await alice.expect(181)
    assert (forwarded.get("Diversion") or "").startswith("<sip:300@127.0.0.1>;reason=user-busy")


async def test_302_to_a_uri(switch: Switch) -> None:
    alice, bob = await start(switch, "", "redirect_method=uri_core")
    carol = await switch.peer(name="carol")
    alice.request("INVITE", f"sip:bob@{alice.server}", body=(await switch.audio()).sdp())
    bob.answer(await bob.expect("INVITE"), 302, headers=[f"Contact: <{carol.contact}>"])
    invite = await carol.expect("INVITE")
    assert (invite.get("Diversion") or "").startswith("<sip:bob@127.0.0.1>")


async def test_connected_line_in_the_answer_and_by_update(switch: Switch) -> None:
    alice, bob = await start(switch, "send_pai=yes", "trust_id_inbound=yes\ncallerid=Bobby <200>")
    ours, theirs = await connect(
        alice,
        bob,
        "bob",
        (await switch.audio(), await switch.audio()),
        caller_headers=["Allow: INVITE, ACK, BYE, CANCEL, UPDATE"],
    )
    assert ours.response is not None
    assert ours.response.get("P-Asserted-Identity") == '"Bobby" <sip:200@127.0.0.1>'
    bob.within(theirs, "UPDATE", headers=['P-Asserted-Identity: "Boss" <sip:999@x>'])
    await bob.expect(200)
    update = await alice.expect("UPDATE")
    assert update.get("P-Asserted-Identity") == '"Boss" <sip:999@127.0.0.1>'
    assert not update.body


async def test_the_ringing_says_whose_phone_it_is(switch: Switch) -> None:
    """What the phone says of itself in its 180 goes first, else its caller id is known."""
    alice, bob = await start(switch, "send_pai=yes", "trust_id_inbound=yes\ncallerid=Bobby <200>")
    alice.request("INVITE", f"sip:bob@{alice.server}", body=(await switch.audio()).sdp())
    invite = await bob.expect("INVITE")
    bob.answer(invite, 180)
    ringing = await alice.expect(180)
    assert ringing.get("P-Asserted-Identity") == '"Bobby" <sip:200@127.0.0.1>'
    bob.answer(invite, 180, headers=['P-Asserted-Identity: "Desk" <sip:201@x>'])
    ringing = await alice.expect(180)
    assert ringing.get("P-Asserted-Identity") == '"Desk" <sip:201@127.0.0.1>'


async def test_connected_line_by_reinvite_where_update_is_not_known(switch: Switch) -> None:
    alice, bob = await start(switch, "send_pai=yes", "trust_id_inbound=yes\ncallerid=Bobby <200>")
    audios = await switch.audio(), await switch.audio()
    ours, theirs = await connect(alice, bob, "bob", audios)
    bob.within(theirs, "UPDATE", headers=['P-Asserted-Identity: "Boss" <sip:999@x>'])
    await bob.expect(200)
    reinvite = await alice.expect("INVITE")
    assert reinvite.get("P-Asserted-Identity") == '"Boss" <sip:999@127.0.0.1>'
    alice.answer(reinvite, 200, body=audios[0].sdp(version=2))
    await alice.expect("ACK")
    audios[1].talk()
    await audios[0].hears(0, b"\x10" * 160)
    assert isinstance(ours, Dialog)
    await eventually("both legs are up", lambda: len(switch.channels()) == 2)


async def test_an_assertion_wins_over_the_configured_caller_id_and_that_over_from(switch: Switch) -> None:
    alice, bob = await start(switch, 'callerid="Al" <100>\ntrust_id_inbound=yes', "send_pai=yes")
    audio = await switch.audio()
    for headers, shown in (([], '"Al" <sip:100@127.0.0.1>'), (ASSERTED[:1], '"Bo" <sip:555@127.0.0.1>')):
        alice.request("INVITE", f"sip:bob@{alice.server}", body=audio.sdp(), headers=headers)
        invite = await bob.expect("INVITE")
        assert invite.get("P-Asserted-Identity") == shown
        bob.answer(invite, 486)


async def test_what_changes_later_is_not_told_without_send_connected_line(switch: Switch) -> None:
    """The answer still says what the ringing said."""
    alice, bob = await start(
        switch,
        "send_pai=yes\nsend_connected_line=no",
        "trust_id_inbound=yes\ntrust_connected_line=yes\ncallerid=Bobby <200>",
    )
    audio = await switch.audio()
    alice.request("INVITE", f"sip:bob@{alice.server}", body=audio.sdp())
    invite = await bob.expect("INVITE")
    bob.answer(invite, 180)
    assert (await alice.expect(180)).get("P-Asserted-Identity") == '"Bobby" <sip:200@127.0.0.1>'
    bob.answer(invite, 180, headers=['P-Asserted-Identity: "Other" <sip:201@x>'])
    bob.accept(invite, audio.sdp())
    assert (await alice.expect(200)).get("P-Asserted-Identity") == '"Bobby" <sip:200@127.0.0.1>'


@pytest.mark.parametrize(("option", "user"), [("no", "asterisk@"), ("yes", "alice@")])
async def test_use_callerid_contact(switch: Switch, option: str, user: str) -> None:
    general = f"[global]\ntype=global\nuse_callerid_contact={option}\n"
    alice, bob = await start(switch, "", "", more=general)
    alice.request("INVITE", f"sip:bob@{alice.server}", body=(await switch.audio()).sdp())
    assert (await bob.expect("INVITE")).get("Contact") == f"<sip:{user}127.0.0.1:{switch.port}>"


async def test_contact_user_wins_over_the_caller(switch: Switch) -> None:
    general = "[global]\ntype=global\nuse_callerid_contact=yes\n"
    alice, bob = await start(switch, "", "contact_user=me", more=general)
    alice.request("INVITE", f"sip:bob@{alice.server}", body=(await switch.audio()).sdp())
    assert (await bob.expect("INVITE")).get("Contact") == f"<sip:me@127.0.0.1:{switch.port}>"


async def test_183_without_a_description_goes_through(switch: Switch) -> None:
    alice, bob = await start(switch, "", "")
    alice.request("INVITE", f"sip:bob@{alice.server}", body=(await switch.audio()).sdp())
    invite = await bob.expect("INVITE")
    bob.answer(invite, 183)
    assert (await alice.expect(183)).body


async def test_183_without_a_description_is_ignored_if_so_configured(switch: Switch) -> None:
    alice, bob = await start(switch, "", "ignore_183_without_sdp=yes")
    alice.request("INVITE", f"sip:bob@{alice.server}", body=(await switch.audio()).sdp())
    invite = await bob.expect("INVITE")
    bob.answer(invite, 183)
    bob.answer(invite, 180)
    await eventually("it rings", lambda: any(message.status == 180 for message in alice.got))
    assert all(message.status != 183 for message in alice.got)


@pytest.mark.parametrize(
    ("from_", "seen"),
    [
        ("<sip:alice@127.0.0.1>;isup-oli=27", "27"),
        ("<sip:alice@127.0.0.1;isup-oli=29>", "29"),
        ("<sip:alice@127.0.0.1>;isup-oli=x", "0"),
        ("<sip:alice@127.0.0.1>", "0"),
    ],
)
async def test_originating_line_information(switch: Switch, from_: str, seen: str) -> None:
    extensions = "exten => 5,1,Set(GLOBAL(oli)=${CALLERID(ani2)})\n same => n,Wait(5)\n"
    alice, _ = await start(switch, "", "", extensions)
    alice.request(
        "INVITE", f"sip:5@{alice.server}", body=(await switch.audio()).sdp(), from_=from_ + ";tag=a"
    )
    known = switch.node.runner.globals
    await eventually("the dialplan has run", lambda: "oli" in known)
    assert known["oli"] == seen
