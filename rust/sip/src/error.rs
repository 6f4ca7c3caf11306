//! The two ways a message can be wrong: what a peer sent ([`ParseError`]) and what we tried to write ([`BuildError`]).
use std::borrow::Cow;
use std::fmt;

use crate::message::Message;

/// Text from a peer that is not what its grammar or our limits allow.
#[derive(Debug, Clone)]
pub struct ParseError {
    /// The SIP status to answer with: 400, 413, 414, 416, 505, 513 ...
    pub status: u16,
    /// What is wrong, fit for a reason phrase.
    pub reason: Cow<'static, str>,
    partial: Option<Box<Message>>,
}

impl ParseError {
    pub(crate) const fn new(status: u16, reason: &'static str) -> Self {
        Self {
            status,
            reason: Cow::Borrowed(reason),
            partial: None,
        }
    }

    /// A violation of the grammar: 400.
    pub(crate) const fn bad(reason: &'static str) -> Self {
        Self::new(400, reason)
    }

    pub(crate) fn owned(status: u16, reason: String) -> Self {
        Self {
            status,
            reason: Cow::Owned(reason),
            partial: None,
        }
    }

    pub(crate) fn with_partial(mut self, message: Message) -> Self {
        self.partial = Some(Box::new(message));
        self
    }

    /// The readable part of a broken request: give it to [`Message::response`] with `status`.
    ///
    /// It has a topmost Via, so that the answer finds its way; From, To, Call-ID and CSeq are copied as far as
    /// they are there (RFC 4475 section 3.3.1).  None for responses, which are dropped (RFC 3261 section
    /// 18.1.2), for ACK, which is never answered, and for what is beyond repair.
    #[must_use]
    pub fn partial(&self) -> Option<&Message> {
        self.partial.as_deref()
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.status)
    }
}

impl std::error::Error for ParseError {}

/// Something that must not be written into a message, such as a line break in a header value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildError(pub &'static str);

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BuildError {}
