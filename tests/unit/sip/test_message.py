import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook._core import (
    Message,
    NameAddr,
    SipParseError,
    StreamFramer,
    Uri,
    new_branch,
    new_call_id,
    new_tag,
)

INVITE = (
    b"INVITE sip:6002@192.0.2.10 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.33:5062;branch=z9hG4bKa1;rport\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Alice \xc3\x84" <sip:6001@192.0.2.10>;tag=f1\r\n'
    b"To: <sip:6002@192.0.2.10>\r\n"
    b"Call-ID: abc@192.0.2.33\r\n"
    b"CSeq: 4711 INVITE\r\n"
    b"m: <sip:6001@192.0.2.33:5062>, <sips:x@[2001:db8::1]>;q=0.5\r\n"
    b"Supported: timer\r\n"
    b"k: 100rel\r\n"
    b"Content-Type: Application/SDP;x=y\r\n"
    b"Content-Length: 5\r\n"
    b"\r\nv=0\r\n"
)


@pytest.fixture
def invite() -> Message:
    return Message.parse(INVITE)


def test_fields_of_a_request(invite: Message):
    assert invite.is_request
    assert (invite.method, invite.uri, invite.status, invite.reason) == (
        "INVITE",
        "sip:6002@192.0.2.10",
        0,
        "",
    )
    assert (invite.call_id, invite.cseq, invite.branch) == ("abc@192.0.2.33", 4711, "z9hG4bKa1")
    assert (invite.from_tag, invite.to_tag) == ("f1", None)
    assert (invite.from_.display_name, invite.from_.uri.user) == ("Alice Ä", "6001")
    assert invite.to.uri == Uri.parse("sip:6002@192.0.2.10")
    assert (invite.content_type, invite.body) == ("application/sdp", b"v=0\r\n")
    assert invite.parts() == [("application/sdp", b"v=0\r\n")]
    assert invite.to_bytes() == INVITE


def test_header_access(invite: Message):
    assert invite.get("contact") == invite.get("M")
    assert invite.get("X-Absent") is None
    assert invite.get_all("Supported") == ["timer", "100rel"]
    assert invite.values("k") == ["timer", "100rel"]
    assert invite.has_token("supported", "TIMER")
    assert not invite.has_token("Require", "timer")
    second = invite.addresses("Contact")[1]
    assert (second.uri.host, second.param("q")) == ("2001:db8::1", "0.5")
    assert ("Max-Forwards", "70") in invite.headers()
    assert len(invite.headers()) == 11


def test_getters_give_the_same_object_until_the_message_changes(invite: Message):
    assert invite.call_id is invite.call_id
    assert invite.from_ is invite.from_
    invite.set("Call-ID", "other")
    invite.set("From", "<sip:x@h>;tag=f2")
    assert (invite.call_id, invite.from_tag, invite.from_.uri.user) == ("other", "f2", "x")
    invite.uri = "sip:new@h"
    assert invite.uri == "sip:new@h"
    assert Message.parse(invite.to_bytes()).uri == "sip:new@h"


def test_a_copy_is_a_message_of_its_own(invite: Message):
    copy = invite.copy()
    copy.remove("Supported")
    copy.set_body("", b"")
    assert (copy.get("Supported"), copy.body, copy.content_type) == (None, b"", None)
    assert invite.to_bytes() == INVITE


def test_building_a_request():
    m = Message.request("OPTIONS", "sip:h")
    m.add("To", "<sip:h>")
    m.add("From", "<sip:a@h>;tag=1")
    m.add("CSeq", "1 OPTIONS")
    m.add("Call-ID", "c")
    m.prepend("Via", "SIP/2.0/UDP h;branch=z9hG4bK1")
    m.set("From", "<sip:b@h>;tag=2")
    assert m.to_bytes() == (
        b"OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nTo: <sip:h>\r\n"
        b"From: <sip:b@h>;tag=2\r\nCSeq: 1 OPTIONS\r\nCall-ID: c\r\nContent-Length: 0\r\n\r\n"
    )
    assert m.to_bytes(compact=True) == (
        b"OPTIONS sip:h SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nt: <sip:h>\r\nf: <sip:b@h>;tag=2\r\n"
        b"CSeq: 1 OPTIONS\r\ni: c\r\nl: 0\r\n\r\n"
    )


