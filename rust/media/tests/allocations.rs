//! No memory is asked for while packets go through a call or a room: relayed, transcoded, changed on the way, put in
//! order by a jitter buffer, sealed and opened, mixed.
//!
//! The allocator counts what this test's thread asks for; what a call needs it has after its first seconds.
use offhook_media::board::Board;
use offhook_media::codecs::{Encoder, Format, Parameters};
use offhook_media::crypto::{Context, Suite};
use offhook_media::jitter::{self, Kind};
use offhook_media::mixer::room::Taking;
use offhook_media::port::effects::Settings;
use offhook_media::port::recorder::Way;
use offhook_media::port::watch::{Tone, Watch};
use offhook_media::port::{Carries, Codecs, Keys, Opening, Output, Port};
use offhook_media::stats::{Event, PortStats, Reports, WorkerStats};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;

struct Counting;

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // a thread that ends has no counter any more
    let _ = ASKED.try_with(|asked| asked.set(asked.get() + 1));
}

// SAFETY: everything is the system allocator's; the counter is a plain cell of the thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(at, layout, size) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Where packets end.
#[derive(Default)]
struct Nowhere {
    packets: u64,
}

impl Output for Nowhere {
    fn rtp(&mut self, _: usize, _: &[u8], _: SocketAddr) -> bool {
        self.packets += 1;
        true
    }
    fn framed(&mut self, _: usize, _: usize, _: [u8; 4], _: &[u8], _: SocketAddr) -> bool {
        self.packets += 1;
        true
    }
    fn rtcp(&mut self, _: usize, _: &[u8], _: SocketAddr) {}
    fn event(&mut self, _: Event) {}
    fn recorded(&mut self, _: u32, _: Vec<i16>) {}
    fn record_end(&mut self, _: u64, _: u32, _: &'static str) {}
}

const PACKET_MS: u64 = 20;

/// The number of the room.
const ROOM: u64 = 7;
/// Packets come at most so many packet times late.
const LATEST: u32 = 3;
/// Packets before anything is counted; of the tests' patterns some periods.
const FIRST: u32 = 400;
const COUNTED: u32 = 500;

/// What becomes of a packet on its way: it comes so many packet times late, or never.
type Fate = Option<u32>;

/// Legs that all talk, joined: two with each other, more in a room.
struct Call {
    board: Board,
    out: Nowhere,
    said: Vec<(Format, Vec<Vec<u8>>)>,
    /// Of the phones, where they encrypt what they send.
    keys: Vec<Option<Context>>,
    sent: u32,
}

fn phone(slot: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, slot as u8], 4000))
}

impl Call {
    /// Two legs, bridged.
    fn new(codecs: [&str; 2]) -> Call {
        let mut call = Call::apart(&codecs);
        call.board.bridge(0, 1);
        call
    }

    /// All in a conference that is mixed at `rate` Hz.
    fn room(codecs: &[&str], rate: u32) -> Call {
        let mut call = Call::apart(codecs);
        call.board.open_room(ROOM, rate, 20, 0);
        for slot in 0..codecs.len() {
            call.join(slot, Taking::default());
        }
        call
    }

    fn join(&mut self, slot: usize, taking: Taking) {
        self.board.join_room(slot, ROOM, taking, 0, &mut self.out);
    }

    fn apart(codecs: &[&str]) -> Call {
        let mut board = Board::new(20, "test".into(), Arc::new(WorkerStats::default()));
        let said: Vec<_> = codecs
            .iter()
            .map(|name| {
                let format = Format::named(name).unwrap();
                match format.encoder(&Parameters::default()) {
                    Some(mut encoder) => (format, speech(&mut *encoder)),
                    // what the engine does not read: 20 ms of G.729
                    None => (format, vec![vec![0x5a; 20]]),
                }
            })
            .collect();
        for (slot, (format, _)) in said.iter().enumerate() {
            let opening = Opening {
                id: 100 + slot as u64,
                slot,
                stats: Arc::new(PortStats::default()),
                carries: Carries::Audio,
                reports: Reports::default(),
                rtcp: false,
                rtcp_mux: false,
                symmetric: true,
                strict: true,
                probation: 4,
                pipe: None,
                ssrc: 0x5000 + slot as u32,
                random: 7,
            };
            let mut port = Port::new(opening, 0);
            port.set_remote(Some(phone(slot)), None, 0);
            port.set_codecs(Codecs {
                send: *format,
                send_type: 96,
                receive: vec![(96, *format)],
                ..Codecs::default()
            });
            board.insert(Box::new(port));
        }
        Call {
            board,
            out: Nowhere::default(),
            keys: said.iter().map(|_| None).collect(),
            said,
            sent: 0,
        }
    }

    fn port(&mut self, slot: usize) -> &mut Port {
        self.board.port(slot, 100 + slot as u64).unwrap()
    }

