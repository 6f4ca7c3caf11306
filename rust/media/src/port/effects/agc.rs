//! Speech is brought to one level: a slow gain that follows how loud speech is and waits while there is none.

/// Pieces that are looked at, in ms.
const PIECE_MS: u32 = 10;
/// Most and least gain: 24 dB up, 18 dB down.
const MOST: f32 = 15.8;
const LEAST: f32 = 0.126;
/// Below this mean magnitude there is no speech to go by (-50 dBm0).
const FLOOR: f32 = 50.0;
/// Speech is what is at least this share of the level it had.
const SPEECH: f32 = 0.25;
/// How fast the measure of speech follows, and the gain with it, up and down, for each 10 ms.
const RISE: f32 = 0.2;
const FALL: f32 = 0.01;
const GAIN_UP: f32 = 1.01;
const GAIN_DOWN: f32 = 0.93;
/// How fast the measure is forgotten where nothing is loud enough to be speech, for each 10 ms.
const FORGET: f32 = 0.998;
/// Peaks stay below this.
const CEILING: f32 = 30_000.0;

/// Automatic gain control.
pub struct Agc {
    target: f32,
    /// Mean magnitude of speech.
    speech: f32,
    gain: f32,
}

fn level(target: u16) -> f32 {
    f32::from(target).clamp(100.0, 16_000.0)
}

impl Agc {
    /// `target`: the mean magnitude that speech is to have.
    #[must_use]
    pub fn new(target: u16) -> Agc {
        Agc {
            target: level(target),
            speech: 0.0,
            gain: 1.0,
        }
    }

    /// Whether that is its target.
    #[must_use]
    pub fn is_for(&self, target: u16) -> bool {
        self.target == level(target)
    }

    /// Change samples at `rate` Hz.
    pub fn process(&mut self, samples: &mut [i16], rate: u32) {
        let piece = (rate * PIECE_MS / 1000).max(1) as usize;
        for piece in samples.chunks_mut(piece) {
            self.piece(piece);
        }
    }

    fn piece(&mut self, samples: &mut [i16]) {
        let count = samples.len() as f32;
        let loud = samples
            .iter()
            .map(|s| f32::from(s.unsigned_abs()))
            .sum::<f32>()
            / count;
        let peak = samples.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
        if loud > FLOOR && loud > self.speech * SPEECH {
            let speed = if loud > self.speech { RISE } else { FALL };
            self.speech += (loud - self.speech) * speed;
        } else {
            self.speech *= FORGET;
        }
        let before = self.gain;
        if loud > FLOOR && self.speech > FLOOR {
            let wanted = (self.target / self.speech).clamp(LEAST, MOST);
            self.gain = wanted.clamp(self.gain * GAIN_DOWN, self.gain * GAIN_UP);
        }
        let ceiling = CEILING / f32::from(peak.max(1));
        self.gain = self.gain.min(ceiling);
        // From one gain to the next along the piece, so that nothing clicks; no peak is over the ceiling.
        let step = (self.gain - before.min(ceiling)) / count;
        for (n, sample) in samples.iter_mut().enumerate() {
            let gain = self.gain - step * (count - 1.0 - n as f32);
            *sample = (f32::from(*sample) * gain).round() as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn speech(peak: f64, ms: u32) -> Vec<i16> {
        // 300 Hz in syllables of 200 ms with pauses of 100 ms
        (0..ms * 8)
            .map(|n| {
                let sound = peak * (TAU * 300.0 * f64::from(n) / 8000.0).sin();
                if n / 8 % 300 < 200 { sound as i16 } else { 0 }
            })
            .collect()
    }

    fn magnitude(samples: &[i16]) -> f64 {
        let loud: Vec<f64> = samples
            .chunks(80)
            .map(|c| c.iter().map(|s| f64::from(s.unsigned_abs())).sum::<f64>() / c.len() as f64)
            .filter(|level| *level > 20.0)
            .collect();
        loud.iter().sum::<f64>() / loud.len().max(1) as f64
    }

    #[test]
    fn loud_and_quiet_speech_end_at_one_level() {
        for peak in [300.0, 1000.0, 8000.0, 30_000.0] {
            let mut agc = Agc::new(2000);
            let mut samples = speech(peak, 6000);
            for piece in samples.chunks_mut(160) {
                agc.process(piece, 8000);
            }
            let reached = magnitude(&samples[40_000..]);
            assert!((1500.0..2700.0).contains(&reached), "{peak}: {reached}");
        }
    }

    #[test]
    fn silence_and_faint_noise_are_not_made_loud() {
        let mut agc = Agc::new(8000);
        let mut samples: Vec<i16> = (0..48_000).map(|n| (n * 7919 % 61) as i16 - 30).collect();
        let before = magnitude(&samples);
        agc.process(&mut samples, 8000);
        assert!(magnitude(&samples) <= before * 1.01);
    }

    #[test]
    fn a_shout_is_not_cut_off() {
        let mut agc = Agc::new(8000);
        let mut samples = speech(500.0, 4000);
        agc.process(&mut samples, 8000);
        let mut shout = speech(32_000.0, 200);
        agc.process(&mut shout, 8000);
        assert!(shout.iter().all(|s| s.unsigned_abs() <= 30_100));
    }
}
