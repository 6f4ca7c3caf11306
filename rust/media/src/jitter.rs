//! The jitter buffer: packets come when they come, and go out in order and in time.
//!
//! Pure: packets and the time go in; what is to be played next comes out when asked, each tick.  A fixed buffer
//! holds everything back for the same time.  An adaptive one holds back what the last packets needed and a little more:
//! it grows by one packet's length of made-up sound and shrinks by playing two packets in the time of one, so neither
//! is a click.  Loss is told at the moment when the packet should have been played.
use crate::Nanos;
use crate::rtp::packet::Header;
use std::collections::VecDeque;

/// Packets that the delay is judged by: 1.3 s at 20 ms.
const WINDOW: usize = 64;
/// Packets kept at most, whatever the settings: 5 s at 20 ms.
const MOST: usize = 256;
/// Nothing came for so long: the stream has ended, or pauses.
const ENDED: Nanos = 100 * MILLISECOND;
/// At least so long between two changes of the delay.
const SETTLE: Nanos = 60 * MILLISECOND;
/// So much more than needed is given up; less is kept.
const SLACK: i64 = 15 * MILLISECOND as i64;
/// Buffers of played packets that are kept for those to come.
const SPARE: usize = 16;
const MILLISECOND: Nanos = 1_000_000;

/// How the delay is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As long as `max_ms`.
    Fixed,
    /// As long as is needed, `max_ms` at most.
    Adaptive,
}

/// Asterisk's JITTERBUFFER() options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    pub kind: Kind,
    pub max_ms: u32,
    /// A timestamp that strays further from the clock begins anew; 0: never.
    pub resync_ms: u32,
    /// What an adaptive buffer keeps beyond what is needed.
    pub target_ms: u32,
}

impl Settings {
    /// With Asterisk's defaults.
    #[must_use]
    pub fn new(kind: Kind) -> Settings {
        Settings {
            kind,
            max_ms: 200,
            resync_ms: 1000,
            target_ms: 40,
        }
    }
}

/// A packet that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub header: Header,
    pub payload: Vec<u8>,
    /// Clock units that it lasts.
    pub lasts: u32,
}

/// What is to be played now.
#[derive(Debug, PartialEq, Eq)]
pub enum Play {
    Packet(Waiting),
    /// Both in the time of the second: the delay shrinks.
    Two(Waiting, Waiting),
    /// This many clock units of made-up sound: a packet is missing.
    Lost(u32),
    /// The same, without one missing: the delay grows.
    Stretch(u32),
    /// The sender pauses; what comes next is due later.
    Pause,
}

/// What happened, for statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub late: u64,
    pub lost: u64,
    pub resyncs: u64,
    pub grown: u64,
    pub shrunk: u64,
}

/// One stream's buffer.
#[derive(Debug)]
pub struct JitterBuffer {
    settings: Settings,
    clock: u32,
    queue: VecDeque<Waiting>,
    spare: Vec<Vec<u8>>,
    ssrc: u32,
    /// Timestamp that is played next and when; none before the first packet and after the end.
    next: Option<(u32, Nanos)>,
    /// Sequence number that follows on what was played.
    sequence: u16,
    /// The sender paused at this sequence number.
    paused: Option<u16>,
    /// Length of the last packet in clock units.
    frame: u32,
    /// How late the last packets were against their timestamps, ns; any origin.
    transits: VecDeque<i64>,
    /// The timestamp and time that transits are counted from.
    origin: (u32, Nanos),
    changed: Nanos,
    newest: Nanos,
    pub counts: Counts,
}

impl JitterBuffer {
    /// For a stream with this RTP clock.
    #[must_use]
    pub fn new(settings: Settings, clock: u32) -> JitterBuffer {
        JitterBuffer {
            settings,
            clock: clock.max(1),
            queue: VecDeque::new(),
            spare: Vec::new(),
            ssrc: 0,
            next: None,
            sequence: 0,
            paused: None,
            frame: clock / 50,
            transits: VecDeque::with_capacity(WINDOW),
            origin: (0, 0),
            changed: 0,
            newest: 0,
            counts: Counts::default(),
        }
    }

