//! The outer part: sockets, threads, files.  Everything that decides anything is in `crate::board` below it.
//!
//! Measured on the machine that this was written on (loopback, 172-byte packets): recvfrom 0.6 us,
//! recvmmsg of one packet 1.0 us, sendto 2.6 us, so packets are received singly; each leg has a socket of its own, so
//! there is nothing to batch in sending.  What is saved is wake-ups, see `worker`.  io_uring (multishot recvmsg, batched
//! sendmsg) was measured in a minimal relay beside epoll: no gain at 50 to 1,000 calls (bench/RESULTS.md), so it is not used.
pub mod commands;
pub mod engine;
pub mod events;
pub mod files;
pub mod handle;
mod outside;
pub mod packet_log;
pub mod room;
pub mod sockets;
pub mod worker;

use crate::Nanos;
use std::fmt;

/// The monotonic clock.
#[must_use]
pub fn clock() -> Nanos {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Random bits from the kernel.
pub(crate) fn random() -> u64 {
    let mut bytes = [0u8; 8];
    match rustix::rand::getrandom(&mut bytes[..], rustix::rand::GetRandomFlags::empty()) {
        Ok(8) => u64::from_ne_bytes(bytes),
        // Before the kernel's pool is ready (first seconds of a boot) the clock has to do.
        _ => clock().wrapping_mul(0x9e37_79b9_7f4a_7c15),
    }
}

/// Why the engine did not do what it was asked.
#[derive(Debug)]
pub enum Error {
    Closed(&'static str),
    NoPorts,
    Overrun,
    Codec(String),
    Argument(String),
    Io(std::io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Closed(what) => write!(f, "the {what} is closed"),
            Error::NoPorts => f.write_str("no free port in the RTP range"),
            Error::Overrun => f.write_str("too many commands are waiting for the media engine"),
            Error::Codec(what) | Error::Argument(what) => f.write_str(what),
            Error::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Error::Io(error)
    }
}

impl From<rustix::io::Errno> for Error {
    fn from(errno: rustix::io::Errno) -> Self {
        Error::Io(errno.into())
    }
}
