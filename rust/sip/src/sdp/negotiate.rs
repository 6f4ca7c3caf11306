//! What becomes of one m-line: our side of it, and what both sides have agreed on.

use std::borrow::Cow;
use std::sync::Arc;

use super::codec::{Codec, Word, keep_first_codec, word};
use super::media::{Direction, Lines, Media, is_rtp, number};
use super::{SdpError, one_line, one_word};

/// Events 0-15 are the keys, 16 is the hook flash (RFC 4733 section 3.2).
const EVENTS: &str = "0-16";

/// Packet time of RFC 3551 for audio; what a maxptime is compared with when nobody says a ptime.
const USUAL_PTIME: u16 = 20;

/// RTP clock of all video formats.
const VIDEO_CLOCK: u32 = 90_000;

/// Whose order of codecs rules in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Order {
    Local,
    #[default]
    Remote,
}

/// What we are ready to use for one m-line.
#[derive(Clone, Debug)]
pub struct LocalMedia {
    kind: Word,
    port: u16,
    codecs: Vec<Codec>,
    /// telephone-event as configured; from these the events of each clock rate are made.
    events: Vec<Codec>,
    formats: Box<str>,
    protos: Vec<Word>,
    address: Option<Arc<str>>,
    direction: Direction,
    ptime: Option<u16>,
    maxptime: Option<u16>,
    rtcp_mux: bool,
    attributes: Vec<(String, Option<String>)>,
    order: Order,
    keep_first: bool,
}

/// Arguments of [`LocalMedia::new`].
#[derive(Clone, Debug, Default)]
pub struct NewLocalMedia {
    pub kind: String,
    pub port: u16,
    pub codecs: Vec<Codec>,
    pub formats: Vec<String>,
    pub protos: Vec<String>,
    pub address: Option<Arc<str>>,
    pub direction: Direction,
    pub ptime: Option<u16>,
    pub maxptime: Option<u16>,
    pub rtcp_mux: bool,
    pub attributes: Vec<(String, Option<String>)>,
    pub order: Order,
    pub keep_first: bool,
}

impl LocalMedia {
    /// An error for text that would break an SDP line, or when there is nothing to offer.
    pub fn new(new: NewLocalMedia) -> Result<Self, SdpError> {
        one_word(&new.kind)?;
        if new.protos.is_empty() {
            return Err(SdpError::usage("no profile"));
        }
        new.protos.iter().try_for_each(|proto| one_word(proto))?;
        new.formats.iter().try_for_each(|text| one_word(text))?;
        for (name, value) in &new.attributes {
            one_word(name)?;
            one_line(value.as_deref().unwrap_or(""))?;
        }
        for codec in &new.codecs {
            one_word(&codec.name)?;
            one_line(codec.fmtp.as_deref().unwrap_or(""))?;
        }
        if let Some(address) = &new.address {
            one_word(address)?;
        }
        let (events, codecs): (Vec<Codec>, Vec<Codec>) = new
            .codecs
            .into_iter()
            .partition(|codec| codec.is_telephone_event());
        let rtp = is_rtp(&new.protos[0]);
        if rtp && codecs.iter().all(Codec::is_auxiliary) {
            return Err(SdpError::usage("no codec"));
        }
        if !rtp && new.formats.is_empty() {
            return Err(SdpError::usage("no format"));
        }
        Ok(LocalMedia {
            kind: word(&new.kind),
            port: new.port,
            codecs,
            events,
            formats: new.formats.join(" ").into(),
            protos: new.protos.iter().map(|proto| word(proto)).collect(),
            address: new.address,
            direction: new.direction,
            ptime: new.ptime,
            maxptime: new.maxptime,
            rtcp_mux: new.rtcp_mux,
            attributes: new.attributes,
            order: new.order,
            keep_first: new.keep_first,
        })
    }

    pub fn kind(&self) -> &str {
        &self.kind
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Codecs first, then telephone-event.
    pub fn codecs(&self) -> impl Iterator<Item = &Codec> {
        self.codecs.iter().chain(&self.events)
    }

    /// telephone-event for one clock rate, if we do events at all.
    fn event_at(&self, clock_rate: u32) -> Option<Codec> {
        let exact = self.events.iter().find(|e| e.clock_rate == clock_rate);
        let mut event = match exact {
            Some(event) => event.clone(),
            None => Codec {
                payload_type: None,
                clock_rate,
                ..self.events.first()?.clone()
            },
        };
        if event.fmtp.is_none() {
            event.fmtp = Some(EVENTS.into());
        }
        Some(event)
    }

    fn lines(&self) -> Lines<'_> {
        Lines {
            direction: self.direction,
            ptime: self.ptime,
            maxptime: self.maxptime,
            rtcp_mux: self.rtcp_mux,
            mid: None,
            further: &self.attributes,
        }
    }

