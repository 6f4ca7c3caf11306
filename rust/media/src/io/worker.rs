//! A worker: one thread, one epoll, its own ports.
//!
//! A packet costs two system calls, which cannot be avoided; what can is waking up for each.  While packets
//! flow faster than `FLOW` the worker sleeps to the next millisecond after each round, so that it finds several at
//! once: at most 1 ms of added latency.  Below that it wakes for each, and adds nothing.  Nothing flows and
//! nothing is timed: it sleeps.
use super::clock;
use super::commands::Watched;
use super::commands::{Action, Command, Mailbox};
use super::events::EventQueue;
use super::files::FileQueue;
use super::outside::Outside;
use super::packet_log::PacketLog;
use super::sockets::{PortRange, Sockets};
use crate::Nanos;
use crate::board::Board;
use crate::port::Carries;
use crate::port::recorder::Recorder;
use crate::port::watch::Watch;
use crate::stats::{Dropped, WorkerStats};
use rustix::event::epoll;
use rustix::fd::OwnedFd;
use rustix::net::RecvFlags;
use rustix::time::Timespec;
use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

/// Largest datagram looked at; longer ones are cut and fail to parse or are relayed as they are cut.
const DATAGRAM: usize = 2048;
/// Sockets handled in one round.
const ROUND: usize = 256;
/// Packets a millisecond from which on rounds are spaced out.
const FLOW: f32 = 1.5;
const MILLISECOND: Nanos = 1_000_000;
/// Time over which the flow is measured.
const MEASURE: Nanos = 8 * MILLISECOND;

/// Token of the mailbox's file descriptors in epoll; no port has it.
const MAILBOX: u64 = u64::MAX;

/// The epoll token of a socket.
fn token(id: u64, rtcp: bool) -> u64 {
    id << 1 | u64::from(rtcp)
}

/// A port's slot is the low part of its id.
pub const SLOT_BITS: u32 = 24;

#[must_use]
pub fn slot_of(id: u64) -> usize {
    (id & ((1 << SLOT_BITS) - 1)) as usize
}

/// Register a port's sockets, from any thread.
pub fn watch(epoll: &OwnedFd, id: u64, sockets: &Sockets) -> Result<(), rustix::io::Errno> {
    epoll::add(
        epoll,
        &sockets.rtp,
        epoll::EventData::new_u64(token(id, false)),
        epoll::EventFlags::IN,
    )?;
    if let Some(rtcp) = &sockets.rtcp {
        epoll::add(
            epoll,
            rtcp,
            epoll::EventData::new_u64(token(id, true)),
            epoll::EventFlags::IN,
        )?;
    }
    Ok(())
}

/// What workers share with the engine.
pub struct Shared {
    pub mailboxes: Arc<[Arc<Mailbox>]>,
    pub epolls: Arc<[Arc<OwnedFd>]>,
    pub events: Arc<EventQueue>,
    pub range: Arc<PortRange>,
    pub datagram_range: Arc<PortRange>,
    pub free_slots: Mutex<Vec<usize>>,
    pub files: FileQueue,
    pub packets: PacketLog,
}

/// The thread's state.
pub struct Worker {
    index: usize,
    board: Board,
    outside: Outside,
    mailbox: Arc<Mailbox>,
    epoll: Arc<OwnedFd>,
    stats: Arc<WorkerStats>,
    /// The port that must arrive before anything else is carried out: commands about two ports keep their order.
    expected: Option<u64>,
    /// What waits for it.  A move never waits for one that was asked for later (`Engine::moving`), so no two
    /// workers wait for each other.
    held: VecDeque<Command>,
    /// Ports that came before their `Expect` was carried out.
    arrived: HashSet<u64>,
    freed: Vec<usize>,
    flow: Flow,
    running: bool,
}

/// How fast packets come.
#[derive(Default)]
struct Flow {
    since: Nanos,
    packets: u32,
    per_ms: f32,
}

impl Flow {
    fn count(&mut self, packets: u32, now: Nanos) {
        self.packets += packets;
        let elapsed = now.saturating_sub(self.since);
        if elapsed >= MEASURE {
            let rate = self.packets as f32 * MILLISECOND as f32 / elapsed as f32;
            // A pause ends a flow at once; bursts within one must not.
            self.per_ms = if elapsed > 4 * MEASURE {
                rate
            } else {
                (self.per_ms + rate) / 2.0
            };
            self.since = now;
            self.packets = 0;
        }
    }
}

