//! Pages of an Ogg stream (RFC 3533), written and looked through.

use std::io::{self, Read};

/// The first page of a stream, and the last.
pub(super) const FIRST: u8 = 2;
pub(super) const LAST: u8 = 4;
/// It begins in the middle of a packet.
const CONTINUED: u8 = 1;
const HEADER: usize = 27;
const FLAGS_AT: usize = 5;
const GRANULE_AT: usize = 6;
const CHECKSUM_AT: usize = 22;
/// Lacing values of a page at most.
const SEGMENTS: usize = 255;

const CHECKSUMS: [u32; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let mut sum = (n as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            sum = (sum << 1) ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 };
            bit += 1;
        }
        table[n] = sum;
        n += 1;
    }
    table
};

/// The checksum of a page whose checksum is 0.
fn checksum(page: &[u8]) -> u32 {
    page.iter().fold(0, |sum, octet| {
        (sum << 8) ^ CHECKSUMS[usize::from((sum >> 24) as u8 ^ octet)]
    })
}

/// Which page of which stream, and how far it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub flags: u8,
    pub granule: u64,
    pub serial: u32,
    pub number: u32,
}

/// Append a page with these packets, as many as there is room for (each is shorter than 64,770 octets); how many.
pub(super) fn write<'a>(
    place: Place,
    packets: impl Iterator<Item = &'a [u8]>,
    out: &mut Vec<u8>,
) -> usize {
    let start = out.len();
    let mut lacing = Vec::new();
    let mut body = Vec::new();
    let mut taken = 0;
    for packet in packets {
        if lacing.len() + packet.len() / 255 + 1 > SEGMENTS {
            break;
        }
        lacing.extend(std::iter::repeat_n(255u8, packet.len() / 255));
        lacing.push((packet.len() % 255) as u8);
        body.extend_from_slice(packet);
        taken += 1;
    }
    out.extend_from_slice(b"OggS\0");
    out.push(place.flags);
    out.extend_from_slice(&place.granule.to_le_bytes());
    out.extend_from_slice(&place.serial.to_le_bytes());
    out.extend_from_slice(&place.number.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.push(lacing.len() as u8);
    out.extend_from_slice(&lacing);
    out.extend_from_slice(&body);
    let sum = checksum(&out[start..]);
    out[start + CHECKSUM_AT..start + CHECKSUM_AT + 4].copy_from_slice(&sum.to_le_bytes());
    taken
}

/// One page as it is in a file.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub place: Place,
    octets: Vec<u8>,
}

impl Page {
    /// The next page; none at the end, where a part of one does not count, and where there is none.
    pub(super) fn read(file: &mut impl Read) -> io::Result<Option<Page>> {
        let mut octets = vec![0; HEADER];
        if !fill(file, &mut octets)? || !octets.starts_with(b"OggS\0") {
            return Ok(None);
        }
        let segments = usize::from(octets[HEADER - 1]);
        octets.resize(HEADER + segments, 0);
        if !fill(file, &mut octets[HEADER..])? {
            return Ok(None);
        }
        let length: usize = octets[HEADER..].iter().map(|n| usize::from(*n)).sum();
        let start = octets.len();
        octets.resize(start + length, 0);
        if !fill(file, &mut octets[start..])? {
            return Ok(None);
        }
        let number = |at: usize| octets[at..at + 4].try_into().map_or(0, u32::from_le_bytes);
        let mut blank = octets.clone();
        blank[CHECKSUM_AT..CHECKSUM_AT + 4].fill(0);
        if checksum(&blank) != number(CHECKSUM_AT) {
            return Ok(None);
        }
        let granule = octets[GRANULE_AT..GRANULE_AT + 8].try_into();
        let place = Place {
            flags: octets[FLAGS_AT],
            granule: granule.map_or(0, u64::from_le_bytes),
            serial: number(14),
            number: number(18),
        };
        Ok(Some(Page { place, octets }))
    }

    /// Octets in the file.
    pub(super) fn length(&self) -> u64 {
        self.octets.len() as u64
    }

    /// The packets that begin on it, and what is left at its end of one that goes on.
    pub(super) fn packets(&self) -> Vec<&[u8]> {
        let segments = usize::from(self.octets[HEADER - 1]);
        let (lacing, body) = self.octets[HEADER..].split_at(segments);
        let mut packets = Vec::new();
        let (mut start, mut end) = (0, 0);
        let mut continued = self.place.flags & CONTINUED != 0;
        for (n, length) in lacing.iter().enumerate() {
            end += usize::from(*length);
            if *length < 255 || n + 1 == lacing.len() {
                if !continued {
                    packets.push(&body[start..end]);
                }
                continued = false;
                start = end;
            }
        }
        packets
    }

    /// The same packets with other flags and another position.
    pub(super) fn at(mut self, flags: u8, granule: u64) -> Vec<u8> {
        self.octets[FLAGS_AT] = flags;
        self.octets[GRANULE_AT..GRANULE_AT + 8].copy_from_slice(&granule.to_le_bytes());
        self.octets[CHECKSUM_AT..CHECKSUM_AT + 4].fill(0);
        let sum = checksum(&self.octets);
        self.octets[CHECKSUM_AT..CHECKSUM_AT + 4].copy_from_slice(&sum.to_le_bytes());
        self.octets
    }
}

/// Whether there was as much.
fn fill(file: &mut impl Read, octets: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(octets) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_checksum_is_that_of_cksum_before_it_is_turned_round() {
        assert_eq!(checksum(b"123456789"), !0x765e_7680);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..700), 1..40),
            granule in any::<u64>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let place = Place { flags: LAST, granule, serial: 77, number: 5 };
            let mut out = Vec::new();
            let taken = write(place, packets.iter().map(|p| &p[..]), &mut out);
            prop_assert!(taken > 0);
            let page = Page::read(&mut &out[..]).unwrap().unwrap();
            prop_assert_eq!(page.place, place);
            prop_assert_eq!(page.length(), out.len() as u64);
            prop_assert_eq!(page.packets(), packets[..taken].iter().map(|p| &p[..]).collect::<Vec<_>>());
            let cut = cut.index(out.len());
            prop_assert!(Page::read(&mut &out[..cut]).unwrap().is_none(), "a part of a page is none");
            out[cut] ^= 0x40;
            prop_assert!(Page::read(&mut &out[..]).unwrap().is_none_or(|page| page.length() != out.len() as u64), "{}", cut);
        }
    }
}
