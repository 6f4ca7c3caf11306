//! Turns what a port receives into one gapless line of samples for a file.
//!
//! The line follows the RTP timestamps; where nothing comes (loss, silence suppression, hold) it follows
//! the clock with silence.  Samples leave in blocks for the thread that writes files.
use super::stream::Queue;
use crate::Nanos;
use std::sync::Arc;

/// Samples of a block handed on at once (200 ms).
pub const BLOCK: usize = 1600;
/// The line may fall this far behind the clock before silence is put in.
const PATIENCE: u64 = 1600;

/// Why a recording ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Max,
    Silence,
}

/// Limits of a recording, in ms; 0: none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    pub max_ms: u32,
    pub silence_ms: u32,
    /// Mean magnitude of a frame's samples below which it is silence.
    pub silence_threshold: u32,
}

#[derive(Debug)]
pub struct Recorder {
    pub id: u32,
    limits: Limits,
    block: Vec<i16>,
    samples: u64,
    started: Nanos,
    next_timestamp: Option<u32>,
    silent: u64,
    /// Since when nothing is written.
    paused: Option<Nanos>,
    /// Silence is written in place of what comes.
    muted: bool,
    /// A program that listens, in place of a file.
    queue: Option<Arc<Queue>>,
}

impl Recorder {
    #[must_use]
    pub fn new(id: u32, limits: Limits, now: Nanos) -> Recorder {
        Recorder {
            id,
            limits,
            block: Vec::with_capacity(BLOCK + 960),
            samples: 0,
            started: now,
            next_timestamp: None,
            silent: 0,
            paused: None,
            muted: false,
            queue: None,
        }
    }

    /// Give the samples to a program, at once, and to no file.
    #[must_use]
    pub fn into_queue(mut self, queue: Arc<Queue>) -> Recorder {
        self.queue = Some(queue);
        self
    }

    /// Write nothing for now, or silence; what is left out of a pause leaves no gap.
    pub fn hold(&mut self, paused: bool, muted: bool, now: Nanos) {
        self.muted = muted;
        match self.paused {
            None if paused => self.paused = Some(now),
            Some(since) if !paused => {
                self.paused = None;
                self.started += now.saturating_sub(since);
                self.next_timestamp = None;
            }
            _ => {}
        }
    }

    /// What is there goes to the program; whether it is to be told.  None: they are for a file.
    pub fn pour(&mut self) -> Option<bool> {
        let queue = self.queue.as_ref()?;
        if !self.block.is_empty() {
            queue.offer(&self.block);
            self.block.clear();
        }
        Some(queue.held() > 0 && queue.wake())
    }

    /// The end, for a program: its length in ms.
    pub fn end_queue(&mut self) -> Option<i64> {
        self.pour()?;
        self.queue.take()?.end();
        Some((self.samples / 8) as i64)
    }

    /// A frame at 8 kHz came in with this timestamp of an RTP clock.
    pub fn frame(&mut self, timestamp: u32, clock: u32, frame: &[i16], now: Nanos) {
        if self.paused.is_some() {
            return;
        }
        if let Some(next) = self.next_timestamp {
            let gap =
                i64::from(timestamp.wrapping_sub(next) as i32) * 8000 / i64::from(clock.max(1));
            if (-8000..0).contains(&gap) {
                return; // Late or repeated: its place has been filled.
            }
            let behind = self.due(now).saturating_sub(self.samples);
            let gap = (gap.max(0) as u64).min(behind);
            self.push_silence(gap);
        }
        let units = frame.len() as u64 * u64::from(clock) / 8000;
        self.next_timestamp = Some(timestamp.wrapping_add(units as u32));
        if self.muted {
            // Being muted is no silence of the far end's: it ends nothing.
            self.samples += frame.len() as u64;
            self.block.resize(self.block.len() + frame.len(), 0);
            return;
        }
        let sum: u64 = frame.iter().map(|s| u64::from(s.unsigned_abs())).sum();
        if sum < u64::from(self.limits.silence_threshold) * frame.len() as u64 {
            self.silent += frame.len() as u64;
        } else {
            self.silent = 0;
        }
        self.samples += frame.len() as u64;
        self.block.extend_from_slice(frame);
    }

