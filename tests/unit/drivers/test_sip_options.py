"""Options of pjsip.conf and asterisk.conf, each seen on the wire."""

from __future__ import annotations

import hashlib

import pytest

from unit.drivers.node import Dialog, Switch, hang_up, phone

ANSWER = "[default]\nexten => 1,1,Answer()\n same => n,Wait(60)\n"
MD5 = hashlib.md5(b"alice:asterisk:right").hexdigest()


# ---------------------------------------------------------------- force_rport


@pytest.mark.parametrize(
    ("option", "to_source"), [("", True), ("force_rport=yes", True), ("force_rport=no", False)]
)
async def test_where_answers_go_without_rport(switch: Switch, option: str, to_source: bool) -> None:
    """Challenges, answers outside and inside of a call, and to CANCEL, which the stack gives by itself."""
    auth = "[alice]\ntype=auth\nauth_type=userpass\nusername=alice\npassword=right\n"
    await switch.start(
        phone("alice", f"auth=alice\n{option}") + auth + phone("bob", option),
        ANSWER + "exten => 2,1,Ringing()\n same => n,Wait(60)\n",
    )
    here, there = await switch.peer(name="alice"), await switch.peer(name="alice")
    reader = here if to_source else there
    way = {"rport": False, "via_port": there.port}
    here.request("REGISTER", f"sip:{here.server}", **way)
    await reader.expect(401)
    here.name = "bob"
    audio = await switch.audio()
    invite = here.request("INVITE", f"sip:1@{here.server}", body=audio.sdp(), **way)
    answer = await reader.expect(200)
    dialog = Dialog(invite, answer)
    here.within(dialog, "ACK")
    here.within(dialog, "BYE", **way)
    await reader.expect(200, where=lambda message: message.method == "BYE")
    invite = here.request("INVITE", f"sip:2@{here.server}", body=audio.sdp(), **way)
    await reader.expect(180)
    here.send(
        f"CANCEL {invite.uri} SIP/2.0\r\nVia: {invite.get('Via')}\r\n"
        f"From: {invite.get('From')}\r\nTo: {invite.get('To')}\r\n"
        f"Call-ID: {invite.call_id}\r\nCSeq: {invite.cseq} CANCEL\r\nContent-Length: 0\r\n\r\n"
    )
    await reader.expect(200, where=lambda message: message.method == "CANCEL")
    await reader.expect(487)
    assert not (there if to_source else here).got


# ---------------------------------------------------------------- use_ptime, allow=codec:ms


@pytest.mark.parametrize(
    ("options", "asked", "expected"),
    [
        ("", "", 20),
        ("", "a=ptime:40\r\n", 20),
        ("", "a=maxptime:10\r\n", 10),
        ("allow=!all,ulaw:30", "a=ptime:40\r\n", 30),
        ("use_ptime=yes", "a=ptime:40\r\n", 40),
        ("use_ptime=yes\nallow=!all,ulaw:30", "", 20),
    ],
)
async def test_how_much_goes_into_a_packet(switch: Switch, options: str, asked: str, expected: int) -> None:
    await switch.start(
        phone("alice", options),
        "[default]\nexten => 1,1,Answer()\n same => n,Playtones(dial)\n same => n,Wait(60)\n",
    )
    alice = await switch.peer(name="alice")
    audio = await switch.audio()
    await alice.call("1", body=audio.sdp("0") + asked)
    assert len(await audio.hears(0)) == expected * 8


# ---------------------------------------------------------------- auth_type


@pytest.mark.parametrize(
    ("section", "password", "status"),
    [
        ("auth_type=userpass\npassword=right", "right", 200),
        (f"auth_type=userpass\npassword=other\nmd5_cred={MD5}", "right", 403),
        (f"auth_type=userpass\npassword=other\nmd5_cred={MD5}", "other", 200),
        (f"auth_type=md5\nmd5_cred={MD5}", "right", 200),
        (f"auth_type=md5\npassword=other\nmd5_cred={MD5}", "other", 403),
        (f"auth_type=md5\npassword=other\nmd5_cred={MD5}", "right", 200),
        (f"auth_type=digest\npassword_digest=MD5:{MD5}", "right", 200),
        ("auth_type=digest\npassword=right", "right", 200),
        (f"password_digest=MD5:{MD5}\npassword=other", "right", 200),
    ],
)
async def test_which_credential_counts(switch: Switch, section: str, password: str, status: int) -> None:
    await switch.start(phone("alice", "auth=alice") + f"[alice]\ntype=auth\nusername=alice\n{section}\n")
    alice = await switch.peer(name="alice")
    await alice.register(password=password, status=status)


async def test_the_credential_that_counts_also_answers_challenges(switch: Switch) -> None:
    auth = f"[out]\ntype=auth\nusername=alice\nauth_type=md5\nmd5_cred={MD5}\npassword=other\n"
    await switch.start(
        phone("trunk", "outbound_auth=out") + auth + phone("bob"),
        "[default]\nexten => 1,1,Dial(PJSIP/trunk)\n",
    )
    trunk, bob = await switch.peer(name="trunk"), await switch.peer(name="bob")
    await trunk.register()
    audio = await switch.audio()
    bob.request("INVITE", f"sip:1@{bob.server}", body=audio.sdp())
    invite = await trunk.expect("INVITE")
    trunk.answer(
        invite, 401, headers=['WWW-Authenticate: Digest realm="asterisk",nonce="n",algorithm=MD5,qop="auth"']
    )
    await trunk.expect("ACK")
    again = await trunk.expect("INVITE")
    given = dict(
        part.strip().split("=", 1) for part in (again.get("Authorization") or "").split(" ", 1)[1].split(",")
    )
    nc, cnonce, uri = (given[name].strip('"') for name in ("nc", "cnonce", "uri"))
    ha2 = hashlib.md5(f"INVITE:{uri}".encode()).hexdigest()
    expected = hashlib.md5(f"{MD5}:n:{nc}:{cnonce}:auth:{ha2}".encode()).hexdigest()
    assert given["response"].strip('"') == expected
    trunk.answer(again, 486)
    await bob.expect(486)


# ---------------------------------------------------------------- maxcalls


async def test_no_more_calls_than_maxcalls(switch: Switch) -> None:
    await switch.start(phone("alice"), ANSWER, asterisk="[options]\nmaxcalls=1\n")
    alice = await switch.peer(name="alice")
    audio = await switch.audio()
    first = await alice.call("1", body=audio.sdp())
    refused = await alice.call("1", body=audio.sdp(), status=503)
    assert refused.response is not None
    assert 2 <= int(refused.response.get("Retry-After") or 0) <= 10
    await hang_up(switch, alice, first)
    assert switch.node.pbx.calls == 0
    await alice.call("1", body=audio.sdp())
