//! Goertzel's algorithm: the level of one frequency, and a DTMF receiver (ITU-T Q.23, Q.24).

use std::f64::consts::TAU;
use std::sync::LazyLock;

use crate::tones::PEAK_0DBM0;

/// Low group of DTMF in Hz (Q.23), by row of the keypad.
pub const DTMF_ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
/// High group of DTMF in Hz (Q.23), by column.
pub const DTMF_COLUMNS: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
/// The digits, row by row.
pub const DTMF_DIGITS: [char; 16] = [
    '1', '2', '3', 'A', '4', '5', '6', 'B', '7', '8', '9', 'C', '*', '0', '#', 'D',
];

const RATE: f64 = 8000.0;

/// What the DTMF detector found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DtmfEvent {
    /// A digit is being heard (some 30 ms after its start).
    Begin {
        /// 0-9, A-D, `*`, `#`.
        digit: char,
    },
    /// It has ended (some 30 ms ago).
    End {
        /// The same digit.
        digit: char,
        /// How long it was heard.
        duration_ms: u32,
    },
}

/// Measures one frequency in blocks of any length.
#[derive(Clone, Copy, Debug)]
pub struct Goertzel {
    cos: f64,
    sin: f64,
    s1: f64,
    s2: f64,
    count: u32,
}

/// A complex amplitude.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Phasor {
    re: f64,
    im: f64,
}

impl Phasor {
    fn power(self) -> f64 {
        self.re * self.re + self.im * self.im
    }

