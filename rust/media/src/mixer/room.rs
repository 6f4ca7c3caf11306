//! A room: its members hear all but themselves.  Samples in, samples out; who decodes and encodes is `voices`' business.
//!
//! One sum is made of all that sounds; a member that is in it gets the sum less its own part, all others get the sum as
//! it is, so what they hear is made (and encoded) once.  Sums are 32 bits wide and saturate at the end.
use super::feed::{Feed, Taken, fade_in_place};
use super::talk::{TalkDetector, level};
use crate::Nanos;

/// Gains are in 256ths.
pub const UNITY: i32 = 256;
/// The largest gain: 24 dB.
pub const MOST_GAIN: i32 = 16 * UNITY;
/// A frame whose mean magnitude is below this is not mixed: -72 dBm0, far below what G.711 can carry of silence.
const INAUDIBLE: u32 = 4;

/// How a member takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taking {
    /// Nobody hears it.
    pub muted: bool,
    /// It hears nobody.
    pub deaf: bool,
    /// Of what it says and of what it hears, in 256ths.
    pub gain_in: i32,
    pub gain_out: i32,
    /// Mean magnitude from which on it talks, and how long silence lasts, ms.
    pub talking_threshold: u32,
    pub silence_ms: u32,
    /// Mixed only while it talks.
    pub drop_silence: bool,
    /// Changes of talking are reported.
    pub report: bool,
    /// Only the member with this port is heard (a spy who listens to one side); 0: all.
    pub only_from: u64,
    /// Only the member with this port hears it (a whisper); 0: all.
    pub only_to: u64,
}

impl Default for Taking {
    fn default() -> Self {
        Taking {
            muted: false,
            deaf: false,
            gain_in: UNITY,
            gain_out: UNITY,
            talking_threshold: 160,
            silence_ms: 2500,
            drop_silence: false,
            report: false,
            only_from: 0,
            only_to: 0,
        }
    }
}

/// One who takes part.
#[derive(Debug)]
pub struct Member {
    /// Of its port.
    id: u64,
    pub feed: Feed,
    pub taking: Taking,
    talk: TalkDetector,
    /// What it says in this interval.
    frame: Vec<i16>,
    /// That is in the sum.
    said: bool,
    /// Where the gain's ramp has got to.
    gain: i32,
    out_gain: i32,
    /// It was in the sum, so it must fade when it is left out.
    sounding: bool,
    /// Somebody whispers to it in this interval.
    whispered_to: bool,
}

impl Member {
    fn new(id: u64, rate: u32, frame: usize, taking: Taking) -> Member {
        Member {
            id,
            feed: Feed::new(rate, frame),
            taking,
            talk: TalkDetector::new(taking.talking_threshold, taking.silence_ms),
            frame: vec![0; frame],
            said: false,
            gain: if taking.muted { 0 } else { taking.gain_in },
            out_gain: taking.gain_out,
            sounding: false,
            whispered_to: false,
        }
    }

    /// Whether what it says is wanted at all: it need not be decoded otherwise.
    #[must_use]
    pub fn wanted(&self) -> bool {
        !self.taking.muted || self.gain != 0
    }

    /// Whether it has to get something else than the others.
    #[must_use]
    pub fn apart(&self) -> bool {
        self.said
            || self.whispered_to
            || self.taking.only_from != 0
            || self.taking.deaf
            || self.taking.gain_out != UNITY
            || self.out_gain != self.taking.gain_out
    }

    #[must_use]
    pub fn talking(&self) -> bool {
        self.talk.talking()
    }

    /// Change how it takes part; true when that ends its talking.
    pub fn set(&mut self, taking: Taking) -> bool {
        if (taking.talking_threshold, taking.silence_ms)
            != (self.taking.talking_threshold, self.taking.silence_ms)
        {
            let talking = self.talk.talking();
            self.talk = TalkDetector::new(taking.talking_threshold, taking.silence_ms);
            if talking {
                // It goes on talking if it does; a change of numbers is no event.
                let _ = self.talk.frame(u32::MAX, 0);
            }
        }
        self.taking = taking;
        taking.muted && self.talk.stop()
    }

