//! Tables of offers and answers.

use super::*;

#[test]
fn answers_with_the_offerers_numbers_in_the_order_that_rules() {
    // offer, our codecs, order, keep_first, answer
    let cases = [
        (
            "107 9 8 0 101",
            "PCMU PCMA telephone-event",
            Order::Remote,
            false,
            "8=PCMA 0=PCMU 101=telephone-event",
        ),
        (
            "107 9 8 0 101",
            "PCMU PCMA telephone-event",
            Order::Local,
            false,
            "0=PCMU 8=PCMA 101=telephone-event",
        ),
        (
            "107 9 8 0 101",
            "PCMU PCMA telephone-event",
            Order::Remote,
            true,
            "8=PCMA 101=telephone-event",
        ),
        (
            "107 9 8 0 101",
            "PCMU PCMA",
            Order::Remote,
            false,
            "8=PCMA 0=PCMU",
        ),
        (
            "0",
            "PCMA PCMU telephone-event",
            Order::Local,
            true,
            "0=PCMU",
        ),
        // opus has no event at its own rate in this offer: the one at 8000 is taken
        (
            "107 101",
            "opus/48000/2 telephone-event",
            Order::Remote,
            false,
            "107=opus 101=telephone-event",
        ),
        (
            "107 0 100 101",
            "opus/48000/2 PCMU telephone-event",
            Order::Remote,
            false,
            "107=opus 0=PCMU 100=telephone-event 101=telephone-event",
        ),
        (
            "107 0 100 101",
            "PCMU telephone-event",
            Order::Remote,
            false,
            "0=PCMU 101=telephone-event",
        ),
        // the events are in the order of the codecs that they belong to
        (
            "107 0 100 101",
            "PCMU opus/48000/2 telephone-event",
            Order::Local,
            false,
            "0=PCMU 107=opus 101=telephone-event 100=telephone-event",
        ),
        ("0 13 101", "PCMU CN", Order::Remote, false, "0=PCMU 13=CN"),
    ];
    for (formats, ours, order, keep_first, expected) in cases {
        let ours = LocalMedia::new(NewLocalMedia {
            order,
            keep_first,
            ..new_local("audio", ours)
        })
        .unwrap();
        let lines = format!(
            "m=audio 4000 RTP/AVP {formats}\r\na=rtpmap:107 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n\
             a=rtpmap:100 telephone-event/48000\r\n"
        );
        let (_, answer) = answer(&lines, &[&ours]);
        assert_eq!(
            names(&answer.unwrap().media[0].codecs),
            expected,
            "{formats}"
        );
    }
}

/// RFC 7587 section 7.1: what we want, within what the offer's limits leave.
#[test]
fn opus_parameters_of_the_answer() {
    let cases = [
        (None, "useinbandfec=1", Some("useinbandfec=1")),
        (Some("stereo=1;useinbandfec=1"), "", None),
        (
            Some(
                "maxplaybackrate=24000;sprop-maxcapturerate=16000;maxaveragebitrate=96000;stereo=1",
            ),
            "useinbandfec=1",
            Some(
                "maxplaybackrate=16000;sprop-maxcapturerate=24000;maxaveragebitrate=96000;useinbandfec=1",
            ),
        ),
        (
            Some("maxaveragebitrate=96000; sprop-maxcapturerate=48000"),
            "maxplaybackrate=16000;maxaveragebitrate=20000;cbr=1",
            Some("maxplaybackrate=16000;maxaveragebitrate=20000;cbr=1"),
        ),
        (Some("maxplaybackrate=x"), "cbr=1", Some("cbr=1")),
    ];
    for (theirs, ours, expected) in cases {
        let codec = Codec {
            fmtp: (!ours.is_empty()).then(|| ours.into()),
            ..Codec::new("opus", 48_000, 2)
        };
        let local = LocalMedia::new(NewLocalMedia {
            codecs: vec![codec],
            ..new_local("audio", "opus/48000/2")
        })
        .unwrap();
        let fmtp = theirs.map_or(String::new(), |text| format!("a=fmtp:107 {text}\r\n"));
        let lines = format!("m=audio 4000 RTP/AVP 107\r\na=rtpmap:107 opus/48000/2\r\n{fmtp}");
        let (_, answer) = answer(&lines, &[&local]);
        let answer = answer.unwrap();
        assert_eq!(
            answer.media[0].codecs[0].fmtp.as_deref(),
            expected,
            "{theirs:?}"
        );
    }
}

