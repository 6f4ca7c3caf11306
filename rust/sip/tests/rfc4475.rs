//! Every message of RFC 4475 and the reaction that the RFC describes: which layer reacts, and how.
use offhook_sip::message::default_reason;
use offhook_sip::{Message, NameAddr, ParseError, Uri};

/// Who reacts to a message, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Reaction {
    /// Well-formed; nothing objects.
    Valid,
    /// `Message::parse` objects; the request can be answered with this status.
    Parse(u16),
    /// `Message::parse` objects to a response: dropped without a word.
    Drop,
    /// `Message::parse` takes it, `Message::check` objects with this status.
    Check(u16),
    /// Well-formed; a layer above has this to say.
    Above(&'static str),
}

use Reaction::{Above, Check, Drop, Parse, Valid};

macro_rules! torture {
    ($($section:literal $name:ident $reaction:expr;)*) => {
        static MESSAGES: &[(&str, &str, &[u8], Reaction)] = &[
            $(($section, stringify!($name),
               include_bytes!(concat!("fixtures/rfc4475/", stringify!($name), ".dat")), $reaction),)*
        ];
    };
}

torture! {
    "3.1.1.1" wsinv Valid;
    "3.1.1.2" intmeth Above("an unknown method: 405 or 501");
    "3.1.1.3" esc01 Valid;
    "3.1.1.4" escnull Valid;
    "3.1.1.5" esc02 Above("an unknown method that is not REGISTER: 405 or 501");
    "3.1.1.6" lwsdisp Valid;
    "3.1.1.7" longreq Valid;
    "3.1.1.8" dblreq Valid;
    "3.1.1.9" semiuri Valid;
    "3.1.1.10" transports Valid;
    "3.1.1.11" mpart01 Valid;
    "3.1.1.12" unreason Valid;
    "3.1.1.13" noreason Valid;
    "3.1.2.1" badinv01 Check(400);
    "3.1.2.2" clerr Parse(400);
    "3.1.2.3" ncl Parse(400);
    "3.1.2.4" scalar02 Parse(400);
    "3.1.2.5" scalarlg Drop;
    "3.1.2.6" quotbal Parse(400);
    "3.1.2.7" ltgtruri Check(400);
    "3.1.2.8" lwsruri Parse(400);
    "3.1.2.9" lwsstart Parse(400);
    "3.1.2.10" trws Parse(400);
    "3.1.2.11" escruri Check(400);
    "3.1.2.12" baddate Above("a Date that is not GMT may be ignored; nobody reads it here");
    "3.1.2.13" regbadct Check(400);
    "3.1.2.14" badaspec Check(400);
    "3.1.2.15" baddn Parse(400);
    "3.1.2.16" badvers Parse(505);
    "3.1.2.17" mismatch01 Parse(400);
    "3.1.2.18" mismatch02 Parse(400);
    "3.1.2.19" bigcode Drop;
    "3.2.1" badbranch Above("transactions: a branch that is only the cookie identifies nothing, matched as RFC 2543");
    "3.3.1" insuf Parse(400);
    "3.3.2" unkscm Check(416);
    "3.3.3" novelsc Check(416);
    "3.3.4" unksm2 Above("registrar: an address of record that is not of its domain: 404");
    "3.3.5" bext01 Above("user agent: Require of what is not supported: 420 with Unsupported");
    "3.3.6" invut Above("session: a body of unknown type: 415 with Accept");
    "3.3.7" regaut01 Above("registrar: credentials of an unknown scheme are none: 401");
    "3.3.8" multi01 Parse(400);
    "3.3.9" mcl01 Parse(400);
    "3.3.10" bcast Above("transactions: a response with a second Via is not ours: dropped");
    "3.3.11" zeromf Above("user agent: Max-Forwards 0 stops proxies only (483); answered as an OPTIONS");
    "3.3.12" cparam01 Above("registrar: an unknown header parameter is kept: 200");
    "3.3.13" cparam02 Above("registrar: an unknown URI parameter is kept as part of the URI: 200");
    "3.3.14" regescrt Above("registrar: the URI is kept with its escaped Route: 200");
    "3.3.15" sdp01 Above("session: Accept without application/sdp: 406");
    "3.4.1" inv2543 Above("transactions: no branch, matched as RFC 2543; otherwise an INVITE like others");
}

fn bytes(name: &str) -> &'static [u8] {
    MESSAGES
        .iter()
        .find(|m| m.1 == name)
        .map(|m| m.2)
        .expect("a message of the table")
}

