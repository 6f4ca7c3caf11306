//! What comes in: source check, statistics, telephone-events, taps; RTCP.
use super::ear::Ear;
use super::recorder::Way;
use super::{Link, Output, Port};
use crate::Nanos;
use crate::codecs::Format;
use crate::goertzel::DtmfEvent;
use crate::rtp::packet::{self, Header, Packet};
use crate::rtp::receive::Order;
use crate::rtp::rtcp;
use crate::rtp::send::Source;
use crate::rtp::source::Verdict;
use crate::rtp::telephone_event::{Edge, Edges};
use crate::stats::{Dropped, Kind, digit_text};
use std::net::SocketAddr;

/// Sample rate of those who listen here, in Hz.
const RATE: u32 = 8000;

/// What an accepted packet is for the port that it goes to.
#[derive(Clone, Copy, Debug)]
pub enum Media {
    Audio(Format),
    /// A telephone-event packet and what begins or ends with it.
    Event(Edges),
    /// Comfort noise: the sender pauses.
    Noise,
    /// Nothing to pass on, but its sequence number was used.
    Consumed,
}

/// An accepted packet.
#[derive(Clone, Copy, Debug)]
pub struct Accepted {
    pub source: Source,
    pub header: Header,
    pub media: Media,
    /// It is to be heard as silence, which only who decodes it can do.
    pub muted: bool,
    /// RTP clock of its payload type.
    pub clock: u32,
}

impl Port {
    /// Whether what comes from here is not heard whatever it is: no need to decrypt it.
    #[must_use]
    pub fn ignores(&self, from: SocketAddr, now: Nanos) -> bool {
        let ignored = match &self.ice {
            Some(ice) => !ice.knows(from),
            None => self.guard.ignores(from, now),
        };
        if ignored {
            self.stats.drop_source.add(1);
        }
        ignored
    }

    /// Whether RTP from this address is heard; moves where we send to when the source is learned.
    pub fn judge(
        &mut self,
        from: SocketAddr,
        packet: &Packet,
        now: Nanos,
        out: &mut impl Output,
    ) -> bool {
        if let Some(ice) = &self.ice {
            // Checks have shown who is who; nothing is to be learned.
            let known = ice.knows(from);
            if !known {
                self.stats.drop_source.add(1);
            }
            return known;
        }
        match self.guard.judge(from, packet.ssrc, packet.sequence, now) {
            Verdict::Heard => true,
            Verdict::Dropped => {
                self.stats.drop_source.add(1);
                false
            }
            Verdict::Locked => {
                if let Ok(mut source) = self.stats.source.lock() {
                    *source = Some(from);
                }
                if let Some(control) = &mut self.control
                    && control
                        .learned
                        .is_some_and(|learned| learned.ip() != from.ip())
                {
                    control.learned = None;
                }
                self.aim();
                let differs = self.remote != Some(from);
                out.event(self.event(Kind::Source, 0, from.to_string(), i64::from(differs)));
                true
            }
        }
    }