#[test]
fn direction_of_the_answer() {
    use Direction::*;
    // offered, address of the offer, what we want, answered, are we held
    let cases = [
        ("sendrecv", "192.0.2.1", SendRecv, SendRecv, false),
        ("sendonly", "192.0.2.1", SendRecv, RecvOnly, true),
        ("recvonly", "192.0.2.1", SendRecv, SendOnly, false),
        ("inactive", "192.0.2.1", SendRecv, Inactive, true),
        ("sendrecv", "0.0.0.0", SendRecv, RecvOnly, true),
        ("sendonly", "0.0.0.0", SendRecv, RecvOnly, true),
        ("recvonly", "0.0.0.0", SendRecv, Inactive, true),
        ("sendrecv", "192.0.2.1", SendOnly, SendOnly, false),
        ("sendonly", "192.0.2.1", SendOnly, Inactive, true),
        ("recvonly", "192.0.2.1", RecvOnly, Inactive, false),
        ("sendrecv", "192.0.2.1", Inactive, Inactive, false),
    ];
    for (offered, address, direction, expected, held) in cases {
        let ours = LocalMedia::new(NewLocalMedia {
            direction,
            ..new_local("audio", "PCMU")
        })
        .unwrap();
        let lines = format!("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 {address}\r\na={offered}\r\n");
        let (session, answer) = answer(&lines, &[&ours]);
        let answer = answer.unwrap();
        assert_eq!(answer.media[0].direction, expected, "{offered} {address}");
        assert!(
            answer
                .to_text()
                .contains(&format!("a={}\r\n", expected.as_str()))
        );
        let agreed = &session.agreed()[0];
        assert_eq!(agreed.direction, expected);
        assert_eq!(agreed.remote_held, held, "{offered} {address}");
    }
}

#[test]
fn lines_that_do_not_fit_are_rejected_in_place() {
    let lines = "m=video 4002 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\na=mid:v\r\n\
                 m=image 4004 udptl t38\r\n\
                 m=audio 4000 RTP/AVP 0\r\na=mid:a\r\n\
                 m=audio 4006 RTP/AVP 0\r\n\
                 m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n\
                 m=audio 4008 RTP/SAVP 0\r\n";
    let (session, answer) = answer(lines, &[&local("PCMU")]);
    let answer = answer.unwrap();
    let ports: Vec<u16> = answer.media.iter().map(|media| media.port).collect();
    assert_eq!(ports, [0, 0, 20000, 0, 0, 0]);
    let kinds: Vec<&str> = answer
        .media
        .iter()
        .map(|media| media.kind.as_ref())
        .collect();
    assert_eq!(
        kinds,
        ["video", "image", "audio", "audio", "application", "audio"]
    );
    assert_eq!(answer.media[0].mid(), Some("v"));
    assert_eq!(answer.media[2].mid(), Some("a"));
    assert!(answer.to_text().contains("m=image 0 udptl t38\r\n"));
    assert!(session.agreed()[0].rejected);
    assert!(!session.agreed()[2].rejected);
}

