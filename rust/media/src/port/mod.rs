//! One media leg as a state machine: packets and commands in, packets and events out; no sockets, no clock.
//!
//! `input` judges, counts and taps what comes in; `output` makes what goes out: relayed packets and frames
//! that the engine makes itself.  Who is bridged to whom is carried out by `crate::board`.
mod connectivity;
mod ear;
pub mod effects;
mod handshake;
mod hooks;
mod input;
mod leaving;
mod line;
mod mixed;
mod output;
pub mod player;
mod playout;
pub mod recorder;
mod recordings;
mod reports;
mod security;
mod servers;
mod silence;
pub mod stream;
mod streams;
mod transcode;
mod voice;
pub mod watch;

use crate::Nanos;
use crate::codecs::Format;
use crate::goertzel::DtmfDetector;
use crate::rtp::receive::ReceiveStream;
use crate::rtp::rtcp::Sent;
use crate::rtp::send::SendStream;
use crate::rtp::source::SourceGuard;
use crate::rtp::telephone_event::{DigitSender, EventReceiver};
use crate::stats::{Event, Kind, PortStats, Reports};
use crate::tones::Generator;
use connectivity::Connectivity;
pub use connectivity::{IceOpening, IceRemote, RTCP, RTP};
use ear::Ear;
pub use ear::{PAUSED, Refused};
use handshake::Handshake;
use hooks::Hooks;
pub use input::{Accepted, Media};
pub use leaving::Output;
pub use output::Frames;
use player::Player;
pub use playout::Due;
use playout::Playout;
use recorder::Recorder;
use reports::KeepAlive;
use security::Security;
pub use security::{Keys, Scratch};
pub use servers::Gathering;
use servers::Servers;
pub(crate) use servers::{FromServer, Way, head};
use silence::Silence;
use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
pub use streams::Carries;
use streams::Pictures;
use voice::Voice;

/// The longest frame that we make, in ms.
const MAX_PTIME: u32 = 120;

/// Where what a port hears goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    None,
    /// Back to its sender.
    Echo,
    /// To the port in this slot.
    Peer(usize),
    /// To nobody but those who see it (`Port::viewers`); it sees what the port in this slot shows.
    Viewer(usize),
    /// Into a conference, as this member of it.
    Room {
        room: usize,
        member: usize,
    },
}

/// What a port is opened with.
#[derive(Debug)]
pub struct Opening {
    pub id: u64,
    pub slot: usize,
    pub stats: Arc<PortStats>,
    pub carries: Carries,
    pub reports: Reports,
    pub rtcp: bool,
    pub rtcp_mux: bool,
    pub symmetric: bool,
    pub strict: bool,
    pub probation: u16,
    /// The slot of the other end of a pipe.
    pub pipe: Option<usize>,
    pub ssrc: u32,
    /// First sequence number and timestamp, and what spreads RTCP in time.
    pub random: u64,
}

/// The negotiated codecs.
#[derive(Clone, Debug)]
pub struct Codecs {
    pub send_type: u8,
    pub send: Format,
    /// The far end's parameters of it.
    pub send_fmtp: Box<str>,
    /// The configuration's settings of its encoder (`Parameters::settings`).
    pub send_settings: Box<str>,
    pub ptime_ms: u32,
    pub receive: Vec<(u8, Format)>,
    /// What else may be sent: video is passed on in whichever of them it comes.
    pub further: Vec<(u8, Format)>,
    /// Payload type and clock, which need not be that of the audio.
    pub event_send: Option<(u8, u32)>,
    pub event_receive: Vec<(u8, u32)>,
    /// Comfort noise (RFC 3389) that the far end takes.
    pub noise_send: Option<u8>,
    /// Payload type and clock of comfort noise; 13 is known without.
    pub noise_receive: Vec<(u8, u32)>,
}

impl Default for Codecs {
    fn default() -> Self {
        Codecs {
            send_type: 0,
            send: Format::PCMU,
            send_fmtp: Box::default(),
            send_settings: Box::default(),
            ptime_ms: 20,
            receive: vec![(0, Format::PCMU), (8, Format::PCMA)],
            further: Vec::new(),
            event_send: None,
            event_receive: Vec::new(),
            noise_send: None,
            noise_receive: Vec::new(),
        }
    }
}

/// RTCP of one port.
#[derive(Debug)]
struct Control {
    mux: bool,
    /// As signalled.
    remote: Option<SocketAddr>,
    /// Where RTCP came from.
    learned: Option<SocketAddr>,
    next: Nanos,
    /// Middle of the NTP time of the remote's last SR, and when it came.
    last_sr: Option<(u32, Nanos)>,
    /// Any report has gone out, so BYE is due at the end.
    sent: bool,
    random: u64,
}

