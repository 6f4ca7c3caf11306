//! Two phones with different codecs: what one says is measured at the other.
use super::super::tests::{Wire, board, codecs, datagram, phone, run};
use super::*;
use crate::codecs::registry::CODECS;
use crate::codecs::{Decoder, Encoder, Parameters};
use crate::goertzel::Goertzel;
use crate::jitter;
use crate::port::Codecs;
use crate::rtp::packet::{HEADER, Packet};
use crate::rtp::telephone_event;
use std::f64::consts::TAU;

const MS: Nanos = 1_000_000;
const TONE: f64 = 1000.0;
const PEAK: f64 = 8000.0;

/// One end: a codec with a payload type of its own.
struct Phone {
    slot: usize,
    format: Format,
    payload_type: u8,
    encoder: Box<dyn Encoder>,
    decoder: Box<dyn Decoder>,
    sequence: u16,
    said: usize,
}

impl Phone {
    fn new(board: &mut Board, slot: usize, name: &str, ptime_ms: u32) -> Phone {
        let format = Format::named(name).unwrap();
        let payload_type = 96 + slot as u8;
        board
            .port(slot, 100 + slot as u64)
            .unwrap()
            .set_codecs(Codecs {
                send: format,
                send_type: payload_type,
                receive: vec![(payload_type, format)],
                ptime_ms,
                ..codecs(true)
            });
        Phone {
            slot,
            format,
            payload_type,
            encoder: format.encoder(&Parameters::default()).unwrap(),
            decoder: format.decoder(&Parameters::default()).unwrap(),
            sequence: 65_500,
            said: 0,
        }
    }

    /// The next packet of a tone.
    fn packet(&mut self, ms: u32) -> Vec<u8> {
        let rate = self.encoder.rate();
        let count = (rate * ms / 1000) as usize;
        let samples: Vec<i16> = (self.said..self.said + count)
            .map(|n| (PEAK * (TAU * TONE * n as f64 / f64::from(rate)).sin()) as i16)
            .collect();
        let mut payload = Vec::new();
        self.encoder.encode(&samples, &mut payload);
        let timestamp = self.said as u64 * u64::from(self.format.clock) / u64::from(rate);
        self.said += count;
        self.sequence = self.sequence.wrapping_add(1);
        datagram(self.payload_type, self.sequence, timestamp as u32, &payload)
    }

    fn send(&mut self, board: &mut Board, wire: &mut Wire, mut data: Vec<u8>, now: Nanos) {
        let id = 100 + self.slot as u64;
        board.rtp_received(self.slot, id, &mut data, phone(self.slot), now, wire);
    }

    /// Everything it was sent, decoded; checks that sequence and time go on without a break.
    fn heard(&mut self, wire: &Wire) -> Vec<i16> {
        let mut samples = Vec::new();
        let mut next: Option<(u16, u32)> = None;
        for (_, data, _) in wire.rtp.iter().filter(|(slot, ..)| *slot == self.slot) {
            let packet = crate::rtp::packet::parse(data).unwrap();
            assert_eq!(packet.payload_type, self.payload_type);
            let before = samples.len();
            assert_eq!(
                self.decoder
                    .decode(&data[packet.payload.clone()], &mut samples),
                Ok(())
            );
            let units = (samples.len() - before) as u64 * u64::from(self.format.clock)
                / u64::from(self.decoder.rate());
            if let Some((sequence, timestamp)) = next {
                assert_eq!(packet.sequence, sequence);
                assert_eq!(packet.timestamp, timestamp);
            }
            next = Some((
                packet.sequence.wrapping_add(1),
                packet.timestamp.wrapping_add(units as u32),
            ));
        }
        samples
    }

    fn level(&self, samples: &[i16]) -> f64 {
        let mut meter = Goertzel::new(TONE, f64::from(self.decoder.rate()));
        meter.add(samples);
        20.0 * (meter.amplitude().max(0.1) / PEAK).log10()
    }
}

/// A talks for so many packets of `ms`; `lost` says which do not arrive.
fn talk(
    a: &mut Phone,
    b: &mut Board,
    w: &mut Wire,
    packets: u64,
    ms: u32,
    lost: impl Fn(u64) -> bool,
) {
    for n in 0..packets {
        let data = a.packet(ms);
        if !lost(n) {
            a.send(b, w, data, n * u64::from(ms) * MS);
        }
    }
}

fn native() -> impl Iterator<Item = &'static str> {
    CODECS
        .iter()
        .filter(|c| c.decoder.is_some())
        .map(|c| c.name)
}

