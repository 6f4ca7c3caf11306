//! Comfort noise of a port (RFC 3389): what a far end says of its pauses, and what it is told of ours.
//!
//! Somebody's pause goes on to a far end that takes comfort noise as the packet that it is; any other one gets noise in its
//! codec, until audio goes on.  Where nothing is sent any more to a far end that takes it, it gets one packet with the level
//! of the quietest that was sent.
use super::{Carries, Frames, Port};
use crate::Nanos;
use crate::noise::{ComfortNoise, level_of};
use crate::rtp::send::Source;

/// RFC 3551: 13, and 19 in drafts of it, which some still send.
const STATIC: [u8; 2] = [13, 19];
const STATIC_CLOCK: u32 = 8000;
/// Nothing was sent for so long: a pause, not a late packet.
const HOLE: Nanos = 70_000_000;
/// The levels that our pauses are told with, -dBov; the second where none was heard.
const LOUDEST: u8 = 40;
const USUAL: u8 = 70;
/// The quietest of what is sent is forgotten by 1 dB each so many pieces.
const FORGET: u32 = 50;
/// Number of the source of our packets.
const OURS: u32 = u32::MAX - 1;

/// What a port knows of pauses.
#[derive(Default)]
pub(super) struct Silence {
    /// The far end pauses, and describes it.
    heard: Option<ComfortNoise>,
    /// Sample rate of its description, Hz.
    rate: u32,
    /// Noise was made since audio came last.
    made: bool,
    samples: Vec<i16>,
    /// Packets sent until then, and whether the far end was told that it is a pause.
    sent: u64,
    since: Nanos,
    told: bool,
    /// Level of the quietest that was sent lately, and pieces since it was changed.
    quiet: Option<u8>,
    pieces: u32,
}

impl Port {
    /// The clock of a payload type that is comfort noise.
    pub(super) fn noise_clock(&self, payload_type: u8) -> Option<u32> {
        if self.carries != Carries::Audio {
            return None;
        }
        let agreed = self.codecs.noise_receive.iter();
        agreed
            .copied()
            .find(|(known, _)| *known == payload_type)
            .map(|(_, clock)| clock)
            .or_else(|| STATIC.contains(&payload_type).then_some(STATIC_CLOCK))
    }

    /// The payload type by which the far end takes comfort noise of this clock.
    #[must_use]
    pub fn noise_type(&self, clock: u32) -> Option<u8> {
        self.codecs
            .noise_send
            .filter(|_| clock == self.codecs.send.clock)
    }

    /// The far end describes its pause.
    pub(super) fn hear_noise(&mut self, payload: &[u8], clock: u32) {
        let silence = self.silence.get_or_insert_default();
        silence.rate = clock.clamp(8000, 48_000);
        match &mut silence.heard {
            Some(noise) => {
                noise.describe(payload);
            }
            None => silence.heard = ComfortNoise::new(payload),
        }
    }

    /// Audio goes on.
    pub(super) fn end_noise(&mut self) {
        if let Some(silence) = &mut self.silence {
            silence.heard = None;
        }
    }

    /// The clock of the description of a pause that is going on and can be heard.
    #[must_use]
    pub fn pauses(&self) -> Option<u32> {
        let silence = self.silence.as_ref()?;
        let audible = silence.heard.as_ref()?.audible();
        (audible && self.receive_on && !self.mute_in && !self.plays_out()).then_some(silence.rate)
    }

    /// Noise of so many ms, and its rate; to be given back.
    #[must_use]
    pub fn take_noise(&mut self, ms: u32) -> (Vec<i16>, u32) {
        let Some(silence) = &mut self.silence else {
            return (Vec::new(), STATIC_CLOCK);
        };
        let mut samples = std::mem::take(&mut silence.samples);
        samples.clear();
        samples.resize((ms * silence.rate / 1000) as usize, 0);
        if let Some(noise) = &mut silence.heard {
            noise.fill(&mut samples);
        }
        silence.made = true;
        (samples, silence.rate)
    }

    pub fn give_back_noise(&mut self, samples: Vec<i16>) {
        if let Some(silence) = &mut self.silence {
            silence.samples = samples;
        }
    }

    /// Whether noise was made in place of the pause that has just ended; asked once, it was not.
    pub fn noise_was_made(&mut self) -> bool {
        self.silence
            .as_mut()
            .is_some_and(|silence| std::mem::take(&mut silence.made))
    }

    /// The source of what the bridge gives decoded.
    #[must_use]
    pub fn voice_source(&self) -> Source {
        Source::Voice {
            port: self.id,
            ssrc: self.rx.ssrc().unwrap_or(0),
        }
    }

    // ------------------------------------------------------------ what is sent

    /// Comfort noise was agreed on, or no longer is.
    pub(super) fn agree_on_noise(&mut self) {
        if self.codecs.noise_send.is_some() {
            let sent = self.stats.tx_packets.get();
            let silence = self.silence.get_or_insert_default();
            (silence.sent, silence.told) = (sent, true);
        }
    }

    /// Whether the far end is to be told of pauses.
    #[inline]
    #[must_use]
    pub fn tells_pauses(&self) -> bool {
        self.codecs.noise_send.is_some()
    }

    /// Learn how loud what is sent is.
    pub(super) fn measure(&mut self, samples: &[i16]) {
        if self.codecs.noise_send.is_none() {
            return;
        }
        let Some(silence) = &mut self.silence else {
            return;
        };
        let level = level_of(samples);
        silence.pieces += 1;
        let before = silence.quiet.unwrap_or(0);
        if level >= before {
            silence.quiet = Some(level);
            silence.pieces = 0;
        } else if silence.pieces >= FORGET {
            silence.quiet = Some(before.saturating_sub(1));
            silence.pieces = 0;
        }
    }

    /// The far end was told of a pause by a packet that was just sent.
    pub(super) fn pause_was_told(&mut self) {
        if let Some(silence) = &mut self.silence {
            (silence.sent, silence.told) = (self.stats.tx_packets.get(), true);
        }
    }

    /// Whether ticks are wanted: to make noise, or because a pause may begin.
    pub(super) fn silence_wants_ticks(&self) -> bool {
        self.pauses().is_some() || self.may_pause()
    }

    fn may_pause(&self) -> bool {
        self.codecs.noise_send.is_some()
            && self
                .silence
                .as_ref()
                .is_some_and(|silence| !silence.told || self.stats.tx_packets.get() != silence.sent)
    }

    /// One tick: a pause that has begun is told.
    pub(super) fn tick_silence(&mut self, now: Nanos, frames: &mut Frames) {
        let Some(payload_type) = self.codecs.noise_send else {
            return;
        };
        let sent = self.stats.tx_packets.get();
        let open = self.send_on && self.destination.is_some();
        let Some(silence) = &mut self.silence else {
            return;
        };
        if sent != silence.sent {
            (silence.sent, silence.since, silence.told) = (sent, now, false);
            return;
        }
        if silence.told || now.saturating_sub(silence.since) < HOLE || !open {
            return;
        }
        let level = silence.quiet.map_or(USUAL, |quiet| quiet.max(LOUDEST));
        let header = self
            .tx
            .generated(Source::Generated(OURS), payload_type, 0, now);
        self.tx.interrupt();
        let start = frames.begin();
        frames.data.push(level);
        self.sent_one(1);
        frames.end(start, header);
        self.pause_was_told();
    }
}
