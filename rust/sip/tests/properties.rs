//! Round trips: what is built is read back the same, and nothing that comes in makes anything panic.
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use offhook_sip::digest::Auth;
use offhook_sip::framer::StreamFramer;
use offhook_sip::grammar;
use offhook_sip::{Message, NameAddr, Uri};
use proptest::prelude::*;

const METHODS: [&str; 5] = ["INVITE", "REGISTER", "BYE", "OPTIONS", "x-NEW.method"];

fn token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9.!%*_+`'~-]{1,12}"
}

/// Text that may stand in a header: no line breaks, no NUL, nothing to trim.
fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|t| {
        let t: String = t
            .chars()
            .filter(|c| !matches!(c, '\r' | '\n' | '\0'))
            .collect();
        t.trim_matches([' ', '\t']).to_owned()
    })
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9-]{0,10}(\\.[a-z][a-z0-9]{0,5}){0,3}",
        any::<std::net::Ipv4Addr>().prop_map(|a| a.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|a| a.to_string()),
    ]
}

fn params() -> impl Strategy<Value = Vec<(String, Option<String>)>> {
    prop::collection::vec((token(), prop::option::of(any::<String>())), 0..4)
}

fn borrowed(params: &[(String, Option<String>)]) -> Vec<(&str, Option<&str>)> {
    params
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_deref()))
        .collect()
}

fn sip_uri() -> impl Strategy<Value = Uri> {
    let port = prop::option::of(1u16..);
    (
        "sips?",
        prop::option::of("\\PC{1,12}"),
        host(),
        port,
        params(),
    )
        .prop_map(|(scheme, user, host, port, params)| {
            Uri::build(&scheme, user.as_deref(), &host, port, &borrowed(&params)).unwrap()
        })
}

prop_compose! {
    fn request()(
        method in prop::sample::select(METHODS.to_vec()),
        uri in sip_uri(),
        branch in token(),
        from in sip_uri(),
        display in prop::option::of("\\PC{0,20}"),
        tags in (token(), prop::option::of(token())),
        call_id in token(),
        cseq in 0u32..1 << 31,
        extra in prop::collection::vec((token(), text()), 0..6),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) -> (Message, Vec<(String, String)>) {
        let mut m = Message::request(method, uri.as_str()).unwrap();
        m.add("Via", &format!("SIP/2.0/UDP h;branch=z9hG4bK{branch}")).unwrap();
        let from = NameAddr::build(from, display.as_deref(), &[("tag", Some(&tags.0))]).unwrap();
        m.add("From", &from.to_string()).unwrap();
        let to_params: Vec<_> = tags.1.iter().map(|t| ("tag", Some(t.as_str()))).collect();
        m.add("To", &NameAddr::build(uri, None, &to_params).unwrap().to_string()).unwrap();
        m.add("Call-ID", &call_id).unwrap();
        m.add("CSeq", &format!("{cseq} {method}")).unwrap();
        let extra: Vec<_> = extra.into_iter().map(|(n, v)| (format!("X-{n}"), v)).collect();
        for (name, value) in &extra {
            m.add(name, value).unwrap();
        }
        m.set_body("application/octet-stream", &body).unwrap();
        (m, extra)
    }
}

fn same(a: &Message, b: &Message) {
    assert_eq!(
        (a.method(), a.uri(), a.status()),
        (b.method(), b.uri(), b.status())
    );
    assert_eq!(
        (a.branch(), a.call_id(), a.cseq()),
        (b.branch(), b.call_id(), b.cseq())
    );
    assert_eq!(
        (a.from_tag(), a.to_tag(), a.body()),
        (b.from_tag(), b.to_tag(), b.body())
    );
    assert_eq!(
        (a.from().unwrap(), a.to().unwrap()),
        (b.from().unwrap(), b.to().unwrap())
    );
}

proptest! {
    #[test]
    fn a_built_request_is_read_back((built, extra) in request()) {
        for bytes in [built.to_bytes(), built.to_compact_bytes()] {
            let read = Message::parse(&bytes).unwrap();
            prop_assert!(read.check().is_ok(), "{:?}", read.check());
            same(&built, &read);
            prop_assert_eq!(read.to_bytes(), bytes);
            let lines: Vec<_> = read.headers().filter(|(n, _)| n.starts_with("X-"))
                .map(|(n, v)| (n.to_owned(), v.into_owned())).collect();
            prop_assert_eq!(&lines, &extra);
        }
    }

    #[test]
    fn a_response_matches_its_request((request, _) in request(), status in 100u16..700, tag in token()) {
        let request = Message::parse(&request.to_bytes()).unwrap();
        let response = Message::response(&request, status, None, Some(&tag)).unwrap();
        let read = Message::parse(&response.to_bytes()).unwrap();
        prop_assert_eq!(read.status(), status);
        prop_assert_eq!((read.branch(), read.call_id(), read.cseq()), (request.branch(), request.call_id(), request.cseq()));
        prop_assert_eq!(read.from_tag(), request.from_tag());
        prop_assert_eq!(read.to_tag(), Some(request.to_tag().unwrap_or(&tag)));
        prop_assert!(read.check().is_ok());
    }

    #[test]
    fn a_uri_is_read_back(uri in sip_uri()) {
        let read = Uri::parse(uri.as_str()).unwrap();
        prop_assert_eq!(&read, &uri);
        prop_assert_eq!((read.user(), read.host(), read.port()), (uri.user(), uri.host(), uri.port()));
        prop_assert!(read.params().eq(uri.params()));
    }

    #[test]
    fn escaping_keeps_every_character(user in "\\PC{1,20}", value in any::<String>()) {
        let uri = Uri::build("sip", Some(&user), "h", None, &[("p", Some(&value))]).unwrap();
        prop_assert_eq!(uri.user().unwrap_or_default(), user.as_str());
        let param = uri.param("p");
        prop_assert_eq!(param.as_deref(), Some(value.as_str()));
        let changed = uri.replace(None, Some(Some(&value)), None, None).unwrap();
        prop_assert_eq!(changed.user().unwrap_or_default(), value.as_str());
        }

    #[test]
    fn quoting_keeps_every_printable_character(text in "\\PC{0,40}") {
        let quoted = grammar::quote(&text);
        prop_assert_eq!(grammar::unquote(quoted.as_bytes()), text);
    }

    #[test]
    fn equal_uris_are_equal_both_ways(a in "sip:[a-c%]{0,3}@?[A-C][.][a-c](;[a-b]=[a-b])?", b in "sip:[a-c%]{0,3}@?[A-C][.][a-c](;[a-b]=[a-b])?") {
        if let (Ok(a), Ok(b)) = (Uri::parse(&a), Uri::parse(&b)) {
            prop_assert_eq!(&a, &a);
            prop_assert_eq!(a == b, b == a);
            let hash = |uri: &Uri| {
                let mut hasher = DefaultHasher::new();
                uri.hash(&mut hasher);
                hasher.finish()
            };
            prop_assert!(a != b || hash(&a) == hash(&b));
        }
    }

    #[test]
    fn random_text_never_panics(text in "\\PC{0,60}") {
        let _ = Uri::parse(&text);
        let _ = NameAddr::parse(&text);
        let _ = Auth::parse(&text);
    }

    #[test]
    fn random_bytes_never_panic(data in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Message::parse(&data);
        let _ = StreamFramer::new(300).feed(&data);
    }

    #[test]
    fn a_stream_gives_the_same_messages_however_it_is_cut(
        all in prop::collection::vec(request(), 1..4),
        cuts in prop::collection::vec(1usize..200, 1..40),
    ) {
        let messages: Vec<Vec<u8>> = all.iter().map(|(m, _)| m.to_bytes()).collect();
        let stream = messages.concat();
        let mut framer = StreamFramer::new(100_000);
        let mut got = Vec::new();
        let mut rest = stream.as_slice();
        for cut in cuts.iter().cycle() {
            let (piece, tail) = rest.split_at((*cut).min(rest.len()));
            got.extend(framer.feed(piece).unwrap());
            rest = tail;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(got, messages);
    }
}
