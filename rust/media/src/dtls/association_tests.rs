use super::super::Hash;
use super::*;
use std::collections::VecDeque;

const MS: Nanos = 1_000_000;

fn settings(active: bool, identity: &Arc<Identity>, peer: Option<&Identity>) -> Settings {
    Settings {
        identity: Arc::clone(identity),
        active,
        verification: Verification {
            fingerprints: peer
                .map(|peer| vec![peer.fingerprint(Hash::Sha256)])
                .unwrap_or_default(),
            trust: None,
        },
        mtu: 1200,
        ciphers: Vec::new(),
        replay_protection: true,
        generation: 0,
    }
}

/// Two ends and what is under way between them; `lost` says which datagram gets lost.
struct Pair {
    ends: [Association; 2],
    keys: [Option<(Keys, &'static str)>; 2],
    failed: [Option<String>; 2],
    sent: usize,
    done_at: Nanos,
}

impl Pair {
    fn new(settings: [Settings; 2]) -> Pair {
        Pair {
            ends: settings.map(|each| Association::new(each, 0).unwrap()),
            keys: [None, None],
            failed: [None, None],
            sent: 0,
            done_at: 0,
        }
    }

    fn take(&mut self, end: usize, progress: Option<Progress>) {
        match progress {
            Some(Progress::Keys(keys, suite)) => self.keys[end] = Some((*keys, suite)),
            Some(Progress::Failed(why)) => self.failed[end] = Some(why),
            Some(Progress::Closed) | None => {}
        }
    }

    /// Run on virtual time: 5 ms each way.
    fn run(&mut self, until: Nanos, mut lost: impl FnMut(usize) -> bool) {
        let mut wire: VecDeque<(Nanos, usize, Vec<u8>)> = VecDeque::new();
        let mut now = 0;
        while now < until {
            for end in 0..2 {
                let mut out = Vec::new();
                let progress = self.ends[end].advance(now, &mut |data| out.push(data.to_vec()));
                self.take(end, progress);
                while let Some(at) = wire.iter().position(|(at, to, _)| *to == end && *at <= now) {
                    let (_, _, data) = wire.remove(at).unwrap();
                    let progress =
                        self.ends[end].receive(&data, now, &mut |data| out.push(data.to_vec()));
                    self.take(end, progress);
                }
                for data in out {
                    self.sent += 1;
                    if !lost(self.sent) {
                        wire.push_back((now + 5 * MS, 1 - end, data));
                    }
                }
            }
            if self.keys.iter().all(Option::is_some) && self.done_at == 0 {
                self.done_at = now;
            }
            now += 5 * MS;
        }
    }

    /// Each opens what the other seals.
    fn check(&mut self) {
        for from in 0..2 {
            let [one, other] = &mut self.keys;
            let (from, to) = if from == 0 {
                (one, other)
            } else {
                (other, one)
            };
            let (from, to) = (&mut from.as_mut().unwrap().0, &mut to.as_mut().unwrap().0);
            let mut data = [&[0x80u8, 0, 0, 1][..], &[0; 8], &[7; 160], &[0; 16]].concat();
            let length = from.send.protect_rtp(&mut data, 172).unwrap();
            assert_eq!(to.receive.unprotect_rtp(&mut data[..length]), Ok(172));
            assert_eq!(data[12..172], [7; 160]);
        }
    }
}

fn identities() -> [Arc<Identity>; 2] {
    [(); 2].map(|()| Arc::new(Identity::generate().unwrap()))
}

#[test]
fn both_have_keys_that_fit() {
    let [a, b] = identities();
    let mut pair = Pair::new([settings(true, &a, Some(&b)), settings(false, &b, Some(&a))]);
    pair.run(1000 * MS, |_| false);
    pair.check();
    assert!(pair.done_at < 100 * MS, "{} ms", pair.done_at / MS);
    assert!(pair.ends.iter().all(|end| !end.busy()));
    assert_eq!(
        pair.keys[0].as_ref().unwrap().1,
        pair.keys[1].as_ref().unwrap().1
    );
}

#[test]
fn any_datagram_may_get_lost() {
    let [a, b] = identities();
    for which in 1..=8 {
        let mut pair = Pair::new([settings(true, &a, Some(&b)), settings(false, &b, Some(&a))]);
        pair.run(4000 * MS, |number| number == which);
        pair.check();
        assert!(
            pair.done_at < 1000 * MS,
            "{which}: {} ms",
            pair.done_at / MS
        );
    }
    let mut pair = Pair::new([settings(true, &a, Some(&b)), settings(false, &b, Some(&a))]);
    pair.run(20_000 * MS, |number| number % 3 == 0);
    pair.check();
}

#[test]
fn another_certificate_than_in_the_sdp_is_refused() {
    let [a, b] = identities();
    let [stranger, _] = identities();
    let mut pair = Pair::new([
        settings(true, &a, Some(&stranger)),
        settings(false, &b, Some(&a)),
    ]);
    pair.run(2000 * MS, |_| false);
    assert!(pair.keys[0].is_none());
    assert!(pair.failed[0].as_ref().unwrap().contains("fingerprint"));
    let mut pair = Pair::new([
        settings(true, &a, Some(&b)),
        settings(false, &b, Some(&stranger)),
    ]);
    pair.run(2000 * MS, |_| false);
    assert!(pair.keys[1].is_none());
    assert!(pair.failed[1].as_ref().unwrap().contains("fingerprint"));
}

#[test]
fn nobody_there_is_a_failure() {
    let [a, b] = identities();
    let mut pair = Pair::new([settings(true, &a, Some(&b)), settings(false, &b, Some(&a))]);
    pair.run(60_000 * MS, |_| true);
    assert!(pair.failed[0].is_some());
    assert!(pair.sent < 12, "{}", pair.sent);
}

#[test]
fn ciphers_are_chosen_and_small_datagrams_do() {
    let [a, b] = identities();
    let mut client = settings(true, &a, Some(&b));
    client.ciphers = vec!["RC4-MD5".into(), "ECDHE-ECDSA-AES128-GCM-SHA256".into()];
    client.mtu = 300;
    let mut pair = Pair::new([client.clone(), settings(false, &b, Some(&a))]);
    pair.run(1000 * MS, |_| false);
    pair.check();
    client.ciphers.pop();
    assert!(Association::new(client, 0).is_err());
}

#[test]
fn noise_does_not_disturb() {
    let [a, b] = identities();
    let mut pair = Pair::new([settings(true, &a, Some(&b)), settings(false, &b, Some(&a))]);
    for noise in [&[22u8, 254, 253][..], &[23; 40], &[20; 13], &[63; 1500]] {
        for end in &mut pair.ends {
            assert!(!matches!(
                end.receive(noise, 0, &mut |_| {}),
                Some(Progress::Failed(_))
            ));
        }
    }
    pair.run(1000 * MS, |_| false);
    pair.check();
}
