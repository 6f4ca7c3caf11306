"""Options of pjsip.conf and asterisk.conf, each seen on the wire."""

from __future__ import annotations

import hashlib
import socket

import pytest

from offhook.config.errors import Problems
from offhook.config.pjsip import read_pjsip
from offhook.config.reader import read_text
from offhook.drivers.sip.directory import Directory
from offhook.drivers.sip.names import IdentifyNames
from offhook.sip.resolver import Target
from unit.drivers.node import Dialog, Switch, connect, eventually, hang_up, phone
from unit.sip import simnet

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


# ---------------------------------------------------------------- call_offer_pref


def formats(sdp: bytes) -> list[str]:
    line = next(line for line in sdp.decode().splitlines() if line.startswith("m=audio"))
    return [word for word in line.split()[3:] if word != "101"]


@pytest.mark.parametrize(
    ("preference", "expected"),
    [
        ("local", ["8", "9"]),
        ("local_merge", ["0", "8", "9"]),
        ("local_first", ["0"]),
        ("remote", ["9", "8"]),
        ("remote_merge", ["9", "8", "0"]),
        ("remote_first", ["9"]),
    ],
)
async def test_what_is_offered(switch: Switch, preference: str, expected: list[str]) -> None:
    await switch.start(
        phone("alice", "allow=!all,ulaw,alaw,g722,gsm\nincoming_call_offer_pref=remote")
        + phone("bob", f"allow=!all,ulaw,alaw,g722\noutgoing_call_offer_pref={preference}"),
        "[default]\nexten => bob,1,Dial(PJSIP/bob)\n",
    )
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    audio = await switch.audio()
    alice.request("INVITE", f"sip:bob@{alice.server}", body=audio.sdp("9", "8", "3", "101"))
    invite = await bob.expect("INVITE")
    assert formats(invite.body) == expected
    bob.answer(invite, 486)
    await alice.expect(486)


@pytest.mark.parametrize(
    ("preference", "expected"),
    [
        ("local", ["0", "8"]),
        ("local_first", ["0"]),
        ("remote", ["8", "0"]),
        ("remote_first", ["8"]),
    ],
)
async def test_what_is_answered(switch: Switch, preference: str, expected: list[str]) -> None:
    await switch.start(
        phone("alice", f"allow=!all,ulaw,alaw,g722\nincoming_call_offer_pref={preference}"), ANSWER
    )
    alice = await switch.peer(name="alice")
    audio = await switch.audio()
    dialog = await alice.call("1", body=audio.sdp("8", "3", "0", "101"))
    assert dialog.response is not None
    assert formats(dialog.response.body) == expected


# ---------------------------------------------------------------- [global] and [system]


@pytest.mark.parametrize(("debug", "logged"), [("no", 0), ("yes", 2), ("127.0.0.1", 2), ("192.0.2.1", 0)])
async def test_messages_are_logged(switch: Switch, debug: str, logged: int) -> None:
    await switch.start(
        phone("alice") + f"[g]\ntype=global\ndebug={debug}\n", logger="[logfiles]\nfull => verbose\n"
    )
    alice = await switch.peer(name="alice")
    alice.request("OPTIONS", f"sip:{alice.server}")
    await alice.expect(200)
    await switch.close()
    text = (switch.folder / "state/log/full").read_text()
    assert text.count("SIP message") == logged
    assert text.count("OPTIONS sip:") == text.count("SIP/2.0 200") == logged // 2


async def test_compact_headers(switch: Switch) -> None:
    await switch.start(phone("alice") + "[s]\ntype=system\ncompact_headers=yes\n", ANSWER)
    alice = await switch.peer(name="alice")
    alice.request("OPTIONS", f"sip:{alice.server}")
    answer = await alice.expect(200)
    assert b"\r\nv: SIP/2.0/UDP" in answer.to_bytes()
    assert b"\r\nVia:" not in answer.to_bytes()


# ---------------------------------------------------------------- asterisk.conf, modules.conf


async def test_the_language_of_those_who_have_none(switch: Switch) -> None:
    await switch.start(
        phone("alice") + phone("bob", "language=fr"),
        '[default]\nexten => 1,1,ExecIf($["${CHANNEL(language)}" = "de"]?Hangup(17))\n'
        " same => n,Hangup(34)\n",
        asterisk="[options]\ndefaultlanguage=de\n",
    )
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await alice.call("1", status=486)
    await bob.call("1", status=503)


