import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nodes import Peer, fixed_lookup
from simnet import World

from offhook._core import SipParseError
from offhook.sip.auth import Authenticator, Credential, Outcome
from offhook.sip.auth_client import ClientAuth, ClientCredential
from offhook.sip.digest import Secrets
from offhook.sip.registration import Registration, RegistrationConfig, RegistrationState
from offhook.sip.resolver import Target

A, B, C = "192.0.2.1", "192.0.2.2", "192.0.2.3"
State = RegistrationState


class Trunk:
    """We at A, the carrier at B."""

    def __init__(self, auth=None, **config):
        self.world = World()
        self.us, self.carrier = Peer(self.world, A), Peer(self.world, B)
        config.setdefault("max_random_initial_delay", 0.0)
        config.setdefault("client_uri", "sip:12345@carrier.example")
        config.setdefault("server_uri", f"sip:{B}")
        self.states = []
        self.registration = Registration(
            self.us.ua,
            RegistrationConfig(**config),
            auth=auth,
            on_change=lambda r: self.states.append(r.state),
            random_source=random.Random(3),
        )
        self.us.ua.on_flow_closed = lambda flow, why: self.registration.flow_closed(flow)
        self.plan = []  # (status, headers) for the next requests, then accept
        self.requests = []
        self.carrier.ua.on_request = self.answer

    def answer(self, request):
        self.requests.append((self.world.time, request.message))
        if self.plan:
            status, *headers = self.plan.pop(0)
            if status:
                request.respond(status, headers=headers)
        else:
            self.accept(request)

    def accept(self, request, expires=None):
        message = request.message
        granted = expires or message.get("Expires")
        contact = message.get("Contact")
        request.respond(200, headers=[("Contact", f"{contact};expires={granted}")])

    def run(self, seconds):
        self.world.run(seconds)
        return self.registration.state

    @property
    def gaps(self):
        times = [at for at, _ in self.requests]
        return [round(b - a) for a, b in itertools.pairwise(times)]


def test_registering():
    trunk = Trunk(contact_user="in", line="tok", contact_params="audio")
    trunk.registration.start()
    assert trunk.run(1) is State.REGISTERED
    assert trunk.states == [State.TRYING, State.REGISTERED]
    message = trunk.requests[0][1]
    assert message.uri == f"sip:{B}"
    assert message.get("To") == "<sip:12345@carrier.example>"
    assert message.from_.uri == message.to.uri
    assert message.get("Contact") == f"<sip:in@{A}:5060;line=tok>;audio"
    assert message.get("Expires") == "3600"
    assert trunk.registration.hop == (1, B, 5060)


def test_it_is_renewed_before_it_expires_with_the_same_call_id_and_a_growing_cseq():
    trunk = Trunk(expiration=300)
    trunk.registration.start()
    trunk.run(1000)
    assert trunk.gaps == [290, 290, 290]
    messages = [message for _, message in trunk.requests]
    assert len({m.call_id for m in messages}) == 1
    assert [m.cseq for m in messages] == [1, 2, 3, 4]
    assert trunk.states == [State.TRYING, State.REGISTERED] * 4


def test_the_time_that_the_registrar_grants_counts():
    trunk = Trunk()
    trunk.carrier.ua.on_request = lambda request: (
        trunk.requests.append((trunk.world.time, request.message)),
        request.respond(
            200,
            headers=[
                ("Contact", "<sip:other@203.0.113.1>;expires=3000"),
                ("Contact", f"{request.message.get('Contact')};expires=60"),
            ],
        ),
    )
    trunk.registration.start()
    trunk.run(130)
    assert trunk.gaps == [50, 50]


@pytest.mark.parametrize(("granted", "gap"), [("12", 6), ("1", 1), ("30", 20)])
def test_short_expiries_do_not_make_a_storm(granted, gap):
    trunk = Trunk()
    trunk.carrier.ua.on_request = lambda request: (
        trunk.requests.append((trunk.world.time, request.message)),
        request.respond(200, headers=[("Expires", granted)]),
    )
    trunk.registration.start()
    trunk.run(60)
    assert set(trunk.gaps) == {gap}


def test_a_random_delay_spreads_many_trunks():
    trunk = Trunk(max_random_initial_delay=10.0)
    trunk.registration.start()
    assert trunk.run(0.5) is State.UNREGISTERED
    assert trunk.requests == []
    assert trunk.run(11) is State.REGISTERED


