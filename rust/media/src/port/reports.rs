//! RTCP reports of a port: how figures spread over a call, what programs are told, and packets that keep a NAT open.
use super::{Output, Port};
use crate::Nanos;
use crate::rtp::packet::HEADER;
use crate::rtp::rtcp::{Heard, Incoming, Sent};
use crate::rtp::send::Source;
use crate::stats::Kind;
use std::fmt::Write;
use std::net::SocketAddr;

/// RFC 3389 comfort noise.
const COMFORT_NOISE: u8 = 13;
/// No noise at all, -127 dBov.
const SILENT: u8 = 127;

/// Packets that are sent while nothing else is (`rtp_keepalive`).
#[derive(Debug, Default)]
pub(super) struct KeepAlive {
    interval: Nanos,
    /// Packets sent until then.
    sent: u64,
    since: Nanos,
}

impl Port {
    /// Send a packet of comfort noise whenever nothing was sent for so long; 0: never.
    pub fn set_keepalive(&mut self, interval: Nanos, now: Nanos) {
        self.keepalive = KeepAlive {
            interval,
            sent: self.stats.tx_packets.get(),
            since: now,
        };
    }

    pub(super) fn keeps_alive(&self) -> bool {
        self.keepalive.interval > 0
    }

    /// The packet that is due, if one is.
    pub fn keepalive(&mut self, now: Nanos) -> Option<[u8; HEADER + 1]> {
        if self.keepalive.interval == 0 {
            return None;
        }
        let sent = self.stats.tx_packets.get();
        if sent != self.keepalive.sent {
            self.keepalive.sent = sent;
            self.keepalive.since = now;
            return None;
        }
        // It is looked at once a second, and not quite on time.
        let due = self.keepalive.since + self.keepalive.interval;
        if now + 500_000_000 < due || self.destination.is_none() {
            return None;
        }
        self.keepalive.since = now;
        let header = self
            .tx
            .generated(Source::Generated(u32::MAX), COMFORT_NOISE, 0, now);
        self.tx.interrupt();
        let mut data = [0; HEADER + 1];
        data[..HEADER].copy_from_slice(&header.bytes());
        data[HEADER] = SILENT;
        self.sent_one(1);
        self.keepalive.sent = self.stats.tx_packets.get();
        Some(data)
    }

    /// A report came: note it, and tell who wants to know.
    pub(super) fn note_received(
        &self,
        incoming: &Incoming,
        from: SocketAddr,
        out: &mut impl Output,
    ) {
        let stats = &self.stats;
        if incoming.report.is_some() {
            stats.remote_jitter.add(stats.remote_jitter_us.get());
            stats.remote_loss.add(stats.remote_lost.get());
            if let Some(us) = stats.rtt_us.get().checked_sub(1) {
                stats.rtt.add(us);
            }
        }
        if !self.reports.wanted() {
            return;
        }
        let Some(ssrc) = incoming.ssrc else { return };
        let mut text = describe(from, ssrc, incoming.sender, incoming.blocks);
        if let Some((about, report)) = &incoming.block {
            let r = report.reception;
            block(
                &mut text,
                &Heard {
                    ssrc: *about,
                    reception: r,
                    last_sr: report.last_sr,
                    delay: report.delay,
                },
            );
        }
        out.event(self.event(Kind::RtcpReceived, 0, text, 0));
    }

    /// A report was sent.
    pub(super) fn note_sent(
        &self,
        sent: Option<Sent>,
        heard: Option<&Heard>,
        to: SocketAddr,
        out: &mut impl Output,
    ) {
        let stats = &self.stats;
        if heard.is_some() {
            stats.rx_jitter.add(stats.rx_jitter_us.get());
            stats.rx_loss.add(stats.rx_lost.get());
        }
        if !self.reports.wanted() {
            return;
        }
        let mut text = describe(to, self.tx.ssrc, sent, usize::from(heard.is_some()));
        if let Some(heard) = heard {
            block(&mut text, heard);
        }
        out.event(self.event(Kind::RtcpSent, 0, text, 0));
    }
}

/// `name=value` words: the address, who reports, and of a sender report what was sent.
fn describe(address: SocketAddr, ssrc: u32, sent: Option<Sent>, blocks: usize) -> String {
    let kind = if sent.is_some() { 200 } else { 201 };
    let mut text = format!("address={address} ssrc={ssrc} pt={kind} count={blocks}");
    if let Some(sent) = sent {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            " ntp={} rtp={} packets={} octets={}",
            sent.ntp, sent.timestamp, sent.packets, sent.octets
        );
    }
    text
}

fn block(text: &mut String, heard: &Heard) {
    let r = heard.reception;
    let _ = write!(
        text,
        " source={} fraction={} lost={} highest={} cycles={} jitter={} lsr={} dlsr={}",
        heard.ssrc,
        r.fraction_lost,
        r.cumulative_lost,
        r.highest_sequence & 0xffff,
        r.highest_sequence >> 16,
        r.jitter,
        heard.last_sr,
        heard.delay
    );
}
