//! From a room's samples to its members' payloads: encoded once for all who hear the same in the same format.
//!
//! Those with one format and packet time are a group.  All packets of a group are due in the same step, so a member
//! can leave the common voice for one of its own, and come back, between two packets.
use crate::codecs::{Encoder, Format, Parameters};
use crate::resample::Resampler;
use std::ops::Range;

/// How long somebody who has fallen silent keeps an encoder of his own, ms: to change encoders in each pause
/// for breath would cost more than it saves.
const LINGER_MS: u32 = 3000;

/// How a member is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    pub format: Format,
    /// The far end's parameters, and the configuration's.
    pub fmtp: Box<str>,
    pub settings: Box<str>,
    pub ptime_ms: u32,
}

/// Samples on their way through an encoder.
struct Track {
    encoder: Box<dyn Encoder>,
    resampler: Resampler,
    /// What went in last, for the filter of a track that takes over.
    fed: Vec<i16>,
    pending: Vec<i16>,
    /// Samples of a packet.
    packet: usize,
    /// The last packet's samples, for an encoder that takes over.
    last: Vec<i16>,
}

impl Track {
    fn new(send: &Send, rate: u32) -> Option<Track> {
        let encoder = send.format.encoder(&Parameters {
            rate,
            fmtp: &send.fmtp,
            settings: &send.settings,
        })?;
        Some(Track {
            resampler: Resampler::new(rate, encoder.rate()),
            fed: Vec::new(),
            pending: Vec::new(),
            packet: (encoder.rate() / 1000 * send.ptime_ms).max(1) as usize,
            last: Vec::new(),
            encoder,
        })
    }

    fn add(&mut self, samples: &[i16]) {
        if self.resampler.changes() {
            self.resampler.process(samples, &mut self.pending);
            self.fed.clear();
            self.fed.extend_from_slice(samples);
        } else {
            self.pending.extend_from_slice(samples);
        }
    }

    fn ready(&self) -> bool {
        self.pending.len() >= self.packet
    }

    /// Take one packet's samples, and encode them when somebody wants it.
    fn packet(&mut self, wanted: bool, payload: &mut Vec<u8>) -> Range<usize> {
        let start = payload.len();
        let count = self.packet.min(self.pending.len());
        if wanted {
            self.encoder.encode(&self.pending[..count], payload);
        }
        self.last.clear();
        self.last.extend_from_slice(&self.pending[..count]);
        self.pending.drain(..count);
        start..payload.len()
    }

    /// Bring the encoder to where the far end's decoder is, as well as that can be known.
    fn prime(&mut self, last: &[i16]) {
        if !last.is_empty() {
            self.encoder.encode(last, &mut Vec::new());
        }
    }

    /// Go on where another track is.
    fn follow(&mut self, other: &Track) {
        self.prime(&other.last);
        self.resampler.process(&other.fed, &mut Vec::new());
        self.pending.clear();
        self.pending.extend_from_slice(&other.pending);
    }
}

/// All members with one format and packet time.
struct Group {
    send: Send,
    track: Track,
    /// Milliseconds of packets that are due.
    credit_ms: u32,
    members: usize,
    /// Those of them who get what the group encodes.
    followers: usize,
    payload: Vec<u8>,
    packets: Vec<Range<usize>>,
}

/// Where one member's packets come from.
pub struct Outlet {
    group: usize,
    own: Option<Box<Own>>,
}

struct Own {
    track: Track,
    payload: Vec<u8>,
    packets: Vec<Range<usize>>,
    linger_ms: u32,
}

/// The encoders of a room.
pub struct Outlets {
    rate: u32,
    groups: Vec<Option<Group>>,
}

impl Outlets {
    /// For a room of this rate in Hz.
    #[must_use]
    pub fn new(rate: u32) -> Outlets {
        Outlets {
            rate,
            groups: Vec::new(),
        }
    }

    /// A member with this format comes in.  None when the engine cannot encode it.
    pub fn join(&mut self, send: &Send) -> Option<Outlet> {
        let mut send = send.clone();
        send.ptime_ms = send.ptime_ms.clamp(5, 120);
        let same = |group: &Option<Group>| group.as_ref().is_some_and(|g| g.send == send);
        let place = match self.groups.iter().position(same) {
            Some(place) => place,
            None => {
                let group = Group {
                    track: Track::new(&send, self.rate)?,
                    // The first packet goes out as soon as there is one.
                    credit_ms: send.ptime_ms,
                    send,
                    members: 0,
                    followers: 0,
                    payload: Vec::new(),
                    packets: Vec::new(),
                };
                match self.groups.iter().position(Option::is_none) {
                    Some(place) => {
                        self.groups[place] = Some(group);
                        place
                    }
                    None => {
                        self.groups.push(Some(group));
                        self.groups.len() - 1
                    }
                }
            }
        };
        let group = self.groups[place].as_mut()?;
        group.members += 1;
        group.follow();
        Some(Outlet {
            group: place,
            own: None,
        })
    }

    pub fn leave(&mut self, outlet: &Outlet) {
        let Some(Some(group)) = self.groups.get_mut(outlet.group) else {
            return;
        };
        group.members -= 1;
        if outlet.own.is_none() {
            group.followers -= 1;
        }
        if group.members == 0 {
            self.groups[outlet.group] = None;
        }
    }

    /// Before `step`: this member hears something else from now on.
    pub fn part(&mut self, outlet: &mut Outlet) {
        let Some(Some(group)) = self.groups.get_mut(outlet.group) else {
            return;
        };
        if let Some(own) = &mut outlet.own {
            own.linger_ms = 0;
        } else if let Some(mut track) = Track::new(&group.send, self.rate) {
            track.follow(&group.track);
            group.followers -= 1;
            outlet.own = Some(Box::new(Own {
                track,
                payload: Vec::new(),
                packets: Vec::new(),
                linger_ms: 0,
            }));
        }
    }