impl Worker {
    pub fn new(
        index: usize,
        tick_ms: u32,
        cname: String,
        shared: Arc<Shared>,
        stats: Arc<WorkerStats>,
    ) -> Result<Worker, rustix::io::Errno> {
        let (mailbox, epoll) = (
            Arc::clone(&shared.mailboxes[index]),
            Arc::clone(&shared.epolls[index]),
        );
        let edge = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(
            &epoll,
            &mailbox.wake,
            epoll::EventData::new_u64(MAILBOX),
            edge,
        )?;
        epoll::add(
            &epoll,
            &mailbox.timer,
            epoll::EventData::new_u64(MAILBOX),
            edge,
        )?;
        Ok(Worker {
            index,
            board: Board::new(tick_ms, cname, Arc::clone(&stats)),
            outside: Outside {
                sockets: Vec::new(),
                events: Vec::new(),
                shared,
                stats: Arc::clone(&stats),
            },
            mailbox,
            epoll,
            stats,
            expected: None,
            held: VecDeque::new(),
            arrived: HashSet::new(),
            freed: Vec::new(),
            flow: Flow::default(),
            running: true,
        })
    }

    /// Work until told to shut down.
    pub fn run(mut self) {
        let nothing = epoll::Event {
            flags: epoll::EventFlags::empty(),
            data: epoll::EventData::new_u64(MAILBOX),
        };
        let mut ready = [nothing; ROUND];
        let mut buffer = [0u8; DATAGRAM];
        let mut commands = Vec::new();
        let mut now = clock();
        while self.running {
            let timeout = self
                .board
                .next_timeout()
                .map(|due| timespec(due.saturating_sub(now)));
            let count = match epoll::wait(&*self.epoll, &mut ready, timeout.as_ref()) {
                Ok(count) => count,
                Err(rustix::io::Errno::INTR) => 0,
                // Nothing but a bug of ours makes this fail; a busy loop would make it worse.
                Err(_) => return,
            };
            now = clock();
            self.stats.wakeups.add(1);
            if self.mailbox.take(&mut commands) {
                for command in commands.drain(..) {
                    self.carry_out(command, now);
                }
            }
            let mut packets = 0;
            for event in &ready[..count] {
                let token = event.data.u64();
                if token != MAILBOX {
                    packets += 1;
                    self.receive(token >> 1, token & 1 != 0, &mut buffer, now);
                }
            }
            if self.board.next_timeout().is_some_and(|due| due <= now) {
                self.board.advance(now, &mut self.outside);
            }
            self.outside.shared.events.append(&mut self.outside.events);
            self.return_slots();
            self.flow.count(packets, now);
            now = clock();
            if self.flow.per_ms >= FLOW && count < ROUND && self.running {
                let mut until = (now / MILLISECOND + 1) * MILLISECOND;
                if let Some(due) = self.board.next_timeout() {
                    until = until.min(due);
                }
                let until_time = timespec(until);
                // An early return (a signal) only makes the round smaller.
                let _ = rustix::thread::clock_nanosleep_absolute(
                    rustix::thread::ClockId::Monotonic,
                    &until_time,
                );
                now = until.max(now);
            }
        }
    }

    /// Take one datagram from a ready socket; if there are more, epoll says so again.
    fn receive(&mut self, id: u64, rtcp: bool, buffer: &mut [u8; DATAGRAM], now: Nanos) {
        let slot = slot_of(id);
        let Some(Some(sockets)) = self.outside.sockets.get(slot) else {
            return;
        };
        let socket = if rtcp {
            sockets.rtcp.as_ref()
        } else {
            Some(&sockets.rtp)
        };
        let Some(socket) = socket else { return };
        // Otherwise nothing was there after all, or it was the answer (ICMP) to something we sent.
        if let Ok((length, _, Some(from))) =
            rustix::net::recvfrom(socket, &mut buffer[..], RecvFlags::DONTWAIT)
            && let Ok(from) = SocketAddr::try_from(from)
        {
            let data = &mut buffer[..length];
            if self.outside.shared.packets.on() && !rtcp {
                let datagrams = sockets.datagrams;
                self.outside
                    .shared
                    .packets
                    .note(datagrams, false, from, data);
            }
            if rtcp {
                self.board
                    .rtcp_received(slot, id, data, from, now, &mut self.outside);
            } else {
                self.board
                    .rtp_received(slot, id, data, from, now, &mut self.outside);
            }
        }
    }

    fn return_slots(&mut self) {
        if !self.freed.is_empty() {
            let mut free = self
                .outside
                .shared
                .free_slots
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            free.append(&mut self.freed);
        }
    }

