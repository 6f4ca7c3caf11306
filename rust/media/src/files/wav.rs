//! RIFF WAVE headers, read and made.
//!
//! Reading is forgiving about what other programs leave behind: chunks in any order before the data, odd chunks
//! without their padding, a data size of 0 or beyond the end (a recording that was cut off).  The samples are
//! then those that are really there.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::{Encoding, FileError, Layout, msgsm};

/// `WAVE_FORMAT_*` numbers of RFC 2361.
const FORMAT_PCM: u16 = 1;
const FORMAT_ALAW: u16 = 6;
const FORMAT_ULAW: u16 = 7;
const FORMAT_GSM: u16 = 0x31;
const FORMAT_EXTENSIBLE: u16 = 0xfffe;

/// A file may have other chunks before its samples; so many are looked at.
const MAX_CHUNKS: usize = 256;

/// Rates and numbers of channels beyond these are nonsense.
const RATES: std::ops::RangeInclusive<u32> = 1000..=768_000;
const MAX_CHANNELS: u16 = 32;

/// What is wrong with a header, before the path is known.
#[derive(Debug)]
pub(super) enum Problem {
    Io(io::Error),
    Unsupported(&'static str, String),
    Malformed(&'static str),
}

impl Problem {
    pub(super) fn into_error(self, path: &Path) -> FileError {
        match self {
            Self::Io(error) => FileError::io(path, error),
            Self::Unsupported(what, found) => FileError::Unsupported {
                path: path.to_path_buf(),
                what,
                found,
            },
            Self::Malformed(what) => FileError::Malformed {
                path: path.to_path_buf(),
                what,
            },
        }
    }
}

/// Find the samples in a WAVE file of `length` octets.
pub(super) fn layout<S: Read + Seek>(source: &mut S, length: u64) -> Result<Layout, Problem> {
    let mut riff = [0u8; 12];
    fill(source, &mut riff)?;
    if &riff[..4] != b"RIFF" || &riff[8..] != b"WAVE" {
        return Err(Problem::Malformed("not a RIFF WAVE file"));
    }
    let mut found = None;
    let mut offset = 12u64;
    for _ in 0..MAX_CHUNKS {
        let mut head = [0u8; 8];
        fill(source, &mut head)?;
        offset += 8;
        let size = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
        match &head[..4] {
            b"fmt " => found = Some(encoding_of(source, size)?),
            b"data" => {
                let (encoding, rate, channels) =
                    found.ok_or(Problem::Malformed("its data chunk comes before fmt"))?;
                let there = length.saturating_sub(offset);
                // 0 is what a recorder writes first, and leaves when it is killed
                let octets = if size == 0 { there } else { size.min(there) };
                return Ok(Layout {
                    encoding,
                    rate,
                    channels,
                    start: offset,
                    samples: encoding.samples_in(octets / channels),
                });
            }
            _ => {}
        }
        offset += size + (size & 1);
        source.seek(SeekFrom::Start(offset)).map_err(Problem::Io)?;
    }
    Err(Problem::Malformed("no data chunk"))
}

/// How samples are stored, their rate, and how many there are at each instant.
fn encoding_of<S: Read>(source: &mut S, size: u64) -> Result<(Encoding, u32, u64), Problem> {
    if size < 16 {
        return Err(Problem::Malformed("its fmt chunk is too short"));
    }
    let mut fmt = [0u8; 16];
    fill(source, &mut fmt)?;
    let short = |at: usize| u16::from_le_bytes([fmt[at], fmt[at + 1]]);
    let channels = short(2);
    let rate = u32::from_le_bytes([fmt[4], fmt[5], fmt[6], fmt[7]]);
    let bits = short(14);
    let mut codec = short(0);
    if codec == FORMAT_EXTENSIBLE && size >= 40 {
        // the codec is in the first two octets of the sub-format's GUID, after cbSize, valid bits and mask
        let mut extension = [0u8; 10];
        fill(source, &mut extension)?;
        codec = u16::from_le_bytes([extension[8], extension[9]]);
    }
    let (encoding, width) = match codec {
        FORMAT_PCM => (Encoding::Linear, 16),
        FORMAT_ALAW => (Encoding::Alaw, 8),
        FORMAT_ULAW => (Encoding::Ulaw, 8),
        // other sizes of block were defined and never made; some write 4 or 16 bits for none
        FORMAT_GSM if usize::from(short(12)) == msgsm::PACKED => (Encoding::Msgsm, bits),
        other => return Err(Problem::Unsupported("codec", format!("{other:#x}"))),
    };
    if channels == 0 || channels > MAX_CHANNELS || (codec == FORMAT_GSM && channels != 1) {
        return Err(Problem::Unsupported("channels", channels.to_string()));
    }
    if !RATES.contains(&rate) {
        return Err(Problem::Unsupported("rate", rate.to_string()));
    }
    if bits != width {
        return Err(Problem::Unsupported("bits", bits.to_string()));
    }
    Ok((encoding, rate, u64::from(channels)))
}

fn fill<S: Read>(source: &mut S, octets: &mut [u8]) -> Result<(), Problem> {
    source
        .read_exact(octets)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Problem::Malformed("it ends before its samples"),
            _ => Problem::Io(error),
        })
}

