//! One m-line with what belongs to it.

use std::sync::Arc;

use super::attributes::{Attributes, AttributesBuilder};
use super::codec::{Codec, Word, word};
use super::{SdpError, one_line, one_word};

/// Which way media flows, as seen by the one who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    #[default]
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    pub fn new(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    pub fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    /// As the other side would say it.
    pub fn reversed(self) -> Self {
        Direction::new(self.receives(), self.sends())
    }

    /// What both allow, said from the same side.
    pub fn narrowed(self, other: Direction) -> Self {
        Direction::new(
            self.sends() && other.sends(),
            self.receives() && other.receives(),
        )
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }
}

impl std::str::FromStr for Direction {
    type Err = SdpError;
    fn from_str(text: &str) -> Result<Self, SdpError> {
        match text {
            "sendrecv" => Ok(Direction::SendRecv),
            "sendonly" => Ok(Direction::SendOnly),
            "recvonly" => Ok(Direction::RecvOnly),
            "inactive" => Ok(Direction::Inactive),
            _ => Err(SdpError::usage("not a media direction")),
        }
    }
}

/// One media description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    pub kind: Word,
    /// 0: rejected or disabled.
    pub port: u16,
    pub proto: Word,
    /// As on the m-line, separated by single blanks.
    pub formats: Box<str>,
    /// The formats of an RTP m-line that are known by number or rtpmap, in the m-line's order.
    pub codecs: Vec<Codec>,
    /// Own attribute, else the session's.
    pub direction: Direction,
    /// Own c= line, else the session's.
    pub address: Option<Arc<str>>,
    pub ptime: Option<u16>,
    pub maxptime: Option<u16>,
    pub rtcp_mux: bool,
    pub bandwidth: Vec<(Box<str>, u32)>,
    /// Every a= line in order.
    pub attributes: Attributes,
}

/// What a new m-line is made of.
#[derive(Clone, Debug, Default)]
pub struct NewMedia<'a> {
    pub kind: &'a str,
    pub port: u16,
    pub proto: &'a str,
    pub codecs: Vec<Codec>,
    /// Used when there are no codecs.
    pub formats: &'a str,
    pub direction: Direction,
    pub address: Option<Arc<str>>,
    pub ptime: Option<u16>,
    pub maxptime: Option<u16>,
    pub rtcp_mux: bool,
    pub mid: Option<&'a str>,
    /// Further lines.
    pub attributes: &'a [(String, Option<String>)],
}

impl Media {
    /// Make an m-line; codecs without a payload type get a free one.  An error for text that would
    /// break the line.
    pub fn new(new: NewMedia<'_>) -> Result<Self, SdpError> {
        one_word(new.kind)?;
        one_word(new.proto)?;
        one_line(new.formats)?;
        for (name, value) in new.attributes {
            one_word(name)?;
            one_line(value.as_deref().unwrap_or(""))?;
        }
        let mut codecs = new.codecs;
        for codec in &codecs {
            one_word(&codec.name)?;
            one_line(codec.fmtp.as_deref().unwrap_or(""))?;
        }
        number(&mut codecs, &[])?;
        Ok(Media::build(
            word(new.kind),
            new.port,
            word(new.proto),
            codecs,
            new.formats,
            Lines {
                direction: new.direction,
                ptime: new.ptime,
                maxptime: new.maxptime,
                rtcp_mux: new.rtcp_mux,
                mid: new.mid,
                further: new.attributes,
            },
            new.address,
        ))
    }

    /// As `new`, for parts that are known to be sound.
    pub(super) fn build(
        kind: Word,
        port: u16,
        proto: Word,
        codecs: Vec<Codec>,
        other_formats: &str,
        lines: Lines<'_>,
        address: Option<Arc<str>>,
    ) -> Self {
        use std::fmt::Write;
        let is_rtp = is_rtp(&proto);
        let mut formats = String::with_capacity(codecs.len() * 4 + other_formats.len());
        let mut attributes = AttributesBuilder::with_capacity(codecs.len() * 48 + 64);
        for codec in &codecs {
            let Some(payload_type) = codec.payload_type else {
                continue;
            };
            if !formats.is_empty() {
                formats.push(' ');
            }
            let _ = write!(formats, "{payload_type}");
            // Static types get an rtpmap too: RFC 8866 section 6.6 allows it and devices expect it.
            if codec.channels == 1 {
                attributes.format(format_args!(
                    "rtpmap:{payload_type} {}/{}",
                    codec.name, codec.clock_rate
                ));
            } else {
                attributes.format(format_args!(
                    "rtpmap:{payload_type} {}/{}/{}",
                    codec.name, codec.clock_rate, codec.channels
                ));
            }
            if let Some(fmtp) = &codec.fmtp {
                attributes.format(format_args!("fmtp:{payload_type} {fmtp}"));
            }
        }
        if formats.is_empty() {
            formats.push_str(other_formats);
        }
        if let Some(ptime) = lines.ptime {
            attributes.format(format_args!("ptime:{ptime}"));
        }
        if let Some(maxptime) = lines.maxptime {
            attributes.format(format_args!("maxptime:{maxptime}"));
        }
        if is_rtp && port != 0 {
            attributes.line(lines.direction.as_str());
        }
        if lines.rtcp_mux {
            attributes.line("rtcp-mux");
        }
        if let Some(mid) = lines.mid {
            attributes.pair("mid", Some(mid));
        }
        for (name, value) in lines.further {
            attributes.pair(name, value.as_deref());
        }
        Media {
            kind,
            port,
            proto,
            formats: formats.into_boxed_str(),
            codecs,
            direction: lines.direction,
            address,
            ptime: lines.ptime,
            maxptime: lines.maxptime,
            rtcp_mux: lines.rtcp_mux,
            bandwidth: Vec::new(),
            attributes: attributes.build(),
        }
    }

