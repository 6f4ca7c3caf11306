//! G.722 (ITU-T Rec. G.722, 64 kbit/s): two sub-bands of ADPCM, the lower with 6 bits, the upper with 2.
//!
//! Names of the blocks and variables in comments are the recommendation's.  Where only telephone bandwidth is
//! wanted ([`Parameters::rate`] 8000) the lower band is the signal: no filter bank, no upper band, no resampling.

use super::{Damaged, Decoder, Encoder, Parameters};

/// Quadrature mirror filter, half of it (table 11).
const QMF: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];
/// Decision levels of the 60-level quantizer (table 14).
const Q6: [i32; 32] = [
    0,
    35,
    72,
    110,
    150,
    190,
    233,
    276,
    323,
    370,
    422,
    473,
    530,
    587,
    650,
    714,
    786,
    858,
    940,
    1023,
    1121,
    1219,
    1339,
    1458,
    1612,
    1765,
    1980,
    2195,
    2557,
    2919,
    i32::MAX,
    i32::MAX,
];
/// Output levels of the lower band's quantizers (tables 15 and 16).
const QM6: [i32; 64] = [
    -136, -136, -136, -136, -24_808, -21_904, -19_008, -16_704, -14_984, -13_512, -12_280, -11_192,
    -10_232, -9360, -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168,
    -2776, -2400, -2032, -1688, -1360, -1040, -728, 24_808, 21_904, 19_008, 16_704, 14_984, 13_512,
    12_280, 11_192, 10_232, 9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168,
    2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
];
const QM4: [i32; 16] = [
    0, -20_456, -12_896, -8968, -6288, -4240, -2584, -1200, 20_456, 12_896, 8968, 6288, 4240, 2584,
    1200, 0,
];
/// Output levels of the upper band's quantizer.
const QM2: [i32; 4] = [-7408, -1616, 7408, 1616];
/// Log-to-linear table of the scale factors (table 18).
const ILB: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];
/// Scale factor multipliers: WL by the four upper bits of a lower-band code, WH by an upper-band code (table 17).
const WL: [i32; 16] = [
    -60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60,
];
const WH: [i32; 4] = [798, -214, 798, -214];

#[inline]
fn saturate(value: i32) -> i32 {
    value.clamp(-32_768, 32_767)
}

/// The adaptive predictor and quantizer scale of one sub-band.
struct Band {
    /// Predicted signal, and its part from the zeros.
    s: i32,
    sz: i32,
    /// Quantizer scale, logarithmic and linear.
    nb: i32,
    det: i32,
    /// Differences, newest first, and the zeros' coefficients.
    d: [i32; 6],
    b: [i32; 6],
    /// Poles, and the last two reconstructed and partially reconstructed signals.
    a: [i32; 2],
    r: [i32; 2],
    p: [i32; 2],
}

impl Band {
    fn new(det: i32) -> Band {
        Band {
            s: 0,
            sz: 0,
            nb: 0,
            det,
            d: [0; 6],
            b: [0; 6],
            a: [0; 2],
            r: [0; 2],
            p: [0; 2],
        }
    }

    /// LOGSCL and SCALEL, LOGSCH and SCALEH.
    #[inline]
    fn scale(&mut self, weight: i32, longest: i32, shift: i32) {
        self.nb = (((self.nb * 127) >> 7) + weight).clamp(0, longest);
        let mantissa = ILB[(self.nb >> 6 & 31) as usize];
        let down = shift - (self.nb >> 11);
        self.det = if down < 0 {
            mantissa << -down
        } else {
            mantissa >> down
        } << 2;
    }

    /// Block 4 of both halves: adapt the predictor to a quantized difference and predict the next sample.
    #[inline]
    fn adapt(&mut self, dx: i32) {
        // RECONS, PARREC
        let r = saturate(self.s + dx);
        let p = saturate(self.sz + dx);
        // UPPOL2
        let same1 = (p ^ self.p[0]) >= 0;
        let same2 = (p ^ self.p[1]) >= 0;
        let wd1 = saturate(self.a[0] << 2);
        let wd2 = if same1 { (-wd1).min(32_767) } else { wd1 };
        let wd3 = (wd2 >> 7) + if same2 { 128 } else { -128 };
        let a2 = (wd3 + ((self.a[1] * 32_512) >> 15)).clamp(-12_288, 12_288);
        // UPPOL1
        let wd1 = if same1 { 192 } else { -192 };
        let limit = saturate(15_360 - a2);
        let a1 = saturate(wd1 + ((self.a[0] * 32_640) >> 15)).clamp(-limit, limit);
        // UPZERO, DELAYA, FILTEZ
        let step = if dx == 0 { 0 } else { 128 };
        let mut sz = 0;
        let mut newer = dx;
        for (b, d) in self.b.iter_mut().zip(&mut self.d) {
            let sign = (dx ^ *d) >> 31; // 0 for equal signs, else -1
            *b = saturate(((step ^ sign) - sign) + ((*b * 32_640) >> 15));
            *d = std::mem::replace(&mut newer, *d);
            sz += (saturate(*d + *d) * *b) >> 15;
        }
        self.sz = saturate(sz);
        // FILTEP, PREDIC
        let sp = ((a1 * saturate(r + r)) >> 15) + ((a2 * saturate(self.r[0] + self.r[0])) >> 15);
        self.s = saturate(saturate(sp) + self.sz);
        self.a = [a1, a2];
        self.r = [r, self.r[0]];
        self.p = [p, self.p[0]];
    }

