//! URIs and addresses: grammar, escapes, equality (RFC 3261 section 19.1.4), IPv6 (RFC 5118, RFC 5954).
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use offhook_sip::{Message, NameAddr, Uri, Via};

fn uri(text: &str) -> Uri {
    Uri::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn hash(uri: &Uri) -> u64 {
    let mut hasher = DefaultHasher::new();
    uri.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn parts() {
    let u =
        uri("sip:alice:secret@example.com:5070;transport=tcp;lr?Subject=a%20b&Route=%3Csip:x%3E");
    assert_eq!(
        (u.scheme(), u.user().as_deref(), u.password().as_deref()),
        ("sip", Some("alice"), Some("secret"))
    );
    assert_eq!((u.host(), u.port()), ("example.com", Some(5070)));
    assert_eq!(
        (
            u.param("TRANSPORT").as_deref(),
            u.param("lr").as_deref(),
            u.param("x")
        ),
        (Some("tcp"), Some(""), None)
    );
    let headers: Vec<_> = u
        .headers()
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    assert_eq!(
        headers,
        [
            ("Subject".into(), "a b".into()),
            ("Route".to_owned(), "<sip:x>".to_owned())
        ]
    );
    assert_eq!(
        u.without_headers().as_str(),
        "sip:alice:secret@example.com:5070;transport=tcp;lr"
    );
    assert_eq!(uri("SIPS:h").scheme(), "sips");
    assert_eq!(uri("sip:[2001:db8::1]:5060").host(), "2001:db8::1");
    let t = uri("tel:+1-201-555-0123;phone-context=example.com");
    assert_eq!(
        (t.scheme(), t.user().as_deref(), t.host()),
        ("tel", Some("+1-201-555-0123"), "")
    );
    assert_eq!(t.param("phone-context").as_deref(), Some("example.com"));
    let o = uri("urn:service:sos");
    assert_eq!(
        (o.scheme(), o.as_str(), o.user()),
        ("urn", "urn:service:sos", None)
    );
}

#[test]
fn not_uris() {
    for text in [
        "",
        "sip",
        "sip:",
        ":a",
        "1sip:a",
        "sip:a b",
        "sip:<a>",
        "sip:@h",
        "sip:a@",
        "sip:a@h:",
        "sip:a@h:0",
        "sip:a@h:65536",
        "sip:a@h:5060x",
        "sip:a@[::1",
        "sip:a@[::g]",
        "sip:a@[::1]x",
        "sip:a@::1",
        "sip:a@h;",
        "sip:a@h;=x",
        "sip:a@h?",
        "sip:a@h?x",
        "sip:a@h?=y",
        "sip:%zz@h",
        "sip:a%@h",
        "sip:a@h;p=%1",
        "sip:a@h@i",
        "tel:",
        "tel:+",
        "tel:abc-xyz",
        "tel:1;",
        "sip:a@h\r\n",
        "sip:a@h\0",
    ] {
        assert!(Uri::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn unusual_but_good() {
    for text in [
        "sip:*72#1@h",
        "sip:user;par=u@h",
        "sip:h_1.local",
        "sip:a@h;p=[::1]:5060/x",
        "sip:ü@h",
        "sip:h;a;b=c;d=",
        "sip:a@1.2.3.4:1",
        "sip:a:@h",
        "sips:a@h;gr=urn:uuid:f81d4fae",
        "tel:*72%23",
        "http://www.example.com/x",
    ] {
        uri(text);
    }
}

/// The examples of RFC 3261 section 19.1.4.
#[test]
fn equality() {
    for (a, b) in [
        (
            "sip:%61lice@atlanta.com;transport=TCP",
            "sip:alice@AtLanTa.CoM;Transport=tcp",
        ),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0:0:0:0:0:1]"),
        ("tel:+1-201-555-0123", "tel:+1(201)5550123"),
        ("tel:1;a=b;c=D", "tel:1;C=d;A=B"),
    ] {
        assert_eq!(uri(a), uri(b));
        assert_eq!(uri(b), uri(a));
        assert_eq!(hash(&uri(a)), hash(&uri(b)), "{a} {b}");
    }
    for (a, b) in [
        (
            "SIP:ALICE@AtLanTa.CoM;Transport=udp",
            "sip:alice@AtLanTa.CoM;Transport=UDP",
        ),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        (
            "sip:bob@biloxi.com",
            "sip:bob@biloxi.com:6000;transport=tcp",
        ),
        (
            "sip:carol@chicago.com",
            "sip:carol@chicago.com?Subject=next%20meeting",
        ),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        (
            "sip:carol@chicago.com;security=on",
            "sip:carol@chicago.com;security=off",
        ),
        ("sip:a@h", "sips:a@h"),
        ("sip:a@h", "sip:h"),
        ("sip:a@h", "sip:a:p@h"),
        ("sip:a@h", "sip:a@h;maddr=1.2.3.4"),
        ("sip:a@h;user=phone", "sip:a@h"),
        ("sip:a%3Bb@h", "sip:a;b@h"),
        ("tel:+1", "tel:1"),
        ("tel:1", "tel:1;phone-context=x.com"),
        ("urn:a:b", "urn:a:c"),
    ] {
        assert_ne!(uri(a), uri(b));
        assert_ne!(uri(b), uri(a));
    }
}

#[test]
fn building_and_changing() {
    let build = |user, host, port, params: &[(&str, Option<&str>)]| {
        Uri::build("sip", user, host, port, params)
            .map(|u| u.as_str().to_owned())
            .map_err(|_| ())
    };
    assert_eq!(
        build(
            Some("a b@c:d"),
            "h",
            Some(5070),
            &[("lr", None), ("x", Some("a;b"))]
        )
        .as_deref(),
        Ok("sip:a%20b%40c%3Ad@h:5070;lr;x=a%3Bb")
    );
    assert_eq!(
        build(None, "2001:db8::1", Some(5060), &[]).as_deref(),
        Ok("sip:[2001:db8::1]:5060")
    );
    assert_eq!(
        build(Some("*72#"), "h", None, &[]).as_deref(),
        Ok("sip:*72%23@h")
    );
    for host in ["", "a@b", "a b", "a;b", "a:5060", "a?b", "h\r\n"] {
        assert!(build(Some("u"), host, None, &[]).is_err(), "{host}");
    }
    assert!(build(None, "h", None, &[("", None)]).is_err());
    assert_eq!(
        Uri::build("tel", Some("+49 30"), "", None, &[])
            .unwrap()
            .as_str(),
        "tel:+49%2030"
    );
    assert!(Uri::build("s ip", None, "h", None, &[]).is_err());

    let u = uri("sip:a:pw@h:5060;lr;x=1?s=t");
    assert_eq!(
        u.replace(None, Some(Some("b c")), None, None)
            .unwrap()
            .as_str(),
        "sip:b%20c@h:5060;lr;x=1?s=t"
    );
    assert_eq!(
        u.replace(None, None, Some("::1"), Some(None))
            .unwrap()
            .as_str(),
        "sip:a:pw@[::1];lr;x=1?s=t"
    );
    assert_eq!(
        u.replace(Some("sips"), Some(None), None, None)
            .unwrap()
            .as_str(),
        "sips:h:5060;lr;x=1?s=t"
    );
    assert_eq!(
        u.with_param("X", Some("2 3")).unwrap().as_str(),
        "sip:a:pw@h:5060;lr;X=2%203?s=t"
    );
    assert_eq!(
        u.with_param("y", None).unwrap().as_str(),
        "sip:a:pw@h:5060;lr;x=1;y?s=t"
    );
    assert_eq!(
        u.without_param("LR").unwrap().as_str(),
        "sip:a:pw@h:5060;x=1?s=t"
    );
    assert!(uri("urn:a").with_param("x", None).is_err());
}

#[test]
fn addresses() {
    let a =
        NameAddr::parse("\"J \\\"R\\\" \\\\ <x>\" <sip:a@h;lr>;tag=1 ; Q=0.5;q2=\"a;b\"").unwrap();
    assert_eq!(
        (a.display_name(), a.tag().as_deref()),
        (Some(r#"J "R" \ <x>"#), Some("1"))
    );
    assert_eq!(
        (a.param("q").as_deref(), a.param("q2").as_deref()),
        (Some("0.5"), Some("a;b"))
    );
    assert_eq!(
        a.to_string(),
        "\"J \\\"R\\\" \\\\ <x>\" <sip:a@h;lr>;tag=1 ; Q=0.5;q2=\"a;b\""
    );
    // without <>, parameters belong to the header
    let b = NameAddr::parse("sip:a@h;lr;tag=2").unwrap();
    assert_eq!(
        (
            b.uri().as_str(),
            b.param("lr").as_deref(),
            b.tag().as_deref()
        ),
        ("sip:a@h", Some(""), Some("2"))
    );
    assert_eq!(
        NameAddr::parse("Anna  Bell <sip:a@h>")
            .unwrap()
            .display_name(),
        Some("Anna  Bell")
    );
    assert_eq!(
        NameAddr::parse("Jürgen <sip:a@h>").unwrap().display_name(),
        Some("Jürgen")
    );
    assert_eq!(
        NameAddr::parse("\"\" <sip:a@h>").unwrap().display_name(),
        Some("")
    );
    assert_eq!(NameAddr::parse("<sip:a@h>").unwrap().display_name(), None);
    let changed = b
        .with_param("tag", Some("3"))
        .unwrap()
        .with_param("x", Some("a b"))
        .unwrap();
    assert_eq!(changed.to_string(), "<sip:a@h>;lr;tag=3;x=\"a b\"");
    assert!(b.with_param("a b", None).is_err() && b.with_param("a", Some("\r\n")).is_err());
    let name = NameAddr::build(uri("sip:a@h"), Some("x\r\n\"y\""), &[("tag", Some("1"))]).unwrap();
    assert_eq!(name.to_string(), "\"x  \\\"y\\\"\" <sip:a@h>;tag=1");
    for bad in [
        "",
        "*",
        "\"a <sip:a@h>",
        "\"a\" sip:a@h",
        "<sip:a@h",
        "<>",
        "a, b <sip:a@h>",
        "<sip:a@h> x",
        "sip:a@h?x=y",
        "<sip:a@h>;",
        "<sip:a@h>;=",
        "<sip:a@h>;a=",
        "<sip:a@h>;a=\"b",
    ] {
        assert!(NameAddr::parse(bad).is_err(), "{bad}");
    }
}

fn via(text: &str) -> Via<'_> {
    Via::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// RFC 5118: what the torture tests for IPv6 say of each construct.
#[test]
fn rfc5118_ipv6() {
    // 4.1, 4.2: a reference needs its brackets
    assert!(Uri::parse("sip:[2001:db8::10]").is_ok());
    assert!(Uri::parse("sip:2001:db8::10").is_err());
    // 4.3: without brackets the last group would be a port, which nobody can tell: refused
    assert!(Uri::parse("sip:2001:db8::10:5070").is_err());
    assert_eq!(
        (
            uri("sip:[2001:db8::10:5070]").host(),
            uri("sip:[2001:db8::10:5070]").port()
        ),
        ("2001:db8::10:5070", None)
    );
    assert_eq!(uri("sip:[2001:db8::10]:5070").port(), Some(5070));
    // 4.4: `:` and `[` do not end a Via's sent-by
    let v = via(
        "SIP/2.0/UDP [2001:db8::9:1]:5060;received=[2001:db8:0:0:0:0:9:255];branch=z9hG4bKas3-111",
    );
    assert_eq!(
        (v.host, v.host_unbracketed(), v.port),
        ("[2001:db8::9:1]", "2001:db8::9:1", Some(5060))
    );
    assert_eq!(
        (v.received(), v.branch(), v.params_valid()),
        (Some("[2001:db8:0:0:0:0:9:255]"), "z9hG4bKas3-111", true)
    );
    // 4.5: received without brackets, as RFC 3261's grammar has it
    let v = via("SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3");
    assert_eq!(
        (v.received(), v.params_valid()),
        (Some("2001:db8::9:255"), true)
    );
    // 4.10: an IPv4 address in an IPv6 one
    assert_eq!(
        uri("sip:[::ffff:192.0.2.10]:19823").host(),
        "::ffff:192.0.2.10"
    );
    assert_eq!(
        uri("sip:a@[::ffff:192.0.2.10]"),
        uri("sip:a@[::FFFF:c000:020a]")
    );
    // RFC 5118 section 4.9 and RFC 5954: many colons are not an address
    assert!(Uri::parse("sip:user@[2001:db8:::192.0.2.1]").is_err());
    let m = Message::parse(
        b"REGISTER sip:[2001:db8::10] SIP/2.0\r\nTo: sip:user@example.com\r\nFrom: sip:user@example.com;tag=81x2\r\n\
        Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111\r\nCall-ID: SSG9559905523997077@hlau_4100\r\n\
        Max-Forwards: 70\r\nContact: \"Caller\" <sip:caller@[2001:db8::1]>\r\nCSeq: 98176 REGISTER\r\nContent-Length: 0\r\n\r\n",
    )
    .unwrap();
    assert!(m.check().is_ok());
    assert_eq!(m.top_via().unwrap().port_or_default(), 5060);
    assert_eq!(
        m.addresses("Contact").unwrap()[0].uri().host(),
        "2001:db8::1"
    );
}

#[test]
fn via_values() {
    let v = via("SIP / 2.0 / TLS  h.example.com : 5065 ; maddr=224.2.0.1;ttl=16;rport=7");
    assert_eq!(
        (v.transport, v.host, v.port, v.maddr(), v.ttl()),
        (
            "TLS",
            "h.example.com",
            Some(5065),
            Some("224.2.0.1"),
            Some(16)
        )
    );
    assert_eq!(
        (
            v.rport(),
            via("SIP/2.0/UDP h").rport(),
            via("SIP/2.0/TLS h").port_or_default()
        ),
        (Some(Some(7)), None, 5061)
    );
    for bad in [
        "",
        "SIP/2.0",
        "SIP/2.0/",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ",
        "SIP/2.0/UDP ;x",
        "SIP/2.0/UDP h:0",
        "SIP/2.0/UDP h:x",
        "SIP/2.0/UDP h i",
        "SIP/2.0/UDPh",
        "SIP 2.0 UDP h",
        "SIP/2.0/UDP [::1]x",
    ] {
        assert!(Via::parse(bad.as_bytes()).is_err(), "{bad}");
    }
    assert!(!via("SIP/2.0/UDP h;;x").params_valid() && !via("SIP/2.0/UDP h;x=").params_valid());
}
