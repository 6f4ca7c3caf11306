//! What a participant has said and nobody has heard yet: decoded samples between packets, which come when
//! they come, and the mixer, which wants a frame each interval.
//!
//! The depth adapts: an underrun makes the feed wait for one more frame before it goes on; when there was
//! always more than needed, some is cut away under a cross-fade.  Everything that starts or stops in the middle of
//! a sound is faded, so that nothing clicks.
use crate::Nanos;
use std::collections::VecDeque;

/// A packet that came less than this before the first frame is taken is too fresh to start with: the next
/// one may come a little later in its period, and there would be nothing to take.
const FRESH: Nanos = 4_000_000;
/// Fades are this long: 2.5 ms, too short to be heard as one, long enough not to click.
const FADE_PER_SECOND: u32 = 400;
/// Longest loss that is concealed; what is lost beyond is a pause of the sender.
const CONCEAL_MS: u32 = 100;
/// More than this is never kept.
const MOST_MS: u32 = 400;
/// The target never exceeds this.
const TARGET_MS: u32 = 160;
/// How long the feed must have been deeper than needed before it is cut.
const PATIENCE_MS: u32 = 2000;
/// Concealment repeats what was heard last and loses so much of its level with each repetition (5 ms), of 256.
const DECAY: i32 = 230;

/// The samples of one participant, at the room's rate.
#[derive(Debug)]
pub struct Feed {
    rate: u32,
    /// Samples of a mixing interval.
    frame: usize,
    queue: VecDeque<i16>,
    playing: bool,
    /// So much must be there before it starts.
    target: usize,
    pushed_at: Nanos,
    /// RTP timestamp that follows on what is queued, in the codec's units.
    next: Option<u32>,
    /// Frames taken since the depth was looked at, and the least that was left over.
    watched: u32,
    least: usize,
    /// Samples that were missing when they were to be played, since the last push.
    owed: usize,
    /// What was given out last, to conceal with.
    tail: Vec<i16>,
    /// What is made up for a loss; memory is taken at the first.
    made: Vec<i16>,
    /// How often the tail has been repeated since anything real was heard.
    repeats: u32,
    underruns: u32,
}

/// What a frame taken from a feed is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Nothing: the frame is zeros.
    Nothing,
    Sound,
}

impl Feed {
    /// For a room that takes `frame` samples at a time at `rate` Hz.
    #[must_use]
    pub fn new(rate: u32, frame: usize) -> Feed {
        Feed {
            rate: rate.max(1),
            frame: frame.max(1),
            queue: VecDeque::new(),
            playing: false,
            target: frame,
            pushed_at: 0,
            next: None,
            watched: 0,
            least: usize::MAX,
            owed: 0,
            tail: Vec::new(),
            made: Vec::new(),
            repeats: 0,
            underruns: 0,
        }
    }

    /// How often it ran dry in the middle of a sound.
    #[must_use]
    pub fn underruns(&self) -> u32 {
        self.underruns
    }

