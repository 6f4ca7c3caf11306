"""pjsip.conf: typed objects, what is reported, and how large ten thousand phones are."""

import dataclasses
import time
import tracemalloc

import pytest

from offhook.config.codecs import Codec
from offhook.config.errors import Problems, Severity
from offhook.config.known import known_objects, known_options
from offhook.config.pjsip import SUPPORTED, TYPES, UNSUPPORTED_TYPES, PjsipConfig, Protocol, read_pjsip
from offhook.config.pjsip.aor import AuthType, Digest
from offhook.config.pjsip.endpoint import DtmfMode, Prack, Presentation, RedirectMethod, Timers
from offhook.config.reader import read_text
from offhook.config.values import Address, CallerId, Variable


def read(text: str, acls: tuple[str, ...] = ()) -> tuple[PjsipConfig, Problems]:
    problems = Problems()
    config = read_text(text, file="pjsip.conf", problems=problems)
    return read_pjsip(config, problems, named_acls=acls), problems


def good(text: str, acls: tuple[str, ...] = ()) -> PjsipConfig:
    config, problems = read(text, acls)
    assert [str(problem) for problem in problems] == []
    return config


def endpoint(lines: str) -> str:
    return f"[e]\ntype=endpoint\nallow=ulaw\n{lines}\n"


OFFICE = """
[global]
type=global
user_agent=Test
endpoint_identifier_order=username,ip
[system]
type=system
timer_t1=100
[udp]
type=transport
protocol=udp
bind=0.0.0.0
local_net=10.0.0.0/8,192.168.0.0/16
local_net=172.16.0.0/12
[tls](!)
type=transport
protocol=tls
bind=[::]:5061
cert_file=/etc/ssl/pbx.pem
cipher=ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384
method=tlsv1_2
[secure](tls)
[phone](!)
type=endpoint
context=office
disallow=all
allow=g722,ulaw
100rel=required
timers=forced
dtmf_mode=auto
redirect_method=uri_core
callerid_privacy=prohib
set_var=A=1
[6001](phone)
aors=6001
auth=6001
callerid="Jo Do" <6001>
set_var=B=2
tos_audio=ef
deny=0.0.0.0/0
permit=10.0.0.0/8
acl=inside
transport=udp
[6001]
type=auth
auth_type=userpass
username=6001
password=secret
[6001]
type=aor
max_contacts=2
contact=sip:a@10.0.0.1,sip:b@10.0.0.2
contact=sip:c@10.0.0.3
[trunk]
type=endpoint
allow=alaw
outbound_auth=trunk
[trunk]
type=auth
auth_type=digest
username=me
password_digest=MD5:0123456789abcdef0123456789ABCDEF
[trunk]
type=identify
endpoint=trunk
match=192.0.2.1,trunk.example.org
match_header=X-From: trunk
[trunk]
type=registration
server_uri=sip:trunk.example.org
client_uri=sip:me@trunk.example.org
outbound_auth=trunk
endpoint=trunk
line=yes
[inside]
type=acl
acl=inside
"""


def test_objects() -> None:
    config = good(OFFICE, acls=("inside",))
    phone = config.endpoints["6001"]
    assert (phone.name, str(phone.where), phone.context) == ("6001", "pjsip.conf:34", "office")
    assert (phone.aors, phone.auth, phone.outbound_auth) == (("6001",), ("6001",), ())
    assert phone.codecs == (Codec("g722"), Codec("ulaw"))
    assert (phone.rel100, phone.timers, phone.dtmf_mode) == (Prack.REQUIRED, Timers.ALWAYS, DtmfMode.AUTO)
    assert phone.redirect_method is RedirectMethod.URI_CORE
    assert (phone.callerid, phone.callerid_privacy) == (CallerId("Jo Do", "6001"), Presentation.PROHIB)
    assert phone.set_var == (Variable("A", "1"), Variable("B", "2"))
    assert (phone.tos_audio, phone.acl, len(phone.rules)) == (0xB8, ("inside",), 2)
    assert config.auths["6001"].auth_type is AuthType.USERPASS
    assert config.auths["trunk"].password_digest == (Digest("md5", "0123456789abcdef" * 2),)
    assert config.aors["6001"].contacts == ("sip:a@10.0.0.1", "sip:b@10.0.0.2", "sip:c@10.0.0.3")
    assert (config.general.user_agent, config.general.endpoint_identifier_order) == (
        "Test",
        ("username", "ip"),
    )
    assert (config.system.timer_t1, config.system.timer_b) == (100, 32000)
    udp, tls = config.transports["udp"], config.transports["secure"]
    assert (udp.protocol, udp.bind, udp.port, len(udp.local_net)) == (
        Protocol.UDP,
        Address("0.0.0.0"),
        5060,
        3,
    )
    assert (tls.protocol, tls.bind, tls.port, len(tls.cipher)) == (Protocol.TLS, Address("::", 5061), 5061, 2)
    assert config.identifies["trunk"].match == ("192.0.2.1", "trunk.example.org")
    assert config.registrations["trunk"].line
    assert {name: str(where) for name, where in config.contexts().items()} == {
        "office": "pjsip.conf:34",
        "default": "pjsip.conf:54",
    }