/// The header of a mono file without samples: PCM, or GSM with the size of a block and a fact chunk.
pub(super) fn header(encoding: Encoding, rate: u32) -> Vec<u8> {
    let (size, block) = encoding.block();
    let gsm = encoding == Encoding::Msgsm;
    let (codec, bits, fmt) = if gsm {
        (FORMAT_GSM, 0u16, 20u32)
    } else {
        (FORMAT_PCM, 16, 16)
    };
    let mut header = b"RIFF....WAVEfmt ".to_vec();
    header.extend(fmt.to_le_bytes());
    header.extend(codec.to_le_bytes());
    header.extend(1u16.to_le_bytes());
    header.extend(rate.to_le_bytes());
    header.extend(((u64::from(rate) * size / block) as u32).to_le_bytes());
    header.extend((size as u16).to_le_bytes());
    header.extend(bits.to_le_bytes());
    if gsm {
        header.extend(2u16.to_le_bytes());
        header.extend((block as u16).to_le_bytes());
        header.extend(b"fact\x04\0\0\0\0\0\0\0");
    }
    header.extend(b"data\0\0\0\0");
    let riff = size_field(header.len() as u64 - 8);
    header[4..8].copy_from_slice(&riff);
    header
}

/// Where a header of this length tells the number of samples; only GSM's does.
pub(super) fn fact_at(encoding: Encoding, start: u64) -> Option<u64> {
    (encoding == Encoding::Msgsm && start >= 60).then(|| start - 12)
}

