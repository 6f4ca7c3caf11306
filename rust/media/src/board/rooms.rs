//! Conferences on the board: who sits in which room, and the rooms' own clock.
use super::Board;
use crate::Nanos;
use crate::mixer::conference::Conference;
use crate::mixer::room::Taking;
use crate::port::recorder::Way;
use crate::port::{Frames, Link, Output, Refused};
use crate::rtp::packet::Header;
use crate::stats::{Dropped, Event, Kind};
use std::borrow::Cow;
use std::ops::Range;

/// Steps made up for at once when the worker was held up; what is beyond is left out.
const MAX_CATCH_UP: u64 = 3;

/// The rooms of a worker, by place.
#[derive(Default)]
pub(super) struct Rooms {
    rooms: Vec<Option<Box<Conference>>>,
    /// When the first of them is due.
    pub(super) due: Option<Nanos>,
    made: Made,
    /// The payload of a member's packet that was changed.
    reworked: Vec<u8>,
}

/// The packets of one step, one after the other in one buffer that is used again.
#[derive(Default)]
struct Made {
    data: Vec<u8>,
    packets: Vec<(usize, Range<usize>)>,
    /// Of one member that makes its own.
    frames: Frames,
}

impl Made {
    fn clear(&mut self) {
        self.data.clear();
        self.packets.clear();
    }
}

impl Rooms {
    fn find(&self, id: u64) -> Option<usize> {
        self.rooms
            .iter()
            .position(|room| room.as_ref().is_some_and(|room| room.id() == id))
    }

    fn look(&mut self) {
        // An empty room needs no time.
        self.due = self
            .rooms
            .iter()
            .flatten()
            .filter(|room| !room.is_empty())
            .map(|room| room.due)
            .min();
    }
}

impl Board {
    /// Open a room; `id` is never used twice.
    pub fn open_room(&mut self, id: u64, rate: u32, interval_ms: u32, now: Nanos) {
        let room = Some(Box::new(Conference::new(id, rate, interval_ms, now)));
        match self.rooms.rooms.iter().position(Option::is_none) {
            Some(place) => self.rooms.rooms[place] = room,
            None => self.rooms.rooms.push(room),
        }
    }

    /// Close a room; who is in it hears nobody any more.
    pub fn close_room(&mut self, id: u64) {
        let Some(place) = self.rooms.find(id) else {
            return;
        };
        if let Some(room) = self.rooms.rooms[place].take() {
            for slot in room.slots() {
                if let Some(Some(port)) = self.ports.get_mut(slot) {
                    port.link = Link::None;
                }
            }
        }
        self.rooms.look();
    }

    /// Mix at another rate.
    pub fn set_room_rate(&mut self, id: u64, rate: u32) {
        if let Some(place) = self.rooms.find(id)
            && let Some(room) = &mut self.rooms.rooms[place]
        {
            let ports = &self.ports;
            room.set_rate(rate, |slot| Some(ports.get(slot)?.as_ref()?.sends()));
        }
    }

    /// Put the port in `slot` into a room, out of whatever it was joined with.  In the room already: only how it
    /// takes part changes.
    pub fn join_room(
        &mut self,
        slot: usize,
        id: u64,
        taking: Taking,
        now: Nanos,
        out: &mut impl Output,
    ) {
        let Some(place) = self.rooms.find(id) else {
            return;
        };
        if let Some(Some(port)) = self.ports.get(slot)
            && let Link::Room { room, member } = port.link
            && room == place
        {
            let port_id = port.id;
            if let Some(room) = &mut self.rooms.rooms[room]
                && room.set(member, taking)
            {
                out.event(talking(port_id, false));
            }
            return;
        }
        self.unlink(slot);
        let (Some(Some(port)), Some(room)) =
            (self.ports.get_mut(slot), &mut self.rooms.rooms[place])
        else {
            return;
        };
        if room.is_empty() {
            room.due = now + room.step_nanos();
        }
        port.choose_mixed();
        let member = room.join(slot, port.id, taking, &port.sends());
        port.link = Link::Room {
            room: place,
            member,
        };
        port.begin_mixed();
        self.rooms.look();
    }

    /// The port's codec has changed: the room must encode for it anew.
    pub fn renew_room(&mut self, slot: usize) {
        if let Some(Some(port)) = self.ports.get_mut(slot)
            && let Link::Room { room, member } = port.link
            && let Some(Some(room)) = self.rooms.rooms.get_mut(room)
        {
            port.choose_mixed();
            room.renew(member, &port.sends());
        }
    }

    /// What the port does to what it sends may have changed: the room must send to it as it can use it.
    pub fn rechoose_room(&mut self, slot: usize) {
        if let Some(Some(port)) = self.ports.get_mut(slot)
            && let Link::Room { room, member } = port.link
            && port.choose_mixed()
            && let Some(Some(room)) = self.rooms.rooms.get_mut(room)
        {
            room.renew(member, &port.sends());
        }
    }

