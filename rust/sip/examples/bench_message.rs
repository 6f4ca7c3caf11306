//! What parsing, checking and building messages costs: `cargo run --release --example bench_message`.
//!
//! Prints nanoseconds per operation, the best of several rounds, so that a busy machine disturbs little.
use std::hint::black_box;
use std::time::Instant;

use offhook_sip::digest::{self, Algorithm, Auth, Response};
use offhook_sip::framer::StreamFramer;
use offhook_sip::{Message, NameAddr, Uri};

const INVITE: &[u8] = b"INVITE sip:6002@192.0.2.10;transport=udp SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.33:5062;branch=z9hG4bK-d8754z-2f1d9a7c5b3e1f00-1---d8754z-;rport\r\n\
Max-Forwards: 70\r\n\
Contact: <sip:6001@192.0.2.33:5062;transport=udp>\r\n\
To: <sip:6002@192.0.2.10;transport=udp>\r\n\
From: \"Alice\" <sip:6001@192.0.2.10;transport=udp>;tag=8f3c2a11\r\n\
Call-ID: ODM4ZjY1NTk0YTg0MTE2OWQzZGI3ODc2MjQ2MWVi\r\n\
CSeq: 1 INVITE\r\n\
Allow: INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, MESSAGE, OPTIONS, INFO\r\n\
Content-Type: application/sdp\r\n\
Supported: replaces, norefersub\r\n\
User-Agent: Phone 5.6.1\r\n\
Content-Length: 93\r\n\
\r\n\
v=0\r\no=- 1 1 IN IP4 192.0.2.33\r\ns=-\r\nc=IN IP4 192.0.2.33\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 101\r\n";

fn measure<T>(name: &str, mut work: impl FnMut() -> T) {
    const TIMES: u32 = 20_000;
    let best = (0..12)
        .map(|_| {
            let begin = Instant::now();
            for _ in 0..TIMES {
                black_box(work());
            }
            begin.elapsed().as_nanos() / u128::from(TIMES)
        })
        .min()
        .unwrap_or(0);
    println!("{name:<48} {best:>6} ns");
}

fn request() -> Option<Message> {
    let mut m = Message::request("INVITE", "sip:6002@192.0.2.44:5060").ok()?;
    m.add(
        "Via",
        "SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKx8k2mqv4tp7w3n9z;rport",
    )
    .ok()?;
    m.add("Max-Forwards", "70").ok()?;
    m.add("From", "\"Alice\" <sip:6001@192.0.2.10>;tag=w4k9xq2mz7pv")
        .ok()?;
    m.add("To", "<sip:6002@192.0.2.44:5060>").ok()?;
    m.add("Call-ID", "c7m2kx9qv4tz8w3np6rj5h").ok()?;
    m.add("CSeq", "27182 INVITE").ok()?;
    m.add("Contact", "<sip:offhook@192.0.2.10:5060>").ok()?;
    m.add(
        "Allow",
        "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK",
    )
    .ok()?;
    m.add("Supported", "100rel, timer, replaces").ok()?;
    m.set_body("application/sdp", INVITE.get(567..).unwrap_or_default())
        .ok()?;
    Some(m)
}

fn main() {
    println!("INVITE of {} bytes", INVITE.len());
    let Ok(invite) = Message::parse(INVITE) else {
        return println!("the INVITE does not parse");
    };
    measure("parse", || Message::parse(INVITE));
    measure("check", || invite.check());
    measure("top_via, call_id, cseq, tags", || {
        (
            invite.top_via(),
            invite.call_id(),
            invite.cseq(),
            invite.from_tag(),
            invite.to_tag(),
        )
    });
    measure("get Contact", || invite.get("Contact"));
    measure("from, parsed", || invite.from());
    measure("build an INVITE", request);
    let built = request();
    measure("build an INVITE and write it", || {
        request().map(|m| m.to_bytes())
    });
    measure("write a built INVITE", || {
        built.as_ref().map(Message::to_bytes)
    });
    measure("response 180, built and written", || {
        Message::response(&invite, 180, None, Some("w4k9xq2mz7pv")).map(|m| m.to_bytes())
    });
    measure("note_source on a copy", || {
        let mut copy = invite.clone();
        copy.note_source("192.0.2.33", 5062);
        copy
    });
    measure("Uri::parse", || {
        Uri::parse("sip:6001@192.0.2.33:5062;transport=udp")
    });
    measure("NameAddr::parse", || {
        NameAddr::parse("\"Alice\" <sip:6001@192.0.2.10>;tag=8f3c2a11")
    });
    measure("StreamFramer, one message", || {
        StreamFramer::new(65_536).feed(INVITE)
    });
    let credentials = "Digest username=\"6001\", realm=\"offhook\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
        uri=\"sip:192.0.2.10\", response=\"6629fae49393a05397450978507c4ef1\", algorithm=MD5, cnonce=\"0a4f113b\", \
        qop=auth, nc=00000001, opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    measure("Auth::parse", || Auth::parse(credentials));
    for name in ["MD5", "SHA-256", "SHA-512-256"] {
        let Some(algorithm) = Algorithm::of(name) else {
            continue;
        };
        measure(&format!("digest, HA1 from the password, {name}"), || {
            let ha1 = digest::ha1(algorithm, "6001", "offhook", "correct horse battery staple");
            Response {
                algorithm,
                ha1: &ha1,
                method: "REGISTER",
                uri: "sip:192.0.2.10",
                nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
                nc: Some("00000001"),
                cnonce: Some("0a4f113b"),
                qop: Some("auth"),
                entity_body: None,
            }
            .compute()
        });
    }
    measure("hmac_sha256", || {
        digest::hmac_sha256(
            b"0123456789abcdef0123456789abcdef",
            b"1700000000:192.0.2.33",
        )
    });
    measure("new_branch", offhook_sip::token::new_branch);
}
