//! RTCP (RFC 3550 section 6): reading compound packets, writing ours, round-trip time.
//!
//! Sent are SR (or RR while nothing was sent) with one report block, SDES with the CNAME, and BYE at the end.
use super::receive::Reception;
use crate::Nanos;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
const CNAME: u8 = 1;
/// Report blocks looked at in one packet: we send one stream, so more are noise.
const MAX_BLOCKS: usize = 31;

/// What a remote reports about the stream that we send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    pub reception: Reception,
    /// Middle 32 bits of the NTP time of our last SR it has, 0 for none; and the delay since, in 1/65536 s.
    pub last_sr: u32,
    pub delay: u32,
}

/// The parts of a compound packet that we use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Incoming {
    /// Of the sender of the first SR or RR.
    pub ssrc: Option<u32>,
    /// Middle 32 bits of an SR's NTP time.
    pub sender_ntp: Option<u32>,
    pub report: Option<Report>,
    pub bye: bool,
    /// What an SR says of its sender's stream.
    pub sender: Option<Sent>,
    /// How many streams are reported about, and the first one with its SSRC.
    pub blocks: usize,
    pub block: Option<(u32, Report)>,
}

/// The packets of a compound one: count or format, type, and the whole of it; ends at what is none.
pub struct Packets<'a>(pub &'a [u8]);

impl<'a> Iterator for Packets<'a> {
    type Item = (u8, u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let [flags, kind, high, low, ..] = *self.0 else {
            return None;
        };
        let length = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
        if flags >> 6 != 2 || length > self.0.len() {
            return None;
        }
        let (packet, rest) = self.0.split_at(length);
        self.0 = rest;
        Some((flags & 0x1f, kind, packet))
    }
}

/// Read a compound packet that may report about `ours`.  `None` when it is not RTCP (RFC 3550 A.2).
#[must_use]
pub fn parse(data: &[u8], ours: u32) -> Option<Incoming> {
    let mut incoming = Incoming::default();
    let mut rest = data;
    let mut first = true;
    while !rest.is_empty() {
        let [flags, kind, high, low, ..] = *rest else {
            return None;
        };
        let length = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
        if flags >> 6 != 2
            || length > rest.len()
            || (first && !matches!(kind, SENDER_REPORT | RECEIVER_REPORT))
        {
            return None;
        }
        let (packet, after) = rest.split_at(length);
        let count = usize::from(flags & 0x1f);
        match kind {
            SENDER_REPORT | RECEIVER_REPORT => {
                let sender = word(packet, 4)?;
                incoming.ssrc.get_or_insert(sender);
                let blocks = if kind == SENDER_REPORT {
                    let (high, low) = (word(packet, 8)?, word(packet, 12)?);
                    incoming.sender_ntp = Some(high << 16 | low >> 16);
                    incoming.sender = Some(Sent {
                        ntp: u64::from(high) << 32 | u64::from(low),
                        timestamp: word(packet, 16)?,
                        packets: word(packet, 20)?,
                        octets: word(packet, 24)?,
                    });
                    28
                } else {
                    8
                };
                incoming.blocks += count;
                for n in 0..count.min(MAX_BLOCKS) {
                    let at = blocks + 24 * n;
                    let (about, report) = (word(packet, at)?, block(packet, at)?);
                    incoming.block.get_or_insert((about, report));
                    if about == ours {
                        incoming.report = Some(report);
                    }
                }
            }
            GOODBYE => incoming.bye = true,
            _ => {}
        }
        rest = after;
        first = false;
    }
    if first { None } else { Some(incoming) }
}

fn word(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..at + 4)?
        .try_into()
        .ok()
        .map(u32::from_be_bytes)
}

fn block(data: &[u8], at: usize) -> Option<Report> {
    let loss = word(data, at + 4)?;
    Some(Report {
        reception: Reception {
            fraction_lost: (loss >> 24) as u8,
            cumulative_lost: ((loss << 8) as i32) >> 8,
            highest_sequence: word(data, at + 8)?,
            jitter: word(data, at + 12)?,
        },
        last_sr: word(data, at + 16)?,
        delay: word(data, at + 20)?,
    })
}

/// What an SR says about our stream; without it an RR is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// 64-bit NTP time of `timestamp`.
    pub ntp: u64,
    pub timestamp: u32,
    pub packets: u32,
    pub octets: u32,
}

/// What we report about the remote's stream.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    pub ssrc: u32,
    pub reception: Reception,
    /// Middle 32 bits of its last SR, 0 for none, and the delay since in 1/65536 s.
    pub last_sr: u32,
    pub delay: u32,
}

