//! The stream that a port sends: one SSRC, sequence numbers and timestamps without a break, whatever
//! feeds it.  A relayed packet keeps its distance to its neighbours (the far end must see what was lost
//! before us); when the source changes, numbering goes on where it stood and time by the clock.
use super::packet::Header;
use crate::Nanos;

/// Who feeds the stream: a port's received stream, or something that the engine makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Relay {
        port: u64,
        ssrc: u32,
    },
    /// The same, decoded and encoded anew.
    Voice {
        port: u64,
        ssrc: u32,
    },
    Generated(u32),
}

/// A step of the sequence number beyond this is a restart of the sender, not loss (RFC 3550 A.1).
const MAX_DROPOUT: i16 = 3000;
/// As far as a relayed timestamp may stray from the clock before it is a restart, in seconds.
const MAX_DRIFT_S: i64 = 2;

/// The sending half of a port.
#[derive(Debug)]
pub struct SendStream {
    pub ssrc: u32,
    clock: u32,
    source: Option<Source>,
    sequence: u16,
    /// Newest timestamp sent, when it was first used, and how much of the timeline it covers at least.
    timestamp: u32,
    at: Nanos,
    covers: u32,
    started: bool,
    mapping: Mapping,
}

/// How the numbers of the relayed source become ours.
#[derive(Debug, Default)]
struct Mapping {
    sequence: u16,
    timestamp: u32,
    first_in: u16,
    newest_in: u16,
}

impl SendStream {
    /// `sequence` and `timestamp` are to be random (RFC 3550 section 5.1).
    #[must_use]
    pub fn new(ssrc: u32, sequence: u16, timestamp: u32, clock: u32) -> SendStream {
        SendStream {
            ssrc,
            clock: clock.max(1),
            source: None,
            sequence,
            timestamp,
            at: 0,
            covers: 0,
            started: false,
            mapping: Mapping::default(),
        }
    }

    /// The RTP clock changed with the codec: time goes on from here at the new rate.
    pub fn set_clock(&mut self, clock: u32) {
        if clock != self.clock && clock != 0 {
            self.clock = clock;
            self.source = None;
        }
    }

    /// Whether anything has been sent.
    #[must_use]
    pub fn started(&self) -> bool {
        self.started
    }

    /// The RTP timestamp that belongs to `now` (for RTCP sender reports).
    #[must_use]
    pub fn timestamp_at(&self, now: Nanos) -> u32 {
        self.timestamp.wrapping_add(self.elapsed(now))
    }

    /// What comes next does not follow on what was sent: it gets a marker and the clock's time.
    pub fn interrupt(&mut self) {
        self.source = None;
    }

    /// As `interrupt`, when this source of ours was the last one.
    pub fn interrupt_source(&mut self, source: u32) {
        if self.source == Some(Source::Generated(source)) {
            self.source = None;
        }
    }

    /// Header of a packet that the engine made, `covers` clock units after the one before of the same source.
    pub fn generated(
        &mut self,
        source: Source,
        payload_type: u8,
        covers: u32,
        now: Nanos,
    ) -> Header {
        let switched = self.source != Some(source);
        let timestamp = if switched {
            self.resume_at(now)
        } else {
            self.timestamp.wrapping_add(self.covers)
        };
        self.source = Some(source);
        self.sequence = self.sequence.wrapping_add(1);
        self.advance(timestamp, covers, now);
        self.header(payload_type, switched, self.sequence, timestamp)
    }

    /// Time passes without a packet of this source: silence that is not sent.
    pub fn skip(&mut self, source: Source, units: u32) {
        if self.source == Some(source) {
            self.covers = self.covers.wrapping_add(units);
        }
    }

    /// The engine was held up and left out what was due: time passes for what it makes.
    pub fn missed(&mut self, time: Nanos) {
        if self.generates().is_some() {
            let units = u128::from(time) * u128::from(self.clock) / 1_000_000_000;
            self.covers = self.covers.wrapping_add(units as u32);
        }
    }

    /// Which of our own sources feeds it.
    #[must_use]
    pub fn generates(&self) -> Option<u32> {
        match self.source {
            Some(Source::Generated(source)) => Some(source),
            _ => None,
        }
    }

    /// Begin a telephone event: its timestamp, which all its packets share.
    pub fn begin_event(&mut self, now: Nanos) -> u32 {
        let timestamp = self.resume_at(now);
        self.source = None;
        self.advance(timestamp, 0, now);
        timestamp
    }

    /// Header of a packet of the telephone event begun at `timestamp` that has lasted `duration` clock units.
    pub fn event(
        &mut self,
        payload_type: u8,
        first: bool,
        timestamp: u32,
        duration: u32,
    ) -> Header {
        self.sequence = self.sequence.wrapping_add(1);
        if timestamp == self.timestamp {
            self.covers = duration; // else audio goes on meanwhile
        }
        self.started = true;
        self.header(payload_type, first, self.sequence, timestamp)
    }

