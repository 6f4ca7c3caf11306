//! The lexical level of RFC 3261 section 25: character classes, LWS, quoting, lists and parameters.
//!
//! Everything here works on the bytes as received.  A line break inside a header value can only be
//! folding (the message parser saw to that), so CR and LF count as white space here.
use std::borrow::Cow;

const TOKEN: u8 = 1;
const WORD: u8 = 2;
const USER: u8 = 4;
const PASSWORD: u8 = 8;
const PARAM: u8 = 16;
const HNV: u8 = 32;
const HOST: u8 = 64;

/// For each byte, the sets of RFC 3261 section 25.1 that it belongs to.
static CLASS: [u8; 256] = classes();

const fn mark(mut table: [u8; 256], set: &[u8], class: u8) -> [u8; 256] {
    let mut i = 0;
    while i < set.len() {
        table[set[i] as usize] |= class;
        i += 1;
    }
    table
}

const fn classes() -> [u8; 256] {
    let mut table = [0u8; 256];
    let mut b = 0usize;
    while b < 128 {
        if (b as u8).is_ascii_alphanumeric() {
            table[b] = TOKEN | WORD | USER | PASSWORD | PARAM | HNV | HOST;
        }
        b += 1;
    }
    table = mark(table, b"-.!%*_+`'~", TOKEN | WORD);
    table = mark(table, b"()<>:\\\"/[]?{}", WORD);
    // unreserved marks are in every set of the URI grammar
    table = mark(table, b"-_.!~*'()", USER | PASSWORD | PARAM | HNV);
    table = mark(table, b"&=+$,;?/", USER);
    table = mark(table, b"&=+$,", PASSWORD);
    table = mark(table, b"[]/:&+$", PARAM);
    table = mark(table, b"[]/?:+$", HNV);
    // an underscore is no host character, but enough Windows names have one
    mark(table, b"-._", HOST)
}

macro_rules! class_fn {
    ($($name:ident $class:ident $doc:literal;)*) => {$(
        #[doc = $doc]
        #[inline]
        #[must_use]
        pub(crate) fn $name(byte: u8) -> bool {
            CLASS[byte as usize] & $class != 0
        }
    )*};
}

class_fn! {
    is_token_char TOKEN "A character of `token`.";
    is_word_char WORD "A character of `word` (Call-ID).";
    is_user_char USER "A character that stands unescaped in a URI's user part.";
    is_password_char PASSWORD "A character that stands unescaped in a URI's password.";
    is_param_char PARAM "A character that stands unescaped in a URI parameter.";
    is_hnv_char HNV "A character that stands unescaped in a URI header.";
    is_host_char HOST "A character of a host name or IPv4 address.";
}

/// Space, tab, and the CR and LF of folding.
#[inline]
#[must_use]
pub(crate) fn is_lws(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// `token` of RFC 3261: never empty.
#[must_use]
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&b| is_token_char(b))
}

#[must_use]
pub(crate) fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text {
        if !is_lws(*first) {
            break;
        }
        text = rest;
    }
    text
}

#[must_use]
pub(crate) fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., last] = text {
        if !is_lws(*last) {
            break;
        }
        text = rest;
    }
    text
}

#[must_use]
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    trim_end(trim_start(text))
}

/// `text` as str if it is ASCII or other UTF-8, else "": for what the parser has already checked.
#[must_use]
pub(crate) fn ascii(text: &[u8]) -> &str {
    std::str::from_utf8(text).unwrap_or("")
}

/// Text of a header: UTF-8 as the RFC says, or else Latin-1, which is what older phones send.
#[must_use]
pub fn decode(text: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(text) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(text.iter().map(|&b| char::from(b)).collect()),
    }
}

/// Each run of folding (line break and the white space around it) becomes one space (section 7.3.1).
#[must_use]
pub fn unfold(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.iter().any(|&b| b == b'\n' || b == b'\r') {
        return Cow::Borrowed(text);
    }
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&b| b == b'\n' || b == b'\r') {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        out.truncate(trim_end(&out).len());
        rest = trim_start(rest.get(at..).unwrap_or_default());
        if !out.is_empty() && !rest.is_empty() {
            out.push(b' ');
        }
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// Length of the quoted string that `text` begins with, both quotes included; None if it does not end.
#[must_use]
pub(crate) fn quoted_len(text: &[u8]) -> Option<usize> {
    let mut i = 1;
    while let Some(&b) = text.get(i) {
        match b {
            b'"' => return Some(i + 1),
            b'\\' => i += 2,
            _ => i += 1,
        }
    }
    None
}

/// The content of a quoted string, escapes resolved; other text as it is.
#[must_use]
pub fn unquote(text: &[u8]) -> Cow<'_, str> {
    let [b'"', inner @ .., b'"'] = text else {
        return decode(text);
    };
    if !inner.iter().any(|&b| matches!(b, b'\\' | b'\r' | b'\n')) {
        return decode(inner);
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = unfold(inner).into_owned().into_iter();
    while let Some(b) = bytes.next() {
        if b == b'\\' {
            out.extend(bytes.next());
        } else {
            out.push(b);
        }
    }
    Cow::Owned(decode(&out).into_owned())
}

/// `text` as a quoted string.  Control characters, which cannot be written safely, become spaces.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Position of the first `stop` byte that stands outside quotes and `<>`.
#[must_use]
pub(crate) fn find_outside(text: &[u8], stop: u8) -> Option<usize> {
    let mut i = 0;
    // After one bracket that is never closed, none is: looking again each time would take quadratic time.
    let mut closes = true;
    while let Some(&b) = text.get(i) {
        if b == stop {
            return Some(i);
        }
        match b {
            b'"' => i += text.get(i..).and_then(quoted_len).unwrap_or(text.len()),
            b'<' if closes => match text.get(i..).and_then(|t| memchr::memchr(b'>', t)) {
                Some(n) => i += n + 1,
                None => {
                    closes = false;
                    i += 1;
                }
            },
            _ => i += 1,
        }
    }
    None
}

/// The elements of a comma-separated list, trimmed; empty ones are given too.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    rest: Option<&'a [u8]>,
}

