//! Opus in Ogg (RFC 7845), written while the audio comes in: one channel, wideband.
//!
//! A page goes out each half second, so a file is whole up to there at any moment; what a player needs at the end (the mark of
//! the last page) it does without.  Going on with a file that exists goes on with its stream: its last page loses that mark.
use super::ogg::{self, Page, Place};
use super::{FileError, RATE};
use crate::codecs::durations;
use crate::codecs::opus::OpusEncoder;
use crate::codecs::{Encoder, Parameters};
use crate::resample::Resampler;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

/// Samples a second that are encoded.
pub(super) const OPUS_RATE: u32 = 16_000;
/// Granule positions and the pre-skip count at this rate (section 4).
const CLOCK: u32 = 48_000;
const TICKS: u64 = (CLOCK / OPUS_RATE) as u64;
/// Samples of a packet: 20 ms.
const PACKET: usize = OPUS_RATE as usize / 50;
/// Packets of a page: half a second.
const PAGE: usize = 25;
/// How the encoder is set: speech at 24 kbit/s, at a cost that allows a hundred recordings at once.
const SETTINGS: &str = "complexity=4;bitrate=24000;dtx=no";
/// "Nothing new" in the mode of wideband speech (RFC 6716 section 3.1), in place of a packet that was not made.
const EMPTY: [u8; 1] = [9 << 3];
const VENDOR: &[u8] = b"Offhook";

/// A file being written.
pub(super) struct OpusFile {
    file: File,
    encoder: OpusEncoder,
    resampler: Resampler,
    /// Samples that make no packet yet.
    rest: Vec<i16>,
    /// Packets that are in no page yet, one after the other, and their lengths.
    packets: Vec<u8>,
    lengths: Vec<usize>,
    /// Octets of the file that are whole pages.
    end: u64,
    next: Place,
    /// Ticks before the beginning.
    pre_skip: u64,
    /// Samples at [`OPUS_RATE`] that came.
    taken: u64,
    finished: bool,
}

impl std::fmt::Debug for OpusFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "OpusFile({:?}, {} packets held)",
            self.next,
            self.lengths.len()
        )
    }
}

fn encoder() -> OpusEncoder {
    OpusEncoder::new(&Parameters {
        rate: OPUS_RATE,
        settings: SETTINGS,
        ..Parameters::default()
    })
}

impl OpusFile {
    /// Create the file, or empty it.
    pub(super) fn create(path: &Path) -> Result<OpusFile, FileError> {
        let file = File::create(path).map_err(|error| FileError::io(path, error))?;
        let mut encoder = encoder();
        let pre_skip = u64::from(encoder.lookahead()) * TICKS;
        // any number that another stream will not have
        let serial = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(1, |since| since.as_nanos() as u32);
        let place = Place {
            flags: ogg::FIRST,
            granule: 0,
            serial,
            number: 0,
        };
        let mut head = b"OpusHead\x01\x01".to_vec();
        head.extend_from_slice(&(pre_skip as u16).to_le_bytes());
        head.extend_from_slice(&OPUS_RATE.to_le_bytes());
        head.extend_from_slice(&[0, 0, 0]);
        let mut tags = b"OpusTags".to_vec();
        tags.extend_from_slice(&(VENDOR.len() as u32).to_le_bytes());
        tags.extend_from_slice(VENDOR);
        tags.extend_from_slice(&[0; 4]);
        let mut pages = Vec::new();
        ogg::write(place, std::iter::once(&head[..]), &mut pages);
        let second = Place {
            flags: 0,
            number: 1,
            ..place
        };
        ogg::write(second, std::iter::once(&tags[..]), &mut pages);
        let mut made = OpusFile {
            file,
            encoder,
            resampler: Resampler::new(RATE, OPUS_RATE),
            rest: Vec::new(),
            packets: Vec::new(),
            lengths: Vec::new(),
            end: 0,
            next: Place {
                number: 2,
                ..second
            },
            pre_skip,
            taken: 0,
            finished: false,
        };
        made.put(&pages)
            .map_err(|error| FileError::io(path, error))?;
        Ok(made)
    }

