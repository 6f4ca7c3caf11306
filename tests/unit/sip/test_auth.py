import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook._core import Message, digest_ha1, parse_auth
from offhook.sip.auth import Authenticator, Credential, Outcome
from offhook.sip.auth_client import ClientAuth, ClientCredential
from offhook.sip.digest import Secrets, parse_digest, split_challenges


class Clock:
    time = 1_800_000_000.0

    def __call__(self):
        return self.time


class Users:
    def __init__(self, *credentials):
        self.by_name = {credential.username: credential for credential in credentials}

    def credential(self, username, realm):
        return self.by_name.get(username)


ALICE = Credential("alice", Secrets("wonderland"))


def register(**headers):
    message = Message.request("REGISTER", "sip:example.com")
    message.set("From", "<sip:alice@example.com>;tag=1")
    message.set("To", "<sip:alice@example.com>")
    message.set("Call-ID", "c1")
    message.set("CSeq", "1 REGISTER")
    message.set("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx")
    for name, value in headers.items():
        message.set(name, value)
    return message


def challenged(server, status=401, **options):
    response = Message.response(register(), status)
    for name, value in server.challenge(**options):
        response.add(name, value)
    return response


def client(password="wonderland", **options):
    return ClientAuth([ClientCredential("alice", Secrets(password), **options)])


def answered(server, who, **options):
    message = register()
    assert who.authorize(message, challenged(server, **options))
    return message


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def server(clock):
    return Authenticator(clock, realm="offhook")


def test_a_request_without_credentials_is_to_be_challenged(server):
    assert server.authenticate(register(), Users(ALICE)).outcome is Outcome.MISSING


def test_credentials_of_another_realm_or_scheme_count_as_none(server):
    other = register(Authorization='Digest username="alice",realm="other",nonce="x",uri="sip:a",response="0"')
    assert server.authenticate(other, Users(ALICE)).outcome is Outcome.MISSING
    assert server.authenticate(register(Authorization="Basic YTpi"), Users(ALICE)).outcome is Outcome.MISSING


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512-256"])
def test_the_right_password_is_accepted(clock, algorithm):
    server = Authenticator(clock, realm="offhook", algorithms=(algorithm,))
    result = server.authenticate(answered(server, client()), Users(ALICE))
    assert result == (Outcome.ACCEPTED, "alice", "")


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512-256"])
def test_a_digest_serves_in_the_passwords_place_on_both_sides(clock, algorithm):
    server = Authenticator(clock, realm="offhook", algorithms=(algorithm,))
    secrets = Secrets(digests={algorithm: digest_ha1(algorithm, "alice", "offhook", "wonderland").upper()})
    by_digest = ClientAuth([ClientCredential("alice", secrets)])
    assert (
        server.authenticate(answered(server, by_digest), Users(Credential("alice", secrets)))[0]
        is Outcome.ACCEPTED
    )


def test_the_strongest_common_algorithm_is_used(clock):
    server = Authenticator(clock, realm="offhook", algorithms=("MD5", "SHA-256"))
    lines = server.challenge()
    assert [parse_auth(v)[1]["algorithm"] for _, v in lines] == ["MD5", "SHA-256"]
    assert "SHA-256" in (answered(server, client()).get("Authorization") or "")
    assert "algorithm=MD5" in (answered(server, client(algorithms=("MD5",))).get("Authorization") or "")


@pytest.mark.parametrize("users", [Users(ALICE), Users()])
def test_wrong_password_and_unknown_user_are_refused_alike(server, users):
    result = server.authenticate(answered(server, client("wrong")), users)
    assert result.outcome is Outcome.REJECTED


def test_a_user_with_no_secret_in_the_algorithm_is_refused(clock):
    server = Authenticator(clock, realm="offhook", algorithms=("SHA-256",))
    md5_only = Credential("alice", Secrets(digests={"MD5": "0" * 32}))
    # Not even somebody who knows what unknown users are compared with gets in.
    assert (
        server.authenticate(answered(server, client("no such user")), Users(md5_only)).outcome
        is Outcome.REJECTED
    )
    assert server.authenticate(answered(server, client("no such user")), Users()).outcome is Outcome.REJECTED


