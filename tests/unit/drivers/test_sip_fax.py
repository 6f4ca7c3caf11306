"""A call that turns into a fax (T.38): both legs follow, datagrams go through, and back to audio."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable

import pytest

from offhook._core import Message, Sdp
from offhook.api.console.server import ask
from offhook.media.t38 import ErrorCorrection, largest_datagram, largest_packet
from unit.drivers.node import Dialog, Peer, Switch, connect, eventually, hang_up, phone

TO_BOB = """[default]
exten => bob,1,Dial(PJSIP/bob,20,g)
 same => n,Wait(20)
exten => wait,1,Answer()
 same => n,Wait(20)
"""
FAX = "t38_udptl=yes"


def image(port: int, *, version: int = 2, datagram: int = 400, more: str = "") -> str:
    """A description of an image alone."""
    return (
        f"v=0\r\no=- 1 {version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=image {port} udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:9600\r\n"
        f"a=T38FaxRateManagement:transferredTCF\r\na=T38FaxMaxDatagram:{datagram}\r\n{more}"
    )


def size(message: Message) -> int:
    """The largest datagram that a description asks for."""
    found = re.search(rb"T38FaxMaxDatagram:(\d+)", message.body)
    return int(found.group(1)) if found else 0


class Modem:
    """A fax terminal's end of UDPTL."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.to = 0

    def aim(self, message: Message) -> None:
        line = Sdp.parse(message.body).media[0]
        assert (line.kind, line.proto, line.formats) == ("image", "udptl", ["t38"])
        self.to = line.port

    def send(self, data: bytes) -> None:
        self.socket.sendto(data, ("127.0.0.1", self.to))

    def got(self, data: bytes) -> bool:
        try:
            return self.socket.recv(2000) == data
        except BlockingIOError:
            return False


async def a_call(
    switch: Switch, alice_options: str = FAX, bob_options: str = FAX
) -> tuple[Peer, Peer, Dialog, Dialog]:
    """Alice talks to bob."""
    await switch.start(phone("alice", alice_options) + phone("bob", bob_options), TO_BOB)
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    ours, theirs = await connect(alice, bob, "bob", (await switch.audio(), await switch.audio()))
    return alice, bob, ours, theirs


async def a_fax(alice: Peer, bob: Peer, theirs: Dialog) -> tuple[Modem, Modem]:
    """Bob's terminal wants one, alice's takes it."""
    a, b = Modem(), Modem()
    bob.within(theirs, "INVITE", body=image(b.port))
    asked = await alice.expect("INVITE")
    a.aim(asked)
    alice.accept(asked, image(a.port))
    await alice.expect("ACK")
    answer = await bob.expect(200)
    b.aim(answer)
    bob.within(theirs, "ACK")
    return a, b


def state(switch: Switch, name: str) -> str | None:
    return next(c.info("pjsip,t38state") for key, c in switch.node.pbx.channels.items() if name in key)


async def test_a_fax_and_back(switch: Switch) -> None:
    alice, bob, ours, theirs = await a_call(switch)
    assert state(switch, "bob") == "DISABLED"
    a, b = await a_fax(alice, bob, theirs)
    assert (state(switch, "alice"), state(switch, "bob")) == ("ENABLED", "ENABLED")
    assert 4000 <= a.to <= 4999
    assert 4000 <= b.to <= 4999

    def through(one: Modem, other: Modem, data: bytes) -> Callable[[], bool]:
        def try_it() -> bool:
            one.send(data)
            return other.got(data)

        return try_it

    await eventually("alice's packet", through(a, b, b"\x00\x01\x01\x06\x00"))
    await eventually("bob's packet", through(b, a, b"\x00\x01\x02\xc0\x00\x00"))
    # Bob has sent his pages: both talk again.
    voice = await switch.audio()
    bob.within(theirs, "INVITE", body=voice.sdp("0", version=3))
    await bob.expect(200)
    bob.within(theirs, "ACK")
    again = await alice.expect("INVITE")
    assert [line.kind for line in Sdp.parse(again.body).media] == ["audio"]
    other = await switch.audio()
    alice.accept(again, other.sdp("0", version=3))
    await alice.expect("ACK")
    other.aim(again)
    other.talk()
    await voice.hears(0)
    assert (state(switch, "alice"), state(switch, "bob")) == ("DISABLED", "DISABLED")
    await hang_up(switch, alice, ours, bob)


async def test_sizes_of_datagrams_go_on(switch: Switch) -> None:
    alice, bob, ours, theirs = await a_call(switch, bob_options=f"{FAX}\nt38_udptl_maxdatagram=300")
    bob.within(theirs, "INVITE", body=image(40000))
    asked = await alice.expect("INVITE")
    assert size(asked) == 299, "of 300, which stand for what bob says"
    alice.accept(asked, image(40002, datagram=200))
    await alice.expect("ACK")
    assert size(await bob.expect(200)) == largest_datagram(
        largest_packet(200, ErrorCorrection.NONE), ErrorCorrection.NONE
    )
    bob.within(theirs, "ACK")
    await hang_up(switch, alice, ours, bob)