    /// Our m-line in an offer.  `numbers` are the payload types already given in this dialog; new
    /// ones are added.  `elsewhere` are those of other lines that go over the same port.
    pub(super) fn offer(
        &self,
        address: &Arc<str>,
        numbers: &mut Vec<Codec>,
        elsewhere: &[Codec],
        mid: Option<&str>,
    ) -> Result<Media, SdpError> {
        let mut codecs = self.codecs.clone();
        // The first of them has the number that they are configured with, others those that follow.
        let first = self.events.first().and_then(|event| event.payload_type);
        for (after, rate) in (0u8..).zip(clock_rates(&self.codecs)) {
            codecs.extend(self.event_at(rate).map(|event| Codec {
                payload_type: first.and_then(|first| first.checked_add(after)),
                ..event
            }));
        }
        if elsewhere.is_empty() {
            number(&mut codecs, numbers)?;
        } else {
            number(&mut codecs, &[&**numbers, elsewhere].concat())?;
        }
        remember(numbers, &codecs);
        let mut lines = self.lines();
        lines.mid = mid;
        if self.port == 0 {
            lines.direction = Direction::Inactive;
        }
        Ok(Media::build(
            self.kind.clone(),
            self.port,
            self.protos[0].clone(),
            codecs,
            &self.formats,
            lines,
            Some(self.address.clone().unwrap_or_else(|| address.clone())),
        ))
    }

    /// Our answer to an offered m-line that is in use; None when it does not fit.
    pub(super) fn answer(
        &self,
        offered: &Media,
        address: &Arc<str>,
        numbers: &mut Vec<Codec>,
    ) -> Option<Media> {
        let fits = self.port != 0
            && self.kind.eq_ignore_ascii_case(&offered.kind)
            && self
                .protos
                .iter()
                .any(|proto| proto.eq_ignore_ascii_case(&offered.proto));
        if !fits {
            return None;
        }
        let codecs = if offered.is_rtp() {
            let codecs = self.answer_codecs(offered);
            if codecs.iter().all(Codec::is_auxiliary) {
                return None;
            }
            codecs
        } else {
            let first = |text: &str| text.split(' ').next().unwrap_or("").to_ascii_lowercase();
            if first(&self.formats) != first(&offered.formats) {
                return None;
            }
            Vec::new()
        };
        remember(numbers, &codecs);
        let direction = self
            .direction
            .narrowed(offered.effective_direction().reversed());
        let lines = Lines {
            direction,
            ptime: self.ptime.or(offered.ptime),
            rtcp_mux: self.rtcp_mux && offered.rtcp_mux,
            // RFC 5888 section 9.1: an answer repeats the mid of the offer.
            mid: offered.mid(),
            ..self.lines()
        };
        Some(Media::build(
            self.kind.clone(),
            self.port,
            offered.proto.clone(),
            codecs,
            &self.formats,
            lines,
            Some(self.address.clone().unwrap_or_else(|| address.clone())),
        ))
    }

    /// The formats both know, with the offerer's payload types (RFC 3264 section 6.1).
    fn answer_codecs(&self, offered: &Media) -> Vec<Codec> {
        let as_answer = |ours: &Codec, theirs: &Codec| Codec {
            fmtp: ours.answer_fmtp(theirs),
            ..theirs.clone()
        };
        let mut codecs: Vec<Codec> = match self.order {
            Order::Remote => offered
                .codecs
                .iter()
                .filter_map(|theirs| {
                    let ours = self.codecs.iter().find(|ours| ours.matches(theirs))?;
                    Some(as_answer(ours, theirs))
                })
                .collect(),
            Order::Local => {
                let mut chosen: Vec<Codec> = Vec::with_capacity(self.codecs.len());
                for ours in &self.codecs {
                    // Of video, which is passed on as it is, all variants: the far end of the other leg may know one.
                    let most = if ours.clock_rate == VIDEO_CLOCK {
                        usize::MAX
                    } else {
                        1
                    };
                    let fitting = offered.codecs.iter().filter(|theirs| ours.matches(theirs));
                    let fresh = fitting.take(most).filter(|c| {
                        chosen
                            .iter()
                            .all(|known| known.payload_type != c.payload_type)
                    });
                    let fresh: Vec<Codec> = fresh.map(|theirs| as_answer(ours, theirs)).collect();
                    chosen.extend(fresh);
                }
                chosen
            }
        };
        if self.keep_first {
            keep_first_codec(&mut codecs);
        }
        if self.events.is_empty() {
            return codecs;
        }
        let event_as_answer = |theirs: &Codec| {
            self.event_at(theirs.clock_rate).map(|ours| Codec {
                fmtp: ours.fmtp,
                ..theirs.clone()
            })
        };
        let rates = clock_rates(&codecs);
        let offered_events = || offered.codecs.iter().filter(|c| c.is_telephone_event());
        let before = codecs.len();
        // In the codecs' order, so that the first one goes with the codec that is used.
        codecs.extend(
            rates
                .iter()
                .flat_map(|rate| offered_events().filter(|event| event.clock_rate == *rate))
                .filter_map(event_as_answer),
        );
        if codecs.len() == before {
            // Phones that offer opus with telephone-event/8000 alone expect it to be used.
            codecs.extend(offered_events().next().and_then(event_as_answer));
        }
        codecs
    }
}

