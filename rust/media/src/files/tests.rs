//! Files written and read back, cut, continued, and what a killed process leaves.

use super::*;
use crate::codecs::g711;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that is removed at the end of its test.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("offhook-files-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const FORMATS: [(Format, &str); 4] = [
    (Format::Wav, "wav"),
    (Format::Ulaw, "ulaw"),
    (Format::Alaw, "alaw"),
    (Format::Slin(8000), "sln"),
];

/// Values that all formats keep exactly are few; what comes back is compared after the codec.
fn kept(format: Format, sample: i16) -> i16 {
    match format {
        Format::Ulaw => g711::decode_ulaw(g711::encode_ulaw(sample)),
        Format::Alaw => g711::decode_alaw(g711::encode_alaw(sample)),
        _ => sample,
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
    for (format, name) in FORMATS {
        let path = folder.file(&format!("a.{}", name));
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
    for (format, name) in FORMATS {
        let path = folder.file(&format!("a.{}", name));
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
    for (format, name) in FORMATS {
        let path = folder.file(&format!("a.{}", name));
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
    for (format, name) in FORMATS {
        let path = folder.file(&format!("a.{}", name));
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
    let gsm = folder.file("a.g723");
    let error = Reader::open(&gsm).unwrap_err();
    assert!(matches!(
        error,
        FileError::Unsupported {
            what: "extension",
            ..
        }
    ));
    assert!(error.to_string().contains("a.g723"));
    let text = folder.file("text.wav");
    std::fs::write(&text, "not a sound at all").unwrap();
    assert!(matches!(
        Reader::open(&text),
        Err(FileError::Malformed { .. })
    ));
    let directory = folder.file("folder.sln");
    std::fs::create_dir(&directory).unwrap();
    assert!(Reader::open(&directory).is_err());
    assert!(Writer::create(&directory, Format::Slin(8000)).is_err());
    assert!(Writer::append(&text, Format::Wav).is_err());
    assert_eq!(std::fs::read(&text).unwrap(), b"not a sound at all");
}

#[test]
fn a_file_cut_while_it_is_read_ends_there() {
    let folder = Folder::new();
    let path = folder.file("a.sln");
    let mut writer = Writer::create(&path, Format::Slin(8000)).unwrap();
    writer.write(&[1; 4000]).unwrap();
    writer.finish().unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(2001).unwrap();
    assert_eq!(reader.read(&mut [0; 4000]).unwrap(), 1000);
    assert_eq!(reader.read(&mut [0; 4000]).unwrap(), 0);
    assert_eq!(reader.samples(), 1000);
}

/// A tone at 8 kHz.
pub(super) fn tone(hertz: f64, samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|n| (10_000.0 * (std::f64::consts::TAU * hertz * n as f64 / 8000.0).sin()) as i16)
        .collect()
}

/// The share of a recording's power that is at this frequency; 1.0 is a pure tone.
pub(super) fn purity(samples: &[i16], hertz: f64) -> f64 {
    let (mut re, mut im, mut power) = (0.0, 0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let (value, angle) = (
            f64::from(*sample),
            std::f64::consts::TAU * hertz * n as f64 / 8000.0,
        );
        re += value * angle.cos();
        im += value * angle.sin();
        power += value * value;
    }
    2.0 * (re * re + im * im) / (power * samples.len() as f64)
}

/// Extensions of all other formats that are written; their octets for a second, with a RIFF header's.
const CODED: [(&str, u64); 14] = [
    ("WAV", 60 + 1625),
    ("wav49", 60 + 1625),
    ("gsm", 1650),
    ("g722", 8000),
    ("g726-32", 4000),
    ("wav16", 44 + 32_000),
    ("sln12", 24_000),
    ("sln16", 32_000),
    ("sln24", 48_000),
    ("sln32", 64_000),
    ("sln44", 88_200),
    ("sln48", 96_000),
    ("sln96", 192_000),
    ("sln192", 384_000),
];

#[test]
fn a_tone_is_heard_from_every_format() {
    let folder = Folder::new();
    for (name, octets) in CODED {
        let path = folder.file(&format!("a.{name}"));
        let format = Format::from_path(&path).unwrap();
        let mut writer = Writer::create(&path, format).unwrap();
        for piece in tone(697.0, 8000).chunks(160) {
            writer.write(piece).unwrap();
        }
        assert_eq!(writer.finish().unwrap(), 8000, "{name}");
        let length = std::fs::metadata(&path).unwrap().len();
        assert!(
            length.abs_diff(octets) <= octets / 20,
            "{name}: {length} octets"
        );
        let got = load(&path).unwrap();
        assert!(got.len().abs_diff(8000) <= 320, "{name}: {}", got.len());
        let middle = &got[800..7200];
        assert!(
            purity(middle, 697.0) > 0.97,
            "{name}: {}",
            purity(middle, 697.0)
        );
        let power = middle.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / 6400.0;
        let level = power.sqrt() / (10_000.0 / std::f64::consts::SQRT_2);
        assert!((0.85..1.15).contains(&level), "{name}: level {level}");
    }
}

#[test]
fn every_format_goes_on_where_it_ended_and_survives_a_kill() {
    let folder = Folder::new();
    for (name, _) in CODED {
        let path = folder.file(&format!("a.{name}"));
        let format = Format::from_path(&path).unwrap();
        for _ in 0..2 {
            let mut writer = Writer::append(&path, format).unwrap();
            writer.write(&tone(697.0, 4800)).unwrap();
            std::mem::forget(writer); // no Drop: as killed
        }
        let got = load(&path).unwrap();
        assert!(got.len().abs_diff(9600) <= 640, "{name}: {}", got.len());
        assert!(purity(&got[5600..8800], 697.0) > 0.97, "{name}");
    }
}

/// A tone of 440 Hz, 0.6 s long, at 0.4 of full scale, as other programs (lame, libvorbis, opusenc, sox) write it.
const OF_OTHERS: [(&str, &[u8]); 5] = [
    ("a.mp3", include_bytes!("samples/tone.mp3")),
    ("vorbis.ogg", include_bytes!("samples/vorbis.ogg")),
    ("a.opus", include_bytes!("samples/opus.ogg")),
    ("a.gsm", include_bytes!("samples/tone.gsm")),
    ("a.WAV", include_bytes!("samples/tone.WAV")),
];

#[test]
fn files_of_other_programs_are_heard() {
    let folder = Folder::new();
    for (name, bytes) in OF_OTHERS {
        let path = folder.file(name);
        std::fs::write(&path, bytes).unwrap();
        let got = load(&path).unwrap();
        assert!(got.len().abs_diff(4800) <= 640, "{name}: {}", got.len());
        let middle = &got[1000..4000];
        let pure = purity(middle, 440.0);
        assert!(pure > 0.95, "{name}: {pure}");
        let power = middle.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / 3000.0;
        let level = power.sqrt() / (0.4 * 32_768.0 / std::f64::consts::SQRT_2);
        assert!((0.85..1.15).contains(&level), "{name}: level {level}");
    }
}

#[test]
fn damage_to_compressed_files_is_an_answer() {
    let folder = Folder::new();
    for (name, bytes) in OF_OTHERS {
        let path = folder.file(name);
        for cut in (0..bytes.len()).step_by(97) {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let _ = load(&path);
            let mut broken = bytes.to_vec();
            broken[cut] ^= 0xff;
            std::fs::write(&path, &broken).unwrap();
            let _ = load(&path);
        }
    }
}

#[test]
fn stereo_of_another_rate_is_mixed_and_resampled() {
    let folder = Folder::new();
    let path = folder.file("a.wav");
    let mut bytes = wav::header(Encoding::Linear, 44_100);
    bytes[22] = 2;
    for n in 0..44_100 {
        let left = 16_000.0 * (std::f64::consts::TAU * 440.0 * f64::from(n) / 44_100.0).sin();
        bytes.extend((left as i16).to_le_bytes());
        bytes.extend(0i16.to_le_bytes());
    }
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(Reader::open(&path).unwrap().rate(), 44_100);
    let got = load(&path).unwrap();
    assert_eq!(got.len(), 8000);
    assert!(purity(&got[400..7600], 440.0) > 0.99);
    let peak = got[400..7600].iter().max().copied().unwrap();
    assert!((7700..8300).contains(&peak), "{peak}");
}

#[test]
fn what_is_only_read_is_not_written_and_rubbish_is_told() {
    let folder = Folder::new();
    for name in ["a.mp3", "a.ogg", "a.opus"] {
        let path = folder.file(name);
        let format = Format::from_path(&path).unwrap();
        if format == Format::Mp3 {
            assert!(Writer::create(&path, format).is_err());
            assert!(!path.exists());
        }
        std::fs::write(
            &path,
            ramp(2000).iter().map(|s| *s as u8).collect::<Vec<_>>(),
        )
        .unwrap();
        assert!(load(&path).is_err(), "{name}");
    }
}

#[test]
fn a_file_becomes_one_of_another_format_and_rate() {
    let folder = Folder::new();
    let (from, to) = (folder.file("a.sln16"), folder.file("b.wav"));
    let mut writer = Writer::create(&from, Format::Slin(16_000))
        .unwrap()
        .taking(16_000);
    let samples: Vec<i16> = (0..16_000)
        .map(|n| (8000.0 * (f64::from(n) * 440.0 * std::f64::consts::TAU / 16_000.0).sin()) as i16)
        .collect();
    writer.write(&samples).unwrap();
    writer.finish().unwrap();
    assert_eq!(convert(&from, &to).unwrap(), 1000);
    let heard = load(&to).unwrap();
    assert!((7990..=8010).contains(&heard.len()), "{}", heard.len());
    assert!(purity(&heard[800..7200], 440.0) > 0.95);
    // onto itself it would be lost
    assert!(matches!(convert(&to, &to), Err(FileError::Io { .. })));
    assert_eq!(load(&to).unwrap().len(), heard.len());
    assert!(convert(&from, &folder.file("c.mp3")).is_err());
    assert!(convert(&folder.file("none.wav"), &folder.file("d.wav")).is_err());
    assert!(!folder.file("d.wav").exists());
}
