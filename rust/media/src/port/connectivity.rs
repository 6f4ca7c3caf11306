//! ICE of a port: one component for RTP, and one for RTCP where that has a socket of its own.
use super::{Output, Port};
use crate::Nanos;
use crate::ice::{Credentials, Ice, Local, Outcome, Transmit};
use crate::stats::Kind;
use std::net::SocketAddr;
use std::time::Instant;

/// Index of the component that carries RTP, and RTCP with rtcp-mux.
pub const RTP: usize = 0;
/// Index of the component that carries RTCP alone.
pub const RTCP: usize = 1;

/// Our side of ICE.
#[derive(Debug)]
pub struct IceOpening {
    pub local: Credentials,
    pub lite: bool,
    /// Of each component; the second has none with rtcp-mux.
    pub candidates: [Vec<Local>; 2],
}

/// The far end's side of ICE.
#[derive(Debug)]
pub struct IceRemote {
    pub remote: Credentials,
    pub controlling: bool,
    /// `a=candidate` values of each component.
    pub candidates: [Vec<String>; 2],
}

/// The components, and the pairs that were chosen.
pub(super) struct Connectivity {
    components: [Option<Ice>; 2],
    to: [Option<SocketAddr>; 2],
}

impl Connectivity {
    pub(super) fn busy(&self) -> bool {
        self.components.iter().flatten().any(Ice::busy)
    }

    /// Whether an address is the far end's.
    pub(super) fn knows(&self, from: SocketAddr) -> bool {
        self.components.iter().flatten().any(|ice| ice.knows(from)) || self.to.contains(&Some(from))
    }

    /// Where a component sends.
    pub(super) fn to(&self, component: usize) -> Option<SocketAddr> {
        self.to[component]
    }
}

impl Port {
    /// Whether STUN messages mean something here.
    #[must_use]
    pub fn takes_checks(&self) -> bool {
        self.ice.is_some()
    }

    /// Get ready for checks of the far end; other credentials than before are a restart, during which what was chosen
    /// stays in use.
    pub fn begin_ice(&mut self, opening: IceOpening, base: Instant, now: Nanos) {
        let goes_on = self.ice.as_ref().is_some_and(|ice| {
            ice.components[RTP]
                .as_ref()
                .is_some_and(|ice| *ice.local() == opening.local)
        });
        if goes_on {
            // What servers have told meanwhile comes on top (trickle).
            let components = self.ice.iter_mut().flat_map(|ice| &mut ice.components);
            for (component, candidates) in components.zip(opening.candidates) {
                if let Some(component) = component {
                    candidates
                        .into_iter()
                        .for_each(|each| component.add_local(each));
                }
            }
            return;
        }
        let before = self.ice.take();
        let mut components = opening.candidates.map(|candidates| {
            (!candidates.is_empty()).then(|| {
                let mut ice = Ice::new(opening.local.clone(), opening.lite, base, now);
                candidates.into_iter().for_each(|each| ice.add_local(each));
                ice
            })
        });
        if let Some(before) = &before {
            for (after, before) in components.iter_mut().zip(&before.components) {
                if let (Some(after), Some(before)) = (after, before) {
                    after.remember(before);
                }
            }
        }
        self.ice = Some(Box::new(Connectivity {
            components,
            to: before.map_or([None; 2], |before| before.to),
        }));
        self.aim();
    }

    /// The far end's credentials and candidates; candidates may come in several parts (trickle).
    pub fn set_ice(&mut self, remote: IceRemote, now: Nanos, out: &mut impl Output) {
        let Some(ice) = &mut self.ice else { return };
        if self.control.as_ref().is_none_or(|c| c.mux) {
            ice.components[RTCP] = None;
        }
        for (component, lines) in ice.components.iter_mut().zip(&remote.candidates) {
            if let Some(component) = component {
                component.set_remote(remote.remote.clone(), remote.controlling);
                lines.iter().for_each(|line| component.add_remote(line));
            }
        }
        for component in [RTP, RTCP] {
            let peers: Vec<SocketAddr> = remote.candidates[component]
                .iter()
                .filter_map(|line| address_of(line))
                .collect();
            self.permit(component, &peers, now, out);
        }
        self.advance_ice(now, out);
    }

    /// The far end does no ICE.
    pub fn end_ice(&mut self) {
        if self.ice.take().is_some() {
            self.guard.expect(self.remote);
            self.aim();
        }
    }

    /// A STUN message came to a socket of this port, or to its relay (at `to`).
    pub fn stun_received(
        &mut self,
        component: usize,
        data: &[u8],
        from: SocketAddr,
        to: Option<SocketAddr>,
        now: Nanos,
        out: &mut impl Output,
    ) {
        let Some(ice) = self
            .ice
            .as_mut()
            .and_then(|ice| ice.components[component].as_mut())
        else {
            return;
        };
        let mut checks = Vec::new();
        let outcome = ice.receive(data, from, to, now, &mut |each| checks.push(each));
        self.send_checks(component, &checks, out);
        self.ice_outcome(component, outcome, now, out);
    }

    /// Time has gone by.
    pub(super) fn advance_ice(&mut self, now: Nanos, out: &mut impl Output) {
        for component in [RTP, RTCP] {
            let Some(ice) = self
                .ice
                .as_mut()
                .and_then(|ice| ice.components[component].as_mut())
            else {
                continue;
            };
            let mut checks = Vec::new();
            let outcome = ice.advance(now, &mut |each| checks.push(each));
            self.send_checks(component, &checks, out);
            self.ice_outcome(component, outcome, now, out);
        }
    }

    fn send_checks(&self, component: usize, checks: &[Transmit], out: &mut impl Output) {
        for each in checks {
            self.send_check(component, (each.from, each.to), &each.data, out);
        }
    }

    fn ice_outcome(
        &mut self,
        component: usize,
        outcome: Option<Outcome>,
        now: Nanos,
        out: &mut impl Output,
    ) {
        let Some(ice) = &mut self.ice else { return };
        match outcome {
            None => {}
            Some(Outcome::Selected { to, from }) => {
                let changed = ice.to[component] != Some(to);
                ice.to[component] = Some(to);
                self.choose_pair(component, Some((from, to)), now, out);
                if component == RTP && changed {
                    self.guard.expect(Some(to));
                    self.guard.believe(to, now);
                    if let Ok(mut source) = self.stats.source.lock() {
                        *source = Some(to);
                    }
                    self.aim();
                    out.event(self.event(Kind::Ice, 0, to.to_string(), 1));
                    self.advance_handshakes(now, out);
                }
            }
            Some(Outcome::Lost) => {
                ice.to[component] = None;
                self.choose_pair(component, None, now, out);
                if component == RTP {
                    self.aim();
                    out.event(self.event(Kind::Ice, 0, "no pair of candidates works", 0));
                }
            }
        }
    }
}

/// The address in a candidate's line.
fn address_of(line: &str) -> Option<SocketAddr> {
    let mut words = line.split_ascii_whitespace().skip(4);
    let (ip, port) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(SocketAddr::new(ip, port))
}
