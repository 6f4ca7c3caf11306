//! From the ear of one port to the voice of another.
use super::Board;
use crate::Nanos;
use crate::codecs::Format;
use crate::port::recorder::Way;
use crate::port::{Accepted, Due, Link, Output, PAUSED, Refused};
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
        let rate = rate.max(port.listening_rate(format, Way::Heard));
        let heard = match port.hear(format, &accepted.header, payload, rate) {
            Ok(heard) => heard,
            Err(Refused::Late) => return self.stats.dropped(Dropped::Stale),
            Err(Refused::Damaged) => return self.stats.dropped(Dropped::Invalid),
        };
        let source = Source::Voice {
            port: port.id,
            ssrc: accepted.header.ssrc,
        };
        // the time of a pause that was filled with noise has been sent
        let gap = if port.noise_was_made() {
            PAUSED
        } else {
            heard.gap
        };
        let samples = port.take_heard();
        let mut frames = std::mem::take(&mut self.frames);
        frames.clear();
        if let Some(Some(listener)) = self.ports.get_mut(target) {
            listener.speak(source, (&samples, rate), gap, now, &mut frames);
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

impl Board {
    /// The far end of `slot` pauses, and has described it: whoever hears it, and takes no comfort noise, hears some.
    pub(super) fn make_noise(
        &mut self,
        slot: usize,
        clock: u32,
        now: Nanos,
        out: &mut impl Output,
    ) {
        let Some(Some(port)) = self.ports.get(slot) else {
            return;
        };
        let target = match port.link {
            Link::Echo => slot,
            Link::Peer(peer) => peer,
            Link::None | Link::Room { .. } | Link::Viewer(_) => return,
        };
        let source = port.voice_source();
        let wanted = matches!(self.ports.get(target), Some(Some(listener))
            if listener.sends_bridge() && listener.noise_type(clock).is_none());
        let Some(Some(port)) = self.ports.get_mut(slot).filter(|_| wanted) else {
            return;
        };
        let (samples, rate) = port.take_noise(self.tick_ms);
        let mut frames = std::mem::take(&mut self.frames);
        frames.clear();
        if let Some(Some(listener)) = self.ports.get_mut(target) {
            listener.speak(source, (&samples, rate), 0, now, &mut frames);
        }
        if let Some(Some(port)) = self.ports.get_mut(slot) {
            port.give_back_noise(samples);
        }
        for range in frames.packets.iter().cloned() {
            self.send_made(target, &mut frames.data[range], now, out);
        }
        self.frames = frames;
    }

    /// Let what waits in the jitter buffer of `slot` be heard as far as it is due.
    pub(super) fn play_out(&mut self, slot: usize, now: Nanos, out: &mut impl Output) {
        // a buffer gives what it has, and that is bounded
        loop {
            let Some(Some(port)) = self.ports.get(slot) else {
                return;
            };
            let Some(format) = port.held_format() else {
                return;
            };
            let target = match port.link {
                Link::Echo => Some(slot),
                Link::Peer(peer) => Some(peer),
                Link::None | Link::Viewer(_) | Link::Room { .. } => None,
            };
            let listener = target.and_then(|target| self.ports.get(target)?.as_ref());
            let listener = listener.filter(|port| port.sends_bridge());
            let rate = listener.map_or(8000, |port| port.rate_for(format));
            let same = listener.is_some_and(|port| port.sends_format(format));
            let target = target.filter(|_| listener.is_some());
            let source = Source::Voice {
                port: port.id,
                ssrc: 0,
            };
            let Some(Some(port)) = self.ports.get_mut(slot) else {
                return;
            };
            let rate = rate.max(port.listening_rate(format, Way::Heard));
            let Some(due) = port.due(rate, now, out) else {
                return;
            };
            let Some(target) = target else { continue };
            let samples = port.take_heard();
            let mut frames = std::mem::take(&mut self.frames);
            frames.clear();
            if let Some(Some(listener)) = self.ports.get_mut(target) {
                match &due {
                    Due::Samples { gap } => {
                        listener.speak(source, (&samples, rate), *gap, now, &mut frames);
                    }
                    Due::Payload(payload, covers) if same => {
                        listener.pass_on(source, (payload, *covers), now, &mut frames);
                    }
                    Due::Payload(..) => self.stats.dropped(Dropped::Format),
                }
            }
            if let Some(Some(port)) = self.ports.get_mut(slot) {
                port.give_back_heard(samples);
                if let Due::Payload(payload, _) = due {
                    port.give_back_due(payload);
                }
            }
            for range in frames.packets.iter().cloned() {
                self.send_made(target, &mut frames.data[range], now, out);
            }
            self.frames = frames;
        }
    }
}

#[cfg(test)]
#[path = "transcode_tests.rs"]
mod tests;
