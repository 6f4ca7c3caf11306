//! The rest of a request's grammar: what matching does not need, but whoever acts on the request does.
use crate::address;
use crate::error::ParseError;
use crate::grammar::{self, number, trim};
use crate::header::Header;
use crate::uri::{self, Kind};
use crate::via::Via;

use super::{Message, Start, body};

impl Message {
    /// Check what [`Message::parse`] left out: Request-URI, all Vias and addresses, numbers, Content-Type.
    ///
    /// For new requests (a repeated one was checked the first time), and for responses from strangers.
    ///
    /// # Errors
    /// 416 for a Request-URI of another scheme than sip, sips and tel, else 400.
    pub fn check(&self) -> Result<(), ParseError> {
        if let Start::Request { .. } = self.start {
            match uri::check(self.uri()) {
                Ok((Kind::Other, _)) => {
                    return Err(ParseError::new(416, "Unsupported URI Scheme"));
                }
                // headers have no meaning there (section 19.1.1, table 1)
                Ok((_, false)) => {}
                Ok((_, true)) | Err(_) => return Err(ParseError::bad("Malformed Request-URI")),
            }
        }
        for line in &self.lines {
            let value = line.value.of(&self.buffer);
            let good = match line.header {
                Header::Via => all(value, |v| Via::parse(v).is_ok_and(|via| via.params_valid())),
                Header::From
                | Header::To
                | Header::ReferTo
                | Header::ReferredBy
                | Header::ReplyTo => address::check(value).is_ok(),
                // "*" is for taking back all bindings and stands alone (section 10.2.2)
                Header::Contact if trim(value) == b"*" => {
                    self.lines
                        .iter()
                        .filter(|l| l.header == Header::Contact)
                        .count()
                        == 1
                }
                Header::Contact => all(value, |v| address::check(v).is_ok()),
                Header::Route | Header::RecordRoute | Header::Path | Header::ServiceRoute => {
                    all(value, |v| address::check(v).is_ok())
                }
                Header::MaxForwards => number::<u8>(value).is_some(),
                Header::Expires | Header::MinExpires | Header::RSeq => {
                    number::<u32>(value).is_some()
                }
                Header::SessionExpires | Header::MinSe => delta_seconds_valid(value),
                Header::ContentType => body::content_type_valid(value),
                _ => true,
            };
            if !good {
                return Err(ParseError::owned(
                    400,
                    format!("Malformed {}", line.header.name()),
                ));
            }
        }
        Ok(())
    }
}

/// A list of at least one element, none of them empty, each of which is good.
fn all(value: &[u8], good: impl Fn(&[u8]) -> bool) -> bool {
    grammar::elements(value).all(|v| !v.is_empty() && good(v))
}

/// `delta-seconds *(";" generic-param)`.
fn delta_seconds_valid(value: &[u8]) -> bool {
    let end = value.iter().position(|&b| b == b';').unwrap_or(value.len());
    let (seconds, params) = value.split_at_checked(end).unwrap_or((value, b""));
    number::<u32>(trim(seconds)).is_some() && grammar::params_valid(params)
}
