//! Work for `bench/ports.py`: so many packets of G.711 through a bridge of two ports, with what hangs on the first.
//!
//!     bench_port relay|record|both|talk|volume|denoise PACKETS
//!
//! Nothing is sent anywhere; what is counted is what the engine does between two system calls.
use offhook_media::board::Board;
use offhook_media::port::effects::Settings;
use offhook_media::port::recorder::{Hearing, Limits, Recorder, Way};
use offhook_media::port::watch::Watch;
use offhook_media::port::{Opening, Output, Port};
use offhook_media::stats::{Event, PortStats, WorkerStats};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

struct Nowhere {
    packets: u64,
    samples: u64,
}

impl Output for Nowhere {
    fn rtp(&mut self, _: usize, _: &[u8], _: SocketAddr) -> bool {
        self.packets += 1;
        true
    }
    fn framed(
        &mut self,
        slot: usize,
        _component: usize,
        _head: [u8; 4],
        data: &[u8],
        to: SocketAddr,
    ) -> bool {
        self.rtp(slot, data, to)
    }

    fn rtcp(&mut self, _: usize, _: &[u8], _: SocketAddr) {}
    fn event(&mut self, _: Event) {}
    fn recorded(&mut self, _: u32, samples: Vec<i16>) {
        self.samples += samples.len() as u64;
    }
    fn record_end(&mut self, _: u64, _: u32, _: &'static str) {}
}

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, packets] = &arguments[..] else {
        return Err("bench_port relay|record|both|talk|volume|denoise PACKETS".into());
    };
    let packets: u32 = packets.parse().map_err(|_| "PACKETS is a number")?;
    let mut board = Board::new(20, "bench".into(), Arc::new(WorkerStats::default()));
    let phone = |slot: usize| SocketAddr::from(([192, 0, 2, slot as u8], 4000));
    for slot in 0..2 {
        let opening = Opening {
            id: 100 + slot as u64,
            slot,
            stats: Arc::new(PortStats::default()),
            carries: offhook_media::port::Carries::Audio,
            reports: offhook_media::stats::Reports::default(),
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
        board.insert(Box::new(port));
    }
    board.bridge(0, 1);
    let port = board.port(0, 100).ok_or("no port")?;
    let both = Hearing {
        said: true,
        ..Hearing::default()
    };
    let gain = |gain| Settings {
        gain,
        ..Settings::default()
    };
    match what.as_str() {
        "relay" => {}
        "record" => port.record(Recorder::new(1, Limits::default(), Hearing::default(), 0)),
        "both" => port.record(Recorder::new(1, Limits::default(), both, 0)),
        "talk" => port.watch(Watch::talking(1, Way::Heard, 256, 2500, 0)),
        "denoise" => {
            let denoise = Settings {
                denoise: true,
                ..Settings::default()
            };
            port.set_effects(Way::Heard, denoise);
        }
        "volume" => port.set_effects(Way::Heard, gain(2.0)),
        _ => return Err(format!("what is {what:?}?")),
    }
    board.note_timed(0, 0);
    let mut out = Nowhere {
        packets: 0,
        samples: 0,
    };
    let mut data = [0u8; 2048];
    let started = Instant::now();
    for n in 0..packets {
        let now = u64::from(n) * 20_000_000;
        for slot in 0..2 {
            let mut header = [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
            header[2..4].copy_from_slice(&(n as u16).to_be_bytes());
            header[4..8].copy_from_slice(&(n * 160).to_be_bytes());
            data[..12].copy_from_slice(&header);
            for (at, octet) in data[12..172].iter_mut().enumerate() {
                *octet = (at as u32 * 7 + n) as u8;
            }
            board.rtp_received(
                slot,
                100 + slot as u64,
                &mut data[..172],
                phone(slot),
                now,
                &mut out,
            );
        }
        if board.next_timeout().is_some_and(|due| due <= now) {
            board.advance(now, &mut out);
        }
    }
    println!(
        "{:.0} ns/packet, {} sent, {} samples recorded",
        started.elapsed().as_nanos() as f64 / f64::from(packets.max(1) * 2),
        out.packets,
        out.samples
    );
    Ok(())
}