/// Write a compound packet into `out` (which is cleared).
pub fn write(
    out: &mut Vec<u8>,
    ssrc: u32,
    sent: Option<Sent>,
    heard: Option<Heard>,
    cname: &str,
    bye: bool,
) {
    out.clear();
    let count = u8::from(heard.is_some());
    let start = begin(
        out,
        count,
        if sent.is_some() {
            SENDER_REPORT
        } else {
            RECEIVER_REPORT
        },
    );
    out.extend(ssrc.to_be_bytes());
    if let Some(sent) = sent {
        out.extend(sent.ntp.to_be_bytes());
        out.extend(sent.timestamp.to_be_bytes());
        out.extend(sent.packets.to_be_bytes());
        out.extend(sent.octets.to_be_bytes());
    }
    if let Some(heard) = heard {
        let r = heard.reception;
        let loss = u32::from(r.fraction_lost) << 24 | (r.cumulative_lost as u32 & 0x00ff_ffff);
        for value in [
            heard.ssrc,
            loss,
            r.highest_sequence,
            r.jitter,
            heard.last_sr,
            heard.delay,
        ] {
            out.extend(value.to_be_bytes());
        }
    }
    finish(out, start);

    let start = begin(out, 1, SOURCE_DESCRIPTION);
    out.extend(ssrc.to_be_bytes());
    let name = &cname.as_bytes()[..cname.len().min(255)];
    out.extend([CNAME, name.len() as u8]);
    out.extend(name);
    // One to four zero bytes end the chunk (section 6.5).
    out.resize(start + (out.len() - start) / 4 * 4 + 4, 0);
    finish(out, start);

    if bye {
        let start = begin(out, 1, GOODBYE);
        out.extend(ssrc.to_be_bytes());
        finish(out, start);
    }
}

fn begin(out: &mut Vec<u8>, count: u8, kind: u8) -> usize {
    let start = out.len();
    out.extend([0x80 | count, kind, 0, 0]);
    start
}

fn finish(out: &mut [u8], start: usize) {
    let words = ((out.len() - start) / 4 - 1) as u16;
    out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}

/// 64-bit NTP time that stands for a monotonic instant; only differences matter to receivers.
#[must_use]
pub fn ntp(now: Nanos) -> u64 {
    let fraction = (u128::from(now % 1_000_000_000) << 32) / 1_000_000_000;
    (now / 1_000_000_000) << 32 | fraction as u64
}

/// The middle 32 bits of an NTP time, as reports quote it.
#[must_use]
pub fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// Round-trip time in microseconds from a report about us (RFC 3550 section 6.4.1); `None` without our SR
/// or for figures that cannot be.
#[must_use]
pub fn round_trip_us(report: &Report, now: Nanos) -> Option<u32> {
    if report.last_sr == 0 {
        return None;
    }
    let units = middle(ntp(now))
        .wrapping_sub(report.last_sr)
        .wrapping_sub(report.delay);
    // Beyond a minute the remote's clock or arithmetic is wrong; a unit or two below zero is rounding.
    match units as i32 {
        -66..0 => Some(0),
        0..0x3c_0000 => Some((u64::from(units) * 1_000_000 / 65_536) as u32),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Nanos = 1_000_000_000;

    #[test]
    fn reads_what_it_wrote() {
        let reception = Reception {
            fraction_lost: 17,
            cumulative_lost: -3,
            highest_sequence: 0x1_0007,
            jitter: 88,
        };
        let sent = Sent {
            ntp: 0x1122_3344_5566_7788,
            timestamp: 5,
            packets: 6,
            octets: 7,
        };
        let heard = Heard {
            ssrc: 0xbeef,
            reception,
            last_sr: 9,
            delay: 10,
        };
        let mut out = Vec::new();
        for name in ["", "a", "ab", "abc", "abcd", "host.example"] {
            write(&mut out, 77, Some(sent), Some(heard), name, true);
            assert_eq!(out.len() % 4, 0);
            let incoming = parse(&out, 0xbeef).unwrap();
            assert_eq!(
                (incoming.ssrc, incoming.sender_ntp, incoming.bye),
                (Some(77), Some(0x3344_5566), true)
            );
            assert_eq!(
                incoming.report,
                Some(Report {
                    reception,
                    last_sr: 9,
                    delay: 10
                })
            );
            assert_eq!(parse(&out, 1).unwrap().report, None, "about another stream");
        }
        write(&mut out, 77, None, None, "x", false);
        assert_eq!(
            parse(&out, 1),
            Some(Incoming {
                ssrc: Some(77),
                blocks: 0,
                ..Incoming::default()
            })
        );
    }

    #[test]
    fn round_trip() {
        let sr_at = 1000 * SECOND + 250_000_000;
        let report = Report {
            reception: Reception::default(),
            last_sr: middle(ntp(sr_at)),
            delay: 3 * 65_536 / 2,
        };
        let us = round_trip_us(&report, sr_at + 1_540_000_000).unwrap();
        assert!(us.abs_diff(40_000) < 40, "{us}");
        assert_eq!(
            round_trip_us(
                &Report {
                    last_sr: 0,
                    ..report
                },
                sr_at
            ),
            None
        );
        assert_eq!(round_trip_us(&report, sr_at), None, "before it was sent");
    }

    #[test]
    fn what_does_not_begin_with_a_report_is_refused() {
        assert_eq!(parse(&[], 0), None);
        assert_eq!(parse(&[0x81, 203, 0, 1, 0, 0, 0, 1], 0), None);
        assert_eq!(parse(&[0x80, 201, 0, 9, 0, 0, 0, 1], 0), None);
    }

    proptest! {
        #[test]
        fn never_panics(mut data in proptest::collection::vec(any::<u8>(), 0..200), fix: bool) {
            if fix && data.len() >= 4 {
                data[0] = data[0] & 0x3f | 0x80;
                data[1] = 200 + data[1] % 5;
                data[2] = 0;
                data[3] %= 30;
            }
            let _ = parse(&data, 0);
        }
    }
}
