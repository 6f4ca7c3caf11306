//! What a port plays: sound files from memory, one after the other, or a list of tones.
use super::stream::Queue;
use crate::tones::Generator;
use std::sync::Arc;

/// Samples of a decoded file, 8 kHz, shared by all that play it.
pub type Clip = Arc<[i16]>;

/// Where the sound comes from.
#[derive(Debug)]
pub enum Sound {
    /// The files are still being read; nothing is heard of it and the bridge goes on.
    Loading,
    Clips(Vec<Clip>),
    Tones(Box<Generator>),
    /// What a program writes, as it comes; silence where it does not.
    Stream(Arc<Queue>),
}

/// One play() command.
#[derive(Debug)]
pub struct Player {
    pub id: u32,
    pub paused: bool,
    sound: Sound,
    looped: bool,
    clip: usize,
    offset: usize,
    played: u64,
    /// Of seek() calls made before the files were there, in samples.
    start: i64,
}

impl Player {
    #[must_use]
    pub fn new(id: u32, sound: Sound, looped: bool, offset_ms: i64) -> Player {
        Player {
            id,
            paused: false,
            sound,
            looped,
            clip: 0,
            offset: 0,
            played: 0,
            start: offset_ms.saturating_mul(8),
        }
    }

    /// The files have been read.
    pub fn loaded(&mut self, clips: Vec<Clip>) {
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
        (self.played / 8) as i64
    }

    /// Move within the files by so many samples; before the beginning is the beginning.
    pub fn seek(&mut self, samples: i64) {
        match &self.sound {
            Sound::Loading => self.start = self.start.saturating_add(samples),
            Sound::Tones(_) | Sound::Stream(_) => {}
            Sound::Clips(clips) => {
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
        matches!(&self.sound, Sound::Stream(queue) if queue.hungry())
    }

    /// Fill a frame.  Returns how many samples are sound; fewer than asked for only at the end.
    pub fn fill(&mut self, frame: &mut [i16]) -> usize {
        let made = match &mut self.sound {
            Sound::Loading => 0,
            Sound::Tones(generator) => generator.fill(frame),
            Sound::Stream(queue) => {
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

    fn clips() -> Vec<Clip> {
        vec![
            vec![1i16; 5].into(),
            Vec::new().into(),
            vec![2i16; 4].into(),
        ]
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
        p.loaded(vec![Vec::new().into()]);
        assert_eq!(p.fill(&mut frame), 0);
        p.loaded(Vec::new());
        assert_eq!(p.fill(&mut frame), 0);
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
        let mut p = Player::new(1, Sound::Loading, false, 1);
        p.seek(-3);
        p.loaded(clips());
        assert_eq!(
            (p.fill(&mut frame), frame[0]),
            (1, 2),
            "8 - 3 samples into it"
        );
    }
}
