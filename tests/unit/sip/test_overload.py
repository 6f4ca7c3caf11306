import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nodes import Peer
from simnet import World

from offhook.sip.overload import Admission, OverloadConfig

A, PHONE, STRANGER = "192.0.2.1", "192.0.2.2", "203.0.113.66"


class Pbx:
    """A user agent behind admission control, whose work takes time."""

    def __init__(self, trusted=None, **config):
        self.world = World()
        self.peer = Peer(self.world, A)
        self.phone = Peer(self.world, PHONE)
        self.stranger = Peer(self.world, STRANGER)
        self.cost = 0.0  # seconds that each INVITE takes
        self.admission = Admission(
            self.peer.ua, OverloadConfig(**config), trusted=trusted, random_source=random.Random(1)
        )
        self.peer.ua.on_request = self.on_request

    def on_request(self, request):
        self.peer.requests.append(request)
        if request.message.method == "INVITE":
            self.world.time += self.cost
            request.respond(486)
        else:
            request.respond(200)

    def batch(self, source, datagrams):
        """What arrives before the loop comes round."""
        receiver = self.peer.network.receiver
        for data in datagrams:
            receiver.received(1, source.host, 5060, data)
        receiver.read_done()

    def invites(self, source, count, **headers):
        return [self.raw(source, "INVITE", **headers) for _ in range(count)]

    def raw(self, source, method, **headers):
        message = source.message(method, f"sip:{A}", **headers)
        message.prepend("Via", f"SIP/2.0/UDP {source.host}:5060;branch=z9hG4bK{random.random()};rport")
        return message.to_bytes()

    def answers(self, source):
        """Status codes sent to this address, repetitions left out."""
        sent = dict.fromkeys(d for s, to, d in self.world.sent if s == A and to == source.host)
        return [int(data.split(b" ")[1]) for data in sent]


def test_in_peace_everything_is_processed():
    pbx = Pbx()
    for _ in range(20):
        pbx.batch(pbx.stranger, [pbx.raw(pbx.stranger, "OPTIONS")])
        pbx.world.run(0.01)
    assert pbx.answers(pbx.stranger) == [200] * 20
    assert pbx.admission.counters.refused == 0


def test_a_flood_of_a_stranger_is_dropped_and_the_phone_does_not_notice():
    pbx = Pbx()
    pbx.admission.vouch(PHONE)
    pbx.cost = 0.0005
    for _ in range(50):
        pbx.batch(pbx.stranger, pbx.invites(pbx.stranger, 200))
        pbx.batch(pbx.phone, [pbx.raw(pbx.phone, "REGISTER")])
        pbx.world.run(0.010)
    assert pbx.answers(pbx.phone) == [200] * 50
    counters = pbx.admission.counters
    assert counters.dropped_source > 9000
    assert len(pbx.answers(pbx.stranger)) < 500


def test_a_flood_with_spoofed_addresses_meets_the_common_bucket_and_is_bounded():
    pbx = Pbx(max_strangers=1000)
    pbx.admission.vouch(PHONE)
    data = pbx.raw(pbx.stranger, "REGISTER")
    receiver = pbx.peer.network.receiver
    for number in range(20_000):
        receiver.received(1, f"198.51.{number >> 8}.{number & 255}", 5060, data)
    receiver.read_done()
    assert len(pbx.admission._buckets) <= 1000
    assert pbx.admission.counters.dropped_all >= 18_000
    pbx.batch(pbx.phone, [pbx.raw(pbx.phone, "REGISTER")])
    pbx.world.run(1)
    assert pbx.answers(pbx.phone) == [200]


def test_a_strangers_tokens_come_back():
    pbx = Pbx(stranger_burst=5, stranger_rate=10)
    pbx.batch(pbx.stranger, [pbx.raw(pbx.stranger, "OPTIONS") for _ in range(20)])
    pbx.world.run(1.0)
    assert len(pbx.answers(pbx.stranger)) == 5
    pbx.batch(pbx.stranger, [pbx.raw(pbx.stranger, "OPTIONS") for _ in range(20)])
    pbx.world.run(1.0)
    assert len(pbx.answers(pbx.stranger)) == 10


