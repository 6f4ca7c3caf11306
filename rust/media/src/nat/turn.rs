//! A relay's client (TURN, RFC 8656) over UDP, without I/O: an allocation, who may send to it, channels, and its end.
//!
//! What is sent through it goes by a channel, which costs four bytes, as soon as one is bound; until then by
//! indications.  A channel is bound for the pair that ICE has chosen.
use super::random;
use super::stun::{
    ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, Class, Credentials, DATA, REFRESH, Reader, SEND,
    Writer,
};
use super::transactions::Transactions;
use crate::Nanos;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

const SECOND: Nanos = 1_000_000_000;
/// A permission lasts 300 s, and a bound channel renews it.
const RENEW: Nanos = 240 * SECOND;
/// How long before its end an allocation is renewed.
const AHEAD: u32 = 60;
/// Channel numbers (RFC 8656 section 12).
const CHANNELS: Range<u16> = 0x4000..0x5000;
/// Peers that may be talked to.
const MOST_PEERS: usize = 64;
/// How often a request is made with another nonce.
const MOST_NONCES: u32 = 3;

/// The server, and who we are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnServer {
    pub address: SocketAddr,
    pub username: String,
    pub password: String,
    /// What SOFTWARE says; empty: nothing.
    pub software: String,
}

/// What came of a datagram or of time going by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Allocated {
        relayed: SocketAddr,
        mapped: Option<SocketAddr>,
    },
    /// It cannot be had, or is gone.
    Lost(String),
}

/// What a datagram of the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// Something for the allocation itself.
    Event(Option<Event>),
    /// Data of a peer, and where in the datagram.
    Data(SocketAddr, Range<usize>),
    /// Not for us.
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Allocate,
    Refresh,
    Permit(IpAddr),
    Bind(u16),
}

struct Channel {
    number: u16,
    peer: SocketAddr,
    bound: bool,
    renew: Nanos,
}

/// One allocation.
pub struct Allocation {
    pub server: TurnServer,
    credentials: Option<Credentials>,
    /// What was asked for, and how often the server wanted another nonce for it.
    transactions: Transactions<(What, u32)>,
    relayed: Option<SocketAddr>,
    refresh: Nanos,
    permissions: Vec<(IpAddr, Nanos)>,
    channels: Vec<Channel>,
    next_channel: u16,
    begun: bool,
    lost: bool,
    ipv6: bool,
}

impl Allocation {
    /// `ipv6`: the family of the relayed address.
    #[must_use]
    pub fn new(server: TurnServer, ipv6: bool) -> Allocation {
        Allocation {
            server,
            credentials: None,
            transactions: Transactions::default(),
            relayed: None,
            refresh: Nanos::MAX,
            permissions: Vec::new(),
            channels: Vec::new(),
            next_channel: CHANNELS.start,
            begun: false,
            lost: false,
            ipv6,
        }
    }

    #[must_use]
    pub fn relayed(&self) -> Option<SocketAddr> {
        self.relayed
    }

