"""Trunks and what goes with them: registrations of ours, digest both ways, headers, all contacts at once."""

from __future__ import annotations

import asyncio

import pytest

from unit.drivers.node import Dialog, Peer, Switch, digest, eventually, free_port, phone

CHALLENGE = 'WWW-Authenticate: Digest realm="x",nonce="{0}",qop="auth",algorithm=MD5'
TO_BOB = "[default]\nexten => bob,1,Dial(PJSIP/bob)\n"


def registration(registrar: Peer, options: str = "") -> str:
    """A registration at a peer."""
    return (
        phone("trunk", "", f"contact=sip:127.0.0.1:{registrar.port}")
        + "[system]\ntype=system\ntimer_t1=100\ntimer_b=6400\n"
        + f"[r]\ntype=registration\nserver_uri=sip:127.0.0.1:{registrar.port}\n"
        + f"client_uri=sip:me@127.0.0.1:{registrar.port}\nretry_interval=1\n"
        + f"max_random_initial_delay=0\n{options}\n"
    )


def password(word: str) -> str:
    """The auth section of a registration."""
    return f"outbound_auth=a\n[a]\ntype=auth\nauth_type=userpass\nusername=me\npassword={word}\n"


async def test_registration_overcomes_what_can_be_overcome(switch: Switch) -> None:
    """401, 423 and 503; a call that comes back with the mark in our Contact is the endpoint's."""
    registrar = await switch.peer(name="registrar")
    options = "contact_user=4711\nline=yes\nendpoint=trunk\nexpiration=300\n" + password("pw")
    await switch.start(registration(registrar, options), "[default]\nexten => 4711,1,Hangup(17)\n")
    registrar.answer(await registrar.expect("REGISTER"), 401, headers=[CHALLENGE.format("n1")])
    request = await registrar.expect("REGISTER")
    assert 'username="me"' in (request.get("Authorization") or "")
    registrar.answer(request, 423, headers=["Min-Expires: 600"])
    request = await registrar.expect("REGISTER")
    assert request.get("Expires") == "600"
    registrar.answer(request, 503, headers=["Retry-After: 1"])
    request = await registrar.expect("REGISTER")
    registrar.answer(request, 200, headers=[f"Contact: {request.get('Contact')};expires=600"])
    ours = switch.node.sip.registrations["r"]
    await eventually("it is registered", lambda: ours.state.name == "REGISTERED")
    registrar.name = "carrier"
    contact = request.addresses("Contact")[0].uri
    assert contact.user == "4711"
    registrar.request("INVITE", str(contact), body=(await switch.audio()).sdp())
    await registrar.expect(486)


@pytest.mark.parametrize(("status", "again"), [(403, False), (404, False), (503, True), (0, True)])
async def test_registration_is_tried_again_where_that_can_help(
    switch: Switch, status: int, again: bool
) -> None:
    registrar = await switch.peer(name="registrar")
    await switch.start(registration(registrar))
    first = await registrar.expect("REGISTER")
    if status:
        registrar.answer(first, status)
    if again:
        wait = 3.0 if status else 9.0  # nobody answers: timer F, 64*T1
        await registrar.expect("REGISTER", wait, where=lambda message: message.branch != first.branch)
    else:
        await registrar.silent(1.5)
        assert switch.node.sip.registrations["r"].state.name == "STOPPED"


async def test_a_reload_with_another_password_registers_again(switch: Switch) -> None:
    registrar = await switch.peer(name="registrar")
    await switch.start(registration(registrar, password("wrong")))
    for nonce in ("n1", "n2"):
        registrar.answer(await registrar.expect("REGISTER"), 401, headers=[CHALLENGE.format(nonce)])
    ours = switch.node.sip.registrations["r"]
    await eventually("it gives up", lambda: ours.state.name in ("REJECTED", "STOPPED"))
    await switch.node.reload()
    await registrar.silent(0.2)  # nothing has changed
    switch.write(registration(registrar, password("right")))
    await switch.node.reload()
    await registrar.expect("REGISTER")


