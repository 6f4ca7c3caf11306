"""DTLS-SRTP of a media port with OpenSSL: RSA, chains of certificates, and the keys that come out."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from offhook._core import MediaEngine
from offhook.media.dtls import read_identity, read_trust
from offhook.media.port import MediaPort, PortListener
from offhook.media.service import MediaService

SUITE = "AES_CM_128_HMAC_SHA1_80"
PATIENCE_S = 20.0


def openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`root` issues `middle`, which issues `device`; all have RSA keys, and `elliptic` stands alone."""
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "ca.ext").write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")
    root = ("-keyout", folder / "root.key", "-out", folder / "root.crt", "-subj", "/CN=root")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, *root)
    for name, issuer, more in (
        ("middle", "root", ("-extfile", folder / "ca.ext")),
        ("device", "middle", ()),
    ):
        request = ("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr", "-subj", f"/CN={name}")
        openssl("req", "-newkey", "rsa:2048", "-nodes", *request)
        by = ("-CA", folder / f"{issuer}.crt", "-CAkey", folder / f"{issuer}.key", "-CAcreateserial")
        out = ("-in", folder / f"{name}.csr", "-out", folder / f"{name}.crt")
        openssl("x509", "-req", "-days", 2, *by, *out, *more)
    curve = ("ec", "-pkeyopt", "ec_paramgen_curve:secp384r1", "-nodes")
    own = ("-keyout", folder / "elliptic.key", "-out", folder / "elliptic.crt", "-subj", "/CN=elliptic")
    openssl("req", "-x509", "-newkey", *curve, "-days", 2, *own)
    chain = (folder / "device.crt").read_text() + (folder / "middle.crt").read_text()
    (folder / "chain.crt").write_text(chain)
    return folder


