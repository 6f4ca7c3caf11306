//! Work for `bench/codecs.py`: so many frames of 20 ms of one conference.
//!
//!     bench_mixer RATE MEMBERS TALKERS mix|whole|open FRAMES
//!
//! All members hear, the first TALKERS of them talk all the time.  With `mix` samples go in and samples come out; with `whole`
//! packets do, of G.711 in a room of 8 kHz and of 16-bit linear audio in one of 48 kHz.  With `open` everything is made
//! ready and nothing is done, to be taken off.
use offhook_media::codecs::{Format, Parameters};
use offhook_media::mixer::conference::Conference;
use offhook_media::mixer::outlet::Send;
use offhook_media::mixer::room::{Room, Taking};
use offhook_media::rtp::packet::Header;
use std::hint::black_box;
use std::time::Instant;

const INTERVAL_MS: u32 = 20;
/// Frames before those that are counted: everything sounds by then.
const FIRST: u64 = 10;

/// A voice of sorts for a second, another for each talker: pulses through a resonator, and noise.
fn voice(rate: u32, talker: usize) -> Vec<i16> {
    let period = rate as usize / (90 + talker % 120);
    let (mut seed, mut y1, mut y2) = (talker as u32 + 1, 0i32, 0i32);
    (0..rate as usize)
        .map(|n| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let drive = if n % period == 0 { 2000 } else { 0 };
            let y0 = drive + (seed >> 24) as i32 - 128 + ((30_000 * y1 - 15_600 * y2) >> 14);
            (y2, y1) = (y1, y0.clamp(-8000, 8000));
            y1 as i16
        })
        .collect()
}

/// Samples in, samples out.
struct Mix {
    room: Room,
    places: Vec<usize>,
    voices: Vec<Vec<i16>>,
    changes: Vec<(usize, bool)>,
}

impl Mix {
    fn new(rate: u32, members: usize, talkers: usize) -> Mix {
        let mut room = Room::new(1, rate, INTERVAL_MS);
        Mix {
            places: (0..members)
                .map(|n| room.join(n as u64 + 1, Taking::default()))
                .collect(),
            room,
            voices: (0..talkers).map(|n| voice(rate, n)).collect(),
            changes: Vec::new(),
        }
    }

    fn frame(&mut self, n: u64) {
        let (size, now) = (self.room.frame(), n * u64::from(INTERVAL_MS) * 1_000_000);
        let (at, rate) = (n as usize % 50 * size, self.room.rate());
        for (place, voice) in self.places.iter().zip(&self.voices) {
            if let Some(member) = self.room.member(*place) {
                let samples = &voice[at..at + size];
                member.feed.push(n as u32 * size as u32, rate, samples, now);
            }
        }
        self.changes.clear();
        self.room.mix(now, &mut self.changes);
        for place in &self.places {
            if self
                .room
                .member(*place)
                .is_some_and(|member| member.apart())
            {
                black_box(self.room.heard_by(*place));
            }
        }
        black_box(self.room.common());
    }
}

/// Packets in, packets out.
struct Whole {
    conference: Conference,
    format: Format,
    places: Vec<usize>,
    voices: Vec<Vec<Vec<u8>>>,
    sent: usize,
}

impl Whole {
    fn new(rate: u32, members: usize, talkers: usize) -> Result<Whole, String> {
        let name = if rate == 8000 { "ulaw" } else { "slin48" };
        let format = Format::named(name).ok_or("no such codec")?;
        let send = Send {
            format,
            fmtp: "".into(),
            settings: "".into(),
            ptime_ms: INTERVAL_MS,
        };
        let mut encoder = format
            .encoder(&Parameters::default())
            .ok_or("it has no encoder")?;
        let size = encoder.rate() as usize / 50;
        let mut conference = Conference::new(1, rate, INTERVAL_MS, 0);
        let places = (0..members)
            .map(|n| conference.join(n, n as u64 + 1, Taking::default(), &send))
            .collect();
        let voices = (0..talkers)
            .map(|talker| {
                let frames = voice(size as u32 * 50, talker);
                let packets = frames.chunks(size).map(|frame| {
                    let mut payload = Vec::new();
                    encoder.encode(frame, &mut payload);
                    payload
                });
                packets.collect()
            })
            .collect();
        Ok(Whole {
            conference,
            format,
            places,
            voices,
            sent: 0,
        })
    }

    fn frame(&mut self, n: u64) {
        let now = n * u64::from(INTERVAL_MS) * 1_000_000;
        for (place, packets) in self.places.iter().zip(&self.voices) {
            let header = Header {
                payload_type: 0,
                marker: false,
                sequence: n as u16,
                timestamp: n as u32 * (self.format.clock / 50),
                ssrc: 9,
            };
            let payload = &packets[n as usize % packets.len()];
            self.conference
                .hear(*place, self.format, &header, payload, now);
        }
        let sent = &mut self.sent;
        self.conference.step(now, &mut |slot, payload| {
            black_box((slot, payload));
            *sent += 1;
        });
    }
}

fn main() -> Result<(), String> {
    const USAGE: &str = "bench_mixer RATE MEMBERS TALKERS mix|whole|open FRAMES";
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rate, members, talkers, what, frames] = &arguments[..] else {
        return Err(USAGE.into());
    };
    let rate: u32 = rate.parse().map_err(|_| USAGE)?;
    let members: usize = members.parse().map_err(|_| USAGE)?;
    let talkers: usize = talkers.parse().map_err(|_| USAGE)?;
    let frames: u64 = frames.parse().map_err(|_| USAGE)?;
    let mut mix = Mix::new(rate, members, talkers);
    let mut whole = Whole::new(rate, members, talkers)?;
    for n in 0..FIRST {
        mix.frame(n);
        whole.frame(n);
    }
    let before = whole.sent;
    let started = Instant::now();
    for n in FIRST..FIRST + frames {
        match what.as_str() {
            "mix" => mix.frame(n),
            "whole" => whole.frame(n),
            _ => {}
        }
    }
    let elapsed = started.elapsed();
    if what == "whole" && whole.sent - before != members * frames as usize {
        return Err(format!("{} packets were sent", whole.sent - before));
    }
    println!(
        "{:.0} ns/frame",
        elapsed.as_nanos() as f64 / frames.max(1) as f64
    );
    Ok(())
}
