//! The table of codecs: the one place where their names and numbers are.
//!
//! Names, payload types, packet times and preferences are Asterisk's (`codec_builtin.c`, `rtp_engine.c` name them); encoding
//! names and clocks are those of the RFCs.
use super::{OpenDecoder, OpenEncoder, fmtp, g711, slin};

/// What it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    Audio,
    Video,
    Image,
    Text,
}

impl Media {
    /// As `core show codecs` writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Media::Audio => "audio",
            Media::Video => "video",
            Media::Image => "image",
            Media::Text => "text",
        }
    }
}

/// One codec.
#[derive(Debug)]
pub struct Codec {
    /// Name in `allow=`.
    pub name: &'static str,
    pub media: Media,
    pub description: &'static str,
    /// Encoding names in SDP, the one that we write first; none: it cannot be in SDP.
    pub sdp: &'static [&'static str],
    /// RTP clock in Hz; not the sample rate of G.722.
    pub clock: u32,
    /// As SDP writes them; audio here has one.
    pub channels: u8,
    /// Samples a second; 0 for what is no audio.
    pub rate: u32,
    /// The static one of RFC 3551, else the one that is proposed.
    pub payload_type: Option<u8>,
    /// Shortest packet; packets are a multiple of it.
    pub step_ms: u16,
    /// Usual packet.
    pub ptime_ms: u16,
    /// Longest packet.
    pub max_ms: u16,
    /// Which to prefer where the choice is free; higher is better.
    pub quality: u16,
    /// fmtp parameters that change what is on the wire, with their defaults.
    pub defining: &'static [(&'static str, &'static str)],
    /// The octet of silence, where silence needs no encoder.
    pub silence: Option<u8>,
    /// Clock units that a payload lasts.
    pub duration: Option<fn(&[u8]) -> Option<u32>>,
    pub decoder: Option<OpenDecoder>,
    pub encoder: Option<OpenEncoder>,
}

impl Codec {
    /// Stands for the defining parameters of an fmtp line; 0 when all have their default.
    #[must_use]
    pub fn variant_of(&self, line: &str) -> u64 {
        self.defining
            .iter()
            .fold(0, |sum, (name, default)| match fmtp::param(line, name) {
                Some(value) if !value.eq_ignore_ascii_case(default) => {
                    sum.rotate_left(7) ^ fmtp::hash(name) ^ fmtp::hash(value).rotate_left(32)
                }
                _ => sum,
            })
    }

    /// The packet time nearest below the one wished for that this codec can have.
    #[must_use]
    pub fn packet_ms(&self, wished: u32) -> u32 {
        let step = u32::from(self.step_ms.max(1));
        let longest = u32::from(self.max_ms).max(step);
        (wished.min(longest) / step * step).max(step)
    }
}

/// For all rows: audio at 8 kHz, known by name only.
const BASE: Codec = Codec {
    name: "",
    media: Media::Audio,
    description: "",
    sdp: &[],
    clock: 8000,
    channels: 1,
    rate: 8000,
    payload_type: None,
    step_ms: 10,
    ptime_ms: 20,
    max_ms: 300,
    quality: 0,
    defining: &[],
    silence: None,
    duration: None,
    decoder: None,
    encoder: None,
};

/// For rows that are not audio.
const PICTURE: Codec = Codec {
    media: Media::Video,
    clock: 90_000,
    rate: 0,
    step_ms: 0,
    ptime_ms: 0,
    max_ms: 0,
    ..BASE
};

/// Linear audio of one rate.
macro_rules! linear {
    ($name:literal, $rate:literal, $text:literal, $payload_type:literal, $quality:literal, $($sdp:literal),+) => {
        Codec {
            name: $name,
            description: $text,
            sdp: &[$($sdp),+],
            clock: $rate,
            rate: $rate,
            payload_type: Some($payload_type),
            max_ms: 60,
            quality: $quality,
            silence: Some(0),
            duration: Some(|payload| Some(payload.len() as u32 / 2)),
            decoder: Some(|_| Box::new(slin::Slin::new($rate))),
            encoder: Some(|_| Box::new(slin::Slin::new($rate))),
            ..BASE
        }
    };
}

/// All codecs, in the order of `allow=all`.
pub static CODECS: &[Codec] = ROWS;

