//! The beginnings of packets, for an operator who looks at them (`rtp set debug`, `udptl set debug`).
//!
//! Off, a packet costs one load and a branch that is never taken.  On, up to `LIMIT` packets wait to be
//! fetched; those that come meanwhile are counted.
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Packets that wait to be fetched.
const LIMIT: usize = 4096;
/// Bytes of each that are kept: an RTP header.
pub const HEAD: usize = 12;

/// Whose packets are wanted: `None` is every address, port 0 every port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    pub address: Option<IpAddr>,
    pub port: u16,
}

impl Filter {
    fn passes(&self, far: SocketAddr) -> bool {
        let known = self
            .address
            .is_none_or(|wanted| wanted == far.ip().to_canonical());
        known && (self.port == 0 || self.port == far.port())
    }
}

/// One packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// UDPTL; else it was a packet of an RTP socket.
    pub datagram: bool,
    pub sent: bool,
    pub far: SocketAddr,
    pub head: [u8; HEAD],
    pub length: usize,
}

#[derive(Debug, Default)]
struct Inner {
    rtp: Option<Filter>,
    datagrams: Option<Filter>,
    waiting: Vec<Seen>,
    lost: u64,
}

/// What all workers share.
#[derive(Debug, Default)]
pub struct PacketLog {
    on: AtomicBool,
    inner: Mutex<Inner>,
}

impl PacketLog {
    /// Whether any packet is wanted.
    #[inline]
    #[must_use]
    pub fn on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// Want these packets of RTP sockets and of UDPTL from now on; `None`: none.
    pub fn want(&self, rtp: Option<Filter>, datagrams: Option<Filter>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        (inner.rtp, inner.datagrams) = (rtp, datagrams);
        self.on
            .store(rtp.is_some() || datagrams.is_some(), Ordering::Relaxed);
    }

    /// Keep the beginning of a packet, if it is wanted.
    #[cold]
    pub fn note(&self, datagram: bool, sent: bool, far: SocketAddr, data: &[u8]) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let filter = if datagram { inner.datagrams } else { inner.rtp };
        if !filter.is_some_and(|filter| filter.passes(far)) {
            return;
        }
        if inner.waiting.len() >= LIMIT {
            inner.lost += 1;
            return;
        }
        let mut head = [0; HEAD];
        let kept = data.len().min(HEAD);
        head[..kept].copy_from_slice(&data[..kept]);
        inner.waiting.push(Seen {
            datagram,
            sent,
            far,
            head,
            length: data.len(),
        });
    }

    /// What has been seen since the last call, and how many more there were.
    #[must_use]
    pub fn take(&self) -> (Vec<Seen>, u64) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = std::mem::take(&mut inner.lost);
        (std::mem::take(&mut inner.waiting), lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Option<Filter> = Some(Filter {
        address: None,
        port: 0,
    });

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn nothing_is_kept_unless_it_is_wanted() {
        let log = PacketLog::default();
        assert!(!log.on());
        log.note(false, true, at("192.0.2.1:4000"), &[0x80, 0]);
        assert_eq!(log.take(), (vec![], 0));
        log.want(ALL, None);
        assert!(log.on());
        log.note(false, true, at("192.0.2.1:4000"), &[0x80; 172]);
        log.note(true, true, at("192.0.2.1:4000"), &[0; 40]);
        let (seen, lost) = log.take();
        assert_eq!((seen.len(), lost), (1, 0));
        assert_eq!((seen[0].length, seen[0].head), (172, [0x80; HEAD]));
        log.want(None, None);
        assert!(!log.on());
    }

    #[test]
    fn filters_know_addresses_and_ports() {
        let log = PacketLog::default();
        let address = "192.0.2.1".parse().ok();
        log.want(ALL, Some(Filter { address, port: 9 }));
        log.note(true, false, at("192.0.2.1:9"), &[1]);
        log.note(true, false, at("[::ffff:192.0.2.1]:9"), &[2]);
        log.note(true, false, at("192.0.2.1:10"), &[3]);
        log.note(true, false, at("192.0.2.2:9"), &[4]);
        let heads: Vec<u8> = log.take().0.iter().map(|seen| seen.head[0]).collect();
        assert_eq!(heads, [1, 2]);
    }

    #[test]
    fn a_full_log_counts_what_it_has_no_room_for() {
        let log = PacketLog::default();
        log.want(ALL, ALL);
        for _ in 0..LIMIT + 3 {
            log.note(false, false, at("192.0.2.1:9"), &[]);
        }
        let (seen, lost) = log.take();
        assert_eq!((seen.len(), lost), (LIMIT, 3));
        assert_eq!(log.take(), (vec![], 0));
    }
}
