//! What goes over a port beside RTP and RTCP: the DTLS handshake that brings its keys (RFC 5764 section 5.1.2).
use super::{Output, Port, RTP};
use crate::Nanos;
use crate::dtls::{Association, Progress, Settings};
use crate::stats::Kind;
use std::net::SocketAddr;

/// Datagrams of a peer that began before its SDP came: a fragmented ClientHello is a few.
const EARLY: usize = 4;

/// The handshake of a port.
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
    /// Whether datagrams that are neither RTP nor RTCP mean something here.
    #[must_use]
    pub fn takes_handshakes(&self) -> bool {
        self.handshake.is_some()
    }

    /// A handshake will bring the keys: what comes before `set_dtls` is kept for it.
    pub fn await_dtls(&mut self) {
        self.handshake.get_or_insert_default();
        self.await_keys();
    }

    /// Do a handshake with this peer; one that is under way or done with the same peer goes on.
    pub fn set_dtls(&mut self, settings: Settings, now: Nanos, out: &mut impl Output) {
        self.await_dtls();
        let Some(mut handshake) = self.handshake.take() else {
            return;
        };
        let goes_on = handshake
            .association
            .as_ref()
            .is_some_and(|known| known.settings().same_peer(&settings))
            && !handshake.over;
        if !goes_on {
            handshake.over = false;
            handshake.from = None;
            handshake.association = match Association::new(settings, now) {
                Ok(association) => Some(Box::new(association)),
                Err(why) => {
                    out.event(self.event(Kind::Dtls, 0, format!("failed: {why}"), 0));
                    None
                }
            };
            let early = std::mem::take(&mut handshake.early);
            self.handshake = Some(handshake);
            for (data, from) in early {
                self.dtls_received(&data, from, now, out);
            }
            self.advance_handshake(now, out);
            return;
        }
        self.handshake = Some(handshake);
    }

    /// A datagram of a handshake.
    pub fn dtls_received(
        &mut self,
        data: &[u8],
        from: SocketAddr,
        now: Nanos,
        out: &mut impl Output,
    ) {
        let Some(mut handshake) = self.handshake.take() else {
            return;
        };
        if let Some(association) = &mut handshake.association {
            let mut answers = Vec::new();
            let progress = association.receive(data, now, &mut |data| answers.push(data.to_vec()));
            handshake.from = Some(from);
            self.handshake = Some(handshake);
            self.send_all(&answers, from, out);
            self.handshake_progress(progress, Some(from), now, out);
            return;
        }
        if handshake.early.len() < EARLY && data.len() <= 1500 {
            handshake.early.push((data.to_vec(), from));
        }
        self.handshake = Some(handshake);
    }

    /// Time has gone by: begin, or send again what got no answer.
    pub(super) fn advance_handshake(&mut self, now: Nanos, out: &mut impl Output) {
        let destination = self.destination;
        let Some(handshake) = &mut self.handshake else {
            return;
        };
        let Some(to) = handshake.from.or(destination) else {
            return;
        };
        let Some(association) = &mut handshake.association else {
            return;
        };
        let mut flight = Vec::new();
        let progress = association.advance(now, &mut |data| flight.push(data.to_vec()));
        self.send_all(&flight, to, out);
        self.handshake_progress(progress, None, now, out);
    }

    fn handshake_progress(
        &mut self,
        progress: Option<Progress>,
        from: Option<SocketAddr>,
        now: Nanos,
        out: &mut impl Output,
    ) {
        match progress {
            None => {}
            Some(Progress::Keys(keys, suite)) => {
                self.set_keys(Some(*keys), now);
                if let Some(from) = from {
                    // Who has the certificate of the SDP is the one that we want to hear, wherever it is.
                    self.believe(from, now);
                }
                out.event(self.event(Kind::Dtls, 0, suite, 1));
            }
            Some(Progress::Failed(why)) => {
                if let Some(handshake) = &mut self.handshake {
                    handshake.over = true;
                }
                out.event(self.event(Kind::Dtls, 0, format!("failed: {why}"), 0));
            }
            Some(Progress::Closed) => {
                if let Some(handshake) = &mut self.handshake {
                    handshake.over = true;
                }
            }
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
    pub(super) fn close_handshake(&mut self, out: &mut impl Output) {
        let destination = self.destination;
        let Some(handshake) = &mut self.handshake else {
            return;
        };
        if let (Some(association), Some(to)) =
            (&mut handshake.association, handshake.from.or(destination))
        {
            let mut last = Vec::new();
            association.close(&mut |data| last.push(data.to_vec()));
            self.send_all(&last, to, out);
        }
    }

    /// Datagrams of a handshake; a lost one is sent again.
    fn send_all(&self, datagrams: &[Vec<u8>], to: SocketAddr, out: &mut impl Output) {
        for datagram in datagrams {
            self.send_beside(RTP, datagram, to, out);
        }
    }
}