def test_temporary_failures_are_retried_until_max_retries():
    trunk = Trunk(retry_interval=30, max_retries=3)
    trunk.plan = [(503,), (500,), (480,), (504,)]
    trunk.registration.start()
    assert trunk.run(1) is State.REJECTED
    assert trunk.registration.next_at > trunk.world.time
    assert trunk.run(1000) is State.STOPPED
    assert trunk.gaps == [30, 30, 30]
    assert trunk.registration.status == 504


def test_success_begins_the_count_anew():
    trunk = Trunk(retry_interval=30, max_retries=1, expiration=100)
    trunk.plan = [(503,), (200, ("Expires", "100")), (503,)]
    trunk.registration.start()
    assert trunk.run(200) is State.REGISTERED


def test_retry_after_is_respected():
    trunk = Trunk(retry_interval=30)
    trunk.plan = [(503, ("Retry-After", "120 (busy);duration=5"))]
    trunk.registration.start()
    trunk.run(200)
    assert trunk.gaps == [120]


@pytest.mark.parametrize(
    ("status", "config", "gaps", "state"),
    [
        (403, {}, [], State.STOPPED),
        (403, {"forbidden_retry_interval": 600}, [600], State.REGISTERED),
        (403, {"fatal_retry_interval": 600}, [], State.STOPPED),
        (404, {}, [], State.STOPPED),
        (404, {"fatal_retry_interval": 600}, [600], State.REGISTERED),
        (603, {}, [60], State.REGISTERED),
        (401, {}, [], State.STOPPED),
        (401, {"auth_rejection_permanent": False}, [60], State.REGISTERED),
        (503, {"retry_interval": 0}, [], State.STOPPED),
    ],
)
def test_which_failures_are_for_good(status, config, gaps, state):
    trunk = Trunk(**config)
    trunk.plan = [(status,)]
    trunk.registration.start()
    assert trunk.run(1000) is state
    assert trunk.gaps == gaps


def test_max_retries_0_never_gives_up():
    trunk = Trunk(max_retries=0, retry_interval=10)
    trunk.plan = [(503,)] * 50
    trunk.registration.start()
    assert trunk.run(600) is State.REGISTERED


def test_too_brief_asks_for_more_at_once():
    trunk = Trunk(expiration=60)
    trunk.plan = [(423, ("Min-Expires", "1800"))]
    trunk.registration.start()
    assert trunk.run(1) is State.REGISTERED
    assert [m.get("Expires") for _, m in trunk.requests] == ["60", "1800"]


@pytest.mark.parametrize("header", ["", "30", "nonsense"])
def test_a_senseless_423_is_no_loop(header):
    trunk = Trunk(expiration=60)
    trunk.plan = [(423, ("Min-Expires", header))] * 5
    trunk.registration.start()
    assert trunk.run(5) is State.STOPPED
    assert len(trunk.requests) == 1


def test_silence_is_a_temporary_failure():
    trunk = Trunk()
    trunk.plan = [(0,)]
    trunk.registration.start()
    assert trunk.run(40) is State.REJECTED
    assert trunk.registration.status == 408
    assert trunk.run(70) is State.REGISTERED


def test_the_second_address_takes_over():
    trunk = Trunk(server_uri="sip:carrier.example")
    spare = Peer(trunk.world, C)
    spare.ua.on_request = trunk.accept
    trunk.us.ua.resolver = fixed_lookup(Target("UDP", B, 5060), Target("UDP", C, 5060))
    trunk.plan = [(503,)]
    trunk.registration.start()
    assert trunk.run(1) is State.REGISTERED
    assert trunk.registration.hop.host == C


def credentials(password="secret"):
    return ClientAuth([ClientCredential("12345", Secrets(password))])


def demand(trunk):
    server = Authenticator(trunk.carrier.network.wall, realm="carrier")

    class Users:
        def credential(self, username, realm):
            return Credential("12345", Secrets("secret"))

    def answer(request):
        trunk.requests.append((trunk.world.time, request.message))
        outcome = server.authenticate(request.message, Users()).outcome
        if outcome is Outcome.ACCEPTED:
            trunk.accept(request)
        else:
            request.respond(401, headers=server.challenge(stale=outcome is Outcome.STALE))

    trunk.carrier.ua.on_request = answer


