//! What a port carries beside audio: video, whose packets are only relayed and whose receivers ask for pictures, and
//! datagrams (T.38 over UDPTL), which are passed on as they are.
use super::{Output, Port};
use crate::Nanos;
use crate::codecs::Format;
use crate::rtp::feedback::{self, Feedback};
use crate::rtp::rtcp;
use crate::rtp::send::Source;
use crate::rtp::source::Verdict;
use crate::stats::Kind;
use std::net::SocketAddr;

/// What the packets of a port are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carries {
    #[default]
    Audio,
    /// RTP that is relayed as it is, with feedback of its receivers.
    Video,
    /// UDPTL (ITU-T T.38): a sequence number, and then what is of no concern here.
    Datagrams,
}

/// Time between two requests for a picture that are passed on: a picture takes its sender longer than that.
const PICTURE_PAUSE: Nanos = 250_000_000;

/// State of a port of video.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    requested: Option<Nanos>,
    number: u8,
}

impl Port {
    #[must_use]
    pub fn carries(&self) -> Carries {
        self.carries
    }

    /// The payload type under which this format of video is sent; another variant of the same codec rather than nothing.
    pub(super) fn type_of(&self, format: Format) -> Option<u8> {
        let first = (self.codecs.send_type, self.codecs.send);
        let mut known = std::iter::once(first).chain(self.codecs.further.iter().copied());
        let mut others = known.clone();
        known
            .find(|(_, ours)| *ours == format)
            .or_else(|| others.find(|(_, ours)| ours.is_variant_of(format)))
            .map(|(kind, _)| kind)
    }

    /// What the far end asks of the sender of the stream that we pass on to it: for the port `source` of that stream.
    #[must_use]
    pub fn feedback(&self, data: &[u8], source: &Port) -> Option<Feedback> {
        if self.carries != Carries::Video {
            return None;
        }
        let mut asked = feedback::read(data, self.tx.ssrc);
        let theirs = Source::Relay {
            port: source.id,
            ssrc: source.rx.ssrc()?,
        };
        if !asked.lost.is_empty() {
            match self.tx.offset_of(theirs) {
                Some(offset) => asked
                    .lost
                    .iter_mut()
                    .for_each(|(first, _)| *first = first.wrapping_sub(offset)),
                None => asked.lost.clear(),
            }
        }
        (!asked.is_empty()).then_some(asked)
    }

    /// Ask the far end for something concerning the stream that it sends.
    pub fn ask(&mut self, mut asked: Feedback, now: Nanos, cname: &str, out: &mut impl Output) {
        let (Some(about), Some(to)) = (self.rx.ssrc(), self.rtcp_destination()) else {
            return; // it has not begun: its first picture is a whole one
        };
        let pictures = self.pictures.get_or_insert_default();
        if asked.picture || asked.full {
            if pictures
                .requested
                .is_some_and(|at| now.saturating_sub(at) < PICTURE_PAUSE)
            {
                (asked.picture, asked.full) = (false, false);
            } else {
                pictures.requested = Some(now);
                pictures.number = pictures.number.wrapping_add(u8::from(asked.full));
            }
        }
        if asked.is_empty() {
            return;
        }
        let number = pictures.number;
        let mut data = Vec::with_capacity(128);
        rtcp::write(&mut data, self.tx.ssrc, None, None, cname, false);
        feedback::write(&mut data, &asked, self.tx.ssrc, about, number);
        self.send_control(data, to, out);
    }

    /// What to ask the far end for when somebody begins to look: a picture that stands alone.
    #[must_use]
    pub fn wants_picture(&self) -> Option<Feedback> {
        (self.carries == Carries::Video).then(|| Feedback {
            picture: true,
            ..Feedback::default()
        })
    }

    /// The SSRCs that the far end has named for this stream (RFC 5576).
    pub fn set_sources(&mut self, sources: Vec<u32>) {
        self.sources = sources;
    }

    #[must_use]
    pub fn has_source(&self, ssrc: u32) -> bool {
        self.sources.contains(&ssrc)
    }

    #[must_use]
    pub fn knows_sources(&self) -> bool {
        !self.sources.is_empty()
    }

    /// Whether it has use for packets of this payload type.
    #[must_use]
    pub fn takes(&self, payload_type: u8) -> bool {
        let codecs = &self.codecs;
        codecs.receive.iter().any(|(kind, _)| *kind == payload_type)
            || codecs
                .event_receive
                .iter()
                .any(|(kind, _)| *kind == payload_type)
    }

    /// Where the carrier sends.
    pub fn borrow_destination(&mut self, to: Option<SocketAddr>) {
        self.destination = to;
    }

    /// Whether a datagram from this address is passed on.
    pub fn judge_datagram(
        &mut self,
        from: SocketAddr,
        data: &[u8],
        now: Nanos,
        out: &mut impl Output,
    ) -> bool {
        let Some([high, low]) = data.first_chunk() else {
            self.stats.drop_invalid.add(1);
            return false;
        };
        let sequence = u16::from_be_bytes([*high, *low]);
        match self.guard.judge(from, 0, sequence, now) {
            Verdict::Dropped => {
                self.stats.drop_source.add(1);
                return false;
            }
            Verdict::Locked => {
                if let Ok(mut source) = self.stats.source.lock() {
                    *source = Some(from);
                }
                self.aim();
                let differs = self.remote != Some(from);
                out.event(self.event(Kind::Source, 0, from.to_string(), i64::from(differs)));
            }
            Verdict::Heard => {}
        }
        self.stats.rx_packets.add(1);
        self.stats.rx_bytes.add(data.len() as u64);
        self.stats.rx_at.set(now);
        true
    }

    /// A datagram goes to the far end: where to.
    pub fn pass_datagram(&mut self, length: usize) -> Option<SocketAddr> {
        let to = self.destination.filter(|_| self.send_on)?;
        self.stats.tx_packets.add(1);
        self.stats.tx_bytes.add(length as u64);
        Some(to)
    }
}
