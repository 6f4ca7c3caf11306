//! New messages: requests from nothing, responses from the request they answer.
use crate::address;
use crate::error::BuildError;
use crate::grammar::{self, is_token};
use crate::header::Header;

use super::edit::check_uri;
use super::{Message, Span, Start, default_reason};

impl Message {
    /// A request without any header; `uri` is written as it stands.
    ///
    /// # Errors
    /// For a method that is no token, and for a URI that is empty or holds white space or control characters.
    pub fn request(method: &str, uri: &str) -> Result<Message, BuildError> {
        if !is_token(method.as_bytes()) {
            return Err(BuildError("a method must be a token"));
        }
        check_uri(uri)?;
        let mut buffer = Vec::with_capacity(1024);
        buffer.extend_from_slice(method.as_bytes());
        let method = Span::new(0, buffer.len());
        buffer.extend_from_slice(uri.as_bytes());
        let uri = Span::new(method.end as usize, buffer.len());
        Ok(Message {
            buffer,
            start: Start::Request { method, uri },
            lines: Vec::with_capacity(16),
            body: Span::default(),
            pristine: false,
        })
    }

    /// The response to `request` with what RFC 3261 section 8.2.6.2 copies: Via, From, To, Call-ID, CSeq;
    /// Timestamp in a 100 (section 8.2.6.1); and Record-Route in a 101-299 of a request that begins a dialog
    /// (INVITE, SUBSCRIBE, REFER; section 12.1.1).
    ///
    /// `reason` None takes the registered phrase.  `to_tag` is added to To when that has no tag yet.
    ///
    /// # Errors
    /// For a status outside 100..=699, a line break in `reason`, and a `to_tag` that is no token.
    pub fn response(
        request: &Message,
        status: u16,
        reason: Option<&str>,
        to_tag: Option<&str>,
    ) -> Result<Message, BuildError> {
        if !(100..=699).contains(&status) {
            return Err(BuildError("a status must be from 100 to 699"));
        }
        let reason = reason.unwrap_or_else(|| default_reason(status));
        if reason.bytes().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
            return Err(BuildError("a reason phrase must not hold CR, LF or NUL"));
        }
        if to_tag.is_some_and(|tag| !is_token(tag.as_bytes())) {
            return Err(BuildError("a tag must be a token"));
        }
        let mut buffer = Vec::with_capacity(768);
        buffer.extend_from_slice(reason.as_bytes());
        let mut response = Message {
            start: Start::Response {
                status,
                reason: Span::new(0, buffer.len()),
            },
            buffer,
            lines: Vec::with_capacity(16),
            body: Span::default(),
            pristine: false,
        };
        let routes = (101..300).contains(&status)
            && matches!(request.method(), "INVITE" | "SUBSCRIBE" | "REFER");
        for line in &request.lines {
            let copied = match line.header {
                Header::Via | Header::From | Header::To | Header::CallId | Header::CSeq => true,
                Header::RecordRoute => routes,
                Header::Timestamp => status == 100,
                _ => false,
            };
            if !copied {
                continue;
            }
            let value = line.value.of(&request.buffer);
            response.push_line(
                line.header,
                line.header.name().as_bytes(),
                &grammar::unfold(value),
            );
            if line.header == Header::To
                && let Some(tag) = to_tag
            {
                response.add_to_tag(tag);
            }
        }
        Ok(response)
    }

    /// `;tag=` for the To line just pushed, unless it has one.
    fn add_to_tag(&mut self, tag: &str) {
        let Some(line) = self.lines.last() else {
            return;
        };
        let value = line.value.of(&self.buffer);
        // A To that cannot be read is answered too (with 400): then it gets its tag at the end.
        let tagged =
            address::split(value).is_ok_and(|raw| grammar::param(raw.params, b"tag").is_some());
        if tagged {
            return;
        }
        self.buffer.extend_from_slice(b";tag=");
        let end = self.append(tag.as_bytes()).end;
        if let Some(line) = self.lines.last_mut() {
            line.value.end = end;
        }
    }
}
