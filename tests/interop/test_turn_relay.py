"""Calls through a relay: coturn, and two legs that have no other way to each other."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from offhook._core import MediaEngine, Sdp
from offhook.config.errors import Problems
from offhook.config.files.rtp import RtpConf
from offhook.config.pjsip import read_pjsip
from offhook.config.reader import read_text
from offhook.drivers.sip.leg_media import LegMedia
from offhook.drivers.sip.leg_stream import port_options
from offhook.media.gathering import IceServers, Place
from offhook.media.service import MediaService

PASSWORD = "swordfish"
PATIENCE_S = 20.0


def free_port() -> int:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Coturn:
    """A server on loopback, and what it has logged."""

    def __init__(self, place: Place, log: Path) -> None:
        self.place = place
        self._log = log

    def log(self) -> str:
        return self._log.read_text(errors="replace")


@pytest_asyncio.fixture
async def coturn(tmp_path: Path) -> AsyncIterator[Coturn]:
    number, log = free_port(), tmp_path / "turn.log"
    options = [
        "-n",
        *("-L", "127.0.0.1", "-E", "127.0.0.1", "-p", str(number)),
        *("--lt-cred-mech", "-u", f"office:{PASSWORD}", "-r", "example.org"),
        *("--no-cli", "--no-tls", "--no-dtls", "--no-tcp", "--allow-loopback-peers", "--verbose"),
        *("--min-port", "49152", "--max-port", "65535", "--stale-nonce=600"),
        *("--log-file", str(log), "--simple-log", "--pidfile", str(tmp_path / "turn.pid")),
        *("--userdb", str(tmp_path / "turn.db")),
    ]
    process = await asyncio.create_subprocess_exec(
        "turnserver", *options, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    yield Coturn(Place("127.0.0.1", number), log)
    process.terminate()
    await process.wait()


@pytest_asyncio.fixture
async def service() -> AsyncIterator[MediaService]:
    start = min(free_port(), 60_000)
    made = MediaService(MediaEngine(rtp_start=start, rtp_end=start + 200))
    yield made
    made.close()


async def until(condition: object, what: str) -> None:
    assert callable(condition)
    for _ in range(int(PATIENCE_S / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {PATIENCE_S} s: {what}")


def leg(service: MediaService, options: str) -> LegMedia:
    text = "[alice]\ntype=endpoint\nallow=!all,ulaw\nice_support=yes\nrtcp_mux=yes\n" + options
    problems = Problems()
    endpoint = read_pjsip(read_text(text, file="pjsip.conf", problems=problems), problems).endpoints["alice"]
    assert not list(problems), list(problems)
    service.gatherer.expect(port_options(endpoint, RtpConf(), "audio", "0.0.0.0"))
    return LegMedia(service, endpoint, RtpConf())


def stats(one: LegMedia) -> dict[str, int]:
    assert one.port is not None
    return {name: int(value) for name, value in one.port.stats().items() if isinstance(value, int)}


def with_candidates(sdp: Sdp, kind: str, port: int | None = None) -> Sdp:
    """With the candidates of this kind alone; `port`: at this port in place of theirs."""
    lines: list[str] = []
    for line in sdp.to_bytes().decode().split("\r\n"):
        if line.startswith("a=candidate:"):
            words = line.split()
            if words[7] != kind:
                continue
            if port is not None:
                words[5] = str(port)
            line = " ".join(words)
        lines.append(line)
    return Sdp.parse("\r\n".join(lines).encode())


async def begin(service: MediaService, coturn: Coturn, options: str, password: str = PASSWORD) -> LegMedia:
    """A leg that has asked for a relay."""
    caller = leg(service, options)
    gatherer = service.gatherer
    servers = IceServers(turn=coturn.place, username="office", password=password, software="Offhook")
    gatherer.configure(servers)
    pools = gatherer._pools  # pyright: ignore[reportPrivateUsage]
    await until(
        lambda: gatherer.failures or any(port.relayed for pool in pools.values() for port in pool.ports),
        "an answer of the relay",
    )
    return caller


@pytest.mark.parametrize("encryption", ["no", "dtls"])
async def test_a_call_through_the_relay(service: MediaService, coturn: Coturn, encryption: str) -> None:
    await until(lambda: "listener opened" in coturn.log() if coturn._log.exists() else False, "coturn")
    options = f"media_encryption={encryption}\n"
    caller = await begin(service, coturn, options)
    offer = caller.offer("127.0.0.1")
    service.gatherer.configure(IceServers())  # the callee has host candidates alone
    relays = [v for v in offer.media[0].attribute_values("candidate") if " typ relay " in v]
    assert relays
    callee = leg(service, options)
    answer = callee.answer(with_candidates(Sdp.parse(offer.to_bytes()), "relay"), "127.0.0.1")
    # The caller knows nothing but the callee's address: what the callee's checks come from is learned.
    caller.accept_answer(with_candidates(Sdp.parse(answer.to_bytes()), "host", free_port()))
    for each in (caller, callee):
        assert each.port is not None
        each.port.start_tones([(440.0, 0.0, False, 0, False)])
    await until(lambda: min(stats(each)["rx_packets"] for each in (caller, callee)) >= 50, "audio both ways")
    assert stats(caller)["relay_in"] >= 50
    assert stats(caller)["relay_out"] >= 50
    assert stats(callee)["relay_in"] == stats(callee)["relay_out"] == 0
    assert stats(caller)["drop_crypto"] == 0
    assert "CHANNEL_BIND processed, success" in coturn.log()
    assert "CREATE_PERMISSION processed, success" in coturn.log()
    assert caller.port is not None
    caller.port.close()
    await until(lambda: re.search(r"lifetime=0", coturn.log()), "the relay's release")


async def test_a_wrong_password(
    service: MediaService, coturn: Coturn, caplog: pytest.LogCaptureFixture
) -> None:
    await until(lambda: "listener opened" in coturn.log() if coturn._log.exists() else False, "coturn")
    with caplog.at_level("WARNING"):
        caller = await begin(service, coturn, "", "wrong")
    assert "the TURN server refuses a relay: 401" in caplog.text
    offer = caller.offer("127.0.0.1")
    assert not any(" typ relay " in value for value in offer.media[0].attribute_values("candidate"))
