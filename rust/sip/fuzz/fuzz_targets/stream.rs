//! Any byte stream: the first byte says in what pieces it comes.
#![no_main]
#[allow(dead_code)]
#[path = "../../tests/exercise/mod.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let [size, rest @ ..] = data {
        exercise::stream(rest, usize::from(*size) + 1);
    }
});
