//! What a payload type stands for.
use super::registry::{self, CODECS, Codec};
use super::{Decoder, Encoder, Parameters, fmtp, g711};

/// A codec as one leg uses it.  Two that are equal can be relayed from one to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Format {
    kind: Kind,
    /// RTP clock in Hz.
    pub clock: u32,
    /// Stands for the parameters that change what is on the wire; 0: all have their default.
    variant: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// Row of the registry.
    Known(u16),
    /// Relayed only; the number stands for the name.
    Other(u64),
}

impl Format {
    pub const PCMU: Format = Format::of(registry::ULAW);
    pub const PCMA: Format = Format::of(registry::ALAW);
    /// 16-bit linear, 8 kHz.
    pub const SLIN: Format = Format::of(registry::SLIN);

    const fn of(row: u16) -> Format {
        Format {
            kind: Kind::Known(row),
            clock: CODECS[row as usize].clock,
            variant: 0,
        }
    }

    /// By encoding name (case does not count), clock rate and fmtp as SDP has them.
    #[must_use]
    pub fn sdp(name: &str, clock: u32, fmtp: &str) -> Format {
        match registry::by_sdp(name, clock, fmtp) {
            Some(row) => Format {
                kind: Kind::Known(row),
                clock,
                variant: registry::at(row).map_or(0, |codec| codec.variant_of(fmtp)),
            },
            // 64 bits of the name are enough to tell the few dozen names apart
            None => Format {
                kind: Kind::Other(fmtp::hash(name)),
                clock,
                variant: 0,
            },
        }
    }

    /// Whether it differs from the other in parameters alone.
    #[must_use]
    pub fn is_variant_of(self, other: Format) -> bool {
        self.kind == other.kind && self.clock == other.clock
    }

    /// By Asterisk's name.
    #[must_use]
    pub fn named(name: &str) -> Option<Format> {
        let row = registry::by_name(name)?;
        Some(Format {
            kind: Kind::Known(row),
            clock: registry::at(row)?.clock,
            variant: 0,
        })
    }

    /// Its row of the registry; none for a name that is not there.
    #[must_use]
    pub fn codec(self) -> Option<&'static Codec> {
        match self.kind {
            Kind::Known(row) => registry::at(row),
            Kind::Other(_) => None,
        }
    }

    /// Whether the engine can decode and encode it.
    #[must_use]
    pub fn native(self) -> bool {
        self.codec().is_some_and(|codec| codec.decoder.is_some())
    }

    /// Sample rate in Hz; for what is not known the clock.
    #[must_use]
    pub fn rate(self) -> u32 {
        self.codec().map_or(self.clock, |codec| codec.rate).max(1)
    }

    /// A decoder, if the engine has one.
    #[must_use]
    pub fn decoder(self, parameters: &Parameters<'_>) -> Option<Box<dyn Decoder>> {
        Some(self.codec()?.decoder?(parameters))
    }

    /// An encoder, if the engine has one.
    #[must_use]
    pub fn encoder(self, parameters: &Parameters<'_>) -> Option<Box<dyn Encoder>> {
        Some(self.codec()?.encoder?(parameters))
    }

    /// Clock units that a payload covers; `ptime_ms` answers for what we cannot read.
    #[must_use]
    pub fn covers(self, payload: &[u8], ptime_ms: u32) -> u32 {
        self.codec()
            .and_then(|codec| codec.duration?(payload))
            .unwrap_or(self.clock / 1000 * ptime_ms)
    }

    /// Whether `convert` does it.
    #[must_use]
    pub fn converts(self, to: Format) -> bool {
        self == to
            || (self == Self::PCMU && to == Self::PCMA)
            || (self == Self::PCMA && to == Self::PCMU)
    }

    /// Turn a payload of this format into the other in place, octet by octet; false when that is not possible.
    #[must_use]
    pub fn convert(self, to: Format, payload: &mut [u8]) -> bool {
        if self == to {
        } else if self == Self::PCMU && to == Self::PCMA {
            g711::ulaw_to_alaw(payload);
        } else if self == Self::PCMA && to == Self::PCMU {
            g711::alaw_to_ulaw(payload);
        } else {
            return false;
        }
        true
    }

    /// Overwrite with silence; false where that takes an encoder.
    #[must_use]
    pub fn silence(self, payload: &mut [u8]) -> bool {
        match self.codec().and_then(|codec| codec.silence) {
            Some(octet) => payload.fill(octet),
            None => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_without_case_and_with_clock() {
        let sdp = |name, clock| Format::sdp(name, clock, "");
        assert_eq!(sdp("pcmu", 8000), Format::PCMU);
        assert_eq!(sdp("g722", 8000), sdp("G722", 8000));
        assert_ne!(sdp("opus", 48000), sdp("speex", 48000));
        assert_ne!(sdp("L16", 16000), sdp("L16", 8000));
        assert_eq!(Format::named("slin"), Some(Format::SLIN));
        assert_eq!(Format::named("nonsense"), None);
        assert_ne!(sdp("nonsense", 8000), sdp("sense", 8000));
    }

    #[test]
    fn parameters_tell_variants_apart_only_where_they_change_the_bits() {
        let ilbc = |fmtp| Format::sdp("iLBC", 8000, fmtp);
        assert_eq!(ilbc(""), ilbc("mode=30"));
        assert_ne!(ilbc("mode=20"), ilbc("mode=30"));
        let amr = |fmtp| Format::sdp("AMR", 8000, fmtp);
        assert_eq!(amr(""), amr("octet-align=0; mode-set=7"));
        assert_ne!(amr(""), amr("octet-align=1"));
        let opus = |fmtp| Format::sdp("opus", 48_000, fmtp);
        assert_eq!(opus(""), opus("useinbandfec=1;maxaveragebitrate=20000"));
    }

    #[test]
    fn converts_in_place_between_the_laws_only() {
        let mut payload = [g711::ULAW_SILENCE; 4];
        assert!(Format::PCMU.convert(Format::PCMA, &mut payload));
        assert_eq!(payload, [g711::ALAW_SILENCE; 4]);
        assert!(!Format::PCMU.convert(Format::sdp("G722", 8000, ""), &mut payload));
        assert!(!Format::PCMU.convert(Format::SLIN, &mut payload));
    }
}
