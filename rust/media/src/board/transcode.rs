//! From the ear of one port to the voice of another.
use super::Board;
use crate::Nanos;
use crate::codecs::Format;
use crate::port::{Accepted, Output, Refused};
use crate::rtp::send::Source;
use crate::stats::Dropped;

impl Board {
    /// Decode what `slot` hears, at the rate agreed on, and let `target` say it.
    pub(super) fn transcode(
        &mut self,
        (slot, target): (usize, usize),
        (format, rate): (Format, u32),
        accepted: &Accepted,
        payload: &[u8],
        now: Nanos,
        out: &mut impl Output,
    ) {
        let sends = matches!(self.ports.get(target), Some(Some(port)) if port.sends_bridge());
        let Some(Some(port)) = self.ports.get_mut(slot).filter(|_| sends) else {
            return; // nobody would hear it
        };
        let heard = match port.hear(format, &accepted.header, payload, rate) {
            Ok(heard) => heard,
            Err(Refused::Late) => return self.stats.dropped(Dropped::Stale),
            Err(Refused::Damaged) => return self.stats.dropped(Dropped::Invalid),
        };
        let source = Source::Voice {
            port: port.id,
            ssrc: accepted.header.ssrc,
        };
        let samples = port.take_heard();
        let mut frames = std::mem::take(&mut self.frames);
        frames.clear();
        if let Some(Some(listener)) = self.ports.get_mut(target) {
            listener.speak(source, (&samples, rate), heard.gap, now, &mut frames);
        }
        if let Some(Some(port)) = self.ports.get_mut(slot) {
            port.give_back_heard(samples);
        }
        for range in frames.packets.iter().cloned() {
            self.send_made(target, &mut frames.data[range], now, out);
        }
        self.frames = frames;
    }
}

#[cfg(test)]
#[path = "transcode_tests.rs"]
mod tests;