    /// Go on with a file that exists; one that does not, or is empty, is created.
    pub(super) fn append(path: &Path) -> Result<OpusFile, FileError> {
        let wrap = |error| FileError::io(path, error);
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::create(path),
            Err(error) => return Err(wrap(error)),
        };
        if file.metadata().map_err(wrap)?.len() == 0 {
            return Self::create(path);
        }
        let found = look_through(&file, path)?;
        let mut made = OpusFile {
            file,
            encoder: encoder(),
            resampler: Resampler::new(RATE, OPUS_RATE),
            rest: Vec::new(),
            packets: Vec::new(),
            lengths: Vec::new(),
            end: found.last_at,
            next: Place {
                flags: 0,
                granule: found.granule,
                serial: found.last.place.serial,
                number: found.last.place.number.wrapping_add(1),
            },
            pre_skip: found.pre_skip,
            taken: found.granule.saturating_sub(found.pre_skip) / TICKS,
            finished: false,
        };
        let flags = found.last.place.flags & !ogg::LAST;
        let page = found.last.at(flags, found.granule);
        let length = found.last_at + page.len() as u64;
        made.put(&page).map_err(wrap)?;
        made.file.set_len(length).map_err(wrap)?;
        Ok(made)
    }

    /// Take samples at this rate, Hz.
    pub(super) fn take_at(&mut self, rate: u32) {
        self.resampler = Resampler::new(rate, OPUS_RATE);
    }

    /// Samples at [`OPUS_RATE`] that are in the file or on their way.
    pub(super) fn samples(&self) -> u64 {
        self.taken
    }

    /// Encode samples; whether there is a page to be written.
    pub(super) fn add(&mut self, samples: &[i16]) -> bool {
        let before = self.rest.len();
        self.resampler.process(samples, &mut self.rest);
        self.taken += (self.rest.len() - before) as u64;
        self.encode();
        self.lengths.len() >= PAGE
    }

    fn encode(&mut self) {
        let whole = self.rest.len() / PACKET * PACKET;
        for piece in self.rest[..whole].chunks_exact(PACKET) {
            let before = self.packets.len();
            self.encoder.encode(piece, &mut self.packets);
            if self.packets.len() == before {
                self.packets.extend_from_slice(&EMPTY);
            }
            self.lengths.push(self.packets.len() - before);
        }
        self.rest.drain(..whole);
    }

    /// Write all packets that wait; after an error they still do.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        while !self.lengths.is_empty() {
            self.write_page(0)?;
        }
        Ok(())
    }

    /// Encode what makes no packet with silence after it, and mark the last page.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        if self.finished {
            return Ok(());
        }
        self.finished = true;
        // as much more as the encoder is late, so that the last sample comes out
        let made = self.next.granule / TICKS + (self.lengths.len() * PACKET) as u64;
        let wanted = self.taken + self.pre_skip / TICKS;
        let missing = wanted.saturating_sub(made) as usize;
        let packets = missing.div_ceil(PACKET);
        self.rest.resize(packets * PACKET, 0);
        self.encode();
        while self.lengths.len() > ogg_room(&self.lengths) {
            self.write_page(0)?;
        }
        if self.lengths.is_empty() {
            return Ok(());
        }
        self.write_page(ogg::LAST)
    }

    fn write_page(&mut self, flags: u8) -> io::Result<()> {
        let mut page = Vec::new();
        let count = ogg_room(&self.lengths);
        let granule = self.next.granule + (count * PACKET) as u64 * TICKS;
        let place = Place {
            flags,
            // the last one says where the audio ends, which may be within its last packet (section 4.4)
            granule: if flags == ogg::LAST {
                granule.min(self.taken * TICKS + self.pre_skip)
            } else {
                granule
            },
            ..self.next
        };
        let mut at = 0;
        let packets = self.lengths[..count].iter().map(|length| {
            at += length;
            &self.packets[at - length..at]
        });
        ogg::write(place, packets, &mut page);
        self.put(&page)?;
        let octets: usize = self.lengths.drain(..count).sum();
        self.packets.drain(..octets);
        self.next.granule = granule;
        self.next.number = self.next.number.wrapping_add(1);
        Ok(())
    }

    fn put(&mut self, pages: &[u8]) -> io::Result<()> {
        // the position is set each time: after an error a part may have been written
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(pages)?;
        self.end += pages.len() as u64;
        Ok(())
    }
}

impl Drop for OpusFile {
    /// What is held is written; an error has nobody to hear it (finish() tells it).
    fn drop(&mut self) {
        let _ = self.finish();
    }
}

/// Packets of these lengths that go into one page.
fn ogg_room(lengths: &[usize]) -> usize {
    let mut segments = 0;
    let fits = |length: &&usize| {
        segments += *length / 255 + 1;
        segments <= 255
    };
    lengths.iter().take_while(fits).count().min(2 * PAGE)
}

/// What an existing file holds.
struct Found {
    pre_skip: u64,
    last: Page,
    last_at: u64,
    /// Ticks of all packets.
    granule: u64,
}

fn look_through(file: &File, path: &Path) -> Result<Found, FileError> {
    let wrap = |error| FileError::io(path, error);
    let malformed = || FileError::Malformed {
        path: path.to_path_buf(),
        what: "not an Ogg file with Opus, to be gone on with",
    };
    let mut reader = BufReader::new(file);
    let first = Page::read(&mut reader)
        .map_err(wrap)?
        .ok_or_else(malformed)?;
    let pre_skip = match first.packets()[..] {
        [head, ..] if head.starts_with(b"OpusHead") && head.len() >= 19 => {
            if head[9] != 1 {
                return Err(FileError::Unsupported {
                    path: path.to_path_buf(),
                    what: "channels",
                    found: head[9].to_string(),
                });
            }
            u64::from(u16::from_le_bytes([head[10], head[11]]))
        }
        _ => return Err(malformed()),
    };
    let mut found = Found {
        pre_skip,
        last_at: 0,
        granule: 0,
        last: first,
    };
    let mut before = 0;
    while let Some(page) = Page::read(&mut reader).map_err(wrap)? {
        if page.place.serial != found.last.place.serial {
            return Err(malformed());
        }
        found.last_at += found.last.length();
        let number = page.place.number;
        found.last = page;
        if number > 1 {
            let lasts: u64 = found
                .last
                .packets()
                .iter()
                .filter_map(|packet| durations::opus(packet))
                .map(u64::from)
                .sum();
            found.granule = before + lasts;
            if found.last.place.granule != u64::MAX {
                before = found.last.place.granule; // else no packet ends on it
            }
        }
    }
    if found.last.place.number == 0 {
        return Err(malformed());
    }
    Ok(found)
}

#[cfg(test)]
#[path = "opus_tests.rs"]
mod tests;
