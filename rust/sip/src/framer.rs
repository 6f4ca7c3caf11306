//! Messages out of a byte stream (RFC 3261 section 18.3) and the keep-alives between them (RFC 5626 section 3.5.1).
use crate::error::ParseError;
use crate::grammar::{is_token_char, number, trim};
use crate::header::Header;

/// What a keep-alive ping looks like in [`StreamFramer::feed`]'s answer; it is answered with [`PONG`].
pub const PING: &[u8] = b"\r\n\r\n";
/// A pong, or a line break between messages.
pub const PONG: &[u8] = b"\r\n";

/// Cuts one TCP or TLS connection's bytes into messages.
#[derive(Debug)]
pub struct StreamFramer {
    buffer: Vec<u8>,
    max_message: usize,
    /// Up to here the buffer has been searched for the end of the header.
    searched: usize,
    /// Length of the message at the buffer's begin, once its header is whole.
    whole: Option<usize>,
    /// The last thing read was a lone CRLF at the end of what had come: it may have been half a ping.
    half_ping: bool,
    broken: Option<ParseError>,
}

impl StreamFramer {
    /// Messages longer than `max_message` bytes break the stream with 513.
    #[must_use]
    pub fn new(max_message: usize) -> Self {
        StreamFramer {
            buffer: Vec::new(),
            max_message,
            searched: 0,
            whole: None,
            half_ping: false,
            broken: None,
        }
    }

    /// Bytes kept until the rest of their message comes.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.len()
    }

    /// Take bytes as they came, give the whole messages and keep-alives ([`PING`], [`PONG`]) in order.
    ///
    /// A lone CRLF is given as a pong at once.  When another one follows, the two may have been a ping that
    /// the network cut in half, so that it is given as a pong and a ping: an answer too many does no harm.
    ///
    /// # Errors
    /// When the stream cannot be followed any more: no Content-Length or a bad one (400), too large (513).
    /// Messages before the fault are given first; the error then comes with the next call.  It stays.
    pub fn feed(&mut self, data: &[u8]) -> Result<Vec<Vec<u8>>, ParseError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        self.buffer.extend_from_slice(data);
        let mut frames = Vec::new();
        let mut used = 0;
        loop {
            match self.next(used) {
                Ok(Some((frame, end))) => {
                    match frame {
                        Frame::Ping => frames.push(PING.to_vec()),
                        Frame::Pong => frames.push(PONG.to_vec()),
                        Frame::SecondHalf => frames.extend([PONG.to_vec(), PING.to_vec()]),
                        Frame::Message => {
                            frames.push(self.buffer.get(used..end).unwrap_or_default().to_vec())
                        }
                    }
                    used = end;
                }
                Ok(None) => break,
                Err(error) => {
                    self.buffer = Vec::new();
                    self.broken = Some(error.clone());
                    return if frames.is_empty() {
                        Err(error)
                    } else {
                        Ok(frames)
                    };
                }
            }
        }
        self.buffer.drain(..used);
        self.searched = self.searched.saturating_sub(used);
        // An idle connection keeps no memory.
        if self.buffer.is_empty() && self.buffer.capacity() > 4096 {
            self.buffer = Vec::new();
        }
        Ok(frames)
    }

    /// The frame that begins at `at`, and where it ends.
    fn next(&mut self, at: usize) -> Result<Option<(Frame, usize)>, ParseError> {
        let rest = self.buffer.get(at..).unwrap_or_default();
        if let Some(length) = self.whole {
            if rest.len() < length {
                return Ok(None);
            }
            self.whole = None;
            self.searched = at + length;
            return Ok(Some((Frame::Message, at + length)));
        }
        match rest {
            [] | [b'\r'] | [b'\r', b'\n', b'\r'] => return Ok(None),
            [b'\r', b'\n', b'\r', b'\n', ..] => {
                self.half_ping = false;
                return Ok(Some((Frame::Ping, at + 4)));
            }
            [b'\r', b'\n'] => {
                let second = self.half_ping;
                self.half_ping = !second;
                return Ok(Some((
                    if second {
                        Frame::SecondHalf
                    } else {
                        Frame::Pong
                    },
                    at + 2,
                )));
            }
            [b'\r', b'\n', ..] => {
                let second = self.half_ping;
                self.half_ping = false;
                return Ok(Some((
                    if second {
                        Frame::SecondHalf
                    } else {
                        Frame::Pong
                    },
                    at + 2,
                )));
            }
            [b'\n', ..] => return Ok(Some((Frame::Pong, at + 1))),
            _ => self.half_ping = false,
        }
        let from = self.searched.max(at);
        let Some(body) = header_end(&self.buffer, from, at) else {
            // the last bytes may be the begin of the empty line
            self.searched = self.buffer.len().saturating_sub(3).max(at);
            return if rest.len() > self.max_message {
                Err(TOO_LARGE)
            } else {
                Ok(None)
            };
        };
        let header = self.buffer.get(at..body).unwrap_or_default();
        let length = content_length(header)?;
        let whole = (body - at)
            .checked_add(length)
            .filter(|&n| n <= self.max_message)
            .ok_or(TOO_LARGE)?;
        self.whole = Some(whole);
        self.next(at)
    }
}

const TOO_LARGE: ParseError = ParseError::new(513, "Message Too Large");

enum Frame {
    Ping,
    Pong,
    /// A CRLF after another one that was given as a pong.
    SecondHalf,
    Message,
}

/// Where the body begins: behind the first empty line that ends at or after `from`; `begin` is the start line.
fn header_end(buffer: &[u8], from: usize, begin: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let n = memchr::memchr(b'\n', buffer.get(at..)?)? + at;
        let before = buffer.get(begin..n).unwrap_or_default();
        let before = before.strip_suffix(b"\r").unwrap_or(before);
        if before.last() == Some(&b'\n') {
            return Some(n + 1);
        }
        at = n + 1;
    }
}

/// Content-Length, without which a stream cannot be cut (section 18.3).
fn content_length(header: &[u8]) -> Result<usize, ParseError> {
    const BAD: ParseError = ParseError::bad("Malformed Content-Length");
    let mut length = None;
    let mut lines = header.split(|&b| b == b'\n').skip(1).peekable();
    while let Some(line) = lines.next() {
        let name = line.iter().position(|&b| !is_token_char(b)).unwrap_or(0);
        if Header::of(line.get(..name).unwrap_or_default()) != Header::ContentLength {
            continue;
        }
        let rest = trim(line.get(name..).unwrap_or_default());
        let Some(value) = rest.strip_prefix(b":") else {
            return Err(BAD);
        };
        let mut value = trim(value).to_vec();
        while lines
            .peek()
            .is_some_and(|l| matches!(l.first(), Some(b' ' | b'\t')))
        {
            value.extend_from_slice(trim(lines.next().unwrap_or_default()));
        }
        let value: usize = number(&value).ok_or(BAD)?;
        if length.is_some_and(|l| l != value) {
            return Err(ParseError::bad("More than one Content-Length"));
        }
        length = Some(value);
    }
    length.ok_or(ParseError::bad("Content-Length is missing on a stream"))
}