    fn times(self, other: Self) -> Self {
        Self {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }

    fn conjugate(self) -> Self {
        Self {
            re: self.re,
            im: -self.im,
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }
}

impl Goertzel {
    /// A meter for `frequency` Hz in samples at `rate` Hz.
    #[must_use]
    pub fn new(frequency: f64, rate: f64) -> Self {
        let (sin, cos) = (TAU * frequency / rate).sin_cos();
        Self {
            cos,
            sin,
            s1: 0.0,
            s2: 0.0,
            count: 0,
        }
    }

    /// Take samples in.
    pub fn add(&mut self, samples: &[i16]) {
        let factor = 2.0 * self.cos;
        for sample in samples {
            let s0 = f64::from(*sample) + factor * self.s1 - self.s2;
            self.s2 = self.s1;
            self.s1 = s0;
        }
        self.count += samples.len() as u32;
    }

    /// Peak amplitude of the frequency over what was taken in, 0 when that is nothing.
    #[must_use]
    pub fn amplitude(&self) -> f64 {
        if self.count == 0 {
            return 0.0;
        }
        2.0 * self.phasor().power().sqrt() / f64::from(self.count)
    }

    /// Its level in dBm0; minus infinity for none.
    #[must_use]
    pub fn level_dbm0(&self) -> f64 {
        20.0 * (self.amplitude() / PEAK_0DBM0).log10()
    }

    /// Start a new block.
    pub fn reset(&mut self) {
        (self.s1, self.s2, self.count) = (0.0, 0.0, 0);
    }

    /// Amplitude and phase, the phase as at the last sample.
    fn phasor(&self) -> Phasor {
        Phasor {
            re: self.s1 - self.s2 * self.cos,
            im: self.s2 * self.sin,
        }
    }
}

// The receiver looks at windows of two hops; each hop is measured once and used in two windows.  The angle between
// the phasors of the two hops tells how far the tone is off its nominal frequency.

/// Samples of a hop: 7.5 ms, so that the angle is unambiguous to +-66 Hz (3.5 % of 1633 Hz is 57 Hz), and
/// three whole windows are within the shortest digit (40 ms) however it falls.
const HOP: usize = 60;
/// Hz from a tone to the first zero of its spectrum in a window.
const WINDOW_LOBE: f64 = RATE / (2.0 * HOP as f64);
/// Least level of each tone: Q.24 asks for -25 dBm0 or so to be heard; 2 dB for the window's edges.
const LEAST_DBM0: f64 = -27.0;
/// How much stronger the low group may be (AT&T in Q.24: 8 dB), with 1 dB for measuring.
const TWIST_LOW: f64 = 7.94; // 9 dB as power
/// How much stronger the high group may be (AT&T in Q.24: 4 dB), with 1 dB for measuring.
const TWIST_HIGH: f64 = 3.16; // 5 dB as power
/// How much the strongest tone of a group stands above the others of it.  Speech with broad energy fails here.
const STAND_OUT: f64 = 4.0; // 6 dB as power
/// Share of the window's energy that the two tones must have.  Talk-off guard: speech has more than two partials.
const SHARE: f64 = 0.75;
/// Second harmonic against its fundamental: voiced sounds have strong ones, generated digits do not.
const HARMONIC: f64 = 0.063; // -12 dB as power
/// Off frequency by this share the digit is refused: between 1.5 % (accept) and 3.5 % (refuse) of Q.24.
const OFF_FREQUENCY: f64 = 0.025;
/// The same for one window, where noise bends the angle.
const OFF_FREQUENCY_WINDOW: f64 = 0.04;
/// Windows in a row that make a digit, and the least duration: Q.24 wants 40 ms taken and 23 ms refused.
const HITS: u32 = 3;
const LEAST_SAMPLES: f64 = 29.0 * 8.0;
/// Windows in a row without it that end a digit: bridges a break of 10 ms, sees a pause of 40 ms.
const MISSES: u32 = 4;

/// How to tell two tones apart in one hop, which is too short for them not to leak into each other.
struct Pairs {
    /// What the nominal frequency of each tone turns in a hop.
    turns: [Phasor; 8],
    /// For each digit the inverse of the normal equations of a least-squares fit of its two tones.
    inverse: [[[f64; 4]; 4]; 16],
}

/// Two tones fitted to one hop: complex peak amplitudes, and how much of the hop's energy they are.
struct Fit {
    low: Phasor,
    high: Phasor,
    energy: f64,
}

static PAIRS: LazyLock<Pairs> = LazyLock::new(Pairs::new);

impl Pairs {
    fn new() -> Self {
        let turn = |frequency: f64| {
            let (im, re) = (TAU * frequency * HOP as f64 / RATE).sin_cos();
            Phasor { re, im }
        };
        Self {
            turns: std::array::from_fn(|index| turn(frequency_of(index))),
            inverse: std::array::from_fn(|place| {
                inverse(normal(DTMF_ROWS[place / 4], DTMF_COLUMNS[place % 4]))
            }),
        }
    }

    /// The phasors that a hop's meters show, with each other's share taken out.
    fn separate(&self, place: usize, row: Phasor, column: Phasor) -> Fit {
        let seen = [row.re, row.im, column.re, column.im];
        let [a, b, c, d] = self.inverse[place].map(|line| {
            line.iter()
                .zip(seen)
                .map(|(factor, x)| factor * x)
                .sum::<f64>()
        });
        Fit {
            low: Phasor { re: a, im: b },
            high: Phasor { re: c, im: d },
            energy: a * seen[0] + b * seen[1] + c * seen[2] + d * seen[3],
        }
    }
}

/// Frequency of a meter: rows, then columns.
fn frequency_of(index: usize) -> f64 {
    if index < 4 {
        DTMF_ROWS[index]
    } else {
        DTMF_COLUMNS[index - 4]
    }
}

/// The normal equations of a hop for cos and -sin of both frequencies, time 0 at the last sample.
fn normal(low: f64, high: f64) -> [[f64; 4]; 4] {
    let mut matrix = [[0.0; 4]; 4];
    for n in 0..HOP {
        let time = -(n as f64) / RATE;
        let (low_sin, low_cos) = (TAU * low * time).sin_cos();
        let (high_sin, high_cos) = (TAU * high * time).sin_cos();
        let basis = [low_cos, -low_sin, high_cos, -high_sin];
        for (line, a) in matrix.iter_mut().zip(basis) {
            for (cell, b) in line.iter_mut().zip(basis) {
                *cell += a * b;
            }
        }
    }
    matrix
}

/// Gauss and Jordan; the matrix is positive definite, so no pivot is 0.
fn inverse(mut matrix: [[f64; 4]; 4]) -> [[f64; 4]; 4] {
    let mut result = [[0.0; 4]; 4];
    for (index, line) in result.iter_mut().enumerate() {
        line[index] = 1.0;
    }
    for pivot in 0..4 {
        let factor = 1.0 / matrix[pivot][pivot];
        matrix[pivot] = matrix[pivot].map(|x| x * factor);
        result[pivot] = result[pivot].map(|x| x * factor);
        for other in (0..4).filter(|other| *other != pivot) {
            let factor = matrix[other][pivot];
            for column in 0..4 {
                matrix[other][column] -= factor * matrix[pivot][column];
                result[other][column] -= factor * result[pivot][column];
            }
        }
    }
    result
}

/// One hop: the phasor of each of the eight tones, and the energy.
#[derive(Clone, Copy, Debug, Default)]
struct Hop {
    tones: [Phasor; 8],
    energy: f64,
}

/// A window that could be a digit.
#[derive(Clone, Copy, Debug)]
struct Hit {
    place: usize,
    /// Turn of the phasor per hop, beyond what the nominal frequency turns, for row and column.
    turns: [Phasor; 2],
    energy: f64,
}

/// A digit that is being heard, or may become one.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    place: usize,
    hits: u32,
    misses: u32,
    turns: [Phasor; 2],
    /// Energy of its strongest hop, and its length in samples by energy.
    strongest: f64,
    samples: f64,
    /// What has been counted since the last hit: belongs to the digit when it comes back.
    after: f64,
}

/// Detects DTMF digits in 8 kHz audio.  Feed it all audio, silence too, in pieces of any length.
#[derive(Clone, Debug)]
pub struct DtmfDetector {
    meters: [Goertzel; 8],
    filled: usize,
    energy: f64,
    last: Hop,
    window: [i16; 2 * HOP],
    candidate: Option<Candidate>,
    current: Option<Candidate>,
}

impl Default for DtmfDetector {
    fn default() -> Self {
        Self::new()
    }
}

impl DtmfDetector {
    /// A detector that has heard nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            meters: std::array::from_fn(|index| Goertzel::new(frequency_of(index), RATE)),
            filled: 0,
            energy: 0.0,
            last: Hop::default(),
            window: [0; 2 * HOP],
            candidate: None,
            current: None,
        }
    }

    /// Take audio in; what is found is given to `report`.
    pub fn process(&mut self, mut samples: &[i16], mut report: impl FnMut(DtmfEvent)) {
        while !samples.is_empty() {
            let count = samples.len().min(HOP - self.filled);
            let (now, rest) = samples.split_at(count);
            for meter in &mut self.meters {
                meter.add(now);
            }
            self.energy += now.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
            let at = HOP + self.filled;
            self.window[at..at + count].copy_from_slice(now);
            self.filled += count;
            samples = rest;
            if self.filled == HOP {
                self.end_hop(&mut report);
            }
        }
    }

    /// The stream has ended or jumps: a digit being heard ends.
    pub fn flush(&mut self, mut report: impl FnMut(DtmfEvent)) {
        if let Some(digit) = self.current.take() {
            report(digit.end());
        }
        *self = Self::new();
    }

    /// The digit being heard.  Who has audio in pieces calls [`DtmfDetector::flush`] when it has been heard for some
    /// time and no audio comes any more.
    #[must_use]
    pub fn hearing(&self) -> Option<char> {
        self.current.map(|current| DTMF_DIGITS[current.place])
    }

    fn end_hop(&mut self, report: &mut impl FnMut(DtmfEvent)) {
        let mut hop = Hop {
            energy: self.energy,
            ..Hop::default()
        };
        for (tone, meter) in hop.tones.iter_mut().zip(&mut self.meters) {
            *tone = meter.phasor();
            meter.reset();
        }
        self.filled = 0;
        self.energy = 0.0;
        let hit = self.judge(&hop);
        self.follow(hit, hop.energy, report);
        self.window.copy_within(HOP.., 0);
        self.last = hop;
    }

    /// Whether the last hop and this one together look like a digit.
    fn judge(&self, hop: &Hop) -> Option<Hit> {
        let energy = self.last.energy + hop.energy;
        let least = (PEAK_0DBM0 * 10f64.powf(LEAST_DBM0 / 20.0)).powi(2);
        // a cheap look first: nearly all audio ends here
        if energy < least * HOP as f64 {
            return None;
        }
        // the older hop's phasors, turned on to the end of this one as the nominal frequencies would
        let turned: [Phasor; 8] =
            std::array::from_fn(|index| self.last.tones[index].times(PAIRS.turns[index]));
        let powers: [f64; 8] =
            std::array::from_fn(|index| turned[index].plus(hop.tones[index]).power());
        let (row, column) = (strongest(&powers[..4]), 4 + strongest(&powers[4..]));
        let place = row * 4 + column - 4;
        let older = PAIRS.separate(place, self.last.tones[row], self.last.tones[column]);
        let newer = PAIRS.separate(place, hop.tones[row], hop.tones[column]);
        let low = (older.low.power() + newer.low.power()) / 2.0;
        let high = (older.high.power() + newer.high.power()) / 2.0;
        if low < least || high < least || low > high * TWIST_LOW || high > low * TWIST_HIGH {
            return None;
        }
        if older.energy + newer.energy < SHARE * energy {
            return None;
        }
        let turn = |older: Phasor, index: usize, newer: Phasor| {
            older.times(PAIRS.turns[index]).conjugate().times(newer)
        };
        let turns = [
            turn(older.low, row, newer.low),
            turn(older.high, column, newer.high),
        ];
        let fits = off_frequency(place, turns) <= OFF_FREQUENCY_WINDOW
            && self.stands_out(row, column)
            && self.harmonics_are_weak(row, column, low, high);
        fits.then_some(Hit {
            place,
            turns,
            energy: hop.energy,
        })
    }

    /// The other tones of both groups, over the whole window: a hop alone is too short to tell neighbours apart.
    fn stands_out(&self, row: usize, column: usize) -> bool {
        let power = |index: usize| self.window_power(&self.meters[index]);
        let (low, high) = (power(row), power(column));
        (0..4).all(|index| index == row || power(index) * STAND_OUT < low)
            && (4..8).all(|index| index == column || power(index) * STAND_OUT < high)
    }

    fn harmonics_are_weak(&self, row: usize, column: usize, low: f64, high: f64) -> bool {
        let column = DTMF_COLUMNS[column - 4];
        [(DTMF_ROWS[row], low), (column, high)]
            .into_iter()
            // a harmonic that falls beside the other tone cannot be told from it
            .filter(|(frequency, _)| (2.0 * frequency - column).abs() > 2.0 * WINDOW_LOBE)
            .all(|(frequency, amplitude)| {
                let meter = Goertzel::new(2.0 * frequency, RATE);
                self.window_power(&meter) < HARMONIC * amplitude * (HOP * HOP) as f64
            })
    }

    fn window_power(&self, meter: &Goertzel) -> f64 {
        let mut meter = *meter;
        meter.reset();
        meter.add(&self.window);
        meter.phasor().power()
    }

    fn follow(&mut self, hit: Option<Hit>, energy: f64, report: &mut impl FnMut(DtmfEvent)) {
        if let Some(current) = &mut self.current {
            match hit {
                Some(hit) if hit.place == current.place => current.again(&hit),
                _ => current.missed(energy),
            }
            if current.misses >= MISSES {
                report(current.end());
                self.current = None;
            }
        }
        match (hit, &mut self.candidate) {
            (Some(hit), Some(candidate)) if candidate.place == hit.place => candidate.again(&hit),
            // the window before the first hit had part of the tone in its newer half
            (Some(hit), _) => self.candidate = Some(Candidate::new(&hit, self.last.energy)),
            (None, _) => self.candidate = None,
        }
        let Some(candidate) = self.candidate else {
            return;
        };
        let same = |current: Candidate| current.place == candidate.place;
        if self.current.is_some_and(same)
            || candidate.hits < HITS
            || candidate.samples < LEAST_SAMPLES
            || off_frequency(candidate.place, candidate.turns) > OFF_FREQUENCY
        {
            return;
        }
        // another digit without a pause
        if let Some(before) = self.current.replace(candidate) {
            report(before.end());
        }
        report(DtmfEvent::Begin {
            digit: DTMF_DIGITS[candidate.place],
        });
    }
}

