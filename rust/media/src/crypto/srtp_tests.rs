use super::super::vectors::{plain, vectors};
use super::*;
use proptest::prelude::*;

const SUITE: Suite = Suite::AesCm128Sha1_80;

fn pair(suite: Suite) -> (Context, Context) {
    let key: Vec<u8> = (0..suite.material_length() as u8).collect();
    (
        Context::new(suite, &key, true).unwrap(),
        Context::new(suite, &key, true).unwrap(),
    )
}

fn packet(ssrc: u32, sequence: u16) -> Vec<u8> {
    let mut data = vec![0x80, 0];
    data.extend(sequence.to_be_bytes());
    data.extend([0, 0, 0, 9]);
    data.extend(ssrc.to_be_bytes());
    data.extend(sequence.to_be_bytes().repeat(20));
    data
}

fn seal(context: &mut Context, plain: &[u8]) -> Vec<u8> {
    let mut data = plain.to_vec();
    data.resize(plain.len() + 16, 0);
    let length = context.protect_rtp(&mut data, plain.len()).unwrap();
    data.truncate(length);
    data
}

fn open(context: &mut Context, sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let mut data = sealed.to_vec();
    let length = context.unprotect_rtp(&mut data)?;
    data.truncate(length);
    Ok(data)
}

#[test]
fn as_libsrtp_makes_them() {
    for vector in vectors() {
        let name = vector.suite.name();
        let mut ours = Context::new(vector.suite, &vector.key, true).unwrap();
        let mut theirs = Context::new(vector.suite, &vector.key, true).unwrap();
        for number in 0..2 {
            assert_eq!(
                seal(&mut ours, &plain(number)),
                vector.sealed[number],
                "{name}"
            );
            assert_eq!(
                open(&mut theirs, &vector.sealed[number]),
                Ok(plain(number)),
                "{name}"
            );
        }
        let mut control = plain(2);
        ours.protect_rtcp(&mut control).unwrap();
        assert_eq!(control, vector.sealed[2], "{name}: RTCP");
        let length = theirs.unprotect_rtcp(&mut control).unwrap();
        assert_eq!(control[..length], plain(2), "{name}: RTCP");
    }
}

#[test]
fn a_key_of_the_wrong_length_is_none() {
    for (suite, name) in Suite::ALL {
        assert_eq!(Suite::named(name), Some(suite));
        assert!(Context::new(suite, &vec![1; suite.material_length() - 1], true).is_none());
    }
    assert_eq!(Suite::named("F8_128_HMAC_SHA1_80"), None);
}

#[test]
fn once_each_out_of_order_and_across_roll_overs() {
    for (suite, _) in Suite::ALL {
        let (mut sender, mut receiver) = pair(suite);
        let mut sealed: Vec<Vec<u8>> = Vec::new();
        // Three times round, in steps that no roll-over is hidden by.
        for n in 0..24u32 {
            sealed.push(seal(&mut sender, &packet(5, (n * 10_000) as u16)));
        }
        for n in (0..23).step_by(2) {
            for at in [n + 1, n] {
                let expected = packet(5, (at as u32 * 10_000) as u16);
                let result = open(&mut receiver, &sealed[at]);
                if at == n + 1 {
                    assert_eq!(result, Ok(expected));
                } else {
                    // The earlier of two is too old for the window.
                    assert_eq!(result, Err(Error::Replayed));
                }
            }
        }
        let (mut sender, mut receiver) = pair(suite);
        let order: Vec<u16> = vec![65_533, 65_535, 1, 65_534, 0, 2];
        let sealed: Vec<Vec<u8>> = (65_533..65_539u32)
            .map(|n| seal(&mut sender, &packet(5, n as u16)))
            .collect();
        for sequence in order {
            let at = usize::from(sequence.wrapping_sub(65_533));
            assert_eq!(open(&mut receiver, &sealed[at]), Ok(packet(5, sequence)));
            assert_eq!(open(&mut receiver, &sealed[at]), Err(Error::Replayed));
        }
    }
}