/// Split `text` at the commas outside quotes and `<>`.
#[must_use]
pub fn elements(text: &[u8]) -> Elements<'_> {
    Elements { rest: Some(text) }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.rest?;
        let element = match find_outside(text, b',') {
            Some(at) => {
                self.rest = text.get(at + 1..);
                text.get(..at).unwrap_or_default()
            }
            None => {
                self.rest = None;
                text
            }
        };
        Some(trim(element))
    }
}

/// `;name[=value]` as it stands; `value` keeps its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawParam<'a> {
    pub name: &'a [u8],
    pub value: Option<&'a [u8]>,
}

/// The parameters in `text`, which is empty or begins with a semicolon.
#[derive(Debug, Clone)]
pub struct Params<'a> {
    rest: &'a [u8],
}

#[must_use]
pub(crate) fn params(text: &[u8]) -> Params<'_> {
    Params {
        rest: trim_start(text),
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = RawParam<'a>;

    fn next(&mut self) -> Option<RawParam<'a>> {
        let [b';', text @ ..] = self.rest else {
            return None;
        };
        let mut equals = None;
        let mut i = 0;
        while let Some(&b) = text.get(i) {
            match b {
                b';' => break,
                b'=' if equals.is_none() => {
                    equals = Some(i);
                    i += 1;
                }
                b'"' => i += text.get(i..).and_then(quoted_len).unwrap_or(text.len()),
                _ => i += 1,
            }
        }
        let i = i.min(text.len());
        self.rest = text.get(i..).unwrap_or_default();
        let all = text.get(..i).unwrap_or_default();
        Some(match equals {
            Some(at) => RawParam {
                name: trim(all.get(..at).unwrap_or_default()),
                value: Some(trim(all.get(at + 1..).unwrap_or_default())),
            },
            None => RawParam {
                name: trim(all),
                value: None,
            },
        })
    }
}

/// The first parameter of this name: its raw value, empty for one without.
#[must_use]
pub(crate) fn param<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    params(text)
        .find(|p| p.name.eq_ignore_ascii_case(name))
        .map(|p| p.value.unwrap_or_default())
}

/// Whether each parameter is `token`, `token=token`, `token=host` or `token="quoted"` (generic-param).
#[must_use]
pub(crate) fn params_valid(text: &[u8]) -> bool {
    all_params(text, |p| {
        is_token(p.name) && p.value.is_none_or(param_value_valid)
    })
}

/// [`params_valid`], but names and values may be missing: enough to read the ones that are there.
#[must_use]
pub(crate) fn params_readable(text: &[u8]) -> bool {
    all_params(text, |p| {
        p.name.iter().all(|&b| is_token_char(b))
            && p.value.is_none_or(|v| v.is_empty() || param_value_valid(v))
    })
}

fn all_params(text: &[u8], good: impl Fn(RawParam<'_>) -> bool) -> bool {
    let mut all = params(text);
    all.by_ref().all(good) && all.rest.is_empty()
}

fn param_value_valid(value: &[u8]) -> bool {
    match value.first() {
        None => false,
        Some(b'"') => quoted_len(value) == Some(value.len()),
        Some(b'[') => value.last() == Some(&b']'),
        // ':' and '/' are not token characters; bare IPv6 addresses (received=) and URIs are met in the wild
        Some(_) => value
            .iter()
            .all(|&b| is_token_char(b) || matches!(b, b':' | b'/' | b'@' | b'[' | b']')),
    }
}

/// A decimal number without sign; leading zeros are allowed (RFC 4475 section 3.1.1.1).
#[must_use]
pub(crate) fn number<T: TryFrom<u64>>(text: &[u8]) -> Option<T> {
    if text.is_empty() {
        return None;
    }
    let mut value = 0u64;
    for &b in text {
        if !b.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(b - b'0'))?;
    }
    T::try_from(value).ok()
}
