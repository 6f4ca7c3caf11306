//! The discrete Fourier transform of real samples, in place in buffers of the caller's: powers of two, radix 2.
//!
//! A transform of n real samples is one of n/2 complex ones, taken apart by its symmetry.

use std::f64::consts::TAU;

/// A complex amplitude.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Complex {
    pub re: f32,
    pub im: f32,
}

impl Complex {
    /// Square of the magnitude.
    #[must_use]
    pub fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    #[must_use]
    pub fn scaled(self, factor: f32) -> Complex {
        Complex {
            re: self.re * factor,
            im: self.im * factor,
        }
    }

    fn plus(self, other: Complex) -> Complex {
        Complex {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }

    fn minus(self, other: Complex) -> Complex {
        Complex {
            re: self.re - other.re,
            im: self.im - other.im,
        }
    }

    fn times(self, other: Complex) -> Complex {
        Complex {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }

    fn conjugate(self) -> Complex {
        Complex {
            re: self.re,
            im: -self.im,
        }
    }
}

/// Transforms of one size.
pub struct RealFft {
    size: usize,
    /// exp(-2 pi i k / size) for k below size / 2.
    turns: Box<[Complex]>,
    work: Box<[Complex]>,
}

impl RealFft {
    /// For `size` samples, made a power of two of 4 at least.
    #[must_use]
    pub fn new(size: usize) -> RealFft {
        let size = size.max(4).next_power_of_two();
        let turns = (0..size / 2)
            .map(|k| {
                let (sin, cos) = (TAU * k as f64 / size as f64).sin_cos();
                Complex {
                    re: cos as f32,
                    im: -sin as f32,
                }
            })
            .collect();
        RealFft {
            size,
            turns,
            work: vec![Complex::default(); size / 2].into(),
        }
    }

    /// Samples of a transform.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Amplitudes of the frequencies 0 to half the rate: `size / 2 + 1`; samples that are missing are 0.
    pub fn forward(&mut self, samples: &[f32], spectrum: &mut [Complex]) {
        let half = self.size / 2;
        let at = |n: usize| samples.get(n).copied().unwrap_or(0.0);
        for (n, value) in self.work.iter_mut().enumerate() {
            *value = Complex {
                re: at(2 * n),
                im: at(2 * n + 1),
            };
        }
        transform(&mut self.work, &self.turns);
        for (k, value) in spectrum.iter_mut().take(half + 1).enumerate() {
            let (one, other) = (
                self.work[k % half],
                self.work[(half - k) % half].conjugate(),
            );
            let even = one.plus(other).scaled(0.5);
            let odd = one.minus(other).scaled(0.5).times(self.turn(k));
            // the odd samples were the imaginary part
            *value = Complex {
                re: even.re + odd.im,
                im: even.im - odd.re,
            };
        }
    }

    /// The samples of a spectrum, as many as `samples` takes.
    pub fn inverse(&mut self, spectrum: &[Complex], samples: &mut [f32]) {
        let half = self.size / 2;
        for k in 0..half {
            let (one, other) = (spectrum[k], spectrum[half - k].conjugate());
            let even = one.plus(other).scaled(0.5);
            let odd = one.minus(other).scaled(0.5).times(self.turn(k).conjugate());
            // conjugated, so that the transform forward is the one backward
            self.work[k] = Complex {
                re: even.re - odd.im,
                im: -(even.im + odd.re),
            };
        }
        transform(&mut self.work, &self.turns);
        let scale = 1.0 / half as f32;
        for (pair, value) in samples.chunks_mut(2).zip(self.work.iter()) {
            pair[0] = value.re * scale;
            if let Some(second) = pair.get_mut(1) {
                *second = -value.im * scale;
            }
        }
    }

    fn turn(&self, k: usize) -> Complex {
        if k < self.turns.len() {
            self.turns[k]
        } else {
            Complex { re: -1.0, im: 0.0 }
        }
    }
}

/// In place; `turns` are those of twice as many.
fn transform(values: &mut [Complex], turns: &[Complex]) {
    let count = values.len();
    let bits = count.trailing_zeros();
    for n in 0..count {
        let reversed = n.reverse_bits() >> (usize::BITS - bits);
        if n < reversed {
            values.swap(n, reversed);
        }
    }
    let mut length = 2;
    while length <= count {
        let step = turns.len() * 2 / length;
        for block in values.chunks_exact_mut(length) {
            let (low, high) = block.split_at_mut(length / 2);
            for ((a, b), turn) in low.iter_mut().zip(high).zip(turns.iter().step_by(step)) {
                let turned = b.times(*turn);
                (*a, *b) = (a.plus(turned), a.minus(turned));
            }
        }
        length *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slow(samples: &[f32]) -> Vec<(f64, f64)> {
        let count = samples.len();
        (0..=count / 2)
            .map(|k| {
                samples
                    .iter()
                    .enumerate()
                    .fold((0.0, 0.0), |(re, im), (n, s)| {
                        let angle = TAU * (k * n % count) as f64 / count as f64;
                        (
                            re + f64::from(*s) * angle.cos(),
                            im - f64::from(*s) * angle.sin(),
                        )
                    })
            })
            .collect()
    }

    proptest! {
        #[test]
        fn it_is_the_definition_and_its_own_way_back(
            power in 2u32..9,
            seed in prop::collection::vec(-1.0f32..1.0, 512)
        ) {
            let size = 1usize << power;
            let samples = &seed[..size];
            let mut fft = RealFft::new(size);
            let mut spectrum = vec![Complex::default(); size / 2 + 1];
            fft.forward(samples, &mut spectrum);
            for (ours, (re, im)) in spectrum.iter().zip(slow(samples)) {
                prop_assert!((f64::from(ours.re) - re).abs() < 1e-3, "{ours:?} {re} {im}");
                prop_assert!((f64::from(ours.im) - im).abs() < 1e-3, "{ours:?} {re} {im}");
            }
            let mut back = vec![0.0; size];
            fft.inverse(&spectrum, &mut back);
            for (one, other) in back.iter().zip(samples) {
                prop_assert!((one - other).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn missing_samples_are_zeros_and_an_odd_number_can_be_taken() {
        let mut fft = RealFft::new(100);
        assert_eq!(fft.size(), 128);
        let mut spectrum = vec![Complex::default(); 65];
        let samples: Vec<f32> = (0..99).map(|n| (n as f32 * 0.3).sin()).collect();
        fft.forward(&samples, &mut spectrum);
        let mut back = vec![0.0; 99];
        fft.inverse(&spectrum, &mut back);
        assert!(back.iter().zip(&samples).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}
