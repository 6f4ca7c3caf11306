//! Turns what a port receives, what it sends, or both into samples for a file or a program.
//!
//! Each direction is a gapless line (`line.rs`).  Samples leave in blocks for the thread that writes files, or at once
//! for a program.
use super::line::{Line, add};
use super::stream::Queue;
use crate::Nanos;
use std::sync::Arc;

/// Milliseconds of a block handed on at once.
const BLOCK_MS: usize = 200;
/// How far before the clock a direction may be that is to stay together with the other, and one that is alone, in ms.
const AHEAD_MS: (u64, u64) = (200, 10_000);

/// One direction of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// What it receives.
    Heard,
    /// What it sends.
    Said,
}

/// What is listened to, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hearing {
    pub heard: bool,
    pub said: bool,
    /// Samples a second, Hz.
    pub rate: u32,
    /// Both directions side by side (received first) instead of mixed.
    pub stereo: bool,
    /// Whether silence is put in where nothing comes.
    pub fill: bool,
    /// Factors.
    pub heard_gain: f32,
    pub said_gain: f32,
    /// Begin with a pause.
    pub paused: bool,
}

impl Default for Hearing {
    /// What comes in, at 8 kHz.
    fn default() -> Hearing {
        Hearing {
            heard: true,
            said: false,
            rate: 8000,
            stereo: false,
            fill: true,
            heard_gain: 1.0,
            said_gain: 1.0,
            paused: false,
        }
    }
}

impl Hearing {
    /// Samples that are written for one moment.
    #[must_use]
    pub fn channels(&self) -> usize {
        if self.heard && self.said && self.stereo {
            2
        } else {
            1
        }
    }
}

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

pub struct Recorder {
    pub id: u32,
    limits: Limits,
    rate: u64,
    channels: usize,
    heard: Option<Line>,
    said: Option<Line>,
    block: Vec<i16>,
    /// Moments that have left the lines.
    samples: u64,
    /// The moment of sample 0.
    origin: Nanos,
    paused: bool,
    silent: u64,
    /// Silence is written in place of what comes.
    muted: bool,
    /// A program that listens, in place of a file.
    queue: Option<Arc<Queue>>,
}

