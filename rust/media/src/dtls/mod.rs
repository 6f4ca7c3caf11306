//! DTLS-SRTP (RFC 5763, 5764): keys by a handshake on the media path, without I/O.
//!
//! The handshake is dimpl's; this gives it a certificate, checks the peer's against the fingerprint in the SDP, and
//! makes SRTP keys of what comes out.
mod association;
mod identity;

pub use association::{Association, Progress, Settings};
pub use identity::{Fingerprint, Hash, Identity};
