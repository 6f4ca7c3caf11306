//! Changing a message, and writing it out.
use std::net::Ipv6Addr;

use crate::error::BuildError;
use crate::grammar::{self, is_token, unfold};
use crate::header::Header;

use super::{Line, Message, Span, Start};

const BAD_NAME: BuildError = BuildError("a header name must be a token");
const BAD_VALUE: BuildError = BuildError("a header value must not hold CR, LF or NUL");
const BAD_URI: BuildError =
    BuildError("a Request-URI must not be empty or hold white space or control characters");
const TOO_BIG: BuildError = BuildError("the message would be larger than 1 GiB");
const MAX_BUFFER: usize = 1 << 30;

impl Message {
    fn check_header(&self, name: &str, value: &str) -> Result<(), BuildError> {
        if !is_token(name.as_bytes()) {
            return Err(BAD_NAME);
        }
        if value.bytes().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
            return Err(BAD_VALUE);
        }
        self.check_room(name.len() + value.len() + 4)
    }

    fn check_room(&self, more: usize) -> Result<(), BuildError> {
        if self.buffer.len().saturating_add(more) > MAX_BUFFER {
            Err(TOO_BIG)
        } else {
            Ok(())
        }
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Span {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(bytes);
        Span::new(start, self.buffer.len())
    }

    /// Append a line's bytes; name and value have been checked or were parsed.
    pub(super) fn append_line(&mut self, header: Header, name: &[u8], value: &[u8]) -> Line {
        let name = self.append(name);
        self.buffer.extend_from_slice(b": ");
        let value = self.append(grammar::trim(value));
        Line {
            header,
            name,
            value,
            refold: false,
        }
    }

    pub(super) fn push_line(&mut self, header: Header, name: &[u8], value: &[u8]) {
        let line = self.append_line(header, name, value);
        self.lines.push(line);
    }

    /// Replace all lines of this name with one, at the place of the first.
    ///
    /// # Errors
    /// For a name that is no token, or CR, LF or NUL in the value: nothing is changed.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), BuildError> {
        self.check_header(name, value)?;
        self.pristine = false;
        let header = Header::of(name.as_bytes());
        let line = self.append_line(header, name.as_bytes(), value.as_bytes());
        match self
            .lines
            .iter()
            .position(|l| self.is_named(l, header, name))
        {
            None => self.lines.push(line),
            Some(first) => {
                let mut at = 0;
                let mut lines = std::mem::take(&mut self.lines);
                lines.retain(|l| {
                    at += 1;
                    at - 1 <= first || !self.is_named(l, header, name)
                });
                if let Some(place) = lines.get_mut(first) {
                    *place = line;
                }
                self.lines = lines;
            }
        }
        Ok(())
    }

    /// Add a line after all others.
    ///
    /// # Errors
    /// As [`Message::set`].
    pub fn add(&mut self, name: &str, value: &str) -> Result<(), BuildError> {
        self.check_header(name, value)?;
        self.pristine = false;
        self.push_line(
            Header::of(name.as_bytes()),
            name.as_bytes(),
            value.as_bytes(),
        );
        Ok(())
    }

    /// Add a line before the others of this name.  Without others: Via first of all, the rest after the Vias.
    ///
    /// # Errors
    /// As [`Message::set`].
    pub fn prepend(&mut self, name: &str, value: &str) -> Result<(), BuildError> {
        self.check_header(name, value)?;
        self.pristine = false;
        let header = Header::of(name.as_bytes());
        let line = self.append_line(header, name.as_bytes(), value.as_bytes());
        let at = match self
            .lines
            .iter()
            .position(|l| self.is_named(l, header, name))
        {
            Some(at) => at,
            None if header == Header::Via => 0,
            None => self
                .lines
                .iter()
                .rposition(|l| l.header == Header::Via)
                .map_or(0, |at| at + 1),
        };
        self.lines.insert(at, line);
        Ok(())
    }

    /// Remove all lines of this name.
    pub fn remove(&mut self, name: &str) {
        let header = Header::of(name.as_bytes());
        let mut lines = std::mem::take(&mut self.lines);
        let before = lines.len();
        lines.retain(|l| !self.is_named(l, header, name));
        self.pristine &= lines.len() == before;
        self.lines = lines;
    }

    /// Remove the topmost Via value (what a client does with its own before it passes a response on).
    pub fn remove_top_via(&mut self) {
        let Some(at) = self.lines.iter().position(|l| l.header == Header::Via) else {
            return;
        };
        self.pristine = false;
        let Some(value) = self.lines.get(at).map(|l| l.value) else {
            return;
        };
        match grammar::find_outside(value.of(&self.buffer), b',') {
            Some(comma) => {
                let rest = value
                    .of(&self.buffer)
                    .get(comma + 1..)
                    .unwrap_or_default()
                    .to_vec();
                let line = self.append_line(Header::Via, b"Via", &unfold(&rest));
                if let Some(place) = self.lines.get_mut(at) {
                    *place = line;
                }
            }
            None => {
                self.lines.remove(at);
            }
        }
    }

    /// Note in the topmost Via where the request came from (RFC 3261 section 18.2.1, RFC 3581 section 4):
    /// `received` when `host` differs from sent-by or rport was asked for, and `rport`'s value.
    ///
    /// `host` is the source address without brackets.  Does nothing when nothing needs to be noted.
    pub fn note_source(&mut self, host: &str, port: u16) {
        use std::io::Write;

        let Some(via) = self.top_via() else { return };
        let wants_rport = via.rport().is_some();
        let same_host = same_address(via.host_unbracketed(), host);
        if same_host && !wants_rport && via.received().is_none() {
            return;
        }
        let mut value = Vec::with_capacity(160);
        let (name, version) = via.protocol;
        let _ = write!(value, "{name}/{version}/{} {}", via.transport, via.host);
        if let Some(port) = via.port {
            let _ = write!(value, ":{port}");
        }
        // First of all parameters, where a malformed one behind them cannot hide them.
        if wants_rport || !same_host {
            let _ = write!(value, ";received={host}");
        }
        if wants_rport {
            let _ = write!(value, ";rport={port}");
        }
        for p in via.params() {
            // what the peer itself wrote there is not to be believed
            if p.name.eq_ignore_ascii_case(b"received") || p.name.eq_ignore_ascii_case(b"rport") {
                continue;
            }
            value.push(b';');
            value.extend_from_slice(&unfold(p.name));
            if let Some(v) = p.value {
                value.push(b'=');
                value.extend_from_slice(&unfold(v));
            }
        }
        let Some(at) = self.lines.iter().position(|l| l.header == Header::Via) else {
            return;
        };
        let Some(old) = self.lines.get(at).map(|l| l.value) else {
            return;
        };
        if let Some(comma) = grammar::find_outside(old.of(&self.buffer), b',') {
            value.extend_from_slice(b", ");
            value.extend_from_slice(&unfold(grammar::trim(
                old.of(&self.buffer).get(comma + 1..).unwrap_or_default(),
            )));
        }
        self.pristine = false;
        let line = self.append_line(Header::Via, b"Via", &value);
        if let Some(place) = self.lines.get_mut(at) {
            *place = line;
        }
    }

    /// Change the Request-URI.
    ///
    /// # Errors
    /// For an empty one, white space or control characters, and for a response.
    pub fn set_uri(&mut self, uri: &str) -> Result<(), BuildError> {
        check_uri(uri)?;
        self.check_room(uri.len())?;
        let Start::Request { method, .. } = self.start else {
            return Err(BuildError("a response has no Request-URI"));
        };
        let uri = self.append(uri.as_bytes());
        self.start = Start::Request { method, uri };
        self.pristine = false;
        Ok(())
    }

    /// Set the body and its Content-Type; Content-Length follows by itself.  An empty `content_type` with an
    /// empty body removes both.
    ///
    /// # Errors
    /// As [`Message::set`] for `content_type`.
    pub fn set_body(&mut self, content_type: &str, body: &[u8]) -> Result<(), BuildError> {
        self.check_room(body.len() + content_type.len())?;
        if content_type.is_empty() && body.is_empty() {
            self.remove("Content-Type");
        } else {
            self.set("Content-Type", content_type)?;
        }
        self.body = self.append(body);
        self.pristine = false;
        Ok(())
    }

    /// The message as it goes over the wire; as received, if nothing was changed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_to(&mut out);
        out
    }

    /// The bytes as received, as long as nothing was changed.
    #[must_use]
    pub fn as_received(&self) -> Option<&[u8]> {
        self.pristine.then_some(self.buffer.as_slice())
    }

    /// [`Message::to_bytes`], appended to `out`.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        if self.pristine {
            out.extend_from_slice(&self.buffer);
        } else {
            self.write(out, false);
        }
    }

    /// With compact header names, for datagrams that would otherwise be too large.
    #[must_use]
    pub fn to_compact_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out, true);
        out
    }

    fn write(&self, out: &mut Vec<u8>, compact: bool) {
        let lines: usize = self
            .lines
            .iter()
            .map(|l| (l.value.end - l.name.start) as usize + 2)
            .sum();
        let body = self.body.of(&self.buffer);
        out.reserve(lines + body.len() + 160);
        match self.start {
            Start::Request { method, uri } => {
                out.extend_from_slice(method.of(&self.buffer));
                out.push(b' ');
                out.extend_from_slice(uri.of(&self.buffer));
                out.extend_from_slice(b" SIP/2.0\r\n");
            }
            Start::Response { status, reason } => {
                out.extend_from_slice(b"SIP/2.0 ");
                write_number(out, usize::from(status));
                out.push(b' ');
                out.extend_from_slice(reason.of(&self.buffer));
                out.extend_from_slice(b"\r\n");
            }
        }
        for line in &self.lines {
            if line.header == Header::ContentLength {
                continue;
            }
            if compact || line.refold {
                let name = match line.header.compact() {
                    Some(short) if compact => short.as_bytes(),
                    _ => line.name.of(&self.buffer),
                };
                out.extend_from_slice(name);
                out.extend_from_slice(b": ");
                out.extend_from_slice(&unfold(line.value.of(&self.buffer)));
            } else {
                out.extend_from_slice(
                    Span {
                        start: line.name.start,
                        end: line.value.end,
                    }
                    .of(&self.buffer),
                );
            }
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(if compact {
            b"l: ".as_slice()
        } else {
            b"Content-Length: "
        });
        write_number(out, body.len());
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(body);
    }
}

/// Whether two hosts are the same text, or the same IPv6 address in two spellings.
fn same_address(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
        || (a.contains(':') && a.parse::<Ipv6Addr>().is_ok_and(|a| b.parse() == Ok(a)))
}

/// Decimal digits without the machinery of `format!`.
fn write_number(out: &mut Vec<u8>, number: usize) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        if let Some(d) = digits.get_mut(at) {
            *d = b'0' + (rest % 10) as u8;
        }
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

pub(super) fn check_uri(uri: &str) -> Result<(), BuildError> {
    if uri.is_empty() || uri.bytes().any(|b| b <= b' ' || b == 0x7f) {
        Err(BAD_URI)
    } else {
        Ok(())
    }
}
