//! Who talks: the mean magnitude of a frame against a threshold, and silence that has lasted long enough.
//! The two numbers are ConfBridge's dsp_talking_threshold and dsp_silence_threshold.

/// The mean magnitude of a frame's samples.
#[must_use]
pub fn level(frame: &[i16]) -> u32 {
    // Sums of at most 32768 frames of 32 kSamples fit; a frame has 80 ms at most.
    let sum: u32 = frame.iter().map(|s| u32::from(s.unsigned_abs())).sum();
    sum / (frame.len() as u32).max(1)
}

/// Says when somebody begins to talk and when he has stopped.
#[derive(Clone, Copy, Debug)]
pub struct TalkDetector {
    threshold: u32,
    silence_ms: u32,
    talking: bool,
    silent_ms: u32,
}

impl TalkDetector {
    /// Talking is a frame whose level is at least `threshold`; silence is `silence_ms` below it.
    #[must_use]
    pub fn new(threshold: u32, silence_ms: u32) -> TalkDetector {
        TalkDetector {
            threshold: threshold.max(1),
            silence_ms,
            talking: false,
            silent_ms: 0,
        }
    }

    #[must_use]
    pub fn talking(&self) -> bool {
        self.talking
    }

    /// Whether a frame of this level is not silence.
    #[must_use]
    pub fn is_loud(&self, level: u32) -> bool {
        level >= self.threshold
    }

    /// A frame of `ms` has this level.  Tells a change.
    pub fn frame(&mut self, level: u32, ms: u32) -> Option<bool> {
        if self.is_loud(level) {
            self.silent_ms = 0;
            return (!std::mem::replace(&mut self.talking, true)).then_some(true);
        }
        self.silent_ms = self.silent_ms.saturating_add(ms);
        if self.talking && self.silent_ms >= self.silence_ms {
            self.talking = false;
            return Some(false);
        }
        None
    }

    /// Muted, or gone.  True when that ends his talking.
    pub fn stop(&mut self) -> bool {
        self.silent_ms = self.silence_ms;
        std::mem::replace(&mut self.talking, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_is_the_mean_magnitude() {
        assert_eq!(level(&[100, -100, 300, -300]), 200);
        assert_eq!(level(&[i16::MIN; 8000]), 32_768);
        assert_eq!(level(&[]), 0);
    }

    #[test]
    fn talking_starts_at_once_and_ends_after_the_silence() {
        let mut talk = TalkDetector::new(160, 100);
        assert_eq!(talk.frame(159, 20), None);
        assert_eq!(talk.frame(160, 20), Some(true));
        assert_eq!(talk.frame(500, 20), None);
        for _ in 0..4 {
            assert_eq!(talk.frame(0, 20), None);
        }
        assert_eq!(talk.frame(160, 20), None, "a pause for breath");
        let ends: Vec<_> = (0..6).map(|_| talk.frame(10, 20)).collect();
        assert_eq!(ends, [None, None, None, None, Some(false), None]);
        assert_eq!(talk.frame(200, 20), Some(true));
        assert!(talk.stop() && !talk.stop());
    }
}
