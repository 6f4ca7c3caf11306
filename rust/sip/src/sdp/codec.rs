//! One payload format of an RTP m-line, and how lists of them are chosen from.
//!
//! Static payload types are those of RFC 3551 table 4 and 5; the numbers proposed for dynamic
//! formats are the ones that Asterisk uses, because phones and trunks have been seen with them.

use std::borrow::Cow;
use std::sync::Arc;

use super::SdpError;

/// A short text that mostly is one of a few known words, which then cost no allocation.
pub type Word = Cow<'static, str>;

macro_rules! known_words {
    ($($text:literal),* $(,)?) => {
        /// `text` as a [`Word`].
        pub(super) fn word(text: &str) -> Word {
            match text {
                $($text => Cow::Borrowed($text),)*
                other => Cow::Owned(other.to_owned()),
            }
        }
    };
}

known_words!(
    "audio",
    "video",
    "image",
    "application",
    "text",
    "message",
    "RTP/AVP",
    "RTP/AVPF",
    "RTP/SAVP",
    "RTP/SAVPF",
    "UDP/TLS/RTP/SAVP",
    "UDP/TLS/RTP/SAVPF",
    "udptl",
    "UDPTL",
    "PCMU",
    "PCMA",
    "G722",
    "G729",
    "GSM",
    "G723",
    "iLBC",
    "speex",
    "opus",
    "L16",
    "CN",
    "G726-32",
    "AAL2-G726-32",
    "AMR",
    "AMR-WB",
    "telephone-event",
    "H264",
    "VP8",
    "VP9",
    "red",
    "rtx",
);

/// (payload type, name, clock rate, channels) of RFC 3551.
const STATIC: &[(u8, &str, u32, u8)] = &[
    (0, "PCMU", 8000, 1),
    (3, "GSM", 8000, 1),
    (4, "G723", 8000, 1),
    (5, "DVI4", 8000, 1),
    (6, "DVI4", 16000, 1),
    (7, "LPC", 8000, 1),
    (8, "PCMA", 8000, 1),
    (9, "G722", 8000, 1),
    (10, "L16", 44100, 2),
    (11, "L16", 44100, 1),
    (12, "QCELP", 8000, 1),
    (13, "CN", 8000, 1),
    (14, "MPA", 90000, 1),
    (15, "G728", 8000, 1),
    (16, "DVI4", 11025, 1),
    (17, "DVI4", 22050, 1),
    (18, "G729", 8000, 1),
    (25, "CelB", 90000, 1),
    (26, "JPEG", 90000, 1),
    (28, "nv", 90000, 1),
    (31, "H261", 90000, 1),
    (32, "MPV", 90000, 1),
    (33, "MP2T", 90000, 1),
    (34, "H263", 90000, 1),
];

/// Numbers that are proposed for formats without a static one.
const CUSTOMARY: &[(u8, &str, u32, u8)] = &[
    (97, "iLBC", 8000, 1),
    (99, "H264", 90000, 1),
    (100, "VP8", 90000, 1),
    (101, "telephone-event", 8000, 1),
    (102, "G7221", 16000, 1),
    (103, "h263-1998", 90000, 1),
    (104, "MP4V-ES", 90000, 1),
    (105, "RED", 1000, 1),
    (106, "T140", 1000, 1),
    (107, "opus", 48000, 2),
    (108, "VP9", 90000, 1),
    (109, "H265", 90000, 1),
    (110, "speex", 8000, 1),
    (111, "G726-32", 8000, 1),
    (112, "AAL2-G726-32", 8000, 1),
    (115, "G7221", 32000, 1),
    (116, "G719", 48000, 1),
    (117, "speex", 16000, 1),
    (118, "L16", 16000, 1),
    (119, "speex", 32000, 1),
    (122, "L16", 12000, 1),
    (123, "L16", 24000, 1),
    (124, "L16", 32000, 1),
    (125, "L16", 44100, 1),
    (126, "L16", 48000, 1),
    (127, "L16", 96000, 1),
];

/// One payload format: an RTP payload type with its rtpmap and fmtp.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Codec {
    /// None: a number is given when an SDP is made.
    pub payload_type: Option<u8>,
    /// Encoding name as written.
    pub name: Word,
    pub clock_rate: u32,
    pub channels: u8,
    pub fmtp: Option<Arc<str>>,
}

impl Codec {
    /// A codec with the static or customary payload type, if it has one.
    pub fn new(name: &str, clock_rate: u32, channels: u8) -> Self {
        let same = |row: &&(u8, &str, u32, u8)| {
            row.1.eq_ignore_ascii_case(name) && row.2 == clock_rate && row.3 == channels
        };
        let row = STATIC
            .iter()
            .find(same)
            .or_else(|| CUSTOMARY.iter().find(same));
        Codec {
            payload_type: row.map(|row| row.0),
            name: word(name),
            clock_rate,
            channels,
            fmtp: None,
        }
    }

