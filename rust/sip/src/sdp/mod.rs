//! Session descriptions (RFC 8866) and offer/answer (RFC 3264).
//!
//! `parse` and `build` know the text, `negotiate` what becomes of one m-line, `offer_answer` the
//! state of a dialog.  ICE, DTLS and SDES lines pass through as attributes; who owns the keys and
//! candidates writes them.  BUNDLE is answered as if it had not been offered.

mod attributes;
mod build;
mod codec;
mod media;
mod negotiate;
mod offer_answer;
mod parse;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use attributes::AttributesBuilder;

use crate::error::ParseError;

pub use attributes::Attributes;

pub use codec::{Codec, Operation, Prefer, Word, select_codecs};
pub use media::{Direction, Media, NewMedia};
pub use negotiate::{AgreedMedia, LocalMedia, NewLocalMedia, Order};
pub use offer_answer::{OfferAnswer, State};

/// What is wrong with a session description, or with the use of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdpError {
    /// The SIP status to answer with; 500 for a mistake of our own.
    pub status: u16,
    pub reason: Cow<'static, str>,
}

impl SdpError {
    pub(crate) fn new(status: u16, reason: impl Into<Cow<'static, str>>) -> Self {
        SdpError {
            status,
            reason: reason.into(),
        }
    }

    pub(crate) fn usage(reason: impl Into<Cow<'static, str>>) -> Self {
        SdpError::new(500, reason)
    }
}

impl fmt::Display for SdpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for SdpError {}

impl From<SdpError> for ParseError {
    fn from(error: SdpError) -> ParseError {
        ParseError::owned(error.status, error.reason.into_owned())
    }
}

/// A session description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sdp {
    pub username: Box<str>,
    pub session_id: u64,
    pub session_version: u64,
    pub origin_address: Arc<str>,
    pub session_name: Box<str>,
    /// The session's c= line.
    pub address: Option<Arc<str>>,
    /// Of the session level; `SendRecv` when it says nothing.
    pub direction: Direction,
    pub bandwidth: Vec<(Box<str>, u32)>,
    pub attributes: Attributes,
    pub media: Vec<Arc<Media>>,
}

impl Sdp {
    /// A description of our own.  An error for text that would break a line.
    pub fn new(
        address: &str,
        media: Vec<Arc<Media>>,
        username: &str,
        session_name: &str,
        attributes: &[(String, Option<String>)],
    ) -> Result<Self, SdpError> {
        one_word(address)?;
        one_word(username)?;
        one_line(session_name)?;
        let mut lines = AttributesBuilder::default();
        for (name, value) in attributes {
            one_word(name)?;
            one_line(value.as_deref().unwrap_or(""))?;
            lines.pair(name, value.as_deref());
        }
        let address: Arc<str> = address.into();
        // An m-line without an address of its own has the session's, as after parsing.
        let media = media
            .into_iter()
            .map(|media| match &media.address {
                Some(_) => media,
                None => Arc::new(Media {
                    address: Some(address.clone()),
                    ..(*media).clone()
                }),
            })
            .collect();
        Ok(Sdp {
            username: username.into(),
            session_id: 0,
            session_version: 0,
            origin_address: address.clone(),
            session_name: session_name.into(),
            address: Some(address),
            direction: Direction::SendRecv,
            bandwidth: Vec::new(),
            attributes: lines.build(),
            media,
        })
    }

    /// Whether any m-line is in use.
    pub fn accepted(&self) -> bool {
        self.media.iter().any(|media| media.port != 0)
    }

    /// The first m-line of this kind that is in use.
    pub fn first(&self, kind: &str) -> Option<&Arc<Media>> {
        self.media
            .iter()
            .find(|media| media.port != 0 && media.kind == kind)
    }

    /// Equal but for the session version (which says whether anything changed).
    pub(super) fn same_description(&self, other: &Sdp) -> bool {
        self.session_id == other.session_id
            && self.username == other.username
            && self.origin_address == other.origin_address
            && self.session_name == other.session_name
            && self.address == other.address
            && self.direction == other.direction
            && self.bandwidth == other.bandwidth
            && self.attributes == other.attributes
            && self.media == other.media
    }
}

/// Whether a text may stand in one line of an SDP.
pub(super) fn one_line(text: &str) -> Result<(), SdpError> {
    if text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return Err(SdpError::usage("a line break in a part of an SDP line"));
    }
    Ok(())
}

/// Whether a text may stand as one blank-separated word of an SDP line.
pub(super) fn one_word(text: &str) -> Result<(), SdpError> {
    if text.is_empty() || text.bytes().any(|byte| byte <= b' ') {
        return Err(SdpError::usage(
            "a word of an SDP line is empty or has a blank",
        ));
    }
    Ok(())
}
