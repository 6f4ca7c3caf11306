import asyncio
import contextlib
import datetime
import ipaddress
import itertools
import socket
import ssl
import subprocess

import pytest

from offhook.sip.addresses import BeyondNat
from offhook.sip.resolver import Resolver
from offhook.sip.transport import AsyncioNetwork, StreamLimits, TlsConfig, TransportConfig, TransportError
from offhook.sip.ua import UserAgent

MESSAGE = b"OPTIONS sip:a@127.0.0.1 SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 0\r\n\r\n"


class Recorder:
    """A receiver that writes down what it gets."""

    def __init__(self):
        self.flows = {}
        self.closed = []
        self.messages = []
        self.returned = []
        self.changed = asyncio.Event()

    def flow_opened(self, flow):
        self.flows[flow.id] = flow
        self.changed.set()

    def flow_closed(self, flow, why):
        self.closed.append((flow.id, why))
        self.changed.set()

    def received(self, flow, host, port, data):
        self.messages.append((flow, host, port, data))
        self.changed.set()

    def undeliverable(self, data):
        self.returned.append(data)
        self.changed.set()

    def read_done(self):
        pass

    async def until(self, condition, seconds=3.0):
        async with asyncio.timeout(seconds):
            while not condition(self):
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
async def make():
    networks = []

    def new(**limits):
        network = AsyncioNetwork(limits=StreamLimits(**limits))
        recorder = Recorder()
        network.attach(recorder)
        networks.append(network)
        return network, recorder

    yield new
    for network in networks:
        await network.close()


def config(protocol="udp", **options):
    options.setdefault("name", protocol)
    options.setdefault("host", "127.0.0.1")
    return TransportConfig(protocol=protocol, port=0, **options)


def connect(network, port, transport="TCP", host="127.0.0.1", **options):
    future = asyncio.get_running_loop().create_future()
    network.open_stream(transport, host, port, lambda flow, why: future.set_result((flow, why)), **options)
    return future


# ---------------------------------------------------------------- UDP


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_datagrams_go_both_ways(make, host):
    (a, _), (b, heard) = make(), make()
    a.listen(config(host=host))
    port = b.listen(config(host=host))
    flow = a.datagram_flow(host)
    assert a.send(flow.id, host, port, MESSAGE)
    await heard.until(lambda r: r.messages)
    number, source, source_port, data = heard.messages[0]
    assert (source, source_port, data) == (host, flow.local_port, MESSAGE)
    assert heard.flows[number].sent_by == (f"[::1]:{port}" if ":" in host else f"127.0.0.1:{port}")


async def test_the_family_and_the_name_choose_the_socket(make):
    network, _ = make()
    network.listen(config(name="four"))
    network.listen(config(name="other"))
    network.listen(config(name="six", host="::1"))
    assert network.datagram_flow("192.0.2.1").name == "four"
    assert network.datagram_flow("192.0.2.1", "other").name == "other"
    assert network.datagram_flow("2001:db8::1").name == "six"
    assert network.datagram_flow("2001:db8::1", "four") is None


async def test_a_flood_does_not_keep_others_from_their_turn(make):
    network, heard = make()
    port = network.listen(config())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
        for _ in range(600):
            flood.sendto(MESSAGE, ("127.0.0.1", port))
        turns = []
        while len(heard.messages) < 600 and len(turns) < 1000:
            turns.append(len(heard.messages))
            await asyncio.sleep(0)
    assert len(heard.messages) == 600
    assert max(b - a for a, b in itertools.pairwise(turns)) <= 256


async def test_what_cannot_be_sent_is_said(make):
    network, _ = make()
    network.listen(config())
    flow = network.datagram_flow("127.0.0.1").id
    assert not network.send(flow, "127.0.0.1", 5060, bytes(70_000))
    assert not network.send(flow, "not an address", 5060, MESSAGE)
    assert not network.send(flow, "127.0.0.1", 99_999, MESSAGE)
    assert not network.send(4711, "127.0.0.1", 5060, MESSAGE)


async def test_a_taken_port_is_a_clear_error(make):
    (a, _), (b, _) = make(), make()
    port = a.listen(config())
    with pytest.raises(TransportError, match=rf"udp 127.0.0.1:{port}.*in use"):
        b.listen(TransportConfig("mine", "udp", "127.0.0.1", port))
    with pytest.raises(TransportError, match="open already"):
        a.listen(config())


