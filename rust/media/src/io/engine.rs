//! The engine as a whole: its threads, and the opening of ports.
use super::commands::{Action, Command, Mailbox, Route};
use super::events::EventQueue;
use super::files::{FileQueue, FileThread, Job};
use super::handle::{Handle, Wire};
use super::packet_log::{Filter, PacketLog, Seen};
use super::sockets::{Binding, PortRange};
use super::worker::{SLOT_BITS, Shared, Worker, watch};
use super::{Error, clock, random};
use crate::port::{Carries, Opening, Port};
use crate::stats::{Dropped, Event, PortStats, Reports, WorkerStats};
use rustix::event::epoll;
use rustix::fd::AsRawFd;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

/// Asterisk's range for UDPTL.
const DATAGRAM_PORTS: (u16, u16) = (4000, 4999);

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// 0: one a core.
    pub workers: usize,
    pub tick_ms: u32,
    pub rtp_start: u16,
    pub rtp_end: u16,
    /// "": a random one.
    pub cname: String,
    pub cache_bytes: usize,
    pub max_events: usize,
}

/// How a port with sockets is opened.
#[derive(Clone, Copy, Debug)]
pub struct PortSettings {
    pub address: IpAddr,
    pub carries: Carries,
    /// It stays with the first worker, so that others can ride on it.
    pub fixed: bool,
    pub rtcp: bool,
    pub rtcp_mux: bool,
    pub tos: u8,
    pub symmetric: bool,
    pub strict: bool,
    pub probation: u16,
}

/// Threads, and what they share.
pub struct Engine {
    shared: Arc<Shared>,
    stats: Vec<Arc<WorkerStats>>,
    reports: Reports,
    threads: Mutex<Vec<JoinHandle<()>>>,
    file_thread: Mutex<Option<JoinHandle<()>>>,
    /// Slots ever used; and how often, so that ids are never used again.
    slots: AtomicUsize,
    generation: AtomicU64,
    next_worker: AtomicUsize,
    references: AtomicU32,
    open: AtomicUsize,
    /// Held while a port is sent from one worker to another: both queues then have all moves in one order.
    pub(super) moving: Mutex<()>,
    closed: AtomicBool,
}

