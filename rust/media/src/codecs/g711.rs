//! G.711 mu-law and A-law (ITU-T Rec. G.711), to and from 16-bit linear samples.
//!
//! Linear values are left-justified: the 14-bit range of mu-law and the 13-bit range of A-law fill
//! 16 bits, so that full scale is the same for both and for files.  A sine of 0 dBm0 peaks at
//! [`crate::tones::PEAK_0DBM0`].
//!
//! Decoding and conversion between the laws are table look-ups; the tables are made at compile time.
//! Encoding finds the segment by counting leading zeros, which needs no table and no branch per segment.

use super::{Damaged, Decoder, Encoder};

/// What mu-law silence looks like on the wire (+0).
pub const ULAW_SILENCE: u8 = 0xff;
/// What A-law silence looks like on the wire (the smallest positive value; A-law has no zero).
pub const ALAW_SILENCE: u8 = 0xd5;

/// Linear value of each mu-law octet.
pub static ULAW_TO_LINEAR: [i16; 256] = ulaw_decode_table();
/// Linear value of each A-law octet.
pub static ALAW_TO_LINEAR: [i16; 256] = alaw_decode_table();
/// A-law octet nearest to each mu-law octet; the same as going through linear.
pub static ULAW_TO_ALAW: [u8; 256] = ulaw_to_alaw_table();
/// Mu-law octet nearest to each A-law octet; the same as going through linear.
pub static ALAW_TO_ULAW: [u8; 256] = alaw_to_ulaw_table();

/// The 33 of G.711 (14 bit) in 16-bit units; it makes every segment start at a power of two.
const ULAW_BIAS: i32 = 33 << 2;
/// Largest magnitude before the bias would leave the eighth segment.
const ULAW_CLIP: i32 = 0x7fff - ULAW_BIAS;

/// Encode one sample as mu-law.
#[inline]
#[must_use]
pub const fn encode_ulaw(sample: i16) -> u8 {
    let sample = sample as i32;
    let (sign, magnitude) = if sample < 0 {
        (0x00, -sample)
    } else {
        (0x80, sample)
    };
    let clipped = if magnitude > ULAW_CLIP {
        ULAW_CLIP
    } else {
        magnitude
    };
    let biased = (clipped + ULAW_BIAS) as u32;
    // biased is 132..=32767, so its highest bit is 7..=14 and the segment 0..=7
    let segment = 24 - biased.leading_zeros();
    let step = (biased >> (segment + 3)) & 0x0f;
    // on the wire all bits but the sign are inverted (G.711 table 2a, note 1)
    (sign | (!((segment << 4) | step) & 0x7f)) as u8
}

/// Encode one sample as A-law.
#[inline]
#[must_use]
pub const fn encode_alaw(sample: i16) -> u8 {
    let (sign, magnitude) = if sample < 0 {
        // the negative decision values are those of the positive side mirrored about -1/2 step
        (0x00, (!sample) as u32)
    } else {
        (0x80, sample as u32)
    };
    let code = if magnitude < 256 {
        // segments 1 and 2 of the characteristic have the same step of 16
        magnitude >> 4
    } else {
        let segment = 24 - magnitude.leading_zeros();
        (segment << 4) | ((magnitude >> (segment + 3)) & 0x0f)
    };
    // even bits are inverted on the wire (G.711 table 1a, note 2)
    ((sign | code) ^ 0x55) as u8
}

/// Decode one mu-law octet.
#[inline]
#[must_use]
pub fn decode_ulaw(octet: u8) -> i16 {
    ULAW_TO_LINEAR[octet as usize]
}

/// Decode one A-law octet.
#[inline]
#[must_use]
pub fn decode_alaw(octet: u8) -> i16 {
    ALAW_TO_LINEAR[octet as usize]
}

/// Encode as many samples as both slices have; returns how many that were.
pub fn ulaw_from_linear(samples: &[i16], octets: &mut [u8]) -> usize {
    for (octet, sample) in octets.iter_mut().zip(samples) {
        *octet = encode_ulaw(*sample);
    }
    samples.len().min(octets.len())
}

/// Encode as many samples as both slices have; returns how many that were.
pub fn alaw_from_linear(samples: &[i16], octets: &mut [u8]) -> usize {
    for (octet, sample) in octets.iter_mut().zip(samples) {
        *octet = encode_alaw(*sample);
    }
    samples.len().min(octets.len())
}

/// Decode as many octets as both slices have; returns how many that were.
pub fn linear_from_ulaw(octets: &[u8], samples: &mut [i16]) -> usize {
    for (sample, octet) in samples.iter_mut().zip(octets) {
        *sample = ULAW_TO_LINEAR[*octet as usize];
    }
    samples.len().min(octets.len())
}