async def test_a_node_behind_nat_shows_its_outer_address_to_those_beyond(make):
    network, heard = make()
    network.listen(
        config(
            external_address="203.0.113.5",
            external_port=5080,
            local_nets=(ipaddress.ip_network("127.0.0.0/8"),),
        )
    )
    flow = network.datagram_flow("127.0.0.1")
    assert flow.number_towards("127.0.0.9") == flow.id
    assert flow.number_towards("198.51.100.1") == flow.external_id
    assert heard.flows[flow.id].external_sent_by == "203.0.113.5:5080"
    assert network.public_address(flow, "198.51.100.1") == ("203.0.113.5", 5080)
    assert network.public_address(flow, "127.0.0.9") == ("127.0.0.1", flow.local_port)
    assert network.send(flow.external_id, "127.0.0.1", flow.local_port, MESSAGE)
    await heard.until(lambda r: r.messages)


async def test_a_wildcard_is_never_shown(make):
    network, _ = make()
    network.listen(config(host="0.0.0.0"))
    flow = network.datagram_flow("127.0.0.1")
    assert flow.local_host != "0.0.0.0"
    assert network.public_address(flow, "127.0.0.1")[0] == "127.0.0.1"


def test_beyond_nat_by_family_and_bounded():
    beyond = BeyondNat((ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")))
    assert not beyond("10.1.2.3")
    assert not beyond("fd00::1")
    assert beyond("11.0.0.1")
    assert beyond("fe80::1%eth0")
    for number in range(5000):
        beyond(f"11.0.{number >> 8}.{number & 255}")
    assert len(beyond._known) <= 4096


async def test_type_of_service_is_set(make):
    network, _ = make()
    network.listen(config(tos=0xB8))
    assert network._sockets[0]._sock.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == 0xB8


# ---------------------------------------------------------------- TCP


async def test_a_connection_is_used_both_ways(make):
    (a, at_a), (b, at_b) = make(), make()
    port = b.listen(config("tcp"))
    flow, why = await connect(a, port)
    assert why == ""
    assert a.send(flow.id, "127.0.0.1", port, MESSAGE)
    await at_b.until(lambda r: r.messages)
    number, host, peer_port, _ = at_b.messages[0]
    assert b.stream_flow("TCP", host, peer_port).id == number
    assert b.send(number, host, peer_port, MESSAGE)
    await at_a.until(lambda r: r.messages)
    assert a.stream_flow("TCP", "127.0.0.1", port) is flow
    assert flow.outgoing
    assert not at_b.flows[number].outgoing


async def test_two_requests_at_once_open_one_connection(make):
    (a, at_a), (b, _) = make(), make()
    port = b.listen(config("tcp"))
    first, second = await asyncio.gather(connect(a, port), connect(a, port))
    assert first == second
    assert len(at_a.flows) == 1


async def test_messages_are_cut_out_of_the_stream(make):
    network, heard = make()
    port = network.listen(config("tcp"))
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(MESSAGE + MESSAGE[:20])
    await heard.until(lambda r: len(r.messages) == 1)
    writer.write(MESSAGE[20:] + b"\r\n\r\n" + MESSAGE)
    await heard.until(lambda r: len(r.messages) == 3)
    assert {data for *_, data in heard.messages} == {MESSAGE}
    writer.close()


async def test_a_ping_gets_its_pong(make):
    network, _ = make()
    port = network.listen(config("tcp"))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\r\n\r\n")
    assert await asyncio.wait_for(reader.readexactly(2), 3) == b"\r\n"
    writer.close()


async def test_pings_are_sent(make, monkeypatch):
    monkeypatch.setattr("offhook.sip.transport._SWEEP_INTERVAL", 0.02)
    network, _ = make(keep_alive_interval=0.05)
    port = network.listen(config("tcp"))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await asyncio.wait_for(reader.readexactly(4), 3) == b"\r\n\r\n"
    writer.close()


async def test_what_is_not_sip_is_cut_off(make):
    network, heard = make()
    port = network.listen(config("tcp"))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nContent-Length: nonsense\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), 3) == b""
    await heard.until(lambda r: r.closed)
    assert network.counters.stream_errors == 1
    writer.close()


