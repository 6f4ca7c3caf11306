//! Messages from the network: what they are, whose they are, and what is refused at the door.

use std::borrow::Cow;
use std::sync::Arc;

use crate::error::ParseError;
use crate::grammar;
use crate::header::Header;
use crate::message::Message;
use crate::transaction::{Input, Machine, State};

use super::key::Key;
use super::store::Txn;
use super::wire::{encode, reply_to};
use super::{Counter, Event, Stack, StackError};

/// Where a message came in.
#[derive(Clone, Copy)]
struct Source<'a> {
    flow: u64,
    reliable: bool,
    host: &'a str,
    port: u16,
}

impl Stack {
    /// Take one whole message from the network.
    ///
    /// # Errors
    /// For a flow that is not known; never for what is in `data`.
    pub fn receive(
        &mut self,
        data: &[u8],
        flow: u64,
        host: &str,
        port: u16,
        now: u64,
    ) -> Result<(), StackError> {
        self.advance(now);
        let reliable = self
            .flows
            .get(&flow)
            .ok_or(StackError::UnknownFlow(flow))?
            .reliable;
        let source = Source {
            flow,
            reliable,
            host,
            port,
        };
        // RFC 5626 section 3.5.1 and older habits: line breaks, zeros and blanks keep bindings open.
        if data
            .iter()
            .all(|byte| matches!(byte, b'\r' | b'\n' | b' ' | 0))
        {
            self.count(Counter::Keepalives);
            return Ok(());
        }
        match Message::parse(data) {
            Ok(message) if message.is_request() => self.receive_request(message, source),
            Ok(message) => self.receive_response(message),
            Err(error) => self.refuse_malformed(&error, source),
        }
        Ok(())
    }

    /// A datagram of ours came back as undeliverable (an ICMP error, RFC 3261 section 18.4): the transaction
    /// that sent it fails, unless its peer has been heard of.  `data` may be only the beginning of it.
    pub fn undeliverable(&mut self, data: &[u8], now: u64) {
        self.advance(now);
        let found = own_request(data).and_then(|(method, branch)| {
            let id = self.store.find(self.keys.client(branch, method))?;
            let txn = self.store.get(id)?;
            (txn.state == State::Trying && !txn.reliable).then_some(id)
        });
        if let Some(id) = found {
            self.apply(id, Input::Lost, &mut None);
        }
    }

    fn receive_response(&mut self, message: Message) {
        let method = message.cseq().1;
        // RFC 3261 section 8.1.3.3: with more than one Via it went astray.
        let vias: usize = message
            .raw_all("Via")
            .map(|line| grammar::elements(line).count())
            .sum();
        let found = match message.top_via() {
            Some(via) if vias == 1 => self.store.find(self.keys.client(via.branch(), method)),
            _ => None,
        };
        let input = match message.status() {
            ..200 => Input::Provisional,
            200..300 => Input::Success,
            _ => Input::Failure,
        };
        let mut message = Some(message);
        let known = found.is_some_and(|id| self.apply(id, input, &mut message));
        if !known {
            self.count(Counter::StrayResponses);
        }
    }

    fn receive_request(&mut self, message: Message, source: Source<'_>) {
        let Some(via) = message.top_via() else {
            // A parsed request has one.
            return self.count(Counter::Malformed);
        };
        let key = self.keys.server(&message, &via);
        match message.method() {
            "ACK" => self.receive_ack(message, key),
            "CANCEL" => self.receive_cancel(message, key, source),
            _ => match self.store.find(key) {
                Some(id) => {
                    self.apply(id, Input::Repeat, &mut None);
                }
                None => self.receive_new(message, key, source),
            },
        }
    }

    fn receive_ack(&mut self, message: Message, key: Key) {
        // The INVITE's own transaction for failures, and for clients that also acknowledge a 2xx so;
        // else the one whose 2xx has these tags.
        let found = self
            .store
            .find(key)
            .or_else(|| self.store.find(self.keys.ack(&message)));
        if let Some(id) = found {
            let mut message = Some(message);
            if !self.apply(id, Input::Ack, &mut message) {
                self.count(Counter::StrayAcks);
            }
        } else if message.to_tag().is_none_or(|tag| tag == self.keys.tag(key)) {
            // For a refusal of which nothing was kept.
            self.count(Counter::StrayAcks);
        } else {
            self.count(Counter::StrayAcks);
            self.events.push(Event::Ack { txn: 0, message });
        }
    }

    fn receive_cancel(&mut self, message: Message, key: Key, source: Source<'_>) {
        let found = self
            .store
            .find(key)
            .and_then(|id| Some((id, self.store.get_mut(id)?)));
        let Some((id, txn)) = found else {
            self.count(Counter::StrayCancels);
            return self.refuse(message, key, source, 481, "CANCEL of no transaction".into());
        };
        let tag = match &txn.to_tag {
            Some(tag) => tag.to_string(),
            None => self.keys.tag(key),
        };
        // One that has had its final response is not cancelled any more (section 9.2).
        let cancels = txn.state == State::Proceeding && !txn.cancelled;
        txn.cancelled |= cancels;
        // The answer goes where those to the INVITE go.
        let to_source = txn.port == txn.source_port;
        self.answer(&message, 200, &tag, None, to_source, source);
        if cancels {
            self.count(Counter::RequestsReceived);
            self.events.push(Event::Cancel { txn: id, message });
        } else {
            self.count(Counter::Repetitions);
        }
    }

