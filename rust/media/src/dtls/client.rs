//! The end that begins a handshake.
use super::connection::{
    BAD_CERTIFICATE, Connection, Failure, HANDSHAKE_FAILURE, ILLEGAL, PROTOCOL_VERSION, Part, Step,
    message, unexpected, version_name,
};
use super::fragments::Message;
use super::hello::{ClientHello, GROUPS, PROFILES, ServerHello, VERSION};
use super::wire::{Reader, put, put_vector};
use crate::Nanos;

impl Connection {
    pub(super) fn send_client_hello(&mut self, cookie: Vec<u8>, now: Nanos) {
        self.begin_flight();
        self.transcript.clear();
        let suites = self.options.suites.iter().map(|suite| suite.id).collect();
        let hello = ClientHello::ours(self.randoms[0], cookie, suites);
        self.message(0, message::CLIENT_HELLO, hello.write());
        self.send_flight(now);
    }

    pub(super) fn as_client(&mut self, message: &Message, now: Nanos) -> Result<(), Failure> {
        let mut reader = Reader(&message.body);
        if !matches!(
            message.kind,
            message::HELLO_VERIFY_REQUEST | message::FINISHED
        ) {
            self.transcript.extend(message.whole());
        }
        match (self.step, message.kind) {
            (Step::Hello, message::HELLO_VERIFY_REQUEST) => {
                let _version = reader.u16()?;
                let cookie = reader.vector(1)?.to_vec();
                self.send_client_hello(cookie, now);
            }
            (Step::Hello, message::SERVER_HELLO) => self.take_server_hello(&message.body)?,
            (Step::Certificate, message::CERTIFICATE) => {
                self.take_certificates(&message.body)?;
                if self.peer.is_none() {
                    return Err((BAD_CERTIFICATE, "the peer has no certificate".to_owned()));
                }
                self.step = Step::KeyExchange;
            }
            (Step::KeyExchange, message::SERVER_KEY_EXCHANGE) => {
                self.take_server_key(&message.body)?;
                self.step = Step::Done;
            }
            (Step::Done, message::CERTIFICATE_REQUEST) => {
                let _kinds = reader.vector(1)?;
                self.peer_schemes = reader.numbers()?;
                let _authorities = reader.vector(2)?;
                self.asked_for_certificate = true;
            }
            (Step::Done, message::SERVER_HELLO_DONE) => self.send_client_keys(now)?,
            (Step::Finished, message::FINISHED) => {
                self.check_finished(&message.body)?;
                self.export()?;
            }
            // HelloRequest and whatever a server may add afterwards.
            (Step::Over, _) | (_, 0) => {}
            (step, kind) => return Err(unexpected(step, kind)),
        }
        Ok(())
    }

    fn take_server_hello(&mut self, body: &[u8]) -> Result<(), Failure> {
        let hello = ServerHello::parse(body)?;
        if hello.version != VERSION {
            return Err((
                PROTOCOL_VERSION,
                format!("the peer speaks DTLS {}", version_name(hello.version)),
            ));
        }
        let suite = self
            .options
            .suites
            .iter()
            .find(|suite| suite.id == hello.suite);
        self.suite = Some(*suite.ok_or((
            ILLEGAL,
            format!("the peer has chosen the cipher {:#06x}", hello.suite),
        ))?);
        let profiles = hello.extensions.profiles.unwrap_or_default();
        self.profile = match profiles[..] {
            [one] if PROFILES.contains(&one) => one,
            _ => {
                return Err((
                    HANDSHAKE_FAILURE,
                    "the peer has chosen no SRTP profile".to_owned(),
                ));
            }
        };
        self.randoms[1] = hello.random;
        self.extended_master = hello.extensions.extended_master;
        self.step = Step::Certificate;
        Ok(())
    }

    fn take_server_key(&mut self, body: &[u8]) -> Result<(), Failure> {
        let mut reader = Reader(body);
        let named = reader.u8()? == 3;
        let group = reader.u16()?;
        let point = reader.vector(1)?;
        let parameters = &body[..body.len() - reader.0.len()];
        let (scheme, made) = (reader.u16()?, reader.vector(2)?);
        reader.end()?;
        if !named || !GROUPS.contains(&group) {
            return Err((
                ILLEGAL,
                "the peer has chosen a curve that was not offered".to_owned(),
            ));
        }
        let [client, server] = &self.randoms;
        self.verify(scheme, &[client, server, parameters].concat(), made)?;
        let public = self.begin_exchange(group)?;
        self.finish_exchange(point)?;
        self.public = public;
        Ok(())
    }

    fn send_client_keys(&mut self, now: Nanos) -> Result<(), Failure> {
        self.begin_flight();
        if self.asked_for_certificate {
            let certificate = self.our_certificate();
            self.message(0, message::CERTIFICATE, certificate);
        }
        let mut body = Vec::new();
        put_vector(&mut body, 1, |out| out.extend_from_slice(&self.public));
        self.message(0, message::CLIENT_KEY_EXCHANGE, body);
        self.derive()?;
        if self.asked_for_certificate {
            let (scheme, made) = self.sign(&self.transcript)?;
            let mut body = Vec::new();
            put(&mut body, 2, u64::from(scheme));
            put_vector(&mut body, 2, |out| out.extend_from_slice(&made));
            self.message(0, message::CERTIFICATE_VERIFY, body);
        }
        self.flight.push(Part::ChangeCipherSpec);
        let finished = self.verify_data(true)?;
        self.message(1, message::FINISHED, finished);
        self.step = Step::Finished;
        self.send_flight(now);
        Ok(())
    }
}
