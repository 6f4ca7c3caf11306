"""UDP, TCP and TLS on IPv4 and IPv6, in the running node: signalling, audio, addresses, certificates."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from pathlib import Path

import pytest

from offhook._core import Message
from offhook.pbx.notifications import Notification
from offhook.sip.resolver import DnsAnswer, Resolver, Srv
from unit.drivers.node import Dialog, Switch, connect, eventually, free_port, hang_up, phone

PHONES = "[default]\nexten => bob,1,Dial(PJSIP/bob)\nexten => alice,1,Dial(PJSIP/alice)\n"
TRUNK = "[default]\nexten => _X,1,Dial(PJSIP/${EXTEN}@trunk)\nexten => aa,1,Answer()\n same => n,Wait(5)\n"
OURS, THEIRS = b"\x10" * 160, b"\x33" * 160


def certificate(folder: Path) -> str:
    """A certificate for localhost, as options of a transport."""
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"), "-addext", names]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    return f"cert_file={folder}/cert.pem\npriv_key_file={folder}/key.pem\n"


def trusting(folder: Path) -> ssl.SSLContext:
    """A TLS client that trusts that certificate and no other."""
    return ssl.create_default_context(cafile=str(folder / "cert.pem"))


def transport(protocol: str, host: str, port: int, options: str = "", name: str = "more") -> str:
    """A type=transport section."""
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"[{name}]\ntype=transport\nprotocol={protocol}\nbind={bind}\n{options}\n"


@pytest.mark.parametrize(
    ("protocol", "host"),
    [("tcp", "127.0.0.1"), ("tls", "127.0.0.1"), ("udp", "::1"), ("tcp", "::1"), ("tls", "::1")],
)
async def test_calls_both_ways_between_transports(switch: Switch, protocol: str, host: str) -> None:
    """One phone on UDP and IPv4, the other elsewhere; a connection serves for calls to its phone too."""
    options = certificate(switch.folder) if protocol == "tls" else ""
    port = free_port(host, stream=protocol != "udp")
    await switch.start(phone("alice") + phone("bob") + transport(protocol, host, port, options), PHONES)
    tls = trusting(switch.folder) if protocol == "tls" else None
    bob = await switch.peer(host, to=port, tls=tls, tcp=protocol == "tcp", name="bob")
    alice = await switch.peer(name="alice")
    await bob.register()
    await alice.register()
    a, b = await switch.audio(), await switch.audio(host)
    _, theirs = await connect(alice, bob, "bob", (a, b))
    suffix = "" if protocol == "udp" else f";transport={protocol}"
    assert theirs.invite.get("Contact") == f"<sip:asterisk@{bob.server}{suffix}>"
    assert f"IN IP{6 if ':' in host else 4} {host}" in theirs.invite.body.decode()
    a.talk()
    b.talk(0, 0x33)
    await b.hears(0, OURS)
    await a.hears(0, THEIRS)
    await hang_up(switch, bob, theirs, alice)
    ours, _ = await connect(bob, alice, "alice", (b, a))
    await a.hears(0, THEIRS)
    await hang_up(switch, bob, ours, alice)


async def test_sips_makes_a_sips_dialog(switch: Switch) -> None:
    port = free_port(stream=True)
    options = certificate(switch.folder)
    await switch.start(phone("bob") + transport("tls", "127.0.0.1", port, options), TRUNK)
    bob = await switch.peer(to=port, tls=trusting(switch.folder), name="bob")
    contact = f"<sips:bob@{bob.address}>"
    await bob.register(contact=contact)
    bob.request("INVITE", f"sips:aa@{bob.server}", body=(await switch.audio()).sdp(), contact=contact)
    assert (await bob.expect(200)).get("Contact") == f"<sips:{bob.server}>"


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_trunk_over_tls_must_have_the_right_certificate(switch: Switch, trusted: bool) -> None:
    options = certificate(switch.folder)
    theirs = switch.folder / "theirs"
    theirs.mkdir()
    certificate(theirs)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain((switch.folder if trusted else theirs) / "cert.pem",
                           (switch.folder if trusted else theirs) / "key.pem")  # fmt: skip
    got: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await got.put(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server)
    there = listener.sockets[0].getsockname()[1]
    options += f"ca_list_file={switch.folder}/cert.pem\nverify_server=yes\n"
    await switch.start(
        phone("alice")
        + phone("trunk", "transport=more", f"contact=sip:localhost:{there}\\;transport=tls")
        + transport("tls", "127.0.0.1", free_port(stream=True), options),
        TRUNK,
    )
    alice = await switch.peer(name="alice")
    alice.request("INVITE", f"sip:1@{alice.server}", body=(await switch.audio()).sdp())
    if trusted:
        assert (await asyncio.wait_for(got.get(), 3)).startswith(b"INVITE sip:1@localhost")
    else:
        await alice.expect(503)
        assert got.empty()
    listener.close()


async def test_addresses_beyond_nat(switch: Switch) -> None:
    """Towards a trunk that is known by name only, and towards a phone on a connection."""
    nat = (  # a port there is not refused, and counts for nothing
        "external_media_address=203.0.113.9\nexternal_signaling_address=203.0.113.8:5070\nlocal_net=10.0.0.0/8\n"
    )
    trunk = await switch.peer(name="trunk")
    port = free_port(stream=True)
    await switch.start(
        phone("alice")
        + phone("trunk", "transport=nat\nsend_pai=yes", f"contact=sip:localhost:{trunk.port}")
        + transport("udp", "127.0.0.1", free_port(), nat, "nat")
        + transport("tcp", "127.0.0.1", port, nat),
        TRUNK,
    )
    alice, audio = await switch.peer(name="alice", to=port, tcp=True), await switch.audio()
    alice.request("INVITE", f"sip:1@{alice.server}", body=audio.sdp())
    invite = await trunk.expect("INVITE")
    assert b"c=IN IP4 203.0.113.9" in invite.body
    for name in ("Via", "From", "Contact", "P-Asserted-Identity"):
        assert "203.0.113.8" in (invite.get(name) or ""), name
    dialog = await alice.call("aa", body=audio.sdp())
    assert dialog.response is not None
    assert b"c=IN IP4 203.0.113.9" in dialog.response.body


async def test_audio_comes_from_the_address_of_the_transport(switch: Switch) -> None:
    """On a host with several addresses: from the one that the description names, both ways of calling."""
    port = free_port("127.0.0.2")
    there = await switch.peer(name="bob")
    await switch.start(
        phone("alice")
        + phone("bob", "transport=more", f"contact=sip:127.0.0.1:{there.port}")
        + transport("udp", "127.0.0.2", port),
        "[default]\nexten => bob,1,Dial(PJSIP/bob)\nexten => tone,1,Answer()\n same => n,PlayTones(dial)\n"
        " same => n,Wait(9)\n",
    )
    audio = await switch.audio()
    alice = await switch.peer("127.0.0.2", name="alice", to=port)
    dialog = await alice.call("tone", body=audio.sdp())
    assert dialog.response is not None
    assert b"c=IN IP4 127.0.0.2" in dialog.response.body
    await eventually("the tone", lambda: audio.sources)
    assert {host for host, _ in audio.sources} == {"127.0.0.2"}
    request = alice.request("INVITE", f"sip:bob@{alice.server}", body=(await switch.audio()).sdp())
    called = await there.expect("INVITE")
    assert b"c=IN IP4 127.0.0.2" in called.body
    there.accept(called, audio.sdp())
    alice.within(Dialog(request, await alice.expect(200)), "ACK")
    port_of_leg = switch.node.pbx.channels[switch.channels()[-1]].media
    assert port_of_leg is not None
    assert port_of_leg.address == "127.0.0.2"


async def test_only_tcp(switch: Switch) -> None:
    """A URI that is dialled over TCP, by a node that has no UDP at all: its address is no guess."""
    port = free_port(stream=True)
    got: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        await got.put(head + await reader.readexactly(length))
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    there = listener.sockets[0].getsockname()[1]
    pjsip = phone("alice") + phone("trunk", "", f"contact=sip:127.0.0.1:{there}\\;transport=tcp")
    switch.write(pjsip, TRUNK)
    (switch.config / "pjsip.conf").write_text(transport("tcp", "0.0.0.0", port) + pjsip)
    await switch.run()
    alice = await switch.peer(name="alice", to=port, tcp=True)
    alice.request("INVITE", f"sip:1@{alice.server}", body=(await switch.audio()).sdp())
    invite = await asyncio.wait_for(got.get(), 3)
    assert b"c=IN IP4 127.0.0.1\r\n" in invite
    assert f"Contact: <sip:asterisk@127.0.0.1:{port};transport=tcp>".encode() in invite
    listener.close()


class _Zone:
    """A DNS with two servers for a carrier."""

    def __init__(self, *ports: int) -> None:
        self.ports = ports

    async def naptr(self, name: str) -> DnsAnswer:
        return DnsAnswer([], 60)

    async def srv(self, name: str) -> DnsAnswer:
        found = [Srv(rank, 1, port, f"s{rank}.test") for rank, port in enumerate(self.ports)]
        return DnsAnswer(found if name.startswith("_sip._udp.") else [], 60)

    async def addresses(self, name: str, ipv6: bool) -> DnsAnswer:
        return DnsAnswer([] if ipv6 else ["127.0.0.1"], 60)


async def test_the_next_server_is_tried_after_503(switch: Switch) -> None:
    first, second = await switch.peer(name="first"), await switch.peer(name="second")
    await switch.start(phone("alice") + phone("trunk", "", "contact=sip:carrier.test"), TRUNK)
    sip = switch.node.sip
    sip.ua.resolver = Resolver(sip.network.now, dns=_Zone(first.port, second.port))
    alice = await switch.peer(name="alice")
    alice.request("INVITE", f"sip:1@{alice.server}", body=(await switch.audio()).sdp())
    invite = await first.expect("INVITE")
    first.answer(invite, 503)
    again = await second.expect("INVITE")
    assert (again.uri, again.call_id) == ("sip:1@carrier.test", invite.call_id)
    second.answer(again, 486)
    await alice.expect(486)


async def test_a_contact_goes_with_its_connection(switch: Switch) -> None:
    port = free_port(stream=True)
    await switch.start(
        phone("alice") + phone("bob", "rewrite_contact=yes") + transport("tcp", "127.0.0.1", port),
        "[default]\nexten => bob,1,Dial(PJSIP/bob)\n"
        ' same => n,Hangup(${IF($["${DIALSTATUS}"="CHANUNAVAIL"]?17:21)})\n',
    )
    bob = await switch.peer(name="bob", to=port, tcp=True)
    await bob.register()
    bob.send("\r\n\r\n")  # RFC 5626: a ping
    await asyncio.sleep(0.1)
    assert switch.node.sip.contacts.of("bob")
    bob.close()
    await asyncio.sleep(0.1)
    alice = await switch.peer(name="alice")
    await alice.call("bob", body=(await switch.audio()).sdp(), status=486)


async def test_an_external_address_may_have_a_port(switch: Switch) -> None:
    outside = "[nat]\ntype=transport\nbind=127.0.0.1:{0}\nexternal_signaling_address=203.0.113.8:{1}\n"
    port = free_port()
    await switch.start(outside.format(port, 5099) + phone("alice", "transport=nat"), "[default]\n")
    alice = await switch.peer(name="alice", to=port)
    await alice.register()
    switch.node.sip.notifications.sender.notify_endpoint("alice", Notification((("Event", "x"),)))
    notify = await alice.expect("NOTIFY")
    assert (notify.get("Via") or "").startswith("SIP/2.0/UDP 203.0.113.8:5099;")
    assert "203.0.113.8:5099" in (notify.get("Contact") or "")


async def test_symmetric_transport_reaches_a_phone_as_it_came(switch: Switch) -> None:
    port = free_port()
    second = f"[second]\ntype=transport\nbind=127.0.0.1:{port}\nsymmetric_transport=yes\n"
    await switch.start(
        second + phone("alice", "", "qualify_frequency=1") + phone("bob"),
        "[default]\nexten => 1,1,Dial(PJSIP/alice)\nexten => 2,1,Dial(${PJSIP_DIAL_CONTACTS(alice)})\n",
    )
    alice, bob = await switch.peer(name="alice", to=port), await switch.peer(name="bob")
    answer = await alice.register()
    assert "x-ast-txp" not in (answer.get("Contact") or "")
    assert switch.node.sip.contacts.of("alice")[0].uri == f"{alice.contact};x-ast-txp=second"
    await alice.register()  # the same contact again
    assert len(switch.node.sip.contacts.of("alice")) == 1

    def came_by_second(message: Message) -> None:
        assert message.method == "ACK" or message.uri == alice.contact
        assert f"127.0.0.1:{port};" in (message.get("Via") or "")

    asked = await alice.expect("OPTIONS")
    came_by_second(asked)
    alice.answer(asked, 200)
    for number in "12":
        one, two = await switch.audio(), await switch.audio()
        request = bob.request("INVITE", f"sip:{number}@{bob.server}", body=one.sdp())
        invite = await alice.expect("INVITE")
        came_by_second(invite)
        alice.accept(invite, two.sdp())
        ours = Dialog(request, await bob.expect(200))
        bob.within(ours, "ACK")
        came_by_second(await alice.expect("ACK"))
        bob.within(ours, "BYE")
        bye = await alice.expect("BYE")
        came_by_second(bye)
        alice.answer(bye, 200)
        await bob.expect(200)
