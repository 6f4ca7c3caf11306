//! The offer/answer state of one dialog (RFC 3264).

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;

use super::attributes::AttributesBuilder;
use super::codec::Codec;
use super::media::{Direction, Media};
use super::negotiate::{AgreedMedia, LocalMedia};
use super::{Attributes, Sdp, SdpError, one_line, one_word};

/// As many m-lines as we would parse.
const MAX_LINES: usize = 32;

/// Whose offer waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum State {
    #[default]
    Stable,
    LocalOffer,
    RemoteOffer,
}

/// Offer/answer of one dialog.
///
/// | state | offer() | remote_offer() | answer() | remote_answer() | rollback() |
/// |---|---|---|---|---|---|
/// | stable | local-offer | remote-offer | 500 | 500, or stable when our offer came last | stable |
/// | local-offer | 491 | 491 | 500 | stable | stable |
/// | remote-offer | 491 | 500 | stable | 500 | stable |
#[derive(Clone, Debug)]
pub struct OfferAnswer {
    username: Box<str>,
    session_name: Box<str>,
    session_id: u64,
    /// Whether all streams may go over one port (RFC 9143).
    bundle: bool,
    state: State,
    pending: Option<Arc<Sdp>>,
    local: Option<Arc<Sdp>>,
    remote: Option<Arc<Sdp>>,
    /// The last description that we sent, in force or not: what the version is counted from.
    sent: Option<Arc<Sdp>>,
    /// The offer in force was ours: another answer to it (early media, then the 200) is possible.
    offered_last: bool,
    agreed: Vec<Arc<AgreedMedia>>,
    /// For each m-line the payload types that we have given a meaning.
    numbers: Vec<Vec<Codec>>,
}

