//! Samples of the engine to the octets of a file and back, for every encoding and rate.

use super::{Encoding, RATE, msgsm, raw};
use crate::codecs::g722::{G722Decoder, G722Encoder};
use crate::codecs::g726::{G726, Packing};
use crate::codecs::gsm::{GsmDecoder, GsmEncoder};
use crate::codecs::{Decoder, Encoder, Parameters};
use crate::resample::Resampler;
use std::fmt;

/// Samples as they come, at [`RATE`] or another, into whole blocks of a file.
pub(super) struct Coder {
    encoding: Encoding,
    encoder: Option<Box<dyn Encoder>>,
    resampler: Resampler,
    /// Samples at the file's rate that make no block yet.
    rest: Vec<i16>,
    frames: Vec<u8>,
}

impl fmt::Debug for Coder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Coder({:?}, {} held)", self.encoding, self.rest.len())
    }
}

impl Coder {
    pub(super) fn new(encoding: Encoding, rate: u32) -> Coder {
        Coder::from(encoding, RATE, rate)
    }

    /// For samples at `from` Hz that come, in a file at `rate`.
    pub(super) fn from(encoding: Encoding, from: u32, rate: u32) -> Coder {
        let parameters = Parameters {
            rate,
            ..Parameters::default()
        };
        let encoder: Option<Box<dyn Encoder>> = match encoding {
            Encoding::Gsm | Encoding::Msgsm => Some(Box::new(GsmEncoder::new())),
            Encoding::G722 => Some(Box::new(G722Encoder::new(&parameters))),
            Encoding::G726 => Some(Box::new(G726::new(Packing::Rfc3551))),
            Encoding::Linear | Encoding::Ulaw | Encoding::Alaw => None,
        };
        Coder {
            encoding,
            encoder,
            resampler: Resampler::new(from, rate),
            rest: Vec::new(),
            frames: Vec::new(),
        }
    }

    /// Encode what makes whole blocks and append it.
    pub(super) fn encode(&mut self, samples: &[i16], out: &mut Vec<u8>) {
        let Some(encoder) = &mut self.encoder else {
            if self.resampler.changes() {
                self.rest.clear();
                self.resampler.process(samples, &mut self.rest);
                raw::encode(self.encoding, &self.rest, out);
                self.rest.clear();
            } else {
                raw::encode(self.encoding, samples, out);
            }
            return;
        };
        self.resampler.process(samples, &mut self.rest);
        let block = self.encoding.block().1 as usize;
        let whole = self.rest.len() / block * block;
        for piece in self.rest[..whole].chunks_exact(block) {
            if self.encoding == Encoding::Msgsm {
                self.frames.clear();
                encoder.encode(piece, &mut self.frames);
                msgsm::pack(&self.frames, out);
            } else {
                encoder.encode(piece, out);
            }
        }
        self.rest.drain(..whole);
    }

    /// Encode the samples that make no whole block, with silence after them.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if self.rest.is_empty() {
            return;
        }
        self.resampler = Resampler::new(RATE, RATE);
        let missing = self.encoding.block().1 as usize - self.rest.len();
        self.encode(&vec![0; missing], out);
    }
}

/// Decode all octets of an encoding with a memory; a damaged frame is silent.
pub(super) fn decode(encoding: Encoding, rate: u32, octets: &[u8]) -> Vec<i16> {
    let parameters = Parameters {
        rate,
        ..Parameters::default()
    };
    let mut decoder: Box<dyn Decoder> = match encoding {
        Encoding::Gsm | Encoding::Msgsm => Box::new(GsmDecoder::new()),
        Encoding::G722 => Box::new(G722Decoder::new(&parameters)),
        Encoding::G726 => Box::new(G726::new(Packing::Rfc3551)),
        Encoding::Linear | Encoding::Ulaw | Encoding::Alaw => return Vec::new(),
    };
    let (size, block) = encoding.block();
    let mut samples = Vec::new();
    let mut frames = Vec::new();
    for piece in octets.chunks_exact(size as usize) {
        let end = samples.len() + block as usize;
        let piece = if encoding == Encoding::Msgsm {
            frames.clear();
            msgsm::unpack(piece, &mut frames);
            &frames[..]
        } else {
            piece
        };
        if decoder.decode(piece, &mut samples).is_err() {
            samples.truncate(end - block as usize);
        }
        samples.resize(end, 0);
    }
    samples
}

/// A whole recording at another rate, `length` samples long, without the filter's delay at its beginning.
pub(super) fn resampled(samples: &[i16], from: u32, to: u32, length: u64) -> Vec<i16> {
    /// Samples of the lower rate by which a stream is late.
    const DELAY: u64 = 16;
    let lower = u64::from(from.min(to).max(1));
    let late = (DELAY * u64::from(to) / lower) as usize;
    let mut out = Vec::new();
    let mut resampler = Resampler::new(from, to);
    resampler.process(samples, &mut out);
    let tail = DELAY * u64::from(from) / lower + 1;
    resampler.process(&vec![0; tail as usize], &mut out);
    out.drain(..late.min(out.len()));
    out.truncate(usize::try_from(length).unwrap_or(usize::MAX));
    out
}
