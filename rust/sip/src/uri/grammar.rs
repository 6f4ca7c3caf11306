//! Where the parts of a URI stand (RFC 3261 section 25.1, RFC 3966 section 3).
use std::net::Ipv6Addr;
use std::ops::Range;

use crate::error::ParseError;
use crate::grammar::{ascii, is_hnv_char, is_host_char, is_param_char, is_token_char, number};

const BAD: ParseError = ParseError::bad("Malformed URI");

/// Where the parts stand in the text.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    pub(super) kind: Kind,
    pub(super) scheme: usize,
    pub(super) user: Option<Range<usize>>,
    pub(super) password: Option<Range<usize>>,
    pub(super) host: Range<usize>,
    pub(super) port: Option<u16>,
    pub(super) params: Range<usize>,
    pub(super) headers: Range<usize>,
}

/// What grammar the text after the scheme follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    Sip,
    Sips,
    Tel,
    /// Any other scheme: only [`super::Uri::scheme`] and the whole text are known.
    #[default]
    Other,
}

pub(super) fn parse(text: &str) -> Result<Parts, ParseError> {
    let bytes = text.as_bytes();
    let scheme = bytes.iter().position(|&b| b == b':').ok_or(BAD)?;
    let name = bytes.get(..scheme).unwrap_or_default();
    if !name.first().is_some_and(u8::is_ascii_alphabetic)
        || !name
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        || bytes
            .iter()
            .any(|&b| b <= b' ' || matches!(b, b'<' | b'>' | b'"' | 0x7f))
    {
        return Err(BAD);
    }
    let kind = if name.eq_ignore_ascii_case(b"sip") {
        Kind::Sip
    } else if name.eq_ignore_ascii_case(b"sips") {
        Kind::Sips
    } else if name.eq_ignore_ascii_case(b"tel") {
        Kind::Tel
    } else {
        Kind::Other
    };
    let parts = Parts {
        kind,
        scheme,
        ..Parts::default()
    };
    match kind {
        Kind::Sip | Kind::Sips => parse_sip(bytes, parts),
        Kind::Tel => parse_tel(bytes, parts),
        Kind::Other if bytes.len() > scheme + 1 => Ok(parts),
        Kind::Other => Err(BAD),
    }
}

