//! What a port knows of the stream it receives: loss, order, jitter (RFC 3550 sections 6.4.1, A.1, A.3, A.8).
use crate::Nanos;

/// A step beyond this is a restart of the sender, not loss (RFC 3550 A.1).
const MAX_DROPOUT: u16 = 3000;
/// So far back a packet counts as late; further back the sender has restarted.
const MAX_MISORDER: u16 = 100;
/// The same for video: what is sent again on request comes after a round trip, at a thousand packets a second.
const MAX_MISORDER_OF_VIDEO: u16 = 1000;
/// RTP clock of video.
const VIDEO_CLOCK: u32 = 90_000;

/// Where a packet stands in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// First of a stream, or of a sender that started anew.
    First,
    /// Follows the newest one, after this many lost ones.
    Next { lost: u16 },
    /// Older than the newest one.
    Late,
    /// Seen before.
    Duplicate,
}

/// Receiving half of a port; one SSRC at a time.
#[derive(Debug, Default)]
pub struct ReceiveStream {
    ssrc: Option<u32>,
    clock: u32,
    base: u32,
    /// Newest sequence number with the count of wraps in the upper half.
    highest: u32,
    /// Bit n: `highest - n` has been received.
    window: u64,
    received: u32,
    late: u32,
    duplicates: u32,
    /// Of the streams before this SSRC or restart.
    earlier_lost: i64,
    transit: i64,
    /// Jitter in clock units times 16.
    jitter16: i64,
    newest_timestamp: u32,
    report_expected: u32,
    report_received: u32,
}

/// A reception report block without its SSRC and its last-SR fields (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reception {
    pub fraction_lost: u8,
    pub cumulative_lost: i32,
    pub highest_sequence: u32,
    pub jitter: u32,
}

impl ReceiveStream {
    /// The SSRC heard last.
    #[must_use]
    pub fn ssrc(&self) -> Option<u32> {
        self.ssrc
    }

    /// Count a packet in.  `clock` is its payload type's.
    pub fn count(
        &mut self,
        ssrc: u32,
        sequence: u16,
        timestamp: u32,
        clock: u32,
        now: Nanos,
    ) -> Order {
        if self.ssrc != Some(ssrc) {
            self.restart(ssrc, sequence);
            self.time(timestamp, clock, now);
            return Order::First;
        }
        let step = sequence.wrapping_sub(self.highest as u16);
        let most = if clock == VIDEO_CLOCK {
            MAX_MISORDER_OF_VIDEO
        } else {
            MAX_MISORDER
        };
        let order = match step {
            0 => Order::Duplicate,
            1..MAX_DROPOUT => {
                self.highest = self.highest.wrapping_add(u32::from(step));
                self.window = if step < 64 {
                    self.window << step | 1
                } else {
                    1
                };
                Order::Next { lost: step - 1 }
            }
            _ if step.wrapping_neg() <= most => {
                let back = step.wrapping_neg();
                if back < 64 && self.window & (1 << back) != 0 {
                    Order::Duplicate
                } else {
                    if back < 64 {
                        self.window |= 1 << back;
                    }
                    Order::Late
                }
            }
            _ => {
                self.restart(ssrc, sequence);
                self.time(timestamp, clock, now);
                return Order::First;
            }
        };
        match order {
            Order::Duplicate => self.duplicates += 1,
            Order::Late => {
                self.late += 1;
                self.received += 1;
            }
            Order::First | Order::Next { .. } => {
                self.received += 1;
                self.time(timestamp, clock, now);
            }
        }
        order
    }

    /// Packets that never came, over all SSRCs; never below 0.
    #[must_use]
    pub fn lost(&self) -> u64 {
        (self.earlier_lost + self.lost_here()).max(0) as u64
    }

    #[must_use]
    pub fn late(&self) -> u32 {
        self.late
    }

    #[must_use]
    pub fn duplicates(&self) -> u32 {
        self.duplicates
    }

    /// Interarrival jitter in microseconds.
    #[must_use]
    pub fn jitter_us(&self) -> u32 {
        if self.clock == 0 {
            0
        } else {
            (self.jitter16 * 1_000_000 / 16 / i64::from(self.clock)) as u32
        }
    }

    /// The figures for a report, and the start of the next interval.
    pub fn report(&mut self) -> Reception {
        let expected = self.expected();
        let interval = expected.wrapping_sub(self.report_expected);
        let got = self.received.wrapping_sub(self.report_received);
        self.report_expected = expected;
        self.report_received = self.received;
        let fraction = if interval == 0 || got >= interval {
            0
        } else {
            ((interval - got) << 8) / interval
        };
        Reception {
            fraction_lost: fraction.min(255) as u8,
            cumulative_lost: self.lost_here().clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest_sequence: self.highest,
            jitter: (self.jitter16 / 16) as u32,
        }
    }

