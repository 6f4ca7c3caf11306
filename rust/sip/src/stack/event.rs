//! What the stack tells those above it, and what it wants sent.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::message::Message;

use super::host::Host;

/// Why a client transaction ended without a final response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    Timeout,
    Transport,
}

/// Something that those above have to know.  `txn` numbers are never used again.
#[derive(Debug)]
pub enum Event {
    /// A new request other than ACK and CANCEL.
    Request {
        txn: u64,
        message: Message,
    },
    /// An ACK for a 2xx; `txn` 0 when its INVITE is not known.
    Ack {
        txn: u64,
        message: Message,
    },
    /// The INVITE `txn` was cancelled; the CANCEL has been answered.
    Cancel {
        txn: u64,
        message: Message,
    },
    Response {
        txn: u64,
        message: Message,
    },
    Failed {
        txn: u64,
        why: Failure,
    },
    /// 64*T1 went by without the ACK for a 2xx, or the PRACK for a reliable provisional.
    AckMissing {
        txn: u64,
        reliable_provisional: bool,
    },
    /// What was received was refused.
    Rejected {
        status: u16,
        why: Cow<'static, str>,
    },
}

/// A message to send.
#[derive(Clone, Debug)]
pub struct Transmit {
    pub flow: u64,
    pub host: Host,
    pub port: u16,
    pub data: Arc<[u8]>,
}

/// What those above did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackError {
    UnknownFlow(u64),
    /// A request without one of the headers that make it one.
    Incomplete(&'static str),
    /// `request()` with ACK or CANCEL, `respond()` with a request ...
    Misplaced(&'static str),
}

impl fmt::Display for StackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StackError::UnknownFlow(flow) => write!(f, "no flow {flow}"),
            StackError::Incomplete(header) => write!(f, "the request has no {header}"),
            StackError::Misplaced(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for StackError {}
