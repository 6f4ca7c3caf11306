"""The terminal phone against itself and against bare user agents, on loopback with the kernel's ports."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

import audio
from offhook._core import Codec, Media, NameAddr, Sdp, Uri
from offhook.cli.phone import Phone, PhoneError, PhoneSettings, RefusedError
from offhook.cli.phone_call import PhoneCall
from offhook.sip.incoming import IncomingRequest
from offhook.sip.invite import InviteOptions
from offhook.sip.invite_client import InviteClient
from offhook.sip.invite_server import InviteServer
from offhook.sip.reason import EndedBy
from offhook.sip.resolver import Resolver
from offhook.sip.tls import TlsConfig
from offhook.sip.transport import AsyncioNetwork, TransportConfig
from offhook.sip.ua import UserAgent

T = TypeVar("T")
MakePhone = Callable[..., "Spoken"]


def free_port() -> int:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        return min(probe.getsockname()[1], 60_000)


class Spoken:
    """A phone and what it said."""

    def __init__(self, **settings: object) -> None:
        start = free_port()
        self.changed = asyncio.Event()
        self.said: list[tuple[str, str, dict[str, object]]] = []
        self.phone = Phone(
            PhoneSettings(bind_host="127.0.0.1", rtp_ports=(start, start + 200), **settings),  # type: ignore[arg-type]
            self.say,
        )
        self.phone.open()

    def say(self, event: str, text: str, /, **facts: object) -> None:
        self.said.append((event, text, facts))

        self.changed.set()

    async def until(self, event: str, count: int = 1) -> None:
        """It has said `event` so many times."""
        async with asyncio.timeout(3):
            while len(self.facts(event)) < count:
                self.changed.clear()
                await self.changed.wait()

    def facts(self, event: str) -> list[dict[str, object]]:
        return [facts for said, _, facts in self.said if said == event]

    def texts(self, event: str) -> list[str]:
        return [text for said, text, _ in self.said if said == event]

    @property
    def uri(self) -> Uri:
        return Uri.parse(self.phone.addresses()[0])


@pytest.fixture
async def make() -> AsyncIterator[MakePhone]:
    made: list[Spoken] = []

    def new(**settings: object) -> Spoken:
        made.append(Spoken(**settings))
        return made[-1]

    yield new
    for one in made:
        await one.phone.close()
        assert one.phone.ua.dialogs == 0
        assert one.phone.ua.stats()["ua_defects"] == 0


async def within(seconds: float, work: Awaitable[T]) -> T:
    async with asyncio.timeout(seconds):
        return await work


async def connect(
    caller: Spoken, called: Spoken, record_there: str = "", record_here: str = ""
) -> tuple[PhoneCall, PhoneCall]:
    """A call that is ringing."""
    waiting = asyncio.ensure_future(called.phone.next_call(record=record_there))
    await asyncio.sleep(0)
    out = await caller.phone.call(called.uri, record=record_here)
    return out, await within(3, waiting)


@pytest.mark.slow
async def test_both_hear_each_other_and_digits(make: MakePhone, tmp_path: Path) -> None:
    caller, called = make(user="ann"), make(user="bob", codecs=("alaw", "ulaw"))
    sound = tmp_path / "tone.wav"
    audio.write_wav(sound, audio.sine(700, 1200))
    there, here = str(tmp_path / "there.wav"), str(tmp_path / "here.wav")
    out, came = await connect(caller, called, there, here)
    assert called.facts("incoming")[0]["uri"] == "sip:ann@127.0.0.1"
    came.answer()
    await within(3, out.answered)
    out.play_tone((1000.0, 0.0), -10.0)
    assert await within(5, came.play(str(sound)))
    await within(5, out.send_digits("1d#"))
    await asyncio.sleep(0.2)
    came.hangup()
    ends = await within(3, out.ended), await within(3, came.ended)
    assert [end.reason.by for end in ends if end.reason] == [EndedBy.REMOTE, EndedBy.LOCAL]
    assert [fact["digit"] for fact in called.facts("dtmf")] == ["1", "D", "#"]
    assert [fact["codec"] for fact in caller.facts("media")] == ["ulaw"]
    for end in ends:
        assert end.recording is not None
        assert end.stats["rx_packets"] > 40  # type: ignore[operator]
        assert end.stats["rx_lost"] == 0
        assert 1.2 < end.talked < 4
    tone = audio.measure_tone(audio.read(here)[0], 700)
    assert tone.found, tone
    assert tone.length_ms == pytest.approx(1200, abs=40)
    assert audio.frequency_of(audio.read(there)[0][4000:8000]) == pytest.approx(1000, abs=2)


async def test_a_call_that_is_cancelled(make: MakePhone) -> None:
    caller, called = make(), make()
    out, came = await connect(caller, called)
    out.hangup()
    for call, by in ((out, EndedBy.LOCAL), (came, EndedBy.REMOTE)):
        end = await within(3, call.ended)
        assert end.reason is not None
        assert (end.reason.by, end.reason.status, end.reason.answered) == (by, 487, False)
        assert not call.answered.done()
    came.answer()  # too late, and harmless


async def test_a_call_that_is_refused_and_a_second_one_at_a_time(make: MakePhone) -> None:
    caller, called, third = make(), make(), make()
    _, came = await connect(caller, called)
    busy = await third.phone.call(called.uri)
    end = await within(3, busy.ended)
    assert end.reason is not None
    assert end.reason.status == 486
    came.hangup()
    assert (await within(3, came.ended)).reason is not None


async def test_no_codec_in_common(make: MakePhone) -> None:
    caller, called = make(codecs=("ulaw",)), make(codecs=("alaw",))
    out, came = await connect(caller, called)
    came.answer()
    end = await within(3, out.ended)
    assert end.reason is not None
    assert end.reason.status == 488
    assert "no audio" in (await within(3, came.ended)).failure


async def test_a_file_that_is_no_sound(make: MakePhone, tmp_path: Path) -> None:
    caller, called = make(), make()
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"this is no sound")
    out, came = await connect(caller, called)
    came.answer()
    await within(3, out.answered)
    assert not await within(3, out.play(str(broken)))
    out.hangup()
    assert "cannot be played" in (await within(3, out.ended)).failure


async def test_an_early_end_of_waiting_leaves_nothing(make: MakePhone, tmp_path: Path) -> None:
    caller, called = make(), make()
    out, came = await connect(caller, called)
    out.abandon()
    end = await within(1, out.ended)
    assert end.reason is None
    out.session.hangup()
    await within(3, came.ended)


async def test_tcp(make: MakePhone) -> None:
    caller, called = make(), make(transport="tcp", listen=True)
    out, came = await connect(caller, called)
    came.answer()
    await within(3, out.answered)
    came.hangup()
    assert (await within(3, out.ended)).reason is not None
    assert await within(3, came.ended)


@pytest.fixture
def certificate(tmp_path: Path) -> TlsConfig:
    """A self-signed one for 127.0.0.1."""
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out cert.pem"
    names = ["-subj", "/CN=t", "-days", "2", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command.split(), *names], cwd=tmp_path, check=True, capture_output=True)
    return TlsConfig(cert_file=str(tmp_path / "cert.pem"), priv_key_file=str(tmp_path / "key"))


async def test_tls_servers_must_be_who_they_say(
    make: MakePhone, make_peer: MakePeer, certificate: TlsConfig
) -> None:
    peer = make_peer()
    port = peer.network.listen(TransportConfig("tls", "tls", "127.0.0.1", 0, tls=certificate))
    peer.answers = {"INVITE": lambda request: request.respond(480)}
    target = Uri.parse(f"sip:x@127.0.0.1:{port}")
    for settings, by in (
        ({}, EndedBy.NETWORK),
        ({"ca_file": certificate.cert_file}, EndedBy.REMOTE),
        ({"verify_server": False}, EndedBy.REMOTE),
    ):
        call = await make(transport="tls", **settings).phone.call(target)
        end = await within(5, call.ended)
        assert end.reason is not None
        assert end.reason.by is by
    assert len(peer.requests) == 2


async def test_nobody_listens(make: MakePhone) -> None:
    call = await make().phone.call(Uri.parse(f"sip:x@127.0.0.1:{free_port()};transport=tcp"))
    end = await within(3, call.ended)
    assert end.reason is not None
    assert end.reason.by is EndedBy.NETWORK
    with pytest.raises(PhoneError, match="sctp"):
        await make().phone.call(Uri.parse("sip:x@127.0.0.1;transport=sctp"))


async def test_an_address_that_is_not_ours() -> None:
    phone = Phone(PhoneSettings(bind_host="192.0.2.77"), lambda *_, **__: None)
    with pytest.raises(PhoneError, match=r"192\.0\.2\.77"):
        phone.open()
    await phone.close()


# ---------------------------------------------------------------- what other programs do


class Peer:
    """Somebody else's program: a bare user agent; `answers` has what it does with each method."""

    def __init__(self) -> None:
        self.requests: list[IncomingRequest] = []
        self.answers: dict[str, Callable[[IncomingRequest], object]] = {}
        self.network = AsyncioNetwork()
        port = self.network.listen(TransportConfig("udp", host="127.0.0.1", port=0))
        self.uri = Uri.parse(f"sip:peer@127.0.0.1:{port}")
        self.ua = UserAgent(self.network, Resolver(self.network.now))
        self.ua.on_request = self.take

    def take(self, request: IncomingRequest) -> None:
        self.requests.append(request)
        self.answers[request.message.method](request)


