//! Work for `bench/codecs.py`: so many frames of 20 ms through one codec.
//!
//!     bench_codecs NAME RATE encode|decode|both|open FRAMES
//!
//! RATE is the one wished for, 0 the codec's own.  With `open` everything is made ready and nothing is done, to be taken off.
use offhook_media::codecs::{Format, Parameters};
use std::time::Instant;

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, rate, what, frames] = &arguments[..] else {
        return Err("bench_codecs NAME RATE encode|decode|both|open FRAMES".into());
    };
    let frames: usize = frames.parse().map_err(|_| "FRAMES is a number")?;
    let parameters = Parameters {
        rate: rate.parse().map_err(|_| "RATE is a number")?,
        settings: "complexity=5",
        ..Parameters::default()
    };
    let format = Format::named(name).ok_or("no such codec")?;
    let mut encoder = format.encoder(&parameters).ok_or("it has no encoder")?;
    let mut decoder = format.decoder(&parameters).ok_or("it has no decoder")?;
    // a voice of sorts: pulses through a resonator, and noise
    let size = encoder.rate() as usize / 50;
    let (mut seed, mut y1, mut y2) = (1u32, 0i32, 0i32);
    let sound: Vec<i16> = (0..size * 50)
        .map(|n| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let drive = if n % (size / 2) == 0 { 6000 } else { 0 };
            let y0 = drive + (seed >> 24) as i32 - 128 + ((30_000 * y1 - 15_600 * y2) >> 14);
            (y2, y1) = (y1, y0.clamp(-32_768, 32_767));
            y1 as i16
        })
        .collect();
    let packets: Vec<Vec<u8>> = sound
        .chunks(size)
        .map(|frame| {
            let mut payload = Vec::new();
            encoder.encode(frame, &mut payload);
            payload
        })
        .collect();
    let (mut payload, mut samples) = (Vec::with_capacity(4096), Vec::with_capacity(8192));
    let started = Instant::now();
    for n in 0..frames {
        let at = n % packets.len();
        if what == "encode" || what == "both" {
            payload.clear();
            encoder.encode(&sound[at * size..(at + 1) * size], &mut payload);
        }
        if what == "decode" || what == "both" {
            samples.clear();
            decoder
                .decode(&packets[at], &mut samples)
                .map_err(|_| "its own payload is damaged")?;
        }
    }
    println!(
        "{:.0} ns/frame",
        started.elapsed().as_nanos() as f64 / frames.max(1) as f64
    );
    Ok(())
}