#[test]
fn an_offer_without_anything_for_us_is_488_and_keeps_waiting() {
    for lines in [
        "m=audio 4000 RTP/AVP 18\r\n",
        "m=audio 4000 RTP/SAVP 0\r\n",
        "m=audio 4000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n",
        "m=video 4000 RTP/AVP 31\r\n",
    ] {
        let (mut session, answer) = answer(lines, &[&local("PCMU telephone-event")]);
        assert_eq!(answer.unwrap_err().status, 488);
        assert_eq!(session.state(), State::RemoteOffer);
        session.rollback();
        assert_eq!(session.state(), State::Stable);
    }
}

#[test]
fn t38_is_taken_up_when_we_do_it() {
    let fax = LocalMedia::new(NewLocalMedia {
        kind: "image".into(),
        port: 20002,
        formats: vec!["t38".into()],
        protos: vec!["udptl".into()],
        attributes: vec![("T38FaxVersion".into(), Some("0".into()))],
        ..NewLocalMedia::default()
    })
    .unwrap();
    let (session, answer) = answer("m=image 4004 UDPTL T38\r\n", &[&fax]);
    let text = answer.unwrap().to_text();
    assert!(
        text.ends_with("m=image 20002 UDPTL t38\r\na=T38FaxVersion:0\r\n"),
        "{text}"
    );
    assert!(!session.agreed()[0].rejected);
}

#[test]
fn our_offer_has_events_for_each_clock_rate_and_numbers_that_stay() {
    let ours = local("opus/48000/2 G722 PCMA telephone-event");
    let mut session = session();
    let offer = session.offer(&[Some(&ours)], "2001:db8::9").unwrap();
    assert_eq!(
        names(&offer.media[0].codecs),
        "107=opus 9=G722 8=PCMA 101=telephone-event 102=telephone-event"
    );
    let text = offer.to_text();
    assert!(text.contains("c=IN IP6 2001:db8::9\r\n"));
    assert!(text.contains("a=fmtp:102 0-16\r\n"));
    assert!(text.contains("a=rtpmap:101 telephone-event/48000\r\n"));
    assert_eq!(*parse(&text), *offer);
    // The peer answers with numbers of its own: we send with its, and receive with ours.
    let answer = offer_of(
        "m=audio 4000 RTP/AVP 120 99\r\na=rtpmap:120 opus/48000/2\r\na=rtpmap:99 telephone-event/48000\r\na=ptime:60\r\na=maxptime:40\r\n",
    );
    session.remote_answer(answer).unwrap();
    let agreed = session.agreed()[0].clone();
    assert_eq!(names(&agreed.send), "120=opus");
    assert_eq!(names(&agreed.receive), "107=opus");
    assert_eq!(agreed.send_event.as_ref().unwrap().payload_type, Some(99));
    assert_eq!(names(&agreed.receive_events), "101=telephone-event");
    assert_eq!(agreed.ptime, Some(40));
    // Other codecs come first in the next offer: those that had a number keep it.
    let other = local("speex/16000 L16/16000 opus/48000/2 telephone-event");
    let offer = session.offer(&[Some(&other)], "2001:db8::9").unwrap();
    assert_eq!(
        names(&offer.media[0].codecs),
        "117=speex 118=L16 107=opus 96=telephone-event 101=telephone-event"
    );
}

#[test]
fn the_version_goes_up_only_when_something_changed() {
    let mut session = session();
    let ours = local("PCMU");
    let first = session.offer(&[Some(&ours)], "192.0.2.9").unwrap();
    session.rollback();
    let again = session.offer(&[Some(&ours)], "192.0.2.9").unwrap();
    assert_eq!(first.session_version, again.session_version);
    session
        .remote_answer(offer_of("m=audio 4000 RTP/AVP 0\r\n"))
        .unwrap();
    let hold = LocalMedia::new(NewLocalMedia {
        direction: Direction::SendOnly,
        ..new_local("audio", "PCMU")
    })
    .unwrap();
    let third = session.offer(&[Some(&hold)], "192.0.2.9").unwrap();
    assert_eq!(third.session_version, first.session_version + 1);
    assert_eq!(third.session_id, first.session_id);
}

