import asyncio
import random

import pytest

from offhook._core import Uri
from offhook.sip.resolver import DnsAnswer, Naptr, ResolveError, Resolver, Srv, Target


class FakeDns:
    """Zones as dicts; counts what is asked; names in `broken` do not answer."""

    def __init__(self, **zones):
        self.zones = zones
        self.asked = []
        self.broken = set()
        self.ttl = 60.0

    async def _answer(self, kind, name):
        self.asked.append((kind, name))
        await asyncio.sleep(0)
        if (kind, name) in self.broken:
            raise ResolveError(f"{name} {kind}: no server answers")
        return DnsAnswer(list(self.zones.get(kind, {}).get(name, [])), self.ttl)

    async def naptr(self, name):
        return await self._answer("naptr", name)

    async def srv(self, name):
        return await self._answer("srv", name)

    async def addresses(self, name, ipv6):
        return await self._answer("aaaa" if ipv6 else "a", name)


class Clock:
    time = 0.0

    def __call__(self):
        return self.time


def unexpected(result):
    raise AssertionError(f"called back with {result}")


def resolver(dns, **options):
    return Resolver(Clock(), dns=dns, **options)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sip:100@192.0.2.1", Target("UDP", "192.0.2.1", 5060, "192.0.2.1", False)),
        ("sip:192.0.2.1:5070;transport=tcp", Target("TCP", "192.0.2.1", 5070, "192.0.2.1", True)),
        ("sips:192.0.2.1", Target("TLS", "192.0.2.1", 5061, "192.0.2.1", False)),
        ("sips:192.0.2.1;transport=tcp", Target("TLS", "192.0.2.1", 5061, "192.0.2.1", True)),
        ("sip:[2001:db8::1];transport=TLS", Target("TLS", "2001:db8::1", 5061, "2001:db8::1", True)),
    ],
)
def test_a_literal_address_is_known_at_once(uri, expected):
    found = resolver(FakeDns()).lookup(Uri.parse(uri), unexpected)
    assert found == [expected]


def test_what_lookup_gives_can_be_consumed():
    r = resolver(FakeDns())
    r.lookup(Uri.parse("sip:192.0.2.1"), unexpected).clear()
    assert len(r.lookup(Uri.parse("sip:192.0.2.1"), unexpected)) == 1


@pytest.mark.parametrize(
    "uri", ["tel:+4912345", "sips:192.0.2.1;transport=udp", "sip:192.0.2.1;transport=ws"]
)
async def test_impossible_targets_are_typed_errors(uri):
    r = resolver(FakeDns())
    with pytest.raises(ResolveError):
        await r.resolve(Uri.parse(uri))
    got = []
    assert r.lookup(Uri.parse(uri), got.append) is None
    await asyncio.sleep(0.01)
    assert isinstance(got[0], ResolveError)


async def test_naptr_decides_the_transport_then_srv_the_host():
    dns = FakeDns(
        naptr={
            "example.com": [
                Naptr(20, 0, "s", "SIP+D2U", "_sip._udp.example.com"),
                Naptr(10, 0, "s", "SIP+D2T", "_sip._tcp.example.com"),
                Naptr(5, 0, "s", "SIPS+D2X", "_what._sctp.example.com"),
            ]
        },
        srv={
            "_sip._tcp.example.com": [Srv(1, 0, 5080, "a.example.com")],
            "_sip._udp.example.com": [Srv(1, 0, 5060, "b.example.com")],
        },
        a={"a.example.com": ["192.0.2.1"], "b.example.com": ["192.0.2.2"]},
        aaaa={"a.example.com": ["2001:db8::1"]},
    )
    found = await resolver(dns).resolve(Uri.parse("sip:x@example.com"))
    assert found == [
        Target("TCP", "192.0.2.1", 5080, "example.com"),
        Target("TCP", "2001:db8::1", 5080, "example.com"),
        Target("UDP", "192.0.2.2", 5060, "example.com"),
    ]


