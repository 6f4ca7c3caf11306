//! The end that answers a handshake.
use super::connection::{
    Connection, Failure, HANDSHAKE_FAILURE, PATIENCE, PROTOCOL_VERSION, Part, Step, message,
    unexpected, version_name,
};
use super::fragments::Message;
use super::hello::{ClientHello, Extensions, GROUPS, PROFILES, ServerHello, VERSION};
use super::signing::SCHEMES;
use super::suite::CipherSuite;
use super::wire::{Reader, put, put_vector};
use crate::Nanos;
use ring::hmac;

impl Connection {
    pub(super) fn as_server(&mut self, message: &Message, now: Nanos) -> Result<(), Failure> {
        let mut reader = Reader(&message.body);
        if !matches!(
            message.kind,
            message::CERTIFICATE_VERIFY | message::FINISHED
        ) && self.step != Step::Hello
        {
            self.transcript.extend(message.whole());
        }
        match (self.step, message.kind) {
            (Step::Hello, message::CLIENT_HELLO) => self.take_client_hello(message, now)?,
            (Step::Certificate, message::CERTIFICATE) => {
                self.take_certificates(&message.body)?;
                self.step = Step::KeyExchange;
            }
            (Step::KeyExchange, message::CLIENT_KEY_EXCHANGE) => {
                let point = reader.vector(1)?;
                self.finish_exchange(point)?;
                self.derive()?;
                self.step = if self.peer.is_some() {
                    Step::Verify
                } else {
                    Step::Finished
                };
            }
            (Step::Verify, message::CERTIFICATE_VERIFY) => {
                let (scheme, made) = (reader.u16()?, reader.vector(2)?);
                self.verify(scheme, &self.transcript, made)?;
                self.transcript.extend(message.whole());
                self.step = Step::Finished;
            }
            (Step::Finished, message::FINISHED) => {
                self.check_finished(&message.body)?;
                self.transcript.extend(message.whole());
                self.begin_flight();
                self.flight.push(Part::ChangeCipherSpec);
                let finished = self.verify_data(false)?;
                self.message(1, message::FINISHED, finished);
                self.send_flight(now);
                self.export()?;
            }
            // A ClientHello in the clear afterwards may be anybody's.
            (Step::Over, _) => {}
            (step, kind) => return Err(unexpected(step, kind)),
        }
        Ok(())
    }

    fn take_client_hello(&mut self, message: &Message, now: Nanos) -> Result<(), Failure> {
        let hello = ClientHello::parse(&message.body)?;
        // Versions of DTLS count down.
        if hello.version > VERSION {
            return Err((
                PROTOCOL_VERSION,
                format!("the peer speaks DTLS {}", version_name(hello.version)),
            ));
        }
        // Who gets an answer larger than its question must have shown that it is where it says it is.
        let cookie = hmac::sign(&self.cookies, &hello.random);
        self.sent_messages = message.number;
        if hello.cookie != cookie.as_ref() {
            let mut body = vec![254, 255];
            put_vector(&mut body, 1, |out| out.extend_from_slice(cookie.as_ref()));
            self.begin_flight();
            self.message(0, message::HELLO_VERIFY_REQUEST, body);
            self.send_flight(now);
            self.begin_flight();
            self.transcript.clear();
            self.next = None;
            return Ok(());
        }
        let rsa = self.options.identity.key().is_rsa();
        let suite = hello.suites.iter().find_map(|id| {
            self.options
                .suites
                .iter()
                .find(|suite| suite.id == *id && suite.rsa == rsa)
        });
        let suite = *suite.ok_or_else(|| {
            let kind = if rsa { "RSA" } else { "ECDSA" };
            (
                HANDSHAKE_FAILURE,
                format!("no cipher of the peer goes with our certificate, which has an {kind} key"),
            )
        })?;
        let offered = hello.extensions.profiles.unwrap_or_default();
        self.profile = PROFILES
            .into_iter()
            .find(|profile| offered.contains(profile))
            .ok_or((
                HANDSHAKE_FAILURE,
                "the peer has no SRTP profile in common".to_owned(),
            ))?;
        let groups = &hello.extensions.groups;
        let group = if groups.is_empty() {
            23
        } else {
            *GROUPS.iter().find(|group| groups.contains(group)).ok_or((
                HANDSHAKE_FAILURE,
                "the peer has no curve in common".to_owned(),
            ))?
        };
        self.suite = Some(suite);
        self.randoms[0] = hello.random;
        self.extended_master = hello.extensions.extended_master;
        self.peer_schemes = hello.extensions.signatures;
        self.deadline = Some(now + PATIENCE);
        self.transcript = message.whole();
        self.send_server_flight(suite, group, hello.extensions.renegotiation, now)
    }

    fn send_server_flight(
        &mut self,
        suite: &CipherSuite,
        group: u16,
        renegotiation: bool,
        now: Nanos,
    ) -> Result<(), Failure> {
        self.begin_flight();
        let hello = ServerHello {
            version: VERSION,
            random: self.randoms[1],
            suite: suite.id,
            extensions: Extensions {
                profiles: Some(vec![self.profile]),
                extended_master: self.extended_master,
                renegotiation,
                point_formats: true,
                ..Extensions::default()
            },
        };
        self.message(0, message::SERVER_HELLO, hello.write());
        let certificate = self.our_certificate();
        self.message(0, message::CERTIFICATE, certificate);
        let public = self.begin_exchange(group)?;
        let mut body = vec![3];
        put(&mut body, 2, u64::from(group));
        put_vector(&mut body, 1, |out| out.extend_from_slice(&public));
        let [client, server] = &self.randoms;
        let (scheme, made) = self.sign(&[client, server, &body[..]].concat())?;
        put(&mut body, 2, u64::from(scheme));
        put_vector(&mut body, 2, |out| out.extend_from_slice(&made));
        self.message(0, message::SERVER_KEY_EXCHANGE, body);
        // Kinds: ECDSA and RSA; signatures; any authority.
        let mut body = vec![2, 64, 1];
        put_vector(&mut body, 2, |out| {
            SCHEMES
                .iter()
                .for_each(|scheme| put(out, 2, u64::from(*scheme)));
        });
        put(&mut body, 2, 0);
        self.message(0, message::CERTIFICATE_REQUEST, body);
        self.message(0, message::SERVER_HELLO_DONE, Vec::new());
        self.step = Step::Certificate;
        self.send_flight(now);
        Ok(())
    }
}
