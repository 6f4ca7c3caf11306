//! What SRTP costs a packet: see `bench/srtp.py`.  Usage: srtp SUITE PACKETS PASSES; prints ns to protect and to unprotect.
use offhook_media::crypto::{Context, Suite};
use std::time::Instant;

const LENGTH: usize = 172;

fn packet(number: usize) -> [u8; 256] {
    let mut data = [0x55; 256];
    data[..4].copy_from_slice(&[0x80, 0, (number >> 8) as u8, number as u8]);
    data[4..8].fill(0);
    data[8..12].fill(7);
    data
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, name, packets, passes] = &arguments[..] else {
        panic!("usage: srtp SUITE PACKETS PASSES");
    };
    let suite = Suite::named(name).expect("a suite");
    let (packets, passes): (usize, usize) = (packets.parse().unwrap(), passes.parse().unwrap());
    let key: Vec<u8> = (0..suite.material_length())
        .map(|i| (i * 7 + 1) as u8)
        .collect();
    let mut best = [f64::MAX; 2];
    for _ in 0..passes {
        let mut send = Context::new(suite, &key, true).unwrap();
        let mut receive = Context::new(suite, &key, true).unwrap();
        let mut all: Vec<([u8; 256], usize)> = (0..packets).map(|n| (packet(n), LENGTH)).collect();
        let began = Instant::now();
        for (data, length) in &mut all {
            *length = send.protect_rtp(data, LENGTH).unwrap();
        }
        best[0] = best[0].min(began.elapsed().as_nanos() as f64);
        let began = Instant::now();
        for (data, length) in &mut all {
            assert_eq!(receive.unprotect_rtp(&mut data[..*length]).unwrap(), LENGTH);
        }
        best[1] = best[1].min(began.elapsed().as_nanos() as f64);
    }
    println!(
        "{:.1} {:.1}",
        best[0] / packets as f64,
        best[1] / packets as f64
    );
}
