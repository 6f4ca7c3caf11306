import math
import re
import sys
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from nodes import Peer
from simnet import World

from offhook.sip.contacts import AorConfig, Binding, ContactEvent, Contacts, Status, StoredBinding
from offhook.sip.registrar import Registrar

A, B = "192.0.2.1", "192.0.2.2"


class MemoryStore:
    """A BindingStore that can be slow, and can refuse."""

    def __init__(self):
        self.rows = {}
        self.waiting = None  # a list: done callbacks wait in it
        self.error = None

    def save(self, puts, deletes, done):
        if self.error is None:
            for key in deletes:
                self.rows.pop(key, None)
            for row in puts:
                self.rows[row.aor, row.uri] = row
        if done is None:
            return
        if self.waiting is not None:
            self.waiting.append(lambda error=self.error: done(error))
        else:
            done(self.error)

    def load(self):
        return list(self.rows.values())


class Office:
    """A registrar at A and a phone at B."""

    def __init__(self, store=None, **config):
        self.world = World()
        self.pbx = Peer(self.world, A)
        self.phone = Peer(self.world, B)
        self.store = store
        self.contacts = Contacts(self.pbx.ua, store)
        self.registrar = Registrar(self.contacts)
        config.setdefault("max_contacts", 5)
        self.config = AorConfig(**config)
        self.events = []
        self.via_source = False
        self.contacts.listen(lambda event, binding: self.events.append((event, binding.uri)))
        self.pbx.ua.on_request = self.process
        self.cseq = 0

    def process(self, request):
        self.registrar.process(request, "6001", self.config, via_source=self.via_source)

    def register(self, *contacts, wait=0.1, hop=None, cseq=None, call_id="phone", uri=f"sip:{A}", **headers):
        self.cseq += 1
        message = self.phone.message(
            "REGISTER", uri, cseq=cseq or self.cseq, call_id=call_id, to=f"<sip:6001@{A}>", **headers
        )
        for contact in contacts:
            message.add("Contact", contact)
        before = len(self.phone.responses)
        self.phone.ua.request(message, self.phone.on_response, hop=hop)
        self.world.run(wait)
        return self.phone.responses[before][1] if len(self.phone.responses) > before else None

    def uris(self):
        return [binding.uri for binding in self.contacts.of("6001")]


@pytest.fixture
def office():
    return Office(MemoryStore())


X, Y, Z = f"sip:x@{B}:5060", f"sip:y@{B}:5060", f"sip:z@{B}:5060"


def test_a_contact_is_registered_and_listed(office):
    response = office.register(f"<{X}>;expires=120", User_Agent="Phone/1")
    assert response.status == 200
    assert re.fullmatch(rf"<{re.escape(X)}>;expires=1[12]\d", response.get("Contact"))
    assert parsedate_to_datetime(response.get("Date")).timestamp() == int(office.pbx.network.wall())
    (binding,) = office.contacts.of("6001")
    assert (binding.uri, binding.host, binding.port, binding.transport) == (X, B, 5060, "UDP")
    assert binding.user_agent == "Phone/1"
    assert office.events == [(ContactEvent.ADDED, X)]
    row = office.store.rows["6001", X]
    assert row.expires_at == pytest.approx(office.pbx.network.wall() + 120, abs=1)


def test_a_question_changes_nothing(office):
    office.register(f"<{X}>")
    response = office.register()
    assert response.status == 200
    assert len(response.get_all("Contact")) == 1
    assert office.events == [(ContactEvent.ADDED, X)]


@pytest.mark.parametrize(
    ("contact", "headers", "expected"),
    [
        (f"<{X}>", {}, 3600),
        (f"<{X}>", {"Expires": "600"}, 600),
        (f"<{X}>;expires=300", {"Expires": "600"}, 300),
        (f"<{X}>;expires=99999", {}, 7200),
        (f"<{X}>;expires=99999999999999999999", {}, 7200),
        (f"<{X}>;expires=soon", {}, 3600),
        (f"<{X}>;expires=-5", {}, 3600),
    ],
)
def test_how_long(office, contact, headers, expected):
    office.register(contact, **headers)
    (binding,) = office.contacts.of("6001")
    assert binding.expires_at == pytest.approx(office.world.time + expected, abs=1)


def test_too_brief_is_423_and_changes_nothing(office):
    office.register(f"<{X}>;expires=600")
    response = office.register(f"<{X}>;expires=700", f"<{Y}>;expires=10")
    assert response.status == 423
    assert response.get("Min-Expires") == "60"
    (binding,) = office.contacts.of("6001")
    assert binding.expires_at < office.world.time + 601
    assert binding.cseq == 1


