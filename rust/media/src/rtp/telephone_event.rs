//! DTMF as telephone-events (RFC 4733): digits out of a stream that loses, repeats and reorders packets,
//! and the packets of digits to be sent.
use crate::Nanos;
use crate::stats::digit_text;
use std::collections::VecDeque;

/// The digits of events 0-16; 16 is hook flash.
const DIGITS: &[u8; 17] = b"0123456789*#ABCD!";
/// An event of which nothing is heard so long has ended; its end packets were lost.
const LOST_END: Nanos = 200_000_000;
/// Packets of an event older than this many seconds are the remote's new timeline.
const OLD_S: u32 = 10;
/// End packets of one event (RFC 4733 section 2.5.1.4).
const ENDS: u8 = 3;

/// Name of an event code, if it is one that we know.
#[must_use]
pub fn digit_of(code: u8) -> Option<&'static str> {
    DIGITS
        .get(usize::from(code))
        .and_then(|digit| digit_text(char::from(*digit)))
}

/// Code of a digit.
#[must_use]
pub fn code_of(digit: char) -> Option<u8> {
    DIGITS
        .iter()
        .position(|d| char::from(*d) == digit.to_ascii_uppercase())
        .map(|n| n as u8)
}

/// The payload of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    pub code: u8,
    pub end: bool,
    pub volume: u8,
    pub duration: u16,
}