    /// What follows a lower-band code in encoder and decoder alike.
    #[inline]
    fn adapt_low(&mut self, code: usize) {
        let short = code >> 2;
        let dx = (self.det * QM4[short]) >> 15;
        self.scale(WL[short], 18_432, 8);
        self.adapt(dx);
    }

    /// The same for the upper band; gives the quantized difference.
    #[inline]
    fn adapt_high(&mut self, code: usize) -> i32 {
        let dx = (self.det * QM2[code]) >> 15;
        self.scale(WH[code], 22_528, 10);
        self.adapt(dx);
        dx
    }
}

/// Samples that the filter bank remembers, twice: each is written to two places, so that a window is always one piece.
struct Delay {
    even: [i32; 24],
    odd: [i32; 24],
    at: usize,
}

impl Delay {
    fn new() -> Delay {
        Delay {
            even: [0; 24],
            odd: [0; 24],
            at: 0,
        }
    }

    /// Take a pair; both sums of products with the filter.
    #[inline]
    fn filter(&mut self, first: i32, second: i32) -> (i32, i32) {
        let at = self.at;
        for place in [at, at + 12] {
            self.even[place] = first;
            self.odd[place] = second;
        }
        self.at = if at == 11 { 0 } else { at + 1 };
        let from = self.at;
        let (mut one, mut other) = (0, 0);
        let windows = self.even[from..from + 12]
            .iter()
            .zip(&self.odd[from..from + 12]);
        for (n, (even, odd)) in windows.enumerate() {
            one += even * QMF[n];
            other += odd * QMF[11 - n];
        }
        (one, other)
    }
}

/// The decoder (G.722 section 4).
pub struct G722Decoder {
    low: Band,
    high: Band,
    delay: Delay,
    wide: bool,
}

impl G722Decoder {
    #[must_use]
    pub fn new(parameters: &Parameters<'_>) -> G722Decoder {
        G722Decoder {
            low: Band::new(32),
            high: Band::new(8),
            delay: Delay::new(),
            wide: parameters.rate != 8000,
        }
    }

    #[inline]
    fn low(&mut self, code: u8) -> i32 {
        let code = usize::from(code & 0x3f);
        let value = self.low.s + ((self.low.det * QM6[code]) >> 15);
        self.low.adapt_low(code);
        value.clamp(-16_384, 16_383)
    }
}

impl Decoder for G722Decoder {
    fn rate(&self) -> u32 {
        if self.wide { 16_000 } else { 8000 }
    }

    fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), Damaged> {
        if !self.wide {
            // the sub-bands' signals have 15 bits
            out.extend(payload.iter().map(|code| (self.low(*code) << 1) as i16));
            return Ok(());
        }
        out.reserve(payload.len() * 2);
        for code in payload {
            let low = self.low(*code);
            let predicted = self.high.s;
            let high =
                (predicted + self.high.adapt_high(usize::from(code >> 6))).clamp(-16_384, 16_383);
            let (second, first) = self.delay.filter(low + high, low - high);
            out.push(saturate(first >> 11) as i16);
            out.push(saturate(second >> 11) as i16);
        }
        Ok(())
    }
}

/// The encoder (G.722 section 3).
pub struct G722Encoder {
    low: Band,
    high: Band,
    delay: Delay,
    wide: bool,
}

impl G722Encoder {
    #[must_use]
    pub fn new(parameters: &Parameters<'_>) -> G722Encoder {
        G722Encoder {
            low: Band::new(32),
            high: Band::new(8),
            delay: Delay::new(),
            wide: parameters.rate != 8000,
        }
    }

    /// QUANTL: the interval by halving; the levels grow with the scale, so their order does not change.
    #[inline]
    fn low(&mut self, x: i32) -> u8 {
        let e = saturate(x - self.low.s);
        let magnitude = if e >= 0 { e } else { !e };
        let mut interval = 0usize;
        for step in [16, 8, 4, 2, 1] {
            let level = (i64::from(Q6[interval + step]) * i64::from(self.low.det)) >> 12;
            interval += if i64::from(magnitude) >= level {
                step
            } else {
                0
            };
        }
        // intervals count from 1; the recommendation's codes fall as the difference grows
        let n = interval as u8 + 1;
        let code = if e >= 0 {
            62 - n
        } else if n < 3 {
            64 - n
        } else {
            34 - n
        };
        self.low.adapt_low(usize::from(code));
        code
    }

    #[inline]
    fn high(&mut self, x: i32) -> u8 {
        let e = saturate(x - self.high.s);
        let magnitude = if e >= 0 { e } else { !e };
        let outer = magnitude >= (564 * self.high.det) >> 12;
        let code = match (e < 0, outer) {
            (true, false) => 1,
            (true, true) => 0,
            (false, false) => 3,
            (false, true) => 2,
        };
        self.high.adapt_high(usize::from(code));
        code
    }
}

impl Encoder for G722Encoder {
    fn rate(&self) -> u32 {
        if self.wide { 16_000 } else { 8000 }
    }

    fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        if !self.wide {
            payload.extend(samples.iter().map(|sample| {
                let low = self.low(i32::from(*sample) >> 1);
                self.high(0) << 6 | low
            }));
            return;
        }
        payload.reserve(samples.len() / 2);
        for pair in samples.chunks_exact(2) {
            let (odd, even) = self.delay.filter(i32::from(pair[0]), i32::from(pair[1]));
            let low = self.low((even + odd) >> 14);
            payload.push(self.high((even - odd) >> 14) << 6 | low);
        }
    }
}