    /// Time has passed; `common` is what all hear, when it has been mixed in this step.
    pub fn step(&mut self, common: Option<&[i16]>, step_ms: u32) {
        for group in self.groups.iter_mut().flatten() {
            if let Some(common) = common {
                group.track.add(common);
            }
            group.payload.clear();
            group.packets.clear();
            group.credit_ms += step_ms;
            while group.credit_ms >= group.send.ptime_ms && group.track.ready() {
                group.credit_ms -= group.send.ptime_ms;
                let packet = group.track.packet(group.followers > 0, &mut group.payload);
                group.packets.push(packet);
            }
            group.credit_ms = group.credit_ms.min(group.send.ptime_ms);
        }
    }

    /// After `step`: what this member is to be sent now.  `heard` is asked for what it hears when the room has
    /// been mixed in this step and it does not follow the others.
    pub fn serve<'a>(
        &'a mut self,
        outlet: &'a mut Outlet,
        heard: Option<&[i16]>,
        step_ms: u32,
    ) -> (&'a [u8], &'a [Range<usize>]) {
        let Some(Some(group)) = self.groups.get_mut(outlet.group) else {
            return (&[], &[]);
        };
        let Some(own) = &mut outlet.own else {
            return (&group.payload, &group.packets);
        };
        if let Some(heard) = heard {
            own.track.add(heard);
        }
        own.payload.clear();
        own.packets.clear();
        for _ in 0..group.packets.len() {
            let packet = own.track.packet(true, &mut own.payload);
            own.packets.push(packet);
        }
        own.linger_ms += step_ms;
        (&own.payload, &own.packets)
    }

    /// After `serve`: go back to what all hear when there was nothing of its own for long.
    pub fn rejoin(&mut self, outlet: &mut Outlet) {
        if outlet
            .own
            .as_ref()
            .is_some_and(|own| own.linger_ms >= LINGER_MS)
            && let Some(Some(group)) = self.groups.get_mut(outlet.group)
        {
            outlet.own = None;
            group.follow();
        }
    }
}

impl Group {
    /// One more gets what the group encodes.
    fn follow(&mut self) {
        if self.followers == 0 {
            let last = std::mem::take(&mut self.track.last);
            self.track.prime(&last);
            self.track.last = last;
        }
        self.followers += 1;
    }
}

impl Outlet {
    /// Whether it has an encoder of its own.
    #[must_use]
    pub fn apart(&self) -> bool {
        self.own.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(format: Format, ptime_ms: u32) -> Send {
        Send {
            format,
            fmtp: "".into(),
            settings: "".into(),
            ptime_ms,
        }
    }

    /// Three members of G.711; the first is apart from step 5 to 9.
    fn run(interval: usize, ptime_ms: u32) -> (Vec<Vec<u8>>, Vec<usize>) {
        let mut outlets = Outlets::new(8000);
        let mut members: Vec<Outlet> = (0..3)
            .filter_map(|_| outlets.join(&send(Format::PCMU, ptime_ms)))
            .collect();
        let mut got = vec![Vec::new(); 3];
        let mut sizes = Vec::new();
        for step in 0..40 {
            let mixed = step * 20 % interval == 0;
            let apart = (5..10).contains(&step);
            if apart {
                outlets.part(&mut members[0]);
            }
            let common = vec![100 + step as i16; interval * 8];
            let own = vec![-100 - step as i16; interval * 8];
            outlets.step(mixed.then_some(&common[..]), 20);
            for (n, member) in members.iter_mut().enumerate() {
                let heard = if apart && n == 0 { &own } else { &common };
                let (payload, packets) = outlets.serve(member, mixed.then_some(&heard[..]), 20);
                got[n].extend_from_slice(payload);
                sizes.extend(packets.iter().map(Range::len));
                outlets.rejoin(member);
            }
        }
        (got, sizes)
    }

    #[test]
    fn all_get_the_same_but_who_is_apart_and_packets_are_whole() {
        for interval in [20, 40, 80] {
            for ptime in [10, 20, 30, 40] {
                let (got, sizes) = run(interval, ptime);
                assert!(sizes.iter().all(|size| *size == ptime as usize * 8));
                assert_eq!(got[1], got[2]);
                assert_eq!(got[0].len(), got[1].len(), "{interval} {ptime}");
                assert!(
                    got[1].len() >= 30 * 160,
                    "{interval} {ptime}: {}",
                    got[1].len()
                );
                let differ = got[0].iter().zip(&got[1]).filter(|(a, b)| a != b).count();
                let mixes = (5..10).filter(|step| step * 20 % interval == 0).count();
                assert_eq!(differ, mixes * interval * 8, "{interval} {ptime}");
            }
        }
    }

    #[test]
    fn one_who_falls_silent_follows_the_others_again() {
        let mut outlets = Outlets::new(8000);
        let mut member = outlets.join(&send(Format::PCMA, 20)).unwrap();
        outlets.part(&mut member);
        let mut steps = 0;
        while member.apart() {
            outlets.step(Some(&[0; 160]), 20);
            outlets.serve(&mut member, Some(&[0; 160]), 20);
            outlets.rejoin(&mut member);
            steps += 1;
        }
        assert_eq!(steps, LINGER_MS / 20);
        outlets.leave(&member);
        assert!(outlets.groups.iter().all(Option::is_none));
    }
}
