//! What a port has of servers: where a STUN server sees its sockets, and a relay of a TURN server for each.
//!
//! What comes through the relay is taken out of its frame in place; what goes out gets four bytes before it.
use super::{Output, Port, RTCP, RTP};
use crate::Nanos;
use crate::nat::{Allocation, Binding, Event, Received, Told, TurnServer};
use crate::stats::Kind;
use std::net::SocketAddr;
use std::ops::Range;

/// What is asked of servers.
#[derive(Clone, Debug)]
pub struct Gathering {
    pub stun: Option<SocketAddr>,
    pub turn: Option<TurnServer>,
    /// What our messages say of the program; empty: nothing.
    pub software: String,
}

/// The servers of one socket.
#[derive(Default)]
struct Socket {
    stun: Option<Binding>,
    turn: Option<Allocation>,
    /// The peer whose last handshake datagram came through the relay.
    handshake: Option<SocketAddr>,
}

/// The servers of both sockets.
pub(super) struct Servers {
    sockets: [Socket; 2],
    next: Nanos,
}

/// How what goes to the far end leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Way {
    #[default]
    Direct,
    /// Through the relay, whose channel is not bound yet.
    Indications,
    Channel {
        server: SocketAddr,
        number: u16,
    },
}

/// What a datagram was.
pub(crate) enum FromServer {
    /// Somebody else's.
    No,
    Taken,
    /// Of a peer, through the relay: who, and where in the datagram.
    Data(SocketAddr, Range<usize>),
}

impl Servers {
    /// Whether an answer is awaited.
    pub(super) fn busy(&self) -> bool {
        self.next != Nanos::MAX
            && self.sockets.iter().any(|socket| {
                socket.stun.as_ref().is_some_and(Binding::waits)
                    || socket.turn.as_ref().is_some_and(Allocation::waits)
            })
    }

    fn relayed(&self, component: usize) -> Option<SocketAddr> {
        self.sockets[component].turn.as_ref()?.relayed()
    }
}

impl Port {
    /// Ask these servers about our sockets; events `server` tell what they say.
    pub fn gather(&mut self, gathering: &Gathering, ipv6: bool, now: Nanos, out: &mut impl Output) {
        let both = self.control.as_ref().is_some_and(|control| !control.mux);
        let socket = |wanted: bool| Socket {
            stun: gathering
                .stun
                .filter(|_| wanted)
                .map(|server| Binding::new(server, gathering.software.clone(), now)),
            turn: gathering
                .turn
                .clone()
                .filter(|_| wanted)
                .map(|server| Allocation::new(server, ipv6)),
            handshake: None,
        };
        self.servers = Some(Box::new(Servers {
            sockets: [socket(true), socket(both)],
            next: 0,
        }));
        self.advance_servers(now, out);
    }

    /// Whether datagrams of servers mean something here.
    #[must_use]
    pub fn has_servers(&self) -> bool {
        self.servers.is_some()
    }

    /// Time has gone by.
    pub(super) fn advance_servers(&mut self, now: Nanos, out: &mut impl Output) {
        let slot = self.slot;
        let Some(servers) = &mut self.servers else {
            return;
        };
        if now < servers.next {
            return;
        }
        let mut told = Vec::new();
        let mut next = Nanos::MAX;
        for (component, socket) in servers.sockets.iter_mut().enumerate() {
            if let Some(stun) = &mut socket.stun {
                let to = stun.server;
                let said = stun.advance(now, &mut |data| plain(slot, component, data, to, out));
                told.push((component, of_binding(said)));
                next = next.min(stun.next());
            }
            if let Some(turn) = &mut socket.turn {
                let to = turn.server.address;
                let said = turn.advance(now, &mut |data| plain(slot, component, data, to, out));
                told.push((component, said.map(of_allocation)));
                next = next.min(turn.next().unwrap_or(Nanos::MAX));
            }
        }
        servers.next = next;
        for (component, text) in told {
            self.tell_server(component, text, out);
        }
    }