fn message(name: &str) -> Message {
    Message::parse(bytes(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn refused(name: &str) -> ParseError {
    match Message::parse(bytes(name)).and_then(|m| m.check()) {
        Ok(()) => panic!("{name} was taken"),
        Err(error) => error,
    }
}

#[test]
fn each_message_gets_its_reaction() {
    assert_eq!(MESSAGES.len(), 49);
    for &(section, name, data, expected) in MESSAGES {
        let reaction = match Message::parse(data) {
            Err(error) => match error.partial() {
                None => Drop,
                Some(partial) => {
                    let answer =
                        Message::response(partial, error.status, Some(&error.reason), Some("t1"));
                    let answer = answer.unwrap_or_else(|e| panic!("{section} {name}: {e}"));
                    assert_eq!(answer.status(), error.status, "{section} {name}");
                    assert!(answer.top_via().is_some(), "{section} {name}");
                    Parse(error.status)
                }
            },
            Ok(message) => match message.check() {
                Err(error) => Check(error.status),
                Ok(()) if matches!(expected, Above(_)) => expected,
                Ok(()) => Valid,
            },
        };
        assert_eq!(reaction, expected, "section {section}, {name}");
    }
}

#[test]
fn well_formed_messages_are_written_as_they_came() {
    for &(section, name, data, _) in MESSAGES {
        let Ok(message) = Message::parse(data) else {
            continue;
        };
        if name == "dblreq" {
            assert!(data.starts_with(&message.to_bytes()) && message.to_bytes().len() < data.len());
        } else {
            assert_eq!(message.to_bytes(), data, "section {section}, {name}");
        }
    }
}

/// Headers, body and start line survive being taken apart and written anew.
#[test]
fn changed_messages_keep_what_was_not_changed() {
    for &(section, name, data, _) in MESSAGES {
        let Ok(before) = Message::parse(data) else {
            continue;
        };
        for compact in [false, true] {
            let mut changed = before.clone();
            changed.add("X-New", "1").unwrap();
            let written = if compact {
                changed.to_compact_bytes()
            } else {
                changed.to_bytes()
            };
            let after = Message::parse(&written)
                .unwrap_or_else(|e| panic!("section {section}, {name}: {e}"));
            assert_eq!(after.get("X-New").as_deref(), Some("1"));
            assert_eq!(after.body(), before.body(), "{name}");
            assert_eq!(
                (after.method(), after.uri()),
                (before.method(), before.uri()),
                "{name}"
            );
            assert_eq!(
                (after.status(), after.reason()),
                (before.status(), before.reason()),
                "{name}"
            );
            for (header, value) in before
                .headers()
                .filter(|(h, _)| !h.eq_ignore_ascii_case("content-length"))
            {
                if header != "l" && header != "L" {
                    assert!(
                        after.get_all(header).contains(&value),
                        "{name}: {header}: {value}"
                    );
                }
            }
        }
    }
}

#[test]
fn wsinv_short_tortuous_invite() {
    let m = message("wsinv");
    assert_eq!(m.method(), "INVITE");
    assert_eq!(m.uri(), "sip:vivekg@chair-dnrc.example.com;unknownparam");
    assert_eq!(
        Uri::parse(m.uri())
            .unwrap()
            .param("unknownparam")
            .as_deref(),
        Some("")
    );
    assert_eq!(m.cseq(), (9, "INVITE"));
    assert_eq!(m.get("Max-Forwards").as_deref(), Some("0068"));
    assert_eq!(m.call_id(), "wsinv.ndaksdj@192.0.2.1");
    assert_eq!(m.to_tag(), Some("1918181833n"));
    assert_eq!(m.from_tag(), Some("98asjd8"));
    let from = m.from().unwrap();
    assert_eq!(from.display_name(), Some(r#"J Rosenberg \""#));
    assert_eq!(from.uri().as_str(), "sip:jdrosen@example.com");
    assert_eq!(m.get("Subject").as_deref(), Some(""));
    assert_eq!(
        m.get("newfangledheader").as_deref(),
        Some("newfangled value continued newfangled value")
    );
    assert_eq!(
        m.get("UnknownHeaderWithUnusualValue").as_deref(),
        Some(";;,,;;,;")
    );
    let via = m.top_via().unwrap();
    assert_eq!(
        (via.transport, via.host, via.port, via.branch()),
        ("UDP", "192.0.2.2", None, "390skdjuw")
    );
    let vias = m.values("Via");
    assert_eq!(vias.len(), 3);
    let second = offhook_sip::Via::parse(vias[1].as_bytes()).unwrap();
    assert_eq!(
        (second.transport, second.host, second.branch()),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8")
    );
    let third = offhook_sip::Via::parse(vias[2].as_bytes()).unwrap();
    assert_eq!(
        (third.transport, third.host, third.branch()),
        ("UDP", "192.168.255.111", "z9hG4bK30239")
    );
    let route = &m.addresses("Route").unwrap()[0];
    assert_eq!(route.uri().param("lr").as_deref(), Some(""));
    assert_eq!(route.uri().param("unknownwith").as_deref(), Some("value"));
    assert_eq!(route.uri().param("unknown-no-value").as_deref(), Some(""));
    let contact = &m.addresses("Contact").unwrap()[0];
    assert_eq!(contact.display_name(), Some(r#"Quoted string """#));
    assert_eq!(contact.param("newparam").as_deref(), Some("newvalue"));
    assert_eq!(contact.param("secondparam").as_deref(), Some(""));
    assert_eq!(contact.param("q").as_deref(), Some("0.33"));
    assert_eq!(m.body().len(), 150);
}

#[test]
fn intmeth_wide_range_of_characters() {
    let m = message("intmeth");
    assert_eq!(m.method(), "!interesting-Method0123456789_*+`.%indeed'~");
    assert_eq!(m.cseq(), (139_122_385, m.method()));
    let uri = Uri::parse(m.uri()).unwrap();
    assert_eq!(
        uri.user().as_deref(),
        Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*")
    );
    assert_eq!(
        uri.password().as_deref(),
        Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)")
    );
    assert_eq!(uri.host(), "example.com");
    assert_eq!(
        m.to().unwrap().display_name(),
        Some("BEL:\u{7} NUL:\0 DEL:\u{7f}")
    );
    let from = m.from().unwrap();
    assert_eq!(from.display_name(), Some("token1~` token2'+_ token3*%!.-"));
    assert_eq!(
        from.param("fromParam''~+*_!.-%").as_deref(),
        Some("работающий")
    );
    assert_eq!(from.tag().as_deref(), Some("_token~1'+`*%!-."));
    assert_eq!(m.from_tag(), Some("_token~1'+`*%!-."));
    assert_eq!(m.call_id(), r#"intmeth.word%ZK-!.*_+'@word`~)(><:\/"][?}{"#);
    assert_eq!(
        m.get("extensionHeader-!.%*+_`'~").as_deref(),
        Some("\u{feff}大停電")
    );
    assert_eq!(m.branch(), "z9hG4bK-.!%66*_+`'~");
}

#[test]
fn esc01_escapes() {
    let m = message("esc01");
    let uri = Uri::parse(m.uri()).unwrap();
    assert_eq!((uri.scheme(), uri.host()), ("sip", "example.net"));
    assert_eq!(uri.user().as_deref(), Some("sips:user@example.com"));
    assert_eq!(m.to().unwrap().uri().user().as_deref(), Some("user"));
    assert_eq!(
        m.from().unwrap().uri().user().as_deref(),
        Some("I have spaces")
    );
    let contact = m.addresses("Contact").unwrap().remove(0);
    assert_eq!(contact.uri().user().as_deref(), Some("caller"));
    assert_eq!(contact.uri().param("lr").as_deref(), Some(""));
    assert_eq!(contact.uri().param("name").as_deref(), Some("value%41"));
}

#[test]
fn escnull_and_esc02() {
    let m = message("escnull");
    assert_eq!(
        m.to().unwrap().uri().user().as_deref(),
        Some("null-\0-null")
    );
    let contacts = m.addresses("Contact").unwrap();
    assert_eq!(contacts[0].uri().user().as_deref(), Some("\0"));
    assert_ne!(contacts[0].uri(), contacts[1].uri());
    let m = message("esc02");
    assert_eq!(m.method(), "RE%47IST%45R");
    assert_eq!(m.to().unwrap().display_name(), Some("%Z%45"));
    assert_eq!(m.branch(), "z9hG4bK209%fzsnel234");
    // `C%6Fntact` is no Contact
    assert_eq!(m.values("Contact").len(), 2);
}

#[test]
fn other_valid_messages() {
    assert_eq!(
        message("lwsdisp").from().unwrap().display_name(),
        Some("caller")
    );
    let m = message("longreq");
    assert_eq!(m.values("Via").len(), 34);
    assert_eq!(m.top_via().unwrap().host, "sip33.example.com");
    assert_eq!(m.to().unwrap().uri().params().count(), 3);
    assert_eq!(
        m.addresses("m").unwrap()[0].uri().user().unwrap().len(),
        23 * 5
    );
    let m = message("dblreq");
    assert_eq!((m.method(), m.body().len()), ("REGISTER", 0));
    let uri = Uri::parse(message("semiuri").uri()).unwrap();
    assert_eq!(uri.user().as_deref(), Some("user;par=u@example.net"));
    assert_eq!(uri.params().count(), 0);
    let transports: Vec<_> = message("transports")
        .values("Via")
        .iter()
        .map(|v| {
            offhook_sip::Via::parse(v.as_bytes())
                .unwrap()
                .transport
                .to_owned()
        })
        .collect();
    assert_eq!(transports, ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
    let m = message("unreason");
    assert_eq!(
        (m.status(), m.reason().as_ref()),
        (200, "= 2**3 * 5**2 но сто девяносто девять - простое")
    );
    let m = message("noreason");
    assert_eq!(
        (m.status(), m.reason().as_ref(), m.method()),
        (100, "", "INVITE")
    );
    assert_eq!(default_reason(100), "Trying");
}

#[test]
fn mpart01_binary_parts() {
    let m = message("mpart01");
    let parts = m.parts().unwrap();
    assert_eq!(m.content_type().as_deref(), Some("multipart/mixed"));
    assert_eq!(parts.len(), 2);
    assert_eq!(
        (parts[0].media_type().as_str(), parts[0].body),
        ("text/plain", b"Hello".as_slice())
    );
    assert_eq!(parts[1].media_type(), "application/octet-stream");
    assert_eq!(parts[1].body.len(), 342);
    assert!(
        parts[1].body.starts_with(&[0x30, 0x82, 0x01, 0x52])
            && parts[1].body.ends_with(&[0xd0, 0x05])
    );
}

#[test]
fn refusals_say_what_is_wrong() {
    for (name, reason) in [
        ("badinv01", "Malformed Via"),
        ("clerr", "Body shorter than Content-Length"),
        ("ncl", "Malformed Content-Length"),
        ("scalar02", "Malformed CSeq"),
        ("scalarlg", "Malformed CSeq"),
        ("quotbal", "Malformed To"),
        ("ltgtruri", "Malformed Request-URI"),
        ("lwsruri", "Malformed Request-URI"),
        ("lwsstart", "Malformed Request-URI"),
        ("trws", "Malformed start line"),
        ("regbadct", "Malformed Contact"),
        ("badaspec", "Malformed To"),
        ("baddn", "Malformed From"),
        ("badvers", "Version Not Supported"),
        ("mismatch01", "CSeq of another method"),
        ("bigcode", "Malformed status line"),
        ("insuf", "Missing From"),
        ("unkscm", "Unsupported URI Scheme"),
        ("multi01", "More than one CSeq"),
        ("mcl01", "More than one Content-Length"),
    ] {
        assert_eq!(refused(name).reason, reason, "{name}");
    }
}

/// What the layers above need to see in order to react as the table says.
#[test]
fn what_the_layers_above_look_at() {
    let m = message("unksm2");
    assert_eq!(
        (
            m.to().unwrap().uri().scheme(),
            m.from().unwrap().uri().scheme()
        ),
        ("isbn", "http")
    );
    let m = message("bext01");
    assert_eq!(
        m.values("Require"),
        ["nothingSupportsThis", "nothingSupportsThisEither"]
    );
    assert!(m.has_token("Proxy-Require", "NOPROXIESSUPPORTTHIS"));
    assert_eq!(
        message("invut").content_type().as_deref(),
        Some("application/unknownformat")
    );
    let credentials = message("regaut01")
        .get("Authorization")
        .unwrap()
        .into_owned();
    let auth = offhook_sip::digest::Auth::parse(&credentials).unwrap();
    assert_eq!(
        (auth.scheme.as_str(), auth.param("opaque-data")),
        ("NoOneKnowsThisScheme", Some("here"))
    );
    assert_eq!(message("bcast").values("Via").len(), 2);
    assert_eq!(message("zeromf").get("Max-Forwards").as_deref(), Some("0"));
    let m = message("cparam01");
    let contact = m.addresses("Contact").unwrap().remove(0);
    assert_eq!(
        (
            contact.param("unknownparam").as_deref(),
            contact.uri().params().count()
        ),
        (Some(""), 0)
    );
    let m = message("cparam02");
    let contact = m.addresses("Contact").unwrap().remove(0);
    assert_eq!(
        (
            contact.param("unknownparam"),
            contact.uri().params().count()
        ),
        (None, 1)
    );
    let m = message("regescrt");
    let contact: NameAddr = m.addresses("Contact").unwrap().remove(0);
    let headers: Vec<_> = contact
        .uri()
        .headers()
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    assert_eq!(
        headers,
        [("Route".to_owned(), "<sip:sip.example.com>".to_owned())]
    );
    assert!(!message("sdp01").has_token("Accept", "application/sdp"));
    assert_eq!(message("inv2543").branch(), "");
    assert_eq!(message("inv2543").from_tag(), None);
    assert_eq!(message("badbranch").branch(), "z9hG4bK");
    assert_eq!(
        message("baddate").get("Date").as_deref(),
        Some("Fri, 01 Jan 2010 16:00:00 EST")
    );
}
