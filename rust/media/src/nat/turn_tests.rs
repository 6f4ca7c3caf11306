use super::super::stun::{Credentials, Transaction};
use super::*;
use std::collections::{HashMap, VecDeque};

const MS: Nanos = 1_000_000;
const PASSWORD: &str = "secret";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn peer() -> SocketAddr {
    address("198.51.100.7:4000")
}

fn ours(password: &str) -> TurnServer {
    TurnServer {
        address: address("192.0.2.5:3478"),
        username: "office".into(),
        password: password.into(),
        software: "Offhook".into(),
    }
}

/// A server with one client, which forgets what it knows on demand.
#[derive(Default)]
struct Server {
    nonce: u32,
    until: Nanos,
    lifetime: u32,
    permitted: Vec<IpAddr>,
    channels: HashMap<u16, SocketAddr>,
    seen: Vec<u16>,
    /// What it passed on to peers.
    passed: Vec<(SocketAddr, Vec<u8>)>,
}

impl Server {
    fn credentials(&self) -> Credentials {
        let nonce = format!("nonce{}", self.nonce);
        Credentials::new("office", PASSWORD, "example.org", nonce.as_bytes())
    }

    /// A response: class bits, then attributes by kind.
    fn reply(method: u16, class: u16, id: &Transaction, attributes: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let mut out = [(method | class).to_be_bytes(), [0, 0]].concat();
        out.extend_from_slice(&0x2112_a442u32.to_be_bytes());
        out.extend_from_slice(id);
        for (kind, value) in attributes {
            out.extend_from_slice(&kind.to_be_bytes());
            out.extend_from_slice(&(value.len() as u16).to_be_bytes());
            out.extend_from_slice(value);
            out.resize(out.len().next_multiple_of(4), 0);
        }
        let length = (out.len() - 20) as u16;
        out[2..4].copy_from_slice(&length.to_be_bytes());
        out
    }

    fn error(&self, message: &Reader<'_>, code: u16) -> Vec<u8> {
        let mut value = vec![0, 0, (code / 100) as u8, (code % 100) as u8];
        value.extend_from_slice(b"no");
        let mut attributes = vec![(0x0009, value)];
        if matches!(code, 401 | 438) {
            attributes.push((0x0014, b"example.org".to_vec()));
            attributes.push((0x0015, format!("nonce{}", self.nonce).into_bytes()));
        }
        Server::reply(message.method, 0x110, &message.transaction, &attributes)
    }

    fn success(&self, message: &Reader<'_>, attributes: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let mut out = Server::reply(message.method, 0x100, &message.transaction, attributes);
        let length = (out.len() - 20 + 24) as u16;
        out[2..4].copy_from_slice(&length.to_be_bytes());
        let mac = self.credentials().sign(&out);
        out.extend_from_slice(&[0, 8, 0, 20]);
        out.extend_from_slice(&mac);
        out
    }

    fn receive(&mut self, data: &[u8], now: Nanos) -> Option<Vec<u8>> {
        if data[0] >= 0x40 {
            let number = u16::from_be_bytes([data[0], data[1]]);
            let to = *self.channels.get(&number)?;
            self.passed.push((to, data[4..].to_vec()));
            return None;
        }
        let message = Reader::parse(data).unwrap();
        self.seen.push(message.method);
        if message.method == SEND {
            let to = message.peer().unwrap();
            if self.permitted.contains(&to.ip()) {
                self.passed
                    .push((to, data[message.data().unwrap()].to_vec()));
            }
            return None;
        }
        let Some(nonce) = message.nonce() else {
            return Some(self.error(&message, 401));
        };
        if nonce != format!("nonce{}", self.nonce).as_bytes() {
            return Some(self.error(&message, 438));
        }
        if !message.genuine(&self.credentials()) {
            return Some(self.error(&message, 401));
        }
        if message.method != ALLOCATE && now >= self.until {
            return Some(self.error(&message, 437));
        }
        let lifetime = self.lifetime.to_be_bytes().to_vec();
        match message.method {
            ALLOCATE | REFRESH => {
                self.until = now + Nanos::from(self.lifetime) * SECOND;
                if message.lifetime() == Some(0) {
                    self.until = 0;
                }
                let relayed =
                    super::super::stun::masked(address("192.0.2.5:50000"), &message.transaction);
                let mapped =
                    super::super::stun::masked(address("203.0.113.9:1234"), &message.transaction);
                let mut attributes = vec![(0x000d, lifetime)];
                if message.method == ALLOCATE {
                    attributes.extend([(0x0016, relayed), (0x0020, mapped)]);
                }
                Some(self.success(&message, &attributes))
            }
            CREATE_PERMISSION => {
                self.permitted.push(message.peer().unwrap().ip());
                Some(self.success(&message, &[]))
            }
            CHANNEL_BIND => {
                let number = message.number().unwrap();
                self.channels.insert(number, message.peer().unwrap());
                Some(self.success(&message, &[]))
            }
            other => panic!("method {other}"),
        }
    }
}

/// Client and server, 20 ms apart; `lost` says which datagram gets lost.
struct Net {
    client: Allocation,
    server: Server,
    events: Vec<Event>,
    now: Nanos,
    sent: usize,
}

impl Net {
    fn new(password: &str) -> Net {
        Net {
            client: Allocation::new(ours(password), false),
            server: Server {
                lifetime: 600,
                ..Server::default()
            },
            events: Vec::new(),
            now: 0,
            sent: 0,
        }
    }

