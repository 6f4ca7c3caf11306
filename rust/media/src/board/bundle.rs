//! Streams that share the sockets, keys and addresses of another (BUNDLE, RFC 9143): riders and their carrier.
//!
//! What comes to the carrier is told apart by its SSRC, where that is known, else by payload types that the carrier has not
//! itself.  What a rider sends leaves by the carrier.
use super::Board;
use crate::Nanos;
use crate::port::{Output, Port};
use crate::rtp::feedback::Feedback;
use crate::rtp::packet::Packet;
use crate::stats::Event;
use std::net::SocketAddr;

/// Output that keeps what a rider would send, for its carrier to seal.
struct Kept<'a, O> {
    out: &'a mut O,
    packets: Vec<Vec<u8>>,
}

impl<'a, O> Kept<'a, O> {
    fn new(out: &'a mut O) -> Self {
        Kept {
            out,
            packets: Vec::new(),
        }
    }
}

impl<O: Output> Output for Kept<'_, O> {
    fn rtp(&mut self, _: usize, data: &[u8], _: SocketAddr) -> bool {
        self.packets.push(data.to_vec());
        true
    }

    fn rtcp(&mut self, _: usize, data: &[u8], _: SocketAddr) {
        self.packets.push(data.to_vec());
    }

    fn framed(&mut self, _: usize, _: usize, _: [u8; 4], data: &[u8], _: SocketAddr) -> bool {
        self.packets.push(data.to_vec()); // what goes through a relay is its carrier's
        true
    }

    fn event(&mut self, event: Event) {
        self.out.event(event);
    }

    fn recorded(&mut self, record: u32, samples: Vec<i16>) {
        self.out.recorded(record, samples);
    }

    fn record_end(&mut self, port: u64, record: u32, why: &'static str) {
        self.out.record_end(port, record, why);
    }
}

impl Board {
    /// Let a port without sockets use those of another.
    pub fn ride(&mut self, slot: usize, carrier: usize) {
        if let Some(Some(port)) = self.ports.get_mut(carrier) {
            port.riders.push(slot);
        } else {
            return;
        }
        if let Some(Some(port)) = self.ports.get_mut(slot) {
            port.carrier = Some(carrier);
        }
    }

    /// A port goes: nobody rides on it, and it rides on nobody.
    pub(super) fn dismount(&mut self, port: &Port) {
        for rider in &port.riders {
            if let Some(Some(rider)) = self.ports.get_mut(*rider) {
                rider.carrier = None;
            }
        }
        if let Some(Some(carrier)) = port.carrier.and_then(|slot| self.ports.get_mut(slot)) {
            carrier.riders.retain(|slot| *slot != port.slot);
        }
    }

    /// Whose packet it is that came to the sockets of `slot`.
    pub(super) fn rider_of(&mut self, slot: usize, packet: &Packet) -> usize {
        let Some(Some(carrier)) = self.ports.get(slot) else {
            return slot;
        };
        if carrier.riders.is_empty() {
            return slot;
        }
        let known = |slot: &&usize| {
            let port = self.ports.get(**slot).and_then(Option::as_ref);
            port.is_some_and(|port| port.has_source(packet.ssrc))
        };
        if let Some(rider) = carrier.riders.iter().find(known) {
            return *rider;
        }
        if carrier.takes(packet.payload_type) {
            return slot;
        }
        let takes = |slot: &&usize| {
            let port = self.ports.get(**slot).and_then(Option::as_ref);
            port.is_some_and(|port| port.takes(packet.payload_type) && !port.knows_sources())
        };
        carrier.riders.iter().find(takes).copied().unwrap_or(slot)
    }

    /// Tell a rider where its carrier sends.
    pub(super) fn lend(&mut self, slot: usize) {
        let carrier = self.ports.get(slot).and_then(|port| port.as_ref()?.carrier);
        if let Some(carrier) = carrier {
            let to = self
                .ports
                .get(carrier)
                .and_then(|port| port.as_ref()?.destination());
            if let Some(Some(port)) = self.ports.get_mut(slot) {
                port.borrow_destination(to);
            }
        }
    }

    /// Ask the far end of a port for something (`Port::ask`), by its carrier if it has one.
    pub(super) fn ask(&mut self, slot: usize, asked: Feedback, now: Nanos, out: &mut impl Output) {
        let Some(Some(port)) = self.ports.get_mut(slot) else {
            return;
        };
        let Some(carrier) = port.carrier else {
            return port.ask(asked, now, &self.cname, out);
        };
        let mut kept = Kept::new(out);
        port.ask(asked, now, &self.cname, &mut kept);
        let packets = kept.packets;
        self.send_for_rider(carrier, packets, out);
    }

    /// What is due once a second at a port that rides: its reports leave by the carrier.
    pub(super) fn second_of_rider(
        &mut self,
        slot: usize,
        carrier: usize,
        now: Nanos,
        out: &mut impl Output,
    ) {
        self.lend(slot);
        let mut kept = Kept::new(out);
        if let Some(Some(port)) = self.ports.get_mut(slot) {
            port.second(now, &self.cname, &mut kept);
        }
        let packets = kept.packets;
        self.send_for_rider(carrier, packets, out);
    }

    fn send_for_rider(&mut self, carrier: usize, packets: Vec<Vec<u8>>, out: &mut impl Output) {
        if let Some(Some(port)) = self.ports.get_mut(carrier)
            && let Some(to) = port.destination()
        {
            for data in packets {
                port.send_control(data, to, out);
            }
        }
    }
}

#[cfg(test)]
#[path = "bundle_tests.rs"]
mod tests;
