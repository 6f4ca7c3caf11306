//! The messages that the stack makes by itself, and where responses go.

use crate::error::BuildError;
use crate::grammar;
use crate::header::Header;
use crate::message::Message;
use crate::via::Via;

use super::host::Host;

/// RFC 3261 section 8.1.1.6.
const HOPS: &str = "Max-Forwards: 70\r\n";

/// `message` as it is sent.
pub(super) fn encode(message: &Message, compact: bool) -> Vec<u8> {
    if compact {
        message.to_compact_bytes()
    } else {
        message.to_bytes()
    }
}

/// `message` as bytes with one more Via on top, and Max-Forwards if it has none.
pub(super) fn with_via(message: &Message, via: &str, compact: bool) -> Vec<u8> {
    let plain = encode(message, compact);
    let hops = match message.raw_header(Header::MaxForwards) {
        Some(_) => "",
        None => HOPS,
    };
    let head = memchr::memchr(b'\n', &plain).map_or(0, |at| at + 1);
    let mut out = Vec::with_capacity(plain.len() + via.len() + hops.len() + 8);
    out.extend_from_slice(plain.get(..head).unwrap_or_default());
    out.extend_from_slice(if compact { b"v: " } else { b"Via: " });
    out.extend_from_slice(via.as_bytes());
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(hops.as_bytes());
    out.extend_from_slice(plain.get(head..).unwrap_or_default());
    out
}

/// The ACK for a failure (RFC 3261 section 17.1.1.3): To as in the response.
pub(super) fn failure_ack(invite: &Message, response: &Message) -> Result<Message, BuildError> {
    let to = response.get("To").or_else(|| invite.get("To"));
    belonging_to(invite, "ACK", &to.unwrap_or_default())
}

/// The CANCEL of an INVITE (RFC 3261 section 9.1).
pub(super) fn cancel(invite: &Message, reason: Option<&str>) -> Result<Message, BuildError> {
    let mut request = belonging_to(invite, "CANCEL", &invite.get("To").unwrap_or_default())?;
    if let Some(reason) = reason {
        request.add("Reason", reason)?;
    }
    Ok(request)
}

/// A request of the same transaction: Request-URI, topmost Via, Route, From, Call-ID and CSeq number.
fn belonging_to(invite: &Message, method: &str, to: &str) -> Result<Message, BuildError> {
    let mut request = Message::request(method, invite.uri())?;
    let via = invite
        .raw_header(Header::Via)
        .and_then(|line| grammar::elements(line).next())
        .unwrap_or_default();
    request.add("Via", &grammar::decode(via))?;
    for route in invite.get_all("Route") {
        request.add("Route", &route)?;
    }
    request.add("Max-Forwards", "70")?;
    request.add("From", &invite.get("From").unwrap_or_default())?;
    request.add("To", to)?;
    request.add("Call-ID", invite.call_id())?;
    request.add("CSeq", &format!("{} {method}", invite.cseq().0))?;
    Ok(request)
}

/// Where the responses to a request go that came from `host` and `port` (RFC 3261 section 18.2.2,
/// RFC 3581 section 4).
///
/// maddr is not followed: it would let a stranger choose whom our answers hit.
pub(super) fn reply_to(via: &Via<'_>, reliable: bool, host: &str, port: u16) -> (Host, u16) {
    if reliable || via.rport().is_some() {
        (Host::new(host), port)
    } else {
        (Host::new(host), via.port_or_default())
    }
}

/// The To header of `message` with a tag added.
pub(super) fn tagged(message: &Message, tag: &str) -> Result<Message, BuildError> {
    let mut copy = message.clone();
    let to = format!("{};tag={tag}", message.get("To").unwrap_or_default());
    copy.set("To", &to)?;
    Ok(copy)
}
