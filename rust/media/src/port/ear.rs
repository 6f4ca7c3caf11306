//! What a port hears, as samples: a decoder, what makes up for loss, and the way to the rate that is wanted.
use crate::codecs::{Decoder, Format, Parameters};
use crate::plc::Concealer;
use crate::resample::Resampler;
use crate::rtp::packet::Header;

/// Loss up to here is made up for; a longer gap stays one.
const LONGEST_MS: u32 = 120;
/// Sample rate of taps, Hz.
const TAP_RATE: u32 = 8000;
/// A step back beyond this is a restart of the sender, not a late packet.
const MAX_MISORDER: i16 = 100;

/// Why a packet was not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Its place has been filled.
    Late,
    /// Not a payload of this format.
    Damaged,
}

/// The gap of what follows on a pause: how long it was the clock knows.
pub const PAUSED: u64 = u64::MAX;

/// What a packet turned out to be; its samples are in [`Ear::heard`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Samples of silence between what was heard before and this: the sender paused, or too much was lost.
    pub gap: u64,
    /// The first so many samples were made up, because packets before this one were lost.
    pub made: usize,
}

/// Decodes one stream.  Made when somebody wants to hear samples, dropped when the format changes.
pub struct Ear {
    format: Format,
    rate: u32,
    decoder: Box<dyn Decoder>,
    concealer: Option<Concealer>,
    sound: Sound,
    ssrc: u32,
    /// Sequence number and timestamp of what comes next.
    next: Option<(u16, u32)>,
    /// The last packet, and what came of it.
    last: Option<(u16, Result<Heard, Refused>)>,
    /// What was heard last has not been looked at by `fresh`.
    fresh: bool,
    tap: Option<Box<Tap>>,
    /// The same before anything was changed, where somebody wants that.
    before: Option<Box<Tap>>,
}

/// What a packet gives: decoded, and at the rate that is wanted.  Memory for the first is taken only where the two differ.
struct Sound {
    resampler: Resampler,
    decoded: Vec<i16>,
    /// What the last packet gave, at the ear's rate.
    heard: Vec<i16>,
}

impl Sound {
    /// Where the decoder writes.
    fn decoded(&mut self) -> &mut Vec<i16> {
        if self.resampler.changes() {
            &mut self.decoded
        } else {
            &mut self.heard
        }
    }

    fn clear(&mut self) {
        self.heard.clear();
        self.decoded.clear();
    }

    /// All of a packet has been decoded.
    fn finish(&mut self) {
        if self.resampler.changes() {
            self.resampler.process(&self.decoded, &mut self.heard);
        }
    }
}

/// What was heard last, at 8 kHz.
struct Tap {
    way: Resampler,
    samples: Vec<i16>,
    /// It is what was heard last.
    fresh: bool,
}

impl Tap {
    fn new(rate: u32) -> Tap {
        Tap {
            way: Resampler::new(rate, TAP_RATE),
            samples: Vec::new(),
            fresh: false,
        }
    }

    /// Take what was heard, once.
    fn take(&mut self, heard: &[i16]) {
        if !std::mem::replace(&mut self.fresh, true) {
            self.samples.clear();
            self.way.process(heard, &mut self.samples);
        }
    }
}

impl Ear {
    /// For payloads of this format; samples come at `rate` Hz.  None when the engine cannot decode it.
    #[must_use]
    pub fn new(format: Format, rate: u32) -> Option<Ear> {
        let decoder = format.decoder(&Parameters {
            rate,
            ..Parameters::default()
        })?;
        Some(Ear {
            format,
            rate,
            sound: Sound {
                resampler: Resampler::new(decoder.rate(), rate),
                decoded: Vec::new(),
                heard: Vec::new(),
            },
            concealer: (!decoder.conceals()).then(|| Concealer::new(decoder.rate())),
            decoder,
            ssrc: 0,
            next: None,
            last: None,
            fresh: false,
            tap: None,
            before: None,
        })
    }

    /// Samples a second of what it gives.
    #[must_use]
    pub fn rate(&self) -> u32 {
        self.rate
    }

    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Samples of the last packet, those made up before it first.
    #[must_use]
    pub fn heard(&self) -> &[i16] {
        &self.sound.heard
    }

    /// The same, to be changed.
    pub fn heard_mut(&mut self) -> &mut [i16] {
        &mut self.sound.heard
    }

    /// Whether what was heard last is new since this was asked: asked once, it is not.
    pub fn fresh(&mut self) -> bool {
        std::mem::replace(&mut self.fresh, false)
    }

    /// A sequence number was used for something else than audio.
    pub fn passed_over(&mut self, sequence: u16) {
        if let Some((next, _)) = &mut self.next
            && *next == sequence
        {
            *next = sequence.wrapping_add(1);
        }
    }

    /// The same, to be kept for a moment without the ear; give them back with `put_back`.
    #[must_use]
    pub fn take(&mut self) -> Vec<i16> {
        std::mem::take(&mut self.sound.heard)
    }

