//! What is done to a leg's audio on its way through the port, besides relaying it: effects, watches, and sound that is
//! laid over what it sends.
//!
//! A port without any of these pays one look at an empty pointer for a packet.
use super::ear::Ear;
use super::effects::{Effects, Settings};
use super::line::add;
use super::player::Player;
use super::recorder::Way;
use super::watch::{Found, Watch};
use super::{Output, Port};
use crate::Nanos;
use crate::resample::Resampler;
use crate::rtp::send::Source;
use crate::stats::Kind;

/// Sample rate of watches, and of the silence under what is laid over nothing, Hz.
const RATE: u32 = 8000;
/// When nothing was said for so long, sound that is laid over is sent alone.
const QUIET: Nanos = 45_000_000;

/// All hooks of a port.
#[derive(Default)]
pub(super) struct Hooks {
    heard: Option<Effects>,
    said: Option<Effects>,
    watches: Vec<Watch>,
    overlay: Option<Overlay>,
    spoke_at: Nanos,
    /// What was said last, changed.
    reworked: Vec<i16>,
}

/// Sound over what is said.
struct Overlay {
    player: Player,
    /// To the rate of what is said.
    way: Option<(u32, Resampler)>,
    /// At that rate, not laid over anything yet.
    waiting: Vec<i16>,
    done: bool,
}

impl Overlay {
    fn lay(&mut self, samples: &mut [i16], rate: u32) {
        if self.player.paused || !self.player.sounding() {
            return;
        }
        if self.way.as_ref().is_none_or(|(to, _)| *to != rate) {
            self.way = Some((rate, Resampler::new(self.player.rate(), rate)));
            self.waiting.clear();
        }
        while self.waiting.len() < samples.len() && !self.done {
            let mut frame = vec![0; self.player.rate() as usize / 50];
            self.done = self.player.fill(&mut frame) < frame.len();
            if let Some((_, resampler)) = &mut self.way {
                resampler.process(&frame, &mut self.waiting);
            }
        }
        let count = samples.len().min(self.waiting.len());
        add(&mut samples[..count], &self.waiting[..count]);
        self.waiting.drain(..count);
    }
}

impl Hooks {
    fn idle(&self) -> bool {
        self.heard.is_none()
            && self.said.is_none()
            && self.watches.is_empty()
            && self.overlay.is_none()
    }

    /// Change what was heard.  Watches, and who else listens for tones, hear it as it was.
    pub(super) fn rework_heard(&mut self, ear: &mut Ear, listens: bool) {
        let Some(effects) = &mut self.heard else {
            return;
        };
        if listens || self.watches.iter().any(|watch| watch.way == Way::Heard) {
            ear.keep();
        }
        let rate = ear.rate();
        effects.process(ear.heard_mut(), rate);
    }

    /// What is about to be said, changed.
    pub(super) fn rework_said(&mut self, samples: &[i16], rate: u32, now: Nanos) -> &[i16] {
        self.spoke_at = now;
        self.reworked.clear();
        self.reworked.extend_from_slice(samples);
        if let Some(effects) = &mut self.said {
            effects.process(&mut self.reworked, rate);
        }
        if let Some(overlay) = &mut self.overlay {
            overlay.lay(&mut self.reworked, rate);
        }
        &self.reworked
    }
}

impl Port {
    /// Change what comes in, or what goes out, from now on.
    pub fn set_effects(&mut self, way: Way, settings: Settings) {
        let hooks = self.hooks.get_or_insert_default();
        let effects = match way {
            Way::Heard => &mut hooks.heard,
            Way::Said => &mut hooks.said,
        };
        *effects = Effects::new(settings, effects.take());
        self.tidy_hooks();
    }

    /// Watch for something.
    pub fn watch(&mut self, watch: Watch) {
        self.hooks.get_or_insert_default().watches.push(watch);
        self.note_listeners();
    }

    /// Watch for it no more.
    pub fn unwatch(&mut self, id: u32) {
        if let Some(hooks) = &mut self.hooks {
            hooks.watches.retain(|watch| watch.id != id);
        }
        self.tidy_hooks();
    }

    /// Lay sound over what the port sends, in place of what is laid over it now.
    pub fn lay_over(&mut self, player: Player, now: Nanos, out: &mut impl Output) {
        self.end_overlay("replaced", out);
        self.generated = self.generated.wrapping_add(1);
        self.overlaid = self.generated;
        let hooks = self.hooks.get_or_insert_default();
        hooks.spoke_at = now;
        hooks.overlay = Some(Overlay {
            player,
            way: None,
            waiting: Vec::new(),
            done: false,
        });
    }

