//! The errors of the crate as Python exceptions.
use offhook_sip::{BuildError, ParseError};
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

create_exception!(
    _core,
    SipParseError,
    PyValueError,
    "Text that is not what its grammar asks for."
);

/// SipParseError with `status` and `reason`.
pub(crate) fn parse_error(py: Python<'_>, error: &ParseError) -> PyErr {
    let exception = SipParseError::new_err(error.to_string());
    let value = exception.value(py);
    let set = value
        .setattr("status", error.status)
        .and_then(|()| value.setattr("reason", error.reason.as_ref()));
    match set {
        Ok(()) => exception,
        Err(other) => other,
    }
}

/// ValueError with what is wrong.
pub(crate) fn build_error(error: BuildError) -> PyErr {
    PyValueError::new_err(error.0)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("SipParseError", module.py().get_type::<SipParseError>())
}
