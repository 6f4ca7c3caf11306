"""DTLS-SRTP between two legs: roles, fingerprints, certificates from files, what is refused."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from offhook._core import DTLS_CIPHERS, DtlsIdentity, NegotiationError, Sdp
from offhook.media import dtls
from offhook.media.dtls import DtlsFilesError, identity_of, own_identity, read_identity, select_ciphers
from offhook.media.port import MediaPort, PortListener
from offhook.media.reports import RtcpReport
from offhook.media.service import MediaService
from unit.drivers.legs import hears, leg, media_service, negotiate, until, with_line, without_line
from unit.drivers.node import Switch, phone

DTLS = "media_encryption=dtls rtcp_mux=yes dtls_verify=fingerprint"
CIPHER = "ECDHE-ECDSA-AES128-GCM-SHA256"
EASY = "media_encryption=dtls media_encryption_optimistic=yes"


@pytest_asyncio.fixture
async def service() -> AsyncIterator[MediaService]:
    with media_service() as made:
        yield made


class Told(PortListener):
    """Keeps what a port tells of its handshake."""

    def __init__(self) -> None:
        self.results: list[tuple[str, str]] = []
        self.reports = 0

    def on_dtls(self, port: MediaPort, suite: str, why: str) -> None:
        self.results.append((suite, why))

    def on_rtcp(self, port: MediaPort, report: RtcpReport, sent: bool) -> None:
        self.reports += not sent


@pytest.mark.parametrize(
    ("one", "other", "roles"),
    [
        (DTLS, DTLS, ("actpass", "active")),
        (f"{DTLS} dtls_setup=active", DTLS, ("active", "passive")),
        (f"{DTLS} dtls_setup=passive", DTLS, ("passive", "active")),
        (DTLS, f"{DTLS} dtls_setup=passive", ("actpass", "passive")),
        (f"{DTLS} dtls_fingerprint=SHA-1", DTLS, ("actpass", "active")),
        (f"{DTLS} dtls_auto_generate_cert=yes", f"{DTLS} dtls_verify=no", ("actpass", "active")),
        (
            f"{DTLS} dtls_cipher=ECDHE-ECDSA-AES128-GCM-SHA256",
            f"{DTLS} dtls_cipher=ALL",
            ("actpass", "active"),
        ),
    ],
)
async def test_roles(service: MediaService, one: str, other: str, roles: tuple[str, str]) -> None:
    caller, callee = leg(service, one), leg(service, other)
    offer, answer = negotiate(caller, callee)
    assert (offer.media[0].attribute("setup"), answer.media[0].attribute("setup")) == roles
    assert offer.media[0].proto == answer.media[0].proto == "UDP/TLS/RTP/SAVP"
    await hears(caller, callee)
    # A re-INVITE either way goes on with the keys that are there.
    for first, second in ((caller, callee), (callee, caller)):
        _, answer = negotiate(first, second)
        assert answer.media[0].attribute("connection") == "existing"
        await hears(caller, callee)
    for each in (caller, callee):
        assert each.port is not None
        assert each.port.stats()["drop_crypto"] == 0


async def test_profiles(service: MediaService) -> None:
    offer = leg(service, f"{DTLS} force_avp=yes use_avpf=yes").offer("127.0.0.1")
    assert offer.media[0].proto == "RTP/SAVPF"
    callee = leg(service, f"{DTLS} use_avpf=yes")
    assert callee.has_codec_for(offer)
    assert callee.answer(offer, "127.0.0.1").media[0].proto == "RTP/SAVPF"
    caller, callee = leg(service, EASY), leg(service, "")
    offer, _ = negotiate(caller, callee)
    assert offer.media[0].proto == "RTP/AVP"
    await hears(caller, callee)
    caller, callee = leg(service, EASY), leg(service, EASY)
    negotiate(caller, callee)
    await hears(caller, callee)


@pytest.mark.parametrize(
    ("options", "old", "new", "why"),
    [
        ("", "", "", "it offers UDP/TLS/RTP/SAVP, but media_encryption is no"),
        ("media_encryption=sdes", "", "", "it offers UDP/TLS/RTP/SAVP, but media_encryption is sdes"),
        (DTLS, "a=fingerprint", "a=x-fingerprint", "there is no a=fingerprint line"),
        (DTLS, "SHA-256 ", "MD5 ", "the hash MD5 of a=fingerprint is not known"),
        (DTLS, "SHA-256 ", "SHA-1 ", "the value of a=fingerprint is none"),
        (DTLS, "setup:actpass", "setup:holdconn", "a=setup:holdconn is none that can be answered"),
    ],
)
async def test_what_is_refused(service: MediaService, options: str, old: str, new: str, why: str) -> None:
    offer = leg(service, DTLS).offer("127.0.0.1")
    callee = leg(service, options)
    with pytest.raises(NegotiationError, match=why):
        callee.answer(with_line(offer, old, new), "127.0.0.1")


async def test_lines_of_the_session_level_hold_for_the_audio(service: MediaService) -> None:
    caller, callee = leg(service, DTLS), leg(service, DTLS)
    offer = caller.offer("127.0.0.1")
    line = f"a=fingerprint:{offer.media[0].attribute('fingerprint')}\r\n"
    moved = with_line(without_line(offer, "a=fingerprint"), "t=0 0\r\n", f"t=0 0\r\n{line}")
    caller.accept_answer(callee.answer(moved, "127.0.0.1"))
    await hears(caller, callee)


async def test_another_certificate_than_in_the_sdp_gets_no_keys(service: MediaService) -> None:
    caller, callee = leg(service, DTLS), leg(service, DTLS)
    offer = caller.offer("127.0.0.1")
    wrong = DtlsIdentity.generate().fingerprint("sha-256")
    own = offer.media[0].attribute("fingerprint")
    assert own is not None
    answer = callee.answer(with_line(offer, own.split()[1], wrong), "127.0.0.1")
    told = Told()
    assert callee.port is not None
    callee.port.listener = told
    caller.accept_answer(answer)
    await until(lambda: told.results)
    assert told.results == [("", "the peer's certificate has not the fingerprint of its SDP")]
    assert callee.port.stats()["tx_packets"] == 0


def made(folder: Path, kind: str) -> tuple[str, str]:
    """A certificate and its key in files."""
    key, certificate = folder / f"{kind}.key", folder / f"{kind}.crt"
    how = ("rsa:2048",) if kind == "rsa" else ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    files = ("-keyout", key, "-out", certificate)
    command = ("openssl", "req", "-x509", "-newkey", *how, "-nodes", "-subj", "/CN=test", *files)
    subprocess.run(command, check=True, capture_output=True)
    return str(certificate), str(key)


def issued(folder: Path, name: str, authority: tuple[str, str]) -> tuple[str, str]:
    """A certificate with an RSA key that this authority has issued, and its key, in files."""
    key, request, certificate = (folder / f"{name}.{kind}" for kind in ("key", "csr", "crt"))
    subject = ("-subj", f"/CN={name}", "-keyout", key, "-out", request)
    subprocess.run(
        ["openssl", "req", "-newkey", "rsa:2048", "-nodes", *subject], check=True, capture_output=True
    )
    by = ("-CA", authority[0], "-CAkey", authority[1], "-CAcreateserial", "-days", "2")
    subprocess.run(
        ["openssl", "x509", "-req", "-in", request, *by, "-out", certificate], check=True, capture_output=True
    )
    return str(certificate), str(key)


def in_one_file(certificate: str, key: str) -> str:
    """Both in the file of the certificate."""
    path = Path(certificate).with_suffix(".pem")
    path.write_text(Path(certificate).read_text() + Path(key).read_text())
    return str(path)


async def test_certificates_from_files(
    service: MediaService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificate, key = made(tmp_path, "ec")
    caller = leg(service, f"{DTLS} dtls_cert_file={certificate} dtls_private_key={key}")
    callee = leg(service, DTLS)
    offer, answer = negotiate(caller, callee)
    print_of_file = read_identity(certificate, key).fingerprint("sha-256")
    assert offer.media[0].attribute("fingerprint") == f"SHA-256 {print_of_file}"
    assert answer.media[0].attribute("fingerprint") == f"SHA-256 {own_identity().fingerprint('sha-256')}"
    await hears(caller, callee)
    both = in_one_file(certificate, key)
    assert identity_of(both).fingerprint("sha-1") == read_identity(certificate, key).fingerprint("sha-1")
    with pytest.raises(DtlsFilesError, match="cannot be read"):
        read_identity(str(tmp_path / "none"))
    with pytest.raises(DtlsFilesError, match="there is no private key in"):
        read_identity(certificate)
    # A key that is not the certificate's: a certificate of our own stands in.
    certificate, _ = made(tmp_path, "rsa")
    with pytest.raises(DtlsFilesError, match="private key"):
        read_identity(certificate, key)
    with caplog.at_level("WARNING"):
        assert identity_of(certificate, key) is own_identity()
        assert identity_of(certificate, key) is own_identity()
    assert caplog.text.count("a certificate of our own is used in its place") == 1
    dtls._known.clear()  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("roles", [("rsa", "rsa"), ("rsa", ""), ("", "rsa"), ("ec", "rsa")])
@pytest.mark.parametrize("setup", ["active", "passive"])
async def test_rsa_and_elliptic_certificates(
    service: MediaService, tmp_path: Path, roles: tuple[str, str], setup: str
) -> None:
    legs = []
    for index, kind in enumerate(roles):
        folder = tmp_path / str(index)
        folder.mkdir()
        files = f" dtls_cert_file={in_one_file(*made(folder, kind))}" if kind else ""
        legs.append(leg(service, DTLS + files + (f" dtls_setup={setup}" if index == 0 else "")))
    negotiate(*legs)
    await hears(*legs)


async def test_authorities(service: MediaService, tmp_path: Path) -> None:
    authority = made(tmp_path, "rsa")
    device = in_one_file(*issued(tmp_path, "phone", authority))
    folder = tmp_path / "authorities"
    folder.mkdir()
    shutil.copy(authority[0], folder / "a.pem")
    (folder / "README").write_text("no certificate\n")
    phone = f"{DTLS} dtls_cert_file={device}"
    for verify in (f"yes dtls_ca_file={authority[0]}", f"certificate dtls_ca_path={folder}"):
        caller, callee = leg(service, f"{DTLS} dtls_verify={verify}"), leg(service, phone)
        negotiate(caller, callee)
        await hears(caller, callee)
        told = Told()
        caller, callee = leg(service, f"{DTLS} dtls_verify={verify}"), leg(service, DTLS)
        offer = caller.offer("127.0.0.1")
        assert caller.port is not None
        caller.port.listener = told
        caller.accept_answer(callee.answer(offer, "127.0.0.1"))
        await until(lambda told=told: told.results)
        assert told.results[0][1].startswith("the peer's certificate is not trusted: CN=offhook: its issuer")
    # Nothing to trust is nobody to believe.
    told = Told()
    caller, callee = leg(service, f"{DTLS} dtls_verify=certificate"), leg(service, phone)
    offer = caller.offer("127.0.0.1")
    assert caller.port is not None
    caller.port.listener = told
    caller.accept_answer(callee.answer(offer, "127.0.0.1"))
    await until(lambda: told.results)
    assert "not trusted" in told.results[0][1]


def test_lists_of_ciphers() -> None:
    every = DTLS_CIPHERS
    assert select_ciphers("ALL") == select_ciphers("DEFAULT:!aNULL:@STRENGTH") == every
    assert select_ciphers("ECDHE-RSA-AES128-GCM-SHA256, NULL-MD5") == ["ECDHE-RSA-AES128-GCM-SHA256"]
    assert select_ciphers("ECDHE+AESGCM:!aRSA") == [one for one in every if "ECDSA" in one and "GCM" in one]
    assert select_ciphers("HIGH:-CHACHA20") == [one for one in every if "CHACHA" not in one]
    assert select_ciphers("NULL-MD5") == []


async def test_no_cipher_in_common(service: MediaService) -> None:
    caller = leg(service, f"{DTLS} dtls_cipher=ECDHE-RSA-AES128-GCM-SHA256 dtls_setup=active")
    callee = leg(service, DTLS)
    told = Told()
    offer = caller.offer("127.0.0.1")
    answer = callee.answer(offer, "127.0.0.1")
    assert callee.port is not None
    callee.port.listener = told
    caller.accept_answer(answer)
    await until(lambda: told.results)
    assert told.results == [("", "no cipher of the peer goes with our certificate, which has an ECDSA key")]


@pytest.mark.parametrize("setup", ["active", "passive"])
async def test_rtcp_on_its_own_port_has_keys_of_its_own(service: MediaService, setup: str) -> None:
    service.report_rtcp(True)
    options = "media_encryption=dtls dtls_verify=fingerprint"
    legs = leg(service, f"{options} dtls_setup={setup}"), leg(service, options)
    _, answer = negotiate(*legs)
    assert not answer.media[0].rtcp_mux
    told = [Told(), Told()]
    for each, listener in zip(legs, told, strict=True):
        assert each.port is not None
        each.port.listener = listener
    await hears(*legs)
    await until(lambda: all(listener.reports for listener in told), 20.0)
    for each in legs:
        assert each.port is not None
        assert each.port.stats()["drop_crypto"] == 0


@pytest.mark.parametrize("made_here", [True, False])
async def test_new_keys_for_a_call(service: MediaService, tmp_path: Path, made_here: bool) -> None:
    """dtls_rekey: another handshake under way, while the audio goes on."""
    files = "" if made_here else f" dtls_cert_file={in_one_file(*made(tmp_path, 'rsa'))}"
    caller, callee = leg(service, f"{DTLS} dtls_rekey=60{files}"), leg(service, DTLS)
    assert not caller.security.renew(), "there are none yet"
    first, _ = negotiate(caller, callee)
    await hears(caller, callee)
    told = [Told(), Told()]
    for each, listener in zip((caller, callee), told, strict=True):
        assert each.port is not None
        each.port.listener = listener
    for count in (1, 2):
        assert caller.security.renew()
        offer, answer = negotiate(caller, callee)
        assert offer.media[0].attribute("connection") == "new"
        same = offer.media[0].attribute("fingerprint") == first.media[0].attribute("fingerprint")
        assert same is not made_here
        assert answer.media[0].attribute("tls-id")
        await until(lambda count=count: all(len(listener.results) == count for listener in told))
        assert all(suite and not why for listener in told for suite, why in listener.results)
        await hears(caller, callee)
    # The next description asks for nothing new.
    offer, _ = negotiate(caller, callee)
    assert offer.media[0].attribute("connection") == "existing"
    await hears(caller, callee)
    assert [len(listener.results) for listener in told] == [2, 2]
    for each in (caller, callee):
        assert each.port is not None
        assert each.port.stats()["drop_crypto"] == 0


async def test_a_call_gets_new_keys_in_time(service: MediaService, switch: Switch) -> None:
    """dtls_rekey=1: each second a re-INVITE, another handshake, and audio under what it gave."""
    endpoint = phone("alice", DTLS.replace(" ", "\n") + "\ndtls_rekey=1")
    await switch.start(
        endpoint, "[default]\nexten => 9,1,Answer()\n same => n,PlayTones(440)\n same => n,Wait(60)\n"
    )
    alice, told = await switch.peer(name="alice"), Told()
    theirs = leg(service, DTLS)
    dialog = await alice.call("9", body=theirs.offer("127.0.0.1").to_bytes().decode())
    assert dialog.response is not None
    answer = Sdp.parse(dialog.response.body)
    theirs.accept_answer(answer)
    assert theirs.port is not None
    theirs.port.listener = told
    prints = [answer.media[0].attribute("fingerprint")]
    for count in (2, 3):
        again = await alice.expect("INVITE", timeout=20)
        offer = Sdp.parse(again.body)
        assert offer.media[0].attribute("connection") == "new"
        prints.append(offer.media[0].attribute("fingerprint"))
        assert theirs.has_codec_for(offer)
        alice.answer(again, 200, body=theirs.answer(offer, "127.0.0.1").to_bytes().decode())
        await alice.expect("ACK")
        await until(lambda count=count: len(told.results) >= count, 20.0)
        heard = int(theirs.port.stats()["rx_packets"])
        await until(lambda heard=heard: int(theirs.port.stats()["rx_packets"]) > heard + 20, 20.0)
    assert all(suite and not why for suite, why in told.results)
    assert len(set(prints)) == 3, "each with another certificate"
    assert theirs.port.stats()["drop_crypto"] == 0
    alice.within(dialog, "BYE")
    await alice.expect(200)