/// One leg.
pub struct Port {
    pub id: u64,
    pub slot: usize,
    pub link: Link,
    pub pipe: Option<usize>,
    /// It is on the board's list of ports that want ticks.
    pub timed: bool,
    pub stats: Arc<PortStats>,
    carries: Carries,
    reports: Reports,
    keepalive: KeepAlive,
    pictures: Option<Box<Pictures>>,
    /// The port whose sockets it uses, and those that use its own (BUNDLE).
    pub carrier: Option<usize>,
    pub riders: Vec<usize>,
    /// Ports of video that see what this one's far end shows.
    pub viewers: Vec<usize>,
    /// The bit rate that its far end can take of what it sees (`Feedback::bit_rate`).
    pub can_take: Option<u32>,
    /// SSRCs that the far end has named for it.
    sources: Vec<u32>,
    codecs: Codecs,
    send_on: bool,
    receive_on: bool,
    mute_in: bool,
    mute_out: bool,
    dtmf_relay: bool,
    symmetric: bool,
    guard: SourceGuard,
    remote: Option<SocketAddr>,
    /// Where RTP goes now.
    destination: Option<SocketAddr>,
    rx: ReceiveStream,
    tx: SendStream,
    octets: u32,
    events: EventReceiver,
    detector: Option<Box<DtmfDetector>>,
    digits: Option<Box<DigitSender>>,
    digit_timestamp: u32,
    digit_tone: Option<Box<Generator>>,
    /// A digit of the bridged port that this one sends as a tone.
    relayed_tone: Option<Box<Generator>>,
    player: Option<Box<Player>>,
    recorders: Vec<Recorder>,
    ear: Option<Box<Ear>>,
    /// Whether anybody here listens to what is heard, to what is said.
    listens: (bool, bool),
    /// Decodes what is said, for them.
    said_ear: Option<Box<Ear>>,
    hooks: Option<Box<Hooks>>,
    voice: Option<Box<Voice>>,
    playout: Option<Box<Playout>>,
    silence: Option<Box<Silence>>,
    /// What the bridge gave last was decoded and encoded.
    transcodes: bool,
    /// Milliseconds of sound due and not made.
    credit_ms: u32,
    /// Numbers the sources made here, for the stream's markers.
    generated: u32,
    /// The number of the conference that it is in, and whether that gives it linear audio.
    mixed: u32,
    mixed_linear: bool,
    /// The number of the sound that is laid over what it sends.
    overlaid: u32,
    control: Option<Box<Control>>,
    timeouts: Timeouts,
    security: Security,
    /// The keys of RTCP where it has some of its own.
    control_security: Option<Security>,
    handshakes: [Option<Box<Handshake>>; 2],
    ice: Option<Box<Connectivity>>,
    servers: Option<Box<Servers>>,
    /// The peer of each component that is reached through a relay.
    through_relay: [Option<SocketAddr>; 2],
    way: Way,
}

#[derive(Debug, Default)]
struct Timeouts {
    rtp: Nanos,
    hold: Nanos,
    since: Nanos,
    reported: bool,
}

impl Port {
    #[must_use]
    pub fn new(opening: Opening, now: Nanos) -> Port {
        let random = opening.random;
        opening.stats.rx_ssrc.set(0);
        Port {
            id: opening.id,
            slot: opening.slot,
            link: Link::None,
            pipe: opening.pipe,
            timed: false,
            stats: opening.stats,
            carries: opening.carries,
            reports: opening.reports,
            keepalive: KeepAlive::default(),
            pictures: None,
            carrier: None,
            riders: Vec::new(),
            viewers: Vec::new(),
            can_take: None,
            sources: Vec::new(),
            codecs: Codecs::default(),
            send_on: true,
            receive_on: true,
            mute_in: false,
            mute_out: false,
            dtmf_relay: true,
            symmetric: opening.symmetric,
            guard: SourceGuard::new(opening.strict, opening.probation),
            remote: None,
            destination: None,
            rx: ReceiveStream::default(),
            tx: SendStream::new(opening.ssrc, random as u16, (random >> 16) as u32, 8000),
            octets: 0,
            events: EventReceiver::default(),
            detector: None,
            digits: None,
            digit_timestamp: 0,
            digit_tone: None,
            relayed_tone: None,
            player: None,
            recorders: Vec::new(),
            ear: None,
            listens: (false, false),
            said_ear: None,
            hooks: None,
            voice: None,
            playout: None,
            silence: None,
            transcodes: false,
            credit_ms: 0,
            generated: 0,
            mixed: 0,
            mixed_linear: false,
            overlaid: 0,
            control: opening.rtcp.then(|| {
                Box::new(Control {
                    mux: opening.rtcp_mux,
                    remote: None,
                    learned: None,
                    next: now + 2_500_000_000 + (random >> 48) * 38_000,
                    last_sr: None,
                    sent: false,
                    random,
                })
            }),
            timeouts: Timeouts::default(),
            security: Security::default(),
            control_security: None,
            handshakes: [None, None],
            ice: None,
            servers: None,
            through_relay: [None; 2],
            way: Way::Direct,
        }
    }

