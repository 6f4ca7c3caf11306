use super::*;
use proptest::prelude::*;

const MS: Nanos = 1_000_000;

fn input(sequence: u16, timestamp: u32) -> Header {
    Header {
        payload_type: 0,
        marker: false,
        sequence,
        timestamp,
        ssrc: 1,
    }
}

fn port(port: u64) -> Source {
    Source::Relay { port, ssrc: 1 }
}

fn stream() -> SendStream {
    SendStream::new(0xabcd, 65534, u32::MAX - 100, 8000)
}

#[test]
fn loss_and_reordering_of_the_source_stay_visible() {
    let mut s = stream();
    let first = s.relay(port(1), &input(10, 1000), 160, false, 0).unwrap();
    assert!(first.marker);
    assert_eq!(first.sequence, 65535);
    let third = s
        .relay(port(1), &input(12, 1320), 160, false, 40 * MS)
        .unwrap();
    assert!(!third.marker);
    assert_eq!(third.sequence, 1);
    assert_eq!(third.timestamp, first.timestamp.wrapping_add(320));
    let second = s
        .relay(port(1), &input(11, 1160), 160, false, 41 * MS)
        .unwrap();
    assert_eq!(second.sequence, 0);
    assert_eq!(second.timestamp, first.timestamp.wrapping_add(160));
    let fourth = s
        .relay(port(1), &input(13, 1480), 160, false, 60 * MS)
        .unwrap();
    assert_eq!(fourth.sequence, 2);
}

#[test]
fn a_source_switch_goes_on_by_one_and_by_the_clock_with_a_marker() {
    let mut s = stream();
    let a = s.relay(port(1), &input(10, 1000), 160, false, 0).unwrap();
    let b = s
        .relay(port(2), &input(900, 77), 160, false, 500 * MS)
        .unwrap();
    assert!(b.marker);
    assert_eq!(b.sequence, a.sequence.wrapping_add(1));
    assert_eq!(b.timestamp, a.timestamp.wrapping_add(4000));
    assert_eq!(b.ssrc, a.ssrc);
    let c = s
        .relay(port(1), &input(11, 1160), 160, false, 501 * MS)
        .unwrap();
    assert!(c.marker);
    assert_eq!(
        c.timestamp,
        b.timestamp.wrapping_add(160),
        "never inside what was sent"
    );
}

#[test]
fn playback_then_relay_then_playback() {
    let mut s = stream();
    let first = s.generated(Source::Generated(1), 8, 160, 0);
    assert!(first.marker);
    let second = s.generated(Source::Generated(1), 8, 160, 21 * MS);
    assert!(!second.marker);
    assert_eq!(
        second.timestamp,
        first.timestamp.wrapping_add(160),
        "frames, not the jitter of our tick"
    );
    let relayed = s.relay(port(1), &input(1, 1), 160, false, 25 * MS).unwrap();
    assert!(relayed.marker);
    assert_eq!(relayed.sequence, second.sequence.wrapping_add(1));
    assert_eq!(relayed.timestamp, second.timestamp.wrapping_add(160));
    let again = s.generated(Source::Generated(2), 8, 160, 65 * MS);
    assert!(again.marker);
    assert_eq!(again.timestamp, relayed.timestamp.wrapping_add(320));
}

#[test]
fn what_is_older_than_the_switch_is_dropped() {
    let mut s = stream();
    s.relay(port(1), &input(5, 800), 160, false, 0).unwrap();
    s.relay(port(2), &input(100, 800), 160, false, 20 * MS)
        .unwrap();
    assert_eq!(s.relay(port(2), &input(99, 640), 160, false, 21 * MS), None);
    assert!(
        s.relay(port(2), &input(101, 960), 160, false, 40 * MS)
            .is_some()
    );
}

#[test]
fn a_sender_that_restarts_its_clock_is_taken_up_without_a_leap() {
    let mut s = stream();
    let a = s.relay(port(1), &input(5, 800), 160, false, 0).unwrap();
    let b = s
        .relay(port(1), &input(6, 4_000_000), 160, false, 20 * MS)
        .unwrap();
    assert!(b.marker);
    assert_eq!(b.sequence, a.sequence.wrapping_add(1));
    assert_eq!(b.timestamp, a.timestamp.wrapping_add(160));
    // A pause that the sender's clock counted (silence suppression, hold) is no restart.
    let c = s
        .relay(port(1), &input(7, 4_080_000), 160, false, 10_020 * MS)
        .unwrap();
    assert_eq!(c.timestamp, b.timestamp.wrapping_add(80_000));
}

#[test]
fn a_consumed_packet_leaves_no_gap() {
    let mut s = stream();
    let a = s.relay(port(1), &input(5, 800), 160, false, 0).unwrap();
    s.relay_consumed(port(1), 6);
    s.relay_consumed(port(1), 7);
    let b = s
        .relay(port(1), &input(8, 1280), 160, false, 60 * MS)
        .unwrap();
    assert_eq!(b.sequence, a.sequence.wrapping_add(1));
}

#[test]
fn audio_after_an_event_starts_after_it() {
    let mut s = stream();
    let a = s.generated(Source::Generated(1), 0, 160, 0);
    let at = s.begin_event(20 * MS);
    assert_eq!(at, a.timestamp.wrapping_add(160));
    let one = s.event(101, true, at, 160);
    assert!(one.marker);
    let two = s.event(101, false, at, 800);
    assert_eq!(two.timestamp, one.timestamp);
    assert_eq!(two.sequence, one.sequence.wrapping_add(1));
    let b = s.generated(Source::Generated(1), 0, 160, 120 * MS);
    assert_eq!(b.timestamp, at.wrapping_add(800));
    assert!(b.marker);
}

proptest! {
    /// Whatever feeds it in whatever order, a packet that follows a switch never repeats a number.
    #[test]
    fn in_order_sources_never_repeat_or_go_back(steps in proptest::collection::vec((0u64..3, 1u16..4, 0u64..100), 1..200)) {
        let mut s = stream();
        let mut numbers = [10u16, 20_000, 65_000];
        let mut times = [0u32, 5, u32::MAX - 1000];
        let mut now = 0;
        let mut last: Option<Header> = None;
        for (who, step, wait) in steps {
            now += wait * MS;
            let header = if who == 2 {
                s.generated(Source::Generated(7), 0, 160, now)
            } else {
                let i = who as usize;
                numbers[i] = numbers[i].wrapping_add(step);
                times[i] = times[i].wrapping_add(160 * u32::from(step));
                s.relay(port(who), &input(numbers[i], times[i]), 160, false, now).unwrap()
            };
            if let Some(last) = last {
                prop_assert!(header.sequence.wrapping_sub(last.sequence) as i16 > 0);
                prop_assert!(header.timestamp.wrapping_sub(last.timestamp) as i32 > 0);
            }
            last = Some(header);
        }
    }
}
