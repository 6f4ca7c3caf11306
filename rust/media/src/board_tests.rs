use super::*;
use crate::codecs::g711::Ulaw;
use crate::codecs::{Decoder, Format};
use crate::goertzel::Goertzel;
use crate::port::Carries;
use crate::port::player::{Player, Sound};
use crate::port::recorder::{Hearing, Limits, Recorder};
use crate::port::{Codecs, Opening};
use crate::rtp::packet::{HEADER, Header};
use crate::stats::{Event, Kind, PortStats, Reports};
use crate::tones::{Generator, Segment};
use proptest::prelude::*;

pub(super) const MS: Nanos = 1_000_000;

/// Collects what the board puts out.
#[derive(Default)]
pub(super) struct Wire {
    pub(super) rtp: Vec<(usize, Vec<u8>, SocketAddr)>,
    pub(super) rtcp: Vec<(usize, Vec<u8>)>,
    pub(super) events: Vec<Event>,
    recorded: usize,
    ended: Vec<&'static str>,
}

impl Output for Wire {
    fn rtp(&mut self, slot: usize, data: &[u8], to: SocketAddr) -> bool {
        self.rtp.push((slot, data.to_vec(), to));
        true
    }
    fn framed(
        &mut self,
        slot: usize,
        _component: usize,
        head: [u8; 4],
        data: &[u8],
        to: SocketAddr,
    ) -> bool {
        self.rtp.push((slot, [&head, data].concat(), to));
        true
    }
    fn rtcp(&mut self, slot: usize, data: &[u8], _to: SocketAddr) {
        self.rtcp.push((slot, data.to_vec()));
    }
    fn event(&mut self, event: Event) {
        self.events.push(event);
    }
    fn recorded(&mut self, _record: u32, samples: Vec<i16>) {
        self.recorded += samples.len();
    }
    fn record_end(&mut self, _port: u64, _record: u32, why: &'static str) {
        self.ended.push(why);
    }
}

impl Wire {
    pub(super) fn packets(&self, slot: usize) -> Vec<Packet> {
        let mine = self.rtp.iter().filter(|(at, ..)| *at == slot);
        mine.map(|(_, data, _)| packet::parse(data).unwrap())
            .collect()
    }

    fn kinds(&self, kind: Kind) -> usize {
        self.events.iter().filter(|e| e.kind == kind).count()
    }
}

pub(super) fn phone(slot: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, slot as u8], 4000))
}

pub(super) fn opening(slot: usize, pipe: Option<usize>) -> Opening {
    Opening {
        id: 100 + slot as u64,
        slot,
        stats: Arc::new(PortStats::default()),
        carries: Carries::Audio,
        reports: Reports::default(),
        rtcp: pipe.is_none(),
        rtcp_mux: false,
        symmetric: true,
        strict: true,
        probation: 4,
        pipe,
        ssrc: 0x5000 + slot as u32,
        random: 0x0123_4567_89ab_cdef,
    }
}

pub(super) fn codecs(events: bool) -> Codecs {
    let pt = events.then_some(101);
    let event_receive = pt.iter().map(|pt| (*pt, 8000)).collect();
    Codecs {
        event_send: pt.map(|pt| (pt, 8000)),
        event_receive,
        ..Codecs::default()
    }
}

/// A board with ports in slots 0 to `count` - 1, each with its phone.
pub(super) fn board(count: usize) -> (Board, Wire) {
    let mut board = Board::new(20, "test".into(), Arc::new(WorkerStats::default()));
    for slot in 0..count {
        let mut port = Port::new(opening(slot, None), 0);
        port.set_remote(Some(phone(slot)), None, 0);
        port.set_codecs(codecs(true));
        board.insert(Box::new(port));
    }
    (board, Wire::default())
}

pub(super) fn datagram(payload_type: u8, sequence: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let header = Header {
        payload_type,
        marker: false,
        sequence,
        timestamp,
        ssrc: 9,
    };
    [&header.bytes()[..], payload].concat()
}

fn say(board: &mut Board, wire: &mut Wire, slot: usize, sequence: u16, now: Nanos) {
    let mut data = datagram(0, sequence, u32::from(sequence) * 160, &[0x80; 160]);
    board.rtp_received(slot, 100 + slot as u64, &mut data, phone(slot), now, wire);
}

/// Let time go by in steps of a tick.
pub(super) fn run(board: &mut Board, wire: &mut Wire, from: Nanos, until: Nanos) {
    let mut now = from;
    while let Some(due) = board.next_timeout().filter(|due| *due <= until) {
        now = now.max(due);
        board.advance(now, wire);
    }
}

