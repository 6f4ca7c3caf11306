//! Digest arithmetic against published vectors, and the grammar of its headers.
use offhook_sip::digest::{self, Algorithm, Auth, Hash, Response};

fn respond(
    algorithm: &str,
    realm: &str,
    password: &str,
    fill: impl Fn(&mut Response<'_>),
) -> String {
    let algorithm = Algorithm::of(algorithm).unwrap();
    let ha1 = digest::ha1(algorithm, "Mufasa", realm, password);
    let mut response = Response {
        algorithm,
        ha1: &ha1,
        method: "GET",
        uri: "/dir/index.html",
        nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        nc: Some("00000001"),
        cnonce: Some("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
        qop: Some("auth"),
        entity_body: None,
    };
    fill(&mut response);
    response.compute().unwrap()
}

/// RFC 7616 section 3.9.1.
#[test]
fn rfc7616_examples() {
    let realm = "http-auth@example.org";
    assert_eq!(
        respond("MD5", realm, "Circle of Life", |_| ()),
        "8ca523f5e9506fed4657c9700eebdbec"
    );
    assert_eq!(
        respond("SHA-256", realm, "Circle of Life", |_| ()),
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    );
}

/// RFC 2617 section 3.5, and the same without qop as RFC 2069 has it.
#[test]
fn rfc2617_example() {
    let with = |qop| {
        respond("MD5", "testrealm@host.com", "Circle Of Life", |r| {
            r.nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
            r.cnonce = Some("0a4f113b");
            r.qop = qop;
        })
    };
    assert_eq!(with(Some("auth")), "6629fae49393a05397450978507c4ef1");
    assert_eq!(with(None), "670fd8c2df070c60b045671b8b24ff02");
}

/// RFC 7616 section 3.9.2, with the response of erratum 4897 (the RFC's was computed with a draft of SHA-512/256).
#[test]
fn sha512_256() {
    let algorithm = Algorithm::of("SHA-512-256").unwrap();
    let ha1 = digest::ha1(
        algorithm,
        "J\u{e4}s\u{f8}n Doe",
        "api@example.org",
        "Secret, or not?",
    );
    let response = Response {
        algorithm,
        ha1: &ha1,
        method: "GET",
        uri: "/doe.json",
        nonce: "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
        nc: Some("00000001"),
        cnonce: Some("NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"),
        qop: Some("auth"),
        entity_body: None,
    };
    assert_eq!(
        response.compute().unwrap(),
        "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
    );
}

#[test]
fn session_and_integrity_variants_differ() {
    let realm = "r";
    let all: std::collections::HashSet<_> = [
        "MD5",
        "MD5-sess",
        "SHA-256",
        "SHA-256-sess",
        "SHA-512-256",
        "SHA-512-256-SESS",
    ]
    .iter()
    .flat_map(|name| {
        ["auth", "auth-int"].map(|qop| {
            respond(name, realm, "p", |r| {
                r.qop = Some(qop);
                r.entity_body = Some(b"v=0");
            })
        })
    })
    .collect();
    assert_eq!(all.len(), 12);
}

#[test]
fn missing_values_are_errors() {
    let algorithm = Algorithm::of("md5-SESS").unwrap();
    let base = Response {
        algorithm,
        ha1: "x",
        method: "M",
        uri: "u",
        nonce: "n",
        nc: Some("1"),
        cnonce: Some("c"),
        qop: Some("auth"),
        entity_body: None,
    };
    assert!(base.compute().is_ok());
    assert!(
        Response {
            cnonce: None,
            ..base
        }
        .compute()
        .is_err()
    );
    assert!(Response { nc: None, ..base }.compute().is_err());
    assert!(
        Response {
            qop: Some("auth-conf"),
            ..base
        }
        .compute()
        .is_err()
    );
    assert!(
        Response {
            nc: None,
            qop: None,
            ..base
        }
        .compute()
        .is_ok()
    );
}

#[test]
fn algorithm_names() {
    assert_eq!(
        Algorithm::of(""),
        Some(Algorithm {
            hash: Hash::Md5,
            session: false
        })
    );
    assert_eq!(
        Algorithm::of("sha-512-256"),
        Some(Algorithm {
            hash: Hash::Sha512_256,
            session: false
        })
    );
    for unknown in ["SHA-1", "-sess", "SHA512-256", "MD5-", "AKAv1-MD5"] {
        assert_eq!(Algorithm::of(unknown), None, "{unknown}");
    }
}

/// RFC 4231 test case 2.
#[test]
fn hmac_vector() {
    let hex: String = digest::hmac_sha256(b"Jefe", b"what do ya want for nothing?")
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(
        hex,
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

#[test]
fn header_values() {
    let auth = Auth::parse("Digest realm=\"a \\\"b\\\", c\" , NONCE=\"x=,y\",qop=\"auth,auth-int\", stale=FALSE,,\r\n algorithm=MD5").unwrap();
    assert_eq!(auth.scheme, "Digest");
    let get = |name| auth.param(name);
    assert_eq!(
        (get("realm"), get("nonce")),
        (Some("a \"b\", c"), Some("x=,y"))
    );
    assert_eq!(
        (get("qop"), get("stale"), get("algorithm")),
        (Some("auth,auth-int"), Some("FALSE"), Some("MD5"))
    );
    assert_eq!(Auth::parse("Basic YWJj=").unwrap().param(""), Some("YWJj="));
    assert_eq!(Auth::parse("Negotiate").unwrap().params, []);
    for bad in [
        "",
        "\"x\"",
        "Digest=",
        "Digest realm,x",
        "Digest realm=\"x",
        "Digest realm=\"x\"y",
        "Digest a=1,a=2",
        "Digest =x",
        "Digest realm=\"x\" nonce=\"y\"",
        "Digest a=1, Digest b=2",
    ] {
        assert!(Auth::parse(bad).is_err(), "{bad}");
    }
}
