//! SIP, SIPS and tel URIs (RFC 3261 section 19.1, RFC 3966), and others as opaque text.
use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::Ipv6Addr;
use std::ops::Range;

use crate::error::{BuildError, ParseError};
use crate::grammar::{
    self, decode, is_hnv_char, is_host_char, is_param_char, is_password_char, is_token_char,
    is_user_char, number,
};

const BAD: ParseError = ParseError::bad("Malformed URI");

/// A parsed URI.  Immutable: what changes it makes a new one.  Equality and hash follow RFC 3261 section 19.1.4
/// for sip and sips, RFC 3966 section 4 for tel; other schemes compare as text.
#[derive(Debug, Clone)]
pub struct Uri {
    text: Box<str>,
    parts: Parts,
}

/// Where the parts stand in the text.
#[derive(Debug, Clone, Default)]
struct Parts {
    kind: Kind,
    scheme: usize,
    user: Option<Range<usize>>,
    password: Option<Range<usize>>,
    host: Range<usize>,
    port: Option<u16>,
    params: Range<usize>,
    headers: Range<usize>,
}

/// What grammar the text after the scheme follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    Sip,
    Sips,
    Tel,
    /// Any other scheme: only [`Uri::scheme`] and the whole text are known.
    #[default]
    Other,
}