#[test]
fn relays_between_bridged_ports_and_not_after() {
    let (mut b, mut w) = board(3);
    say(&mut b, &mut w, 0, 1, 0);
    assert!(w.rtp.is_empty(), "alone");
    b.bridge(0, 1);
    say(&mut b, &mut w, 0, 2, 20 * MS);
    say(&mut b, &mut w, 1, 7, 21 * MS);
    assert_eq!((w.rtp[0].0, w.rtp[0].2), (1, phone(1)));
    assert_eq!((w.rtp[1].0, w.rtp[1].2), (0, phone(0)));
    b.bridge(2, 1);
    say(&mut b, &mut w, 0, 3, 40 * MS);
    assert_eq!(
        w.rtp.len(),
        2,
        "a new bridge of its peer has ended the old one"
    );
    say(&mut b, &mut w, 2, 3, 41 * MS);
    assert_eq!(w.packets(1).len(), 2);
    let ours = w.packets(1);
    assert_eq!(ours[1].sequence, ours[0].sequence.wrapping_add(1));
    assert_eq!(ours[1].ssrc, ours[0].ssrc);
    assert!(b.remove(1, 101).is_some());
    say(&mut b, &mut w, 2, 4, 60 * MS);
    assert_eq!(w.rtp.len(), 3);
}

#[test]
fn a_stale_id_is_not_the_port() {
    let (mut b, mut w) = board(1);
    assert!(b.port(0, 99).is_none());
    b.rtp_received(
        0,
        99,
        &mut datagram(0, 1, 1, &[0; 160]),
        phone(0),
        0,
        &mut w,
    );
    assert!(b.remove(0, 99).is_none());
    assert!(w.events.is_empty());
}

#[test]
fn duplicates_unknown_types_and_noise_are_dropped() {
    let (mut b, mut w) = board(2);
    b.bridge(0, 1);
    say(&mut b, &mut w, 0, 1, 0);
    say(&mut b, &mut w, 0, 1, MS);
    b.rtp_received(
        0,
        100,
        &mut datagram(77, 2, 320, &[0; 10]),
        phone(0),
        2 * MS,
        &mut w,
    );
    b.rtp_received(0, 100, &mut [1, 2, 3], phone(0), 3 * MS, &mut w);
    assert_eq!(w.rtp.len(), 1);
    let dropped = |why: Dropped| b.stats.drops[why as usize].get();
    let counts = [Dropped::Stale, Dropped::PayloadType, Dropped::Invalid].map(dropped);
    assert_eq!(counts, [1, 1, 1]);
}

#[test]
fn an_idle_board_wants_no_time_and_a_live_one_a_look_a_second() {
    let (mut b, _) = board(0);
    assert_eq!(b.next_timeout(), None);
    b.insert(Box::new(Port::new(opening(0, None), 0)));
    b.note_timed(0, 0);
    assert_eq!(b.next_timeout(), None, "no remote, nothing asked");
    b.port(0, 100).unwrap().set_remote(Some(phone(0)), None, 0);
    b.note_timed(0, 0);
    assert_eq!(b.next_timeout(), Some(1000 * MS));
}

fn play_tone(b: &mut Board, w: &mut Wire, slot: usize, ms: u32, now: Nanos) {
    let segment = Segment {
        freq1: 1000.0,
        freq2: 0.0,
        modulated: false,
        ms,
        once: false,
    };
    let generator = Generator::new(vec![segment], false, -10.0);
    let player = Player::new(5, Sound::Tones(Box::new(generator)), false, 0);
    b.port(slot, 100 + slot as u64).unwrap().play(player, w);
    b.note_timed(slot, now);
}

#[test]
fn a_tone_is_paced_by_the_tick_and_measured() {
    let (mut b, mut w) = board(1);
    play_tone(&mut b, &mut w, 0, 400, 0);
    run(&mut b, &mut w, 0, 2000 * MS);
    let packets = w.packets(0);
    assert_eq!(packets.len(), 21, "and one for the fading end");
    assert_eq!(w.kinds(Kind::PlayEnd), 1);
    assert_eq!(w.events[0].text, "finished");
    let steps: Vec<u32> = packets
        .windows(2)
        .map(|p| p[1].timestamp.wrapping_sub(p[0].timestamp))
        .collect();
    assert_eq!(steps, [160; 20]);
    let mut samples = Vec::new();
    for (_, data, _) in &w.rtp[1..20] {
        let before = samples.len();
        assert_eq!(Ulaw.decode(&data[HEADER..], &mut samples), Ok(()));
        assert_eq!(samples.len() - before, 160);
    }
    let mut goertzel = Goertzel::new(1000.0, 8000.0);
    goertzel.add(&samples);
    assert!(
        (goertzel.level_dbm0() + 10.0).abs() < 0.2,
        "{}",
        goertzel.level_dbm0()
    );
    assert!(b.next_tick.is_none(), "nothing is timed any more");
}

