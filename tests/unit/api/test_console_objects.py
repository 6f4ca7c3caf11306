"""Console commands that show or ask the objects of a node: what each prints, and refuses."""

from __future__ import annotations

import re

import pytest

from offhook.api.ari.crypted import matches
from offhook.api.console.all_commands import COMMANDS
from offhook.pbx.events import RegistrationChanged
from unit.drivers.node import Switch, connect, eventually, phone

PJSIP = """
[in]
type=auth
username=in
password=hush
[gate]
type=endpoint
aors=gate
[gate]
type=aor
contact=sip:127.0.0.1:9
[gate]
type=identify
endpoint=gate
match=192.0.2.7
[out]
type=registration
server_uri=sip:127.0.0.1:9
client_uri=sip:me@127.0.0.1:9
"""
DIALPLAN = "[default]\nexten => bob,1,Dial(PJSIP/bob)\n[gone]\nexten => s,1,Return()\n"
ARI = "[general]\nenabled=yes\n[reader]\ntype=user\nread_only=yes\npassword=s\n[ops]\ntype=user\npassword=s\n"


async def run(switch: Switch, line: str) -> str:
    return await COMMANDS.run(switch.node, line)


async def start(switch: Switch) -> None:
    await switch.start(
        phone("alice", aor="qualify_frequency=60\nqualify_timeout=2") + phone("bob") + PJSIP,
        DIALPLAN,
        ari=ARI,
        http="[general]\nenabled=yes\nbindaddr=127.0.0.1\nbindport=0\n",
        musiconhold=f"[tunes]\nmode=files\ndirectory={switch.config}\n"
        "[radio]\nmode=custom\napplication=/bin/cat 'a song'\nformat=ulaw\n",
    )


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("pjsip list aors", ["alice", "bob", "gate", "Objects found: 3"]),
        ("pjsip list aors like ali", ["alice", "Objects found: 1"]),
        ("pjsip list aors like zzz", ["No objects found."]),
        ("pjsip list auths", ["in/in", "Objects found: 1"]),
        ("pjsip list identifies", ["gate/gate", "Objects found: 1"]),
        ("pjsip list registrations", ["out/sip:127.0.0.1:9", "Objects found: 1"]),
        ("pjsip list transports", ["udp", "127.0.0.1", "Objects found: 1"]),
        ("pjsip list channels", ["No objects found."]),
        ("pjsip list ciphers", ["Available ciphers:", "TLS_AES_256_GCM_SHA384"]),
        ("pjsip show aors", ["alice", "gate", "sip:127.0.0.1:9", "Objects found: 3"]),
        ("pjsip show aor alice", ["qualify_timeout", ": 2.000000", "max_contacts"]),
        ("pjsip show aor none", ["Unable to find object none."]),
        ("pjsip show auths", ["in/in", "Objects found: 1"]),
        ("pjsip show identifies", ["gate/gate", "192.0.2.7", "Objects found: 1"]),
        ("pjsip show identify gate", ["192.0.2.7", "endpoint"]),
        ("pjsip show identify none", ["Unable to find object none."]),
        ("pjsip show identifiers", ["ip\nusername\nanonymous"]),
        ("pjsip show qualify aor alice", ["every 60 s", "qualify_timeout       : 2.000000"]),
        ("pjsip show qualify endpoint alice", ["every 60 s"]),
        ("pjsip show qualify aor none", ["none"]),
        ("pjsip reload qualify aor alice", ["Qualify of aor 'alice' reloaded"]),
        ("pjsip reload qualify endpoint alice", ["Qualify of endpoint 'alice' reloaded"]),
        ("pjsip reload qualify endpoint none", ["none"]),
        ("pjsip show version", ["Offhook"]),
        ("pjsip send register none", ["Unable to retrieve registration none"]),
        ("pjsip send unregister none", ["Unable to retrieve registration none"]),
        ("presencestate list", ["Custom Presence States"]),
        ("presencestate change CustomPresence:a nonsense", ["no presence"]),
        ("presencestate change a away", ["Usage:"]),
        ("core show hanguphandlers all", ["Channel", "Handler"]),
        ("core show hanguphandlers PJSIP/none", ["none"]),
        ("core show image formats", ["0 image formats registered."]),
        ("core show sounds", ["Available audio files:"]),
        ("dialplan set extenpatternmatchnew true", ["already"]),
        ("dialplan set extenpatternmatchnew false", ["tree"]),
        ("moh show files", ["Class: tunes"]),
        ("moh show classes", ["Mode: custom", "Application: /bin/cat 'a song'", "Format: ulaw"]),
        ("moh reload", [""]),
        ("moh unregister class none", ["No such moh class 'none'."]),
        ("config reload none.conf", ["none.conf is not a file that was read"]),
        ("ari show users", ["yes", "reader", "No", "ops"]),
        ("ari show user reader", ["reader", "Read only?"]),
        ("ari show user none", ["User 'none' not found"]),
        ("ari show apps", ["Application Name"]),
        ("ari show app none", ["none"]),
        ("ari show outbound-websockets", ["Name"]),
        ("ari show outbound-websocket none", ["none"]),
    ],
)
async def test_what_is_printed(switch: Switch, line: str, wanted: list[str]) -> None:
    await start(switch)
    printed = await run(switch, line)
    for one in wanted:
        assert one.lower() in printed.lower(), printed


