//! No memory is asked for while packets go through a call: relayed, transcoded, changed on the way.
//!
//! The allocator counts what this test's thread asks for; what a call needs it has after its first second.
use offhook_media::board::Board;
use offhook_media::codecs::{Encoder, Format, Parameters};
use offhook_media::port::effects::Settings;
use offhook_media::port::recorder::Way;
use offhook_media::port::watch::{Tone, Watch};
use offhook_media::port::{Carries, Codecs, Opening, Output, Port};
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

/// A call of two legs, both talking.
struct Call {
    board: Board,
    out: Nowhere,
    said: [(Format, Vec<Vec<u8>>); 2],
    sent: u32,
}

fn phone(slot: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, slot as u8], 4000))
}

impl Call {
    fn new(codecs: [&str; 2]) -> Call {
        let mut board = Board::new(20, "test".into(), Arc::new(WorkerStats::default()));
        let said = codecs.map(|name| {
            let format = Format::named(name).unwrap();
            let mut encoder = format.encoder(&Parameters::default()).unwrap();
            (format, speech(&mut *encoder))
        });
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
        board.bridge(0, 1);
        Call {
            board,
            out: Nowhere::default(),
            said,
            sent: 0,
        }
    }

    fn port(&mut self) -> &mut Port {
        self.board.port(0, 100).unwrap()
    }

    /// So many packets each way; `without` says which are lost.
    fn talk(&mut self, packets: u32, without: impl Fn(u32) -> bool) {
        let mut data = [0u8; 2048];
        for _ in 0..packets {
            let n = self.sent;
            self.sent += 1;
            let now = u64::from(n) * PACKET_MS * 1_000_000;
            for slot in 0..2 {
                if without(n) {
                    continue;
                }
                let (format, payloads) = &self.said[slot];
                let payload = &payloads[n as usize % payloads.len()];
                let mut header = [0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
                header[2..4].copy_from_slice(&(n as u16).to_be_bytes());
                let timestamp = n * format.clock / 50;
                header[4..8].copy_from_slice(&timestamp.to_be_bytes());
                data[..12].copy_from_slice(&header);
                data[12..12 + payload.len()].copy_from_slice(payload);
                self.board.rtp_received(
                    slot,
                    100 + slot as u64,
                    &mut data[..12 + payload.len()],
                    phone(slot),
                    now,
                    &mut self.out,
                );
                self.board.note_timed(slot, now);
            }
            while self.board.next_timeout().is_some_and(|due| due <= now) {
                self.board.advance(now, &mut self.out);
            }
        }
    }

    /// How often memory was asked for in ten seconds of talk, once buffers have their size.
    fn asked(&mut self, without: impl Fn(u32) -> bool + Copy) -> u64 {
        self.talk(400, without);
        let (before, packets) = (ASKED.get(), self.out.packets);
        self.talk(500, without);
        let asked = ASKED.get() - before;
        assert!(self.out.packets >= packets + 900, "{}", self.out.packets);
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

fn none(_: u32) -> bool {
    false
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
        assert_eq!(Call::new(codecs).asked(none), 0, "{codecs:?}");
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
        assert_eq!(Call::new(codecs).asked(none), 0, "{codecs:?}");
    }
}

#[test]
fn making_up_for_loss_asks_for_no_memory() {
    for codecs in [["ulaw", "g722"], ["ulaw", "opus"], ["gsm", "alaw"]] {
        let asked = Call::new(codecs).asked(|n| n % 17 == 0);
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
        call.port().set_effects(Way::Heard, effects);
        call.port().set_effects(Way::Said, effects);
        call.port()
            .watch(Watch::talking(1, Way::Heard, 256, 2500, 0));
        call.port()
            .watch(Watch::tone(2, Way::Said, Tone::single(1100.0, 500), 0));
        assert_eq!(call.asked(none), 0, "{codecs:?}");
    }
}