@pytest.mark.parametrize("begun", [b"", MESSAGE[:30], b"\r\n\r\n"])
async def test_half_open_connections_are_closed(make, monkeypatch, begun):
    monkeypatch.setattr("offhook.sip.transport._SWEEP_INTERVAL", 0.02)
    network, heard = make(half_open_timeout=0.1, first_message_timeout=0.15)
    port = network.listen(config("tcp"))
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begun)
    await heard.until(lambda r: r.closed)
    assert network.counters.half_open_closed == 1
    assert not network._by_remote
    writer.close()


async def test_a_message_begun_and_not_ended_is_half_open_too(make, monkeypatch):
    monkeypatch.setattr("offhook.sip.transport._SWEEP_INTERVAL", 0.02)
    network, heard = make(half_open_timeout=0.2)
    port = network.listen(config("tcp"))
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(MESSAGE)
    await heard.until(lambda r: r.messages)
    await asyncio.sleep(0.3)
    assert not heard.closed
    writer.write(MESSAGE[:10])
    await heard.until(lambda r: r.closed)
    writer.close()


async def test_idle_connections_are_closed(make, monkeypatch):
    monkeypatch.setattr("offhook.sip.transport._SWEEP_INTERVAL", 0.02)
    network, heard = make(idle_timeout=0.1)
    port = network.listen(config("tcp"))
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(MESSAGE)
    await heard.until(lambda r: r.closed)
    assert network.counters.idle_closed == 1
    writer.close()


async def test_connections_are_limited_for_each_address_and_in_all(make):
    network, heard = make(max_per_address=3)
    port = network.listen(config("tcp"))
    pairs = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
    await heard.until(lambda r: len(r.flows) == 3)
    assert await asyncio.wait_for(pairs[3][0].read(), 3) == b""
    assert network.counters.connections_refused == 1
    for _, writer in pairs:
        writer.close()
    await heard.until(lambda r: len(r.closed) == 3)
    _, writer = await asyncio.open_connection("127.0.0.1", port)  # there is room again
    await heard.until(lambda r: len(r.flows) == 4)
    writer.close()


async def test_a_peer_that_does_not_read_is_cut_off(make):
    network, heard = make(max_write_buffer=100_000)
    port = network.listen(config("tcp"))
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.transport.pause_reading()
    await heard.until(lambda r: r.flows)
    (number,) = heard.flows
    sent = 0
    while network.send(number, "", 0, bytes(50_000)) and sent < 1000:
        sent += 1
    assert sent < 1000
    await heard.until(lambda r: r.closed)
    assert heard.closed == [(number, "slow reader")]
    assert network.counters.slow_readers == 1
    writer.close()


async def test_a_refused_connection_says_why(make):
    network, _ = make()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        flow, why = await connect(network, unused.getsockname()[1])
    assert flow is None
    assert "refused" in why.lower()
    assert network.counters.connections_failed == 1


async def test_a_connection_that_takes_too_long_is_given_up(make):
    network, _ = make(connect_timeout=0.1)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        extra = [socket.socket() for _ in range(4)]
        for sock in extra:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        flow, why = await connect(network, port)
        for sock in extra:
            sock.close()
    assert (flow, why) == (None, "timeout")


async def test_an_alias_is_believed_only_for_the_peers_own_address(make):
    network, heard = make()
    port = network.listen(config("tcp"))
    for host in ("127.0.0.1", "192.0.2.99"):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        via = f"Via: SIP/2.0/TCP {host}:5066;branch=z9hG4bK1;alias\r\n".encode()
        writer.write(MESSAGE.replace(b"Call-ID", via + b"Call-ID"))
        await heard.until(lambda r: r.messages)
        assert network.stream_flow("TCP", "192.0.2.99", 5066) is None
        assert (network.stream_flow("TCP", "127.0.0.1", 5066) is not None) == (host == "127.0.0.1")
        writer.close()
        await heard.until(lambda r: r.closed)
        assert network.stream_flow("TCP", "127.0.0.1", 5066) is None
        heard.messages.clear()
        heard.closed.clear()


async def test_a_lost_connection_is_told(make):
    network, heard = make()
    port = network.listen(config("tcp"))
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    await heard.until(lambda r: r.flows)
    writer.close()
    await heard.until(lambda r: r.closed)
    assert not network._streams
    assert not network._per_address
    assert not network.send(next(iter(heard.flows)), "", 0, MESSAGE)


