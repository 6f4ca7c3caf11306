//! SIP without I/O: messages (RFC 3261), SDP (RFC 8866), offer/answer (RFC 3264)
//! and transactions (RFC 3261 section 17, RFC 6026).
#![forbid(unsafe_code)]

pub mod address;
pub mod digest;
pub mod error;
pub mod framer;
pub mod grammar;
pub mod header;
pub mod message;
pub mod sdp;
pub mod stack;
pub mod token;
pub mod transaction;
pub mod uri;
pub mod via;

pub use address::NameAddr;
pub use error::{BuildError, ParseError};
pub use header::Header;
pub use message::{Limits, Message};
pub use uri::Uri;
pub use via::Via;