    /// Count a packet and say what is to be done with it.  `data` holds its payload.
    pub fn accept(
        &mut self,
        data: &mut [u8],
        packet: &Packet,
        now: Nanos,
        out: &mut impl Output,
    ) -> Result<Option<Accepted>, Dropped> {
        self.stats.rx_packets.add(1);
        self.stats.rx_bytes.add(packet.payload.len() as u64);
        self.stats.rx_at.set(now);
        self.timeouts.reported = false;
        let kind = packet.payload_type;
        let format = self
            .codecs
            .receive
            .iter()
            .find(|(pt, _)| *pt == kind)
            .map(|(_, format)| *format);
        let event_clock = self
            .codecs
            .event_receive
            .iter()
            .find(|(pt, _)| *pt == kind)
            .map(|(_, clock)| *clock);
        let noise_clock = if format.is_none() && event_clock.is_none() {
            self.noise_clock(kind)
        } else {
            None
        };
        let clock = format
            .map(|f| f.clock)
            .or(event_clock)
            .or(noise_clock)
            .unwrap_or(0);
        let order = self
            .rx
            .count(packet.ssrc, packet.sequence, packet.timestamp, clock, now);
        match order {
            Order::Duplicate => {
                self.stats.rx_duplicate.add(1);
                return Err(Dropped::Stale);
            }
            Order::First => {
                self.stats.rx_ssrc.set(u64::from(packet.ssrc));
                self.stats.rx_lost.set(self.rx.lost());
                if let Some(edge) = self.events.restart() {
                    self.report(edge, out);
                }
            }
            Order::Late => {
                self.stats.rx_reordered.add(1);
                self.stats.rx_lost.set(self.rx.lost());
            }
            Order::Next { lost } => {
                if lost > 0 {
                    self.stats.rx_lost.set(self.rx.lost());
                }
            }
        }
        self.stats.rx_jitter_us.set(u64::from(self.rx.jitter_us()));
        if !self.receive_on {
            return Ok(None);
        }
        let header = Header {
            payload_type: kind,
            marker: packet.marker,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            ssrc: packet.ssrc,
        };
        let mut muted = false;
        let payload = &mut data[packet.payload.clone()];
        let media = if let Some(clock) = event_clock {
            let edges = self
                .events
                .packet(payload, packet.timestamp, packet.marker, clock, now);
            for edge in edges.iter() {
                self.report(edge, out);
            }
            if self.dtmf_relay {
                Media::Event(edges)
            } else {
                Media::Consumed
            }
        } else if let Some(format) = format {
            muted = self.mute_in && !format.silence(payload);
            if order != Order::Late {
                self.end_noise();
            }
            if self.listens.0 && (!self.buffers() || matches!(self.link, Link::Room { .. })) {
                self.tap(format, &header, payload, now, out);
            }
            Media::Audio(format)
        } else if let Some(clock) = noise_clock {
            if order == Order::Late {
                return Ok(None);
            }
            muted = self.mute_in;
            self.hear_noise(payload, clock);
            self.pass_over(packet.sequence);
            if self.buffers() {
                Media::Consumed // what waits before it goes first
            } else {
                Media::Noise
            }
        } else {
            self.stats.drop_other.add(1);
            return Err(Dropped::PayloadType);
        };
        Ok(Some(Accepted {
            source: Source::Relay {
                port: self.id,
                ssrc: packet.ssrc,
            },
            header,
            muted,
            clock,
            media,
        }))
    }

    /// A sequence number was used for something that lasts nothing.
    fn pass_over(&mut self, sequence: u16) {
        if let Some(ear) = &mut self.ear {
            ear.passed_over(sequence);
        }
        self.pause_playout(sequence);
    }

    fn report(&self, edge: Edge, out: &mut impl Output) {
        out.event(match edge {
            Edge::Begin(digit) => self.event(Kind::DtmfBegin, 0, digit, 0),
            Edge::End(digit, ms) => self.event(Kind::DtmfEnd, 0, digit, i64::from(ms)),
        });
    }

    /// The end of a digit whose end packets were lost; true when the bridged port must stop its tone.
    pub(super) fn expire_event(&mut self, now: Nanos, out: &mut impl Output) {
        if let Some(edge) = self.events.timeout(now) {
            self.report(edge, out);
        }
    }

    /// The rate at which audio of this format is decoded for those who listen here, Hz.
    #[must_use]
    pub fn listening_rate(&self, format: Format, way: Way) -> u32 {
        let recorders = self.recorders.iter().filter(|r| r.listens(way));
        let wanted = recorders.map(|r| r.rate().min(format.rate())).max();
        wanted.unwrap_or(RATE).max(RATE)
    }

    /// Decode for those who listen here: the DTMF detector, recordings, watches.
    fn tap(
        &mut self,
        format: Format,
        header: &Header,
        payload: &[u8],
        now: Nanos,
        out: &mut impl Output,
    ) {
        // at the rate that the bridge has asked for, if it did
        let rate = self
            .ear
            .as_ref()
            .filter(|ear| ear.format() == format)
            .map_or(RATE, |ear| ear.rate())
            .max(self.listening_rate(format, Way::Heard));
        let Ok(heard) = self.hear(format, header, payload, rate) else {
            return;
        };
        let made = heard.made as u64 * u64::from(format.clock) / u64::from(rate);
        let timestamp = header.timestamp.wrapping_sub(made as u32);
        if self.mute_in
            && let Some(ear) = &mut self.ear
        {
            ear.hush();
        }
        self.listen((timestamp, format.clock), now, out);
    }

    /// Let those who listen here hear what the ear heard last.
    pub(super) fn listen(&mut self, at: (u32, u32), now: Nanos, out: &mut impl Output) {
        if !self.listens.0 {
            return;
        }
        let Some(mut ear) = self.ear.take() else {
            return;
        };
        if let Some(mut detector) = self.detector.take() {
            detector.process(ear.kept(), |event| {
                let (kind, digit, value) = match event {
                    DtmfEvent::Begin { digit } => (Kind::DtmfBegin, digit, 1),
                    DtmfEvent::End { digit, duration_ms } => {
                        (Kind::DtmfEnd, digit, i64::from(duration_ms))
                    }
                };
                out.event(self.event(kind, 0, digit_text(digit).unwrap_or(""), value));
            });
            self.detector = Some(detector);
        }
        self.feed(Way::Heard, &mut ear, at, now, out);
        self.ear = Some(ear);
    }