def test_an_expired_nonce_is_stale_and_the_client_tries_again(server, clock):
    who = client()
    message = answered(server, who)
    clock.time += 33
    assert server.authenticate(message, Users(ALICE)).outcome is Outcome.STALE
    again = challenged(server, stale=True)
    assert who.authorize(message, again)
    assert server.authenticate(message, Users(ALICE)).outcome is Outcome.ACCEPTED


def test_an_expired_nonce_with_a_wrong_password_is_not_called_stale(server, clock):
    message = answered(server, client("wrong"))
    clock.time += 33
    assert server.authenticate(message, Users(ALICE)).outcome is Outcome.REJECTED


def test_a_replay_is_stale(server):
    message = answered(server, client())
    assert server.authenticate(message, Users(ALICE)).outcome is Outcome.ACCEPTED
    assert server.authenticate(message, Users(ALICE)).outcome is Outcome.STALE


def test_a_nonce_serves_several_requests_with_growing_nc(server):
    who = client()
    assert server.authenticate(answered(server, who), Users(ALICE)).outcome is Outcome.ACCEPTED
    for _ in range(5):
        message = register()
        who.prepare(message)
        assert server.authenticate(message, Users(ALICE)).outcome is Outcome.ACCEPTED


def test_reordered_requests_are_taken_once_each(server):
    who = client()
    messages = [answered(server, who)]
    for _ in range(4):
        messages.append(register())
        who.prepare(messages[-1])
    for message in (messages[0], messages[3], messages[1], messages[4], messages[2]):
        assert server.authenticate(message, Users(ALICE)).outcome is Outcome.ACCEPTED
    for message in messages:
        assert server.authenticate(message, Users(ALICE)).outcome is Outcome.STALE


@given(st.lists(st.integers(1, 80), max_size=60))
def test_no_nc_is_ever_taken_twice(counts):
    server = Authenticator(Clock(), realm="r")
    nonce = server.new_nonce("r")
    taken = [nc for nc in counts if server._use(nonce, nc, 32.0)]
    assert len(taken) == len(set(taken))
    if counts:
        assert max(counts) in taken


def test_what_is_remembered_is_bounded_and_forgetting_means_stale(clock, monkeypatch):
    monkeypatch.setattr("offhook.sip.auth._MAX_NONCES", 10)
    server = Authenticator(clock, realm="offhook", nonce_lifetime=1000)
    clock.time += 1
    first = answered(server, client())
    assert server.authenticate(first, Users(ALICE)).outcome is Outcome.ACCEPTED
    for _ in range(25):
        clock.time += 1
        assert server.authenticate(answered(server, client()), Users(ALICE)).outcome is Outcome.ACCEPTED
    assert len(server._young) + len(server._old) <= 20
    assert server.authenticate(first, Users(ALICE)).outcome is Outcome.STALE


def test_a_nonce_from_before_the_restart_is_stale_not_wrong(clock):
    secret = b"s" * 32
    message = answered(Authenticator(clock, secret=secret, realm="offhook"), client())
    clock.time += 5
    after = Authenticator(clock, secret=secret, realm="offhook")
    assert after.authenticate(message, Users(ALICE)).outcome is Outcome.STALE
    stranger = Authenticator(clock, realm="offhook")
    assert stranger.authenticate(message, Users(ALICE)).outcome is Outcome.REJECTED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("qop=auth", "qop=auth-int"),
        ("algorithm=MD5", "algorithm=MD5-sess"),
        ("nc=00000001", "nc=00000000"),
        ("nc=00000001", "nc=zz"),
        ("nc=00000001", "nc=000000000001"),
        ('uri="sip:example.com"', 'uri="sip:other"'),
        ('username="alice"', 'username=""'),
        ('username="alice"', 'username="' + "a" * 5000 + '"'),
    ],
)
def test_tampered_credentials_are_refused(server, old, new):
    message = answered(server, client())
    header = message.get("Authorization")
    assert old in header
    message.set("Authorization", header.replace(old, new))
    assert server.authenticate(message, Users(ALICE)).outcome is Outcome.REJECTED


