//! A port's recordings: their beginning, what is changed of them on the way, their end.
use super::recorder::{self, Recorder, Way};
use super::{Output, Port};
use crate::Nanos;
use crate::stats::Kind;

impl Port {
    pub fn record(&mut self, recorder: Recorder) {
        self.recorders.push(recorder);
        self.note_listeners();
    }

    /// Change how loud a recording has the two directions.
    pub fn set_record_gains(&mut self, id: u32, heard: f32, said: f32) {
        if let Some(recorder) = self.recorders.iter_mut().find(|r| r.id == id) {
            recorder.set_gains(heard, said);
        }
    }

    /// Write nothing into a recording for now, or silence.
    pub fn hold_record(&mut self, id: u32, paused: bool, muted: bool, now: Nanos) {
        if let Some(recorder) = self.recorders.iter_mut().find(|r| r.id == id) {
            recorder.hold(paused, muted, now);
        }
    }

    pub fn stop_record(&mut self, id: u32, out: &mut impl Output) {
        self.end_record(id, "stopped", out);
    }

    /// The file could not be opened or written; its end has been reported by who found out.
    pub fn forget_record(&mut self, id: u32) {
        self.recorders.retain(|r| r.id != id);
        self.note_listeners();
    }

    /// Who listens has changed.
    pub(super) fn note_listeners(&mut self) {
        let wanted =
            |port: &Port, way| port.recorders.iter().any(|r| r.listens(way)) || port.watched(way);
        self.listens = (
            self.detector.is_some() || wanted(self, Way::Heard),
            wanted(self, Way::Said),
        );
        if !self.listens.1 {
            self.said_ear = None;
        }
    }

    pub(super) fn end_record(&mut self, id: u32, why: &'static str, out: &mut impl Output) {
        if let Some(at) = self.recorders.iter().position(|r| r.id == id) {
            let mut recorder = self.recorders.swap_remove(at);
            self.note_listeners();
            if let Some(ms) = recorder.end_queue() {
                return out.event(self.event(Kind::RecordEnd, id, why, ms));
            }
            let rest = recorder.into_rest();
            if !rest.is_empty() {
                out.recorded(id, rest);
            }
            out.record_end(self.id, id, why);
        }
    }

    /// After frames or a tick: hand on full blocks, end what reached its limit.
    pub(super) fn tend_recorders(&mut self, out: &mut impl Output) {
        let mut at = 0;
        while at < self.recorders.len() {
            let recorder = &mut self.recorders[at];
            let id = recorder.id;
            if let Some(ended) = recorder.ended() {
                let why = match ended {
                    recorder::Ended::Max => "max",
                    recorder::Ended::Silence => "silence",
                };
                self.end_record(id, why, out);
                continue;
            }
            if let Some(wake) = recorder.pour() {
                if wake {
                    out.event(self.event(Kind::Audio, id, "", 0));
                }
            } else if let Some(block) = recorder.take_block() {
                out.recorded(id, block);
            }
            at += 1;
        }
    }
}
