//! Encrypted legs on the board: what goes over the wire, and what of it is heard.
use super::tests::{MS, Wire, board, datagram, phone};
use super::*;
use crate::crypto::{Context, Suite};
use crate::port::Keys;

const SUITE: Suite = Suite::AesCm128Sha1_80;

/// A phone's side of an encrypted leg.
struct Phone {
    slot: usize,
    send: Context,
    receive: Context,
}

impl Phone {
    /// Give the port in this slot keys made of `seed`, and the phone theirs.
    fn keyed(board: &mut Board, slot: usize, suite: Suite, seed: u8) -> Phone {
        let (ours, theirs) = (
            vec![seed; suite.material_length()],
            vec![seed + 1; suite.material_length()],
        );
        let keys = Keys::new((suite, &ours), (suite, &theirs), true).unwrap();
        board
            .port(slot, 100 + slot as u64)
            .unwrap()
            .set_keys(Some(keys), 0);
        Phone {
            slot,
            send: Context::new(suite, &theirs, true).unwrap(),
            receive: Context::new(suite, &ours, true).unwrap(),
        }
    }

    fn sealed(&mut self, sequence: u16) -> Vec<u8> {
        let mut data = datagram(0, sequence, u32::from(sequence) * 160, &[0x7f; 160]);
        let length = data.len();
        data.resize(length + 16, 0);
        let length = self.send.protect_rtp(&mut data, length).unwrap();
        data.truncate(length);
        data
    }

    fn say(&mut self, board: &mut Board, wire: &mut Wire, sequence: u16, now: Nanos) {
        let mut data = self.sealed(sequence);
        let (slot, from) = (self.slot, phone(self.slot));
        board.rtp_received(slot, 100 + slot as u64, &mut data, from, now, wire);
    }

    /// What the port sent last, opened.
    fn hears(&mut self, wire: &Wire) -> Option<Vec<u8>> {
        let (_, data, _) = wire.rtp.iter().rev().find(|(at, ..)| *at == self.slot)?;
        let mut data = data.clone();
        let length = self.receive.unprotect_rtp(&mut data).ok()?;
        Some(data[12..length].to_vec())
    }
}

fn plain(board: &mut Board, wire: &mut Wire, slot: usize, sequence: u16, now: Nanos) {
    let mut data = datagram(0, sequence, u32::from(sequence) * 160, &[0x55; 160]);
    board.rtp_received(slot, 100 + slot as u64, &mut data, phone(slot), now, wire);
}

#[test]
fn encrypted_on_one_leg_and_plain_on_the_other() {
    for (suite, _) in Suite::ALL {
        let (mut b, mut w) = board(2);
        let mut phone = Phone::keyed(&mut b, 0, suite, 40);
        b.bridge(0, 1);
        for n in 0..10u16 {
            let now = u64::from(n) * 20 * MS;
            phone.say(&mut b, &mut w, 65_530u16.wrapping_add(n), now);
            let (slot, data, _) = w.rtp.last().unwrap().clone();
            assert_eq!((slot, &data[12..]), (1, &[0x7f; 160][..]));
            plain(&mut b, &mut w, 1, 7 + n, now + MS);
            assert_eq!(phone.hears(&w), Some(vec![0x55; 160]));
        }
        assert_eq!(w.rtp.len(), 20);
    }
}

#[test]
fn both_legs_encrypted_each_with_its_own_key() {
    let (mut b, mut w) = board(2);
    let mut one = Phone::keyed(&mut b, 0, SUITE, 1);
    let mut other = Phone::keyed(&mut b, 1, Suite::AeadAes256Gcm, 5);
    b.bridge(0, 1);
    one.say(&mut b, &mut w, 1, 0);
    assert_eq!(other.hears(&w), Some(vec![0x7f; 160]));
    other.say(&mut b, &mut w, 1, MS);
    assert_eq!(one.hears(&w), Some(vec![0x7f; 160]));
}

#[test]
fn in_the_clear_nothing_is_heard_or_sent_while_keys_are_awaited_or_there() {
    let (mut b, mut w) = board(2);
    b.port(0, 100).unwrap().await_keys();
    b.bridge(0, 1);
    plain(&mut b, &mut w, 0, 1, 0);
    plain(&mut b, &mut w, 1, 1, MS);
    assert!(w.rtp.is_empty());
    let mut phone = Phone::keyed(&mut b, 0, SUITE, 1);
    for n in 2..20 {
        plain(&mut b, &mut w, 0, n, u64::from(n) * MS);
    }
    assert!(w.rtp.is_empty());
    assert_eq!(b.port(0, 100).unwrap().stats.drop_crypto.get(), 18);
    assert!(w.events.is_empty(), "an attacker is not learned");
    phone.say(&mut b, &mut w, 1, 30 * MS);
    assert_eq!(w.rtp.len(), 1);
}

