//! What is done to the audio of one direction: a tone and its noise taken out, its level evened out, its volume.
mod agc;
mod denoise;
mod notch;

use super::line::amplify;
use agc::Agc;
use denoise::Denoiser;
use notch::Notch;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Factor; 1 changes nothing, 0 is silence.
    pub gain: f32,
    /// The mean magnitude that speech is brought to; 0: it stays as it is.
    pub level: u16,
    /// Whether noise that goes on is taken out of speech; that delays it by 10 ms.
    pub denoise: bool,
    /// A frequency that is taken out, Hz; 0: none.
    pub notch: f32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            gain: 1.0,
            level: 0,
            denoise: false,
            notch: 0.0,
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
    denoiser: Option<Box<Denoiser>>,
    notch: Option<Notch>,
}

impl Effects {
    /// None when nothing is to be done.  What goes on keeps what it has learned `before`.
    #[must_use]
    pub fn new(settings: Settings, before: Option<Effects>) -> Option<Effects> {
        if settings.idle() {
            return None;
        }
        let (agc, denoiser, notch) =
            before.map_or((None, None, None), |b| (b.agc, b.denoiser, b.notch));
        Some(Effects {
            gain: settings.gain,
            agc: (settings.level > 0).then(|| {
                agc.filter(|agc| agc.is_for(settings.level))
                    .unwrap_or_else(|| Agc::new(settings.level))
            }),
            denoiser: settings.denoise.then(|| denoiser.unwrap_or_default()),
            notch: (settings.notch > 0.0).then(|| {
                notch
                    .filter(|notch| notch.is_for(settings.notch))
                    .unwrap_or_else(|| Notch::new(settings.notch))
            }),
        })
    }

    /// Change samples at `rate` Hz.
    pub fn process(&mut self, samples: &mut [i16], rate: u32) {
        if let Some(notch) = &mut self.notch {
            notch.process(samples, rate);
        }
        if let Some(denoiser) = &mut self.denoiser {
            denoiser.process(samples, rate);
        }
        if let Some(agc) = &mut self.agc {
            agc.process(samples, rate);
        }
        if self.gain != 1.0 {
            amplify(samples, self.gain);
        }
    }
}
