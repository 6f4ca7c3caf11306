//! GSM 06.10 full rate (ETSI EN 300 961), packed as RFC 3551 section 4.5.8.1 has it: 33 octets for 20 ms.
//!
//! Names in comments are the standard's.  Arithmetic is the standard's 16-bit fixed point, held in 32 bits and
//! saturated where it says so, so every implementation gives the same bits.

use super::{Damaged, Decoder, Encoder};

/// Samples and octets of a frame.
const FRAME: usize = 160;
const OCTETS: usize = 33;
/// Samples of a sub-frame, and of the history that the long-term predictor looks back to.
const SUB: usize = 40;
const BACK: usize = 120;
/// The upper half of a frame's first octet.
const MAGIC: u32 = 0xd;
const LAR_BITS: [u32; 8] = [6, 6, 5, 5, 4, 4, 3, 3];
/// A, B, MIC, MAC and 1/A of the log-area ratios' quantizers (tables 4.1 and 4.2).
const LAR: [(i32, i32, i32, i32, i32); 8] = [
    (20_480, 0, -32, 31, 13_107),
    (20_480, 0, -32, 31, 13_107),
    (20_480, 2048, -16, 15, 13_107),
    (20_480, -2560, -16, 15, 13_107),
    (13_964, 94, -8, 7, 19_223),
    (15_360, -1792, -8, 7, 17_476),
    (8534, -341, -4, 3, 31_454),
    (9036, -1144, -4, 3, 29_708),
];
/// Decision and output levels of the long-term predictor's gain (table 4.3).
const DLB: [i32; 3] = [6554, 16_384, 26_214];
const QLB: [i32; 4] = [3277, 11_469, 21_299, 32_767];
/// Weighting filter (table 4.4).
const H: [i32; 11] = [-134, -374, 0, 2054, 5741, 8192, 5741, 2054, 0, -374, -134];
/// Normalized inverse and direct mantissas (tables 4.5 and 4.6).
const NRFAC: [i32; 8] = [
    29_128, 26_215, 23_832, 21_846, 20_165, 18_725, 17_476, 16_384,
];
const FAC: [i32; 8] = [
    18_431, 20_479, 22_527, 24_575, 26_623, 28_671, 30_719, 32_767,
];

#[inline]
fn saturate(value: i32) -> i32 {
    value.clamp(-32_768, 32_767)
}

/// `add`, `sub`
#[inline]
fn add(a: i32, b: i32) -> i32 {
    saturate(a + b)
}

/// `mult`
#[inline]
fn mult(a: i32, b: i32) -> i32 {
    saturate((a * b) >> 15)
}

/// `mult_r`
#[inline]
fn mult_r(a: i32, b: i32) -> i32 {
    saturate((a * b + 16_384) >> 15)
}

/// `norm`: how far a number can be shifted left.
#[inline]
fn norm(value: i32) -> i32 {
    (if value < 0 { !value } else { value }).leading_zeros() as i32 - 1
}

/// `div`: 0 <= `a` <= `b`, to 15 bits.
fn div(a: i32, b: i32) -> i32 {
    let (mut rest, mut quotient) = (a, 0);
    for _ in 0..15 {
        quotient <<= 1;
        rest <<= 1;
        if rest >= b {
            rest -= b;
            quotient += 1;
        }
    }
    quotient
}

/// What a sub-frame says.
#[derive(Clone, Copy, Default)]
struct SubFrame {
    lag: i32,
    gain: usize,
    grid: usize,
    block_maximum: i32,
    pulses: [i32; 13],
}

/// What a frame says.
#[derive(Clone, Copy, Default)]
struct Frame {
    lar: [i32; 8],
    parts: [SubFrame; 4],
}

