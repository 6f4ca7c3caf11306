//! One frequency is taken out, and hardly anything beside it: a filter of the second order.
use std::f32::consts::TAU;

/// Middle frequency by width: 40 Hz at 1 kHz.
const SHARPNESS: f32 = 25.0;
/// It is as wide as this at least, Hz: what tones may be off by.
const NARROWEST: f32 = 30.0;

/// Takes one frequency out of a stream.
pub struct Notch {
    frequency: f32,
    rate: u32,
    /// Coefficients of what came and of what went, and both, the newest first.
    forward: [f32; 3],
    back: [f32; 2],
    came: [f32; 2],
    went: [f32; 2],
}

impl Notch {
    /// For a frequency in Hz.
    #[must_use]
    pub fn new(frequency: f32) -> Notch {
        let mut notch = Notch {
            frequency,
            rate: 0,
            forward: [1.0, 0.0, 0.0],
            back: [0.0; 2],
            came: [0.0; 2],
            went: [0.0; 2],
        };
        notch.tune(8000);
        notch
    }

    /// Whether it is for this frequency.
    #[must_use]
    pub fn is_for(&self, frequency: f32) -> bool {
        self.frequency == frequency
    }

    fn tune(&mut self, rate: u32) {
        self.rate = rate;
        let turn = TAU * self.frequency / rate.max(1) as f32;
        let width = (self.frequency / SHARPNESS).max(NARROWEST);
        let damping = turn.sin() * width / (2.0 * self.frequency.max(1.0));
        let all = 1.0 + damping;
        let middle = -2.0 * turn.cos() / all;
        self.forward = [1.0 / all, middle, 1.0 / all];
        self.back = [middle, (1.0 - damping) / all];
        (self.came, self.went) = ([0.0; 2], [0.0; 2]);
    }

    /// Change samples at `rate` Hz.
    pub fn process(&mut self, samples: &mut [i16], rate: u32) {
        if rate != self.rate {
            self.tune(rate);
        }
        if self.frequency * 2.0 >= rate as f32 {
            return; // there is no such frequency in it
        }
        for sample in samples {
            let new = f32::from(*sample);
            let result = self.forward[0] * new
                + self.forward[1] * self.came[0]
                + self.forward[2] * self.came[1]
                - self.back[0] * self.went[0]
                - self.back[1] * self.went[1];
            self.came = [new, self.came[0]];
            self.went = [result, self.went[0]];
            *sample = result.round() as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(frequency: f64, of: f32, rate: u32) -> f64 {
        let mut notch = Notch::new(of);
        let mut samples: Vec<i16> = (0..rate)
            .map(|n| {
                let turn = std::f64::consts::TAU * frequency * f64::from(n) / f64::from(rate);
                (8000.0 * turn.sin()) as i16
            })
            .collect();
        for piece in samples.chunks_mut(rate as usize / 50) {
            notch.process(piece, rate);
        }
        let end = &samples[rate as usize / 2..];
        let power = end.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / end.len() as f64;
        10.0 * (power / 3.2e7).max(1e-9).log10()
    }

    #[test]
    fn the_frequency_is_gone_and_the_others_are_there() {
        for rate in [8000, 16_000, 48_000] {
            for frequency in [1100.0, 2100.0, 2600.0] {
                let gone = left(frequency, frequency as f32, rate);
                assert!(gone < -40.0, "{frequency} at {rate}: {gone}");
                for other in [frequency * 0.8, frequency * 1.2] {
                    let there = left(other, frequency as f32, rate);
                    assert!(
                        there > -0.5,
                        "{other} beside {frequency} at {rate}: {there}"
                    );
                }
            }
        }
        assert!(left(1000.0, 5000.0, 8000) > -0.1, "it cannot be in there");
    }
}
