//! What is watched for in one direction of a port: talking and silence, and single tones.
use super::recorder::Way;
use crate::Nanos;
use crate::goertzel::Goertzel;
use crate::mixer::talk::{TalkDetector, level};

/// Samples a second that it listens to, Hz.
const RATE: u32 = 8000;
/// Samples that are judged at once: 20 ms of talking, 10 ms of a tone (wide enough for the +-38 Hz that T.30 allows
/// its calling tone).
const FRAME: usize = 160;
const BLOCK: usize = 80;
/// When nothing has come for so long it is silence.
const NOTHING: Nanos = 100_000_000;
/// The share of a block's power that its tone must have where nobody asks for another, and the most that can be asked for: a
/// block is too short to say more.
const SHARE: f64 = 0.5;
const MOST_SHARE: f64 = 0.9;
/// The least peak amplitude of a tone (-43 dBm0).
const LEAST: f64 = 160.0;
/// Blocks without the tone after which it is over; fewer are an interruption, as the phase reversals of an
/// answering fax modem are.
const MISSES: u32 = 3;

/// What has been found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Somebody has begun to talk.
    Talking,
    /// Silence; he has talked for so many ms.
    Silent(u32),
    /// The tone has been there for as long as was asked for.
    Tone,
    /// It is over, after so many ms in all.
    ToneEnd(u32),
}

/// A tone that is watched for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    /// Hz.
    pub frequency: f64,
    /// A second one that sounds with it; 0: none.
    pub second: f64,
    /// How long it must last.
    pub ms: u32,
    /// How far it must stand out from all else, in dB (10 at most); None: it is half of what sounds.
    pub decibels: Option<f64>,
}

impl Tone {
    /// Of one frequency.
    #[must_use]
    pub fn single(frequency: f64, ms: u32) -> Tone {
        Tone {
            frequency,
            second: 0.0,
            ms,
            decibels: None,
        }
    }
}

enum Kind {
    Talk {
        detector: TalkDetector,
        /// Since the beginning of talking, and silence at its end, in ms.
        talked_ms: u32,
        silent_ms: u32,
    },
    Tone {
        meter: Goertzel,
        second: Option<Goertzel>,
        share: f64,
        wanted_ms: u32,
        tone_ms: u32,
        misses: u32,
        told: bool,
    },
}

/// One thing that is watched for.
pub struct Watch {
    pub id: u32,
    pub way: Way,
    kind: Kind,
    pending: Vec<i16>,
    heard_at: Nanos,
}

impl Watch {
    /// Talking is a mean magnitude of `threshold` at least; it is over when it has been below for `silence_ms`.
    #[must_use]
    pub fn talking(id: u32, way: Way, threshold: u32, silence_ms: u32, now: Nanos) -> Watch {
        let kind = Kind::Talk {
            detector: TalkDetector::new(threshold, silence_ms),
            talked_ms: 0,
            silent_ms: 0,
        };
        Watch::new(id, way, kind, now)
    }

    /// A tone that lasts.
    #[must_use]
    pub fn tone(id: u32, way: Way, tone: Tone, now: Nanos) -> Watch {
        let meter = |frequency| Goertzel::new(frequency, f64::from(RATE));
        let kind = Kind::Tone {
            meter: meter(tone.frequency),
            second: (tone.second > 0.0).then(|| meter(tone.second)),
            share: tone.decibels.map_or(SHARE, |decibels| {
                let ratio = 10f64.powf(decibels / 10.0);
                (ratio / (1.0 + ratio)).min(MOST_SHARE)
            }),
            wanted_ms: tone.ms.max(1),
            tone_ms: 0,
            misses: 0,
            told: false,
        };
        Watch::new(id, way, kind, now)
    }

    fn new(id: u32, way: Way, kind: Kind, now: Nanos) -> Watch {
        Watch {
            id,
            way,
            kind,
            pending: Vec::new(),
            heard_at: now,
        }
    }

    /// Samples at 8 kHz.
    pub fn hear(&mut self, samples: &[i16], now: Nanos, found: &mut impl FnMut(Found)) {
        self.heard_at = now;
        self.take(samples, found);
    }