    /// Whether an answer is awaited.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.transactions.is_empty()
    }

    /// When it has something to do.
    #[must_use]
    pub fn next(&self) -> Option<Nanos> {
        if self.lost {
            return None;
        }
        if !self.begun {
            return Some(0);
        }
        let renewals = self
            .permissions
            .iter()
            .map(|(_, at)| *at)
            .chain(self.channels.iter().map(|channel| channel.renew));
        renewals
            .chain(self.transactions.next())
            .chain([self.refresh])
            .min()
    }

    /// Time goes by.
    pub fn advance(&mut self, now: Nanos, out: &mut impl FnMut(&[u8])) -> Option<Event> {
        if self.lost {
            return None;
        }
        if !self.begun {
            self.begun = true;
            self.ask(What::Allocate, 0, now, out);
            return None;
        }
        for (what, _) in self.transactions.advance(now, out) {
            // Without an answer to these there is no relay; others are asked for again.
            if matches!(what, What::Allocate | What::Refresh) {
                return Some(self.lose("the TURN server does not answer".to_owned()));
            }
        }
        if now >= self.refresh {
            self.refresh = Nanos::MAX;
            self.ask(What::Refresh, 0, now, out);
        }
        let due: Vec<What> = self
            .permissions
            .iter_mut()
            .filter(|(_, renew)| now >= *renew)
            .map(|(ip, renew)| {
                *renew = now + RENEW;
                What::Permit(*ip)
            })
            .collect();
        for what in due {
            self.ask(what, 0, now, out);
        }
        let due: Vec<What> = self
            .channels
            .iter_mut()
            .filter(|channel| now >= channel.renew)
            .map(|channel| {
                channel.renew = now + RENEW;
                What::Bind(channel.number)
            })
            .collect();
        for what in due {
            self.ask(what, 0, now, out);
        }
        None
    }

    fn lose(&mut self, why: String) -> Event {
        self.lost = true;
        self.relayed = None;
        self.transactions.clear();
        self.channels.clear();
        Event::Lost(why)
    }

    fn ask(&mut self, what: What, tries: u32, now: Nanos, out: &mut impl FnMut(&[u8])) {
        let id = random();
        let writer = match &what {
            What::Allocate => Writer::request(ALLOCATE, &id).transport(self.ipv6),
            What::Refresh => Writer::request(REFRESH, &id),
            What::Permit(ip) => {
                Writer::request(CREATE_PERMISSION, &id).peer(SocketAddr::new(*ip, 0))
            }
            What::Bind(number) => {
                let Some(channel) = self.channels.iter().find(|each| each.number == *number) else {
                    return;
                };
                Writer::request(CHANNEL_BIND, &id)
                    .channel(*number)
                    .peer(channel.peer)
            }
        };
        let message = writer
            .software(&self.server.software)
            .finish(self.credentials.as_ref());
        self.transactions.send(id, (what, tries), message, now, out);
    }

    /// A peer may send to the relay from now on, and is sent to.
    pub fn permit(&mut self, peer: SocketAddr, now: Nanos, out: &mut impl FnMut(&[u8])) {
        let known = self.permissions.iter().any(|(ip, _)| *ip == peer.ip());
        if known || self.permissions.len() >= MOST_PEERS || peer.is_ipv6() != self.ipv6 {
            return;
        }
        self.permissions.push((peer.ip(), now + RENEW));
        if self.relayed.is_some() {
            self.ask(What::Permit(peer.ip()), 0, now, out);
        }
    }

    /// Have a channel to this peer.
    pub fn bind(&mut self, peer: SocketAddr, now: Nanos, out: &mut impl FnMut(&[u8])) {
        if self.relayed.is_none()
            || self.channels.len() >= MOST_PEERS
            || !CHANNELS.contains(&self.next_channel)
            || self.channels.iter().any(|channel| channel.peer == peer)
        {
            return;
        }
        let number = self.next_channel;
        self.next_channel += 1;
        self.channels.push(Channel {
            number,
            peer,
            bound: false,
            renew: now + RENEW,
        });
        self.ask(What::Bind(number), 0, now, out);
    }

    /// The channel to a peer, once it is bound.
    #[must_use]
    pub fn channel(&self, peer: SocketAddr) -> Option<u16> {
        self.channels
            .iter()
            .find(|channel| channel.bound && channel.peer == peer)
            .map(|channel| channel.number)
    }

    /// An indication that carries data to a peer, for as long as there is no channel.
    #[must_use]
    pub fn indication(&self, peer: SocketAddr, data: &[u8]) -> Vec<u8> {
        Writer::indication(SEND, &random())
            .peer(peer)
            .data(data)
            .finish(None)
    }

    /// A datagram that came from the server.
    pub fn receive(&mut self, data: &[u8], now: Nanos, out: &mut impl FnMut(&[u8])) -> Received {
        if let Some((head, body)) = data.split_at_checked(4)
            && CHANNELS.contains(&u16::from_be_bytes([head[0], head[1]]))
        {
            let number = u16::from_be_bytes([head[0], head[1]]);
            let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let channel = self
                .channels
                .iter()
                .find(|channel| channel.number == number);
            return match channel {
                Some(channel) if length <= body.len() => {
                    Received::Data(channel.peer, 4..4 + length)
                }
                _ => Received::Other,
            };
        }
        let Some(message) = Reader::parse(data) else {
            return Received::Other;
        };
        match message.class {
            Class::Indication if message.method == DATA => match (message.peer(), message.data()) {
                (Some(peer), Some(range))
                    if self.permissions.iter().any(|(ip, _)| *ip == peer.ip()) =>
                {
                    Received::Data(peer, range)
                }
                _ => Received::Other,
            },
            Class::Success | Class::Error => self.answer(&message, now, out),
            _ => Received::Other,
        }
    }

    fn answer(
        &mut self,
        message: &Reader<'_>,
        now: Nanos,
        out: &mut impl FnMut(&[u8]),
    ) -> Received {
        let signed = self
            .credentials
            .as_ref()
            .is_none_or(|credentials| message.genuine(credentials));
        if message.class == Class::Success && !signed {
            return Received::Other;
        }
        let Some((what, tries)) = self.transactions.answered(&message.transaction) else {
            return Received::Other;
        };
        if message.class == Class::Error {
            return Received::Event(self.refused((&what, tries), message, now, out));
        }
        match what {
            What::Allocate | What::Refresh => {
                // A server may grant less than what is usual, and never so little that nothing else is done.
                let seconds = message.lifetime().unwrap_or(600).max(30);
                let ahead = if seconds > 2 * AHEAD {
                    AHEAD
                } else {
                    seconds / 2
                };
                self.refresh = now + Nanos::from(seconds - ahead) * SECOND;
                if what == What::Refresh {
                    return Received::Event(None);
                }
                let Some(relayed) = message.relayed() else {
                    let why = "the TURN server's answer has no address";
                    return Received::Event(Some(self.lose(why.to_owned())));
                };
                self.relayed = Some(relayed);
                for ip in self
                    .permissions
                    .iter()
                    .map(|(ip, _)| *ip)
                    .collect::<Vec<_>>()
                {
                    self.ask(What::Permit(ip), 0, now, out);
                }
                Received::Event(Some(Event::Allocated {
                    relayed,
                    mapped: message.mapped(),
                }))
            }
            What::Bind(number) => {
                for channel in self
                    .channels
                    .iter_mut()
                    .filter(|each| each.number == number)
                {
                    channel.bound = true;
                }
                Received::Event(None)
            }
            What::Permit(_) => Received::Event(None),
        }
    }

    /// A server that refuses: with other credentials (401, 438) it may not.
    fn refused(
        &mut self,
        (what, tries): (&What, u32),
        message: &Reader<'_>,
        now: Nanos,
        out: &mut impl FnMut(&[u8]),
    ) -> Option<Event> {
        let (code, reason) = message.error();
        let first = self.credentials.is_none();
        if let (Some(realm), Some(nonce)) = (message.realm(), message.nonce())
            && (code == 438 || code == 401 && first)
            && !self.server.username.is_empty()
            && tries < MOST_NONCES
        {
            let TurnServer {
                username, password, ..
            } = &self.server;
            self.credentials = Some(Credentials::new(username, password, realm, nonce));
            self.ask(what.clone(), tries + 1, now, out);
            return None;
        }
        match what {
            What::Allocate => {
                Some(self.lose(format!("the TURN server refuses a relay: {code} {reason}")))
            }
            // After a restart it does not know us any more.
            What::Refresh => {
                Some(self.lose(format!("the TURN server ends the relay: {code} {reason}")))
            }
            What::Bind(_) | What::Permit(_) if code == 437 => Some(self.lose(format!(
                "the TURN server has lost the relay: {code} {reason}"
            ))),
            What::Permit(_) => None,
            What::Bind(number) => {
                self.channels
                    .retain(|channel| channel.number != *number || channel.bound);
                None
            }
        }
    }

    /// Give it back; what gets lost of this ends by itself.
    pub fn release(&mut self, out: &mut impl FnMut(&[u8])) {
        if self.relayed.take().is_some() && !self.lost {
            let message = Writer::request(REFRESH, &random())
                .lifetime(0)
                .finish(self.credentials.as_ref());
            out(&message);
        }
        self.lost = true;
    }
}

#[cfg(test)]
#[path = "turn_tests.rs"]
mod tests;
