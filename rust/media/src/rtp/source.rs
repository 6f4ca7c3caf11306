//! Whom a port listens to, and where it sends (symmetric RTP with a guard against injected media).
//!
//! The address in the SDP may be private, and anybody can send to our port.  So a source is learned:
//!
//! - What comes from exactly the signalled address is heard at once and locked after `probation`
//!   packets in sequence.  It also displaces whatever else was locked before.
//! - From the signalled host but another port (NAT, asymmetric port): heard and locked after `probation`.
//! - From any other host: only while nothing has been locked since set_remote(), after three times the
//!   probation, so that the signalled host, if it sends at all, wins the race.
//! - Once locked, the rest is dropped.  When the locked source has been silent for two seconds,
//!   another port of the same host may take over (a NAT that forgot its mapping), no other host may: that takes
//!   a new set_remote().
//!
//! A packet that is not heard neither reaches the bridge nor moves where we send to.
use crate::Nanos;
use std::net::SocketAddr;

const SILENT: Nanos = 2_000_000_000;
/// Another host must send this many times the probation.
const STRANGER: u16 = 3;
/// Sources on probation at once; more are not considered until one of these gives way.
const CANDIDATES: usize = 3;
/// A candidate that pauses this long gives way.
const CANDIDATE_PAUSE: Nanos = 500_000_000;

/// What to do with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Heard,
    /// Heard, and its source is the locked one from now on.
    Locked,
    Dropped,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    address: SocketAddr,
    ssrc: u32,
    next: u16,
    count: u16,
    at: Nanos,
}

/// The guard of one port.
#[derive(Debug)]
pub struct SourceGuard {
    strict: bool,
    probation: u16,
    expected: Option<SocketAddr>,
    locked: Option<SocketAddr>,
    heard_at: Nanos,
    candidates: [Option<Candidate>; CANDIDATES],
}

impl SourceGuard {
    #[must_use]
    pub fn new(strict: bool, probation: u16) -> SourceGuard {
        SourceGuard {
            strict,
            probation: probation.max(1),
            expected: None,
            locked: None,
            heard_at: 0,
            candidates: [None; CANDIDATES],
        }
    }

    /// A new address was signalled: learn anew, unless it is the locked source's own.
    pub fn expect(&mut self, remote: Option<SocketAddr>) {
        self.expected = remote;
        if self.locked.is_none() || self.locked != remote {
            self.locked = None;
            self.candidates = [None; CANDIDATES];
        }
    }

    /// The learned source.
    #[must_use]
    pub fn locked(&self) -> Option<SocketAddr> {
        self.locked
    }

    /// Whether RTCP from this address may be believed: its host is the one that we listen to.
    #[must_use]
    pub fn trusts_host(&self, from: SocketAddr) -> bool {
        match self.locked.or(self.expected) {
            Some(known) => known.ip() == from.ip(),
            None => !self.strict,
        }
    }

    /// Whether nothing from this address can be heard now: the locked source is at work.
    #[must_use]
    pub fn ignores(&self, from: SocketAddr, now: Nanos) -> bool {
        self.strict
            && self.expected != Some(from)
            && self.locked.is_some_and(|locked| locked != from)
            && now.saturating_sub(self.heard_at) < SILENT
    }

    /// Judge an RTP packet.
    pub fn judge(&mut self, from: SocketAddr, ssrc: u32, sequence: u16, now: Nanos) -> Verdict {
        if self.locked == Some(from) {
            self.heard_at = now;
            return Verdict::Heard;
        }
        if !self.strict {
            return self.lock(from, now);
        }
        if self.expected == Some(from) {
            return if self.prove(from, ssrc, sequence, 1, now) {
                self.lock(from, now)
            } else {
                Verdict::Heard
            };
        }
        let same_host =
            |known: Option<SocketAddr>| known.is_some_and(|known| known.ip() == from.ip());
        let times = match self.locked {
            Some(_) if now.saturating_sub(self.heard_at) < SILENT => return Verdict::Dropped,
            Some(_) if same_host(self.locked) || same_host(self.expected) => 1,
            Some(_) => return Verdict::Dropped,
            None if same_host(self.expected) || self.expected.is_none() => 1,
            None => STRANGER,
        };
        if self.prove(from, ssrc, sequence, times, now) {
            self.lock(from, now)
        } else {
            Verdict::Dropped
        }
    }

    /// This address belongs to the far end beyond doubt.
    pub fn believe(&mut self, from: SocketAddr, now: Nanos) {
        self.lock(from, now);
    }

    fn lock(&mut self, from: SocketAddr, now: Nanos) -> Verdict {
        self.locked = Some(from);
        self.heard_at = now;
        self.candidates = [None; CANDIDATES];
        Verdict::Locked
    }

