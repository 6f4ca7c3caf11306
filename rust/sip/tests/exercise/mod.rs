//! What must hold for any bytes at all.  Used by the fuzz loop beside this folder and by the cargo-fuzz targets.
use offhook_sip::digest::Auth;
use offhook_sip::framer::StreamFramer;
use offhook_sip::{Message, NameAddr, Uri, Via};

/// Take one datagram through everything that is done with messages.  Panics when a promise is broken.
pub fn datagram(data: &[u8]) {
    match Message::parse(data) {
        Ok(message) => whole(data, &message),
        Err(error) => {
            assert!((400..=699).contains(&error.status));
            if let Some(partial) = error.partial() {
                read(partial);
                let answer =
                    Message::response(partial, error.status, Some(&error.reason), Some("t"));
                let answer = answer.expect("a partial request can be answered");
                assert!(answer.top_via().is_some());
                head_is_clean(&answer.to_bytes());
                head_is_clean(&answer.to_compact_bytes());
            }
        }
    }
}

fn whole(data: &[u8], message: &Message) {
    let bytes = message.to_bytes();
    let begin = data
        .iter()
        .position(|&b| b != b'\r' && b != b'\n')
        .unwrap_or(0);
    assert!(
        data[begin..].starts_with(&bytes),
        "what nobody changed is written as it came"
    );
    assert!(
        message.top_via().is_some()
            && !message.call_id().is_empty()
            && !message.method().is_empty()
    );
    read(message);
    let again = Message::parse(&bytes).expect("what was read is read again");
    same(message, &again);

    let mut changed = message.clone();
    changed.add("X-Added", "1").expect("a good header");
    changed.note_source("2001:db8::77", 40_123);
    for written in [changed.to_bytes(), changed.to_compact_bytes()] {
        head_is_clean(&written);
        let read = Message::parse(&written)
            .unwrap_or_else(|e| panic!("a changed message is read again: {e}"));
        same(message, &read);
        // nothing in a value may become a line of its own
        let lines = |m: &Message| m.headers().filter(|(n, _)| !is_length(n)).count();
        assert_eq!(lines(&read), lines(message) + 1);
        assert_eq!(read.get("X-Added").as_deref(), Some("1"));
    }
    let via = changed.top_via().expect("still there");
    assert!(
        via.received().is_some_and(
            |r| r.parse() == Ok(std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x77))
        ) || message
            .top_via()
            .is_some_and(|v| v.host_unbracketed().contains(':'))
    );

    if message.is_request() {
        for status in [100, 180, 200, 404, 699] {
            let response =
                Message::response(message, status, None, Some("mine")).expect("a good status");
            let bytes = response.to_bytes();
            head_is_clean(&bytes);
            let read =
                Message::parse(&bytes).unwrap_or_else(|e| panic!("a response is read again: {e}"));
            assert_eq!(
                (read.status(), read.branch(), read.call_id()),
                (status, message.branch(), message.call_id())
            );
            assert_eq!(
                (read.cseq(), read.from_tag()),
                (message.cseq(), message.from_tag())
            );
            assert!(read.to_tag() == message.to_tag().or(Some("mine")));
        }
    }
    let mut bare = message.clone();
    let names: Vec<String> = bare.headers().map(|(n, _)| n.to_owned()).collect();
    bare.remove_top_via();
    for name in &names {
        bare.remove(name);
    }
    assert_eq!(bare.headers().count(), 0);
}

fn is_length(name: &str) -> bool {
    name.eq_ignore_ascii_case("l") || name.eq_ignore_ascii_case("Content-Length")
}

fn same(a: &Message, b: &Message) {
    assert_eq!(
        (a.method(), a.uri(), a.status(), a.reason()),
        (b.method(), b.uri(), b.status(), b.reason())
    );
    assert_eq!(
        (a.branch(), a.call_id(), a.cseq()),
        (b.branch(), b.call_id(), b.cseq())
    );
    assert_eq!(
        (a.from_tag(), a.to_tag(), a.body()),
        (b.from_tag(), b.to_tag(), b.body())
    );
}