#[test]
fn a_packet_from_elsewhere_does_not_use_up_its_number() {
    let (mut b, mut w) = board(2);
    let mut phone = Phone::keyed(&mut b, 0, SUITE, 1);
    b.bridge(0, 1);
    for n in 0..5 {
        phone.say(&mut b, &mut w, n, u64::from(n) * 20 * MS);
    }
    let mut copy = phone.sealed(5);
    let mut original = copy.clone();
    let attacker = SocketAddr::from(([198, 51, 100, 66], 9));
    b.rtp_received(0, 100, &mut copy, attacker, 100 * MS, &mut w);
    assert_eq!(w.rtp.len(), 5);
    b.rtp_received(
        0,
        100,
        &mut original,
        super::tests::phone(0),
        101 * MS,
        &mut w,
    );
    assert_eq!(w.rtp.len(), 6);
}

#[test]
fn new_keys_in_the_middle_of_a_call() {
    let (mut b, mut w) = board(2);
    let mut before = Phone::keyed(&mut b, 0, SUITE, 1);
    b.bridge(0, 1);
    before.say(&mut b, &mut w, 65_535, 0);
    before.say(&mut b, &mut w, 0, MS);
    let mut late = before.sealed(1);
    let mut too_late = before.sealed(2);
    // The same keys again: the roll-over counter goes on.
    let mut same = Phone::keyed(&mut b, 0, SUITE, 1);
    same.send = before.send;
    same.say(&mut b, &mut w, 3, 2 * MS);
    assert_eq!(w.rtp.len(), 3);
    let mut after = Phone::keyed(&mut b, 0, SUITE, 11);
    after.say(&mut b, &mut w, 4, 10 * MS);
    assert_eq!(w.rtp.len(), 4);
    let from = phone(0);
    b.rtp_received(0, 100, &mut late, from, 11 * MS, &mut w);
    assert_eq!(w.rtp.len(), 5, "what was under way is heard");
    b.rtp_received(0, 100, &mut too_late, from, 4000 * MS, &mut w);
    assert_eq!(w.rtp.len(), 5);
    plain(&mut b, &mut w, 1, 1, 4001 * MS);
    assert_eq!(after.hears(&w), Some(vec![0x55; 160]));
}

#[test]
fn reports_are_encrypted() {
    let (mut b, mut w) = board(2);
    let mut phone = Phone::keyed(&mut b, 0, SUITE, 1);
    b.bridge(0, 1);
    for n in 0..5 {
        phone.say(&mut b, &mut w, n, u64::from(n) * 20 * MS);
    }
    plain(&mut b, &mut w, 1, 1, 200 * MS);
    b.note_timed(0, 200 * MS);
    super::tests::run(&mut b, &mut w, 200 * MS, 12_000 * MS);
    let (_, sealed) = w.rtcp.iter().find(|(slot, _)| *slot == 0).unwrap();
    let mut report = sealed.clone();
    let length = phone.receive.unprotect_rtcp(&mut report).unwrap();
    let incoming = crate::rtp::rtcp::parse(&report[..length], 9).unwrap();
    assert!(incoming.report.is_some(), "about the phone's stream");
    let mut answer = vec![0x81, 201, 0, 7, 0, 0, 0, 9];
    answer.extend(incoming.ssrc.unwrap().to_be_bytes());
    answer.extend([0, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 80]);
    answer.extend([0; 8]);
    let mut clear = answer.clone();
    let from = super::tests::phone(0);
    b.rtcp_received(0, 100, &mut clear, from, 12_001 * MS, &mut w);
    assert_eq!(
        b.port(0, 100).unwrap().stats.remote_lost.get(),
        0,
        "in the clear"
    );
    phone.send.protect_rtcp(&mut answer).unwrap();
    b.rtcp_received(0, 100, &mut answer, from, 12_002 * MS, &mut w);
    assert_eq!(b.port(0, 100).unwrap().stats.remote_lost.get(), 3);
}
