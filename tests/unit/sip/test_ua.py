import pytest
from nodes import Peer, fixed_lookup
from simnet import World

from offhook._core import Message
from offhook.sip.auth import Authenticator, Credential, Outcome
from offhook.sip.auth_client import ClientAuth, ClientCredential
from offhook.sip.digest import Secrets
from offhook.sip.network import Hop
from offhook.sip.resolver import ResolveError, Target
from offhook.sip.ua import UserAgentConfig

A, B, C = "192.0.2.1", "192.0.2.2", "192.0.2.3"


@pytest.fixture
def world():
    return World()


@pytest.fixture
def pair(world):
    return Peer(world, A), Peer(world, B)


# ---------------------------------------------------------------- requests and responses


def test_a_request_is_answered(world, pair):
    a, b = pair
    b.answer(200, headers=[("X-Test", "1")])
    a.send("OPTIONS", f"sip:{B}")
    world.run(1)
    assert a.statuses == [200]
    response = a.responses[0][1]
    assert response.get("X-Test") == "1"
    assert response.get("Server") == "Test"
    assert "INVITE" in response.get("Allow")
    assert response.to_tag
    assert b.requests[0].host == A
    assert b.requests[0].message.get("User-Agent") == "Test"
    assert b.requests[0].message.get("Max-Forwards") == "70"


def test_the_callback_never_comes_before_request_returns(world, pair):
    a, _ = pair
    a.network.unreachable.add(B)
    outgoing = a.send("OPTIONS", f"sip:{B}")
    assert a.responses == []
    world.run(0.1)
    assert a.statuses == [503]
    assert outgoing.failure == "transport"
    assert outgoing.done


def test_silence_becomes_408(world, pair):
    a, _ = pair
    outgoing = a.send("OPTIONS", "sip:192.0.2.99")
    world.run(40)
    assert a.statuses == [408]
    assert outgoing.failure == "timeout"
    assert a.ua.stats()["dialogs"] == 0
    assert not a.ua._clients


def test_lost_datagrams_are_sent_again(world, pair):
    a, b = pair
    lost = []

    def lose(source, to, data):
        if len(lost) < 2:
            lost.append(data)
            return True
        return False

    world.lose = lose
    b.answer(200)
    a.send("OPTIONS", f"sip:{B}")
    world.run(5)
    assert a.statuses == [200]
    assert len(b.requests) == 1


def test_all_responses_have_the_same_to_tag(world, pair):
    a, b = pair
    a.send("INVITE", f"sip:{B}")
    world.run(0.1)
    request = b.requests[0]
    request.respond(180)
    request.respond(486)
    world.run(1)
    assert a.statuses == [100, 180, 486] or a.statuses == [180, 486]
    tags = {r.to_tag for s, r in a.responses if s > 100}
    assert tags == {request.to_tag}


def test_timers_are_armed_once_not_per_message(world, pair):
    a, b = pair
    armed = []
    original = a.network.call_at
    a.network.call_at = lambda when, callback: armed.append(when) or original(when, callback)
    for _ in range(100):
        b.answer(200)
        a.send("OPTIONS", f"sip:{B}")
    world.run(0.3)
    assert len(a.responses) == 100
    assert len(armed) <= 5


def test_nothing_is_left_after_the_timers_have_run(world, pair):
    a, b = pair
    for status in (200, 404, 503):
        b.answer(status)
        a.send("OPTIONS", f"sip:{B}")
    b.answer(486)
    a.send("INVITE", f"sip:{B}")
    world.run(100)
    assert a.statuses.count(100) <= 1
    for peer in pair:
        assert peer.ua.stack.transactions() == 0
        assert not peer.ua._clients
        assert not peer.ua._watchers
    assert world.pending() == 0


# ---------------------------------------------------------------- what is refused


def test_an_unknown_required_option_is_420(world, pair):
    a, b = pair
    a.send("OPTIONS", f"sip:{B}", Require="100rel, teleport")
    world.run(1)
    assert a.statuses == [420]
    assert a.header(0, "Unsupported") == "teleport"
    assert not b.requests


