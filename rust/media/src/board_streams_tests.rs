//! Video, datagrams, and what RTCP tells: beside the audio.
use super::tests::{MS, Wire, datagram, opening, phone};
use super::*;
use crate::codecs::Format;
use crate::port::{Carries, Codecs, Opening};
use crate::rtp::feedback::{self, Feedback};
use crate::rtp::packet::HEADER;
use crate::rtp::rtcp;
use crate::stats::{Kind, Reports};

const SECOND: Nanos = 1_000_000_000;

fn h264(mode: &str) -> Format {
    Format::sdp("H264", 90_000, mode)
}

fn vp8() -> Format {
    Format::sdp("VP8", 90_000, "")
}

fn put(board: &mut Board, slot: usize, carries: Carries, codecs: Codecs, reports: &Reports) {
    let mut port = Port::new(
        Opening {
            carries,
            reports: reports.clone(),
            ..opening(slot, None)
        },
        0,
    );
    port.set_remote(Some(phone(slot)), Some(phone(slot)), 0);
    port.set_codecs(codecs);
    board.insert(Box::new(port));
}

fn video(receive: &[(u8, Format)]) -> Codecs {
    Codecs {
        send_type: receive[0].0,
        send: receive[0].1,
        receive: receive.to_vec(),
        further: receive[1..].to_vec(),
        ..Codecs::default()
    }
}

/// Two cameras that number their formats in other ways, bridged.
fn cameras() -> (Board, Wire) {
    let mut board = Board::new(20, "test".into(), Arc::default());
    let none = Reports::default();
    let a = [(96, vp8()), (97, h264("packetization-mode=1"))];
    let b = [(99, h264("packetization-mode=1")), (100, vp8())];
    put(&mut board, 0, Carries::Video, video(&a), &none);
    put(&mut board, 1, Carries::Video, video(&b), &none);
    board.bridge(0, 1);
    (board, Wire::default())
}

fn see(board: &mut Board, wire: &mut Wire, slot: usize, packet: &mut [u8], now: Nanos) {
    board.rtp_received(slot, 100 + slot as u64, packet, phone(slot), now, wire);
}

fn sequence(packet: &[u8]) -> u16 {
    u16::from_be_bytes([packet[2], packet[3]])
}

#[test]
fn video_goes_on_under_the_numbers_of_the_other_side() {
    let (mut board, mut wire) = cameras();
    for (n, kind) in [96, 97, 96].into_iter().enumerate() {
        let mut packet = datagram(kind, n as u16, 1000, b"picture");
        packet[1] |= if n == 2 { 0x80 } else { 0 };
        see(&mut board, &mut wire, 0, &mut packet, MS);
    }
    let kinds: Vec<u8> = wire.rtp.iter().map(|(_, data, _)| data[1] & 0x7f).collect();
    assert_eq!(kinds, [100, 99, 100]);
    let marks: Vec<bool> = wire
        .rtp
        .iter()
        .map(|(_, data, _)| data[1] & 0x80 != 0)
        .collect();
    assert_eq!(marks, [false, false, true], "it ends a picture");
    let times: Vec<&[u8]> = wire.rtp.iter().map(|(_, data, _)| &data[4..8]).collect();
    assert!(times.iter().all(|time| *time == times[0]));
    assert!(
        wire.rtp
            .iter()
            .all(|(_, data, _)| &data[HEADER..] == b"picture")
    );
    // What the other side has no number for is dropped and counted.
    let mut packet = datagram(98, 3, 1000, b"picture");
    see(&mut board, &mut wire, 0, &mut packet, MS);
    assert_eq!(wire.rtp.len(), 3);
}

#[test]
fn receivers_of_video_are_heard_by_its_sender() {
    let (mut board, mut wire) = cameras();
    for n in 0..5u16 {
        let mut packet = datagram(96, 700 + n, u32::from(n) * 3000, b"picture");
        see(&mut board, &mut wire, 0, &mut packet, MS);
    }
    let lost = sequence(&wire.rtp[3].1);
    let asked = Feedback {
        picture: true,
        full: true,
        lost: vec![(lost, 1)],
        bit_rate: Some(0x0001_0000),
    };
    let mut request = Vec::new();
    rtcp::write(&mut request, 77, None, None, "phone", false);
    feedback::write(&mut request, &asked, 77, 0x5001, 1);
    board.rtcp_received(1, 101, &mut request.clone(), phone(1), 20 * MS, &mut wire);
    let (slot, said) = wire.rtcp.pop().unwrap();
    assert_eq!(slot, 0);
    let told = feedback::read(&said, 9);
    assert_eq!(
        told,
        Feedback {
            lost: vec![(703, 1)],
            ..asked.clone()
        },
        "with the sender's own numbers"
    );
    // Who cannot see asks again and again; the sender needs time for a picture.
    board.rtcp_received(1, 101, &mut request.clone(), phone(1), 30 * MS, &mut wire);
    let told = feedback::read(&wire.rtcp.pop().unwrap().1, 9);
    assert!(!told.picture && !told.full && !told.lost.is_empty());
    // What was lost comes late, and goes on.
    let mut packet = datagram(96, 699, 3000, b"again");
    see(&mut board, &mut wire, 0, &mut packet, 40 * MS);
    wire.rtcp.clear();
    board.ask_pictures(&[0, 1], SECOND, &mut wire);
    assert_eq!(wire.rtcp.len(), 1, "the other one has not begun");
    assert!(feedback::read(&wire.rtcp[0].1, 9).picture);
}

