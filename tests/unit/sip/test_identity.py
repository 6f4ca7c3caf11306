import pytest

from offhook._core import Message, Uri
from offhook.sip import identity
from offhook.sip.identity import IdentitySource, PartyIdentity, Redirection


def invite(*headers):
    message = Message.request("INVITE", "sip:b@example.com")
    message.set("From", '"Alice" <sip:alice@example.com>;tag=1')
    for name, value in headers:
        message.add(name, value)
    return message


def test_asserted_identity_prefers_sip_to_tel():
    found = identity.connected_identity(
        invite(("P-Asserted-Identity", '<tel:+4930123>, "Desk" <sip:+4930123@example.com>'))
    )
    assert (found.name, found.number, found.source) == ("Desk", "+4930123", IdentitySource.ASSERTED)
    assert found.screened
    assert not found.private


@pytest.mark.parametrize("value", ["id", "user;id", "critical; ID", "header"])
def test_privacy_hides_the_asserted_identity(value):
    assert identity.connected_identity(
        invite(("P-Asserted-Identity", "<sip:1@a.example>"), ("Privacy", value))
    ).private


def test_privacy_none_hides_nothing():
    headers = ("P-Asserted-Identity", "<sip:1@a.example>"), ("Privacy", "none")
    assert not identity.connected_identity(invite(*headers)).private


def test_remote_party_id():
    found = identity.connected_identity(
        invite(("Remote-Party-ID", '"Bob" <sip:200@example.com>;party=calling;privacy=full;screen=yes'))
    )
    assert (found.name, found.number, found.private, found.screened) == ("Bob", "200", True, True)


def test_malformed_is_none_and_from_counts():
    message = invite(("P-Asserted-Identity", "<<nonsense"))
    assert identity.connected_identity(message) is None
    assert identity.caller_identity(message, trusted=True).name == "Alice"


def test_only_the_trusted_are_believed():
    message = invite(("P-Asserted-Identity", "<sip:boss@example.com>"))
    assert identity.caller_identity(message, trusted=True).number == "boss"
    assert identity.caller_identity(message, trusted=False).number == "alice"


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("tel:+49-30-123;phone-context=x", "+4930123"),
        ("sip:+1(555)123.4567@a", "+15551234567"),
        ("sip:100;phone-context=a@b", "100"),
        ("sip:a.smith@b", "a.smith"),
        ("sip:b.example", ""),
    ],
)
def test_number(uri, number):
    assert PartyIdentity(Uri.parse(uri)).number == number


def test_anonymous():
    assert PartyIdentity(identity.anonymous_uri()).anonymous
    assert not PartyIdentity(Uri.parse("sip:a@b")).anonymous


def test_what_is_built_is_read():
    party = PartyIdentity(Uri.parse("sip:7@a.example"), 'Se"ven', private=True, screened=True)
    found = identity.connected_identity(invite(*identity.asserted_headers(party)))
    assert (found.uri, found.name, found.private) == (party.uri, party.name, True)
    found = identity.connected_identity(invite(identity.remote_party_header(party, calling=True)))
    assert (found.uri, found.name, found.private, found.screened) == (party.uri, party.name, True, True)


def redirections():
    return [
        Redirection(PartyIdentity(Uri.parse("sip:2@a.example"), "Two"), "no-answer"),
        Redirection(PartyIdentity(Uri.parse("sip:1@a.example"), private=True), "unconditional"),
    ]


def test_diversion_round_trip():
    found = identity.diversions(invite(identity.diversion_header(redirections())))
    assert [(one.party.number, one.reason, one.party.private) for one in found] == [
        ("2", "no-answer", False),
        ("1", "unconditional", True),
    ]


def test_history_round_trip():
    found = identity.history(invite(*identity.history_headers(redirections(), Uri.parse("sip:3@a.example"))))
    assert [(one.party.number, one.reason, one.party.private) for one in found] == [
        ("2", "no-answer", False),
        ("1", "unconditional", True),
    ]


def test_none_and_nonsense():
    assert identity.diversions(invite()) == []
    assert identity.history(invite()) == []
    assert identity.diversions(invite(("Diversion", "<<"))) == []
    assert identity.diversions(invite(("Diversion", "<sip:1@a>;counter=99999")))[0].counter == 1
