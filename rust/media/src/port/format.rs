//! What a payload type stands for, and the codecs that the engine itself can read and write.
use crate::codecs::g711;

/// An encoding as SDP names it.  Two that are equal can be relayed from one to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    pub kind: Kind,
    pub clock: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Pcmu,
    Pcma,
    /// Relayed, not decoded; the number stands for the name.
    Other(u64),
}

impl Format {
    pub const PCMU: Format = Format {
        kind: Kind::Pcmu,
        clock: 8000,
    };
    pub const PCMA: Format = Format {
        kind: Kind::Pcma,
        clock: 8000,
    };

    /// By encoding name (case does not count) and clock rate.
    #[must_use]
    pub fn named(name: &str, clock: u32) -> Format {
        let kind = if name.eq_ignore_ascii_case("PCMU") && clock == 8000 {
            Kind::Pcmu
        } else if name.eq_ignore_ascii_case("PCMA") && clock == 8000 {
            Kind::Pcma
        } else {
            // FNV-1a: 64 bits of the name are enough to tell the few dozen names apart.
            Kind::Other(name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
                (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01b3)
            }))
        };
        Format { kind, clock }
    }

    /// Whether the engine can decode and encode it.
    #[must_use]
    pub fn native(self) -> bool {
        !matches!(self.kind, Kind::Other(_))
    }

    /// Clock units that a payload of this length covers; `ptime_ms` answers for what we cannot read.
    #[must_use]
    pub fn covers(self, length: usize, ptime_ms: u32) -> u32 {
        if self.native() {
            length as u32
        } else {
            self.clock / 1000 * ptime_ms
        }
    }

    /// Turn a payload of this format into the other in place; false when that is not possible.
    #[must_use]
    pub fn convert(self, to: Format, payload: &mut [u8]) -> bool {
        match (self.kind, to.kind) {
            _ if self == to => {}
            (Kind::Pcmu, Kind::Pcma) => g711::ulaw_to_alaw(payload),
            (Kind::Pcma, Kind::Pcmu) => g711::alaw_to_ulaw(payload),
            _ => return false,
        }
        true
    }

    /// Decode into `samples`; how many there are, 0 for what cannot be decoded.
    #[must_use]
    pub fn decode(self, payload: &[u8], samples: &mut [i16]) -> usize {
        match self.kind {
            Kind::Pcmu => g711::linear_from_ulaw(payload, samples),
            Kind::Pcma => g711::linear_from_alaw(payload, samples),
            Kind::Other(_) => 0,
        }
    }

    /// Encode into `payload`; its length, 0 for what cannot be encoded.
    #[must_use]
    pub fn encode(self, samples: &[i16], payload: &mut [u8]) -> usize {
        match self.kind {
            Kind::Pcmu => g711::ulaw_from_linear(samples, payload),
            Kind::Pcma => g711::alaw_from_linear(samples, payload),
            Kind::Other(_) => 0,
        }
    }

    /// Overwrite with silence; false for what we cannot write.
    #[must_use]
    pub fn silence(self, payload: &mut [u8]) -> bool {
        match self.kind {
            Kind::Pcmu => payload.fill(g711::ULAW_SILENCE),
            Kind::Pcma => payload.fill(g711::ALAW_SILENCE),
            Kind::Other(_) => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_without_case_and_with_clock() {
        assert_eq!(Format::named("pcmu", 8000), Format::PCMU);
        assert_eq!(Format::named("g722", 8000), Format::named("G722", 8000));
        assert_ne!(Format::named("opus", 48000), Format::named("speex", 48000));
        assert_ne!(Format::named("L16", 16000), Format::named("L16", 8000));
    }

    #[test]
    fn converts_between_the_laws_only() {
        let mut payload = [g711::ULAW_SILENCE; 4];
        assert!(Format::PCMU.convert(Format::PCMA, &mut payload));
        assert_eq!(payload, [g711::ALAW_SILENCE; 4]);
        assert!(!Format::PCMU.convert(Format::named("G722", 8000), &mut payload));
    }
}
