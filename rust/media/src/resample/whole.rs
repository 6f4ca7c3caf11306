//! Change of sample rate of a whole recording: a windowed-sinc filter, evaluated at each output sample.
//!
//! For prompts that are made once and for tests; any rate to any other.  Streams have [`super::Resampler`].

use std::f64::consts::PI;

/// Zero crossings of the filter on each side: 70 dB of stop band with the window used.
const HALF_WIDTH: f64 = 16.0;
/// Where the pass band ends, as a share of what the lower rate can carry: room for the filter's slope.
const PASS: f64 = 0.92;

/// Samples at another rate.  Both rates are in Hz; none when one of them is 0.
#[must_use]
pub fn resample(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to {
        return samples.to_vec();
    }
    if from == 0 || to == 0 {
        return Vec::new();
    }
    let (from, to) = (u64::from(from), u64::from(to));
    let length = (samples.len() as u64 * to).div_ceil(from);
    // cut-off in cycles per input sample, twice; the filter widens as it falls
    let scale = PASS * (to as f64 / from as f64).min(1.0);
    let reach = HALF_WIDTH / scale;
    (0..length)
        .map(|n| {
            // exact for any length: the whole and the broken part apart
            let whole = (n * from / to) as f64;
            let centre = whole + (n * from % to) as f64 / to as f64;
            one(samples, centre, scale, reach)
        })
        .collect()
}

fn one(samples: &[i16], centre: f64, scale: f64, reach: f64) -> i16 {
    let first = (centre - reach).ceil().max(0.0) as usize;
    let last = ((centre + reach).floor() as usize).min(samples.len().saturating_sub(1));
    let mut sum = 0.0;
    for (index, sample) in samples.iter().enumerate().take(last + 1).skip(first) {
        let distance = index as f64 - centre;
        sum += f64::from(*sample) * filter(distance * scale, distance / reach);
    }
    (sum * scale).round().clamp(-32_768.0, 32_767.0) as i16
}

/// sin(pi x) / (pi x) under a Blackman window over -1..1.
fn filter(x: f64, place: f64) -> f64 {
    let window = 0.42 + 0.5 * (PI * place).cos() + 0.08 * (2.0 * PI * place).cos();
    if x.abs() < 1e-9 {
        return window;
    }
    (PI * x).sin() / (PI * x) * window
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goertzel::Goertzel;

    fn sine(frequency: f64, rate: f64, samples: usize) -> Vec<i16> {
        (0..samples)
            .map(|n| (10_000.0 * (2.0 * PI * frequency * n as f64 / rate).sin()).round() as i16)
            .collect()
    }

    fn amplitude(samples: &[i16], frequency: f64, rate: f64) -> f64 {
        let mut meter = Goertzel::new(frequency, rate);
        meter.add(samples);
        meter.amplitude()
    }

    #[test]
    fn what_both_rates_can_carry_stays() {
        for (from, to) in [
            (22_050, 8000),
            (16_000, 8000),
            (8000, 16_000),
            (44_100, 8000),
        ] {
            let got = resample(&sine(1000.0, f64::from(from), from as usize), from, to);
            assert_eq!(got.len(), to as usize);
            let steady = &got[to as usize / 10..to as usize * 9 / 10];
            let level = amplitude(steady, 1000.0, f64::from(to));
            assert!(
                (level / 10_000.0 - 1.0).abs() < 0.01,
                "{from} to {to}: {level}"
            );
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_goes() {
        // 5000 Hz would come back as 3000
        let got = resample(&sine(5000.0, 22_050.0, 22_050), 22_050, 8000);
        let steady = &got[800..7200];
        assert!(steady.iter().all(|sample| sample.abs() < 20));
    }

    #[test]
    fn edges() {
        assert_eq!(resample(&[], 22_050, 8000), []);
        assert_eq!(resample(&[5], 8000, 8000), [5]);
        assert_eq!(resample(&[5, 6], 0, 8000), []);
        assert_eq!(resample(&[5, 6], 8000, 0), []);
        assert_eq!(resample(&[0; 3], 3, 1).len(), 1);
        assert_eq!(resample(&[1000; 10], u32::MAX, 1).len(), 1);
        assert_eq!(resample(&[i16::MAX; 100], 8000, 48_000).len(), 600);
    }
}
