//! Tones: lists of segments as in indications.conf and Playtones(), at 8 kHz.
//!
//! The oscillators run through the whole list.  A segment sets their frequencies and the levels that they glide to
//! within [`RAMP`] samples, so a change of frequency keeps the phase and a change of level makes no click.

use std::f64::consts::TAU;
use std::sync::Arc;

/// Peak of a sine of 0 dBm0 in 16-bit samples: G.711's largest mu-law value (8159 of 14 bits) is 3.17 dBm0.
pub const PEAK_0DBM0: f64 = 22_656.6;

/// Samples that a change of level takes: 4 ms.  Shorter ones click; longer ones blur short DTMF digits.
pub const RAMP: u32 = 32;

/// How deep the second frequency modulates the first in `f1*f2`.
const DEPTH: f64 = 0.9;

const RATE: f64 = 8000.0;

/// One part of a tone list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// First frequency in Hz; 0: none.
    pub freq1: f64,
    /// Second frequency in Hz; 0: none.
    pub freq2: f64,
    /// Whether the second modulates the amplitude of the first (`f1*f2`) instead of being added (`f1+f2`).
    pub modulated: bool,
    /// Duration in ms; 0: for ever.
    pub ms: u32,
    /// Left out when the list is repeated (`!`).
    pub once: bool,
}

/// Generates the samples of a tone list.
#[derive(Clone, Debug)]
pub struct Generator {
    segments: Arc<[Segment]>,
    repeat: bool,
    level_dbm0: f64,
    index: usize,
    /// Samples left of the current segment; None: for ever.
    left: Option<u64>,
    state: State,
    first: Oscillator,
    second: Oscillator,
    /// Multiplies the first; its level is the depth.
    modulator: Oscillator,
    /// The list has been gone through once.
    repeating: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Within the list.
    Running,
    /// The list has ended (or was released); the last tone fades.
    Fading(u32),
    Done,
}

#[derive(Clone, Copy, Debug, Default)]
struct Oscillator {
    phase: f64,
    step: f64,
    level: f64,
    slope: f64,
    ramp: u32,
}

impl Oscillator {
    fn set(&mut self, frequency: f64, level: f64) {
        if frequency > 0.0 {
            if self.level == 0.0 {
                self.phase = 0.0; // nothing is heard that the phase would have to fit
            }
            self.step = frequency * TAU / RATE;
        }
        let target = if frequency > 0.0 { level } else { 0.0 };
        self.slope = (target - self.level) / f64::from(RAMP);
        self.ramp = RAMP;
        if self.slope == 0.0 {
            self.ramp = 0;
        }
    }

    #[inline]
    fn next(&mut self) -> f64 {
        if self.ramp > 0 {
            self.ramp -= 1;
            self.level += self.slope;
            if self.ramp == 0 && self.level.abs() < 1e-6 {
                self.level = 0.0;
            }
        }
        if self.level == 0.0 {
            return 0.0;
        }
        let value = self.phase.sin() * self.level;
        self.phase += self.step;
        if self.phase >= TAU {
            self.phase -= TAU;
        }
        value
    }
}

impl Generator {
    /// `level_dbm0` is that of each frequency.  With `repeat` the list starts again at its end (without the
    /// segments that are `once`), else it ends.  Frequencies outside 0..4000 Hz are silent.
    #[must_use]
    pub fn new(segments: impl Into<Arc<[Segment]>>, repeat: bool, level_dbm0: f64) -> Self {
        let mut generator = Self {
            segments: segments.into(),
            repeat,
            level_dbm0,
            index: 0,
            left: Some(0),
            state: State::Running,
            first: Oscillator::default(),
            second: Oscillator::default(),
            modulator: Oscillator::default(),
            repeating: false,
        };
        match generator.segments.first().copied() {
            Some(segment) => generator.start(segment),
            None => generator.state = State::Done,
        }
        generator
    }

    /// Fill the slice.  Returns the number of samples made: less than its length only when the list has come
    /// to its end; the rest is then zero.
    pub fn fill(&mut self, samples: &mut [i16]) -> usize {
        let mut made = 0;
        while made < samples.len() {
            let room = (samples.len() - made) as u64;
            let count = match (self.state, self.left) {
                (State::Done, _) => break,
                (State::Fading(left), _) => room.min(u64::from(left)),
                (State::Running, Some(left)) => room.min(left),
                (State::Running, None) => room,
            } as usize;
            for sample in &mut samples[made..made + count] {
                *sample = self.sample();
            }
            made += count;
            self.advance(count as u64);
        }
        samples[made..].fill(0);
        made
    }

    /// Fade out and end; [`Generator::fill`] gives at most [`RAMP`] more samples.
    pub fn release(&mut self) {
        if self.state == State::Running {
            self.fade();
        }
    }

