"""Candidates by INFO (RFC 8840): the text, two legs, and calls."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from offhook._core import Message, Sdp
from offhook.config.files.rtp import RtpConf
from offhook.drivers.sip.trickle import Fragment, Part, parse_fragment, write_fragment
from offhook.media.service import MediaService
from unit.drivers.legs import hears, leg, media_service, without_line
from unit.drivers.node import Dialog, Peer, Switch, phone
from unit.media.stun_server import StunServer

ICE = "ice_support=yes rtcp_mux=yes"
TRICKLE = "[general]\nice_trickle=yes\n"
CANDIDATE = "H0 1 UDP 2130706431 127.0.0.1 {} typ host"
CREDENTIALS = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
ECHO = "[default]\nexten => 9,1,Answer()\n same => n,Wait(30)\n"


def test_fragments_are_read_as_written() -> None:
    parts = [Part("audio", "0", ["a b"]), Part("video", None, ["c", "d"], ended=True)]
    fragment = Fragment("abcd", "secret", parts)
    assert parse_fragment(write_fragment(fragment)) == fragment
    whole = parse_fragment(
        write_fragment(Fragment("abcd", "secret")) + b"a=end-of-candidates\r\nm=audio 9 x\r\n"
    )
    assert whole.parts == [Part("audio", None, [], ended=True)]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "there is no a=ice-ufrag"),
        (b"a=ice-ufrag:x\r\n", "no a=ice-pwd"),
        (b"a=ice-ufrag:x\r\na=ice-pwd:y\r\na=candidate:z\r\n", "line 3 has a candidate before any m-line"),
        (b"a=ice-ufrag:x\r\nhello\r\n", "line 2 is none of an SDP"),
        (b"a=ice-ufrag:" + b"x" * 600, "line 1 is none of an SDP"),
        (b"a=ice-ufrag:x\na=ice-pwd:y\nm=audio\n" + b"a=candidate:z\n" * 65, "more than 64 candidates"),
    ],
)
def test_what_is_none(body: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_fragment(body)


@pytest_asyncio.fixture
async def service() -> AsyncIterator[MediaService]:
    with media_service() as made:
        yield made


async def test_two_legs_whose_candidates_come_later(service: MediaService) -> None:
    rtp = RtpConf(ice_trickle=True)
    caller, callee = leg(service, ICE, rtp), leg(service, ICE, rtp)
    offer = Sdp.parse(caller.offer("127.0.0.1").to_bytes())
    assert offer.media[0].attribute("ice-options") == "trickle"
    assert offer.media[0].attributes.count(("end-of-candidates", None)) == 1
    bare = without_line(without_line(offer, "a=candidate"), "a=end-of-candidates")
    answer = Sdp.parse(callee.answer(bare, "127.0.0.1").to_bytes())
    caller.accept_answer(without_line(answer, "a=candidate"))
    candidates = offer.media[0].attribute_values("candidate")
    ufrag, password = offer.media[0].attribute("ice-ufrag"), offer.media[0].attribute("ice-pwd")
    assert ufrag is not None
    assert password is not None
    # Of another session: passed over.
    callee.take_candidates(Fragment("other", password, [Part("audio", None, candidates)]))
    callee.take_candidates(Fragment(ufrag, password, [Part("audio", None, candidates)]))
    await hears(caller, callee)
    assert caller.new_candidates() is None


def offer(port: int, lines: str = "") -> str:
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 0\r\na=rtcp-mux\r\n{CREDENTIALS}a=ice-options:trickle\r\n{lines}"
    )


async def call(alice: Peer, body: str) -> tuple[Dialog, Message]:
    headers = ("Supported: trickle-ice", "Recv-Info: trickle-ice", "Allow: INVITE, ACK, BYE, INFO")
    request = alice.request("INVITE", f"sip:9@{alice.server}", body=body, headers=headers)
    answer = await alice.expect(200)
    dialog = Dialog(request, answer)
    alice.within(dialog, "ACK")
    return dialog, answer


async def test_a_phone_whose_candidates_come_later(switch: Switch) -> None:
    await switch.start(phone("alice", ICE.replace(" ", "\n")), ECHO, rtp=TRICKLE)
    alice = await switch.peer(name="alice")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as place:
        place.bind(("127.0.0.1", 0))
        place.setblocking(False)
        dialog, answer = await call(alice, offer(9))
        assert answer.has_token("Supported", "trickle-ice")
        assert answer.get("Recv-Info") == "trickle-ice"
        assert b"a=ice-options:trickle" in answer.body
        mine = CANDIDATE.format(place.getsockname()[1])
        body = f"{CREDENTIALS}m=audio 9 RTP/AVP 0\r\na=candidate:{mine}\r\na=end-of-candidates\r\n"
        kind = "application/trickle-ice-sdpfrag"
        alice.within(dialog, "INFO", body=body, content_type=kind)
        await alice.expect(200)
        async with asyncio.timeout(10):
            check = await asyncio.get_running_loop().sock_recv(place, 2048)
        assert check[:2] == b"\0\1"
        assert b"abcd:" in check, "a check with our user name"
        alice.within(dialog, "INFO", body="hello", content_type=kind)
        await alice.expect(400)


async def test_what_a_server_tells_late_is_sent(switch: Switch) -> None:
    loop = asyncio.get_running_loop()
    transport, stun = await loop.create_datagram_endpoint(StunServer, local_addr=("127.0.0.1", 0))
    stun.deaf = 1000
    try:
        number = transport.get_extra_info("sockname")[1]
        rtp = f"{TRICKLE}stunaddr=127.0.0.1:{number}\n"
        await switch.start(phone("alice", ICE.replace(" ", "\n")), ECHO, rtp=rtp)
        alice = await switch.peer(name="alice")
        dialog, answer = await call(alice, offer(9, "a=mid:0\r\n"))
        assert b"203.0.113.77" not in answer.body
        assert b"end-of-candidates" not in answer.body
        stun.deaf = 0
        info = await alice.expect("INFO", timeout=15)
        alice.answer(info, 200)
        assert (info.get("Info-Package"), info.content_type) == (
            "trickle-ice",
            "application/trickle-ice-sdpfrag",
        )
        told = parse_fragment(info.body)
        assert told.parts[0].kind == "audio"
        assert "203.0.113.77" in told.parts[0].candidates[0]
        alice.within(dialog, "BYE")
        await alice.expect(200, where=lambda message: message.method == "BYE")
    finally:
        transport.close()
