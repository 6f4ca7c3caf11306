//! What is asked of a worker, and the queue that brings it there.
use super::sockets::Sockets;
use crate::Nanos;
use crate::dtls::Settings;
use crate::jitter;
use crate::mixer::room::Taking;
use crate::port::effects;
use crate::port::player::{Clips, Player};
use crate::port::recorder::{Hearing, Limits, Way};
use crate::port::stream::Queue;
use crate::port::watch::Tone;
use crate::port::{Codecs, Gathering, IceOpening, IceRemote, Keys, Port};
use crate::rtp::telephone_event::Digit;
use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::OwnedFd;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Where a port lives: its slot is the same on every worker.
#[derive(Debug)]
pub struct Route {
    pub id: u64,
    pub slot: usize,
    pub worker: AtomicUsize,
}

/// One thing to do, to the port with this slot and id.
pub struct Command {
    pub slot: usize,
    pub id: u64,
    pub action: Action,
}

/// What is to be watched for.
#[derive(Clone, Copy, Debug)]
pub enum Watched {
    /// A mean magnitude of at least `threshold`, and `silence_ms` below it.
    Talking {
        threshold: u32,
        silence_ms: u32,
    },
    Tone(Tone),
}

pub enum Action {
    Open(Box<Port>, Option<Sockets>),
    Close,
    Remote(Option<SocketAddr>, Option<SocketAddr>),
    Codecs(Box<Codecs>),
    /// SRTP with these keys; `None`: in the clear.
    Keys(Option<Box<Keys>>),
    RtcpMux(bool),
    /// Keys by a handshake; the instant is one of now.
    Dtls(Box<Settings>),
    AwaitDtls,
    BeginIce(Box<IceOpening>, Instant),
    /// Ask servers about the sockets, whose family is this.
    Gather(Box<Gathering>, bool),
    Ice(Box<IceRemote>),
    EndIce,
    /// Nothing in the clear: keys will come.
    AwaitKeys,
    Direction {
        send: bool,
        receive: bool,
    },
    Timeouts {
        rtp: Nanos,
        hold: Nanos,
    },
    /// Packets in the place of those that are not sent, each interval; 0: none.
    KeepAlive(Nanos),
    /// Use the sockets of the port in this slot, which lives on the same worker.
    Ride {
        carrier: usize,
        id: u64,
    },
    /// SSRCs of the far end's stream.
    Sources(Vec<u32>),
    /// Ask the far end of video for a picture that stands alone.
    Picture,
    Dtmf {
        relay: bool,
        inband: bool,
    },
    JitterBuffer(Option<jitter::Settings>),
    Mute {
        receive: bool,
        send: bool,
    },
    /// With the port in this slot, which lives on the same worker or is on its way there.
    Bridge {
        slot: usize,
        id: u64,
        /// Of video: only see what it shows.
        one_way: bool,
    },
    Echo,
    Unlink,
    OpenRoom {
        rate: u32,
        interval_ms: u32,
    },
    RoomRate {
        rate: u32,
    },
    CloseRoom,
    /// Into the room with this id, which lives on this worker.
    JoinRoom {
        room: u64,
        taking: Taking,
    },
    Play(Box<Player>),
    Loaded {
        play: u32,
        clips: Result<Clips, String>,
        route: Arc<Route>,
    },
    Pause {
        play: u32,
        on: bool,
    },
    Seek {
        play: u32,
        offset_ms: i64,
    },
    Stop {
        play: u32,
    },
    Record {
        record: u32,
        limits: Limits,
        hearing: Hearing,
        /// A program that listens; None: the file of this number.
        queue: Option<Arc<Queue>>,
    },
    HoldRecord {
        record: u32,
        paused: bool,
        muted: bool,
    },
    /// How loud a recording has what is heard and what is said.
    RecordGains {
        record: u32,
        heard: f32,
        said: f32,
    },
    Effects(Way, effects::Settings),
    Watch {
        watch: u32,
        way: Way,
        what: Watched,
    },
    Unwatch {
        watch: u32,
    },
    /// Play over what is sent.
    Overlay(Box<Player>),
    StopRecord {
        record: u32,
    },
    RecordFailed {
        record: u32,
        route: Arc<Route>,
    },
    Digits(Vec<Digit>),
    /// The port will arrive from another worker; nothing after this is done before it is there.
    Expect,
    /// Give the port to this worker.
    Move {
        to: usize,
    },
    Import(Box<Port>, Option<Sockets>),
    Shutdown,
}