    fn put(&mut self, slot: usize, sockets: Option<Sockets>) {
        if self.outside.sockets.len() <= slot {
            self.outside.sockets.resize_with(slot + 1, || None);
        }
        self.outside.sockets[slot] = sockets;
    }

    fn carry_out(&mut self, command: Command, now: Nanos) {
        self.stats.commands.add(1);
        let Command { slot, id, action } = command;
        if self.expected.is_some() && !matches!(action, Action::Import(..) | Action::Shutdown) {
            self.held.push_back(Command { slot, id, action });
            return;
        }
        let out = &mut self.outside;
        match action {
            Action::Open(port, sockets) => {
                self.put(slot, sockets);
                self.board.insert(port);
                return;
            }
            Action::Import(port, sockets) => {
                if let Some(sockets) = &sockets {
                    // Without it the port is deaf, which its time-out reports.
                    let _ = watch(&self.epoll, id, sockets);
                }
                self.put(slot, sockets);
                self.board.insert(port);
                self.board.note_timed(slot, now);
                if self.expected != Some(id) {
                    self.arrived.insert(id);
                    return;
                }
                self.expected = None;
                // Each may be an `Expect`, which puts those after it back into waiting.
                while self.expected.is_none()
                    && let Some(command) = self.held.pop_front()
                {
                    self.carry_out(command, now);
                }
                return;
            }
            Action::Expect => {
                if !self.arrived.remove(&id) {
                    self.expected = Some(id);
                }
                return;
            }
            Action::Shutdown => {
                for (slot, id) in self.board.all() {
                    self.close(slot, id, now);
                }
                self.running = false;
                return;
            }
            Action::Close => return self.close(slot, id, now),
            Action::Move { to } => return self.give(slot, id, to),
            Action::Bridge {
                slot: peer,
                id: peer_id,
                one_way,
            } => {
                if self.board.port(slot, id).is_some() && self.board.port(peer, peer_id).is_some() {
                    if one_way {
                        self.board.view(slot, peer);
                        self.board.ask_pictures(&[peer], now, out);
                    } else {
                        self.board.bridge(slot, peer);
                        self.board.ask_pictures(&[slot, peer], now, out);
                    }
                }
                return;
            }
            Action::Ride {
                carrier,
                id: carrier_id,
            } => {
                if self.board.port(slot, id).is_some()
                    && self.board.port(carrier, carrier_id).is_some()
                {
                    self.board.ride(slot, carrier);
                    self.board.note_timed(slot, now);
                }
                return;
            }
            Action::Echo => {
                if self.board.port(slot, id).is_some() {
                    self.board.bridge(slot, slot);
                }
                return;
            }
            Action::Unlink => {
                if self.board.port(slot, id).is_some() {
                    self.board.unlink(slot);
                }
                return;
            }
            Action::OpenRoom { rate, interval_ms } => {
                return self.board.open_room(id, rate, interval_ms, now);
            }
            Action::RoomRate { rate } => return self.board.set_room_rate(id, rate),
            Action::CloseRoom => return self.board.close_room(id),
            Action::JoinRoom { room, taking } => {
                if self.board.port(slot, id).is_some() {
                    self.board.join_room(slot, room, taking, now, out);
                }
                return;
            }
            Action::Loaded { ref route, .. } | Action::RecordFailed { ref route, .. }
                if route.worker.load(Ordering::Acquire) != self.index =>
            {
                let worker = route.worker.load(Ordering::Acquire);
                // A full queue: the play() never starts, as when it is full from the beginning.
                let _ = self.outside.shared.mailboxes[worker].push(Command { slot, id, action });
                return;
            }
            _ => {}
        }
        let Some(port) = self.board.port(slot, id) else {
            return;
        };
        match action {
            Action::Remote(rtp, rtcp) => port.set_remote(rtp, rtcp, now),
            Action::Codecs(codecs) => {
                port.set_codecs(*codecs);
                self.board.renew_room(slot);
            }
            Action::Keys(keys) => port.set_keys(keys.map(|keys| *keys), now),
            Action::Dtls(settings) => port.set_dtls(*settings, now, out),
            Action::BeginIce(opening, base) => port.begin_ice(*opening, base, now),
            Action::Gather(gathering, ipv6) => port.gather(&gathering, ipv6, now, out),
            Action::Ice(remote) => port.set_ice(*remote, now, out),
            Action::EndIce => port.end_ice(),
            Action::AwaitDtls => port.await_dtls(),
            Action::RtcpMux(on) => port.set_rtcp_mux(on),
            Action::AwaitKeys => port.await_keys(),
            Action::Direction { send, receive } => port.set_direction(send, receive, now),
            Action::Sources(sources) => port.set_sources(sources),
            Action::KeepAlive(interval) => port.set_keepalive(interval, now),
            Action::Picture => {
                self.board.ask_pictures(&[slot], now, out);
                return;
            }
            Action::Timeouts { rtp, hold } => port.set_timeouts(rtp, hold, now),
            Action::Dtmf { relay, inband } => port.set_dtmf(relay, inband),
            Action::JitterBuffer(settings) => port.set_jitter_buffer(settings),
            Action::Mute { receive, send } => port.mute(receive, send),
            Action::Play(player) => port.play(*player, out),
            Action::Loaded { play, clips, .. } => port.loaded(play, clips, out),
            Action::Pause { play, on } => port.pause(play, on, out),
            Action::Seek { play, offset_ms } => port.seek(play, offset_ms, out),
            Action::Stop { play } => port.stop(play, out),
            Action::Record {
                record,
                limits,
                hearing,
                queue,
            } => {
                let recorder = Recorder::new(record, limits, hearing, now);
                port.record(match queue {
                    Some(queue) => recorder.into_queue(queue),
                    None => recorder,
                });
            }
            Action::HoldRecord {
                record,
                paused,
                muted,
            } => port.hold_record(record, paused, muted, now),
            Action::StopRecord { record } => port.stop_record(record, out),
            Action::RecordFailed { record, .. } => port.forget_record(record),
            Action::RecordGains {
                record,
                heard,
                said,
            } => port.set_record_gains(record, heard, said),
            Action::Effects(way, settings) => {
                port.set_effects(way, settings);
                self.board.rechoose_room(slot);
            }
            Action::Watch { watch, way, what } => port.watch(match what {
                Watched::Talking {
                    threshold,
                    silence_ms,
                } => Watch::talking(watch, way, threshold, silence_ms, now),
                Watched::Tone(tone) => Watch::tone(watch, way, tone, now),
            }),
            Action::Unwatch { watch } => port.unwatch(watch),
            Action::Overlay(player) => {
                port.lay_over(*player, now, out);
                self.board.rechoose_room(slot);
            }
            Action::Digits(digits) => port.send_digits(digits),
            // Done above.
            Action::Open(..)
            | Action::Close
            | Action::Bridge { .. }
            | Action::Echo
            | Action::Ride { .. }
            | Action::Unlink
            | Action::OpenRoom { .. }
            | Action::RoomRate { .. }
            | Action::CloseRoom
            | Action::JoinRoom { .. }
            | Action::Expect
            | Action::Move { .. }
            | Action::Import(..)
            | Action::Shutdown => {}
        }
        self.board.note_timed(slot, now);
    }

