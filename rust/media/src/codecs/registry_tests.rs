use super::*;
use std::collections::HashSet;

fn codec(name: &str) -> &'static Codec {
    &CODECS[usize::from(by_name(name).expect("a row"))]
}

#[test]
fn names_and_what_sdp_says_are_unique() {
    let names: HashSet<_> = CODECS.iter().map(|c| c.name).collect();
    assert_eq!(names.len(), CODECS.len());
    for (at, codec) in CODECS.iter().enumerate() {
        for name in codec.sdp {
            assert_eq!(
                by_sdp(name, codec.clock, ""),
                Some(at as u16),
                "{}",
                codec.name
            );
        }
    }
    let numbers: Vec<_> = CODECS.iter().filter_map(|c| c.payload_type).collect();
    assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), numbers.len());
}

#[test]
fn a_codec_that_decodes_can_be_opened_and_is_complete() {
    for codec in CODECS {
        assert_eq!(
            codec.decoder.is_some(),
            codec.encoder.is_some(),
            "{}",
            codec.name
        );
        let (Some(decoder), Some(encoder)) = (codec.decoder, codec.encoder) else {
            continue;
        };
        assert!(codec.duration.is_some(), "{}", codec.name);
        for rate in [0, 8000, 16_000, 48_000] {
            let parameters = crate::codecs::Parameters {
                rate,
                ..Default::default()
            };
            let (mut decoder, mut encoder) = (decoder(&parameters), encoder(&parameters));
            assert!(decoder.rate() >= 8000 && encoder.rate() >= 8000);
            for ms in [codec.ptime_ms, codec.step_ms.max(10), codec.max_ms] {
                let mut payload = Vec::new();
                let silence = vec![0; (encoder.rate() / 1000 * u32::from(ms)) as usize];
                encoder.encode(&silence, &mut payload);
                let covered = codec.duration.and_then(|duration| duration(&payload));
                assert_eq!(
                    covered,
                    Some(codec.clock / 1000 * u32::from(ms)),
                    "{}",
                    codec.name
                );
                let mut samples = Vec::new();
                assert_eq!(decoder.decode(&payload, &mut samples), Ok(()));
                assert_eq!(samples.len() as u32, decoder.rate() / 1000 * u32::from(ms));
            }
        }
    }
}

#[test]
fn any_payload_is_an_answer() {
    let mut seed = 7u32;
    for codec in CODECS {
        for length in 0..300usize {
            let payload: Vec<u8> = (0..length)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 24) as u8
                })
                .collect();
            if let Some(duration) = codec.duration {
                assert!(
                    duration(&payload).unwrap_or(0) <= 48 * 300 * 20,
                    "{}",
                    codec.name
                );
            }
            if let Some(decoder) = codec.decoder {
                let mut samples = Vec::new();
                let _ =
                    decoder(&crate::codecs::Parameters::default()).decode(&payload, &mut samples);
            }
        }
    }
}

#[test]
fn durations() {
    let last = |name: &str, payload: &[u8]| codec(name).duration.and_then(|d| d(payload));
    assert_eq!(last("g729", &[0; 20]), Some(160));
    assert_eq!(last("g729", &[0; 12]), Some(160));
    assert_eq!(last("ilbc", &[0; 38]), Some(160));
    assert_eq!(last("ilbc", &[0; 50]), Some(240));
    assert_eq!(last("ilbc", &[0; 51]), None);
    assert_eq!(last("g723", &[0; 24]), Some(240));
    assert_eq!(last("g723", &[1; 20]), Some(240));
    assert_eq!(last("opus", &[0x78, 0, 0]), Some(960), "CELT, 20 ms");
    assert_eq!(last("opus", &[0x08]), Some(960), "SILK, 20 ms");
    assert_eq!(last("opus", &[0x1b, 0x83]), None, "over 120 ms");
    assert_eq!(last("opus", &[]), None);
}

#[test]
fn packet_times() {
    assert_eq!(codec("ulaw").packet_ms(25), 20);
    assert_eq!(codec("ulaw").packet_ms(5), 10);
    assert_eq!(codec("ulaw").packet_ms(500), 140);
    assert_eq!(codec("gsm").packet_ms(30), 20);
    assert_eq!(codec("g723").packet_ms(20), 30);
}