    /// Get this interval's frame; tells a change of talking.
    fn listen(&mut self, ms: u32, now: Nanos) -> Option<bool> {
        let target = if self.taking.muted {
            0
        } else {
            self.taking.gain_in
        };
        self.said = false;
        if self.feed.take(&mut self.frame, now) == Taken::Nothing {
            self.gain = target;
            self.sounding = false;
            return self.talk.frame(0, ms).filter(|_| !self.taking.muted);
        }
        let level = level(&self.frame);
        let change = if self.taking.muted {
            None
        } else {
            self.talk.frame(level, ms)
        };
        let wanted = level >= INAUDIBLE && (!self.taking.drop_silence || self.talk.talking());
        let audible = self.gain != 0 || target != 0;
        ramp(&mut self.frame, self.gain, target);
        self.gain = target;
        match (wanted && audible, self.sounding) {
            (true, true) => {}
            (true, false) => fade_in_place(&mut self.frame, true),
            (false, true) => fade_in_place(&mut self.frame, false),
            (false, false) => return change,
        }
        self.sounding = wanted && target != 0;
        self.said = true;
        change
    }
}

/// Everything that is mixed with each other.
#[derive(Debug)]
pub struct Room {
    pub id: u64,
    rate: u32,
    interval_ms: u32,
    members: Vec<Option<Member>>,
    vacant: Vec<usize>,
    sum: Vec<i32>,
    /// The sum as those hear it who said nothing.
    common: Vec<i16>,
    /// For one member, made when it is asked for.
    own: Vec<i16>,
    /// The last of those who left, faded, for the next frame.
    farewell: Vec<i16>,
    anyone: bool,
    /// Who whispers to which port in this interval.
    whispers: Vec<(usize, u64)>,
}

impl Room {
    /// `rate` in Hz; `interval_ms` 10, 20, 40 or 80.
    #[must_use]
    pub fn new(id: u64, rate: u32, interval_ms: u32) -> Room {
        let mut room = Room {
            id,
            rate: 8000,
            interval_ms: interval_ms.clamp(10, 80),
            members: Vec::new(),
            vacant: Vec::new(),
            sum: Vec::new(),
            common: Vec::new(),
            own: Vec::new(),
            farewell: Vec::new(),
            anyone: false,
            whispers: Vec::new(),
        };
        room.set_rate(rate);
        room
    }

    #[must_use]
    pub fn rate(&self) -> u32 {
        self.rate
    }

    #[must_use]
    pub fn interval_ms(&self) -> u32 {
        self.interval_ms
    }

    /// Samples of an interval.
    #[must_use]
    pub fn frame(&self) -> usize {
        (self.rate / 1000 * self.interval_ms) as usize
    }

