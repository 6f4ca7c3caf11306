//! Noise that goes on and on is taken out of speech: short-time spectra, the noise in them tracked, and each frequency
//! brought down by how little of it is speech.
//!
//! Pieces of 20 ms that overlap by half.  The noise is tracked as in Gerkmann and Hendriks, "Unbiased MMSE-based noise power
//! estimation" (2012): what is likely no speech moves the estimate, and the minimum of the last second or two holds it up
//! where the noise has grown at once.  The gain is Ephraim and Malah's log-spectral amplitude estimator (1985) with their
//! decision-directed a-priori ratio, lowered to `FLOOR` by the probability that there is no speech (Cohen's OM-LSA).
//!
//! The delay is half a piece (10 ms) where audio comes in multiples of that, as packets do, and below a whole one else.
use crate::fft::{Complex, RealFft};

/// Pieces begin each 10 ms and last twice as long.
const HOPS_A_SECOND: u32 = 100;
/// Below this rate there is no audio, above it none of ours, Hz.
const RATES: (u32, u32) = (8000, 192_000);
/// What is left of what is no speech: -18 dB.
const FLOOR: f32 = 0.126;
/// Weight of the last piece in the a-priori ratio, and the least of that (-18 dB).
const DIRECTED: f32 = 0.97;
const LEAST_RATIO: f32 = 0.0158;
/// The ratio that speech is expected to have where it is: 15 dB.
const SPEECH_RATIO: f32 = 31.6;
/// How slowly the estimate of noise, the probability of speech, and the spectrum whose minimum is taken follow.
const NOISE_KEEPS: f32 = 0.85;
const SPEECH_KEEPS: f32 = 0.9;
const SMOOTH_KEEPS: f32 = 0.85;
/// Speech that is certain for long is doubted.
const MOST_CERTAIN: f32 = 0.99;
/// Pieces of which the minimum is taken: one second, and the second before.
const MINIMUM_OF: u32 = 100;
/// The minimum of a smoothed spectrum is below its mean by that.
const MINIMUM_BIAS: f32 = 1.5;
/// Noise that goes on is never that far above it.
const MINIMUM_MOST: f32 = 6.0;
/// The first pieces are taken to be noise.
const FIRST: u32 = 5;
/// A piece whose mean square is below this is a silence that somebody made: nothing is learned from it.
const MADE_SILENCE: f32 = 4.0;
/// The least that noise is taken to be, mean square of samples.
const LEAST_NOISE: f32 = 0.3;

/// What is known of one frequency.
#[derive(Clone, Copy, Default)]
struct Bin {
    noise: f32,
    /// Mean probability of speech.
    speech: f32,
    /// The clean power over the noise of the last piece.
    ratio: f32,
    smooth: f32,
    minimum: f32,
    minimum_before: f32,
}

/// Takes the noise out of one stream.
pub struct Denoiser {
    rate: u32,
    hop: usize,
    fft: RealFft,
    /// Square root of a Hann window, before and after.
    window: Box<[f32]>,
    /// The last piece as it came.
    piece: Box<[f32]>,
    /// The same windowed, and what became of it.
    work: Box<[f32]>,
    spectrum: Box<[Complex]>,
    bins: Box<[Bin]>,
    /// Second half of the last result.
    tail: Box<[f32]>,
    /// Came and fills no hop yet; done and not given yet.
    incoming: Vec<f32>,
    ready: Vec<f32>,
    /// Pieces that something was learned from.
    learned: u32,
}

impl Default for Denoiser {
    fn default() -> Denoiser {
        Denoiser::new(RATES.0)
    }
}

impl Denoiser {
    fn new(rate: u32) -> Denoiser {
        let rate = rate.clamp(RATES.0, RATES.1);
        let hop = (rate / HOPS_A_SECOND) as usize;
        let fft = RealFft::new(2 * hop);
        let bins = fft.size() / 2 + 1;
        let window = (0..2 * hop)
            .map(|n| (std::f32::consts::PI * (n as f32 + 0.5) / (2 * hop) as f32).sin())
            .collect();
        Denoiser {
            rate,
            hop,
            window,
            piece: vec![0.0; 2 * hop].into(),
            work: vec![0.0; 2 * hop].into(),
            spectrum: vec![Complex::default(); bins].into(),
            bins: vec![Bin::default(); bins].into(),
            tail: vec![0.0; hop].into(),
            incoming: Vec::with_capacity(4 * hop),
            ready: Vec::with_capacity(4 * hop),
            fft,
            learned: 0,
        }
    }

