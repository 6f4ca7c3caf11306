//! Counters that a worker writes and anyone reads, and the events that it reports.
//!
//! Each counter has one writer, so counting is a plain load and store, without a locked instruction.
use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

/// A number written by one thread.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    #[inline]
    pub fn add(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    #[inline]
    pub fn set(&self, n: u64) {
        self.0.store(n, Relaxed);
    }

    #[inline]
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// How a figure spread over its reports: smallest, largest, sum and sum of squares.
#[derive(Debug, Default)]
pub struct Spread {
    pub reports: Count,
    pub least: Count,
    pub most: Count,
    pub sum: Count,
    pub squares: Count,
}

impl Spread {
    /// One more report of it.
    pub fn add(&self, value: u64) {
        let first = self.reports.get() == 0;
        if first || value < self.least.get() {
            self.least.set(value);
        }
        if first || value > self.most.get() {
            self.most.set(value);
        }
        self.reports.add(1);
        self.sum.add(value);
        self.squares.add(value.saturating_mul(value));
    }
}

/// What is known of one port's two streams.  Zero of a time or SSRC: not known.
#[derive(Debug, Default)]
pub struct PortStats {
    pub rx_packets: Count,
    pub rx_bytes: Count,
    pub rx_lost: Count,
    pub rx_reordered: Count,
    pub rx_duplicate: Count,
    pub rx_jitter_us: Count,
    pub rx_ssrc: Count,
    /// Monotonic time of the newest packet.
    pub rx_at: Count,
    pub tx_packets: Count,
    pub tx_bytes: Count,
    pub remote_lost: Count,
    pub remote_jitter_us: Count,
    /// Plus one, so that 0 says "not known".
    pub rtt_us: Count,
    /// Of our reports: jitter in us, packets lost until then.
    pub rx_jitter: Spread,
    pub rx_loss: Spread,
    /// Of the far end's: jitter in us, packets lost until then, round trip in us.
    pub remote_jitter: Spread,
    pub remote_loss: Spread,
    pub rtt: Spread,
    pub drop_source: Count,
    pub drop_invalid: Count,
    pub drop_other: Count,
    /// Not genuine, replayed, or not encrypted though it had to be.
    pub drop_crypto: Count,
    /// Datagrams through a TURN server.
    pub relay_in: Count,
    pub relay_out: Count,
    /// The learned source; written when it changes, never per packet.
    pub source: Mutex<Option<SocketAddr>>,
}

/// Why a packet was dropped, for the engine's counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// Not RTP or RTCP, or cut short.
    Invalid,
    /// From somebody that the port does not listen to.
    Source,
    /// A payload type that was not negotiated.
    PayloadType,
    /// Audio that the bridged port cannot send and that we cannot convert.
    Format,
    /// A repeated packet, or one from before a switch of source.
    Stale,
    /// Not made with our keys, or in the clear where keys are awaited.
    Crypto,
    /// For a port that is not open (any more).
    Closed,
    /// The kernel did not take it.
    Send,
    /// It went through too many pipes in a ring.
    Loop,
}

impl Dropped {
    pub const ALL: [(Dropped, &'static str); 9] = [
        (Dropped::Invalid, "drop_invalid"),
        (Dropped::Source, "drop_source"),
        (Dropped::PayloadType, "drop_payload_type"),
        (Dropped::Format, "drop_format"),
        (Dropped::Stale, "drop_stale"),
        (Dropped::Crypto, "drop_crypto"),
        (Dropped::Closed, "drop_closed"),
        (Dropped::Send, "drop_send"),
        (Dropped::Loop, "drop_loop"),
    ];
}

/// Counters of one worker.
#[derive(Debug, Default)]
pub struct WorkerStats {
    pub rx_packets: Count,
    pub rx_bytes: Count,
    pub tx_packets: Count,
    pub tx_bytes: Count,
    pub wakeups: Count,
    pub ticks: Count,
    pub late_ticks: Count,
    /// Left out, when the worker was held up for longer than it makes up for.
    pub missed_ticks: Count,
    pub commands: Count,
    pub record_overruns: Count,
    pub drops: [Count; Dropped::ALL.len()],
}

impl WorkerStats {
    #[inline]
    pub fn dropped(&self, why: Dropped) {
        self.drops[why as usize].add(1);
    }
}

/// Kinds of events; their names are Python's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    DtmfBegin,
    DtmfEnd,
    DtmfSent,
    PlayEnd,
    RecordEnd,
    Source,
    Timeout,
    Bye,
    /// An RTCP report came or went: `name=value` words.  Only while somebody wants them (`Reports`).
    RtcpReceived,
    RtcpSent,
    /// The DTLS handshake came to its end: the crypto suite, or "failed: " and why.
    Dtls,
    /// ICE has chosen where to send, or (value 0) nothing works.
    Ice,
    /// A server has told where it sees a socket of ours ("srflx"), or of a relay ("relay"), or that it does not; the
    /// component.
    Server,
    Talking,
    /// A program's queue has audio to fetch, or room for more.
    Audio,
    /// What plays has nothing to play, in the middle of sound: its number, and ms played.
    Dry,
    /// Where in the files a play is, in ms.
    Position,
    /// A watch has found something: its number, and what.
    Found,
    Overrun,
}

/// Whether anybody wants RTCP reports as events; shared by the ports of an engine.
#[derive(Clone, Debug, Default)]
pub struct Reports(Arc<AtomicBool>);

impl Reports {
    pub fn want(&self, on: bool) {
        self.0.store(on, Relaxed);
    }

    #[must_use]
    pub fn wanted(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Something that happened to a port.  See `MediaEvent` in `_core.pyi` for what each kind carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub kind: Kind,
    pub port: u64,
    pub reference: u32,
    pub text: Cow<'static, str>,
    pub value: i64,
}

/// A DTMF digit as text that needs no allocation.
#[must_use]
pub fn digit_text(digit: char) -> Option<&'static str> {
    const NAMES: [&str; 17] = [
        "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#", "A", "B", "C", "D", "!",
    ];
    NAMES
        .into_iter()
        .find(|name| name.starts_with(digit.to_ascii_uppercase()))
}
