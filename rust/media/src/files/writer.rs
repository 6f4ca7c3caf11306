//! Sound files that are written while the audio comes in: samples one after the other, with a header or none, or pages of
//! Opus.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::coder::Coder;
use super::opus::{OPUS_RATE, OpusFile};
use super::{FileError, Format, Layout, RATE, raw, wav};

/// Samples that are held back at most before they are written and the header is patched: half a second.
/// That is what a recording loses when the process is killed; at two flushes a second the three system
/// calls cost nothing that can be measured.
pub const FLUSH_SAMPLES: usize = 4000;

/// A sound file being written.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    /// Samples a second of what comes.
    rate: u32,
    inner: Inner,
}

#[derive(Debug)]
enum Inner {
    Plain(Box<Plain>),
    Opus(Box<OpusFile>),
}

impl Writer {
    /// Create the file, or empty it when it exists.
    pub fn create(path: &Path, format: Format) -> Result<Self, FileError> {
        Ok(Self::new(
            path,
            match format {
                Format::Ogg => Inner::Opus(Box::new(OpusFile::create(path)?)),
                _ => Inner::Plain(Box::new(Plain::create(path, format)?)),
            },
        ))
    }

    /// Go on at the end of an existing file; one that does not exist, or is empty, is created.
    ///
    /// The file must hold what would be written (its codec and rate, mono).  What comes after its samples (other chunks, a
    /// part of a block or page) is cut off.  A codec with a memory begins anew; decoders follow within a few ms.
    pub fn append(path: &Path, format: Format) -> Result<Self, FileError> {
        Ok(Self::new(
            path,
            match format {
                Format::Ogg => Inner::Opus(Box::new(OpusFile::append(path)?)),
                _ => Inner::Plain(Box::new(Plain::append(path, format)?)),
            },
        ))
    }

    fn new(path: &Path, inner: Inner) -> Self {
        Self {
            path: path.to_path_buf(),
            rate: RATE,
            inner,
        }
    }

    /// Take samples at this rate instead of the engine's, Hz.
    #[must_use]
    pub fn taking(mut self, rate: u32) -> Self {
        self.rate = rate.max(1);
        match &mut self.inner {
            Inner::Plain(plain) => plain.take_at(self.rate),
            Inner::Opus(opus) => opus.take_at(self.rate),
        }
        self
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Samples in the file at the rate of what comes, those not yet flushed (and for append() those found) included.
    #[must_use]
    pub fn samples(&self) -> u64 {
        match &self.inner {
            Inner::Plain(plain) => plain.taken,
            Inner::Opus(opus) => opus.samples() * u64::from(self.rate) / u64::from(OPUS_RATE),
        }
    }

    /// Add samples at the engine's rate, or what `taking` said; written at once when half a second has gathered.
    ///
    /// After an error the samples are still held and the next call tries again.
    pub fn write(&mut self, samples: &[i16]) -> Result<(), FileError> {
        match &mut self.inner {
            Inner::Plain(plain) => plain.write(samples),
            Inner::Opus(opus) => {
                if opus.add(samples) {
                    self.flush()?;
                }
                Ok(())
            }
        }
    }

    /// Write what is held and makes whole blocks, and make the header right.
    pub fn flush(&mut self) -> Result<(), FileError> {
        match &mut self.inner {
            Inner::Plain(plain) => plain.flush(),
            Inner::Opus(opus) => opus
                .flush()
                .map_err(|error| FileError::io(&self.path, error)),
        }
    }

    /// Fill the last block, flush and close; gives the number of samples taken (and found) at the rate of what comes.
    pub fn finish(mut self) -> Result<u64, FileError> {
        match &mut self.inner {
            Inner::Plain(plain) => plain.finish()?,
            Inner::Opus(opus) => opus
                .finish()
                .map_err(|error| FileError::io(&self.path, error))?,
        }
        Ok(self.samples())
    }
}

/// A file of samples.
///
/// After each flush the file is complete: samples go out first, then the RIFF size, then the size of the data chunk.
/// Whichever of these writes is the last before a kill, the header tells of no sample that is not there.
/// (After a power failure the file system's own promises hold; nothing is synced.)
#[derive(Debug)]
struct Plain {
    file: File,
    path: PathBuf,
    format: Format,
    /// Where the samples begin; what they are encoded as; how many are in the file.
    layout: Layout,
    coder: Coder,
    /// Samples at the rate of what comes that were taken, and how many of them since the last flush.
    taken: u64,
    unflushed: usize,
    /// Samples a second of what comes.
    rate: u32,
    pending: Vec<u8>,
}

impl Plain {
    /// Create the file, or empty it when it exists.
    fn create(path: &Path, format: Format) -> Result<Self, FileError> {
        let wrap = |error| FileError::io(path, error);
        let (encoding, rate) = written_as(path, format)?;
        let mut file = File::create(path).map_err(wrap)?;
        let mut layout = raw::layout(encoding, rate, 0);
        if format.is_riff() {
            let header = wav::header(encoding, rate);
            file.write_all(&header).map_err(wrap)?;
            layout.start = header.len() as u64;
        }
        Ok(Self::new(file, path, format, layout))
    }

