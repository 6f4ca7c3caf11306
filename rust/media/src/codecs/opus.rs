//! Opus (RFC 6716, RFC 7587), by libopus.
//!
//! The decoder gives any of 8, 12, 16, 24 and 48 kHz whatever was sent, and the encoder takes any of them: with a
//! telephone at the other end both work at 8 kHz and nothing is resampled.
use super::fmtp::param;
use super::{Damaged, Decoder, Encoder, Parameters};
use opusic_c::{Application, Bandwidth, Bitrate, Channels, InbandFec, SampleRate, Signal};

/// Longest payload that is made: 120 ms at the highest bit rate.
const MAX_PAYLOAD: usize = 1275;
/// Longest packet, in frames of a second.
const LONGEST: usize = 120;

/// The rate of Opus's own nearest above the one wished for; without a wish the highest.
fn rate(wished: u32) -> (SampleRate, u32) {
    match wished {
        1..=8000 => (SampleRate::Hz8000, 8000),
        8001..=12_000 => (SampleRate::Hz12000, 12_000),
        12_001..=16_000 => (SampleRate::Hz16000, 16_000),
        16_001..=24_000 => (SampleRate::Hz24000, 24_000),
        _ => (SampleRate::Hz48000, 48_000),
    }
}

/// The decoder; its memory is one allocation, which can fail only when there is no memory at all.
pub struct OpusDecoder {
    inner: Option<opusic_c::Decoder>,
    rate: u32,
    /// Samples of the last packet.
    last: usize,
}

impl OpusDecoder {
    #[must_use]
    pub fn new(parameters: &Parameters<'_>) -> OpusDecoder {
        let (opus, rate) = rate(parameters.rate);
        OpusDecoder {
            inner: opusic_c::Decoder::new(Channels::Mono, opus).ok(),
            rate,
            last: rate as usize / 50,
        }
    }

    /// Decode into the end of `out`; an empty payload is a lost one.
    fn append(
        &mut self,
        payload: &[u8],
        samples: usize,
        fec: bool,
        out: &mut Vec<i16>,
    ) -> Result<(), Damaged> {
        let start = out.len();
        out.resize(start + samples, 0);
        let place = bytemuck::cast_slice_mut(&mut out[start..]);
        let inner = self.inner.as_mut().ok_or(Damaged)?;
        match inner.decode_to_slice(payload, place, fec) {
            Ok(count) => {
                out.truncate(start + count);
                Ok(())
            }
            Err(_) => {
                out.truncate(start);
                Err(Damaged)
            }
        }
    }
}

impl Decoder for OpusDecoder {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), Damaged> {
        if payload.is_empty() {
            return Err(Damaged); // for libopus that is loss
        }
        let inner = self.inner.as_ref().ok_or(Damaged)?;
        let samples = inner.get_nb_samples(payload).map_err(|_| Damaged)?;
        if samples == 0 || samples > self.rate as usize * LONGEST / 1000 {
            return Err(Damaged);
        }
        self.append(payload, samples, false, out)?;
        self.last = samples;
        Ok(())
    }

    fn conceals(&self) -> bool {
        true
    }

    fn conceal(&mut self, samples: usize, next: Option<&[u8]>, out: &mut Vec<i16>) {
        // libopus makes multiples of 2.5 ms
        let unit = self.rate as usize / 400;
        let mut left = samples / unit * unit;
        let start = out.len();
        // the copy in the next packet is of the last one lost
        let copied = if next.is_some() {
            self.last.min(left)
        } else {
            0
        };
        while left > copied {
            let piece = self.last.max(unit).min(left - copied);
            if self.append(&[], piece, false, out).is_err() {
                break;
            }
            left -= piece;
        }
        if copied > 0
            && let Some(next) = next
        {
            let _ = self.append(next, copied, true, out);
        }
        out.resize(start + samples, 0);
    }
}

/// The encoder, set up as the far end's fmtp and the configuration ask.
///
/// In [`Parameters::fmtp`]: `maxplaybackrate`, `maxaveragebitrate`, `cbr`, `useinbandfec`, `usedtx` (RFC 7587).
/// In [`Parameters::settings`], with the names of codecs.conf: `complexity`, `bitrate`, `max_bandwidth`,
/// `max_playback_rate`, `signal`, `application`, `packet_loss`, `cbr`, `fec`, `dtx`.
pub struct OpusEncoder {
    inner: Option<opusic_c::Encoder>,
    rate: u32,
    fec: bool,
    /// As configured; more when the far end reports more.
    packet_loss: u8,
}

