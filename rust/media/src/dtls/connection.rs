//! The handshake of DTLS 1.2 (RFC 6347, 5246) as a state machine: datagrams and the time in, datagrams and keys out.
//!
//! What is there is what DTLS-SRTP needs: ephemeral elliptic key exchange, AEAD ciphers, RSA and ECDSA certificates of both
//! sides, the extended master secret where the peer has it (RFC 7627).  No renegotiation, no sessions to go on with.
use super::fragments::{Assembly, Message};
use super::hello::Random;
use super::records::{self, ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE, Layer, Record};
use super::signing;
use super::suite::CipherSuite;
use super::wire::{Malformed, Reader, put_vector};
use super::{Identity, Verification};
use crate::Nanos;
use ring::agreement::{self, EphemeralPrivateKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use std::sync::Arc;
use x509_cert::Certificate;

const MS: Nanos = 1_000_000;
/// First retransmission; a lost flight costs a caller this much silence.
const FIRST_RETRY: Nanos = 300 * MS;
/// Retransmissions of one flight.
const MOST_RETRIES: u32 = 6;
/// A handshake that is not done by then has failed.
pub(super) const PATIENCE: Nanos = 30_000 * MS;
/// The last flight is sent again for a peer that repeats its own, at most so often.
const SPACING: Nanos = 100 * MS;
/// Bytes of `verify_data`.
const VERIFY: usize = 12;

pub(super) mod message {
    pub const CLIENT_HELLO: u8 = 1;
    pub const SERVER_HELLO: u8 = 2;
    pub const HELLO_VERIFY_REQUEST: u8 = 3;
    pub const CERTIFICATE: u8 = 11;
    pub const SERVER_KEY_EXCHANGE: u8 = 12;
    pub const CERTIFICATE_REQUEST: u8 = 13;
    pub const SERVER_HELLO_DONE: u8 = 14;
    pub const CERTIFICATE_VERIFY: u8 = 15;
    pub const CLIENT_KEY_EXCHANGE: u8 = 16;
    pub const FINISHED: u8 = 20;
}

/// Why it failed: the alert that the peer gets (RFC 5246 section 7.2.2), and a sentence.
pub(super) type Failure = (u8, String);

pub(super) const UNEXPECTED: u8 = 10;
pub(super) const HANDSHAKE_FAILURE: u8 = 40;
pub(super) const BAD_CERTIFICATE: u8 = 42;
pub(super) const ILLEGAL: u8 = 47;
pub(super) const DECODE_ERROR: u8 = 50;
pub(super) const DECRYPT_ERROR: u8 = 51;
pub(super) const PROTOCOL_VERSION: u8 = 70;
pub(super) const INTERNAL_ERROR: u8 = 80;

impl From<Malformed> for Failure {
    fn from(_: Malformed) -> Failure {
        (
            DECODE_ERROR,
            "the peer sent a message that cannot be read".to_owned(),
        )
    }
}

/// What a connection is made with.
pub(super) struct Options {
    pub(super) client: bool,
    pub(super) identity: Arc<Identity>,
    pub(super) verification: Verification,
    pub(super) suites: Vec<&'static CipherSuite>,
    /// Largest datagram.
    pub(super) mtu: usize,
}

/// What is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Hello,
    Certificate,
    KeyExchange,
    /// Of a server: CertificateRequest or ServerHelloDone.
    Done,
    /// Of a client: CertificateVerify.
    Verify,
    Finished,
    Over,
}

/// A part of our last flight.
pub(super) enum Part {
    Message(u16, Message),
    ChangeCipherSpec,
}

/// One end.
pub(super) struct Connection {
    pub(super) options: Options,
    pub(super) step: Step,
    pub(super) randoms: [Random; 2],
    pub(super) suite: Option<&'static CipherSuite>,
    pub(super) extended_master: bool,
    pub(super) profile: u16,
    pub(super) transcript: Vec<u8>,
    pub(super) assembly: Assembly,
    pub(super) layer: Layer,
    pub(super) sent_messages: u16,
    pub(super) flight: Vec<Part>,
    pub(super) flight_at: Nanos,
    pub(super) retries: u32,
    pub(super) deadline: Option<Nanos>,
    pub(super) next: Option<Nanos>,
    /// What the peer complained of, in the clear: anybody may have sent it.
    pub(super) alert: Option<u8>,
    pub(super) peer: Option<Certificate>,
    pub(super) peer_schemes: Vec<u16>,
    pub(super) asked_for_certificate: bool,
    pub(super) exchange: Option<(u16, EphemeralPrivateKey)>,
    /// What a client puts into ClientKeyExchange.
    pub(super) public: Vec<u8>,
    pub(super) secret: Vec<u8>,
    pub(super) master: Vec<u8>,
    pub(super) cookies: hmac::Key,
    pub(super) random: SystemRandom,
    /// Datagrams that are to be sent.
    pub(super) out: Vec<Vec<u8>>,
    /// Keying material and profile, once.
    pub(super) material: Option<(Vec<u8>, u16)>,
    pub(super) closed: bool,
}