#[test]
fn lines_are_never_removed_from_our_offers() {
    let (mut session, _) = answer(
        "m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 31\r\n",
        &[&local("PCMU")],
    );
    let offer = session.offer(&[Some(&local("PCMU"))], "192.0.2.9").unwrap();
    assert_eq!(offer.media.len(), 2);
    assert_eq!((&*offer.media[1].kind, offer.media[1].port), ("video", 0));
    session.rollback();
    // A new use of the disabled line is allowed, and another kind in the place of the live one.
    let video = LocalMedia::new(new_local("video", "H264/90000")).unwrap();
    assert!(
        session
            .offer(&[Some(&local("PCMU")), Some(&video)], "192.0.2.9")
            .is_ok()
    );
    session.rollback();
    let fax = fax();
    let offer = session.offer(&[Some(&fax)], "192.0.2.9").unwrap();
    assert_eq!(offer.media.len(), 2);
    assert_eq!(
        (&*offer.media[0].kind, &*offer.media[0].formats),
        ("image", "t38")
    );
}

fn fax() -> LocalMedia {
    LocalMedia::new(NewLocalMedia {
        kind: "image".to_owned(),
        port: 4000,
        formats: vec!["t38".to_owned()],
        protos: vec!["udptl".to_owned()],
        ..NewLocalMedia::default()
    })
    .unwrap()
}

#[test]
fn a_call_turns_into_a_fax_and_back() {
    let (mut session, _) = answer("m=audio 4000 RTP/AVP 0\r\n", &[&local("PCMU")]);
    session
        .remote_offer(offer_of("m=image 4002 udptl t38\r\n"))
        .unwrap();
    let said = session.answer_lines(&[Some(&fax())], "192.0.2.9").unwrap();
    assert_eq!(said.media[0].port, 4000);
    assert!(!session.agreed()[0].rejected);
    session.offer(&[Some(&local("PCMA"))], "192.0.2.9").unwrap();
    session
        .remote_answer(offer_of("m=audio 4000 RTP/AVP 8\r\n"))
        .unwrap();
    assert_eq!(names(&session.agreed()[0].send), "8=PCMA");
}

#[test]
fn lines_are_answered_by_their_place() {
    let mut session = session();
    session
        .remote_offer(offer_of(
            "m=audio 4000 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 0\r\nm=text 4004 RTP/AVP 98\r\n",
        ))
        .unwrap();
    let said = session
        .answer_lines(&[None, Some(&local("PCMU")), Some(&local("PCMU"))], "h")
        .unwrap();
    let ports: Vec<u16> = said.media.iter().map(|line| line.port).collect();
    assert_eq!(ports, [0, 20000, 0]);
}

#[test]
fn all_variants_of_a_video_format_are_answered() {
    let video = LocalMedia::new(NewLocalMedia {
        order: Order::Local,
        ..new_local("video", "H264/90000 VP8/90000")
    })
    .unwrap();
    let (session, _) = answer(
        "m=video 4000 RTP/AVP 96 97 98 99\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 H264/90000\r\n\
         a=fmtp:97 packetization-mode=1;profile-level-id=42e01f\r\na=rtpmap:98 H264/90000\r\n\
         a=fmtp:98 packetization-mode=0;profile-level-id=42e01f\r\na=rtpmap:99 rtx/90000\r\n",
        &[&video],
    );
    assert_eq!(names(&session.agreed()[0].send), "97=H264 98=H264 96=VP8");
    assert_eq!(
        session.agreed()[0].receive[1].fmtp.as_deref(),
        Some("packetization-mode=0;profile-level-id=42e01f")
    );
}

