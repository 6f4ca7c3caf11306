import math
import random

import pytest
from nodes import Peer
from simnet import World

from offhook.sip.auth import Authenticator, Credential, Outcome
from offhook.sip.auth_client import ClientAuth, ClientCredential
from offhook.sip.contacts import AorConfig, Binding, ContactEvent, Contacts, Status
from offhook.sip.digest import Secrets
from offhook.sip.qualify import Qualifier

A, B = "192.0.2.1", "192.0.2.2"
X = f"sip:x@{B}"


class Office:
    def __init__(self, auth=None, **config):
        self.world = World(delay=0.020)
        self.pbx, self.phone = Peer(self.world, A), Peer(self.world, B)
        self.contacts = Contacts(self.pbx.ua)
        config.setdefault("qualify_frequency", 60)
        self.config = AorConfig(**config)
        self.events = []
        self.qualifier = Qualifier(
            self.contacts, lambda aor: self.config, auth_of=lambda aor: auth, random_source=random.Random(5)
        )
        self.contacts.listen(lambda event, binding: self.events.append(event))
        self.status = 200
        self.phone.ua.on_request = self.answer

    def answer(self, request):
        self.phone.requests.append(request)
        if self.status:
            request.respond(self.status)

    def add(self, uri=X):
        binding = Binding("6001", uri)
        self.contacts.add(binding)
        self.contacts.announce(ContactEvent.ADDED, binding)
        return binding


def test_a_new_contact_is_asked_soon_and_its_round_trip_measured():
    office = Office()
    binding = office.add()
    assert binding.status is Status.UNKNOWN
    office.world.run(1)
    assert binding.status is Status.REACHABLE
    assert binding.round_trip == pytest.approx(0.040, abs=0.001)
    assert office.events == [ContactEvent.ADDED, ContactEvent.REACHABLE]
    message = office.phone.requests[0].message
    assert message.method == "OPTIONS"
    assert message.uri == X
    assert message.get("Contact") == f"<sip:offhook@{A}:5060>"


def test_it_is_asked_once_a_period_and_changes_are_told():
    office = Office()
    binding = office.add()
    office.world.run(200)
    assert len(office.phone.requests) == 4
    office.status = 0
    office.world.run(70)
    assert binding.status is Status.UNREACHABLE
    office.status = 200
    office.world.run(70)
    assert binding.status is Status.REACHABLE
    changes = [event for event in office.events if event is not ContactEvent.ROUND_TRIP]
    assert changes == [
        ContactEvent.ADDED,
        ContactEvent.REACHABLE,
        ContactEvent.UNREACHABLE,
        ContactEvent.REACHABLE,
    ]
    assert office.events.count(ContactEvent.ROUND_TRIP) == 3


def test_a_late_answer_does_not_count():
    office = Office(qualify_timeout=1.0)
    office.world.delay = 0.8
    binding = office.add()
    office.world.run(10)
    assert binding.status is Status.UNREACHABLE
    assert office.events == [ContactEvent.ADDED, ContactEvent.UNREACHABLE]
    assert math.isnan(binding.round_trip)


@pytest.mark.parametrize(("only_2xx", "status"), [(False, Status.REACHABLE), (True, Status.UNREACHABLE)])
def test_any_answer_will_do_unless_only_2xx(only_2xx, status):
    office = Office(qualify_2xx_only=only_2xx)
    office.status = 404
    binding = office.add()
    office.world.run(1)
    assert binding.status is status


def test_a_phone_that_cannot_be_sent_to_is_unreachable():
    office = Office()
    office.pbx.network.unreachable.add(B)
    binding = office.add()
    office.world.run(1)
    assert binding.status is Status.UNREACHABLE


def test_what_is_no_uri_is_unreachable():
    office = Office()
    binding = office.add("not a uri")
    office.world.run(1)
    assert binding.status is Status.UNREACHABLE


def test_a_contact_that_goes_is_asked_no_more():
    office = Office()
    office.status = 0
    binding = office.add()
    office.world.run(1)
    office.contacts.unregister(binding)
    requests = len(office.phone.requests)
    office.world.run(300)
    assert len(office.phone.requests) == requests
    assert binding.status is Status.UNKNOWN
    assert not office.qualifier._due
    assert not office.qualifier._asking


def test_contacts_loaded_at_start_are_spread_over_the_period():
    office = Office()
    for number in range(300):
        office.contacts.add(Binding(f"60{number}", f"sip:{number}@{B}"))
    office.qualifier.start()
    per_second = []
    for _ in range(60):
        before = len(office.phone.requests)
        office.world.run(1)
        per_second.append(len(office.phone.requests) - before)
    assert 290 <= sum(per_second) <= 315
    assert max(per_second) <= 20
    office.world.run(600)
    assert all(binding.status is Status.REACHABLE for binding in office.contacts.all())


def test_max_initial_time_bounds_the_first_period():
    office = Office()
    office.qualifier.max_initial_time = 2
    for number in range(30):
        office.contacts.add(Binding(f"60{number}", f"sip:{number}@{B}"))
    office.qualifier.start()
    office.world.run(2.5)
    assert all(binding.status is Status.REACHABLE for binding in office.contacts.all())


def test_a_thousand_at_once_do_not_hold_up_the_loop():
    office = Office()
    for number in range(1000):
        office.add(f"sip:{number}@{B}")
    sent = {}
    office.pbx.network.send = lambda *a: sent.setdefault(a[-1], office.world.time) or True
    office.world.run(1)
    times = list(sent.values())
    assert len(times) == 1000
    assert max(times.count(at) for at in times) <= 100


def test_without_frequency_only_when_told():
    office = Office(qualify_frequency=0)
    binding = office.add()
    office.world.run(100)
    assert office.phone.requests == []
    office.qualifier.ask_now("6001")
    office.world.run(1)
    assert binding.status is Status.REACHABLE


def test_a_challenge_is_answered_when_configured():
    auth = ClientAuth([ClientCredential("pbx", Secrets("secret"))])
    office = Office(auth, authenticate_qualify=True, qualify_2xx_only=True)
    server = Authenticator(office.phone.network.wall, realm="phone")

    class Users:
        def credential(self, username, realm):
            return Credential("pbx", Secrets("secret"))

    def answer(request):
        if server.authenticate(request.message, Users()).outcome is Outcome.ACCEPTED:
            request.respond(200)
        else:
            request.respond(401, headers=server.challenge())

    office.phone.ua.on_request = answer
    binding = office.add()
    office.world.run(1)
    assert binding.status is Status.REACHABLE
    assert binding.round_trip == pytest.approx(0.040, abs=0.001)  # of the last exchange, not of both


def test_the_outbound_proxy_gets_it():
    office = Office(outbound_proxy=f"sip:{B};lr")
    office.add("sip:x@203.0.113.9")
    office.world.run(1)
    assert office.phone.requests[0].message.uri == "sip:x@203.0.113.9"
    assert office.phone.requests[0].message.get("Route") == f"<sip:{B};lr>"


def test_close_leaves_nothing():
    office = Office()
    office.status = 0
    office.add()
    office.world.run(1)
    office.qualifier.close()
    office.world.run(200)
    assert office.world.pending() == 0
    assert len(office.phone.requests) == 1