    /// The remote's addresses were signalled.
    pub fn set_remote(&mut self, rtp: Option<SocketAddr>, rtcp: Option<SocketAddr>, now: Nanos) {
        // What ICE has chosen counts more than the default candidate.
        if self.ice.as_ref().is_none_or(|ice| ice.to(RTP).is_none()) {
            self.guard.expect(rtp);
        }
        self.remote = rtp;
        if let Some(control) = &mut self.control {
            control.remote = rtcp;
            control.learned = None;
        }
        self.timeouts.since = now;
        self.aim();
    }

    pub fn set_codecs(&mut self, mut codecs: Codecs) {
        if let Some(codec) = codecs.send.codec() {
            codecs.ptime_ms = codec.packet_ms(codecs.ptime_ms);
        }
        self.tx.set_clock(codecs.send.clock);
        if codecs.ptime_ms != self.codecs.ptime_ms {
            self.credit_ms = 0;
        }
        if codecs.send != self.codecs.send
            || codecs.send_fmtp != self.codecs.send_fmtp
            || codecs.send_settings != self.codecs.send_settings
        {
            self.voice = None;
        }
        self.codecs = codecs;
        self.agree_on_noise();
    }

    pub fn set_direction(&mut self, send: bool, receive: bool, now: Nanos) {
        if receive != self.receive_on {
            self.timeouts.since = now;
            self.timeouts.reported = false;
        }
        self.send_on = send;
        self.receive_on = receive;
    }

    pub fn set_timeouts(&mut self, rtp: Nanos, hold: Nanos, now: Nanos) {
        self.timeouts = Timeouts {
            rtp,
            hold,
            since: now,
            reported: false,
        };
    }

    pub fn set_dtmf(&mut self, relay: bool, inband: bool) {
        self.dtmf_relay = relay;
        if inband != self.detector.is_some() {
            self.detector = inband.then(|| Box::new(DtmfDetector::new()));
            self.note_listeners();
        }
    }

    pub fn mute(&mut self, receive: bool, send: bool) {
        self.mute_in = receive;
        self.mute_out = send;
    }

    /// Whether the once-a-second look is worth it.
    #[must_use]
    pub fn live(&self) -> bool {
        self.destination.is_some()
            || self.ice.is_some()
            || self.servers.is_some()
            || self.keeps_alive()
            || self.carrier.is_some()
            || self.timeouts.rtp > 0
            || self.timeouts.hold > 0
    }

    /// Whether it has something to do at each tick.
    #[must_use]
    pub fn wants_ticks(&self) -> bool {
        self.player
            .as_ref()
            .is_some_and(|p| p.sounding() && !p.paused)
            || self.digits.as_ref().is_some_and(|d| d.active())
            || self.relayed_tone.is_some()
            || self.digit_tone.is_some()
            || self.events.active()
            || self.handshakes.iter().flatten().any(|h| h.busy())
            || self.ice.as_ref().is_some_and(|ice| ice.busy())
            || self.servers.as_ref().is_some_and(|servers| servers.busy())
            || self.plays_out()
            || !self.recorders.is_empty()
            || self.hooks_want_ticks()
            || self.silence.is_some() && self.silence_wants_ticks()
    }

    /// Whether both sides have RTCP on the RTP port (RFC 5761).
    pub fn set_rtcp_mux(&mut self, on: bool) {
        if let Some(control) = &mut self.control {
            control.mux = on;
        }
        if on {
            self.end_control_handshake();
        }
    }

    /// Whether RTCP comes to the RTP socket too.
    #[must_use]
    pub fn shares_rtcp(&self) -> bool {
        self.control.as_ref().is_some_and(|c| c.mux)
    }

    /// Whether a telephone-event is coming in now.
    #[must_use]
    pub fn hears_event(&self) -> bool {
        self.events.active()
    }

    /// Choose where RTP goes.
    fn aim(&mut self) {
        self.destination = if let Some(ice) = &self.ice {
            ice.to(RTP)
        } else if self.symmetric {
            self.guard.locked().or(self.remote)
        } else {
            self.remote
        };
    }

