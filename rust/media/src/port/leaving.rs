//! What a port gives to those who own sockets, files and queues.
use crate::stats::Event;
use std::net::SocketAddr;

/// What leaves the pure part.
pub trait Output {
    /// Send to the remote of the port in `slot`; whether the kernel took it.
    fn rtp(&mut self, slot: usize, data: &[u8], to: SocketAddr) -> bool;
    /// Send with four bytes before the data, from the RTP socket (component 0) or that of RTCP; whether it went.
    fn framed(
        &mut self,
        slot: usize,
        component: usize,
        head: [u8; 4],
        data: &[u8],
        to: SocketAddr,
    ) -> bool;
    /// Send from the RTCP socket (the RTP socket with rtcp-mux).
    fn rtcp(&mut self, slot: usize, data: &[u8], to: SocketAddr);
    fn event(&mut self, event: Event);
    /// Samples for the file of a recording.
    fn recorded(&mut self, record: u32, samples: Vec<i16>);
    /// A recording is over: "stopped", "max", "silence", "hangup".
    fn record_end(&mut self, port: u64, record: u32, why: &'static str);
}