    fn close(&mut self, slot: usize, id: u64, now: Nanos) {
        let Some(mut port) = self.board.remove(slot, id) else {
            return;
        };
        port.close(now, &mut self.outside);
        if let Some(sockets) = self.outside.sockets.get_mut(slot).and_then(Option::take) {
            let number = sockets.port;
            // Closing takes them out of epoll.
            drop(sockets);
            let shared = &self.outside.shared;
            match port.carries() {
                Carries::Datagrams => shared.datagram_range.release(number),
                Carries::Audio | Carries::Video => shared.range.release(number),
            }
        }
        self.freed.push(slot);
    }

    /// Hand a port over to another worker.
    fn give(&mut self, slot: usize, id: u64, to: usize) {
        let Some(port) = self.board.remove(slot, id) else {
            return;
        };
        let sockets = self.outside.sockets.get_mut(slot).and_then(Option::take);
        if let Some(sockets) = &sockets {
            for socket in std::iter::once(&sockets.rtp).chain(&sockets.rtcp) {
                // It was added when the port was opened; were it not there, there would be nothing to do.
                let _ = epoll::delete(&*self.epoll, socket);
            }
        }
        let command = Command {
            slot,
            id,
            action: Action::Import(port, sockets),
        };
        if self.outside.shared.mailboxes[to].push(command).is_err() {
            self.stats.dropped(Dropped::Closed);
        }
    }
}

fn timespec(nanos: Nanos) -> Timespec {
    Timespec {
        tv_sec: (nanos / 1_000_000_000) as i64,
        tv_nsec: (nanos % 1_000_000_000) as i64,
    }
}
