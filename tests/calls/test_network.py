"""The simulated network itself."""

from itertools import pairwise

import pytest

from calls.network import Clock, Link, SimulatedNetwork

A, B = "192.0.2.1", "192.0.2.2"


class Inbox:
    def __init__(self, node):
        self.node = node
        self.got = []
        self.flows = {}
        self.closed = []
        node.attach(self)

    def flow_opened(self, flow):
        self.flows[flow.id] = flow

    def flow_closed(self, flow, why):
        self.closed.append((flow.id, why))

    def received(self, flow, host, port, data):
        self.got.append((round(self.node.now() - 1000, 6), flow, host, port, data))

    def undeliverable(self, data):
        pass

    def read_done(self):
        pass

    @property
    def numbers(self):
        return [int(data) for *_, data in self.got]


def pair(seed=1, link=None, streams=False):
    clock = Clock()
    network = SimulatedNetwork(clock, seed, link)
    a = Inbox(network.node("a", A, streams=streams))
    b = Inbox(network.node("b", B, streams=streams))
    return clock, network, a, b


def flood(seed, link, count=2000, apart=0.001):
    clock, network, a, b = pair(seed, link)
    for number in range(count):
        clock.call_later(number * apart, lambda n=number: a.node.send(1, B, 5060, b"%d" % n))
    assert clock.run_until_idle(60)
    assert network.in_flight == 0
    return b.got, b.numbers


def test_a_good_link_delivers_in_order():
    got, numbers = flood(1, Link(delay=0.05))
    assert numbers == list(range(2000))
    assert got[0] == (0.05, 1, A, 5060, b"0")


def test_a_bad_link_does_what_it_says():
    _, numbers = flood(1, Link(loss=0.1, duplicate=0.05, reorder=0.05, jitter=0.0005))
    kinds = set(numbers)
    assert 0.07 < 1 - len(kinds) / 2000 < 0.13
    assert 0.03 < (len(numbers) - len(kinds)) / 2000 < 0.07
    overtaken = sum(a > b for a, b in pairwise(numbers))
    assert 0.02 < overtaken / 2000 < 0.2


def test_the_same_seed_is_the_same_weather():
    link = Link(loss=0.1, duplicate=0.05, reorder=0.05, jitter=0.01)
    assert flood(7, link) == flood(7, link)
    assert flood(7, link) != flood(8, link)


def test_links_have_chances_of_their_own():
    """What a third node sends does not change what happens between two."""

    def run(others):
        clock, network, a, b = pair(3, Link(loss=0.3))
        c = Inbox(network.node("c", "192.0.2.3"))
        for number in range(100):
            a.node.send(1, B, 5060, b"%d" % number)
            if others:
                c.node.send(1, B, 5060, b"-1")
        clock.run(1)
        return [number for number in b.numbers if number >= 0]

    assert run(True) == run(False)


def test_decide_comes_before_chance():
    clock, network, a, b = pair(1, Link(loss=1.0))
    network.decide = lambda packet: packet.data != b"2"
    for number in range(4):
        a.node.send(1, B, 5060, b"%d" % number)
    clock.run(1)
    assert b.numbers == [0, 1, 3]
    assert [p.fate for p in network.packets("a")] == ["", "", "lost", ""]


def test_nobody_gets_what_goes_to_no_address():
    clock, _, a, b = pair()
    assert a.node.send(1, "192.0.2.77", 5060, b"1")
    assert a.node.send(1, B, 5061, b"2")
    b.node.plugged = False
    assert a.node.send(1, B, 5060, b"3")
    clock.run(1)
    assert b.got == []
    a.node.unreachable.add(B)
    assert not a.node.send(1, B, 5060, b"4")


def test_a_node_can_have_several_sockets():
    clock, _, a, b = pair()
    second = a.node.add_datagram_flow(A, 5070, "other")
    assert a.node.datagram_flow(B, "other") is second
    a.node.send(second.id, B, 5060, b"1")
    b.node.send(1, A, 5070, b"2")
    clock.run(1)
    assert b.got[0][2:4] == (A, 5070)
    assert a.got[0][1] == second.id


def test_a_connection_keeps_the_order_and_loses_nothing():
    clock, _, a, b = pair(5, Link(loss=0.3, jitter=0.05), streams=True)
    opened = []
    a.node.open_stream("TCP", B, 5060, lambda flow, why: opened.append((flow, why)))
    a.node.open_stream("TCP", B, 5060, lambda flow, why: opened.append((flow, why)))
    clock.run(1)
    (flow, why), (same, _) = opened
    assert why == ""
    assert flow is same
    assert flow.outgoing
    for number in range(200):
        a.node.send(flow.id, B, 5060, b"%d" % number)
    clock.run(60)
    assert b.numbers == list(range(200))
    back = b.got[0][1]
    assert b.flows[back].remote_host == A
    b.node.send(back, *b.got[0][2:4], b"7")
    clock.run(2)
    assert a.numbers == [7]


def test_a_closed_connection_is_closed_for_both():
    clock, _, a, b = pair(5, streams=True)
    a.node.open_stream("TLS", B, 5060, lambda flow, why: a.node.send(flow.id, B, 5060, b"1"))
    clock.run(1)
    flow = next(flow for flow in a.flows.values() if flow.secure)
    a.node.send(flow.id, B, 5060, b"2")
    a.node.close_flow(flow.id)
    clock.run(1)
    assert b.numbers == [1, 2]
    assert [why for _, why in a.closed + b.closed] == ["closed", "closed by the peer"]
    assert not a.node.send(flow.id, B, 5060, b"3")
    assert a.node.stream_flow("TLS", B, 5060) is None


@pytest.mark.parametrize(("there", "streams"), [(True, False), (False, True)])
def test_a_refused_connection(there, streams):
    clock, _, a, _ = pair(streams=streams)
    told = []
    a.node.open_stream("TCP", B if there else "192.0.2.9", 5060, lambda flow, why: told.append((flow, why)))
    assert told == []
    clock.run(1)
    assert told == [(None, "refused")]


def test_the_ladder_names_the_seed_and_the_fates():
    clock, network, a, b = pair(99)
    fates = iter([True, False])
    network.decide = lambda packet: next(fates)
    a.node.send(1, B, 5060, b"OPTIONS sip:b SIP/2.0\r\nCSeq: 7 OPTIONS\r\n\r\n")
    b.node.send(1, A, 5060, b"SIP/2.0 200 OK\r\nCSeq: 7 OPTIONS\r\nContent-Length: 2\r\n\r\nv=")
    network.note("b", "said yes")
    clock.run(1)
    ladder = network.ladder()
    assert "seed 99" in ladder
    assert " OPTIONS 7 " in ladder
    assert "200 OPTIONS 7 sdp" in ladder
    assert "* said yes" in ladder
    assert "<X" in ladder
    assert network.meaning() == [
        (0, "a", "b", "OPTIONS 7", ""),
        (0, "b", "a", "200 OPTIONS 7 sdp", "lost"),
        (0, "b", "", "said yes", ""),
    ]


def test_the_clock_runs_events_of_one_moment_in_order():
    clock = Clock()
    seen = []
    for number in range(5):
        clock.call_at(1001, lambda n=number: seen.append(n))
    timer = clock.call_at(1001, lambda: seen.append("never"))
    timer.cancel()
    clock.call_at(1001, lambda: clock.call_soon(lambda: seen.append("soon")))
    assert len(clock.pending()) == 6
    clock.run(1)
    assert seen == [0, 1, 2, 3, 4, "soon"]
    assert clock.pending() == []
    assert clock.time() == 1001
