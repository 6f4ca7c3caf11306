//! What a port says: samples of any rate become packets of the codec that was agreed on.
use crate::codecs::{Encoder, Format, Parameters};
use crate::resample::Resampler;
use crate::rtp::send::Source;

/// Encodes one stream.  Made when there is something to say, dropped when the format changes.
pub struct Voice {
    format: Format,
    rate: u32,
    encoder: Box<dyn Encoder>,
    resampler: Resampler,
    /// Samples that do not fill a packet yet, at the encoder's rate.
    pending: Vec<i16>,
    source: Option<Source>,
}

impl Voice {
    /// For samples at `rate` Hz; `fmtp` is the far end's, `settings` the configuration's.  None when the engine cannot
    /// encode the format.
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
            pending: Vec::new(),
            source: None,
        })
    }

    /// Whether it is for this.
    #[must_use]
    pub fn fits(&self, format: Format, rate: u32) -> bool {
        self.format == format && self.rate == rate
    }

    /// The far end reports so much loss, in per cent.
    pub fn loss(&mut self, percent: u8) {
        self.encoder.loss(percent);
    }

    /// Who speaks now; what another one left unsent is dropped.
    pub fn speaks(&mut self, source: Source) {
        if self.source != Some(source) {
            self.source = Some(source);
            self.pending.clear();
        }
    }

    /// Add samples.
    pub fn add(&mut self, samples: &[i16]) {
        self.resampler.process(samples, &mut self.pending);
    }

    /// Add silence in place of so many samples.
    pub fn add_silence(&mut self, count: usize) {
        const ZEROS: [i16; 960] = [0; 960];
        let mut left = count;
        while left > 0 {
            let piece = left.min(ZEROS.len());
            self.add(&ZEROS[..piece]);
            left -= piece;
        }
    }

    /// Fill what is pending up with silence to a whole packet; how many samples at `rate` that took.
    pub fn fill_up(&mut self, ptime_ms: u32) -> u64 {
        if self.pending.is_empty() {
            return 0;
        }
        let more = self
            .packet_samples(ptime_ms)
            .saturating_sub(self.pending.len());
        self.pending.resize(self.pending.len() + more, 0);
        more as u64 * u64::from(self.rate) / u64::from(self.encoder.rate())
    }

    /// Append the payload of one packet; false while there is less than one.  Nothing is appended when nothing needs to be
    /// sent; its time has passed all the same.  `more` are samples that follow: taken from its front, or kept, all of
    /// them, when they do not fill a packet.  Whole packets at the encoder's rate are not copied, and need no memory here.
    pub fn packet(&mut self, ptime_ms: u32, more: &mut &[i16], payload: &mut Vec<u8>) -> bool {
        let count = self.packet_samples(ptime_ms);
        if self.pending.is_empty()
            && !self.resampler.changes()
            && let Some((packet, rest)) = more.split_at_checked(count)
        {
            self.encoder.encode(packet, payload);
            *more = rest;
            return true;
        }
        self.add(std::mem::take(more));
        if self.pending.len() < count {
            return false;
        }
        self.encoder.encode(&self.pending[..count], payload);
        self.pending.drain(..count);
        true
    }

    fn packet_samples(&self, ptime_ms: u32) -> usize {
        (self.encoder.rate() * ptime_ms / 1000).max(1) as usize
    }
}