@given(st.text(alphabet=st.characters(codec="ascii", exclude_characters="\r\n\0"), max_size=200))
def test_any_authorization_is_an_answer_not_an_accident(text):
    server = Authenticator(Clock(), realm="offhook")
    message = register(Authorization="Digest " + text)
    assert server.authenticate(message, Users(ALICE)).outcome in (Outcome.MISSING, Outcome.REJECTED)


def test_a_device_of_1999_without_qop_may_use_its_nonce_once(server):
    nonce = server.new_nonce("offhook")
    challenge = Message.response(register(), 401)
    challenge.add("WWW-Authenticate", f'Digest realm="offhook", nonce="{nonce}"')
    message = register()
    who = client()
    assert who.authorize(message, challenge)
    assert "qop" not in message.get("Authorization")
    assert server.authenticate(message, Users(ALICE)).outcome is Outcome.ACCEPTED
    assert server.authenticate(message, Users(ALICE)).outcome is Outcome.STALE
    unprepared = register()
    who.prepare(unprepared)
    assert unprepared.get("Authorization") is None


def test_a_refused_password_is_not_sent_again(server):
    who = client("wrong")
    message = answered(server, who)
    assert not who.authorize(message, challenged(server))


def test_credentials_sent_ahead_may_be_challenged_once_more(server):
    who = client()
    answered(server, who)
    message = register()
    who.prepare(message)
    assert who.authorize(message, challenged(server))  # the server had restarted, without stale=true
    assert len(message.get_all("Authorization")) == 1


def test_proxy_and_registrar_can_both_ask(clock):
    proxy = Authenticator(clock, realm="proxy")
    registrar = Authenticator(clock, realm="offhook")
    who = client()
    message = register()
    assert who.authorize(message, challenged(proxy, 407, proxy=True))
    assert who.authorize(message, challenged(registrar))
    assert proxy.authenticate(message, Users(ALICE), proxy=True).outcome is Outcome.ACCEPTED
    assert registrar.authenticate(message, Users(ALICE)).outcome is Outcome.ACCEPTED


def test_a_realm_without_credential_is_not_answered(server):
    who = ClientAuth([ClientCredential("alice", Secrets("x"), realm="elsewhere")])
    assert not who.authorize(register(), challenged(server))


def test_only_auth_int_or_an_unknown_algorithm_is_not_answered():
    response = Message.response(register(), 401)
    response.add("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth-int"')
    response.add("WWW-Authenticate", 'Digest realm="r", nonce="n", algorithm=SHA-3, qop="auth"')
    assert not client().authorize(register(), response)


def test_nextnonce_saves_the_next_round_trip(server):
    who = client()
    answered(server, who)
    ok = Message.response(register(), 200)
    ok.add("Authentication-Info", f'nextnonce="{server.new_nonce("offhook")}"')
    who.accepted(ok)
    message = register()
    who.prepare(message)
    assert "nc=00000001" in message.get("Authorization")
    assert server.authenticate(message, Users(ALICE)).outcome is Outcome.ACCEPTED


def test_quotes_and_backslashes_in_names_survive(clock):
    server = Authenticator(clock, realm='o"f\\f')
    odd = Credential('al"ice\\', Secrets('p"w'))
    who = ClientAuth([ClientCredential('al"ice\\', Secrets('p"w'))])
    assert server.authenticate(answered(server, who), Users(odd)).outcome is Outcome.ACCEPTED


def test_username_in_extended_notation():
    params = parse_digest("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm=\"r\"")
    assert params is not None
    assert params["username"] == "Jäsøn Doe"


def test_several_challenges_in_one_line():
    line = 'Digest realm="a, Digest b=", nonce="1", Digest realm="b", nonce="2", algorithm=MD5'
    assert len(split_challenges(line)) == 2
    assert split_challenges('Digest realm="a", nonce="1"') == ['Digest realm="a", nonce="1"']
    assert split_challenges('Digest realm="a", nonce="1", Digest realm="b", nonce="2"') == [
        'Digest realm="a", nonce="1"',
        'Digest realm="b", nonce="2"',
    ]


def test_an_unknown_algorithm_in_the_configuration_is_an_error(clock):
    with pytest.raises(ValueError, match="SHA-1"):
        Authenticator(clock, algorithms=("SHA-1",))