impl Recorder {
    #[must_use]
    pub fn new(id: u32, limits: Limits, hearing: Hearing, now: Nanos) -> Recorder {
        let ahead = if hearing.heard && hearing.said {
            AHEAD_MS.0
        } else {
            AHEAD_MS.1
        };
        let line = |wanted: bool, gain: f32| {
            wanted.then(|| Line::new(hearing.rate, gain, ahead, hearing.fill))
        };
        Recorder {
            id,
            limits,
            rate: u64::from(hearing.rate.max(1)),
            channels: hearing.channels(),
            heard: line(hearing.heard, hearing.heard_gain),
            said: line(hearing.said, hearing.said_gain),
            block: Vec::new(),
            samples: 0,
            origin: now,
            paused: hearing.paused,
            silent: 0,
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

    /// Samples a second.
    #[must_use]
    pub fn rate(&self) -> u32 {
        self.rate as u32
    }

    /// Whether it listens to this direction.
    #[must_use]
    pub fn listens(&self, way: Way) -> bool {
        match way {
            Way::Heard => self.heard.is_some(),
            Way::Said => self.said.is_some(),
        }
    }

    /// Change how loud the directions are (0: silent), from here on.
    pub fn set_gains(&mut self, heard: f32, said: f32) {
        if let Some(line) = &mut self.heard {
            line.gain = heard;
        }
        if let Some(line) = &mut self.said {
            line.gain = said;
        }
    }

    /// Write nothing for now, or silence; what is left out of a pause leaves no gap.
    pub fn hold(&mut self, paused: bool, muted: bool, now: Nanos) {
        self.muted = muted;
        if paused == self.paused {
            return;
        }
        if paused {
            self.level();
        } else {
            let placed = self.placed();
            let passed = placed * 1_000_000 / self.rate * 1000;
            self.origin = now.saturating_sub(passed);
            for line in [&mut self.heard, &mut self.said].into_iter().flatten() {
                line.cut();
            }
        }
        self.paused = paused;
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
        self.queue.as_ref()?;
        self.level();
        self.pour()?;
        self.queue.take()?.end();
        Some((self.samples * 1000 / self.rate) as i64)
    }

    /// A frame at `from` Hz went this way with this timestamp of an RTP clock.
    pub fn frame(
        &mut self,
        way: Way,
        (timestamp, clock): (u32, u32),
        (frame, from): (&[i16], u32),
        now: Nanos,
    ) {
        if self.paused {
            return;
        }
        let due = self.due(now);
        let line = match way {
            Way::Heard => &mut self.heard,
            Way::Said => &mut self.said,
        };
        let Some(line) = line else { return };
        let wanted = line.prepare((timestamp, clock), (frame.len(), from), due);
        self.join();
        let line = match way {
            Way::Heard => &mut self.heard,
            Way::Said => &mut self.said,
        };
        if wanted && let Some(line) = line {
            line.push(frame, from);
            self.join();
        }
    }

    /// Called each tick: fills what has not come for long.
    pub fn tick(&mut self, now: Nanos) {
        if self.paused {
            return;
        }
        let due = self.due(now);
        for line in [&mut self.heard, &mut self.said].into_iter().flatten() {
            line.tick(due);
        }
        self.join();
    }

    /// Whether a limit has been reached.  What is over the maximum has been cut off.
    pub fn ended(&mut self) -> Option<Ended> {
        let max = u64::from(self.limits.max_ms) * self.rate / 1000;
        if max > 0 && self.samples >= max {
            let over = (self.samples - max) as usize * self.channels;
            self.block.truncate(self.block.len().saturating_sub(over));
            self.samples = max;
            return Some(Ended::Max);
        }
        let silence = u64::from(self.limits.silence_ms) * self.rate / 1000;
        (silence > 0 && self.silent >= silence).then_some(Ended::Silence)
    }

    /// A full block, if there is one.
    pub fn take_block(&mut self) -> Option<Vec<i16>> {
        let full = BLOCK_MS * self.rate as usize / 1000 * self.channels;
        (self.block.len() >= full).then(|| std::mem::take(&mut self.block))
    }

    /// What is left at the end.
    #[must_use]
    pub fn into_rest(mut self) -> Vec<i16> {
        if self.limits.max_ms == 0 {
            self.level();
        }
        self.block
    }

    fn placed(&self) -> u64 {
        let lines = [&self.heard, &self.said].into_iter().flatten();
        lines.map(Line::placed).max().unwrap_or(0)
    }

    /// The direction that is behind gets silence, so that nothing waits.
    fn level(&mut self) {
        let placed = self.placed();
        for line in [&mut self.heard, &mut self.said].into_iter().flatten() {
            line.fill_to(placed);
        }
        self.join();
    }

    /// Take what there is of both directions.
    fn join(&mut self) {
        let start = self.block.len();
        let count = match (&mut self.heard, &mut self.said) {
            (Some(line), None) | (None, Some(line)) => {
                self.block.extend_from_slice(line.pending());
                let count = line.pending().len();
                line.drop_first(count);
                count
            }
            (Some(heard), Some(said)) => {
                let count = heard.pending().len().min(said.pending().len());
                let (one, other) = (&heard.pending()[..count], &said.pending()[..count]);
                if self.channels == 2 {
                    let pairs = one.iter().zip(other);
                    self.block
                        .extend(pairs.flat_map(|(one, other)| [*one, *other]));
                } else {
                    self.block.extend_from_slice(one);
                    add(&mut self.block[start..], other);
                }
                heard.drop_first(count);
                said.drop_first(count);
                count
            }
            (None, None) => 0,
        };
        if count == 0 {
            return;
        }
        self.samples += count as u64;
        if self.muted {
            // Being muted is no silence of the far end's: it ends nothing.
            return self.block[start..].fill(0);
        }
        let new = &self.block[start..];
        let sum: u64 = new.iter().map(|s| u64::from(s.unsigned_abs())).sum();
        if sum < u64::from(self.limits.silence_threshold) * new.len() as u64 || sum == 0 {
            self.silent += count as u64;
        } else {
            self.silent = 0;
        }
    }

    fn due(&self, now: Nanos) -> u64 {
        now.saturating_sub(self.origin) / 1000 * self.rate / 1_000_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Nanos = 1_000_000;

    fn heard(r: &mut Recorder, timestamp: u32, frame: &[i16], now: Nanos) {
        r.frame(Way::Heard, (timestamp, 8000), (frame, 8000), now);
    }

    fn both(stereo: bool) -> Hearing {
        Hearing {
            said: true,
            stereo,
            ..Hearing::default()
        }
    }

    /// 20 ms frames in both directions, from here on.
    fn talk(r: &mut Recorder, from: u32, frames: u32, levels: (i16, i16)) {
        for n in from..from + frames {
            let now = u64::from(n + 1) * 20 * MS;
            let (one, other) = (n * 160, 77_000 + n * 160);
            if levels.0 != 0 {
                r.frame(Way::Heard, (one, 8000), (&[levels.0; 160], 8000), now);
            }
            if levels.1 != 0 {
                r.frame(Way::Said, (other, 8000), (&[levels.1; 160], 8000), now);
            }
            r.tick(now);
        }
    }

    #[test]
    fn both_directions_are_mixed_moment_by_moment() {
        let mut r = Recorder::new(1, Limits::default(), both(false), 0);
        talk(&mut r, 0, 50, (100, 20));
        talk(&mut r, 50, 50, (100, 0));
        talk(&mut r, 100, 50, (100, 20));
        talk(&mut r, 150, 1, (30_000, 30_000));
        let line = r.into_rest();
        assert_eq!(line.len(), 151 * 160);
        assert_eq!(line[..8000], [120; 8000]);
        assert_eq!(line[8000..16_000], [100; 8000]);
        assert_eq!(line[16_000..24_000], [120; 8000]);
        assert_eq!(line[24_000..], [i16::MAX; 160]);
    }

    #[test]
    fn side_by_side_with_silence_where_nothing_is_said() {
        let mut r = Recorder::new(1, Limits::default(), both(true), 0);
        talk(&mut r, 0, 50, (100, 0));
        talk(&mut r, 50, 10, (100, 20));
        let line = r.into_rest();
        assert_eq!(line.len(), 2 * 60 * 160);
        let said: Vec<i16> = line.iter().skip(1).step_by(2).copied().collect();
        assert!(line.iter().step_by(2).all(|s| *s == 100));
        assert_eq!(said[..8000], [0; 8000]);
        assert_eq!(said[8000..], [20; 1600]);
    }

    #[test]
    fn a_pause_leaves_out_and_gains_change_on_the_way() {
        let mut r = Recorder::new(1, Limits::default(), both(false), 0);
        talk(&mut r, 0, 10, (100, 20));
        r.hold(true, false, 200 * MS);
        talk(&mut r, 10, 10, (500, 500));
        r.hold(false, false, 400 * MS);
        r.set_gains(2.0, 0.0);
        talk(&mut r, 20, 10, (100, 20));
        let line = r.into_rest();
        assert_eq!(line.len(), 20 * 160);
        assert_eq!(line[..1600], [120; 1600]);
        assert_eq!(line[1600..], [200; 1600]);
    }

    #[test]
    fn faster_than_the_clock_is_left_out_and_drift_does_not_part_them() {
        let mut r = Recorder::new(1, Limits::default(), both(false), 0);
        for n in 0..500u32 {
            r.frame(Way::Heard, (n * 160, 8000), (&[1; 160], 8000), 20 * MS);
        }
        assert!(r.into_rest().len() <= 160 + 1600 + 160);
    }

    #[test]
    fn other_rates_are_resampled_and_without_filling_there_is_only_what_came() {
        let wide = Hearing {
            rate: 16_000,
            fill: false,
            ..Hearing::default()
        };
        let mut r = Recorder::new(1, Limits::default(), wide, 0);
        for n in [0, 1, 50, 51] {
            heard(&mut r, n * 160, &[1000; 160], u64::from(n + 1) * 20 * MS);
            r.tick(u64::from(n + 1) * 20 * MS);
        }
        let line = r.into_rest();
        assert!((1270..=1280).contains(&line.len()), "{}", line.len());
        assert!(line[200..].iter().all(|s| (950..1050).contains(s)));
    }

    #[test]
    fn loss_becomes_silence_of_the_same_length() {
        let mut r = Recorder::new(1, Limits::default(), Hearing::default(), 0);
        heard(&mut r, 1000, &[5; 160], 20 * MS);
        heard(&mut r, 1480, &[6; 160], 80 * MS);
        heard(&mut r, 1320, &[7; 160], 81 * MS);
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
            Hearing::default(),
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
        let mut r = Recorder::new(1, Limits::default(), Hearing::default(), 0);
        heard(&mut r, 0, &[5; 160], 20 * MS);
        r.hold(true, false, 20 * MS);
        heard(&mut r, 160, &[6; 160], 40 * MS);
        r.tick(3000 * MS);
        r.hold(false, true, 3020 * MS);
        heard(&mut r, 24_000, &[7; 160], 3040 * MS);
        r.hold(false, false, 3040 * MS);
        heard(&mut r, 24_160, &[8; 160], 3060 * MS);
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
        let mut r = Recorder::new(1, limits, Hearing::default(), 0);
        let mut timestamp = 0;
        let mut feed = |r: &mut Recorder, level: i16| {
            heard(
                r,
                timestamp,
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