def test_objects_do_not_change_and_show_no_secret() -> None:
    config = good(OFFICE, acls=("inside",))
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.endpoints["6001"].context = "x"  # type: ignore[misc]
    assert "secret" not in repr(config)
    assert "0123456789abcdef" not in repr(config)
    assert not hasattr(config.endpoints["6001"], "__dict__")


def test_an_object_is_equal_wherever_it_stands() -> None:
    assert good(endpoint("")).endpoints["e"] == good("\n\n" + endpoint("")).endpoints["e"]
    assert good(endpoint("")).endpoints["e"] != good(endpoint("context=x")).endpoints["e"]


@pytest.mark.parametrize(
    ("text", "line", "what", "suggestion"),
    [
        (endpoint("contxt=a"), 4, "unknown option contxt in endpoint [e]", "context"),
        (endpoint("100rell=yes"), 4, "unknown option 100rell", "100rel"),
        (endpoint("allow=ulav"), 4, "unknown codec 'ulav'", "ulaw"),
        (endpoint("direct_media=maybe"), 4, "neither yes nor no", ""),
        (endpoint("dtmf_mode=rfc2833"), 4, "is not one of rfc4733", "rfc4733"),
        (endpoint("timers_min_se=10"), 4, "not between 90", ""),
        (endpoint("timers_sess_expires=90\ntimers_min_se=100"), 4, "less than timers_min_se", ""),
        (endpoint("aors=a\n[b]\ntype=aor"), 4, "there is no aor [a]", ""),
        (endpoint("auth=6O01\n[6001]\ntype=auth\nusername=1"), 4, "there is no auth [6O01]", "6001"),
        (endpoint("outbound_auth=x"), 4, "there is no auth [x]", ""),
        (endpoint("transport=udp"), 4, "there is no transport [udp]", ""),
        (endpoint("acl=inside"), 4, "no list [inside] in acl.conf", ""),
        (endpoint("permit=10.0.0/8"), 4, "'10.0.0' is not an IP address", ""),
        (endpoint("set_var=A"), 4, "is not NAME=value", ""),
        (endpoint("[e]\ntype=endpoint\nallow=ulaw"), 4, "already defined at pjsip.conf:1: neither", ""),
        ("[a]\ntype=aorr\n", 2, "unknown type 'aorr'", "aor"),
        ("[a]\ntype=aor\ncontact=10.0.0.1\n", 3, "is not a SIP URI", "sip:10.0.0.1"),
        ("[a]\ntype=aor\nminimum_expiration=9000\n", 3, "greater than maximum_expiration", ""),
        ("[a]\ntype=auth\nusername=a\nmd5_cred=xyz\n", 4, "32 hexadecimal digits", ""),
        ("[a]\ntype=auth\nusername=a\nauth_type=md5\npassword=x\n", 4, "has no md5_cred", ""),
        ("[a]\ntype=auth\nusername=a\npassword_digest=SHA1:00\n", 4, "ALGORITHM:hash", ""),
        ("[t]\ntype=transport\n", 1, "has no bind address", ""),
        ("[t]\ntype=transport\nprotocol=tls\nbind=::\n", 1, "no cert_file", ""),
        ("[t]\ntype=transport\nbind=a:b:c\n", 3, "neither an IPv6 address", ""),
        (
            "[t]\ntype=transport\nbind=0.0.0.0\n[u]\ntype=transport\nbind=0.0.0.0:5060\n",
            6,
            "same address as [t]",
            "",
        ),
        ("[i]\ntype=identify\nmatch=1.1.1.1\n", 1, "names no endpoint", ""),
        ("[i]\ntype=identify\nmatch=1.1.1.1\nendpoint=x\n", 4, "there is no endpoint [x]", ""),
        (endpoint("") + "[i]\ntype=identify\nendpoint=e\n", 5, "has no match", ""),
        ("[r]\ntype=registration\nserver_uri=sip:a\n", 1, "has no client_uri", ""),
        ("[r]\ntype=registration\nserver_uri=a\nclient_uri=sip:a\n", 3, "is not a SIP URI", "sip:a"),
        (
            "[r]\ntype=registration\nserver_uri=sip:a\nclient_uri=sip:a\nline=yes\n",
            5,
            "needs an endpoint",
            "",
        ),
        ("[g]\ntype=global\n[h]\ntype=global\n", 3, "already defined at pjsip.conf:1", ""),
    ],
)
def test_mistakes(text: str, line: int, what: str, suggestion: str) -> None:
    _, problems = read(text)
    (problem,) = problems.errors
    assert what in problem.what
    assert (problem.file, problem.line, problem.suggestion) == ("pjsip.conf", line, suggestion)


