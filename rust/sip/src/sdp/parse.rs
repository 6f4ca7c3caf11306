//! Reading a session description.
//!
//! Strict where a mistake could change the meaning (v=, m=, c=), lenient where devices in the
//! field are known to be careless: missing s= or t=, bare LF, lines out of order, letters that
//! nobody knows.  Lines that a call never needs (e= p= u= i= r= z= k=) are dropped.

use std::borrow::Cow;
use std::sync::Arc;

use super::attributes::AttributesBuilder;
use super::codec::{Codec, word};
use super::media::{Direction, Media, is_rtp};
use super::{Sdp, SdpError};

/// Larger than any honest body with candidates for many interfaces; a datagram cannot hold more.
const MAX_BYTES: usize = 65536;
const MAX_MEDIA: usize = 32;
/// There are 128 payload types.
const MAX_FORMATS: usize = 128;
const MAX_ATTRIBUTES: usize = 1024;
const MAX_BANDWIDTH: usize = 16;
/// A host name has at most 255 octets.
const MAX_ADDRESS: usize = 255;

fn bad(reason: impl Into<Cow<'static, str>>) -> SdpError {
    SdpError::new(400, reason)
}

fn too_much(what: &'static str) -> SdpError {
    SdpError::new(488, what)
}

impl Sdp {
    /// Parse a body of type application/sdp.
    pub fn parse(data: &[u8]) -> Result<Sdp, SdpError> {
        if data.len() > MAX_BYTES {
            return Err(too_much("SDP of more than 64 KiB"));
        }
        // Other character sets (a=charset) survive only as far as they are UTF-8; addresses,
        // numbers and names are ASCII anyway.
        let text = String::from_utf8_lossy(data);
        let mut lines = text
            .split(['\n', '\r'])
            .filter(|line| !line.is_empty())
            .peekable();
        match lines.next().map(str::trim_end) {
            Some("v=0") => {}
            _ => return Err(bad("SDP does not begin with v=0")),
        }
        let mut reader = Reader::default();
        for line in lines {
            reader.line(line)?;
        }
        reader.finish()
    }
}

#[derive(Default)]
struct Reader<'a> {
    origin: Option<Origin<'a>>,
    session_name: &'a str,
    address: Option<Arc<str>>,
    direction: Option<Direction>,
    bandwidth: Vec<(Box<str>, u32)>,
    attributes: AttributesBuilder,
    attribute_count: usize,
    media: Vec<Arc<Media>>,
    open: Option<OpenMedia<'a>>,
}

struct Origin<'a> {
    username: &'a str,
    session_id: u64,
    session_version: u64,
    address: Arc<str>,
}

