use super::*;
use crate::goertzel::Goertzel;

const MS: Nanos = 1_000_000;
const RATE: u32 = 8000;

/// Tones of members in a room, and what each of them has heard.
struct Meeting {
    room: Room,
    tones: Vec<(usize, f64, f64)>,
    heard: Vec<(usize, Vec<i16>)>,
    said: u32,
    changes: Vec<(usize, bool)>,
    ids: u64,
}

impl Meeting {
    fn new(interval_ms: u32) -> Meeting {
        Meeting {
            room: Room::new(1, RATE, interval_ms),
            tones: Vec::new(),
            heard: Vec::new(),
            said: 0,
            changes: Vec::new(),
            ids: 0,
        }
    }

    fn join(&mut self, frequency: f64, amplitude: f64, taking: Taking) -> usize {
        self.ids += 1;
        let place = self.room.join(self.ids, taking);
        self.tones.retain(|(other, ..)| *other != place);
        self.heard.retain(|(other, _)| *other != place);
        self.tones.push((place, frequency, amplitude));
        self.heard.push((place, Vec::new()));
        place
    }

    fn leave(&mut self, place: usize) {
        self.room.leave(place);
        self.tones.retain(|(other, ..)| *other != place);
        self.heard.retain(|(other, _)| *other != place);
    }

    fn run(&mut self, intervals: usize) {
        let frame = self.room.frame();
        for _ in 0..intervals {
            let now = u64::from(self.said) * 125_000;
            for (place, frequency, amplitude) in &self.tones {
                let samples: Vec<i16> = (0..frame)
                    .map(|n| {
                        let t = (self.said as usize + n) as f64 / f64::from(RATE);
                        (amplitude * (t * frequency * 2.0 * std::f64::consts::PI).sin()) as i16
                    })
                    .collect();
                let member = self.room.member(*place).unwrap();
                if member.wanted() {
                    member.feed.push(self.said, RATE, &samples, now);
                }
            }
            self.said += frame as u32;
            self.room.mix(now + 7 * MS, &mut self.changes);
            for (place, heard) in &mut self.heard {
                heard.extend_from_slice(self.room.heard_by(*place));
            }
        }
    }

    fn heard(&self, place: usize) -> &[i16] {
        &self.heard.iter().find(|(p, _)| *p == place).unwrap().1
    }

    /// Amplitude of a frequency in the last 200 ms.
    fn level(&self, place: usize, frequency: f64) -> f64 {
        let heard = self.heard(place);
        let mut meter = Goertzel::new(frequency, f64::from(RATE));
        meter.add(&heard[heard.len() - 1600..]);
        meter.amplitude()
    }
}

fn step(samples: &[i16]) -> i32 {
    samples
        .windows(2)
        .map(|w| (i32::from(w[1]) - i32::from(w[0])).abs())
        .max()
        .unwrap_or(0)
}

#[test]
fn three_hear_the_two_others_and_not_themselves() {
    for interval in [10, 20, 40, 80] {
        let mut meeting = Meeting::new(interval);
        let tones = [440.0, 700.0, 1150.0];
        let places: Vec<usize> = tones
            .iter()
            .map(|f| meeting.join(*f, 6000.0, Taking::default()))
            .collect();
        meeting.run(400 / interval as usize);
        for (n, place) in places.iter().enumerate() {
            for (k, tone) in tones.iter().enumerate() {
                let level = meeting.level(*place, *tone);
                if n == k {
                    assert!(level < 30.0, "{interval} ms: itself at {level}");
                } else {
                    assert!((5900.0..6100.0).contains(&level), "{interval} ms: {level}");
                }
            }
        }
    }
}

#[test]
fn too_loud_saturates() {
    let mut meeting = Meeting::new(20);
    let listener = meeting.join(0.0, 0.0, Taking::default());
    for _ in 0..10 {
        meeting.join(300.0, 20_000.0, Taking::default());
    }
    meeting.run(20);
    let heard = meeting.heard(listener);
    let tail = &heard[heard.len() - 800..];
    // Sums of 200,000: clipped waves, and never a jump from one end to the other between neighbours of one sign.
    assert!(tail.contains(&i16::MAX) && tail.contains(&i16::MIN));
    let clipped = tail.iter().filter(|s| s.unsigned_abs() > 32_000).count();
    assert!(clipped > 650, "{clipped}");
}

#[test]
fn who_is_muted_is_not_heard_and_hears() {
    let mut meeting = Meeting::new(20);
    let a = meeting.join(440.0, 6000.0, Taking::default());
    let b = meeting.join(700.0, 6000.0, Taking::default());
    meeting.run(20);
    let muted = Taking {
        muted: true,
        ..Taking::default()
    };
    meeting.room.member(a).unwrap().set(muted);
    meeting.run(20);
    assert!(meeting.level(b, 440.0) < 10.0);
    assert!(meeting.level(a, 700.0) > 5900.0);
    assert!(!meeting.room.member(a).unwrap().wanted());
    meeting.room.member(a).unwrap().set(Taking::default());
    meeting.run(20);
    assert!(meeting.level(b, 440.0) > 5900.0);
    let most = 6000.0 * 2.0 * std::f64::consts::PI * 440.0 / 8000.0 + 60.0;
    assert!(
        f64::from(step(meeting.heard(b))) < most,
        "{}",
        step(meeting.heard(b))
    );
}