/// Decode as many octets as both slices have; returns how many that were.
pub fn linear_from_alaw(octets: &[u8], samples: &mut [i16]) -> usize {
    for (sample, octet) in samples.iter_mut().zip(octets) {
        *sample = ALAW_TO_LINEAR[*octet as usize];
    }
    samples.len().min(octets.len())
}

/// Convert mu-law to A-law in place.
pub fn ulaw_to_alaw(octets: &mut [u8]) {
    for octet in octets {
        *octet = ULAW_TO_ALAW[*octet as usize];
    }
}

/// Convert A-law to mu-law in place.
pub fn alaw_to_ulaw(octets: &mut [u8]) {
    for octet in octets {
        *octet = ALAW_TO_ULAW[*octet as usize];
    }
}

/// Mu-law as a codec: there is no state.
pub struct Ulaw;

/// A-law as a codec: there is no state.
pub struct Alaw;

macro_rules! law {
    ($law:ident, $table:ident, $encode:ident) => {
        impl Decoder for $law {
            fn rate(&self) -> u32 {
                8000
            }

            fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), Damaged> {
                out.extend(payload.iter().map(|octet| $table[*octet as usize]));
                Ok(())
            }
        }

        impl Encoder for $law {
            fn rate(&self) -> u32 {
                8000
            }

            fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
                payload.extend(samples.iter().map(|sample| $encode(*sample)));
            }
        }
    };
}

law!(Ulaw, ULAW_TO_LINEAR, encode_ulaw);
law!(Alaw, ALAW_TO_LINEAR, encode_alaw);

const fn ulaw_value(octet: u8) -> i16 {
    let code = !octet as i32;
    let segment = (code >> 4) & 0x07;
    let magnitude = ((((code & 0x0f) << 3) + ULAW_BIAS) << segment) - ULAW_BIAS;
    (if code & 0x80 != 0 {
        -magnitude
    } else {
        magnitude
    }) as i16
}

const fn alaw_value(octet: u8) -> i16 {
    let code = (octet ^ 0x55) as i32;
    let segment = (code >> 4) & 0x07;
    // the middle of the step; from the second segment on the leading one is not sent
    let step = ((code & 0x0f) << 4) + 8;
    let magnitude = if segment == 0 {
        step
    } else {
        (step + 0x100) << (segment - 1)
    };
    (if code & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    }) as i16
}

const fn ulaw_decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        table[octet] = ulaw_value(octet as u8);
        octet += 1;
    }
    table
}

const fn alaw_decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        table[octet] = alaw_value(octet as u8);
        octet += 1;
    }
    table
}

const fn ulaw_to_alaw_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        table[octet] = encode_alaw(ulaw_value(octet as u8));
        octet += 1;
    }
    table
}

