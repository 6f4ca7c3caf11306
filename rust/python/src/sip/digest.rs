//! Digest primitives and the parser of authentication headers.
use offhook_sip::digest::{self, Algorithm, Response};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::error::parse_error;

fn algorithm(name: &str) -> PyResult<Algorithm> {
    Algorithm::of(name)
        .ok_or_else(|| PyValueError::new_err(format!("unknown digest algorithm {name:?}")))
}

#[pyfunction]
#[pyo3(signature = (
    algorithm_name, username, realm, secret, method, uri, nonce, nc=None, cnonce=None, qop=None, entity_body=None,
    *, is_ha1=false
))]
#[allow(clippy::too_many_arguments)] // RFC 7616 has that many
fn digest_response(
    algorithm_name: &str,
    username: &str,
    realm: &str,
    secret: &str,
    method: &str,
    uri: &str,
    nonce: &str,
    nc: Option<&str>,
    cnonce: Option<&str>,
    qop: Option<&str>,
    entity_body: Option<&[u8]>,
    is_ha1: bool,
) -> PyResult<String> {
    let algorithm = algorithm(algorithm_name)?;
    let ha1 = if is_ha1 {
        secret.to_ascii_lowercase()
    } else {
        digest::ha1(algorithm, username, realm, secret)
    };
    let response = Response {
        algorithm,
        ha1: &ha1,
        method,
        uri,
        nonce,
        nc,
        cnonce,
        qop,
        entity_body,
    };
    response.compute().map_err(|e| PyValueError::new_err(e.0))
}

#[pyfunction]
#[pyo3(name = "digest_ha1")]
fn digest_ha1(
    algorithm_name: &str,
    username: &str,
    realm: &str,
    password: &str,
) -> PyResult<String> {
    Ok(digest::ha1(
        algorithm(algorithm_name)?,
        username,
        realm,
        password,
    ))
}

#[pyfunction]
fn hmac_sha256<'py>(py: Python<'py>, key: &[u8], data: &[u8]) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &digest::hmac_sha256(key, data))
}

#[pyfunction]
fn parse_auth<'py>(py: Python<'py>, value: &str) -> PyResult<(String, Bound<'py, PyDict>)> {
    let auth = digest::Auth::parse(value).map_err(|e| parse_error(py, &e))?;
    let params = PyDict::new(py);
    for (name, value) in &auth.params {
        params.set_item(name, value)?;
    }
    Ok((auth.scheme, params))
}

#[pyfunction]
fn quote_string(text: &str) -> String {
    offhook_sip::grammar::quote(text)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(digest_response, module)?)?;
    module.add_function(wrap_pyfunction!(digest_ha1, module)?)?;
    module.add_function(wrap_pyfunction!(hmac_sha256, module)?)?;
    module.add_function(wrap_pyfunction!(parse_auth, module)?)?;
    module.add_function(wrap_pyfunction!(quote_string, module)?)
}
