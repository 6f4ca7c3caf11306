//! G.726 at 32 kbit/s (ITU-T Rec. G.726), packed as RFC 3551 has it and as ATM's AAL2 does.
//!
//! Names in comments are those of the recommendation's blocks.  The predictor multiplies in a floating point of its own
//! (FMULT): six bits of mantissa, four of exponent, so that every implementation gives the same bits.

use super::{Damaged, Decoder, Encoder};

/// Decision levels of the 4-bit quantizer, logarithmic (table 6).
const LEVELS: [i32; 7] = [-124, 80, 178, 246, 300, 349, 400];
/// Quantizer output, logarithmic, by code.
const OUTPUT: [i32; 16] = [
    -2048, 4, 135, 213, 273, 323, 373, 425, 425, 373, 323, 273, 213, 135, 4, -2048,
];
/// W(I), the scale factor's multipliers, times 32.
const W: [i32; 16] = [
    -384, 576, 1312, 2048, 3584, 6336, 11_360, 35_904, 35_904, 11_360, 6336, 3584, 2048, 1312, 576,
    -384,
];
/// F(I), the speed control's input.
const F: [i32; 16] = [
    0, 0, 0, 512, 512, 512, 1536, 3584, 3584, 1536, 512, 512, 512, 0, 0, 0,
];

/// Zero in the predictor's floating point.
const ZERO: Float = Float {
    negative: false,
    exponent: 0,
    mantissa: 32,
};

/// A number of the predictor's floating point (FLOATA, FLOATB).
#[derive(Clone, Copy)]
struct Float {
    negative: bool,
    exponent: i32,
    mantissa: i32,
}

impl Float {
    fn new(magnitude: i32, negative: bool) -> Float {
        let exponent = bits(magnitude);
        Float {
            negative,
            exponent,
            mantissa: if magnitude == 0 {
                32
            } else {
                (magnitude << 6) >> exponent
            },
        }
    }

    /// FMULT: this times a predictor coefficient.
    #[inline]
    fn times(self, coefficient: i32) -> i32 {
        let coefficient = coefficient >> 2;
        let magnitude = if coefficient > 0 {
            coefficient
        } else {
            -coefficient & 0x1fff
        };
        let exponent = bits(magnitude) - 6;
        let mantissa = match magnitude {
            0 => 32,
            _ if exponent >= 0 => magnitude >> exponent,
            _ => magnitude << -exponent,
        };
        let exponent = exponent + self.exponent - 13;
        let product = (mantissa * self.mantissa + 0x30) >> 4;
        let value = if exponent >= 0 {
            (product << exponent) & 0x7fff
        } else {
            product >> -exponent
        };
        if (coefficient < 0) != self.negative {
            -value
        } else {
            value
        }
    }
}

/// Length of a number that is not negative, in bits.
#[inline]
fn bits(value: i32) -> i32 {
    32 - value.leading_zeros() as i32
}

/// Sums have 16 bits and wrap (ACCUM, ADDB, ADDC).
#[inline]
fn wrap(value: i32) -> i32 {
    i32::from(value as i16)
}

/// What encoder and decoder have in common.
struct State {
    /// Locked and unlocked scale factor.
    yl: i32,
    yu: i32,
    /// Short and long term means of F(I), and the speed between the two scale factors.
    dms: i32,
    dml: i32,
    ap: i32,
    /// Poles and zeros.
    a: [i32; 2],
    b: [i32; 6],
    /// Signs of the partially reconstructed signal.
    pk: [bool; 2],
    dq: [Float; 6],
    sr: [Float; 2],
    /// A tone of two frequencies was seen (TDP).
    tone: bool,
}

/// What is predicted for the next sample.
#[derive(Clone, Copy)]
struct Predicted {
    se: i32,
    sez: i32,
    y: i32,
}

impl State {
    fn new() -> State {
        State {
            yl: 34_816,
            yu: 544,
            dms: 0,
            dml: 0,
            ap: 0,
            a: [0; 2],
            b: [0; 6],
            pk: [false; 2],
            dq: [ZERO; 6],
            sr: [ZERO; 2],
            tone: false,
        }
    }

    #[inline]
    fn predict(&self) -> Predicted {
        let zeros: i32 = self.dq.iter().zip(&self.b).map(|(d, b)| d.times(*b)).sum();
        let poles: i32 = self.sr.iter().zip(&self.a).map(|(s, a)| s.times(*a)).sum();
        Predicted {
            se: wrap(zeros + poles) >> 1,
            sez: wrap(zeros) >> 1,
            y: self.scale(),
        }
    }

    /// MIX
    fn scale(&self) -> i32 {
        if self.ap >= 256 {
            return self.yu;
        }
        let y = self.yl >> 6;
        let difference = self.yu - y;
        let share = difference * (self.ap >> 2);
        y + if difference > 0 {
            share >> 6
        } else {
            (share + 0x3f) >> 6
        }
    }

    /// ADDA, ANTILOG and what follows: take a code, give the reconstructed signal (14 bits).
    fn take(&mut self, code: usize, predicted: Predicted) -> i32 {
        let Predicted { se, sez, y } = predicted;
        let negative = code & 8 != 0;
        let log = OUTPUT[code] + (y >> 2);
        let magnitude = if log < 0 {
            0
        } else {
            ((128 + (log & 127)) << 7) >> (14 - (log >> 7 & 15))
        };
        let sr = wrap(if negative {
            se - (magnitude & 0x3fff)
        } else {
            se + magnitude
        });
        self.adapt(y, code, magnitude, negative, sr, wrap(sr + sez - se));
        sr
    }

