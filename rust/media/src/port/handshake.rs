//! What goes over a port beside RTP and RTCP: the DTLS handshakes that bring its keys (RFC 5764 section 5.1.2).
//!
//! RTCP on a port of its own has an association of its own, and keys of its own (section 4.1.1).
use super::{Output, Port, RTCP, RTP};
use crate::Nanos;
use crate::dtls::{Association, Progress, Settings};
use crate::stats::Kind;
use std::net::SocketAddr;

/// Datagrams of a peer that began before its SDP came: a fragmented ClientHello is a few.
const EARLY: usize = 4;

/// The handshake of one socket.
#[derive(Default)]
pub(super) struct Handshake {
    association: Option<Box<Association>>,
    early: Vec<(Vec<u8>, SocketAddr)>,
    /// Where the peer's last datagram came from.
    from: Option<SocketAddr>,
    over: bool,
}

impl Handshake {
    pub(super) fn busy(&self) -> bool {
        self.association.as_ref().is_some_and(|a| a.busy())
    }
}

impl Port {
    /// Whether datagrams that are neither RTP nor RTCP mean something at this socket.
    #[must_use]
    pub fn takes_handshakes(&self, component: usize) -> bool {
        self.handshakes[component].is_some()
    }

    pub(super) fn has_handshakes(&self) -> bool {
        self.handshakes.iter().any(Option::is_some)
    }

    /// Handshakes will bring the keys: what comes before `set_dtls` is kept for them.
    pub fn await_dtls(&mut self) {
        self.handshakes[RTP].get_or_insert_default();
        self.await_keys();
        if self.control.as_ref().is_some_and(|control| !control.mux) {
            self.handshakes[RTCP].get_or_insert_default();
            self.await_control_keys();
        }
    }

    /// Do handshakes with this peer; what is under way or done with the same peer goes on.
    pub fn set_dtls(&mut self, settings: Settings, now: Nanos, out: &mut impl Output) {
        self.await_dtls();
        for component in [RTP, RTCP] {
            self.begin_handshake(component, &settings, now, out);
        }
    }

    /// RTCP goes with RTP: it has its keys from there.
    pub(super) fn end_control_handshake(&mut self) {
        self.handshakes[RTCP] = None;
        self.share_keys();
    }

    fn begin_handshake(
        &mut self,
        component: usize,
        settings: &Settings,
        now: Nanos,
        out: &mut impl Output,
    ) {
        let Some(handshake) = &mut self.handshakes[component] else {
            return;
        };
        let goes_on = handshake
            .association
            .as_ref()
            .is_some_and(|known| known.settings().same_peer(settings))
            && !handshake.over;
        if goes_on {
            return;
        }
        handshake.over = false;
        handshake.from = None;
        handshake.association = None;
        let early = std::mem::take(&mut handshake.early);
        match Association::new(settings.clone(), now) {
            Ok(association) => handshake.association = Some(Box::new(association)),
            Err(why) => self.handshake_failed(component, why, out),
        }
        for (data, from) in early {
            self.dtls_received(component, &data, from, now, out);
        }
        self.advance_handshakes(now, out);
    }

    /// A datagram of a handshake.
    pub fn dtls_received(
        &mut self,
        component: usize,
        data: &[u8],
        from: SocketAddr,
        now: Nanos,
        out: &mut impl Output,
    ) {
        let Some(handshake) = &mut self.handshakes[component] else {
            return;
        };
        if let Some(association) = &mut handshake.association {
            let mut answers = Vec::new();
            let progress = association.receive(data, now, &mut |data| answers.push(data.to_vec()));
            handshake.from = Some(from);
            self.send_all(component, &answers, from, out);
            self.handshake_progress(component, progress, Some(from), now, out);
        } else if handshake.early.len() < EARLY && data.len() <= 1500 {
            handshake.early.push((data.to_vec(), from));
        }
    }

    /// Time has gone by: begin, or send again what got no answer.
    pub(super) fn advance_handshakes(&mut self, now: Nanos, out: &mut impl Output) {
        for component in [RTP, RTCP] {
            let destination = self.handshake_destination(component);
            let Some(handshake) = &mut self.handshakes[component] else {
                continue;
            };
            let (Some(to), Some(association)) = (
                handshake.from.or(destination),
                handshake.association.as_mut(),
            ) else {
                continue;
            };
            let mut flight = Vec::new();
            let progress = association.advance(now, &mut |data| flight.push(data.to_vec()));
            self.send_all(component, &flight, to, out);
            self.handshake_progress(component, progress, None, now, out);
        }
    }

    fn handshake_destination(&self, component: usize) -> Option<SocketAddr> {
        if component == RTP {
            self.destination
        } else {
            self.rtcp_destination()
        }
    }

    fn handshake_progress(
        &mut self,
        component: usize,
        progress: Option<Progress>,
        from: Option<SocketAddr>,
        now: Nanos,
        out: &mut impl Output,
    ) {
        match progress {
            None => {}
            Some(Progress::Keys(keys, _)) if component == RTCP => self.key_control(*keys, now),
            Some(Progress::Keys(keys, suite)) => {
                self.key(*keys, now);
                if let Some(from) = from {
                    // Who has the certificate of the SDP is the one that we want to hear, wherever it is.
                    self.believe(from, now);
                }
                out.event(self.event(Kind::Dtls, 0, suite, 1));
            }
            Some(Progress::Failed(why)) => self.handshake_failed(component, why, out),
            Some(Progress::Closed) => {
                if let Some(handshake) = &mut self.handshakes[component] {
                    handshake.over = true;
                }
            }
        }
    }

    fn handshake_failed(&mut self, component: usize, why: String, out: &mut impl Output) {
        if let Some(handshake) = &mut self.handshakes[component] {
            handshake.over = true;
        }
        // Without RTCP a call is one still: it is not worth an alarm.
        if component == RTP {
            out.event(self.event(Kind::Dtls, 0, format!("failed: {why}"), 0));
        }
    }

    /// This source has proved to be the right one.
    fn believe(&mut self, from: SocketAddr, now: Nanos) {
        self.guard.believe(from, now);
        if self.symmetric {
            self.aim();
        }
    }

    /// Tell the peer that this was all.
    pub(super) fn close_handshakes(&mut self, out: &mut impl Output) {
        for component in [RTP, RTCP] {
            let destination = self.handshake_destination(component);
            let Some(handshake) = &mut self.handshakes[component] else {
                continue;
            };
            if let (Some(association), Some(to)) =
                (&mut handshake.association, handshake.from.or(destination))
            {
                let mut last = Vec::new();
                association.close(&mut |data| last.push(data.to_vec()));
                self.send_all(component, &last, to, out);
            }
        }
    }

    /// Datagrams of a handshake; a lost one is sent again.
    fn send_all(
        &self,
        component: usize,
        datagrams: &[Vec<u8>],
        to: SocketAddr,
        out: &mut impl Output,
    ) {
        for datagram in datagrams {
            self.send_beside(component, datagram, to, out);
        }
    }
}
