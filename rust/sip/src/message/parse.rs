//! From bytes to [`Message`]: one pass that finds the lines, then the few headers that matching needs.
use crate::address;
use crate::error::ParseError;
use crate::grammar::{self, is_lws, is_token, is_token_char, number, trim};
use crate::header::Header;

use super::{Line, Message, Span, Start};

/// How much of a peer's message is read.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of the whole message; more is 513.
    pub message: usize,
    /// Bytes of the Request-URI; more is 414.
    pub uri: usize,
    /// Header lines; more is 513.
    pub headers: usize,
    /// Bytes of one header line with its folding; more is 513.
    pub header_line: usize,
    /// Bytes of the body; more is 413.
    pub body: usize,
}

impl Limits {
    /// What a datagram can hold; lines as long as an Identity header with its PASSporT may need.
    pub const DEFAULT: Limits = Limits {
        message: 65_535,
        uri: 4_096,
        headers: 256,
        header_line: 8_192,
        body: 65_535,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Message {
    /// Parse one whole datagram, or message that the framer cut out of a stream, with the default limits.
    ///
    /// Checked here: the start line, the shape of every header line, Content-Length, and the presence and
    /// form of topmost Via, From, To, Call-ID and CSeq.  [`Message::check`] checks the rest.
    ///
    /// # Errors
    /// With the status to answer, and the readable part of a request in [`ParseError::partial`].
    pub fn parse(data: &[u8]) -> Result<Message, ParseError> {
        Self::parse_with(data, &Limits::DEFAULT)
    }

    /// [`Message::parse`] with other limits.
    ///
    /// # Errors
    /// As [`Message::parse`].
    pub fn parse_with(data: &[u8], limits: &Limits) -> Result<Message, ParseError> {
        // Keep-alive line breaks before the start line are ignored (section 7.5).
        let begin = data
            .iter()
            .position(|&b| b != b'\r' && b != b'\n')
            .unwrap_or(data.len());
        let data = data.get(begin..).unwrap_or_default();
        if data.len() > u32::MAX as usize {
            return Err(ParseError::new(513, "Message Too Large"));
        }
        let mut fault = Fault(None);
        if data.len() > limits.message {
            fault.note(ParseError::new(513, "Message Too Large"));
        }
        let (start, first) = start_line(data, limits, &mut fault)?;
        let mut lines = Vec::with_capacity(24);
        let (body, seen) = header_lines(data, first, limits, &mut lines, &mut fault);
        let mut message = Message {
            buffer: Vec::new(),
            start,
            lines,
            body: Span::default(),
            pristine: true,
        };
        // The buffer is filled last, so that what lies behind the message's end is not copied.
        let end = message.body_end(data, body, limits, &mut fault);
        message.buffer = data.get(..end).unwrap_or_default().to_vec();
        message.body = Span::new(body.min(end), end);
        message.check_required(seen, &mut fault);
        match fault.0 {
            None => Ok(message),
            Some(error) => Err(message.attach_to(error)),
        }
    }

    /// Where the body ends by Content-Length (section 18.3): bytes behind it are dropped, too few are an error,
    /// and without the header the body goes to the end of the datagram.
    fn body_end(&self, data: &[u8], body: usize, limits: &Limits, fault: &mut Fault) -> usize {
        let available = data.len().saturating_sub(body);
        let line = self
            .lines
            .iter()
            .find(|l| l.header == Header::ContentLength);
        let length = match line.map(|l| number::<u64>(l.value.of(data))) {
            None => available as u64,
            Some(Some(length)) => length,
            Some(None) => {
                fault.note(ParseError::bad("Malformed Content-Length"));
                0
            }
        };
        if length > limits.body as u64 {
            fault.note(ParseError::new(413, "Request Entity Too Large"));
        } else if length > available as u64 {
            fault.note(ParseError::bad("Body shorter than Content-Length"));
        }
        body + usize::try_from(length).unwrap_or(usize::MAX).min(available)
    }

    fn check_required(&self, seen: u128, fault: &mut Fault) {
        for header in [
            Header::Via,
            Header::From,
            Header::To,
            Header::CallId,
            Header::CSeq,
        ] {
            if seen & header.bit() == 0 {
                fault.note(ParseError::owned(400, format!("Missing {}", header.name())));
                return;
            }
        }
        let raw = |header| self.raw_header(header).unwrap_or_default();
        if self.top_via().is_none() {
            fault.note(ParseError::bad("Malformed Via"));
        }
        if !call_id_valid(raw(Header::CallId)) {
            fault.note(ParseError::bad("Malformed Call-ID"));
        }
        for (header, reason) in [
            (Header::From, "Malformed From"),
            (Header::To, "Malformed To"),
        ] {
            let good = address::split(raw(header)).is_ok_and(|address| {
                grammar::params_readable(address.params)
                    && grammar::param(address.params, b"tag").is_none_or(is_token)
            });
            if !good {
                fault.note(ParseError::bad(reason));
            }
        }
        match (cseq(raw(Header::CSeq)), self.start) {
            (None, _) => fault.note(ParseError::bad("Malformed CSeq")),
            (Some((_, method)), Start::Request { .. }) if method != self.method() => {
                fault.note(ParseError::bad("CSeq of another method"));
            }
            _ => {}
        }
    }

    /// `error` with this message, if it is a request that can be answered.
    fn attach_to(self, error: ParseError) -> ParseError {
        let answerable = self.is_request() && self.method() != "ACK" && self.top_via().is_some();
        if answerable {
            error.with_partial(self)
        } else {
            error
        }
    }
}

/// The first thing found wrong; reading goes on so that the message can still be answered.
struct Fault(Option<ParseError>);

impl Fault {
    #[cold]
    fn note(&mut self, error: ParseError) {
        self.0.get_or_insert(error);
    }
}

/// The line at `from` without its line break, and where the next one begins.  None without a line break.
fn line_at(data: &[u8], from: usize) -> Option<(&[u8], usize)> {
    let rest = data.get(from..)?;
    let n = memchr::memchr(b'\n', rest)?;
    let line = rest.get(..n)?;
    Some((line.strip_suffix(b"\r").unwrap_or(line), from + n + 1))
}

fn start_line(
    data: &[u8],
    limits: &Limits,
    fault: &mut Fault,
) -> Result<(Start, usize), ParseError> {
    const BAD: ParseError = ParseError::bad("Malformed start line");
    let (line, next) = line_at(data, 0).ok_or(BAD)?;
    if line.len() > limits.uri.saturating_add(1024)
        && line
            .get(..4)
            .is_some_and(|s| s.eq_ignore_ascii_case(b"SIP/"))
    {
        return Err(BAD);
    }
    if line
        .get(..4)
        .is_some_and(|s| s.eq_ignore_ascii_case(b"SIP/"))
    {
        return Ok((status_line(line)?, next));
    }
    let method_end = line.iter().position(|&b| !is_token_char(b)).ok_or(BAD)?;
    let version_at = line.iter().rposition(|&b| b == b' ').ok_or(BAD)? + 1;
    if method_end == 0 || line.get(method_end) != Some(&b' ') {
        return Err(BAD);
    }
    let uri = Span::new(method_end + 1, (version_at - 1).max(method_end + 1));
    let start = Start::Request {
        method: Span::new(0, method_end),
        uri,
    };
    let version = line.get(version_at..).unwrap_or_default();
    if !version.eq_ignore_ascii_case(b"SIP/2.0") {
        fault.note(if is_version(version) {
            ParseError::new(505, "Version Not Supported")
        } else {
            BAD
        });
    }
    let uri = uri.of(data);
    if uri.len() > limits.uri {
        fault.note(ParseError::new(414, "Request-URI Too Long"));
    } else if uri.is_empty()
        || uri.iter().any(|&b| b <= b' ' || b == 0x7f)
        || std::str::from_utf8(uri).is_err()
    {
        fault.note(ParseError::bad("Malformed Request-URI"));
    }
    Ok((start, next))
}

/// `SIP/digits.digits`.
fn is_version(text: &[u8]) -> bool {
    let digits = |t: &[u8]| !t.is_empty() && t.iter().all(u8::is_ascii_digit);
    let Some((name, numbers)) = text.split_at_checked(4) else {
        return false;
    };
    let Some(dot) = numbers.iter().position(|&b| b == b'.') else {
        return false;
    };
    name.eq_ignore_ascii_case(b"SIP/")
        && digits(numbers.get(..dot).unwrap_or_default())
        && digits(numbers.get(dot + 1..).unwrap_or_default())
}

/// `SIP/2.0 SP 3DIGIT [SP reason]`.
fn status_line(line: &[u8]) -> Result<Start, ParseError> {
    const BAD: ParseError = ParseError::bad("Malformed status line");
    let (version, rest) = line.split_at_checked(8).ok_or(BAD)?;
    if !version.eq_ignore_ascii_case(b"SIP/2.0 ") {
        return Err(ParseError::new(505, "Version Not Supported"));
    }
    let (digits, reason) = rest.split_at_checked(3).ok_or(BAD)?;
    let status: u16 = number(digits)
        .filter(|s| (100..=699).contains(s))
        .ok_or(BAD)?;
    if !matches!(reason.first(), None | Some(b' ')) || reason.iter().any(|&b| b == b'\r' || b == 0)
    {
        return Err(BAD);
    }
    Ok(Start::Response {
        status,
        reason: Span::new(12.min(line.len()), line.len()),
    })
}

/// Record all header lines from `at` on.  Gives where the body begins and the set of known headers seen.
fn header_lines(
    data: &[u8],
    mut at: usize,
    limits: &Limits,
    lines: &mut Vec<Line>,
    fault: &mut Fault,
) -> (usize, u128) {
    let mut seen = 0u128;
    let mut count = 0usize;
    loop {
        let Some((first, mut next)) = line_at(data, at) else {
            fault.note(ParseError::bad("No end of the header"));
            return (data.len(), seen);
        };
        if first.is_empty() {
            return (next, seen);
        }
        let mut end = at + first.len();
        let mut bare_cr = memchr::memchr(b'\r', first).is_some();
        let mut refold = false;
        while matches!(data.get(next), Some(b' ' | b'\t')) {
            let Some((more, after)) = line_at(data, next) else {
                break;
            };
            bare_cr |= memchr::memchr(b'\r', more).is_some();
            refold |= data.get(next.wrapping_sub(2)) != Some(&b'\r');
            end = next + more.len();
            next = after;
        }
        count += 1;
        if count > limits.headers {
            fault.note(ParseError::new(513, "Too Many Header Lines"));
            // the rest is not read, and so there is no telling where the body begins
            return (data.len(), seen);
        }
        if bare_cr {
            fault.note(ParseError::bad("Stray CR in a header line"));
        } else if end - at > limits.header_line {
            fault.note(ParseError::new(513, "Header Line Too Long"));
        } else {
            match header_line(data, at, end, refold) {
                None => fault.note(ParseError::bad("Malformed header line")),
                Some(line) => {
                    if line.header.is_single() && seen & line.header.bit() != 0 {
                        fault.note(ParseError::owned(
                            400,
                            format!("More than one {}", line.header.name()),
                        ));
                    }
                    seen |= line.header.bit();
                    lines.push(line);
                }
            }
        }
        at = next;
    }
}

/// `name HCOLON value` in `at..end`.
fn header_line(data: &[u8], at: usize, end: usize, refold: bool) -> Option<Line> {
    let line = data.get(at..end)?;
    let name = line.iter().position(|&b| !is_token_char(b))?;
    let mut colon = name;
    while matches!(line.get(colon), Some(b' ' | b'\t')) {
        colon += 1;
    }
    if name == 0 || line.get(colon) != Some(&b':') {
        return None;
    }
    let mut start = colon + 1;
    while line.get(start).is_some_and(|&b| is_lws(b)) {
        start += 1;
    }
    let mut stop = line.len();
    while stop > start && line.get(stop - 1).is_some_and(|&b| is_lws(b)) {
        stop -= 1;
    }
    Some(Line {
        header: Header::of(line.get(..name)?),
        name: Span::new(at, at + name),
        value: Span::new(at + start, at + stop),
        refold,
    })
}

/// Number and method of a CSeq value.  The number is below 2**31 (section 8.1.1.5).
pub(super) fn cseq(value: &[u8]) -> Option<(u32, &str)> {
    let end = value.iter().position(|&b| is_lws(b))?;
    let sequence: u32 = number(value.get(..end)?).filter(|&n| n < 1 << 31)?;
    let method = trim(value.get(end..)?);
    if is_token(method) {
        Some((sequence, grammar::ascii(method)))
    } else {
        None
    }
}

/// `word [ "@" word ]`.
fn call_id_valid(value: &[u8]) -> bool {
    let mut words = value.splitn(2, |&b| b == b'@');
    words.all(|w| !w.is_empty() && w.iter().all(|&b| grammar::is_word_char(b)))
}