    /// Called each tick: fills what has not come for long.
    pub fn tick(&mut self, now: Nanos) {
        if self.paused.is_some() {
            return;
        }
        let behind = self.due(now).saturating_sub(self.samples);
        if behind > PATIENCE {
            self.next_timestamp = None;
            self.push_silence(behind - PATIENCE / 2);
        }
    }

    /// Whether a limit has been reached.  What is over the maximum has been cut off.
    pub fn ended(&mut self) -> Option<Ended> {
        let max = u64::from(self.limits.max_ms) * 8;
        if max > 0 && self.samples >= max {
            let over = (self.samples - max) as usize;
            self.block.truncate(self.block.len().saturating_sub(over));
            self.samples = max;
            return Some(Ended::Max);
        }
        let silence = u64::from(self.limits.silence_ms) * 8;
        (silence > 0 && self.silent >= silence).then_some(Ended::Silence)
    }

    /// A full block, if there is one.
    pub fn take_block(&mut self) -> Option<Vec<i16>> {
        (self.block.len() >= BLOCK)
            .then(|| std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK + 960)))
    }

    /// What is left at the end.
    #[must_use]
    pub fn into_rest(self) -> Vec<i16> {
        self.block
    }

    fn due(&self, now: Nanos) -> u64 {
        now.saturating_sub(self.started) / 125_000
    }

    fn push_silence(&mut self, samples: u64) {
        // A clock that leapt (suspended machine) must not ask for gigabytes: a minute at a time.
        let count = samples.min(480_000);
        self.block.resize(self.block.len() + count as usize, 0);
        self.samples += count;
        self.silent += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Nanos = 1_000_000;

    #[test]
    fn loss_becomes_silence_of_the_same_length() {
        let mut r = Recorder::new(1, Limits::default(), 0);
        r.frame(1000, 8000, &[5; 160], 20 * MS);
        r.frame(1480, 8000, &[6; 160], 80 * MS);
        r.frame(1320, 8000, &[7; 160], 81 * MS);
        let line = r.into_rest();
        assert_eq!(line.len(), 640);
        assert_eq!(line[160..480], [0; 320]);
        assert_eq!(line[480..], [6; 160]);
    }

    #[test]
    fn a_silent_remote_is_recorded_by_the_clock() {
        let mut r = Recorder::new(
            1,
            Limits {
                max_ms: 3000,
                ..Limits::default()
            },
            0,
        );
        let mut got = 0;
        let mut now = 0;
        while r.ended().is_none() {
            now += 20 * MS;
            r.tick(now);
            got += r.take_block().map_or(0, |b| b.len());
            assert!(now < 4000 * MS);
        }
        assert!((3000..3300).contains(&(now / MS)), "{now}");
        assert_eq!(got + r.into_rest().len(), 24_000);
    }

    #[test]
    fn a_pause_leaves_no_gap_and_muting_keeps_the_length() {
        let mut r = Recorder::new(1, Limits::default(), 0);
        r.frame(0, 8000, &[5; 160], 20 * MS);
        r.hold(true, false, 20 * MS);
        r.frame(160, 8000, &[6; 160], 40 * MS);
        r.tick(3000 * MS);
        r.hold(false, true, 3020 * MS);
        r.frame(24_000, 8000, &[7; 160], 3040 * MS);
        r.hold(false, false, 3040 * MS);
        r.frame(24_160, 8000, &[8; 160], 3060 * MS);
        r.tick(3060 * MS);
        let line = r.into_rest();
        assert_eq!(line.len(), 480);
        assert_eq!((line[0], line[160], line[320]), (5, 0, 8));
    }

    #[test]
    fn silence_ends_it_and_speech_starts_the_count_again() {
        let limits = Limits {
            silence_ms: 100,
            silence_threshold: 50,
            max_ms: 0,
        };
        let mut r = Recorder::new(1, limits, 0);
        let mut timestamp = 0;
        let mut feed = |r: &mut Recorder, level: i16| {
            r.frame(
                timestamp,
                8000,
                &[level; 160],
                u64::from(timestamp + 160) * 125_000,
            );
            timestamp += 160;
            r.ended()
        };
        assert!((0..4).all(|_| feed(&mut r, 10).is_none()));
        assert_eq!(feed(&mut r, -900), None);
        assert!((0..4).all(|_| feed(&mut r, 10).is_none()));
        assert_eq!(feed(&mut r, 10), Some(Ended::Silence));
    }
}
