//! Who listens to a port, and what changes its audio, measured at the wire and at the tap.
use super::tests::{MS, Wire, board, codecs, datagram, phone, run};
use super::*;
use crate::codecs::g711::Ulaw;
use crate::codecs::g722::G722Encoder;
use crate::codecs::{Decoder, Encoder, Format, Parameters};
use crate::goertzel::Goertzel;
use crate::mixer::room::Taking;
use crate::port::Codecs;
use crate::port::effects::Settings;
use crate::port::player::{Player, Sound};
use crate::port::recorder::{Hearing, Limits, Recorder, Way};
use crate::port::stream::Queue;
use crate::port::watch::{Tone, Watch};
use crate::stats::Kind;
use std::f64::consts::TAU;

fn tone(frequency: f64, peak: f64, rate: u32, start: usize, count: usize) -> Vec<i16> {
    (start..start + count)
        .map(|n| (peak * (TAU * frequency * n as f64 / f64::from(rate)).sin()) as i16)
        .collect()
}

/// The phone of `slot` says 20 ms of a tone for each of these frames, and time goes on.
fn talk(b: &mut Board, w: &mut Wire, slots: &[(usize, f64)], frames: std::ops::Range<u16>) {
    for n in frames {
        let now = u64::from(n) * 20 * MS;
        for (slot, frequency) in slots {
            let mut payload = Vec::new();
            let samples = tone(*frequency, 4000.0, 8000, usize::from(n) * 160, 160);
            Ulaw.encode(&samples, &mut payload);
            let mut data = datagram(0, n, u32::from(n) * 160, &payload);
            b.rtp_received(*slot, 100 + *slot as u64, &mut data, phone(*slot), now, w);
        }
        run(b, w, now, now + 20 * MS - 1);
    }
}

fn level(samples: &[i16], frequency: f64, rate: u32) -> f64 {
    let mut meter = Goertzel::new(frequency, f64::from(rate));
    meter.add(samples);
    meter.amplitude()
}

/// What the phone of `slot` has heard, in G.711.
fn heard(w: &Wire, slot: usize) -> Vec<i16> {
    let mut samples = Vec::new();
    for (at, data, _) in w.rtp.iter().filter(|(at, ..)| *at == slot) {
        let packet = packet::parse(data).unwrap();
        assert_eq!((*at, packet.payload_type), (slot, 0));
        Ulaw.decode(&data[packet.payload], &mut samples).unwrap();
    }
    samples
}

fn tap(b: &mut Board, slot: usize, hearing: Hearing, now: Nanos) -> Arc<Queue> {
    let queue = Arc::new(Queue::new(1_000_000));
    let recorder = Recorder::new(7, Limits::default(), hearing, now);
    let port = b.port(slot, 100 + slot as u64).unwrap();
    port.record(recorder.into_queue(Arc::clone(&queue)));
    b.note_timed(slot, now);
    queue
}

fn taken(queue: &Queue) -> Vec<i16> {
    let mut samples = Vec::new();
    queue.take_all(&mut samples);
    samples
}

fn said() -> Hearing {
    Hearing {
        heard: false,
        said: true,
        ..Hearing::default()
    }
}

fn both() -> Hearing {
    Hearing {
        said: true,
        ..Hearing::default()
    }
}

#[test]
fn a_tap_on_a_relayed_call_hears_each_way_and_both() {
    let (mut b, mut w) = board(2);
    b.bridge(0, 1);
    let queues = [
        tap(&mut b, 0, Hearing::default(), 0),
        tap(&mut b, 0, said(), 0),
        tap(&mut b, 0, both(), 0),
    ];
    talk(&mut b, &mut w, &[(0, 500.0), (1, 900.0)], 0..100);
    for (queue, one, other) in [
        (&queues[0], 4000.0, 0.0),
        (&queues[1], 0.0, 4000.0),
        (&queues[2], 4000.0, 4000.0),
    ] {
        let samples = taken(queue);
        assert!(
            (15_000..=16_160).contains(&samples.len()),
            "{}",
            samples.len()
        );
        let middle = &samples[3000..11_000];
        for (frequency, expected) in [(500.0, one), (900.0, other)] {
            let level = level(middle, frequency, 8000);
            assert!((level - expected).abs() < 200.0, "{frequency}: {level}");
        }
    }
    assert_eq!(w.packets(0).len(), 100, "it is still relayed");
}

#[test]
fn a_port_that_is_joined_with_nobody_is_heard_with_what_it_plays() {
    let (mut b, mut w) = board(1);
    let queue = tap(&mut b, 0, both(), 0);
    let clip: Arc<[i16]> = tone(900.0, 4000.0, 8000, 0, 8000).into();
    let mut player = Player::new(5, Sound::Loading, false, 0);
    player.loaded(vec![clip]);
    b.port(0, 100).unwrap().play(player, &mut w);
    b.note_timed(0, 0);
    talk(&mut b, &mut w, &[(0, 500.0)], 0..100);
    let samples = taken(&queue);
    assert!(
        (14_000..=16_160).contains(&samples.len()),
        "{}",
        samples.len()
    );
    let (first, last) = (&samples[800..7200], &samples[9000..13_800]);
    assert!((level(first, 900.0, 8000) - 4000.0).abs() < 250.0);
    assert!((level(first, 500.0, 8000) - 4000.0).abs() < 250.0);
    assert!(level(last, 900.0, 8000) < 100.0);
    assert!((level(last, 500.0, 8000) - 4000.0).abs() < 250.0);
}

