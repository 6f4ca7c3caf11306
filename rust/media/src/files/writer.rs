//! Sound files that are written while the audio comes in.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{FileError, Format, Layout, raw, wav};

/// Samples that are held back at most before they are written and the header is patched: half a second.
/// That is what a recording loses when the process is killed; at two flushes a second the three system
/// calls cost nothing that can be measured.
pub const FLUSH_SAMPLES: usize = 4000;

/// A sound file being written.
///
/// After each flush the file is complete: samples go out first, then the RIFF size, then the size of the data chunk.
/// Whichever of these writes is the last before a kill, the header tells of no sample that is not there.
/// (After a power failure the file system's own promises hold; nothing is synced.)
#[derive(Debug)]
pub struct Writer {
    file: File,
    path: PathBuf,
    format: Format,
    /// Where the samples begin; what they are encoded as; how many are in the file.
    layout: Layout,
    pending: Vec<u8>,
}

impl Writer {
    /// Create the file, or empty it when it exists.
    pub fn create(path: &Path, format: Format) -> Result<Self, FileError> {
        let wrap = |error| FileError::io(path, error);
        let mut file = File::create(path).map_err(wrap)?;
        let mut start = 0;
        if format == Format::Wav {
            file.write_all(&wav::header(0)).map_err(wrap)?;
            start = wav::HEADER;
        }
        let encoding = raw::encoding(format);
        Ok(Self::new(
            file,
            path,
            format,
            Layout {
                encoding,
                start,
                samples: 0,
            },
        ))
    }

    /// Go on at the end of an existing file; one that does not exist, or is empty, is created.
    ///
    /// A `.wav` must hold what would be written (16-bit, 8 kHz, mono).  What comes after its samples (other
    /// chunks, half a sample) is cut off.
    pub fn append(path: &Path, format: Format) -> Result<Self, FileError> {
        let wrap = |error| FileError::io(path, error);
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
        let layout = match format {
            Format::Wav => {
                wav::layout(&mut file, length).map_err(|problem| problem.into_error(path))?
            }
            Format::Ulaw | Format::Alaw | Format::Slin => raw::layout(format, length),
        };
        if layout.encoding != raw::encoding(format) {
            return Err(FileError::Unsupported {
                path: path.to_path_buf(),
                what: "codec",
                found: format!("{:?}", layout.encoding).to_lowercase(),
            });
        }
        let end = layout.start + layout.samples * layout.encoding.width();
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
            pending: Vec::new(),
        }
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Samples in the file, those not yet flushed (and for append() those found) included.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.layout.samples + self.pending.len() as u64 / self.layout.encoding.width()
    }

    /// Add samples; written at once when [`FLUSH_SAMPLES`] have gathered.
    ///
    /// After an error the samples are still held and the next call tries again.
    pub fn write(&mut self, samples: &[i16]) -> Result<(), FileError> {
        raw::encode(self.layout.encoding, samples, &mut self.pending);
        if self.pending.len() as u64 >= FLUSH_SAMPLES as u64 * self.layout.encoding.width() {
            self.flush()?;
        }
        Ok(())
    }

    /// Write what is held, and make the header right.
    pub fn flush(&mut self) -> Result<(), FileError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        // the position is set each time: after an error half of it may have been written
        let end = self.layout.start + self.layout.samples * self.layout.encoding.width();
        self.put(end, None)?;
        self.layout.samples += self.pending.len() as u64 / self.layout.encoding.width();
        self.pending.clear();
        self.patch_header()
    }

    /// Flush and close; gives the number of samples in the file.
    pub fn finish(mut self) -> Result<u64, FileError> {
        self.flush()?;
        Ok(self.layout.samples)
    }

    fn patch_header(&mut self) -> Result<(), FileError> {
        if self.format != Format::Wav {
            return Ok(());
        }
        let data = self.layout.samples * self.layout.encoding.width();
        let start = self.layout.start;
        self.put(4, Some(wav::size_field(start - 8 + data)))?;
        self.put(start - 4, Some(wav::size_field(data)))
    }

    /// Write a size field, or what is pending, at an offset.
    fn put(&mut self, offset: u64, field: Option<[u8; 4]>) -> Result<(), FileError> {
        let octets = field.as_ref().map_or(&self.pending[..], |field| &field[..]);
        self.file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| self.file.write_all(octets))
            .map_err(|error| FileError::io(&self.path, error))
    }
}

impl Drop for Writer {
    /// What is held is written; an error has nobody to hear it (finish() tells it).
    fn drop(&mut self) {
        let _ = self.flush();
    }
}