    /// Take a port out of its room; its link is the caller's business.
    pub(super) fn leave_room(&mut self, room: usize, member: usize) {
        if let Some(Some(room)) = self.rooms.rooms.get_mut(room) {
            room.leave(member);
        }
        self.rooms.look();
    }

    /// A packet of a member.
    pub(super) fn room_hears(
        &mut self,
        (room, member): (usize, usize),
        format: crate::codecs::Format,
        header: &Header,
        payload: &[u8],
        now: Nanos,
    ) {
        if let Some(Some(room)) = self.rooms.rooms.get_mut(room)
            && !room.hear(member, format, header, payload, now)
        {
            self.stats.dropped(Dropped::Format);
        }
    }

    /// A packet of a member that is changed before anybody hears it.
    pub(super) fn room_hears_reworked(
        &mut self,
        (slot, room, member): (usize, usize, usize),
        format: crate::codecs::Format,
        header: &Header,
        payload: &[u8],
        now: Nanos,
    ) {
        let Some(Some(port)) = self.ports.get_mut(slot) else {
            return;
        };
        let rate = port
            .reworked_rate(format)
            .max(port.listening_rate(format, Way::Heard));
        let heard = match port.hear(format, header, payload, rate) {
            Ok(heard) => heard,
            Err(Refused::Late) => return self.stats.dropped(Dropped::Stale),
            Err(Refused::Damaged) => return self.stats.dropped(Dropped::Invalid),
        };
        let mut header = *header;
        // What was made up for is before the packet.
        let made = heard.made as u64 * u64::from(format.clock) / u64::from(rate.max(1));
        header.timestamp = header.timestamp.wrapping_sub(made as u32);
        let mut payload = std::mem::take(&mut self.rooms.reworked);
        if let Some((format, header)) = port.heard_linear(&header, format.clock, &mut payload) {
            self.room_hears((room, member), format, &header, &payload, now);
        }
        self.rooms.reworked = payload;
    }

    /// Let all rooms that are due mix and send.
    pub(super) fn advance_rooms(&mut self, now: Nanos, out: &mut impl Output) {
        for place in 0..self.rooms.rooms.len() {
            self.leave_out_of_room(place, now);
            while let Some(Some(room)) = self.rooms.rooms.get_mut(place)
                && !room.is_empty()
                && room.due <= now
            {
                if now - room.due > super::LATE {
                    self.stats.late_ticks.add(1);
                }
                self.stats.ticks.add(1);
                room.due += room.step_nanos();
                self.step_room(place, now, out);
            }
        }
        self.rooms.look();
    }

    fn leave_out_of_room(&mut self, place: usize, now: Nanos) {
        let Some(Some(room)) = self.rooms.rooms.get_mut(place) else {
            return;
        };
        let missed = super::left_out(room.due, room.step_nanos(), now, MAX_CATCH_UP);
        if missed == 0 || room.is_empty() {
            return;
        }
        self.stats.missed_ticks.add(missed);
        let time = missed * room.step_nanos();
        room.due += time;
        for slot in room.slots() {
            if let Some(Some(port)) = self.ports.get_mut(slot) {
                port.missed(time, true);
            }
        }
    }

    fn step_room(&mut self, place: usize, now: Nanos, out: &mut impl Output) {
        // A pipe of a member may lead into another room, but not back into this one.
        let Some(mut room) = self.rooms.rooms[place].take() else {
            return;
        };
        let mut made = std::mem::take(&mut self.rooms.made);
        made.clear();
        let ports = &mut self.ports;
        let frames = &mut made.frames;
        let (data, packets) = (&mut made.data, &mut made.packets);
        room.step(now, &mut |slot, payload| {
            let Some(Some(port)) = ports.get_mut(slot) else {
                return;
            };
            if port.mixed_linear() {
                frames.clear();
                port.speak_mixed(payload, now, frames);
                for range in frames.packets.iter().cloned() {
                    let start = data.len();
                    data.extend_from_slice(&frames.data[range]);
                    packets.push((slot, start..data.len()));
                }
            } else if let Some(header) = port.mixed(payload, now) {
                let start = data.len();
                data.extend_from_slice(&header.bytes());
                data.extend_from_slice(payload);
                packets.push((slot, start..data.len()));
            }
        });
        for (member, on) in room.changes() {
            let port = room
                .slot(*member)
                .and_then(|slot| self.ports.get(slot)?.as_ref());
            if let Some(port) = port {
                out.event(talking(port.id, *on));
            }
        }
        for (slot, range) in made.packets.iter().cloned() {
            self.send_made(slot, &mut made.data[range], now, out);
        }
        self.rooms.made = made;
        self.rooms.rooms[place] = Some(room);
    }
}

fn talking(port: u64, on: bool) -> Event {
    Event {
        kind: Kind::Talking,
        port,
        reference: 0,
        text: Cow::Borrowed(""),
        value: i64::from(on),
    }
}

#[cfg(test)]
#[path = "rooms_tests.rs"]
mod tests;