#[test]
fn a_tap_has_the_rate_that_it_asks_for() {
    let (mut b, mut w) = board(1);
    let format = Format::sdp("G722", 8000, "");
    b.port(0, 100).unwrap().set_codecs(Codecs {
        send: format,
        send_type: 9,
        receive: vec![(9, format)],
        ..Codecs::default()
    });
    let wide = Hearing {
        rate: 16_000,
        ..Hearing::default()
    };
    let (queue, narrow) = (
        tap(&mut b, 0, wide, 0),
        tap(&mut b, 0, Hearing::default(), 0),
    );
    let mut encoder = G722Encoder::new(&Parameters::default());
    for n in 0..50u16 {
        let samples = tone(6000.0, 4000.0, 16_000, usize::from(n) * 320, 320);
        let mut payload = Vec::new();
        encoder.encode(&samples, &mut payload);
        let mut data = datagram(9, n, u32::from(n) * 160, &payload);
        b.rtp_received(0, 100, &mut data, phone(0), u64::from(n) * 20 * MS, &mut w);
    }
    let samples = taken(&queue);
    assert_eq!(samples.len(), 16_000 - 320 + 320);
    assert!(level(&samples[4000..12_000], 6000.0, 16_000) > 3000.0);
    let samples = taken(&narrow);
    assert!(samples.len() >= 7900);
    assert!(
        level(&samples[2000..6000], 2000.0, 8000) < 100.0,
        "no alias"
    );
}

#[test]
fn volume_of_either_direction_is_heard_and_the_relay_comes_back_without_it() {
    let (mut b, mut w) = board(2);
    b.bridge(0, 1);
    let double = Settings {
        gain: 2.0,
        ..Settings::default()
    };
    let half = Settings {
        gain: 0.5,
        ..Settings::default()
    };
    b.port(0, 100).unwrap().set_effects(Way::Heard, double);
    b.port(0, 100).unwrap().set_effects(Way::Said, half);
    talk(&mut b, &mut w, &[(0, 500.0), (1, 900.0)], 0..50);
    assert!((level(&heard(&w, 1)[800..7200], 500.0, 8000) - 8000.0).abs() < 300.0);
    assert!((level(&heard(&w, 0)[800..7200], 900.0, 8000) - 2000.0).abs() < 150.0);
    for way in [Way::Heard, Way::Said] {
        b.port(0, 100)
            .unwrap()
            .set_effects(way, Settings::default());
    }
    w.rtp.clear();
    talk(&mut b, &mut w, &[(0, 500.0), (1, 900.0)], 50..100);
    assert!((level(&heard(&w, 1)[800..7200], 500.0, 8000) - 4000.0).abs() < 200.0);
    assert!((level(&heard(&w, 0)[800..7200], 900.0, 8000) - 4000.0).abs() < 200.0);
}

#[test]
fn what_goes_on_is_taken_out_of_a_call_and_a_change_of_volume_forgets_nothing() {
    let (mut b, mut w) = board(2);
    b.bridge(0, 1);
    let mut settings = Settings {
        denoise: true,
        ..Settings::default()
    };
    b.port(0, 100).unwrap().set_effects(Way::Heard, settings);
    talk(&mut b, &mut w, &[(0, 500.0), (1, 900.0)], 0..150);
    let first = heard(&w, 1);
    assert!(level(&first[16_000..23_000], 500.0, 8000) < 1000.0);
    assert!((level(&heard(&w, 0)[16_000..23_000], 900.0, 8000) - 4000.0).abs() < 200.0);
    settings.gain = 0.5;
    b.port(0, 100).unwrap().set_effects(Way::Heard, settings);
    w.rtp.clear();
    talk(&mut b, &mut w, &[(0, 500.0)], 150..160);
    assert!(level(&heard(&w, 1)[..800], 500.0, 8000) < 500.0);
}

#[test]
fn a_tone_is_taken_out_and_watched_for_at_once() {
    let (mut b, mut w) = board(2);
    b.bridge(0, 1);
    let squelch = Settings {
        notch: 1100.0,
        ..Settings::default()
    };
    let port = b.port(0, 100).unwrap();
    port.set_effects(Way::Heard, squelch);
    port.watch(Watch::tone(7, Way::Heard, Tone::single(1100.0, 400), 0));
    talk(&mut b, &mut w, &[(0, 1100.0)], 0..100);
    let found: Vec<&str> = w
        .events
        .iter()
        .filter(|e| e.kind == Kind::Found)
        .map(|e| &*e.text)
        .collect();
    assert_eq!(found, ["tone"]);
    assert!(level(&heard(&w, 1)[4000..15_000], 1100.0, 8000) < 100.0);
}

