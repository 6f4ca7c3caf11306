//! Packet loss concealment for codecs without a way of their own: the last period of the voice is repeated and fades.
//!
//! After the idea of G.711 appendix I, without its delay: the repetition begins under a cross-fade with the end of what
//! was heard mirrored in time, its seam is cross-faded, and it is cross-faded with what comes next.  It stays
//! whole for 10 ms, then fades by 20 % each 10 ms; after 60 ms there is silence.

/// Longest and shortest period of a voice, in parts of a second (66 and 200 Hz).
const LONGEST: u32 = 66;
const SHORTEST: u32 = 200;
/// What the search compares: 20 ms.
const COMPARED: u32 = 50;
/// Sound fades out in so many tenths of a second's hundredth: after 10 ms by a fifth each 10 ms.
const WHOLE_MS: u32 = 10;
const FADED_MS: u32 = 60;

/// The memory and the current repetition of one stream.
pub struct Concealer {
    rate: u32,
    /// The newest of what was heard or made up, the newest last.
    history: Vec<i16>,
    /// The period that is repeated; empty while nothing is lost.
    cycle: Vec<i16>,
    at: usize,
    /// Samples made up since the loss began.
    made: usize,
}

impl Concealer {
    /// For audio of this rate in Hz.
    #[must_use]
    pub fn new(rate: u32) -> Concealer {
        let rate = rate.max(8000);
        Concealer {
            rate,
            history: vec![0; (rate / LONGEST + rate / COMPARED) as usize + 1],
            cycle: Vec::new(),
            at: 0,
            made: 0,
        }
    }

    /// Samples that were received: remembered; after a loss their beginning is cross-faded with the repetition.
    pub fn heard(&mut self, samples: &mut [i16]) {
        if !self.cycle.is_empty() {
            // a quarter of the period, longer after a long loss, 10 ms at most
            let lost_ms = self.made * 1000 / self.rate as usize;
            let extra = (lost_ms / 10).saturating_sub(1) * 4 * self.rate as usize / 1000;
            let length = (self.cycle.len() / 4 + extra)
                .min(self.rate as usize / 100)
                .min(samples.len());
            for (n, sample) in samples.iter_mut().take(length).enumerate() {
                let made = self.next();
                let share = ((n + 1) * 256 / (length + 1)) as i32;
                *sample = mix(i32::from(made), i32::from(*sample), share);
            }
            self.cycle.clear();
            self.made = 0;
        }
        self.remember(samples);
    }

    /// Make up for samples that were lost, and append them.
    pub fn lost(&mut self, count: usize, out: &mut Vec<i16>) {
        let start = out.len();
        let beginning = self.cycle.is_empty();
        if beginning {
            self.begin();
        }
        // begin_fade mirrors the end of the history, which is overwritten below
        let fade = if beginning {
            (self.cycle.len() / 4).min(count)
        } else {
            0
        };
        out.reserve(count);
        for n in 0..count {
            let mut sample = self.next();
            if n < fade {
                let mirrored = self.history[self.history.len() - 1 - n];
                let share = ((n + 1) * 256 / (fade + 1)) as i32;
                sample = mix(i32::from(mirrored), i32::from(sample), share);
            }
            out.push(sample);
        }
        let (history, made) = (&mut self.history, &out[start..]);
        push(history, made);
    }

    /// Forget everything: another stream begins.
    pub fn reset(&mut self) {
        self.history.fill(0);
        self.cycle.clear();
        self.made = 0;
    }

    /// The next sample of the repetition, faded.
    fn next(&mut self) -> i16 {
        let ms = (self.made * 1000 / self.rate as usize) as u32;
        self.made += 1;
        if ms >= FADED_MS {
            return 0;
        }
        let sample = i32::from(self.cycle[self.at]);
        self.at += 1;
        if self.at == self.cycle.len() {
            self.at = 0;
        }
        if ms < WHOLE_MS {
            return sample as i16;
        }
        let whole = (self.rate / 1000 * WHOLE_MS) as usize;
        let faded = (self.rate / 1000 * (FADED_MS - WHOLE_MS)) as usize;
        let left = faded.saturating_sub(self.made - whole) as i32;
        ((sample * (left * 256 / faded as i32)) >> 8) as i16
    }

    /// Find the period and cut the cycle.
    fn begin(&mut self) {
        let period = self.period();
        let quarter = period / 4;
        let end = self.history.len();
        self.cycle.clear();
        self.cycle.extend_from_slice(&self.history[end - period..]);
        // its last quarter becomes what came before its first sample, so that the seam is smooth
        for n in 0..quarter {
            let before = self.history[end - period - quarter + n];
            let place = period - quarter + n;
            let share = ((n + 1) * 256 / (quarter + 1)) as i32;
            self.cycle[place] = mix(i32::from(self.cycle[place]), i32::from(before), share);
        }
        self.at = 0;
        self.made = 0;
    }

    /// The lag at which the last 20 ms are most like themselves, searched at 8 kHz and then closely.
    fn period(&self) -> usize {
        let (longest, shortest) = (
            (self.rate / LONGEST) as usize,
            (self.rate / SHORTEST) as usize,
        );
        let step = (self.rate / 8000).max(1) as usize;
        let mut best = self.best(shortest, longest, step, step);
        if step > 1 {
            best = self.best(
                best.saturating_sub(step).max(shortest),
                (best + step).min(longest),
                1,
                step,
            );
        }
        best
    }

