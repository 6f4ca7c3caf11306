"""Actions about SIP, against a running node: messages, NOTIFY, maintenance, registrations of ours."""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from unit.api.ami.test_sessions import Client
from unit.drivers.node import Peer, Switch, phone

MANAGER = "[general]\nenabled=yes\nbindaddr=127.0.0.1\nport=0\n[boss]\nsecret=s\nread=all\nwrite=all\n"
NOTIFY = "[check]\nEvent=check-sync\n"


class Office:
    """A node, a client of its manager interface that has logged in, and a phone."""

    def __init__(self, switch: Switch) -> None:
        self.switch = switch
        self.client: Client
        self.bob: Peer

    async def start(self, pjsip: str = "", options: str = "") -> None:
        await self.switch.start(phone("bob", options) + pjsip, manager=MANAGER, pjsip_notify=NOTIFY)
        assert self.switch.node.manager is not None
        self.client = await Client.connect(self.switch.node.manager.ports()[0])
        await self.client.ask("Login", Username="boss", Secret="s")
        self.bob = await self.switch.peer(name="bob")
        await self.bob.register()


@pytest_asyncio.fixture
async def office(switch: Switch) -> AsyncIterator[Office]:
    made = Office(switch)
    yield made
    if hasattr(made, "client"):
        await made.client.close()


async def test_a_message_is_sent(office: Office) -> None:
    await office.start()
    answer = await office.client.ask(
        "MessageSend",
        To="pjsip:bob",
        From="sip:desk@example.org",
        Base64Body="aGVsbG8Kd29ybGQ=",
        Variable="X-One=1,X-Two=2",
    )
    assert answer["Response"] == "Success"
    message = await office.bob.expect("MESSAGE")
    assert message.body == b"hello\nworld"
    assert str(message.from_.uri) == "sip:desk@example.org"
    assert (message.get("X-One"), message.get("X-Two")) == ("1", "2")
    office.bob.answer(message, 200)


@pytest.mark.parametrize("follows", [True, False])
async def test_a_message_follows_a_redirection_when_that_is_wanted(office: Office, follows: bool) -> None:
    await office.start(options="follow_redirect_methods=message" if follows else "")
    bob, worse, better = office.bob, await office.switch.peer(name="b1"), await office.switch.peer(name="b2")
    await office.client.ask("MessageSend", To="pjsip:bob", Body="hello")
    first = await bob.expect("MESSAGE")
    headers = [f"Contact: <{worse.contact}>;q=0.5, <{better.contact}>;q=0.7, <{bob.contact}>"]
    bob.answer(first, 302, headers=headers)
    if not follows:
        await better.silent()
        return
    second = await better.expect("MESSAGE")
    assert (second.uri, second.body, second.cseq) == (better.contact, b"hello", 2)
    better.answer(second, 480)
    worse.answer(await worse.expect("MESSAGE"), 200)
    await bob.silent()


async def test_notify_by_action(office: Office) -> None:
    await office.start()
    client, bob = office.client, office.bob
    assert (await client.ask("PJSIPNotify", Endpoint="bob", Option="check"))["Response"] == "Success"
    notify = await bob.expect("NOTIFY")
    assert notify.get("Event") == "check-sync"
    bob.answer(notify, 200)
    await client.ask("PJSIPNotify", Endpoint="bob", Variable="Event=x,Content-Type=a/b,Content=1,Content=2")
    notify = await bob.expect("NOTIFY")
    assert (notify.get("Event"), notify.content_type, notify.body) == ("x", "a/b", b"1\r\n2")
    for headers in (
        {"Endpoint": "bob"},
        {"Option": "check"},
        {"Endpoint": "bob", "URI": "sip:x", "Option": "check"},
        {"Endpoint": "bob", "Variable": "Content=x"},
        {"Channel": "PJSIP/x", "Option": "check"},
    ):
        assert (await client.ask("PJSIPNotify", **headers))["Response"] == "Error"


async def test_maintenance_by_action(office: Office) -> None:
    await office.start()
    client = office.client
    answer = await client.ask("PJSIPSetMaintenance", Endpoint="bob", State="on")
    assert answer["Response"] == "Success"
    event = await client.find(Event="PJSIPMaintenanceStatus")
    assert (event["Endpoint"], event["Status"]) == ("bob", "enabled")
    await client.ask("PJSIPShowMaintenance")
    assert (await client.find(Event="PJSIPMaintenanceStatusComplete"))["ListItems"] == "1"
    assert client.events().count("PJSIPMaintenanceStatus") == 2
    for headers in ({"Endpoint": "bob", "State": "maybe"}, {"Endpoint": "eve", "State": "on"}):
        assert (await client.ask("PJSIPSetMaintenance", **headers))["Response"] == "Error"


async def test_rtcp_reports_are_told(office: Office) -> None:
    await office.start()
    (office.switch.config / "extensions.conf").write_text(
        "[default]\nexten => 1,1,Answer()\n same => n,Echo()\n"
    )
    await office.switch.node.reload()
    audio = await office.switch.audio()
    dialog = await office.bob.call("1", body=audio.sdp())
    assert dialog.response is not None
    audio.aim(dialog.response)
    audio.talk()
    await audio.hears(0)  # its source is known now
    host, port = audio.target
    packet = bytes((0x81, 200, 0, 12)) + struct.pack("!12I", 77, 1, 1 << 31, 5, 6, 7, 1, 2, 3, 4, 5, 65536)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind(("127.0.0.1", 0))
        far.sendto(packet, (host, port + 1))
        event = await office.client.find(Event="RTCPReceived")
        assert event["From"] == f"127.0.0.1:{far.getsockname()[1]}"
    assert event["To"] == f"{host}:{port + 1}"
    assert (event["SSRC"], event["PT"], event["SentPackets"]) == ("0x0000004d", "200(SR)", "6")
    assert (event["SentNTP"], event["SentRTP"], event["SentOctets"]) == ("1.500000", "5", "7")
    assert (event["ReportCount"], event["Report0SourceSSRC"]) == ("1", "0x00000001")
    assert (event["Report0DLSR"], event["Report0IAJitter"]) == ("1.0000", "4")