impl Frame {
    fn read(octets: &[u8]) -> Option<Frame> {
        let mut bits = Bits { octets, at: 0 };
        if bits.take(4) != MAGIC {
            return None;
        }
        let mut frame = Frame::default();
        for (value, width) in frame.lar.iter_mut().zip(LAR_BITS) {
            *value = bits.take(width) as i32;
        }
        for part in &mut frame.parts {
            part.lag = bits.take(7) as i32;
            part.gain = bits.take(2) as usize;
            part.grid = bits.take(2) as usize;
            part.block_maximum = bits.take(6) as i32;
            for pulse in &mut part.pulses {
                *pulse = bits.take(3) as i32;
            }
        }
        Some(frame)
    }

    fn write(&self, out: &mut Vec<u8>) {
        let (mut held, mut count) = (0u64, 0u32);
        let mut put = |value: i32, width: u32| {
            held = held << width | value as u64;
            count += width;
            while count >= 8 {
                count -= 8;
                out.push((held >> count) as u8);
            }
        };
        put(MAGIC as i32, 4);
        for (value, width) in self.lar.iter().zip(LAR_BITS) {
            put(*value, width);
        }
        for part in &self.parts {
            put(part.lag, 7);
            put(part.gain as i32, 2);
            put(part.grid as i32, 2);
            put(part.block_maximum, 6);
            for pulse in &part.pulses {
                put(*pulse, 3);
            }
        }
    }
}

/// Reads bits, the most significant first; what is beyond the end is 0.
struct Bits<'a> {
    octets: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, width: u32) -> u32 {
        (0..width).fold(0, |value, _| {
            let octet = self.octets.get(self.at / 8).copied().unwrap_or(0);
            let bit = octet >> (7 - self.at % 8) & 1;
            self.at += 1;
            value << 1 | u32::from(bit)
        })
    }
}

/// 5.2.8: log-area ratios from their codes.
fn decode_lar(codes: &[i32; 8]) -> [i32; 8] {
    std::array::from_fn(|n| {
        let (_, b, mic, _, inverse) = LAR[n];
        let value = saturate(((codes[n] + mic) << 10) - (b << 1));
        let value = mult_r(inverse, value);
        add(value, value)
    })
}

/// 5.2.9: for the four stretches of a frame, how many samples they have and their reflection coefficients.
fn stretches(before: &[i32; 8], now: &[i32; 8]) -> [(usize, [i32; 8]); 4] {
    let reflect = |at: &dyn Fn(i32, i32) -> i32| -> [i32; 8] {
        std::array::from_fn(|n| {
            let ratio = at(before[n], now[n]);
            let size = ratio.abs().min(32_767);
            let size = match size {
                ..11_059 => size << 1,
                11_059..20_070 => size + 11_059,
                _ => add(size >> 2, 26_112),
            };
            if ratio < 0 { -size } else { size }
        })
    };
    [
        (13, reflect(&|a, b| add(add(a >> 2, b >> 2), a >> 1))),
        (14, reflect(&|a, b| add(a >> 1, b >> 1))),
        (13, reflect(&|a, b| add(add(a >> 2, b >> 2), b >> 1))),
        (120, reflect(&|_, b| b)),
    ]
}

/// 5.2.15: exponent and mantissa of a block's maximum.
fn scale(code: i32) -> (i32, usize) {
    let mut exponent = if code > 15 { (code >> 3) - 1 } else { 0 };
    let mut mantissa = code - (exponent << 3);
    if mantissa == 0 {
        return (-4, 7);
    }
    while mantissa <= 7 {
        mantissa = mantissa << 1 | 1;
        exponent -= 1;
    }
    (exponent, (mantissa - 8) as usize)
}

/// 5.2.16 and 5.2.17: the pulses of a sub-frame at their places.
fn pulses(part: &SubFrame) -> [i32; SUB] {
    let (exponent, mantissa) = scale(part.block_maximum);
    let down = 6 - exponent;
    let half = if down > 0 { 1 << (down - 1) } else { 0 };
    let mut placed = [0; SUB];
    for (n, code) in part.pulses.iter().enumerate() {
        let value = mult_r(FAC[mantissa], ((code << 1) - 7) << 12);
        placed[part.grid + 3 * n] = add(value, half) >> down;
    }
    placed
}

