//! What goes out: relayed packets, frames made here (files, tones, digits), RTCP reports, time-outs.
use super::{Accepted, Carries, MAX_PTIME, Media, Output, Port};
use crate::Nanos;
use crate::rtp::packet::{HEADER, Header};
use crate::rtp::rtcp::{self, Heard};
use crate::rtp::send::Source;
use crate::rtp::telephone_event::{Digit, DigitSender, Edge, Edges, Payload, Step};
use crate::stats::{Dropped, Kind};
use crate::tones::{Generator, dtmf_segment};
use std::ops::Range;

/// Sample rate of tones and digits, in Hz.
const RATE: u32 = 8000;
/// Level of each of the two tones of a digit sent in band, dBm0.
const DTMF_LEVEL: f64 = -8.0;
/// Volume field of our telephone-events: -10 dBm0, as gateways that make tones of it expect.
const DTMF_VOLUME: u8 = 10;
/// A relayed digit that never ends is cut here.
const LONGEST_TONE_MS: u32 = 8000;
/// Average time between RTCP reports (RFC 3550 section 6.2), spread over 0.5 to 1.5 of it.
const RTCP_INTERVAL: Nanos = 5_000_000_000;

/// Packets made in one tick, one after the other in one buffer that is used again.
#[derive(Debug, Default)]
pub struct Frames {
    pub data: Vec<u8>,
    pub packets: Vec<Range<usize>>,
    /// Samples of the frame in hand.
    pub(super) samples: Vec<i16>,
}

impl Frames {
    /// Room for a header; the payload is to follow in `data`.
    pub(super) fn begin(&mut self) -> usize {
        let start = self.data.len();
        self.data.resize(start + HEADER, 0);
        start
    }

    /// Octets of the payload begun there.
    pub(super) fn payload(&self, start: usize) -> usize {
        self.data.len() - start - HEADER
    }

    /// The packet begun there is complete.
    pub(super) fn end(&mut self, start: usize, header: Header) {
        self.data[start..start + HEADER].copy_from_slice(&header.bytes());
        self.packets.push(start..self.data.len());
    }

    /// The packet begun there is not to be sent.
    pub(super) fn give_up(&mut self, start: usize) {
        self.data.truncate(start);
    }

    fn push(&mut self, header: Header, payload: &[u8]) {
        let start = self.data.len();
        self.data.extend_from_slice(&header.bytes());
        self.data.extend_from_slice(payload);
        self.packets.push(start..start + HEADER + payload.len());
    }

    pub fn clear(&mut self) {
        self.data.clear();
        self.packets.clear();
    }
}

/// What so many units of one clock are in another's.
fn scaled(units: u32, to: u32, from: u32) -> u32 {
    let units = u64::from(units) * u64::from(to) / u64::from(from.max(1));
    units.min(u32::MAX.into()) as u32
}

impl Port {
    /// Whether something made here has the say, so that the bridge is not heard.
    pub(super) fn occupied(&self) -> bool {
        self.player
            .as_ref()
            .is_some_and(|p| p.sounding() && !p.paused)
            || self.digits.as_ref().is_some_and(|d| d.sending())
            || self.relayed_tone.is_some()
            || self.digit_tone.is_some()
    }

