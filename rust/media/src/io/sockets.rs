//! RTP and RTCP sockets, and the choice of their ports.
use super::{Error, random};
use std::io::ErrorKind;
use std::net::{IpAddr, UdpSocket};
use std::sync::{Mutex, PoisonError};

/// The sockets of one port.
#[derive(Debug)]
pub struct Sockets {
    pub rtp: UdpSocket,
    pub rtcp: Option<UdpSocket>,
    pub port: u16,
    /// They carry datagrams (UDPTL) and no RTP.
    pub datagrams: bool,
}

/// How sockets are opened.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    pub address: IpAddr,
    pub rtcp: bool,
    pub datagrams: bool,
    /// The IP header's TOS or traffic class octet (DSCP and ECN).
    pub tos: u8,
}

/// Gives out even ports of a range, one after the other, so that a port rests as long as possible before
/// it is used again and late packets of the call before find it closed.
#[derive(Debug)]
pub struct PortRange {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// 2 where the port above belongs to it, or ports are to be even.
    step: u16,
    start: u16,
    end: u16,
    next: u16,
    /// By the port number.
    used: Vec<bool>,
}

impl PortRange {
    #[must_use]
    pub fn new(start: u16, end: u16) -> PortRange {
        let range = PortRange {
            inner: Mutex::new(Inner {
                step: 2,
                start: 0,
                end: 0,
                next: 0,
                used: vec![false; 65_536],
            }),
        };
        range.set(start, end);
        range
    }

    /// Ports from now on: even ones, whose next is in the range too for RTCP (RFC 3550 section 11).  Those in use stay
    /// as they are.
    pub fn set(&self, start: u16, end: u16) {
        self.set_step(start.saturating_add(start & 1), end, 2);
    }

    /// Ports from now on, without the last one: each `step`th.
    pub fn set_step(&self, start: u16, end: u16, step: u16) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.step = step.max(1);
        inner.start = start;
        inner.end = end.max(start);
        let count = inner.count().max(1);
        let first = (random() % u64::from(count)) as u16;
        inner.next = start.saturating_add(inner.step.saturating_mul(first));
    }

    #[must_use]
    pub fn get(&self) -> (u16, u16) {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        (inner.start, inner.end)
    }

    /// The next free port.
    fn claim(&self) -> Option<u16> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..inner.count() {
            let port = inner.next;
            inner.next = match port.checked_add(inner.step) {
                Some(next) if next < inner.end => next,
                _ => inner.start,
            };
            if let Some(used) = inner.used.get_mut(usize::from(port)).filter(|used| !**used) {
                *used = true;
                return Some(port);
            }
        }
        None
    }

    /// A port's sockets have been closed.
    pub fn release(&self, port: u16) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(used) = inner.used.get_mut(usize::from(port)) {
            *used = false;
        }
    }

    /// Bind sockets.  Ports that another process has are skipped.
    pub fn open(&self, binding: Binding) -> Result<Sockets, Error> {
        let (start, end) = self.get();
        let mut tries = u32::from(end.saturating_sub(start)) + 1;
        loop {
            let Some(port) = self.claim() else {
                return Err(Error::NoPorts);
            };
            match bind(binding, port) {
                Ok(sockets) => return Ok(sockets),
                Err(error) => {
                    self.release(port);
                    tries -= 1;
                    if error.kind() != ErrorKind::AddrInUse {
                        return Err(Error::Io(error));
                    }
                    if tries == 0 {
                        return Err(Error::NoPorts);
                    }
                }
            }
        }
    }
}

impl Inner {
    fn count(&self) -> u16 {
        self.end.saturating_sub(self.start).div_ceil(self.step)
    }
}

fn bind(binding: Binding, port: u16) -> std::io::Result<Sockets> {
    let rtp = UdpSocket::bind((binding.address, port))?;
    let rtcp = if binding.rtcp {
        Some(UdpSocket::bind((binding.address, port + 1))?)
    } else {
        None
    };
    if binding.tos != 0 {
        for socket in std::iter::once(&rtp).chain(&rtcp) {
            match binding.address {
                IpAddr::V4(_) => rustix::net::sockopt::set_ip_tos(socket, binding.tos)?,
                IpAddr::V6(_) => {
                    rustix::net::sockopt::set_ipv6_tclass(socket, u32::from(binding.tos))?
                }
            }
        }
    }
    let datagrams = binding.datagrams;
    Ok(Sockets {
        rtp,
        rtcp,
        port,
        datagrams,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn binding() -> Binding {
        Binding {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            rtcp: true,
            datagrams: false,
            tos: 0xb8,
        }
    }

    #[test]
    fn even_ports_in_turn_until_all_are_used() {
        let range = PortRange::new(10_001, 10_010);
        let mut all: Vec<u16> = (0..4).filter_map(|_| range.claim()).collect();
        all.sort_unstable();
        assert_eq!(all, [10_002, 10_004, 10_006, 10_008]);
        assert_eq!(range.claim(), None);
        range.release(10_004);
        assert_eq!(range.claim(), Some(10_004));
    }

    #[test]
    fn a_range_of_nothing_has_no_ports() {
        assert!(matches!(
            PortRange::new(10_000, 10_000).open(binding()),
            Err(Error::NoPorts)
        ));
        assert!(matches!(
            PortRange::new(65_535, 65_535).open(binding()),
            Err(Error::NoPorts)
        ));
    }

    #[test]
    fn ports_of_others_are_skipped() {
        // A range around a port that the kernel chose, so that tests running side by side do not meet.
        let other = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = other.local_addr().unwrap().port() & !1;
        let range = PortRange::new(taken, taken.saturating_add(20));
        let (a, b) = (
            range.open(binding()).unwrap(),
            range.open(binding()).unwrap(),
        );
        assert_ne!(a.port, b.port);
        assert!(a.port % 2 == 0 && a.port != taken && b.port != taken);
        assert_eq!(a.rtcp.unwrap().local_addr().unwrap().port(), a.port + 1);
    }
}
