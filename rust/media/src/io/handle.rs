//! A port as its owner holds it: turns calls into commands, reads its statistics.
use super::Error;
use super::commands::{Action, Route, Watched};
use super::engine::Engine;
use super::files::Job;
use crate::Nanos;
use crate::crypto::Suite;
use crate::dtls::Settings;
use crate::files::{self, Format as FileFormat};
use crate::port::effects;
use crate::port::player::{Player, Sound};
use crate::port::recorder::{Hearing, Limits, Way};
use crate::port::stream::Queue;
use crate::port::{Codecs, Gathering, IceOpening, IceRemote, Keys};
use crate::rtp::telephone_event::{Digit, code_of};
use crate::stats::PortStats;
use crate::tones::Generator;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

/// Recordings are made at this rate at most, Hz.
const MAX_RATE: u32 = 48_000;
/// How long "w" in a list of digits waits, ms (Asterisk's SendDTMF).
const PAUSE_MS: u32 = 500;

/// What does not change while a port is open.
#[derive(Clone, Copy, Debug)]
pub struct Wire {
    pub address: IpAddr,
    /// 0 for a pipe.
    pub rtp_port: u16,
    /// 0 without RTCP.
    pub rtcp_port: u16,
    /// Of both sockets, -1 without, to set options of theirs; they count while the port is open.
    pub descriptors: [i32; 2],
    pub pipe: bool,
    /// It never moves to another worker than the first.
    pub fixed: bool,
    pub ssrc: u32,
}

/// Dropping it closes the port.
pub struct Handle {
    engine: Arc<Engine>,
    route: Arc<Route>,
    stats: Arc<PortStats>,
    pub wire: Wire,
    /// Samples a second that its codec carries: what is played need not have more.
    rate: AtomicU32,
    closed: AtomicBool,
}

impl Handle {
    pub(super) fn new(
        engine: Arc<Engine>,
        route: Arc<Route>,
        stats: Arc<PortStats>,
        wire: Wire,
    ) -> Handle {
        Handle {
            engine,
            route,
            stats,
            wire,
            rate: AtomicU32::new(files::RATE),
            closed: AtomicBool::new(false),
        }
    }

    #[must_use]
    pub fn id(&self) -> u64 {
        self.route.id
    }

    #[must_use]
    pub fn closed(&self) -> bool {
        self.closed.load(Ordering::Acquire) || self.engine.check_open().is_err()
    }

    #[must_use]
    pub fn stats(&self) -> &PortStats {
        &self.stats
    }

    pub(super) fn worker(&self) -> usize {
        self.route.worker.load(Ordering::Acquire)
    }

    pub(super) fn belongs_to(&self, engine: &Arc<Engine>) -> bool {
        Arc::ptr_eq(&self.engine, engine)
    }

    /// Move there if need be; the engine's `moving` is held.
    pub(super) fn come_to(&self, worker: usize) -> Result<(), Error> {
        if self.worker() == worker {
            Ok(())
        } else {
            self.move_to(worker)
        }
    }