#[test]
fn effects_reach_and_come_from_a_conference() {
    let (mut b, mut w) = board(3);
    b.open_room(1 << 40, 8000, 20, 0);
    for slot in 0..3 {
        b.join_room(slot, 1 << 40, Taking::default(), 0, &mut w);
    }
    let half = Settings {
        gain: 0.5,
        ..Settings::default()
    };
    b.port(0, 100).unwrap().set_effects(Way::Heard, half);
    b.port(1, 101).unwrap().set_effects(Way::Said, half);
    b.rechoose_room(1);
    talk(&mut b, &mut w, &[(0, 500.0)], 0..100);
    assert!((level(&heard(&w, 2)[4000..12_000], 500.0, 8000) - 2000.0).abs() < 200.0);
    assert!((level(&heard(&w, 1)[4000..12_000], 500.0, 8000) - 1000.0).abs() < 150.0);
}

#[test]
fn a_beep_lies_over_the_call_and_over_nothing() {
    let (mut b, mut w) = board(2);
    b.bridge(0, 1);
    let overlay = |b: &mut Board, w: &mut Wire, now| {
        let mut player = Player::new(5, Sound::Loading, false, 0);
        player.loaded(vec![tone(1400.0, 2000.0, 8000, 0, 4000).into()]);
        b.port(0, 100).unwrap().lay_over(player, now, w);
        b.note_timed(0, now);
    };
    overlay(&mut b, &mut w, 0);
    talk(&mut b, &mut w, &[(1, 900.0)], 0..50);
    let samples = heard(&w, 0);
    assert!((level(&samples[400..3600], 1400.0, 8000) - 2000.0).abs() < 150.0);
    assert!((level(&samples[400..3600], 900.0, 8000) - 4000.0).abs() < 200.0);
    assert!(level(&samples[4400..7600], 1400.0, 8000) < 60.0);
    let ended = |w: &Wire| w.events.iter().filter(|e| e.kind == Kind::PlayEnd).count();
    assert_eq!(ended(&w), 1);
    w.rtp.clear();
    overlay(&mut b, &mut w, 1000 * MS);
    run(&mut b, &mut w, 1000 * MS, 2000 * MS);
    let samples = heard(&w, 0);
    assert!((3800..4800).contains(&samples.len()), "{}", samples.len());
    assert!((level(&samples[400..3600], 1400.0, 8000) - 2000.0).abs() < 150.0);
    assert_eq!(ended(&w), 2);
    assert!(w.packets(1).is_empty());
}

#[test]
fn talking_is_watched_in_a_bridge_and_ends_when_nothing_comes() {
    let (mut b, mut w) = board(2);
    b.bridge(0, 1);
    let port = b.port(0, 100).unwrap();
    port.watch(Watch::talking(9, Way::Heard, 256, 300, 0));
    port.watch(Watch::tone(10, Way::Said, Tone::single(1100.0, 400), 0));
    b.note_timed(0, 0);
    talk(&mut b, &mut w, &[(0, 500.0), (1, 1100.0)], 0..50);
    run(&mut b, &mut w, 1000 * MS, 3000 * MS);
    let found: Vec<_> = w
        .events
        .iter()
        .filter(|e| e.kind == Kind::Found)
        .map(|e| (e.reference, e.text.as_ref(), e.value))
        .collect();
    assert_eq!(found[0], (9, "talking", 0));
    assert_eq!(found[1], (10, "tone", 0));
    assert!(found.contains(&(9, "silent", 1000)), "{found:?}");
    b.port(0, 100).unwrap().unwatch(9);
    b.port(0, 100).unwrap().unwatch(10);
    run(&mut b, &mut w, 3000 * MS, 3100 * MS);
    assert!(b.next_tick.is_none(), "nobody wants ticks any more");
}

#[test]
fn digits_sent_between_audio_are_no_loss_to_a_tap() {
    let (mut b, mut w) = board(2);
    b.bridge(0, 1);
    let queue = tap(&mut b, 1, said(), 0);
    talk(&mut b, &mut w, &[(0, 500.0)], 0..25);
    for n in 25..30u16 {
        let end = if n >= 27 { 0x80 } else { 0 };
        let payload = [5, end | 10, 0, 160 * (n - 24).min(1) as u8];
        let mut data = datagram(101, n, 25 * 160, &payload);
        b.rtp_received(0, 100, &mut data, phone(0), u64::from(n) * 20 * MS, &mut w);
        run(
            &mut b,
            &mut w,
            u64::from(n) * 20 * MS,
            u64::from(n + 1) * 20 * MS - 1,
        );
    }
    talk(&mut b, &mut w, &[(0, 500.0)], 30..60);
    let samples = taken(&queue);
    assert!((9000..=9600).contains(&samples.len()), "{}", samples.len());
    assert!(
        level(&samples[4040..4760], 500.0, 8000) < 100.0,
        "silence while the digit is sent"
    );
    assert!((level(&samples[5600..8800], 500.0, 8000) - 4000.0).abs() < 200.0);
    let _ = codecs(true);
}
