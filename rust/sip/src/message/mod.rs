//! One SIP message: the bytes as received, and where its lines are.
//!
//! A message is one append-only buffer and a list of header lines that point into it.  Parsing finds
//! the lines and nothing more; values are decoded when asked for.  Writing a header appends to the
//! buffer and swaps the line's entry, so what is not touched stays byte for byte as it came, and a
//! message that nobody touched is written out as it was received.
mod body;
mod build;
mod check;
mod edit;
mod parse;
mod reason;

use std::borrow::Cow;

pub use body::{MAX_NESTING, MAX_PARTS, Part};
pub use parse::Limits;
pub use reason::default_reason;

use crate::address::{self, NameAddr};
use crate::error::ParseError;
use crate::grammar::{self, ascii, decode, unfold};
use crate::header::Header;
use crate::via::Via;

/// Bytes `start..end` of the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn new(start: usize, end: usize) -> Span {
        // The buffer is limited to 4 GiB by `Limits` and `edit::append`, so nothing is cut off here.
        Span {
            start: start as u32,
            end: end as u32,
        }
    }

    fn of(self, buffer: &[u8]) -> &[u8] {
        buffer
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// One header line: from the first byte of `name` to the end of `value` it stands in the buffer as it is written.
#[derive(Debug, Clone, Copy)]
struct Line {
    header: Header,
    name: Span,
    value: Span,
    /// Folded with a bare LF: cannot be written as it stands.
    refold: bool,
}

#[derive(Debug, Clone, Copy)]
enum Start {
    Request { method: Span, uri: Span },
    Response { status: u16, reason: Span },
}

/// One SIP request or response.
#[derive(Debug, Clone)]
pub struct Message {
    buffer: Vec<u8>,
    start: Start,
    lines: Vec<Line>,
    body: Span,
    /// The whole buffer is the message as received, and nothing has been changed.
    pristine: bool,
}

impl Message {
    #[must_use]
    pub fn is_request(&self) -> bool {
        matches!(self.start, Start::Request { .. })
    }

    /// The method; of a response, its CSeq's.
    #[must_use]
    pub fn method(&self) -> &str {
        match self.start {
            Start::Request { method, .. } => ascii(method.of(&self.buffer)),
            Start::Response { .. } => self.cseq().1,
        }
    }

    /// The Request-URI as it stands, "" in a response.
    #[must_use]
    pub fn uri(&self) -> &str {
        match self.start {
            Start::Request { uri, .. } => ascii(uri.of(&self.buffer)),
            Start::Response { .. } => "",
        }
    }

    /// The status code, 0 in a request.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self.start {
            Start::Request { .. } => 0,
            Start::Response { status, .. } => status,
        }
    }

    /// The reason phrase, "" in a request.
    #[must_use]
    pub fn reason(&self) -> Cow<'_, str> {
        match self.start {
            Start::Request { .. } => Cow::Borrowed(""),
            Start::Response { reason, .. } => decode(reason.of(&self.buffer)),
        }
    }

    /// The topmost Via; None when there is none or it is malformed (never so after a successful parse).
    #[must_use]
    pub fn top_via(&self) -> Option<Via<'_>> {
        let line = self.raw_header(Header::Via)?;
        Via::parse(grammar::elements(line).next()?).ok()
    }

    /// `branch` of the topmost Via, "" when there is none.
    #[must_use]
    pub fn branch(&self) -> &str {
        self.top_via().map_or("", |via| via.branch())
    }

    #[must_use]
    pub fn call_id(&self) -> &str {
        self.raw_header(Header::CallId).map_or("", ascii)
    }

    /// Number and method of CSeq; (0, "") when there is none.
    #[must_use]
    pub fn cseq(&self) -> (u32, &str) {
        self.raw_header(Header::CSeq)
            .and_then(parse::cseq)
            .unwrap_or((0, ""))
    }

    #[must_use]
    pub fn from_tag(&self) -> Option<&str> {
        self.tag(Header::From)
    }

    #[must_use]
    pub fn to_tag(&self) -> Option<&str> {
        self.tag(Header::To)
    }

    fn tag(&self, header: Header) -> Option<&str> {
        let raw = address::split(self.raw_header(header)?).ok()?;
        grammar::param(raw.params, b"tag")
            .map(ascii)
            .filter(|t| !t.is_empty())
    }

    /// From, parsed.
    ///
    /// # Errors
    /// 400 when it is absent or malformed.
    pub fn from(&self) -> Result<NameAddr, ParseError> {
        self.one_address(Header::From)
    }

    /// To, parsed.
    ///
    /// # Errors
    /// 400 when it is absent or malformed.
    pub fn to(&self) -> Result<NameAddr, ParseError> {
        self.one_address(Header::To)
    }

    fn one_address(&self, header: Header) -> Result<NameAddr, ParseError> {
        let value = self
            .raw_header(header)
            .ok_or_else(|| ParseError::owned(400, format!("Missing {}", header.name())))?;
        NameAddr::parse(&decode(value))
    }

    /// Value of the first line of a known header as it stands in the message: folding included, ends trimmed.
    #[must_use]
    pub fn raw_header(&self, header: Header) -> Option<&[u8]> {
        self.lines
            .iter()
            .find(|l| l.header == header)
            .map(|l| l.value.of(&self.buffer))
    }

    /// Values of all lines of this name (either form), as they stand.
    pub fn raw_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        let header = Header::of(name.as_bytes());
        self.lines
            .iter()
            .filter(move |l| self.is_named(l, header, name))
            .map(|l| l.value.of(&self.buffer))
    }

    fn is_named(&self, line: &Line, header: Header, name: &str) -> bool {
        line.header == header
            && (header != Header::Other
                || line
                    .name
                    .of(&self.buffer)
                    .eq_ignore_ascii_case(name.as_bytes()))
    }

    /// The first line of this name (either form), unfolded and decoded.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let header = Header::of(name.as_bytes());
        let line = self.lines.iter().find(|l| self.is_named(l, header, name))?;
        Some(text(line.value.of(&self.buffer)))
    }

    /// Each line of this name, unfolded and decoded.
    #[must_use]
    pub fn get_all<'a>(&'a self, name: &'a str) -> Vec<Cow<'a, str>> {
        self.raw_all(name).map(text).collect()
    }

    /// Elements of a comma-separated list over all lines of this name; empty elements are left out.
    #[must_use]
    pub fn values<'a>(&'a self, name: &'a str) -> Vec<Cow<'a, str>> {
        self.raw_all(name)
            .flat_map(grammar::elements)
            .filter(|v| !v.is_empty())
            .map(text)
            .collect()
    }

    /// [`Message::values`], each parsed as an address.
    ///
    /// # Errors
    /// 400 for the first one that is malformed.
    pub fn addresses(&self, name: &str) -> Result<Vec<NameAddr>, ParseError> {
        self.raw_all(name)
            .flat_map(grammar::elements)
            .filter(|v| !v.is_empty())
            .map(|v| NameAddr::parse(&text(v)))
            .collect()
    }

    /// Whether a list header holds this token, without regard to case; what follows a semicolon is not looked at.
    #[must_use]
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.raw_all(name).flat_map(grammar::elements).any(|v| {
            let end = v.iter().position(|&b| b == b';').unwrap_or(v.len());
            grammar::trim(v.get(..end).unwrap_or_default()).eq_ignore_ascii_case(token.as_bytes())
        })
    }

    /// Every header line in order: name as it stands, value unfolded and decoded.
    pub fn headers(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.lines.iter().map(|l| {
            (
                ascii(l.name.of(&self.buffer)),
                text(l.value.of(&self.buffer)),
            )
        })
    }

    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.body.of(&self.buffer)
    }

    /// `type/subtype` of Content-Type in lower case, without its parameters.
    #[must_use]
    pub fn content_type(&self) -> Option<String> {
        self.raw_header(Header::ContentType).map(body::media_type)
    }
}

/// A header value as text: unfolded, UTF-8 or else Latin-1.
fn text(value: &[u8]) -> Cow<'_, str> {
    match unfold(value) {
        Cow::Borrowed(value) => decode(value),
        Cow::Owned(value) => Cow::Owned(decode(&value).into_owned()),
    }
}
