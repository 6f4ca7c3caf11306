use super::*;
use proptest::prelude::*;

const MS: Nanos = 1_000_000;

fn payload(code: u8, end: bool, duration: u16) -> [u8; 4] {
    Payload {
        code,
        end,
        volume: 10,
        duration,
    }
    .bytes()
}

fn edges(
    r: &mut EventReceiver,
    code: u8,
    end: bool,
    duration: u16,
    timestamp: u32,
    ms: u64,
) -> Vec<Edge> {
    r.packet(
        &payload(code, end, duration),
        timestamp,
        false,
        8000,
        ms * MS,
    )
    .iter()
    .collect()
}

#[test]
fn one_press_is_one_digit_however_often_its_packets_come() {
    let mut r = EventReceiver::default();
    assert_eq!(edges(&mut r, 5, false, 160, 1000, 0), [Edge::Begin("5")]);
    assert_eq!(edges(&mut r, 5, false, 320, 1000, 20), []);
    assert_eq!(edges(&mut r, 5, false, 160, 1000, 21), [], "reordered");
    assert_eq!(
        edges(&mut r, 5, true, 800, 1000, 100),
        [Edge::End("5", 100)]
    );
    assert_eq!(edges(&mut r, 5, true, 800, 1000, 101), []);
    assert_eq!(
        edges(&mut r, 5, false, 640, 1000, 102),
        [],
        "late, after the end"
    );
    assert!(!r.active());
    assert_eq!(
        edges(&mut r, 5, false, 160, 2600, 300),
        [Edge::Begin("5")],
        "pressed again"
    );
    assert_eq!(
        edges(&mut r, 5, true, 800, 1000, 301),
        [],
        "an old end does not end the new one"
    );
    assert!(r.active());
}

#[test]
fn lost_begin_and_lost_end() {
    let mut r = EventReceiver::default();
    assert_eq!(
        edges(&mut r, 11, true, 400, 10, 0),
        [Edge::Begin("#"), Edge::End("#", 50)]
    );
    assert_eq!(edges(&mut r, 1, false, 480, 9000, 1000), [Edge::Begin("1")]);
    assert_eq!(
        edges(&mut r, 2, false, 160, 12_000, 1400),
        [Edge::End("1", 60), Edge::Begin("2")],
        "the next digit ends the one before"
    );
    assert_eq!(r.timeout(1599 * MS), None);
    assert_eq!(r.timeout(1600 * MS), Some(Edge::End("2", 20)));
    assert_eq!(
        edges(&mut r, 2, true, 800, 12_000, 1700),
        [],
        "its end comes after all"
    );
}

#[test]
fn a_long_event_in_segments_is_one_press() {
    let mut r = EventReceiver::default();
    assert_eq!(edges(&mut r, 3, false, 160, 0, 0), [Edge::Begin("3")]);
    assert_eq!(edges(&mut r, 3, false, 0xffff, 0, 8190), []);
    assert_eq!(edges(&mut r, 3, false, 145, 0xffff, 8210), []);
    assert_eq!(
        edges(&mut r, 3, true, 16_000, 0xffff, 10_000),
        [Edge::End("3", (65_535 + 16_000) / 8)]
    );
}

#[test]
fn unknown_events_and_short_payloads_are_nothing() {
    let mut r = EventReceiver::default();
    assert_eq!(edges(&mut r, 66, false, 160, 0, 0), []);
    assert_eq!(r.packet(&[1, 2, 3], 0, false, 8000, 0).iter().count(), 0);
}

fn digit(digit: char, done: Option<u32>) -> Digit {
    Digit {
        digit,
        duration_ms: 100,
        gap_ms: 50,
        done,
    }
}

#[test]
fn sends_a_packet_a_tick_and_three_ends() {
    let mut s = DigitSender::default();
    s.push([digit('1', None), digit('#', Some(9))]);
    assert_eq!(s.tick(20), Step::Begin('1', 100));
    let steps: Vec<Step> = (0..7).map(|_| s.tick(20)).collect();
    for (n, step) in steps.iter().enumerate() {
        let n = n as u32;
        let expected = Step::Event {
            code: 1,
            first: n == 0,
            end: n >= 4,
            ms: (20 * (n + 1)).min(100),
        };
        assert_eq!(*step, expected);
    }
    assert_eq!(s.tick(20), Step::Gap);
    assert_eq!(s.tick(20), Step::Begin('#', 100));
    (0..7).for_each(|_| {
        s.tick(20);
    });
    assert_eq!(s.tick(20), Step::Sent(9));
    assert_eq!(s.tick(20), Step::Gap);
    assert_eq!(s.tick(20), Step::Idle);
    assert!(!s.active());
}

#[test]
fn a_pause_lasts_as_long_as_told() {
    let mut s = DigitSender::default();
    s.push([Digit {
        digit: 'W',
        duration_ms: 500,
        gap_ms: 0,
        done: Some(1),
    }]);
    assert!((0..25).all(|_| s.tick(20) == Step::Gap));
    assert_eq!(s.tick(20), Step::Sent(1));
    assert_eq!(s.tick(20), Step::Idle);
}

proptest! {
    /// Digits survive loss of packets as long as one packet of each gets through, in order, and never double.
    #[test]
    fn digits_survive_loss_and_duplication(
        digits in proptest::collection::vec(0u8..16, 1..8),
        noise in proptest::collection::vec(0u8..10, 200),
    ) {
        let mut r = EventReceiver::default();
        let mut heard = Vec::new();
        let mut noise = noise.into_iter().cycle();
        for (n, code) in digits.iter().enumerate() {
            let timestamp = n as u32 * 4000;
            for k in 1..=7u16 {
                // One packet of each digit always gets through.
                let copies = match noise.next() { Some(0..4) if k != 3 => 0, Some(9) => 2, _ => 1 };
                for _ in 0..copies {
                    let data = payload(*code, k >= 5, 160 * k.min(5));
                    let now = (n as u64 * 500 + u64::from(k) * 20) * MS;
                    heard.extend(r.packet(&data, timestamp, k == 1, 8000, now).iter());
                }
            }
        }
        heard.extend(r.timeout(Nanos::MAX));
        let begun: Vec<&str> = heard.iter().filter_map(|e| match e { Edge::Begin(d) => Some(*d), Edge::End(..) => None }).collect();
        let expected: Vec<&str> = digits.iter().filter_map(|c| digit_of(*c)).collect();
        prop_assert_eq!(&begun, &expected);
        prop_assert_eq!(heard.len(), 2 * expected.len());
    }

    #[test]
    fn never_panics(packets in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..6), any::<u32>(), any::<bool>()), 0..40)) {
        let mut r = EventReceiver::default();
        for (n, (data, timestamp, marker)) in packets.iter().enumerate() {
            let _ = r.packet(data, *timestamp, *marker, 8000, n as u64 * 30 * MS);
            let _ = r.timeout(n as u64 * 30 * MS);
        }
    }
}
