//! One direction of a port's audio as a gapless line of samples.
//!
//! The line follows the RTP timestamps; where nothing comes (loss, silence suppression, hold, nobody who plays anything)
//! it follows the clock with silence.  Two lines that were begun together stay together, so that they can be mixed.
use crate::resample::Resampler;

/// A stream may fall this far behind the clock before it counts as broken off, in ms.
const PATIENCE_MS: u64 = 200;
/// Where no stream goes on, silence is put in up to this far behind the clock, in ms.
const BEHIND_MS: u64 = 100;
/// A clock that leapt (suspended machine) must not ask for gigabytes: a minute at a time.
const MOST_SILENCE_S: u64 = 60;

/// Samples at one rate.
pub struct Line {
    rate: u64,
    /// What has come and was not taken yet.
    pending: Vec<i16>,
    /// Samples since the beginning.
    placed: u64,
    /// The RTP timestamp that goes on where the line ends; none between streams.
    next: Option<u32>,
    /// Factor of its samples.
    pub gain: f32,
    /// So many samples before the clock it may be.
    ahead: u64,
    /// Whether silence is put in; else it has nothing but what came.
    fills: bool,
    way: Option<(u32, Resampler)>,
}

impl Line {
    /// At `rate` Hz; it may be `ahead_ms` before the clock, beyond that samples are left out.
    #[must_use]
    pub fn new(rate: u32, gain: f32, ahead_ms: u64, fills: bool) -> Line {
        let rate = u64::from(rate.max(1));
        Line {
            rate,
            pending: Vec::new(),
            placed: 0,
            next: None,
            gain,
            ahead: ahead_ms * rate / 1000,
            fills,
            way: None,
        }
    }

    /// Samples that wait.
    #[must_use]
    pub fn pending(&self) -> &[i16] {
        &self.pending
    }

    /// Samples since the beginning.
    #[must_use]
    pub fn placed(&self) -> u64 {
        self.placed
    }

    /// Take the first of those that wait.
    pub fn drop_first(&mut self, count: usize) {
        self.pending.drain(..count.min(self.pending.len()));
    }

    /// Put in the silence that is before a frame of `count` samples at `from` Hz with this timestamp of an RTP clock;
    /// false when the frame is not to be added: its place is taken.  `due` is where the clock is, in samples of the line.
    pub fn prepare(
        &mut self,
        (timestamp, clock): (u32, u32),
        (count, from): (usize, u32),
        due: u64,
    ) -> bool {
        let after = timestamp
            .wrapping_add((count as u64 * u64::from(clock) / u64::from(from.max(1))) as u32);
        if !self.fills {
            self.next = Some(after);
            return true;
        }
        let rate = self.rate as i64;
        let gap = self.next.map(|next| {
            i64::from(timestamp.wrapping_sub(next) as i32) * rate / i64::from(clock.max(1))
        });
        match gap {
            Some(gap) if (-rate..0).contains(&gap) => return false,
            Some(gap) if gap >= 0 => {
                let behind = due.saturating_sub(self.placed);
                self.silence((gap as u64).min(behind));
            }
            _ => {
                let lasts = count as u64 * self.rate / u64::from(from.max(1));
                self.silence(due.saturating_sub(self.placed + lasts));
            }
        }
        self.next = Some(after);
        self.placed <= due + self.ahead
    }

    /// Add samples at `from` Hz.
    pub fn push(&mut self, samples: &[i16], from: u32) {
        let before = self.pending.len();
        if u64::from(from) == self.rate {
            self.pending.extend_from_slice(samples);
        } else {
            if self.way.as_ref().is_none_or(|(rate, _)| *rate != from) {
                self.way = Some((from, Resampler::new(from, self.rate as u32)));
            }
            if let Some((_, resampler)) = &mut self.way {
                resampler.process(samples, &mut self.pending);
            }
        }
        if self.gain != 1.0 {
            amplify(&mut self.pending[before..], self.gain);
        }
        self.placed += (self.pending.len() - before) as u64;
    }

    /// Time has passed: silence in place of what did not come.
    pub fn tick(&mut self, due: u64) {
        if !self.fills {
            return;
        }
        let behind = due.saturating_sub(self.placed);
        if behind > PATIENCE_MS * self.rate / 1000 {
            self.next = None;
        }
        if self.next.is_none() {
            self.silence(behind.saturating_sub(BEHIND_MS * self.rate / 1000));
        }
    }

    /// Go on after a pause: what comes next does not follow on what came.
    pub fn cut(&mut self) {
        self.next = None;
    }

    /// Silence up to there.
    pub fn fill_to(&mut self, placed: u64) {
        self.silence(placed.saturating_sub(self.placed));
    }

    fn silence(&mut self, samples: u64) {
        let count = samples.min(MOST_SILENCE_S * self.rate);
        self.pending.resize(self.pending.len() + count as usize, 0);
        self.placed += count;
    }
}

/// Multiply samples, as loud as they can be at most.
pub fn amplify(samples: &mut [i16], gain: f32) {
    if gain == 0.0 {
        return samples.fill(0);
    }
    for sample in samples {
        // A float beyond the range becomes the end of it.
        *sample = (f32::from(*sample) * gain).round() as i16;
    }
}

/// Add samples to others.
pub fn add(into: &mut [i16], samples: &[i16]) {
    for (sum, sample) in into.iter_mut().zip(samples) {
        *sum = sum.saturating_add(*sample);
    }
}
