//! One DTLS association of a port: the handshake, the check of the peer's certificate, the keys.
use super::{Fingerprint, Identity};
use crate::Nanos;
use crate::crypto::Suite;
use crate::port::Keys;
use dimpl::crypto::Dtls12CipherSuite;
use dimpl::{Config, Dtls, Output, SrtpProfile};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// First retransmission; a lost flight costs a caller this much silence.
const FIRST_RETRY: Duration = Duration::from_millis(300);
/// A handshake that is not done by then has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Room for one record.
const RECORD: usize = 4096;

/// How a port does its handshake.
#[derive(Clone)]
pub struct Settings {
    pub identity: Arc<Identity>,
    /// We begin (`a=setup:active`).
    pub active: bool,
    /// Of the peer, from its SDP.  It must have one of these; none: anybody is believed.
    pub fingerprints: Vec<Fingerprint>,
    /// Largest datagram of the handshake.
    pub mtu: usize,
    /// Names of cipher suites as OpenSSL has them, empty for all.
    pub ciphers: Vec<String>,
    pub replay_protection: bool,
}

impl Settings {
    /// Whether an association goes on under these, or a new one is due (RFC 8842 section 4).
    #[must_use]
    pub fn same_peer(&self, other: &Settings) -> bool {
        self.active == other.active
            && self.fingerprints == other.fingerprints
            && self.identity.certificate() == other.identity.certificate()
    }

    fn config(&self) -> Result<Config, String> {
        let mut builder = Config::builder()
            .mtu(self.mtu.clamp(256, 1400))
            .flight_start_rto(FIRST_RETRY)
            .flight_retries(6)
            .handshake_timeout(PATIENCE);
        if !self.ciphers.is_empty() {
            let known = [
                (
                    "ECDHE-ECDSA-AES256-GCM-SHA384",
                    Dtls12CipherSuite::ECDHE_ECDSA_AES256_GCM_SHA384,
                ),
                (
                    "ECDHE-ECDSA-AES128-GCM-SHA256",
                    Dtls12CipherSuite::ECDHE_ECDSA_AES128_GCM_SHA256,
                ),
                (
                    "ECDHE-ECDSA-CHACHA20-POLY1305",
                    Dtls12CipherSuite::ECDHE_ECDSA_CHACHA20_POLY1305_SHA256,
                ),
            ];
            let wanted: Vec<Dtls12CipherSuite> = self
                .ciphers
                .iter()
                .filter_map(|name| known.iter().find(|(known, _)| known == name))
                .map(|(_, suite)| *suite)
                .collect();
            if wanted.is_empty() {
                return Err(format!("no cipher of {} is known", self.ciphers.join(":")));
            }
            builder = builder.dtls12_cipher_suites(&wanted);
        }
        builder.build().map_err(|error| error.to_string())
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
    dtls: Option<Dtls>,
    /// An instant and the time that it stands for.
    base: (Instant, Nanos),
    /// When `advance` is due.
    next: Option<Nanos>,
    certificate_checked: bool,
    done: bool,
}

impl Association {
    /// `base` is any instant, taken for the time `now`.
    pub fn new(settings: Settings, base: Instant, now: Nanos) -> Result<Association, String> {
        let config = Arc::new(settings.config()?);
        // 1.2 is what phones and browsers speak for SRTP; who has 1.3 has it as well.
        let mut dtls = Dtls::new_12(config, settings.identity.inner.clone(), base);
        dtls.set_active(settings.active);
        Ok(Association {
            settings,
            dtls: Some(dtls),
            base: (base, now),
            next: Some(now),
            certificate_checked: false,
            done: false,
        })
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether the handshake still goes on.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.dtls.is_some() && !self.done
    }

    fn instant(&self, now: Nanos) -> Instant {
        self.base.0 + Duration::from_nanos(now.saturating_sub(self.base.1))
    }

