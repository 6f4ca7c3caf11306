//! What a port says: samples of any rate become payloads of the codec that was agreed on.
use crate::codecs::{Encoder, Format, Parameters};
use crate::resample::Resampler;

/// Encodes one stream.  Made when there is something to say, dropped when the format changes.
pub struct Voice {
    format: Format,
    rate: u32,
    encoder: Box<dyn Encoder>,
    resampler: Resampler,
    resampled: Vec<i16>,
}

impl Voice {
    /// For samples at `rate` Hz; `fmtp` is the far end's, `settings` the configuration's.  None when the engine cannot encode the format.
    #[must_use]
    pub fn new(format: Format, fmtp: &str, settings: &str, rate: u32) -> Option<Voice> {
        let encoder = format.encoder(&Parameters {
            rate,
            fmtp,
            settings,
        })?;
        Some(Voice {
            format,
            rate,
            resampler: Resampler::new(rate, encoder.rate()),
            encoder,
            resampled: Vec::new(),
        })
    }

    /// Whether it is for this.
    #[must_use]
    pub fn fits(&self, format: Format, rate: u32) -> bool {
        self.format == format && self.rate == rate
    }

    /// Append the payload of the packet that holds these samples; nothing when nothing needs to be sent.
    pub fn say(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        if !self.resampler.changes() {
            return self.encoder.encode(samples, payload);
        }
        self.resampled.clear();
        self.resampler.process(samples, &mut self.resampled);
        self.encoder.encode(&self.resampled, payload);
    }
}
