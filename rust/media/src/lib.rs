//! The media engine: everything that happens per packet or per sample.
//!
//! All logic is free of I/O and takes the time as an argument; only `io` owns
//! sockets and threads.
#![forbid(unsafe_code)]

pub mod board;
pub mod codecs;
pub mod crypto;
pub mod dtls;
pub mod fft;
pub mod files;
pub mod goertzel;
pub mod ice;
pub mod io;
pub mod jitter;
pub mod mixer;
pub mod nat;
pub mod noise;
pub mod plc;
pub mod port;
pub mod resample;
pub mod rtp;
pub mod stats;
pub mod tones;

/// A monotonic time in nanoseconds; the epoch is the caller's.
pub type Nanos = u64;