const ROWS: &[Codec] = &[
    Codec {
        name: "opus",
        description: "Opus Codec",
        sdp: &["opus"],
        clock: 48_000,
        channels: 2,
        rate: 48_000,
        payload_type: Some(107),
        max_ms: 60,
        quality: 75,
        duration: Some(durations::opus),
        ..BASE
    },
    Codec {
        name: "g722",
        description: "G722",
        sdp: &["G722"],
        rate: 16_000,
        payload_type: Some(9),
        max_ms: 140,
        quality: 110,
        duration: Some(|payload| Some(payload.len() as u32)),
        ..BASE
    },
    Codec {
        name: "ulaw",
        description: "G.711 u-law",
        sdp: &["PCMU", "G711U"],
        payload_type: Some(0),
        max_ms: 140,
        quality: 100,
        silence: Some(g711::ULAW_SILENCE),
        duration: Some(|payload| Some(payload.len() as u32)),
        decoder: Some(|_| Box::new(g711::Ulaw)),
        encoder: Some(|_| Box::new(g711::Ulaw)),
        ..BASE
    },
    Codec {
        name: "alaw",
        description: "G.711 a-law",
        sdp: &["PCMA", "G711A"],
        payload_type: Some(8),
        max_ms: 140,
        quality: 100,
        silence: Some(g711::ALAW_SILENCE),
        duration: Some(|payload| Some(payload.len() as u32)),
        decoder: Some(|_| Box::new(g711::Alaw)),
        encoder: Some(|_| Box::new(g711::Alaw)),
        ..BASE
    },
    Codec {
        name: "gsm",
        description: "GSM",
        sdp: &["GSM"],
        payload_type: Some(3),
        step_ms: 20,
        quality: 40,
        duration: Some(|payload| Some(payload.len() as u32 / 33 * 160)),
        ..BASE
    },
    Codec {
        name: "g726",
        description: "G.726 RFC3551",
        sdp: &["G726-32"],
        payload_type: Some(111),
        quality: 85,
        duration: Some(|payload| Some(payload.len() as u32 * 2)),
        ..BASE
    },
    Codec {
        name: "g726aal2",
        description: "G.726 AAL2",
        sdp: &["AAL2-G726-32"],
        payload_type: Some(112),
        quality: 85,
        duration: Some(|payload| Some(payload.len() as u32 * 2)),
        ..BASE
    },
    Codec {
        name: "adpcm",
        description: "Dialogic ADPCM",
        sdp: &["DVI4"],
        payload_type: Some(5),
        quality: 80,
        duration: Some(|payload| Some(payload.len().saturating_sub(4) as u32 * 2)),
        ..BASE
    },
    linear!("slin", 8000, "16 bit Signed Linear PCM", 11, 115, "L16"),
    linear!(
        "slin12",
        12_000,
        "16 bit Signed Linear PCM (12kHz)",
        122,
        116,
        "L16"
    ),
    linear!(
        "slin16",
        16_000,
        "16 bit Signed Linear PCM (16kHz)",
        118,
        117,
        "L16",
        "L16-256"
    ),
    linear!(
        "slin24",
        24_000,
        "16 bit Signed Linear PCM (24kHz)",
        123,
        118,
        "L16"
    ),
    linear!(
        "slin32",
        32_000,
        "16 bit Signed Linear PCM (32kHz)",
        124,
        119,
        "L16"
    ),
    linear!(
        "slin44",
        44_100,
        "16 bit Signed Linear PCM (44kHz)",
        125,
        120,
        "L16"
    ),
    linear!(
        "slin48",
        48_000,
        "16 bit Signed Linear PCM (48kHz)",
        126,
        121,
        "L16"
    ),
    linear!(
        "slin96",
        96_000,
        "16 bit Signed Linear PCM (96kHz)",
        127,
        122,
        "L16"
    ),
    linear!(
        "slin192",
        192_000,
        "16 bit Signed Linear PCM (192kHz)",
        96,
        123,
        "L16"
    ),
    Codec {
        name: "lpc10",
        description: "LPC10",
        sdp: &["LPC"],
        payload_type: Some(7),
        step_ms: 20,
        max_ms: 20,
        quality: 8,
        ..BASE
    },
    Codec {
        name: "g729",
        description: "G.729A",
        sdp: &["G729", "G729A", "G.729"],
        payload_type: Some(18),
        max_ms: 220,
        quality: 45,
        duration: Some(durations::g729),
        ..BASE
    },
    Codec {
        name: "speex",
        description: "SpeeX",
        sdp: &["speex"],
        payload_type: Some(110),
        max_ms: 60,
        quality: 40,
        ..BASE
    },
    Codec {
        name: "speex16",
        description: "SpeeX 16khz",
        sdp: &["speex"],
        clock: 16_000,
        rate: 16_000,
        payload_type: Some(117),
        max_ms: 60,
        quality: 40,
        ..BASE
    },
    Codec {
        name: "speex32",
        description: "SpeeX 32khz",
        sdp: &["speex"],
        clock: 32_000,
        rate: 32_000,
        payload_type: Some(119),
        max_ms: 60,
        quality: 40,
        ..BASE
    },
    Codec {
        name: "ilbc",
        description: "iLBC",
        sdp: &["iLBC"],
        payload_type: Some(97),
        quality: 35,
        defining: &[("mode", "30")],
        duration: Some(durations::ilbc),
        ..BASE
    },
    Codec {
        name: "g723",
        description: "G.723.1",
        sdp: &["G723"],
        payload_type: Some(4),
        step_ms: 30,
        ptime_ms: 30,
        quality: 20,
        duration: Some(durations::g723),
        ..BASE
    },
    Codec {
        name: "siren7",
        description: "ITU G.722.1 (Siren7, licensed from Polycom)",
        sdp: &["G7221"],
        clock: 16_000,
        rate: 16_000,
        payload_type: Some(102),
        step_ms: 20,
        max_ms: 80,
        quality: 85,
        defining: &[("bitrate", "32000")],
        ..BASE
    },
    Codec {
        name: "siren14",
        description: "ITU G.722.1 Annex C, (Siren14, licensed from Polycom)",
        sdp: &["G7221"],
        clock: 32_000,
        rate: 32_000,
        payload_type: Some(115),
        step_ms: 20,
        max_ms: 80,
        quality: 90,
        defining: &[("bitrate", "48000")],
        ..BASE
    },
    Codec {
        name: "g719",
        description: "ITU G.719",
        sdp: &["G719"],
        clock: 48_000,
        rate: 48_000,
        payload_type: Some(116),
        step_ms: 20,
        max_ms: 80,
        quality: 95,
        ..BASE
    },
    Codec {
        name: "codec2",
        description: "Codec 2",
        sdp: &["CODEC2"],
        step_ms: 20,
        ..BASE
    },
    Codec {
        name: "silk8",
        description: "SILK Codec (8 KHz)",
        sdp: &["SILK"],
        step_ms: 20,
        max_ms: 100,
        ..BASE
    },
    Codec {
        name: "silk12",
        description: "SILK Codec (12 KHz)",
        sdp: &["SILK"],
        clock: 12_000,
        rate: 12_000,
        step_ms: 20,
        max_ms: 100,
        ..BASE
    },
    Codec {
        name: "silk16",
        description: "SILK Codec (16 KHz)",
        sdp: &["SILK"],
        clock: 16_000,
        rate: 16_000,
        step_ms: 20,
        max_ms: 100,
        ..BASE
    },
    Codec {
        name: "silk24",
        description: "SILK Codec (24 KHz)",
        sdp: &["SILK"],
        clock: 24_000,
        rate: 24_000,
        step_ms: 20,
        max_ms: 100,
        ..BASE
    },
    Codec {
        name: "amr",
        description: "AMR narrow band",
        sdp: &["AMR"],
        step_ms: 20,
        max_ms: 200,
        quality: 60,
        defining: AMR,
        ..BASE
    },
    Codec {
        name: "amrwb",
        description: "AMR wide band",
        sdp: &["AMR-WB"],
        clock: 16_000,
        rate: 16_000,
        step_ms: 20,
        max_ms: 200,
        quality: 88,
        defining: AMR,
        ..BASE
    },
    Codec {
        name: "jpeg",
        media: Media::Image,
        description: "JPEG image",
        sdp: &["JPEG"],
        payload_type: Some(26),
        ..PICTURE
    },
    Codec {
        name: "png",
        media: Media::Image,
        description: "PNG Image",
        sdp: &["PNG"],
        ..PICTURE
    },
    Codec {
        name: "h261",
        description: "H.261 video",
        sdp: &["H261"],
        payload_type: Some(31),
        ..PICTURE
    },
    Codec {
        name: "h263",
        description: "H.263 video",
        sdp: &["H263"],
        payload_type: Some(34),
        ..PICTURE
    },
    Codec {
        name: "h263p",
        description: "H.263+ video",
        sdp: &["h263-1998"],
        payload_type: Some(103),
        ..PICTURE
    },
    Codec {
        name: "h264",
        description: "H.264 video",
        sdp: &["H264"],
        payload_type: Some(99),
        ..PICTURE
    },
    Codec {
        name: "h265",
        description: "H.265 video",
        sdp: &["H265"],
        payload_type: Some(109),
        ..PICTURE
    },
    Codec {
        name: "mpeg4",
        description: "MPEG4 video",
        sdp: &["MP4V-ES"],
        payload_type: Some(104),
        ..PICTURE
    },
    Codec {
        name: "vp8",
        description: "VP8 video",
        sdp: &["VP8"],
        payload_type: Some(100),
        ..PICTURE
    },
    Codec {
        name: "vp9",
        description: "VP9 video",
        sdp: &["VP9"],
        payload_type: Some(108),
        ..PICTURE
    },
    Codec {
        name: "av1",
        description: "AV1 video",
        sdp: &["AV1"],
        ..PICTURE
    },
    Codec {
        name: "red",
        media: Media::Text,
        description: "T.140 Realtime Text with redundancy",
        sdp: &["RED"],
        clock: 1000,
        payload_type: Some(105),
        ..PICTURE
    },
    Codec {
        name: "t140",
        media: Media::Text,
        description: "Passthrough T.140 Realtime Text",
        sdp: &["T140"],
        clock: 1000,
        payload_type: Some(106),
        ..PICTURE
    },
];

