//! Pauses that a far end describes (RFC 3389), and ours: what the other one is sent.
use super::tests::{MS, Wire, board, codecs, datagram, phone, run};
use super::*;
use crate::codecs::g711::{Alaw, Ulaw};
use crate::codecs::{Decoder, Encoder, Format};
use crate::jitter;
use crate::noise::level_of;
use crate::port::Codecs;
use proptest::prelude::*;

const CN: u8 = 13;

/// One that talks PCMU: so many ms of a tone, then a pause of the rest.
struct Talker {
    sequence: u16,
    timestamp: u32,
    now: Nanos,
}

impl Talker {
    fn new() -> Talker {
        Talker {
            sequence: 65_530,
            timestamp: 0xffff_f000,
            now: 0,
        }
    }

    fn send(&mut self, b: &mut Board, w: &mut Wire, kind: u8, payload: &[u8]) {
        self.sequence = self.sequence.wrapping_add(1);
        let mut data = datagram(kind, self.sequence, self.timestamp, payload);
        b.rtp_received(0, 100, &mut data, phone(0), self.now, w);
        b.note_timed(0, self.now);
    }

    fn talk(&mut self, b: &mut Board, w: &mut Wire, frames: u32) {
        for _ in 0..frames {
            let samples: Vec<i16> = (0..160)
                .map(|n| if n / 8 % 2 == 0 { 4000 } else { -4000 })
                .collect();
            let mut payload = Vec::new();
            Ulaw.encode(&samples, &mut payload);
            self.send(b, w, 0, &payload);
            self.pass(b, w, 20);
        }
    }

    fn pass(&mut self, b: &mut Board, w: &mut Wire, ms: u32) {
        run(b, w, self.now, self.now + u64::from(ms) * MS);
        self.now += u64::from(ms) * MS;
        self.timestamp = self.timestamp.wrapping_add(ms * 8);
    }
}

fn takes_noise(b: &mut Board, slot: usize, send: Format) {
    b.port(slot, 100 + slot as u64).unwrap().set_codecs(Codecs {
        send,
        send_type: if send == Format::PCMA { 8 } else { 0 },
        noise_send: Some(CN),
        noise_receive: vec![(CN, 8000)],
        ..codecs(true)
    });
}

/// Sequence numbers and timestamps go on in order, and time is that of the clock.
fn goes_on(w: &Wire, slot: usize) {
    let packets = w.packets(slot);
    for pair in packets.windows(2) {
        assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
        assert!((pair[1].timestamp.wrapping_sub(pair[0].timestamp) as i32) >= 0);
    }
}

fn lasts_ms(w: &Wire, slot: usize) -> u32 {
    let packets = w.packets(slot);
    let (first, last) = (packets.first().unwrap(), packets.last().unwrap());
    last.timestamp.wrapping_sub(first.timestamp) / 8
}

#[test]
fn a_pause_goes_on_to_who_takes_it_as_the_packet_that_it_is() {
    for send in [Format::PCMU, Format::PCMA] {
        let (mut b, mut w) = board(2);
        takes_noise(&mut b, 1, send);
        b.bridge(0, 1);
        let mut talker = Talker::new();
        talker.talk(&mut b, &mut w, 3);
        talker.send(&mut b, &mut w, CN, &[55, 127, 60]);
        talker.pass(&mut b, &mut w, 2000);
        talker.talk(&mut b, &mut w, 2);
        let kinds: Vec<u8> = w.packets(1).iter().map(|p| p.payload_type).collect();
        let audio = if send == Format::PCMA { 8 } else { 0 };
        assert_eq!(kinds, [audio, audio, audio, CN, audio, audio]);
        let (_, data, _) = &w.rtp[3];
        assert_eq!(data[w.packets(1)[3].payload.clone()], [55, 127, 60]);
        goes_on(&w, 1);
        assert_eq!(lasts_ms(&w, 1), 60 + 2000 + 20);
    }
}

#[test]
fn who_does_not_take_it_hears_noise_of_that_level_until_audio_goes_on() {
    for send in [Format::PCMU, Format::PCMA, Format::named("g722").unwrap()] {
        let (mut b, mut w) = board(2);
        b.port(1, 101).unwrap().set_codecs(Codecs {
            send,
            send_type: 8,
            ..codecs(true)
        });
        b.bridge(0, 1);
        let mut talker = Talker::new();
        talker.talk(&mut b, &mut w, 3);
        talker.send(&mut b, &mut w, CN, &[50]);
        talker.pass(&mut b, &mut w, 1000);
        let during = w.packets(1).len();
        assert!((50..=53).contains(&during), "{during}");
        talker.talk(&mut b, &mut w, 3);
        assert_eq!(w.packets(1).len(), during + 3);
        goes_on(&w, 1);
        assert!(
            (1060..=1120).contains(&lasts_ms(&w, 1)),
            "{}",
            lasts_ms(&w, 1)
        );
        if send == Format::PCMA {
            let mut samples = Vec::new();
            for (_, data, _) in &w.rtp[6..during] {
                Alaw.decode(&data[12..], &mut samples).unwrap();
            }
            assert!(
                (49..=51).contains(&level_of(&samples)),
                "{}",
                level_of(&samples)
            );
        }
    }
}