    /// Give recordings and watches of one direction what was heard last, at this timestamp of an RTP clock.
    fn feed(&mut self, way: Way, ear: &mut Ear, at: (u32, u32), now: Nanos, out: &mut impl Output) {
        if ear.heard().is_empty() {
            return;
        }
        if self.watched(way) {
            self.show_watches(way, ear.kept(), now, out);
        }
        let rate = ear.rate();
        for recorder in self.recorders.iter_mut().filter(|r| r.listens(way)) {
            if recorder.rate() == RATE {
                recorder.frame(way, at, (ear.tap(), RATE), now);
            } else {
                recorder.frame(way, at, (ear.heard(), rate), now);
            }
        }
        self.tend_recorders(out);
    }

    /// Whether anybody here listens to what it sends.
    #[inline]
    #[must_use]
    pub fn listens_to_said(&self) -> bool {
        self.listens.1
    }

    /// Let those who listen to what is sent hear this packet of ours.
    pub fn overhear(&mut self, data: &[u8], now: Nanos, out: &mut impl Output) {
        let Some(packet) = packet::parse(data) else {
            return;
        };
        let format = self.codecs.send;
        let rate = self.listening_rate(format, Way::Said);
        let fits = |ear: &Ear| ear.format() == format && ear.rate() == rate;
        if !self.said_ear.as_deref().is_some_and(fits) {
            self.said_ear = Ear::new(format, rate).map(Box::new);
        }
        let Some(mut ear) = self.said_ear.take() else {
            return; // the engine cannot decode it
        };
        if packet.payload_type == self.codecs.send_type {
            let header = Header {
                payload_type: packet.payload_type,
                marker: packet.marker,
                sequence: packet.sequence,
                timestamp: packet.timestamp,
                ssrc: packet.ssrc,
            };
            if let Ok(heard) = ear.packet(&header, &data[packet.payload]) {
                let made = heard.made as u64 * u64::from(format.clock) / u64::from(rate);
                let timestamp = header.timestamp.wrapping_sub(made as u32);
                self.feed(Way::Said, &mut ear, (timestamp, format.clock), now, out);
            }
        } else {
            ear.passed_over(packet.sequence);
        }
        self.said_ear = Some(ear);
    }

    /// A datagram on the RTCP port, or RTCP on a shared one; the length of what it says in the clear.
    pub fn rtcp_received(
        &mut self,
        data: &mut [u8],
        from: SocketAddr,
        now: Nanos,
    ) -> Result<usize, Dropped> {
        let trusted = match &self.ice {
            Some(ice) => ice.knows(from),
            None => self.guard.trusts_host(from),
        };
        if !trusted {
            self.stats.drop_source.add(1);
            return Err(Dropped::Source);
        }
        let length = self.open_rtcp(data, now)?;
        if let Some(control) = &mut self.control {
            control.learned = Some(from);
        }
        Ok(length)
    }

    /// What RTCP in the clear says about our streams.
    pub fn rtcp_taken(
        &mut self,
        data: &[u8],
        from: SocketAddr,
        now: Nanos,
        out: &mut impl Output,
    ) -> Result<(), Dropped> {
        let Some(incoming) = rtcp::parse(data, self.tx.ssrc) else {
            self.stats.drop_invalid.add(1);
            return Err(Dropped::Invalid);
        };
        let Some(control) = &mut self.control else {
            return Ok(());
        };
        if let Some(ntp) = incoming.sender_ntp {
            control.last_sr = Some((ntp, now));
        }
        if let Some(report) = incoming.report {
            let clock = u64::from(self.codecs.send.clock.max(1));
            self.stats
                .remote_lost
                .set(report.reception.cumulative_lost.max(0) as u64);
            self.stats
                .remote_jitter_us
                .set(u64::from(report.reception.jitter) * 1_000_000 / clock);
            let lost = u32::from(report.reception.fraction_lost) * 100 / 256;
            if let Some(voice) = &mut self.voice {
                voice.loss(lost as u8);
            }
            if let Some(us) = rtcp::round_trip_us(&report, now) {
                self.stats.rtt_us.set(u64::from(us) + 1);
            }
        }
        self.note_received(&incoming, from, out);
        if incoming.bye {
            out.event(self.event(Kind::Bye, 0, "", 0));
        }
        Ok(())
    }
}