    #[must_use]
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Whether there is anything to be played, now or later.
    #[must_use]
    pub fn active(&self) -> bool {
        self.next.is_some()
    }

    /// Packets that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// What the last packets needed, and the settings ask for, in ns.
    #[must_use]
    pub fn wanted(&self) -> Nanos {
        let most = u64::from(self.settings.max_ms) * MILLISECOND;
        if self.settings.kind == Kind::Fixed {
            return most;
        }
        let (mut least, mut worst, mut second) = (i64::MAX, i64::MIN, i64::MIN);
        for transit in &self.transits {
            least = least.min(*transit);
            if *transit > worst {
                (second, worst) = (worst, *transit);
            } else {
                second = second.max(*transit);
            }
        }
        if self.transits.len() < 2 {
            second = least;
        }
        // one packet in a window may come too late: it is made up for
        let needed = second.saturating_sub(least).max(0) as u64;
        (needed + u64::from(self.settings.target_ms) * MILLISECOND).min(most)
    }

    /// Take a packet; false when it is of no use any more.
    pub fn put(&mut self, header: Header, payload: &[u8], lasts: u32, now: Nanos) -> bool {
        if header.ssrc != self.ssrc {
            self.ssrc = header.ssrc;
            self.resync();
        }
        let mut transit = self.transit(header.timestamp, now);
        let limit = i64::from(self.settings.resync_ms) * MILLISECOND as i64;
        if limit > 0
            && let Some(usual) = self.transits.back()
            && (transit - usual).abs() > limit
        {
            self.counts.resyncs += 1;
            self.resync();
        }
        if self.transits.is_empty() {
            self.origin = (header.timestamp, now);
            transit = 0;
        }
        if self.transits.len() == WINDOW {
            self.transits.pop_front();
        }
        self.transits.push_back(transit);
        self.newest = now;
        if lasts > 0 {
            self.frame = lasts;
        }
        match self.next {
            Some((timestamp, _)) if before(header.timestamp, timestamp) => {
                self.counts.late += 1;
                return false;
            }
            Some(_) => {}
            None => {
                self.next = Some((header.timestamp, now + self.wanted()));
                self.sequence = header.sequence;
            }
        }
        let place = self
            .queue
            .iter()
            .rposition(|other| !before(header.timestamp, other.header.timestamp))
            .map_or(0, |at| at + 1);
        let twice = place > 0 && self.queue[place - 1].header.timestamp == header.timestamp;
        if twice {
            return false;
        }
        let mut place = place;
        if self.queue.len() == MOST {
            if let Some(packet) = self.queue.pop_front() {
                self.give_back(packet.payload);
            }
            place = place.saturating_sub(1);
        }
        let mut kept = self.spare.pop().unwrap_or_default();
        kept.extend_from_slice(payload);
        self.queue.insert(
            place,
            Waiting {
                header,
                payload: kept,
                lasts: if lasts > 0 { lasts } else { self.frame },
            },
        );
        true
    }

    /// A payload that `get` gave has been played: its memory will hold another.
    pub fn give_back(&mut self, mut payload: Vec<u8>) {
        if self.spare.len() < SPARE {
            payload.clear();
            self.spare.push(payload);
        }
    }

    /// The sender says by a packet of this number that it pauses.
    pub fn pause(&mut self, sequence: u16) {
        self.paused = Some(sequence);
    }

