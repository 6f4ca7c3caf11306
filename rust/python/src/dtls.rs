//! Certificates of DTLS-SRTP; see `_core.pyi` for what Python sees.
use offhook_media::dtls::{Fingerprint, Hash, Identity, Trust};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::sync::Arc;

fn hash(name: &str) -> PyResult<Hash> {
    Hash::named(name).ok_or_else(|| PyValueError::new_err(format!("{name:?} is not a known hash")))
}

/// (hash, value) as SDP has them.
pub(crate) fn fingerprints(texts: &[(String, String)]) -> PyResult<Vec<Fingerprint>> {
    texts
        .iter()
        .map(|(name, value)| {
            Fingerprint::parse(hash(name)?, value)
                .ok_or_else(|| PyValueError::new_err(format!("{value:?} is not a fingerprint")))
        })
        .collect()
}

#[pyclass(name = "DtlsIdentity", module = "offhook._core", frozen)]
pub(crate) struct PyIdentity(pub Arc<Identity>);

#[pymethods]
impl PyIdentity {
    #[new]
    fn new(chain: Vec<Vec<u8>>, private_key: &[u8]) -> PyResult<PyIdentity> {
        Identity::new(chain, private_key)
            .map(|identity| PyIdentity(Arc::new(identity)))
            .map_err(PyValueError::new_err)
    }

    #[staticmethod]
    fn generate(py: Python<'_>) -> PyResult<PyIdentity> {
        py.detach(Identity::generate)
            .map(|identity| PyIdentity(Arc::new(identity)))
            .map_err(PyValueError::new_err)
    }

    fn fingerprint(&self, hash: &str) -> PyResult<String> {
        Ok(self.0.fingerprint(self::hash(hash)?).text())
    }
}

#[pyclass(name = "DtlsTrust", module = "offhook._core", frozen)]
pub(crate) struct PyTrust(pub Arc<Trust>);

#[pymethods]
impl PyTrust {
    #[new]
    fn new(authorities: Vec<Vec<u8>>) -> PyResult<PyTrust> {
        Trust::new(&authorities)
            .map(|trust| PyTrust(Arc::new(trust)))
            .map_err(PyValueError::new_err)
    }
}