@pytest.mark.parametrize(("method", "status"), [("SUBSCRIBE", 405), ("FROBNICATE", 501)])
def test_methods_that_are_not_allowed(world, pair, method, status):
    a, _ = pair
    a.send(method, f"sip:{B}")
    world.run(1)
    assert a.statuses == [status]
    assert "INVITE" in a.header(0, "Allow")


def test_a_strange_scheme_is_416(world, pair):
    a, _ = pair
    a.send("OPTIONS", "http:example.com", target=f"sip:{B}", to=f"<sip:{B}>")
    world.run(1)
    assert a.statuses == [416]


@pytest.mark.parametrize("method", ["BYE", "INVITE", "INFO"])
def test_a_dialog_that_is_not_there_is_481(world, pair, method):
    a, b = pair
    a.send(method, f"sip:{B}", to=f"<sip:{B}>;tag=gone")
    world.run(1)
    assert a.statuses[-1] == 481
    assert not b.requests


def test_the_same_invite_on_two_ways_is_482(world, pair):
    a, b = pair
    for _ in range(2):
        a.send("INVITE", f"sip:{B}", call_id="one", tag="t", cseq=7)
    world.run(0.1)
    assert [s for s in a.statuses if s > 100] == [482]
    assert len(b.requests) == 1
    b.requests[0].respond(486)
    world.run(40)
    a.send("INVITE", f"sip:{B}", call_id="one", tag="t", cseq=7)
    world.run(0.1)
    assert len(b.requests) == 2


def test_media_types(world, pair):
    a, b = pair
    b.ua.on_request = lambda request: request.reject_media_type()
    a.send("OPTIONS", f"sip:{B}")
    world.run(1)
    assert a.statuses == [415]
    assert a.header(0, "Accept") == "application/sdp"


def test_a_defect_above_is_500_and_harms_nobody_else(world, pair, caplog):
    a, b = pair

    def defect(request):
        raise RuntimeError("a defect of the driver")

    b.ua.on_request = defect
    a.send("OPTIONS", f"sip:{B}")
    world.run(1)
    assert a.statuses == [500]
    assert b.ua.counters.defects == 1
    assert "a defect of the driver" in caplog.text
    b.ua.on_request = b.on_request
    b.answer(200)
    a.send("OPTIONS", f"sip:{B}")
    world.run(1)
    assert a.statuses == [500, 200]


# ---------------------------------------------------------------- dialogs, ACK, CANCEL


class Usage:
    def __init__(self):
        self.requests, self.acks, self.cancels, self.missing = [], [], [], []

    def on_request(self, request):
        self.requests.append(request)
        request.respond(200)

    def on_ack(self, message, hop):
        self.acks.append((message, hop))

    def on_cancel(self, message):
        self.cancels.append(message)

    def on_ack_missing(self, reliable_provisional):
        self.missing.append(reliable_provisional)


def established(world, a, b):
    """An INVITE answered with 200 by b, where a `Usage` has the dialog."""
    outgoing = a.send("INVITE", f"sip:{B}", call_id="call", tag="atag")
    world.run(0.1)
    usage = Usage()
    request = b.requests[0]
    b.ua.add_dialog("call", request.to_tag, usage)
    b.ua.watch(request.txn, usage)
    request.respond(200, headers=[("Contact", f"<sip:{B}>")])
    world.run(0.1)
    return outgoing, request, usage


def ack(a, request):
    return a.message("ACK", f"sip:{B}", call_id="call", tag="atag", to=f"<sip:{B}>;tag={request.to_tag}")


def test_requests_in_a_dialog_go_to_its_owner(world, pair):
    a, b = pair
    outgoing, request, usage = established(world, a, b)
    a.ua.ack(outgoing, ack(a, request))
    world.run(0.1)
    assert [hop.host for _, hop in usage.acks] == [A]
    a.send("INFO", f"sip:{B}", call_id="call", tag="atag", cseq=2, to=f"<sip:{B}>;tag={request.to_tag}")
    world.run(0.1)
    assert a.statuses[-1] == 200
    assert [r.message.method for r in usage.requests] == ["INFO"]
    b.ua.remove_dialog("call", request.to_tag)
    a.send("INFO", f"sip:{B}", call_id="call", tag="atag", cseq=3, to=f"<sip:{B}>;tag={request.to_tag}")
    world.run(0.1)
    assert a.statuses[-1] == 481
    assert not b.ua._watchers


