//! Bindings of the crate of the same name; see `_core.pyi` for what Python sees.
use pyo3::prelude::*;

pub(crate) fn register(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
