//! Two stacks and a network that loses, repeats and reorders, on a virtual clock.

use std::collections::HashMap;

use super::*;

const A: usize = 0;
const B: usize = 1;
const HOSTS: [&str; 2] = ["192.0.2.10", "192.0.2.20"];

/// How bad the network is.
#[derive(Clone, Copy, Default)]
struct Weather {
    /// Of 100 datagrams, how many are lost and how many come twice.
    loss: u64,
    duplication: u64,
    /// Delay is 10 ms and up to so much more, so that datagrams overtake each other.
    jitter: u64,
}

/// Something that those above do later.
#[derive(Clone)]
enum Later {
    Respond(u64, u16),
    Ack(u64, Message),
    Cancel(u64),
}

struct Pair {
    now: u64,
    weather: Weather,
    random: Tokens,
    stacks: [Stack; 2],
    wire: Vec<(u64, usize, Arc<[u8]>)>,
    later: Vec<(u64, usize, Later)>,
    requests: HashMap<u64, Message>,
    log: [Vec<String>; 2],
    /// Which responses B gives to an INVITE, and after how many milliseconds each.
    script: Vec<(u64, u16)>,
}

impl Pair {
    fn new(seed: u64, weather: Weather, script: &[(u64, u16)]) -> Pair {
        let make = |side: usize| {
            let mut stack = Stack::new(Config::default(), Tokens::seeded(seed * 2 + side as u64));
            stack
                .add_flow(FLOW, "UDP", HOSTS[side], false, true)
                .unwrap();
            stack
        };
        Pair {
            now: 0,
            weather,
            random: Tokens::seeded(seed),
            stacks: [make(A), make(B)],
            wire: Vec::new(),
            later: Vec::new(),
            requests: HashMap::new(),
            log: [Vec::new(), Vec::new()],
            script: script.to_vec(),
        }
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.random.number() % 100 < percent
    }

    fn send(&mut self, method: &str) -> u64 {
        let message = request(method, "pair");
        let txn = self.stacks[A]
            .request(&message, FLOW, HOSTS[B], 5060, self.now)
            .unwrap();
        self.settle(A);
        txn
    }

    /// Put what a side wants sent on the wire, and let those above it act on its events.
    fn settle(&mut self, side: usize) {
        let transmits: Vec<Transmit> = self.stacks[side].take_transmits().collect();
        for transmit in transmits {
            assert_eq!(transmit.host.text(), HOSTS[1 - side]);
            let copies = 1 + u64::from(self.chance(self.weather.duplication));
            for _ in 0..copies {
                if self.chance(self.weather.loss) {
                    continue;
                }
                let delay = 10 * MS + self.random.number() % (self.weather.jitter * MS + 1);
                self.wire
                    .push((self.now + delay, 1 - side, transmit.data.clone()));
            }
        }
        let events: Vec<Event> = self.stacks[side].take_events().collect();
        for event in events {
            self.above(side, event);
        }
    }

    fn above(&mut self, side: usize, event: Event) {
        let text = match event {
            Event::Request { txn, message } => {
                let script = match message.method() {
                    "INVITE" => self.script.clone(),
                    _ => vec![(5, 200)],
                };
                for (after, status) in script {
                    let act = Later::Respond(txn, status);
                    self.later.push((self.now + after * MS, side, act));
                }
                let text = name(&message);
                self.requests.insert(txn, message);
                text
            }
            Event::Response { txn, message } => {
                if message.method() == "INVITE" && message.status() / 100 == 2 {
                    let mut ack = request("ACK", "pair");
                    ack.set("To", &message.get("To").unwrap()).unwrap();
                    self.later.push((self.now + MS, side, Later::Ack(txn, ack)));
                }
                name(&message)
            }
            Event::Ack { .. } => "ACK".to_owned(),
            Event::Cancel { txn, .. } => {
                self.later
                    .retain(|(_, _, act)| !matches!(act, Later::Respond(..)));
                self.later.push((self.now, side, Later::Respond(txn, 487)));
                "CANCEL".to_owned()
            }
            Event::Failed { why, .. } => format!("failed {why:?}"),
            Event::AckMissing { .. } => "ACK missing".to_owned(),
            Event::Rejected { status, .. } => format!("rejected {status}"),
        };
        self.log[side].push(text);
    }

    fn act(&mut self, side: usize, act: Later) {
        let stack = &mut self.stacks[side];
        match act {
            Later::Respond(txn, status) => {
                let request = &self.requests[&txn];
                let tag = (status > 100).then_some("bob");
                let response = Message::response(request, status, None, tag).unwrap();
                stack
                    .respond(txn, &response, Respond::default(), self.now)
                    .unwrap();
            }
            Later::Ack(txn, ack) => stack
                .send_ack(txn, &ack, FLOW, HOSTS[1 - side], 5060, self.now)
                .unwrap(),
            Later::Cancel(txn) => stack.cancel(txn, None, self.now).unwrap(),
        }
        self.settle(side);
    }