async def test_without_naptr_all_srv_of_usable_transports_then_plain_addresses():
    dns = FakeDns(
        srv={"_sip._udp.example.com": [Srv(1, 0, 5062, "h.example.com")]}, a={"h.example.com": ["192.0.2.9"]}
    )
    assert [t.port for t in await resolver(dns).resolve(Uri.parse("sip:example.com"))] == [5062]
    dns = FakeDns(a={"example.com": ["192.0.2.9"]})
    assert await resolver(dns).resolve(Uri.parse("sip:example.com")) == [
        Target("UDP", "192.0.2.9", 5060, "example.com")
    ]


async def test_only_transports_and_ip_versions_that_there_are():
    dns = FakeDns(
        naptr={
            "example.com": [
                Naptr(1, 0, "s", "SIP+D2T", "_sip._tcp.example.com"),
                Naptr(2, 0, "s", "SIP+D2U", "_sip._udp.example.com"),
            ]
        },
        srv={
            "_sip._tcp.example.com": [Srv(1, 0, 5061, "h.example.com")],
            "_sip._udp.example.com": [Srv(1, 0, 5062, "h.example.com")],
        },
        a={"h.example.com": ["192.0.2.1"]},
        aaaa={"h.example.com": ["2001:db8::1"]},
    )
    r = resolver(dns)
    r.available = frozenset([("UDP", True)])
    assert await r.resolve(Uri.parse("sip:example.com")) == [
        Target("UDP", "2001:db8::1", 5062, "example.com")
    ]
    r.available = frozenset([("TCP", False)])
    assert await r.resolve(Uri.parse("sip:h.example.com")) == [
        Target("TCP", "192.0.2.1", 5060, "h.example.com")
    ]
    # what a URI names is used all the same
    found = await r.resolve(Uri.parse("sip:example.com;transport=udp"))
    assert [t.port for t in found] == [5062, 5062]


async def test_a_transport_that_is_asked_for_is_looked_up_by_naptr_when_srv_has_nothing():
    dns = FakeDns(
        naptr={
            "n.example.com": [
                Naptr(1, 1, "s", "SIP+D2U", "_sip._udp.example.com"),
                Naptr(1, 2, "s", "SIP+D2T", "_sip._tcp.example.com"),
            ]
        },
        srv={"_sip._tcp.example.com": [Srv(0, 0, 5061, "h.example.com")]},
        a={"h.example.com": ["192.0.2.1"]},
    )
    found = await resolver(dns).resolve(Uri.parse("sip:n.example.com;transport=tcp"))
    assert found == [Target("TCP", "192.0.2.1", 5061, "n.example.com", True)]


async def test_without_naptr_connections_come_first():
    dns = FakeDns(
        srv={
            "_sip._udp.example.com": [Srv(0, 0, 5062, "h.example.com")],
            "_sip._tcp.example.com": [Srv(1, 0, 5061, "h.example.com")],
        },
        a={"h.example.com": ["192.0.2.1"]},
    )
    found = await resolver(dns).resolve(Uri.parse("sip:example.com"))
    assert [(t.transport, t.port) for t in found] == [("TCP", 5061), ("UDP", 5062)]


async def test_a_port_means_no_srv():
    dns = FakeDns(a={"example.com": ["192.0.2.9"]})
    await resolver(dns).resolve(Uri.parse("sip:example.com:5090"))
    assert {kind for kind, _ in dns.asked} == {"a", "aaaa"}


async def test_sips_never_leaves_tls():
    dns = FakeDns(
        naptr={"example.com": [Naptr(1, 0, "s", "SIP+D2U", "_sip._udp.example.com")]},
        srv={"_sip._udp.example.com": [Srv(1, 0, 5060, "h.example.com")]},
        a={"h.example.com": ["192.0.2.1"], "example.com": ["192.0.2.7"]},
    )
    assert await resolver(dns).resolve(Uri.parse("sips:example.com")) == [
        Target("TLS", "192.0.2.7", 5061, "example.com")
    ]