def test_a_reference_to_a_section_with_a_mistake_is_not_a_second_one() -> None:
    _, problems = read(endpoint("aors=a") + "[a]\ntype=aor\nmax_contacts=x\n")
    assert [problem.line for problem in problems.errors] == [7]


def test_a_mistake_of_a_template_is_one_mistake() -> None:
    phones = "".join(f"[{n}](t)\n" for n in range(50))
    for line in ("contxt=x", "direct_media=maybe", "aors=none", "asymmetric_rtp_codec=yes", "@x=y"):
        _, problems = read(f"[t](!)\ntype=endpoint\nallow=ulaw\n{line}\n{phones}")
        assert [problem.line for problem in problems] == [4]


def test_of_two_objects_of_one_name_neither_counts() -> None:
    config, problems = read("[a]\ntype=aor\n[a]\ntype=aor\n[b]\ntype=aor\n[a]\ntype=auth\nusername=a\n")
    assert list(config.aors) == ["b"]
    assert list(config.auths) == ["a"]
    assert len(list(problems)) == 1


def test_thousands_of_mistakes_take_no_minutes() -> None:
    phones = "".join(f"[u{n:05d}]\ntype=endpoint\nallow=ulaw\naors=x{n:05d}\n" for n in range(4000))
    aors = "".join(f"[y{n:05d}]\ntype=aor\n" for n in range(4000))
    start = time.perf_counter()
    _, problems = read(phones + aors)
    assert time.perf_counter() - start < 15
    assert len(problems.errors) == 4000
    assert problems.errors[0].suggestion


def test_a_section_with_a_mistake_is_left_out_and_the_rest_stays() -> None:
    config, problems = read(endpoint("x=1") + "[f]\ntype=endpoint\nallow=ulaw\n")
    assert list(config.endpoints) == ["f"]
    assert len(problems.errors) == 1


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (endpoint("asymmetric_rtp_codec=yes"), 4, "asymmetric_rtp_codec in endpoint [e] = yes"),
        (endpoint("ASYMMETRIC_RTP_CODEC=yes"), 4, "ASYMMETRIC_RTP_CODEC"),
        (endpoint("mailboxes=100@default"), 4, "mailboxes"),
        (endpoint("allow_subscribe=yes"), 4, "allow_subscribe in endpoint [e] = yes: only no works"),
        (endpoint("@mine=1"), 4, "@mine"),
        (endpoint("redirect_method=uri_pjsip"), 4, "the value uri_pjsip of redirect_method"),
        ("[s]\ntype=system\nthreadpool_max_size=100\n", 3, "has no effect: SIP runs in one event loop"),
        ("[t]\ntype=transport\nprotocol=wss\nbind=0.0.0.0\n", 3, "the value wss of protocol"),
        ("[a]\ntype=resource_list\nevent=presence\n", 1, "type=resource_list"),
    ],
)
def test_what_does_not_work_yet_is_said(text: str, line: int, what: str) -> None:
    _, problems = read(text)
    (problem,) = problems
    assert what in problem.what
    assert (problem.severity, problem.line) == (Severity.UNSUPPORTED, line)


@pytest.mark.parametrize(
    "line",
    [
        "asymmetric_rtp_codec=no",
        "asymmetric_rtp_codec=off",
        "media_encryption=no",
        "max_video_streams=1",
        "asymmetric_rtp_codec=",
    ],
)
def test_a_default_is_no_use_of_what_does_not_work_yet(line: str) -> None:
    good(endpoint(line))