impl OpusEncoder {
    #[must_use]
    pub fn new(parameters: &Parameters<'_>) -> OpusEncoder {
        let (opus, rate) = rate(parameters.rate);
        let application = match param(parameters.settings, "application") {
            Some("audio") => Application::Audio,
            Some("low_delay" | "low-delay") => Application::LowDelay,
            _ => Application::Voip,
        };
        let mut encoder = OpusEncoder {
            inner: opusic_c::Encoder::new(Channels::Mono, opus, application).ok(),
            rate,
            fec: false,
            packet_loss: 0,
        };
        encoder.set_up(parameters);
        encoder
    }

    /// So much later than what went in what comes out is, in samples at its rate.
    pub fn lookahead(&mut self) -> u32 {
        let inner = self.inner.as_mut();
        inner
            .and_then(|inner| inner.get_look_ahead().ok())
            .unwrap_or(0)
    }

    /// A wrong value leaves libopus as it was, so results need no look.
    fn set_up(&mut self, parameters: &Parameters<'_>) {
        let Some(inner) = &mut self.inner else { return };
        let (theirs, ours) = (parameters.fmtp, parameters.settings);
        let number = |line, name| param(line, name).and_then(|text| text.parse::<u32>().ok());
        let yes =
            |name: &str, default: bool| param(ours, name).map_or(default, |text| text == "yes");
        let asked = |name| param(theirs, name) == Some("1");

        let _ = inner.set_complexity(number(ours, "complexity").unwrap_or(10).min(10) as u8);
        let most = number(theirs, "maxaveragebitrate").map(|most| most.clamp(6000, 510_000));
        let bitrate = match (param(ours, "bitrate"), most) {
            (Some("max"), None) => Bitrate::Max,
            (Some("max"), Some(most)) => Bitrate::Value(most),
            (text, most) => match (text.and_then(|text| text.parse::<u32>().ok()), most) {
                (Some(own), most) => {
                    Bitrate::Value(own.clamp(500, 512_000).min(most.unwrap_or(u32::MAX)))
                }
                // the codec's own choice is about this for one channel
                (None, Some(most)) if most < 3000 + self.rate => Bitrate::Value(most),
                (None, _) => Bitrate::Auto,
            },
        };
        let _ = inner.set_bitrate(bitrate);
        let _ = inner.set_vbr(!(asked("cbr") || yes("cbr", false)));
        let playback = number(theirs, "maxplaybackrate").unwrap_or(48_000);
        let playback = playback.min(number(ours, "max_playback_rate").unwrap_or(48_000));
        let configured = match param(ours, "max_bandwidth") {
            Some("narrow") => 8000,
            Some("medium") => 12_000,
            Some("wide") => 16_000,
            Some("super_wide") => 24_000,
            _ => 48_000,
        };
        let _ = inner.set_max_bandwidth(match playback.min(configured).min(self.rate) {
            ..=8000 => Bandwidth::Narrow,
            8001..=12_000 => Bandwidth::Medium,
            12_001..=16_000 => Bandwidth::Wide,
            16_001..=24_000 => Bandwidth::Superwide,
            _ => Bandwidth::Full,
        });
        let _ = inner.set_signal(match param(ours, "signal") {
            Some("voice") => Signal::Voice,
            Some("music") => Signal::Music,
            _ => Signal::Auto,
        });
        self.fec = asked("useinbandfec") && yes("fec", true);
        if self.fec {
            let _ = inner.set_inband_fec(InbandFec::Mode1);
        }
        self.packet_loss = number(ours, "packet_loss").unwrap_or(0).min(100) as u8;
        let _ = inner.set_packet_loss(self.packet_loss);
        let _ = inner.set_dtx(asked("usedtx") && yes("dtx", true) || yes("dtx", false));
    }
}

impl Encoder for OpusEncoder {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        let Some(inner) = &mut self.inner else { return };
        let start = payload.len();
        payload.resize(start + MAX_PAYLOAD, 0);
        let made = inner
            .encode_to_slice(bytemuck::cast_slice(samples), &mut payload[start..])
            .unwrap_or(0);
        // two octets and less say "nothing": they need not be sent (discontinuous transmission)
        payload.truncate(start + if made > 2 { made } else { 0 });
    }

    fn loss(&mut self, percent: u8) {
        if let Some(inner) = self.inner.as_mut().filter(|_| self.fec) {
            let _ = inner.set_packet_loss(percent.clamp(self.packet_loss, 100));
        }
    }
}

#[cfg(test)]
#[path = "opus_tests.rs"]
mod tests;