impl Engine {
    pub fn new(settings: Settings) -> Result<Arc<Engine>, Error> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let count = if settings.workers == 0 {
            cores
        } else {
            settings.workers.min(64)
        };
        let mut mailboxes = Vec::with_capacity(count);
        let mut epolls = Vec::with_capacity(count);
        for _ in 0..count {
            mailboxes.push(Arc::new(Mailbox::new()?));
            epolls.push(Arc::new(epoll::create(epoll::CreateFlags::CLOEXEC)?));
        }
        let cname = if settings.cname.is_empty() {
            format!("{:016x}", random())
        } else {
            settings.cname
        };
        let events = Arc::new(EventQueue::new(settings.max_events)?);
        let (sender, jobs) = mpsc::channel();
        let queue = FileQueue::new(sender);
        let shared = Arc::new(Shared {
            mailboxes: mailboxes.into(),
            epolls: epolls.into(),
            events: Arc::clone(&events),
            range: Arc::new(PortRange::new(settings.rtp_start, settings.rtp_end)),
            datagram_range: Arc::new(PortRange::new(DATAGRAM_PORTS.0, DATAGRAM_PORTS.1)),
            free_slots: Mutex::new(Vec::new()),
            files: queue.clone(),
            packets: PacketLog::default(),
        });
        let files = FileThread {
            jobs,
            queue,
            events,
            mailboxes: Arc::clone(&shared.mailboxes),
            cache_bytes: settings.cache_bytes,
        };
        let file_thread = std::thread::Builder::new()
            .name("media-files".into())
            .spawn(move || files.run())?;
        let mut stats = Vec::with_capacity(count);
        let mut threads = Vec::with_capacity(count);
        for index in 0..count {
            let worker_stats = Arc::new(WorkerStats::default());
            stats.push(Arc::clone(&worker_stats));
            let worker = Worker::new(
                index,
                settings.tick_ms,
                cname.clone(),
                Arc::clone(&shared),
                worker_stats,
            )?;
            let thread = std::thread::Builder::new().name(format!("media-{index}"));
            threads.push(thread.spawn(move || worker.run())?);
        }
        Ok(Arc::new(Engine {
            shared,
            stats,
            reports: Reports::default(),
            threads: Mutex::new(threads),
            file_thread: Mutex::new(Some(file_thread)),
            slots: AtomicUsize::new(0),
            generation: AtomicU64::new(1),
            next_worker: AtomicUsize::new(0),
            references: AtomicU32::new(1),
            open: AtomicUsize::new(0),
            moving: Mutex::new(()),
            closed: AtomicBool::new(false),
        }))
    }

    /// Readable when `events` has something.
    #[must_use]
    pub fn event_fd(&self) -> i32 {
        self.shared.events.fd.as_raw_fd()
    }

    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.shared.events.take()
    }

    #[must_use]
    pub fn range(&self) -> (u16, u16) {
        self.shared.range.get()
    }

    pub fn set_range(&self, start: u16, end: u16) {
        self.shared.range.set(start, end);
    }

    /// The ports for datagrams (UDPTL), the last one included.
    pub fn set_datagram_range(&self, start: u16, end: u16, even: bool) {
        let (start, step) = if even {
            (start.saturating_add(start & 1), 2)
        } else {
            (start, 1)
        };
        let range = &self.shared.datagram_range;
        range.set_step(start, end.saturating_add(1), step);
    }

    /// Whether RTCP reports are told as events.
    pub fn want_reports(&self, on: bool) {
        self.reports.want(on);
    }

    /// Which packets `packets` gives: of RTP sockets, and of UDPTL.
    pub fn want_packets(&self, rtp: Option<Filter>, datagrams: Option<Filter>) {
        self.shared.packets.want(rtp, datagrams);
    }

    /// The packets since the last call, and how many were left out.
    #[must_use]
    pub fn packets(&self) -> (Vec<Seen>, u64) {
        self.shared.packets.take()
    }

    /// Open a port with sockets on the worker of `near`, or on the next one.
    pub fn open_port(
        self: &Arc<Self>,
        settings: PortSettings,
        near: Option<&Handle>,
    ) -> Result<Handle, Error> {
        self.check_open()?;
        let binding = Binding {
            address: settings.address,
            rtcp: settings.rtcp && !settings.rtcp_mux,
            datagrams: matches!(settings.carries, Carries::Datagrams),
            tos: settings.tos,
        };
        let range = match settings.carries {
            Carries::Datagrams => &self.shared.datagram_range,
            Carries::Audio | Carries::Video => &self.shared.range,
        };
        let sockets = range.open(binding)?;
        let number = sockets.port;
        let near = near.filter(|_| !settings.fixed);
        let worker = if settings.fixed { Some(0) } else { None };
        let worker = worker
            .or_else(|| near.map(Handle::worker))
            .unwrap_or_else(|| self.next_worker.fetch_add(1, Ordering::Relaxed) % self.stats.len());
        let (route, stats) = (self.route(worker)?, Arc::new(PortStats::default()));
        let ssrc = random();
        let port = Port::new(
            Opening {
                id: route.id,
                slot: route.slot,
                stats: Arc::clone(&stats),
                carries: settings.carries,
                reports: self.reports.clone(),
                rtcp: settings.rtcp,
                rtcp_mux: settings.rtcp_mux,
                symmetric: settings.symmetric,
                strict: settings.strict,
                probation: settings.probation,
                pipe: None,
                ssrc: ssrc as u32,
                random: ssrc.rotate_left(32) ^ random(),
            },
            clock(),
        );
        // To register here saves the worker a wake-up.  A packet that comes before the command below wakes it
        // again and again until the command is there: a few microseconds, and nobody knows the port yet.
        if let Err(error) = watch(&self.shared.epolls[worker], route.id, &sockets) {
            range.release(number);
            return Err(error.into());
        }
        let descriptors = [
            sockets.rtp.as_raw_fd(),
            sockets.rtcp.as_ref().map_or(-1, AsRawFd::as_raw_fd),
        ];
        let handle = Handle::new(
            Arc::clone(self),
            Arc::clone(&route),
            stats,
            Wire {
                address: settings.address,
                rtp_port: number,
                rtcp_port: match (settings.rtcp, settings.rtcp_mux) {
                    (false, _) => 0,
                    (true, true) => number,
                    (true, false) => number + 1,
                },
                descriptors,
                pipe: false,
                fixed: settings.fixed,
                ssrc: ssrc as u32,
            },
        );
        self.open.fetch_add(1, Ordering::Relaxed);
        let opened = self.push(worker, &route, Action::Open(Box::new(port), Some(sockets)));
        if let Err(error) = opened {
            range.release(number);
            return Err(error);
        }
        Ok(handle)
    }

    /// Open a port that uses the sockets, keys and addresses of another, which is `fixed` (BUNDLE).
    pub fn open_rider(
        self: &Arc<Self>,
        carrier: &Handle,
        carries: Carries,
    ) -> Result<Handle, Error> {
        self.check_open()?;
        if !carrier.wire.fixed || carrier.wire.pipe {
            return Err(Error::Argument("nothing can ride on this port".into()));
        }
        let (route, stats) = (self.route(0)?, Arc::new(PortStats::default()));
        let ssrc = random();
        let port = Port::new(
            Opening {
                id: route.id,
                slot: route.slot,
                stats: Arc::clone(&stats),
                carries,
                reports: self.reports.clone(),
                rtcp: true,
                rtcp_mux: true,
                symmetric: false,
                strict: false,
                probation: 1,
                pipe: None,
                ssrc: ssrc as u32,
                random: ssrc.rotate_left(32) ^ random(),
            },
            clock(),
        );
        let wire = Wire {
            rtcp_port: carrier.wire.rtp_port,
            ssrc: ssrc as u32,
            ..carrier.wire
        };
        let handle = Handle::new(Arc::clone(self), Arc::clone(&route), stats, wire);
        self.open.fetch_add(1, Ordering::Relaxed);
        self.push(0, &route, Action::Open(Box::new(port), None))?;
        handle.ride(carrier)?;
        Ok(handle)
    }

    /// Open two ports that are each other's remote.
    pub fn open_pipe(self: &Arc<Self>) -> Result<(Handle, Handle), Error> {
        self.check_open()?;
        // Pipes are never moved: all live with the first worker, and what is bridged to them comes there.
        let routes = [self.route(0)?, self.route(0)?];
        let mut handles = Vec::with_capacity(2);
        for (n, route) in routes.iter().enumerate() {
            let stats = Arc::new(PortStats::default());
            let ssrc = random();
            let port = Port::new(
                Opening {
                    id: route.id,
                    slot: route.slot,
                    stats: Arc::clone(&stats),
                    carries: Carries::Audio,
                    reports: self.reports.clone(),
                    rtcp: false,
                    rtcp_mux: false,
                    symmetric: false,
                    strict: false,
                    probation: 1,
                    pipe: Some(routes[1 - n].slot),
                    ssrc: ssrc as u32,
                    random: ssrc.rotate_left(32),
                },
                clock(),
            );
            let wire = Wire {
                address: IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
                rtp_port: 0,
                rtcp_port: 0,
                descriptors: [-1; 2],
                pipe: true,
                fixed: true,
                ssrc: ssrc as u32,
            };
            handles.push(Handle::new(
                Arc::clone(self),
                Arc::clone(route),
                stats,
                wire,
            ));
            self.open.fetch_add(1, Ordering::Relaxed);
            self.push(0, route, Action::Open(Box::new(port), None))?;
        }
        match (handles.pop(), handles.pop()) {
            (Some(b), Some(a)) => Ok((a, b)),
            _ => Err(Error::Closed("engine")),
        }
    }

    /// Sums over all workers, by name.
    #[must_use]
    pub fn stats(&self) -> Vec<(&'static str, u64)> {
        let sum = |of: fn(&WorkerStats) -> u64| self.stats.iter().map(|s| of(s)).sum::<u64>();
        let mut all = vec![
            ("ports", self.open.load(Ordering::Relaxed) as u64),
            ("workers", self.stats.len() as u64),
            ("rx_packets", sum(|s| s.rx_packets.get())),
            ("rx_bytes", sum(|s| s.rx_bytes.get())),
            ("tx_packets", sum(|s| s.tx_packets.get())),
            ("tx_bytes", sum(|s| s.tx_bytes.get())),
            ("wakeups", sum(|s| s.wakeups.get())),
            ("ticks", sum(|s| s.ticks.get())),
            ("late_ticks", sum(|s| s.late_ticks.get())),
            ("missed_ticks", sum(|s| s.missed_ticks.get())),
            ("commands", sum(|s| s.commands.get())),
            ("record_overruns", sum(|s| s.record_overruns.get())),
            ("events_lost", self.shared.events.lost()),
        ];
        for (why, name) in Dropped::ALL {
            all.push((
                name,
                self.stats.iter().map(|s| s.drops[why as usize].get()).sum(),
            ));
        }
        all
    }

    /// Close all ports, complete all recordings, end the threads.
    pub fn close(&self) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        for mailbox in self.shared.mailboxes.iter() {
            // Shutdown is never refused.
            let _ = mailbox.push(Command {
                slot: 0,
                id: 0,
                action: Action::Shutdown,
            });
        }
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A worker that panicked has said so on stderr.
            let _ = thread.join();
        }
        self.shared.files.send(Job::Stop);
        let files = self
            .file_thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = files {
            let _ = thread.join();
        }
        self.open.store(0, Ordering::Relaxed);
    }

    pub(super) fn check_open(&self) -> Result<(), Error> {
        if self.closed.load(Ordering::Acquire) {
            Err(Error::Closed("engine"))
        } else {
            Ok(())
        }
    }

    pub(super) fn push(&self, worker: usize, route: &Route, action: Action) -> Result<(), Error> {
        let command = Command {
            slot: route.slot,
            id: route.id,
            action,
        };
        self.shared.mailboxes[worker]
            .push(command)
            .map_err(|_| Error::Overrun)
    }

    pub(super) fn push_to(&self, worker: usize, command: Command) -> Result<(), Error> {
        self.shared.mailboxes[worker]
            .push(command)
            .map_err(|_| Error::Overrun)
    }

    /// A number for a room; never used again.
    pub(super) fn room_id(&self) -> u64 {
        self.generation.fetch_add(1, Ordering::Relaxed) << SLOT_BITS
    }

    pub(super) fn files(&self) -> &FileQueue {
        &self.shared.files
    }

    /// A number for a play, recording or DTMF request; never 0.
    pub(super) fn reference(&self) -> u32 {
        loop {
            let reference = self.references.fetch_add(1, Ordering::Relaxed);
            if reference != 0 {
                return reference;
            }
        }
    }

    pub(super) fn port_closed(&self) {
        // After close() it is 0 already.
        let _ = self
            .open
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| {
                open.checked_sub(1)
            });
    }

    fn route(&self, worker: usize) -> Result<Arc<Route>, Error> {
        let free = self
            .shared
            .free_slots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let slot = match free {
            Some(slot) => slot,
            None => self.slots.fetch_add(1, Ordering::Relaxed),
        };
        if slot >> SLOT_BITS != 0 {
            return Err(Error::Overrun);
        }
        let generation = self.generation.fetch_add(1, Ordering::Relaxed);
        let id = generation << SLOT_BITS | slot as u64;
        Ok(Arc::new(Route {
            id,
            slot,
            worker: AtomicUsize::new(worker),
        }))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close();
    }
}
