//! The RTP header (RFC 3550 section 5.1), read from and written into a packet's own buffer.
use std::ops::Range;

/// Length of the header that we write: no CSRC, no extension.
pub const HEADER: usize = 12;

/// What a received packet says, and where its payload lies in the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    pub payload_type: u8,
    pub marker: bool,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    /// Starts at `HEADER` or later, ends before padding.
    pub payload: Range<usize>,
}

/// Read the header of `data`; `None` for what is not RTP version 2, or is cut short.
#[must_use]
pub fn parse(data: &[u8]) -> Option<Packet> {
    let fixed = data.first_chunk::<HEADER>()?;
    if fixed[0] >> 6 != 2 {
        return None;
    }
    let mut start = HEADER + 4 * usize::from(fixed[0] & 0x0f);
    if fixed[0] & 0x10 != 0 {
        let words = data.get(start + 2..start + 4)?;
        start += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
    }
    let mut end = data.len();
    if fixed[0] & 0x20 != 0 {
        let padding = usize::from(data[end - 1]);
        if padding == 0 {
            return None;
        }
        end = end.checked_sub(padding)?;
    }
    if start > end {
        return None;
    }
    Some(Packet {
        payload_type: fixed[1] & 0x7f,
        marker: fixed[1] & 0x80 != 0,
        sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
        timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
        ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        payload: start..end,
    })
}

/// Whether a datagram on a port shared by both (RFC 5761 section 4) is RTCP.
#[must_use]
pub fn is_rtcp(data: &[u8]) -> bool {
    matches!(data, [_, 192..=223, ..])
}

/// The fields of a header to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub payload_type: u8,
    pub marker: bool,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
}

impl Header {
    /// The twelve bytes.
    #[must_use]
    pub fn bytes(&self) -> [u8; HEADER] {
        let mut out = [0; HEADER];
        out[0] = 0x80;
        out[1] = self.payload_type & 0x7f | u8::from(self.marker) << 7;
        out[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        out[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        out[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        out
    }

    /// Write the header right before the payload that starts at `payload` and give back where the packet
    /// starts.  What stood between (CSRCs, extensions: both hop by hop for us) is left out.
    pub fn write_before(&self, data: &mut [u8], payload: usize) -> Option<usize> {
        let start = payload.checked_sub(HEADER)?;
        data.get_mut(start..payload)?.copy_from_slice(&self.bytes());
        Some(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn skips_csrc_and_extension_and_padding() {
        let mut data = vec![
            0x80 | 0x20 | 0x10 | 2,
            0x80 | 8,
            0,
            7,
            0,
            0,
            0,
            9,
            1,
            2,
            3,
            4,
        ];
        data.extend([0; 8]);
        data.extend([0xbe, 0xde, 0, 1, 1, 2, 3, 4]);
        data.extend([0x55; 5]);
        data.extend([0, 0, 3]);
        let packet = parse(&data).unwrap();
        assert_eq!(packet.payload, 28..33);
        assert_eq!(
            (packet.payload_type, packet.marker, packet.sequence),
            (8, true, 7)
        );
        assert_eq!((packet.timestamp, packet.ssrc), (9, 0x0102_0304));
    }

    #[test]
    fn refuses_what_is_not_rtp() {
        assert_eq!(parse(&[]), None);
        assert_eq!(parse(&[0x80; 11]), None);
        assert_eq!(parse(&[0x40; 20]), None);
        assert_eq!(parse(&[0x8f; 20]), None, "CSRCs beyond the end");
        let mut padded = [0x80; 14];
        padded[0] = 0xa0;
        padded[13] = 3;
        assert_eq!(parse(&padded), None, "more padding than payload");
    }

    proptest! {
        #[test]
        fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some(packet) = parse(&data) {
                prop_assert!(packet.payload.start >= HEADER && packet.payload.end <= data.len());
            }
        }

        #[test]
        fn reads_what_it_wrote(pt in 0u8..128, marker: bool, sequence: u16, timestamp: u32, ssrc: u32) {
            let header = Header { payload_type: pt, marker, sequence, timestamp, ssrc };
            let mut data = vec![0xff; 40];
            let start = header.write_before(&mut data, 20).unwrap();
            let packet = parse(&data[start..]).unwrap();
            prop_assert_eq!(packet, Packet { payload_type: pt, marker, sequence, timestamp, ssrc, payload: 12..32 });
        }
    }
}