def test_a_missing_ack_is_told(world, pair):
    a, b = pair
    _, _, usage = established(world, a, b)
    world.run(40)
    assert usage.missing == [False]
    assert not b.ua._watchers


def test_a_cancel_is_told_and_ends_in_487(world, pair):
    a, b = pair
    outgoing = a.send("INVITE", f"sip:{B}")
    world.run(0.1)
    usage = Usage()
    request = b.requests[0]
    b.ua.watch(request.txn, usage)
    usage.on_cancel = lambda message: request.respond(487)
    request.respond(180)
    world.run(0.1)
    outgoing.cancel('Q.850;cause=16;text="bye"')
    world.run(1)
    assert a.statuses[-1] == 487
    assert any(t.startswith("CANCEL") for t in world.texts(A))
    assert any(b"cause=16" in d for _, _, d in world.sent if d.startswith(b"CANCEL"))


def test_a_cancel_before_anything_was_sent_ends_locally(world, pair):
    a, _ = pair
    pending = []

    class Slow:
        def lookup(self, uri, done):
            pending.append(done)

    a.ua.resolver = Slow()
    outgoing = a.send("INVITE", "sip:slow.example")
    outgoing.cancel()
    assert a.responses == []
    world.run(0.1)
    assert a.statuses == [487]
    assert outgoing.failure == "cancelled"
    pending[0]([Target("UDP", B, 5060)])
    world.run(1)
    assert a.statuses == [487]
    assert world.sent == []


def test_every_fork_that_answers_is_told(world, pair):
    a, b = pair
    a.send("INVITE", f"sip:{B}")
    world.run(0.1)
    request = b.requests[0]
    first = request.respond(200)
    via = world.sent[0][2]
    second = Message.response(Message.parse(via), 200, None, "another")
    second.set("CSeq", "1 INVITE")
    world.run(0.1)
    raw = second.to_bytes()
    a.network.arrive(1, b.network, raw)
    world.run(0.1)
    assert [r.to_tag for s, r in a.responses if s == 200] == [first.to_tag, "another"]
    world.run(70)
    assert not a.ua._clients or world.pending() == 0


# ---------------------------------------------------------------- where to


def test_the_next_address_is_tried_after_503_and_silence_and_unreachable(world):
    a, b, c = Peer(world, A), Peer(world, B), Peer(world, C)
    a.ua.resolver = fixed_lookup(
        Target("UDP", "192.0.2.50", 5060),
        Target("UDP", "192.0.2.51", 5060),
        Target("UDP", B, 5060),
        Target("UDP", C, 5060),
    )
    a.network.unreachable.add("192.0.2.50")
    b.answer(503)
    c.answer(200)
    outgoing = a.send("OPTIONS", "sip:example.com")
    world.run(40)
    assert a.statuses == [200]
    assert outgoing.hop == Hop(1, C, 5060)
    assert outgoing.failure is None
    branches = {Message.parse(d).branch for s, _, d in world.sent if s == A}
    assert len(branches) == 3


def test_the_last_503_is_given_to_the_caller(world, pair):
    a, b = pair
    b.answer(503, headers=[("Retry-After", "5")])
    outgoing = a.send("OPTIONS", f"sip:{B}")
    world.run(1)
    assert a.statuses == [503]
    assert outgoing.failure is None
    assert a.header(0, "Retry-After") == "5"


def test_somebody_who_rings_is_not_replaced_by_the_next_address(world):
    a, b, c = Peer(world, A), Peer(world, B), Peer(world, C)
    a.ua.resolver = fixed_lookup(Target("TCP", B, 5060), Target("TCP", C, 5060))
    b.answer(180)
    a.send("INVITE", "sip:example.com")
    world.run(0.1)
    for number in list(b.network.flows):
        if b.network.flows[number].reliable:
            b.network.close_flow(number)
    world.run(1)
    assert a.statuses[-1] == 503
    assert not c.requests