#[test]
fn lines_on_one_port_are_a_bundle() {
    let mut session = OfferAnswer::new(Some(7), "-", "-", true).unwrap();
    session
        .remote_offer(offer_of(
            "a=group:BUNDLE a v w\r\nm=audio 4000 RTP/AVP 0\r\na=mid:a\r\n\
             m=video 4000 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\na=mid:v\r\n\
             m=video 4000 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\na=mid:w\r\n",
        ))
        .unwrap();
    let audio = local("PCMU");
    let video = LocalMedia::new(new_local("video", "H264/90000")).unwrap();
    let apart = LocalMedia::new(NewLocalMedia {
        port: 20002,
        ..new_local("video", "H264/90000")
    })
    .unwrap();
    let said = session
        .answer_lines(&[Some(&audio), Some(&video), Some(&apart)], "h")
        .unwrap();
    assert_eq!(said.attributes.get("group"), Some("BUNDLE a v"));
    // On one port a number has one meaning.
    let mut session = OfferAnswer::new(Some(7), "-", "-", true).unwrap();
    let video = LocalMedia::new(NewLocalMedia {
        codecs: vec![codec("H264/90000").with_payload_type(101)],
        ..new_local("video", "H264/90000")
    })
    .unwrap();
    let offer = session
        .offer(
            &[Some(&local("PCMU telephone-event")), Some(&video)],
            "192.0.2.9",
        )
        .unwrap();
    assert_eq!(names(&offer.media[0].codecs), "0=PCMU 101=telephone-event");
    assert_eq!(names(&offer.media[1].codecs), "96=H264");
}

#[test]
fn offers_and_answers_out_of_turn() {
    let ours = local("PCMU");
    let mut session = session();
    let theirs = offer_of("m=audio 4000 RTP/AVP 0\r\n");
    assert_eq!(session.answer(&[&ours], "h").unwrap_err().status, 500);
    assert_eq!(
        session.remote_answer(theirs.clone()).unwrap_err().status,
        500
    );
    session.offer(&[Some(&ours)], "h").unwrap();
    assert_eq!(
        session.remote_offer(theirs.clone()).unwrap_err().status,
        491
    );
    assert_eq!(session.offer(&[Some(&ours)], "h").unwrap_err().status, 491);
    for (bad, status) in [
        ("", 488),
        ("m=audio 4000 RTP/AVP 8\r\n", 488),
        ("m=video 4000 RTP/AVP 31\r\n", 488),
        ("m=audio 4000 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 0\r\n", 488),
    ] {
        assert_eq!(
            session.remote_answer(offer_of(bad)).unwrap_err().status,
            status
        );
        assert_eq!(session.state(), State::LocalOffer);
    }
    session.remote_answer(theirs.clone()).unwrap();
    // Early media, then another answer to the same offer.
    let later = offer_of("m=audio 6000 RTP/AVP 0\r\n");
    session.remote_answer(later).unwrap();
    assert_eq!(session.agreed()[0].remote_port(), 6000);
    session.remote_offer(theirs.clone()).unwrap();
    assert_eq!(
        session.remote_offer(theirs.clone()).unwrap_err().status,
        500
    );
    assert_eq!(session.offer(&[Some(&ours)], "h").unwrap_err().status, 491);
    session.answer(&[&ours], "h").unwrap();
    assert_eq!(session.remote_answer(theirs).unwrap_err().status, 500);
    assert_eq!(session.remote_offer(offer_of("")).unwrap_err().status, 488);
}

#[test]
fn rtcp_mux_holds_only_when_both_say_so() {
    for (we, they) in [(true, true), (true, false), (false, true)] {
        let ours = LocalMedia::new(NewLocalMedia {
            rtcp_mux: we,
            ..new_local("audio", "PCMU")
        })
        .unwrap();
        let mux = if they { "a=rtcp-mux\r\n" } else { "" };
        let (session, answer) = answer(&format!("m=audio 4000 RTP/AVP 0\r\n{mux}"), &[&ours]);
        assert_eq!(answer.unwrap().media[0].rtcp_mux, we && they);
        let port = if we && they { 4000 } else { 4001 };
        assert_eq!(session.agreed()[0].remote_rtcp().unwrap().1, port);
    }
}

