use super::super::tests::{Folder, purity, tone};
use super::super::{Format, Reader, Writer, load, load_at, rate_of};
use super::*;

fn said(name: &str, seconds: usize) -> (Folder, std::path::PathBuf) {
    let folder = Folder::new();
    let path = folder.file(name);
    let mut writer = Writer::create(&path, Format::Ogg).unwrap();
    for piece in tone(697.0, seconds * 8000).chunks(1600) {
        writer.write(piece).unwrap();
    }
    assert_eq!(writer.finish().unwrap(), seconds as u64 * 8000);
    (folder, path)
}

#[test]
fn a_recording_is_heard_again_with_its_length() {
    for name in ["a.opus", "a.ogg"] {
        let (_folder, path) = said(name, 3);
        let got = load(&path).unwrap();
        assert!(got.len().abs_diff(24_000) <= 1, "{}", got.len());
        assert!(purity(&got[4000..20_000], 697.0) > 0.97);
        let size = std::fs::metadata(&path).unwrap().len();
        assert!((4000..16_000).contains(&size), "{size} octets");
        assert_eq!(rate_of(&path).unwrap(), 16_000);
        assert_eq!(
            load_at(&path, 16_000).unwrap().len().abs_diff(48_000) / 4,
            0
        );
    }
}

#[test]
fn it_is_wideband() {
    let folder = Folder::new();
    let path = folder.file("a.opus");
    let mut writer = Writer::create(&path, Format::Ogg).unwrap().taking(16_000);
    // 697 Hz at 8 kHz are 6 kHz at some 69 kHz; here: 5500 Hz at 16 kHz
    let high: Vec<i16> = (0..32_000)
        .map(|n| (8000.0 * (std::f64::consts::TAU * 5500.0 * f64::from(n) / 16_000.0).sin()) as i16)
        .collect();
    writer.write(&high).unwrap();
    assert_eq!(writer.finish().unwrap(), 32_000);
    let got = load_at(&path, 16_000).unwrap();
    let power = |samples: &[i16]| {
        samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64
    };
    let ratio = power(&got[8000..24_000]) / power(&high[8000..24_000]);
    assert!((0.5..1.5).contains(&ratio), "{ratio}");
}

#[test]
fn what_was_written_before_a_kill_is_heard_and_gone_on_with() {
    let folder = Folder::new();
    let path = folder.file("a.opus");
    for n in 1..=3 {
        let mut writer = Writer::append(&path, Format::Ogg).unwrap();
        writer.write(&tone(697.0, 9600)).unwrap();
        std::mem::forget(writer); // no Drop: as killed
        let got = load(&path).unwrap();
        let (least, most) = (n * 8000 - 200 * n, n * 9600);
        assert!((least..=most).contains(&got.len()), "{n}: {}", got.len());
        assert!(purity(&got[2000..6000], 697.0) > 0.97);
    }
    // half of a page at the end is cut off
    let whole = std::fs::metadata(&path).unwrap().len();
    let mut octets = std::fs::read(&path).unwrap();
    octets.extend_from_slice(b"OggS\0half");
    std::fs::write(&path, &octets).unwrap();
    let before = load(&path).unwrap().len();
    let writer = Writer::append(&path, Format::Ogg).unwrap();
    assert!(
        writer.samples().abs_diff(before as u64) <= 400,
        "{} {before}",
        writer.samples()
    );
    drop(writer);
    assert_eq!(std::fs::metadata(&path).unwrap().len(), whole);
}

#[test]
fn a_finished_file_is_gone_on_with() {
    let (_folder, path) = said("a.opus", 2);
    let mut writer = Writer::append(&path, Format::Ogg).unwrap();
    assert!(
        writer.samples().abs_diff(16_000) <= 160,
        "the last packet was not full"
    );
    writer.write(&tone(941.0, 16_000)).unwrap();
    writer.finish().unwrap();
    let got = load(&path).unwrap();
    assert!(got.len().abs_diff(32_000) <= 320, "{}", got.len());
    assert!(purity(&got[4000..14_000], 697.0) > 0.97);
    assert!(purity(&got[18_000..30_000], 941.0) > 0.97);
}

#[test]
fn files_of_others_are_gone_on_with_or_refused() {
    let folder = Folder::new();
    let path = folder.file("a.opus");
    std::fs::write(&path, include_bytes!("samples/opus.ogg")).unwrap();
    let before = load(&path).unwrap().len();
    let mut writer = Writer::append(&path, Format::Ogg).unwrap();
    writer.write(&tone(697.0, 8000)).unwrap();
    writer.finish().unwrap();
    let after = load(&path).unwrap().len();
    assert!(after.abs_diff(before + 8000) <= 480, "{before} {after}");
    std::fs::write(&path, include_bytes!("samples/vorbis.ogg")).unwrap();
    let refused = Writer::append(&path, Format::Ogg).unwrap_err();
    assert!(
        refused.to_string().contains("not an Ogg file with Opus"),
        "{refused}"
    );
    std::fs::write(&path, b"nothing of the kind").unwrap();
    assert!(Writer::append(&path, Format::Ogg).is_err());
    assert!(Reader::open(&path).is_err());
}

#[test]
fn a_full_disk_is_an_error() {
    let path = std::path::Path::new("/dev/full");
    if !path.exists() {
        return;
    }
    assert!(OpusFile::create(path).is_err());
}