    /// A datagram of the peer.
    pub fn receive(
        &mut self,
        data: &[u8],
        now: Nanos,
        send: &mut impl FnMut(&[u8]),
    ) -> Option<Progress> {
        let instant = self.instant(now);
        let dtls = self.dtls.as_mut()?;
        let result = dtls
            .handle_timeout(instant)
            .and_then(|()| dtls.handle_packet(data));
        match result {
            Ok(()) => self.poll(now, send),
            Err(error) => Some(self.fail(error.to_string())),
        }
    }

    /// Time goes by; to be called again and again while it is busy.
    pub fn advance(&mut self, now: Nanos, send: &mut impl FnMut(&[u8])) -> Option<Progress> {
        if self.next.is_none_or(|next| next > now) {
            return None;
        }
        let instant = self.instant(now);
        match self.dtls.as_mut()?.handle_timeout(instant) {
            Ok(()) => self.poll(now, send),
            Err(error) => Some(self.fail(error.to_string())),
        }
    }

    fn fail(&mut self, why: String) -> Progress {
        self.dtls = None;
        Progress::Failed(why)
    }

    /// Take out what there is.
    fn poll(&mut self, now: Nanos, send: &mut impl FnMut(&[u8])) -> Option<Progress> {
        let mut buffer = vec![0u8; RECORD];
        let mut progress = None;
        loop {
            let base = self.base;
            let dtls = self.dtls.as_mut()?;
            match dtls.poll_output(&mut buffer) {
                Output::Packet(data) => send(data),
                Output::BufferTooSmall { needed } => buffer.resize(needed, 0),
                Output::PeerCert(certificate) => {
                    let prints = &self.settings.fingerprints;
                    let known = prints
                        .iter()
                        .any(|print| Fingerprint::of(print.hash, certificate) == *print);
                    if !known && !prints.is_empty() {
                        return Some(self.fail(
                            "the peer's certificate has not the fingerprint of its SDP".to_owned(),
                        ));
                    }
                    self.certificate_checked = true;
                }
                Output::KeyingMaterial(material, profile) => {
                    if !self.certificate_checked && !self.settings.fingerprints.is_empty() {
                        return Some(self.fail("the peer has no certificate".to_owned()));
                    }
                    self.done = true;
                    progress = match self.keys(&material, profile) {
                        Some((keys, suite)) => Some(Progress::Keys(Box::new(keys), suite.name())),
                        None => Some(self.fail(format!("SRTP profile {profile} is not known"))),
                    };
                }
                Output::CloseNotify => {
                    self.dtls = None;
                    return progress.or(Some(Progress::Closed));
                }
                Output::Timeout(at) => {
                    let after = at.saturating_duration_since(base.0);
                    let due = base.1.saturating_add(after.as_nanos() as Nanos);
                    // Never at once again: a timer of the past would spin.
                    self.next = Some(due.max(now + 1));
                    return progress;
                }
                // Connected comes with the keys; data is not for us.
                _ => {}
            }
        }
    }

    /// RFC 5764 section 4.2: the client's key, the server's, the client's salt, the server's.
    fn keys(&self, material: &[u8], profile: SrtpProfile) -> Option<(Keys, Suite)> {
        let suite = match profile {
            SrtpProfile::AES128_CM_SHA1_80 => Suite::AesCm128Sha1_80,
            SrtpProfile::AEAD_AES_128_GCM => Suite::AeadAes128Gcm,
            SrtpProfile::AEAD_AES_256_GCM => Suite::AeadAes256Gcm,
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
    pub fn close(&mut self, now: Nanos, send: &mut impl FnMut(&[u8])) {
        if let Some(dtls) = self.dtls.as_mut().filter(|_| self.done)
            && dtls.close().is_ok()
        {
            let _ = self.poll(now, send);
        }
        self.dtls = None;
    }
}

#[cfg(test)]
#[path = "association_tests.rs"]
mod tests;
