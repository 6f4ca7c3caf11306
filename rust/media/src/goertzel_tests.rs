//! The receiver against the limits of ITU-T Q.24 (AT&T's column where administrations differ).

use super::*;
use crate::codecs::g711;
use crate::tones::{Generator, dtmf_segment};

/// A small, seeded generator: the same noise in each run.
struct Noise(u64);

impl Noise {
    /// Uniform in -1..1.
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1u32 << 30) - 1.0
    }
}

#[derive(Clone, Copy)]
struct Tone {
    digit: char,
    ms: f64,
    low_dbm0: f64,
    high_dbm0: f64,
    off: f64,
}

const NORMAL: Tone = Tone {
    digit: '5',
    ms: 60.0,
    low_dbm0: -13.0,
    high_dbm0: -13.0,
    off: 0.0,
};

fn tone(out: &mut Vec<f64>, tone: Tone) {
    let place = DTMF_DIGITS.iter().position(|d| *d == tone.digit).unwrap();
    let low = DTMF_ROWS[place / 4] * (1.0 + tone.off);
    let high = DTMF_COLUMNS[place % 4] * (1.0 + tone.off);
    let amplitude = |level: f64| PEAK_0DBM0 * 10f64.powf(level / 20.0);
    for n in 0..(tone.ms * 8.0) as u32 {
        let t = f64::from(n) / RATE;
        out.push(
            amplitude(tone.low_dbm0) * (TAU * low * t).sin()
                + amplitude(tone.high_dbm0) * (TAU * high * t).sin(),
        );
    }
}

fn silence(out: &mut Vec<f64>, samples: usize) {
    out.resize(out.len() + samples, 0.0);
}

fn samples(signal: &[f64]) -> Vec<i16> {
    signal.iter().map(|s| s.round() as i16).collect()
}

fn detect(signal: &[i16]) -> Vec<DtmfEvent> {
    let mut detector = DtmfDetector::new();
    let mut events = Vec::new();
    for piece in signal.chunks(160) {
        detector.process(piece, |event| events.push(event));
    }
    detector.flush(|event| events.push(event));
    events
}

fn digits(signal: &[i16]) -> String {
    detect(signal)
        .iter()
        .filter_map(|event| match event {
            DtmfEvent::Begin { digit } => Some(*digit),
            DtmfEvent::End { .. } => None,
        })
        .collect()
}

/// How many of 60 alignments and all 16 digits are heard as that one digit.
fn heard(with: Tone) -> usize {
    let mut count = 0;
    for offset in (0..HOP).step_by(7) {
        for digit in DTMF_DIGITS {
            let mut signal = Vec::new();
            silence(&mut signal, 400 + offset);
            tone(&mut signal, Tone { digit, ..with });
            silence(&mut signal, 800);
            if digits(&samples(&signal)) == digit.to_string() {
                count += 1;
            }
        }
    }
    count
}

const ALL: usize = 9 * 16;

#[test]
fn a_meter_reads_its_frequency_only() {
    let list = [crate::tones::Segment {
        freq1: 1000.0,
        freq2: 0.0,
        modulated: false,
        ms: 0,
        once: false,
    }];
    let mut out = [0i16; 800];
    Generator::new(list, false, -20.0).fill(&mut out);
    let mut meter = Goertzel::new(1000.0, RATE);
    assert_eq!(meter.level_dbm0(), f64::NEG_INFINITY);
    meter.add(&out[80..]);
    assert!((meter.level_dbm0() + 20.0).abs() < 0.1);
    let mut other = Goertzel::new(1100.0, RATE);
    other.add(&out[80..]);
    assert!(other.level_dbm0() < -45.0);
    meter.reset();
    assert_eq!(meter.amplitude(), 0.0);
}

#[test]
fn all_digits_as_the_generator_makes_them_through_both_laws() {
    let mut signal = vec![0i16; 333];
    for digit in DTMF_DIGITS {
        let list = [dtmf_segment(digit, 60).unwrap()];
        let mut piece = vec![0; 60 * 8 + 60 * 8];
        Generator::new(list, false, -13.0).fill(&mut piece);
        signal.extend(piece);
    }
    let expected: String = DTMF_DIGITS.iter().collect();
    let mulaw: Vec<i16> = signal
        .iter()
        .map(|s| g711::decode_ulaw(g711::encode_ulaw(*s)))
        .collect();
    let alaw: Vec<i16> = signal
        .iter()
        .map(|s| g711::decode_alaw(g711::encode_alaw(*s)))
        .collect();
    assert_eq!(digits(&signal), expected);
    assert_eq!(digits(&mulaw), expected);
    assert_eq!(digits(&alaw), expected);
    for event in detect(&mulaw) {
        if let DtmfEvent::End { digit, duration_ms } = event {
            assert!((50..=75).contains(&duration_ms), "{digit}: {duration_ms}");
        }
    }
    assert_eq!(dtmf_segment('x', 50), None);
}

#[test]
fn durations_of_q24() {
    assert_eq!(heard(Tone { ms: 40.0, ..NORMAL }), ALL);
    assert_eq!(heard(Tone { ms: 23.0, ..NORMAL }), 0);
    let mut signal = Vec::new();
    silence(&mut signal, 100);
    tone(
        &mut signal,
        Tone {
            ms: 2000.0,
            ..NORMAL
        },
    );
    silence(&mut signal, 800);
    let events = detect(&samples(&signal));
    assert_eq!(events[0], DtmfEvent::Begin { digit: '5' });
    let [_, DtmfEvent::End { duration_ms, .. }] = events[..] else {
        panic!("{events:?}")
    };
    assert!((1985..=2015).contains(&duration_ms), "{duration_ms}");
}