#[test]
fn a_codec_that_cannot_be_encoded_is_an_error_and_not_silence() {
    let (mut b, mut w) = board(1);
    let send = Format::sdp("G729", 8000, "");
    b.port(0, 100).unwrap().set_codecs(Codecs {
        send,
        ..codecs(true)
    });
    play_tone(&mut b, &mut w, 0, 400, 0);
    assert_eq!(w.kinds(Kind::PlayEnd), 1);
    assert!(w.events[0].text.starts_with("error: "));
    assert_eq!(b.next_tick, None);
}

#[test]
fn packet_times_other_than_the_tick() {
    for (ptime, length, count) in [(10, 80, 41), (30, 240, 14), (40, 320, 11), (60, 480, 7)] {
        let (mut b, mut w) = board(1);
        let port = b.port(0, 100).unwrap();
        port.set_codecs(Codecs {
            ptime_ms: ptime,
            ..codecs(true)
        });
        play_tone(&mut b, &mut w, 0, 400, 0);
        run(&mut b, &mut w, 0, 2000 * MS);
        let packets = w.packets(0);
        assert!(packets.iter().all(|p| p.payload.len() == length));
        assert_eq!(packets.len(), count, "{ptime} ms");
        let step = packets[1].timestamp.wrapping_sub(packets[0].timestamp);
        assert_eq!(step as usize, length);
    }
}

#[test]
fn a_late_tick_is_made_up_for_but_not_for_ever() {
    let (mut b, mut w) = board(1);
    play_tone(&mut b, &mut w, 0, 10_000, 0);
    b.advance(20 * MS, &mut w);
    assert_eq!(w.rtp.len(), 1);
    b.advance(80 * MS, &mut w);
    assert_eq!(w.rtp.len(), 4);
    b.advance(5080 * MS, &mut w);
    assert_eq!(w.rtp.len(), 4 + MAX_CATCH_UP as usize);
    assert!(b.stats.late_ticks.get() > 0);
    assert_eq!(b.stats.missed_ticks.get(), 245);
    // What is left out is a gap in the timestamps: afterwards they are by the clock as before.
    b.advance(5100 * MS, &mut w);
    let packets = w.packets(0);
    let since = |n: usize| packets[n].timestamp.wrapping_sub(packets[0].timestamp) / 8;
    assert_eq!((since(3), since(4)), (60, 60 + 20 + 245 * 20));
    assert_eq!((since(9), packets.len()), (5080, 10));
}

#[test]
fn play_has_precedence_over_the_bridge_and_gives_it_back() {
    let (mut b, mut w) = board(2);
    b.bridge(0, 1);
    play_tone(&mut b, &mut w, 1, 100, 0);
    for n in 0..20u16 {
        let now = u64::from(n) * 20 * MS;
        run(&mut b, &mut w, now.saturating_sub(20 * MS), now);
        say(&mut b, &mut w, 0, n, now);
    }
    let packets = w.packets(1);
    assert_eq!(
        packets.iter().filter(|p| p.marker).count(),
        2,
        "one switch back"
    );
    let numbers: Vec<u16> = packets
        .windows(2)
        .map(|p| p[1].sequence.wrapping_sub(p[0].sequence))
        .collect();
    assert!(numbers.iter().all(|step| *step == 1), "{numbers:?}");
    assert!((19..=21).contains(&packets.len()), "{}", packets.len());
}

fn pipes() -> (Board, Wire) {
    let (mut b, w) = board(1);
    for (slot, other) in [(1, 2), (2, 1)] {
        let mut port = Port::new(opening(slot, Some(other)), 0);
        port.set_codecs(codecs(true));
        b.insert(Box::new(port));
    }
    (b, w)
}

#[test]
fn a_pipe_ends_in_its_partner() {
    let (mut b, mut w) = pipes();
    b.bridge(0, 1);
    b.bridge(2, 2);
    for n in 0..5 {
        say(&mut b, &mut w, 0, n, u64::from(n) * 20 * MS);
    }
    assert_eq!(w.packets(0).len(), 5, "through the pipe, echoed, and back");
    play_tone(&mut b, &mut w, 2, 100, 100 * MS);
    run(&mut b, &mut w, 100 * MS, 900 * MS);
    assert_eq!(w.packets(0).len(), 5 + 6);
    assert!(b.remove(2, 102).is_some());
    say(&mut b, &mut w, 0, 6, 1000 * MS);
    assert_eq!(w.packets(0).len(), 11, "into the void");
}

