//! Bodies: media types and multipart (RFC 2046 section 5.1, RFC 5621).
use crate::error::ParseError;
use crate::grammar::{self, ascii, decode, is_token, trim, unquote};
use crate::header::Header;

use super::Message;

/// How deep multiparts may stand inside each other.
pub const MAX_NESTING: usize = 4;
/// How many parts a body may have in all.
pub const MAX_PARTS: usize = 64;

/// One part of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// Its Content-Type with parameters, as it stands; None when it has none (`text/plain` by RFC 2046).
    pub content_type: Option<&'a [u8]>,
    /// Its own header lines, as they stand.
    pub header: &'a [u8],
    pub body: &'a [u8],
}

impl Part<'_> {
    /// `type/subtype` in lower case.
    #[must_use]
    pub fn media_type(&self) -> String {
        self.content_type
            .map_or_else(|| "text/plain".to_owned(), media_type)
    }
}

/// `type/subtype` of a Content-Type value, in lower case; white space around the slash is dropped.
pub(super) fn media_type(value: &[u8]) -> String {
    let end = value.iter().position(|&b| b == b';').unwrap_or(value.len());
    decode(value.get(..end).unwrap_or_default())
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Whether a Content-Type value is `type "/" subtype *(";" name "=" value)`.
pub(super) fn content_type_valid(value: &[u8]) -> bool {
    let end = value.iter().position(|&b| b == b';').unwrap_or(value.len());
    let (media, params) = value.split_at_checked(end).unwrap_or((value, b""));
    let mut halves = media.splitn(2, |&b| b == b'/').map(trim);
    halves.next().is_some_and(is_token)
        && halves.next().is_some_and(is_token)
        && grammar::params_valid(params)
}

impl Message {
    /// The parts of the body: the leaves of a multipart, in order; of a single body just that one; none without body.
    ///
    /// # Errors
    /// 400 for a multipart without boundary or without end, 413 for more than [`MAX_PARTS`] parts or [`MAX_NESTING`] levels.
    pub fn parts(&self) -> Result<Vec<Part<'_>>, ParseError> {
        let mut out = Vec::new();
        let body = self.body();
        if body.is_empty() {
            return Ok(out);
        }
        let part = Part {
            content_type: self.raw_header(Header::ContentType),
            header: b"",
            body,
        };
        collect(part, 0, &mut out)?;
        Ok(out)
    }
}

fn collect<'a>(part: Part<'a>, depth: usize, out: &mut Vec<Part<'a>>) -> Result<(), ParseError> {
    let value = part.content_type.unwrap_or_default();
    if !value
        .get(..10)
        .is_some_and(|t| t.eq_ignore_ascii_case(b"multipart/"))
    {
        if out.len() >= MAX_PARTS {
            return Err(ParseError::new(413, "Too Many Body Parts"));
        }
        out.push(part);
        return Ok(());
    }
    if depth >= MAX_NESTING {
        return Err(ParseError::new(413, "Body Parts Nested Too Deeply"));
    }
    let end = value.iter().position(|&b| b == b';').unwrap_or(value.len());
    let boundary = grammar::param(value.get(end..).unwrap_or_default(), b"boundary").map(unquote);
    let boundary = boundary
        .filter(|b| !b.is_empty())
        .ok_or(ParseError::bad("Multipart without boundary"))?;
    for inner in split_parts(part.body, boundary.as_bytes())? {
        collect(parse_part(inner)?, depth + 1, out)?;
    }
    Ok(())
}

/// What stands between the delimiter lines; preamble and epilogue are dropped.
fn split_parts<'a>(body: &'a [u8], boundary: &[u8]) -> Result<Vec<&'a [u8]>, ParseError> {
    let mut parts = Vec::new();
    let mut begin: Option<usize> = None;
    let mut at = 0;
    while at < body.len() {
        let rest = body.get(at..).unwrap_or_default();
        let n = memchr::memchr(b'\n', rest).map_or(rest.len(), |n| n + 1);
        let line = rest.get(..n).unwrap_or_default();
        if let Some(tail) = line
            .strip_prefix(b"--")
            .and_then(|l| l.strip_prefix(boundary))
        {
            let (last, tail) = tail
                .strip_prefix(b"--")
                .map_or((false, tail), |tail| (true, tail));
            if trim(tail).is_empty() {
                if let Some(begin) = begin {
                    // the line break before a delimiter belongs to the delimiter
                    let part = body.get(begin..at).unwrap_or_default();
                    let part = part.strip_suffix(b"\n").unwrap_or(part);
                    parts.push(part.strip_suffix(b"\r").unwrap_or(part));
                    if parts.len() > MAX_PARTS {
                        return Err(ParseError::new(413, "Too Many Body Parts"));
                    }
                }
                if last {
                    return Ok(parts);
                }
                begin = Some(at + n);
            }
        }
        at += n;
    }
    Err(ParseError::bad("Multipart without end"))
}

/// Header lines, an empty line, the content.
fn parse_part(text: &[u8]) -> Result<Part<'_>, ParseError> {
    let mut at = 0;
    let mut content_type = None;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let (n, line) = match memchr::memchr(b'\n', rest) {
            Some(n) => (n + 1, rest.get(..n).unwrap_or_default()),
            None => (rest.len(), rest),
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return Ok(Part {
                content_type,
                header: text.get(..at).unwrap_or_default(),
                body: text.get(at + n..).unwrap_or_default(),
            });
        }
        let mut end = at + line.len();
        let mut next = at + n;
        while matches!(text.get(next), Some(b' ' | b'\t')) {
            let rest = text.get(next..).unwrap_or_default();
            let n = memchr::memchr(b'\n', rest).map_or(rest.len(), |n| n + 1);
            end = next + n;
            next += n;
        }
        let whole = text.get(at..end).unwrap_or_default();
        let colon = whole
            .iter()
            .position(|&b| b == b':')
            .ok_or(ParseError::bad("Malformed body part header"))?;
        let name = trim(whole.get(..colon).unwrap_or_default());
        if !is_token(name) {
            return Err(ParseError::bad("Malformed body part header"));
        }
        if matches!(Header::of(ascii(name).as_bytes()), Header::ContentType)
            && content_type.is_none()
        {
            content_type = Some(trim(whole.get(colon + 1..).unwrap_or_default()));
        }
        at = next;
    }
}