fn parse_sip(bytes: &[u8], mut parts: Parts) -> Result<Parts, ParseError> {
    let mut at = parts.scheme + 1;
    if let Some(n) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|&b| b == b'@'))
    {
        let end = at + n;
        let info = bytes.get(at..end).unwrap_or_default();
        let user_end = info.iter().position(|&b| b == b':').map_or(end, |n| at + n);
        if user_end == at || !escapes_valid(info) {
            return Err(BAD);
        }
        parts.user = Some(at..user_end);
        if user_end < end {
            parts.password = Some(user_end + 1..end);
        }
        at = end + 1;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let host = if rest.first() == Some(&b'[') {
        let n = rest.iter().position(|&b| b == b']').ok_or(BAD)? + 1;
        let inner = rest.get(1..n - 1).unwrap_or_default();
        ascii(inner).parse::<Ipv6Addr>().map_err(|_| BAD)?;
        n
    } else {
        rest.iter()
            .position(|&b| !is_host_char(b))
            .unwrap_or(rest.len())
    };
    if host == 0 {
        return Err(BAD);
    }
    parts.host = at..at + host;
    at += host;
    if bytes.get(at) == Some(&b':') {
        let digits = bytes.get(at + 1..).unwrap_or_default();
        let n = digits
            .iter()
            .position(|b| !b.is_ascii_digit())
            .unwrap_or(digits.len());
        let port: u16 = number(digits.get(..n).unwrap_or_default())
            .filter(|&p| p != 0)
            .ok_or(BAD)?;
        parts.port = Some(port);
        at += 1 + n;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let params = rest.iter().position(|&b| b == b'?').unwrap_or(rest.len());
    parts.params = at..at + params;
    if !uri_params_valid(rest.get(..params).unwrap_or_default()) {
        return Err(BAD);
    }
    at += params;
    parts.headers = at..bytes.len();
    match bytes.get(at..).unwrap_or_default() {
        [] => Ok(parts),
        [b'?', headers @ ..] if !headers.is_empty() && uri_headers_valid(headers) => Ok(parts),
        _ => Err(BAD),
    }
}

fn parse_tel(bytes: &[u8], mut parts: Parts) -> Result<Parts, ParseError> {
    let at = parts.scheme + 1;
    let rest = bytes.get(at..).unwrap_or_default();
    let n = rest.iter().position(|&b| b == b';').unwrap_or(rest.len());
    let number = rest.get(..n).unwrap_or_default();
    let digits = number.strip_prefix(b"+").unwrap_or(number);
    let in_number = |&b: &u8| {
        b.is_ascii_hexdigit() || matches!(b, b'-' | b'.' | b'(' | b')' | b'*' | b'#' | b'%')
    };
    if !digits.iter().all(in_number)
        || !digits
            .iter()
            .any(|b| b.is_ascii_hexdigit() || matches!(b, b'*' | b'#'))
    {
        return Err(BAD);
    }
    if !escapes_valid(number) || !uri_params_valid(rest.get(n..).unwrap_or_default()) {
        return Err(BAD);
    }
    parts.user = Some(at..at + n);
    parts.params = at + n..bytes.len();
    parts.headers = bytes.len()..bytes.len();
    Ok(parts)
}

/// Each `%` is followed by two hexadecimal digits.
fn escapes_valid(text: &[u8]) -> bool {
    text.iter().enumerate().all(|(i, &b)| {
        b != b'%'
            || (text.get(i + 1).is_some_and(u8::is_ascii_hexdigit)
                && text.get(i + 2).is_some_and(u8::is_ascii_hexdigit))
    })
}

/// Parameters of one URI.  Far more than any has; equality looks at each pair.
const MAX_PARAMS: usize = 64;

/// `*(";" pname ["=" pvalue])`.
fn uri_params_valid(text: &[u8]) -> bool {
    if memchr::memchr_iter(b';', text).count() > MAX_PARAMS {
        return false;
    }
    let good = |b: u8| is_param_char(b) || is_token_char(b) || b == b'%' || b >= 0x80;
    let mut pieces = text.split(|&b| b == b';');
    if pieces.next().is_some_and(|before| !before.is_empty()) || !escapes_valid(text) {
        return false;
    }
    pieces.all(|piece| {
        let (name, value) = split_at_byte(piece, b'=');
        !name.is_empty()
            && name.iter().all(|&b| good(b))
            && value.is_none_or(|v| v.iter().all(|&b| good(b) || b == b'='))
    })
}

/// `hname "=" hvalue *("&" ...)`.
fn uri_headers_valid(text: &[u8]) -> bool {
    escapes_valid(text)
        && text.split(|&b| b == b'&').all(|piece| {
            let (name, value) = split_at_byte(piece, b'=');
            // '=' and ';' inside a value are not in the grammar, but unambiguous and met in the wild
            let good = |b: u8| {
                is_hnv_char(b)
                    || is_token_char(b)
                    || matches!(b, b'%' | b'@' | b';' | b'=' | b',')
                    || b >= 0x80
            };
            !name.is_empty()
                && value.is_some_and(|v| v.iter().all(|&b| good(b)))
                && name.iter().all(|&b| good(b))
        })
}

fn split_at_byte(text: &[u8], byte: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|&b| b == byte) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

/// Whether `text` is a URI, without keeping it.  Gives its kind, and whether it has `?name=value` headers.
///
/// # Errors
/// 400 for what [`super::Uri::parse`] would not take.
pub fn check(text: &str) -> Result<(Kind, bool), ParseError> {
    parse(text).map(|parts| (parts.kind, !parts.headers.is_empty()))
}
