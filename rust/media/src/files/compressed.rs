//! MP3 and Ogg (Vorbis, Opus), read whole and given at the rate that is wanted.

use super::{FileError, Format, RATE, raw};
use crate::codecs::opus::OpusDecoder;
use crate::codecs::{Decoder as _, Parameters};
use crate::resample::Resampler;
use std::fs::File;
use std::path::Path;
use symphonia::core::audio::SampleBuffer;
use symphonia::core::codecs::{CODEC_TYPE_OPUS, CodecParameters, Decoder, DecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatOptions, FormatReader, Packet};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::probe::Hint;

/// Opus counts the samples to leave out at the beginning at this rate (RFC 7845 section 4.2).
const OPUS_CLOCK: u64 = 48_000;

/// What libopus decodes to.
const OPUS_RATES: [u32; 5] = [8000, 12_000, 16_000, 24_000, 48_000];

fn open(file: &File, path: &Path, format: Format) -> Result<Box<dyn FormatReader>, FileError> {
    let file = file
        .try_clone()
        .map_err(|error| FileError::io(path, error))?;
    let stream = MediaSourceStream::new(Box::new(file), Default::default());
    let mut hint = Hint::new();
    hint.with_extension(if format == Format::Mp3 { "mp3" } else { "ogg" });
    let options = FormatOptions {
        enable_gapless: true,
        ..FormatOptions::default()
    };
    let probed = symphonia::default::get_probe()
        .format(&hint, stream, &options, &MetadataOptions::default())
        .map_err(|error| wrap(error, path, format))?;
    Ok(probed.format)
}

fn wrap(error: Error, path: &Path, format: Format) -> FileError {
    match error {
        Error::IoError(error) => FileError::io(path, error),
        _ => malformed(path, format),
    }
}

/// Samples a second that are worth taking out of a file, Hz.
pub(super) fn rate(file: &File, path: &Path, format: Format) -> Result<u32, FileError> {
    let source = open(file, path, format)?;
    let track = source
        .default_track()
        .ok_or_else(|| malformed(path, format))?;
    let parameters = &track.codec_params;
    if parameters.codec != CODEC_TYPE_OPUS {
        return Ok(parameters.sample_rate.unwrap_or(RATE).max(RATE));
    }
    // the identification header: octets 12 to 15 are what was encoded (RFC 7845 section 5.1); 0: not known
    let head = parameters.extra_data.as_deref();
    let encoded = head
        .and_then(|head| head.get(12..16)?.try_into().ok())
        .map_or(0, u32::from_le_bytes);
    Ok(match encoded {
        RATE..=48_000 => encoded,
        _ => 48_000,
    })
}

/// All samples of a file, mixed to one channel, at about `rate`, and at what rate they are.
pub(super) fn decode(
    file: &File,
    path: &Path,
    format: Format,
    rate: u32,
) -> Result<(Vec<i16>, u32), FileError> {
    let mut source = open(file, path, format)?;
    let track = source
        .default_track()
        .ok_or_else(|| malformed(path, format))?;
    let id = track.id;
    let opus = track.codec_params.codec == CODEC_TYPE_OPUS;
    let rate = if opus {
        let enough = OPUS_RATES.into_iter().find(|known| *known >= rate);
        enough.unwrap_or(48_000)
    } else {
        rate.max(RATE)
    };
    let mut sink: Box<dyn Sink> = if opus {
        Box::new(OpusSink::new(&track.codec_params, rate))
    } else {
        Box::new(AnySink {
            rate,
            decoder: symphonia::default::get_codecs()
                .make(&track.codec_params, &DecoderOptions::default())
                .map_err(|error| wrap(error, path, format))?,
            resampler: None,
            mono: Vec::new(),
        })
    };
    let (mut samples, mut taken, mut damaged) = (Vec::new(), 0usize, 0usize);
    // the end of the file is an error here, as is anything after which nothing can be found any more
    while let Ok(packet) = source.next_packet() {
        if packet.track_id() != id {
            continue;
        }
        match sink.take(&packet, &mut samples) {
            Ok(()) => taken += 1,
            Err(_) => damaged += 1,
        }
    }
    if taken == 0 && damaged > 0 {
        return Err(malformed(path, format));
    }
    Ok((samples, rate))
}

fn malformed(path: &Path, format: Format) -> FileError {
    FileError::Malformed {
        path: path.to_path_buf(),
        what: if format == Format::Mp3 {
            "not an MP3 file"
        } else {
            "not an Ogg file with Vorbis or Opus"
        },
    }
}

/// A packet is damaged; those after it are tried.
struct Damaged;

trait Sink {
    fn take(&mut self, packet: &Packet, samples: &mut Vec<i16>) -> Result<(), Damaged>;
}

/// What symphonia decodes itself.
struct AnySink {
    rate: u32,
    decoder: Box<dyn Decoder>,
    resampler: Option<(u32, Resampler)>,
    mono: Vec<i16>,
}

impl Sink for AnySink {
    fn take(&mut self, packet: &Packet, samples: &mut Vec<i16>) -> Result<(), Damaged> {
        let audio = self.decoder.decode(packet).map_err(|_| Damaged)?;
        let spec = *audio.spec();
        let channels = spec.channels.count();
        if channels == 0 || spec.rate == 0 {
            return Err(Damaged);
        }
        let mut buffer = SampleBuffer::<i16>::new(audio.capacity() as u64, spec);
        buffer.copy_interleaved_ref(audio);
        self.mono.clear();
        self.mono.resize(buffer.len() / channels, 0);
        raw::mix(buffer.samples(), channels, &mut self.mono);
        let resampler = match &mut self.resampler {
            Some((rate, resampler)) if *rate == spec.rate => resampler,
            other => {
                &mut other
                    .insert((spec.rate, Resampler::new(spec.rate, self.rate)))
                    .1
            }
        };
        resampler.process(&self.mono, samples);
        Ok(())
    }
}

/// Opus, by libopus, which decodes to the rate that is wanted and to one channel.
struct OpusSink {
    rate: u64,
    decoder: OpusDecoder,
    /// Samples still to be left out.
    skip: usize,
    decoded: Vec<i16>,
}

impl OpusSink {
    fn new(parameters: &CodecParameters, rate: u32) -> OpusSink {
        // the identification header: octets 10 and 11 are the pre-skip (RFC 7845 section 5.1)
        let skip = parameters
            .extra_data
            .as_deref()
            .and_then(|head| Some(u16::from_le_bytes([*head.get(10)?, *head.get(11)?])))
            .unwrap_or(0);
        let decoder = OpusDecoder::new(&Parameters {
            rate,
            ..Parameters::default()
        });
        let rate = u64::from(rate);
        OpusSink {
            rate,
            decoder,
            skip: (u64::from(skip) * rate / OPUS_CLOCK) as usize,
            decoded: Vec::new(),
        }
    }
}

impl Sink for OpusSink {
    fn take(&mut self, packet: &Packet, samples: &mut Vec<i16>) -> Result<(), Damaged> {
        self.decoded.clear();
        self.decoder
            .decode(packet.buf(), &mut self.decoded)
            .map_err(|_| Damaged)?;
        let skip = self.skip.min(self.decoded.len());
        self.skip -= skip;
        // the last page ends within its last packet
        let trimmed = u64::from(packet.trim_end()) * self.rate / OPUS_CLOCK;
        let end = self.decoded.len().saturating_sub(trimmed as usize);
        self.decoded.truncate(end.max(skip));
        samples.extend_from_slice(&self.decoded[skip..]);
        Ok(())
    }
}
