//! Change of sample rate of a stream: a polyphase filter of a fixed ratio, in whole numbers.
//!
//! The ratio of the rates is reduced to up/down; each of the `up` phases is a short filter of 16-bit coefficients, so
//! an output sample is one dot product.  The coefficients are made once for each ratio and shared.  The pass band ends
//! at 0.40 of the lower rate (3.2 kHz at 8 kHz), the stop band (60 dB and more) begins at 0.52.  A stream is
//! delayed by 16 samples of the lower rate.

use std::collections::HashMap;
use std::f64::consts::PI;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Zero crossings of the filter on each side.
const CROSSINGS: u32 = 16;
/// The filter's middle, in parts of the lower rate.
const CUT_OFF: f64 = 0.46;
/// Shape of the Kaiser window: 65 dB.
const BETA: f64 = 6.2;
/// More phases than this are not made: the ratio is replaced by the nearest one that has fewer.
const MAX_PHASES: u32 = 1024;
/// One in the coefficients' fixed point.
const ONE: f64 = 16_384.0;
const SHIFT: u32 = 14;

/// The filter of one ratio.
struct Filter {
    up: u32,
    down: u32,
    /// Coefficients of one phase, oldest sample first.
    taps: usize,
    phases: Box<[i16]>,
}

/// One stream's change of rate.
pub struct Resampler {
    filter: Option<Arc<Filter>>,
    /// Samples that the next output needs, the oldest first.
    history: Vec<i16>,
    /// Place of the next output in `history`.
    index: usize,
    phase: u32,
}

impl Resampler {
    /// From one rate to another, in Hz; equal rates (and 0, which none has) cost nothing.
    #[must_use]
    pub fn new(from: u32, to: u32) -> Resampler {
        let filter = (from != to && from != 0 && to != 0).then(|| shared(from, to));
        let history = filter
            .as_ref()
            .map_or_else(Vec::new, |f| vec![0; f.taps - 1]);
        Resampler {
            filter,
            history,
            index: 0,
            phase: 0,
        }
    }

    /// Whether it does anything.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.filter.is_some()
    }

    /// Take samples and append what they become.
    pub fn process(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        let Some(filter) = &self.filter else {
            out.extend_from_slice(samples);
            return;
        };
        self.history.extend_from_slice(samples);
        out.reserve(samples.len() * filter.up as usize / filter.down as usize + 1);
        let taps = filter.taps;
        while let Some(window) = self.history.get(self.index..self.index + taps) {
            let start = self.phase as usize * taps;
            out.push(dot(window, &filter.phases[start..start + taps]));
            self.phase += filter.down;
            self.index += (self.phase / filter.up) as usize;
            self.phase %= filter.up;
        }
        let done = self.index.min(self.history.len());
        self.history.drain(..done);
        self.index -= done;
    }

    /// Forget what came before.
    pub fn reset(&mut self) {
        if let Some(filter) = &self.filter {
            self.history.clear();
            self.history.resize(filter.taps - 1, 0);
            (self.index, self.phase) = (0, 0);
        }
    }
}

/// Written so that the compiler makes multiply-and-add instructions of it.
#[inline]
fn dot(samples: &[i16], coefficients: &[i16]) -> i16 {
    let sum: i32 = samples
        .iter()
        .zip(coefficients)
        .map(|(sample, coefficient)| i32::from(*sample) * i32::from(*coefficient))
        .fold(0, i32::wrapping_add);
    ((sum + (1 << (SHIFT - 1))) >> SHIFT).clamp(-32_768, 32_767) as i16
}

/// By (up, down).
type Filters = HashMap<(u32, u32), Arc<Filter>>;

fn shared(from: u32, to: u32) -> Arc<Filter> {
    static FILTERS: LazyLock<Mutex<Filters>> = LazyLock::new(Mutex::default);
    let (up, down) = ratio(to, from);
    let mut filters = FILTERS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(
        filters
            .entry((up, down))
            .or_insert_with(|| Arc::new(make(up, down))),
    )
}

/// `a / b` in lowest terms, or the last of its continued fraction that has no more than MAX_PHASES above the line.
fn ratio(a: u32, b: u32) -> (u32, u32) {
    let (mut x, mut y) = (u64::from(a), u64::from(b));
    let (mut last, mut this) = ((0u64, 1u64), (1u64, 0u64));
    while y != 0 {
        let whole = x / y;
        let next = (whole * this.0 + last.0, whole * this.1 + last.1);
        if next.0 > u64::from(MAX_PHASES) || next.1 > u64::from(u32::MAX) {
            break;
        }
        (last, this) = (this, next);
        (x, y) = (y, x % y);
    }
    ((this.0 as u32).max(1), (this.1 as u32).max(1))
}

