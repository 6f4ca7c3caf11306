"""Addresses where nobody is: silence, ICMP errors, and how fast the next one is tried."""

import socket

import pytest
from nodes import Peer, fixed_lookup
from simnet import World
from test_transport import MESSAGE, config, make

from offhook.sip.network import Hop
from offhook.sip.resolver import Target

A, B, C = "192.0.2.1", "192.0.2.2", "192.0.2.3"

__all__ = ["make"]


@pytest.fixture
def world():
    return World()


def test_a_silent_address_is_not_waited_for_while_there_is_another(world):
    a, c = Peer(world, A), Peer(world, C)
    a.ua.resolver = fixed_lookup(Target("UDP", B, 5060), Target("UDP", C, 5060))
    c.answer(200)
    a.send("INVITE", "sip:example.com")
    world.run(3.9)
    assert not c.requests
    world.run(0.2)
    assert a.statuses == [200]
    world.run(60)
    assert not a.ua._clients
    assert world.pending() == 0


def test_a_silent_address_that_speaks_later_gets_a_cancel(world):
    a, b, c = Peer(world, A), Peer(world, B), Peer(world, C)
    a.ua.resolver = fixed_lookup(Target("UDP", B, 5060), Target("UDP", C, 5060))
    c.answer(180)
    world.lose = lambda source, to, data: source == B
    outgoing = a.send("INVITE", "sip:example.com")
    world.run(5)
    world.lose = lambda source, to, data: False
    assert outgoing.hop == Hop(1, C, 5060)
    assert len(b.requests) == 1
    assert "CANCEL sip:example.com SIP/2.0" not in world.texts(A)
    b.requests[0].respond(180)
    world.run(0.1)
    assert [to for s, to, d in world.sent if d.startswith(b"CANCEL ")] == [B]
    assert a.statuses == [180]  # of the second only
    c.requests[0].respond(200)
    world.run(0.1)
    assert a.statuses == [180, 200]


def test_the_only_address_has_its_time(world):
    a, b = Peer(world, A), Peer(world, B)
    a.ua.resolver = fixed_lookup(Target("UDP", B, 5060))
    a.send("OPTIONS", "sip:example.com")
    world.run(31)
    assert not a.statuses
    b.requests[0].respond(200)
    world.run(0.1)
    assert a.statuses == [200]


def test_an_icmp_error_is_the_end_of_an_address(world):
    a, c = Peer(world, A), Peer(world, C)
    a.ua.resolver = fixed_lookup(Target("UDP", B, 5060), Target("UDP", C, 5060))
    c.answer(200)
    a.send("INVITE", "sip:example.com")
    world.run(0.1)
    a.ua.undeliverable(world.sent[0][2][:300])
    world.run(0.1)
    assert a.statuses == [200]
    # one that comes late, and those of others, change nothing
    a.ua.undeliverable(world.sent[0][2])
    a.ua.undeliverable(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKx\r\n")
    a.ua.undeliverable(b"")
    world.run(0.1)
    assert a.statuses == [200]


def refused(world, peer):
    """What the peer has sent meets an ICMP error."""
    data = world.sent[-1][2]
    peer.ua.undeliverable(data)
    return data


def test_the_only_address_is_asked_again_for_a_moment(world):
    """A phone that starts just now."""
    a, b = Peer(world, A), Peer(world, B)
    a.ua.resolver = fixed_lookup(Target("UDP", B, 5060))
    world.lose = lambda source, to, data: True
    a.send("OPTIONS", "sip:example.com")
    first = refused(world, a)
    world.run(0.24)
    assert world.sent[-1][2] == first
    world.lose = lambda source, to, data: False
    b.answer(200)
    world.run(0.1)
    assert a.statuses == [200]
    assert world.sent[-2][2].split(b"branch=")[1] != first.split(b"branch=")[1]
    world.run(60)
    assert world.pending() == 0


def test_an_address_that_refuses_again_and_again_is_given_up(world):
    a = Peer(world, A)
    a.ua.resolver = fixed_lookup(Target("UDP", B, 5060))
    a.send("INVITE", "sip:example.com")
    for delay in (0.25, 0.5, 1.0):
        refused(world, a)
        world.run(delay + 0.01)
        assert a.statuses == []
    refused(world, a)
    world.run(0.01)
    assert a.statuses == [503]
    assert len({data for _, _, data in world.sent}) == 4


def test_a_request_that_nobody_listens_to_waits_as_long_as_for_an_answer(world):
    a, b = Peer(world, A), Peer(world, B)
    a.ua.resolver = fixed_lookup(Target("UDP", B, 5060))
    world.lose = lambda source, to, data: True
    a.send("REGISTER", "sip:example.com")
    for delay in (0.25, 0.5, 1.0, 2.0, 4.0, 4.0):
        refused(world, a)
        world.run(delay + 0.01)
    assert a.statuses == []
    world.lose = lambda source, to, data: False
    b.answer(200)
    refused(world, a)
    world.run(5)
    assert a.statuses == [200]


def test_a_call_that_waits_for_an_address_can_be_cancelled(world):
    a = Peer(world, A)
    a.ua.resolver = fixed_lookup(Target("UDP", B, 5060))
    outgoing = a.send("INVITE", "sip:example.com")
    refused(world, a)
    outgoing.cancel()
    world.run(5)
    assert a.statuses == [487]
    assert not [data for _, _, data in world.sent if data.startswith(b"CANCEL")]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_what_meets_an_icmp_error_comes_back(make, host):
    """Nobody listens there; others are sent to and heard as before."""
    (a, errors), (b, heard) = make(), make()
    a.listen(config(host=host))
    port = b.listen(config(host=host))
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((host, 0))
        nobody = free.getsockname()[1]
    flow = a.datagram_flow(host).id
    for _ in range(3):
        assert a.send(flow, host, nobody, MESSAGE)
        assert a.send(flow, host, port, MESSAGE)
    await heard.until(lambda r: len(r.messages) == 3)
    await errors.until(lambda r: len(r.returned) == 3)
    assert all(len(data) > 30 and MESSAGE.startswith(data) for data in errors.returned)
    assert a.counters.datagrams_undeliverable == 3
    assert b.send(b.datagram_flow(host).id, host, a.datagram_flow(host).local_port, MESSAGE)
    await errors.until(lambda r: r.messages)