/// The encoder.
pub struct GsmEncoder {
    z1: i32,
    z2: i32,
    mp: i32,
    lar: [i32; 8],
    u: [i32; 8],
    /// The reconstructed residual, the newest last.
    dp: [i32; BACK],
}

impl GsmEncoder {
    #[must_use]
    pub fn new() -> GsmEncoder {
        GsmEncoder {
            z1: 0,
            z2: 0,
            mp: 0,
            lar: [0; 8],
            u: [0; 8],
            dp: [0; BACK],
        }
    }

    fn frame(&mut self, samples: &[i16]) -> Frame {
        let mut s = self.prepare(samples);
        let mut frame = Frame {
            lar: quantize(&reflection(&autocorrelation(&mut s))),
            ..Frame::default()
        };
        self.residual(&frame.lar, &mut s);
        for (part, d) in frame.parts.iter_mut().zip(s.chunks_exact(SUB)) {
            *part = self.part(d);
        }
        frame
    }

    /// 5.2.1 to 5.2.3: offset compensation and pre-emphasis.
    fn prepare(&mut self, samples: &[i16]) -> [i32; FRAME] {
        std::array::from_fn(|n| {
            let so = i32::from(samples[n] >> 3) << 2;
            let s1 = so - self.z1;
            self.z1 = so;
            let high = self.z2 >> 15;
            let low = self.z2 - (high << 15);
            let s2 = (s1 << 15) + mult_r(low, 32_735);
            self.z2 = (high * 32_735).saturating_add(s2);
            let emphasis = mult_r(self.mp, -28_180);
            self.mp = self.z2.saturating_add(16_384) >> 15;
            add(self.mp, emphasis)
        })
    }

    /// 5.2.8 to 5.2.10: the short-term analysis filter.
    fn residual(&mut self, codes: &[i32; 8], s: &mut [i32; FRAME]) {
        let now = decode_lar(codes);
        let mut at = 0;
        for (count, r) in stretches(&self.lar, &now) {
            for sample in &mut s[at..at + count] {
                let (mut d, mut saved) = (*sample, *sample);
                for (u, r) in self.u.iter_mut().zip(&r) {
                    let before = std::mem::replace(u, saved);
                    saved = add(before, mult_r(*r, d));
                    d = add(d, mult_r(*r, before));
                }
                *sample = d;
            }
            at += count;
        }
        self.lar = now;
    }

    /// 5.2.11 to 5.2.18: one sub-frame.
    fn part(&mut self, d: &[i32]) -> SubFrame {
        let (lag, gain) = self.long_term(d);
        let from = BACK - lag;
        let predicted: [i32; SUB] = std::array::from_fn(|k| mult_r(QLB[gain], self.dp[from + k]));
        let mut e = [0; SUB + 10];
        for k in 0..SUB {
            e[k + 5] = saturate(d[k] - predicted[k]);
        }
        // weighting filter
        let x: [i32; SUB] = std::array::from_fn(|k| {
            let sum: i32 = H.iter().zip(&e[k..k + 11]).map(|(h, e)| h * e).sum();
            saturate((sum + 4096) >> 13)
        });
        let energy = |grid: usize| -> i32 {
            let square = |n: usize| (x[grid + 3 * n] >> 2) * (x[grid + 3 * n] >> 2);
            (0..13).map(square).sum()
        };
        let mut grid = 0;
        let mut most = 0;
        for candidate in 0..4 {
            let energy = energy(candidate);
            if energy > most {
                (grid, most) = (candidate, energy);
            }
        }
        let mut part = SubFrame {
            lag: lag as i32,
            gain,
            grid,
            ..SubFrame::default()
        };
        let chosen: [i32; 13] = std::array::from_fn(|n| x[grid + 3 * n]);
        let maximum = chosen
            .iter()
            .map(|x| x.abs().min(32_767))
            .max()
            .unwrap_or(0);
        let exponent = (32 - (maximum >> 9).leading_zeros() as i32).min(6);
        part.block_maximum = (maximum >> (exponent + 5)) + (exponent << 3);
        let (exponent, mantissa) = scale(part.block_maximum);
        for (pulse, x) in part.pulses.iter_mut().zip(chosen) {
            let value = i32::from((x << (6 - exponent)) as i16);
            *pulse = (mult(value, NRFAC[mantissa]) >> 12) + 4;
        }
        let decoded = pulses(&part);
        self.dp.copy_within(SUB.., 0);
        for k in 0..SUB {
            self.dp[BACK - SUB + k] = add(decoded[k], predicted[k]);
        }
        part
    }

