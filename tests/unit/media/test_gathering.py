"""Ports of which a STUN server has told: kept ready, taken by calls, asked from the right addresses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from offhook.config.values import permits, rules
from offhook.media.gathering import IceServers, Place, PortOptions
from offhook.media.service import MediaService
from unit.drivers.legs import leg, media_service, until
from unit.media.stun_server import StunServer

OPTIONS = PortOptions("0.0.0.0", "audio", False, 0, 0, True, True, 4)


@pytest_asyncio.fixture
async def service() -> AsyncIterator[MediaService]:
    with media_service() as made:
        yield made


@pytest_asyncio.fixture
async def server() -> AsyncIterator[tuple[StunServer, Place]]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        StunServer, local_addr=("127.0.0.1", 0)
    )
    yield protocol, Place("localhost", transport.get_extra_info("sockname")[1])
    transport.close()


def spare(service: MediaService) -> int:
    """Ports that are ready, with a candidate of theirs."""
    pools = service.gatherer._pools.values()  # pyright: ignore[reportPrivateUsage]
    return sum(bool(port.reflexive) for pool in pools for port in pool.ports)


async def test_ports_are_ready_and_others_take_their_place(
    service: MediaService, server: tuple[StunServer, Place]
) -> None:
    stun, place = server
    stun.deaf = 1  # the first request gets lost
    gatherer = service.gatherer
    gatherer.configure(IceServers(stun=place, software="Offhook test"))
    gatherer.expect(OPTIONS)
    await until(lambda: spare(service) == 2)
    assert service.ports() == 0, "nobody has one of them"
    port = service.take_port(OPTIONS)
    assert port.reflexive[1] == ("203.0.113.77", port.rtp_port)
    assert port.base == "127.0.0.1"
    assert f"203.0.113.77:{port.rtp_port}" in gatherer.mapped
    await until(lambda: len(port.reflexive) == 2)
    assert port.reflexive[2] == ("203.0.113.77", port.rtcp_port)
    assert service.ports() == 1
    await until(lambda: spare(service) == 2)
    # A burst takes more than there are: the rest have no candidate yet, and more are kept for the next.
    burst = [service.take_port(OPTIONS) for _ in range(5)]
    assert len({each.rtp_port for each in burst}) == 5
    await until(lambda: spare(service) >= 6)
    assert b"Offhook test" in stun.software[0]
    gatherer.configure(IceServers())
    assert (gatherer.spare, gatherer.active) == (0, False)
    assert service.take_port(OPTIONS).reflexive == {}


async def test_what_the_server_refuses_is_told(
    service: MediaService, server: tuple[StunServer, Place], caplog: pytest.LogCaptureFixture
) -> None:
    stun, place = server
    stun.error = True
    with caplog.at_level("WARNING"):
        service.gatherer.configure(IceServers(stun=place))
        service.gatherer.expect(OPTIONS)
        await until(lambda: service.gatherer.failures >= 2)
    assert caplog.text.count("the STUN server answers 420 no!") == 1
    assert service.take_port(OPTIONS).reflexive == {}


async def test_a_name_that_is_none(service: MediaService, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING"):
        service.gatherer.configure(IceServers(stun=Place("stun.invalid", 3478)))
        await until(lambda: "the server stun.invalid cannot be found" in caplog.text)
    stun, _ = service.gatherer.servers
    assert stun is not None
    assert stun.error
    assert service.take_port(OPTIONS).reflexive == {}


async def test_who_may_not_ask_does_not(service: MediaService, server: tuple[StunServer, Place]) -> None:
    stun, place = server
    access = rules(permit=False)("127.0.0.0/8")
    service.gatherer.configure(IceServers(stun=place, asks=lambda host: permits(access, host), rules=access))
    service.gatherer.expect(OPTIONS)
    await until(lambda: service.gatherer.servers[0].addresses)  # type: ignore[union-attr]
    port = service.take_port(OPTIONS)
    await asyncio.sleep(0.1)
    assert (stun.asked, port.reflexive, service.gatherer.spare) == ([], {}, 0)


async def test_offers_have_the_candidate(service: MediaService, server: tuple[StunServer, Place]) -> None:
    _, place = server
    service.gatherer.configure(IceServers(stun=place))
    service.gatherer.expect(OPTIONS)
    await until(lambda: spare(service) == 2)
    one = leg(service, "ice_support=yes")
    offer = one.offer("127.0.0.1")
    assert one.port is not None
    number = one.port.rtp_port
    lines = [line.split() for line in offer.media[0].attribute_values("candidate")]
    found = {(words[1], words[7], words[4], int(words[5])) for words in lines}
    assert ("1", "host", "127.0.0.1", number) in found
    assert ("1", "srflx", "203.0.113.77", number) in found
    reflexive = next(words for words in lines if words[7] == "srflx")
    assert reflexive[8:] == ["raddr", "127.0.0.1", "rport", str(number)]
    assert int(reflexive[3]) < min(int(words[3]) for words in lines if words[7] == "host")
