"""The transaction layer as Python sees it; its behaviour is tested in Rust (rust/sip/src/stack/tests)."""

import pytest

from offhook._core import (
    AckMissing,
    AckReceived,
    CancelReceived,
    Message,
    Rejected,
    RequestReceived,
    ResponseReceived,
    SipEvent,
    SipStack,
    TransactionFailed,
)

UDP, TCP = 1, 2
ALICE, BOB = "192.0.2.1", "192.0.2.2"


def make_stack(host: str) -> SipStack:
    stack = SipStack(seed=len(host))
    stack.add_flow(UDP, "UDP", f"{host}:5060", reliable=False)
    stack.add_flow(TCP, "TCP", f"{host}:5060", reliable=True)
    return stack


def make_request(method: str, call_id: str = "c1", to_tag: str = "") -> Message:
    message = Message.request(method, f"sip:bob@{BOB}")
    message.add("From", f"<sip:alice@{ALICE}>;tag=alice")
    message.add("To", f"<sip:bob@{BOB}>" + (f";tag={to_tag}" if to_tag else ""))
    message.add("Call-ID", call_id)
    message.add("CSeq", f"1 {method}")
    return message


class Link:
    """Two stacks joined by a perfect network without delay."""

    def __init__(self) -> None:
        self.alice, self.bob = make_stack(ALICE), make_stack(BOB)
        self.now = 100.0

    def deliver(self) -> tuple[list[SipEvent], list[SipEvent]]:
        """Carry everything over; what came out at alice's and at bob's."""
        out: tuple[list[SipEvent], list[SipEvent]] = ([], [])
        moved = True
        while moved:
            moved = False
            for source, here, target, events in (
                (ALICE, self.alice, self.bob, out[1]),
                (BOB, self.bob, self.alice, out[0]),
            ):
                for flow, _host, _port, data in here.take_transmits():
                    moved = True
                    events += target.receive(data, flow, source, 5060, self.now)
        return out

    def wait(self, seconds: float) -> tuple[list[SipEvent], list[SipEvent]]:
        """Only timers; nothing is carried over."""
        self.now += seconds
        return self.alice.handle_timeout(self.now), self.bob.handle_timeout(self.now)


@pytest.fixture
def link() -> Link:
    return Link()


def only(events: list[SipEvent]) -> SipEvent:
    assert len(events) == 1, events
    return events[0]


def invite(link: Link) -> tuple[int, RequestReceived]:
    txn = link.alice.request(make_request("INVITE"), UDP, BOB, 5060, link.now)
    event = only(link.deliver()[1])
    assert isinstance(event, RequestReceived)
    return txn, event


def test_a_call_from_invite_to_ack(link: Link) -> None:
    message = make_request("INVITE")
    txn = link.alice.request(message, UDP, BOB, 5060, link.now)
    assert message.get("Via") is None, "the caller's message is not touched"
    (flow, host, port, data) = link.alice.take_transmits()[0]
    assert (flow, host, port) == (UDP, BOB, 5060)
    assert data.startswith(
        b"INVITE sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK"
    )
    event = only(link.bob.receive(data, UDP, ALICE, 5060, link.now))
    assert isinstance(event, RequestReceived)
    assert (event.flow, event.host, event.port) == (UDP, ALICE, 5060)
    assert event.message.method == "INVITE"
    for status in (180, 200):
        link.bob.respond(event.txn, Message.response(event.message, status, to_tag="bob"), link.now)
        answer = only(link.deliver()[0])
        assert isinstance(answer, ResponseReceived)
        assert (answer.txn, answer.message.status, answer.message.to_tag) == (txn, status, "bob")
        assert (answer.flow, answer.host, answer.port) == (UDP, BOB, 5060)
    link.alice.send_ack(txn, make_request("ACK", to_tag="bob"), UDP, BOB, 5060, link.now)
    ack = only(link.deliver()[1])
    assert isinstance(ack, AckReceived)
    assert ack.txn == event.txn
    assert link.wait(3600) == ([], [])
    assert (link.alice.transactions(), link.bob.transactions()) == (0, 0)
    assert link.alice.next_timeout() is None


def test_time_is_in_seconds(link: Link) -> None:
    link.alice.request(make_request("OPTIONS"), UDP, BOB, 5060, 100.25)
    assert link.alice.next_timeout() == 100.75
    assert len(link.alice.take_transmits()) == 1
    assert link.alice.handle_timeout(100.749) == []
    assert link.alice.take_transmits() == []
    link.alice.handle_timeout(100.75)
    assert len(link.alice.take_transmits()) == 1
    # What next_timeout() says is enough, whatever the fractions.
    for start in (0.1, 1 / 3, 1e9 + 0.3):
        stack = make_stack(ALICE)
        stack.request(make_request("OPTIONS"), UDP, BOB, 5060, start)
        stack.take_transmits()
        due = stack.next_timeout()
        assert due is not None
        stack.handle_timeout(due)
        assert len(stack.take_transmits()) == 1


def test_failures_are_reported(link: Link) -> None:
    txn = link.alice.request(make_request("OPTIONS"), UDP, BOB, 5060, link.now)
    failed = only(link.wait(33)[0])
    assert isinstance(failed, TransactionFailed)
    assert (failed.txn, failed.why) == (txn, "timeout")
    txn = link.alice.request(make_request("OPTIONS"), TCP, BOB, 5060, link.now)
    failed = only(link.alice.remove_flow(TCP, link.now))
    assert isinstance(failed, TransactionFailed)
    assert (failed.txn, failed.why) == (txn, "transport")