fn parse(text: &str) -> Result<Parts, ParseError> {
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
        grammar::ascii(inner).parse::<Ipv6Addr>().map_err(|_| BAD)?;
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
/// 400 for what [`Uri::parse`] would not take.
pub fn check(text: &str) -> Result<(Kind, bool), ParseError> {
    parse(text).map(|parts| (parts.kind, !parts.headers.is_empty()))
}

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
fn escape_into(out: &mut String, text: &str, allowed: impl Fn(u8) -> bool) {
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
fn normal_escapes(text: &str) -> Cow<'_, str> {
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

impl Uri {
    /// Parse a whole URI.
    ///
    /// # Errors
    /// 400 for text that is no URI: white space, unknown escapes, a bad host or port, `<>`.
    pub fn parse(text: &str) -> Result<Uri, ParseError> {
        Ok(Uri {
            parts: parse(text)?,
            text: text.into(),
        })
    }

    /// Put a SIP, SIPS or tel URI together; user and parameters are escaped as needed.  For tel, `user` is the number
    /// and `host` empty.  An IPv6 address may come with or without brackets.
    ///
    /// # Errors
    /// For a scheme, host or parameter name that cannot be written.
    pub fn build(
        scheme: &str,
        user: Option<&str>,
        host: &str,
        port: Option<u16>,
        params: &[(&str, Option<&str>)],
    ) -> Result<Uri, BuildError> {
        Self::assemble(scheme, user, None, host, port, params)
    }

    fn assemble(
        scheme: &str,
        user: Option<&str>,
        password: Option<&str>,
        host: &str,
        port: Option<u16>,
        params: &[(&str, Option<&str>)],
    ) -> Result<Uri, BuildError> {
        use fmt::Write;

        let mut text = String::with_capacity(96);
        text.push_str(scheme);
        text.push(':');
        let tel = scheme.eq_ignore_ascii_case("tel");
        if let Some(user) = user.filter(|u| !u.is_empty()) {
            if tel {
                escape_into(&mut text, user, |b| {
                    is_user_char(b) && b != b';' || b == b'#'
                });
            } else {
                escape_into(&mut text, user, is_user_char);
                if let Some(password) = password {
                    text.push(':');
                    escape_into(&mut text, password, is_password_char);
                }
                text.push('@');
            }
        }
        if host.contains(':') && !host.starts_with('[') {
            text.push('[');
            text.push_str(host);
            text.push(']');
        } else {
            text.push_str(host);
        }
        if let Some(port) = port {
            let _ = write!(text, ":{port}");
        }
        for &(name, value) in params {
            push_param(&mut text, name, value)?;
        }
        let parts = parse(&text).map_err(|_| BuildError("these parts do not make a URI"))?;
        // a host like "a@b" or "a;b" would parse as something else than what was asked for
        let uri = Uri {
            text: text.into(),
            parts,
        };
        if uri.host().trim_matches(['[', ']']) != host.trim_matches(['[', ']'])
            || uri.port() != port
        {
            return Err(BuildError("these parts do not make a URI"));
        }
        Ok(uri)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn part(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or("")
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        self.parts.kind
    }

    /// The scheme in lower case for sip, sips and tel, else as it stands.
    #[must_use]
    pub fn scheme(&self) -> &str {
        match self.parts.kind {
            Kind::Sip => "sip",
            Kind::Sips => "sips",
            Kind::Tel => "tel",
            Kind::Other => self.text.get(..self.parts.scheme).unwrap_or(""),
        }
    }

    /// The user part, unescaped; the number of a tel URI.
    #[must_use]
    pub fn user(&self) -> Option<Cow<'_, str>> {
        self.parts.user.as_ref().map(|r| unescape(self.part(r)))
    }

    /// The user part as it stands.
    #[must_use]
    pub fn raw_user(&self) -> Option<&str> {
        self.parts.user.as_ref().map(|r| self.part(r))
    }

    #[must_use]
    pub fn password(&self) -> Option<Cow<'_, str>> {
        self.parts.password.as_ref().map(|r| unescape(self.part(r)))
    }

    /// The host; an IPv6 address without brackets.  "" where the scheme has none.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.part(&self.parts.host);
        host.strip_prefix('[')
            .and_then(|h| h.strip_suffix(']'))
            .unwrap_or(host)
    }

    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.parts.port
    }

    fn raw_params(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.part(&self.parts.params)
            .split(';')
            .skip(1)
            .map(|piece| match piece.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (piece, None),
            })
    }

    /// A parameter's value, unescaped; "" for one without value, None when absent.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Cow<'_, str>> {
        self.raw_params()
            .find(|(n, _)| n.eq_ignore_ascii_case(name) || unescape(n).eq_ignore_ascii_case(name))
            .map(|(_, value)| unescape(value.unwrap_or("")))
    }

    /// All parameters in order, unescaped.
    pub fn params(&self) -> impl Iterator<Item = (Cow<'_, str>, Option<Cow<'_, str>>)> {
        self.raw_params()
            .map(|(name, value)| (unescape(name), value.map(unescape)))
    }

    /// The `?name=value&...` part, unescaped.
    pub fn headers(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        let text = self
            .part(&self.parts.headers)
            .strip_prefix('?')
            .unwrap_or("");
        text.split('&').filter(|p| !p.is_empty()).map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            (unescape(name), unescape(value))
        })
    }

    /// The URI with some parts replaced; parameters stay, headers stay.
    ///
    /// # Errors
    /// As [`Uri::build`]; and for a scheme that is not SIP, SIPS or tel on either side.
    pub fn replace(
        &self,
        scheme: Option<&str>,
        user: Option<Option<&str>>,
        host: Option<&str>,
        port: Option<Option<u16>>,
    ) -> Result<Uri, BuildError> {
        if self.parts.kind == Kind::Other {
            return Err(BuildError("a URI of this scheme has no parts to replace"));
        }
        let old_user = self.user();
        let old_password = self.password();
        let password = if user.is_some() {
            None
        } else {
            old_password.as_deref()
        };
        let base = Self::assemble(
            scheme.unwrap_or_else(|| self.scheme()),
            user.unwrap_or(old_user.as_deref()),
            password,
            host.unwrap_or_else(|| self.host()),
            port.unwrap_or(self.parts.port),
            &[],
        )?;
        let tail = self.text.get(self.parts.params.start..).unwrap_or("");
        Uri::parse(&format!("{}{tail}", base.text))
            .map_err(|_| BuildError("these parts do not make a URI"))
    }

    /// The URI with this parameter set, at the place of the old one if there is one.
    ///
    /// # Errors
    /// For an empty name, and for schemes without parameters.
    pub fn with_param(&self, name: &str, value: Option<&str>) -> Result<Uri, BuildError> {
        let mut params = String::new();
        let mut found = false;
        for (n, v) in self.raw_params() {
            if !n.eq_ignore_ascii_case(name) {
                params.push(';');
                params.push_str(n);
                if let Some(v) = v {
                    params.push('=');
                    params.push_str(v);
                }
            } else if !found {
                found = true;
                push_param(&mut params, name, value)?;
            }
        }
        if !found {
            push_param(&mut params, name, value)?;
        }
        self.with_params_text(&params)
    }

    /// The URI without this parameter.
    ///
    /// # Errors
    /// For schemes without parameters.
    pub fn without_param(&self, name: &str) -> Result<Uri, BuildError> {
        let mut params = String::new();
        for (n, v) in self
            .raw_params()
            .filter(|(n, _)| !n.eq_ignore_ascii_case(name))
        {
            params.push(';');
            params.push_str(n);
            if let Some(v) = v {
                params.push('=');
                params.push_str(v);
            }
        }
        self.with_params_text(&params)
    }

    fn with_params_text(&self, params: &str) -> Result<Uri, BuildError> {
        if self.parts.kind == Kind::Other {
            return Err(BuildError("a URI of this scheme has no parameters"));
        }
        let head = self.text.get(..self.parts.params.start).unwrap_or("");
        let tail = self.text.get(self.parts.params.end..).unwrap_or("");
        Uri::parse(&format!("{head}{params}{tail}"))
            .map_err(|_| BuildError("these parts do not make a URI"))
    }

    /// The URI without its `?name=value` part.
    #[must_use]
    pub fn without_headers(&self) -> Uri {
        if self.parts.headers.is_empty() {
            return self.clone();
        }
        let mut parts = self.parts.clone();
        parts.headers = parts.params.end..parts.params.end;
        Uri {
            text: self.text.get(..parts.params.end).unwrap_or("").into(),
            parts,
        }
    }

    /// The host in the form that equality compares: lower case, IPv6 in its shortest form.
    fn normal_host(&self) -> String {
        let host = self.host();
        match host.parse::<Ipv6Addr>() {
            Ok(address) => address.to_string(),
            Err(_) => host.to_ascii_lowercase(),
        }
    }

    /// A tel number without visual separators (RFC 3966 section 4).
    fn normal_number(&self) -> String {
        let user = self.user().unwrap_or_default();
        user.chars()
            .filter(|c| !matches!(c, '-' | '.' | '(' | ')'))
            .map(|c| c.to_ascii_lowercase())
            .collect()
    }

    fn same_sip(&self, other: &Uri) -> bool {
        let part = |uri: &Uri, range: &Option<Range<usize>>| {
            range
                .as_ref()
                .map(|r| normal_escapes(uri.part(r)).into_owned())
        };
        self.parts.port == other.parts.port
            && part(self, &self.parts.user) == part(other, &other.parts.user)
            && part(self, &self.parts.password) == part(other, &other.parts.password)
            && self.normal_host() == other.normal_host()
            && self.params_match(other)
            && other.params_match(self)
            && self.sorted_headers() == other.sorted_headers()
    }

    /// Each of our parameters that counts is in `other` with the same value.
    fn params_match(&self, other: &Uri) -> bool {
        self.params().all(|(name, value)| match other.param(&name) {
            Some(theirs) => value.unwrap_or_default().eq_ignore_ascii_case(&theirs),
            None => !["user", "ttl", "method", "maddr"]
                .iter()
                .any(|n| name.eq_ignore_ascii_case(n)),
        })
    }

    fn sorted_headers(&self) -> Vec<(String, String)> {
        let mut all: Vec<_> = self
            .headers()
            .map(|(n, v)| (n.to_ascii_lowercase(), v.into_owned()))
            .collect();
        all.sort();
        all
    }

    fn sorted_params(&self) -> Vec<(String, String)> {
        let lower = |text: Cow<'_, str>| text.to_ascii_lowercase();
        let mut all: Vec<_> = self
            .params()
            .map(|(n, v)| (lower(n), v.map(lower).unwrap_or_default()))
            .collect();
        all.sort();
        all
    }
}

