//! Media encryption: SRTP and SRTCP (RFC 3711, 6188, 7714).
//!
//! `suite` names the transforms, `transform` is the arithmetic of one, `srtp` keeps what a direction of a
//! session must remember: roll-over counters and replay windows of each SSRC.  `port` says which keys a port has and
//! what becomes of packets until it has them.  `blocks` is for texts.
mod blocks;
mod replay;
mod srtp;
mod suite;
mod transform;
#[cfg(test)]
mod vectors;

pub use blocks::{BLOCK, aes128_ecb};
pub use srtp::{Context, Error};
pub use suite::Suite;
