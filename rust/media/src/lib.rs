//! The media engine: everything that happens per packet or per sample.
//!
//! All logic is free of I/O and takes the time as an argument; only `io` owns
//! sockets and threads, and only `io::sys` may use `unsafe`.
#![deny(unsafe_code)]

pub mod codecs;
pub mod files;
pub mod goertzel;
pub mod tones;
