//! Messages: what is read, what parsing refuses, and how bodies are cut.
use offhook_sip::{Limits, Message};

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

/// Status and reason of the refusal, by `parse` or `check`.
fn refused(data: &[u8]) -> (u16, String) {
    let error = Message::parse(data).and_then(|m| m.check()).unwrap_err();
    (error.status, error.reason.into_owned())
}

#[test]
fn fields_of_a_request() {
    let m = parse("X-Empty:\r\n");
    assert!(m.is_request());
    assert_eq!(
        (m.method(), m.uri(), m.status()),
        ("INVITE", "sip:bob@example.com", 0)
    );
    assert_eq!((m.call_id(), m.cseq()), ("c1@192.0.2.1", (7, "INVITE")));
    assert_eq!(
        (m.from_tag(), m.to_tag(), m.branch()),
        (Some("a1"), None, "z9hG4bK1")
    );
    let via = m.top_via().unwrap();
    assert_eq!(
        (via.transport, via.host, via.port, via.rport()),
        ("UDP", "192.0.2.1", Some(5060), Some(None))
    );
    assert_eq!(m.get("x-empty").as_deref(), Some(""));
    assert_eq!(m.get("X-Absent"), None);
    assert_eq!(m.from().unwrap().display_name(), Some("A, B"));
    assert!(m.check().is_ok());
}

#[test]
fn compact_and_long_names_are_the_same() {
    let data = b"OPTIONS sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bKx\r\nf: <sip:a@b>;tag=1\r\nt: <sip:a@b>\r\n\
        i: 1\r\nCSeq: 1 OPTIONS\r\nm: <sip:a@c>\r\nContact: <sip:a@d>\r\nk: timer, 100rel\r\nl: 0\r\n\r\n";
    let m = Message::parse(data).unwrap();
    assert_eq!(m.get_all("contact"), ["<sip:a@c>", "<sip:a@d>"]);
    assert_eq!(m.get_all("M"), m.get_all("CONTACT"));
    assert!(m.has_token("Supported", "100REL") && !m.has_token("Supported", "replaces"));
}

#[test]
fn lists_respect_quotes_and_brackets() {
    let m = parse(
        "Contact: \"x, \\\"y\" <sip:a@h;p=1,2?x=,>;q=1, <sip:b@h>\r\nContact: , sip:c@h ,\r\n",
    );
    assert_eq!(
        m.values("Contact"),
        [
            r#""x, \"y" <sip:a@h;p=1,2?x=,>;q=1"#,
            "<sip:b@h>",
            "sip:c@h"
        ]
    );
}

#[test]
fn folding_becomes_one_space() {
    let m = parse("Subject: one\r\n \ttwo \r\n  three\r\nX: \r\n a\r\n");
    assert_eq!(m.get("s").as_deref(), Some("one two three"));
    assert_eq!(m.get("x").as_deref(), Some("a"));
}

#[test]
fn bare_line_feeds_end_lines_too() {
    let data = String::from_utf8(with("Subject: one\r\n two\r\n", ""))
        .unwrap()
        .replace("\r\n", "\n");
    let mut m = Message::parse(data.as_bytes()).unwrap();
    assert_eq!(m.get("Subject").as_deref(), Some("one two"));
    assert_eq!(m.to_bytes(), data.as_bytes());
    m.add("X", "y").unwrap();
    let written = String::from_utf8(m.to_bytes()).unwrap();
    assert!(!written.replace("\r\n", "").contains('\n'), "{written}");
}

#[test]
fn text_that_is_not_utf8_is_latin1() {
    let mut data = with("", "");
    let at = data.windows(4).position(|w| w == b"A, B").unwrap();
    data[at] = 0xdc;
    assert_eq!(
        Message::parse(&data)
            .unwrap()
            .from()
            .unwrap()
            .display_name(),
        Some("Ü, B")
    );
}

#[test]
fn leading_line_breaks_are_skipped() {
    let mut data = b"\r\n\r\n".to_vec();
    data.extend(with("", ""));
    assert_eq!(Message::parse(&data).unwrap().to_bytes(), with("", ""));
}

#[test]
fn body_by_content_length() {
    // section 18.3: longer is cut, shorter is an error, none takes all
    let m = Message::parse(&with("Content-Length: 3\r\n", "abcdef")).unwrap();
    assert_eq!(
        (m.body(), m.to_bytes()),
        (b"abc".as_slice(), with("Content-Length: 3\r\n", "abc"))
    );
    assert_eq!(Message::parse(&with("", "abc")).unwrap().body(), b"abc");
    assert_eq!(
        refused(&with("Content-Length: 4\r\n", "abc")),
        (400, "Body shorter than Content-Length".into())
    );
    for bad in ["", "x", "-1", "1 1", "1,1", "99999999999999999999999"] {
        assert_eq!(
            refused(&with(&format!("l: {bad}\r\n"), "abc")).0,
            400,
            "{bad}"
        );
    }
}

