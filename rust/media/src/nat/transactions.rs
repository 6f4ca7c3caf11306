//! Requests to a server that wait for their answers (RFC 8489 section 6.2.1).
use super::stun::Transaction;
use crate::Nanos;

/// Time to the first retransmission; it doubles with each.
const FIRST_RETRY: Nanos = 500_000_000;
/// How often a request is sent.
const MOST: u32 = 7;
/// How long an answer to the last one is awaited.
const LAST: Nanos = 8_000_000_000;

struct Waiting<T> {
    id: Transaction,
    what: T,
    message: Vec<u8>,
    sent: u32,
    due: Nanos,
}

/// Those to one server; `T` says what each is for.
pub(super) struct Transactions<T> {
    waiting: Vec<Waiting<T>>,
}

impl<T> Default for Transactions<T> {
    fn default() -> Self {
        Transactions {
            waiting: Vec::new(),
        }
    }
}

impl<T> Transactions<T> {
    /// Send a request, and again until it is answered.
    pub(super) fn send(
        &mut self,
        id: Transaction,
        what: T,
        message: Vec<u8>,
        now: Nanos,
        out: &mut impl FnMut(&[u8]),
    ) {
        out(&message);
        self.waiting.push(Waiting {
            id,
            what,
            message,
            sent: 1,
            due: now + FIRST_RETRY,
        });
    }

    /// What an answer is for.
    pub(super) fn answered(&mut self, id: &Transaction) -> Option<T> {
        let at = self.waiting.iter().position(|each| each.id == *id)?;
        Some(self.waiting.swap_remove(at).what)
    }

    /// Send again what is due; what had no answer at all.
    pub(super) fn advance(&mut self, now: Nanos, out: &mut impl FnMut(&[u8])) -> Vec<T> {
        let mut failed = Vec::new();
        let mut index = 0;
        while let Some(each) = self.waiting.get_mut(index) {
            if each.due > now {
                index += 1;
            } else if each.sent >= MOST {
                failed.push(self.waiting.swap_remove(index).what);
            } else {
                out(&each.message);
                each.sent += 1;
                each.due = now
                    + if each.sent == MOST {
                        LAST
                    } else {
                        FIRST_RETRY << (each.sent - 1)
                    };
                index += 1;
            }
        }
        failed
    }

    pub(super) fn next(&self) -> Option<Nanos> {
        self.waiting.iter().map(|each| each.due).min()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}