def test_missing_acks_are_reported(link: Link) -> None:
    _, event = invite(link)
    progress = Message.response(event.message, 183, to_tag="bob")
    link.bob.respond(event.txn, progress, link.now, reliable_provisional=True)
    missing: list[SipEvent] = []
    while not missing:
        link.now = link.bob.next_timeout() or 0
        missing = link.bob.handle_timeout(link.now)
    first = only(missing)
    assert isinstance(first, AckMissing)
    assert (first.txn, first.reliable_provisional) == (event.txn, True)
    link.bob.respond(event.txn, Message.response(event.message, 200, to_tag="bob"), link.now)
    second = only(link.wait(33)[1])
    assert isinstance(second, AckMissing)
    assert not second.reliable_provisional


def test_prack_stops_the_repetition(link: Link) -> None:
    _, event = invite(link)
    progress = Message.response(event.message, 183, to_tag="bob")
    link.bob.respond(event.txn, progress, link.now, reliable_provisional=True)
    link.bob.provisional_acked(event.txn)
    link.bob.take_transmits()
    assert link.wait(60)[1] == []
    assert link.bob.take_transmits() == []


def test_cancel_both_ways(link: Link) -> None:
    txn, event = invite(link)
    link.bob.respond(event.txn, Message.response(event.message, 180, to_tag="bob"), link.now)
    link.deliver()
    link.alice.cancel(txn, link.now, reason='Q.850;cause=16;text="bye"')
    at_alice, at_bob = link.deliver()
    assert at_alice == []
    cancel = only(at_bob)
    assert isinstance(cancel, CancelReceived)
    assert cancel.txn == event.txn
    assert cancel.message.get("Reason") == 'Q.850;cause=16;text="bye"'
    link.bob.respond(event.txn, Message.response(event.message, 487, to_tag="bob"), link.now)
    final = only(link.deliver()[0])
    assert isinstance(final, ResponseReceived)
    assert final.message.status == 487


def test_refusals_are_told_and_answered(link: Link) -> None:
    rejected = only(link.bob.receive(b"INVITE nonsense\r\n\r\n", UDP, ALICE, 5060, link.now))
    assert isinstance(rejected, Rejected)
    assert (rejected.status, rejected.flow, rejected.host, rejected.port) == (400, UDP, ALICE, 5060)
    assert rejected.why
    assert link.bob.take_transmits() == []
    full = SipStack(max_transactions=0)
    full.add_flow(UDP, "UDP", f"{BOB}:5060", reliable=False)
    link.alice.request(make_request("INVITE"), UDP, BOB, 5060, link.now)
    rejected = only(full.receive(link.alice.take_transmits()[0][3], UDP, ALICE, 5060, link.now))
    assert isinstance(rejected, Rejected)
    assert rejected.status == 503
    answer = Message.parse(full.take_transmits()[0][3])
    assert answer.status == 503
    assert answer.get("Retry-After") is not None
    assert full.stats()["overload"] == 1


def test_a_stateless_answer_leaves_nothing(link: Link) -> None:
    txn, event = invite(link)
    link.bob.respond(event.txn, Message.response(event.message, 401), link.now, forget=True)
    at_alice, at_bob = link.deliver()
    assert at_bob == [], "the ACK is absorbed"
    answer = only(at_alice)
    assert isinstance(answer, ResponseReceived)
    assert (answer.txn, answer.message.status) == (txn, 401)
    assert link.bob.transactions() == 0
    assert link.bob.next_timeout() is None


def test_force_rport_answers_to_the_source() -> None:
    text = (
        b"OPTIONS sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9:5062;branch=z9hG4bK1\r\n"
        b"From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n"
    )
    for to_source, port in ((False, 5062), (True, 40000)):
        stack = make_stack(BOB)
        event = only(stack.receive(text, UDP, ALICE, 40000, 0.0))
        assert isinstance(event, RequestReceived)
        ok = Message.response(event.message, 200, to_tag="b")
        stack.respond(event.txn, ok, 0.0, to_source=to_source)
        assert stack.take_transmits()[0][:3] == (UDP, ALICE, port)


def test_ipv6_hosts_come_back_as_given() -> None:
    stack = make_stack(ALICE)
    stack.add_flow(3, "UDP", "[2001:db8::1]:5060", reliable=False)
    for host in ("2001:db8::2", "fe80::1%eth0", "bob.example.com"):
        stack.request(make_request("OPTIONS"), 3, host, 5060, 0.0)
        assert stack.take_transmits()[0][1] == host


def test_mistakes_of_the_caller_are_value_errors(link: Link) -> None:
    with pytest.raises(ValueError, match="no flow 9"):
        link.alice.receive(b"", 9, BOB, 5060, 0.0)
    with pytest.raises(ValueError, match="no flow 9"):
        link.alice.request(make_request("INVITE"), 9, BOB, 5060, 0.0)
    with pytest.raises(ValueError, match="ACK"):
        link.alice.request(make_request("ACK"), UDP, BOB, 5060, 0.0)
    with pytest.raises(ValueError, match="Call-ID"):
        link.alice.request(Message.request("INVITE", "sip:b@h"), UDP, BOB, 5060, 0.0)
    with pytest.raises(ValueError, match="Via"):
        link.alice.add_flow(4, "UDP", "not a host", reliable=False)
    with pytest.raises(ValueError, match="timers"):
        SipStack(t1_ms=0)
    _, event = invite(link)
    with pytest.raises(ValueError, match="response"):
        link.bob.respond(event.txn, event.message, link.now)


def test_counters_have_names(link: Link) -> None:
    invite(link)
    stats = link.bob.stats()
    assert stats["requests_received"] == 1
    assert all(isinstance(value, int) for value in stats.values())
    assert {"retransmissions_sent", "malformed", "merged", "stray_responses", "timeouts"} <= set(stats)