def test_who_has_authenticated_is_no_stranger():
    pbx = Pbx(stranger_burst=5, stranger_rate=0.1)
    pbx.admission.vouch(STRANGER)
    pbx.batch(pbx.stranger, [pbx.raw(pbx.stranger, "OPTIONS") for _ in range(50)])
    pbx.world.run(1.0)
    assert pbx.answers(pbx.stranger) == [200] * 50


def test_configured_addresses_are_asked_for_once():
    asked = []

    def trusted(host):
        asked.append(host)
        return host == PHONE

    pbx = Pbx(trusted=trusted)
    for _ in range(3):
        pbx.batch(pbx.phone, [pbx.raw(pbx.phone, "OPTIONS")])
    assert asked == [PHONE]
    pbx.admission.forget()
    assert pbx.admission.is_known(PHONE)
    assert not pbx.admission.is_known(STRANGER)
    assert asked == [PHONE, PHONE, STRANGER]


def test_who_is_known_is_bounded_and_forgotten():
    pbx = Pbx(max_known=100, known_for=1000)
    for number in range(300):
        pbx.admission.vouch(f"10.0.0.{number}")
    assert len(pbx.admission._known) == 100
    assert pbx.admission.is_known("10.0.0.299")
    pbx.world.run(1001)
    assert not pbx.admission.is_known("10.0.0.299")


def test_whom_we_call_is_known():
    pbx = Pbx()
    pbx.peer.send("OPTIONS", f"sip:{STRANGER}")
    assert pbx.admission.is_known(STRANGER)


def test_a_handful_of_calls_is_no_overload_however_busy_the_machine_is():
    pbx = Pbx()
    receiver = pbx.peer.network.receiver
    for source in (pbx.phone, pbx.stranger):
        if source is pbx.phone:
            pbx.admission.vouch(PHONE)
        for data in pbx.invites(source, 20):
            receiver.received(1, source.host, 5060, data)
    pbx.world.time += 0.3  # the loop was held up
    receiver.read_done()
    pbx.world.run(1)
    assert pbx.answers(pbx.phone) == pbx.answers(pbx.stranger) == [486] * 20


def test_too_many_calls_get_503_at_once_and_those_accepted_stay_fast():
    pbx = Pbx(calm_rate=0)
    pbx.admission.vouch(PHONE)
    pbx.cost = 0.002  # 500 calls a second at most; offered are 2,000
    arrived, waits = {}, []
    process = pbx.peer.ua.process

    def timed(flow, host, port, data):
        waits.append(pbx.world.time - arrived[data])
        process(flow, host, port, data)

    pbx.peer.ua.process = timed
    offered = 0
    started = pbx.world.time
    while pbx.world.time < started + 2:
        batch = pbx.invites(pbx.phone, 10)
        offered += len(batch)
        for data in batch:
            arrived[data] = pbx.world.time
        pbx.batch(pbx.phone, batch)
        pbx.world.run(0.005)
    pbx.world.run(1)
    answers = pbx.answers(pbx.phone)
    assert len(answers) == offered  # everybody has an answer
    accepted = answers.count(486)
    assert accepted + answers.count(503) == offered
    assert accepted > 0.35 * (pbx.world.time - started - 1) / pbx.cost
    assert max(waits) < 0.012
    retry = {d.split(b"Retry-After: ")[1].split(b"\r")[0] for _, _, d in pbx.world.sent if b" 503 " in d[:12]}
    assert len(retry) > 3
    assert retry <= {str(n).encode() for n in range(2, 11)}


def test_calls_in_progress_come_first():
    pbx = Pbx()
    pbx.admission.vouch(PHONE)
    pbx.cost = 0.004
    order = []
    pbx.peer.ua.process = lambda flow, host, port, data: order.append(data[:4])
    to = f"<sip:{A}>;tag=x"
    pbx.batch(
        pbx.phone,
        [
            *pbx.invites(pbx.phone, 3),
            pbx.raw(pbx.phone, "BYE", to=to),
            pbx.raw(pbx.phone, "INVITE", to=to) + b" ",
            pbx.raw(pbx.phone, "ACK", to=to),
            b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1\r\n\r\n",
            pbx.raw(pbx.phone, "INFO", to=to).replace(b"\nTo:", b"\nt :"),
        ],
    )
    assert order[:5] == [b"BYE ", b"INVI", b"ACK ", b"SIP/", b"INFO"]
    assert order[5:] == [b"INVI"] * 3