def test_too_brief_can_be_raised_as_asterisk_does():
    office = Office(raise_brief=True)
    office.register(f"<{X}>;expires=10")
    assert office.contacts.of("6001")[0].expires_at > office.world.time + 50


def test_a_refresh_replaces_and_keeps_one(office):
    office.register(f"<{X}>;expires=100")
    office.register(f"<{X}>;expires=200")
    office.register(f"<sip:x@{B.upper()}:5060>;expires=300")
    assert len(office.contacts) == 1
    assert [event for event, _ in office.events] == [
        ContactEvent.ADDED,
        ContactEvent.REFRESHED,
        ContactEvent.REFRESHED,
    ]
    assert len(office.store.rows) == 1


def test_equal_uris_spelled_otherwise_are_one_contact(office):
    office.register("<sip:x@Phone.Example.COM;transport=udp>")
    office.register("<sip:x@phone.example.com;Transport=UDP>")
    assert office.uris() == ["sip:x@phone.example.com;Transport=UDP"]
    assert [uri for _, uri in office.store.rows] == ["sip:x@phone.example.com;Transport=UDP"]


def test_unregistering_one(office):
    office.register(f"<{X}>", f"<{Y}>")
    response = office.register(f"<{X}>;expires=0")
    assert response.status == 200
    assert office.uris() == [Y]
    assert list(office.store.rows) == [("6001", Y)]
    assert office.register(f"<{Z}>;expires=0").status == 200


def test_unregistering_all_with_a_star(office):
    office.register(f"<{X}>", f"<{Y}>")
    response = office.register("*", Expires="0")
    assert response.status == 200
    assert response.get("Contact") is None
    assert office.uris() == []
    assert office.store.rows == {}
    assert office.register("*", Expires="0").status == 200


@pytest.mark.parametrize(
    ("contacts", "headers"),
    [
        (["*"], {}),
        (["*"], {"Expires": "60"}),
        (["*", f"<{X}>"], {"Expires": "0"}),
        (["<tel:+123>"], {}),
        ([f"<{X}>", f"<{X}>"], {}),
        ([f"<sip:x@{B};p={'y' * 1100}>"], {}),
    ],
)
def test_mistakes_are_400_and_change_nothing(office, contacts, headers):
    office.register(f"<{Y}>")
    assert office.register(*contacts, **headers).status == 400
    assert office.uris() == [Y]


def test_what_was_overtaken_changes_nothing(office):
    office.register(f"<{X}>;expires=600", cseq=5)
    assert office.register(f"<{X}>;expires=0", cseq=4).status == 500
    assert office.register("*", cseq=4, Expires="0").status == 500
    assert office.uris() == [X]
    assert office.register(f"<{X}>;expires=700", cseq=1, call_id="rebooted").status == 200


def test_the_same_request_repeated_over_our_restart_is_accepted(office):
    office.register(f"<{X}>", cseq=5)
    assert office.register(f"<{X}>", cseq=5).status == 200


# ---------------------------------------------------------------- max_contacts


def test_no_contact_allowed_is_403():
    office = Office(max_contacts=0)
    assert office.register(f"<{X}>").status == 403
    assert office.register().status == 200


def test_one_too_many_is_403_and_changes_nothing():
    office = Office(max_contacts=2)
    office.register(f"<{X}>", f"<{Y}>")
    assert office.register(f"<{X}>;expires=700", f"<{Z}>").status == 403
    assert office.uris() == [X, Y]
    assert office.contacts.of("6001")[0].expires_at > office.world.time + 3000
    assert office.register(f"<{X}>;expires=0", f"<{Z}>").status == 200
    assert office.uris() == [Y, Z]


def test_remove_existing_lets_the_one_that_ends_first_go():
    office = Office(MemoryStore(), max_contacts=2, remove_existing=True)
    office.register(f"<{X}>;expires=500", f"<{Y}>;expires=400")
    assert office.register(f"<{Z}>").status == 200
    assert sorted(office.uris()) == [X, Z]
    assert (ContactEvent.REMOVED, Y) in office.events
    assert len(office.store.rows) == 2
    assert office.register(f"<{X}>", f"<{Y}>", f"<{Z}>").status == 403


def test_remove_unavailable_lets_the_unreachable_go():
    office = Office(max_contacts=2, remove_unavailable=True)
    office.register(f"<{X}>;expires=500", f"<{Y}>;expires=400")
    assert office.register(f"<{Z}>").status == 403
    office.contacts.of("6001")[0].status = Status.UNREACHABLE
    assert office.register(f"<{Z}>").status == 200
    assert office.uris() == [Y, Z]