    /// Change samples at `rate` Hz; another rate begins anew.
    pub fn process(&mut self, samples: &mut [i16], rate: u32) {
        if rate.clamp(RATES.0, RATES.1) != self.rate {
            *self = Denoiser::new(rate);
        }
        self.incoming
            .extend(samples.iter().map(|sample| f32::from(*sample)));
        let hop = self.hop;
        let mut done = 0;
        while self.incoming.len() - done >= hop {
            self.piece.copy_within(hop.., 0);
            self.piece[hop..].copy_from_slice(&self.incoming[done..done + hop]);
            done += hop;
            self.next_piece();
        }
        self.incoming.drain(..done);
        // what does not come in whole hops waits a little longer from now on
        if let Some(missing) = samples.len().checked_sub(self.ready.len()) {
            self.ready.splice(..0, std::iter::repeat_n(0.0, missing));
        }
        let ready = self.ready.drain(..samples.len());
        for (sample, value) in samples.iter_mut().zip(ready) {
            *sample = value.round() as i16;
        }
    }

    fn next_piece(&mut self) {
        let hop = self.hop;
        for ((work, sample), window) in self
            .work
            .iter_mut()
            .zip(self.piece.iter())
            .zip(self.window.iter())
        {
            *work = sample * window;
        }
        let square = self.work.iter().map(|s| s * s).sum::<f32>() / hop as f32;
        self.fft.forward(&self.work, &mut self.spectrum);
        if square >= MADE_SILENCE {
            self.learn();
        }
        self.suppress();
        self.fft.inverse(&self.spectrum, &mut self.work);
        for (work, window) in self.work.iter_mut().zip(self.window.iter()) {
            *work *= window;
        }
        let (head, tail) = self.work.split_at(hop);
        let sums = head.iter().zip(self.tail.iter()).map(|(a, b)| a + b);
        self.ready.extend(sums);
        self.tail.copy_from_slice(tail);
    }

    /// Move the estimate of the noise.
    fn learn(&mut self) {
        let least = LEAST_NOISE * self.hop as f32;
        self.learned = self.learned.saturating_add(1);
        let new_second = self.learned % MINIMUM_OF == 0;
        for (bin, value) in self.bins.iter_mut().zip(self.spectrum.iter()) {
            let power = value.power();
            if self.learned <= FIRST {
                let share = 1.0 / self.learned as f32;
                bin.noise = (bin.noise + (power - bin.noise) * share).max(least);
                bin.smooth = bin.noise;
                bin.minimum = bin.noise;
                bin.minimum_before = bin.noise;
                continue;
            }
            let likely = SPEECH_RATIO / (1.0 + SPEECH_RATIO) * power / bin.noise;
            let mut speech = 1.0 / (1.0 + (1.0 + SPEECH_RATIO) * (-likely).exp());
            bin.speech = SPEECH_KEEPS * bin.speech + (1.0 - SPEECH_KEEPS) * speech;
            if bin.speech > MOST_CERTAIN {
                speech = speech.min(MOST_CERTAIN);
            }
            let noise = speech * bin.noise + (1.0 - speech) * power;
            bin.noise = NOISE_KEEPS * bin.noise + (1.0 - NOISE_KEEPS) * noise;
            bin.smooth = SMOOTH_KEEPS * bin.smooth + (1.0 - SMOOTH_KEEPS) * power;
            if new_second {
                bin.minimum_before = bin.minimum;
                bin.minimum = bin.smooth;
            }
            bin.minimum = bin.minimum.min(bin.smooth);
            let minimum = bin.minimum.min(bin.minimum_before);
            let range = (minimum * MINIMUM_BIAS, minimum * MINIMUM_MOST);
            bin.noise = bin.noise.clamp(range.0, range.1).max(least);
        }
    }

    /// Bring each frequency down.
    fn suppress(&mut self) {
        let least = LEAST_NOISE * self.hop as f32;
        for (bin, value) in self.bins.iter_mut().zip(self.spectrum.iter_mut()) {
            let after = value.power() / bin.noise.max(least);
            let before =
                (DIRECTED * bin.ratio + (1.0 - DIRECTED) * (after - 1.0).max(0.0)).max(LEAST_RATIO);
            let wiener = before / (1.0 + before);
            let v = wiener * after;
            let gain = (wiener * (0.5 * exponential_integral(v)).exp()).min(1.0);
            bin.ratio = gain * gain * after;
            // as likely as not before anything was heard
            let speech = 1.0 / (1.0 + (1.0 + before) * (-v).exp());
            *value = value.scaled((gain.ln() * speech + FLOOR.ln() * (1.0 - speech)).exp());
        }
    }
}

/// E1(x) for x above 0 (Abramowitz and Stegun 5.1.53 and 5.1.54).
fn exponential_integral(x: f32) -> f32 {
    let x = x.max(1e-4);
    if x < 1.0 {
        const SERIES: [f32; 6] = [
            0.001_078_57,
            -0.009_760_04,
            0.055_199_68,
            -0.249_910_55,
            0.999_991_93,
            -0.577_215_7,
        ];
        SERIES.iter().fold(0.0, |sum, term| sum * x + term) - x.ln()
    } else {
        let above = x * x + 2.334_733 * x + 0.250_621;
        (-x).exp() * above / (x * x + 3.330_657 * x + 1.681_534) / x
    }
}

#[cfg(test)]
#[path = "denoise_tests.rs"]
mod tests;
