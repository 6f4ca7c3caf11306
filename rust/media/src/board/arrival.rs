//! What comes to the sockets of a port: told apart by its first byte (RFC 7983), opened, judged, and handed on.
use super::Board;
use crate::Nanos;
use crate::port::{Carries, FromServer, Link, Output, RTCP, RTP};
use crate::rtp::packet;
use crate::stats::Dropped;
use std::net::SocketAddr;

impl Board {
    /// A datagram came to the RTP socket of `slot`.
    pub fn rtp_received(
        &mut self,
        slot: usize,
        id: u64,
        data: &mut [u8],
        from: SocketAddr,
        now: Nanos,
        out: &mut impl Output,
    ) {
        self.stats.rx_packets.add(1);
        self.stats.rx_bytes.add(data.len() as u64);
        let Some(port) = self.port(slot, id) else {
            return self.stats.dropped(Dropped::Closed);
        };
        if port.carries() == Carries::Datagrams {
            return self.pass_on(slot, data, from, now, out);
        }
        if port.has_servers() {
            match port.server_received(RTP, data, from, now, out) {
                FromServer::No => {}
                FromServer::Taken => return self.note_timed(slot, now),
                FromServer::Data(peer, range) => {
                    let at = port.relayed_at(RTP);
                    let data = &mut data[range];
                    return self.arrived(slot, data, (peer, at), now, out);
                }
            }
        }
        self.arrived(slot, data, (from, None), now, out);
    }

    /// What the far end sent to the RTP socket, or (`to`) to its relay.
    fn arrived(
        &mut self,
        slot: usize,
        data: &mut [u8],
        (from, to): (SocketAddr, Option<SocketAddr>),
        now: Nanos,
        out: &mut impl Output,
    ) {
        let Some(Some(port)) = self.ports.get_mut(slot) else {
            return;
        };
        if data.first().is_some_and(|first| *first < 4) && port.takes_checks() {
            port.stun_received(RTP, data, from, to, now, out);
            return self.note_timed(slot, now);
        }
        if data.first().is_some_and(|first| matches!(first, 20..=63)) && port.takes_handshakes(RTP)
        {
            port.dtls_received(RTP, data, from, now, out);
            return self.note_timed(slot, now);
        }
        if port.shares_rtcp() && packet::is_rtcp(data) {
            return self.control_received(slot, data, from, now, out);
        }
        let data = if port.sealed() {
            if port.ignores(from, now) {
                return self.stats.dropped(Dropped::Source);
            }
            match port.open_rtp(data, now) {
                Ok(length) => &mut data[..length],
                Err(why) => return self.stats.dropped(why),
            }
        } else {
            data
        };
        let Some(packet) = packet::parse(data) else {
            port.stats.drop_invalid.add(1);
            return self.stats.dropped(Dropped::Invalid);
        };
        if !port.judge(from, &packet, now, out) {
            return self.stats.dropped(Dropped::Source);
        }
        let slot = self.rider_of(slot, &packet);
        self.route(slot, data, packet, now, out);
    }

    /// A datagram came to the RTCP socket of `slot`.
    pub fn rtcp_received(
        &mut self,
        slot: usize,
        id: u64,
        data: &mut [u8],
        from: SocketAddr,
        now: Nanos,
        out: &mut impl Output,
    ) {
        let Some(port) = self.port(slot, id) else {
            return self.stats.dropped(Dropped::Closed);
        };
        let (mut data, mut from, mut to) = (data, from, None);
        if port.has_servers() {
            match port.server_received(RTCP, data, from, now, out) {
                FromServer::No => {}
                FromServer::Taken => return self.note_timed(slot, now),
                FromServer::Data(peer, range) => {
                    to = port.relayed_at(RTCP);
                    from = peer;
                    data = &mut data[range];
                }
            }
        }
        if data.first().is_some_and(|first| *first < 4) && port.takes_checks() {
            port.stun_received(RTCP, data, from, to, now, out);
            return self.note_timed(slot, now);
        }
        if data.first().is_some_and(|first| matches!(first, 20..=63)) && port.takes_handshakes(RTCP)
        {
            port.dtls_received(RTCP, data, from, now, out);
            return self.note_timed(slot, now);
        }
        self.control_received(slot, data, from, now, out);
    }

    /// RTCP for the port in `slot`; what it asks for goes on to the sender of what is asked about.
    fn control_received(
        &mut self,
        slot: usize,
        data: &mut [u8],
        from: SocketAddr,
        now: Nanos,
        out: &mut impl Output,
    ) {
        let Some(Some(port)) = self.ports.get_mut(slot) else {
            return;
        };
        let length = match port.rtcp_received(data, from, now) {
            Ok(length) => length,
            Err(why) => return self.stats.dropped(why),
        };
        let data = &data[..length];
        if port.riders.is_empty() {
            return self.control_of(slot, data, from, now, out);
        }
        let riders = port.riders.clone();
        for slot in std::iter::once(slot).chain(riders) {
            self.control_of(slot, data, from, now, out);
        }
    }

    /// What RTCP says about the stream of one port.
    fn control_of(
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
        if let Err(why) = port.rtcp_taken(data, from, now, out) {
            return self.stats.dropped(why);
        }
        let (Link::Peer(peer) | Link::Viewer(peer)) = port.link else {
            return;
        };
        let (Some(Some(port)), Some(Some(source))) = (self.ports.get(slot), self.ports.get(peer))
        else {
            return;
        };
        if let Some(asked) = port.feedback(data, source) {
            let asked = self.weigh(slot, peer, asked);
            self.ask(peer, asked, now, out);
        }
    }
}
