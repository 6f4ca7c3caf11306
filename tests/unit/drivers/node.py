"""A whole node in this process, and peers that write and read SIP messages themselves.

Nothing of `offhook.sip` is used on the peers' side besides parsing, so that what goes over the wire is
checked as it is there.  Everything is on loopback, on ports that the kernel gives.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import socket
import ssl
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from offhook._core import Message
from offhook.api.node import Node, NodeOptions

__all__ = [
    "Audio",
    "Dialog",
    "Peer",
    "Switch",
    "connect",
    "digest",
    "eventually",
    "free_port",
    "hang_up",
    "phone",
]

_ENDPOINT = """
[{0}]
type=endpoint
aors={0}
allow=!all,ulaw,alaw
context=default
direct_media=no
{1}
[{0}]
type=aor
max_contacts=5
{2}
"""


def phone(name: str, options: str = "", aor: str = "") -> str:
    """An endpoint without a password, and its AOR."""
    return _ENDPOINT.format(name, options, aor)


def free_port(host: str = "127.0.0.1", *, stream: bool = False) -> int:
    """A port that was free a moment ago."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        return sock.getsockname()[1]


async def eventually(what: str, condition: Callable[[], object], timeout: float = 10.0) -> object:
    """What `condition` gives as soon as it is true."""
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert loop.time() < end, f"not seen within {timeout} s: {what} (last: {value!r})"
        await asyncio.sleep(0.01)


class Switch:
    """A node with the configuration of a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "etc"
        self.config.mkdir()
        self.port = free_port()
        self.node: Node
        self.peers: list[Peer] = []
        self.audios: list[Audio] = []

    def write(self, pjsip: str, extensions: str = "[default]\n", **files: str) -> None:
        """Configuration files; `{port}` in pjsip.conf is the UDP transport's."""
        transport = f"[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{self.port}\n"
        (self.config / "pjsip.conf").write_text(transport + pjsip)
        (self.config / "extensions.conf").write_text(extensions)
        for name, text in files.items():
            (self.config / f"{name}.conf").write_text(text)

    async def start(self, pjsip: str, extensions: str = "[default]\n", **files: str) -> Switch:
        """Write the configuration and start."""
        self.write(pjsip, extensions, **files)
        return await self.run()

    async def run(self) -> Switch:
        """Start with what was written."""
        self.node = await Node.start(NodeOptions(config_dir=self.config, state=self.folder / "state"))
        # A machine that is busy with other tests is no overload.
        admission = self.node.sip.admission
        admission.config = replace(
            admission.config, target_turn=5.0, max_wait=30.0, max_wait_other=30.0, max_wait_stranger=30.0
        )
        return self

    async def peer(
        self,
        host: str = "127.0.0.1",
        *,
        to: int = 0,
        tls: ssl.SSLContext | None = None,
        tcp: bool = False,
        name: str = "peer",
    ) -> Peer:
        """Somebody who speaks SIP with the node."""
        peer = Peer(name, host, to or self.port)
        await peer.open(tcp=tcp, tls=tls)
        self.peers.append(peer)
        return peer

    async def audio(self, host: str = "127.0.0.1") -> Audio:
        """Somebody's RTP."""
        audio = Audio(host)
        await audio.open()
        self.audios.append(audio)
        return audio

    def channels(self) -> list[str]:
        """The names of the channels that there are."""
        return sorted(self.node.pbx.channels)

    async def close(self) -> None:
        """Stop everything."""
        for peer in self.peers:
            peer.close()
        for audio in self.audios:
            audio.close()
        if hasattr(self, "node"):
            await self.node.stop()


