//! What a port hears, as samples: a decoder, and the way to the rate that is wanted.
use crate::codecs::{Damaged, Decoder, Format, Parameters};
use crate::resample::Resampler;

/// Decodes one stream.  Made when somebody wants to hear samples, dropped when the format changes.
pub struct Ear {
    format: Format,
    rate: u32,
    decoder: Box<dyn Decoder>,
    resampler: Resampler,
    decoded: Vec<i16>,
}

impl Ear {
    /// For payloads of this format; samples come at `rate` Hz.  None when the engine cannot decode it.
    #[must_use]
    pub fn new(format: Format, rate: u32) -> Option<Ear> {
        let decoder = format.decoder(&Parameters {
            rate,
            ..Default::default()
        })?;
        Some(Ear {
            format,
            rate,
            resampler: Resampler::new(decoder.rate(), rate),
            decoder,
            decoded: Vec::new(),
        })
    }

    /// Whether it is for this.
    #[must_use]
    pub fn fits(&self, format: Format, rate: u32) -> bool {
        self.format == format && self.rate == rate
    }

    /// Append what a payload says to `out`.
    pub fn hear(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), Damaged> {
        if !self.resampler.changes() {
            return self.decoder.decode(payload, out);
        }
        self.decoded.clear();
        self.decoder.decode(payload, &mut self.decoded)?;
        self.resampler.process(&self.decoded, out);
        Ok(())
    }
}
