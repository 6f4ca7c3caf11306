//! What a conference sends through a port.
use super::{Frames, Port};
use crate::Nanos;
use crate::codecs::Format;
use crate::mixer::outlet::Send;
use crate::rtp::packet::Header;
use crate::rtp::send::Source;

/// Linear audio for those who change what they send, best first, and its rate in Hz.
const LINEAR: [(&str, u32); 3] = [("slin48", 48_000), ("slin16", 16_000), ("slin", 8000)];

impl Port {
    /// How it is sent to: as its far end wants it, or as linear audio when it changes what it sends.
    #[must_use]
    pub fn sends(&self) -> Send {
        if self.mixed_linear {
            let (format, _) = self.linear();
            return Send {
                format,
                fmtp: Box::default(),
                settings: Box::default(),
                ptime_ms: self.codecs.ptime_ms,
            };
        }
        Send {
            format: self.codecs.send,
            fmtp: self.codecs.send_fmtp.clone(),
            settings: self.codecs.send_settings.clone(),
            ptime_ms: self.codecs.ptime_ms,
        }
    }

    fn linear(&self) -> (Format, u32) {
        let rate = self.codecs.send.rate();
        let found = LINEAR.iter().find(|(_, of)| *of <= rate);
        let (name, rate) = found.unwrap_or(&LINEAR[2]);
        (Format::named(name).unwrap_or(Format::SLIN), *rate)
    }

    /// Choose anew how it is sent to; whether that has changed.
    pub fn choose_mixed(&mut self) -> bool {
        let linear = self.reworks_said() && self.codecs.send.native();
        std::mem::replace(&mut self.mixed_linear, linear) != linear
    }

    /// Whether the conference gives it linear audio, for `speak_mixed`.
    #[must_use]
    pub fn mixed_linear(&self) -> bool {
        self.mixed_linear
    }

    /// It is a member of a conference from now on.
    pub fn begin_mixed(&mut self) {
        self.generated = self.generated.wrapping_add(1);
        self.mixed = self.generated;
    }

    /// Ticks were left out for so long, those of the conference or the others: the timestamps of what they make
    /// tell the gap.
    pub fn missed(&mut self, time: Nanos, of_room: bool) {
        let mixed = self
            .tx
            .generates()
            .is_some_and(|n| n == self.mixed && n != 0);
        if mixed == of_room {
            self.tx.missed(time);
        }
    }

    /// Say linear audio of the conference.
    pub fn speak_mixed(&mut self, payload: &[u8], now: Nanos, frames: &mut Frames) {
        if payload.is_empty() || self.occupied() {
            return self.tx.interrupt_source(self.mixed);
        }
        let pairs = payload.chunks_exact(2);
        let mut samples = std::mem::take(&mut frames.samples);
        samples.clear();
        samples.extend(pairs.map(|pair| i16::from_be_bytes([pair[0], pair[1]])));
        let (_, rate) = self.linear();
        let source = Source::Generated(self.mixed);
        self.speak(source, (&samples, rate), 0, now, frames);
        frames.samples = samples;
    }

    /// The header for a payload of the conference; none when it is not to be sent now.
    pub fn mixed(&mut self, payload: &[u8], now: Nanos) -> Option<Header> {
        let open = self.send_on && (self.destination.is_some() || self.pipe.is_some());
        if !open || payload.is_empty() || self.mute_out || self.occupied() {
            // What comes after it carries on by the clock.
            self.tx.interrupt_source(self.mixed);
            return None;
        }
        let covers = self.codecs.send.covers(payload, self.codecs.ptime_ms);
        let header = self.tx.generated(
            Source::Generated(self.mixed),
            self.codecs.send_type,
            covers,
            now,
        );
        self.sent_one(payload.len());
        Some(header)
    }

    /// What was heard last as a packet of linear audio, for a conference that it is to be heard in: format and the
    /// packet's numbers; its payload is put into `payload`.
    pub fn heard_linear(
        &mut self,
        header: &Header,
        clock: u32,
        payload: &mut Vec<u8>,
    ) -> Option<(Format, Header)> {
        let ear = self.ear.as_mut()?;
        let rate = ear.rate();
        let (name, _) = LINEAR.iter().find(|(_, of)| *of == rate)?;
        payload.clear();
        payload.extend(ear.heard().iter().flat_map(|s| s.to_be_bytes()));
        let mut header = *header;
        // Rates are whole multiples of the clock, so it wraps where the clock does.
        header.timestamp = header.timestamp.wrapping_mul((rate / clock.max(1)).max(1));
        Some((Format::named(name)?, header))
    }

    /// The rate at which a conference hears what was changed: a multiple of the RTP clock.
    #[must_use]
    pub fn reworked_rate(&self, format: Format) -> u32 {
        let least = format.rate().max(format.clock);
        let found = LINEAR.iter().rev().find(|(_, rate)| *rate >= least);
        found.map_or(LINEAR[0].1, |(_, rate)| *rate)
    }
}