class Peer(asyncio.DatagramProtocol):
    """One address that sends and gets SIP messages."""

    def __init__(self, name: str, host: str, to: int) -> None:
        self.name = name
        self.host = host
        self.to = to
        self.port = 0
        self.got: list[Message] = []
        self.transport_name = "UDP"
        self._news = asyncio.Event()
        self._datagrams: asyncio.DatagramTransport | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._count = 0
        self.closed = False

    async def open(self, *, tcp: bool = False, tls: ssl.SSLContext | None = None) -> None:
        if tcp or tls is not None:
            reader, self._writer = await asyncio.open_connection(
                self.host, self.to, ssl=tls, server_hostname="localhost" if tls else None
            )
            self.port = self._writer.get_extra_info("sockname")[1]
            self.transport_name = "TLS" if tls else "TCP"
            self._task = asyncio.create_task(self._read(reader))
            return
        loop = asyncio.get_running_loop()
        self._datagrams, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.host, 0))
        self.port = self._datagrams.get_extra_info("sockname")[1]

    @property
    def address(self) -> str:
        """host:port for SIP."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def server(self) -> str:
        """The node's host:port."""
        return f"[{self.host}]:{self.to}" if ":" in self.host else f"{self.host}:{self.to}"

    @property
    def contact(self) -> str:
        """Our Contact's URI."""
        suffix = "" if self.transport_name == "UDP" else f";transport={self.transport_name.lower()}"
        return f"sip:{self.name}@{self.address}{suffix}"

    # ------------------------------------------------------------ wire

    def datagram_received(self, data: bytes, addr: object) -> None:
        if data.strip():
            self._take(Message.parse(data))

    def _take(self, message: Message) -> None:
        self.got.append(message)
        self._news.set()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if not head.strip():
                    continue
                found = re.search(rb"(?im)^(?:content-length|l)\s*:\s*(\d+)", head)
                body = await reader.readexactly(int(found.group(1)) if found else 0)
                self._take(Message.parse(head.lstrip() + body))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.closed = True
            self._news.set()

    def send(self, text: str | bytes) -> None:
        """Send one message as it is."""
        data = text.encode() if isinstance(text, str) else text
        if self._writer is not None:
            self._writer.write(data)
        elif self._datagrams is not None:
            self._datagrams.sendto(data, (self.host, self.to))

    async def expect(
        self,
        what: str | int,
        timeout: float = 10.0,
        where: Callable[[Message], object] = lambda message: True,
    ) -> Message:
        """The next request of a method, or response with a status, taking away what came before it."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while True:
            for index, message in enumerate(self.got):
                is_it = (message.method == what and message.is_request) or message.status == what
                if is_it and where(message):
                    del self.got[: index + 1]
                    return message
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), end - loop.time())
            except TimeoutError:
                seen = [m.method if m.is_request else f"{m.status} {m.method}" for m in self.got]
                raise AssertionError(f"{self.name}: no {what}, but {seen}") from None

    async def expect_final(self, request: Message, timeout: float = 10.0) -> Message:
        """The final response to a request."""
        found: list[Message] = []

        def came() -> bool:
            found[:] = [m for m in self.got if m.status >= 200 and m.branch == request.branch]
            return bool(found)

        await eventually(f"the answer to {request.method}", came, timeout)
        self.got.remove(found[0])
        return found[0]

    async def silent(self, seconds: float = 0.3) -> None:
        """Nothing comes."""
        await asyncio.sleep(seconds)
        assert not self.got, [m.to_bytes() for m in self.got]

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        if self._writer is not None:
            self._writer.close()
        if self._datagrams is not None:
            self._datagrams.close()

    # ------------------------------------------------------------ requests

    def request(
        self,
        method: str,
        uri: str,
        *,
        headers: Sequence[str] = (),
        body: str = "",
        to: str = "",
        from_: str = "",
        call_id: str = "",
        cseq: int = 0,
        rport: bool = True,
        via_port: int | None = None,
        contact: str | None = None,
        content_type: str = "application/sdp",
    ) -> Message:
        """Send a request; what was sent."""
        self._count += 1
        count = self._count
        via = self.address if via_port is None else f"{self.host}:{via_port}"
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/{self.transport_name} {via};branch=z9hG4bK{self.name}{count}"
            + (";rport" if rport else ""),
            "Max-Forwards: 70",
            f"From: {from_ or f'<sip:{self.name}@{self.server}>'}"
            + ("" if ";tag=" in from_ else f";tag={self.name}{count}"),
            f"To: {to or f'<{uri}>'}",
            f"Call-ID: {call_id or f'{self.name}-{self.port}-{count}'}",
            f"CSeq: {cseq or count} {method}",
        ]
        if contact is None:
            lines.append(f"Contact: <{self.contact}>")
        elif contact:
            lines.append(f"Contact: {contact}")
        lines += headers
        if body:
            lines.append(f"Content-Type: {content_type}")
        lines.append(f"Content-Length: {len(body)}")
        text = "\r\n".join(lines) + "\r\n\r\n" + body
        self.send(text)
        return Message.parse(text.encode())

    def within(self, dialog: Dialog, method: str, **more: object) -> Message:
        """Send a request inside a dialog."""
        dialog.cseq += method != "ACK"
        return self.request(
            method,
            dialog.target,
            to=dialog.remote,
            from_=dialog.local,
            call_id=dialog.call_id,
            cseq=dialog.cseq,
            **more,  # type: ignore[arg-type]
        )

    def answer(
        self,
        request: Message,
        status: int,
        *,
        headers: Sequence[str] = (),
        body: str = "",
        tag: str = "",
        reason: str = "Whatever",
    ) -> None:
        """Send a response."""
        lines = [f"SIP/2.0 {status} {reason}"]
        lines += [f"Via: {via}" for via in request.get_all("Via")]
        lines += [f"Record-Route: {route}" for route in request.get_all("Record-Route")]
        to = request.get("To") or ""
        if status > 100 and ";tag=" not in to:
            to += f";tag={tag or self.name}"
        lines += [
            f"From: {request.get('From')}",
            f"To: {to}",
            f"Call-ID: {request.call_id}",
            f"CSeq: {request.get('CSeq')}",
        ]
        if (
            request.method in ("INVITE", "UPDATE")
            and status < 300
            and not any(line.startswith("Contact") for line in headers)
        ):
            lines.append(f"Contact: <{self.contact}>")
        lines += headers
        if body:
            lines.append("Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines) + "\r\n\r\n" + body)

    async def register(
        self,
        *,
        password: str = "",
        headers: Sequence[str] = (),
        contact: str | None = None,
        user: str = "",
        expires: int = 60,
        status: int = 200,
    ) -> Message:
        """Register; the final response."""
        user = user or self.name
        uri = f"sip:{self.server}"
        lines = [f"Expires: {expires}", *headers]
        aor = f"<sip:{user}@{self.server}>"
        self.request("REGISTER", uri, to=aor, from_=aor, headers=lines, contact=contact)
        if password:
            challenge = await self.expect(401)
            lines.append(digest(challenge, "REGISTER", uri, user, password))
            self.request("REGISTER", uri, to=aor, from_=aor, headers=lines, contact=contact)
        return await self.expect(status)

    async def call(
        self, number: str, *, body: str = "", headers: Sequence[str] = (), status: int = 200, **more: object
    ) -> Dialog:
        """Call and wait for the answer (ACK is sent) or any other status."""
        invite = self.request("INVITE", f"sip:{number}@{self.server}", body=body, headers=headers, **more)
        response = await self.expect(status)
        dialog = Dialog(invite, response)
        if status >= 200:
            if status >= 300:
                dialog.target = invite.uri
            self.within(dialog, "ACK")
        return dialog

    def accept(self, invite: Message, body: str = "", headers: Sequence[str] = ()) -> Dialog:
        """Answer an INVITE with 200; our side of the dialog."""
        self.answer(invite, 200, body=body, headers=headers)
        return Dialog(invite, None, tag=self.name)


class Dialog:
    """What requests inside a call need."""

    def __init__(self, invite: Message, response: Message | None, tag: str = "") -> None:
        self.call_id = invite.call_id
        self.invite = invite
        self.response = response
        if response is not None:
            self.local, self.remote = invite.get("From") or "", response.get("To") or ""
            self.cseq = invite.cseq
            contact = response.get("Contact")
        else:
            self.local, self.remote = f"{invite.get('To')};tag={tag}", invite.get("From") or ""
            self.cseq = 0
            contact = invite.get("Contact")
        self.target = contact.partition("<")[2].partition(">")[0] if contact else ""


def digest(challenge: Message, method: str, uri: str, user: str, password: str) -> str:
    """The Authorization line (RFC 7616, MD5, qop=auth)."""
    proxy = challenge.status == 407
    line = challenge.get("Proxy-Authenticate" if proxy else "WWW-Authenticate") or ""
    found = dict(re.findall(r'(\w+)="?([^",]+)"?', line))
    realm, nonce = found["realm"], found["nonce"]

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    ha1, ha2 = md5(f"{user}:{realm}:{password}"), md5(f"{method}:{uri}")
    answer = md5(f"{ha1}:{nonce}:00000001:abc:auth:{ha2}")
    return (
        f'{"Proxy-" if proxy else ""}Authorization: Digest username="{user}", realm="{realm}", '
        f'nonce="{nonce}", uri="{uri}", response="{answer}", algorithm=MD5, cnonce="abc", qop=auth, '
        "nc=00000001" + (f', opaque="{found["opaque"]}"' if "opaque" in found else "")
    )


class Audio(asyncio.DatagramProtocol):
    """One RTP end."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = 0
        self.packets: list[tuple[int, bytes]] = []  # payload type, payload
        self.sources: set[tuple[str, int]] = set()
        self.target: tuple[str, int] = ("", 0)
        self._transport: asyncio.DatagramTransport | None = None
        self._sequence = 0
        self.ssrc = 4711
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.host, 0))
        self.port = self._transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) > 12 and data[0] >> 6 == 2:
            self.sources.add(addr)
            self.packets.append((data[1] & 127, data[12:]))

    def sdp(self, *formats: str, direction: str = "sendrecv", version: int = 1, host: str = "") -> str:
        """A description: `0`, `8`, `101` ...; telephone-event is 101."""
        host = host or self.host
        family = "IP6" if ":" in host else "IP4"
        lines = [
            "v=0",
            f"o=- 1 {version} IN {family} {host}",
            "s=-",
            f"c=IN {family} {host}",
            "t=0 0",
            f"m=audio {self.port} RTP/AVP {' '.join(formats or ('0', '101'))}",
        ]
        if not formats or "101" in formats:
            lines.append("a=rtpmap:101 telephone-event/8000")
        lines.append(f"a={direction}")
        return "\r\n".join(lines) + "\r\n"

    def aim(self, message: Message) -> None:
        """Send to where the SDP of this message says."""
        text = message.body.decode()
        host = re.search(r"c=IN IP[46] (\S+)", text)
        port = re.search(r"m=audio (\d+)", text)
        assert host is not None, text
        assert port is not None, text
        self.target = host.group(1), int(port.group(1))

    def packet(
        self, payload_type: int, payload: bytes, *, marker: bool = False, timestamp: int | None = None
    ) -> None:
        """Send one packet."""
        assert self._transport is not None
        self._sequence += 1
        stamp = self._sequence * 160 if timestamp is None else timestamp
        head = struct.pack(
            "!BBHII", 0x80, payload_type | (128 if marker else 0), self._sequence & 0xFFFF, stamp, self.ssrc
        )
        self._transport.sendto(head + payload, self.target)

    def talk(self, payload_type: int = 0, octet: int = 0x10) -> None:
        """Send 20 ms of a constant every 20 ms, from now on."""
        self.hush()
        self._task = asyncio.create_task(self._talk(payload_type, bytes([octet]) * 160))

    async def _talk(self, payload_type: int, payload: bytes) -> None:
        while True:
            self.packet(payload_type, payload)
            await asyncio.sleep(0.02)

    def hush(self) -> None:
        """Stop talk()."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def digit(self, digit: str, payload_type: int = 101) -> None:
        """Press a key, or flash the hook (`!`): RFC 4733."""
        event = "0123456789*#ABCD!".index(digit)
        self._sequence += 1
        stamp = self._sequence * 160
        for index in range(1, 6):
            payload = struct.pack("!BBH", event, 10, 160 * index)
            self.packet(payload_type, payload, marker=index == 1, timestamp=stamp)
            await asyncio.sleep(0.02)
        for _ in range(3):
            self.packet(payload_type, struct.pack("!BBH", event, 0x8A, 800), timestamp=stamp)
            await asyncio.sleep(0.005)

    async def hears(self, payload_type: int, payload: bytes | None = None, timeout: float = 2.0) -> bytes:
        """Wait for a packet of this payload type (and exactly this content) from now on."""
        start = len(self.packets)
        found: list[bytes] = []

        def heard() -> bool:
            found[:] = [p for t, p in self.packets[start:] if t == payload_type and payload in (None, p)]
            return bool(found)

        await eventually(f"RTP of type {payload_type}", heard, timeout)
        return found[0]

    def close(self) -> None:
        self.hush()
        if self._transport is not None:
            self._transport.close()


async def connect(
    caller: Peer,
    called: Peer,
    number: str,
    audios: tuple[Audio, Audio],
    *,
    formats: tuple[Sequence[str], Sequence[str]] = ((), ()),
    caller_headers: Sequence[str] = (),
    called_headers: Sequence[str] = (),
) -> tuple[Dialog, Dialog]:
    """A call from one to the other that has been answered; the dialogs as either has them."""
    one, two = audios
    request = caller.request(
        "INVITE", f"sip:{number}@{caller.server}", body=one.sdp(*formats[0]), headers=caller_headers
    )
    invite = await called.expect("INVITE")
    theirs = called.accept(invite, two.sdp(*formats[1]), called_headers)
    answer = await caller.expect(200)
    ours = Dialog(request, answer)
    caller.within(ours, "ACK")
    await called.expect("ACK")
    one.aim(answer)
    two.aim(invite)
    return ours, theirs


async def hang_up(switch: Switch, first: Peer, dialog: Dialog, *others: Peer) -> None:
    """One says BYE, the others get one, and nothing is left."""
    first.within(dialog, "BYE")
    await first.expect(200, where=lambda message: message.method == "BYE")
    for other in others:
        other.answer(await other.expect("BYE"), 200)
    await eventually("no channel", lambda: not switch.channels())
