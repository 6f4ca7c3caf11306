//! From a member's packets to samples at the room's rate.
use super::feed::Feed;
use crate::Nanos;
use crate::codecs::{Decoder, Format, Parameters};
use crate::resample::Resampler;
use crate::rtp::packet::Header;

/// Packets lost in a row that the codec may conceal; after more the feed fades.
const MOST_LOST: u16 = 5;

/// A decoder on its way into a feed.
pub struct Intake {
    format: Format,
    decoder: Box<dyn Decoder>,
    resampler: Resampler,
    newest: u16,
    started: bool,
    decoded: Vec<i16>,
    resampled: Vec<i16>,
}

impl Intake {
    /// None when the engine cannot decode the format.
    #[must_use]
    pub fn new(format: Format, rate: u32) -> Option<Intake> {
        let decoder = format.decoder(&Parameters {
            rate,
            ..Parameters::default()
        })?;
        Some(Intake {
            format,
            resampler: Resampler::new(decoder.rate(), rate),
            decoder,
            newest: 0,
            started: false,
            decoded: Vec::new(),
            resampled: Vec::new(),
        })
    }

    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Decode a packet into a feed.
    pub fn hear(&mut self, header: &Header, payload: &[u8], feed: &mut Feed, now: Nanos) {
        let step = header.sequence.wrapping_sub(self.newest);
        if self.started && (2..=MOST_LOST + 1).contains(&step) {
            self.conceal(header, payload, feed, now);
        }
        if !self.started || (step as i16) > 0 {
            self.newest = header.sequence;
            self.started = true;
        } else if !stateless(self.format) {
            return; // Late: to decode it now would upset the decoder.
        }
        self.decoded.clear();
        if self.decoder.decode(payload, &mut self.decoded).is_ok() {
            self.deliver(header.timestamp, feed, now);
        }
    }

    /// Let the decoder's state go on through a loss.  What has no state the feed makes up for.
    fn conceal(&mut self, header: &Header, payload: &[u8], feed: &mut Feed, now: Nanos) {
        let missing = feed.missing(header.timestamp, self.format.clock);
        let samples = u64::from(missing) * u64::from(self.decoder.rate())
            / u64::from(self.format.clock.max(1));
        if samples == 0 || !self.decoder.conceals() {
            return;
        }
        self.decoded.clear();
        self.decoder
            .conceal(samples as usize, Some(payload), &mut self.decoded);
        self.deliver(header.timestamp.wrapping_sub(missing), feed, now);
    }

    fn deliver(&mut self, timestamp: u32, feed: &mut Feed, now: Nanos) {
        let clock = self.format.clock;
        if self.resampler.changes() {
            self.resampled.clear();
            self.resampler.process(&self.decoded, &mut self.resampled);
            feed.push(timestamp, clock, &self.resampled, now);
        } else {
            feed.push(timestamp, clock, &self.decoded, now);
        }
    }
}

/// Whether packets can be decoded in any order.
fn stateless(format: Format) -> bool {
    format == Format::PCMU || format == Format::PCMA
}