def test_a_cancel_does_not_overtake_its_invite():
    pbx = Pbx()
    for host in (PHONE, STRANGER):
        order = []
        pbx.peer.ua.process = lambda flow, host, port, data, order=order: order.append(data[:4])
        if host == PHONE:
            pbx.admission.vouch(host)
        source = pbx.phone if host == PHONE else pbx.stranger
        pbx.batch(source, [pbx.raw(source, "INVITE"), pbx.raw(source, "CANCEL")])
        assert order == [b"INVI", b"CANC"]


def test_a_strangers_bye_counts_only_for_a_dialog_that_there_is():
    pbx = Pbx(stranger_burst=2, stranger_rate=0.1)

    class Usage:
        seen = 0

        def on_request(self, request):
            self.seen += 1
            request.respond(200)

    usage = Usage()
    pbx.peer.ua.add_dialog("mine", "tag", usage)
    wrong = [pbx.raw(pbx.stranger, "BYE", call_id="other", to=f"<sip:{A}>;tag=tag") for _ in range(50)]
    right = [
        pbx.raw(pbx.stranger, "INFO", call_id="mine", to=f"<sip:{A}>;tag=tag", cseq=n + 1, tag=str(n))
        for n in range(50)
    ]
    pbx.batch(pbx.stranger, [*wrong, *right])
    pbx.world.run(1)
    answers = pbx.answers(pbx.stranger)
    assert answers.count(481) == 2
    assert answers.count(200) == 50
    assert usage.seen == 50


def test_a_queue_is_never_longer_than_allowed():
    pbx = Pbx(max_queue=100)
    pbx.admission.vouch(PHONE)
    receiver = pbx.peer.network.receiver
    for data in pbx.invites(pbx.phone, 300):
        receiver.received(1, PHONE, 5060, data)
    assert len(pbx.admission._known_queue) == 100
    assert pbx.admission.counters.dropped_queue == 200


def test_a_repeated_invite_of_a_call_in_progress_is_not_refused():
    pbx = Pbx(calm_rate=0)
    pbx.admission.vouch(PHONE)
    pbx.peer.ua.on_request = lambda request: pbx.peer.requests.append(request)
    invite = pbx.raw(pbx.phone, "INVITE")
    pbx.batch(pbx.phone, [invite])
    assert len(pbx.peer.requests) == 1
    pbx.peer.network.receiver.received(1, PHONE, 5060, invite)
    pbx.world.time += 1.0  # the loop was held up
    pbx.peer.network.receiver.read_done()
    pbx.world.run(0.1)
    assert pbx.admission.counters.refused == 1
    assert 503 not in pbx.answers(pbx.phone)


def test_a_slow_turn_means_fewer_calls_and_a_fast_one_more():
    pbx = Pbx()
    pbx.admission.vouch(PHONE)
    pbx.cost = 0.010
    for _ in range(10):
        pbx.batch(pbx.phone, pbx.invites(pbx.phone, 3))
        pbx.world.run(0.1)
    low = pbx.admission.calls_a_turn
    assert low < 10
    pbx.cost = 0.0
    for _ in range(100):
        pbx.batch(pbx.phone, pbx.invites(pbx.phone, 1))
        pbx.world.run(0.1)
    assert pbx.admission.calls_a_turn == 64


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\0\0\0\0", b"jaK\0" * 5])
def test_keep_alives_cost_nothing(data):
    pbx = Pbx()
    pbx.batch(pbx.stranger, [data])
    assert pbx.admission.counters.keep_alives == 1
    assert pbx.peer.ua.counters.rejected == 0


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_taken_without_an_exception(data, known):
    pbx = Pbx()
    if known:
        pbx.admission.vouch(STRANGER)
    pbx.batch(pbx.stranger, [data, b"INVITE " + data, b"x" * 40 + b"\nTo:" + data])
    pbx.world.run(0.1)
