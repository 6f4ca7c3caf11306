//! Sound files: 8 kHz mono for now, in `.wav` (16-bit PCM, mu-law, A-law) and headerless files.
//!
//! [`Reader`] gives 16-bit linear samples whatever the file holds and seeks to the sample.
//! [`Writer`] takes 16-bit linear samples.  What it has flushed is a complete, valid file even when the process
//! is killed in the next instant: samples are written first, then the header is patched, and the header never
//! promises more than is there.  Unless told otherwise it flushes once for each [`FLUSH_SAMPLES`].
//!
//! This module blocks on the file system; the engine calls it on its file thread only.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

mod raw;
mod wav;
mod writer;

pub use writer::{FLUSH_SAMPLES, Writer};

/// Samples a second of every file that can be opened at present.
pub const RATE: u32 = 8000;

/// A file format, chosen by the file name's extension (Asterisk's names).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// RIFF WAVE; read: 16-bit PCM, mu-law and A-law; written: 16-bit PCM.
    Wav,
    /// Headerless mu-law.
    Ulaw,
    /// Headerless A-law.
    Alaw,
    /// Headerless 16-bit linear, little endian.
    Slin,
}

impl Format {
    /// The format of an extension without its dot, or of a format's name; case counts, as
    /// `WAV` is Asterisk's name for GSM in RIFF, which is not read here.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        match extension {
            "wav" => Some(Self::Wav),
            "ulaw" | "ul" | "ulw" | "pcm" | "mu" => Some(Self::Ulaw),
            "alaw" | "al" | "alw" => Some(Self::Alaw),
            "sln" | "slin" | "raw" => Some(Self::Slin),
            _ => None,
        }
    }

    /// The format that a path's extension names.
    pub fn from_path(path: &Path) -> Result<Self, FileError> {
        path.extension()
            .and_then(|extension| extension.to_str())
            .and_then(Self::from_extension)
            .ok_or_else(|| FileError::Unsupported {
                path: path.to_path_buf(),
                what: "extension",
                found: path
                    .extension()
                    .map(|extension| extension.to_string_lossy().into_owned())
                    .unwrap_or_default(),
            })
    }

    /// Asterisk's name, which is also the usual extension.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Ulaw => "ulaw",
            Self::Alaw => "alaw",
            Self::Slin => "sln",
        }
    }
}

/// How samples are stored in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// 16-bit linear, little endian.
    Linear,
    /// G.711 mu-law.
    Ulaw,
    /// G.711 A-law.
    Alaw,
}

impl Encoding {
    /// Octets of one sample.
    #[must_use]
    pub const fn width(self) -> u64 {
        match self {
            Self::Linear => 2,
            Self::Ulaw | Self::Alaw => 1,
        }
    }
}

/// Why a sound file cannot be read or written.
#[derive(Debug)]
pub enum FileError {
    /// The operating system says no.
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
    /// A sound file, but of a kind that is not read: `what` is "extension", "codec", "rate", "channels" or "bits".
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Which property.
        what: &'static str,
        /// Its value in the file.
        found: String,
    },
    /// Not what its extension says.
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
}

impl FileError {
    fn io(path: &Path, error: io::Error) -> Self {
        Self::Io {
            path: path.to_path_buf(),
            error,
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Unsupported { path, what, found } => {
                write!(f, "{}: {what} {found:?} is not supported", path.display())
            }
            Self::Malformed { path, what } => write!(f, "{}: {what}", path.display()),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            Self::Unsupported { .. } | Self::Malformed { .. } => None,
        }
    }
}

/// Where the samples are in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    encoding: Encoding,
    /// Offset of the first sample in octets.
    start: u64,
    /// Number of whole samples that are really there.
    samples: u64,
}

/// An open sound file.
#[derive(Debug)]
pub struct Reader {
    file: File,
    path: PathBuf,
    layout: Layout,
    position: u64,
    octets: Vec<u8>,
}

impl Reader {
    /// Open a file; its extension says its format.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::open_as(path, Format::from_path(path)?)
    }

    /// Open a file of a known format.
    pub fn open_as(path: &Path, format: Format) -> Result<Self, FileError> {
        let mut file = File::open(path).map_err(|error| FileError::io(path, error))?;
        let metadata = file
            .metadata()
            .map_err(|error| FileError::io(path, error))?;
        if metadata.is_dir() {
            return Err(FileError::io(path, io::ErrorKind::IsADirectory.into()));
        }
        let layout = match format {
            Format::Wav => wav::layout(&mut file, metadata.len())
                .map_err(|problem| problem.into_error(path))?,
            Format::Ulaw | Format::Alaw | Format::Slin => raw::layout(format, metadata.len()),
        };
        let mut reader = Self {
            file,
            path: path.to_path_buf(),
            layout,
            position: 0,
            octets: Vec::new(),
        };
        reader.seek(0)?;
        Ok(reader)
    }

    /// How the file stores its samples.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.layout.encoding
    }

    /// Length in samples.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.layout.samples
    }

    /// The sample that read() gives next.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Go to a sample, counted from the beginning; past the end is the end.
    pub fn seek(&mut self, sample: u64) -> Result<(), FileError> {
        let sample = sample.min(self.layout.samples);
        let offset = self.layout.start + sample * self.layout.encoding.width();
        self.file
            .seek(SeekFrom::Start(offset))
            .map_err(|error| FileError::io(&self.path, error))?;
        self.position = sample;
        Ok(())
    }

    /// Read samples; fewer than asked for only at the end, where it gives 0.
    pub fn read(&mut self, samples: &mut [i16]) -> Result<usize, FileError> {
        let left = self.layout.samples.saturating_sub(self.position);
        let wanted = samples
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        let width = self.layout.encoding.width() as usize;
        self.octets.resize(wanted * width, 0);
        let mut got = 0;
        while got < self.octets.len() {
            match self.file.read(&mut self.octets[got..]) {
                Ok(0) => break, // the file was cut since it was opened
                Ok(count) => got += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(FileError::io(&self.path, error)),
            }
        }
        let count = got / width;
        raw::decode(
            self.layout.encoding,
            &self.octets[..count * width],
            &mut samples[..count],
        );
        if count < wanted {
            self.layout.samples = self.position + count as u64;
        }
        self.position += count as u64;
        Ok(count)
    }

    /// All samples from the position to the end.
    pub fn read_to_end(&mut self) -> Result<Vec<i16>, FileError> {
        const CHUNK: usize = 65_536;
        let mut all = Vec::new();
        loop {
            let start = all.len();
            all.resize(start + CHUNK, 0);
            let count = self.read(&mut all[start..])?;
            all.truncate(start + count);
            if count < CHUNK {
                all.shrink_to_fit();
                return Ok(all);
            }
        }
    }
}

/// Decode a whole file to linear samples.
pub fn load(path: &Path) -> Result<Vec<i16>, FileError> {
    Reader::open(path)?.read_to_end()
}

#[cfg(test)]
mod tests;