impl Payload {
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Payload> {
        let [code, flags, high, low, ..] = *data else {
            return None;
        };
        Some(Payload {
            code,
            end: flags & 0x80 != 0,
            volume: flags & 0x3f,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    #[must_use]
    pub fn bytes(&self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [
            self.code,
            u8::from(self.end) << 7 | self.volume & 0x3f,
            high,
            low,
        ]
    }
}

/// What the receiver made of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    Begin(&'static str),
    End(&'static str, u32),
}

#[derive(Clone, Copy, Debug)]
struct Current {
    digit: &'static str,
    code: u8,
    timestamp: u32,
    /// Of earlier segments of a long event (section 2.5.1.3), and of this one.
    before: u32,
    duration: u32,
    clock: u32,
    at: Nanos,
}

impl Current {
    fn ended(&self) -> Edge {
        let units = u64::from(self.before) + u64::from(self.duration);
        Edge::End(
            self.digit,
            (units * 1000 / u64::from(self.clock.max(1))) as u32,
        )
    }
}

/// Receives the events of one stream.
#[derive(Debug, Default)]
pub struct EventReceiver {
    current: Option<Current>,
    /// Timestamp of the event that ended last.
    over: Option<u32>,
}

impl EventReceiver {
    /// Whether an event is going on, so that `timeout` must be called now and then.
    #[must_use]
    pub fn active(&self) -> bool {
        self.current.is_some()
    }

    /// Take a packet's payload.  At most three edges: the end of an event whose end was lost, begin, end.
    pub fn packet(
        &mut self,
        data: &[u8],
        timestamp: u32,
        marker: bool,
        clock: u32,
        now: Nanos,
    ) -> Edges {
        let mut edges = Edges::default();
        let Some(payload) = Payload::parse(data) else {
            return edges;
        };
        let Some(digit) = digit_of(payload.code) else {
            return edges;
        };
        let newest = self.current.map(|c| c.timestamp).or(self.over);
        if let Some(newest) = newest {
            let back = newest.wrapping_sub(timestamp);
            if back != 0 && back < OLD_S * clock.max(8000) {
                return edges;
            }
        }
        if self.over == Some(timestamp) {
            return edges;
        }
        match &mut self.current {
            Some(current) if current.timestamp == timestamp => {
                current.duration = current.duration.max(u32::from(payload.duration));
                current.at = now;
            }
            Some(current)
                if current.code == payload.code
                    && !marker
                    && current.duration >= 0xf000
                    && timestamp.wrapping_sub(current.timestamp) <= 0x1_0000 =>
            {
                current.before += timestamp.wrapping_sub(current.timestamp);
                current.timestamp = timestamp;
                current.duration = u32::from(payload.duration);
                current.at = now;
            }
            other => {
                if let Some(current) = other.take() {
                    edges.push(current.ended());
                }
                edges.push(Edge::Begin(digit));
                self.current = Some(Current {
                    digit,
                    code: payload.code,
                    timestamp,
                    before: 0,
                    duration: u32::from(payload.duration),
                    clock,
                    at: now,
                });
            }
        }
        if payload.end
            && let Some(current) = self.current.take()
        {
            self.over = Some(timestamp);
            edges.push(current.ended());
        }
        edges
    }

    /// The end of an event whose end packets do not come.
    pub fn timeout(&mut self, now: Nanos) -> Option<Edge> {
        let current = self
            .current
            .take_if(|c| now.saturating_sub(c.at) >= LOST_END)?;
        self.over = Some(current.timestamp);
        Some(current.ended())
    }

    /// The stream started anew (another SSRC): what goes on ends, and timestamps mean nothing any more.
    pub fn restart(&mut self) -> Option<Edge> {
        self.over = None;
        self.current.take().map(|current| current.ended())
    }
}

/// Up to three edges, in order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Edges([Option<Edge>; 3]);

impl Edges {
    fn push(&mut self, edge: Edge) {
        if let Some(free) = self.0.iter_mut().find(|e| e.is_none()) {
            *free = Some(edge);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = Edge> + '_ {
        self.0.iter().flatten().copied()
    }
}

/// One digit to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Digit {
    /// 0-9 A-D * #, or 'W' for a pause of `duration_ms`.
    pub digit: char,
    pub duration_ms: u32,
    pub gap_ms: u32,
    /// Set on the last digit of a request: report this id when it is out.
    pub done: Option<u32>,
}

/// What is to be done in this tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Start this digit, to last so many ms: choose the event's timestamp, or start the tone; then call `tick`
    /// again.
    Begin(char, u32),
    /// Send a packet of the digit: how long it has lasted.
    Event {
        code: u8,
        first: bool,
        end: bool,
        ms: u32,
    },
    /// The tone goes on.
    Tone,
    /// A pause; audio passes.
    Gap,
    /// The request with this id is out; then call `tick` again.
    Sent(u32),
    Idle,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Idle,
    Sending {
        digit: Digit,
        ms: u32,
        ends: u8,
        started: bool,
    },
    Gap {
        left_ms: u32,
    },
    Report(u32, u32),
}

/// Sends digits one after the other, a packet a tick.
#[derive(Debug)]
pub struct DigitSender {
    queue: VecDeque<Digit>,
    state: State,
}

impl Default for DigitSender {
    fn default() -> Self {
        DigitSender {
            queue: VecDeque::new(),
            state: State::Idle,
        }
    }
}

impl DigitSender {
    pub fn push(&mut self, digits: impl IntoIterator<Item = Digit>) {
        self.queue.extend(digits);
    }

    #[must_use]
    pub fn active(&self) -> bool {
        !self.queue.is_empty() || !matches!(self.state, State::Idle)
    }

    /// Whether audio must be held back now.
    #[must_use]
    pub fn sending(&self) -> bool {
        matches!(self.state, State::Sending { digit, .. } if digit.digit != 'W')
    }

    /// The next step; `tick_ms` goes by with each `Event`, `Tone` or `Gap`.
    pub fn tick(&mut self, tick_ms: u32) -> Step {
        match self.state {
            State::Idle => match self.queue.pop_front() {
                None => Step::Idle,
                Some(digit) => {
                    self.state = State::Sending {
                        digit,
                        ms: 0,
                        ends: 0,
                        started: false,
                    };
                    if digit.digit == 'W' {
                        self.tick(tick_ms)
                    } else {
                        Step::Begin(digit.digit, digit.duration_ms)
                    }
                }
            },
            State::Sending {
                digit,
                ms,
                ends,
                started,
            } => {
                let ms = if ends == 0 { ms + tick_ms } else { ms };
                let end = ms >= digit.duration_ms;
                let ends = ends + u8::from(end);
                self.state = State::Sending {
                    digit,
                    ms,
                    ends,
                    started: true,
                };
                let code = code_of(digit.digit);
                if digit.digit == 'W' {
                    if end {
                        self.state = State::Report(digit.done.unwrap_or(0), 0);
                    }
                    return Step::Gap;
                }
                let Some(code) = code else {
                    self.state = State::Report(digit.done.unwrap_or(0), 0);
                    return Step::Gap;
                };
                if ends >= ENDS {
                    let gap = digit.gap_ms.saturating_sub(tick_ms * u32::from(ENDS - 1));
                    self.state = State::Report(digit.done.unwrap_or(0), gap);
                }
                Step::Event {
                    code,
                    first: !started,
                    end,
                    ms: ms.min(digit.duration_ms.max(tick_ms)),
                }
            }
            State::Report(id, gap) => {
                self.state = if gap > 0 {
                    State::Gap { left_ms: gap }
                } else {
                    State::Idle
                };
                if id != 0 {
                    Step::Sent(id)
                } else {
                    self.tick(tick_ms)
                }
            }
            State::Gap { left_ms } => {
                let left_ms = left_ms.saturating_sub(tick_ms);
                self.state = if left_ms > 0 {
                    State::Gap { left_ms }
                } else {
                    State::Idle
                };
                Step::Gap
            }
        }
    }

    /// The same for a port that sends tones: one `end` closes the digit.
    pub fn tick_tone(&mut self, tick_ms: u32) -> Step {
        match self.tick(tick_ms) {
            Step::Event { end, .. } => {
                if end && let State::Sending { digit, .. } = self.state {
                    self.state = State::Report(digit.done.unwrap_or(0), digit.gap_ms);
                }
                Step::Tone
            }
            other => other,
        }
    }
}

#[cfg(test)]
#[path = "telephone_event_tests.rs"]
mod tests;