impl Connection {
    pub(super) fn new(options: Options, now: Nanos) -> Result<Connection, String> {
        let random = SystemRandom::new();
        let mut ours = [0; 32];
        let no_random = |_| "there are no random numbers".to_owned();
        random.fill(&mut ours).map_err(no_random)?;
        let cookies = hmac::Key::generate(hmac::HMAC_SHA256, &random).map_err(no_random)?;
        let client = options.client;
        Ok(Connection {
            options,
            step: Step::Hello,
            randoms: [ours; 2],
            suite: None,
            extended_master: false,
            profile: 0,
            transcript: Vec::new(),
            assembly: Assembly::default(),
            layer: Layer::default(),
            sent_messages: 0,
            flight: Vec::new(),
            flight_at: now,
            retries: 0,
            deadline: client.then_some(now + PATIENCE),
            next: client.then_some(now),
            alert: None,
            peer: None,
            peer_schemes: Vec::new(),
            asked_for_certificate: false,
            exchange: None,
            public: Vec::new(),
            secret: Vec::new(),
            master: Vec::new(),
            cookies,
            random,
            out: Vec::new(),
            material: None,
            closed: false,
        })
    }

    /// Time goes by: begin, or send again what got no answer.
    pub(super) fn advance(&mut self, now: Nanos) -> Result<(), String> {
        if self.next.is_none_or(|next| next > now) {
            return Ok(());
        }
        if self.flight.is_empty() {
            if self.options.client {
                self.send_client_hello(Vec::new(), now);
            } else {
                self.next = None;
            }
            return Ok(());
        }
        if let Some(alert) = self.alert {
            return Err(format!("the peer gave up: {}", alert_name(alert)));
        }
        if self.retries >= MOST_RETRIES || self.deadline.is_some_and(|deadline| now >= deadline) {
            return Err("the peer does not answer".to_owned());
        }
        self.retries += 1;
        self.send_flight(now);
        Ok(())
    }

    /// A datagram of the peer.  What is not genuine, or no DTLS, changes nothing.
    pub(super) fn receive(&mut self, datagram: &[u8], now: Nanos) -> Result<(), String> {
        for record in records::records(datagram) {
            let result = match record.epoch {
                0 => self.in_the_clear(&record, now),
                1 => match self.layer.open(record.kind, record.number, record.fragment) {
                    Some(plain) => self.sealed(record.kind, &plain, now),
                    None => Ok(()),
                },
                _ => Ok(()),
            };
            result.or_else(|failure| self.give_up(failure))?;
        }
        Ok(())
    }

    fn give_up(&mut self, (alert, why): Failure) -> Result<(), String> {
        if alert > 0 {
            let mut datagram = Vec::new();
            self.layer.write(&mut datagram, 0, ALERT, &[2, alert]);
            self.out.push(datagram);
        }
        Err(why)
    }