    /// Samples that wait.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.queue.len()
    }

    /// Add the samples of a packet.  `timestamp` and `clock` are its codec's; `samples` at the room's rate.
    pub fn push(&mut self, timestamp: u32, clock: u32, samples: &[i16], now: Nanos) {
        if samples.is_empty() {
            return;
        }
        let clock = clock.max(1);
        let units = (samples.len() as u64 * u64::from(clock) / u64::from(self.rate)) as u32;
        if let Some(next) = self.next {
            let ahead = i64::from(timestamp.wrapping_sub(next) as i32);
            let gap = ahead * i64::from(self.rate) / i64::from(clock);
            if gap < 0 && gap >= -i64::from(MOST_MS * self.rate / 1000) {
                // Late: into its place, if that has not been heard yet.
                self.replace(gap.unsigned_abs() as usize, samples);
                return;
            }
            let longest = i64::from(CONCEAL_MS * self.rate / 1000);
            if self.owed > 0 && gap < longest.min(self.owed as i64) {
                // It follows on what was heard, and it was missed: late.  A pause of the sender is no reason to keep more.
                self.underruns = self.underruns.wrapping_add(1);
                let most = (TARGET_MS * self.rate / 1000) as usize;
                self.target = (self.target + self.frame / 2).min(most.max(self.frame));
            }
            if self.playing && gap > 0 && gap <= longest {
                self.conceal((gap as usize).saturating_sub(self.owed));
            }
        }
        self.owed = 0;
        self.next = Some(timestamp.wrapping_add(units));
        self.pushed_at = now;
        self.queue.extend(samples);
        let most = (MOST_MS * self.rate / 1000) as usize;
        if self.queue.len() > most {
            // Somebody sends faster than time passes; the newest is what matters.
            self.cut(self.queue.len() - most.min(self.target + self.frame));
        }
    }

    /// How much of the sender's time before this packet was lost, in units of `clock`: 0 when nothing was,
    /// or too much to conceal, or when nobody listens.
    #[must_use]
    pub fn missing(&self, timestamp: u32, clock: u32) -> u32 {
        let gap = self.next.map_or(0, |next| timestamp.wrapping_sub(next));
        let owed = (self.owed as u64 * u64::from(clock) / u64::from(self.rate)) as u32;
        if self.playing && gap <= clock / 1000 * CONCEAL_MS {
            gap.saturating_sub(owed)
        } else {
            0
        }
    }

    /// The sender's timeline starts anew (another SSRC).
    pub fn restart(&mut self) {
        self.next = None;
    }

    /// Fill a frame.
    pub fn take(&mut self, frame: &mut [i16], now: Nanos) -> Taken {
        if !self.playing && !self.may_start(frame.len(), now) {
            frame.fill(0);
            return Taken::Nothing;
        }
        let fade_in = !std::mem::replace(&mut self.playing, true);
        let count = self.queue.len().min(frame.len());
        for (to, from) in frame.iter_mut().zip(self.queue.drain(..count)) {
            *to = from;
        }
        if fade_in {
            let length = self.fade().min(count);
            fade_in_place(&mut frame[..length], true);
        }
        if count > 0 {
            self.repeats = 0;
        }
        if count < frame.len() {
            self.run_dry(frame, count);
        } else {
            self.keep_tail(frame);
            self.watch(frame.len());
        }
        Taken::Sound
    }

    fn may_start(&self, wanted: usize, now: Nanos) -> bool {
        let there = self.queue.len();
        if there < self.target.max(wanted) {
            // The rest of a sound that was shorter than the target must come out, too.
            return there > 0 && now.saturating_sub(self.pushed_at) > 60_000_000;
        }
        there >= self.target + wanted || now.saturating_sub(self.pushed_at) >= FRESH
    }

    /// Not enough for a frame: conceal the rest of it; when nothing comes any more, stop.
    fn run_dry(&mut self, frame: &mut [i16], count: usize) {
        let missing = frame.len() - count;
        self.owed += missing;
        self.keep_tail(&frame[..count]);
        let level = self.fill_from_tail(&mut frame[count..]);
        if level == 0 || self.owed >= (CONCEAL_MS * self.rate / 1000) as usize {
            let length = self.fade().min(missing);
            let end = frame.len();
            fade_in_place(&mut frame[end - length..], false);
            self.playing = false;
            self.tail.clear();
        }
        self.watched = 0;
        self.least = usize::MAX;
    }

    /// Repeat what was heard last, ever softer; the factor at the end, of 256.
    fn fill_from_tail(&mut self, frame: &mut [i16]) -> i32 {
        if self.tail.is_empty() {
            frame.fill(0);
            return 0;
        }
        let step = (self.rate / 200).max(1) as usize;
        let length = self.tail.len();
        let mut factor = factor_after(self.repeats);
        for (n, chunk) in frame.chunks_mut(step).enumerate() {
            factor = factor_after(self.repeats + n as u32);
            for (k, sample) in chunk.iter_mut().enumerate() {
                // Back and forth through the tail: no jump where it begins again.
                let place = (n * step + k) % (2 * length);
                let index = if place < length {
                    length - 1 - place
                } else {
                    place - length
                };
                *sample = ((i32::from(self.tail[index]) * factor) >> 8) as i16;
            }
        }
        self.repeats += frame.len().div_ceil(step) as u32;
        factor
    }

    fn keep_tail(&mut self, frame: &[i16]) {
        // 15 ms: two periods of a low voice.
        let keep = (self.rate * 15 / 1000) as usize;
        if frame.len() >= keep {
            self.tail.clear();
            self.tail.extend_from_slice(&frame[frame.len() - keep..]);
        } else if !frame.is_empty() {
            self.tail.extend_from_slice(frame);
            let over = self.tail.len().saturating_sub(keep);
            self.tail.drain(..over);
        }
    }

    /// Put in for samples that were lost on the way.
    fn conceal(&mut self, samples: usize) {
        let mut made = std::mem::take(&mut self.made);
        made.resize(samples, 0);
        let keep = (self.rate * 15 / 1000) as usize;
        let from = self.queue.len().saturating_sub(keep);
        if self.queue.len() > from {
            self.tail.clear();
            self.tail.extend(self.queue.range(from..));
        }
        self.repeats = 0;
        self.fill_from_tail(&mut made);
        self.repeats = 0;
        self.queue.extend(&made);
        self.made = made;
    }

    /// A late packet belongs `back` samples before the end of what is queued.
    fn replace(&mut self, back: usize, samples: &[i16]) {
        let Some(start) = self.queue.len().checked_sub(back) else {
            return;
        };
        for (place, sample) in self.queue.range_mut(start..).zip(samples) {
            *place = *sample;
        }
    }

    /// See whether less depth would do.
    fn watch(&mut self, taken: usize) {
        self.least = self.least.min(self.queue.len());
        self.watched += taken as u32;
        if self.watched >= self.rate / 1000 * PATIENCE_MS {
            // What was never needed in two seconds, but for a reserve that grows with the target.
            let reserve = self.target.saturating_sub(self.frame) + self.frame / 4;
            let spare = self.least.saturating_sub(reserve);
            if spare > self.fade() {
                self.cut(spare);
            } else if self.target > self.frame {
                self.target -= (self.frame / 8).max(1).min(self.target - self.frame);
            }
            self.watched = 0;
            self.least = usize::MAX;
        }
    }

    /// Take samples away at the front, with a cross-fade over the cut.
    fn cut(&mut self, samples: usize) {
        let samples = samples.min(self.queue.len());
        let length = self.fade().min(self.queue.len() - samples).min(samples);
        for n in 0..length {
            let (old, new) = (i32::from(self.queue[n]), i32::from(self.queue[samples + n]));
            let (n, length) = (n as i32, length as i32);
            self.queue[samples + n as usize] = ((old * (length - n) + new * n) / length) as i16;
        }
        self.queue.drain(..samples);
    }

    fn fade(&self) -> usize {
        (self.rate / FADE_PER_SECOND).max(1) as usize
    }
}

fn factor_after(repeats: u32) -> i32 {
    (0..repeats.min(60)).fold(256, |factor, _| (factor * DECAY) >> 8)
}

/// A linear ramp over all of `samples`.
pub fn fade_in_place(samples: &mut [i16], up: bool) {
    let length = samples.len() as i32;
    for (n, sample) in samples.iter_mut().enumerate() {
        let n = n as i32;
        let part = if up { n } else { length - 1 - n };
        *sample = (i32::from(*sample) * part / length) as i16;
    }
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
