use super::*;
use proptest::prelude::*;
use std::collections::VecDeque;

const MS: Nanos = 1_000_000;

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn credentials(name: &str) -> Credentials {
    Credentials {
        ufrag: format!("{name}ufrag"),
        password: format!("{name}-password-of-22-characters"),
    }
}

fn host_line(address: SocketAddr) -> String {
    format!(
        "1 1 UDP 2130706431 {} {} typ host",
        address.ip(),
        address.port()
    )
}

struct Pair {
    ends: [Ice; 2],
    selected: [Option<SocketAddr>; 2],
    lost: [bool; 2],
    at: [Nanos; 2],
    now: Nanos,
}

impl Pair {
    fn new(lite: bool) -> Pair {
        let base = Instant::now();
        let addresses = [address("192.0.2.1:4000"), address("192.0.2.2:5000")];
        let mut ends = [
            Ice::new(credentials("a"), false, base, 0),
            Ice::new(credentials("b"), lite, base, 0),
        ];
        for (end, ice) in ends.iter_mut().enumerate() {
            ice.add_local(Local::Host(addresses[end]));
        }
        Pair {
            ends,
            selected: [None; 2],
            lost: [false; 2],
            at: [0; 2],
            now: 0,
        }
    }

    fn introduce(&mut self, end: usize, candidates: bool) {
        let (name, other) = if end == 0 { ("b", 1) } else { ("a", 0) };
        let line = host_line(self.ends[other].hosts[0]);
        self.ends[end].set_remote(credentials(name), end == 0);
        if candidates {
            self.ends[end].add_remote(&line);
        }
    }

    /// 10 ms each way; `lost` says which datagrams get lost.
    fn run(&mut self, until: Nanos, mut lost: impl FnMut(Nanos) -> bool) {
        let mut wire: VecDeque<(Nanos, usize, Transmit)> = VecDeque::new();
        while self.now < until {
            let now = self.now;
            for end in 0..2 {
                let mut out = Vec::new();
                let mut outcomes = vec![self.ends[end].advance(now, &mut |each| out.push(each))];
                while let Some(at) = wire.iter().position(|(at, to, _)| *to == end && *at <= now) {
                    let (_, _, got) = wire.remove(at).unwrap();
                    let outcome =
                        self.ends[end]
                            .receive(&got.data, got.from, None, now, &mut |each| out.push(each));
                    outcomes.push(outcome);
                }
                for outcome in outcomes.into_iter().flatten() {
                    match outcome {
                        Outcome::Selected { to, .. } => {
                            self.selected[end] = Some(to);
                            self.at[end] = now;
                        }
                        Outcome::Lost => self.lost[end] = true,
                    }
                }
                for each in out {
                    if !lost(now) {
                        wire.push_back((now + 10 * MS, 1 - end, each));
                    }
                }
            }
            self.now += 20 * MS;
        }
    }
}

#[test]
fn a_pair_is_found_and_kept_and_its_loss_is_noticed() {
    let mut pair = Pair::new(false);
    pair.introduce(0, true);
    pair.introduce(1, true);
    pair.run(3000 * MS, |_| false);
    assert_eq!(
        pair.selected,
        [
            Some(address("192.0.2.2:5000")),
            Some(address("192.0.2.1:4000"))
        ]
    );
    assert!(pair.at[0] < 1000 * MS, "{}", pair.at[0] / MS);
    assert!(!pair.ends[0].busy());
    pair.run(20_000 * MS, |_| false);
    assert_eq!(pair.lost, [false; 2]);
    pair.run(60_000 * MS, |_| true);
    assert_eq!(pair.lost, [true; 2], "consent is gone");
}

#[test]
fn one_side_without_candidates_is_learned_from_its_checks() {
    let mut pair = Pair::new(false);
    pair.introduce(0, true);
    pair.introduce(1, false);
    pair.run(3000 * MS, |_| false);
    assert_eq!(pair.selected[1], Some(address("192.0.2.1:4000")));
    assert!(pair.selected[0].is_some());
}

#[test]
fn checks_that_come_before_the_answer_are_answered_after_it() {
    let mut pair = Pair::new(false);
    pair.introduce(0, true);
    pair.run(300 * MS, |_| false);
    assert_eq!(pair.selected, [None, None]);
    pair.introduce(1, true);
    pair.run(3000 * MS, |_| false);
    assert!(pair.selected.iter().all(Option::is_some));
}

#[test]
fn against_a_lite_agent() {
    let mut pair = Pair::new(true);
    pair.introduce(0, true);
    pair.introduce(1, true);
    pair.run(3000 * MS, |_| false);
    assert!(pair.selected.iter().all(Option::is_some));
}

#[test]
fn a_third_of_the_checks_may_get_lost() {
    let mut pair = Pair::new(false);
    pair.introduce(0, true);
    pair.introduce(1, true);
    let mut count = 0;
    pair.run(10_000 * MS, |_| {
        count += 1;
        count % 3 == 0
    });
    assert!(pair.selected.iter().all(Option::is_some));
}

#[test]
fn candidates_that_cannot_be_used_are_passed_over() {
    let mut ice = Ice::new(credentials("a"), false, Instant::now(), 0);
    ice.add_local(Local::Host(address("192.0.2.1:4000")));
    ice.set_remote(credentials("b"), true);
    for line in [
        "",
        "1 1 TCP 2130706431 192.0.2.7 9 typ host tcptype active",
        "1 1 udp 2130706431 3a5f-1b.local 5000 typ host",
        "1 1 udp x 192.0.2.7 5000 typ host",
        "1 1 udp 1 192.0.2.7 99999 typ host",
        "1 1 udp 1 224.0.0.1 5000 typ host",
    ] {
        ice.add_remote(line);
    }
    assert_eq!(ice.agent.remote_candidates().count(), 0);
    for port in 1..100 {
        ice.add_remote(&format!("1 2 udp 1 192.0.2.7 {port} typ host"));
    }
    assert_eq!(ice.agent.remote_candidates().count(), MOST_CANDIDATES);
}

proptest! {
    #[test]
    fn never_panics(mut data in proptest::collection::vec(any::<u8>(), 0..120), fix: bool) {
        let mut ice = Ice::new(credentials("a"), false, Instant::now(), 0);
        ice.add_local(Local::Host(address("192.0.2.1:4000")));
        ice.set_remote(credentials("b"), true);
        if fix && data.len() >= 20 {
            let length = data.len() / 4 * 4;
            data.truncate(length);
            data[..2].copy_from_slice(&[0, 1]);
            data[2..4].copy_from_slice(&((length - 20) as u16).to_be_bytes());
            data[4..8].copy_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
        }
        let _ = ice.receive(&data, address("192.0.2.9:1"), None, 0, &mut |_| {});
    }
}
