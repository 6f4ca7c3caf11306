//! What a conference sends through a port.
use super::Port;
use crate::Nanos;
use crate::mixer::outlet::Send;
use crate::rtp::packet::Header;
use crate::rtp::send::Source;

impl Port {
    /// How it is sent to.
    #[must_use]
    pub fn sends(&self) -> Send {
        Send {
            format: self.codecs.send,
            fmtp: self.codecs.send_fmtp.clone(),
            settings: self.codecs.send_settings.clone(),
            ptime_ms: self.codecs.ptime_ms,
        }
    }

    /// It is a member of a conference from now on.
    pub fn begin_mixed(&mut self) {
        self.generated = self.generated.wrapping_add(1);
        self.mixed = self.generated;
    }

    /// The header for a payload of the conference; none when it is not to be sent now.
    pub fn mixed(&mut self, payload: &[u8], now: Nanos) -> Option<Header> {
        let open = self.send_on && (self.destination.is_some() || self.pipe.is_some());
        if !open || payload.is_empty() || self.mute_out || self.occupied() {
            // What comes after it carries on by the clock.
            self.tx.interrupt_source(self.mixed);
            return None;
        }
        let covers = self.codecs.send.covers(payload, self.codecs.ptime_ms);
        let header = self.tx.generated(
            Source::Generated(self.mixed),
            self.codecs.send_type,
            covers,
            now,
        );
        self.sent_one(payload.len());
        Some(header)
    }
}