#[test]
fn a_tone_goes_from_every_codec_to_every_other() {
    for from in native() {
        for to in native() {
            let (mut b, mut w) = board(2);
            let mut one = Phone::new(&mut b, 0, from, 20);
            let mut other = Phone::new(&mut b, 1, to, 20);
            b.bridge(0, 1);
            talk(&mut one, &mut b, &mut w, 50, 20, |_| false);
            let heard = other.heard(&w);
            let rate = other.decoder.rate() as usize;
            assert_eq!(w.packets(1).len(), 50, "{from} to {to}");
            assert_eq!(heard.len(), rate, "{from} to {to}");
            let level = other.level(&heard[rate / 5..]);
            assert!(level.abs() < 2.0, "{from} to {to}: {level} dB");
        }
    }
}

#[test]
fn packets_of_one_length_become_packets_of_another() {
    for (from_ms, to_ms) in [(20, 60), (60, 20), (30, 20), (20, 40)] {
        let (mut b, mut w) = board(2);
        let mut one = Phone::new(&mut b, 0, "alaw", from_ms);
        let mut other = Phone::new(&mut b, 1, "g722", to_ms);
        b.bridge(0, 1);
        talk(
            &mut one,
            &mut b,
            &mut w,
            u64::from(1200 / from_ms),
            from_ms,
            |_| false,
        );
        let packets = w.packets(1);
        assert_eq!(
            packets.len(),
            (1200 / to_ms) as usize,
            "{from_ms} to {to_ms}"
        );
        assert!(packets.iter().all(|p| p.payload.len() as u32 == to_ms * 8));
        let heard = other.heard(&w);
        assert!(other.level(&heard[3200..]).abs() < 1.0);
    }
}

#[test]
fn loss_is_made_up_for() {
    for name in ["ulaw", "g722", "g726", "slin16", "opus"] {
        let (mut b, mut w) = board(2);
        let mut one = Phone::new(&mut b, 0, name, 20);
        let mut other = Phone::new(&mut b, 1, "slin", 20);
        b.bridge(0, 1);
        talk(&mut one, &mut b, &mut w, 100, 20, |n| n % 10 == 7);
        let heard = other.heard(&w);
        assert_eq!(heard.len(), 16_000, "{name}: nothing is missing");
        let level = other.level(&heard[1600..]);
        assert!(level.abs() < 2.0, "{name}: {level} dB");
        let quiet = heard[1600..]
            .chunks(80)
            .filter(|part| part.iter().all(|s| s.abs() < 2000));
        assert_eq!(quiet.count(), 0, "{name}: no hole");
        let step = heard
            .windows(2)
            .map(|p| i32::from(p[0]).abs_diff(i32::from(p[1])))
            .max();
        // the tone itself has steps of 6280
        assert!(step < Some(7800), "{name}: click of {step:?}");
    }
}

#[test]
fn a_late_packet_is_left_out_and_a_pause_stays_one() {
    let (mut b, mut w) = board(2);
    let mut one = Phone::new(&mut b, 0, "slin", 20);
    let _other = Phone::new(&mut b, 1, "alaw", 20);
    b.bridge(0, 1);
    let packets: Vec<_> = (0..4).map(|_| one.packet(20)).collect();
    for n in [0, 2, 1, 3] {
        one.send(&mut b, &mut w, packets[n].clone(), 20 * MS);
    }
    assert_eq!(
        w.packets(1).len(),
        4,
        "the second one was made up, and came too late"
    );
    one.said += 8000; // silence suppression: a second without packets
    let data = one.packet(20);
    one.send(&mut b, &mut w, data, 1100 * MS);
    let packets = w.packets(1);
    let step = |n: usize| packets[n].timestamp.wrapping_sub(packets[n - 1].timestamp);
    assert_eq!((step(3), step(4)), (160, 8160));
    let order = packets[4].sequence.wrapping_sub(packets[3].sequence);
    assert_eq!(order, 1);
}

#[test]
fn digits_keep_their_length_from_clock_to_clock() {
    // some phones have Opus with events at 8 kHz alone
    digit_of_100_ms(48_000, 100 * 48);
    digit_of_100_ms(8000, 100 * 8);
}