    /// Whether all samples have been made.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    #[inline]
    fn sample(&mut self) -> i16 {
        let modulation = 1.0 + self.modulator.next();
        let value = self.first.next() * modulation + self.second.next();
        value.round().clamp(-32_768.0, 32_767.0) as i16
    }

    fn advance(&mut self, count: u64) {
        match self.state {
            State::Running => {
                let Some(left) = &mut self.left else { return };
                *left -= count;
                if *left == 0 {
                    self.next_segment();
                }
            }
            State::Fading(left) => {
                let left = left - count as u32;
                self.state = if left == 0 {
                    State::Done
                } else {
                    State::Fading(left)
                };
            }
            State::Done => {}
        }
    }

    fn next_segment(&mut self) {
        let next = self.following(self.index + 1).or_else(|| {
            self.repeating = self.repeat;
            // a list of nothing but `!` segments ends even when it is to be repeated
            self.repeat.then(|| self.following(0)).flatten()
        });
        match next.and_then(|index| Some((index, *self.segments.get(index)?))) {
            Some((index, segment)) => {
                self.index = index;
                self.start(segment);
            }
            None => self.fade(),
        }
    }

    /// The first segment from `index` on that is to be played.
    fn following(&self, index: usize) -> Option<usize> {
        let rest = self.segments.get(index..)?;
        let skip = rest
            .iter()
            .position(|segment| !(self.repeating && segment.once))?;
        Some(index + skip)
    }

    fn start(&mut self, segment: Segment) {
        self.left = (segment.ms > 0).then(|| u64::from(segment.ms) * 8);
        let audible = |frequency: f64| {
            if frequency > 0.0 && frequency < RATE / 2.0 {
                frequency
            } else {
                0.0
            }
        };
        let (added, modulating) = if segment.modulated {
            (0.0, segment.freq2)
        } else {
            (segment.freq2, 0.0)
        };
        // two tones at -3 dBm0, or a modulated one, just stay below full scale, as does a single one at 0
        let most = if segment.freq2 > 0.0 { -3.0 } else { 0.0 };
        let peak = PEAK_0DBM0 * 10f64.powf(self.level_dbm0.min(most) / 20.0);
        self.first.set(audible(segment.freq1), peak);
        self.second.set(audible(added), peak);
        self.modulator.set(audible(modulating), DEPTH);
    }

    fn fade(&mut self) {
        let silent = self.first.level == 0.0 && self.second.level == 0.0;
        self.first.set(0.0, 0.0);
        self.second.set(0.0, 0.0);
        self.modulator.set(0.0, 0.0);
        self.state = if silent {
            State::Done
        } else {
            State::Fading(RAMP)
        };
    }
}