    /// Whether this source has now sent enough packets in sequence.
    fn prove(
        &mut self,
        from: SocketAddr,
        ssrc: u32,
        sequence: u16,
        times: u16,
        now: Nanos,
    ) -> bool {
        let needed = self.probation.saturating_mul(times);
        let fresh = Candidate {
            address: from,
            ssrc,
            next: sequence.wrapping_add(1),
            count: 1,
            at: now,
        };
        let known = self
            .candidates
            .iter_mut()
            .flatten()
            .find(|c| c.address == from);
        if let Some(candidate) = known {
            let follows = candidate.ssrc == ssrc && candidate.next == sequence;
            let count = if follows {
                candidate.count.saturating_add(1)
            } else {
                1
            };
            *candidate = Candidate { count, ..fresh };
            return count >= needed;
        }
        let room = self
            .candidates
            .iter_mut()
            .find(|c| c.is_none_or(|c| now.saturating_sub(c.at) > CANDIDATE_PAUSE));
        if let Some(room) = room {
            *room = Some(fresh);
        }
        needed <= 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Nanos = 1_000_000;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn run(
        guard: &mut SourceGuard,
        from: &str,
        first: u16,
        packets: u16,
        start_ms: u64,
    ) -> Vec<Verdict> {
        (0..packets)
            .map(|n| {
                guard.judge(
                    address(from),
                    7,
                    first.wrapping_add(n),
                    (start_ms + 20 * u64::from(n)) * MS,
                )
            })
            .collect()
    }

    fn guard() -> SourceGuard {
        let mut guard = SourceGuard::new(true, 4);
        guard.expect(Some(address("192.0.2.1:4000")));
        guard
    }

    #[test]
    fn the_signalled_address_is_heard_at_once_and_locked_after_probation() {
        let mut g = guard();
        let verdicts = run(&mut g, "192.0.2.1:4000", 65_534, 5, 0);
        assert_eq!(verdicts[..3], [Verdict::Heard; 3]);
        assert_eq!(verdicts[3..], [Verdict::Locked, Verdict::Heard]);
    }

    #[test]
    fn a_phone_behind_nat_is_learned() {
        let mut g = guard();
        let verdicts = run(&mut g, "203.0.113.9:61000", 0, 13, 0);
        assert_eq!(verdicts[..11], [Verdict::Dropped; 11]);
        assert_eq!(verdicts[11..], [Verdict::Locked, Verdict::Heard]);
        let mut g = guard();
        let verdicts = run(&mut g, "192.0.2.1:61000", 0, 4, 0);
        assert_eq!(
            verdicts,
            [
                Verdict::Dropped,
                Verdict::Dropped,
                Verdict::Dropped,
                Verdict::Locked
            ]
        );
    }

    #[test]
    fn an_attacker_is_not_heard_beside_the_phone() {
        let mut g = guard();
        for n in 0..50u16 {
            let now = u64::from(n) * 20;
            assert_ne!(
                run(&mut g, "192.0.2.1:4000", n, 1, now)[0],
                Verdict::Dropped
            );
            assert_eq!(
                run(&mut g, "198.51.100.66:9", n, 1, now + 1)[0],
                Verdict::Dropped
            );
            assert_eq!(
                run(&mut g, "192.0.2.1:5555", n, 1, now + 2)[0],
                Verdict::Dropped,
                "locked: not even this host"
            );
            if n == 2 {
                // Until the lock another port of the phone's host is on probation; afterwards it is not.
                g.candidates[2] = None;
            }
        }
        assert_eq!(g.locked(), Some(address("192.0.2.1:4000")));
    }

    #[test]
    fn an_attacker_who_was_first_is_displaced_by_the_signalled_address() {
        let mut g = guard();
        assert_eq!(
            run(&mut g, "198.51.100.66:9", 0, 12, 0)[11],
            Verdict::Locked
        );
        let verdicts = run(&mut g, "192.0.2.1:4000", 500, 4, 300);
        assert_eq!(
            verdicts,
            [
                Verdict::Heard,
                Verdict::Heard,
                Verdict::Heard,
                Verdict::Locked
            ]
        );
        assert_eq!(
            run(&mut g, "198.51.100.66:9", 12, 20, 400),
            [Verdict::Dropped; 20]
        );
    }

    #[test]
    fn silence_opens_the_port_to_the_same_host_only() {
        let mut g = guard();
        run(&mut g, "192.0.2.1:4000", 0, 10, 0);
        assert_eq!(
            run(&mut g, "198.51.100.66:9", 0, 100, 60_000),
            [Verdict::Dropped; 100]
        );
        assert_eq!(
            run(&mut g, "192.0.2.1:4999", 0, 4, 70_000)[3],
            Verdict::Locked
        );
        assert_eq!(g.locked(), Some(address("192.0.2.1:4999")));
    }

    #[test]
    fn random_packets_never_pass_probation() {
        let mut g = guard();
        for n in 0..1000u64 {
            let sequence = (n * 7919 % 65_536) as u16;
            assert_eq!(
                g.judge(address("198.51.100.66:9"), n as u32, sequence, n * MS),
                Verdict::Dropped
            );
        }
    }

    #[test]
    fn a_new_address_starts_anew_and_the_same_one_does_not() {
        let mut g = guard();
        run(&mut g, "192.0.2.1:4000", 0, 5, 0);
        g.expect(Some(address("192.0.2.1:4000")));
        assert!(g.locked().is_some());
        g.expect(Some(address("192.0.2.7:4000")));
        assert!(g.locked().is_none());
        assert_eq!(run(&mut g, "192.0.2.7:4000", 0, 4, 100)[3], Verdict::Locked);
    }

    #[test]
    fn not_strict_hears_everybody() {
        let mut g = SourceGuard::new(false, 4);
        assert_eq!(
            g.judge(address("198.51.100.66:9"), 1, 1, 0),
            Verdict::Locked
        );
        assert_eq!(
            g.judge(address("198.51.100.67:9"), 1, 1, 0),
            Verdict::Locked
        );
    }

    #[test]
    fn rtcp_is_believed_from_the_known_host() {
        let mut g = guard();
        assert!(g.trusts_host(address("192.0.2.1:4001")));
        assert!(!g.trusts_host(address("198.51.100.66:4001")));
        run(&mut g, "203.0.113.9:61000", 0, 12, 0);
        assert!(g.trusts_host(address("203.0.113.9:61001")));
    }
}
