//! Headerless files (`.ulaw`, `.alaw`, `.sln`): samples from the first octet to the last; and how samples
//! become octets and back in any file.

use super::{Encoding, Format, Layout};
use crate::codecs::g711;

/// The layout of a headerless file of this length; half a sample at its end does not count.
pub(super) fn layout(format: Format, length: u64) -> Layout {
    let encoding = encoding(format);
    Layout {
        encoding,
        start: 0,
        samples: length / encoding.width(),
    }
}

/// How a format stores the samples that are written to it.
pub(super) fn encoding(format: Format) -> Encoding {
    match format {
        Format::Wav | Format::Slin => Encoding::Linear,
        Format::Ulaw => Encoding::Ulaw,
        Format::Alaw => Encoding::Alaw,
    }
}

/// Decode octets into samples, as many as both have.
pub(super) fn decode(encoding: Encoding, octets: &[u8], samples: &mut [i16]) {
    match encoding {
        Encoding::Linear => {
            for (sample, pair) in samples.iter_mut().zip(octets.chunks_exact(2)) {
                *sample = i16::from_le_bytes([pair[0], pair[1]]);
            }
        }
        Encoding::Ulaw => {
            g711::linear_from_ulaw(octets, samples);
        }
        Encoding::Alaw => {
            g711::linear_from_alaw(octets, samples);
        }
    }
}

/// Append encoded samples to a buffer.
pub(super) fn encode(encoding: Encoding, samples: &[i16], octets: &mut Vec<u8>) {
    match encoding {
        Encoding::Linear => octets.extend(samples.iter().flat_map(|sample| sample.to_le_bytes())),
        Encoding::Ulaw => octets.extend(samples.iter().map(|sample| g711::encode_ulaw(*sample))),
        Encoding::Alaw => octets.extend(samples.iter().map(|sample| g711::encode_alaw(*sample))),
    }
}
