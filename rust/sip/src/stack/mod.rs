//! The transaction layer of a node: matching, retransmission, timers, and the answers that need
//! nobody above (RFC 3261 sections 8.2, 9, 13.3.1.4, 17 and 18; RFC 3262, 3581, 6026).
//!
//! No I/O and no clock: messages, and times in microseconds that never go back, come in by calls;
//! events and messages to send are fetched afterwards.  What is to be done when is in
//! [`crate::transaction`]; here is how.
//!
//! `receive` takes messages apart and finds their transaction, `client` and `server` are the calls
//! from above, `wire` makes messages, `store`, `timers` and `key` keep what is alive.

mod client;
mod event;
mod host;
mod key;
mod receive;
mod server;
mod stats;
mod store;
#[cfg(test)]
mod tests;
mod timers;
mod wire;

use std::collections::HashMap;
use std::sync::Arc;

pub use event::{Event, Failure, StackError, Transmit};
pub use host::Host;
pub use server::Respond;
pub use stats::{Counter, Stats};

use crate::message::Message;
use crate::token::Tokens;
use crate::transaction::{Action, Input, Machine, Span, State, next};
use crate::via::Via;

use key::{BuildMix, Keys};
use store::{Fork, Store, Txn};
use timers::{Slot, Timer, Timers};

/// RFC 3261 section 17.2.1: how long those above have before the stack answers INVITE with 100.
const EXPECT_MICROS: u64 = 200_000;
/// See `Span::Ringing`.
const RINGING_MICROS: u64 = 3_600_000_000;
/// RFC 3261 section 17.1.1.2: the least that timer D lasts.
const QUIET_MICROS: u64 = 32_000_000;
/// Forks of one INVITE whose 2xx are taken up.  More answer one call only by mistake or malice.
const MAX_FORKS: usize = 32;

/// Times are in microseconds.
#[derive(Clone, Debug)]
pub struct Config {
    pub t1: u64,
    pub t2: u64,
    pub t4: u64,
    /// Timers B and F.
    pub patience: u64,
    /// Transactions beyond which new requests outside dialogs are answered with 503.
    pub max_transactions: usize,
    /// Answered non-INVITE transactions that are kept for repetitions of the request; beyond it the
    /// oldest is forgotten before its 64*T1 are over.  At 5,000 requests a second the default still
    /// covers the first three repetitions (0.5, 1.5, 3.5 s), with 20 MB instead of 130.
    pub max_answered: usize,
    /// Send header names in their compact forms (RFC 3261 section 7.3.3).
    pub compact: bool,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            t1: 500_000,
            t2: 4_000_000,
            t4: 5_000_000,
            patience: 32_000_000,
            max_transactions: 200_000,
            max_answered: 20_000,
            compact: false,
        }
    }
}

/// A UDP socket, or a connection.
#[derive(Debug)]
struct Flow {
    /// `SIP/2.0/UDP 192.0.2.1:5060;branch=`
    via: Box<str>,
    rport: bool,
    reliable: bool,
    /// Client transactions alive, so that closing a connection without any is cheap.
    clients: usize,
}

/// The transaction layer.
#[derive(Debug)]
pub struct Stack {
    config: Config,
    flows: HashMap<u64, Flow, BuildMix>,
    store: Store,
    timers: Timers,
    keys: Keys,
    tokens: Tokens,
    now: u64,
    /// Transactions with `answered`.
    answered: usize,
    events: Vec<Event>,
    transmits: Vec<Transmit>,
    stats: Stats,
}

impl Stack {
    pub fn new(config: Config, mut tokens: Tokens) -> Stack {
        Stack {
            config,
            flows: HashMap::default(),
            store: Store::default(),
            timers: Timers::default(),
            keys: Keys::new(&mut tokens),
            tokens,
            now: 0,
            answered: 0,
            events: Vec::new(),
            transmits: Vec::new(),
            stats: Stats::default(),
        }
    }

    /// Make a flow known, or change it.  `transport` and `sent_by` go into Via.
    ///
    /// # Errors
    /// When they make no Via.
    pub fn add_flow(
        &mut self,
        flow: u64,
        transport: &str,
        sent_by: &str,
        reliable: bool,
        rport: bool,
    ) -> Result<(), StackError> {
        let via = format!("SIP/2.0/{transport} {sent_by}");
        if Via::parse(format!("{via};branch=x").as_bytes()).is_err() {
            return Err(StackError::Misplaced("transport and sent-by make no Via"));
        }
        let clients = self.flows.get(&flow).map_or(0, |old| old.clients);
        self.flows.insert(
            flow,
            Flow {
                via: via.into(),
                rport,
                reliable,
                clients,
            },
        );
        Ok(())
    }

    /// A connection is gone: its client transactions fail.
    pub fn remove_flow(&mut self, flow: u64, now: u64) {
        self.advance(now);
        let clients = self.flows.remove(&flow).map_or(0, |flow| flow.clients);
        if clients > 0 {
            for id in self.store.clients_of(flow) {
                self.apply(id, Input::Lost, &mut None);
            }
        }
    }

