//! The ports of one worker and how they are joined: relay, echo, pipes, ticks.  No sockets, no clock.
mod arrival;
mod bundle;
mod rooms;
mod transcode;
mod viewers;

use crate::Nanos;
use crate::port::{Accepted, Frames, Link, Media, Output, Port, RTP, Scratch, Way, head};
use crate::rtp::packet::{self, Packet};
use crate::stats::{Dropped, WorkerStats};
use rooms::Rooms;
use std::net::SocketAddr;
use std::sync::Arc;

/// Pipes that one packet may go through; more is a ring.
const MAX_HOPS: usize = 16;
/// Ticks made up for at once when the worker was held up; what is beyond is left out.
const MAX_CATCH_UP: u64 = 5;

/// A tick that comes later than this is counted.
const LATE: Nanos = 5_000_000;

/// How many of the ticks that are due are left out, when so many are made up for.
fn left_out(due: Nanos, step: Nanos, now: Nanos, made_up: u64) -> u64 {
    match now.checked_sub(due) {
        Some(late) => (late / step.max(1) + 1).saturating_sub(made_up),
        None => 0,
    }
}

/// All ports of a worker, by slot.
pub struct Board {
    ports: Vec<Option<Box<Port>>>,
    /// Slots that want ticks, each once (`Port::timed`).
    timed: Vec<usize>,
    open: usize,
    frames: Frames,
    rooms: Rooms,
    scratch: Scratch,
    /// Pipes that the packet in hand has gone through.
    hops: usize,
    tick_ms: u32,
    next_tick: Option<Nanos>,
    next_second: Option<Nanos>,
    cname: String,
    stats: Arc<WorkerStats>,
}

impl Board {
    #[must_use]
    pub fn new(tick_ms: u32, cname: String, stats: Arc<WorkerStats>) -> Board {
        Board {
            ports: Vec::new(),
            timed: Vec::new(),
            open: 0,
            frames: Frames::default(),
            rooms: Rooms::default(),
            scratch: Scratch::default(),
            hops: 0,
            tick_ms: tick_ms.max(1),
            next_tick: None,
            next_second: None,
            cname,
            stats,
        }
    }

    /// Put a port at its slot.
    pub fn insert(&mut self, port: Box<Port>) {
        let slot = port.slot;
        if self.ports.len() <= slot {
            self.ports.resize_with(slot + 1, || None);
        }
        self.ports[slot] = Some(port);
        self.open += 1;
    }

    /// The port with this id, if it lives here.
    pub fn port(&mut self, slot: usize, id: u64) -> Option<&mut Port> {
        self.ports
            .get_mut(slot)?
            .as_deref_mut()
            .filter(|p| p.id == id)
    }

    /// Take a port away, its bridge undone.
    pub fn remove(&mut self, slot: usize, id: u64) -> Option<Box<Port>> {
        self.port(slot, id)?;
        self.unlink(slot);
        let mut port = self.ports[slot].take()?;
        self.dismount(&port);
        self.open -= 1;
        if port.timed {
            port.timed = false;
            self.timed.retain(|other| *other != slot);
        }
        if let Some(partner) = port
            .pipe
            .and_then(|partner| self.ports.get_mut(partner))
            .and_then(|p| p.as_mut())
        {
            partner.pipe = None;
        }
        Some(port)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open == 0
    }

    /// Ids and slots of all ports.
    #[must_use]
    pub fn all(&self) -> Vec<(usize, u64)> {
        self.ports
            .iter()
            .flatten()
            .map(|p| (p.slot, p.id))
            .collect()
    }

    /// Join two ports both ways; earlier bridges of either end.
    pub fn bridge(&mut self, a: usize, b: usize) {
        self.unlink(a);
        self.unlink(b);
        for (one, other) in [(a, b), (b, a)] {
            if let Some(Some(port)) = self.ports.get_mut(one) {
                port.link = if a == b {
                    Link::Echo
                } else {
                    Link::Peer(other)
                };
            }
        }
    }

