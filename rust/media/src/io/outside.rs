//! What leaves a worker: datagrams, events, samples for files.
use super::files::Job;
use super::sockets::Sockets;
use super::worker::Shared;
use crate::port::Output;
use crate::stats::{Event, WorkerStats};
use rustix::net::{SendAncillaryBuffer, SendFlags};
use std::io::IoSlice;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

/// The sending side, apart from the board so that both can be borrowed.
pub(super) struct Outside {
    pub(super) sockets: Vec<Option<Sockets>>,
    pub(super) events: Vec<Event>,
    pub(super) shared: Arc<Shared>,
    pub(super) stats: Arc<WorkerStats>,
}

impl Outside {
    fn send(socket: &UdpSocket, data: &[u8], to: SocketAddr) -> bool {
        // A refused one (ICMP answer to an earlier packet) is reported by the next call, which sends nothing: again.
        match rustix::net::sendto(socket, data, SendFlags::DONTWAIT, &to) {
            Ok(_) => true,
            Err(rustix::io::Errno::CONNREFUSED) => {
                rustix::net::sendto(socket, data, SendFlags::DONTWAIT, &to).is_ok()
            }
            Err(_) => false,
        }
    }
}

impl Output for Outside {
    fn rtp(&mut self, slot: usize, data: &[u8], to: SocketAddr) -> bool {
        match self.sockets.get(slot) {
            Some(Some(sockets)) => {
                if self.shared.packets.on() {
                    self.shared.packets.note(sockets.datagrams, true, to, data);
                }
                Outside::send(&sockets.rtp, data, to)
            }
            _ => false,
        }
    }

    fn rtcp(&mut self, slot: usize, data: &[u8], to: SocketAddr) {
        if let Some(Some(sockets)) = self.sockets.get(slot) {
            // A lost report is no harm: the next one follows.
            let _ = Outside::send(sockets.rtcp.as_ref().unwrap_or(&sockets.rtp), data, to);
        }
    }

    fn framed(
        &mut self,
        slot: usize,
        component: usize,
        head: [u8; 4],
        data: &[u8],
        to: SocketAddr,
    ) -> bool {
        let Some(Some(sockets)) = self.sockets.get(slot) else {
            return false;
        };
        let socket = match &sockets.rtcp {
            Some(rtcp) if component == crate::port::RTCP => rtcp,
            _ => &sockets.rtp,
        };
        if component == crate::port::RTP && self.shared.packets.on() {
            self.shared.packets.note(sockets.datagrams, true, to, data);
        }
        let parts = [IoSlice::new(&head), IoSlice::new(data)];
        let mut nothing = SendAncillaryBuffer::default();
        rustix::net::sendmsg_addr(socket, &to, &parts, &mut nothing, SendFlags::DONTWAIT).is_ok()
    }

    fn event(&mut self, event: Event) {
        self.events.push(event);
    }

    fn recorded(&mut self, record: u32, samples: Vec<i16>) {
        if !self.shared.files.send_samples(record, samples) {
            self.stats.record_overruns.add(1);
        }
    }

    fn record_end(&mut self, port: u64, record: u32, why: &'static str) {
        self.shared.files.send(Job::RecordEnd { port, record, why });
    }
}