fn make(up: u32, down: u32) -> Filter {
    // in units of the input's samples; the filter widens when the output's rate is the lower one
    let widen = (f64::from(down) / f64::from(up)).max(1.0);
    let reach = f64::from(CROSSINGS) * widen;
    let half = reach.ceil() as usize;
    // a whole number of the registers' width
    let taps = (2 * half).next_multiple_of(8);
    let mut phases = Vec::with_capacity(up as usize * taps);
    for phase in 0..up {
        let offset = f64::from(phase) / f64::from(up);
        let exact: Vec<f64> = (0..taps)
            .map(|tap| {
                let distance = tap as f64 - (half as f64 - 1.0) - offset;
                sinc(2.0 * CUT_OFF * distance / widen) * kaiser(distance / reach)
            })
            .collect();
        // each phase lets a constant through unchanged: no tone at the rate of the phases
        let sum: f64 = exact.iter().sum();
        phases.extend(exact.iter().map(|value| (value / sum * ONE).round() as i16));
    }
    Filter {
        up,
        down,
        taps,
        phases: phases.into(),
    }
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 {
        1.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}

fn kaiser(place: f64) -> f64 {
    if place.abs() >= 1.0 {
        return 0.0;
    }
    bessel(BETA * (1.0 - place * place).sqrt()) / bessel(BETA)
}

/// The modified Bessel function of the first kind, order 0.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 1..40 {
        term *= (x / (2.0 * f64::from(n))).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goertzel::Goertzel;

    const RATES: [u32; 9] = [
        8000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000,
    ];

    fn sine(frequency: f64, rate: u32, seconds: f64) -> Vec<i16> {
        (0..(f64::from(rate) * seconds) as usize)
            .map(|n| {
                (10_000.0 * (2.0 * PI * frequency * n as f64 / f64::from(rate)).sin()).round()
                    as i16
            })
            .collect()
    }

    fn level(samples: &[i16], frequency: f64, rate: u32) -> f64 {
        let mut meter = Goertzel::new(frequency, f64::from(rate));
        meter.add(samples);
        20.0 * (meter.amplitude().max(0.1) / 10_000.0).log10()
    }

    /// In packets of 20 ms, as a call has them.
    fn stream(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
        let mut resampler = Resampler::new(from, to);
        let mut out = Vec::new();
        for packet in samples.chunks((from / 50) as usize) {
            resampler.process(packet, &mut out);
        }
        out
    }

    #[test]
    fn every_pair_keeps_tones_of_the_pass_band() {
        for from in RATES {
            for to in RATES {
                for share in [0.05, 0.25, 0.39] {
                    let frequency = share * f64::from(from.min(to));
                    let got = stream(&sine(frequency, from, 0.5), from, to);
                    assert!(got.len().abs_diff(to as usize / 2) <= 1, "{from} {to}");
                    let middle = &got[to as usize / 10..to as usize * 4 / 10];
                    let gain = level(middle, frequency, to);
                    assert!(gain.abs() < 0.2, "{from} to {to}: {frequency} Hz {gain} dB");
                }
            }
        }
    }

    #[test]
    fn what_would_come_back_as_something_else_is_gone() {
        // 5 kHz comes back as 3 kHz when 16 kHz become 8
        let got = stream(&sine(5000.0, 16_000, 0.5), 16_000, 8000);
        assert!(level(&got[800..3200], 3000.0, 8000) < -60.0);
        // 3 kHz has an image at 5 kHz when 8 kHz become 16
        let got = stream(&sine(3000.0, 8000, 0.5), 8000, 16_000);
        assert!(level(&got[1600..6400], 5000.0, 16_000) < -60.0);
        let got = stream(&sine(6000.0, 44_100, 0.5), 44_100, 8000);
        assert!(level(&got[800..3200], 2000.0, 8000) < -60.0);
    }

    #[test]
    fn distortion_is_that_of_16_bits() {
        for (from, to) in [
            (8000, 16_000),
            (16_000, 8000),
            (48_000, 8000),
            (8000, 48_000),
        ] {
            let got = stream(&sine(1000.0, from, 1.0), from, to);
            let middle = &got[to as usize / 10..to as usize * 6 / 10];
            let power: f64 = middle.iter().map(|s| f64::from(*s).powi(2)).sum();
            let mut meter = Goertzel::new(1000.0, f64::from(to));
            meter.add(middle);
            let tone = meter.amplitude().powi(2) / 2.0 * middle.len() as f64;
            let noise = 10.0 * ((power - tone).abs() / power).log10();
            assert!(noise < -60.0, "{from} to {to}: {noise} dB");
        }
    }

    #[test]
    fn the_size_of_packets_does_not_matter() {
        let sound = sine(700.0, 44_100, 0.2);
        let mut whole = Vec::new();
        Resampler::new(44_100, 16_000).process(&sound, &mut whole);
        let mut parts = Vec::new();
        let mut resampler = Resampler::new(44_100, 16_000);
        for (n, _) in sound.iter().enumerate() {
            resampler.process(&sound[n..=n], &mut parts);
        }
        assert_eq!(whole, parts);
        resampler.reset();
        let mut again = Vec::new();
        resampler.process(&sound, &mut again);
        assert_eq!(whole, again);
    }

    #[test]
    fn full_scale_does_not_wrap_and_odd_rates_are_near() {
        let square: Vec<i16> = (0..1600)
            .map(|n| if n / 7 % 2 == 0 { i16::MAX } else { i16::MIN })
            .collect();
        for to in [8000, 48_000] {
            let got = stream(&square, 16_000, to);
            let jump = got
                .windows(2)
                .map(|p| i32::from(p[0]).abs_diff(i32::from(p[1])));
            assert!(jump.max() <= Some(65_535));
            assert!(got.contains(&i16::MAX));
        }
        assert_eq!(ratio(8000, 16_000), (1, 2));
        assert_eq!(ratio(44_100, 8000), (441, 80));
        let (up, down) = ratio(8001, 44_101);
        assert!(up <= MAX_PHASES);
        assert!((f64::from(up) / f64::from(down) - 8001.0 / 44_101.0).abs() < 1e-5);
        let same = Resampler::new(8000, 8000);
        assert!(!same.changes());
    }
}