async def test_tcp_keepalive_options_are_set(make):
    network, heard = make()
    port = network.listen(config("tcp", tcp_keepalive=(31, 7, 3)))
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    await heard.until(lambda r: r.flows)
    (connection,) = network._streams.values()
    sock = connection._transport.get_extra_info("socket")
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 31
    writer.close()


# ---------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A CA and a certificate for sip.example.com, made with the openssl command."""
    folder = tmp_path_factory.mktemp("tls")

    new_key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"

    def openssl(arguments):
        subprocess.run(["openssl", *arguments.split()], cwd=folder, check=True, capture_output=True)

    def issue(name, serial):
        (folder / "ext").write_text(
            "subjectAltName=DNS:sip.example.com,DNS:*.wild.example.com,IP:127.0.0.1\n"
        )
        openssl(f"req {new_key} -keyout {name}.key -out csr -subj /CN=sip.example.com")
        ca = f"-CA ca.pem -CAkey ca.key -set_serial {serial} -days 2"
        openssl(f"x509 -req -in csr {ca} -extfile ext -out {name}.pem")

    openssl(f"req -x509 {new_key} -keyout ca.key -out ca.pem -subj /CN=Test -days 2")
    issue("one", "1001")
    issue("two", "1002")
    return folder


def tls(folder, **options):
    return TlsConfig(cert_file=str(folder / "one.pem"), priv_key_file=str(folder / "one.key"), **options)


async def test_tls_both_ways_with_both_certificates_verified(make, certificates):
    ca = {"ca_list_file": str(certificates / "ca.pem")}
    (a, at_a), (b, at_b) = make(), make()
    port = b.listen(config("tls", tls=tls(certificates, require_client_cert=True, **ca)))
    a.listen(config("tls", tls=tls(certificates, verify_server=True, **ca)))
    flow, why = await connect(a, port, "TLS", server_name="sip.example.com")
    assert why == ""
    assert flow.secure
    assert a.send(flow.id, "127.0.0.1", port, MESSAGE)
    await at_b.until(lambda r: r.messages)
    assert b.send(at_b.messages[0][0], "", 0, MESSAGE)
    await at_a.until(lambda r: r.messages)


async def test_a_certificate_for_another_domain_is_refused(make, certificates):
    (a, at_a), (b, _) = make(), make()
    port = b.listen(config("tls", tls=tls(certificates)))
    a.listen(
        config("tls", tls=tls(certificates, verify_server=True, ca_list_file=str(certificates / "ca.pem")))
    )
    for name in ("other.example.com", "x.wild.example.com"):
        flow, why = await connect(a, port, "TLS", server_name=name)
        assert flow is None
        assert why == f"tls: the certificate is not for {name}"
    assert not at_a.flows


async def test_an_unknown_ca_is_refused_and_without_verification_anything_goes(make, certificates):
    (strict, _), (lax, _), (b, _) = make(), make(), make()
    port = b.listen(config("tls", tls=tls(certificates)))
    strict.listen(config("tls", tls=tls(certificates, verify_server=True)))
    flow, why = await connect(strict, port, "TLS", server_name="sip.example.com")
    assert flow is None
    assert "certificate" in why.lower()
    flow, why = await connect(lax, port, "TLS", server_name="sip.example.com")
    assert why == ""


async def test_a_client_without_certificate_is_refused_when_one_is_required(make, certificates):
    network, heard = make()
    ca = {"ca_list_file": str(certificates / "ca.pem")}
    port = network.listen(
        config("tls", tls=tls(certificates, require_client_cert=True, method="tlsv1_2", **ca))
    )
    context = ssl.create_default_context(cafile=certificates / "ca.pem")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="sip.example.com")
    assert not heard.flows