def test_a_response(invite: Message):
    ringing = Message.response(invite, 180, to_tag="t1")
    assert (ringing.is_request, ringing.status, ringing.reason, ringing.method) == (
        False,
        180,
        "Ringing",
        "INVITE",
    )
    assert (ringing.to_tag, ringing.from_tag, ringing.cseq, ringing.uri) == ("t1", "f1", 4711, "")
    assert Message.response(invite, 404, "Nobody").reason == "Nobody"
    with pytest.raises(AttributeError):
        ringing.uri = "sip:x"


@pytest.mark.parametrize("text", ["a\r\nX: y", "a\n", "a\r", "a\0"])
def test_no_line_break_gets_into_a_header(invite: Message, text: str):
    for change in (invite.set, invite.add, invite.prepend):
        with pytest.raises(ValueError, match="CR"):
            change("Subject", text)
        with pytest.raises(ValueError, match="token"):
            change(text, "x")
    with pytest.raises(ValueError, match="CR"):
        Message.response(invite, 400, text)
    with pytest.raises(ValueError, match="tag"):
        Message.response(invite, 400, to_tag=text)
    with pytest.raises(ValueError, match="URI"):
        Message.request("INVITE", text)
    assert invite.to_bytes() == INVITE


@pytest.mark.parametrize(
    ("old", "new", "status", "reason"),
    [
        (b"SIP/2.0\r\nVia", b"SIP/9.0\r\nVia", 505, "Version Not Supported"),
        (b"CSeq: 4711 INVITE", b"CSeq: 4711 BYE", 400, "CSeq of another method"),
        (b"Call-ID: abc@192.0.2.33\r\n", b"", 400, "Missing Call-ID"),
        (b"sip:6002@192.0.2.10 SIP", b"gopher:x SIP", 416, "Unsupported URI Scheme"),
        (b"Max-Forwards: 70", b"Max-Forwards: -1", 400, "Malformed Max-Forwards"),
        (b"Length: 5", b"Length: 6", 400, "Body shorter than Content-Length"),
    ],
)
def test_errors_have_the_status_to_answer(old: bytes, new: bytes, status: int, reason: str):
    with pytest.raises(SipParseError) as caught:
        Message.parse(INVITE.replace(old, new))
    assert (caught.value.status, caught.value.reason) == (status, reason)
    assert reason in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_malformed_addresses_raise_where_they_are_read():
    m = Message.request("INVITE", "sip:h")
    with pytest.raises(SipParseError, match="Missing From"):
        _ = m.from_
    m.set("To", "<sip:a@h")
    with pytest.raises(SipParseError):
        _ = m.to
    m.set("Contact", "*")
    with pytest.raises(SipParseError):
        m.addresses("Contact")


def test_uri():
    u = Uri.parse("sip:a%20b:pw@Example.com:5070;lr;transport=TCP?Subject=x")
    assert (u.scheme, u.user, u.password, u.host, u.port) == ("sip", "a b", "pw", "Example.com", 5070)
    assert u.params() == [("lr", None), ("transport", "TCP")]
    assert (u.param("LR"), u.param("transport"), u.param("none")) == ("", "TCP", None)
    assert u.headers() == [("Subject", "x")]
    assert str(u.without_headers().without_param("lr")) == "sip:a%20b:pw@Example.com:5070;transport=TCP"
    assert str(u.with_param("x", None).without_headers()).endswith(";lr;transport=TCP;x")
    assert Uri.parse("sip:%61@H") == Uri.parse("SIP:a@h")
    assert hash(Uri.parse("sip:%61@H")) == hash(Uri.parse("SIP:a@h"))
    assert Uri.parse("sip:a@h") != Uri.parse("sip:a@h:5060")
    assert Uri.parse("sip:a@h") != "sip:a@h"
    assert repr(Uri("sip", "h")) == 'Uri("sip:h")'


