use super::*;
use proptest::prelude::*;
use std::f64::consts::TAU;

/// Evenly spread numbers of deviation 1.
struct White(u64);

impl White {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 40) as f64 / f64::from(1 << 23) - 1.0) * 3f64.sqrt()
    }
}

/// A voice of sorts: a pitch that glides, its harmonics below three formants, syllables of 180 ms, a pause of 400 ms each
/// 1.2 s, and the faint noise of a quiet room.
fn speech(rate: u32, ms: usize) -> Vec<i16> {
    let rate = f64::from(rate);
    let mut phase = 0.0;
    let mut white = White(17);
    (0..ms * rate as usize / 1000)
        .map(|n| {
            let t = n as f64 / rate;
            let pitch = 120.0 + 25.0 * (t * 3.0).sin();
            phase += TAU * pitch / rate;
            let shape = if t % 1.2 < 0.8 {
                (std::f64::consts::PI * (t % 0.2) / 0.18).sin().max(0.0)
            } else {
                0.0
            };
            let formants = [
                (450.0 + 150.0 * (t * 7.0).sin(), 1.0),
                (1500.0 + 400.0 * (t * 5.0).cos(), 0.5),
                (2600.0, 0.25),
            ];
            let sound: f64 = (1..28)
                .map(|k| {
                    let hz = pitch * f64::from(k);
                    let loud: f64 = formants
                        .iter()
                        .map(|(at, most)| most / (1.0 + ((hz - at) / 90.0).powi(2)))
                        .sum();
                    loud / f64::from(k).sqrt() * (phase * f64::from(k)).sin()
                })
                .sum();
            (sound * shape * 9000.0 + white.next() * 4.0) as i16
        })
        .collect()
}

fn pauses(n: usize, rate: u32) -> bool {
    // well inside, so that nothing of a syllable is there, delayed or not
    (0.9..1.15).contains(&(n as f64 / f64::from(rate) % 1.2))
}

fn power(samples: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = samples.fold((0.0, 0), |(sum, count), s| (sum + s * s, count + 1));
    sum / f64::from(count.max(1))
}

fn db(ratio: f64) -> f64 {
    10.0 * ratio.log10()
}

fn noise(colour: &str, count: usize, rate: u32) -> Vec<f64> {
    let mut white = White(3);
    let mut low = 0.0;
    let raw: Vec<f64> = (0..count)
        .map(|n| match colour {
            "white" => white.next(),
            "low" => {
                low = 0.9 * low + white.next();
                low
            }
            _ => {
                let t = TAU * 50.0 * n as f64 / f64::from(rate);
                (1..10)
                    .map(|k| (t * f64::from(k)).sin() / f64::from(k))
                    .sum()
            }
        })
        .collect();
    let deviation = power(raw.iter().copied()).sqrt();
    raw.iter().map(|s| s / deviation).collect()
}

fn denoised(samples: &[i16], rate: u32) -> Vec<i16> {
    let mut denoiser = Denoiser::default();
    let mut samples = samples.to_vec();
    for frame in samples.chunks_mut(rate as usize / 50) {
        denoiser.process(frame, rate);
    }
    samples
}

/// How much the noise in pauses, and what is not speech in speech, go down, dB; and the level of speech, dB.
fn gained(colour: &str, ratio: f64, rate: u32) -> (f64, f64, f64) {
    let clean = speech(rate, 7200);
    let is_speech = |n: &usize| n / rate as usize > 1 && n * 10 / rate as usize % 12 < 8;
    let told = power(
        (0..clean.len())
            .filter(is_speech)
            .map(|n| f64::from(clean[n])),
    );
    let scale = (told / 10f64.powf(ratio / 10.0)).sqrt();
    let noisy: Vec<i16> = clean
        .iter()
        .zip(noise(colour, clean.len(), rate))
        .map(|(s, n)| (f64::from(*s) + n * scale).round() as i16)
        .collect();
    let done = denoised(&noisy, rate);
    let delay = rate as usize / 100;
    let range = 2 * rate as usize..clean.len() - delay;
    let quiet = |samples: &[i16]| {
        power(
            range
                .clone()
                .filter(|n| pauses(*n, rate))
                .map(|n| f64::from(samples[n])),
        )
    };
    // segmental: of pieces of 20 ms with speech in them
    let size = rate as usize / 50;
    let nearness = |samples: &[i16], delay: usize| {
        let pieces: Vec<f64> = (range.start..range.end - size)
            .step_by(size)
            .filter_map(|at| {
                let of = |n: usize| f64::from(clean[n]);
                let speech = power((at..at + size).map(of));
                let off = power((at..at + size).map(|n| f64::from(samples[n + delay]) - of(n)));
                (speech > told / 20.0).then(|| db(speech / off.max(1.0)))
            })
            .collect();
        pieces.iter().sum::<f64>() / pieces.len() as f64
    };
    let after = power(
        range
            .clone()
            .filter(is_speech)
            .map(|n| f64::from(done[n + delay])),
    );
    (
        db(quiet(&noisy) / quiet(&done)),
        nearness(&done, delay) - nearness(&noisy, 0),
        db(after / told),
    )
}