async def test_certificates_are_reloaded_without_dropping_anybody(make, certificates, tmp_path):
    for suffix in ("pem", "key"):
        (tmp_path / f"mine.{suffix}").write_bytes((certificates / f"one.{suffix}").read_bytes())
    options = TlsConfig(cert_file=str(tmp_path / "mine.pem"), priv_key_file=str(tmp_path / "mine.key"))
    network, _ = make()
    port = network.listen(config("tls", tls=options))
    context = ssl.create_default_context(cafile=certificates / "ca.pem")

    async def serial():
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname="sip.example.com"
        )
        return writer.get_extra_info("peercert")["serialNumber"], reader, writer

    first, reader, writer = await serial()
    for suffix in ("pem", "key"):
        (tmp_path / f"mine.{suffix}").write_bytes((certificates / f"two.{suffix}").read_bytes())
    network.reload_certificates("tls")
    second, _, other = await serial()
    assert (int(first, 16), int(second, 16)) == (1001, 1002)
    writer.write(b"\r\n\r\n")  # the first one still lives
    assert await asyncio.wait_for(reader.readexactly(2), 3) == b"\r\n"
    (tmp_path / "mine.pem").write_text("not a certificate")
    with pytest.raises(TransportError, match=r"mine\.pem"):
        network.reload_certificates("tls")
    third, _, last = await serial()
    assert int(third, 16) == 1002
    for open_writer in (writer, other, last):
        open_writer.close()


async def test_tls_handshakes_that_never_end_are_limited_and_end(make, certificates):
    network, _ = make(half_open_timeout=0.3, max_per_address=2)
    port = network.listen(config("tls", tls=tls(certificates)))
    pairs = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
    for reader, writer in pairs:
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 3) == b""
        writer.close()
    assert network.counters.connections_refused == 1
    async with asyncio.timeout(3):
        while network._taking:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_options_that_make_no_tls_are_clear_errors(make, certificates, tmp_path):
    network, _ = make()
    with pytest.raises(TransportError, match="needs a certificate"):
        network.listen(config("tls"))
    with pytest.raises(TransportError, match="TLS method 'sslv2'"):
        network.listen(config("tls", tls=tls(certificates, method="sslv2")))
    with pytest.raises(TransportError, match="TLS options"):
        network.listen(config("tls", tls=tls(certificates, cipher="NO-SUCH-CIPHER")))
    with pytest.raises(TransportError, match="absent"):
        network.listen(config("tls", tls=TlsConfig(cert_file=str(tmp_path / "absent.pem"))))


# ---------------------------------------------------------------- whole


@pytest.mark.parametrize("protocol", ["udp", "tcp", "tls"])
async def test_two_user_agents_talk(certificates, protocol):
    networks = [AsyncioNetwork(), AsyncioNetwork()]
    agents = [UserAgent(network, Resolver(network.now)) for network in networks]
    ports = [network.listen(config(protocol, tls=tls(certificates))) for network in networks]
    agents[1].on_request = lambda request: request.respond(200)
    uri = f"sip:127.0.0.1:{ports[1]};transport={protocol}"
    future = asyncio.get_running_loop().create_future()
    message = agents[0].new_request("OPTIONS", uri)
    for name, value in (
        ("From", "<sip:a@a>;tag=1"),
        ("To", f"<{uri}>"),
        ("Call-ID", "1"),
        ("CSeq", "1 OPTIONS"),
    ):
        message.set(name, value)
    agents[0].request(message, lambda outgoing, response: future.set_result((outgoing, response)))
    outgoing, response = await asyncio.wait_for(future, 5)
    assert response.status == 200
    assert outgoing.failure is None
    assert agents[0].contact_address(outgoing.hop) == ("127.0.0.1", ports[0])
    for agent, network in zip(agents, networks, strict=True):
        agent.close()
        await network.close()


# ---------------------------------------------------------------- the end


async def test_a_connection_closed_twice_can_still_be_aborted(make, certificates):
    (a, _), (b, at_b) = make(), make()
    port = b.listen(config("tls", tls=tls(certificates)))
    a.listen(config("tls", tls=tls(certificates)))
    flow, why = await connect(a, port, "TLS")
    assert flow is not None, why
    await at_b.until(lambda r: any(one.remote_host for one in r.flows.values()))
    (stream,) = b._streams.values()
    stream.close()
    stream.close()
    stream.abort("now")
    await at_b.until(lambda r: r.closed)


async def test_closing_leaves_nothing(make):
    network, heard = make()
    network.listen(config())
    port = network.listen(config("tcp"))
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    await heard.until(lambda r: len(r.flows) == 2)
    pending = connect(network, port)
    await network.close()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(pending, 0.1)
    await asyncio.sleep(0.05)
    assert len(heard.closed) >= 2
    assert not network._streams
    assert not network._tasks
    writer.close()
    assert datetime.datetime.fromtimestamp(network.wall()).year >= 2024
