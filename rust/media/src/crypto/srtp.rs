//! One direction of an SRTP session: keys, and for each SSRC its roll-over counter and replay windows.
use super::Suite;
use super::replay::Replay;
use super::transform::{Place, Trailer, Transform};
use crate::rtp::packet::HEADER;

/// SSRCs remembered; of more, the one that was heard longest ago is forgotten.  Only who has the key can add one.
const STREAMS: usize = 16;
/// Header of RTCP that stays in the clear.
const RTCP_CLEAR: usize = 8;
/// Flag of an encrypted RTCP packet, before its index.
const ENCRYPTED: u32 = 1 << 31;

/// Why a packet was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Cut short, or no RTP or RTCP.
    Malformed,
    /// It was not made with our key, or was changed on the way.
    NotGenuine,
    /// It came before.
    Replayed,
    /// No room for the tag, or more packets than one key is good for.
    Exhausted,
}

#[derive(Debug)]
struct Stream {
    ssrc: u32,
    rtp: Replay,
    rtcp: Replay,
}

/// Sends or receives with one master key.
pub struct Context {
    suite: Suite,
    material: Box<[u8]>,
    rtp: Transform,
    rtcp: Transform,
    /// The one used last is first.
    streams: Vec<Stream>,
    /// Whether what came before is refused (rtp.conf srtpreplayprotection).
    replay_protection: bool,
}

impl Context {
    /// `material` is master key and salt, as long as the suite says; `None` otherwise.
    #[must_use]
    pub fn new(suite: Suite, material: &[u8], replay_protection: bool) -> Option<Context> {
        Some(Context {
            suite,
            material: material.into(),
            rtp: Transform::new(suite, material, false)?,
            rtcp: Transform::new(suite, material, true)?,
            streams: Vec::new(),
            replay_protection,
        })
    }

    /// Whether both have one key: then the older is to be kept, since its counters go on.
    #[must_use]
    pub fn same_key(&self, other: &Context) -> bool {
        self.suite == other.suite && self.material == other.material
    }

    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The stream of an SSRC, at the front of the list.
    fn known(&mut self, ssrc: u32) -> Option<&mut Stream> {
        let at = self.streams.iter().position(|s| s.ssrc == ssrc)?;
        if at > 0 {
            self.streams[..=at].rotate_right(1);
        }
        self.streams.first_mut()
    }

    fn windows(&self, ssrc: u32) -> (Replay, Replay) {
        self.streams
            .iter()
            .find(|s| s.ssrc == ssrc)
            .map_or_else(Default::default, |s| (s.rtp, s.rtcp))
    }

    /// Note an index of a stream; makes the stream known.
    fn note(&mut self, ssrc: u32, note: impl FnOnce(&mut Stream)) {
        if let Some(stream) = self.known(ssrc) {
            return note(stream);
        }
        self.streams.truncate(STREAMS - 1);
        let mut stream = Stream {
            ssrc,
            rtp: Replay::default(),
            rtcp: Replay::default(),
        };
        note(&mut stream);
        self.streams.insert(0, stream);
    }

    /// Make an RTP packet of `length` bytes in `data` an SRTP packet; gives its length.
    pub fn protect_rtp(&mut self, data: &mut [u8], length: usize) -> Result<usize, Error> {
        let (clear, ssrc, sequence) =
            rtp_header(data.get(..length).unwrap_or_default()).ok_or(Error::Malformed)?;
        let window = self.windows(ssrc).0;
        let index = index_of(&window, sequence);
        // Two packets under one index would give both away (RFC 3711 section 9.1).
        if !window.is_new(index) {
            return Err(Error::Replayed);
        }
        let trailer = Trailer::RollOver((index >> 16) as u32);
        let length = self
            .rtp
            .seal(data, clear, length, Place { ssrc, index }, trailer)
            .ok_or(Error::Exhausted)?;
        self.note(ssrc, |stream| stream.rtp.note(index));
        Ok(length)
    }