    /// Undo what a port is joined with, on both sides.
    pub fn unlink(&mut self, slot: usize) {
        self.hide(slot);
        self.look_away(slot);
        let Some(Some(port)) = self.ports.get_mut(slot) else {
            return;
        };
        port.end_relayed_tone();
        match std::mem::replace(&mut port.link, Link::None) {
            Link::Peer(peer) => {
                if let Some(Some(peer)) = self.ports.get_mut(peer) {
                    peer.link = Link::None;
                    peer.end_relayed_tone();
                }
            }
            Link::Room { room, member } => self.leave_room(room, member),
            Link::None | Link::Echo | Link::Viewer(_) => {}
        }
    }

    /// Pass a datagram on as it is.
    fn pass_on(
        &mut self,
        slot: usize,
        data: &[u8],
        from: SocketAddr,
        now: Nanos,
        out: &mut impl Output,
    ) {
        let Some(Some(port)) = self.ports.get_mut(slot) else {
            return;
        };
        if !port.judge_datagram(from, data, now, out) {
            return self.stats.dropped(Dropped::Source);
        }
        let Link::Peer(peer) = port.link else { return };
        if let Some(Some(port)) = self.ports.get_mut(peer)
            && let Some(to) = port.pass_datagram(data.len())
        {
            self.transmit(peer, data, to, out);
        }
    }

    /// Carry a packet that `slot` hears to where it belongs, through pipes if need be.
    fn route(
        &mut self,
        slot: usize,
        data: &mut [u8],
        packet: Packet,
        now: Nanos,
        out: &mut impl Output,
    ) {
        let hops = self.hops;
        self.carry(slot, data, packet, now, out);
        self.hops = hops;
    }

    fn carry(
        &mut self,
        slot: usize,
        data: &mut [u8],
        packet: Packet,
        now: Nanos,
        out: &mut impl Output,
    ) {
        let (mut slot, mut data, mut packet) = (slot, data, packet);
        while self.hops < MAX_HOPS {
            self.hops += 1;
            let Some(Some(port)) = self.ports.get_mut(slot) else {
                return self.stats.dropped(Dropped::Closed);
            };
            let accepted = port.accept(data, &packet, now, out);
            let (link, reworked) = (port.link, port.reworks_heard());
            if matches!(
                accepted,
                Ok(Some(Accepted {
                    media: Media::Event(_) | Media::Noise | Media::Consumed,
                    ..
                }))
            ) {
                self.note_timed(slot, now);
            }
            let accepted = match accepted {
                Ok(Some(accepted)) => accepted,
                Ok(None) => return,
                Err(why) => return self.stats.dropped(why),
            };
            if let Media::Audio(format) = accepted.media
                && !matches!(link, Link::Room { .. })
                && let Some(Some(port)) = self.ports.get_mut(slot)
                && port.buffers()
            {
                if !port.hold(format, &accepted.header, &data[packet.payload], now) {
                    self.stats.dropped(Dropped::Stale);
                }
                return self.note_timed(slot, now);
            }
            let target = match link {
                Link::None | Link::Viewer(_) => {
                    return self.show(slot, data, &packet.payload, &accepted, now, out);
                }
                Link::Echo => slot,
                Link::Peer(peer) => peer,
                Link::Room { room, member } => {
                    if let Media::Audio(format) = accepted.media
                        && !accepted.muted
                    {
                        let payload = &data[packet.payload];
                        let header = &accepted.header;
                        if reworked {
                            self.room_hears_reworked(
                                (slot, room, member),
                                format,
                                header,
                                payload,
                                now,
                            );
                        } else {
                            self.room_hears((room, member), format, header, payload, now);
                        }
                    }
                    return;
                }
            };
            let Some(Some(port)) = self.ports.get_mut(target) else {
                return;
            };
            if let Media::Audio(format) = accepted.media
                && let Some(rate) = port.wants_samples(format, reworked)
            {
                let payload = &data[packet.payload];
                return self.transcode(
                    (slot, target),
                    (format, rate),
                    &accepted,
                    payload,
                    now,
                    out,
                );
            }
            if port.carrier.is_some() {
                self.lend(target);
            }
            let Some(Some(port)) = self.ports.get_mut(target) else {
                return;
            };
            let sent = port.relay(data, packet.payload.clone(), &accepted, now);
            let (pipe, destination) = (port.pipe, port.destination());
            let tells_pauses = port.tells_pauses();
            if let Ok(Some(range)) = &sent
                && port.listens_to_said()
            {
                port.overhear(&data[range.clone()], now, out);
            }
            if tells_pauses || matches!(accepted.media, Media::Event(_)) {
                self.note_timed(target, now);
            }
            let range = match sent {
                Ok(Some(range)) => range,
                Ok(None) => return,
                Err(why) => return self.stats.dropped(why),
            };
            match (pipe, destination) {
                (Some(partner), _) => {
                    slot = partner;
                    data = &mut data[range];
                    let Some(again) = packet::parse(data) else {
                        return self.stats.dropped(Dropped::Invalid);
                    };
                    packet = again;
                }
                (None, Some(to)) => return self.transmit(target, &data[range], to, out),
                (None, None) => return,
            }
        }
        self.stats.dropped(Dropped::Loop);
    }