    pub fn put_back(&mut self, heard: Vec<i16>) {
        self.sound.heard = heard;
    }

    /// Silence in place of what was heard last.
    pub fn hush(&mut self) {
        self.sound.heard.fill(0);
        self.stale();
    }

    /// What was heard last, at 8 kHz.
    pub fn tap(&mut self) -> &[i16] {
        if self.rate == TAP_RATE {
            return &self.sound.heard;
        }
        let tap = self
            .tap
            .get_or_insert_with(|| Box::new(Tap::new(self.rate)));
        tap.take(&self.sound.heard);
        &tap.samples
    }

    /// Keep what was heard last as it is, at 8 kHz, before it is changed.
    pub fn keep(&mut self) {
        self.before
            .get_or_insert_with(|| Box::new(Tap::new(self.rate)))
            .take(&self.sound.heard);
    }

    /// What was heard last as it was, at 8 kHz.
    pub fn kept(&mut self) -> &[i16] {
        match &self.before {
            Some(before) if before.fresh => {}
            _ => return self.tap(),
        }
        self.before.as_deref().map_or(&[], |before| &before.samples)
    }

    /// Something else is going to be heard.
    fn stale(&mut self) {
        for tap in [&mut self.tap, &mut self.before].into_iter().flatten() {
            tap.fresh = false;
        }
    }

    /// Decode a packet; one that was decoded last gives the same again.
    pub fn packet(&mut self, header: &Header, payload: &[u8]) -> Result<Heard, Refused> {
        if let Some((sequence, result)) = self.last
            && self.ssrc == header.ssrc
            && sequence == header.sequence
        {
            return result;
        }
        if self.ssrc != header.ssrc {
            self.ssrc = header.ssrc;
            self.restart();
        }
        let result = self.decode(header, payload);
        self.fresh = true;
        self.last = Some((header.sequence, result));
        result
    }

    /// Decode a packet that comes in order, from a jitter buffer; whether it could be.
    pub fn in_order(&mut self, payload: &[u8]) -> bool {
        self.begin_in_order();
        let decoded = self.sound.decoded();
        let whole = self.decoder.decode(payload, decoded).is_ok();
        if whole && let Some(concealer) = &mut self.concealer {
            concealer.heard(decoded);
        }
        self.sound.finish();
        whole
    }

    /// Decode two packets into the time of the second, from the one into the other.
    pub fn two(&mut self, one: &[u8], other: &[u8]) -> bool {
        self.begin_in_order();
        let decoded = self.sound.decoded();
        if self.decoder.decode(one, decoded).is_err() {
            return self.in_order(other);
        }
        let first = decoded.len();
        if self.decoder.decode(other, decoded).is_ok() {
            let (from, to) = decoded.split_at_mut(first);
            let length = from.len().min(to.len()).max(1) as i32;
            for (n, (from, to)) in from.iter().zip(to.iter_mut()).enumerate() {
                let share = n as i32 + 1;
                let sum = i32::from(*from) * (length - share) + i32::from(*to) * share;
                *to = (sum / length) as i16;
            }
            decoded.drain(..first);
        }
        if let Some(concealer) = &mut self.concealer {
            concealer.heard(decoded);
        }
        self.sound.finish();
        true
    }

    /// Make up for so many clock units.
    pub fn nothing(&mut self, units: u32) {
        self.begin_in_order();
        let samples =
            u64::from(units) * u64::from(self.decoder.rate()) / u64::from(self.format.clock.max(1));
        self.conceal(samples as usize, None);
        self.sound.finish();
    }

    fn begin_in_order(&mut self) {
        self.stale();
        self.sound.clear();
        (self.next, self.last) = (None, None);
    }

    fn restart(&mut self) {
        self.next = None;
        if let Some(concealer) = &mut self.concealer {
            concealer.reset();
        }
        self.sound.resampler.reset();
    }

    fn decode(&mut self, header: &Header, payload: &[u8]) -> Result<Heard, Refused> {
        self.stale();
        self.sound.clear();
        let mut result = Heard::default();
        if let Some((sequence, timestamp)) = self.next {
            let step = header.sequence.wrapping_sub(sequence) as i16;
            let units = header.timestamp.wrapping_sub(timestamp) as i32;
            if (-MAX_MISORDER..0).contains(&step) {
                return Err(Refused::Late);
            }
            if step < 0 || units < 0 {
                self.restart();
            } else if units > 0 {
                let samples = u64::from(units.unsigned_abs()) * u64::from(self.decoder.rate())
                    / u64::from(self.format.clock.max(1));
                let longest = u64::from(self.decoder.rate() / 1000 * LONGEST_MS);
                if step > 0 && samples <= longest {
                    self.conceal(samples as usize, Some(payload));
                } else {
                    result.gap = samples * u64::from(self.rate) / u64::from(self.decoder.rate());
                }
            }
        }
        let decoded = self.sound.decoded();
        let made = decoded.len();
        if self.decoder.decode(payload, decoded).is_err() {
            // its time has passed all the same: that much is made up when the next one comes
            self.sound.clear();
            return Err(Refused::Damaged);
        }
        if let Some(concealer) = &mut self.concealer {
            concealer.heard(&mut decoded[made..]);
        }
        let samples = (decoded.len() - made) as u64;
        let units = samples * u64::from(self.format.clock) / u64::from(self.decoder.rate());
        self.next = Some((
            header.sequence.wrapping_add(1),
            header.timestamp.wrapping_add(units as u32),
        ));
        self.sound.finish();
        result.made =
            (made as u64 * u64::from(self.rate) / u64::from(self.decoder.rate())) as usize;
        Ok(result)
    }

