//! Headerless files: samples from the first octet to the last; and how samples without memory become octets and back.

use super::{Encoding, Layout};
use crate::codecs::g711;

/// The layout of a headerless file of this length; a part of a block at its end does not count.
pub(super) fn layout(encoding: Encoding, rate: u32, length: u64) -> Layout {
    Layout {
        encoding,
        rate,
        channels: 1,
        start: 0,
        samples: encoding.samples_in(length),
    }
}

/// Decode octets into samples, as many as both have; what has a memory is `coder`'s.
pub(super) fn decode(encoding: Encoding, octets: &[u8], samples: &mut [i16]) {
    match encoding {
        Encoding::Ulaw => {
            g711::linear_from_ulaw(octets, samples);
        }
        Encoding::Alaw => {
            g711::linear_from_alaw(octets, samples);
        }
        _ => {
            for (sample, pair) in samples.iter_mut().zip(octets.chunks_exact(2)) {
                *sample = i16::from_le_bytes([pair[0], pair[1]]);
            }
        }
    }
}

/// Append encoded samples to a buffer; what has a memory is `coder`'s.
pub(super) fn encode(encoding: Encoding, samples: &[i16], octets: &mut Vec<u8>) {
    match encoding {
        Encoding::Ulaw => octets.extend(samples.iter().map(|sample| g711::encode_ulaw(*sample))),
        Encoding::Alaw => octets.extend(samples.iter().map(|sample| g711::encode_alaw(*sample))),
        _ => octets.extend(samples.iter().flat_map(|sample| sample.to_le_bytes())),
    }
}

/// The mean of each instant's channels.
pub(super) fn mix(interleaved: &[i16], channels: usize, samples: &mut [i16]) {
    for (sample, instant) in samples.iter_mut().zip(interleaved.chunks_exact(channels)) {
        let sum: i64 = instant.iter().map(|one| i64::from(*one)).sum();
        *sample = (sum / channels as i64) as i16;
    }
}