#[test]
fn parameters_that_make_another_format_or_are_settled_in_the_answer() {
    let with = |name: &str, rate: u32, fmtp: &str| Codec {
        fmtp: (!fmtp.is_empty()).then(|| fmtp.into()),
        ..Codec::new(name, rate, 1)
    };
    // name, rate, ours, theirs, fmtp of the answer (None: no match)
    let cases = [
        ("iLBC", 8000, "mode=20", "mode=20", Some("mode=20")),
        ("iLBC", 8000, "mode=20", "mode=30", Some("mode=30")),
        ("iLBC", 8000, "mode=20", "", Some("mode=30")),
        ("G729", 8000, "", "annexb=no", Some("annexb=no")),
        ("G729", 8000, "annexb=no", "annexb=yes", Some("annexb=no")),
        ("G729", 8000, "", "", Some("")),
        ("AMR", 8000, "", "octet-align=1", None),
        (
            "AMR",
            8000,
            "octet-align=1",
            "octet-align=1; mode-set=7",
            Some("octet-align=1"),
        ),
        (
            "H264",
            90000,
            "",
            "profile-level-id=42e01f",
            Some("profile-level-id=42e01f"),
        ),
        (
            "H264",
            90000,
            "profile-level-id=42e014",
            "profile-level-id=42E01F",
            Some("profile-level-id=42e014"),
        ),
        (
            "H264",
            90000,
            "profile-level-id=42e014",
            "profile-level-id=64001f",
            None,
        ),
        (
            "H264",
            90000,
            "packetization-mode=1",
            "packetization-mode=0",
            None,
        ),
    ];
    for (name, rate, ours, theirs, expected) in cases {
        let (ours, theirs) = (with(name, rate, ours), with(name, rate, theirs));
        let got = ours
            .matches(&theirs)
            .then(|| ours.answer_fmtp(&theirs).unwrap_or_default());
        assert_eq!(got.as_deref(), expected, "{name} {ours:?} {theirs:?}");
    }
}

#[test]
fn codec_preferences_of_pjsip_conf() {
    use Operation::*;
    use Prefer::*;
    let cases = [
        (Pending, Intersect, false, "PCMA PCMU"),
        (Configured, Intersect, false, "PCMU PCMA"),
        (Pending, Union, false, "G722 PCMA PCMU GSM"),
        (Configured, Union, false, "PCMU GSM PCMA G722"),
        (Pending, OnlyPreferred, false, "G722 PCMA PCMU"),
        (Pending, OnlyNonpreferred, false, "PCMU GSM PCMA"),
        (Configured, Intersect, true, "PCMU"),
    ];
    let pending = codecs("G722 PCMA PCMU");
    let configured = codecs("PCMU GSM PCMA");
    for (prefer, operation, first, expected) in cases {
        let got = select_codecs(&pending, &configured, prefer, operation, first);
        let got: Vec<&str> = got.iter().map(|codec| &*codec.name).collect();
        assert_eq!(got.join(" "), expected);
    }
}

#[test]
fn comfort_noise_is_never_what_we_send_with() {
    let mut session = session();
    session
        .offer(&[Some(&local("PCMU CN telephone-event"))], "192.0.2.9")
        .unwrap();
    let careless = "m=audio 4000 RTP/AVP 13 101 0\r\na=rtpmap:101 telephone-event/8000\r\n";
    session.remote_answer(offer_of(careless)).unwrap();
    assert_eq!(names(&session.agreed()[0].send), "0=PCMU 13=CN");
    // Alone it carries no call.
    let mut session = super::session();
    session
        .offer(&[Some(&local("PCMU CN"))], "192.0.2.9")
        .unwrap();
    let error = session.remote_answer(offer_of("m=audio 4000 RTP/AVP 13\r\n"));
    assert_eq!(error.unwrap_err().status, 488);
}
