"""The manager interface over TLS: clients that check the certificate, and openssl's own."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from pathlib import Path

import pytest

from unit.api.ami.test_sessions import Client, Office, office
from unit.drivers.node import Switch

__all__ = ["Switch", "office"]


def certificate(folder: Path) -> Path:
    """A certificate of 127.0.0.1, with its key in the same file."""
    path = folder / "manager.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=pbx"
    )
    subprocess.run(
        [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{path}.key", "-out", path],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + Path(f"{path}.key").read_text())
    return path


async def listening(office: Office) -> tuple[Path, int]:
    """Both ports are open; the certificate, and the port of TLS."""
    path = certificate(office.switch.folder)
    await office.start(f"tlsenable = yes\ntlsbindaddr = 127.0.0.1:0\ntlscertfile = {path}")
    plain, tls = office.node.manager.ports()
    assert plain != tls
    return path, tls


async def test_a_client_that_checks_the_certificate(office: Office) -> None:
    path, port = await listening(office)
    context = ssl.create_default_context(cafile=str(path))
    client = await Client.connect(port, context)
    office.clients.append(client)
    await client.log_in()
    assert client.writer.get_extra_info("ssl_object").version() in ("TLSv1.2", "TLSv1.3")
    answer = await client.ask(
        "Originate", Channel="Local/200@default", Application="Wait", Data="9", Async="1"
    )
    assert answer["Response"] == "Success"
    assert (await client.find(Event="Newchannel"))["Channel"].startswith("Local/200@")
    [session] = office.node.manager.sessions
    assert session.transport == "TLS"


async def test_openssl_s_client(office: Office) -> None:
    path, port = await listening(office)
    process = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", "-quiet", "-verify_return_error", "-CAfile", str(path)),
        *("-connect", f"127.0.0.1:{port}"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    process.stdin.write(b"Action: Login\r\nUsername: boss\r\nSecret: s3cret\r\nEvents: off\r\n\r\n")
    process.stdin.write(b"Action: Ping\r\n\r\nAction: Logoff\r\n\r\n")
    async with asyncio.timeout(20):
        assert process.stdout is not None
        said = await process.stdout.read()
        await process.wait()
    assert said.startswith(b"Asterisk Call Manager/")
    assert b"Authentication accepted" in said
    assert b"Ping: Pong" in said
    assert b"Response: Goodbye" in said


async def test_who_speaks_plainly_there_is_left(office: Office) -> None:
    """And does no harm to others."""
    path, port = await listening(office)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"Action: Login\r\nUsername: boss\r\nSecret: s3cret\r\n\r\n")
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        async with asyncio.timeout(20):
            await reader.readuntil(b"Asterisk Call Manager")
    writer.close()
    client = await Client.connect(port, ssl.create_default_context(cafile=str(path)))
    office.clients.append(client)
    await client.log_in()
    assert (await client.ask("Ping"))["Ping"] == "Pong"