#[test]
fn each_ssrc_counts_for_itself() {
    let (mut sender, mut receiver) = pair(SUITE);
    for sequence in [65_534u16, 65_535, 0, 1] {
        for ssrc in [1, 2, 3] {
            if ssrc == 2 && sequence > 1000 {
                continue;
            }
            let sealed = seal(&mut sender, &packet(ssrc, sequence));
            assert_eq!(open(&mut receiver, &sealed), Ok(packet(ssrc, sequence)));
        }
    }
    for ssrc in 0..100 {
        let sealed = seal(&mut sender, &packet(ssrc + 100, 7));
        assert!(open(&mut receiver, &sealed).is_ok());
    }
    assert_eq!(receiver.streams.len(), STREAMS);
}

#[test]
fn what_was_changed_is_not_taken_and_leaves_nothing_behind() {
    for (suite, name) in Suite::ALL {
        let (mut sender, mut receiver) = pair(suite);
        let sealed = seal(&mut sender, &packet(5, 9));
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 0x20;
            assert!(open(&mut receiver, &bad).is_err(), "{name}: byte {at}");
        }
        for length in 0..sealed.len() {
            assert!(
                open(&mut receiver, &sealed[..length]).is_err(),
                "{name}: {length} bytes"
            );
        }
        assert!(receiver.streams.is_empty());
        assert!(open(&mut receiver, &sealed).is_ok());
        let mut control = plain(2);
        sender.protect_rtcp(&mut control).unwrap();
        for at in 0..control.len() {
            let mut bad = control.clone();
            bad[at] ^= 0x20;
            assert!(
                receiver.unprotect_rtcp(&mut bad).is_err(),
                "{name}: RTCP byte {at}"
            );
        }
        assert!(receiver.unprotect_rtcp(&mut control.clone()).is_ok());
        assert_eq!(receiver.unprotect_rtcp(&mut control), Err(Error::Replayed));
    }
}

#[test]
fn one_index_is_never_used_twice() {
    let (mut sender, _) = pair(SUITE);
    let mut data = packet(5, 9);
    data.resize(100, 0);
    assert!(sender.protect_rtp(&mut data.clone(), 52).is_ok());
    assert_eq!(sender.protect_rtp(&mut data, 52), Err(Error::Replayed));
    assert_eq!(
        sender.protect_rtp(&mut packet(5, 10), 52),
        Err(Error::Exhausted),
        "no room"
    );
}

#[test]
fn without_protection_a_repeated_packet_is_taken() {
    let key = [3; 30];
    let mut sender = Context::new(SUITE, &key, true).unwrap();
    let mut receiver = Context::new(SUITE, &key, false).unwrap();
    let sealed = seal(&mut sender, &packet(5, 9));
    assert!(open(&mut receiver, &sealed).is_ok() && open(&mut receiver, &sealed).is_ok());
}

proptest! {
    #[test]
    fn never_panics(data in proptest::collection::vec(any::<u8>(), 0..80), which in 0usize..8) {
        let (_, mut receiver) = pair(Suite::ALL[which].0);
        let _ = receiver.unprotect_rtp(&mut data.clone());
        let _ = receiver.unprotect_rtcp(&mut data.clone());
        let mut longer = data.clone();
        longer.resize(data.len() + 16, 0);
        let _ = receiver.protect_rtp(&mut longer, data.len());
        let _ = receiver.protect_rtcp(&mut data.clone());
    }

    #[test]
    fn the_likeliest_index(highest in 0u64..1 << 40, ahead in -32_000i64..32_000) {
        let mut window = Replay::default();
        window.note(highest);
        if let Some(index) = highest.checked_add_signed(ahead) {
            prop_assert_eq!(index_of(&window, index as u16), index);
        }
    }
}