impl OfferAnswer {
    /// `session_id` None: random.  An error for names that would break the o= or s= line.
    pub fn new(
        session_id: Option<u64>,
        username: &str,
        session_name: &str,
        bundle: bool,
    ) -> Result<Self, SdpError> {
        one_word(username)?;
        one_line(session_name)?;
        Ok(OfferAnswer {
            username: username.into(),
            session_name: session_name.into(),
            // 31 bits: some devices read the id into a signed int.
            session_id: session_id
                .unwrap_or_else(|| RandomState::new().hash_one(0u8) & 0x7fff_ffff),
            bundle,
            state: State::Stable,
            pending: None,
            local: None,
            remote: None,
            sent: None,
            offered_last: false,
            agreed: Vec::new(),
            numbers: Vec::new(),
        })
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn pending(&self) -> Option<&Arc<Sdp>> {
        self.pending.as_ref()
    }

    pub fn local(&self) -> Option<&Arc<Sdp>> {
        self.local.as_ref()
    }

    pub fn remote(&self) -> Option<&Arc<Sdp>> {
        self.remote.as_ref()
    }

    pub fn agreed(&self) -> &[Arc<AgreedMedia>] {
        &self.agreed
    }

    /// Make our offer; line i is made of `media[i]`, and switched off where that is none.
    pub fn offer(
        &mut self,
        media: &[Option<&LocalMedia>],
        address: &str,
    ) -> Result<Arc<Sdp>, SdpError> {
        if self.state != State::Stable {
            return Err(SdpError::new(491, "another offer waits for its answer"));
        }
        one_word(address)?;
        let before: &[Arc<Media>] = self.local.as_ref().map_or(&[], |sdp| &sdp.media);
        let lines = before.len().max(media.len());
        if lines == 0 || lines > MAX_LINES {
            return Err(SdpError::usage("an offer has 1 to 32 m-lines"));
        }
        let address: Arc<str> = address.into();
        self.numbers.resize_with(lines, Vec::new);
        let mut made = Vec::with_capacity(lines);
        // On one port a payload type has one meaning, whatever the line (RFC 9143 section 9.3).
        let mut elsewhere: Vec<Codec> = Vec::new();
        for (index, numbers) in self.numbers.iter_mut().enumerate() {
            let old = before.get(index);
            let mid = old.and_then(|old| old.mid()).map(str::to_owned);
            let line = match (media.get(index).copied().flatten(), old) {
                (Some(ours), old) => {
                    if old.is_some_and(|old| old.kind != ours.kind()) {
                        // Another kind of media in the place of the old one (RFC 3264 section 8.3.2), as gateways
                        // do when a call turns into a fax.
                        numbers.clear();
                    }
                    let mid = mid.or_else(|| self.bundle.then(|| index.to_string()));
                    let line = ours.offer(&address, numbers, &elsewhere, mid.as_deref())?;
                    if self.bundle {
                        elsewhere.extend_from_slice(&line.codecs);
                    }
                    line
                }
                (None, Some(old)) => old.disabled(),
                (None, None) => return Err(SdpError::usage("an m-line without media")),
            };
            made.push(Arc::new(line));
        }
        let group = self.group(&made, None);
        let sdp = self.describe(made, address, group);
        self.pending = Some(sdp.clone());
        self.state = State::LocalOffer;
        Ok(sdp)
    }

    /// The peer offers.
    pub fn remote_offer(&mut self, sdp: Arc<Sdp>) -> Result<(), SdpError> {
        match self.state {
            State::LocalOffer => return Err(SdpError::new(491, "our own offer waits")),
            State::RemoteOffer => {
                return Err(SdpError::new(500, "an offer before the last was answered"));
            }
            State::Stable => {}
        }
        if let Some(before) = &self.remote
            && sdp.media.len() < before.media.len()
        {
            return Err(SdpError::new(
                488,
                "an offer with fewer m-lines than before",
            ));
        }
        self.pending = Some(sdp);
        self.state = State::RemoteOffer;
        Ok(())
    }

    /// Answer the waiting offer; each line of it takes the first of `media` that fits and is not taken yet.
    pub fn answer(&mut self, media: &[&LocalMedia], address: &str) -> Result<Arc<Sdp>, SdpError> {
        let mut used = vec![false; media.len()];
        self.answer_with(address, |_, offered, address, numbers| {
            for (ours, used) in media.iter().zip(&mut used).filter(|(_, used)| !**used) {
                let line = ours.answer(offered, address, numbers);
                if line.is_some() {
                    *used = true;
                    return line;
                }
            }
            None
        })
    }

    /// Answer the waiting offer; line i is made of `media[i]`, and refused where that is none or does not fit.
    pub fn answer_lines(
        &mut self,
        media: &[Option<&LocalMedia>],
        address: &str,
    ) -> Result<Arc<Sdp>, SdpError> {
        self.answer_with(address, |index, offered, address, numbers| {
            media
                .get(index)
                .copied()
                .flatten()?
                .answer(offered, address, numbers)
        })
    }

    fn answer_with(
        &mut self,
        address: &str,
        mut make: impl FnMut(usize, &Media, &Arc<str>, &mut Vec<Codec>) -> Option<Media>,
    ) -> Result<Arc<Sdp>, SdpError> {
        let offer = match (&self.state, &self.pending) {
            (State::RemoteOffer, Some(offer)) => offer.clone(),
            _ => return Err(SdpError::usage("no offer to answer")),
        };
        one_word(address)?;
        let address: Arc<str> = address.into();
        if self.numbers.len() < offer.media.len() {
            self.numbers.resize_with(offer.media.len(), Vec::new);
        }
        let mut made = Vec::with_capacity(offer.media.len());
        for (index, (offered, numbers)) in offer.media.iter().zip(&mut self.numbers).enumerate() {
            let before = self.local.as_ref().and_then(|sdp| sdp.media.get(index));
            if before.is_some_and(|before| before.kind != offered.kind) {
                numbers.clear();
            }
            let line = (offered.port != 0)
                .then(|| make(index, offered, &address, numbers))
                .flatten();
            made.push(Arc::new(line.unwrap_or_else(|| offered.disabled())));
        }
        if offer.accepted() && made.iter().all(|line| line.port == 0) {
            return Err(SdpError::new(488, "no m-line of the offer is acceptable"));
        }
        let group = self.group(&made, Some(&offer));
        let answer = self.describe(made, address, group);
        self.agreed = pair(&answer, &offer, true);
        self.local = Some(answer.clone());
        self.remote = Some(offer);
        self.offered_last = false;
        self.settle();
        Ok(answer)
    }

    /// The peer answers our offer, or answers it anew.
    pub fn remote_answer(&mut self, sdp: Arc<Sdp>) -> Result<(), SdpError> {
        let offer = match (self.state, &self.pending, &self.local) {
            (State::LocalOffer, Some(offer), _) => offer.clone(),
            (State::Stable, _, Some(local)) if self.offered_last => local.clone(),
            _ => return Err(SdpError::usage("no offer that this could answer")),
        };
        if sdp.media.len() != offer.media.len() {
            return Err(SdpError::new(488, "answer and offer differ in m-lines"));
        }
        let kinds_fit =
            offer.media.iter().zip(&sdp.media).all(|(ours, theirs)| {
                theirs.port == 0 || ours.kind.eq_ignore_ascii_case(&theirs.kind)
            });
        if !kinds_fit {
            return Err(SdpError::new(
                488,
                "the answer's m-lines are in another order",
            ));
        }
        let agreed = pair(&offer, &sdp, false);
        if sdp.accepted() && offer.accepted() && agreed.iter().all(|line| line.rejected) {
            return Err(SdpError::new(
                488,
                "the answer has no codec that was offered",
            ));
        }
        self.agreed = agreed;
        self.local = Some(offer);
        self.remote = Some(sdp);
        self.offered_last = true;
        self.settle();
        Ok(())
    }

    /// The waiting offer came to nothing.
    pub fn rollback(&mut self) {
        self.settle();
    }

    fn settle(&mut self) {
        self.pending = None;
        self.state = State::Stable;
    }

    /// The BUNDLE group: the m-lines in use that share the port of the first, in an answer those of them that
    /// were offered in one.
    fn group(&self, media: &[Arc<Media>], offer: Option<&Sdp>) -> Attributes {
        let mut lines = AttributesBuilder::default();
        let offered: Option<Vec<&str>> = offer.map(|offer| {
            let group = offer.attributes.get_all("group");
            let bundle = group.filter_map(|value| value.strip_prefix("BUNDLE "));
            bundle.flat_map(str::split_ascii_whitespace).collect()
        });
        let mut mids: Vec<&str> = Vec::new();
        let mut port = 0;
        for line in media.iter().filter(|line| line.port != 0) {
            let Some(mid) = line.mid() else { continue };
            if offered.as_ref().is_some_and(|known| !known.contains(&mid)) {
                continue;
            }
            if port == 0 {
                port = line.port;
            }
            if line.port == port && !mids.contains(&mid) {
                mids.push(mid);
            }
        }
        if self.bundle && !mids.is_empty() {
            lines.pair("group", Some(&format!("BUNDLE {}", mids.join(" "))));
        }
        lines.build()
    }

    /// Our next description; the version goes up when it differs from the last one sent.
    fn describe(
        &mut self,
        media: Vec<Arc<Media>>,
        address: Arc<str>,
        attributes: Attributes,
    ) -> Arc<Sdp> {
        let mut sdp = Sdp {
            username: self.username.clone(),
            session_id: self.session_id,
            session_version: 0,
            origin_address: address.clone(),
            session_name: self.session_name.clone(),
            address: Some(address),
            direction: Direction::SendRecv,
            bandwidth: Vec::new(),
            attributes,
            media,
        };
        sdp.session_version = match &self.sent {
            None => self.session_id,
            Some(sent) if sent.same_description(&sdp) => return sent.clone(),
            Some(sent) => sent.session_version.wrapping_add(1),
        };
        let sdp = Arc::new(sdp);
        self.sent = Some(sdp.clone());
        sdp
    }
}

fn pair(local: &Sdp, remote: &Sdp, local_answers: bool) -> Vec<Arc<AgreedMedia>> {
    local
        .media
        .iter()
        .zip(&remote.media)
        .map(|(ours, theirs)| Arc::new(AgreedMedia::new(ours, theirs, local_answers)))
        .collect()
}