    /// Send a packet that was made for the port in `slot`.
    fn send_made(&mut self, slot: usize, data: &mut [u8], now: Nanos, out: &mut impl Output) {
        let Some(Some(port)) = self.ports.get_mut(slot) else {
            return;
        };
        if port.listens_to_said() {
            port.overhear(data, now, out);
        }
        if port.tells_pauses() && !port.timed {
            self.note_timed(slot, now);
        }
        let Some(Some(port)) = self.ports.get_mut(slot) else {
            return;
        };
        match (port.pipe, port.destination()) {
            (Some(partner), _) => {
                if let Some(packet) = packet::parse(data) {
                    self.route(partner, data, packet, now, out);
                }
            }
            (None, Some(to)) => self.transmit(slot, data, to, out),
            (None, None) => {}
        }
    }

    fn transmit(&mut self, slot: usize, data: &[u8], to: SocketAddr, out: &mut impl Output) {
        let slot = self
            .ports
            .get(slot)
            .and_then(|port| port.as_ref()?.carrier)
            .unwrap_or(slot);
        let mut way = Way::Direct;
        let mut data = data;
        if let Some(Some(port)) = self.ports.get_mut(slot) {
            way = port.way();
            if port.sealed() {
                data = match port.seal_rtp(data, &mut self.scratch) {
                    Ok(sealed) => sealed,
                    Err(why) => return self.stats.dropped(why),
                };
            }
        }
        let sent = match way {
            Way::Direct => out.rtp(slot, data, to),
            Way::Channel { server, number } => {
                if let Some(Some(port)) = self.ports.get(slot) {
                    port.stats.relay_out.add(1);
                }
                out.framed(slot, RTP, head(number, data.len()), data, server)
            }
            Way::Indications => match self.ports.get(slot) {
                Some(Some(port)) => port.indicate(RTP, data, to, out),
                _ => false,
            },
        };
        if sent {
            self.stats.tx_packets.add(1);
            self.stats.tx_bytes.add(data.len() as u64);
        } else {
            self.stats.dropped(Dropped::Send);
        }
    }

    /// To be called after anything that may have given a port something to do in time.
    pub fn note_timed(&mut self, slot: usize, now: Nanos) {
        let Some(Some(port)) = self.ports.get_mut(slot) else {
            return;
        };
        if !port.timed && port.wants_ticks() {
            port.timed = true;
            self.timed.push(slot);
        }
        if !self.timed.is_empty() && self.next_tick.is_none() {
            self.next_tick = Some(now + self.tick());
        }
        if self.next_second.is_none() && self.ports[slot].as_ref().is_some_and(|p| p.live()) {
            self.next_second = Some(now + 1_000_000_000);
        }
    }

    fn tick(&self) -> Nanos {
        u64::from(self.tick_ms) * 1_000_000
    }