impl Action {
    /// Whether it can wait for the next packet, tick, or `LAZY`: then it does not wake the worker.
    fn can_wait(&self) -> bool {
        matches!(
            self,
            Action::Open(..)
                | Action::Close
                | Action::Remote(..)
                | Action::Codecs(_)
                | Action::Keys(_)
                | Action::AwaitKeys
                | Action::RtcpMux(_)
                | Action::Dtls(..)
                | Action::AwaitDtls
                | Action::BeginIce(..)
                | Action::Ice(_)
                | Action::EndIce
                | Action::Direction { .. }
                | Action::Timeouts { .. }
                | Action::KeepAlive(_)
                | Action::Ride { .. }
                | Action::Sources(_)
                | Action::Dtmf { .. }
                | Action::JitterBuffer(_)
                | Action::Mute { .. }
                | Action::Effects(..)
                | Action::Watch { .. }
                | Action::Unwatch { .. }
                | Action::Bridge { .. }
                | Action::Echo
                | Action::Unlink
                | Action::OpenRoom { .. }
                | Action::RoomRate { .. }
                | Action::CloseRoom
                | Action::JoinRoom { .. }
                | Action::Expect
        )
    }

    /// Whether it must get through even when the queue is full.
    fn must_pass(&self) -> bool {
        matches!(
            self,
            Action::Close
                | Action::Shutdown
                | Action::Import(..)
                | Action::Move { .. }
                | Action::Unlink
                | Action::CloseRoom
        )
    }
}

/// Longest that a command waits when nothing else wakes the worker.
const LAZY: Nanos = 10_000_000;
/// So many waiting commands wake the worker at once.
const CROWD: usize = 512;
/// More than these are refused.
const FULL: usize = 65_536;

/// The queue of one worker.
pub struct Mailbox {
    queue: Mutex<Vec<Command>>,
    pending: AtomicBool,
    signalled: AtomicBool,
    armed: AtomicBool,
    /// Edge-triggered in the worker's epoll, so neither is ever read.
    pub wake: OwnedFd,
    pub timer: OwnedFd,
}

/// The queue is full.
#[derive(Clone, Copy, Debug)]
pub struct Full;

impl Mailbox {
    pub fn new() -> Result<Mailbox, rustix::io::Errno> {
        Ok(Mailbox {
            queue: Mutex::new(Vec::new()),
            pending: AtomicBool::new(false),
            signalled: AtomicBool::new(false),
            armed: AtomicBool::new(false),
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            timer: timerfd_create(
                TimerfdClockId::Monotonic,
                TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
            )?,
        })
    }

    /// Add a command; wakes the worker now or soon.
    pub fn push(&self, command: Command) -> Result<(), Full> {
        let can_wait = command.action.can_wait();
        let waiting = {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            if queue.len() >= FULL && !command.action.must_pass() {
                return Err(Full);
            }
            queue.push(command);
            queue.len()
        };
        self.pending.store(true, Ordering::Release);
        if can_wait && waiting < CROWD {
            if !self.armed.swap(true, Ordering::AcqRel) {
                let soon = Timespec {
                    tv_sec: 0,
                    tv_nsec: LAZY as i64,
                };
                let never = Timespec {
                    tv_sec: 0,
                    tv_nsec: 0,
                };
                let once = Itimerspec {
                    it_interval: never,
                    it_value: soon,
                };
                // It cannot fail for a timerfd of ours and a valid time.
                let _ =
                    rustix::time::timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once);
            }
        } else if !self.signalled.swap(true, Ordering::AcqRel) {
            // Fails only when 2^64 wake-ups are unread.
            let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
        }
        Ok(())
    }

    /// Take all commands into `into` (which is empty); false when there were none.
    pub fn take(&self, into: &mut Vec<Command>) -> bool {
        if !self.pending.swap(false, Ordering::AcqRel) {
            return false;
        }
        self.signalled.store(false, Ordering::Release);
        self.armed.store(false, Ordering::Release);
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut *queue, into);
        true
    }
}
