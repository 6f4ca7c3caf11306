//! What noise suppression does to recordings of speech: figures for the documentation.
//!
//!     denoise_figures FILE.wav ...
//!
//! Noise of three colours is added to the speech of each file at 5, 10 and 15 dB; what comes out is compared with the
//! clean speech.
use offhook_media::files::{load, rate_of};
use offhook_media::port::effects::{Effects, Settings};
use std::path::Path;

/// White, pink and hum of 50 Hz with its harmonics, of deviation 1.
fn noise(colour: &str, count: usize, rate: u32) -> Vec<f64> {
    let mut seed = 1u64;
    let mut rows = [0.0f64; 12];
    let samples: Vec<f64> = (0..count)
        .map(|n| {
            let mut white = || {
                seed = seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (seed >> 40) as f64 / (1u64 << 23) as f64 - 1.0
            };
            match colour {
                "white" => white(),
                "pink" => {
                    let row = (n.trailing_zeros() as usize).min(rows.len() - 1);
                    rows[row] = white();
                    rows.iter().sum::<f64>()
                }
                _ => {
                    let t = n as f64 / f64::from(rate) * std::f64::consts::TAU;
                    (1..12)
                        .map(|k| (t * 50.0 * f64::from(k)).sin() / f64::from(k))
                        .sum::<f64>()
                        + white() * 0.05
                }
            }
        })
        .collect();
    let deviation = (samples.iter().map(|s| s * s).sum::<f64>() / count as f64).sqrt();
    samples.iter().map(|s| s / deviation).collect()
}

fn process(samples: &[i16], rate: u32) -> Vec<i16> {
    let settings = Settings {
        denoise: true,
        ..Settings::default()
    };
    let mut samples = samples.to_vec();
    if let Some(mut effects) = Effects::new(settings, None) {
        for frame in samples.chunks_exact_mut(rate as usize / 50) {
            effects.process(frame, rate);
        }
    }
    samples
}

fn power(samples: impl Iterator<Item = f64>) -> f64 {
    samples.map(|s| s * s).sum()
}

fn db(ratio: f64) -> f64 {
    10.0 * ratio.max(1e-9).log10()
}

/// Of the pieces of 20 ms: level of the pauses (dB of what came), segmental ratio of speech to what is not, before and after,
/// and the level of speech (dB of what it was).
fn compare(clean: &[i16], noisy: &[i16], done: &[i16], rate: u32) -> (f64, f64, f64, f64) {
    let (size, delay) = (rate as usize / 50, rate as usize / 100);
    let loudest = clean
        .chunks(size)
        .map(|c| power(c.iter().map(|s| f64::from(*s))))
        .fold(0.0, f64::max);
    let (mut pause, mut before, mut after, mut level) = (vec![], vec![], vec![], vec![]);
    // the first second is for learning
    let mut at = rate as usize;
    while at + size + delay <= clean.len() {
        let c: Vec<f64> = clean[at..at + size].iter().map(|s| f64::from(*s)).collect();
        let n: Vec<f64> = noisy[at..at + size].iter().map(|s| f64::from(*s)).collect();
        let d: Vec<f64> = done[at + delay..at + delay + size]
            .iter()
            .map(|s| f64::from(*s))
            .collect();
        let speech = power(c.iter().copied());
        let off = |x: &[f64]| power(x.iter().zip(&c).map(|(x, c)| x - c)).max(1.0);
        if speech < loudest * 1e-4 {
            pause.push(db(
                power(d.iter().copied()).max(1.0) / power(n.iter().copied()).max(1.0)
            ));
        } else if speech > loudest * 0.01 {
            before.push(db(speech / off(&n)).clamp(-10.0, 35.0));
            after.push(db(speech / off(&d)).clamp(-10.0, 35.0));
            level.push(db(power(d.iter().copied()) / speech));
        }
        at += size;
    }
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len().max(1) as f64;
    (mean(&pause), mean(&before), mean(&after), mean(&level))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut clean = Vec::new();
    let mut rate = 0;
    for file in std::env::args().skip(1) {
        rate = rate_of(Path::new(&file))?;
        clean.extend(vec![0i16; rate as usize / 2]);
        clean.extend(load(Path::new(&file))?);
    }
    let speech = power(
        clean
            .iter()
            .map(|s| f64::from(*s))
            .filter(|s| s.abs() > 100.0),
    ) / clean
        .iter()
        .filter(|s| s.unsigned_abs() > 100)
        .count()
        .max(1) as f64;
    println!("| noise | dB | pauses dB | speech, segmental before | after | its level dB |");
    println!("|---|---|---|---|---|---|");
    for colour in ["white", "pink", "hum"] {
        for ratio in [5.0, 10.0, 15.0] {
            let scale = (speech / 10f64.powf(ratio / 10.0)).sqrt();
            let noisy: Vec<i16> = clean
                .iter()
                .zip(noise(colour, clean.len(), rate))
                .map(|(s, n)| (f64::from(*s) + n * scale).round() as i16)
                .collect();
            let (pause, before, after, level) =
                compare(&clean, &noisy, &process(&noisy, rate), rate);
            println!("| {colour} | {ratio} | {pause:.1} | {before:.1} | {after:.1} | {level:.1} |");
        }
    }
    let (pause, before, after, level) = compare(&clean, &clean, &process(&clean, rate), rate);
    println!("| none | | {pause:.1} | {before:.1} | {after:.1} | {level:.1} |");
    Ok(())
}