async def test_calls_out_answer_challenges(switch: Switch) -> None:
    """With the algorithm that both know."""
    trunk = await switch.peer(name="trunk")
    auth = "[o]\ntype=auth\nauth_type=userpass\nusername=u\npassword=p\n"
    await switch.start(
        phone("alice") + phone("trunk", "outbound_auth=o", f"contact={trunk.contact}") + auth,
        "[default]\nexten => _X,1,Dial(PJSIP/${EXTEN}@trunk)\n",
    )
    alice = await switch.peer(name="alice")
    alice.request("INVITE", f"sip:1@{alice.server}", body=(await switch.audio()).sdp())
    challenge = 'Proxy-Authenticate: Digest realm="x",nonce="n1",qop="auth",algorithm='
    invite = await trunk.expect("INVITE")
    trunk.answer(invite, 407, headers=[challenge + "SHA-256", challenge + "MD5"])
    await trunk.expect("ACK")
    again = await trunk.expect("INVITE")
    assert "algorithm=MD5" in (again.get("Proxy-Authorization") or "")
    assert again.cseq == invite.cseq + 1


async def test_a_nonce_serves_once_and_not_for_ever(switch: Switch) -> None:
    auth = "[a]\ntype=auth\nauth_type=userpass\nusername=alice\npassword=pw\nnonce_lifetime=1\n"
    await switch.start(phone("alice", "auth=a") + auth)
    alice = await switch.peer(name="alice")
    uri, aor = f"sip:{alice.server}", f"<sip:alice@{alice.server}>"
    alice.request("REGISTER", uri, to=aor, from_=aor)
    challenge = await alice.expect(401)
    assert "stale" not in (challenge.get("WWW-Authenticate") or "")
    line = digest(challenge, "REGISTER", uri, "alice", "pw")
    alice.request("REGISTER", uri, to=aor, from_=aor, headers=[line])
    await alice.expect(200)
    alice.request("REGISTER", uri, to=aor, from_=aor, headers=[line])  # heard on the way and sent again
    challenge = await alice.expect(401)
    await asyncio.sleep(1.5)
    line = digest(challenge, "REGISTER", uri, "alice", "pw")
    alice.request("REGISTER", uri, to=aor, from_=aor, headers=[line])
    assert "stale=true" in ((await alice.expect(401)).get("WWW-Authenticate") or "")


async def test_all_contacts_of_an_endpoint_are_called(switch: Switch) -> None:
    """PJSIP_DIAL_CONTACTS; also one whose URI leads nowhere but over its connection."""
    port = free_port(stream=True)
    await switch.start(
        phone("alice") + phone("bob") + f"[tcp]\ntype=transport\nprotocol=tcp\nbind=127.0.0.1:{port}\n",
        "[default]\nexten => bob,1,Dial(${PJSIP_DIAL_CONTACTS(bob)})\n"
        "exten => 2,1,Dial(${PJSIP_DIAL_CONTACTS(bob,,77)})\n",
    )
    alice = await switch.peer(name="alice")
    near = await switch.peer(name="bob")
    far = await switch.peer(name="bob", to=port, tcp=True)
    await near.register()
    await far.register(contact="<sip:bob@192.0.2.55;transport=tcp>")
    for number, user in (("bob", "bob"), ("2", "77")):
        alice.request("INVITE", f"sip:{number}@{alice.server}", body=(await switch.audio()).sdp())
        assert (await near.expect("INVITE")).uri == f"sip:{user}@{near.address}"
        assert (await far.expect("INVITE")).uri == f"sip:{user}@192.0.2.55;transport=tcp"


async def test_headers_of_the_dialplans_own(switch: Switch) -> None:
    """PJSIP_HEADER: read from the INVITE that came in, added to the one that goes out and to the answer."""
    await switch.start(
        phone("alice") + phone("bob"),
        "[default]\nexten => bob,1,Dial(PJSIP/bob,,b(out^s^1(${PJSIP_HEADER(read,X-In)})))\n"
        "exten => 2,1,Set(PJSIP_HEADER(add,X-Back)=yes)\n same => n,Answer()\n same => n,Wait(5)\n"
        "[out]\nexten => s,1,Set(PJSIP_HEADER(add,X-Out)=${ARG1}!)\n"
        " same => n,Set(PJSIP_HEADER(add,X-Gone)=1)\n same => n,Set(PJSIP_HEADER(remove,X-G*)=)\n"
        " same => n,Return()\n",
    )
    alice, bob, audio = await switch.peer(name="alice"), await switch.peer(name="bob"), await switch.audio()
    await bob.register()
    alice.request("INVITE", f"sip:bob@{alice.server}", body=audio.sdp(), headers=["X-In: hello"])
    invite = await bob.expect("INVITE")
    assert (invite.get("X-Out"), invite.get("X-Gone")) == ("hello!", None)
    dialog = await alice.call("2", body=audio.sdp())
    assert isinstance(dialog, Dialog)
    assert dialog.response is not None
    assert dialog.response.get("X-Back") == "yes"
