"""Who is let in: identification, access lists, registration, as seen by those who knock."""

from __future__ import annotations

import re

import pytest

from unit.drivers.node import Switch, digest, eventually, phone

_CHANGING = ("Via", "From", "To", "Call-ID", "CSeq")
ONE = "[default]\nexten => 1,1,Hangup(17)\n"
IDENTIFY = "[by]\ntype=identify\nendpoint=trunk\n{0}\n"


async def test_identified_by_a_host_name(switch: Switch) -> None:
    await switch.start(phone("trunk") + IDENTIFY.format("match=localhost:5060"))
    stranger = await switch.peer(name="whoever")
    await eventually("the name is looked up", lambda: switch.node.sip.directory.knows_address("127.0.0.1"))
    stranger.request("OPTIONS", f"sip:{stranger.server}")
    await stranger.expect(200)


async def test_identified_by_address_and_source_port(switch: Switch) -> None:
    """Two trunks behind one address; who calls from a third port is the one without a port."""
    first, second, third = [await switch.peer(name="whoever") for _ in range(3)]
    sections = "".join(
        phone(name) + f"[by-{name}]\ntype=identify\nendpoint={name}\nmatch=127.0.0.1{port}\n"
        for name, port in (("rest", ""), ("one", f":{first.port}"), ("two", f":{second.port}/32"))
    )
    await switch.start(sections, "[default]\nexten => 1,1,Answer()\n same => n,Wait(9)\n")
    for peer in (first, second, third):
        await peer.call("1", body=(await switch.audio()).sdp())
    assert [name.rpartition("-")[0] for name in switch.channels()] == ["PJSIP/one", "PJSIP/rest", "PJSIP/two"]


async def test_a_reload_drops_the_addresses_of_a_name_that_is_gone(switch: Switch) -> None:
    await switch.start(phone("trunk") + IDENTIFY.format("match=localhost"))
    await eventually("the name is looked up", lambda: switch.node.sip.directory.knows_address("127.0.0.1"))
    switch.write(phone("trunk") + IDENTIFY.format("match=192.0.2.1"))
    await switch.node.reload()
    stranger = await switch.peer(name="whoever")
    stranger.request("OPTIONS", f"sip:{stranger.server}")
    await stranger.expect(401)


@pytest.mark.parametrize(("header", "status"), [("X-Who: me2", 200), ("X-Who: you", 401)])
async def test_identified_by_a_header(switch: Switch, header: str, status: int) -> None:
    await switch.start(phone("trunk", "identify_by=header") + IDENTIFY.format("match_header=X-Who: /^me/"))
    stranger = await switch.peer(name="whoever")
    stranger.request("OPTIONS", f"sip:{stranger.server}", headers=[header])
    await stranger.expect(status)


async def test_the_anonymous_endpoint_takes_strangers(switch: Switch) -> None:
    await switch.start(phone("anonymous"), ONE)
    stranger = await switch.peer(name="whoever")
    await stranger.call("1", status=486)


async def test_access_lists_of_contacts_and_sources(switch: Switch) -> None:
    await switch.start(
        phone("alice", "contact_deny=0.0.0.0/0\ncontact_permit=127.0.0.0/8")
        + phone("bob", "acl=lan")
        + phone("eve", "deny=127.0.0.1/32"),
        acl="[lan]\ndeny=0.0.0.0/0\npermit=10.0.0.0/8\n",
    )
    alice = await switch.peer(name="alice")
    await alice.register(contact="<sip:alice@10.0.0.1>", status=403)
    await alice.register()
    for name in ("bob", "eve"):  # they learn no more than somebody unknown does
        await (await switch.peer(name=name)).register(status=401)


async def test_every_access_list_must_let_an_address_pass(switch: Switch) -> None:
    """As in Asterisk: a list that permits everybody does not undo what another one denies."""
    await switch.start(
        phone("alice", "acl=not_here,all")
        + phone("bob", "acl=all,not_there")
        + phone("eve", "acl=all,nowhere"),
        acl="[all]\npermit=0.0.0.0/0\n[not_here](all)\ndeny=127.0.0.1\n[not_there](all)\ndeny=127.0.0.2\n",
    )
    for name, status in (("alice", 401), ("bob", 200), ("eve", 401)):
        await (await switch.peer(name=name)).register(status=status)