/// No line break but CRLF before the body.
fn head_is_clean(bytes: &[u8]) {
    let end = bytes
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .expect("an empty line");
    for (i, &b) in bytes[..end].iter().enumerate() {
        match b {
            b'\r' => assert_eq!(bytes.get(i + 1), Some(&b'\n')),
            b'\n' => assert_eq!(bytes.get(i.wrapping_sub(1)), Some(&b'\r')),
            _ => {}
        }
    }
}

/// Everything that only looks.
fn read(message: &Message) {
    let checked = message.check().is_ok();
    let _ = (
        message.reason(),
        message.branch(),
        message.cseq(),
        message.from_tag(),
        message.to_tag(),
    );
    for address in [message.from(), message.to()].into_iter().flatten() {
        address_again(&address);
    }
    for name in [
        "Contact",
        "Route",
        "Record-Route",
        "P-Asserted-Identity",
        "Path",
    ] {
        match message.addresses(name) {
            Ok(all) => all.iter().for_each(address_again),
            Err(_) if checked && !matches!(name, "P-Asserted-Identity") => {
                assert_eq!(
                    message.get(name).as_deref(),
                    Some("*"),
                    "what passed the check is read: {name}"
                );
            }
            Err(_) => {}
        }
    }
    if message.is_request() && checked {
        let uri = Uri::parse(message.uri()).expect("a checked Request-URI");
        uri_again(&uri);
    }
    for value in message.values("Via") {
        let _ = Via::parse(value.as_bytes());
    }
    for (name, value) in message.headers() {
        assert!(!value.contains(['\r', '\n']));
        assert!(message.get(name).is_some());
        let _ = (
            message.get_all(name),
            message.values(name),
            message.has_token(name, "timer"),
        );
        if let Ok(auth) = Auth::parse(&value) {
            assert!(!auth.scheme.is_empty());
        }
    }
    if let Ok(parts) = message.parts() {
        let inside = message.body().as_ptr_range();
        for part in parts {
            let _ = part.media_type();
            let range = part.body.as_ptr_range();
            assert!(
                part.body.is_empty() || (range.start >= inside.start && range.end <= inside.end)
            );
        }
    }
}

fn address_again(address: &NameAddr) {
    let again = NameAddr::parse(&address.to_string()).unwrap_or_else(|e| panic!("{address}: {e}"));
    assert_eq!(again.uri().as_str(), address.uri().as_str());
    assert_eq!(again.tag(), address.tag());
    assert!(again.params().eq(address.params()));
    let tagged = address
        .with_param("tag", Some("a b"))
        .expect("a good parameter");
    assert_eq!(tagged.tag().as_deref(), Some("a b"));
    uri_again(address.uri());
}

fn uri_again(uri: &Uri) {
    assert_eq!(&Uri::parse(uri.as_str()).expect("its own text"), uri);
    let _ = (
        uri.password(),
        uri.params().count(),
        uri.headers().count(),
        uri.without_headers(),
    );
    if let Ok(changed) = uri.with_param("x-y", Some("a;b")) {
        assert_eq!(changed.param("X-Y").as_deref(), Some("a;b"), "{uri}");
        assert_eq!(
            (changed.user(), changed.host(), changed.port()),
            (uri.user(), uri.host(), uri.port())
        );
        let without = changed.without_param("x-y").expect("it had one");
        assert_eq!(without.param("x-y"), None);
    }
    if let Ok(changed) = uri.replace(None, Some(Some("u")), None, None) {
        assert_eq!(
            (changed.host(), changed.port()),
            (uri.host(), uri.port()),
            "{uri}"
        );
    }
}

/// A stream gives the same messages whether it comes whole or in pieces of `size`.
pub fn stream(data: &[u8], size: usize) {
    let collect = |size: usize| {
        let mut framer = StreamFramer::new(4096);
        let mut messages = Vec::new();
        for piece in data.chunks(size) {
            match framer.feed(piece) {
                Ok(frames) => messages.extend(frames.into_iter().filter(|f| f.len() > 4)),
                Err(error) => return (messages, Some(error.status)),
            }
        }
        // a fault behind whole messages shows with the next call
        (messages, framer.feed(b"").err().map(|e| e.status))
    };
    assert_eq!(
        collect(data.len().max(1)),
        collect(size.max(1)),
        "in pieces of {size}"
    );
}