const fn alaw_to_ulaw_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        table[octet] = encode_ulaw(alaw_value(octet as u8));
        octet += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mu-law by the decision values of G.711 table 2a (14-bit numbers), searched one by one.
    fn slow_ulaw(sample: i16) -> u8 {
        let magnitude = f64::from(i32::from(sample).abs()) / 4.0;
        let mut code = 0u8;
        let mut decision = 1.0; // x1
        let mut step = 2.0;
        for n in 1..=127u8 {
            if magnitude < decision {
                break;
            }
            code = n;
            decision += step;
            // steps double after 15 intervals in the first segment and after each 16 later
            if n % 16 == 15 {
                step *= 2.0;
            }
        }
        !(code | if sample < 0 { 0x80 } else { 0x00 })
    }

    /// A-law by the decision values of G.711 table 1a (13-bit numbers, 4096 positive).
    fn slow_alaw(sample: i16) -> u8 {
        let negative = sample < 0;
        let magnitude = if negative { !sample } else { sample };
        let mut code = 0u8;
        let mut decision = 16i32;
        let mut step = 16i32;
        for n in 1..=127u8 {
            if i32::from(magnitude) < decision {
                break;
            }
            code = n;
            // the first two segments have equal steps
            if n >= 32 && n % 16 == 0 {
                step *= 2;
            }
            decision += step;
        }
        (code | if negative { 0x00 } else { 0x80 }) ^ 0x55
    }

    #[test]
    fn every_sample_encodes_as_the_decision_values_say() {
        for sample in i16::MIN..=i16::MAX {
            assert_eq!(encode_ulaw(sample), slow_ulaw(sample), "mu-law of {sample}");
            assert_eq!(encode_alaw(sample), slow_alaw(sample), "A-law of {sample}");
        }
    }

    #[test]
    fn known_values_of_the_tables() {
        assert_eq!(encode_ulaw(0), ULAW_SILENCE);
        assert_eq!(encode_alaw(0), ALAW_SILENCE);
        assert_eq!(decode_ulaw(0x80), 8031 << 2); // y128 of table 2a
        assert_eq!(decode_ulaw(0x00), -(8031 << 2));
        assert_eq!(decode_alaw(0xaa), 4032 << 3); // y128 of table 1a
        assert_eq!(decode_alaw(0x2a), -(4032 << 3));
        assert_eq!(encode_ulaw(i16::MAX), 0x80);
        assert_eq!(encode_ulaw(i16::MIN), 0x00);
        assert_eq!(encode_alaw(i16::MAX), 0xaa);
        assert_eq!(encode_alaw(i16::MIN), 0x2a);
    }

    #[test]
    fn decoding_then_encoding_gives_the_same_octet() {
        for octet in 0..=255u8 {
            assert_eq!(encode_alaw(decode_alaw(octet)), octet);
            // mu-law has two zeros; linear has one
            let expected = if octet == 0x7f { 0xff } else { octet };
            assert_eq!(encode_ulaw(decode_ulaw(octet)), expected);
        }
    }

    #[test]
    fn quantizing_error_is_at_most_half_a_step() {
        for sample in -32000..=32000i16 {
            let value = i32::from(sample);
            let step = |magnitude: i32, bias: i32, lowest: i32| {
                let top = 31 - (magnitude + bias).max(1).leading_zeros() as i32;
                (1 << (top - 4).max(lowest)).max(1)
            };
            let ulaw = i32::from(decode_ulaw(encode_ulaw(sample)));
            assert!((ulaw - value).abs() <= step(value.abs(), 132, 3) / 2 + 4);
            let alaw = i32::from(decode_alaw(encode_alaw(sample)));
            assert!((alaw - value).abs() <= step(value.abs(), 0, 4) / 2 + 1);
        }
    }

    #[test]
    fn decoding_is_monotonic_and_odd() {
        for octet in 0..0x7fu8 {
            assert!(decode_ulaw(octet) < decode_ulaw(octet + 1));
            assert_eq!(decode_ulaw(octet), -decode_ulaw(octet | 0x80));
            assert_eq!(decode_alaw(octet), -decode_alaw(octet | 0x80));
        }
    }

    #[test]
    fn direct_tables_are_the_way_through_linear() {
        for octet in 0..=255u8 {
            let alaw = ULAW_TO_ALAW[octet as usize];
            assert_eq!(alaw, slow_alaw(decode_ulaw(octet)));
            let ulaw = ALAW_TO_ULAW[octet as usize];
            assert_eq!(ulaw, slow_ulaw(decode_alaw(octet)));
            // G.711 section 4: there and back changes a code by one interval at most
            let back = |there: u8, octet: u8| i16::from(there & 0x7f) - i16::from(octet & 0x7f);
            assert!(back(ALAW_TO_ULAW[alaw as usize], octet).abs() <= 1);
            let codes = (ULAW_TO_ALAW[ulaw as usize] ^ 0x55, octet ^ 0x55);
            assert!(back(codes.0, codes.1).abs() <= 1);
        }
        let mut octets = [0xff, 0x80, 0x00];
        ulaw_to_alaw(&mut octets);
        assert_eq!(octets, [0xd5, 0xaa, 0x2a]);
        alaw_to_ulaw(&mut octets);
        assert_eq!(octets, [0xfe, 0x80, 0x00]);
    }

    #[test]
    fn the_digital_milliwatt_is_at_0_dbm0() {
        // G.711 tables 5 and 6: one period of 1 kHz
        let ulaw = [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e];
        let alaw = [0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4];
        for values in [ulaw.map(decode_ulaw), alaw.map(decode_alaw)] {
            let power: f64 = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / 8.0;
            let level = 10.0 * (2.0 * power / crate::tones::PEAK_0DBM0.powi(2)).log10();
            assert!(level.abs() < 0.1, "{level} dBm0");
        }
    }

    #[test]
    fn slices_of_different_length_convert_what_fits() {
        let mut out = [0u8; 2];
        assert_eq!(ulaw_from_linear(&[0, 0, 0], &mut out), 2);
        assert_eq!(out, [ULAW_SILENCE; 2]);
        let mut samples = [1i16; 4];
        assert_eq!(
            linear_from_alaw(&[ALAW_SILENCE, ALAW_SILENCE], &mut samples),
            2
        );
        assert_eq!(samples, [8, 8, 1, 1]);
    }
}