    fn receive_new(&mut self, mut message: Message, key: Key, source: Source<'_>) {
        let in_dialog = message.to_tag().is_some();
        if !self.has_room(in_dialog) {
            self.count(Counter::Overload);
            return self.refuse(message, key, source, 503, "too many transactions".into());
        }
        if let Err(error) = message.check() {
            self.count(Counter::Malformed);
            return self.refuse(message, key, source, error.status, error.reason);
        }
        let invite = message.method() == "INVITE";
        let merged = self.keys.merged(&message);
        if !in_dialog {
            // "Ongoing" (RFC 3261 8.2.2.2): a phone that uses a CSeq again later is careless, no loop.
            let first = self.store.find(merged).and_then(|id| self.store.get(id));
            if first.is_some_and(|txn| !txn.answered) {
                self.count(Counter::Merged);
                return self.refuse(message, key, source, 482, "merged request".into());
            }
            if is_out_of_hops(&message) {
                self.count(Counter::TooManyHops);
                return self.refuse(message, key, source, 483, "no hops left".into());
            }
        }
        let Some(via) = message.top_via() else {
            return self.count(Counter::Malformed);
        };
        let (host, port) = reply_to(&via, source.reliable, source.host, source.port);
        message.note_source(source.host, source.port);
        let machine = if invite {
            Machine::InviteServer
        } else {
            Machine::Server
        };
        let mut txn = Txn::new(machine, key, source.flow, source.reliable, host, port);
        txn.source_port = source.port;
        txn.merged_key = (!in_dialog).then_some(merged);
        if invite {
            // Made now, because the request goes to those above: for the case that they take longer
            // than 200 ms, or that the INVITE is repeated before they answer.
            let trying = Message::response(&message, 100, None, None);
            let compact = self.config.compact;
            txn.sent = trying.ok().map(|message| encode(&message, compact).into());
        }
        let id = self.begin(txn);
        self.apply(id, Input::Begin, &mut Some(message));
    }

    /// Requests in a dialog have room beyond the limit: most of them end something.
    fn has_room(&mut self, in_dialog: bool) -> bool {
        let limit = self.config.max_transactions;
        let limit = if in_dialog {
            limit.saturating_mul(2)
        } else {
            limit
        };
        while self.store.len() >= limit {
            // Those that only wait for repetitions are the least loss.
            if !self.evict() {
                return false;
            }
        }
        true
    }

    fn refuse_malformed(&mut self, error: &ParseError, source: Source<'_>) {
        self.count(Counter::Malformed);
        if let Some(request) = error.partial()
            && request.method() != "ACK"
            && let Some(via) = request.top_via()
        {
            let key = self.keys.server(request, &via);
            return self.refuse(
                request.clone(),
                key,
                source,
                error.status,
                error.reason.clone(),
            );
        }
        self.events.push(Event::Rejected {
            status: error.status,
            why: error.reason.clone(),
        });
    }

    /// Answer without keeping anything, and tell.
    fn refuse(
        &mut self,
        message: Message,
        key: Key,
        source: Source<'_>,
        status: u16,
        why: Cow<'static, str>,
    ) {
        let tag = self.keys.tag(key);
        // RFC 3261 section 21.5.4; spread out, so that those refused do not come back at once.
        let retry = (status == 503).then(|| (self.tokens.number() % 8 + 3).to_string());
        self.answer(&message, status, &tag, retry.as_deref(), false, source);
        self.events.push(Event::Rejected { status, why });
    }

    fn answer(
        &mut self,
        request: &Message,
        status: u16,
        tag: &str,
        retry_after: Option<&str>,
        to_source: bool,
        source: Source<'_>,
    ) {
        let Some(via) = request.top_via() else {
            return;
        };
        let (host, port) = reply_to(&via, source.reliable, source.host, source.port);
        let port = if to_source { source.port } else { port };
        let mut request = request.clone();
        request.note_source(source.host, source.port);
        let response = Message::response(&request, status, None, Some(tag)).and_then(|mut made| {
            if let Some(seconds) = retry_after {
                made.add("Retry-After", seconds)?;
            }
            Ok(made)
        });
        if let Ok(response) = response {
            self.count(Counter::Answered);
            let data: Arc<[u8]> = encode(&response, self.config.compact).into();
            self.transmit(source.flow, host, port, data);
        }
    }
}

/// Method and topmost branch of a request that may have been cut off after its first lines.
fn own_request(data: &[u8]) -> Option<(&str, &str)> {
    let end = data.iter().rposition(|byte| *byte == b'\n')?;
    let text = std::str::from_utf8(data.get(..end)?).ok()?;
    let (method, _) = text.split_once(' ')?;
    let (_, rest) = text.split_once(";branch=")?;
    let branch = rest.split([';', ',', '\r', '\n', ' ']).next()?;
    Some((method, branch))
}

/// Whether an initial request may not be passed on (RFC 3261 section 16.3).
///
/// We are both ends of a call, so a call that loops through us is stopped here.  OPTIONS asks for an
/// answer exactly at this point, and REGISTER goes no further anyway.
fn is_out_of_hops(message: &Message) -> bool {
    !matches!(message.method(), "OPTIONS" | "REGISTER")
        && message
            .raw_header(Header::MaxForwards)
            .is_some_and(|value| !value.is_empty() && value.iter().all(|digit| *digit == b'0'))
}
