//! Changing messages, answering them, and writing them out.
use offhook_sip::Message;

const HEAD: &str = "INVITE sip:bob@example.com SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport, SIP/2.0/TCP proxy.example.com;branch=z9hG4bK0\r\n\
Max-Forwards: 70\r\n\
From: \"A, B\" <sip:alice@example.com>;tag=a1\r\n\
To: <sip:bob@example.com>\r\n\
Call-ID: c1@192.0.2.1\r\n\
CSeq: 7 INVITE\r\n";

fn with(lines: &str, body: &str) -> Vec<u8> {
    format!("{HEAD}{lines}\r\n{body}").into_bytes()
}

fn parse(lines: &str) -> Message {
    Message::parse(&with(lines, "")).unwrap()
}

#[test]
fn setting_adding_removing() {
    let mut m = parse("X-A: 1\r\nSubject: s\r\nx-a: 2\r\n");
    m.set("X-A", "3").unwrap();
    assert_eq!(m.get_all("x-a"), ["3"]);
    m.set("Subject", "t").unwrap();
    m.add("s", "u").unwrap();
    assert_eq!(m.get_all("Subject"), ["t", "u"]);
    m.prepend("Subject", "first").unwrap();
    assert_eq!(m.get_all("Subject"), ["first", "t", "u"]);
    m.remove("s");
    assert_eq!(m.get("Subject"), None);
    m.prepend("Via", "SIP/2.0/UDP us;branch=z9hG4bKnew")
        .unwrap();
    m.prepend("Record-Route", "<sip:us;lr>").unwrap();
    let written = Message::parse(&m.to_bytes()).unwrap();
    assert_eq!(written.branch(), "z9hG4bKnew");
    let names: Vec<_> = written.headers().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names[..3], ["Via", "Via", "Record-Route"]);
    assert_eq!(written.values("Via").len(), 3);
    assert_eq!(m.as_received(), None);
}

#[test]
fn removing_nothing_changes_nothing() {
    let mut m = parse("");
    m.remove("X-Absent");
    assert!(m.as_received().is_some());
}

#[test]
fn headers_cannot_be_injected() {
    let mut m = parse("");
    let before = m.to_bytes();
    for value in ["a\r\nX: y", "a\nX: y", "a\rX", "a\0"] {
        assert!(
            m.set("Subject", value).is_err() && m.add("Subject", value).is_err(),
            "{value:?}"
        );
        assert!(
            m.prepend("Subject", value).is_err() && m.set_body(value, b"x").is_err(),
            "{value:?}"
        );
        assert!(
            Message::response(&m, 400, Some(value), None).is_err(),
            "{value:?}"
        );
    }
    for name in ["", "a b", "a:", "a\r\n", "ä"] {
        assert!(
            m.set(name, "x").is_err() && m.add(name, "x").is_err() && m.prepend(name, "x").is_err(),
            "{name:?}"
        );
    }
    for uri in ["", "sip:a@b SIP/2.0\r\nX: y", "sip:a b", "sip:a@b\n"] {
        assert!(
            m.set_uri(uri).is_err() && Message::request("INVITE", uri).is_err(),
            "{uri:?}"
        );
    }
    assert!(
        Message::request("IN VITE", "sip:a@b").is_err() && Message::request("", "sip:a@b").is_err()
    );
    assert!(Message::response(&m, 200, None, Some("a;b")).is_err());
    assert!(
        Message::response(&m, 99, None, None).is_err()
            && Message::response(&m, 700, None, None).is_err()
    );
    assert_eq!(m.to_bytes(), before);
}

#[test]
fn content_length_is_always_right() {
    let mut m = parse("Content-Length: 0\r\n");
    m.set("Content-Length", "77").unwrap();
    assert_eq!(
        Message::parse(&m.to_bytes()).unwrap().get("l").as_deref(),
        Some("0")
    );
    m.set_body("application/sdp", b"v=0\r\n").unwrap();
    let written = Message::parse(&m.to_bytes()).unwrap();
    assert_eq!(
        (written.get("l").as_deref(), written.body()),
        (Some("5"), b"v=0\r\n".as_slice())
    );
    assert_eq!(written.content_type().as_deref(), Some("application/sdp"));
    m.set_body("", b"").unwrap();
    assert_eq!((m.body(), m.content_type()), (b"".as_slice(), None));
}

#[test]
fn compact_form() {
    let m = parse("Content-Type: text/plain\r\nX-Long: y\r\n");
    let bytes = m.to_compact_bytes();
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        text.contains("\r\nv: ")
            && text.contains("\r\ni: c1@")
            && text.contains("\r\nc: text/plain\r\n")
    );
    assert!(text.contains("\r\nX-Long: y\r\n") && text.ends_with("l: 0\r\n\r\n"));
}