def test_a_name_that_cannot_be_found_is_a_local_503(world, pair):
    a, _ = pair
    waiting = []

    class Failing:
        def lookup(self, uri, done):
            waiting.append(done)

    a.ua.resolver = Failing()
    outgoing = a.send("OPTIONS", "sip:nowhere.example")
    waiting[0](ResolveError("nowhere.example has no address"))
    world.run(0.1)
    assert a.statuses == [503]
    assert outgoing.failure == "resolve: nowhere.example has no address"


def test_a_connection_is_opened_and_used_again_both_ways(world, pair):
    a, b = pair
    for _ in range(3):
        b.answer(200)
        a.send("OPTIONS", f"sip:{B};transport=tcp")
        world.run(0.1)
    assert a.statuses == [200, 200, 200]
    assert a.network.opened == 1
    a.answer(200)
    b.send("OPTIONS", f"sip:{A}", hop=b.requests[0].hop)
    world.run(0.1)
    assert b.statuses == [200]
    assert b.network.opened == 0


def test_a_refused_connection_leads_to_the_next_address(world):
    a, b = Peer(world, A), Peer(world, B)
    Peer(world, C, streams=False)
    a.ua.resolver = fixed_lookup(Target("TCP", C, 5060), Target("UDP", B, 5060))
    b.answer(200)
    a.send("OPTIONS", "sip:example.com")
    world.run(1)
    assert a.statuses == [200]


def test_a_lost_connection_fails_what_waits_on_it(world, pair):
    a, _ = pair
    outgoing = a.send("OPTIONS", f"sip:{B};transport=tcp")
    world.run(0.1)
    lost = []
    a.ua.on_flow_closed = lambda flow, why: lost.append(flow.id)
    a.network.close_flow(outgoing.hop.flow)
    world.run(0.1)
    assert a.statuses == [503]
    assert lost == [outgoing.hop.flow]
    assert a.ua.flow(outgoing.hop.flow) is None
    with pytest.raises(LookupError):
        a.ua.contact_address(outgoing.hop)
    # A hop that is gone is no exception, but an answer.
    a.send("OPTIONS", f"sip:{B}", hop=outgoing.hop)
    world.run(0.1)
    assert a.statuses == [503, 503]


@pytest.mark.parametrize("switch", [True, False])
def test_what_is_too_big_for_udp_may_go_over_tcp(world, switch):
    a = Peer(world, A, UserAgentConfig(disable_tcp_switch=not switch))
    b = Peer(world, B)
    b.answer(200)
    a.send("OPTIONS", f"sip:{B}", X_Big="x" * 1500)
    world.run(1)
    assert a.statuses == [200]
    assert b.requests[0].message.get("Via").startswith("SIP/2.0/TCP") is switch


def test_contact_can_be_set_when_the_hop_is_known(world, pair):
    a, b = pair
    c = Peer(world, C)
    b.answer(503)
    c.answer(200)
    a.ua.resolver = fixed_lookup(Target("UDP", B, 5060), Target("TCP", C, 5060))
    seen = []

    def at_hop(message, hop):
        seen.append(a.ua.flow(hop.flow).transport)
        host, port = a.ua.contact_address(hop)
        message.set("Contact", f"<sip:{host}:{port};transport={seen[-1].lower()}>")

    message = a.message("OPTIONS", "sip:example.com")
    a.ua.request(message, a.on_response, at_hop=at_hop)
    world.run(1)
    assert seen == ["UDP", "TCP"]
    assert c.requests[0].message.get("Contact") == f"<sip:{A}:5060;transport=tcp>"


# ---------------------------------------------------------------- digest


def demanding(b, password="secret", **options):
    """Make b ask for a digest."""
    server = Authenticator(b.network.wall, realm="r", **options)

    class Users:
        def credential(self, username, realm):
            return Credential("me", Secrets(password)) if username == "me" else None

    outcomes = []

    def on_request(request):
        b.requests.append(request)
        outcome = server.authenticate(request.message, Users()).outcome
        outcomes.append(outcome)
        if outcome is Outcome.ACCEPTED:
            request.respond(200)
        else:
            request.respond(401, headers=server.challenge(stale=outcome is Outcome.STALE))

    b.ua.on_request = on_request
    return outcomes