fn push_param(text: &mut String, name: &str, value: Option<&str>) -> Result<(), BuildError> {
    if name.is_empty() {
        return Err(BuildError("a parameter must have a name"));
    }
    text.push(';');
    escape_into(text, name, is_param_char);
    if let Some(value) = value {
        text.push('=');
        escape_into(text, value, is_param_char);
    }
    Ok(())
}

impl PartialEq for Uri {
    fn eq(&self, other: &Uri) -> bool {
        if self.parts.kind != other.parts.kind {
            return false;
        }
        if self.text == other.text {
            return true;
        }
        match self.parts.kind {
            Kind::Sip | Kind::Sips => self.same_sip(other),
            Kind::Tel => {
                self.normal_number() == other.normal_number()
                    && self.sorted_params() == other.sorted_params()
            }
            Kind::Other => false,
        }
    }
}

impl Eq for Uri {}

impl Hash for Uri {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.scheme().hash(state);
        match self.parts.kind {
            // Parameters take no part: two equal URIs may differ in them.
            Kind::Sip | Kind::Sips => {
                self.parts
                    .user
                    .as_ref()
                    .map(|r| normal_escapes(self.part(r)))
                    .hash(state);
                self.normal_host().hash(state);
                self.parts.port.hash(state);
            }
            Kind::Tel => self.normal_number().hash(state),
            Kind::Other => self.text.hash(state),
        }
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