    /// 5.2.11: lag and gain of the long-term predictor.
    fn long_term(&self, d: &[i32]) -> (usize, usize) {
        let maximum = d.iter().map(|d| d.abs().min(32_767)).max().unwrap_or(0);
        let room = if maximum == 0 { 0 } else { norm(maximum << 16) };
        let down = if room > 6 { 0 } else { 6 - room };
        let scaled: [i32; SUB] = std::array::from_fn(|k| d[k] >> down);
        let (mut lag, mut most) = (40, 0);
        for candidate in 40..=BACK {
            let past = &self.dp[BACK - candidate..BACK - candidate + SUB];
            let sum: i32 = scaled.iter().zip(past).map(|(a, b)| a * b).sum();
            if sum > most {
                (lag, most) = (candidate, sum);
            }
        }
        let most = (most << 1) >> (6 - down);
        let past = &self.dp[BACK - lag..BACK - lag + SUB];
        let power = past.iter().map(|d| (d >> 3) * (d >> 3)).sum::<i32>() << 1;
        let gain = if most <= 0 {
            0
        } else if most >= power {
            3
        } else {
            let up = norm(power);
            let (r, s) = ((most << up) >> 16, (power << up) >> 16);
            DLB.iter().filter(|level| r > mult(s, **level)).count()
        };
        (lag, gain)
    }
}

impl Default for GsmEncoder {
    fn default() -> Self {
        Self::new()
    }
}

/// 5.2.4: also rounds the samples where they are scaled, as the standard does.
fn autocorrelation(s: &mut [i32; FRAME]) -> [i32; 9] {
    let maximum = s.iter().map(|s| s.abs().min(32_767)).max().unwrap_or(0);
    let down = if maximum == 0 {
        0
    } else {
        4 - norm(maximum << 16)
    };
    if down > 0 {
        s.iter_mut()
            .for_each(|s| *s = mult_r(*s, 16_384 >> (down - 1)));
    }
    let sums = std::array::from_fn(|k| {
        let products = s[k..].iter().zip(&s[..FRAME - k]).map(|(a, b)| a * b);
        products.sum::<i32>() << 1
    });
    if down > 0 {
        s.iter_mut().for_each(|s| *s <<= down);
    }
    sums
}

/// 5.2.5: Schur's recursion.
fn reflection(sums: &[i32; 9]) -> [i32; 8] {
    let mut r = [0; 8];
    if sums[0] == 0 {
        return r;
    }
    let up = norm(sums[0]);
    let mut p: [i32; 9] = std::array::from_fn(|n| (sums[n] << up) >> 16);
    let mut k = p;
    for (n, r) in r.iter_mut().enumerate() {
        let size = p[1].abs().min(32_767);
        if p[0] < size {
            break;
        }
        let quotient = div(size, p[0]);
        *r = if p[1] > 0 { -quotient } else { quotient };
        if n == 7 {
            break;
        }
        p[0] = add(p[0], mult_r(p[1], *r));
        for m in 1..8 - n {
            let next = p[m + 1];
            p[m] = add(next, mult_r(k[m], *r));
            k[m] = add(k[m], mult_r(next, *r));
        }
    }
    r
}