    /// The format that RFC 3551 binds to a static payload type.
    pub fn of_static(payload_type: u8) -> Option<Self> {
        let row = STATIC.iter().find(|row| row.0 == payload_type)?;
        Some(Codec {
            payload_type: Some(payload_type),
            name: Cow::Borrowed(row.1),
            clock_rate: row.2,
            channels: row.3,
            fmtp: None,
        })
    }

    /// The value of an rtpmap line after the payload type: `name/clock[/channels]`.
    pub(super) fn of_rtpmap(payload_type: u8, text: &str) -> Option<Self> {
        let mut parts = text.trim().split('/');
        let name = parts.next().filter(|name| !name.is_empty())?;
        let clock_rate = parts.next()?.trim().parse().ok().filter(|rate| *rate > 0)?;
        let channels = match parts.next() {
            None | Some("") => 1,
            Some(text) => text.trim().parse().ok().filter(|n| *n > 0)?,
        };
        Some(Codec {
            payload_type: Some(payload_type),
            name: word(name),
            clock_rate,
            channels,
            fmtp: None,
        })
    }

    /// RFC 4733 events (DTMF).
    pub fn is_telephone_event(&self) -> bool {
        self.name.eq_ignore_ascii_case("telephone-event")
    }

    /// RFC 3389 comfort noise.
    pub fn is_comfort_noise(&self) -> bool {
        self.name.eq_ignore_ascii_case("CN")
    }

    /// Formats that go beside a codec and cannot carry a call alone.
    pub fn is_auxiliary(&self) -> bool {
        self.is_telephone_event()
            || self.is_comfort_noise()
            || self.name.eq_ignore_ascii_case("red")
    }

    /// One parameter of the fmtp line (`name=value` separated by semicolons), any case.
    pub fn fmtp_param(&self, name: &str) -> Option<&str> {
        self.fmtp.as_deref()?.split(';').find_map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            key.trim()
                .eq_ignore_ascii_case(name)
                .then_some(value.trim())
        })
    }

    /// The same format, whatever its payload type (see the fmtp rules below).
    pub fn matches(&self, other: &Codec) -> bool {
        self.clock_rate == other.clock_rate
            && self.channels == other.channels
            && self.name.eq_ignore_ascii_case(&other.name)
            && self.fmtp_matches(other)
    }

    /// Parameters that make a different format of the same name.  All others are declarative or
    /// are settled in the answer.
    fn fmtp_matches(&self, other: &Codec) -> bool {
        if self.fmtp.is_none() && other.fmtp.is_none() {
            return true;
        }
        let same = |param: &str, default: &str| {
            self.fmtp_param(param)
                .unwrap_or(default)
                .eq_ignore_ascii_case(other.fmtp_param(param).unwrap_or(default))
        };
        // With no fmtp on our side the capability takes any variant: pass-through formats are
        // configured by name alone.
        let open = self.fmtp.is_none() || other.fmtp.is_none();
        let name: &str = &self.name;
        if name.eq_ignore_ascii_case("H264") {
            // RFC 6184: profile_idc and profile-iop must agree, the level is negotiable.
            let profile = |codec: &Codec| {
                codec
                    .fmtp_param("profile-level-id")
                    .and_then(|id| id.get(..4))
                    .unwrap_or("4200")
                    .to_ascii_lowercase()
            };
            open || (same("packetization-mode", "0") && profile(self) == profile(other))
        } else if name.eq_ignore_ascii_case("AMR") || name.eq_ignore_ascii_case("AMR-WB") {
            // RFC 4867 section 8.1: absent means bandwidth-efficient.
            same("octet-align", "0")
        } else if name.eq_ignore_ascii_case("G7221") {
            open || same("bitrate", "")
        } else if name.eq_ignore_ascii_case("VP9") {
            open || same("profile-id", "0")
        } else {
            true
        }
    }

    /// The fmtp to answer with when `self` is our capability and `offered` the peer's format.
    pub(super) fn answer_fmtp(&self, offered: &Codec) -> Option<Arc<str>> {
        let name: &str = &self.name;
        if name.eq_ignore_ascii_case("iLBC") {
            // RFC 3952 section 4.2: 30 ms unless both say 20.
            let twenty = |codec: &Codec| codec.fmtp_param("mode") == Some("20");
            let mode = if twenty(self) && twenty(offered) {
                "mode=20"
            } else {
                "mode=30"
            };
            Some(mode.into())
        } else if name.eq_ignore_ascii_case("G729") {
            // RFC 4856 section 2.1.9: annex B is off when either side says no.
            let off = |codec: &Codec| {
                codec
                    .fmtp_param("annexb")
                    .is_some_and(|value| value.eq_ignore_ascii_case("no"))
            };
            if off(self) || off(offered) {
                Some("annexb=no".into())
            } else {
                self.fmtp.clone()
            }
        } else if name.eq_ignore_ascii_case("opus") {
            self.opus_answer(offered)
        } else if self.clock_rate == 90000
            || name.eq_ignore_ascii_case("AMR")
            || name.eq_ignore_ascii_case("AMR-WB")
            || name.eq_ignore_ascii_case("G7221")
        {
            self.fmtp.clone().or_else(|| offered.fmtp.clone())
        } else {
            self.fmtp.clone()
        }
    }

    /// RFC 7587 section 7.1: each side says what it wants, so an answer has our own parameters.  Those that
    /// are limits are drawn closer by the offer's: nobody hears more than is captured, and who takes only so
    /// many bits a second will hardly send more.
    fn opus_answer(&self, offered: &Codec) -> Option<Arc<str>> {
        let limit = |codec: &Codec, name: &str| codec.fmtp_param(name)?.parse::<u32>().ok();
        let least = |ours: &str, theirs: &str| {
            let (ours, theirs) = (limit(self, ours), limit(offered, theirs));
            ours.into_iter().chain(theirs).min()
        };
        let limits = [
            (
                "maxplaybackrate",
                least("maxplaybackrate", "sprop-maxcapturerate").filter(|rate| *rate < 48_000),
            ),
            (
                "sprop-maxcapturerate",
                least("sprop-maxcapturerate", "maxplaybackrate").filter(|rate| *rate < 48_000),
            ),
            (
                "maxaveragebitrate",
                least("maxaveragebitrate", "maxaveragebitrate"),
            ),
        ];
        let mut parts: Vec<String> = limits
            .iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", (*value)?)))
            .collect();
        let own = self.fmtp.as_deref().unwrap_or("").split(';').map(str::trim);
        parts.extend(
            own.filter(|part| {
                let name = part.split('=').next().unwrap_or("").trim();
                !part.is_empty()
                    && limits
                        .iter()
                        .all(|(limit, _)| !limit.eq_ignore_ascii_case(name))
            })
            .map(str::to_owned),
        );
        (!parts.is_empty()).then(|| parts.join(";").into())
    }

    /// The same with another payload type.
    pub fn with_payload_type(mut self, payload_type: u8) -> Self {
        self.payload_type = Some(payload_type);
        self
    }
}