/// What RFC 4867 section 8.1 lets the two sides lay out differently.
const AMR: &[(&str, &str)] = &[
    ("octet-align", "0"),
    ("crc", "0"),
    ("robust-sorting", "0"),
    ("interleaving", ""),
];

/// Row of mu-law.
pub const ULAW: u16 = row("ulaw");
/// Row of A-law.
pub const ALAW: u16 = row("alaw");
/// Row of linear audio at 8 kHz.
pub const SLIN: u16 = row("slin");

const fn row(name: &str) -> u16 {
    let mut at = 0;
    while at < ROWS.len() {
        if same(ROWS[at].name.as_bytes(), name.as_bytes()) {
            return at as u16;
        }
        at += 1;
    }
    panic!("no such row") // while compiling
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The row of Asterisk's name.
#[must_use]
pub fn by_name(name: &str) -> Option<u16> {
    let at = CODECS.iter().position(|codec| codec.name == name)?;
    u16::try_from(at).ok()
}

/// The row of what SDP names.
#[must_use]
pub fn by_sdp(name: &str, clock: u32, _fmtp: &str) -> Option<u16> {
    let found = |codec: &Codec| {
        codec.clock == clock
            && codec
                .sdp
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
    };
    u16::try_from(CODECS.iter().position(found)?).ok()
}

/// How long payloads last, in clock units.
mod durations {
    /// RFC 3551 section 4.5.6: frames of 10 octets; one of two octets at the end describes noise.
    pub fn g729(payload: &[u8]) -> Option<u32> {
        Some((payload.len() as u32 / 10 + u32::from(payload.len() % 10 == 2)) * 80)
    }

    /// RFC 3952: frames of 38 octets last 20 ms, of 50 octets 30 ms.
    pub fn ilbc(payload: &[u8]) -> Option<u32> {
        match payload.len() as u32 {
            0 => None,
            length if length % 38 == 0 => Some(length / 38 * 160),
            length if length % 50 == 0 => Some(length / 50 * 240),
            _ => None,
        }
    }

    /// RFC 3551 section 4.5.3: the low bits of a frame's first octet say how long it is.
    pub fn g723(payload: &[u8]) -> Option<u32> {
        let (mut at, mut frames) = (0, 0);
        while let Some(first) = payload.get(at) {
            at += [24, 20, 4, 1][usize::from(first & 3)];
            frames += 1;
        }
        Some(frames * 240)
    }

    /// RFC 6716 section 3.1: the first octet says how long a frame is and how many there are.
    pub fn opus(payload: &[u8]) -> Option<u32> {
        let toc = *payload.first()?;
        let config = u32::from(toc >> 3);
        let frame = match config {
            0..12 => [480, 960, 1920, 2880][(config % 4) as usize],
            12..16 => [480, 960][(config % 2) as usize],
            _ => [120, 240, 480, 960][(config % 4) as usize],
        };
        let frames = match toc & 3 {
            0 => 1,
            1 | 2 => 2,
            _ => u32::from(payload.get(1)? & 0x3f),
        };
        Some(frame * frames).filter(|units| (1..=5760).contains(units))
    }
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