    /// Encrypt this leg, both ways.
    fn encrypt(&mut self, slot: usize, suite: Suite) {
        let (ours, theirs) = (
            vec![1; suite.material_length()],
            vec![2; suite.material_length()],
        );
        let keys = Keys::new((suite, &ours), (suite, &theirs), true).unwrap();
        self.port(slot).set_keys(Some(keys), 0);
        self.keys[slot] = Context::new(suite, &theirs, true);
    }

    /// Put what these legs hear into jitter buffers.
    fn buffer(&mut self, settings: jitter::Settings) {
        for slot in 0..self.said.len() {
            self.port(slot).set_jitter_buffer(Some(settings));
        }
    }

    /// A packet of this leg comes in.
    fn packet(&mut self, slot: usize, n: u32, now: u64) {
        let (format, payloads) = &self.said[slot];
        let payload = &payloads[n as usize % payloads.len()];
        let mut header = [0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
        header[2..4].copy_from_slice(&(n as u16).to_be_bytes());
        let timestamp = n * format.clock / 50;
        header[4..8].copy_from_slice(&timestamp.to_be_bytes());
        let mut data = [0u8; 2048];
        let mut length = 12 + payload.len();
        data[..12].copy_from_slice(&header);
        data[12..length].copy_from_slice(payload);
        if let Some(keys) = &mut self.keys[slot] {
            length = keys.protect_rtp(&mut data, length).unwrap();
        }
        self.board.rtp_received(
            slot,
            100 + slot as u64,
            &mut data[..length],
            phone(slot),
            now,
            &mut self.out,
        );
        self.board.note_timed(slot, now);
    }

    /// So many packets of each leg; `fate` says what becomes of them on their way.
    fn talk(&mut self, packets: u32, fate: impl Fn(u32) -> Fate) {
        for _ in 0..packets {
            let tick = self.sent;
            self.sent += 1;
            let now = u64::from(tick) * PACKET_MS * 1_000_000;
            for late in (0..=LATEST.min(tick)).rev() {
                if fate(tick - late) == Some(late) {
                    for slot in 0..self.said.len() {
                        self.packet(slot, tick - late, now);
                    }
                }
            }
            while self.board.next_timeout().is_some_and(|due| due <= now) {
                self.board.advance(now, &mut self.out);
            }
        }
    }

    /// How often memory was asked for in ten seconds of talk, once buffers have their size.
    fn asked(&mut self, fate: impl Fn(u32) -> Fate + Copy) -> u64 {
        self.talk(FIRST, fate);
        let (before, packets) = (ASKED.get(), self.out.packets);
        self.talk(COUNTED, fate);
        let asked = ASKED.get() - before;
        let packets = self.out.packets - packets;
        // each leg gets nearly all the time, whether of packets of another leg or of a room
        assert!(
            packets >= u64::from(COUNTED) * self.said.len() as u64 * 9 / 10,
            "{packets}"
        );
        asked
    }
}

/// A second of something like a voice, in packets.
fn speech(encoder: &mut dyn Encoder) -> Vec<Vec<u8>> {
    let size = encoder.rate() as usize / 50;
    let (mut seed, mut y1, mut y2) = (1u32, 0i32, 0i32);
    (0..50)
        .map(|_| {
            let samples: Vec<i16> = (0..size)
                .map(|n| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let drive = if n % (size / 2) == 0 { 6000 } else { 0 };
                    let y0 =
                        drive + (seed >> 24) as i32 - 128 + ((30_000 * y1 - 15_600 * y2) >> 14);
                    (y2, y1) = (y1, y0.clamp(-32_768, 32_767));
                    y1 as i16
                })
                .collect();
            let mut payload = Vec::new();
            encoder.encode(&samples, &mut payload);
            payload
        })
        .collect()
}

/// All packets come in time.
fn in_time(_: u32) -> Fate {
    Some(0)
}

/// Some are lost.
fn lossy(n: u32) -> Fate {
    (!n.is_multiple_of(17)).then_some(0)
}

/// By turns in time and very unevenly, out of order; some are lost.
fn shaky(n: u32) -> Fate {
    match n % 150 {
        75.. => Some(0),
        33 => None,
        at if at % 5 == 0 => Some(LATEST),
        at if at % 7 == 0 => Some(1),
        _ => Some(0),
    }
}

#[test]
fn the_counter_counts() {
    let before = ASKED.get();
    drop(std::hint::black_box(vec![1u8, 2, 3]));
    assert_eq!(ASKED.get() - before, 1);
}

#[test]
fn relaying_asks_for_no_memory() {
    for codecs in [["ulaw", "ulaw"], ["ulaw", "alaw"], ["opus", "opus"]] {
        assert_eq!(Call::new(codecs).asked(in_time), 0, "{codecs:?}");
    }
}