    /// Make an accepted packet of another port (or of this one: echo) our own, in place.
    /// Gives where in `data` the packet to be sent lies.
    pub fn relay(
        &mut self,
        data: &mut [u8],
        payload: Range<usize>,
        accepted: &Accepted,
        now: Nanos,
    ) -> Result<Option<Range<usize>>, Dropped> {
        let Accepted {
            source,
            mut header,
            media,
            muted,
            clock,
        } = *accepted;
        let open = self.send_on && (self.destination.is_some() || self.pipe.is_some());
        let covers = match media {
            Media::Audio(format) if open && self.carries == Carries::Video => {
                let Some(payload_type) = self.type_of(format) else {
                    self.tx.relay_consumed(source, header.sequence);
                    self.stats.drop_other.add(1);
                    return Err(Dropped::Format);
                };
                header.payload_type = payload_type;
                0 // the packets of one picture share its time
            }
            Media::Audio(format) if open && !muted && !self.occupied() => {
                let bytes = &mut data[payload.clone()];
                if !format.convert(self.codecs.send, bytes) {
                    self.tx.relay_consumed(source, header.sequence);
                    self.stats.drop_other.add(1);
                    return Err(Dropped::Format);
                }
                if self.mute_out && !self.codecs.send.silence(bytes) {
                    self.tx.relay_consumed(source, header.sequence);
                    return Ok(None);
                }
                header.payload_type = self.codecs.send_type;
                self.transcodes = false;
                self.codecs
                    .send
                    .covers(&data[payload.clone()], self.codecs.ptime_ms)
            }
            Media::Event(edges) if open => match self.codecs.event_send {
                Some((payload_type, ours)) if !self.occupied() => {
                    if self.transcodes || clock != ours {
                        return Ok(self.retell_event(data, payload, &edges, clock, now));
                    }
                    header.payload_type = payload_type;
                    Payload::parse(&data[payload.clone()]).map_or(0, |p| {
                        scaled(p.duration.into(), self.codecs.send.clock, ours)
                    })
                }
                Some(_) => {
                    self.tx.relay_consumed(source, header.sequence);
                    return Ok(None);
                }
                None => {
                    edges.iter().for_each(|edge| self.relay_tone(edge));
                    self.tx.relay_consumed(source, header.sequence);
                    return Ok(None);
                }
            },
            Media::Noise if open && !muted && !self.mute_out && !self.occupied() => {
                let Some(payload_type) = self.noise_type(clock) else {
                    self.tx.relay_consumed(source, header.sequence);
                    return Ok(None);
                };
                if self.transcodes {
                    return Ok(self.retell_noise(data, payload, (source, payload_type), now));
                }
                header.payload_type = payload_type;
                0
            }
            _ => {
                self.tx.relay_consumed(source, header.sequence);
                return Ok(None);
            }
        };
        let event = matches!(media, Media::Event(_));
        let Some(mut ours) = self.tx.relay(source, &header, covers, event, now) else {
            return Err(Dropped::Stale);
        };
        if self.carries == Carries::Video {
            ours.marker = header.marker; // it ends a picture
        }
        let Some(start) = ours.write_before(data, payload.start) else {
            return Err(Dropped::Invalid);
        };
        self.sent_one(payload.len());
        if matches!(media, Media::Noise) {
            self.pause_was_told();
        }
        Ok(Some(start..payload.end))
    }

    /// Comfort noise into a stream that we make ourselves.
    fn retell_noise(
        &mut self,
        data: &mut [u8],
        payload: Range<usize>,
        (source, payload_type): (Source, u8),
        now: Nanos,
    ) -> Option<Range<usize>> {
        let source = match source {
            Source::Relay { port, ssrc } => Source::Voice { port, ssrc },
            other => other,
        };
        let header = self.tx.generated(source, payload_type, 0, now);
        let start = header.write_before(data, payload.start)?;
        self.sent_one(payload.len());
        self.pause_was_told();
        Some(start..payload.end)
    }

    /// A telephone-event of another clock, or into a stream that we make ourselves: on our own timeline.
    fn retell_event(
        &mut self,
        data: &mut [u8],
        payload: Range<usize>,
        edges: &Edges,
        clock: u32,
        now: Nanos,
    ) -> Option<Range<usize>> {
        let (payload_type, ours) = self.codecs.event_send?;
        let bytes = data.get_mut(payload.clone())?;
        let mut event = Payload::parse(bytes)?;
        let first = edges.iter().any(|edge| matches!(edge, Edge::Begin(_)));
        if first {
            self.digit_timestamp = self.tx.begin_event(now);
        }
        let units = scaled(event.duration.into(), self.codecs.send.clock, clock);
        event.duration = scaled(event.duration.into(), ours, clock).min(0xffff) as u16;
        bytes.get_mut(..4)?.copy_from_slice(&event.bytes());
        let header = self
            .tx
            .event(payload_type, first, self.digit_timestamp, units);
        let start = header.write_before(data, payload.start)?;
        self.sent_one(payload.len());
        Some(start..payload.end)
    }

    /// The bridged port's digit as a tone, for a remote without telephone-events.
    fn relay_tone(&mut self, edge: Edge) {
        match edge {
            Edge::Begin(digit) => {
                let segment = digit
                    .chars()
                    .next()
                    .and_then(|d| dtmf_segment(d, LONGEST_TONE_MS));
                if let Some(segment) = segment {
                    self.relayed_tone =
                        Some(Box::new(Generator::new(vec![segment], false, DTMF_LEVEL)));
                    self.start_sound();
                }
            }
            Edge::End(_, ms) => {
                if let Some(tone) = &mut self.relayed_tone {
                    tone.release();
                    if ms == 0 {
                        self.relayed_tone = None;
                    }
                }
            }
        }
    }