#[test]
fn responses_copy_what_they_must() {
    let request = parse("Record-Route: <sip:p1;lr>\r\nTimestamp: 54\r\nSubject: s\r\n");
    let trying = Message::response(&request, 100, None, None).unwrap();
    assert_eq!(
        (trying.status(), trying.reason().as_ref(), trying.method()),
        (100, "Trying", "INVITE")
    );
    assert_eq!(
        (
            trying.get("Timestamp").as_deref(),
            trying.get("Record-Route")
        ),
        (Some("54"), None)
    );
    assert_eq!(trying.to_tag(), None);
    let ringing = Message::response(&request, 180, Some("Läuten"), Some("t9")).unwrap();
    assert_eq!(
        (ringing.to_tag(), ringing.from_tag()),
        (Some("t9"), Some("a1"))
    );
    assert_eq!(ringing.get("Record-Route").as_deref(), Some("<sip:p1;lr>"));
    assert_eq!(
        (
            ringing.get("Timestamp"),
            ringing.get("Subject"),
            ringing.get("Max-Forwards")
        ),
        (None, None, None)
    );
    assert_eq!(ringing.get_all("Via"), request.get_all("Via"));
    let parsed = Message::parse(&ringing.to_bytes()).unwrap();
    assert_eq!(
        (parsed.reason().as_ref(), parsed.cseq(), parsed.call_id()),
        ("Läuten", (7, "INVITE"), "c1@192.0.2.1")
    );
    assert!(
        Message::response(&request, 486, None, Some("t9"))
            .unwrap()
            .get("Record-Route")
            .is_none()
    );
}

#[test]
fn a_to_tag_is_added_only_once() {
    let tagged = |to: &str| {
        let data = String::from_utf8(with("", ""))
            .unwrap()
            .replace("To: <sip:bob@example.com>", &format!("To: {to}"));
        let request = Message::parse(data.as_bytes()).unwrap();
        Message::response(&request, 200, None, Some("new"))
            .unwrap()
            .to_tag()
            .map(str::to_owned)
    };
    assert_eq!(tagged("<sip:bob@h>").as_deref(), Some("new"));
    assert_eq!(tagged("<sip:bob@h>;tag=old").as_deref(), Some("old"));
    assert_eq!(tagged("sip:bob@h").as_deref(), Some("new"));
    assert_eq!(tagged("<sip:bob@h;tag=uri>").as_deref(), Some("new"));
    assert_eq!(
        tagged("\"x;tag=name\" <sip:bob@h>\r\n ").as_deref(),
        Some("new")
    );
}

#[test]
fn noting_the_source_in_via() {
    let via = |source: &str, port| {
        let mut m = parse("");
        m.note_source(source, port);
        m.get("Via").unwrap().into_owned()
    };
    // rport was asked for: both are noted, the second value stays
    assert_eq!(
        via("198.51.100.7", 40_000),
        "SIP/2.0/UDP 192.0.2.1:5060;received=198.51.100.7;rport=40000;branch=z9hG4bK1, \
         SIP/2.0/TCP proxy.example.com;branch=z9hG4bK0"
    );
    assert!(via("192.0.2.1", 5060).contains(";received=192.0.2.1;rport=5060"));
    let plain = |via: &str, source: &str| {
        let data = String::from_utf8(with("", "")).unwrap();
        let at = data.find("Via: ").unwrap() + 5;
        let end = data[at..].find("\r\n").unwrap() + at;
        let mut m =
            Message::parse(format!("{}{via}{}", &data[..at], &data[end..]).as_bytes()).unwrap();
        m.note_source(source, 9);
        (
            m.get("Via").unwrap().into_owned(),
            m.as_received().is_some(),
        )
    };
    let same = plain("SIP/2.0/UDP 192.0.2.1;branch=x", "192.0.2.1");
    assert_eq!(same, ("SIP/2.0/UDP 192.0.2.1;branch=x".to_owned(), true));
    let other = plain("SIP/2.0/UDP h.example.com;branch=x", "192.0.2.1");
    assert_eq!(
        other.0,
        "SIP/2.0/UDP h.example.com;received=192.0.2.1;branch=x"
    );
    let forged = plain(
        "SIP/2.0/UDP 192.0.2.1;received=203.0.113.1;branch=x",
        "192.0.2.1",
    );
    assert_eq!(forged.0, "SIP/2.0/UDP 192.0.2.1;branch=x");
    let six = plain("SIP/2.0/UDP [2001:db8::9]:5060;branch=x", "2001:db8::9");
    assert!(six.1, "the same address in brackets");
    let six = plain("SIP/2.0/UDP [2001:DB8:0::9]:5060;branch=x", "2001:db8::9");
    assert!(six.1, "the same address in another spelling");
}

#[test]
fn removing_the_top_via() {
    let mut m = parse("");
    m.remove_top_via();
    assert_eq!(
        m.get_all("Via"),
        ["SIP/2.0/TCP proxy.example.com;branch=z9hG4bK0"]
    );
    m.remove_top_via();
    assert!(m.top_via().is_none());
}

#[test]
fn changing_the_uri() {
    let mut m = parse("");
    m.set_uri("sip:carol@h").unwrap();
    assert_eq!(Message::parse(&m.to_bytes()).unwrap().uri(), "sip:carol@h");
    assert!(
        Message::response(&m, 200, None, None)
            .unwrap()
            .set_uri("sip:a@b")
            .is_err()
    );
}