def test_uri_replace_tells_none_from_absent():
    u = Uri("sip", "h", user="a", port=5060, params=[("lr", None)])
    assert str(u) == "sip:a@h:5060;lr"
    assert str(u.replace()) == str(u)
    assert str(u.replace(user=None)) == "sip:h:5060;lr"
    assert str(u.replace(port=None, host="2001:db8::1")) == "sip:a@[2001:db8::1];lr"
    assert str(u.replace(scheme="sips", user="b@c")) == "sips:b%40c@h:5060;lr"
    with pytest.raises(TypeError):
        u.replace(hots="x")  # pyright: ignore[reportCallIssue]
    for bad in ("a@b", "", "a b"):
        with pytest.raises(ValueError, match="URI"):
            u.replace(host=bad)


def test_name_addr():
    a = NameAddr(Uri("sip", "h", user="a"), display_name='x "y"', params=[("tag", "1"), ("z", "a b")])
    assert str(a) == '"x \\"y\\"" <sip:a@h>;tag=1;z="a b"'
    assert NameAddr.parse(str(a)) == a
    assert hash(NameAddr.parse(str(a))) == hash(a)
    assert (a.tag, a.param("Z"), a.params()) == ("1", "a b", [("tag", "1"), ("z", "a b")])
    assert str(a.with_param("tag", "2").uri) == "sip:a@h"
    assert NameAddr.parse("sip:a@h;tag=9").tag == "9"
    assert NameAddr.parse("sip:a@h").tag is None


def test_stream_framer():
    framer = StreamFramer(max_message=1000)
    assert framer.feed(INVITE[:100]) == []
    assert framer.feed(INVITE[100:] + b"\r\n\r\n" + INVITE) == [INVITE, b"\r\n\r\n", INVITE]
    with pytest.raises(SipParseError) as caught:
        framer.feed(b"x" * 1001)
    assert caught.value.status == 513


def test_names_are_new_each_time():
    assert len({new_tag() for _ in range(1000)}) == 1000
    assert len({new_branch() for _ in range(1000)}) == 1000
    assert new_branch().startswith("z9hG4bK")
    assert new_call_id("h").endswith("@h")
    assert "@" not in new_call_id("")


names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{2,12}", fullmatch=True)
values = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=("Cs",)), max_size=60)


@given(st.lists(st.tuples(names.map(lambda n: "X-" + n), values), max_size=12), st.binary(max_size=200))
def test_what_is_built_is_read_back(headers: list[tuple[str, str]], body: bytes):
    m = Message.request("MESSAGE", "sip:h")
    for name, value in [
        ("Via", "SIP/2.0/UDP h;branch=z9hG4bK1"),
        ("From", "<sip:a@h>;tag=1"),
        ("To", "<sip:b@h>"),
        ("Call-ID", "c"),
        ("CSeq", "1 MESSAGE"),
    ]:
        m.add(name, value)
    for name, value in headers:
        m.add(name, value)
    m.set_body("text/plain", body)
    read = Message.parse(m.to_bytes())
    assert read.body == body
    assert read.headers()[5 : 5 + len(headers)] == [(name, value.strip(" \t")) for name, value in headers]


@given(st.text(min_size=1, max_size=30), st.text(max_size=30))
def test_any_user_and_display_name_survive(user: str, display: str):
    address = NameAddr(Uri("sip", "h", user=user), display_name=display)
    read = NameAddr.parse(str(address))
    assert read.uri.user == user
    assert read.uri == address.uri
    if display.isprintable():
        assert read.display_name == display


@given(st.binary(max_size=300))
def test_bytes_never_do_more_than_raise(data: bytes):
    for text in (data, INVITE[:50] + data + INVITE[50:], INVITE + data):
        status = 400
        try:
            Message.parse(text)
        except SipParseError as error:
            status = error.status
        assert 400 <= status <= 699


def test_a_bare_address_with_options_in_its_user_part():
    """Its sender has forgotten the <>; what is in front of the @ is the user's all the same."""
    found = NameAddr.parse("sip:carol;phone-context=national@127.0.0.1:5060;user=phone")
    assert found.uri.user == "carol;phone-context=national"
    assert found.uri.host == "127.0.0.1"
    assert found.param("user") == "phone"
    plain = NameAddr.parse("sip:carol@127.0.0.1;tag=a")
    assert (plain.uri.user, plain.param("tag")) == ("carol", "a")
