//! What is done to the audio of one direction: its level evened out, its volume.
mod agc;

use super::line::amplify;
use agc::Agc;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Factor; 1 changes nothing, 0 is silence.
    pub gain: f32,
    /// The mean magnitude that speech is brought to; 0: it stays as it is.
    pub level: u16,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            gain: 1.0,
            level: 0,
        }
    }
}

impl Settings {
    /// Whether nothing is changed.
    #[must_use]
    pub fn idle(&self) -> bool {
        *self == Settings::default()
    }
}

/// One direction's.
pub struct Effects {
    gain: f32,
    agc: Option<Agc>,
}

impl Effects {
    /// None when nothing is to be done.
    #[must_use]
    pub fn new(settings: Settings) -> Option<Effects> {
        (!settings.idle()).then(|| Effects {
            gain: settings.gain,
            agc: (settings.level > 0).then(|| Agc::new(settings.level)),
        })
    }

    /// Change samples at `rate` Hz.
    pub fn process(&mut self, samples: &mut [i16], rate: u32) {
        if let Some(agc) = &mut self.agc {
            agc.process(samples, rate);
        }
        if self.gain != 1.0 {
            amplify(samples, self.gain);
        }
    }
}