def test_a_challenge_is_answered_with_the_next_cseq(world, pair):
    a, b = pair
    outcomes = demanding(b)
    auth = ClientAuth([ClientCredential("me", Secrets("secret"))])
    outgoing = a.send("OPTIONS", f"sip:{B}", auth=auth, cseq=10)
    world.run(1)
    assert a.statuses == [200]
    assert outcomes == [Outcome.MISSING, Outcome.ACCEPTED]
    assert [r.message.cseq for r in b.requests] == [10, 11]
    assert outgoing.message.cseq == 11
    assert len(b.requests[1].message.get_all("Via")) == 1
    assert b.requests[0].message.branch != b.requests[1].message.branch
    a.send("OPTIONS", f"sip:{B}", auth=auth)  # the nonce serves again: no challenge
    world.run(1)
    assert outcomes[2:] == [Outcome.ACCEPTED]
    world.run(60)
    a.send("OPTIONS", f"sip:{B}", auth=auth)  # and when it has expired, one
    world.run(1)
    assert outcomes[3:] == [Outcome.STALE, Outcome.ACCEPTED]


def test_an_invite_answers_its_challenge_too(world, pair):
    a, b = pair
    demanding(b)
    counter = iter((21, 22))
    message = a.message("INVITE", f"sip:{B}", cseq=20)
    auth = ClientAuth([ClientCredential("me", Secrets("secret"))])
    a.ua.request(message, a.on_response, auth=auth, next_cseq=lambda: next(counter))
    world.run(0.2)
    assert [s for s in a.statuses if s > 100] == [200]
    assert [r.message.cseq for r in b.requests] == [20, 21]


def test_a_wrong_password_is_tried_once(world, pair):
    a, b = pair
    outcomes = demanding(b)
    a.send("OPTIONS", f"sip:{B}", auth=ClientAuth([ClientCredential("me", Secrets("wrong"))]))
    world.run(5)
    assert a.statuses == [401]
    assert outcomes == [Outcome.MISSING, Outcome.REJECTED]


def test_a_server_that_never_has_enough_does_not_make_a_loop(world, pair):
    a, b = pair
    demanding(b, nonce_lifetime=-1.0)
    a.send("OPTIONS", f"sip:{B}", auth=ClientAuth([ClientCredential("me", Secrets("secret"))]))
    world.run(5)
    assert a.statuses == [401]
    assert len(b.requests) == 3


# ---------------------------------------------------------------- watching


def test_the_message_log_sees_all_and_costs_nothing_when_off(world, pair):
    a, b = pair
    seen = []
    a.ua.message_log = lambda sent, hop, data: seen.append((sent, hop.host, data[:7]))
    b.answer(200)
    a.send("OPTIONS", f"sip:{B}")
    world.run(1)
    assert seen == [(True, B, b"OPTIONS"), (False, B, b"SIP/2.0")]


def test_garbage_is_counted_and_told(world, pair):
    a, b = pair
    told = []
    b.ua.on_rejected = lambda status, why, hop: told.append((why, hop.host))
    for data in (b"", b"\0" * 40, b"OPTIONS sip:x SIP/2.0\r\n\r\n", b"INVITE " + b"x" * 3000):
        b.network.arrive(1, a.network, data)
    world.run(1)
    assert b.ua.counters.rejected == len(told)
    assert told
    assert all(host == A for _, host in told)
    assert not b.requests


def test_force_rport_answers_to_the_source_port(world, pair):
    a, b = pair
    sent = []
    b.network.send = lambda flow, host, port, data: sent.append((host, port)) or True
    for to_source in (False, True):
        message = a.message("OPTIONS", f"sip:{B}")
        message.prepend("Via", f"SIP/2.0/UDP {A}:6000;branch=z9hG4bK{to_source}")

        def on_request(request, to_source=to_source):
            request.to_source = to_source
            request.respond(200)

        b.ua.on_request = on_request
        b.ua.received(1, A, 40000, message.to_bytes())
    assert sent == [(A, 6000), (A, 40000)]


def test_close_stops_the_timer(world, pair):
    a, _ = pair
    a.send("OPTIONS", "sip:192.0.2.99")
    a.ua.close()
    world.run(100)
    assert a.responses == []
    assert world.pending() == 0
