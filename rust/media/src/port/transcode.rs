//! Transcoding: one port decodes what it hears, the port that it is bridged with encodes it.
//!
//! Packets drive it, so it adds no delay: what a packet says is sent on at once.  What was lost is made up for when the
//! next packet comes; a pause of the sender stays a pause.
use super::ear::{Ear, Heard, PAUSED, Refused};
use super::output::Frames;
use super::voice::Voice;
use super::{MAX_PTIME, Port};
use crate::Nanos;
use crate::codecs::Format;
use crate::rtp::packet::Header;
use crate::rtp::send::Source;

impl Port {
    /// Whether audio of this format has to be decoded for this port, and at what rate it is wanted: none when it can be
    /// relayed, or there is no way.  `reworked`: its sender changes it.
    #[must_use]
    pub fn wants_samples(&self, format: Format, reworked: bool) -> Option<u32> {
        let ours = self.codecs.send;
        let changed = reworked || self.hooks.is_some() && self.reworks_said();
        let needed = (changed || !format.converts(ours)) && format.native() && ours.native();
        needed.then(|| format.rate().min(ours.rate()))
    }

    /// The rate at which samples of this format are wanted.
    #[must_use]
    pub fn rate_for(&self, format: Format) -> u32 {
        if self.codecs.send.native() {
            format.rate().min(self.codecs.send.rate())
        } else {
            format.rate()
        }
    }

    /// Whether this is what it sends.
    #[must_use]
    pub fn sends_format(&self, format: Format) -> bool {
        self.codecs.send == format
    }

    /// Whether it sends what the bridge gives it now.
    #[must_use]
    pub fn sends_bridge(&self) -> bool {
        self.send_on && (self.destination.is_some() || self.pipe.is_some()) && !self.occupied()
    }

    /// Decode a packet that was accepted; what it says is in `ear`.
    pub fn hear(
        &mut self,
        format: Format,
        header: &Header,
        payload: &[u8],
        rate: u32,
    ) -> Result<Heard, Refused> {
        let fits = |ear: &Ear| ear.format() == format && ear.rate() == rate;
        if !self.ear.as_deref().is_some_and(fits) {
            self.ear = Ear::new(format, rate).map(Box::new);
        }
        let ear = self.ear.as_mut().ok_or(Refused::Damaged)?;
        let heard = ear.packet(header, payload);
        if heard == Err(Refused::Damaged) {
            self.stats.drop_invalid.add(1);
        }
        if ear.fresh()
            && let Some(hooks) = &mut self.hooks
        {
            hooks.rework_heard(ear, self.detector.is_some());
        }
        heard
    }

    /// Take the samples of the packet that was heard last; to be given back.
    #[must_use]
    pub fn take_heard(&mut self) -> Vec<i16> {
        let muted = self.mute_in;
        self.ear.as_mut().map_or_else(Vec::new, |ear| {
            if muted {
                ear.hush();
            }
            ear.take()
        })
    }

    pub fn give_back_heard(&mut self, heard: Vec<i16>) {
        if let Some(ear) = &mut self.ear {
            ear.put_back(heard);
        }
    }

    /// Send samples of a rate, `gap` samples of silence after what this source said before.
    pub fn speak(
        &mut self,
        source: Source,
        (samples, rate): (&[i16], u32),
        gap: u64,
        now: Nanos,
        frames: &mut Frames,
    ) {
        let format = self.codecs.send;
        if !self.send_on || (self.destination.is_none() && self.pipe.is_none()) {
            return;
        }
        if !self.voice.as_ref().is_some_and(|v| v.fits(format, rate)) {
            let (fmtp, settings) = (&self.codecs.send_fmtp, &self.codecs.send_settings);
            self.voice = Voice::new(format, fmtp, settings, rate).map(Box::new);
        }
        let Some(mut voice) = self.voice.take() else {
            return;
        };
        if self.silence.is_some() {
            self.measure(samples);
        }
        let ptime = self.codecs.ptime_ms.clamp(5, MAX_PTIME);
        self.transcodes = matches!(source, Source::Voice { .. });
        voice.speaks(source);
        if gap > 0 {
            let filled = voice.fill_up(ptime);
            self.say((&mut voice, &[]), source, ptime, now, frames);
            if gap == PAUSED {
                self.tx.interrupt();
            }
            let left = if gap == PAUSED {
                0
            } else {
                gap.saturating_sub(filled)
            };
            let units = left * u64::from(format.clock) / u64::from(rate.max(1));
            self.tx.skip(source, units as u32);
        }
        let mut said: &[i16] = &[];
        if self.mute_out {
            voice.add_silence(samples.len());
        } else if let Some(hooks) = &mut self.hooks {
            voice.add(hooks.rework_said(samples, rate, now));
        } else {
            said = samples;
        }
        self.say((&mut voice, said), source, ptime, now, frames);
        self.voice = Some(voice);
    }

    /// Send a payload as it is, in a stream of our own.
    pub fn pass_on(
        &mut self,
        source: Source,
        (payload, covers): (&[u8], u32),
        now: Nanos,
        frames: &mut Frames,
    ) {
        if self.send_on && !self.mute_out {
            let start = frames.begin();
            frames.data.extend_from_slice(payload);
            let header = self
                .tx
                .generated(source, self.codecs.send_type, covers, now);
            self.transcodes = true;
            self.sent_one(payload.len());
            frames.end(start, header);
        }
    }

    /// Send all whole packets of what a voice has, and of these samples.
    fn say(
        &mut self,
        (voice, mut samples): (&mut Voice, &[i16]),
        source: Source,
        ptime: u32,
        now: Nanos,
        frames: &mut Frames,
    ) {
        let covers = self.codecs.send.clock * ptime / 1000;
        loop {
            let start = frames.begin();
            if !voice.packet(ptime, &mut samples, &mut frames.data) {
                return frames.give_up(start);
            }
            let length = frames.payload(start);
            if length == 0 {
                frames.give_up(start);
                self.tx.skip(source, covers);
                continue;
            }
            let header = self
                .tx
                .generated(source, self.codecs.send_type, covers, now);
            self.sent_one(length);
            frames.end(start, header);
        }
    }
}