    fn tell_server(&mut self, component: usize, text: Option<String>, out: &mut impl Output) {
        if let Some(text) = text {
            out.event(self.event(Kind::Server, 0, text, component as i64 + 1));
        }
    }

    /// A datagram that may be one of a server's.
    pub(crate) fn server_received(
        &mut self,
        component: usize,
        data: &[u8],
        from: SocketAddr,
        now: Nanos,
        out: &mut impl Output,
    ) -> FromServer {
        let slot = self.slot;
        let Some(servers) = &mut self.servers else {
            return FromServer::No;
        };
        let socket = &mut servers.sockets[component];
        let mut text = None;
        let mut taken = FromServer::No;
        if let Some(stun) = socket.stun.as_mut().filter(|stun| stun.server == from)
            && let Some(told) = stun.receive(data)
        {
            text = of_binding(told);
            taken = FromServer::Taken;
        } else if let Some(turn) = socket
            .turn
            .as_mut()
            .filter(|turn| turn.server.address == from)
        {
            match turn.receive(data, now, &mut |data| {
                plain(slot, component, data, from, out)
            }) {
                Received::Event(event) => {
                    text = event.map(of_allocation);
                    taken = FromServer::Taken;
                }
                Received::Data(peer, range) => {
                    if data
                        .get(range.start)
                        .is_some_and(|first| matches!(first, 20..=63))
                    {
                        socket.handshake = Some(peer);
                    }
                    self.stats.relay_in.add(1);
                    return FromServer::Data(peer, range);
                }
                Received::Other => {}
            }
        }
        if matches!(taken, FromServer::Taken) {
            servers.next = now; // what it has to do next may have changed
            self.choose_way(component);
            self.tell_server(component, text, out);
        }
        taken
    }

    /// These may send to the relay, and be checked through it.
    pub(super) fn permit(
        &mut self,
        component: usize,
        peers: &[SocketAddr],
        now: Nanos,
        out: &mut impl Output,
    ) {
        let slot = self.slot;
        let Some(turn) = self
            .servers
            .as_mut()
            .and_then(|servers| servers.sockets[component].turn.as_mut())
        else {
            return;
        };
        let server = turn.server.address;
        for peer in peers {
            turn.permit(*peer, now, &mut |data| {
                plain(slot, component, data, server, out)
            });
        }
        if let Some(servers) = &mut self.servers {
            servers.next = now;
        }
    }

    /// ICE has chosen this pair: whether it goes through the relay, and by which channel.
    pub(super) fn choose_pair(
        &mut self,
        component: usize,
        pair: Option<(SocketAddr, SocketAddr)>,
        now: Nanos,
        out: &mut impl Output,
    ) {
        let slot = self.slot;
        let Some(servers) = &mut self.servers else {
            return;
        };
        let relayed = servers.relayed(component);
        let through = pair
            .filter(|(from, _)| relayed == Some(*from))
            .map(|(_, to)| to);
        self.through_relay[component] = through;
        if let (Some(to), Some(turn)) = (through, servers.sockets[component].turn.as_mut()) {
            let server = turn.server.address;
            turn.bind(to, now, &mut |data| {
                plain(slot, component, data, server, out)
            });
            servers.next = now;
        }
        self.choose_way(component);
    }

    fn choose_way(&mut self, component: usize) {
        if component == RTP {
            self.way = self.way_of(RTP);
        }
    }

    fn way_of(&self, component: usize) -> Way {
        let Some(peer) = self.through_relay[component] else {
            return Way::Direct;
        };
        let turn = self
            .servers
            .as_ref()
            .and_then(|servers| servers.sockets[component].turn.as_ref());
        match turn.and_then(|turn| Some((turn.server.address, turn.channel(peer)?))) {
            Some((server, number)) => Way::Channel { server, number },
            None => Way::Indications,
        }
    }