/// 5.2.6 and 5.2.7: codes of the log-area ratios.
fn quantize(r: &[i32; 8]) -> [i32; 8] {
    std::array::from_fn(|n| {
        let size = r[n].abs().min(32_767);
        let size = match size {
            ..22_118 => size >> 1,
            22_118..31_130 => size - 11_059,
            _ => (size - 26_112) << 2,
        };
        let ratio = if r[n] < 0 { -size } else { size };
        let (a, b, mic, mac, _) = LAR[n];
        let code = add(add(mult(a, ratio), b), 256) >> 9;
        code.clamp(mic, mac) - mic
    })
}

impl Encoder for GsmEncoder {
    fn rate(&self) -> u32 {
        8000
    }

    fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        for samples in samples.chunks_exact(FRAME) {
            self.frame(samples).write(payload);
        }
    }
}

/// The decoder.
pub struct GsmDecoder {
    lar: [i32; 8],
    v: [i32; 9],
    lag: usize,
    drp: [i32; BACK],
    msr: i32,
    /// The last frame, and how many were lost since.
    last: Frame,
    lost: i32,
}

impl GsmDecoder {
    #[must_use]
    pub fn new() -> GsmDecoder {
        GsmDecoder {
            lar: [0; 8],
            v: [0; 9],
            lag: 40,
            drp: [0; BACK],
            msr: 0,
            last: Frame::default(),
            lost: 0,
        }
    }

    fn frame(&mut self, frame: &Frame, out: &mut Vec<i16>) {
        let mut residual = [0; FRAME];
        for (part, place) in frame.parts.iter().zip(residual.chunks_exact_mut(SUB)) {
            // 5.3.2: the long-term synthesis filter
            if (40..=BACK as i32).contains(&part.lag) {
                self.lag = part.lag as usize;
            }
            let decoded = pulses(part);
            let from = BACK - self.lag;
            for (k, place) in place.iter_mut().enumerate() {
                *place = add(decoded[k], mult_r(QLB[part.gain], self.drp[from + k]));
            }
            self.drp.copy_within(SUB.., 0);
            self.drp[BACK - SUB..].copy_from_slice(place);
        }
        // 5.3.4: the short-term synthesis filter
        let now = decode_lar(&frame.lar);
        let mut at = 0;
        for (count, r) in stretches(&self.lar, &now) {
            for sample in &residual[at..at + count] {
                let mut s = *sample;
                for n in (0..8).rev() {
                    s = saturate(s - mult_r(r[n], self.v[n]));
                    self.v[n + 1] = add(self.v[n], mult_r(r[n], s));
                }
                self.v[0] = s;
                // 5.3.5 to 5.3.7: de-emphasis, upscaling, truncation
                self.msr = add(s, mult_r(self.msr, 28_180));
                out.push((add(self.msr, self.msr) & !7) as i16);
            }
            at += count;
        }
        self.lar = now;
    }
}

impl Default for GsmDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder for GsmDecoder {
    fn rate(&self) -> u32 {
        8000
    }

    fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), Damaged> {
        if payload.is_empty() || payload.len() % OCTETS != 0 {
            return Err(Damaged);
        }
        let start = out.len();
        for octets in payload.chunks_exact(OCTETS) {
            let Some(frame) = Frame::read(octets) else {
                out.truncate(start);
                return Err(Damaged);
            };
            self.frame(&frame, out);
            self.last = frame;
            self.lost = 0;
        }
        Ok(())
    }

    fn conceals(&self) -> bool {
        true
    }

    /// GSM 06.11: the last frame again, softer with each one that is lost, until it is silent.
    fn conceal(&mut self, samples: usize, _next: Option<&[u8]>, out: &mut Vec<i16>) {
        let end = out.len() + samples;
        while out.len() < end {
            let mut frame = self.last;
            self.lost += 1;
            for part in &mut frame.parts {
                part.block_maximum = (part.block_maximum - 4 * (self.lost - 1)).max(0);
                if self.lost > 1 {
                    part.gain = part.gain.min(2); // else the predictor would go on for ever
                }
                if part.block_maximum == 0 {
                    part.gain = 0;
                }
            }
            self.frame(&frame, out);
        }
        out.truncate(end);
    }
}
