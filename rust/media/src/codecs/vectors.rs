//! What independent implementations (spandsp, libgsm, ffmpeg) do with the same sound; tests/reference_vectors.py made the numbers.
//! The sound drives each codec through silence, noise, full scale and back, so a difference anywhere shows.
use super::{Decoder, Encoder, Format, Parameters};
use crate::codecs::fmtp::hash_bytes;

/// The sound of `reference_vectors.py`.
pub fn sound(count: usize) -> Vec<i16> {
    let (mut seed, mut y1, mut y2) = (12_345u32, 0i32, 0i32);
    (0..count as i32)
        .map(|n| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (seed >> 16) as i32 - 32_768;
            let value = match n / 2000 % 6 {
                0 => 0,
                1 => noise >> 1,
                2 => (n * 331 % 40_000 - 20_000).abs() - 10_000,
                3 if n / 11 % 2 != 0 => 32_767,
                3 => -32_768,
                4 => noise >> 12,
                _ => {
                    let drive = if n % 80 == 0 { 3000 } else { 0 };
                    let y0 = drive + ((30_000 * y1 - 15_600 * y2) >> 14);
                    (y2, y1) = (y1, y0.clamp(-32_768, 32_767));
                    y1
                }
            };
            value as i16
        })
        .collect()
}

/// Encode and decode six seconds in packets; hashes of both.
fn run(encoder: &mut dyn Encoder, decoder: &mut dyn Decoder, sound: &[i16]) -> (u64, u64) {
    let (mut codes, mut samples) = (Vec::new(), Vec::new());
    for packet in sound.chunks(160) {
        let start = codes.len();
        encoder.encode(packet, &mut codes);
        assert_eq!(decoder.decode(&codes[start..], &mut samples), Ok(()));
    }
    let samples: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    (hash_bytes(&codes), hash_bytes(&samples))
}

/// `shift`: how much softer the sound is; `decoded`: none where the other implementation wraps at full scale.
fn check(name: &str, rate: u32, shift: u32, encoded: u64, decoded: Option<u64>) {
    let parameters = Parameters {
        rate,
        ..Default::default()
    };
    let format = Format::named(name).unwrap();
    let mut encoder = format.encoder(&parameters).unwrap();
    let mut decoder = format.decoder(&parameters).unwrap();
    let sound: Vec<i16> = sound(48_000).iter().map(|s| s >> shift).collect();
    let got = run(encoder.as_mut(), decoder.as_mut(), &sound);
    assert_eq!(got.0, encoded, "{name} at {rate}");
    if let Some(decoded) = decoded {
        assert_eq!(got.1, decoded, "{name} at {rate}");
    }
}

#[test]
fn g722() {
    check(
        "g722",
        0,
        0,
        0xf7fc_96a3_761d_40dc,
        Some(0x8655_30a6_bb5d_7cfe),
    );
}

#[test]
fn g722_of_the_lower_band() {
    check(
        "g722",
        8000,
        0,
        0x2e7e_0546_e014_f852,
        Some(0x7873_3ef8_aa66_2e12),
    );
}

#[test]
fn g726() {
    check("g726", 0, 0, 0x31c8_bb00_85c0_f70f, None);
    check("g726aal2", 0, 0, 0xa3da_98c6_f570_5407, None);
    let decoded = Some(0x0835_5912_54fc_c4cb);
    check("g726", 0, 1, 0xaef1_a826_64a9_f5fc, decoded);
    check("g726aal2", 0, 1, 0x18eb_36be_41c2_e5f9, decoded);
}

#[test]
fn gsm() {
    check(
        "gsm",
        0,
        0,
        0x48ea_5f76_2b1b_cf42,
        Some(0xb958_4bc2_d71d_81ee),
    );
}