#[test]
fn noise_goes_down_and_speech_comes_closer_to_what_it_was() {
    for colour in ["white", "low", "hum"] {
        for (ratio, least) in [(5.0, 3.0), (10.0, 1.5), (15.0, 0.2)] {
            let (pauses, speech, level) = gained(colour, ratio, 8000);
            assert!(
                pauses > 12.0,
                "{colour} {ratio}: {pauses:.1} dB less in pauses"
            );
            assert!(
                speech > least,
                "{colour} {ratio}: speech is {speech:.1} dB nearer"
            );
            assert!(
                level.abs() < 2.0,
                "{colour} {ratio}: speech is {level:.1} dB"
            );
        }
    }
}

#[test]
fn at_any_rate_of_a_port() {
    for rate in [12_000, 16_000, 32_000, 44_100, 48_000] {
        let (pauses, speech, level) = gained("white", 10.0, rate);
        assert!(pauses > 12.0 && speech > 2.0, "{rate}: {pauses} {speech}");
        assert!(level.abs() < 2.0, "{rate}: {level}");
    }
}

#[test]
fn clean_speech_stays_as_it_is() {
    for rate in [8000, 16_000] {
        let clean = speech(rate, 5000);
        let done = denoised(&clean, rate);
        let delay = rate as usize / 100;
        let range = rate as usize..clean.len() - delay;
        let told = power(range.clone().map(|n| f64::from(clean[n])));
        let off = power(range.map(|n| f64::from(done[n + delay]) - f64::from(clean[n])));
        assert!(db(told / off) > 20.0, "{rate}: {:.1} dB", db(told / off));
    }
}

#[test]
fn it_is_half_a_piece_late_or_less_than_a_whole_one() {
    for (size, most) in [
        (80, 80),
        (160, 80),
        (240, 80),
        (159, 159),
        (7, 159),
        (1, 159),
    ] {
        let mut denoiser = Denoiser::default();
        let mut white = White(5);
        let mut samples: Vec<i16> = (0..8000).map(|_| (white.next() * 20.0) as i16).collect();
        for (n, sample) in samples[7000..].iter_mut().enumerate() {
            *sample += (9000.0 * (TAU * 800.0 * n as f64 / 8000.0).sin()) as i16;
        }
        for frame in samples.chunks_mut(size) {
            denoiser.process(frame, 8000);
        }
        let begins = samples.iter().position(|s| *s > 4500).unwrap();
        assert!(
            (7060..=7010 + most).contains(&begins),
            "{size}: {begins}, {most}"
        );
    }
}

#[test]
fn noise_that_begins_or_grows_later_is_learned_as_well() {
    let mut white = White(9);
    let mut samples: Vec<i16> = (0..8000 * 8)
        .map(|n| {
            let deviation = match n / 8000 {
                0 => 0.0,
                1..=3 => 100.0,
                _ => 1000.0,
            };
            (white.next() * deviation) as i16
        })
        .collect();
    let before = samples.clone();
    samples = denoised(&samples, 8000);
    let level = |samples: &[i16], second: usize| {
        power(
            samples[second * 8000..(second + 1) * 8000]
                .iter()
                .map(|s| f64::from(*s)),
        )
    };
    for second in [3, 7] {
        let less = db(level(&before, second) / level(&samples, second));
        assert!(less > 12.0, "{second}: {less:.1} dB");
    }
}

#[test]
fn the_integral_is_the_one_of_the_tables() {
    // Abramowitz and Stegun, tables 5.1 and 5.2
    for (x, value) in [
        (0.01, 4.037_93),
        (0.5, 0.559_77),
        (1.0, 0.219_38),
        (2.0, 0.048_90),
    ] {
        assert!((exponential_integral(x) - value).abs() < 1e-3, "{x}");
    }
}

proptest! {
    #[test]
    fn anything_becomes_as_many_samples(
        frames in prop::collection::vec(
            (prop::sample::select(vec![8000u32, 11_025, 16_000, 48_000, 0]),
             prop::collection::vec(any::<i16>(), 0..700)), 0..12)
    ) {
        let mut denoiser = Denoiser::default();
        for (rate, samples) in frames {
            let mut done = samples.clone();
            denoiser.process(&mut done, rate);
            prop_assert_eq!(done.len(), samples.len());
            prop_assert!(denoiser.bins.iter().all(|bin| bin.noise.is_finite() && bin.ratio.is_finite()));
        }
    }
}