def test_permanent_contacts_are_not_counted_not_listed_and_stay():
    office = Office(max_contacts=1, contacts=(f"sip:gateway@{B}",))
    office.contacts.configure("6001", office.config)
    response = office.register(f"<{X}>")
    assert response.status == 200
    assert len(response.get_all("Contact")) == 1
    office.register("*", Expires="0")
    assert office.uris() == [f"sip:gateway@{B}"]
    office.contacts.configure("6001", AorConfig(contacts=(Y,)))
    assert office.uris() == [Y]


# ---------------------------------------------------------------- durability


def test_the_200_waits_for_the_store(office):
    office.store.waiting = []
    assert office.register(f"<{X}>") is None
    assert office.events == []
    office.store.waiting.pop()()
    office.world.run(0.1)
    assert office.phone.statuses == [200]
    assert office.events == [(ContactEvent.ADDED, X)]


def test_what_the_store_refuses_is_500_and_taken_back(office):
    office.register(f"<{X}>;expires=100", f"<{Y}>;expires=100")
    office.store.error = OSError("disk full")
    response = office.register(f"<{X}>;expires=900", f"<{Y}>;expires=0", f"<{Z}>")
    assert response.status == 500
    assert sorted(office.uris()) == [X, Y]
    assert all(b.expires_at < office.world.time + 100 for b in office.contacts.of("6001"))
    office.world.run(150)
    assert office.uris() == []  # and their expiry is still seen to


def test_bindings_survive_a_restart():
    store = MemoryStore()
    office = Office(store, support_path=True)
    office.via_source = True
    office.register(
        f'<{X}>;expires=600;+sip.instance="<urn:uuid:1>"', Supported="path", Path="<sip:p1;lr>, <sip:p2;lr>"
    )
    office.register(f"<{Y}>;expires=60")
    store.rows["gone", Z] = StoredBinding("gone", Z, math.inf, "", "", 0, "", "", 0, "", "", "")
    again = Office(store, support_path=True)
    again.world.run(100)
    assert again.contacts.load(lambda aor: aor == "6001") == 1
    assert list(store.rows) == [("6001", X)]
    (binding,) = again.contacts.of("6001")
    assert binding.path == ("<sip:p1;lr>", "<sip:p2;lr>")
    assert (binding.host, binding.port, binding.transport, binding.via_source) == (B, 5060, "UDP", True)
    assert binding.instance
    assert binding.expires_at == pytest.approx(again.world.time + 500, abs=2)
    again.world.run(502)
    assert again.uris() == []
    assert store.rows == {}


async def test_the_sqlite_store_keeps_what_it_acknowledged(tmp_path):
    import asyncio

    from offhook.sip.bindings import StoreBindings
    from offhook.storage.schema import SCHEMA
    from offhook.storage.store import Store

    path = tmp_path / "state.db"
    store = Store(path, loop=asyncio.get_running_loop(), schema=SCHEMA)
    bindings = StoreBindings(store)
    rows = [
        StoredBinding("6001", uri, 1e10, "<sip:p>", "c", 1, "ua", B, 5060, "UDP", "", "source")
        for uri in (X, Y)
    ]
    done = asyncio.get_running_loop().create_future()
    bindings.save(rows, [], None)
    bindings.save([rows[0]._replace(cseq=2)], [("6001", Y)], done.set_result)
    assert await asyncio.wait_for(done, 5) is None
    other = Store(tmp_path / "state.db", loop=asyncio.get_running_loop(), schema=SCHEMA)
    assert list(StoreBindings(other).load()) == [rows[0]._replace(cseq=2)]
    other.close()
    store.close()


# ---------------------------------------------------------------- Path, Service-Route, routes


def test_path_is_stored_and_echoed_when_supported():
    office = Office(support_path=True, service_route=("<sip:edge;lr>",))
    response = office.register(f"<{X}>", Supported="path", Path="<sip:p1;lr>")
    assert response.get("Path") == "<sip:p1;lr>"
    assert response.get("Service-Route") == "<sip:edge;lr>"
    binding = office.contacts.of("6001")[0]
    assert office.contacts.route(binding)[:3] == (X, None, ("<sip:p1;lr>",))


def test_path_rules():
    office = Office(support_path=True)
    response = office.register(f"<{X}>", Path="<sip:p1;lr>")
    assert (response.status, response.get("Require")) == (421, "path")
    office = Office()
    response = office.register(f"<{X}>", Path="<sip:p1;lr>", Require="path")
    assert (response.status, response.get("Unsupported")) == (420, "path")
    assert office.register(f"<{X}>", Path="<sip:p1;lr>", Supported="path").status == 200
    assert office.contacts.of("6001")[0].path == ()