async def test_max_contacts_and_remove_existing(switch: Switch) -> None:
    strict, loose = phone("alice"), phone("bob")
    await switch.start(
        strict.replace("max_contacts=5", "max_contacts=1")
        + loose.replace("max_contacts=5", "max_contacts=1\nremove_existing=yes")
    )
    for name, status in (("alice", 403), ("bob", 200)):
        first, second = await switch.peer(name=name), await switch.peer(name=name)
        await first.register()
        answer = await second.register(status=status)
        if status == 200:
            assert [str(contact.uri) for contact in answer.addresses("Contact")] == [second.contact]


async def test_calls_follow_path(switch: Switch) -> None:
    await switch.start(
        phone("alice") + phone("bob", "", "support_path=yes"), "[default]\nexten => bob,1,Dial(PJSIP/bob)\n"
    )
    alice, bob, proxy = [await switch.peer(name=name) for name in ("alice", "bob", "proxy")]
    path = f"<sip:{proxy.address};lr>"
    answer = await bob.register(headers=["Supported: path", f"Path: {path}"])
    assert answer.get("Path") == path
    alice.request("INVITE", f"sip:bob@{alice.server}", body=(await switch.audio()).sdp())
    invite = await proxy.expect("INVITE")
    assert invite.get("Route") == path
    assert invite.uri == bob.contact
    await bob.silent(0.1)


async def test_qualify_measures_and_unreachable_is_not_called(switch: Switch) -> None:
    await switch.start(
        phone("alice") + phone("bob", "", "qualify_frequency=1\nqualify_timeout=0.3"),
        "[default]\nexten => bob,1,Dial(PJSIP/bob)\n"
        ' same => n,Hangup(${IF($["${DIALSTATUS}"="CHANUNAVAIL"]?17:21)})\n',
    )
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    bob.answer(await bob.expect("OPTIONS"), 200)
    contact = switch.node.sip.contacts.of("bob")[0]
    await eventually("it is reachable", lambda: contact.status == 1)
    assert 0 < contact.round_trip < 1
    assert switch.node.sip.device_state("bob") == "NOT_INUSE"
    await eventually("it is unreachable", lambda: contact.status == 2, 5)
    await alice.call("bob", body=(await switch.audio()).sdp(), status=486)
    assert switch.node.sip.device_state("bob") == "UNAVAILABLE"


AUTH = "[a]\ntype=auth\nauth_type=userpass\nusername=alice\npassword=pw\n"


@pytest.mark.parametrize("method", ["REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE", "MESSAGE", "BYE", "INFO"])
async def test_a_scanner_learns_nothing(switch: Switch, method: str) -> None:
    """A user that does not exist and one whose password is wrong: the same answers, header for header."""
    await switch.start(phone("alice", "auth=a") + AUTH, ONE)
    scanner = await switch.peer(name="scanner")
    seen: list[list[object]] = []
    for user in ("alice", "nobody"):
        seen.append([])
        uri = f"sip:{scanner.server}" if method == "REGISTER" else f"sip:1@{scanner.server}"
        aor = f"<sip:{user}@{scanner.server}>"
        headers: list[str] = []
        for _ in range(2):
            request = scanner.request(method, uri, to=aor, from_=aor, headers=headers)
            answer = await scanner.expect_final(request)
            shape = [line for line in answer.headers() if line[0] not in _CHANGING]
            challenge = re.sub('nonce="[^"]*"', "", answer.get("WWW-Authenticate") or "")
            seen[-1].append((answer.status, answer.reason, [name for name, _ in shape], challenge))
            if answer.status == 401:
                headers = [digest(answer, method, uri, user, "wrong")]
    assert seen[0] == seen[1]
