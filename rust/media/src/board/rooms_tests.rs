//! Conferences with packets: codecs, packet times, pipes, and what the ports send.
use super::super::tests::{Wire, board, codecs, datagram, phone, run};
use super::*;
use crate::codecs::{Format, Parameters};
use crate::goertzel::Goertzel;
use crate::port::{Codecs, Opening, Port};
use crate::rtp::packet;
use crate::stats::PortStats;
use std::sync::Arc;

const MS: Nanos = 1_000_000;

/// Sends a tone in a format, packet by packet.
struct Phone {
    slot: usize,
    format: Format,
    payload_type: u8,
    frequency: f64,
    ptime_ms: u32,
    encoder: Box<dyn crate::codecs::Encoder>,
    sent: u32,
}

impl Phone {
    fn new(slot: usize, format: Format, payload_type: u8, ptime_ms: u32, frequency: f64) -> Phone {
        let encoder = format.encoder(&Parameters::default()).unwrap();
        Phone {
            slot,
            format,
            payload_type,
            frequency,
            ptime_ms,
            encoder,
            sent: 0,
        }
    }

    fn codecs(&self) -> Codecs {
        Codecs {
            send_type: self.payload_type,
            send: self.format,
            ptime_ms: self.ptime_ms,
            receive: vec![(self.payload_type, self.format)],
            ..Codecs::default()
        }
    }

    fn say(&mut self, board: &mut Board, wire: &mut Wire, now: Nanos) {
        let rate = self.encoder.rate();
        let count = (rate / 1000 * self.ptime_ms) as usize;
        let samples: Vec<i16> = (0..count)
            .map(|n| {
                let t = (self.sent as usize * count + n) as f64 / f64::from(rate);
                (5000.0 * (t * self.frequency * 2.0 * std::f64::consts::PI).sin()) as i16
            })
            .collect();
        let mut payload = Vec::new();
        self.encoder.encode(&samples, &mut payload);
        let timestamp = self.sent * (self.format.clock / 1000 * self.ptime_ms);
        let mut data = datagram(self.payload_type, self.sent as u16, timestamp, &payload);
        self.sent += 1;
        let slot = self.slot;
        board.rtp_received(slot, 100 + slot as u64, &mut data, phone(slot), now, wire);
    }
}

/// All phones talk for so long; then what each was sent, decoded.
fn meet(phones: &mut [Phone], board: &mut Board, wire: &mut Wire, ms: u64) -> Vec<Vec<i16>> {
    for at in 0..ms {
        for phone in phones.iter_mut() {
            if at % u64::from(phone.ptime_ms) == 3 {
                phone.say(board, wire, at * MS);
            }
        }
        board.advance(at * MS, wire);
    }
    phones
        .iter()
        .map(|phone| {
            let mut decoder = phone.format.decoder(&Parameters::default()).unwrap();
            let mut heard = Vec::new();
            let mut next = None;
            for (_, data, _) in wire.rtp.iter().filter(|(slot, ..)| *slot == phone.slot) {
                let packet = packet::parse(data).unwrap();
                assert_eq!(packet.payload_type, phone.payload_type);
                let units = phone.format.clock / 1000 * phone.ptime_ms;
                if let Some((sequence, timestamp)) = next {
                    assert_eq!((packet.sequence, packet.timestamp), (sequence, timestamp));
                }
                next = Some((
                    packet.sequence.wrapping_add(1),
                    packet.timestamp.wrapping_add(units),
                ));
                decoder.decode(&data[packet.payload], &mut heard).unwrap();
            }
            heard
        })
        .collect()
}

fn level(heard: &[i16], rate: u32, frequency: f64) -> f64 {
    let mut meter = Goertzel::new(frequency, f64::from(rate));
    meter.add(&heard[heard.len() - rate as usize / 5..]);
    meter.amplitude()
}