    /// Until nothing happens any more.
    fn run(&mut self) {
        for _ in 0..100_000 {
            let next = [
                self.wire.iter().map(|item| item.0).min(),
                self.later.iter().map(|item| item.0).min(),
                self.stacks[A].next_timeout(),
                self.stacks[B].next_timeout(),
            ];
            let Some(at) = next.into_iter().flatten().min() else {
                return;
            };
            self.now = self.now.max(at);
            if let Some(index) = self.wire.iter().position(|item| item.0 <= self.now) {
                let (_, side, data) = self.wire.swap_remove(index);
                self.stacks[side]
                    .receive(&data, FLOW, HOSTS[1 - side], 5060, self.now)
                    .unwrap();
                self.settle(side);
            } else if let Some(index) = self.later.iter().position(|item| item.0 <= self.now) {
                let (_, side, act) = self.later.remove(index);
                self.act(side, act);
            } else {
                for side in [A, B] {
                    self.stacks[side].expire(self.now);
                    self.settle(side);
                }
            }
        }
        panic!("does not come to rest: {:?}", self.log);
    }

    fn count(&self, side: usize, text: &str) -> usize {
        self.log[side].iter().filter(|entry| *entry == text).count()
    }

    fn assert_clean(&mut self) {
        for side in [A, B] {
            assert_idle(&mut self.stacks[side]);
        }
    }
}

const BAD: Weather = Weather {
    loss: 20,
    duplication: 15,
    jitter: 700,
};
/// Duplicates and reordering, but all arrives.
const CONFUSED: Weather = Weather {
    loss: 0,
    duplication: 50,
    jitter: 1500,
};

#[test]
fn in_fair_weather_no_message_is_sent_in_vain() {
    let mut pair = Pair::new(1, Weather::default(), &[(5, 180), (50, 200)]);
    pair.send("INVITE");
    pair.run();
    assert_eq!(pair.log[A], ["180 INVITE", "200 INVITE"]);
    assert_eq!(pair.log[B], ["INVITE", "ACK"]);
    for side in [A, B] {
        assert_eq!(pair.stacks[side].stats().get(Counter::Retransmissions), 0);
        assert_eq!(pair.stacks[side].stats().get(Counter::StrayResponses), 0);
    }
    pair.assert_clean();
}

#[test]
fn an_answered_call_is_seen_once_by_each_side() {
    for weather in [BAD, CONFUSED] {
        for seed in 0..300 {
            let mut pair = Pair::new(seed, weather, &[(5, 180), (3000, 200)]);
            pair.send("INVITE");
            pair.run();
            let log = &pair.log;
            assert_eq!(pair.count(B, "INVITE"), 1, "{seed} {log:?}");
            assert_eq!(pair.count(A, "200 INVITE"), 1, "{seed} {log:?}");
            assert_eq!(
                pair.count(B, "ACK") + pair.count(B, "ACK missing"),
                1,
                "{seed} {log:?}"
            );
            if weather.loss == 0 {
                assert_eq!(pair.count(B, "ACK"), 1, "{seed} {log:?}");
            }
            pair.assert_clean();
        }
    }
}

#[test]
fn a_refused_call_is_seen_once_and_its_ack_by_nobody() {
    for weather in [BAD, CONFUSED] {
        for seed in 0..300 {
            let mut pair = Pair::new(seed, weather, &[(5, 180), (3000, 486)]);
            pair.send("INVITE");
            pair.run();
            let log = &pair.log;
            assert_eq!(log[B], ["INVITE"], "{seed}");
            assert_eq!(pair.count(A, "486 INVITE"), 1, "{seed} {log:?}");
            assert!(
                log[A].iter().all(|text| text == "180 INVITE"
                    || text == "486 INVITE"
                    || text == "100 INVITE"),
                "{seed} {log:?}"
            );
            pair.assert_clean();
        }
    }
}

#[test]
fn other_requests_arrive_once() {
    for weather in [BAD, CONFUSED] {
        for seed in 0..300 {
            let mut pair = Pair::new(seed, weather, &[]);
            pair.send("OPTIONS");
            pair.run();
            assert_eq!(pair.log[B], ["OPTIONS"], "{seed}");
            assert_eq!(pair.log[A], ["200 OPTIONS"], "{seed}");
            pair.assert_clean();
        }
    }
}

#[test]
fn a_cancelled_call_ends_once_whoever_wins() {
    let mut outcomes = HashMap::new();
    for weather in [BAD, CONFUSED] {
        for seed in 0..300 {
            let mut pair = Pair::new(seed, weather, &[(5, 180), (1500, 200)]);
            let txn = pair.send("INVITE");
            pair.later
                .push(((seed % 30) * 100 * MS, A, Later::Cancel(txn)));
            pair.run();
            let ends = ["487 INVITE", "200 INVITE", "failed Timeout"];
            let ends: Vec<&String> = pair.log[A]
                .iter()
                .filter(|text| ends.contains(&text.as_str()))
                .collect();
            assert_eq!(ends.len(), 1, "{seed} {:?}", pair.log);
            *outcomes.entry(ends[0].clone()).or_insert(0) += 1;
            pair.assert_clean();
        }
    }
    // Both sides of the race were run.
    assert!(
        outcomes["487 INVITE"] > 50 && outcomes["200 INVITE"] > 50,
        "{outcomes:?}"
    );
}

#[test]
fn when_nothing_arrives_both_sides_give_up() {
    let weather = Weather {
        loss: 100,
        ..Weather::default()
    };
    let mut pair = Pair::new(1, weather, &[]);
    pair.send("INVITE");
    pair.send("OPTIONS");
    pair.run();
    assert_eq!(pair.log[A], ["failed Timeout", "failed Timeout"]);
    assert!(pair.log[B].is_empty());
    pair.assert_clean();
}