    /// How media leave: by the way that ICE has chosen.
    #[inline]
    pub(crate) fn way(&self) -> Way {
        self.way
    }

    /// Send through the relay by an indication; whether it went out.
    pub(crate) fn indicate(
        &self,
        component: usize,
        data: &[u8],
        to: SocketAddr,
        out: &mut impl Output,
    ) -> bool {
        let turn = self
            .servers
            .as_ref()
            .and_then(|servers| servers.sockets[component].turn.as_ref());
        let Some(turn) = turn.filter(|turn| turn.relayed().is_some()) else {
            return false;
        };
        let framed = turn.indication(to, data);
        plain(self.slot, component, &framed, turn.server.address, out);
        self.stats.relay_out.add(1);
        true
    }

    /// Send a check from one of the local candidates: through the relay if it is that.
    pub(super) fn send_check(
        &self,
        component: usize,
        (from, to): (SocketAddr, SocketAddr),
        data: &[u8],
        out: &mut impl Output,
    ) {
        let relayed = self
            .servers
            .as_ref()
            .and_then(|servers| servers.relayed(component));
        if relayed == Some(from) {
            self.indicate(component, data, to, out);
        } else {
            plain(self.slot, component, data, to, out);
        }
    }

    /// Send what is no RTP: RTCP and handshakes, the way that the far end is reached.
    pub(super) fn send_beside(
        &self,
        component: usize,
        data: &[u8],
        to: SocketAddr,
        out: &mut impl Output,
    ) {
        if self.through_relay[component] == Some(to) {
            if let Way::Channel { server, number } = self.way_of(component) {
                out.framed(self.slot, component, head(number, data.len()), data, server);
                self.stats.relay_out.add(1);
            } else {
                self.indicate(component, data, to, out);
            }
            return;
        }
        let handshake = self
            .servers
            .as_ref()
            .and_then(|servers| servers.sockets[component].handshake);
        if handshake == Some(to)
            && self.through_relay[component].is_none()
            && self.indicate(component, data, to, out)
        {
            return;
        }
        plain(self.slot, component, data, to, out);
    }

    /// Where the relay of a component is, if there is one.
    pub(crate) fn relayed_at(&self, component: usize) -> Option<SocketAddr> {
        self.servers.as_ref()?.relayed(component)
    }

    /// Give the relays back.
    pub(super) fn release_servers(&mut self, out: &mut impl Output) {
        let slot = self.slot;
        let Some(mut servers) = self.servers.take() else {
            return;
        };
        for component in [RTP, RTCP] {
            if let Some(turn) = &mut servers.sockets[component].turn {
                let server = turn.server.address;
                turn.release(&mut |data| plain(slot, component, data, server, out));
            }
        }
        self.way = Way::Direct;
        self.through_relay = [None; 2];
    }
}

/// The four bytes before what goes by a channel (RFC 8656 section 12.4).
pub(crate) fn head(number: u16, length: usize) -> [u8; 4] {
    let ([a, b], [c, d]) = (number.to_be_bytes(), (length as u16).to_be_bytes());
    [a, b, c, d]
}

fn plain(slot: usize, component: usize, data: &[u8], to: SocketAddr, out: &mut impl Output) {
    // A lost one is sent again.
    if component == RTP {
        let _ = out.rtp(slot, data, to);
    } else {
        out.rtcp(slot, data, to);
    }
}

fn of_binding(told: Told) -> Option<String> {
    match told {
        Told::Nothing => None,
        Told::Mapped(address) => Some(format!("srflx {address}")),
        Told::Failed(why) => Some(format!("no-srflx {why}")),
    }
}

fn of_allocation(event: Event) -> String {
    match event {
        Event::Allocated { relayed, mapped } => match mapped {
            Some(mapped) => format!("relay {relayed} {mapped}"),
            None => format!("relay {relayed}"),
        },
        Event::Lost(why) => format!("no-relay {why}"),
    }
}