    pub(super) fn push(&self, action: Action) -> Result<(), Error> {
        self.engine.check_open()?;
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::Closed("port"));
        }
        self.engine.push(self.worker(), &self.route, action)
    }

    pub fn set_remote(
        &self,
        rtp: Option<SocketAddr>,
        rtcp: Option<SocketAddr>,
    ) -> Result<(), Error> {
        self.push(Action::Remote(rtp, rtcp))
    }

    pub fn set_codecs(&self, codecs: Codecs) -> Result<(), Error> {
        let rate = codecs.send.rate().clamp(files::RATE, MAX_RATE);
        self.rate.store(rate, Ordering::Relaxed);
        self.push(Action::Codecs(Box::new(codecs)))
    }

    /// SRTP: (suite, key and salt) of what is sent and of what comes in.
    pub fn set_srtp(
        &self,
        send: (&str, &[u8]),
        receive: (&str, &[u8]),
        replay_protection: bool,
    ) -> Result<(), Error> {
        let suite = |name: &str| {
            Suite::named(name)
                .ok_or_else(|| Error::Argument(format!("{name:?} is not a crypto suite")))
        };
        let (send, receive) = ((suite(send.0)?, send.1), (suite(receive.0)?, receive.1));
        let keys = Keys::new(send, receive, replay_protection)
            .ok_or_else(|| Error::Argument("a key has not the length of its suite".into()))?;
        self.push(Action::Keys(Some(Box::new(keys))))
    }

    /// No encryption, whatever was asked before.
    pub fn clear_srtp(&self) -> Result<(), Error> {
        self.push(Action::Keys(None))
    }

    /// Keys by a DTLS handshake with this peer.
    pub fn set_dtls(&self, settings: Settings) -> Result<(), Error> {
        self.push(Action::Dtls(Box::new(settings)))
    }

    /// Our side of ICE: checks of the far end are answered from now on.
    pub fn begin_ice(&self, opening: IceOpening) -> Result<(), Error> {
        self.push(Action::BeginIce(Box::new(opening), Instant::now()))
    }

    /// The far end's side of ICE, or more of its candidates.
    pub fn set_ice(&self, remote: IceRemote) -> Result<(), Error> {
        self.push(Action::Ice(Box::new(remote)))
    }

    /// Ask servers where they see the sockets, and for relays.
    pub fn gather(&self, gathering: Gathering) -> Result<(), Error> {
        let ipv6 = self.wire.address.is_ipv6();
        self.push(Action::Gather(Box::new(gathering), ipv6))
    }

    /// The far end does no ICE.
    pub fn end_ice(&self) -> Result<(), Error> {
        self.push(Action::EndIce)
    }

    /// A handshake will bring the keys.
    pub fn await_dtls(&self) -> Result<(), Error> {
        self.push(Action::AwaitDtls)
    }

    /// RTCP on the RTP port, both ways.
    pub fn set_rtcp_mux(&self, on: bool) -> Result<(), Error> {
        self.push(Action::RtcpMux(on))
    }

    /// Neither send nor hear anything in the clear: keys will come.
    pub fn await_keys(&self) -> Result<(), Error> {
        self.push(Action::AwaitKeys)
    }

    pub fn set_direction(&self, send: bool, receive: bool) -> Result<(), Error> {
        self.push(Action::Direction { send, receive })
    }

    pub fn set_timeouts(&self, rtp: Nanos, hold: Nanos) -> Result<(), Error> {
        self.push(Action::Timeouts { rtp, hold })
    }

    /// A packet of comfort noise whenever nothing was sent for so long; 0: never.
    pub fn set_keepalive(&self, interval: Nanos) -> Result<(), Error> {
        self.push(Action::KeepAlive(interval))
    }

    pub(super) fn ride(&self, carrier: &Handle) -> Result<(), Error> {
        self.push(Action::Ride {
            carrier: carrier.route.slot,
            id: carrier.route.id,
        })
    }

    /// The SSRCs that the far end has named for this stream.
    pub fn set_sources(&self, sources: Vec<u32>) -> Result<(), Error> {
        self.push(Action::Sources(sources))
    }

    /// Ask the far end of a port of video for a picture that stands alone.
    pub fn ask_picture(&self) -> Result<(), Error> {
        self.push(Action::Picture)
    }

    pub fn set_dtmf(&self, relay: bool, inband: bool) -> Result<(), Error> {
        self.push(Action::Dtmf { relay, inband })
    }

    /// Put what is heard in order and in time, or no longer.
    pub fn set_jitter_buffer(
        &self,
        settings: Option<crate::jitter::Settings>,
    ) -> Result<(), Error> {
        self.push(Action::JitterBuffer(settings))
    }

    pub fn mute(&self, receive: bool, send: bool) -> Result<(), Error> {
        self.push(Action::Mute { receive, send })
    }

    /// Join with another port of the same engine; one of the two moves when they are on different workers.
    pub fn bridge(&self, peer: &Handle) -> Result<(), Error> {
        if !Arc::ptr_eq(&self.engine, &peer.engine) {
            return Err(Error::Argument(
                "the ports belong to different engines".into(),
            ));
        }
        if peer.closed() {
            return Err(Error::Closed("port"));
        }
        let _moving = self
            .engine
            .moving
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (here, there) = (self.worker(), peer.worker());
        if here != there {
            // All that never move are on one worker, so one of the two does.
            let (mover, to) = if self.wire.fixed {
                (peer, here)
            } else {
                (self, there)
            };
            mover.move_to(to)?;
        }
        self.push(Action::Bridge {
            slot: peer.route.slot,
            id: peer.route.id,
            one_way: false,
        })
    }

    /// See what another port of the same engine shows, as others may; both come to the first worker.
    pub fn view(&self, source: &Handle) -> Result<(), Error> {
        if !Arc::ptr_eq(&self.engine, &source.engine) {
            return Err(Error::Argument(
                "the ports belong to different engines".into(),
            ));
        }
        if source.closed() {
            return Err(Error::Closed("port"));
        }
        let _moving = self
            .engine
            .moving
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // The bridge that a source shares with others must not end by a further one's coming.
        source.come_to(0)?;
        self.come_to(0)?;
        self.push(Action::Bridge {
            slot: source.route.slot,
            id: source.route.id,
            one_way: true,
        })
    }

    fn move_to(&self, to: usize) -> Result<(), Error> {
        let from = self.worker();
        self.engine.push(to, &self.route, Action::Expect)?;
        // First the route, then the move: what is sent to the old worker after the move is sent on by it.
        self.route.worker.store(to, Ordering::Release);
        self.engine.push(from, &self.route, Action::Move { to })
    }

    pub fn unbridge(&self) -> Result<(), Error> {
        self.push(Action::Unlink)
    }

    pub fn echo(&self, on: bool) -> Result<(), Error> {
        self.push(if on { Action::Echo } else { Action::Unlink })
    }

    /// Play files one after the other.
    pub fn play(&self, paths: Vec<PathBuf>, looped: bool, offset_ms: i64) -> Result<u32, Error> {
        let play = self.engine.reference();
        self.push(Action::Play(Box::new(Player::new(
            play,
            Sound::Loading,
            looped,
            offset_ms,
        ))))?;
        if !self.engine.files().send(Job::Load {
            route: Arc::clone(&self.route),
            play,
            paths,
            rate: self.rate.load(Ordering::Relaxed),
        }) {
            return Err(Error::Closed("engine"));
        }
        Ok(play)
    }

    pub fn play_tones(&self, tones: Generator) -> Result<u32, Error> {
        let play = self.engine.reference();
        let player = Player::new(play, Sound::Tones(Box::new(tones)), false, 0);
        self.push(Action::Play(Box::new(player)))?;
        Ok(play)
    }

    pub fn pause(&self, play: u32, on: bool) -> Result<(), Error> {
        self.push(Action::Pause { play, on })
    }

    pub fn seek(&self, play: u32, offset_ms: i64) -> Result<(), Error> {
        self.push(Action::Seek { play, offset_ms })
    }

    pub fn stop(&self, play: u32) -> Result<(), Error> {
        self.push(Action::Stop { play })
    }

    /// Write what is listened to into a file.  Its rate is the file's, whatever `hearing` says.
    pub fn record(
        &self,
        path: PathBuf,
        format: &str,
        limits: Limits,
        mut hearing: Hearing,
        append: bool,
    ) -> Result<u32, Error> {
        let Some(format) =
            FileFormat::from_extension(format).filter(|format| format.written_at().is_some())
        else {
            return Err(Error::Argument(format!(
                "{format:?} is not a file format that can be recorded"
            )));
        };
        let channels = hearing.channels();
        if channels > 1 && !matches!(format, FileFormat::Slin(_)) {
            return Err(Error::Argument(format!(
                "two directions side by side need a file of signed linear, not {format:?}"
            )));
        }
        let rate = format.written_at().unwrap_or(files::RATE);
        hearing.rate = rate.min(MAX_RATE);
        let rate = hearing.rate;
        let record = self.engine.reference();
        let route = Arc::clone(&self.route);
        self.engine.check_open()?;
        if self.closed() {
            return Err(Error::Closed("port"));
        }
        if !self.engine.files().send(Job::Record {
            route,
            record,
            path,
            format,
            rate,
            channels,
            append,
        }) {
            return Err(Error::Closed("engine"));
        }
        self.push(Action::Record {
            record,
            limits,
            hearing,
            queue: None,
        })?;
        Ok(record)
    }

    /// Give what is listened to to a program; ended as a recording is.
    pub fn listen(&self, queue: Arc<Queue>, hearing: Hearing) -> Result<u32, Error> {
        let record = self.engine.reference();
        self.push(Action::Record {
            record,
            limits: Limits::default(),
            hearing,
            queue: Some(queue),
        })?;
        Ok(record)
    }

    /// Play what a program writes, at this rate in Hz.
    pub fn speak(&self, queue: Arc<Queue>, rate: u32) -> Result<u32, Error> {
        let play = self.engine.reference();
        let player = Player::new(play, Sound::Stream(queue, rate), false, 0);
        self.push(Action::Play(Box::new(player)))?;
        Ok(play)
    }

    /// Leave out what comes in for now (`paused`), or write silence in its place (`muted`).
    pub fn hold_record(&self, record: u32, paused: bool, muted: bool) -> Result<(), Error> {
        self.push(Action::HoldRecord {
            record,
            paused,
            muted,
        })
    }

    pub fn stop_record(&self, record: u32) -> Result<(), Error> {
        self.push(Action::StopRecord { record })
    }

    /// How loud a recording has what is heard and what is said, from now on (factors; 0: silent).
    pub fn set_record_gains(&self, record: u32, heard: f32, said: f32) -> Result<(), Error> {
        self.push(Action::RecordGains {
            record,
            heard,
            said,
        })
    }

    /// Change the audio of one direction.
    pub fn set_effects(&self, way: Way, settings: effects::Settings) -> Result<(), Error> {
        self.push(Action::Effects(way, settings))
    }

    /// Watch for something; events `Found` have the number that is given back.
    pub fn watch(&self, way: Way, what: Watched) -> Result<u32, Error> {
        let watch = self.engine.reference();
        self.push(Action::Watch { watch, way, what })?;
        Ok(watch)
    }

    pub fn unwatch(&self, watch: u32) -> Result<(), Error> {
        self.push(Action::Unwatch { watch })
    }

    /// Play files over what is sent; ended as a play is.
    pub fn overlay(&self, paths: Vec<PathBuf>) -> Result<u32, Error> {
        let play = self.engine.reference();
        let player = Player::new(play, Sound::Loading, false, 0);
        self.push(Action::Overlay(Box::new(player)))?;
        let route = Arc::clone(&self.route);
        let rate = self.rate.load(Ordering::Relaxed);
        if !self.engine.files().send(Job::Load {
            route,
            play,
            paths,
            rate,
        }) {
            return Err(Error::Closed("engine"));
        }
        Ok(play)
    }

    /// Play what somebody writes over what is sent.
    pub fn overlay_queue(&self, queue: Arc<Queue>, rate: u32) -> Result<u32, Error> {
        let play = self.engine.reference();
        let player = Player::new(play, Sound::Stream(queue, rate), false, 0);
        self.push(Action::Overlay(Box::new(player)))?;
        Ok(play)
    }

    /// Send digits; "w" is a pause.
    pub fn send_dtmf(&self, digits: &str, duration_ms: u32, gap_ms: u32) -> Result<u32, Error> {
        let reference = self.engine.reference();
        let mut list = Vec::with_capacity(digits.len());
        for digit in digits.chars() {
            let (digit, duration_ms, gap_ms) = match digit {
                'w' | 'W' => ('W', PAUSE_MS, 0),
                _ if code_of(digit).is_some_and(|code| code < 16) => (digit, duration_ms, gap_ms),
                _ => return Err(Error::Argument(format!("{digit:?} is not a DTMF digit"))),
            };
            list.push(Digit {
                digit,
                duration_ms,
                gap_ms,
                done: None,
            });
        }
        let Some(last) = list.last_mut() else {
            return Err(Error::Argument("no digits to send".into()));
        };
        last.done = Some(reference);
        self.push(Action::Digits(list))?;
        Ok(reference)
    }

    /// End the port.  Idempotent.
    pub fn close(&self) {
        if !self.closed.swap(true, Ordering::AcqRel) {
            // Close is never refused; after the engine's end nobody reads it.
            let _ = self.engine.push(self.worker(), &self.route, Action::Close);
            self.engine.port_closed();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}
