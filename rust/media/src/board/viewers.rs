//! Video from one to many: ports that see what the far end of another shows, and what they ask it for.
use super::Board;
use crate::Nanos;
use crate::port::{Accepted, Link, Output};
use crate::rtp::feedback::{Feedback, bits_per_second};
use std::ops::Range;

impl Board {
    /// Whoever begins to see somebody needs a picture that stands alone.
    pub fn ask_pictures(&mut self, slots: &[usize], now: Nanos, out: &mut impl Output) {
        for slot in slots {
            if let Some(Some(port)) = self.ports.get_mut(*slot)
                && let Some(asked) = port.wants_picture()
            {
                self.ask(*slot, asked, now, out);
            }
        }
    }

    /// Let the port in `slot` send what the far end of `source` shows, in place of what it was joined with.  Who
    /// sees it stays.
    pub fn view(&mut self, slot: usize, source: usize) {
        if slot == source {
            return;
        }
        for end in [slot, source] {
            let joined = match self.ports.get(end) {
                Some(Some(port)) => !matches!(port.link, Link::None | Link::Viewer(_)),
                _ => return,
            };
            if joined {
                self.unlink(end);
            }
        }
        self.look_away(slot);
        if let Some(Some(port)) = self.ports.get_mut(source) {
            port.viewers.push(slot);
        }
        if let Some(Some(port)) = self.ports.get_mut(slot) {
            port.link = Link::Viewer(source);
        }
    }

    /// The port in `slot` sees nobody any more.
    pub(super) fn look_away(&mut self, slot: usize) {
        let Some(Some(port)) = self.ports.get_mut(slot) else {
            return;
        };
        let Link::Viewer(source) = port.link else {
            return;
        };
        port.link = Link::None;
        if let Some(Some(source)) = self.ports.get_mut(source) {
            source.viewers.retain(|viewer| *viewer != slot);
        }
    }

    /// Nobody sees the port in `slot` any more.
    pub(super) fn hide(&mut self, slot: usize) {
        let Some(Some(port)) = self.ports.get_mut(slot) else {
            return;
        };
        for viewer in std::mem::take(&mut port.viewers) {
            if let Some(Some(viewer)) = self.ports.get_mut(viewer) {
                viewer.link = Link::None;
            }
        }
    }

    /// Send a packet of `slot` to all who see it.
    pub(super) fn show(
        &mut self,
        slot: usize,
        data: &mut [u8],
        payload: &Range<usize>,
        accepted: &Accepted,
        now: Nanos,
        out: &mut impl Output,
    ) {
        let viewers = match self.ports.get_mut(slot) {
            Some(Some(port)) if !port.viewers.is_empty() => std::mem::take(&mut port.viewers),
            _ => return,
        };
        for viewer in &viewers {
            self.lend(*viewer);
            let Some(Some(port)) = self.ports.get_mut(*viewer) else {
                continue;
            };
            // Only what stands before the payload is written anew for each.
            let sent = port.relay(data, payload.clone(), accepted, now);
            match (sent, port.destination()) {
                (Ok(Some(range)), Some(to)) => self.transmit(*viewer, &data[range], to, out),
                (Ok(_), _) => {}
                (Err(why), _) => self.stats.dropped(why),
            }
        }
        if let Some(Some(port)) = self.ports.get_mut(slot) {
            port.viewers = viewers;
        }
    }

    /// What the port in `slot` asks for; of several who see the source, with the lowest bit rate that any can take.
    pub(super) fn weigh(&mut self, slot: usize, source: usize, asked: Feedback) -> Feedback {
        let Some(rate) = asked.bit_rate else {
            return asked;
        };
        if let Some(Some(port)) = self.ports.get_mut(slot) {
            port.can_take = Some(rate);
        }
        let source = match self.ports.get(source) {
            Some(Some(port)) if !port.viewers.is_empty() => port,
            _ => return asked,
        };
        let of = |viewer: &usize| self.ports.get(*viewer)?.as_ref()?.can_take;
        let rates = source.viewers.iter().filter_map(of);
        Feedback {
            bit_rate: rates.min_by_key(|rate| bits_per_second(*rate)),
            ..asked
        }
    }
}
