//! The rows of the registry.
use super::registry::{Codec, Media};
use super::{durations, g711, g722, g726, gsm, opus, slin};

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
            duration: Some(&|payload| Some(payload.len() as u32 / 2)),
            decoder: Some(&|_| Box::new(slin::Slin::new($rate))),
            encoder: Some(&|_| Box::new(slin::Slin::new($rate))),
            ..BASE
        }
    };
}

/// In the order of `allow=all`.
pub(super) const ROWS: &[Codec] = &[
    Codec {
        name: "opus",
        description: "Opus Codec",
        sdp: &["opus"],
        clock: 48_000,
        channels: 2,
        rate: 48_000,
        payload_type: Some(107),
        step_ms: 20,
        max_ms: 60,
        quality: 75,
        duration: Some(&durations::opus),
        decoder: Some(&|parameters| Box::new(opus::OpusDecoder::new(parameters))),
        encoder: Some(&|parameters| Box::new(opus::OpusEncoder::new(parameters))),
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
        duration: Some(&|payload| Some(payload.len() as u32)),
        decoder: Some(&|parameters| Box::new(g722::G722Decoder::new(parameters))),
        encoder: Some(&|parameters| Box::new(g722::G722Encoder::new(parameters))),
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
        duration: Some(&|payload| Some(payload.len() as u32)),
        decoder: Some(&|_| Box::new(g711::Ulaw)),
        encoder: Some(&|_| Box::new(g711::Ulaw)),
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
        duration: Some(&|payload| Some(payload.len() as u32)),
        decoder: Some(&|_| Box::new(g711::Alaw)),
        encoder: Some(&|_| Box::new(g711::Alaw)),
        ..BASE
    },
    Codec {
        name: "gsm",
        description: "GSM",
        sdp: &["GSM"],
        payload_type: Some(3),
        step_ms: 20,
        quality: 40,
        duration: Some(&|payload| Some(payload.len() as u32 / 33 * 160)),
        decoder: Some(&|_| Box::new(gsm::GsmDecoder::new())),
        encoder: Some(&|_| Box::new(gsm::GsmEncoder::new())),
        ..BASE
    },
    Codec {
        name: "g726",
        description: "G.726 RFC3551",
        sdp: &["G726-32"],
        payload_type: Some(111),
        quality: 85,
        duration: Some(&|payload| Some(payload.len() as u32 * 2)),
        decoder: Some(&|_| Box::new(g726::G726::new(g726::Packing::Rfc3551))),
        encoder: Some(&|_| Box::new(g726::G726::new(g726::Packing::Rfc3551))),
        ..BASE
    },
    Codec {
        name: "g726aal2",
        description: "G.726 AAL2",
        sdp: &["AAL2-G726-32"],
        payload_type: Some(112),
        quality: 85,
        duration: Some(&|payload| Some(payload.len() as u32 * 2)),
        decoder: Some(&|_| Box::new(g726::G726::new(g726::Packing::Aal2))),
        encoder: Some(&|_| Box::new(g726::G726::new(g726::Packing::Aal2))),
        ..BASE
    },
    Codec {
        name: "adpcm",
        description: "Dialogic ADPCM",
        sdp: &["DVI4"],
        payload_type: Some(5),
        quality: 80,
        duration: Some(&|payload| Some(payload.len().saturating_sub(4) as u32 * 2)),
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
        duration: Some(&durations::g729),
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
        duration: Some(&durations::ilbc),
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
        duration: Some(&durations::g723),
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
        defining: &[("packetization-mode", "0")],
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
        defining: &[("profile-id", "0")],
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
