//! A fuzz loop for stable Rust: mutates RFC 4475's messages for as long as it is told.
//!
//! `OFFHOOK_FUZZ_SECONDS=600 cargo test --release -p offhook-sip --test fuzz -- --ignored --nocapture`.
//! With `OFFHOOK_FUZZ_SEED` a run is repeated.  A failing input is written to the temporary folder and named.
//! The first test is a short run of the same for every `cargo test`.
mod exercise;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use offhook_sip::token::Tokens;

const DICTIONARY: &[&[u8]] = &[
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b"\r\n ",
    b":",
    b";",
    b",",
    b"\"",
    b"\\",
    b"<",
    b">",
    b"@",
    b"=",
    b"?",
    b"&",
    b"%",
    b"%00",
    b"%zz",
    b"[",
    b"]",
    b"[::1]",
    b"/",
    b"*",
    b"\0",
    b"\xff",
    b"\xc3\xa4",
    b"sip:",
    b"sips:",
    b"tel:+1",
    b"SIP/2.0",
    b"SIP/3.0",
    b";tag=",
    b";branch=z9hG4bK",
    b";rport",
    b";received=",
    b";lr",
    b"Via: ",
    b"v:",
    b"From: ",
    b"To: ",
    b"i: ",
    b"CSeq: 1 INVITE\r\n",
    b"Content-Length: 0\r\n",
    b"l:",
    b"Contact: *\r\n",
    b"m: ",
    b"Content-Type: multipart/mixed;boundary=b\r\n",
    b"--b\r\n",
    b"--b--\r\n",
    b"Route: <sip:a;lr>\r\n",
    b"Authorization: Digest a=\"b\"\r\n",
    b"4294967296",
    b"65536",
    b"-1",
    b"INVITE",
    b"ACK",
    b"200",
    b"2147483648",
];

struct Fuzzer {
    random: Tokens,
    corpus: Vec<Vec<u8>>,
}

impl Fuzzer {
    fn new(seed: u64) -> Fuzzer {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/rfc4475");
        let mut corpus: Vec<Vec<u8>> = std::fs::read_dir(folder)
            .expect("the fixtures")
            .map(|entry| std::fs::read(entry.expect("a file").path()).expect("a file"))
            .collect();
        corpus.sort();
        assert_eq!(corpus.len(), 49);
        Fuzzer {
            random: Tokens::seeded(seed),
            corpus,
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.random.number() % bound.max(1) as u64) as usize
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let begin = self.below(length + 1);
        let longest = (length - begin).min(1 << self.below(9));
        begin..begin + self.below(longest + 1)
    }

    fn input(&mut self) -> Vec<u8> {
        let pick = self.below(self.corpus.len());
        let mut data = self.corpus[pick].clone();
        for _ in 0..=self.below(6) {
            self.mutate(&mut data);
        }
        data.truncate(70_000);
        data
    }

    fn mutate(&mut self, data: &mut Vec<u8>) {
        let at = self.below(data.len() + 1);
        match self.below(9) {
            0 if at < data.len() => data[at] ^= 1 << self.below(8),
            1 if at < data.len() => data[at] = self.below(256) as u8,
            2 => {
                let range = self.range(data.len());
                data.drain(range);
            }
            3 => {
                let range = self.range(data.len());
                let copy = data[range].to_vec();
                data.splice(at..at, copy);
            }
            4 => {
                // a piece of another message
                let other = self.below(self.corpus.len());
                let range = self.range(self.corpus[other].len());
                let piece = self.corpus[other][range].to_vec();
                data.splice(at..at, piece);
            }
            5 => data.truncate(at),
            6 => {
                // a whole line of another message, or one line less
                let other = self.below(self.corpus.len());
                let lines: Vec<_> = self.corpus[other]
                    .split_inclusive(|&b| b == b'\n')
                    .map(<[u8]>::to_vec)
                    .collect();
                let pick = self.below(lines.len());
                let ends: Vec<usize> = data
                    .iter()
                    .enumerate()
                    .filter(|(_, b)| **b == b'\n')
                    .map(|(i, _)| i + 1)
                    .collect();
                let place = self.below(ends.len());
                let place = ends.get(place).copied().unwrap_or(0);
                data.splice(place..place, lines[pick].iter().copied());
            }
            _ => {
                let word = DICTIONARY[self.below(DICTIONARY.len())];
                let over = if self.below(2) == 0 {
                    0
                } else {
                    word.len().min(data.len() - at)
                };
                data.splice(at..at + over, word.iter().copied());
            }
        }
    }
}

/// Run for `time`; gives the number of executions and the longest one.
fn run(seed: u64, time: Duration) -> (u64, Duration) {
    let mut fuzzer = Fuzzer::new(seed);
    let begin = Instant::now();
    let (mut count, mut longest) = (0u64, Duration::ZERO);
    while begin.elapsed() < time {
        for _ in 0..64 {
            let data = fuzzer.input();
            let size = 1 + fuzzer.below(300);
            let once = || {
                let begin = Instant::now();
                exercise::datagram(&data);
                exercise::stream(&data, size);
                begin.elapsed()
            };
            let outcome = catch_unwind(AssertUnwindSafe(|| match once() {
                // again, lest it was the machine that was slow
                time if time > longest => time.min(once()).min(once()),
                time => time,
            }));
            longest = longest.max(*outcome.as_ref().unwrap_or(&longest));
            count += 1;
            if outcome.is_err() {
                let file = std::env::temp_dir().join(format!("offhook-fuzz-{seed}-{count}.bin"));
                std::fs::write(&file, &data).expect("a writable temporary folder");
                panic!(
                    "seed {seed}, execution {count}: {} bytes in {}",
                    data.len(),
                    file.display()
                );
            }
        }
    }
    (count, longest)
}

#[test]
fn a_moment_of_fuzzing() {
    let (count, _) = run(1, Duration::from_millis(700));
    assert!(count > 0);
}

#[test]
#[ignore = "runs as long as OFFHOOK_FUZZ_SECONDS says"]
fn fuzz() {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let seconds = number("OFFHOOK_FUZZ_SECONDS").unwrap_or(60);
    let seed = number("OFFHOOK_FUZZ_SEED").unwrap_or_else(|| Tokens::system().number());
    let (count, longest) = run(seed, Duration::from_secs(seconds));
    println!(
        "{count} executions in {seconds} s, the longest {} us, seed {seed}",
        longest.as_micros()
    );
}
