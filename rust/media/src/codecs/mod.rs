//! Codecs: pure functions and tables between payload octets and 16-bit linear samples.

pub mod g711;