#[test]
fn datagrams_are_passed_on_as_they_are() {
    let mut board = Board::new(20, "test".into(), Arc::default());
    let none = Reports::default();
    put(&mut board, 0, Carries::Datagrams, Codecs::default(), &none);
    put(&mut board, 1, Carries::Datagrams, Codecs::default(), &none);
    let mut wire = Wire::default();
    let fax = [0u8, 1, 1, 6, 0];
    see(&mut board, &mut wire, 0, &mut fax.clone(), MS);
    assert!(wire.rtp.is_empty(), "nobody is there yet");
    board.bridge(0, 1);
    see(&mut board, &mut wire, 0, &mut fax.clone(), 2 * MS);
    assert_eq!(wire.rtp, [(1, fax.to_vec(), phone(1))]);
    board.rtp_received(0, 100, &mut fax.clone(), phone(7), 3 * MS, &mut wire);
    see(&mut board, &mut wire, 0, &mut [1], 3 * MS);
    assert_eq!(wire.rtp.len(), 1, "from a stranger, or none");
}

#[test]
fn silence_is_filled_to_keep_a_nat_open() {
    let mut board = Board::new(20, "test".into(), Arc::default());
    put(
        &mut board,
        0,
        Carries::Audio,
        Codecs::default(),
        &Reports::default(),
    );
    let mut wire = Wire::default();
    board.port(0, 100).unwrap().set_keepalive(3 * SECOND, 0);
    board.note_timed(0, 0);
    for second in 1..=9 {
        board.advance(second * SECOND, &mut wire);
    }
    let sent: Vec<u8> = wire.rtp.iter().map(|(_, data, _)| data[1] & 0x7f).collect();
    assert_eq!(sent, [13, 13, 13]);
    let numbers: Vec<u16> = wire.rtp.iter().map(|(_, data, _)| sequence(data)).collect();
    assert_eq!(numbers[2].wrapping_sub(numbers[0]), 2);
}

#[test]
fn reports_are_told_to_who_wants_them() {
    let mut board = Board::new(20, "test".into(), Arc::default());
    let reports = Reports::default();
    put(&mut board, 0, Carries::Audio, Codecs::default(), &reports);
    let mut wire = Wire::default();
    let mut report = Vec::new();
    let sent = rtcp::Sent {
        ntp: 5 << 32,
        timestamp: 160,
        packets: 12,
        octets: 1920,
    };
    let heard = rtcp::Heard {
        ssrc: 0x5000,
        reception: crate::rtp::receive::Reception {
            cumulative_lost: 3,
            highest_sequence: 0x1_0002,
            jitter: 16,
            ..Default::default()
        },
        last_sr: 0,
        delay: 0,
    };
    rtcp::write(&mut report, 9, Some(sent), Some(heard), "phone", false);
    board.rtcp_received(0, 100, &mut report.clone(), phone(0), SECOND, &mut wire);
    assert!(wire.events.is_empty(), "nobody wants them");
    reports.want(true);
    board.rtcp_received(0, 100, &mut report, phone(0), SECOND, &mut wire);
    assert_eq!(wire.events[0].kind, Kind::RtcpReceived);
    assert_eq!(
        wire.events[0].text,
        "address=192.0.2.0:4000 ssrc=9 pt=200 count=1 ntp=21474836480 rtp=160 packets=12 octets=1920 \
         source=20480 fraction=0 lost=3 highest=2 cycles=1 jitter=16 lsr=0 dlsr=0"
    );
    let stats = &board.port(0, 100).unwrap().stats;
    let jitter = &stats.remote_jitter;
    assert_eq!((jitter.reports.get(), jitter.least.get()), (2, 2000));
}

/// A camera in slot 0, which three see; the third of them numbers VP8 in another way, the fourth has none.
fn audience() -> (Board, Wire) {
    let mut board = Board::new(20, "test".into(), Arc::default());
    let none = Reports::default();
    for (slot, kind) in [96, 96, 100].into_iter().enumerate() {
        let codecs = video(&[(kind, vp8())]);
        put(&mut board, slot, Carries::Video, codecs, &none);
    }
    let other = video(&[(99, h264("packetization-mode=1"))]);
    put(&mut board, 3, Carries::Video, other, &none);
    for viewer in 1..4 {
        board.view(viewer, 0);
    }
    (board, Wire::default())
}

