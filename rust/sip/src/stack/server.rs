//! Responses from above.

use std::sync::Arc;

use crate::message::Message;
use crate::transaction::{Input, Machine, State};

use super::timers::Slot;
use super::wire::{encode, tagged};
use super::{Counter, Stack, StackError};

/// How a response is to be treated.
#[derive(Clone, Copy, Debug, Default)]
pub struct Respond {
    /// Drop the transaction at once; repetitions of the request count as new.
    pub forget: bool,
    /// Repeat until `provisional_acked` (RFC 3262).
    pub reliable_provisional: bool,
    /// Answer to the port that the request came from even if its Via does not ask for it (for phones
    /// behind NAT that know nothing of RFC 3581); holds for all further responses.
    pub to_source: bool,
}

impl Stack {
    /// Send a response.  One that comes too late, or after a final one, is counted and dropped: the
    /// transaction may have ended by itself.
    ///
    /// A response above 100 without a To tag gets one that is the same for all responses of the
    /// transaction.
    ///
    /// # Errors
    /// When `message` is no response.
    pub fn respond(
        &mut self,
        id: u64,
        message: &Message,
        how: Respond,
        now: u64,
    ) -> Result<(), StackError> {
        self.advance(now);
        let status = message.status();
        let input = match status {
            0 => return Err(StackError::Misplaced("not a response")),
            1..200 => Input::Provisional,
            200..300 => Input::Success,
            _ => Input::Failure,
        };
        let pending = self.store.get(id).is_some_and(|txn| {
            !txn.machine.is_client() && matches!(txn.state, State::Trying | State::Proceeding)
        });
        if !pending {
            self.count(Counter::Dropped);
            return Ok(());
        }
        let Some(data) = self.prepare(id, message, status) else {
            return Err(StackError::Misplaced("a response without To"));
        };
        self.count(Counter::ResponsesSent);
        let rounds = self.rounds();
        let t1 = self.config.t1;
        let Some(txn) = self.store.get_mut(id) else {
            return Ok(());
        };
        txn.responded = true;
        if how.to_source {
            txn.port = txn.source_port;
        }
        let invite = txn.machine == Machine::InviteServer;
        if input == Input::Provisional
            && invite
            && txn.provisional_waits
            && !how.reliable_provisional
        {
            // The reliable one stays what is repeated.
            let (flow, host, port) = (txn.flow, txn.host.clone(), txn.port);
            self.transmit(flow, host, port, data);
            return Ok(());
        }
        txn.sent = Some(data);
        txn.provisional_waits = input == Input::Provisional && invite && how.reliable_provisional;
        txn.give_up = self.now.saturating_add(rounds);
        let waits = txn.provisional_waits;
        if input == Input::Success && invite {
            self.expect_ack(id, message);
        }
        self.apply(id, input, &mut None);
        if waits {
            self.retransmit_after(id, t1);
        }
        if how.forget {
            self.forget(id);
        }
        Ok(())
    }

    /// The response as bytes, with a To tag.
    fn prepare(&mut self, id: u64, message: &Message, status: u16) -> Option<Arc<[u8]>> {
        let compact = self.config.compact;
        let txn = self.store.get_mut(id)?;
        if status > 100 {
            match message.to_tag() {
                Some(tag) => {
                    // Needed again only by the answer to CANCEL.
                    if txn.machine == Machine::InviteServer && txn.to_tag.is_none() {
                        txn.to_tag = Some(tag.into());
                    }
                }
                None => {
                    let tag = match &txn.to_tag {
                        Some(tag) => tag.to_string(),
                        None => self.keys.tag(txn.key),
                    };
                    return Some(encode(&tagged(message, &tag).ok()?, compact).into());
                }
            }
        }
        Some(encode(message, compact).into())
    }

    /// Note by what the ACK for this 2xx will be found.
    fn expect_ack(&mut self, id: u64, message: &Message) {
        let key = match message.to_tag() {
            Some(_) => self.keys.ack(message),
            None => {
                let Some(txn) = self.store.get(id) else {
                    return;
                };
                let tag = self.keys.tag(txn.key);
                match tagged(message, &tag) {
                    Ok(message) => self.keys.ack(&message),
                    Err(_) => return,
                }
            }
        };
        if let Some(txn) = self.store.get_mut(id) {
            txn.ack_key = Some(key);
            self.store.index(key, id);
        }
    }

    /// The PRACK for the reliable provisional of `txn` has come: stop repeating it.
    pub fn provisional_acked(&mut self, id: u64) {
        if let Some(txn) = self.store.get_mut(id)
            && txn.provisional_waits
        {
            txn.provisional_waits = false;
            txn.restamp(Slot::Retransmit);
        }
    }

    /// The retransmission timer of an INVITE that has no final response yet.
    pub(super) fn nudge(&mut self, id: u64) {
        let now = self.now;
        let Some(txn) = self.store.get_mut(id) else {
            return;
        };
        if !txn.provisional_waits {
            // Nothing was said for 200 ms.
            return self.send_stored(id, false);
        }
        if now >= txn.give_up {
            txn.provisional_waits = false;
            return self.ack_missing(id, true);
        }
        // RFC 3262 section 3: doubles without an upper bound, until 64*T1.
        let interval = txn.interval.saturating_mul(2).min(txn.give_up - now);
        self.send_stored(id, true);
        self.retransmit_after(id, interval);
    }
}
