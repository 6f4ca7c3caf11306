//! ICE (RFC 8445) of one component, without I/O: the agent is str0m's (`is`), this gives it candidates and a clock.
//!
//! All local candidates share one socket, so that where a packet leaves is the kernel's choice.  Trickled
//! candidates are taken at any time; consent (RFC 7675) is what the agent's checks of the chosen pair are for.
use crate::Nanos;
use is::stun::{StunMessage, StunPacket};
use is::{Candidate, IceAgent, IceAgentEvent, IceConnectionState, IceCreds, Protocol};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Candidates of the far end that are looked at.
const MOST_CANDIDATES: usize = 32;
/// Steps of the agent in one advance: each gives one check at most.
const STEPS: usize = 4;

/// User name fragment and password of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    pub ufrag: String,
    pub password: String,
}

/// A local candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    Host(SocketAddr),
    /// As a STUN server sees it, and the host candidate behind.
    Reflexive(SocketAddr, SocketAddr),
    /// At a TURN server, and the host candidate behind.
    Relayed(SocketAddr, SocketAddr),
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Send there from now on; the local candidate to send from.
    Selected { to: SocketAddr, from: SocketAddr },
    /// No pair works (any more).
    Lost,
}

/// Something to be sent, from one of the local candidates.
#[derive(Debug)]
pub struct Transmit {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub data: Vec<u8>,
}

/// One component.
pub struct Ice {
    agent: IceAgent,
    base: (Instant, Nanos),
    local: Credentials,
    remote: Option<Credentials>,
    hosts: Vec<SocketAddr>,
    /// Who has shown by a check that it knows our password.
    known: Vec<SocketAddr>,
    next: Option<Nanos>,
    selected: bool,
    lost: bool,
}

impl Ice {
    /// `base` is any instant, taken for the time `now`.
    #[must_use]
    pub fn new(local: Credentials, lite: bool, base: Instant, now: Nanos) -> Ice {
        let mut agent = IceAgent::new(IceCreds {
            ufrag: local.ufrag.clone(),
            pass: local.password.clone(),
        });
        agent.set_ice_lite(lite);
        Ice {
            agent,
            base: (base, now),
            local,
            remote: None,
            hosts: Vec::new(),
            known: Vec::new(),
            next: Some(now),
            selected: false,
            lost: false,
        }
    }

    #[must_use]
    pub fn local(&self) -> &Credentials {
        &self.local
    }

    /// Whether what comes from this address is the far end's: a check came from there, or was answered.
    #[must_use]
    pub fn knows(&self, from: SocketAddr) -> bool {
        self.known.contains(&from)
    }

    /// After a restart: who was known before is so until the new checks are through.
    pub fn remember(&mut self, before: &Ice) {
        self.known.clone_from(&before.known);
    }

    /// Whether it looks for a pair; what comes after that is seldom.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.remote.is_some() && !self.selected && !self.lost
    }

    pub fn add_local(&mut self, candidate: Local) {
        let made = match candidate {
            Local::Host(address) => {
                if !self.hosts.contains(&address) {
                    self.hosts.push(address);
                }
                Candidate::host(address, Protocol::Udp)
            }
            Local::Reflexive(address, base) => {
                Candidate::server_reflexive(address, base, Protocol::Udp)
            }
            Local::Relayed(address, base) => Candidate::relayed(address, base, Protocol::Udp),
        };
        // One that the agent does not want (link-local) is not one.
        if let Ok(candidate) = made {
            let _ = self.agent.add_local_candidate(candidate);
        }
    }

    /// Who the far end is.  Other credentials than before are a restart, for which a new `Ice` is made.
    pub fn set_remote(&mut self, remote: Credentials, controlling: bool) {
        if self.remote.is_none() {
            self.agent.set_controlling(controlling);
            self.agent.set_remote_credentials(IceCreds {
                ufrag: remote.ufrag.clone(),
                pass: remote.password.clone(),
            });
        }
        self.remote = Some(remote);
    }

    #[must_use]
    pub fn remote(&self) -> Option<&Credentials> {
        self.remote.as_ref()
    }

    /// A candidate of the far end: what stands behind `a=candidate:`.  What cannot be used (TCP, names that only
    /// the far end's network knows) is passed over.
    pub fn add_remote(&mut self, line: &str) {
        let mut words: Vec<&str> = line.split_ascii_whitespace().collect();
        if words.len() < 8 || self.agent.remote_candidates().count() >= MOST_CANDIDATES {
            return;
        }
        // The agent knows one component, whichever it is for us.
        words[1] = "1";
        if !words[2].eq_ignore_ascii_case("udp") {
            return;
        }
        if let Ok(candidate) = Candidate::from_sdp_string(&format!("candidate:{}", words.join(" ")))
            && !candidate.addr().ip().is_multicast()
            && !candidate.addr().ip().is_unspecified()
        {
            self.agent.add_remote_candidate(candidate);
        }
    }

    fn instant(&self, now: Nanos) -> Instant {
        self.base.0 + Duration::from_nanos(now.saturating_sub(self.base.1))
    }

    /// A STUN message came to our socket, or through the relay at `to`.
    pub fn receive(
        &mut self,
        data: &[u8],
        from: SocketAddr,
        to: Option<SocketAddr>,
        now: Nanos,
        send: &mut impl FnMut(Transmit),
    ) -> Option<Outcome> {
        let message = StunMessage::parse(data).ok()?;
        let destination = to.or_else(|| {
            self.hosts
                .iter()
                .find(|host| host.is_ipv4() == from.is_ipv4())
                .copied()
        })?;
        if message.is_binding_request() && message.split_username().is_none() {
            return None;
        }
        let instant = self.instant(now);
        self.agent.handle_packet(
            instant,
            StunPacket {
                proto: Protocol::Udp,
                source: from,
                destination,
                message,
            },
        );
        self.step(now, send)
    }

    /// Time goes by.
    pub fn advance(&mut self, now: Nanos, send: &mut impl FnMut(Transmit)) -> Option<Outcome> {
        if self.next.is_none_or(|next| next > now) {
            return None;
        }
        self.step(now, send)
    }

    fn step(&mut self, now: Nanos, send: &mut impl FnMut(Transmit)) -> Option<Outcome> {
        let instant = self.instant(now);
        for _ in 0..STEPS {
            self.agent.handle_timeout(instant);
            while let Some(out) = self.agent.poll_transmit() {
                send(Transmit {
                    from: out.source,
                    to: out.destination,
                    data: out.contents.into(),
                });
            }
            if self.agent.poll_timeout().is_none_or(|at| at > instant) {
                break;
            }
        }
        self.next = self.agent.poll_timeout().map(|at| {
            let after = at.saturating_duration_since(self.base.0).as_nanos() as Nanos;
            self.base.1.saturating_add(after).max(now + 1)
        });
        let mut outcome = None;
        while let Some(event) = self.agent.poll_event() {
            match event {
                IceAgentEvent::NominatedSend {
                    source,
                    destination,
                    ..
                } => {
                    self.selected = true;
                    self.lost = false;
                    outcome = Some(Outcome::Selected {
                        to: destination,
                        from: source,
                    });
                }
                IceAgentEvent::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                    self.selected = false;
                    self.lost = true;
                    outcome = Some(Outcome::Lost);
                }
                IceAgentEvent::DiscoveredRecv { source, .. } => {
                    self.known.truncate(MOST_CANDIDATES - 1);
                    self.known.insert(0, source);
                }
                _ => {}
            }
        }
        outcome
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