    /// What is laid over, if it is this.
    pub(super) fn overlay(&mut self, id: u32) -> Option<&mut Player> {
        let overlay = self.hooks.as_mut()?.overlay.as_mut()?;
        (overlay.player.id == id).then_some(&mut overlay.player)
    }

    pub(super) fn end_overlay(
        &mut self,
        why: impl Into<std::borrow::Cow<'static, str>>,
        out: &mut impl Output,
    ) {
        if let Some(overlay) = self.hooks.as_mut().and_then(|hooks| hooks.overlay.take()) {
            let player = overlay.player;
            out.event(self.event(Kind::PlayEnd, player.id, why, player.played_ms()));
            self.tidy_hooks();
        }
    }

    /// Whether what comes in is changed, so that it must be decoded for whoever hears it.
    #[must_use]
    pub fn reworks_heard(&self) -> bool {
        self.hooks
            .as_ref()
            .is_some_and(|hooks| hooks.heard.is_some())
    }

    /// Whether what goes out is changed.
    #[must_use]
    pub fn reworks_said(&self) -> bool {
        self.hooks
            .as_ref()
            .is_some_and(|hooks| hooks.said.is_some() || hooks.overlay.is_some())
    }

    /// Whether hooks want ticks.
    pub(super) fn hooks_want_ticks(&self) -> bool {
        self.hooks
            .as_ref()
            .is_some_and(|hooks| !hooks.watches.is_empty() || hooks.overlay.is_some())
    }

    /// Whether somebody watches this direction.
    pub(super) fn watched(&self, way: Way) -> bool {
        self.hooks
            .as_ref()
            .is_some_and(|hooks| hooks.watches.iter().any(|watch| watch.way == way))
    }

    /// Let watches hear samples at 8 kHz.
    pub(super) fn show_watches(
        &mut self,
        way: Way,
        samples: &[i16],
        now: Nanos,
        out: &mut impl Output,
    ) {
        let Some(mut hooks) = self.hooks.take() else {
            return;
        };
        for watch in hooks.watches.iter_mut().filter(|watch| watch.way == way) {
            let id = watch.id;
            watch.hear(samples, now, &mut |found| self.tell_found(id, found, out));
        }
        self.hooks = Some(hooks);
    }

    fn tell_found(&self, id: u32, found: Found, out: &mut impl Output) {
        let (text, value) = match found {
            Found::Talking => ("talking", 0),
            Found::Silent(ms) => ("silent", ms),
            Found::Tone => ("tone", 0),
            Found::ToneEnd(ms) => ("tone_end", ms),
        };
        out.event(self.event(Kind::Found, id, text, i64::from(value)));
    }

    /// One tick of what hangs here.
    pub(super) fn tick_hooks(
        &mut self,
        tick_ms: u32,
        now: Nanos,
        out: &mut impl Output,
        frames: &mut super::Frames,
    ) {
        let Some(mut hooks) = self.hooks.take() else {
            return;
        };
        for watch in &mut hooks.watches {
            let id = watch.id;
            watch.tick(tick_ms, now, &mut |found| self.tell_found(id, found, out));
        }
        let mut alone = false;
        let mut done = false;
        if let Some(overlay) = &mut hooks.overlay {
            let player = &overlay.player;
            if player.hungry() {
                out.event(self.event(Kind::Audio, player.id, "", 0));
            }
            done = overlay.done && overlay.waiting.is_empty();
            alone = player.sounding() && now.saturating_sub(hooks.spoke_at) > QUIET;
        }
        self.hooks = Some(hooks);
        if done {
            self.end_overlay("finished", out);
        } else if alone && !self.occupied() {
            let at = now.saturating_sub(u64::from(tick_ms) * 1_000_000);
            let samples = vec![0; (tick_ms * RATE / 1000) as usize];
            let source = Source::Generated(self.overlaid);
            self.speak(source, (&samples, RATE), 0, now, frames);
            if let Some(hooks) = &mut self.hooks {
                // It is said alone until somebody else speaks.
                hooks.spoke_at = hooks.spoke_at.min(at.saturating_sub(QUIET));
            }
        }
    }

    fn tidy_hooks(&mut self) {
        if self.hooks.as_ref().is_some_and(|hooks| hooks.idle()) {
            self.hooks = None;
        }
        self.note_listeners();
    }
}