    /// Make up for samples at the decoder's rate.
    fn conceal(&mut self, samples: usize, next: Option<&[u8]>) {
        let decoded = self.sound.decoded();
        match &mut self.concealer {
            Some(concealer) => concealer.lost(samples, decoded),
            None => self.decoder.conceal(samples, next, decoded),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codecs::g711::Ulaw;
    use crate::codecs::{Encoder, g711};

    fn header(n: u16) -> Header {
        Header {
            payload_type: 0,
            marker: false,
            sequence: 65_530u16.wrapping_add(n),
            timestamp: u32::from(n) * 160,
            ssrc: 9,
        }
    }

    fn payload(level: i16) -> Vec<u8> {
        let mut payload = Vec::new();
        let samples: Vec<i16> = (0..160)
            .map(|n| if n / 20 % 2 == 0 { level } else { -level })
            .collect();
        Ulaw.encode(&samples, &mut payload);
        payload
    }

    #[test]
    fn loss_is_made_up_for_and_late_packets_are_left_out() {
        let mut ear = Ear::new(Format::PCMU, 8000).unwrap();
        let sound = payload(5000);
        for n in [0, 1] {
            assert_eq!(ear.packet(&header(n), &sound), Ok(Heard::default()));
            assert_eq!(ear.heard().len(), 160);
        }
        let result = ear.packet(&header(4), &sound);
        assert_eq!(result, Ok(Heard { gap: 0, made: 320 }));
        assert_eq!(ear.heard().len(), 480);
        let made = &ear.heard()[..80];
        let loud: i32 = made.iter().map(|s| i32::from(s.abs())).sum();
        assert!(loud > 80 * 3000, "{loud}");
        assert_eq!(ear.packet(&header(4), &sound), result, "the same again");
        assert_eq!(ear.packet(&header(3), &sound), Err(Refused::Late));
        assert!(ear.heard().is_empty());
        assert_eq!(ear.packet(&header(5), &sound), Ok(Heard::default()));
    }

    #[test]
    fn a_pause_and_a_long_loss_stay_gaps() {
        let mut ear = Ear::new(Format::PCMU, 8000).unwrap();
        let sound = payload(5000);
        assert!(ear.packet(&header(0), &sound).is_ok());
        let mut later = header(1);
        later.timestamp += 8000;
        assert_eq!(ear.packet(&later, &sound), Ok(Heard { gap: 8000, made: 0 }));
        let mut lost = header(51);
        lost.timestamp += 8000;
        assert_eq!(ear.packet(&lost, &sound), Ok(Heard { gap: 7840, made: 0 }));
        let mut other = header(0);
        other.ssrc = 10;
        assert_eq!(ear.packet(&other, &sound), Ok(Heard::default()));
    }

    #[test]
    fn all_who_listen_at_8_khz_hear_the_same_and_it_is_converted_once() {
        let mut ear = Ear::new(Format::PCMU, 16_000).unwrap();
        let mut alone = Ear::new(Format::PCMU, 16_000).unwrap();
        for n in 0..5 {
            for ear in [&mut ear, &mut alone] {
                assert!(ear.packet(&header(n), &payload(3000)).is_ok());
            }
            ear.keep();
            ear.heard_mut().fill(7);
            let (kept, changed) = (ear.kept().to_vec(), ear.tap().to_vec());
            assert_eq!(kept, ear.kept(), "again");
            assert_eq!(changed, ear.tap(), "again");
            assert_eq!(kept, alone.tap());
            assert_ne!(kept, changed);
        }
    }

    #[test]
    fn the_rate_is_the_one_asked_for_and_taps_have_theirs() {
        let mut ear = Ear::new(Format::PCMU, 16_000).unwrap();
        for n in 0..3 {
            assert!(ear.packet(&header(n), &[g711::ULAW_SILENCE; 160]).is_ok());
            assert_eq!(ear.heard().len(), 320);
            assert_eq!(ear.tap().len(), 160);
        }
        let mut damaged = Ear::new(Format::SLIN, 8000).unwrap();
        assert_eq!(damaged.packet(&header(0), &[1]), Err(Refused::Damaged));
        assert!(damaged.heard().is_empty());
        assert!(Ear::new(Format::sdp("G729", 8000, ""), 8000).is_none());
    }
}