def test_a_phone_is_reached_by_its_uri_or_where_it_came_from(office):
    office.register("<sip:x@10.0.0.9>")
    binding = office.contacts.of("6001")[0]
    assert office.contacts.route(binding).hop is None
    office.via_source = True
    office.register("<sip:x@10.0.0.9>")
    assert office.contacts.route(binding).hop == (1, B, 5060)
    binding.flow = 0  # as after a restart
    assert office.contacts.route(binding).hop == (1, B, 5060)


def test_a_connection_is_used_while_it_lasts(office):
    office.register(f"<{X};transport=tcp>", uri=f"sip:{A};transport=tcp")
    binding = office.contacts.of("6001")[0]
    hop = office.contacts.route(binding).hop
    assert hop is not None
    assert office.pbx.ua.flow(hop.flow).reliable
    office.pbx.network.close_flow(hop.flow)
    office.contacts.flow_closed(hop.flow)
    assert office.contacts.route(binding).hop is None
    assert len(office.contacts) == 1


def test_who_can_only_be_reached_over_a_connection_goes_with_it(office):
    office.via_source = True
    office.register(f"<{X};transport=tcp>", uri=f"sip:{A};transport=tcp")
    flow = office.contacts.of("6001")[0].flow
    office.contacts.flow_closed(flow)
    assert office.uris() == []
    assert office.events[-1][0] is ContactEvent.REMOVED
    assert office.store.rows == {}
    assert not office.contacts._by_flow


# ---------------------------------------------------------------- expiry


def test_contacts_expire_with_one_timer_for_all(office):
    for number in range(50):
        office.contacts.add(Binding(f"aor{number}", X, office.world.time + 60 + number))
    office.register(f"<{X}>;expires=100")
    office.register(f"<{X}>;expires=200")
    timers = office.world.pending()
    assert timers <= 4
    office.world.run(150)
    assert office.uris() == [X]
    assert len(office.contacts) == 1
    office.world.run(60)
    assert len(office.contacts) == 0
    assert office.events[-1] == (ContactEvent.EXPIRED, X)
    assert office.contacts._heap == []


def test_refreshing_does_not_fill_the_memory(office):
    for _ in range(200):
        office.register(f"<{X}>;expires=3600")
    assert len(office.contacts._heap) == 1


def test_a_phone_is_small():
    binding = Binding("6001", X, 0.0)
    size = sum(sys.getsizeof(getattr(binding, name)) for name in Binding.__slots__) + sys.getsizeof(binding)
    assert size < 1000
    assert not hasattr(binding, "__dict__")


def test_reload_without_an_aor_forgets_it(office):
    office.register(f"<{X}>")
    office.contacts.drop_aor("6001")
    assert office.uris() == []
    assert office.store.rows == {}


class RegistrarModel(RuleBasedStateMachine):
    """Whatever is registered in whatever order: memory, store and answers agree with a plain model."""

    def __init__(self):
        super().__init__()
        self.office = Office(MemoryStore(), max_contacts=3)
        self.model = {}

    @rule(
        changes=st.dictionaries(
            st.sampled_from([X, Y, Z, f"sip:w@{B}:5060"]), st.sampled_from([0, 60, 100, 5000]), max_size=3
        )
    )
    def register(self, changes):
        response = self.office.register(*(f"<{uri}>;expires={expires}" for uri, expires in changes.items()))
        now = self.office.world.time - 0.1
        after = {uri: at for uri, at in self.model.items() if uri not in changes}
        after |= {uri: now + expires for uri, expires in changes.items() if expires}
        added = [uri for uri, expires in changes.items() if expires and uri not in self.model]
        if added and len(after) > 3:
            assert response.status == 403
            return
        assert response.status == 200
        self.model = after

    @rule(seconds=st.sampled_from([1.0, 30.0, 70.0]))
    def wait(self, seconds):
        self.office.world.run(seconds)

    @rule()
    def clear(self):
        assert self.office.register("*", Expires="0").status == 200
        self.model = {}

    @invariant()
    def agrees(self):
        now = self.office.world.time
        uris = set(self.office.uris())
        assert uris == {uri for _, uri in self.office.store.rows}
        for uri, at in list(self.model.items()):
            if at < now - 1.2:
                assert uri not in uris
            if at > now + 0.2:
                assert uri in uris
            if uri not in uris:
                del self.model[uri]
        assert uris <= set(self.model)


TestRegistrarModel = RegistrarModel.TestCase
TestRegistrarModel.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