#[test]
fn the_deaf_hear_nothing_and_gains_count() {
    let mut meeting = Meeting::new(20);
    let deaf = Taking {
        deaf: true,
        ..Taking::default()
    };
    let a = meeting.join(440.0, 4000.0, deaf);
    let loud = Taking {
        gain_in: 512,
        ..Taking::default()
    };
    let b = meeting.join(700.0, 4000.0, loud);
    let hard_of_hearing = Taking {
        gain_out: 384,
        ..Taking::default()
    };
    let c = meeting.join(0.0, 0.0, hard_of_hearing);
    meeting.run(30);
    assert!(meeting.heard(a).iter().rev().take(1600).all(|s| *s == 0));
    assert!((meeting.level(b, 440.0) - 4000.0).abs() < 50.0);
    assert!((meeting.level(c, 440.0) - 6000.0).abs() < 80.0);
    assert!((meeting.level(c, 700.0) - 12_000.0).abs() < 120.0);
}

#[test]
fn coming_and_going_does_not_click() {
    let mut meeting = Meeting::new(20);
    let listener = meeting.join(0.0, 0.0, Taking::default());
    for n in 0..12 {
        let talker = meeting.join(400.0, 8000.0, Taking::default());
        meeting.run(7 + n);
        meeting.leave(talker);
        meeting.run(3);
    }
    let heard = meeting.heard(listener);
    // The tone itself steps by 2514; a click would step by up to 8000.
    assert!(step(heard) < 2700, "{}", step(heard));
    assert!(heard.iter().any(|s| *s > 7900));
    assert!(meeting.room.members.len() == 2, "places are used again");
}

#[test]
fn talking_is_reported_where_it_is_wanted() {
    let mut meeting = Meeting::new(20);
    let report = Taking {
        report: true,
        silence_ms: 200,
        ..Taking::default()
    };
    let a = meeting.join(440.0, 3000.0, report);
    meeting.join(700.0, 3000.0, Taking::default());
    meeting.run(10);
    assert_eq!(meeting.changes, [(a, true)]);
    meeting.tones[0].2 = 0.0;
    meeting.run(20);
    assert_eq!(meeting.changes, [(a, true), (a, false)]);
    meeting.tones[0].2 = 3000.0;
    meeting.run(10);
    let muted = Taking {
        muted: true,
        ..report
    };
    assert!(meeting.room.member(a).unwrap().set(muted));
}

#[test]
fn silence_can_be_dropped() {
    let mut meeting = Meeting::new(20);
    let dropping = Taking {
        drop_silence: true,
        silence_ms: 100,
        ..Taking::default()
    };
    meeting.join(440.0, 200.0, dropping);
    let b = meeting.join(0.0, 0.0, Taking::default());
    meeting.run(30);
    assert!(
        meeting.heard(b).iter().all(|s| *s == 0),
        "mean magnitude 127"
    );
    meeting.tones[0].2 = 400.0;
    meeting.run(30);
    assert!((meeting.level(b, 440.0) - 400.0).abs() < 8.0);
}

#[test]
fn an_empty_room_and_a_lonely_one() {
    let mut room = Room::new(7, 8000, 20);
    room.mix(0, &mut Vec::new());
    assert!(room.is_empty());
    let place = room.join(1, Taking::default());
    room.mix(0, &mut Vec::new());
    assert!(room.heard_by(place).iter().all(|s| *s == 0));
    room.leave(place);
    room.leave(place);
    assert!(room.is_empty());
    assert_eq!(room.heard_by(3).len(), 160);
}

#[test]
fn a_spy_listens_to_one_side_and_whispers_to_it() {
    let mut meeting = Meeting::new(20);
    let agent = meeting.join(440.0, 5000.0, Taking::default());
    let customer = meeting.join(700.0, 5000.0, Taking::default());
    let spy = meeting.join(
        1150.0,
        5000.0,
        Taking {
            only_from: 1,
            only_to: 1,
            ..Taking::default()
        },
    );
    meeting.run(30);
    assert!((meeting.level(spy, 440.0) - 5000.0).abs() < 60.0);
    assert!(meeting.level(spy, 700.0) < 20.0);
    assert!((meeting.level(agent, 1150.0) - 5000.0).abs() < 60.0);
    assert!((meeting.level(agent, 700.0) - 5000.0).abs() < 60.0);
    assert!(meeting.level(customer, 1150.0) < 20.0);
    assert!((meeting.level(customer, 440.0) - 5000.0).abs() < 60.0);
    // Then only listening to both, then barging in.
    let muted = Taking {
        muted: true,
        ..Taking::default()
    };
    meeting.room.member(spy).unwrap().set(muted);
    meeting.run(30);
    assert!(meeting.level(agent, 1150.0) < 20.0);
    assert!((meeting.level(spy, 700.0) - 5000.0).abs() < 60.0);
    meeting.room.member(spy).unwrap().set(Taking::default());
    meeting.run(30);
    assert!((meeting.level(customer, 1150.0) - 5000.0).abs() < 60.0);
}