    fn rtcp_destination(&self) -> Option<SocketAddr> {
        let control = self.control.as_ref()?;
        if let Some(ice) = &self.ice {
            return ice.to(if control.mux { RTP } else { RTCP });
        }
        if control.learned.is_some() && self.symmetric {
            return control.learned;
        }
        let rtp = self.destination?;
        if control.mux {
            return Some(rtp);
        }
        match control.remote {
            Some(remote) if self.remote == self.destination => Some(remote),
            _ => Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?)),
        }
    }

    fn event(
        &self,
        kind: Kind,
        reference: u32,
        text: impl Into<Cow<'static, str>>,
        value: i64,
    ) -> Event {
        Event {
            kind,
            port: self.id,
            reference,
            text: text.into(),
            value,
        }
    }

    // ------------------------------------------------------------ playing

    /// Replace what plays.
    pub fn play(&mut self, player: Player, out: &mut impl Output) {
        self.end_play("replaced", out);
        let sounding = player.sounding();
        self.player = Some(Box::new(player));
        if sounding && !self.codecs.send.native() {
            return self.end_play("error: the port's codec cannot be encoded", out);
        }
        self.start_sound();
    }

    /// The files of a play() are in memory, or could not be read.
    pub fn loaded(&mut self, id: u32, clips: Result<player::Clips, String>, out: &mut impl Output) {
        let native = self.codecs.send.native();
        if let Some(player) = self.overlay(id) {
            return match clips {
                Err(why) => self.end_overlay(Cow::Owned(format!("error: {why}")), out),
                Ok(_) if !native => {
                    self.end_overlay("error: the port's codec cannot be encoded", out);
                }
                Ok(clips) => player.loaded(clips),
            };
        }
        let Some(player) = self.player.as_mut().filter(|p| p.id == id && !p.sounding()) else {
            return;
        };
        match clips {
            Err(why) => self.end_play(Cow::Owned(format!("error: {why}")), out),
            Ok(_) if !self.codecs.send.native() => {
                self.end_play("error: the port's codec cannot be encoded", out);
            }
            Ok(clips) => {
                player.loaded(clips);
                self.start_sound();
            }
        }
    }

    pub fn pause(&mut self, id: u32, on: bool, out: &mut impl Output) {
        if let Some(player) = self.player.as_mut().filter(|p| p.id == id) {
            player.paused = on;
            if !on {
                self.start_sound();
            }
            self.tell_position(out);
        }
    }

    /// Tell where what plays is now.
    fn tell_position(&self, out: &mut impl Output) {
        if let Some(player) = &self.player
            && let Some(ms) = player.position_ms()
        {
            out.event(self.event(Kind::Position, player.id, "", ms));
        }
    }

    pub fn seek(&mut self, id: u32, offset_ms: i64, out: &mut impl Output) {
        if let Some(player) = self.player.as_mut().filter(|p| p.id == id) {
            player.seek(offset_ms);
            self.tell_position(out);
        }
    }

    /// Stop this play, or with 0 whichever runs.
    pub fn stop(&mut self, id: u32, out: &mut impl Output) {
        if self.player.as_ref().is_some_and(|p| id == 0 || p.id == id) {
            self.end_play("stopped", out);
        } else if self.overlay(id).is_some() {
            self.end_overlay("stopped", out);
        }
    }

    fn start_sound(&mut self) {
        self.generated = self.generated.wrapping_add(1);
        // The first frame is due at the next tick, whatever the packet time.
        self.credit_ms = self.codecs.ptime_ms.saturating_sub(1);
    }

    fn end_play(&mut self, why: impl Into<Cow<'static, str>>, out: &mut impl Output) {
        self.tell_position(out);
        if let Some(player) = self.player.take() {
            out.event(self.event(Kind::PlayEnd, player.id, why, player.played_ms()));
        }
    }

    // ------------------------------------------------------------ the end

    /// End everything; the caller drops the port.
    pub fn close(&mut self, now: Nanos, out: &mut impl Output) {
        self.end_play("closed", out);
        self.end_overlay("closed", out);
        while let Some(recorder) = self.recorders.first() {
            self.end_record(recorder.id, "hangup", out);
        }
        if self.control.as_ref().is_some_and(|c| c.sent) {
            self.send_rtcp(true, now, "", out);
        }
        self.close_handshakes(out);
        self.release_servers(out);
    }

    /// What an SR says, once something was sent.
    fn sent(&self, now: Nanos) -> Option<Sent> {
        self.tx.started().then(|| Sent {
            ntp: crate::rtp::rtcp::ntp(now),
            timestamp: self.tx.timestamp_at(now),
            packets: self.stats.tx_packets.get() as u32,
            octets: self.octets,
        })
    }
}