    /// When `advance` must be called next.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Nanos> {
        [self.next_tick, self.next_second, self.rooms.due]
            .into_iter()
            .flatten()
            .min()
    }

    /// Do what is due: ticks of timed ports, the once-a-second look at all.
    pub fn advance(&mut self, now: Nanos, out: &mut impl Output) {
        self.leave_out(now);
        while let Some(due) = self.next_tick.filter(|due| *due <= now) {
            if now - due > LATE {
                self.stats.late_ticks.add(1);
            }
            self.next_tick = Some(due + self.tick());
            self.run_tick(now, out);
        }
        if self.rooms.due.is_some_and(|due| due <= now) {
            self.advance_rooms(now, out);
        }
        if let Some(due) = self.next_second.filter(|due| *due <= now) {
            let mut live = false;
            for slot in 0..self.ports.len() {
                let Some(port) = self.ports[slot].as_mut().filter(|port| port.live()) else {
                    continue;
                };
                live = true;
                if let Some(carrier) = port.carrier {
                    self.second_of_rider(slot, carrier, now, out);
                    continue;
                }
                port.second(now, &self.cname, out);
                let (keepalive, to) = (port.keepalive(now), port.destination());
                if let (Some(data), Some(to)) = (keepalive, to) {
                    self.transmit(slot, &data, to, out);
                }
            }
            self.next_second = live.then(|| (due + 1_000_000_000).max(now + 1));
        }
    }

    /// After a long stop sound goes on from where it was; its timestamps tell the gap.
    fn leave_out(&mut self, now: Nanos) {
        let Some(due) = self.next_tick else {
            return;
        };
        let missed = left_out(due, self.tick(), now, MAX_CATCH_UP);
        if missed == 0 {
            return;
        }
        self.stats.missed_ticks.add(missed);
        let time = missed * self.tick();
        self.next_tick = Some(due + time);
        for slot in &self.timed {
            if let Some(Some(port)) = self.ports.get_mut(*slot) {
                port.missed(time, false);
            }
        }
    }

    fn run_tick(&mut self, now: Nanos, out: &mut impl Output) {
        self.stats.ticks.add(1);
        let mut frames = std::mem::take(&mut self.frames);
        let mut at = 0;
        while at < self.timed.len() {
            let slot = self.timed[at];
            let Some(Some(port)) = self.ports.get_mut(slot) else {
                self.timed.swap_remove(at);
                continue;
            };
            frames.clear();
            let event_before = port.hears_event();
            port.tick(self.tick_ms, now, out, &mut frames);
            let event_lost = event_before && !port.hears_event();
            let link = port.link;
            let plays_out = port.buffers();
            let pauses = port.pauses();
            if port.wants_ticks() {
                at += 1;
            } else {
                port.timed = false;
                self.timed.swap_remove(at);
            }
            if event_lost
                && let Link::Peer(peer) = link
                && let Some(Some(peer)) = self.ports.get_mut(peer)
            {
                peer.end_relayed_tone();
            }
            for range in frames.packets.iter().cloned() {
                self.send_made(slot, &mut frames.data[range], now, out);
            }
            if plays_out {
                std::mem::swap(&mut self.frames, &mut frames);
                self.play_out(slot, now, out);
                std::mem::swap(&mut self.frames, &mut frames);
            }
            if let Some(clock) = pauses {
                std::mem::swap(&mut self.frames, &mut frames);
                self.make_noise(slot, clock, now, out);
                std::mem::swap(&mut self.frames, &mut frames);
            }
        }
        self.frames = frames;
        if self.timed.is_empty() {
            self.next_tick = None;
        }
    }
}

#[cfg(test)]
#[path = "board_secure_tests.rs"]
mod secure_tests;
#[cfg(test)]
#[path = "board_silence_tests.rs"]
mod silence_tests;
#[cfg(test)]
#[path = "board_streams_tests.rs"]
mod streams_tests;
#[cfg(test)]
#[path = "board_tap_tests.rs"]
mod tap_tests;
#[cfg(test)]
#[path = "board_tests.rs"]
mod tests;
