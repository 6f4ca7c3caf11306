use super::*;

const MS: Nanos = 1_000_000;

fn tone(from: usize, count: usize) -> Vec<i16> {
    (from..from + count)
        .map(|n| (8000.0 * (n as f64 * 2.0 * std::f64::consts::PI * 400.0 / 8000.0).sin()) as i16)
        .collect()
}

/// Largest step between neighbours: a 400 Hz tone of amplitude 8000 steps by 2514 at most.
fn step(samples: &[i16]) -> i32 {
    samples
        .windows(2)
        .map(|w| (i32::from(w[1]) - i32::from(w[0])).abs())
        .max()
        .unwrap_or(0)
}

struct Run {
    feed: Feed,
    heard: Vec<i16>,
}

impl Run {
    fn new() -> Run {
        Run {
            feed: Feed::new(8000, 160),
            heard: Vec::new(),
        }
    }

    /// Packet `n` of 20 ms comes at `at`.
    fn packet(&mut self, n: usize, at: Nanos) {
        self.feed
            .push(5000 + n as u32 * 160, 8000, &tone(n * 160, 160), at);
    }

    fn take(&mut self, at: Nanos) -> Taken {
        let mut frame = [0; 160];
        let taken = self.feed.take(&mut frame, at);
        self.heard.extend(frame);
        taken
    }
}

#[test]
fn steady_packets_come_out_whole() {
    let mut run = Run::new();
    for n in 0..50 {
        run.packet(n, n as u64 * 20 * MS);
        run.take(n as u64 * 20 * MS + 10 * MS);
    }
    let start = run.heard.iter().position(|s| *s != 0).unwrap();
    assert!(start < 200, "{start}");
    assert!(step(&run.heard) < 2600, "{}", step(&run.heard));
    assert_eq!(run.heard[500..660], tone(500, 160)[..]);
    assert_eq!(run.feed.underruns(), 0);
}

#[test]
fn a_packet_that_is_just_in_time_is_not_started_with() {
    let mut run = Run::new();
    // Each comes between 1 ms before and 3 ms after the frame is taken.
    let late = [19, 22, 19, 23, 20, 19, 22, 21];
    let mut events: Vec<(u64, Option<usize>)> = (0..400)
        .map(|n| ((n as u64 * 20 + late[n % 8]) * MS, Some(n)))
        .chain((1..400).map(|n| (n as u64 * 20 * MS, None)))
        .collect();
    events.sort_by_key(|(at, packet)| (*at, packet.is_none()));
    for (at, packet) in events {
        match packet {
            Some(n) => run.packet(n, at),
            None => drop(run.take(at)),
        }
    }
    assert_eq!(run.feed.underruns(), 0);
    assert!(step(&run.heard) < 2600);
}

#[test]
fn what_is_lost_is_concealed_and_does_not_click() {
    let mut run = Run::new();
    for n in 0..100usize {
        if n % 10 != 7 {
            run.packet(n, n as u64 * 20 * MS);
        }
        run.take(n as u64 * 20 * MS + 10 * MS);
    }
    let quiet = run.heard[320..]
        .chunks(80)
        .filter(|c| c.iter().all(|s| s.abs() < 500))
        .count();
    assert_eq!(quiet, 0, "no hole");
    assert!(step(&run.heard) < 4600, "{}", step(&run.heard));
    assert!(run.feed.depth() <= 480, "{}", run.feed.depth());
}

#[test]
fn a_sender_that_stops_fades_and_starts_again() {
    let mut run = Run::new();
    for n in 0..20usize {
        run.packet(n, n as u64 * 20 * MS);
        run.take(n as u64 * 20 * MS + 10 * MS);
    }
    let taken: Vec<Taken> = (20..40).map(|n| run.take(n * 20 * MS + 10 * MS)).collect();
    assert_eq!(taken[10..], [Taken::Nothing; 10]);
    assert!(step(&run.heard) < 2600, "{}", step(&run.heard));
    // The timeline went on during the pause.
    for n in 40..60usize {
        run.packet(n, n as u64 * 20 * MS);
        run.take(n as u64 * 20 * MS + 10 * MS);
    }
    assert!(
        run.heard[run.heard.len() - 160..]
            .iter()
            .any(|s| s.abs() > 7000)
    );
    assert!(run.feed.depth() <= 320, "{}", run.feed.depth());
}

#[test]
fn reordered_packets_are_put_right() {
    let mut run = Run::new();
    run.packet(0, 0);
    run.packet(1, MS);
    run.packet(2, 2 * MS);
    run.take(10 * MS);
    run.packet(4, 20 * MS);
    run.packet(3, 21 * MS);
    for n in 1..5 {
        run.take(n * 20 * MS + 10 * MS);
    }
    assert_eq!(run.heard[160..800], tone(160, 640)[..]);
}

#[test]
fn late_packets_deepen_it_and_calm_makes_it_shallow_again() {
    let mut run = Run::new();
    let mut at = 0;
    for n in 0..400usize {
        // Every eighth is 50 ms late, with those behind it.
        let due = n as u64 * 20 * MS;
        at = (due + if n % 8 == 3 { 50 * MS } else { 0 }).max(at);
        while run.heard.len() as u64 * 125_000 + 10 * MS < at {
            let now = run.heard.len() as u64 * 125_000 + 10 * MS;
            run.take(now);
        }
        run.packet(n, at);
    }
    let early = run.feed.underruns();
    assert!(early > 0 && early < 12, "{early}");
    let deep = run.feed.depth();
    for n in 400..4000usize {
        let due = n as u64 * 20 * MS;
        while run.heard.len() as u64 * 125_000 + 10 * MS < due {
            let now = run.heard.len() as u64 * 125_000 + 10 * MS;
            run.take(now);
        }
        run.packet(n, due);
    }
    assert!(
        run.feed.depth() < deep.max(321),
        "{} {deep}",
        run.feed.depth()
    );
    assert!(run.feed.depth() <= 320, "{}", run.feed.depth());
    assert!(step(&run.heard) < 5000, "{}", step(&run.heard));
}

#[test]
fn a_fast_clock_never_makes_it_grow() {
    let mut run = Run::new();
    let mut deepest = 0;
    for n in 0..20_000usize {
        // 200 ppm fast.
        let at = n as u64 * 20 * MS - n as u64 * 4000;
        while run.heard.len() as u64 * 125_000 + 10 * MS < at {
            let now = run.heard.len() as u64 * 125_000 + 10 * MS;
            run.take(now);
        }
        run.packet(n, at);
        deepest = deepest.max(run.feed.depth());
    }
    assert!(deepest <= 480, "{deepest}");
    assert!(step(&run.heard[160..]) < 3600, "{}", step(&run.heard));
}

#[test]
fn a_short_sound_comes_out_though_nothing_follows() {
    let mut run = Run::new();
    run.feed.push(0, 8000, &[1000; 80], 0);
    let taken: Vec<Taken> = (1..10).map(|n| run.take(n * 20 * MS)).collect();
    assert!(taken.contains(&Taken::Sound));
    assert!(run.heard.iter().any(|s| *s > 900));
}
