//! The queue of events from the workers and the file thread to whoever watches its eventfd.
use crate::stats::{Event, Kind};
use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::OwnedFd;
use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

pub struct EventQueue {
    queue: Mutex<Vec<Event>>,
    signalled: AtomicBool,
    limit: usize,
    lost: AtomicU64,
    lost_ever: AtomicU64,
    pub fd: OwnedFd,
}

impl EventQueue {
    pub fn new(limit: usize) -> Result<EventQueue, rustix::io::Errno> {
        Ok(EventQueue {
            queue: Mutex::new(Vec::new()),
            signalled: AtomicBool::new(false),
            limit: limit.max(1),
            lost: AtomicU64::new(0),
            lost_ever: AtomicU64::new(0),
            fd: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        })
    }

    /// Move these events over; one wake-up for all.
    pub fn append(&self, events: &mut Vec<Event>) {
        if events.is_empty() {
            return;
        }
        {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            let room = self.limit.saturating_sub(queue.len());
            let over = events.len().saturating_sub(room) as u64;
            queue.extend(events.drain(..).take(room));
            if over > 0 {
                self.lost.fetch_add(over, Ordering::Relaxed);
                self.lost_ever.fetch_add(over, Ordering::Relaxed);
            }
        }
        if !self.signalled.swap(true, Ordering::AcqRel) {
            // Fails only when 2^64 wake-ups are unread.
            let _ = rustix::io::write(&self.fd, &1u64.to_ne_bytes());
        }
    }

    pub fn push(&self, event: Event) {
        self.append(&mut vec![event]);
    }

    /// All events, oldest first; clears the eventfd.
    #[must_use]
    pub fn take(&self) -> Vec<Event> {
        let mut count = [0u8; 8];
        // Empty when somebody asks without having been woken.
        let _ = rustix::io::read(&self.fd, &mut count[..]);
        self.signalled.store(false, Ordering::Release);
        let mut events =
            std::mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner));
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let text = Cow::Borrowed("");
            events.push(Event {
                kind: Kind::Overrun,
                port: 0,
                reference: 0,
                text,
                value: lost as i64,
            });
        }
        events
    }

    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost_ever.load(Ordering::Relaxed)
    }
}