def test_an_essential_value_that_does_not_work_yet_leaves_the_object_out() -> None:
    config, _ = read(endpoint("redirect_method=uri_pjsip\ncontext=x"))
    assert config.endpoints["e"].redirect_method is RedirectMethod.USER
    assert config.endpoints["e"].context == "x"
    config, problems = read("[t]\ntype=transport\nprotocol=wss\nbind=::\n" + endpoint("transport=t"))
    assert not config.transports
    assert [str(problem) for problem in problems] == [
        "pjsip.conf:3: not supported yet: the value wss of protocol in transport [t], [t] is left out"
    ]


def test_what_only_works_one_way_may_be_said_that_way() -> None:
    good(endpoint("direct_media=no\nallow_transfer=off\nallow_subscribe=0"))


def test_option_names_ignore_case() -> None:
    assert good(endpoint("Context=x\nAUTH=")).endpoints["e"].context == "x"


def test_odd_sections_are_warned_of() -> None:
    _, problems = read("[a]\nb=c\n[e]\ntype=endpoint\n[x]\ntype=auth\npassword=y\n")
    assert [(p.severity, p.line) for p in problems] == [(Severity.WARNING, line) for line in (1, 3, 5)]


@pytest.mark.parametrize(
    ("kind", "password", "digests", "said"),
    [
        ("userpass", "secret", (), {"md5_cred", "password_digest"}),
        ("md5", "", ("md5",), {"password", "password_digest"}),
        ("digest", "secret", ("sha-256", "md5"), set()),
    ],
)
def test_auth_type_says_which_credential_counts(
    kind: str, password: str, digests: tuple[str, ...], said: set[str]
) -> None:
    config, problems = read(
        f"[a]\ntype=auth\nusername=a\nauth_type={kind}\npassword=secret\nmd5_cred={'0' * 32}\n"
        f"password_digest=SHA-256:{'0' * 64}\n"
    )
    auth = config.auths["a"]
    assert auth.own_password == password
    assert tuple(digest.algorithm for digest in auth.own_digests) == digests
    assert {problem.what.split()[0] for problem in problems} == said
    assert all(problem.severity is Severity.WARNING for problem in problems)


def test_supported_are_exactly_the_fields_and_all_are_options_of_asterisk() -> None:
    assert set(TYPES) | set(UNSUPPORTED_TYPES) == set(known_objects("pjsip.conf"))
    for name, kind in TYPES.items():
        assert SUPPORTED[name] == tuple(sorted(kind.options))
        assert set(SUPPORTED[name]) <= known_options("pjsip.conf", name).keys()
        assert {*kind.needless, *kind.fixed} <= known_options("pjsip.conf", name).keys()
        assert not {*kind.needless, *kind.fixed} & set(SUPPORTED[name])
        declared = {field.name for field in dataclasses.fields(kind.cls)} - {"name", "where"}
        assert {option.field for option in kind.options.values()} == declared


OWN_DEFAULTS = {"user_agent", "sdp_session", "default_auth_algorithms_uas", "default_auth_algorithms_uac"}


def test_defaults_are_those_of_asterisk() -> None:
    different: list[str] = []
    for kind in TYPES.values():
        for name, option in kind.options.items():
            default = kind.known[name].default
            if not default or name in OWN_DEFAULTS:
                continue
            if option.apply(option.default, default) != option.default:
                different.append(f"{kind.name} {name}: {option.default!r}, Asterisk {default}")
    assert different == []


PHONES = 10_000
TEMPLATES = """[u](!)
type=endpoint
context=load
disallow=all
allow=ulaw
[a](!)
type=auth
auth_type=userpass
password=secret
[r](!)
type=aor
max_contacts=1
remove_existing=yes
"""


def many_phones(count: int) -> str:
    return TEMPLATES + "".join(
        f"\n[u{i}](u)\nauth=u{i}\naors=u{i}\n[u{i}](a)\nusername=u{i}\n[u{i}](r)\n" for i in range(count)
    )


def test_ten_thousand_phones_are_read_fast() -> None:
    text = many_phones(PHONES)
    start = time.perf_counter()
    config, problems = read(text)
    took = time.perf_counter() - start
    assert len(config.endpoints) == PHONES
    assert not list(problems)
    # It takes 0.3 s on the machine that the bars are for; this bound only catches what is slow by nature.
    assert took < 60.0


def test_ten_thousand_phones_are_small() -> None:
    text = many_phones(PHONES // 5)
    tracemalloc.start()
    try:
        config, _ = read(text)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(config.endpoints) == PHONES // 5
    assert kept < 5 * 2**20
    some, other = config.endpoints["u1"], config.endpoints["u1999"]
    assert some.codecs is other.codecs
    assert some.context is other.context