    /// The bridge was taken away, or the digit's end was lost: a relayed tone ends.
    pub fn end_relayed_tone(&mut self) {
        if let Some(tone) = &mut self.relayed_tone {
            tone.release();
        }
    }

    #[inline]
    pub(super) fn sent_one(&mut self, octets: usize) {
        self.octets = self.octets.wrapping_add(octets as u32);
        self.stats.tx_packets.add(1);
        self.stats.tx_bytes.add(octets as u64);
    }

    /// Queue digits.
    pub fn send_digits(&mut self, digits: Vec<Digit>) {
        self.digits
            .get_or_insert_with(|| Box::new(DigitSender::default()))
            .push(digits);
    }

    /// One tick.  Packets made here are added to `frames`.
    pub fn tick(&mut self, tick_ms: u32, now: Nanos, out: &mut impl Output, frames: &mut Frames) {
        if self.events.active() {
            self.expire_event(now, out);
        }
        if self.servers.is_some() {
            self.advance_servers(now, out);
        }
        if self.ice.is_some() {
            self.advance_ice(now, out);
        }
        if self.has_handshakes() {
            self.advance_handshakes(now, out);
        }
        if !self.recorders.is_empty() {
            for recorder in &mut self.recorders {
                recorder.tick(now);
            }
            self.tend_recorders(out);
        }
        if self.hooks.is_some() {
            self.tick_hooks(tick_ms, now, out, frames);
        }
        if self.silence.is_some() {
            self.tick_silence(now, frames);
        }
        if self.digits.is_some() {
            self.tick_digits(tick_ms, now, out, frames);
        }
        if self.sounding() {
            self.credit_ms += tick_ms;
            let ptime = self.codecs.ptime_ms.clamp(5, MAX_PTIME);
            while self.credit_ms >= ptime {
                self.credit_ms -= ptime;
                if !self.frame(ptime, now, out, frames) {
                    break;
                }
            }
        }
    }

    fn sounding(&self) -> bool {
        self.relayed_tone.is_some()
            || self.digit_tone.is_some()
            || self
                .player
                .as_ref()
                .is_some_and(|p| p.sounding() && !p.paused)
    }

    /// Make one frame of whatever has the say; false when that has come to its end.
    fn frame(
        &mut self,
        ptime: u32,
        now: Nanos,
        out: &mut impl Output,
        frames: &mut Frames,
    ) -> bool {
        let rate = self.frame_rate();
        let count = (ptime * rate / 1000) as usize;
        let mut samples = std::mem::take(&mut frames.samples);
        samples.clear();
        samples.resize(count, 0);
        let goes_on = self.make_frame((&mut samples, rate), now, out, frames);
        frames.samples = samples;
        goes_on
    }

    /// Samples a second of what has the say now, Hz.
    fn frame_rate(&self) -> u32 {
        let tone = self.digit_tone.is_some() || self.relayed_tone.is_some();
        let player = self.player.as_ref().filter(|_| !tone);
        player.map_or(RATE, |player| player.rate())
    }

    fn make_frame(
        &mut self,
        (frame, rate): (&mut [i16], u32),
        now: Nanos,
        out: &mut impl Output,
        frames: &mut Frames,
    ) -> bool {
        let count = frame.len();
        let made = if let Some(tone) = &mut self.digit_tone {
            let made = tone.fill(frame);
            if tone.is_done() {
                self.digit_tone = None;
            }
            made
        } else if let Some(tone) = &mut self.relayed_tone {
            let made = tone.fill(frame);
            if tone.is_done() {
                self.relayed_tone = None;
            }
            made
        } else if self.digits.as_ref().is_some_and(|d| d.sending()) {
            return true; // A telephone-event is on; the file waits.
        } else if let Some(player) = &mut self.player {
            let made = player.fill(frame);
            let (play, hungry, dried) = (player.id, player.hungry(), player.dried());
            if hungry {
                out.event(self.event(Kind::Audio, play, "", 0));
            }
            if let Some(ms) = dried {
                out.event(self.event(Kind::Dry, play, "", ms));
            }
            if made < count {
                if made > 0 {
                    self.send_frame(frame, rate, now, frames);
                }
                self.end_play("finished", out);
                return false;
            }
            made
        } else {
            return false;
        };
        if made > 0 {
            self.send_frame(frame, rate, now, frames);
        }
        self.sounding()
    }

