//! Bindings of the media engine; see `_core.pyi` for what Python sees.
//!
//! module-length: a class is one block of methods to PyO3, and a port has many.
use crate::dtls::{self, PyIdentity, PyTrust};
use crate::engine::MediaEngine;
use crate::rooms::Room;
use crate::streams::AudioQueue;
use offhook_media::codecs::Format;
use offhook_media::crypto::Suite;
use offhook_media::dtls::{Settings, Verification};
use offhook_media::ice::{Credentials, Local};
use offhook_media::io::Error;
use offhook_media::io::commands::Watched;
use offhook_media::io::handle::Handle;
use offhook_media::jitter;
use offhook_media::nat::TurnServer;
use offhook_media::port::effects;
use offhook_media::port::recorder::{Hearing, Limits, Way};
use offhook_media::port::watch::Tone as WatchedTone;
use offhook_media::port::{Codecs, Gathering, IceOpening, IceRemote};
use offhook_media::tones::{Generator, Segment};
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

create_exception!(_core, MediaError, PyException);

pub(crate) fn raise(py: Python<'_>, error: Error) -> PyErr {
    let why = match &error {
        Error::Io(_) => None,
        Error::Closed(_) => Some("closed"),
        Error::NoPorts => Some("no_ports"),
        Error::Overrun => Some("overrun"),
        Error::Codec(_) => Some("codec"),
        Error::Argument(_) => Some("argument"),
    };
    match (error, why) {
        (Error::Io(error), _) => error.into(),
        (error, why) => {
            let raised = MediaError::new_err(error.to_string());
            // Setting an attribute of a new exception object fails only without memory.
            let _ = raised.value(py).setattr("why", why.unwrap_or("argument"));
            raised
        }
    }
}

pub(crate) fn address(text: &str) -> PyResult<IpAddr> {
    text.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .map_err(|_| PyValueError::new_err(format!("{text:?} is not an IP address")))
}

fn nanos(seconds: f64) -> PyResult<u64> {
    if seconds.is_finite() && (0.0..1e9).contains(&seconds) {
        Ok((seconds * 1e9) as u64)
    } else {
        Err(PyValueError::new_err(format!(
            "{seconds} is not a duration in seconds"
        )))
    }
}

/// (payload type, name, clock, ptime ms).
type SendCodec = (u8, String, u32, u32);
/// ("host", "srflx" or "relay", address, port, address and port of the host candidate behind it).
type IceCandidate = (String, String, u16, String, u16);

fn local_candidates(all: Vec<IceCandidate>) -> PyResult<Vec<Local>> {
    all.into_iter()
        .map(|(kind, host, port, base, base_port)| {
            let at = SocketAddr::new(address(&host)?, port);
            let base = SocketAddr::new(address(&base)?, base_port);
            match kind.as_str() {
                "host" => Ok(Local::Host(at)),
                "srflx" => Ok(Local::Reflexive(at, base)),
                "relay" => Ok(Local::Relayed(at, base)),
                _ => Err(PyValueError::new_err(format!(
                    "{kind:?} is no kind of candidate"
                ))),
            }
        })
        .collect()
}

/// (frequency 1, frequency 2, modulated, ms, once).
type Tone = (f64, f64, bool, u32, bool);

#[pyclass(module = "offhook._core", frozen)]
pub(crate) struct Port {
    pub(crate) handle: Handle,
}

#[pymethods]
impl Port {
    #[getter]
    fn id(&self) -> u64 {
        self.handle.id()
    }

    #[getter]
    fn address(&self) -> String {
        self.handle.wire.address.to_string()
    }

    #[getter]
    fn rtp_port(&self) -> u16 {
        self.handle.wire.rtp_port
    }

    #[getter]
    fn descriptors(&self) -> [i32; 2] {
        self.handle.wire.descriptors
    }

    #[getter]
    fn rtcp_port(&self) -> u16 {
        self.handle.wire.rtcp_port
    }

    #[getter]
    fn ssrc(&self) -> u32 {
        self.handle.wire.ssrc
    }

    #[getter]
    fn closed(&self) -> bool {
        self.handle.closed()
    }