async def test_srv_order_is_by_priority_and_weights_share_the_load():
    records = [Srv(2, 0, 1, "backup"), Srv(1, 70, 2, "big"), Srv(1, 30, 3, "small"), Srv(1, 0, 4, "zero")]
    chance = random.Random(7)
    r = Resolver(Clock(), dns=FakeDns(), choose=chance.randrange)
    first = {"big": 0, "small": 0, "zero": 0}
    for _ in range(2000):
        ordered = r._by_weight(records)
        assert {s.host for s in ordered} == {"backup", "big", "small", "zero"}
        assert ordered[-1].host == "backup"
        first[ordered[0].host] += 1
    assert 1250 < first["big"] < 1500
    assert 500 < first["small"] < 720
    assert first["zero"] < 60


async def test_answers_are_cached_for_their_ttl_and_then_known_at_once():
    dns = FakeDns(a={"example.com": ["192.0.2.9"]})
    r = resolver(dns)
    uri = Uri.parse("sip:example.com:5060")
    got = []
    assert r.lookup(uri, got.append) is None
    await asyncio.gather(*r._tasks)
    asked = len(dns.asked)
    assert r.lookup(uri, unexpected) == got[0]
    assert len(dns.asked) == asked
    r._now.time = 61.0
    assert r.lookup(uri, got.append) is None
    r.close()


async def test_a_dead_dns_is_no_reason_to_forget_an_address():
    dns = FakeDns(a={"example.com": ["192.0.2.9"]})
    r = resolver(dns, ipv6=False)
    uri = Uri.parse("sip:example.com:5060")
    before = await r.resolve(uri)
    dns.broken.add(("a", "example.com"))
    r._now.time = 1000.0
    assert await r.resolve(uri) == before


async def test_a_forwarder_that_fails_at_naptr_and_srv_is_worked_around():
    dns = FakeDns(a={"example.com": ["192.0.2.9"]})
    dns.broken |= {("naptr", "example.com"), ("srv", "_sip._udp.example.com")}
    found = await resolver(dns).resolve(Uri.parse("sip:example.com"))
    assert found[0].host == "192.0.2.9"


async def test_a_name_without_addresses_is_an_error():
    with pytest.raises(ResolveError, match="has no address"):
        await resolver(FakeDns()).resolve(Uri.parse("sip:nowhere.example"))


async def test_a_service_that_is_decidedly_absent_gives_the_plain_address():
    dns = FakeDns(srv={"_sip._udp.example.com": [Srv(0, 0, 0, "")]}, a={"example.com": ["192.0.2.9"]})
    assert (await resolver(dns).resolve(Uri.parse("sip:example.com")))[0].port == 5060


async def test_hosts_file_comes_first(tmp_path):
    from offhook.sip.resolver import Dnspython

    hosts = tmp_path / "hosts"
    hosts.write_text("# comment\n192.0.2.77 pbx.local pbx # office\n::1 pbx.local\n")
    dns = Dnspython(hosts_file=str(hosts))
    assert (await dns.addresses("pbx.local", False)).records == ["192.0.2.77"]
    assert (await dns.addresses("pbx.local", True)).records == ["::1"]


async def test_servers_of_ones_own_are_asked_first_and_the_systems_then(tmp_path):
    from offhook.sip.resolver import Dnspython

    class Zone(asyncio.DatagramProtocol):
        """Answers every question for an A record with 192.0.2.5."""

        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, addr):
            header = data[:2] + b"\x81\x80\0\1\0\1\0\0\0\0"
            end = data.index(b"\0", 12) + 5
            answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([192, 0, 2, 5])
            self.transport.sendto(header + data[12:end] + answer, addr)

    loop = asyncio.get_running_loop()
    server, _ = await loop.create_datagram_endpoint(Zone, local_addr=("127.0.0.1", 0))
    port = server.get_extra_info("sockname")[1]
    for resolv in ("", str(tmp_path / "absent")):
        dns = Dnspython(hosts_file="", resolv_file=resolv, servers=[("127.0.0.1", port)])
        assert await dns.addresses("pbx.example.com", False) == DnsAnswer(["192.0.2.5"], 60.0)
    server.close()
    for resolv in ("", str(tmp_path / "absent")):
        with pytest.raises(ResolveError, match="no DNS server is configured"):
            await Dnspython(hosts_file="", resolv_file=resolv).addresses("pbx.example.com", False)