#[test]
fn pauses_and_breaks_of_q24() {
    for offset in 0..HOP {
        let with_gap = |gap_ms: usize| {
            let mut signal = Vec::new();
            silence(&mut signal, 160 + offset);
            tone(&mut signal, Tone { ms: 45.0, ..NORMAL });
            silence(&mut signal, gap_ms * 8);
            tone(&mut signal, Tone { ms: 45.0, ..NORMAL });
            silence(&mut signal, 800);
            digits(&samples(&signal))
        };
        assert_eq!(with_gap(40), "55", "pause at {offset}");
        assert_eq!(with_gap(10), "5", "break at {offset}");
    }
}

#[test]
fn levels_of_q24() {
    for level in [-3.5, -10.0, -20.0, -25.0] {
        let with = Tone {
            low_dbm0: level,
            high_dbm0: level,
            ..NORMAL
        };
        assert_eq!(heard(with), ALL, "{level} dBm0");
    }
    let quiet = Tone {
        low_dbm0: -55.0,
        high_dbm0: -55.0,
        ..NORMAL
    };
    assert_eq!(heard(quiet), 0);
}

#[test]
fn twist_of_q24() {
    let twisted = |low_dbm0, high_dbm0| {
        heard(Tone {
            low_dbm0,
            high_dbm0,
            ..NORMAL
        })
    };
    assert_eq!(twisted(-8.0, -16.0), ALL);
    assert_eq!(twisted(-14.0, -10.0), ALL);
    assert_eq!(twisted(-6.0, -18.0), 0);
    assert_eq!(twisted(-18.0, -9.0), 0);
}

#[test]
fn frequencies_of_q24() {
    for off in [-0.015, 0.015] {
        assert_eq!(heard(Tone { off, ..NORMAL }), ALL, "{off}");
    }
    for off in [-0.035, 0.035] {
        assert_eq!(heard(Tone { off, ..NORMAL }), 0, "{off}");
    }
}

#[test]
fn digits_in_noise() {
    let mut noise = Noise(7);
    let mut signal = Vec::new();
    let dialled = "0123456789*#ABCD";
    for digit in dialled.chars() {
        silence(&mut signal, 480);
        tone(&mut signal, Tone { digit, ..NORMAL });
    }
    silence(&mut signal, 480);
    // 15 dB below the pair: uniform noise has a third of its peak's square as power
    let pair = 2.0 * (PEAK_0DBM0 * 10f64.powf(-13.0 / 20.0)).powi(2) / 2.0;
    let peak = (pair / 10f64.powf(1.5) * 3.0).sqrt();
    for sample in &mut signal {
        *sample += peak * noise.next();
    }
    assert_eq!(digits(&samples(&signal)), dialled);
}

#[test]
fn speech_like_sound_noise_and_single_tones_are_no_digits() {
    let mut noise = Noise(42);
    // voiced sounds: a gliding fundamental with partials of changing strength, 60 s
    let mut voice = Vec::new();
    let mut phase = 0.0;
    let mut strengths = [0.0f64; 24];
    for n in 0..480_000u32 {
        if n % 640 == 0 {
            for (index, strength) in strengths.iter_mut().enumerate() {
                *strength = (noise.next() + 1.0) * 3000.0 / (1.0 + index as f64 / 3.0);
            }
        }
        let glide = 140.0 + 70.0 * (TAU * f64::from(n) / 9000.0).sin();
        phase += TAU * glide / RATE;
        let sum: f64 = strengths
            .iter()
            .enumerate()
            .map(|(index, strength)| strength * (phase * (index + 1) as f64).sin())
            .sum();
        voice.push(sum);
    }
    assert_eq!(digits(&samples(&voice)), "");
    let hiss: Vec<f64> = (0..160_000).map(|_| 12_000.0 * noise.next()).collect();
    assert_eq!(digits(&samples(&hiss)), "");
    let mut single = Vec::new();
    for frequency in DTMF_ROWS.iter().chain(&DTMF_COLUMNS) {
        for n in 0..4000 {
            single.push(8000.0 * (TAU * frequency * f64::from(n) / RATE).sin());
        }
    }
    assert_eq!(digits(&samples(&single)), "");
}

#[test]
fn a_stream_that_stops_ends_its_digit_by_flush() {
    let mut signal = Vec::new();
    tone(&mut signal, NORMAL);
    let mut detector = DtmfDetector::new();
    assert_eq!(detector.hearing(), None);
    detector.process(&samples(&signal), |event| {
        assert_eq!(event, DtmfEvent::Begin { digit: '5' });
    });
    assert_eq!(detector.hearing(), Some('5'));
    let mut ends = 0;
    detector.flush(|event| {
        assert!(matches!(event, DtmfEvent::End { digit: '5', .. }));
        ends += 1;
    });
    assert_eq!((ends, detector.hearing()), (1, None));
}

#[test]
fn one_digit_right_after_another() {
    let mut signal = Vec::new();
    silence(&mut signal, 160);
    tone(
        &mut signal,
        Tone {
            digit: '1',
            ms: 80.0,
            ..NORMAL
        },
    );
    tone(
        &mut signal,
        Tone {
            digit: '9',
            ms: 80.0,
            ..NORMAL
        },
    );
    silence(&mut signal, 800);
    let events = detect(&samples(&signal));
    assert_eq!(digits(&samples(&signal)), "19");
    assert!(
        matches!(events[1], DtmfEvent::End { digit: '1', .. }),
        "{events:?}"
    );
}