/// A chunk size; what does not fit into 32 bits (74 hours) stays at the largest even number.
pub(super) fn size_field(octets: u64) -> [u8; 4] {
    u32::try_from(octets).unwrap_or(u32::MAX - 1).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut out = name.to_vec();
        out.extend((body.len() as u32).to_le_bytes());
        out.extend(body);
        if body.len() % 2 == 1 {
            out.push(0);
        }
        out
    }

    fn fmt(codec: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
        let mut body = codec.to_le_bytes().to_vec();
        body.extend(channels.to_le_bytes());
        body.extend(rate.to_le_bytes());
        body.extend([0; 6]);
        body.extend(bits.to_le_bytes());
        body
    }

    fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
        let body: Vec<u8> = chunks.concat();
        let mut out = b"RIFF".to_vec();
        out.extend((body.len() as u32 + 4).to_le_bytes());
        out.extend(b"WAVE");
        out.extend(body);
        out
    }

    fn read(bytes: &[u8]) -> Result<Layout, Problem> {
        layout(&mut Cursor::new(bytes), bytes.len() as u64)
    }

    #[test]
    fn finds_samples_after_other_chunks() {
        let bytes = file(&[
            chunk(b"LIST", b"odd"),
            chunk(b"fmt ", &fmt(1, 1, 8000, 16)),
            chunk(b"fact", &[0; 4]),
            chunk(b"data", &[0; 320]),
            chunk(b"LIST", b"after"),
        ]);
        let layout = read(&bytes).unwrap();
        assert_eq!(layout.samples, 160);
        assert_eq!(layout.encoding, Encoding::Linear);
        assert_eq!(layout.start, 12 + 12 + 24 + 12 + 8);
    }

    #[test]
    fn reads_g711_and_the_extensible_header() {
        for (codec, encoding) in [(6, Encoding::Alaw), (7, Encoding::Ulaw)] {
            let bytes = file(&[
                chunk(b"fmt ", &fmt(codec, 1, 8000, 8)),
                chunk(b"data", &[0; 99]),
            ]);
            let layout = read(&bytes).unwrap();
            assert_eq!((layout.encoding, layout.samples), (encoding, 99));
        }
        let mut extensible = fmt(FORMAT_EXTENSIBLE, 1, 8000, 16);
        extensible.extend([22, 0, 16, 0, 4, 0, 0, 0, 1, 0]);
        extensible.extend([0; 14]);
        let bytes = file(&[chunk(b"fmt ", &extensible), chunk(b"data", &[0; 4])]);
        assert_eq!(read(&bytes).unwrap().encoding, Encoding::Linear);
    }

    #[test]
    fn names_what_it_cannot_read() {
        for (fmt, expected) in [
            (fmt(0x31, 1, 8000, 0), "codec"),
            (fmt(1, 0, 8000, 16), "channels"),
            (fmt(1, 1, 7, 16), "rate"),
            (fmt(1, 1, 8000, 8), "bits"),
        ] {
            let bytes = file(&[chunk(b"fmt ", &fmt), chunk(b"data", &[0; 4])]);
            match read(&bytes) {
                Err(Problem::Unsupported(what, _)) => assert_eq!(what, expected),
                other => panic!("{expected}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_size_that_is_not_true_gives_what_is_there() {
        let mut bytes = file(&[
            chunk(b"fmt ", &fmt(1, 1, 8000, 16)),
            chunk(b"data", &[0; 100]),
        ]);
        let size_at = bytes.len() - 104;
        for size in [0u32, 5000, u32::MAX] {
            bytes[size_at..size_at + 4].copy_from_slice(&size.to_le_bytes());
            assert_eq!(read(&bytes).unwrap().samples, 50);
        }
    }

    #[test]
    fn every_cut_and_every_flipped_octet_is_an_answer() {
        let bytes = file(&[
            chunk(b"LIST", b"odd"),
            chunk(b"fmt ", &fmt(1, 1, 8000, 16)),
            chunk(b"data", &[0; 8]),
        ]);
        for cut in 0..bytes.len() {
            let _ = read(&bytes[..cut]);
        }
        assert!(matches!(read(&bytes[..11]), Err(Problem::Malformed(_))));
        for at in 0..bytes.len() {
            for value in [0u8, 1, 0x7f, 0x80, 0xff] {
                let mut broken = bytes.clone();
                broken[at] = value;
                if let Ok(layout) = read(&broken) {
                    let end = layout.start + layout.octets(layout.samples);
                    assert!(end <= broken.len() as u64);
                }
            }
        }
    }

    #[test]
    fn reads_the_header_it_makes() {
        for (encoding, rate, length) in [
            (Encoding::Linear, 8000, 44),
            (Encoding::Linear, 16_000, 44),
            (Encoding::Msgsm, 8000, 60),
        ] {
            let mut bytes = header(encoding, rate);
            assert_eq!(bytes[4..8], (length as u32 - 8).to_le_bytes());
            bytes.extend([0; 130]);
            let layout = read(&bytes).unwrap();
            assert_eq!((layout.start, layout.rate), (length, rate));
            assert_eq!(layout.encoding, encoding);
            assert_eq!(layout.samples, encoding.samples_in(130));
        }
    }

    #[test]
    fn reads_every_rate_and_several_channels() {
        let bytes = file(&[
            chunk(b"fmt ", &fmt(1, 2, 44_100, 16)),
            chunk(b"data", &[0; 80]),
        ]);
        let layout = read(&bytes).unwrap();
        assert_eq!(
            (layout.rate, layout.channels, layout.samples),
            (44_100, 2, 20)
        );
    }
}