async def test_a_password_for_ari_conf(switch: Switch) -> None:
    await start(switch)
    printed = await run(switch, "ari mkpasswd secret")
    assert "password_format = crypt" in printed
    found = re.search(r"^password = (\S+)$", printed, re.MULTILINE)
    assert found is not None
    assert matches(found[1], "secret")


async def test_a_presence_is_set_and_listed(switch: Switch) -> None:
    await start(switch)
    assert await run(switch, "presencestate change CustomPresence:alice away,lunch") != ""
    assert "State: 'away' Subtype: 'lunch'" in await run(switch, "presencestate list")


async def test_channels_and_their_hangup_handlers(switch: Switch) -> None:
    await start(switch)
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    await connect(alice, bob, "bob", (await switch.audio(), await switch.audio()))
    printed = await run(switch, "pjsip list channels like alice")
    assert "PJSIP/alice-00000000" in printed
    assert "PJSIP/bob" not in printed
    channel = switch.node.pbx.channel("PJSIP/alice-00000000")
    assert channel is not None
    await run(switch, "dialplan set chanvar PJSIP/alice-00000000 CHANNEL(hangup_handler_push) gone,s,1")
    for what in ("PJSIP/alice-00000000", "all"):
        assert "gone,s,1" in await run(switch, f"core show hanguphandlers {what}")


async def test_a_registration_is_sent_and_taken_back(switch: Switch) -> None:
    registrar = await switch.peer(name="registrar")
    server = str(registrar.contact).partition("@")[2]
    await switch.start(
        phone("alice")
        + f"[out]\ntype=registration\nserver_uri=sip:{server}\nclient_uri=sip:me@{server}\n"
        + "max_random_initial_delay=0\n"
    )
    told: list[RegistrationChanged] = []
    switch.node.pbx.bus.listen(RegistrationChanged, told.append)
    registrar.answer(
        first := await registrar.expect("REGISTER"), 200, headers=[f"Contact: {first.get('Contact')}"]
    )
    await eventually("the answer is seen", lambda: told)
    assert " Registered " in await run(switch, "pjsip list registrations")
    for line, expires in (("pjsip send register out", "3600"), ("pjsip send unregister *all", "0")):
        printed = await run(switch, line)
        assert "sent" in printed, printed
        register = await registrar.expect("REGISTER")
        assert register.get("Expires") == expires
        registrar.answer(register, 200, headers=[f"Contact: {register.get('Contact')}"])


async def test_a_file_is_read_again(switch: Switch) -> None:
    await start(switch)
    (switch.config / "extensions.conf").write_text("[fresh]\nexten => 1,1,NoOp()\n")
    printed = await run(switch, "config reload extensions.conf")
    assert "fresh" in await run(switch, "dialplan show fresh"), printed
