//! GSM in RIFF (`WAVE_FORMAT_GSM610`): the parameters of two frames one after the other, 260 bits each, the lowest bit
//! of each first; RTP's frames (RFC 3551 section 4.5.8.1) have a signature of four bits and the highest bit first.

/// Octets of two frames, packed.
pub(super) const PACKED: usize = 65;
/// Octets of a frame of RTP.
const FRAME: usize = 33;
const SIGNATURE: u8 = 0xd0;
/// Bits of the log area ratios, and of one sub-frame's other parameters.
const RATIOS: [u32; 8] = [6, 6, 5, 5, 4, 4, 3, 3];
const SUBFRAME: [u32; 17] = [7, 2, 2, 6, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3];

fn widths() -> impl Iterator<Item = u32> {
    let subframes = (0..4).flat_map(|_| SUBFRAME);
    RATIOS.into_iter().chain(subframes)
}

/// Two frames of RTP (66 octets) as RIFF has them; missing octets count as 0.
pub(super) fn pack(frames: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + PACKED, 0);
    let packed = &mut out[start..];
    let mut to = 0;
    for frame in 0..2 {
        let mut from = frame * FRAME * 8 + 4;
        for width in widths() {
            for bit in 0..width as usize {
                let at = from + width as usize - 1 - bit;
                let one = frames.get(at / 8).copied().unwrap_or(0) >> (7 - at % 8) & 1;
                packed[(to + bit) / 8] |= one << ((to + bit) % 8);
            }
            from += width as usize;
            to += width as usize;
        }
    }
}

/// A block of RIFF as two frames of RTP; missing octets count as 0.
pub(super) fn unpack(packed: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + 2 * FRAME, 0);
    let frames = &mut out[start..];
    let mut from = 0;
    for frame in 0..2 {
        frames[frame * FRAME] = SIGNATURE;
        let mut to = frame * FRAME * 8 + 4;
        for width in widths() {
            for bit in 0..width as usize {
                let at = from + bit;
                let one = packed.get(at / 8).copied().unwrap_or(0) >> (at % 8) & 1;
                let place = to + width as usize - 1 - bit;
                frames[place / 8] |= one << (7 - place % 8);
            }
            from += width as usize;
            to += width as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_loses_nothing_and_lets_the_lowest_bit_come_first() {
        let mut frames = vec![0u8; 66];
        for (n, octet) in frames.iter_mut().enumerate() {
            *octet = (n * 91 + 17) as u8;
        }
        frames[0] = SIGNATURE | (frames[0] & 15);
        frames[33] = SIGNATURE | (frames[33] & 15);
        let (mut packed, mut back) = (Vec::new(), Vec::new());
        pack(&frames, &mut packed);
        unpack(&packed, &mut back);
        assert_eq!(back, frames);
        // the first ratio is 6 bits: the low half of octet 0 and the two highest of octet 1
        assert_eq!(packed[0] & 63, (frames[0] & 15) << 2 | frames[1] >> 6);
    }
}
