use super::*;
use crate::goertzel::Goertzel;
use std::f64::consts::TAU;

fn tone(rate: u32, frequency: f64, seconds: f64) -> Vec<i16> {
    (0..(f64::from(rate) * seconds) as usize)
        .map(|n| (8000.0 * (TAU * frequency * n as f64 / f64::from(rate)).sin()) as i16)
        .collect()
}

fn parameters<'a>(rate: u32, fmtp: &'a str, settings: &'a str) -> Parameters<'a> {
    Parameters {
        rate,
        fmtp,
        settings,
    }
}

fn encode(parameters: &Parameters<'_>, sound: &[i16]) -> Vec<Vec<u8>> {
    let mut encoder = OpusEncoder::new(parameters);
    let frame = encoder.rate() as usize / 50;
    let packets = sound.chunks_exact(frame).map(|frame| {
        let mut payload = Vec::new();
        encoder.encode(frame, &mut payload);
        payload
    });
    packets.collect()
}

fn level(samples: &[i16], frequency: f64, rate: u32) -> f64 {
    let mut meter = Goertzel::new(frequency, f64::from(rate));
    meter.add(samples);
    20.0 * (meter.amplitude().max(0.1) / 8000.0).log10()
}

fn octets(packets: &[Vec<u8>]) -> usize {
    packets.iter().map(Vec::len).sum()
}

#[test]
fn a_tone_goes_through_at_every_pair_of_rates() {
    for from in [8000, 12_000, 16_000, 24_000, 48_000] {
        let packets = encode(&parameters(from, "", ""), &tone(from, 1000.0, 1.0));
        for to in [8000, 16_000, 48_000] {
            let mut decoder = OpusDecoder::new(&parameters(to, "", ""));
            let mut samples = Vec::new();
            for packet in &packets {
                assert_eq!(decoder.decode(packet, &mut samples), Ok(()));
            }
            assert_eq!(samples.len(), to as usize);
            let gain = level(&samples[to as usize / 4..to as usize * 3 / 4], 1000.0, to);
            assert!(gain.abs() < 1.0, "{from} to {to}: {gain} dB");
        }
    }
}

#[test]
fn the_far_ends_parameters_and_the_configuration_are_kept_to() {
    let sound = crate::codecs::vectors::sound(16_000);
    let size = |fmtp, settings| octets(&encode(&parameters(16_000, fmtp, settings), &sound));
    let usual = size("", "");
    assert!(size("maxaveragebitrate=8000", "") < usual / 2);
    assert!(size("", "bitrate=8000") < usual / 2);
    assert!(size("maxaveragebitrate=8000", "bitrate=64000") < usual / 2);
    assert!(size("", "bitrate=64000") > usual * 2);
    let constant = encode(&parameters(16_000, "cbr=1", "bitrate=24000"), &sound);
    assert!(constant.iter().all(|packet| packet.len() == 60));
    // bandwidth is in the first octet: SILK narrow band is 0 to 3 (RFC 6716 section 3.1)
    let narrow = encode(&parameters(16_000, "maxplaybackrate=8000", ""), &sound);
    assert!(
        narrow
            .iter()
            .all(|p| p[0] >> 3 < 4 || (16..20).contains(&(p[0] >> 3)))
    );
}

#[test]
fn silence_is_not_sent_with_dtx() {
    let silence = vec![0; 48_000];
    let packets = encode(&parameters(16_000, "usedtx=1", ""), &silence);
    let sent = packets.iter().filter(|packet| !packet.is_empty()).count();
    assert!(sent < packets.len() / 4, "{sent} of {}", packets.len());
    let packets = encode(&parameters(16_000, "", ""), &silence);
    assert!(packets.iter().all(|packet| !packet.is_empty()));
}

#[test]
fn a_lost_packet_comes_back_from_the_next_one() {
    // a voice: harmonics that glide and swell
    let sound: Vec<i16> = (0..32_000)
        .map(|n| {
            let t = f64::from(n) / 16_000.0;
            let pitch = TAU * (120.0 * t + 8.0 * (TAU * 0.7 * t).sin());
            let sum: f64 = (1..20)
                .map(|h| (pitch * f64::from(h)).sin() / f64::from(h))
                .sum();
            (6000.0 * sum * (0.6 + 0.4 * (TAU * 2.3 * t).sin())) as i16
        })
        .collect();
    let packets = encode(
        &parameters(16_000, "useinbandfec=1", "packet_loss=30;bitrate=24000"),
        &sound,
    );
    let error = |fec: bool| {
        let mut good = OpusDecoder::new(&parameters(16_000, "", ""));
        let mut bad = OpusDecoder::new(&parameters(16_000, "", ""));
        let (mut whole, mut holed) = (Vec::new(), Vec::new());
        for (n, packet) in packets.iter().enumerate() {
            good.decode(packet, &mut whole).unwrap();
            if n % 5 == 3 {
                let next = packets.get(n + 1).map(Vec::as_slice).filter(|_| fec);
                bad.conceal(320, next, &mut holed);
            } else {
                bad.decode(packet, &mut holed).unwrap();
            }
        }
        assert_eq!(whole.len(), holed.len());
        let pairs = whole.iter().zip(&holed);
        let noise: f64 = pairs
            .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
            .sum();
        10.0 * (noise / whole.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>()).log10()
    };
    let (with, without) = (error(true), error(false));
    assert!(with < without - 3.0, "{with} and {without} dB");
}

#[test]
fn what_is_no_opus_is_damaged() {
    let mut decoder = OpusDecoder::new(&parameters(8000, "", ""));
    let mut samples = Vec::new();
    assert_eq!(decoder.decode(&[], &mut samples), Err(Damaged));
    assert_eq!(decoder.decode(&[3], &mut samples), Err(Damaged));
    assert_eq!(
        decoder.decode(&[0x03, 0x3f, 1, 2, 3], &mut samples),
        Err(Damaged)
    );
    assert!(samples.is_empty());
    decoder.conceal(333, None, &mut samples);
    assert_eq!(samples.len(), 333);
}