fn shown(wire: &mut Wire) -> Vec<(usize, u8)> {
    let kind = |data: &[u8]| data[1] & 0x7f;
    let sent = std::mem::take(&mut wire.rtp);
    sent.iter()
        .map(|(slot, data, _)| (*slot, kind(data)))
        .collect()
}

#[test]
fn one_is_seen_by_many() {
    let (mut board, mut wire) = audience();
    let mut packet = datagram(96, 1, 1000, b"picture");
    see(&mut board, &mut wire, 0, &mut packet, MS);
    assert!(
        wire.rtp
            .iter()
            .all(|(_, data, _)| &data[HEADER..] == b"picture")
    );
    assert_eq!(shown(&mut wire), [(1, 96), (2, 100)]);
    let mut packet = datagram(96, 2, 1000, b"picture");
    see(&mut board, &mut wire, 1, &mut packet, MS);
    assert!(wire.rtp.is_empty(), "nobody sees a viewer");
    // The source sees one of them, who is not seen by the others.
    board.view(0, 1);
    let mut packet = datagram(96, 3, 1000, b"picture");
    see(&mut board, &mut wire, 1, &mut packet, MS);
    assert_eq!(shown(&mut wire), [(0, 96)]);
    let mut packet = datagram(96, 2, 2000, b"picture");
    see(&mut board, &mut wire, 0, &mut packet, MS);
    assert_eq!(shown(&mut wire), [(1, 96), (2, 100)]);
    board.unlink(2);
    let mut packet = datagram(96, 3, 3000, b"picture");
    see(&mut board, &mut wire, 0, &mut packet, MS);
    assert_eq!(shown(&mut wire), [(1, 96)]);
    // Another one is shown: its viewers leave the first.
    board.view(0, 2);
    board.view(1, 2);
    let mut packet = datagram(100, 9, 1000, b"picture");
    see(&mut board, &mut wire, 2, &mut packet, MS);
    assert_eq!(shown(&mut wire), [(0, 96), (1, 96)]);
    let mut packet = datagram(96, 4, 4000, b"picture");
    see(&mut board, &mut wire, 0, &mut packet, MS);
    assert!(wire.rtp.is_empty());
    board.remove(2, 102);
    board.bridge(0, 1);
    let mut packet = datagram(96, 5, 5000, b"picture");
    see(&mut board, &mut wire, 0, &mut packet, MS);
    assert_eq!(shown(&mut wire), [(1, 96)]);
}

#[test]
fn all_who_see_are_heard_by_the_source() {
    let (mut board, mut wire) = audience();
    for n in 0..3u16 {
        let mut packet = datagram(96, 700 + n, 1000, b"picture");
        see(&mut board, &mut wire, 0, &mut packet, MS);
    }
    let of = |slot: usize| move |(to, _, _): &&(usize, Vec<u8>, SocketAddr)| *to == slot;
    let second: Vec<_> = wire.rtp.iter().filter(of(2)).collect();
    let lost = sequence(&second[1].1);
    let say = |board: &mut Board, wire: &mut Wire, slot: usize, asked: &Feedback, now: Nanos| {
        let mut request = Vec::new();
        rtcp::write(&mut request, 77, None, None, "phone", false);
        feedback::write(&mut request, asked, 77, 0x5000 + slot as u32, 1);
        board.rtcp_received(
            slot,
            100 + slot as u64,
            &mut request,
            phone(slot),
            now,
            wire,
        );
        wire.rtcp
            .pop()
            .map(|(to, data)| (to, feedback::read(&data, 9)))
    };
    let lossy = Feedback {
        lost: vec![(lost, 0)],
        ..Feedback::default()
    };
    let (to, told) = say(&mut board, &mut wire, 2, &lossy, MS).unwrap();
    assert_eq!((to, told.lost), (0, vec![(701, 0)]));
    let rate = |bit_rate: u32| Feedback {
        picture: true,
        bit_rate: Some(bit_rate),
        ..Feedback::default()
    };
    // 3 << 2 and 5 << 1 bits a second: the second is the lower one.
    let (high, low) = (2 << 18 | 3, 1 << 18 | 5);
    let (_, told) = say(&mut board, &mut wire, 1, &rate(high), MS).unwrap();
    assert_eq!((told.picture, told.bit_rate), (true, Some(high)));
    let (_, told) = say(&mut board, &mut wire, 2, &rate(low), 2 * MS).unwrap();
    assert_eq!((told.picture, told.bit_rate), (false, Some(low)), "in time");
    let (_, told) = say(&mut board, &mut wire, 1, &rate(high), 3 * MS).unwrap();
    assert_eq!(told.bit_rate, Some(low));
    board.unlink(2);
    let (_, told) = say(&mut board, &mut wire, 1, &rate(high), 4 * MS).unwrap();
    assert_eq!(told.bit_rate, Some(high), "of those who still see it");
}
