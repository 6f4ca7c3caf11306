//! Reading and writing session descriptions.

use super::*;

#[test]
fn without_candidates_yet_is_not_held() {
    let text = |ice: &str| {
        format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n{ice}"
        )
    };
    let held = |text: String| Sdp::parse(text.as_bytes()).unwrap().media[0].held();
    assert!(held(text("")));
    assert!(!held(text("a=ice-ufrag:HGER\r\n")));
}

#[test]
fn reads_what_a_phone_says() {
    let sdp = parse(PHONE);
    assert_eq!(sdp.session_id, 3905);
    assert_eq!(sdp.session_name.as_ref(), "call");
    let audio = sdp.first("audio").unwrap();
    assert_eq!(audio.port, 4000);
    assert_eq!(audio.address.as_deref(), Some("192.0.2.10"));
    assert_eq!(
        names(&audio.codecs),
        "107=opus 9=G722 8=PCMA 0=PCMU 101=telephone-event 13=CN"
    );
    assert_eq!(audio.codecs[0].channels, 2);
    assert_eq!(audio.codecs[0].fmtp_param("useinbandfec"), Some("1"));
    assert_eq!(audio.ptime, Some(20));
    assert_eq!(audio.attributes.get("X-private"), Some("kept as it is"));
    assert_eq!(audio.rtcp(), Some(("192.0.2.10", 4001)));
    assert_eq!(sdp.to_text(), PHONE);
}

#[test]
fn own_lines_of_the_m_line_win_over_those_of_the_session() {
    let sdp = parse(
        "v=0\r\no=- 1 1 IN IP6 ::1\r\ns=-\r\nt=0 0\r\na=recvonly\r\nc=IN IP6 2001:db8::1\r\n\
         m=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::2\r\na=sendonly\r\n\
         m=video 4002 RTP/AVP 31\r\na=rtcp:5000 IN IP6 2001:db8::3\r\n",
    );
    assert_eq!(sdp.media[0].direction, Direction::SendOnly);
    assert_eq!(sdp.media[0].address.as_deref(), Some("2001:db8::2"));
    assert_eq!(sdp.media[1].direction, Direction::RecvOnly);
    assert_eq!(sdp.media[1].address.as_deref(), Some("2001:db8::1"));
    assert_eq!(sdp.media[1].rtcp(), Some(("2001:db8::3", 5000)));
    assert_eq!(*parse(&sdp.to_text()), *sdp);
}

#[test]
fn brackets_around_ipv6_are_left_out() {
    let sdp = parse(
        "v=0\r\no=- 1 1 IN IP6 [::1]\r\ns=-\r\nc=IN IP6 [2001:db8::1]\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
    );
    assert_eq!(sdp.media[0].address.as_deref(), Some("2001:db8::1"));
    assert!(sdp.to_text().starts_with("v=0\r\no=- 1 1 IN IP6 ::1\r\n"));
}

#[test]
fn careless_but_clear_text_is_read() {
    for text in [
        // bare LF, no s=, no t=
        "v=0\no=- 1 1 IN IP4 h\nc=IN IP4 192.0.2.1\nm=audio 4 RTP/AVP 0\n",
        // user name with blanks, trailing blanks, ptime with a fraction
        "v=0\r\no=Yealink phone 1 1 IN IP4 h\r\ns=\r\nc=IN IP4 192.0.2.1 \r\nt=0 0\r\nm=audio 4 RTP/AVP 0 \r\na=ptime:20.0\r\n",
        // session id beyond 64 bits, connection after the m-line's attributes
        "v=0\r\no=- 99999999999999999999999 1 IN IP4 h\r\ns=-\r\nm=audio 4/2 RTP/AVP 0\r\na=sendrecv\r\nc=IN IP4 192.0.2.1/127\r\nx=?\r\n",
    ] {
        let sdp = Sdp::parse(text.as_bytes()).unwrap();
        assert_eq!(sdp.media[0].address.as_deref(), Some("192.0.2.1"), "{text}");
        assert_eq!(names(&sdp.media[0].codecs), "0=PCMU");
    }
}

