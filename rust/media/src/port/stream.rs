//! Audio between a port and a program: a bounded queue of samples at 8 kHz, for which a worker never waits.
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Samples on their way.  One side is a port's worker, the other a program, which asks to be woken.
#[derive(Debug)]
pub struct Queue {
    samples: Mutex<VecDeque<i16>>,
    limit: usize,
    lost: AtomicU64,
    passed: AtomicU64,
    gaps: AtomicU64,
    dry: AtomicBool,
    ended: AtomicBool,
    waiting: AtomicBool,
}

impl Queue {
    /// For at most so many samples.
    #[must_use]
    pub fn new(limit: usize) -> Queue {
        Queue {
            samples: Mutex::new(VecDeque::new()),
            limit: limit.max(1),
            lost: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            gaps: AtomicU64::new(0),
            dry: AtomicBool::new(true),
            ended: AtomicBool::new(false),
            waiting: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<i16>> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Samples in it.
    #[must_use]
    pub fn held(&self) -> usize {
        self.lock().len()
    }

    /// Samples for which there is room.
    #[must_use]
    pub fn room(&self) -> usize {
        self.limit.saturating_sub(self.lock().len())
    }

    /// Add samples; what finds no room is lost and counted.
    pub fn offer(&self, samples: &[i16]) {
        let mut queue = self.lock();
        let count = samples.len().min(self.limit.saturating_sub(queue.len()));
        queue.extend(&samples[..count]);
        let lost = (samples.len() - count) as u64;
        self.lost.fetch_add(lost, Ordering::Relaxed);
    }

    /// Take all samples.
    pub fn take_all(&self, out: &mut Vec<i16>) {
        let mut queue = self.lock();
        self.passed.fetch_add(queue.len() as u64, Ordering::Relaxed);
        out.extend(queue.drain(..));
    }

    /// Forget what has not passed; gives how many samples that were.
    pub fn flush(&self) -> usize {
        let mut queue = self.lock();
        let count = queue.len();
        queue.clear();
        self.dry.store(true, Ordering::Relaxed);
        count
    }

    /// Fill a frame: how much of it is real, and whether more is to come.  What is missing is silence; when it is
    /// missing in the middle of sound, that is a gap.
    pub fn fill(&self, frame: &mut [i16]) -> (usize, bool) {
        let made = {
            let mut queue = self.lock();
            let made = frame.len().min(queue.len());
            for (place, sample) in frame.iter_mut().zip(queue.drain(..made)) {
                *place = sample;
            }
            made
        };
        frame[made..].fill(0);
        self.passed.fetch_add(made as u64, Ordering::Relaxed);
        let more = !self.ended();
        let dry = made < frame.len();
        let before = self.dry.swap(dry, Ordering::Relaxed);
        if dry && !before && more {
            self.gaps.fetch_add(1, Ordering::Relaxed);
        }
        (made, more)
    }

    /// Nothing will be added any more.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    #[must_use]
    pub fn ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// The program waits for a change.
    pub fn wait(&self) {
        self.waiting.store(true, Ordering::SeqCst);
    }

    /// Whether the program waits, and is to be told now.
    #[must_use]
    pub fn wake(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) && self.waiting.swap(false, Ordering::SeqCst)
    }

    /// For who fills it: less than half is left, and the program waits for that.
    #[must_use]
    pub fn hungry(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) && self.held() * 2 <= self.limit && self.wake()
    }

    /// Samples that found no room.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Samples that came out at the other side.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    /// How often it ran dry in the middle of sound.
    #[must_use]
    pub fn gaps(&self) -> u64 {
        self.gaps.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted_and_running_dry_is_a_gap_once() {
        let queue = Queue::new(200);
        queue.offer(&[1; 160]);
        queue.offer(&[2; 160]);
        assert_eq!((queue.held(), queue.lost(), queue.room()), (200, 120, 0));
        let mut frame = [9; 160];
        assert_eq!(queue.fill(&mut frame), (160, true));
        assert_eq!(frame, [1; 160]);
        assert_eq!(queue.fill(&mut frame), (40, true));
        assert_eq!((frame[39], frame[40]), (2, 0));
        assert_eq!(queue.fill(&mut frame), (0, true));
        assert_eq!((queue.gaps(), queue.passed()), (1, 200));
        queue.offer(&[3; 50]);
        queue.end();
        assert_eq!(queue.fill(&mut frame), (50, false));
        assert_eq!(queue.gaps(), 1, "the end is no gap");
    }

    #[test]
    fn flushing_forgets_and_is_no_gap() {
        let queue = Queue::new(400);
        queue.offer(&[1; 320]);
        let mut frame = [0; 160];
        assert_eq!(queue.fill(&mut frame), (160, true));
        assert_eq!(queue.flush(), 160);
        assert_eq!(queue.fill(&mut frame), (0, true));
        assert_eq!((queue.gaps(), queue.passed()), (0, 160));
    }

    #[test]
    fn wakes_who_waits_once_and_a_writer_when_half_is_played() {
        let queue = Queue::new(320);
        assert!(!queue.wake());
        queue.wait();
        queue.offer(&[1; 320]);
        assert!(!queue.hungry());
        let _ = queue.fill(&mut [0; 160]);
        assert!(queue.hungry());
        assert!(!queue.hungry());
    }
}