    /// Change the rate; what has been said and not heard is left out.
    pub fn set_rate(&mut self, rate: u32) {
        self.rate = (rate / 1000).clamp(8, 192) * 1000;
        let frame = self.frame();
        self.sum = vec![0; frame];
        self.common = vec![0; frame];
        self.own = vec![0; frame];
        self.farewell.clear();
        for member in self.members.iter_mut().flatten() {
            member.feed = Feed::new(self.rate, frame);
            member.frame = vec![0; frame];
            member.said = false;
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.len() == self.vacant.len()
    }

    /// Take somebody in; gives the member's place.
    pub fn join(&mut self, id: u64, taking: Taking) -> usize {
        let member = Some(Member::new(id, self.rate, self.frame(), taking));
        match self.vacant.pop() {
            Some(place) => {
                self.members[place] = member;
                place
            }
            None => {
                self.members.push(member);
                self.members.len() - 1
            }
        }
    }

    /// Let somebody go; what he was saying fades.
    pub fn leave(&mut self, place: usize) {
        let Some(mut member) = self.members.get_mut(place).and_then(Option::take) else {
            return;
        };
        self.vacant.push(place);
        if member.sounding {
            // It sounds, so its feed asks for no time.
            member.listen(self.interval_ms, 0);
            if member.said {
                let length = member.frame.len();
                let fade = (self.rate / 200) as usize;
                fade_in_place(&mut member.frame[..fade.min(length)], false);
                member.frame[fade.min(length)..].fill(0);
                self.farewell.resize(length, 0);
                for (to, from) in self.farewell.iter_mut().zip(&member.frame) {
                    *to = to.saturating_add(*from);
                }
            }
        }
    }

    pub fn member(&mut self, place: usize) -> Option<&mut Member> {
        self.members.get_mut(place)?.as_mut()
    }

    /// Make this interval's sum; places whose talking changed, and to what, are added to `changes`.
    pub fn mix(&mut self, now: Nanos, changes: &mut Vec<(usize, bool)>) {
        self.sum.fill(0);
        self.anyone = false;
        self.whispers.clear();
        for (place, member) in self.members.iter_mut().enumerate() {
            let Some(member) = member else { continue };
            if let Some(talking) = member.listen(self.interval_ms, now)
                && member.taking.report
            {
                changes.push((place, talking));
            }
            member.whispered_to = false;
            if member.said && member.taking.only_to != 0 {
                self.whispers.push((place, member.taking.only_to));
            } else if member.said {
                self.anyone = true;
                for (sum, sample) in self.sum.iter_mut().zip(&member.frame) {
                    *sum += i32::from(*sample);
                }
            }
        }
        for (_, to) in &self.whispers {
            for member in self.members.iter_mut().flatten() {
                member.whispered_to |= member.id == *to;
            }
        }
        if !self.farewell.is_empty() {
            self.anyone = true;
            for (sum, sample) in self.sum.iter_mut().zip(&self.farewell) {
                *sum += i32::from(*sample);
            }
            self.farewell.clear();
        }
        if self.anyone {
            for (to, sum) in self.common.iter_mut().zip(&self.sum) {
                *to = saturate(*sum);
            }
        } else {
            self.common.fill(0);
        }
    }

    /// What all hear that are not apart.
    #[must_use]
    pub fn common(&self) -> &[i16] {
        &self.common
    }

    /// What this member hears.
    pub fn heard_by(&mut self, place: usize) -> &[i16] {
        let Some(Some(member)) = self.members.get_mut(place) else {
            return &self.common;
        };
        if !member.apart() {
            return &self.common;
        }
        if member.taking.only_from != 0 {
            let from = member.taking.only_from;
            self.own.fill(0);
            self.add_one(place, from);
        } else if member.said && member.taking.only_to == 0 {
            for ((to, sum), own) in self.own.iter_mut().zip(&self.sum).zip(&member.frame) {
                *to = saturate(*sum - i32::from(*own));
            }
        } else {
            self.own.copy_from_slice(&self.common);
        }
        for n in 0..self.whispers.len() {
            let (from, to) = self.whispers[n];
            if self.members[place].as_ref().is_some_and(|m| m.id == to) && from != place {
                self.add(from);
            }
        }
        let Some(Some(member)) = self.members.get_mut(place) else {
            return &self.common;
        };
        let target = if member.taking.deaf {
            0
        } else {
            member.taking.gain_out
        };
        ramp(&mut self.own, member.out_gain, target);
        member.out_gain = target;
        &self.own
    }
}

impl Room {
    /// Add to `own` what the member with this port says to all.
    fn add_one(&mut self, listener: usize, id: u64) {
        let found = self.members.iter().position(|m| {
            m.as_ref()
                .is_some_and(|m| m.id == id && m.said && m.taking.only_to == 0)
        });
        if let Some(place) = found.filter(|place| *place != listener) {
            self.add(place);
        }
    }

    /// Add to `own` what the member at this place says.
    fn add(&mut self, place: usize) {
        if let Some(Some(member)) = self.members.get(place) {
            for (to, sample) in self.own.iter_mut().zip(&member.frame) {
                *to = to.saturating_add(*sample);
            }
        }
    }
}

#[inline]
fn saturate(sum: i32) -> i16 {
    sum.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

/// Apply a gain that goes from one value to the other over the frame.
fn ramp(frame: &mut [i16], from: i32, to: i32) {
    let (from, to) = (from.clamp(0, MOST_GAIN), to.clamp(0, MOST_GAIN));
    if from == to {
        if to == 0 {
            frame.fill(0);
        } else if to != UNITY {
            for sample in frame.iter_mut() {
                *sample = saturate(i32::from(*sample) * to / UNITY);
            }
        }
        return;
    }
    let length = frame.len().max(1) as i32;
    for (n, sample) in frame.iter_mut().enumerate() {
        let gain = from + (to - from) * n as i32 / length;
        *sample = saturate(i32::from(*sample) * gain / UNITY);
    }
}

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
