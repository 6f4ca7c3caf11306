//! RTCP of the ports of a board: whose it is, and what of it goes on to the other end of a bridge.
use super::Board;
use crate::Nanos;
use crate::port::{Link, Output};
use std::net::SocketAddr;

impl Board {
    /// RTCP for the port in `slot`; what it asks for goes on to the sender of what is asked about.
    pub(super) fn control_received(
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