    /// The m-line that rejects `self` (RFC 3264 section 6) or switches it off (section 8.2).
    pub(super) fn disabled(&self) -> Self {
        Media {
            kind: self.kind.clone(),
            port: 0,
            proto: self.proto.clone(),
            formats: self.formats.clone(),
            codecs: Vec::new(),
            direction: Direction::Inactive,
            address: None,
            ptime: None,
            maxptime: None,
            rtcp_mux: false,
            bandwidth: Vec::new(),
            attributes: match self.attributes.get("mid") {
                None => Attributes::default(),
                Some(mid) => {
                    let mut lines = AttributesBuilder::default();
                    lines.pair("mid", Some(mid));
                    lines.build()
                }
            },
        }
    }

    /// RTP in one of its profiles, as opposed to udptl, TCP/MSRP and their like.
    pub fn is_rtp(&self) -> bool {
        is_rtp(&self.proto)
    }

    pub fn mid(&self) -> Option<&str> {
        self.attributes.get("mid")
    }

    /// The address says "send nothing": c=0.0.0.0 of RFC 3264 section 8.4, :: of RFC 6157.  With ICE it says that
    /// there are no candidates yet (RFC 8840 section 4.1.1).
    pub fn address_is_null(&self) -> bool {
        self.attributes.get("ice-ufrag").is_none()
            && matches!(self.address.as_deref(), Some("0.0.0.0" | "::"))
    }

    /// The direction with the older way to hold, by address, taken into account.
    pub fn effective_direction(&self) -> Direction {
        if self.address_is_null() {
            Direction::new(self.direction.sends(), false)
        } else {
            self.direction
        }
    }

    /// We are not to send.
    pub fn held(&self) -> bool {
        !self.effective_direction().receives()
    }

    /// Where RTCP goes (RFC 5761, RFC 3605, else the next port).
    pub fn rtcp(&self) -> Option<(&str, u16)> {
        if self.port == 0 || !self.is_rtp() {
            return None;
        }
        let address = self.address.as_deref()?;
        if self.rtcp_mux {
            return Some((address, self.port));
        }
        if let Some(value) = self.attributes.get("rtcp") {
            let mut words = value.split_ascii_whitespace();
            if let Some(port) = words.next().and_then(|text| text.parse().ok()) {
                // a=rtcp:53020 IN IP6 2001:2345:6789:ABCD:EF01:2345:6789:ABCD
                return Some((words.nth(2).unwrap_or(address), port));
            }
        }
        Some((address, self.port.checked_add(1)?))
    }
}

/// The lines of an m-line that are made from values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines<'a> {
    pub direction: Direction,
    pub ptime: Option<u16>,
    pub maxptime: Option<u16>,
    pub rtcp_mux: bool,
    pub mid: Option<&'a str>,
    pub further: &'a [(String, Option<String>)],
}

pub(super) fn is_rtp(proto: &str) -> bool {
    proto
        .split('/')
        .any(|part| part.eq_ignore_ascii_case("RTP"))
}

/// Give each codec a payload type of its own; `fixed` are formats whose numbers are given already.
///
/// A codec that is among `fixed` gets that number; else it keeps the one it brings unless that
/// means something else already.
pub(super) fn number(codecs: &mut [Codec], fixed: &[Codec]) -> Result<(), SdpError> {
    let mut used = [false; 128];
    for codec in fixed {
        if let Some(slot) = codec
            .payload_type
            .and_then(|n| used.get_mut(usize::from(n)))
        {
            *slot = true;
        }
    }
    let mut given = [false; 128];
    let mut homeless = false;
    for codec in codecs.iter_mut() {
        let before = fixed
            .iter()
            .find(|old| old.matches(codec))
            .and_then(|old| old.payload_type)
            .filter(|n| given.get(usize::from(*n)) == Some(&false));
        let wished = codec
            .payload_type
            .filter(|n| *n < 128 && !used[usize::from(*n)]);
        codec.payload_type = before.or(wished);
        match codec.payload_type {
            Some(n) => {
                used[usize::from(n)] = true;
                given[usize::from(n)] = true;
            }
            None => homeless = true,
        }
    }
    if !homeless {
        return Ok(());
    }
    // Dynamic range first; then the unassigned numbers that RFC 5761 leaves usable beside RTCP.
    let mut free = (96u8..=127).chain(35..=63);
    for codec in codecs.iter_mut().filter(|c| c.payload_type.is_none()) {
        let number = free
            .find(|n| !used[usize::from(*n)])
            .ok_or_else(|| SdpError::usage("more formats than payload types"))?;
        codec.payload_type = Some(number);
    }
    Ok(())
}
