use super::*;
use proptest::prelude::*;

const MS: Nanos = MILLISECOND;

fn header(n: u16) -> Header {
    Header {
        payload_type: 0,
        marker: n == 0,
        sequence: 65_500u16.wrapping_add(n),
        timestamp: 4_294_960_000u32.wrapping_add(u32::from(n) * 160),
        ssrc: 7,
    }
}

/// What came out, tick by tick.
#[derive(Default)]
struct Out {
    packets: Vec<u16>,
    lost: usize,
    units: u64,
    ticks_without: usize,
    delays: Vec<Nanos>,
}

/// Feed packets, each with its time of arrival, and play for `ticks` of 20 ms.
fn play(buffer: &mut JitterBuffer, arrivals: &[(u16, Nanos)], ticks: u64) -> Out {
    let mut arrivals: Vec<_> = arrivals.to_vec();
    arrivals.sort_by_key(|(_, at)| *at);
    let mut out = Out::default();
    let mut at = 0;
    for tick in 0..ticks {
        let now = tick * 20 * MS + 1;
        while let Some((n, time)) = arrivals.get(at).filter(|(_, time)| *time <= now) {
            buffer.put(header(*n), &[n.to_be_bytes()[1]; 160], 160, *time);
            at += 1;
        }
        let mut nothing = true;
        while let Some(played) = buffer.get(now) {
            nothing = false;
            match played {
                Play::Packet(p) => {
                    let n = p.header.sequence.wrapping_sub(65_500);
                    out.packets.push(n);
                    out.delays.push(now.saturating_sub(u64::from(n) * 20 * MS));
                    out.units += 160;
                }
                Play::Two(_, p) => {
                    out.packets.push(p.header.sequence.wrapping_sub(65_500));
                    out.units += 160;
                }
                Play::Pause => {}
                Play::Lost(units) | Play::Stretch(units) => {
                    out.lost += 1;
                    out.units += u64::from(units);
                }
            }
        }
        out.ticks_without += usize::from(nothing);
    }
    out
}

fn adaptive() -> JitterBuffer {
    JitterBuffer::new(Settings::new(Kind::Adaptive), 8000)
}

/// A small generator, so that a run can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit.max(1)
    }
}

#[test]
fn a_steady_stream_comes_out_as_it_went_in() {
    for kind in [Kind::Fixed, Kind::Adaptive] {
        let mut buffer = JitterBuffer::new(Settings::new(kind), 8000);
        let arrivals: Vec<_> = (0..500).map(|n| (n, u64::from(n) * 20 * MS)).collect();
        let out = play(&mut buffer, &arrivals, 480);
        let expected: Vec<u16> = (0..out.packets.len() as u16).collect();
        assert_eq!(out.packets, expected);
        assert_eq!(out.lost, 0);
        let delay = if kind == Kind::Fixed { 200 } else { 40 };
        assert!(
            out.delays
                .iter()
                .all(|d| (delay * MS..(delay + 21) * MS).contains(d))
        );
    }
}

#[test]
fn order_is_restored_and_doubles_are_played_once() {
    let mut buffer = adaptive();
    let mut arrivals: Vec<_> = (0..200).map(|n| (n, u64::from(n ^ 1) * 20 * MS)).collect();
    arrivals.extend(
        (0..200)
            .step_by(3)
            .map(|n| (n, u64::from(n) * 20 * MS + MS)),
    );
    let out = play(&mut buffer, &arrivals, 195);
    assert!(
        out.packets.windows(2).all(|p| p[1] > p[0]),
        "{:?}",
        out.packets
    );
    assert!(out.packets.len() > 185);
}

#[test]
fn it_grows_with_jitter_and_shrinks_afterwards() {
    let mut buffer = adaptive();
    let mut random = Random(1);
    let arrivals: Vec<_> = (0..2000u16)
        .map(|n| {
            let jitter = if (500..1000).contains(&n) {
                random.below(90)
            } else {
                random.below(5)
            };
            (n, u64::from(n) * 20 * MS + jitter * MS)
        })
        .collect();
    let out = play(&mut buffer, &arrivals, 1990);
    let mean = |part: &[Nanos]| part.iter().sum::<u64>() / part.len() as u64 / MS;
    let calm = mean(&out.delays[300..480]);
    let busy = mean(&out.delays[700..950]);
    let again = mean(&out.delays[out.delays.len() - 300..]);
    assert!(calm < 75, "{calm}");
    assert!((90..170).contains(&busy), "{busy}");
    assert!(again < 95, "{again}");
    assert!(buffer.counts.grown > 0 && buffer.counts.shrunk > 0);
    // while it learns a few are late; afterwards hardly any
    assert!(out.lost < 30, "{}", out.lost);
}

