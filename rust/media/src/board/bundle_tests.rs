//! Audio and video over one pair of sockets.
use crate::Nanos;
use crate::board::Board;
use crate::board::tests::{MS, Wire, datagram, opening, phone};
use crate::codecs::Format;
use crate::port::{Carries, Codecs, Opening, Port};
use crate::rtp::feedback::{self, Feedback};
use crate::rtp::rtcp;
use std::sync::Arc;

const SECOND: Nanos = 1_000_000_000;

fn video(receive: u8) -> Codecs {
    let vp8 = Format::sdp("VP8", 90_000, "");
    Codecs {
        send_type: receive,
        send: vp8,
        receive: vec![(receive, vp8)],
        ..Codecs::default()
    }
}

/// Slot 0: audio with sockets; 1 and 2: video that rides on it; 3: a camera of its own, joined with 1; 4: one joined with 2.
fn bundle() -> (Board, Wire) {
    let mut board = Board::new(20, "test".into(), Arc::default());
    for slot in 0..5 {
        let mut port = Port::new(
            Opening {
                carries: if slot == 0 {
                    Carries::Audio
                } else {
                    Carries::Video
                },
                rtcp_mux: slot < 3,
                ..opening(slot, None)
            },
            0,
        );
        if slot == 0 || slot > 2 {
            port.set_remote(Some(phone(slot)), Some(phone(slot)), 0);
        }
        if slot > 0 {
            port.set_codecs(video(if slot > 2 { 99 } else { 96 }));
        }
        board.insert(Box::new(port));
    }
    board.ride(1, 0);
    board.ride(2, 0);
    board.port(2, 102).unwrap().set_sources(vec![77]);
    board.bridge(1, 3);
    board.bridge(2, 4);
    (board, Wire::default())
}

fn packet(kind: u8, ssrc: u32, sequence: u16) -> Vec<u8> {
    let mut data = datagram(kind, sequence, 1000, b"picture");
    data[8..12].copy_from_slice(&ssrc.to_be_bytes());
    data
}

#[test]
fn streams_on_one_port_are_told_apart() {
    let (mut board, mut wire) = bundle();
    for (ssrc, to) in [(5, 3), (77, 4), (6, 3)] {
        let mut data = packet(96, ssrc, 1);
        board.rtp_received(0, 100, &mut data, phone(0), MS, &mut wire);
        assert_eq!(wire.rtp.pop().unwrap().0, to, "{ssrc}");
    }
    let mut audio = packet(0, 9, 1);
    board.rtp_received(0, 100, &mut audio, phone(0), MS, &mut wire);
    assert!(wire.rtp.is_empty());
    assert_eq!(board.port(0, 100).unwrap().stats.rx_packets.get(), 1);
}

#[test]
fn what_rides_leaves_by_its_carrier() {
    let (mut board, mut wire) = bundle();
    for slot in [3, 4] {
        let mut data = packet(99, 5, 1);
        board.rtp_received(
            slot,
            100 + slot as u64,
            &mut data,
            phone(slot),
            MS,
            &mut wire,
        );
        let (from, data, to) = wire.rtp.pop().unwrap();
        assert_eq!((from, to, data[1]), (0, phone(0), 96));
    }
    // The far end of the bundle asks one of the cameras for a picture.
    let about = 0x5002;
    let mut request = Vec::new();
    rtcp::write(&mut request, 1, None, None, "x", false);
    let asked = Feedback {
        picture: true,
        ..Feedback::default()
    };
    feedback::write(&mut request, &asked, 1, about, 0);
    board.rtp_received(0, 100, &mut request, phone(0), SECOND, &mut wire);
    assert_eq!(wire.rtcp.len(), 1);
    assert_eq!(wire.rtcp[0].0, 4);
    // And reports of what rides go the way of the carrier.
    wire.rtp.clear();
    board.note_timed(1, SECOND);
    board.note_timed(0, SECOND);
    for second in 2..9 {
        board.advance(second * SECOND, &mut wire);
    }
    let senders: Vec<(usize, u32)> = wire
        .rtp
        .iter()
        .filter(|(_, data, _)| data[1] == 200)
        .map(|(slot, data, _)| {
            (
                *slot,
                u32::from_be_bytes([data[4], data[5], data[6], data[7]]),
            )
        })
        .collect();
    assert!(senders.contains(&(0, 0x5001)) && senders.contains(&(0, 0x5002)));
    assert!(senders.iter().all(|(slot, _)| *slot == 0));
}

#[test]
fn one_that_goes_leaves_nothing() {
    let (mut board, mut wire) = bundle();
    assert!(board.remove(1, 101).is_some());
    assert_eq!(board.port(0, 100).unwrap().riders, [2]);
    assert!(board.remove(0, 100).is_some());
    assert_eq!(board.port(2, 102).unwrap().carrier, None);
    let mut data = packet(99, 5, 1);
    board.rtp_received(4, 104, &mut data, phone(4), MS, &mut wire);
}
