//! The table of codecs: the one place where their names and numbers are.
//!
//! Names, payload types, packet times and preferences are Asterisk's (`codec_builtin.c`, `rtp_engine.c` name them); encoding
//! names and clocks are those of the RFCs.
use std::fmt;
use std::sync::{Mutex, OnceLock};

use super::module::CodecModule;
use super::table::ROWS;
use super::{OpenDecoder, OpenEncoder, fmtp};

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

/// Clock units that a payload lasts; none when it cannot be told.
pub type Duration = &'static (dyn Fn(&[u8]) -> Option<u32> + Send + Sync);

/// One codec.
#[derive(Clone)]
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
    pub duration: Option<Duration>,
    pub decoder: Option<OpenDecoder>,
    pub encoder: Option<OpenEncoder>,
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Codec({})", self.name)
    }
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

/// The engine's own codecs, in the order of `allow=all`.
pub static CODECS: &[Codec] = ROWS;

/// How many codecs can be declared.
const PLACES: usize = 64;
/// Those of others; rows behind the engine's own.  A place is filled once and stays, so that a row is never waited for.
static DECLARED: [OnceLock<Codec>; PLACES] = [const { OnceLock::new() }; PLACES];
/// Held while one is declared.
static DECLARING: Mutex<()> = Mutex::new(());

/// The codec of a row.
#[must_use]
pub fn at(row: u16) -> Option<&'static Codec> {
    let row = usize::from(row);
    match CODECS.get(row) {
        Some(codec) => Some(codec),
        None => DECLARED.get(row - CODECS.len())?.get(),
    }
}

/// All codecs, those of others last.
pub fn all() -> impl Iterator<Item = &'static Codec> {
    CODECS
        .iter()
        .chain(DECLARED.iter().map_while(OnceLock::get))
}

/// Why a codec cannot be declared; the text says what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotDeclared(pub String);

/// Add a codec of others: `facts` without halves, the way its payloads last (`frame`: octets and clock units), and the
/// WebAssembly module that encodes and decodes it, if it has one.  It stays until the process ends.
///
/// # Errors
/// A name is taken, the numbers make no sense, the module is no codec, or all places are taken.
pub fn declare(
    facts: Codec,
    frame: Option<(u32, u32)>,
    wasm: Option<&[u8]>,
) -> Result<u16, NotDeclared> {
    let wrong = |text: String| Err(NotDeclared(format!("codec {}: {text}", facts.name)));
    if facts.name.is_empty() || facts.clock == 0 {
        return wrong("it needs a name and a clock".to_owned());
    }
    if matches!(frame, Some((0, _) | (_, 0))) {
        return wrong("a frame has octets and a duration".to_owned());
    }
    let mut codec = facts.clone();
    if let Some((octets, units)) = frame {
        codec.duration = Some(Box::leak(Box::new(move |payload: &[u8]| {
            Some(u32::try_from(payload.len()).ok()? / octets * units)
        })));
    }
    if let Some(wasm) = wasm {
        let longest = codec.rate as usize / 1000 * usize::from(codec.max_ms) * 2;
        if codec.rate < 8000 || codec.ptime_ms == 0 || longest > super::module::BUFFER {
            return wrong("its rate or packet times are out of range".to_owned());
        }
        let module: &'static CodecModule = match CodecModule::new(wasm, codec.rate) {
            Ok(module) => Box::leak(Box::new(module)),
            Err(error) => return wrong(error.to_string()),
        };
        codec.decoder = Some(Box::leak(Box::new(|p: &super::Parameters<'_>| {
            module.decoder(p)
        })));
        codec.encoder = Some(Box::leak(Box::new(|p: &super::Parameters<'_>| {
            module.encoder(p)
        })));
    }
    let _held = DECLARING
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if by_name(codec.name).is_some() {
        return wrong("there is one of this name".to_owned());
    }
    for name in codec.sdp {
        if by_sdp(name, codec.clock, "").is_some() {
            return wrong(format!(
                "there is one that is {name}/{} in SDP",
                codec.clock
            ));
        }
    }
    let Some(place) = DECLARED.iter().position(|place| place.get().is_none()) else {
        return wrong(format!("{PLACES} have been declared already"));
    };
    DECLARED[place].get_or_init(|| codec);
    u16::try_from(CODECS.len() + place).map_err(|_| NotDeclared("too many codecs".to_owned()))
}

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
    let at = all().position(|codec| codec.name == name)?;
    u16::try_from(at).ok()
}

/// The row of what SDP names.
#[must_use]
pub fn by_sdp(name: &str, clock: u32, _fmtp: &str) -> Option<u16> {
    let found = |codec: &'static Codec| {
        codec.clock == clock
            && codec
                .sdp
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
    };
    u16::try_from(all().position(found)?).ok()
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
