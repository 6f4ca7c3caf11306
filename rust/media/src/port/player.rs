//! What a port plays: sound files from memory, one after the other, or a list of tones.
use super::stream::Queue;
use crate::tones::Generator;
use std::sync::Arc;

/// Samples of a decoded file, shared by all that play it.
pub type Clip = Arc<[i16]>;

/// Files that follow each other, at one rate in Hz.
#[derive(Clone, Debug)]
pub struct Clips {
    pub rate: u32,
    pub clips: Vec<Clip>,
}

impl From<Vec<Clip>> for Clips {
    /// At 8 kHz.
    fn from(clips: Vec<Clip>) -> Clips {
        Clips { rate: 8000, clips }
    }
}

/// Where the sound comes from.
#[derive(Debug)]
pub enum Sound {
    /// The files are still being read; nothing is heard of it and the bridge goes on.
    Loading,
    Clips(Vec<Clip>),
    Tones(Box<Generator>),
    /// What a program writes, at this rate in Hz, as it comes; silence where it does not.
    Stream(Arc<Queue>, u32),
}

/// One play() command.
#[derive(Debug)]
pub struct Player {
    pub id: u32,
    pub paused: bool,
    sound: Sound,
    /// Samples a second, Hz.
    rate: u32,
    looped: bool,
    clip: usize,
    offset: usize,
    played: u64,
    /// Of seek() calls made before the files were there, in ms.
    start: i64,
    /// How often a program's queue had run dry when that was last asked for.
    gaps: u64,
}

impl Player {
    #[must_use]
    pub fn new(id: u32, sound: Sound, looped: bool, offset_ms: i64) -> Player {
        let rate = match sound {
            Sound::Stream(_, rate) => rate.max(1),
            _ => 8000,
        };
        Player {
            id,
            paused: false,
            sound,
            rate,
            looped,
            clip: 0,
            offset: 0,
            played: 0,
            start: offset_ms,
            gaps: 0,
        }
    }

    /// The files have been read.
    pub fn loaded(&mut self, clips: impl Into<Clips>) {
        let Clips { rate, clips } = clips.into();
        self.rate = rate.max(1);
        self.sound = Sound::Clips(clips);
        let start = std::mem::take(&mut self.start);
        self.seek(start);
    }

    /// Whether it has the say over what the port sends.
    #[must_use]
    pub fn sounding(&self) -> bool {
        !matches!(self.sound, Sound::Loading)
    }

    #[must_use]
    pub fn played_ms(&self) -> i64 {
        self.ms(self.played)
    }

    /// Samples a second of what it gives, Hz.
    #[must_use]
    pub fn rate(&self) -> u32 {
        self.rate
    }

    fn ms(&self, samples: u64) -> i64 {
        (samples * 1000 / u64::from(self.rate)) as i64
    }

    /// Where it is within the files, in ms; none for what has no place.
    #[must_use]
    pub fn position_ms(&self) -> Option<i64> {
        match &self.sound {
            Sound::Clips(clips) => {
                let before: usize = clips.iter().take(self.clip).map(|c| c.len()).sum();
                Some(self.ms((before + self.offset) as u64))
            }
            Sound::Loading | Sound::Tones(_) | Sound::Stream(..) => None,
        }
    }

    /// How much a program had said when it ran dry in the middle of sound, in ms; told once each time.
    pub fn dried(&mut self) -> Option<i64> {
        let Sound::Stream(queue, _) = &self.sound else {
            return None;
        };
        let gaps = queue.gaps();
        let before = std::mem::replace(&mut self.gaps, gaps);
        (before != gaps).then(|| self.played_ms())
    }

    /// Move within the files by so many ms; before the beginning is the beginning.
    pub fn seek(&mut self, ms: i64) {
        match &self.sound {
            Sound::Loading => self.start = self.start.saturating_add(ms),
            Sound::Tones(_) | Sound::Stream(..) => {}
            Sound::Clips(clips) => {
                let samples = ms.saturating_mul(i64::from(self.rate)) / 1000;
                let before: usize = clips.iter().take(self.clip).map(|c| c.len()).sum();
                let mut target = ((before + self.offset) as i64)
                    .saturating_add(samples)
                    .max(0) as usize;
                self.clip = clips.len();
                self.offset = 0;
                for (n, clip) in clips.iter().enumerate() {
                    if target < clip.len() {
                        (self.clip, self.offset) = (n, target);
                        break;
                    }
                    target -= clip.len();
                }
            }
        }
    }

    /// Whether the program that it plays for is to be told to go on.
    #[must_use]
    pub fn hungry(&self) -> bool {
        matches!(&self.sound, Sound::Stream(queue, _) if queue.hungry())
    }

