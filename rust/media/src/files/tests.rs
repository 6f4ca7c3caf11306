//! Files written and read back, cut, continued, and what a killed process leaves.

use super::*;
use crate::codecs::g711;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that is removed at the end of its test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("offhook-files-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const FORMATS: [Format; 4] = [Format::Wav, Format::Ulaw, Format::Alaw, Format::Slin];

/// Values that all formats keep exactly are few; what comes back is compared after the codec.
fn kept(format: Format, sample: i16) -> i16 {
    match format {
        Format::Wav | Format::Slin => sample,
        Format::Ulaw => g711::decode_ulaw(g711::encode_ulaw(sample)),
        Format::Alaw => g711::decode_alaw(g711::encode_alaw(sample)),
    }
}

fn ramp(count: usize) -> Vec<i16> {
    (0..count)
        .map(|n| ((n * 37) % 65_536) as u16 as i16)
        .collect()
}

#[test]
fn what_is_written_is_read() {
    let folder = Folder::new();
    for format in FORMATS {
        let path = folder.file(&format!("a.{}", format.name()));
        let samples = ramp(10_001);
        let mut writer = Writer::create(&path, format).unwrap();
        for piece in samples.chunks(160) {
            writer.write(piece).unwrap();
        }
        assert_eq!(writer.samples(), 10_001);
        assert_eq!(writer.finish().unwrap(), 10_001);
        let expected: Vec<i16> = samples.iter().map(|s| kept(format, *s)).collect();
        assert_eq!(load(&path).unwrap(), expected);
    }
}

#[test]
fn seeks_to_the_sample() {
    let folder = Folder::new();
    for format in FORMATS {
        let path = folder.file(&format!("a.{}", format.name()));
        let samples = ramp(3000);
        let mut writer = Writer::create(&path, format).unwrap();
        writer.write(&samples).unwrap();
        drop(writer);
        let mut reader = Reader::open(&path).unwrap();
        assert_eq!(reader.samples(), 3000);
        for at in [0u64, 1, 1777, 2999, 5] {
            reader.seek(at).unwrap();
            let mut one = [0i16];
            assert_eq!(reader.read(&mut one).unwrap(), 1);
            assert_eq!(one[0], kept(format, samples[at as usize]));
            assert_eq!(reader.position(), at + 1);
        }
        reader.seek(u64::MAX).unwrap();
        assert_eq!(reader.read(&mut [0; 9]).unwrap(), 0);
        assert_eq!(reader.position(), 3000);
    }
}

#[test]
fn a_file_is_whole_after_each_flush() {
    let folder = Folder::new();
    for format in FORMATS {
        let path = folder.file(&format!("a.{}", format.name()));
        let mut writer = Writer::create(&path, format).unwrap();
        assert_eq!(load(&path).unwrap(), []);
        for piece in ramp(30_000).chunks(160) {
            writer.write(piece).unwrap();
            // what another process sees now is what a kill would leave
            let there = Reader::open(&path).unwrap().samples();
            assert!(there + FLUSH_SAMPLES as u64 > writer.samples());
            assert_eq!(load(&path).unwrap().len() as u64, there);
        }
        writer.flush().unwrap();
        assert_eq!(load(&path).unwrap().len(), 30_000);
    }
}

#[test]
fn a_header_never_promises_more_than_is_there() {
    let folder = Folder::new();
    let path = folder.file("a.wav");
    let mut writer = Writer::create(&path, Format::Wav).unwrap();
    for piece in ramp(20_000).chunks(FLUSH_SAMPLES) {
        writer.write(piece).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let field = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!(field(4) + 8, bytes.len());
        assert_eq!(field(40) + 44, bytes.len());
    }
    std::mem::forget(writer); // no Drop: as killed
    assert_eq!(load(&path).unwrap(), ramp(20_000));
}

#[test]
fn appending_goes_on_where_the_samples_end() {
    let folder = Folder::new();
    for format in FORMATS {
        let path = folder.file(&format!("a.{}", format.name()));
        for part in [&[256i16; 1000][..], &[-256; 500], &[]] {
            let mut writer = Writer::append(&path, format).unwrap();
            writer.write(part).unwrap();
            writer.finish().unwrap();
        }
        let got = load(&path).unwrap();
        assert_eq!(got.len(), 1500);
        assert_eq!(got[999], kept(format, 256));
        assert_eq!(got[1000], kept(format, -256));
    }
}

#[test]
fn appending_drops_what_stands_behind_the_samples() {
    let folder = Folder::new();
    let path = folder.file("a.wav");
    let mut writer = Writer::create(&path, Format::Wav).unwrap();
    writer.write(&[7; 100]).unwrap();
    writer.finish().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(b"LIST\x04\0\0\0note");
    std::fs::write(&path, &bytes).unwrap();
    let mut writer = Writer::append(&path, Format::Wav).unwrap();
    writer.write(&[8; 10]).unwrap();
    assert_eq!(writer.finish().unwrap(), 110);
    let got = load(&path).unwrap();
    assert_eq!((got.len(), got[99], got[100]), (110, 7, 8));
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 44 + 220);
}

#[test]
fn errors_say_which_file_and_why() {
    let folder = Folder::new();
    let missing = folder.file("none.wav");
    assert!(matches!(Reader::open(&missing), Err(FileError::Io { .. })));
    let gsm = folder.file("a.gsm");
    let error = Reader::open(&gsm).unwrap_err();
    assert!(matches!(
        error,
        FileError::Unsupported {
            what: "extension",
            ..
        }
    ));
    assert!(error.to_string().contains("a.gsm"));
    let text = folder.file("text.wav");
    std::fs::write(&text, "not a sound at all").unwrap();
    assert!(matches!(
        Reader::open(&text),
        Err(FileError::Malformed { .. })
    ));
    let directory = folder.file("folder.sln");
    std::fs::create_dir(&directory).unwrap();
    assert!(Reader::open(&directory).is_err());
    assert!(Writer::create(&directory, Format::Slin).is_err());
    assert!(Writer::append(&text, Format::Wav).is_err());
    assert_eq!(std::fs::read(&text).unwrap(), b"not a sound at all");
}

#[test]
fn a_file_cut_while_it_is_read_ends_there() {
    let folder = Folder::new();
    let path = folder.file("a.sln");
    let mut writer = Writer::create(&path, Format::Slin).unwrap();
    writer.write(&[1; 4000]).unwrap();
    writer.finish().unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(2001).unwrap();
    assert_eq!(reader.read(&mut [0; 4000]).unwrap(), 1000);
    assert_eq!(reader.read(&mut [0; 4000]).unwrap(), 0);
    assert_eq!(reader.samples(), 1000);
}