    fn expected(&self) -> u32 {
        if self.ssrc.is_some() {
            self.highest.wrapping_sub(self.base).wrapping_add(1)
        } else {
            0
        }
    }

    fn lost_here(&self) -> i64 {
        i64::from(self.expected()) - i64::from(self.received)
    }

    fn restart(&mut self, ssrc: u32, sequence: u16) {
        self.earlier_lost += self.lost_here().max(0);
        self.ssrc = Some(ssrc);
        // One wrap ahead, so that a late packet from before the first cannot go below zero.
        self.base = u32::from(sequence);
        self.highest = self.base;
        self.window = 1;
        self.received = 1;
        self.report_expected = 0;
        self.report_received = 0;
        self.clock = 0;
        self.jitter16 = 0;
    }

    fn time(&mut self, timestamp: u32, clock: u32, now: Nanos) {
        if clock == 0 {
            return;
        }
        let arrival = (u128::from(now) * u128::from(clock) / 1_000_000_000) as i64;
        let fresh = clock != self.clock;
        if !fresh && timestamp == self.newest_timestamp {
            return; // Packets of one instant (telephone events) say nothing about jitter.
        }
        let transit = i64::from((arrival as u32).wrapping_sub(timestamp) as i32);
        if fresh {
            self.clock = clock;
            self.jitter16 = 0;
        } else {
            let d = i64::from((transit.wrapping_sub(self.transit)) as i32).abs();
            // A step of more than two seconds is a new timeline, not jitter.
            if d < 2 * i64::from(clock) {
                self.jitter16 += d - ((self.jitter16 + 8) >> 4);
            }
        }
        self.transit = transit;
        self.newest_timestamp = timestamp;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Nanos = 1_000_000;

    fn feed(s: &mut ReceiveStream, sequence: u16) -> Order {
        let n = u32::from(sequence.wrapping_sub(65_530));
        s.count(1, sequence, n * 160, 8000, u64::from(n) * 20 * MS)
    }

    #[test]
    fn counts_loss_order_and_duplicates_across_the_wrap() {
        let mut s = ReceiveStream::default();
        assert_eq!(feed(&mut s, 65_530), Order::First);
        assert_eq!(feed(&mut s, 65_531), Order::Next { lost: 0 });
        assert_eq!(feed(&mut s, 65_535), Order::Next { lost: 3 });
        assert_eq!(feed(&mut s, 2), Order::Next { lost: 2 });
        assert_eq!(feed(&mut s, 65_534), Order::Late);
        assert_eq!(feed(&mut s, 65_534), Order::Duplicate);
        assert_eq!(feed(&mut s, 2), Order::Duplicate);
        assert_eq!((s.lost(), s.late(), s.duplicates()), (4, 1, 2));
        let report = s.report();
        assert_eq!(report.cumulative_lost, 4);
        assert_eq!(report.highest_sequence, 0x1_0002);
        assert_eq!(report.fraction_lost, (4 * 256 / 9) as u8);
        assert_eq!(s.report().fraction_lost, 0, "of the next interval");
    }

    #[test]
    fn a_new_ssrc_keeps_what_was_lost_before() {
        let mut s = ReceiveStream::default();
        feed(&mut s, 1);
        feed(&mut s, 4);
        assert_eq!(s.count(2, 9000, 0, 8000, 0), Order::First);
        assert_eq!(s.lost(), 2);
        assert_eq!(s.count(2, 20_000, 0, 8000, 0), Order::First, "restarted");
        assert_eq!(s.lost(), 2);
    }

    #[test]
    fn jitter_follows_the_formula() {
        let mut s = ReceiveStream::default();
        let mut expected = 0.0f64;
        let mut last = 0i64;
        for n in 0..400u32 {
            let late_ms = u64::from(n % 2) * 5;
            s.count(
                1,
                n as u16,
                n * 160,
                8000,
                (u64::from(n) * 20 + 1000 + late_ms) * MS,
            );
            let transit = (late_ms * 8) as i64;
            if n > 0 {
                expected += ((transit - last).abs() as f64 - expected) / 16.0;
            }
            last = transit;
        }
        assert!(
            (f64::from(s.jitter_us()) / 125.0 - expected).abs() < 1.5,
            "{} {expected}",
            s.jitter_us()
        );
        assert!(s.report().jitter.abs_diff(40) <= 1);
    }

    #[test]
    fn a_steady_stream_has_no_jitter() {
        let mut s = ReceiveStream::default();
        (0..1000u16).for_each(|n| {
            s.count(9, n, u32::from(n) * 160 + 77, 8000, u64::from(n) * 20 * MS);
        });
        assert_eq!((s.jitter_us(), s.lost()), (0, 0));
    }
}
