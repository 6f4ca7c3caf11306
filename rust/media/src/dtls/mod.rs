//! DTLS-SRTP (RFC 5763, 5764): keys by a handshake on the media path, without I/O.
//!
//! The handshake is our own, since phones have RSA certificates and no library without I/O takes them; its
//! primitives are ring's.  From the wire up: `wire`, `records` and `fragments` have the bytes, `hello` the extensions,
//! `suite` and `signing` the keys, `connection` with `client` and `server` the handshake, `chain` certificate authorities, and `association` is what a
//! port has of it all.
mod association;
mod chain;
mod client;
mod connection;
mod fragments;
mod hello;
mod identity;
mod records;
mod server;
mod signing;
mod suite;
mod wire;

pub use association::{Association, Progress, Settings, Verification};
pub use chain::Trust;
pub use identity::{Fingerprint, Hash, Identity};
pub use suite::cipher_names;