#[test]
fn limits_have_their_statuses() {
    let limits = Limits {
        message: 2000,
        uri: 100,
        headers: 10,
        header_line: 200,
        body: 50,
    };
    let status = |data: &[u8]| {
        Message::parse_with(data, &limits)
            .map(|_| 0)
            .unwrap_or_else(|e| {
                assert!(e.partial().is_some(), "{e}");
                e.status
            })
    };
    assert_eq!(status(&with("", "")), 0);
    assert_eq!(status(&with("", &"x".repeat(2000))), 513);
    assert_eq!(status(&with("", &"x".repeat(51))), 413);
    assert_eq!(
        status(&with("Content-Length: 51\r\n", &"x".repeat(51))),
        413
    );
    assert_eq!(status(&with(&"X-Y: z\r\n".repeat(5), "")), 513);
    assert_eq!(
        status(&with(&format!("X-Y: {}\r\n", "y".repeat(200)), "")),
        513
    );
    assert_eq!(
        status(&with(&format!("X-Y: {}\r\n", "y\r\n ".repeat(60)), "")),
        513
    );
    let long = String::from_utf8(with("", ""))
        .unwrap()
        .replace("sip:bob@", &format!("sip:{}@", "b".repeat(100)));
    assert_eq!(status(long.as_bytes()), 414);
    assert!(Limits::default().message == 65_535 && Limits::default().headers == 256);
}

#[test]
fn malformed_start_lines() {
    for (line, status) in [
        ("INVITE sip:a@b SIP/3.0", 505),
        ("INVITE sip:a@b SIP/2.1", 505),
        ("INVITE sip:a@b sip/2.0", 0),
        ("INVITE sip:a@b HTTP/1.1", 400),
        ("INVITE sip:a@b", 400),
        ("INVITE", 400),
        ("INVITE\tsip:a@b SIP/2.0", 400),
        ("INV<ITE sip:a@b SIP/2.0", 400),
        (" INVITE sip:a@b SIP/2.0", 400),
        ("INVITE sip:a@b\u{7f} SIP/2.0", 400),
        ("INVITE  SIP/2.0", 400),
        ("INVITE tel:+1 SIP/2.0", 0),
        ("INVITE mailto:a@b SIP/2.0", 416),
        ("INVITE a@b SIP/2.0", 400),
        ("INVITE sip:@b SIP/2.0", 400),
        ("INVITE sip:a@ SIP/2.0", 400),
        ("INVITE sip:a@[::1 SIP/2.0", 400),
        ("INVITE sip:a@b:70000 SIP/2.0", 400),
        ("INVITE sip:a%4@b SIP/2.0", 400),
        ("SIP/2.0 200", 0),
        ("SIP/2.0 99 x", 400),
        ("SIP/2.0 700 x", 400),
        ("SIP/2.0 2000 x", 400),
        ("SIP/2.0  200 x", 400),
        ("SIP/1.0 200 x", 505),
    ] {
        let data = String::from_utf8(with("", "")).unwrap().replacen(
            "INVITE sip:bob@example.com SIP/2.0",
            line,
            1,
        );
        let got = Message::parse(data.as_bytes())
            .and_then(|m| m.check())
            .map_or_else(|e| e.status, |()| 0);
        assert_eq!(got, status, "{line}");
    }
    for data in [
        "",
        "\r\n",
        "\r\n\r\n",
        "x",
        "INVITE sip:a@b SIP/2.0\r\n",
        "\0\0\0\0",
        "SIP/2.0 200 OK\r\n\r\n",
    ] {
        assert_eq!(refused(data.as_bytes()).0, 400, "{data:?}");
    }
}

#[test]
fn malformed_header_lines() {
    for line in [
        "NoColon\r\n",
        ": value\r\n",
        "Bad Name: x\r\n",
        "X: a\rb\r\n",
        "Max-Forwards: 256\r\n",
        "Expires: -1\r\n",
        "Expires: 4294967296\r\n",
        "Contact: <sip:a@b\r\n",
        "Contact: <sip:a@b>, \r\n",
        "Contact: <sip:a@b>;x=\r\n",
        "Contact: <sip:a@b> x\r\n",
        "Contact: <sip:a@b>\r\nContact: *\r\n",
        "Contact: *, <sip:a@b>\r\n",
        "Route: sip:a@b, <x>\r\n",
        "Content-Type: sdp\r\n",
        "Session-Expires: soon\r\n",
        "From: <sip:other@h>;tag=2\r\n",
        "Via: SIP/2.0/UDP\r\n",
        "Via: SIP/2.0/UDP h:port\r\n",
        "Via: SIP/2.0/UDP [::1\r\n",
    ] {
        assert_eq!(refused(&with(line, "")).0, 400, "{line}");
    }
    let first = format!("INVITE sip:a@b SIP/2.0\r\n folded: x\r\n{HEAD}\r\n");
    assert_eq!(refused(first.as_bytes()).0, 400);
}