    fn adapt(&mut self, y: i32, code: usize, magnitude: i32, negative: bool, sr: i32, dqsez: i32) {
        let pk0 = dqsez < 0;
        // TRANS: a modem's signal changed suddenly
        let whole = self.yl >> 15;
        let threshold = if whole > 9 {
            31 << 10
        } else {
            (32 + (self.yl >> 10 & 0x1f)) << whole
        };
        let transition = self.tone && magnitude > (threshold + (threshold >> 1)) >> 1;
        // FUNCTW, FILTD, LIMB, FILTE
        self.yu = (y + ((W[code] - y) >> 5)).clamp(544, 5120);
        self.yl += self.yu + ((-self.yl) >> 6);
        if transition {
            self.a = [0; 2];
            self.b = [0; 6];
        } else {
            self.adapt_poles(pk0, dqsez);
            // UPB
            for (b, d) in self.b.iter_mut().zip(&self.dq) {
                *b -= *b >> 8;
                if magnitude != 0 {
                    *b += if negative == d.negative { 128 } else { -128 };
                }
            }
        }
        self.dq.rotate_right(1);
        self.dq[0] = Float::new(magnitude, negative);
        self.sr[1] = self.sr[0];
        self.sr[0] = Float::new(sr.abs() & 0x7fff, sr < 0);
        self.pk = [pk0, self.pk[0]];
        // TONE, FILTA, FILTB, SUBTC, FILTC
        self.tone = !transition && self.a[1] < -11_776;
        self.dms += (F[code] - self.dms) >> 5;
        self.dml += ((F[code] << 2) - self.dml) >> 7;
        self.ap = if transition {
            256
        } else if y < 1536 || self.tone || ((self.dms << 2) - self.dml).abs() >= self.dml >> 3 {
            self.ap + ((0x200 - self.ap) >> 4)
        } else {
            self.ap + ((-self.ap) >> 4)
        };
    }

    /// UPA2, LIMC, UPA1, LIMD
    fn adapt_poles(&mut self, pk0: bool, dqsez: i32) {
        let differ = pk0 != self.pk[0];
        let [mut a1, mut a2] = self.a;
        a2 -= a2 >> 7;
        if dqsez != 0 {
            let f = if differ { a1 } else { -a1 };
            a2 += match f {
                ..-8191 => -0x100,
                8192.. => 0xff,
                _ => f >> 5,
            };
            let step = if pk0 != self.pk[1] { -0x80 } else { 0x80 };
            a2 = (a2 + step).clamp(-12_288, 12_288);
        }
        a1 -= a1 >> 8;
        if dqsez != 0 {
            a1 += if differ { -192 } else { 192 };
        }
        let limit = 15_360 - a2;
        self.a = [a1.clamp(-limit, limit), a2];
    }

    /// LOG, SUBTB, QUAN
    #[inline]
    fn quantize(difference: i32, y: i32) -> usize {
        let magnitude = difference.abs();
        let exponent = bits(magnitude >> 1);
        let mantissa = ((magnitude << 7) >> exponent) & 0x7f;
        let log = (exponent << 7) + mantissa - (y >> 2);
        let level = LEVELS.iter().filter(|level| log >= **level).count();
        match (difference < 0, level) {
            (true, _) => 15 - level,
            (false, 0) => 15,
            (false, _) => level,
        }
    }
}

/// Which half of an octet has the first sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// The lower one (RFC 3551 section 4.5.4).
    Rfc3551,
    /// The upper one (ITU-T Rec. I.366.2 annex E).
    Aal2,
}

/// One direction.
pub struct G726 {
    state: State,
    packing: Packing,
}

impl G726 {
    #[must_use]
    pub fn new(packing: Packing) -> G726 {
        G726 {
            state: State::new(),
            packing,
        }
    }

    fn sample(&mut self, code: u8) -> i16 {
        let predicted = self.state.predict();
        let sr = self.state.take(usize::from(code & 15), predicted);
        (sr << 2).clamp(-32_768, 32_767) as i16
    }

    fn code(&mut self, sample: i16) -> u8 {
        let predicted = self.state.predict();
        let code = State::quantize((i32::from(sample) >> 2) - predicted.se, predicted.y);
        self.state.take(code, predicted);
        code as u8
    }
}

impl Decoder for G726 {
    fn rate(&self) -> u32 {
        8000
    }

    fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), Damaged> {
        out.reserve(payload.len() * 2);
        for octet in payload {
            let (first, second) = match self.packing {
                Packing::Rfc3551 => (*octet, octet >> 4),
                Packing::Aal2 => (octet >> 4, *octet),
            };
            let first = self.sample(first);
            out.push(first);
            let second = self.sample(second);
            out.push(second);
        }
        Ok(())
    }
}

impl Encoder for G726 {
    fn rate(&self) -> u32 {
        8000
    }

    fn encode(&mut self, samples: &[i16], payload: &mut Vec<u8>) {
        payload.reserve(samples.len() / 2);
        for pair in samples.chunks_exact(2) {
            let (first, second) = (self.code(pair[0]), self.code(pair[1]));
            payload.push(match self.packing {
                Packing::Rfc3551 => second << 4 | first,
                Packing::Aal2 => first << 4 | second,
            });
        }
    }
}
