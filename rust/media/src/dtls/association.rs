//! One DTLS association of a port: the handshake, the check of the peer's certificate, the keys.
use super::connection::{Connection, Options};
use super::{Fingerprint, Identity, Trust, suite};
use crate::Nanos;
use crate::crypto::Suite;
use crate::port::Keys;
use std::sync::Arc;
use std::time::SystemTime;

/// What the peer's certificate must be.
#[derive(Clone, Default)]
pub struct Verification {
    /// Of the peer, from its SDP.  It must have one of these; none: anybody is believed.
    pub fingerprints: Vec<Fingerprint>,
    /// It must come from one of these authorities.
    pub trust: Option<Arc<Trust>>,
}

impl Verification {
    /// Whether these certificates, the peer's first, will do.
    pub(super) fn check(&self, chain: &[Vec<u8>]) -> Result<(), String> {
        let Some(first) = chain.first() else {
            return if self.fingerprints.is_empty() && self.trust.is_none() {
                Ok(())
            } else {
                Err("the peer has no certificate".to_owned())
            };
        };
        let known = self
            .fingerprints
            .iter()
            .any(|print| Fingerprint::of(print.hash, first) == *print);
        if !known && !self.fingerprints.is_empty() {
            return Err("the peer's certificate has not the fingerprint of its SDP".to_owned());
        }
        match &self.trust {
            Some(trust) => trust
                .check(chain, SystemTime::now())
                .map_err(|why| format!("the peer's certificate is not trusted: {why}")),
            None => Ok(()),
        }
    }
}

/// How a port does its handshake.
#[derive(Clone)]
pub struct Settings {
    pub identity: Arc<Identity>,
    /// We begin (`a=setup:active`).
    pub active: bool,
    pub verification: Verification,
    /// Largest datagram of the handshake.
    pub mtu: usize,
    /// Names of cipher suites as OpenSSL has them, empty for all.
    pub ciphers: Vec<String>,
    pub replay_protection: bool,
    /// Another number than before asks for a new association, though all else is the same.
    pub generation: u32,
}

impl Settings {
    /// Whether an association goes on under these, or a new one is due (RFC 8842 section 4).
    #[must_use]
    pub fn same_peer(&self, other: &Settings) -> bool {
        self.active == other.active
            && self.generation == other.generation
            && self.verification.fingerprints == other.verification.fingerprints
            && self.identity.certificate() == other.identity.certificate()
    }
}

/// What a step of the handshake led to.
pub enum Progress {
    /// Keys of both directions, and the suite's name.
    Keys(Box<Keys>, &'static str),
    Failed(String),
    /// The peer ended it.
    Closed,
}

/// The handshake of one port.
pub struct Association {
    settings: Settings,
    /// `None` once it failed or was closed.
    connection: Option<Connection>,
}

impl Association {
    pub fn new(settings: Settings, now: Nanos) -> Result<Association, String> {
        let options = Options {
            client: settings.active,
            identity: Arc::clone(&settings.identity),
            verification: settings.verification.clone(),
            suites: suite::chosen(&settings.ciphers)?,
            mtu: settings.mtu.clamp(256, 1400),
        };
        Ok(Association {
            connection: Some(Connection::new(options, now)?),
            settings,
        })
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether it has to be told how time goes by.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.connection.as_ref().is_some_and(|it| it.next.is_some())
    }

    /// A datagram of the peer.
    pub fn receive(
        &mut self,
        data: &[u8],
        now: Nanos,
        send: &mut impl FnMut(&[u8]),
    ) -> Option<Progress> {
        let result = self.connection.as_mut()?.receive(data, now);
        self.progress(result, send)
    }

    /// Time goes by; to be called again and again while it is busy.
    pub fn advance(&mut self, now: Nanos, send: &mut impl FnMut(&[u8])) -> Option<Progress> {
        let result = self.connection.as_mut()?.advance(now);
        self.progress(result, send)
    }

    fn progress(
        &mut self,
        result: Result<(), String>,
        send: &mut impl FnMut(&[u8]),
    ) -> Option<Progress> {
        let connection = self.connection.as_mut()?;
        connection
            .out
            .drain(..)
            .for_each(|datagram| send(&datagram));
        if let Err(why) = result {
            self.connection = None;
            return Some(Progress::Failed(why));
        }
        if let Some((material, profile)) = connection.material.take() {
            return match self.keys(&material, profile) {
                Some((keys, suite)) => Some(Progress::Keys(Box::new(keys), suite.name())),
                None => Some(Progress::Failed(format!(
                    "SRTP profile {profile} is not known"
                ))),
            };
        }
        if connection.closed {
            self.connection = None;
            return Some(Progress::Closed);
        }
        None
    }

    /// RFC 5764 section 4.2: the client's key, the server's, the client's salt, the server's.
    fn keys(&self, material: &[u8], profile: u16) -> Option<(Keys, Suite)> {
        let suite = match profile {
            1 => Suite::AesCm128Sha1_80,
            7 => Suite::AeadAes128Gcm,
            8 => Suite::AeadAes256Gcm,
            _ => return None,
        };
        let (key, salt) = (suite.key_length(), suite.salt_length());
        let part = |start: usize, length: usize| material.get(start..start + length);
        let client = [part(0, key)?, part(2 * key, salt)?].concat();
        let server = [part(key, key)?, part(2 * key + salt, salt)?].concat();
        let (ours, theirs) = if self.settings.active {
            (client, server)
        } else {
            (server, client)
        };
        let keys = Keys::new(
            (suite, &ours),
            (suite, &theirs),
            self.settings.replay_protection,
        )?;
        Some((keys, suite))
    }

    /// Say goodbye, if there is anybody to say it to.
    pub fn close(&mut self, send: &mut impl FnMut(&[u8])) {
        if let Some(mut connection) = self.connection.take() {
            connection.close();
            connection
                .out
                .drain(..)
                .for_each(|datagram| send(&datagram));
        }
    }
}

#[cfg(test)]
#[path = "association_tests.rs"]
mod tests;