fn digit_of_100_ms(clock: u32, expected: u16) {
    let (mut b, mut w) = board(2);
    let mut one = Phone::new(&mut b, 0, "ulaw", 20);
    let format = Format::named("opus").unwrap();
    b.port(1, 101).unwrap().set_codecs(Codecs {
        send: format,
        send_type: 107,
        receive: vec![(107, format)],
        event_send: Some((110, clock)),
        event_receive: vec![(110, clock)],
        ..Codecs::default()
    });
    b.bridge(0, 1);
    talk(&mut one, &mut b, &mut w, 10, 20, |_| false);
    let begin = 10 * 160;
    for n in 1..=8u32 {
        one.sequence = one.sequence.wrapping_add(1);
        let end = n > 5;
        let duration = 160 * n.min(5);
        let event = [
            5,
            if end { 0x8a } else { 0x0a },
            (duration >> 8) as u8,
            duration as u8,
        ];
        let mut data = datagram(101, one.sequence, begin, &event);
        if n == 1 {
            data[1] |= 0x80;
        }
        one.send(&mut b, &mut w, data, (200 + u64::from(n) * 20) * MS);
    }
    let digits: Vec<Packet> = w
        .packets(1)
        .into_iter()
        .filter(|p| p.payload_type == 110)
        .collect();
    assert_eq!(digits.len(), 8);
    assert!(digits[0].marker);
    assert!(digits.iter().all(|p| p.timestamp == digits[0].timestamp));
    let (_, last, _) = w.rtp.last().unwrap();
    let payload = telephone_event::Payload::parse(&last[HEADER..]).unwrap();
    assert_eq!(payload.duration, expected, "100 ms at {clock} Hz");
    assert!(payload.end);
    one.said += 800;
    let data = one.packet(20);
    one.send(&mut b, &mut w, data, 400 * MS);
    let after = w.packets(1).pop().unwrap();
    assert_eq!(after.payload_type, 107);
    let since = after.timestamp.wrapping_sub(digits[0].timestamp);
    assert!((4800..20_000).contains(&since), "{since}");
    run(&mut b, &mut w, 400 * MS, 600 * MS);
}

#[test]
fn muted_is_silence_and_not_nothing() {
    let (mut b, mut w) = board(2);
    let mut one = Phone::new(&mut b, 0, "g722", 20);
    let mut other = Phone::new(&mut b, 1, "alaw", 20);
    b.bridge(0, 1);
    b.port(0, 100).unwrap().mute(true, false);
    talk(&mut one, &mut b, &mut w, 20, 20, |_| false);
    let heard = other.heard(&w);
    assert_eq!(heard.len(), 3200);
    assert!(heard.iter().all(|s| s.abs() <= 8));
    b.port(0, 100).unwrap().mute(false, false);
    b.port(1, 101).unwrap().mute(false, true);
    w.rtp.clear();
    talk(&mut one, &mut b, &mut w, 20, 20, |_| false);
    assert!(other.heard(&w).iter().all(|s| s.abs() <= 8));
}

#[test]
fn an_echo_of_what_cannot_be_sent_as_it_came() {
    let (mut b, mut w) = board(1);
    let mut one = Phone::new(&mut b, 0, "g722", 20);
    let format = Format::named("opus").unwrap();
    b.port(0, 100).unwrap().set_codecs(Codecs {
        send: format,
        send_type: 96,
        receive: vec![(96, one.format)],
        ..Codecs::default()
    });
    b.bridge(0, 0);
    talk(&mut one, &mut b, &mut w, 50, 20, |_| false);
    one.format = format;
    one.decoder = format.decoder(&Parameters::default()).unwrap();
    let heard = one.heard(&w);
    assert_eq!(heard.len(), 48_000);
    assert!(one.level(&heard[9600..]).abs() < 2.0);
}

/// A talks over a bad network into a jitter buffer; what B hears, and at which times of its stream.
fn over_a_bad_network(
    kind: jitter::Kind,
    from: &str,
    to: &str,
    percent: u64,
) -> (Phone, Vec<i16>, Wire, Board) {
    let (mut b, mut w) = board(2);
    let mut one = Phone::new(&mut b, 0, from, 20);
    let mut other = Phone::new(&mut b, 1, to, 20);
    b.bridge(0, 1);
    let settings = jitter::Settings::new(kind);
    b.port(0, 100).unwrap().set_jitter_buffer(Some(settings));
    let mut seed = 12_345u64 + percent;
    let mut below = move |limit: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % limit
    };
    let mut arrivals = Vec::new();
    for n in 0..500u64 {
        let data = one.packet(20);
        if below(100) >= percent {
            // 0 to 50 ms late: out of order as well
            let at = (n * 20 + below(50)) * MS;
            arrivals.push((at, data.clone()));
            if below(100) < percent {
                arrivals.push((at + below(30) * MS, data));
            }
        }
    }
    arrivals.sort_by_key(|(at, _)| *at);
    let mut now = 0;
    for (at, data) in arrivals {
        run(&mut b, &mut w, now, at);
        now = at;
        one.send(&mut b, &mut w, data, now);
    }
    run(&mut b, &mut w, now, now + 2000 * MS);
    let heard = other.heard(&w);
    (other, heard, w, b)
}

#[test]
fn a_jitter_buffer_makes_a_bad_network_listenable() {
    for kind in [jitter::Kind::Adaptive, jitter::Kind::Fixed] {
        listenable(kind);
    }
}

