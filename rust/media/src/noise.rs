//! Comfort noise (RFC 3389): what a far end describes instead of sending its silence, made audible, and described.

/// Reflection coefficients used at most; more describe nothing that is heard.
const ORDER: usize = 10;
/// The overload point that levels are counted from: the mean power of the loudest square wave.
const FULL: f32 = 32_767.0;
/// Coefficients stay off the edge of what is stable.
const STEEPEST: f32 = 0.98;
/// What is this faint (-dBov) nobody hears: it is not made.
const INAUDIBLE: u8 = 85;

/// Noise of one level and colour.
#[derive(Debug)]
pub struct ComfortNoise {
    level: u8,
    /// Deviation of the white noise that drives the filter.
    drive: f32,
    reflection: [f32; ORDER],
    order: usize,
    state: [f32; ORDER + 1],
    seed: u32,
}

impl ComfortNoise {
    /// From a payload: level in -dBov, then reflection coefficients (section 3); none for an empty one.
    #[must_use]
    pub fn new(payload: &[u8]) -> Option<ComfortNoise> {
        let mut noise = ComfortNoise {
            level: 0,
            drive: 0.0,
            reflection: [0.0; ORDER],
            order: 0,
            state: [0.0; ORDER + 1],
            seed: 0x1234_5678,
        };
        noise.describe(payload).then_some(noise)
    }

    /// Go on as another payload says; false for an empty one, which changes nothing.
    pub fn describe(&mut self, payload: &[u8]) -> bool {
        let Some((level, coefficients)) = payload.split_first() else {
            return false;
        };
        let order = coefficients.len().min(ORDER);
        self.reflection = [0.0; ORDER];
        for (k, octet) in self.reflection.iter_mut().zip(coefficients) {
            // 127 is 0, and the step 1/128
            *k = ((f32::from(*octet) - 127.0) / 128.0).clamp(-STEEPEST, STEEPEST);
        }
        if order != self.order {
            self.state = [0.0; ORDER + 1];
            self.order = order;
        }
        self.level = level & 0x7f;
        // what the filter adds in power is taken away before
        let gain: f32 = self.reflection.iter().map(|k| 1.0 - k * k).product();
        self.drive = FULL * 10f32.powf(-f32::from(self.level) / 20.0) * gain.sqrt();
        true
    }

    /// Whether anybody would hear it.
    #[must_use]
    pub fn audible(&self) -> bool {
        self.level < INAUDIBLE
    }

    /// Make samples.
    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            *sample = self.next();
        }
    }

    fn next(&mut self) -> i16 {
        let mut forward = self.white() * self.drive;
        for n in (0..self.order).rev() {
            forward -= self.reflection[n] * self.state[n];
            self.state[n + 1] = self.state[n] + self.reflection[n] * forward;
        }
        self.state[0] = forward;
        forward.clamp(-32_768.0, 32_767.0) as i16
    }

    /// Evenly spread, of deviation 1.
    fn white(&mut self) -> f32 {
        self.seed = self
            .seed
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        let value = (self.seed >> 8) as f32 / 8_388_608.0 - 1.0;
        value * 1.732
    }
}

/// The level of samples as a payload has it, -dBov.
#[must_use]
pub fn level_of(samples: &[i16]) -> u8 {
    let square: f32 = samples.iter().map(|s| f32::from(*s).powi(2)).sum();
    let mean = (square / samples.len().max(1) as f32).sqrt();
    (-20.0 * (mean / FULL).max(1e-7).log10()).clamp(0.0, 127.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn level(payload: &[u8]) -> f64 {
        let mut samples = [0; 16_000];
        ComfortNoise::new(payload).unwrap().fill(&mut samples);
        let power: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
        10.0 * (power / 16_000.0 / 32_767f64.powi(2)).log10()
    }

    #[test]
    fn the_level_is_the_one_described_whatever_the_colour() {
        assert!((level(&[40]) + 40.0).abs() < 1.0);
        assert!((level(&[60]) + 60.0).abs() < 1.5);
        assert!((level(&[40, 200, 100]) + 40.0).abs() < 2.0);
        assert!((level(&[40, 20, 160, 127, 90]) + 40.0).abs() < 2.0);
        let mut samples = [0; 8000];
        ComfortNoise::new(&[50]).unwrap().fill(&mut samples);
        assert!((49..=51).contains(&level_of(&samples)));
        assert_eq!(level_of(&[0; 160]), 127);
        assert_eq!(level_of(&[]), 127);
    }

    #[test]
    fn the_colour_is_the_one_described() {
        // a first coefficient below 0 makes low frequencies loud, above 0 high ones
        let turns = |octet: u8| {
            let mut samples = [0; 8000];
            ComfortNoise::new(&[40, octet]).unwrap().fill(&mut samples);
            samples.windows(2).filter(|w| w[0] < 0 && w[1] >= 0).count()
        };
        assert!(turns(40) < turns(127) / 2 * 2 - 500, "{}", turns(40));
        assert!(turns(210) > turns(127) + 500, "{}", turns(210));
    }

    proptest! {
        #[test]
        fn any_payload_is_noise_of_a_finite_level(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..6)
        ) {
            let mut noise: Option<ComfortNoise> = None;
            for payload in &payloads {
                match &mut noise {
                    Some(noise) => prop_assert_eq!(noise.describe(payload), !payload.is_empty()),
                    None => noise = ComfortNoise::new(payload),
                }
                let Some(noise) = &mut noise else { continue };
                let mut samples = [0; 800];
                noise.fill(&mut samples);
                prop_assert!(noise.drive.is_finite() && noise.state.iter().all(|s| s.is_finite()));
            }
        }
    }
}
