//! Where a STUN server sees a socket of ours (RFC 8489): asked, and asked again so that a NAT keeps its mapping.
use super::random;
use super::stun::{BINDING, Class, Reader, Writer};
use super::transactions::Transactions;
use crate::Nanos;
use std::net::SocketAddr;

/// Mappings of UDP end after 30 s of silence with the most impatient NATs (RFC 4787 has 2 minutes).
const KEEP: Nanos = 20_000_000_000;

/// The question to one server.
pub struct Binding {
    pub server: SocketAddr,
    software: String,
    transactions: Transactions<()>,
    mapped: Option<SocketAddr>,
    next: Nanos,
}

/// What an answer has told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Nothing,
    /// For the first time, or something else than before.
    Mapped(SocketAddr),
    Failed(String),
}

impl Binding {
    #[must_use]
    pub fn new(server: SocketAddr, software: String, now: Nanos) -> Binding {
        Binding {
            server,
            software,
            transactions: Transactions::default(),
            mapped: None,
            next: now,
        }
    }

    /// When it has something to do.
    #[must_use]
    pub fn next(&self) -> Nanos {
        self.transactions.next().unwrap_or(self.next)
    }

    /// Whether an answer is awaited.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.transactions.is_empty()
    }

    pub fn advance(&mut self, now: Nanos, out: &mut impl FnMut(&[u8])) -> Told {
        if !self.transactions.advance(now, out).is_empty() {
            return Told::Failed("the STUN server does not answer".to_owned());
        }
        if now >= self.next && self.transactions.is_empty() {
            self.next = now + KEEP;
            let id = random();
            let message = Writer::request(BINDING, &id)
                .software(&self.software)
                .finish(None);
            self.transactions.send(id, (), message, now, out);
        }
        Told::Nothing
    }

    /// A datagram of the server; `None` when it is no answer to this.
    pub fn receive(&mut self, data: &[u8]) -> Option<Told> {
        let message = Reader::parse(data).filter(|message| message.method == BINDING)?;
        if !matches!(message.class, Class::Success | Class::Error) {
            return None;
        }
        self.transactions.answered(&message.transaction)?;
        if message.class == Class::Error {
            let (code, reason) = message.error();
            return Some(Told::Failed(format!(
                "the STUN server answers {code} {reason}"
            )));
        }
        Some(match message.mapped() {
            Some(mapped) if self.mapped != Some(mapped) => {
                self.mapped = Some(mapped);
                Told::Mapped(mapped)
            }
            Some(_) => Told::Nothing,
            None => Told::Failed("the STUN server's answer has no address".to_owned()),
        })
    }
}