#[test]
fn three_codecs_and_packet_times_hear_each_other() {
    let wide = Format::sdp("L16", 16_000, "");
    for (interval, rate) in [(20, 8000), (10, 16_000), (40, 16_000), (80, 48_000)] {
        let (mut b, mut wire) = board(3);
        let mut phones = [
            Phone::new(0, Format::PCMU, 0, 20, 440.0),
            Phone::new(1, Format::PCMA, 8, 30, 750.0),
            Phone::new(2, wide, 96, 20, 1200.0),
        ];
        b.open_room(7, rate, interval, 0);
        for phone in &phones {
            let slot = phone.slot;
            b.port(slot, 100 + slot as u64)
                .unwrap()
                .set_codecs(phone.codecs());
            b.join_room(slot, 7, Taking::default(), 0, &mut wire);
        }
        let heard = meet(&mut phones, &mut b, &mut wire, 2000);
        for (n, heard) in heard.iter().enumerate() {
            let rate = phones[n].encoder.rate();
            for (k, tone) in [440.0, 750.0, 1200.0].into_iter().enumerate() {
                let level = level(heard, rate, tone);
                if n == k {
                    assert!(level < 60.0, "{interval}: {n} hears itself at {level}");
                } else {
                    assert!(
                        (4700.0..5300.0).contains(&level),
                        "{interval}: {n} {k} {level}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_member_that_is_held_or_plays_something_goes_on_in_time() {
    let (mut b, mut wire) = board(2);
    let mut phones = [
        Phone::new(0, Format::PCMU, 0, 20, 440.0),
        Phone::new(1, Format::PCMU, 0, 20, 750.0),
    ];
    b.open_room(7, 8000, 20, 0);
    b.join_room(0, 7, Taking::default(), 0, &mut wire);
    b.join_room(1, 7, Taking::default(), 0, &mut wire);
    for at in 0..600u64 {
        for phone in &mut phones {
            if at % 20 == 3 {
                phone.say(&mut b, &mut wire, at * MS);
            }
        }
        if at == 200 || at == 300 {
            b.port(0, 100)
                .unwrap()
                .set_direction(at == 300, true, at * MS);
        }
        b.advance(at * MS, &mut wire);
    }
    let sent = wire.packets(0);
    let held: Vec<u32> = sent
        .windows(2)
        .map(|w| w[1].timestamp - w[0].timestamp)
        .filter(|step| *step != 160)
        .collect();
    assert_eq!(held.len(), 1);
    assert!((800..=1120).contains(&held[0]), "{held:?}");
    assert_eq!(sent.iter().filter(|p| p.marker).count(), 2);
}

#[test]
fn leaving_moving_on_and_the_end_of_a_room() {
    let (mut b, mut wire) = board(3);
    b.open_room(7, 8000, 20, 0);
    b.open_room(8, 8000, 20, 0);
    for slot in 0..3 {
        b.join_room(slot, 7, Taking::default(), 0, &mut wire);
    }
    b.join_room(2, 8, Taking::default(), 0, &mut wire);
    b.join_room(2, 99, Taking::default(), 0, &mut wire);
    run(&mut b, &mut wire, 0, 100 * MS);
    assert!(wire.packets(2).len() >= 4, "alone, and still sent to");
    b.bridge(0, 2);
    assert_eq!(b.port(0, 100).unwrap().link, Link::Peer(2));
    assert!(b.remove(1, 101).is_some());
    let before = wire.rtp.len();
    run(&mut b, &mut wire, 100 * MS, 400 * MS);
    assert_eq!(wire.rtp.len(), before, "both rooms are empty");
    b.join_room(0, 7, Taking::default(), 400 * MS, &mut wire);
    assert_eq!(b.port(2, 102).unwrap().link, Link::None);
    b.close_room(7);
    b.close_room(7);
    assert_eq!(b.port(0, 100).unwrap().link, Link::None);
    run(&mut b, &mut wire, 400 * MS, 800 * MS);
    assert_eq!(wire.rtp.len(), before);
}

#[test]
fn talking_is_an_event() {
    let (mut b, mut wire) = board(2);
    let mut phones = [Phone::new(0, Format::PCMU, 0, 20, 440.0)];
    let taking = Taking {
        report: true,
        silence_ms: 100,
        ..Taking::default()
    };
    b.open_room(7, 8000, 20, 0);
    b.join_room(0, 7, taking, 0, &mut wire);
    b.join_room(1, 7, taking, 0, &mut wire);
    meet(&mut phones, &mut b, &mut wire, 200);
    let muted = Taking {
        muted: true,
        ..taking
    };
    b.join_room(0, 7, muted, 200 * MS, &mut wire);
    let talks: Vec<(u64, i64)> = wire
        .events
        .iter()
        .filter(|e| e.kind == Kind::Talking)
        .map(|e| (e.port, e.value))
        .collect();
    assert_eq!(talks, [(100, 1), (100, 0)]);
}

#[test]
fn a_pipe_brings_its_other_end_in() {
    let (mut b, mut wire) = board(2);
    for (slot, partner) in [(2, 3), (3, 2)] {
        let opening = Opening {
            id: 100 + slot as u64,
            slot,
            stats: Arc::new(PortStats::default()),
            carries: crate::port::Carries::Audio,
            reports: crate::stats::Reports::default(),
            rtcp: false,
            rtcp_mux: false,
            symmetric: false,
            strict: false,
            probation: 1,
            pipe: Some(partner),
            ssrc: slot as u32,
            random: 5,
        };
        let mut port = Port::new(opening, 0);
        port.set_codecs(codecs(false));
        b.insert(Box::new(port));
    }
    // Phone 0 talks to the far end of the pipe, whose near end is in the room with phone 1.
    b.open_room(7, 8000, 20, 0);
    b.join_room(1, 7, Taking::default(), 0, &mut wire);
    b.join_room(3, 7, Taking::default(), 0, &mut wire);
    b.bridge(0, 2);
    let mut phones = [
        Phone::new(0, Format::PCMU, 0, 20, 440.0),
        Phone::new(1, Format::PCMU, 0, 20, 750.0),
    ];
    let heard = meet(&mut phones, &mut b, &mut wire, 600);
    assert!(level(&heard[0], 8000, 750.0) > 4700.0);
    assert!(level(&heard[1], 8000, 440.0) > 4700.0);
    assert!(level(&heard[1], 8000, 750.0) < 60.0);
}

#[test]
fn a_late_worker_makes_up_for_little_and_counts_it() {
    let (mut b, mut wire) = board(1);
    b.open_room(7, 8000, 20, 0);
    b.join_room(0, 7, Taking::default(), 0, &mut wire);
    run(&mut b, &mut wire, 0, 100 * MS);
    let before = wire.packets(0).len();
    b.advance(1000 * MS, &mut wire);
    assert_eq!(wire.packets(0).len() - before, MAX_CATCH_UP as usize);
    assert!(b.stats.late_ticks.get() > 0);
    assert!(b.stats.missed_ticks.get() > 0);
    // The timestamps tell the gap, also while the other ticks of the worker are late.
    let packets = wire.packets(0);
    let step = packets[before]
        .timestamp
        .wrapping_sub(packets[before - 1].timestamp);
    assert_eq!(u64::from(step), 160 * (1 + b.stats.missed_ticks.get()));
    b.advance(1020 * MS, &mut wire);
    let newest = wire.packets(0).pop().unwrap();
    let since = newest.timestamp.wrapping_sub(packets[0].timestamp);
    assert!(since.abs_diff(1000 * 8) <= 160, "{since}");
}