fn listenable(kind: jitter::Kind) {
    for (from, to) in [
        ("ulaw", "alaw"),
        ("ulaw", "ulaw"),
        ("g722", "slin16"),
        ("opus", "slin"),
    ] {
        for percent in [0, 1, 5, 10, 20] {
            let case = format!("{kind:?}, {from} to {to}, {percent} %");
            let (other, heard, _, mut b) = over_a_bad_network(kind, from, to, percent);
            let rate = other.decoder.rate() as usize;
            // ten seconds were said; the end is made up for a moment
            assert!(
                (rate * 97 / 10..rate * 105 / 10).contains(&heard.len()),
                "{case}: {}",
                heard.len()
            );
            let middle = &heard[rate..rate * 9];
            let parts: Vec<f64> = middle
                .chunks_exact(rate / 20)
                .map(|part| other.level(part))
                .collect();
            let good = parts.iter().filter(|level| level.abs() < 3.0).count();
            assert!(
                good * 100 >= parts.len() * (95 - percent as usize),
                "{case}: {good} of {}",
                parts.len()
            );
            let step = middle
                .windows(2)
                .map(|p| i32::from(p[0]).abs_diff(i32::from(p[1])))
                .max();
            let tone = (PEAK * TAU * TONE / rate as f64) as u32;
            // no click louder than twice the tone's own steps (a step of the whole tone is 16,000)
            assert!(step < Some(tone * 2), "{case}: {step:?} of {tone}");
            let counts = b.port(0, 100).unwrap().jitter_counts().unwrap();
            assert!(counts.late < 60, "{case}: {counts:?}");
            assert!(
                !b.port(0, 100).unwrap().wants_ticks(),
                "{case}: nothing is left"
            );
        }
    }
}

#[test]
fn what_cannot_be_decoded_is_put_in_order_too() {
    let (mut b, mut w) = board(2);
    let format = Format::named("g729").unwrap();
    for slot in 0..2 {
        b.port(slot, 100 + slot as u64).unwrap().set_codecs(Codecs {
            send: format,
            send_type: 18,
            receive: vec![(18, format)],
            ..Codecs::default()
        });
    }
    b.bridge(0, 1);
    let settings = jitter::Settings::new(jitter::Kind::Fixed);
    b.port(0, 100).unwrap().set_jitter_buffer(Some(settings));
    for n in [0u8, 2, 1, 3] {
        let mut data = datagram(18, u16::from(n), u32::from(n) * 160, &[n; 20]);
        b.rtp_received(0, 100, &mut data, phone(0), 5 * MS * u64::from(n), &mut w);
    }
    run(&mut b, &mut w, 20 * MS, 1000 * MS);
    let payloads: Vec<u8> = w.rtp.iter().map(|(_, data, _)| data[HEADER]).collect();
    assert_eq!(payloads, [0, 1, 2, 3]);
    let steps: Vec<u32> = w
        .packets(1)
        .windows(2)
        .map(|p| p[1].timestamp.wrapping_sub(p[0].timestamp))
        .collect();
    assert_eq!(steps, [160; 3]);
}

/// GSM predicts a steady tone from what it said before and sends next to nothing, so after a loss a tone stays wrong;
/// a voice comes back with its next syllable.
#[test]
fn gsm_comes_back_after_loss() {
    let voice = |n: usize| {
        let t = n as f64 / 8000.0;
        let on = if n % 2000 < 1500 { 1.0 } else { 0.0 };
        let sum: f64 = (1..20)
            .map(|h| (TAU * 110.0 * f64::from(h) * t).sin() / f64::from(h))
            .sum();
        (on * 4000.0 * sum) as i16
    };
    let energy = |percent: usize| -> Vec<f64> {
        let (mut encoder, mut ear) = (
            Format::named("gsm")
                .unwrap()
                .encoder(&Parameters::default())
                .unwrap(),
            Format::named("gsm")
                .unwrap()
                .decoder(&Parameters::default())
                .unwrap(),
        );
        let mut heard = Vec::new();
        for n in 0..200usize {
            let samples: Vec<i16> = (n * 160..(n + 1) * 160).map(voice).collect();
            let mut payload = Vec::new();
            encoder.encode(&samples, &mut payload);
            if n * 37 % 100 < percent && n > 5 {
                ear.conceal(160, None, &mut heard);
            } else {
                ear.decode(&payload, &mut heard).unwrap();
            }
        }
        assert_eq!(heard.len(), 32_000);
        let power = |part: &[i16]| part.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
        heard
            .chunks(2000)
            .map(|part| 10.0 * power(part).log10())
            .collect()
    };
    let whole = energy(0);
    for percent in [5, 10, 20] {
        for (n, (a, b)) in whole.iter().zip(energy(percent)).enumerate() {
            assert!(
                (a - b).abs() < 4.0,
                "{percent} %, syllable {n}: {a} and {b} dB"
            );
        }
    }
}