def test_a_challenge_is_answered_and_stale_nonces_later():
    trunk = Trunk(credentials(), expiration=100)
    demand(trunk)
    trunk.registration.start()
    assert trunk.run(300) is State.REGISTERED
    assert [m.cseq for _, m in trunk.requests] == list(range(1, len(trunk.requests) + 1))
    assert State.REJECTED not in trunk.states


def test_a_wrong_password_stops_instead_of_locking_the_account():
    trunk = Trunk(credentials("wrong"))
    demand(trunk)
    trunk.registration.start()
    assert trunk.run(1000) is State.STOPPED
    assert len(trunk.requests) == 2


def test_stopping_unregisters():
    trunk = Trunk()
    trunk.registration.start()
    trunk.run(1)
    over = []
    trunk.registration.stop(lambda: over.append(True))
    assert trunk.registration.state is State.UNREGISTERING
    trunk.run(1)
    assert over == [True]
    assert trunk.registration.state is State.UNREGISTERED
    assert trunk.requests[-1][1].get("Expires") == "0"
    trunk.run(10_000)
    assert len(trunk.requests) == 2
    assert trunk.world.pending() == 0


@pytest.mark.parametrize("when", [0.0, 0.0005, 5.0])
def test_stopping_what_is_not_registered_is_over_at_once(when):
    trunk = Trunk()
    trunk.plan = [(0,)]
    trunk.registration.start()
    trunk.run(when)
    over = []
    trunk.registration.stop(lambda: over.append(True))
    assert over == [True]
    trunk.run(200)
    assert trunk.registration.state is State.UNREGISTERED


def test_the_end_comes_even_if_the_carrier_is_silent():
    trunk = Trunk()
    trunk.registration.start()
    trunk.run(1)
    trunk.plan = [(0,)]
    over = []
    trunk.registration.stop(lambda: over.append(True))
    trunk.run(40)
    assert over == [True]


def test_a_lost_connection_is_replaced():
    trunk = Trunk(server_uri=f"sip:{B};transport=tcp")
    trunk.registration.start()
    trunk.run(1)
    assert trunk.requests[0][1].get("Contact").endswith(";transport=tcp>")
    trunk.us.network.close_flow(trunk.registration.hop.flow)
    assert trunk.run(3) is State.REGISTERED
    assert len(trunk.requests) == 2


def test_path_and_outbound():
    trunk = Trunk(support_outbound=True, instance="urn:uuid:0")
    trunk.plan = [(200, ("Service-Route", "<sip:a;lr>, <sip:b;lr>"))]
    trunk.registration.start()
    trunk.run(1)
    message = trunk.requests[0][1]
    assert message.values("Supported") == ["path", "outbound"]
    assert message.get("Contact").endswith('>;reg-id=1;+sip.instance="<urn:uuid:0>"')
    assert trunk.registration.service_route == ["<sip:a;lr>", "<sip:b;lr>"]


def test_an_outbound_proxy_is_the_route():
    trunk = Trunk(server_uri="sip:carrier.example", outbound_proxy=f"sip:{B};lr")
    trunk.registration.start()
    assert trunk.run(1) is State.REGISTERED
    assert trunk.requests[0][1].get("Route") == f"<sip:{B};lr>"
    assert trunk.requests[0][1].uri == "sip:carrier.example"


def test_what_is_no_uri_is_an_error_at_once():
    with pytest.raises(SipParseError):
        Trunk(server_uri="carrier example")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([0, 200, 401, 403, 404, 423, 480, 500, 503, 600]), max_size=12))
def test_whatever_the_carrier_does_there_is_one_timer_and_an_end(statuses):
    trunk = Trunk(
        retry_interval=20, fatal_retry_interval=30, forbidden_retry_interval=40, max_retries=0, expiration=100
    )
    trunk.plan = [(status, ("Min-Expires", "200"), ("Expires", "100")) for status in statuses]
    trunk.registration.start()
    trunk.run(2000)
    state = trunk.registration.state
    assert state in (State.REGISTERED, State.STOPPED)
    assert state is not State.STOPPED or 401 in statuses
    gaps = trunk.gaps
    assert all(gap >= 20 for gap, status in zip(gaps, statuses, strict=False) if status not in (0, 423))
    trunk.registration.stop()
    trunk.run(100)
    assert trunk.world.pending() == 0