    fn send_frame(&mut self, samples: &[i16], rate: u32, now: Nanos, frames: &mut Frames) {
        self.speak(
            Source::Generated(self.generated),
            (samples, rate),
            0,
            now,
            frames,
        );
    }

    fn tick_digits(
        &mut self,
        tick_ms: u32,
        now: Nanos,
        out: &mut impl Output,
        frames: &mut Frames,
    ) {
        let Some(mut digits) = self.digits.take() else {
            return;
        };
        loop {
            let payload_type = self.codecs.event_send;
            let step = if payload_type.is_some() {
                digits.tick(tick_ms)
            } else {
                digits.tick_tone(tick_ms)
            };
            match (step, payload_type) {
                (Step::Begin(..), Some(_)) => self.digit_timestamp = self.tx.begin_event(now),
                (Step::Begin(digit, ms), None) => {
                    if let Some(segment) = dtmf_segment(digit, ms.max(1)) {
                        self.digit_tone =
                            Some(Box::new(Generator::new(vec![segment], false, DTMF_LEVEL)));
                        self.start_sound();
                    }
                }
                (
                    Step::Event {
                        code,
                        first,
                        end,
                        ms,
                    },
                    Some(event_type),
                ) => {
                    let payload = Payload {
                        code,
                        end,
                        volume: DTMF_VOLUME,
                        duration: 0,
                    };
                    self.send_event(event_type, first, ms, payload, frames);
                    break;
                }
                (Step::Sent(id), _) => out.event(self.event(Kind::DtmfSent, id, "", 0)),
                (Step::Idle, _) => return,
                _ => break,
            }
        }
        self.digits = Some(digits);
    }

    fn send_event(
        &mut self,
        (payload_type, clock): (u8, u32),
        first: bool,
        ms: u32,
        mut payload: Payload,
        frames: &mut Frames,
    ) {
        if !self.send_on || (self.destination.is_none() && self.pipe.is_none()) {
            return;
        }
        let units = scaled(ms, self.codecs.send.clock, 1000);
        let header = self
            .tx
            .event(payload_type, first, self.digit_timestamp, units);
        payload.duration = scaled(ms, clock, 1000).min(0xffff) as u16;
        self.sent_one(4);
        frames.push(header, &payload.bytes());
    }

    /// Where RTP goes now.
    #[must_use]
    pub fn destination(&self) -> Option<std::net::SocketAddr> {
        self.destination
    }

    /// Once a second: time-outs and RTCP.
    pub fn second(&mut self, now: Nanos, cname: &str, out: &mut impl Output) {
        let limit = if self.receive_on {
            self.timeouts.rtp
        } else {
            self.timeouts.hold
        };
        if limit > 0 && !self.timeouts.reported {
            let since = self.timeouts.since.max(self.stats.rx_at.get());
            let silent = now.saturating_sub(since);
            if silent >= limit {
                self.timeouts.reported = true;
                let text = if self.receive_on { "" } else { "hold" };
                out.event(self.event(Kind::Timeout, 0, text, (silent / 1_000_000_000) as i64));
            }
        }
        if self.servers.is_some() {
            self.advance_servers(now, out);
        }
        if self.ice.is_some() {
            self.advance_ice(now, out);
        }
        if self.control.as_ref().is_some_and(|c| now >= c.next) {
            self.send_rtcp(false, now, cname, out);
        }
    }

    pub(super) fn send_rtcp(&mut self, bye: bool, now: Nanos, cname: &str, out: &mut impl Output) {
        let Some(to) = self.rtcp_destination() else {
            return;
        };
        let sent = self.sent(now);
        let heard = self.rx.ssrc();
        let Some(control) = &mut self.control else {
            return;
        };
        control.random = control
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        control.next = now + RTCP_INTERVAL / 2 + ((control.random >> 48) * (RTCP_INTERVAL >> 16));
        if sent.is_none() && heard.is_none() {
            return;
        }
        let (last_sr, delay) = control.last_sr.map_or((0, 0), |(ntp, at)| {
            (
                ntp,
                (u128::from(now.saturating_sub(at)) * 65_536 / 1_000_000_000) as u32,
            )
        });
        control.sent = true;
        let heard = heard.map(|ssrc| Heard {
            ssrc,
            reception: self.rx.report(),
            last_sr,
            delay,
        });
        let mut data = Vec::with_capacity(128);
        rtcp::write(&mut data, self.tx.ssrc, sent, heard, cname, bye);
        self.note_sent(sent, heard.as_ref(), to, out);
        self.send_control(data, to, out);
    }
}