    /// Fill a frame.  Returns how many samples are sound; fewer than asked for only at the end.
    pub fn fill(&mut self, frame: &mut [i16]) -> usize {
        let made = match &mut self.sound {
            Sound::Loading => 0,
            Sound::Tones(generator) => generator.fill(frame),
            Sound::Stream(queue, _) => {
                let (made, more) = queue.fill(frame);
                self.played += made as u64;
                return if more { frame.len() } else { made };
            }
            Sound::Clips(clips) => {
                let mut made = 0;
                let mut empty_round = 0;
                while made < frame.len() {
                    let Some(clip) = clips.get(self.clip) else {
                        if !self.looped || empty_round > 1 {
                            break;
                        }
                        empty_round += 1;
                        (self.clip, self.offset) = (0, 0);
                        continue;
                    };
                    let count = (frame.len() - made).min(clip.len() - self.offset);
                    frame[made..made + count]
                        .copy_from_slice(&clip[self.offset..self.offset + count]);
                    made += count;
                    self.offset += count;
                    if count > 0 {
                        empty_round = 0;
                    }
                    if self.offset == clip.len() {
                        self.clip += 1;
                        self.offset = 0;
                    }
                }
                frame[made..].fill(0);
                made
            }
        };
        self.played += made as u64;
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At 1 kHz: a sample is a ms.
    fn clips() -> Clips {
        Clips {
            rate: 1000,
            clips: vec![
                vec![1i16; 5].into(),
                Vec::new().into(),
                vec![2i16; 4].into(),
            ],
        }
    }

    fn player(looped: bool) -> Player {
        let mut p = Player::new(1, Sound::Loading, looped, 0);
        p.loaded(clips());
        p
    }

    #[test]
    fn files_follow_without_gap_and_end() {
        let mut frame = [9i16; 6];
        let mut p = player(false);
        assert_eq!(p.fill(&mut frame), 6);
        assert_eq!(frame, [1, 1, 1, 1, 1, 2]);
        assert_eq!(p.fill(&mut frame), 3);
        assert_eq!(frame, [2, 2, 2, 0, 0, 0]);
        assert_eq!(p.fill(&mut frame), 0);
    }

    #[test]
    fn a_loop_goes_on_and_an_empty_one_ends() {
        let mut frame = [0i16; 20];
        let mut p = player(true);
        assert_eq!(p.fill(&mut frame), 20);
        assert_eq!(frame[9..14], [1; 5]);
        let mut p = Player::new(1, Sound::Loading, true, 0);
        p.loaded(vec![Clip::from(Vec::new())]);
        assert_eq!(p.fill(&mut frame), 0);
        p.loaded(Vec::<Clip>::new());
        assert_eq!(p.fill(&mut frame), 0);
    }

    #[test]
    fn the_place_is_where_winding_led() {
        let clip: Clip = vec![1i16; 8000].into();
        let mut p = Player::new(1, Sound::Loading, false, 0);
        assert_eq!(p.position_ms(), None);
        p.loaded(vec![Arc::clone(&clip), clip]);
        let mut frame = [0; 1600];
        let _ = p.fill(&mut frame);
        assert_eq!((p.position_ms(), p.played_ms()), (Some(200), 200));
        p.seek(1000);
        let _ = p.fill(&mut frame);
        assert_eq!((p.position_ms(), p.played_ms()), (Some(1400), 400));
        p.seek(-1_000_000);
        assert_eq!(p.position_ms(), Some(0));
    }

    #[test]
    fn a_program_that_is_late_is_told_once() {
        let queue = Arc::new(Queue::new(8000));
        let mut p = Player::new(1, Sound::Stream(Arc::clone(&queue), 8000), false, 0);
        let mut frame = [0; 160];
        queue.offer(&[1; 240]);
        for expected in [None, Some(30), None] {
            let _ = p.fill(&mut frame);
            assert_eq!(p.dried(), expected);
        }
    }

    #[test]
    fn seeks_across_files_and_stays_inside() {
        let mut frame = [0i16; 1];
        let mut p = player(false);
        p.seek(6);
        assert_eq!((p.fill(&mut frame), frame[0]), (1, 2));
        p.seek(-100);
        assert_eq!((p.fill(&mut frame), frame[0]), (1, 1));
        p.seek(100);
        assert_eq!(p.fill(&mut frame), 0);
        let mut p = Player::new(1, Sound::Loading, false, 8);
        p.seek(-3);
        p.loaded(clips());
        assert_eq!((p.fill(&mut frame), frame[0]), (1, 2), "8 - 3 ms into it");
    }
}