    fn in_the_clear(&mut self, record: &Record<'_>, now: Nanos) -> Result<(), Failure> {
        match record.kind {
            ALERT if record.fragment.first() == Some(&2) && self.step != Step::Over => {
                self.alert = record.fragment.get(1).copied();
            }
            HANDSHAKE if record.fragment.first() != Some(&message::FINISHED) => {
                if !self.options.client && self.step == Step::Hello {
                    // A first ClientHello is number 0 or, with its cookie, 1; either may be repeated.
                    let number = Reader(record.fragment.get(4..).unwrap_or_default()).u16();
                    if let Ok(number @ 0..=1) = number
                        && number != self.assembly.next
                    {
                        self.assembly.restart(number);
                    }
                    self.layer.at_least(record.sequence());
                }
                if self.assembly.add(record.fragment).is_ok() {
                    self.handle_messages(now)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn sealed(&mut self, kind: u8, plain: &[u8], now: Nanos) -> Result<(), Failure> {
        match kind {
            ALERT if plain == [1, 0] => self.closed = true,
            ALERT if plain.first() == Some(&2) => {
                if self.step == Step::Over {
                    self.closed = true;
                } else {
                    let name = alert_name(plain.get(1).copied().unwrap_or(0));
                    return Err((0, format!("the peer gave up: {name}")));
                }
            }
            HANDSHAKE if plain.first() == Some(&message::FINISHED) => {
                let repeated = self.assembly.add(plain).unwrap_or(false);
                if repeated && self.step == Step::Over && now >= self.flight_at + SPACING {
                    self.send_flight(now);
                    self.next = None;
                }
                self.handle_messages(now)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn handle_messages(&mut self, now: Nanos) -> Result<(), Failure> {
        while let Some(message) = self.assembly.take() {
            if self.options.client {
                self.as_client(&message, now)?;
            } else {
                self.as_server(&message, now)?;
            }
        }
        for (kind, number, fragment) in self.layer.take_early() {
            if let Some(plain) = self.layer.open(kind, number, &fragment) {
                self.sealed(kind, &plain, now)?;
            }
        }
        Ok(())
    }

    // ------------------------------------------------------------ flights

    pub(super) fn begin_flight(&mut self) {
        self.flight.clear();
        self.retries = 0;
    }

    pub(super) fn message(&mut self, epoch: u16, kind: u8, body: Vec<u8>) {
        let message = Message {
            kind,
            number: self.sent_messages,
            body,
        };
        self.sent_messages += 1;
        self.transcript.extend(message.whole());
        self.flight.push(Part::Message(epoch, message));
    }

    /// All of our flight, in as few datagrams as may be.
    pub(super) fn send_flight(&mut self, now: Nanos) {
        let mut datagrams: Vec<Vec<u8>> = vec![Vec::new()];
        let mtu = self.options.mtu;
        for part in &self.flight {
            let last = |datagrams: &[Vec<u8>]| datagrams.last().map_or(0, Vec::len);
            match part {
                Part::ChangeCipherSpec => {
                    if last(&datagrams) + records::HEADER + 1 > mtu {
                        datagrams.push(Vec::new());
                    }
                    if let Some(datagram) = datagrams.last_mut() {
                        self.layer.write(datagram, 0, CHANGE_CIPHER_SPEC, &[1]);
                    }
                }
                Part::Message(epoch, message) => {
                    let overhead = self.layer.overhead(*epoch) + 12;
                    let mut offset = 0;
                    loop {
                        let left = message.body.len() - offset;
                        let mut room = mtu.saturating_sub(last(&datagrams) + overhead);
                        if room < left.min(64) {
                            datagrams.push(Vec::new());
                            room = mtu.saturating_sub(overhead).max(1);
                        }
                        let length = left.min(room);
                        let fragment = message.fragment(offset, length);
                        if let Some(datagram) = datagrams.last_mut() {
                            self.layer.write(datagram, *epoch, HANDSHAKE, &fragment);
                        }
                        offset += length;
                        if offset >= message.body.len() {
                            break;
                        }
                    }
                }
            }
        }
        datagrams.retain(|datagram| !datagram.is_empty());
        self.out.append(&mut datagrams);
        self.flight_at = now;
        self.next = Some(now + (FIRST_RETRY << self.retries));
    }

    // ------------------------------------------------------------ both sides

    /// Our key exchange in this group: its public part.
    pub(super) fn begin_exchange(&mut self, group: u16) -> Result<Vec<u8>, Failure> {
        let failed = |_| (INTERNAL_ERROR, "a key could not be made".to_owned());
        let private =
            EphemeralPrivateKey::generate(algorithm(group)?, &self.random).map_err(failed)?;
        let public = private.compute_public_key().map_err(failed)?;
        self.exchange = Some((group, private));
        Ok(public.as_ref().to_vec())
    }

    pub(super) fn finish_exchange(&mut self, theirs: &[u8]) -> Result<(), Failure> {
        let (group, private) = self
            .exchange
            .take()
            .ok_or((UNEXPECTED, "out of order".to_owned()))?;
        let public = agreement::UnparsedPublicKey::new(algorithm(group)?, theirs);
        self.secret =
            agreement::agree_ephemeral(private, &public, <[u8]>::to_vec).map_err(|_| {
                (
                    ILLEGAL,
                    "the peer's key is no point on its curve".to_owned(),
                )
            })?;
        Ok(())
    }

    fn suite(&self) -> Result<&'static CipherSuite, Failure> {
        self.suite.ok_or((UNEXPECTED, "out of order".to_owned()))
    }

    /// After ClientKeyExchange: the keys of the records.
    pub(super) fn derive(&mut self) -> Result<(), Failure> {
        let suite = self.suite()?;
        let hash = suite.hash(&self.transcript);
        let [client, server] = &self.randoms;
        let session = self.extended_master.then(|| hash.as_ref());
        self.master = suite.master(&self.secret, session, [client, server]);
        self.secret.clear();
        let [of_client, of_server] = suite.keys(&self.master, client, server);
        if self.options.client {
            self.layer.set_keys(of_client, of_server);
        } else {
            self.layer.set_keys(of_server, of_client);
        }
        Ok(())
    }

    pub(super) fn verify_data(&self, of_client: bool) -> Result<Vec<u8>, Failure> {
        let suite = self.suite()?;
        let label = if of_client {
            "client finished"
        } else {
            "server finished"
        };
        let hash = suite.hash(&self.transcript);
        Ok(suite.prf(&self.master, label, &[hash.as_ref()], VERIFY))
    }

    pub(super) fn check_finished(&self, body: &[u8]) -> Result<(), Failure> {
        let expected = self.verify_data(!self.options.client)?;
        let same = body.len() == expected.len()
            && body
                .iter()
                .zip(&expected)
                .fold(0, |differing, (a, b)| differing | (a ^ b))
                == 0;
        if same {
            Ok(())
        } else {
            Err((
                DECRYPT_ERROR,
                "the peer has seen another handshake than we".to_owned(),
            ))
        }
    }

    pub(super) fn export(&mut self) -> Result<(), Failure> {
        let length = match self.profile {
            8 => 88,
            7 => 56,
            _ => 60,
        };
        let [client, server] = self.randoms;
        let made = self.suite()?.prf(
            &self.master,
            "EXTRACTOR-dtls_srtp",
            &[&client, &server],
            length,
        );
        self.material = Some((made, self.profile));
        self.step = Step::Over;
        self.next = None;
        self.transcript = Vec::new();
        Ok(())
    }

    pub(super) fn our_certificate(&self) -> Vec<u8> {
        let mut body = Vec::new();
        put_vector(&mut body, 3, |out| {
            for each in self.options.identity.chain() {
                put_vector(out, 3, |out| out.extend_from_slice(each));
            }
        });
        body
    }

    /// The peer's certificates; whether they will do.
    pub(super) fn take_certificates(&mut self, body: &[u8]) -> Result<(), Failure> {
        let mut reader = Reader(body);
        let mut list = Reader(reader.vector(3)?);
        reader.end()?;
        let mut chain = Vec::new();
        while !list.is_empty() {
            chain.push(list.vector(3)?.to_vec());
        }
        self.options
            .verification
            .check(&chain)
            .map_err(|why| (BAD_CERTIFICATE, why))?;
        if let Some(first) = chain.first() {
            let read = signing::certificate(first)
                .map_err(|why| (BAD_CERTIFICATE, format!("the peer's: {why}")))?;
            self.peer = Some(read);
        }
        Ok(())
    }

    pub(super) fn verify(&self, scheme: u16, message: &[u8], made: &[u8]) -> Result<(), Failure> {
        let peer = self
            .peer
            .as_ref()
            .ok_or((UNEXPECTED, "the peer has no certificate".to_owned()))?;
        signing::verify(peer, scheme, message, made).map_err(|why| (DECRYPT_ERROR, why))
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<(u16, Vec<u8>), Failure> {
        self.options
            .identity
            .key()
            .sign(&self.peer_schemes, message)
            .ok_or((
                HANDSHAKE_FAILURE,
                "the peer takes no signature that our certificate's key makes".to_owned(),
            ))
    }

    /// Say goodbye, if there is anybody to say it to.
    pub(super) fn close(&mut self) {
        if self.step == Step::Over && !self.closed {
            let mut datagram = Vec::new();
            self.layer.write(&mut datagram, 1, ALERT, &[1, 0]);
            self.out.push(datagram);
            self.closed = true;
        }
    }
}

fn algorithm(group: u16) -> Result<&'static agreement::Algorithm, Failure> {
    match group {
        29 => Ok(&agreement::X25519),
        23 => Ok(&agreement::ECDH_P256),
        24 => Ok(&agreement::ECDH_P384),
        _ => Err((ILLEGAL, format!("the curve {group} is not known"))),
    }
}

pub(super) fn unexpected(step: Step, kind: u8) -> Failure {
    (
        UNEXPECTED,
        format!("the peer sent the handshake message {kind} while {step:?} was awaited"),
    )
}

pub(super) fn version_name(version: u16) -> String {
    match version {
        0xfeff => "1.0".to_owned(),
        0xfefd => "1.2".to_owned(),
        0xfefc => "1.3".to_owned(),
        other => format!("{other:#06x}"),
    }
}

/// RFC 5246 section 7.2.
fn alert_name(alert: u8) -> String {
    let name = match alert {
        10 => "unexpected_message",
        20 => "bad_record_mac",
        40 => "handshake_failure",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        _ => return format!("alert {alert}"),
    };
    format!("{name} (alert {alert})")
}
