//! Linear audio, 16 bits, most significant octet first (RFC 3551 section 4.5.11, L16), one channel.
use super::{Damaged, Decoder, Encoder};

/// Both halves: there is no state but the rate.
pub struct Slin {
    rate: u32,
}

impl Slin {
    #[must_use]
    pub fn new(rate: u32) -> Slin {
        Slin { rate }
    }
}

impl Decoder for Slin {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), Damaged> {
        if !payload.len().is_multiple_of(2) {
            return Err(Damaged);
        }
        let pairs = payload.chunks_exact(2);
        out.extend(pairs.map(|pair| i16::from_be_bytes([pair[0], pair[1]])));
        Ok(())
    }
}

impl Encoder for Slin {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        payload.extend(samples.iter().flat_map(|sample| sample.to_be_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_order() {
        let mut payload = Vec::new();
        Slin::new(16_000).encode(&[1, -2, i16::MIN], &mut payload);
        assert_eq!(payload, [0, 1, 0xff, 0xfe, 0x80, 0]);
        let mut samples = Vec::new();
        assert_eq!(Slin::new(8000).decode(&payload, &mut samples), Ok(()));
        assert_eq!(samples, [1, -2, i16::MIN]);
        assert_eq!(Slin::new(8000).decode(&[1], &mut samples), Err(Damaged));
    }
}
