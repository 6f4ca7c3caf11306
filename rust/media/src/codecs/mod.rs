//! Codecs: between payloads of RTP packets and 16-bit linear samples.
//!
//! All that the engine knows of a codec is one row of [`registry`]: its name, its encoding name in SDP, clock, channels,
//! payload type, packet times, sample rate, how long a payload lasts, and who decodes and encodes it.  Python, files,
//! ports and the console read the same table.  A [`Format`] is a value that names a codec as one leg uses it; two
//! that are equal can be relayed from one leg to the other.
//!
//! A codec is a [`Decoder`] and an [`Encoder`]: state machines without I/O, clock or threads, one for each direction of a
//! leg.  Decoded audio is 16-bit, one channel, at the codec's [`Decoder::rate`] - ask for the rate that you want
//! with [`Parameters::rate`]; a codec that can work at it (Opus, G.722 at 8 kHz) does, which is cheaper than
//! resampling.  [`crate::resample::Resampler`] does the rest; `crate::plc` makes up for what was lost where the
//! codec has no way of its own.
//!
//! To add a codec: a module with its two halves, and a row in `table.rs`.  Those of others are added while the
//! engine runs ([`registry::declare`]), as WebAssembly ([`module`]) or to be passed on only.
pub(crate) mod durations;
mod fmtp;
mod format;
pub mod g711;
pub mod g722;
pub mod g726;
pub mod gsm;
pub mod module;
pub mod opus;
pub mod registry;
pub mod slin;
mod table;
#[cfg(test)]
mod vectors;

pub use fmtp::param;
pub use format::Format;
pub use registry::{Codec, Media};

/// What a decoder or encoder is opened with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parameters<'a> {
    /// The sample rate wished for, in Hz; 0: the codec's own.  A codec may give another: ask it.
    pub rate: u32,
    /// The fmtp line of SDP: for a decoder ours, for an encoder the far end's.
    pub fmtp: &'a str,
    /// What the configuration says of the encoder, written like an fmtp line with the names of codecs.conf.
    pub settings: &'a str,
}

/// A payload that is no payload of this codec; nothing was decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

/// From payloads to samples.
pub trait Decoder: Send {
    /// Samples a second of what it gives.
    fn rate(&self) -> u32;

    /// Decode one payload, in the order in which they were sent; samples are appended to `out`.
    fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), Damaged>;

    /// Whether it has a way of its own to make up for loss (`conceal`); else `crate::plc` does it.
    fn conceals(&self) -> bool {
        false
    }

    /// Make up for `samples` samples that were lost, and append as many.  `next` is the payload after the
    /// loss where it is known already: it may hold a copy of what was lost.
    fn conceal(&mut self, samples: usize, next: Option<&[u8]>, out: &mut Vec<i16>) {
        let _ = next;
        out.resize(out.len() + samples, 0);
    }
}

/// From samples to payloads.
pub trait Encoder: Send {
    /// Samples a second of what it takes.
    fn rate(&self) -> u32;

    /// Encode the samples of one packet and append its payload.  Their number is a multiple of the
    /// codec's frame ([`Codec::step_ms`]); what is over is dropped.  Nothing is appended when there is nothing
    /// to send (discontinuous transmission).
    fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>);

    /// The far end reports so much loss, in per cent.
    fn loss(&mut self, percent: u8) {
        let _ = percent;
    }
}

/// How a decoder is made.
pub type OpenDecoder = &'static (dyn Fn(&Parameters<'_>) -> Box<dyn Decoder> + Send + Sync);
/// How an encoder is made.
pub type OpenEncoder = &'static (dyn Fn(&Parameters<'_>) -> Box<dyn Encoder> + Send + Sync);