/// The two tones of a DTMF digit (ITU-T Q.23): 0-9, A-D (either case), `*`, `#`.
#[must_use]
pub fn dtmf_segment(digit: char, ms: u32) -> Option<Segment> {
    let place = crate::goertzel::DTMF_DIGITS
        .iter()
        .position(|candidate| *candidate == digit.to_ascii_uppercase())?;
    Some(Segment {
        freq1: crate::goertzel::DTMF_ROWS[place / 4],
        freq2: crate::goertzel::DTMF_COLUMNS[place % 4],
        modulated: false,
        ms,
        once: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goertzel::Goertzel;

    fn segment(freq1: f64, freq2: f64, ms: u32) -> Segment {
        Segment {
            freq1,
            freq2,
            modulated: false,
            ms,
            once: false,
        }
    }

    fn render(generator: &mut Generator, samples: usize) -> Vec<i16> {
        let mut out = vec![0; samples];
        let mut at = 0;
        // odd pieces: what comes out must not depend on how it is asked for
        while at < samples {
            let end = (at + 77).min(samples);
            let made = generator.fill(&mut out[at..end]);
            at += made;
            if made < 77 {
                break;
            }
        }
        out.truncate(at);
        out
    }

    fn level(samples: &[i16], frequency: f64) -> f64 {
        let mut meter = Goertzel::new(frequency, RATE);
        meter.add(samples);
        meter.level_dbm0()
    }

    #[test]
    fn a_single_tone_may_be_a_milliwatt_two_may_not() {
        let one = render(
            &mut Generator::new([segment(1004.0, 0.0, 0)], false, 3.0),
            8000,
        );
        assert!((level(&one[80..], 1004.0) - 0.0).abs() < 0.1);
        let two = render(
            &mut Generator::new([segment(697.0, 1209.0, 0)], false, 0.0),
            8000,
        );
        assert!((level(&two[80..], 697.0) + 3.0).abs() < 0.1);
        assert!(two.iter().all(|sample| sample.unsigned_abs() < 32_700));
    }

    /// The largest second difference: what a click is made of.
    fn roughness(samples: &[i16]) -> i32 {
        samples
            .windows(3)
            .map(|w| (i32::from(w[0]) - 2 * i32::from(w[1]) + i32::from(w[2])).abs())
            .max()
            .unwrap_or(0)
    }

    #[test]
    fn both_frequencies_have_the_level() {
        let mut generator = Generator::new([segment(440.0, 480.0, 0)], true, -13.0);
        let samples = render(&mut generator, 8000);
        let steady = &samples[400..8000 - 400]; // 0.9 s: whole periods of both
        assert!((level(steady, 440.0) + 13.0).abs() < 0.05);
        assert!((level(steady, 480.0) + 13.0).abs() < 0.05);
        assert!(level(steady, 460.0) < -50.0);
    }

    #[test]
    fn modulation_has_a_carrier_and_side_bands() {
        let modulated = Segment {
            modulated: true,
            ..segment(425.0, 25.0, 0)
        };
        let samples = render(&mut Generator::new([modulated], true, -13.0), 8400);
        let steady = &samples[400..];
        assert!((level(steady, 425.0) + 13.0).abs() < 0.05);
        for side in [400.0, 450.0] {
            // half the depth of 0.9
            assert!((level(steady, side) + 13.0 + 6.94).abs() < 0.1);
        }
        assert!(level(steady, 25.0) < -50.0);
    }

    #[test]
    fn a_list_that_is_not_repeated_has_its_length() {
        let list = [segment(1000.0, 0.0, 100), segment(0.0, 0.0, 50)];
        let mut generator = Generator::new(list, false, -13.0);
        let samples = render(&mut generator, 4000);
        assert!(generator.is_done());
        assert_eq!(samples.len(), 1200);
        assert!(level(&samples[100..740], 1000.0) > -13.1);
        assert!(samples[800 + RAMP as usize..].iter().all(|s| *s == 0));
        // one that ends with a tone has its fading besides
        let mut generator = Generator::new([segment(1000.0, 0.0, 100)], false, -13.0);
        assert_eq!(render(&mut generator, 4000).len(), 800 + RAMP as usize);
        assert_eq!(generator.fill(&mut [1; 5]), 0);
    }

    #[test]
    fn segments_marked_once_are_not_repeated() {
        let once = |freq1| Segment {
            once: true,
            ..segment(freq1, 0.0, 100)
        };
        let list = [once(950.0), once(1400.0), segment(425.0, 0.0, 100)];
        let mut generator = Generator::new(list, true, -13.0);
        let samples = render(&mut generator, 800 * 6);
        let heard: Vec<f64> = samples
            .chunks(800)
            .map(|part| {
                let part = &part[80..720]; // 80 ms: whole periods of 425, 950 and 1400
                [425.0, 950.0, 1400.0]
                    .into_iter()
                    .max_by(|a, b| level(part, *a).total_cmp(&level(part, *b)))
                    .unwrap()
            })
            .collect();
        assert_eq!(heard, [950.0, 1400.0, 425.0, 425.0, 425.0, 425.0]);
        // nothing but such segments: it ends
        let mut generator = Generator::new([once(950.0)], true, -13.0);
        assert_eq!(render(&mut generator, 8000).len(), 800 + RAMP as usize);
    }

    #[test]
    fn changes_do_not_click() {
        let list = [
            segment(950.0, 0.0, 33),
            segment(1400.0, 0.0, 33),
            segment(0.0, 0.0, 20),
            segment(440.0, 480.0, 31),
            segment(440.0, 0.0, 17),
        ];
        let mut generator = Generator::new(list, true, -10.0);
        let samples = render(&mut generator, 8000);
        let mut steady = Generator::new([segment(1400.0, 0.0, 0)], true, -10.0);
        let allowed = roughness(&render(&mut steady, 800)) * 11 / 10;
        assert!(roughness(&samples) <= allowed);
        generator.release();
        let end = render(&mut generator, 800);
        assert!(end.len() <= RAMP as usize);
        let mut all = samples;
        all.extend(end);
        all.push(0);
        all.push(0);
        assert!(roughness(&all) <= allowed);
    }

    #[test]
    fn nonsense_is_silence() {
        let list = [
            segment(-5.0, f64::NAN, 10),
            segment(4000.0, f64::INFINITY, 10),
        ];
        let samples = render(&mut Generator::new(list, false, f64::INFINITY), 1000);
        assert_eq!(samples, vec![0; 160]);
        assert_eq!(Generator::new([], true, -13.0).fill(&mut [7; 3]), 0);
        let loud = render(
            &mut Generator::new([segment(300.0, 301.0, 0)], true, 20.0),
            16_000,
        );
        assert!(loud.iter().all(|s| s.unsigned_abs() < 32_700));
    }
}
