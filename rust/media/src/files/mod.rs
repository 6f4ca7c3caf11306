//! Sound files: `.wav` (PCM, G.711, GSM), headerless files of each codec that has one, MP3, Ogg Vorbis and Ogg Opus.
//!
//! [`Reader`] gives 16-bit linear samples whatever the file holds and seeks to the sample; [`load`] gives a whole file at
//! the rate that the engine plays at.  [`Writer`] takes 16-bit linear samples at that rate.  What it has flushed is a
//! complete, valid file even when the process is killed in the next instant: samples are written first, then the
//! header is patched, and the header never promises more than is there.  Unless told otherwise it flushes once for
//! each [`FLUSH_SAMPLES`].
//!
//! This module blocks on the file system; the engine calls it on its file thread only.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

mod coder;
mod compressed;
mod msgsm;
mod ogg;
mod opus;
mod raw;
mod wav;
mod writer;

pub use writer::{FLUSH_SAMPLES, Writer};

/// Samples a second that the engine plays and records.
pub const RATE: u32 = 8000;

/// A file format, chosen by the file name's extension (Asterisk's names).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// RIFF WAVE; read: 16-bit PCM of any rate, mu-law, A-law and GSM; written: 16-bit PCM at 8 kHz.
    Wav,
    /// RIFF WAVE, written at 16 kHz.
    Wav16,
    /// RIFF WAVE with GSM 06.10 in it (`.WAV`).
    Wav49,
    /// Headerless mu-law.
    Ulaw,
    /// Headerless A-law.
    Alaw,
    /// Headerless 16-bit linear of this rate, little endian.
    Slin(u32),
    /// GSM 06.10 frames of 33 octets.
    Gsm,
    /// G.722 at 64 kbit/s.
    G722,
    /// G.726 at 32 kbit/s, packed as RFC 3551 has it.
    G726,
    /// MPEG layer III; read only.
    Mp3,
    /// Ogg with Vorbis or Opus in it; written with Opus.
    Ogg,
}

impl Format {
    /// The format of an extension without its dot, or of a format's name; case counts, as
    /// `WAV` is Asterisk's name for GSM in RIFF.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        match extension {
            "wav" => Some(Self::Wav),
            "wav16" => Some(Self::Wav16),
            "WAV" | "wav49" => Some(Self::Wav49),
            "ulaw" | "ul" | "ulw" | "pcm" | "mu" => Some(Self::Ulaw),
            "alaw" | "al" | "alw" => Some(Self::Alaw),
            "sln" | "slin" | "raw" => Some(Self::Slin(8000)),
            "sln12" | "slin12" => Some(Self::Slin(12_000)),
            "sln16" | "slin16" => Some(Self::Slin(16_000)),
            "sln24" | "slin24" => Some(Self::Slin(24_000)),
            "sln32" | "slin32" => Some(Self::Slin(32_000)),
            "sln44" | "slin44" => Some(Self::Slin(44_100)),
            "sln48" | "slin48" => Some(Self::Slin(48_000)),
            "sln96" | "slin96" => Some(Self::Slin(96_000)),
            "sln192" | "slin192" => Some(Self::Slin(192_000)),
            "gsm" => Some(Self::Gsm),
            "g722" => Some(Self::G722),
            "g726-32" => Some(Self::G726),
            "mp3" => Some(Self::Mp3),
            "ogg" | "opus" => Some(Self::Ogg),
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

    /// Samples a second of what is written; None: it is only read.
    #[must_use]
    pub const fn written_at(self) -> Option<u32> {
        match self {
            Self::Ogg => Some(opus::OPUS_RATE),
            _ => match self.written_as() {
                Some((_, rate)) => Some(rate),
                None => None,
            },
        }
    }

    /// How samples are stored when they are written one after the other, and their rate.
    #[must_use]
    const fn written_as(self) -> Option<(Encoding, u32)> {
        match self {
            Self::Wav => Some((Encoding::Linear, 8000)),
            Self::Wav16 => Some((Encoding::Linear, 16_000)),
            Self::Wav49 => Some((Encoding::Msgsm, 8000)),
            Self::Ulaw => Some((Encoding::Ulaw, 8000)),
            Self::Alaw => Some((Encoding::Alaw, 8000)),
            Self::Slin(rate) => Some((Encoding::Linear, rate)),
            Self::Gsm => Some((Encoding::Gsm, 8000)),
            Self::G722 => Some((Encoding::G722, 16_000)),
            Self::G726 => Some((Encoding::G726, 8000)),
            Self::Mp3 | Self::Ogg => None,
        }
    }