#[test]
fn transcoding_asks_for_no_memory() {
    for codecs in [
        ["ulaw", "g722"],
        ["alaw", "gsm"],
        ["ulaw", "opus"],
        ["g722", "opus"],
        ["g726", "slin16"],
        ["slin", "slin48"],
    ] {
        assert_eq!(Call::new(codecs).asked(in_time), 0, "{codecs:?}");
    }
}

#[test]
fn making_up_for_loss_asks_for_no_memory() {
    for codecs in [["ulaw", "g722"], ["ulaw", "opus"], ["gsm", "alaw"]] {
        let asked = Call::new(codecs).asked(lossy);
        assert_eq!(asked, 0, "{codecs:?}");
    }
}

#[test]
fn effects_and_watches_ask_for_no_memory() {
    let effects = Settings {
        gain: 0.5,
        level: 4000,
        denoise: true,
        notch: 1100.0,
    };
    for codecs in [["ulaw", "ulaw"], ["ulaw", "g722"], ["opus", "opus"]] {
        let mut call = Call::new(codecs);
        call.port(0).set_effects(Way::Heard, effects);
        call.port(0).set_effects(Way::Said, effects);
        call.port(0)
            .watch(Watch::talking(1, Way::Heard, 256, 2500, 0));
        call.port(0)
            .watch(Watch::tone(2, Way::Said, Tone::single(1100.0, 500), 0));
        assert_eq!(call.asked(in_time), 0, "{codecs:?}");
    }
}

#[test]
fn jitter_buffers_ask_for_no_memory() {
    for kind in [Kind::Fixed, Kind::Adaptive] {
        for codecs in [
            ["ulaw", "ulaw"],
            ["ulaw", "alaw"],
            ["ulaw", "g722"],
            ["alaw", "opus"],
            ["opus", "opus"],
            ["g729", "g729"],
        ] {
            for fate in [in_time, lossy, shaky] {
                let mut call = Call::new(codecs);
                call.buffer(jitter::Settings::new(kind));
                assert_eq!(call.asked(fate), 0, "{kind:?} {codecs:?}");
            }
        }
    }
    // the pattern is one to which an adaptive buffer adapts, both ways
    let mut call = Call::new(["ulaw", "ulaw"]);
    call.buffer(jitter::Settings::new(Kind::Adaptive));
    call.talk(FIRST + COUNTED, shaky);
    let counts = call.port(0).jitter_counts().unwrap();
    assert!(counts.grown > 2 && counts.shrunk > 2, "{counts:?}");
}

#[test]
fn encryption_asks_for_no_memory() {
    for (suite, name) in Suite::ALL {
        for codecs in [["ulaw", "ulaw"], ["ulaw", "g722"], ["opus", "opus"]] {
            for both in [false, true] {
                let mut call = Call::new(codecs);
                call.encrypt(0, suite);
                if both {
                    call.encrypt(1, Suite::AeadAes256Gcm);
                }
                assert_eq!(call.asked(in_time), 0, "{name} {codecs:?}");
                assert_eq!(call.port(0).stats.drop_crypto.get(), 0);
            }
        }
    }
    let mut call = Call::new(["ulaw", "opus"]);
    call.encrypt(0, Suite::AesCm128Sha1_80);
    call.encrypt(1, Suite::AeadAes128Gcm);
    call.buffer(jitter::Settings::new(Kind::Adaptive));
    assert_eq!(call.asked(shaky), 0);
}

#[test]
fn rooms_ask_for_no_memory() {
    for (rate, codecs) in [
        (8000, &["ulaw", "alaw", "ulaw", "gsm", "ulaw"][..]),
        (16_000, &["g722", "ulaw", "opus", "g722"]),
        (48_000, &["opus", "slin48", "ulaw", "opus"]),
    ] {
        for fate in [in_time, lossy, shaky] {
            let mut call = Call::room(codecs, rate);
            assert_eq!(call.asked(fate), 0, "{rate}");
        }
        // one is heard by nobody, one hears nobody, one is changed both ways, one is encrypted
        let mut call = Call::room(codecs, rate);
        let muted = Taking {
            muted: true,
            ..Taking::default()
        };
        let deaf = Taking {
            deaf: true,
            report: true,
            ..Taking::default()
        };
        call.join(0, muted);
        call.join(1, deaf);
        for way in [Way::Heard, Way::Said] {
            let effects = Settings {
                gain: 0.5,
                level: 4000,
                denoise: true,
                notch: 1100.0,
            };
            call.port(2).set_effects(way, effects);
        }
        call.board.rechoose_room(2);
        call.encrypt(3, Suite::AesCm128Sha1_80);
        assert_eq!(call.asked(in_time), 0, "{rate}");
    }
}
