//! `%HH` escapes of URIs.
use std::borrow::Cow;
use std::fmt;

use crate::grammar::decode;

/// Resolve `%HH`; the bytes are read as UTF-8, or else as Latin-1.
#[must_use]
pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(decode(&unescape_bytes(text.as_bytes())).into_owned())
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|d| d as u8)
}

fn unescape_bytes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        match rest {
            [] => return out,
            [b'%', high, low, tail @ ..] => {
                match (hex(*high), hex(*low)) {
                    (Some(high), Some(low)) => out.push(high << 4 | low),
                    _ => out.extend_from_slice(&[b'%', *high, *low]),
                }
                rest = tail;
            }
            [byte, tail @ ..] => {
                out.push(*byte);
                rest = tail;
            }
        }
    }
}

/// Escape each byte that is not in `allowed`.
pub(super) fn escape_into(out: &mut String, text: &str, allowed: impl Fn(u8) -> bool) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for b in text.bytes() {
        if b.is_ascii() && allowed(b) {
            out.push(char::from(b));
        } else {
            out.push('%');
            for nibble in [b >> 4, b & 15] {
                out.push(
                    DIGITS
                        .get(usize::from(nibble))
                        .map_or('0', |&d| char::from(d)),
                );
            }
        }
    }
}

/// The text up to equivalence of escapes: `%HH` of an unreserved character becomes the character, other
/// escapes get upper-case digits.
pub(super) fn normal_escapes(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let mut plain: Vec<u8> = Vec::with_capacity(text.len());
    while let Some((&b, tail)) = rest.split_first() {
        let byte = match rest {
            [b'%', high, low, ..] => hex(*high).zip(hex(*low)).map(|(h, l)| h << 4 | l),
            _ => None,
        };
        match byte {
            Some(byte) => {
                if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
                    plain.push(byte);
                } else {
                    let mut escaped = String::new();
                    push_escaped(&mut escaped, byte);
                    plain.extend_from_slice(escaped.as_bytes());
                }
                rest = rest.get(3..).unwrap_or_default();
            }
            None => {
                plain.push(b);
                rest = tail;
            }
        }
    }
    out.push_str(&decode(&plain));
    Cow::Owned(out)
}

fn push_escaped(out: &mut String, byte: u8) {
    use fmt::Write;
    let _ = write!(out, "%{byte:02X}");
}
