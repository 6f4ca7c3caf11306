//! A port's jitter buffer: what it hears is put in order and in time before anybody hears it.
//!
//! Without one, packets go on as they come, which is what a far end with a buffer of its own wants.  With one, each tick
//! gives what is due; it is decoded, with what is missing made up, and said by the bridged port.
use super::ear::{Ear, PAUSED};
use super::{Output, Port};
use crate::Nanos;
use crate::codecs::Format;
use crate::jitter::{Counts, JitterBuffer, Play, Settings};
use crate::rtp::packet::Header;

/// The buffer, and what it is for.
pub struct Playout {
    settings: Settings,
    buffer: JitterBuffer,
    format: Format,
    /// What comes next follows on a pause.
    paused: bool,
    /// What listeners here have heard, in units of 1/48000 s.
    position: u32,
}

/// Something that is due.
pub enum Due {
    /// Samples in the ear; `gap` as in [`super::ear::Heard`].
    Samples { gap: u64 },
    /// A payload that the engine does not read.
    Payload(Vec<u8>, u32),
}

impl Port {
    /// Put what is heard into a jitter buffer from now on, or no longer.
    pub fn set_jitter_buffer(&mut self, settings: Option<Settings>) {
        let same = self.playout.as_ref().map(|playout| playout.settings) == settings;
        if !same {
            self.playout = settings.map(|settings| Box::new(Playout::new(settings)));
        }
    }

    /// Whether audio waits here before it goes on.
    #[must_use]
    pub fn buffers(&self) -> bool {
        self.playout.is_some()
    }

    /// The buffer's statistics.
    #[must_use]
    pub fn jitter_counts(&self) -> Option<Counts> {
        self.playout.as_ref().map(|playout| playout.buffer.counts)
    }

    /// A packet that was accepted waits for its time; false when that has passed.
    pub fn hold(&mut self, format: Format, header: &Header, payload: &[u8], now: Nanos) -> bool {
        let lasts = format.covers(payload, self.codecs.ptime_ms);
        let Some(playout) = &mut self.playout else {
            return false;
        };
        if playout.format != format {
            playout.format = format;
            playout.buffer = JitterBuffer::new(playout.settings, format.clock);
        }
        playout.buffer.put(*header, payload, lasts, now)
    }

    /// The sender pauses, and has used this sequence number to say so.
    pub(super) fn pause_playout(&mut self, sequence: u16) {
        if let Some(playout) = &mut self.playout {
            playout.buffer.pause(sequence);
        }
    }

    /// Whether anything waits.
    #[must_use]
    pub(super) fn plays_out(&self) -> bool {
        self.playout
            .as_ref()
            .is_some_and(|playout| playout.buffer.active())
    }

    /// A payload that was due has been sent.
    pub fn give_back_due(&mut self, payload: Vec<u8>) {
        if let Some(playout) = &mut self.playout {
            playout.buffer.give_back(payload);
        }
    }

    /// The format of what waits.
    #[must_use]
    pub fn held_format(&self) -> Option<Format> {
        self.playout.as_ref().map(|playout| playout.format)
    }

    /// What is due, if anything, decoded at `rate`.
    pub fn due(&mut self, rate: u32, now: Nanos, out: &mut impl Output) -> Option<Due> {
        let mut playout = self.playout.take()?;
        let due = self.next_due(&mut playout, rate, now, out);
        self.playout = Some(playout);
        due
    }

    fn next_due(
        &mut self,
        playout: &mut Playout,
        rate: u32,
        now: Nanos,
        out: &mut impl Output,
    ) -> Option<Due> {
        loop {
            let was_active = playout.buffer.active();
            let Some(play) = playout.buffer.get(now) else {
                // what comes after the end begins by the clock
                playout.paused |= was_active && !playout.buffer.active();
                return None;
            };
            if matches!(play, Play::Pause) {
                playout.paused = true;
                continue;
            }
            let format = playout.format;
            if !format.native() {
                let packet = match play {
                    Play::Packet(packet) => packet,
                    Play::Two(left_out, packet) => {
                        playout.buffer.give_back(left_out.payload);
                        packet
                    }
                    _ => continue, // the far end makes up for it
                };
                return Some(Due::Payload(packet.payload, packet.lasts));
            }
            let fits = |ear: &Ear| ear.format() == format && ear.rate() == rate;
            if !self.ear.as_deref().is_some_and(fits) {
                self.ear = Ear::new(format, rate).map(Box::new);
            }
            let ear = self.ear.as_mut()?;
            let heard = match play {
                Play::Packet(packet) => {
                    let heard = ear.in_order(&packet.payload);
                    playout.buffer.give_back(packet.payload);
                    heard
                }
                Play::Two(one, two) => {
                    let heard = ear.two(&one.payload, &two.payload);
                    playout.buffer.give_back(one.payload);
                    playout.buffer.give_back(two.payload);
                    heard
                }
                Play::Lost(units) | Play::Stretch(units) => {
                    ear.nothing(units);
                    true
                }
                Play::Pause => false,
            };
            if !heard {
                self.stats.drop_invalid.add(1);
                continue;
            }
            if let Some(hooks) = &mut self.hooks {
                hooks.rework_heard(ear, self.detector.is_some());
            }
            if self.mute_in {
                ear.hush();
            }
            let samples = ear.heard().len() as u64;
            self.listen((playout.position, 48_000), now, out);
            let units = samples * 48_000 / u64::from(rate.max(1));
            playout.position = playout.position.wrapping_add(units as u32);
            let paused = std::mem::take(&mut playout.paused);
            return Some(Due::Samples {
                gap: if paused { PAUSED } else { 0 },
            });
        }
    }
}

impl Playout {
    fn new(settings: Settings) -> Playout {
        Playout {
            settings,
            buffer: JitterBuffer::new(settings, 8000),
            format: Format::PCMU,
            paused: true,
            position: 0,
        }
    }
}