    /// Make an SRTP packet an RTP packet, in place; gives its length.
    pub fn unprotect_rtp(&mut self, data: &mut [u8]) -> Result<usize, Error> {
        let (clear, ssrc, sequence) = rtp_header(data).ok_or(Error::Malformed)?;
        let window = self.windows(ssrc).0;
        let index = index_of(&window, sequence);
        if self.replay_protection && !window.is_new(index) {
            return Err(Error::Replayed);
        }
        let trailer = Trailer::RollOver((index >> 16) as u32);
        let length = self
            .rtp
            .open(data, clear, Place { ssrc, index }, trailer, true)
            .ok_or(Error::NotGenuine)?;
        self.note(ssrc, |stream| stream.rtp.note(index));
        Ok(length)
    }

    /// Make a compound RTCP packet an SRTCP packet.
    pub fn protect_rtcp(&mut self, data: &mut Vec<u8>) -> Result<(), Error> {
        let ssrc = rtcp_ssrc(data).ok_or(Error::Malformed)?;
        let index = self.windows(ssrc).1.highest().unwrap_or(0) + 1;
        let word = u32::try_from(index)
            .ok()
            .filter(|index| index & ENCRYPTED == 0)
            .ok_or(Error::Exhausted)?
            | ENCRYPTED;
        let length = data.len();
        data.resize(length + 4 + self.rtcp.tag(), 0);
        self.rtcp
            .seal(
                data,
                RTCP_CLEAR,
                length,
                Place { ssrc, index },
                Trailer::Index(word),
            )
            .ok_or(Error::Exhausted)?;
        self.note(ssrc, |stream| stream.rtcp.note(index));
        Ok(())
    }

    /// Make an SRTCP packet an RTCP packet, in place; gives its length.
    pub fn unprotect_rtcp(&mut self, data: &mut [u8]) -> Result<usize, Error> {
        let ssrc = rtcp_ssrc(data).ok_or(Error::Malformed)?;
        // The index word is before the tag in counter mode and last with GCM.
        let end = if self.suite.is_aead() {
            data.len()
        } else {
            data.len().saturating_sub(self.rtcp.tag())
        };
        let word = end
            .checked_sub(4)
            .and_then(|start| data.get(start..end)?.try_into().ok())
            .map(u32::from_be_bytes)
            .ok_or(Error::Malformed)?;
        let index = u64::from(word & !ENCRYPTED);
        if self.replay_protection && !self.windows(ssrc).1.is_new(index) {
            return Err(Error::Replayed);
        }
        let encrypted = word & ENCRYPTED != 0;
        let length = self
            .rtcp
            .open(
                data,
                RTCP_CLEAR,
                Place { ssrc, index },
                Trailer::Index(word),
                encrypted,
            )
            .ok_or(Error::NotGenuine)?;
        self.note(ssrc, |stream| stream.rtcp.note(index));
        Ok(length)
    }
}

/// Where the payload starts, SSRC and sequence number.
fn rtp_header(data: &[u8]) -> Option<(usize, u32, u16)> {
    let fixed = data.first_chunk::<HEADER>()?;
    if fixed[0] >> 6 != 2 {
        return None;
    }
    let mut clear = HEADER + 4 * usize::from(fixed[0] & 0x0f);
    if fixed[0] & 0x10 != 0 {
        let words = data.get(clear + 2..clear + 4)?;
        clear += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
    }
    let ssrc = u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]);
    (clear <= data.len()).then_some((clear, ssrc, u16::from_be_bytes([fixed[2], fixed[3]])))
}

fn rtcp_ssrc(data: &[u8]) -> Option<u32> {
    let fixed = data.first_chunk::<RTCP_CLEAR>()?;
    (fixed[0] >> 6 == 2).then_some(u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]))
}

/// The 48-bit index that a sequence number most likely stands for (RFC 3711 section 3.3.1).
fn index_of(window: &Replay, sequence: u16) -> u64 {
    let Some(highest) = window.highest() else {
        return u64::from(sequence);
    };
    let ahead = i64::from(sequence.wrapping_sub(highest as u16) as i16);
    // Before the very first roll-over there is nothing to go back to.
    highest
        .checked_add_signed(ahead)
        .unwrap_or(u64::from(sequence))
}

#[cfg(test)]
#[path = "srtp_tests.rs"]
mod tests;