    /// Whether a RIFF header stands before the samples.
    #[must_use]
    pub const fn is_riff(self) -> bool {
        matches!(self, Self::Wav | Self::Wav16 | Self::Wav49)
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
    /// GSM 06.10, each frame in 33 octets (RFC 3551).
    Gsm,
    /// GSM 06.10, two frames in 65 octets (RIFF).
    Msgsm,
    /// G.722, 64 kbit/s.
    G722,
    /// G.726, 32 kbit/s.
    G726,
}

impl Encoding {
    /// The least that can be stored: so many octets, which are so many samples.
    #[must_use]
    pub const fn block(self) -> (u64, u64) {
        match self {
            Self::Linear => (2, 1),
            Self::Ulaw | Self::Alaw => (1, 1),
            Self::Gsm => (33, 160),
            Self::Msgsm => (65, 320),
            Self::G722 | Self::G726 => (1, 2),
        }
    }

    /// Whether a sample depends on those before it, so that decoding begins at the beginning.
    #[must_use]
    pub const fn has_memory(self) -> bool {
        !matches!(self, Self::Linear | Self::Ulaw | Self::Alaw)
    }

    /// Whole samples in so many octets.
    #[must_use]
    pub const fn samples_in(self, octets: u64) -> u64 {
        let (size, samples) = self.block();
        octets / size * samples
    }

    /// Octets of so many samples, which are whole blocks.
    #[must_use]
    pub const fn octets_of(self, samples: u64) -> u64 {
        let (size, block) = self.block();
        samples / block * size
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
    /// Samples a second.
    rate: u32,
    /// Samples at each instant; they are mixed to one.
    channels: u64,
    /// Offset of the first sample in octets.
    start: u64,
    /// Number of whole samples (of all channels together: instants) that are really there.
    samples: u64,
}

impl Layout {
    /// Octets of the samples before this one.
    fn octets(&self, sample: u64) -> u64 {
        self.encoding.octets_of(sample) * self.channels
    }
}

/// An open sound file.
#[derive(Debug)]
pub struct Reader {
    file: File,
    path: PathBuf,
    layout: Layout,
    position: u64,
    octets: Vec<u8>,
    interleaved: Vec<i16>,
    /// All samples of a file that is decoded from its beginning only.
    decoded: Option<Vec<i16>>,
}

impl Reader {
    /// Open a file; its extension says its format.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::open_as(path, Format::from_path(path)?)
    }

    /// Open a file of a known format.
    pub fn open_as(path: &Path, format: Format) -> Result<Self, FileError> {
        Self::open_at(path, format, RATE)
    }

    /// Open a file; one that is decoded from its beginning only gives about this rate, Hz.
    fn open_at(path: &Path, format: Format, rate: u32) -> Result<Self, FileError> {
        let mut file = File::open(path).map_err(|error| FileError::io(path, error))?;
        let metadata = file
            .metadata()
            .map_err(|error| FileError::io(path, error))?;
        if metadata.is_dir() {
            return Err(FileError::io(path, io::ErrorKind::IsADirectory.into()));
        }
        let mut decoded = None;
        let layout = match format.written_as() {
            None => {
                let (samples, rate) = compressed::decode(&file, path, format, rate)?;
                let layout = raw::layout(Encoding::Linear, rate, 2 * samples.len() as u64);
                decoded = Some(samples);
                layout
            }
            Some(_) if format.is_riff() => wav::layout(&mut file, metadata.len())
                .map_err(|problem| problem.into_error(path))?,
            Some((encoding, rate)) => raw::layout(encoding, rate, metadata.len()),
        };
        let mut reader = Self {
            file,
            path: path.to_path_buf(),
            layout,
            position: 0,
            octets: Vec::new(),
            interleaved: Vec::new(),
            decoded,
        };
        if layout.encoding.has_memory() {
            reader.decode_all()?;
        }
        reader.seek(0)?;
        Ok(reader)
    }