    /// Time has passed: what does not come is silence.
    pub fn tick(&mut self, tick_ms: u32, now: Nanos, found: &mut impl FnMut(Found)) {
        const ZEROS: [i16; 800] = [0; 800];
        if now.saturating_sub(self.heard_at) > NOTHING {
            let count = (tick_ms as usize * 8).min(ZEROS.len());
            self.take(&ZEROS[..count], found);
        }
    }

    fn take(&mut self, samples: &[i16], found: &mut impl FnMut(Found)) {
        self.pending.extend_from_slice(samples);
        let size = match self.kind {
            Kind::Talk { .. } => FRAME,
            Kind::Tone { .. } => BLOCK,
        };
        let whole = self.pending.len() / size * size;
        for piece in self.pending[..whole].chunks_exact(size) {
            if let Some(what) = self.kind.judge(piece) {
                found(what);
            }
        }
        self.pending.drain(..whole);
    }
}

impl Kind {
    fn judge(&mut self, piece: &[i16]) -> Option<Found> {
        let ms = (piece.len() / 8) as u32;
        match self {
            Kind::Talk {
                detector,
                talked_ms,
                silent_ms,
            } => {
                let loud = level(piece);
                let change = detector.frame(loud, ms);
                match change {
                    Some(true) => (*talked_ms, *silent_ms) = (ms, 0),
                    _ if detector.is_loud(loud) => {
                        *talked_ms = talked_ms.saturating_add(*silent_ms + ms);
                        *silent_ms = 0;
                    }
                    _ => *silent_ms = silent_ms.saturating_add(ms),
                }
                change.map(|on| {
                    if on {
                        Found::Talking
                    } else {
                        Found::Silent(*talked_ms)
                    }
                })
            }
            Kind::Tone {
                meter,
                second,
                share,
                wanted_ms,
                tone_ms,
                misses,
                told,
            } => {
                let power: f64 = piece.iter().map(|s| f64::from(*s).powi(2)).sum();
                let (mut peak, mut of_tone) = (0f64, 0.0);
                for meter in std::iter::once(meter).chain(second) {
                    meter.reset();
                    meter.add(piece);
                    let amplitude = meter.amplitude();
                    peak = peak.max(amplitude);
                    of_tone += amplitude * amplitude / 2.0 * piece.len() as f64;
                }
                if peak >= LEAST && of_tone >= *share * power {
                    *tone_ms = tone_ms.saturating_add(ms + std::mem::take(misses) * ms);
                    return (*tone_ms >= *wanted_ms
                        && !std::mem::replace(told, *tone_ms >= *wanted_ms))
                    .then_some(Found::Tone);
                }
                *misses += 1;
                if *tone_ms == 0 {
                    *misses = 0;
                }
                if *misses < MISSES {
                    return None;
                }
                *misses = 0;
                let lasted = std::mem::take(tone_ms);
                std::mem::take(told).then_some(Found::ToneEnd(lasted))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    const MS: Nanos = 1_000_000;

    fn sound(frequency: f64, peak: f64, ms: u32) -> Vec<i16> {
        (0..ms * 8)
            .map(|n| (peak * (TAU * frequency * f64::from(n) / 8000.0).sin()) as i16)
            .collect()
    }

    fn heard(watch: &mut Watch, samples: &[i16]) -> Vec<Found> {
        let mut all = Vec::new();
        for piece in samples.chunks(160) {
            watch.hear(piece, 0, &mut |found| all.push(found));
        }
        all
    }

    #[test]
    fn talking_is_told_with_its_length_without_the_silence() {
        let mut watch = Watch::talking(1, Way::Heard, 256, 500, 0);
        assert_eq!(heard(&mut watch, &[10; 8000]), []);
        let speech = sound(300.0, 4000.0, 400);
        assert_eq!(heard(&mut watch, &speech), [Found::Talking]);
        assert_eq!(heard(&mut watch, &[0; 1600]), []);
        assert_eq!(heard(&mut watch, &speech), []);
        assert_eq!(heard(&mut watch, &[0; 8000]), [Found::Silent(1000)]);
    }

    #[test]
    fn who_sends_nothing_any_more_is_silent() {
        let mut watch = Watch::talking(1, Way::Heard, 256, 500, 0);
        let _ = heard(&mut watch, &sound(300.0, 4000.0, 400));
        let mut all = Vec::new();
        for n in 0..50 {
            watch.tick(20, n * 20 * MS, &mut |found| all.push(found));
        }
        assert_eq!(all, [Found::Silent(400)]);
    }

    #[test]
    fn a_tone_counts_when_it_lasts() {
        for frequency in [1100.0 - 38.0, 1100.0, 1100.0 + 38.0] {
            let mut watch = Watch::tone(1, Way::Heard, Tone::single(1100.0, 425), 0);
            assert_eq!(heard(&mut watch, &sound(frequency, 3000.0, 400)), []);
            assert_eq!(heard(&mut watch, &[0; 1600]), []);
            let cng = sound(frequency, 3000.0, 500);
            assert_eq!(heard(&mut watch, &cng), [Found::Tone], "{frequency}");
            let end = heard(&mut watch, &[0; 1600]);
            assert!(matches!(end[..], [Found::ToneEnd(480..=510)]), "{end:?}");
        }
    }

    #[test]
    fn neither_another_tone_nor_noise_nor_a_faint_one_is_it() {
        let mut seed = 1u32;
        let noise: Vec<i16> = (0..16_000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 18) as i16 - 8192
            })
            .collect();
        let mut mixed = sound(1100.0, 3000.0, 1000);
        let other = sound(440.0, 6000.0, 1000);
        mixed.iter_mut().zip(&other).for_each(|(a, b)| *a += b);
        for samples in [
            noise,
            mixed,
            other,
            sound(1300.0, 8000.0, 1000),
            sound(1100.0, 80.0, 1000),
        ] {
            let mut watch = Watch::tone(1, Way::Heard, Tone::single(1100.0, 100), 0);
            assert_eq!(heard(&mut watch, &samples), []);
        }
    }

    #[test]
    fn two_frequencies_are_one_tone() {
        for (one, other) in [(350.0, 440.0), (480.0, 620.0), (440.0, 480.0)] {
            let mut samples = sound(one, 3000.0, 800);
            let second = sound(other, 3000.0, 800);
            samples.iter_mut().zip(&second).for_each(|(a, b)| *a += b);
            let tone = Tone {
                second: other,
                ..Tone::single(one, 500)
            };
            let mut watch = Watch::tone(1, Way::Heard, tone, 0);
            assert_eq!(heard(&mut watch, &samples), [Found::Tone], "{one} {other}");
            let end = heard(&mut watch, &[0; 1600]);
            assert!(matches!(end[..], [Found::ToneEnd(770..=810)]), "{end:?}");
        }
    }

    #[test]
    fn how_far_it_stands_out_can_be_asked_for() {
        let mut samples = sound(1100.0, 3000.0, 500);
        let other = sound(440.0, 2000.0, 500);
        samples.iter_mut().zip(&other).for_each(|(a, b)| *a += b);
        for (decibels, there) in [(Some(1.0), true), (None, true), (Some(6.0), false)] {
            let tone = Tone {
                decibels,
                ..Tone::single(1100.0, 300)
            };
            let mut watch = Watch::tone(1, Way::Heard, tone, 0);
            assert_eq!(
                !heard(&mut watch, &samples).is_empty(),
                there,
                "{decibels:?}"
            );
            let mut watch = Watch::tone(1, Way::Heard, tone, 0);
            assert!(!heard(&mut watch, &sound(1100.0, 3000.0, 500)).is_empty());
        }
    }

    #[test]
    fn phase_reversals_do_not_end_an_answering_tone() {
        let mut samples = sound(2100.0, 3000.0, 3000);
        for (n, sample) in samples.iter_mut().enumerate() {
            if n / 3600 % 2 == 1 {
                *sample = -*sample;
            }
        }
        let mut watch = Watch::tone(1, Way::Heard, Tone::single(2100.0, 2600), 0);
        assert_eq!(heard(&mut watch, &samples), [Found::Tone]);
    }
}