    /// Transactions alive.
    pub fn transactions(&self) -> usize {
        self.store.len()
    }

    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    pub fn take_events(&mut self) -> std::vec::Drain<'_, Event> {
        self.events.drain(..)
    }

    pub fn take_transmits(&mut self) -> std::vec::Drain<'_, Transmit> {
        self.transmits.drain(..)
    }

    /// When `expire` is to be called.
    pub fn next_timeout(&mut self) -> Option<u64> {
        let Stack { store, timers, .. } = self;
        timers.next(|timer| store.live(timer))
    }

    /// Let all timers expire that are due.
    pub fn expire(&mut self, now: u64) {
        self.advance(now);
        loop {
            let Stack {
                store, timers, now, ..
            } = self;
            let Some(timer) = timers.pop(*now, |timer| store.live(timer)) else {
                break;
            };
            let input = match timer.slot {
                Slot::Retransmit => Input::Retransmit,
                Slot::Expire => Input::Expire,
            };
            self.apply(timer.txn, input, &mut None);
        }
    }

    /// The queues of timers need a clock that never goes back.
    fn advance(&mut self, now: u64) {
        self.now = self.now.max(now);
    }

    fn count(&mut self, counter: Counter) {
        self.stats.count(counter);
    }

    /// Send on a flow that may be gone.
    fn transmit(&mut self, flow: u64, host: Host, port: u16, data: Arc<[u8]>) {
        if self.flows.contains_key(&flow) {
            self.transmits.push(Transmit {
                flow,
                host,
                port,
                data,
            });
        } else {
            self.count(Counter::NoFlow);
        }
    }

    /// Take up a transaction.
    fn begin(&mut self, txn: Txn) -> u64 {
        if txn.machine.is_client()
            && let Some(flow) = self.flows.get_mut(&txn.flow)
        {
            flow.clients += 1;
        }
        self.store.insert(txn)
    }

    fn forget(&mut self, id: u64) {
        let Some(txn) = self.store.remove(id) else {
            return;
        };
        self.answered -= usize::from(txn.answered);
        if txn.machine.is_client()
            && let Some(flow) = self.flows.get_mut(&txn.flow)
        {
            flow.clients = flow.clients.saturating_sub(1);
        }
    }

    /// Forget the transaction that has only waited for repetitions for the longest time.
    fn evict(&mut self) -> bool {
        let Stack { store, timers, .. } = self;
        let Some(timer) = timers.oldest(Span::Repeats, |timer| store.live(timer)) else {
            return false;
        };
        self.count(Counter::Evicted);
        self.forget(timer.txn);
        true
    }

    /// Let something happen to a transaction.  False when it is of no effect in its state.
    ///
    /// `message` is what came in; it is taken when it is reported.
    fn apply(&mut self, id: u64, input: Input, message: &mut Option<Message>) -> bool {
        let Some(txn) = self.store.get_mut(id) else {
            return false;
        };
        let Some(rule) = next(txn.machine, txn.state, input) else {
            return false;
        };
        txn.state = rule.to;
        let mut ended = rule.to == State::Terminated;
        for action in rule.actions {
            ended |= self.act(id, *action, message);
        }
        if input == Input::Expire {
            self.note_expiry(id);
        }
        if ended {
            self.forget(id);
        }
        true
    }

    /// Do one action.  True when the transaction ends with it.
    fn act(&mut self, id: u64, action: Action, message: &mut Option<Message>) -> bool {
        let t1 = self.config.t1;
        let t2 = self.config.t2;
        let Some(txn) = self.store.get_mut(id) else {
            return true;
        };
        match action {
            Action::Send => self.send_stored(id, false),
            Action::Resend => self.send_stored(id, true),
            Action::SendAck => self.send_failure_ack(id, message.as_ref()),
            Action::SendDeferredCancel => self.send_deferred_cancel(id),
            Action::Repeat if txn.reliable => {
                txn.restamp(Slot::Retransmit);
            }
            Action::Repeat | Action::RepeatSuccess => self.retransmit_after(id, t1),
            Action::Expect => self.retransmit_after(id, EXPECT_MICROS),
            Action::Double => {
                let interval = txn.interval.saturating_mul(2);
                self.retransmit_after(id, interval);
            }
            Action::DoubleToT2 => {
                let interval = txn.interval.saturating_mul(2).min(t2);
                self.retransmit_after(id, interval);
            }
            Action::AtT2 => self.retransmit_after(id, t2),
            Action::Settle => {
                txn.restamp(Slot::Retransmit);
            }
            Action::Nudge => self.nudge(id),
            Action::Last(span) => return self.last(id, span),
            Action::Report => self.report(id, message.take()),
            Action::ReportFork => self.report_fork(id, message.take()),
            Action::FailTimeout => self.fail(id, Failure::Timeout),
            Action::FailTransport => self.fail(id, Failure::Transport),
            Action::ReportMissingAck => {
                if !txn.acked {
                    self.ack_missing(id, false);
                }
            }
            Action::Drop => txn.sent = None,
            Action::Absorb => self.count(Counter::Repetitions),
        }
        false
    }

    fn send_stored(&mut self, id: u64, again: bool) {
        let Some(txn) = self.store.get(id) else {
            return;
        };
        let Some(data) = txn.sent.clone() else {
            return;
        };
        let (flow, host, port) = (txn.flow, txn.host.clone(), txn.port);
        if again {
            self.count(Counter::Retransmissions);
        }
        self.transmit(flow, host, port, data);
    }

    fn retransmit_after(&mut self, id: u64, interval: u64) {
        if let Some(txn) = self.store.get_mut(id) {
            txn.interval = interval;
            self.start_timer(id, Slot::Retransmit, None, interval);
        }
    }

    /// The present state lasts for `span`; true when that is no time at all.
    fn last(&mut self, id: u64, span: Span) -> bool {
        let Some(txn) = self.store.get_mut(id) else {
            return true;
        };
        let duration = match span {
            Span::Patience => self.config.patience,
            Span::Rounds => self.rounds(),
            Span::Quiet | Span::Crossing | Span::Repeats if txn.reliable => return true,
            Span::Quiet => self.rounds().max(QUIET_MICROS),
            Span::Crossing => self.config.t4,
            Span::Repeats => {
                txn.answered = true;
                self.answered += 1;
                while self.answered > self.config.max_answered.max(1) && self.evict() {}
                self.rounds()
            }
            // After a CANCEL the patience that began then counts, whatever comes in between.
            Span::Ringing if txn.machine.is_client() && txn.cancelled => return false,
            Span::Ringing => RINGING_MICROS,
        };
        self.start_timer(id, Slot::Expire, Some(span), duration);
        false
    }

    /// 64*T1.
    fn rounds(&self) -> u64 {
        self.config.t1.saturating_mul(64)
    }

    fn start_timer(&mut self, id: u64, slot: Slot, span: Option<Span>, duration: u64) {
        let Stack {
            store, timers, now, ..
        } = self;
        let Some(txn) = store.get_mut(id) else {
            return;
        };
        let timer = Timer {
            at: now.saturating_add(duration),
            txn: id,
            stamp: txn.restamp(slot),
            slot,
        };
        timers.start(span, duration, timer, |timer| store.live(timer));
    }

    fn report(&mut self, id: u64, message: Option<Message>) {
        let (Some(txn), Some(message)) = (self.store.get_mut(id), message) else {
            return;
        };
        if txn.internal {
            return;
        }
        let (counter, event) = match txn.machine {
            Machine::InviteClient | Machine::Client => (
                Counter::ResponsesReceived,
                Event::Response { txn: id, message },
            ),
            Machine::InviteServer | Machine::Server => {
                let event = if message.method() == "ACK" {
                    if txn.acked {
                        self.count(Counter::Repetitions);
                        return;
                    }
                    txn.acked = true;
                    Event::Ack { txn: id, message }
                } else {
                    Event::Request { txn: id, message }
                };
                (Counter::RequestsReceived, event)
            }
        };
        self.count(counter);
        self.events.push(event);
    }

    fn report_fork(&mut self, id: u64, message: Option<Message>) {
        let (Some(txn), Some(message)) = (self.store.get_mut(id), message) else {
            return;
        };
        let invite = txn.invite.get_or_insert_default();
        let tag = message.to_tag().unwrap_or("");
        if let Some(fork) = invite.forks.iter().find(|fork| *fork.to_tag == *tag) {
            let ack = fork.ack.clone();
            self.count(Counter::Repetitions);
            if let Some((flow, host, port, data)) = ack {
                self.count(Counter::Retransmissions);
                self.transmit(flow, host, port, data);
            }
        } else if invite.forks.len() >= MAX_FORKS {
            self.count(Counter::StrayResponses);
        } else {
            invite.forks.push(Fork {
                to_tag: tag.into(),
                ack: None,
            });
            self.count(Counter::ResponsesReceived);
            self.events.push(Event::Response { txn: id, message });
        }
    }

    fn fail(&mut self, id: u64, why: Failure) {
        let internal = self.store.get(id).is_none_or(|txn| txn.internal);
        self.count(match why {
            Failure::Timeout => Counter::Timeouts,
            Failure::Transport => Counter::TransportFailures,
        });
        if !internal {
            self.events.push(Event::Failed { txn: id, why });
        }
    }

    fn ack_missing(&mut self, id: u64, reliable_provisional: bool) {
        self.count(Counter::AcksMissing);
        self.events.push(Event::AckMissing {
            txn: id,
            reliable_provisional,
        });
    }

    fn note_expiry(&mut self, id: u64) {
        let unanswered = self
            .store
            .get(id)
            .is_some_and(|txn| !txn.machine.is_client() && !txn.responded);
        if unanswered {
            self.count(Counter::Unanswered);
        }
    }
}
