//! Timers as data.
//!
//! A transaction's durations are few (T1 and its doubles up to T2, 64*T1, T4 ...), and time only goes
//! forward.  So all timers of one duration expire in the order in which they were started, and a
//! queue for each duration does what a heap would, in constant time.  A timer is cancelled by
//! changing the stamp of its transaction; what is left of it in the queue is passed over later.

use std::collections::VecDeque;

use crate::transaction::Span;

/// The two timers of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Retransmit,
    Expire,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Timer {
    /// Microseconds.
    pub at: u64,
    pub txn: u64,
    pub stamp: u32,
    pub slot: Slot,
}

#[derive(Debug)]
struct Queue {
    /// Spans have queues of their own even where durations agree, see `oldest`.
    span: Option<Span>,
    duration: u64,
    timers: VecDeque<Timer>,
    /// The length at which cancelled timers are swept out.
    sweep_at: usize,
}

/// Below this length nothing is swept or shrunk.
const SMALL: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Timers {
    queues: Vec<Queue>,
}

impl Timers {
    pub fn start(
        &mut self,
        span: Option<Span>,
        duration: u64,
        timer: Timer,
        live: impl Fn(&Timer) -> bool,
    ) {
        let found = self
            .queues
            .iter_mut()
            .find(|queue| queue.duration == duration && queue.span == span);
        let Some(queue) = found else {
            self.queues.push(Queue {
                span,
                duration,
                timers: VecDeque::from([timer]),
                sweep_at: SMALL,
            });
            return;
        };
        queue.timers.push_back(timer);
        if queue.timers.len() >= queue.sweep_at {
            queue.timers.retain(live);
            // Twice what is left: so each timer is looked at a constant number of times.
            queue.sweep_at = (queue.timers.len() * 2).max(SMALL);
            queue.timers.shrink_to(queue.sweep_at);
        }
    }

    /// When the earliest timer that was not cancelled expires.
    pub fn next(&mut self, live: impl Fn(&Timer) -> bool) -> Option<u64> {
        self.queues
            .iter_mut()
            .filter_map(|queue| queue.front(&live).map(|timer| timer.at))
            .min()
    }

    /// Take the earliest timer that expires at `now` or before.
    pub fn pop(&mut self, now: u64, live: impl Fn(&Timer) -> bool) -> Option<Timer> {
        let queue = self
            .queues
            .iter_mut()
            .filter_map(|queue| {
                let at = queue.front(&live)?.at;
                (at <= now).then_some((at, queue))
            })
            .min_by_key(|(at, _)| *at)
            .map(|(_, queue)| queue)?;
        let timer = queue.timers.pop_front();
        queue.shrink();
        timer
    }

    /// The timer of this span that was started first.
    pub fn oldest(&mut self, span: Span, live: impl Fn(&Timer) -> bool) -> Option<Timer> {
        self.queues
            .iter_mut()
            .filter(|queue| queue.span == Some(span))
            .find_map(|queue| queue.front(&live))
    }

    /// Timers held, cancelled ones that were not passed over yet included.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.queues.iter().map(|queue| queue.timers.len()).sum()
    }

    #[cfg(test)]
    pub fn capacity(&self) -> usize {
        let capacities = self.queues.iter().map(|queue| queue.timers.capacity());
        capacities.sum()
    }
}

impl Queue {
    /// The first timer that was not cancelled; those before it are dropped.
    fn front(&mut self, live: impl Fn(&Timer) -> bool) -> Option<Timer> {
        while let Some(timer) = self.timers.front() {
            if live(timer) {
                return Some(*timer);
            }
            self.timers.pop_front();
        }
        self.shrink();
        None
    }

    fn shrink(&mut self) {
        let length = self.timers.len();
        if self.timers.capacity() > SMALL && length < self.timers.capacity() / 8 {
            self.timers.shrink_to((length * 2).max(SMALL));
            self.sweep_at = (length * 2).max(SMALL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_of_different_durations_expire_in_order_of_time() {
        let mut timers = Timers::default();
        for (txn, (started, duration)) in [(0, 30), (1, 10), (2, 20), (3, 10), (12, 1)]
            .into_iter()
            .enumerate()
        {
            let timer = Timer {
                at: started + duration,
                txn: txn as u64,
                stamp: 0,
                slot: Slot::Expire,
            };
            timers.start(None, duration, timer, |_| true);
        }
        // Number 3 was cancelled.
        let live = |timer: &Timer| timer.txn != 3;
        assert_eq!(timers.next(live), Some(11));
        assert!(timers.pop(10, live).is_none());
        let order: Vec<u64> = std::iter::from_fn(|| timers.pop(100, live))
            .map(|timer| timer.txn)
            .collect();
        assert_eq!(order, [1, 4, 2, 0]);
        assert_eq!(timers.len(), 0);
    }
}