#[test]
fn silence_that_is_described_as_such_and_a_muted_or_held_one_makes_none() {
    for case in ["silent", "muted", "held", "alone"] {
        let (mut b, mut w) = board(2);
        if case != "alone" {
            b.bridge(0, 1);
        }
        let mut talker = Talker::new();
        talker.talk(&mut b, &mut w, 3);
        let sent = w.packets(1).len();
        match case {
            "muted" => b.port(0, 100).unwrap().mute(true, false),
            "held" => b
                .port(0, 100)
                .unwrap()
                .set_direction(true, false, talker.now),
            _ => {}
        }
        let level = if case == "silent" { 127 } else { 50 };
        talker.send(&mut b, &mut w, CN, &[level]);
        talker.pass(&mut b, &mut w, 500);
        assert_eq!(w.packets(1).len(), sent, "{case}");
    }
}

#[test]
fn behind_a_jitter_buffer_noise_begins_when_what_waits_was_said() {
    let (mut b, mut w) = board(2);
    b.port(0, 100)
        .unwrap()
        .set_jitter_buffer(Some(jitter::Settings::new(jitter::Kind::Adaptive)));
    b.bridge(0, 1);
    let mut talker = Talker::new();
    talker.talk(&mut b, &mut w, 10);
    talker.send(&mut b, &mut w, CN, &[50]);
    talker.pass(&mut b, &mut w, 600);
    talker.talk(&mut b, &mut w, 10);
    talker.pass(&mut b, &mut w, 300);
    let counts = b.port(0, 100).unwrap().jitter_counts().unwrap();
    assert_eq!(counts.late, 0);
    let mut samples = Vec::new();
    for (_, data, _) in w.rtp.iter().filter(|(slot, ..)| *slot == 1) {
        Ulaw.decode(&data[12..], &mut samples).unwrap();
    }
    let loud = samples.chunks(160).filter(|c| level_of(c) < 30).count();
    let noisy = samples
        .chunks(160)
        .filter(|c| (45..56).contains(&level_of(c)))
        .count();
    assert!((20..=22).contains(&loud), "{loud}");
    assert!((22..=34).contains(&noisy), "{noisy}");
    goes_on(&w, 1);
}

#[test]
fn a_hole_in_what_is_sent_is_told_once() {
    let (mut b, mut w) = board(2);
    takes_noise(&mut b, 1, Format::PCMU);
    b.bridge(0, 1);
    let mut talker = Talker::new();
    talker.pass(&mut b, &mut w, 1000);
    assert!(w.rtp.is_empty(), "nothing was said");
    for _ in 0..3 {
        talker.talk(&mut b, &mut w, 5);
        talker.pass(&mut b, &mut w, 3000); // it sends nothing, as a phone with Opus and DTX
    }
    let kinds: Vec<u8> = w.packets(1).iter().map(|p| p.payload_type).collect();
    assert_eq!(kinds, [&[0; 5][..], &[CN]].concat().repeat(3));
    goes_on(&w, 1);
    assert!(b.timed.is_empty(), "nothing wants ticks any more");
}

#[test]
fn the_level_that_is_told_is_the_one_of_the_quietest_that_was_encoded() {
    let (mut b, mut w) = board(2);
    takes_noise(&mut b, 1, Format::PCMA);
    let (linear, mut talker) = (Format::SLIN, Talker::new());
    b.port(0, 100).unwrap().set_codecs(Codecs {
        receive: vec![(96, linear)],
        ..codecs(true)
    });
    b.bridge(0, 1);
    for n in 0..40 {
        let peak = if n % 4 == 0 { 104i16 } else { 5000 }; // -50 dBov
        let payload: Vec<u8> = (0..160)
            .flat_map(|n: i16| (if n % 2 == 0 { peak } else { -peak }).to_be_bytes())
            .collect();
        talker.send(&mut b, &mut w, 96, &payload);
        talker.pass(&mut b, &mut w, 20);
    }
    talker.pass(&mut b, &mut w, 500);
    let told = w.rtp.last().unwrap().1.clone();
    assert_eq!((told[1] & 0x7f, told.len()), (CN, 13));
    assert!((47..=51).contains(&told[12]), "{}", told[12]);
}

proptest! {
    #[test]
    fn no_payload_harms_anybody(
        sent in prop::collection::vec(
            (prop::sample::select(vec![13u8, 19, 0, 77]), prop::collection::vec(any::<u8>(), 0..80), 0u32..400), 1..20),
        takes in any::<bool>(),
        buffered in any::<bool>(),
    ) {
        let (mut b, mut w) = board(2);
        if takes {
            takes_noise(&mut b, 1, Format::PCMU);
        }
        if buffered {
            b.port(0, 100).unwrap().set_jitter_buffer(Some(jitter::Settings::new(jitter::Kind::Adaptive)));
        }
        b.bridge(0, 1);
        let mut talker = Talker::new();
        for (kind, payload, ms) in sent {
            talker.send(&mut b, &mut w, kind, &payload);
            talker.pass(&mut b, &mut w, ms);
        }
        let packets = w.packets(1);
        for pair in packets.windows(2) {
            prop_assert!((pair[1].sequence.wrapping_sub(pair[0].sequence) as i16) > 0);
        }
        // noise is made by the clock, whatever comes
        prop_assert!(packets.len() as u64 <= talker.now / (10 * MS) + 60);
    }
}