/// Which of two lists `select_codecs` goes by (`prefer:` of pjsip.conf's codec_prefs options).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    Pending,
    Configured,
}

/// How the two lists are put together (`operation:`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Union,
    Intersect,
    OnlyPreferred,
    OnlyNonpreferred,
}

impl std::str::FromStr for Prefer {
    type Err = SdpError;
    fn from_str(text: &str) -> Result<Self, SdpError> {
        match text {
            "pending" => Ok(Prefer::Pending),
            "configured" => Ok(Prefer::Configured),
            _ => Err(SdpError::usage("prefer is neither pending nor configured")),
        }
    }
}

impl std::str::FromStr for Operation {
    type Err = SdpError;
    fn from_str(text: &str) -> Result<Self, SdpError> {
        match text {
            "union" => Ok(Operation::Union),
            "intersect" => Ok(Operation::Intersect),
            "only_preferred" => Ok(Operation::OnlyPreferred),
            "only_nonpreferred" => Ok(Operation::OnlyNonpreferred),
            _ => Err(SdpError::usage(
                "operation is none of union, intersect, only_preferred, only_nonpreferred",
            )),
        }
    }
}

/// Put together what comes from the other side and what is configured, in the order preferred.
pub fn select_codecs(
    pending: &[Codec],
    configured: &[Codec],
    prefer: Prefer,
    operation: Operation,
    keep_first: bool,
) -> Vec<Codec> {
    let (preferred, other) = match prefer {
        Prefer::Pending => (pending, configured),
        Prefer::Configured => (configured, pending),
    };
    let mut chosen: Vec<Codec> = match operation {
        Operation::OnlyPreferred => preferred.to_vec(),
        Operation::OnlyNonpreferred => other.to_vec(),
        Operation::Union => {
            let mut all = preferred.to_vec();
            for codec in other {
                if !preferred.iter().any(|known| known.matches(codec)) {
                    all.push(codec.clone());
                }
            }
            all
        }
        // The codec of `pending` is kept: it carries the peer's number and parameters.
        Operation::Intersect => preferred
            .iter()
            .filter_map(|codec| {
                let found = other.iter().find(|known| known.matches(codec))?;
                Some(match prefer {
                    Prefer::Pending => codec.clone(),
                    Prefer::Configured => found.clone(),
                })
            })
            .collect(),
    };
    if keep_first {
        keep_first_codec(&mut chosen);
    }
    chosen
}

/// Drop all codecs but the first, and the auxiliary formats that no longer have a codec.
pub(super) fn keep_first_codec(codecs: &mut Vec<Codec>) {
    let mut seen = false;
    codecs.retain(|codec| {
        if codec.is_auxiliary() {
            return true;
        }
        !std::mem::replace(&mut seen, true)
    });
}