#[test]
fn a_cseq_is_a_number_below_2_to_the_31_and_the_method() {
    let cseq = |value: &str| {
        let data = String::from_utf8(with("", ""))
            .unwrap()
            .replace("CSeq: 7 INVITE", &format!("CSeq: {value}"));
        Message::parse(data.as_bytes())
            .map(|m| m.cseq().0)
            .map_err(|e| e.status)
    };
    assert_eq!(cseq("2147483647 INVITE"), Ok(2_147_483_647));
    assert_eq!(cseq("007\r\n\tINVITE"), Ok(7));
    for bad in [
        "2147483648 INVITE",
        "7",
        "INVITE",
        "7INVITE",
        "7 invite",
        "7 BYE",
        "-7 INVITE",
        "7 INVITE x",
    ] {
        assert_eq!(cseq(bad), Err(400), "{bad}");
    }
}

#[test]
fn an_ack_is_never_answered() {
    let data = String::from_utf8(with("", ""))
        .unwrap()
        .replace("INVITE", "ACK")
        .replace("CSeq: 7", "CSeq: x");
    assert!(
        Message::parse(data.as_bytes())
            .unwrap_err()
            .partial()
            .is_none()
    );
}

fn multipart(depth: usize) -> String {
    if depth == 0 {
        return "Content-Type: text/plain\r\n\r\nleaf".into();
    }
    let inner = multipart(depth - 1);
    format!(
        "Content-Type: multipart/mixed; boundary=\"b {depth}\"\r\n\r\n--b {depth}\r\n{inner}\r\n--b {depth}--"
    )
}

#[test]
fn multipart_bodies() {
    let parts = |content_type: &str, body: &str| {
        let m = Message::parse(&with(&format!("Content-Type: {content_type}\r\n"), body)).unwrap();
        m.parts()
            .map(|parts| {
                parts
                    .iter()
                    .map(|p| (p.media_type(), String::from_utf8_lossy(p.body).into_owned()))
                    .collect::<Vec<_>>()
            })
            .map_err(|e| e.status)
    };
    let own = |pairs: &[(&str, &str)]| {
        Ok(pairs
            .iter()
            .map(|(t, b)| ((*t).to_owned(), (*b).to_owned()))
            .collect())
    };
    assert_eq!(
        parts("Application / SDP", "v=0"),
        own(&[("application/sdp", "v=0")])
    );
    assert_eq!(parts("text/plain", ""), own(&[]));
    let body = "preamble\r\n--x\r\nContent-Type: application/sdp;a=b\r\nContent-ID: 1\r\n\r\nv=0\r\n\r\n\
        --x  \r\n\r\n--xy\r\nno type\r\n--x--\r\nepilogue";
    let expected = own(&[
        ("application/sdp", "v=0\r\n"),
        ("text/plain", "--xy\r\nno type"),
    ]);
    assert_eq!(parts("multipart/mixed;boundary=x", body), expected);
    assert_eq!(parts("MULTIPART/Related; boundary=\"x\"", body), expected);
    assert_eq!(parts("multipart/mixed", body), Err(400));
    assert_eq!(parts("multipart/mixed;boundary=y", body), Err(400));
    assert_eq!(
        parts("multipart/mixed;boundary=x", "--x\r\nnonsense\r\n\r\n--x--"),
        Err(400)
    );
    let many = format!("{}--x--", "--x\r\n\r\na\r\n".repeat(65));
    assert_eq!(parts("multipart/mixed;boundary=x", &many), Err(413));
    let nested = |depth| {
        let text = multipart(depth);
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        parts(head.strip_prefix("Content-Type: ").unwrap(), body)
    };
    assert_eq!(nested(4), own(&[("text/plain", "leaf")]));
    assert_eq!(nested(5), Err(413));
}

/// Nothing that fits into a datagram may take quadratic time.
#[test]
fn hostile_repetition_is_cheap() {
    let limits = Limits {
        header_line: 65_000,
        ..Limits::DEFAULT
    };
    let begin = std::time::Instant::now();
    for filler in [
        "<",
        ">",
        "\"",
        "\\",
        ",",
        ";",
        ";a",
        ";a=b",
        "=",
        "(",
        "\r\n ",
        "<>",
        "\"\"",
        "<,",
        "%41",
        ",<sip:a@b>",
        "[",
        "@",
    ] {
        let text = filler.repeat(30_000 / filler.len());
        for header in [
            "Contact: <sip:a@b>",
            "Contact: ",
            "Via: SIP/2.0/UDP h",
            "Route: ",
            "X-Y: ",
            "Authorization: Digest a",
        ] {
            let data = with(&format!("{header}{text}\r\n"), "");
            let Ok(m) = Message::parse_with(&data, &limits) else {
                continue;
            };
            let _ = (
                m.check(),
                m.values("Contact"),
                m.addresses("Contact"),
                m.addresses("Route"),
                m.has_token("X-Y", "z"),
            );
            let _ = (m.get("X-Y"), m.values("Via"), m.to_compact_bytes());
            let _ = m
                .get("Authorization")
                .map(|v| offhook_sip::digest::Auth::parse(&v));
        }
    }
    // a hundred messages, some ten values read of each; quadratic time would be minutes
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
}