/// The different clock rates of the codecs proper, in order.
fn clock_rates(codecs: &[Codec]) -> Vec<u32> {
    let mut rates = Vec::with_capacity(2);
    for codec in codecs.iter().filter(|codec| !codec.is_auxiliary()) {
        if !rates.contains(&codec.clock_rate) {
            rates.push(codec.clock_rate);
        }
    }
    rates
}

/// Note which payload type means which format from now on.
fn remember(numbers: &mut Vec<Codec>, codecs: &[Codec]) {
    for codec in codecs {
        let known = numbers
            .iter()
            .any(|old| old.payload_type == codec.payload_type && old.matches(codec));
        if !known {
            numbers.retain(|old| old.payload_type != codec.payload_type && !old.matches(codec));
            numbers.push(codec.clone());
        }
    }
}

/// What one m-line has become after offer and answer, from our side.
#[derive(Clone, Debug)]
pub struct AgreedMedia {
    pub kind: Word,
    pub proto: Word,
    /// Port 0 on either side, or no codec in common: nothing flows.
    pub rejected: bool,
    /// Ours.
    pub direction: Direction,
    pub local_port: u16,
    pub rtcp_mux: bool,
    /// What we may send, with the peer's payload types, in the answer's order; the first is to be used.
    pub send: Vec<Codec>,
    /// What we may get, with our payload types.
    pub receive: Vec<Codec>,
    pub send_event: Option<Codec>,
    pub receive_events: Vec<Codec>,
    pub ptime: Option<u16>,
    pub remote_held: bool,
    /// The peer's m-line.
    pub remote: Arc<Media>,
}

impl AgreedMedia {
    /// `local_answers`: ours is the answer, its order rules.
    pub(super) fn new(local: &Media, remote: &Arc<Media>, local_answers: bool) -> Self {
        let mut agreed = AgreedMedia {
            kind: local.kind.clone(),
            proto: local.proto.clone(),
            rejected: local.port == 0 || remote.port == 0,
            direction: Direction::Inactive,
            local_port: local.port,
            rtcp_mux: local.rtcp_mux && remote.rtcp_mux,
            send: Vec::new(),
            receive: Vec::new(),
            send_event: None,
            receive_events: Vec::new(),
            ptime: None,
            remote_held: false,
            remote: remote.clone(),
        };
        if agreed.rejected {
            return agreed;
        }
        let (answer, offer) = if local_answers {
            (local, &**remote)
        } else {
            (&**remote, local)
        };
        let mut events = Vec::new();
        for answered in &answer.codecs {
            let same_number = offer
                .codecs
                .iter()
                .find(|c| c.payload_type == answered.payload_type && c.matches(answered));
            let Some(offered) =
                same_number.or_else(|| offer.codecs.iter().find(|c| c.matches(answered)))
            else {
                continue;
            };
            let (ours, theirs) = if local_answers {
                (answered, offered)
            } else {
                (offered, answered)
            };
            if answered.is_telephone_event() {
                agreed.receive_events.push(ours.clone());
                events.push(theirs.clone());
            } else {
                agreed.receive.push(ours.clone());
                agreed.send.push(theirs.clone());
            }
        }
        // A careless answer may put comfort noise first; it is no codec to send with.
        agreed.send.sort_by_key(Codec::is_auxiliary);
        agreed.receive.sort_by_key(Codec::is_auxiliary);
        if local.is_rtp() && agreed.send.first().is_none_or(Codec::is_auxiliary) {
            agreed.rejected = true;
            return agreed;
        }
        let rate = agreed.send.first().map(|codec| codec.clock_rate);
        agreed.send_event = events
            .iter()
            .find(|event| Some(event.clock_rate) == rate)
            .or_else(|| events.first())
            .cloned();
        agreed.direction = local
            .direction
            .narrowed(remote.effective_direction().reversed());
        agreed.remote_held = remote.held();
        agreed.ptime = match (remote.ptime, remote.maxptime) {
            (Some(ptime), Some(most)) => Some(ptime.min(most)),
            (Some(ptime), None) => Some(ptime),
            (None, Some(most)) if most < USUAL_PTIME => Some(most),
            (None, _) => None,
        };
        agreed
    }

    pub fn remote_address(&self) -> Option<&str> {
        self.remote.address.as_deref()
    }

    pub fn remote_port(&self) -> u16 {
        self.remote.port
    }

    /// Where our RTCP goes: with rtcp-mux only when both said so.
    pub fn remote_rtcp(&self) -> Option<(Cow<'_, str>, u16)> {
        if self.rejected {
            return None;
        }
        if self.remote.rtcp_mux && !self.rtcp_mux {
            let port = self.remote.port.checked_add(1)?;
            return Some((self.remote.address.as_deref()?.into(), port));
        }
        self.remote.rtcp().map(|(host, port)| (host.into(), port))
    }
}