    fn run(&mut self, until: Nanos, mut lost: impl FnMut(usize) -> bool) {
        let mut wire: VecDeque<(Nanos, bool, Vec<u8>)> = VecDeque::new();
        while self.now < until {
            let now = self.now;
            let mut out = Vec::new();
            if self.client.next().is_some_and(|next| next <= now) {
                let event = self
                    .client
                    .advance(now, &mut |data| out.push(data.to_vec()));
                self.events.extend(event);
            }
            while let Some(at) = wire.iter().position(|(at, ..)| *at <= now) {
                let (_, to_server, data) = wire.remove(at).unwrap();
                if to_server {
                    if let Some(answer) = self.server.receive(&data, now) {
                        self.sent += 1;
                        if !lost(self.sent) {
                            wire.push_back((now + 10 * MS, false, answer));
                        }
                    }
                } else if let Received::Event(event) =
                    self.client
                        .receive(&data, now, &mut |data| out.push(data.to_vec()))
                {
                    self.events.extend(event);
                }
            }
            for data in out {
                self.sent += 1;
                if !lost(self.sent) {
                    wire.push_back((now + 10 * MS, true, data));
                }
            }
            self.now += 10 * MS;
        }
    }

    fn permit(&mut self) {
        let (server, now) = (&mut self.server, self.now);
        let mut answers = Vec::new();
        let mut send = |data: &[u8]| answers.extend(server.receive(data, now));
        self.client.permit(peer(), now, &mut send);
        self.client.bind(peer(), now, &mut send);
        for answer in answers {
            self.client.receive(&answer, now, &mut |_| {});
        }
    }
}

fn allocated() -> Event {
    Event::Allocated {
        relayed: address("192.0.2.5:50000"),
        mapped: Some(address("203.0.113.9:1234")),
    }
}

#[test]
fn a_relay_is_allocated_used_kept_and_given_back() {
    let mut net = Net::new(PASSWORD);
    net.run(200 * MS, |_| false);
    assert_eq!(net.events, [allocated()]);
    assert_eq!(net.client.channel(peer()), None);
    net.permit();
    assert_eq!(net.client.channel(peer()), Some(0x4000));
    let indication = net.client.indication(peer(), b"check");
    net.server.receive(&indication, net.now);
    net.server.receive(&[0x40, 0, 0, 2, 8, 9], net.now);
    assert_eq!(
        net.server.passed,
        [(peer(), b"check".to_vec()), (peer(), vec![8, 9])]
    );
    let came = [0x40, 0, 0, 3, 1, 2, 3, 0];
    let received = net.client.receive(&came, net.now, &mut |_| {});
    assert_eq!(received, Received::Data(peer(), 4..7));
    for bad in [
        &[0x40u8, 0, 0, 9, 1][..],
        &[0x40, 7, 0, 1, 1],
        &[0x40],
        &[0, 1, 2],
    ] {
        assert_eq!(
            net.client.receive(bad, net.now, &mut |_| {}),
            Received::Other
        );
    }
    // Half an hour later it is there still, with its channel and the permission.
    net.server.seen.clear();
    net.run(1800 * SECOND, |_| false);
    assert_eq!(net.events.len(), 1);
    assert!(net.server.until > net.now);
    let count = |method| {
        net.server
            .seen
            .iter()
            .filter(|seen| **seen == method)
            .count()
    };
    assert_eq!(
        (
            count(REFRESH),
            count(CHANNEL_BIND),
            count(CREATE_PERMISSION)
        ),
        (3, 7, 7)
    );
    let mut last = Vec::new();
    net.client.release(&mut |data| last.push(data.to_vec()));
    net.server.receive(&last[0], net.now);
    assert_eq!((last.len(), net.server.until), (1, 0));
    assert_eq!(net.client.next(), None);
}

#[test]
fn datagrams_get_lost_and_nonces_stale() {
    let mut net = Net::new(PASSWORD);
    net.run(10 * SECOND, |number| number % 3 == 1);
    assert_eq!(net.events, [allocated()]);
    net.permit();
    for _ in 0..5 {
        net.server.nonce += 1;
        let until = net.now + 600 * SECOND;
        net.run(until, |number| number % 3 == 0);
        assert!(net.server.until > net.now);
    }
    assert_eq!(net.events.len(), 1);
}

#[test]
fn what_cannot_be_had_is_said() {
    let mut net = Net::new("wrong");
    net.run(SECOND, |_| false);
    assert_eq!(
        net.events,
        [Event::Lost(
            "the TURN server refuses a relay: 401 no".into()
        )]
    );
    let mut net = Net::new(PASSWORD);
    net.run(60 * SECOND, |_| true);
    assert_eq!(
        net.events,
        [Event::Lost("the TURN server does not answer".into())]
    );
    assert_eq!(net.sent, 7);
}

#[test]
fn a_server_that_has_forgotten_everything_is_noticed() {
    let mut net = Net::new(PASSWORD);
    net.run(SECOND, |_| false);
    net.permit();
    net.server = Server {
        lifetime: 600,
        nonce: 77,
        ..Server::default()
    };
    net.run(300 * SECOND, |_| false);
    assert_eq!(net.events.len(), 2);
    assert!(
        matches!(&net.events[1], Event::Lost(why) if why.contains("437")),
        "{:?}",
        net.events
    );
    assert_eq!(
        (net.client.relayed(), net.client.channel(peer())),
        (None, None)
    );
}