/// The m-line whose lines are being read.
struct OpenMedia<'a> {
    kind: &'a str,
    port: u16,
    proto: &'a str,
    formats: &'a str,
    address: Option<Arc<str>>,
    direction: Option<Direction>,
    ptime: Option<u16>,
    maxptime: Option<u16>,
    rtcp_mux: bool,
    bandwidth: Vec<(Box<str>, u32)>,
    attributes: AttributesBuilder,
    /// (payload type, rest of the line)
    rtpmaps: Vec<(u8, &'a str)>,
    fmtps: Vec<(u8, &'a str)>,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a str) -> Result<(), SdpError> {
        let mut chars = line.chars();
        let (Some(letter), Some('=')) = (chars.next(), chars.next()) else {
            return Err(bad("SDP line without a letter and ="));
        };
        let value = chars.as_str().trim_end();
        match letter {
            'a' => self.attribute(value)?,
            'm' => {
                self.close_media()?;
                if self.media.len() >= MAX_MEDIA {
                    return Err(too_much("more than 32 m-lines"));
                }
                self.open = Some(OpenMedia::parse(value)?);
            }
            'c' => {
                let address = connection(value)?;
                match &mut self.open {
                    Some(media) => media.address = Some(address),
                    None => self.address = Some(address),
                }
            }
            'b' => {
                let list = match &mut self.open {
                    Some(media) => &mut media.bandwidth,
                    None => &mut self.bandwidth,
                };
                if let Some((kind, amount)) = value.split_once(':')
                    && let Ok(amount) = amount.trim().parse()
                {
                    if list.len() >= MAX_BANDWIDTH {
                        return Err(too_much("more than 16 b-lines"));
                    }
                    list.push((kind.into(), amount));
                }
            }
            'o' if self.open.is_none() && self.origin.is_none() => {
                self.origin = Some(Origin::parse(value)?);
            }
            's' if self.open.is_none() => self.session_name = value,
            'v' => return Err(bad("a second v= line")),
            _ => {}
        }
        Ok(())
    }

    fn attribute(&mut self, line: &'a str) -> Result<(), SdpError> {
        self.attribute_count += 1;
        if self.attribute_count > MAX_ATTRIBUTES {
            return Err(too_much("more than 1024 attributes"));
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        if name.is_empty() {
            return Err(bad("an attribute without a name"));
        }
        let direction = match name {
            "sendrecv" => Some(Direction::SendRecv),
            "sendonly" => Some(Direction::SendOnly),
            "recvonly" => Some(Direction::RecvOnly),
            "inactive" => Some(Direction::Inactive),
            _ => None,
        };
        let Some(media) = &mut self.open else {
            self.direction = direction.or(self.direction);
            self.attributes.line(line);
            return Ok(());
        };
        media.direction = direction.or(media.direction);
        match name {
            "rtpmap" => media.rtpmaps.extend(numbered(value)),
            "fmtp" => media.fmtps.extend(numbered(value)),
            // Some devices write ptime:20.0.
            "ptime" => media.ptime = milliseconds(value),
            "maxptime" => media.maxptime = milliseconds(value),
            "rtcp-mux" => media.rtcp_mux = true,
            _ => {}
        }
        media.attributes.line(line);
        Ok(())
    }

    fn close_media(&mut self) -> Result<(), SdpError> {
        if let Some(open) = self.open.take() {
            self.media.push(Arc::new(open.finish()?));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Sdp, SdpError> {
        self.close_media()?;
        let Some(origin) = self.origin else {
            return Err(bad("SDP without o="));
        };
        let direction = self.direction.unwrap_or_default();
        // c= and direction of the session hold for the m-lines that have none of their own, and may
        // come after them in careless SDP.
        for media in &mut self.media {
            if let Some(media) = Arc::get_mut(media) {
                if media.address.is_none() {
                    media.address = self.address.clone();
                }
                if self.direction.is_some() && !has_direction(media) {
                    media.direction = direction;
                }
            }
        }
        Ok(Sdp {
            username: origin.username.into(),
            session_id: origin.session_id,
            session_version: origin.session_version,
            origin_address: origin.address,
            session_name: self.session_name.into(),
            address: self.address,
            direction,
            bandwidth: self.bandwidth,
            attributes: self.attributes.build(),
            media: self.media,
        })
    }
}

fn has_direction(media: &Media) -> bool {
    media
        .attributes
        .iter()
        .any(|(name, _)| matches!(name, "sendrecv" | "sendonly" | "recvonly" | "inactive"))
}

impl<'a> Origin<'a> {
    fn parse(value: &'a str) -> Result<Self, SdpError> {
        // Usernames with blanks are seen in the field: the last five words are what counts.
        let mut words = value.rsplitn(6, ' ');
        let (address, addrtype, nettype) = (words.next(), words.next(), words.next());
        let (version, id, username) = (words.next(), words.next(), words.next());
        let (Some(address), Some(_), Some("IN"), Some(version), Some(id)) =
            (address, addrtype, nettype, version, id)
        else {
            return Err(bad("o= is not: username id version IN IP4 address"));
        };
        Ok(Origin {
            username: username.unwrap_or("-"),
            session_id: number(id)?,
            session_version: number(version)?,
            address: checked_address(address)?,
        })
    }
}

/// Session id and version: digits.  Beyond 64 bits they only have to differ, so the low bits do.
fn number(text: &str) -> Result<u64, SdpError> {
    if text.is_empty() || text.len() > 64 {
        return Err(bad("o= has no session id or version"));
    }
    text.bytes().try_fold(0u64, |value, byte| {
        if byte.is_ascii_digit() {
            Ok(value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0')))
        } else {
            Err(bad("session id or version of o= is not a number"))
        }
    })
}

/// The value of a c= line: `IN IP4 192.0.2.1[/ttl[/count]]`.
fn connection(value: &str) -> Result<Arc<str>, SdpError> {
    let mut words = value.split_ascii_whitespace();
    let (Some(nettype), Some(addrtype), Some(address)) = (words.next(), words.next(), words.next())
    else {
        return Err(bad("c= is not: IN IP4 address"));
    };
    if !nettype.eq_ignore_ascii_case("IN")
        || !(addrtype.eq_ignore_ascii_case("IP4") || addrtype.eq_ignore_ascii_case("IP6"))
    {
        return Err(bad("c= of a network that is neither IP4 nor IP6"));
    }
    checked_address(address.split('/').next().unwrap_or(address))
}

/// An address or name.  IPv6 within brackets, as URIs have it, is seen in the field and meant so.
fn checked_address(text: &str) -> Result<Arc<str>, SdpError> {
    let text = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let sound = !text.is_empty()
        && text.len() <= MAX_ADDRESS
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'-' | b'_' | b'%')
        });
    if sound {
        Ok(text.into())
    } else {
        Err(bad("an address with characters that none has"))
    }
}

/// `payload type, blank, rest` of rtpmap and fmtp.
fn numbered(value: &str) -> Option<(u8, &str)> {
    let (number, rest) = value.split_once(' ')?;
    let number = number.parse().ok().filter(|n| *n < 128)?;
    Some((number, rest.trim()))
}

fn milliseconds(value: &str) -> Option<u16> {
    let whole = value.trim().split('.').next()?;
    whole.parse().ok().filter(|ms| *ms > 0)
}

impl<'a> OpenMedia<'a> {
    fn parse(value: &'a str) -> Result<Self, SdpError> {
        let mut words = value.splitn(4, ' ');
        let (Some(kind), Some(port), Some(proto), formats) = (
            words.next().filter(|word| !word.is_empty()),
            words.next(),
            words.next().filter(|word| !word.is_empty()),
            words.next().unwrap_or(""),
        ) else {
            return Err(bad("m= is not: kind port proto formats"));
        };
        // port/count is for layered streams; we use the first port.
        let port = port
            .split('/')
            .next()
            .and_then(|port| port.parse().ok())
            .ok_or_else(|| bad("m= without a port from 0 to 65535"))?;
        Ok(OpenMedia {
            kind,
            port,
            proto,
            formats,
            address: None,
            direction: None,
            ptime: None,
            maxptime: None,
            rtcp_mux: false,
            bandwidth: Vec::new(),
            attributes: AttributesBuilder::default(),
            rtpmaps: Vec::new(),
            fmtps: Vec::new(),
        })
    }

    fn finish(self) -> Result<Media, SdpError> {
        if self.formats.split_ascii_whitespace().count() > MAX_FORMATS {
            return Err(too_much("more than 128 formats in an m-line"));
        }
        let codecs = if is_rtp(self.proto) {
            self.codecs()
        } else {
            Vec::new()
        };
        Ok(Media {
            kind: word(self.kind),
            port: self.port,
            proto: word(self.proto),
            formats: self.formats.trim().into(),
            codecs,
            direction: self.direction.unwrap_or_default(),
            address: self.address,
            ptime: self.ptime,
            maxptime: self.maxptime,
            rtcp_mux: self.rtcp_mux,
            bandwidth: self.bandwidth,
            attributes: self.attributes.build(),
        })
    }

    /// What each format of the m-line means; one that has neither rtpmap nor static meaning is
    /// unknown and left out, a number that is listed twice counts once.
    fn codecs(&self) -> Vec<Codec> {
        let mut maps: [Option<&str>; 128] = [None; 128];
        let mut fmtps: [Option<&str>; 128] = [None; 128];
        for (number, rest) in &self.rtpmaps {
            maps[usize::from(*number)].get_or_insert(rest);
        }
        for (number, rest) in &self.fmtps {
            fmtps[usize::from(*number)].get_or_insert(rest);
        }
        let mut seen = [false; 128];
        self.formats
            .split_ascii_whitespace()
            .filter_map(|text| text.parse::<u8>().ok().filter(|number| *number < 128))
            .filter_map(|number| {
                let index = usize::from(number);
                if std::mem::replace(&mut seen[index], true) {
                    return None;
                }
                let mut codec = match maps[index] {
                    Some(text) => Codec::of_rtpmap(number, text)?,
                    None => Codec::of_static(number)?,
                };
                codec.fmtp = fmtps[index].map(Arc::from);
                Some(codec)
            })
            .collect()
    }
}