    /// Header of a relayed packet; `None` when it is older than the switch to its source.  `relayed` tells
    /// the port and SSRC it came from; `covers` what its payload lasts at least; `event`: a telephone-event, whose
    /// timestamp stands still while it lasts.
    pub fn relay(
        &mut self,
        source: Source,
        packet: &Header,
        covers: u32,
        event: bool,
        now: Nanos,
    ) -> Option<Header> {
        let marker = if self.source != Some(source) || self.restarted(packet, event, now) {
            self.switch(source, packet, now);
            true
        } else if packet.sequence.wrapping_sub(self.mapping.first_in) as i16 >= 0 {
            packet.marker
        } else if packet.sequence.wrapping_sub(self.mapping.newest_in) as i16 > -MAX_DROPOUT
            && self.mapping.newest_in.wrapping_sub(self.mapping.first_in) < 0x4000
        {
            return None;
        } else {
            packet.marker
        };
        let m = &mut self.mapping;
        if packet.sequence.wrapping_sub(m.newest_in) as i16 >= 0 {
            m.newest_in = packet.sequence;
            if m.newest_in.wrapping_sub(m.first_in) > 0x4000 {
                // Keep the first number of the mapping comparable with what comes.
                m.first_in = m.newest_in.wrapping_sub(0x2000);
            }
        }
        let sequence = packet.sequence.wrapping_add(m.sequence);
        let timestamp = packet.timestamp.wrapping_add(m.timestamp);
        if sequence.wrapping_sub(self.sequence) as i16 > 0 {
            self.sequence = sequence;
        }
        if !self.started || timestamp.wrapping_sub(self.timestamp) as i32 >= 0 {
            if timestamp != self.timestamp || !self.started {
                self.at = now;
            }
            self.timestamp = timestamp;
            self.covers = covers;
        }
        self.started = true;
        Some(self.header(packet.payload_type, marker, sequence, timestamp))
    }

    /// What was added to the sequence numbers of this relayed source, while it is the one that is heard.
    #[must_use]
    pub fn offset_of(&self, source: Source) -> Option<u16> {
        (self.source == Some(source)).then_some(self.mapping.sequence)
    }

    /// The relayed source sent a packet that is not for the far end: its number must not show as loss.
    pub fn relay_consumed(&mut self, source: Source, sequence: u16) {
        if self.source == Some(source) && sequence.wrapping_sub(self.mapping.newest_in) as i16 > 0 {
            self.mapping.newest_in = sequence;
            self.mapping.sequence = self.mapping.sequence.wrapping_sub(1);
            if sequence.wrapping_sub(self.mapping.first_in) > 0x4000 {
                self.mapping.first_in = sequence.wrapping_sub(0x2000);
            }
        }
    }

    fn header(&self, payload_type: u8, marker: bool, sequence: u16, timestamp: u32) -> Header {
        Header {
            payload_type,
            marker,
            sequence,
            timestamp,
            ssrc: self.ssrc,
        }
    }

    fn advance(&mut self, timestamp: u32, covers: u32, now: Nanos) {
        self.timestamp = timestamp;
        self.covers = covers;
        self.at = now;
        self.started = true;
    }

    fn elapsed(&self, now: Nanos) -> u32 {
        (u128::from(now.saturating_sub(self.at)) * u128::from(self.clock) / 1_000_000_000) as u32
    }

    /// The timestamp for what follows something else: by the clock, but never inside what was sent.
    fn resume_at(&self, now: Nanos) -> u32 {
        if self.started {
            self.timestamp
                .wrapping_add(self.elapsed(now).max(self.covers))
        } else {
            self.timestamp
        }
    }

    fn switch(&mut self, source: Source, packet: &Header, now: Nanos) {
        self.source = Some(source);
        self.mapping = Mapping {
            sequence: self.sequence.wrapping_add(1).wrapping_sub(packet.sequence),
            timestamp: self.resume_at(now).wrapping_sub(packet.timestamp),
            first_in: packet.sequence,
            newest_in: packet.sequence,
        };
    }

    /// Whether the same SSRC goes on with numbers that do not follow (a phone after hold, a restarted sender).
    fn restarted(&self, packet: &Header, event: bool, now: Nanos) -> bool {
        let step = packet.sequence.wrapping_sub(self.mapping.newest_in) as i16;
        if !(-MAX_DROPOUT..=MAX_DROPOUT).contains(&step) {
            return true;
        }
        if event {
            return false;
        }
        let ours = packet.timestamp.wrapping_add(self.mapping.timestamp);
        let moved = i64::from(ours.wrapping_sub(self.timestamp) as i32);
        (moved - i64::from(self.elapsed(now))).abs() > MAX_DRIFT_S * i64::from(self.clock)
    }
}

#[cfg(test)]
#[path = "send_tests.rs"]
mod tests;