async def test_error_correction_is_what_both_terminals_have(switch: Switch) -> None:
    alice, bob, ours, theirs = await a_call(switch)
    bob.within(
        theirs,
        "INVITE",
        body=image(40000, more="a=T38FaxUdpEC:t38UDPRedundancy\r\na=T38FaxFillBitRemoval\r\n"),
    )
    asked = await alice.expect("INVITE")
    assert b"T38FaxUdpEC:t38UDPRedundancy" in asked.body
    assert b"T38FaxFillBitRemoval" in asked.body
    alice.accept(asked, image(40002, more="a=T38FaxUdpEC:t38UDPRedundancy\r\n"))
    await alice.expect("ACK")
    answer = await bob.expect(200)
    assert b"T38FaxUdpEC:t38UDPRedundancy" in answer.body
    assert b"T38FaxFillBitRemoval" not in answer.body
    bob.within(theirs, "ACK")
    await hang_up(switch, alice, ours, bob)


async def test_a_terminal_that_refuses(switch: Switch) -> None:
    alice, bob, ours, theirs = await a_call(switch)
    bob.within(theirs, "INVITE", body=image(40000))
    asked = await alice.expect("INVITE")
    alice.answer(asked, 488)
    await alice.expect("ACK")
    await bob.expect(488)
    assert state(switch, "bob") == "REJECTED"
    # The call goes on, and another description of audio is taken.
    voice = await switch.audio()
    bob.within(theirs, "INVITE", body=voice.sdp("0", version=4))
    await bob.expect(200)
    bob.within(theirs, "ACK")
    await hang_up(switch, alice, ours, bob)


@pytest.mark.parametrize(("alice_options", "bob_options"), [("", FAX), (FAX, "")])
async def test_an_endpoint_without_it(switch: Switch, alice_options: str, bob_options: str) -> None:
    alice, bob, ours, theirs = await a_call(switch, alice_options, bob_options)
    bob.within(theirs, "INVITE", body=image(40000))
    await bob.expect(488)
    await alice.silent()
    await hang_up(switch, alice, ours, bob)


async def test_nobody_who_could_take_it(switch: Switch) -> None:
    await switch.start(phone("alice", FAX), TO_BOB)
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call("wait", body=audio.sdp())
    alice.within(dialog, "INVITE", body=image(40000))
    await alice.expect(488)
    await hang_up(switch, alice, dialog)


async def test_the_other_leg_is_audio_again_before_it_is_hung_up(switch: Switch) -> None:
    alice, bob, _, theirs = await a_call(switch)
    await a_fax(alice, bob, theirs)
    channel = next(c for key, c in switch.node.pbx.channels.items() if "alice" in key)
    bob.within(theirs, "BYE")
    await bob.expect(200)
    again = await alice.expect("INVITE")
    assert Sdp.parse(again.body).media[0].kind == "audio"
    channel.request_hangup()
    await asyncio.sleep(0.1)
    assert not [message for message in alice.got if message.method == "BYE"]
    alice.accept(again, (await switch.audio()).sdp("0", version=3))
    await alice.expect("ACK")
    alice.answer(await alice.expect("BYE"), 200)
    await eventually("no channel", lambda: not switch.channels())


async def test_a_caller_who_hangs_up_while_the_other_terminal_is_asked(switch: Switch) -> None:
    alice, bob, ours, theirs = await a_call(switch)
    bob.within(theirs, "INVITE", body=image(40000))
    asked = await alice.expect("INVITE")
    bob.within(theirs, "BYE")
    await bob.expect(200, where=lambda message: message.method == "BYE")
    alice.accept(asked, image(40002))
    await alice.expect("ACK")
    again = await alice.expect("INVITE")
    assert Sdp.parse(again.body).media[0].kind == "audio"
    alice.accept(again, (await switch.audio()).sdp("0", version=4))
    await alice.expect("ACK")
    await hang_up(switch, alice, ours)


async def test_ports_of_udptl_conf(switch: Switch) -> None:
    await switch.start(phone("alice"), TO_BOB, udptl="[general]\nudptlstart=4321\nudptlend=4400\n")
    loop = asyncio.get_running_loop()
    shown = await loop.run_in_executor(
        None, lambda: ask(switch.node.paths.socket, "udptl show config", timeout=5)
    )
    assert "udptlstart:      4321\nudptlend:        4400\n" in shown
    port = switch.node.pbx.media.open_port("127.0.0.1", carries="udptl")
    assert 4321 <= port.rtp_port <= 4400
    assert port.rtcp_port == 0
    port.close()


def test_sizes() -> None:
    for correction in ErrorCorrection:
        packet = largest_packet(400, correction)
        assert 380 <= largest_datagram(packet, correction) <= 400
    assert largest_datagram(5000, ErrorCorrection.NONE) == 1400
    assert largest_packet(1, ErrorCorrection.FEC) == 1