    #[pyo3(signature = (host, port, rtcp_port = 0))]
    fn set_remote(&self, py: Python<'_>, host: &str, port: u16, rtcp_port: u16) -> PyResult<()> {
        let host = address(host)?;
        let wire = &self.handle.wire;
        let shared = wire.rtcp_port == wire.rtp_port;
        let rtcp = match (rtcp_port, shared) {
            (0, true) => port,
            (0, false) => port.saturating_add(1),
            _ => rtcp_port,
        };
        let rtp = (port != 0).then(|| SocketAddr::new(host, port));
        self.handle
            .set_remote(rtp, rtp.map(|_| SocketAddr::new(host, rtcp)))
            .map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (send, receive, *, send_fmtp = "", send_settings = "", send_further = Vec::new(),
        receive_fmtp = Vec::new(), telephone_event_send = -1, telephone_event_clock = 0,
        telephone_event_receive = Vec::new(), comfort_noise_send = -1))]
    #[allow(clippy::too_many_arguments)]
    fn set_codecs(
        &self,
        py: Python<'_>,
        send: SendCodec,
        receive: Vec<(u8, String, u32)>,
        send_fmtp: &str,
        send_settings: &str,
        send_further: Vec<(u8, String, u32, String)>,
        receive_fmtp: Vec<(u8, String)>,
        telephone_event_send: i32,
        telephone_event_clock: u32,
        telephone_event_receive: Vec<u8>,
        comfort_noise_send: i32,
    ) -> PyResult<()> {
        let payload_type = |number: i32| u8::try_from(number).ok().filter(|pt| *pt < 128);
        let is_noise = |name: &str| name.eq_ignore_ascii_case("CN");
        let (send_type, name, clock, ptime_ms) = send;
        let events = telephone_event_receive.iter().map(|pt| {
            let clock = receive
                .iter()
                .find(|(known, ..)| known == pt)
                .map_or(8000, |(.., clock)| *clock);
            (*pt, clock)
        });
        let codecs = Codecs {
            send_type,
            send: Format::sdp(&name, clock, send_fmtp),
            send_fmtp: send_fmtp.into(),
            send_settings: send_settings.into(),
            ptime_ms: ptime_ms.clamp(5, 120),
            further: send_further
                .iter()
                .map(|(kind, name, clock, fmtp)| (*kind, Format::sdp(name, *clock, fmtp)))
                .collect(),
            event_receive: events.collect(),
            event_send: payload_type(telephone_event_send).map(|pt| {
                (
                    pt,
                    if telephone_event_clock == 0 {
                        clock
                    } else {
                        telephone_event_clock
                    },
                )
            }),
            noise_send: payload_type(comfort_noise_send),
            noise_receive: receive
                .iter()
                .filter(|(_, name, _)| is_noise(name))
                .map(|(pt, _, clock)| (*pt, *clock))
                .collect(),
            receive: receive
                .iter()
                .filter(|(pt, name, _)| !telephone_event_receive.contains(pt) && !is_noise(name))
                .map(|(pt, name, clock)| {
                    let fmtp = receive_fmtp.iter().find(|(known, _)| known == pt);
                    let fmtp = fmtp.map_or("", |(_, fmtp)| fmtp);
                    (*pt, Format::sdp(name, *clock, fmtp))
                })
                .collect(),
        };
        self.handle
            .set_codecs(codecs)
            .map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (send, receive, *, replay_protection = true))]
    fn set_srtp(
        &self,
        py: Python<'_>,
        send: (String, Vec<u8>),
        receive: (String, Vec<u8>),
        replay_protection: bool,
    ) -> PyResult<()> {
        let (send, receive) = ((&*send.0, &*send.1), (&*receive.0, &*receive.1));
        self.handle
            .set_srtp(send, receive, replay_protection)
            .map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (identity, *, active, fingerprints, trust = None, mtu = 1200, ciphers = Vec::new(), replay_protection = true, generation = 0))]
    #[allow(clippy::too_many_arguments)]
    fn set_dtls(
        &self,
        py: Python<'_>,
        identity: &PyIdentity,
        active: bool,
        fingerprints: Vec<(String, String)>,
        trust: Option<&PyTrust>,
        mtu: usize,
        ciphers: Vec<String>,
        replay_protection: bool,
        generation: u32,
    ) -> PyResult<()> {
        let settings = Settings {
            identity: Arc::clone(&identity.0),
            active,
            verification: Verification {
                fingerprints: dtls::fingerprints(&fingerprints)?,
                trust: trust.map(|trust| Arc::clone(&trust.0)),
            },
            mtu,
            ciphers,
            replay_protection,
            generation,
        };
        self.handle
            .set_dtls(settings)
            .map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (ufrag, password, candidates, rtcp_candidates, *, lite = false))]
    fn begin_ice(
        &self,
        py: Python<'_>,
        ufrag: String,
        password: String,
        candidates: Vec<IceCandidate>,
        rtcp_candidates: Vec<IceCandidate>,
        lite: bool,
    ) -> PyResult<()> {
        let opening = IceOpening {
            local: Credentials { ufrag, password },
            lite,
            candidates: [
                local_candidates(candidates)?,
                local_candidates(rtcp_candidates)?,
            ],
        };
        self.handle
            .begin_ice(opening)
            .map_err(|error| raise(py, error))
    }

    fn set_ice(
        &self,
        py: Python<'_>,
        ufrag: String,
        password: String,
        controlling: bool,
        candidates: Vec<String>,
        rtcp_candidates: Vec<String>,
    ) -> PyResult<()> {
        let remote = IceRemote {
            remote: Credentials { ufrag, password },
            controlling,
            candidates: [candidates, rtcp_candidates],
        };
        self.handle
            .set_ice(remote)
            .map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (*, stun = None, turn = None, username = String::new(), password = String::new(), software = String::new()))]
    fn gather(
        &self,
        py: Python<'_>,
        stun: Option<(String, u16)>,
        turn: Option<(String, u16)>,
        username: String,
        password: String,
        software: String,
    ) -> PyResult<()> {
        let place = |(host, port): (String, u16)| {
            address(&host).map(|ip| std::net::SocketAddr::new(ip, port))
        };
        let gathering = Gathering {
            stun: stun.map(place).transpose()?,
            turn: turn.map(place).transpose()?.map(|address| TurnServer {
                address,
                username,
                password,
                software: software.clone(),
            }),
            software,
        };
        self.handle
            .gather(gathering)
            .map_err(|error| raise(py, error))
    }

    fn end_ice(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.end_ice().map_err(|error| raise(py, error))
    }

    fn await_dtls(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.await_dtls().map_err(|error| raise(py, error))
    }

    fn set_rtcp_mux(&self, py: Python<'_>, on: bool) -> PyResult<()> {
        self.handle
            .set_rtcp_mux(on)
            .map_err(|error| raise(py, error))
    }

    fn clear_srtp(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.clear_srtp().map_err(|error| raise(py, error))
    }

    fn await_keys(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.await_keys().map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (*, send, receive))]
    fn set_direction(&self, py: Python<'_>, send: bool, receive: bool) -> PyResult<()> {
        self.handle
            .set_direction(send, receive)
            .map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (*, rtp_s = 0.0, hold_s = 0.0))]
    fn set_timeouts(&self, py: Python<'_>, rtp_s: f64, hold_s: f64) -> PyResult<()> {
        self.handle
            .set_timeouts(nanos(rtp_s)?, nanos(hold_s)?)
            .map_err(|error| raise(py, error))
    }

    fn set_keepalive(&self, py: Python<'_>, interval_s: f64) -> PyResult<()> {
        self.handle
            .set_keepalive(nanos(interval_s)?)
            .map_err(|error| raise(py, error))
    }

    fn set_sources(&self, py: Python<'_>, sources: Vec<u32>) -> PyResult<()> {
        self.handle
            .set_sources(sources)
            .map_err(|error| raise(py, error))
    }

    fn request_picture(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.ask_picture().map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (*, relay = true, inband = false))]
    fn set_dtmf(&self, py: Python<'_>, relay: bool, inband: bool) -> PyResult<()> {
        self.handle
            .set_dtmf(relay, inband)
            .map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (*, adaptive, max_ms = 200, resync_ms = 1000, target_ms = 40))]
    fn set_jitter_buffer(
        &self,
        py: Python<'_>,
        adaptive: Option<bool>,
        max_ms: u32,
        resync_ms: u32,
        target_ms: u32,
    ) -> PyResult<()> {
        let kind = |adaptive| match adaptive {
            true => jitter::Kind::Adaptive,
            false => jitter::Kind::Fixed,
        };
        let settings = adaptive.map(|adaptive| jitter::Settings {
            kind: kind(adaptive),
            max_ms,
            resync_ms,
            target_ms,
        });
        self.handle
            .set_jitter_buffer(settings)
            .map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (*, receive = false, send = false))]
    fn mute(&self, py: Python<'_>, receive: bool, send: bool) -> PyResult<()> {
        self.handle
            .mute(receive, send)
            .map_err(|error| raise(py, error))
    }

    fn bridge(&self, py: Python<'_>, peer: &Port) -> PyResult<()> {
        self.handle
            .bridge(&peer.handle)
            .map_err(|error| raise(py, error))
    }

    fn view(&self, py: Python<'_>, source: &Port) -> PyResult<()> {
        self.handle
            .view(&source.handle)
            .map_err(|error| raise(py, error))
    }

    fn unbridge(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.unbridge().map_err(|error| raise(py, error))
    }

    fn echo(&self, py: Python<'_>, on: bool) -> PyResult<()> {
        self.handle.echo(on).map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (files, *, r#loop = false, offset_ms = 0))]
    fn play(
        &self,
        py: Python<'_>,
        files: Vec<PathBuf>,
        r#loop: bool,
        offset_ms: i64,
    ) -> PyResult<u32> {
        self.handle
            .play(files, r#loop, offset_ms)
            .map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (tones, *, repeat = true, level_dbm0 = -13.0))]
    fn play_tones(
        &self,
        py: Python<'_>,
        tones: Vec<Tone>,
        repeat: bool,
        level_dbm0: f64,
    ) -> PyResult<u32> {
        let segments: Vec<Segment> = tones
            .into_iter()
            .map(|(freq1, freq2, modulated, ms, once)| Segment {
                freq1,
                freq2,
                modulated,
                ms,
                once,
            })
            .collect();
        self.handle
            .play_tones(Generator::new(segments, repeat, level_dbm0))
            .map_err(|error| raise(py, error))
    }

    fn pause(&self, py: Python<'_>, play: u32, on: bool) -> PyResult<()> {
        self.handle
            .pause(play, on)
            .map_err(|error| raise(py, error))
    }

    fn seek(&self, py: Python<'_>, play: u32, offset_ms: i64) -> PyResult<()> {
        self.handle
            .seek(play, offset_ms)
            .map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (play = 0))]
    fn stop(&self, py: Python<'_>, play: u32) -> PyResult<()> {
        self.handle.stop(play).map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (queue, *, heard = true, said = false, heard_gain = 1.0, said_gain = 1.0))]
    fn listen(
        &self,
        py: Python<'_>,
        queue: &AudioQueue,
        heard: bool,
        said: bool,
        heard_gain: f32,
        said_gain: f32,
    ) -> PyResult<u32> {
        let hearing = Hearing {
            heard,
            said,
            rate: queue.engine_rate,
            heard_gain: gain(heard_gain)?,
            said_gain: gain(said_gain)?,
            ..Hearing::default()
        };
        self.handle
            .listen(Arc::clone(&queue.queue), hearing)
            .map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (record, *, heard, said))]
    fn set_record_gains(&self, py: Python<'_>, record: u32, heard: f32, said: f32) -> PyResult<()> {
        self.handle
            .set_record_gains(record, gain(heard)?, gain(said)?)
            .map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (*, said, gain = 1.0, level = 0, denoise = false, notch = 0.0))]
    fn set_effects(
        &self,
        py: Python<'_>,
        said: bool,
        gain: f32,
        level: u16,
        denoise: bool,
        notch: f32,
    ) -> PyResult<()> {
        if !(0.0..=3900.0).contains(&notch) {
            return Err(PyValueError::new_err(format!(
                "{notch} Hz cannot be taken out: 0 to 3900 Hz can"
            )));
        }
        let settings = effects::Settings {
            gain: self::gain(gain)?,
            level,
            denoise,
            notch,
        };
        self.handle
            .set_effects(way(said), settings)
            .map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (*, said, threshold, silence_ms))]
    fn watch_talking(
        &self,
        py: Python<'_>,
        said: bool,
        threshold: u32,
        silence_ms: u32,
    ) -> PyResult<u32> {
        let what = Watched::Talking {
            threshold,
            silence_ms,
        };
        self.handle
            .watch(way(said), what)
            .map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (*, said, frequency, ms, second = 0.0, decibels = None))]
    fn watch_tone(
        &self,
        py: Python<'_>,
        said: bool,
        frequency: f64,
        ms: u32,
        second: f64,
        decibels: Option<f64>,
    ) -> PyResult<u32> {
        for hertz in [frequency, second] {
            if !(50.0..=3900.0).contains(&hertz) && (hertz != 0.0 || frequency == 0.0) {
                return Err(PyValueError::new_err(format!(
                    "a tone of {hertz} Hz is not within 50 to 3900 Hz"
                )));
            }
        }
        let tone = WatchedTone {
            frequency,
            second,
            ms,
            decibels: decibels.filter(|decibels| decibels.is_finite()),
        };
        self.handle
            .watch(way(said), Watched::Tone(tone))
            .map_err(|error| raise(py, error))
    }

    fn unwatch(&self, py: Python<'_>, watch: u32) -> PyResult<()> {
        self.handle.unwatch(watch).map_err(|error| raise(py, error))
    }

    fn overlay(&self, py: Python<'_>, files: Vec<PathBuf>) -> PyResult<u32> {
        self.handle.overlay(files).map_err(|error| raise(py, error))
    }

    fn overlay_queue(&self, py: Python<'_>, queue: &AudioQueue) -> PyResult<u32> {
        self.handle
            .overlay_queue(Arc::clone(&queue.queue), queue.engine_rate)
            .map_err(|error| raise(py, error))
    }

    fn speak(&self, py: Python<'_>, queue: &AudioQueue) -> PyResult<u32> {
        self.handle
            .speak(Arc::clone(&queue.queue), queue.engine_rate)
            .map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (path, format, *, max_ms = 0, silence_ms = 0, silence_threshold = 256, append = false, heard = true, said = false, stereo = false, fill = true, heard_gain = 1.0, said_gain = 1.0, paused = false))]
    #[allow(clippy::too_many_arguments)]
    fn record(
        &self,
        py: Python<'_>,
        path: PathBuf,
        format: &str,
        max_ms: u32,
        silence_ms: u32,
        silence_threshold: u32,
        append: bool,
        heard: bool,
        said: bool,
        stereo: bool,
        fill: bool,
        heard_gain: f32,
        said_gain: f32,
        paused: bool,
    ) -> PyResult<u32> {
        let hearing = Hearing {
            heard,
            said,
            stereo,
            fill,
            heard_gain: gain(heard_gain)?,
            said_gain: gain(said_gain)?,
            paused,
            ..Hearing::default()
        };
        let limits = Limits {
            max_ms,
            silence_ms,
            silence_threshold,
        };
        self.handle
            .record(path, format, limits, hearing, append)
            .map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (record, *, paused = false, muted = false))]
    fn hold_record(&self, py: Python<'_>, record: u32, paused: bool, muted: bool) -> PyResult<()> {
        self.handle
            .hold_record(record, paused, muted)
            .map_err(|error| raise(py, error))
    }

    fn stop_record(&self, py: Python<'_>, record: u32) -> PyResult<()> {
        self.handle
            .stop_record(record)
            .map_err(|error| raise(py, error))
    }

    #[pyo3(signature = (digits, *, duration_ms = 100, gap_ms = 50))]
    fn send_dtmf(
        &self,
        py: Python<'_>,
        digits: &str,
        duration_ms: u32,
        gap_ms: u32,
    ) -> PyResult<u32> {
        self.handle
            .send_dtmf(digits, duration_ms, gap_ms)
            .map_err(|error| raise(py, error))
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.handle.stats();
        let dict = PyDict::new(py);
        let ms = |us: u64| us as f64 / 1000.0;
        for (name, count) in [
            ("rx_packets", &stats.rx_packets),
            ("rx_bytes", &stats.rx_bytes),
            ("rx_lost", &stats.rx_lost),
            ("rx_reordered", &stats.rx_reordered),
            ("rx_duplicate", &stats.rx_duplicate),
            ("rx_ssrc", &stats.rx_ssrc),
            ("tx_packets", &stats.tx_packets),
            ("tx_bytes", &stats.tx_bytes),
            ("remote_lost", &stats.remote_lost),
            ("drop_source", &stats.drop_source),
            ("drop_invalid", &stats.drop_invalid),
            ("drop_other", &stats.drop_other),
            ("drop_crypto", &stats.drop_crypto),
            ("relay_in", &stats.relay_in),
            ("relay_out", &stats.relay_out),
        ] {
            dict.set_item(name, count.get())?;
        }
        for (name, spread, unit) in [
            ("rx_jitter_ms", &stats.rx_jitter, 1000.0),
            ("rx_loss", &stats.rx_loss, 1.0),
            ("remote_jitter_ms", &stats.remote_jitter, 1000.0),
            ("remote_loss", &stats.remote_loss, 1.0),
            ("rtt_ms", &stats.rtt, 1000.0),
        ] {
            let reports = spread.reports.get() as f64;
            let mean = spread.sum.get() as f64 / reports.max(1.0);
            let variance = spread.squares.get() as f64 / reports.max(1.0) - mean * mean;
            for (what, value) in [
                ("min", spread.least.get() as f64),
                ("max", spread.most.get() as f64),
                ("mean", mean),
                ("stdev", variance.max(0.0).sqrt()),
            ] {
                dict.set_item(format!("{name}_{what}"), value / unit)?;
            }
        }
        dict.set_item("rx_jitter_ms", ms(stats.rx_jitter_us.get()))?;
        dict.set_item("remote_jitter_ms", ms(stats.remote_jitter_us.get()))?;
        let rtt = stats.rtt_us.get().checked_sub(1).map_or(-1.0, ms);
        dict.set_item("rtt_ms", rtt)?;
        let age = match stats.rx_at.get() {
            0 => -1.0,
            at => offhook_media::io::clock().saturating_sub(at) as f64 / 1e6,
        };
        dict.set_item("rx_age_ms", age)?;
        let source = stats.source.lock().ok().and_then(|source| *source);
        dict.set_item(
            "source",
            source.map_or_else(String::new, |source| source.to_string()),
        )?;
        Ok(dict)
    }

    fn close(&self) {
        self.handle.close();
    }

    fn __repr__(&self) -> String {
        let wire = &self.handle.wire;
        format!(
            "<Port {} {}:{}>",
            self.handle.id(),
            wire.address,
            wire.rtp_port
        )
    }
}

/// A factor of loudness.
fn gain(factor: f32) -> PyResult<f32> {
    if (0.0..=64.0).contains(&factor) {
        return Ok(factor);
    }
    Err(PyValueError::new_err(format!(
        "a gain of {factor} is not within 0 to 64"
    )))
}

fn way(said: bool) -> Way {
    if said { Way::Said } else { Way::Heard }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let suites = PyDict::new(module.py());
    for (suite, name) in Suite::ALL {
        suites.set_item(name, suite.material_length())?;
    }
    module.add("CRYPTO_SUITES", suites)?;
    module.add("MediaError", module.py().get_type::<MediaError>())?;
    let ciphers: Vec<&str> = offhook_media::dtls::cipher_names().collect();
    module.add("DTLS_CIPHERS", ciphers)?;
    module.add_class::<PyIdentity>()?;
    module.add_class::<PyTrust>()?;
    module.add_class::<MediaEngine>()?;
    module.add_class::<Room>()?;
    module.add_class::<Port>()
}
