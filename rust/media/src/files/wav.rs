//! RIFF WAVE headers, read and made.
//!
//! Reading is forgiving about what other programs leave behind: chunks in any order before the data, odd chunks
//! without their padding, a data size of 0 or beyond the end (a recording that was cut off).  The samples are
//! then those that are really there.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::{Encoding, FileError, Layout, RATE};

/// Octets of the header that [`header`] makes.
pub(super) const HEADER: u64 = 44;

/// `WAVE_FORMAT_*` numbers of RFC 2361.
const FORMAT_PCM: u16 = 1;
const FORMAT_ALAW: u16 = 6;
const FORMAT_ULAW: u16 = 7;
const FORMAT_EXTENSIBLE: u16 = 0xfffe;

/// A file may have other chunks before its samples; so many are looked at.
const MAX_CHUNKS: usize = 256;

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
    let mut encoding = None;
    let mut offset = 12u64;
    for _ in 0..MAX_CHUNKS {
        let mut head = [0u8; 8];
        fill(source, &mut head)?;
        offset += 8;
        let size = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
        match &head[..4] {
            b"fmt " => encoding = Some(encoding_of(source, size)?),
            b"data" => {
                let encoding =
                    encoding.ok_or(Problem::Malformed("its data chunk comes before fmt"))?;
                let there = length.saturating_sub(offset);
                // 0 is what a recorder writes first, and leaves when it is killed
                let octets = if size == 0 { there } else { size.min(there) };
                return Ok(Layout {
                    encoding,
                    start: offset,
                    samples: octets / encoding.width(),
                });
            }
            _ => {}
        }
        offset += size + (size & 1);
        source.seek(SeekFrom::Start(offset)).map_err(Problem::Io)?;
    }
    Err(Problem::Malformed("no data chunk"))
}

fn encoding_of<S: Read>(source: &mut S, size: u64) -> Result<Encoding, Problem> {
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
        other => return Err(Problem::Unsupported("codec", format!("{other:#x}"))),
    };
    if channels != 1 {
        return Err(Problem::Unsupported("channels", channels.to_string()));
    }
    if rate != RATE {
        return Err(Problem::Unsupported("rate", rate.to_string()));
    }
    if bits != width {
        return Err(Problem::Unsupported("bits", bits.to_string()));
    }
    Ok(encoding)
}

fn fill<S: Read>(source: &mut S, octets: &mut [u8]) -> Result<(), Problem> {
    source
        .read_exact(octets)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Problem::Malformed("it ends before its samples"),
            _ => Problem::Io(error),
        })
}

/// The header of a 16-bit, 8 kHz, mono PCM file with `data` octets of samples.
pub(super) fn header(data: u64) -> [u8; HEADER as usize] {
    let mut header = [0u8; HEADER as usize];
    header[..4].copy_from_slice(b"RIFF");
    header[4..8].copy_from_slice(&size_field(HEADER - 8 + data));
    header[8..16].copy_from_slice(b"WAVEfmt ");
    header[16..20].copy_from_slice(&16u32.to_le_bytes());
    header[20..22].copy_from_slice(&FORMAT_PCM.to_le_bytes());
    header[22..24].copy_from_slice(&1u16.to_le_bytes());
    header[24..28].copy_from_slice(&RATE.to_le_bytes());
    header[28..32].copy_from_slice(&(RATE * 2).to_le_bytes());
    header[32..34].copy_from_slice(&2u16.to_le_bytes());
    header[34..36].copy_from_slice(&16u16.to_le_bytes());
    header[36..40].copy_from_slice(b"data");
    header[40..44].copy_from_slice(&size_field(data));
    header
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
            (fmt(1, 2, 8000, 16), "channels"),
            (fmt(1, 1, 44_100, 16), "rate"),
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
                    let end = layout.start + layout.samples * layout.encoding.width();
                    assert!(end <= broken.len() as u64);
                }
            }
        }
    }

    #[test]
    fn reads_the_header_it_makes() {
        let mut bytes = header(6).to_vec();
        bytes.extend([0; 6]);
        let layout = read(&bytes).unwrap();
        assert_eq!((layout.start, layout.samples), (HEADER, 3));
        assert_eq!(bytes[4..8], 42u32.to_le_bytes());
    }
}