    /// Decode a file whose samples depend on each other.
    fn decode_all(&mut self) -> Result<(), FileError> {
        let octets = self.layout.octets(self.layout.samples);
        let mut payload = Vec::new();
        self.file
            .seek(SeekFrom::Start(self.layout.start))
            .and_then(|_| (&self.file).take(octets).read_to_end(&mut payload))
            .map_err(|error| FileError::io(&self.path, error))?;
        let samples = coder::decode(self.layout.encoding, self.layout.rate, &payload);
        self.layout.samples = samples.len() as u64;
        self.decoded = Some(samples);
        Ok(())
    }

    /// Samples a second.
    #[must_use]
    pub fn rate(&self) -> u32 {
        self.layout.rate
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
        if self.decoded.is_none() {
            let offset = self.layout.start + self.layout.octets(sample);
            self.file
                .seek(SeekFrom::Start(offset))
                .map_err(|error| FileError::io(&self.path, error))?;
        }
        self.position = sample;
        Ok(())
    }

    /// Read samples; fewer than asked for only at the end, where it gives 0.
    pub fn read(&mut self, samples: &mut [i16]) -> Result<usize, FileError> {
        let left = self.layout.samples.saturating_sub(self.position);
        let wanted = samples
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        if let Some(decoded) = &self.decoded {
            let start = usize::try_from(self.position).unwrap_or(usize::MAX);
            let there = decoded.get(start..).unwrap_or_default();
            let count = wanted.min(there.len());
            samples[..count].copy_from_slice(&there[..count]);
            self.position += count as u64;
            return Ok(count);
        }
        let width = self.layout.octets(1) as usize;
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
        let (encoding, octets) = (self.layout.encoding, &self.octets[..count * width]);
        let channels = self.layout.channels as usize;
        if channels == 1 {
            raw::decode(encoding, octets, &mut samples[..count]);
        } else {
            self.interleaved.resize(count * channels, 0);
            raw::decode(encoding, octets, &mut self.interleaved);
            raw::mix(&self.interleaved, channels, &mut samples[..count]);
        }
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

/// Decode a whole file to linear samples at [`RATE`].
pub fn load(path: &Path) -> Result<Vec<i16>, FileError> {
    load_at(path, RATE)
}

/// Decode a whole file to linear samples at this rate, Hz.
pub fn load_at(path: &Path, rate: u32) -> Result<Vec<i16>, FileError> {
    let mut reader = Reader::open_at(path, Format::from_path(path)?, rate)?;
    let samples = reader.read_to_end()?;
    if reader.rate() == rate {
        return Ok(samples);
    }
    let length = samples.len() as u64 * u64::from(rate) / u64::from(reader.rate());
    Ok(coder::resampled(&samples, reader.rate(), rate, length))
}

/// Write a whole file anew in the format of another name's extension; gives the length in ms.
pub fn convert(from: &Path, to: &Path) -> Result<u64, FileError> {
    let format = Format::from_path(to)?;
    let mut reader = Reader::open(from)?;
    let rate = reader.rate().max(1);
    let same = |error| FileError::io(to, error);
    if let (Ok(a), Ok(b)) = (from.canonicalize(), to.canonicalize())
        && a == b
    {
        return Err(same(io::ErrorKind::AlreadyExists.into()));
    }
    let mut writer = Writer::create(to, format)?.taking(rate);
    let mut block = vec![0; 65_536];
    loop {
        match reader.read(&mut block)? {
            0 => break,
            count => writer.write(&block[..count])?,
        }
    }
    Ok(writer.finish()? * 1000 / u64::from(rate))
}

/// Samples a second of what is in a file, Hz.
pub fn rate_of(path: &Path) -> Result<u32, FileError> {
    let format = Format::from_path(path)?;
    if format.written_as().is_some() {
        return Ok(Reader::open_as(path, format)?.rate());
    }
    let file = File::open(path).map_err(|error| FileError::io(path, error))?;
    compressed::rate(&file, path, format)
}

#[cfg(test)]
mod tests;
