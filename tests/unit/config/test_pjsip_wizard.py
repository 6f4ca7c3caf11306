"""pjsip_wizard.conf: which objects a wizard stands for, and what is said of its mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from offhook.config.snapshot import ConfigSnapshot, read_config

TRUNK = """
[trunk](!)
type = wizard
sends_auth = yes
sends_registrations = yes
outbound_auth/username = me
outbound_auth/password = secret
registration/retry_interval = 38

[one](trunk)
transport = udp
remote_hosts = 192.0.2.1:5070,example.com,[2001:db8::1]:5080
endpoint/allow = alaw
endpoint/context = in
outbound_proxy = sip:proxy
sends_line_with_registrations = yes
"""
PHONE = """
[6001]
type = wizard
accepts_auth = yes
accepts_registrations = yes
inbound_auth/username = 6001
inbound_auth/password = pw
endpoint/allow = ulaw
endpoint/context = phones
has_hint = yes
hint_exten = 6001
hint_application = Dial(${HINT},30)
"""


def read(
    tmp_path: Path, wizard: str, pjsip: str | None = "[udp]\ntype=transport\nbind=0.0.0.0\n"
) -> ConfigSnapshot:
    (tmp_path / "pjsip_wizard.conf").write_text(wizard)
    if pjsip is not None:
        (tmp_path / "pjsip.conf").write_text(pjsip)
    return read_config(tmp_path)


def test_a_trunk(tmp_path: Path) -> None:
    snapshot = read(tmp_path, TRUNK)
    assert [str(problem) for problem in snapshot.problems] == []
    pjsip = snapshot.pjsip
    endpoint = pjsip.endpoints["one"]
    assert (endpoint.aors, endpoint.outbound_auth, endpoint.auth) == (("one",), ("one-oauth",), ())
    assert (endpoint.transport, endpoint.context, endpoint.outbound_proxy) == ("udp", "in", "sip:proxy")
    hosts = ("192.0.2.1:5070", "example.com", "[2001:db8::1]:5080")
    assert pjsip.aors["one"].contacts == tuple(f"sip:{host}" for host in hosts)
    assert pjsip.aors["one"].max_contacts == 0
    assert pjsip.identifies["one-identify"].match == ("192.0.2.1", "example.com", "2001:db8::1")
    assert pjsip.identifies["one-identify"].endpoint == "one"
    auth = pjsip.auths["one-oauth"]
    assert (auth.username, auth.password, auth.auth_type) == ("me", "secret", "userpass")
    assert list(pjsip.registrations) == ["one-reg-0", "one-reg-1", "one-reg-2"]
    for registration, host in zip(pjsip.registrations.values(), hosts, strict=True):
        assert registration.server_uri == f"sip:{host}"
        assert registration.client_uri == f"sip:me@{host}"
        assert (registration.retry_interval, registration.line, registration.endpoint) == (38, True, "one")
        assert (registration.outbound_auth, registration.transport) == (("one-oauth",), "udp")


def test_a_phone_without_pjsip_conf(tmp_path: Path) -> None:
    snapshot = read(tmp_path, PHONE, pjsip=None)
    pjsip = snapshot.pjsip
    assert pjsip.endpoints["6001"].auth == ("6001-iauth",)
    assert pjsip.aors["6001"].max_contacts == 1
    assert not pjsip.identifies
    assert not pjsip.registrations
    (hint,) = snapshot.wizards.hints
    assert (hint.context, hint.exten, hint.hint) == ("phones", "6001", "PJSIP/6001")


def test_patterns_and_what_is_passed_on_wins(tmp_path: Path) -> None:
    more = "client_uri_pattern=sip:${USERNAME}@home\nserver_uri_pattern=sips:${REMOTE_HOST}\n"
    more += "contact_pattern=sip:out@${REMOTE_HOST}\naor/max_contacts=7\naccepts_registrations=yes\n"
    pjsip = read(tmp_path, TRUNK + more + "registration/expiration=99\n").pjsip
    registration = pjsip.registrations["one-reg-1"]
    assert (registration.client_uri, registration.server_uri) == ("sip:me@home", "sips:example.com")
    assert registration.expiration == 99
    assert pjsip.aors["one"].contacts[1] == "sip:out@example.com"
    assert pjsip.aors["one"].max_contacts == 7
    assert not pjsip.identifies


@pytest.mark.parametrize(
    ("wizard", "line", "what"),
    [
        ("[a]\ntype=wizard\nsends_auth=yes\n", 1, "needs outbound_auth/username"),
        ("[a]\ntype=wizard\naccepts_auth=yes\n", 1, "needs inbound_auth/username"),
        ("[a]\ntype=wizard\nsends_registrations=yes\n", 1, "needs remote_hosts"),
        ("[a]\ntype=wizard\nhas_hint=yes\n", 1, "needs hint_exten"),
        ("[a]\ntype=wizard\nendpoint/alow=ulaw\n", 3, "unknown option alow"),
        ("[a]\ntype=wizard\nendpont/allow=ulaw\n", 3, "there is no object endpont"),
        ("[a]\ntype=wizard\nremote_host=x\n", 3, "unknown option remote_host"),
        ("[a]\ntype=wizard\nhas_phoneprov=yes\n", 3, "not supported yet"),
        ("[a]\nremote_hosts=x\n", 1, "is no type=wizard"),
    ],
)
def test_mistakes(tmp_path: Path, wizard: str, line: int, what: str) -> None:
    found = [problem for problem in read(tmp_path, wizard).problems if what in str(problem)]
    assert [(Path(problem.file).name, problem.line) for problem in found] == [("pjsip_wizard.conf", line)]
