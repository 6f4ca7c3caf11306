//! Comfort noise (RFC 3389): what a phone describes instead of sending its silence, made audible.

/// Reflection coefficients used at most; more describe nothing that is heard.
const ORDER: usize = 10;
/// Full scale of a sine, in dBov: the level 0 is the loudest square wave.
const FULL: f32 = 32_767.0;

/// Noise of one level and colour.
#[derive(Debug)]
pub struct ComfortNoise {
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
        let (level, coefficients) = payload.split_first()?;
        let mut reflection = [0.0; ORDER];
        let order = coefficients.len().min(ORDER);
        for (k, octet) in reflection.iter_mut().zip(coefficients) {
            // 127 is 0; the ends would make an oscillator
            *k = ((f32::from(*octet) - 127.0) / 128.0).clamp(-0.98, 0.98);
        }
        let level = f32::from(level & 0x7f);
        // what the filter adds in power is taken away before
        let gain: f32 = reflection.iter().map(|k| 1.0 - k * k).product();
        Some(ComfortNoise {
            drive: FULL * 10f32.powf(-level / 20.0) * gain.sqrt(),
            reflection,
            order,
            state: [0.0; ORDER + 1],
            seed: 0x1234_5678,
        })
    }

    /// Append so many samples.
    pub fn fill(&mut self, count: usize, out: &mut Vec<i16>) {
        out.extend((0..count).map(|_| self.next()));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn level(payload: &[u8]) -> f64 {
        let mut samples = Vec::new();
        ComfortNoise::new(payload)
            .unwrap()
            .fill(16_000, &mut samples);
        let power: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
        10.0 * (power / 16_000.0 / 32_767f64.powi(2)).log10()
    }

    #[test]
    fn the_level_is_the_one_described_whatever_the_colour() {
        assert!((level(&[40]) + 40.0).abs() < 1.0);
        assert!((level(&[60]) + 60.0).abs() < 1.5);
        assert!((level(&[40, 200, 100]) + 40.0).abs() < 2.0);
        assert!((level(&[40, 20, 160, 127, 90]) + 40.0).abs() < 2.0);
    }

    #[test]
    fn any_payload_is_noise_of_a_finite_level() {
        assert!(ComfortNoise::new(&[]).is_none());
        for octet in 0..=255u8 {
            let mut samples = Vec::new();
            let payload = [octet; 40];
            ComfortNoise::new(&payload)
                .unwrap()
                .fill(2000, &mut samples);
            assert_eq!(samples.len(), 2000);
        }
        let mut samples = Vec::new();
        ComfortNoise::new(&[0, 255, 0, 255, 0])
            .unwrap()
            .fill(8000, &mut samples);
        assert!(samples.iter().any(|s| *s != 0));
    }
}