    /// What is due at `now`; to be called until it gives nothing.
    pub fn get(&mut self, now: Nanos) -> Option<Play> {
        loop {
            let (timestamp, at) = self.next?;
            if at > now {
                return None;
            }
            let Some(front) = self.queue.front() else {
                return self.starve(timestamp, at, now);
            };
            if before(front.header.timestamp, timestamp) {
                // its time was filled by a packet longer than it should have been
                if let Some(packet) = self.queue.pop_front() {
                    self.give_back(packet.payload);
                }
                continue;
            }
            let ahead = front.header.timestamp.wrapping_sub(timestamp);
            if ahead > 0 {
                let told = u16::from(self.paused == Some(self.sequence));
                let skipped = front.header.sequence.wrapping_sub(self.sequence);
                if skipped == told || ahead > self.clock {
                    // the sender paused: nothing to be made up; time goes on to what comes next
                    let due = at + self.time(ahead);
                    self.next = Some((front.header.timestamp, due));
                    self.sequence = front.header.sequence;
                    return Some(Play::Pause);
                }
                let units = ahead.min(self.frame.max(1));
                self.counts.lost += 1;
                self.advance(timestamp, at, units);
                return Some(Play::Lost(units));
            }
            if let Some(change) = self.adapt(timestamp, at, now) {
                return Some(change);
            }
            let packet = self.queue.pop_front()?;
            self.sequence = packet.header.sequence.wrapping_add(1);
            self.advance(packet.header.timestamp, at, packet.lasts);
            return Some(Play::Packet(packet));
        }
    }

    /// Nothing is there although it is time.
    fn starve(&mut self, timestamp: u32, at: Nanos, now: Nanos) -> Option<Play> {
        if self.paused == Some(self.sequence)
            || now.saturating_sub(self.newest) > ENDED + self.wanted()
        {
            self.next = None;
            return None;
        }
        let units = self.frame.max(1);
        self.counts.lost += 1;
        self.sequence = self.sequence.wrapping_add(1);
        self.advance(timestamp, at, units);
        Some(Play::Lost(units))
    }

    /// Grow or shrink, if it is time to.
    fn adapt(&mut self, timestamp: u32, at: Nanos, now: Nanos) -> Option<Play> {
        if self.settings.kind == Kind::Fixed || now.saturating_sub(self.changed) < SETTLE {
            return None;
        }
        let least = self.transits.iter().min()?;
        let has = self.transit(timestamp, at) - least;
        let wants = self.wanted() as i64;
        let frame = self.time(self.frame) as i64;
        if wants > has + frame / 2 {
            self.changed = now;
            self.counts.grown += 1;
            self.next = Some((timestamp, at + frame as u64));
            return Some(Play::Stretch(self.frame));
        }
        if has > wants + frame + SLACK && self.transits.len() == WINDOW && self.queue.len() >= 2 {
            let follows = |a: &Waiting, b: &Waiting| {
                b.header.timestamp == a.header.timestamp.wrapping_add(a.lasts)
            };
            if !follows(&self.queue[0], &self.queue[1]) {
                return None;
            }
            let (one, two) = (self.queue.pop_front()?, self.queue.pop_front()?);
            self.changed = now;
            self.counts.shrunk += 1;
            self.sequence = two.header.sequence.wrapping_add(1);
            self.advance(two.header.timestamp, at, two.lasts);
            return Some(Play::Two(one, two));
        }
        None
    }

    fn advance(&mut self, timestamp: u32, at: Nanos, units: u32) {
        self.next = Some((timestamp.wrapping_add(units), at + self.time(units)));
    }

    fn resync(&mut self) {
        while let Some(packet) = self.queue.pop_front() {
            self.give_back(packet.payload);
        }
        self.transits.clear();
        self.next = None;
    }

    fn time(&self, units: u32) -> Nanos {
        u64::from(units) * 1_000_000_000 / u64::from(self.clock)
    }

    /// How much later than its timestamp says a packet is, from an origin of our own.
    fn transit(&self, timestamp: u32, now: Nanos) -> i64 {
        let units = i64::from(timestamp.wrapping_sub(self.origin.0) as i32);
        let meant = units * 1_000_000_000 / i64::from(self.clock);
        now as i64 - self.origin.1 as i64 - meant
    }
}

fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

#[cfg(test)]
#[path = "jitter_tests.rs"]
mod tests;
