//! Requests from above: sending, cancelling, acknowledging.

use std::sync::Arc;

use crate::header::Header;
use crate::message::Message;
use crate::transaction::{Input, Machine, State};

use super::host::Host;
use super::store::{InviteClient, Txn};
use super::wire::{cancel, encode, failure_ack, with_via};
use super::{Counter, Stack, StackError};

impl Stack {
    /// Start a client transaction; `message` gets a Via on top.  Gives its number.
    ///
    /// # Errors
    /// For a flow that is not known, ACK, CANCEL, and a message that is no whole request.
    pub fn request(
        &mut self,
        message: &Message,
        flow: u64,
        host: &str,
        port: u16,
        now: u64,
    ) -> Result<u64, StackError> {
        self.advance(now);
        check(message)?;
        let method = message.method();
        if matches!(method, "ACK" | "CANCEL") {
            return Err(StackError::Misplaced(
                "ACK and CANCEL have calls of their own",
            ));
        }
        let branch = self.tokens.branch();
        let data = with_via(message, &self.via(flow, &branch)?, self.config.compact);
        let key = self.keys.client(&branch, method);
        let machine = if method == "INVITE" {
            Machine::InviteClient
        } else {
            Machine::Client
        };
        Ok(self.start_client(machine, key, flow, Host::new(host), port, data, false))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "where from and where to are four of them"
    )]
    fn start_client(
        &mut self,
        machine: Machine,
        key: super::key::Key,
        flow: u64,
        host: Host,
        port: u16,
        data: Vec<u8>,
        internal: bool,
    ) -> u64 {
        let reliable = self.flows.get(&flow).is_some_and(|flow| flow.reliable);
        let mut txn = Txn::new(machine, key, flow, reliable, host, port);
        txn.internal = internal;
        txn.sent = Some(data.into());
        let id = self.begin(txn);
        self.count(Counter::RequestsSent);
        self.apply(id, Input::Begin, &mut None);
        // An INVITE's ACK and CANCEL are made from it; of other requests only repetitions are.
        if reliable
            && machine == Machine::Client
            && let Some(txn) = self.store.get_mut(id)
        {
            txn.sent = None;
        }
        id
    }

    fn via(&self, flow: u64, branch: &str) -> Result<String, StackError> {
        let flow = self.flows.get(&flow).ok_or(StackError::UnknownFlow(flow))?;
        // In the order that most stacks write: some peers look for rport right behind the address.
        let rport = if flow.rport { ";rport" } else { "" };
        Ok([&flow.via, rport, ";branch=", branch].concat())
    }

    /// Send the ACK for a 2xx of INVITE client transaction `txn`, and keep it for repetitions of that
    /// 2xx.  It is sent also when the transaction is over.
    ///
    /// # Errors
    /// For a flow that is not known, and a message that is no whole ACK.
    pub fn send_ack(
        &mut self,
        txn: u64,
        message: &Message,
        flow: u64,
        host: &str,
        port: u16,
        now: u64,
    ) -> Result<(), StackError> {
        self.advance(now);
        check(message)?;
        if message.method() != "ACK" {
            return Err(StackError::Misplaced("not an ACK"));
        }
        let branch = self.tokens.branch();
        let data: Arc<[u8]> =
            with_via(message, &self.via(flow, &branch)?, self.config.compact).into();
        let host = Host::new(host);
        let tag = message.to_tag().unwrap_or("");
        let fork = self
            .store
            .get_mut(txn)
            .filter(|txn| txn.state == State::Accepted)
            .and_then(|txn| txn.invite.as_mut())
            .and_then(|invite| invite.forks.iter_mut().find(|fork| *fork.to_tag == *tag));
        if let Some(fork) = fork {
            fork.ack = Some((flow, host.clone(), port, data.clone()));
        }
        self.transmit(flow, host, port, data);
        Ok(())
    }

    /// CANCEL a pending INVITE: at once, or when its first provisional response comes (RFC 3261
    /// section 9.1).  Without effect on anything else.
    ///
    /// # Errors
    /// For a `reason` with a line break.
    pub fn cancel(&mut self, id: u64, reason: Option<&str>, now: u64) -> Result<(), StackError> {
        self.advance(now);
        if reason.is_some_and(|text| text.bytes().any(|b| matches!(b, b'\r' | b'\n' | 0))) {
            return Err(StackError::Misplaced("a line break in Reason"));
        }
        let Some(txn) = self.store.get_mut(id) else {
            return Ok(());
        };
        if txn.machine != Machine::InviteClient || txn.cancelled {
            return Ok(());
        }
        match txn.state {
            State::Trying => {
                txn.cancelled = true;
                let invite = txn.invite.get_or_insert_default();
                invite.deferred = Some(reason.map(Into::into));
            }
            State::Proceeding => {
                txn.cancelled = true;
                self.send_cancel(id, reason);
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn send_deferred_cancel(&mut self, id: u64) {
        let deferred = self
            .store
            .get_mut(id)
            .and_then(|txn| txn.invite.as_mut())
            .and_then(|invite: &mut Box<InviteClient>| invite.deferred.take());
        if let Some(reason) = deferred {
            self.send_cancel(id, reason.as_deref());
        }
    }

    fn send_cancel(&mut self, id: u64, reason: Option<&str>) {
        let Some(txn) = self.store.get(id) else {
            return;
        };
        let (flow, host, port) = (txn.flow, txn.host.clone(), txn.port);
        let request = sent_invite(txn).and_then(|invite| {
            let request = cancel(&invite, reason).ok()?;
            Some((self.keys.client(request.branch(), "CANCEL"), request))
        });
        self.apply(id, Input::Cancelled, &mut None);
        if let Some((key, request)) = request {
            let data = encode(&request, self.config.compact);
            self.start_client(Machine::Client, key, flow, host, port, data, true);
        }
    }

    /// Make, send and keep the ACK for a failure.
    pub(super) fn send_failure_ack(&mut self, id: u64, response: Option<&Message>) {
        let compact = self.config.compact;
        let Some(txn) = self.store.get_mut(id) else {
            return;
        };
        let ack = response
            .zip(sent_invite(txn))
            .and_then(|(response, invite)| failure_ack(&invite, response).ok());
        txn.sent = ack.map(|ack| encode(&ack, compact).into());
        self.send_stored(id, false);
    }
}

/// The INVITE as it was sent.  Reading it again costs less than keeping it taken apart.
fn sent_invite(txn: &Txn) -> Option<Message> {
    Message::parse(txn.sent.as_deref()?).ok()
}

/// Whether a message from above can be sent as a request and matched afterwards.
fn check(message: &Message) -> Result<(), StackError> {
    if !message.is_request() {
        return Err(StackError::Misplaced("not a request"));
    }
    if message.call_id().is_empty() {
        return Err(StackError::Incomplete("Call-ID"));
    }
    for (header, name) in [(Header::From, "From"), (Header::To, "To")] {
        if message.raw_header(header).is_none() {
            return Err(StackError::Incomplete(name));
        }
    }
    if message.cseq().1 != message.method() {
        return Err(StackError::Incomplete("CSeq of its method"));
    }
    Ok(())
}