class Told(PortListener):
    """Keeps how the handshake ended."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()

    def on_dtls(self, port: MediaPort, suite: str, why: str) -> None:
        if not self.ended.done():
            self.ended.set_result((suite, why))


def free_port() -> int:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def service() -> AsyncIterator[MediaService]:
    start = min(free_port(), 60_000)
    made = MediaService(MediaEngine(rtp_start=start, rtp_end=start + 100))
    yield made
    made.close()


class Peer:
    """`openssl s_server` or `s_client` and what it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.text = ""

    async def prints(self, pattern: str) -> str:
        """Wait for a line of this kind; what is in its brackets."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while (found := re.search(pattern, self.text, re.MULTILINE)) is None:
                part = await self._process.stdout.read(4096)
                assert part, f"it ended with:\n{self.text}"
                self.text += part.decode(errors="replace")
        return found.group(found.lastindex or 0)


@contextlib.asynccontextmanager
async def peer(role: str, *words: object) -> AsyncIterator[Peer]:
    keys = (
        "-use_srtp",
        "SRTP_AES128_CM_SHA1_80",
        "-keymatexport",
        "EXTRACTOR-dtls_srtp",
        "-keymatexportlen",
        60,
    )
    process = await asyncio.create_subprocess_exec(
        "openssl",
        role,
        *map(str, ("-dtls1_2", *keys, *words)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Peer(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def hears_with(service: MediaService, port: MediaPort, material: str, *, client: bool) -> None:
    """What `port` (the `client` of the handshake) sends is opened with the keys that OpenSSL has."""
    raw = bytes.fromhex(material)
    keys = {"client": raw[:16] + raw[32:46], "server": raw[16:32] + raw[46:60]}
    mine, theirs = ("client", "server") if client else ("server", "client")
    listener = service.open_port("127.0.0.1")
    listener.set_srtp((SUITE, keys[theirs]), (SUITE, keys[mine]))
    port.set_rtcp_mux(True)  # else RTCP begins a handshake of its own, with the listener
    port.set_remote("127.0.0.1", listener.rtp_port)
    listener.set_remote("127.0.0.1", port.rtp_port)
    for each in (port, listener):
        each.start_tones([(440.0, 0.0, False, 0, False)])
    for _ in range(int(PATIENCE_S / 0.02)):
        if min(int(each.stats()["rx_packets"]) for each in (port, listener)) >= 20:
            break
        await asyncio.sleep(0.02)
    else:
        raise AssertionError("they do not hear each other")
    assert port.stats()["drop_crypto"] == listener.stats()["drop_crypto"] == 0


@pytest.mark.parametrize("theirs", ["device", "elliptic"])
@pytest.mark.parametrize("ours", ["chain", "elliptic"])
async def test_we_begin(service: MediaService, files: Path, theirs: str, ours: str) -> None:
    number = free_port()
    key = "device" if ours == "chain" else ours
    authority = files / ("root.crt" if ours == "chain" else "elliptic.crt")
    server = ("-port", number, "-cert", files / f"{theirs}.crt", "-key", files / f"{theirs}.key")
    async with peer("s_server", *server, "-Verify", 3, "-CAfile", authority, "-verify_return_error") as other:
        await other.prints("ACCEPT")
        port, told = service.open_port("127.0.0.1"), Told()
        port.listener = told
        port.set_remote("127.0.0.1", number)
        fingerprint = read_identity(str(files / f"{theirs}.crt"), str(files / f"{theirs}.key")).fingerprint(
            "sha-256"
        )
        port.set_dtls(
            read_identity(str(files / f"{ours}.crt"), str(files / f"{key}.key")),
            active=True,
            fingerprints=[("sha-256", fingerprint)],
        )
        async with asyncio.timeout(PATIENCE_S):
            assert await told.ended == (SUITE, "")
        material = await other.prints(r"Keying material: ([0-9A-F]{120})")
        await hears_with(service, port, material, client=True)


@pytest.mark.parametrize("ours", ["chain", "elliptic"])
async def test_the_peer_begins(service: MediaService, files: Path, ours: str) -> None:
    key = "device" if ours == "chain" else ours
    port, told = service.open_port("127.0.0.1"), Told()
    port.listener = told
    port.set_dtls(
        read_identity(str(files / f"{ours}.crt"), str(files / f"{key}.key")),
        active=False,
        fingerprints=[],
        trust=read_trust(str(files / "root.crt")),
    )
    authority = files / ("root.crt" if ours == "chain" else "elliptic.crt")
    chain = ("-cert", files / "device.crt", "-key", files / "device.key", "-cert_chain", files / "middle.crt")
    where = ("-connect", f"127.0.0.1:{port.rtp_port}", "-CAfile", authority, "-verify_return_error")
    async with peer("s_client", *where, *chain) as other:
        async with asyncio.timeout(PATIENCE_S):
            assert await told.ended == (SUITE, "")
        material = await other.prints(r"Keying material: ([0-9A-F]{120})")
        await other.prints(r"Verify return code: 0 \(ok\)")
        await other.prints("Extended master secret: yes")
        await hears_with(service, port, material, client=False)


@pytest.mark.parametrize("we_begin", [True, False])
async def test_a_peer_without_the_extended_master_secret(
    service: MediaService, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, we_begin: bool
) -> None:
    """The keys come from the master secret of RFC 5246 with a peer that does not know RFC 7627."""
    settings = tmp_path / "openssl.cnf"
    settings.write_text(
        "openssl_conf = all\n[all]\nssl_conf = protocols\n[protocols]\nsystem_default = default\n"
        "[default]\nOptions = -ExtendedMasterSecret\n"
    )
    monkeypatch.setenv("OPENSSL_CONF", str(settings))
    port, told = service.open_port("127.0.0.1"), Told()
    port.listener = told
    identity = read_identity(str(files / "elliptic.crt"), str(files / "elliptic.key"))
    keys = ("-cert", files / "device.crt", "-key", files / "device.key")
    number = free_port()
    if we_begin:
        words = ("s_server", "-port", number, "-Verify", 1, *keys)
    else:
        port.set_dtls(identity, active=False, fingerprints=[])
        words = ("s_client", "-connect", f"127.0.0.1:{port.rtp_port}", *keys)
    async with peer(*words) as other:
        if we_begin:
            await other.prints("ACCEPT")
            port.set_remote("127.0.0.1", number)
            port.set_dtls(identity, active=True, fingerprints=[])
        async with asyncio.timeout(PATIENCE_S):
            assert await told.ended == (SUITE, "")
        material = await other.prints(r"Keying material: ([0-9A-F]{120})")
        if not we_begin:  # s_server does not print it
            await other.prints("Extended master secret: no")
        await hears_with(service, port, material, client=we_begin)


async def test_who_is_not_of_our_authority_is_refused(service: MediaService, files: Path) -> None:
    """Without the certificate between it and the root, from another root, and with no certificate."""
    cases = (
        (
            ("-cert", files / "device.crt", "-key", files / "device.key"),
            "root",
            "its issuer CN=middle is not known",
        ),
        (("-cert", files / "elliptic.crt", "-key", files / "elliptic.key"), "root", "its issuer CN=elliptic"),
        ((), "root", "the peer has no certificate"),
    )
    for words, root, why in cases:
        port, told = service.open_port("127.0.0.1"), Told()
        port.listener = told
        identity = read_identity(str(files / "elliptic.crt"), str(files / "elliptic.key"))
        trust = read_trust(str(files / f"{root}.crt"))
        port.set_dtls(identity, active=False, fingerprints=[], trust=trust)
        async with peer("s_client", "-connect", f"127.0.0.1:{port.rtp_port}", *words) as other:
            async with asyncio.timeout(PATIENCE_S):
                suite, reason = await told.ended
            assert suite == ""
            assert why in reason
            await other.prints("alert bad certificate|sslv3 alert")
        port.close()


async def test_they_refuse_us(service: MediaService, files: Path) -> None:
    """Their alert is in our log's words."""
    number = free_port()
    server = ("-port", number, "-cert", files / "device.crt", "-key", files / "device.key")
    strict = ("-Verify", 3, "-CAfile", files / "root.crt", "-verify_return_error")
    async with peer("s_server", *server, *strict) as other:
        await other.prints("ACCEPT")
        port, told = service.open_port("127.0.0.1"), Told()
        port.listener = told
        port.set_remote("127.0.0.1", number)
        identity = read_identity(str(files / "elliptic.crt"), str(files / "elliptic.key"))
        port.set_dtls(identity, active=True, fingerprints=[])
        async with asyncio.timeout(PATIENCE_S):
            assert await told.ended == ("", "the peer gave up: unknown_ca (alert 48)")