@pytest.mark.parametrize(
    ("modules", "written"),
    [
        ("", True),
        ("noload => cdr_csv.so\n", False),
        ("autoload=no\n", False),
        ("autoload=no\nload => cdr_csv.so\n", True),
    ],
)
async def test_master_csv_is_a_module(switch: Switch, modules: str, written: bool) -> None:
    await switch.start(phone("alice"), ANSWER, modules=f"[modules]\n{modules}")
    alice = await switch.peer(name="alice")
    audio = await switch.audio()
    await hang_up(switch, alice, await alice.call("1", body=audio.sdp()))
    await switch.close()
    assert (switch.folder / "state/log/cdr-csv/Master.csv").exists() is written


# ---------------------------------------------------------------- features.conf


async def test_the_code_that_hangs_up(switch: Switch) -> None:
    """Its digits are kept back as long as they may be the code, and passed on when they are not."""
    await switch.start(
        phone("alice") + phone("bob"),
        "[default]\nexten => bob,1,Dial(PJSIP/bob,,h)\n",
        features="[general]\nfeaturedigittimeout=200\n[featuremap]\ndisconnect=*0\n",
    )
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    a, b = await switch.audio(), await switch.audio()
    await connect(alice, bob, "bob", (a, b))
    b.talk()
    await b.digit("*")
    assert 101 not in {payload_type for payload_type, _ in a.packets}
    await a.hears(101, timeout=1)  # 200 ms later
    await b.digit("*")
    await b.digit("0")
    bob.answer(await bob.expect("BYE"), 200)
    alice.answer(await alice.expect("BYE"), 200)
    await eventually("no channel", lambda: not switch.channels())


# ---------------------------------------------------------------- identify by name


class Names:
    """A Lookup whose answers come when they are given."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []

    def lookup(self, uri, done):
        self.asked.append((f"{uri.host}:{uri.port}", done))

    def answer(self, name: str, *hosts: str) -> None:
        for asked, done in self.asked:
            if asked == name:
                done([Target("UDP", host, 5060) for host in hosts])


@pytest.mark.parametrize(
    ("options", "asked"),
    [("", ["sip.example:5060", "sip.example:None"]), ("srv_lookups=no\n", ["sip.example:5060"])],
)
async def test_names_of_trunks_are_looked_up_again(options: str, asked: list[str]) -> None:
    world = simnet.World()
    network, names = world.node("192.0.2.1"), Names()
    watching = IdentifyNames(network, names)
    config = directory(f"match=sip.example:5080,192.0.2.9\n{options}")
    watching.watch(config)
    assert [name for name, _ in names.asked] == asked
    assert not config.knows_address("192.0.2.5")
    for name in asked:
        names.answer(name, "192.0.2.5", "2001:db8::5")
    assert config.knows_address("192.0.2.5")
    assert config.knows_address("2001:db8::5")
    assert config.knows_address("192.0.2.9")
    names.asked.clear()
    world.run(301)
    assert [name for name, _ in names.asked] == asked
    for name in asked:
        names.answer(name, "192.0.2.6")
    assert not config.knows_address("192.0.2.5")
    assert config.knows_address("192.0.2.6")
    # The next configuration's names are its own.
    old, late = config, list(names.asked)
    watching.watch(directory("match=192.0.2.9\n"))
    for _, done in late:
        done([Target("UDP", "192.0.2.7", 5060)])  # type: ignore[operator]
    assert not old.knows_address("192.0.2.7")
    watching.close()
    assert world.pending() == 0


def directory(identify: str) -> Directory:
    problems = Problems()
    text = f"[t]\ntype=endpoint\nallow=ulaw\n[i]\ntype=identify\nendpoint=t\n{identify}"
    config = read_pjsip(read_text(text, file="pjsip.conf", problems=problems), problems)
    assert not list(problems)
    return Directory(config, {}, {})


# ---------------------------------------------------------------- http.conf


async def test_a_taken_http_port_does_not_keep_the_node_from_its_calls(switch: Switch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        http = f"[general]\nenabled=yes\nbindaddr=127.0.0.1\nbindport={port}\n"
        await switch.start(phone("alice"), ANSWER, http=http)
        assert switch.node.http is not None
        assert switch.node.http.addresses == []
        alice = await switch.peer(name="alice")
        await alice.call("1", body=(await switch.audio()).sdp())