    /// Go on at the end of an existing file; one that does not exist, or is empty, is created.
    ///
    /// A RIFF file must hold what would be written (its codec and rate, mono).  What comes after its samples (other
    /// chunks, a part of a block) is cut off.  A codec with a memory begins anew; decoders follow within a few ms.
    fn append(path: &Path, format: Format) -> Result<Self, FileError> {
        let wrap = |error| FileError::io(path, error);
        let (encoding, rate) = written_as(path, format)?;
        let mut file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Self::create(path, format);
            }
            Err(error) => return Err(wrap(error)),
        };
        let length = file.metadata().map_err(wrap)?.len();
        if length == 0 {
            return Self::create(path, format);
        }
        let layout = if format.is_riff() {
            wav::layout(&mut file, length).map_err(|problem| problem.into_error(path))?
        } else {
            raw::layout(encoding, rate, length)
        };
        let differs = |what, found| FileError::Unsupported {
            path: path.to_path_buf(),
            what,
            found,
        };
        if layout.encoding != encoding {
            let found = format!("{:?}", layout.encoding).to_lowercase();
            return Err(differs("codec", found));
        }
        if layout.rate != rate {
            return Err(differs("rate", layout.rate.to_string()));
        }
        if layout.channels != 1 {
            return Err(differs("channels", layout.channels.to_string()));
        }
        let end = layout.start + layout.octets(layout.samples);
        file.set_len(end).map_err(wrap)?;
        file.seek(SeekFrom::Start(end)).map_err(wrap)?;
        let mut writer = Self::new(file, path, format, layout);
        writer.patch_header()?;
        Ok(writer)
    }

    fn new(file: File, path: &Path, format: Format, layout: Layout) -> Self {
        Self {
            file,
            path: path.to_path_buf(),
            format,
            layout,
            coder: Coder::new(layout.encoding, layout.rate),
            taken: layout.samples * u64::from(RATE) / u64::from(layout.rate.max(1)),
            unflushed: 0,
            rate: RATE,
            pending: Vec::new(),
        }
    }

    fn take_at(&mut self, rate: u32) {
        self.rate = rate.max(1);
        self.coder = Coder::from(self.layout.encoding, self.rate, self.layout.rate);
        self.taken =
            self.layout.samples * u64::from(self.rate) / u64::from(self.layout.rate.max(1));
    }

    /// Add samples at the engine's rate, or what `taking` said; written at once when half a second has gathered.
    ///
    /// After an error the samples are still held and the next call tries again.
    fn write(&mut self, samples: &[i16]) -> Result<(), FileError> {
        self.coder.encode(samples, &mut self.pending);
        self.taken += samples.len() as u64;
        self.unflushed += samples.len();
        if self.unflushed >= FLUSH_SAMPLES * self.rate as usize / RATE as usize {
            self.flush()?;
        }
        Ok(())
    }

    /// Write what is held and makes whole blocks, and make the header right.
    fn flush(&mut self) -> Result<(), FileError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        // the position is set each time: after an error half of it may have been written
        let end = self.layout.start + self.layout.octets(self.layout.samples);
        self.put(end, None)?;
        self.layout.samples += self.layout.encoding.samples_in(self.pending.len() as u64);
        self.pending.clear();
        self.unflushed = 0;
        self.patch_header()
    }

    /// Fill the last block and flush.
    fn finish(&mut self) -> Result<(), FileError> {
        self.coder.finish(&mut self.pending);
        self.flush()
    }

    fn patch_header(&mut self) -> Result<(), FileError> {
        if !self.format.is_riff() {
            return Ok(());
        }
        let data = self.layout.octets(self.layout.samples);
        let start = self.layout.start;
        let odd = data & 1;
        if odd == 1 {
            // chunks are padded to whole words; the next samples go over it
            self.put(start + data, Some(&[0]))?;
        }
        self.put(4, Some(&wav::size_field(start - 8 + data + odd)))?;
        if let Some(offset) = wav::fact_at(self.layout.encoding, start) {
            let samples = wav::size_field(self.layout.samples);
            self.put(offset, Some(&samples))?;
        }
        self.put(start - 4, Some(&wav::size_field(data)))
    }

    /// Write a size field, or what is pending, at an offset.
    fn put(&mut self, offset: u64, field: Option<&[u8]>) -> Result<(), FileError> {
        let octets = field.unwrap_or(&self.pending);
        self.file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| self.file.write_all(octets))
            .map_err(|error| FileError::io(&self.path, error))
    }
}

impl Drop for Plain {
    /// What is held is written; an error has nobody to hear it (finish() tells it).
    fn drop(&mut self) {
        self.coder.finish(&mut self.pending);
        let _ = self.flush();
    }
}

fn written_as(path: &Path, format: Format) -> Result<(super::Encoding, u32), FileError> {
    format.written_as().ok_or_else(|| FileError::Unsupported {
        path: path.to_path_buf(),
        what: "writing",
        found: format!("{format:?}").to_lowercase(),
    })
}
