//! The thread that reads and writes sound files, so that neither workers nor Python wait for a disk.
use super::commands::{Action, Command, Mailbox, Route};
use super::events::EventQueue;
use crate::files::{Format, Writer};
use crate::port::player::{Clip, Clips};
use crate::stats::{Event, Kind};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::SystemTime;

/// Blocks of recorded samples that may wait for the disk: 13 MB.
const MAX_BLOCKS: usize = 4096;

/// Work for the thread.
pub enum Job {
    /// Read files for a play() of this port.
    Load {
        route: Arc<Route>,
        play: u32,
        paths: Vec<PathBuf>,
        /// The highest rate that is of use there, Hz.
        rate: u32,
    },
    /// Open a file to record to.
    Record {
        route: Arc<Route>,
        record: u32,
        path: PathBuf,
        format: Format,
        /// Of the samples that come.
        rate: u32,
        channels: usize,
        append: bool,
    },
    Samples {
        record: u32,
        samples: Vec<i16>,
    },
    RecordEnd {
        port: u64,
        record: u32,
        why: &'static str,
    },
    Stop,
}

/// The sending side.
#[derive(Clone)]
pub struct FileQueue {
    sender: Sender<Job>,
    blocks: Arc<AtomicUsize>,
}

impl FileQueue {
    #[must_use]
    pub fn new(sender: Sender<Job>) -> FileQueue {
        FileQueue {
            sender,
            blocks: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// False when the thread has ended.
    pub fn send(&self, job: Job) -> bool {
        self.sender.send(job).is_ok()
    }

    /// False when so much waits for the disk that this block was dropped.
    #[must_use]
    pub fn send_samples(&self, record: u32, samples: Vec<i16>) -> bool {
        if self.blocks.load(Ordering::Relaxed) >= MAX_BLOCKS {
            return false;
        }
        self.blocks.fetch_add(1, Ordering::Relaxed);
        self.send(Job::Samples { record, samples })
    }
}

struct Recording {
    writer: Writer,
    route: Arc<Route>,
    /// Samples that the file held before (append).
    before: u64,
    /// Samples of a second, in all channels.
    per_second: u64,
}

impl Recording {
    fn ms(&self, samples: u64) -> u64 {
        samples.saturating_sub(self.before) * 1000 / self.per_second.max(1)
    }
}

/// The thread's state.
pub struct FileThread {
    pub jobs: Receiver<Job>,
    pub queue: FileQueue,
    pub events: Arc<EventQueue>,
    pub mailboxes: Arc<[Arc<Mailbox>]>,
    pub cache_bytes: usize,
}

impl FileThread {
    /// Work until told to stop.
    pub fn run(self) {
        let mut cache = Cache::new(self.cache_bytes);
        let mut recordings: HashMap<u32, Recording> = HashMap::new();
        while let Ok(job) = self.jobs.recv() {
            match job {
                Job::Load {
                    route,
                    play,
                    paths,
                    rate,
                } => {
                    let clips = cache.load_all(&paths, rate);
                    self.tell(&route, |route| Action::Loaded { play, clips, route });
                }
                Job::Record {
                    route,
                    record,
                    path,
                    format,
                    rate,
                    channels,
                    append,
                } => {
                    let opened = if append {
                        Writer::append(&path, format)
                    } else {
                        Writer::create(&path, format)
                    };
                    match opened {
                        Ok(writer) => {
                            let writer = writer.taking(rate);
                            let before = writer.samples();
                            recordings.insert(
                                record,
                                Recording {
                                    writer,
                                    route,
                                    before,
                                    per_second: u64::from(rate) * channels as u64,
                                },
                            );
                        }
                        Err(error) => self.failed(&route, record, 0, &error),
                    }
                }
                Job::Samples { record, samples } => {
                    self.queue.blocks.fetch_sub(1, Ordering::Relaxed);
                    if let Some(recording) = recordings.get_mut(&record)
                        && let Err(error) = recording.writer.write(&samples)
                        && let Some(recording) = recordings.remove(&record)
                    {
                        let ms = recording.ms(recording.writer.samples());
                        self.failed(&recording.route, record, ms, &error);
                    }
                }
                Job::RecordEnd { port, record, why } => {
                    let Some(recording) = recordings.remove(&record) else {
                        continue;
                    };
                    let ms = recording.ms(recording.writer.samples());
                    match recording.writer.finish() {
                        Ok(_) => self.record_end(port, record, Cow::Borrowed(why), ms),
                        Err(error) => {
                            self.record_end(port, record, Cow::Owned(format!("error: {error}")), 0)
                        }
                    }
                }
                Job::Stop => break,
            }
        }
    }

    fn failed(&self, route: &Arc<Route>, record: u32, ms: u64, error: &dyn std::error::Error) {
        self.record_end(route.id, record, Cow::Owned(format!("error: {error}")), ms);
        self.tell(route, |route| Action::RecordFailed { record, route });
    }

    fn record_end(&self, port: u64, record: u32, text: Cow<'static, str>, ms: u64) {
        let value = ms as i64;
        self.events.push(Event {
            kind: Kind::RecordEnd,
            port,
            reference: record,
            text,
            value,
        });
    }

    fn tell(&self, route: &Arc<Route>, action: impl FnOnce(Arc<Route>) -> Action) {
        let worker = route.worker.load(Ordering::Acquire);
        let command = Command {
            slot: route.slot,
            id: route.id,
            action: action(Arc::clone(route)),
        };
        if let Some(mailbox) = self.mailboxes.get(worker) {
            // A full queue has been reported to those who filled it; the play() never starts then.
            let _ = mailbox.push(command);
        }
    }
}

/// Decoded files, by path and rate; a file that changed is read again.
struct Cache {
    limit: usize,
    bytes: usize,
    clock: u64,
    entries: HashMap<(PathBuf, u32), Entry>,
}

struct Entry {
    clip: Clip,
    length: u64,
    modified: Option<SystemTime>,
    used: u64,
}

impl Cache {
    fn new(limit: usize) -> Cache {
        Cache {
            limit,
            bytes: 0,
            clock: 0,
            entries: HashMap::new(),
        }
    }

    /// Files that follow each other, at the highest rate that one of them has, `most` Hz at most.
    fn load_all(&mut self, paths: &[PathBuf], most: u32) -> Result<Clips, String> {
        let mut rate = crate::files::RATE;
        if most > rate {
            for path in paths {
                let of = crate::files::rate_of(path).map_err(|error| error.to_string())?;
                rate = rate.max(of.min(most));
            }
        }
        let clips = paths.iter().map(|path| self.load(path, rate));
        Ok(Clips {
            rate,
            clips: clips.collect::<Result<_, String>>()?,
        })
    }

    fn load(&mut self, path: &Path, rate: u32) -> Result<Clip, String> {
        let metadata =
            std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let (length, modified) = (metadata.len(), metadata.modified().ok());
        self.clock += 1;
        let key = (path.to_path_buf(), rate);
        if let Some(entry) = self.entries.get_mut(&key)
            && (entry.length, entry.modified) == (length, modified)
        {
            entry.used = self.clock;
            return Ok(Arc::clone(&entry.clip));
        }
        let samples = crate::files::load_at(path, rate).map_err(|error| error.to_string())?;
        let clip: Clip = samples.into();
        self.forget(&key);
        self.bytes += 2 * clip.len();
        let entry = Entry {
            clip: Arc::clone(&clip),
            length,
            modified,
            used: self.clock,
        };
        self.entries.insert(key, entry);
        while self.bytes > self.limit {
            let Some(oldest) = self
                .entries
                .iter()
                .min_by_key(|(_, e)| e.used)
                .map(|(p, _)| p.clone())
            else {
                break;
            };
            self.forget(&oldest);
        }
        Ok(clip)
    }

    fn forget(&mut self, key: &(PathBuf, u32)) {
        if let Some(entry) = self.entries.remove(key) {
            self.bytes -= 2 * entry.clip.len();
        }
    }
}
