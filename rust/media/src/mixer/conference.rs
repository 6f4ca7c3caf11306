//! A room with its members' codecs: packets in, packets out.
use super::intake::Intake;
use super::outlet::{Outlet, Outlets, Send};
use super::room::{Room, Taking};
use crate::Nanos;
use crate::codecs::Format;
use crate::rtp::packet::Header;

/// A room whose interval is longer sends in steps of this, so that packets stay evenly spaced.
const LONGEST_STEP_MS: u32 = 20;

/// The port of a member, and its codecs' states.
struct Seat {
    slot: usize,
    intake: Option<Intake>,
    outlet: Option<Outlet>,
    ssrc: u32,
}

/// Who sits where, what they say and what they hear.
pub struct Conference {
    room: Room,
    outlets: Outlets,
    seats: Vec<Option<Seat>>,
    /// When the next step is due.
    pub due: Nanos,
    since_mix_ms: u32,
    changes: Vec<(usize, bool)>,
}

impl Conference {
    #[must_use]
    pub fn new(id: u64, rate: u32, interval_ms: u32, now: Nanos) -> Conference {
        let room = Room::new(id, rate, interval_ms);
        let mut conference = Conference {
            outlets: Outlets::new(room.rate()),
            since_mix_ms: room.interval_ms(),
            room,
            seats: Vec::new(),
            due: 0,
            changes: Vec::new(),
        };
        conference.due = now + conference.step_nanos();
        conference
    }

    #[must_use]
    pub fn id(&self) -> u64 {
        self.room.id
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.room.is_empty()
    }

    fn step_ms(&self) -> u32 {
        self.room.interval_ms().min(LONGEST_STEP_MS)
    }

    #[must_use]
    pub fn step_nanos(&self) -> Nanos {
        u64::from(self.step_ms()) * 1_000_000
    }

    /// The slots of all members.
    pub fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        self.seats.iter().flatten().map(|seat| seat.slot)
    }

    /// The slot of the member at this place.
    #[must_use]
    pub fn slot(&self, place: usize) -> Option<usize> {
        Some(self.seats.get(place)?.as_ref()?.slot)
    }

    /// Change the rate of mixing; what has been said and not heard is left out.
    pub fn set_rate(&mut self, rate: u32, send: impl Fn(usize) -> Option<Send>) {
        self.room.set_rate(rate);
        self.outlets = Outlets::new(self.room.rate());
        for seat in self.seats.iter_mut().flatten() {
            seat.intake = None;
            seat.outlet = send(seat.slot).and_then(|send| self.outlets.join(&send));
        }
    }

    /// Take the port with this slot and id in; gives its place.
    pub fn join(&mut self, slot: usize, id: u64, taking: Taking, send: &Send) -> usize {
        let place = self.room.join(id, taking);
        if self.seats.len() <= place {
            self.seats.resize_with(place + 1, || None);
        }
        self.seats[place] = Some(Seat {
            slot,
            intake: None,
            outlet: self.outlets.join(send),
            ssrc: 0,
        });
        place
    }

    pub fn leave(&mut self, place: usize) {
        self.room.leave(place);
        if let Some(outlet) = self
            .seats
            .get_mut(place)
            .and_then(Option::take)
            .and_then(|seat| seat.outlet)
        {
            self.outlets.leave(&outlet);
        }
    }

    /// A member's codec has changed.
    pub fn renew(&mut self, place: usize, send: &Send) {
        if let Some(Some(seat)) = self.seats.get_mut(place) {
            if let Some(outlet) = seat.outlet.take() {
                self.outlets.leave(&outlet);
            }
            seat.outlet = self.outlets.join(send);
        }
    }

    /// Change how a member takes part; true when that ends its talking (and it is reported).
    pub fn set(&mut self, place: usize, taking: Taking) -> bool {
        self.room
            .member(place)
            .is_some_and(|member| member.set(taking) && taking.report)
    }

    /// A packet of a member; false when the engine cannot decode its format.
    pub fn hear(
        &mut self,
        place: usize,
        format: Format,
        header: &Header,
        payload: &[u8],
        now: Nanos,
    ) -> bool {
        let rate = self.room.rate();
        let (Some(Some(seat)), Some(member)) = (self.seats.get_mut(place), self.room.member(place))
        else {
            return true;
        };
        if !member.wanted() {
            return true;
        }
        if seat.ssrc != header.ssrc {
            seat.ssrc = header.ssrc;
            seat.intake = None;
            member.feed.restart();
        }
        if seat
            .intake
            .as_ref()
            .is_none_or(|intake| intake.format() != format)
        {
            seat.intake = Intake::new(format, rate);
        }
        let Some(intake) = &mut seat.intake else {
            return false;
        };
        intake.hear(header, payload, &mut member.feed, now);
        true
    }

    /// Who began or stopped talking in the last step: place, on.
    #[must_use]
    pub fn changes(&self) -> &[(usize, bool)] {
        &self.changes
    }

    /// One step: mix when it is time, and give each member's packets to `send(slot, payload)`.
    pub fn step(&mut self, now: Nanos, send: &mut impl FnMut(usize, &[u8])) {
        let step_ms = self.step_ms();
        self.since_mix_ms += step_ms;
        let mixed = self.since_mix_ms >= self.room.interval_ms();
        self.changes.clear();
        if mixed {
            self.since_mix_ms = 0;
            self.room.mix(now, &mut self.changes);
            for (place, seat) in self.seats.iter_mut().enumerate() {
                if let Some(Seat {
                    outlet: Some(outlet),
                    ..
                }) = seat
                    && self.room.member(place).is_some_and(|member| member.apart())
                {
                    self.outlets.part(outlet);
                }
            }
        }
        self.outlets
            .step(mixed.then_some(self.room.common()), step_ms);
        for (place, seat) in self.seats.iter_mut().enumerate() {
            let Some(Seat {
                slot,
                outlet: Some(outlet),
                ..
            }) = seat
            else {
                continue;
            };
            let heard = if mixed && outlet.apart() {
                Some(self.room.heard_by(place))
            } else {
                None
            };
            let (payload, packets) = self.outlets.serve(outlet, heard, step_ms);
            for packet in packets {
                send(*slot, &payload[packet.clone()]);
            }
            self.outlets.rejoin(outlet);
        }
    }
}
