//! Any datagram: parsed, read, changed, answered, written and read again.
#![no_main]
#[allow(dead_code)]
#[path = "../../tests/exercise/mod.rs"]
mod exercise;

libfuzzer_sys::fuzz_target!(|data: &[u8]| exercise::datagram(data));