#[test]
fn a_ring_of_pipes_is_cut() {
    let (mut b, mut w) = pipes();
    b.bridge(1, 2);
    let mut data = datagram(0, 1, 160, &[0x80; 160]);
    let packet = packet::parse(&data).unwrap();
    b.route(1, &mut data, packet, 0, &mut w);
    assert_eq!(b.stats.drops[Dropped::Loop as usize].get(), 1);
}

#[test]
fn digits_become_tones_where_there_are_no_events_and_stop_when_the_end_is_lost() {
    let (mut b, mut w) = board(2);
    b.port(1, 101).unwrap().set_codecs(codecs(false));
    b.bridge(0, 1);
    for n in 0..3u16 {
        let payload = [5, 10, 0, 160 * (n as u8 + 1).min(1)];
        let mut data = datagram(101, n, 0, &payload);
        b.rtp_received(0, 100, &mut data, phone(0), u64::from(n) * 20 * MS, &mut w);
    }
    run(&mut b, &mut w, 40 * MS, 900 * MS);
    let tones = w.packets(1);
    assert!((10..16).contains(&tones.len()), "{} frames", tones.len());
    assert!(tones.iter().all(|p| p.payload_type == 0));
    assert_eq!((w.kinds(Kind::DtmfBegin), w.kinds(Kind::DtmfEnd)), (1, 1));
    assert!(b.next_tick.is_none());
}

#[test]
fn closing_ends_play_and_recordings_and_says_goodbye() {
    let (mut b, mut w) = board(1);
    play_tone(&mut b, &mut w, 0, 0, 0);
    b.port(0, 100)
        .unwrap()
        .record(Recorder::new(3, Limits::default(), Hearing::default(), 0));
    run(&mut b, &mut w, 0, 9000 * MS);
    assert!(!w.rtcp.is_empty());
    let reports = w.rtcp.len();
    let mut port = b.remove(0, 100).unwrap();
    port.close(9000 * MS, &mut w);
    assert_eq!(w.ended, ["hangup"]);
    assert_eq!(w.events.last().map(|e| e.text.as_ref()), Some("closed"));
    assert_eq!(w.rtcp.len(), reports + 1);
    let nine_seconds = 72_000;
    assert!(
        (nine_seconds - 2000..=nine_seconds).contains(&w.recorded),
        "{}",
        w.recorded
    );
    assert!(b.is_empty());
}

#[test]
fn hold_times_out_apart_from_silence() {
    let (mut b, mut w) = board(1);
    let port = b.port(0, 100).unwrap();
    port.set_timeouts(2000 * MS, 5000 * MS, 0);
    port.set_direction(true, false, 0);
    b.note_timed(0, 0);
    run(&mut b, &mut w, 0, 4500 * MS);
    assert_eq!(w.kinds(Kind::Timeout), 0);
    run(&mut b, &mut w, 4500 * MS, 20_000 * MS);
    assert_eq!(w.kinds(Kind::Timeout), 1);
    assert_eq!(w.events[0].text, "hold");
    b.port(0, 100)
        .unwrap()
        .set_direction(true, true, 20_000 * MS);
    say(&mut b, &mut w, 0, 1, 20_100 * MS);
    run(&mut b, &mut w, 20_100 * MS, 23_500 * MS);
    assert_eq!(w.kinds(Kind::Timeout), 2);
}

proptest! {
    /// Whatever comes in whatever order: nothing panics, and what leaves is RTP.
    #[test]
    fn hostile_packets_and_commands(steps in proptest::collection::vec(
        (0usize..4, 0u8..8, proptest::collection::vec(any::<u8>(), 0..60), any::<bool>()), 1..150)
    ) {
        let (mut b, mut w) = pipes();
        let mut now = 0;
        for (slot, what, mut data, fix) in steps {
            now += 7 * MS;
            let id = 100 + slot as u64;
            if fix && data.len() > 1 {
                data[0] = 0x80 | data[0] & 0x3f;
                data[1] = [0, 8, 101, 0x80, 200, 201][usize::from(data[1]) % 6];
            }
            match what {
                0 => b.bridge(slot, (slot + 1) % 3),
                1 => b.unlink(slot),
                2 if slot < 3 => play_tone(&mut b, &mut w, slot, 50, now),
                3 => b.rtcp_received(slot, id, &mut data, phone(slot), now, &mut w),
                4 => b.bridge(slot, slot),
                _ => b.rtp_received(slot, id, &mut data, phone(slot), now, &mut w),
            }
            if b.next_timeout().is_some_and(|due| due <= now) {
                b.advance(now, &mut w);
            }
        }
        for (_, data, _) in &w.rtp {
            prop_assert!(packet::parse(data).is_some());
        }
    }
}