#[test]
fn a_pause_of_the_sender_is_no_loss_and_its_end_is_played() {
    let mut buffer = adaptive();
    let mut arrivals: Vec<_> = (0..20).map(|n| (n, u64::from(n) * 20 * MS)).collect();
    arrivals.extend((20..40).map(|n| (n, u64::from(n) * 20 * MS + 3000 * MS)));
    let out = play(&mut buffer, &arrivals, 250);
    assert_eq!(out.packets.len(), 40);
    assert!(out.lost < 12, "made up until it was sure: {}", out.lost);
    assert!(!buffer.active(), "it has ended");
    assert_eq!(buffer.waiting(), 0);
}

#[test]
fn a_leap_of_the_timestamp_begins_anew() {
    let mut buffer = adaptive();
    for n in 0..10u16 {
        buffer.put(header(n), &[0; 160], 160, u64::from(n) * 20 * MS);
    }
    let mut leapt = header(10);
    leapt.timestamp = leapt.timestamp.wrapping_add(80_000);
    assert!(buffer.put(leapt, &[0; 160], 160, 200 * MS));
    assert_eq!((buffer.counts.resyncs, buffer.waiting()), (1, 1));
    let mut other = header(11);
    other.ssrc = 8;
    assert!(buffer.put(other, &[0; 160], 160, 220 * MS));
    assert_eq!(buffer.waiting(), 1);
}

#[test]
fn it_is_bounded() {
    let mut buffer = JitterBuffer::new(
        Settings {
            max_ms: 60_000,
            ..Settings::new(Kind::Fixed)
        },
        8000,
    );
    for n in 0..3000u16 {
        buffer.put(header(n), &[0; 160], 160, u64::from(n) * MS);
    }
    assert!(buffer.waiting() <= MOST);
}

#[test]
fn loss_of_up_to_a_fifth_with_jitter_and_doubles() {
    for percent in [0, 1, 5, 10, 20] {
        let mut buffer = adaptive();
        let mut random = Random(percent + 17);
        let mut arrivals = Vec::new();
        let mut sent = 0;
        for n in 0..3000u16 {
            if random.below(100) < percent {
                continue;
            }
            sent += 1;
            let at = u64::from(n) * 20 * MS + random.below(40) * MS;
            arrivals.push((n, at));
            if random.below(100) < percent {
                arrivals.push((n, at + random.below(30) * MS));
            }
        }
        let out = play(&mut buffer, &arrivals, 2990);
        assert!(out.packets.windows(2).all(|p| p[1] > p[0]));
        let missed = sent - out.packets.len() as i64;
        assert!(
            missed < 60,
            "{percent} %: {missed} of {sent} were there and not played"
        );
        // sound all the time: as many samples as time has passed
        let due = 2990 * 160u64;
        assert!(
            out.units.abs_diff(due) < 160 * 12,
            "{percent} %: {} of {due}",
            out.units
        );
        assert!(out.ticks_without < 12, "{percent} %: {}", out.ticks_without);
        assert!(buffer.waiting() < 20);
    }
}

proptest! {
    #[test]
    fn anything_goes(packets in proptest::collection::vec((any::<u16>(), any::<u32>(), 0u32..2000, 0u64..500, any::<bool>()), 0..200)) {
        let mut buffer = adaptive();
        let mut now = 0;
        for (sequence, timestamp, lasts, later, other) in packets {
            now += later * MS;
            let header = Header { sequence, timestamp, ssrc: u32::from(other), ..header(0) };
            buffer.put(header, &[1, 2], lasts, now);
            let mut played = 0;
            while buffer.get(now).is_some() {
                played += 1;
                prop_assert!(played < 100_000);
            }
            prop_assert!(buffer.waiting() <= MOST);
        }
    }
}
