//! Bindings of the crate offhook-sip; see `_core.pyi` for what Python sees.
use pyo3::prelude::*;

mod address;
mod digest;
mod error;
pub(crate) mod message;
mod offer_answer;
mod sdp;
mod stack;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    error::register(module)?;
    address::register(module)?;
    message::register(module)?;
    digest::register(module)?;
    sdp::register(module)?;
    offer_answer::register(module)?;
    stack::register(module)
}