    fn best(&self, from: usize, to: usize, step: usize, stride: usize) -> usize {
        let end = self.history.len();
        let length = (self.rate / COMPARED) as usize;
        let recent = &self.history[end - length..];
        let mut best = (to, f64::MIN);
        for lag in (from..=to).step_by(step) {
            let earlier = &self.history[end - length - lag..end - lag];
            let (mut product, mut power) = (0i64, 1i64);
            for (a, b) in recent
                .iter()
                .step_by(stride)
                .zip(earlier.iter().step_by(stride))
            {
                product += i64::from(*a) * i64::from(*b);
                power += i64::from(*b) * i64::from(*b);
            }
            let likeness = product as f64 / (power as f64).sqrt();
            if likeness > best.1 {
                best = (lag, likeness);
            }
        }
        best.0
    }

    fn remember(&mut self, samples: &[i16]) {
        push(&mut self.history, samples);
    }
}

/// Shift the newest samples into a history of fixed length.
fn push(history: &mut [i16], samples: &[i16]) {
    let length = history.len();
    if samples.len() >= length {
        history.copy_from_slice(&samples[samples.len() - length..]);
    } else {
        history.copy_within(samples.len().., 0);
        history[length - samples.len()..].copy_from_slice(samples);
    }
}

/// From one to the other as `share` goes from 0 to 256.
fn mix(one: i32, other: i32, share: i32) -> i16 {
    ((one * (256 - share) + other * share) >> 8) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goertzel::Goertzel;
    use std::f64::consts::TAU;

    fn voice(rate: u32, n: usize) -> i16 {
        let t = n as f64 / f64::from(rate);
        let sum: f64 = (1..8)
            .map(|h| (TAU * 130.0 * f64::from(h) * t).sin() / f64::from(h))
            .sum();
        (6000.0 * sum) as i16
    }

    /// 20 ms packets, of which `lost(n)` are lost.
    fn run(rate: u32, packets: usize, lost: impl Fn(usize) -> bool) -> (Vec<i16>, Vec<i16>) {
        let frame = (rate / 50) as usize;
        let mut concealer = Concealer::new(rate);
        let (mut whole, mut got) = (Vec::new(), Vec::new());
        for n in 0..packets {
            let mut samples: Vec<i16> = (n * frame..(n + 1) * frame)
                .map(|n| voice(rate, n))
                .collect();
            whole.extend_from_slice(&samples);
            if lost(n) {
                concealer.lost(frame, &mut got);
            } else {
                concealer.heard(&mut samples);
                got.extend_from_slice(&samples);
            }
        }
        (whole, got)
    }

    fn jump(samples: &[i16]) -> u32 {
        let steps = samples
            .windows(2)
            .map(|p| i32::from(p[0]).abs_diff(i32::from(p[1])));
        steps.max().unwrap_or(0)
    }

    #[test]
    fn a_voice_goes_on_without_a_click() {
        for rate in [8000, 16_000, 48_000] {
            let (whole, got) = run(rate, 100, |n| n > 5 && n % 7 == 3);
            assert_eq!(whole.len(), got.len());
            // no step that the voice itself does not have, within a fifth
            assert!(
                jump(&got) < jump(&whole) * 6 / 5,
                "{rate}: {} {}",
                jump(&got),
                jump(&whole)
            );
            let noise: f64 = whole
                .iter()
                .zip(&got)
                .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
                .sum();
            let power: f64 = whole.iter().map(|a| f64::from(*a).powi(2)).sum();
            let distance = 10.0 * (noise / power).log10();
            assert!(
                distance < -15.0,
                "{rate}: {distance} dB with one packet of seven lost"
            );
        }
    }

    #[test]
    fn a_tone_keeps_frequency_and_level() {
        let mut concealer = Concealer::new(8000);
        let mut got = Vec::new();
        for n in 0..50usize {
            let mut samples: Vec<i16> = (n * 160..(n + 1) * 160)
                .map(|n| (8000.0 * (TAU * 425.0 * n as f64 / 8000.0).sin()) as i16)
                .collect();
            if n % 5 == 4 {
                concealer.lost(160, &mut got);
            } else {
                concealer.heard(&mut samples);
                got.extend_from_slice(&samples);
            }
        }
        let mut meter = Goertzel::new(425.0, 8000.0);
        meter.add(&got);
        let level = 20.0 * (meter.amplitude() / 8000.0).log10();
        assert!(level.abs() < 1.5, "{level} dB");
    }

    #[test]
    fn a_long_loss_fades_to_silence_and_comes_back_softly() {
        let (_, got) = run(8000, 40, |n| (10..30).contains(&n));
        let silent = &got[10 * 160 + 60 * 8..30 * 160];
        assert!(silent.iter().all(|s| *s == 0));
        assert!(got[30 * 160..].iter().any(|s| s.abs() > 1000));
        let (whole, _) = run(8000, 40, |_| false);
        assert!(jump(&got) < jump(&whole) * 6 / 5);
    }

    #[test]
    fn loss_before_anything_was_heard_is_silence() {
        let mut concealer = Concealer::new(8000);
        let mut got = Vec::new();
        concealer.lost(160, &mut got);
        assert_eq!(got, [0; 160]);
        let mut samples = [100; 160];
        concealer.heard(&mut samples);
        concealer.lost(1, &mut got);
        concealer.lost(5000, &mut got);
        assert_eq!(got.len(), 5161);
        concealer.reset();
        got.clear();
        concealer.lost(10, &mut got);
        assert_eq!(got, [0; 10]);
    }
}
