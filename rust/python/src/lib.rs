//! The extension module `offhook._core`: conversions between Python and the Rust crates, no logic.
use pyo3::prelude::*;

mod audio;
mod codecs;
mod crypto;
mod dtls;
mod engine;
mod media;
mod rooms;
mod sip;
mod streams;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    sip::register(module)?;
    audio::register(module)?;
    streams::register(module)?;
    codecs::register(module)?;
    crypto::register(module)?;
    media::register(module)
}