impl Candidate {
    fn new(hit: &Hit, before: f64) -> Self {
        let strongest = hit.energy.max(before);
        Self {
            place: hit.place,
            hits: 1,
            misses: 0,
            turns: hit.turns,
            strongest,
            samples: part(before, strongest) + part(hit.energy, strongest),
            after: 0.0,
        }
    }

    fn again(&mut self, hit: &Hit) {
        self.hits += 1;
        self.misses = 0;
        for (sum, turn) in self.turns.iter_mut().zip(hit.turns) {
            *sum = sum.plus(turn);
        }
        self.count(hit.energy);
        self.samples += self.after;
        self.after = 0.0;
    }

    fn missed(&mut self, energy: f64) {
        self.misses += 1;
        if self.misses == 1 {
            // the tone's last part is in the first hop that is not wholly tone
            self.count(energy);
        } else {
            self.after += HOP as f64;
        }
    }

    fn count(&mut self, energy: f64) {
        self.strongest = self.strongest.max(energy);
        self.samples += part(energy, self.strongest);
    }

    fn end(&self) -> DtmfEvent {
        DtmfEvent::End {
            digit: DTMF_DIGITS[self.place],
            duration_ms: (self.samples / 8.0).round() as u32,
        }
    }
}

/// Samples of a hop that are tone, by its energy; the two frequencies beat, so a full hop may have
/// a fifth less than the strongest.
fn part(energy: f64, strongest: f64) -> f64 {
    (energy / (0.8 * strongest)).min(1.0) * HOP as f64
}

fn strongest(powers: &[f64]) -> usize {
    let mut best = 0;
    for (index, power) in powers.iter().enumerate() {
        if *power > powers[best] {
            best = index;
        }
    }
    best
}

/// The larger of the relative deviations of the two tones.
fn off_frequency(place: usize, turns: [Phasor; 2]) -> f64 {
    let nominal = [DTMF_ROWS[place / 4], DTMF_COLUMNS[place % 4]];
    let mut worst = 0.0f64;
    for (turn, frequency) in turns.into_iter().zip(nominal) {
        let angle = turn.im.atan2(turn.re);
        let deviation = angle / TAU * RATE / HOP as f64;
        worst = worst.max(deviation.abs() / frequency);
    }
    worst
}

#[cfg(test)]
#[path = "goertzel_tests.rs"]
mod tests;