#[test]
fn nonsense_is_refused_with_a_status() {
    let many = |n: usize, line: &str| {
        format!("v=0\r\no=- 1 1 IN IP4 h\r\n{}", line.repeat(n)).into_bytes()
    };
    let formats = format!(
        "v=0\r\no=- 1 1 IN IP4 h\r\nm=audio 4 RTP/AVP{}\r\n",
        " 0".repeat(129)
    );
    let cases: Vec<(Vec<u8>, u16)> = vec![
        (b"".to_vec(), 400),
        (b"v=1\r\n".to_vec(), 400),
        (b"v=0\r\n".to_vec(), 400),
        (b"v=0\r\no=-\r\n".to_vec(), 400),
        (b"v=0\r\no=- x 1 IN IP4 h\r\n".to_vec(), 400),
        (b"v=0\r\no=- 1 1 IN IP4 h\r\nnonsense\r\n".to_vec(), 400),
        (b"v=0\r\no=- 1 1 IN IP4 h\r\nm=audio\r\n".to_vec(), 400),
        (
            b"v=0\r\no=- 1 1 IN IP4 h\r\nm=audio 65536 RTP/AVP 0\r\n".to_vec(),
            400,
        ),
        (
            b"v=0\r\no=- 1 1 IN IP4 h\r\nm=audio -1 RTP/AVP 0\r\n".to_vec(),
            400,
        ),
        (b"v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP5 h\r\n".to_vec(), 400),
        (b"v=0\r\no=- 1 1 IN IP4 h\r\nc=IN IP4 h;h\r\n".to_vec(), 400),
        (b"v=0\r\no=- 1 1 IN IP4 h\r\na=:\r\n".to_vec(), 400),
        (vec![0xff; 100], 400),
        (vec![b'v'; 65537], 488),
        (many(33, "m=audio 4 RTP/AVP 0\r\n"), 488),
        (many(1025, "a=x\r\n"), 488),
        (many(17, "b=AS:64\r\n"), 488),
        (formats.into_bytes(), 488),
    ];
    for (text, status) in cases {
        let error = Sdp::parse(&text).expect_err(&String::from_utf8_lossy(&text));
        assert_eq!(error.status, status, "{error}");
    }
}

#[test]
fn text_from_configuration_cannot_add_lines() {
    let bad = NewLocalMedia {
        attributes: vec![("x".into(), Some("1\r\nm=audio 1 RTP/AVP 0".into()))],
        ..new_local("audio", "PCMU")
    };
    assert!(LocalMedia::new(bad).is_err());
    assert!(OfferAnswer::new(None, "a b", "-", false).is_err());
    assert!(OfferAnswer::new(None, "-", "x\r\n", false).is_err());
}

/// Hostile text in a cheap, repeatable variety; the fuzz target goes further.
#[test]
fn any_damage_to_a_description_is_survived() {
    let mut seed = 0x2545_f491_4f6c_dd1du64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    let ours = local("opus/48000/2 PCMU telephone-event");
    for _ in 0..20_000 {
        let mut text = PHONE.as_bytes().to_vec();
        for _ in 0..=random(6) {
            let at = random(text.len());
            match random(4) {
                0 => text[at] = random(256) as u8,
                1 => text.truncate(at.max(1)),
                2 => {
                    let end = (at + random(60)).min(text.len());
                    let piece = text[at..end].to_vec();
                    let to = random(text.len());
                    text.splice(to..to, piece);
                }
                _ => text[at] = b"\r\n =:/09"[random(8)],
            }
        }
        if let Ok(sdp) = Sdp::parse(&text) {
            let again = Sdp::parse(sdp.to_text().as_bytes()).unwrap();
            assert_eq!(again.media.len(), sdp.media.len());
            let mut session = session();
            session.remote_offer(Arc::new(sdp)).unwrap();
            if let Ok(answer) = session.answer(&[&ours], "192.0.2.9") {
                assert_eq!(parse(&answer.to_text()).to_text(), answer.to_text());
            }
        }
    }
}