@pytest.fixture
async def make_peer() -> AsyncIterator[Callable[[], Peer]]:
    made: list[Peer] = []

    def new() -> Peer:
        made.append(Peer())
        return made[-1]

    yield new
    for one in made:
        one.ua.close()
        await one.network.close()


MakePeer = Callable[[], Peer]


def description(port: int, *, direction: str = "sendrecv", version: int = 1) -> Sdp:
    media = Media("audio", port, codecs=[Codec("PCMA")], direction=direction)
    return Sdp("127.0.0.1", [media], session_id=1, session_version=version)


async def test_registration_is_kept_used_and_given_back(make: MakePhone, make_peer: MakePeer) -> None:
    peer = make_peer()
    seen: list[tuple[str | None, str | None]] = []

    def answer(request: IncomingRequest) -> None:
        message = request.message
        seen.append((message.get("Expires"), message.get("Authorization")))
        if message.get("Authorization") is None:
            request.respond(401, headers=[("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"')])
            return
        headers = [("Contact", f"{message.get('Contact')};expires={message.get('Expires')}")]
        if message.get("Expires") != "0":
            headers.append(("Service-Route", f"<{peer.uri};lr>"))
        request.respond(200, headers=headers)

    peer.answers = {
        "REGISTER": answer,
        "INVITE": lambda request: request.respond(603),
    }
    phone = make(user="6001", domain="home.example", auth_user="box", password="secret")
    await within(3, phone.phone.register(peer.uri.replace(user=None)))
    assert phone.facts("registered") == [{"aor": "sip:6001@home.example", "s": 3600}]
    # the route that the registrar gave leads to it, whatever the URI says
    call = await phone.phone.call(Uri.parse("sip:x@192.0.2.1"))
    end = await within(3, call.ended)
    assert end.reason is not None
    assert end.reason.status == 603
    invite = peer.requests[-1].message
    assert str(invite.from_.uri) == "sip:6001@home.example"
    assert invite.values("Route") == [f"<{peer.uri};lr>"]
    await within(3, phone.phone.close())
    assert [expires for expires, _ in seen] == ["3600", "3600", "0"]
    assert 'username="box"' in (seen[1][1] or "")


async def test_a_registration_that_is_refused(make: MakePhone, make_peer: MakePeer) -> None:
    peer = make_peer()
    challenge = [("WWW-Authenticate", 'Digest realm="r", nonce="n"')]
    peer.answers = {"REGISTER": lambda request: request.respond(401, headers=challenge)}
    with pytest.raises(RefusedError, match="wants a password") as refused:
        await within(3, make(user="a").phone.register(peer.uri.replace(user=None)))
    assert refused.value.status == 401


async def test_an_invite_without_an_offer_hold_and_digits_by_info(
    make: MakePhone, make_peer: MakePeer
) -> None:
    """What a third party's call control does: our offer in the 200, theirs later, digits as INFO."""
    called, other = make(), make_peer()
    waiting = asyncio.ensure_future(called.phone.next_call())
    await asyncio.sleep(0)
    owner = Owner()
    session = InviteClient(
        other.ua,
        called.uri,
        owner,  # type: ignore[arg-type]
        InviteOptions(),
        from_=NameAddr.parse("<sip:control@127.0.0.1>"),
    )
    session.start()
    call = await within(3, waiting)
    call.answer()
    await within(3, owner.answered.wait())
    await called.until("media")  # the ACK has the answer
    assert called.facts("media")[0]["codec"] == "alaw"

    session.reinvite(lambda: description(4000, direction="sendonly", version=2))
    await within(3, owner.changed.wait())
    assert called.texts("hold") == ["the far end put us on hold"]
    owner.changed.clear()
    session.reinvite(lambda: description(4000, version=3))
    await within(3, owner.changed.wait())
    assert called.texts("unhold")
    assert [fact["direction"] for fact in called.facts("media")] == ["sendrecv", "recvonly", "sendrecv"]

    statuses: asyncio.Queue[int] = asyncio.Queue()
    session.send_info("application/dtmf-relay", b"Signal=7\r\nDuration=120\r\n", statuses.put_nowait)
    session.send_info("text/plain", b"hello", statuses.put_nowait)
    assert [await within(3, statuses.get()) for _ in range(2)] == [200, 415]
    assert called.facts("dtmf") == [{"digit": "7", "ms": 120}]
    session.hangup()
    end = await within(3, call.ended)
    assert end.reason is not None
    assert end.reason.by is EndedBy.REMOTE


class Owner:
    """The listener of somebody else's session."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()
        self.changed = asyncio.Event()

    def on_progress(self, *_: object) -> None: ...

    def on_answered(self, *_: object) -> None:
        self.answered.set()

    def on_offer(self, session, sdp, message) -> None:  # type: ignore[no-untyped-def]
        session.answer_offer(description(4000))

    def on_reinvite_result(self, session: object, status: int, sdp: Sdp | None) -> None:
        assert status == 200
        self.changed.set()

    def on_ended(self, *_: object) -> None: ...


async def test_early_media_and_a_redirection(make: MakePhone, make_peer: MakePeer, tmp_path: Path) -> None:
    phone, moved, target = make(), make_peer(), make_peer()
    contact = [("Contact", f"<{target.uri}>")]
    moved.answers = {"INVITE": lambda request: request.respond(302, headers=contact)}
    sessions: list[InviteServer] = []

    def ring(request: IncomingRequest) -> None:
        session = InviteServer(target.ua, request, Owner(), InviteOptions())  # type: ignore[arg-type]
        assert session.start()
        session.progress(description(4000))
        sessions.append(session)

    target.answers = {"INVITE": ring}
    heard = tmp_path / "heard.wav"
    call = await phone.phone.call(moved.uri, record=str(heard))
    await phone.until("media")
    assert phone.facts("media")[0]["early"] is True
    assert phone.facts("redirect") == [{"targets": [str(target.uri)]}]
    assert not call.answered.done()
    sessions[0].accept()
    await within(3, call.answered)
    assert len(phone.facts("media")) == 1  # the 200 repeats what the 183 said
    sessions[0].hangup()
    end = await within(3, call.ended)
    assert end.recording is not None
    assert heard.exists()


async def test_headers_in_the_uri_are_sent_unless_they_are_the_dialogs(
    make: MakePhone, make_peer: MakePeer
) -> None:
    phone, peer = make(), make_peer()
    peer.answers = {"INVITE": lambda request: request.respond(404)}
    uri = Uri.parse(f"{peer.uri}?X-Test=a%20b&Call-ID=forged&Subject=hi")
    call = await phone.phone.call(uri)
    await within(3, call.ended)
    message = peer.requests[0].message
    assert (message.get("X-Test"), message.get("Subject")) == ("a b", "hi")
    assert message.call_id != "forged"
    assert message.uri == str(peer.uri)


async def test_other_requests_are_answered(make: MakePhone, make_peer: MakePeer) -> None:
    phone, other = make(), make_peer()
    statuses: asyncio.Queue[tuple[int, str | None]] = asyncio.Queue()
    for method in ("OPTIONS", "INFO", "MESSAGE"):
        message = other.ua.new_request(method, str(phone.uri))
        message.set("From", "<sip:x@127.0.0.1>;tag=1")
        message.set("To", f"<{phone.uri}>")
        message.set("Call-ID", method)
        message.set("CSeq", f"1 {method}")
        other.ua.request(
            message,
            lambda _, response: statuses.put_nowait((response.status, response.get("Accept"))),
        )
        status, accept = await within(3, statuses.get())
        assert status == {"OPTIONS": 200, "INFO": 481, "MESSAGE": 405}[method]
        assert method != "OPTIONS" or accept == "application/sdp"
